/* From a schedule and its signals to the linear programme of plan/plan.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "plan/plan.h"
#include "sim/choose.h"
#include "sim/power.h"
#include "sim/sim.h"

#define HOUR_MS	    3600000
#define DAY_MS	    (INT64_C(24) * HOUR_MS)
#define SHORTEST_MS 300000
#define MOST_SLOTS  4000000
#define CORE_HOURS  ((double)HOUR_MS)
#define MILLION	    1e6
#define ALMOST	    1e-6
#define MILLION_PARTS 1000000

struct place { /* a pool */
	uint32_t site;
	const struct suan_pool_spec *spec;
};

struct problem {
	const struct suan_sim_setup *s;
	const struct suan_sim_result *r;
	struct place *places; /* owned */
	uint32_t nplaces, nslots;
	int64_t slot_ms, zero_ms;     /* of slot 0, in the time of the trace */
	double *capacity, *rate;      /* owned */
	struct suan_plan_work *works; /* owned; as the rows that ran */
	size_t nworks;
	bool priced, weighed; /* every pool has a price, a carbon intensity */
};

enum freedom {
	JOINT,
	TIMES,
	PLACES
};

static const struct suan_signal *series_in(const struct suan_sim_site_signals *g,
					   enum suan_signal_kind kind)
{
	return g->of[kind].series.count > 0 ? &g->of[kind] : NULL;
}

static const struct suan_signal *series_of(const struct suan_sim_setup *s, uint32_t site,
					   bool carbon)
{
	const struct suan_sim_site_signals *g;

	if (!s->signals || s->signals->count == 0)
		return NULL;
	g = &s->signals->sites[site];
	if (carbon)
		return series_in(g, SUAN_SIGNAL_CARBON);
	return series_in(g, SUAN_SIGNAL_PRICE);
}

/* ---- rates ---- */

/* Millionths of yuan, or milligrams, of a kWh in this slot: the least of it. */
static double of_a_kwh(const struct problem *p, uint32_t site, bool carbon, uint32_t slot)
{
	const struct suan_site_spec *spec = &p->s->network->sites[site];
	const struct suan_signal *g = series_of(p->s, site, carbon);
	int64_t from = p->zero_ms + slot * p->slot_ms;

	if (!g)
		return (double)(carbon ? spec->carbon_mg_kwh : spec->price_uyuan_kwh);
	from += g->dated ? p->s->signals->shift_ms : 0;
	if (from + p->slot_ms > g->until_ms &&
	    g->until_ms - g->series.steps[0].at_ms >= DAY_MS) /* its last day comes again */
		from -= (from + p->slot_ms - g->until_ms + DAY_MS - 1) / DAY_MS * DAY_MS;
	return (double)suan_series_least(&g->series, from, from + p->slot_ms);
}

/* A curve's least: the bound stays one. */
static uint32_t least_pue(const struct suan_site_spec *site)
{
	uint32_t least = site->pue_milli;

	for (uint32_t i = 0; i < site->npue; i++)
		if (i == 0 || site->pue[i].pue_milli < least)
			least = site->pue[i].pue_milli;
	return least;
}

/* Of one core for an hour. */
static void set_rates(struct problem *p, bool carbon)
{
	for (uint32_t slot = 0; slot < p->nslots; slot++)
		for (uint32_t i = 0; i < p->nplaces; i++) {
			const struct place *at = &p->places[i];
			const struct suan_site_spec *site = &p->s->network->sites[at->site];
			double kwh = (double)at->spec->busy_watt / 1000 / at->spec->cores *
				     least_pue(site) / 1000;
			double rent =
				carbon ? 0 : (double)at->spec->price_hour_uyuan / at->spec->cores;

			p->rate[(size_t)slot * p->nplaces + i] =
				of_a_kwh(p, at->site, carbon, slot) * kwh + rent;
		}
}

/* ---- works ---- */

