/* Every type of event to bytes and back; damage is always noticed. */
#include "engine/record.h"

#include "base/rng.h"
#include "lib/engine_kit.h"

static struct suan_pool_spec pools[] = {
	{"cpu", 4, 64, 0, "", UINT64_C(256) << 30, 1000, 120, 420, 0,
	 SUAN_DELEGATED_NO, 0, 0, 0, 0},
	{"gpu", 2, 96, 8, "a800", UINT64_C(1) << 40, 1500, 400, 5200, 40000000,
	 SUAN_DELEGATED_YES, 50, 400, 1500000, 35040},
};
static struct suan_pue_point pue[] = {{-5000, 1120}, {20000, 1180}};
static struct suan_site_spec sites[] = {
	{"zhongwei", "中卫", "ningxia", "owner", "local", 105180000, 37500000, 1150, -1, 0, "p.csv",
	 "", 7, pools, 2, 7100000, false, SUAN_CARBON_ZERO, 450000, -3000, true, pue, 2, 0,
	 "slurm.conf", "+08:00|;;;1;", "m.csv", "r.csv", "t.csv", "pf.csv", "cf.csv"},
	{"empty", "", "", "", "", -1, INT32_MIN, 0, INT64_MAX, INT64_MIN, "", "c.csv", 0, NULL, 0,
	 0, true, 0, 0, 0, false, NULL, 0, UINT64_MAX, "",
	 "", "", "", "", "", ""},
};
static struct suan_hub_spec hubs[] = {{"ningxia", "宁夏", "west"}};
static struct suan_city_spec cities[] = {{"beijing", "北京", "jing", 1, 2, 3}};
static struct suan_link_spec links[] = {{"beijing", "zhongwei", 400000, 8900, 20000, 1800}};
static uint32_t latencies[] = {200, SUAN_FAR_US, 0, 7, SUAN_FAR_US - 1, 0};
static const struct suan_network network = {.name = "demo",
					    .hubs = hubs,
					    .cities = cities,
					    .sites = sites,
					    .links = links,
					    .nhubs = 1,
					    .ncities = 1,
					    .nsites = 2,
					    .nlinks = 1,
					    .latency_us = latencies,
					    .nlatency = 6};

static bool round_trip(const struct suan_event *ev, struct suan_arena *arena,
		       struct suan_event *ret, struct suan_buf *bytes)
{
	struct suan_buf again;
	struct suan_err err = {0};
	size_t pos = 0;
	bool good;

	suan_buf_reset(bytes);
	suan_buf_init(&again, 0);
	good = suan_record_put(bytes, ev, &err) == SUAN_OK &&
	       suan_record_get(bytes->data, bytes->len, &pos, arena, ret, &err) == SUAN_OK &&
	       pos == bytes->len && suan_record_put(&again, ret, &err) == SUAN_OK &&
	       again.len == bytes->len && memcmp(again.data, bytes->data, again.len) == 0;
	suan_buf_done(&again);
	return ok(good && ret->seq == ev->seq && ret->now_ms == ev->now_ms && ret->type == ev->type,
		  "%s and back: %s", suan_event_name(ev->type), err.text);
}

/* Every byte changed in turn, and every shorter length. */
static void damaged(const struct suan_buf *bytes, const char *what)
{
	char *copy = malloc(bytes->len);
	uint32_t accepted = 0;

	for (size_t i = 0; copy && i < bytes->len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct suan_arena arena = {0};
			struct suan_event ev;
			size_t pos = 0;

			memcpy(copy, bytes->data, bytes->len);
			copy[i] ^= (char)(1 << bit);
			if (suan_record_get(copy, bytes->len, &pos, &arena, &ev, NULL) !=
				    SUAN_ECORRUPT ||
			    pos != 0)
				accepted++;
			suan_arena_done(&arena);
		}
	}
	for (size_t n = 0; n < bytes->len; n++) {
		struct suan_arena arena = {0};
		struct suan_event ev;
		size_t pos = 0;

		accepted +=
			suan_record_get(bytes->data, n, &pos, &arena, &ev, NULL) != SUAN_ECORRUPT;
		suan_arena_done(&arena);
	}
	free(copy);
	is_int(accepted, 0, what);
}

