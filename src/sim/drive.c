/* Time passes: the next instant at which anything happens, its events, one PASS. What the engine is
 * told is what a service would tell it; only that a run began is not reported, since the end says
 * as much and nothing depends on it. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "engine/engine.h"
#include "sim/choose.h"
#include "sim/ends.h"
#include "sim/feed.h"
#include "sim/issue.h"
#include "sim/moves.h"
#include "sim/reservations.h"
#include "sim/sim.h"

#define ZERO_MS		1000 /* the engine's time at our zero, unless there are signals */
#define HOUR_MS		3600000
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
	struct suan_event submit, ended, pass; /* filled once but for what changes */
	/* With more of the jobs than the trace says; else a row's job is its number + 1. */
	const struct suan_sim_more *more;
	uint32_t *first_row;   /* owned; of the engine's jobs */
	uint64_t *job_of;      /* owned; the engine's, by number in the trace; 0: not accepted */
	struct suan_dep *deps; /* owned; of the present job */
	size_t deps_cap;
	struct suan_job_spec *specs; /* owned; of the arrivals of one instant */
	size_t specs_cap;
	struct suan_sim_ends ends;
	const struct suan_sim_outage *outage, *outages_end;
	const struct suan_sim_command *command, *commands_end;
	uint32_t open; /* reservations that are not over */
	const char **home_of;			  /* owned; by the trace's strings; NULL: none */
	uint32_t *site_of_pool;			  /* owned */
	struct place *sites;			  /* owned */
	bool *links_down;			  /* owned */
	const struct suan_trace_job *next, *last; /* in the present copy of the trace */
	int64_t zero_ms;			  /* the engine's time at our zero: not 0 */
	int64_t shift_ms;			  /* of this copy: engine's time − trace's */
	int64_t next_ms, wake_ms, now_ms;
	uint32_t copy, copies, idle_wakes;
	struct suan_sim_chooser *chooser; /* owned; NULL: the engine chooses */
	int64_t *done_ms; /* owned; by row: work that is kept. NULL: no class can be stopped */
	struct suan_sim_issuer *issuer; /* owned; NULL: nothing is told later */
	const char **inputs; /* owned; names of the trace's inputs. NULL: they do not count */
	struct suan_sim_moves moves;
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

/* The run that a row stands for. */
static struct suan_run_id run_of(const struct drive *d, uint32_t row, uint32_t attempt)
{
	struct suan_run_id run = {.job = (uint64_t)row + 1, .attempt = attempt};
	const struct suan_sim_more *m;
	uint32_t number;

	if (!d->more)
		return run;
	number = d->r->rows[row].job;
	m = &d->more[number];
	run.job = d->job_of[number - m->pos];
	if (m->spec->array)
		run.index = suan_range_at(m->spec->array, m->pos);
	return run;
}

static uint32_t row_of(const struct drive *d, struct suan_run_id run)
{
	uint32_t row, pos = 0;
	const struct suan_range *array;
	bool known;

	if (!d->more)
		return (uint32_t)run.job - 1;
	row = d->first_row[run.job];
	array = d->more[d->r->rows[row].job].spec->array;
	known = !array || suan_range_pos(array, run.index, &pos);
	assert(known);
	return row + pos;
}

/* Both are needed, and a machine without a network is near to everything. */
static void fill_near(const struct drive *d, const struct suan_trace_job *j,
		      struct suan_job_spec *spec)
{
	const char *near = d->s->trace->strings[j->near];
	const struct suan_network *net = d->s->network;
	bool known = false;

	for (uint32_t i = 0; near[0] && i < net->ncities && !known; i++)
		known = strcmp(net->cities[i].name, near) == 0;
	for (uint32_t i = 0; near[0] && i < net->nsites && !known; i++)
		known = strcmp(net->sites[i].name, near) == 0;
	spec->near = known && j->max_latency_us ? near : "";
	spec->max_latency_us = spec->near[0] ? j->max_latency_us : 0;
}

