/* The local driver: what real processes add to the conformance suite. Jobs tell through named pipes
 * when they are ready; ends of processes are awaited by pidfd. */
#include "t_driver_rig.h"

#include <sys/resource.h>

#include "driver/journal.h"

static void slurp(const char *name, char *out, size_t size)
{
	size_t n = 0;
	struct suan_err err;

	if (suan_fs_read_at(at(name), 0, out, size - 1, &n, &err) != SUAN_OK)
		n = 0;
	out[n] = '\0';
}

/* A named pipe, and the next line that a job writes into it; for that it must have been started. */
static void make_pipe(const char *name)
{
	if (mkfifo(at(name), 0600) < 0)
		abort();
}

static long long line_of(const char *name)
{
	char line[64] = "";
	FILE *f = fopen(at(name), "r");

	if (!f || !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		(void)fclose(f);
	return strtoll(line, NULL, 10);
}

/* Waits until the process is gone or a zombie. Takes fd. */
static bool gone(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	bool over = fd < 0 || poll(&p, 1, 20000) == 1;

	if (fd >= 0)
		(void)close(fd);
	return over;
}

static int64_t shepherd_pid(void)
{
	struct suan_buf b;
	const char *p;
	int64_t pid = 0;

	suan_buf_init(&b, 0);
	if (rig.ops->describe(rig.driver, &b) == SUAN_OK && (p = strstr(b.data, "\"shepherd\":")))
		pid = strtoll(p + 11, NULL, 10);
	suan_buf_done(&b);
	return pid;
}

/* Kills the shepherd and waits until it is gone; the driver does not know yet. */
static void kill_shepherd(void)
{
	int64_t pid = shepherd_pid();
	int fd = suan_process_pidfd(pid);

	ok(suan_process_signal(pid, SIGKILL) && gone(fd), "the shepherd is killed");
}

/* ---- files, environment, failures ---- */

static void test_files(void)
{
	struct suan_driver_run run = shell_run("cat; echo $GREETING; pwd; echo oops >&2");
	struct suan_err err;
	char text[512], want[512];

	if (suan_fs_write(at("in"), "input\n", 6, 0600, false, &err) != SUAN_OK)
		abort();
	run.stdin_path = at("in");
	run.stdout_path = at("out");
	run.stderr_path = at("err");
	ended(start(&run), SUAN_OUT_EXITED, "a run with files");
	slurp("out", text, sizeof(text));
	(void)snprintf(want, sizeof(want), "input\nhello\n%s\n", rig.top);
	is_str(text, want, "stdin, environment, folder, stdout");
	slurp("err", text, sizeof(text));
	is_str(text, "oops\n", "stderr");

	run = shell_run("echo one; echo two >&2; echo three");
	run.stdout_path = at("out");
	run.append = true;
	ended(start(&run), SUAN_OUT_EXITED, "append, one file for both");
	slurp("out", text, sizeof(text));
	ok(strstr(text, "input\n") && strstr(text, "one\ntwo\nthree\n"), "both, in order");

	run = shell_run(
		"echo $SUAN_RUN; ls /proc/self/fd > fds; wc -l < fds; read x || echo no input");
	run.stdout_path = at("out");
	ended(start(&run), SUAN_OUT_EXITED, "no input, no other files");
	slurp("out", text, sizeof(text));
	(void)snprintf(want, sizeof(want), "%d_0.1\n", (int)run.id.job);
	ok(strncmp(text, want, strlen(want)) == 0, "its name in the environment");
	ok(strstr(text, "\nno input\n") != NULL, "stdin is empty");
	ok(strstr(text, "\n4\n") != NULL, "three files are open, and the one that ls reads by");
}

static void fails(const struct suan_driver_run *run, int code, const char *words)
{
	const struct seen *s = await_end(start(run));

	is_int(s->end.outcome, code ? SUAN_OUT_EXITED : SUAN_OUT_START_FAILED, words);
	is_int(s->end.exit_code, code, "code");
	ok(strstr(s->text, words) != NULL, "text: %s", s->text);
}

static void test_failures(void)
{
	static const char *const none[] = {"no-such-program-at-all", NULL};
	static const char *const none_path[] = {"/no/such/program", NULL};
	static const char *const folder[] = {"/tmp", NULL};
	static const char *const empty[] = {"", NULL};
	static const char *const nothing[] = {NULL};
	static const char *const plain[] = {"./plain", "7", NULL};
	static const char *const script[] = {"./script", "7", NULL};
	struct suan_driver_run run = a_run(none);
	struct suan_err err;

	fails(&run, 127, "command not found: no-such-program-at-all");
	run = a_run(none_path);
	fails(&run, 127, "command not found: /no/such/program");
	run = a_run(empty);
	fails(&run, 127, "command not found");
	run = a_run(nothing);
	fails(&run, 127, "command not found");
	run = a_run(folder);
	fails(&run, 126, "cannot execute /tmp: Permission denied");
	if (suan_fs_write(at("plain"), "exit 0\n", 7, 0644, false, &err) != SUAN_OK ||
	    suan_fs_write(at("script"), "exit $1\n", 8, 0755, false, &err) != SUAN_OK)
		abort();
	run = a_run(plain);
	fails(&run, 126, "cannot execute ./plain: Permission denied");
	run = a_run(script);
	is_int(await_end(start(&run))->end.exit_code, 7, "a script without #! runs in the shell");

	run = shell_run("exit 0");
	run.dir = "/no/such/folder";
	fails(&run, 0, "cannot enter the folder /no/such/folder: No such file");
	run.id.attempt++;
	run.dir = rig.top;
	run.stdout_path = "/no/such/out";
	fails(&run, 0, "cannot open for output: /no/such/out");
	run.id.attempt++;
	run.stderr_path = "/no/such/err";
	run.stdout_path = "";
	fails(&run, 0, "cannot open for errors: /no/such/err");
	run.id.attempt++;
	run.stderr_path = "";
	run.stdin_path = "/no/such/in";
	fails(&run, 0, "cannot open for input: /no/such/in");
	run.id.attempt++;
	run.stdin_path = "";
	run.stdout_path = at("nobody");
	make_pipe("nobody");
	fails(&run, 0, "cannot open for output: ");
}

static void not_started(const struct suan_driver_run *run, const char *words)
{
	const struct seen *s = await_end(start(run));

	is_int(s->end.outcome, SUAN_OUT_NOT_STARTED, words);
	is_int(s->starts, 0, "never started");
	ok(strstr(s->text, words) != NULL, "text: %s", s->text);
}

/* What goes wrong at the site is no reason for the run to fail. */
static void test_faults_of_the_site(void)
{
	static const char *const busy[] = {"./busy", NULL};
	struct suan_driver_run run = a_run(busy);
	struct rlimit before, few;
	int64_t pid = shepherd_pid();
	int fd = open(at("busy"), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	ok(fd >= 0, "a program that is just being written");
	not_started(&run, "cannot execute ./busy: Text file busy");
	(void)close(fd);

	ok(prlimit((pid_t)pid, RLIMIT_NOFILE, NULL, &before) == 0, "limits of the shepherd");
	few = before;
	few.rlim_cur = 3;
	ok(prlimit((pid_t)pid, RLIMIT_NOFILE, &few, NULL) == 0, "no descriptors are left");
	run = shell_run("exit 0");
	not_started(&run, "Too many open files");
	ok(prlimit((pid_t)pid, RLIMIT_NOFILE, &before, NULL) == 0, "there are some again");
	run = shell_run("exit 0");
	ended(start(&run), SUAN_OUT_EXITED, "and runs start");
}

/* ---- ends that must take everything along ---- */

static void test_stubborn(void)
{
	/* The leader goes at TERM; its child does not. */
	struct suan_driver_run run = shell_run(
		"(trap '' TERM; echo $$ >/dev/null; exec sleep 600) & echo $! > pids; wait");
	struct suan_run_id id;
	int fd;

	make_pipe("pids");
	id = start(&run);
	fd = (await(id, 1, 0), suan_process_pidfd(line_of("pids")));
	ok(fd >= 0, "the child is there");
	stop_run(id);
	ended(id, SUAN_OUT_CANCELLED, "stop");
	ok(gone(fd), "a child that ignores TERM goes with its leader");

	run = shell_run("trap '' TERM; echo $$ > pids; while :; do sleep 600; done");
	run.walltime_ms = 100;
	id = start(&run);
	fd = (await(id, 1, 0), suan_process_pidfd(line_of("pids")));
	ended(id, SUAN_OUT_TIMEOUT, "a leader that ignores TERM");
	ok(strstr(seen_of(id)->text, "time limit") != NULL, "text: %s", seen_of(id)->text);
	ok(gone(fd), "is killed after the grace");

	run = shell_run("trap '' TERM; echo $$ > pids; while :; do sleep 600; done");
	run.grace_ms = 600000;
	id = start(&run);
	fd = (await(id, 1, 0), suan_process_pidfd(line_of("pids")));
	stop_within(id, 50);
	stop_within(id, 600000);
	ended(id, SUAN_OUT_CANCELLED, "a stop with a grace of its own, the first one counts");
	ok(gone(fd), "is killed after that");

	run = shell_run("trap 'sleep 0.2; exit 5' TERM; echo $$ > pids; "
			"while :; do sleep 0.01; done");
	run.grace_ms = 1;
	id = start(&run);
	await(id, 1, 0);
	ok(line_of("pids") > 0, "it listens to TERM");
	stop_within(id, 600000);
	ended(id, SUAN_OUT_CANCELLED, "a stop with a longer grace");
	is_int(seen_of(id)->end.exit_code, 5, "lets the run end by itself");

	run = shell_run("sleep 600 & echo $! > pids; exit 4");
	id = start(&run);
	fd = (await(id, 1, 0), suan_process_pidfd(line_of("pids")));
	is_int(await_end(id)->end.exit_code, 4, "a leader that leaves a child behind");
	ok(gone(fd), "and the child goes");

	run = shell_run("setsid sh -c 'echo $$ > pids; exec sleep 600' & sleep 0.2; exit 5");
	id = start(&run);
	fd = (await(id, 1, 0), suan_process_pidfd(line_of("pids")));
	is_int(await_end(id)->end.exit_code, 5, "one that hides in a session of its own");
	while (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 0) {
		struct suan_err err;

		if (suan_loop_once(rig.loop, 20, &err) != SUAN_OK)
			abort();
	}
	ok(gone(fd), "goes too");

	run = shell_run("kill -STOP $$; exit 0");
	id = start(&run);
	await(id, 1, 0);
	stop_run(id);
	ended(id, SUAN_OUT_CANCELLED, "a stopped run can be ended");
}

static void test_memory(void)
{
	struct suan_driver_run run =
		shell_run("head -c 150000000 /dev/zero | tail -c 150000000 | sleep 600");
	struct suan_run_id id;

	run.memory_bytes = 64u << 20;
	id = start(&run);
	ended(id, SUAN_OUT_MEMORY, "more memory than allowed, in a child");
	ok(strstr(seen_of(id)->text, "64.0 MiB") || strstr(seen_of(id)->text, "64 MiB"), "text: %s",
	   seen_of(id)->text);
	run = shell_run("head -c 20000000 /dev/zero | tail -c 20000000 | (sleep 0.4; wc -c)");
	run.memory_bytes = 64u << 20;
	run.stdout_path = at("out");
	ended(start(&run), SUAN_OUT_EXITED, "less than allowed");
}

static void test_usage(void)
{
	struct suan_driver_run run =
		shell_run("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done;"
			  "head -c 50000000 /dev/zero | tail -c 50000000 | wc -c");
	const struct seen *s = await_end(start(&run));

	ok(s->end.usage.cpu_ms > 10, "processor time: %d ms", (int)s->end.usage.cpu_ms);
	ok(s->end.usage.max_rss_bytes > 40000000, "memory: %lld bytes",
	   (long long)s->end.usage.max_rss_bytes);
}

/* ---- the death of others ---- */

/* A driver's process starts runs and is killed. */
static void test_driver_killed(void)
{
	struct suan_driver_run quick = shell_run("exit 9");
	struct suan_driver_run slow = shell_run("echo $$ > pids; read x < go; exit 8");
	struct suan_run_id id = slow.id;
	pid_t pid;
	FILE *go;

	make_pipe("go");
	close_driver();
	suan_loop_free(rig.loop);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct suan_err err;

		if (suan_loop_new(&rig.loop, &err) != SUAN_OK)
			abort();
		open_driver();
		(void)start(&quick);
		(void)start(&slow);
		await(slow.id, 1, 0);
		(void)raise(SIGKILL);
	}
	ok(pid > 0 && waitpid(pid, NULL, 0) == pid, "a driver's process is killed");
	if (suan_loop_new(&rig.loop, &(struct suan_err){0}) != SUAN_OK)
		abort();
	(void)line_of("pids");
	open_driver();
	is_int(await_end(quick.id)->end.exit_code, 9, "an end that nobody heard is told");
	ok(rig.ops->knows(rig.driver, id) && seen_of(id)->ends == 0, "the other still runs");
	go = fopen(at("go"), "w");
	ok(go && fputs("go\n", go) >= 0 && fclose(go) == 0, "let it go on");
	is_int(await_end(id)->end.exit_code, 8, "its code is not lost");
}

static void test_shepherd_killed(void)
{
	struct suan_driver_run over = shell_run("exit 6");
	struct suan_driver_run dies = shell_run("echo $$ > pids; read x < die; exit 0");
	struct suan_driver_run lives = shell_run("echo $$ > pids; read x < live; exit 0");
	struct suan_driver_run stopped = shell_run("echo $$ > pids; trap '' TERM; sleep 600");
	struct suan_driver_run timed = shell_run("sleep 600");
	struct suan_run_id ids[5];
	int64_t pid, before = shepherd_pid();
	int fd_dies, fd_stopped;
	FILE *f;

	make_pipe("die");
	make_pipe("live");
	timed.walltime_ms = 1500;
	ids[0] = start(&over);
	await_end(ids[0]);
	ids[1] = start(&dies);
	await(ids[1], 1, 0);
	fd_dies = suan_process_pidfd(pid = line_of("pids"));
	ids[2] = start(&lives);
	await(ids[2], 1, 0);
	(void)line_of("pids");
	ids[3] = start(&stopped);
	await(ids[3], 1, 0);
	fd_stopped = suan_process_pidfd(line_of("pids"));
	ids[4] = start(&timed);
	await(ids[4], 1, 0);

	kill_shepherd();
	(void)suan_process_signal_group(pid, SIGKILL);
	ok(gone(fd_dies), "a run ends while nobody watches");
	ended(ids[1], SUAN_OUT_LOST, "it is lost");
	ok(shepherd_pid() != before, "a new shepherd is there");
	is_int(seen_of(ids[2])->ends + seen_of(ids[3])->ends, 0, "others go on");
	ok(rig.ops->knows(rig.driver, ids[0]), "an end from before is known");
	await(ids[0], 1, 2);
	is_int(seen_of(ids[0])->end.exit_code, 6, "with its code");
	stop_run(ids[3]);
	ended(ids[3], SUAN_OUT_CANCELLED, "a run taken over can be stopped");
	ok(gone(fd_stopped), "also one that ignores TERM");
	ended(ids[4], SUAN_OUT_TIMEOUT, "its time limit holds");
	f = fopen(at("live"), "w");
	ok(f && fputs("x\n", f) >= 0 && fclose(f) == 0, "let the last one end");
	ended(ids[2], SUAN_OUT_LOST, "certainly over, result unknown");
	is_int(seen_of(ids[2])->starts, 1, "started once");
}

/* More runs are alive than the next shepherd may open files: it takes over all of them. */
static void test_few_files(void)
{
	enum {
		N = 80
	};
	struct suan_run_id ids[N];
	struct rlimit before, few;
	int64_t pid = shepherd_pid();
	int cancelled = 0;

	for (int i = 0; i < N; i++) {
		struct suan_driver_run run = shell_run("exec sleep 600");

		ids[i] = start(&run);
	}
	for (int i = 0; i < N; i++)
		await(ids[i], 1, 0);
	(void)getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = N - 10;
	(void)setrlimit(RLIMIT_NOFILE, &few);
	kill_shepherd();
	for (int i = 0; i < N; i++)
		stop_run(ids[i]);
	for (int i = 0; i < N; i++)
		cancelled += await_end(ids[i])->end.outcome == SUAN_OUT_CANCELLED;
	(void)setrlimit(RLIMIT_NOFILE, &before);
	is_int(cancelled, N, "all are taken over and stopped");
	ok(shepherd_pid() != pid, "by another");
	kill_shepherd(); /* its successor has all files again */
	close_driver();
	open_driver();
}

/* Stops the shepherd's process, as a debugger or a hanging disk would, and waits until it stands.
 */
static int64_t freeze_shepherd(void)
{
	int64_t pid = shepherd_pid(), until = suan_clock_mono_us() + GUARD_US;
	struct suan_process_stat st = {0};

	ok(suan_process_signal(pid, SIGSTOP), "the shepherd is stopped");
	while (suan_process_stat(pid, &st) && st.state != 'T' && suan_clock_mono_us() < until)
		;
	is_int(st.state, 'T', "it stands");
	return pid;
}

/* A stop is sent, and the shepherd dies before it reads it. */
static void test_stop_unread(void)
{
	struct suan_driver_run run = shell_run("echo $$ > pids; exec sleep 600");
	struct suan_run_id id = start(&run);
	int64_t shepherd;
	int fd, fd_shepherd;

	await(id, 1, 0);
	fd = suan_process_pidfd(line_of("pids"));
	shepherd = freeze_shepherd();
	fd_shepherd = suan_process_pidfd(shepherd);
	stop_run(id);
	stop_run(id);
	for (int i = 0; i < 3; i++)
		if (suan_loop_once(rig.loop, 0, &(struct suan_err){0}) != SUAN_OK)
			abort();
	ok(suan_process_signal(shepherd, SIGKILL) && gone(fd_shepherd), "it dies");
	ended(id, SUAN_OUT_CANCELLED, "the next shepherd carries the stop out");
	ok(gone(fd), "really");
	stop_run(id);
}

/* The shepherd is there and says nothing: nobody waits for it for long, and its runs stay. */
static void test_silent(void)
{
	struct suan_driver_run run = shell_run("echo $$ > pids; exec sleep 600");
	struct suan_driver_run more = shell_run("exit 3");
	struct suan_run_id id = start(&run);
	int64_t until = suan_clock_mono_us() + GUARD_US;
	struct suan_err err = {0};
	struct suan_buf b;
	int64_t shepherd;
	int fd;

	await(id, 1, 0);
	fd = suan_process_pidfd(line_of("pids"));
	shepherd = freeze_shepherd();
	close_driver();
	rig.answers = 0;
	open_driver();
	ok(!rig.ops->ready(rig.driver), "open, but not ready");
	is_int(rig.ops->start(rig.driver, &more, &err), SUAN_EUNREACHABLE, "starts nothing");
	ok(strstr(err.text, "does not answer") != NULL, "says why: %s", err.text);
	suan_buf_init(&b, 0);
	ok(rig.ops->describe(rig.driver, &b) == SUAN_OK && strstr(b.data, "does not answer"),
	   "to all who ask: %s", b.data);
	suan_buf_done(&b);
	close_driver();
	open_driver();
	is_int(rig.answers, 0, "nor when opened once more");
	ok(suan_process_signal(shepherd, SIGCONT), "it goes on");
	while (rig.answers == 0 && suan_clock_mono_us() < until)
		if (suan_loop_once(rig.loop, 1000, &err) != SUAN_OK)
			abort();
	is_int(rig.answers, 1, "told when it answers");
	ok(rig.ops->ready(rig.driver) && rig.ops->knows(rig.driver, id), "the run is known");
	is_int(seen_of(id)->ends, 0, "and goes on");
	is_int(await_end(start(&more))->end.exit_code, 3, "others start");
	stop_run(id);
	ended(id, SUAN_OUT_CANCELLED, "it can be stopped");
	ok(gone(fd), "really");
}

/* Killed in the middle of many starts: each run is told exactly one truth. */
static void test_killed_while_starting(void)
{
	enum {
		N = 200
	};
	struct suan_run_id ids[N];
	struct suan_driver_run run;
	int unknown = 0, exited = 0, lost = 0, other = 0, traces = 0;

	for (int i = 0; i < N; i++) {
		static char scripts[N][64];

		(void)snprintf(scripts[i], sizeof(scripts[i]), "echo x >> trace.%d", i);
		run = shell_run(scripts[i]);
		ids[i] = start(&run);
	}
	await_end(ids[20]);
	kill_shepherd();
	for (int i = 0; i < N; i++) {
		const struct seen *s = await_end(ids[i]);
		char name[32], text[64];

		(void)snprintf(name, sizeof(name), "trace.%d", i);
		slurp(name, text, sizeof(text));
		traces += strlen(text) > 2;
		unknown += s->end.outcome == SUAN_OUT_UNKNOWN;
		lost += s->end.outcome == SUAN_OUT_LOST;
		exited += s->end.outcome == SUAN_OUT_EXITED;
		other += s->end.outcome == SUAN_OUT_NOT_STARTED && *text;
	}
	printf("# %d exited, %d lost\n", exited, lost);
	ok(exited >= 1, "some had ended before");
	is_int(unknown, 0, "none is in doubt");
	is_int(other, 0, "what is told as never started left no trace");
	is_int(traces, 0, "none ran twice");
}

/* A journal from before the machine was restarted. */
static void nothing(void *ctx, const struct suan_herd_run *run, bool forgotten)
{
	(void)ctx;
	(void)run;
	(void)forgotten;
}

static void test_other_boot(void)
{
	struct suan_herd_run runs[3] = {
		{.id = {70001, 0, 1}, .state = SUAN_HERD_STARTED, .pid = getpid(), .start_ms = 5},
		{.id = {70002, 0, 1},
		 .state = SUAN_HERD_ENDED,
		 .outcome = SUAN_OUT_EXITED,
		 .exit_code = 2,
		 .start_ms = 5,
		 .end_ms = 6},
		{.id = {70003, 0, 1}, .state = SUAN_HERD_INTENT},
	};
	struct suan_journal *j = NULL;
	struct suan_err err;
	char path[128];

	close_driver();
	(void)snprintf(rig.state, sizeof(rig.state), "%s/boot", rig.top);
	(void)snprintf(path, sizeof(path), "%s/journal", rig.state);
	if (suan_fs_mkdirs(rig.state, 0700, &err) != SUAN_OK ||
	    suan_journal_open(&j, path, nothing, NULL, &err) != SUAN_OK ||
	    suan_journal_begin(j, "another boot") != SUAN_OK)
		abort();
	for (int i = 0; i < 3; i++)
		if (suan_journal_put(j, &runs[i]) != SUAN_OK)
			abort();
	if (suan_journal_commit(j, &err) != SUAN_OK)
		abort();
	suan_journal_close(j);
	open_driver();
	ended(runs[0].id, SUAN_OUT_LOST, "a run of another boot is lost");
	ended(runs[1].id, SUAN_OUT_EXITED, "an end of another boot is kept");
	ended(runs[2].id, SUAN_OUT_LOST, "an intent of another boot is lost");
}

/* A journal as a shepherd leaves it that is killed between the exec of its child and its own
 * record of it; what is then said of a child that is alive, of one that is gone, of one that never
 * was. */
static void test_doubt(void)
{
	struct suan_herd_run runs[3] = {
		{.id = {80001, 0, 1}, .state = SUAN_HERD_INTENT, .start_ms = 5, .grace_ms = 100},
		{.id = {80002, 0, 1}, .state = SUAN_HERD_INTENT, .start_ms = 5},
		{.id = {80003, 0, 1}, .state = SUAN_HERD_INTENT, .start_ms = 5},
	};
	static const char *const sleeps[] = {"sleep", "600", NULL};
	static const char *const ends[] = {"true", NULL};
	char owner[128], path[128], boot[64];
	const char *envp[] = {"SUAN_RUN=80001_0.1", owner, NULL};
	struct suan_spawn spawn = {.envp = envp};
	struct suan_spawn_note note;
	struct suan_spawned got[2];
	struct suan_process_end end;
	struct suan_journal *j = NULL;
	struct suan_err err;

	close_driver();
	(void)snprintf(rig.state, sizeof(rig.state), "%s/doubt", rig.top);
	(void)snprintf(owner, sizeof(owner), "SUAN_SHEPHERD=%s", rig.state);
	(void)snprintf(path, sizeof(path), "%s/journal", rig.state);
	if (suan_process_boot_id(boot, &err) != SUAN_OK ||
	    suan_fs_mkdirs(rig.state, 0700, &err) != SUAN_OK ||
	    suan_journal_open(&j, path, nothing, NULL, &err) != SUAN_OK ||
	    suan_journal_begin(j, boot) != SUAN_OK)
		abort();
	for (int i = 0; i < 3; i++)
		if (suan_journal_put(j, &runs[i]) != SUAN_OK)
			abort();
	if (suan_journal_commit(j, &err) != SUAN_OK)
		abort();
	for (int i = 0; i < 2; i++) {
		if (suan_journal_note(j, runs[i].id, &note) != SUAN_OK)
			abort();
		spawn.argv = i == 0 ? sleeps : ends;
		spawn.note = &note;
		suan_process_spawn(&spawn, &got[i]);
		ok(got[i].pid > 0 && got[i].notes == 1, "a child leaves a note");
	}
	suan_journal_close(j);
	ok(suan_process_wait(got[1].pid, &end), "one is gone");
	open_driver();
	ended(runs[2].id, SUAN_OUT_NOT_STARTED, "no note: certainly not run");
	ended(runs[1].id, SUAN_OUT_LOST, "a note, but gone: over, result unknown");
	await(runs[0].id, 1, 0);
	stop_run(runs[0].id);
	ended(runs[0].id, SUAN_OUT_CANCELLED, "a note and alive: watched, and stopped");
	ok(suan_process_wait(got[0].pid, &end) && end.signalled, "really");
}

static void test_idle_end(void)
{
	struct suan_driver_run run = shell_run("exit 1");
	struct suan_run_id id = start(&run);
	int fd = suan_process_pidfd(shepherd_pid());

	await_end(id);
	close_driver();
	ok(fd >= 0 && gone(fd), "an idle shepherd without driver goes");
	open_driver();
	await(id, 0, 2);
	is_int(seen_of(id)->end.exit_code, 1, "and what it knew does not");
}

static void tests(void)
{
	int fd = suan_process_pidfd(getpid());

	if (fd < 0) { /* as under valgrind 3.19 */
		ok(true, "# SKIP pidfd_open is not there to wait for processes by");
		return;
	}
	(void)close(fd);
	rig_begin("local");
	test_files();
	test_failures();
	test_faults_of_the_site();
	test_stubborn();
	test_memory();
	test_usage();
	test_driver_killed();
	test_shepherd_killed();
	test_stop_unread();
	test_silent();
	test_few_files();
	test_killed_while_starting();
	test_idle_end();
	test_other_boot();
	test_doubt();
	rig_end();
}

int main(int argc, char **argv)
{
	return rig_main(argc, argv, tests);
}
