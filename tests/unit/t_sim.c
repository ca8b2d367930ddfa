/* The simulator on traces small enough to work out by hand: starts, scores, power, refusals,
 * outages, and what goes wrong. Real logs: t_sim_logs. */
#include "lib/sim_kit.h"

#include "lib/oom.h"

/* "0 100 -1": start seconds of the accepted jobs in order. */
static void starts_are(const struct sim_kit *g, const char *want, const char *what)
{
	struct suan_buf b = {0};

	for (size_t i = 0; i < g->r.nrows; i++) {
		int64_t at = g->r.rows[i].start_ms;

		suan_buf_addf(&b, "%s%lld", i ? " " : "", (long long)(at < 0 ? -1 : at / 1000));
	}
	is_str(suan_buf_str(&b), want, what);
	suan_buf_done(&b);
}

static void spread_is(const struct suan_sim_spread *s, const int64_t want[5], const char *what)
{
	bool good = s->mean == want[0] && s->p50 == want[1] && s->p90 == want[2] &&
		    s->p99 == want[3] && s->max == want[4];

	if (!ok(good, "%s", what))
		printf("# got %lld %lld %lld %lld %lld\n", (long long)s->mean, (long long)s->p50,
		       (long long)s->p90, (long long)s->p99, (long long)s->max);
}

/* SWF: id submit wait run procs cpu mem procs estimate mem status user group app queue part … */
#define SWF(id, submit, run, procs, estimate)                                                      \
#id " " #submit " -1 " #run " " #procs " -1 -1 " #procs " " #estimate                      \
	    " -1 1 1 1 -1 -1 -1 -1 -1\n"

/* 4 cores:  1 takes all from 0 to 100; 2 (2 cores, 20 s) and 3 (2 cores, 5 s) wait for its end. */
static const char three[] = SWF(1, 0, 100, 4, 100) SWF(2, 10, 20, 2, 50) SWF(3, 20, 5, 2, 5);

static void test_scores(void)
{
	struct sim_kit g;

	sim_kit_cores(&g, 4, three);
	sim_kit_run(&g);
	starts_are(&g, "0 100 100", "both start at the end of the first");
	/* waits 0, 90, 80; sorted 0 80 90: p50 = 2nd, p90 = p99 = 3rd */
	spread_is(&g.s.all.wait, (int64_t[]){56666667, 80000000, 90000000, 90000000, 90000000},
		  "waits");
	/* 100/100 = 1, (90 + 20)/20 = 5.5, (80 + 5)/10 = 8.5: mean 5 */
	spread_is(&g.s.all.slowdown, (int64_t[]){5000000, 5500000, 8500000, 8500000, 8500000},
		  "bounded slowdowns");
	/* (400·100 + 40·110 + 10·85) / 450 = 45250/450 */
	is_int(g.s.all.awrt, 100555556, "AWRT");
	is_int(g.s.all.makespan, 120000000, "makespan");
	is_int(g.s.all.utilization, 937500, "utilization: 450/(4·120)");
	is_int(g.s.all.total, 3, "total");
	is_int(g.s.all.completed, 3, "completed");
	is_int(g.s.nsites, 1, "one site");
	is_int(g.s.sites[0].awrt, g.s.all.awrt, "which has the same");
	is_int(g.s.all.energy, SUAN_SIM_NONE, "no watts, no energy");
	is_int(g.s.all.cost, SUAN_SIM_NONE, "no price, no cost");
	is_int(g.s.moved_bytes, 0, "nothing was moved");
	sim_kit_done(&g);
}

static void test_no_wait(void)
{
	struct sim_kit g;

	/* 3 s early in the log: time begins at the first submission. Shorter than 10 s: slowdown 1
	 */
	sim_kit_cores(&g, 4, SWF(1, 7, 3, 1, 3) SWF(2, 8, 3, 1, 3));
	sim_kit_run(&g);
	starts_are(&g, "0 1", "at once");
	spread_is(&g.s.all.slowdown, (int64_t[]){1000000, 1000000, 1000000, 1000000, 1000000},
		  "never below 1");
	is_int(g.s.all.makespan, 4000000, "from the first submission to the last end");
	sim_kit_done(&g);
}

/* 10 cores. 1: 6 cores, ends at 40 though it said 100. 2: all 10, must wait. 3: 4 cores for 90:
 * fits before 100. 4: 4 cores for 200: does not. */
static const char backfill[] =
	SWF(1, 0, 40, 6, 100) SWF(2, 1, 10, 10, 10) SWF(3, 2, 90, 4, 90) SWF(4, 3, 200, 4, 200);

static void test_policies(void)
{
	struct sim_kit g;
	uint64_t easy, engine;

	sim_kit_cores(&g, 10, backfill);
	sim_kit_run(&g);
	starts_are(&g, "0 92 2 102", "easy: 3 goes ahead and 2 pays for it, 4 does not go ahead");
	easy = g.r.schedule_hash;
	engine = g.r.engine_hash;
	sim_kit_run(&g);
	ok(g.r.schedule_hash == easy, "the same schedule again");
	ok(g.r.engine_hash == engine && engine != 0, "and the same engine");
	g.setup.policy.kind = SUAN_POLICY_FCFS;
	sim_kit_run(&g);
	starts_are(&g, "0 40 50 50", "fcfs");
	ok(g.r.schedule_hash != easy, "another schedule, another hash");
	g.setup.policy.kind = SUAN_POLICY_CONSERVATIVE;
	sim_kit_run(&g);
	starts_are(&g, "0 92 2 102", "conservative");
	g.setup.policy.kind = SUAN_POLICY_EASY;
	g.setup.estimates = SUAN_SIM_PERFECT;
	sim_kit_run(&g);
	starts_are(&g, "0 40 50 50", "easy with perfect estimates: 3 would delay 2");
	sim_kit_done(&g);
}

/* 4 cores, one user. 1 and 2 ask for 1000 and take 10. Then 3 (3 cores) runs, 4 wants all and waits
 * for it, 5 (1 core) asks for 100. */
static void test_predicted(void)
{
	struct sim_kit g;

	sim_kit_cores(&g, 4,
		      SWF(1, 0, 10, 1, 1000) SWF(2, 0, 10, 1, 1000) SWF(3, 20, 50, 3, 1000)
			      SWF(4, 21, 10, 4, 1000) SWF(5, 22, 100, 1, 100));
	sim_kit_run(&g);
	starts_are(&g, "0 0 20 122 22", "the estimates leave room before 4");
	g.setup.estimates = SUAN_SIM_PREDICTED;
	sim_kit_run(&g);
	/* 3 is predicted to end at 30: no room before 4, until a wake at 30 finds it still there */
	starts_are(&g, "0 0 20 130 30", "with predictions");
	sim_kit_done(&g);
}

