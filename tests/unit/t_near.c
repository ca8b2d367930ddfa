/* Where jobs may run beyond their lists: near a place, and where their data may be. */
#include "engine/record.h"
#include "engine/state.h"
#include "lib/engine_kit.h"

/* From city x, city y, sites a, b, c to a, b, c. */
static uint32_t latencies[] = {500,  3200, 9000,	   SUAN_FAR_US, 7000, SUAN_FAR_US,
			       0,    3000, 8000,	   3000,	0,    SUAN_FAR_US,
			       8000, 100,  0};
static struct suan_city_spec cities[] = {{"x", "", "", 0, 0, 0}, {"y", "", "", 0, 0, 0}};

static void three_sites(struct kit *k)
{
	kit_init(k);
	kit_pool(kit_site(k, "a", "east"), "p", 1, 2);
	kit_pool(kit_site(k, "b", "east"), "p", 2, 8);
	kit_pool(kit_site(k, "c", "west"), "p", 2, 8);
	k->net.cities = cities;
	k->net.ncities = 2;
	k->net.latency_us = latencies;
	k->net.nlatency = 15;
	kit_network(k);
}

static struct suan_job_spec near_job(const char *near, uint32_t us)
{
	struct suan_job_spec s = kit_job(1, 1, 60000);

	s.near = near;
	s.max_latency_us = us;
	return s;
}

static bool refused(struct kit *k, const struct suan_job_spec *s, enum suan_reason r, int64_t a,
		    int64_t b)
{
	if (kit_submit(k, s) == 0 && k->fx.refused == r && k->fx.a == a && k->fx.b == b)
		return true;
	printf("# %s %" PRId64 " %" PRId64 "\n", suan_reason_name(k->fx.refused), k->fx.a, k->fx.b);
	return false;
}

static bool invalid(struct kit *k, const struct suan_job_spec *s, const char *field)
{
	return kit_submit(k, s) == 0 && k->fx.code == SUAN_EINVAL &&
	       strcmp(k->err.field, field) == 0;
}

static void t_refusals(void)
{
	struct kit k;
	struct suan_job_spec s = near_job("x", 400);
	const char *west = "west";

	three_sites(&k);
	ok(refused(&k, &s, SUAN_R_TOO_FAR, 500, 400) && k.fx.pool == 0, "the nearest miss");
	s.req.cores = 8;
	ok(refused(&k, &s, SUAN_R_TOO_FAR, 3200, 400) && k.fx.pool == 1,
	   "the nearest where it fits");
	s.req.cores = 9;
	ok(refused(&k, &s, SUAN_R_TOO_MANY_CORES, 9, 8), "nowhere by its size");
	s = near_job("x", 4000);
	s.hub = (struct suan_names){&west, 1};
	ok(refused(&k, &s, SUAN_R_TOO_FAR, 9000, 4000) && k.fx.pool == 2, "lists count too");
	s = near_job("y", 9000);
	s.hub = (struct suan_names){&west, 1};
	ok(refused(&k, &s, SUAN_R_TOO_FAR, -1, 9000), "nobody knows how far");
	s = near_job("z", 9000);
	ok(invalid(&k, &s, "near"), "no such place");
	s = near_job("x", 0);
	ok(invalid(&k, &s, "max_latency_ms"), "near, but how near?");
	s = near_job("", 1);
	ok(invalid(&k, &s, "near"), "a bound, but from where?");
	kit_done(&k);
}

static uint32_t started_in(struct kit *k)
{
	kit_pass(k);
	return kit_effects(k, SUAN_FX_START) ? kit_effect(k, SUAN_FX_START, 0)->pool
					     : SUAN_NO_POOL;
}

