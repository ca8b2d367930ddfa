/* The event loop: order of timers, watches freed in their own callback, posts, signals, hooks. */
#include "lib/tap.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/loop.h"

static struct suan_loop *loop;
static char trail[256];

static void note(const char *s)
{
	strncat(trail, s, sizeof(trail) - strlen(trail) - 1);
}

static void note_a(void *ctx)
{
	(void)ctx;
	note("a");
}

static void note_b(void *ctx)
{
	(void)ctx;
	note("b");
}

static void stop(void *ctx)
{
	(void)ctx;
	note(".");
	suan_loop_stop(loop);
}

static void run(void)
{
	struct suan_err err = {0};

	trail[0] = '\0';
	ok(suan_loop_run(loop, &err) == SUAN_OK, "loop ran: %s", err.text);
}

static struct suan_timer *timer(suan_loop_fn *fn, void *ctx)
{
	struct suan_timer *t = NULL;

	if (suan_timer_new(&t, loop, fn, ctx) != SUAN_OK)
		abort();
	return t;
}

static void free_own_timer(void *ctx)
{
	struct suan_timer **t = ctx;

	note("f");
	suan_timer_free(*t);
	*t = NULL;
}

static void set_again(void *ctx)
{
	struct suan_timer **t = ctx;

	note("r");
	if (strlen(trail) < 3)
		suan_timer_set(*t, 0);
	else
		suan_loop_stop(loop);
}

static void test_timers(void)
{
	struct suan_timer *a = timer(note_a, NULL), *b = timer(note_b, NULL);
	struct suan_timer *end = timer(stop, NULL), *own = NULL, *again = NULL;
	int64_t began = suan_clock_mono_us();

	own = timer(free_own_timer, &own);
	suan_timer_set(b, 5);
	suan_timer_set(end, 12);
	suan_timer_set(a, 2);
	suan_timer_set(own, 3);
	run();
	is_str(trail, "afb.", "timers fire by time");
	ok(suan_clock_mono_us() - began >= 12000, "and not early");

	suan_timer_set(b, 0);
	suan_timer_set(a, 0);
	suan_timer_set(a, 0);
	suan_timer_set(end, 1);
	run();
	is_str(trail, "ba.", "equal times in order of setting, set again replaces");

	suan_timer_set(a, 0);
	suan_timer_set(b, 1);
	suan_timer_set(end, 2);
	suan_timer_stop(b);
	suan_timer_stop(b);
	run();
	is_str(trail, "a.", "a stopped timer does not fire");

	again = timer(set_again, &again);
	suan_timer_set(again, 0);
	run();
	is_str(trail, "rrr", "a timer may set itself");
	suan_timer_free(again);
	suan_timer_free(a);
	suan_timer_free(b);
	suan_timer_free(end);
	suan_timer_free(NULL);
}

static int fired;
static int64_t last_due_us;
static bool in_order;

struct slot {			/* setting takes time: due between two moments */
	struct suan_timer *t;
	int64_t first_us, last_us;
};

static void check_order(void *ctx)
{
	const struct slot *s = ctx;

	if (s->last_us < last_due_us)
		in_order = false;
	if (s->first_us > last_due_us)
		last_due_us = s->first_us;
	fired++;
}

static void test_many_timers(void)
{
	enum { N = 500 };
	static struct slot slots[N];
	struct suan_timer *end = timer(stop, NULL);
	uint32_t seed = 7;

	in_order = true;
	for (int i = 0; i < N; i++) {
		int64_t in_ms;

		seed = seed * 1103515245u + 12345u;
		in_ms = (seed >> 16) % 20;
		slots[i].t = timer(check_order, &slots[i]);
		slots[i].first_us = suan_clock_mono_us() + in_ms * 1000;
		suan_timer_set(slots[i].t, in_ms);
		slots[i].last_us = suan_clock_mono_us() + in_ms * 1000;
	}
	for (int i = 0; i < N; i += 3)
		suan_timer_stop(slots[i].t);
	suan_timer_set(end, 25);
	run();
	is_int(fired, N - (N + 2) / 3, "all timers that were not stopped fired");
	ok(in_order, "in order of time");
	for (int i = 0; i < N; i++)
		suan_timer_free(slots[i].t);
	suan_timer_free(end);
}

static struct suan_watch *watch_one, *watch_two;

