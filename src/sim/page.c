/* What the page of a simulation is made from. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sim/report.h"
#include "sim/reservations.h"
#include "sim/sim.h"

struct page {
	struct suan_report_input report;
	struct suan_report_site *sites;	   /* owned */
	struct suan_report_case *cases;	   /* owned */
	struct suan_report_scores *scores; /* owned; of the sites of every case */
	struct suan_report_run **runs;	   /* owned, and what it points to */
	struct suan_report_account **accounts;	       /* the same */
	struct suan_report_reservation **reservations; /* the same */
	uint32_t ncases;
};

static struct suan_report_spread spread(const struct suan_sim_spread *s)
{
	return (struct suan_report_spread){s->mean, s->p50, s->p90, s->p99, s->max};
}

static struct suan_report_scores scores(const struct suan_sim_part *p, int64_t moved_bytes)
{
	return (struct suan_report_scores){.total = p->total,
					   .completed = p->completed,
					   .rejected = p->rejected,
					   .failed = p->failed,
					   .unfinished = p->unfinished,
					   .makespan = p->makespan,
					   .utilization = p->utilization,
					   .awrt = p->awrt,
					   .home_awrt = p->home_awrt,
					   .home_alone = p->home_alone,
					   .home_ratio = p->home_ratio,
					   .wait = spread(&p->wait),
					   .slowdown = spread(&p->slowdown),
					   .deadlines_met = (int64_t)p->deadlines_met,
					   .deadlines_missed = (int64_t)p->deadlines_missed,
					   .energy = p->energy,
					   .carbon = p->carbon,
					   .cost = p->cost,
					   .moved_bytes = moved_bytes};
}

static uint32_t site_of(const struct suan_network *net, uint32_t pool)
{
	uint32_t site = 0;

	while (pool >= net->sites[site].npools)
		pool -= net->sites[site++].npools;
	return site;
}

/* One run for every job that ran; the last one, if outages ended earlier ones. */
static enum suan_code fill_runs(const struct suan_sim_outcome *o, struct suan_report_run **ret,
				size_t *ret_n)
{
	struct suan_report_run *runs = malloc((o->result->nrows + 1) * sizeof(*runs));
	size_t n = 0;

	if (!runs)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < o->result->nrows; i++) {
		const struct suan_sim_row *row = &o->result->rows[i];
		const struct suan_trace_job *j = suan_sim_job(o->setup, row);
		uint64_t cores = (uint64_t)j->tasks * j->cores;

		if (row->start_ms < 0)
			continue;
		runs[n++] = (struct suan_report_run){
			.job = j->id,
			.submit_ms = suan_sim_submit_ms(o->setup, o->result, row),
			.start_ms = row->start_ms,
			.end_ms = suan_sat_add(row->start_ms, j->run_ms),
			.site = site_of(o->setup->network, row->pool),
			.cores = cores < UINT32_MAX ? (uint32_t)cores : UINT32_MAX};
	}
	*ret = runs;
	*ret_n = n;
	return SUAN_OK;
}

static enum suan_code fill_accounts(const struct suan_sim_scores *s,
				    struct suan_report_account **ret)
{
	*ret = calloc((size_t)s->naccounts + 1, sizeof(**ret));
	for (uint32_t i = 0; *ret && i < s->naccounts; i++) {
		const struct suan_sim_account *x = &s->accounts[i];
		bool known = x->wait_ms != SUAN_SIM_NONE;

		(*ret)[i] = (struct suan_report_account){
			.name = x->name,
			.depth = x->depth,
			.share = x->share,
			.got = x->got,
			.core_hours = x->core_uh,
			.wait = known ? x->wait_ms * 1000 : SUAN_REPORT_NONE,
			.jobs = x->jobs,
			.started = x->started};
	}
	return *ret ? SUAN_OK : SUAN_ENOMEM;
}

static enum suan_code fill_reservations(const struct suan_sim_outcome *o,
					struct suan_report_reservation **ret)
{
	const struct suan_network *net = o->setup->network;
	uint32_t n = o->result->nreservations;

