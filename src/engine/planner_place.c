/* Planning in a pass: where and when a start that cannot be made now is put; rules in planner.h. */
#include "engine/planner_pass.h"

#include <assert.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"

/* ---- planning ---- */

struct best {
	uint32_t pool;
	int64_t at;
	struct suan_vec vec;
};

/* Earliest start in a pool by the soft profile, from *at to `latest`, into *at. Where the sums say
 * now the packing has said no: then not before something ends there. */
enum suan_code suan_pass_earliest_in(struct suan_pass *s, const struct suan_class *k, uint32_t pool,
				     int64_t *at, int64_t latest)
{
	struct suan_ppool *o = &s->p->pools[pool];
	struct suan_vec v;
	enum suan_code rc = suan_pass_view(s, o);
	int64_t from = *at > o->floor ? *at : o->floor, length;
	int64_t arrival = suan_arrival_at(s->p, s->p->waiting.shapes[k->shape].arrivals, pool);

	if (rc != SUAN_OK)
		return rc;
	from = from > arrival ? from : arrival;
	if (from == SUAN_FOREVER || from > latest) {
		*at = SUAN_FOREVER;
		return SUAN_OK;
	}
	suan_nodes_vec(&o->nodes, &s->p->waiting.shapes[k->shape].req, &v);
	length = suan_pool_length(o, k->duration_ms, k->limit_ms);
	*at = suan_pass_search(o, &v, length, from, latest);
	if (*at == s->now) {
		*at = suan_pass_search(o, &v, length, o->first_end, latest);
		s->p->again.packed = true;
	}
	return SUAN_OK;
}

static enum suan_code fill_memo(struct suan_pass *s, struct suan_class *k, const uint64_t *bits)
{
	struct suan_planner *p = s->p;
	enum suan_code rc =
		suan_grow(&p->memos, &p->memos_cap, (p->nmemos + 1) * p->npools, sizeof(*p->memos));

	for (size_t i = 0; i < p->npools && rc == SUAN_OK; i++) {
		int64_t *at = &p->memos[p->nmemos * p->npools + i];

		*at = SUAN_FOREVER;
		if (suan_pass_out(p, k, bits, p->order[i]))
			continue;
		*at = s->now;
		rc = suan_pass_earliest_in(s, k, p->order[i], at, SUAN_FOREVER);
	}
	if (rc == SUAN_OK) {
		k->memo = (uint32_t)p->nmemos++;
		k->memo_pass = p->pass;
	}
	return rc;
}

static enum suan_code choose_again(struct suan_pass *s, struct suan_class *k, const uint64_t *bits,
				   struct best *ret)
{
	struct suan_planner *p = s->p;
	int64_t *memo;
	enum suan_code rc = k->memo_pass == p->pass ? SUAN_OK : fill_memo(s, k, bits);

	while (rc == SUAN_OK) {
		size_t best = 0;
		int64_t before;

		memo = &p->memos[(size_t)k->memo * p->npools];
		for (size_t i = 1; i < p->npools; i++)
			if (memo[i] < memo[best])
				best = i;
		before = memo[best];
		if (before == SUAN_FOREVER)
			break;
		if (suan_quotas_shut(p, k, p->order[best], true)) {
			memo[best] = SUAN_FOREVER; /* for the rest of the pass */
			continue;
		}
		rc = suan_pass_earliest_in(s, k, p->order[best], &memo[best], SUAN_FOREVER);
		assert(memo[best] >= before);
		if (memo[best] == before) {
			ret->pool = p->order[best];
			ret->at = before;
			break;
		}
	}
	return rc;
}

/* For a start that suan protects: least waiting, with what would stand idle meanwhile. */
static enum suan_code choose_kept(struct suan_pass *s, uint32_t item, const uint64_t *bits,
				  struct best *ret)
{
	struct suan_planner *p = s->p;
	const struct suan_waiting *w = &p->waiting.items[item];
	struct suan_class *k = &p->waiting.classes[w->class];
	enum suan_code rc = SUAN_OK;
	int64_t least = SUAN_FOREVER;
	bool many = k->starts > 1; /* what was found for the first holds for all */

	if (many && k->memo_pass != p->pass)
		rc = fill_memo(s, k, bits);
	for (size_t i = 0; i < p->npools && rc == SUAN_OK; i++) {
		struct suan_ppool *o = &p->pools[p->order[i]];
		int64_t first = s->now, cost, at;
		int64_t *from = many ? &p->memos[(size_t)k->memo * p->npools + i] : &first;
		struct suan_vec v;

		if (suan_pass_out(p, k, bits, p->order[i]) || *from == SUAN_FOREVER)
			continue;
		rc = suan_pass_earliest_in(s, k, p->order[i], from, SUAN_FOREVER);
		at = *from;
		if (rc != SUAN_OK || at == SUAN_FOREVER)
			continue;
		suan_nodes_vec(&o->nodes, &p->waiting.shapes[k->shape].req, &v);
		cost = suan_pass_kept_cost(s, w, o->planned > 0 ? &o->soft : &o->base, &v, at);
		if (cost < least) {
			least = cost;
			ret->at = at;
			ret->pool = p->order[i];
		}
	}
	return rc;
}