static uint64_t allowed(const struct problem *p, const struct suan_trace_job *j, uint32_t ran_in)
{
	uint64_t bits = UINT64_C(1) << ran_in;

	for (uint32_t i = 0; i < p->nplaces; i++)
		if (suan_sim_holds(p->s, &p->s->network->sites[p->places[i].site],
				   p->places[i].spec, j))
			bits |= UINT64_C(1) << i;
	return bits;
}

static uint32_t slot_of(const struct problem *p, int64_t trace_ms)
{
	assert(trace_ms >= p->zero_ms);
	return (uint32_t)((trace_ms - p->zero_ms) / p->slot_ms);
}

struct span { /* in the time of the trace */
	int64_t from, until;
};

/* When the job may run. */
static struct span window(const struct problem *p, const struct suan_sim_row *row,
			  enum freedom freedom)
{
	const struct suan_trace_job *j = suan_sim_job(p->s, row);
	int64_t shift = suan_sim_shift_ms(p->s, p->r, row) + p->r->zero_ms;
	int64_t start = row->start_ms + p->r->zero_ms, end = start + j->run_ms;
	int64_t deadline = j->deadline_ms ? suan_sat_add(j->deadline_ms, shift) : 0;

	int64_t delay = suan_sim_delay(p->s, j);

	if (freedom == PLACES)
		return (struct span){start, end};
	if (delay > 0) {
		int64_t latest = suan_sat_add(j->submit_ms + shift, delay) + j->run_ms;

		deadline = deadline > 0 && deadline < latest ? deadline : latest;
	}
	return (struct span){j->submit_ms + shift, deadline > end ? deadline : end};
}

static void set_works(struct problem *p, enum freedom freedom)
{
	p->nworks = 0;
	for (size_t i = 0; i < p->r->nrows; i++) {
		const struct suan_sim_row *row = &p->r->rows[i];
		const struct suan_trace_job *j = suan_sim_job(p->s, row);
		struct suan_plan_work *w = &p->works[p->nworks];
		struct span span;

		if (row->start_ms < 0)
			continue;
		span = window(p, row, freedom);
		w->from = slot_of(p, span.from);
		w->until = slot_of(p, span.until - 1);
		w->allow = freedom == TIMES ? UINT64_C(1) << row->pool : allowed(p, j, row->pool);
		w->amount = (double)j->tasks * j->cores * (double)j->run_ms / CORE_HOURS;
		w->most = (double)j->tasks * j->cores * (double)p->slot_ms / CORE_HOURS;
		p->nworks++;
	}
}

/* ---- setting up ---- */

static void find_slot(struct problem *p)
{
	p->slot_ms = HOUR_MS;
	for (uint32_t i = 0; p->s->signals && i < p->s->signals->nsites; i++)
		for (int carbon = 0; carbon < 2; carbon++) {
			const struct suan_signal *g = series_of(p->s, i, carbon);

			if (g && g->step_ms > 0 && g->step_ms < p->slot_ms)
				p->slot_ms = g->step_ms;
		}
	if (p->slot_ms < SHORTEST_MS)
		p->slot_ms = SHORTEST_MS;
}

/* Slots begin where those of the series with dates do. */
static enum suan_code find_span(struct problem *p, struct suan_err *err)
{
	int64_t shift = p->s->signals ? p->s->signals->shift_ms : 0;
	int64_t first = p->r->zero_ms, last = first, off;

	for (size_t i = 0; i < p->r->nrows; i++)
		if (p->r->rows[i].start_ms >= 0) {
			int64_t until = window(p, &p->r->rows[i], JOINT).until;

			last = until > last ? until : last;
		}
	off = (first + shift) % p->slot_ms;
	p->zero_ms = first - (off < 0 ? off + p->slot_ms : off);
	if ((last - p->zero_ms) / p->slot_ms >= MOST_SLOTS)
		return suan_fail(err, SUAN_ETOOBIG,
				 "the jobs span more than %d slots of %lld s: take fewer of them",
				 MOST_SLOTS, (long long)p->slot_ms / 1000);
	p->nslots = slot_of(p, last) + 1;
	return SUAN_OK;
}

