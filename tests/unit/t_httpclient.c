/* The client's own matters: tokens, texts of errors, limits, sinks, proxies, TLS. */
#include <stdarg.h>

#include "unit/t_http.h"

static struct suan_http_client *client(const char *url, const char *token, const char *ca)
{
	struct suan_http_client *c = NULL;
	struct suan_err err = {0};

	if (suan_http_client_new(&c, url, token, ca, &err) != SUAN_OK)
		printf("# %s\n", err.text);
	return c;
}

/* Code of a GET; *err says more, *status and *body hold the answer. */
static enum suan_code get(struct suan_http_client *c, const char *path, int *status,
			  struct suan_buf *body, struct suan_err *err)
{
	struct suan_http_call call = {.method = "GET", .path = path, .timeout_ms = 20000};

	*err = (struct suan_err){0};
	return suan_http_client_do(c, &call, status, body, err);
}

static void test_new(void)
{
	static const struct {
		const char *url, *token, *text;
	} bad[] = {
		{"127.0.0.1:7070", "", "is no address"},
		{"ftp://x", "", "is no address"},
		{"", "", "is no address"},
		{"http://x", "a\r\nb", "line break"},
	};
	struct suan_http_client *c = NULL;
	struct suan_err err = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(suan_http_client_new(&c, bad[i].url, bad[i].token, NULL, &err), SUAN_EINVAL,
		       "refused");
		ok(strstr(err.text, bad[i].text) != NULL, "says why: %s", err.text);
	}
	ok(c == NULL, "nothing is given back");
	suan_http_client_free(NULL);
}

static void test_calls(struct app *a)
{
	struct suan_http_client *c = client(a->url, "secret", NULL);
	struct suan_http_call call = {.method = "PUT", .path = "/later", .body = "x", .n = 1};
	char slash[80];
	struct suan_buf b;
	struct suan_err err;
	int status = 0;

	suan_buf_init(&b, 64);
	is_int(get(c, "/echo", &status, &b, &err), SUAN_OK, "with a token");
	is_str(suan_buf_str(&b), "GET /echo from 127.0.0.1\nauth Bearer secret\nbody  (0)",
	       "it is sent");
	call.path = "/later?x=0123456789012345678901234567890";
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_ETOOBIG, "a long answer");
	call.path = "/later";
	ok(strstr(err.text, "is larger than 64 bytes") != NULL, "says: %s", err.text);
	suan_buf_done(&b);
	suan_buf_init(&b, 0);
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_OK, "with room");
	is_str(suan_buf_str(&b), "PUT /later from 127.0.0.1\nauth Bearer secret\nbody x (1)",
	       "PUT");
	call = (struct suan_http_call){.method = "POST", .path = "/later"};
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_OK, "POST without a body");
	suan_http_client_free(c);
	(void)snprintf(slash, sizeof(slash), "%s/", a->url);
	c = client(slash, NULL, NULL);
	is_int(get(c, "/echo?status=500", &status, &b, &err), SUAN_OK, "an error is an answer");
	is_int(status, 500, "its status");
	is_str(suan_buf_str(&b), "GET /echo from 127.0.0.1\nquery status=500\nbody  (0)",
	       "a slash after the server does no harm");
	suan_buf_done(&b);
	suan_http_client_free(c);
}

static void test_unreachable(struct app *a)
{
	struct suan_http_call call = {.method = "GET", .path = "/hold", .timeout_ms = 50};
	struct suan_http_client *c;
	struct suan_buf b;
	struct suan_err err;
	char url[64], want[160];
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t n = sizeof(sin);
	int status = 77, fd = socket(AF_INET, SOCK_STREAM, 0);

	suan_buf_init(&b, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok(bind(fd, (struct sockaddr *)&sin, n) == 0 &&
		   getsockname(fd, (struct sockaddr *)&sin, &n) == 0,
	   "a port where nobody listens");
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", ntohs(sin.sin_port));
	(void)snprintf(want, sizeof(want),
		       "cannot reach %s: connection refused; is `suan serve` running?", url);
	c = client(url, "", NULL);
	is_int(get(c, "/", &status, &b, &err), SUAN_EUNREACHABLE, "is unreachable");
	is_str(err.text, want, "with a good text");
	is_int(status, 77, "the status is untouched");
	suan_http_client_free(c);
	close(fd);
	c = client("http://no-such-host.invalid", "", NULL);
	is_int(get(c, "/", &status, &b, &err), SUAN_EUNREACHABLE, "unknown host");
	ok(strncmp(err.text, "cannot reach http://no-such-host.invalid: ", 42) == 0, "%s",
	   err.text);
	suan_http_client_free(c);
	c = client(a->url, "", NULL);
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_EUNREACHABLE, "no answer");
	ok(strstr(err.text, "did not answer GET /hold within 50 ms") != NULL, "%s", err.text);
	app_release(a);
	is_int(get(c, "/echo", &status, &b, &err), SUAN_OK, "the client can go on");
	suan_http_client_free(c);
	suan_buf_done(&b);
}

