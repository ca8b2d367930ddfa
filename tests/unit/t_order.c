/* The order of the queue under each policy, seen from outside: which of two waiting jobs starts
 * when there is room for one; and the bound on overtaking. */
#include "lib/engine_kit.h"
#include "lib/slow.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

static void set(struct kit *k, enum suan_policy_kind kind)
{
	kit_policy(k, &(struct suan_policy){.kind = kind});
}

/* A pool of four cores, all taken by job 1 until `ended`; nobody gets ahead of it by backfilling.
 */
static void full(struct kit *k, enum suan_policy_kind kind)
{
	struct suan_job_spec all = kit_job(4, 1, 1000 * DAY);

	kit_one_pool(k, 1, 4);
	set(k, kind);
	all.user = "other";
	kit_submit(k, &all);
	kit_pass(k);
	kit_started(k, 1, 0, 1);
}

static uint64_t submit(struct kit *k, uint32_t cores, int64_t walltime, int64_t after)
{
	struct suan_job_spec s = kit_job(cores, 1, walltime);

	k->now += after;
	return kit_submit(k, &s);
}

/* Which of the jobs 2 and 3 of four cores starts first? */
static uint64_t first(struct kit *k)
{
	uint64_t got;

	kit_ended(k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(k);
	got = kit_state(k, 2, 0) == SUAN_STAGING ? 2 : kit_state(k, 3, 0) == SUAN_STAGING ? 3 : 0;
	kit_done(k);
	return got;
}

static uint64_t race(enum suan_policy_kind kind, int64_t walltime2, int64_t walltime3,
		     int64_t between)
{
	struct kit k;

	full(&k, kind);
	submit(&k, 4, walltime2, 1000);
	submit(&k, 4, walltime3, between);
	k.now += HOUR;
	return first(&k);
}

static void t_classic(void)
{
	is_int(race(SUAN_POLICY_EASY, 9 * HOUR, HOUR, 1000), 2, "easy: who came first");
	is_int(race(SUAN_POLICY_FCFS, 9 * HOUR, HOUR, 1000), 2, "fcfs: who came first");
	is_int(race(SUAN_POLICY_SJF, 9 * HOUR, HOUR, 1000), 3, "sjf: the shorter");
	is_int(race(SUAN_POLICY_SJF, HOUR, HOUR, 1000), 2, "sjf: of equal ones who came first");
	is_int(race(SUAN_POLICY_LJF, HOUR, 9 * HOUR, 1000), 3, "ljf: the longer");
	is_int(race(SUAN_POLICY_F1, 9 * HOUR, HOUR, 0), 3, "f1: of one instant the shorter");
	is_int(race(SUAN_POLICY_F1, 2 * HOUR, HOUR, 30 * DAY), 2, "f1: or much earlier");
	is_int(race(SUAN_POLICY_WFP3, 9 * HOUR, HOUR, 1000), 3, "wfp3: waited longer for its size");
	is_int(race(SUAN_POLICY_WFP3, 9 * HOUR, HOUR, 2 * DAY), 2, "wfp3: time changes that");
}

static void t_suan(void)
{
	is_int(race(SUAN_POLICY_SUAN, 9 * HOUR, 60000, HOUR), 3, "suan: the short one");
	is_int(race(SUAN_POLICY_SUAN, 9 * HOUR, 60000, 5 * DAY), 3, "suan: also days later");
	is_int(race(SUAN_POLICY_SUAN, 9 * HOUR, 60000, 9 * DAY), 2, "suan: not after a week");
	is_int(race(SUAN_POLICY_SUAN, 9 * HOUR, 9 * HOUR, HOUR), 2, "suan: equal ones in order");
}

static void t_wide(void)
{
	struct kit k;

	full(&k, SUAN_POLICY_SUAN);
	submit(&k, 1, 9 * HOUR, 1000);
	submit(&k, 4, 9 * HOUR, DAY);
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, 3, 0), SUAN_STAGING, "suan: the wide one goes first");
	is_int(kit_state(&k, 2, 0), SUAN_PENDING, "the narrow one waits for it");
	kit_done(&k);
}

/* Estimates of nine hours, run times of a minute: the third job counts as short. */
static void t_learnt(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 9 * HOUR);

	kit_one_pool(&k, 1, 4);
	set(&k, SUAN_POLICY_SUAN);
	for (uint64_t id = 1; id <= 2; id++) {
		s.user = "quick";
		kit_submit(&k, &s);
		kit_pass(&k);
		kit_started(&k, id, 0, 1);
		k.now += 60000;
		kit_ended(&k, id, 0, 1, SUAN_OUT_EXITED);
	}
	s = kit_job(4, 1, 1000 * HOUR);
	kit_submit(&k, &s);
	kit_pass(&k);
	kit_started(&k, 3, 0, 1);
	s = kit_job(4, 1, 9 * HOUR);
	s.user = "slow";
	kit_submit(&k, &s);
	k.now += HOUR;
	s.user = "quick";
	kit_submit(&k, &s);
	kit_ended(&k, 3, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, 5, 0), SUAN_STAGING, "who was quick before goes first");
	is_int(kit_state(&k, 4, 0), SUAN_PENDING, "before one with the same estimate");
	kit_done(&k);
}

