/* Reading the state: jobs, elements, runs, pools, sites, and why. */
#include <string.h>

#include "base/num.h"
#include "engine/alone.h"
#include "engine/data.h"
#include "engine/reserve.h"
#include "engine/goal.h"
#include "engine/state.h"

struct cause {			/* why something waits, or how it ended */
	enum suan_reason reason;
	int64_t a, b;
};

/* ---- reasons ---- */

static struct cause end_cause(const struct suan_job *j, const struct suan_elem *x)
{
	struct cause c = {.reason = (enum suan_reason)x->reason};

	if (c.reason == SUAN_R_EXIT_CODE)
		c.a = x->exit_code;
	else if (c.reason == SUAN_R_SIGNAL)
		c.a = x->signal;
	else if (c.reason == SUAN_R_WALLTIME)
		c.a = j->walltime_ms;
	else if (c.reason == SUAN_R_MEMORY)
		c.a = (int64_t)j->req.memory;
	else if (c.reason == SUAN_R_TOO_MANY_ATTEMPTS)
		c.a = x->attempt;
	else if (c.reason == SUAN_R_PREEMPTED)
		c.a = (int64_t)x->stop_for;
	else if (c.reason == SUAN_R_SITE_GONE)
		c.a = suan_dues_lease_end(j, x);
	return c;
}

static struct cause dep_cause(enum suan_deps state, uint64_t job)
{
	return (struct cause){state == SUAN_DEPS_NEVER ? SUAN_R_DEPENDENCY_NEVER
						       : SUAN_R_DEPENDENCY,
			      (int64_t)job, 0};
}

/* Every pool that could take it is closed: why the one is that opens first by itself, or else the
 * first of them. NONE: some is open. NO_POOL: the network changed, and where it may run there is
 * none. */
static struct cause all_closed(const struct suan_engine *e, const struct suan_job *j)
{
	struct cause first = {.reason = SUAN_R_NONE};
	struct suan_ask ask;
	int64_t a, b;

	suan_jobs_ask(e, j, &ask);
	for (uint32_t i = 0; i < e->plan->npools && i < e->net.npools; i++) {
		struct suan_plan_pool p;

		if (suan_planner_fits(e->plan->planner, i, &ask, &a, &b) != SUAN_R_NONE)
			continue;
		suan_net_plan_pool(e, i, &p);
		if (p.closed == SUAN_R_NONE)
			return (struct cause){.reason = SUAN_R_NONE};
		a = e->net.pools[i].retry_ms;
		if (p.closed == SUAN_R_PAUSED && (first.reason != SUAN_R_PAUSED || a < first.a))
			first = (struct cause){SUAN_R_PAUSED, a, 0};
		else if (first.reason == SUAN_R_NONE)
			first.reason = p.closed;
	}
	if (first.reason == SUAN_R_NONE && j->rule)
		first.reason = SUAN_R_NO_POOL;
	return first;
}

/* Its own reservation has not begun, or there is none any more. */
static struct cause reservation_cause(const struct suan_engine *e, const struct suan_job *j)
{
	uint32_t id = suan_jobs_reservation(j);
	const struct suan_reservation *r = suan_reserve_find(e, id);

	if (id && (!r || r->to_ms <= e->now_ms))
		return (struct cause){SUAN_R_RESERVATION_OVER, id, 0};
	if (r && r->from_ms > e->now_ms)
		return (struct cause){SUAN_R_RESERVATION, r->from_ms, r->to_ms};
	return (struct cause){SUAN_R_NONE, 0, 0};
}

/* Does a reservation of that pool end when the start is planned? It waits for that then. */
static bool waits_for_end(const struct suan_engine *e, const struct suan_job *j, uint32_t pool,
			  int64_t start_ms)
{
	for (size_t i = 0; i < e->reserves.count && suan_jobs_reservation(j) == 0; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		for (uint32_t k = 0; k < r->nparts && r->to_ms == start_ms; k++)
			if (r->parts[k].pool == pool)
				return true;
	}
	return false;
}

