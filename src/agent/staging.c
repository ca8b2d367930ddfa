#include "agent/staging.h"

#include <assert.h>
#include <stdlib.h>

#include "sys/workers.h"

#define RETRY_MS 1000

struct list {
	struct suan_staging_item *first, *last;
};

struct suan_staging {
	struct suan_workers *workers;
	struct suan_timer *retry;
	struct list queue, busy;
	unsigned nbusy, threads;
};

static void link_last(struct list *l, struct suan_staging_item *it)
{
	it->prev = l->last;
	it->next = NULL;
	*(l->last ? &l->last->next : &l->first) = it;
	l->last = it;
}

static void unlink_item(struct list *l, struct suan_staging_item *it)
{
	*(it->prev ? &it->prev->next : &l->first) = it->next;
	*(it->next ? &it->next->prev : &l->last) = it->prev;
	it->prev = it->next = NULL;
}

static void work(void *ctx)
{
	const struct suan_staging_item *it = ctx;

	it->work(it->ctx);
}

static void begin_what_fits(void *ctx);

static void done(void *ctx)
{
	struct suan_staging_item *it = ctx;
	struct suan_staging *s = it->staging;

	unlink_item(&s->busy, it);
	it->busy = false;
	s->nbusy--;
	it->done(it->ctx);
	begin_what_fits(s);
}

static void begin_what_fits(void *ctx)
{
	struct suan_staging *s = ctx;

	while (s->queue.first && s->nbusy < s->threads) {
		struct suan_staging_item *it = s->queue.first;

		if (suan_workers_do(s->workers, work, done, it) != SUAN_OK) {
			suan_timer_set(s->retry, RETRY_MS);
			return;
		}
		unlink_item(&s->queue, it);
		link_last(&s->busy, it);
		it->queued = false;
		it->busy = true;
		s->nbusy++;
	}
}

enum suan_code suan_staging_new(struct suan_staging **ret, struct suan_loop *loop, unsigned threads,
				struct suan_err *err)
{
	struct suan_staging *s = calloc(1, sizeof(*s));
	enum suan_code rc;

	if (!s)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	s->threads = threads;
	rc = suan_workers_new(&s->workers, loop, threads, err);
	if (rc == SUAN_OK && suan_timer_new(&s->retry, loop, begin_what_fits, s) != SUAN_OK)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		*ret = s;
	else
		suan_staging_free(s);
	return rc;
}

void suan_staging_free(struct suan_staging *s)
{
	if (!s)
		return;
	for (struct suan_staging_item *it = s->busy.first; it; it = it->next)
		atomic_store(&it->cancel, true);
	suan_workers_free(s->workers);
	suan_timer_free(s->retry);
	free(s);
}

void suan_staging_add(struct suan_staging *s, struct suan_staging_item *it)
{
	assert(!it->queued && !it->busy);
	atomic_store(&it->cancel, false);
	it->staging = s;
	it->queued = true;
	link_last(&s->queue, it);
	begin_what_fits(s);
}

bool suan_staging_cancel(struct suan_staging *s, struct suan_staging_item *it)
{
	if (it->queued) {
		unlink_item(&s->queue, it);
		it->queued = false;
		return true;
	}
	atomic_store(&it->cancel, true);
	return false;
}
