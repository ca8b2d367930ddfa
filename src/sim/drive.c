/* Time passes: the next instant at which anything happens, its events, one PASS. What the engine is
 * told is what a service would tell it; only that a run began is not reported, since the end says
 * as much and nothing depends on it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "engine/engine.h"
#include "sim/ends.h"
#include "sim/sim.h"

#define ZERO_MS		1000 /* the engine's time at our zero: 0 means "not yet" there */
#define ROUNDS_PER_TICK 1024
#define MOST_IDLE_WAKES 1000000 /* passes in a row that nothing but a wake asked for, no starts */

struct place {			    /* a site */
	enum suan_site_state state; /* as the outages say, but for its links */
	bool cut;		    /* no link to it */
};

struct drive {
	const struct suan_sim_setup *s;
	struct suan_sim_result *r;
	struct suan_engine *e;
	struct suan_effects fx;
	struct suan_err *err;
	struct suan_event submit, ended, forget, pass; /* filled once but for what changes */
	struct suan_job_spec *specs;		       /* owned; of the arrivals of one instant */
	size_t specs_cap;
	struct suan_sim_ends ends;
	const struct suan_sim_outage *outage, *outages_end;
	uint32_t *site_of_pool;			  /* owned */
	struct place *sites;			  /* owned */
	bool *links_down;			  /* owned */
	const struct suan_trace_job *next, *last; /* in the present copy of the trace */
	int64_t shift_ms;			  /* of this copy: engine's time − trace's */
	int64_t next_ms, wake_ms, now_ms;
	uint32_t copy, copies, idle_wakes;
};

/* ---- one event ---- */

static enum suan_code step(struct drive *d, struct suan_event *ev)
{
	ev->seq = ++d->r->events;
	ev->now_ms = d->now_ms;
	return suan_engine_step(d->e, ev, &d->fx, d->err);
}

static enum suan_code step_once(struct drive *d, struct suan_event ev)
{
	enum suan_code rc = step(d, &ev);

	return rc == SUAN_OK && d->fx.code != SUAN_OK ? d->fx.code : rc;
}

/* ---- arrivals ---- */

static void next_arrival(struct drive *d)
{
	if (d->next == d->last && d->copy + 1 < d->copies) {
		d->copy++;
		d->next = d->s->trace->jobs;
		d->shift_ms += d->r->period_ms;
	}
	d->next_ms =
		d->next == d->last ? SUAN_FOREVER : suan_sat_add(d->next->submit_ms, d->shift_ms);
}

static void fill_spec(const struct drive *d, const struct suan_trace_job *j,
		      struct suan_job_spec *spec)
{
	const char **strings = d->s->trace->strings;

	spec->user = strings[j->user];
	spec->account = strings[j->account];
	spec->gpu = strings[j->gpu];
	spec->req.tasks = j->tasks;
	spec->req.cores = j->cores;
	spec->req.gpus = j->gpus;
	if (!d->s->processors_only) {
		spec->req.nodes = j->nodes;
		spec->req.memory = j->memory;
	}
	spec->walltime_ms = d->s->estimates == SUAN_SIM_PERFECT ? j->run_ms : j->estimate_ms;
	spec->deadline_ms = j->deadline_ms ? suan_sat_add(j->deadline_ms, d->shift_ms) : 0;
}

/* The number in the trace of the i-th arrival of this instant. */
static uint32_t number(const struct drive *d, const struct suan_trace_job *first, uint32_t i)
{
	return (uint32_t)(d->copy * d->s->trace->njobs + (size_t)(first - d->s->trace->jobs) + i);
}

static void accept(struct drive *d, const struct suan_trace_job *first, uint32_t from, uint32_t to)
{
	assert(d->fx.first_job == d->r->nrows + 1);
	for (uint32_t i = from; i < to; i++)
		d->r->rows[d->r->nrows++] = (struct suan_sim_row){
			.start_ms = -1, .job = number(d, first, i), .pool = SUAN_NO_POOL};
}

static enum suan_code offer(struct drive *d, uint32_t from, uint32_t to)
{
	d->submit.u.submit.jobs = &d->specs[from];
	d->submit.u.submit.njobs = to - from;
	return step(d, &d->submit);
}

/* A refusal refuses the whole event: what stands before the refused job is offered again, the job
 * is left out, and the rest follows. */
