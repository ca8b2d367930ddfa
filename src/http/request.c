#include "http/request.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/num.h"
#include "http/linger.h"
#include "http/reply.h"
#include "http/stream.h"
#include "http/visit.h"

#define TEXT_BYTES	 1024	    /* enough for most requests */
#define BODY_FIRST_BYTES (1u << 20) /* reserved at once on the client's word */
/* A body of unknown length that has passed the limit is read on this far, for the client to see
 * the answer (MHD cannot answer in mid-body); then the connection is cut. */
#define DROP_MOST_BYTES (256u << 20)

/* ---- life ---- */

static void free_body(struct suan_http_request *r)
{
	atomic_fetch_sub_explicit(&r->loop->bodies_bytes, r->held_bytes, memory_order_relaxed);
	r->held_bytes = 0;
	suan_buf_done(&r->body);
}

static void drop(struct suan_http_request *r)
{
	if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (r->answer.response)
		MHD_destroy_response(r->answer.response);
	free(r->answer.body);
	suan_buf_done(&r->text);
	free_body(r);
	suan_http_loop_drop(r->loop);
	free(r);
}

static void resume(struct suan_http_wake *w)
{
	struct suan_http_request *r = (struct suan_http_request *)w;

	MHD_resume_connection(r->conn);
}

static struct suan_http_request *new_request(struct suan_http_loop *l, struct MHD_Connection *conn)
{
	struct suan_http_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	suan_buf_init(&r->text, 0);
	suan_buf_init(&r->body, l->config.max_body_bytes);
	atomic_init(&r->refs, 1);
	atomic_init(&r->phase, SUAN_HTTP_OPEN);
	r->wake.run = resume;
	r->conn = conn;
	r->linger_fd = -1;
	r->loop = l;
	suan_http_loop_ref(l);
	r->next = l->requests;
	if (r->next)
		r->next->prev = r;
	l->requests = r;
	return r;
}

/* NULL: not answered, or not by a stream. */
static struct suan_http_stream *stream_of(struct suan_http_request *r)
{
	if (atomic_load_explicit(&r->phase, memory_order_acquire) != SUAN_HTTP_ANSWERED)
		return NULL;
	return r->answer.stream;
}

void suan_http_request_completed(struct suan_http_request *r)
{
	struct suan_http_loop *l;

	if (!r)
		return;
	l = r->loop;
	if (r->prev)
		r->prev->next = r->next;
	else
		l->requests = r->next;
	if (r->next)
		r->next->prev = r->prev;
	if (stream_of(r))
		suan_http_stream_finish(stream_of(r));
	if (r->linger_fd >= 0)
		suan_http_linger_add(l, r->linger_fd);
	suan_http_visit_turn(r->conn, SUAN_HTTP_HEAD, 0);
	r->conn = NULL;
	drop(r);
}

/* ---- reading ---- */

static void add_text(struct suan_buf *b, const char *s)
{
	if (!s)
		s = "";
	suan_buf_add(b, s, strlen(s) + 1);
}

static enum MHD_Result add_pair(void *cls, enum MHD_ValueKind kind, const char *name,
				const char *value)
{
	(void)kind;
	add_text(cls, name);
	add_text(cls, value);
	return MHD_YES;
}

static void add_peer(struct suan_buf *b, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info ? info->client_addr : NULL;
	char text[INET6_ADDRSTRLEN] = "";

	if (sa && sa->sa_family == AF_INET6) {
		const struct in6_addr *a =
			&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(a))
			inet_ntop(AF_INET, &a->s6_addr[12], text, sizeof(text));
		else
			inet_ntop(AF_INET6, a, text, sizeof(text));
	} else if (sa && sa->sa_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, text,
			  sizeof(text));
	}
	add_text(b, text);
}

