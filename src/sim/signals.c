/* The series that a network names, from their files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sim/sim.h"
#include "base/wide.h"
#include "engine/signals.h"
#include "sys/reader.h"
#include "wire/tariff.h"

#define MOST_FILE (256u << 20)
#define MILLION	  1000000
#define DAY_MS	  INT64_C(86400000)
#define A_DATE_MS INT64_C(1000000000000) /* see wire/signal.h */

static enum suan_code read_bytes(const char *path, struct suan_buf *text, struct suan_err *err)
{
	struct suan_file_reader *file = NULL;
	enum suan_code rc = suan_file_reader_open(path, &file, err);
	const void *bytes;
	size_t n = 1;

	suan_buf_init(text, MOST_FILE);
	while (rc == SUAN_OK && n > 0) {
		rc = suan_file_reader_next(file, &bytes, &n, err);
		if (rc == SUAN_OK && !suan_buf_add(text, bytes, n))
			rc = suan_buf_ok(text, err);
	}
	suan_file_reader_close(file);
	return rc;
}

/* Paths are relative to the folder of the network file. */
static void find(const char *network_file, const char *file, struct suan_buf *ret)
{
	const char *slash = strrchr(network_file, '/');

	if (file[0] != '/' && slash)
		suan_buf_add(ret, network_file, (size_t)(slash - network_file) + 1);
	suan_buf_adds(ret, file);
}

struct place { /* of a file */
	const char *network_file, *file;
};

/* Into one of both. */
struct target {
	struct suan_signal *signal;
	struct suan_signal_issues *issues;
};

static enum suan_code read_one(const struct place *from, const struct suan_signal_want *want,
			       const struct target *to, struct suan_err *err)
{
	struct suan_buf path = {0}, text = {0};
	enum suan_code rc;

	find(from->network_file, from->file, &path);
	rc = suan_buf_ok(&path, err);
	if (rc == SUAN_OK)
		rc = read_bytes(suan_buf_str(&path), &text, err);
	if (rc == SUAN_OK && to->signal)
		rc = suan_signal_parse(suan_buf_str(&text), text.len, suan_buf_str(&path), want,
				       to->signal, err);
	else if (rc == SUAN_OK)
		rc = suan_signal_issues_parse(suan_buf_str(&text), text.len, suan_buf_str(&path),
					      want, to->issues, err);
	suan_buf_done(&path);
	suan_buf_done(&text);
	return rc;
}

const char *suan_sim_signal_file(const struct suan_site_spec *s, enum suan_signal_kind kind)
{
	const char *file = kind == SUAN_SIGNAL_PRICE	       ? s->price_file
			   : kind == SUAN_SIGNAL_CARBON	       ? s->carbon_file
			   : kind == SUAN_SIGNAL_CARBON_MARKET ? s->market_file
			   : kind == SUAN_SIGNAL_RENEWABLE     ? s->renewable_file
							       : s->temperature_file;

	return file ? file : "";
}

static enum suan_code read_tariff(const char *text, struct suan_sim_site_signals *g,
				  struct suan_err *err)
{
	g->tariff = malloc(sizeof(*g->tariff));
	if (!g->tariff)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	return suan_tariff_parse(text, g->tariff, err);
}

static enum suan_code read_site(const struct suan_site_spec *site, const char *network_file,
				struct suan_sim_signals *to, uint32_t i, struct suan_err *err)
{
	struct suan_sim_site_signals *g = &to->sites[i];
	enum suan_code rc = SUAN_OK;

	if (site->price_tariff && site->price_tariff[0]) {
		rc = read_tariff(site->price_tariff, g, err);
		to->count += rc == SUAN_OK;
	}
	for (int k = 0; rc == SUAN_OK && k < SUAN_NSIGNALS; k++) {
		struct suan_signal_want want = {(enum suan_signal_kind)k,
						site->price_exchange_uyuan, site->carbon_lifecycle};
		const char *file = suan_sim_signal_file(site, want.kind);

		if (!file[0])
			continue;
		rc = read_one(&(struct place){network_file, file}, &want,
			      &(struct target){.signal = &g->of[k]}, err);
		to->count += rc == SUAN_OK;
	}
	for (int k = 0; rc == SUAN_OK && k <= SUAN_SIGNAL_CARBON; k++) {
		struct suan_signal_want want = {(enum suan_signal_kind)k,
						site->price_exchange_uyuan, site->carbon_lifecycle};
		const char *file = k == SUAN_SIGNAL_PRICE ? site->price_forecast
							  : site->carbon_forecast;

		if (!file || !file[0])
			continue;
		rc = read_one(&(struct place){network_file, file}, &want,
			      &(struct target){.issues = &g->issues[k]}, err);
		to->count += rc == SUAN_OK;
	}
	if (rc != SUAN_OK)
		suan_err_prefix(err, "site %s", site->name);
	return rc;
}

