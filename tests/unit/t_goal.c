/* Jobs with goals: where and when the scheduler starts them. */
#include "engine/engine.h"

#include "lib/engine_kit.h"

#define HOUR INT64_C(3600000)
#define NOW  (HOUR * 1000)

/* Two sites of one node of 4 cores; "a" emits 500 g, "b" 300 g a kWh. */
static void begin(struct kit *k)
{
	kit_init(k);
	k->now = NOW;
	for (int i = 0; i < 2; i++) {
		struct suan_site_spec *s = kit_site(k, i == 0 ? "a" : "b", "");
		struct suan_pool_spec *p = kit_pool(s, "p", 1, 4);

		p->idle_watt = 100;
		p->busy_watt = 400;
		s->carbon_mg_kwh = i == 0 ? 500000 : 300000;
	}
	kit_network(k);
	kit_policy(k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN, .plan_steps = 1000});
}

static void tell(struct kit *k, const char *site, int64_t from_ms, int64_t mg)
{
	struct suan_signal_step steps[2] = {{from_ms, mg}, {from_ms + HOUR, 300000}};
	struct suan_signal_spec s = {.site = site,
				     .kind = SUAN_SIGNAL_CARBON,
				     .issued_ms = k->now,
				     .until_ms = from_ms + 60 * HOUR,
				     .steps = steps,
				     .nsteps = 2};
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .u.signal = &s};

	ok(kit_step(k, &ev) == SUAN_OK, "a forecast");
}

static uint64_t submit(struct kit *k, enum suan_goal goal, int64_t max_delay_ms)
{
	struct suan_job_spec j = kit_job(1, 4, HOUR);

	j.goal = goal;
	j.max_delay_ms = max_delay_ms;
	return kit_submit(k, &j);
}

static void t_place(void)
{
	struct kit k;
	uint64_t job;

	begin(&k);
	job = submit(&k, SUAN_GOAL_GREENEST, 0);
	kit_pass(&k);
	ok(kit_view(&k, job).pool == 1 && kit_state(&k, job, 0) == SUAN_STAGING,
	   "at once, where it is greener");
	job = submit(&k, SUAN_GOAL_GREENEST, 0);
	kit_pass(&k);
	ok(kit_view(&k, job).pool == 0, "that is full, and it may not wait");
	ok(kit_good(&k), "good");
	kit_done(&k);
}

static void t_unknown(void)
{
	struct kit k;
	uint64_t job;

	begin(&k);
	job = submit(&k, SUAN_GOAL_CHEAPEST, 20 * HOUR);
	kit_pass(&k);
	ok(kit_state(&k, job, 0) == SUAN_STAGING, "no prices are known: as fastest");
	kit_done(&k);
}

static void t_time(void)
{
	struct suan_job_view v;
	uint64_t job, fast;
	struct kit k;

	begin(&k);
	tell(&k, "a", NOW + 3 * HOUR, 50000);
	tell(&k, "b", NOW + 30 * HOUR, 1000);
	job = submit(&k, SUAN_GOAL_GREENEST, 6 * HOUR);
	kit_pass(&k);
	v = kit_view(&k, job);
	ok(v.state == SUAN_PENDING && v.reason == SUAN_R_GOAL, "it waits for its goal");
	tap_int(v.reason_a, NOW + 3 * HOUR, __FILE__, __LINE__, "the greenest hour in reach");
	tap_int(v.reason_b, NOW + 6 * HOUR, __FILE__, __LINE__, "latest start");
	fast = submit(&k, SUAN_GOAL_FASTEST, 0);
	kit_pass(&k);
	ok(kit_state(&k, fast, 0) == SUAN_STAGING, "others start meanwhile");
	ok(kit_effect(&k, SUAN_FX_WAKE, 0) && kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms <= NOW + HOUR,
	   "and it will be looked at again");
	ok(kit_good(&k), "good");
	kit_started(&k, fast, 0, 1);
	k.now = NOW + HOUR;
	kit_ended(&k, fast, 0, 1, SUAN_OUT_EXITED);
	k.now = NOW + 3 * HOUR;
	kit_pass(&k);
	ok(kit_state(&k, job, 0) == SUAN_STAGING && kit_view(&k, job).pool == 0,
	   "its time and place have come");
	kit_done(&k);
}

/* The forecast changes: it goes then, and never after its latest start. */
static void t_changes(void)
{
	struct kit k;
	uint64_t job;

	begin(&k);
	tell(&k, "a", NOW + 3 * HOUR, 50000);
	job = submit(&k, SUAN_GOAL_GREENEST, 6 * HOUR);
	kit_pass(&k);
	k.now = NOW + HOUR;
	tell(&k, "b", NOW + 5 * HOUR, 10000);
	kit_pass(&k);
	tap_int(kit_view(&k, job).reason_a, NOW + 5 * HOUR, __FILE__, __LINE__, "a better hour");
	k.now = NOW + 4 * HOUR;
	tell(&k, "b", NOW + 5 * HOUR, 900000);
	tell(&k, "a", NOW + 9 * HOUR, 1000);
	kit_pass(&k);
	k.now = NOW + 6 * HOUR;
	kit_pass(&k);
	ok(kit_state(&k, job, 0) == SUAN_STAGING, "by its latest start it starts");
	kit_done(&k);
}

static void t_deadline(void)
{
	struct suan_job_spec j = kit_job(1, 4, 2 * HOUR);
	struct kit k;
	uint64_t job;

	begin(&k);
	tell(&k, "a", NOW + 3 * HOUR, 50000);
	j.goal = SUAN_GOAL_GREENEST;
	j.max_delay_ms = 10 * HOUR;
	j.deadline_ms = NOW + 4 * HOUR;
	job = kit_submit(&k, &j);
	kit_pass(&k);
	ok(kit_view(&k, job).reason_b <= NOW + 2 * HOUR, "the deadline counts with its walltime");
	kit_done(&k);
}

/* Targets are state: a copy goes on the same. */
static void t_snapshot(void)
{
	struct suan_buf b = {0};
	struct suan_engine *copy = NULL;
	struct kit k;
	uint64_t job;

	begin(&k);
	tell(&k, "a", NOW + 3 * HOUR, 50000);
	job = submit(&k, SUAN_GOAL_GREENEST, 6 * HOUR);
	kit_pass(&k);
	ok(suan_engine_save(k.e, &b, NULL) == SUAN_OK &&
		   suan_engine_load(&copy, b.data, b.len, NULL) == SUAN_OK,
	   "saved and loaded");
	ok(suan_engine_hash(copy) == suan_engine_hash(k.e), "equal");
	suan_engine_free(k.e);
	k.e = copy;
	tap_int(kit_view(&k, job).reason_a, NOW + 3 * HOUR, __FILE__, __LINE__, "the same target");
	k.now = NOW + 3 * HOUR;
	kit_pass(&k);
	ok(kit_state(&k, job, 0) == SUAN_STAGING, "and the same start");
	suan_buf_done(&b);
	kit_done(&k);
}

int main(void)
{
	t_place();
	t_unknown();
	t_time();
	t_changes();
	t_deadline();
	t_snapshot();
	return tap_done();
}
