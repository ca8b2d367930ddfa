/* What each event does to jobs: one test a rule. */
#include "lib/engine_kit.h"

static struct suan_task_view task(const struct kit *k, uint64_t job, uint32_t index)
{
	struct suan_task_view v = {.state = SUAN_NSTATES};

	(void)suan_engine_task(k->e, job, index, &v);
	return v;
}

/* A job of the given kind, running. */
static uint64_t running(struct kit *k, enum suan_guarantee g)
{
	struct suan_job_spec s = kit_job(1, 1, 60000);
	uint64_t id;

	s.guarantee = g;
	id = kit_submit(k, &s);
	kit_pass(k);
	kit_started(k, id, 0, 1);
	return id;
}

static void t_life(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(2, 2, 60000);
	struct suan_task_view t;
	struct suan_candidate c[4];
	int64_t when;
	uint32_t n;
	uint64_t id;

	kit_one_pool(&k, 2, 4);
	s.payload = "do it";
	s.payload_len = 5;
	id = kit_submit(&k, &s);
	is_int(id, 1, "the first id is 1");
	ok(kit_effects(&k, SUAN_FX_CHANGED) == 1 && k.fx.count == 1, "one change, to PENDING");
	is_int(kit_state(&k, id, 0), SUAN_PENDING, "it waits");
	k.now = 2000;
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "a start is ordered");
	is_int(kit_effects(&k, SUAN_FX_CHANGED), 1, "and told once");
	is_int(kit_effects(&k, SUAN_FX_WAKE), 0, "nobody waits, so no wake is wanted");
	t = task(&k, id, 0);
	ok(t.state == SUAN_STAGING && t.attempt == 1 && t.order_ms == 2000 && t.pool == 0 &&
	   t.reason == SUAN_R_STARTING, "STAGING, first attempt");
	ok(suan_engine_places(k.e, (struct suan_run_id){id, 0, 1}, &n) && n == 1, "on one node");
	ok(!suan_engine_places(k.e, (struct suan_run_id){id, 0, 2}, &n) && n == 0,
	   "no other attempt has places");
	n = suan_engine_why(k.e, (struct suan_run_id){id, 0, 0}, c, 4, &when);
	ok(n == 1 && c[0].reason == SUAN_R_CHOSEN && when == 2000, "and we know why");
	k.now = 2500;
	kit_started(&k, id, 0, 1);
	is_int(task(&k, id, 0).start_ms, 2500, "RUNNING from the site's start");
	k.now = 9000;
	kit_report(&k, &(struct suan_report){.run = {id, 0, 1}, .kind = SUAN_REPORT_ENDED,
					     .at_ms = 8900, .outcome = SUAN_OUT_EXITED,
					     .usage = {70, 80, 90, 100}, .text = "bye"});
	t = task(&k, id, 0);
	ok(t.state == SUAN_COMPLETED && t.end_ms == 8900 && t.usage.cpu_ms == 70 &&
	   t.reason == SUAN_R_NONE, "COMPLETED with its usage");
	is_str(t.text, "bye", "and its text");
	ok(kit_view(&k, id).end_ms == 8900 && kit_view(&k, id).start_ms == 2500 &&
	   kit_view(&k, id).payload_len == 5, "the job says the same");
	ok(kit_good(&k), "all invariants hold");
	kit_done(&k);
}

static void one_outcome(enum suan_outcome o, int32_t code, enum suan_state want,
			enum suan_reason reason, int64_t a)
{
	struct kit k;
	uint64_t id;
	struct suan_task_view t;

