/* An HTTP/1.1 server that knows nothing of jobs (libmicrohttpd inside). Requests arrive complete,
 * on a server thread; the answer may be given later from any thread, exactly once. */
#ifndef SUAN_HTTP_SERVER_H
#define SUAN_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct suan_http_server;
struct suan_http_request; /* one exchange; valid until it is answered */
struct suan_http_stream;  /* an answer that goes on: server-sent events, logs */

struct suan_http_config {
	/* 0 in a number below means a sensible default. */
	const char *listen; /* "127.0.0.1:7070", "[::1]:0", ":7070"; port 0 = any free one */
	const char *cert_file, *key_file;  /* TLS ≥ 1.2 when both are set */
	uint64_t max_body_bytes;	   /* larger requests are answered 413 without reading on */
	uint64_t max_bodies_bytes;	   /* of all bodies at once; above it: 503 */
	uint32_t max_connections, threads; /* each thread has an epoll loop; 1 is fine */
	uint32_t idle_timeout_s;	   /* not while a request waits for its answer */
	/* NULL, or called on a server thread when the head of a request is there and a body is to
	 * come. May call suan_http_reply before it returns: then the body is not read. May call
	 * suan_http_limit. Otherwise the request comes to handle once it is complete. */
	void (*begin)(void *ctx, struct suan_http_request *req);
	/* Called on a server thread for each complete request. Must lead to exactly one
	 * suan_http_reply or suan_http_stream_open. */
	void (*handle)(void *ctx, struct suan_http_request *req);
	/* NULL, or called on a server thread after every round of handle() calls: the place to wake
	 * the thread that answers, once for all of them. With several threads, calls overlap. */
	void (*handled)(void *ctx);
	void *ctx;
};

/* EBUSY: the port is in use (text names it). */
SUAN_MUSTUSE enum suan_code suan_http_server_start(struct suan_http_server **ret,
						   const struct suan_http_config *config,
						   struct suan_err *err);
/* Stops accepting, ends streams (calls their gone), waits until open requests are answered, at most
 * three seconds; connections still unanswered then are cut. Such a request may be read and must be
 * answered even later; the answer is thrown away. Streams may be closed later, too. */
void suan_http_server_stop(struct suan_http_server *s);
uint16_t suan_http_server_port(const struct suan_http_server *s);

/* Borrowed until the answer. Method in capitals, GET for HEAD too (the body is left out later);
 * path is percent-decoded, without query. */
const char *suan_http_method(const struct suan_http_request *req);
const char *suan_http_path(const struct suan_http_request *req);
/* The first of that name, decoded; NULL: absent; "" when it has no value. */
const char *suan_http_query(const struct suan_http_request *req, const char *name);
/* Calls fn for every query parameter in order. */
void suan_http_queries(const struct suan_http_request *req,
		       void (*fn)(void *ctx, const char *name, const char *value), void *ctx);
const char *suan_http_header(const struct suan_http_request *req, const char *name);
const char *suan_http_body(const struct suan_http_request *req, size_t *ret_n); /* NUL-terminated */
const char *suan_http_peer(const struct suan_http_request *req);		/* "127.0.0.1" */
/* Only inside begin: the body may have so many bytes, which can only lower the limit. */
void suan_http_limit(struct suan_http_request *req, uint64_t bytes);
/* One pointer of the application, carried along. */
void suan_http_set_user(struct suan_http_request *req, void *user);
void *suan_http_user(const struct suan_http_request *req);

struct suan_http_reply {
	int status;
	const char *type;    /* content type; NULL: no body */
	const char *headers; /* further headers, "Name: value\n…", or NULL; copied */
	char *body;	     /* taken over; freed with free(); NULL when n = 0 */
	size_t n;
};
void suan_http_reply(struct suan_http_request *req, const struct suan_http_reply *reply);

struct suan_http_stream_events { /* called on a server thread */
	/* The client has gone (noticed at once, also while nothing is sent) or the server stops:
	 * exactly once, unless the application closes before, which it has to in any case. */
	void (*gone)(void *ctx);
	/* NULL, or: bytes were refused for lack of room, and now there is room again. */
	void (*room)(void *ctx);
	void *ctx;
};

#define SUAN_HTTP_PIECE (256u << 10)

/* Answers 200 with a body of unknown length; the request is over, the stream lives until the
 * application calls suan_http_stream_close or _break. *ret is set before any event can be told. On
 * failure the request is still to be answered. A reader may be as slow as it likes: no idle time
 * counts. */
SUAN_MUSTUSE enum suan_code suan_http_stream_open(struct suan_http_request *req, const char *type,
						  const struct suan_http_stream_events *events,
						  struct suan_http_stream **ret);
/* Queues bytes (copied), at most SUAN_HTTP_PIECE at once. EBUSY: the reader is 1 MiB behind,
 * nothing was queued; room will be told. EUNREACHABLE: the client has gone. */
SUAN_MUSTUSE enum suan_code suan_http_stream_send(struct suan_http_stream *s, const void *bytes,
						  size_t n);
/* What is queued still goes out. Afterwards no event is or will be told: a call under way on
 * another thread is waited for, so hold no lock that it takes. May be called inside of one. */
void suan_http_stream_close(struct suan_http_stream *s);
/* As close, but then the connection ends in a way that tells the client that something is missing.
 */
void suan_http_stream_break(struct suan_http_stream *s);

#endif
