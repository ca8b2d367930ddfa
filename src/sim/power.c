#include "sim/power.h"

#include <stdlib.h>

#include "base/num.h"

#define MOST_STEPS 65000u	/* of one series, see engine/signals.h */
#define DAY_MS	   INT64_C(86400000)

struct suan_sim_meter {
	const struct suan_sim_setup *s;
	struct suan_signals *signals;	/* in the trace's time */
};

/* ---- the series ---- */

/* The first step that matters: the one that holds a day before the trace. */
static size_t first_step(const struct suan_series *s, int64_t from_ms)
{
	size_t i = 0;

	if (s->count <= MOST_STEPS)
		return 0;
	while (i + 1 < s->count && s->steps[i + 1].at_ms <= from_ms)
		i++;
	return i;
}

/* In the trace's time, which may begin before 0; the engine itself is never told such times. */
static enum suan_code put(struct suan_sim_meter *m, uint32_t site, enum suan_signal_kind kind)
{
	const struct suan_signal *g = &m->s->signals->sites[site].of[kind];
	int64_t shift = g->dated ? m->s->signals->shift_ms : 0;
	int64_t begin = m->s->trace->njobs ? m->s->trace->jobs[0].submit_ms : 0;
	size_t first = first_step(&g->series, begin + shift - DAY_MS);
	size_t n = g->series.count - first;
	struct suan_signal_spec spec = {.kind = kind, .marginal = g->marginal};
	struct suan_signal_step *steps;
	enum suan_code rc;

	n = n < MOST_STEPS ? n : MOST_STEPS;
	steps = malloc(n * sizeof(*steps));
	if (!steps)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < n; i++)
		steps[i] = (struct suan_signal_step){g->series.steps[first + i].at_ms - shift,
						     g->series.steps[first + i].value};
	spec.steps = steps;
	spec.nsteps = (uint32_t)n;
	spec.until_ms = g->until_ms - shift;
	if (spec.until_ms <= steps[n - 1].at_ms)
		spec.until_ms = steps[n - 1].at_ms + 1;
	/* long ago: nothing is old enough to be forgotten */
	rc = suan_signals_put(m->signals, site, &spec, INT64_MIN / 4);
	free(steps);
	return rc;
}

/* Constants where there is no series. */
static struct suan_site_spec without_series(const struct suan_sim_setup *s, uint32_t site)
{
	struct suan_site_spec x = s->network->sites[site];
	const struct suan_signal *of = s->signals && s->signals->count > 0
					       ? s->signals->sites[site].of
					       : NULL;

	if (of && of[SUAN_SIGNAL_PRICE].series.count > 0)
		x.price_uyuan_kwh = -1;
	if (of && of[SUAN_SIGNAL_CARBON].series.count > 0)
		x.carbon_mg_kwh = -1;
	return x;
}

enum suan_code suan_sim_meter_new(const struct suan_sim_setup *s, struct suan_sim_meter **ret)
{
	const struct suan_network *net = s->network;
	const struct suan_site_spec **specs = calloc((size_t)net->nsites + 1, sizeof(*specs));
	struct suan_site_spec *sites = calloc((size_t)net->nsites + 1, sizeof(*sites));
	struct suan_sim_meter *m = calloc(1, sizeof(*m));
	enum suan_code rc = specs && sites && m ? SUAN_OK : SUAN_ENOMEM;

	for (uint32_t i = 0; rc == SUAN_OK && i < net->nsites; i++) {
		sites[i] = without_series(s, i);
		specs[i] = &sites[i];
	}
	if (rc == SUAN_OK) {
		m->s = s;
		m->signals = suan_signals_new(NULL, specs, net->nsites);
		rc = m->signals ? SUAN_OK : SUAN_ENOMEM;
	}
	for (uint32_t i = 0; s->signals && s->signals->count > 0 && i < net->nsites; i++)
		for (int k = 0; rc == SUAN_OK && k < SUAN_NSIGNALS; k++)
			if (s->signals->sites[i].of[k].series.count > 0)
				rc = put(m, i, (enum suan_signal_kind)k);
	free(sites);
	free((void *)(uintptr_t)specs);
	if (rc == SUAN_OK)
		*ret = m;
	else
		suan_sim_meter_free(m);
	return rc;
}

void suan_sim_meter_free(struct suan_sim_meter *m)
{
	if (m)
		suan_signals_free(m->signals);
	free(m);
}

/* ---- amounts ---- */

