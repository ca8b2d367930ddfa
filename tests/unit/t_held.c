/* What a quote holds beside nodes: links and room in the cache of its site for what its job reads,
 * until that comes or the quote lapses. */
#include "lib/engine_kit.h"

#define MB     1000000ull
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

static struct suan_link_spec links[] = {{"a", "b", 1000, 1000, 0, 0}, {"c", "b", 100, 1000, 0, 0}};

/* Data lies at a; 1 Gbit/s to b, which has a cache of 20 GB. */
static void three_sites(struct kit *k)
{
	kit_init(k);
	k->now = 400 * 24 * HOUR;
	kit_pool(kit_site(k, "a", "east"), "p", 1, 4);
	kit_pool(kit_site(k, "b", "west"), "p", 2, 4);
	kit_pool(kit_site(k, "c", "west"), "p", 1, 4);
	k->net.sites[1].cache_bytes = 20000 * MB;
	k->net.links = links;
	k->net.nlinks = 2;
	kit_network(k);
	kit_pass(k);
}

static void put(struct kit *k, const char *name, const char *site, uint64_t bytes)
{
	struct suan_data_command c = {.op = SUAN_DATA_PUT, .name = name, .who = "u", .site = site,
				      .bytes = bytes, .present = true};
	struct suan_event ev = {.type = SUAN_EV_DATA, .u.data = &c};

	ok(kit_step(k, &ev) == SUAN_OK, "%s is at %s", name, site);
}

static enum suan_code act(struct kit *k, enum suan_data_op op, const char *name, const char *site)
{
	struct suan_data_command c = {.op = op, .name = name, .who = "u", .site = site};
	struct suan_event ev = {.type = SUAN_EV_DATA, .u.data = &c};

	return kit_step(k, &ev);
}

/* One node at b for ten minutes and what comes after, for a job of a minute. */
static uint32_t hold(struct kit *k, const char *input, int64_t more_ms)
{
	struct suan_reserve r = {.name = "", .owner = "u", .site = "b", .pool = "p", .gpu = "",
				 .req = {.tasks = 1, .cores = 4}, .single = true,
				 .until_ms = k->now + 10 * MINUTE,
				 .to_ms = k->now + 11 * MINUTE + more_ms, .limit_ms = MINUTE,
				 .inputs = {(const char **)(uintptr_t)&input, 1}};
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .u.reserve = &r};

	return kit_step(k, &ev) == SUAN_OK ? k->fx.reservation : 0;
}

static uint64_t job(struct kit *k, const char *input, const char *reservation)
{
	static const char *at = "b";
	struct suan_job_spec s = kit_job(1, 4, MINUTE);

	s.inputs = (struct suan_names){&input, 1};
	s.reservation = reservation;
	if (!reservation[0])
		s.site = (struct suan_names){&at, 1};
	return kit_submit(k, &s);
}

/* Through a snapshot: all of it must be there. */
static void restart(struct kit *k)
{
	struct suan_engine *next = NULL;
	struct suan_buf b;

	suan_buf_init(&b, 0);
	ok(suan_engine_save(k->e, &b, NULL) == SUAN_OK &&
	   suan_engine_load(&next, b.data, b.len, NULL) == SUAN_OK &&
	   suan_engine_hash(next) == suan_engine_hash(k->e), "the same after a restart");
	suan_buf_done(&b);
	suan_engine_free(k->e);
	k->e = next;
}

static struct suan_transfer_view transfer(const struct kit *k, uint32_t id)
{
	struct suan_transfer_view v = {.id = 0};

	(void)suan_engine_transfer(k->e, id, &v);
	return v;
}

static void done(struct kit *k, uint32_t id)
{
	struct suan_transfer_view v = transfer(k, id);
	struct suan_event ev = {.type = SUAN_EV_TRANSFER};

	ev.u.transfer = (struct suan_transfer_report){
		.id = id, .attempt = v.attempt, .kind = SUAN_TRANSFER_DONE, .bytes = v.bytes,
		.files = 1, .sha256 = "", .text = ""};
	ok(kit_step(k, &ev) == SUAN_OK, "transfer %u is done", id);
	kit_pass(k);
}