static void test_instant(void)
{
	struct sim_kit g;

	/* At 50: 1 ends, 2 and 3 arrive, one pass. 3 is shorter, but 2 comes first. */
	sim_kit_cores(&g, 2, SWF(1, 0, 50, 2, 60) SWF(2, 50, 10, 2, 10) SWF(3, 50, 1, 2, 1));
	sim_kit_run(&g);
	starts_are(&g, "0 50 60", "ends before arrivals");
	is_int(g.r.passes, 4, "0, 50, 60, 61: one pass each");
	sim_kit_done(&g);
}

/* 200 jobs of one core on 50 cores, all at once: each takes the core that is free first. */
static void test_many(void)
{
	struct suan_buf b = {0};
	int64_t free_at[50] = {0};
	size_t wrong = 0;
	struct sim_kit g;

	for (int i = 0; i < 200; i++)
		suan_buf_addf(&b, "%d 0 -1 %d 1 -1 -1 1 500\n", i + 1, i * 37 % 101 + 1);
	sim_kit_cores(&g, 50, suan_buf_str(&b));
	sim_kit_run(&g);
	for (size_t i = 0; i < 200; i++) {
		size_t first = 0;

		for (size_t k = 1; k < 50; k++)
			if (free_at[k] < free_at[first])
				first = k;
		wrong += g.r.rows[i].start_ms != free_at[first];
		free_at[first] += g.trace.jobs[i].run_ms;
	}
	is_int(wrong, 0, "list scheduling");
	suan_buf_done(&b);
	sim_kit_done(&g);
}

static void test_refusals(void)
{
	struct sim_kit g;

	/* 1, 4, 6 are too large, 8 has no run time; 4 and 6 stand among others of their instant. */
	sim_kit_cores(&g, 4,
		      SWF(1, 100, 10, 5, 10) SWF(2, 200, 10, 1, 10) SWF(3, 300, 10, 1, 10)
			      SWF(4, 300, 10, 9, 10) SWF(5, 300, 10, 1, 10) SWF(6, 300, 10, 9, 10)
				      SWF(7, 300, 10, 1, 10) SWF(8, 400, 0, 1, 10));
	sim_kit_run(&g);
	starts_are(&g, "0 100 100 100", "time begins with the first accepted job");
	is_int(g.s.all.total, 8, "total");
	is_int(g.s.all.rejected, 4, "rejected");
	is_int(g.s.all.completed, 4, "completed");
	is_int(g.r.refused[SUAN_R_TOO_MANY_TASKS], 3, "three are too large");
	is_int(g.r.refused[SUAN_R_NONE], 1, "one is none");
	sim_kit_done(&g);
	sim_kit_cores(&g, 4, SWF(1, 100, 10, 5, 10) SWF(2, 200, 10, 6, 10));
	sim_kit_run(&g);
	is_int(g.s.all.rejected, 2, "all rejected");
	is_int(g.s.all.wait.mean, SUAN_SIM_NONE, "no wait without a job");
	is_int(g.s.all.makespan, SUAN_SIM_NONE, "nor a makespan");
	sim_kit_done(&g);
}

static void test_repeat(void)
{
	struct sim_kit g;

	sim_kit_cores(&g, 4, three);
	g.setup.repeat = 3;
	sim_kit_run(&g);
	/* last submission at 20, so copies begin at 21 and 42, while the first still runs */
	is_int(g.r.nrows, 9, "three times as many");
	is_int(g.r.period_ms, 21000, "a second after the last submission");
	is_int(suan_sim_submit_ms(&g.setup, &g.r, &g.r.rows[8]), 62000, "shifted twice");
	is_int(g.r.rows[8].job, 8, "numbered on");
	is_int(suan_sim_job(&g.setup, &g.r.rows[8])->id, 3, "the same job");
	is_int(g.s.all.completed, 9, "all of them end");
	sim_kit_done(&g);
}

static const char two_sites[] =
	"network: n\n"
	"sites:\n"
	"  - {name: a, hub: h, lon: 1, lat: 1, pue: 1.5, price: 0.5, carbon: 600,\n"
	"     pools: [{name: p, nodes: 2, cores: 4, memory: 8GiB, idle_watt: 100, busy_watt: 500,"
	" price_hour: 2}]}\n"
	"  - {name: b, hub: h, lon: 2, lat: 2, pue: 2.0, price: 0.5, carbon: 600,\n"
	"     pools: [{name: q, nodes: 1, cores: 8, memory: 8GiB, idle_watt: 80, busy_watt: 400,"
	" price_hour: 9}]}\n"
	"links:\n"
	"  - {from: a, to: b, gbit: 10, ms: 1}\n"
	"  - {from: b, to: a, gbit: 10, ms: 1}\n";

static void test_power(void)
{
	struct sim_kit g;
	struct suan_sim_meter *meter = NULL;
	int64_t cost, carbon;

	/* a is cheaper: 1 core of 4 for an hour there. b idles. */
	sim_kit_network(&g, two_sites, SWF(1, 0, 3600, 1, 3600));
	sim_kit_run(&g);
	/* busy: 500 W / 4 · 1 h · 1.5 = 0.1875 kWh; idle: 7 of 8 cores, 175 W · 1.5 = 0.2625 */
	is_int(g.s.sites[0].energy, 450000, "energy of a");
	is_int(g.s.sites[0].idle_energy, 262500, "of that idle");
	is_int(g.s.sites[0].carbon, 270000, "carbon: 0.45 kWh · 600 g");
	/* 0.45 kWh · 0.5 yuan + a quarter of a node for 2 yuan */
	is_int(g.s.sites[0].cost, 725000, "cost");
	is_int(g.s.sites[1].energy, 160000, "b idles: 80 W · 2");
	is_int(g.s.all.energy, 610000, "the sum");
	is_int(g.s.all.cost, 805000, "the sum of costs");
	is_int(suan_sim_meter_new(&g.setup, &meter), SUAN_OK, "a meter");
	suan_sim_footprint(meter, &g.r, &g.r.rows[0], &cost, &carbon);
	suan_sim_meter_free(meter);
	is_int(cost, 593750, "the job's cost: 0.1875 · 0.5 + 0.5");
	is_int(carbon, 112500, "the job's carbon");
	is_int(g.s.sites[0].total, 1, "the job ran at a");
	is_int(g.s.sites[1].total, 0, "none at b");
	is_int(g.s.sites[1].awrt, SUAN_SIM_NONE, "so b has no AWRT");
	is_int(g.s.all.utilization, 62500, "1 of 16 cores");
	is_int(g.s.sites[0].utilization, 125000, "1 of 8 cores there");
	sim_kit_done(&g);
}

