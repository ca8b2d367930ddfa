/* Scores of a schedule. Times are whole milliseconds and slowdowns whole billionths, so sums are
 * exact and no order of adding matters. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "sim/accounts.h"
#include "sim/power.h"
#include "sim/sim.h"
#include "base/wide.h"

#define SHORT_MS 10000 /* bound of the bounded slowdown */
#define BILLION	 1000000000
#define NO_SITE	 UINT32_MAX

struct sums { /* of one part */
	suan_wide wait, slowdown, area, weighted;
	uint64_t n;
	int64_t last_end;
	bool overflow;
};

/* Rows in order, with what belongs to them; without dividing for each. */
struct cursor {
	const struct suan_sim_row *row;
	const struct suan_trace_job *job;
	int64_t shift_ms;    /* of times in the trace */
	uint64_t copy_begin; /* number of the first job of this copy */
};

struct score {
	const struct suan_sim_setup *s;
	const struct suan_sim_result *r;
	struct suan_sim_scores *to;
	struct suan_sim_use *pools; /* owned */
	struct suan_sim_meter *meter; /* owned */
	uint32_t npools;
	struct sums *sites, all; /* sites: owned */
	struct sums *own;	 /* owned; of the jobs submitted at each site */
	uint32_t *site_of_name;	 /* owned; by the trace's numbers of strings */
	size_t *at;		 /* owned; where the values of each site begin, and the end */
	int64_t *values;	 /* owned; of one kind, those of a site together */
};

/* ---- spreads ---- */

/* The k-th smallest, with nothing larger before it and nothing smaller behind it (Hoare 1961). The
 * random numbers are the same each time. */
static int64_t nth(int64_t *v, size_t n, size_t k)
{
	int64_t lo = 0, hi = (int64_t)n - 1;
	struct suan_rng rng;

	suan_rng_init(&rng, n);
	while (lo < hi) {
		int64_t pivot = v[suan_rng_between(&rng, lo, hi)], i = lo, j = hi;

		while (i <= j) {
			int64_t x;

			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i > j)
				break;
			x = v[i];
			v[i++] = v[j];
			v[j--] = x;
		}
		if ((int64_t)k <= j)
			hi = j;
		else if ((int64_t)k >= i)
			lo = i;
		else
			break;
	}
	return v[k];
}

static struct suan_sim_spread spread(int64_t *v, size_t n, suan_wide sum, int64_t unit)
{
	static const struct suan_sim_spread none = {SUAN_SIM_NONE, SUAN_SIM_NONE, SUAN_SIM_NONE,
						    SUAN_SIM_NONE, SUAN_SIM_NONE};
	static const unsigned percent[3] = {50, 90, 99};
	struct suan_sim_spread s = none;
	int64_t p[3];
	size_t from = 0;

	if (n == 0)
		return none;
	for (int i = 0; i < 3; i++) {
		size_t k = (size_t)(((suan_wide)n * percent[i] + 99) / 100) - 1;

		p[i] = nth(v + from, n - from, k - from);
		from = k;
	}
	s.max = v[from];
	for (size_t i = from; i < n; i++)
		s.max = v[i] > s.max ? v[i] : s.max;
	s.mean = suan_wide_scale(sum, 1000000, (suan_wide)unit * n);
	s.p50 = suan_wide_scale((suan_wide)p[0], 1000000, (suan_wide)unit);
	s.p90 = suan_wide_scale((suan_wide)p[1], 1000000, (suan_wide)unit);
	s.p99 = suan_wide_scale((suan_wide)p[2], 1000000, (suan_wide)unit);
	s.max = suan_wide_scale((suan_wide)s.max, 1000000, (suan_wide)unit);
	return s;
}

/* ---- one pass over the rows ---- */

