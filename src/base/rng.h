/* Seeded random numbers: xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64. */
#ifndef SUAN_BASE_RNG_H
#define SUAN_BASE_RNG_H

#include <stdint.h>

struct suan_rng {
	uint64_t s[4];
};

void suan_rng_init(struct suan_rng *r, uint64_t seed);
uint64_t suan_rng_next(struct suan_rng *r);
uint64_t suan_rng_below(struct suan_rng *r, uint64_t n);	/* uniform in [0, n), n > 0 */
int64_t suan_rng_between(struct suan_rng *r, int64_t lo, int64_t hi);	/* both included */

#endif