static void test_site_outage(void)
{
	struct sim_kit g;

	/* The run at a is lost at 40 and starts again at b. */
	sim_kit_network(&g, two_sites, SWF(1, 0, 100, 8, 100));
	sim_kit_outages(&g, "# lost\n40,site,a,down\n\n 50, site, a, up\n");
	sim_kit_run(&g);
	starts_are(&g, "40", "starts again at once");
	is_int(g.r.rows[0].pool, 1, "at the other site");
	is_int(g.r.restarts, 1, "one restart");
	is_int(g.r.lost_core_ms, 320000, "8 cores for 40 s are lost");
	is_int(g.s.all.completed, 1, "completed");
	is_int(g.s.all.wait.mean, 40000000, "the wait of the run that counts");
	sim_kit_done(&g);
	/* Both down: waits for the first to come back. */
	sim_kit_network(&g, two_sites, SWF(1, 10, 100, 8, 100) SWF(2, 20, 30, 8, 30));
	sim_kit_outages(&g, "0,site,b,down\n0,site,a,drain\n77.5,site,b,up\n");
	sim_kit_run(&g);
	starts_are(&g, "77 177", "from 77.5 s on, one after the other");
	sim_kit_done(&g);
	/* Never back: what waits is unfinished. */
	sim_kit_network(&g, two_sites, SWF(1, 0, 100, 8, 100) SWF(2, 20, 40, 8, 40));
	sim_kit_outages(&g, "50,site,a,down\n50,site,b,down\n");
	sim_kit_run(&g);
	starts_are(&g, "-1 -1", "nothing ends");
	is_int(g.s.all.unfinished, 2, "unfinished");
	is_int(g.s.all.completed, 0, "none completed");
	sim_kit_done(&g);
}

static void test_lost_too_often(void)
{
	struct sim_kit g;

	sim_kit_network(&g, two_sites, SWF(1, 0, 1000, 8, 1000));
	sim_kit_outages(&g, "1,site,b,down\n"
			    "10,site,a,down\n11,site,a,up\n20,site,a,down\n21,site,a,up\n"
			    "30,site,a,down\n31,site,a,up\n40,site,a,down\n41,site,a,up\n"
			    "50,site,a,down\n51,site,a,up\n");
	sim_kit_run(&g);
	is_int(g.s.all.failed, 1, "after five losses the engine gives up");
	is_int(g.s.all.unfinished, 0, "so it is not waiting");
	is_int(g.r.restarts, 5, "five runs");
	sim_kit_done(&g);
}

static void test_link_cut(void)
{
	struct sim_kit g;

	/* Cut from 10 to 60; the run at a ends at 30. */
	sim_kit_network(&g, two_sites,
			SWF(1, 0, 30, 8, 100) SWF(2, 20, 100, 8, 100) SWF(3, 40, 10, 8, 10));
	sim_kit_outages(&g, "10,link,b:a,down\n60,link,a:b,up\n");
	sim_kit_run(&g);
	/* both sites hang on this one link: b is cut off as well */
	starts_are(&g, "0 60 60", "nothing starts beyond a cut");
	is_int(g.s.all.completed, 3, "all end");
	is_int(g.r.restarts, 0, "no run is lost");
	spread_is(&g.s.all.wait, (int64_t[]){20000000, 20000000, 40000000, 40000000, 40000000},
		  "waits 0, 40, 20");
	sim_kit_done(&g);
	/* Opening a site does not mend its link. */
	sim_kit_network(&g, two_sites, SWF(1, 20, 30, 8, 100));
	sim_kit_outages(&g, "0,link,b:a,down\n5,site,a,drain\n10,site,a,up\n60,link,a:b,up\n");
	sim_kit_run(&g);
	starts_are(&g, "60", "up, but cut off");
	is_int(g.r.zero_ms, 20000, "by the time of the first submission");
	sim_kit_done(&g);
	/* Nor does mending its link open a site. */
	sim_kit_network(&g, two_sites, SWF(1, 20, 30, 8, 100));
	sim_kit_outages(&g, "0,site,a,down\n0,site,b,drain\n5,link,b:a,down\n10,link,a:b,up\n"
			    "70,site,b,up\n");
	sim_kit_run(&g);
	starts_are(&g, "70", "linked, but closed");
	sim_kit_done(&g);
	/* Never mended: the run did end. */
	sim_kit_network(&g, two_sites, SWF(1, 0, 30, 8, 100) SWF(2, 20, 100, 8, 100));
	sim_kit_outages(&g, "10,link,a:b,down\n");
	sim_kit_run(&g);
	is_int(g.s.all.completed, 1, "ended behind the cut");
	is_int(g.s.all.unfinished, 1, "the other waits for ever");
	sim_kit_done(&g);
}

static void test_pool_outage(void)
{
	struct sim_kit g;

	sim_kit_network(&g, two_sites,
			SWF(1, 0, 40, 4, 40) SWF(2, 1, 10, 4, 10) SWF(3, 2, 20, 4, 20));
	sim_kit_outages(&g, "0,pool,b/q,0\n0,pool,a/p,1\n50,pool,a/p,2\n");
	sim_kit_run(&g);
	starts_are(&g, "0 40 50", "one node of four cores until 50, then two");
	sim_kit_done(&g);
}

static void outage_fails(const char *text, const char *want)
{
	struct suan_sim_outages o = {0};
	struct suan_err err = {0};
	struct suan_buf b = {0};
	struct sim_kit g;

	sim_kit_network(&g, two_sites, three);
	suan_buf_adds(&b, text);
	ok(suan_sim_outages_parse(&b, "f.csv", &g.net, &o, &err) == SUAN_EINVAL, "refused: %s",
	   want);
	is_str(err.text, want, "the words");
	suan_buf_done(&b);
	sim_kit_done(&g);
}

static void test_outage_errors(void)
{
	outage_fails("1,site,a\n",
		     "f.csv:1: found \"1,site,a\", want four fields: seconds, site or "
		     "link or pool, name, state");
	outage_fails("\n-1,site,a,up", "f.csv:2: found \"-1\", want seconds since the first "
				       "submission, from 0");
	outage_fails("1,site,c,up\n", "f.csv:1: found \"c\", want the name of a site");
	outage_fails("1,site,a,off\n", "f.csv:1: found \"off\", want down, up or drain");
	outage_fails("1,link,a:c,up\n",
		     "f.csv:1: found \"a:c\", want a link of the network as FROM:TO");
	outage_fails("1,link,a:b,drain\n", "f.csv:1: found \"drain\", want down or up");
	outage_fails("1,pool,a/q,1\n",
		     "f.csv:1: found \"a/q\", want a pool of the network as SITE/POOL");
	outage_fails("1,pool,a/p,3\n", "f.csv:1: found \"3\", want the number of nodes that can be "
				       "used, not more than the pool has");
	outage_fails("1,rack,a,up\n", "f.csv:1: found \"rack\", want site, link or pool");
}

static const char over_links[] = "network: n\n"
				 "sites:\n"
				 "  - name: a\n"
				 "    pools: [{name: p, nodes: 1, cores: 4}]\n"
				 "  - name: b\n"
				 "    pools: [{name: p, nodes: 1, cores: 4}]\n"
				 "links:\n"
				 "  - {from: a, to: b, gbit: 1}\n";

static void with_data(struct sim_kit *g, struct suan_sim_data *d, const char *text)
{
	struct suan_buf b = {0};

	suan_buf_adds(&b, text);
	must(suan_sim_data_parse(&b, "data", &g->net, d, &g->err), &g->err);
	suan_buf_done(&b);
	g->setup.data = d;
}

