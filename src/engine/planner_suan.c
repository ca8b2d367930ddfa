/* The rules of `suan`: where a start goes, how much room it must leave, and what standing idle
 * costs; see planner.h. */
#include "engine/planner_pass.h"

#include <string.h>

#include "base/grow.h"
#include "base/num.h"

/* Headroom: so small a part of the smallest pool, or of the only one. */
#define PART	  16
#define LONE_PART 50
/* How far off it must be that the first in order is firm, for headroom in the only pool: it is
 * after a week, so that this is for its first six hours. */
#define PATIENT_MS (INT64_C(162) * 3600000)

struct fit {
	int64_t rank, extension;
	int64_t growth;		/* with a mix: of fragmentation */
	uint64_t gpus;		/* with a mix: free on the nodes it would get */
	bool spoils;		/* with a mix: cores alone, in a pool with accelerators */
	int32_t free;
};

bool suan_pass_calm(const struct suan_pass *s, int64_t first_firm_ms)
{
	const struct suan_planner *p = s->p;
	suan_cores cores = 0;
	uint32_t open = 0;

	for (size_t i = 0; i < p->npools; i++) {
		const struct suan_plan_pool *spec = &p->pools[i].spec;

		if (spec->closed != SUAN_R_NONE)
			continue;
		cores = (suan_cores)spec->nodes * spec->cores;
		open++;
	}
	return p->kind == SUAN_PLAN_SUAN && p->steps > 0 && open == 1 &&
	       p->waiting.long_cores <= cores &&
	       first_firm_ms > suan_sat_add(s->now, PATIENT_MS);
}

/* Cores of the smallest of the open pools that admit the shape, if longer starts have to leave
 * headroom; 0: they need not. */
static int64_t smallest(const struct suan_pass *s, const struct suan_class *k, const uint64_t *bits)
{
	const struct suan_planner *p = s->p;
	int64_t least = INT64_MAX;
	uint32_t n = 0;

	/* what may push out others would only make the same room twice */
	if (s->firm || k->fit_ms <= SUAN_SHORT_FIT_MS || k->push.over)
		return 0;
	for (uint32_t i = 0; i < p->npools; i++) {
		int64_t cores = (int64_t)p->pools[i].spec.nodes * p->pools[i].spec.cores;

		if (!suan_bit(bits, i) || p->pools[i].spec.closed)
			continue;
		least = cores < least ? cores : least;
		n++;
	}
	return n > 1 || s->calm ? least : 0;
}

/* How many cores a start must leave. */
static int32_t headroom(const struct suan_pass *s, int64_t least, const struct suan_vec *v)
{
	return v->cores <= least / 5 ? (int32_t)(least / (s->calm ? LONE_PART : PART)) : 0;
}

/* The two live pools that admit the shape with most free cores. */
struct roomy {
	uint32_t pool;
	int32_t free, next;
};

static struct roomy find_roomy(const struct suan_planner *p, const uint64_t *bits)
{
	struct roomy r = {SUAN_NO_POOL, INT32_MIN, INT32_MIN};

	for (size_t i = 0; i < p->nlive; i++) {
		int32_t free = p->pools[p->live[i]].nodes.free.cores;

		if (!suan_bit(bits, p->live[i]))
			continue;
		if (free > r.free) {
			r.next = r.free;
			r.free = free;
			r.pool = p->live[i];
		} else if (free > r.next) {
			r.next = free;
		}
	}
	return r;
}

/* Is so much still free in some pool that admits the shape, once `pool` took *v? */
static bool leaves(const struct roomy *r, uint32_t pool, const struct suan_vec *v, int32_t cores)
{
	if (cores == 0)
		return true;
	if (pool != r->pool)
		return r->free >= cores;
	return r->free - v->cores >= cores || r->next >= cores;
}

/* Accelerators of the open pools in which a task of the shape could run. */
static uint64_t supply(const struct suan_planner *p, const struct suan_mix_shape *x)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->npools; i++) {
		const struct suan_plan_pool *s = &p->pools[i].spec;
		struct suan_room node = {s->memory, s->cores, s->gpus};

		if (s->closed == SUAN_R_NONE && suan_mix_fits(x, s->gpu_kind, &node))
			sum += (uint64_t)s->nodes * s->gpus;
	}
	return sum;
}

void suan_pass_weigh_mix(struct suan_planner *p)
{
	static const struct suan_mix_shape any = {.gpus = 1};
	uint64_t all;

	if (!p->mix || p->kind != SUAN_PLAN_SUAN ||
	    (p->weighed_gen == p->pools_gen &&
	     memcmp(&p->weighed, p->mix, sizeof(p->weighed)) == 0))
		return;
	all = supply(p, &any);
	p->scarce = p->weighed = *p->mix;
	p->weighed_gen = p->pools_gen;
	for (uint32_t i = 0; i < p->scarce.count; i++) {
		struct suan_mix_shape *x = &p->scarce.list[i];
		uint64_t few = supply(p, x), times = few > 0 ? SUAN_MIX_UNIT * all / few : 0;

		x->weight *= (uint32_t)(times < SUAN_MIX_SCARCE ? times : SUAN_MIX_SCARCE);
	}
}

static void measure(const struct suan_pass *s, const struct suan_class *k, uint32_t pool,
		    struct fit *ret)
{
	const struct suan_ppool *o = &s->p->pools[pool];
	int64_t more = suan_sat_add(s->now, k->duration_ms) - o->last_end;

