/* Preemption: runs stopped for jobs that may do so, what becomes of them, and what never happens.
 */
#include "lib/accounts_kit.h"

#include "base/buf.h"
#include "base/rng.h"

#define MINUTE INT64_C(60000)

/* low can be pushed out by high; once, too, and is over then; normal by nobody. */
static void classes(struct kit *k, int64_t min_run_ms)
{
	static const char *const both[] = {"low", "once"};
	struct accounts_kit a;
	struct suan_policy p = {.kind = SUAN_POLICY_SUAN};

	accounts_empty(&a);
	kit_qos(&a, "normal", 0);
	kit_qos(&a, "low", -100)->preemptable = true;
	kit_qos(&a, "once", -50)->preemptable = true;
	a.qos[2].preempt_cancels = true;
	a.qos[2].grace_ms = 7000;
	kit_qos(&a, "high", 1000)->preempts =
		(struct suan_names){(const char **)(uintptr_t)both, 2};
	is_int(accounts_set(k, &a), SUAN_OK, "classes are set");
	p.preemption = (struct suan_preemption){min_run_ms, 5000, 8};
	kit_policy(k, &p);
}

static uint64_t submit(struct kit *k, const char *qos, uint32_t tasks, uint32_t cores)
{
	struct suan_job_spec spec = kit_job(tasks, cores, 60 * MINUTE);

	spec.qos = qos;
	return kit_submit(k, &spec);
}

/* The state survives a snapshot, and means the same after it. */
static bool survives(struct kit *k)
{
	struct suan_buf b;
	struct suan_engine *copy = NULL;
	uint64_t before = suan_engine_hash(k->e);
	bool good;

	suan_buf_init(&b, 0);
	good = suan_engine_save(k->e, &b, NULL) == SUAN_OK &&
	       suan_engine_load(&copy, b.data, b.len, NULL) == SUAN_OK &&
	       suan_engine_hash(copy) == before && kit_good(k);
	suan_buf_done(&b);
	if (!good)
		return false;
	suan_engine_free(k->e);
	k->e = copy;
	return kit_good(k);
}

static void t_pushes_out(void)
{
	struct kit k;
	uint64_t low, high, late;
	const struct suan_effect *stop;
	struct suan_task_view t;
	struct suan_job_view v;

	kit_one_pool(&k, 1, 8);
	classes(&k, MINUTE);
	low = submit(&k, "low", 1, 8);
	kit_pass(&k);
	kit_started(&k, low, 0, 1);
	high = submit(&k, "high", 1, 4);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 0, "a run gets min_run first");
	stop = kit_effect(&k, SUAN_FX_WAKE, 0);
	is_int(stop ? stop->at_ms : 0, k.now + MINUTE, "a pass is wanted when it has had it");
	k.now += MINUTE;
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 1, "then it is stopped");
	stop = kit_effect(&k, SUAN_FX_STOP, 0);
	ok(stop && stop->run.job == low && stop->run.attempt == 1, "it, and this attempt");
	ok(suan_engine_task(k.e, low, 0, &t) && t.stopping && t.stop_grace_ms == 0,
	   "its class names no grace: as the site does it");
	v = kit_view(&k, low);
	is_int(v.state, SUAN_RUNNING, "it runs until it has ended");
	is_int(v.reason, SUAN_R_PREEMPTED, "and says why it is being stopped");
	is_int(v.reason_a, (long long)high, "and for whom");
	is_int(kit_view(&k, high).predicted_start_ms, k.now + 5000,
	       "who wants the room waits for the grace");
	ok(survives(&k), "a snapshot knows of stops");
	late = submit(&k, "normal", 1, 1);
	k.now += 1000;
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 0, "nobody else is stopped meanwhile");
	k.now += 1000;
	kit_ended(&k, low, 0, 1, SUAN_OUT_CANCELLED);
	is_int(kit_state(&k, low, 0), SUAN_PENDING, "it waits again");
	kit_pass(&k);
	is_int(kit_state(&k, high, 0), SUAN_STAGING, "who wanted the room has it");
	is_int(kit_state(&k, late, 0), SUAN_STAGING, "what is left over is for others");
	v = kit_view(&k, low);
	is_int(v.state, SUAN_PENDING, "who was pushed out does not come back at once");
	is_int(v.preempted, 1, "that is counted");
	is_int(v.preempted_core_ms, 8 * (MINUTE + 2000), "and the work that was lost");
	ok(survives(&k), "a snapshot knows the count");
	kit_ended(&k, high, 0, 1, SUAN_OUT_EXITED);
	kit_ended(&k, late, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, low, 0), SUAN_STAGING, "then it starts again");
	kit_started(&k, low, 0, 2);
	kit_ended(&k, low, 0, 2, SUAN_OUT_EXITED);
	is_int(kit_state(&k, low, 0), SUAN_COMPLETED, "and is done");
	is_int(kit_view(&k, low).preempted, 1, "the count stays");
	kit_done(&k);
}

