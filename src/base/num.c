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

/* log2 of the middles of 128 intervals of [1, 2), with 40 binary digits. */
static const int64_t log2_middle[128] = {
	0x01709c46d8, 0x044d8c45ea, 0x0724d8eea1, 0x09f6984a34, 0x0cc2dfe1a5, 0x0f89c4c199,
	0x124b5b7e13, 0x1507b83603, 0x17beee96b9, 0x1a7111df35, 0x1d1e34e35c, 0x1fc66a0f0b,
	0x2269c36912, 0x250852960f, 0x27a228db35, 0x2a375720f5, 0x2cc7edf592, 0x2f53fd8fa1,
	0x31db95d06a, 0x345ec64641, 0x36dd9e2ebf, 0x39582c78ee, 0x3bce7fc763, 0x3e40a67241,
	0x40aeae8934, 0x4318a5d551, 0x457e99daec, 0x47e097db62, 0x4a3eacd6cd, 0x4c98e58dad,
	0x4eef4e8287, 0x5141f3fb75, 0x5390e203a4, 0x55dc246cce, 0x5823c6d0a5, 0x5a67d49233,
	0x5ca858df2f, 0x5ee55eb147, 0x611ef0cf62, 0x635519ced7, 0x6587e4149d, 0x67b759d66d,
	0x69e3851bdf, 0x6c0c6fbf82, 0x6e32236fe2, 0x7054a9b093, 0x72740bdb29, 0x7490532030,
	0x76a9888819, 0x78bfb4f426, 0x7ad2e11f45, 0x7ce3159ef3, 0x7ef05ae40a, 0x80fab93b93,
	0x830238cf92, 0x8506e1a7c7, 0x8708bbaa6c, 0x8907ce9cf1, 0x8b042224af, 0x8cfdbdc799,
	0x8ef4a8ece6, 0x90e8eaddb7, 0x92da8ac5ba, 0x94c98fb3c9, 0x96b6009a81, 0x989fe450da,
	0x9a874192b8, 0x9c6c1f017b, 0x9e4e832485, 0xa02e7469c8, 0xa20bf92641, 0xa3e7179681,
	0xa5bfd5df25, 0xa7963a0d50, 0xa96a4a1724, 0xab3c0bdc36, 0xad0b8525fc, 0xaed8bba842,
	0xb0a3b5018e, 0xb26c76bb8d, 0xb433064b7b, 0xb5f7691286, 0xb7b9a45e2e, 0xb979bd68a6,
	0xbb37b95932, 0xbcf39d4480, 0xbead6e2d04, 0xc06531034a, 0xc21aeaa652, 0xc3ce9fe3da,
	0xc5805578b7, 0xc73010111f, 0xc8ddd448f9, 0xca89a6ac27, 0xcc338bb6d2, 0xcddb87d5ae,
	0xcf819f6647, 0xd125d6b740, 0xd2c8320899, 0xd468b58bf1, 0xd6076564c9, 0xd7a445a8bd,
	0xd93f5a5fc8, 0xdad8a7847d, 0xdc70310444, 0xde05fabf92, 0xdf9a088a23, 0xe12c5e2b32,
	0xe2bcff5dae, 0xe44befd06e, 0xe5d9332668, 0xe764ccf6e3, 0xe8eec0cda6, 0xea77122b2e,
	0xebfdc484d9, 0xed82db4518, 0xef0659cb9a, 0xf088436d7c, 0xf2089b7573, 0xf3876523f8,
	0xf504a3af72, 0xf6805a445f, 0xf7fa8c057f, 0xf9733c0bf6, 0xfaea6d677a, 0xfc60231e74,
	0xfdd4602e2a, 0xff47278adf,
};

/* m: x = m / 2^62 × 2^log. Squaring doubles the logarithm: each carry is its next binary digit.
 * Nobody can guess them, so there is no branch on them. */
static int64_t log2_by_digits(int64_t log, uint64_t m)
{
	for (int i = 0; i < 16; i++) {
		uint64_t square = (uint64_t)((unsigned __int128)m * m >> 62), carry = square >> 63;

		log = log << 1 | (int64_t)carry;
		m = square >> carry;
	}
	return log;
}

/* From the nearest middle c on by the series of log((1 + s) / (1 - s)), s = (m - c) / (m + c),
 * right to 2^-36. Where that leaves the last digit open, digit by digit. */
int64_t suan_log2_q16(uint64_t x)
{
	int64_t log = 63 - __builtin_clzll(x | 1), s, cube, part;
	uint64_t m, c;

	if (x == 0 || log == 63)
		return log2_by_digits(log, x >> 1);
	m = x << (62 - log); /* mantissa in [2^62, 2^63) */
	c = (m & UINT64_C(0xff80000000000000)) | UINT64_C(1) << 54;
	s = (int64_t)(m - c) * 256 / (int64_t)((m + c) >> 32);
	cube = ((s * s) >> 40) * s >> 40;
	part = log2_middle[(m >> 55) & 127] + ((s + cube / 3) * INT64_C(3098164009) >> 30);
	if ((uint64_t)(part & 0xffffff) - 256 < (UINT64_C(1) << 24) - 512)
		return (log << 16) + (part >> 24);
	return log2_by_digits(log, m);
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