void suan_sim_add_known(int64_t *sum, int64_t x)
{
	*sum = *sum == SUAN_SIM_NONE || x == SUAN_SIM_NONE ? SUAN_SIM_NONE : suan_sat_add(*sum, x);
}

static int64_t known(int64_t x)
{
	return x == SUAN_NOT_KNOWN ? SUAN_SIM_NONE : x;
}

/* Millionths of a kWh. */
static int64_t kwh(int64_t joule)
{
	return joule == SUAN_NOT_KNOWN
		       ? SUAN_SIM_NONE
		       : (int64_t)(((suan_int128)joule * 10 + 18) / 36);
}

static struct suan_energy_at at_pool(const struct suan_sim_meter *m, uint32_t site,
				     const struct suan_pool_spec *pool)
{
	return (struct suan_energy_at){m->signals, site, &m->s->network->sites[site], pool};
}

static struct suan_req req_of(const struct suan_trace_job *j)
{
	return (struct suan_req){.tasks = j->tasks, .cores = j->cores, .gpus = j->gpus};
}

void suan_sim_use_add(const struct suan_sim_meter *m, int64_t start_ms,
		      const struct suan_trace_job *job, struct suan_sim_use *to)
{
	struct suan_energy_at at = at_pool(m, to->site, to->spec);
	struct suan_req req = req_of(job);

	suan_energy_add(&at, &req, start_ms, suan_sat_add(start_ms, job->run_ms), &to->busy);
}

/* What no job holds; none if they hold more than there is. */
static void subtract(struct suan_energy_area *from, const struct suan_energy_area *what)
{
	if (from->ms <= what->ms) {
		*from = (struct suan_energy_area){0};
		return;
	}
	from->ms -= what->ms;
	from->pue -= what->pue;
	from->price -= what->price;
	from->carbon -= what->carbon;
	from->market -= what->market;
}

void suan_sim_use_power(const struct suan_sim_meter *m, const struct suan_sim_use *use,
			const int64_t span[2], struct suan_sim_part *to)
{
	struct suan_energy_at at = at_pool(m, use->site, use->spec);
	struct suan_energy_use idle = {0};
	struct suan_footprint busy, rest;

	suan_energy_add_nodes(&at, use->spec->nodes, span[0], span[1], &idle);
	subtract(&idle.node, &use->busy.node);
	subtract(&idle.gpu, &use->busy.gpu);
	suan_energy_busy(&at, &use->busy, &busy);
	suan_energy_idle(&at, &idle, &rest);
	if (busy.cost_uyuan != SUAN_NOT_KNOWN && rest.cost_uyuan == SUAN_NOT_KNOWN)
		rest.cost_uyuan = 0; /* rent alone */
	suan_sim_add_known(&to->idle_energy, kwh(rest.energy_j));
	suan_sim_add_known(&to->idle_carbon, known(rest.carbon_mg));
	suan_sim_add_known(&to->idle_cost, known(rest.cost_uyuan));
	suan_sim_add_known(&to->energy, kwh(busy.energy_j));
	suan_sim_add_known(&to->energy, kwh(rest.energy_j));
	suan_sim_add_known(&to->carbon, known(busy.carbon_mg));
	suan_sim_add_known(&to->carbon, known(rest.carbon_mg));
	suan_sim_add_known(&to->market, known(busy.market_mg));
	suan_sim_add_known(&to->market, known(rest.market_mg));
	suan_sim_add_known(&to->cost, known(busy.cost_uyuan));
	suan_sim_add_known(&to->cost, known(rest.cost_uyuan));
}

void suan_sim_footprint(const struct suan_sim_meter *m, const struct suan_sim_result *r,
			const struct suan_sim_row *row, int64_t *ret_cost, int64_t *ret_carbon)
{
	const struct suan_network *net = m->s->network;
	struct suan_sim_use use = {0};
	uint32_t pool = row->pool;
	struct suan_energy_at at;
	struct suan_footprint x;

	while (pool >= net->sites[use.site].npools)
		pool -= net->sites[use.site++].npools;
	use.spec = &net->sites[use.site].pools[pool];
	suan_sim_use_add(m, row->start_ms + r->zero_ms, suan_sim_job(m->s, row), &use);
	at = at_pool(m, use.site, use.spec);
	suan_energy_busy(&at, &use.busy, &x);
	*ret_cost = known(x.cost_uyuan);
	*ret_carbon = known(x.carbon_mg);
}