/* Its inputs are nowhere it may run, or come to where it is planned only when it is. */
static struct cause data_cause(const struct suan_engine *e, const struct suan_job *j, uint32_t pool,
			       int64_t start_ms)
{
	uint32_t want = suan_wants_get(j);
	int64_t at = SUAN_FOREVER, a, b;
	struct suan_ask ask;

	if (want == 0)
		return (struct cause){SUAN_R_NONE, 0, 0};
	suan_jobs_ask(e, j, &ask);
	for (uint32_t i = 0; i < e->plan->npools && i < e->net.npools; i++) {
		int64_t there = suan_planner_arrival(e->plan->planner, want, i);

		if (pool != SUAN_NO_POOL ? i != pool
					 : suan_planner_fits(e->plan->planner, i, &ask, &a, &b))
			continue;
		at = there < at ? there : at;
	}
	if (at <= e->now_ms || (pool != SUAN_NO_POOL && at < start_ms))
		return (struct cause){SUAN_R_NONE, 0, 0};
	return (struct cause){SUAN_R_DATA, at, 0};
}

static struct cause queue_cause(const struct suan_engine *e, const struct suan_job *j)
{
	uint32_t pool;
	int64_t start = 0;
	uint64_t ahead = 0;
	bool known = suan_planner_predicted(e->plan->planner, j->id, &pool, &start, &ahead);
	struct cause closed = reservation_cause(e, j);
	struct suan_short lack;

	if (closed.reason == SUAN_R_NONE)
		closed = data_cause(e, j, known ? pool : SUAN_NO_POOL, start);
	if (closed.reason == SUAN_R_NONE && !known && suan_acct_short(e, j, &lack))
		return (struct cause){SUAN_R_QUOTA, lack.used, lack.most};
	if (!known && closed.reason == SUAN_R_NONE)
		closed = all_closed(e, j);
	if (closed.reason != SUAN_R_NONE)
		return closed;
	if (ahead > 0 || (!known && j->planned == 0))
		return (struct cause){SUAN_R_PRIORITY, (int64_t)ahead, 0};
	if (known && waits_for_end(e, j, pool, start))
		return (struct cause){SUAN_R_RESERVED, start, start};
	return (struct cause){SUAN_R_RESOURCES, start, 0};
}

static struct cause waiting_cause(const struct suan_engine *e, const struct suan_job *j,
				  uint32_t pos)
{
	const struct suan_elem *x = suan_elems_get(j, pos);
	const struct suan_array *a = suan_jobs_array(j);
	uint32_t active = suan_elems_active(j);
	uint64_t on = 0;
	enum suan_deps d;

	if (x->held)
		return (struct cause){SUAN_R_HELD, 0, 0};
	if (suan_jobs_begin(j) > e->now_ms)
		return (struct cause){SUAN_R_BEGIN, suan_jobs_begin(j), 0};
	if (suan_goals_waits(j, e->now_ms))
		return (struct cause){SUAN_R_GOAL, j->more->target_ms, suan_goals_latest(e, j)};
	d = suan_deps_state(e, j, &on);
	if (d == SUAN_DEPS_MET && suan_deps_has_corr(j) && x->attempt == 0)
		d = suan_deps_element(e, j, suan_elems_index(j, pos), &on);
	if (d != SUAN_DEPS_MET)
		return dep_cause(d, on);
	if (a && a->set->cap && active >= a->set->cap)
		return (struct cause){SUAN_R_ARRAY_CAP, active, a->set->cap};
	return queue_cause(e, j);
}

static struct cause elem_cause(const struct suan_engine *e, const struct suan_job *j, uint32_t pos)
{
	const struct suan_elem *x = suan_elems_get(j, pos);

	if (x->state == SUAN_PENDING)
		return waiting_cause(e, j, pos);
	if (x->pushed)
		return (struct cause){SUAN_R_PREEMPTED, (int64_t)x->stop_for, 0};
	if (x->stopping)
		return (struct cause){SUAN_R_CANCELLING, 0, 0};
	if (x->state == SUAN_STAGING)
		return (struct cause){SUAN_R_STARTING, 0, 0};
	if (x->state == SUAN_RUNNING)
		return (struct cause){SUAN_R_PLACED, 0, 0};
	return end_cause(j, x);
}

/* The element that speaks for the job: one that may start before one that may not. */
static uint32_t speaker(const struct suan_job *j)
{
	uint32_t pos = suan_elems_worst(j);

	if (pos == SUAN_NO_POS)
		pos = suan_elems_next_ready(j, 0);
	for (uint32_t i = 0; pos == SUAN_NO_POS && i < suan_elems_count(j); i++)
		if (suan_elems_get(j, i)->state == j->summary)
			pos = i;
	return pos == SUAN_NO_POS ? 0 : pos;
}

