/* Jobs and the data sets that they read. Jobs with the same inputs share one entry, and the planner
 * is told once when these are in each pool. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/data.h"

/* ---- the table ---- */

static enum suan_code reserve_slot(struct suan_engine *e)
{
	struct suan_data *t = &e->data;
	enum suan_code rc = suan_map_reserve(&t->want_of, 1);

	if (rc == SUAN_OK && !t->free_want)
		rc = suan_grow(&t->wants, &t->wants_cap, t->nwants + SUAN_WANT_ASKED + 2,
			       sizeof(*t->wants));
	return rc;
}

static uint32_t take_slot(struct suan_data *t)
{
	uint32_t at = t->free_want;

	if (at) {
		t->free_want = t->wants[at].count;
		return at;
	}
	while (t->nwants <= SUAN_WANT_ASKED)
		t->wants[t->nwants++] = (struct suan_want){0};
	return (uint32_t)t->nwants++;
}

enum suan_code suan_wants_add(struct suan_engine *e, const uint32_t *ids, uint32_t n, uint32_t *ret)
{
	struct suan_data *t = &e->data;
	uint32_t text, *copy;
	uint64_t known;
	enum suan_code rc = suan_intern_add(e->strings, ids, n * sizeof(*ids), &text);

	if (rc != SUAN_OK)
		return rc;
	if (suan_map_get(&t->want_of, text, &known)) {
		*ret = (uint32_t)known;
		t->wants[known].refs++;
		suan_intern_drop(e->strings, text);
		return SUAN_OK;
	}
	copy = malloc(n * sizeof(*ids));
	rc = copy ? reserve_slot(e) : SUAN_ENOMEM;
	if (rc != SUAN_OK) {
		free(copy);
		suan_intern_drop(e->strings, text);
		return rc;
	}
	memcpy(copy, ids, n * sizeof(*ids));
	*ret = take_slot(t);
	t->wants[*ret] = (struct suan_want){.refs = 1, .text = text, .count = n, .ids = copy};
	rc = suan_map_put(&t->want_of, text, *ret);
	assert(rc == SUAN_OK);
	return SUAN_OK;
}

static void insert_id(uint32_t *ids, uint32_t *n, uint32_t id)
{
	uint32_t i = *n;

	for (uint32_t k = 0; k < *n; k++)
		if (ids[k] == id)
			return;
	for (; i > 0 && ids[i - 1] > id; i--)
		ids[i] = ids[i - 1];
	ids[i] = id;
	(*n)++;
}

/* Ids of the names, ascending; unknown names are left out. Owned; NULL: no memory. */
static uint32_t *ids_of(const struct suan_engine *e, const struct suan_names *inputs, uint32_t *ret)
{
	uint32_t *ids = malloc((inputs->count + 1u) * sizeof(*ids));

	*ret = 0;
	for (uint32_t i = 0; ids && i < inputs->count; i++) {
		const struct suan_dataset *d = suan_data_lookup(e, inputs->list[i]);

		if (d)
			insert_id(ids, ret, d->id);
	}
	return ids;
}

enum suan_code suan_wants_of_job(struct suan_engine *e, const struct suan_names *inputs,
				 uint32_t *ret)
{
	uint32_t n, *ids;
	enum suan_code rc = SUAN_OK;

	*ret = 0;
	if (inputs->count == 0)
		return SUAN_OK;
	ids = ids_of(e, inputs, &n);
	if (!ids)
		return SUAN_ENOMEM;
	if (n > 0)
		rc = suan_wants_add(e, ids, n, ret);
	free(ids);
	return rc;
}

void suan_wants_drop(struct suan_engine *e, uint32_t want)
{
	struct suan_data *t = &e->data;
	struct suan_want *w = want ? &t->wants[want] : NULL;

	if (!w || --w->refs > 0)
		return;
	t->live_wants -= w->live > 0;	/* the engine goes, and all with it */
	suan_map_drop(&t->want_of, w->text);
	suan_intern_drop(e->strings, w->text);
	free(w->ids);
	*w = (struct suan_want){.count = t->free_want};
	t->free_want = want;
}

void suan_wants_planned(struct suan_engine *e, struct suan_job *j, uint32_t planned)
{
	uint32_t want = suan_wants_get(j);
	bool was = j->planned > 0, is = planned > 0;

	j->planned = planned;
	if (want == 0 || was == is)
		return;
	if (is) {
		e->data.live_wants += e->data.wants[want].live++ == 0;
	} else {
		assert(e->data.wants[want].live > 0);
		e->data.live_wants -= --e->data.wants[want].live == 0;
	}
}

/* ---- arrivals ---- */

