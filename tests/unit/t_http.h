/* What the tests of the HTTP layer share: a small application behind the server, with a thread of
 * its own that answers later, and raw sockets for clients that misbehave.
 *   /echo    answers at once with what was understood of the request
 *   /later   the same, from the other thread
 *   /size    answers "n sum" of the body, from the other thread
 *   /hold    is kept until app_release
 *   /stream  opens a stream, to be waited for with app_stream
 *   /early   answers 401 as soon as the head is there
 *   /small   as /echo, but takes bodies of 100 bytes only */
#ifndef SUAN_TESTS_T_HTTP_H
#define SUAN_TESTS_T_HTTP_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/tap.h"

#include "http/client.h"
#include "http/server.h"
#include "sys/clock.h"

#define APP_MOST 1024

struct app {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct suan_http_request *queue[APP_MOST], *held[APP_MOST];
	struct suan_http_stream *streams[APP_MOST];
	unsigned nqueue, nheld, nstreams, ngone, nroom, nrefused, nrounds;
	bool quit, close_in_gone;
	pthread_t thread;
	struct suan_http_server *server;
	char url[64];
	uint16_t port;
};

static inline void app_add(void *ctx, const char *name, const char *value)
{
	suan_buf_addf(ctx, "query %s=%s\n", name, value);
}

static inline void app_reply(struct suan_http_request *req, int status, struct suan_buf *text)
{
	struct suan_http_reply reply = {
		.status = status, .type = "text/plain", .headers = "X-One: 1\nX-Two: two words\n"};

	reply.body = suan_buf_take(text, &reply.n);
	suan_http_reply(req, &reply);
}

static inline void app_echo(struct suan_http_request *req)
{
	const char *status = suan_http_query(req, "status");
	const char *colour = suan_http_header(req, "x-COLOUR");
	const char *auth = suan_http_header(req, "Authorization");
	struct suan_buf b;
	size_t n;

	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%s %s from %s\n", suan_http_method(req), suan_http_path(req),
		      suan_http_peer(req));
	suan_http_queries(req, app_add, &b);
	if (colour)
		suan_buf_addf(&b, "colour %s\n", colour);
	if (auth)
		suan_buf_addf(&b, "auth %s\n", auth);
	suan_buf_addf(&b, "body %s", suan_http_body(req, &n));
	suan_buf_addf(&b, " (%zu)", n);
	app_reply(req, status ? atoi(status) : 200, &b);
}

static inline void app_size(struct suan_http_request *req)
{
	unsigned sum = 0;
	struct suan_buf b;
	size_t n;
	const char *body = suan_http_body(req, &n);

	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + (unsigned char)body[i];
	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%zu %u", n, sum);
	app_reply(req, 200, &b);
}

