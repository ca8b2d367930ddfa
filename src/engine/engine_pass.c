/* PASS: the planner says what starts; leases that ended are let go. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/alone.h"
#include "engine/data.h"
#include "engine/goal.h"
#include "engine/reserve.h"
#include "engine/state.h"

struct suan_pick {			/* which element a start of the planner is for */
	struct suan_job *job;
	uint32_t pos;
	uint32_t why;
	struct suan_place *places;	/* owned; NULL: one place */
};

/* ---- starts: first what can fail ---- */

/* before: the start before and its pick follow; NULL: it is the first. Equal starts in a row share
 * their candidates, and what those cost if they are planned as long. */
static enum suan_code keep_why(struct suan_engine *e, const struct suan_start *s,
			       const struct suan_start *before, struct suan_pick *p)
{
	const struct suan_pick *last = p - 1;

	if (!before || before->cands != s->cands ||
	    last->job->estimate_ms != p->job->estimate_ms)
		return suan_why_put(e, p->job, s, &p->why);
	suan_intern_ref(e->strings, last->why);
	p->why = last->why;
	return SUAN_OK;
}

static enum suan_code prepare_one(struct suan_engine *e, const struct suan_start *s,
				  const struct suan_start *before, struct suan_pick *p)
{
	size_t bytes = s->nplaces * sizeof(*p->places);
	struct suan_array *a;
	enum suan_code rc;

	*p = (struct suan_pick){.job = suan_jobs_find(e, s->id)};
	assert(p->job && s->nplaces > 0);
	a = suan_jobs_array(p->job);
	p->pos = suan_elems_next_ready(p->job, a ? a->pick : 0);
	assert(p->pos != SUAN_NO_POS);
	if (a)
		a->pick = p->pos + 1;
	rc = suan_elems_open(e, p->job, p->pos);
	if (rc == SUAN_OK && !e->policy.terse)
		rc = keep_why(e, s, before, p);
	if (rc != SUAN_OK || s->nplaces == 1)
		return rc;
	p->places = suan_jobs_room(e, bytes);
	if (!p->places)
		return SUAN_ENOMEM;
	memcpy(p->places, s->places, bytes);
	return SUAN_OK;
}

/* Takes back n picks and all starts: the planner must be told of these jobs anew. */
static void undo(struct suan_engine *e, const struct suan_start *starts, uint32_t n,
		 uint32_t npicks)
{
	for (uint32_t i = 0; i < npicks; i++) {
		struct suan_pick *p = &e->picks[i];

		suan_intern_drop(e->strings, p->why);
		if (p->places)
			suan_jobs_release(e, p->places, starts[i].nplaces * sizeof(*p->places));
		if (suan_jobs_array(p->job))
			suan_jobs_array(p->job)->pick = 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		suan_planner_end(e->plan->planner, starts[i].run);
		suan_sync_replan(e, suan_jobs_find(e, starts[i].id));
	}
}

static size_t leases_over(const struct suan_engine *e, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < e->leases.count; i++)
		n += e->leases.list[i].at_ms <= now_ms;
	return n;
}

static enum suan_code prepare(struct suan_engine *e, const struct suan_start *starts, uint32_t n,
			      int64_t now_ms, struct suan_effects *fx)
{
	uint32_t done = 0;
	size_t stops = 0, moves = 0;
	enum suan_code rc = suan_grow(&e->picks, &e->picks_cap, n, sizeof(*e->picks));

	if (rc == SUAN_OK)
		rc = suan_data_prepare(e, now_ms, &moves);
	if (rc == SUAN_OK)
		rc = suan_preempt_reserve(e, &stops);
	if (rc == SUAN_OK)
		rc = suan_effects_reserve(fx, (size_t)n * 2 + stops + moves +
					      leases_over(e, now_ms) + 1);
	while (rc == SUAN_OK && done < n) {
		rc = prepare_one(e, &starts[done], done > 0 ? &starts[done - 1] : NULL,
				 &e->picks[done]);
		done++;
	}
	if (rc != SUAN_OK) {
		suan_data_undo(e);
		undo(e, starts, n, done);
		suan_planner_revert(e->plan->planner);
	}
	return rc;
}

static void commit_one(struct suan_engine *e, const struct suan_start *s, const struct suan_pick *p,
		       int64_t now_ms, struct suan_effects *fx)
{
	struct suan_elem *x = suan_elems_at(p->job, p->pos);
	struct suan_array *a = suan_jobs_array(p->job);
	struct suan_effect start = {.type = SUAN_FX_START, .pool = s->pool,
				    .state = SUAN_STAGING, .at_ms = now_ms};

	suan_elems_clear(e, x);
	x->nplaces = s->nplaces;
	if (p->places)
		x->places.many = p->places;
	else
		x->places.one = s->places[0];
	x->why = p->why;
	x->attempt++;
	x->pool = s->pool;
	x->run = s->run;
	x->order_ms = now_ms;
	x->start_ms = x->end_ms = 0;
	x->exit_code = x->signal = 0;
	x->usage = (struct suan_usage){0};
	x->reason = SUAN_R_NONE;
	x->stopping = x->again = x->acked = x->pushed = false;
	x->stop_ms = 0;
	x->stop_for = 0;
	suan_outlook_started(e, p->job, now_ms);
	suan_alone_started(e, p->job, now_ms);
	p->job->started = true;
	suan_wants_planned(e, p->job, p->job->planned - 1);
	suan_wants_began(e, p->job, e->net.pools[s->pool].site, now_ms);
	if (a) {
		a->pick = 0;
		a->last_pool = s->pool;
	}
	start.run = (struct suan_run_id){p->job->id, suan_elems_index(p->job, p->pos), x->attempt};
	suan_planner_name(e->plan->planner, s->run, start.run.index);
	suan_effects_push(fx, &start);
	suan_acct_began(e, p->job, x, now_ms);
	suan_elems_move(e, (struct suan_spot){p->job, p->pos}, SUAN_STAGING, false, fx);
}

