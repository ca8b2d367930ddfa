/* The planner by small examples; t_agree has the rules at large. */
#include "lib/tap.h"

#include "lib/oom.h"

#include "engine/planner.h"

static struct suan_planner *make(enum suan_plan_mode kind, uint32_t depth, uint32_t pools,
				 uint32_t nodes, uint32_t cores)
{
	struct suan_planner *p = suan_planner_new();
	struct suan_plan_pool spec = {.nodes = nodes, .cores = cores};

	suan_planner_policy(p, kind, depth);
	for (uint32_t i = 0; i < pools; i++) {
		spec.rank = pools - i;
		if (suan_planner_pool(p, i, &spec) != SUAN_OK)
			ok(false, "pool");
	}
	return p;
}

static struct suan_item item(uint64_t id, uint32_t cores, int64_t seconds)
{
	struct suan_item x = {.id = id, .count = 1};

	x.ask.req.tasks = 1;
	x.ask.req.cores = cores;
	x.ask.duration_ms = x.ask.limit_ms = seconds * 1000;
	return x;
}

static enum suan_code add(struct suan_planner *p, uint64_t id, uint32_t cores, int64_t seconds)
{
	struct suan_item x = item(id, cores, seconds);

	return suan_planner_add(p, &x);
}

static const struct suan_start *starts;
static int64_t wake;

static uint32_t pass(struct suan_planner *p, int64_t seconds)
{
	uint32_t n = 0;

	if (suan_planner_pass(p, seconds * 1000, &starts, &n, &wake) != SUAN_OK)
		ok(false, "pass");
	return n;
}

/* At time 0. */
static uint32_t candidates(const struct suan_planner *p, uint64_t id, const struct suan_ask *ask,
			   struct suan_candidate *ret, uint32_t max)
{
	struct suan_item item = {.id = id, .ask = *ask};

	return suan_planner_candidates(p, &item, 0, ret, max);
}

static void predicts(struct suan_planner *p, uint64_t id, int64_t want_seconds, uint64_t want_ahead)
{
	uint32_t pool;
	int64_t at;
	uint64_t ahead;
	bool got = suan_planner_predicted(p, id, &pool, &at, &ahead);

	ok(got && at == want_seconds * 1000 && ahead == want_ahead,
	   "item %llu starts at %lld s, %llu ahead", (unsigned long long)id, (long long)at / 1000,
	   (unsigned long long)ahead);
}

/* 4 of 10 cores run for 100 s; 8 cores wait; 2 small ones behind, short and long. */
static struct suan_planner *textbook(enum suan_plan_mode kind)
{
	struct suan_planner *p = make(kind, 0, 1, 1, 10);

	ok(add(p, 1, 4, 100) == SUAN_OK && pass(p, 0) == 1, "the first starts");
	is_int(wake, SUAN_FOREVER, "nobody waits for an end");
	ok(add(p, 2, 8, 50) == SUAN_OK && add(p, 3, 4, 100) == SUAN_OK &&
		   add(p, 4, 4, 200) == SUAN_OK && add(p, 5, 2, 200) == SUAN_OK,
	   "four wait");
	return p;
}

static void policies(void)
{
	struct suan_planner *p = textbook(SUAN_PLAN_FCFS);

	is_int(pass(p, 0), 0, "fcfs: nobody passes the second");
	is_int(wake, 100000, "the next end");
	predicts(p, 2, 100, 0);
	predicts(p, 5, 150, 3);
	suan_planner_free(p);

	p = textbook(SUAN_PLAN_EASY);
	is_int(pass(p, 0), 2, "easy: two are put in front");
	is_int(starts[0].id, 3, "the short one");
	is_int(starts[1].id, 5, "and what leaves the second its cores");
	predicts(p, 2, 100, 0);
	predicts(p, 4, 150, 1);
	suan_planner_free(p);

	p = textbook(SUAN_PLAN_CONSERVATIVE);
	is_int(pass(p, 0), 2, "conservative: the same here");
	predicts(p, 4, 150, 1);
	suan_planner_end(p, starts[0].run);
	is_int(pass(p, 1), 0, "an early end helps nobody");
	suan_planner_free(p);
}