static inline void *app_run(void *arg)
{
	struct app *a = arg;
	struct suan_http_request *batch[APP_MOST];
	unsigned n;

	pthread_mutex_lock(&a->lock);
	while (!a->quit || a->nqueue) {
		if (!a->nqueue) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		n = a->nqueue;
		memcpy(batch, a->queue, n * sizeof(batch[0]));
		a->nqueue = 0;
		pthread_mutex_unlock(&a->lock);
		for (unsigned i = 0; i < n; i++) {
			if (strcmp(suan_http_path(batch[i]), "/size") == 0)
				app_size(batch[i]);
			else
				app_echo(batch[i]);
		}
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

static inline void app_gone(void *ctx)
{
	struct app *a = ctx;
	struct suan_http_stream *close_this = NULL;

	pthread_mutex_lock(&a->lock);
	a->ngone++;
	if (a->close_in_gone && a->nstreams)
		close_this = a->streams[--a->nstreams];
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	suan_http_stream_close(close_this);
}

static inline void app_room(void *ctx)
{
	struct app *a = ctx;

	pthread_mutex_lock(&a->lock);
	a->nroom++;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static inline void app_begin(void *ctx, struct suan_http_request *req)
{
	(void)ctx;
	if (strcmp(suan_http_path(req), "/early") == 0)
		suan_http_reply(req, &(struct suan_http_reply){.status = 401});
	if (strcmp(suan_http_path(req), "/small") == 0)
		suan_http_limit(req, 100);
}

static inline void app_handle(void *ctx, struct suan_http_request *req)
{
	const struct suan_http_stream_events events = {app_gone, app_room, ctx};
	const char *path = suan_http_path(req);
	struct app *a = ctx;

	if (strcmp(path, "/later") != 0 && strcmp(path, "/size") != 0 &&
	    strcmp(path, "/hold") != 0 && strcmp(path, "/stream") != 0) {
		app_echo(req);
		return;
	}
	pthread_mutex_lock(&a->lock);
	if (strcmp(path, "/hold") == 0)
		a->held[a->nheld++] = req;
	else if (strcmp(path, "/stream") != 0)
		a->queue[a->nqueue++] = req;
	else if (suan_http_stream_open(req, "text/event-stream", &events,
				       &a->streams[a->nstreams]) == SUAN_OK)
		a->nstreams++;
	pthread_mutex_unlock(&a->lock);
}

/* After each round of app_handle: wakes the thread that answers. */
static inline void app_handled(void *ctx)
{
	struct app *a = ctx;

	pthread_mutex_lock(&a->lock);
	a->nrounds++;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

/* Waits up to 20 s for *n (guarded by the lock) to reach want. */
static inline bool app_wait(struct app *a, const unsigned *n, unsigned want)
{
	struct timespec until;
	int rc = 0;
	bool good;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	pthread_mutex_lock(&a->lock);
	while (*n < want && rc == 0)
		rc = pthread_cond_timedwait(&a->changed, &a->lock, &until);
	good = *n >= want;
	pthread_mutex_unlock(&a->lock);
	return good;
}

/* Answers all that is held. */
static inline void app_release(struct app *a)
{
	struct suan_http_request *held[APP_MOST];
	unsigned n;

	pthread_mutex_lock(&a->lock);
	n = a->nheld;
	memcpy(held, a->held, n * sizeof(held[0]));
	a->nheld = 0;
	pthread_mutex_unlock(&a->lock);
	for (unsigned i = 0; i < n; i++)
		app_echo(held[i]);
}

static inline bool app_start(struct app *a, struct suan_http_config *config)
{
	struct suan_err err = {0};

	memset(a, 0, sizeof(*a));
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	config->begin = app_begin;
	config->handle = app_handle;
	config->handled = app_handled;
	config->ctx = a;
	if (!config->listen)
		config->listen = "127.0.0.1:0";
	if (suan_http_server_start(&a->server, config, &err) != SUAN_OK) {
		printf("# %s\n", err.text);
		return false;
	}
	a->port = suan_http_server_port(a->server);
	(void)snprintf(a->url, sizeof(a->url), "http%s://127.0.0.1:%u",
		       config->cert_file ? "s" : "", a->port);
	pthread_create(&a->thread, NULL, app_run, a);
	return true;
}

static inline void app_stop_server(struct app *a)
{
	suan_http_server_stop(a->server);
	a->server = NULL;
}

static inline void app_done(struct app *a)
{
	pthread_mutex_lock(&a->lock);
	a->quit = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	app_stop_server(a);
	app_release(a);
	while (a->nstreams)
		suan_http_stream_close(a->streams[--a->nstreams]);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->changed);
}

/* ---- raw clients ---- */

static inline int raw_connect(const struct app *a)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(a->port)};
	struct timeval patience = {.tv_sec = 20};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline bool raw_send(int fd, const char *s)
{
	return send(fd, s, strlen(s), MSG_NOSIGNAL) == (ssize_t)strlen(s);
}

/* Reads until what has come contains `until`, or the end. */
static inline bool raw_until(int fd, char *buf, size_t size, const char *until)
{
	size_t n = 0;

	while (n + 1 < size) {
		ssize_t got = recv(fd, buf + n, size - 1 - n, 0);

		n += got > 0 ? (size_t)got : 0;
		buf[n] = '\0';
		if (until && strstr(buf, until))
			return true;
		if (got <= 0)
			return !until && got == 0;
	}
	return false;
}

/* Waits until the server closes: true. */
static inline bool raw_end(int fd)
{
	char waste[65536];
	ssize_t n;

	while ((n = recv(fd, waste, sizeof(waste), 0)) > 0)
		;
	return n == 0 || errno == ECONNRESET;
}

#endif
