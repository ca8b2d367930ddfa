#include "lib/tap.h"

#include "base/num.h"
#include "base/rng.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_checked(void)
{
	uint64_t u = 1;
	int64_t i = 1;

	ok(suan_add_u64(UINT64_MAX - 1, 1, &u) && u == UINT64_MAX, "u64 sum");
	ok(!suan_add_u64(UINT64_MAX, 1, &u) && u == UINT64_MAX, "u64 sum overflows");
	ok(suan_mul_u64(1ull << 32, UINT32_MAX, &u) && u == (uint64_t)UINT32_MAX << 32,
	   "u64 product");
	u = 1;
	ok(!suan_mul_u64(1ull << 32, 1ull << 32, &u) && u == 1, "u64 product overflows");
	ok(suan_add_i64(INT64_MIN, INT64_MAX, &i) && i == -1, "i64 sum");
	ok(!suan_add_i64(INT64_MIN, -1, &i) && !suan_add_i64(INT64_MAX, 1, &i) && i == -1,
	   "i64 sum overflows");
	ok(suan_mul_i64(-3, 4, &i) && i == -12, "i64 product");
	ok(!suan_mul_i64(INT64_MIN, -1, &i) && i == -12, "i64 product overflows");
	is_int(suan_sat_add(INT64_MAX, 5), INT64_MAX, "saturates at the top");
	is_int(suan_sat_add(INT64_MIN, -5), INT64_MIN, "saturates at the bottom");
	is_int(suan_sat_add(-5, 7), 2, "or adds");
}

static void test_isqrt(void)
{
	bool good = true;

	is_int(suan_isqrt(0), 0, "root of 0");
	is_int(suan_isqrt(99), 9, "root of 99");
	is_int(suan_isqrt(100), 10, "root of 100");
	ok(suan_isqrt(UINT64_MAX) == UINT32_MAX, "root of 2^64 - 1");
	for (uint64_t r = 1; r < 100000; r++)
		good &= suan_isqrt(r * r) == r && suan_isqrt(r * r - 1) == r - 1;
	ok(good, "squares and what is just below");
}

/* The obvious way: the next digit is whether the square is two or more. */
static uint64_t log2_slow(uint64_t x)
{
	uint64_t log = 63u - (uint64_t)__builtin_clzll(x), m = x << __builtin_clzll(x) >> 1;

	for (int i = 0; i < 16; i++) {
		uint64_t square = (uint64_t)((unsigned __int128)m * m >> 62);

		log = log << 1 | square >> 63;
		m = square >> 63 ? square >> 1 : square;
	}
	return log;
}

static void test_log2(void)
{
	uint64_t before = 0, odd = 1;
	bool rises = true, same = true;

	is_int(suan_log2_q16(1), 0, "log2 of 1");
	is_int(suan_log2_q16(2), 65536, "log2 of 2");
	is_int(suan_log2_q16(1024), 655360, "log2 of 1024");
	is_int(suan_log2_q16(3), 103872, "log2 of 3 is 1.58496");
	is_int(suan_log2_q16(10), 217705, "log2 of 10 is 3.32192");
	is_int(suan_log2_q16(UINT64_C(1) << 63), 63 * 65536, "log2 of 2^63");
	is_int(suan_log2_q16(UINT64_MAX), 64 * 65536 - 1, "log2 of 2^64 - 1");
	for (uint64_t x = 1; x < 100000; x++) {
		uint64_t now = (uint64_t)suan_log2_q16(x);

		rises &= now >= before;
		before = now;
	}
	ok(rises, "it never falls");
	for (uint64_t x = 1; x < 2000000; x++) {
		uint64_t any;

		odd = odd * UINT64_C(6364136223846793005) + 1442695040888963407u;
		any = odd >> (x % 64) | 1;
		same &= (uint64_t)suan_log2_q16(x) == log2_slow(x);
		same &= (uint64_t)suan_log2_q16(any) == log2_slow(any);
	}
	ok(same, "digit by digit it is the same");
}

/* A text that no parser of its kind may take. */
static void refused(enum suan_code rc, const struct suan_err *err, const char *s)
{
	ok(rc == SUAN_EINVAL && strncmp(err->text, "found \"", 7) == 0 &&
		   strstr(err->text, "right is "),
	   "refused: \"%s\"", s);
}

