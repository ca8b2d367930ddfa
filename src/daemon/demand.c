#include "daemon/demand.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define NOWHERE UINT32_MAX

/* When a job of the past enters the simulation. */
enum entry {
	OUTSIDE,
	RUNNING, /* before the window; something of it ran when it began */
	WAITING, /* before the window; nothing of it ran then */
	INSIDE,
	NENTRIES
};

struct make {
	const struct suan_past *p;
	const struct suan_demand_window *w;
	const struct suan_network *then, *now;
	struct suan_demand *d;
	uint32_t *number;    /* owned; of each job's first task in the trace, or NOWHERE */
	uint32_t *pool_of;   /* owned; in `then`, by the engine's numbers */
	uint32_t *positions; /* owned; of the present job's tasks that count */
	size_t cap;	     /* tasks there is room for */
};

/* ---- what counts ---- */

/* Those that wait enter when the window begins, those that run just before: nobody can take the
 * nodes that they have. */
static int64_t enters_ms(const struct make *m, const struct suan_past_job *j, enum entry how)
{
	if (how == INSIDE)
		return j->submit_ms;
	return m->w->from_ms - (how == RUNNING);
}

static bool counts(const struct make *m, const struct suan_past_task *t, enum entry how)
{
	return t->end == SUAN_PAST_RAN && (how == INSIDE || t->end_ms > m->w->from_ms);
}

static enum entry entry_of(const struct make *m, const struct suan_past_job *j)
{
	enum entry how = OUTSIDE;

	if (j->submit_ms >= m->w->until_ms)
		return OUTSIDE;
	if (j->submit_ms >= m->w->from_ms)
		return INSIDE;
	for (uint32_t i = 0; i < j->ntasks; i++) {
		const struct suan_past_task *t = &m->p->tasks[j->first_task + i];

		if (!counts(m, t, WAITING))
			continue;
		if (t->order_ms <= m->w->from_ms)
			return RUNNING;
		how = WAITING;
	}
	return how;
}

/* Of a task that does not count, why. Those that were over before the window are none of its. */
static void count_left_out(struct make *m, const struct suan_past_task *t)
{
	struct suan_demand_counts *c = &m->d->counts;

	switch (t->end) {
	case SUAN_PAST_OPEN:
		if (t->order_ms)
			c->running++;
		else if (t->held)
			c->waiting_held++;
		else
			c->waiting++;
		break;
	case SUAN_PAST_NEVER:
		c->cancelled += t->end_ms >= m->w->from_ms;
		break;
	case SUAN_PAST_UNKNOWN:
		c->unknown += t->end_ms >= m->w->from_ms;
		break;
	case SUAN_PAST_RAN:
		break;
	}
}

static void count_all_left_out(struct make *m)
{
	for (size_t i = 0; i < m->p->njobs; i++) {
		const struct suan_past_job *j = &m->p->jobs[i];

		for (uint32_t k = 0; j->submit_ms < m->w->until_ms && k < j->ntasks; k++)
			count_left_out(m, &m->p->tasks[j->first_task + k]);
	}
}

/* ---- the request ---- */

static bool known(const struct suan_network *net, const char *name, bool hub)
{
	for (uint32_t i = 0; !hub && i < net->nsites; i++)
		if (strcmp(net->sites[i].name, name) == 0)
			return true;
	for (uint32_t i = 0; hub && i < net->nhubs; i++)
		if (strcmp(net->hubs[i].name, name) == 0)
			return true;
	for (uint32_t i = 0; hub && i < net->nsites; i++)
		if (strcmp(net->sites[i].hub, name) == 0)
			return true;
	return false;
}

/* Leaves out names that the network does not have. Where no allowed one is left, the list stays as
 * it is, and the scheduler refuses the job. */
static bool keep_known(struct make *m, struct suan_names *n, bool hub, bool allow)
{
	const char **list;
	uint32_t count = 0;

	if (n->count == 0)
		return true;
	list = suan_arena_array(&m->d->arena, n->count, sizeof(*list));
	for (uint32_t i = 0; list && i < n->count; i++)
		if (known(m->now, n->list[i], hub))
			list[count++] = n->list[i];
	if (list && (count > 0 || !allow))
		*n = (struct suan_names){list, count};
	return list != NULL;
}

