#include "lib/tap.h"
#include "lib/oom.h"

#include "base/rng.h"
#include "base/series.h"

static void test_steps(void)
{
	struct suan_series s = {0};

	ok(suan_series_add(&s, 1000, 5) == SUAN_OK, "a step");
	is_int((int64_t)suan_series_seal(&s), 0, "nothing is dropped");
	is_int(suan_series_at(&s, INT64_MIN), 5, "one value holds before …");
	is_int(suan_series_at(&s, INT64_MAX), 5, "… and for ever");
	is_int((int64_t)suan_series_sum(&s, 0, 10), 50, "also in sums");
	ok(suan_series_add(&s, 3000, -2) == SUAN_OK && suan_series_add(&s, 2000, 7) == SUAN_OK &&
		   suan_series_add(&s, 3000, -3) == SUAN_OK,
	   "more, out of order and one twice");
	ok(s.unsorted, "which is noticed");
	is_int((int64_t)suan_series_seal(&s), 1, "one is dropped");
	is_int((int64_t)s.count, 3, "three are left");
	is_int(suan_series_at(&s, 999), 5, "before the first: the first");
	is_int(suan_series_at(&s, 1999), 5, "until the next");
	is_int(suan_series_at(&s, 2000), 7, "from its time on");
	is_int(suan_series_at(&s, 3000), -3, "the one added last counts");
	is_int((int64_t)suan_series_sum(&s, 1500, 1500), 0, "nothing over nothing");
	is_int(suan_series_least(&s, 0, 3000), 5, "the least before the last step");
	is_int(suan_series_least(&s, 2999, 3001), -3, "and with it");
	is_int((int64_t)suan_series_sum(&s, 500, 4000), 1500 * 5 + 1000 * 7 - 1000 * 3, "a sum");
	suan_series_done(&s);
	suan_series_done(&s);
}

static int64_t next_of(const int64_t *at, int n, int64_t t)
{
	int64_t next = 99;

	for (int i = 0; i < n; i++)
		if (at[i] > t && at[i] < next)
			next = at[i];
	return next;
}

/* Many steps, equally long but for one: whoever looks where they should be misses some. */
static void test_long(void)
{
	struct suan_series s = {0};
	int wrong = 0;

	for (int i = 0; i < 200; i++)
		wrong += suan_series_add(&s, i * 10 + (i > 60) * 7, i) != SUAN_OK;
	(void)suan_series_seal(&s);
	for (int64_t t = 0; t < 2010; t++) {
		int64_t i = t < 617 ? (t < 610 ? t / 10 : 60) : (t - 7) / 10;

		wrong += suan_series_at(&s, t) != (i < 199 ? i : 199);
		wrong += suan_series_next(&s, t, -1) !=
			 (i < 199 ? s.steps[i + 1].at_ms : -1);
	}
	is_int(wrong, 0, "200 steps, one longer");
	suan_series_done(&s);
}

/* Against a sum over single milliseconds. */
static void test_random(void)
{
	struct suan_rng rng;
	int wrong = 0;

	suan_rng_init(&rng, 7);
	for (int round = 0; round < 300; round++) {
		int64_t at[8], value[8], from = suan_rng_between(&rng, -20, 60),
					 to = from + suan_rng_between(&rng, 0, 60), sum = 0,
					 least = INT64_MAX;
		int n = (int)suan_rng_between(&rng, 1, 8);
		struct suan_series s = {0};

		for (int i = 0; i < n; i++) {
			at[i] = suan_rng_between(&rng, 0, 40);
			value[i] = suan_rng_between(&rng, -9, 9);
			wrong += suan_series_add(&s, at[i], value[i]) != SUAN_OK;
		}
		(void)suan_series_seal(&s);
		for (int64_t t = from; t < to; t++) {
			int best = -1, first = 0;

			for (int i = 0; i < n; i++) {
				if (at[i] <= t && (best < 0 || at[i] >= at[best]))
					best = i;
				if (at[i] < at[first] || (at[i] == at[first] && i > first))
					first = i;
			}
			sum += value[best < 0 ? first : best];
			least = suan_series_at(&s, t) < least ? suan_series_at(&s, t) : least;
			wrong += suan_series_at(&s, t) != value[best < 0 ? first : best];
			wrong += suan_series_next(&s, t, 99) != next_of(at, n, t);
		}
		wrong += suan_series_sum(&s, from, to) != sum;
		wrong += from < to && suan_series_least(&s, from, to) != least;
		suan_series_done(&s);
	}
	is_int(wrong, 0, "300 random series");
}

static void test_oom(void)
{
	struct suan_series s = {0};
	enum suan_code rc;

	if (!oom_works())
		return;
	oom_arm(1);
	rc = suan_series_add(&s, 1, 1);
	ok(oom_disarm() && rc == SUAN_ENOMEM, "no memory");
	is_int((int64_t)s.count, 0, "nothing changed");
	suan_series_done(&s);
}

int main(void)
{
	test_steps();
	test_random();
	test_long();
	test_oom();
	return tap_done();
}
