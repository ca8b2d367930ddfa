/* Which transfer moves when. What runs holds its part of each link on its way until it is expected
 * to end. Then come the courses that reservations hold, and those of transfers that were held for
 * them (reserve_data.c). What waits is planned behind it, in order of its number: from the source,
 * at the time and with the part of the narrowest link (all, a half or a quarter) with which it ends
 * first.
 *
 * The plan follows from the state alone. What runs over its time is expected to end at the next
 * quarter of that time, counted from the end that was reserved, so that it does not matter when the
 * plan was made. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/data.h"
#include "engine/profile.h"
#include "engine/reserve.h"

#define FIRST_WAIT_MS	1000
#define LONGEST_WAIT_MS 300000
#define SHARES		3	/* all, a half, a quarter */

int64_t suan_transfer_backoff(uint32_t failures)
{
	int64_t wait = FIRST_WAIT_MS;

	for (uint32_t i = 1; i < failures && wait < LONGEST_WAIT_MS; i++)
		wait *= 2;
	return wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS;
}

/* Milliseconds that the bytes take, at least one. */
static int64_t duration(uint64_t bytes, uint64_t mbit)
{
	unsigned __int128 ms = ((unsigned __int128)bytes * 8 + mbit * 1000 - 1) /
			       ((unsigned __int128)mbit * 1000);

	if (ms > INT64_MAX / 4)
		return INT64_MAX / 4;
	return ms > 0 ? (int64_t)ms : 1;
}

/* ---- one transfer ---- */

struct way {
	const uint32_t *links;
	uint32_t n;
	uint64_t mbit;	/* of the narrowest */
};

static enum suan_code find_way(const struct suan_engine *e, uint32_t from, uint32_t to,
			       struct way *ret)
{
	struct suan_links *l = e->data.links;
	enum suan_code rc;

	ret->n = suan_links_path(l, from, to, &rc);
	ret->links = l->path;
	ret->mbit = ret->n == 0 ? SUAN_DIRECT_MBIT : UINT64_MAX;
	for (uint32_t i = 0; rc == SUAN_OK && ret->n != UINT32_MAX && i < ret->n; i++)
		if (l->ways[ret->links[i]].mbit < ret->mbit)
			ret->mbit = l->ways[ret->links[i]].mbit;
	return rc;
}

static int64_t earliest(const struct suan_links *l, const struct way *w, uint64_t mbit,
			int64_t length, int64_t from)
{
	const struct suan_vec v = {.memory = (int64_t)mbit};
	bool moved = true;

	while (moved && from != SUAN_FOREVER) {
		moved = false;
		for (uint32_t i = 0; i < w->n && from != SUAN_FOREVER; i++) {
			int64_t at = suan_profile_earliest(&l->free[w->links[i]], &v, length, from,
							   SUAN_FOREVER);

			moved |= at > from;
			from = at;
		}
	}
	return from;
}

static enum suan_code course_from(const struct suan_engine *e, struct suan_course *c, uint32_t to,
				  uint64_t bytes, int64_t from_ms)
{
	uint32_t from = c->from;
	struct way w;
	enum suan_code rc = find_way(e, from, to, &w);

	c->end_ms = c->begin_ms = SUAN_FOREVER;
	if (rc != SUAN_OK || w.n == UINT32_MAX)
		return rc;
	for (unsigned i = 0; i < SHARES && w.mbit >> i > 0; i++) {
		uint64_t mbit = w.mbit >> i;
		int64_t length = duration(bytes, mbit);
		int64_t at = earliest(e->data.links, &w, mbit, length, from_ms);

		if (at == SUAN_FOREVER || suan_sat_add(at, length) >= c->end_ms)
			continue;
		*c = (struct suan_course){at, suan_sat_add(at, length), mbit, from};
	}
	return SUAN_OK;
}

static bool is_source(const struct suan_engine *e, const struct suan_replica *r, uint32_t to)
{
	const struct suan_eng_site *s = &e->net.sites[r->site];

	return r->state == SUAN_REPLICA_COMPLETE && r->site != to && !s->gone &&
	       s->state != SUAN_SITE_DOWN;
}

