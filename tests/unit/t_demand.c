/* From the log of a service back to what it was asked for: a small service of the test's own, with
 * an engine, a store and a clock of its own, whose log is then read, and run again. */
#include "lib/sim_kit.h"

#include "base/grow.h"
#include "base/hash.h"
#include "base/rng.h"
#include "daemon/demand.h"
#include "daemon/whatif.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "wire/accounts.h"

#define BEGIN_MS 1700000000000

struct run {
	struct suan_run_id id;
	int64_t end_ms;
};

struct rig {
	struct suan_arena arena;
	struct suan_store *store;
	struct suan_engine *e;
	struct suan_effects fx;
	struct suan_buf records;
	uint64_t first_seq, seq;
	int64_t now_ms, wake_ms;
	struct run *runs;
	size_t nruns, cap;
	struct suan_rng rng;
	struct suan_past past;
	struct suan_whatif whatif;
	struct suan_demand demand;
	struct suan_sim_outages outages;
	struct suan_whatif_accounts accounts;
	struct suan_sim_result sim;
	struct suan_err err;
};

/* ---- the service ---- */

/* Of its job and element alone, so that nobody needs to remember it. */
static int64_t length_ms(struct suan_run_id run)
{
	return 200 + (int64_t)(suan_hash_u64(run.job * 7919, run.index) % 9000);
}

static void event(struct rig *g, struct suan_event ev)
{
	ev.seq = ++g->seq;
	ev.now_ms = g->now_ms;
	must(suan_record_put(&g->records, &ev, &g->err), &g->err);
	must(suan_engine_step(g->e, &ev, &g->fx, &g->err), &g->err);
	for (size_t i = 0; i < g->fx.count; i++) {
		const struct suan_effect *f = &g->fx.list[i];

		if (f->type == SUAN_FX_WAKE)
			g->wake_ms = f->at_ms;
		if (f->type != SUAN_FX_START)
			continue;
		must(suan_grow(&g->runs, &g->cap, g->nruns + 1, sizeof(*g->runs)), &g->err);
		g->runs[g->nruns++] = (struct run){f->run, g->now_ms + length_ms(f->run)};
	}
}

static void network(struct rig *g, const char *text)
{
	struct suan_network net;

	must(suan_network_parse(text, strlen(text), "net", &g->arena, &net, &g->err), &g->err);
	event(g, (struct suan_event){.type = SUAN_EV_NETWORK, .u.network = &net});
}

static void target(struct rig *g, enum suan_event_type type, uint64_t job)
{
	event(g, (struct suan_event){.type = type, .u.target = {.job = job, .all = true}});
}

static void site(struct rig *g, const char *name, enum suan_site_state state)
{
	event(g, (struct suan_event){.type = SUAN_EV_SITE, .u.site = {name, state}});
}

static uint64_t submit(struct rig *g, const struct suan_job_spec *spec)
{
	event(g, (struct suan_event){.type = SUAN_EV_SUBMIT, .u.submit = {spec, 1, false, {0}, 0}});
	return g->fx.code == SUAN_OK ? g->fx.first_job : 0;
}

/* Ends first or last in the round: they are reports, behind the commands. */
static void end_runs(struct rig *g)
{
	for (size_t i = 0; i < g->nruns;) {
		struct suan_event ev = {.type = SUAN_EV_REPORT};

		if (g->runs[i].end_ms > g->now_ms) {
			i++;
			continue;
		}
		ev.u.report = (struct suan_report){.run = g->runs[i].id,
						   .kind = SUAN_REPORT_ENDED,
						   .at_ms = g->now_ms,
						   .outcome = SUAN_OUT_EXITED,
						   .exit_code = g->runs[i].id.job % 5 == 0,
						   .text = ""};
		g->runs[i] = g->runs[--g->nruns];
		event(g, ev);
	}
}

