/* What the driver tests share: a loop, a driver on a state folder, runs to start and their reports.
 * The test program itself is the shepherd when it is called so: see rig_main. */
#ifndef SUAN_TESTS_T_DRIVER_RIG_H
#define SUAN_TESTS_T_DRIVER_RIG_H

#include "lib/tap.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/driver.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/process.h"

#define GUARD_US 60000000 /* a test that waits longer has failed */

struct seen {
	struct suan_run_id id;
	int starts, ends;
	struct suan_report end;
	char text[300];
};

struct rig {
	const struct suan_driver_ops *ops;
	struct suan_loop *loop;
	struct suan_driver *driver;
	char top[64], state[80], program[PATH_MAX];
	struct seen seen[4096];
	int nseen;
	uint64_t next_job;
	bool inside; /* a call of the driver is going on */
	int told_inside;
	int answers; /* so often it was ready again */
};

static struct rig rig;

static inline struct seen *seen_of(struct suan_run_id id)
{
	struct seen *s;

	for (int i = 0; i < rig.nseen; i++)
		if (rig.seen[i].id.job == id.job && rig.seen[i].id.attempt == id.attempt)
			return &rig.seen[i];
	if (rig.nseen == 4096)
		abort();
	s = &rig.seen[rig.nseen++];
	s->id = id;
	return s;
}

static inline void on_report(void *ctx, const struct suan_report *r)
{
	struct seen *s = seen_of(r->run);

	(void)ctx;
	rig.told_inside += rig.inside;
	if (r->kind == SUAN_REPORT_STARTED) {
		s->starts++;
		return;
	}
	s->ends++;
	s->end = *r;
	(void)snprintf(s->text, sizeof(s->text), "%s", r->text);
	s->end.text = s->text;
}

static inline void on_answers(void *ctx)
{
	(void)ctx;
	rig.told_inside += rig.inside;
	rig.answers++;
}

static inline void open_driver(void)
{
	struct suan_driver_config config = {.site = "here",
					    .state_dir = rig.state,
					    .program = rig.program,
					    .loop = rig.loop,
					    .report = on_report,
					    .answers = on_answers};
	struct suan_err err = {0};

	rig.inside = true;
	if (rig.ops->open(&rig.driver, &config, &err) != SUAN_OK) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	rig.inside = false;
}

static inline void close_driver(void)
{
	rig.ops->close(rig.driver);
	rig.driver = NULL;
}

static inline void rig_begin(const char *driver)
{
	struct suan_err err;
	ssize_t n = readlink("/proc/self/exe", rig.program, sizeof(rig.program) - 1);

	if (n <= 0 || suan_loop_new(&rig.loop, &err) != SUAN_OK)
		abort();
	(void)snprintf(rig.top, sizeof(rig.top), "/tmp/suan-t_driver-XXXXXX");
	if (!mkdtemp(rig.top))
		abort();
	(void)snprintf(rig.state, sizeof(rig.state), "%s/state", rig.top);
	rig.ops = suan_driver_find(driver);
	memset(rig.seen, 0, sizeof(rig.seen));
	rig.nseen = 0;
	rig.next_job = 1;
	open_driver();
}

static inline void rig_end(void)
{
	struct suan_err err;

	close_driver();
	suan_loop_free(rig.loop);
	is_int(rig.told_inside, 0, "no report from inside a call");
	ok(suan_fs_remove_tree(rig.top, &err) == SUAN_OK, "tidy");
}

/* A path in the test's folder; eight are valid at a time. */
static inline const char *at(const char *name)
{
	static char paths[8][PATH_MAX];
	static int next;
	char *p = paths[next++ % 8];

	(void)snprintf(p, PATH_MAX, "%s/%s", rig.top, name);
	return p;
}

static inline struct suan_driver_run a_run(const char *const *argv)
{
	static const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "GREETING=hello",
					  NULL};

	return (struct suan_driver_run){.id = {rig.next_job++, 0, 1},
					.run_dir = rig.top,
					.dir = rig.top,
					.stdin_path = "",
					.stdout_path = "",
					.stderr_path = "",
					.argv = argv,
					.envp = env,
					.grace_ms = 100};
}

static inline struct suan_run_id start(const struct suan_driver_run *run)
{
	struct suan_err err = {0};
	enum suan_code rc;

	rig.inside = true;
	rc = rig.ops->start(rig.driver, run, &err);
	rig.inside = false;
	if (rc != SUAN_OK)
		ok(false, "start: %s", err.text);
	return run->id;
}

static inline struct suan_driver_run shell_run(const char *script)
{
	static const char *argv[64][4];
	static int next;
	const char **a = argv[next++ % 64];

	a[0] = "sh";
	a[1] = "-c";
	a[2] = script;
	a[3] = NULL;
	return a_run(a);
}

static inline void stop_within(struct suan_run_id id, int64_t grace_ms)
{
	struct suan_err err = {0};
	enum suan_code rc;

	rig.inside = true;
	rc = rig.ops->stop(rig.driver, id, grace_ms, &err);
	rig.inside = false;
	if (rc != SUAN_OK)
		ok(false, "stop: %s", err.text);
}

static inline void stop_run(struct suan_run_id id)
{
	stop_within(id, 0);
}

/* Runs the loop until the run was told so many times to have started and ended. */
static inline struct seen *await(struct suan_run_id id, int starts, int ends)
{
	int64_t until = suan_clock_mono_us() + GUARD_US;
	struct suan_err err;

	while (seen_of(id)->starts < starts || seen_of(id)->ends < ends) {
		if (suan_clock_mono_us() > until) {
			ok(false, "run %d: no report came", (int)id.job);
			break;
		}
		if (suan_loop_once(rig.loop, 1000, &err) != SUAN_OK)
			abort();
	}
	return seen_of(id);
}

static inline struct seen *await_end(struct suan_run_id id)
{
	return await(id, 0, 1);
}

static inline void ended(struct suan_run_id id, enum suan_outcome outcome, const char *what)
{
	const struct seen *s = await_end(id);

	is_int(s->end.outcome, outcome, what);
	if (s->end.outcome != outcome && *s->text)
		printf("# text: %s\n", s->text);
}

/* main of a test: the shepherd when called so, else the tests. */
static inline int rig_main(int argc, char **argv, void (*tests)(void))
{
	char idle[] = "--idle-ms=500";
	char *args[] = {argv[0], argc > 2 ? argv[2] : NULL, idle, NULL};

	if (argc > 2 && strcmp(argv[1], "shepherd") == 0)
		return suan_shepherd_main(3, args);
	tests();
	return tap_done();
}

#endif