static void t_booked(void)
{
	struct suan_held_view v;
	struct kit k;

	three_sites(&k);
	put(&k, "film", "a", 7500 * MB);	/* a minute */
	is_int(hold(&k, "film", MINUTE - 1), 0, "too short by a millisecond");
	ok(k.fx.refused == SUAN_R_DATA_LATE && k.fx.a == k.now + 11 * MINUTE &&
	   k.fx.b == k.now + 11 * MINUTE - 1, "the data would come too late");
	is_int(hold(&k, "none", HOUR), 0, "of what there is not nothing is held");
	ok(k.fx.refused == SUAN_R_DATA_LATE && k.fx.a == SUAN_FOREVER, "it never comes");
	is_int(hold(&k, "film", MINUTE), 1, "held");
	ok(suan_engine_held(k.e, 1, 0, &v) && v.data == 1 && v.from == 0 && v.to == 1 &&
	   v.begin_ms == k.now + 10 * MINUTE && v.end_ms == k.now + 11 * MINUTE &&
	   v.mbit == 1000 && v.bytes == 7500 * MB, "the link, from the last moment on");
	ok(!suan_engine_held(k.e, 1, 1, &v) && !suan_engine_held(k.e, 9, 0, &v), "no more");
	is_int(act(&k, SUAN_DATA_RM, "film", NULL), SUAN_ECONFLICT, "it stays");
	restart(&k);
	ok(suan_engine_held(k.e, 1, 0, &v) && v.mbit == 1000, "held on");
	is_int(suan_engine_next_transfer(k.e, 0), 0, "nothing moves for a quote");
	k.now += 10 * MINUTE;
	kit_pass(&k);
	ok(!suan_engine_held(k.e, 1, 0, &v), "it lapsed");
	is_int(act(&k, SUAN_DATA_RM, "film", NULL), SUAN_OK, "and so may go");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

/* Somebody else wants the link for long: not before what is held is over, or after it lapsed. */
static void t_link(bool accept)
{
	struct suan_transfer_view v;
	int64_t begin;
	struct kit k;
	uint64_t id;

	three_sites(&k);
	begin = k.now;
	put(&k, "film", "a", 7500 * MB);
	put(&k, "game", "a", 12000 * MB);	/* 96 s */
	put(&k, "text", "a", 75 * MB);		/* 600 ms */
	k.now = begin + 9 * MINUTE;
	is_int(hold(&k, "film", MINUTE), 1, "held");
	k.now += 9 * MINUTE;
	job(&k, "game", "");
	job(&k, "text", "");
	kit_pass(&k);
	kit_pass(&k);
	v = transfer(&k, 1);
	ok(v.data == 2 && !v.running && v.begin_ms == begin + 20 * MINUTE,
	   "96 s do not fit before: %lld", (long long)(v.begin_ms - begin));
	ok(transfer(&k, 2).running && transfer(&k, 2).data == 3, "what is short goes ahead");
	done(&k, 2);
	k.now = begin + 19 * MINUTE - 1;
	restart(&k);
	kit_pass(&k);
	ok(!transfer(&k, 1).running, "to the last moment");
	if (!accept) {
		k.now++;
		kit_pass(&k);
		kit_pass(&k);
		ok(transfer(&k, 1).running && transfer(&k, 1).data == 2, "then it is free");
	} else {
		id = job(&k, "film", "1");
		kit_pass(&k);
		restart(&k);
		v = transfer(&k, 3);
		ok(v.data == 1 && v.end_ms <= begin + 20 * MINUTE && v.from == 0,
		   "accepted, and there in time: %lld", (long long)(v.end_ms - begin));
		k.now++;
		kit_pass(&k);
		ok(transfer(&k, 3).running && !transfer(&k, 1).running, "it moves");
		ok(kit_good(&k), "invariants");
		k.now = transfer(&k, 3).end_ms;
		done(&k, 3);
		kit_pass(&k);
		is_int(kit_state(&k, id, 0), SUAN_STAGING, "and the job starts");
		ok(transfer(&k, 1).running, "then the other comes");
	}
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

/* Accepted at once it does not wait for the last moment. */
static void t_sooner(void)
{
	struct kit k;

	three_sites(&k);
	put(&k, "film", "a", 7500 * MB);
	is_int(hold(&k, "film", MINUTE), 1, "held");
	job(&k, "film", "1");
	kit_pass(&k);
	ok(transfer(&k, 1).running && transfer(&k, 1).end_ms == k.now + MINUTE, "it moves at once");
	ok(kit_good(&k), "invariants");
	kit_done(&k);

	three_sites(&k);
	put(&k, "film", "a", 7500 * MB);
	put(&k, "game", "a", 75000 * MB / 2);
	k.net.sites[1].cache_bytes = 0;
	kit_network(&k);
	is_int(hold(&k, "film", MINUTE), 1, "held again");
	job(&k, "game", "");	/* five minutes */
	kit_pass(&k);
	kit_pass(&k);
	ok(transfer(&k, 1).running, "another moves");
	job(&k, "film", "1");
	kit_pass(&k);
	is_int(transfer(&k, 2).begin_ms, k.now + 5 * MINUTE, "behind it, still sooner than held");
	k.now += 2 * MINUTE;
	{
		struct suan_event ev = {.type = SUAN_EV_CANCEL,
					.u.target = {.job = 2, .all = true}};

		ok(kit_step(&k, &ev) == SUAN_OK, "its job is cancelled");
	}
	kit_pass(&k);
	kit_pass(&k);
	is_int(transfer(&k, 2).id, 0, "then it does not come");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_cache(void)
{
	struct suan_held_view v;
	struct kit k;

	three_sites(&k);
	put(&k, "film", "a", 7500 * MB);
	put(&k, "game", "a", 7500 * MB);
	put(&k, "text", "a", 7500 * MB);
	put(&k, "old", "a", 6000 * MB);
	ok(job(&k, "old", "") == 1, "a copy of what is old");
	kit_pass(&k);
	done(&k, 1);
	kit_started(&k, 1, 0, 1);
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(hold(&k, "film", MINUTE), 1, "held: 6 + 7.5 of 20 GB");
	is_int((int64_t)kit_effects(&k, SUAN_FX_ERASE), 0, "beside it");
	is_int(hold(&k, "game", 3 * MINUTE), 2, "15 GB");
	is_int((int64_t)kit_effects(&k, SUAN_FX_ERASE), 1, "what is old goes for it");
	is_int(hold(&k, "text", 9 * MINUTE), 0, "no room for 7.5 more");
	ok(k.fx.refused == SUAN_R_RESERVED, "nor a node");
	k.now += MINUTE;
	job(&k, "text", "");
	kit_pass(&k);
	kit_pass(&k);
	ok(transfer(&k, 2).data == 3 && !transfer(&k, 2).running, "nor for the job of another");
	is_int(act(&k, SUAN_DATA_EVICT, "film", "b"), SUAN_ENOTFOUND, "no copy yet");
	k.now += 9 * MINUTE;
	kit_pass(&k);
	ok(!suan_engine_held(k.e, 1, 0, &v), "they lapsed");
	k.now += MINUTE;
	kit_pass(&k);
	ok(transfer(&k, 2).running, "then there is");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

/* Larger than what is left beside what runs read. */
static void t_full(void)
{
	struct kit k;

	three_sites(&k);
	put(&k, "film", "b", 15000 * MB);
	put(&k, "game", "a", 7500 * MB);
	is_int(hold(&k, "game", MINUTE), 0, "the only copy does not go");
	ok(k.fx.refused == SUAN_R_CACHE_FULL && k.fx.a == 7500000000 && k.fx.b == 5000000000,
	   "7.5 where 5 are free");
	is_int(hold(&k, "film", 0), 1, "what is there takes nothing more");
	is_int(act(&k, SUAN_DATA_REPLICATE, "film", "a"), SUAN_OK, "one more copy");
	is_int(act(&k, SUAN_DATA_EVICT, "film", "b"), SUAN_ECONFLICT, "and this one stays");
	ok(job(&k, "film", "1") == 1, "accepted");
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "and runs at once");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

/* Links that hold two fully hold them one after the other. */
static void t_two(void)
{
	struct suan_held_view v, w;
	struct kit k;

	three_sites(&k);
	put(&k, "film", "a", 7500 * MB);
	put(&k, "game", "a", 7500 * MB);
	is_int(hold(&k, "film", MINUTE), 1, "held");
	is_int(hold(&k, "game", MINUTE), 0, "no time for both");
	ok(k.fx.refused == SUAN_R_DATA_LATE && k.fx.a == k.now + 12 * MINUTE, "a minute later");
	is_int(hold(&k, "game", 2 * MINUTE), 2, "held");
	ok(suan_engine_held(k.e, 1, 0, &v) && suan_engine_held(k.e, 2, 0, &w) &&
	   w.begin_ms == v.end_ms, "one after the other");
	{
		struct suan_event ev = {.type = SUAN_EV_UNRESERVE, .u.unreserve = {.id = 1}};

		ok(kit_step(&k, &ev) == SUAN_OK, "one is given back");
	}
	put(&k, "text", "a", 7500 * MB);
	is_int(hold(&k, "text", MINUTE), 3, "and its link is free");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

/* What jobs of other reservations read is moved to these. */
static void t_reservation(void)
{
	struct suan_reserve r = {.name = "r", .owner = "u", .site = "b", .pool = "p", .gpu = "",
				 .nodes = 1};
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .u.reserve = &r};
	struct kit k;

	three_sites(&k);
	put(&k, "film", "a", 7500 * MB);
	r.from_ms = k.now + HOUR;
	r.to_ms = k.now + 2 * HOUR;
	ok(kit_step(&k, &ev) == SUAN_OK, "a reservation");
	ok(job(&k, "film", "r") == 1, "a job in it");
	kit_pass(&k);
	kit_pass(&k);
	ok(transfer(&k, 1).running && transfer(&k, 1).to == 1, "its input comes");
	done(&k, 1);
	k.now += HOUR;
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "and it starts");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

int main(void)
{
	t_booked();
	t_link(true);
	t_link(false);
	t_sooner();
	t_cache();
	t_full();
	t_two();
	t_reservation();
	return tap_done();
}
