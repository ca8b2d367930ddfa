#include "engine/energy.h"

#include <assert.h>

#include "base/num.h"
#include "base/wide.h"

#define MS_PER_HOUR 3600000
#define MILLION	    1000000
#define JOULE_KWH   3600000

/* ---- shares ---- */

/* A node in parts, so that shares of cores and of accelerators are whole numbers. */
static int64_t parts_of_node(const struct suan_pool_spec *p)
{
	return (int64_t)(p->cores ? p->cores : 1) * (p->gpus ? p->gpus : 1);
}

/* Nodes that an exclusive run takes. */
static int64_t whole_nodes(const struct suan_pool_spec *p, const struct suan_req *r)
{
	uint64_t fit = r->cores ? p->cores / r->cores : r->tasks;

	if (r->nodes)
		return r->nodes;
	if (r->gpus && p->gpus / r->gpus < fit)
		fit = p->gpus / r->gpus;
	if (r->memory && p->memory / r->memory < fit)
		fit = p->memory / r->memory;
	fit = fit ? fit : 1;
	return (int64_t)((r->tasks + fit - 1) / fit);
}

/* Of nodes, in parts; of accelerators, in pieces. */
static void share_of(const struct suan_pool_spec *p, const struct suan_req *r, int64_t *ret_parts,
		     int64_t *ret_gpus)
{
	int64_t cores = (int64_t)r->cores * (p->gpus ? p->gpus : 1);
	int64_t gpus = p->gpus ? (int64_t)r->gpus * (p->cores ? p->cores : 1) : 0, nodes;

	if (r->exclusive) {
		nodes = whole_nodes(p, r);
		*ret_parts = nodes * parts_of_node(p);
		*ret_gpus = nodes * p->gpus;
		return;
	}
	*ret_parts = (int64_t)r->tasks * (cores > gpus ? cores : gpus);
	*ret_gpus = (int64_t)r->tasks * r->gpus;
}

/* ---- PUE ---- */

uint32_t suan_energy_pue(const struct suan_site_spec *site, int64_t temperature_mdeg)
{
	const struct suan_pue_point *a = site->pue, *b;
	int64_t width, rise, part;
	uint32_t i = 0;

	if (site->npue == 0)
		return site->pue_milli;
	while (i < site->npue && a[i].temperature_mdeg <= temperature_mdeg)
		i++;
	if (i == 0 || i == site->npue)
		return a[i ? i - 1 : 0].pue_milli;
	a = &site->pue[i - 1];
	b = &site->pue[i];
	width = (int64_t)b->temperature_mdeg - a->temperature_mdeg;
	rise = (int64_t)b->pue_milli - a->pue_milli;
	part = rise * (temperature_mdeg - a->temperature_mdeg);
	part += part < 0 ? -width / 2 : width / 2;
	return (uint32_t)(a->pue_milli + part / width);
}

static void add_span(const struct suan_energy_at *at, int64_t from_ms, int64_t to_ms,
		     uint32_t pue_milli, struct suan_energy_area *to)
{
	const struct suan_signals *g = at->signals;
	suan_int128 pue = pue_milli;

	to->ms += (suan_int128)to_ms - from_ms;
	to->pue += pue * ((suan_int128)to_ms - from_ms);
	to->price += pue * suan_signals_sum(g, at->site, SUAN_SIGNAL_PRICE, from_ms, to_ms);
	to->carbon += pue * suan_signals_sum(g, at->site, SUAN_SIGNAL_CARBON, from_ms, to_ms);
	to->market +=
		pue * suan_signals_sum(g, at->site, SUAN_SIGNAL_CARBON_MARKET, from_ms, to_ms);
}

/* The PUE at the time. *ret_to: until then, if that is before. */
static uint32_t pue_at(const struct suan_energy_at *at, int64_t at_ms, int64_t *ret_to)
{
	const enum suan_signal_kind kind = SUAN_SIGNAL_TEMPERATURE;
	int64_t next;

	if (at->spec->npue == 0 || !suan_signals_known(at->signals, at->site, kind))
		return at->spec->pue_milli;
	next = suan_signals_next_change_ms(at->signals, at->site, kind, at_ms);
	*ret_to = next < *ret_to ? next : *ret_to;
	return suan_energy_pue(at->spec, suan_signals_at(at->signals, at->site, kind, at_ms));
}

/* One share over the time. */
static void weigh(const struct suan_energy_at *at, int64_t from_ms, int64_t to_ms,
		  struct suan_energy_area *ret)
{
	int64_t t = from_ms, next;

	*ret = (struct suan_energy_area){0};
	for (; t < to_ms; t = next) {
		uint32_t pue;

		next = to_ms;
		pue = pue_at(at, t, &next);
		add_span(at, t, next, pue, ret);
	}
}

