/* Reservations: which nodes, who may, what waits; and that a guaranteed start is kept whatever else
 * is submitted. SUAN_SEED=N repeats one random history. */
#include "base/rng.h"
#include "lib/engine_kit.h"

#define MINUTE 60000
#define HOUR   3600000

static struct suan_reserve wish(const char *name, uint32_t nodes, int64_t from, int64_t to)
{
	return (struct suan_reserve){.name = name,
				     .owner = "u",
				     .site = "",
				     .pool = "",
				     .gpu = "",
				     .nodes = nodes,
				     .from_ms = from,
				     .to_ms = to};
}

/* The number, or 0 if refused. */
static uint32_t reserve(struct kit *k, const struct suan_reserve *r)
{
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .u.reserve = r};

	return kit_step(k, &ev) == SUAN_OK ? k->fx.reservation : 0;
}

static enum suan_code unreserve(struct kit *k, uint32_t id, int64_t to)
{
	struct suan_event ev = {.type = SUAN_EV_UNRESERVE, .u.unreserve = {id, to}};

	return kit_step(k, &ev);
}

static enum suan_code ask(struct kit *k, const struct suan_reserve *r)
{
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .u.reserve = r, .now_ms = k->now};

	if (suan_engine_check(k->e, &ev, &k->fx, &k->err) != SUAN_OK)
		abort();
	return k->fx.code;
}

static uint32_t node_of(const struct kit *k, uint64_t job)
{
	struct suan_run_id run = {job, 0, 1};
	uint32_t n;
	const struct suan_place *p = suan_engine_places(k->e, run, &n);

	return p ? p[0].node : UINT32_MAX;
}

static bool waits(const struct kit *k, uint64_t job)
{
	return kit_state(k, job, 0) == SUAN_PENDING;
}

