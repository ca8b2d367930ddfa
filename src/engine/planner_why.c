/* Answers: which pools an ask may use, what was predicted, and why one place beat another. */
#include "engine/planner_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum suan_reason suan_pool_excludes(const struct suan_planner *p, uint32_t pool,
				    const struct suan_ask *normal, int64_t *a, int64_t *b)
{
	const struct suan_ppool *o = &p->pools[pool];
	const struct suan_req *req = &normal->req;

	*a = *b = 0;
	if (!suan_ask_allows(normal->allow, normal->nallow, pool))
		return SUAN_R_NOT_ALLOWED;
	if (req->gpu_kind != 0 && o->spec.gpus > 0 && req->gpu_kind != o->spec.gpu_kind)
		return SUAN_R_GPU_KIND;
	if (normal->group)
		return suan_group_excludes(p, pool, normal, a, b);
	return suan_nodes_admit(&o->nodes, req, a, b);
}

const uint64_t *suan_shape_find_pools(struct suan_planner *p, uint32_t shape)
{
	struct suan_shape *h = &p->waiting.shapes[shape];
	struct suan_ask ask = {.req = h->req, .allow = h->allow, .nallow = h->nallow,
			       .group = h->group};
	size_t words = (p->npools + 63) / 64;
	uint64_t *bits = &h->one;

	if (words > 1) {
		bits = malloc(words * sizeof(*bits));
		if (!bits)
			return NULL;
	}
	memset(bits, 0, (words > 1 ? words : 1) * sizeof(*bits));
	for (uint32_t i = 0; i < p->npools; i++) {
		int64_t a, b;

		if (suan_pool_excludes(p, i, &ask, &a, &b) == SUAN_R_NONE)
			bits[i / 64] |= UINT64_C(1) << (i % 64);
	}
	free(h->pools);
	h->pools = words > 1 ? bits : NULL;
	h->pools_gen = p->pools_gen;
	return bits;
}

enum suan_reason suan_planner_fits(const struct suan_planner *p, uint32_t pool,
				   const struct suan_ask *ask, int64_t *a, int64_t *b)
{
	struct suan_ask normal;

	suan_ask_normal(ask, &normal);
	return suan_pool_excludes(p, pool, &normal, a, b);
}

bool suan_planner_predicted(const struct suan_planner *p, uint64_t id, uint32_t *ret_pool,
			    int64_t *ret_start_ms, uint64_t *ret_ahead)
{
	uint32_t item = suan_classes_find(&p->waiting, id);
	const struct suan_waiting *w;
	const struct suan_slot *slot;
	bool planned = false;

	*ret_pool = SUAN_NO_POOL;
	*ret_start_ms = 0;
	if (ret_ahead)
		*ret_ahead = 0;
	if (item == SUAN_NO_ITEM)
		return false;
	w = &p->waiting.items[item];
	slot = w->slots > 0 ? suan_slots_find(p, id) : NULL;
	if (slot) {
		*ret_pool = slot->pool;
		*ret_start_ms = slot->from;
	} else if (w->planned_pass > 0 && w->planned_pass == p->pass) {
		*ret_pool = w->planned_pool;
		*ret_start_ms = w->planned_ms;
		planned = true;
	}
	if (ret_ahead)
		*ret_ahead = planned ? w->ahead : suan_classes_ahead(&p->waiting, item);
	return slot || planned;
}

/* ---- candidates ---- */

bool suan_candidate_better(const struct suan_planner *p, const struct suan_candidate *a,
			   const struct suan_candidate *b)
{
	if (a->start_ms != b->start_ms)
		return a->start_ms < b->start_ms;
	return p->pools[a->pool].order < p->pools[b->pool].order;
}

void suan_candidate_lost(const struct suan_planner *p, const struct suan_candidate *chosen,
			 struct suan_candidate *c)
{
	int64_t rank = p->pools[c->pool].spec.rank, best = p->pools[chosen->pool].spec.rank;

	c->a = c->b = 0;
	if (c->start_ms != chosen->start_ms) {
		c->reason = SUAN_R_LATER_START;
		c->a = c->start_ms;
		c->b = chosen->start_ms;
	} else if (rank != best) {
		c->reason = SUAN_R_COSTLIER;
		c->a = rank;
		c->b = best;
	} else {
		c->reason = SUAN_R_TIE;
	}
}

