/* What comes in, arrays, dependencies: one test a rule. */
#include "lib/engine_kit.h"

static bool refused(struct kit *k, const struct suan_job_spec *s, enum suan_reason r, int64_t a,
		    int64_t b)
{
	uint64_t id = kit_submit(k, s);
	bool good = id == 0 && k->fx.code == SUAN_EREFUSED && k->fx.refused == r && k->fx.a == a &&
		    k->fx.b == b && k->fx.count == 0;

	if (!good)
		printf("# id %" PRIu64 " code %d %s %" PRId64 " %" PRId64 "\n", id, k->fx.code,
		       suan_reason_name(k->fx.refused), k->fx.a, k->fx.b);
	return good;
}

static bool invalid(struct kit *k, const struct suan_job_spec *s, const char *field)
{
	uint64_t id = kit_submit(k, s);

	return id == 0 && k->fx.code == SUAN_EINVAL && strcmp(k->err.field, field) == 0;
}

static void two_sites(struct kit *k)
{
	struct suan_site_spec *s;
	struct suan_pool_spec *p;

	kit_init(k);
	s = kit_site(k, "a", "east");
	kit_pool(s, "p", 2, 4);
	s = kit_site(k, "b", "west");
	p = kit_pool(s, "g", 1, 8);
	p->gpu = "a800";
	p->gpus = 2;
	kit_network(k);
}

static void t_fits(void)
{
	struct kit k;
	struct suan_job_spec s;

	two_sites(&k);
	s = kit_job(1, 9, 60000);
	ok(refused(&k, &s, SUAN_R_TOO_MANY_CORES, 9, 8) && k.fx.pool == 1, "too many cores");
	s = kit_job(1, 1, 60000);
	s.req.memory = UINT64_C(9) << 30;
	ok(refused(&k, &s, SUAN_R_TOO_MUCH_MEMORY, INT64_C(9) << 30, INT64_C(8) << 30),
	   "too much memory");
	s = kit_job(9, 1, 60000);
	ok(refused(&k, &s, SUAN_R_TOO_MANY_TASKS, 9, 8), "too many tasks");
	s = kit_job(3, 1, 60000);
	s.req.nodes = 3;
	ok(refused(&k, &s, SUAN_R_TOO_MANY_NODES, 3, 2) && k.fx.pool == 0, "too many nodes");
	s = kit_job(1, 1, 60000);
	s.req.gpus = 3;
	ok(refused(&k, &s, SUAN_R_TOO_MANY_GPUS, 3, 2) && k.fx.pool == 1, "too many GPUs");
	s.req.gpus = 1;
	s.gpu = "910b";
	kit_submit(&k, &s);
	is_int(k.fx.refused, SUAN_R_GPU_KIND, "a kind that nobody has");
	s.gpu = "a800";
	ok(kit_submit(&k, &s), "a kind that somebody has");
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_START, 0)->pool, 1, "starts there");
	is_str(kit_view(&k, 1).gpu, "a800", "and is kept");
	kit_done(&k);
}

static void t_lists(void)
{
	struct kit k;
	struct suan_job_spec s;
	const char *a = "a", *west = "west", *x = "x";

	two_sites(&k);
	s = kit_job(1, 1, 60000);
	s.site = (struct suan_names){&x, 1};
	ok(invalid(&k, &s, "site"), "an unknown site");
	s.site.count = 0;
	s.not_hub = (struct suan_names){&x, 1};
	ok(invalid(&k, &s, "not_hub"), "an unknown hub");
	s.not_hub.count = 0;
	s.hub = (struct suan_names){&west, 1};
	ok(kit_submit(&k, &s), "a hub");
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_START, 0)->pool, 1, "it starts there");
	s.site = (struct suan_names){&a, 1};
	ok(refused(&k, &s, SUAN_R_NO_POOL, 0, 0), "a site of another hub");
	s.hub.count = 0;
	s.not_site = (struct suan_names){&a, 1};
	ok(refused(&k, &s, SUAN_R_NO_POOL, 0, 0), "allowed and denied");
	s.site.count = 0;
	ok(kit_submit(&k, &s), "denied alone");
	ok(kit_view(&k, 2).not_site.count == 1 && kit_view(&k, 2).site.count == 0, "kept");
	is_str(kit_view(&k, 2).not_site.list[0], "a", "by name");
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_START, 0)->pool, 1, "starts elsewhere");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_limits(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);

	kit_one_pool(&k, 1, 4);
	s.estimate_ms = 60001;
	ok(invalid(&k, &s, "estimate"), "an estimate above the walltime");
	s.estimate_ms = 0;
	s.walltime_ms = -1;
	ok(invalid(&k, &s, "walltime"), "a negative walltime");
	s.walltime_ms = 60000;
	s.req.nodes = 2;
	ok(invalid(&k, &s, "nodes"), "more nodes than tasks");
	s.req.nodes = 0;
	s.array = &(struct suan_range){.nruns = 1, .count = 5, .runs = {{0, 3, 1}}};
	ok(invalid(&k, &s, "array"), "a count that is wrong");
	s.array = NULL;
	kit_policy(&k, &(struct suan_policy){.max_walltime_ms = 50000, .max_pending = 2});
	ok(refused(&k, &s, SUAN_R_TOO_LONG, 60000, 50000), "too long");
	s.walltime_ms = 0;
	ok(kit_submit(&k, &s) && kit_view(&k, 1).walltime_ms == 50000, "the default is cut");
	ok(kit_submit(&k, &s), "a second");
	ok(refused(&k, &s, SUAN_R_QUEUE_FULL, 2, 2), "the queue is full");
	kit_pass(&k);
	ok(kit_submit(&k, &s), "when they run there is room");
	kit_done(&k);
}