static void t_network(struct suan_arena *a, struct suan_buf *b)
{
	struct suan_event ev = {.seq = 1,
				.now_ms = -5,
				.type = SUAN_EV_NETWORK,
				.u.network = &network},
			  got;
	const struct suan_network *n;

	if (!round_trip(&ev, a, &got, b))
		return;
	n = got.u.network;
	is_str(n->name, "demo", "network");
	ok(n->nhubs == 1 && n->ncities == 1 && n->nsites == 2 && n->nlinks == 1, "its parts");
	ok(n->nlatency == 6 && memcmp(n->latency_us, latencies, sizeof(latencies)) == 0,
	   "latencies");
	is_str(n->sites[0].zh, "中卫", "site");
	is_int(n->sites[0].price_uyuan_kwh, -1, "price");
	is_int(n->sites[1].lat_udeg, INT32_MIN, "latitude");
	is_int(n->sites[1].price_uyuan_kwh, INT64_MAX, "largest");
	is_int(n->sites[1].carbon_mg_kwh, INT64_MIN, "smallest");
	is_str(n->sites[0].pools[1].gpu, "a800", "pool");
	is_int((int64_t)n->sites[0].pools[1].memory, INT64_C(1) << 40, "memory");
	is_int(n->links[0].latency_us, 8900, "link");
	damaged(b, "a damaged network is noticed");
}

static struct suan_range full_range;

static struct suan_job_spec full_job(struct suan_dep *deps, const char **names)
{
	struct suan_job_spec j = kit_job(4, 2, 90000);

	j.account = "org/project";
	j.qos = "high";
	j.home = "zhongwei";
	j.gpu = "a800";
	j.req.gpus = 1;
	j.req.nodes = 2;
	j.req.memory = UINT64_C(3) << 30;
	j.req.exclusive = true;
	j.estimate_ms = 60000;
	j.begin_ms = 123456789;
	j.deadline_ms = 987654321;
	j.priority = -7;
	j.hold = j.checkpointable = true;
	j.guarantee = SUAN_AT_LEAST_ONCE;
	j.deps = deps;
	j.ndeps = 2;
	j.site = (struct suan_names){names, 2};
	j.not_hub = (struct suan_names){names + 1, 2};
	j.reservation = "workshop";
	j.near = "beijing";
	j.max_latency_us = 5000;
	j.payload = "pay\0load";
	j.payload_len = 8;
	j.env = "A=1";
	j.env_len = 3;
	if (suan_range_parse("1-9:2,20%3", &full_range, NULL) != SUAN_OK)
		abort();
	j.array = &full_range;
	return j;
}

static void t_submit(struct suan_arena *a, struct suan_buf *b)
{
	struct suan_dep deps[] = {{SUAN_AFTERANY, 5}, {SUAN_AFTERCORR, UINT64_MAX}};
	const char *names[] = {"a", "", "中卫"};
	struct suan_job_spec jobs[] = {full_job(deps, names), kit_job(1, 1, 0)};
	struct suan_event ev = {.seq = UINT64_MAX,
				.now_ms = INT64_MAX,
				.type = SUAN_EV_SUBMIT,
				.u.submit = {jobs, 2, true, {1, 2, 3}, UINT64_MAX}},
			  got;
	const struct suan_job_spec *j;

	if (!round_trip(&ev, a, &got, b))
		return;
	is_int(got.u.submit.njobs, 2, "both jobs");
	ok(got.u.submit.has_key && got.u.submit.key[2] == 3 && got.u.submit.body_hash == UINT64_MAX,
	   "key");
	j = &got.u.submit.jobs[0];
	is_str(j->account, "org/project", "account");
	is_int(j->priority, -7, "priority");
	is_str(j->reservation, "workshop", "reservation");
	ok(j->req.exclusive && j->hold && j->checkpointable, "flags");
	is_int(j->guarantee, SUAN_AT_LEAST_ONCE, "guarantee");
	ok(j->array && memcmp(j->array, jobs[0].array, sizeof(*j->array)) == 0, "array");
	ok(!got.u.submit.jobs[1].array, "a single task has none");
	ok(j->ndeps == 2 && j->deps[1].type == SUAN_AFTERCORR && j->deps[1].job == UINT64_MAX,
	   "dependencies");
	is_int(j->site.count, 2, "allowed sites");
	is_str(j->site.list[1], "", "an empty name stays one");
	is_str(j->not_hub.list[1], "中卫", "denied hubs");
	is_str(j->near, "beijing", "near a place");
	is_int(j->max_latency_us, 5000, "so near");
	ok(j->payload_len == 8 && memcmp(j->payload, "pay\0load", 8) == 0, "payload");
	is_int(got.u.submit.jobs[1].ndeps, 0, "the other job has none");
	is_str(got.u.submit.jobs[1].gpu, "", "and empty strings");
	damaged(b, "a damaged submission is noticed");
}

