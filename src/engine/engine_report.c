/* REPORT: what a site says about one run. Told twice, late or about a stale attempt: no change. */
#include <string.h>

#include "engine/alone.h"
#include "engine/data.h"

struct verdict {
	enum suan_state state;
	enum suan_reason reason;
	bool limbo;	/* keeps its nodes until its lease has ended */
};

static struct verdict lost(const struct suan_engine *e, struct suan_elem *x)
{
	if (++x->losses >= suan_engine_max_attempts(e))
		return (struct verdict){SUAN_FAILED, SUAN_R_TOO_MANY_ATTEMPTS, false};
	return (struct verdict){SUAN_PENDING, SUAN_R_NONE, false};
}

/* The run may still be going on. */
static struct verdict unknown(const struct suan_engine *e, const struct suan_job *j,
			      struct suan_elem *x)
{
	if (j->guarantee == SUAN_AT_LEAST_ONCE && !x->stopping)
		return lost(e, x);
	return (struct verdict){SUAN_UNKNOWN, SUAN_R_LOST, true};
}

/* It ran. */
static bool ran(enum suan_outcome o)
{
	return o >= SUAN_OUT_EXITED && o <= SUAN_OUT_MEMORY;
}

/* It is over, and we know how. */
static struct verdict known(const struct suan_report *r)
{
	switch (r->outcome) {
	case SUAN_OUT_EXITED:
		if (r->exit_code == 0)
			return (struct verdict){SUAN_COMPLETED, SUAN_R_NONE, false};
		return (struct verdict){SUAN_FAILED, SUAN_R_EXIT_CODE, false};
	case SUAN_OUT_SIGNALLED:
		return (struct verdict){SUAN_FAILED, SUAN_R_SIGNAL, false};
	case SUAN_OUT_TIMEOUT:
		return (struct verdict){SUAN_TIMEOUT, SUAN_R_WALLTIME, false};
	case SUAN_OUT_MEMORY:
		return (struct verdict){SUAN_OUT_OF_MEMORY, SUAN_R_MEMORY, false};
	case SUAN_OUT_CANCELLED:
		return (struct verdict){SUAN_CANCELLED, SUAN_R_CANCELLED_BY_USER, false};
	case SUAN_OUT_START_FAILED:
		return (struct verdict){SUAN_FAILED, SUAN_R_START_FAILED, false};
	case SUAN_OUT_STAGING_FAILED:
		return (struct verdict){SUAN_FAILED, SUAN_R_STAGING_FAILED, false};
	case SUAN_OUT_NOT_STARTED:
	case SUAN_OUT_LOST:
	case SUAN_OUT_UNKNOWN:
		break;
	}
	return (struct verdict){SUAN_PENDING, SUAN_R_NONE, false};
}

/* It ended before the stop reached it. */
static bool ended_first(const struct suan_report *r)
{
	return (r->outcome == SUAN_OUT_EXITED && r->exit_code == 0) ||
	       r->outcome == SUAN_OUT_TIMEOUT || r->outcome == SUAN_OUT_MEMORY;
}

static struct verdict judge(const struct suan_engine *e, const struct suan_job *j,
			    struct suan_elem *x, const struct suan_report *r)
{
	bool success = r->outcome == SUAN_OUT_EXITED && r->exit_code == 0;

	if (r->outcome == SUAN_OUT_UNKNOWN)
		return unknown(e, j, x);
	if (x->pushed && ended_first(r))
		return known(r);
	if (x->stopping && x->again) {
		x->losses = x->pushed ? x->losses : 0;
		return (struct verdict){SUAN_PENDING, SUAN_R_NONE, false};
	}
	if (x->pushed && !success)
		return (struct verdict){SUAN_PREEMPTED, SUAN_R_PREEMPTED, false};
	if (x->stopping && !success)
		return (struct verdict){SUAN_CANCELLED, SUAN_R_CANCELLED_BY_USER, false};
	if (r->outcome != SUAN_OUT_LOST)
		return known(r);
	if (j->guarantee == SUAN_AT_MOST_ONCE)
		return (struct verdict){SUAN_UNKNOWN, SUAN_R_LOST, false};
	return lost(e, x);
}

