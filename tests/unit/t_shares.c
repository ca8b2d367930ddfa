/* Usage that decays, against a slow sum; and what accounts get of a full machine. */
#include "engine/shares.h"

#include "base/rng.h"
#include "lib/accounts_kit.h"

#define HOUR 3600000

/* ---- the sum ---- */

static long double root(long double x)
{
	long double r = x;

	for (int i = 0; i < 60; i++)
		r = (r + x / r) / 2;
	return r;
}

static bool near(uint64_t got, long double want, long double error)
{
	long double off = (long double)got - want;

	if ((off < 0 ? -off : off) <= error * want + 2)
		return true;
	printf("# got %llu, want %llu\n", (unsigned long long)got, (unsigned long long)want);
	return false;
}

static void t_factor(void)
{
	uint64_t last = SUAN_DECAY_ONE;
	long double half = root(0.5L);
	bool falls = true;

	ok(suan_decay(0, 1000) == SUAN_DECAY_ONE, "at once all is there");
	ok(suan_decay(1000, 1000) == SUAN_DECAY_ONE / 2, "after a half-life the half");
	ok(suan_decay(3000, 1000) == SUAN_DECAY_ONE / 8, "after three an eighth");
	ok(suan_decay(SUAN_MOST_HALF_MS, 60000) == 0, "in the end nothing");
	ok(near(suan_decay(500, 1000), half * (long double)SUAN_DECAY_ONE, 1e-17L),
	   "after half of one its root");
	ok(near(suan_decay(250, 1000), root(half) * (long double)SUAN_DECAY_ONE, 1e-17L),
	   "and the root of that");
	for (int64_t t = 1; t < 3000; t++) {
		uint64_t now = suan_decay(t, 777);

		falls = falls && now < last;
		last = now;
	}
	ok(falls, "and always less");
	is_int(suan_decay_sum(1000), 1442, "what a rate of one leaves: half-life / ln 2");
}

/* A step of 1 s, 65,536 to the half-life; rates change, and the meter is looked at now and then. */
static void t_slow_sum(void)
{
	const int64_t half_ms = 65536000;
	const long double ln2 = 0.693147180559945309417L;
	long double keep = 0.5L, slow[2] = {0};
	struct suan_meter often = {0}, seldom = {0};
	struct suan_rng rng;
	bool good = true;

	for (int i = 0; i < 16; i++)
		keep = root(keep);
	suan_rng_init(&rng, 3);
	for (int64_t s = 0; s < 400000; s++) {
		if (suan_rng_below(&rng, 200) == 0) {
			suan_meter_settle(&often, s * 1000, half_ms);
			suan_meter_settle(&seldom, s * 1000, half_ms);
			for (int i = 0; i < 2; i++)
				often.rate_milli[i] = seldom.rate_milli[i] =
					suan_rng_below(&rng, 1000) * (i ? 1000000 : 7);
		}
		for (int i = 0; i < 2; i++)
			slow[i] = slow[i] * keep + (long double)often.rate_milli[i] / 1000 *
							   (long double)half_ms / ln2 * (1 - keep);
		if (suan_rng_below(&rng, 3) == 0)
			suan_meter_settle(&often, (s + 1) * 1000, half_ms);
		if (s % 1000 != 999)
			continue;
		suan_meter_settle(&often, (s + 1) * 1000, half_ms);
		suan_meter_settle(&seldom, (s + 1) * 1000, half_ms);
		for (int i = 0; i < 2; i++)
			good = good && near(often.used[i], slow[i], 1e-9L) &&
			       near(seldom.used[i], slow[i], 1e-9L);
	}
	ok(good && often.used[1] > 1000000, "400,000 s of changing rates, within 10^-9");
	ok(!suan_meter_empty(&often), "something was used");
}