static bool copy_head(struct suan_http_request *r, const char *url, const char *method)
{
	struct suan_buf *b = &r->text;

	if (suan_buf_reserve(b, TEXT_BYTES) != SUAN_OK)
		return false;
	add_text(b, strcmp(method, "HEAD") == 0 ? "GET" : method); /* MHD leaves the body out */
	r->path_at = b->len;
	add_text(b, url);
	r->peer_at = b->len;
	add_peer(b, r->conn);
	r->queries_at = b->len;
	MHD_get_connection_values(r->conn, MHD_GET_ARGUMENT_KIND, add_pair, b);
	r->headers_at = b->len;
	MHD_get_connection_values(r->conn, MHD_HEADER_KIND, add_pair, b);
	return suan_buf_ok(b, NULL) == SUAN_OK;
}

/* Bodies of many requests at once must not fill the memory. */
static bool hold(struct suan_http_request *r, size_t n)
{
	uint64_t before =
		atomic_fetch_add_explicit(&r->loop->bodies_bytes, n, memory_order_relaxed);

	r->held_bytes += n;
	return before + n <= r->loop->config.max_bodies_bytes;
}

static void take_body(struct suan_http_request *r, const char *bytes, size_t n)
{
	suan_http_visit_bytes(r->conn, n);
	if (r->stage == SUAN_HTTP_READING && (!hold(r, n) || !suan_buf_add(&r->body, bytes, n))) {
		r->body_fault = suan_buf_ok(&r->body, NULL);
		r->stage = SUAN_HTTP_DROPPING;
		free_body(r);
	}
	if (r->stage == SUAN_HTTP_DROPPING)
		r->dropped_bytes += n;
}

/* MHD reads until a short read and waits for the next edge of epoll, which never comes when the end
 * had arrived together with the last bytes: a client gone in mid-body would be noticed only by the
 * idle timeout. With TLS, bytes may still be in its buffers, so there it stays so. */
static bool ended_early(const struct suan_http_request *r)
{
	const union MHD_ConnectionInfo *info;
	char c;

	if (r->body.len >= r->length || r->stage != SUAN_HTTP_READING || r->loop->config.cert_file)
		return false;
	info = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	return info && recv(info->connect_fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* ---- answering on the loop's thread ---- */

static enum MHD_Result refuse(struct suan_http_request *r, int status, const char *detail)
{
	struct MHD_Response *response = suan_http_problem(status, detail);
	enum MHD_Result good;

	if (!response)
		return MHD_NO;
	suan_http_visit_turn(r->conn, SUAN_HTTP_READER, 0);
	good = MHD_queue_response(r->conn, (unsigned)status, response);
	MHD_destroy_response(response);
	return good;
}

/* Keeps the socket open after MHD has closed it, while the client is still sending. */
static void linger(struct suan_http_request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info && r->linger_fd < 0)
		r->linger_fd = fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0);
}

static enum MHD_Result refuse_size(struct suan_http_request *r)
{
	char most[32], text[128];

	suan_format_size(r->body.limit, most);
	(void)snprintf(text, sizeof(text), "the request's body is larger than the limit of %s",
		       most);
	return refuse(r, 413, text);
}

/* What others on the way may understand otherwise than MHD does: what we take for a body could be a
 * second request to them, or the other way round. NULL: nothing. */
static const char *ambiguous(const struct suan_http_request *r)
{
	const char *p = r->text.data + r->headers_at, *end = r->text.data + r->text.len;
	unsigned lengths = 0, hosts = 0;

	while (p < end) {
		const char *value = p + strlen(p) + 1;
		bool coded = strcasecmp(p, "Transfer-Encoding") == 0;

		if (strpbrk(p, " \t"))
			return "a header's name contains a blank";
		if (coded && strcasecmp(value, "chunked") != 0)
			return "no Transfer-Encoding is known but chunked";
		lengths += coded || strcasecmp(p, "Content-Length") == 0;
		hosts += strcasecmp(p, "Host") == 0;
		p = value + strlen(value) + 1;
	}
	if (hosts > 1)
		return "there is more than one Host";
	return lengths > 1 ? "the length of the body is given more than once" : NULL;
}