static struct cause job_cause(const struct suan_engine *e, const struct suan_job *j)
{
	if (!suan_jobs_array(j) || j->summary == SUAN_PENDING ||
	    suan_state_final((enum suan_state)j->summary))
		return elem_cause(e, j, speaker(j));
	return (struct cause){j->summary == SUAN_STAGING ? SUAN_R_STARTING : SUAN_R_PLACED, 0, 0};
}

/* ---- jobs ---- */

uint64_t suan_engine_job_count(const struct suan_engine *e, enum suan_state s)
{
	return s < SUAN_NSTATES ? e->summaries[s] : 0;
}

static void view_strings(const struct suan_engine *e, const struct suan_job *j,
			 struct suan_job_view *v)
{
	v->name = suan_intern_str(e->strings, j->name);
	v->user = suan_intern_str(e->strings, j->user);
	v->account = suan_intern_str(e->strings, j->account);
	v->qos = suan_intern_str(e->strings, j->qos);
	v->gpu = suan_intern_str(e->strings, j->req.gpu_kind);
	v->payload = suan_intern_bytes(e->strings, j->payload, &v->payload_len);
	v->env = suan_intern_bytes(e->strings, j->env, &v->env_len);
	v->near = "";
	v->home = j->home ? e->net.sites[j->home - 1].spec->name : "";
	if (j->rule) {
		const struct suan_rule *r = &e->rules[j->rule];

		v->site = r->where.lists[0];
		v->hub = r->where.lists[1];
		v->not_site = r->where.lists[2];
		v->not_hub = r->where.lists[3];
		v->near = r->where.near;
		v->max_latency_us = r->where.max_latency_us;
	}
}

static void view_more(const struct suan_job *j, struct suan_job_view *v)
{
	const struct suan_more *m = j->more;
	const struct suan_elem *x;

	if (m) {
		v->begin_ms = m->begin_ms;
		v->deadline_ms = m->deadline_ms;
		v->deps = m->deps;
		v->ndeps = m->ndeps;
		v->preempted = m->preempted;
		v->preempted_core_ms = m->preempted_core_ms;
		v->reservation = m->reservation;
	}
	if (m && m->array) {
		v->is_array = true;
		v->array = m->array->set;
		v->pool = m->array->last_pool;
		v->start_ms = m->array->first_start_ms;
		v->end_ms = suan_state_final((enum suan_state)j->summary) ? m->array->last_end_ms
									   : 0;
		return;
	}
	x = suan_elems_get(j, 0);
	v->pool = x->pool;
	v->start_ms = x->start_ms;
	v->end_ms = x->end_ms;
}

static int64_t said(const struct suan_given *g, enum suan_confidence c)
{
	return suan_sat_add(g->at_ms, (int64_t)g->bound_s[c] * 1000);
}

static void view_state(const struct suan_engine *e, const struct suan_job *j,
		       struct suan_job_view *v)
{
	uint32_t worst = suan_elems_worst(j);
	uint32_t waiting = suan_elems_in(j, SUAN_PENDING);
	struct cause c = job_cause(e, j);
	struct suan_given given;
	uint64_t ahead;

	v->state = (enum suan_state)j->summary;
	v->elements = suan_elems_count(j);
	for (int s = 0; s < SUAN_NSTATES; s++)
		v->counts[s] = suan_elems_in(j, (enum suan_state)s);
	v->hold = waiting > 0 && suan_elems_held(j) == waiting;
	v->reason = c.reason;
	v->reason_a = c.a;
	v->reason_b = c.b;
	if (worst != SUAN_NO_POS) {
		v->exit_code = suan_elems_get(j, worst)->exit_code;
		v->signal = suan_elems_get(j, worst)->signal;
	}
	v->predicted_pool = SUAN_NO_POOL;
	if (waiting > 0 && !suan_planner_predicted(e->plan->planner, j->id, &v->predicted_pool,
						   &v->predicted_start_ms, &ahead)) {
		v->predicted_pool = SUAN_NO_POOL;
		v->predicted_start_ms = 0;
	}
	if (j->planned == 0 || j->started || c.reason == SUAN_R_QUOTA || suan_jobs_reservation(j))
		return;
	suan_outlook_now(e, j, &given);
	v->predicted_p50_ms = said(&given, SUAN_P50);
	v->predicted_p90_ms = said(&given, SUAN_P90);
	v->predicted_p99_ms = said(&given, SUAN_P99);
}