/* The elements that count as one array, by their own indices. Where those do not fit into runs, by
 * new ones, which only aftercorr would see. */
static bool make_range(struct make *m, const struct suan_range *whole, uint32_t n,
		       struct suan_job_spec *spec)
{
	struct suan_range *r = suan_arena_alloc(&m->d->arena, sizeof(*r));

	if (!r)
		return false;
	spec->array = r;
	r->cap = whole->cap;
	r->count = n;
	if (n == whole->count) {
		*r = *whole;
		return true;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = suan_range_at(whole, m->positions[i]);
		struct suan_range_run *run = r->nruns ? &r->runs[r->nruns - 1] : NULL;

		if (run && run->first == run->last) {
			run->step = at - run->last;
			run->last = at;
		} else if (run && at == run->last + run->step) {
			run->last = at;
		} else if (r->nruns < SUAN_RANGE_MAX_RUNS) {
			r->runs[r->nruns++] = (struct suan_range_run){at, at, 1};
		} else {
			r->nruns = 1;
			r->runs[0] = (struct suan_range_run){0, n - 1, 1};
			break;
		}
	}
	return true;
}

/* ---- dependencies ---- */

static int64_t first_order_ms(const struct make *m, const struct suan_past_job *j, uint32_t n)
{
	int64_t first = SUAN_FOREVER;

	for (uint32_t i = 0; i < n; i++) {
		int64_t at = m->p->tasks[j->first_task + m->positions[i]].order_ms;

		first = at < first ? at : first;
	}
	return first;
}

/* The last end before `by` of those tasks of a job that are not in the trace. */
static int64_t left_out_until(const struct make *m, const struct suan_past_job *on, int64_t by)
{
	int64_t last = 0;

	for (uint32_t i = 0; i < on->ntasks; i++) {
		const struct suan_past_task *t = &m->p->tasks[on->first_task + i];

		if (t->end != SUAN_PAST_RAN && t->end_ms > last && t->end_ms <= by)
			last = t->end_ms;
	}
	return last;
}

static bool whole(const struct make *m, const struct suan_past_job *on)
{
	return m->d->more[m->number[on - m->p->jobs]].elements == on->ntasks;
}

/* A dependency on what is in the trace stays. Where a part of it is not, the condition may lie in
 * that part: it was met, and what is left to wait for are the ends of the others. */
static bool take_dependencies(struct make *m, const struct suan_past_job *j, uint32_t n,
			      struct suan_job_spec *spec)
{
	int64_t by = first_order_ms(m, j, n);
	struct suan_dep *deps;
	uint32_t kept = 0;

	if (spec->ndeps == 0)
		return true;
	deps = suan_arena_array(&m->d->arena, spec->ndeps, sizeof(*deps));
	for (uint32_t i = 0; deps && i < spec->ndeps; i++) {
		struct suan_dep d = spec->deps[i];
		const struct suan_past_job *on = suan_past_job(m->p, d.job);
		int64_t until = on ? left_out_until(m, on, by) : 0;
		bool corr = d.type == SUAN_AFTERCORR;

		if (until > spec->begin_ms)
			spec->begin_ms = until;
		if (!on || m->number[on - m->p->jobs] == NOWHERE ||
		    (corr && (!whole(m, on) || n < j->ntasks))) {
			m->d->counts.dependencies_met++;
			continue;
		}
		if (!whole(m, on))
			d.type = SUAN_AFTERANY;
		d.job = m->number[on - m->p->jobs];
		deps[kept++] = d;
	}
	spec->deps = deps;
	spec->ndeps = kept;
	return deps != NULL;
}

/* ---- a job ---- */

/* Times of the request are by the trace's zero from here on; 0 = none. */
static int64_t by_zero(const struct make *m, int64_t ms)
{
	return ms > m->d->zero_ms ? ms - m->d->zero_ms : 0;
}