static void pools_by_rank(void)
{
	struct suan_planner *p = make(SUAN_PLAN_EASY, 0, 3, 1, 4);
	struct suan_item x = item(7, 4, 10);
	struct suan_plan_pool shut = {.nodes = 1, .cores = 4, .closed = SUAN_R_SITE_DOWN};
	struct suan_candidate c[3];
	uint64_t allow = 6;
	int64_t a, b;

	x.count = 4;
	ok(suan_planner_add(p, &x) == SUAN_OK, "four equal starts");
	is_int(pass(p, 0), 3, "three find room");
	ok(starts[0].pool == 2 && starts[1].pool == 1 && starts[2].pool == 0, "lowest rank first");
	is_int(starts[0].ncands, 3, "three candidates");
	ok(starts[0].cands[0].reason == SUAN_R_CHOSEN && starts[0].cands[0].pool == 2, "chosen");
	ok(starts[0].cands[1].reason == SUAN_R_COSTLIER && starts[0].cands[1].a == 2 &&
		   starts[0].cands[1].b == 1,
	   "dearer by rank");
	ok(starts[2].cands[1].reason == SUAN_R_LATER_START, "later");
	predicts(p, 7, 10, 0);
	suan_planner_end(p, starts[2].run);
	x = item(9, 4, 10);
	x.ask.allow = &allow;
	x.ask.nallow = 1;
	ok(suan_planner_fits(p, 0, &x.ask, &a, &b) == SUAN_R_NOT_ALLOWED, "not allowed");
	x.ask.req.cores = 5;
	ok(suan_planner_fits(p, 1, &x.ask, &a, &b) == SUAN_R_TOO_MANY_CORES && a == 5 && b == 4,
	   "too many cores");
	x.ask.req.cores = 4;
	ok(suan_planner_pool(p, 1, &shut) == SUAN_OK, "a site goes down");
	is_int(candidates(p, UINT64_MAX, &x.ask, c, 3), 3, "three pools");
	ok(c[0].pool == 2 && c[0].reason == SUAN_R_CHOSEN && c[0].start_ms == 20000,
	   "after the one that waits: %lld", (long long)c[0].start_ms);
	ok(c[1].reason == SUAN_R_NOT_ALLOWED && c[2].reason == SUAN_R_SITE_DOWN, "the others");
	suan_planner_drop(p, 7);
	suan_planner_drop(p, 7);
	is_int(pass(p, 1), 0, "nothing waits");
	suan_planner_free(p);
}

static enum suan_code put_run(struct suan_planner *p, const struct suan_item *x,
			      const struct suan_place *at, uint32_t n, uint32_t *ret)
{
	struct suan_plan_run run = {.ask = &x->ask, .places = at, .nplaces = n};

	return suan_planner_run(p, &run, ret);
}

static void restart(void)
{
	struct suan_planner *p = make(SUAN_PLAN_EASY, 0, 1, 2, 4);
	struct suan_item x = item(1, 3, 10);
	struct suan_place at[2] = {{1, 1}, {1, 1}};
	struct suan_pool_load load;
	struct suan_err err = {0};
	uint32_t run;

	ok(put_run(p, &x, at, 1, &run) == SUAN_OK, "takes the given node");
	ok(put_run(p, &x, at, 1, &run) == SUAN_ECONFLICT, "not twice");
	x.ask.req.tasks = 2;
	x.ask.req.cores = 1;
	at[0].node = 0;
	at[1].node = 7;
	ok(put_run(p, &x, at, 2, &run) == SUAN_ECONFLICT, "no such node");
	at[1].node = 1;
	ok(put_run(p, &x, at, 2, &run) == SUAN_OK,
	   "two nodes");
	suan_planner_load(p, 0, &load);
	ok(load.cores_used == 5 && load.runs == 2, "load");
	ok(suan_planner_verify(p, &err) == SUAN_OK, "verify %s", err.text);
	ok(add(p, 5, 4, 10) == SUAN_OK && pass(p, 11) == 0, "overdue runs hold their nodes");
	is_int(wake, 12000, "asked again in a second");
	predicts(p, 5, 12, 0);
	suan_planner_end(p, run);
	is_int(pass(p, 11), 1, "starts");
	is_int(starts[0].places[0].node, 0, "on the node that is idle");
	suan_planner_free(p);
}

/* Sums say now, nodes say no: the candidates know, too. */
static void fragments(enum suan_plan_mode kind, uint32_t nodes)
{
	struct suan_planner *p = make(kind, 0, 1, nodes, 4);
	struct suan_item x = item(2, 4, 10), many = item(1, 3, 30);
	struct suan_candidate c;

	many.count = nodes;
	ok(suan_planner_add(p, &many) == SUAN_OK && pass(p, 0) == nodes, "one core left on each");
	is_int(candidates(p, UINT64_MAX, &x.ask, &c, 1), 1, "one pool");
	is_int(c.start_ms, 30000, "not before a node is free");
	ok(suan_planner_add(p, &x) == SUAN_OK && pass(p, 0) == 0, "waits");
	predicts(p, 2, 30, 0);
	is_int(candidates(p, 2, &x.ask, &c, 1), 1, "and for the one that waits");
	is_int(c.start_ms, 30000, "what was predicted");
	x.ask.deadline_ms = 35000;
	is_int(candidates(p, UINT64_MAX, &x.ask, &c, 1), 1, "with a deadline");
	ok(c.reason == SUAN_R_CHOSEN, "the best stays the chosen one");
	suan_planner_free(p);
}

