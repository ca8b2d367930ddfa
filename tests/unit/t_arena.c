#include "lib/tap.h"
#include "lib/oom.h"

#include "base/arena.h"
#include "base/rng.h"

static bool zeroed(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static void fill(struct suan_arena *a, uint64_t seed)
{
	struct suan_rng g;
	bool good = true;

	suan_rng_init(&g, seed);
	for (int i = 0; i < 2000; i++) {
		size_t n = (size_t)suan_rng_below(&g, i % 100 == 0 ? 100000 : 200);
		unsigned char *p = suan_arena_alloc(a, n);

		good = good && p && (uintptr_t)p % 16 == 0 && zeroed(p, n);
		if (p)
			memset(p, 0xa5, n);
	}
	ok(good, "aligned, zeroed and apart");
}

static void test_pieces(void)
{
	struct suan_arena a;
	char *s;

	suan_arena_init(&a, 0);
	fill(&a, 1);
	ok(a.used > 0, "used");
	suan_arena_reset(&a);
	is_int(a.used, 0, "reset");
	fill(&a, 2);
	s = suan_arena_str(&a, "hello");
	is_str(s, "hello", "string");
	s = suan_arena_mem(&a, "a\0bc", 3);
	ok(s && memcmp(s, "a\0b", 4) == 0, "bytes and NUL");
	is_str(suan_arena_mem(&a, NULL, 0), "", "no bytes");
	ok(suan_arena_alloc(&a, 0) != suan_arena_alloc(&a, 0), "pieces of nothing are apart");
	ok(suan_arena_array(&a, 10, 100), "array");
	ok(suan_arena_alloc(&a, 5000000), "a large piece");
	suan_arena_done(&a);
	ok(!a.head && a.used == 0, "done");
	suan_arena_reset(&a);
	suan_arena_done(&a);
	suan_arena_done(NULL);
}

static void test_limits(void)
{
	struct suan_arena a;

	suan_arena_init(&a, 100);
	ok(suan_arena_alloc(&a, 80), "80 of 100 bytes");
	ok(!suan_arena_alloc(&a, 30), "not 30 more");
	is_int(a.used, 80, "nothing changed");
	ok(suan_arena_alloc(&a, 16), "but 16");
	ok(!suan_arena_alloc(&a, 1), "full: pieces are rounded up");
	suan_arena_reset(&a);
	ok(suan_arena_alloc(&a, 96), "room after the reset");
	suan_arena_done(&a);
	is_int(a.limit, 100, "done keeps the limit");
	suan_arena_init(&a, SIZE_MAX);
	ok(!suan_arena_alloc(&a, SIZE_MAX), "too large");
	ok(!suan_arena_alloc(&a, SIZE_MAX / 4 + 1), "too large still");
	ok(!suan_arena_array(&a, SIZE_MAX / 2, 3), "product overflows");
	ok(!suan_arena_mem(&a, "", SIZE_MAX), "no room for the NUL");
	ok(!a.head, "nothing allocated");
	suan_arena_done(&a);
}

static void test_blocks(void)
{
	struct suan_arena a = {0};
	char *small, *next;

	small = suan_arena_alloc(&a, 16);
	ok(suan_arena_alloc(&a, 100000), "a large piece");
	next = suan_arena_alloc(&a, 16);
	ok(next == small + 16, "small pieces go on in their block");
	suan_arena_reset(&a);
	ok(suan_arena_alloc(&a, 16) == small, "reset keeps the block");
	suan_arena_done(&a);
}

static void test_oom(void)
{
	for (unsigned n = 1; oom_next(n); n++) {
		struct suan_arena a = {0};
		bool hit, good = true;
		size_t used = 0;

		oom_arm(n);
		for (int i = 0; i < 1000 && good; i++) {
			used = a.used;
			good = suan_arena_alloc(&a, i % 90 ? 100 : 20000);
		}
		hit = oom_disarm();
		ok(good == !hit, "allocation %u", n);
		ok(good || a.used == used, "nothing changed");
		ok(suan_arena_str(&a, "later"), "later it works");
		suan_arena_done(&a);
	}
}

int main(void)
{
	test_pieces();
	test_limits();
	test_blocks();
	test_oom();
	return tap_done();
}