static enum suan_code best_course(const struct suan_engine *e, const struct suan_dataset *d,
				  const struct suan_transfer *x, int64_t from_ms,
				  struct suan_course *ret)
{
	uint64_t bytes = d->bytes > x->done_bytes ? d->bytes - x->done_bytes : 0;
	bool avoided = false;

	*ret = (struct suan_course){SUAN_FOREVER, SUAN_FOREVER, 0, SUAN_NO_POOL};
	for (size_t i = 0; i < d->nreplicas; i++) {
		struct suan_course c = {.from = d->replicas[i].site};
		bool bad = x->avoid == c.from + 1;
		enum suan_code rc;

		if (!is_source(e, &d->replicas[i], x->to))
			continue;
		rc = course_from(e, &c, x->to, bytes, from_ms);
		if (rc != SUAN_OK)
			return rc;
		if (c.end_ms == SUAN_FOREVER || (bad && ret->end_ms != SUAN_FOREVER))
			continue;	/* one that just failed is the last choice */
		if (c.end_ms < ret->end_ms || avoided)
			*ret = c;
		avoided = bad;
	}
	return SUAN_OK;
}

enum suan_code suan_transfer_course(const struct suan_engine *e, const struct suan_dataset *d,
				    uint32_t to, int64_t from_ms, struct suan_course *ret)
{
	const struct suan_transfer x = {.to = to};
	uint64_t cache = e->net.sites[to].spec->cache_bytes;

	*ret = (struct suan_course){SUAN_FOREVER, SUAN_FOREVER, 0, SUAN_NO_POOL};
	if (!e->data.links || (cache && d->bytes > cache))
		return SUAN_OK;
	return best_course(e, d, &x, from_ms, ret);
}

/* ---- all of them ---- */

/* Takes the course from its links, or (share −1) gives it back. */
static enum suan_code change(const struct suan_engine *e, const struct suan_course *c, uint32_t to,
			     int64_t share)
{
	struct suan_links *l = e->data.links;
	const struct suan_vec v = {.memory = share * (int64_t)c->mbit};
	struct way w;
	enum suan_code rc = find_way(e, c->from, to, &w);

	for (uint32_t i = 0; rc == SUAN_OK && w.n != UINT32_MAX && i < w.n; i++)
		rc = suan_profile_reserve(&l->free[w.links[i]], &v, c->begin_ms, c->end_ms);
	return rc;
}

static enum suan_code hold(const struct suan_engine *e, const struct suan_course *c, uint32_t to)
{
	return change(e, c, to, 1);
}

enum suan_code suan_transfer_book(const struct suan_engine *e, const struct suan_dataset *d,
				  uint32_t to, int64_t from_ms, struct suan_course *ret)
{
	enum suan_code rc = suan_transfer_course(e, d, to, from_ms, ret);

	return rc == SUAN_OK && ret->end_ms != SUAN_FOREVER ? hold(e, ret, to) : rc;
}

enum suan_code suan_transfer_hold(const struct suan_engine *e, const struct suan_dataset *d,
				  uint32_t to, int64_t now_ms, struct suan_course *c)
{
	const struct suan_replica *r = suan_data_replica(d, c->from);
	int64_t length = c->end_ms - c->begin_ms, from = c->begin_ms;
	struct way w;
	enum suan_code rc = find_way(e, c->from, to, &w);

	c->begin_ms = c->end_ms = SUAN_FOREVER;
	if (rc != SUAN_OK || !r || !is_source(e, r, to) || w.n == UINT32_MAX || c->mbit > w.mbit)
		return rc;
	c->begin_ms = earliest(e->data.links, &w, c->mbit, length, from > now_ms ? from : now_ms);
	c->end_ms = suan_sat_add(c->begin_ms, length);
	return c->end_ms == SUAN_FOREVER ? SUAN_OK : hold(e, c, to);
}

static bool outside(const struct suan_transfer *x)
{
	return x->from == SUAN_NO_POOL || x->from == x->to;
}