/* Four jobs of all cores, 100 s each, that read 12.5 GB: a second node that is 100 s away is worth
 * nothing to the second job, and to the third once the data are there. */
static void test_data(void)
{
	static const char readers[] =
		"{\"submit_s\":0,\"run_s\":100,\"cores\":4,\"inputs\":[{\"data\":\"d\"}]}\n"
		"{\"submit_s\":0,\"run_s\":100,\"cores\":4,\"inputs\":[{\"data\":\"d\"}]}\n"
		"{\"submit_s\":0,\"run_s\":100,\"cores\":4,\"inputs\":[{\"data\":\"d\"}]}\n"
		"{\"submit_s\":0,\"run_s\":100,\"cores\":4,\"inputs\":[{\"data\":\"d\"}]}\n"
		"{\"submit_s\":0,\"run_s\":100,\"cores\":4,\"inputs\":[{\"data\":\"e\"}]}\n";
	struct suan_sim_data d = {0};
	struct sim_kit g;

	sim_kit_network(&g, over_links, readers);
	with_data(&g, &d, "# what, where, how large\n d , a , 12.5GB\n\n");
	g.setup.policy.kind = SUAN_POLICY_EASY;
	sim_kit_run(&g);
	is_int((int64_t)g.r.rejected, 1, "nobody knows what e is");
	starts_are(&g, "0 100 100 200", "the data are at both after the 100 s that they take");
	is_int(g.s.moved_bytes, 12500000000, "and moved once");
	suan_sim_data_done(&d);
	with_data(&g, &d, "d,b,1\n");
	sim_kit_run(&g);
	starts_are(&g, "0 100 200 300", "there is no way from b to a");
	is_int(g.s.moved_bytes, 0, "so nothing moves");
	suan_sim_data_done(&d);
	sim_kit_done(&g);
}

static void data_fails(const char *text, const char *want)
{
	struct suan_sim_data d = {0};
	struct suan_err err = {0};
	struct suan_buf b = {0};
	struct sim_kit g;

	sim_kit_network(&g, over_links, three);
	suan_buf_adds(&b, text);
	ok(suan_sim_data_parse(&b, "d.csv", &g.net, &d, &err) == SUAN_EINVAL, "refused: %s", want);
	is_str(err.text, want, "the words");
	suan_buf_done(&b);
	sim_kit_done(&g);
}

static void test_data_errors(void)
{
	data_fails("d,a\n", "d.csv:1: found \"d,a\", want three fields: name, site, size");
	data_fails("\nd,c,1\n", "d.csv:2: found \"c\", want the name of a site");
	data_fails(",a,1\n", "d.csv:1: found \"\", want the name of a data set");
	data_fails("d,a,much", "d.csv:1: found \"much\", want a size, such as 4096 or 10GiB");
}

static void test_deadlines(void)
{
	struct sim_kit g;

	sim_kit_cores(&g, 1,
		      "{\"id\":1,\"submit_s\":5,\"run_s\":10,\"deadline_s\":15}\n"
		      "{\"id\":2,\"submit_s\":6,\"run_s\":10,\"deadline_s\":24}\n"
		      "{\"id\":3,\"submit_s\":7,\"run_s\":1,\"inputs\":[{\"data\":\"d\"}]}\n");
	sim_kit_run(&g);
	starts_are(&g, "0 10 20", "in order");
	is_int(g.s.all.deadlines_met, 1, "the first ends at 15 of the trace");
	is_int(g.s.all.deadlines_missed, 1, "the second at 25");
	is_int(g.s.moved_bytes, SUAN_SIM_NONE, "nobody said what the inputs are");
	sim_kit_done(&g);
}

/* Who submits at a site, and who runs there, are two things. */
static void test_own(void)
{
	struct sim_kit g;

	/* a is cheaper, so the first goes there; the second, of 8 cores, to b; the third waits. */
	sim_kit_network(&g, two_sites,
			"{\"id\":1,\"submit_s\":0,\"run_s\":100,\"tasks\":8,\"site\":\"b\"}\n"
			"{\"id\":2,\"submit_s\":0,\"run_s\":40,\"tasks\":8,\"site\":\"a\"}\n"
			"{\"id\":3,\"submit_s\":10,\"run_s\":20,\"tasks\":8,\"site\":\"a\"}\n"
			"{\"id\":4,\"submit_s\":10,\"run_s\":20,\"tasks\":1}\n");
	sim_kit_run(&g);
	starts_are(&g, "0 0 40 60", "starts");
	is_int(g.s.sites[0].total, 1, "one ran at a");
	is_int(g.s.sites[0].own_jobs, 2, "two were submitted there");
	is_int(g.s.sites[0].own_wait, 15000000, "they waited 0 and 30");
	is_int(g.s.sites[0].own_slowdown, 1750000, "slowdowns 1 and 50/20");
	/* (320·40 + 160·50) / 480 */
	is_int(g.s.sites[0].own_awrt, 43333333, "AWRT");
	is_int(g.s.sites[1].own_jobs, 1, "one at b");
	is_int(g.s.sites[1].own_awrt, 100000000, "which took 100");
	sim_kit_done(&g);
}

static void test_cut(void)
{
	struct sim_kit g;

	sim_kit_cores(&g, 4, three);
	suan_sim_cut(&g.trace, 10000, 20000, UINT64_MAX);
	is_int(g.trace.njobs, 1, "one in the window");
	is_int(g.trace.jobs[0].id, 2, "the second");
	sim_kit_done(&g);
	sim_kit_cores(&g, 4, three);
	suan_sim_cut(&g.trace, 0, INT64_MAX, 2);
	is_int(g.trace.njobs, 2, "the first two");
	suan_sim_cut(&g.trace, 50000, INT64_MAX, 2);
	is_int(g.trace.njobs, 0, "none");
	ok(suan_sim_run(&g.setup, &g.r, &g.err) == SUAN_EINVAL, "nothing to simulate");
	sim_kit_done(&g);
	memset(&g, 0, sizeof(g));
	ok(suan_sim_one_machine(&g.arena, 0, &g.net, &g.err) == SUAN_EINVAL, "no cores");
	ok(suan_sim_one_machine(&g.arena, UINT32_MAX, &g.net, &g.err) == SUAN_EINVAL,
	   "too many cores");
}

static bool stop(void *ctx, uint64_t over, uint64_t all)
{
	uint64_t *seen = ctx;

	seen[0] = over;
	seen[1] = all;
	return false;
}

static void test_tick(void)
{
	uint64_t seen[2] = {0};
	struct sim_kit g;

	sim_kit_cores(&g, 4, three);
	g.setup.repeat = 2000;
	g.setup.tick = stop;
	g.setup.ctx = seen;
	must(suan_sim_run(&g.setup, &g.r, &g.err), &g.err);
	ok(g.r.stopped, "stopped");
	is_int(seen[1], 6000, "told how many there are");
	ok(seen[0] > 0 && seen[0] < 6000, "and how many are over");
	sim_kit_done(&g);
}

