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
int64_t suan_sat_add(int64_t a, int64_t b);

/* Whole string must be a decimal number. Text errors say what would be right. */
SUAN_MUSTUSE enum suan_code suan_parse_u64(const char *s, uint64_t *ret, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_parse_i64(const char *s, int64_t *ret, struct suan_err *err);
/* "1.25" with up to `digits` decimals → 1250000 for digits = 6. */
SUAN_MUSTUSE enum suan_code suan_parse_fixed(const char *s, unsigned digits, int64_t *ret,
					     struct suan_err *err);
/* Bytes: "4096", "64K", "64KiB", "2G", "2GiB", "1.5T" (powers of 1024); "2GB" = 2 × 10^9.
 * A bare number is multiplied by unit_bytes (sbatch's --mem: MiB). */
SUAN_MUSTUSE enum suan_code suan_parse_size(const char *s, uint64_t unit_bytes, uint64_t *ret,
					    struct suan_err *err);
/* Milliseconds: "90s", "1h30m", "250ms", "2d"; Slurm's "M", "M:S", "H:M:S", "D-H", "D-H:M",
 * "D-H:M:S". A bare number counts unit_ms (1000 in our options, 60000 in sbatch's --time). */
SUAN_MUSTUSE enum suan_code suan_parse_duration(const char *s, int64_t unit_ms, int64_t *ret,
						struct suan_err *err);
/* Milliseconds since the epoch: RFC 3339 with Z or offset; or seconds as a number; or "now",
 * "now+2h" relative to now_ms. */
SUAN_MUSTUSE enum suan_code suan_parse_time(const char *s, int64_t now_ms, int64_t *ret,
					    struct suan_err *err);

/* RFC 3339 UTC with milliseconds, "2026-11-21T08:00:00.000Z" (24 characters and NUL). */
void suan_format_time(int64_t ms, char out[32]);
/* "1d 02:03:04", "02:03:04" */
void suan_format_duration(int64_t ms, char out[32]);
/* "1.5 GiB", "512 B" */
void suan_format_size(uint64_t bytes, char out[32]);

bool suan_utf8_valid(const char *s, size_t n);
/* Columns a UTF-8 string takes on a terminal: East Asian wide characters take two. */
size_t suan_utf8_width(const char *s);

#endif
