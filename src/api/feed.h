/* Answers that go on: state changes as server-sent events, and the output of running tasks. */
#ifndef SUAN_API_FEED_H
#define SUAN_API_FEED_H

#include "api/api.h"

struct suan_feeds;
struct suan_api_call;

SUAN_MUSTUSE enum suan_code suan_feeds_new(struct suan_feeds **ret, struct suan_api *api,
					   struct suan_err *err);
void suan_feeds_close_all(struct suan_feeds *f); /* ends every stream */
void suan_feeds_free(struct suan_feeds *f);	 /* after the server has stopped */
/* Ends the streams of tokens that have expired or were revoked. */
void suan_feeds_check(struct suan_feeds *f);
void suan_feeds_changed(struct suan_feeds *f, const struct suan_change *change);

/* Handlers. */
void suan_api_events(struct suan_api_call *c);
void suan_api_logs(struct suan_api_call *c);

#endif
