/* Free capacity over time. */
#include "lib/tap.h"

#include "lib/oom.h"

#include "base/rng.h"
#include "engine/model.h"
#include "engine/profile.h"

#define SEED   7
#define LATEST 120

static struct suan_vec cores(int32_t n)
{
	struct suan_vec v = {.cores = n};

	return v;
}

static void staircase(struct suan_profile *f)
{
	struct suan_vec free = cores(2), more = cores(3);

	ok(suan_profile_reset(f, &free, 2) == SUAN_OK, "reset, with room for two more steps");
	suan_profile_append(f, 100, &more);
	suan_profile_append(f, 200, &more);
	suan_profile_append(f, 200, &more);
	is_int(f->count, 3, "equal times are one step");
}

/* One machine of four cores: two busy until 100, all busy from 150 to 200. */
static void test_sooner(void)
{
	struct suan_profile f = {0};
	struct suan_vec four = cores(4), two = cores(2), one = cores(1);

	ok(suan_profile_reset(&f, &four, 0) == SUAN_OK, "reset");
	ok(suan_profile_reserve(&f, &two, 0, 100) == SUAN_OK, "a run");
	ok(suan_profile_reserve(&f, &four, 150, 200) == SUAN_OK, "its own slot of four");
	is_int(suan_profile_sooner(&f, &four, 50, 10, 150), 100, "four cores: when the run ends");
	ok(suan_profile_reserve(&f, &one, 120, 130) == SUAN_OK, "another's slot");
	is_int(suan_profile_sooner(&f, &four, 50, 10, 150), 130,
	       "overlaps its own time, not the other's");
	is_int(suan_profile_sooner(&f, &four, 50, 150, 150), SUAN_FOREVER, "it is there already");
	ok(suan_profile_reserve(&f, &one, 130, 150) == SUAN_OK, "and one up to its own");
	is_int(suan_profile_sooner(&f, &four, 50, 10, 150), SUAN_FOREVER, "no room before");
	is_int(suan_profile_sooner(&f, &two, 110, 10, 150), 10, "two cores: at once");
	suan_profile_done(&f);
}

/* Is *v free in every step that [from, to) touches? */
static bool free_over(const struct suan_profile *f, const struct suan_vec *v, int64_t from,
		      int64_t to)
{
	for (size_t i = 0; i < f->count; i++) {
		bool touches =
			f->steps[i].from < to && (i + 1 == f->count || f->steps[i + 1].from > from);

		if (touches && !suan_vec_fits(v, &f->steps[i].free))
			return false;
	}
	return true;
}

/* First time from which on it is free for so long, or until `own`. */
static int64_t first_free(const struct suan_profile *f, const struct suan_vec *v, int64_t duration,
			  int64_t from, int64_t own)
{
	for (int64_t t = from; t < own && t <= LATEST; t++)
		if (free_over(f, v, t, t + duration < own ? t + duration : own))
			return t;
	return SUAN_FOREVER;
}

static void test_against_time_by_time(void)
{
	struct suan_rng rng;
	uint32_t wrong = 0, found = 0, none = 0;

	printf("# seed %d\n", SEED);
	suan_rng_init(&rng, SEED);
	for (int round = 0; round < 2000; round++) {
		struct suan_profile f = {0};
		struct suan_vec all = cores(6), v = cores((int32_t)suan_rng_below(&rng, 7));
		int64_t from = (int64_t)suan_rng_below(&rng, 30);
		int64_t own = from + 1 + (int64_t)suan_rng_below(&rng, 60);
		int64_t duration = 1 + (int64_t)suan_rng_below(&rng, 20), at;

		if (suan_profile_reset(&f, &all, 0) != SUAN_OK)
			break;
		for (int i = 0; i < 12; i++) {
			struct suan_vec some = cores((int32_t)suan_rng_below(&rng, 4));
			int64_t begin = (int64_t)suan_rng_below(&rng, 80);

			wrong += suan_profile_reserve(&f, &some, begin,
						      begin + (int64_t)suan_rng_below(&rng, 30)) !=
				 SUAN_OK;
		}
		at = suan_profile_sooner(&f, &v, duration, from, own);
		wrong += at != first_free(&f, &v, duration, from, own);
		found += at != SUAN_FOREVER;
		none += at == SUAN_FOREVER;
		at = suan_profile_earliest(&f, &v, duration, from, LATEST);
		wrong += at != first_free(&f, &v, duration, from, SUAN_FOREVER);
		suan_profile_done(&f);
	}
	is_int(wrong, 0, "as found by looking at every time");
	ok(found > 100 && none > 100, "%u were found, %u were not", found, none);
}

