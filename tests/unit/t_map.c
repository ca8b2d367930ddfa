#include "lib/tap.h"
#include "lib/oom.h"

#include "base/map.h"
#include "base/rng.h"

static void test_basics(void)
{
	struct suan_map m;
	uint64_t v = 5;

	suan_map_init(&m);
	ok(!suan_map_get(&m, 1, &v) && v == 5, "empty");
	ok(!suan_map_drop(&m, 1) && !suan_map_drop(&m, 0), "nothing to drop");
	is_int(suan_map_put(&m, 0, 10), SUAN_OK, "key 0");
	is_int(suan_map_put(&m, UINT64_MAX, 20), SUAN_OK, "largest key");
	is_int(suan_map_put(&m, 7, 0), SUAN_OK, "value 0");
	is_int(suan_map_count(&m), 3, "count");
	ok(suan_map_get(&m, 0, &v) && v == 10, "get key 0");
	ok(suan_map_get(&m, 0, NULL) && suan_map_get(&m, 7, NULL), "without a value");
	ok(suan_map_get(&m, UINT64_MAX, &v) && v == 20, "get the largest key");
	ok(suan_map_get(&m, 7, &v) && v == 0, "get value 0");
	ok(!suan_map_get(&m, 8, &v), "not there");
	is_int(suan_map_put(&m, 0, 11), SUAN_OK, "replace key 0");
	is_int(suan_map_put(&m, 7, 70), SUAN_OK, "replace");
	is_int(suan_map_count(&m), 3, "still three");
	ok(suan_map_get(&m, 7, &v) && v == 70, "replaced");
	ok(suan_map_drop(&m, 0) && !suan_map_get(&m, 0, &v), "drop key 0");
	ok(suan_map_drop(&m, 7) && !suan_map_drop(&m, 7), "drop once");
	is_int(suan_map_count(&m), 1, "one left");
	suan_map_done(&m);
	suan_map_done(NULL);
	is_int(suan_map_count(&m), 0, "usable after done");
}

/* Small key spaces make long probe chains and wrap around the end of the table. */
static void test_against_array(uint64_t keys, uint64_t seed)
{
	static uint64_t want[5000];
	static bool there[5000];
	struct suan_map m = {0};
	struct suan_rng g;
	size_t count = 0;
	bool good = true;

	memset(there, 0, sizeof(there));
	suan_rng_init(&g, seed);
	for (int i = 0; i < 200000; i++) {
		uint64_t k = suan_rng_below(&g, keys);
		uint64_t v = 0;

		if (suan_rng_below(&g, 2) == 0) {
			good = good && suan_map_drop(&m, k) == there[k];
			count -= there[k];
			there[k] = false;
		} else {
			count += !there[k];
			there[k] = true;
			want[k] = (uint64_t)i;
			good = good && suan_map_put(&m, k, want[k]) == SUAN_OK;
		}
		k = suan_rng_below(&g, keys);
		good = good && suan_map_get(&m, k, &v) == there[k] && (!there[k] || v == want[k]);
		good = good && suan_map_count(&m) == count;
	}
	ok(good, "agrees with an array of %" PRIu64 " keys", keys);
	ok(m.cap <= 4 * keys + 16, "does not grow by coming and going");
	suan_map_done(&m);
}

static void test_reserve(void)
{
	struct suan_map m = {0};
	bool good = true;

	is_int(suan_map_reserve(&m, SIZE_MAX), SUAN_ENOMEM, "overflow");
	is_int(suan_map_reserve(&m, SIZE_MAX / 64 + 1), SUAN_ENOMEM, "overflow of the bytes");
	is_int(suan_map_reserve(&m, 1000), SUAN_OK, "room for 1000");
	oom_arm_all(1);
	for (uint64_t k = 0; k < 1000; k++)
		good = good && suan_map_put(&m, k * 64, k) == SUAN_OK;
	ok(!oom_disarm() && good, "1000 puts cannot fail");
	is_int(suan_map_reserve(&m, 0), SUAN_OK, "room for nothing more");
	suan_map_done(&m);
}

static void test_oom(void)
{
	bool hit = true;

	for (unsigned n = 1; hit; n++) {
		struct suan_map m = {0};
		enum suan_code rc = SUAN_OK;
		uint64_t k = 0;
		uint64_t v;
		bool good = true;

		oom_arm(n);
		for (k = 0; k < 1000 && rc == SUAN_OK; k++)
			rc = suan_map_put(&m, k + 1, k);
		hit = oom_disarm();
		is_int(rc, hit ? SUAN_ENOMEM : SUAN_OK, "put");
		if (hit)
			k--;
		is_int(suan_map_count(&m), k, "all before are there");
		for (uint64_t i = 0; i < k; i++)
			good = good && suan_map_get(&m, i + 1, &v) && v == i;
		ok(good && !suan_map_get(&m, k + 1, &v), "with their values");
		oom_arm(1);
		ok(k == 0 || suan_map_put(&m, 1, 99) == SUAN_OK, "replacing never fails");
		oom_disarm();
		suan_map_done(&m);
	}
}

static void test_million(void)
{
	struct suan_map m = {0};
	bool good = true;
	uint64_t v;

	for (uint64_t k = 1; k <= 1000000; k++)
		good = good && suan_map_put(&m, k, ~k) == SUAN_OK;
	for (uint64_t k = 1; k <= 1000000; k += 2)
		good = good && suan_map_drop(&m, k);
	for (uint64_t k = 1; k <= 1000000; k++)
		good = good && suan_map_get(&m, k, &v) == (k % 2 == 0);
	ok(good && suan_map_count(&m) == 500000, "a million keys");
	suan_map_done(&m);
}

int main(void)
{
	test_basics();
	test_against_array(5, 1);
	test_against_array(100, 2);
	test_against_array(5000, 3);
	test_reserve();
	test_oom();
	test_million();
	return tap_done();
}
