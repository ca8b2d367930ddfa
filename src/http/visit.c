#include "http/visit.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "sys/clock.h"

struct suan_http_visit {
	struct suan_http_loop *loop;
	struct suan_http_visit *prev, *next;
	int fd;
	enum suan_http_turn turn;
	int64_t since_ms;
	uint64_t bytes; /* of this turn */
};

static struct suan_http_visit *visit_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void begin(struct suan_http_loop *l, struct MHD_Connection *conn, void **slot)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct suan_http_visit *v = info ? calloc(1, sizeof(*v)) : NULL;

	if (!v)
		return; /* only MHD's own timeout counts then */
	v->loop = l;
	v->fd = info->connect_fd;
	v->since_ms = suan_clock_mono_us() / 1000;
	v->next = l->visits;
	if (v->next)
		v->next->prev = v;
	l->visits = v;
	*slot = v;
}

static void end(struct suan_http_visit *v)
{
	if (!v)
		return;
	if (v->prev)
		v->prev->next = v->next;
	else
		v->loop->visits = v->next;
	if (v->next)
		v->next->prev = v->prev;
	free(v);
}

void suan_http_visit_notify(void *loop, struct MHD_Connection *conn, void **slot,
			    enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		begin(loop, conn, slot);
	} else {
		end(*slot);
		*slot = NULL;
	}
}

void suan_http_visit_turn(struct MHD_Connection *conn, enum suan_http_turn turn, uint64_t bytes)
{
	struct suan_http_visit *v = visit_of(conn);

	if (!v)
		return;
	v->turn = turn;
	v->since_ms = suan_clock_mono_us() / 1000;
	v->bytes = bytes;
}

void suan_http_visit_bytes(struct MHD_Connection *conn, uint64_t bytes)
{
	struct suan_http_visit *v = visit_of(conn);

	if (v)
		v->bytes += bytes;
}

static bool too_long(const struct suan_http_visit *v, int64_t now_ms)
{
	uint64_t allowed = (uint64_t)v->loop->config.idle_timeout_s * 1000 + v->bytes;

	return v->turn != SUAN_HTTP_OURS && now_ms > v->since_ms &&
	       (uint64_t)(now_ms - v->since_ms) > allowed;
}

void suan_http_visit_expire(struct suan_http_loop *l, int64_t now_ms)
{
	if (now_ms - l->looked_ms < SUAN_HTTP_VISIT_TICK_MS)
		return;
	l->looked_ms = now_ms;
	for (struct suan_http_visit *v = l->visits; v; v = v->next)
		if (too_long(v, now_ms))
			(void)shutdown(v->fd, SHUT_RDWR); /* MHD sees the end and closes */
}
