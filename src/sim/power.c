#include "sim/power.h"

#include "base/num.h"

/* Watts of a node and milliseconds of its cores, to millionths of kWh and of their price: */
#define MS_PER_HOUR 3600000
#define MILLION	    1000000

/* Cores × ms behind the meter, and the same times what each ms cost and emitted. */
struct draw {
	suan_wide core_ms;
	suan_int128 price, carbon;
};

struct power { /* NONE where the network does not say */
	int64_t energy, carbon, cost;
};

void suan_sim_add_known(int64_t *sum, int64_t x)
{
	*sum = *sum == SUAN_SIM_NONE || x == SUAN_SIM_NONE ? SUAN_SIM_NONE : suan_sat_add(*sum, x);
}

static const struct suan_sim_site_signals *signals_of(const struct suan_sim_setup *s, uint32_t site)
{
	return s->signals && s->signals->count > 0 ? &s->signals->sites[site] : NULL;
}

/* Rate × ms over [from, to) of the trace. */
static suan_int128 over(const struct suan_sim_signals *s, const struct suan_signal *series,
			int64_t rate, const int64_t span[2])
{
	int64_t shift = series && series->dated ? s->shift_ms : 0;

	if (series && series->series.count > 0)
		return suan_series_sum(&series->series, suan_sat_add(span[0], shift),
				       suan_sat_add(span[1], shift));
	return rate > 0 ? (suan_int128)rate * ((suan_int128)span[1] - span[0]) : 0;
}

/* So much of a node's watts for its share of the cores, before the meter. */
static int64_t at_rate(suan_int128 area, suan_wide watt, const struct suan_site_spec *site,
		       const struct suan_pool_spec *p)
{
	suan_wide size = (suan_wide)(area < 0 ? -area : area);
	int64_t x = suan_wide_scale(size, watt * site->pue_milli,
				    (suan_wide)p->cores * MS_PER_HOUR * MILLION);

	return area < 0 ? -x : x;
}

static bool knows(const struct suan_signal *series, int64_t rate)
{
	return rate > 0 || (series && series->series.count > 0);
}

/* A price of 0 is one that is not known; one from a file (negative) that was not read is known to
 * be there, so that the rent alone would mislead. */
static struct power power_of(const struct suan_sim_setup *s, uint32_t number,
			     const struct suan_pool_spec *p, const struct draw *d, uint32_t watt)
{
	const struct suan_site_spec *site = &s->network->sites[number];
	const struct suan_sim_site_signals *g = signals_of(s, number);
	struct power x = {SUAN_SIM_NONE, SUAN_SIM_NONE, SUAN_SIM_NONE};
	bool watts = p->busy_watt > 0,
	     priced = knows(g ? &g->of[SUAN_SIGNAL_PRICE] : NULL, site->price_uyuan_kwh);

	if (watts)
		x.energy = suan_wide_scale(d->core_ms, (suan_wide)watt * site->pue_milli,
					   (suan_wide)p->cores * MS_PER_HOUR);
	if (watts && knows(g ? &g->of[SUAN_SIGNAL_CARBON] : NULL, site->carbon_mg_kwh))
		x.carbon = at_rate(d->carbon, watt, site, p);
	if (watts && priced)
		x.cost = at_rate(d->price, watt, site, p);
	return x;
}

static void add_rent(const struct suan_sim_setup *s, const struct suan_sim_use *use,
		     struct power *x)
{
	const struct suan_site_spec *site = &s->network->sites[use->site];
	const struct suan_sim_site_signals *g = signals_of(s, use->site);
	bool unread = site->price_uyuan_kwh < 0 && !knows(g ? &g->of[SUAN_SIGNAL_PRICE] : NULL, 0);
	int64_t rent;

	if (use->spec->price_hour_uyuan <= 0 || unread)
		return;
	rent = suan_wide_scale(use->core_ms, (suan_wide)use->spec->price_hour_uyuan,
			       (suan_wide)MS_PER_HOUR * use->spec->cores);
	x->cost = x->cost == SUAN_SIM_NONE ? rent : suan_sat_add(x->cost, rent);
}

