/* The order of the queue under each policy, as a key that planner.h sorts by among jobs of equal
 * priority: lower first, then by id, which is the order of submission.
 *   - fcfs, easy, conservative: 0
 *   - sjf, ljf: the estimate, or its negative
 *   - f1: log10(estimate) · cores + 870 · log10(submission), in seconds since the first submission
 *     (Carastan-Santos and de Camargo 2017)
 *   - wfp3: −(wait / estimate)³ · cores (Tang et al. 2009): changes with time
 *   - suan: submission less a head start of some days for wide jobs (by their share of the largest
 *     pool) and for short ones (by θ / (θ + expected run time)); over several pools also for wide
 *     and long ones. Backfilled starts count with three quarters of the expected run time against
 *     the protected starts; jobs expected to end within a minute, not at all. A job that has
 *     waited for a week goes before all others, in order of submission, and starts behind it count
 *     with their estimate: nothing that came later can delay it any more.
 *     Accounts that had less than their share have a head start on top, also among those that
 *     have waited for a week: standing.c.
 *     docs/internals/policy.md says what was tried.
 * Logarithms stand for the products: they order alike and do not overflow. */
#ifndef SUAN_ENGINE_ORDER_H
#define SUAN_ENGINE_ORDER_H

#include "engine/state.h"

int64_t suan_order_key(const struct suan_engine *e, const struct suan_job *j, int64_t now_ms);
/* What a backfilled start counts with; see struct suan_ask. */
int64_t suan_order_fit(const struct suan_job *j);
int64_t suan_order_firm(const struct suan_job *j); /* struct suan_item; the key changes then */
bool suan_order_moves(enum suan_policy_kind kind); /* keys change with time */
/* How the planner backfills: easy, fcfs or conservative. */
enum suan_plan_mode suan_order_mode(enum suan_policy_kind kind);

#endif