static enum suan_code submit(struct drive *d, const struct suan_trace_job *first, uint32_t n)
{
	enum suan_code rc = SUAN_OK;

	for (uint32_t from = 0; rc == SUAN_OK && from < n;) {
		uint32_t bad;

		rc = offer(d, from, n);
		if (rc != SUAN_OK || d->fx.code == SUAN_OK) {
			if (rc == SUAN_OK)
				accept(d, first, from, n);
			return rc;
		}
		bad = from + d->fx.refused_item;
		d->r->rejected++;
		d->r->refused[d->fx.refused]++;
		if (bad > from) {
			rc = offer(d, from, bad);
			if (rc == SUAN_OK)
				accept(d, first, from, bad);
		}
		from = bad + 1;
	}
	return rc;
}

static enum suan_code arrive(struct drive *d)
{
	const struct suan_trace_job *first = d->next, *j = first;
	size_t n = 0, had = d->specs_cap;
	enum suan_code rc;

	while (j < d->last && j->submit_ms == first->submit_ms) {
		if (n == d->specs_cap &&
		    suan_grow(&d->specs, &d->specs_cap, n + 1, sizeof(*d->specs)) != SUAN_OK)
			return SUAN_ENOMEM;
		for (; had < d->specs_cap; had++)
			d->specs[had] = (struct suan_job_spec){.name = "", .qos = ""};
		fill_spec(d, j++, &d->specs[n++]);
	}
	rc = submit(d, first, (uint32_t)n);
	d->next = j;
	next_arrival(d);
	return rc;
}

/* ---- ends ---- */

static enum suan_code report(struct drive *d, const struct suan_sim_end *x,
			     enum suan_outcome outcome, int64_t at_ms)
{
	struct suan_report *r = &d->ended.u.report;

	r->run.job = x->job;
	r->run.attempt = x->attempt;
	r->outcome = outcome;
	r->at_ms = at_ms;
	return step(d, &d->ended);
}

static enum suan_code forget(struct drive *d, const struct suan_sim_end *x)
{
	d->forget.u.target.job = x->job;
	return step(d, &d->forget);
}

static enum suan_code tell_end(struct drive *d, const struct suan_sim_end *x)
{
	enum suan_code rc = report(d, x, SUAN_OUT_EXITED, x->end_ms);

	if (rc != SUAN_OK)
		return rc;
	d->r->completed++;
	return forget(d, x);
}

static const struct place *site_of(const struct drive *d, const struct suan_sim_end *x)
{
	return &d->sites[d->site_of_pool[d->r->rows[x->job - 1].pool]];
}

static enum suan_code end_runs(struct drive *d)
{
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK && d->ends.count > 0 && d->ends.list[0].end_ms == d->now_ms) {
		struct suan_sim_end x = suan_sim_ends_pop(&d->ends);

		rc = tell_end(d, &x);
	}
	return rc;
}

/* ---- outages ---- */

/* The run is over and nobody knows how far it came: it starts again, unless it was lost too often.
 */
static enum suan_code lose(struct drive *d, const struct suan_sim_end *x)
{
	struct suan_sim_row *row = &d->r->rows[x->job - 1];
	const struct suan_trace_job *j = suan_sim_job(d->s, row);
	int64_t cores = (int64_t)j->tasks * j->cores, done;
	bool failed = false;
	enum suan_code rc = report(d, x, SUAN_OUT_LOST, d->now_ms);

	if (!suan_mul_i64(cores, d->now_ms - ZERO_MS - row->start_ms, &done))
		done = INT64_MAX;
	d->r->lost_core_ms = suan_sat_add(d->r->lost_core_ms, done);
	d->r->restarts++;
	row->start_ms = -1;
	row->pool = SUAN_NO_POOL;
	for (size_t i = 0; rc == SUAN_OK && i < d->fx.count; i++)
		failed |=
			d->fx.list[i].type == SUAN_FX_CHANGED && d->fx.list[i].state == SUAN_FAILED;
	if (!failed)
		return rc;
	d->r->failed++;
	return forget(d, x);
}

static enum suan_code lose_all(struct drive *d, uint32_t site)
{
	struct suan_sim_ends all = d->ends;
	enum suan_code rc = SUAN_OK;

