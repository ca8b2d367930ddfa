#include "engine/inflow.h"

#include "base/num.h"
#include "base/series.h"

#define HOUR_MS	 INT64_C(3600000)
#define LEAST_MS (6 * HOUR_MS)	      /* what came in less than that says little */
#define OLD_MS	 (14 * 24 * HOUR_MS) /* then sums are halved */
#define MOST	 (INT64_MAX / 4)

static uint32_t kind_of(int64_t seconds)
{
	uint32_t k = 0;

	while (seconds > 0 && k < SUAN_INFLOW_KINDS - 1) {
		seconds /= 2;
		k++;
	}
	return k;
}

static bool is_empty(const struct suan_inflow *d)
{
	for (uint32_t k = 0; k < SUAN_INFLOW_KINDS; k++)
		if (d->width[k] > 0)
			return false;
	return true;
}

static void forget(struct suan_inflow *d, int64_t now_ms)
{
	int64_t span = suan_sat_add(now_ms, -d->since_ms);

	if (span < OLD_MS)
		return;
	d->since_ms = now_ms - span / 2;
	for (uint32_t k = 0; k < SUAN_INFLOW_KINDS; k++) {
		d->width[k] /= 2;
		d->area[k] /= 2;
	}
}

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum = suan_sat_add(a, b);

	return sum < MOST ? sum : MOST;
}

void suan_inflow_add(struct suan_inflow *d, int64_t now_ms, int64_t milli, int64_t run_ms)
{
	int64_t seconds = run_ms / 1000 + 1, area;
	uint32_t k = kind_of(seconds);

	if (is_empty(d))
		*d = (struct suan_inflow){.since_ms = now_ms};
	forget(d, now_ms);
	if (!suan_mul_i64(milli, seconds, &area))
		area = MOST;
	d->width[k] = add(d->width[k], milli);
	d->area[k] = add(d->area[k], area);
}

int64_t suan_inflow_ahead(const struct suan_inflow *d, int64_t now_ms, int64_t after_ms)
{
	int64_t span = suan_sat_add(now_ms, -d->since_ms);
	suan_int128 sum = 0;

	span = (span > LEAST_MS ? span : LEAST_MS) / 1000;
	for (uint32_t k = 0; k < SUAN_INFLOW_KINDS; k++) {
		/* of each what is not over by then */
		suan_int128 began = (suan_int128)d->width[k] * (after_ms / 1000);

		sum += began < d->area[k] ? began : d->area[k];
	}
	sum /= span;
	return sum < MOST ? (int64_t)sum : MOST;
}

bool suan_inflow_good(const struct suan_inflow *d)
{
	if (d->since_ms < -MOST || d->since_ms > MOST)
		return false;
	for (uint32_t k = 0; k < SUAN_INFLOW_KINDS; k++)
		if (d->width[k] < 0 || d->width[k] > MOST || d->area[k] < 0 || d->area[k] > MOST)
			return false;
	return true;
}
