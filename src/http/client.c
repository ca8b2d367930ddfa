#include "http/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "http/curl_setup.h"

#define CONNECT_MS    5000L
#define HEADERS_BYTES (256u << 10)

struct suan_http_client {
	CURL *curl;
	char *base_url; /* without slash at the end */
	char *ca_file;
	struct curl_slist *standing; /* headers of every call */
	struct suan_buf headers;     /* of the last answer: "name\0value\0…" */
	bool loopback;
	char why[CURL_ERROR_SIZE];
};

/* One call. */
struct exchange {
	struct suan_http_client *client;
	const struct suan_http_call *call;
	struct suan_buf *body;
	bool ended; /* the sink had enough */
};

/* ---- life ---- */

static bool add_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *more = curl_slist_append(*list, header);

	if (more)
		*list = more;
	return more != NULL;
}

static bool add_token(struct suan_http_client *c, const char *token)
{
	char *header;
	bool good;

	if (!token || !token[0])
		return true;
	if (asprintf(&header, "Authorization: Bearer %s", token) < 0)
		return false;
	good = add_header(&c->standing, header);
	free(header);
	return good;
}

enum suan_code suan_http_client_new(struct suan_http_client **ret, const char *base_url,
				    const char *token, const char *ca_file, struct suan_err *err)
{
	struct suan_http_client *c;
	size_t n = strlen(base_url);

	if (strncmp(base_url, "http://", 7) != 0 && strncmp(base_url, "https://", 8) != 0)
		return suan_fail(err, SUAN_EINVAL,
				 "server \"%s\" is no address; right would be "
				 "\"http://127.0.0.1:7070\" or \"https://…\"",
				 base_url);
	if (token && strpbrk(token, "\r\n"))
		return suan_fail(err, SUAN_EINVAL, "the token contains a line break");
	suan_http_curl_init();
	c = calloc(1, sizeof(*c));
	if (!c)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	while (n > 0 && base_url[n - 1] == '/')
		n--;
	suan_buf_init(&c->headers, HEADERS_BYTES);
	c->curl = curl_easy_init();
	c->base_url = strndup(base_url, n);
	c->ca_file = ca_file ? strdup(ca_file) : NULL;
	c->loopback = suan_http_curl_loopback(base_url);
	/* No waiting for "100 Continue": our server answers 413 in mid-body, too. */
	if (!c->curl || !c->base_url || (ca_file && !c->ca_file) || !add_token(c, token) ||
	    !add_header(&c->standing, "Expect:")) {
		suan_http_client_free(c);
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	*ret = c;
	return SUAN_OK;
}

void suan_http_client_free(struct suan_http_client *c)
{
	if (!c)
		return;
	if (c->curl)
		curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->standing);
	free(c->base_url);
	free(c->ca_file);
	suan_buf_done(&c->headers);
	free(c);
}

/* ---- what comes back ---- */

