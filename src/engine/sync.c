/* Keeps the planner equal to the state. Events only note which jobs changed; the planner is told
 * before it is asked, so an event never fails half way because of it. */
#include <stdlib.h>

#include "base/grow.h"
#include "engine/alone.h"
#include "engine/data.h"
#include "engine/goal.h"
#include "engine/order.h"
#include "engine/reserve.h"
#include "engine/state.h"

#define MANY_DIRTY 4096u

void suan_sync_mark(struct suan_engine *e, struct suan_job *j)
{
	struct suan_plan *p = e->plan;

	if (j->home)
		suan_alone_mark(e, j);
	if (j->dirty)
		return;
	if (suan_grow(&p->dirty, &p->dirty_cap, p->ndirty + 1, sizeof(*p->dirty)) != SUAN_OK) {
		p->all_dirty = true;	/* no memory for a list: all of them then */
		return;
	}
	j->dirty = true;
	p->dirty[p->ndirty++] = j->id;
}

void suan_sync_replan(struct suan_engine *e, struct suan_job *j)
{
	j->replan = true;
	suan_sync_mark(e, j);
}

uint32_t suan_sync_wanted(const struct suan_engine *e, const struct suan_job *j, int64_t now_ms)
{
	const struct suan_array *a = suan_jobs_array(j);
	uint32_t n = suan_elems_ready(j), active;
	uint64_t in_the_way;

	if (n == 0 || suan_jobs_begin(j) > now_ms ||
	    suan_deps_state(e, j, &in_the_way) != SUAN_DEPS_MET)
		return 0;
	if (!a || a->set->cap == 0)
		return n;
	active = suan_elems_active(j);
	if (active >= a->set->cap)
		return 0;
	return n < a->set->cap - active ? n : a->set->cap - active;
}

static enum suan_code sync_job(struct suan_engine *e, struct suan_job *j, int64_t now_ms)
{
	uint32_t want = suan_sync_wanted(e, j, now_ms);
	struct suan_item item = {.id = j->id, .count = want};
	enum suan_code rc = want > 0 ? suan_outlook_list(e, j) : SUAN_OK;

	if (rc != SUAN_OK)
		return rc;
	if (want > 0 && suan_goal_of(j) != SUAN_GOAL_FASTEST) {
		rc = suan_goals_list(e, j);
		if (rc != SUAN_OK)
			return rc;
		want = suan_goals_waits(j, now_ms) ? 0 : want;
	}
	if (want == j->planned && !j->replan && (want == 0 || !e->plan->rekey))
		return SUAN_OK;
	if (want == 0) {
		suan_planner_drop(e->plan->planner, j->id);
	} else {
		suan_jobs_ask(e, j, &item.ask);
		rc = suan_goals_pool(e, j, &item.ask);
		if (rc != SUAN_OK)
			return rc;
		item.priority = suan_preempt_priority(e, j);
		item.key = suan_order_key(e, j, now_ms);
		item.firm_ms = suan_alone_owed(e, j) ? j->submit_ms : suan_order_firm(j);
		rc = suan_planner_add(e->plan->planner, &item);
	}
	if (rc == SUAN_OK) {
		suan_wants_planned(e, j, want);
		j->replan = false;
	}
	return rc;
}

/* After a bulk the list has room that nobody wants again soon. */
static void shrink(struct suan_plan *p)
{
	if (p->ndirty > 0 || p->dirty_cap <= MANY_DIRTY)
		return;
	free(p->dirty);
	p->dirty = NULL;
	p->dirty_cap = 0;
}

static enum suan_code sync_all(struct suan_engine *e, int64_t now_ms)
{
	struct suan_plan *p = e->plan;
	enum suan_code rc = SUAN_OK;
	uint64_t id = 0;

	while (rc == SUAN_OK && (id = suan_engine_next_job(e, id))) {
		struct suan_job *j = suan_jobs_find(e, id);

		rc = sync_job(e, j, now_ms);
		j->dirty = j->dirty && rc != SUAN_OK;
	}
	if (rc == SUAN_OK) {
		p->all_dirty = p->rekey = false;
		p->ndirty = 0;
	}
	return rc;
}

static enum suan_code sync_some(struct suan_engine *e, int64_t now_ms)
{
	struct suan_plan *p = e->plan;
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK && p->ndirty > 0) {
		struct suan_job *j = suan_jobs_find(e, p->dirty[p->ndirty - 1]);

		if (j)
			rc = sync_job(e, j, now_ms);
		if (rc == SUAN_OK) {
			p->ndirty--;
			if (j)
				j->dirty = false;
		}
	}
	return rc;
}

static void mark_begun(struct suan_engine *e, int64_t now_ms)
{
	const struct suan_due *x;

	while ((x = suan_dues_begin(e)) && x->at_ms <= now_ms) {
		struct suan_job *j = suan_jobs_find(e, x->job);

		j->more->due = false;
		suan_sync_mark(e, j);
		suan_dues_pop(&e->plan->begins);
	}
}

/* Ids are in order of submission, so those whose turn has come lie before a cursor. */
static void mark_firm(struct suan_engine *e, int64_t now_ms)
{
	uint64_t id = e->plan->firm_id;
	struct suan_job *j;

	if (e->policy.kind != SUAN_POLICY_SUAN)
		return;
	while ((id = suan_engine_next_job(e, id))) {
		j = suan_jobs_find(e, id);
		if (suan_order_firm(j) > now_ms) {
			e->plan->firm_id = id - 1;	/* those before it are gone */
			return;
		}
		if (j->planned > 0)
			suan_sync_replan(e, j);
		e->plan->firm_id = id;
	}
}

static enum suan_code sync_pools(struct suan_engine *e)
{
	for (uint32_t i = 0; i < e->net.npools; i++) {
		struct suan_plan_pool spec;
		enum suan_code rc;

		suan_net_plan_pool(e, i, &spec);
		rc = suan_planner_pool(e->plan->planner, i, &spec);
		if (rc != SUAN_OK)
			return rc;
		if (e->plan->npools <= i)
			e->plan->npools = i + 1;
	}
	suan_planner_policy(e->plan->planner, suan_order_mode(e->policy.kind),
			    e->policy.plan_depth);
	suan_planner_steps(e->plan->planner, e->policy.plan_steps);
	suan_planner_silence(e->plan->planner, e->policy.terse);
	suan_planner_mix(e->plan->planner,
			 e->policy.packing == SUAN_FRAGMENTATION ? &e->mix : NULL);
	if (suan_preempt_sync(e) != SUAN_OK)
		return SUAN_ENOMEM;
	e->plan->pools_dirty = false;
	e->plan->windows_dirty |= e->reserves.count > 0; /* pools may be delegated now */
	suan_alone_pools(e);
	return SUAN_OK;
}

enum suan_code suan_sync(struct suan_engine *e, int64_t now_ms)
{
	enum suan_code rc = SUAN_OK;

	mark_begun(e, now_ms);
	mark_firm(e, now_ms);
	if (e->plan->pools_dirty)
		rc = sync_pools(e);
	if (rc == SUAN_OK)
		rc = suan_acct_sync(e);
	if (rc == SUAN_OK && e->plan->windows_dirty)
		rc = suan_reserve_sync(e);
	if (rc != SUAN_OK)
		return rc;
	if (suan_order_moves(e->policy.kind))
		e->plan->all_dirty = e->plan->rekey = true;
	rc = e->plan->all_dirty ? sync_all(e, now_ms) : sync_some(e, now_ms);
	shrink(e->plan);
	return rc;
}