static void t_spares(void)
{
	struct kit k;
	uint64_t normal, only_once, high;
	struct suan_job_spec spec = kit_job(1, 4, 60 * MINUTE);

	kit_one_pool(&k, 1, 8);
	classes(&k, 1);
	normal = submit(&k, "normal", 1, 4);
	spec.qos = "low";
	spec.guarantee = SUAN_AT_MOST_ONCE;
	only_once = kit_submit(&k, &spec);
	kit_pass(&k);
	k.now += MINUTE;
	high = submit(&k, "high", 1, 1);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 0, "neither normal nor what may start once only");
	kit_ended(&k, normal, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, high, 0), SUAN_STAGING, "it waits like anybody");
	is_int(kit_state(&k, only_once, 0), SUAN_STAGING, "that one goes on");
	kit_done(&k);
}

static void t_priority(void)
{
	struct kit k;
	uint64_t low, high;
	struct suan_event ev = {.type = SUAN_EV_PRIORITY};

	kit_one_pool(&k, 1, 8);
	classes(&k, 1);
	low = submit(&k, "low", 1, 8);
	kit_pass(&k);
	ev.u.target = (struct suan_target){.job = low, .priority = 5000};
	kit_step(&k, &ev);
	k.now += MINUTE;
	high = submit(&k, "high", 1, 8);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 0,
	       "what goes before it in the queue is not pushed out");
	ok(survives(&k), "after a restart neither");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 0, "really");
	ev.u.target.priority = 0;
	kit_step(&k, &ev);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 1, "until it goes behind");
	kit_ended(&k, low, 0, 1, SUAN_OUT_CANCELLED);
	kit_pass(&k);
	is_int(kit_state(&k, high, 0), SUAN_STAGING, "then it is");
	kit_done(&k);
}

static void t_cancels(void)
{
	struct kit k;
	struct suan_task_view t;
	uint64_t once, high, next;
	struct suan_job_spec spec = kit_job(1, 8, 60 * MINUTE);

	kit_one_pool(&k, 1, 8);
	classes(&k, 1);
	spec.qos = "once";
	spec.guarantee = SUAN_AT_MOST_ONCE;
	once = kit_submit(&k, &spec);
	kit_pass(&k);
	kit_started(&k, once, 0, 1);
	k.now += MINUTE;
	high = submit(&k, "high", 1, 8);
	spec = kit_job(1, 1, MINUTE);
	spec.deps = &(struct suan_dep){SUAN_AFTERNOTOK, once};
	spec.ndeps = 1;
	next = kit_submit(&k, &spec);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 1, "a class that need not come back is stopped");
	is_int(kit_view(&k, high).predicted_start_ms, k.now + 7000, "with the grace of its class");
	ok(suan_engine_task(k.e, once, 0, &t) && t.stopping, "it is being stopped");
	is_int(t.stop_grace_ms, 7000, "and its site is told that grace");
	kit_ended(&k, once, 0, 1, SUAN_OUT_CANCELLED);
	is_int(kit_state(&k, once, 0), SUAN_PREEMPTED, "it is over");
	is_int(kit_view(&k, once).state, SUAN_PREEMPTED, "so is its job");
	is_int(kit_view(&k, once).reason, SUAN_R_PREEMPTED, "which says why");
	is_int(kit_view(&k, once).reason_a, (long long)high, "and for whom");
	ok(survives(&k), "and is kept so");
	kit_pass(&k);
	is_int(kit_state(&k, high, 0), SUAN_STAGING, "who wanted the room has it");
	kit_ended(&k, high, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, next, 0), SUAN_STAGING,
	       "who waits for the end that is no success starts");
	kit_done(&k);
}

