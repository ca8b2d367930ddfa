/* The order of the queue under each policy, as a key that planner.h sorts by among jobs of equal
 * priority: lower first, then by id, which is the order of submission.
 *   fcfs, easy, conservative: 0
 *   sjf, ljf    the estimate, or its negative
 *   f1          log10(estimate) · cores + 870 · log10(submission), in seconds since the first
 *               submission (Carastan-Santos and de Camargo 2017)
 *   wfp3        −(wait / estimate)³ · cores (Tang et al. 2009): changes with time
 * Logarithms stand for the products: they order alike and do not overflow. */
#ifndef SUAN_ENGINE_ORDER_H
#define SUAN_ENGINE_ORDER_H

#include "engine/state.h"

int64_t suan_order_key(const struct suan_engine *e, const struct suan_job *j, int64_t now_ms);
bool suan_order_moves(enum suan_policy_kind kind); /* keys change with time */
/* How the planner backfills: easy, fcfs or conservative. */
enum suan_plan_mode suan_order_mode(enum suan_policy_kind kind);

#endif