bool suan_engine_job(const struct suan_engine *e, uint64_t id, struct suan_job_view *ret)
{
	const struct suan_job *j = suan_jobs_find(e, id);

	if (!j)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->id = id;
	ret->req = j->req;
	ret->walltime_ms = j->walltime_ms;
	ret->estimate_ms = j->estimate_ms;
	ret->submit_ms = j->submit_ms;
	ret->priority = j->priority;
	ret->goal = j->more ? (enum suan_goal)j->more->goal : SUAN_GOAL_FASTEST;
	ret->max_delay_ms = j->more ? j->more->max_delay_ms : 0;
	ret->checkpointable = j->checkpointable;
	ret->guarantee = (enum suan_guarantee)j->guarantee;
	if (suan_wants_get(j)) {
		ret->inputs = e->data.wants[suan_wants_get(j)].ids;
		ret->ninputs = e->data.wants[suan_wants_get(j)].count;
	}
	view_strings(e, j, ret);
	view_more(j, ret);
	view_state(e, j, ret);
	return true;
}

/* ---- elements and runs ---- */

/* Only a class says it; by what stands there now. */
static int64_t stop_grace(const struct suan_engine *e, const struct suan_job *j,
			  const struct suan_elem *x)
{
	const struct suan_qos_spec *q = x->stopping && x->pushed ? suan_qos_of(e, j) : NULL;

	return q ? q->grace_ms : 0;
}

bool suan_engine_task(const struct suan_engine *e, uint64_t job, uint32_t index,
		      struct suan_task_view *ret)
{
	const struct suan_job *j = suan_jobs_find(e, job);
	const struct suan_elem *x;
	struct cause c;
	uint32_t pos;

	if (!j || !suan_elems_pos(j, index, &pos))
		return false;
	x = suan_elems_get(j, pos);
	c = elem_cause(e, j, pos);
	*ret = (struct suan_task_view){
		.job = job, .index = index, .attempt = x->attempt,
		.state = (enum suan_state)x->state, .stopping = x->stopping,
		.stop_grace_ms = stop_grace(e, j, x), .pool = x->pool,
		.order_ms = x->order_ms, .start_ms = x->start_ms, .end_ms = x->end_ms,
		.exit_code = x->exit_code, .signal = x->signal, .reason = c.reason,
		.reason_a = c.a, .reason_b = c.b, .usage = x->usage,
		.text = suan_intern_str(e->strings, x->text)};
	return true;
}

const struct suan_place *suan_engine_places(const struct suan_engine *e, struct suan_run_id run,
					    uint32_t *ret_n)
{
	const struct suan_job *j = suan_jobs_find(e, run.job);
	const struct suan_elem *x;
	uint32_t pos;

	*ret_n = 0;
	if (!j || !suan_elems_pos(j, run.index, &pos))
		return NULL;
	x = suan_elems_get(j, pos);
	if (x->attempt != run.attempt || x->attempt == 0)
		return NULL;
	*ret_n = x->nplaces;
	return suan_elems_places(x);
}

/* First element ≥ from of the job that its site has or may have. */
static bool next_in_job(const struct suan_job *j, uint32_t from, struct suan_run_id *run)
{
	if (suan_elems_active(j) == 0)
		return false;
	for (uint32_t pos = from; pos < suan_elems_count(j); pos++) {
		const struct suan_elem *x = suan_elems_get(j, pos);

		if (!suan_elems_has_record(j, pos)) {
			pos |= SUAN_CHUNK - 1;
			continue;
		}
		if (x->state != SUAN_STAGING && x->state != SUAN_RUNNING && !x->limbo)
			continue;
		*run = (struct suan_run_id){j->id, suan_elems_index(j, pos), x->attempt};
		return true;
	}
	return false;
}

