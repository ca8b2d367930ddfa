/* Answers that go on: what is sent arrives in order, gone is called exactly once, slow readers are
 * bounded, stopping ends streams. */
#include "unit/t_http.h"

static int open_stream(struct app *a, unsigned nth)
{
	char buf[4096];
	int fd = raw_connect(a);

	raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	ok(raw_until(fd, buf, sizeof(buf), "\r\n\r\n") && strstr(buf, "200 OK") &&
		   strstr(buf, "text/event-stream"),
	   "stream %u is open", nth);
	app_wait(a, &a->nstreams, nth);
	return fd;
}

static unsigned gone_count(struct app *a)
{
	unsigned n;

	pthread_mutex_lock(&a->lock);
	n = a->ngone;
	pthread_mutex_unlock(&a->lock);
	return n;
}

static bool send_text(struct suan_http_stream *s, const char *text)
{
	return suan_http_stream_send(s, text, strlen(text)) == SUAN_OK;
}

static void test_order(struct app *a)
{
	static char got[1 << 20];
	char text[64];
	const char *p = got;
	unsigned n = 0;
	int fd = open_stream(a, 1);

	for (unsigned i = 0; i < 20; i++) { /* one by one: each time it was suspended */
		(void)snprintf(text, sizeof(text), "data: <%u>\n\n", i);
		send_text(a->streams[0], text);
		(void)snprintf(text, sizeof(text), "<%u>", i);
		ok(raw_until(fd, got, sizeof(got), text), "event %u arrives", i);
	}
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(text, sizeof(text), "data: [%u]\n\n", i);
		if (!send_text(a->streams[0], text))
			break;
	}
	ok(suan_http_stream_send(a->streams[0], "", 0) == SUAN_OK, "nothing can be sent");
	suan_http_stream_close(a->streams[0]);
	a->nstreams = 0;
	ok(raw_until(fd, got, sizeof(got), "\r\n0\r\n\r\n"),
	   "what is queued arrives, then the end");
	for (; n < 5000; n++) {
		(void)snprintf(text, sizeof(text), "[%u]", n);
		/* A number may be cut by the framing of chunks; then only its end is looked for. */
		p = strstr(p, text);
		if (!p)
			break;
	}
	ok(n > 100, "in order up to %u", n);
	raw_send(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
	ok(raw_until(fd, got, sizeof(got), "body  (0)"), "the connection can be used again");
	close(fd);
	is_int(gone_count(a), 0, "who closed is not told");
}