	d->ends = (struct suan_sim_ends){0};
	while (rc == SUAN_OK && all.count > 0) {
		struct suan_sim_end x = suan_sim_ends_pop(&all);

		rc = site_of(d, &x) == &d->sites[site] ? lose(d, &x)
						       : suan_sim_ends_push(&d->ends, x);
	}
	free(all.list);
	return rc;
}

/* Without any of its links a site is cut off; one that has none is reached in some other way. What
 * runs there goes on; that its ends are told at once is the same as later, as nothing can start
 * there meanwhile. */
static bool cut_off(const struct drive *d, const char *site)
{
	const struct suan_network *net = d->s->network;
	bool any = false;

	for (uint32_t i = 0; i < net->nlinks; i++) {
		if (strcmp(net->links[i].from, site) != 0 && strcmp(net->links[i].to, site) != 0)
			continue;
		if (!d->links_down[i])
			return false;
		any = true;
	}
	return any;
}

static enum suan_code set_site(struct drive *d, uint32_t site, enum suan_site_state state)
{
	return step_once(d,
			 (struct suan_event){.type = SUAN_EV_SITE,
					     .u.site = {d->s->network->sites[site].name, state}});
}

static enum suan_code change_site(struct drive *d, uint32_t site, enum suan_site_state state)
{
	struct place *p = &d->sites[site];
	enum suan_code rc;

	p->state = state;
	rc = set_site(d, site, p->cut ? SUAN_SITE_DOWN : state);
	return rc == SUAN_OK && state == SUAN_SITE_DOWN ? lose_all(d, site) : rc;
}

static enum suan_code change_link(struct drive *d, uint32_t link, bool down)
{
	const struct suan_network *net = d->s->network;
	const struct suan_link_spec *l = &net->links[link];
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < net->nlinks; i++) {
		const struct suan_link_spec *k = &net->links[i];

		if ((strcmp(k->from, l->from) == 0 && strcmp(k->to, l->to) == 0) ||
		    (strcmp(k->from, l->to) == 0 && strcmp(k->to, l->from) == 0))
			d->links_down[i] = down;
	}
	for (uint32_t i = 0; rc == SUAN_OK && i < net->nsites; i++) {
		struct place *p = &d->sites[i];
		bool cut = cut_off(d, net->sites[i].name);

		if (cut == p->cut)
			continue;
		p->cut = cut;
		rc = set_site(d, i, cut ? SUAN_SITE_DOWN : p->state);
	}
	return rc;
}

static enum suan_code change(struct drive *d, const struct suan_sim_outage *o)
{
	struct suan_event capacity = {.type = SUAN_EV_CAPACITY,
				      .u.capacity = {o->number, o->value}};

	switch (o->kind) {
	case SUAN_SIM_SITE:
		return change_site(d, o->number, (enum suan_site_state)o->value);
	case SUAN_SIM_LINK:
		return change_link(d, o->number, o->value == 0);
	case SUAN_SIM_POOL:
		return step_once(d, capacity);
	}
	return SUAN_EINVAL;
}

static int64_t outage_ms(const struct drive *d)
{
	return d->outage < d->outages_end ? d->outage->at_ms + ZERO_MS : SUAN_FOREVER;
}

/* ---- the pass ---- */

static enum suan_code start(struct drive *d, const struct suan_effect *f)
{
	struct suan_sim_row *row = &d->r->rows[f->run.job - 1];
	uint32_t job = row->job;

	row->start_ms = d->now_ms - ZERO_MS;
	row->pool = f->pool;
	if (job >= d->s->trace->njobs)
		job %= (uint32_t)d->s->trace->njobs;
	return suan_sim_ends_push(
		&d->ends,
		(struct suan_sim_end){suan_sat_add(d->now_ms, d->s->trace->jobs[job].run_ms),
				      (uint32_t)f->run.job, f->run.attempt});
}

static enum suan_code plan(struct drive *d)
{
	enum suan_code rc = step(d, &d->pass);

	d->r->passes++;
	d->wake_ms = SUAN_FOREVER; /* each pass says anew when it wants the next */
	for (size_t i = 0; rc == SUAN_OK && i < d->fx.count; i++) {
		const struct suan_effect *f = &d->fx.list[i];

		if (f->type == SUAN_FX_START) {
			rc = start(d, f);
			d->idle_wakes = 0;
		} else if (f->type == SUAN_FX_WAKE) {
			d->wake_ms = f->at_ms > d->now_ms ? f->at_ms : d->now_ms;
		}
	}
	return rc;
}