static void fill_spec(const struct drive *d, const struct suan_trace_job *j,
		      struct suan_job_spec *spec)
{
	const char **strings = d->s->trace->strings;

	spec->user = strings[j->user];
	spec->account = strings[j->account];
	spec->qos = strings[j->qos];
	spec->checkpointable = j->checkpointable;
	spec->gpu = strings[j->gpu];
	spec->not_hub = (struct suan_names){&strings[j->not_hub], j->not_hub != 0};
	spec->home = d->home_of[j->site];
	spec->reservation = d->s->ncommands > 0 ? strings[j->reservation] : "";
	spec->req.tasks = j->tasks;
	spec->req.cores = j->cores;
	spec->req.gpus = j->gpus;
	spec->inputs = (struct suan_names){NULL, 0};
	if (d->inputs && j->ninputs > 0)
		spec->inputs = (struct suan_names){&d->inputs[j->first_input], j->ninputs};
	if (!d->s->processors_only) {
		spec->req.nodes = j->nodes;
		spec->req.memory = j->memory;
	}
	fill_near(d, j, spec);
	spec->walltime_ms = d->s->estimates == SUAN_SIM_PERFECT ? j->run_ms : j->estimate_ms;
	spec->goal = d->s->hurry ? SUAN_GOAL_FASTEST
		     : j->goal != SUAN_GOAL_FASTEST ? j->goal : d->s->goal;
	spec->max_delay_ms = d->s->hurry ? 0 : suan_sim_delay(d->s, j);
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

/* Its user looks no more at what this job holds. */
static void leave(struct drive *d, const struct suan_trace_job *j, uint32_t site)
{
	if (d->chooser)
		suan_sim_leave(d->chooser, j, site);
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
		if (d->chooser)
			leave(d, first + bad, suan_sim_chosen(d->chooser, &d->specs[bad].site));
		if (bad > from) {
			rc = offer(d, from, bad);
			if (rc == SUAN_OK)
				accept(d, first, from, bad);
		}
		from = bad + 1;
	}
	return rc;
}

/* NULL: not of this network. */
static const char *known_site(const struct suan_network *net, const char *name)
{
	for (uint32_t i = 0; name && name[0] && i < net->nsites; i++)
		if (strcmp(net->sites[i].name, name) == 0)
			return net->sites[i].name;
	return NULL;
}

/* Dependencies on jobs that were refused stay ones on jobs that do not exist: refused as well. */
static enum suan_code fill_more(struct drive *d, const struct suan_trace_job *j,
				struct suan_job_spec *spec)
{
	const struct suan_job_spec *said = d->more[j - d->s->trace->jobs].spec;
	uint32_t elements = d->more[j - d->s->trace->jobs].elements;
	int64_t longest = 0;

