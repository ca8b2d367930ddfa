/* Server and client together: what is understood, answers from another thread, limits, clients that
 * go away, stopping. */
#include "unit/t_http.h"

static struct suan_http_client *client_of(const struct app *a)
{
	struct suan_http_client *c = NULL;
	struct suan_err err = {0};

	if (suan_http_client_new(&c, a->url, "", NULL, &err) != SUAN_OK)
		printf("# %s\n", err.text);
	return c;
}

/* Status, or -1 with the reason in the body. */
static int ask(struct suan_http_client *c, const struct suan_http_call *call, struct suan_buf *body)
{
	struct suan_err err = {0};
	int status = -1;

	if (suan_http_client_do(c, call, &status, body, &err) == SUAN_OK)
		return status;
	suan_buf_reset(body);
	suan_buf_adds(body, err.text);
	return -1;
}

static int get(struct suan_http_client *c, const char *path, struct suan_buf *body)
{
	struct suan_http_call call = {.method = "GET", .path = path, .timeout_ms = 20000};

	return ask(c, &call, body);
}

static void test_requests(struct app *a)
{
	static const char *const colour[] = {"X-Colour: deep red", NULL};
	struct suan_http_client *c = client_of(a);
	struct suan_http_call post = {.method = "POST",
				      .path = "/echo",
				      .type = "text/plain",
				      .body = "hello",
				      .n = 5,
				      .headers = colour};
	struct suan_http_call head = {.method = "HEAD", .path = "/echo"};
	struct suan_http_call drop = {.method = "DELETE", .path = "/later"};
	struct suan_buf b;

	suan_buf_init(&b, 1 << 20);
	is_int(get(c, "/echo", &b), 200, "GET");
	is_str(suan_buf_str(&b), "GET /echo from 127.0.0.1\nbody  (0)", "path and peer");
	is_str(suan_http_client_header(c, "x-one"), "1", "a header of the answer");
	is_str(suan_http_client_header(c, "X-Two"), "two words", "another one");
	is_str(suan_http_client_header(c, "content-type"), "text/plain", "content type");
	ok(suan_http_client_header(c, "X-Three") == NULL, "an absent header");
	is_int(get(c, "/later?status=404&a=1&b=x%20y+z&c&a=2&d=%E4%B8%AD%26%3d", &b), 404,
	       "status of another thread");
	is_str(suan_buf_str(&b),
	       "GET /later from 127.0.0.1\nquery status=404\nquery a=1\nquery b=x y z\nquery c=\n"
	       "query a=2\nquery d=中&=\nbody  (0)",
	       "queries in order, decoded");
	is_int(get(c, "/a%20b/%e4%b8%ad%2Fx%00y%zz%4", &b), 200, "path with codes");
	is_str(suan_buf_str(&b), "GET /a b/中/x%00y%zz%4 from 127.0.0.1\nbody  (0)",
	       "path decoded, but no NUL");
	is_int(ask(c, &post, &b), 200, "POST");
	is_str(suan_buf_str(&b), "POST /echo from 127.0.0.1\ncolour deep red\nbody hello (5)",
	       "header and body");
	is_int(ask(c, &head, &b), 200, "HEAD");
	is_str(suan_buf_str(&b), "", "has no body");
	is_str(suan_http_client_header(c, "Content-Length"), "34", "but a length");
	is_int(ask(c, &drop, &b), 200, "DELETE");
	is_int(get(c, "/later?status=204", &b), 204, "no content");
	suan_buf_done(&b);
	suan_http_client_free(c);
}