static void t_bounds(void)
{
	struct suan_meter m = {.used = {UINT64_MAX, 0, 5}, .rate_milli = {UINT64_MAX / 2, 0, 0}};

	suan_meter_settle(&m, SUAN_MOST_HALF_MS, SUAN_MOST_HALF_MS);
	ok(m.used[0] == UINT64_MAX, "too much stays the most there is");
	is_int((int64_t)m.used[2], 2, "five, halved");
	m = (struct suan_meter){.rate_milli = {1000}};
	for (int64_t t = 1; t <= 100000; t++)
		suan_meter_settle(&m, t, SUAN_MOST_HALF_MS);
	ok(near(m.used[0], 100000.0L, 1e-6L), "100 s in steps of 1 ms of a year's half-life");
	suan_meter_settle(&m, 5, 60000);
	is_int(m.at_ms, 100000, "never back");
	m = (struct suan_meter){0};
	ok(suan_meter_empty(&m), "nothing");
}

/* ---- a full machine ---- */

#define GROUPS 6

struct party {
	const char *account, *user, *qos;
	struct suan_job_spec spec;
	uint64_t job;
	int64_t core_ms;	/* delivered since `from` */
};

struct machine {
	struct kit k;
	struct accounts_kit a;
	struct party list[GROUPS];
	uint32_t n;
	struct suan_range set;
};

static void begin(struct machine *m, uint32_t nodes, uint32_t cores)
{
	memset(m, 0, sizeof(*m));
	kit_one_pool(&m->k, nodes, cores);
	kit_policy(&m->k, &(struct suan_policy){
				  .kind = SUAN_POLICY_SUAN, .terse = true, .plan_depth = 50});
	accounts_empty(&m->a);
	m->a.all.fair_share = (struct suan_fair_share){24 * HOUR, 7 * 24 * HOUR, 60000};
	if (suan_range_parse("0-9999", &m->set, NULL) != SUAN_OK)
		abort();
}

static struct party *wants(struct machine *m, const char *account, const char *user)
{
	struct party *p = &m->list[m->n++];

	*p = (struct party){.account = account, .user = user, .spec = kit_job(1, 4, 600000)};
	p->spec.account = account;
	p->spec.user = user;
	p->spec.array = &m->set;
	return p;
}

static struct party *of_job(struct machine *m, uint64_t job)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (m->list[i].job == job)
			return &m->list[i];
	abort();
}

/* Ends what is over: all runs take as long as they said, as short ones have a head start of their
 * own. */
static void end_runs(struct machine *m, int64_t step, bool count)
{
	struct suan_run_id run = {0}, over[256];
	uint32_t n = 0;

	while (suan_engine_next_run(m->k.e, &run)) {
		struct party *p = of_job(m, run.job);
		struct suan_task_view v;

		(void)suan_engine_task(m->k.e, run.job, run.index, &v);
		p->core_ms += count ? step * p->spec.req.cores : 0;
		if (m->k.now >= v.order_ms + p->spec.walltime_ms && n < 256)
			over[n++] = run;
	}
	for (uint32_t i = 0; i < n; i++)
		kit_ended(&m->k, over[i].job, over[i].index, over[i].attempt, SUAN_OUT_EXITED);
}

/* Everybody's array at once, then `hours`; what is delivered counts after the first quarter. */
static void play(struct machine *m, int hours)
{
	int64_t until;

	if (accounts_set(&m->k, &m->a) != SUAN_OK)
		abort();
	for (uint32_t i = 0; i < m->n; i++)
		m->list[i].job = kit_submit(&m->k, &m->list[i].spec);
	until = m->k.now + hours * INT64_C(3600000);
	while (m->k.now < until) {
		kit_pass(&m->k);
		m->k.now += 30000;
		end_runs(m, 30000, until - m->k.now < hours * INT64_C(2700000));
	}
	ok(kit_good(&m->k), "all invariants hold");
}

/* Delivered to a, of what a and b got together, in thousandths. */
static int64_t part(const struct party *a, const struct party *b)
{
	return a->core_ms * 1000 / (a->core_ms + b->core_ms);
}

