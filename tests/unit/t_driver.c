/* Every driver must pass this: the conformance suite. */
#include "t_driver_rig.h"

struct kind { /* how a driver is told to do the same thing */
	const char *driver;
	const char *exit_0[4], *exit_3[4], *signal_15[4], *for_ever[4], *soon[6];
	const char *bad_dir; /* working directory of the run that cannot start */
	const char *bad[4];
};

static const struct kind kinds[] = {
	{"fake",
	 {"fake", "exit", "0"},
	 {"fake", "exit", "3"},
	 {"fake", "signal", "15"},
	 {"fake", "hang"},
	 {"fake", "exit", "7", "after", "300"},
	 "/",
	 {"fake", "fail", "no dir"}},
	{"local",
	 {"true"},
	 {"sh", "-c", "exit 3"},
	 {"sh", "-c", "kill -15 $$"},
	 {"sleep", "600"},
	 {"sh", "-c", "sleep 0.3; exit 7"},
	 "/no/such/folder",
	 {"true"}},
};

static const struct kind *kind;

static struct suan_run_id start_argv(const char *const *argv)
{
	struct suan_driver_run run = a_run(argv);

	return start(&run);
}

static void test_ends(void)
{
	struct suan_run_id zero = start_argv(kind->exit_0);
	struct suan_run_id three = start_argv(kind->exit_3);
	struct suan_run_id sig = start_argv(kind->signal_15);
	struct seen *s;

	ended(zero, SUAN_OUT_EXITED, "exits");
	ended(three, SUAN_OUT_EXITED, "exits");
	ended(sig, SUAN_OUT_SIGNALLED, "signalled");
	s = seen_of(zero);
	is_int(s->end.exit_code, 0, "with 0");
	ok(s->starts == 1 && s->ends == 1, "one start, one end");
	ok(s->end.at_ms > 1500000000000 && s->end.at_ms <= suan_clock_now_ms(), "time of the end");
	is_int(seen_of(three)->end.exit_code, 3, "with 3");
	is_int(seen_of(sig)->end.signal, 15, "by 15");
}

static void test_limits(void)
{
	struct suan_driver_run run = a_run(kind->for_ever);
	struct suan_run_id id;

	run.walltime_ms = 50;
	id = start(&run);
	ended(id, SUAN_OUT_TIMEOUT, "time limit");
	id = start_argv(kind->for_ever);
	await(id, 1, 0);
	ok(seen_of(id)->ends == 0, "no limit, no end");
	stop_run(id);
	ended(id, SUAN_OUT_CANCELLED, "stopped");
	stop_run(id);
	id = start_argv(kind->for_ever);
	stop_run(id);
	ended(id, SUAN_OUT_CANCELLED, "stopped before it started");
}

static void test_cannot_start(void)
{
	struct suan_driver_run run = a_run(kind->bad);
	struct suan_run_id id;

	run.dir = kind->bad_dir;
	id = start(&run);
	ended(id, SUAN_OUT_START_FAILED, "cannot start");
	ok(strlen(seen_of(id)->text) > 0, "says why: %s", seen_of(id)->text);
	is_int(seen_of(id)->starts, 0, "did not start");
}

static void test_unknown_run(void)
{
	struct suan_run_id none = {999999, 0, 1};
	struct suan_err err;

	is_int(rig.ops->stop(rig.driver, none, 0, &err), SUAN_ENOTFOUND, "stop of an unknown run");
	ok(!rig.ops->knows(rig.driver, none), "is not known");
	rig.ops->forget(rig.driver, none);
}

static void test_idempotent(void)
{
	struct suan_driver_run run = a_run(kind->soon);
	struct suan_run_id id = start(&run);

	(void)start(&run);
	await_end(id);
	(void)start(&run);
	ok(rig.ops->knows(rig.driver, id), "known after its end");
	await(id, 1, 2);
	is_int(seen_of(id)->starts, 1, "started once");
	is_int(seen_of(id)->ends, 2, "asked for, the end is told again");
	rig.ops->forget(rig.driver, id);
	ok(!rig.ops->knows(rig.driver, id), "forgotten");
	run.id.attempt = 2;
	id = start(&run);
	ended(id, SUAN_OUT_EXITED, "another attempt is another run");
	rig.ops->forget(rig.driver, id);
}