static void order_and_depth(void)
{
	struct suan_planner *p = make(SUAN_PLAN_EASY, 1, 1, 1, 4);
	struct suan_item x = item(4, 4, 10);
	uint32_t pool;
	int64_t at;
	uint64_t ahead;

	ok(add(p, 1, 4, 10) == SUAN_OK && pass(p, 0) == 1, "busy");
	ok(add(p, 2, 4, 10) == SUAN_OK && add(p, 3, 4, 10) == SUAN_OK, "two wait");
	x.priority = 5;
	ok(suan_planner_add(p, &x) == SUAN_OK, "one of higher priority");
	is_int(pass(p, 1), 0, "wait");
	predicts(p, 4, 10, 0);
	ok(!suan_planner_predicted(p, 3, &pool, &at, &ahead) && ahead == 2, "too deep to plan");
	ok(!suan_planner_predicted(p, 99, &pool, &at, &ahead) && pool == SUAN_NO_POOL, "unknown");
	x = item(2, 4, 10);
	x.priority = 9;
	ok(suan_planner_add(p, &x) == SUAN_OK && pass(p, 1) == 0, "replaced");
	predicts(p, 2, 10, 0);
	ok(suan_planner_memory(p) > 1000, "takes memory");
	suan_planner_free(p);
}

/* More pools than bits in a word. */
static void many_pools(void)
{
	struct suan_planner *p = make(SUAN_PLAN_EASY, 0, 130, 1, 4);
	struct suan_plan_pool gpu = {.nodes = 1, .cores = 4, .gpus = 2, .gpu_kind = 7};
	struct suan_item x = item(1, 1, 10);
	uint64_t allow[3] = {0, 0, 2};
	int64_t a, b;

	x.ask.allow = allow;
	x.ask.nallow = 3;
	ok(suan_planner_add(p, &x) == SUAN_OK && pass(p, 0) == 1, "starts");
	is_int(starts[0].pool, 129, "in the one that is allowed");
	ok(suan_planner_pool(p, 131, &gpu) == SUAN_EINVAL, "pools are dense");
	ok(suan_planner_pool(p, 130, &gpu) == SUAN_OK, "one more");
	x = item(2, 1, 10);
	x.ask.req.gpus = 1;
	x.ask.req.gpu_kind = 8;
	ok(suan_planner_fits(p, 130, &x.ask, &a, &b) == SUAN_R_GPU_KIND, "other kind");
	x.ask.req.gpu_kind = 7;
	ok(suan_planner_add(p, &x) == SUAN_OK && pass(p, 0) == 1, "starts");
	is_int(starts[0].pool, 130, "where the accelerators are");
	suan_planner_free(p);
}

static struct suan_planner *busy(void)
{
	struct suan_planner *p = make(SUAN_PLAN_EASY, 0, 2, 70, 4);

	for (uint64_t id = 1; id <= 12; id++) {
		struct suan_item x = item(id, 1 + id % 4, 10 + (int64_t)id);

		x.ask.req.tasks = 30;
		x.ask.req.nodes = id % 3 == 0 ? 30 : 0;
		x.count = 2;
		if (suan_planner_add(p, &x) != SUAN_OK)
			ok(false, "add");
	}
	return p;
}

/* Two pools of 8 cores and three jobs: 5 cores for an hour, 5 for ten, all 8 for ten. In order, the
 * wide one waits for the first; if it goes ahead, the second waits as long with less. */
static struct suan_planner *three(uint32_t steps)
{
	struct suan_planner *p = make(SUAN_PLAN_SUAN, 100, 2, 1, 8);
	struct suan_item x[] = {item(1, 5, 3600), item(2, 5, 36000), item(3, 8, 36000)};

	suan_planner_steps(p, steps);
	for (int i = 0; i < 3; i++) {
		x[i].firm_ms = 1000000;
		if (suan_planner_add(p, &x[i]) != SUAN_OK)
			ok(false, "add");
	}
	return p;
}

