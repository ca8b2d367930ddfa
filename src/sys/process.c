#include "sys/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/fs.h"
#include "sys/fs_parts.h"
#include "sys/oserr.h"

#define STAT_SIZE 1024

/* ---- ending ---- */

int64_t suan_process_ended_child(void)
{
	siginfo_t info;
	int rc;

	info.si_pid = 0;
	do
		rc = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? 0 : info.si_pid;
}

static int64_t ms_of(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_usec / 1000;
}

static bool wait_for(int64_t pid, int flags, struct suan_process_end *ret)
{
	struct rusage ru;
	int status;
	pid_t got;

	do
		got = wait4((pid_t)pid, &status, flags, &ru);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	ret->signalled = WIFSIGNALED(status);
	ret->code = ret->signalled ? WTERMSIG(status) : WEXITSTATUS(status);
	ret->cpu_ms = ms_of(ru.ru_utime) + ms_of(ru.ru_stime);
	ret->max_rss_bytes = (int64_t)ru.ru_maxrss * 1024;
	return true;
}

bool suan_process_reap(int64_t pid, struct suan_process_end *ret)
{
	return wait_for(pid, WNOHANG, ret);
}

bool suan_process_wait(int64_t pid, struct suan_process_end *ret)
{
	return wait_for(pid, 0, ret);
}

bool suan_process_signal(int64_t pid, int signo)
{
	return pid > 0 && kill((pid_t)pid, signo) == 0;
}

bool suan_process_signal_group(int64_t pgrp, int signo)
{
	return pgrp > 1 && kill((pid_t)-pgrp, signo) == 0;
}

bool suan_process_adopt_orphans(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

int suan_process_pidfd(int64_t pid)
{
	return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);	/* close-on-exec by itself */
}

/* ---- looking ---- */

/* Reads a small file of /proc; −1: not there. NUL after the bytes. */
static ssize_t read_proc(int64_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%lld/%s", (long long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, out, size - 1);
	(void)close(fd);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

bool suan_process_stat(int64_t pid, struct suan_process_stat *ret)
{
	char text[STAT_SIZE];
	long long ppid, pgrp, session, rss;
	unsigned long long start;
	const char *p;

	if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
		return false;
	p = strrchr(text, ')');	/* the name before may hold anything */
	if (!p || sscanf(p + 1,
			 " %c %lld %lld %lld %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d"
			 " %*d %*d %llu %*u %lld",
			 &ret->state, &ppid, &pgrp, &session, &start, &rss) != 6)
		return false;
	ret->ppid = ppid;
	ret->pgrp = pgrp;
	ret->session = session;
	ret->start_ticks = start;
	ret->rss_bytes = rss * sysconf(_SC_PAGESIZE);
	return true;
}

void suan_process_each(bool (*fn)(void *ctx, int64_t pid), void *ctx)
{
	DIR *d = opendir("/proc");
	const struct dirent *de;
	bool more = true;

	if (!d)
		return;
	while (more && (de = readdir(d))) {
		char *end;
		long long pid = strtoll(de->d_name, &end, 10);

		if (pid > 0 && *end == '\0')
			more = fn(ctx, pid);
	}
	(void)closedir(d);
}

void suan_process_each_child(bool (*fn)(void *ctx, int64_t pid), void *ctx)
{
	struct suan_buf b;
	char path[64];
	char *p, *end;

	suan_buf_init(&b, 0);
	(void)snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)gettid());
	if (suan_fs_read(path, &b, NULL) == SUAN_OK && b.len > 0) {
		for (p = b.data;; p = end) {
			long long pid = strtoll(p, &end, 10);

			if (end == p || !fn(ctx, pid))
				break;
		}
	}
	suan_buf_done(&b);
}