/* Of one that is overdue: its length so far is taken a quarter longer until that is to come. So
 * it is looked at again the less often the longer it takes. */
static int64_t expected_end(const struct suan_transfer *x, int64_t now_ms)
{
	int64_t end = x->end_ms;

	while (end <= now_ms) {
		int64_t quarter = (end - x->begin_ms) / 4;

		end = suan_sat_add(end, quarter > 1000 ? quarter : 1000);
	}
	return end;
}

static enum suan_code plan_running(struct suan_engine *e, struct suan_transfer *x, int64_t now_ms)
{
	struct suan_course c = {now_ms, expected_end(x, now_ms), x->mbit, x->from};

	struct way w = {.n = 0};
	enum suan_code rc = outside(x) ? SUAN_OK : find_way(e, x->from, x->to, &w);

	x->put_off = false;
	if (rc != SUAN_OK)
		return rc;
	if (w.n == UINT32_MAX || (w.n > 0 && x->mbit > w.mbit) ||
	    (w.n > 0 && earliest(e->data.links, &w, x->mbit, 1, now_ms) > now_ms)) {
		x->put_off = true;	/* the network has changed */
		return SUAN_OK;
	}
	x->plan_begin_ms = x->begin_ms;
	x->plan_end_ms = c.end_ms;
	x->plan_from = x->from;
	x->plan_mbit = x->mbit;
	return outside(x) ? SUAN_OK : hold(e, &c, x->to);
}

/* From outside, or a check: it does not go over links. */
static void plan_outside(const struct suan_dataset *d, struct suan_transfer *x, int64_t from_ms)
{
	x->plan_begin_ms = from_ms;
	x->plan_end_ms = suan_sat_add(from_ms, duration(d->bytes, SUAN_DIRECT_MBIT));
	x->plan_from = x->from == x->to ? x->to : SUAN_NO_POOL;
	x->plan_mbit = 0;
}

/* New data come from outside, and a check is at its own site. */
static bool stays_outside(const struct suan_dataset *d, const struct suan_transfer *x)
{
	return x->from == x->to || (suan_data_complete(d) == 0 && d->source[0]);
}

static void note_plan(struct suan_transfer *x, const struct suan_course *c)
{
	x->plan_begin_ms = c->begin_ms;
	x->plan_end_ms = c->end_ms;
	x->plan_from = c->from;
	x->plan_mbit = c->mbit;
}

static enum suan_code plan_waiting(struct suan_engine *e, struct suan_transfer *x, int64_t now_ms)
{
	const struct suan_dataset *d = suan_data_find(e, x->data);
	int64_t from_ms = x->retry_ms > now_ms ? x->retry_ms : now_ms;
	struct suan_course c;
	enum suan_code rc;

	if (stays_outside(d, x)) {
		plan_outside(d, x, from_ms);
		return SUAN_OK;
	}
	rc = best_course(e, d, x, from_ms, &c);
	if (rc == SUAN_OK && c.end_ms != SUAN_FOREVER)
		rc = hold(e, &c, x->to);
	note_plan(x, &c);
	return rc;
}

/* What was held for it, before all that waits. */
static enum suan_code plan_booked(struct suan_engine *e, struct suan_transfer *x, int64_t now_ms)
{
	struct suan_course c = {x->begin_ms, x->end_ms, x->mbit, x->from};
	enum suan_code rc = suan_transfer_hold(e, suan_data_find(e, x->data), x->to, now_ms, &c);

	note_plan(x, &c);
	return rc;
}

/* When its turn comes, another course if that ends earlier. */
static enum suan_code plan_sooner(struct suan_engine *e, struct suan_transfer *x, int64_t now_ms)
{
	struct suan_course booked = {x->plan_begin_ms, x->plan_end_ms, x->plan_mbit, x->plan_from};
	struct suan_course c;
	enum suan_code rc = change(e, &booked, x->to, -1);

