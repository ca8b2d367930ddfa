/* Over several pools: in which order the first long jobs in line are taken. The order of the queue
 * says who is next, not how the pools are packed: a wide job that goes first may leave a pool idle
 * that the next two would have filled. So each of them is tried before each that is ahead of it,
 * and what lets the work start earlier stays (a local search by insertion, as in Nawaz, Enscore and
 * Ham 1983). The effort is counted in steps, never in time; the rules are in planner.h. */
#include "engine/planner_pass.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

#define MOST_LOOKS  64u		/* items of the queue that are looked at */
#define SHARE	    50u		/* part of the steps of a pass */
#define RUNS_A_STEP 32u		/* so many runs in a pool make a look at it twice as long */

typedef unsigned __int128 delay;	/* cores × ms of run × ms of waiting */

struct slot {
	int64_t at, cost;
	uint32_t pool;
	struct suan_vec vec;
};

uint32_t suan_search_depth(const struct suan_planner *p, uint32_t depth)
{
	uint32_t open = 0, most;

	if (p->steps == 0)
		return depth;
	for (size_t i = 0; i < p->npools; i++)
		open += p->pools[i].spec.closed == SUAN_R_NONE;
	most = p->steps / (open > 0 ? open : 1);
	if (most < p->npools)
		most = (uint32_t)p->npools;
	return depth < most ? depth : most;
}

void suan_search_keep(struct suan_pass *s)
{
	if (s->p->steps == 0)
		return;
	s->most_kept += s->most_kept / 2;
	if (s->most_kept > SUAN_MOST_KEPT)
		s->most_kept = SUAN_MOST_KEPT;
}

/* Orders of the jobs that the pass can pay for. */
static uint64_t affordable(const struct suan_planner *p, uint32_t jobs)
{
	uint64_t steps = 0;

	for (size_t i = 0; i < p->npools; i++)
		if (p->pools[i].spec.closed == SUAN_R_NONE)
			steps += 1 + suan_ends_count(&p->pools[i]) / RUNS_A_STEP;
	return steps > 0 ? p->steps / SHARE / (steps * jobs) : 0;
}

/* The first long jobs in line, of one priority. */
static enum suan_code collect(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	struct suan_sought *q = &s->sought;
	uint32_t head = suan_classes_first(&p->waiting);
	enum suan_code rc = SUAN_OK;

	for (uint32_t looks = 0; looks < MOST_LOOKS && q->count < SUAN_MOST_SOUGHT; looks++) {
		uint32_t item = suan_pass_next(p, &head);
		const struct suan_waiting *w;
		const struct suan_class *k;

		if (item == SUAN_NO_ITEM)
			break;
		w = &p->waiting.items[item];
		if (q->count > 0 && w->priority != p->waiting.items[q->item[0]].priority)
			break;
		k = &p->waiting.classes[w->class];
		if (k->fit_ms > SUAN_SHORT_FIT_MS && p->waiting.shapes[k->shape].group == 0 &&
		    p->waiting.shapes[k->shape].arrivals == 0)
			q->item[q->count++] = item;
		rc = suan_pass_push_same(p, item);
		if (rc != SUAN_OK)
			break;
	}
	p->nside = 0;
	return rc;
}

static const struct suan_profile *view(const struct suan_planner *p, const struct suan_ppool *o)
{
	return o->trial == p->trial ? &o->tried : &o->base;
}

/* Where the job would be planned after those before it; pool SUAN_NO_POOL: nowhere. */
static enum suan_code place(struct suan_pass *s, const struct suan_waiting *w, struct slot *ret)
{
	struct suan_planner *p = s->p;
	const struct suan_class *k = &p->waiting.classes[w->class];
	const uint64_t *bits = suan_shape_pools(p, k->shape);

