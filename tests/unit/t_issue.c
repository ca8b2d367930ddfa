/* Forecasts in simulations: errors as documented, files, and plans by them. */
#include "lib/sim_kit.h"

#include <math.h>

#include "sim/issue.h"

#define HOUR INT64_C(3600000)
#define DAYS 60

static const char one[] = "network: n\nsites:\n  - {name: a, carbon: c.csv, pools: [{name: p, "
			  "nodes: 1, cores: 4, busy_watt: 1000}]}\n";
static const char job[] = "{\"id\":1,\"submit_s\":0,\"run_s\":3600,\"cores\":1}\n";

static void give(struct sim_kit *g, const char *series, const char *forecasts)
{
	struct suan_signal_want want = {SUAN_SIGNAL_CARBON, 0, false};
	struct suan_sim_site_signals *s;

	g->signals.nsites = g->net.nsites;
	g->signals.count = 1;
	g->signals.sites = s = calloc(g->net.nsites, sizeof(*g->signals.sites));
	must(suan_signal_parse(series, strlen(series), "c", &want, &s->of[SUAN_SIGNAL_CARBON],
			       &g->err),
	     &g->err);
	if (forecasts)
		must(suan_signal_issues_parse(forecasts, strlen(forecasts), "f", &want,
					      &s->issues[SUAN_SIGNAL_CARBON], &g->err),
		     &g->err);
	g->setup.signals = &g->signals;
}

/* 1000 g an hour and hour after hour, so that errors are seen as they are. */
static void level(struct sim_kit *g)
{
	static char text[DAYS * 24 * 32];
	size_t n = 0;

	for (int i = 0; i < DAYS * 24; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%d,%d\n", i * 3600,
				      1000 + i % 2);
	sim_kit_network(g, one, job);
	give(g, text, NULL);
}

struct sums { /* of |error| in thousandths, by lead time in hours */
	double size[7 * 24 + 1], change;
	uint32_t count[7 * 24 + 1], changes, issues;
	int64_t actual;
};

static void add(const struct suan_signal_spec *x, struct sums *to)
{
	double last = 0;

	to->issues++;
	for (uint32_t i = 0; i < x->nsteps; i++) {
		int64_t lead = (x->steps[i].at_ms - x->issued_ms) / HOUR;
		int64_t truth = (1000 + x->steps[i].at_ms / HOUR % 2) * 1000;
		double off = (double)(x->steps[i].value - truth) / (double)truth;

		to->size[lead] += fabs(off);
		to->count[lead]++;
		if (i > 96) {
			to->change += fabs(off - last);
			to->changes++;
		}
		last = off;
	}
}

static void issue_all(struct sim_kit *g, struct sums *ret)
{
	struct suan_sim_issuer *it = NULL;
	struct suan_signal_spec x;

	*ret = (struct sums){0};
	must(suan_sim_issuer_new(&g->setup, 0, 0, &it), &g->err);
	while (suan_sim_issuer_next(it) < (DAYS - 8) * 24 * HOUR) {
		must(suan_sim_issuer_take(it, &x), &g->err);
		if (x.nsteps > 0 && x.issued_ms > 0)
			add(&x, ret);
		else if (x.nsteps > 0)
			ret->actual = x.steps[x.nsteps - 1].at_ms;
	}
	suan_sim_issuer_free(it);
}

static double mean(const struct sums *s, int lead)
{
	return s->size[lead] / s->count[lead];
}

static void test_errors(void)
{
	struct sums a, b;
	struct sim_kit g;

	level(&g);
	ok(!suan_sim_is_issued(&g.setup, 0, SUAN_SIGNAL_CARBON), "without an error it is known");
	g.setup.forecast_error_ppm = 100000;
	g.setup.seed = 7;
	ok(suan_sim_is_issued(&g.setup, 0, SUAN_SIGNAL_CARBON), "with one it is not");
	ok(!suan_sim_is_issued(&g.setup, 0, SUAN_SIGNAL_PRICE), "there is no series of prices");
	issue_all(&g, &a);
	is_int(a.issues, (DAYS - 8) * 4 - 1, "four a day, but for the one at time 0");
	ok(mean(&a, 0) == 0, "what is now is known");
	ok(fabs(mean(&a, 24) - 0.1) < 0.02, "10 %% a day ahead: %f", mean(&a, 24));
	ok(fabs(mean(&a, 6) - 0.05) < 0.01, "half of it at 6 hours: %f", mean(&a, 6));
	ok(fabs(mean(&a, 96) - 0.2) < 0.04, "twice after four days: %f", mean(&a, 96));
	ok(fabs(mean(&a, 160) - 0.2) < 0.04, "and no more: %f", mean(&a, 160));
	ok(a.change / a.changes < 0.6 * mean(&a, 120), "neighbours err alike: %f",
	   a.change / a.changes);
	issue_all(&g, &b);
	ok(memcmp(&a, &b, sizeof(a)) == 0, "the same seed, the same errors");
	g.setup.seed = 8;
	issue_all(&g, &b);
	ok(memcmp(a.size, b.size, sizeof(a.size)) != 0, "another seed, others");
	sim_kit_done(&g);
}

/* The engine's hours begin a second before those of the trace. */
static int64_t nearest_hour(const struct sim_kit *g)
{
	return (g->r.rows[0].start_ms + HOUR / 2) / HOUR;
}

