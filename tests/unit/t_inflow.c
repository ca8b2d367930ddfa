/* What work to come will want. */
#include "engine/inflow.h"

#include "lib/tap.h"

#include <string.h>

#define HOUR INT64_C(3600000)

static void test_steady(void)
{
	struct suan_inflow d;

	memset(&d, 0, sizeof(d));
	is_int(suan_inflow_ahead(&d, 5 * HOUR, HOUR), 0, "nothing came, nothing is expected");
	/* each hour one of 100 for two hours: 200 in the long run */
	for (int64_t t = 0; t < 100; t++)
		suan_inflow_add(&d, t * HOUR, 100, 2 * HOUR - 1000);
	is_int(suan_inflow_ahead(&d, 100 * HOUR, 0), 0, "nothing of it runs at once");
	is_int(suan_inflow_ahead(&d, 100 * HOUR, HOUR), 100, "what came in an hour");
	is_int(suan_inflow_ahead(&d, 100 * HOUR, 2 * HOUR), 200, "in two");
	is_int(suan_inflow_ahead(&d, 100 * HOUR, 50 * HOUR), 200, "and no more later");
	is_int(suan_inflow_ahead(&d, 200 * HOUR, 50 * HOUR), 100, "when nothing comes, less");
	ok(suan_inflow_good(&d), "good");
	d.area[3] = -1;
	ok(!suan_inflow_good(&d), "damaged");
	d = (struct suan_inflow){.since_ms = INT64_MIN};
	ok(!suan_inflow_good(&d), "no such time");
}

static void test_kinds(void)
{
	struct suan_inflow d;

	memset(&d, 0, sizeof(d));
	for (int64_t t = 0; t < 100; t++) {
		suan_inflow_add(&d, t * HOUR, 100, HOUR - 1000);
		suan_inflow_add(&d, t * HOUR, 10, 40 * HOUR - 1000);
	}
	is_int(suan_inflow_ahead(&d, 100 * HOUR, HOUR), 110, "of both");
	is_int(suan_inflow_ahead(&d, 100 * HOUR, 20 * HOUR), 300, "short ones end, others go on");
	is_int(suan_inflow_ahead(&d, 100 * HOUR, 90 * HOUR), 500, "until they end too");
}

static void test_young_and_old(void)
{
	struct suan_inflow d;
	int64_t t;

	memset(&d, 0, sizeof(d));
	suan_inflow_add(&d, 0, 600, HOUR - 1000);
	is_int(suan_inflow_ahead(&d, 1, HOUR), 100, "one job is not the rule");
	for (t = 0; t < 2000; t++)
		suan_inflow_add(&d, t * HOUR, 600, HOUR - 1000);
	for (; t < 4000; t++)
		suan_inflow_add(&d, t * HOUR, 100, HOUR - 1000);
	ok(suan_inflow_ahead(&d, t * HOUR, HOUR) <= 105, "the past is forgotten");
	ok(suan_inflow_ahead(&d, t * HOUR, HOUR) >= 95, "the present is not");
}

static void test_most(void)
{
	struct suan_inflow d;

	memset(&d, 0, sizeof(d));
	for (int i = 0; i < 10; i++)
		suan_inflow_add(&d, i, INT64_MAX / 4, INT64_MAX / 4);
	ok(suan_inflow_good(&d), "sums stay within bounds");
	ok(suan_inflow_ahead(&d, 10, INT64_MAX / 4) > 0, "and so do answers");
}

int main(void)
{
	test_steady();
	test_kinds();
	test_young_and_old();
	test_most();
	return tap_done();
}
