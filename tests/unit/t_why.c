/* Why a run is where it is: what a decision keeps, and what would have changed it. */
#include "lib/accounts_kit.h"
#include "lib/engine_kit.h"

#define HOUR INT64_C(3600000)

static void two_sites(struct kit *k, uint32_t watt)
{
	struct suan_site_spec *s;

	kit_init(k);
	k->now = 400 * 24 * HOUR;
	s = kit_site(k, "a", "east");
	s->price_uyuan_kwh = 1000000;
	kit_pool(s, "p", 1, 8)->busy_watt = watt;
	s = kit_site(k, "b", "west");
	s->price_uyuan_kwh = 2000000;
	kit_pool(s, "p", 1, 8)->busy_watt = watt;
	kit_network(k);
	kit_pass(k);
}

static void tell_price(struct kit *k, const char *site, int64_t price)
{
	struct suan_signal_step step = {k->now, price};
	struct suan_signal_spec s = {.site = site, .kind = SUAN_SIGNAL_PRICE, .steps = &step,
				     .nsteps = 1, .until_ms = k->now + 24 * HOUR};
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .u.signal = &s};

	ok(kit_step(k, &ev) == SUAN_OK, "a price");
}

static struct suan_run_id task_of(uint64_t job)
{
	return (struct suan_run_id){job, 0, 0};
}

static void t_costs_are_kept(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 4, HOUR);
	struct suan_offer o[2];
	struct suan_engine *next = NULL;
	struct suan_buf b;
	int64_t when;
	uint32_t n;

	two_sites(&k, 1000);
	kit_submit(&k, &s);
	n = suan_engine_why_offers(k.e, task_of(1), o, 2, &when);
	ok(n == 2 && when == 0 && o[0].cost_uyuan == 500000, "of a waiting job as of now");
	kit_pass(&k);
	k.now += 60000;
	tell_price(&k, "a", 9000000);
	n = suan_engine_why_offers(k.e, task_of(1), o, 2, &when);
	ok(n == 2 && when == k.now - 60000 && o[0].reason == SUAN_R_CHOSEN && o[0].pool == 0 &&
	   o[0].cost_uyuan == 500000 && o[0].energy_j == 1800000 && o[0].carbon_mg >= -1 &&
	   o[0].end_ms == o[0].start_ms + HOUR, "as it was when it was decided");
	ok(o[1].pool == 1 && o[1].cost_uyuan == 1000000, "and what the other would have cost");
	suan_buf_init(&b, 0);
	ok(suan_engine_save(k.e, &b, NULL) == SUAN_OK &&
	   suan_engine_load(&next, b.data, b.len, NULL) == SUAN_OK, "saved and loaded");
	ok(suan_engine_why_offers(next, task_of(1), o, 2, &when) == 2 && o[1].cost_uyuan == 1000000,
	   "is kept there");
	is_int(suan_engine_why_offers(k.e, task_of(1), o, 1, &when), 2, "more than asked for");
	suan_engine_free(next);
	suan_buf_done(&b);
	kit_done(&k);
}

static void t_nothing_known(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 4, HOUR);
	struct suan_remedy r[4];
	struct suan_offer o[2];
	int64_t when;

	two_sites(&k, 0);
	kit_submit(&k, &s);
	kit_pass(&k);
	ok(suan_engine_why_offers(k.e, task_of(1), o, 2, &when) == 2 &&
	   o[0].reason == SUAN_R_CHOSEN && o[0].start_ms == k.now, "candidates without costs");
	is_int(suan_engine_remedies(k.e, task_of(1), r, 4), 0, "it started as soon as it could");
	is_int(suan_engine_remedies(k.e, task_of(7), r, 4), 0, "no such job");
	is_int(suan_engine_why_offers(k.e, task_of(7), o, 2, &when), 0, "nor candidates of one");
	kit_done(&k);
}

