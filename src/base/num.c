#include "base/num.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

bool suan_add_u64(uint64_t a, uint64_t b, uint64_t *ret)
{
	uint64_t v;

	if (__builtin_add_overflow(a, b, &v))
		return false;
	*ret = v;
	return true;
}

bool suan_mul_u64(uint64_t a, uint64_t b, uint64_t *ret)
{
	uint64_t v;

	if (__builtin_mul_overflow(a, b, &v))
		return false;
	*ret = v;
	return true;
}

bool suan_add_i64(int64_t a, int64_t b, int64_t *ret)
{
	int64_t v;

	if (__builtin_add_overflow(a, b, &v))
		return false;
	*ret = v;
	return true;
}

bool suan_mul_i64(int64_t a, int64_t b, int64_t *ret)
{
	int64_t v;

	if (__builtin_mul_overflow(a, b, &v))
		return false;
	*ret = v;
	return true;
}

uint64_t suan_isqrt(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 62; bit > 0; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root += bit << 1;
		}
		root >>= 1;
	}
	return root;
}

int64_t suan_log2_q16(uint64_t x)
{
	int64_t log = 63 - __builtin_clzll(x | 1);
	uint64_t m = x << (62 - log < 0 ? 0 : 62 - log);	/* mantissa in [2^62, 2^63) */

	if (log == 63)
		m = x >> 1;
	/* Squaring doubles the logarithm: each carry is its next binary digit. Nobody can guess
	 * them, so there is no branch on them. */
	for (int i = 0; i < 16; i++) {
		uint64_t square = (uint64_t)((unsigned __int128)m * m >> 62), carry = square >> 63;

		log = log << 1 | (int64_t)carry;
		m = square >> carry;
	}
	return log;
}

/* Says what was found and what would be right. */
static enum suan_code wrong(struct suan_err *err, const char *found, const char *right)
{
	return suan_fail(err, SUAN_EINVAL, "found \"%.64s\"%s; right is %s", found,
			 strnlen(found, 65) > 64 ? "..." : "", right);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Behind the digits that s begins with; NULL: there are none, or they pass 2^64 - 1. */
static const char *scan_digits(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!is_digit(*s))
		return NULL;
	for (; is_digit(*s); s++) {
		if (!suan_mul_u64(v, 10, &v) || !suan_add_u64(v, (uint64_t)(*s - '0'), &v))
			return NULL;
	}
	*ret = v;
	return s;
}

enum suan_code suan_parse_u64(const char *s, uint64_t *ret, struct suan_err *err)
{
	const char *end;
	uint64_t v;

	end = scan_digits(s, &v);
	if (!end || *end)
		return wrong(err, s, "a number from 0 to 18446744073709551615");
	*ret = v;
	return SUAN_OK;
}

/* -magnitude or magnitude; false: does not fit. */
static bool with_sign(uint64_t magnitude, bool negative, int64_t *ret)
{
	if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*ret = (int64_t)(negative ? 0 - magnitude : magnitude);
	return true;
}

enum suan_code suan_parse_i64(const char *s, int64_t *ret, struct suan_err *err)
{
	bool negative = s[0] == '-';
	const char *end;
	uint64_t v;

	end = scan_digits(s + negative, &v);
	if (!end || *end || !with_sign(v, negative, ret))
		return wrong(err, s, "a number from -9223372036854775808 to 9223372036854775807");
	return SUAN_OK;
}

/* A decimal number as it was written: whole, and the digits behind the point. */
struct amount {
	uint64_t whole;
	const char *frac;
	size_t nfrac;
};

/* Behind the number that s begins with ("12", "1.5", ".5"); NULL: there is none. */
static const char *scan_amount(const char *s, struct amount *ret)
{
	struct amount a = {0, NULL, 0};

	if (*s != '.') {
		s = scan_digits(s, &a.whole);
		if (!s)
			return NULL;
	}
	if (*s == '.') {
		a.frac = ++s;
		while (is_digit(*s))
			s++;
		a.nfrac = (size_t)(s - a.frac);
		if (a.nfrac == 0)
			return NULL;
	}
	*ret = a;
	return s;
}

