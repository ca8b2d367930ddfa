/* Quotas of the planner: groups whose runs together stay within limits, and sets of groups, one of
 * which an ask names. The rules, added to those of planner.h:
 *   - A start is made only where every group of its set has room for what it takes there (of an
 *     exclusive one whole nodes, so that pools differ); what runs never passes a limit.
 *   - A start is planned only where there is room beside what runs and what was planned before it
 *     in the same pass. What finds none anywhere is not planned, so it protects nothing and blocks
 *     nobody, and it does not make the queue firm.
 *   - conservative: a slot goes when there is no room for it beside what runs and the slots before
 *     it; an exclusive one with a quota stays in its pool.
 * Sets are part of the class of an ask. Within a pass room only gets less, as planner_pass.c wants.
 */
#ifndef SUAN_ENGINE_PLANNER_QUOTA_H
#define SUAN_ENGINE_PLANNER_QUOTA_H

#include "base/err.h"
#include "engine/model.h"
#include "engine/profile.h"

struct suan_group {
	int64_t most[SUAN_RUN_LIMITS]; /* INT64_MAX: no limit */
	int64_t used[SUAN_RUN_LIMITS];
	int64_t planned[SUAN_RUN_LIMITS]; /* by the present pass */
	bool over; /* held more when the limit came, or nodes grew; until it fits again */
};

struct suan_group_set {
	uint32_t first, n; /* in members */
};

struct suan_quotas {
	struct suan_group *groups;   /* owned */
	struct suan_group_set *sets; /* owned; set 0 is empty */
	uint32_t *members;	     /* owned */
	size_t ngroups, groups_cap, nsets, sets_cap, nmembers, members_cap;
};

struct suan_planner;
struct suan_class;

void suan_quotas_done(struct suan_quotas *q);
/* Is there room beside the runs, and (plan) beside what is planned? */
bool suan_quotas_room(const struct suan_planner *p, uint32_t set, const struct suan_vec *v,
		      bool plan);
/* A run begins, or ends (sign −1). */
void suan_quotas_run(struct suan_planner *p, uint32_t set, const struct suan_vec *v, int sign);
void suan_quotas_plan(struct suan_planner *p, uint32_t set, const struct suan_vec *v, int sign);
/* Nodes of its runs grew: they may hold more than the limits. */
void suan_quotas_reshaped(struct suan_planner *p, uint32_t set);
void suan_quotas_begin(struct suan_planner *p); /* a pass: nothing is planned */
/* No room for the class in this pool, which admits it; in any pool of bits. */
bool suan_quotas_shut(const struct suan_planner *p, const struct suan_class *k, uint32_t pool,
		      bool plan);
bool suan_quotas_block(const struct suan_planner *p, const struct suan_class *k,
		       const uint64_t *bits, bool plan);
/* Sums and limits. */
bool suan_quotas_verify(const struct suan_planner *p, struct suan_err *err);

#endif
