#include "sim/issue.h"

#include <math.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/hash.h"
#include "base/num.h"
#include "engine/signals.h"

#define HOUR_MS	   INT64_C(3600000)
#define DAY_MS	   (24 * HOUR_MS)
#define AHEAD_MS   (7 * DAY_MS)
#define LONGEST_MS (4 * DAY_MS)	/* errors do not grow beyond this lead time */
#define MEMORY	   48		/* hours that errors remember */
#define FADE	   0.85
#define MEAN	   0.8746	/* of |z| before it is scaled: near to a normal distribution */
#define COMMON	   0.8
#define OWN	   0.6
#define MILLION	   1000000

enum turn { ACTUAL, FORECAST, NTURNS };

struct suan_sim_issuer {
	const struct suan_sim_setup *s;
	int64_t shift_ms, now_ms, began_ms;
	uint32_t at;			 /* (site · kinds + kind) · turns + turn */
	struct suan_signal_step *steps; /* owned */
	size_t room;
	uint32_t nsteps;
};

/* ---- which ---- */

static bool is_wrong(const struct suan_sim_setup *s, const struct suan_sim_site_signals *g,
		     enum suan_signal_kind kind)
{
	if (s->forecast_error_ppm == 0 || g->of[kind].series.count < 2)
		return false;
	if (kind == SUAN_SIGNAL_PRICE)
		return !g->tariff; /* which is known beforehand */
	return kind == SUAN_SIGNAL_CARBON || kind == SUAN_SIGNAL_CARBON_MARKET;
}

bool suan_sim_is_issued(const struct suan_sim_setup *s, uint32_t site, enum suan_signal_kind kind)
{
	const struct suan_sim_signals *all = s->signals;
	const struct suan_sim_site_signals *g;

	if (!all || all->count == 0 || site >= all->nsites)
		return false;
	g = &all->sites[site];
	return g->issues[kind].count > 0 || is_wrong(s, g, kind);
}

enum suan_code suan_sim_issuer_new(const struct suan_sim_setup *s, int64_t shift_ms,
				   int64_t now_ms, struct suan_sim_issuer **ret)
{
	bool any = false;
	struct suan_sim_issuer *it;

	*ret = NULL;
	for (uint32_t i = 0; i < s->network->nsites; i++)
		for (int k = 0; k < SUAN_NSIGNALS; k++)
			any |= suan_sim_is_issued(s, i, (enum suan_signal_kind)k);
	if (!any)
		return SUAN_OK;
	it = calloc(1, sizeof(*it));
	if (!it)
		return SUAN_ENOMEM;
	it->s = s;
	it->shift_ms = shift_ms;
	it->now_ms = it->began_ms = now_ms;
	*ret = it;
	return SUAN_OK;
}

void suan_sim_issuer_free(struct suan_sim_issuer *it)
{
	if (it)
		free(it->steps);
	free(it);
}

int64_t suan_sim_issuer_next(const struct suan_sim_issuer *it)
{
	return it ? it->now_ms : SUAN_FOREVER;
}

/* ---- errors ---- */

/* In [−1, 1]. */
static double uniform(uint64_t key, int64_t hour)
{
	uint64_t x = suan_hash_mix(suan_hash_u64(key, (uint64_t)hour));

	return (double)(x >> 11) / (double)(UINT64_C(1) << 52) - 1;
}

/* Mean of |z| is 1. */
static double noise(uint64_t key, int64_t hour)
{
	double sum = 0, weight = 1;

	for (int64_t age = 0; age < MEMORY; age++, weight *= FADE)
		sum += weight * uniform(key, hour - age);
	return sum / MEAN;
}

static int64_t with_error(const struct suan_sim_issuer *it, uint64_t key, int64_t at_ms,
			  int64_t value)
{
	int64_t lead = at_ms - it->now_ms, hour = at_ms / HOUR_MS;
	uint64_t own = suan_hash_u64(key, (uint64_t)it->now_ms);
	double size, z;

	if (lead <= 0)
		return value;
	lead = lead < LONGEST_MS ? lead : LONGEST_MS;
	size = (double)it->s->forecast_error_ppm / MILLION * sqrt((double)lead / DAY_MS);
	z = COMMON * noise(key, hour) + OWN * noise(own, hour);
	z = 1 + size * z;
	return z > 0 ? (int64_t)llround((double)value * z) : 0;
}

/* ---- telling ---- */

static enum suan_code add(struct suan_sim_issuer *it, int64_t at_ms, int64_t value)
{
	if (at_ms < 0)
		at_ms = 0;
	if (it->nsteps > 0 && it->steps[it->nsteps - 1].at_ms >= at_ms)
		it->nsteps--; /* the later one holds */
	if (suan_grow(&it->steps, &it->room, it->nsteps + 1, sizeof(*it->steps)) != SUAN_OK)
		return SUAN_ENOMEM;
	it->steps[it->nsteps++] = (struct suan_signal_step){at_ms, value};
	return SUAN_OK;
}

/* Engine's time − the series'. */
static int64_t offset(const struct suan_sim_issuer *it, const struct suan_signal *g)
{
	return it->shift_ms - (g->dated ? it->s->signals->shift_ms : 0);
}

