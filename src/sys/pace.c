#include "sys/pace.h"

#include <time.h>

#include "sys/clock.h"

#define SAVED_US 100000
#define LATER_US ((int64_t)3600 * 1000000) /* nobody waits longer for one piece */

int64_t suan_pace_charge(struct suan_pace_bucket *b, uint64_t n, int64_t now_us)
{
	unsigned __int128 us;

	if (b->bytes_s == 0)
		return now_us;
	us = ((unsigned __int128)n * 1000000 + b->bytes_s - 1) / b->bytes_s;
	if (us > (unsigned __int128)LATER_US)
		us = (unsigned __int128)LATER_US;
	if (b->free_us < now_us - SAVED_US)
		b->free_us = now_us - SAVED_US;
	b->free_us += (int64_t)us;
	return b->free_us > now_us ? b->free_us : now_us;
}

void suan_pace_init(struct suan_pace_gate *g)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&g->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&g->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	g->changes = 0;
}

void suan_pace_done(struct suan_pace_gate *g)
{
	(void)pthread_cond_destroy(&g->wake);
	(void)pthread_mutex_destroy(&g->lock);
}

bool suan_pace_pass(struct suan_pace_gate *g, struct suan_pace_bucket *a,
		    struct suan_pace_bucket *b, uint64_t n, const atomic_bool *cancel)
{
	int64_t now_us = suan_clock_mono_us(), until_us = now_us, other_us;
	struct timespec until;
	uint64_t changes;

	pthread_mutex_lock(&g->lock);
	if (a)
		until_us = suan_pace_charge(a, n, now_us);
	other_us = b ? suan_pace_charge(b, n, now_us) : now_us;
	if (other_us > until_us)
		until_us = other_us;
	changes = g->changes;
	until.tv_sec = (time_t)(until_us / 1000000);
	until.tv_nsec = (long)(until_us % 1000000) * 1000;
	while (until_us > now_us && !atomic_load(cancel) && g->changes == changes &&
	       pthread_cond_timedwait(&g->wake, &g->lock, &until) == 0)
		;
	pthread_mutex_unlock(&g->lock);
	return !atomic_load(cancel);
}

void suan_pace_set(struct suan_pace_gate *g, struct suan_pace_bucket *b, uint64_t bytes_s)
{
	pthread_mutex_lock(&g->lock);
	b->bytes_s = bytes_s;
	b->free_us = suan_clock_mono_us();
	g->changes++;
	(void)pthread_cond_broadcast(&g->wake);
	pthread_mutex_unlock(&g->lock);
}

void suan_pace_cancel(struct suan_pace_gate *g, atomic_bool *cancel)
{
	pthread_mutex_lock(&g->lock);
	atomic_store(cancel, true);
	(void)pthread_cond_broadcast(&g->wake);
	pthread_mutex_unlock(&g->lock);
}
