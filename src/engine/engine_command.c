/* Commands of people about one job: cancel, hold, release, requeue, priority, forget. */
#include <assert.h>
#include <stdlib.h>

#include "base/num.h"
#include "engine/state.h"

struct command {
	struct suan_engine *e;
	struct suan_job *j;
	int64_t now_ms;
	struct suan_effects *fx;
	bool preempt;
};

/* ---- would it be refused? ---- */

static bool may_run(const struct suan_elem *x)
{
	return x->state == SUAN_STAGING || x->state == SUAN_RUNNING || x->limbo;
}

/* At most once: what (perhaps) ran must not run again, whoever asks. */
static bool runs_twice(const struct suan_job *j, const struct suan_elem *x)
{
	return j->guarantee == SUAN_AT_MOST_ONCE && x->attempt > 0 && x->state != SUAN_PENDING;
}

static bool any_runs_twice(const struct suan_job *j, const struct suan_target *t)
{
	uint32_t pos;

	if (j->guarantee != SUAN_AT_MOST_ONCE)
		return false;
	if (!t->all)
		return suan_elems_pos(j, t->index, &pos) && runs_twice(j, suan_elems_get(j, pos));
	for (pos = 0; pos < suan_elems_count(j); pos++)
		if (runs_twice(j, suan_elems_get(j, pos)))
			return true;
	return false;
}

void suan_engine_ask(const struct suan_engine *e, const struct suan_event *ev,
		     struct suan_effects *fx, struct suan_err *err)
{
	const struct suan_target *t = &ev->u.target;
	const struct suan_job *j = suan_jobs_find(e, t->job);
	unsigned long long id = t->job;
	uint32_t pos;

	if (!j)
		fx->code = suan_fail(err, SUAN_ENOTFOUND, "no job %llu", id);
	else if (!t->all && ev->type != SUAN_EV_FORGET && ev->type != SUAN_EV_PRIORITY &&
		 !suan_elems_pos(j, t->index, &pos))
		fx->code = suan_fail(err, SUAN_ENOTFOUND, "job %llu has no element %u", id,
				     t->index);
	else if (ev->type == SUAN_EV_REQUEUE && any_runs_twice(j, t))
		fx->code = suan_fail(err, SUAN_ECONFLICT,
				     "job %llu may start at most once and was started", id);
	else if (ev->type == SUAN_EV_REQUEUE && (!j->started || suan_deps_has_corr(j)) &&
		 suan_deps_lost(e, j))
		fx->code = suan_fail(err, SUAN_ECONFLICT,
				     "a job that job %llu depends on was forgotten", id);
	else if (ev->type == SUAN_EV_FORGET && !suan_jobs_over(j))
		fx->code = suan_fail(err, SUAN_ECONFLICT, "job %llu is not over", id);
	else if (ev->type == SUAN_EV_FORGET && suan_deps_needed(e, j))
		fx->code = suan_fail(err, SUAN_ECONFLICT, "a waiting job depends on job %llu", id);
}

/* ---- one element ---- */

static void push_stop(struct command *c, uint32_t pos, const struct suan_elem *x)
{
	struct suan_effect f = {.type = SUAN_FX_STOP, .pool = x->pool,
				.state = (enum suan_state)x->state};

	f.run = (struct suan_run_id){c->j->id, suan_elems_index(c->j, pos), x->attempt};
	suan_effects_push(c->fx, &f);
}

static void stop(struct command *c, uint32_t pos, bool again)
{
	struct suan_elem *x = suan_elems_at(c->j, pos);

	if (!x->stopping)
		push_stop(c, pos, x);
	x->stopping = true;
	x->again = again;
	suan_preempt_rank_one(c->e, c->j, x);
	if (again)
		return;
	x->pushed = false;	/* who cancels does not want it to come back */
	x->stop_for = 0;
}

/* By hand: as if another job wanted the room. */
static void preempt(struct command *c, uint32_t pos)
{
	struct suan_elem *x = suan_elems_at(c->j, pos);
	struct suan_pushing_out how = {.again = true};

	how.until_ms = suan_sat_add(c->now_ms, suan_preempt_grace(c->e, c->j));
	if (may_run(x) && !x->stopping && !x->limbo)
		suan_preempt_stop(c->e, (struct suan_spot){c->j, pos}, &how, c->fx);
}

static void cancel(struct command *c, uint32_t pos)
{
	struct suan_elem *x = suan_elems_at(c->j, pos);
	struct suan_array *a = suan_jobs_array(c->j);

	if (may_run(x)) {
		stop(c, pos, false);
	} else if (x->state == SUAN_PENDING) {
		x->reason = SUAN_R_CANCELLED_BY_USER;
		x->end_ms = c->now_ms;
		if (a && c->now_ms > a->last_end_ms)
			a->last_end_ms = c->now_ms;
		suan_elems_move(c->e, (struct suan_spot){c->j, pos}, SUAN_CANCELLED, false, c->fx);
	}
}