static void test_tidy(void)
{
	struct suan_profile f = {0};
	struct suan_vec four = cores(4), five = cores(5), back = cores(-4);

	ok(suan_profile_reset(&f, &four, 0) == SUAN_OK, "reset");
	ok(suan_profile_reserve(&f, &four, 10, 20) == SUAN_OK &&
		   suan_profile_reserve(&f, &four, 30, 40) == SUAN_OK,
	   "two slots");
	ok(suan_profile_reserve(&f, &back, 30, 40) == SUAN_OK, "the second goes");
	is_int(f.count, 5, "its steps stay");
	suan_profile_tidy(&f, 5);
	is_int(f.count, 3, "until they are joined");
	is_int(suan_profile_at(&f, 15)->cores, 0, "the first slot stays");
	is_int(suan_profile_at(&f, 35)->cores, 4, "the second is free");
	suan_profile_tidy(&f, 25);
	is_int(f.count, 1, "what is past is forgotten");
	ok(!suan_profile_overfull(&f, 0), "not overfull");
	ok(suan_profile_reserve(&f, &five, 50, 60) == SUAN_OK, "too much");
	ok(suan_profile_overfull(&f, 0), "overfull later");
	ok(!suan_profile_overfull(&f, 60), "not after it");
	suan_profile_done(&f);
}

int main(void)
{
	struct suan_profile f = {0}, copy = {0};
	struct suan_vec two = cores(2), three = cores(3), ten = cores(10), twelve = cores(12);

	staircase(&f);
	is_int(suan_profile_at(&f, -5)->cores, 2, "before the first end");
	is_int(suan_profile_at(&f, 100)->cores, 5, "a step begins with its time");
	is_int(suan_profile_earliest(&f, &two, 50, 10, SUAN_FOREVER), 10, "now");
	is_int(suan_profile_earliest(&f, &three, 50, 10, SUAN_FOREVER), 100, "at the next end");
	is_int(suan_profile_earliest(&f, &ten, 50, 10, SUAN_FOREVER), 200, "at the last end");
	is_int(suan_profile_earliest(&f, &ten, 50, 10, 199), SUAN_FOREVER, "not later than asked");
	is_int(suan_profile_earliest(&f, &twelve, 50, 10, SUAN_FOREVER), SUAN_FOREVER, "never");

	is_int(suan_profile_rising(&f, &two, 10, SUAN_FOREVER), 10, "rising: now");
	is_int(suan_profile_rising(&f, &three, 10, SUAN_FOREVER), 100, "rising: next end");
	is_int(suan_profile_rising(&f, &ten, 10, 199), SUAN_FOREVER, "rising: not later");
	is_int(suan_profile_rising(&f, &twelve, 10, SUAN_FOREVER), SUAN_FOREVER, "never");

	ok(suan_profile_copy(&copy, &f) == SUAN_OK, "copy");
	ok(suan_profile_reserve(&f, &three, 100, 150) == SUAN_OK, "reserve");
	is_int(suan_profile_at(&f, 149)->cores, 2, "taken");
	is_int(suan_profile_at(&f, 150)->cores, 5, "until the end, not longer");
	is_int(suan_profile_earliest(&f, &three, 10, 0, SUAN_FOREVER), 150, "behind the hold");
	is_int(suan_profile_earliest(&f, &two, 200, 0, SUAN_FOREVER), 0, "through it");
	ok(suan_profile_reserve(&f, &two, 120, SUAN_FOREVER) == SUAN_OK, "reserve for ever");
	is_int(suan_profile_earliest(&f, &two, 20, 0, SUAN_FOREVER), 0, "touches it");
	is_int(suan_profile_earliest(&f, &two, 121, 0, SUAN_FOREVER), 150, "one too long");
	ok(suan_profile_reserve(&f, &twelve, 160, 160) == SUAN_OK, "an empty hold is none");
	is_int(suan_profile_at(&f, 160)->cores, 3, "nothing taken");
	is_int(suan_profile_at(&copy, 149)->cores, 5, "the copy stands apart");
	ok(suan_profile_reserve(&copy, &twelve, 0, 10) == SUAN_OK, "less than nothing can be free");
	is_int(suan_profile_at(&copy, 5)->cores, -10, "less than nothing");
	is_int(suan_profile_earliest(&copy, &two, 5, 0, SUAN_FOREVER), 10, "fits behind it");

	suan_profile_done(&copy);
	for (unsigned n = 1; oom_next(n); n++) {
		enum suan_code rc;
		bool hit;

		oom_arm(n);
		rc = suan_profile_copy(&copy, &f);
		for (int64_t t = 0; t < 50 && rc == SUAN_OK; t++)
			rc = suan_profile_reserve(&copy, &two, 10 * t, 10 * t + 5);
		hit = oom_disarm();
		ok(rc == (hit ? SUAN_ENOMEM : SUAN_OK), "allocation %u", n);
		suan_profile_done(&copy);
	}
	suan_profile_done(&f);
	test_sooner();
	test_against_time_by_time();
	test_tidy();
	return tap_done();
}