	*ret = calloc((size_t)n + 1, sizeof(**ret));
	for (uint32_t i = 0; *ret && i < n; i++) {
		const struct suan_sim_reservation *x = &o->result->reservations[i];
		bool placed = x->site != SUAN_NO_POOL;

		(*ret)[i] = (struct suan_report_reservation){
			.name = x->spec->name[0] ? x->spec->name : NULL,
			.pool = placed && x->pool != SUAN_NO_POOL
					? net->sites[x->site].pools[x->pool].name
					: NULL,
			.site = placed ? x->site : SIZE_MAX,
			.maintenance = x->spec->maintenance,
			.kept = !x->made     ? SUAN_REPORT_REFUSED
				: x->broken ? SUAN_REPORT_BROKEN
					    : SUAN_REPORT_KEPT,
			.why = x->refused,
			.from_ms = x->from_ms,
			.to_ms = x->to_ms,
			.nodes = x->nodes,
			.cores = x->cores,
			.jobs = x->jobs,
			.used_core_hours = suan_sim_reservation_core_uh(x)};
	}
	return *ret ? SUAN_OK : SUAN_ENOMEM;
}

static enum suan_code fill_case(struct page *p, uint32_t i, const struct suan_sim_outcome *o)
{
	struct suan_report_case *c = &p->cases[i];
	uint32_t nsites = o->scores->nsites;
	int64_t us = o->perf.wall_us;

	*c = (struct suan_report_case){
		.name = o->policy,
		.all = scores(&o->scores->all, o->scores->moved_bytes),
		.sites = &p->scores[(size_t)i * nsites],
		.perf = {.wall_us = us,
			 .jobs_per_s =
				 us > 0 ? (uint64_t)((double)o->result->total * 1e6 / (double)us)
					: 0,
			 .peak_rss_bytes = (uint64_t)o->perf.peak_rss_bytes}};
	for (uint32_t k = 0; k < nsites; k++)
		p->scores[(size_t)i * nsites + k] =
			scores(&o->scores->sites[k], o->scores->moved_bytes);
	if (fill_runs(o, &p->runs[i], &c->nruns) != SUAN_OK)
		return SUAN_ENOMEM;
	c->runs = p->runs[i];
	if (fill_accounts(o->scores, &p->accounts[i]) != SUAN_OK ||
	    fill_reservations(o, &p->reservations[i]) != SUAN_OK)
		return SUAN_ENOMEM;
	c->accounts = p->accounts[i];
	c->naccounts = o->scores->naccounts;
	c->reservations = p->reservations[i];
	c->nreservations = o->result->nreservations;
	return SUAN_OK;
}

static enum suan_code open_page(struct page *p, const struct suan_sim_outcome *list, uint32_t n,
				const struct suan_sim_about *about)
{
	uint32_t nsites = list[0].scores->nsites;
	enum suan_code rc = SUAN_OK;

	p->ncases = n;
	p->sites = calloc((size_t)nsites + 1, sizeof(*p->sites));
	p->cases = calloc(n, sizeof(*p->cases));
	p->scores = calloc((size_t)n * nsites + 1, sizeof(*p->scores));
	p->runs = calloc(n, sizeof(*p->runs));
	p->accounts = calloc(n, sizeof(*p->accounts));
	p->reservations = calloc(n, sizeof(*p->reservations));
	if (!p->sites || !p->cases || !p->scores || !p->runs || !p->accounts || !p->reservations)
		return SUAN_ENOMEM;
	for (uint32_t i = 0; i < nsites; i++)
		p->sites[i] = (struct suan_report_site){list[0].scores->sites[i].name,
							list[0].scores->sites[i].cores};
	for (uint32_t i = 0; i < n && rc == SUAN_OK; i++)
		rc = fill_case(p, i, &list[i]);
	p->report = (struct suan_report_input){.network = about->network,
					       .trace = about->trace,
					       .version = SUAN_VERSION,
					       .command = about->command,
					       .load_milli = about->load_milli,
					       .shaken = about->shaken,
					       .seed = about->seed,
					       .sites = p->sites,
					       .nsites = nsites,
					       .cases = p->cases,
					       .ncases = n};
	return rc;
}

enum suan_code suan_sim_print_page(const struct suan_sim_outcome *list, uint32_t n,
				   const struct suan_sim_about *about, struct suan_buf *out,
				   struct suan_err *err)
{
	struct page p = {0};
	enum suan_code rc = open_page(&p, list, n, about);

	if (rc == SUAN_OK)
		rc = suan_report_write(&p.report, out, err);
	else
		rc = suan_fail(err, rc, "out of memory");
	for (uint32_t i = 0; i < p.ncases; i++) {
		free(p.runs ? p.runs[i] : NULL);
		free(p.accounts ? p.accounts[i] : NULL);
		free(p.reservations ? p.reservations[i] : NULL);
	}
	free(p.runs);
	free(p.accounts);
	free(p.reservations);
	free(p.sites);
	free(p.cases);
	free(p.scores);
	return rc;
}