/* One node of a pool of two, in ten minutes, for an hour. */
static void t_keeps(void)
{
	struct kit k;
	struct suan_reserve r;
	struct suan_job_spec in = kit_job(1, 4, 30 * MINUTE), brief = kit_job(1, 4, 5 * MINUTE);
	struct suan_job_spec lengthy = kit_job(1, 4, 20 * MINUTE);
	uint64_t first, second, own, third, fourth;
	struct suan_job_view v;
	uint32_t id, pool, n;
	const uint32_t *nodes;

	kit_one_pool(&k, 2, 4);
	k.now = HOUR;
	r = wish("lab", 1, k.now + 10 * MINUTE, k.now + 70 * MINUTE);
	id = reserve(&k, &r);
	is_int(id, 1, "a reservation");
	nodes = suan_engine_reserved(k.e, id, 0, &pool, &n);
	ok(nodes && n == 1 && nodes[0] == 1 && pool == 0, "of the node that is used least");
	in.reservation = "lab";
	own = kit_submit(&k, &in);
	first = kit_submit(&k, &lengthy);
	second = kit_submit(&k, &lengthy);
	third = kit_submit(&k, &brief);
	kit_pass(&k);
	ok(node_of(&k, first) == 0, "who would run into it takes the other node");
	ok(waits(&k, second), "the next of them waits");
	ok(node_of(&k, third) == 1, "a short one runs on its node before");
	v = kit_view(&k, own);
	ok(waits(&k, own) && v.reason == SUAN_R_RESERVATION && v.reason_a == r.from_ms &&
		   v.reason_b == r.to_ms,
	   "its own job waits for it, and says so");
	is_int(v.predicted_start_ms, r.from_ms, "and is predicted to start then");
	is_int(v.reservation, 1, "it says which");
	k.now += 5 * MINUTE;
	kit_ended(&k, third, 0, 1, SUAN_OUT_EXITED);
	fourth = kit_submit(&k, &(struct suan_job_spec){.name = "",
							.user = "w",
							.gpu = "",
							.req = {.tasks = 1, .cores = 4},
							.walltime_ms = 6 * MINUTE,
							.priority = 1000});
	kit_pass(&k);
	ok(waits(&k, fourth), "nobody starts there who would not be over in time");
	k.now = r.from_ms;
	kit_pass(&k);
	is_int(node_of(&k, own), 1, "its job starts on its node when it begins");
	ok(waits(&k, fourth), "others wait");
	k.now += 30 * MINUTE;
	kit_ended(&k, own, 0, 1, SUAN_OUT_EXITED);
	kit_ended(&k, first, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	ok(node_of(&k, fourth) == 0 && waits(&k, second), "its node stays empty");
	v = kit_view(&k, second);
	k.now = r.to_ms;
	kit_ended(&k, fourth, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	ok(!waits(&k, second), "until it ends");
	ok(kit_good(&k) && suan_engine_next_reservation(k.e, 0) == 0, "then it is gone");
	kit_done(&k);
}

/* To the millisecond. */
static void t_exact(void)
{
	struct kit k;
	struct suan_job_spec fits = kit_job(1, 4, 10 * MINUTE),
			     longer = kit_job(1, 4, 10 * MINUTE + 1);
	struct suan_job_spec in = kit_job(1, 4, 5 * MINUTE);
	struct suan_reserve r;
	uint64_t a, b, own;

	kit_one_pool(&k, 1, 4);
	r = wish("r", 1, k.now + 10 * MINUTE, k.now + 15 * MINUTE);
	reserve(&k, &r);
	a = kit_submit(&k, &longer);
	kit_pass(&k);
	ok(waits(&k, a), "one millisecond too long");
	is_int(kit_view(&k, a).predicted_start_ms, r.to_ms, "may start when it is over");
	b = kit_submit(&k, &fits);
	in.reservation = "r";
	own = kit_submit(&k, &in);
	kit_pass(&k);
	ok(!waits(&k, b), "over by the begin is soon enough");
	k.now = r.from_ms;
	kit_ended(&k, b, 0, 1, SUAN_OUT_TIMEOUT);
	kit_pass(&k);
	ok(!waits(&k, own), "it may last until the end");
	k.now = r.to_ms - 1;
	kit_ended(&k, own, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	ok(waits(&k, a), "the reservation lasts as long");
	k.now = r.to_ms;
	kit_pass(&k);
	ok(!waits(&k, a), "and no longer");
	kit_done(&k);
}

/* A pass may come a little late. */
static void t_late(void)
{
	struct kit k;
	struct suan_job_spec in = kit_job(1, 4, 10 * MINUTE), next = kit_job(1, 4, 5 * MINUTE);
	struct suan_reserve r, s;
	uint64_t own, second, third;

	kit_one_pool(&k, 2, 4);
	r = wish("r", 2, k.now + MINUTE, k.now + 11 * MINUTE);
	reserve(&k, &r);
	s = wish("s", 1, r.to_ms, r.to_ms + 5 * MINUTE);
	reserve(&k, &s);
	in.reservation = "r";
	own = kit_submit(&k, &in);
	second = kit_submit(&k, &in);
	k.now = r.from_ms + 5000;
	third = kit_submit(&k, &in);
	kit_pass(&k);
	is_int(node_of(&k, own), 0, "as long as its reservation, and started a little later");
	ok(waits(&k, second), "but not where the next reservation would be in the way");
	next.reservation = "s";
	ok(third && kit_submit(&k, &next), "nor is it refused for the same reason");
	k.now += 1;
	ok(!kit_submit(&k, &in) && k.fx.refused == SUAN_R_TOO_LONG, "so much later it is");
	kit_pass(&k);
	ok(waits(&k, second) && kit_good(&k), "and starts no more");
	kit_done(&k);
}

/* A reservation shorter than what may be late. */
static void t_brief(void)
{
	struct kit k;
	struct suan_job_spec in = kit_job(1, 4, 1000);
	struct suan_reserve r;
	uint64_t own;

	kit_one_pool(&k, 1, 4);
	r = wish("r", 1, k.now + 1000, k.now + 2000);
	reserve(&k, &r);
	in.reservation = "r";
	own = kit_submit(&k, &in);
	k.now = r.to_ms;
	kit_pass(&k);
	ok(waits(&k, own), "nothing starts when it is over");
	kit_done(&k);
}

static void t_reasons(void)
{
	struct kit k;
	struct suan_reserve r;
	struct suan_job_spec job = kit_job(1, 4, 10 * MINUTE), in = job;
	uint64_t a, b;
	uint32_t id;

	kit_one_pool(&k, 1, 4);
	r = wish("", 1, k.now + 5 * MINUTE, k.now + HOUR);
	id = reserve(&k, &r);
	a = kit_submit(&k, &job);
	in.reservation = "1";
	b = kit_submit(&k, &in);
	kit_pass(&k);
	ok(waits(&k, a) && kit_view(&k, a).reason == SUAN_R_RESERVED, "waits for its end");
	ok(kit_view(&k, a).predicted_p50_ms && !kit_view(&k, b).predicted_p50_ms,
	   "of a start in a reservation no confidence is told");
	is_int(kit_view(&k, a).reason_b, r.to_ms, "and says when that is");
	is_int(unreserve(&k, id + 1, 0), SUAN_ENOTFOUND, "no such reservation");
	is_int(unreserve(&k, id, r.to_ms + 1), SUAN_EINVAL, "it cannot be made longer");
	is_int(unreserve(&k, id, r.from_ms + MINUTE), SUAN_OK, "but shorter");
	kit_pass(&k);
	is_int(kit_view(&k, a).predicted_start_ms, r.from_ms + MINUTE, "who waits hears of it");
	is_int(unreserve(&k, id, 0), SUAN_OK, "and ended");
	kit_pass(&k);
	ok(!waits(&k, a), "its capacity is open again at once");
	ok(waits(&k, b) && kit_view(&k, b).reason == SUAN_R_RESERVATION_OVER,
	   "its own job can never start, and says so");
	kit_done(&k);
}

static void t_refused(void)
{
	struct kit k;
	struct suan_job_spec job = kit_job(1, 4, 20 * MINUTE);
	struct suan_reserve r, m;
	const char *site = "a";
	uint64_t run;

	kit_one_pool(&k, 2, 4);
	k.now = HOUR;
	r = wish("x", 3, 0, k.now + HOUR);
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_TOO_MANY_NODES && k.fx.a == 3 && k.fx.b == 2,
	   "more nodes than there are");
	run = kit_submit(&k, &job);
	kit_pass(&k);
	r = wish("x", 2, 0, k.now + HOUR);
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_RESERVED, "a node is in use now");
	is_int(k.fx.a, k.now + 21 * MINUTE, "it is certainly free then");
	is_int(k.fx.b, 1, "so many are free now");
	r.from_ms = k.now + 20 * MINUTE;
	ok(!reserve(&k, &r), "not before its lease has ended");
	r.from_ms = k.now + 21 * MINUTE;
	is_int(ask(&k, &r), SUAN_OK, "a dry run says what would be done");
	ok(k.fx.nodes == 2 && k.fx.pool == 0 && suan_engine_next_reservation(k.e, 0) == 0,
	   "and does nothing");
	ok(reserve(&k, &r) == 1, "then it can be had");
	is_int(k.fx.nodes, 2, "with its nodes");
	ok(!reserve(&k, &r) && k.fx.code == SUAN_ECONFLICT, "not twice under one name");
	r.name = "12";
	ok(!reserve(&k, &r) && k.fx.code == SUAN_EINVAL, "a number is no name");
	r.name = "y";
	ok(!reserve(&k, &r) && k.fx.a == r.to_ms && k.fx.b == 0, "nor over another");
	r.to_ms = r.from_ms;
	ok(!reserve(&k, &r) && k.fx.code == SUAN_EINVAL, "no time");
	r = wish("", 1, -5, 4 * HOUR);
	ok(!reserve(&k, &r) && k.fx.code == SUAN_EINVAL, "before 1970");
	r = wish("", 1, 3 * HOUR, 4 * HOUR);
	r.site = "nowhere";
	ok(!reserve(&k, &r) && k.fx.code == SUAN_EINVAL, "no such site");
	r.site = site;
	r.pool = "q";
	ok(!reserve(&k, &r) && k.fx.code == SUAN_EINVAL, "no such pool");
	r.pool = "p";
	r.gpu = "a800";
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_GPU_KIND, "no such accelerator");
	m = wish("", 0, 3 * HOUR, 4 * HOUR);
	m.maintenance = true;
	ok(!reserve(&k, &m) && k.fx.code == SUAN_EINVAL, "maintenance of no site");
	m.site = "a";
	m.single = true;
	ok(!reserve(&k, &m) && k.fx.code == SUAN_EINVAL, "nor for a job");
	m.single = false;
	ok(reserve(&k, &m) > 0 && k.fx.nodes == 2, "of all nodes of a site");
	job.reservation = "2";
	ok(!kit_submit(&k, &job) && k.fx.refused == SUAN_R_RESERVATION_USER, "nobody may use it");
	kit_site_state(&k, "a", SUAN_SITE_DOWN);
	r = wish("", 1, 9 * HOUR, 10 * HOUR);
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_NO_POOL, "no site is up");
	r.site = "a";
	ok(reserve(&k, &r) > 0, "unless it is asked for by name");
	ok(kit_good(&k) && kit_state(&k, run, 0) == SUAN_STAGING, "all is well");
	kit_done(&k);
}

