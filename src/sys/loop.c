#include "sys/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/grow.h"
#include "sys/clock.h"
#include "sys/oserr.h"

#define EVENTS_PER_ROUND 256
#define HOOKS_MAX	 8
#define SIGNALS_MAX	 65
#define NOT_SET		 SIZE_MAX

struct suan_watch {
	struct suan_loop *loop;
	int fd;
	uint32_t want;
	suan_watch_fn *fn;	/* NULL: freed during a round, memory goes at its end */
	void *ctx;
	struct suan_watch *next_dead;
};

struct suan_timer {
	struct suan_loop *loop;
	suan_loop_fn *fn;
	void *ctx;
	int64_t due_us;
	uint64_t order;		/* of setting; breaks ties */
	size_t at;		/* place in the heap; NOT_SET */
};

struct post {
	suan_loop_fn *fn;
	void *ctx;
	struct post *next;
};

struct hook {
	suan_loop_fn *fn;
	void *ctx;
};

struct suan_loop {
	int epoll_fd, event_fd, signal_fd;
	struct suan_watch *event_watch, *signal_watch;
	bool in_round;
	struct suan_watch *dead;
	struct suan_timer **heap;	/* earliest first */
	size_t nheap, heap_cap;
	size_t ntimers;			/* made and not freed: room is kept for all of them */
	uint64_t timer_order;
	pthread_mutex_t lock;		/* of the posts */
	struct post *posts, **posts_end;
	atomic_bool stop;
	struct hook hooks[HOOKS_MAX];
	size_t nhooks;
	sigset_t signals;
	struct {
		suan_signal_fn *fn;
		void *ctx;
	} on_signal[SIGNALS_MAX];
};

/* ---- watches ---- */

static uint32_t epoll_mask(bool want_read, bool want_write)
{
	return (want_read ? (uint32_t)EPOLLIN : 0) | (want_write ? (uint32_t)EPOLLOUT : 0);
}

enum suan_code suan_watch_new(struct suan_watch **ret, struct suan_loop *l, int fd,
			      suan_watch_fn *fn, void *ctx)
{
	struct suan_watch *w = calloc(1, sizeof(*w));
	struct epoll_event ev;

	if (!w)
		return SUAN_ENOMEM;
	w->loop = l;
	w->fd = fd;
	w->fn = fn;
	w->ctx = ctx;
	w->want = epoll_mask(true, false);
	ev.events = w->want;
	ev.data.ptr = w;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(w);
		return suan_os_code(errno);
	}
	*ret = w;
	return SUAN_OK;
}

void suan_watch_set(struct suan_watch *w, bool want_read, bool want_write)
{
	struct epoll_event ev;
	int rc;

	if (w->want == epoll_mask(want_read, want_write))
		return;
	w->want = epoll_mask(want_read, want_write);
	ev.events = w->want;
	ev.data.ptr = w;
	rc = epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev);
	assert(rc == 0);	/* fails only if the caller closed the fd under the watch */
}

void suan_watch_free(struct suan_watch *w)
{
	if (!w)
		return;
	assert(w->fn);
	(void)epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	if (!w->loop->in_round) {
		free(w);
		return;
	}
	w->fn = NULL;
	w->next_dead = w->loop->dead;
	w->loop->dead = w;
}

static void bury_dead(struct suan_loop *l)
{
	while (l->dead) {
		struct suan_watch *w = l->dead;

		l->dead = w->next_dead;
		free(w);
	}
}

/* ---- timers: a binary heap ---- */

