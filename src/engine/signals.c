/* What sites are told of over time, and how it is kept. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/signals_inside.h"

#define MOST_VALUE INT64_C(1000000000000)
#define MOST_STEPS 100000u
#define MILLION	   1000000
#define WEEK	   (7 * SUAN_SIGNALS_DAY_MS)

/* ---- life ---- */

void suan_signals_done(struct suan_track *t)
{
	free(t->told);
	free(t->tariff);
	suan_series_done(&t->body);
	suan_series_done(&t->wheel.series);
	memset(t, 0, sizeof(*t));
}

void suan_signals_free(struct suan_signals *g)
{
	if (!g)
		return;
	for (uint32_t i = 0; g->sites && i < g->nsites; i++)
		for (int k = 0; k < SUAN_NSIGNALS; k++)
			suan_signals_done(&g->sites[i].tracks[k]);
	free(g->sites);
	free(g);
}

static void take_base(const struct suan_site_spec *s, struct suan_signal_base *ret)
{
	int64_t market = s->carbon_market_mg_kwh;

	ret[SUAN_SIGNAL_PRICE] =
		(struct suan_signal_base){s->price_uyuan_kwh, s->price_uyuan_kwh > 0};
	ret[SUAN_SIGNAL_CARBON] =
		(struct suan_signal_base){s->carbon_mg_kwh, s->carbon_mg_kwh > 0};
	ret[SUAN_SIGNAL_CARBON_MARKET] = (struct suan_signal_base){
		market > 0 ? market : 0, market > 0 || market == SUAN_CARBON_ZERO};
	ret[SUAN_SIGNAL_RENEWABLE] =
		(struct suan_signal_base){s->renewable_ppm, s->renewable_ppm > 0};
	ret[SUAN_SIGNAL_TEMPERATURE] =
		(struct suan_signal_base){s->temperature_mdeg, s->has_temperature};
}

/* What was told alone. false: out of memory. */
static bool copy_told(const struct suan_track *from, struct suan_track *to)
{
	*to = *from;
	to->told = NULL;
	to->tariff = NULL;
	memset(&to->body, 0, sizeof(to->body));
	memset(&to->wheel, 0, sizeof(to->wheel));
	if (from->ntold > 0) {
		to->told = malloc(from->ntold * sizeof(*to->told));
		if (!to->told)
			return false;
		memcpy(to->told, from->told, from->ntold * sizeof(*to->told));
	}
	if (from->ntariff > 0) {
		to->tariff = malloc(from->ntariff * sizeof(*to->tariff));
		if (!to->tariff)
			return false;
		memcpy(to->tariff, from->tariff, from->ntariff * sizeof(*to->tariff));
	}
	return true;
}

struct suan_signals *suan_signals_new(const struct suan_signals *old,
				      const struct suan_site_spec *const *specs, uint32_t n)
{
	struct suan_signals *g = calloc(1, sizeof(*g));
	bool good = g != NULL;

	if (!good)
		return NULL;
	g->version = old ? old->version + 1 : 1;
	g->nsites = n;
	g->sites = calloc((size_t)n + 1, sizeof(*g->sites));
	good = g->sites != NULL;
	for (uint32_t i = 0; good && i < n; i++) {
		take_base(specs[i], g->sites[i].base);
		for (int k = 0; good && old && i < old->nsites && k < SUAN_NSIGNALS; k++) {
			struct suan_track *t = &g->sites[i].tracks[k];

			good = copy_told(&old->sites[i].tracks[k], t) &&
			       suan_signals_derive(t, &g->sites[i].base[k]) == SUAN_OK;
		}
	}
	if (good)
		return g;
	suan_signals_free(g);
	return NULL;
}

const struct suan_track *suan_signals_track(const struct suan_signals *g, uint32_t site,
					    enum suan_signal_kind kind)
{
	return site < g->nsites ? &g->sites[site].tracks[kind] : NULL;
}

uint64_t suan_signals_version(const struct suan_signals *g)
{
	return g->version;
}

size_t suan_signals_memory(const struct suan_signals *g)
{
	size_t sum = sizeof(*g) + g->nsites * sizeof(*g->sites);

	for (uint32_t i = 0; i < g->nsites; i++)
		for (int k = 0; k < SUAN_NSIGNALS; k++) {
			const struct suan_track *t = &g->sites[i].tracks[k];

			sum += t->ntold * sizeof(*t->told) + t->ntariff * sizeof(*t->tariff) +
			       (t->body.cap + t->wheel.series.cap) * sizeof(*t->body.steps);
		}
	return sum;
}

/* ---- may it be told? ---- */

bool suan_signals_fits(enum suan_signal_kind k, int64_t v)
{
	switch (k) {
	case SUAN_SIGNAL_PRICE:
		return v >= -MOST_VALUE && v <= MOST_VALUE;
	case SUAN_SIGNAL_RENEWABLE:
		return v >= 0 && v <= MILLION;
	case SUAN_SIGNAL_TEMPERATURE:
		return v >= -MILLION && v <= MILLION;
	case SUAN_SIGNAL_CARBON:
	case SUAN_SIGNAL_CARBON_MARKET:
	case SUAN_NSIGNALS:
		break;
	}
	return v >= 0 && v <= MOST_VALUE;
}