static void test_integers(void)
{
	static const char *const bad[] = {"",
					  "x",
					  "1x",
					  " 1",
					  "1 ",
					  "+1",
					  "-",
					  "0x10",
					  "1.0",
					  "--1",
					  "99999999999999999999999"};
	struct suan_err err;
	uint64_t u = 3;
	int64_t i = 3;

	ok(suan_parse_u64("0", &u, NULL) == SUAN_OK && u == 0, "0");
	ok(suan_parse_u64("18446744073709551615", &u, NULL) == SUAN_OK && u == UINT64_MAX,
	   "largest u64");
	ok(suan_parse_u64("007", &u, NULL) == SUAN_OK && u == 7, "leading zeros are decimal");
	ok(suan_parse_i64("-9223372036854775808", &i, NULL) == SUAN_OK && i == INT64_MIN,
	   "smallest i64");
	ok(suan_parse_i64("9223372036854775807", &i, NULL) == SUAN_OK && i == INT64_MAX,
	   "largest i64");
	ok(suan_parse_i64("-0", &i, NULL) == SUAN_OK && i == 0, "-0");
	u = 3;
	i = 3;
	for (size_t k = 0; k < COUNT(bad); k++) {
		refused(suan_parse_u64(bad[k], &u, &err), &err, bad[k]);
		refused(suan_parse_i64(bad[k], &i, &err), &err, bad[k]);
	}
	refused(suan_parse_u64("-1", &u, &err), &err, "-1");
	refused(suan_parse_u64("18446744073709551616", &u, &err), &err, "2^64");
	refused(suan_parse_i64("9223372036854775808", &i, &err), &err, "2^63");
	refused(suan_parse_i64("-9223372036854775809", &i, &err), &err, "-2^63-1");
	ok(u == 3 && i == 3, "results untouched");
	is_int(suan_parse_u64("y", &u, NULL), SUAN_EINVAL, "err may be NULL");
}

static void test_long_text(void)
{
	struct suan_err err;
	char s[200];
	uint64_t u;

	memset(s, '9', sizeof(s) - 1);
	s[sizeof(s) - 1] = '\0';
	is_int(suan_parse_u64(s, &u, &err), SUAN_EINVAL, "long text");
	ok(strstr(err.text, "9\"...; right is"), "is cut in the error");
	s[64] = '\0';
	is_int(suan_parse_u64(s, &u, &err), SUAN_EINVAL, "64 characters");
	ok(strstr(err.text, "9\"; right is"), "are not");
}

static void test_fixed(void)
{
	static const struct {
		const char *s;
		unsigned digits;
		int64_t want;
	} good[] = {
		{"1.25", 6, 1250000},
		{"-1.25", 2, -125},
		{".5", 1, 5},
		{"-.5", 3, -500},
		{"7", 0, 7},
		{"0.000001", 6, 1},
		{"1.000000000000000001", 18, 1000000000000000001},
		{"9223372036854775.807", 3, INT64_MAX},
		{"-9223372036854775.808", 3, INT64_MIN},
	};
	static const struct {
		const char *s;
		unsigned digits;
	} bad[] = {
		{"", 3},
		{".", 3},
		{"1.", 3},
		{"1.2345", 3},
		{"1.5", 0},
		{"1,5", 3},
		{"9223372036854775.808", 3},
		{"1e3", 3},
		{"1.5x", 3},
		{"--1", 3},
		{"99999999999999999999", 0},
		{"18446744073709551615.9", 1},
		{"1.-5", 3},
	};
	struct suan_err err;
	int64_t v = 0;

	for (size_t k = 0; k < COUNT(good); k++)
		ok(suan_parse_fixed(good[k].s, good[k].digits, &v, NULL) == SUAN_OK &&
			   v == good[k].want,
		   "%s with %u decimals", good[k].s, good[k].digits);
	for (size_t k = 0; k < COUNT(bad); k++)
		refused(suan_parse_fixed(bad[k].s, bad[k].digits, &v, &err), &err, bad[k].s);
	is_int(v, INT64_MIN, "result untouched");
}