/* In billionths; saturates at 9·10⁹. */
static int64_t slowdown(int64_t wait_ms, int64_t run_ms)
{
	int64_t floor = run_ms > SHORT_MS ? run_ms : SHORT_MS, response;
	suan_wide x;

	response = suan_sat_add(wait_ms, run_ms);
	if (response <= floor)
		return BILLION;
	if (response < INT64_MAX / BILLION)
		return response * BILLION / floor;
	x = (suan_wide)response * BILLION / (suan_wide)floor;
	return x < INT64_MAX ? (int64_t)x : INT64_MAX;
}

static void add_sums(struct sums *t, const struct sums *one)
{
	t->wait += one->wait;
	t->slowdown += one->slowdown;
	t->overflow |= __builtin_add_overflow(t->area, one->area, &t->area);
	t->overflow |=
		one->overflow || __builtin_add_overflow(t->weighted, one->weighted, &t->weighted);
	t->n += one->n;
	t->last_end = one->last_end > t->last_end ? one->last_end : t->last_end;
}

static bool next_row(const struct score *c, struct cursor *at)
{
	const struct suan_trace *t = c->s->trace;

	at->row = at->row ? at->row + 1 : c->r->rows;
	if (at->row == c->r->rows + c->r->nrows)
		return false;
	if (!at->job || at->row->job - at->copy_begin >= t->njobs) {
		at->copy_begin = at->row->job / t->njobs * t->njobs;
		at->shift_ms = suan_sim_shift_ms(c->s, c->r, at->row);
	}
	at->job = &t->jobs[at->row->job - at->copy_begin];
	return true;
}

static int64_t wait_of(const struct cursor *at)
{
	return at->row->start_ms - at->job->submit_ms - at->shift_ms;
}

static void count_deadline(struct score *c, const struct cursor *at, struct suan_sim_part *site)
{
	int64_t by = at->job->deadline_ms + at->shift_ms;
	bool met = at->row->start_ms >= 0 && suan_sat_add(at->row->start_ms, at->job->run_ms) <= by;

	c->to->all.deadlines_met += met;
	c->to->all.deadlines_missed += !met;
	if (site) {
		site->deadlines_met += met;
		site->deadlines_missed += !met;
	}
}

/* With a goal: did it start in time? */
static void count_delay(struct score *c, const struct cursor *at)
{
	int64_t most = suan_sim_delay(c->s, at->job);

	if (most <= 0)
		return;
	c->to->delayed++;
	c->to->late += at->row->start_ms < 0 || wait_of(at) > most;
}

static void add_row(struct score *c, const struct cursor *at)
{
	const struct suan_trace_job *j = at->job;
	int64_t wait = wait_of(at);
	uint32_t own = c->site_of_name[j->site];
	struct sums one = {.n = 1};
	struct suan_sim_use *p;

	count_delay(c, at);
	if (at->row->start_ms < 0) {
		if (j->deadline_ms)
			count_deadline(c, at, NULL);
		return;
	}
	p = &c->pools[at->row->pool];
	if (j->deadline_ms)
		count_deadline(c, at, &c->to->sites[p->site]);
	one.wait = (suan_wide)wait;
	one.slowdown = (suan_wide)slowdown(wait, j->run_ms);
	one.area = (suan_wide)j->tasks * j->cores * (suan_wide)j->run_ms;
	one.overflow = __builtin_mul_overflow(one.area, (suan_wide)wait + (suan_wide)j->run_ms,
					      &one.weighted);
	one.last_end = suan_sat_add(at->row->start_ms, j->run_ms);
	suan_sim_use_add(c->meter, at->row->start_ms + c->r->zero_ms, at->job, p);
	add_sums(&c->sites[p->site], &one);
	if (own != NO_SITE)
		add_sums(&c->own[own], &one);
}

/* ---- parts ---- */

