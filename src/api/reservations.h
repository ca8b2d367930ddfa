/* Handlers of /v1/reservations. */
#ifndef SUAN_API_RESERVATIONS_H
#define SUAN_API_RESERVATIONS_H

#include "api/call.h"

void suan_api_reserve(struct suan_api_call *c);
void suan_api_reserve_check(struct suan_api_call *c);
void suan_api_reservations(struct suan_api_call *c);
void suan_api_reservation(struct suan_api_call *c);
void suan_api_unreserve(struct suan_api_call *c);

#endif