static void test_sizes(void)
{
	static const struct {
		const char *s;
		uint64_t unit, want;
	} good[] = {
		{"4096", 1, 4096},
		{"4096", 1 << 20, 4096ull << 20},
		{"1.5", 1 << 20, 1572864},
		{"64K", 1, 65536},
		{"64k", 1, 65536},
		{"64KiB", 1, 65536},
		{"64Ki", 1, 65536},
		{"64KB", 1, 64000},
		{"2G", 1, 2ull << 30},
		{"2gib", 1, 2ull << 30},
		{"2GB", 7, 2000000000},
		{"1.5T", 1, 3ull << 39},
		{"1.5 TiB", 1, 3ull << 39},
		{".5M", 1, 1 << 19},
		{"0.1G", 1, 107374182},
		{"0.3333333333333333333333333333KB", 1, 333},
		{"15E", 1, 15ull << 60},
		{"15.999999999999999999999999E", 1, UINT64_MAX},
		{"18EB", 1, 18000000000000000000u},
		{"7B", 1024, 7},
		{"0", 1, 0},
		{"1P", 1, 1ull << 50},
	};
	static const char *const bad[] = {"",	   "K",	   "-1",   "1 ",  "1  K", "1X",
					  "1KiBB", "1Bi",  "1.5B", "16E", "1.K",  "1KK",
					  " 1K",   "19EB", "1iB",  "1.5", "1bb",  "1K "};
	struct suan_err err;
	uint64_t v = 0;

	for (size_t k = 0; k < COUNT(good); k++)
		ok(suan_parse_size(good[k].s, good[k].unit, &v, &err) == SUAN_OK &&
			   v == good[k].want,
		   "%s is %" PRIu64, good[k].s, good[k].want);
	for (size_t k = 0; k < COUNT(bad); k++)
		refused(suan_parse_size(bad[k], 1, &v, &err), &err, bad[k]);
	is_int(v, (int64_t)1 << 50, "result untouched");
}

#define S (int64_t)1000
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)

static void test_durations(void)
{
	static const struct {
		const char *s;
		int64_t unit, want;
	} good[] = {
		{"90", 1000, 90 * S},
		{"90", 60000, 90 * M},
		{"1.5", 60000, 90 * S},
		{"0", 1000, 0},
		{"90s", 60000, 90 * S},
		{"1h30m", 1000, H + 30 * M},
		{"1d 12h", 1000, D + 12 * H},
		{"1.5h", 1000, 90 * M},
		{"250ms", 1000, 250},
		{"2d", 1000, 2 * D},
		{"1w2d3h4m5s6ms", 1000, 9 * D + 3 * H + 4 * M + 5 * S + 6},
		{"1hour", 1000, H},
		{"2weeks", 1000, 14 * D},
		{"10min", 1000, 10 * M},
		{"1:30", 1000, 90 * S},
		{"120:00", 60000, 2 * H},
		{"1:02:03", 1000, H + 2 * M + 3 * S},
		{"1-0", 1000, D},
		{"1-12", 1000, D + 12 * H},
		{"1-12:30", 1000, D + 12 * H + 30 * M},
		{"1-12:30:15", 1000, D + 12 * H + 30 * M + 15 * S},
		{"0-36:00:00", 1000, 36 * H},
		{"9223372036854775807", 1, INT64_MAX},
	};
	static const char *const bad[] = {
		"",
		"s",
		"-1",
		"-1s",
		"1x",
		"1h1h",
		"30m1h",
		"1 h",
		"1h ",
		"1h  1m",
		":",
		"1:",
		":1",
		"1:2:3:4",
		"1-",
		"1-2-3",
		"1-2:3:4:5",
		"1-x",
		"1:2-3",
		"1:x",
		"1s5",
		"1..5s",
		"0.5ms",
		"1.5:00",
		"99999999999999999999",
		"9999999999999999999w",
		"99999999999999d",
		"9999999999999999999-0",
		"0-9999999999999999999",
		"213503982334-14:25:51",
		"106751991168d",
		"now",
		"unlimited",
		"9223372036854775807s1ms",
	};
	struct suan_err err;
	int64_t v = 0;

	for (size_t k = 0; k < COUNT(good); k++)
		ok(suan_parse_duration(good[k].s, good[k].unit, &v, &err) == SUAN_OK &&
			   v == good[k].want,
		   "%s is %" PRId64 " ms", good[k].s, good[k].want);
	for (size_t k = 0; k < COUNT(bad); k++)
		refused(suan_parse_duration(bad[k], 1000, &v, &err), &err, bad[k]);
	ok(suan_parse_duration("1.5", 1, &v, NULL) == SUAN_EINVAL, "a part of a millisecond");
	is_int(v, INT64_MAX, "result untouched");
}