/* One core of four is always busy with a short job of a stream without end, so that the wide job
 * never finds four free ones. After a week nothing passes it any more. */
static void t_no_starvation(void)
{
	struct kit k;
	struct suan_job_spec tiny = kit_job(1, 1, 30000), wide = kit_job(4, 1, HOUR);
	uint64_t last, wide_id, passed = 0;
	int64_t came;

	kit_one_pool(&k, 1, 4);
	set(&k, SUAN_POLICY_SUAN);
	last = kit_submit(&k, &tiny);
	kit_pass(&k);
	kit_started(&k, last, 0, 1);
	wide.user = "wide";
	wide_id = kit_submit(&k, &wide);
	kit_pass(&k);
	came = k.now;
	while (kit_state(&k, wide_id, 0) == SUAN_PENDING && k.now < came + 9 * DAY) {
		uint64_t next;

		k.now += 20000;
		next = kit_submit(&k, &tiny);
		kit_pass(&k);
		if (kit_state(&k, next, 0) == SUAN_STAGING) {
			kit_started(&k, next, 0, 1);
			passed++;
		}
		k.now += 5000;
		kit_ended(&k, last, 0, 1, SUAN_OUT_EXITED);
		kit_pass(&k);
		if (kit_state(&k, next, 0) == SUAN_STAGING)
			kit_started(&k, next, 0, 1);
		last = next;
	}
	ok(passed > 20000, "short jobs pass it: %llu", (unsigned long long)passed);
	ok(k.now >= came + 7 * DAY, "for a week");
	ok(k.now < came + 7 * DAY + 120000, "and then no more");
	is_int(kit_state(&k, wide_id, 0), SUAN_STAGING, "it starts");
	kit_done(&k);
}

/* Two pools of 100 cores, in one of which 25 become free. A job of 25 for nine hours came three
 * days before one for 450 s: the head starts of the search let the short one pass, those of before
 * did not. A change of the policy counts for jobs that wait already. */
static void t_steps(void)
{
	static const uint32_t steps[][2] = {{0, 0}, {1, 1}, {0, 1}, {1, 0}};
	static const uint64_t first_id[] = {4, 5, 5, 4};

	for (int i = 0; i < 4; i++) {
		struct suan_policy policy = {.kind = SUAN_POLICY_SUAN};
		uint32_t cores[] = {100, 75, 25};
		struct kit k;

		kit_init(&k);
		kit_pool(kit_site(&k, "a", "east"), "p", 1, 100);
			kit_pool(kit_site(&k, "b", "east"), "p", 1, 100);
		kit_network(&k);
		policy.plan_steps = steps[i][0] * SUAN_PLAN_STEPS;
		kit_policy(&k, &policy);
		for (int j = 0; j < 3; j++)
			submit(&k, cores[j], 1000 * DAY, 1000);
		kit_pass(&k);
		for (uint64_t id = 1; id <= 3; id++)
			kit_started(&k, id, 0, 1);
		submit(&k, 25, 9 * HOUR, 1000);
		submit(&k, 25, 450000, 3 * DAY);
		kit_pass(&k);
		policy.plan_steps = steps[i][1] * SUAN_PLAN_STEPS;
		kit_policy(&k, &policy);
		kit_ended(&k, 3, 0, 1, SUAN_OUT_EXITED);
		kit_pass(&k);
		ok(kit_state(&k, first_id[i], 0) == SUAN_STAGING, "steps %u, then %u: job %u",
		   steps[i][0], steps[i][1], (unsigned)first_id[i]);
		is_int(kit_state(&k, 9 - first_id[i], 0), SUAN_PENDING, "the other one waits");
		kit_done(&k);
	}
}

static bool starts(struct kit *k, uint64_t id)
{
	kit_pass(k);
	return kit_state(k, id, 0) == SUAN_STAGING;
}

/* One pool of 128 cores, `used` of them taken by job 1. */
static void lone(struct kit *k, uint32_t used, uint32_t plan_steps)
{
	kit_one_pool(k, 1, 128);
	kit_policy(k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN, .plan_steps = plan_steps});
	submit(k, used, 9 * HOUR, 0);
	if (!starts(k, 1))
		abort();
	kit_started(k, 1, 0, 1);
}

