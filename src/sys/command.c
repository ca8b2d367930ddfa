#include "sys/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"
#include "sys/oserr.h"
#include "sys/process.h"

#define ERROR_BYTES 16384u

struct stream {
	int fd;
	struct suan_watch *watch;
	struct suan_buf bytes;
	size_t most;
	bool cut;
};

struct suan_command {
	struct suan_command_spec spec;
	int64_t pid, began_us;
	int pidfd;
	struct suan_watch *watch; /* of the pidfd */
	struct suan_timer *timer;
	struct stream out, error;
	bool late;
};

/* What is there now; false: nothing more will come. */
static bool drain(struct stream *s)
{
	char piece[16384];
	ssize_t n;

	while ((n = read(s->fd, piece, sizeof(piece))) > 0) {
		size_t room = s->most - s->bytes.len, want = (size_t)n < room ? (size_t)n : room;

		s->cut |= want < (size_t)n;
		s->cut |= !suan_buf_add(&s->bytes, piece, want);
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void stream_close(struct stream *s)
{
	suan_watch_free(s->watch);
	if (s->fd >= 0)
		(void)close(s->fd);
	suan_buf_done(&s->bytes);
	*s = (struct stream){.fd = -1};
}

static void destroy(struct suan_command *c)
{
	suan_watch_free(c->watch);
	if (c->pidfd >= 0)
		(void)close(c->pidfd);
	suan_timer_free(c->timer);
	stream_close(&c->out);
	stream_close(&c->error);
	free(c);
}

/* The last line that says anything, cut out of the bytes. */
static const char *last_line(struct suan_buf *b)
{
	char *begin;

	while (b->len && strchr(" \n\r\t", b->data[b->len - 1]))
		suan_buf_cut(b, b->len - 1);
	if (!b->len)
		return "";
	begin = memrchr(b->data, '\n', b->len);
	return begin ? begin + 1 : b->data;
}

static void on_readable(void *ctx, int fd, bool readable, bool writable)
{
	struct stream *s = ctx;

	(void)fd;
	(void)readable;
	(void)writable;
	if (!drain(s)) {
		suan_watch_free(s->watch);
		s->watch = NULL;
	}
}

static void on_end(void *ctx, int fd, bool readable, bool writable)
{
	struct suan_command *c = ctx;
	struct suan_process_end end = {0};
	struct suan_command_end told;

	(void)fd;
	(void)readable;
	(void)writable;
	if (!suan_process_reap(c->pid, &end))
		return;
	(void)drain(&c->out);
	(void)drain(&c->error);
	told = (struct suan_command_end){
		.ended = !c->late,
		.signalled = end.signalled,
		.code = end.code,
		.out = suan_buf_str(&c->out.bytes),
		.out_n = c->out.bytes.len,
		.cut = c->out.cut,
		.error = last_line(&c->error.bytes),
		.took_ms = (suan_clock_mono_us() - c->began_us) / 1000,
	};
	c->spec.done(c->spec.ctx, &told);
	destroy(c);
}

static void on_late(void *ctx)
{
	struct suan_command *c = ctx;

	c->late = true;
	(void)suan_process_signal_group(c->pid, SIGKILL);
}

static enum suan_code stream_open(struct stream *s, int *ret_child, struct suan_err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return suan_fail_os(err, errno, "cannot make a pipe");
	s->fd = p[0];
	*ret_child = p[1];
	if (fcntl(p[0], F_SETFL, O_NONBLOCK) < 0)
		return suan_fail_os(err, errno, "cannot set up a pipe");
	return SUAN_OK;
}

static enum suan_code spawn(struct suan_command *c, struct suan_err *err)
{
	int out = -1, error = -1;
	struct suan_spawned got = {0};
	enum suan_code rc = stream_open(&c->out, &out, err);

	if (rc == SUAN_OK)
		rc = stream_open(&c->error, &error, err);
	if (rc == SUAN_OK) {
		suan_process_spawn(&(struct suan_spawn){.argv = c->spec.argv,
							.envp = c->spec.envp,
							.stdout_fd = out,
							.stderr_fd = error},
				   &got);
		if (!got.pid)
			rc = suan_fail_os(err, got.sys_errno, "cannot run %s", c->spec.argv[0]);
	}
	c->pid = got.pid;
	if (out >= 0)
		(void)close(out);
	if (error >= 0)
		(void)close(error);
	return rc;
}

static enum suan_code listen_to(struct suan_command *c)
{
	struct suan_loop *l = c->spec.loop;
	enum suan_code rc = suan_watch_new(&c->out.watch, l, c->out.fd, on_readable, &c->out);

	if (rc == SUAN_OK)
		rc = suan_watch_new(&c->error.watch, l, c->error.fd, on_readable, &c->error);
	if (rc == SUAN_OK)
		rc = suan_watch_new(&c->watch, l, c->pidfd, on_end, c);
	if (rc != SUAN_OK)
		return rc;
	suan_watch_set(c->out.watch, true, false);
	suan_watch_set(c->error.watch, true, false);
	suan_watch_set(c->watch, true, false);
	suan_timer_set(c->timer, c->spec.limit_ms);
	return SUAN_OK;
}

static void kill_now(struct suan_command *c)
{
	struct suan_process_end end;

	(void)suan_process_signal_group(c->pid, SIGKILL);
	(void)suan_process_wait(c->pid, &end);
}

enum suan_code suan_command_start(struct suan_command **ret, const struct suan_command_spec *spec,
				  struct suan_err *err)
{
	struct suan_command *c = calloc(1, sizeof(*c));
	enum suan_code rc;

	if (!c)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	c->spec = *spec;
	c->pidfd = c->out.fd = c->error.fd = -1;
	c->out.most = spec->most_bytes;
	c->error.most = ERROR_BYTES;
	c->began_us = suan_clock_mono_us();
	rc = suan_timer_new(&c->timer, spec->loop, on_late, c);
	if (rc == SUAN_OK)
		rc = spawn(c, err);
	if (rc == SUAN_OK) {
		c->pidfd = suan_process_pidfd(c->pid);
		rc = c->pidfd >= 0 ? listen_to(c) : SUAN_EIO;
		if (rc != SUAN_OK) {
			kill_now(c);
			(void)suan_fail(err, rc, "cannot watch %s", spec->argv[0]);
		}
	}
	if (rc == SUAN_OK)
		*ret = c;
	else
		destroy(c);
	return rc;
}

void suan_command_cancel(struct suan_command *c)
{
	if (!c)
		return;
	kill_now(c);
	destroy(c);
}
