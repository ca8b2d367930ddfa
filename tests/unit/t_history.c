/* What past run times say of the next one. */
#include "lib/tap.h"

#include "lib/oom.h"

#include "engine/history.h"

#define HOUR INT64_C(3600000)

struct world {
	struct suan_history h;
	struct suan_intern *strings;
	uint32_t ann, bob;
};

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->strings = suan_intern_new();
	if (!w->strings || suan_intern_add(w->strings, "ann", 3, &w->ann) != SUAN_OK ||
	    suan_intern_add(w->strings, "bob", 3, &w->bob) != SUAN_OK)
		abort();
}

static void end(struct world *w)
{
	suan_history_done(&w->h, w->strings);
	suan_intern_drop(w->strings, w->ann);
	suan_intern_drop(w->strings, w->bob);
	is_int(suan_intern_count(w->strings), 0, "every reference was given back");
	suan_intern_free(w->strings);
}

static void ran(struct world *w, uint32_t user, int64_t estimate, int64_t run)
{
	if (suan_history_reserve(&w->h, w->strings, user, estimate) != SUAN_OK)
		abort();
	suan_history_learn(&w->h, user, estimate, run);
}

static int64_t guess(const struct world *w, uint32_t user, int64_t estimate)
{
	bool known;

	return suan_history_predict(&w->h, user, estimate, &known);
}

static void t_mean(void)
{
	struct world w;
	bool known = true;

	begin(&w);
	is_int(suan_history_predict(&w.h, w.ann, HOUR, &known), HOUR, "nothing known: estimate");
	ok(!known, "and it says so");
	ran(&w, w.ann, HOUR, 1000);
	is_int(suan_history_predict(&w.h, w.ann, HOUR, &known), 1000, "one run");
	ok(known, "is knowledge");
	ran(&w, w.ann, HOUR, 3000);
	is_int(guess(&w, w.ann, HOUR), 2000, "two runs: their mean");
	for (int i = 0; i < 4; i++)
		ran(&w, w.ann, HOUR, 8000);
	is_int(guess(&w, w.ann, HOUR), 8000, "only the last four count");
	is_int(guess(&w, w.ann, 5000), 5000, "never above the estimate");
	is_int(guess(&w, w.bob, HOUR), HOUR, "another user: nothing known");
	is_int(guess(&w, 0, HOUR), HOUR, "nobody has no history");
	ran(&w, 0, HOUR, 5);
	is_int(guess(&w, 0, HOUR), HOUR, "nor gets one");
	ran(&w, w.bob, HOUR, 0);
	is_int(guess(&w, w.bob, HOUR), HOUR, "a run of no time teaches nothing");
	end(&w);
}

static void t_kinds(void)
{
	struct world w;

	begin(&w);
	for (int i = 0; i < 20; i++) {
		ran(&w, w.ann, HOUR, 60000);
		ran(&w, w.ann, 10 * HOUR, 4 * HOUR);
	}
	is_int(guess(&w, w.ann, HOUR), 60000, "jobs of one hour: their own runs");
	is_int(guess(&w, w.ann, 10 * HOUR), 4 * HOUR, "of ten hours: theirs");
	is_int(guess(&w, w.ann, 20 * HOUR), (60000 + 4 * HOUR) / 2, "others: all of the user");
	end(&w);
}

/* Users whose estimates are exact are taken at their word, whatever their last jobs took. */
static void t_exact_estimates(void)
{
	struct world w;
	bool known;

	begin(&w);
	for (int64_t i = 0; i < 40; i++) {
		int64_t run = i % 2 ? 10 * HOUR + i : 1000 + i;

		ran(&w, w.ann, run, run);
	}
	is_int(suan_history_predict(&w.h, w.ann, 7 * HOUR, &known), 7 * HOUR, "estimate");
	ok(!known, "not from runs");
	for (int i = 0; i < 60; i++)
		ran(&w, w.ann, 7 * HOUR, 2000);
	is_int(guess(&w, w.ann, 7 * HOUR), 2000, "until they are wrong again and again");
	end(&w);
}

static void t_restore(void)
{
	struct world w, again;
	struct suan_past bad;
	bool good = true;

	begin(&w);
	begin(&again);
	ran(&w, w.bob, HOUR, 4000);
	ran(&w, w.ann, HOUR, 2000);
	ran(&w, w.ann, 2 * HOUR, 6000);
	for (size_t i = 0; i < w.h.known; i++)
		good &= suan_history_restore(&again.h, again.strings, &w.h.list[i]) == SUAN_OK;
	ok(good && again.h.known == w.h.known, "all is put back");
	is_int(guess(&again, again.ann, HOUR), 2000, "the same guesses");
	is_int(guess(&again, again.bob, 9 * HOUR), 4000, "for everybody");
	bad = w.h.list[0];
	ok(suan_history_restore(&again.h, again.strings, &bad) == SUAN_ECONFLICT, "not twice");
	bad.estimate_ms = 77;
	bad.nruns = SUAN_PAST_RUNS + 1;
	ok(suan_history_restore(&again.h, again.strings, &bad) == SUAN_ECONFLICT, "too many runs");
	bad.nruns = 1;
	bad.runs_ms[0] = -1;
	ok(suan_history_restore(&again.h, again.strings, &bad) == SUAN_ECONFLICT, "negative run");
	end(&w);
	end(&again);
}

static void t_oom(void)
{
	struct world w;
	unsigned failures = 0;

	begin(&w);
	for (unsigned n = 1; oom_works() && n < 20; n++) {
		enum suan_code rc;

		oom_arm(n);
		rc = suan_history_reserve(&w.h, w.strings, w.ann, HOUR);
		(void)oom_disarm();
		if (rc == SUAN_OK)
			break;
		failures++;
		is_int(guess(&w, w.ann, HOUR), HOUR, "no memory, no harm");
	}
	ok(failures > 0 || !oom_works(), "allocations failed");
	ran(&w, w.ann, HOUR, 3000);
	is_int(guess(&w, w.ann, HOUR), 3000, "and it learns as ever");
	end(&w);
}

int main(void)
{
	t_mean();
	t_kinds();
	t_exact_estimates();
	t_restore();
	t_oom();
	return tap_done();
}
