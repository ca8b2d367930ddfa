#include "lib/tap.h"
#include "lib/oom.h"

#include "base/grow.h"

static void test_grow(void)
{
	uint32_t *a = NULL;
	size_t cap = 0;
	size_t moves = 0;
	bool good = true;

	is_int(suan_grow(&a, &cap, 0, sizeof(*a)), SUAN_OK, "nothing needed");
	ok(!a && cap == 0, "nothing allocated");
	for (uint32_t i = 0; i < 10000; i++) {
		size_t before = cap;

		good = good && suan_grow(&a, &cap, i + 1, sizeof(*a)) == SUAN_OK && cap > i;
		moves += cap != before;
		a[i] = i;
	}
	for (uint32_t i = 0; i < 10000; i++)
		good = good && a[i] == i;
	ok(good, "elements stay");
	ok(moves < 25, "grows by half: %zu moves", moves);
	is_int(suan_grow(&a, &cap, 1000000, sizeof(*a)), SUAN_OK, "a leap");
	ok(cap >= 1000000, "has the room");
	free(a);
}

static void test_limits(void)
{
	uint64_t *a = NULL;
	size_t cap = 0;

	is_int(suan_grow(&a, &cap, SIZE_MAX, sizeof(*a)), SUAN_ENOMEM, "product overflows");
	is_int(suan_grow(&a, &cap, SIZE_MAX / 16 + 1, sizeof(*a)), SUAN_ENOMEM, "half of memory");
	ok(!a && cap == 0, "nothing changed");
	is_int(suan_grow(&a, &cap, 5, sizeof(*a)), SUAN_OK, "then it works");
	a[4] = 77;
	if (oom_works()) {
		size_t before = cap;
		enum suan_code rc;

		oom_arm(1);
		rc = suan_grow(&a, &cap, cap, sizeof(*a));
		ok(!oom_disarm() && rc == SUAN_OK, "enough: no allocation");
		oom_arm(1);
		rc = suan_grow(&a, &cap, cap + 1, sizeof(*a));
		oom_disarm();
		is_int(rc, SUAN_ENOMEM, "out of memory");
		ok(cap == before && a[4] == 77, "nothing changed");
	}
	free(a);
}

int main(void)
{
	test_grow();
	test_limits();
	return tap_done();
}
