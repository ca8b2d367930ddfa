/* The earliest start of a class over many pools, without a search of each pool's profile. For each
 * shape and pool a time is remembered before which nothing of that shape can be planned there,
 * however short: the first step of the profile behind `now` that has room. In a pass profiles only
 * fill, so that it stays true; only a run that begins may let something be planned before the
 * pool's first expected end (sums that said now do so no more), and voids it. Pools whose time is
 * not before the best start found so far are not looked at. A start that waits for stops is planned
 * at a time that is no step, and voids it too. */
#include "base/grow.h"
#include "engine/planner_pass.h"

/* The first step of the view behind `now`. */
static int64_t first_step(const struct suan_ppool *o, int64_t now)
{
	const struct suan_profile *f = o->planned > 0 ? &o->soft : &o->base;
	size_t lo = 0, n = f->count;

	while (n > 0) {
		size_t half = n / 2;

		if (f->steps[lo + half].from <= now) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo < f->count ? f->steps[lo].from : SUAN_FOREVER;
}

/* Not before *ret, which is a bound already. */
static enum suan_code find_bound(struct suan_pass *s, const struct suan_class *k, uint32_t pool,
				 struct suan_bound *ret)
{
	struct suan_ppool *o = &s->p->pools[pool];
	struct suan_vec v;
	enum suan_code rc = suan_pass_view(s, o);
	int64_t step;

	if (rc != SUAN_OK)
		return rc;
	suan_nodes_vec(&o->nodes, &s->p->waiting.shapes[k->shape].req, &v);
	step = first_step(o, s->now);
	if (step != SUAN_FOREVER)
		step = suan_pass_search(o, &v, 1, step > ret->at ? step : ret->at, SUAN_FOREVER);
	*ret = (struct suan_bound){step, o->filled};
	return SUAN_OK;
}

static enum suan_code fill(struct suan_pass *s, const struct suan_class *k, const uint64_t *bits)
{
	struct suan_planner *p = s->p;
	struct suan_shape *h = &p->waiting.shapes[k->shape];
	enum suan_code rc = suan_grow(&p->bounds, &p->bounds_cap, (p->nbounds + 1) * p->npools,
				      sizeof(*p->bounds));

	for (size_t i = 0; i < p->npools && rc == SUAN_OK; i++) {
		struct suan_bound *bound = &p->bounds[p->nbounds * p->npools + i];

		*bound = (struct suan_bound){SUAN_FOREVER, 0};
		if (suan_pass_excludes(p, bits, p->order[i]))
			continue;
		bound->at = s->now;
		rc = find_bound(s, k, p->order[i], bound);
	}
	if (rc == SUAN_OK) {
		h->bounds = (uint32_t)p->nbounds++;
		h->bounds_pass = p->pass;
	}
	return rc;
}

void suan_bounds_void(struct suan_planner *p, uint32_t pool)
{
	for (size_t i = 0; i < p->nbounds; i++)
		p->bounds[i * p->npools + p->pools[pool].order].at = INT64_MIN;
}

static enum suan_code look_everywhere(struct suan_pass *s, const struct suan_class *k,
				      const uint64_t *bits, uint32_t *ret, int64_t *ret_at)
{
	struct suan_planner *p = s->p;

	for (size_t i = 0; i < p->npools; i++) {
		int64_t at = s->now;
		enum suan_code rc;

		if (suan_pass_out(p, k, bits, p->order[i]))
			continue;
		rc = suan_pass_earliest_in(s, k, p->order[i], &at, *ret_at - 1);
		if (rc != SUAN_OK)
			return rc;
		if (at < *ret_at) {
			*ret_at = at;
			*ret = p->order[i];
		}
	}
	return SUAN_OK;
}

/* Where a search in the pool may begin: if not now, then not before the bound. */
static enum suan_code find_begin(struct suan_pass *s, const struct suan_class *k, uint32_t pool,
				 int64_t bound, int64_t *ret)
{
	struct suan_ppool *o = &s->p->pools[pool];
	enum suan_code rc;
	struct suan_vec v;

	*ret = bound > s->now ? bound : s->now;
	suan_nodes_vec(&o->nodes, &s->p->waiting.shapes[k->shape].req, &v);
	if (bound <= s->now || !suan_vec_fits(&v, &o->nodes.free))
		return SUAN_OK;
	rc = suan_pass_view(s, o);
	if (rc == SUAN_OK && suan_vec_fits(&v, suan_profile_at(o->planned > 0 ? &o->soft : &o->base,
							       s->now)))
		*ret = s->now;
	return rc;
}

struct found {
	size_t place; /* of the pool in order */
	int64_t at;
};

/* Is its start in the pool at place i better? What is learnt goes into the bound. */
static enum suan_code look(struct suan_pass *s, const struct suan_class *k, const uint64_t *bits,
			   size_t i, struct found *best)
{
	struct suan_planner *p = s->p;
	uint32_t pool = p->order[i];
	size_t row = p->waiting.shapes[k->shape].bounds * p->npools;
	struct suan_bound *bound = &p->bounds[row + i];
	int64_t at;
	enum suan_code rc;

	if (suan_pass_excludes(p, bits, pool))
		bound->at = SUAN_FOREVER;
	if (suan_pass_out(p, k, bits, pool))
		return SUAN_OK;
	rc = find_begin(s, k, pool, bound->at, &at);
	if (rc == SUAN_OK)
		rc = suan_pass_earliest_in(s, k, pool, &at, best->at - (i > best->place));
	if (rc != SUAN_OK)
		return rc;
	if (at != SUAN_FOREVER && (at < best->at || (at == best->at && i < best->place)))
		*best = (struct found){i, at};
	if (at > bound->at && (bound->filled != p->pools[pool].filled || bound->at <= s->now))
		rc = find_bound(s, k, pool, bound);
	return rc;
}

/* First the pool that looks best, then those that may be better, by order. */
static enum suan_code look_around(struct suan_pass *s, const struct suan_class *k,
				  const uint64_t *bits, struct found *best)
{
	struct suan_planner *p = s->p;
	const struct suan_bound *bounds =
		&p->bounds[p->waiting.shapes[k->shape].bounds * p->npools];
	enum suan_code rc;
	size_t first = 0;

	for (size_t i = 1; i < p->npools; i++)
		if (bounds[i].at < bounds[first].at)
			first = i;
	if (bounds[first].at == SUAN_FOREVER)
		return SUAN_OK;
	rc = look(s, k, bits, first, best);
	for (size_t i = 0; i < p->npools && rc == SUAN_OK; i++) {
		int64_t at = bounds[i].at;

		if (i != first && at != SUAN_FOREVER &&
		    (at < best->at || (at == best->at && i < best->place)))
			rc = look(s, k, bits, i, best);
	}
	return rc;
}

enum suan_code suan_pass_earliest(struct suan_pass *s, const struct suan_class *k,
				  const uint64_t *bits, uint32_t *ret, int64_t *ret_at)
{
	struct suan_planner *p = s->p;
	const struct suan_shape *h = &p->waiting.shapes[k->shape];
	struct found best = {SIZE_MAX, SUAN_FOREVER};
	enum suan_code rc = SUAN_OK;

	*ret = SUAN_NO_POOL;
	*ret_at = SUAN_FOREVER;
	/* a start may be planned at an arrival, which is no step of the profile */
	if (p->npools == 1 || h->classes == 1 || h->arrivals || p->kind == SUAN_PLAN_CONSERVATIVE)
		return look_everywhere(s, k, bits, ret, ret_at);
	if (h->bounds_pass != p->pass)
		rc = fill(s, k, bits);
	if (rc == SUAN_OK)
		rc = look_around(s, k, bits, &best);
	if (rc == SUAN_OK && best.at != SUAN_FOREVER) {
		*ret = p->order[best.place];
		*ret_at = best.at;
	}
	return rc;
}