/* Asks the application before the body is read. True: it has answered. */
static bool answered_early(struct suan_http_request *r)
{
	const struct suan_http_config *config = &r->loop->config;

	if (!config->begin)
		return false;
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed); /* the application's */
	config->begin(config->ctx, r);
	if (atomic_load_explicit(&r->phase, memory_order_acquire) == SUAN_HTTP_ANSWERED)
		return true;
	drop(r);
	return false;
}

static enum MHD_Result send_answer(struct suan_http_request *r)
{
	struct suan_http_answer *a = &r->answer;

	if (atomic_load_explicit(&r->phase, memory_order_acquire) != SUAN_HTTP_ANSWERED)
		return MHD_NO; /* closes the connection */
	free_body(r);
	if (!a->response)
		a->response = suan_http_build(a, r->text.data);
	if (!a->response)
		return MHD_NO;
	if (a->stream)
		suan_http_stream_bind(a->stream, r->conn);
	else if (r->loop->stopping || r->stage == SUAN_HTTP_READING)
		(void)MHD_add_response_header(a->response, "Connection", "close");
	suan_http_visit_turn(r->conn, a->stream ? SUAN_HTTP_OURS : SUAN_HTTP_READER, a->n);
	return MHD_queue_response(r->conn, a->status, a->response);
}

/* The head is there, and a body will come. */
static enum MHD_Result expect_body(struct suan_http_request *r, uint64_t length)
{
	size_t first;

	r->length = length;
	suan_http_visit_turn(r->conn, SUAN_HTTP_BODY, 0);
	if (answered_early(r)) {
		linger(r);
		return send_answer(r);
	}
	if (r->length > r->body.limit) {
		linger(r);
		return refuse_size(r);
	}
	first = r->length < BODY_FIRST_BYTES ? (size_t)r->length : BODY_FIRST_BYTES;
	if (first > 0 && suan_buf_reserve(&r->body, first) != SUAN_OK)
		suan_buf_reset(&r->body); /* the failure shows when the bytes come */
	return MHD_YES;
}

static enum MHD_Result begin(struct suan_http_loop *l, struct suan_http_request **slot,
			     const struct suan_http_news *news)
{
	struct suan_http_request *r = new_request(l, news->conn);
	uint64_t length = 0;
	const char *text;

	if (!r)
		return MHD_NO;
	*slot = r;
	if (l->stopping) {
		linger(r);
		return refuse(r, 503, "the server is stopping");
	}
	if (!copy_head(r, news->url, news->method)) {
		linger(r);
		return refuse(r, 503, "the server is out of memory");
	}
	text = ambiguous(r);
	if (text) {
		linger(r);
		return refuse(r, 400, text);
	}
	text = suan_http_header(r, "Content-Length");
	if (text && suan_parse_u64(text, &length, NULL) != SUAN_OK)
		return refuse(r, 400, "Content-Length is no whole number");
	if (length > 0 || suan_http_header(r, "Transfer-Encoding"))
		return expect_body(r, length);
	return MHD_YES;
}

/* True: suspended until the answer comes. False: it has come already. */
static bool dispatch(struct suan_http_request *r)
{
	unsigned open = SUAN_HTTP_OPEN;

	r->stage = SUAN_HTTP_DISPATCHED;
	suan_http_visit_turn(r->conn, SUAN_HTTP_OURS, 0);
	r->loop->dispatched = true;
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed); /* the application's */
	r->loop->config.handle(r->loop->config.ctx, r);
	if (!atomic_compare_exchange_strong_explicit(&r->phase, &open, SUAN_HTTP_PARKED,
						     memory_order_acq_rel, memory_order_acquire))
		return false;
	/* An answer from now on wakes this very thread, so it cannot overtake the next line. */
	MHD_suspend_connection(r->conn);
	return true;
}

enum MHD_Result suan_http_request_access(struct suan_http_loop *l, struct suan_http_request **slot,
					 const struct suan_http_news *news)
{
	struct suan_http_request *r = *slot;

	if (!r)
		return begin(l, slot, news);
	if (news->n > 0) {
		take_body(r, news->upload, news->n);
		if (ended_early(r))
			return MHD_NO;
		if (r->dropped_bytes <= DROP_MOST_BYTES)
			return MHD_YES;
		linger(r);
		return MHD_NO;
	}
	if (r->stage == SUAN_HTTP_DROPPING) {
		if (r->body_fault == SUAN_ETOOBIG)
			return refuse_size(r);
		return refuse(r, 503, "too many large requests at once");
	}
	if (r->stage == SUAN_HTTP_READING && dispatch(r))
		return MHD_YES;
	return send_answer(r);
}