	*spec = *said;
	spec->home = known_site(d->s->network, said->home);
	if (suan_grow(&d->deps, &d->deps_cap, said->ndeps, sizeof(*d->deps)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (uint32_t i = 0; i < said->ndeps; i++) {
		assert(said->deps[i].job < (uint64_t)(j - d->s->trace->jobs));
		d->deps[i] = said->deps[i];
		d->deps[i].job = d->job_of[said->deps[i].job];
	}
	spec->deps = d->deps;
	if (spec->begin_ms)
		spec->begin_ms = suan_sat_add(spec->begin_ms, d->shift_ms);
	if (spec->deadline_ms)
		spec->deadline_ms = suan_sat_add(spec->deadline_ms, d->shift_ms);
	if (d->s->estimates != SUAN_SIM_PERFECT)
		return SUAN_OK;
	for (uint32_t i = 0; i < elements; i++)
		longest = j[i].run_ms > longest ? j[i].run_ms : longest;
	spec->walltime_ms = longest;
	spec->estimate_ms = 0;
	return SUAN_OK;
}

/* A job with all of its elements. */
static enum suan_code submit_more(struct drive *d)
{
	uint32_t first = (uint32_t)(d->next - d->s->trace->jobs);
	uint32_t n = d->more[first].elements;
	struct suan_job_spec spec;
	enum suan_code rc = fill_more(d, d->next, &spec);

	assert(d->more[first].pos == 0 && n > 0 && n <= (size_t)(d->last - d->next));
	d->submit.u.submit.jobs = &spec;
	d->submit.u.submit.njobs = 1;
	if (rc == SUAN_OK)
		rc = step(d, &d->submit);
	if (rc != SUAN_OK)
		return rc;
	d->next += n;
	if (d->fx.code != SUAN_OK) {
		d->r->rejected += n;
		d->r->refused[d->fx.refused] += n;
		return SUAN_OK;
	}
	d->job_of[first] = d->fx.first_job;
	d->first_row[d->fx.first_job] = (uint32_t)d->r->nrows;
	for (uint32_t i = 0; i < n; i++)
		d->r->rows[d->r->nrows++] = (struct suan_sim_row){
			.start_ms = -1, .job = first + i, .pool = SUAN_NO_POOL};
	return SUAN_OK;
}

static enum suan_code arrive_more(struct drive *d)
{
	int64_t at = d->next->submit_ms;
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK && d->next < d->last && d->next->submit_ms == at)
		rc = submit_more(d);
	next_arrival(d);
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
		fill_spec(d, j, &d->specs[n]);
		if (d->chooser)
			d->specs[n].site = suan_sim_choose(d->chooser, j);
		j++;
		n++;
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

	r->run = run_of(d, x->row, x->attempt);
	r->outcome = outcome;
	r->at_ms = at_ms;
	return step(d, &d->ended);
}

static enum suan_code tell_end(struct drive *d, const struct suan_sim_end *x)
{
	enum suan_outcome outcome = SUAN_OUT_EXITED;

	if (d->more) {
		outcome = d->more[d->r->rows[x->row].job].outcome;
		d->ended.u.report.exit_code = d->more[d->r->rows[x->row].job].exit_code;
	}
	d->r->completed++;
	leave(d, suan_sim_job(d->s, &d->r->rows[x->row]), d->site_of_pool[d->r->rows[x->row].pool]);
	if (d->done_ms && d->done_ms[x->row] > 0)
		d->r->rows[x->row].start_ms =
			x->end_ms - d->zero_ms - suan_sim_job(d->s, &d->r->rows[x->row])->run_ms;
	return report(d, x, outcome, x->end_ms);
}

/* Was it lost too often, or is it not to come back? Then it is over, and may be forgotten. */
static bool is_given_up(const struct drive *d, const struct suan_sim_end *x)
{
	struct suan_run_id run = run_of(d, x->row, x->attempt);
	struct suan_task_view v;

	return !suan_engine_task(d->e, run.job, run.index, &v) || v.state == SUAN_FAILED ||
	       v.state == SUAN_PREEMPTED;
}

static int64_t core_ms(const struct suan_trace_job *j, int64_t ms)
{
	int64_t area;

	return suan_mul_i64((int64_t)j->tasks * j->cores, ms, &area) ? area : INT64_MAX;
}

/* Of a run that goes on: what it spends before it works again. */
static int64_t overhead(const struct drive *d, uint32_t row)
{
	return d->done_ms && d->done_ms[row] > 0 ? d->s->checkpoint_ms : 0;
}

static bool is_checkpointable(const struct drive *d, const struct suan_sim_row *row)
{
	return d->more ? d->more[row->job].spec->checkpointable
		       : suan_sim_job(d->s, row)->checkpointable;
}

/* The run was stopped for another job. It waits again, with what it keeps. */
static enum suan_code tell_stopped(struct drive *d, const struct suan_sim_end *x)
{
	struct suan_sim_row *row = &d->r->rows[x->row];
	const struct suan_trace_job *j = suan_sim_job(d->s, row);
	int64_t ran = x->end_ms - d->zero_ms - row->start_ms, kept = 0;
	enum suan_code rc = report(d, x, SUAN_OUT_CANCELLED, x->end_ms);