static void t_cores(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 6, 2 * HOUR), t = kit_job(1, 5, HOUR);
	struct suan_remedy r[4];
	int64_t came;

	two_sites(&k, 0);
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	kit_pass(&k);
	k.now += 60000;
	came = k.now;
	kit_submit(&k, &t);
	kit_pass(&k);
	is_int(suan_engine_remedies(k.e, task_of(3), r, 4), 1, "one, while it waits");
	ok(r[0].kind == SUAN_REMEDY_CORES && r[0].a == 3 && r[0].pool == 0 &&
	   r[0].earlier_ms == 2 * HOUR - 60000, "three more cores now");
	k.now += 20 * 60000;
	kit_ended(&k, 2, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	ok(kit_effects(&k, SUAN_FX_START) == 1, "somebody ended early");
	is_int(suan_engine_remedies(k.e, task_of(3), r, 4), 1, "one");
	ok(r[0].kind == SUAN_REMEDY_CORES && r[0].a == 3 && r[0].pool == 1 &&
	   r[0].earlier_ms == k.now - came, "three more free cores there 20 minutes earlier");
	is_int(suan_engine_remedies(k.e, task_of(1), r, 4), 0, "nothing of one that never waited");
	kit_done(&k);
}

static void t_bounds(void)
{
	static uint32_t latencies[] = {1000, 6000, 0, 9000, 9000, 0};
	static struct suan_city_spec cities[] = {{"x", "", "", 0, 0, 0}};
	struct kit k;
	struct suan_job_spec s = kit_job(1, 8, HOUR);
	struct suan_remedy r[4];
	const char *east = "east";
	uint32_t n;

	two_sites(&k, 0);
	k.net.cities = cities;
	k.net.ncities = 1;
	k.net.latency_us = latencies;
	k.net.nlatency = 6;
	kit_network(&k);
	s.near = "x";
	s.max_latency_us = 5000;
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	kit_pass(&k);
	n = suan_engine_remedies(k.e, task_of(3), r, 4);
	ok(n == 3 && r[0].kind == SUAN_REMEDY_CORES && r[0].a == 8 &&
	   r[1].kind == SUAN_REMEDY_PRIORITY && r[1].a == 1 && r[2].kind == SUAN_REMEDY_LATENCY &&
	   r[2].pool == 1 && r[2].a == 6000 && r[2].b == 5000, "cores, priority or latency");
	is_int(suan_engine_remedies(k.e, task_of(3), r, 1), 1, "no more than asked for");
	s.max_latency_us = 6000;
	s.hub = (struct suan_names){&east, 1};
	ok(kit_submit(&k, &s) == 4, "one by its lists");
	kit_pass(&k);
	n = suan_engine_remedies(k.e, task_of(4), r, 4);
	ok(n == 3 && r[2].kind == SUAN_REMEDY_LISTS && r[2].pool == 1, "its lists");
	k.now += HOUR;
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	n = suan_engine_remedies(k.e, task_of(2), r, 4);
	ok(n == 2 && r[0].kind == SUAN_REMEDY_CORES && r[0].earlier_ms == HOUR &&
	   r[1].kind == SUAN_REMEDY_LATENCY, "of one that waited for an hour");
	is_str(suan_remedy_name(SUAN_REMEDY_LATENCY), "latency", "a word");
	kit_done(&k);
}

static void t_together(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 5, HOUR), wide = kit_job(1, 6, HOUR);
	struct suan_remedy r[2];
	struct suan_site_spec *site;

	kit_init(&k);
	site = kit_site(&k, "a", "east");
	kit_pool(site, "p", 2, 8);
	kit_network(&k);
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	kit_submit(&k, &wide);
	kit_pass(&k);
	ok(suan_engine_remedies(k.e, task_of(3), r, 2) == 1 && r[0].kind == SUAN_REMEDY_ROOM,
	   "six cores are free, but not on one node");
	kit_done(&k);
}

/* The first thing that would let it start sooner; none: kind −1. */
static struct suan_remedy first_of(const struct kit *k, uint64_t job)
{
	struct suan_remedy r[4] = {{.kind = (enum suan_remedy_kind)-1}};

	(void)suan_engine_remedies(k->e, task_of(job), r, 4);
	return r[0];
}