	if (rc == SUAN_OK)
		rc = best_course(e, suan_data_find(e, x->data), x, now_ms, &c);
	if (rc != SUAN_OK)
		return rc;
	if (c.end_ms >= booked.end_ms)
		c = booked;
	note_plan(x, &c);
	return hold(e, &c, x->to);
}

static bool waits(const struct suan_transfer *x)
{
	return !x->running || x->put_off;
}

static enum suan_code plan_turn(struct suan_engine *e, struct suan_transfer *x, int64_t now_ms)
{
	return x->booked && x->plan_end_ms != SUAN_FOREVER ? plan_sooner(e, x, now_ms)
							    : plan_waiting(e, x, now_ms);
}

static enum suan_code clear_links(struct suan_links *l)
{
	for (uint32_t i = 0; i < l->nlinks; i++) {
		const struct suan_vec all = {.memory = (int64_t)l->ways[i].mbit};
		enum suan_code rc = suan_profile_reset(&l->free[i], &all, 0);

		if (rc != SUAN_OK)
			return rc;
	}
	return SUAN_OK;
}

static void note_next(struct suan_links *l, const struct suan_transfer *x)
{
	int64_t at = x->running ? x->plan_end_ms : x->plan_begin_ms;

	if (at < l->next_ms)
		l->next_ms = at;
}

enum suan_code suan_transfer_plan(struct suan_engine *e, int64_t now_ms)
{
	struct suan_data *t = &e->data;
	enum suan_code rc = SUAN_OK;

	if (t->count == 0)
		return SUAN_OK;
	if (!t->links) {
		rc = suan_links_make(e, &t->links);
		t->stale = true;
	}
	if (rc != SUAN_OK || (!t->stale && now_ms < t->links->next_ms))
		return rc;
	t->stale = true;
	rc = clear_links(t->links);
	for (size_t i = 0; i < t->ntransfers && rc == SUAN_OK; i++)
		if (t->transfers[i].running)
			rc = plan_running(e, &t->transfers[i], now_ms);
	if (rc == SUAN_OK)
		rc = suan_reserve_hold_links(e, now_ms);
	for (size_t i = 0; i < t->ntransfers && rc == SUAN_OK; i++)
		if (t->transfers[i].booked)
			rc = plan_booked(e, &t->transfers[i], now_ms);
	for (size_t i = 0; i < t->ntransfers && rc == SUAN_OK; i++)
		if (waits(&t->transfers[i]))
			rc = plan_turn(e, &t->transfers[i], now_ms);
	if (rc != SUAN_OK)
		return rc;
	t->links->next_ms = SUAN_FOREVER;
	for (size_t i = 0; i < t->ntransfers; i++)
		note_next(t->links, &t->transfers[i]);
	t->stale = false;
	return SUAN_OK;
}

enum suan_code suan_transfer_plan_last(struct suan_engine *e, int64_t now_ms)
{
	struct suan_transfer *x = &e->data.transfers[e->data.ntransfers - 1];
	enum suan_code rc = plan_waiting(e, x, now_ms);

	if (rc == SUAN_OK)
		note_next(e->data.links, x);
	else
		e->data.stale = true;
	return rc;
}

/* Mbit/s of the running transfers on each link against what it has. After a change of the network
 * the next pass puts off what has no room any more. */
const char *suan_transfer_verify(const struct suan_engine *e)
{
	struct suan_links *l = e->data.links;
	uint64_t *used = l ? calloc(l->nlinks + 1u, sizeof(*used)) : NULL;
	const char *bad = NULL;

	for (size_t i = 0; used && i < e->data.ntransfers && !bad; i++) {
		const struct suan_transfer *x = &e->data.transfers[i];
		struct way w;

		if (!x->running || x->put_off || outside(x) ||
		    find_way(e, x->from, x->to, &w) != SUAN_OK || w.n == UINT32_MAX)
			continue;
		for (uint32_t k = 0; k < w.n; k++) {
			used[w.links[k]] += x->mbit;
			if (used[w.links[k]] > l->ways[w.links[k]].mbit)
				bad = "transfers take more of a link than there is";
		}
	}
	free(used);
	return bad;
}