	ret->rank = o->spec.rank;
	ret->growth = 0;
	ret->gpus = 0;
	ret->spoils = o->nodes.mix && s->p->waiting.shapes[k->shape].req.gpus == 0;
	ret->extension = more > 0 ? more : 0;
	ret->free = o->nodes.free.cores;
}

static bool better(const struct suan_class *k, const struct fit *a, const struct fit *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->growth != b->growth)
		return a->growth < b->growth;
	if (a->spoils != b->spoils)
		return b->spoils;
	if (a->gpus != b->gpus)
		return a->gpus < b->gpus;
	if (k->fit_ms <= SUAN_SHORT_FIT_MS)
		return a->free > b->free;
	if (a->extension != b->extension)
		return a->extension < b->extension;
	return a->free < b->free;
}

/* What the start would do to the accelerators of the pool; *ret false: its nodes cannot take it. */
static enum suan_code weigh(struct suan_pass *s, struct suan_ppool *o, const struct suan_class *k,
			    struct fit *fit, bool *ret)
{
	struct suan_planner *p = s->p;
	const struct suan_req *req = &p->waiting.shapes[k->shape].req;
	enum suan_code rc;
	uint32_t n;

	*ret = true;
	if (!o->nodes.mix)
		return SUAN_OK;
	rc = suan_pass_pack(s, o, k, &n);
	if (rc != SUAN_OK)
		return rc;
	fit->growth = suan_nodes_cost(&o->nodes, req, p->scratch, n, &fit->gpus);
	*ret = n > 0;
	return SUAN_OK;
}

/* The best pool not tried yet by sums and profiles; SUAN_NO_POOL: none. */
enum suan_code suan_pass_best_pool(struct suan_pass *s, const struct suan_class *k,
				   const uint64_t *bits, uint32_t *ret, bool *ret_later)
{
	struct suan_planner *p = s->p;
	const struct suan_req *req = &p->waiting.shapes[k->shape].req;
	struct fit best = {0}, fit;
	int64_t least = smallest(s, k, bits);
	struct roomy roomy = find_roomy(p, bits);

	*ret = SUAN_NO_POOL;
	for (size_t i = 0; i < p->nlive; i++) {
		struct suan_ppool *o = &p->pools[p->live[i]];
		enum suan_answer answer = SUAN_NO;
		struct suan_vec v;
		enum suan_code rc;
		bool fits;

		if (!suan_bit(bits, p->live[i]) || suan_bit(p->tried, p->live[i]) ||
		    suan_arrival_at(p, p->waiting.shapes[k->shape].arrivals, p->live[i]) > s->now)
			continue;
		suan_nodes_vec(&o->nodes, req, &v);
		if (!suan_vec_fits(&v, &o->nodes.free))
			continue;
		rc = suan_pass_allowed(s, o, &v, k, &answer);
		if (rc != SUAN_OK)
			return rc;
		if (answer == SUAN_YES && !leaves(&roomy, p->live[i], &v, headroom(s, least, &v)))
			answer = SUAN_LATER;
		*ret_later |= answer == SUAN_LATER;
		measure(s, k, p->live[i], &fit);
		if (answer != SUAN_YES || (*ret != SUAN_NO_POOL && fit.rank > best.rank))
			continue;
		rc = weigh(s, o, k, &fit, &fits);
		if (rc != SUAN_OK)
			return rc;
		*ret_later |= !fits && o->nwindows > 0; /* a shorter one may find nodes */
		if (!fits || (*ret != SUAN_NO_POOL && !better(k, &fit, &best)))
			continue;
		best = fit;
		*ret = p->live[i];
	}
	return SUAN_OK;
}

int64_t suan_pass_kept_cost(const struct suan_pass *s, const struct suan_waiting *w,
			    const struct suan_profile *f, const struct suan_vec *v, int64_t at)
{
	int64_t cost = at - s->now;

	if (s->now < w->firm_ms)
		cost = suan_sat_add(cost, suan_profile_area(f, s->now, at) / v->cores * 3 / 2);
	return cost;
}

/* Could it start now but for headroom, or for how the nodes are filled? */
enum suan_code suan_pass_held_back(struct suan_pass *s, const struct suan_class *k,
				   const uint64_t *bits, bool *ret)
{
	struct suan_planner *p = s->p;
	int64_t least = smallest(s, k, bits);

	*ret = false;
	for (size_t i = 0; i < p->nlive && least > 0; i++) {
		struct suan_ppool *o = &p->pools[p->live[i]];
		struct suan_vec v;
		enum suan_code rc;

		if (!suan_bit(bits, p->live[i]) || suan_quotas_shut(p, k, p->live[i], true) ||
		    suan_arrival_at(p, p->waiting.shapes[k->shape].arrivals, p->live[i]) > s->now)
			continue;
		suan_nodes_vec(&o->nodes, &p->waiting.shapes[k->shape].req, &v);
		if (!suan_vec_fits(&v, &o->nodes.free) || headroom(s, least, &v) == 0)
			continue;
		rc = suan_pass_view(s, o);
		if (rc != SUAN_OK)
			return rc;
		*ret = suan_pass_search(o, &v,
					suan_pool_length(o, k->duration_ms, k->limit_ms), s->now,
					s->now) == s->now;
		if (*ret)
			break;
	}
	return SUAN_OK;
}