	kit_one_pool(&k, 1, 4);
	id = running(&k, SUAN_LEASE);
	k.now += 10;
	kit_report(&k, &(struct suan_report){.run = {id, 0, 1}, .kind = SUAN_REPORT_ENDED,
					     .at_ms = k.now, .outcome = o, .exit_code = code,
					     .signal = 9, .text = ""});
	t = task(&k, id, 0);
	ok(t.state == want && t.reason == reason && t.reason_a == a, "outcome %d is %s, %s", o,
	   suan_state_name(t.state), suan_reason_name(t.reason));
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_outcomes(void)
{
	one_outcome(SUAN_OUT_EXITED, 0, SUAN_COMPLETED, SUAN_R_NONE, 0);
	one_outcome(SUAN_OUT_EXITED, 3, SUAN_FAILED, SUAN_R_EXIT_CODE, 3);
	one_outcome(SUAN_OUT_SIGNALLED, 0, SUAN_FAILED, SUAN_R_SIGNAL, 9);
	one_outcome(SUAN_OUT_TIMEOUT, 0, SUAN_TIMEOUT, SUAN_R_WALLTIME, 60000);
	one_outcome(SUAN_OUT_MEMORY, 0, SUAN_OUT_OF_MEMORY, SUAN_R_MEMORY, 0);
	one_outcome(SUAN_OUT_CANCELLED, 0, SUAN_CANCELLED, SUAN_R_CANCELLED_BY_USER, 0);
	one_outcome(SUAN_OUT_NOT_STARTED, 0, SUAN_PENDING, SUAN_R_PAUSED, 2010);
	one_outcome(SUAN_OUT_START_FAILED, 0, SUAN_FAILED, SUAN_R_START_FAILED, 0);
	one_outcome(SUAN_OUT_STAGING_FAILED, 0, SUAN_FAILED, SUAN_R_STAGING_FAILED, 0);
	one_outcome(SUAN_OUT_LOST, 0, SUAN_PENDING, SUAN_R_PRIORITY, 0);
	one_outcome(SUAN_OUT_UNKNOWN, 0, SUAN_UNKNOWN, SUAN_R_LOST, 0);
}

static void t_stale(void)
{
	struct kit k;
	uint64_t id, hash;

	kit_one_pool(&k, 1, 4);
	id = running(&k, SUAN_LEASE);
	kit_ended(&k, id, 0, 2, SUAN_OUT_EXITED);
	is_int(kit_state(&k, id, 0), SUAN_RUNNING, "a report of a later attempt is ignored");
	kit_ended(&k, id, 0, 1, SUAN_OUT_NOT_STARTED);
	k.now += 1000;
	kit_pass(&k);
	is_int(task(&k, id, 0).attempt, 2, "the second attempt");
	kit_ended(&k, id, 0, 1, SUAN_OUT_EXITED);
	is_int(kit_state(&k, id, 0), SUAN_STAGING, "a report of the first one is ignored");
	kit_ended(&k, id, 0, 2, SUAN_OUT_EXITED);
	hash = kit_state(&k, id, 0);
	kit_ended(&k, id, 0, 2, SUAN_OUT_SIGNALLED);
	ok(kit_state(&k, id, 0) == hash && k.fx.count == 0, "an end told twice changes nothing");
	kit_started(&k, id, 0, 2);
	is_int(kit_state(&k, id, 0), SUAN_COMPLETED, "nor does a late start");
	kit_ended(&k, 99, 0, 1, SUAN_OUT_EXITED);
	is_int(k.fx.code, SUAN_ENOTFOUND, "a job that is not there");
	kit_done(&k);
}

static void t_guarantees(void)
{
	struct kit k;
	uint64_t id;

	kit_one_pool(&k, 1, 4);
	id = running(&k, SUAN_AT_MOST_ONCE);
	kit_ended(&k, id, 0, 1, SUAN_OUT_LOST);
	is_int(kit_state(&k, id, 0), SUAN_UNKNOWN, "at most once: lost is UNKNOWN");
	is_int(kit_all(&k, SUAN_EV_REQUEUE, id), SUAN_ECONFLICT, "and never starts again");
	k.now += 10 * 60000;
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 0, "not later either");

	id = running(&k, SUAN_AT_MOST_ONCE);
	kit_ended(&k, id, 0, 1, SUAN_OUT_NOT_STARTED);
	k.now += 1000;
	kit_pass(&k);
	is_int(task(&k, id, 0).attempt, 2, "what certainly never ran may start");
	kit_ended(&k, id, 0, 2, SUAN_OUT_EXITED);

