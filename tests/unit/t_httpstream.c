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

#define MANY_BYTES (32u << 20) /* more than any socket takes */

/* Sends bytes of a known pattern whenever there is room. */
static void *pour(void *arg)
{
	static unsigned char block[64 << 10];
	struct app *a = arg;
	unsigned rooms = 0;
	size_t sent = 0;

	while (sent < MANY_BYTES) {
		enum suan_code rc;

		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (unsigned char)((sent + i) % 251);
		rc = suan_http_stream_send(a->streams[0], block, sizeof(block));
		if (rc == SUAN_OK) {
			sent += sizeof(block);
			continue;
		}
		pthread_mutex_lock(&a->lock);
		a->nrefused++;
		pthread_cond_broadcast(&a->changed);
		pthread_mutex_unlock(&a->lock);
		if (rc != SUAN_EBUSY || !app_wait(a, &a->nroom, ++rooms))
			break;
	}
	suan_http_stream_close(a->streams[0]);
	a->nstreams = 0;
	return NULL;
}

/* Reads a chunked body to its end. -1: other bytes than pour sends. */
static long long read_poured(int fd, size_t step)
{
	static char in[1 << 20];
	long long total = 0;
	size_t have = 0, left = 0;
	char *p, *eol;

	for (;;) {
		ssize_t n = recv(fd, in + have, step, 0);

		if (n <= 0)
			return total;
		have += (size_t)n;
		in[have] = '\0';
		for (p = in;;) {
			size_t rest = have - (size_t)(p - in), now = left < rest ? left : rest;

			for (size_t i = 0; i < now; i++)
				if ((unsigned char)p[i] != (total + (long long)i) % 251)
					return -1;
			total += (long long)now;
			left -= now;
			p += now;
			if (left > 0 || !(eol = memmem(p, rest - now, "\r\n", 2)))
				break;
			if (eol == p) { /* behind a chunk */
				p += 2;
				continue;
			}
			left = strtoul(p, NULL, 16);
			if (left == 0)
				return total;
			p = eol + 2;
		}
		have -= (size_t)(p - in);
		memmove(in, p, have);
	}
}

static void test_slow(struct app *a)
{
	static char block[64 << 10];
	unsigned before = gone_count(a), told, n = 0;
	enum suan_code rc;
	int small = 4096, fd = raw_connect(a);
	pthread_t thread;
	char head[4096];

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	app_wait(a, &a->nstreams, 1);
	memset(block, 'x', sizeof(block));
	do { /* the kernel may take more at any time: what is told after the refusal is no fault */
		told = a->nroom;
		rc = suan_http_stream_send(a->streams[0], block, sizeof(block));
	} while (rc == SUAN_OK && ++n < 1000);
	is_int(rc, SUAN_EBUSY, "a reader that does not read is sent no more");
	ok(n >= 16 && n < 400, "after %u blocks of 64 KiB", n);
	is_int(told, 0, "room is told only to who was refused");
	suan_http_stream_close(a->streams[0]);
	a->nstreams = 0;
	ok(raw_until(fd, block, sizeof(block), "xxxx"), "it reads");
	close(fd);
	is_int(gone_count(a), before, "closed by us: not told");

	fd = raw_connect(a);
	raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	app_wait(a, &a->nstreams, 1);
	pthread_create(&thread, NULL, pour, a);
	for (n = 0; n + 1 < sizeof(head); n++) /* byte by byte: what follows belongs to the body */
		if (recv(fd, head + n, 1, 0) != 1 ||
		    (n >= 3 && memcmp(head + n - 3, "\r\n\r\n", 4) == 0))
			break;
	ok(app_wait(a, &a->nrefused, 1), "who sends has to wait for it");
	is_int(read_poured(fd, 30000), MANY_BYTES, "a slow reader gets every byte");
	pthread_join(thread, NULL);
	ok(a->nroom > 0, "room was told %u times", a->nroom);
	close(fd);
}

static void test_break(struct app *a)
{
	char buf[4096];
	int fd = open_stream(a, 1);

	send_text(a->streams[0], "half of it");
	suan_http_stream_break(a->streams[0]);
	a->nstreams = 0;
	ok(raw_until(fd, buf, sizeof(buf), NULL) && strstr(buf, "half of it"),
	   "what was queued arrives, then the connection ends");
	ok(!strstr(buf, "\r\n0\r\n"), "but not the answer");
	close(fd);
}

static void test_patience(void)
{
	struct suan_http_config config = {.idle_timeout_s = 1};
	struct app a;
	char buf[4096];
	int fd, idle;

	if (!ok(app_start(&a, &config), "server with a short timeout"))
		return;
	fd = raw_connect(&a);
	raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	app_wait(&a, &a.nstreams, 1);
	for (unsigned i = 0; i < 3; i++) { /* each lasts as long as the timeout */
		idle = raw_connect(&a);
		ok(raw_end(idle), "an idle connection is closed");
		close(idle);
	}
	send_text(a.streams[0], "still here");
	ok(raw_until(fd, buf, sizeof(buf), "still here"), "a stream is not");
	suan_http_stream_close(a.streams[0]);
	a.nstreams = 0;
	ok(raw_end(fd), "after its end the timeout counts again");
	close(fd);
	app_done(&a);
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
	test_break(&a);
	test_storm(&a);
	test_stop(&a);
	app_done(&a);
	test_patience();
	return tap_done();
}
