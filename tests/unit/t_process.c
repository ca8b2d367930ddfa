/* Starting, ending and looking at processes. */
#include "lib/tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/fs.h"
#include "sys/process.h"

static const char *const env[] = {"PATH=/usr/bin:/bin", "SUAN_COLOUR=blue", NULL};

static int64_t spawn(const char *const *argv, struct suan_spawned *got)
{
	struct suan_spawn s = {.argv = argv, .envp = env};

	suan_process_spawn(&s, got);
	return got->pid;
}

static void test_spawn(void)
{
	static const char *const exit_5[] = {"sh", "-c", "exit 5", NULL};
	static const char *const kill_9[] = {"/bin/sh", "-c", "kill -9 $$", NULL};
	static const char *const none[] = {"no-such-program", NULL};
	struct suan_process_end end;
	struct suan_spawned got;
	struct suan_spawn bad = {.argv = exit_5, .envp = env, .dir = "/no/such"};

	ok(suan_process_wait(spawn(exit_5, &got), &end) && !end.signalled && end.code == 5,
	   "exit code");
	ok(suan_process_wait(spawn(kill_9, &got), &end) && end.signalled && end.code == 9,
	   "signal");
	ok(spawn(none, &got) == 0 && got.failed == SUAN_SPAWN_EXEC && got.sys_errno == ENOENT,
	   "no such program");
	suan_process_spawn(&bad, &got);
	ok(got.pid == 0 && got.failed == SUAN_SPAWN_DIR && got.sys_errno == ENOENT, "no folder");
	bad.dir = "";
	bad.cgroup_procs = "/no/such";
	suan_process_spawn(&bad, &got);
	ok(got.pid == 0 && got.failed == SUAN_SPAWN_CGROUP, "no cgroup");
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "failures leave no child");
	is_int(suan_process_ended_child(), 0, "no child");
	ok(!suan_process_reap(1, &end), "not our child");
}

static bool count(void *ctx, int64_t pid)
{
	(void)pid;
	(*(int *)ctx)++;
	return true;
}

static bool first_only(void *ctx, int64_t pid)
{
	(void)count(ctx, pid);
	return false;
}

static void test_look(void)
{
	/* Between fork and the end of exec a process has neither environment nor memory. */
	static const char *const ready[] = {"sh", "-c", "kill -STOP $$; sleep 600", NULL};
	struct suan_process_stat st, self;
	struct suan_process_end end;
	struct suan_spawned got;
	struct pollfd p = {.events = POLLIN};
	int64_t pid = spawn(ready, &got);
	int64_t n_read = -1, written = -1;
	char value[16];
	int n = 0;

	ok(waitpid((pid_t)pid, &n, WUNTRACED) == pid && WIFSTOPPED(n), "is there and ready");
	n = 0;
	ok(pid > 0 && suan_process_stat(pid, &st) && suan_process_stat(getpid(), &self), "stat");
	ok(st.ppid == getpid() && st.pgrp == pid && st.session == pid, "own session, our child");
	ok(st.start_ticks >= self.start_ticks && st.rss_bytes >= 0, "start and size");
	ok(suan_process_env(pid, "SUAN_COLOUR", value, sizeof(value)), "a variable");
	is_str(value, "blue", "its value");
	ok(!suan_process_env(pid, "SUAN_COL", value, sizeof(value)), "no prefixes");
	ok(!suan_process_env(pid, "SUAN_COLOUR", value, 4), "too long");
	ok(suan_process_env(pid, "SUAN_COLOUR", value, 5), "just fits");
	ok(suan_process_pss_bytes(pid) > 0 && suan_process_rss_bytes() > 0, "sizes");
	suan_process_each_child(count, &n);
	is_int(n, 1, "one child");
	n = 0;
	suan_process_each(count, &n);
	ok(n >= 2, "some processes");
	n = 0;
	suan_process_each(first_only, &n);
	is_int(n, 1, "as many as wanted");
	p.fd = suan_process_pidfd(pid);
	ok((p.fd >= 0 || errno == ENOSYS) && poll(&p, 1, 0) == 0, "alive");
	ok(!suan_process_reap(pid, &end), "not to be reaped");
	ok(suan_process_signal_group(pid, SIGTERM) && suan_process_signal_group(pid, SIGCONT) &&
	   (p.fd < 0 || poll(&p, 1, 20000) == 1), "ended");
	while (suan_process_ended_child() == 0 && p.fd < 0)
		(void)poll(NULL, 0, 1);
	is_int(suan_process_ended_child(), pid, "ended child");
	ok(suan_process_stat(pid, &st) && st.state == 'Z', "a zombie until it is reaped");
	ok(suan_process_io(pid, &n_read, &written) && n_read >= 0 && written >= 0, "its I/O");
	ok(suan_process_reap(pid, &end) && end.signalled && end.code == SIGTERM, "reaped");
	ok(!suan_process_stat(pid, &st) && suan_process_pidfd(pid) < 0, "gone");
	ok(!suan_process_signal_group(pid, 0) && !suan_process_signal_group(0, 0) &&
	   !suan_process_signal_group(1, 0) && !suan_process_signal(0, 0), "never everybody");
	(void)close(p.fd);
}

static void test_boot(void)
{
	char a[64], b[64];
	struct suan_err err;

	ok(suan_process_boot_id(a, &err) == SUAN_OK && suan_process_boot_id(b, &err) == SUAN_OK &&
	   strlen(a) == 36 && strcmp(a, b) == 0, "boot id: %s", a);
	is_int(suan_process_self(), getpid(), "self");
}

/* The parent of a daemon exits as the daemon says, or with 1 when it says nothing. */
static void test_daemon(void)
{
	static const int says[] = {0, 3, -1};
	char path[] = "/tmp/suan-t_process-XXXXXX";
	int fd = mkstemp(path);
	struct suan_err err;

	(void)close(fd);
	for (int i = 0; i < 3; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			if (suan_process_daemon(path, &err) != SUAN_OK)
				_exit(9);
			if (says[i] >= 0)
				suan_process_ready(says[i]);
			_exit(0);
		}
		ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "parent of a daemon");
		is_int(WEXITSTATUS(status), says[i] < 0 ? 1 : says[i], "status");
	}
	(void)unlink(path);
}

int main(void)
{
	test_spawn();
	test_look();
	test_boot();
	test_daemon();
	return tap_done();
}
