#include "http/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "http/linger.h"
#include "http/request.h"
#include "http/visit.h"
#include "sys/clock.h"

#define EVENTS		  64
#define STOP_WAIT_MS	  3000 /* for open requests */
#define STOP_TICK_MS	  20
#define CONNECTION_MEMORY (32u << 10) /* bounds the header */
#define PRIORITIES	  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* In l->wakes once the thread has ended. */
static struct suan_http_wake sealed;

static int64_t now_ms(void)
{
	return suan_clock_mono_us() / 1000;
}

void suan_http_loop_ref(struct suan_http_loop *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
}

void suan_http_loop_drop(struct suan_http_loop *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (l->evfd >= 0)
		(void)close(l->evfd);
	if (l->epfd >= 0)
		(void)close(l->epfd);
	free(l);
}

/* The event is edge-triggered, so the counter is never read back. */
static void nudge(struct suan_http_loop *l)
{
	uint64_t one = 1;

	while (write(l->evfd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void suan_http_loop_wake(struct suan_http_loop *l, struct suan_http_wake *w)
{
	struct suan_http_wake *head = atomic_load_explicit(&l->wakes, memory_order_acquire);

	do {
		if (head == &sealed) { /* nothing is suspended any more: run only lets go */
			w->run(w);
			return;
		}
		w->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&l->wakes, &head, w, memory_order_release,
							memory_order_acquire));
	if (!head) /* otherwise somebody has nudged already */
		nudge(l);
}

/* In the order of handing over. */
static void run_wakes(struct suan_http_loop *l, struct suan_http_wake *leave)
{
	struct suan_http_wake *w, *next, *list = NULL;

	w = atomic_exchange_explicit(&l->wakes, leave, memory_order_acq_rel);
	for (; w; w = next) {
		next = w->next;
		w->next = list;
		list = w;
	}
	for (w = list; w; w = next) {
		next = w->next; /* w may be freed or handed over again by run */
		w->run(w);
	}
}

static int wait_ms(struct suan_http_loop *l)
{
	MHD_UNSIGNED_LONG_LONG t;
	int ms = -1;

	if (MHD_get_timeout(l->daemon, &t) == MHD_YES)
		ms = t > 60000 ? 60000 : (int)t;
	if (l->visits && (ms < 0 || ms > SUAN_HTTP_VISIT_TICK_MS))
		ms = SUAN_HTTP_VISIT_TICK_MS;
	if (l->lingers && (ms < 0 || ms > SUAN_HTTP_LINGER_TICK_MS))
		ms = SUAN_HTTP_LINGER_TICK_MS;
	if (l->stopping && (ms < 0 || ms > STOP_TICK_MS))
		ms = STOP_TICK_MS;
	return ms;
}

static void one_round(struct suan_http_loop *l)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(l->epfd, ev, EVENTS, wait_ms(l));

	for (int i = 0; i < n; i++) {
		struct suan_http_watch *w = ev[i].data.ptr;

		if (w) /* NULL: MHD's own set, or the nudge */
			w->ready(w);
	}
	run_wakes(l, NULL);
	(void)MHD_run(l->daemon);
	if (l->dispatched && l->config.handled)
		l->config.handled(l->config.ctx);
	l->dispatched = false;
	suan_http_linger_expire(l, now_ms());
	suan_http_visit_expire(l, now_ms());
}

static void begin_stop(struct suan_http_loop *l)
{
	MHD_socket fd = MHD_quiesce_daemon(l->daemon);

	if (fd != MHD_INVALID_SOCKET)
		(void)close(fd);
	l->stopping = true;
	l->stop_at_ms = now_ms() + STOP_WAIT_MS;
	suan_http_requests_end(l);
}

static void *run(void *arg)
{
	struct suan_http_loop *l = arg;

	(void)MHD_run(l->daemon);
	while (!l->stopping || (l->requests && now_ms() < l->stop_at_ms)) {
		one_round(l);
		if (!l->stopping && atomic_load_explicit(&l->stop, memory_order_acquire))
			begin_stop(l);
	}
	while (suan_http_requests_cut(l)) /* an answer may just be on its way */
		one_round(l);
	MHD_stop_daemon(l->daemon);
	l->daemon = NULL;
	run_wakes(l, &sealed);
	suan_http_linger_expire(l, INT64_MAX);
	return NULL;
}

/* Of MHD_AccessHandlerCallback; their number is not ours to choose. */
#define ACCESS_PARAMETERS                                                                          \
	void *cls, struct MHD_Connection *conn, const char *url, const char *method,               \
		const char *version, const char *upload, size_t *upload_n, void **slot

static enum MHD_Result access_request(ACCESS_PARAMETERS)
{
	struct suan_http_news news = {conn, url, method, upload, *upload_n};
	struct suan_http_request *r = *slot;
	enum MHD_Result result;

	(void)version;
	*upload_n = 0;
	result = suan_http_request_access(cls, &r, &news);
	*slot = r;
	return result;
}

static void release(void *cls, struct MHD_Connection *conn, void **slot,
		    enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)conn;
	(void)why;
	suan_http_request_completed(*slot);
	*slot = NULL;
}