/* By the site's clock, as far as it can be true: not before `from` and not to come. A lease counts
 * from this time. */
static int64_t told_ms(const struct suan_report *r, int64_t from_ms, int64_t now_ms)
{
	int64_t at = r->at_ms > 0 && r->at_ms < now_ms ? r->at_ms : now_ms;

	return at > from_ms ? at : from_ms;
}

static void note_times(struct suan_job *j, struct suan_elem *x, const struct suan_report *r,
		       int64_t now_ms)
{
	struct suan_array *a = suan_jobs_array(j);
	int64_t at = told_ms(r, x->start_ms ? x->start_ms : x->order_ms, now_ms);

	/* Its start was not told: it lies between the order and the end. */
	if (x->start_ms == 0 && ran(r->outcome))
		x->start_ms = x->order_ms;
	x->end_ms = at;
	if (a && x->start_ms && (a->first_start_ms == 0 || x->start_ms < a->first_start_ms))
		a->first_start_ms = x->start_ms;
	if (a && at > a->last_end_ms)
		a->last_end_ms = at;
}

/* Ends that say how long such jobs take. */
static void learn(struct suan_engine *e, struct suan_job *j, const struct suan_elem *x)
{
	if (x->start_ms == 0 || x->end_ms <= x->start_ms)
		return;
	suan_history_learn(&e->history, j->user, j->estimate_ms, x->end_ms - x->start_ms);
	suan_alone_ended(e, j, x->end_ms - x->start_ms);
	if (!suan_jobs_array(j))
		return;
	/* the other elements are its nearest kin */
	suan_jobs_predict(e, j);
	suan_sync_replan(e, j);
}

static void end(struct suan_engine *e, struct suan_job *j, uint32_t pos,
		const struct suan_event *ev, struct suan_effects *fx)
{
	const struct suan_report *r = &ev->u.report;
	struct suan_elem *x = suan_elems_at(j, pos);
	struct verdict v = judge(e, j, x, r);

	if (ran(r->outcome))
		suan_net_start_worked(e, x->pool);
	else if (r->outcome == SUAN_OUT_NOT_STARTED && !x->stopping && !ev->old_rules)
		suan_net_start_failed(e, x->pool, x->order_ms, ev->now_ms);
	x->usage = r->usage;
	x->exit_code = r->exit_code;
	x->signal = r->signal;
	x->reason = (uint8_t)v.reason;
	if (v.limbo) {
		/* It may have been started at any time up to now. */
		if (x->start_ms == 0 && !ev->old_rules)
			x->start_ms = ev->now_ms;
		suan_dues_push(&e->leases, &(struct suan_due){
			.at_ms = suan_dues_lease_end(j, x), .job = j->id,
			.index = r->run.index, .attempt = x->attempt});
	} else {
		suan_planner_end(e->plan->planner, x->run);
		suan_acct_ended(e, j, x, ev->now_ms);
		suan_wants_ended(e, j, x->pool, ev->now_ms);
		note_times(j, x, r, ev->now_ms);
		if (x->pushed && !ended_first(r))
			suan_preempt_note(e, j, x);
		x->stopping = x->again = x->pushed = false;
		x->stop_ms = 0;
		if (r->outcome <= SUAN_OUT_MEMORY)
			learn(e, j, x);
	}
	if (v.state == SUAN_PENDING) {
		x->order_ms = x->start_ms = x->end_ms = 0;
		x->exit_code = x->signal = 0;
		x->stop_for = 0;
	}
	suan_elems_move(e, (struct suan_spot){j, pos}, v.state, v.limbo, fx);
	if (v.limbo)
		suan_preempt_rank_one(e, j, x);
}