static void t_deadline(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(4, 1, 60000);
	struct suan_event ev = {.type = SUAN_EV_SUBMIT, .u.submit = {.jobs = &s, .njobs = 1}};

	kit_one_pool(&k, 1, 4);
	s.deadline_ms = k.now + 59999;
	ok(refused(&k, &s, SUAN_R_DEADLINE, k.now + 60000, k.now + 59999), "no time left");
	s.begin_ms = k.now + 10;
	s.deadline_ms = k.now + 60000;
	ok(refused(&k, &s, SUAN_R_DEADLINE, k.now + 60010, k.now + 60000), "begins too late");
	s.begin_ms = 0;
	ok(kit_submit(&k, &s), "just enough");
	kit_pass(&k);
	ev.seq = suan_engine_seq(k.e) + 1;
	ev.now_ms = k.now;
	s.deadline_ms = k.now + 100000;
	ok(suan_engine_check(k.e, &ev, &k.fx, &k.err) == SUAN_OK &&
		   k.fx.refused == SUAN_R_DEADLINE && k.fx.a == k.now + 120000 && k.fx.pool == 0,
	   "a check knows that it would wait too long");
	s.deadline_ms = k.now + 120000;
	ok(suan_engine_check(k.e, &ev, &k.fx, &k.err) == SUAN_OK && k.fx.code == SUAN_OK, "or not");
	kit_done(&k);
}

static void t_bulk(void)
{
	struct kit k;
	struct suan_job_spec jobs[3] = {kit_job(1, 1, 1000), kit_job(1, 5, 1000),
					kit_job(1, 1, 1000)};
	struct suan_dep own = {SUAN_AFTEROK, 1};
	struct suan_event ev = {.type = SUAN_EV_SUBMIT, .u.submit = {.jobs = jobs, .njobs = 3}};

	kit_one_pool(&k, 1, 4);
	kit_step(&k, &ev);
	ok(k.fx.code == SUAN_EREFUSED && k.fx.refused_item == 1 &&
		   suan_engine_next_job(k.e, 0) == 0,
	   "one bad job, no job");
	jobs[1].req.cores = 1;
	jobs[1].deps = &own;
	jobs[1].ndeps = 1;
	kit_step(&k, &ev);
	ok(k.fx.refused == SUAN_R_BAD_DEPENDENCY && k.fx.a == 1, "no id is known beforehand");
	jobs[1].ndeps = 0;
	is_int(kit_step(&k, &ev), SUAN_OK, "all good");
	ok(k.fx.first_job == 1 && k.fx.njobs == 3 && suan_engine_prev_job(k.e, 0) == 3,
	   "three ids in a row");
	ev.u.submit.njobs = 0;
	is_int(kit_step(&k, &ev), SUAN_EINVAL, "none at all is an error");
	kit_done(&k);
}

