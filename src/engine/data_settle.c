/* What a pass means for data. Jobs that are planned at a site want their inputs there: what is
 * missing gets a transfer, one for all who want it. Then transfers whose time has come begin, what
 * nobody wants any more and has not begun is dropped, and where the cache is full, copies that were
 * not used for longest make room, but never the last one or one that is read or wanted. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/data.h"
#include "engine/reserve.h"

#define NO_ROOM_WAIT_MS 60000	/* until the cache is looked at again */
#define UNWANTED_MS	1000	/* until a pass plans what waited behind what was dropped */

/* ---- before anything is written: transfers for what is planned ---- */

struct wish {
	const struct suan_job *job;
	uint32_t pool;
	int64_t start_ms, now_ms;
};

static enum suan_code add_transfer(struct suan_engine *e, struct suan_dataset *d, uint32_t site,
				   int64_t now_ms)
{
	struct suan_replica *r = suan_data_replica(d, site);
	struct suan_transfer *x;
	enum suan_code rc = suan_data_transfer_room(e, 1);
	bool stale = e->data.stale;

	if (rc == SUAN_OK && !r)
		rc = suan_data_replica_room(d);
	if (rc != SUAN_OK)
		return rc;
	x = suan_data_put_transfer(e, d, site, now_ms);
	x->wanted = true;
	x->was_lost = r != NULL;
	if (!r)
		r = suan_data_put_replica(e, d, site);
	r->state = SUAN_REPLICA_COPYING;
	e->data.stale = stale;	/* it is the last in the plan, and planned here */
	return suan_transfer_plan_last(e, now_ms);
}

/* Would the transfer be there in time, or nearly so? What is not waits for the next pass, which
 * knows of those that this one made. */
static enum suan_code in_time(const struct suan_engine *e, const struct wish *w,
			      const struct suan_dataset *d, bool *ret)
{
	uint32_t site = e->net.pools[w->pool].site;
	int64_t told = suan_planner_arrival(e->plan->planner, suan_wants_get(w->job), w->pool);
	struct suan_course c;
	enum suan_code rc = suan_transfer_course(e, d, site, w->now_ms, &c);

	*ret = c.end_ms != SUAN_FOREVER && suan_data_allows(e, d, site) &&
	       (c.end_ms <= w->start_ms ||
		(told > w->now_ms && c.end_ms - w->now_ms <= 2 * (told - w->now_ms)));
	return rc;
}

static enum suan_code want_one(struct suan_engine *e, const struct wish *w, uint32_t id)
{
	uint32_t site = e->net.pools[w->pool].site;
	struct suan_dataset *d = suan_data_find(e, id);
	struct suan_replica *r = d ? suan_data_replica(d, site) : NULL;
	struct suan_transfer *x;
	enum suan_code rc;
	bool good;

	if (r)
		r->wanted_pass = e->data.pass;
	if (!d || (r && r->state == SUAN_REPLICA_COMPLETE))
		return SUAN_OK;
	x = r && r->state == SUAN_REPLICA_COPYING ? suan_data_coming(e, id, site) : NULL;
	if (x) {
		x->wanted = true;
		return SUAN_OK;
	}
	rc = in_time(e, w, d, &good);
	if (rc != SUAN_OK || !good)
		return rc;
	return add_transfer(e, d, site, w->now_ms);
}

static enum suan_code want_all(struct suan_engine *e, const struct wish *w)
{
	const struct suan_want *x = &e->data.wants[suan_wants_get(w->job)];
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < x->count && rc == SUAN_OK; i++)
		rc = want_one(e, w, x->ids[i]);
	return rc;
}

enum suan_code suan_data_prepare(struct suan_engine *e, int64_t now_ms, size_t *ret_fx)
{
	struct suan_data *t = &e->data;
	struct wish w = {.now_ms = now_ms};
	enum suan_code rc = SUAN_OK;
	uint64_t id;

	*ret_fx = 0;
	t->before = t->ntransfers;
	if (t->count == 0)
		return SUAN_OK;
	t->pass++;
	for (size_t i = 0; i < t->ntransfers; i++)
		t->transfers[i].wanted = t->transfers[i].asked ||
					 suan_reserve_awaits(e, &t->transfers[i]);
	for (size_t i = 0; t->live_wants > 0 && rc == SUAN_OK &&
			   suan_planner_planned(e->plan->planner, i, &id, &w.pool, &w.start_ms);
	     i++) {
		w.job = suan_jobs_find(e, id);
		if (suan_wants_get(w.job))
			rc = want_all(e, &w);
	}
	if (rc != SUAN_OK)
		suan_data_undo(e);
	*ret_fx = 3 * t->ntransfers + t->copies + 1;
	return rc;
}