/* ---- the walk ---- */

/* false: nothing will happen any more. Wakes of which nothing comes again and again are nothing. */
static bool next_instant(struct drive *d)
{
	int64_t at = d->next_ms, outage = outage_ms(d);

	if (d->ends.count > 0 && d->ends.list[0].end_ms < at)
		at = d->ends.list[0].end_ms;
	if (outage < at)
		at = outage;
	if (d->wake_ms < at) {
		at = d->wake_ms;
		if (++d->idle_wakes > MOST_IDLE_WAKES)
			return false;
	} else {
		d->idle_wakes = 0;
	}
	d->now_ms = at;
	return at != SUAN_FOREVER;
}

static enum suan_code walk(struct drive *d)
{
	uint64_t all = d->r->total;
	enum suan_code rc = SUAN_OK;

	for (uint64_t round = 1; rc == SUAN_OK && next_instant(d); round++) {
		rc = end_runs(d);
		for (; rc == SUAN_OK && outage_ms(d) == d->now_ms; d->outage++)
			rc = change(d, d->outage);
		if (rc == SUAN_OK && d->next_ms == d->now_ms)
			rc = arrive(d);
		if (rc == SUAN_OK)
			rc = plan(d);
		if (round % ROUNDS_PER_TICK != 0 || !d->s->tick)
			continue;
		d->r->stopped = !d->s->tick(d->s->ctx,
					    d->r->completed + d->r->failed + d->r->rejected, all);
		if (d->r->stopped)
			break;
	}
	return rc;
}

/* ---- begin and end ---- */

/* Only what the policy needs: with one pool only the first planned start protects anything, so that
 * deeper predictions change no start; conservative protects every one. */
static uint32_t depth(const struct drive *d)
{
	const struct suan_policy *p = &d->s->policy;
	uint32_t pools = 0;

	for (uint32_t i = 0; i < d->s->network->nsites; i++)
		pools += d->s->network->sites[i].npools;
	if (p->plan_depth)
		return p->plan_depth;
	if (p->kind == SUAN_POLICY_CONSERVATIVE)
		return UINT32_MAX;
	return pools == 1 ? 1 : 0;
}

static enum suan_code make_places(struct drive *d)
{
	const struct suan_network *net = d->s->network;
	uint32_t pools = 0;

	for (uint32_t i = 0; i < net->nsites; i++)
		pools += net->sites[i].npools;
	d->site_of_pool = calloc((size_t)pools + 1, sizeof(*d->site_of_pool));
	d->sites = calloc((size_t)net->nsites + 1, sizeof(*d->sites));
	d->links_down = calloc((size_t)net->nlinks + 1, sizeof(*d->links_down));
	if (!d->site_of_pool || !d->sites || !d->links_down)
		return SUAN_ENOMEM;
	pools = 0;
	for (uint32_t i = 0; i < net->nsites; i++)
		for (uint32_t k = 0; k < net->sites[i].npools; k++)
			d->site_of_pool[pools++] = i;
	return SUAN_OK;
}

static enum suan_code introduce(struct drive *d)
{
	struct suan_event policy = {.type = SUAN_EV_POLICY, .u.policy = d->s->policy};
	enum suan_code rc = step_once(
		d, (struct suan_event){.type = SUAN_EV_NETWORK, .u.network = d->s->network});

	policy.u.policy.model_sites = true;
	policy.u.policy.predict |= d->s->estimates == SUAN_SIM_PREDICTED;
	policy.u.policy.plan_depth = depth(d);
	return rc == SUAN_OK ? step_once(d, policy) : rc;
}

/* Leaves out what the engine refuses before the first job that it takes: time begins there. */
static enum suan_code find_zero(struct drive *d)
{
	struct suan_job_spec spec = {.name = "", .qos = ""};

	d->submit.u.submit.jobs = &spec;
	d->submit.u.submit.njobs = 1;
	for (; d->next < d->last; d->next++) {
		struct suan_err why = {0};

		d->shift_ms = ZERO_MS - d->next->submit_ms;
		d->submit.now_ms = ZERO_MS;
		fill_spec(d, d->next, &spec);
		if (suan_engine_check(d->e, &d->submit, &d->fx, &why) != SUAN_OK)
			return suan_fail(d->err, why.code, "%s", why.text);
		if (d->fx.code == SUAN_OK)
			break;
		d->r->rejected++;
		d->r->refused[d->fx.refused]++;
	}
	d->r->zero_ms = ZERO_MS - d->shift_ms;
	return SUAN_OK;
}