static void find_places(struct problem *p)
{
	const struct suan_network *net = p->s->network;
	uint32_t n = 0;

	p->priced = p->weighed = true;
	for (uint32_t i = 0; i < net->nsites; i++)
		for (uint32_t k = 0; k < net->sites[i].npools; k++) {
			const struct suan_pool_spec *spec = &net->sites[i].pools[k];

			p->places[n++] = (struct place){i, spec};
			p->priced &= spec->busy_watt > 0 && (series_of(p->s, i, false) ||
							     net->sites[i].price_uyuan_kwh > 0);
			p->weighed &= spec->busy_watt > 0 &&
				      (series_of(p->s, i, true) || net->sites[i].carbon_mg_kwh > 0);
		}
}

static enum suan_code open_problem(struct problem *p, struct suan_err *err)
{
	enum suan_code rc;
	size_t cells;

	for (uint32_t i = 0; i < p->s->network->nsites; i++)
		p->nplaces += p->s->network->sites[i].npools;
	if (p->nplaces > SUAN_PLAN_PLACES)
		return suan_fail(err, SUAN_ETOOBIG, "found %u pools, want at most %u", p->nplaces,
				 SUAN_PLAN_PLACES);
	p->places = calloc((size_t)p->nplaces + 1, sizeof(*p->places));
	p->capacity = calloc((size_t)p->nplaces + 1, sizeof(*p->capacity));
	p->works = calloc(p->r->nrows + 1, sizeof(*p->works));
	if (!p->places || !p->capacity || !p->works)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	find_places(p);
	find_slot(p);
	rc = find_span(p, err);
	if (rc != SUAN_OK)
		return rc;
	cells = (size_t)p->nslots * p->nplaces;
	p->rate = calloc(cells + 1, sizeof(*p->rate));
	if (!p->rate)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < p->nplaces; i++)
		p->capacity[i] = (double)p->places[i].spec->nodes * p->places[i].spec->cores *
				 (double)p->slot_ms / CORE_HOURS;
	return SUAN_OK;
}

/* ---- solving ---- */

static enum suan_code solve(struct problem *p, bool carbon, int64_t *ret, struct suan_err *err)
{
	struct suan_plan_transport t = {p->nplaces, p->nslots, p->capacity,
					p->rate,    p->works,  p->nworks};
	struct suan_plan_answer a = {0};
	enum suan_code rc;

	if (!(carbon ? p->weighed : p->priced)) {
		*ret = SUAN_SIM_NONE;
		return SUAN_OK;
	}
	set_rates(p, carbon);
	rc = suan_plan_transport(&t, &a, err);
	if (rc == SUAN_OK)
		*ret = (int64_t)(a.cost < 0 ? a.cost - 0.5 : a.cost + 0.5);
	return rc;
}

static enum suan_code bound(struct problem *p, enum freedom freedom, struct suan_sim_bound *ret,
			    struct suan_err *err)
{
	enum suan_code rc;

	set_works(p, freedom);
	rc = solve(p, false, &ret->cost, err);
	return rc == SUAN_OK ? solve(p, true, &ret->carbon, err) : rc;
}

static enum suan_code add_jobs(const struct problem *p, struct suan_sim_bound *to)
{
	struct suan_sim_meter *meter = NULL;
	enum suan_code rc = suan_sim_meter_new(p->s, &meter);

	for (size_t i = 0; rc == SUAN_OK && i < p->r->nrows; i++) {
		int64_t cost, carbon;

		if (p->r->rows[i].start_ms < 0)
			continue;
		suan_sim_footprint(meter, p->r, &p->r->rows[i], &cost, &carbon);
		suan_sim_add_known(&to->cost, cost);
		suan_sim_add_known(&to->carbon, carbon);
	}
	suan_sim_meter_free(meter);
	return rc;
}

int64_t suan_sim_delay(const struct suan_sim_setup *s, const struct suan_trace_job *j)
{
	if (j->goal == SUAN_GOAL_FASTEST && s->goal == SUAN_GOAL_FASTEST)
		return 0;
	if (j->max_delay_ms > 0)
		return j->max_delay_ms;
	for (uint32_t i = 0; i < s->ndelays; i++)
		if (j->estimate_ms <= s->delays[i].estimate_ms)
			return s->delays[i].delay_ms;
	return 0;
}