/* What a stopped run says at its end, and what it is then. */
static void t_ends(void)
{
	static const struct {
		enum suan_outcome outcome;
		int32_t exit_code;
		enum suan_state state;
		uint32_t preempted;
		const char *what;
	} cases[] = {
		{SUAN_OUT_EXITED, 0, SUAN_COMPLETED, 0, "it was done before the stop"},
		{SUAN_OUT_EXITED, 3, SUAN_PENDING, 1, "an exit code is of the stop"},
		{SUAN_OUT_SIGNALLED, 0, SUAN_PENDING, 1, "a signal, too"},
		{SUAN_OUT_TIMEOUT, 0, SUAN_TIMEOUT, 0, "its time was up before the stop"},
		{SUAN_OUT_MEMORY, 0, SUAN_OUT_OF_MEMORY, 0, "its memory"},
		{SUAN_OUT_NOT_STARTED, 0, SUAN_PENDING, 1, "it had not started"},
		{SUAN_OUT_LOST, 0, SUAN_PENDING, 1, "a loss is none when it was to be stopped"},
		{SUAN_OUT_UNKNOWN, 0, SUAN_UNKNOWN, 0, "nobody knows"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kit k;
		uint64_t low;
		struct suan_policy p = {.max_attempts = 1, .preemption = {1, 5000, 8}};

		kit_one_pool(&k, 1, 8);
		classes(&k, 1);
		kit_policy(&k, &p);
		low = submit(&k, "low", 1, 8);
		kit_pass(&k);
		k.now += MINUTE;
		submit(&k, "high", 1, 8);
		kit_pass(&k);
		kit_report(&k, &(struct suan_report){.run = {low, 0, 1},
						     .text = "",
						     .kind = SUAN_REPORT_ENDED,
						     .at_ms = k.now,
						     .outcome = cases[i].outcome,
						     .exit_code = cases[i].exit_code});
		is_int(kit_state(&k, low, 0), cases[i].state, cases[i].what);
		is_int(kit_view(&k, low).preempted, cases[i].preempted, "counted or not");
		ok(survives(&k), "kept");
		if (cases[i].outcome == SUAN_OUT_UNKNOWN) {
			k.now += 200 * MINUTE;
			kit_pass(&k);
			is_int(kit_view(&k, low).preempted, 1, "over with its lease");
			ok(kit_good(&k), "and sound");
		}
		kit_done(&k);
	}
}

static void t_people(void)
{
	struct kit k;
	uint64_t low, high, single;
	struct suan_event ev = {.type = SUAN_EV_REQUEUE};

	kit_one_pool(&k, 1, 8);
	classes(&k, 1);
	low = submit(&k, "low", 1, 8);
	kit_pass(&k);
	k.now += MINUTE;
	high = submit(&k, "high", 1, 8);
	kit_pass(&k);
	is_int(kit_all(&k, SUAN_EV_CANCEL, low), SUAN_OK,
	       "its owner cancels what is being stopped");
	is_int(kit_effects(&k, SUAN_FX_STOP), 0, "it is not told twice");
	is_int(kit_view(&k, low).reason, SUAN_R_CANCELLING, "that is the reason now");
	ok(survives(&k), "a restored engine knows");
	kit_pass(&k);
	is_int(kit_view(&k, high).predicted_start_ms, k.now + 5000, "when it will be over");
	kit_ended(&k, low, 0, 1, SUAN_OUT_CANCELLED);
	is_int(kit_state(&k, low, 0), SUAN_CANCELLED, "it does not come back");
	kit_pass(&k);
	is_int(kit_state(&k, high, 0), SUAN_STAGING, "the room is the other's");

	/* by hand, whatever the class; what is being stopped is not chosen */
	ev.u.target = (struct suan_target){.job = high, .all = true, .preempt = true};
	is_int(kit_step(&k, &ev), SUAN_OK, "an operator preempts");
	is_int(kit_effects(&k, SUAN_FX_STOP), 1, "it is stopped");
	kit_step(&k, &ev);
	is_int(kit_effects(&k, SUAN_FX_STOP), 0, "once");
	is_int(kit_view(&k, high).reason, SUAN_R_PREEMPTED, "it says so");
	is_int(kit_view(&k, high).reason_a, 0, "for no job");
	ok(survives(&k), "it is kept");
	kit_ended(&k, high, 0, 1, SUAN_OUT_CANCELLED);
	is_int(kit_state(&k, high, 0), SUAN_PENDING, "and waits again");
	is_int(kit_view(&k, high).preempted, 1, "counted");
	kit_step(&k, &ev);
	is_int(kit_state(&k, high, 0), SUAN_PENDING, "what waits is left alone");
	is_int(kit_view(&k, high).preempted, 1, "and not counted");
	kit_pass(&k);
	k.now += MINUTE;
	single = submit(&k, "low", 1, 8);
	kit_all(&k, SUAN_EV_CANCEL, high);
	kit_ended(&k, high, 0, 2, SUAN_OUT_CANCELLED);
	kit_pass(&k);
	k.now += MINUTE;
	kit_all(&k, SUAN_EV_REQUEUE, single);
	submit(&k, "high", 1, 8);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 0, "what is being stopped already is not chosen");
	kit_ended(&k, single, 0, 1, SUAN_OUT_CANCELLED);
	is_int(kit_view(&k, single).preempted, 0, "a requeue is no preemption");
	kit_done(&k);
}

