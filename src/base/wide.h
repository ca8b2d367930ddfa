/* Sums of 128 bits, and their quotients rounded half up. */
#ifndef SUAN_BASE_WIDE_H
#define SUAN_BASE_WIDE_H

#include <stdint.h>

__extension__ typedef unsigned __int128 suan_wide;

/* n / d, rounded half up; d > 0. */
static inline suan_wide suan_wide_div(suan_wide n, suan_wide d)
{
	return n / d + (n % d >= d - n % d);
}

/* n · mul / d, rounded half up; saturates at INT64_MAX. d > 0. */
static inline int64_t suan_wide_scale(suan_wide n, suan_wide mul, suan_wide d)
{
	suan_wide whole, rest;

	if (__builtin_mul_overflow(n / d, mul, &whole))
		return INT64_MAX;
	/* Beyond 2^127 the last 64 bits of both no longer matter to what is shown. */
	if (__builtin_mul_overflow(n % d, mul, &rest))
		rest = suan_wide_div((n % d >> 64) * mul, (d >> 64) + 1);
	else
		rest = suan_wide_div(rest, d);
	return whole > INT64_MAX - rest || rest > INT64_MAX ? INT64_MAX : (int64_t)(whole + rest);
}

#endif