static bool to_buf(void *ctx, const char *bytes, size_t n)
{
	return suan_buf_add(ctx, bytes, n);
}

static void test_output(void)
{
	struct suan_sim_outcome o = {.policy = "easy"};
	struct suan_buf b = {0};
	struct sim_kit g;

	sim_kit_network(&g, two_sites, SWF(11, 0, 3600, 1, 3600) SWF(12, 1, 10, 9, 10));
	sim_kit_run(&g);
	o.setup = &g.setup;
	o.result = &g.r;
	o.scores = &g.s;
	ok(suan_sim_print_schedule(&o, to_buf, &b), "printed");
	is_str(suan_buf_str(&b),
	       "job,site,pool,submit,start,end,cores,cost,carbon\n"
	       "11,a,p,0,0,3600,1,0.593750,0.112500\n",
	       "schedule.csv");
	suan_buf_reset(&b);
	g.s.nsites = 1;
	g.r.schedule_hash = 0xabc;
	suan_sim_print_json(&o, &b);
	is_str(suan_buf_str(&b),
	       "{\"policy\":\"easy\","
	       "\"jobs\":{\"total\":2,\"completed\":1,\"rejected\":1,\"failed\":0,"
	       "\"unfinished\":0},\"cores\":16,\"makespan_s\":3600,\"utilization\":0.0625,"
	       "\"wait_s\":{\"mean\":0,\"p50\":0,\"p90\":0,\"p99\":0,\"max\":0},"
	       "\"bounded_slowdown\":{\"mean\":1,\"p50\":1,\"p90\":1,\"p99\":1,\"max\":1},"
	       "\"awrt_s\":3600,\"deadlines\":{\"met\":0,\"missed\":0},\"energy_kwh\":0.61,"
	       "\"carbon_kg\":{\"location\":0.366,\"market\":null},\"cost_yuan\":0.805,"
	       "\"moved_bytes\":0,\"idle\":{\"energy_kwh\":0.4225,\"carbon_kg\":0.2535,"
	       "\"cost_yuan\":0.21125},\"sites\":[{\"name\":\"a\","
	       "\"jobs\":{\"total\":1,\"completed\":1,\"rejected\":0,\"failed\":0,"
	       "\"unfinished\":0},\"cores\":8,\"makespan_s\":3600,\"utilization\":0.125,"
	       "\"wait_s\":{\"mean\":0,\"p50\":0,\"p90\":0,\"p99\":0,\"max\":0},"
	       "\"bounded_slowdown\":{\"mean\":1,\"p50\":1,\"p90\":1,\"p99\":1,\"max\":1},"
	       "\"awrt_s\":3600,\"deadlines\":{\"met\":0,\"missed\":0},\"energy_kwh\":0.45,"
	       "\"carbon_kg\":{\"location\":0.27,\"market\":null},\"cost_yuan\":0.725,"
	       "\"moved_bytes\":0,\"idle\":{\"energy_kwh\":0.2625,\"carbon_kg\":0.1575,"
	       "\"cost_yuan\":0.13125},\"submitted_here\":{\"jobs\":0,\"wait_s\":null,"
	       "\"bounded_slowdown\":null,\"awrt_s\":null}}],\"forecast\":{\"jobs\":0,"
	       "\"started_by\":{\"p50\":null,\"p90\":null,\"p99\":null},\"p50_to_p90_s\":null,"
	       "\"loss_s\":{\"p50\":null,\"p90\":null,\"p99\":null},"
	       "\"plan_loss_s\":{\"p50\":null,\"p90\":null,\"p99\":null},\"at_once\":1,"
	       "\"started_by_with_at_once\":{\"p50\":1,\"p90\":1,\"p99\":1},"
	       "\"worst_class\":null,\"classes\":[]},\"rejected_because\":{\"too-many-"
	       "tasks\":1},"
	       "\"restarts\":0,\"lost_core_s\":0,\"schedule_hash\":\"0000000000000abc\","
	       "\"perf\":{\"wall_s\":0,\"jobs_per_s\":0,\"peak_rss_bytes\":0,\"read_s\":0,"
	       "\"simulate_s\":0,\"simulate_jobs_per_s\":0,\"bytes_per_job\":0,\"events\":8,"
	       "\"passes\":3}}",
	       "JSON");
	suan_buf_done(&b);
	sim_kit_done(&g);
}

static void test_table(void)
{
	struct suan_sim_outcome o[2] = {{.policy = "easy"}, {.policy = "fcfs"}};
	struct suan_buf b = {0};
	struct sim_kit g;

	sim_kit_cores(&g, 4, three);
	sim_kit_run(&g);
	o[0].setup = o[1].setup = &g.setup;
	o[0].result = o[1].result = &g.r;
	o[0].scores = o[1].scores = &g.s;
	suan_sim_print_table(o, 2, &b);
	is_str(suan_buf_str(&b),
	       "policy                             easy           fcfs\n"
	       "jobs                                  3              3\n"
	       "  completed                           3              3\n"
	       "makespan s                          120            120\n"
	       "utilization                      0.9375         0.9375\n"
	       "wait s, mean                     56.667         56.667\n"
	       "  p50                                80             80\n"
	       "  p90                                90             90\n"
	       "  p99                                90             90\n"
	       "  max                                90             90\n"
	       "bounded slowdown, mean           5.0000         5.0000\n"
	       "  p50                            5.5000         5.5000\n"
	       "  p90                            8.5000         8.5000\n"
	       "  p99                            8.5000         8.5000\n"
	       "  max                            8.5000         8.5000\n"
	       "AWRT s                          100.556        100.556\n"
	       "started by its p50, %             50.00          50.00\n"
	       "  p90, %                         100.00         100.00\n"
	       "  p99, %                         100.00         100.00\n"
	       "  worst class, points                 -              -\n"
	       "simulated jobs/s                      0              0\n",
	       "the table");
	suan_buf_done(&b);
	sim_kit_done(&g);
}

/* ---- reservations ---- */

static void with_reservations(struct sim_kit *g, struct suan_sim_reserves *ret, const char *yaml)
{
	struct suan_sim_times times = {INT64_MIN, g->trace.jobs[0].submit_ms};
	struct suan_buf b = {0};

	suan_buf_adds(&b, yaml);
	must(suan_sim_reserves_parse(&b, "r.yaml", &times, &g->arena, ret, &g->err), &g->err);
	suan_buf_done(&b);
	g->setup.commands = ret->list;
	g->setup.ncommands = ret->count;
}

static const char kept_yaml[] =
	"reservations:\n"
	"  - {name: late, site: a, pool: p, nodes: 1, from: 400, to: 410, made: 300, owner: u1}\n"
	"  - {name: class, site: a, pool: p, nodes: 1, from: 100, duration_s: 100, users: [u1]}\n"
	"  - {site: b, maintenance: true, from: 50, to: 70}\n"
	"  - {name: much, site: a, nodes: 9, from: 100, to: 200}\n";

