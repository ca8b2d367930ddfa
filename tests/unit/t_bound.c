/* The bounds of a schedule: exact on small ones, and never above what was done. */
#include "lib/sim_kit.h"

#include "base/rng.h"
#include "engine/signals.h"
#include "sim/feed.h"

struct rig {
	struct sim_kit k;
	struct suan_sim_bounds b;
};

/* Carbon and price of every site are the given series; 1 kW a core, so that core-hours are kWh. */
static void find(struct rig *g, const char *yaml, const char *jobs, const char *const series[])
{
	struct suan_signal_want carbon = {SUAN_SIGNAL_CARBON, 0, false};
	struct suan_signal_want price = {SUAN_SIGNAL_PRICE, 0, false};
	struct sim_kit *k = &g->k;

	sim_kit_network(k, yaml, jobs);
	k->signals.nsites = k->net.nsites;
	k->signals.sites = calloc(k->net.nsites, sizeof(*k->signals.sites));
	for (uint32_t i = 0; series && i < k->net.nsites; i++) {
		struct suan_sim_site_signals *s = &k->signals.sites[i];

		must(suan_signal_parse(series[i], strlen(series[i]), "c", &carbon,
				       &s->of[SUAN_SIGNAL_CARBON], &k->err),
		     &k->err);
		must(suan_signal_parse(series[i], strlen(series[i]), "p", &price,
				       &s->of[SUAN_SIGNAL_PRICE], &k->err),
		     &k->err);
		k->signals.count += 2;
	}
	k->setup.signals = &k->signals;
	sim_kit_run(k);
	must(suan_sim_find_bounds(&k->setup, &k->r, &g->b, &k->err), &k->err);
}

#define POOL "pools: [{name: p, nodes: 1, cores: 2, busy_watt: 2000}]}\n"

static const char two[] =
	"network: n\nsites:\n"
	"  - {name: a, price: 1, carbon: 100, " POOL "  - {name: b, price: 1, carbon: 300, " POOL;

static void bounds_are(const struct suan_sim_bound *b, double cost, double carbon, const char *what)
{
	double c = (double)b->cost / 1e6, k = (double)b->carbon / 1e6;

	ok(c - cost < 1e-5 && cost - c < 1e-5 && k - carbon < 1e-5 && carbon - k < 1e-5,
	   "%s: %f yuan, %f kg", what, c, k);
}