static enum suan_code check_steps(const struct suan_signal_spec *s, struct suan_err *err)
{
	int64_t most = s->period_ms ? s->period_ms - 1 : SUAN_SIGNALS_LAST_MS;

	if (s->nsteps > MOST_STEPS)
		return suan_fail_field(err, SUAN_EINVAL, "steps", "found %u steps, at most %u fit",
				       s->nsteps, MOST_STEPS);
	for (uint32_t i = 0; i < s->nsteps; i++) {
		const struct suan_signal_step *x = &s->steps[i];

		if (x->at_ms < 0 || x->at_ms > most)
			return suan_fail_field(err, SUAN_EINVAL, "steps",
					       "the time of step %u is out of range", i + 1);
		if (i > 0 && x->at_ms <= x[-1].at_ms)
			return suan_fail_field(err, SUAN_EINVAL, "steps",
					       "step %u is not after the one before; right are "
					       "times that go up", i + 1);
		if (!suan_signals_fits(s->kind, x->value))
			return suan_fail_field(err, SUAN_EINVAL, "steps",
					       "the value of step %u is out of range", i + 1);
	}
	return SUAN_OK;
}

enum suan_code suan_signals_check(const struct suan_signal_spec *s, int64_t now_ms,
				  struct suan_err *err)
{
	enum suan_code rc;

	if ((unsigned)s->kind >= SUAN_NSIGNALS)
		return suan_fail_field(err, SUAN_EINVAL, "kind", "no such kind of signal");
	if (s->nsteps == 0 && !s->replace)
		return suan_fail_field(err, SUAN_EINVAL, "steps",
				       "there is no step; right is one at least, or to replace "
				       "what there is by nothing");
	if (s->period_ms != 0 && s->period_ms != SUAN_SIGNALS_DAY_MS && s->period_ms != WEEK)
		return suan_fail_field(err, SUAN_EINVAL, "period",
				       "the period is neither a day nor a week");
	if (s->issued_ms < 0 || s->issued_ms > SUAN_SIGNALS_LAST_MS ||
	    (s->period_ms && s->issued_ms))
		return suan_fail_field(err, SUAN_EINVAL, "issued",
				       "this time of issue is out of range, or that of a tariff");
	if (s->marginal && s->kind != SUAN_SIGNAL_CARBON)
		return suan_fail_field(err, SUAN_EINVAL, "marginal",
				       "only the carbon of the grid can be marginal");
	rc = check_steps(s, err);
	if (rc != SUAN_OK || s->nsteps == 0 || s->period_ms)
		return rc;
	if (s->until_ms <= s->steps[s->nsteps - 1].at_ms ||
	    s->until_ms > suan_sat_add(now_ms, SUAN_SIGNALS_AHEAD_MS))
		return suan_fail_field(err, SUAN_EINVAL, "until",
				       "the end is not after the last step, or more than five "
				       "years ahead");
	return SUAN_OK;
}

static bool is_empty(const struct suan_track *t)
{
	return t->ntold == 0 && t->ntariff == 0;
}

bool suan_signals_mixes(const struct suan_signals *g, uint32_t site,
			const struct suan_signal_spec *s)
{
	const struct suan_track *t = suan_signals_track(g, site, s->kind);

	return !s->replace && t && !is_empty(t) && t->marginal != s->marginal;
}

/* ---- telling ---- */

/* Measured beats forecast, newer forecast beats older, and what is told later beats equals. */
static bool counts(const struct suan_signal_told *old, const struct suan_signal_told *more)
{
	if (!more || more->hole)
		return false;
	if (!old || old->hole || more->issued_ms == 0)
		return true;
	return old->issued_ms != 0 && more->issued_ms >= old->issued_ms;
}

static bool same(const struct suan_signal_told *a, const struct suan_signal_told *b)
{
	return a->hole == b->hole &&
	       (a->hole || (a->value == b->value && a->issued_ms == b->issued_ms));
}

/* Appends, unless it goes on as it is; nothing begins with a hole. */
static void append(struct suan_track *t, const struct suan_signal_told *x, int64_t from_ms)
{
	struct suan_signal_told next = {from_ms, 0, 0, true};

	if (x && !x->hole)
		next = (struct suan_signal_told){from_ms, x->value, x->issued_ms, false};
	if (t->ntold == 0 ? next.hole : same(&t->told[t->ntold - 1], &next))
		return;
	t->told[t->ntold++] = next;
}

struct side { /* one of two lists that are gone through at the same time */
	const struct suan_signal_told *list, *now;
	size_t n, i;
};

static int64_t side_next(const struct side *s)
{
	return s->i < s->n ? s->list[s->i].from_ms : SUAN_FOREVER;
}

static void side_step(struct side *s, int64_t at_ms)
{
	if (side_next(s) == at_ms)
		s->now = &s->list[s->i++];
}