/* floor(a × unit), unit at most 2^60; false: overflow, or a part of the smallest unit. From the
 * last digit on: floor((digit × unit + rest) / 10) nests without loss, and digit × unit fits. */
static bool scale(const struct amount *a, uint64_t unit, uint64_t *ret)
{
	uint64_t rest = 0;
	uint64_t v;

	assert(unit > 0 && unit <= (uint64_t)1 << 60);
	if (a->nfrac > 0 && unit == 1)
		return false;
	for (size_t i = a->nfrac; i > 0; i--)
		rest = ((uint64_t)(a->frac[i - 1] - '0') * unit + rest) / 10;
	return suan_mul_u64(a->whole, unit, &v) && suan_add_u64(v, rest, ret);
}

enum suan_code suan_parse_fixed(const char *s, unsigned digits, int64_t *ret, struct suan_err *err)
{
	bool negative = s[0] == '-';
	uint64_t unit = 1;
	struct amount a;
	const char *end;
	uint64_t v;

	assert(digits <= 18);
	for (unsigned i = 0; i < digits; i++)
		unit *= 10;
	end = scan_amount(s + negative, &a);
	if (!end || *end || a.nfrac > digits || !scale(&a, unit, &v) ||
	    !with_sign(v, negative, ret))
		return suan_fail(err, SUAN_EINVAL,
				 "found \"%.64s\"; right is a number with at most %u decimals", s,
				 digits);
	return SUAN_OK;
}

/* Bytes of the unit that s is: "", "B", "K", "Ki", "KiB" (1024), "KB" (1000), and so on. */
static bool size_unit(const char *s, uint64_t unit_bytes, uint64_t *ret)
{
	static const char prefixes[] = "kmgtpe";
	uint64_t base = 1024;
	uint64_t v = 1;
	const char *at;

	if (*s == '\0') {
		*ret = unit_bytes;
		return true;
	}
	at = strchr(prefixes, lower(*s));
	if (at) {
		s++;
		if (lower(*s) == 'i')
			s++;
		else if (lower(*s) == 'b')
			base = 1000;
		for (const char *p = prefixes; p <= at; p++)
			v *= base;
	}
	if (lower(*s) == 'b')
		s++;
	*ret = v;
	return *s == '\0';
}

enum suan_code suan_parse_size(const char *s, uint64_t unit_bytes, uint64_t *ret,
			       struct suan_err *err)
{
	struct amount a;
	const char *unit;
	uint64_t factor;

	unit = scan_amount(s, &a);
	if (unit && unit[0] == ' ' && unit[1] != '\0')
		unit++;
	if (!unit || !size_unit(unit, unit_bytes, &factor))
		return wrong(err, s, "a size such as 4096, 64K, 1.5GiB or 2GB");
	if (!scale(&a, factor, ret))
		return wrong(err, s, "a whole number of bytes below 2^64");
	return SUAN_OK;
}

#define SECOND_MS 1000u
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS	  (60 * MINUTE_MS)
#define DAY_MS	  (24 * HOUR_MS)

static const char duration_hint[] = "a duration such as 90s, 1h30m, 2d or 1-12:00:00";

/* Milliseconds of the unit word of n letters; 0: unknown. */
static uint64_t duration_unit(const char *word, size_t n)
{
	static const struct {
		const char *name;
		uint32_t ms;
	} units[] = {
		{"ms", 1},
		{"s", SECOND_MS},
		{"sec", SECOND_MS},
		{"second", SECOND_MS},
		{"seconds", SECOND_MS},
		{"m", MINUTE_MS},
		{"min", MINUTE_MS},
		{"minute", MINUTE_MS},
		{"minutes", MINUTE_MS},
		{"h", HOUR_MS},
		{"hour", HOUR_MS},
		{"hours", HOUR_MS},
		{"d", DAY_MS},
		{"day", DAY_MS},
		{"days", DAY_MS},
		{"w", 7 * DAY_MS},
		{"week", 7 * DAY_MS},
		{"weeks", 7 * DAY_MS},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == n && memcmp(units[i].name, word, n) == 0)
			return units[i].ms;
	}
	return 0;
}

static size_t letters(const char *s)
{
	size_t n = 0;

	while (lower(s[n]) >= 'a' && lower(s[n]) <= 'z')
		n++;
	return n;
}