/* Percent-decodes in place; a coded NUL stays as it is written, so that it cannot hide anything. */
static size_t unescape(void *cls, struct MHD_Connection *conn, char *s)
{
	static const char hex[] = "0123456789abcdef";
	char *out = s;

	(void)cls;
	(void)conn;
	for (const char *p = s; *p; p++) {
		const char *hi = NULL, *lo = NULL;

		if (p[0] == '%' && p[1] && p[2]) {
			hi = strchr(hex, p[1] | (p[1] >= 'A' ? 0x20 : 0));
			lo = strchr(hex, p[2] | (p[2] >= 'A' ? 0x20 : 0));
		}
		if (hi && lo && (hi != hex || lo != hex)) {
			*out++ = (char)((hi - hex) << 4 | (lo - hex));
			p += 2;
		} else {
			*out++ = *p;
		}
	}
	*out = '\0';
	return (size_t)(out - s);
}

static bool watch_fd(struct suan_http_loop *l, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = NULL};

	return fd >= 0 && epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static bool start_daemon(struct suan_http_loop *l, int fd, const char *cert, const char *key)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (cert ? MHD_USE_TLS : 0u);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};
	const union MHD_DaemonInfo *info;

	if (!cert)
		tls[0] = tls[3];
	l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, access_request, l,
				     MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				     l->config.max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
				     l->config.idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				     (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
				     release, NULL, MHD_OPTION_NOTIFY_CONNECTION,
				     suan_http_visit_notify, l, MHD_OPTION_UNESCAPE_CALLBACK,
				     unescape, NULL, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (!l->daemon)
		return false;
	info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	return info && watch_fd(l, info->epoll_fd, EPOLLIN) &&
	       watch_fd(l, l->evfd, EPOLLIN | EPOLLET);
}

/* Signals are for the program's other threads, except those that tell of a bug here. */
static bool start_thread(struct suan_http_loop *l)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	sigset_t all, old;
	bool good;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	good = pthread_create(&l->thread, NULL, run, l) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return good;
}

enum suan_code suan_http_loop_start(struct suan_http_loop **ret,
				    const struct suan_http_config *config, int listen_fd,
				    const char *cert, const char *key, struct suan_err *err)
{
	struct suan_http_loop *l = calloc(1, sizeof(*l));
	int fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);

	if (!l || fd < 0) {
		free(l);
		if (fd >= 0)
			(void)close(fd);
		return suan_fail(err, SUAN_ENOMEM, "no memory or no descriptor for the server");
	}
	atomic_init(&l->refs, 1);
	l->config = *config;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	l->evfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->epfd >= 0 && l->evfd >= 0 && start_daemon(l, fd, cert, key) && start_thread(l)) {
		l->running = true;
		*ret = l;
		return SUAN_OK;
	}
	if (l->daemon)
		MHD_stop_daemon(l->daemon); /* closes fd */
	else
		(void)close(fd);
	suan_http_loop_drop(l);
	if (cert)
		return suan_fail(err, SUAN_EINVAL,
				 "the server did not start; is the certificate or key damaged, or "
				 "do they not belong together?");
	return suan_fail(err, SUAN_EIO, "the server did not start: %s", strerror(errno));
}

void suan_http_loop_ask_stop(struct suan_http_loop *l)
{
	atomic_store_explicit(&l->stop, true, memory_order_release);
	nudge(l);
}

void suan_http_loop_join(struct suan_http_loop *l)
{
	if (!l)
		return;
	if (l->running)
		(void)pthread_join(l->thread, NULL);
	suan_http_loop_drop(l);
}