static void t_keys(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 1000);
	struct suan_event ev = {.type = SUAN_EV_SUBMIT,
				.u.submit = {&s, 1, true, {1, 2, 3, 4, 5, 6, 7, 8, 9}, 42}};
	struct suan_event other = ev;

	kit_one_pool(&k, 1, 4);
	kit_step(&k, &ev);
	ok(k.fx.first_job == 1 && !k.fx.repeated, "a key");
	kit_step(&k, &ev);
	ok(k.fx.code == SUAN_OK && k.fx.first_job == 1 && k.fx.njobs == 1 && k.fx.repeated &&
		   k.fx.count == 0,
	   "again: the same job");
	ev.u.submit.body_hash = 43;
	is_int(kit_step(&k, &ev), SUAN_ECONFLICT, "another body is a conflict");
	other.u.submit.key[15] = 1;
	kit_step(&k, &other);
	ok(k.fx.first_job == 2, "a key that differs in its last byte");
	kit_all(&k, SUAN_EV_CANCEL, 1);
	kit_all(&k, SUAN_EV_FORGET, 1);
	kit_step(&k, &other);
	ok(k.fx.repeated && k.fx.first_job == 2, "it stays when the first is forgotten");
	kit_step(&k, &ev);
	ok(k.fx.first_job == 3 && !k.fx.repeated, "the first key is new again");
	kit_step(&k, &ev);
	ok(k.fx.repeated && k.fx.first_job == 3, "and known");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static uint64_t submit_array(struct kit *k, const char *range, struct suan_dep *dep)
{
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_range set;

	if (suan_range_parse(range, &set, NULL) != SUAN_OK)
		abort();
	s.array = &set;
	s.deps = dep;
	s.ndeps = dep ? 1 : 0;
	return kit_submit(k, &s);
}

static void t_array(void)
{
	struct kit k;
	struct suan_run_id run = {0};
	uint64_t id;
	uint32_t n = 0;

	kit_one_pool(&k, 1, 8);
	id = submit_array(&k, "10-30:2%3", NULL);
	is_int(kit_effects(&k, SUAN_FX_CHANGED), 1, "one change for all at submission");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 3, "as many as the cap allows");
	is_int(kit_effect(&k, SUAN_FX_START, 0)->run.index, 10, "by index");
	is_int(kit_effect(&k, SUAN_FX_START, 2)->run.index, 14, "in order");
	while (suan_engine_next_run(k.e, &run))
		n += run.job == id && run.index == 10 + 2 * n;
	is_int(n, 3, "three runs");
	ok(kit_view(&k, id).state == SUAN_STAGING && kit_view(&k, id).elements == 11 &&
		   kit_view(&k, id).counts[SUAN_PENDING] == 8,
	   "the counts");
	kit_started(&k, id, 12, 1);
	is_int(kit_view(&k, id).state, SUAN_RUNNING, "one runs, so the job does");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 0, "the cap holds");
	ok(kit_index(&k, SUAN_EV_CANCEL, id, 30) == SUAN_OK &&
		   kit_state(&k, id, 30) == SUAN_CANCELLED,
	   "cancel one element");
	kit_index(&k, SUAN_EV_HOLD, id, 16);
	kit_ended(&k, id, 10, 1, SUAN_OUT_SIGNALLED);
	kit_pass(&k);
	ok(kit_effects(&k, SUAN_FX_START) == 1 && kit_effect(&k, SUAN_FX_START, 0)->run.index == 18,
	   "the held one is left out");
	kit_all(&k, SUAN_EV_CANCEL, id);
	ok(kit_effects(&k, SUAN_FX_STOP) == 3 && kit_effects(&k, SUAN_FX_CHANGED) == 6,
	   "cancel all: three to stop, six at once");
	kit_ended(&k, id, 12, 1, SUAN_OUT_EXITED);
	kit_ended(&k, id, 14, 1, SUAN_OUT_EXITED);
	kit_ended(&k, id, 18, 1, SUAN_OUT_CANCELLED);
	ok(kit_view(&k, id).state == SUAN_FAILED && kit_view(&k, id).reason == SUAN_R_SIGNAL,
	   "the worst end stands for the job");
	is_int(suan_engine_job_count(k.e, SUAN_FAILED), 1, "and is counted");
	kit_all(&k, SUAN_EV_REQUEUE, id);
	ok(kit_view(&k, id).counts[SUAN_PENDING] == 11, "all again");
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_START, 0)->run.attempt, 2, "second attempt of the first");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_large(void)
{
	struct kit k;
	size_t before;
	uint64_t id;

	kit_one_pool(&k, 1, 8);
	before = suan_engine_memory(k.e);
	id = submit_array(&k, "0-999999", NULL);
	ok(suan_engine_memory(k.e) - before < 8192, "a million waiting elements are one job");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 8, "some start");
	ok(suan_engine_memory(k.e) - before < 400000, "and have records");
	kit_all(&k, SUAN_EV_CANCEL, id);
	is_int(kit_effects(&k, SUAN_FX_CHANGED), 999992, "cancel the others");
	ok(suan_engine_memory(k.e) - before < 500000, "without records");
	is_int(kit_view(&k, id).counts[SUAN_CANCELLED], 999992, "counted");
	kit_done(&k);
}

