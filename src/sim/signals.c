/* The series that a network names, from their files. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sim/sim.h"
#include "base/wide.h"
#include "sys/reader.h"

#define MOST_FILE (256u << 20)
#define MILLION	  1000000
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

static enum suan_code read_one(const char *network_file, const char *file,
			       const struct suan_signal_want *want, struct suan_signal *ret,
			       struct suan_err *err)
{
	struct suan_buf path = {0}, text = {0};
	enum suan_code rc;

	find(network_file, file, &path);
	rc = suan_buf_ok(&path, err);
	if (rc == SUAN_OK)
		rc = read_bytes(suan_buf_str(&path), &text, err);
	if (rc == SUAN_OK)
		rc = suan_signal_parse(suan_buf_str(&text), text.len, suan_buf_str(&path), want,
				       ret, err);
	suan_buf_done(&path);
	suan_buf_done(&text);
	return rc;
}

static enum suan_code read_site(const struct suan_site_spec *site, const char *network_file,
				struct suan_sim_signals *to, uint32_t i, struct suan_err *err)
{
	struct suan_signal_want price = {SUAN_SIGNAL_PRICE, site->price_exchange_uyuan, false};
	struct suan_signal_want carbon = {SUAN_SIGNAL_CARBON, 0, site->carbon_lifecycle};
	struct suan_sim_site_signals *g = &to->sites[i];
	enum suan_code rc = SUAN_OK;

	if (site->price_file[0]) {
		rc = read_one(network_file, site->price_file, &price, &g->price, err);
		to->count += rc == SUAN_OK;
	}
	if (rc == SUAN_OK && site->carbon_file[0]) {
		rc = read_one(network_file, site->carbon_file, &carbon, &g->carbon, err);
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
		suan_signal_done(&s->sites[i].price);
		suan_signal_done(&s->sites[i].carbon);
	}
	free(s->sites);
	*s = (struct suan_sim_signals){0};
}

/* Series number i of 2 · nsites; NULL: there is none. */
static const struct suan_signal *series_at(const struct suan_sim_signals *s, uint32_t i)
{
	const struct suan_sim_site_signals *g = &s->sites[i / 2];
	const struct suan_signal *x = i % 2 ? &g->carbon : &g->price;

	return x->series.count > 0 ? x : NULL;
}

void suan_sim_signals_align(struct suan_sim_signals *s, int64_t start_ms, int64_t first_ms)
{
	s->shift_ms = start_ms == INT64_MIN ? 0 : start_ms;
	if (start_ms != INT64_MIN || first_ms >= A_DATE_MS)
		return;
	for (uint32_t i = 0; i < 2 * s->nsites; i++) {
		const struct suan_signal *x = series_at(s, i);

		if (x && x->dated && x->series.steps[0].at_ms > s->shift_ms)
			s->shift_ms = x->series.steps[0].at_ms;
	}
}

int64_t suan_sim_signals_covered(const struct suan_sim_signals *s, int64_t zero_ms,
				 int64_t makespan_ms)
{
	int64_t from = zero_ms, until = suan_sat_add(zero_ms, makespan_ms);

	for (uint32_t i = 0; i < 2 * s->nsites; i++) {
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
