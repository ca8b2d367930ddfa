/* The blocking work of one site: copying files, removing folders. A queue and a few threads of its
 * own, so that no site waits for another's; what has not begun can be taken back, and what is
 * under way is told to break off. All calls on the loop's thread. */
#ifndef SUAN_AGENT_STAGING_H
#define SUAN_AGENT_STAGING_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "sys/loop.h"

struct suan_staging;

struct suan_staging_item {  /* owned by the caller; fill work, done and ctx */
	suan_loop_fn *work; /* on a thread */
	suan_loop_fn *done; /* then, on the loop's thread; may add the item again, or free it */
	void *ctx;
	atomic_bool cancel; /* work looks at it between pieces, and returns soon once it is set */
	struct suan_staging *staging; /* this and the rest: private */
	bool queued, busy;
	struct suan_staging_item *prev, *next;
};

SUAN_MUSTUSE enum suan_code suan_staging_new(struct suan_staging **ret, struct suan_loop *loop,
					     unsigned threads, struct suan_err *err);
/* Tells all work to break off and waits for that; no done is called from here on. */
void suan_staging_free(struct suan_staging *s);
/* Never fails: without memory it begins later. The item is neither queued nor busy. */
void suan_staging_add(struct suan_staging *s, struct suan_staging_item *it);
/* True: it had not begun; neither work nor done will be called. False: it breaks off, and done is
 * called as ever. */
bool suan_staging_cancel(struct suan_staging *s, struct suan_staging_item *it);

#endif