struct asker {
	const struct suan_planner *p;
	const struct suan_ask *ask;
	const struct suan_waiting *w;	/* NULL: comes after all */
	int64_t now;
	struct suan_profile f;		/* scratch: the pool as the asker finds it */
	int64_t first_end;		/* of the runs there */
};

/* Was this planned for somebody who goes before the asker? */
static bool goes_first(const struct asker *s, const struct suan_planned *h)
{
	if (!s->w)
		return true;
	if (h->priority != s->w->priority)
		return h->priority > s->w->priority;
	if (h->key != s->w->key)
		return h->key < s->w->key;
	return h->id < s->w->id;
}

/* Idle nodes count for those alone who want them. */
static enum suan_code reserve_for(struct asker *s, const struct suan_vec *what, int64_t from,
				  int64_t to)
{
	struct suan_vec v = *what;

	if (!s->ask->req.exclusive)
		v.nodes = 0;
	return suan_profile_reserve(&s->f, &v, from, to);
}

/* The pool as the asker finds it: runs, and what was planned before; *floor for fcfs. */
static enum suan_code pool_view(struct asker *s, uint32_t pool, int64_t *floor)
{
	bool idle = s->ask->req.exclusive;
	enum suan_code rc = suan_ends_preview(s->p, &s->p->pools[pool], s->now, idle, &s->f);

	*floor = s->now;
	s->first_end = SUAN_FOREVER;
	for (size_t i = s->f.count; i-- > 1 && rc == SUAN_OK && s->f.steps[i].from > s->now;)
		s->first_end = s->f.steps[i].from;
	for (size_t i = 0; i < s->p->nplanned && rc == SUAN_OK; i++) {
		const struct suan_planned *h = &s->p->planned[i];

		if (h->pool != pool || !goes_first(s, h))
			continue;
		rc = reserve_for(s, &h->hold.vec, h->hold.from, h->hold.to);
		if (s->p->kind == SUAN_PLAN_FCFS && h->hold.from > *floor)
			*floor = h->hold.from;
	}
	/* of conservative: all slots hold but its own */
	for (size_t i = 0; i < s->p->slots.count && rc == SUAN_OK; i++) {
		const struct suan_slot *t = &s->p->slots.list[i];

		if (t->pool == pool && (!s->w || t->id != s->w->id))
			rc = reserve_for(s, &t->vec, t->from, t->to);
	}
	return rc;
}

/* Can the nodes take it at this instant? Works on a copy, because the search moves its index. */
static enum suan_code packs(const struct asker *s, const struct suan_ppool *o, bool *ret)
{
	const struct suan_req *req = &s->ask->req;
	const int64_t span[2] = {s->now, suan_sat_add(s->now, s->ask->limit_ms)};
	struct suan_nodes copy = {0};
	struct suan_place *places = malloc((suan_nodes_most(&o->nodes, req) + 1) * sizeof(*places));
	uint64_t *bits = malloc(suan_window_words(o) * sizeof(*bits));
	const uint64_t *hidden = NULL;
	enum suan_code rc = SUAN_ENOMEM;

	if (places && bits)
		rc = suan_nodes_copy(&copy, &o->nodes);
	if (rc == SUAN_OK && o->nwindows > 0)
		hidden = suan_window_hide(s->p, o, s->ask->group, span, bits);
	if (rc == SUAN_OK)
		*ret = (hidden ? suan_nodes_find_but(&copy, req, hidden, places)
			       : suan_nodes_find(&copy, req, places)) > 0;
	suan_nodes_done(&copy);
	free(places);
	free(bits);
	return rc;
}

/* In its window: runs, and what was planned for others of the group that go first. */
static enum suan_code start_in_window(struct asker *s, uint32_t pool, int64_t *ret)
{
	const struct suan_pwindow *w = suan_window_find(s->p, s->ask->group);
	int64_t from = w->w.from_ms > s->now ? w->w.from_ms : s->now;
	int64_t latest = suan_window_latest(&w->w, s->ask->limit_ms), length = s->ask->limit_ms;
	int64_t arrival = suan_arrival_at(s->p, s->ask->arrivals, pool);
	const struct suan_ppool *o = &s->p->pools[pool];
	bool fits = true;
	struct suan_vec v;
	enum suan_code rc = suan_window_profile(s->p, w, s->now, &s->f);