void suan_data_undo(struct suan_engine *e)
{
	struct suan_data *t = &e->data;

	while (t->ntransfers > t->before) {
		const struct suan_transfer *x = &t->transfers[--t->ntransfers];
		struct suan_dataset *d = suan_data_find(e, x->data);

		if (x->was_lost)
			suan_data_replica(d, x->to)->state = SUAN_REPLICA_LOST;
		else
			suan_data_drop_replica(e, d, x->to);
		t->last_transfer--;
		t->stale = true;
	}
}

/* ---- room ---- */

bool suan_data_takes(const struct suan_engine *e, const struct suan_dataset *d, uint32_t site)
{
	const struct suan_replica *r = suan_data_replica(d, site);
	const struct suan_transfer *x;

	if (!r || r->state == SUAN_REPLICA_LOST)
		return false;
	x = r->state == SUAN_REPLICA_COPYING ? suan_data_coming(e, d->id, site) : NULL;
	return !x || x->running;
}

static uint64_t used_bytes(const struct suan_engine *e, uint32_t site, uint32_t but)
{
	uint64_t sum = suan_reserve_bytes(e, site, but);

	for (size_t i = 0; i < e->data.count; i++) {
		const struct suan_dataset *d = e->data.list[i];

		if (d->id != but && suan_data_takes(e, d, site) &&
		    !suan_add_u64(sum, d->bytes, &sum))
			return UINT64_MAX;
	}
	return sum;
}

/* Is it the source of a transfer that runs or is planned? */
static bool is_source(const struct suan_engine *e, const struct suan_dataset *d, uint32_t site)
{
	for (size_t i = 0; i < e->data.ntransfers; i++) {
		const struct suan_transfer *x = &e->data.transfers[i];

		if (x->data == d->id && (x->running ? x->from : x->plan_from) == site)
			return true;
	}
	return false;
}

static bool may_go(const struct suan_engine *e, const struct suan_dataset *d,
		   const struct suan_replica *r)
{
	return r && r->state == SUAN_REPLICA_COMPLETE && r->runs == 0 && !r->kept &&
	       r->wanted_pass != e->data.pass && suan_data_complete(d) > 1 &&
	       !is_source(e, d, r->site) && !suan_reserve_keeps(e, d->id, r->site);
}

static struct suan_dataset *least_used(const struct suan_engine *e, uint32_t site)
{
	struct suan_dataset *best = NULL;

	for (size_t i = 0; i < e->data.count; i++) {
		struct suan_dataset *d = e->data.list[i];
		const struct suan_replica *r = suan_data_replica(d, site);

		if (may_go(e, d, r) &&
		    (!best || r->used_ms < suan_data_replica(best, site)->used_ms))
			best = d;
	}
	return best;
}

uint64_t suan_data_most(const struct suan_engine *e, uint32_t site)
{
	uint64_t most = e->net.sites[site].spec->cache_bytes, used = used_bytes(e, site, 0);

	if (most == 0)
		return UINT64_MAX;
	for (size_t i = 0; i < e->data.count; i++)
		if (may_go(e, e->data.list[i], suan_data_replica(e->data.list[i], site)))
			used -= e->data.list[i]->bytes;
	return used < most ? most - used : 0;
}

/* Room for the bytes beside what is used. */
static bool clear(struct suan_engine *e, uint32_t site, uint64_t used, uint64_t bytes,
		  struct suan_effects *fx)
{
	uint64_t most = e->net.sites[site].spec->cache_bytes, sum;

	while (most > 0 && (!suan_add_u64(used, bytes, &sum) || sum > most)) {
		struct suan_dataset *old = least_used(e, site);

		if (!old)
			return false;
		used -= old->bytes;
		suan_data_drop_replica(e, old, site);
		suan_effects_push(fx, &(struct suan_effect){.type = SUAN_FX_ERASE,
							    .pool = SUAN_NO_POOL, .data = old->id,
							    .site = site});
	}
	return true;
}

void suan_data_clear(struct suan_engine *e, uint32_t site, uint64_t bytes, struct suan_effects *fx)
{
	bool good = clear(e, site, used_bytes(e, site, 0), bytes, fx);

	assert(good);
}

