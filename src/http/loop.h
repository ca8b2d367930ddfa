/* One server thread: libmicrohttpd without threads of its own, driven by an epoll loop. Other
 * threads hand answers over in a lock-free list; one write to an eventfd wakes the loop for all of
 * them. MHD is only ever called on this thread (making a response is the one exception).
 * MHD's internal epoll thread is not used: it stalls when exactly 128 events are ready, and it
 * takes one system call per resumed connection. */
#ifndef SUAN_HTTP_LOOP_H
#define SUAN_HTTP_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <microhttpd.h>

#include "base/err.h"
#include "http/server.h"

/* What another thread hands to the loop; embedded in its owner. */
struct suan_http_wake {
	struct suan_http_wake *next;
	void (*run)(struct suan_http_wake *w); /* on the loop's thread */
};

/* A file descriptor in the loop's epoll set; embedded in its owner. */
struct suan_http_watch {
	void (*ready)(struct suan_http_watch *w);
};

struct suan_http_loop {
	atomic_uint refs; /* the server, each request and each stream hold one */
	struct suan_http_config config;
	struct MHD_Daemon *daemon;
	int epfd, evfd;
	pthread_t thread;
	bool running; /* thread is to be joined */
	atomic_bool stop;
	_Atomic(struct suan_http_wake *) wakes; /* last handed over first */
	_Atomic(uint64_t) bodies_bytes;		/* held by requests */
	/* The rest belongs to the loop's thread. */
	bool stopping;
	bool dispatched;		    /* handle() was called in this round */
	int64_t stop_at_ms;		    /* when stopping: open requests are cut then */
	struct suan_http_request *requests; /* not completed yet */
	struct suan_http_visit *visits;	    /* one for each connection */
	int64_t looked_ms;		    /* at them, for those that take too long */
	struct suan_http_linger *lingers;
	unsigned nlingers;
};

/* Takes a duplicate of listen_fd. cert and key: PEM text or NULL, borrowed until the stop. */
SUAN_MUSTUSE enum suan_code suan_http_loop_start(struct suan_http_loop **ret,
						 const struct suan_http_config *config,
						 int listen_fd, const char *cert, const char *key,
						 struct suan_err *err);
void suan_http_loop_ask_stop(struct suan_http_loop *l);
/* Waits for the thread and drops the server's reference. NULL is fine. */
void suan_http_loop_join(struct suan_http_loop *l);

void suan_http_loop_ref(struct suan_http_loop *l);
void suan_http_loop_drop(struct suan_http_loop *l);
/* From any thread that holds a reference: w->run is called soon. w must not be under way already.
 */
void suan_http_loop_wake(struct suan_http_loop *l, struct suan_http_wake *w);

#endif