static void t_deps(void)
{
	static const struct {
		enum suan_dep_type type;
		enum suan_outcome end;
		enum suan_reason want;
	} cases[] = {
		{SUAN_AFTEROK, SUAN_OUT_EXITED, SUAN_R_NONE},
		{SUAN_AFTEROK, SUAN_OUT_TIMEOUT, SUAN_R_DEPENDENCY_NEVER},
		{SUAN_AFTERANY, SUAN_OUT_EXITED, SUAN_R_NONE},
		{SUAN_AFTERANY, SUAN_OUT_TIMEOUT, SUAN_R_NONE},
		{SUAN_AFTERANY, SUAN_OUT_UNKNOWN, SUAN_R_DEPENDENCY},
		{SUAN_AFTERNOTOK, SUAN_OUT_EXITED, SUAN_R_DEPENDENCY_NEVER},
		{SUAN_AFTERNOTOK, SUAN_OUT_TIMEOUT, SUAN_R_NONE},
		{SUAN_AFTERCORR, SUAN_OUT_EXITED, SUAN_R_NONE},
		{SUAN_AFTERCORR, SUAN_OUT_TIMEOUT, SUAN_R_DEPENDENCY_NEVER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kit k;
		struct suan_job_spec s = kit_job(1, 1, 60000);
		struct suan_dep dep = {cases[i].type, 1};
		uint64_t id, late;

		kit_one_pool(&k, 1, 8);
		kit_submit(&k, &s);
		s.deps = &dep;
		s.ndeps = 1;
		id = kit_submit(&k, &s);
		kit_pass(&k);
		ok(kit_effects(&k, SUAN_FX_START) == 1 &&
			   kit_view(&k, id).reason == SUAN_R_DEPENDENCY &&
			   kit_view(&k, id).reason_a == 1,
		   "%s waits", suan_dep_name(dep.type));
		kit_ended(&k, 1, 0, 1, cases[i].end);
		late = kit_submit(&k, &s);
		kit_pass(&k);
		is_int(kit_effects(&k, SUAN_FX_START), cases[i].want == SUAN_R_NONE ? 2 : 0,
		       "after the end it starts, or not, whenever it was submitted");
		if (cases[i].want != SUAN_R_NONE)
			ok(kit_view(&k, id).reason == cases[i].want &&
				   kit_view(&k, late).reason == cases[i].want,
			   "why: %s", suan_reason_name(cases[i].want));
		ok(kit_good(&k), "invariants");
		kit_done(&k);
	}
}

static void t_never(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_dep dep = {SUAN_AFTEROK, 1};
	uint64_t id;

	kit_one_pool(&k, 1, 8);
	kit_submit(&k, &s);
	s.deps = &dep;
	s.ndeps = 1;
	id = kit_submit(&k, &s);
	kit_pass(&k);
	kit_ended(&k, 1, 0, 1, SUAN_OUT_TIMEOUT);
	kit_pass(&k);
	is_int(kit_view(&k, id).reason, SUAN_R_DEPENDENCY_NEVER, "never, for now");
	kit_all(&k, SUAN_EV_REQUEUE, 1);
	is_int(kit_view(&k, id).reason, SUAN_R_DEPENDENCY, "it is tried again");
	kit_pass(&k);
	kit_ended(&k, 1, 0, 2, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "and then it may start");
	kit_done(&k);
}

static void t_corr(void)
{
	struct kit k;
	struct suan_dep dep = {SUAN_AFTERCORR, 1};
	struct suan_task_view t;
	uint64_t a, b;

	kit_one_pool(&k, 1, 8);
	a = submit_array(&k, "0-3", NULL);
	b = submit_array(&k, "1-4", &dep);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 4, "the first array starts");
	kit_ended(&k, a, 2, 1, SUAN_OUT_EXITED);
	kit_ended(&k, a, 1, 1, SUAN_OUT_TIMEOUT);
	kit_pass(&k);
	ok(kit_effects(&k, SUAN_FX_START) == 1 && kit_effect(&k, SUAN_FX_START, 0)->run.index == 2,
	   "2 follows 2");
	ok(suan_engine_task(k.e, b, 1, &t) && t.reason == SUAN_R_DEPENDENCY_NEVER,
	   "1 never follows 1");
	ok(suan_engine_task(k.e, b, 3, &t) && t.reason == SUAN_R_DEPENDENCY, "3 waits for 3");
	ok(suan_engine_task(k.e, b, 4, &t) && t.reason == SUAN_R_DEPENDENCY_NEVER,
	   "4 has no partner");
	kit_index(&k, SUAN_EV_REQUEUE, a, 1);
	ok(suan_engine_task(k.e, b, 1, &t) && t.reason == SUAN_R_DEPENDENCY, "1 hopes again");
	is_int(kit_all(&k, SUAN_EV_FORGET, a), SUAN_ECONFLICT, "the first is needed");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_models(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);

	kit_init(&k);
	kit_pool(kit_site(&k, "m", "east"), "p", 1, 4);
	k.sites[0].driver = "";
	kit_network(&k);
	kit_submit(&k, &s);
	ok(k.fx.refused == SUAN_R_NO_DRIVER && k.fx.pool == 0, "a modelled site runs no real job");
	kit_policy(&k, &(struct suan_policy){.model_sites = true});
	ok(kit_submit(&k, &s), "unless it is a simulation");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "where it starts");
	kit_done(&k);
}