/* Elements of an array: each counts, and the cheapest go: young, small, checkpointable. */
static void t_cheapest(void)
{
	struct kit k;
	uint64_t old, young, saves, array;
	struct suan_job_spec spec = kit_job(1, 2, 60 * MINUTE);
	struct suan_range set = {.nruns = 1, .count = 4, .runs = {{0, 3, 1}}};

	kit_one_pool(&k, 1, 8);
	classes(&k, 1);
	spec.qos = "low";
	spec.checkpointable = true;
	saves = kit_submit(&k, &spec);
	old = submit(&k, "low", 1, 4);
	kit_pass(&k);
	k.now += MINUTE;
	young = submit(&k, "low", 1, 2);
	kit_pass(&k);
	k.now += MINUTE;
	submit(&k, "high", 1, 2);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 1, "one is enough");
	is_int((long long)kit_effect(&k, SUAN_FX_STOP, 0)->run.job, (long long)saves,
	       "first what loses nothing");
	submit(&k, "high", 1, 2);
	kit_pass(&k);
	is_int((long long)kit_effect(&k, SUAN_FX_STOP, 0)->run.job, (long long)young,
	       "then what is young and small");
	kit_ended(&k, saves, 0, 1, SUAN_OUT_CANCELLED);
	is_int(kit_view(&k, saves).preempted_core_ms, 0, "no work is lost of what saves it");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "the first of the two starts");
	is_int(kit_state(&k, old, 0), SUAN_STAGING, "the old one goes on");
	kit_done(&k);

	kit_one_pool(&k, 2, 4);
	classes(&k, 1);
	spec = kit_job(1, 2, 60 * MINUTE);
	spec.qos = "low";
	spec.array = &set;
	array = kit_submit(&k, &spec);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 4, "four elements on two nodes");
	k.now += MINUTE;
	submit(&k, "high", 1, 4);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 2, "a whole node is wanted: two of one node stop");
	for (size_t i = 0; i < 2; i++) {
		const struct suan_effect *stop = kit_effect(&k, SUAN_FX_STOP, i);
		uint32_t n = 0;
		const struct suan_place *p = stop ? suan_engine_places(k.e, stop->run, &n) : NULL;

		ok(p && n == 1 && p->node == 0, "the first node's");
	}
	ok(survives(&k), "elements are kept");
	kit_ended(&k, array, 0, 1, SUAN_OUT_CANCELLED);
	kit_ended(&k, array, 1, 1, SUAN_OUT_CANCELLED);
	is_int(kit_view(&k, array).preempted, 2, "each element counts");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "the other has the node");
	kit_done(&k);
}

/* In a long list of runs those that have ended stay for a while: none of them is chosen. */
static void t_many(void)
{
	struct kit k;
	uint64_t low, high;
	struct suan_job_spec spec = kit_job(1, 1, 60 * MINUTE);
	struct suan_range set = {.nruns = 1, .count = 400, .runs = {{0, 399, 1}}};
	bool good = true;

	kit_one_pool(&k, 1, 400);
	classes(&k, 1);
	spec.qos = "low";
	spec.array = &set;
	low = kit_submit(&k, &spec);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 400, "as many runs as cores");
	k.now += MINUTE;
	kit_pass(&k);
	for (uint32_t i = 0; i < 20; i++)
		kit_ended(&k, low, i, 1, SUAN_OUT_EXITED);
	high = submit(&k, "high", 1, 26);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 6, "20 cores are free, 6 are wanted");
	for (size_t i = 0; i < 6; i++)
		good = good && kit_effect(&k, SUAN_FX_STOP, i)->run.index == 20 + i;
	ok(good, "of those that run, the first");
	ok(survives(&k), "and all is sound");
	for (uint32_t i = 20; i < 26; i++)
		kit_ended(&k, low, i, 1, SUAN_OUT_CANCELLED);
	kit_pass(&k);
	is_int(kit_state(&k, high, 0), SUAN_STAGING, "who wanted the room has it");
	kit_done(&k);
}

