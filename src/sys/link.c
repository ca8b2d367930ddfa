#include "sys/link.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"
#include "sys/fs_parts.h"
#include "sys/oserr.h"

#define READ_CHUNK 65536

struct suan_link {
	int fd;
	struct suan_watch *watch;
	struct suan_link_events events;
	struct suan_buf in, out;
	size_t in_at, out_at;	/* bytes done */
	bool closed;		/* told */
};

/* ---- sockets ---- */

/* Address by way of the folder's descriptor, since sun_path holds 107 bytes. Close *ret_dir. */
static enum suan_code address(const char *path, struct sockaddr_un *sa, int *ret_dir,
			      struct suan_err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	int n;

	if (!folder)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	*ret_dir = suan_fs_open(*folder ? folder : "/", O_PATH | O_DIRECTORY, 0);
	free(folder);
	if (*ret_dir < 0)
		return suan_fail_os(err, errno, "cannot open the folder of %s", path);
	sa->sun_family = AF_UNIX;
	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", *ret_dir, name);
	if (n < 0 || (size_t)n >= sizeof(sa->sun_path)) {
		(void)close(*ret_dir);
		return suan_fail(err, SUAN_EINVAL, "%s: name too long for a socket", name);
	}
	return SUAN_OK;
}

enum suan_code suan_link_listen(const char *path, int *ret_fd, struct suan_err *err)
{
	struct sockaddr_un sa;
	int dir;
	int fd = -1;
	enum suan_code rc = address(path, &sa, &dir, err);

	if (rc != SUAN_OK)
		return rc;
	(void)unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 16) < 0) {
		rc = suan_fail_os(err, errno, "cannot listen on %s", path);
		if (fd >= 0)
			(void)close(fd);
		fd = -1;
	}
	(void)close(dir);
	if (rc == SUAN_OK)
		*ret_fd = fd;
	return rc;
}

enum suan_code suan_link_connect(const char *path, int *ret_fd, struct suan_err *err)
{
	struct sockaddr_un sa;
	int dir;
	int fd = -1;
	enum suan_code rc = address(path, &sa, &dir, err);

	if (rc != SUAN_OK)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		rc = suan_fail_os(err, errno, "cannot connect to %s", path);
		if (fd >= 0)
			(void)close(fd);
		fd = -1;
	}
	(void)close(dir);
	if (rc == SUAN_OK)
		*ret_fd = fd;
	return rc;
}

