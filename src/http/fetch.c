#include "http/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "http/curl_setup.h"
#include "sys/clock.h"

#define CONNECT_MS     10000L
#define REDIRECTS      10L
#define BUFFER_MIN     1024L
#define BUFFER_MAX     (256L << 10)
#define STALL_MS       60000
#define ERROR_BODY_MAX 65536

struct suan_http_fetcher {
	CURL *curl;
	char *ca_file;
	char why[CURL_ERROR_SIZE];
};

enum ending {
	GOES_ON,
	BY_CALLBACK,
	BY_CANCEL,
	BY_STALL
};

struct exchange {
	struct suan_http_fetcher *f;
	const struct suan_http_get *get; /* one of both */
	const struct suan_http_put *put;
	struct suan_http_answer *answer;
	const atomic_bool *cancel;
	char etag[200], changed[64], date[64];
	int64_t stall_us, alive_us;
	bool headed; /* the caller knows the head */
	enum ending ending;
	uint64_t sent, ignored;
};

enum suan_code suan_http_fetcher_new(struct suan_http_fetcher **ret, const char *ca_file,
				     struct suan_err *err)
{
	struct suan_http_fetcher *f = calloc(1, sizeof(*f));

	suan_http_curl_init();
	if (f) {
		f->curl = curl_easy_init();
		f->ca_file = ca_file ? strdup(ca_file) : NULL;
	}
	if (!f || !f->curl || (ca_file && !f->ca_file)) {
		suan_http_fetcher_free(f);
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	*ret = f;
	return SUAN_OK;
}

void suan_http_fetcher_free(struct suan_http_fetcher *f)
{
	if (!f)
		return;
	if (f->curl)
		curl_easy_cleanup(f->curl);
	free(f->ca_file);
	free(f);
}

void suan_http_shown(const char *url, char *out, size_t n)
{
	const char *host = strstr(url, "://"), *end, *at;

	host = host ? host + 3 : url;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	(void)snprintf(out, n, "%.*s%.*s", (int)(host - url), url,
		       (int)strcspn(at ? at + 1 : host, "?#"), at ? at + 1 : host);
}

/* ---- the head of the answer ---- */

static void take_value(const char *value, size_t n, char *out, size_t size)
{
	out[0] = '\0';
	if (n >= size || memchr(value, '\0', n))
		return;
	memcpy(out, value, n);
	out[n] = '\0';
}

static bool is_named(const char *line, size_t n, const char *name)
{
	return n == strlen(name) && strncasecmp(line, name, n) == 0;
}

/* "bytes 5-9/10", "bytes 5-9/" and a star, "bytes" star "/10" */
static void take_range(struct suan_http_answer *a, const char *value)
{
	unsigned long long first, last, total;

	if (sscanf(value, "bytes %llu-%llu/%llu", &first, &last, &total) == 3 && last < total) {
		a->from = first;
		a->total = total;
	} else if (sscanf(value, "bytes %llu-%llu/*", &first, &last) == 2) {
		a->from = first;
	} else if (sscanf(value, "bytes */%llu", &total) == 1) {
		a->total = total;
	}
}

static size_t take_header(char *line, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	const char *colon, *value, *end;
	char range[128];
	size_t len;

	n *= size;
	x->alive_us = suan_clock_mono_us();
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* the last answer counts */
		*x->answer = (struct suan_http_answer){.from = UINT64_MAX, .total = UINT64_MAX};
		x->etag[0] = x->changed[0] = x->date[0] = '\0';
		return n;
	}
	colon = memchr(line, ':', n);
	if (!colon)
		return n;
	for (value = colon + 1, end = line + n; value < end && (*value == ' ' || *value == '\t');
	     value++)
		;
	while (end > value && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	len = (size_t)(colon - line);
	if (is_named(line, len, "ETag"))
		take_value(value, (size_t)(end - value), x->etag, sizeof(x->etag));
	else if (is_named(line, len, "Last-Modified"))
		take_value(value, (size_t)(end - value), x->changed, sizeof(x->changed));
	else if (is_named(line, len, "Date"))
		take_value(value, (size_t)(end - value), x->date, sizeof(x->date));
	if (is_named(line, len, "Content-Range")) {
		take_value(value, (size_t)(end - value), range, sizeof(range));
		take_range(x->answer, range);
	}
	return n;
}

static void choose_version(struct exchange *x)
{
	struct suan_http_answer *a = x->answer;
	time_t changed, date;

	if (x->etag[0] == '"') {
		memcpy(a->version, x->etag, sizeof(x->etag));
		return;
	}
	changed = x->changed[0] ? curl_getdate(x->changed, NULL) : -1;
	date = x->date[0] ? curl_getdate(x->date, NULL) : -1;
	if (changed >= 0 && date > changed)
		memcpy(a->version, x->changed, sizeof(x->changed));
}

/* All that the head says; false: the caller wants no more. */
static bool finish_head(struct exchange *x)
{
	struct suan_http_answer *a = x->answer;
	curl_off_t length = -1, wait = 0;
	long status = 0;

	x->headed = true;
	(void)curl_easy_getinfo(x->f->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(x->f->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	(void)curl_easy_getinfo(x->f->curl, CURLINFO_RETRY_AFTER, &wait);
	a->status = (int)status;
	a->retry_after_s = wait;
	choose_version(x);
	if (status == 206 && a->from == UINT64_MAX)
		a->status = 0; /* a part, but of what? */
	if (status == 200) {
		a->from = 0;
		a->total = length >= 0 ? (uint64_t)length : UINT64_MAX;
	}
	return status < 200 || status >= 300 || !x->get || x->get->head(x->get->ctx, a);
}

/* ---- while it runs ---- */

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;

	n *= size;
	if (!x->headed && !finish_head(x)) {
		x->ending = BY_CALLBACK;
		return n == 0 ? 1 : 0;
	}
	if (x->answer->status >= 200 && x->answer->status < 300) {
		if (x->get && !x->get->body(x->get->ctx, bytes, n)) {
			x->ending = BY_CALLBACK;
			return n == 0 ? 1 : 0; /* anything but n ends the call */
		}
	} else {
		x->ignored += n;
		if (x->ignored > ERROR_BODY_MAX)
			return n == 0 ? 1 : 0;
	}
	x->alive_us = suan_clock_mono_us();
	return n;
}

static size_t give_body(char *to, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	uint64_t left = x->put->total - x->sent;
	size_t got = 0;

	n *= size;
	if (x->put->piece_bytes && n > x->put->piece_bytes)
		n = x->put->piece_bytes;
	if (n > left)
		n = (size_t)left;
	if (n > 0 && (!x->put->read(x->put->ctx, to, n, &got) || got == 0)) {
		x->ending = BY_CALLBACK;
		return CURL_READFUNC_ABORT;
	}
	x->sent += got;
	x->alive_us = suan_clock_mono_us();
	return got;
}

static int look_around(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct exchange *x = ctx;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (x->cancel && atomic_load(x->cancel))
		x->ending = BY_CANCEL;
	else if (suan_clock_mono_us() - x->alive_us > x->stall_us)
		x->ending = BY_STALL;
	return x->ending != GOES_ON;
}

/* ---- what came of it ---- */

static enum suan_code code_of(int status)
{
	switch (status) {
	case 404:
	case 410:
		return SUAN_ENOTFOUND;
	case 401:
	case 403:
	case 407:
		return SUAN_EDENIED;
	case 408:
	case 425:
	case 429:
	case 503:
		return SUAN_EBUSY;
	case 412:
	case 416:
		return SUAN_ECONFLICT;
	case 507:
		return SUAN_EFULL;
	default:
		return status >= 500 ? SUAN_EUNREACHABLE : SUAN_EREFUSED;
	}
}

static enum suan_code explain_curl(const struct exchange *x, CURLcode code, const char *shown,
				   struct suan_err *err)
{
	const char *why = x->f->why[0] ? x->f->why : curl_easy_strerror(code);

	switch ((int)code) {
	case CURLE_OUT_OF_MEMORY:
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return suan_fail(err, SUAN_EINVAL, "\"%.300s\" is no address of http or https",
				 shown);
	case CURLE_TOO_MANY_REDIRECTS:
		return suan_fail(err, SUAN_EREFUSED, "%.300s: too many redirects", shown);
	case CURLE_PEER_FAILED_VERIFICATION:
		return suan_fail(err, SUAN_EREFUSED, "%.300s: the certificate is not trusted: %s",
				 shown, why);
	case CURLE_SSL_CACERT_BADFILE:
		return suan_fail(err, SUAN_EINVAL, "cannot use the CA file %s",
				 x->f->ca_file ? x->f->ca_file : "");
	default:
		return suan_fail(err, SUAN_EUNREACHABLE, "%.300s: %s", shown, why);
	}
}

static enum suan_code outcome(const struct exchange *x, CURLcode code, const char *url,
			      struct suan_err *err)
{
	int status = x->answer->status;
	char shown[320];

	suan_http_shown(url, shown, sizeof(shown));
	if (x->ending == BY_CALLBACK || x->ending == BY_CANCEL)
		return suan_fail(err, SUAN_EREFUSED, "%.300s: broken off", shown);
	if (x->ending == BY_STALL)
		return suan_fail(err, SUAN_EUNREACHABLE, "%.300s: nothing came for %lld s", shown,
				 (long long)(x->stall_us / 1000000));
	if (status >= 300)
		return suan_fail(err, code_of(status), "%.300s: answered with status %d", shown,
				 status);
	if (code != CURLE_OK)
		return explain_curl(x, code, shown, err);
	if (status < 200)
		return suan_fail(err, SUAN_EUNREACHABLE, "%.300s: an answer that makes no sense",
				 shown);
	return SUAN_OK;
}

/* ---- the call ---- */

static long buffer_bytes(size_t piece)
{
	if (piece == 0 || piece > (size_t)BUFFER_MAX)
		return BUFFER_MAX;
	return piece < (size_t)BUFFER_MIN ? BUFFER_MIN : (long)piece;
}

static void set_options(struct exchange *x, const char *url, size_t piece)
{
	CURL *curl = x->f->curl;

	curl_easy_reset(curl); /* keeps the connection */
	x->f->why[0] = '\0';
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, x->f->why);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, buffer_bytes(piece));
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 18);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_around);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, x);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "suan/" SUAN_VERSION);
	if (suan_http_curl_loopback(url))
		(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (x->f->ca_file)
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, x->f->ca_file);
	if (x->put) {
		(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
		(void)curl_easy_setopt(curl, CURLOPT_READDATA, x);
		(void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->put->total);
	}
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
	struct curl_slist *more;
	char *line;

	if (asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	more = curl_slist_append(*list, line);
	free(line);
	if (more)
		*list = more;
	return more != NULL;
}

static bool add_headers(const struct exchange *x, struct curl_slist **list)
{
	const char *token = x->get ? x->get->token : x->put->token;
	char range[32];
	struct curl_slist *more;
	bool good = true;

	if (token && token[0]) {
		char *value;

		good = asprintf(&value, "Bearer %s", token) >= 0;
		if (good) {
			good = add_header(list, "Authorization", value);
			free(value);
		}
	}
	if (good && x->get && x->get->from > 0) {
		(void)snprintf(range, sizeof(range), "bytes=%llu-",
			       (unsigned long long)x->get->from);
		good = add_header(list, "Range", range) &&
		       (!x->get->if_range || !x->get->if_range[0] ||
			add_header(list, "If-Range", x->get->if_range));
	}
	if (good && x->put) {
		more = curl_slist_append(*list, "Expect:"); /* no waiting for "100 Continue" */
		good = more != NULL;
		if (more)
			*list = more;
		good = good && add_header(list, "Content-Type", "application/octet-stream");
	}
	return good;
}

static enum suan_code run(struct exchange *x, const char *url, size_t piece, struct suan_err *err)
{
	struct curl_slist *headers = NULL;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	*x->answer = (struct suan_http_answer){.from = UINT64_MAX, .total = UINT64_MAX};
	if (x->stall_us <= 0)
		x->stall_us = (int64_t)STALL_MS * 1000;
	if (add_headers(x, &headers)) {
		set_options(x, url, piece);
		(void)curl_easy_setopt(x->f->curl, CURLOPT_HTTPHEADER, headers);
		x->alive_us = suan_clock_mono_us();
		code = curl_easy_perform(x->f->curl);
	}
	curl_slist_free_all(headers);
	/* An answer without a body. */
	if (code == CURLE_OK && !x->headed && !finish_head(x))
		x->ending = BY_CALLBACK;
	return outcome(x, code, url, err);
}

enum suan_code suan_http_fetch(struct suan_http_fetcher *f, const struct suan_http_get *g,
			       struct suan_http_answer *ret, struct suan_err *err)
{
	struct exchange x = {.f = f,
			     .get = g,
			     .answer = ret,
			     .cancel = g->cancel,
			     .stall_us = g->stall_ms * 1000};

	return run(&x, g->url, g->piece_bytes, err);
}

enum suan_code suan_http_send(struct suan_http_fetcher *f, const struct suan_http_put *p,
			      struct suan_http_answer *ret, struct suan_err *err)
{
	struct exchange x = {.f = f,
			     .put = p,
			     .answer = ret,
			     .cancel = p->cancel,
			     .stall_us = p->stall_ms * 1000};

	return run(&x, p->url, p->piece_bytes, err);
}