	*ret = (struct slot){SUAN_FOREVER, SUAN_FOREVER, SUAN_NO_POOL, {0}};
	for (size_t i = 0; bits && i < p->npools; i++) {
		const struct suan_ppool *o = &p->pools[p->order[i]];
		const struct suan_profile *f = view(p, o);
		struct slot x = {.pool = p->order[i]};
		int64_t length;

		if (!suan_bit(bits, x.pool) || o->spec.closed != SUAN_R_NONE)
			continue;
		suan_nodes_vec(&o->nodes, &p->waiting.shapes[k->shape].req, &x.vec);
		length = suan_pool_length(o, k->duration_ms, k->limit_ms);
		if (o->trial == p->trial || o->nwindows > 0)
			x.at = suan_profile_earliest(f, &x.vec, length, s->now, SUAN_FOREVER);
		else
			x.at = suan_profile_rising(f, &x.vec, s->now, SUAN_FOREVER);
		if (x.at == SUAN_FOREVER)
			continue;
		x.cost = suan_pass_kept_cost(s, w, f, &x.vec, x.at);
		if (x.cost < ret->cost)
			*ret = x;
	}
	return bits ? SUAN_OK : SUAN_ENOMEM;
}

static enum suan_code reserve(struct suan_planner *p, const struct slot *x,
			      const struct suan_class *k)
{
	struct suan_ppool *o = &p->pools[x->pool];
	int64_t length = suan_pool_length(o, k->duration_ms, k->limit_ms);
	enum suan_code rc = SUAN_OK;

	if (o->trial != p->trial)
		rc = suan_profile_copy(&o->tried, &o->base);
	o->trial = p->trial;
	if (rc == SUAN_OK)
		rc = suan_profile_reserve(&o->tried, &x->vec, x->at,
					  suan_sat_add(x->at, length));
	return rc;
}

/* How long the work would wait in this order; what is above *best does not matter. */
static enum suan_code measure(struct suan_pass *s, const uint32_t *order, delay best, delay *ret)
{
	struct suan_planner *p = s->p;
	delay sum = 0;

	p->trial++;
	for (uint32_t i = 0; i < s->sought.count && sum < best; i++) {
		const struct suan_waiting *w = &p->waiting.items[order[i]];
		const struct suan_class *k = &p->waiting.classes[w->class];
		struct slot x;
		enum suan_code rc = place(s, w, &x);

		if (rc == SUAN_OK && x.pool != SUAN_NO_POOL)
			rc = reserve(p, &x, k);
		if (rc != SUAN_OK)
			return rc;
		if (x.pool != SUAN_NO_POOL)
			sum += (delay)(uint64_t)x.vec.cores * (uint64_t)k->fit_ms *
			       (uint64_t)(x.at - s->now);
	}
	*ret = sum;
	return SUAN_OK;
}

/* Puts what is at `from` before what is at `to`. */
static void move(uint32_t *order, uint32_t from, uint32_t to)
{
	uint32_t item = order[from];

	memmove(&order[to + 1], &order[to], (from - to) * sizeof(*order));
	order[to] = item;
}

static enum suan_code improve(struct suan_pass *s, uint64_t most)
{
	struct suan_sought *q = &s->sought;
	uint32_t order[SUAN_MOST_SOUGHT], n = q->count;
	delay best = 0, sum = 0;
	enum suan_code rc = measure(s, q->instead, ~(delay)0, &best);

	for (uint32_t to = 0; to + 1 < n; to++) {
		for (uint32_t from = to + 1; from < n; from++) {
			if (rc != SUAN_OK || best == 0 || --most == 0)
				return rc;
			memcpy(order, q->instead, sizeof(order));
			move(order, from, to);
			rc = measure(s, order, best, &sum);
			if (rc == SUAN_OK && sum < best) {
				best = sum;
				memcpy(q->instead, order, sizeof(order));
			}
		}
	}
	return rc;
}

enum suan_code suan_search_order(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	struct suan_sought *q = &s->sought;
	uint64_t most;
	enum suan_code rc;

	q->count = q->next = 0;
	if (p->kind != SUAN_PLAN_SUAN || p->steps == 0 || s->firm || s->most_kept < 2 ||
	    p->nlive == 0 || affordable(p, 2) < 2)
		return SUAN_OK;
	rc = collect(s);
	most = q->count >= 2 ? affordable(p, q->count) : 0;
	if (most < q->count)	/* not even each of them first */
		q->count = 0;
	for (size_t i = 0; i < p->npools && rc == SUAN_OK && q->count > 0; i++)
		if (p->pools[i].spec.closed == SUAN_R_NONE)
			rc = suan_ends_base(p, &p->pools[i], s->idle);
	memcpy(q->instead, q->item, sizeof(q->instead));
	return rc == SUAN_OK && q->count > 0 ? improve(s, most) : rc;
}
