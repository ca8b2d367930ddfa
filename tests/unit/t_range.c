#include "lib/tap.h"

#include "base/range.h"
#include "base/rng.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_good(void)
{
	static const struct {
		const char *s, *want;
		uint32_t nruns, count, cap;
	} good[] = {
		{"0-99%10", "0-99%10", 1, 100, 10},
		{"1,3,5-7:2", "1,3,5-7:2", 3, 4, 0},
		{"0", "0", 1, 1, 0},
		{"7-7:3", "7", 1, 1, 0},
		{"0-10:20", "0", 1, 1, 0},
		{"0-10:3", "0-9:3", 1, 4, 0},
		{"5,1,3", "1,3,5", 3, 3, 0},
		{"1,2,3,4", "1-4", 1, 4, 0},
		{"3-4,1-2", "1-4", 1, 4, 0},
		{"1-5:2,7,9-13:2", "1-13:2", 1, 7, 0},
		{"1-5:2,8", "1-5:2,8", 2, 4, 0},
		{"10-20,0-5%0", "0-5,10-20", 2, 17, 0},
		{"2147483647", "2147483647", 1, 1, 0},
		{"0-2147483647:2147483647", "0-2147483647:2147483647", 1, 2, 0},
		{"0-999999", "0-999999", 1, 1000000, 0},
		{"1-5%2147483647", "1-5%2147483647", 1, 5, 2147483647},
	};

	for (size_t k = 0; k < COUNT(good); k++) {
		struct suan_range r, again;
		struct suan_err err;
		struct suan_buf b = {0};

		memset(&r, 0xff, sizeof(r));
		is_int(suan_range_parse(good[k].s, &r, &err), SUAN_OK, good[k].s);
		ok(r.nruns == good[k].nruns && r.count == good[k].count && r.cap == good[k].cap,
		   "runs, count and cap");
		suan_range_format(&r, &b);
		is_str(suan_buf_str(&b), good[k].want, "printed");
		is_int(suan_range_parse(suan_buf_str(&b), &again, &err), SUAN_OK, "read back");
		ok(memcmp(&r, &again, sizeof(r)) == 0, "the same");
		suan_buf_done(&b);
	}
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"",
		"x",
		"-1",
		"1-",
		"5-3",
		"1-3:",
		"1-3:0",
		"1:2",
		"1,",
		",1",
		"1,,2",
		"1%",
		"%5",
		"1%x",
		"1 ",
		" 1",
		"1%5x",
		"1%5%6",
		"2147483648",
		"0-2147483648",
		"1-3:2147483648",
		"1%2147483648",
		"99999999999999999999999",
		"1x",
		"1,1",
		"1-5,3",
		"1-9:2,2-8:2",
		"5,1-5",
		"0-10,2",
	};
	struct suan_range r = {.cap = 42};
	struct suan_err err;

	for (size_t k = 0; k < COUNT(bad); k++) {
		memset(&err, 0, sizeof(err));
		ok(suan_range_parse(bad[k], &r, &err) == SUAN_EINVAL && err.text[0],
		   "refused: \"%s\"", bad[k]);
	}
	is_int(suan_range_parse("0-1000000", &r, &err), SUAN_ETOOBIG, "too many elements");
	is_str(err.text, "1000001 elements; right are at most 1000000", "says so");
	is_int(suan_range_parse("0-2147483647", &r, NULL), SUAN_ETOOBIG, "err may be NULL");
	ok(r.cap == 42 && r.nruns == 0, "result untouched");
}