static void t_small(struct suan_arena *a, struct suan_buf *b)
{
	static const enum suan_event_type commands[] = {SUAN_EV_CANCEL,	  SUAN_EV_HOLD,
							SUAN_EV_RELEASE,  SUAN_EV_REQUEUE,
							SUAN_EV_PRIORITY, SUAN_EV_FORGET};
	struct suan_event ev = {.seq = 3, .now_ms = 4}, got;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ev.type = commands[i];
		ev.u.target = (struct suan_target){77, i % 2, 12, INT32_MIN, i % 3 == 0};
		if (round_trip(&ev, a, &got, b))
			ok(got.u.target.job == 77 && got.u.target.all == (i % 2) &&
				   got.u.target.index == 12 && got.u.target.priority == INT32_MIN,
			   "target");
	}
	ev.type = SUAN_EV_POLICY;
	ev.u.policy =
		(struct suan_policy){SUAN_POLICY_CONSERVATIVE, 5, 6, 7, 8, 9, 10, true, true, true,
					     {11, 12, 13}, SUAN_FRAGMENTATION, .ignore_homes = true,
					     .max_reservations = 3, .max_node_hours = 4,
					     .reserve_horizon_ms = 77};
	if (round_trip(&ev, a, &got, b))
		ok(got.u.policy.kind == SUAN_POLICY_CONSERVATIVE && got.u.policy.plan_depth == 5 &&
			   got.u.policy.max_attempts == 9 && got.u.policy.model_sites &&
			   got.u.policy.predict && got.u.policy.terse &&
			   got.u.policy.plan_steps == 10 &&
			   got.u.policy.packing == SUAN_FRAGMENTATION &&
			   got.u.policy.ignore_homes &&
			   got.u.policy.max_reservations == 3 && got.u.policy.max_node_hours == 4 &&
			   got.u.policy.reserve_horizon_ms == 77,
		   "policy");
	ev.type = SUAN_EV_SITE;
	ev.u.site.name = "zhongwei";
	ev.u.site.state = SUAN_SITE_DRAIN;
	if (round_trip(&ev, a, &got, b)) {
		is_str(got.u.site.name, "zhongwei", "site");
		is_int(got.u.site.state, SUAN_SITE_DRAIN, "its state");
	}
	ev.type = SUAN_EV_CAPACITY;
	ev.u.capacity.pool = 3;
	ev.u.capacity.nodes = UINT32_MAX;
	if (round_trip(&ev, a, &got, b))
		ok(got.u.capacity.pool == 3 && got.u.capacity.nodes == UINT32_MAX, "capacity");
	ev.type = SUAN_EV_PASS;
	round_trip(&ev, a, &got, b);
	damaged(b, "a damaged pass is noticed");
}

static void t_report(struct suan_arena *a, struct suan_buf *b)
{
	struct suan_event ev = {.seq = 9, .now_ms = 10, .type = SUAN_EV_REPORT}, got;

	ev.u.report = (struct suan_report){.run = {5, 6, 7},
					   .kind = SUAN_REPORT_ENDED,
					   .at_ms = 11,
					   .outcome = SUAN_OUT_SIGNALLED,
					   .exit_code = -1,
					   .signal = 9,
					   .usage = {1, 2, 3, INT64_MAX},
					   .text = "杀",
					   .forget = true};
	if (!round_trip(&ev, a, &got, b))
		return;
	ok(got.u.report.run.job == 5 && got.u.report.run.index == 6 &&
		   got.u.report.run.attempt == 7,
	   "run");
	ok(got.u.report.outcome == SUAN_OUT_SIGNALLED && got.u.report.exit_code == -1 &&
		   got.u.report.signal == 9,
	   "outcome");
	is_int(got.u.report.usage.write_bytes, INT64_MAX, "usage");
	is_str(got.u.report.text, "杀", "text");
	ok(got.u.report.forget, "forget");
	damaged(b, "a damaged report is noticed");
}

