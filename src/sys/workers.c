#include "sys/workers.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sys/oserr.h"

#define THREADS_MAX 64

struct item {
	suan_loop_fn *work, *done;
	void *ctx;
	struct item *next;
};

struct queue {			/* first in, first out */
	struct item *head, **end;
};

struct suan_workers {
	pthread_mutex_t lock;	/* of the queues and closing */
	pthread_cond_t wanted;
	struct queue todo, finished;
	bool closing;
	pthread_t threads[THREADS_MAX];
	unsigned nthreads;
	int event_fd;		/* tells the loop that something finished */
	struct suan_watch *watch;
};

static void queue_init(struct queue *q)
{
	q->head = NULL;
	q->end = &q->head;
}

static void queue_add(struct queue *q, struct item *it)
{
	it->next = NULL;
	*q->end = it;
	q->end = &it->next;
}

static struct item *queue_take(struct queue *q)
{
	struct item *it = q->head;

	if (it) {
		q->head = it->next;
		if (!q->head)
			q->end = &q->head;
	}
	return it;
}

static void queue_free(struct queue *q)
{
	struct item *it;

	while ((it = queue_take(q)))
		free(it);
}

static void wake(int fd)
{
	uint64_t one = 1;
	ssize_t n;

	do
		n = write(fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
}

static void *thread_main(void *arg)
{
	struct suan_workers *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct item *it;

		while (!w->closing && !w->todo.head)
			(void)pthread_cond_wait(&w->wanted, &w->lock);
		if (w->closing)
			break;
		it = queue_take(&w->todo);
		pthread_mutex_unlock(&w->lock);
		it->work(it->ctx);
		pthread_mutex_lock(&w->lock);
		queue_add(&w->finished, it);
		wake(w->event_fd);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void on_finished(void *ctx, int fd, bool readable, bool writable)
{
	struct suan_workers *w = ctx;
	struct queue got;
	struct item *it;
	uint64_t n;

	(void)writable;
	if (readable && read(fd, &n, sizeof(n)) < 0)
		return;
	queue_init(&got);
	pthread_mutex_lock(&w->lock);
	while ((it = queue_take(&w->finished)))
		queue_add(&got, it);
	pthread_mutex_unlock(&w->lock);
	while ((it = queue_take(&got))) {
		it->done(it->ctx);
		free(it);
	}
}

/* Threads of ours take no signals: those belong to the loop. */
static int start_thread(struct suan_workers *w)
{
	sigset_t all, before;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->threads[w->nthreads], NULL, thread_main, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		w->nthreads++;
	return rc;
}

enum suan_code suan_workers_new(struct suan_workers **ret, struct suan_loop *l, unsigned threads,
				struct suan_err *err)
{
	struct suan_workers *w;
	enum suan_code rc = SUAN_OK;

	assert(threads > 0);
	w = calloc(1, sizeof(*w));
	if (!w)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->wanted, NULL);
	queue_init(&w->todo);
	queue_init(&w->finished);
	w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->event_fd < 0) {
		rc = suan_fail_os(err, errno, "cannot make an eventfd");
		goto out;
	}
	rc = suan_watch_new(&w->watch, l, w->event_fd, on_finished, w);
	if (rc != SUAN_OK) {
		rc = suan_fail(err, rc, "cannot watch an eventfd");
		goto out;
	}
	while (w->nthreads < threads && w->nthreads < THREADS_MAX) {
		int e = start_thread(w);

		if (e != 0) {
			rc = suan_fail_os(err, e, "cannot start a thread");
			goto out;
		}
	}
	*ret = w;
	w = NULL;
out:
	suan_workers_free(w);
	return rc;
}

void suan_workers_free(struct suan_workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	(void)pthread_cond_broadcast(&w->wanted);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->nthreads; i++)
		(void)pthread_join(w->threads[i], NULL);
	suan_watch_free(w->watch);
	if (w->event_fd >= 0)
		(void)close(w->event_fd);
	queue_free(&w->todo);
	queue_free(&w->finished);
	(void)pthread_cond_destroy(&w->wanted);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

enum suan_code suan_workers_do(struct suan_workers *w, suan_loop_fn *work, suan_loop_fn *done,
			       void *ctx)
{
	struct item *it = malloc(sizeof(*it));

	if (!it)
		return SUAN_ENOMEM;
	*it = (struct item){.work = work, .done = done, .ctx = ctx};
	pthread_mutex_lock(&w->lock);
	queue_add(&w->todo, it);
	(void)pthread_cond_signal(&w->wanted);
	pthread_mutex_unlock(&w->lock);
	return SUAN_OK;
}
