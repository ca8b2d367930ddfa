/* An HTTP client (libcurl inside): one connection kept alive, blocking calls. */
#ifndef SUAN_HTTP_CLIENT_H
#define SUAN_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct suan_http_client;

struct suan_http_call {
	const char *method;	/* "GET" … */
	const char *path;	/* with query, appended to the base URL */
	const char *type;	/* content type of the body, or NULL */
	const void *body;
	size_t n;
	const char *const *headers;	/* "Name: value", NULL-terminated, or NULL */
	int64_t timeout_ms;	/* 0 = none */
	/* When set, bytes of a 2xx answer go here as they come; false ends the call quietly. */
	bool (*sink)(void *ctx, const char *bytes, size_t n);
	void *ctx;
};

/* base_url "http://127.0.0.1:7070"; token may be "". ca_file may be NULL. */
SUAN_MUSTUSE enum suan_code suan_http_client_new(struct suan_http_client **ret,
						 const char *base_url, const char *token,
						 const char *ca_file, struct suan_err *err);
void suan_http_client_free(struct suan_http_client *c);
/* EUNREACHABLE: no answer (text names server and reason). Otherwise *ret_status and the body are
 * set, whatever the status. */
SUAN_MUSTUSE enum suan_code suan_http_client_do(struct suan_http_client *c,
						const struct suan_http_call *call, int *ret_status,
						struct suan_buf *ret_body, struct suan_err *err);
/* Header of the last answer, or NULL; borrowed until the next call. */
const char *suan_http_client_header(const struct suan_http_client *c, const char *name);

#endif