static void test_times(void)
{
	static const struct {
		const char *s;
		int64_t want;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-21T08:00:00Z", 1795248000000},
		{"2026-11-21T16:00:00+08:00", 1795248000000},
		{"2026-11-21 03:30:00.25-04:30", 1795248000250},
		{"2026-11-21t08:00:00.1239999z", 1795248000123},
		{"1969-12-31T23:59:59.999Z", -1},
		{"2016-12-31T23:59:60Z", 1483228800000},
		{"2000-02-29T00:00:00Z", 951782400000},
		{"0000-01-01T00:00:00Z", -62167219200000},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
		{"1795248000", 1795248000000},
		{"17.5", 17500},
		{"-1", -1000},
		{"now", 5000},
		{"now+2h", 5000 + 2 * H},
		{"now+60", 65000},
		{"now-1s", 4000},
	};
	static const char *const bad[] = {
		"",
		"tomorrow",
		"2026-11-21",
		"2026-11-21T08:00:00",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-11-00T00:00:00Z",
		"2026-11-21T24:00:00Z",
		"2026-11-21T08:60:00Z",
		"2026-11-21T08:00:61Z",
		"2026-11-21T08:00:00.Z",
		"2026-11-21T08:00:00+24:00",
		"2026-11-21T08:00:00+08:60",
		"2026-11-21T08:00:00+0800",
		"2026-11-21T08:00:00Zx",
		"2026-11-21X08:00:00Z",
		"2026-11-2",
		"2026/11/21",
		"now ",
		"now+",
		"now+x",
		"now2h",
		"nowhere",
		"1.2345",
		"2026-1a-21T08:00:00Z",
		"2026-0:-21T08:00:00Z",
		"2026-1/-21T08:00:00Z",
		"2026-11-21T08-00:00Z",
		"2026-11-21T08:00",
		"2026-11-21T08:00:00",
		"2026-1",
		"2026-11x21T08:00:00Z",
	};
	struct suan_err err;
	int64_t v = 0;

	for (size_t k = 0; k < COUNT(good); k++)
		ok(suan_parse_time(good[k].s, 5000, &v, &err) == SUAN_OK && v == good[k].want,
		   "%s is %" PRId64, good[k].s, good[k].want);
	for (size_t k = 0; k < COUNT(bad); k++)
		refused(suan_parse_time(bad[k], 5000, &v, &err), &err, bad[k]);
	is_int(v, 4000, "result untouched");
	ok(suan_parse_time("now+1d", INT64_MAX - 5, &v, NULL) == SUAN_EINVAL, "overflow");
}

static const char *time_text(int64_t ms)
{
	static char out[32];

	suan_format_time(ms, out);
	return out;
}

static const char *duration_text(int64_t ms)
{
	static char out[32];

	suan_format_duration(ms, out);
	return out;
}

static const char *size_text(uint64_t bytes)
{
	static char out[32];

	suan_format_size(bytes, out);
	return out;
}

static void test_formats(void)
{
	is_str(time_text(0), "1970-01-01T00:00:00.000Z", "the epoch");
	is_str(time_text(1795248000123), "2026-11-21T08:00:00.123Z", "a time");
	is_str(time_text(-1), "1969-12-31T23:59:59.999Z", "before the epoch");
	is_str(time_text(-86400000), "1969-12-31T00:00:00.000Z", "a day before");
	is_str(time_text(253402300800000), "+10000-01-01T00:00:00.000Z", "five digits");
	is_str(time_text(-62167219200001), "-0001-12-31T23:59:59.999Z", "before year 0");
	is_str(time_text(INT64_MAX), "+292278994-08-17T07:12:55.807Z", "the last");
	is_str(time_text(INT64_MIN), "-292275055-05-16T16:47:04.192Z", "the first");
	is_str(duration_text(0), "00:00:00", "no time");
	is_str(duration_text(999), "00:00:00", "less than a second");
	is_str(duration_text(-999), "00:00:00", "less than a second, negative");
	is_str(duration_text(D + 2 * H + 3 * M + 4 * S), "1d 02:03:04", "a duration");
	is_str(duration_text(2 * H + 3 * M + 4 * S), "02:03:04", "without days");
	is_str(duration_text(-S), "-00:00:01", "negative");
	is_str(duration_text(INT64_MIN), "-106751991167d 07:12:55", "the longest");
	is_str(size_text(0), "0 B", "nothing");
	is_str(size_text(1023), "1023 B", "bytes");
	is_str(size_text(1024), "1 KiB", "one KiB");
	is_str(size_text(1536), "1.5 KiB", "a half");
	is_str(size_text(3ull << 29), "1.5 GiB", "GiB");
	is_str(size_text((1 << 20) - 1), "1 MiB", "rounding reaches the next unit");
	is_str(size_text(1023 * 1024 + 972), "1023.9 KiB", "or does not");
	is_str(size_text(2000000000), "1.9 GiB", "decimal");
	is_str(size_text(1ull << 60), "1 EiB", "EiB");
	is_str(size_text(UINT64_MAX), "16 EiB", "the largest");
}

