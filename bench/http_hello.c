/* Hello world over the HTTP layer, to be measured with wrk: every request is handed to a second
 * thread, which answers whole batches, as the core's thread does.
 *   http_hello PORT [THREADS [inline|eager]]
 * inline: answered on the server's thread; eager: that thread is woken for every request, not once
 * for all that came together
 * then, for example: wrk -t1 -c64 -d6s --latency http://127.0.0.1:PORT/ */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/server.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct suan_http_request *queue[65536];
static size_t queued;

static void answer(struct suan_http_request *req)
{
	struct suan_http_reply reply = {.status = 200, .type = "application/json"};

	reply.body = strdup("{\"hello\":\"world\",\"answer\":42}\n");
	reply.n = reply.body ? strlen(reply.body) : 0;
	suan_http_reply(req, &reply);
}

static void enqueue(void *ctx, struct suan_http_request *req)
{
	(void)ctx;
	pthread_mutex_lock(&lock);
	queue[queued++] = req;
	pthread_mutex_unlock(&lock);
}

static void wake(void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&lock);
	if (queued)
		pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

static void enqueue_and_wake(void *ctx, struct suan_http_request *req)
{
	enqueue(ctx, req);
	wake(ctx);
}

static void inline_answer(void *ctx, struct suan_http_request *req)
{
	(void)ctx;
	answer(req);
}

int main(int argc, char **argv)
{
	static struct suan_http_request *batch[65536];
	char listen[64];
	struct suan_http_config config = {.listen = listen, .max_connections = 4096};
	struct suan_http_server *server;
	struct suan_err err = {0};

	(void)snprintf(listen, sizeof(listen), "127.0.0.1:%s", argc > 1 ? argv[1] : "7079");
	config.threads = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
	config.handle = enqueue;
	config.handled = wake;
	if (argc > 3) {
		config.handle = argv[3][0] == 'i' ? inline_answer : enqueue_and_wake;
		config.handled = NULL;
	}
	if (suan_http_server_start(&server, &config, &err) != SUAN_OK) {
		(void)fprintf(stderr, "http_hello: %s\n", err.text);
		return 1;
	}
	for (;;) {
		size_t n;

		pthread_mutex_lock(&lock);
		while (queued == 0)
			pthread_cond_wait(&more, &lock);
		n = queued;
		memcpy(batch, queue, n * sizeof(batch[0]));
		queued = 0;
		pthread_mutex_unlock(&lock);
		for (size_t i = 0; i < n; i++)
			answer(batch[i]);
	}
}