/* ---- leases ---- */

static void expire(struct suan_engine *e, const struct suan_due *d, int64_t now_ms,
		   struct suan_effects *fx)
{
	struct suan_job *j = suan_jobs_find(e, d->job);
	enum suan_state to = SUAN_PENDING;
	struct suan_elem *x;
	struct suan_array *a = suan_jobs_array(j);
	uint32_t pos = 0;

	(void)suan_elems_pos(j, d->index, &pos);
	x = suan_elems_at(j, pos);
	suan_planner_end(e->plan->planner, x->run);
	suan_acct_ended(e, j, x, now_ms);
	suan_wants_ended(e, j, x->pool, now_ms);
	x->end_ms = now_ms;
	if (a && now_ms > a->last_end_ms)
		a->last_end_ms = now_ms;
	if (x->stopping && !x->again) {
		to = x->pushed ? SUAN_PREEMPTED : SUAN_CANCELLED;
		x->reason = x->pushed ? SUAN_R_PREEMPTED : SUAN_R_CANCELLED_BY_USER;
	} else if (x->again) {
		x->losses = x->pushed ? x->losses : 0;
	} else if (j->guarantee == SUAN_AT_MOST_ONCE) {
		to = SUAN_UNKNOWN;
	} else if (++x->losses >= suan_engine_max_attempts(e)) {
		to = SUAN_FAILED;
		x->reason = SUAN_R_TOO_MANY_ATTEMPTS;
	}
	if (x->pushed)
		suan_preempt_note(e, j, x);
	x->stopping = x->again = x->pushed = false;
	x->stop_ms = 0;
	if (to == SUAN_PENDING) {
		x->reason = SUAN_R_NONE;
		x->stop_for = 0;
		x->order_ms = x->start_ms = x->end_ms = 0;
	}
	suan_elems_move(e, (struct suan_spot){j, pos}, to, false, fx);
}

/* After the starts, because it cannot be taken back; what it frees is for the pass it asks for. */
static int64_t expire_all(struct suan_engine *e, int64_t now_ms, struct suan_effects *fx)
{
	const struct suan_due *d;
	bool any = false;

	while ((d = suan_dues_lease(e)) && d->at_ms <= now_ms) {
		struct suan_due copy = *d;

		suan_dues_pop(&e->leases);
		expire(e, &copy, now_ms, fx);
		any = true;
	}
	if (any)
		return now_ms;
	return d ? d->at_ms : SUAN_FOREVER;
}

enum suan_code suan_engine_pass(struct suan_engine *e, int64_t now_ms, struct suan_effects *fx)
{
	const struct suan_start *starts;
	const struct suan_due *begin;
	struct suan_effect wake = {.type = SUAN_FX_WAKE, .pool = SUAN_NO_POOL};
	int64_t planner_wake = SUAN_FOREVER, moved;
	uint32_t n = 0;
	enum suan_code rc = suan_sync(e, now_ms);

	if (rc == SUAN_OK)
		rc = suan_goals_pass(e, now_ms);
	if (rc == SUAN_OK)
		rc = suan_alone_pass(e, now_ms);
	if (rc == SUAN_OK && e->alone)
		rc = suan_sync(e, now_ms);	/* some may go first now */
	if (rc == SUAN_OK)
		rc = suan_transfer_plan(e, now_ms);
	if (rc == SUAN_OK)
		rc = suan_wants_sync(e, now_ms);
	if (rc == SUAN_OK)
		rc = suan_planner_pass(e->plan->planner, now_ms, &starts, &n, &planner_wake);
	if (rc == SUAN_OK)
		rc = prepare(e, starts, n, now_ms, fx);
	if (rc == SUAN_OK && suan_reserve_prepare(e, now_ms) != SUAN_OK) {
		suan_data_undo(e);
		undo(e, starts, n, n);
		suan_planner_revert(e->plan->planner);
		rc = SUAN_ENOMEM;
	}
	if (rc != SUAN_OK) {
		/* The planner may know of begins that have not come if the next pass is earlier. */
		e->plan->all_dirty = true;
		suan_goals_undo(e);
		suan_alone_undo(e);
		suan_dues_restore(e);
		return rc;
	}
	e->plan->nmarks = 0;
	suan_alone_commit(e);
	for (uint32_t i = 0; i < n; i++)
		commit_one(e, &starts[i], &e->picks[i], now_ms, fx);
	suan_preempt_commit(e, fx);
	suan_outlook_give(e, now_ms);
	wake.at_ms = expire_all(e, now_ms, fx);
	if (suan_reserve_settle(e, now_ms))
		wake.at_ms = now_ms;
	if (suan_reserve_wake(e) < wake.at_ms)
		wake.at_ms = suan_reserve_wake(e);
	moved = suan_data_settle(e, now_ms, fx);
	if (moved < wake.at_ms)
		wake.at_ms = moved;
	begin = suan_dues_begin(e);
	if (begin && begin->at_ms < wake.at_ms)
		wake.at_ms = begin->at_ms;
	if (suan_goals_wake(e, now_ms) < wake.at_ms)
		wake.at_ms = suan_goals_wake(e, now_ms);
	if (planner_wake < wake.at_ms)
		wake.at_ms = planner_wake;
	if (wake.at_ms != SUAN_FOREVER)
		suan_effects_push(fx, &wake);
	return SUAN_OK;
}
