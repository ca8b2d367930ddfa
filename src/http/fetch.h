/* Large bodies over HTTP: GET from any byte on, PUT from a source, as a stream that can be broken
 * off. Blocking; for threads. Follows redirects, answers of 300 and above are errors:
 *	ENOTFOUND 404, 410 · EDENIED 401, 403, 407 · EBUSY 408, 425, 429, 503 · EFULL 507 ·
 *	EUNREACHABLE other 5xx, and no or only a part of an answer · ECONFLICT 412, 416 ·
 *	EREFUSED the rest, and whatever a callback or cancel ended. */
#ifndef SUAN_HTTP_FETCH_H
#define SUAN_HTTP_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct suan_http_fetcher; /* keeps its connection; one thread at a time */

SUAN_MUSTUSE enum suan_code suan_http_fetcher_new(struct suan_http_fetcher **ret,
						  const char *ca_file, struct suan_err *err);
void suan_http_fetcher_free(struct suan_http_fetcher *f);

struct suan_http_answer {
	int status;	      /* 0 = none came */
	uint64_t from, total; /* of the body in the whole; UINT64_MAX = not known */
	/* What If-Range may hold: a strong ETag, or the date of a last change that was well before
	 * the answer (RFC 9110, 8.8); "" = neither, or too long. */
	char version[200];
	int64_t retry_after_s; /* 0 = not said */
};

struct suan_http_get {
	const char *url, *token; /* token: "" or NULL = none */
	uint64_t from;		 /* first byte wanted */
	const char *if_range;	 /* the rest only if it is still this version; "" = no condition */
	size_t piece_bytes;	 /* at most so many at once; 0 = whatever is good */
	int64_t stall_ms;	 /* EUNREACHABLE when nothing comes for so long */
	const atomic_bool *cancel;
	/* Once, before any byte of a 2xx answer; false ends the call. */
	bool (*head)(void *ctx, const struct suan_http_answer *a);
	bool (*body)(void *ctx, const void *bytes, size_t n); /* false ends the call */
	void *ctx;
};

SUAN_MUSTUSE enum suan_code suan_http_fetch(struct suan_http_fetcher *f,
					    const struct suan_http_get *g,
					    struct suan_http_answer *ret, struct suan_err *err);

struct suan_http_put {
	const char *url, *token;
	uint64_t total; /* bytes of the body */
	size_t piece_bytes;
	int64_t stall_ms;
	const atomic_bool *cancel;
	/* The next bytes of the body, at most n; *ret_n = 0 is an error. False ends the call. */
	bool (*read)(void *ctx, void *bytes, size_t n, size_t *ret_n);
	void *ctx;
};

SUAN_MUSTUSE enum suan_code suan_http_send(struct suan_http_fetcher *f,
					   const struct suan_http_put *p,
					   struct suan_http_answer *ret, struct suan_err *err);
/* An address for messages: without user, password and query. */
void suan_http_shown(const char *url, char *out, size_t n);

#endif
