/* Everything that rclone reaches, through a child process: "cat" and "rcat" as a stream that is
 * paced, digested and resumed as any other; "lsjson" to look, "moveto" to put into place. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/copy_inside.h"
#include "base/arena.h"
#include "sys/clock.h"
#include "sys/oserr.h"
#include "sys/process.h"
#include "wire/json.h"

#define PIECE	   (256u << 10)
#define LOOK_MS	   200 /* how soon a cancel is seen */
#define LIST_BYTES ((size_t)1 << 30)
#define ARGS_MAX   12

struct child {
	int64_t pid;
	int fd;	    /* our end of the pipe; −1 = none */
	int err_fd; /* what it says */
	const char *verb;
	int64_t alive_us;
};

/* ---- life ---- */

static enum suan_code fail_start(struct suan_copy_job *job, const struct suan_spawned *got)
{
	if (got->failed == SUAN_SPAWN_EXEC && got->sys_errno == ENOENT)
		return suan_copy_fail(job, SUAN_COPY_REFUSED, SUAN_EINVAL,
				      "%.200s needs the program \"%.100s\", which is not installed "
				      "at this site",
				      suan_copy_place_of(job->source) == SUAN_COPY_RCLONE
					      ? job->source
					      : job->target,
				      job->setup->rclone);
	return suan_fail_os(&job->err, got->sys_errno, "cannot start %.200s", job->setup->rclone);
}

/* args: the verb first, then what it takes; NULL-terminated. */
static enum suan_code start(struct suan_copy_job *job, struct child *c, const char *const *args,
			    bool writes)
{
	const char *argv[ARGS_MAX + 8] = {job->setup->rclone, "--ask-password=false",
					  "--log-level=ERROR"};
	struct suan_spawned got;
	int p[2] = {-1, -1}, n = 3;

	if (job->setup->rclone_config) {
		argv[n++] = "--config";
		argv[n++] = job->setup->rclone_config;
	}
	for (int i = 0; args[i] && i < ARGS_MAX; i++)
		argv[n++] = args[i];
	*c = (struct child){.fd = -1, .verb = args[0]};
	c->err_fd = memfd_create("rclone", MFD_CLOEXEC);
	if (c->err_fd < 0 || pipe2(p, O_CLOEXEC) < 0)
		return suan_fail_os(&job->err, errno, "cannot make a pipe");
	suan_process_spawn(&(struct suan_spawn){.argv = argv,
						.envp = (const char *const *)environ,
						.stdin_fd = writes ? p[0] : 0,
						.stdout_fd = writes ? 0 : p[1],
						.stderr_fd = c->err_fd},
			   &got);
	c->fd = writes ? p[1] : p[0];
	(void)close(writes ? p[0] : p[1]);
	if (got.pid == 0)
		return fail_start(job, &got);
	c->pid = got.pid;
	c->alive_us = suan_clock_mono_us();
	(void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
	return SUAN_OK;
}

/* The last line of what it said, without the time in front of it. */
static void last_words(const struct child *c, char *out, size_t n)
{
	char text[4096], *line, *next;
	off_t len = lseek(c->err_fd, 0, SEEK_END);
	off_t from = len > (off_t)sizeof(text) - 1 ? len - (off_t)sizeof(text) + 1 : 0;
	ssize_t got = pread(c->err_fd, text, sizeof(text) - 1, from);

	text[got > 0 ? got : 0] = '\0';
	line = text;
	for (next = line; (next = strchr(next, '\n'));) {
		*next++ = '\0';
		if (*next)
			line = next;
	}
	if (strlen(line) > 20 && line[4] == '/' && line[13] == ':' && line[19] == ' ')
		line += 20;
	(void)snprintf(out, n, "%s", line);
}

static bool says(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(text, *words))
			return true;
	return false;
}

/* Its exit codes: 3 and 4 not there, 5 and 6 may work later, 7 never will; 1 and 2 anything. */
static enum suan_code explain(struct suan_copy_job *job, const struct child *c, int code)
{
	static const char *const no_right[] = {"accessdenied",
					       "access denied",
					       "permission denied",
					       "403 ",
					       "401 ",
					       "unauthorized",
					       "forbidden",
					       "didn't find section",
					       "invalidaccesskey",
					       "unable to authenticate",
					       NULL};
	static const char *const not_there[] = {"not found", "no such file", "404 ", NULL};
	static const char *const full[] = {"no space left", "507 ", "quota", NULL};
	char words[300];

