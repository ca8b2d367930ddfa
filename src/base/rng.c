#include "base/rng.h"

#include <assert.h>

#include "base/hash.h"

void suan_rng_init(struct suan_rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += 0x9e3779b97f4a7c15u; /* splitmix64's step */
		r->s[i] = suan_hash_mix(seed);
	}
}

static uint64_t rotate_left(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

uint64_t suan_rng_next(struct suan_rng *r)
{
	uint64_t result = rotate_left(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotate_left(r->s[3], 45);
	return result;
}

uint64_t suan_rng_below(struct suan_rng *r, uint64_t n)
{
	uint64_t skip, v;

	assert(n > 0);
	skip = (0 - n) % n; /* 2^64 mod n: as many of the smallest values are redrawn */
	do {
		v = suan_rng_next(r);
	} while (v < skip);
	return v % n;
}

int64_t suan_rng_between(struct suan_rng *r, int64_t lo, int64_t hi)
{
	uint64_t span = (uint64_t)hi - (uint64_t)lo;

	assert(lo <= hi);
	if (span == UINT64_MAX)
		return (int64_t)suan_rng_next(r);
	return (int64_t)((uint64_t)lo + suan_rng_below(r, span + 1));
}