static void started(struct suan_engine *e, struct suan_job *j, uint32_t pos,
		    const struct suan_event *ev, struct suan_effects *fx)
{
	struct suan_array *a = suan_jobs_array(j);
	struct suan_elem *x = suan_elems_at(j, pos);

	x->acked = true;
	if (x->state != SUAN_STAGING)
		return;
	suan_net_start_worked(e, x->pool);
	x->start_ms = told_ms(&ev->u.report, x->order_ms, ev->now_ms);
	if (a && (a->first_start_ms == 0 || x->start_ms < a->first_start_ms))
		a->first_start_ms = x->start_ms;
	suan_elems_move(e, (struct suan_spot){j, pos}, SUAN_RUNNING, false, fx);
}

void suan_engine_lose_run(struct suan_engine *e, struct suan_spot at, int64_t now_ms,
			  struct suan_effects *fx)
{
	struct suan_elem *x = suan_elems_at(at.job, at.pos);
	struct suan_event ev = {.now_ms = now_ms, .type = SUAN_EV_REPORT};

	ev.u.report = (struct suan_report){
		.run = {at.job->id, suan_elems_index(at.job, at.pos), x->attempt},
		.kind = SUAN_REPORT_ENDED, .outcome = SUAN_OUT_UNKNOWN};
	end(e, at.job, at.pos, &ev, fx);
	if (x->limbo)
		x->reason = SUAN_R_SITE_GONE;
}

/* The new text takes the place of the old one. */
static enum suan_code take_text(struct suan_engine *e, struct suan_elem *x, const char *text)
{
	uint32_t id = 0;
	enum suan_code rc;

	if (!text || !text[0])
		return SUAN_OK;
	rc = suan_intern_add(e->strings, text, strlen(text), &id);
	if (rc != SUAN_OK)
		return rc;
	suan_intern_drop(e->strings, x->text);
	x->text = id;
	return SUAN_OK;
}

static bool is_open(const struct suan_elem *x, const struct suan_report *r)
{
	if (x->attempt != r->run.attempt || x->attempt == 0)
		return false;
	if (x->limbo)
		return r->kind == SUAN_REPORT_ENDED && r->outcome != SUAN_OUT_UNKNOWN;
	return x->state == SUAN_STAGING || x->state == SUAN_RUNNING;
}

enum suan_code suan_engine_report(struct suan_engine *e, const struct suan_event *ev,
				  struct suan_effects *fx)
{
	const struct suan_report *r = &ev->u.report;
	struct suan_job *j = suan_jobs_find(e, r->run.job);
	uint32_t pos;
	enum suan_code rc;

	if (!j || !suan_elems_pos(j, r->run.index, &pos)) {
		fx->code = SUAN_ENOTFOUND;
		return SUAN_OK;
	}
	if (!is_open(suan_elems_get(j, pos), r))
		return SUAN_OK;
	if (r->kind == SUAN_REPORT_ENDED &&
	    (r->outcome < SUAN_OUT_EXITED || r->outcome > SUAN_OUT_UNKNOWN)) {
		fx->code = SUAN_EINVAL;
		return SUAN_OK;
	}
	rc = suan_effects_reserve(fx, 1);
	if (rc == SUAN_OK)
		rc = suan_dues_reserve(&e->leases, 1);
	if (rc == SUAN_OK && r->kind == SUAN_REPORT_ENDED)
		rc = suan_history_reserve(&e->history, e->strings, j->user, j->estimate_ms);
	if (rc == SUAN_OK)
		rc = take_text(e, suan_elems_at(j, pos), r->text);
	if (rc != SUAN_OK)
		return rc;
	if (r->kind == SUAN_REPORT_STAGING)
		suan_elems_at(j, pos)->acked = true;
	else if (r->kind == SUAN_REPORT_STARTED)
		started(e, j, pos, ev, fx);
	else if (r->kind == SUAN_REPORT_ENDED)
		end(e, j, pos, ev, fx);
	if (r->forget && suan_jobs_over(j) && !suan_deps_needed(e, j))
		suan_jobs_forget(e, j);
	return SUAN_OK;
}
