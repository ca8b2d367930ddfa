#include "lib/tap.h"
#include "lib/oom.h"

#include "base/map.h"
#include "base/rng.h"

static void test_basics(void)
{
	struct suan_intern *t = suan_intern_new();
	uint32_t a = 9, b = 9, c = 9;
	size_t len = 9;
	size_t before = suan_intern_memory(t);

	is_int(suan_intern_add(t, "", 0, &a), SUAN_OK, "the empty string");
	is_int(a, 0, "is id 0");
	is_str(suan_intern_str(t, 0), "", "reads back");
	is_str(suan_intern_bytes(t, 0, &len), "", "with its length");
	is_int(len, 0, "0");
	suan_intern_ref(t, 0);
	suan_intern_drop(t, 0);
	suan_intern_drop(t, 0);
	is_int(suan_intern_count(t), 0, "and does not count");
	ok(suan_intern_find(t, NULL, 0, &a) && a == 0, "is always found");
	ok(!suan_intern_find(t, "x", 1, &a) && a == 0, "x is not");
	is_int(suan_intern_add(t, "x", 1, &a), SUAN_OK, "add x");
	is_int(suan_intern_add(t, "x\0y", 3, &b), SUAN_OK, "add bytes with a NUL");
	is_int(suan_intern_add(t, "x", 1, &c), SUAN_OK, "add x again");
	ok(a == 1 && b == 2 && c == 1, "ids from 1, one per string");
	is_int(suan_intern_count(t), 2, "two strings");
	ok(suan_intern_find(t, "x\0y", 3, &c) && c == b, "found");
	is_str(suan_intern_str(t, a), "x", "reads back");
	ok(memcmp(suan_intern_bytes(t, b, &len), "x\0y", 4) == 0 && len == 3, "with the NUL");
	suan_intern_drop(t, a);
	ok(suan_intern_find(t, "x", 1, &c), "one reference is left");
	suan_intern_ref(t, a);
	suan_intern_drop(t, a);
	suan_intern_drop(t, a);
	ok(!suan_intern_find(t, "x", 1, &c), "the last drop frees");
	is_int(suan_intern_add(t, "new", 3, &c), SUAN_OK, "add another");
	is_int(c, 1, "takes the free id");
	suan_intern_drop(t, b);
	suan_intern_drop(t, c);
	ok(suan_intern_add(t, "p", 1, &a) == SUAN_OK && suan_intern_add(t, "q", 1, &b) == SUAN_OK,
	   "two more");
	ok(a == 1 && b == 2, "freed last, given out first");
	suan_intern_drop(t, a);
	suan_intern_drop(t, b);
	is_int(suan_intern_memory(t), before, "memory as at first");
	suan_intern_free(t);
	suan_intern_free(NULL);
}

#define NAMES 3000

/* Against reference counts in an array; two tables with the same calls give the same ids. */
static void test_random(void)
{
	static unsigned refs[NAMES];
	struct suan_intern *t = suan_intern_new();
	struct suan_intern *twin = suan_intern_new();
	struct suan_rng g;
	size_t count = 0;
	bool good = true;

	suan_rng_init(&g, 4);
	for (int i = 0; i < 200000; i++) {
		uint64_t k = suan_rng_below(&g, i % 20000 < 10000 ? NAMES : NAMES / 10);
		char name[32];
		size_t n = (size_t)snprintf(name, sizeof(name), "name-%d", (int)k);
		uint32_t id = 0, other = 0;

		good = good && suan_intern_find(t, name, n, &id) == (refs[k] > 0);
		if (refs[k] > 0 && suan_rng_below(&g, 2) == 0) {
			good = good && strcmp(suan_intern_str(t, id), name) == 0;
			suan_intern_drop(t, id);
			suan_intern_drop(twin, id);
			count -= --refs[k] == 0;
		} else {
			good = good && suan_intern_add(t, name, n, &id) == SUAN_OK &&
			       suan_intern_add(twin, name, n, &other) == SUAN_OK && id == other;
			count += refs[k]++ == 0;
		}
		good = good && suan_intern_count(t) == count && id <= NAMES;
	}
	ok(good, "agrees with an array, and with its twin");
	suan_intern_free(t);
	suan_intern_free(twin);
}

static enum suan_code add_many(struct suan_intern *t, unsigned n, unsigned *ret_done)
{
	enum suan_code rc = SUAN_OK;
	uint32_t id;

	for (*ret_done = 0; *ret_done < n; ++*ret_done) {
		char name[32];

		rc = suan_intern_add(t, name, (size_t)snprintf(name, sizeof(name), "%u", *ret_done),
				     &id);
		if (rc != SUAN_OK)
			break;
	}
	return rc;
}

static void test_oom(void)
{
	for (unsigned n = 1; oom_next(n); n++) {
		struct suan_intern *t;
		enum suan_code rc = SUAN_ENOMEM;
		unsigned done = 0;
		uint32_t id = 77;
		bool hit, good;

		oom_arm(n);
		t = suan_intern_new();
		if (t)
			rc = add_many(t, 40, &done);
		hit = oom_disarm();
		is_int(rc, hit ? SUAN_ENOMEM : SUAN_OK, "new and adds");
		if (t) {
			char name[32];
			size_t len = (size_t)snprintf(name, sizeof(name), "%u", done);

			good = suan_intern_count(t) == done &&
			       !suan_intern_find(t, name, len, &id) && id == 77;
			ok(good, "%u strings, not the failed one", done);
			good = suan_intern_add(t, name, len, &id) == SUAN_OK && id == done + 1;
			ok(good, "and the next id is not lost");
		}
		suan_intern_free(t);
	}
}

static void test_limit(void)
{
	struct suan_intern *t = suan_intern_new();
	uint32_t id = 5;
	unsigned done;

	is_int(add_many(t, 1000, &done), SUAN_OK, "thousand");
	is_int(suan_intern_count(t), 1000, "counted");
	ok(suan_intern_find(t, "999", 3, &id) && id == 1000, "the last id");
	ok(suan_intern_memory(t) > 1000 * 4, "memory");
	is_int(suan_intern_add(t, "x", UINT32_MAX, &id), SUAN_ETOOBIG, "4 GiB are too many");
	ok(!suan_intern_find(t, "x", SIZE_MAX, &id) && id == 1000, "and never there");
	suan_intern_free(t);
}

int main(void)
{
	test_basics();
	test_random();
	test_oom();
	test_limit();
	return tap_done();
}