	if (is_checkpointable(d, row) && ran > overhead(d, x->row))
		kept = ran - overhead(d, x->row);
	d->r->preempted++;
	d->r->preempted_core_ms = suan_sat_add(d->r->preempted_core_ms, core_ms(j, ran - kept));
	d->done_ms[x->row] += kept;
	if (rc == SUAN_OK && is_given_up(d, x)) {
		d->r->failed++;
		leave(d, j, d->site_of_pool[row->pool]);
	}
	row->start_ms = -1;
	row->pool = SUAN_NO_POOL;
	return rc;
}

static const struct place *site_of(const struct drive *d, const struct suan_sim_end *x)
{
	return &d->sites[d->site_of_pool[d->r->rows[x->row].pool]];
}

static enum suan_code end_runs(struct drive *d)
{
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK && d->ends.count > 0 && d->ends.list[0].end_ms == d->now_ms) {
		struct suan_sim_end x = suan_sim_ends_pop(&d->ends);

		rc = x.stopped ? tell_stopped(d, &x) : tell_end(d, &x);
	}
	return rc;
}

/* A stop was ordered. What is over by itself before its grace is, ends so. */
static enum suan_code stop(struct drive *d, const struct suan_effect *f)
{
	uint32_t row = row_of(d, f->run);

	for (size_t i = 0; i < d->ends.count; i++) {
		struct suan_sim_end x = d->ends.list[i];

		if (x.row != row || x.attempt != f->run.attempt || x.end_ms <= f->at_ms)
			continue;
		suan_sim_ends_drop(&d->ends, i);
		x.end_ms = f->at_ms;
		x.stopped = true;
		return suan_sim_ends_push(&d->ends, x);
	}
	return SUAN_OK;
}

/* ---- data sets ---- */

static enum suan_code end_moves(struct drive *d)
{
	struct suan_event ev = {.type = SUAN_EV_TRANSFER};
	struct suan_sim_move m;
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK && suan_sim_moves_pop(&d->moves, d->now_ms, &m)) {
		ev.u.transfer = (struct suan_transfer_report){
			.id = m.transfer, .attempt = m.attempt, .kind = SUAN_TRANSFER_DONE,
			.bytes = m.bytes, .sha256 = "", .text = ""};
		rc = step(d, &ev);
	}
	return rc;
}

static enum suan_code name_inputs(struct drive *d)
{
	const struct suan_trace *t = d->s->trace;

	if (!d->s->data)
		return SUAN_OK;
	d->inputs = calloc(t->ninputs + 1, sizeof(*d->inputs));
	if (!d->inputs)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < t->ninputs; i++)
		d->inputs[i] = t->strings[t->inputs[i]];
	return SUAN_OK;
}

/* All may read them. */
static enum suan_code put_data(struct drive *d)
{
	const char *all = "*";
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; d->s->data && i < d->s->data->count && rc == SUAN_OK; i++) {
		const struct suan_sim_datum *x = &d->s->data->list[i];
		const struct suan_data_command c = {
			.op = SUAN_DATA_PUT, .name = x->name, .who = "", .account = "",
			.site = x->site, .bytes = x->bytes, .present = true, .users = {&all, 1}};

		rc = step_once(d, (struct suan_event){.type = SUAN_EV_DATA, .u.data = &c});
	}
	return rc;
}

/* ---- outages ---- */

/* The run is over and nobody knows how far it came: it starts again, unless it was lost too often;
 * then it has failed, and the engine has forgotten it. */
static enum suan_code lose(struct drive *d, const struct suan_sim_end *x)
{
	struct suan_sim_row *row = &d->r->rows[x->row];
	const struct suan_trace_job *j = suan_sim_job(d->s, row);
	int64_t done = core_ms(j, d->now_ms - d->zero_ms - row->start_ms);
	enum suan_code rc = report(d, x, SUAN_OUT_LOST, d->now_ms);