static void finish_round(struct rig *g)
{
	struct suan_store_batch b = {0};

	end_runs(g);
	g->wake_ms = SUAN_FOREVER;
	event(g, (struct suan_event){.type = SUAN_EV_PASS});
	b.first_seq = g->first_seq;
	b.count = (uint32_t)(g->seq + 1 - g->first_seq);
	b.bytes = g->records.data;
	b.n = g->records.len;
	must(g->store->ops->commit(g->store, &b, &g->err), &g->err);
	g->first_seq = g->seq + 1;
	suan_buf_reset(&g->records);
}

/* Rounds of their own for all that happens before until_ms. */
static void pass_time(struct rig *g, int64_t until_ms)
{
	for (;;) {
		int64_t next = g->wake_ms;

		for (size_t i = 0; i < g->nruns; i++)
			next = g->runs[i].end_ms < next ? g->runs[i].end_ms : next;
		if (next >= until_ms)
			break;
		g->now_ms = next > g->now_ms ? next : g->now_ms + 1;
		finish_round(g);
	}
	if (until_ms != SUAN_FOREVER)
		g->now_ms = until_ms;
}

static const char two_sites[] = "network: n\nsites:\n"
				"  - {name: north, hub: h, driver: x, pools: [{name: cpu, nodes: "
				"2, cores: 4, memory: 8GiB}]}\n"
				"  - {name: south, hub: k, driver: x, pools: [{name: cpu, nodes: "
				"3, cores: 2, memory: 4GiB}]}\n"
				"  - {name: m, hub: k, pools: [{name: cpu, nodes: 1, cores: 1}]}\n";
static const char more_nodes[] = "network: n\nsites:\n"
				 "  - {name: north, hub: h, driver: x, pools: [{name: cpu, nodes: "
				 "3, cores: 4, memory: 8GiB}]}\n"
				 "  - {name: south, hub: k, driver: x, pools: [{name: cpu, nodes: "
				 "3, cores: 2, memory: 4GiB}]}\n";

static void rig_init(struct rig *g, enum suan_policy_kind kind)
{
	struct suan_event policy = {.type = SUAN_EV_POLICY};

	memset(g, 0, sizeof(*g));
	suan_arena_init(&g->arena, 0);
	suan_effects_init(&g->fx);
	must(suan_store_memory.open(&g->store, "", &g->err), &g->err);
	g->e = suan_engine_new();
	g->now_ms = BEGIN_MS;
	g->first_seq = 1;
	g->wake_ms = SUAN_FOREVER;
	suan_rng_init(&g->rng, 7);
	policy.u.policy = (struct suan_policy){.kind = kind, .predict = true};
	event(g, policy);
	network(g, two_sites);
	finish_round(g);
	pass_time(g, BEGIN_MS + 1000);
}

static void rig_done(struct rig *g)
{
	suan_sim_result_done(&g->sim);
	suan_sim_outages_done(&g->outages);
	suan_demand_done(&g->demand);
	suan_past_done(&g->past);
	suan_arena_done(&g->arena);
	suan_effects_done(&g->fx);
	suan_engine_free(g->e);
	g->store->ops->close(g->store);
	suan_buf_done(&g->records);
	free(g->runs);
}

/* ---- again ---- */

static enum suan_code look_back(struct rig *g, int64_t from_ms, int64_t until_ms)
{
	struct suan_demand_window w = {from_ms, until_ms};
	enum suan_code rc = suan_past_read(g->store, &g->past, &g->err);

	if (rc == SUAN_OK)
		rc = suan_whatif_init(&g->whatif, &g->arena, &g->past, from_ms, until_ms, &g->err);
	return rc == SUAN_OK ? suan_demand_make(&g->past, &w, &g->whatif.then, &g->whatif.now,
						&g->demand, &g->err)
			     : rc;
}