static void t_places(void)
{
	struct kit k;
	struct suan_job_spec s = near_job("x", 500);
	struct suan_candidate c[3];
	int64_t when;

	three_sites(&k);
	ok(kit_submit(&k, &s) && started_in(&k) == 0, "exactly as near as allowed");
	s = near_job("c", 100);
	ok(kit_submit(&k, &s) && kit_submit(&k, &s), "near a site");
	is_str(kit_view(&k, 2).near, "c", "kept");
	is_int(kit_view(&k, 2).max_latency_us, 100, "with its bound");
	is_int(started_in(&k), 1, "there or as near");
	s = near_job("x", 500);
	s.req.cores = 2;
	ok(kit_submit(&k, &s) == 4 && started_in(&k) == SUAN_NO_POOL,
	   "waits for the site that is near enough");
	is_int(suan_engine_why(k.e, (struct suan_run_id){4, 0, 0}, c, 3, &when), 3, "candidates");
	ok(c[0].pool == 0 && c[0].reason == SUAN_R_CHOSEN && c[1].reason == SUAN_R_TOO_FAR &&
	   c[1].a == 3200 && c[1].b == 500 && c[2].a == 9000, "and why not the others");
	is_int(suan_engine_quote(k.e, &s, k.now, c, 3), 3, "the same before it is submitted");
	ok(c[0].reason == SUAN_R_CHOSEN && c[1].reason == SUAN_R_TOO_FAR && c[2].a == 9000,
	   "with figures");
	is_int(suan_engine_latency(k.e, "x", 2), 9000, "from a city");
	is_int(suan_engine_latency(k.e, "c", 1), 100, "from a site");
	is_int(suan_engine_latency(k.e, "nowhere", 1), SUAN_FAR_US, "from nowhere");
	is_int(suan_engine_latency(k.e, "x", 9), SUAN_FAR_US, "to nowhere");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_new_network(void)
{
	static uint32_t nearer[] = {100, 200, 300, 0, 5, 6, 7, 0, 8, 9, 10, 0};
	struct kit k;
	struct suan_job_spec s = near_job("x", 400);

	three_sites(&k);
	s.max_latency_us = 500;
	s.req.cores = 2;
	ok(kit_submit(&k, &s) && kit_submit(&k, &s) && started_in(&k) == 0, "one starts");
	k.net.ncities = 1;
	k.net.latency_us = nearer;
	k.net.nlatency = 12;
	kit_network(&k);
	is_int(started_in(&k), 1, "the other when more is near enough");
	ok(kit_submit(&k, &s) && started_in(&k) == 1, "and one more");
	s.req.cores = 8;
	s.req.tasks = 2;	/* the whole of b, which is in use; c is too far */
	s.max_latency_us = 250;
	ok(kit_submit(&k, &s) == 4 && started_in(&k) == SUAN_NO_POOL, "a large one waits");
	s.req.cores = 2;
	s.req.tasks = 1;
	s.max_latency_us = 500;
	k.net.nlatency = 0;
	kit_network(&k);
	ok(!kit_submit(&k, &s) && k.fx.refused == SUAN_R_TOO_FAR && k.fx.a == -1,
	   "of a network that nobody has measured nothing is known");
	kit_pass(&k);
	is_int(kit_view(&k, 4).reason, SUAN_R_NO_POOL, "and one that waits says that none is left");
	k.net.nlatency = 11;
	ok(suan_engine_step(k.e, &(struct suan_event){.seq = suan_engine_seq(k.e) + 1,
						      .now_ms = k.now, .type = SUAN_EV_NETWORK,
						      .u.network = &k.net},
			    &k.fx, &k.err) == SUAN_EINVAL, "not as many as there are pairs");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_kept(void)
{
	struct kit k;
	struct suan_engine *next = NULL;
	struct suan_job_spec s = near_job("x", 500);
	struct suan_job_view v;
	struct suan_buf b;

	three_sites(&k);
	s.req.cores = 2;
	ok(kit_submit(&k, &s) && kit_submit(&k, &s), "two jobs");
	kit_pass(&k);
	suan_buf_init(&b, 0);
	ok(suan_engine_save(k.e, &b, NULL) == SUAN_OK &&
	   suan_engine_load(&next, b.data, b.len, &k.err) == SUAN_OK, "saved and loaded");
	ok(suan_engine_hash(next) == suan_engine_hash(k.e), "the same state");
	ok(suan_engine_job(next, 2, &v) && strcmp(v.near, "x") == 0 && v.max_latency_us == 500,
	   "the bound");
	is_int(suan_engine_latency(next, "x", 1), 3200, "the latencies");
	suan_engine_free(k.e);
	k.e = next;
	is_int(started_in(&k), SUAN_NO_POOL, "and it still waits for that site");
	ok(kit_good(&k), "invariants");
	suan_buf_done(&b);
	kit_done(&k);
}

/* What helpers of data sets will call: the allow lists of all that a job reads count together. */
static void t_residency(void)
{
	const char *a = "a", *b = "b", *east = "east";
	struct suan_residency data[2] = {{.hub = {&east, 1}}, {.not_site = {&a, 1}}};
	struct suan_where w = {.near = "", .data = data, .ndata = 2}, back;
	struct suan_candidate c[3] = {{.pool = 0, .reason = SUAN_R_NOT_ALLOWED},
				      {.pool = 1, .reason = SUAN_R_NOT_ALLOWED},
				      {.pool = 2, .reason = SUAN_R_NOT_ALLOWED}};
	uint32_t rule, again;
	void *parts = NULL;
	const char *text;
	uint64_t bits;
	struct kit k;
	size_t n;

	three_sites(&k);
	suan_rules_bits(k.e, &w, &bits);
	is_int((int64_t)bits, 2, "in the east, not at a");
	is_int(suan_rules_exclude(k.e, &w, 0).reason, SUAN_R_RESIDENCY, "data may not be there");
	w.lists[2] = (struct suan_names){&b, 1};
	suan_rules_bits(k.e, &w, &bits);
	is_int((int64_t)bits, 0, "nor at b by the job's own list");
	suan_rules_explain(k.e, &w, c, 3);
	ok(c[0].reason == SUAN_R_RESIDENCY && c[1].reason == SUAN_R_NOT_ALLOWED &&
	   c[2].reason == SUAN_R_RESIDENCY, "each says why");
	w.near = "x";
	w.max_latency_us = 3200;
	is_int(suan_rules_add(k.e, &w, &rule), SUAN_OK, "a rule");
	ok(suan_rules_add(k.e, &w, &again) == SUAN_OK && again == rule, "equal ones are one");
	text = suan_intern_bytes(k.e->strings, k.e->rules[rule].text, &n);
	ok(suan_rules_decode(text, n, &back, &parts) == SUAN_OK && back.ndata == 2 &&
	   strcmp(back.near, "x") == 0 && back.max_latency_us == 3200 &&
	   strcmp(back.data[0].hub.list[0], "east") == 0 && back.data[1].not_site.count == 1 &&
	   strcmp(back.lists[2].list[0], "b") == 0, "and back");
	free(parts);
	for (size_t cut = 0; cut < n; cut++) {
		parts = NULL;
		if (suan_rules_decode(text, cut, &back, &parts) == SUAN_OK)
			again += cut != n;
		free(parts);
	}
	suan_rules_drop(k.e, rule);
	suan_rules_drop(k.e, rule);
	kit_done(&k);
}

int main(void)
{
	t_refusals();
	t_places();
	t_new_network();
	t_kept();
	t_residency();
	return tap_done();
}