static void finish_part(struct suan_sim_part *p, const struct sums *t, int64_t makespan_ms)
{
	suan_wide room = (suan_wide)p->cores * (suan_wide)makespan_ms;

	p->completed = t->n;
	p->makespan = t->n ? suan_wide_scale((suan_wide)t->last_end, 1000, 1) : SUAN_SIM_NONE;
	p->awrt = p->utilization = SUAN_SIM_NONE;
	p->home_awrt = p->home_alone = p->home_ratio = p->home_gain = SUAN_SIM_NONE;
	if (t->area > 0 && !t->overflow)
		p->awrt = suan_wide_scale(t->weighted, 1000, t->area);
	if (room > 0 && !t->overflow)
		p->utilization = suan_wide_scale(t->area, 1000000, room);
}

static void finish_own(struct suan_sim_part *p, const struct sums *t)
{
	p->own_jobs = t->n;
	p->own_wait = p->own_slowdown = p->own_awrt = SUAN_SIM_NONE;
	if (t->n > 0) {
		p->own_wait = suan_wide_scale(t->wait, 1000, t->n);
		p->own_slowdown = suan_wide_scale(t->slowdown, 1, (suan_wide)t->n * 1000);
	}
	if (t->area > 0 && !t->overflow)
		p->own_awrt = suan_wide_scale(t->weighted, 1000, t->area);
}

enum kind {
	WAIT,
	SLOWDOWN
};

static void fill_values(struct score *c, enum kind kind)
{
	size_t *next = c->at;
	struct cursor at = {0};

	while (next_row(c, &at)) {
		int64_t wait = wait_of(&at);

		if (at.row->start_ms < 0)
			continue;
		c->values[next[c->pools[at.row->pool].site]++] =
			kind == WAIT ? wait : slowdown(wait, at.job->run_ms);
	}
	for (uint32_t i = c->to->nsites; i > 0; i--) /* each has moved to the next one's begin */
		next[i] = next[i - 1];
	next[0] = 0;
}

static void spreads(struct score *c, enum kind kind)
{
	int64_t unit = kind == WAIT ? 1000 : BILLION;
	struct suan_sim_spread s;

	fill_values(c, kind);
	for (uint32_t i = 0; i <= c->to->nsites; i++) {
		bool all = i == c->to->nsites; /* last, because it mixes the sites' values */
		struct sums *t = all ? &c->all : &c->sites[i];
		struct suan_sim_part *p = all ? &c->to->all : &c->to->sites[i];

		s = spread(all ? c->values : c->values + c->at[i], t->n,
			   kind == WAIT ? t->wait : t->slowdown, unit);
		if (kind == WAIT)
			p->wait = s;
		else
			p->slowdown = s;
	}
}

/* Which of the trace's strings are names of sites. */
static void name_sites(struct score *c)
{
	const struct suan_trace *t = c->s->trace;
	const struct suan_network *net = c->s->network;

	for (uint32_t i = 0; i < t->nstrings; i++) {
		c->site_of_name[i] = NO_SITE;
		for (uint32_t k = 0; i > 0 && k < net->nsites; k++)
			if (strcmp(net->sites[k].name, t->strings[i]) == 0)
				c->site_of_name[i] = k;
	}
}

static enum suan_code open_score(struct score *c)
{
	const struct suan_network *net = c->s->network;
	uint32_t n = 0;

	for (uint32_t i = 0; i < net->nsites; i++)
		c->npools += net->sites[i].npools;
	c->pools = calloc((size_t)c->npools + 1, sizeof(*c->pools));
	c->sites = calloc((size_t)net->nsites + 1, sizeof(*c->sites));
	c->own = calloc((size_t)net->nsites + 1, sizeof(*c->own));
	c->at = calloc((size_t)net->nsites + 2, sizeof(*c->at));
	c->site_of_name = calloc((size_t)c->s->trace->nstrings + 1, sizeof(*c->site_of_name));
	c->to->sites = calloc((size_t)net->nsites + 1, sizeof(*c->to->sites));
	c->values = malloc((c->r->nrows + 1) * sizeof(*c->values));
	if (!c->pools || !c->sites || !c->own || !c->at || !c->site_of_name || !c->to->sites ||
	    !c->values)
		return SUAN_ENOMEM;
	name_sites(c);
	c->to->nsites = net->nsites;
	for (uint32_t i = 0; i < net->nsites; i++) {
		c->to->sites[i].name = net->sites[i].name;
		for (uint32_t k = 0; k < net->sites[i].npools; k++) {
			const struct suan_pool_spec *p = &net->sites[i].pools[k];

			c->pools[n++] = (struct suan_sim_use){.site = i, .spec = p};
			c->to->sites[i].cores += (uint64_t)p->nodes * p->cores;
		}
		c->to->all.cores += c->to->sites[i].cores;
	}
	return SUAN_OK;
}