bool suan_engine_next_run(const struct suan_engine *e, struct suan_run_id *run)
{
	const struct suan_job *j = suan_jobs_find(e, run->job);
	uint64_t id = run->job;
	uint32_t pos;

	if (j && suan_elems_pos(j, run->index, &pos) && next_in_job(j, pos + 1, run))
		return true;
	while ((id = suan_engine_next_job(e, id)))
		if (next_in_job(suan_jobs_find(e, id), 0, run))
			return true;
	return false;
}

/* ---- network ---- */

uint32_t suan_engine_pool_count(const struct suan_engine *e)
{
	return e->net.npools;
}

bool suan_engine_pool(const struct suan_engine *e, uint32_t number, struct suan_pool_view *ret)
{
	const struct suan_eng_pool *p;
	struct suan_pool_load load = {0};

	if (number >= e->net.npools)
		return false;
	p = &e->net.pools[number];
	*ret = (struct suan_pool_view){.number = number, .site = p->site, .name = p->spec.name,
				       .spec = p->spec, .usable_nodes = suan_net_usable(p),
				       .delegated = suan_net_delegated(&e->net, number)};
	if (number < e->plan->npools)
		suan_planner_load(e->plan->planner, number, &load);
	ret->cores_total = (uint64_t)ret->usable_nodes * p->spec.cores;
	ret->gpus_total = (uint64_t)ret->usable_nodes * p->spec.gpus;
	ret->memory_total = ret->usable_nodes * p->spec.memory;
	ret->cores_used = load.cores_used;
	ret->gpus_used = load.gpus_used;
	ret->memory_used = load.memory_used;
	ret->running = load.runs;
	ret->waiting = load.waiting;
	return true;
}

uint32_t suan_engine_site_count(const struct suan_engine *e)
{
	return e->net.nsites;
}

bool suan_engine_site(const struct suan_engine *e, uint32_t number, struct suan_site_view *ret)
{
	const struct suan_eng_site *s;

	if (number >= e->net.nsites)
		return false;
	s = &e->net.sites[number];
	*ret = (struct suan_site_view){number, s->state, s->gone, s->spec};
	return true;
}

uint32_t suan_engine_find_site(const struct suan_engine *e, const char *name)
{
	return suan_net_site(&e->net, name);
}

uint32_t suan_engine_find_pool(const struct suan_engine *e, const char *site, const char *pool)
{
	uint32_t s = suan_net_site(&e->net, site);

	return s == SUAN_NO_POOL ? SUAN_NO_POOL : suan_net_pool(&e->net, s, pool);
}

uint32_t suan_engine_latency(const struct suan_engine *e, const char *place, uint32_t site)
{
	uint32_t row;

	return site < e->net.nsites && suan_net_place(&e->net, place, &row)
		       ? suan_net_latency(&e->net, row, site)
		       : SUAN_FAR_US;
}

const struct suan_network *suan_engine_network(const struct suan_engine *e)
{
	return &e->net.network;
}

const struct suan_policy *suan_engine_policy(const struct suan_engine *e)
{
	return &e->policy;
}

const struct suan_signals *suan_engine_signals(const struct suan_engine *e)
{
	return e->signals;
}

bool suan_engine_energy_at(const struct suan_engine *e, uint32_t pool, struct suan_energy_at *ret)
{
	const struct suan_eng_pool *p;

	if (pool >= e->net.npools)
		return false;
	p = &e->net.pools[pool];
	*ret = (struct suan_energy_at){e->signals, p->site, e->net.sites[p->site].spec, &p->spec};
	return true;
}

size_t suan_engine_memory(const struct suan_engine *e)
{
	return sizeof(*e) + sizeof(*e->plan) + e->bytes + suan_intern_memory(e->strings) +
	       suan_planner_memory(e->plan->planner) + suan_acct_memory(&e->acct) +
	       suan_alone_memory(e) +
	       suan_history_memory(&e->history) + suan_signals_memory(e->signals) +
	       e->pages_cap * sizeof(*e->pages) +
	       e->rules_cap * sizeof(*e->rules) + e->keys_cap * sizeof(*e->keys) +
	       (e->key_of.cap + e->rule_of.cap) * 2 * sizeof(uint64_t) + e->net.arena.used +
	       (e->leases.cap + e->plan->begins.cap) * sizeof(struct suan_due) +
	       (e->plan->dirty_cap + e->plan->fresh_cap) * sizeof(uint64_t) + e->picks_cap * 32;
}