static void test_reopen(void)
{
	struct suan_run_id before = start_argv(kind->exit_3);
	struct suan_run_id during, after, hang;

	await_end(before);
	during = start_argv(kind->soon);
	hang = start_argv(kind->for_ever);
	after = start_argv(kind->soon);
	await(hang, 1, 0);
	close_driver();
	open_driver();
	ok(rig.ops->knows(rig.driver, before) && rig.ops->knows(rig.driver, during) &&
		   rig.ops->knows(rig.driver, after) && rig.ops->knows(rig.driver, hang),
	   "all known after opening anew");
	await(before, 0, 2);
	is_int(seen_of(before)->end.exit_code, 3, "an end that was told is told again");
	ended(during, SUAN_OUT_EXITED, "a run goes on");
	is_int(seen_of(during)->end.exit_code, 7, "its code is not lost");
	ended(after, SUAN_OUT_EXITED, "so is the other");
	stop_run(hang);
	ended(hang, SUAN_OUT_CANCELLED, "stop of a run of the time before");
	rig.ops->forget(rig.driver, before);
	rig.ops->forget(rig.driver, during);
	rig.ops->forget(rig.driver, after);
	rig.ops->forget(rig.driver, hang);
	close_driver();
	open_driver();
	ok(!rig.ops->knows(rig.driver, before) && !rig.ops->knows(rig.driver, during) &&
		   !rig.ops->knows(rig.driver, after) && !rig.ops->knows(rig.driver, hang),
	   "forgotten is forgotten after opening anew too");
}

static void test_many(void)
{
	enum {
		N = 300
	};
	struct suan_run_id ids[N];
	int good = 0;

	for (int i = 0; i < N; i++)
		ids[i] = start_argv(i % 2 ? kind->exit_3 : kind->exit_0);
	for (int i = 0; i < N; i++) {
		const struct seen *s = await_end(ids[i]);

		good += s->starts == 1 && s->ends == 1 && s->end.outcome == SUAN_OUT_EXITED &&
			s->end.exit_code == (i % 2 ? 3 : 0);
		rig.ops->forget(rig.driver, ids[i]);
	}
	is_int(good, N, "many at once, each told once and right");
}

static void test_describe(void)
{
	struct suan_buf b;

	suan_buf_init(&b, 0);
	ok(rig.ops->describe(rig.driver, &b) == SUAN_OK, "describe");
	ok(b.len > 2 && b.data[0] == '{' && b.data[b.len - 1] == '}' &&
		   strstr(b.data, kind->driver),
	   "a JSON object: %s", b.data);
	suan_buf_done(&b);
}

static void test_names(void)
{
	struct suan_run_id id = {UINT64_MAX, UINT32_MAX, UINT32_MAX}, got;
	char name[SUAN_RUN_NAME_MAX];
	static const char *const bad[] = {"",
					  "1",
					  "1_2",
					  "1_2.",
					  "1_2.3x",
					  "01_2.3",
					  "1_-2.3",
					  "18446744073709551616_0.1",
					  "1_4294967296.1",
					  " 1_2.3"};

	suan_run_name(id, name);
	ok(suan_run_parse(name, &got) && got.job == id.job && got.index == id.index &&
		   got.attempt == id.attempt,
	   "largest name: %s", name);
	suan_run_name((struct suan_run_id){12, 3, 1}, name);
	is_str(name, "12_3.1", "name of a run");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!suan_run_parse(bad[i], &got), "not a name: \"%s\"", bad[i]);
	ok(!suan_driver_find("nonsense"), "no such driver");
}

static void tests(void)
{
	test_names();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kind = &kinds[i];
		printf("# driver %s\n", kind->driver);
		rig_begin(kind->driver);
		test_describe();
		test_ends();
		test_limits();
		test_cannot_start();
		test_unknown_run();
		test_idempotent();
		test_reopen();
		test_many();
		rig_end();
	}
}

int main(int argc, char **argv)
{
	return rig_main(argc, argv, tests);
}