int suan_link_accept(int listen_fd)
{
	return accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* ---- messages ---- */

static uint32_t get_u32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static void tell_closed(struct suan_link *k)
{
	if (k->closed)
		return;
	k->closed = true;
	suan_watch_set(k->watch, false, false);
	k->events.closed(k->events.ctx);	/* may free k */
}

/* Hands out whole messages; false: nonsense came. Adds the number of them to *count. */
static bool hand_out(struct suan_link *k, unsigned *count)
{
	while (k->in.len - k->in_at >= 4) {
		uint32_t n = get_u32(k->in.data + k->in_at);

		if (n > SUAN_LINK_FRAME_MAX)
			return false;
		if (k->in.len - k->in_at - 4 < n)
			break;
		k->in_at += 4 + (size_t)n;
		k->events.message(k->events.ctx, k->in.data + k->in_at - n, n);
		(*count)++;
	}
	if (k->in_at > 0) {
		size_t rest = k->in.len - k->in_at;

		memmove(k->in.data, k->in.data + k->in_at, rest);
		suan_buf_cut(&k->in, rest);
		k->in_at = 0;
	}
	return true;
}

/* One read; false: the link is over and closed was told. */
static bool take_in(struct suan_link *k, unsigned *count)
{
	ssize_t n;

	if (suan_buf_reserve(&k->in, READ_CHUNK) != SUAN_OK) {
		tell_closed(k);
		return false;
	}
	n = read(k->fd, k->in.data + k->in.len, READ_CHUNK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n > 0) {
		k->in.len += (size_t)n;
		k->in.data[k->in.len] = '\0';
		if (hand_out(k, count))
			return true;
	}
	tell_closed(k);
	return false;
}

/* false: the other side is gone (nobody was told yet). */
static bool give_out(struct suan_link *k)
{
	while (k->out_at < k->out.len) {
		ssize_t n = send(k->fd, k->out.data + k->out_at, k->out.len - k->out_at,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		k->out_at += (size_t)n;
	}
	suan_buf_reset(&k->out);
	k->out_at = 0;
	suan_watch_set(k->watch, !k->closed, false);
	return true;
}

static void on_ready(void *ctx, int fd, bool readable, bool writable)
{
	struct suan_link *k = ctx;
	unsigned count = 0;

	(void)fd;
	if (k->closed)
		return;
	/* What the other side said before it went counts: read first. */
	if (readable && !take_in(k, &count))
		return;
	if (!writable || give_out(k))
		return;
	for (int i = 0; i < 1024; i++)
		if (!take_in(k, &count))
			return;
	tell_closed(k);
}

enum suan_code suan_link_new(struct suan_link **ret, struct suan_loop *l, int fd,
			     const struct suan_link_events *events)
{
	struct suan_link *k = calloc(1, sizeof(*k));
	enum suan_code rc = SUAN_ENOMEM;

	if (k) {
		k->fd = fd;
		k->events = *events;
		suan_buf_init(&k->in, 0);
		suan_buf_init(&k->out, 0);
		rc = suan_watch_new(&k->watch, l, fd, on_ready, k);
	}
	if (rc != SUAN_OK) {
		free(k);
		(void)close(fd);
		return rc;
	}
	*ret = k;
	return SUAN_OK;
}

void suan_link_free(struct suan_link *k)
{
	if (!k)
		return;
	suan_watch_free(k->watch);
	(void)close(k->fd);
	suan_buf_done(&k->in);
	suan_buf_done(&k->out);
	free(k);
}

enum suan_code suan_link_send(struct suan_link *k, const void *bytes, size_t n)
{
	unsigned char head[4] = {(unsigned char)n, (unsigned char)(n >> 8),
				 (unsigned char)(n >> 16), (unsigned char)(n >> 24)};

	if (n > SUAN_LINK_FRAME_MAX)
		return SUAN_ETOOBIG;
	if (k->closed)
		return SUAN_EUNREACHABLE;
	if (suan_buf_reserve(&k->out, n + 4) != SUAN_OK)
		return SUAN_ENOMEM;
	(void)suan_buf_add(&k->out, head, 4);
	(void)suan_buf_add(&k->out, bytes, n);
	suan_watch_set(k->watch, true, true);
	return SUAN_OK;
}

static bool poll_until(int fd, short events, int64_t until_us)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left_us = until_us - suan_clock_mono_us();
	int n;

	if (left_us < 0)
		return false;
	n = poll(&p, 1, (int)(left_us / 1000) + 1);
	return n > 0 || (n < 0 && errno == EINTR);
}

bool suan_link_wait(struct suan_link *k, int timeout_ms)
{
	int64_t until_us = suan_clock_mono_us() + (int64_t)timeout_ms * 1000;
	unsigned count = 0;

	if (k->closed || !suan_link_flush(k, timeout_ms))
		return false;
	while (count == 0)
		if (!poll_until(k->fd, POLLIN, until_us) || !take_in(k, &count))
			return false;
	return true;
}

bool suan_link_flush(struct suan_link *k, int timeout_ms)
{
	int64_t until_us = suan_clock_mono_us() + (int64_t)timeout_ms * 1000;

	while (k->out.len > 0) {
		if (!give_out(k))
			return false;
		if (k->out.len > 0 && !poll_until(k->fd, POLLOUT, until_us))
			return false;
	}
	return true;
}