/* Site a has two nodes of 4 cores, b one. The trace begins at 5 s, and so does the simulation. */
static const char kept_trace[] =
	"{\"id\":1,\"submit_s\":5,\"run_s\":30,\"cores\":4,\"user\":\"u1\","
	"\"reservation\":\"class\"}\n"
	"{\"id\":2,\"submit_s\":6,\"run_s\":20,\"cores\":4,\"user\":\"u2\","
	"\"reservation\":\"class\"}\n"
	"{\"id\":3,\"submit_s\":7,\"run_s\":80,\"estimate_s\":100,\"cores\":4,\"tasks\":3,"
	"\"user\":\"u2\"}\n"
	"{\"id\":4,\"submit_s\":8,\"run_s\":20,\"estimate_s\":50,\"cores\":4,\"tasks\":2,"
	"\"user\":\"u2\"}\n"
	"{\"id\":5,\"submit_s\":9,\"run_s\":20,\"cores\":4,\"user\":\"u1\","
	"\"reservation\":\"late\"}\n";

static const char kept_sites[] =
	"network: n\nsites:\n  - {name: a, pools: [{name: p, nodes: 2, cores: 4}]}\n"
	"  - {name: b, pools: [{name: p, nodes: 1, cores: 4}]}\n";

static const struct suan_sim_reservation *kept_as(const struct sim_kit *g, const char *name)
{
	for (uint32_t i = 0; i < g->r.nreservations; i++)
		if (strcmp(g->r.reservations[i].spec->name, name) == 0)
			return &g->r.reservations[i];
	printf("Bail out! no reservation %s\n", name);
	exit(1);
}

static void test_reservations(void)
{
	struct suan_sim_reserves all = {0};
	struct suan_sim_outcome o = {.policy = "easy"};
	const struct suan_sim_reservation *x;
	struct suan_buf out = {0};
	struct sim_kit g;

	sim_kit_network(&g, kept_sites, kept_trace);
	sim_kit_run(&g);
	is_int((int64_t)g.r.rejected, 1, "without a file no job needs one; one is too wide");
	with_reservations(&g, &all, kept_yaml);
	is_int(all.list[3].at_ms, 300000, "by the time that they are made");
	sim_kit_run(&g);
	is_int((int64_t)g.r.rejected, 3, "of another user, too wide, and not made yet");
	is_int((int64_t)g.r.refused[SUAN_R_RESERVATION_USER], 1, "of another user");
	starts_are(&g, "95 3", "one waits for its time, the other is over before");
	x = kept_as(&g, "class");
	ok(x->made && !x->broken && x->nodes == 1 && x->cores == 4 && x->site == 0 && x->pool == 0,
	   "a node is kept");
	ok(x->from_ms == 95000 && x->to_ms == 195000, "by the simulation's zero");
	ok(x->jobs == 1 && x->used_core_ms == 120000, "used by one job");
	x = kept_as(&g, "much");
	ok(!x->made && x->site == SUAN_NO_POOL && strstr(x->refused, "too-many-nodes"),
	   "refused: %s", x->refused);
	x = kept_as(&g, "");
	ok(x->made && x->spec->maintenance && x->site == 1 && !x->broken, "maintenance");
	ok(kept_as(&g, "late")->from_ms == 395000, "the last one");

	sim_kit_outages(&g, "120,pool,a/p,0\n130,pool,a/p,2\n396,pool,b/p,0\n");
	sim_kit_run(&g);
	ok(kept_as(&g, "class")->broken && !kept_as(&g, "late")->broken,
	   "broken when its node was away in its time");
	o.setup = &g.setup;
	o.result = &g.r;
	o.scores = &g.s;
	suan_sim_print_reservations(&o, &out);
	ok(strstr(suan_buf_str(&out), "BROKEN") && strstr(suan_buf_str(&out), "(maintenance)") &&
		   strstr(suan_buf_str(&out), "too-many-nodes"),
	   "a table");
	suan_buf_reset(&out);
	suan_sim_print_json(&o, &out);
	ok(strstr(suan_buf_str(&out), "\"name\":\"class\",\"result\":\"broken\"") &&
		   strstr(suan_buf_str(&out), "\"used_core_hours\":0.033333"),
	   "in JSON");
	suan_buf_done(&out);
	sim_kit_done(&g);
}

static void refused_file(const char *yaml, int64_t start_ms, const char *want)
{
	struct suan_sim_times times = {start_ms, 0};
	struct suan_sim_reserves all = {0};
	struct suan_arena arena;
	struct suan_err err = {0};
	struct suan_buf b = {0};
	enum suan_code rc;

	suan_arena_init(&arena, 0);
	suan_buf_adds(&b, yaml);
	rc = suan_sim_reserves_parse(&b, "r.yaml", &times, &arena, &all, &err);
	if (want)
		ok(rc == SUAN_EINVAL && strstr(err.text, want) && strstr(err.text, "r.yaml"),
		   "refused: %s", err.text);
	else
		ok(rc == SUAN_OK && all.count == 1 && all.list[0].reserve->from_ms == 60000,
		   "a date less the start: %s", err.text);
	suan_buf_done(&b);
	suan_arena_done(&arena);
}

static void test_reservation_files(void)
{
	refused_file("reservations: [{site: a, nodes: 1}]", INT64_MIN, "to");
	refused_file("reservations: [{site: a, to: 9}]", INT64_MIN, "how much");
	refused_file("reservations: [{site: a, node: 1, to: 9}]", INT64_MIN, "unknown field");
	refused_file("reserve: []", INT64_MIN, "expected reservations");
	refused_file("reservations:\n  - {site: a, made: soon, to: 9}\n", INT64_MIN, "r.yaml:2");
	refused_file("- a\n", INT64_MIN, "");
	refused_file("reservations: [{nodes: 1, from: \"2026-11-01T00:01:00Z\", to: 90}]",
		     INT64_C(1793491200000), NULL);
}

/* The n-th allocation fails: ENOMEM, nothing leaks, and nothing else comes of it. */
static void test_oom(void)
{
	struct suan_sim_reserves all = {0};
	unsigned failures = 0;
	bool good = true;
	struct sim_kit g;

	sim_kit_network(&g, two_sites,
			SWF(1, 0, 30, 8, 100) SWF(2, 20, 100, 8, 100) SWF(3, 20, 9, 9, 9));
	sim_kit_outages(&g, "10,link,b:a,down\n60,link,a:b,up\n70,site,a,down\n80,site,a,up\n");
	with_reservations(&g, &all,
			  "reservations: [{site: a, maintenance: true, from: 500, to: 600}]\n");
	for (unsigned n = 1; oom_next(n); n++) {
		enum suan_code rc;
		bool hit;

		memset(&g.err, 0, sizeof(g.err));
		oom_arm(n);
		rc = suan_sim_run(&g.setup, &g.r, &g.err);
		if (rc == SUAN_OK)
			rc = suan_sim_score(&g.setup, &g.r, &g.s, &g.err);
		hit = oom_disarm();
		failures += hit;
		/* the engine may do without some of its memory */
		good &= rc == SUAN_OK || (hit && rc == SUAN_ENOMEM && g.err.code == SUAN_ENOMEM);
		suan_sim_result_done(&g.r);
		suan_sim_scores_done(&g.s);
	}
	ok(good && (failures > 20 || !oom_works()), "out of memory at any of %u places", failures);
	sim_kit_done(&g);
}