/* Room for both is there. */
static void merge(struct side *old, struct side *more, struct suan_track *to)
{
	int64_t at;

	for (;;) {
		at = side_next(old) < side_next(more) ? side_next(old) : side_next(more);
		if (at == SUAN_FOREVER)
			return;
		side_step(old, at);
		side_step(more, at);
		append(to, counts(old->now, more->now) ? more->now : old->now, at);
	}
}

/* Forgets what is too old, counted from the present or from the end of all, and too much. */
static void trim(struct suan_track *t, int64_t now_ms)
{
	size_t drop = 0, n = t->ntold;
	int64_t least;

	if (n == 0)
		return;
	least = t->told[n - 1].from_ms < now_ms ? t->told[n - 1].from_ms : now_ms;
	least -= SUAN_SIGNALS_KEEP_MS;
	if (n > SUAN_SIGNALS_MOST)
		drop = n - SUAN_SIGNALS_MOST;
	while (drop + 1 < n && t->told[drop + 1].from_ms <= least)
		drop++;
	while (drop < n && t->told[drop].hole)
		drop++;
	memmove(t->told, t->told + drop, (n - drop) * sizeof(*t->told));
	t->ntold = n - drop;
}

static enum suan_code tell(const struct suan_track *old, const struct suan_signal_spec *s,
			   struct suan_track *to, int64_t now_ms)
{
	size_t n = s->replace ? 0 : old->ntold;
	struct suan_signal_told *more = malloc(((size_t)s->nsteps + 1) * sizeof(*more));
	struct side a = {.list = old->told, .n = n}, b = {.list = more};

	to->told = malloc((n + s->nsteps + 1) * 2 * sizeof(*to->told));
	if (!more || !to->told) {
		free(more);
		return SUAN_ENOMEM;
	}
	for (uint32_t i = 0; i < s->nsteps; i++)
		more[b.n++] = (struct suan_signal_told){s->steps[i].at_ms, s->steps[i].value,
							s->issued_ms, false};
	if (s->nsteps > 0)
		more[b.n++] = (struct suan_signal_told){s->until_ms, 0, 0, true};
	merge(&a, &b, to);
	trim(to, now_ms);
	free(more);
	return SUAN_OK;
}

static enum suan_code set_tariff(const struct suan_track *old, const struct suan_signal_spec *s,
				 struct suan_track *to)
{
	to->tariff = malloc(s->nsteps * sizeof(*to->tariff));
	if (!to->tariff)
		return SUAN_ENOMEM;
	memcpy(to->tariff, s->steps, s->nsteps * sizeof(*to->tariff));
	to->ntariff = s->nsteps;
	to->period_ms = s->period_ms;
	if (s->replace || old->ntold == 0)
		return SUAN_OK;
	to->told = malloc(old->ntold * sizeof(*to->told));
	if (!to->told)
		return SUAN_ENOMEM;
	memcpy(to->told, old->told, old->ntold * sizeof(*to->told));
	to->ntold = old->ntold;
	return SUAN_OK;
}

/* The tariff goes on beside values that are told. */
static enum suan_code keep_tariff(const struct suan_track *old, const struct suan_signal_spec *s,
				  struct suan_track *to)
{
	if (s->replace || old->ntariff == 0)
		return SUAN_OK;
	to->tariff = malloc(old->ntariff * sizeof(*to->tariff));
	if (!to->tariff)
		return SUAN_ENOMEM;
	memcpy(to->tariff, old->tariff, old->ntariff * sizeof(*to->tariff));
	to->ntariff = old->ntariff;
	to->period_ms = old->period_ms;
	return SUAN_OK;
}

static void count(const struct suan_track *old, const struct suan_signal_spec *s,
		  struct suan_track *to, int64_t now_ms)
{
	bool more = !s->replace;

	to->marginal = s->nsteps > 0 ? s->marginal : more && old->marginal;
	to->told_ms = now_ms;
	to->issued_ms = more && old->issued_ms > s->issued_ms ? old->issued_ms : s->issued_ms;
	to->estimated = (more ? old->estimated : 0) + s->estimated;
	to->duplicates = (more ? old->duplicates : 0) + s->duplicates;
	to->gaps = (more ? old->gaps : 0) + s->gaps;
}

enum suan_code suan_signals_put(struct suan_signals *g, uint32_t site,
				const struct suan_signal_spec *s, int64_t now_ms)
{
	struct suan_track *old = &g->sites[site].tracks[s->kind], t = {0};
	enum suan_code rc = SUAN_OK;

	if (s->nsteps > 0 && s->period_ms) {
		rc = set_tariff(old, s, &t);
	} else {
		rc = tell(old, s, &t, now_ms);
		if (rc == SUAN_OK)
			rc = keep_tariff(old, s, &t);
	}
	if (rc == SUAN_OK) {
		count(old, s, &t, now_ms);
		rc = suan_signals_derive(&t, &g->sites[site].base[s->kind]);
	}
	if (rc != SUAN_OK) {
		suan_signals_done(&t);
		return rc;
	}
	suan_signals_done(old);
	*old = t;
	g->version++;
	return SUAN_OK;
}
