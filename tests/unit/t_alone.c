/* Homes: what sharing costs or gives the users of a site, and that those who would have started
 * alone go first while it costs. Small cases with exact times. */
#include "lib/engine_kit.h"

#define S INT64_C(1000)

/* Two sites, a and b, of one node of four cores each. */
static void two_sites(struct kit *k)
{
	kit_init(k);
	kit_pool(kit_site(k, "a", "east"), "p", 1, 4);
	kit_pool(kit_site(k, "b", "west"), "p", 1, 4);
	kit_network(k);
	kit_policy(k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN});
}

static uint64_t submit(struct kit *k, const char *home, uint32_t cores, int64_t walltime)
{
	struct suan_job_spec s = kit_job(cores, 1, walltime);

	s.user = "";
	s.home = home;
	return kit_submit(k, &s);
}

static void pass_at(struct kit *k, int64_t now)
{
	k->now = now;
	kit_pass(k);
}

static void end_at(struct kit *k, int64_t now, uint64_t job)
{
	k->now = now;
	kit_ended(k, job, 0, 1, SUAN_OUT_EXITED);
	kit_pass(k);
}

static uint64_t ratio(const struct kit *k, uint32_t site)
{
	struct suan_home_view v;

	return suan_engine_home(k->e, site, &v) ? v.ratio_milli : 0;
}

static bool guarded(const struct kit *k, uint32_t site)
{
	struct suan_home_view v;

	return suan_engine_home(k->e, site, &v) && v.guarded;
}

/* Exact, but that it is rounded down by at most two thousandths. */
static void is_ratio(const struct kit *k, uint32_t site, uint64_t want, const char *what)
{
	uint64_t got = ratio(k, site);

	ok(got <= want && got + 2 >= want, "%s: %" PRIu64 ", want %" PRIu64, what, got, want);
}

/* Guests take both sites until 101 s; then who of a long job at home at a and a short guest? */
static void race(struct kit *k, bool ignore)
{
	two_sites(k);
	kit_policy(k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN, .ignore_homes = ignore});
	submit(k, "b", 4, 100 * S);
	submit(k, "b", 4, 200 * S);
	pass_at(k, 1 * S);
	k->now = 2 * S;
	submit(k, "a", 4, 100 * S);
	kit_pass(k);
	k->now = 3 * S;
	submit(k, "b", 4, 10 * S);
	kit_pass(k);
	end_at(k, 101 * S, 1);
}

static void t_goes_first(void)
{
	struct kit k;

	race(&k, false);
	is_int(kit_state(&k, 3, 0), SUAN_STAGING, "who would have started alone goes first");
	is_int(kit_state(&k, 4, 0), SUAN_PENDING, "the short guest waits");
	ok(guarded(&k, 0), "the home is guarded");
	ok(kit_good(&k), "all is well");
	is_ratio(&k, 0, 1990, "waited 99 s for 100 s");
	end_at(&k, 151 * S, 3);
	is_ratio(&k, 0, 2980, "which was 50 s in truth");
	kit_done(&k);

	race(&k, true);
	is_int(kit_state(&k, 4, 0), SUAN_STAGING, "unguarded the short guest goes first");
	ok(!guarded(&k, 0) && ratio(&k, 0) == 0, "and no account is kept");
	kit_done(&k);
}

