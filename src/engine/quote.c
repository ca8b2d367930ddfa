/* What a job would get and cost at each place, and what waiting would be worth. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/state.h"

#define HOUR_MS	   3600000
#define MOST_HOURS 24u

static const uint32_t wait_hours[SUAN_QUOTE_WAITS] = {1, 3, 6, 12, 24};

struct quote {
	const struct suan_engine *e;
	const struct suan_job_spec *spec;
	struct suan_req req;
	int64_t now_ms, length_ms;
	int64_t runs;		/* elements */
};

static void begin_quote(struct quote *q, const struct suan_engine *e,
			const struct suan_job_spec *spec, int64_t now_ms)
{
	*q = (struct quote){.e = e, .spec = spec, .req = spec->req, .now_ms = now_ms, .runs = 1};
	q->req.tasks = q->req.tasks ? q->req.tasks : 1;
	q->req.cores = q->req.cores ? q->req.cores : 1;
	q->length_ms = spec->estimate_ms ? spec->estimate_ms : suan_jobs_walltime(e, spec);
	if (spec->array && spec->array->nruns)
		q->runs = spec->array->count;
}

/* ---- what a run costs ---- */

/* −1 stays: nobody knows. */
static int64_t times(int64_t one, int64_t n)
{
	int64_t r;

	if (one == SUAN_NOT_KNOWN)
		return one;
	return suan_mul_i64(one, n, &r) ? r : one < 0 ? INT64_MIN : INT64_MAX;
}

static void price(const struct quote *q, struct suan_offer *o)
{
	struct suan_energy_at at;
	struct suan_footprint f = {SUAN_NOT_KNOWN, SUAN_NOT_KNOWN, SUAN_NOT_KNOWN, SUAN_NOT_KNOWN};

	o->end_ms = suan_sat_add(o->start_ms, q->length_ms);
	if (suan_engine_energy_at(q->e, o->pool, &at))
		suan_energy_of(&at, &q->req, o->start_ms, o->end_ms, &f);
	o->energy_j = times(f.energy_j, q->runs);
	o->cost_uyuan = times(f.cost_uyuan, q->runs);
	o->carbon_mg = times(f.carbon_mg, q->runs);
	o->market_mg = times(f.market_mg, q->runs);
}

/* ---- offers ---- */

int64_t suan_engine_walltime(const struct suan_engine *e, const struct suan_job_spec *spec)
{
	return suan_jobs_walltime(e, spec);
}

static void foresee(const struct quote *q, struct suan_offer *o)
{
	const int64_t at[2] = {q->now_ms, o->start_ms};
	struct suan_given given;

	if (o->start_ms <= q->now_ms) {
		o->p50_ms = o->p90_ms = q->now_ms;
		return;
	}
	suan_outlook_planned(q->e, &q->req, at, &given);
	o->p50_ms = suan_sat_add(q->now_ms, (int64_t)given.bound_s[SUAN_P50] * 1000);
	o->p90_ms = suan_sat_add(q->now_ms, (int64_t)given.bound_s[SUAN_P90] * 1000);
	if (o->p50_ms < q->spec->begin_ms)
		o->p50_ms = q->spec->begin_ms;
	if (o->p90_ms < o->p50_ms)
		o->p90_ms = o->p50_ms;
}

uint32_t suan_engine_offers(const struct suan_engine *e, const struct suan_job_spec *spec,
			    int64_t now_ms, struct suan_offer *ret, uint32_t max)
{
	struct suan_candidate *list = calloc(max + 1u, sizeof(*list));
	struct quote q;
	uint32_t n;

	if (!list)
		return 0;
	n = suan_engine_quote(e, spec, now_ms, list, max);
	begin_quote(&q, e, spec, now_ms);
	for (uint32_t i = 0; i < n && i < max; i++) {
		const struct suan_candidate *c = &list[i];

		ret[i] = (struct suan_offer){.pool = c->pool, .reason = c->reason, .a = c->a,
					     .b = c->b, .start_ms = c->start_ms,
					     .energy_j = SUAN_NOT_KNOWN,
					     .cost_uyuan = SUAN_NOT_KNOWN,
					     .carbon_mg = SUAN_NOT_KNOWN,
					     .market_mg = SUAN_NOT_KNOWN};
		if (c->start_ms == SUAN_FOREVER)
			continue;
		price(&q, &ret[i]);
		foresee(&q, &ret[i]);
	}
	free(list);
	return n;
}

/* ---- waiting ---- */

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* What is not known cannot be better. */
static int cheaper(int64_t a, int64_t b)
{
	if (a == SUAN_NOT_KNOWN || b == SUAN_NOT_KNOWN)
		return (a == SUAN_NOT_KNOWN) - (b == SUAN_NOT_KNOWN);
	return compare(a, b);
}

static bool better(const struct suan_offer *a, const struct suan_offer *b, enum suan_quote_by by)
{
	int cost = cheaper(a->cost_uyuan, b->cost_uyuan);
	int carbon = cheaper(a->carbon_mg, b->carbon_mg);
	int first = by == SUAN_BY_COST ? cost : carbon, then = by == SUAN_BY_COST ? carbon : cost;

	if (b->pool == SUAN_NO_POOL)
		return true;
	if (first || then)
		return (first ? first : then) < 0;
	return a->start_ms != b->start_ms ? a->start_ms < b->start_ms : a->pool < b->pool;
}