static void t_reserve(struct suan_arena *a, struct suan_buf *b)
{
	static const uint32_t nodes[] = {0, 7, 300};
	const char *names[] = {"ann", "中卫"};
	struct suan_reserve r = {.name = "workshop",
				 .owner = "me",
				 .users = {names, 2},
				 .accounts = {names + 1, 1},
				 .site = "zhongwei",
				 .pool = "gpu",
				 .gpu = "a800",
				 .list = nodes,
				 .nlist = 3,
				 .nodes = 4,
				 .req = {.tasks = 5, .nodes = 6, .cores = 7, .gpus = 8, .memory = 9,
					 .exclusive = true},
				 .from_ms = 10,
				 .to_ms = INT64_MAX,
				 .maintenance = true,
				 .single = true,
				 .exempt = true,
				 .until_ms = 77,
				 .inputs = {names, 2},
				 .limit_ms = 88,
				 .has_key = true,
				 .key = {0, 1, 2},
				 .body_hash = UINT64_MAX};
	struct suan_event ev = {.seq = 1, .now_ms = 2, .type = SUAN_EV_RESERVE, .u.reserve = &r};
	struct suan_event got;
	const struct suan_reserve *x;

	if (!round_trip(&ev, a, &got, b))
		return;
	x = got.u.reserve;
	is_str(x->name, "workshop", "name");
	is_str(x->owner, "me", "owner");
	ok(x->users.count == 2 && x->accounts.count == 1, "who may use it");
	is_str(x->accounts.list[0], "中卫", "an account");
	is_str(x->pool, "gpu", "pool");
	ok(x->nlist == 3 && x->list[2] == 300 && x->nodes == 4, "nodes");
	ok(x->req.tasks == 5 && x->req.memory == 9 && x->req.exclusive, "what it is for");
	ok(x->from_ms == 10 && x->to_ms == INT64_MAX, "times");
	ok(x->until_ms == 77 && x->limit_ms == 88 && x->inputs.count == 2, "what is held");
	is_str(x->inputs.list[1], "中卫", "a data set");
	ok(x->maintenance && x->single && x->exempt && x->has_key && x->key[2] == 2, "flags");
	damaged(b, "a damaged reservation is noticed");
	ev.type = SUAN_EV_UNRESERVE;
	ev.u.unreserve = (struct suan_unreserve){UINT32_MAX, -1};
	if (round_trip(&ev, a, &got, b))
		ok(got.u.unreserve.id == UINT32_MAX && got.u.unreserve.to_ms == -1, "its end");
}

static void t_data(struct suan_arena *a, struct suan_buf *b)
{
	const char *names[] = {"ann", "中卫"};
	struct suan_data_command c = {.op = SUAN_DATA_VERIFY, .name = "film", .who = "me",
				      .account = "org", .operate = true, .site = "zhongwei",
				      .source = "/films", .sha256 = "00", .bytes = UINT64_MAX,
				      .files = 3, .present = true, .expires_ms = INT64_MAX,
				      .sites = {names, 2}, .hubs = {names + 1, 1},
				      .users = {names, 1}, .accounts = {names, 2}};
	struct suan_event ev = {.seq = 1, .now_ms = 2, .type = SUAN_EV_DATA, .u.data = &c}, got;
	const struct suan_data_command *x;

	if (!round_trip(&ev, a, &got, b))
		return;
	x = got.u.data;
	ok(x->op == SUAN_DATA_VERIFY && x->operate && x->present, "op and flags");
	is_str(x->name, "film", "name");
	is_str(x->source, "/films", "source");
	ok(strcmp(x->who, "me") == 0 && strcmp(x->account, "org") == 0 &&
		   strcmp(x->site, "zhongwei") == 0 && strcmp(x->sha256, "00") == 0, "words");
	ok(x->bytes == UINT64_MAX && x->files == 3 && x->expires_ms == INT64_MAX, "numbers");
	ok(x->sites.count == 2 && x->hubs.count == 1 && x->users.count == 1 &&
		   x->accounts.count == 2, "lists");
	is_str(x->hubs.list[0], "中卫", "a hub");
	damaged(b, "a damaged command is noticed");
	ev.type = SUAN_EV_TRANSFER;
	ev.u.transfer =
		(struct suan_transfer_report){7, 8, SUAN_TRANSFER_BROKEN, 9, 10, "ab", "no"};
	if (!round_trip(&ev, a, &got, b))
		return;
	ok(got.u.transfer.id == 7 && got.u.transfer.attempt == 8 &&
		   got.u.transfer.kind == SUAN_TRANSFER_BROKEN && got.u.transfer.bytes == 9 &&
		   got.u.transfer.files == 10 && strcmp(got.u.transfer.sha256, "ab") == 0 &&
		   strcmp(got.u.transfer.text, "no") == 0, "what a site says of a copy");
}