static void t_users(void)
{
	const char *user = "v", *account = "team";
	struct kit k;
	struct suan_job_spec job = kit_job(1, 1, MINUTE);
	struct suan_reserve r;

	kit_one_pool(&k, 2, 4);
	r = wish("r", 1, 0, k.now + HOUR);
	r.users = (struct suan_names){&user, 1};
	r.accounts = (struct suan_names){&account, 1};
	reserve(&k, &r);
	job.reservation = "r";
	ok(kit_submit(&k, &job), "its owner");
	job.user = "v";
	ok(kit_submit(&k, &job), "a user it names");
	job.user = "w";
	ok(!kit_submit(&k, &job) && k.fx.refused == SUAN_R_RESERVATION_USER, "no other");
	job.account = "team";
	ok(kit_submit(&k, &job), "but one of its account");
	job.reservation = "s";
	ok(!kit_submit(&k, &job) && k.fx.code == SUAN_EINVAL, "no such reservation");
	job.reservation = "r";
	job.walltime_ms = HOUR + 1;
	ok(!kit_submit(&k, &job) && k.fx.refused == SUAN_R_TOO_LONG && k.fx.b == HOUR,
	   "longer than it");
	job.walltime_ms = MINUTE;
	job.begin_ms = k.now + HOUR - MINUTE / 2;
	ok(!kit_submit(&k, &job) && k.fx.refused == SUAN_R_TOO_LONG && k.fx.b == MINUTE / 2,
	   "or than what is left of it");
	job.begin_ms = 0;
	job.req.tasks = 5;
	ok(!kit_submit(&k, &job) && k.fx.refused == SUAN_R_TOO_MANY_TASKS && k.fx.b == 4,
	   "larger than it");
	job.req.tasks = 4;
	ok(kit_submit(&k, &job), "as large");
	kit_done(&k);
}