/* The first step that is after this time of the series. */
static size_t after(const struct suan_series *s, int64_t at_ms)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->steps[mid].at_ms <= at_ms)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What was true since the last time; a day of it at first. */
static enum suan_code tell_actual(struct suan_sim_issuer *it, const struct suan_signal *g,
				  struct suan_signal_spec *ret)
{
	int64_t move = offset(it, g), now = it->now_ms - move;
	int64_t from = now - (it->now_ms == it->began_ms ? DAY_MS : SUAN_SIM_ISSUE_MS);
	enum suan_code rc = SUAN_OK;
	size_t i;

	if (g->series.count == 0 || now < g->series.steps[0].at_ms || now >= g->until_ms)
		return SUAN_OK;
	i = after(&g->series, from);
	for (i -= i > 0; rc == SUAN_OK && i < g->series.count; i++) {
		int64_t at = g->series.steps[i].at_ms;

		if (at > now)
			break;
		rc = add(it, (at < from ? from : at) + move, g->series.steps[i].value);
	}
	ret->until_ms = it->now_ms + 1;
	return rc;
}

/* The true values, with errors. */
static enum suan_code tell_wrong(struct suan_sim_issuer *it, const struct suan_signal *g,
				 uint64_t key, struct suan_signal_spec *ret)
{
	int64_t move = offset(it, g), now = it->now_ms - move;
	const struct suan_series *s = &g->series;
	int64_t until = now + AHEAD_MS < g->until_ms ? now + AHEAD_MS : g->until_ms;
	enum suan_code rc = SUAN_OK;
	size_t i = after(s, now);

	if (until <= now)
		return SUAN_OK;
	rc = add(it, it->now_ms, suan_series_at(s, now));
	for (; rc == SUAN_OK && i < s->count && s->steps[i].at_ms < until; i++)
		rc = add(it, s->steps[i].at_ms + move,
			 with_error(it, key, s->steps[i].at_ms + move, s->steps[i].value));
	ret->until_ms = until + move;
	return rc;
}

/* The newest of the file. */
static enum suan_code tell_issue(struct suan_sim_issuer *it, const struct suan_sim_site_signals *g,
				 enum suan_signal_kind kind, struct suan_signal_spec *ret)
{
	const struct suan_signal_issue *best = NULL;
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < g->issues[kind].count; i++) {
		const struct suan_signal_issue *x = &g->issues[kind].list[i];
		int64_t at = x->issued_ms + offset(it, &x->signal);

		if (at <= it->now_ms && (!best || x->issued_ms >= best->issued_ms))
			best = x;
	}
	if (!best)
		return SUAN_OK;
	for (size_t i = 0; rc == SUAN_OK && i < best->signal.series.count; i++)
		rc = add(it, best->signal.series.steps[i].at_ms + offset(it, &best->signal),
			 best->signal.series.steps[i].value);
	ret->until_ms = best->signal.until_ms + offset(it, &best->signal);
	ret->issued_ms = best->issued_ms + offset(it, &best->signal);
	if (ret->issued_ms < 1)
		ret->issued_ms = 1;
	return rc;
}

static enum suan_code fill(struct suan_sim_issuer *it, uint32_t site, enum suan_signal_kind kind,
			   enum turn turn, struct suan_signal_spec *ret)
{
	const struct suan_sim_site_signals *g = &it->s->signals->sites[site];
	uint64_t key = suan_hash_u64(suan_hash_u64(it->s->seed, site), kind);
	enum suan_code rc;

	*ret = (struct suan_signal_spec){.site = it->s->network->sites[site].name, .kind = kind,
					 .marginal = g->of[kind].marginal};
	it->nsteps = 0;
	if (turn == ACTUAL) {
		rc = tell_actual(it, &g->of[kind], ret);
	} else if (g->issues[kind].count > 0) {
		rc = tell_issue(it, g, kind, ret);
	} else {
		rc = tell_wrong(it, &g->of[kind], key, ret);
		ret->issued_ms = it->now_ms;
	}
	ret->steps = it->steps;
	ret->nsteps = it->nsteps;
	if (ret->nsteps > 0 && ret->until_ms <= ret->steps[ret->nsteps - 1].at_ms)
		ret->until_ms = ret->steps[ret->nsteps - 1].at_ms + 1;
	return rc;
}

enum suan_code suan_sim_issuer_take(struct suan_sim_issuer *it, struct suan_signal_spec *ret)
{
	uint32_t last = it->s->network->nsites * SUAN_NSIGNALS * NTURNS;
	enum suan_code rc = SUAN_OK;

	*ret = (struct suan_signal_spec){0};
	while (rc == SUAN_OK && ret->nsteps == 0 && it->at < last) {
		uint32_t site = it->at / (SUAN_NSIGNALS * NTURNS);
		enum suan_signal_kind kind =
			(enum suan_signal_kind)(it->at / NTURNS % SUAN_NSIGNALS);

		if (suan_sim_is_issued(it->s, site, kind))
			rc = fill(it, site, kind, (enum turn)(it->at % NTURNS), ret);
		it->at++;
	}
	if (rc == SUAN_OK && ret->nsteps == 0) {
		it->at = 0;
		it->now_ms += SUAN_SIM_ISSUE_MS;
	}
	return rc;
}