	last_words(c, words, sizeof(words));
	if (code == 3 || code == 4 || says(words, not_there))
		return suan_fail(&job->err, SUAN_ENOTFOUND, "rclone %s: %s", c->verb, words);
	if (says(words, no_right))
		return suan_fail(&job->err, SUAN_EDENIED, "rclone %s: %s", c->verb, words);
	if (says(words, full))
		return suan_fail(&job->err, SUAN_EFULL, "rclone %s: %s", c->verb, words);
	return suan_fail(&job->err, code == 7 ? SUAN_EREFUSED : SUAN_EUNREACHABLE,
			 "rclone %s: %s (exit code %d)", c->verb, words, code);
}

/* Ends the child: kills it when rc says that it is of no more use. Its own failure counts if there
 * is no other. */
static enum suan_code end(struct suan_copy_job *job, struct child *c, enum suan_code rc)
{
	struct suan_process_end how = {0};

	if (c->pid > 0 && rc != SUAN_OK)
		(void)suan_process_signal_group(c->pid, SIGKILL);
	if (c->fd >= 0)
		(void)close(c->fd);
	if (c->pid > 0 && !suan_process_wait(c->pid, &how) && rc == SUAN_OK)
		rc = suan_fail(&job->err, SUAN_EIO, "rclone %s: its end is not known", c->verb);
	if (rc == SUAN_OK && how.signalled)
		rc = suan_fail(&job->err, SUAN_EUNREACHABLE, "rclone %s: ended by signal %d",
			       c->verb, how.code);
	else if (rc == SUAN_OK && how.code != 0)
		rc = explain(job, c, how.code);
	if (c->err_fd >= 0)
		(void)close(c->err_fd);
	return rc;
}

/* Until the pipe can be used. */
static enum suan_code wait_for(struct suan_copy_job *job, struct child *c, short events)
{
	struct pollfd p = {.fd = c->fd, .events = events};

	for (;;) {
		int n = poll(&p, 1, LOOK_MS);

		if (suan_copy_cancelled(job))
			return suan_copy_broken_off(job);
		if (n > 0)
			return SUAN_OK;
		if (suan_clock_mono_us() - c->alive_us > job->setup->stall_ms * 1000)
			return suan_fail(&job->err, SUAN_EUNREACHABLE,
					 "rclone %s: nothing came for %lld s", c->verb,
					 (long long)(job->setup->stall_ms / 1000));
	}
}