/* An end that takes its job along. */
static void end_and_forget(struct kit *k, uint64_t job, uint32_t index, enum suan_outcome outcome)
{
	kit_report(k, &(struct suan_report){.run = {job, index, 1},
					    .kind = SUAN_REPORT_ENDED,
					    .at_ms = k->now,
					    .outcome = outcome,
					    .text = "",
					    .forget = true});
}

static void t_forget_at_end(void)
{
	struct kit k;
	struct suan_range two = {.nruns = 1, .count = 2, .runs = {{0, 1, 1}}};
	struct suan_job_spec s = kit_job(1, 1, 60000), array = s, after = s;
	struct suan_job_view v;
	struct suan_dep dep = {.type = SUAN_AFTEROK};
	uint64_t a, b, c;

	kit_one_pool(&k, 1, 8);
	a = kit_submit(&k, &s);
	array.array = &two;
	b = kit_submit(&k, &array);
	c = dep.job = kit_submit(&k, &s);
	after.deps = &dep;
	after.ndeps = 1;
	kit_submit(&k, &after);
	kit_pass(&k);
	k.now += 1000;
	end_and_forget(&k, a, 0, SUAN_OUT_EXITED);
	is_int(kit_effects(&k, SUAN_FX_CHANGED), 1, "the end is told");
	is_int(kit_effect(&k, SUAN_FX_CHANGED, 0)->state, SUAN_COMPLETED, "as it was");
	ok(!suan_engine_job(k.e, a, &v), "and the job is gone");
	end_and_forget(&k, a, 0, SUAN_OUT_EXITED);
	is_int(k.fx.code, SUAN_ENOTFOUND, "told again: nobody knows it");
	end_and_forget(&k, b, 0, SUAN_OUT_EXITED);
	is_int(kit_state(&k, b, 0), SUAN_COMPLETED, "an array stays while one of it runs");
	end_and_forget(&k, b, 1, SUAN_OUT_LOST);
	is_int(kit_state(&k, b, 1), SUAN_PENDING, "or starts again");
	end_and_forget(&k, c, 0, SUAN_OUT_EXITED);
	is_int(kit_state(&k, c, 0), SUAN_COMPLETED, "a job stays while another waits for it");
	kit_pass(&k);
	kit_report(&k, &(struct suan_report){.run = {b, 1, 2},
					     .kind = SUAN_REPORT_ENDED,
					     .outcome = SUAN_OUT_EXITED,
					     .exit_code = 3,
					     .text = "",
					     .forget = true});
	ok(!suan_engine_job(k.e, b, &v), "with its last element the array goes, failed or not");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_terse(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_candidate c[2];
	int64_t when;
	uint64_t a, b;

	kit_one_pool(&k, 1, 1);
	kit_policy(&k, &(struct suan_policy){.terse = true});
	a = kit_submit(&k, &s);
	b = kit_submit(&k, &s);
	is_int((int64_t)k.fx.count, 0, "a submission has no effect");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "a start is told");
	is_int(kit_effects(&k, SUAN_FX_CHANGED), 0, "a change is not");
	is_int(suan_engine_why(k.e, (struct suan_run_id){a, 0, 1}, c, 2, &when), 0,
	       "nor are candidates kept");
	is_int(when, k.now, "of that time");
	is_int(suan_engine_why(k.e, (struct suan_run_id){b, 0, 0}, c, 2, &when), 1,
	       "those of now are there");
	k.now += 1000;
	kit_ended(&k, a, 0, 1, SUAN_OUT_EXITED);
	is_int((int64_t)k.fx.count, 0, "nor is an end told");
	is_int(kit_state(&k, a, 0), SUAN_COMPLETED, "though it is known");
	kit_all(&k, SUAN_EV_CANCEL, b);
	is_int((int64_t)k.fx.count, 0, "nor a cancellation");
	kit_policy(&k, &(struct suan_policy){.terse = false});
	kit_submit(&k, &s);
	is_int(kit_effects(&k, SUAN_FX_CHANGED), 1, "until somebody watches");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_rank(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_candidate c[3];
	int64_t when;

	kit_init(&k);
	kit_pool(kit_site(&k, "dear", "east"), "p", 1, 4)->busy_watt = 400;
	k.sites[0].price_uyuan_kwh = 1000000;
	kit_pool(kit_site(&k, "cheap", "west"), "p", 1, 4)->busy_watt = 400;
	k.sites[1].price_uyuan_kwh = 300000;
	k.sites[1].pue_milli = 1500;
	kit_pool(kit_site(&k, "rented", "west"), "p", 1, 4)->price_hour_uyuan = 200000;
	k.sites[2].price_uyuan_kwh = -1;
	kit_network(&k);
	kit_submit(&k, &s);
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_START, 0)->pool, 1, "equal start: the cheapest");
	is_int(suan_engine_why(k.e, (struct suan_run_id){1, 0, 0}, c, 3, &when), 3,
	       "three candidates");
	ok(c[0].pool == 1 && c[0].reason == SUAN_R_CHOSEN, "the chosen one first");
	ok(c[1].reason == SUAN_R_COSTLIER && c[1].b == 45000, "0.4 kW × 1.5 × 0.3 yuan / 4 cores");
	ok((c[1].a == 50000) != (c[2].a == 50000), "rent / 4 cores");
	ok((c[1].a == 100000) != (c[2].a == 100000), "0.4 kW × 1 yuan / 4 cores");
	kit_done(&k);
}