static void close_problem(struct problem *p)
{
	free(p->places);
	free(p->capacity);
	free(p->rate);
	free(p->works);
}

enum suan_code suan_sim_find_bounds(const struct suan_sim_setup *s, const struct suan_sim_result *r,
				    struct suan_sim_bounds *ret, struct suan_err *err)
{
	struct problem p = {.s = s, .r = r};
	const struct suan_sim_bound none = {SUAN_SIM_NONE, SUAN_SIM_NONE};
	struct suan_sim_bounds b = {
		.fastest = none, .captured = none, .by_times = none, .by_places = none};
	enum suan_code rc = open_problem(&p, err);

	if (rc == SUAN_OK)
		rc = bound(&p, JOINT, &b.joint, err);
	if (rc == SUAN_OK)
		rc = bound(&p, TIMES, &b.times, err);
	if (rc == SUAN_OK)
		rc = bound(&p, PLACES, &b.places, err);
	if (rc == SUAN_OK) {
		b.slot_ms = p.slot_ms;
		rc = add_jobs(&p, &b.jobs);
		if (rc == SUAN_OK)
			*ret = b;
		else
			rc = suan_fail(err, rc, "out of memory");
	}
	close_problem(&p);
	return rc;
}

/* ---- what goals saved ---- */

static bool any_goal(const struct suan_sim_setup *s)
{
	bool any = s->goal != SUAN_GOAL_FASTEST;

	for (size_t i = 0; i < s->trace->njobs; i++)
		any |= s->trace->jobs[i].goal != SUAN_GOAL_FASTEST;
	return any && !s->hurry;
}

static int64_t least(int64_t a, int64_t b)
{
	return b != SUAN_SIM_NONE && b < a ? b : a;
}

/* Of what fastest costs and the least: which part is saved at this cost? */
static int64_t part(int64_t fastest, int64_t lowest, int64_t cost)
{
	if (fastest == SUAN_SIM_NONE || lowest == SUAN_SIM_NONE || cost == SUAN_SIM_NONE ||
	    fastest <= lowest)
		return SUAN_SIM_NONE;
	return (int64_t)((suan_int128)(fastest - cost) * MILLION_PARTS / (fastest - lowest));
}

static struct suan_sim_bound parts(const struct suan_sim_bounds *b, const struct suan_sim_bound *x)
{
	return (struct suan_sim_bound){part(b->fastest.cost, b->joint.cost, x->cost),
				       part(b->fastest.carbon, b->joint.carbon, x->carbon)};
}

/* Of the schedule without goals, in the windows that goals give. */
static enum suan_code bound_fastest(struct problem *p, struct suan_sim_bounds *b,
				    struct suan_err *err)
{
	enum suan_code rc = open_problem(p, err);

	if (rc == SUAN_OK)
		rc = bound(p, TIMES, &b->times, err);
	if (rc == SUAN_OK)
		rc = bound(p, PLACES, &b->places, err);
	close_problem(p);
	if (rc != SUAN_OK)
		return rc;
	/* a job that fastest ended later than its window allows has more of a window there */
	b->joint.cost = least(least(b->joint.cost, b->times.cost), b->places.cost);
	b->joint.carbon = least(least(b->joint.carbon, b->times.carbon), b->places.carbon);
	b->fastest = (struct suan_sim_bound){0, 0};
	add_jobs(p, &b->fastest);
	b->captured = parts(b, &b->jobs);
	b->by_times = parts(b, &b->times);
	b->by_places = parts(b, &b->places);
	return SUAN_OK;
}

enum suan_code suan_sim_capture(const struct suan_sim_setup *s, struct suan_sim_bounds *b,
				struct suan_err *err)
{
	struct suan_sim_setup plain = *s;
	struct suan_sim_result r = {0};
	struct problem p = {.s = s, .r = &r};
	enum suan_code rc;

