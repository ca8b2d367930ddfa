/* Jobs with a goal other than fastest: when and where each is to start. Such a job has a target, a
 * pool and a time; before it it does not compete for nodes, from then on it waits like any other,
 * for that pool alone while it may still start later, then for any. Targets are found by
 * goal_plan.h from the forecasts of price and carbon, and with what will want the room that has not
 * come yet; anew when a job has none, with every hour and when a signal changed. Where a pool's
 * cost is not known, such jobs go as fastest do. Arrays and jobs in reservations go as fastest.
 * Inside the engine. */
#ifndef SUAN_ENGINE_GOAL_H
#define SUAN_ENGINE_GOAL_H

#include "engine/state.h"

/* FASTEST if nothing of it may wait. */
enum suan_goal suan_goal_of(const struct suan_job *j);
/* Latest start by delay and deadline, with the estimate. */
int64_t suan_goals_latest(const struct suan_engine *e, const struct suan_job *j);
/* It has no target yet, or one that lies ahead. */
bool suan_goals_waits(const struct suan_job *j, int64_t now_ms);
/* Such a job came: what comes later is foreseen from it. */
void suan_goals_learn(struct suan_engine *e, const struct suan_job *j);
/* The job waits: the next pass finds a target for it. On failure nothing changed. */
SUAN_MUSTUSE enum suan_code suan_goals_list(struct suan_engine *e, struct suan_job *j);
/* Lets the ask go to the pool of its target only. Bits are borrowed until the next call. */
SUAN_MUSTUSE enum suan_code suan_goals_pool(struct suan_engine *e, const struct suan_job *j,
					    struct suan_ask *ask);
/* Targets as of now, if they have to be found, and the planner told of jobs whose time has come.
 * On failure, and with undo until the pass is over, targets are as before. */
SUAN_MUSTUSE enum suan_code suan_goals_pass(struct suan_engine *e, int64_t now_ms);
void suan_goals_undo(struct suan_engine *e);
/* When the next pass is needed; SUAN_FOREVER: no job waits for a goal. */
int64_t suan_goals_wake(const struct suan_engine *e, int64_t now_ms);

#endif
