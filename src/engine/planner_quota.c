#include "engine/planner_quota.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/planner_state.h"

void suan_quotas_done(struct suan_quotas *q)
{
	free(q->groups);
	free(q->sets);
	free(q->members);
	memset(q, 0, sizeof(*q));
}

/* ---- definition ---- */

static void set_limits(struct suan_group *g, const struct suan_limits *l)
{
	for (uint32_t i = 0; i < SUAN_RUN_LIMITS; i++) {
		bool none = !(l->set >> i & 1) || l->most[i] > INT64_MAX;

		g->most[i] = none ? INT64_MAX : (int64_t)l->most[i];
	}
}

enum suan_code suan_planner_group(struct suan_planner *p, uint32_t group,
				  const struct suan_limits *limits)
{
	struct suan_quotas *q = &p->quotas;

	if (group != q->ngroups)
		return SUAN_EINVAL;
	if (suan_grow(&q->groups, &q->groups_cap, q->ngroups + 1, sizeof(*q->groups)) != SUAN_OK)
		return SUAN_ENOMEM;
	memset(&q->groups[group], 0, sizeof(*q->groups));
	set_limits(&q->groups[group], limits);
	q->ngroups++;
	return SUAN_OK;
}

enum suan_code suan_planner_group_set(struct suan_planner *p, uint32_t set, const uint32_t *groups,
				      uint32_t n)
{
	struct suan_quotas *q = &p->quotas;
	size_t count = q->nsets > 0 ? q->nsets : 1;

	if (set != count)
		return SUAN_EINVAL;
	for (uint32_t i = 0; i < n; i++)
		if (groups[i] >= q->ngroups)
			return SUAN_EINVAL;
	if (suan_grow(&q->sets, &q->sets_cap, count + 1, sizeof(*q->sets)) != SUAN_OK ||
	    suan_grow(&q->members, &q->members_cap, q->nmembers + n, sizeof(*q->members)) !=
		    SUAN_OK)
		return SUAN_ENOMEM;
	q->sets[0] = (struct suan_group_set){0, 0};
	q->sets[set] = (struct suan_group_set){(uint32_t)q->nmembers, n};
	if (n > 0)
		memcpy(&q->members[q->nmembers], groups, n * sizeof(*groups));
	q->nmembers += n;
	q->nsets = count + 1;
	return SUAN_OK;
}

void suan_planner_groups_drop(struct suan_planner *p)
{
	p->quotas.ngroups = p->quotas.nsets = p->quotas.nmembers = 0;
	for (uint32_t i = 0; i < p->nruns; i++)
		suan_prun_at(p, i)->quota = 0;
}

/* ---- sums ---- */

static int64_t part(const struct suan_vec *v, uint32_t i)
{
	switch (i) {
	case SUAN_LIMIT_RUNS:
		return 1;
	case SUAN_LIMIT_CORES:
		return v->cores;
	case SUAN_LIMIT_GPUS:
		return v->gpus;
	default:
		return v->memory;
	}
}

/* Sets that are not there, of asks older than the last definition, are empty. */
static struct suan_group_set set_of(const struct suan_planner *p, uint32_t set)
{
	return set < p->quotas.nsets ? p->quotas.sets[set] : (struct suan_group_set){0, 0};
}

static struct suan_group *member(const struct suan_planner *p, struct suan_group_set s, uint32_t i)
{
	return &p->quotas.groups[p->quotas.members[s.first + i]];
}

/* The first limit that *v would pass; SUAN_RUN_LIMITS: none. Something that takes nothing of a
 * resource is not held up by its limit, even one that is passed already. */
static uint32_t passed(const struct suan_group *g, const struct suan_vec *v, bool plan)
{
	for (uint32_t i = 0; i < SUAN_RUN_LIMITS; i++) {
		int64_t used = g->used[i] + (plan ? g->planned[i] : 0), want = part(v, i);

		if (want > 0 && (used > g->most[i] || want > g->most[i] - used))
			return i;
	}
	return SUAN_RUN_LIMITS;
}

bool suan_quotas_room(const struct suan_planner *p, uint32_t set, const struct suan_vec *v,
		      bool plan)
{
	struct suan_group_set s = set_of(p, set);

	for (uint32_t i = 0; i < s.n; i++)
		if (passed(member(p, s, i), v, plan) < SUAN_RUN_LIMITS)
			return false;
	return true;
}

static bool is_over(const struct suan_group *g)
{
	for (uint32_t i = 0; i < SUAN_RUN_LIMITS; i++)
		if (g->used[i] > g->most[i])
			return true;
	return false;
}

void suan_quotas_run(struct suan_planner *p, uint32_t set, const struct suan_vec *v, int sign)
{
	struct suan_group_set s = set_of(p, set);

	for (uint32_t k = 0; k < s.n; k++) {
		struct suan_group *g = member(p, s, k);

		for (uint32_t i = 0; i < SUAN_RUN_LIMITS; i++)
			g->used[i] += sign * part(v, i);
		g->over = g->over && is_over(g);
	}
}

void suan_quotas_plan(struct suan_planner *p, uint32_t set, const struct suan_vec *v, int sign)
{
	struct suan_group_set s = set_of(p, set);

	for (uint32_t k = 0; k < s.n; k++)
		for (uint32_t i = 0; i < SUAN_RUN_LIMITS; i++)
			member(p, s, k)->planned[i] += sign * part(v, i);
}

void suan_quotas_begin(struct suan_planner *p)
{
	for (size_t i = 0; i < p->quotas.ngroups; i++)
		memset(p->quotas.groups[i].planned, 0, sizeof(p->quotas.groups[i].planned));
}

