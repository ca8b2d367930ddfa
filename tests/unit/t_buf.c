#include "lib/tap.h"
#include "lib/oom.h"

#include "base/buf.h"

static void test_adds(void)
{
	struct suan_buf b;

	suan_buf_init(&b, 0);
	is_str(suan_buf_str(&b), "", "empty string without memory");
	ok(!b.data, "no memory yet");
	ok(suan_buf_add(&b, NULL, 0), "nothing added");
	ok(suan_buf_adds(&b, "ab") && suan_buf_addc(&b, 'c') && suan_buf_add(&b, "d\0e", 3),
	   "adds");
	is_int(b.len, 6, "length");
	ok(memcmp(b.data, "abcd\0e", 7) == 0, "bytes and the NUL");
	suan_buf_cut(&b, 2);
	is_str(suan_buf_str(&b), "ab", "cut");
	ok(suan_buf_addf(&b, "-%d-%s", 7, "x"), "printf");
	is_str(suan_buf_str(&b), "ab-7-x", "printed");
	ok(suan_buf_addf(&b, "%0200d", 1), "printf that has to grow");
	is_int(b.len, 206, "grown");
	ok(suan_buf_addf(&b, "%s", ""), "printf of nothing");
	suan_buf_reset(&b);
	is_int(b.len, 0, "reset");
	ok(b.cap > 200, "reset keeps memory");
	suan_buf_done(&b);
	ok(!b.data && b.cap == 0, "done frees");
	ok(suan_buf_addf(&b, "%d", 5), "printf into an empty buffer");
	is_str(b.data, "5", "works after done");
	suan_buf_done(&b);
	suan_buf_done(NULL);
	suan_buf_reset(&b);
	is_int(suan_buf_ok(&b, NULL), SUAN_OK, "ok");
}

static void test_numbers(void)
{
	struct suan_buf b = {0};

	suan_buf_add_u64(&b, 0);
	suan_buf_addc(&b, ' ');
	suan_buf_add_u64(&b, UINT64_MAX);
	suan_buf_addc(&b, ' ');
	suan_buf_add_i64(&b, INT64_MIN);
	suan_buf_addc(&b, ' ');
	suan_buf_add_i64(&b, INT64_MAX);
	suan_buf_addc(&b, ' ');
	suan_buf_add_i64(&b, -7);
	suan_buf_add_i64(&b, 0);
	is_str(suan_buf_str(&b),
	       "0 18446744073709551615 -9223372036854775808 9223372036854775807 -70", "decimals");
	suan_buf_done(&b);
}

static void test_limit(void)
{
	struct suan_buf b;
	struct suan_err err;

	suan_buf_init(&b, 10);
	ok(suan_buf_adds(&b, "0123456789"), "up to the limit");
	is_int(suan_buf_reserve(&b, 1), SUAN_ETOOBIG, "reserve past it");
	is_int(suan_buf_ok(&b, NULL), SUAN_OK, "reserve does not stick");
	ok(!suan_buf_addc(&b, 'x'), "past the limit");
	is_str(suan_buf_str(&b), "0123456789", "bytes as they were");
	is_int(suan_buf_ok(&b, &err), SUAN_ETOOBIG, "sticks");
	is_str(err.text, "more than 10 bytes", "says the limit");
	suan_buf_cut(&b, 0);
	ok(!suan_buf_adds(&b, "x") && !suan_buf_addf(&b, "x"), "later adds fail too");
	is_int(suan_buf_reserve(&b, 1), SUAN_ETOOBIG, "and reserve");
	ok(!suan_buf_take(&b, NULL), "nothing to take");
	suan_buf_reset(&b);
	is_int(suan_buf_ok(&b, NULL), SUAN_OK, "until the reset");
	ok(suan_buf_addf(&b, "%s", "0123456789"), "printf up to the limit");
	suan_buf_cut(&b, 5);
	ok(!suan_buf_addf(&b, "%s", "abcdef"), "printf past the limit");
	is_str(suan_buf_str(&b), "01234", "printf left the bytes");
	suan_buf_reset(&b);
	ok(suan_buf_adds(&b, "abc"), "small");
	b.limit = 4;
	ok(!suan_buf_addf(&b, "%s", "de"), "printf past a limit within the memory");
	is_str(suan_buf_str(&b), "abc", "left the bytes");
	suan_buf_done(&b);
	is_int(b.limit, 4, "done keeps the limit");
	is_int(suan_buf_reserve(&b, SIZE_MAX), SUAN_ETOOBIG, "overflow");
	suan_buf_init(&b, 0);
	is_int(suan_buf_reserve(&b, SIZE_MAX / 2 + 1), SUAN_ETOOBIG, "no limit is SIZE_MAX / 2");
	b.limit = SIZE_MAX;
	is_int(suan_buf_reserve(&b, SIZE_MAX), SUAN_ETOOBIG, "so is a larger one");
	suan_buf_done(&b);
}

static void test_take(void)
{
	struct suan_buf b = {0};
	size_t len = 99;
	char *p;

	p = suan_buf_take(&b, &len);
	is_str(p, "", "an empty buffer gives an empty string");
	is_int(len, 0, "of no length");
	free(p);
	b.limit = 50;
	suan_buf_adds(&b, "hello");
	p = suan_buf_take(&b, &len);
	is_str(p, "hello", "taken");
	is_int(len, 5, "its length");
	ok(!b.data && b.len == 0 && b.cap == 0 && b.limit == 50, "the buffer is empty");
	free(p);
	suan_buf_done(&b);
}

static bool fill(struct suan_buf *b)
{
	for (int i = 0; i < 100; i++) {
		if (!suan_buf_addf(b, "%d,", i) || !suan_buf_adds(b, "abc"))
			return false;
	}
	return true;
}

static void test_oom(void)
{
	struct suan_buf b = {0};
	struct suan_err err;
	enum suan_code rc;
	char *p;

	for (unsigned n = 1; oom_next(n); n++) {
		bool hit, good;

		suan_buf_init(&b, 0);
		oom_arm(n);
		good = fill(&b);
		hit = oom_disarm();
		ok(good == !hit, "allocation %u", n);
		is_int(suan_buf_ok(&b, &err), hit ? SUAN_ENOMEM : SUAN_OK, "the reason");
		is_int(strlen(suan_buf_str(&b)), b.len, "still a string");
		suan_buf_done(&b);
	}
	if (!oom_works())
		return;
	oom_arm(1);
	p = suan_buf_take(&b, NULL);
	ok(oom_disarm() && !p, "no memory for the empty string");
	oom_arm(1);
	rc = suan_buf_reserve(&b, 10);
	oom_disarm();
	is_int(rc, SUAN_ENOMEM, "reserve without memory");
	is_int(suan_buf_ok(&b, NULL), SUAN_OK, "does not stick");
	is_int(suan_buf_reserve(&b, 10000), SUAN_OK, "reserve");
	oom_arm(1);
	for (int i = 0; i < 10000; i++)
		suan_buf_addc(&b, 'x');
	ok(!oom_disarm() && b.len == 10000, "adds after it allocate nothing");
	suan_buf_done(&b);
}

int main(void)
{
	test_adds();
	test_numbers();
	test_limit();
	test_take();
	test_oom();
	return tap_done();
}