static void t_keys_and_quotas(void)
{
	struct suan_policy p = {.kind = SUAN_POLICY_EASY,
				.max_reservations = 2,
				.max_node_hours = 10,
				.reserve_horizon_ms = 24 * (int64_t)HOUR};
	struct kit k;
	struct suan_reserve r;

	kit_one_pool(&k, 8, 4);
	kit_policy(&k, &p);
	k.now = HOUR;
	r = wish("", 1, 0, 2 * HOUR);
	r.has_key = true;
	r.key[0] = 9;
	r.body_hash = 5;
	is_int(reserve(&k, &r), 1, "with a key");
	ok(reserve(&k, &r) == 1 && k.fx.repeated, "the same key gives the same");
	r.body_hash = 6;
	ok(!reserve(&k, &r) && k.fx.code == SUAN_ECONFLICT, "but not for another wish");
	r = wish("", 1, 24 * HOUR, 25 * HOUR + 1);
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_HORIZON && k.fx.b == 25 * (int64_t)HOUR,
	   "too far ahead");
	r = wish("", 5, 2 * HOUR, 4 * HOUR);
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_NODE_HOURS && k.fx.a == 11 && k.fx.b == 10,
	   "too many node-hours with those there are");
	r.exempt = true;
	ok(reserve(&k, &r) == 2, "unless an operator asks");
	r = wish("", 1, 5 * HOUR, 5 * HOUR + 1);
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_RESERVATIONS && k.fx.a == 2, "too many");
	r.owner = "other";
	ok(reserve(&k, &r) == 3, "others have their own quota");
	p.reserve_horizon_ms = -1;
	ok(suan_engine_check(k.e, &(struct suan_event){.type = SUAN_EV_POLICY, .u.policy = p},
			     &k.fx, &k.err) == SUAN_OK &&
		   k.fx.code == SUAN_EINVAL,
	   "a negative horizon");
	kit_done(&k);
}

