/* Times from which on an ask may run in a pool, because what it reads is there only then. */
#include "engine/planner_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

void suan_arrivals_done(struct suan_planner *p)
{
	for (size_t i = 0; i < p->narrivals; i++)
		free(p->arrivals[i].at);
	free(p->arrivals);
}

static enum suan_code reserve_sets(struct suan_planner *p, uint32_t set)
{
	enum suan_code rc = suan_grow(&p->arrivals, &p->arrivals_cap, (size_t)set + 1,
				      sizeof(*p->arrivals));

	for (; rc == SUAN_OK && p->narrivals <= set; p->narrivals++)
		p->arrivals[p->narrivals] = (struct suan_arrival){NULL, 0};
	return rc;
}

/* What was planned may have to move. */
enum suan_code suan_planner_arrivals(struct suan_planner *p, uint32_t set, const int64_t *at_ms,
				     uint32_t npools)
{
	struct suan_arrival *a;
	size_t bytes = npools * sizeof(*at_ms);
	int64_t *at;

	if (reserve_sets(p, set) != SUAN_OK)
		return SUAN_ENOMEM;
	a = &p->arrivals[set];
	if (a->count == npools && (npools == 0 || memcmp(a->at, at_ms, bytes) == 0))
		return SUAN_OK;
	at = a->count == npools ? a->at : realloc(a->at, bytes + sizeof(*at));
	if (!at)
		return SUAN_ENOMEM;
	a->at = at;
	a->count = npools;
	memcpy(at, at_ms, bytes);
	p->again.only = false;
	p->slots.touched = true;
	return SUAN_OK;
}

int64_t suan_planner_arrival(const struct suan_planner *p, uint32_t set, uint32_t pool)
{
	return suan_arrival_at(p, set, pool);
}

static bool told(const struct suan_planned *h, uint64_t *ret_id, uint32_t *ret_pool,
		 int64_t *ret_start_ms)
{
	*ret_id = h->id;
	*ret_pool = h->pool;
	*ret_start_ms = h->hold.from;
	return true;
}

bool suan_planner_planned(const struct suan_planner *p, size_t i, uint64_t *ret_id,
			  uint32_t *ret_pool, int64_t *ret_start_ms)
{
	bool slots = p->kind == SUAN_PLAN_CONSERVATIVE;
	size_t n = slots ? p->slots.count : p->nplanned;

	if (i < n && slots) {
		*ret_id = p->slots.list[i].id;
		*ret_pool = p->slots.list[i].pool;
		*ret_start_ms = p->slots.list[i].from;
		return true;
	}
	if (i < n)
		return told(&p->planned[i], ret_id, ret_pool, ret_start_ms);
	i -= n;
	for (size_t k = 0; k < p->nwindows; i -= p->windows[k++].nholds)
		if (i < p->windows[k].nholds)
			return told(&p->windows[k].holds[i], ret_id, ret_pool, ret_start_ms);
	return false;
}