	id = running(&k, SUAN_AT_LEAST_ONCE);
	kit_ended(&k, id, 0, 1, SUAN_OUT_UNKNOWN);
	is_int(kit_state(&k, id, 0), SUAN_PENDING, "at least once: again at once");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "it starts");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_lease(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(4, 1, 60000);
	uint64_t id, other;
	int64_t start;

	kit_one_pool(&k, 1, 4);
	id = kit_submit(&k, &s);
	kit_pass(&k);
	start = k.now += 500;
	kit_started(&k, id, 0, 1);
	k.now += 1000;
	kit_ended(&k, id, 0, 1, SUAN_OUT_UNKNOWN);
	is_int(kit_state(&k, id, 0), SUAN_UNKNOWN, "UNKNOWN while its lease may go on");
	is_int(kit_all(&k, SUAN_EV_FORGET, id), SUAN_ECONFLICT, "it is not over");
	other = kit_submit(&k, &s);
	k.now = start + 60000 + 59999;
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 0, "its nodes are not given away");
	ok(kit_effect(&k, SUAN_FX_WAKE, 0) &&
	   kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms <= start + 120000, "a wake at the end of it");
	k.now = start + 120000;
	kit_pass(&k);
	is_int(kit_state(&k, id, 0), SUAN_PENDING, "start + limit + 60 s: it waits again");
	is_int(kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms, k.now, "with a pass at once");
	kit_pass(&k);
	ok(kit_effects(&k, SUAN_FX_START) == 1 &&
	   kit_effect(&k, SUAN_FX_START, 0)->run.attempt == 2 &&
	   kit_effect(&k, SUAN_FX_START, 0)->run.job == id, "and starts a second time");
	is_int(kit_state(&k, other, 0), SUAN_PENDING, "the other goes on waiting");
	kit_ended(&k, id, 0, 2, SUAN_OUT_UNKNOWN);
	kit_ended(&k, id, 0, 2, SUAN_OUT_EXITED);
	is_int(kit_state(&k, id, 0), SUAN_COMPLETED, "better knowledge ends the doubt");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_attempts(void)
{
	struct kit k;
	uint64_t id;

	kit_one_pool(&k, 1, 4);
	kit_policy(&k, &(struct suan_policy){.max_attempts = 3});
	id = running(&k, SUAN_LEASE);
	kit_ended(&k, id, 0, 1, SUAN_OUT_NOT_STARTED);
	k.now += 1000;
	for (uint32_t i = 2; i <= 4; i++) {
		kit_pass(&k);
		kit_ended(&k, id, 0, i, SUAN_OUT_LOST);
	}
	ok(task(&k, id, 0).state == SUAN_FAILED &&
	   task(&k, id, 0).reason == SUAN_R_TOO_MANY_ATTEMPTS, "three losses are enough");
	is_int(task(&k, id, 0).reason_a, 4, "after four attempts");
	kit_all(&k, SUAN_EV_REQUEUE, id);
	kit_pass(&k);
	kit_ended(&k, id, 0, 5, SUAN_OUT_LOST);
	is_int(kit_state(&k, id, 0), SUAN_PENDING, "its user may begin anew");
	kit_done(&k);
}