static void t_shapes(void)
{
	struct kit k;
	struct suan_reserve r;
	static const uint32_t list[] = {0, 2}, wrong[] = {1, 9};
	struct suan_site_spec *s;
	uint32_t pool, n;

	kit_init(&k);
	s = kit_site(&k, "a", "east");
	kit_pool(s, "small", 8, 4);
	kit_pool(s, "gpu", 4, 16)->gpus = 2;
	s->pools[1].gpu = "a800";
	s->pools[1].price_hour_uyuan = 16000000;
	kit_network(&k);
	r = wish("", 0, 0, HOUR);
	r.req = (struct suan_req){.tasks = 10, .cores = 1};
	ok(reserve(&k, &r) && k.fx.nodes == 3 && k.fx.pool == 0, "ten cores are three nodes");
	r.req = (struct suan_req){.tasks = 3, .gpus = 1};
	r.gpu = "a800";
	ok(reserve(&k, &r) && k.fx.nodes == 2 && k.fx.pool == 1, "three accelerators are two");
	r = wish("", 0, 2 * HOUR, 3 * HOUR);
	r.req = (struct suan_req){.tasks = 1, .cores = 5, .memory = UINT64_C(1) << 30};
	ok(reserve(&k, &r) && k.fx.pool == 1, "a wide task lies in the pool with wide nodes");
	r.req.memory = UINT64_C(1) << 40;
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_TOO_MUCH_MEMORY, "nowhere is so much memory");
	r = wish("", 0, 4 * HOUR, 5 * HOUR);
	r.list = list;
	r.nlist = 2;
	ok(!reserve(&k, &r) && k.fx.code == SUAN_EINVAL, "nodes of no pool");
	r.site = "a";
	r.pool = "small";
	ok(reserve(&k, &r) && suan_engine_reserved(k.e, k.fx.reservation, 0, &pool, &n)[1] == 2,
	   "these nodes");
	ok(!suan_engine_reserved(k.e, k.fx.reservation, 1, &pool, &n) &&
		   !suan_engine_reserved(k.e, 99, 0, &pool, &n),
	   "there are no more parts");
	r.list = wrong;
	ok(!reserve(&k, &r) && k.fx.code == SUAN_EINVAL, "there is no such node");
	r = wish("", 0, 4 * HOUR, 5 * HOUR);
	r.maintenance = true;
	r.site = "a";
	ok(!reserve(&k, &r) && k.fx.refused == SUAN_R_RESERVED && k.fx.a == 5 * HOUR,
	   "maintenance waits for reservations");
	r.from_ms = 5 * HOUR;
	r.to_ms = 6 * HOUR;
	ok(reserve(&k, &r) && k.fx.nodes == 12, "and takes all pools");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

