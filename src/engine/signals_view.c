/* What follows from all that was told: the value at a time and sums over spans. */
#include <assert.h>
#include <string.h>

#include "engine/signals_inside.h"

/* ---- making it ---- */

/* Time after the begin of the period that it lies in. */
static int64_t phase(const struct suan_signal_wheel *w, int64_t at_ms)
{
	int64_t x = (at_ms - w->begin_ms) % w->period_ms;

	return x < 0 ? x + w->period_ms : x;
}

static enum suan_code from_tariff(const struct suan_track *t, struct suan_signal_wheel *w)
{
	enum suan_code rc = SUAN_OK;

	w->period_ms = t->period_ms;
	w->begin_ms = 0;
	if (t->tariff[0].at_ms > 0)
		rc = suan_series_add(&w->series, 0, t->tariff[t->ntariff - 1].value);
	for (uint32_t i = 0; rc == SUAN_OK && i < t->ntariff; i++)
		rc = suan_series_add(&w->series, t->tariff[i].at_ms, t->tariff[i].value);
	(void)suan_series_seal(&w->series);
	return rc;
}

/* Without a tariff or a constant the last day that was told comes again. */
static enum suan_code from_day(const struct suan_track *t, struct suan_signal_wheel *w)
{
	int64_t first = t->end_ms - SUAN_SIGNALS_DAY_MS;
	const struct suan_series *b = &t->body;
	enum suan_code rc;

	w->period_ms = SUAN_SIGNALS_DAY_MS;
	if (first < b->steps[0].at_ms)
		first = t->end_ms; /* not a whole day: the last value */
	w->begin_ms = first;
	rc = suan_series_add(&w->series, 0, suan_series_at(b, first));
	for (size_t i = 0; rc == SUAN_OK && i < b->count; i++)
		if (b->steps[i].at_ms > first)
			rc = suan_series_add(&w->series, b->steps[i].at_ms - first,
					     b->steps[i].value);
	(void)suan_series_seal(&w->series);
	return rc;
}

static enum suan_code fill_hole(const struct suan_signal_wheel *w, int64_t from_ms, int64_t to_ms,
				struct suan_series *to)
{
	int64_t begin = from_ms - phase(w, from_ms);
	enum suan_code rc = suan_series_add(to, from_ms,
					    suan_series_at(&w->series, from_ms - begin));

	for (; rc == SUAN_OK && begin < to_ms; begin += w->period_ms)
		for (size_t i = 0; rc == SUAN_OK && i < w->series.count; i++) {
			int64_t at = begin + w->series.steps[i].at_ms;

			if (at > from_ms && at < to_ms)
				rc = suan_series_add(to, at, w->series.steps[i].value);
		}
	return rc;
}

static enum suan_code make_body(struct suan_track *t)
{
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; rc == SUAN_OK && i + 1 < t->ntold; i++) {
		const struct suan_signal_told *x = &t->told[i];

		if (!x->hole)
			rc = suan_series_add(&t->body, x->from_ms, x->value);
		else if (t->wheel.series.count > 0)
			rc = fill_hole(&t->wheel, x->from_ms, x[1].from_ms, &t->body);
	}
	(void)suan_series_seal(&t->body);
	t->end_ms = t->ntold > 0 ? t->told[t->ntold - 1].from_ms : 0;
	return rc;
}

enum suan_code suan_signals_derive(struct suan_track *t, const struct suan_signal_base *base)
{
	enum suan_code rc = SUAN_OK;

	if (t->ntold == 0 && t->ntariff == 0)
		return SUAN_OK; /* the constant alone, if there is one */
	if (t->ntariff > 0) {
		rc = from_tariff(t, &t->wheel);
	} else if (base->known && !t->marginal) {
		t->wheel.period_ms = SUAN_SIGNALS_DAY_MS;
		rc = suan_series_add(&t->wheel.series, 0, base->value);
		(void)suan_series_seal(&t->wheel.series);
	}
	if (rc == SUAN_OK)
		rc = make_body(t);
	if (rc == SUAN_OK && t->wheel.series.count == 0 && t->body.count > 0)
		rc = from_day(t, &t->wheel);
	return rc;
}

/* ---- reading ---- */

struct look { /* at a track, or at a constant where nothing was told */
	const struct suan_track *t;	/* NULL: nothing is known, or … */
	const struct suan_signal_base *base;	/* … this alone */
	bool day;	/* before the body its first value holds */
};

static bool look_at(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind,
		    struct look *ret)
{
	assert((unsigned)kind < SUAN_NSIGNALS);
	*ret = (struct look){0};
	if (site >= g->nsites)
		return false;
	ret->base = &g->sites[site].base[kind];
	ret->t = &g->sites[site].tracks[kind];
	if (ret->t->wheel.series.count == 0) {
		ret->t = NULL;
		return ret->base->known;
	}
	ret->day = ret->t->ntariff == 0 && (!ret->base->known || ret->t->marginal);
	return true;
}

bool suan_signals_known(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind)
{
	struct look l;

	return look_at(g, site, kind, &l);
}

static bool in_body(const struct suan_track *t, int64_t at_ms)
{
	return t->body.count > 0 && at_ms >= t->body.steps[0].at_ms && at_ms < t->end_ms;
}

static bool before_body(const struct look *l, int64_t at_ms)
{
	return l->day && at_ms < l->t->body.steps[0].at_ms;
}

