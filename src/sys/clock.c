#include "sys/clock.h"

#include <assert.h>
#include <time.h>

int64_t suan_clock_now_ms(void)
{
	struct timespec t;
	int rc = clock_gettime(CLOCK_REALTIME, &t);

	assert(rc == 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t suan_clock_mono_us(void)
{
	struct timespec t;
	int rc = clock_gettime(CLOCK_MONOTONIC, &t);

	assert(rc == 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
