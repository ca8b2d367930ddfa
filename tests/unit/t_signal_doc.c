/* Signals as JSON: what is taken, and what is wrong with the rest. */
#include "lib/tap.h"

#include <string.h>

#include "wire/signal_doc.h"

#define NOW INT64_C(1795000000000)

static enum suan_code read_doc(const char *text, struct suan_arena *a, struct suan_signal_spec *s,
			       struct suan_err *err)
{
	*err = (struct suan_err){0};
	return suan_signal_doc_read(text, strlen(text), NOW, a, s, err);
}

static void t_good(void)
{
	struct suan_arena a = {0};
	struct suan_signal_spec s;
	struct suan_err err;

	is_int(read_doc("{\"site\":\"x\",\"kind\":\"price\",\"values\":[{\"time\":\"now\","
			"\"value\":0.31},"
			"{\"value\":-1,\"time\":1795000060.5}],\"issued\":\"now-1h\"}",
			&a, &s, &err),
	       SUAN_OK, "two values");
	is_str(s.site, "x", "site");
	ok(s.kind == SUAN_SIGNAL_PRICE && s.nsteps == 2 && s.steps[0].at_ms == NOW &&
		   s.steps[0].value == 310000 && s.steps[1].at_ms == NOW + 60500 &&
		   s.steps[1].value == -1000000,
	   "times and values");
	is_int(s.until_ms, NOW + 121000, "the last is as long as the one before");
	is_int(s.issued_ms, NOW - 3600000, "issued");
	is_int(read_doc("{\"site\":\"x\",\"kind\":\"temperature\",\"values\":[{\"time\":\"now\","
			"\"value\":-3.25}],\"replace\":true,\"until\":\"now+2h\"}",
			&a, &s, &err),
	       SUAN_OK, "one value");
	ok(s.steps[0].value == -3250 && s.until_ms == NOW + 7200000 && s.replace, "until, replace");
	is_int(read_doc("{\"site\":\"x\",\"kind\":\"carbon\",\"values\":[{\"time\":\"now\","
			"\"value\":5}],"
			"\"marginal\":true}",
			&a, &s, &err),
	       SUAN_OK, "without an end");
	ok(s.until_ms == NOW + 3600000 && s.marginal, "is for an hour");
	is_int(read_doc("{\"site\":\"x\",\"kind\":\"renewable\",\"period\":\"week\",\"values\":["
			"{\"time\":0,\"value\":0.5},{\"time\":86400,\"value\":1}]}",
			&a, &s, &err),
	       SUAN_OK, "a week");
	ok(s.period_ms == INT64_C(604800000) && s.steps[1].at_ms == 86400000 &&
		   s.steps[1].value == 1000000 && s.until_ms == 0,
	   "that comes again");
	is_int(read_doc("{\"site\":\"x\",\"kind\":\"carbon_market\",\"period\":\"day\",\"values\":["
			"]}",
			&a, &s, &err),
	       SUAN_OK, "nothing");
	is_int(s.nsteps, 0, "is no step");
	suan_arena_done(&a);
}

static void t_many(void)
{
	struct suan_arena a = {0};
	struct suan_buf b = {0};
	struct suan_signal_spec s;
	struct suan_err err;

	suan_buf_adds(&b, "{\"site\":\"x\",\"kind\":\"price\",\"values\":[");
	for (int i = 0; i < 1000; i++)
		suan_buf_addf(&b, "%s{\"time\":%d,\"value\":%d}", i ? "," : "", i, i);
	suan_buf_adds(&b, "]}");
	is_int(read_doc(suan_buf_str(&b), &a, &s, &err), SUAN_OK, "a thousand values");
	ok(s.nsteps == 1000 && s.steps[999].value == 999000000, "all of them");
	suan_buf_done(&b);
	suan_arena_done(&a);
}

static void t_bad(void)
{
	static const char *const bad[][3] = {
		{"", "", "found"},
		{"{\"kind\":\"price\"}", "site", "which site?"},
		{"{\"site\":\"x\"}", "kind", "which kind"},
		{"{\"site\":\"x\",\"kind\":\"prize\"}", "kind", "want price, carbon"},
		{"{\"site\":\"x\",\"values\":[]}", "values", "kind must come before"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"period\":\"year\"}", "period",
		 "want day or week"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"sort\":1}", "sort", "unknown key"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"values\":[{\"time\":1}]}", "values/0",
		 "want time"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"values\":[{\"time\":1,\"value\":1,\"at\":1}]"
		 "}",
		 "values/0/at", "each once"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"values\":[{\"time\":\"soon\",\"value\":1}]}",
		 "values/0/time", "right is a time"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"values\":5}", "values", "array"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"values\":[5]}", "values/0", "object"},
		{"{\"site\":\"x\",\"kind\":5}", "kind", "string"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"period\":5}", "period", "string"},
		{"{\"site\":\"x\",\"kind\":\"price\",\"until\":true}", "until", "string"},
		{"{\"site\":\"x\",\"kind\":\"price\"} x", "", "x"},
	};
	struct suan_arena a = {0};
	struct suan_signal_spec s;
	struct suan_err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum suan_code rc = read_doc(bad[i][0], &a, &s, &err);

		ok(rc == SUAN_EINVAL && strcmp(err.field, bad[i][1]) == 0 &&
			   strstr(err.text, bad[i][2]),
		   "%s: %s: %s", bad[i][0], err.field, err.text);
	}
	suan_arena_done(&a);
}

static void t_units(void)
{
	enum suan_signal_kind k;

	ok(suan_signal_kind_parse("carbon_market", &k, NULL) && k == SUAN_SIGNAL_CARBON_MARKET,
	   "a kind by name");
	is_str(suan_signal_unit_name(SUAN_SIGNAL_PRICE), "yuan/kWh", "unit of a price");
	is_int(suan_signal_digits(SUAN_SIGNAL_TEMPERATURE), 3, "decimals of a temperature");
}

int main(void)
{
	t_good();
	t_many();
	t_bad();
	t_units();
	return tap_done();
}