	d->r->lost_core_ms = suan_sat_add(d->r->lost_core_ms, done);
	d->r->restarts++;
	if (rc == SUAN_OK && is_given_up(d, x)) {
		d->r->failed++;
		leave(d, j, d->site_of_pool[row->pool]);
	}
	row->start_ms = -1;
	row->pool = SUAN_NO_POOL;
	return rc;
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
	return d->outage < d->outages_end ? d->outage->at_ms + d->zero_ms : SUAN_FOREVER;
}

/* ---- commands ---- */

/* The engine's time of a time by the trace's zero. */
static int64_t engine_ms(const struct drive *d, int64_t at_ms)
{
	return suan_sat_add(at_ms, d->zero_ms - d->r->zero_ms);
}

static int64_t command_ms(const struct drive *d)
{
	int64_t at;

	if (d->command == d->commands_end)
		return SUAN_FOREVER;
	at = engine_ms(d, d->command->at_ms);
	return at > d->zero_ms ? at : d->zero_ms;
}

static enum suan_code reserve(struct drive *d, const struct suan_reserve *spec)
{
	struct suan_sim_reservation *x = &d->r->reservations[d->r->nreservations++];
	struct suan_reserve wish = *spec;
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .u.reserve = &wish};
	struct suan_err why = {0}, *err = d->err;
	enum suan_code rc;

	*x = (struct suan_sim_reservation){
		.spec = spec, .site = SUAN_NO_POOL, .pool = SUAN_NO_POOL};
	wish.from_ms = spec->from_ms ? engine_ms(d, spec->from_ms) : 0;
	wish.from_ms = wish.from_ms < 0 ? 0 : wish.from_ms;
	wish.to_ms = engine_ms(d, spec->to_ms);
	x->from_ms = (wish.from_ms > d->now_ms ? wish.from_ms : d->now_ms) - d->zero_ms;
	x->to_ms = wish.to_ms - d->zero_ms;
	d->err = &why;
	rc = step(d, &ev);
	d->err = err;
	if (rc != SUAN_OK)
		return suan_fail(err, rc, "%s", why.text);
	x->made = d->fx.code == SUAN_OK;
	if (!x->made) {
		const char *text = why.text[0] ? why.text : suan_reason_name(d->fx.refused);

		(void)snprintf(x->refused, sizeof(x->refused), "%.159s", text);
		return SUAN_OK;
	}
	x->id = d->fx.reservation;
	x->nodes = d->fx.nodes;
	d->open++;
	suan_sim_reservation_note(d->e, d->s, d->site_of_pool, d->zero_ms, x);
	return SUAN_OK;
}

static enum suan_code command(struct drive *d)
{
	const struct suan_sim_command *c = d->command++;

	if (c->reserve)
		return reserve(d, c->reserve);
	return step_once(d, (struct suan_event){.type = SUAN_EV_ACCOUNTS,
						.u.accounts = c->accounts});
}

/* ---- the pass ---- */

static enum suan_code start(struct drive *d, const struct suan_effect *f)
{
	uint32_t at = row_of(d, f->run);
	struct suan_sim_row *row = &d->r->rows[at];
	uint32_t job = row->job;
	int64_t left;

