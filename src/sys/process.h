/* Processes: starting programs quickly, ending whole groups, and what the system tells about them.
 * Every descriptor made in sys is close-on-exec, so programs get the three standard ones only. */
#ifndef SUAN_SYS_PROCESS_H
#define SUAN_SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* ---- starting ---- */

/* Bytes that the child itself appends to a file as its last act before exec: if they are not there,
 * the program was certainly not run. It puts its pid at pid_at: 4 bytes, little-endian, and the
 * same 4 bytes inverted. */
struct suan_spawn_note {
	int fd;
	char *bytes;
	size_t n, pid_at;
};

struct suan_spawn {		/* all borrowed; NULL and "" are the same */
	const char *const *argv;	/* argv[0] without a slash is searched in envp's PATH */
	const char *const *envp;
	const char *dir;		/* working directory; "" = ours */
	const char *stdin_path;		/* "" = /dev/null */
	const char *stdout_path;	/* "" = /dev/null */
	const char *stderr_path;	/* "" = same as stdout */
	bool append;			/* output files: append, else truncate */
	/* Open descriptors instead of the paths; above 2, 0 = none. They stay the caller's. */
	int stdin_fd, stdout_fd, stderr_fd;
	uint64_t data_limit_bytes;	/* RLIMIT_DATA; 0 = none */
	const char *cgroup_procs;	/* file to write "0" into; "" = none */
	const struct suan_spawn_note *note;	/* NULL = none */
};

enum suan_spawn_step {		/* where starting failed */
	SUAN_SPAWN_NONE,
	SUAN_SPAWN_FORK,	/* no process was made */
	SUAN_SPAWN_CGROUP,
	SUAN_SPAWN_DIR,
	SUAN_SPAWN_STDIN,
	SUAN_SPAWN_STDOUT,
	SUAN_SPAWN_STDERR,
	SUAN_SPAWN_NOTE,
	SUAN_SPAWN_EXEC,
};

struct suan_spawned {
	int64_t pid;		/* leader of a new session and process group; 0 on failure */
	enum suan_spawn_step failed;
	int sys_errno;		/* of the failed step */
	unsigned notes;		/* how often the note was written as a whole: 0, 1, or 2 when a
				 * script had to be given to the shell */
};

/* One fork and exec, sharing memory until the exec (as vfork), so that the cost does not depend on
 * the size of this process. On failure no child is left. */
void suan_process_spawn(const struct suan_spawn *s, struct suan_spawned *ret);

/* ---- ending ---- */

struct suan_process_end {
	bool signalled;
	int code;		/* exit code or signal */
	int64_t cpu_ms, max_rss_bytes;	/* of the child and what it waited for */
};

/* A child that has ended and keeps its pid until it is reaped; 0 = none now. */
int64_t suan_process_ended_child(void);
/* Takes the end of a child that has ended; false: no such child. */
bool suan_process_reap(int64_t pid, struct suan_process_end *ret);
/* Waits until this child has ended, however long. */
bool suan_process_wait(int64_t pid, struct suan_process_end *ret);
bool suan_process_signal(int64_t pid, int signo);
bool suan_process_signal_group(int64_t pgrp, int signo);	/* false: no such group */
/* Orphaned grandchildren become our children. */
bool suan_process_adopt_orphans(void);
/* A descriptor that is readable when the process has ended; −1: not there. Close it. */
int suan_process_pidfd(int64_t pid);

/* ---- looking ---- */

struct suan_process_stat {
	char state;		/* 'R', 'S', … 'Z' = ended, not reaped */
	int64_t ppid, pgrp, session;
	uint64_t start_ticks;	/* since boot; pid and this name a process for good */
	int64_t rss_bytes;
};

bool suan_process_stat(int64_t pid, struct suan_process_stat *ret);	/* false: not there */
/* fn for every process of the machine, until it returns false. */
void suan_process_each(bool (*fn)(void *ctx, int64_t pid), void *ctx);
/* fn for every child of ours, until it returns false. */
void suan_process_each_child(bool (*fn)(void *ctx, int64_t pid), void *ctx);
/* Value of a variable in the environment that the process was started with. false: not set, or not
 * ours to read, or longer than n − 1. */
bool suan_process_env(int64_t pid, const char *name, char *value, size_t n);
/* false: ended, not ours to read, none at all, or still in the middle of its exec. */
bool suan_process_has_env(int64_t pid);
int64_t suan_process_pss_bytes(int64_t pid);	/* shared pages by parts; 0 = cannot tell */
/* Bytes to and from storage; also of an ended child that is not reaped. false: cannot tell. */
bool suan_process_io(int64_t pid, int64_t *ret_read, int64_t *ret_written);
int64_t suan_process_rss_bytes(void);	/* of this process */
int64_t suan_process_self(void);	/* pid */
/* Names this boot of the machine. */
SUAN_MUSTUSE enum suan_code suan_process_boot_id(char out[64], struct suan_err *err);

/* ---- being a daemon ---- */

/* Forks; the child gets its own session, "/" as working directory, stdin from /dev/null, output
 * appended to log_path, and no other descriptors. The parent does not return: it exits with the
 * status that the child tells by suan_process_ready, or 1 if the child ends without. Before threads
 * start. */
SUAN_MUSTUSE enum suan_code suan_process_daemon(const char *log_path, struct suan_err *err);
void suan_process_ready(int status);

#endif