/* ---- stopping ---- */

void suan_http_requests_end(struct suan_http_loop *l)
{
	for (struct suan_http_request *r = l->requests; r; r = r->next)
		if (stream_of(r))
			suan_http_stream_end(stream_of(r));
}

bool suan_http_requests_cut(struct suan_http_loop *l)
{
	bool some = false;

	for (struct suan_http_request *r = l->requests; r; r = r->next) {
		unsigned parked = SUAN_HTTP_PARKED;

		if (atomic_compare_exchange_strong_explicit(&r->phase, &parked, SUAN_HTTP_CUT,
							    memory_order_acq_rel,
							    memory_order_acquire))
			MHD_resume_connection(r->conn);
		else if (stream_of(r))
			suan_http_stream_cut(stream_of(r));
	}
	for (struct suan_http_request *r = l->requests; r && !some; r = r->next) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);

		some = info && info->suspended == MHD_YES;
	}
	return some;
}

/* ---- the application's side ---- */

bool suan_http_request_answer(struct suan_http_request *r, const struct suan_http_answer *answer)
{
	unsigned phase = atomic_load_explicit(&r->phase, memory_order_acquire);

	assert(phase != SUAN_HTTP_ANSWERED); /* answered twice */
	r->answer = *answer;
	while (phase != SUAN_HTTP_CUT) {
		if (!atomic_compare_exchange_weak_explicit(&r->phase, &phase, SUAN_HTTP_ANSWERED,
							   memory_order_acq_rel,
							   memory_order_acquire))
			continue;
		if (phase == SUAN_HTTP_PARKED)
			suan_http_loop_wake(r->loop, &r->wake);
		drop(r);
		return true;
	}
	r->answer = (struct suan_http_answer){0};
	return false;
}

void suan_http_request_abandon(struct suan_http_request *r)
{
	drop(r);
}

static const char *find(const struct suan_buf *b, size_t from, size_t to, const char *name,
			int (*compare)(const char *, const char *))
{
	const char *p = b->data + from, *end = b->data + to;

	while (p < end) {
		const char *value = p + strlen(p) + 1;

		if (compare(p, name) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}

const char *suan_http_method(const struct suan_http_request *req)
{
	return req->text.data;
}

const char *suan_http_path(const struct suan_http_request *req)
{
	return req->text.data + req->path_at;
}

const char *suan_http_peer(const struct suan_http_request *req)
{
	return req->text.data + req->peer_at;
}

const char *suan_http_query(const struct suan_http_request *req, const char *name)
{
	return find(&req->text, req->queries_at, req->headers_at, name, strcmp);
}

const char *suan_http_header(const struct suan_http_request *req, const char *name)
{
	return find(&req->text, req->headers_at, req->text.len, name, strcasecmp);
}

void suan_http_queries(const struct suan_http_request *req,
		       void (*fn)(void *ctx, const char *name, const char *value), void *ctx)
{
	const char *p = req->text.data + req->queries_at;
	const char *end = req->text.data + req->headers_at;

	while (p < end) {
		const char *value = p + strlen(p) + 1;

		fn(ctx, p, value);
		p = value + strlen(value) + 1;
	}
}

const char *suan_http_body(const struct suan_http_request *req, size_t *ret_n)
{
	if (ret_n)
		*ret_n = req->body.len;
	return suan_buf_str(&req->body);
}

void suan_http_limit(struct suan_http_request *req, uint64_t bytes)
{
	if (bytes < req->body.limit)
		req->body.limit = (size_t)bytes;
}

void suan_http_set_user(struct suan_http_request *req, void *user)
{
	req->user = user;
}

void *suan_http_user(const struct suan_http_request *req)
{
	return req->user;
}
