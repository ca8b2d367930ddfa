/* Handlers of /v1/data and /v1/transfers. */
#ifndef SUAN_API_DATA_H
#define SUAN_API_DATA_H

#include "api/call.h"

void suan_api_data_put(struct suan_api_call *c);
void suan_api_data_list(struct suan_api_call *c);
void suan_api_data(struct suan_api_call *c);
void suan_api_data_replicate(struct suan_api_call *c);
void suan_api_data_evict(struct suan_api_call *c);
void suan_api_data_verify(struct suan_api_call *c);
void suan_api_data_grant(struct suan_api_call *c);
void suan_api_data_rm(struct suan_api_call *c);
void suan_api_transfers(struct suan_api_call *c);

#endif