static void t_keepers(void)
{
	struct suan_reserve keep = {.name = "r", .owner = "u", .site = "a", .pool = "p", .gpu = "",
				    .nodes = 1};
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .u.reserve = &keep};
	struct suan_job_spec s = kit_job(1, 1, HOUR), t;
	struct suan_range two = {.nruns = 1, .count = 2, .cap = 1, .runs = {{0, 1, 1}}};
	struct suan_dep dep = {SUAN_AFTEROK, 1};
	struct suan_remedy r;
	struct kit k;

	two_sites(&k, 0);
	kit_submit(&k, &s);
	t = s;
	t.hold = true;
	kit_submit(&k, &t);
	t = s;
	t.begin_ms = k.now + HOUR;
	kit_submit(&k, &t);
	t = s;
	t.deps = &dep;
	t.ndeps = 1;
	kit_submit(&k, &t);
	t = s;
	t.array = &two;
	kit_submit(&k, &t);
	keep.from_ms = k.now + 3 * HOUR;
	keep.to_ms = k.now + 5 * HOUR;
	ok(kit_step(&k, &ev) == SUAN_OK, "a reservation");
	t = s;
	t.reservation = "r";
	kit_submit(&k, &t);
	kit_pass(&k);
	is_int(first_of(&k, 2).kind, SUAN_REMEDY_RELEASE, "to be released");
	r = first_of(&k, 3);
	ok(r.kind == SUAN_REMEDY_BEGIN && r.a == k.now + HOUR, "an earlier begin");
	r = first_of(&k, 4);
	ok(r.kind == SUAN_REMEDY_DEPENDENCY && r.a == 1 && r.b == 0, "the end of another");
	ok(suan_engine_remedies(k.e, (struct suan_run_id){5, 1, 0}, &r, 1) == 1 &&
	   r.kind == SUAN_REMEDY_CAP && r.a == 1 && r.b == 1, "more at a time");
	r = first_of(&k, 6);
	ok(r.kind == SUAN_REMEDY_RESERVATION && r.a == keep.from_ms && r.b == keep.to_ms,
	   "another reservation");
	kit_started(&k, 1, 0, 1);
	kit_ended(&k, 1, 0, 1, SUAN_OUT_SIGNALLED);
	kit_pass(&k);
	r = first_of(&k, 4);
	ok(r.kind == SUAN_REMEDY_DEPENDENCY && r.a == 1 && r.b == 1, "which can no longer be");
	kit_site_state(&k, "a", SUAN_SITE_DOWN);
	kit_site_state(&k, "b", SUAN_SITE_DOWN);
	kit_submit(&k, &s);
	kit_pass(&k);
	is_int(first_of(&k, 7).kind, SUAN_REMEDY_SITES, "a site that is up");
	for (int i = 0; i <= SUAN_REMEDY_SITES; i++)
		ok(suan_remedy_name((enum suan_remedy_kind)i)[0], "a word for %d", i);
	is_str(suan_remedy_name((enum suan_remedy_kind)99), "", "none for others");
	kit_done(&k);
}

/* Cheap in the third hour: the goal is what keeps it, and was. */
static void t_goal(void)
{
	struct suan_signal_step steps[] = {{0, 1000000}, {2 * HOUR, 100000}, {4 * HOUR, 1000000}};
	struct suan_signal_spec price = {.kind = SUAN_SIGNAL_PRICE, .steps = steps, .nsteps = 3};
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .u.signal = &price};
	struct suan_job_spec s = kit_job(1, 4, HOUR);
	struct suan_remedy r;
	struct kit k;

	two_sites(&k, 1000);
	for (int i = 0; i < 3; i++)
		steps[i].at_ms += k.now;
	price.until_ms = k.now + 24 * HOUR;
	price.site = "a";
	ok(kit_step(&k, &ev) == SUAN_OK, "prices of a");
	s.goal = SUAN_GOAL_CHEAPEST;
	s.max_delay_ms = 12 * HOUR;
	kit_submit(&k, &s);
	kit_pass(&k);
	r = first_of(&k, 1);
	ok(r.kind == SUAN_REMEDY_GOAL && r.a == k.now && r.earlier_ms == 2 * HOUR && r.pool == 0,
	   "fastest would start now: %lld", (long long)r.earlier_ms);
	k.now += 2 * HOUR;
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "then it starts");
	r = first_of(&k, 1);
	ok(r.kind == SUAN_REMEDY_GOAL && r.earlier_ms == 2 * HOUR && r.a == 0,
	   "it was its goal, not the room");
	kit_done(&k);
}