enum suan_code suan_sim_signals_read(const struct suan_network *net, const char *network_file,
				     struct suan_sim_signals *ret, struct suan_err *err)
{
	struct suan_sim_signals s = {.nsites = net->nsites};
	enum suan_code rc = SUAN_OK;

	s.sites = calloc((size_t)net->nsites + 1, sizeof(*s.sites));
	if (!s.sites)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < net->nsites && rc == SUAN_OK; i++)
		rc = read_site(&net->sites[i], network_file, &s, i, err);
	if (rc == SUAN_OK)
		*ret = s;
	else
		suan_sim_signals_done(&s);
	return rc;
}

void suan_sim_signals_done(struct suan_sim_signals *s)
{
	for (uint32_t i = 0; s->sites && i < s->nsites; i++) {
		for (int k = 0; k < SUAN_NSIGNALS; k++) {
			suan_signal_done(&s->sites[i].of[k]);
			suan_signal_issues_done(&s->sites[i].issues[k]);
		}
		free(s->sites[i].tariff);
	}
	free(s->sites);
	*s = (struct suan_sim_signals){0};
}

/* Series number i of all; NULL: there is none, or it comes from a tariff, which knows no end. */
static const struct suan_signal *series_at(const struct suan_sim_signals *s, uint32_t i)
{
	const struct suan_sim_site_signals *g = &s->sites[i / SUAN_NSIGNALS];
	uint32_t kind = i % SUAN_NSIGNALS;

	if (g->of[kind].series.count == 0 || (kind == SUAN_SIGNAL_PRICE && g->tariff))
		return NULL;
	return &g->of[kind];
}

/* Five years of it, which is as far as the engine looks ahead, from the day before the trace. */
static enum suan_code lay_out(struct suan_sim_site_signals *g, int64_t from_ms,
			      struct suan_err *err)
{
	struct suan_signal x = {.form = SUAN_SIGNAL_RULES, .dated = true};
	enum suan_code rc;

	from_ms -= DAY_MS;
	x.until_ms = from_ms + SUAN_SIGNALS_AHEAD_MS;
	rc = suan_tariff_steps(g->tariff, from_ms, x.until_ms, &x.series);
	if (rc != SUAN_OK) {
		suan_signal_done(&x);
		return suan_fail(err, rc, "out of memory");
	}
	(void)suan_series_seal(&x.series);
	x.rows = x.series.count;
	(void)snprintf(x.currency, sizeof(x.currency), "CNY");
	suan_signal_done(&g->of[SUAN_SIGNAL_PRICE]);
	g->of[SUAN_SIGNAL_PRICE] = x;
	return SUAN_OK;
}

enum suan_code suan_sim_signals_align(struct suan_sim_signals *s, int64_t start_ms,
				      int64_t first_ms, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	s->shift_ms = start_ms == INT64_MIN ? 0 : start_ms;
	if (start_ms == INT64_MIN && first_ms < A_DATE_MS)
		for (uint32_t i = 0; i < SUAN_NSIGNALS * s->nsites; i++) {
			const struct suan_signal *x = series_at(s, i);

			if (x && x->dated && x->series.steps[0].at_ms > s->shift_ms)
				s->shift_ms = x->series.steps[0].at_ms;
		}
	for (uint32_t i = 0; rc == SUAN_OK && i < s->nsites; i++)
		if (s->sites[i].tariff)
			rc = lay_out(&s->sites[i], suan_sat_add(s->shift_ms, first_ms), err);
	return rc;
}

int64_t suan_sim_signals_covered(const struct suan_sim_signals *s, int64_t zero_ms,
				 int64_t makespan_ms)
{
	int64_t from = zero_ms, until = suan_sat_add(zero_ms, makespan_ms);

	for (uint32_t i = 0; i < SUAN_NSIGNALS * s->nsites; i++) {
		const struct suan_signal *x = series_at(s, i);
		int64_t shift = x && x->dated ? s->shift_ms : 0;

		if (!x || x->series.count == 1)
			continue; /* one value says it for ever */
		if (x->series.steps[0].at_ms - shift > from)
			from = x->series.steps[0].at_ms - shift;
		if (x->until_ms - shift < until)
			until = x->until_ms - shift;
	}
	if (until <= from)
		return makespan_ms > 0 ? 0 : MILLION;
	return suan_wide_scale((suan_wide)((suan_wide)until - (suan_wide)from), MILLION,
			       (suan_wide)makespan_ms);
}
