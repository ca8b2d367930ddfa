/* Checked arithmetic and the parsing and printing of numbers, sizes, durations and times.
 * Pure: the present time is always an argument. */
#ifndef SUAN_BASE_NUM_H
#define SUAN_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* false on overflow, *ret untouched. */
bool suan_add_u64(uint64_t a, uint64_t b, uint64_t *ret);
bool suan_mul_u64(uint64_t a, uint64_t b, uint64_t *ret);
bool suan_add_i64(int64_t a, int64_t b, int64_t *ret);
bool suan_mul_i64(int64_t a, int64_t b, int64_t *ret);
/* Saturating sum, for times where "for ever" is INT64_MAX. */
static inline int64_t suan_sat_add(int64_t a, int64_t b)
{
	int64_t v;

	if (!__builtin_add_overflow(a, b, &v))
		return v;
	return b > 0 ? INT64_MAX : INT64_MIN;
}

/* log2(x) × 65536, cut off; x ≥ 1. Exact to the last bit on every machine. */
int64_t suan_log2_q16(uint64_t x);

uint64_t suan_isqrt(uint64_t x);	/* square root, cut off */

/* All parsers take the whole string, with no blanks around it, and leave *ret untouched on failure.
 * The only failure is SUAN_EINVAL; the text says what was found and what would be right. */

/* Decimal digits; suan_parse_i64 also takes a minus sign before them. */
SUAN_MUSTUSE enum suan_code suan_parse_u64(const char *s, uint64_t *ret, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_parse_i64(const char *s, int64_t *ret, struct suan_err *err);
/* "1.25", "-.5" with up to `digits` decimals → 1250000 for digits = 6; digits is at most 18. */
SUAN_MUSTUSE enum suan_code suan_parse_fixed(const char *s, unsigned digits, int64_t *ret,
					     struct suan_err *err);
/* Bytes: "4096", "64K", "64Ki", "2GiB", "1.5T" (powers of 1024, up to E); "2GB" = 2 × 10^9; "7B".
 * Case does not matter; one space may stand before the unit; a part of a byte is cut off. A bare
 * number is multiplied by unit_bytes (sbatch's --mem: MiB), 1 to 2^60. */
SUAN_MUSTUSE enum suan_code suan_parse_size(const char *s, uint64_t unit_bytes, uint64_t *ret,
					    struct suan_err *err);
/* Milliseconds, never negative: "90s", "1h30m", "1d 12h", "1.5h", "250ms", "2d" (units w d h m s
 * ms, also as words, larger first); Slurm's "M", "M:S", "H:M:S", "D-H", "D-H:M", "D-H:M:S". A
 * bare number counts unit_ms (1000 in our options, 60000 in sbatch's --time), 1 to 2^40. */
SUAN_MUSTUSE enum suan_code suan_parse_duration(const char *s, int64_t unit_ms, int64_t *ret,
						struct suan_err *err);
/* Milliseconds since the epoch: RFC 3339 with Z or offset; or seconds as a number with up to three
 * decimals; or "now", "now+2h", "now-1d" relative to now_ms. */
SUAN_MUSTUSE enum suan_code suan_parse_time(const char *s, int64_t now_ms, int64_t *ret,
					    struct suan_err *err);

/* RFC 3339 UTC with milliseconds, "2026-11-21T08:00:00.000Z" (24 characters and NUL). Years beyond
 * 0 to 9999 get a sign and at least four digits. */
void suan_format_time(int64_t ms, char out[32]);
/* "1d 02:03:04", "02:03:04", "-00:00:01"; parts of a second are cut off */
void suan_format_duration(int64_t ms, char out[32]);
/* "1.5 GiB", "2 GiB", "512 B": rounded to a tenth */
void suan_format_size(uint64_t bytes, char out[32]);

/* Bytes of the first character of s, 1 to 4, and its code point; 0: not UTF-8, or n is 0. */
size_t suan_utf8_next(const char *s, size_t n, uint32_t *ret);
bool suan_utf8_valid(const char *s, size_t n);
/* Columns a UTF-8 string takes on a terminal: East Asian wide characters take two, combining marks
 * none, a byte that is not UTF-8 one. */
size_t suan_utf8_width(const char *s);

#endif
