/* Starting programs: clone with shared memory, as vfork, on a stack of its own. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/process.h"

#define CHILD_STACK 65536
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* Code that runs in the child before exec shares the parent's memory: system calls only, no
 * allocation, no instrumentation of sanitizers. */
#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread"), noinline))

struct report {			/* from child to parent */
	int step, sys_errno;
	unsigned notes;
};

struct child {
	const struct suan_spawn *s;
	const char *path;	/* PATH of the run */
	char candidate[PATH_MAX];
	volatile struct report *report;
};

static pthread_mutex_t spawn_lock = PTHREAD_MUTEX_INITIALIZER;
/* A page really shared, so that it works too where a tool turns this clone into a fork. */
static volatile struct report *shared_report;

static bool given(const char *s)
{
	return s && *s;
}

static IN_CHILD void fail(const struct child *c, int step, int e)
{
	c->report->sys_errno = e;
	c->report->step = step;
	_exit(127);
}

static IN_CHILD void open_as(const struct child *c, const char *path, int flags, int fd)
{
	/* Not waiting for the other end of a named pipe: our parent waits for us. */
	int got = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);

	/* got is never one of 0, 1, 2: those are open in this process. */
	if (got < 0 || fcntl(got, F_SETFL, flags & O_APPEND) < 0 || dup2(got, fd) < 0)
		fail(c, SUAN_SPAWN_STDIN + fd, errno);
	if (got > 2)
		(void)close(got);
}

/* A copy of a descriptor of ours, which the program keeps. */
static IN_CHILD void use_fd(const struct child *c, int from, int fd)
{
	if (dup2(from, fd) < 0)
		fail(c, SUAN_SPAWN_STDIN + fd, errno);
}

static IN_CHILD void open_files(const struct child *c)
{
	const struct suan_spawn *s = c->s;
	int out = O_WRONLY | O_CREAT | (s->append ? O_APPEND : O_TRUNC);
	bool same = !s->stderr_path || !*s->stderr_path ||
		    (s->stdout_path && strcmp(s->stderr_path, s->stdout_path) == 0);

	if (s->stdin_fd > 0)
		use_fd(c, s->stdin_fd, 0);
	else
		open_as(c, s->stdin_path && *s->stdin_path ? s->stdin_path : "/dev/null", O_RDONLY,
			0);
	if (s->stdout_fd > 0)
		use_fd(c, s->stdout_fd, 1);
	else
		open_as(c, s->stdout_path && *s->stdout_path ? s->stdout_path : "/dev/null", out,
			1);
	if (s->stderr_fd > 0)
		use_fd(c, s->stderr_fd, 2);
	else if (!same)
		open_as(c, s->stderr_path, out, 2);
	else if (dup2(1, 2) < 0)
		fail(c, SUAN_SPAWN_STDERR, errno);
}

static IN_CHILD void join_cgroup(const struct child *c)
{
	int fd = open(c->s->cgroup_procs, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		fail(c, SUAN_SPAWN_CGROUP, errno);
	(void)close(fd);
}

static IN_CHILD void set_limit(const struct child *c)
{
	struct rlimit lim;

	/* A backstop: a lower hard limit that is there already stays. */
	if (getrlimit(RLIMIT_DATA, &lim) < 0)
		return;
	if (lim.rlim_max == RLIM_INFINITY || lim.rlim_max > c->s->data_limit_bytes)
		lim.rlim_max = c->s->data_limit_bytes;
	lim.rlim_cur = lim.rlim_max;
	(void)setrlimit(RLIMIT_DATA, &lim);
}

static IN_CHILD void reset_signals(void)
{
	static const int often_ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD};
	struct sigaction sa;
	sigset_t none;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (size_t i = 0; i < sizeof(often_ignored) / sizeof(often_ignored[0]); i++)
		(void)sigaction(often_ignored[i], &sa, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Puts the next folder of PATH and the command into candidate; false: none left. */
static IN_CHILD bool next_candidate(struct child *c, const char **path)
{
	const char *name = c->s->argv[0];
	size_t n = strlen(name);

	while (*path) {
		size_t dir = strcspn(*path, ":");
		const char *from = *path;

		*path = from[dir] ? from + dir + 1 : NULL;
		if (dir + n + 2 > sizeof(c->candidate))
			continue;
		memcpy(c->candidate, from, dir);
		if (dir > 0)		/* an empty entry is the working directory */
			c->candidate[dir++] = '/';
		memcpy(c->candidate + dir, name, n + 1);
		return true;
	}
	return false;
}

static IN_CHILD int exec_program(struct child *c)
{
	const struct suan_spawn *s = c->s;
	const char *path = c->path;
	int e = ENOENT;

	if (strchr(s->argv[0], '/') || !s->argv[0][0]) {
		execve(s->argv[0], (char *const *)s->argv, (char *const *)s->envp);
		return errno;
	}
	while (next_candidate(c, &path)) {
		execve(c->candidate, (char *const *)s->argv, (char *const *)s->envp);
		if (errno == EACCES)
			e = EACCES;	/* found, may not: a later one may do */
		else if (errno != ENOENT && errno != ENOTDIR)
			return errno;
	}
	return e;
}

static IN_CHILD void write_note(const struct child *c)
{
	const struct suan_spawn_note *note = c->s->note;
	uint32_t pid = (uint32_t)getpid();
	ssize_t n;

	for (unsigned i = 0; i < 8; i++)
		note->bytes[note->pid_at + i] =
			(char)(unsigned char)((i < 4 ? pid : ~pid) >> (8 * (i % 4)));
	do
		n = write(note->fd, note->bytes, note->n);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)note->n)
		fail(c, SUAN_SPAWN_NOTE, n < 0 ? errno : ENOSPC);
	c->report->notes++;
}

