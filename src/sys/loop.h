/* The event loop of a process: files, timers, signals, posts from other threads. One thread runs
 * it; only suan_loop_post and suan_loop_stop may be called from others. Equal timers fire in the
 * order they were set (as in libuv). */
#ifndef SUAN_SYS_LOOP_H
#define SUAN_SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct suan_loop;
struct suan_watch;	/* one fd */
struct suan_timer;

typedef void suan_loop_fn(void *ctx);
typedef void suan_watch_fn(void *ctx, int fd, bool readable, bool writable);
typedef void suan_signal_fn(void *ctx, int signo);

SUAN_MUSTUSE enum suan_code suan_loop_new(struct suan_loop **ret, struct suan_err *err);
void suan_loop_free(struct suan_loop *l);	/* watches and timers must be gone before */
/* Runs until suan_loop_stop. */
SUAN_MUSTUSE enum suan_code suan_loop_run(struct suan_loop *l, struct suan_err *err);
/* One round: waits at most wait_ms (−1 = for ever), serves what is ready. For tests. */
SUAN_MUSTUSE enum suan_code suan_loop_once(struct suan_loop *l, int wait_ms, struct suan_err *err);
void suan_loop_stop(struct suan_loop *l);

SUAN_MUSTUSE enum suan_code suan_watch_new(struct suan_watch **ret, struct suan_loop *l, int fd,
					   suan_watch_fn *fn, void *ctx);
void suan_watch_set(struct suan_watch *w, bool want_read, bool want_write);
void suan_watch_free(struct suan_watch *w);	/* does not close the fd; safe inside its own fn */

SUAN_MUSTUSE enum suan_code suan_timer_new(struct suan_timer **ret, struct suan_loop *l,
					   suan_loop_fn *fn, void *ctx);
void suan_timer_set(struct suan_timer *t, int64_t in_ms);	/* from now; replaces; ≥ 0 */
void suan_timer_stop(struct suan_timer *t);
void suan_timer_free(struct suan_timer *t);

/* fn(ctx) runs on the loop's thread soon, in order of posting. */
SUAN_MUSTUSE enum suan_code suan_loop_post(struct suan_loop *l, suan_loop_fn *fn, void *ctx);
/* fn runs at the end of every round, after everything that was ready: the place for group commits.
 * At most 8 hooks. */
SUAN_MUSTUSE enum suan_code suan_loop_after(struct suan_loop *l, suan_loop_fn *fn, void *ctx);
/* Blocks the signal in all threads and calls fn from the loop (signalfd). Before other threads
 * start. */
SUAN_MUSTUSE enum suan_code suan_loop_signal(struct suan_loop *l, int signo, suan_signal_fn *fn,
					     void *ctx);

#endif