/* "1h30m", "1d 12h", "1.5h": each unit smaller than the one before. */
static bool parse_units(const char *s, uint64_t *ret)
{
	uint64_t before = UINT64_MAX;
	uint64_t total = 0;
	uint64_t unit, v;
	struct amount a;
	size_t n;

	do {
		s = scan_amount(s, &a);
		if (!s)
			return false;
		n = letters(s);
		unit = duration_unit(s, n);
		if (unit == 0 || unit >= before)
			return false;
		if (!scale(&a, unit, &v) || !suan_add_u64(total, v, &total))
			return false;
		before = unit;
		s += n;
		if (s[0] == ' ' && s[1] != '\0')
			s++;
	} while (*s);
	*ret = total;
	return true;
}

/* Slurm's "M:S", "H:M:S", "D-H", "D-H:M", "D-H:M:S". As there, a later part may pass 59. */
static bool parse_clock(const char *s, uint64_t *ret)
{
	static const uint64_t unit[] = {HOUR_MS, MINUTE_MS, SECOND_MS};
	uint64_t part[3];
	uint64_t total = 0;
	bool days = false;
	size_t n = 0;
	size_t first;

	for (;;) {
		s = n < 3 ? scan_digits(s, &part[n]) : NULL;
		if (!s)
			return false;
		n++;
		if (*s == '\0')
			break;
		if (*s == '-' && n == 1 && !days) {
			if (!suan_mul_u64(part[0], DAY_MS, &total))
				return false;
			days = true;
			n = 0;
		} else if (*s != ':') {
			return false;
		}
		s++;
	}
	first = days || n == 3 ? 0 : 1;
	for (size_t i = 0; i < n; i++) {
		uint64_t v;

		if (!suan_mul_u64(part[i], unit[first + i], &v) || !suan_add_u64(total, v, &total))
			return false;
	}
	*ret = total;
	return true;
}

enum suan_code suan_parse_duration(const char *s, int64_t unit_ms, int64_t *ret,
				   struct suan_err *err)
{
	struct amount a;
	const char *end;
	uint64_t v;
	bool good;

	assert(unit_ms > 0 && unit_ms <= (int64_t)1 << 40);
	end = scan_amount(s, &a);
	if (end && *end == '\0')
		good = scale(&a, (uint64_t)unit_ms, &v);
	else if (strchr(s, ':') || strchr(s, '-'))
		good = parse_clock(s, &v);
	else
		good = parse_units(s, &v);
	if (!good || v > INT64_MAX)
		return wrong(err, s, duration_hint);
	*ret = (int64_t)v;
	return SUAN_OK;
}

void suan_format_duration(int64_t ms, char out[32])
{
	uint64_t magnitude = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
	uint64_t s = magnitude / SECOND_MS;
	uint64_t days = s / 86400;
	const char *sign = ms < 0 && s > 0 ? "-" : "";
	unsigned rest = (unsigned)(s % 86400);
	char head[20] = "";

	if (days > 0)
		(void)snprintf(head, sizeof(head), "%llud ", (unsigned long long)days);
	(void)snprintf(out, 32, "%s%s%02u:%02u:%02u", sign, head, rest / 3600, rest / 60 % 60,
		       rest % 60);
}

void suan_format_size(uint64_t bytes, char out[32])
{
	static const char prefixes[] = "KMGTPE";
	uint64_t tenths;
	size_t p = 0;

	if (bytes < 1024) {
		(void)snprintf(out, 32, "%u B", (unsigned)bytes);
		return;
	}
	/* Rounding may reach 1024 units, which is one of the next; exbibytes stay below 17. */
	for (;; p++) {
		uint64_t unit = (uint64_t)1 << (10 * (p + 1));

		tenths = bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
		if (tenths < 10240)
			break;
	}
	if (tenths % 10 == 0)
		(void)snprintf(out, 32, "%u %ciB", (unsigned)tenths / 10, prefixes[p]);
	else
		(void)snprintf(out, 32, "%u.%u %ciB", (unsigned)tenths / 10, (unsigned)tenths % 10,
			       prefixes[p]);
}