static struct suan_job_spec *make_spec(struct make *m, const struct suan_past_job *j, uint32_t n)
{
	struct suan_job_spec *s = suan_arena_alloc(&m->d->arena, sizeof(*s));

	if (!s)
		return NULL;
	*s = j->spec;
	s->hold = false;
	if (j->release_ms > s->begin_ms && j->release_ms <= first_order_ms(m, j, n))
		s->begin_ms = j->release_ms;
	if (s->array && !make_range(m, s->array, n, s))
		return NULL;
	if (!keep_known(m, &s->site, false, true) || !keep_known(m, &s->hub, true, true) ||
	    !keep_known(m, &s->not_site, false, false) ||
	    !keep_known(m, &s->not_hub, true, false) || !take_dependencies(m, j, n, s))
		return NULL;
	s->begin_ms = by_zero(m, s->begin_ms);
	s->deadline_ms = by_zero(m, s->deadline_ms);
	return s;
}

static enum suan_outcome outcome_of(const struct suan_past_task *t)
{
	switch (t->state) {
	case SUAN_TIMEOUT:
		return SUAN_OUT_TIMEOUT;
	case SUAN_OUT_OF_MEMORY:
		return SUAN_OUT_MEMORY;
	case SUAN_CANCELLED:
		return SUAN_OUT_CANCELLED;
	case SUAN_PENDING:
	case SUAN_STAGING:
	case SUAN_RUNNING:
	case SUAN_COMPLETED:
	case SUAN_FAILED:
	case SUAN_PREEMPTED:
	case SUAN_UNKNOWN:
	case SUAN_NSTATES:
		break;
	}
	return SUAN_OUT_EXITED;
}

static void add_task(struct make *m, const struct suan_past_task *t,
		     const struct suan_job_spec *spec, struct suan_trace_job like)
{
	struct suan_demand *d = m->d;
	int64_t enters = d->zero_ms + like.submit_ms;
	int64_t start = t->order_ms > enters ? t->order_ms : enters;
	size_t i = d->trace.njobs++;

	like.run_ms = t->end_ms > start ? t->end_ms - start : 1;
	if (like.estimate_ms < like.run_ms)
		like.estimate_ms = like.run_ms;
	d->trace.jobs[i] = like;
	d->more[i].spec = spec;
	d->more[i].outcome = outcome_of(t);
	d->more[i].exit_code = t->state == SUAN_FAILED;
	d->rows[i] = (struct suan_sim_row){
		.start_ms = start - d->zero_ms, .job = (uint32_t)i, .pool = m->pool_of[t->pool]};
	if (d->rows[i].pool == SUAN_NO_POOL) /* went on after its pool had left the network */
		d->rows[i].start_ms = -1;
	d->counts.tasks++;
	d->counts.held += t->held;
	d->counts.reruns += t->reruns;
}

static enum suan_code add_job(struct make *m, const struct suan_past_job *j, enum entry how)
{
	struct suan_demand *d = m->d;
	uint32_t n = 0, first = (uint32_t)d->trace.njobs;
	struct suan_trace_job like = {.id = j->id};
	const struct suan_job_spec *spec;

	for (uint32_t i = 0; i < j->ntasks; i++)
		if (counts(m, &m->p->tasks[j->first_task + i], how))
			m->positions[n++] = i;
	if (n == 0)
		return SUAN_OK;
	if (first == 0)
		d->zero_ms = enters_ms(m, j, how);
	spec = make_spec(m, j, n);
	if (!spec)
		return SUAN_ENOMEM;
	like.submit_ms = enters_ms(m, j, how) - d->zero_ms;
	like.estimate_ms = spec->walltime_ms;
	like.deadline_ms = spec->deadline_ms;
	like.memory = spec->req.memory;
	like.tasks = spec->req.tasks ? spec->req.tasks : 1;
	like.cores = spec->req.cores ? spec->req.cores : 1;
	like.gpus = spec->req.gpus;
	like.nodes = spec->req.nodes;
	for (uint32_t i = 0; i < n; i++) {
		d->more[first + i] = (struct suan_sim_more){.elements = n, .pos = i};
		add_task(m, &m->p->tasks[j->first_task + m->positions[i]], spec, like);
	}
	m->number[j - m->p->jobs] = first;
	d->counts.jobs++;
	if (how != INSIDE)
		d->counts.carried += n;
	return SUAN_OK;
}

