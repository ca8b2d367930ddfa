/* Tariffs by time of use: which rule counts when, in its own zone; and what is wrong with bad ones.
 */
#include "lib/tap.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "wire/tariff.h"

static const char text[] = "+08:00|10:00-12:00,14:00-19:00;7-8;mon-fri;0.98;peak|22:00-6;;;0.31;"
			   "valley|;;sat,sun;0.5;weekend|;;;0.62;flat";

static int64_t at(const char *when)
{
	int64_t ms = 0;

	if (suan_parse_time(when, 0, &ms, NULL) != SUAN_OK)
		abort();
	return ms;
}

static void is_price(const struct suan_tariff *t, const char *when, int64_t want, const char *name)
{
	const char *got;
	int64_t price = suan_tariff_at(t, at(when), &got);

	ok(price == want && strcmp(got, name) == 0, "%s: %lld %s", when, (long long)price, got);
}

static void t_rules(void)
{
	struct suan_tariff t;

	is_int(suan_tariff_parse(text, &t, NULL), SUAN_OK, "a tariff");
	ok(t.nrules == 4 && t.zone_min == 480 && suan_tariff_has_seasons(&t), "four rules");
	is_price(&t, "2026-07-20T10:00:00+08:00", 980000, "peak"); /* a Monday */
	is_price(&t, "2026-07-20T11:59:59+08:00", 980000, "peak");
	is_price(&t, "2026-07-20T12:00:00+08:00", 620000, "flat");
	is_price(&t, "2026-09-21T10:00:00+08:00", 620000, "flat");
	is_price(&t, "2026-07-19T10:00:00+08:00", 500000, "weekend");
	is_price(&t, "2026-07-19T23:00:00+08:00", 310000, "valley");
	is_price(&t, "2026-07-20T05:59:00+08:00", 310000, "valley");
	is_price(&t, "2026-07-19T22:30:00Z", 620000, "flat"); /* Monday morning there */
	is_int(suan_tariff_parse("-03:30|;dec-feb;;-0.1;|;;;2;", &t, NULL), SUAN_OK, "seasons");
	is_price(&t, "2026-01-01T03:29:59Z", -100000, "");
	is_price(&t, "2026-03-01T03:29:59Z", -100000, "");
	is_price(&t, "2026-03-01T03:30:00Z", 2000000, "");
	is_int(suan_tariff_parse("+00:00|;;;1;", &t, NULL), SUAN_OK, "one price");
	ok(!suan_tariff_has_seasons(&t), "has no seasons");
}

/* The steps say what the rules say at every minute of two weeks. */
static void t_steps(void)
{
	int64_t from = at("2026-06-25T00:07:00Z"), until = at("2026-07-09T00:00:00Z");
	struct suan_series s = {0};
	struct suan_tariff t;
	const char *name;
	unsigned bad = 0;

	if (suan_tariff_parse(text, &t, NULL) != SUAN_OK ||
	    suan_tariff_steps(&t, from, until, &s) != SUAN_OK)
		abort();
	(void)suan_series_seal(&s);
	for (int64_t ms = from; ms < until; ms += 60000)
		bad += suan_series_at(&s, ms) != suan_tariff_at(&t, ms, &name);
	is_int(bad, 0, "every minute");
	ok(s.count > 30 && s.count < 120, "in %zu steps", s.count);
	suan_series_done(&s);
}

/* The week of a month says what the rules say in every week of it. */
static void t_week(void)
{
	const int64_t week = INT64_C(7) * 86400000;
	int64_t july = at("2026-07-06T00:00:00Z"), may = at("2026-05-04T00:00:00Z");
	struct suan_series a = {0}, b = {0};
	struct suan_tariff t;
	const char *name;
	unsigned bad = 0;

	if (suan_tariff_parse(text, &t, NULL) != SUAN_OK ||
	    suan_tariff_week(&t, july, &a) != SUAN_OK || suan_tariff_week(&t, may, &b) != SUAN_OK)
		abort();
	for (int64_t ms = 0; ms < week; ms += 60000) {
		bad += suan_series_at(&a, (july + ms) % week) !=
		       suan_tariff_at(&t, july + ms, &name);
		bad += suan_series_at(&b, (may + ms) % week) != suan_tariff_at(&t, may + ms, &name);
	}
	is_int(bad, 0, "every minute of two weeks");
	is_int(a.steps[0].at_ms, 0, "from the begin of the week");
	suan_series_done(&a);
	suan_series_done(&b);
}

static void t_bad(void)
{
	static const char *const bad[][2] = {
		{"", "zone"},
		{"08:00|;;;1;", "found \"08:00\", want hours and minutes from UTC such as +08:00"},
		{"+15:00|;;;1;", "zone"},
		{"+08:00", "no rule says what 00:00 on a mon in jan costs"},
		{"+08:00|8-22;;;1;", "no rule says what 00:00 on a mon in jan costs"},
		{"+08:00|0:00-24:00;;mon-sat;1;", "no rule says what 00:00 on a sun"},
		{"+08:00|8-25;;;1;", "rule 1: found \"8-25\", want hours such as"},
		{"+08:00|8:5-9;;;1;", "hours such as"},
		{"+08:00|8-8;;;1;", "hours such as"},
		{"+08:00|8;;;1;", "hours such as"},
		{"+08:00|;;;1;|;13;;1;", "rule 2: found \"13\", want months such as"},
		{"+08:00|;;monday;1;", "want days such as"},
		{"+08:00|;;;x;", "found \"x\", want a number"},
		{"+08:00|;;;1001;", "want a number from -1000 to 1000"},
		{"+08:00|;;1", "five parts"},
		{"+08:00|;;;1;a name that is longer than anybody wants", "longer than 31"},
		{"+08:00|1-2,2-3,3-4,4-5,5-6,6-7,7-8,8-9,9-10;;;1;", "more than 8 spans"},
	};
	struct suan_tariff t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct suan_err err = {0};
		enum suan_code rc = suan_tariff_parse(bad[i][0], &t, &err);

		ok(rc == SUAN_EINVAL &&
			   (strstr(err.text, bad[i][1]) || strstr(err.field, bad[i][1])),
		   "%s: %s", bad[i][0], err.text);
	}
}

int main(void)
{
	t_rules();
	t_steps();
	t_week();
	t_bad();
	return tap_done();
}
