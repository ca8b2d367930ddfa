/* Preemption: which runs may be stopped for which jobs, by their classes (struct suan_qos_spec),
 * and what becomes of the runs. Whom the planner chooses, and why: planner_push.c. */
#include <assert.h>

#include "base/grow.h"
#include "base/num.h"
#include "engine/accounts.h"
#include "engine/state.h"

#define MIN_RUN_MS  300000
#define GRACE_MS    30000
#define MAX_VICTIMS 64u

/* ---- rights ---- */

/* Classes that may be stopped are numbered from 1 in the order of their definitions. */
static enum suan_code find_rights(struct suan_engine *e)
{
	const struct suan_accounts *a = &e->acct.spec;
	struct suan_plan *p = e->plan;
	uint8_t class = 0;

	if (suan_grow(&p->rights, &p->rights_cap, a->nqos, sizeof(*p->rights)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (uint32_t i = 0; i < a->nqos; i++) {
		p->rights[i] = (struct suan_push){.grace_ms = a->qos[i].grace_ms};
		if (a->qos[i].preemptable)
			p->rights[i].class = ++class;
	}
	for (uint32_t i = 0; i < a->nqos; i++)
		for (uint32_t k = 0; k < a->nqos; k++)
			if (suan_qos_may_preempt(a, i, k))
				p->rights[i].over |= UINT64_C(1) << p->rights[k].class;
	p->nrights = a->nqos;
	return SUAN_OK;
}

static void set_rules(const struct suan_engine *e, struct suan_push_rules *ret)
{
	const struct suan_preemption *p = &e->policy.preemption;

	ret->min_run_ms = p->min_run_ms ? p->min_run_ms : MIN_RUN_MS;
	ret->grace_ms = p->grace_ms ? p->grace_ms : GRACE_MS;
	ret->max_victims = p->max_victims ? p->max_victims : MAX_VICTIMS;
}

enum suan_code suan_preempt_sync(struct suan_engine *e)
{
	struct suan_push_rules rules;
	uint64_t id = 0;

	if (e->acct.spec.nqos == 0 && e->plan->nrights == 0)
		return SUAN_OK;
	set_rules(e, &rules);
	if (suan_planner_push(e->plan->planner, &rules) != SUAN_OK || find_rights(e) != SUAN_OK)
		return SUAN_ENOMEM;
	while (e->plan->ranks_dirty && (id = suan_engine_next_job(e, id)))
		suan_preempt_rank(e, suan_jobs_find(e, id));
	e->plan->ranks_dirty = false;
	return SUAN_OK;
}

void suan_preempt_ask(const struct suan_engine *e, const struct suan_job *j, struct suan_push *ret)
{
	uint32_t qos = e->plan->nrights ? suan_qos_number(e, j) : SUAN_NO_ACCOUNT;

	*ret = (struct suan_push){.over = 0};
	if (qos == SUAN_NO_ACCOUNT || qos >= e->plan->nrights)
		return;
	*ret = e->plan->rights[qos];
	ret->saves = j->checkpointable;
	/* what may run once only cannot come back; if it need not, it may be stopped */
	if (j->guarantee == SUAN_AT_MOST_ONCE && !e->acct.spec.qos[qos].preempt_cancels)
		ret->class = 0;
	if (ret->class == 0) {
		ret->saves = false;
		ret->grace_ms = 0;
	}
}

int32_t suan_preempt_priority(const struct suan_engine *e, const struct suan_job *j)
{
	const struct suan_qos_spec *q = e->acct.any ? suan_qos_of(e, j) : NULL;
	int64_t sum = (int64_t)j->priority + (q ? q->priority : 0);

	return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : (int32_t)sum;
}

void suan_preempt_rank_one(struct suan_engine *e, const struct suan_job *j,
			   const struct suan_elem *x)
{
	struct suan_push push = {.over = 0};

	if (!x->stopping && !x->limbo)
		suan_preempt_ask(e, j, &push);
	suan_planner_rank(e->plan->planner, x->run, suan_preempt_priority(e, j), &push);
}

void suan_preempt_rank(struct suan_engine *e, const struct suan_job *j)
{
	if (suan_elems_active(j) == 0)
		return;
	for (uint32_t pos = 0; pos < suan_elems_count(j); pos++) {
		const struct suan_elem *x = suan_elems_get(j, pos);

		if (!suan_elems_has_record(j, pos))
			pos |= SUAN_CHUNK - 1; /* nor have the others of its chunk */
		else if (x->state == SUAN_STAGING || x->state == SUAN_RUNNING || x->limbo)
			suan_preempt_rank_one(e, j, x);
	}
}

/* ---- stops ---- */

int64_t suan_preempt_grace(const struct suan_engine *e, const struct suan_job *j)
{
	const struct suan_qos_spec *q = suan_qos_of(e, j);
	struct suan_push_rules rules;

	set_rules(e, &rules);
	return q && q->grace_ms ? q->grace_ms : rules.grace_ms;
}

enum suan_code suan_preempt_reserve(struct suan_engine *e, size_t *ret)
{
	const struct suan_stop *stops;
	uint32_t n = suan_planner_stops(e->plan->planner, &stops);
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < n && rc == SUAN_OK; i++)
		rc = suan_jobs_more(e, suan_jobs_find(e, stops[i].id));
	*ret = n;
	return rc;
}

void suan_preempt_stop(struct suan_engine *e, struct suan_spot at,
		       const struct suan_pushing_out *how, struct suan_effects *fx)
{
	struct suan_elem *x = suan_elems_at(at.job, at.pos);
	struct suan_effect f = {.type = SUAN_FX_STOP,
				.pool = x->pool,
				.state = (enum suan_state)x->state,
				.at_ms = how->until_ms};

	assert(!x->stopping && !x->limbo && at.job->more);
	f.run = (struct suan_run_id){at.job->id, suan_elems_index(at.job, at.pos), x->attempt};
	suan_effects_push(fx, &f);
	x->stopping = x->pushed = true;
	x->again = how->again;
	x->stop_for = how->by;
	x->stop_ms = how->until_ms;
	suan_planner_stop(e->plan->planner, x->run, how->until_ms);
}

void suan_preempt_commit(struct suan_engine *e, struct suan_effects *fx)
{
	const struct suan_stop *stops;
	uint32_t n = suan_planner_stops(e->plan->planner, &stops);

	for (uint32_t i = 0; i < n; i++) {
		struct suan_spot at = {.job = suan_jobs_find(e, stops[i].id)};
		const struct suan_qos_spec *q = suan_qos_of(e, at.job);
		struct suan_pushing_out how = {stops[i].by, stops[i].until_ms,
					       !q || !q->preempt_cancels};

		(void)suan_elems_pos(at.job, stops[i].index, &at.pos);
		suan_preempt_stop(e, at, &how, fx);
	}
}

void suan_preempt_note(const struct suan_engine *e, struct suan_job *j, const struct suan_elem *x)
{
	int64_t cores = (int64_t)j->req.tasks * j->req.cores, lost;

	if (j->req.exclusive && x->pool < e->net.npools)
		cores = (int64_t)x->nplaces * e->net.pools[x->pool].spec.cores;
	assert(j->more);
	j->more->preempted += j->more->preempted < UINT32_MAX;
	if (j->checkpointable || x->start_ms == 0 || x->end_ms <= x->start_ms)
		return;
	if (!suan_mul_i64(cores, x->end_ms - x->start_ms, &lost))
		lost = INT64_MAX;
	j->more->preempted_core_ms = suan_sat_add(j->more->preempted_core_ms, lost);
}