/* Of so many runs the planner keeps those that have ended for a while; nobody may look at them. */
static void t_ended_between(void)
{
	struct kit k;
	struct suan_job_spec job = kit_job(1, 4, 10 * MINUTE), in = job;
	struct suan_reserve r;
	struct suan_candidate c[2];
	uint64_t ids[300], own;
	int64_t when;
	uint32_t n;

	kit_one_pool(&k, 300, 4);
	r = wish("r", 1, k.now + 5 * MINUTE, k.now + HOUR);
	reserve(&k, &r);
	in.reservation = "r";
	own = kit_submit(&k, &in);
	for (uint32_t i = 0; i < 300; i++)
		ids[i] = kit_submit(&k, &job);
	kit_pass(&k);
	for (uint32_t i = 0; i < 3; i++)
		kit_ended(&k, ids[100 + i], 0, 1, SUAN_OUT_EXITED);
	n = suan_engine_why(k.e, (struct suan_run_id){own, 0, 0}, c, 2, &when);
	ok(n == 1 && c[0].start_ms == r.from_ms, "asked before a pass, of a pool with many runs");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

static void t_single(void)
{
	struct kit k;
	struct suan_job_spec job = kit_job(1, 4, 10 * MINUTE), other = job;
	struct suan_reserve r;
	uint64_t a, b;

	kit_one_pool(&k, 1, 4);
	r = wish("once", 1, k.now + MINUTE, k.now + HOUR);
	r.single = true;
	reserve(&k, &r);
	job.reservation = "once";
	a = kit_submit(&k, &job);
	ok(a && !kit_submit(&k, &job) && k.fx.refused == SUAN_R_RESERVATION_USER,
	   "a reservation for one job takes one");
	b = kit_submit(&k, &other);
	k.now += MINUTE;
	kit_pass(&k);
	ok(!waits(&k, a) && waits(&k, b), "it starts");
	k.now += MINUTE;
	kit_ended(&k, a, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	ok(suan_engine_next_reservation(k.e, 0) == 0, "when it is over, so is its reservation");
	ok(kit_effects(&k, SUAN_FX_WAKE) && kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms == k.now,
	   "and a pass is wanted at once");
	kit_pass(&k);
	ok(!waits(&k, b), "in which the next one starts");
	kit_done(&k);
}

static void set_capacity(struct kit *k, uint32_t nodes)
{
	struct suan_event ev = {.type = SUAN_EV_CAPACITY, .u.capacity = {0, nodes}};

	kit_step(k, &ev);
}

static void t_broken(void)
{
	struct kit k;
	struct suan_reservation_view v;
	struct suan_job_spec job = kit_job(1, 4, 10 * MINUTE);
	struct suan_reserve r;
	uint32_t pool, n;
	uint64_t own;

	kit_one_pool(&k, 4, 4);
	r = wish("r", 2, k.now + HOUR, k.now + 2 * HOUR);
	reserve(&k, &r);
	kit_pass(&k);
	ok(suan_engine_reservation(k.e, 1, &v) && v.broken == SUAN_R_NONE && v.lost == 0, "whole");
	is_str(v.name, "r", "its name");
	ok(!suan_engine_reservation(k.e, 2, &v), "there is one");
	is_int(suan_engine_find_reservation(k.e, "r"), 1, "found by name");
	is_int(suan_engine_find_reservation(k.e, "q"), 0, "or not");
	kit_site_state(&k, "a", SUAN_SITE_DOWN);
	ok(suan_engine_reservation(k.e, 1, &v) && v.broken == SUAN_R_SITE_DOWN && v.lost == 2,
	   "broken when its site is down");
	kit_site_state(&k, "a", SUAN_SITE_UP);
	set_capacity(&k, 3);
	ok(suan_engine_reservation(k.e, 1, &v) && v.broken == SUAN_R_NODES_LOST && v.lost == 1,
	   "broken when a node is lost");
	kit_pass(&k);
	ok(suan_engine_reservation(k.e, 1, &v) && v.broken == SUAN_R_NONE,
	   "another takes its place");
	ok(suan_engine_reserved(k.e, 1, 0, &pool, &n)[0] == 1 &&
		   suan_engine_reserved(k.e, 1, 0, &pool, &n)[1] == 2,
	   "in order");
	set_capacity(&k, 1);
	kit_pass(&k);
	ok(suan_engine_reservation(k.e, 1, &v) && v.lost == 1, "as far as there are any");
	job.reservation = "r";
	own = kit_submit(&k, &job);
	k.now = r.from_ms;
	kit_pass(&k);
	is_int(node_of(&k, own), 0, "what is left of it can be used");
	set_capacity(&k, 4);
	kit_pass(&k);
	ok(suan_engine_reservation(k.e, 1, &v) && v.lost == 0 && kit_good(&k), "whole again");
	kit_done(&k);
}

/* A run that outstays its limit is not started upon. */
static void t_overstay(void)
{
	struct kit k;
	struct suan_job_spec job = kit_job(1, 4, 10 * MINUTE), in = job;
	struct suan_reserve r;
	uint64_t a, own;

	kit_one_pool(&k, 1, 4);
	r = wish("r", 1, k.now + 30 * MINUTE, k.now + HOUR);
	reserve(&k, &r);
	a = kit_submit(&k, &job);
	kit_pass(&k);
	ok(!waits(&k, a), "it would be over long before");
	in.reservation = "r";
	own = kit_submit(&k, &in);
	k.now = r.from_ms;
	kit_pass(&k);
	ok(waits(&k, own) && kit_good(&k), "while it goes on nothing starts there");
	k.now += 5;
	kit_ended(&k, a, 0, 1, SUAN_OUT_TIMEOUT);
	kit_pass(&k);
	ok(!waits(&k, own), "then at once");
	kit_done(&k);
}

/* ---- guaranteed starts in random histories ---- */

#define JOBS	 400
#define PROMISES 12

struct promise {
	uint64_t job;
	int64_t from;
	bool kept;
};

struct story {
	struct kit k;
	struct suan_rng rng;
	uint64_t jobs[JOBS];
	int64_t over[JOBS]; /* when the run ends; 0: does not run */
	uint32_t njobs;
	struct promise promises[PROMISES];
	uint32_t npromises;
	int64_t wake;
	bool good;
};

static uint32_t dice(struct story *s, uint32_t n)
{
	return (uint32_t)suan_rng_below(&s->rng, n);
}

static void fail(struct story *s, const char *what)
{
	if (s->good)
		printf("# at %lld: %s\n", (long long)s->k.now, what);
	s->good = false;
}

static void note_job(struct story *s, uint64_t id)
{
	if (id && s->njobs < JOBS) {
		s->jobs[s->njobs] = id;
		s->over[s->njobs++] = 0;
	}
}

/* Anything anybody may submit: wide, long, urgent. */
static void crowd(struct story *s)
{
	struct suan_job_spec j =
		kit_job(1 + dice(s, 12), 1 + dice(s, 4), 1000 * (1 + (int64_t)dice(s, 900)));

	j.estimate_ms = dice(s, 2) ? 1 + (int64_t)dice(s, (uint32_t)j.walltime_ms) : 0;
	j.priority = (int32_t)dice(s, 2000);
	j.req.exclusive = dice(s, 5) == 0;
	j.user = dice(s, 2) ? "x" : "y";
	if (s->njobs < JOBS - PROMISES)
		note_job(s, kit_submit(&s->k, &j));
}

static void promise(struct story *s)
{
	struct suan_reserve r = wish("", 1 + dice(s, 3), 0, 0);
	struct suan_job_spec j;
	char text[12];
	uint32_t id;

	if (s->npromises == PROMISES)
		return;
	r.from_ms = s->k.now + 1000 * (int64_t)dice(s, 600);
	r.to_ms = r.from_ms + 1000 * (1 + (int64_t)dice(s, 600));
	r.single = dice(s, 2);
	id = reserve(&s->k, &r);
	if (!id)
		return;
	snprintf(text, sizeof(text), "%u", id);
	j = kit_job(r.nodes, 1, r.to_ms - r.from_ms);
	j.req.nodes = r.nodes;
	j.req.exclusive = true;
	j.reservation = text;
	s->promises[s->npromises] = (struct promise){kit_submit(&s->k, &j), r.from_ms, false};
	if (!s->promises[s->npromises].job)
		fail(s, "what fits was refused");
	note_job(s, s->promises[s->npromises++].job);
}

/* What was started ends some time within its limit. */
static void note_starts(struct story *s)
{
	for (size_t i = 0; i < s->k.fx.count; i++) {
		const struct suan_effect *x = &s->k.fx.list[i];

		if (x->type == SUAN_FX_WAKE && x->at_ms < s->wake)
			s->wake = x->at_ms;
		for (uint32_t n = 0; x->type == SUAN_FX_START && n < s->njobs; n++) {
			struct suan_job_view v = kit_view(&s->k, s->jobs[n]);

			if (s->jobs[n] == x->run.job)
				s->over[n] =
					s->k.now +
					(dice(s, 3) ? 1 + (int64_t)dice(s, (uint32_t)v.walltime_ms)
						    : v.walltime_ms);
		}
	}
}

static void check_promises(struct story *s)
{
	for (uint32_t i = 0; i < s->npromises; i++) {
		struct promise *p = &s->promises[i];
		bool started = !waits(&s->k, p->job);

		if (p->kept || s->k.now < p->from)
			continue;
		if (!started)
			fail(s, "a guaranteed start was not kept");
		if (s->k.now > p->from)
			fail(s, "there was no pass when a reservation began");
		p->kept = true;
	}
}

static void pass(struct story *s)
{
	s->wake = SUAN_FOREVER;
	do {
		kit_pass(&s->k);
		note_starts(s);
		check_promises(s);
		if (s->wake <= s->k.now)
			s->wake = 0; /* once more, at the same time */
		else
			break;
		s->wake = SUAN_FOREVER;
	} while (s->good);
	if (!kit_good(&s->k))
		fail(s, "an invariant is broken");
}

/* Goes on to the next instant at which something happens by itself. */
static void advance(struct story *s)
{
	int64_t next = s->wake;

	for (uint32_t i = 0; i < s->njobs; i++)
		if (s->over[i] && s->over[i] < next)
			next = s->over[i];
	if (next == SUAN_FOREVER || dice(s, 3) == 0)
		next = next < s->k.now + 7000 ? next : s->k.now + 7000;
	s->k.now = next;
	for (uint32_t i = 0; i < s->njobs; i++) {
		if (s->over[i] != s->k.now)
			continue;
		s->over[i] = 0;
		kit_ended(&s->k, s->jobs[i], 0, 1, SUAN_OUT_EXITED);
	}
}

static uint32_t keeps_promises(uint64_t seed)
{
	struct story s = {.good = true};
	uint32_t kept = 0;

	suan_rng_init(&s.rng, seed);
	kit_init(&s.k);
	kit_pool(kit_site(&s.k, "a", "east"), "p", 3 + dice(&s, 4), 4);
	if (dice(&s, 2))
		kit_pool(kit_site(&s.k, "b", "west"), "q", dice(&s, 4) ? 4 : 70, 4);
	kit_network(&s.k);
	kit_policy(&s.k,
		   &(struct suan_policy){.kind = (enum suan_policy_kind)dice(&s, SUAN_NPOLICIES),
					 .plan_depth = dice(&s, 3)});
	s.wake = SUAN_FOREVER;
	for (uint32_t i = 0; i < 250 && s.good; i++) {
		for (uint32_t n = dice(&s, 4); n > 0; n--)
			crowd(&s);
		if (dice(&s, 8) == 0)
			promise(&s);
		pass(&s);
		advance(&s);
	}
	for (uint32_t i = 0; i < s.npromises; i++)
		kept += s.promises[i].kept;
	if (!s.good)
		printf("# seed %llu\n", (unsigned long long)seed);
	kit_done(&s.k);
	return s.good ? kept : 0;
}

static void t_guarantee(void)
{
	const char *text = getenv("SUAN_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	uint32_t kept = 0, good = 0, n = text ? 1 : 150;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t here = keeps_promises(seed + i);

		good += here > 0;
		kept += here;
	}
	ok(good == n, "%u of %u histories keep every guaranteed start", good, n);
	ok(text || kept > 3 * n, "there were %u", kept);
}

int main(void)
{
	t_keeps();
	t_exact();
	t_late();
	t_brief();
	t_reasons();
	t_refused();
	t_users();
	t_keys_and_quotas();
	t_shapes();
	t_ended_between();
	t_single();
	t_broken();
	t_overstay();
	t_guarantee();
	return tap_done();
}