static bool make_room(struct suan_engine *e, const struct suan_transfer *x, struct suan_effects *fx)
{
	const struct suan_dataset *d = suan_data_find(e, x->data);

	return x->from == x->to || clear(e, x->to, used_bytes(e, x->to, x->data), d->bytes, fx);
}

/* ---- what happens ---- */

static void begin(struct suan_engine *e, struct suan_transfer *x, int64_t now_ms,
		  struct suan_effects *fx)
{
	if (!make_room(e, x, fx)) {
		x->retry_ms = suan_sat_add(now_ms, NO_ROOM_WAIT_MS);
		e->data.stale = true;
		return;
	}
	x->running = true;
	x->booked = false;
	x->attempt++;
	x->from = x->plan_from;
	x->mbit = x->plan_mbit;
	x->begin_ms = now_ms;
	x->end_ms = x->plan_end_ms;
	suan_effects_push(fx, &(struct suan_effect){.type = SUAN_FX_COPY, .run.attempt = x->attempt,
						    .pool = SUAN_NO_POOL, .transfer = x->id,
						    .data = x->data, .site = x->to,
						    .at_ms = now_ms});
}

/* The network changed under it, and it has no room any more. */
static void put_off(struct suan_transfer *x, struct suan_effects *fx)
{
	x->running = x->put_off = false;
	suan_effects_push(fx, &(struct suan_effect){
		.type = SUAN_FX_COPY_STOP, .run.attempt = x->attempt, .pool = SUAN_NO_POOL,
		.transfer = x->id, .data = x->data, .site = x->to});
}

static bool drop_unwanted(struct suan_engine *e, int64_t now_ms)
{
	struct suan_data *t = &e->data;
	bool any = false;

	for (size_t i = t->ntransfers; i-- > 0;) {
		const struct suan_transfer *x = &t->transfers[i];
		struct suan_dataset *d = suan_data_find(e, x->data);

		if (x->running || x->asked || x->wanted || x->made_ms == now_ms)
			continue;
		suan_data_drop_replica(e, d, x->to);
		suan_data_drop_transfer(e, x->id);
		any = true;
	}
	return any;
}

static bool in_use(const struct suan_engine *e, const struct suan_dataset *d)
{
	for (size_t i = 0; i < d->nreplicas; i++)
		if (d->replicas[i].runs > 0)
			return true;
	return suan_data_read(e, d) || suan_reserve_reads(e, d->id);
}

/* What jobs still want stays until these are over. */
static int64_t expire(struct suan_engine *e, int64_t now_ms, struct suan_effects *fx)
{
	int64_t next = SUAN_FOREVER;

	for (size_t i = e->data.count; i-- > 0;) {
		struct suan_dataset *d = e->data.list[i];

		if (d->expires_ms == 0)
			continue;
		if (d->expires_ms > now_ms)
			next = d->expires_ms < next ? d->expires_ms : next;
		else if (!in_use(e, d))
			suan_data_remove(e, d, fx);
	}
	return next;
}

int64_t suan_data_settle(struct suan_engine *e, int64_t now_ms, struct suan_effects *fx)
{
	struct suan_data *t = &e->data;
	int64_t wake = SUAN_FOREVER, next;

	if (t->count == 0)
		return wake;
	if (t->ntransfers > t->before)
		wake = now_ms;	/* jobs are planned by what arrives when now */
	for (size_t i = 0; i < t->ntransfers; i++) {
		struct suan_transfer *x = &t->transfers[i];

		if (x->put_off)
			put_off(x, fx);
		if (!x->running && x->plan_begin_ms <= now_ms && (x->wanted || x->asked))
			begin(e, x, now_ms, fx);
	}
	if (drop_unwanted(e, now_ms) && wake > now_ms + UNWANTED_MS)
		wake = now_ms + UNWANTED_MS;
	next = expire(e, now_ms, fx);
	for (size_t i = 0; i < t->ntransfers; i++) {
		const struct suan_transfer *x = &t->transfers[i];
		int64_t at = x->running ? x->plan_end_ms : x->plan_begin_ms;

		if (!x->running && x->retry_ms > now_ms && x->retry_ms < at)
			at = x->retry_ms;
		if (at > now_ms && at < next)
			next = at;
	}
	return next < wake ? next : wake;
}