static IN_CHILD int child_main(void *arg)
{
	struct child *c = arg;
	const struct suan_spawn *s = c->s;

	(void)setsid();
	if (s->cgroup_procs && *s->cgroup_procs)
		join_cgroup(c);
	if (s->data_limit_bytes)
		set_limit(c);
	if (s->dir && *s->dir && chdir(s->dir) < 0)
		fail(c, SUAN_SPAWN_DIR, errno);
	open_files(c);
	reset_signals();
	if (s->note)
		write_note(c);
	fail(c, SUAN_SPAWN_EXEC, exec_program(c));
	return 0;
}

static const char *path_of(const char *const *envp)
{
	for (; *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			return *envp + 5;
	return DEFAULT_PATH;
}

static void spawn_once(const struct suan_spawn *s, struct child *c, struct suan_spawned *ret)
{
	_Alignas(16) char stack[CHILD_STACK];
	sigset_t all, before;
	int pid;

	c->s = s;
	c->path = path_of(s->envp);
	c->report = shared_report;
	c->report->step = SUAN_SPAWN_NONE;
	*ret = (struct suan_spawned){0};
	/* No handler of ours may run in the child, which shares our memory. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone(child_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, c);
	if (pid < 0) {
		ret->failed = SUAN_SPAWN_FORK;
		ret->sys_errno = errno;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return;
	if (c->report->step != SUAN_SPAWN_NONE) {
		ret->failed = (enum suan_spawn_step)c->report->step;
		ret->sys_errno = c->report->sys_errno;
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return;
	}
	ret->pid = pid;
}

/* A text file without "#!" line: the shell runs it, as execvp does. */
static void spawn_by_shell(const struct suan_spawn *s, struct child *c, struct suan_spawned *ret)
{
	bool searched = !strchr(s->argv[0], '/');
	struct suan_spawn by_shell = *s;
	const char **argv;
	char *file;
	size_t n = 0;

	while (s->argv[n])
		n++;
	argv = calloc(n + 2, sizeof(*argv));
	file = strdup(searched ? c->candidate : s->argv[0]);
	if (argv && file) {
		argv[0] = "/bin/sh";
		argv[1] = file;
		for (size_t i = 1; i < n; i++)
			argv[i + 1] = s->argv[i];
		by_shell.argv = argv;
		spawn_once(&by_shell, c, ret);
	}
	free(argv);
	free(file);
}

void suan_process_spawn(const struct suan_spawn *s, struct suan_spawned *ret)
{
	struct child c;

	if (!s->argv || !s->argv[0]) {
		*ret = (struct suan_spawned){.failed = SUAN_SPAWN_EXEC, .sys_errno = ENOENT};
		return;
	}
	pthread_mutex_lock(&spawn_lock);
	if (!shared_report) {
		void *p = mmap(NULL, sizeof(struct report), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (p != MAP_FAILED)
			shared_report = p;
	}
	if (shared_report) {
		shared_report->notes = 0;
		spawn_once(s, &c, ret);
		if (ret->failed == SUAN_SPAWN_EXEC && ret->sys_errno == ENOEXEC &&
		    given(s->argv[0]))
			spawn_by_shell(s, &c, ret);
		ret->notes = shared_report->notes;
	} else {
		*ret = (struct suan_spawned){.failed = SUAN_SPAWN_FORK, .sys_errno = ENOMEM};
	}
	pthread_mutex_unlock(&spawn_lock);
}