/* Two classes that would push each other out for ever: each run gets min_run, work gets done. */
static void t_no_livelock(void)
{
	struct kit k;
	uint64_t low, stops = 0, done = 0;
	struct suan_run_id run = {0};

	kit_one_pool(&k, 1, 4);
	classes(&k, MINUTE);
	low = submit(&k, "low", 1, 4);
	kit_pass(&k);
	for (int i = 0; i < 200; i++) {
		k.now += MINUTE / 2;
		if (i % 4 == 0)
			submit(&k, "high", 1, 4);
		memset(&run, 0, sizeof(run));
		while (suan_engine_next_run(k.e, &run)) {
			struct suan_task_view v;

			suan_engine_task(k.e, run.job, run.index, &v);
			if (v.stopping)
				kit_ended(&k, run.job, run.index, run.attempt, SUAN_OUT_CANCELLED);
			else if (run.job != low && k.now - v.order_ms >= MINUTE / 2) {
				kit_ended(&k, run.job, run.index, run.attempt, SUAN_OUT_EXITED);
				done++;
			}
		}
		kit_pass(&k);
		stops += kit_effects(&k, SUAN_FX_STOP);
	}
	ok(kit_good(&k), "all is sound");
	is_int((long long)done, 50, "what has the right gets done");
	ok(stops >= 40 && stops <= 50, "a stop for each that came, not more");
	is_int(kit_view(&k, low).preempted, (long long)stops, "each is counted");
	kit_done(&k);
}

/* No class may push out any: nothing of it all happens. */
static void t_off(void)
{
	struct kit k;
	struct accounts_kit a;

	kit_one_pool(&k, 1, 8);
	accounts_empty(&a);
	kit_qos(&a, "low", -100)->preemptable = true;
	kit_qos(&a, "high", 1000);
	accounts_set(&k, &a);
	submit(&k, "low", 1, 8);
	kit_pass(&k);
	k.now += 20 * MINUTE;
	submit(&k, "high", 1, 8);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 0, "high alone is no right");
	a.qos[1].preempts = (struct suan_names){a.preempts, 1};
	a.preempts[0] = "low";
	accounts_set(&k, &a);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_STOP), 1,
	       "classes that change count for what runs and waits");
	kit_done(&k);
}

static void t_checks(void)
{
	struct kit k;
	struct suan_event ev = {.type = SUAN_EV_POLICY};
	struct suan_qos_spec qos[64];
	char names[64][8];
	struct suan_accounts all = {
		.qos = qos, .nqos = 64, .default_account = "", .default_qos = ""};

	kit_init(&k);
	ev.u.policy.preemption.grace_ms = -1;
	is_int(suan_engine_check(k.e, &ev, &k.fx, &k.err) == SUAN_OK ? k.fx.code : SUAN_OK,
	       SUAN_EINVAL, "a grace below zero");
	for (int i = 0; i < 64; i++) {
		snprintf(names[i], sizeof(names[i]), "q%d", i);
		qos[i] = (struct suan_qos_spec){.name = names[i], .preemptable = true};
	}
	ev = (struct suan_event){.type = SUAN_EV_ACCOUNTS, .u.accounts = &all};
	is_int(suan_engine_check(k.e, &ev, &k.fx, &k.err) == SUAN_OK ? k.fx.code : SUAN_OK,
	       SUAN_EINVAL, "more than 63 classes to push out");
	ok(strstr(k.err.text, "right are up to 63") != NULL, "says what would be right");
	kit_done(&k);
}

int main(void)
{
	t_pushes_out();
	t_spares();
	t_priority();
	t_cancels();
	t_ends();
	t_people();
	t_cheapest();
	t_many();
	t_no_livelock();
	t_off();
	t_checks();
	return tap_done();
}