/* Adds the item in place of that of its id, and says which start first: 12 is 1, then 2. */
static uint64_t order_with(uint32_t steps, const struct suan_item *x)
{
	struct suan_planner *p = three(steps);
	uint64_t got = 0;
	uint32_t n;

	if (x && suan_planner_add(p, x) != SUAN_OK)
		ok(false, "add");
	n = pass(p, 0);
	for (uint32_t i = 0; i < n; i++)
		got = got * 10 + starts[i].id;
	suan_planner_free(p);
	return got;
}

static uint32_t predicted(enum suan_plan_mode kind, uint32_t steps)
{
	struct suan_planner *p = make(kind, 100, 2, 1, 8);
	uint32_t n = 0, pool;
	uint64_t ahead;
	int64_t at;

	suan_planner_steps(p, steps);
	for (uint64_t id = 1; id <= 20; id++)
		if (add(p, id, 8, 60) != SUAN_OK)
			ok(false, "add");
	pass(p, 0);
	for (uint64_t id = 1; id <= 20; id++)
		n += suan_planner_predicted(p, id, &pool, &at, &ahead);
	suan_planner_free(p);
	return n;
}

static void search(void)
{
	struct suan_item firm = item(1, 5, 3600), brief = item(3, 8, 300), low = item(3, 8, 36000);
	struct suan_planner *p;

	is_int((int64_t)order_with(0, NULL), 12, "without steps the order of the queue");
	is_int((int64_t)order_with(SUAN_PLAN_STEPS, NULL), 31, "the wide one first");
	is_int((int64_t)order_with(899, NULL), 12, "fewer steps than three orders cost");
	is_int((int64_t)order_with(900, NULL), 31, "just enough");
	is_int((int64_t)order_with(SUAN_PLAN_STEPS, &firm), 12, "not past a firm one");
	brief.firm_ms = low.firm_ms = 1000000;
	low.priority = -1;
	is_int((int64_t)order_with(SUAN_PLAN_STEPS, &brief), 12, "short ones are not sought");
	is_int((int64_t)order_with(SUAN_PLAN_STEPS, &low), 12, "not past a higher priority");
	p = make(SUAN_PLAN_SUAN, 100, 1, 1, 8);
	suan_planner_steps(p, SUAN_PLAN_STEPS);
	if (add(p, 1, 5, 3600) != SUAN_OK || add(p, 2, 8, 36000) != SUAN_OK)
		ok(false, "add");
	ok(pass(p, 0) == 1 && starts[0].id == 1, "one pool: nothing to gain");
	suan_planner_free(p);
	is_int(predicted(SUAN_PLAN_EASY, 0), 18, "all that wait are planned");
	is_int(predicted(SUAN_PLAN_EASY, 10), 5, "a planned start costs a step a pool");
	is_int(predicted(SUAN_PLAN_EASY, 1), 2, "one a pool is planned in any case");
	is_int(predicted(SUAN_PLAN_CONSERVATIVE, 10), 5, "the same for conservative");
}

static void search_out_of_memory(void)
{
	struct suan_err err = {0};
	uint32_t n;

	for (unsigned k = 1; oom_next(k); k++) {
		struct suan_planner *p = three(SUAN_PLAN_STEPS);
		enum suan_code rc;
		bool hit;

		oom_arm(k);
		rc = suan_planner_pass(p, 0, &starts, &n, &wake);
		hit = oom_disarm();
		ok(rc == (hit ? SUAN_ENOMEM : SUAN_OK), "search, allocation %u", k);
		ok(suan_planner_verify(p, &err) == SUAN_OK, "all in order");
		ok(!hit || (pass(p, 0) == 2 && starts[0].id == 3), "as before");
		suan_planner_free(p);
	}
}

/* Whatever allocation fails, nothing starts and the next pass does what it would have done. */
static void out_of_memory(void)
{
	struct suan_planner *p = busy();
	uint32_t want = pass(p, 0), n;
	struct suan_err err = {0};

	suan_planner_free(p);
	ok(want > 2, "%u starts", want);
	for (unsigned k = 1; oom_next(k); k++) {
		struct suan_pool_load load = {0};
		enum suan_code rc;
		bool hit;

		p = busy();
		oom_arm(k);
		rc = suan_planner_pass(p, 0, &starts, &n, &wake);
		hit = oom_disarm();
		suan_planner_load(p, 0, &load);
		ok(hit ? rc == SUAN_ENOMEM && load.runs == 0 : rc == SUAN_OK, "allocation %u", k);
		ok(suan_planner_verify(p, &err) == SUAN_OK, "all in order");
		ok(!hit || pass(p, 0) == want, "as before");
		suan_planner_free(p);
	}
	for (unsigned k = 1; oom_next(k); k++) {
		struct suan_item x = item(100, 3, 7);
		uint64_t allow = 1;
		enum suan_code rc;
		bool hit;

		x.ask.allow = &allow;
		x.ask.nallow = 1;
		p = busy();
		oom_arm(k);
		rc = suan_planner_add(p, &x);
		hit = oom_disarm();
		ok(rc == (hit ? SUAN_ENOMEM : SUAN_OK), "add, allocation %u", k);
		ok(suan_planner_verify(p, &err) == SUAN_OK, "as before");
		suan_planner_free(p);
	}
}