int64_t suan_signals_at(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind,
			int64_t at_ms)
{
	struct look l;

	if (!look_at(g, site, kind, &l))
		return 0;
	if (!l.t)
		return l.base->value;
	if (in_body(l.t, at_ms) || before_body(&l, at_ms))
		return suan_series_at(&l.t->body, at_ms);
	return suan_series_at(&l.t->wheel.series, phase(&l.t->wheel, at_ms));
}

/* Value × ms from the begin of the wheel to the time, negative before it. */
static suan_int128 turned(const struct suan_signal_wheel *w, int64_t at_ms)
{
	int64_t part = phase(w, at_ms), whole = (at_ms - w->begin_ms - part) / w->period_ms;

	return whole * suan_series_sum(&w->series, 0, w->period_ms) +
	       suan_series_sum(&w->series, 0, part);
}

/* Value × ms over [from, to) clipped to below or above the body. */
static suan_int128 beside(const struct look *l, int64_t from_ms, int64_t to_ms)
{
	if (from_ms >= to_ms)
		return 0;
	if (before_body(l, from_ms))
		return (suan_int128)l->t->body.steps[0].value * ((suan_int128)to_ms - from_ms);
	return turned(&l->t->wheel, to_ms) - turned(&l->t->wheel, from_ms);
}

static int64_t clip(int64_t x, int64_t least, int64_t most)
{
	return x < least ? least : x > most ? most : x;
}

suan_int128 suan_signals_sum(const struct suan_signals *g, uint32_t site,
			     enum suan_signal_kind kind, int64_t from_ms, int64_t to_ms)
{
	int64_t first, a, b;
	struct look l;

	assert(from_ms <= to_ms);
	if (!look_at(g, site, kind, &l))
		return 0;
	if (!l.t)
		return (suan_int128)l.base->value * ((suan_int128)to_ms - from_ms);
	if (l.t->body.count == 0)
		return beside(&l, from_ms, to_ms);
	first = l.t->body.steps[0].at_ms;
	a = clip(first, from_ms, to_ms);
	b = clip(l.t->end_ms, from_ms, to_ms);
	return beside(&l, from_ms, a) + suan_series_sum(&l.t->body, a, b) + beside(&l, b, to_ms);
}

static int64_t wheel_after(const struct suan_signal_wheel *w, int64_t at_ms)
{
	int64_t part = phase(w, at_ms);
	int64_t next = suan_series_next(&w->series, part, SUAN_FOREVER);

	if (w->series.count == 1)
		return SUAN_FOREVER;
	return at_ms - part + (next == SUAN_FOREVER ? w->period_ms : next);
}

int64_t suan_signals_next_change_ms(const struct suan_signals *g, uint32_t site,
				    enum suan_signal_kind kind, int64_t at_ms)
{
	int64_t next, first;
	struct look l;

	if (!look_at(g, site, kind, &l) || !l.t)
		return SUAN_FOREVER;
	if (l.t->body.count == 0)
		return wheel_after(&l.t->wheel, at_ms);
	first = l.t->body.steps[0].at_ms;
	if (before_body(&l, at_ms))
		return first;
	if (in_body(l.t, at_ms)) {
		next = suan_series_next(&l.t->body, at_ms, SUAN_FOREVER);
		return next < l.t->end_ms ? next : l.t->end_ms;
	}
	next = wheel_after(&l.t->wheel, at_ms);
	return at_ms < first && first < next ? first : next;
}

/* ---- for people ---- */

/* The last that was told at or before the time; NULL: all came later. */
static const struct suan_signal_told *told_at(const struct suan_track *t, int64_t at_ms)
{
	size_t lo = 0, hi = t->ntold;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->told[mid].from_ms <= at_ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 ? &t->told[lo - 1] : NULL;
}

void suan_signals_part(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind,
		       int64_t at_ms, struct suan_signal_part *ret)
{
	const struct suan_signal_told *x;
	size_t next;
	struct look l;

	*ret = (struct suan_signal_part){.until_ms = SUAN_FOREVER};
	if (!look_at(g, site, kind, &l))
		return;
	ret->value = suan_signals_at(g, site, kind, at_ms);
	ret->source = SUAN_SIGNAL_CONSTANT;
	if (!l.t)
		return;
	x = told_at(l.t, at_ms);
	next = x ? (size_t)(x - l.t->told) + 1 : 0;
	ret->until_ms = suan_signals_next_change_ms(g, site, kind, at_ms);
	if (next < l.t->ntold && l.t->told[next].from_ms < ret->until_ms)
		ret->until_ms = l.t->told[next].from_ms;
	if (x && !x->hole) {
		ret->source = x->issued_ms ? SUAN_SIGNAL_FORECAST : SUAN_SIGNAL_ACTUAL;
		ret->issued_ms = x->issued_ms;
	} else if (l.day) {
		ret->source = SUAN_SIGNAL_REPEATED;
	} else if (l.t->ntariff > 0) {
		ret->source = SUAN_SIGNAL_TARIFF;
	}
}

void suan_signals_facts(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind,
			struct suan_signal_facts *ret)
{
	const struct suan_track *t = suan_signals_track(g, site, kind);

	memset(ret, 0, sizeof(*ret));
	if (!t)
		return;
	ret->steps = t->ntold > 0 ? t->ntold - 1 : 0;
	ret->first_ms = t->ntold > 0 ? t->told[0].from_ms : 0;
	ret->until_ms = t->end_ms;
	ret->estimated = t->estimated;
	ret->duplicates = t->duplicates;
	ret->gaps = t->gaps;
	ret->issued_ms = t->issued_ms;
	ret->told_ms = t->told_ms;
	ret->tariff = t->ntariff > 0;
	ret->marginal = t->marginal;
}