static void run_again(struct rig *g)
{
	struct suan_sim_setup s = {.network = &g->whatif.now,
				   .trace = &g->demand.trace,
				   .more = g->demand.more,
				   .outages = &g->outages,
				   .policy = g->past.policy};
	uint32_t left_out = 0;

	suan_sim_result_done(&g->sim);
	suan_sim_outages_done(&g->outages);
	must(suan_whatif_outages(&g->whatif, &g->past, g->demand.zero_ms, &g->outages, &left_out,
				 &g->err),
	     &g->err);
	s.policy.plan_depth = 1000;
	s.accounts = g->accounts.any ? &g->accounts.first : NULL;
	s.commands = g->accounts.later;
	s.ncommands = g->accounts.nlater;
	must(suan_sim_run(&s, &g->sim, &g->err), &g->err);
}

/* How many tasks start at another time or place than they did. */
static size_t differences(const struct rig *g)
{
	size_t n = g->sim.nrows == g->demand.trace.njobs ? 0 : 1;

	for (size_t i = 0; i < g->sim.nrows && i < g->demand.trace.njobs; i++)
		n += g->sim.rows[i].start_ms != g->demand.rows[i].start_ms ||
		     g->sim.rows[i].pool != g->demand.rows[i].pool;
	return n;
}

static int64_t waited_ms(const struct rig *g, const struct suan_sim_row *rows, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += rows[i].start_ms - g->demand.trace.jobs[rows[i].job].submit_ms;
	return sum;
}

static uint32_t dice(struct rig *g, uint32_t n)
{
	return (uint32_t)suan_rng_below(&g->rng, n);
}

static struct suan_job_spec plain(uint32_t cores)
{
	return (struct suan_job_spec){.name = "",
				      .user = "u",
				      .account = "",
				      .qos = "",
				      .gpu = "",
				      .walltime_ms = 10000,
				      .req = {.tasks = 1, .cores = cores}};
}

/* Of every kind that leaves no trace but its own run. */
static void submit_any(struct rig *g, uint64_t last)
{
	static const char *const only_south[] = {"south"}, *const only_h[] = {"h"};
	static const char *const users[] = {"u", "v", "w"};
	struct suan_range set = {.nruns = 1, .count = 5, .cap = 2, .runs = {{1, 9, 2}}};
	struct suan_dep dep = {.type = SUAN_AFTERANY};
	struct suan_job_spec s = plain(1 + dice(g, 2));

	s.user = users[dice(g, 3)];
	s.walltime_ms = 10000 + 5000 * dice(g, 3);
	s.priority = (int32_t)dice(g, 3);
	switch (dice(g, 7)) {
	case 0:
		set.cap = dice(g, 3);
		s.array = &set;
		break;
	case 1:
		s.req.tasks = s.req.nodes = 2;
		break;
	case 2:
		s.site = (struct suan_names){(const char **)(uintptr_t)only_south, 1};
		break;
	case 3:
		s.not_hub = (struct suan_names){(const char **)(uintptr_t)only_h, 1};
		s.req.memory = 3u << 30;
		break;
	case 4:
		s.begin_ms = g->now_ms + 3000;
		break;
	case 5:
		s.req.exclusive = true;
		break;
	default:
		break;
	}
	if (last > 0 && dice(g, 3) == 0) {
		dep.job = last - dice(g, last < 5 ? (uint32_t)last : 5);
		s.deps = &dep;
		s.ndeps = 1;
		/* every fifth fails */
		dep.type = dice(g, 2)	 ? SUAN_AFTERANY
			   : dep.job % 5 ? SUAN_AFTEROK
					 : SUAN_AFTERNOTOK;
	}
	ok(submit(g, &s) > 0, "job %llu is taken", (unsigned long long)last + 1);
}

static void busy_day(struct rig *g, bool grows)
{
	for (uint32_t i = 0; i < 100; i++) {
		submit_any(g, i);
		if (i == 30)
			site(g, "south", SUAN_SITE_DRAIN);
		if (i == 45)
			site(g, "south", SUAN_SITE_UP);
		if (i == 60 && grows)
			network(g, more_nodes);
		if (i == 75)
			event(g,
			      (struct suan_event){.type = SUAN_EV_CAPACITY, .u.capacity = {0, 2}});
		if (i == 80)
			event(g,
			      (struct suan_event){.type = SUAN_EV_CAPACITY, .u.capacity = {0, 3}});
		finish_round(g);
		pass_time(g, g->now_ms + dice(g, 1500));
	}
	pass_time(g, SUAN_FOREVER);
}