static void test_small(void)
{
	/* yuan or grams by the hour: a 5 1 5 …, b 4 4 2 … */
	static const char *const series[] = {"0,5\n3600,1\n7200,5\n10800,9",
					     "0,4\n7200,2\n10800,9"};
	struct suan_sim_plan plan;
	struct rig g;

	/* one core for an hour, at once, with three hours to do it; the first two cores of a are
	 * taken until 1 h by a job that may not wait */
	find(&g, two,
	     "{\"id\":1,\"submit_s\":0,\"run_s\":3600,\"cores\":2,\"site\":\"a\"}\n"
	     "{\"id\":2,\"submit_s\":0,\"run_s\":3600,\"cores\":1,\"deadline_s\":10800}\n",
	     series);
	is_int(g.k.r.rows[0].pool, 0, "the first runs at a");
	is_int(g.k.r.rows[1].pool, 1, "the other at b");
	is_int(g.b.slot_ms, 3600000, "slots of an hour");
	bounds_are(&g.b.jobs, 2 * 5 + 4, (2 * 5 + 4) / 1000.0, "as they ran");
	/* at the best places: both at b in the first hour, as far as there is room */
	bounds_are(&g.b.places, 2 * 4 + 5, (2 * 4 + 5) / 1000.0, "places");
	bounds_are(&g.b.times, 2 * 5 + 2, (2 * 5 + 2) / 1000.0, "times");
	bounds_are(&g.b.joint, 2 * 4 + 1, (2 * 4 + 1) / 1000.0, "both");
	must(suan_sim_find_plan(&g.k.setup, &g.k.r, SUAN_SIM_CHEAPEST, &plan, &g.k.err), &g.k.err);
	ok(plan.least > 8.999 && plan.least < 9.001 && plan.late_core_h < 1e-9, "its plan: %f yuan",
	   plan.least);
	ok(plan.pools[0].core_h > 0.999 && plan.pools[0].core_h < 1.001 &&
		   plan.pools[0].ran_core_h > 1.999 && plan.pools[1].core_h > 1.999,
	   "one core-hour at a where two ran, two at b");
	ok(plan.pools[1].full_h > 0.999 && plan.pools[1].full_h < 1.001 &&
		   plan.pools[1].worth < 1e-9,
	   "b is full for an hour, and nobody else wants it: full %f, worth %f",
	   plan.pools[1].full_h, plan.pools[1].worth);
	suan_sim_plan_done(&plan);
	sim_kit_done(&g.k);

	find(&g, two, "{\"id\":1,\"submit_s\":0,\"run_s\":1800,\"cores\":2}\n", NULL);
	bounds_are(&g.b.joint, 1, 0.1, "numbers instead of series");
	sim_kit_done(&g.k);

	find(&g,
	     "network: n\nsites:\n  - {name: a, carbon: 100, " POOL
	     "  - {name: b, price: 1, carbon: 300, pools: [{name: p, nodes: 1, cores: 2, "
	     "busy_watt: 2000, price_hour: 6}]}\n",
	     "{\"id\":1,\"submit_s\":0,\"run_s\":1800,\"cores\":2}\n", NULL);
	is_int(g.b.joint.cost, SUAN_SIM_NONE, "a price that is not known: no bound");
	is_int(g.b.joint.carbon, 100000, "of carbon there is one");
	is_int(suan_sim_find_plan(&g.k.setup, &g.k.r, SUAN_SIM_CHEAPEST, &plan, &g.k.err),
	       SUAN_EINVAL, "no plan either");
	is_str(g.k.err.text,
	       "no plan for the least cost: each pool needs a busy_watt, and each site a price",
	       "said");
	sim_kit_done(&g.k);
}

/* With a goal what is possible is measured against the same jobs without one, however they ran. */
static void test_captured(void)
{
	static const char *const series[] = {"0,5\n7200,2\n14400,5", "0,4\n7200,1\n14400,4"};
	static const char jobs[] = "{\"id\":1,\"submit_s\":0,\"run_s\":3600,\"cores\":2}\n"
				   "{\"id\":2,\"submit_s\":0,\"run_s\":3600,\"cores\":2}\n";
	const struct suan_sim_delay six_hours = {INT64_MAX, 6 * 3600000};
	struct sim_kit *k;
	struct rig g;

	find(&g, two, jobs, series);
	k = &g.k;
	bounds_are(&g.b.joint, 18, 0.018, "who may not wait");
	must(suan_sim_capture(&k->setup, &g.b, &k->err), &k->err);
	ok(g.b.captured.cost == SUAN_SIM_NONE && g.b.fastest.cost == SUAN_SIM_NONE,
	   "without a goal nothing is measured");
	k->setup.goal = SUAN_GOAL_CHEAPEST;
	k->setup.delays = &six_hours;
	k->setup.ndelays = 1;
	sim_kit_run(k);
	must(suan_sim_find_bounds(&k->setup, &k->r, &g.b, &k->err), &k->err);
	must(suan_sim_capture(&k->setup, &g.b, &k->err), &k->err);
	bounds_are(&g.b.fastest, 2 * 5 + 2 * 4, 0.018, "fastest: one each, at once");
	bounds_are(&g.b.places, 18, 0.018, "then both places are full");
	bounds_are(&g.b.times, 2 * 2 + 2 * 1, 0.006, "one each, in the third hour");
	bounds_are(&g.b.joint, 2 * 1 + 2 * 1, 0.004, "both at b, one after the other");
	ok(g.b.by_places.cost == 0 && g.b.by_times.cost == 857142 && g.b.by_times.carbon == 857142,
	   "12 of 14 by times alone, nothing by places");
	is_int(g.b.captured.cost, (18000000 - g.b.jobs.cost) / 14, "captured: as it ran");
	ok(g.b.captured.cost > 0, "which is something: %lld", (long long)g.b.captured.cost);
	k->setup.hurry = true;
	sim_kit_run(k);
	must(suan_sim_find_bounds(&k->setup, &k->r, &g.b, &k->err), &k->err);
	bounds_are(&g.b.jobs, 18, 0.018, "in a hurry they go as fastest");
	bounds_are(&g.b.joint, 4, 0.004, "and what they may wait counts for the bound");
	sim_kit_done(k);
}

