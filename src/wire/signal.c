#include "wire/signal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/signals.h"
#include "wire/json.h"
#include "wire/signal_inside.h"

#define MOST_SHARE 1000000000 /* billionths: not scaled yet */
#define A_DATE_MS      INT64_C(1000000000000) /* September 2001: before it, times are no dates */
#define NANO_PER_MICRO 1000
#define KWH_PER_MWH    1000

const char *suan_signal_form_name(enum suan_signal_form f)
{
	switch (f) {
	case SUAN_SIGNAL_MAPS_CSV:
		return "Electricity Maps, CSV";
	case SUAN_SIGNAL_MAPS_JSON:
		return "Electricity Maps, JSON";
	case SUAN_SIGNAL_WATTTIME:
		return "WattTime, JSON";
	case SUAN_SIGNAL_PRICE_CSV:
		return "prices, CSV";
	case SUAN_SIGNAL_ENTSOE:
		return "ENTSO-E, XML";
	case SUAN_SIGNAL_RULES:
		return "tariff";
	case SUAN_SIGNAL_OWN:
		break;
	}
	return "time,value";
}

enum suan_code suan_signal_fail(struct suan_signal_reader *r, uint32_t line, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line)
		return suan_fail(r->err, SUAN_EINVAL, "%s:%u: %s", r->file, line, text);
	return suan_fail(r->err, SUAN_EINVAL, "%s: %s", r->file, text);
}

bool suan_signal_number(const char *s, size_t n, int64_t *ret)
{
	struct suan_json j;
	struct suan_err err = {0};

	if (!suan_json_is_number(s, n))
		return false;
	suan_json_init(&j, s, n, NULL, &err);
	return suan_json_fixed(&j, 9, ret) && suan_json_finish(&j);
}

enum suan_code suan_signal_row(struct suan_signal_reader *r, uint32_t line, int64_t at_ms,
			       int64_t value)
{
	enum suan_code rc;

	if (value < 0 && r->want->kind != SUAN_SIGNAL_PRICE &&
	    r->want->kind != SUAN_SIGNAL_TEMPERATURE)
		return suan_signal_fail(r, line, "found a negative %s",
					r->want->kind == SUAN_SIGNAL_RENEWABLE
						? "share of renewable power"
						: "carbon intensity");
	if (value > MOST_SHARE && r->want->kind == SUAN_SIGNAL_RENEWABLE)
		return suan_signal_fail(r, line, "found a share above 1");
	rc = suan_series_add(&r->got.series, at_ms, value);
	if (rc != SUAN_OK)
		return suan_fail(r->err, rc, "out of memory");
	r->got.rows++;
	return SUAN_OK;
}

enum suan_code suan_signal_is(struct suan_signal_reader *r, enum suan_signal_kind k,
			      enum suan_signal_form form)
{
	r->got.form = form;
	if (k == r->want->kind)
		return SUAN_OK;
	return suan_signal_fail(r, 0, "found a series of %s, want one of %s",
				suan_signal_kind_name(k), suan_signal_kind_name(r->want->kind));
}

enum suan_code suan_signal_unit(struct suan_signal_reader *r, uint32_t line, const char *currency,
				const char *energy)
{
	bool yuan = strcmp(currency, "CNY") == 0;

	if (strcmp(energy, "kWh") != 0 && strcmp(energy, "MWh") != 0 &&
	    strcmp(energy, "MWH") != 0 && strcmp(energy, "KWH") != 0)
		return suan_signal_fail(r, line, "found a price per \"%.16s\", want MWh or kWh",
					energy);
	if (!yuan && r->want->exchange_uyuan <= 0)
		return suan_signal_fail(
			r, line,
			"its prices are in %.8s; say how many yuan one of them is "
			"(in the network file: price: {file: %.64s, exchange: 7.1})",
			currency, r->file);
	(void)snprintf(r->got.currency, sizeof(r->got.currency), "%.3s", currency);
	/* billionths of a currency → micro-yuan */
	r->mul = yuan ? 1 : r->want->exchange_uyuan;
	r->div = yuan ? NANO_PER_MICRO : INT64_C(1000000000);
	if (energy[0] == 'M')
		r->div *= KWH_PER_MWH;
	return SUAN_OK;
}

/* ---- when all rows are there ---- */

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum suan_code measure(struct suan_signal_reader *r)
{
	struct suan_signal *g = &r->got;
	const struct suan_series *s = &g->series;
	size_t n = s->count - 1;
	int64_t *steps = malloc((n + 1) * sizeof(*steps));

	if (!steps)
		return suan_fail(r->err, SUAN_ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		steps[i] = s->steps[i + 1].at_ms - s->steps[i].at_ms;
	qsort(steps, n, sizeof(*steps), by_size);
	g->step_ms = n > 0 ? steps[n / 2] : 0;
	free(steps);
	for (size_t i = 0; i < n; i++) {
		int64_t step = s->steps[i + 1].at_ms - s->steps[i].at_ms;

		if (step <= g->step_ms)
			continue;
		if (g->gaps++ == 0)
			g->first_gap_ms = s->steps[i].at_ms + g->step_ms;
		g->gap_ms = suan_sat_add(g->gap_ms, step - g->step_ms);
	}
	if (g->until_ms == 0)
		g->until_ms = suan_sat_add(s->steps[n].at_ms, g->step_ms);
	return SUAN_OK;
}

/* value · mul / div, half away from zero. */
static bool scale(const struct suan_signal_reader *r, int64_t *value)
{
	suan_int128 v = (suan_int128)*value * r->mul, half = r->div / 2;

	v = (v < 0 ? v - half : v + half) / r->div;
	if (v > INT64_MAX || v < INT64_MIN)
		return false;
	*value = (int64_t)v;
	return true;
}

static enum suan_code finish(struct suan_signal_reader *r)
{
	struct suan_signal *g = &r->got;

	if (g->series.count == 0)
		return suan_signal_fail(r, 0, "there is no row in it");
	for (size_t i = 0; i < g->series.count; i++)
		if (!scale(r, &g->series.steps[i].value))
			return suan_signal_fail(r, 0, "a value is too large");
	g->unordered = g->series.unsorted;
	g->duplicates = suan_series_seal(&g->series);
	g->dated = g->series.steps[0].at_ms >= A_DATE_MS;
	return measure(r);
}

enum suan_code suan_signal_parse(const char *text, size_t n, const char *file_name,
				 const struct suan_signal_want *want, struct suan_signal *ret,
				 struct suan_err *err)
{
	struct suan_signal_reader r = {
		.text = text, .file = file_name, .n = n, .want = want, .err = err};
	size_t i = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	enum suan_code rc;

	r.text += i;
	r.n -= i;
	for (i = 0; i < r.n && strchr(" \t\r\n", r.text[i]) && r.text[i]; i++)
		;
	if (i == r.n)
		rc = suan_signal_fail(&r, 0, "the file is empty");
	else if (r.text[i] == '{' || r.text[i] == '[')
		rc = suan_signal_json(&r);
	else if (r.text[i] == '<')
		rc = suan_signal_xml(&r);
	else
		rc = suan_signal_csv(&r);
	if (rc == SUAN_OK)
		rc = finish(&r);
	if (rc == SUAN_OK)
		*ret = r.got;
	else
		suan_series_done(&r.got.series);
	return rc;
}

void suan_signal_done(struct suan_signal *s)
{
	suan_series_done(&s->series);
}