/* Suan orders by the share of the largest pool, so that it sees a growing network otherwise: the
 * one that is played has its most nodes all the time, though not all of them can be used. */
static void test_same(enum suan_policy_kind kind)
{
	bool grows = kind != SUAN_POLICY_SUAN;
	const struct suan_demand_counts *c;
	struct rig g;
	int64_t then;

	rig_init(&g, kind);
	busy_day(&g, grows);
	must(look_back(&g, 0, INT64_MAX), &g.err);
	c = &g.demand.counts;
	ok(c->jobs == 100 && c->tasks > 100 && c->running + c->waiting + c->cancelled == 0,
	   "%s: all of it is found, %llu tasks", suan_policy_name(kind),
	   (unsigned long long)c->tasks);
	ok(g.whatif.then.nsites == 2 && g.whatif.then.sites[0].pools[0].nodes == (grows ? 3 : 2),
	   "sites without driver took no jobs; the most nodes count");
	then = waited_ms(&g, g.demand.rows, g.demand.trace.njobs);
	ok(then > 0, "they waited %lld ms", (long long)then);
	run_again(&g);
	is_int(differences(&g), 0, "the same policy and network: every start is the same");
	must(suan_whatif_add(&g.whatif, "south/cpu.nodes=+3", &g.err), &g.err);
	run_again(&g);
	ok(waited_ms(&g, g.sim.rows, g.sim.nrows) < then, "with more nodes they wait less");
	rig_done(&g);
}

/* ---- what is left out ---- */

static void define(struct rig *g, const char *yaml)
{
	struct suan_accounts a;

	must(suan_accounts_parse(yaml, strlen(yaml), "accounts", &g->arena, &a, &g->err), &g->err);
	event(g, (struct suan_event){.type = SUAN_EV_ACCOUNTS, .u.accounts = &a});
}

/* Limits and classes that change on the way: with them it is as it was, without them not. */
static void test_accounts(enum suan_policy_kind kind)
{
	static const char *const accounts[] = {"lab", "film"}, *const classes[] = {"", "fast"};
	struct rig g;

	rig_init(&g, kind);
	define(&g, "accounts: [{name: lab, limits: {cores: 2, pending: 90}}, {name: film}]\n"
		   "qos: [{name: fast, priority: 5, limits: {runs: 2}}]\n"
		   "default_account: film\n");
	for (uint32_t i = 0; i < 120; i++) {
		struct suan_job_spec s = plain(1 + dice(&g, 2));

		s.account = accounts[dice(&g, 2)];
		s.qos = classes[dice(&g, 3) == 0];
		if (i == 40)
			define(&g, "accounts: [{name: lab, limits: {cores: 5}}, "
				   "{name: film, user_limits: {runs: 1}}]\n"
				   "qos: [{name: fast, priority: -5}]\n");
		if (i == 90) /* nothing is defined any more */
			define(&g, "accounts: []\n");
		ok(submit(&g, &s) > 0, "job %u is taken", i + 1);
		finish_round(&g);
		pass_time(&g, g.now_ms + dice(&g, 1500));
	}
	pass_time(&g, SUAN_FOREVER);
	must(look_back(&g, INT64_MIN / 4, INT64_MAX / 4), &g.err);
	is_int((int64_t)g.past.naccounts, 3, "three definitions");
	run_again(&g);
	ok(differences(&g) > 0, "without accounts: %zu tasks start elsewhere or at another time",
	   differences(&g));
	must(suan_whatif_accounts(&g.past, g.demand.zero_ms, &g.arena, &g.accounts, &g.err),
	     &g.err);
	ok(g.accounts.any && g.accounts.nlater == 2, "one when time begins, two later");
	is_int(g.accounts.first.accounts[0].limits.set, 1 << SUAN_LIMIT_CORES,
	       "without a limit of what waits");
	run_again(&g);
	is_int((int64_t)differences(&g), 0, "with them everything starts as it did");
	is_int((int64_t)g.sim.rejected, 0, "nothing is refused");
	rig_done(&g);
}