/* 2 cores. Job 0: an array of three elements of 10, 20 and 5 s, one at a time, the second of which
 * fails; job 3 needs that failure; job 4 needs that it did not happen; job 5 has a higher priority
 * than 0 but begins at 12 s; job 6 needs more than there is, and job 7 depends on it. */
static void test_more(void)
{
	static const struct suan_range three_of = {
		.nruns = 1, .count = 3, .cap = 1, .runs = {{2, 6, 2}}};
	static const struct suan_dep failed = {SUAN_AFTERNOTOK, 0}, went_well = {SUAN_AFTEROK, 0},
				     refused = {SUAN_AFTERANY, 6};
	struct suan_job_spec spec[8];
	struct suan_sim_more more[8];
	struct suan_buf csv = {0};
	struct suan_sim_outcome o = {.policy = "easy"};
	struct sim_kit g;

	sim_kit_network(
		&g,
		"network: n\nsites: [{name: s, hub: h, pools: [{name: p, nodes: 1, cores: 2}]}]",
		"{\"submit_s\":3,\"run_s\":10}\n{\"submit_s\":3,\"run_s\":20}\n"
		"{\"submit_s\":3,\"run_s\":5}\n{\"submit_s\":4,\"run_s\":1}\n"
		"{\"submit_s\":4,\"run_s\":1}\n{\"submit_s\":5,\"run_s\":2}\n"
		"{\"submit_s\":6,\"run_s\":2}\n{\"submit_s\":7,\"run_s\":2}\n");
	for (int i = 0; i < 8; i++) {
		spec[i] = (struct suan_job_spec){.name = "",
						 .user = "",
						 .account = "",
						 .qos = "",
						 .gpu = "",
						 .req = {.tasks = 1, .cores = 2}};
		more[i] = (struct suan_sim_more){.spec = &spec[i < 3 ? 0 : i],
						 .elements = i < 3 ? 3 : 1,
						 .pos = i < 3 ? (uint32_t)i : 0,
						 .outcome = SUAN_OUT_EXITED};
	}
	spec[0].array = &three_of;
	more[1].exit_code = 1;
	spec[3].deps = (struct suan_dep *)(uintptr_t)&failed;
	spec[4].deps = (struct suan_dep *)(uintptr_t)&went_well;
	spec[7].deps = (struct suan_dep *)(uintptr_t)&refused;
	spec[3].ndeps = spec[4].ndeps = spec[7].ndeps = 1;
	spec[5].priority = 1;
	spec[5].begin_ms = 12000;
	spec[6].req.cores = 3;
	g.setup.more = more;
	sim_kit_run(&g);
	/* times are those of the trace */
	starts_are(&g, "3 15 35 40 -1 13", "arrays, dependencies, priority, begin");
	ok(g.r.zero_ms == 0 && g.r.completed == 5 && g.r.unfinished == 1 && g.r.rejected == 2,
	   "%llu completed, %llu unfinished, %llu rejected", (unsigned long long)g.r.completed,
	   (unsigned long long)g.r.unfinished, (unsigned long long)g.r.rejected);
	is_int(g.r.refused[SUAN_R_BAD_DEPENDENCY], 1, "what depends on a refused job is refused");
	o.setup = &g.setup;
	o.result = &g.r;
	ok(suan_sim_print_schedule(&o, to_buf, &csv) &&
		   strstr(suan_buf_str(&csv), "\n2_4,s,p,3,15,35,1,,\n"),
	   "elements have their index in the schedule");
	g.setup.estimates = SUAN_SIM_PERFECT;
	sim_kit_run(&g);
	starts_are(&g, "3 15 35 40 -1 13", "also with perfect estimates");
	suan_buf_done(&csv);
	sim_kit_done(&g);
}

/* Runs of low are stopped for jobs of high: 10 s of grace, 60 s to run first. */
static void with_classes(struct sim_kit *g, bool cancels)
{
	static const char *low[] = {"low"};
	static struct suan_qos_spec qos[2];
	static struct suan_accounts all = {
		.qos = qos, .nqos = 2, .default_account = "", .default_qos = ""};

	qos[0] = (struct suan_qos_spec){
		.name = "low", .preemptable = true, .preempt_cancels = cancels};
	qos[1] = (struct suan_qos_spec){.name = "high", .priority = 1000};
	qos[1].preempts = (struct suan_names){low, 1};
	g->setup.accounts = &all;
	g->setup.policy.kind = SUAN_POLICY_SUAN;
	g->setup.policy.preemption = (struct suan_preemption){60000, 10000, 0};
}

#define JOB(id, submit, run, qos, more)                                                            \
	"{\"id\":" #id ",\"submit_s\":" #submit ",\"run_s\":" #run ",\"cores\":8,"                 \
	"\"qos\":\"" qos "\"" more "}\n"
#define LOW(id, more)	      JOB(id, 0, 1000, "low", more)
#define HIGH(id, submit, run) JOB(id, submit, run, "high", "")

static void test_preemption(void)
{
	struct sim_kit g;

	/* Stopped at 100, over at 110; the other runs until 160, then it begins anew. */
	sim_kit_cores(&g, 8, LOW(1, "") HIGH(2, 100, 50));
	sim_kit_run(&g);
	starts_are(&g, "0 1000", "without classes nobody is stopped");
	with_classes(&g, false);
	sim_kit_run(&g);
	starts_are(&g, "160 110", "with them the other has room after the grace");
	is_int(g.r.preempted, 1, "one run");
	is_int(g.r.preempted_core_ms, 880000, "8 cores for 110 s are lost");
	is_int(g.s.all.makespan, 1160000000, "all is over at 1160 s");
	is_int(g.s.all.completed, 2, "both are done");
	is_int(g.r.restarts, 0, "that is no outage");
	sim_kit_done(&g);

	/* What is checkpointable has 890 s left then, and needs 5 s to begin again. */
	sim_kit_cores(&g, 8, LOW(1, ",\"checkpointable\":true") HIGH(2, 100, 50));
	with_classes(&g, false);
	g.setup.checkpoint_ms = 5000;
	sim_kit_run(&g);
	starts_are(&g, "55 110", "its end less its run time");
	is_int(g.s.all.makespan, 1055000000, "over at 160 + 890 + 5 s");
	is_int(g.r.preempted_core_ms, 0, "nothing is lost");
	sim_kit_done(&g);

	/* Twice: the 5 s of the first return are lost at the second stop. */
	sim_kit_cores(&g, 8, LOW(1, ",\"checkpointable\":true") HIGH(2, 100, 50) HIGH(3, 260, 40));
	with_classes(&g, false);
	g.setup.checkpoint_ms = 5000;
	sim_kit_run(&g);
	is_int(g.r.preempted, 2, "two runs");
	is_int(g.r.preempted_core_ms, 40000, "8 cores for 5 s");
	/* 110 s until 110, 105 s until 270, so 785 + 5 from 310 on */
	is_int(g.s.all.makespan, 1100000000, "over at 1100 s");
	sim_kit_done(&g);

	/* It gets its minute first; a stop that comes too late is none. */
	sim_kit_cores(&g, 8, LOW(1, "") HIGH(2, 20, 50));
	with_classes(&g, false);
	sim_kit_run(&g);
	starts_are(&g, "120 70", "stopped at 60");
	sim_kit_done(&g);
	sim_kit_cores(&g, 8, LOW(1, "") HIGH(2, 992, 50));
	with_classes(&g, false);
	sim_kit_run(&g);
	starts_are(&g, "0 1000", "what ends within the grace is left alone");
	is_int(g.r.preempted, 0, "none");
	sim_kit_done(&g);

	/* A class that does not come back. */
	sim_kit_cores(&g, 8, LOW(1, "") HIGH(2, 100, 50));
	with_classes(&g, true);
	sim_kit_run(&g);
	starts_are(&g, "-1 110", "it is over");
	is_int(g.r.failed, 1, "and did not complete");
	is_int(g.s.all.completed, 1, "the other did");
	sim_kit_done(&g);
}