void suan_planner_regroup(struct suan_planner *p, uint32_t run, uint32_t set)
{
	struct suan_prun *r = suan_prun_at(p, run);
	struct suan_group_set s = set_of(p, set);

	assert(run < p->nruns && r->pool != SUAN_NO_POOL);
	suan_quotas_run(p, r->quota, &r->vec, -1);
	r->quota = set;
	suan_quotas_run(p, set, &r->vec, 1);
	for (uint32_t k = 0; k < s.n; k++)
		member(p, s, k)->over = is_over(member(p, s, k));
}

void suan_quotas_reshaped(struct suan_planner *p, uint32_t set)
{
	struct suan_group_set s = set_of(p, set);

	for (uint32_t k = 0; k < s.n; k++)
		member(p, s, k)->over = is_over(member(p, s, k));
}

/* ---- classes ---- */

bool suan_quotas_shut(const struct suan_planner *p, const struct suan_class *k, uint32_t pool,
		      bool plan)
{
	struct suan_vec v;

	if (k->quota == 0)
		return false;
	suan_nodes_vec(&p->pools[pool].nodes, &p->waiting.shapes[k->shape].req, &v);
	return !suan_quotas_room(p, k->quota, &v, plan);
}

bool suan_quotas_block(const struct suan_planner *p, const struct suan_class *k,
		       const uint64_t *bits, bool plan)
{
	bool any = false;

	if (k->quota == 0)
		return false;
	for (uint32_t i = 0; i < p->npools; i++) {
		if (!suan_bit(bits, i))
			continue;
		if (!suan_quotas_shut(p, k, i, plan))
			return false;
		any = true;
		if (!p->waiting.shapes[k->shape].req.exclusive)
			break;	/* takes the same everywhere */
	}
	return any;
}

/* ---- answers ---- */

/* The first limit that the ask would pass in the pool; plan: beside what is planned as well. */
static bool short_in(const struct suan_planner *p, uint32_t pool, const struct suan_ask *ask,
		     bool plan, struct suan_short *ret)
{
	struct suan_group_set s = set_of(p, ask->quota);
	struct suan_vec v;

	suan_nodes_vec(&p->pools[pool].nodes, &ask->req, &v);
	for (uint32_t k = 0; k < s.n; k++) {
		const struct suan_group *g = member(p, s, k);
		uint32_t i = passed(g, &v, plan);

		if (i == SUAN_RUN_LIMITS)
			continue;
		*ret = (struct suan_short){.group = p->quotas.members[s.first + k],
					   .limit = (enum suan_limit)i, .used = g->used[i],
					   .want = part(&v, i), .most = g->most[i]};
		return true;
	}
	return false;
}

static bool short_everywhere(const struct suan_planner *p, const struct suan_ask *ask, bool plan,
			     struct suan_short *ret)
{
	struct suan_ask normal;
	bool any = false;
	int64_t a, b;

	if (ask->quota == 0)
		return false;
	suan_ask_normal(ask, &normal);
	for (uint32_t i = 0; i < p->npools; i++) {
		struct suan_short lack;

		if (suan_pool_excludes(p, i, &normal, &a, &b) != SUAN_R_NONE)
			continue;
		if (!short_in(p, i, &normal, plan, &lack))
			return false;
		if (!any)
			*ret = lack;
		any = true;
	}
	return any;
}

bool suan_planner_short(const struct suan_planner *p, const struct suan_ask *ask,
			struct suan_short *ret)
{
	return short_everywhere(p, ask, false, ret);
}

bool suan_planner_limited(const struct suan_planner *p, const struct suan_ask *ask)
{
	struct suan_short lack;

	return short_everywhere(p, ask, true, &lack);
}

void suan_planner_group_used(const struct suan_planner *p, uint32_t group,
			     int64_t ret[SUAN_RUN_LIMITS])
{
	if (group < p->quotas.ngroups)
		memcpy(ret, p->quotas.groups[group].used, sizeof(p->quotas.groups[group].used));
	else
		memset(ret, 0, SUAN_RUN_LIMITS * sizeof(*ret));
}

bool suan_quotas_verify(const struct suan_planner *p, struct suan_err *err)
{
	const struct suan_quotas *q = &p->quotas;
	int64_t *sums = calloc(q->ngroups + 1, SUAN_RUN_LIMITS * sizeof(*sums));
	bool good = sums != NULL;

	for (uint32_t i = 0; good && i < p->nruns; i++) {
		const struct suan_prun *r = suan_prun_at(p, i);
		struct suan_group_set s = set_of(p, r->pool == SUAN_NO_POOL ? 0 : r->quota);

		for (uint32_t k = 0; k < s.n; k++)
			for (uint32_t l = 0; l < SUAN_RUN_LIMITS; l++)
				sums[q->members[s.first + k] * SUAN_RUN_LIMITS + l] +=
					part(&r->vec, l);
	}
	for (uint32_t g = 0; good && g < q->ngroups; g++) {
		const struct suan_group *x = &q->groups[g];

		if (memcmp(x->used, &sums[g * SUAN_RUN_LIMITS], sizeof(x->used)) != 0) {
			suan_fail(err, SUAN_ECORRUPT, "group %u: what is used is not the sum of "
				  "its runs", g);
			good = false;
		} else if (!x->over && is_over(x)) {
			suan_fail(err, SUAN_ECORRUPT, "group %u: its runs pass a limit", g);
			good = false;
		}
	}
	free(sums);
	return good;
}
