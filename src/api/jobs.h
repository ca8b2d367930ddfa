/* Handlers of /v1/jobs. */
#ifndef SUAN_API_JOBS_H
#define SUAN_API_JOBS_H

#include "api/call.h"

/* On a server thread: reads the body into call.jobs. */
void suan_api_prepare_job(struct suan_api_call *c);
void suan_api_prepare_bulk(struct suan_api_call *c);

/* The submission of what was read, as the caller's. false: answered. */
bool suan_api_take_job(struct suan_api_call *c, struct suan_event *ret);
/* Member "warnings" of the open object, if there are any. */
void suan_api_put_warnings(const struct suan_api_call *c, struct suan_jsonw *w);

void suan_api_submit(struct suan_api_call *c);
void suan_api_submit_bulk(struct suan_api_call *c);
void suan_api_check(struct suan_api_call *c);
void suan_api_quote(struct suan_api_call *c);
void suan_api_list(struct suan_api_call *c);
void suan_api_show(struct suan_api_call *c);
void suan_api_tasks(struct suan_api_call *c);
void suan_api_why(struct suan_api_call *c);
void suan_api_patch(struct suan_api_call *c);
void suan_api_cancel(struct suan_api_call *c);
void suan_api_hold(struct suan_api_call *c);
void suan_api_release(struct suan_api_call *c);
void suan_api_requeue(struct suan_api_call *c);
void suan_api_preempt(struct suan_api_call *c);

#endif