static void score(struct score *c)
{
	int64_t span[2] = {c->r->zero_ms, 0};
	struct suan_sim_part *all = &c->to->all;
	struct cursor at = {0};

	while (next_row(c, &at))
		add_row(c, &at);
	for (uint32_t i = 0; i < c->to->nsites; i++) {
		c->at[i + 1] = c->at[i] + c->sites[i].n;
		add_sums(&c->all, &c->sites[i]);
	}
	for (uint32_t i = 0; i < c->to->nsites; i++) {
		finish_part(&c->to->sites[i], &c->sites[i], c->all.last_end);
		finish_own(&c->to->sites[i], &c->own[i]);
	}
	finish_part(all, &c->all, c->all.last_end);
	span[1] = suan_sat_add(span[0], c->all.last_end);
	for (uint32_t i = 0; i < c->npools; i++)
		suan_sim_use_power(c->meter, &c->pools[i], span,
				   &c->to->sites[c->pools[i].site]);
	for (uint32_t i = 0; i < c->to->nsites; i++) {
		struct suan_sim_part *p = &c->to->sites[i];

		p->total = p->completed;
		suan_sim_add_known(&all->energy, p->energy);
		suan_sim_add_known(&all->carbon, p->carbon);
		suan_sim_add_known(&all->market, p->market);
		suan_sim_add_known(&all->cost, p->cost);
		suan_sim_add_known(&all->idle_energy, p->idle_energy);
		suan_sim_add_known(&all->idle_carbon, p->idle_carbon);
		suan_sim_add_known(&all->idle_cost, p->idle_cost);
	}
	spreads(c, WAIT);
	spreads(c, SLOWDOWN);
}

enum suan_code suan_sim_score(const struct suan_sim_setup *s, const struct suan_sim_result *r,
			      struct suan_sim_scores *ret, struct suan_err *err)
{
	struct suan_sim_scores scores = {0};
	struct score c = {.s = s, .r = r, .to = &scores};
	enum suan_code rc = open_score(&c);

	if (rc == SUAN_OK)
		rc = suan_sim_meter_new(s, &c.meter);
	if (rc == SUAN_OK)
		rc = suan_sim_score_accounts(s, r, &scores);
	if (rc == SUAN_OK) {
		score(&c);
		scores.all.total = r->total;
		scores.all.completed = r->completed;
		scores.all.rejected = r->rejected;
		scores.all.failed = r->failed;
		scores.all.unfinished = r->unfinished;
		scores.moved_bytes = (int64_t)r->moved_bytes;
		if (s->trace->ninputs > 0 && !s->data)
			scores.moved_bytes = SUAN_SIM_NONE;
		scores.covered = SUAN_SIM_NONE;
		if (s->signals && s->signals->count > 0)
			scores.covered = suan_sim_signals_covered(s->signals, r->zero_ms,
								  c.all.last_end);
		*ret = scores;
	} else {
		free(scores.sites);
		rc = suan_fail(err, rc, "out of memory");
	}
	suan_sim_meter_free(c.meter);
	free(c.pools);
	free(c.sites);
	free(c.own);
	free(c.site_of_name);
	free(c.at);
	free(c.values);
	return rc;
}

void suan_sim_scores_done(struct suan_sim_scores *s)
{
	free(s->sites);
	free(s->accounts);
	*s = (struct suan_sim_scores){0};
}
