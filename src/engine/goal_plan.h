/* Where and when starts that may wait cost least: work × pool × time under capacity.
 *
 * Each start has a window and holds one place (pool, time) that the profiles can take, so that what
 * was planned stays possible and is improved from plan to plan instead of being made anew. Shadow
 * prices of pool and slot say what room costs others: in each round every start in turn looks for
 * its cheapest place at cost + price, where the price rises with the load above capacity, and after
 * the round that price stays (method of multipliers, Hestenes 1969, by coordinates). Then every
 * start in turn, those without a place first, then the largest, leaves its place and takes the best
 * that fits exactly; it moves only for a gain above the threshold. If one finds none in its window,
 * all are placed anew, the most urgent first, and that is taken if fewer are late.
 *
 * Whole numbers, counted steps, ties end on pool, time and id. docs/internals/goals.md */
#ifndef SUAN_ENGINE_GOAL_PLAN_H
#define SUAN_ENGINE_GOAL_PLAN_H

#include "engine/model.h"
#include "engine/profile.h"

struct suan_goal_pool {		/* all borrowed */
	const struct suan_profile *free;	/* what runs and starts of others leave */
	int64_t milli;		/* thousandths of a node that it has; ≥ 1 */
	const int64_t *rate;	/* cost of such a thousandth in each slot, in any unit */
	const int64_t *ahead;	/* thousandths that work to come will want; it bears on prices */
};

/* Slot 0 is the one that now_ms lies in; beyond the last its rate holds for ever. */
struct suan_goal_ground {
	int64_t now_ms, slot_ms;	/* slots begin at whole multiples of it */
	uint32_t nslots, npools;	/* ≥ 1 */
	const struct suan_goal_pool *pools;
	uint32_t rounds;	/* of prices */
	uint32_t rise_milli;	/* of a price while a slot is asked for twice, of the mean rate */
	uint32_t passes;	/* of exact places; ≥ 1 */
	int64_t gain_ppm;	/* a start moves for more than this part of what it costs */
	uint64_t steps;		/* looks at a place that may be spent */
};

struct suan_goal_need {		/* of a start in one pool */
	struct suan_vec vec;	/* by sums */
	int64_t milli;		/* thousandths of a node; 0: it cannot go there */
};

struct suan_goal_start {
	uint64_t id;
	int64_t from_ms, latest_ms;	/* start not before, and not after if it can be helped */
	int64_t run_ms;			/* > 0 */
	const struct suan_goal_need *needs;	/* borrowed; of each pool */
	uint32_t pool;		/* its place so far, SUAN_NO_POOL: none; then the one found */
	int64_t start_ms;
};

/* Places every start that some pool can ever take; one past its window goes to the earliest place
 * there is. price: npools × nslots shadow prices, those of the plan before (0 at first) and then
 * those of this one. ENOMEM: starts and prices are as before. */
SUAN_MUSTUSE enum suan_code suan_goal_plan(const struct suan_goal_ground *g,
					   struct suan_goal_start *starts, size_t n,
					   int64_t *price);
/* So many starts come later than they may, or not at all. */
size_t suan_goal_late(const struct suan_goal_start *starts, size_t n);

#endif