	row->start_ms = d->now_ms - d->zero_ms;
	row->pool = f->pool;
	if (job >= d->s->trace->njobs)
		job %= (uint32_t)d->s->trace->njobs;
	left = d->s->trace->jobs[job].run_ms;
	if (d->done_ms)
		left += overhead(d, at) - d->done_ms[at];
	return suan_sim_ends_push(&d->ends,
				  (struct suan_sim_end){suan_sat_add(d->now_ms, left), at,
							f->run.attempt & INT32_MAX, false});
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
		} else if (f->type == SUAN_FX_STOP) {
			rc = stop(d, f);
		} else if (f->type == SUAN_FX_COPY) {
			rc = suan_sim_moves_begin(&d->moves, d->e, f);
		} else if (f->type == SUAN_FX_COPY_STOP) {
			suan_sim_moves_stop(&d->moves, f);
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
	int64_t at = d->next_ms, outage = outage_ms(d), commanded = command_ms(d);

	if (commanded < at)
		at = commanded;
	if (d->ends.count > 0 && d->ends.list[0].end_ms < at)
		at = d->ends.list[0].end_ms;
	if (suan_sim_moves_next(&d->moves) < at)
		at = suan_sim_moves_next(&d->moves);
	if (outage < at)
		at = outage;
	if (d->wake_ms < at) {
		at = d->wake_ms;
		if (++d->idle_wakes > MOST_IDLE_WAKES)
			return false;
	} else {
		d->idle_wakes = 0;
	}
	/* forecasts come for ever: they alone keep nothing going */
	if (at != SUAN_FOREVER && suan_sim_issuer_next(d->issuer) < at)
		at = suan_sim_issuer_next(d->issuer);
	d->now_ms = at;
	return at != SUAN_FOREVER;
}

/* What is forecast now, and what was true until now. */
static enum suan_code tell_issues(struct drive *d)
{
	struct suan_signal_spec spec = {0};
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK && suan_sim_issuer_next(d->issuer) <= d->now_ms) {
		rc = suan_sim_issuer_take(d->issuer, &spec);
		if (rc == SUAN_OK && spec.nsteps > 0)
			rc = step_once(d, (struct suan_event){.type = SUAN_EV_SIGNAL,
							      .u.signal = &spec});
	}
	return rc;
}

static enum suan_code walk(struct drive *d)
{
	uint64_t all = d->r->total;
	enum suan_code rc = SUAN_OK;

	for (uint64_t round = 1; rc == SUAN_OK && next_instant(d); round++) {
		rc = tell_issues(d);
		if (rc == SUAN_OK)
			rc = end_runs(d);
		if (rc == SUAN_OK)
			rc = end_moves(d);
		for (; rc == SUAN_OK && outage_ms(d) == d->now_ms; d->outage++)
			rc = change(d, d->outage);
		while (rc == SUAN_OK && command_ms(d) == d->now_ms)
			rc = command(d);
		if (rc == SUAN_OK && d->next_ms == d->now_ms)
			rc = d->more ? arrive_more(d) : arrive(d);
		if (rc == SUAN_OK)
			rc = plan(d);
		if (rc == SUAN_OK)
			suan_sim_reservations_watch(d->e, d->r, d->now_ms - d->zero_ms, &d->open);
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
	if (d->done_ms)
		return 0; /* what may be planned may push out others */
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

/* Jobs submitted at a site of the network have it as their home. */
static enum suan_code name_homes(struct drive *d)
{
	const struct suan_network *net = d->s->network;
	const struct suan_trace *t = d->s->trace;

	d->home_of = calloc(t->nstrings + 1, sizeof(*d->home_of));
	if (!d->home_of)
		return SUAN_ENOMEM;
	for (uint32_t i = 0; i < t->nstrings; i++)
		d->home_of[i] = known_site(net, t->strings[i]);
	return SUAN_OK;
}

static enum suan_code introduce(struct drive *d)
{
	struct suan_event policy = {.type = SUAN_EV_POLICY, .u.policy = d->s->policy};
	enum suan_code rc = step_once(
		d, (struct suan_event){.type = SUAN_EV_NETWORK, .u.network = d->s->network});

	policy.u.policy.model_sites = policy.u.policy.terse = true;
	policy.u.policy.predict |= d->s->estimates == SUAN_SIM_PREDICTED;
	policy.u.policy.plan_depth = depth(d);
	if (rc == SUAN_OK && d->s->accounts)
		rc = step_once(d, (struct suan_event){.type = SUAN_EV_ACCOUNTS,
						      .u.accounts = d->s->accounts});
	if (rc == SUAN_OK)
		rc = step_once(d, policy);
	return rc == SUAN_OK ? put_data(d) : rc;
}

static enum suan_code tell(struct drive *d, uint32_t site, enum suan_signal_kind kind,
			   const struct suan_signal *g)
{
	struct suan_signal_spec spec = {.site = d->s->network->sites[site].name,
					.kind = kind,
					.marginal = g->marginal};
	enum suan_code rc;

	if (g->series.count == 0)
		return SUAN_OK;
	rc = suan_sim_feed(g, d->shift_ms - (g->dated ? d->s->signals->shift_ms : 0), &spec);
	if (rc == SUAN_OK && spec.nsteps > 0)
		rc = step_once(d, (struct suan_event){.type = SUAN_EV_SIGNAL, .u.signal = &spec});
	free((void *)(uintptr_t)spec.steps); /* NULL if there was no room for them */
	return rc;
}

/* The engine knows the series as the scores do; it has no reason to doubt them. */
static enum suan_code tell_all(struct drive *d)
{
	const struct suan_sim_signals *g = d->s->signals;
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; g && g->count > 0 && rc == SUAN_OK && i < g->nsites; i++) {
		for (int k = 0; rc == SUAN_OK && k < SUAN_NSIGNALS; k++)
			if (!suan_sim_is_issued(d->s, i, (enum suan_signal_kind)k))
				rc = tell(d, i, (enum suan_signal_kind)k, &g->sites[i].of[k]);
	}
	return rc;
}

/* The engine's hours begin with those of the signals: it plans by the hour. */
static int64_t zero_for(const struct drive *d, int64_t first_ms)
{
	const struct suan_sim_signals *g = d->s->signals;
	int64_t after;

	if (!g || g->count == 0)
		return ZERO_MS;
	after = suan_sat_add(first_ms, g->shift_ms) % HOUR_MS;
	return HOUR_MS + (after < 0 ? after + HOUR_MS : after);
}

/* Leaves out what the engine refuses before the first job that it takes: time begins there. */
static enum suan_code find_zero(struct drive *d)
{
	struct suan_job_spec spec = {.name = "", .qos = ""};

