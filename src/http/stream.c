#include "http/stream.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http/request.h"

#define BACKLOG_BYTES (1u << 20)
#define LOW_BYTES     (BACKLOG_BYTES / 4) /* there is room again */
#define BLOCK_BYTES   (16u << 10)

struct suan_http_stream {
	struct suan_http_wake wake; /* first: the wake is the stream */
	struct suan_http_watch watch;
	struct suan_http_loop *loop; /* holds a reference */
	struct suan_http_stream_events events;
	struct MHD_Connection *conn; /* loop's thread; NULL before bind and after finish */
	int fd;			     /* loop's thread; -1: not watched */
	pthread_mutex_t lock;	     /* the rest */
	pthread_cond_t told;
	struct suan_buf out;
	size_t sent;   /* of out */
	unsigned refs; /* the application, MHD's response, a wake under way */
	bool closed;   /* by the application */
	bool over;     /* client gone or server stopped: nothing more is taken */
	bool broken;   /* what is queued is not sent either */
	bool partial;  /* closed, but not all was said */
	bool refused;  /* bytes, since room was told last */
	bool parked;   /* connection suspended: nothing to send */
	bool waking;
	bool telling, was_told; /* an event is being told; gone() has been called */
	pthread_t teller;
};

/* Called with the lock held; gives it up. */
static void unlock_and_drop(struct suan_http_stream *s, unsigned n)
{
	bool last = (s->refs -= n) == 0;

	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	pthread_cond_destroy(&s->told);
	pthread_mutex_destroy(&s->lock);
	suan_buf_done(&s->out);
	suan_http_loop_drop(s->loop);
	free(s);
}

/* ---- the loop's thread ---- */

static void wake_up(struct suan_http_wake *w)
{
	struct suan_http_stream *s = (struct suan_http_stream *)w;
	bool parked;

	pthread_mutex_lock(&s->lock);
	s->waking = false;
	parked = s->parked;
	s->parked = false;
	if (parked)
		MHD_resume_connection(s->conn);
	unlock_and_drop(s, 1);
}

static void client_hung_up(struct suan_http_watch *w)
{
	struct suan_http_stream *s =
		(struct suan_http_stream *)((char *)w - offsetof(struct suan_http_stream, watch));

	pthread_mutex_lock(&s->lock);
	s->over = true;
	s->broken = true;
	if (s->parked)
		MHD_resume_connection(s->conn);
	s->parked = false;
	pthread_mutex_unlock(&s->lock);
}

/* With the lock held, which is given up meanwhile. */
static void tell(struct suan_http_stream *s, void (*event)(void *ctx))
{
	s->telling = true;
	s->teller = pthread_self();
	pthread_mutex_unlock(&s->lock);
	event(s->events.ctx);
	pthread_mutex_lock(&s->lock);
	s->telling = false;
	pthread_cond_broadcast(&s->told);
}

static void tell_gone(struct suan_http_stream *s)
{
	if (s->closed || s->was_told)
		return;
	s->was_told = true;
	tell(s, s->events.gone);
}

static void tell_room(struct suan_http_stream *s)
{
	if (!s->refused || s->closed || s->over || s->out.len - s->sent > LOW_BYTES)
		return;
	s->refused = false;
	if (s->events.room)
		tell(s, s->events.room);
}

static size_t take_queued(struct suan_http_stream *s, char *buf, size_t max)
{
	size_t n = s->out.len - s->sent;

	if (n > max)
		n = max;
	memcpy(buf, s->out.data + s->sent, n);
	s->sent += n;
	if (s->sent == s->out.len) {
		s->sent = 0;
		suan_buf_reset(&s->out);
	}
	return n;
}

static ssize_t read_content(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct suan_http_stream *s = cls;
	ssize_t ret = 0;

	(void)pos;
	pthread_mutex_lock(&s->lock);
	if (s->broken) {
		ret = MHD_CONTENT_READER_END_WITH_ERROR;
	} else if (s->out.len > s->sent) {
		ret = (ssize_t)take_queued(s, buf, max);
		tell_room(s);
	} else if (s->closed || s->over) {
		ret = s->partial ? MHD_CONTENT_READER_END_WITH_ERROR
				 : MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		s->parked = true;
		MHD_suspend_connection(s->conn);
	}
	pthread_mutex_unlock(&s->lock);
	return ret;
}

static void release(void *cls)
{
	struct suan_http_stream *s = cls;

	pthread_mutex_lock(&s->lock);
	unlock_and_drop(s, 1);
}

/* A reader may pause for hours, so MHD must not count its idle time; the kernel notices a dead one.
 */
static void be_patient(const struct suan_http_stream *s)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 60},
		{IPPROTO_TCP, TCP_KEEPINTVL, 20},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},
	};

	(void)MHD_set_connection_option(s->conn, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	for (size_t i = 0; s->fd >= 0 && i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(s->fd, options[i].level, options[i].option, &options[i].value,
				 sizeof(options[i].value));
}

void suan_http_stream_bind(struct suan_http_stream *s, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = &s->watch};

	s->conn = conn;
	if (info && epoll_ctl(s->loop->epfd, EPOLL_CTL_ADD, info->connect_fd, &ev) == 0)
		s->fd = info->connect_fd;
	be_patient(s);
	if (s->loop->stopping)
		suan_http_stream_end(s);
}