	for (size_t i = 0; i < w->nholds && rc == SUAN_OK; i++)
		if (goes_first(s, &w->holds[i]))
			rc = suan_profile_reserve(&s->f, &w->holds[i].hold.vec,
						  w->holds[i].hold.from, w->holds[i].hold.to);
	if (rc != SUAN_OK)
		return rc;
	suan_nodes_vec(&o->nodes, &s->ask->req, &v);
	from = from > arrival ? from : arrival;
	*ret = from > latest ? SUAN_FOREVER
			     : suan_profile_earliest(&s->f, &v, length, from, latest);
	if (*ret == s->now)
		rc = packs(s, o, &fits);
	if (rc == SUAN_OK && !fits)
		*ret = suan_profile_earliest(&s->f, &v, length, from + 1, latest);
	return rc;
}

/* Not before this time; one that is now must pack on the nodes too. */
static enum suan_code start_from(struct asker *s, const struct suan_ppool *o, int64_t from,
				 int64_t *ret)
{
	int64_t length = suan_pool_length(o, s->ask->duration_ms, s->ask->limit_ms);
	enum suan_code rc = SUAN_OK;
	bool fits = true;
	struct suan_vec v;

	suan_nodes_vec(&o->nodes, &s->ask->req, &v);
	*ret = suan_profile_earliest(&s->f, &v, length, from, SUAN_FOREVER);
	if (*ret == s->now)
		rc = packs(s, o, &fits);
	if (rc == SUAN_OK && !fits)
		*ret = suan_profile_earliest(&s->f, &v, length, s->first_end, SUAN_FOREVER);
	return rc;
}

static enum suan_code start_in(struct asker *s, uint32_t pool, int64_t *ret)
{
	int64_t arrival = suan_arrival_at(s->p, s->ask->arrivals, pool), floor;
	enum suan_code rc = pool_view(s, pool, &floor);

	floor = floor > arrival ? floor : arrival;
	*ret = floor;
	if (rc != SUAN_OK || floor == SUAN_FOREVER)
		return rc;
	return start_from(s, &s->p->pools[pool], floor, ret);
}

static enum suan_code starts_in(struct asker *s, uint32_t pool, const struct suan_delays *d,
				int64_t *ret)
{
	int64_t arrival = suan_arrival_at(s->p, s->ask->arrivals, pool), floor;
	enum suan_code rc = pool_view(s, pool, &floor);

	floor = floor > arrival ? floor : arrival;
	if (floor == SUAN_FOREVER)
		return rc;	/* what is read never comes there */
	for (uint32_t k = 0; k < d->count && rc == SUAN_OK; k++) {
		int64_t from = d->from_ms[k] > floor ? d->from_ms[k] : floor;

		if (k > 0 && ret[k - 1] >= from)
			ret[k] = ret[k - 1];	/* the first after that is the first after this */
		else
			rc = start_from(s, &s->p->pools[pool], from, &ret[k]);
	}
	return rc;
}

enum suan_code suan_planner_later(const struct suan_planner *p, const struct suan_item *what,
				  int64_t now_ms, const struct suan_delays *d, int64_t *ret)
{
	struct suan_ask normal;
	struct asker s = {.p = p, .ask = &normal, .now = now_ms};
	enum suan_code rc = SUAN_OK;

	suan_ask_normal(&what->ask, &normal);
	for (uint32_t i = 0; i < p->npools && rc == SUAN_OK; i++) {
		int64_t *to = ret + (size_t)i * d->count, a, b;

		for (uint32_t k = 0; k < d->count; k++)
			to[k] = SUAN_FOREVER;
		if (normal.group == 0 && p->pools[i].spec.closed == SUAN_R_NONE &&
		    suan_pool_excludes(p, i, &normal, &a, &b) == SUAN_R_NONE)
			rc = starts_in(&s, i, d, to);
	}
	suan_profile_done(&s.f);
	return rc;
}