static void test_runs(void)
{
	struct suan_buf b = {0};
	struct suan_range r;

	for (int i = 0; i < SUAN_RANGE_MAX_RUNS; i++)
		suan_buf_addf(&b, "%s%d", i ? "," : "", i * i * 3);
	is_int(suan_range_parse(suan_buf_str(&b), &r, NULL), SUAN_OK, "as many runs as fit");
	is_int(r.nruns, SUAN_RANGE_MAX_RUNS, "all there");
	suan_buf_adds(&b, ",100000");
	is_int(suan_range_parse(suan_buf_str(&b), &r, NULL), SUAN_ETOOBIG, "one more");
	suan_buf_reset(&b);
	for (int i = 0; i < 5000; i++)
		suan_buf_addf(&b, "%s%d", i ? "," : "", i);
	is_int(suan_range_parse(suan_buf_str(&b), &r, NULL), SUAN_OK, "a long list");
	ok(r.nruns == 1 && r.count == 5000, "is one run");
	memset(&r, 0, sizeof(r));
	suan_buf_reset(&b);
	suan_range_format(&r, &b);
	is_int(b.len, 0, "no array, no text");
	suan_buf_done(&b);
}

static void test_positions(void)
{
	struct suan_range r;
	uint32_t want = 0;
	uint32_t pos = 77;
	bool good = true;

	is_int(suan_range_parse("3,10-20:5,100-199,1000-1010:3", &r, NULL), SUAN_OK, "a set");
	ok(suan_range_at(&r, 0) == 3 && suan_range_at(&r, 1) == 10 && suan_range_at(&r, 3) == 20 &&
		   suan_range_at(&r, 4) == 100 && suan_range_at(&r, r.count - 1) == 1009,
	   "elements");
	for (uint32_t i = 0; i < 1100; i++) {
		bool in = suan_range_pos(&r, i, &pos);

		if (in)
			good = good && pos == want++ && suan_range_at(&r, pos) == i;
	}
	ok(good && want == r.count, "positions and back");
	pos = 77;
	ok(!suan_range_pos(&r, 0, &pos) && !suan_range_pos(&r, 11, &pos) &&
		   !suan_range_pos(&r, UINT32_MAX, &pos) && pos == 77,
	   "not in the set");
	memset(&r, 0, sizeof(r));
	ok(!suan_range_pos(&r, 0, &pos), "nor in none");
}

/* Random lists of apart runs in random order, against a plain array of flags. */
static void test_random(void)
{
	struct suan_rng g;
	bool good = true;

	suan_rng_init(&g, 8);
	for (int round = 0; round < 2000 && good; round++) {
		static bool in[2000];
		struct suan_buf b = {0};
		struct suan_range r;
		char parts[12][40];
		uint32_t n = (uint32_t)suan_rng_between(&g, 1, 12);
		uint32_t at = 0, count = 0, pos = 0;

		memset(in, 0, sizeof(in));
		for (uint32_t i = 0; i < n; i++) {
			uint32_t first = at + (uint32_t)suan_rng_below(&g, 4);
			uint32_t last = first + (uint32_t)suan_rng_below(&g, 30);
			uint32_t step = (uint32_t)suan_rng_between(&g, 1, 4);

			snprintf(parts[i], sizeof(parts[i]), "%u-%u:%u", first, last, step);
			for (uint32_t k = first; k <= last; k += step)
				in[k] = true;
			at = last + 1;
		}
		for (uint32_t i = 0; i < n; i++) {
			uint32_t k = i + (uint32_t)suan_rng_below(&g, n - i);

			suan_buf_addf(&b, "%s%s", i ? "," : "", parts[k]);
			memcpy(parts[k], parts[i], sizeof(parts[i]));
		}
		good = suan_range_parse(suan_buf_str(&b), &r, NULL) == SUAN_OK;
		for (uint32_t i = 0; good && i < 2000; i++) {
			good = suan_range_pos(&r, i, &pos) == in[i] && (!in[i] || pos == count);
			count += in[i];
		}
		good = good && count == r.count;
		if (!good)
			printf("# %s\n", suan_buf_str(&b));
		suan_buf_done(&b);
	}
	ok(good, "agrees with an array");
}

int main(void)
{
	test_good();
	test_bad();
	test_runs();
	test_positions();
	test_random();
	return tap_done();
}