/* More work than there is room for: what each account gets is what is due to it. */
static void test_accounts(void)
{
	static struct suan_account_spec list[] = {{.name = "org", .parent = "", .shares = 3},
						  {.name = "org/a", .parent = "org", .shares = 1},
						  {.name = "b", .parent = "", .shares = 1}};
	static const struct suan_accounts all = {
		.accounts = list,
		.naccounts = 3,
		.default_account = "b",
		.default_qos = "",
		.fair_share = {3600000, 30 * INT64_C(86400000), 10000}};
	struct suan_buf text = {0}, out = {0};
	struct sim_kit g;

	for (int i = 0; i < 200; i++)
		suan_buf_addf(&text, "{\"id\":%d,\"submit_s\":%d,\"run_s\":100,\"user\":\"u\"%s}\n",
			      i + 1, i * 10, i % 2 ? "" : ",\"account\":\"org/a\"");
	suan_buf_adds(&text, "{\"submit_s\":1,\"run_s\":5,\"account\":\"none\"}\n");
	sim_kit_cores(&g, 4, suan_buf_str(&text));
	g.setup.policy.kind = SUAN_POLICY_SUAN;
	sim_kit_run(&g);
	is_int(g.s.naccounts, 0, "without accounts there are none");
	is_int(g.r.rejected, 0, "and any name will do");
	g.setup.accounts = &all;
	sim_kit_run(&g);
	is_int(g.r.rejected, 1, "with them a job of none is rejected");
	is_int(g.s.naccounts, 3, "three accounts");
	is_int(g.s.accounts[0].share, 750000, "three of four");
	is_int(g.s.accounts[1].share, 750000, "all of it below");
	ok(g.s.accounts[1].depth == 1 && g.s.accounts[2].depth == 0, "where they stand");
	ok(g.s.accounts[0].got > 700000 && g.s.accounts[0].got < 800000, "got what was due: %lld",
	   (long long)g.s.accounts[0].got);
	ok(g.s.accounts[0].got + g.s.accounts[2].got >= 999999, "together all");
	ok(g.s.accounts[0].jobs == 100 && g.s.accounts[2].started == 100, "its jobs");
	ok(g.s.accounts[2].wait_ms > g.s.accounts[0].wait_ms, "the other waits longer");
	suan_sim_print_accounts(&g.s, &out);
	ok(strstr(suan_buf_str(&out), "  org/a") && strstr(suan_buf_str(&out), "75.0%"), "a table");
	suan_buf_done(&text);
	suan_buf_done(&out);
	sim_kit_done(&g);
}

/* Two sites of one hub, and a dear one that is larger. */
static const char choices[] = "network: n\nsites:\n"
			      "  - {name: a, hub: west, price: 1, pools: [{name: p, nodes: 1, "
			      "cores: 2, busy_watt: 100}]}\n"
			      "  - {name: b, hub: west, price: 2, pools: [{name: p, nodes: 1, "
			      "cores: 2, busy_watt: 100}]}\n"
			      "  - {name: c, hub: east, price: 3, pools: [{name: p, nodes: 4, "
			      "cores: 4, busy_watt: 200}]}\n";
#define SENT(cores, run, more)                                                                     \
	"{\"submit_s\":0,\"run_s\":" #run ",\"cores\":" #cores "," more "\"user\":\"u\"}\n"
static const char choosing[] = SENT(2, 100, "\"site\":\"a\",") SENT(2, 100, "\"site\":\"a\",")
	SENT(2, 100, "\"site\":\"a\",") SENT(4, 100, "\"site\":\"b\",")
		SENT(1, 10, "\"not_hub\":\"east\",");

static void chosen_are(struct sim_kit *g, enum suan_sim_choice rule, const char *want,
		       const char *what)
{
	char got[32] = "";

	g->setup.choice = rule;
	sim_kit_run(g);
	for (size_t i = 0; i < g->r.nrows && i < 10; i++) {
		got[3 * i] = (char)('a' + (int)g->r.rows[i].pool);
		got[3 * i + 1] = (char)('0' + (int)(g->r.rows[i].start_ms / 100000));
		got[3 * i + 2] = ' ';
	}
	is_str(got, want, what);
}

static void test_choices(void)
{
	struct sim_kit g;

	sim_kit_network(&g, choices, choosing);
	g.setup.policy.kind = SUAN_POLICY_EASY;
	/* site and hundreds of seconds waited; job 4 is too large for the west */
	chosen_are(&g, SUAN_SIM_LEAVE, "a0 b0 c0 c0 a1 ", "left to the policy");
	chosen_are(&g, SUAN_SIM_HOME, "a0 b0 a1 c0 b1 ", "home: in their hub, if it can");
	chosen_are(&g, SUAN_SIM_CHEAPEST_LIST, "a0 a1 a2 c0 a3 ",
		   "all go where a core-hour is cheapest on the list");
	/* c takes jobs 1 to 4 with 16 cores before a or b would be emptier; the last may not */
	chosen_are(&g, SUAN_SIM_EMPTIEST, "a0 b0 c0 c0 a1 ", "where the smallest part is taken");
	sim_kit_done(&g);
}

int main(void)
{
	test_scores();
	test_no_wait();
	test_policies();
	test_predicted();
	test_instant();
	test_many();
	test_refusals();
	test_repeat();
	test_power();
	test_site_outage();
	test_lost_too_often();
	test_link_cut();
	test_pool_outage();
	test_outage_errors();
	test_data();
	test_data_errors();
	test_deadlines();
	test_own();
	test_cut();
	test_tick();
	test_output();
	test_table();
	test_reservations();
	test_reservation_files();
	test_oom();
	test_more();
	test_preemption();
	test_accounts();
	test_choices();
	return tap_done();
}