static void is_part(const struct party *a, const struct party *b, int64_t want, const char *what)
{
	int64_t got = part(a, b);

	ok(got > want - 20 && got < want + 20, "%s: %lld of 1000, due %lld", what, (long long)got,
	   (long long)want);
}

static void t_three_to_one(void)
{
	struct machine *m = malloc(sizeof(*m));

	begin(m, 8, 4);
	kit_account(&m->a, "a", "", 3);
	kit_account(&m->a, "b", "", 1);
	wants(m, "a", "u");
	wants(m, "b", "v");
	play(m, 48);
	is_part(&m->list[0], &m->list[1], 750, "shares of 3 and 1");
	kit_done(&m->k);
	begin(m, 8, 4);
	m->a.all.fair_share.weight_ms = 0;
	kit_account(&m->a, "a", "", 3);
	kit_account(&m->a, "b", "", 1);
	wants(m, "a", "u");
	wants(m, "b", "v");
	play(m, 8);
	ok(part(&m->list[0], &m->list[1]) > 990, "without a weight the first goes first");
	kit_done(&m->k);
	free(m);
}

static void t_tree(void)
{
	struct machine *m = malloc(sizeof(*m));

	begin(m, 16, 4);
	kit_account(&m->a, "org", "", 1);
	kit_account(&m->a, "org/x", "org", 1);
	kit_account(&m->a, "org/y", "org", 3);
	kit_account(&m->a, "edu", "", 1);
	wants(m, "org/x", "u");
	wants(m, "org/y", "v");
	wants(m, "edu", "w");
	wants(m, "edu", "z");
	play(m, 48);
	is_part(&m->list[0], &m->list[1], 250, "one and three below an account");
	is_part(&m->list[2], &m->list[3], 500, "two users of an account");
	m->list[0].core_ms += m->list[1].core_ms;
	m->list[2].core_ms += m->list[3].core_ms;
	is_part(&m->list[0], &m->list[2], 500, "the accounts above");
	kit_done(&m->k);

	/* what one leaves goes to its sibling first */
	begin(m, 16, 4);
	kit_account(&m->a, "org", "", 1);
	kit_account(&m->a, "org/x", "org", 1);
	kit_account(&m->a, "org/y", "org", 3);
	kit_account(&m->a, "edu", "", 1);
	wants(m, "org/x", "u");
	wants(m, "edu", "w");
	play(m, 48);
	is_part(&m->list[0], &m->list[1], 500, "a sibling that wants nothing");
	kit_done(&m->k);
	free(m);
}

/* A run of a takes three quarters of a node's memory, one of b half of a node's cores. */
static void t_dominant(void)
{
	struct machine *m = malloc(sizeof(*m));

	begin(m, 8, 8);
	kit_account(&m->a, "a", "", 1);
	kit_account(&m->a, "b", "", 1);
	wants(m, "a", "u")->spec.req.memory = UINT64_C(6) << 30;
	wants(m, "b", "v")->spec.req.memory = UINT64_C(1) << 30;
	play(m, 48);
	is_part(&m->list[0], &m->list[1], 400, "memory against cores");
	kit_done(&m->k);
	free(m);
}

static void t_factor_of_class(void)
{
	struct machine *m = malloc(sizeof(*m));

	begin(m, 8, 4);
	kit_account(&m->a, "a", "", 1);
	kit_account(&m->a, "b", "", 1);
	kit_qos(&m->a, "half", 0)->usage_factor_milli = 500;
	wants(m, "a", "u")->spec.qos = "half";
	wants(m, "b", "v");
	play(m, 48);
	is_part(&m->list[0], &m->list[1], 667, "usage that counts half");
	kit_done(&m->k);
	free(m);
}

int main(void)
{
	t_factor();
	t_slow_sum();
	t_bounds();
	t_three_to_one();
	t_tree();
	t_dominant();
	t_factor_of_class();
	return tap_done();
}