/* *ret_n = 0: the end. */
static enum suan_code read_some(struct suan_copy_job *job, struct child *c, void *bytes, size_t n,
				size_t *ret_n)
{
	for (;;) {
		enum suan_code rc = wait_for(job, c, POLLIN);
		ssize_t k;

		if (rc != SUAN_OK)
			return rc;
		k = read(c->fd, bytes, n);
		if (k < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (k < 0)
			return suan_fail_os(&job->err, errno, "cannot read from rclone");
		c->alive_us = suan_clock_mono_us();
		*ret_n = (size_t)k;
		return SUAN_OK;
	}
}

/* ---- looking ---- */

/* Runs it to its end and collects what it prints. */
static enum suan_code collect(struct suan_copy_job *job, const char *const *args,
			      struct suan_buf *out)
{
	struct child c;
	enum suan_code rc = start(job, &c, args, false);
	size_t n = 1;

	while (rc == SUAN_OK && n > 0) {
		rc = suan_buf_reserve(out, 65536);
		if (rc != SUAN_OK)
			rc = suan_fail(&job->err, rc, "rclone %s: its answer is too large", c.verb);
		else
			rc = read_some(job, &c, out->data + out->len, 65536, &n);
		if (rc == SUAN_OK) {
			out->len += n;
			out->data[out->len] = '\0';
		}
	}
	return end(job, &c, rc);
}

struct listed {
	const char *path, *time;
	int64_t bytes;
	bool folder;
};

static bool read_listed(struct suan_json *j, struct listed *l)
{
	const char *name;
	bool good = suan_json_object(j);

	*l = (struct listed){.path = "", .time = "", .bytes = -1};
	while (good && suan_json_member(j, &name)) {
		if (strcmp(name, "Path") == 0)
			good = suan_json_string(j, &l->path);
		else if (strcmp(name, "ModTime") == 0)
			good = suan_json_string(j, &l->time);
		else if (strcmp(name, "Size") == 0)
			good = suan_json_i64(j, -1, INT64_MAX / 16, &l->bytes);
		else if (strcmp(name, "IsDir") == 0)
			good = suan_json_bool(j, &l->folder);
		else
			good = suan_json_skip(j);
	}
	return good && !j->failed;
}

static void version_of(const struct listed *l, char hex[65])
{
	char text[96];

	(void)snprintf(text, sizeof(text), "%lld %.60s", (long long)l->bytes, l->time);
	suan_copy_version_sum(text, hex);
}

enum suan_code suan_copy_stat_rclone(struct suan_copy_job *job, const char *remote,
				     struct suan_copy_stat *ret)
{
	const char *args[] = {"lsjson", "--stat", "--no-mimetype", remote, NULL};
	struct suan_arena arena;
	struct suan_json j;
	struct suan_buf b;
	struct listed l;
	enum suan_code rc;

	suan_arena_init(&arena, 0);
	suan_buf_init(&b, 1 << 20);
	rc = collect(job, args, &b);
	suan_json_init(&j, suan_buf_str(&b), b.len, &arena, &job->err);
	if (rc == SUAN_OK && !read_listed(&j, &l)) {
		rc = j.code == SUAN_ENOMEM ? SUAN_ENOMEM : SUAN_EUNREACHABLE;
		suan_err_prefix(&job->err, "the answer of rclone lsjson");
	}
	if (rc == SUAN_OK) {
		ret->folder = l.folder;
		ret->bytes = l.bytes < 0 ? UINT64_MAX : (uint64_t)l.bytes;
		version_of(&l, ret->version);
	}
	suan_buf_done(&b);
	suan_arena_done(&arena);
	return rc;
}

enum suan_code suan_copy_list_rclone(struct suan_copy_job *job, const char *remote,
				     struct suan_manifest *m)
{
	const char *args[] = {"lsjson", "-R", "--files-only", "--no-mimetype", remote, NULL};
	struct suan_arena arena;
	struct suan_json j;
	struct suan_buf b;
	enum suan_code rc;

	suan_arena_init(&arena, 0);
	suan_buf_init(&b, LIST_BYTES);
	rc = collect(job, args, &b);
	suan_json_init(&j, suan_buf_str(&b), b.len, &arena, &job->err);
	if (rc == SUAN_OK && !suan_json_array(&j))
		rc = SUAN_EUNREACHABLE;
	while (rc == SUAN_OK && suan_json_element(&j)) {
		struct suan_manifest_entry e = {.kind = 'f'};
		struct listed l;

		if (!read_listed(&j, &l))
			break;
		version_of(&l, e.sha256);
		e.bytes = l.bytes < 0 ? 0 : (uint64_t)l.bytes;
		e.path = l.path;
		rc = suan_manifest_add(m, &e, &job->err);
	}
	if (rc == SUAN_OK && j.failed)
		rc = j.code == SUAN_ENOMEM ? SUAN_ENOMEM : SUAN_EUNREACHABLE;
	if (rc == SUAN_OK)
		rc = suan_manifest_seal(m, &job->err);
	suan_buf_done(&b);
	suan_arena_done(&arena);
	return rc;
}

/* ---- bringing ---- */

static enum suan_code pump(struct suan_copy_job *job, struct child *c, struct suan_copy_part *p)
{
	size_t piece = suan_copy_piece(job), n = 1;
	enum suan_code rc = SUAN_OK;
	char *bytes;

	if (piece > PIECE)
		piece = PIECE;
	bytes = malloc(piece);
	if (!bytes)
		return suan_fail(&job->err, SUAN_ENOMEM, "out of memory");
	while (rc == SUAN_OK && n > 0) {
		rc = read_some(job, c, bytes, piece, &n);
		if (rc == SUAN_OK && n > 0)
			rc = suan_copy_take(job, p, bytes, n);
		c->alive_us = suan_clock_mono_us();
	}
	free(bytes);
	return rc;
}

/* Without a digest to compare with, it must at least look the same before and after. */
static enum suan_code check_same(struct suan_copy_job *job, const struct suan_copy_from *f,
				 const struct suan_copy_part *p)
{
	struct suan_copy_stat now;
	enum suan_code rc = suan_copy_stat_rclone(job, f->where, &now);

	if (rc == SUAN_OK && strcmp(now.version, p->j.version) != 0)
		rc = suan_copy_fail(job, SUAN_COPY_CHANGED, SUAN_ECONFLICT,
				    "%.300s changed while it was copied", f->where);
	return rc;
}

enum suan_code suan_copy_pull_rclone(struct suan_copy_job *job, const struct suan_copy_from *f,
				     struct suan_copy_part *p)
{
	struct suan_copy_stat st = {.bytes = f->bytes};
	char offset[32];
	const char *args[] = {"cat", "--offset", offset, f->where, NULL};
	struct child c;
	enum suan_code rc = SUAN_OK;

	if (f->version[0])
		(void)snprintf(st.version, sizeof(st.version), "%s", f->version);
	else
		rc = suan_copy_stat_rclone(job, f->where, &st);
	if (rc == SUAN_OK)
		rc = suan_copy_begin(job, p, f, st.version, st.bytes);
	if (rc != SUAN_OK || (st.bytes != UINT64_MAX && p->done == st.bytes))
		return rc;
	(void)snprintf(offset, sizeof(offset), "%llu", (unsigned long long)p->done);
	rc = start(job, &c, args, false);
	if (rc == SUAN_OK)
		rc = pump(job, &c, p);
	rc = end(job, &c, rc);
	if (rc == SUAN_OK && st.bytes != UINT64_MAX && p->done != st.bytes)
		rc = suan_copy_fail(job, SUAN_COPY_TRANSIENT, SUAN_EUNREACHABLE,
				    "%.300s: rclone ended early", f->where);
	return rc == SUAN_OK && !f->want[0] ? check_same(job, f, p) : rc;
}

/* ---- sending ---- */

static enum suan_code write_all(struct suan_copy_job *job, struct child *c, const char *bytes,
				size_t n)
{
	while (n > 0) {
		enum suan_code rc = wait_for(job, c, POLLOUT);
		ssize_t k;

		if (rc != SUAN_OK)
			return rc;
		k = write(c->fd, bytes, n);
		if (k < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (k < 0 && errno == EPIPE) /* its own words say more */
			return SUAN_OK;
		if (k < 0)
			return suan_fail_os(&job->err, errno, "cannot write to rclone");
		c->alive_us = suan_clock_mono_us();
		bytes += k;
		n -= (size_t)k;
	}
	return SUAN_OK;
}

static enum suan_code feed(struct child *c, struct suan_copy_feed *f)
{
	struct suan_copy_job *job = f->job;
	char *bytes = malloc(PIECE);
	size_t n = 1;
	enum suan_code rc = bytes ? SUAN_OK : suan_fail(&job->err, SUAN_ENOMEM, "out of memory");

	while (rc == SUAN_OK && n > 0) {
		rc = suan_copy_next(f, bytes, PIECE, &n);
		c->alive_us = suan_clock_mono_us();
		if (rc == SUAN_OK && n > 0)
			rc = write_all(job, c, bytes, n);
	}
	free(bytes);
	return rc;
}

/* Only when all of it is there, under a name that nobody reads, it gets its own. */
static enum suan_code put_in_place(struct suan_copy_job *job, const char *part, uint64_t total,
				   const char *remote)
{
	const char *args[] = {"moveto", "--retries", "1", part, remote, NULL};
	struct suan_buf nothing;
	struct suan_copy_stat st;
	enum suan_code rc = suan_copy_stat_rclone(job, part, &st);

	if (rc == SUAN_OK && st.bytes != UINT64_MAX && st.bytes != total)
		rc = suan_fail(&job->err, SUAN_EUNREACHABLE,
			       "%.200s has %llu bytes, %llu were sent", part,
			       (unsigned long long)st.bytes, (unsigned long long)total);
	suan_buf_init(&nothing, 1 << 20);
	if (rc == SUAN_OK)
		rc = collect(job, args, &nothing);
	suan_buf_done(&nothing);
	return rc;
}

enum suan_code suan_copy_send_rclone(struct suan_copy_job *job, int fd, uint64_t total,
				     const char *remote, char hex[65])
{
	char size[32], *part = NULL;
	const char *args[] = {"rcat", "--size", size, "", NULL};
	struct suan_copy_feed f = {.job = job, .fd = fd};
	struct child c;
	enum suan_code rc;

	if (asprintf(&part, "%s.suan-part", remote) < 0)
		return suan_fail(&job->err, SUAN_ENOMEM, "out of memory");
	args[3] = part;
	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)total);
	suan_sha256_init(&f.sha);
	rc = start(job, &c, args, true);
	if (rc == SUAN_OK)
		rc = feed(&c, &f);
	if (rc == SUAN_OK) { /* the end of its input is the sign that all is there */
		(void)close(c.fd);
		c.fd = -1;
	}
	rc = end(job, &c, rc);
	if (rc == SUAN_OK)
		rc = put_in_place(job, part, total, remote);
	job->at_target = rc != SUAN_OK;
	if (rc == SUAN_OK)
		suan_sha256_hex(&f.sha, hex);
	free(part);
	return rc;
}