static void test_left_out(void)
{
	static const struct suan_range three = {.nruns = 1, .count = 3, .runs = {{0, 2, 1}}};
	const struct suan_demand_counts *c;
	struct suan_job_spec s = plain(4), wide = plain(4);
	struct suan_dep dep = {.type = SUAN_AFTERANY};
	uint64_t never, held, later, after, again;
	struct rig g;

	rig_init(&g, SUAN_POLICY_FCFS);
	(void)submit(&g, &s);
	again = submit(&g, &s); /* on the same site */
	finish_round(&g);
	s.site = (struct suan_names){(const char *[]){"north"}, 1};
	never = submit(&g, &s);
	s.array = &three;
	(void)submit(&g, &s);
	s.array = NULL;
	s.hold = true;
	held = submit(&g, &s);
	later = submit(&g, &s);
	s.hold = false;
	dep.job = never;
	s.deps = &dep;
	s.ndeps = 1;
	after = submit(&g, &s);
	finish_round(&g);
	pass_time(&g, g.now_ms + 150);
	target(&g, SUAN_EV_CANCEL, never);
	event(&g, (struct suan_event){.type = SUAN_EV_CANCEL, .u.target = {.job = 4, .index = 1}});
	finish_round(&g);
	pass_time(&g, g.now_ms + 40000);
	target(&g, SUAN_EV_RELEASE, later);
	target(&g, SUAN_EV_REQUEUE, again);
	finish_round(&g);
	pass_time(&g, SUAN_FOREVER);
	(void)submit(&g, &wide);
	finish_round(&g);
	must(look_back(&g, 0, INT64_MAX), &g.err);
	c = &g.demand.counts;
	is_int(c->tasks, 6, "two, two elements, the released one and the dependent one");
	is_int(c->cancelled, 2, "a job and an element were cancelled before they started");
	is_int(c->waiting_held, 1, "one is still held");
	is_int(c->running, 1, "one still runs");
	is_int(c->held, 1, "one was held for a time");
	is_int(c->reruns, 1, "one ran again");
	is_int(c->dependencies_met, 1, "one waited for what never ran");
	ok(held == 5 && after == 7, "ids are as they should be");
	run_again(&g);
	for (size_t i = 0; i < g.sim.nrows; i++) {
		const struct suan_sim_row *row = &g.sim.rows[i];

		if (g.demand.trace.jobs[row->job].id == later)
			ok(row->start_ms > 40000, "nothing held starts before its release");
		if (g.demand.trace.jobs[row->job].id == after)
			ok(row->start_ms >= 150, "what depends on a cancelled job waits for that");
	}
	rig_done(&g);
}

/* Two sites of 8 and 6 cores; in the window two run, one waits, and one comes. */
static void test_window(void)
{
	struct suan_job_spec s = plain(4);
	int64_t from;
	struct rig g;

	rig_init(&g, SUAN_POLICY_FCFS);
	s.site = (struct suan_names){(const char *[]){"north"}, 1};
	for (int i = 0; i < 3; i++)
		(void)submit(&g, &s);
	finish_round(&g);
	from = g.now_ms + 100;
	pass_time(&g, from + 50);
	(void)submit(&g, &s);
	finish_round(&g);
	pass_time(&g, SUAN_FOREVER);
	must(look_back(&g, from, from + 1000), &g.err);
	is_int(g.demand.counts.tasks, 4, "what was not over counts");
	is_int(g.demand.counts.carried, 3, "and is told apart");
	is_int(g.demand.trace.jobs[0].run_ms, length_ms((struct suan_run_id){1, 0, 1}) - 99,
	       "of what runs, the rest");
	ok(g.demand.rows[0].start_ms == 0 && g.demand.rows[2].start_ms > 1,
	   "which has its nodes, and the others wait");
	run_again(&g);
	is_int(differences(&g), 0, "it goes on as it did");
	suan_demand_done(&g.demand);
	suan_past_done(&g.past);
	is_int(look_back(&g, from + 1, from + 2), SUAN_OK, "a window without submissions");
	is_int(g.demand.counts.carried, 3, "has what was there");
	rig_done(&g);
}