/* ---- rules that only a broken engine would tell ---- */

static bool starts(const struct kit *k, uint64_t job, uint32_t index)
{
	for (size_t i = 0; i < kit_effects(k, SUAN_FX_START); i++) {
		const struct suan_effect *f = kit_effect(k, SUAN_FX_START, i);

		if (f->run.job == job && f->run.index == index)
			return true;
	}
	return false;
}

static void t_losses_begin_anew(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_task_view t;

	kit_one_pool(&k, 1, 4);
	kit_policy(&k, &(struct suan_policy){.max_attempts = 2});
	kit_submit(&k, &s);
	kit_pass(&k);
	kit_ended(&k, 1, 0, 1, SUAN_OUT_LOST);
	kit_pass(&k);
	kit_started(&k, 1, 0, 2);
	k.now += 100;
	kit_started(&k, 1, 0, 2);
	ok(suan_engine_task(k.e, 1, 0, &t) && t.start_ms == k.now - 100, "a start told twice");
	kit_all(&k, SUAN_EV_REQUEUE, 1);
	kit_ended(&k, 1, 0, 2, SUAN_OUT_CANCELLED);
	kit_pass(&k);
	kit_ended(&k, 1, 0, 3, SUAN_OUT_LOST);
	is_int(kit_state(&k, 1, 0), SUAN_PENDING, "losses before a requeue do not count");
	kit_done(&k);
}