/* What is read never comes there. */
static bool lacks_data(const struct asker *s, uint32_t pool)
{
	return suan_arrival_at(s->p, s->ask->arrivals, pool) == SUAN_FOREVER;
}

static enum suan_code fill(struct asker *s, uint32_t pool, struct suan_candidate *c)
{
	c->pool = pool;
	c->start_ms = SUAN_FOREVER;
	c->reason = suan_pool_excludes(s->p, pool, s->ask, &c->a, &c->b);
	if (c->reason == SUAN_R_NONE)
		c->reason = s->p->pools[pool].spec.closed;
	if (c->reason == SUAN_R_NONE && lacks_data(s, pool)) {
		c->reason = SUAN_R_DATA;
		c->a = SUAN_FOREVER;
	}
	if (c->reason != SUAN_R_NONE)
		return SUAN_OK;
	return s->ask->group ? start_in_window(s, pool, &c->start_ms)
			     : start_in(s, pool, &c->start_ms);
}

static int best_first(const void *x, const void *y)
{
	const struct suan_candidate *a = x, *b = y;

	if (a->start_ms != b->start_ms)
		return a->start_ms < b->start_ms ? -1 : 1;
	if ((a->reason != SUAN_R_NONE) != (b->reason != SUAN_R_NONE))
		return a->reason != SUAN_R_NONE ? 1 : -1;
	return (a->pool > b->pool) - (a->pool < b->pool);
}

/* The chosen one to the front, reasons for the others. */
static void judge(const struct asker *s, struct suan_candidate *list, size_t n)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++) {
		if (list[i].reason != SUAN_R_NONE || list[i].start_ms == SUAN_FOREVER)
			continue;
		if (best == n || suan_candidate_better(s->p, &list[i], &list[best]))
			best = i;
	}
	if (best == n)
		return;
	for (size_t i = 0; i < n; i++)
		if (i != best && list[i].reason == SUAN_R_NONE)
			suan_candidate_lost(s->p, &list[best], &list[i]);
	list[best].reason = SUAN_R_CHOSEN;
	if (best > 0) {
		struct suan_candidate chosen = list[best];

		memmove(&list[1], &list[0], best * sizeof(*list));
		list[0] = chosen;
	}
}

/* Past its deadline there: said of the chosen pool too, for nothing would be better. */
static void note_deadline(const struct suan_ask *ask, struct suan_candidate *c)
{
	if (ask->deadline_ms == 0 || c->start_ms == SUAN_FOREVER)
		return;
	if (c->reason == SUAN_R_CHOSEN || c->start_ms <= ask->deadline_ms - ask->duration_ms)
		return;
	c->reason = SUAN_R_DEADLINE;
	c->a = c->start_ms + ask->duration_ms;
	c->b = ask->deadline_ms;
}

uint32_t suan_planner_candidates(const struct suan_planner *p, const struct suan_item *what,
				 int64_t now_ms, struct suan_candidate *ret, uint32_t max)
{
	const struct suan_ask *ask = &what->ask;
	uint64_t id = what->id;
	struct suan_ask normal;
	struct asker s = {.p = p, .ask = &normal, .now = now_ms};
	uint32_t item = suan_classes_find(&p->waiting, id);
	struct suan_candidate *list = calloc(p->npools + 1, sizeof(*list));
	enum suan_code rc = list ? SUAN_OK : SUAN_ENOMEM;

	suan_ask_normal(ask, &normal);
	if (item != SUAN_NO_ITEM)
		s.w = &p->waiting.items[item];
	for (uint32_t i = 0; i < p->npools && rc == SUAN_OK; i++)
		rc = fill(&s, i, &list[i]);
	if (rc == SUAN_OK) {
		qsort(list, p->npools, sizeof(*list), best_first);
		judge(&s, list, p->npools);
		for (uint32_t i = 0; i < p->npools; i++)
			note_deadline(&normal, &list[i]);
		if (max > 0 && p->npools > 0)
			memcpy(ret, list, (max < p->npools ? max : p->npools) * sizeof(*list));
	}
	suan_profile_done(&s.f);
	free(list);
	return rc == SUAN_OK ? (uint32_t)p->npools : 0;
}