static void test_gone(struct app *a)
{
	struct linger hard = {1, 0};
	unsigned before = gone_count(a);
	int fd = open_stream(a, 1);

	close(fd);
	ok(app_wait(a, &a->ngone, before + 1), "a client that leaves an idle stream is noticed");
	is_int(suan_http_stream_send(a->streams[0], "x", 1), SUAN_EUNREACHABLE, "no more sending");
	fd = open_stream(a, 2);
	send_text(a->streams[1], "data: x\n\n");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	ok(app_wait(a, &a->ngone, before + 2), "one that resets, too");
	suan_http_stream_close(a->streams[0]);
	suan_http_stream_close(a->streams[1]);
	a->nstreams = 0;
	a->close_in_gone = true;
	fd = open_stream(a, 1);
	close(fd);
	ok(app_wait(a, &a->ngone, before + 3), "gone may close");
	a->close_in_gone = false;
	is_int(a->nstreams, 0, "it did");
	fd = raw_connect(a);
	raw_send(fd, "HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	ok(app_wait(a, &a->ngone, before + 4), "HEAD ends a stream at once");
	app_wait(a, &a->nstreams, 1);
	suan_http_stream_close(a->streams[0]);
	a->nstreams = 0;
	close(fd);
	is_int(gone_count(a), before + 4, "each was told once");
}

static void test_slow(struct app *a)
{
	static char block[64 << 10];
	unsigned before = gone_count(a), n = 0;
	enum suan_code rc;
	int small = 4096, fd = raw_connect(a);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	app_wait(a, &a->nstreams, 1);
	memset(block, 'x', sizeof(block));
	do {
		rc = suan_http_stream_send(a->streams[0], block, sizeof(block));
	} while (rc == SUAN_OK && ++n < 1000);
	is_int(rc, SUAN_ETOOBIG, "a reader that does not read is refused more");
	ok(n >= 64 && n < 400, "after %u blocks of 64 KiB", n);
	suan_http_stream_close(a->streams[0]);
	a->nstreams = 0;
	ok(raw_until(fd, block, sizeof(block), "xxxx"), "it reads");
	close(fd);
	is_int(gone_count(a), before, "closed by us: not told");
}

/* Streams opened, fed and closed by one thread while their clients come and go. */
struct storm {
	struct app *app;
	bool quit;
	pthread_t thread;
};

static void *storm_feed(void *arg)
{
	struct storm *w = arg;
	bool quit = false;
	unsigned round = 0;

	while (!quit) {
		struct suan_http_stream *close_this = NULL;

		pthread_mutex_lock(&w->app->lock);
		for (unsigned i = 0; i < w->app->nstreams; i++)
			(void)send_text(w->app->streams[i], "data: storm\n\n");
		if (w->app->nstreams && ++round % 3 == 0)
			close_this = w->app->streams[--w->app->nstreams];
		quit = w->quit;
		pthread_mutex_unlock(&w->app->lock);
		suan_http_stream_close(close_this);
	}
	return NULL;
}

static bool close_last(struct app *a)
{
	struct suan_http_stream *last = NULL;

	pthread_mutex_lock(&a->lock);
	if (a->nstreams)
		last = a->streams[--a->nstreams];
	pthread_mutex_unlock(&a->lock);
	suan_http_stream_close(last);
	return last != NULL;
}

static void test_storm(struct app *a)
{
	struct storm w = {.app = a};
	char buf[256];
	int fd[8];

	pthread_create(&w.thread, NULL, storm_feed, &w);
	for (unsigned i = 0; i < 40; i++) {
		for (unsigned k = 0; k < 8; k++) {
			fd[k] = raw_connect(a);
			raw_send(fd[k], "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
		}
		for (unsigned k = 0; k < 8; k++) {
			if (k % 2)
				raw_until(fd[k], buf, sizeof(buf), "\r\n\r\n");
			close(fd[k]);
		}
	}
	pthread_mutex_lock(&a->lock);
	w.quit = true;
	pthread_mutex_unlock(&a->lock);
	pthread_join(w.thread, NULL);
	while (close_last(a)) /* not under the lock, which gone takes */
		;
	ok(true, "clients come and go while all are fed");
}

static void test_stop(struct app *a)
{
	static char block[64 << 10];
	unsigned before = gone_count(a);
	char buf[4096];
	int fd[3];

	fd[0] = open_stream(a, 1);
	fd[1] = open_stream(a, 2);
	fd[2] = open_stream(a, 3);
	send_text(a->streams[1], "data: last words\n\n");
	while (suan_http_stream_send(a->streams[2], block, sizeof(block)) == SUAN_OK)
		;
	app_stop_server(a); /* the third does not read: waits, then cuts */
	is_int(gone_count(a), before + 3, "all are told that the server stops");
	is_int(suan_http_stream_send(a->streams[0], "x", 1), SUAN_EUNREACHABLE, "no more sending");
	ok(raw_end(fd[0]), "an idle stream has ended");
	ok(raw_until(fd[1], buf, sizeof(buf), NULL) && strstr(buf, "last words") &&
		   strstr(buf, "\r\n0\r\n\r\n"),
	   "what was queued has arrived");
	ok(raw_end(fd[2]), "who did not read is cut");
	for (unsigned i = 0; i < 3; i++)
		close(fd[i]);
}

int main(void)
{
	struct suan_http_config config = {.threads = 1};
	struct app a;

	signal(SIGPIPE, SIG_IGN);
	if (!ok(app_start(&a, &config), "server"))
		return tap_done();
	test_order(&a);
	test_gone(&a);
	test_slow(&a);
	test_storm(&a);
	test_stop(&a);
	app_done(&a);
	return tap_done();
}