static void t_corr_goes_back(void)
{
	struct kit k;
	struct suan_dep dep = {SUAN_AFTERCORR, 1};
	uint64_t a, b;

	kit_one_pool(&k, 1, 8);
	a = submit_array(&k, "0-2", NULL);
	b = submit_array(&k, "0-2", &dep);
	kit_pass(&k);
	kit_ended(&k, a, 0, 1, SUAN_OUT_EXITED);
	kit_ended(&k, a, 1, 1, SUAN_OUT_EXITED);
	kit_index(&k, SUAN_EV_REQUEUE, a, 0);
	kit_pass(&k);
	ok(!starts(&k, b, 0) && starts(&k, b, 1), "its partner is to run again: it waits");
	ok(kit_good(&k), "invariants");
	kit_index(&k, SUAN_EV_REQUEUE, a, 1);
	kit_ended(&k, b, 1, 1, SUAN_OUT_LOST);
	kit_pass(&k);
	ok(starts(&k, b, 1), "once started it depends on nothing");
	kit_ended(&k, b, 1, 2, SUAN_OUT_EXITED);
	kit_all(&k, SUAN_EV_CANCEL, a);
	kit_ended(&k, a, 0, 2, SUAN_OUT_CANCELLED);
	kit_ended(&k, a, 1, 2, SUAN_OUT_CANCELLED);
	kit_ended(&k, a, 2, 1, SUAN_OUT_TIMEOUT);
	is_int(kit_all(&k, SUAN_EV_FORGET, a), SUAN_ECONFLICT, "what waits for it keeps it");
	kit_all(&k, SUAN_EV_CANCEL, b);
	is_int(kit_all(&k, SUAN_EV_FORGET, a), SUAN_OK, "nothing waits for it any more");
	is_int(kit_index(&k, SUAN_EV_REQUEUE, b, 0), SUAN_ECONFLICT, "what it waits for is gone");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void t_all_elements(void)
{
	struct kit k;
	struct suan_dep after[2] = {{SUAN_AFTERANY, 1}, {SUAN_AFTERANY, 2}};
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_engine *next = NULL;
	struct suan_buf b;
	struct suan_task_view t;
	uint64_t a, c;

	kit_one_pool(&k, 1, 8);
	a = submit_array(&k, "0-999", NULL);
	c = submit_array(&k, "0-1", NULL);
	kit_all(&k, SUAN_EV_HOLD, a);
	kit_all(&k, SUAN_EV_HOLD, c);
	s.deps = after;
	s.ndeps = 2;
	kit_submit(&k, &s);
	kit_pass(&k);
	kit_index(&k, SUAN_EV_CANCEL, a, 300);
	k.now += 10;
	kit_index(&k, SUAN_EV_RELEASE, a, 301);
	kit_all(&k, SUAN_EV_CANCEL, a);
	ok(kit_state(&k, a, 301) == SUAN_CANCELLED && kit_view(&k, a).state == SUAN_CANCELLED &&
		   kit_good(&k),
	   "a cancel of all is one of each");
	suan_buf_init(&b, 0);
	ok(suan_engine_save(k.e, &b, NULL) == SUAN_OK &&
		   suan_engine_load(&next, b.data, b.len, NULL) == SUAN_OK &&
		   suan_engine_task(next, a, 300, &t) && t.end_ms == k.now - 10,
	   "the one that ended before keeps its time");
	suan_engine_free(next);
	suan_buf_done(&b);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 0, "both must be over");
	kit_all(&k, SUAN_EV_CANCEL, c);
	is_int(kit_view(&k, c).state, SUAN_CANCELLED, "one that was never touched is over too");
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 1, "and tells who waits for it");
	kit_done(&k);
}