static void test_raw(struct app *a)
{
	char buf[4096];
	int fd = raw_connect(a);

	raw_send(fd, "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	ok(raw_until(fd, buf, sizeof(buf), "5 "), "chunked body");
	raw_send(fd, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
		     "Expect: 100-continue\r\n\r\n");
	ok(raw_until(fd, buf, sizeof(buf), "100 Continue\r\n\r\n"), "100 Continue");
	raw_send(fd, "body");
	ok(raw_until(fd, buf, sizeof(buf), "body body (4)"), "then the answer");
	raw_send(fd, "GET /later?n=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /echo?n=2 HTTP/1.1\r\n"
		     "Host: x\r\n\r\nGET /later?n=3 HTTP/1.1\r\nHost: x\r\n"
		     "Connection: close\r\n\r\n");
	ok(raw_until(fd, buf, sizeof(buf), NULL), "pipelined requests, closed as asked");
	ok(strstr(buf, "n=1") && strstr(buf, "n=2") && strstr(buf, "n=3"), "all answered");
	close(fd);
	fd = raw_connect(a);
	raw_send(fd, "GET /later HTTP/1.0\r\n\r\n");
	ok(raw_until(fd, buf, sizeof(buf), NULL) && strstr(buf, "body  (0)"), "HTTP/1.0");
	close(fd);
	fd = raw_connect(a);
	raw_send(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	shutdown(fd, SHUT_WR);
	ok(raw_until(fd, buf, sizeof(buf), "body  (0)"), "client that has said all");
	close(fd);
	fd = raw_connect(a);
	raw_send(fd, "what is this\r\n\r\n");
	ok(raw_until(fd, buf, sizeof(buf), NULL), "nonsense is refused");
	close(fd);
}

struct herd {
	struct app *app;
	unsigned each, good;
	pthread_t thread;
};

static void *herd_run(void *arg)
{
	struct herd *h = arg;
	struct suan_http_client *c = client_of(h->app);
	struct suan_buf b;
	char path[64], want[64];

	suan_buf_init(&b, 1 << 20);
	for (unsigned i = 0; i < h->each; i++) {
		(void)snprintf(path, sizeof(path), "/later?i=%u", i);
		(void)snprintf(want, sizeof(want), "query i=%u\n", i);
		if (get(c, path, &b) == 200 && strstr(suan_buf_str(&b), want))
			h->good++;
	}
	suan_buf_done(&b);
	suan_http_client_free(c);
	return NULL;
}

static void test_many(struct app *a)
{
	static struct herd herd[64];
	struct herd one = {.app = a, .each = 1000};
	unsigned good = 0;

	herd_run(&one);
	is_int(one.good, 1000, "1000 one after the other");
	for (unsigned i = 0; i < 64; i++) {
		herd[i] = (struct herd){.app = a, .each = 50};
		pthread_create(&herd[i].thread, NULL, herd_run, &herd[i]);
	}
	for (unsigned i = 0; i < 64; i++) {
		pthread_join(herd[i].thread, NULL);
		good += herd[i].good;
	}
	is_int(good, 64 * 50, "64 at once");
}

/* Content-Length n, but the client does not look at the answer before it has sent all. */
static void blast(struct app *a, size_t n, const char *what)
{
	static char block[1 << 20];
	char buf[4096];
	int fd = raw_connect(a);
	int64_t start = suan_clock_mono_us();
	size_t sent = 0;
	ssize_t got = 0;

	(void)snprintf(buf, sizeof(buf),
		       "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", n);
	raw_send(fd, buf);
	memset(block, 'x', sizeof(block));
	while (sent < n && (got = send(fd, block, sizeof(block), MSG_NOSIGNAL)) > 0)
		sent += (size_t)got;
	ok(raw_until(fd, buf, sizeof(buf), "limit of 1 MiB"), "%s: answered 413", what);
	ok(strstr(buf, "application/problem+json") && strstr(buf, "\"status\":413,"),
	   "%s: problem+json with the limit", what);
	ok(raw_end(fd), "%s: closed", what);
	ok(suan_clock_mono_us() - start < 5000000, "%s: quickly", what);
	close(fd);
}

static void test_limits(struct app *a)
{
	struct suan_http_client *c = client_of(a);
	struct suan_http_call post = {.method = "POST", .path = "/size", .timeout_ms = 20000};
	char *big = malloc(100 << 20), buf[8192];
	struct suan_buf b;
	int fd;

	suan_buf_init(&b, 1 << 20);
	memset(big, 'x', 100 << 20);
	post.body = big;
	post.n = 1 << 20;
	is_int(ask(c, &post, &b), 200, "a body of the limit's size");
	ok(strncmp(suan_buf_str(&b), "1048576 ", 8) == 0, "arrives whole");
	post.n = (1 << 20) + 1;
	is_int(ask(c, &post, &b), 413, "one byte more");
	post.n = 100 << 20;
	is_int(ask(c, &post, &b), 413, "100 MB");
	is_int(get(c, "/later", &b), 200, "the client goes on");
	blast(a, 100 << 20, "blind 100 MB");
	fd = raw_connect(a);
	raw_send(fd, "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (unsigned i = 0; i < 32; i++) {
		raw_send(fd, "20000\r\n");
		if (send(fd, big, 0x20000, MSG_NOSIGNAL) != 0x20000)
			break;
		raw_send(fd, "\r\n");
	}
	raw_send(fd, "0\r\n\r\n");
	ok(raw_until(fd, buf, sizeof(buf), "\"status\":413"), "chunks that grow: 413");
	ok(strstr(buf, "application/problem+json"), "as problem+json");
	ok(raw_end(fd), "closed");
	close(fd);
	fd = raw_connect(a);
	raw_send(fd, "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
		     "Expect: 100-continue\r\n\r\n");
	ok(raw_until(fd, buf, sizeof(buf), "413") && !strstr(buf, "100 Continue"),
	   "who asks first is told at once");
	close(fd);
	fd = raw_connect(a);
	raw_send(fd, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ");
	for (unsigned i = 0; i < 8; i++)
		send(fd, big, 8192, MSG_NOSIGNAL);
	raw_send(fd, "\r\n\r\n");
	ok(raw_end(fd), "a header of 64 KiB is refused");
	close(fd);
	free(big);
	suan_buf_done(&b);
	suan_http_client_free(c);
}

/* Sends a head that announces more than will come, and reads the answer to its end. */
static bool refused(struct app *a, const char *head, const char *status)
{
	char buf[4096];
	int fd = raw_connect(a);
	bool good;

	raw_send(fd, head);
	good = raw_until(fd, buf, sizeof(buf), NULL) && strstr(buf, status) &&
	       strstr(buf, "Connection: close");
	close(fd);
	return good;
}

static void test_early(struct app *a)
{
	char buf[4096];
	int fd;

	ok(refused(a, "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
		   "HTTP/1.1 401"),
	   "answered before the body");
	ok(refused(a, "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
		   "HTTP/1.1 401"),
	   "also when it would be too large");
	ok(refused(a, "POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		   "HTTP/1.1 401"),
	   "of unknown length");
	ok(refused(a,
		   "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
		   "Expect: 100-continue\r\n\r\n",
		   "HTTP/1.1 401"),
	   "to one that asks first");
	ok(refused(a, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n",
		   "larger than the limit of 100"),
	   "a smaller limit");
	ok(refused(a,
		   "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
		   "Content-Length: 40\r\n\r\n",
		   "HTTP/1.1 400"),
	   "two lengths");
	ok(refused(a,
		   "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
		   "Transfer-Encoding: chunked\r\n\r\n",
		   "HTTP/1.1 400"),
	   "a length and chunks");
	ok(refused(a, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
		   "HTTP/1.1 400"),
	   "another coding");
	ok(refused(a, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\n",
		   "HTTP/1.1 400"),
	   "a blank behind a header's name");
	ok(refused(a, "GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "HTTP/1.1 400"),
	   "two hosts");
	fd = raw_connect(a);
	raw_send(fd, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
	ok(raw_until(fd, buf, sizeof(buf), "body hello (5)"), "others go on to the body");
	close(fd);
}

/* Bodies of several requests together. */
static void test_bodies(void)
{
	struct suan_http_config config = {.max_body_bytes = 1 << 20, .max_bodies_bytes = 3 << 19};
	static char block[1 << 20];
	struct app a;
	char buf[4096];
	int fd[2];

	if (!ok(app_start(&a, &config), "server that holds 1.5 MiB"))
		return;
	memset(block, 'x', sizeof(block));
	for (unsigned i = 0; i < 2; i++) {
		fd[i] = raw_connect(&a);
		raw_send(fd[i],
			 "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n");
		ok(send(fd[i], block, sizeof(block), MSG_NOSIGNAL) == sizeof(block), "1 MiB sent");
		if (i == 0)
			ok(app_wait(&a, &a.nheld, 1), "the first is held");
	}
	ok(raw_until(fd[1], buf, sizeof(buf), "HTTP/1.1 503"), "the second is refused");
	app_release(&a);
	ok(raw_until(fd[0], buf, sizeof(buf), "HTTP/1.1 200"), "the first is answered");
	close(fd[1]);
	fd[1] = raw_connect(&a);
	raw_send(fd[1], "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n");
	ok(send(fd[1], block, sizeof(block), MSG_NOSIGNAL) == sizeof(block), "1 MiB sent");
	ok(raw_until(fd[1], buf, sizeof(buf), "1048576 "), "then there is room again");
	close(fd[0]);
	close(fd[1]);
	app_done(&a);
}

static void test_gone(struct app *a)
{
	struct suan_http_client *c = client_of(a);
	struct suan_buf b;
	int fd;

	suan_buf_init(&b, 1 << 20);
	for (unsigned i = 0; i < 20; i++) {
		fd = raw_connect(a);
		raw_send(fd, "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf");
		close(fd);
	}
	is_int(get(c, "/later", &b), 200, "clients gone in mid-body do no harm");
	for (unsigned i = 0; i < 20; i++) {
		struct linger hard = {1, 0};

		fd = raw_connect(a);
		raw_send(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		ok(app_wait(a, &a->nheld, i + 1), "request %u is held", i);
		close(fd);
	}
	app_release(a);
	is_int(get(c, "/later", &b), 200, "clients gone before the answer do no harm");
	suan_buf_done(&b);
	suan_http_client_free(c);
}

static void test_idle(void)
{
	struct suan_http_config config = {.idle_timeout_s = 1};
	struct app a;
	char buf[4096];
	int idle, held;

	if (!ok(app_start(&a, &config), "server with a short timeout"))
		return;
	held = raw_connect(&a);
	raw_send(held, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	idle = raw_connect(&a);
	raw_send(idle, "GET /echo HT");
	ok(raw_end(idle), "an idle connection is closed");
	app_release(&a);
	ok(raw_until(held, buf, sizeof(buf), "body  (0)"), "one that waits for its answer is not");
	close(idle);
	close(held);
	app_done(&a);
}

/* Sends byte after byte until the server has had enough. False: it never has. */
static bool trickle(struct app *a, const char *head)
{
	int fd = raw_connect(a);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	unsigned n = 0;

	raw_send(fd, head);
	while (n++ < 200 && poll(&p, 1, 100) == 0 && raw_send(fd, "x"))
		;
	close(fd);
	return n < 200;
}

static void test_trickle(void)
{
	struct suan_http_config config = {.idle_timeout_s = 1};
	struct app a;
	char buf[4096];
	int fd;

	if (!ok(app_start(&a, &config), "server with a short timeout"))
		return;
	ok(trickle(&a, "GET /echo?"), "a head that comes byte by byte is cut");
	ok(trickle(&a, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"),
	   "so is a body");
	fd = raw_connect(&a);
	raw_send(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	ok(app_wait(&a, &a.nheld, 1), "a request is held");
	ok(trickle(&a, "GET /"), "while others are cut");
	app_release(&a);
	ok(raw_until(fd, buf, sizeof(buf), "body  (0)"), "the time we take does not count");
	close(fd);
	app_done(&a);
}

/* Open requests: one answered while the server stops, one never. */
static void *release_soon(void *arg)
{
	struct app *a = arg;
	char buf[4096];
	int fd = raw_connect(a);

	/* Refused or closed once the server no longer accepts. */
	while (fd >= 0 &&
	       raw_send(fd, "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") &&
	       raw_until(fd, buf, sizeof(buf), "body  (0)")) {
		close(fd);
		fd = raw_connect(a);
	}
	if (fd >= 0)
		close(fd);
	app_release(a);
	return NULL;
}

static void test_stop(void)
{
	struct suan_http_config config = {.threads = 2};
	struct app a;
	char buf[4096];
	pthread_t thread;
	int fd[8];

	if (!ok(app_start(&a, &config), "server to be stopped"))
		return;
	for (unsigned i = 0; i < 8; i++) {
		fd[i] = raw_connect(&a);
		raw_send(fd[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	app_wait(&a, &a.nheld, 8);
	pthread_create(&thread, NULL, release_soon, &a);
	app_stop_server(&a);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < 8; i++) {
		ok(raw_until(fd[i], buf, sizeof(buf), "body  (0)") &&
			   strstr(buf, "Connection: close"),
		   "request %u is still answered", i);
		ok(raw_end(fd[i]), "and closed");
		close(fd[i]);
	}
	app_done(&a);

	if (!ok(app_start(&a, &config), "server that will not get an answer"))
		return;
	for (unsigned i = 0; i < 4; i++) {
		fd[i] = raw_connect(&a);
		raw_send(fd[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	app_wait(&a, &a.nheld, 4);
	fd[4] = raw_connect(&a);
	raw_send(fd[4], "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
	app_stop_server(&a);
	for (unsigned i = 0; i < 5; i++) {
		ok(raw_end(fd[i]), "connection %u is cut", i);
		close(fd[i]);
	}
	is_str(suan_http_path(a.held[0]), "/hold", "a cut request can still be read");
	app_done(&a); /* answers: thrown away */
}

static void test_listen(struct app *a)
{
	static const struct {
		const char *listen;
		enum suan_code code;
		const char *text;
	} bad[] = {
		{"127.0.0.1", SUAN_EINVAL, "has no port"},
		{"127.0.0.1:99999", SUAN_EINVAL, "has no port"},
		{"::1:7070", SUAN_EINVAL, "needs brackets"},
		{"192.0.2.1:0", SUAN_EINVAL, "is not an address of this machine"},
		{"[::1:0", SUAN_EINVAL, "needs brackets"},
	};
	struct suan_http_config config = {.handle = app_handle};
	struct suan_http_server *s = NULL;
	struct suan_err err = {0};
	char text[128], want[160];

	(void)snprintf(text, sizeof(text), "127.0.0.1:%u", a->port);
	(void)snprintf(want, sizeof(want), "%s is in use by another program", text);
	config.listen = text;
	is_int(suan_http_server_start(&s, &config, &err), SUAN_EBUSY, "port in use");
	is_str(err.text, want, "is named");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		config.listen = bad[i].listen;
		is_int(suan_http_server_start(&s, &config, &err), bad[i].code, bad[i].listen);
		ok(strstr(err.text, bad[i].text) != NULL, "says why: %s", err.text);
	}
	ok(s == NULL, "nothing is given back");
	config.listen = "[::1]:0";
	if (suan_http_server_start(&s, &config, &err) == SUAN_OK)
		ok(suan_http_server_port(s) != 0, "IPv6");
	else
		ok(true, "IPv6 # SKIP %s", err.text);
	suan_http_server_stop(s);
	s = NULL;
	config.listen = ":0";
	is_int(suan_http_server_start(&s, &config, &err), SUAN_OK, "every address");
	suan_http_server_stop(s);
	suan_http_server_stop(NULL);
	config.cert_file = "/nowhere";
	is_int(suan_http_server_start(&s, &config, &err), SUAN_EINVAL, "certificate without key");
	config.key_file = "/nowhere";
	is_int(suan_http_server_start(&s, &config, &err), SUAN_ENOTFOUND, "absent certificate");
}

int main(void)
{
	struct suan_http_config config = {.max_body_bytes = 1 << 20, .threads = 1};
	struct app a;

	signal(SIGPIPE, SIG_IGN);
	for (config.threads = 1; config.threads <= 2; config.threads++) {
		if (!ok(app_start(&a, &config), "server with %u threads", config.threads))
			return tap_done();
		test_requests(&a);
		test_raw(&a);
		test_many(&a);
		test_limits(&a);
		test_early(&a);
		test_gone(&a);
		test_listen(&a);
		app_done(&a);
	}
	test_idle();
	test_trickle();
	test_bodies();
	test_stop();
	return tap_done();
}