static void add_times(const struct suan_energy_area *x, int64_t times, struct suan_energy_area *to)
{
	to->ms += x->ms * times;
	to->pue += x->pue * times;
	to->price += x->price * times;
	to->carbon += x->carbon * times;
	to->market += x->market * times;
}

void suan_energy_add(const struct suan_energy_at *at, const struct suan_req *req, int64_t from_ms,
		     int64_t to_ms, struct suan_energy_use *to)
{
	struct suan_energy_area x;
	int64_t parts, gpus;

	if (to_ms <= from_ms)
		return;
	share_of(at->pool, req, &parts, &gpus);
	weigh(at, from_ms, to_ms, &x);
	add_times(&x, parts, &to->node);
	add_times(&x, gpus, &to->gpu);
}

void suan_energy_add_nodes(const struct suan_energy_at *at, int64_t nodes, int64_t from_ms,
			   int64_t to_ms, struct suan_energy_use *to)
{
	struct suan_energy_area x;

	if (to_ms <= from_ms)
		return;
	weigh(at, from_ms, to_ms, &x);
	add_times(&x, nodes * parts_of_node(at->pool), &to->node);
	add_times(&x, nodes * at->pool->gpus, &to->gpu);
}

/* ---- many runs at one site ---- */

enum suan_code suan_energy_curve(const struct suan_energy_at *at, const int64_t span_ms[2],
				 enum suan_signal_kind kind, struct suan_energy_curve *ret)
{
	int64_t t, next;

	assert(span_ms[0] < span_ms[1]);
	*ret = (struct suan_energy_curve){.kind = kind};
	for (t = span_ms[0]; t < span_ms[1]; t = next) {
		int64_t value = suan_signals_at(at->signals, at->site, kind, t);
		uint32_t pue;

		next = suan_signals_next_change_ms(at->signals, at->site, kind, t);
		pue = pue_at(at, t, &next);
		if (suan_series_add(&ret->rate, t, value * pue) == SUAN_OK)
			continue;
		suan_series_done(&ret->rate);
		return SUAN_ENOMEM;
	}
	(void)suan_series_seal(&ret->rate);
	return SUAN_OK;
}

void suan_energy_add_on(const struct suan_energy_curve *c, const struct suan_energy_run *run,
			struct suan_energy_use *to)
{
	struct suan_energy_area x = {.ms = (suan_int128)run->to_ms - run->from_ms};
	suan_int128 sum = suan_series_sum(&c->rate, run->from_ms, run->to_ms);
	int64_t parts, gpus;

	share_of(run->pool, run->req, &parts, &gpus);
	if (c->kind == SUAN_SIGNAL_PRICE)
		x.price = sum;
	else if (c->kind == SUAN_SIGNAL_CARBON)
		x.carbon = sum;
	else
		x.market = sum;
	add_times(&x, parts, &to->node);
	add_times(&x, gpus, &to->gpu);
}

/* ---- from areas to joules, money and carbon ---- */

/* a / parts · watt + b · gpu_watt, over d. */
struct scale {
	int64_t parts;
	uint32_t watt, gpu_watt;
	suan_wide d;
};

static int64_t scaled(suan_int128 node, suan_int128 gpu, const struct scale *s)
{
	suan_int128 sum = node * s->watt + gpu * s->gpu_watt * s->parts;
	int64_t x;

	if (sum == 0)
		return 0;
	x = suan_wide_scale((suan_wide)(sum < 0 ? -sum : sum), 1, s->d * (uint64_t)s->parts);
	return sum < 0 ? -x : x;
}

static bool knows(const struct suan_energy_at *at, enum suan_signal_kind kind)
{
	return suan_signals_known(at->signals, at->site, kind);
}

static int64_t never_unknown(int64_t cost)
{
	return cost == SUAN_NOT_KNOWN ? 0 : cost;
}

static void draw(const struct suan_energy_at *at, const struct suan_energy_use *u, bool busy,
		 struct suan_footprint *ret)
{
	const struct suan_pool_spec *p = at->pool;
	struct scale s = {parts_of_node(p), busy ? p->busy_watt : p->idle_watt,
			  busy ? p->gpu_busy_watt : p->gpu_idle_watt, MILLION};