/* Of 4 nodes of 4 cores each has a run of 2 cores until 1000 s; the other pool is full until 500 s.
 * The first item wants 4 cores of one node and stops one of the runs: it is planned at 11 s, which
 * is no end of a run. By then the sums of that pool have room for the second as well, which is of
 * the same shape and another class: so soon that it stops nobody. */
static void pushed_in_between(void)
{
	struct suan_planner *p = make(SUAN_PLAN_FCFS, 0, 2, 4, 4);
	struct suan_push_rules rules = {0, 10000, 4};
	struct suan_item small = item(1, 2, 1000), wide = item(2, 4, 500), x = item(8, 4, 50);
	struct suan_plan_run run = {.ask = &small.ask, .nplaces = 1, .id = 1};
	struct suan_place at[4] = {{0, 1}, {1, 1}, {2, 1}, {3, 1}};
	const struct suan_stop *stops;
	uint32_t number, pool = 9;
	int64_t start;

	is_int(suan_planner_push(p, &rules), SUAN_OK, "runs may be stopped");
	small.ask.push.class = 1;
	for (int i = 0; i < 4; i++) {
		run.places = &at[i];
		is_int(suan_planner_run(p, &run, &number), SUAN_OK, "a run on each node");
	}
	wide.ask.req.tasks = 4;
	run = (struct suan_plan_run){
		.pool = 1, .ask = &wide.ask, .places = at, .nplaces = 4, .id = 2};
	is_int(suan_planner_run(p, &run, &number), SUAN_OK, "a run on all others");
	x.priority = 10;
	x.ask.push.over = 1u << 1;
	is_int(suan_planner_add(p, &x), SUAN_OK, "one waits");
	x.id = 9;
	x.ask.duration_ms = x.ask.limit_ms = 60000;
	is_int(suan_planner_add(p, &x), SUAN_OK, "and another");
	is_int(pass(p, 1), 0, "nothing starts");
	is_int(suan_planner_stops(p, &stops), 1, "one run is stopped");
	predicts(p, 8, 11, 0);
	predicts(p, 9, 11, 1);
	ok(suan_planner_predicted(p, 9, &pool, &start, NULL) && pool == 0, "in the first pool");
	suan_planner_free(p);
}

/* One pool has what is read at 5 s, the other never, the third at once. */
static void arrivals(void)
{
	const int64_t at[2] = {5000, SUAN_FOREVER}, from[2] = {0, 7000};
	const struct suan_delays d = {from, 2};
	struct suan_planner *p = make(SUAN_PLAN_EASY, 0, 3, 1, 4);
	struct suan_item x = item(1, 4, 10);
	int64_t start[6];

	x.ask.arrivals = 3;
	is_int(suan_planner_later(p, &x, 0, &d, start), SUAN_OK, "a set that nobody knows");
	ok(start[0] == 0 && start[1] == 7000 && start[3] == 7000, "allows everything");
	is_int(suan_planner_arrivals(p, 3, at, 2), SUAN_OK, "a set of two pools");
	is_int(suan_planner_later(p, &x, 0, &d, start), SUAN_OK, "asked about two times");
	ok(start[0] == 5000 && start[1] == 7000, "not before they arrive");
	ok(start[2] == SUAN_FOREVER && start[3] == SUAN_FOREVER, "never where they never do");
	ok(start[4] == 0 && start[5] == 7000, "pools beyond: at once");
	suan_planner_free(p);
}

int main(void)
{
	policies();
	arrivals();
	pools_by_rank();
	restart();
	fragments(SUAN_PLAN_EASY, 3);
	fragments(SUAN_PLAN_FCFS, 80);
	order_and_depth();
	many_pools();
	search();
	search_out_of_memory();
	pushed_in_between();
	out_of_memory();
	suan_planner_free(NULL);
	return tap_done();
}