static void test_proxy(struct app *a)
{
	struct suan_http_client *c;
	struct suan_buf b;
	struct suan_err err;
	char url[64];
	int status = 0;

	suan_buf_init(&b, 0);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	c = client(a->url, "", NULL);
	is_int(get(c, "/echo", &status, &b, &err), SUAN_OK, "no proxy for this machine");
	suan_http_client_free(c);
	(void)snprintf(url, sizeof(url), "http://localhost:%u", a->port);
	c = client(url, "", NULL);
	is_int(get(c, "/echo", &status, &b, &err), SUAN_OK, "nor by its name");
	suan_http_client_free(c);
	c = client("http://192.0.2.1", "", NULL);
	is_int(get(c, "/", &status, &b, &err), SUAN_EUNREACHABLE, "but for others");
	ok(strstr(err.text, "192.0.2.1") != NULL, "%s", err.text);
	suan_http_client_free(c);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	suan_buf_done(&b);
}

/* ---- sinks ---- */

struct numbers {
	unsigned next, stop_at;
	bool wrong;
	char left[32];
};

/* Lines "i\n" in order, however they are cut. */
static bool take_numbers(void *ctx, const char *bytes, size_t n)
{
	struct numbers *s = ctx;
	size_t have = strlen(s->left);

	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\n') {
			if (have + 1 < sizeof(s->left))
				s->left[have++] = bytes[i];
			continue;
		}
		s->left[have] = '\0';
		if ((unsigned)strtoul(s->left, NULL, 10) != s->next)
			s->wrong = true;
		s->next++;
		have = 0;
	}
	s->left[have] = '\0';
	return s->stop_at == 0 || s->next < s->stop_at;
}

static void *feed_numbers(void *arg)
{
	struct app *a = arg;
	char text[16];

	app_wait(a, &a->nstreams, 1);
	for (unsigned i = 0; i < 50000; i++) {
		(void)snprintf(text, sizeof(text), "%u\n", i);
		if (suan_http_stream_send(a->streams[0], text, strlen(text)) != SUAN_OK)
			break;
	}
	pthread_mutex_lock(&a->lock);
	a->nstreams = 0;
	pthread_mutex_unlock(&a->lock);
	suan_http_stream_close(a->streams[0]);
	return NULL;
}

static void test_sink(struct app *a)
{
	struct numbers all = {0}, some = {.stop_at = 10};
	struct suan_http_call call = {.method = "GET", .path = "/stream", .sink = take_numbers};
	struct suan_http_client *c = client(a->url, "", NULL);
	struct suan_buf b;
	struct suan_err err;
	pthread_t thread;
	int status = 0;

	suan_buf_init(&b, 0);
	call.ctx = &all;
	pthread_create(&thread, NULL, feed_numbers, a);
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_OK, "stream into a sink");
	pthread_join(thread, NULL);
	is_int(all.next, 50000, "all has come");
	ok(!all.wrong, "in order");
	is_int(b.len, 0, "nothing went into the buffer");
	call.ctx = &some;
	pthread_create(&thread, NULL, feed_numbers, a);
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_OK, "the sink may end it");
	is_int(status, 200, "quietly");
	pthread_join(thread, NULL);
	call.path = "/later?status=404";
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_OK, "other answers");
	ok(status == 404 && strstr(suan_buf_str(&b), "/later"), "go into the buffer");
	suan_buf_done(&b);
	suan_http_client_free(c);
}

/* ---- TLS ---- */

struct pair {
	char dir[64], cert[96], key[96];
};