/* When one data set is at the site. *from_ms: what is moved for it is moved after that. */
static enum suan_code arrival_of(const struct suan_engine *e, uint32_t id, uint32_t site,
				 int64_t *from_ms, int64_t *ret)
{
	const struct suan_dataset *d = suan_data_find(e, id);
	const struct suan_replica *r = d ? suan_data_replica(d, site) : NULL;
	const struct suan_transfer *x;
	struct suan_course c;
	enum suan_code rc;

	*ret = SUAN_FOREVER;
	if (r && r->state == SUAN_REPLICA_COMPLETE)
		*ret = INT64_MIN;
	if (r && r->state == SUAN_REPLICA_COPYING) {
		x = suan_data_coming(e, id, site);
		*ret = x ? x->plan_end_ms : SUAN_FOREVER;
	}
	if (!d || (r && r->state != SUAN_REPLICA_LOST) || !suan_data_allows(e, d, site) ||
	    e->net.sites[site].gone)
		return SUAN_OK;
	rc = suan_transfer_course(e, d, site, *from_ms, &c);
	if (rc != SUAN_OK)
		return rc;
	*from_ms = c.end_ms == SUAN_FOREVER ? *from_ms : c.end_ms;
	*ret = c.end_ms;
	return SUAN_OK;
}

static enum suan_code arrival_of_all(const struct suan_engine *e, const struct suan_want *w,
				     uint32_t site, int64_t now_ms, int64_t *ret)
{
	int64_t from = now_ms, at;
	enum suan_code rc = SUAN_OK;

	*ret = INT64_MIN;
	for (uint32_t i = 0; i < w->count && *ret != SUAN_FOREVER && rc == SUAN_OK; i++) {
		rc = arrival_of(e, w->ids[i], site, &from, &at);
		if (rc == SUAN_OK && at > *ret)
			*ret = at;
	}
	return rc;
}

static enum suan_code tell(const struct suan_engine *e, uint32_t set, const struct suan_want *w,
			   int64_t now_ms)
{
	int64_t *at = e->data.arrivals;

	for (uint32_t i = 0; i < e->net.npools; i++) {
		uint32_t site = e->net.pools[i].site, before = 0;
		enum suan_code rc = SUAN_OK;

		while (e->net.pools[before].site != site)
			before++;
		at[i] = at[before];
		if (before == i)
			rc = arrival_of_all(e, w, site, now_ms, &at[i]);
		if (rc != SUAN_OK)
			return rc;
	}
	return suan_planner_arrivals(e->plan->planner, set, at, e->net.npools);
}

static enum suan_code room_for_pools(struct suan_engine *e)
{
	return suan_grow(&e->data.arrivals, &e->data.arrivals_cap, e->net.npools + 1u,
			 sizeof(*e->data.arrivals));
}

enum suan_code suan_wants_sync(struct suan_engine *e, int64_t now_ms)
{
	struct suan_data *t = &e->data;
	enum suan_code rc = SUAN_OK;

	if (t->live_wants == 0)
		return SUAN_OK;
	rc = room_for_pools(e);
	for (size_t i = SUAN_WANT_ASKED + 1; i < t->nwants && rc == SUAN_OK; i++)
		if (t->wants[i].refs > 0 && t->wants[i].live > 0)
			rc = tell(e, (uint32_t)i, &t->wants[i], now_ms);
	/* Whether a time differs from what the planner knew depends on when it was told last, which
	 * is no part of the state: so slots of conservative may always move. */
	suan_planner_freed(e->plan->planner, SUAN_FOREVER);
	return rc;
}

enum suan_code suan_wants_ask(const struct suan_engine *e, const struct suan_names *inputs,
			      int64_t now_ms, uint32_t *ret)
{
	/* what changes is planning, which no event depends on */
	struct suan_engine *mine = (struct suan_engine *)(uintptr_t)e;
	uint32_t n, *ids;
	enum suan_code rc;

	*ret = 0;
	if (inputs->count == 0)
		return SUAN_OK;
	ids = ids_of(e, inputs, &n);
	rc = ids ? room_for_pools(mine) : SUAN_ENOMEM;
	if (rc == SUAN_OK)
		rc = suan_transfer_plan(mine, now_ms);
	if (rc == SUAN_OK)
		rc = tell(e, SUAN_WANT_ASKED, &(struct suan_want){.count = n, .ids = ids}, now_ms);
	free(ids);
	if (rc == SUAN_OK)
		*ret = SUAN_WANT_ASKED;
	return rc;
}

/* ---- runs ---- */

void suan_wants_began(struct suan_engine *e, const struct suan_job *j, uint32_t site,
		      int64_t now_ms)
{
	uint32_t want = suan_wants_get(j);

	for (uint32_t i = 0; want && i < e->data.wants[want].count; i++) {
		struct suan_dataset *d = suan_data_find(e, e->data.wants[want].ids[i]);
		struct suan_replica *r = d ? suan_data_replica(d, site) : NULL;

		assert(r && r->state == SUAN_REPLICA_COMPLETE);
		r->runs++;
		r->used_ms = now_ms;
	}
}

void suan_wants_ended(struct suan_engine *e, const struct suan_job *j, uint32_t pool,
		      int64_t now_ms)
{
	uint32_t want = suan_wants_get(j);

	for (uint32_t i = 0; want && i < e->data.wants[want].count; i++) {
		struct suan_dataset *d = suan_data_find(e, e->data.wants[want].ids[i]);
		struct suan_replica *r = suan_data_replica(d, e->net.pools[pool].site);

		assert(r && r->runs > 0);
		r->runs--;
		r->used_ms = now_ms;
	}
}
