/* Handlers of signals. Inside of src/api. */
#ifndef SUAN_API_SIGNALS_H
#define SUAN_API_SIGNALS_H

#include "api/call.h"

void suan_api_signals(struct suan_api_call *c);
void suan_api_signal(struct suan_api_call *c);
void suan_api_signals_put(struct suan_api_call *c);

#endif