static bool make_pair(struct pair *p)
{
	char command[512];

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/suan-tls-XXXXXX");
	if (!mkdtemp(p->dir))
		return false;
	(void)snprintf(p->cert, sizeof(p->cert), "%s/cert.pem", p->dir);
	(void)snprintf(p->key, sizeof(p->key), "%s/key.pem", p->dir);
	(void)snprintf(command, sizeof(command),
		       "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		       "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost "
		       "-days 2 -keyout %s -out %s >/dev/null 2>&1",
		       p->key, p->cert);
	return system(command) == 0;
}

static void drop_pair(struct pair *p)
{
	(void)unlink(p->cert);
	(void)unlink(p->key);
	(void)rmdir(p->dir);
}

static bool old_tls_works(const struct app *a)
{
	char command[256];

	(void)snprintf(command, sizeof(command),
		       "openssl s_client -connect 127.0.0.1:%u -tls1_1 -cipher ALL:@SECLEVEL=0 "
		       "</dev/null >/dev/null 2>&1",
		       a->port);
	return system(command) == 0;
}

static void tls_answers(struct app *a, struct suan_http_client *c)
{
	static char block[200000];
	struct suan_http_call call = {.method = "POST", .path = "/size", .body = block};
	struct numbers all = {0};
	struct suan_buf b;
	struct suan_err err;
	pthread_t thread;
	unsigned good = 0;
	int status = 0;

	suan_buf_init(&b, 0);
	is_int(get(c, "/echo", &status, &b, &err), SUAN_OK, "TLS");
	ok(status == 200, "answers %s", err.text);
	for (unsigned i = 0; i < 100; i++)
		good += get(c, "/later", &status, &b, &err) == SUAN_OK && status == 200;
	is_int(good, 100, "from another thread, too");
	call.n = sizeof(block);
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_OK, "a large body");
	ok(strncmp(suan_buf_str(&b), "200000 ", 7) == 0, "arrives whole");
	call = (struct suan_http_call){
		.method = "GET", .path = "/stream", .sink = take_numbers, .ctx = &all};
	pthread_create(&thread, NULL, feed_numbers, a);
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_OK, "a stream");
	pthread_join(thread, NULL);
	ok(all.next == 50000 && !all.wrong, "arrives in order");
	call = (struct suan_http_call){.method = "POST", .path = "/size", .n = 3 << 20};
	call.body = calloc(1, call.n);
	is_int(suan_http_client_do(c, &call, &status, &b, &err), SUAN_OK, "too large a body");
	is_int(status, 413, "is refused");
	free((void *)(uintptr_t)call.body);
	suan_buf_done(&b);
}

static void test_tls(void)
{
	struct suan_http_config config = {.listen = "127.0.0.1:0", .max_body_bytes = 1 << 20};
	struct suan_http_client *c;
	struct suan_err err = {0};
	struct app a;
	struct suan_buf b;
	struct pair p;
	int status = 0;

	if (!make_pair(&p)) {
		ok(true, "TLS # SKIP no openssl");
		return;
	}
	config.cert_file = p.cert;
	config.key_file = p.cert;
	is_int(suan_http_server_start(&a.server, &config, &err), SUAN_EINVAL, "wrong key");
	ok(strstr(err.text, "certificate") != NULL, "%s", err.text);
	config.key_file = p.key;
	if (!ok(app_start(&a, &config), "TLS server"))
		return;
	suan_buf_init(&b, 0);
	c = client(a.url, "", p.cert);
	tls_answers(&a, c);
	suan_http_client_free(c);
	c = client(a.url, "", NULL);
	is_int(get(c, "/echo", &status, &b, &err), SUAN_EUNREACHABLE, "an unknown CA");
	ok(strstr(err.text, "is not trusted") != NULL, "%s", err.text);
	suan_http_client_free(c);
	c = client(a.url, "", "/nowhere");
	is_int(get(c, "/echo", &status, &b, &err), SUAN_EINVAL, "an absent CA file");
	ok(strstr(err.text, "/nowhere") != NULL, "%s", err.text);
	suan_http_client_free(c);
	ok(!old_tls_works(&a), "TLS 1.1 is refused");
	suan_buf_done(&b);
	app_done(&a);
	drop_pair(&p);
}

int main(void)
{
	struct suan_http_config config = {0};
	struct app a;

	signal(SIGPIPE, SIG_IGN);
	test_new();
	if (!ok(app_start(&a, &config), "server"))
		return tap_done();
	test_calls(&a);
	test_unreachable(&a);
	test_proxy(&a);
	test_sink(&a);
	app_done(&a);
	test_tls();
	return tap_done();
}