bool suan_process_env(int64_t pid, const char *name, char *value, size_t n)
{
	size_t len = strlen(name);
	struct suan_buf b;
	char path[64];
	bool found = false;

	suan_buf_init(&b, 0);
	(void)snprintf(path, sizeof(path), "/proc/%lld/environ", (long long)pid);
	if (suan_fs_read(path, &b, NULL) == SUAN_OK && b.len > 0) {
		for (const char *p = b.data; p < b.data + b.len && !found; p += strlen(p) + 1) {
			if (strncmp(p, name, len) != 0 || p[len] != '=' || strlen(p + len) > n)
				continue;
			memcpy(value, p + len + 1, strlen(p + len));
			found = true;
		}
	}
	suan_buf_done(&b);
	return found;
}

bool suan_process_has_env(int64_t pid)
{
	char text[2];

	return read_proc(pid, "environ", text, sizeof(text)) > 0;
}

static int64_t number_after(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtoll(p + strlen(key), NULL, 10) : 0;
}

int64_t suan_process_pss_bytes(int64_t pid)
{
	char text[STAT_SIZE * 2];

	if (read_proc(pid, "smaps_rollup", text, sizeof(text)) <= 0)
		return 0;
	return number_after(text, "\nPss:") * 1024;
}

bool suan_process_io(int64_t pid, int64_t *ret_read, int64_t *ret_written)
{
	char text[STAT_SIZE];

	if (read_proc(pid, "io", text, sizeof(text)) <= 0)
		return false;
	*ret_read = number_after(text, "\nread_bytes:");
	*ret_written = number_after(text, "\nwrite_bytes:");
	return true;
}

int64_t suan_process_rss_bytes(void)
{
	struct suan_process_stat st;

	return suan_process_stat(suan_process_self(), &st) ? st.rss_bytes : 0;
}

int64_t suan_process_self(void)
{
	return getpid();
}

enum suan_code suan_process_boot_id(char out[64], struct suan_err *err)
{
	const char *path = "/proc/sys/kernel/random/boot_id";
	size_t n = 0;
	enum suan_code rc = suan_fs_read_at(path, 0, out, 63, &n, err);

	if (rc != SUAN_OK)
		return rc;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return SUAN_OK;
}

/* ---- being a daemon ---- */

static int ready_fd = -1;

/* The parent's part: waits for the child's word. */
static void wait_and_exit(int from)
{
	unsigned char status = 1;
	ssize_t n;

	do
		n = read(from, &status, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? status : 1);
}

static enum suan_code set_files(const char *log_path, struct suan_err *err)
{
	int in = suan_fs_open("/dev/null", O_RDONLY, 0);
	int out = suan_fs_open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (in < 0 || out < 0)
		return suan_fail_os(err, errno, "cannot open %s", out < 0 ? log_path : "/dev/null");
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || dup2(ready_fd, 3) < 0)
		return suan_fail_os(err, errno, "cannot set the standard files");
	ready_fd = 3;
	(void)fcntl(3, F_SETFD, FD_CLOEXEC);
	(void)syscall(SYS_close_range, 4U, ~0U, 0U);
	return SUAN_OK;
}

enum suan_code suan_process_daemon(const char *log_path, struct suan_err *err)
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return suan_fail_os(err, errno, "cannot make a pipe");
	pid = fork();
	if (pid < 0) {
		(void)close(p[0]);
		(void)close(p[1]);
		return suan_fail_os(err, errno, "cannot fork");
	}
	if (pid > 0) {
		(void)close(p[1]);
		wait_and_exit(p[0]);
	}
	(void)close(p[0]);
	(void)setsid();
	if (chdir("/") < 0)
		return suan_fail_os(err, errno, "cannot enter /");
	ready_fd = p[1];
	return set_files(log_path, err);
}

void suan_process_ready(int status)
{
	unsigned char byte = (unsigned char)status;

	if (ready_fd < 0)
		return;
	(void)suan_fs_write_all(ready_fd, &byte, 1);
	(void)close(ready_fd);
	ready_fd = -1;
}