/* The truth is lowest at 9 h; by the forecast of the file it is so at 3 h. */
static void test_file(void)
{
	static const char truth[] = "0,500\n3600,500\n7200,500\n10800,600\n14400,500\n18000,500\n"
				    "21600,500\n25200,500\n28800,500\n32400,100\n36000,500\n"
				    "39600,500\n43200,500\n";
	static const char said[] = "time,value,issued\n0,500,0\n10800,100,0\n14400,500,0\n"
				   "86400,500,0\n0,1,3600\n";
	struct sim_kit g;

	sim_kit_network(&g, one, "{\"id\":1,\"submit_s\":0,\"run_s\":3600,\"cores\":4,"
				 "\"deadline_s\":43200}\n");
	give(&g, truth, NULL);
	g.setup.goal = SUAN_GOAL_GREENEST;
	g.setup.policy.plan_steps = SUAN_PLAN_STEPS;
	g.setup.policy.kind = SUAN_POLICY_SUAN;
	sim_kit_run(&g);
	is_int(nearest_hour(&g), 9, "who knows the truth waits for 9 h");
	sim_kit_done(&g);

	sim_kit_network(&g, one, "{\"id\":1,\"submit_s\":0,\"run_s\":3600,\"cores\":4,"
				 "\"deadline_s\":43200}\n");
	give(&g, truth, said);
	g.setup.goal = SUAN_GOAL_GREENEST;
	g.setup.policy.plan_steps = SUAN_PLAN_STEPS;
	g.setup.policy.kind = SUAN_POLICY_SUAN;
	sim_kit_run(&g);
	is_int(nearest_hour(&g), 3, "by the forecast it is 3 h");
	is_int((g.s.sites[0].carbon + 500) / 1000, 600, "and the truth is counted");
	sim_kit_done(&g);
}

/* Tariffs are told, cost what they say, and of two free places the cheaper one is taken. */
static void test_tariffs(void)
{
	static const char yaml[] =
		"network: n\nsites:\n"
		"  - {name: a, price: {zone: '+00:00', tariff: [{hours: 0-12, "
		"price: 0.8}, {price: 1}]}, "
		"pools: [{name: p, nodes: 1, cores: 4, busy_watt: 1000}]}\n"
		"  - {name: b, price: {zone: '+00:00', tariff: [{hours: 0-12, "
		"price: 0.3}, {price: 1}]}, "
		"pools: [{name: p, nodes: 1, cores: 4, busy_watt: 1000}]}\n";
	struct sim_kit g;

	/* from 11 to 13 h of the epoch's day */
	sim_kit_network(&g, yaml, "{\"id\":1,\"submit_s\":39600,\"run_s\":7200,\"cores\":4}\n");
	must(suan_sim_signals_read(&g.net, "net", &g.signals, &g.err), &g.err);
	must(suan_sim_signals_align(&g.signals, INT64_MIN, 39600000, &g.err), &g.err);
	g.setup.signals = &g.signals;
	g.setup.forecast_error_ppm = 500000;
	ok(!suan_sim_is_issued(&g.setup, 0, SUAN_SIGNAL_PRICE), "a tariff is known beforehand");
	sim_kit_run(&g);
	is_int(g.r.rows[0].pool, 1, "at b");
	is_int(g.s.sites[1].cost, 300000 + 1000000, "an hour before noon, and one after");
	is_int(g.s.sites[0].cost, 0, "a draws nothing");
	sim_kit_done(&g);
}

static void fails(const char *text, const char *why)
{
	struct suan_signal_want want = {SUAN_SIGNAL_CARBON, 0, false};
	struct suan_signal_issues x = {0};
	struct suan_err err = {0};

	is_int(suan_signal_issues_parse(text, strlen(text), "f", &want, &x, &err), SUAN_EINVAL,
	       "refused");
	is_str(err.text, why, "said");
}

static void test_reading(void)
{
	static const char text[] = "# two of them\nvalue,time,issued\n5,3600,0\n6,7200,0\r\n"
				   "7,7200,1970-01-01T01:00:00Z\n8,10800,0\n";
	struct suan_signal_want want = {SUAN_SIGNAL_CARBON, 0, false};
	struct suan_signal_issues x = {0};
	struct suan_err err = {0};

	must(suan_signal_issues_parse(text, strlen(text), "f", &want, &x, &err), &err);
	is_int(x.count, 2, "two issues");
	is_int(x.list[0].issued_ms, 0, "of the epoch");
	is_int((int64_t)x.list[0].signal.series.count, 3, "with three rows");
	is_int(x.list[1].issued_ms, HOUR, "and an hour later");
	is_int(x.list[1].signal.series.steps[0].value, 7000, "with one");
	suan_signal_issues_done(&x);
	must(suan_signal_issues_parse("7200,5\n9000,6\n", 14, "f", &want, &x, &err), &err);
	is_int(x.count, 1, "without that column one");
	is_int(x.list[0].issued_ms, 2 * HOUR, "made when its first value begins");
	suan_signal_issues_done(&x);
	fails("", "f: the file is empty");
	fails("time,issued\n", "f:1: found no column of values; want \"time,value,issued\"");
	fails("time,value,issued\n", "f: there is no row in it");
	fails("time,value,issued\n0,1\n", "f:2: found 2 columns, want at least 3");
	fails("time,value,issued\n0,1,now\n",
	      "f:2: issued: found \"now\", want RFC 3339 with its zone, 2026-11-21T08:00:00Z, or "
	      "seconds");
	fails("time,value,issued\n0,x,0\n",
	      "f (issued 1970-01-01T00:00:00.000Z):2: value: found \"x\", want a number");
}

int main(void)
{
	test_errors();
	test_file();
	test_tariffs();
	test_reading();
	return tap_done();
}