static void t_cancel(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(4, 1, 60000);
	uint64_t a, b, c;

	kit_one_pool(&k, 1, 4);
	a = kit_submit(&k, &s);
	b = kit_submit(&k, &s);
	kit_pass(&k);
	is_int(kit_all(&k, SUAN_EV_CANCEL, b), SUAN_OK, "cancel a waiting job");
	ok(task(&k, b, 0).state == SUAN_CANCELLED &&
	   task(&k, b, 0).reason == SUAN_R_CANCELLED_BY_USER && task(&k, b, 0).end_ms == k.now,
	   "over at once");
	is_int(kit_effects(&k, SUAN_FX_CHANGED), 1, "told once");
	kit_all(&k, SUAN_EV_CANCEL, a);
	ok(kit_effects(&k, SUAN_FX_STOP) == 1 && kit_effects(&k, SUAN_FX_CHANGED) == 0,
	   "a staging one is told to stop");
	ok(task(&k, a, 0).stopping && task(&k, a, 0).reason == SUAN_R_CANCELLING, "and stopping");
	kit_all(&k, SUAN_EV_CANCEL, a);
	is_int(k.fx.count, 0, "twice is once");
	kit_ended(&k, a, 0, 1, SUAN_OUT_SIGNALLED);
	is_int(kit_state(&k, a, 0), SUAN_CANCELLED, "a signal after a stop is a cancel");
	is_int(kit_all(&k, SUAN_EV_CANCEL, a), SUAN_OK, "cancel of a finished job is no error");
	is_int(k.fx.count, 0, "and no change");
	c = running(&k, SUAN_LEASE);
	kit_all(&k, SUAN_EV_CANCEL, c);
	kit_ended(&k, c, 0, 1, SUAN_OUT_EXITED);
	is_int(kit_state(&k, c, 0), SUAN_COMPLETED, "it was done before it was stopped");
	c = running(&k, SUAN_AT_LEAST_ONCE);
	kit_all(&k, SUAN_EV_CANCEL, c);
	kit_ended(&k, c, 0, 1, SUAN_OUT_UNKNOWN);
	is_int(kit_state(&k, c, 0), SUAN_UNKNOWN, "a stop whose end is unknown");
	k.now += 200000;
	kit_pass(&k);
	is_int(kit_state(&k, c, 0), SUAN_CANCELLED, "is a cancel when the lease has ended");
	is_int(kit_all(&k, SUAN_EV_CANCEL, 77), SUAN_ENOTFOUND, "no such job");
	is_int(kit_index(&k, SUAN_EV_CANCEL, a, 3), SUAN_ENOTFOUND, "no such element");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_hold(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	uint64_t id;

	kit_one_pool(&k, 1, 4);
	s.hold = true;
	id = kit_submit(&k, &s);
	kit_pass(&k);
	ok(kit_effects(&k, SUAN_FX_START) == 0 && kit_view(&k, id).reason == SUAN_R_HELD &&
	   kit_view(&k, id).hold, "held from the beginning");
	kit_all(&k, SUAN_EV_RELEASE, id);
	ok(!kit_view(&k, id).hold, "released");
	kit_all(&k, SUAN_EV_HOLD, id);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 0, "held again");
	kit_all(&k, SUAN_EV_RELEASE, id);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "it starts");
	kit_all(&k, SUAN_EV_HOLD, id);
	is_int(kit_state(&k, id, 0), SUAN_STAGING, "hold leaves runs alone");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_requeue(void)
{
	struct kit k;
	uint64_t id;

	kit_one_pool(&k, 1, 4);
	id = running(&k, SUAN_LEASE);
	kit_all(&k, SUAN_EV_REQUEUE, id);
	is_int(kit_effects(&k, SUAN_FX_STOP), 1, "a running task is stopped first");
	kit_ended(&k, id, 0, 1, SUAN_OUT_SIGNALLED);
	is_int(kit_state(&k, id, 0), SUAN_PENDING, "and waits again");
	kit_pass(&k);
	kit_ended(&k, id, 0, 2, SUAN_OUT_TIMEOUT);
	kit_all(&k, SUAN_EV_REQUEUE, id);
	ok(kit_state(&k, id, 0) == SUAN_PENDING && kit_effects(&k, SUAN_FX_CHANGED) == 1,
	   "a finished one waits at once");
	kit_pass(&k);
	is_int(task(&k, id, 0).attempt, 3, "as a new attempt");
	kit_all(&k, SUAN_EV_REQUEUE, id);
	kit_all(&k, SUAN_EV_CANCEL, id);
	ok(kit_effects(&k, SUAN_FX_STOP) == 0, "it is being stopped already");
	kit_ended(&k, id, 0, 3, SUAN_OUT_SIGNALLED);
	is_int(kit_state(&k, id, 0), SUAN_CANCELLED, "the last word counts");
	kit_done(&k);
}

