/* Linear programmes: what the best schedule could cost at least. Solved by COIN-OR Clp. Front door
 * of src/plan. */
#ifndef SUAN_PLAN_PLAN_H
#define SUAN_PLAN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SUAN_PLAN_PLACES 64u /* at most: bits of a word */

/* Work that may be done in any slot of [from, until], in any of the places whose bit is set. */
struct suan_plan_work {
	uint32_t from, until;
	uint64_t allow;
	double amount;
	double most; /* that can be done of it in one slot, in all places together; 0: any */
};

/* The transportation problem of work × place × slot (Hitchcock 1941, in its form over time): work
 * may be cut at will, but is not done faster than it can be, so that no schedule of whole jobs can
 * be cheaper than the answer. */
struct suan_plan_transport { /* everything borrowed */
	uint32_t nplaces, nslots;
	const double *capacity;		    /* of each place, in every slot */
	const double *rate;		    /* of one unit of work, by slot · nplaces + place */
	const struct suan_plan_work *works; /* in any order */
	size_t nworks;
};

struct suan_plan_answer {
	double cost;
	/* What does not fit into its slots, however it is arranged. It is counted at the lowest
	 * rate anywhere, so that the cost stays a lower bound. */
	double late;
	uint64_t columns, rows; /* of the programme */
	/* By slot · nplaces + place, the caller's, set before the call; NULL: not wanted. What is
	 * done there, and by how much less the whole would cost with one more unit of capacity (the
	 * dual value); HUGE_VAL where work is late, or would be with less. */
	double *done, *worth;
};

/* ETOOBIG: more than some 20 million columns. EINVAL: work without a place, or outside the slots.
 * EIO: the solver gave up; the text has its status. On failure *ret and what it points to are
 * untouched. */
SUAN_MUSTUSE enum suan_code suan_plan_transport(const struct suan_plan_transport *t,
						struct suan_plan_answer *ret, struct suan_err *err);

#endif