void suan_sim_use_add(const struct suan_sim_setup *s, int64_t start_ms,
		      const struct suan_trace_job *job, struct suan_sim_use *to)
{
	const struct suan_site_spec *site = &s->network->sites[to->site];
	const struct suan_sim_site_signals *g = signals_of(s, to->site);
	suan_int128 cores = (suan_int128)job->tasks * job->cores;
	int64_t span[2] = {start_ms, suan_sat_add(start_ms, job->run_ms)};

	to->core_ms += (suan_wide)cores * (suan_wide)job->run_ms;
	to->price += cores * over(s->signals, g ? &g->of[SUAN_SIGNAL_PRICE] : NULL,
				  site->price_uyuan_kwh, span);
	to->carbon += cores * over(s->signals, g ? &g->of[SUAN_SIGNAL_CARBON] : NULL,
				   site->carbon_mg_kwh, span);
}

void suan_sim_use_power(const struct suan_sim_setup *s, const struct suan_sim_result *r,
			const struct suan_sim_use *use, int64_t makespan_ms,
			struct suan_sim_part *to)
{
	const struct suan_site_spec *site = &s->network->sites[use->site];
	const struct suan_sim_site_signals *g = signals_of(s, use->site);
	int64_t span[2] = {r->zero_ms, suan_sat_add(r->zero_ms, makespan_ms)};
	suan_int128 cores = (suan_int128)use->spec->nodes * use->spec->cores;
	struct draw busy = {use->core_ms, use->price, use->carbon};
	struct draw idle = {(suan_wide)cores * (suan_wide)makespan_ms, 0, 0};
	struct power x = power_of(s, use->site, use->spec, &busy, use->spec->busy_watt), rest;

	idle.price = cores * over(s->signals, g ? &g->of[SUAN_SIGNAL_PRICE] : NULL,
				  site->price_uyuan_kwh, span);
	idle.carbon = cores * over(s->signals, g ? &g->of[SUAN_SIGNAL_CARBON] : NULL,
				   site->carbon_mg_kwh, span);
	if (idle.core_ms > busy.core_ms) {
		idle.core_ms -= busy.core_ms;
		idle.price -= busy.price;
		idle.carbon -= busy.carbon;
	} else {
		idle = (struct draw){0, 0, 0};
	}
	rest = power_of(s, use->site, use->spec, &idle, use->spec->idle_watt);
	add_rent(s, use, &x);
	if (x.cost != SUAN_SIM_NONE && rest.cost == SUAN_SIM_NONE)
		rest.cost = 0; /* rent alone */
	suan_sim_add_known(&to->idle_energy, rest.energy);
	suan_sim_add_known(&to->idle_carbon, rest.carbon);
	suan_sim_add_known(&to->idle_cost, rest.cost);
	suan_sim_add_known(&to->energy, x.energy);
	suan_sim_add_known(&to->energy, rest.energy);
	suan_sim_add_known(&to->carbon, x.carbon);
	suan_sim_add_known(&to->carbon, rest.carbon);
	suan_sim_add_known(&to->cost, x.cost);
	suan_sim_add_known(&to->cost, rest.cost);
}

void suan_sim_footprint(const struct suan_sim_setup *s, const struct suan_sim_result *r,
			const struct suan_sim_row *row, int64_t *ret_cost, int64_t *ret_carbon)
{
	struct suan_sim_use use = {0};
	uint32_t pool = row->pool;
	struct draw busy;
	struct power x;

	while (pool >= s->network->sites[use.site].npools)
		pool -= s->network->sites[use.site++].npools;
	use.spec = &s->network->sites[use.site].pools[pool];
	suan_sim_use_add(s, row->start_ms + r->zero_ms, suan_sim_job(s, row), &use);
	busy = (struct draw){use.core_ms, use.price, use.carbon};
	x = power_of(s, use.site, use.spec, &busy, use.spec->busy_watt);
	add_rent(s, &use, &x);
	*ret_cost = x.cost;
	*ret_carbon = x.carbon;
}
