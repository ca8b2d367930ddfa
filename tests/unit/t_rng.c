#include "lib/tap.h"

#include "base/rng.h"

int main(void)
{
	struct suan_rng r = {{1, 2, 3, 4}};
	struct suan_rng a, b;
	unsigned seen[6] = {0};
	bool good = true;

	/* The authors' reference code from state 1, 2, 3, 4. */
	ok(suan_rng_next(&r) == 11520 && suan_rng_next(&r) == 0 &&
		   suan_rng_next(&r) == 1509978240 && suan_rng_next(&r) == 1215971899390074240,
	   "xoshiro256** as published");
	suan_rng_init(&r, 0);
	ok(r.s[0] == 0xe220a8397b1dcdafu && r.s[1] == 0x6e789e6aa1b965f4u, "splitmix64 seeds");
	suan_rng_init(&a, 5);
	suan_rng_init(&b, 5);
	for (int i = 0; i < 1000; i++)
		good = good && suan_rng_next(&a) == suan_rng_next(&b);
	ok(good, "same seed, same numbers");
	for (int i = 0; i < 60000; i++) {
		uint64_t v = suan_rng_below(&r, 6);

		good = good && v < 6;
		seen[v % 6]++;
	}
	for (int i = 0; i < 6; i++)
		good = good && seen[i] > 9500 && seen[i] < 10500;
	ok(good, "below is uniform");
	is_int(suan_rng_below(&r, 1), 0, "below 1");
	for (int i = 0; i < 1000; i++)
		good = good && suan_rng_below(&r, (1ull << 63) + 1) <= 1ull << 63;
	ok(good, "half of the numbers are redrawn");
	for (int i = 0; i < 1000; i++) {
		int64_t v = suan_rng_between(&r, -3, 3);

		good = good && v >= -3 && v <= 3;
		seen[0] |= v == -3 ? 1u << 30 : 0;
		seen[1] |= v == 3 ? 1u << 30 : 0;
	}
	ok(good && seen[0] >> 30 && seen[1] >> 30, "between takes both ends");
	is_int(suan_rng_between(&r, INT64_MIN, INT64_MIN), INT64_MIN, "between equals");
	a = r;
	ok(suan_rng_between(&r, INT64_MIN, INT64_MAX) == (int64_t)suan_rng_next(&a), "all numbers");
	return tap_done();
}