static bool earlier(const struct suan_timer *a, const struct suan_timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void heap_put(struct suan_loop *l, size_t at, struct suan_timer *t)
{
	l->heap[at] = t;
	t->at = at;
}

static void sift_up(struct suan_loop *l, size_t at, struct suan_timer *t)
{
	while (at > 0 && earlier(t, l->heap[(at - 1) / 2])) {
		heap_put(l, at, l->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(l, at, t);
}

static void sift_down(struct suan_loop *l, size_t at, struct suan_timer *t)
{
	for (;;) {
		size_t child = at * 2 + 1;

		if (child >= l->nheap)
			break;
		if (child + 1 < l->nheap && earlier(l->heap[child + 1], l->heap[child]))
			child++;
		if (!earlier(l->heap[child], t))
			break;
		heap_put(l, at, l->heap[child]);
		at = child;
	}
	heap_put(l, at, t);
}

enum suan_code suan_timer_new(struct suan_timer **ret, struct suan_loop *l, suan_loop_fn *fn,
			      void *ctx)
{
	struct suan_timer *t;

	/* Room in the heap for every timer, so that setting one cannot fail. */
	if (suan_grow(&l->heap, &l->heap_cap, l->ntimers + 1, sizeof(struct suan_timer *)) !=
	    SUAN_OK)
		return SUAN_ENOMEM;
	t = calloc(1, sizeof(*t));
	if (!t)
		return SUAN_ENOMEM;
	t->loop = l;
	t->fn = fn;
	t->ctx = ctx;
	t->at = NOT_SET;
	l->ntimers++;
	*ret = t;
	return SUAN_OK;
}

void suan_timer_stop(struct suan_timer *t)
{
	struct suan_loop *l = t->loop;
	struct suan_timer *last;
	size_t at = t->at;

	if (at == NOT_SET)
		return;
	t->at = NOT_SET;
	last = l->heap[--l->nheap];
	if (last == t)
		return;
	if (at > 0 && earlier(last, l->heap[(at - 1) / 2]))
		sift_up(l, at, last);
	else
		sift_down(l, at, last);
}

void suan_timer_set(struct suan_timer *t, int64_t in_ms)
{
	const int64_t max_ms = (int64_t)1000 * 3600 * 24 * 365 * 1000;

	assert(in_ms >= 0);
	suan_timer_stop(t);
	t->due_us = suan_clock_mono_us() + (in_ms < max_ms ? in_ms : max_ms) * 1000;
	t->order = ++t->loop->timer_order;
	sift_up(t->loop, t->loop->nheap++, t);
}

void suan_timer_free(struct suan_timer *t)
{
	if (!t)
		return;
	suan_timer_stop(t);
	t->loop->ntimers--;
	free(t);
}

/* Timers set while this runs wait for the next round, so that a round always ends. */
static void fire_timers(struct suan_loop *l)
{
	uint64_t last = l->timer_order;
	int64_t now_us;

	if (l->nheap == 0)
		return;
	now_us = suan_clock_mono_us();
	while (l->nheap > 0 && l->heap[0]->due_us <= now_us && l->heap[0]->order <= last) {
		struct suan_timer *t = l->heap[0];

		suan_timer_stop(t);
		t->fn(t->ctx);	/* may free t */
	}
}

static int wait_for_timer(const struct suan_loop *l, int wait_ms)
{
	int64_t in_us;

	if (l->nheap == 0)
		return wait_ms;
	in_us = l->heap[0]->due_us - suan_clock_mono_us();
	if (in_us <= 0)
		return 0;
	in_us = (in_us + 999) / 1000;
	if (in_us > INT32_MAX)
		in_us = INT32_MAX;
	return wait_ms < 0 || in_us < wait_ms ? (int)in_us : wait_ms;
}

/* ---- posts from other threads ---- */

static void wake(struct suan_loop *l)
{
	uint64_t one = 1;
	ssize_t n;

	do
		n = write(l->event_fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);	/* EAGAIN: it is awake already */
}

enum suan_code suan_loop_post(struct suan_loop *l, suan_loop_fn *fn, void *ctx)
{
	struct post *p = malloc(sizeof(*p));
	bool first;

	if (!p)
		return SUAN_ENOMEM;
	*p = (struct post){.fn = fn, .ctx = ctx};
	pthread_mutex_lock(&l->lock);
	first = l->posts == NULL;
	*l->posts_end = p;
	l->posts_end = &p->next;
	pthread_mutex_unlock(&l->lock);
	if (first)
		wake(l);
	return SUAN_OK;
}

void suan_loop_stop(struct suan_loop *l)
{
	atomic_store(&l->stop, true);
	wake(l);
}

static struct post *take_posts(struct suan_loop *l)
{
	struct post *all;

	pthread_mutex_lock(&l->lock);
	all = l->posts;
	l->posts = NULL;
	l->posts_end = &l->posts;
	pthread_mutex_unlock(&l->lock);
	return all;
}

static void run_posts(struct suan_loop *l)
{
	struct post *p = take_posts(l);

	while (p) {
		struct post *next = p->next;

		p->fn(p->ctx);
		free(p);
		p = next;
	}
}

static void on_event_fd(void *ctx, int fd, bool readable, bool writable)
{
	uint64_t n;

	(void)writable;
	if (readable && read(fd, &n, sizeof(n)) < 0)
		return;		/* taken already */
	run_posts(ctx);
}

/* ---- signals ---- */

static void on_signal_fd(void *ctx, int fd, bool readable, bool writable)
{
	struct suan_loop *l = ctx;
	struct signalfd_siginfo info;

	(void)writable;
	while (readable && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		uint32_t signo = info.ssi_signo;

		if (signo < SIGNALS_MAX && l->on_signal[signo].fn)
			l->on_signal[signo].fn(l->on_signal[signo].ctx, (int)signo);
	}
}

enum suan_code suan_loop_signal(struct suan_loop *l, int signo, suan_signal_fn *fn, void *ctx)
{
	sigset_t set = l->signals;
	sigset_t one;
	int fd;

	if (signo <= 0 || signo >= SIGNALS_MAX)
		return SUAN_EINVAL;
	(void)sigaddset(&set, signo);
	fd = signalfd(l->signal_fd, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return suan_os_code(errno);
	l->signal_fd = fd;
	if (!l->signal_watch) {
		enum suan_code rc = suan_watch_new(&l->signal_watch, l, fd, on_signal_fd, l);

		if (rc != SUAN_OK)
			return rc;
	}
	(void)sigemptyset(&one);
	(void)sigaddset(&one, signo);
	(void)pthread_sigmask(SIG_BLOCK, &one, NULL);
	l->signals = set;
	l->on_signal[signo].fn = fn;
	l->on_signal[signo].ctx = ctx;
	return SUAN_OK;
}

/* ---- the loop ---- */

enum suan_code suan_loop_new(struct suan_loop **ret, struct suan_err *err)
{
	struct suan_loop *l = calloc(1, sizeof(*l));
	enum suan_code rc;

	if (!l)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	l->signal_fd = -1;
	l->posts_end = &l->posts;
	(void)sigemptyset(&l->signals);
	(void)pthread_mutex_init(&l->lock, NULL);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->epoll_fd < 0 || l->event_fd < 0) {
		rc = suan_fail_os(err, errno, "cannot make an event loop");
		goto out;
	}
	rc = suan_watch_new(&l->event_watch, l, l->event_fd, on_event_fd, l);
	if (rc != SUAN_OK) {
		rc = suan_fail(err, rc, "cannot make an event loop");
		goto out;
	}
	*ret = l;
	l = NULL;
out:
	suan_loop_free(l);
	return rc;
}

void suan_loop_free(struct suan_loop *l)
{
	struct post *p;

	if (!l)
		return;
	assert(l->ntimers == 0);
	assert(!l->in_round);
	suan_watch_free(l->event_watch);
	suan_watch_free(l->signal_watch);
	for (p = take_posts(l); p;) {
		struct post *next = p->next;

		free(p);
		p = next;
	}
	if (l->signal_fd >= 0)
		(void)close(l->signal_fd);
	if (l->event_fd >= 0)
		(void)close(l->event_fd);
	if (l->epoll_fd >= 0)
		(void)close(l->epoll_fd);
	(void)pthread_mutex_destroy(&l->lock);
	free(l->heap);
	free(l);
}

static void serve_watches(const struct epoll_event *events, int n)
{
	for (int i = 0; i < n; i++) {
		struct suan_watch *w = events[i].data.ptr;
		uint32_t got = events[i].events;
		bool broken = (got & (EPOLLERR | EPOLLHUP)) != 0;

		/* A broken fd is ready for whatever is wanted: the next call on it tells. One
		 * that wants nothing hears of it as readable, or the loop would spin. */
		if (w->fn)
			w->fn(w->ctx, w->fd,
			      (got & EPOLLIN) != 0 || (broken && (w->want & EPOLLOUT) == 0),
			      (got & EPOLLOUT) != 0 || (broken && (w->want & EPOLLOUT) != 0));
	}
}

enum suan_code suan_loop_once(struct suan_loop *l, int wait_ms, struct suan_err *err)
{
	struct epoll_event events[EVENTS_PER_ROUND];
	int n;

	assert(!l->in_round);
	n = epoll_wait(l->epoll_fd, events, EVENTS_PER_ROUND, wait_for_timer(l, wait_ms));
	if (n < 0 && errno != EINTR)
		return suan_fail_os(err, errno, "cannot wait for events");
	l->in_round = true;
	serve_watches(events, n);
	fire_timers(l);
	for (size_t i = 0; i < l->nhooks; i++)
		l->hooks[i].fn(l->hooks[i].ctx);
	l->in_round = false;
	bury_dead(l);
	return SUAN_OK;
}

enum suan_code suan_loop_run(struct suan_loop *l, struct suan_err *err)
{
	while (!atomic_exchange(&l->stop, false)) {
		enum suan_code rc = suan_loop_once(l, -1, err);

		if (rc != SUAN_OK)
			return rc;
	}
	return SUAN_OK;
}

enum suan_code suan_loop_after(struct suan_loop *l, suan_loop_fn *fn, void *ctx)
{
	if (l->nhooks == HOOKS_MAX)
		return SUAN_EFULL;
	l->hooks[l->nhooks++] = (struct hook){.fn = fn, .ctx = ctx};
	return SUAN_OK;
}