static void t_priority(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(4, 1, 60000);
	struct suan_event ev = {.type = SUAN_EV_PRIORITY};
	uint64_t a, b, c;

	kit_one_pool(&k, 1, 4);
	a = kit_submit(&k, &s);
	b = kit_submit(&k, &s);
	c = kit_submit(&k, &s);
	kit_pass(&k);
	is_int(kit_view(&k, c).reason, SUAN_R_PRIORITY, "others go first");
	is_int(kit_view(&k, c).reason_a, 1, "one of them");
	is_int(kit_view(&k, b).reason, SUAN_R_RESOURCES, "first in line");
	is_int(kit_view(&k, b).predicted_start_ms, k.now + 60000, "with a predicted start");
	ev.u.target = (struct suan_target){.job = c, .all = true, .priority = 5};
	kit_step(&k, &ev);
	is_int(kit_view(&k, c).priority, 5, "higher priority");
	kit_ended(&k, a, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_START, 0)->run.job, c, "goes first");
	kit_done(&k);
}

static void t_begin(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	uint64_t a, b;

	kit_one_pool(&k, 1, 4);
	s.begin_ms = k.now + 5000;
	a = kit_submit(&k, &s);
	s.begin_ms = k.now + 3000;
	b = kit_submit(&k, &s);
	kit_pass(&k);
	ok(k.fx.count == 1 && kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms == 4000,
	   "a wake for the earlier one");
	ok(kit_view(&k, a).reason == SUAN_R_BEGIN && kit_view(&k, a).reason_a == 6000, "why");
	k.now = 4000;
	kit_pass(&k);
	ok(kit_effects(&k, SUAN_FX_START) == 1 &&
	   kit_effect(&k, SUAN_FX_START, 0)->run.job == b, "it starts on time");
	is_int(kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms, 6000, "then the later one");
	kit_all(&k, SUAN_EV_CANCEL, a);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_WAKE), 0, "not if it is cancelled");
	kit_all(&k, SUAN_EV_REQUEUE, a);
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_WAKE, 0)->at_ms, 6000, "but if it is back");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_forget(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_dep dep = {SUAN_AFTERANY, 1};
	uint64_t a, b;

	kit_one_pool(&k, 1, 4);
	a = running(&k, SUAN_LEASE);
	is_int(kit_all(&k, SUAN_EV_FORGET, a), SUAN_ECONFLICT, "a running job stays");
	s.deps = &dep;
	s.ndeps = 1;
	b = kit_submit(&k, &s);
	kit_ended(&k, a, 0, 1, SUAN_OUT_EXITED);
	is_int(kit_all(&k, SUAN_EV_FORGET, a), SUAN_ECONFLICT, "a waiting job needs it");
	kit_pass(&k);
	is_int(kit_all(&k, SUAN_EV_FORGET, a), SUAN_OK, "now it is forgotten");
	ok(!suan_engine_task(k.e, a, 0, &(struct suan_task_view){0}), "and gone");
	is_int(suan_engine_next_job(k.e, 0), (int64_t)b, "the first is the other");
	is_int(suan_engine_prev_job(k.e, 0), (int64_t)b, "and the last");
	is_int(kit_all(&k, SUAN_EV_FORGET, a), SUAN_ENOTFOUND, "not twice");
	is_int(kit_submit(&k, &s), 0, "nobody may depend on it");
	is_int(k.fx.refused, SUAN_R_BAD_DEPENDENCY, "because of that");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_sites(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(4, 1, 60000);
	struct suan_event ev = {.type = SUAN_EV_CAPACITY};
	struct suan_pool_view p;
	uint64_t a, b;

	kit_one_pool(&k, 2, 4);
	a = kit_submit(&k, &s);
	kit_pass(&k);
	kit_site_state(&k, "a", SUAN_SITE_DOWN);
	b = kit_submit(&k, &s);
	ok(b > a, "a site that is down takes jobs");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 0, "but starts none");
	is_int(kit_state(&k, a, 0), SUAN_STAGING, "what runs there stays");
	kit_site_state(&k, "a", SUAN_SITE_UP);
	ev.u.capacity.nodes = 1;
	kit_step(&k, &ev);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 0, "one usable node is full");
	ok(suan_engine_pool(k.e, 0, &p) && p.usable_nodes == 1 && p.cores_total == 4 &&
	   p.cores_used == 4 && p.running == 1, "the pool says so");
	ev.u.capacity.nodes = 9;
	kit_step(&k, &ev);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "two are not");
	ok(suan_engine_pool(k.e, 0, &p) && p.usable_nodes == 2, "more than there are is all");
	ev.u.capacity.pool = 5;
	is_int(kit_step(&k, &ev), SUAN_ENOTFOUND, "no such pool");
	kit_site_state(&k, "x", SUAN_SITE_DOWN);
	is_int(k.fx.code, SUAN_ENOTFOUND, "no such site");
	kit_done(&k);
}

