/* What each site would have been alone: its own pools, the jobs that were submitted there, easy. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "base/wide.h"

struct alone {
	const struct suan_sim_setup *s;
	const struct suan_sim_result *r;	/* together */
	uint32_t *site_of_name;			/* owned; by the trace's strings, + 1 */
	struct suan_trace_job *jobs;		/* owned; of one site */
	uint32_t *rows;				/* owned; theirs in r */
};

struct sums {
	suan_wide area, shared, alone;
	uint64_t jobs;
};

static enum suan_code open_alone(struct alone *a)
{
	const struct suan_trace *t = a->s->trace;
	const struct suan_network *net = a->s->network;

	a->site_of_name = calloc((size_t)t->nstrings + 1, sizeof(*a->site_of_name));
	a->jobs = malloc((a->r->nrows + 1) * sizeof(*a->jobs));
	a->rows = malloc((a->r->nrows + 1) * sizeof(*a->rows));
	if (!a->site_of_name || !a->jobs || !a->rows)
		return SUAN_ENOMEM;
	for (uint32_t i = 1; i < t->nstrings; i++)
		for (uint32_t k = 0; k < net->nsites; k++)
			if (strcmp(net->sites[k].name, t->strings[i]) == 0)
				a->site_of_name[i] = k + 1;
	return SUAN_OK;
}

/* The jobs of a site by the clock of the simulation, copies of a repeated trace one by one. */
static size_t pick(struct alone *a, uint32_t site)
{
	size_t n = 0;

	for (size_t i = 0; i < a->r->nrows; i++) {
		const struct suan_sim_row *row = &a->r->rows[i];
		const struct suan_trace_job *j = suan_sim_job(a->s, row);

		if (a->site_of_name[j->site] != site + 1)
			continue;
		a->jobs[n] = *j;
		a->jobs[n].submit_ms = suan_sim_submit_ms(a->s, a->r, row);
		if (j->deadline_ms)
			a->jobs[n].deadline_ms += suan_sim_shift_ms(a->s, a->r, row);
		a->rows[n++] = (uint32_t)i;
	}
	return n;
}

/* Jobs that ended in both. */
static void add(const struct alone *a, const struct suan_sim_setup *s,
		const struct suan_sim_result *r, struct sums *to)
{
	for (size_t i = 0; i < r->nrows; i++) {
		const struct suan_sim_row *row = &r->rows[i];
		const struct suan_sim_row *both = &a->r->rows[a->rows[row->job]];
		const struct suan_trace_job *j = &s->trace->jobs[row->job];
		suan_wide area = (suan_wide)((uint64_t)j->tasks * j->cores) * (uint64_t)j->run_ms;
		int64_t wait = row->start_ms - suan_sim_submit_ms(s, r, row);
		int64_t shared = both->start_ms - suan_sim_submit_ms(a->s, a->r, both);

		if (row->start_ms < 0 || both->start_ms < 0)
			continue;
		to->area += area;
		to->alone += area * (uint64_t)(wait + j->run_ms);
		to->shared += area * (uint64_t)(shared + j->run_ms);
		to->jobs++;
	}
}

static void finish(struct suan_sim_part *to, const struct sums *s)
{
	to->home_jobs = s->jobs;
	if (s->area == 0)
		return;
	to->home_awrt = suan_wide_scale(s->shared, 1000, s->area);
	to->home_alone = suan_wide_scale(s->alone, 1000, s->area);
	to->home_ratio = suan_wide_scale(s->shared, 1000000, s->alone);
	to->home_gain = 1000000 - to->home_ratio;
}

static enum suan_code run_site(struct alone *a, uint32_t site, struct sums *sums,
			       struct suan_err *err)
{
	struct suan_network net = *a->s->network;
	struct suan_trace trace = *a->s->trace;
	struct suan_sim_setup s = {.network = &net, .trace = &trace,
				   .policy = {.kind = SUAN_POLICY_EASY},
				   .estimates = a->s->estimates,
				   .processors_only = a->s->processors_only,
				   .tick = a->s->tick, .ctx = a->s->ctx};
	struct suan_sim_result r = {0};
	enum suan_code rc;

	trace.jobs = a->jobs;
	trace.njobs = pick(a, site);
	trace.rejected = 0;
	net.sites = &a->s->network->sites[site];
	net.nsites = 1;
	net.nlinks = net.nlatency = 0;
	if (trace.njobs == 0)
		return SUAN_OK;
	rc = suan_sim_run(&s, &r, err);
	if (rc == SUAN_OK && !r.stopped)
		add(a, &s, &r, sums);
	suan_sim_result_done(&r);
	return rc;
}

enum suan_code suan_sim_alone(const struct suan_sim_setup *s, const struct suan_sim_result *r,
			      struct suan_sim_scores *scores, struct suan_err *err)
{
	struct alone a = {.s = s, .r = r};
	struct sums all = {0};
	enum suan_code rc = open_alone(&a);

	if (rc != SUAN_OK)
		rc = suan_fail(err, rc, "out of memory");
	for (uint32_t i = 0; i < scores->nsites && rc == SUAN_OK; i++) {
		struct sums one = {0};

		rc = run_site(&a, i, &one, err);
		finish(&scores->sites[i], &one);
		all.jobs += one.jobs;
		all.area += one.area;
		all.shared += one.shared;
		all.alone += one.alone;
	}
	finish(&scores->all, &all);
	scores->alone = rc == SUAN_OK;
	free(a.site_of_name);
	free(a.jobs);
	free(a.rows);
	return rc;
}
