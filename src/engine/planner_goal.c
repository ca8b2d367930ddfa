/* What others than the planner may know of its pools, to plan ahead. */
#include "engine/planner_state.h"

enum suan_code suan_planner_left(const struct suan_planner *p, uint32_t pool, int64_t now_ms,
				 struct suan_profile *ret)
{
	return suan_ends_preview(p, &p->pools[pool], now_ms, true, ret);
}

bool suan_planner_takes(const struct suan_planner *p, uint32_t pool, const struct suan_ask *ask,
			struct suan_vec *ret)
{
	const struct suan_ppool *o = &p->pools[pool];
	int64_t a, b;

	if (o->spec.closed != SUAN_R_NONE || suan_planner_fits(p, pool, ask, &a, &b) != SUAN_R_NONE)
		return false;
	if (ask->allow && pool < ask->nallow * 64 && !suan_bit(ask->allow, pool))
		return false;
	suan_nodes_vec(&o->nodes, &ask->req, ret);
	return true;
}