/* A copy of the trace follows a second after the last submission of the one before. */
static enum suan_code open_trace(struct drive *d)
{
	const struct suan_trace *t = d->s->trace;
	uint64_t all = 0;

	d->copies = d->s->repeat ? d->s->repeat : 1;
	if (t->njobs == 0)
		return suan_fail(d->err, SUAN_EINVAL, "the trace has no job that can run");
	if (!suan_mul_u64(t->njobs, d->copies, &all) || all >= UINT32_MAX)
		return suan_fail(d->err, SUAN_ETOOBIG,
				 "%zu jobs × %u are too many; right are less than 4294967295",
				 t->njobs, d->copies);
	d->r->total = all + t->rejected * d->copies;
	d->r->rejected = t->rejected * d->copies;
	d->r->refused[SUAN_R_NONE] = d->r->rejected;
	d->r->period_ms =
		suan_sat_add(t->jobs[t->njobs - 1].submit_ms - t->jobs[0].submit_ms, 1000);
	d->r->rows = malloc((size_t)all * sizeof(*d->r->rows));
	d->next = t->jobs;
	d->last = t->jobs + t->njobs;
	return d->r->rows ? SUAN_OK : SUAN_ENOMEM;
}

static enum suan_code open_all(struct drive *d)
{
	const struct suan_sim_outages *o = d->s->outages;
	enum suan_code rc = open_trace(d);

	d->submit.type = SUAN_EV_SUBMIT;
	d->ended.type = SUAN_EV_REPORT;
	d->ended.u.report.kind = SUAN_REPORT_ENDED;
	d->forget.type = SUAN_EV_FORGET;
	d->forget.u.target.all = true;
	d->pass.type = SUAN_EV_PASS;
	d->now_ms = ZERO_MS;
	d->wake_ms = SUAN_FOREVER;
	if (o) {
		d->outage = o->list;
		d->outages_end = o->list + o->count;
	}
	d->e = suan_engine_new();
	if (rc == SUAN_OK)
		rc = d->e ? make_places(d) : SUAN_ENOMEM;
	if (rc == SUAN_OK)
		rc = introduce(d);
	if (rc == SUAN_OK)
		rc = find_zero(d);
	if (rc == SUAN_OK)
		next_arrival(d);
	return rc;
}

static uint64_t hash_rows(const struct suan_sim_result *r)
{
	uint64_t h = SUAN_HASH_START;

	for (size_t i = 0; i < r->nrows; i++) {
		h = suan_hash_mix(h ^ (uint64_t)r->rows[i].start_ms);
		h = suan_hash_mix(h + r->rows[i].job + ((uint64_t)r->rows[i].pool << 32));
	}
	return h;
}

static void close_all(struct drive *d)
{
	suan_engine_free(d->e);
	suan_effects_done(&d->fx);
	free(d->specs);
	free(d->ends.list);
	free(d->site_of_pool);
	free(d->sites);
	free(d->links_down);
}

enum suan_code suan_sim_run(const struct suan_sim_setup *s, struct suan_sim_result *ret,
			    struct suan_err *err)
{
	struct suan_sim_result r = {0};
	struct suan_err own = {0};
	struct drive d = {.s = s, .r = &r, .err = err ? err : &own};
	enum suan_code rc;

	suan_effects_init(&d.fx);
	rc = open_all(&d);
	if (rc == SUAN_OK)
		rc = walk(&d);
	if (rc == SUAN_OK) {
		r.unfinished = r.nrows - r.completed - r.failed;
		r.engine_hash = suan_engine_hash(d.e);
		while (r.nforecasts < SUAN_SIM_FORECASTS &&
		       suan_engine_forecast(d.e, r.nforecasts, &r.forecasts[r.nforecasts]))
			r.nforecasts++;
		r.schedule_hash = hash_rows(&r);
	}
	close_all(&d);
	if (rc == SUAN_OK)
		*ret = r;
	else
		free(r.rows);
	if (rc == SUAN_ENOMEM)
		return suan_fail(err, rc, "out of memory");
	return rc;
}

void suan_sim_result_done(struct suan_sim_result *r)
{
	free(r->rows);
	*r = (struct suan_sim_result){0};
}