static void test_random(void)
{
	struct suan_rng rng;
	int above = 0, disorder = 0, strict = 0;

	suan_rng_init(&rng, 5);
	for (int round = 0; round < 60; round++) {
		char text[2][400] = {"", ""}, jobs[4000] = "";
		const char *const series[] = {text[0], text[1]};
		size_t n = 0;
		struct rig g;

		for (int i = 0; i < 2; i++)
			for (int k = 0, at = 0; k < 12; k++)
				at += snprintf(text[i] + at, sizeof(text[i]) - (size_t)at,
					       "%d,%d\n", k * (round % 2 ? 1800 : 3600),
					       (int)suan_rng_between(&rng, 1, 30));
		for (int i = 0, t = 0; i < 20; i++) {
			int run = (int)suan_rng_between(&rng, 1, 7000);
			int slack = (int)suan_rng_between(&rng, 0, 9000);

			t += (int)suan_rng_between(&rng, 0, 1500);
			n += (size_t)snprintf(
				jobs + n, sizeof(jobs) - n,
				"{\"id\":%d,\"submit_s\":%d,\"run_s\":%d,\"cores\":%d%s%.0d}\n",
				i + 1, t, run, (int)suan_rng_between(&rng, 1, 2),
				slack ? ",\"deadline_s\":" : "", slack ? t + run + slack : 0);
		}
		find(&g, two, jobs, series);
		above += g.b.joint.cost > g.b.jobs.cost + 30 ||
			 g.b.joint.carbon > g.b.jobs.carbon + 30;
		disorder += g.b.joint.cost > g.b.times.cost + 3 ||
			    g.b.joint.cost > g.b.places.cost + 3 ||
			    g.b.times.carbon > g.b.jobs.carbon + 30 ||
			    g.b.places.carbon > g.b.jobs.carbon + 30;
		strict += g.b.joint.carbon < g.b.jobs.carbon - 1000;
		sim_kit_done(&g.k);
	}
	is_int(above, 0, "60 random schedules: none is cheaper than its bound");
	is_int(disorder, 0, "less freedom, higher bound");
	ok(strict > 40, "and %d bounds say something", strict);
}

/* What the engine of the simulation is told: from its time 0 on, in its own time. */
static void t_feed(void)
{
	static const char text[] = "time,value\n0,1\n3600,2\n7200,3\n10800,4\n";
	struct suan_signal_want want = {SUAN_SIGNAL_CARBON, 0, false};
	struct suan_signal_spec spec = {0};
	struct suan_err err = {0};
	struct suan_signal g;

	must(suan_signal_parse(text, strlen(text), "c", &want, &g, &err), &err);
	must(suan_sim_feed(&g, -5400000, &spec), &err);
	ok(spec.nsteps == 3 && spec.steps[0].at_ms == 0 && spec.steps[0].value == 2000 &&
		   spec.steps[1].at_ms == 1800000 && spec.steps[2].value == 4000 &&
		   spec.until_ms == 9000000,
	   "what is before the begin is cut off, but for the value that holds there");
	ok(suan_signals_check(&spec, 0, NULL) == SUAN_OK, "and the engine takes it");
	free((void *)(uintptr_t)spec.steps);
	suan_signal_done(&g);
}

int main(void)
{
	test_small();
	test_captured();
	test_random();
	t_feed();
	return tap_done();
}