/* What cannot be brought there, and what came late. */
static void t_data(void)
{
	struct suan_data_command put = {.op = SUAN_DATA_PUT, .name = "film", .who = "u",
					.site = "a", .bytes = 7500000000, .present = true};
	struct suan_event ev = {.type = SUAN_EV_DATA, .u.data = &put};
	struct suan_transfer_view v;
	struct suan_job_spec s = kit_job(1, 4, HOUR);
	const char *film = "film", *west = "west";
	struct suan_offer o[2];
	struct suan_remedy r;
	struct kit k;
	int64_t when;

	two_sites(&k, 0);
	ok(kit_step(&k, &ev) == SUAN_OK, "data at a");
	k.net.sites[1].cache_bytes = 1;
	kit_network(&k);
	s.inputs = (struct suan_names){&film, 1};
	s.hub = (struct suan_names){&west, 1};
	kit_submit(&k, &s);
	kit_pass(&k);
	r = first_of(&k, 1);
	ok(r.kind == SUAN_REMEDY_DATA && r.a == SUAN_FOREVER, "no room for it at b");
	ok(suan_engine_why_offers(k.e, task_of(1), o, 2, &when) == 2, "two");
	for (int i = 0; i < 2; i++)
		ok(o[i].reason == (o[i].pool == 1 ? SUAN_R_DATA : SUAN_R_NOT_ALLOWED) &&
		   o[i].start_ms == SUAN_FOREVER, "neither, and why");
	k.net.sites[1].cache_bytes = 0;
	kit_network(&k);
	kit_pass(&k);
	kit_pass(&k);
	r = first_of(&k, 1);
	ok(r.kind == SUAN_REMEDY_DATA && r.a == k.now + 60000, "a minute at 1 Gbit/s");
	k.now += 60000;
	ok(suan_engine_transfer(k.e, 1, &v), "it comes");
	ev.type = SUAN_EV_TRANSFER;
	ev.u.transfer = (struct suan_transfer_report){
		.id = 1, .attempt = v.attempt, .kind = SUAN_TRANSFER_DONE, .bytes = v.bytes,
		.files = 1, .sha256 = "", .text = ""};
	ok(kit_step(&k, &ev) == SUAN_OK, "it came");
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "then it starts");
	r = first_of(&k, 1);
	ok(r.kind == SUAN_REMEDY_DATA && r.earlier_ms == 60000 && r.pool == 1, "not for room");
	ok(suan_engine_why_offers(k.e, task_of(1), o, 2, &when) == 2 &&
	   o[1].reason == SUAN_R_NOT_ALLOWED && o[1].pool == 0, "its lists exclude the other");
	kit_done(&k);
}

static void t_quota(void)
{
	struct suan_job_spec s = kit_job(1, 4, HOUR);
	struct accounts_kit a;
	struct suan_remedy r;
	struct kit k;

	two_sites(&k, 0);
	accounts_empty(&a);
	kit_limit(&kit_account(&a, "lab", "", 1)->limits, SUAN_LIMIT_CORES, 4);
	ok(accounts_set(&k, &a) == SUAN_OK, "an account");
	s.account = "lab";
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	kit_pass(&k);
	r = first_of(&k, 2);
	ok(r.kind == SUAN_REMEDY_QUOTA && r.a == 4 && r.b == 4, "a higher limit");
	kit_done(&k);
}

int main(void)
{
	t_costs_are_kept();
	t_nothing_known();
	t_cores();
	t_bounds();
	t_together();
	t_keepers();
	t_goal();
	t_data();
	t_quota();
	return tap_done();
}
