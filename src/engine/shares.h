/* Usage that decays: what somebody had, counted in resource × milliseconds, halves with every
 * half-life that passes, while what is running goes on adding to it. Between two times t with a
 * constant rate R the sum is, with λ = ln 2 / half-life,
 *     U(t) = U(0) · 2^(−t / half-life) + R / λ · (1 − 2^(−t / half-life)).
 * Whole numbers throughout: 2^(−x) is a product of tabled powers in fixed point, so that the same
 * times give the same sums on every machine. */
#ifndef SUAN_ENGINE_SHARES_H
#define SUAN_ENGINE_SHARES_H

#include <stdbool.h>
#include <stdint.h>

#define SUAN_DECAY_ONE	  (UINT64_C(1) << 62)
#define SUAN_MOST_HALF_MS INT64_C(31536000000) /* 365 days */

enum suan_meter_kind {
	SUAN_METER_CORES,
	SUAN_METER_GPUS,
	SUAN_METER_MEMORY, /* MiB */
	SUAN_NMETERS
};

struct suan_meter { /* zeroed = nothing used */
	int64_t at_ms;	/* when the sums were right */
	uint64_t used[SUAN_NMETERS]; /* × ms */
	uint32_t part[SUAN_NMETERS]; /* and 2^−32 of it */
	uint64_t rate_milli[SUAN_NMETERS]; /* what is running, times what it counts */
};

/* 2^(−dt / half-life) in units of 2^−62; dt ≥ 0, 0 < half-life ≤ SUAN_MOST_HALF_MS. */
uint64_t suan_decay(int64_t dt_ms, int64_t half_life_ms);
/* What a rate of one leaves behind after running for ever: half-life / ln 2, in ms. */
int64_t suan_decay_sum(int64_t half_life_ms);
/* Brings the sums to a time not before theirs. */
void suan_meter_settle(struct suan_meter *m, int64_t now_ms, int64_t half_life_ms);
bool suan_meter_empty(const struct suan_meter *m); /* nothing used, nothing running */

#endif