void suan_http_stream_finish(struct suan_http_stream *s)
{
	if (s->fd >= 0)
		(void)epoll_ctl(s->loop->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	s->fd = -1;
	if (s->conn)
		(void)MHD_set_connection_option(s->conn, MHD_CONNECTION_OPTION_TIMEOUT,
						s->loop->config.idle_timeout_s);
	pthread_mutex_lock(&s->lock);
	s->refs++; /* gone() may close */
	s->conn = NULL;
	s->over = true;
	s->broken = true;
	s->parked = false;
	tell_gone(s);
	unlock_and_drop(s, 1);
}

void suan_http_stream_end(struct suan_http_stream *s)
{
	pthread_mutex_lock(&s->lock);
	s->refs++;
	s->over = true;
	if (s->parked)
		MHD_resume_connection(s->conn);
	s->parked = false;
	tell_gone(s);
	unlock_and_drop(s, 1);
}

void suan_http_stream_cut(struct suan_http_stream *s)
{
	client_hung_up(&s->watch);
}

/* ---- any thread ---- */

static void send_head(struct MHD_Response *response, const char *type)
{
	if (type)
		(void)MHD_add_response_header(response, "Content-Type", type);
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
}

enum suan_code suan_http_stream_open(struct suan_http_request *req, const char *type,
				     const struct suan_http_stream_events *events,
				     struct suan_http_stream **ret)
{
	struct suan_http_stream *s = calloc(1, sizeof(*s)), *before = *ret;
	struct suan_http_answer answer = {.status = 200, .stream = s};

	if (!s)
		return SUAN_ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->told, NULL);
	suan_buf_init(&s->out, 0);
	s->wake.run = wake_up;
	s->watch.ready = client_hung_up;
	s->loop = req->loop;
	suan_http_loop_ref(s->loop);
	s->events = *events;
	s->fd = -1;
	s->refs = 2;
	answer.response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
							    read_content, s, release);
	if (!answer.response) {
		pthread_mutex_lock(&s->lock);
		unlock_and_drop(s, 2);
		return SUAN_ENOMEM;
	}
	send_head(answer.response, type);
	*ret = s; /* before gone() can be called */
	if (suan_http_request_answer(req, &answer))
		return SUAN_OK;
	*ret = before;
	MHD_destroy_response(answer.response);
	release(s);
	return SUAN_EUNREACHABLE;
}

/* Drops what has been sent, when that is most of the buffer. */
static void compact(struct suan_http_stream *s)
{
	size_t left = s->out.len - s->sent;

	if (s->sent < BLOCK_BYTES || s->sent < left)
		return;
	memmove(s->out.data, s->out.data + s->sent, left);
	suan_buf_cut(&s->out, left);
	s->sent = 0;
}

/* With the lock held. True: the caller is to hand s->wake over after unlocking. */
static bool must_wake(struct suan_http_stream *s)
{
	if (!s->parked || s->waking)
		return false;
	s->waking = true;
	s->refs++;
	return true;
}

enum suan_code suan_http_stream_send(struct suan_http_stream *s, const void *bytes, size_t n)
{
	enum suan_code rc = SUAN_OK;
	bool wake = false;

	assert(n <= SUAN_HTTP_PIECE);
	pthread_mutex_lock(&s->lock);
	compact(s);
	if (s->over || s->closed)
		rc = SUAN_EUNREACHABLE;
	else if (s->out.len - s->sent > BACKLOG_BYTES - n)
		rc = SUAN_EBUSY;
	else if (!suan_buf_add(&s->out, bytes, n))
		rc = suan_buf_ok(&s->out, NULL);
	s->refused = s->refused || rc == SUAN_EBUSY;
	if (rc == SUAN_OK && n > 0)
		wake = must_wake(s);
	pthread_mutex_unlock(&s->lock);
	if (wake)
		suan_http_loop_wake(s->loop, &s->wake);
	return rc;
}

static void end(struct suan_http_stream *s, bool partial)
{
	struct suan_http_loop *l = s->loop;
	bool wake;

	pthread_mutex_lock(&s->lock);
	s->closed = true;
	s->partial = partial;
	while (s->telling && !pthread_equal(s->teller, pthread_self()))
		pthread_cond_wait(&s->told, &s->lock);
	wake = must_wake(s);
	pthread_mutex_unlock(&s->lock);
	if (wake)
		suan_http_loop_wake(l, &s->wake);
	release(s);
}

void suan_http_stream_close(struct suan_http_stream *s)
{
	if (s)
		end(s, false);
}

void suan_http_stream_break(struct suan_http_stream *s)
{
	if (s)
		end(s, true);
}
