/* Signals: no input harms, whatever is wanted of it; what was read is a sealed series whose report
 * agrees with it; and written in our own form it is read back the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "wire/signal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct suan_signal *g)
{
	const struct suan_series *s = &g->series;

	assert(s->count > 0 && !s->unsorted);
	assert(g->rows == s->count + g->duplicates && g->estimated <= g->rows);
	assert(g->gaps < s->count && g->step_ms >= 0);
	assert((g->gaps > 0) == (g->gap_ms > 0));
	for (size_t i = 1; i < s->count; i++)
		assert(s->steps[i - 1].at_ms < s->steps[i].at_ms);
	assert(suan_series_at(s, s->steps[0].at_ms) == s->steps[0].value);
	(void)suan_series_sum(s, INT64_MIN, INT64_MAX);
}

/* Only what our own form can say: seconds with three decimals. */
static void write_and_read(const struct suan_signal *g, const struct suan_signal_want *want)
{
	const struct suan_series *s = &g->series;
	unsigned digits = want->kind == SUAN_SIGNAL_PRICE ? 6 : 3;
	int64_t unit = digits == 6 ? 1000000 : 1000, most = INT64_C(1000000000000);
	struct suan_buf out = {0};
	struct suan_err err = {0};
	struct suan_signal again;
	enum suan_code rc;

	suan_buf_adds(&out, "time,value\n");
	for (size_t i = 0; i < s->count; i++) {
		int64_t at = s->steps[i].at_ms, v = s->steps[i].value;

		if (at < -most || at > 1000 * most || v < -most || v > most)
			goto out;
		suan_buf_addf(&out, "%s%lld.%03lld,%s%lld.%0*lld\n", at < 0 ? "-" : "",
			      (long long)(llabs(at) / 1000), (long long)(llabs(at) % 1000),
			      v < 0 ? "-" : "", (long long)(llabs(v) / unit), (int)digits,
			      (long long)(llabs(v) % unit));
	}
	rc = suan_signal_parse(suan_buf_str(&out), out.len, "again", want, &again, &err);
	assert(rc == SUAN_OK);
	assert(again.series.count == s->count && again.duplicates == 0 && !again.unordered);
	for (size_t i = 0; i < s->count; i++) {
		assert(again.series.steps[i].at_ms == s->steps[i].at_ms);
		assert(again.series.steps[i].value == s->steps[i].value);
	}
	suan_signal_done(&again);
out:
	suan_buf_done(&out);
}

/* All forecasts of one file. */
static void issues(const char *text, size_t size, const struct suan_signal_want *want)
{
	struct suan_signal_issues all = {0};
	struct suan_err err = {0};

	if (suan_signal_issues_parse(text, size, "f", want, &all, &err) == SUAN_OK) {
		assert(all.count > 0);
		for (uint32_t i = 0; i < all.count; i++)
			check(&all.list[i].signal);
	} else {
		assert(err.text[0] && all.count == 0);
	}
	suan_signal_issues_done(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct suan_signal_want wants[] = {{SUAN_SIGNAL_PRICE, 0, false},
							{SUAN_SIGNAL_PRICE, 7100000, false},
							{SUAN_SIGNAL_CARBON, 0, false},
							{SUAN_SIGNAL_CARBON, 0, true}};
	char *text = malloc(size ? size : 1); /* exact, so that reading past the end is seen */

	assert(text);
	if (size > 0)
		memcpy(text, data, size);
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct suan_signal g = {0};
		struct suan_err err = {0};

		if (suan_signal_parse(text, size, "f", &wants[i], &g, &err) == SUAN_OK) {
			check(&g);
			write_and_read(&g, &wants[i]);
		} else {
			assert(err.text[0] && g.series.count == 0);
			assert(suan_utf8_valid(err.text, strlen(err.text)));
		}
		suan_signal_done(&g);
		issues(text, size, &wants[i]);
	}
	free(text);
	return 0;
}