	d->submit.u.submit.jobs = &spec;
	d->submit.u.submit.njobs = 1;
	for (; d->next < d->last; d->next++) {
		struct suan_err why = {0};

		d->zero_ms = zero_for(d, d->next->submit_ms);
		d->shift_ms = d->zero_ms - d->next->submit_ms;
		d->submit.now_ms = d->zero_ms;
		fill_spec(d, d->next, &spec);
		spec.reservation = ""; /* none is made yet */
		if (suan_engine_check(d->e, &d->submit, &d->fx, &why) != SUAN_OK)
			return suan_fail(d->err, why.code, "%s", why.text);
		if (d->fx.code == SUAN_OK)
			break;
		d->r->rejected++;
		d->r->refused[d->fx.refused]++;
	}
	d->r->zero_ms = d->zero_ms - d->shift_ms;
	return SUAN_OK;
}

static bool stops_any(const struct suan_accounts *a)
{
	for (uint32_t i = 0; a && i < a->nqos; i++)
		if (a->qos[i].preempts.count > 0)
			return true;
	return false;
}

static bool ever_stops(const struct suan_sim_setup *s)
{
	bool any = stops_any(s->accounts);

	for (uint32_t i = 0; i < s->ncommands; i++)
		any |= stops_any(s->commands[i].accounts);
	return any;
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
	if (ever_stops(d->s)) {
		d->done_ms = calloc((size_t)all, sizeof(*d->done_ms));
		if (!d->done_ms)
			return SUAN_ENOMEM;
	}
	d->more = d->s->more;
	if (!d->r->rows || !d->more)
		return d->r->rows ? SUAN_OK : SUAN_ENOMEM;
	assert(d->copies == 1 && !d->s->processors_only);
	d->first_row = calloc(t->njobs + 2, sizeof(*d->first_row));
	d->job_of = calloc(t->njobs + 1, sizeof(*d->job_of));
	return d->first_row && d->job_of ? SUAN_OK : SUAN_ENOMEM;
}

static enum suan_code open_all(struct drive *d)
{
	const struct suan_sim_outages *o = d->s->outages;
	enum suan_code rc = open_trace(d);