static enum suan_code keep(struct suan_pass *s, struct suan_ppool *o, const struct suan_hold *h)
{
	enum suan_code rc = o->kept > 0 ? SUAN_OK : suan_profile_copy(&o->hard, &o->base);

	if (rc == SUAN_OK)
		rc = suan_profile_reserve(&o->hard, &h->vec, h->from, h->to);
	if (rc != SUAN_OK)
		return rc;
	o->kept++;
	s->kept++;
	return SUAN_OK;
}

/* Puts a planned start into its pool. */
static enum suan_code hold(struct suan_pass *s, uint32_t item, const struct best *b)
{
	const struct suan_class *k = &s->p->waiting.classes[s->p->waiting.items[item].class];
	struct suan_ppool *o = &s->p->pools[b->pool];
	int64_t length = suan_pool_length(o, k->duration_ms, k->limit_ms);
	struct suan_hold h = {b->at, suan_sat_add(b->at, length), {0}};
	bool first = o->planned == 0;

	suan_nodes_vec(&o->nodes, &s->p->waiting.shapes[k->shape].req, &h.vec);
	if (o->planned > 0) {
		enum suan_code rc = suan_pass_soft(s, o);

		if (rc == SUAN_OK)
			rc = suan_profile_reserve(&o->soft, &h.vec, h.from, h.to);
		if (rc != SUAN_OK)
			return rc;
	} else {
		o->first = h;
		o->spare = *suan_profile_at(&o->base, h.from);
		suan_vec_sub(&o->spare, &h.vec);
	}
	if ((s->p->kind == SUAN_PLAN_SUAN && s->kept < s->most_kept) ||
	    (s->p->kind == SUAN_PLAN_EASY && first && o->nwindows > 0)) {
		enum suan_code rc = keep(s, o, &h);

		if (rc != SUAN_OK)
			return rc;
	}
	if (s->p->kind == SUAN_PLAN_FCFS) {
		o->floor = h.from;
		suan_pass_close(s->p, b->pool); /* closed for the rest of the pass */
	}
	o->planned++;
	o->filled++;
	s->planned++;
	suan_quotas_plan(s->p, k->quota, &h.vec, 1);
	s->p->planned[s->p->nplanned].pool = b->pool;
	s->p->planned[s->p->nplanned].hold = h;
	if (s->p->kind == SUAN_PLAN_CONSERVATIVE)
		return suan_slots_add(s->p, item, b->pool, &h);
	return SUAN_OK;
}

/* Plans one start of the item; *ret false: no open pool will ever take it. */
enum suan_code suan_pass_plan(struct suan_pass *s, uint32_t item, bool *ret)
{
	struct suan_planner *p = s->p;
	struct suan_waiting *w = &p->waiting.items[item];
	struct suan_class *k = &p->waiting.classes[w->class];
	const uint64_t *bits = suan_shape_pools(p, k->shape);
	struct best b = {SUAN_NO_POOL, SUAN_FOREVER, {0}};
	enum suan_code rc = SUAN_ENOMEM;

	*ret = false;
	if (bits && suan_quotas_block(p, k, bits, true))
		return SUAN_OK;
	if (bits)
		rc = suan_grow(&p->planned, &p->planned_cap, p->nplanned + 1, sizeof(*p->planned));
	if (rc == SUAN_OK && p->kind == SUAN_PLAN_SUAN)
		rc = suan_pass_held_back(s, k, bits, ret);
	if (rc != SUAN_OK || *ret)
		return rc;
	if (p->kind == SUAN_PLAN_SUAN && s->kept < s->most_kept)
		rc = choose_kept(s, item, bits, &b);
	else
		rc = k->starts > 1 ? choose_again(s, k, bits, &b)
				   : suan_pass_earliest(s, k, bits, &b.pool, &b.at);
	if (rc != SUAN_OK || b.pool == SUAN_NO_POOL)
		return rc;
	if (k->push.over && p->push) {
		uint32_t pool;
		int64_t at;

		rc = suan_push_try(s, item, b.at, &pool, &at);
		if (rc == SUAN_OK && pool != SUAN_NO_POOL) {
			b.pool = pool;
			b.at = at;
			suan_bounds_void(p, pool);
			rc = suan_pass_view(s, &p->pools[pool]);
		}
	}
	if (rc != SUAN_OK)
		return rc;
	assert(b.at > s->now);
	rc = hold(s, item, &b);
	if (rc != SUAN_OK)
		return rc;
	*ret = true;
	if (p->kind == SUAN_PLAN_CONSERVATIVE)
		return SUAN_OK; /* its slot says it */
	p->planned[p->nplanned].id = w->id;
	p->planned[p->nplanned].key = w->key;
	p->planned[p->nplanned++].priority = w->priority;
	if (w->planned_pass != p->pass) {
		w->planned_pass = p->pass;
		w->planned_pool = b.pool;
		w->planned_ms = b.at;
		w->ahead = s->seen < UINT32_MAX ? (uint32_t)s->seen : UINT32_MAX;
		p->pools[b.pool].waiting++;
	}
	return SUAN_OK;
}