/* The second job would have waited 100 s alone; sharing gives it the other site at once. */
static void t_gain(void)
{
	struct suan_home_view v;
	struct kit k;

	two_sites(&k);
	submit(&k, "a", 4, 100 * S);
	submit(&k, "a", 4, 100 * S);
	pass_at(&k, 1 * S);
	is_int(kit_state(&k, 2, 0), SUAN_STAGING, "both start");
	end_at(&k, 101 * S, 1);
	end_at(&k, 101 * S, 2);
	kit_all(&k, SUAN_EV_FORGET, 1);
	kit_all(&k, SUAN_EV_FORGET, 2);
	pass_at(&k, 101 * S);
	is_ratio(&k, 0, 667, "(100 + 100) / (100 + 200)");
	pass_at(&k, 500 * S);
	is_ratio(&k, 0, 667, "and so it stays");
	ok(suan_engine_home(k.e, 0, &v) && v.jobs == 2 && !v.guarded, "two jobs, nothing to guard");
	ok(!suan_engine_home(k.e, 1, &v), "nobody is at home at b");
	ok(!suan_engine_home(k.e, 9, &v), "no such site");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

/* A run of unknown length ends alone as predicted; a report corrects what still runs. */
static void t_corrected(void)
{
	struct kit k;

	two_sites(&k);
	submit(&k, "a", 4, 100 * S);
	submit(&k, "a", 4, 100 * S);
	pass_at(&k, 1 * S);
	end_at(&k, 11 * S, 1);
	end_at(&k, 11 * S, 2);
	pass_at(&k, 21 * S);
	/* alone the first took 10 s as well, so that the second began at 11 s */
	is_ratio(&k, 0, 667, "(10 + 10) / (10 + 20)");
	kit_done(&k);

	two_sites(&k);
	submit(&k, "b", 4, 100 * S);
	submit(&k, "b", 4, 100 * S);
	pass_at(&k, 1 * S);
	submit(&k, "a", 4, 20 * S);
	pass_at(&k, 1 * S);
	end_at(&k, 101 * S, 1);
	end_at(&k, 111 * S, 3);
	is_ratio(&k, 0, 11000, "alone it is long over, and took 10 s too");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

static void t_arrays(void)
{
	struct suan_range set;
	struct suan_job_spec s = kit_job(4, 1, 10 * S);
	struct kit k;

	two_sites(&k);
	s.user = "";
	s.home = "a";
	s.array = &set;
	if (suan_range_parse("0-2%1", &set, NULL) != SUAN_OK)
		abort();
	kit_submit(&k, &s);
	pass_at(&k, 1 * S);
	for (uint32_t i = 0; i < 3; i++) {
		k.now += 10 * S;
		kit_ended(&k, 1, i, 1, SUAN_OUT_EXITED);
		kit_pass(&k);
		ok(kit_good(&k), "element %u", i);
	}
	is_ratio(&k, 0, 1000, "one at a time in both");
	kit_done(&k);

	two_sites(&k);
	if (suan_range_parse("0-3", &set, NULL) != SUAN_OK)
		abort();
	kit_submit(&k, &s);
	pass_at(&k, 1 * S);
	is_int(kit_view(&k, 1).counts[SUAN_STAGING], 2, "two at once");
	k.now = 11 * S;
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_ended(&k, 1, 1, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	pass_at(&k, 60 * S);
	/* waits 0 0 10 10 against 0 10 20 30 */
	is_ratio(&k, 0, 600, "(40 + 20) / (40 + 60)");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

/* What is held or cancelled waits in neither. */
static void t_withdrawn(void)
{
	struct kit k;

	two_sites(&k);
	submit(&k, "b", 4, 100 * S);
	submit(&k, "b", 4, 100 * S);
	pass_at(&k, 1 * S);
	for (int i = 0; i < 3; i++)
		submit(&k, "a", 4, 100 * S);
	pass_at(&k, 1 * S);
	kit_all(&k, SUAN_EV_HOLD, 4);
	kit_all(&k, SUAN_EV_CANCEL, 5);
	pass_at(&k, 1 * S);
	pass_at(&k, 51 * S);
	is_ratio(&k, 0, 1500, "only the first waits");
	kit_all(&k, SUAN_EV_RELEASE, 4);
	pass_at(&k, 51 * S);
	pass_at(&k, 61 * S);
	/* work 200, waits 60 + 10 against 10: it would have waited alone as well */
	is_ratio(&k, 0, 1285, "(200 + 70) / (200 + 10)");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

static void t_not_followed(void)
{
	struct suan_job_spec s = kit_job(1, 1, 10 * S);
	struct suan_home_view v;
	struct kit k;

	two_sites(&k);
	s.home = "nowhere";
	is_int(kit_submit(&k, &s), 0, "no such home");
	is_int(k.fx.code, SUAN_EINVAL, "is invalid");
	is_str(k.err.field, "home", "and says where");
	kit_pool(&k.sites[1], "wide", 1, 64);
	kit_network(&k);
	submit(&k, "a", 8, 10 * S);
	pass_at(&k, 1 * S);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "it runs at b");
	ok(!suan_engine_home(k.e, 0, &v), "but its home could not have taken it");
	is_str(kit_view(&k, 1).home, "a", "it is at home there all the same");
	submit(&k, "a", 4, 10 * S);
	pass_at(&k, 2 * S);
	ok(suan_engine_home(k.e, 0, &v) && v.jobs == 1, "this one fits");
	k.pools[0][0].cores = 8;
	kit_network(&k);
	pass_at(&k, 5 * S);
	ok(kit_good(&k), "with other nodes the home begins anew");
	kit_policy(&k, &(struct suan_policy){.kind = SUAN_POLICY_EASY});
	pass_at(&k, 6 * S);
	ok(kit_good(&k) && !guarded(&k, 0), "another policy guards nobody");
	kit_done(&k);

	kit_one_pool(&k, 1, 4);
	kit_policy(&k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN});
	submit(&k, "a", 4, 10 * S);
	pass_at(&k, 1 * S);
	ok(!suan_engine_home(k.e, 0, &v), "one site shares with nobody");
	kit_done(&k);
}

/* A home that is down alone is down as well. */
static void t_down(void)
{
	struct kit k;

	two_sites(&k);
	kit_site_state(&k, "a", SUAN_SITE_DOWN);
	submit(&k, "a", 4, 100 * S);
	pass_at(&k, 1 * S);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "the other site takes it");
	pass_at(&k, 51 * S);
	kit_site_state(&k, "a", SUAN_SITE_UP);
	pass_at(&k, 51 * S);
	pass_at(&k, 91 * S);
	is_ratio(&k, 0, 667, "alone it had waited 50 s");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

/* Where another scheduler chooses the nodes, virtual runs have none either. */
static void t_delegated(void)
{
	struct suan_engine *e = NULL;
	struct suan_buf b;
	struct kit k;

	kit_init(&k);
	kit_pool(kit_site(&k, "a", "east"), "p", 4, 4)->delegated = SUAN_DELEGATED_YES;
	kit_pool(kit_site(&k, "b", "west"), "p", 1, 4);
	kit_network(&k);
	kit_policy(&k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN});
	submit(&k, "a", 1, 100 * S);
	submit(&k, "a", 16, 100 * S);
	pass_at(&k, 1 * S);
	suan_buf_init(&b, 0);
	ok(suan_engine_save(k.e, &b, NULL) == SUAN_OK &&
	   suan_engine_load(&e, b.data, b.len, NULL) == SUAN_OK,
	   "a snapshot with virtual runs there");
	ok(e && suan_engine_hash(e) == suan_engine_hash(k.e), "gives the same state");
	suan_engine_free(e);
	suan_buf_done(&b);
	ok(kit_good(&k), "all is well");
	k.pools[0][0].delegated = SUAN_DELEGATED_NO;
	kit_network(&k);
	pass_at(&k, 2 * S);
	ok(kit_good(&k), "nodes chosen here from now on: the home begins anew");
	kit_done(&k);
}

/* Not more than so many are followed, and they stay small. */
static void t_many(void)
{
	static struct suan_job_spec list[1000];
	struct suan_event ev = {.type = SUAN_EV_SUBMIT, .u.submit = {list, 1000, false, {0}, 0}};
	struct suan_home_view v;
	size_t each;
	struct kit k;

	two_sites(&k);
	submit(&k, "b", 4, 1000 * S);
	submit(&k, "b", 4, 1000 * S);
	pass_at(&k, 1 * S);
	for (uint32_t i = 0; i < 1000; i++) {
		list[i] = kit_job(1 + i % 4, 1, (1 + i % 50) * S);
		list[i].home = "a";
	}
	for (uint32_t i = 0; i < 60; i++)
		kit_step(&k, &ev);
	kit_pass(&k);
	each = suan_engine_memory(k.e) / 60000;
	ok(each <= 512, "%zu bytes for each of 60,000 waiting jobs with a home", each);
	for (uint32_t i = 0; i < 10; i++)
		kit_step(&k, &ev);
	kit_pass(&k);
	ok(suan_engine_home(k.e, 0, &v), "an account");
	is_int((int64_t)v.jobs, 32768 - 2, "more are not followed; two are at home at b");
	ok(kit_good(&k), "all is well");
	kit_done(&k);
}

int main(void)
{
	t_goes_first();
	t_gain();
	t_corrected();
	t_arrays();
	t_withdrawn();
	t_not_followed();
	t_down();
	t_delegated();
	t_many();
	return tap_done();
}