static void free_both(void *ctx, int fd, bool readable, bool writable)
{
	(void)ctx;
	(void)fd;
	(void)writable;
	note(readable ? "w" : "?");
	suan_watch_free(watch_one);
	suan_watch_free(watch_two);
	watch_one = watch_two = NULL;
	suan_loop_stop(loop);
}

static void on_ready(void *ctx, int fd, bool readable, bool writable)
{
	(void)ctx;
	(void)fd;
	note(readable ? "R" : "-");
	note(writable ? "W" : "-");
	suan_loop_stop(loop);
}

static void test_watches(void)
{
	int one[2], two[2];

	if (pipe(one) < 0 || pipe(two) < 0)
		abort();
	ok(suan_watch_new(&watch_one, loop, one[0], free_both, NULL) == SUAN_OK, "watch");
	ok(suan_watch_new(&watch_two, loop, two[0], free_both, NULL) == SUAN_OK, "watch");
	ok(write(one[1], "x", 1) == 1 && write(two[1], "x", 1) == 1, "both ready");
	run();
	is_str(trail, "w", "a watch freed in a round is not called in it");

	ok(suan_watch_new(&watch_one, loop, one[1], on_ready, NULL) == SUAN_OK, "write end");
	suan_watch_set(watch_one, false, true);
	run();
	is_str(trail, "-W", "writable");
	suan_watch_free(watch_one);

	ok(suan_watch_new(&watch_one, loop, one[0], on_ready, NULL) == SUAN_OK, "read end");
	(void)close(one[1]);
	run();
	is_str(trail, "R-", "hang-up is readable");
	suan_watch_free(watch_one);
	ok(suan_watch_new(&watch_one, loop, -1, on_ready, NULL) != SUAN_OK, "no such fd");
	(void)close(one[0]);
	(void)close(two[0]);
	(void)close(two[1]);
}

enum { POSTS = 1000 };
static int posted;

static void count_post(void *ctx)
{
	int n = (int)(intptr_t)ctx;

	if (n == posted)
		posted++;
	if (posted == POSTS)
		suan_loop_stop(loop);
}

static void *poster(void *arg)
{
	(void)arg;
	for (int i = 0; i < POSTS; i++)
		if (suan_loop_post(loop, count_post, (void *)(intptr_t)i) != SUAN_OK)
			abort();
	return NULL;
}

static void test_posts(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, poster, NULL) != 0)
		abort();
	run();
	pthread_join(t, NULL);
	is_int(posted, POSTS, "posts of a thread arrive in order");
}

static void on_signal(void *ctx, int signo)
{
	(void)ctx;
	note(signo == SIGUSR1 ? "1" : signo == SIGUSR2 ? "2" : "?");
	suan_loop_stop(loop);
}

static void test_signals(void)
{
	ok(suan_loop_signal(loop, SIGUSR1, on_signal, NULL) == SUAN_OK, "signal 1");
	ok(suan_loop_signal(loop, SIGUSR2, on_signal, NULL) == SUAN_OK, "signal 2");
	ok(suan_loop_signal(loop, 0, on_signal, NULL) == SUAN_EINVAL, "no such signal");
	(void)raise(SIGUSR2);
	run();
	is_str(trail, "2", "signal reaches the loop");
	(void)raise(SIGUSR1);
	run();
	is_str(trail, "1", "so does the other");
}

static void test_hooks(void)
{
	struct suan_timer *t = timer(note_a, NULL);
	struct suan_err err;
	enum suan_code rc;
	int n = 0;

	ok(suan_loop_after(loop, note_b, NULL) == SUAN_OK, "hook");
	trail[0] = '\0';
	suan_timer_set(t, 0);
	ok(suan_loop_once(loop, 0, &err) == SUAN_OK, "one round");
	is_str(trail, "ab", "hooks come after what was ready");
	do
		rc = suan_loop_after(loop, note_b, NULL);
	while (rc == SUAN_OK && ++n < 20);
	is_int(n, 7, "eight hooks at most");
	is_int(rc, SUAN_EFULL, "the ninth is refused");
	suan_timer_free(t);
}

int main(void)
{
	struct suan_err err = {0};

	if (suan_loop_new(&loop, &err) != SUAN_OK) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	test_timers();
	test_many_timers();
	test_watches();
	test_posts();
	test_signals();
	test_hooks();
	ok(suan_loop_post(loop, note_a, NULL) == SUAN_OK, "a post that nobody takes");
	suan_loop_free(loop);
	suan_loop_free(NULL);
	return tap_done();
}