static size_t take_header(char *line, size_t size, size_t n, void *ctx)
{
	struct suan_http_client *c = ctx;
	const char *colon = memchr(line, ':', n), *end = line + n;

	n *= size;
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		suan_buf_reset(&c->headers); /* a new answer begins, the last one counts */
		return n;
	}
	if (!colon)
		return n;
	suan_buf_add(&c->headers, line, (size_t)(colon - line));
	suan_buf_addc(&c->headers, '\0');
	for (colon++; colon < end && (*colon == ' ' || *colon == '\t'); colon++)
		;
	while (end > colon && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	suan_buf_add(&c->headers, colon, (size_t)(end - colon));
	suan_buf_addc(&c->headers, '\0');
	return suan_buf_ok(&c->headers, NULL) == SUAN_OK ? n : 0;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	long status = 0;

	n *= size;
	(void)curl_easy_getinfo(x->client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (x->call->sink && status >= 200 && status < 300) {
		if (x->call->sink(x->call->ctx, bytes, n))
			return n;
		x->ended = true;
		return n == 0 ? 1 : 0; /* anything but n ends the call */
	}
	return suan_buf_add(x->body, bytes, n) ? n : 0;
}

const char *suan_http_client_header(const struct suan_http_client *c, const char *name)
{
	const char *p = suan_buf_str(&c->headers), *end = p + c->headers.len;

	while (p < end) {
		const char *value = p + strlen(p) + 1;

		if (strcasecmp(p, name) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}

/* ---- errors ---- */

/* "Connection refused" → "connection refused". */
static void reason_of(int code, char *out, size_t n)
{
	(void)snprintf(out, n, "%s", strerror(code));
	if (out[0] >= 'A' && out[0] <= 'Z' && out[1] >= 'a' && out[1] <= 'z')
		out[0] = (char)(out[0] | 0x20);
}

static enum suan_code explain_connect(struct suan_http_client *c, struct suan_err *err)
{
	char reason[128];
	long os = 0;

	(void)curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &os);
	if (os == 0)
		return suan_fail(err, SUAN_EUNREACHABLE, "cannot reach %s: %s", c->base_url,
				 c->why[0] ? c->why : "no connection");
	reason_of((int)os, reason, sizeof(reason));
	return suan_fail(err, SUAN_EUNREACHABLE, "cannot reach %s: %s%s", c->base_url, reason,
			 os == ECONNREFUSED ? "; is `suan serve` running?" : "");
}

static enum suan_code explain_timeout(struct suan_http_client *c, const struct suan_http_call *call,
				      struct suan_err *err)
{
	double connected = 0;

	(void)curl_easy_getinfo(c->curl, CURLINFO_CONNECT_TIME, &connected);
	if (connected <= 0)
		return suan_fail(err, SUAN_EUNREACHABLE,
				 "cannot reach %s: no connection within %d s", c->base_url,
				 (int)(CONNECT_MS / 1000));
	return suan_fail(err, SUAN_EUNREACHABLE, "%s did not answer %s %s within %lld ms",
			 c->base_url, call->method, call->path, (long long)call->timeout_ms);
}

static enum suan_code explain(struct suan_http_client *c, const struct exchange *x, CURLcode code,
			      struct suan_err *err)
{
	const char *why = c->why[0] ? c->why : curl_easy_strerror(code);

	switch ((int)code) {
	case CURLE_OUT_OF_MEMORY:
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	case CURLE_URL_MALFORMAT:
		return suan_fail(err, SUAN_EINVAL, "\"%s%s\" is no address", c->base_url,
				 x->call->path);
	case CURLE_COULDNT_CONNECT:
		return explain_connect(c, err);
	case CURLE_COULDNT_RESOLVE_HOST:
		return suan_fail(err, SUAN_EUNREACHABLE, "cannot reach %s: there is no such host",
				 c->base_url);
	case CURLE_OPERATION_TIMEDOUT:
		return explain_timeout(c, x->call, err);
	case CURLE_WRITE_ERROR:
		if (suan_buf_ok(x->body, NULL) == SUAN_ETOOBIG)
			return suan_fail(err, SUAN_ETOOBIG,
					 "the answer of %s to %s %s is larger than %zu bytes",
					 c->base_url, x->call->method, x->call->path,
					 x->body->limit);
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	case CURLE_PEER_FAILED_VERIFICATION:
		return suan_fail(err, SUAN_EUNREACHABLE,
				 "the certificate of %s is not trusted: %s%s", c->base_url, why,
				 c->ca_file ? "" : "; name its CA's file if it has its own");
	case CURLE_SSL_CACERT_BADFILE:
		return suan_fail(err, SUAN_EINVAL, "cannot use the CA file %s: %s",
				 c->ca_file ? c->ca_file : "", why);
	default:
		return suan_fail(err, SUAN_EUNREACHABLE, "cannot reach %s: %s", c->base_url, why);
	}
}

/* ---- the call ---- */

static bool set_headers(const struct suan_http_client *c, const struct suan_http_call *call,
			struct curl_slist **list)
{
	char type[256];
	bool good = true;

	for (struct curl_slist *h = c->standing; h && good; h = h->next)
		good = add_header(list, h->data);
	if (call->body || call->n) {
		(void)snprintf(type, sizeof(type), "Content-Type: %s",
			       call->type ? call->type : "application/octet-stream");
		good = good && add_header(list, type);
	}
	for (const char *const *h = call->headers; h && *h && good; h++)
		good = add_header(list, *h);
	return good;
}

static void set_method(CURL *curl, const struct suan_http_call *call)
{
	bool with_body = call->body || call->n || strcmp(call->method, "POST") == 0;

	if (strcmp(call->method, "HEAD") == 0) {
		(void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
		return;
	}
	if (with_body) {
		(void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body ? call->body : "");
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->n);
	}
	if (strcmp(call->method, with_body ? "POST" : "GET") != 0)
		(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

/* curl_easy_reset keeps the connection. */
static void set_options(struct suan_http_client *c, struct exchange *x, const char *url)
{
	curl_easy_reset(c->curl);
	c->why[0] = '\0';
	(void)curl_easy_setopt(c->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->why);
	(void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(c->curl, CURLOPT_TCP_NODELAY, 1L);
	(void)curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, x);
	(void)curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "suan/" SUAN_VERSION);
	if (x->call->timeout_ms > 0)
		(void)curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)x->call->timeout_ms);
	if (c->loopback)
		(void)curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
	if (c->ca_file)
		(void)curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->ca_file);
	set_method(c->curl, x->call);
}

enum suan_code suan_http_client_do(struct suan_http_client *c, const struct suan_http_call *call,
				   int *ret_status, struct suan_buf *ret_body, struct suan_err *err)
{
	struct exchange x = {.client = c, .call = call, .body = ret_body};
	struct curl_slist *headers = NULL;
	char *url = NULL;
	long status = 0;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	suan_buf_reset(&c->headers);
	suan_buf_reset(ret_body);
	if (set_headers(c, call, &headers) &&
	    asprintf(&url, "%s%s", c->base_url, call->path) >= 0) {
		set_options(c, &x, url);
		(void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
		code = curl_easy_perform(c->curl);
	}
	(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	free(url);
	/* A server that refuses in mid-body may close before we have sent all: its answer counts.
	 */
	if (x.ended || ((code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR) && status >= 400))
		code = CURLE_OK;
	if (code != CURLE_OK)
		return explain(c, &x, code, err);
	*ret_status = (int)status;
	return SUAN_OK;
}