static void t_sequence(void)
{
	struct suan_event ev = {.seq = 1, .now_ms = 1, .type = SUAN_EV_PASS}, got;
	struct suan_arena arena = {0};
	struct suan_buf b;
	size_t pos = 0, n = 0;

	suan_buf_init(&b, 0);
	for (; ev.seq <= 3; ev.seq++)
		if (suan_record_put(&b, &ev, NULL) != SUAN_OK)
			abort();
	while (pos < b.len && suan_record_get(b.data, b.len, &pos, &arena, &got, NULL) == SUAN_OK)
		n += got.seq == n + 1;
	is_int(n, 3, "records one after the other");
	pos = b.len + 1;
	is_int(suan_record_get(b.data, b.len, &pos, &arena, &got, NULL), SUAN_ECORRUPT,
	       "a position beyond the end");
	ev.type = (enum suan_event_type)99;
	n = b.len;
	is_int(suan_record_put(&b, &ev, NULL), SUAN_EINVAL, "an unknown event is not written");
	is_int(b.len, n, "and leaves no bytes");
	suan_buf_done(&b);
	suan_buf_init(&b, 8);
	ev.type = SUAN_EV_CANCEL;
	is_int(suan_record_put(&b, &ev, NULL), SUAN_ETOOBIG, "no room");
	is_int(b.len, 0, "and no half record");
	suan_buf_done(&b);
	suan_arena_done(&arena);
}

/* A record says by which rules it was decided on; those of the first version said nothing. */
static void t_rules(struct suan_arena *a, struct suan_buf *b)
{
	struct suan_event ev = {.seq = 1, .now_ms = 1, .type = SUAN_EV_PASS}, got;
	size_t n;

	round_trip(&ev, a, &got, b);
	n = b->len;
	ok(!got.old_rules, "the rules of now");
	ev.old_rules = true;
	round_trip(&ev, a, &got, b);
	ok(got.old_rules && b->len == n - 2, "the rules of then, as they were written");
}

/* Bytes that are fields but make no sense, with a good sum: never a crash, never accepted as the
 * wrong type. */
static void t_nonsense(void)
{
	struct suan_rng rng;
	uint32_t bad = 0;

	suan_rng_init(&rng, 7);
	for (int i = 0; i < 20000; i++) {
		char bytes[64];
		size_t n = suan_rng_below(&rng, sizeof(bytes)), pos = 0;
		struct suan_arena arena = {0};
		struct suan_event ev = {0};

		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)suan_rng_below(&rng, 40);
		if (suan_record_get(bytes, n, &pos, &arena, &ev, NULL) == SUAN_OK)
			bad++;
		suan_arena_done(&arena);
	}
	is_int(bad, 0, "noise is no record");
}

int main(void)
{
	struct suan_arena arena = {0};
	struct suan_buf bytes;

	suan_buf_init(&bytes, 0);
	t_network(&arena, &bytes);
	t_submit(&arena, &bytes);
	t_small(&arena, &bytes);
	t_reserve(&arena, &bytes);
	t_data(&arena, &bytes);
	t_report(&arena, &bytes);
	t_rules(&arena, &bytes);
	t_sequence();
	t_nonsense();
	suan_buf_done(&bytes);
	suan_arena_done(&arena);
	return tap_done();
}