static void t_network(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(4, 1, 60000);
	struct suan_site_view v;
	uint64_t a;

	kit_one_pool(&k, 2, 4);
	a = kit_submit(&k, &s);
	kit_pass(&k);
	k.net.nsites = 0;
	kit_pool(kit_site(&k, "b", "west"), "p", 1, 8);
	kit_network(&k);
	is_int(suan_engine_pool_count(k.e), 2, "a new pool gets a new number");
	ok(suan_engine_site(k.e, 0, &v) && v.gone, "the old site is gone");
	is_str(v.spec->name, "a", "but known");
	is_int(kit_state(&k, a, 0), SUAN_UNKNOWN, "nobody can say how its run goes on");
	a = kit_submit(&k, &s);
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_START, 0)->pool, 1, "jobs go to the new one");
	kit_pool(kit_site(&k, "a", "east"), "p", 2, 4);
	kit_network(&k);
	is_int(suan_engine_find_pool(k.e, "a", "p"), 0, "back under the old number");
	ok(suan_engine_site(k.e, 0, &v) && !v.gone, "no longer gone");
	is_int(suan_engine_find_pool(k.e, "a", "q"), SUAN_NO_POOL, "no such pool");
	is_str(suan_engine_network(k.e)->name, "test", "the network is kept");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_order(void)
{
	struct kit k;
	struct suan_event ev = {.seq = 7, .now_ms = 5000, .type = SUAN_EV_PASS};
	struct suan_err err = {0};
	uint64_t hash;

	kit_one_pool(&k, 1, 4);
	hash = suan_engine_hash(k.e);
	is_int(suan_engine_step(k.e, &ev, &k.fx, &err), SUAN_ECONFLICT, "a gap in the numbers");
	ev.seq = 2;
	ev.now_ms = 1;
	is_int(suan_engine_step(k.e, &ev, &k.fx, &err), SUAN_ECONFLICT, "time goes backwards");
	ev.now_ms = 5000;
	ev.type = (enum suan_event_type)99;
	is_int(suan_engine_step(k.e, &ev, &k.fx, &err), SUAN_EINVAL, "no such event");
	ok(suan_engine_hash(k.e) == hash && suan_engine_seq(k.e) == 1 &&
	   suan_engine_now(k.e) == 1000, "nothing has changed");
	kit_done(&k);
}

/* Starts that do not come about; see also scenarios/pause*.txt. */
static void t_pause(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_event old = {.type = SUAN_EV_REPORT, .old_rules = true};
	struct suan_candidate c[2];
	int64_t when;
	uint64_t id;

	kit_one_pool(&k, 1, 4);
	id = kit_submit(&k, &s);
	kit_pass(&k);
	kit_ended(&k, id, 0, 1, SUAN_OUT_NOT_STARTED);
	kit_pass(&k);
	ok(suan_engine_why(k.e, (struct suan_run_id){id, 0, 0}, c, 2, &when) == 1 &&
	   c[0].reason == SUAN_R_PAUSED && c[0].a == 2000, "why says until when");
	ok(suan_engine_quote(k.e, &s, k.now, c, 2) == 1 && c[0].reason == SUAN_R_PAUSED &&
	   c[0].a == 2000, "a quote too");
	ok(kit_submit(&k, &s) > 0, "jobs may come in meanwhile");
	k.now = 2000;
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 2, "both are tried");
	old.u.report = (struct suan_report){.run = {id, 0, 2}, .kind = SUAN_REPORT_ENDED,
					    .outcome = SUAN_OUT_NOT_STARTED, .text = ""};
	kit_step(&k, &old);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "an old log goes on as it did then");
	kit_ended(&k, id + 1, 0, 1, SUAN_OUT_EXITED);
	kit_ended(&k, id, 0, 3, SUAN_OUT_NOT_STARTED);
	is_int(task(&k, id, 0).reason_a, 3000, "an end without a start was a start that worked");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