	if (!any_goal(s))
		return SUAN_OK;
	plain.hurry = true;
	rc = suan_sim_run(&plain, &r, err);
	if (rc == SUAN_OK && !r.stopped)
		rc = bound_fastest(&p, b, err);
	suan_sim_result_done(&r);
	return rc;
}

/* ---- the plan behind a bound ---- */

static void sum_pools(const struct problem *p, struct suan_sim_plan *plan)
{
	for (uint32_t slot = 0; slot < plan->nslots; slot++)
		for (uint32_t i = 0; i < plan->npools; i++) {
			size_t cell = (size_t)slot * plan->npools + i;
			struct suan_sim_plan_pool *to = &plan->pools[i];

			to->core_h += plan->core_h[cell];
			plan->worth[cell] /= MILLION;
			to->worth += plan->worth[cell] * (double)p->slot_ms / CORE_HOURS;
			if (plan->core_h[cell] > p->capacity[i] * (1 - ALMOST))
				to->full_h += (double)p->slot_ms / CORE_HOURS;
		}
	for (size_t i = 0; i < p->r->nrows; i++) {
		const struct suan_trace_job *j = suan_sim_job(p->s, &p->r->rows[i]);

		if (p->r->rows[i].start_ms >= 0)
			plan->pools[p->r->rows[i].pool].ran_core_h +=
				(double)j->tasks * j->cores * (double)j->run_ms / CORE_HOURS;
	}
}

static enum suan_code make_plan(struct problem *p, bool carbon, struct suan_sim_plan *plan,
				struct suan_err *err)
{
	struct suan_plan_transport t = {p->nplaces, p->nslots, p->capacity, p->rate, p->works, 0};
	size_t cells = (size_t)p->nslots * p->nplaces + 1;
	struct suan_plan_answer a = {0};
	enum suan_code rc;

	*plan = (struct suan_sim_plan){.npools = p->nplaces,
				       .nslots = p->nslots,
				       .slot_ms = p->slot_ms,
				       .begin_ms = p->zero_ms};
	plan->pools = calloc((size_t)p->nplaces + 1, sizeof(*plan->pools));
	plan->core_h = a.done = calloc(cells, sizeof(*plan->core_h));
	plan->worth = a.worth = calloc(cells, sizeof(*plan->worth));
	if (!plan->pools || !a.done || !a.worth)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < p->nplaces; i++) {
		plan->pools[i].site = p->places[i].site;
		plan->pools[i].pool = p->places[i].spec->name;
	}
	set_works(p, JOINT);
	set_rates(p, carbon);
	t.nworks = p->nworks;
	rc = suan_plan_transport(&t, &a, err);
	if (rc != SUAN_OK)
		return rc;
	plan->least = a.cost / MILLION;
	plan->late_core_h = a.late;
	sum_pools(p, plan);
	return SUAN_OK;
}

void suan_sim_plan_done(struct suan_sim_plan *p)
{
	free(p->pools);
	free(p->core_h);
	free(p->worth);
	*p = (struct suan_sim_plan){0};
}

enum suan_code suan_sim_find_plan(const struct suan_sim_setup *s, const struct suan_sim_result *r,
				  enum suan_sim_aim aim, struct suan_sim_plan *ret,
				  struct suan_err *err)
{
	bool carbon = aim == SUAN_SIM_GREENEST;
	struct problem p = {.s = s, .r = r};
	struct suan_sim_plan plan = {0};
	enum suan_code rc = open_problem(&p, err);

	if (rc == SUAN_OK && !(carbon ? p.weighed : p.priced))
		rc = suan_fail(err, SUAN_EINVAL,
			       "no plan for the least %s: each pool needs a busy_watt, and each "
			       "site a %s",
			       carbon ? "carbon" : "cost", carbon ? "carbon" : "price");
	if (rc == SUAN_OK)
		rc = make_plan(&p, carbon, &plan, err);
	if (rc == SUAN_OK)
		*ret = plan;
	else
		suan_sim_plan_done(&plan);
	close_problem(&p);
	return rc;
}