static void test_edits(void)
{
	static const char *const bad[][2] = {
		{"north/cpu.nodes", "want SITE/POOL.nodes=+N"},
		{"nort/cpu.nodes=1", "no site \"nort\" that takes jobs (did you mean north?)"},
		{"m/cpu.nodes=+1", "no site \"m\""},
		{"north/cpus.nodes=1", "site north has no pool \"cpus\" (did you mean cpu?)"},
		{"north/cpu.nodes=x", "want a number of nodes"},
		{"north/cpu.nodes=-2", "the pool has 2 nodes"},
	};
	struct suan_job_spec s = plain(1);
	struct rig g;

	rig_init(&g, SUAN_POLICY_EASY);
	ok(look_back(&g, 0, INT64_MAX) == SUAN_EINVAL, "nothing ran: %s", g.err.text);
	suan_past_done(&g.past);
	(void)submit(&g, &s);
	finish_round(&g);
	pass_time(&g, SUAN_FOREVER);
	must(look_back(&g, 0, INT64_MAX), &g.err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(suan_whatif_add(&g.whatif, bad[i][0], &g.err) == SUAN_EINVAL &&
			   strstr(g.err.text, bad[i][1]),
		   "%s: %s", bad[i][0], g.err.text);
	must(suan_whatif_add(&g.whatif, "north/cpu.nodes=-1", &g.err), &g.err);
	must(suan_whatif_add(&g.whatif, "south/cpu.nodes=7", &g.err), &g.err);
	ok(g.whatif.now.sites[0].pools[0].nodes == 1 && g.whatif.now.sites[1].pools[0].nodes == 7 &&
		   g.whatif.then.sites[0].pools[0].nodes == 2,
	   "nodes change in the one network and not in the other");
	ok(suan_whatif_without(&g.whatif, "south-west", &g.err) == SUAN_EINVAL, "%s", g.err.text);
	must(suan_whatif_without(&g.whatif, "north", &g.err), &g.err);
	ok(g.whatif.now.nsites == 1 && strcmp(g.whatif.now.sites[0].name, "south") == 0,
	   "one is gone");
	ok(suan_whatif_without(&g.whatif, "south", &g.err) == SUAN_EINVAL, "%s", g.err.text);
	rig_done(&g);
}

/* Bytes that a service did not write. */
static void test_damage(void)
{
	struct suan_store_batch b = {.count = 1, .bytes = "what", .n = 4};
	struct rig g;

	rig_init(&g, SUAN_POLICY_EASY);
	b.first_seq = g.first_seq;
	must(g.store->ops->commit(g.store, &b, &g.err), &g.err);
	ok(suan_past_read(g.store, &g.past, &g.err) == SUAN_ECORRUPT, "damage: %s", g.err.text);
	ok(strstr(g.err.text, "event 4 of the log"), "says where");
	rig_done(&g);
	must(suan_store_memory.open(&g.store, "", &g.err), &g.err);
	ok(suan_past_read(g.store, &g.past, &g.err) == SUAN_ENOTFOUND, "empty: %s", g.err.text);
	g.store->ops->close(g.store);
}

int main(void)
{
	test_same(SUAN_POLICY_FCFS);
	test_same(SUAN_POLICY_EASY);
	test_same(SUAN_POLICY_SUAN);
	test_accounts(SUAN_POLICY_FCFS);
	test_accounts(SUAN_POLICY_EASY);
	test_accounts(SUAN_POLICY_SUAN);
	test_left_out();
	test_window();
	test_edits();
	test_damage();
	return tap_done();
}