static void requeue(struct command *c, uint32_t pos)
{
	struct suan_elem *x = suan_elems_at(c->j, pos);

	if (may_run(x)) {
		stop(c, pos, true);
	} else if (x->state != SUAN_PENDING) {
		x->reason = SUAN_R_NONE;
		x->order_ms = x->start_ms = x->end_ms = 0;
		x->exit_code = x->signal = 0;
		x->losses = 0;
		x->stopping = x->again = false;
		x->stop_for = 0;
		suan_elems_move(c->e, (struct suan_spot){c->j, pos}, SUAN_PENDING, false, c->fx);
	}
}

static void apply_one(struct command *c, enum suan_event_type type, uint32_t pos)
{
	if (type == SUAN_EV_CANCEL)
		cancel(c, pos);
	else if (type == SUAN_EV_REQUEUE && c->preempt)
		preempt(c, pos);
	else if (type == SUAN_EV_REQUEUE)
		requeue(c, pos);
	else
		suan_elems_hold(c->e, c->j, pos, type == SUAN_EV_HOLD);
}

/* ---- all elements ---- */

/* Those with a record one by one, the others at once. */
static void apply_all(struct command *c, enum suan_event_type type)
{
	for (uint32_t pos = 0; pos < suan_elems_count(c->j); pos++) {
		if (suan_elems_has_record(c->j, pos))
			apply_one(c, type, pos);
		else if (!suan_jobs_array(c->j) || !suan_jobs_array(c->j)->chunks)
			break;
		else
			pos |= SUAN_CHUNK - 1;	/* nor have the others of its chunk */
	}
	if (type == SUAN_EV_HOLD || type == SUAN_EV_RELEASE)
		suan_elems_hold_rest(c->e, c->j, type == SUAN_EV_HOLD);
	else if (!c->preempt)	/* none of the rest runs */
		suan_elems_move_rest(c->e, c->j, type == SUAN_EV_CANCEL ? SUAN_CANCELLED
									: SUAN_PENDING,
				     type == SUAN_EV_CANCEL ? c->now_ms : 0, c->fx);
}

/* ---- events ---- */

static enum suan_code reserve(struct command *c, const struct suan_event *ev)
{
	const struct suan_target *t = &ev->u.target;
	enum suan_code rc = SUAN_OK;
	uint32_t pos;

	if (!t->all && suan_elems_pos(c->j, t->index, &pos))
		rc = suan_elems_open(c->e, c->j, pos);
	else if (t->all && !suan_jobs_array(c->j) && ev->type != SUAN_EV_HOLD &&
		 ev->type != SUAN_EV_RELEASE)
		rc = suan_elems_open(c->e, c->j, 0);
	if (rc == SUAN_OK)
		rc = suan_dues_reserve(&c->e->plan->begins, 1);
	if (rc == SUAN_OK && c->preempt)
		rc = suan_jobs_more(c->e, c->j);
	if (rc != SUAN_OK || ev->type == SUAN_EV_HOLD || ev->type == SUAN_EV_RELEASE)
		return rc;
	return suan_effects_reserve(c->fx, t->all ? suan_elems_count(c->j) : 1);
}

static void wait_for_begin(struct command *c)
{
	struct suan_job *j = c->j;

	if (suan_jobs_begin(j) <= c->now_ms || j->more->due || !suan_elems_in(j, SUAN_PENDING))
		return;
	suan_dues_push(&c->e->plan->begins,
		       &(struct suan_due){.at_ms = j->more->begin_ms, .job = j->id});
	j->more->due = true;
}

enum suan_code suan_engine_command(struct suan_engine *e, const struct suan_event *ev,
				   struct suan_effects *fx)
{
	struct command c = {e, suan_jobs_find(e, ev->u.target.job), ev->now_ms, fx,
			    ev->type == SUAN_EV_REQUEUE && ev->u.target.preempt};
	enum suan_code rc;
	uint32_t pos;

	if (ev->type == SUAN_EV_FORGET) {
		suan_jobs_forget(e, c.j);
		return SUAN_OK;
	}
	if (ev->type == SUAN_EV_PRIORITY) {
		c.j->priority = ev->u.target.priority;
		suan_sync_replan(e, c.j);
		suan_preempt_rank(e, c.j);
		return SUAN_OK;
	}
	rc = reserve(&c, ev);
	if (rc != SUAN_OK)
		return rc;
	if (ev->u.target.all)
		apply_all(&c, ev->type);
	else if (suan_elems_pos(c.j, ev->u.target.index, &pos))
		apply_one(&c, ev->type, pos);
	wait_for_begin(&c);
	if (suan_elems_ready(c.j) == 0)
		suan_outlook_void(c.j);
	return SUAN_OK;
}