/* ---- all ---- */

static uint32_t find_pool(const struct suan_network *net, const struct suan_past_pool *p)
{
	uint32_t number = 0;

	for (uint32_t i = 0; i < net->nsites; i++)
		for (uint32_t k = 0; k < net->sites[i].npools; k++, number++)
			if (strcmp(net->sites[i].name, p->site) == 0 &&
			    strcmp(net->sites[i].pools[k].name, p->pool) == 0)
				return number;
	return SUAN_NO_POOL;
}

static enum suan_code make_room(struct make *m)
{
	const struct suan_past *p = m->p;
	struct suan_demand *d = m->d;
	uint32_t widest = 1;

	for (size_t i = 0; i < p->njobs; i++) {
		bool in = entry_of(m, &p->jobs[i]) != OUTSIDE;

		m->cap += in ? p->jobs[i].ntasks : 0;
		widest = p->jobs[i].ntasks > widest ? p->jobs[i].ntasks : widest;
	}
	if (m->cap >= UINT32_MAX)
		return SUAN_ETOOBIG;
	d->trace.jobs = calloc(m->cap + 1, sizeof(*d->trace.jobs));
	d->trace.strings = calloc(1, sizeof(*d->trace.strings));
	d->more = calloc(m->cap + 1, sizeof(*d->more));
	d->rows = calloc(m->cap + 1, sizeof(*d->rows));
	m->number = malloc((p->njobs + 1) * sizeof(*m->number));
	m->pool_of = malloc((p->npools + 1) * sizeof(*m->pool_of));
	m->positions = malloc(widest * sizeof(*m->positions));
	if (!d->trace.jobs || !d->trace.strings || !d->more || !d->rows || !m->number ||
	    !m->pool_of || !m->positions)
		return SUAN_ENOMEM;
	d->trace.strings[0] = "";
	d->trace.nstrings = 1;
	for (size_t i = 0; i < p->njobs; i++)
		m->number[i] = NOWHERE;
	for (size_t i = 0; i < p->npools; i++)
		m->pool_of[i] = find_pool(m->then, &p->pools[i]);
	return SUAN_OK;
}

enum suan_code suan_demand_make(const struct suan_past *p, const struct suan_demand_window *w,
				const struct suan_network *then, const struct suan_network *now,
				struct suan_demand *ret, struct suan_err *err)
{
	struct suan_demand d = {0};
	struct make m = {.p = p, .w = w, .then = then, .now = now, .d = &d};
	enum suan_code rc;

	suan_arena_init(&d.arena, 0);
	rc = make_room(&m);
	for (enum entry how = RUNNING; rc == SUAN_OK && how < NENTRIES; how++)
		for (size_t i = 0; rc == SUAN_OK && i < p->njobs; i++)
			if (entry_of(&m, &p->jobs[i]) == how)
				rc = add_job(&m, &p->jobs[i], how);
	if (rc == SUAN_OK)
		count_all_left_out(&m);
	free(m.number);
	free(m.pool_of);
	free(m.positions);
	if (rc == SUAN_ETOOBIG)
		rc = suan_fail(err, rc, "more than 4294967294 tasks; take a shorter window");
	else if (rc != SUAN_OK)
		rc = suan_fail(err, rc, "out of memory");
	else if (d.counts.tasks == 0)
		rc = suan_fail(err, SUAN_EINVAL,
			       "nothing that was asked for in this time ran to its end");
	if (rc == SUAN_OK)
		*ret = d;
	else
		suan_demand_done(&d);
	return rc;
}

void suan_demand_done(struct suan_demand *d)
{
	suan_trace_done(&d->trace);
	free(d->more);
	free(d->rows);
	suan_arena_done(&d->arena);
	*d = (struct suan_demand){0};
}