	d->submit.type = SUAN_EV_SUBMIT;
	d->ended.type = SUAN_EV_REPORT;
	d->ended.u.report.kind = SUAN_REPORT_ENDED;
	d->ended.u.report.forget = !d->more; /* else a later one may depend on it */
	d->pass.type = SUAN_EV_PASS;
	d->now_ms = d->zero_ms = ZERO_MS;
	d->wake_ms = SUAN_FOREVER;
	if (o && o->count > 0) {
		d->outage = o->list;
		d->outages_end = o->list + o->count;
	}
	if (d->s->ncommands > 0) {
		d->command = d->s->commands;
		d->commands_end = d->s->commands + d->s->ncommands;
		d->r->reservations = calloc(d->s->ncommands, sizeof(*d->r->reservations));
		if (!d->r->reservations)
			rc = SUAN_ENOMEM;
	}
	d->e = suan_engine_new();
	if (rc == SUAN_OK)
		rc = d->e ? make_places(d) : SUAN_ENOMEM;
	if (rc == SUAN_OK)
		rc = name_homes(d);
	if (rc == SUAN_OK && d->s->choice != SUAN_SIM_LEAVE)
		rc = suan_sim_chooser_new(d->s, &d->chooser);
	if (rc == SUAN_OK)
		rc = name_inputs(d);
	if (rc == SUAN_OK)
		rc = introduce(d);
	if (rc == SUAN_OK && d->more)
		d->shift_ms = d->zero_ms;
	else if (rc == SUAN_OK)
		rc = find_zero(d);
	d->now_ms = d->zero_ms;
	if (rc == SUAN_OK)
		rc = tell_all(d);
	if (rc == SUAN_OK)
		rc = suan_sim_issuer_new(d->s, d->shift_ms, d->zero_ms, &d->issuer);
	if (rc == SUAN_OK)
		rc = tell_issues(d);
	if (rc == SUAN_OK)
		next_arrival(d);
	return rc;
}

uint64_t suan_sim_hash_rows(const struct suan_sim_result *r)
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
	suan_sim_chooser_free(d->chooser);
	suan_sim_issuer_free(d->issuer);
	free(d->specs);
	free(d->ends.list);
	free(d->first_row);
	free(d->job_of);
	free(d->done_ms);
	free(d->deps);
	free(d->home_of);
	free(d->inputs);
	suan_sim_moves_done(&d->moves);
	free(d->site_of_pool);
	free(d->sites);
	free(d->links_down);
}

static enum suan_code take_homes(struct drive *d)
{
	uint32_t n = d->s->network->nsites;

	d->r->homes = calloc((size_t)n + 1, sizeof(*d->r->homes));
	if (!d->r->homes)
		return SUAN_ENOMEM;
	d->r->nhomes = n;
	for (uint32_t i = 0; i < n; i++)
		(void)suan_engine_home(d->e, i, &d->r->homes[i]);
	return SUAN_OK;
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
		r.moved_bytes = suan_engine_moved_bytes(d.e);
		while (r.nforecasts < SUAN_SIM_FORECASTS &&
		       suan_engine_forecast(d.e, r.nforecasts, &r.forecasts[r.nforecasts]))
			r.nforecasts++;
		r.schedule_hash = suan_sim_hash_rows(&r);
		rc = take_homes(&d);
		suan_sim_use_reservations(s, &r);
	}
	close_all(&d);
	if (rc == SUAN_OK)
		*ret = r;
	else
		suan_sim_result_done(&r);
	if (rc == SUAN_ENOMEM)
		return suan_fail(err, rc, "out of memory");
	return rc;
}

void suan_sim_result_done(struct suan_sim_result *r)
{
	free(r->rows);
	free(r->homes);
	free(r->reservations);
	*r = (struct suan_sim_result){0};
}