/* The longest wait that the deadline allows, in whole hours. */
static uint32_t hours_left(const struct quote *q, const struct suan_offer *chosen)
{
	int64_t spare = q->spec->deadline_ms - suan_sat_add(chosen->start_ms, q->length_ms);

	if (!q->spec->deadline_ms || spare / HOUR_MS >= MOST_HOURS)
		return MOST_HOURS;
	return spare > 0 ? (uint32_t)(spare / HOUR_MS) : 0;
}

struct search {
	const struct quote *q;
	const struct suan_delays *d;
	const int64_t *starts;	/* of each pool, not before each whole hour */
	enum suan_quote_by by;
	struct suan_energy_curve *curves;	/* owned; by site, made when needed */
	struct suan_offer best;
};

/* NULL: no memory for it. */
static const struct suan_energy_curve *curve_at(struct search *s, const struct suan_energy_at *at)
{
	struct suan_energy_curve *c = &s->curves[at->site];
	const int64_t last = suan_sat_add(s->d->from_ms[s->d->count - 1], HOUR_MS);
	const int64_t span[2] = {s->d->from_ms[0], suan_sat_add(last, s->q->length_ms)};
	bool cost = s->by == SUAN_BY_COST;

	if (c->rate.count == 0 &&
	    suan_energy_curve(at, span, cost ? SUAN_SIGNAL_PRICE : SUAN_SIGNAL_CARBON, c))
		return NULL;
	return c;
}

/* Does the run alone, without all that may come on top of it, cost or emit more than the best? */
static bool hopeless(struct search *s, const struct suan_offer *o)
{
	const struct suan_energy_curve *c;
	struct suan_energy_use use = {0};
	struct suan_footprint f;
	struct suan_energy_at at;

	if (s->best.pool == SUAN_NO_POOL || !suan_engine_energy_at(s->q->e, o->pool, &at))
		return false;
	c = curve_at(s, &at);
	if (!c)
		return false;
	suan_energy_add_on(c,
			   &(struct suan_energy_run){at.pool, &s->q->req, o->start_ms,
						     suan_sat_add(o->start_ms, s->q->length_ms)},
			   &use);
	suan_energy_busy(&at, &use, &f);
	if (s->by == SUAN_BY_COST)
		return cheaper(times(f.cost_uyuan, s->q->runs), s->best.cost_uyuan) > 0;
	return cheaper(times(f.carbon_mg, s->q->runs), s->best.carbon_mg) > 0;
}

/* Starts on the hour, or those between it and the next. */
static void look(struct search *s, uint32_t hour, bool between)
{
	int64_t from = s->d->from_ms[hour];

	for (uint32_t i = 0; i < s->q->e->plan->npools; i++) {
		struct suan_offer o = {.pool = i, .reason = SUAN_R_NONE};

		o.start_ms = s->starts[(size_t)i * s->d->count + hour];
		if (o.start_ms == SUAN_FOREVER || (o.start_ms > from) != between ||
		    o.start_ms - from >= HOUR_MS || hopeless(s, &o))
			continue;
		price(s->q, &o);
		if (better(&o, &s->best, s->by))
			s->best = o;
	}
}

static uint32_t best_by_hour(struct search *s, struct suan_waiting_offer *ret)
{
	uint32_t rows = 0;

	for (uint32_t hour = 0; hour < s->d->count; hour++) {
		look(s, hour, false);
		if (rows < SUAN_QUOTE_WAITS && hour == wait_hours[rows]) {
			ret[rows].wait_ms = (int64_t)hour * HOUR_MS;
			ret[rows++].best = s->best;
		}
		if (hour + 1 < s->d->count)
			look(s, hour, true);
	}
	return rows;
}

uint32_t suan_engine_waits(const struct suan_engine *e, const struct suan_job_spec *spec,
			   const struct suan_offer *chosen, const struct suan_waiting_ask *ask,
			   struct suan_waiting_offer ret[SUAN_QUOTE_WAITS])
{
	int64_t from[MOST_HOURS + 1], *starts;
	struct suan_delays d = {.from_ms = from};
	struct suan_asking a = {.allow = NULL};
	struct search s = {.d = &d, .by = ask->by, .best = {.pool = SUAN_NO_POOL}};
	uint32_t rows = 0;
	struct quote q;

	if (chosen->start_ms == SUAN_FOREVER)
		return 0;
	begin_quote(&q, e, spec, ask->now_ms);
	d.count = hours_left(&q, chosen) + 1;
	for (uint32_t k = 0; k < d.count; k++)
		from[k] = suan_sat_add(chosen->start_ms, (int64_t)k * HOUR_MS);
	starts = malloc(((size_t)e->plan->npools * d.count + 1) * sizeof(*starts));
	s.curves = calloc(e->net.nsites + 1u, sizeof(*s.curves));
	if (starts && s.curves && suan_admit_ask(e, spec, ask->now_ms, &a) == SUAN_OK &&
	    suan_planner_later(e->plan->planner, &a.item, ask->now_ms, &d, starts) == SUAN_OK) {
		s.q = &q;
		s.starts = starts;
		rows = best_by_hour(&s, ret);
	}
	for (uint32_t i = 0; s.curves && i < e->net.nsites; i++)
		suan_series_done(&s.curves[i].rate);
	free(s.curves);
	free(a.allow);
	free(starts);
	return rows;
}