	*ret = (struct suan_footprint){SUAN_NOT_KNOWN, SUAN_NOT_KNOWN, SUAN_NOT_KNOWN,
				       SUAN_NOT_KNOWN};
	if (p->busy_watt == 0 && p->gpu_busy_watt == 0)
		return;
	ret->energy_j = scaled(u->node.pue, u->gpu.pue, &s);
	s.d = (suan_wide)MILLION * MS_PER_HOUR;
	if (knows(at, SUAN_SIGNAL_PRICE))
		ret->cost_uyuan = never_unknown(scaled(u->node.price, u->gpu.price, &s));
	if (knows(at, SUAN_SIGNAL_CARBON))
		ret->carbon_mg = scaled(u->node.carbon, u->gpu.carbon, &s);
	if (knows(at, SUAN_SIGNAL_CARBON_MARKET))
		ret->market_mg = scaled(u->node.market, u->gpu.market, &s);
}

/* A price that is said to be somewhere and was not read: then the rent alone would mislead. */
static void add_rent(const struct suan_energy_at *at, suan_int128 share_ms,
		     struct suan_footprint *to)
{
	bool unread = at->spec->price_uyuan_kwh < 0 && !knows(at, SUAN_SIGNAL_PRICE);
	int64_t rent;

	if (at->pool->price_hour_uyuan <= 0 || unread || share_ms < 0)
		return;
	rent = suan_wide_scale((suan_wide)share_ms, (suan_wide)at->pool->price_hour_uyuan,
			       (suan_wide)MS_PER_HOUR * (suan_wide)parts_of_node(at->pool));
	to->cost_uyuan = to->cost_uyuan == SUAN_NOT_KNOWN
				 ? rent
				 : never_unknown(suan_sat_add(to->cost_uyuan, rent));
}

void suan_energy_busy(const struct suan_energy_at *at, const struct suan_energy_use *u,
		      struct suan_footprint *ret)
{
	draw(at, u, true, ret);
	add_rent(at, u->node.ms, ret);
}

void suan_energy_idle(const struct suan_energy_at *at, const struct suan_energy_use *u,
		      struct suan_footprint *ret)
{
	draw(at, u, false, ret);
}

void suan_energy_of(const struct suan_energy_at *at, const struct suan_req *req, int64_t from_ms,
		    int64_t to_ms, struct suan_footprint *ret)
{
	struct suan_energy_use u = {0};

	suan_energy_add(at, req, from_ms, to_ms, &u);
	suan_energy_busy(at, &u, ret);
}

/* ---- measured ---- */

/* Joules over ms, drawn evenly: area / ms · joules / kWh. */
static int64_t spread(suan_int128 area, suan_int128 ms, int64_t joule, suan_wide d)
{
	suan_wide size = (suan_wide)(area < 0 ? -area : area);
	int64_t x = suan_wide_scale(size, (suan_wide)joule, (suan_wide)ms * d);

	return area < 0 ? -x : x;
}

void suan_energy_measured(const struct suan_energy_at *at, const struct suan_req *req,
			  const struct suan_metered *m, struct suan_footprint *ret)
{
	const suan_wide kwh = (suan_wide)JOULE_KWH * 1000;
	struct suan_energy_area x;
	int64_t parts, gpus;

	*ret = (struct suan_footprint){SUAN_NOT_KNOWN, SUAN_NOT_KNOWN, SUAN_NOT_KNOWN,
				       SUAN_NOT_KNOWN};
	if (m->to_ms <= m->from_ms || m->joule < 0)
		return;
	weigh(at, m->from_ms, m->to_ms, &x);
	ret->energy_j = spread(x.pue, x.ms, m->joule, 1000);
	if (knows(at, SUAN_SIGNAL_PRICE))
		ret->cost_uyuan = never_unknown(spread(x.price, x.ms, m->joule, kwh));
	if (knows(at, SUAN_SIGNAL_CARBON))
		ret->carbon_mg = spread(x.carbon, x.ms, m->joule, kwh);
	if (knows(at, SUAN_SIGNAL_CARBON_MARKET))
		ret->market_mg = spread(x.market, x.ms, m->joule, kwh);
	share_of(at->pool, req, &parts, &gpus);
	add_rent(at, x.ms * parts, ret);
}

/* ---- embodied ---- */

int64_t suan_energy_embodied_mg(const struct suan_pool_spec *pool, const struct suan_req *req,
				int64_t from_ms, int64_t to_ms)
{
	int64_t parts, gpus;
	suan_wide life;

	if (pool->embodied_g == 0 || pool->life_hours == 0)
		return SUAN_NOT_KNOWN;
	if (to_ms <= from_ms)
		return 0;
	share_of(pool, req, &parts, &gpus);
	life = (suan_wide)pool->life_hours * MS_PER_HOUR * (suan_wide)parts_of_node(pool);
	return suan_wide_scale((suan_wide)parts * ((suan_wide)to_ms - (suan_wide)from_ms),
			       (suan_wide)pool->embodied_g * 1000, life);
}