/* A fiftieth of a lone pool stays free for short jobs, unless many long cores wait. */
static void t_headroom(void)
{
	struct kit k;
	uint64_t id;

	lone(&k, 110, SUAN_PLAN_STEPS);
	id = submit(&k, 17, HOUR, 1000);
	ok(!starts(&k, id), "one pool: a long start leaves two of 128 cores");
	ok(starts(&k, submit(&k, 2, 60000, 1000)), "a short one may take them");
	ok(!starts(&k, id), "the long one goes on waiting");
	kit_started(&k, 3, 0, 1);
	kit_ended(&k, 3, 0, 1, SUAN_OUT_EXITED);
	ok(!starts(&k, id), "after that one too");
	k.now += 6 * HOUR;
	ok(starts(&k, id), "until six hours are over");
	kit_done(&k);

	lone(&k, 110, SUAN_PLAN_STEPS);
	ok(starts(&k, submit(&k, 16, HOUR, 1000)), "one that leaves two cores starts");
	kit_done(&k);

	lone(&k, 102, SUAN_PLAN_STEPS);
	ok(starts(&k, submit(&k, 26, HOUR, 1000)), "so does one of more than a fifth of the pool");
	kit_done(&k);

	lone(&k, 110, 0);
	ok(starts(&k, submit(&k, 17, HOUR, 1000)), "nothing is kept without steps");
	kit_done(&k);

	lone(&k, 110, SUAN_PLAN_STEPS);
	id = submit(&k, 112, HOUR, 1000);
	ok(!starts(&k, id), "a wide one waits");
	ok(starts(&k, submit(&k, 17, HOUR, 1000)), "long ones want more than 128: nothing is kept");
	kit_done(&k);
}

/* Pools of 100 cores, kept full by jobs of five cores: room for ten appears only if nobody may take
 * the last cores. Once the job of ten has waited for a week, it is the one that does; with one
 * pool, six hours after it became the first in order, which here takes two days. */
static void t_no_starvation_by_headroom(uint32_t pools, uint32_t plan_steps)
{
	enum {
		RUNS = 40
	};
	int64_t most = pools == 1 ? 55 * HOUR : 7 * DAY + HOUR;
	struct suan_job_spec small = kit_job(5, 1, 600000), ten = kit_job(10, 1, HOUR);
	struct suan_run_id runs[RUNS];
	int64_t ends[RUNS] = {0}, came;
	uint64_t ten_id;
	struct kit k;

	kit_init(&k);
	kit_pool(kit_site(&k, "a", "east"), "p", 1, 100);
	if (pools == 2)
		kit_pool(kit_site(&k, "b", "east"), "p", 1, 100);
	kit_network(&k);
	kit_policy(&k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN, .plan_steps = plan_steps});
	memset(runs, 0, sizeof(runs));
	ten_id = 0;
	came = k.now;
	for (uint64_t n = 0; k.now < came + 9 * DAY; n++) {
		if (n == RUNS * 2) {
			ten.user = "ten";
			ten_id = kit_submit(&k, &ten);
			came = k.now;
		}
		kit_submit(&k, &small);
		kit_pass(&k);
		for (size_t i = 0; i < k.fx.count; i++) {
			size_t at = 0;

			if (k.fx.list[i].type != SUAN_FX_START || k.fx.list[i].run.job == ten_id)
				continue;
			while (at < RUNS && runs[at].job != 0)
				at++;
			if (at == RUNS)
				abort();
			runs[at] = k.fx.list[i].run;
			ends[at] = k.now + 600000;
		}
		if (ten_id && kit_state(&k, ten_id, 0) != SUAN_PENDING)
			break;
		k.now += 30000 / pools; /* forty jobs of ten minutes: as fast as they end */
		for (size_t at = 0; at < RUNS; at++) {
			if (runs[at].job == 0 || ends[at] > k.now)
				continue;
			kit_ended(&k, runs[at].job, 0, runs[at].attempt, SUAN_OUT_EXITED);
			kit_all(&k, SUAN_EV_FORGET, runs[at].job);
			runs[at].job = 0;
		}
	}
	is_int(kit_state(&k, ten_id, 0), SUAN_STAGING, "the job of ten starts");
	ok(k.now < came + most, "pools: %u; within %lld h, not %lld h", pools,
	   (long long)(most / HOUR), (long long)((k.now - came) / HOUR));
	kit_done(&k);
}

int main(void)
{
	t_classic();
	t_suan();
	t_wide();
	t_learnt();
	t_no_starvation();
	t_steps();
	t_headroom();
	t_no_starvation_by_headroom(1, SUAN_PLAN_STEPS);
#ifndef SLOW_BUILD /* half a minute each there */
	t_no_starvation_by_headroom(2, 0);
	t_no_starvation_by_headroom(2, SUAN_PLAN_STEPS);
#endif
	return tap_done();
}
