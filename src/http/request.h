/* One exchange. Its texts are copied out of libmicrohttpd's connection, so it can be read and
 * answered from any thread, however the client or the server ends meanwhile. */
#ifndef SUAN_HTTP_REQUEST_H
#define SUAN_HTTP_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <microhttpd.h>

#include "base/buf.h"
#include "http/loop.h"
#include "http/server.h"

/* The answering thread and the loop's thread agree by one atomic change of state:
 *   OPEN     the application has it; the loop is still inside handle()
 *   PARKED   handle() has returned, the connection is suspended; the answer must wake the loop
 *   ANSWERED response is set (first answer wins the change from OPEN or PARKED)
 *   CUT      the server stops and cannot wait; the answer will be thrown away */
enum suan_http_phase {
	SUAN_HTTP_OPEN,
	SUAN_HTTP_PARKED,
	SUAN_HTTP_ANSWERED,
	SUAN_HTTP_CUT,
};

struct suan_http_answer {
	unsigned status;
	/* Either a response made beforehand (owned) with its stream (owned by the response), … */
	struct MHD_Response *response;
	struct suan_http_stream *stream;
	/* … or what the loop's thread makes one of. */
	char *body; /* owned: malloc */
	size_t n;
	size_t type_at, headers_at; /* in the request's text; 0: none */
};

struct suan_http_request {
	struct suan_http_wake wake;  /* first: the wake is the request */
	struct suan_http_loop *loop; /* holds a reference */
	atomic_uint refs;	     /* MHD's exchange and the application */
	atomic_uint phase;	     /* enum suan_http_phase */
	struct suan_buf text;	     /* NUL-terminated strings, one after the other */
	size_t path_at, peer_at, queries_at, headers_at;
	struct suan_buf body;
	uint64_t held_bytes; /* of body, as counted in the loop */
	void *user;
	struct suan_http_answer answer; /* set before the change to ANSWERED */
	/* The rest belongs to the loop's thread. */
	struct MHD_Connection *conn;
	struct suan_http_request *prev, *next; /* of the loop, until completed */
	int linger_fd;
	enum {
		SUAN_HTTP_READING,
		SUAN_HTTP_DROPPING,
		SUAN_HTTP_DISPATCHED
	} stage;
	enum suan_code body_fault; /* why the body is being dropped */
	uint64_t length;	   /* of the body as announced; 0: none or not said */
	uint64_t dropped_bytes;
};

/* What MHD tells of a request: at first the head, then pieces of the body, then its end (n = 0). */
struct suan_http_news {
	struct MHD_Connection *conn;
	const char *url, *method;
	const char *upload;
	size_t n;
};

/* *slot is MHD's place for the request, NULL at first. */
enum MHD_Result suan_http_request_access(struct suan_http_loop *l, struct suan_http_request **slot,
					 const struct suan_http_news *news);
/* MHD is done with it, for whatever reason. NULL is fine. */
void suan_http_request_completed(struct suan_http_request *r);

/* The server stops: streams end, answers that are still to come close their connections. */
void suan_http_requests_end(struct suan_http_loop *l);
/* Resumes what is still suspended, without answer. False: nothing is suspended any more. */
bool suan_http_requests_cut(struct suan_http_loop *l);

/* Takes over what the answer owns; the request is no longer the application's. False, and nothing
 * is taken over: the server has stopped. */
bool suan_http_request_answer(struct suan_http_request *r, const struct suan_http_answer *answer);
/* Gives up the application's share of a request that was cut. */
void suan_http_request_abandon(struct suan_http_request *r);

#endif