/* What a site says about times is believed as far as it can be true: leases depend on it. */
static void t_wrong_clock(void)
{
	struct kit k;
	struct suan_report r = {.kind = SUAN_REPORT_STARTED, .text = ""};
	struct suan_task_view t;

	kit_one_pool(&k, 1, 4);
	k.now = 100000;
	r.run = (struct suan_run_id){running(&k, SUAN_LEASE), 0, 1};
	is_int(task(&k, r.run.job, 0).start_ms, 100000, "a right one");
	kit_ended(&k, r.run.job, 0, 1, SUAN_OUT_LOST);
	kit_pass(&k);
	r.run.attempt = 2;
	r.at_ms = 5;
	k.now = 100500;
	kit_report(&k, &r);
	is_int(task(&k, r.run.job, 0).start_ms, 100000, "no start before its order");
	kit_ended(&k, r.run.job, 0, 2, SUAN_OUT_UNKNOWN);
	k.now = 219999;
	kit_pass(&k);
	is_int(kit_state(&k, r.run.job, 0), SUAN_UNKNOWN, "so its lease lasts");
	k.now = 220000;
	kit_pass(&k);
	kit_pass(&k);
	r.run.attempt = 3;
	r.at_ms = 900000;
	kit_report(&k, &r);
	is_int(task(&k, r.run.job, 0).start_ms, 220000, "nor one to come");
	r.kind = SUAN_REPORT_ENDED;
	r.outcome = SUAN_OUT_EXITED;
	r.at_ms = 7;
	kit_report(&k, &r);
	t = task(&k, r.run.job, 0);
	ok(t.state == SUAN_COMPLETED && t.end_ms == 220000, "no end before its start");
	kit_done(&k);
}

/* Staging may take long: a run that perhaps was started may have been so just now. */
static void t_lease_of_staging(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	uint64_t id;

	kit_one_pool(&k, 1, 4);
	id = kit_submit(&k, &s);
	kit_pass(&k);
	k.now = 500000;
	kit_ended(&k, id, 0, 1, SUAN_OUT_UNKNOWN);
	k.now = 619999;
	kit_pass(&k);
	is_int(kit_state(&k, id, 0), SUAN_UNKNOWN, "its lease counts from the report");
	k.now = 620000;
	kit_pass(&k);
	is_int(kit_state(&k, id, 0), SUAN_PENDING, "then it has certainly ended");
	kit_done(&k);
}

static void t_many_losses(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	uint64_t id;
	uint32_t n = 0;

	kit_one_pool(&k, 1, 4);
	kit_policy(&k, &(struct suan_policy){.max_attempts = UINT32_MAX});
	id = kit_submit(&k, &s);
	while (kit_state(&k, id, 0) != SUAN_FAILED && n < 70000) {
		kit_pass(&k);
		kit_ended(&k, id, 0, ++n, SUAN_OUT_LOST);
	}
	is_int(n, UINT16_MAX, "no policy makes them endless");
	kit_done(&k);
}

int main(void)
{
	t_life();
	t_outcomes();
	t_stale();
	t_guarantees();
	t_lease();
	t_attempts();
	t_cancel();
	t_hold();
	t_requeue();
	t_priority();
	t_begin();
	t_forget();
	t_sites();
	t_network();
	t_order();
	t_pause();
	t_wrong_clock();
	t_lease_of_staging();
	t_many_losses();
	return tap_done();
}