/* Days one by one over 800 years against the formatted text; then times everywhere. */
static void test_round_trips(void)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = 1600, month = 1, day = 1;
	struct suan_rng g;
	bool good = true;
	int64_t v;

	for (int64_t ms = -11676096000000; year < 2400; ms += D) {
		char want[80];
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

		snprintf(want, sizeof(want), "%04d-%02d-%02dT00:00:00.000Z", year, month, day);
		good = good && strcmp(time_text(ms), want) == 0 &&
		       suan_parse_time(want, 0, &v, NULL) == SUAN_OK && v == ms;
		if (++day > days[month - 1] + (month == 2 && leap)) {
			day = 1;
			month = month == 12 ? 1 : month + 1;
			year += month == 1;
		}
	}
	ok(good, "every day from 1600 to 2399");
	suan_rng_init(&g, 6);
	for (int i = 0; i < 100000; i++) {
		int64_t ms = suan_rng_between(&g, -62167219200000, 253402300799999);

		good = good && suan_parse_time(time_text(ms), 0, &v, NULL) == SUAN_OK && v == ms;
	}
	ok(good, "random times");
}

static void test_utf8(void)
{
	static const char *const bad[] = {"\x80",
					  "\xc0\x80",
					  "\xc1\xbf",
					  "\xbf\x80",
					  "\xed\xbf\xbf",
					  "\xe0\x80\x80",
					  "\xe0\x9f\xbf",
					  "\xed\xa0\x80",
					  "\xf0\x80\x80\x80",
					  "\xf0\x8f\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xff",
					  "\xc3",
					  "\xe4\xb8",
					  "\xf0\x9f\x98",
					  "\xe4x\xad",
					  "\xf0\x9f\x98x",
					  "a\xfe"};
	static const char fine[] =
		"a\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"
		"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
	uint32_t c = 0;

	ok(suan_utf8_valid(fine, strlen(fine)), "first and last of each length");
	ok(suan_utf8_valid("", 0) && suan_utf8_valid("a\0b", 3), "nothing, and NUL");
	for (size_t k = 0; k < COUNT(bad); k++)
		ok(!suan_utf8_valid(bad[k], strlen(bad[k])), "not UTF-8: %zu", k);
	ok(suan_utf8_next("", 0, &c) == 0 && suan_utf8_next("\xe4\xb8\xad", 3, &c) == 3 &&
		   c == 0x4e2d,
	   "one character");
	is_int(suan_utf8_width(""), 0, "no width");
	is_int(suan_utf8_width("abc"), 3, "ASCII");
	is_int(suan_utf8_width("\xc3\xa9t\xc3\xa9"), 3, "accents");
	is_int(suan_utf8_width("\xe4\xb8\xad\xe6\x96\x87"), 4, "Chinese");
	is_int(suan_utf8_width("\xf0\x9f\x98\x80"), 2, "emoji");
	is_int(suan_utf8_width("e\xcc\x81"), 1, "combining mark");
	is_int(suan_utf8_width("\xe3\x82\x99"), 0, "combining mark inside a wide block");
	is_int(suan_utf8_width("\xff\xfe"), 2, "damaged bytes");
	is_int(suan_utf8_width("\xea\xb0\x80\xef\xbc\xa1\xf0\xa0\x80\x80"), 6,
	       "Hangul, full width");
}

int main(void)
{
	test_checked();
	test_isqrt();
	test_log2();
	test_integers();
	test_long_text();
	test_fixed();
	test_sizes();
	test_durations();
	test_times();
	test_formats();
	test_round_trips();
	test_utf8();
	return tap_done();
}