static void t_part_of_an_array(void)
{
	struct kit k;
	struct suan_dep on = {SUAN_AFTEROK, 1};
	struct suan_job_spec s = kit_job(1, 1, 60000);
	uint64_t a, c;

	kit_one_pool(&k, 1, 8);
	a = submit_array(&k, "0-1", NULL);
	s.deps = &on;
	s.ndeps = 1;
	c = kit_submit(&k, &s);
	on.type = SUAN_AFTERANY;
	kit_submit(&k, &s);
	kit_pass(&k);
	kit_ended(&k, a, 0, 1, SUAN_OUT_EXITED);
	kit_submit(&k, &s);
	on.type = SUAN_AFTEROK;
	kit_submit(&k, &s);
	kit_pass(&k);
	is_int(kit_effects(&k, SUAN_FX_START), 0, "half of an array is no end of it");
	kit_ended(&k, a, 1, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	ok(kit_effects(&k, SUAN_FX_START) == 4 && starts(&k, c, 0), "all of it is");
	kit_done(&k);
}

static void t_worst_element(void)
{
	struct kit k;
	struct suan_report r = {.kind = SUAN_REPORT_ENDED, .outcome = SUAN_OUT_EXITED, .text = ""};
	struct suan_job_spec s = kit_job(1, 1, 60000);
	struct suan_range set;
	uint64_t a;

	kit_one_pool(&k, 1, 8);
	a = submit_array(&k, "0-1", NULL);
	kit_pass(&k);
	for (uint32_t i = 0; i < 2; i++) {
		r.run = (struct suan_run_id){a, i, 1};
		r.exit_code = 3 + (int32_t)i;
		kit_report(&k, &r);
	}
	is_int(kit_view(&k, a).exit_code, 3, "the first of the worst");
	kit_index(&k, SUAN_EV_REQUEUE, a, 0);
	kit_pass(&k);
	kit_ended(&k, a, 0, 2, SUAN_OUT_EXITED);
	is_int(kit_view(&k, a).exit_code, 4, "when it is well again, the next");
	if (suan_range_parse("0-1", &set, NULL) != SUAN_OK)
		abort();
	s.array = &set;
	s.guarantee = SUAN_AT_MOST_ONCE;
	a = kit_submit(&k, &s);
	kit_pass(&k);
	kit_ended(&k, a, 0, 1, SUAN_OUT_SIGNALLED);
	kit_ended(&k, a, 1, 1, SUAN_OUT_LOST);
	is_int(kit_view(&k, a).state, SUAN_UNKNOWN, "not to know is worse than to know");
	a = submit_array(&k, "0-1", NULL);
	kit_index(&k, SUAN_EV_CANCEL, a, 0);
	k.now += 50;
	kit_index(&k, SUAN_EV_CANCEL, a, 1);
	is_int(kit_view(&k, a).end_ms, k.now, "the last end is that of the job");
	kit_done(&k);
}

/* The end of an earlier lease must not cut a later one short. */
static void t_second_lease(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000), sooner = kit_job(1, 1, 50000);

	kit_one_pool(&k, 1, 4);
	kit_submit(&k, &s);
	kit_submit(&k, &sooner);
	kit_pass(&k);
	kit_ended(&k, 2, 0, 1, SUAN_OUT_UNKNOWN);
	kit_ended(&k, 1, 0, 1, SUAN_OUT_UNKNOWN);
	k.now += 100000;
	kit_ended(&k, 1, 0, 1, SUAN_OUT_LOST);
	kit_pass(&k);
	kit_ended(&k, 1, 0, 2, SUAN_OUT_UNKNOWN);
	ok(kit_good(&k), "two leases, one of them counts");
	k.now += 119999;
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_UNKNOWN, "not before its own time");
	k.now += 1;
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_PENDING, "then");
	kit_done(&k);
}

static void t_kept_over_a_change(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, 60000), bulk[3] = {s, s, s};
	struct suan_event usable = {.type = SUAN_EV_CAPACITY, .u.capacity = {0, 1}};
	struct suan_event many = {.type = SUAN_EV_SUBMIT, .u.submit = {.jobs = bulk, .njobs = 3}};
	struct suan_pool_view v;
	struct suan_task_view t;

	kit_one_pool(&k, 2, 4);
	kit_policy(&k, &(struct suan_policy){.max_pending = 2});
	kit_step(&k, &many);
	ok(k.fx.refused == SUAN_R_QUEUE_FULL && k.fx.refused_item == 2, "a bulk counts itself");
	kit_submit(&k, &s);
	kit_pass(&k);
	kit_step(&k, &usable);
	kit_ended(&k, 1, 0, 1, SUAN_OUT_UNKNOWN);
	kit_network(&k);
	ok(suan_engine_pool(k.e, 0, &v) && v.usable_nodes == 1, "usable nodes");
	k.now += 10;
	k.net.nsites = 0;
	kit_pool(kit_site(&k, "b", "west"), "p", 1, 8);
	kit_network(&k);
	ok(suan_engine_task(k.e, 1, 0, &t) && t.reason == SUAN_R_LOST && kit_good(&k),
	   "what was lost before is not lost again");
	kit_done(&k);
}

int main(void)
{
	t_fits();
	t_lists();
	t_limits();
	t_deadline();
	t_bulk();
	t_keys();
	t_array();
	t_large();
	t_deps();
	t_never();
	t_corr();
	t_models();
	t_forget_at_end();
	t_terse();
	t_rank();
	t_losses_begin_anew();
	t_corr_goes_back();
	t_all_elements();
	t_part_of_an_array();
	t_worst_element();
	t_second_lease();
	t_kept_over_a_change();
	return tap_done();
}
