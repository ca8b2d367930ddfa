/* Rates: what passes when, by a made-up clock; and threads that wait, are woken and cancelled. */
#include "sys/pace.h"

#include <pthread.h>
#include <stdlib.h>

#include "lib/tap.h"
#include "sys/clock.h"

static void test_charge(void)
{
	struct suan_pace_bucket b = {.bytes_s = 1000, .free_us = 5000000}, none = {0};
	int64_t t = 10000000;

	is_int(suan_pace_charge(&none, 1u << 30, t), t, "no limit: at once");
	is_int(suan_pace_charge(&b, 100, t), t, "a tenth of a second was saved up");
	is_int(suan_pace_charge(&b, 100, t), t + 100000, "the next hundred bytes take as long");
	is_int(suan_pace_charge(&b, 1, t + 50000), t + 101000, "after those before them");
	is_int(suan_pace_charge(&b, UINT64_MAX, t), t + 101000 + 3600000000, "an hour at most");
	b = (struct suan_pace_bucket){.bytes_s = 3};
	is_int(suan_pace_charge(&b, 1, t), t + 233334, "rounded up");
	for (int i = 0; i < 299; i++)
		(void)suan_pace_charge(&b, 1, t);
	ok(suan_pace_charge(&b, 0, t) >= t + 100000000 - 100000, "no faster for it");
}

struct waiter {
	struct suan_pace_gate *g;
	struct suan_pace_bucket *b;
	atomic_bool cancel, went;
	bool passed;
};

static void *wait_there(void *arg)
{
	struct waiter *w = arg;

	w->passed = suan_pace_pass(w->g, NULL, w->b, 1000, &w->cancel);
	atomic_store(&w->went, true);
	return NULL;
}

static void test_threads(void)
{
	struct suan_pace_gate g;
	struct suan_pace_bucket b = {.bytes_s = 1};
	atomic_bool no = false;
	struct waiter w = {.g = &g, .b = &b};
	pthread_t t;
	int64_t began;

	suan_pace_init(&g);
	if (pthread_create(&t, NULL, wait_there, &w) != 0)
		abort();
	suan_pace_cancel(&g, &w.cancel);
	pthread_join(t, NULL);
	ok(atomic_load(&w.went) && !w.passed, "cancelled");
	atomic_store(&w.cancel, false);
	atomic_store(&w.went, false);
	suan_pace_set(&g, &b, 1);
	if (pthread_create(&t, NULL, wait_there, &w) != 0)
		abort();
	while (!atomic_load(&w.went))
		suan_pace_set(&g, &b, 0);
	pthread_join(t, NULL);
	ok(w.passed, "no limit any more");
	suan_pace_set(&g, &b, 1000000);
	began = suan_clock_mono_us();
	for (int i = 0; i < 20; i++)
		(void)suan_pace_pass(&g, &b, NULL, 10000, &no);
	ok(suan_clock_mono_us() - began >= 199000, "200,000 bytes at 1,000,000 a second");
	suan_pace_done(&g);
}

int main(void)
{
	test_charge();
	test_threads();
	return tap_done();
}
