/* Predicted starts with their confidence: the tracker alone, and in the scheduler. */
#include "base/rng.h"
#include "engine/forecast.h"
#include "lib/engine_kit.h"

#define POINT_S 1000

static const int promised[SUAN_NCONFIDENCES] = {50, 90, 99};

/* ---- the tracker alone ---- */

static struct suan_given say(const struct suan_forecast *f, int64_t point_s)
{
	struct suan_outlook o = {.now_ms = 5000, .start_ms = 5000 + point_s * 1000};
	struct suan_given g;

	suan_forecast_give(f, &o, &g);
	return g;
}

/* Thousands of so many that held. */
struct tally {
	int64_t n, held[SUAN_NCONFIDENCES];
};

static void count(struct tally *t, const struct suan_given *g, int64_t wait_s)
{
	t->n++;
	for (int c = 0; c < SUAN_NCONFIDENCES; c++)
		t->held[c] += wait_s <= (int64_t)g->bound_s[c];
}

/* Hundredths of points that the worst of the three is off. */
static int64_t worst(const struct tally *t)
{
	int64_t most = 0;

	for (int c = 0; c < SUAN_NCONFIDENCES; c++) {
		int64_t off = t->held[c] * 10000 / t->n - promised[c] * 100;

		off = off < 0 ? -off : off;
		most = off > most ? off : most;
	}
	return most;
}

static bool ordered(const struct suan_given *g)
{
	return g->bound_s[SUAN_P50] <= g->bound_s[SUAN_P90] &&
	       g->bound_s[SUAN_P90] <= g->bound_s[SUAN_P99];
}

static bool near(int64_t got, int64_t want, int64_t percent)
{
	bool good = got * 100 >= want * (100 - percent) && got * 100 <= want * (100 + percent);

	if (!good)
		printf("# got %" PRId64 ", want %" PRId64 " ± %" PRId64 " %%\n", got, want,
		       percent);
	return good;
}

static void t_converges(void)
{
	static struct suan_forecast f;
	struct suan_rng rng;
	struct suan_given g = say(&f, POINT_S);
	struct tally t = {0};
	bool good = ordered(&g);

	is_int(g.bound_s[SUAN_P90], POINT_S, "knowing nothing, nine in ten start as planned");
	suan_rng_init(&rng, 41);
	for (int i = 0; i < 20000; i++) {
		int64_t wait_s = suan_rng_between(&rng, 0, 2000);

		g = say(&f, POINT_S);
		good = good && ordered(&g);
		if (i >= 2000)
			count(&t, &g, wait_s);
		suan_forecast_learn(&f, &g, 5000 + wait_s * 1000);
	}
	ok(good, "p50 <= p90 <= p99");
	ok(worst(&t) <= 50, "half a point off at most: %" PRId64, worst(&t));
	ok(near(g.bound_s[SUAN_P50], 1000, 15), "p50 is the median");
	ok(near(g.bound_s[SUAN_P90], 1800, 10), "p90 is where nine in ten lie below");
	ok(near(g.bound_s[SUAN_P99], 1980, 10), "p99 likewise");
	is_int(f.classes[g.class].sums.count, 20000, "all are counted");
	g = say(&f, 5 * POINT_S);
	ok(near(g.bound_s[SUAN_P50], 5000, 15), "other classes learn from it until they know");
}

/* All waits grow eightfold, then shrink to a sixteenth. */
static void t_drifts(void)
{
	static struct suan_forecast f;
	struct suan_rng rng;
	struct tally t = {0};

	suan_rng_init(&rng, 42);
	for (int i = 0; i < 12000; i++) {
		int64_t most = i < 4000 ? 400 : i < 8000 ? 3200 : 200;
		int64_t wait_s = suan_rng_between(&rng, 0, most);
		struct suan_given g = say(&f, POINT_S);

		count(&t, &g, wait_s);
		suan_forecast_learn(&f, &g, 5000 + wait_s * 1000);
	}
	ok(worst(&t) <= 100, "a point off at most with a load that moves: %" PRId64, worst(&t));
}

/* Nothing is heard of two hundred jobs until the last of them was told; bursts share their luck. */
static void t_late_news(void)
{
	static struct suan_forecast f;
	static struct suan_given g[200];
	static int64_t wait_s[200];
	struct suan_rng rng;
	struct tally t = {0};

	suan_rng_init(&rng, 43);
	for (int burst = 0; burst < 200; burst++) {
		int64_t luck = suan_rng_between(&rng, 100, 1500);

		for (int i = 0; i < 200; i++) {
			g[i] = say(&f, POINT_S);
			wait_s[i] = luck + suan_rng_between(&rng, 0, 500);
			count(&t, &g[i], wait_s[i]);
		}
		for (int i = 0; i < 200; i++)
			suan_forecast_learn(&f, &g[i], 5000 + wait_s[i] * 1000);
	}
	ok(worst(&t) <= 100, "a point off at most when news is late: %" PRId64, worst(&t));
}

static void t_extremes(void)
{
	static struct suan_forecast f;
	struct suan_outlook o = {.now_ms = 0, .start_ms = INT64_MAX};
	struct suan_given g;
	bool good = true;

	for (int i = 0; i < 3000; i++) {
		suan_forecast_give(&f, &o, &g);
		good = good && ordered(&g) && g.class < SUAN_FORECAST_CLASSES;
		suan_forecast_learn(&f, &g, i % 2 ? INT64_MAX : 0);
	}
	ok(good, "the longest wait of all");
	o.start_ms = 0;
	for (int i = 0; i < 3000; i++) {
		suan_forecast_give(&f, &o, &g);
		good = good && ordered(&g) && g.class == SUAN_FORECAST_BLIND;
		suan_forecast_learn(&f, &g, 7200000);
	}
	ok(good, "without a plan there is a class of its own");
	ok(near(g.bound_s[SUAN_P90], 7200, 10), "which learns");
	o.start_ms = 1;
	for (int i = 0; i < 3000; i++) {
		suan_forecast_give(&f, &o, &g);
		suan_forecast_learn(&f, &g, 0);
	}
	is_int(g.bound_s[SUAN_P50], 0, "no wait at all");
}

static void t_ranges(void)
{
	uint64_t from = 0, below = 0, next = 0;
	bool good = true;

	ok(!suan_forecast_range(SUAN_FORECAST_BLIND, &from, &below), "no range without a plan");
	for (uint32_t c = SUAN_FORECAST_FIRST; c < SUAN_FORECAST_LIMITED; c += 2) {
		good = good && suan_forecast_range(c, &from, &below) && from == next;
		next = below;
		good = good && say(&(struct suan_forecast){0}, (int64_t)from).class == c;
	}
	ok(good && below == UINT64_MAX, "the classes follow one another");
	ok(!suan_forecast_range(SUAN_FORECAST_LIMITED, &from, &below), "and end");
	ok(!suan_forecast_range(SUAN_FORECAST_CLASSES, &from, &below), "at all");
}

/* ---- as bytes ---- */

static bool copy(const struct suan_forecast *f, uint32_t part, struct suan_forecast *to, size_t cut)
{
	struct suan_buf b;
	struct suan_reader r;
	bool good;

	suan_buf_init(&b, 0);
	suan_forecast_put(f, part, &b);
	suan_reader_init(&r, b.data, b.len - (cut < b.len ? cut : b.len));
	good = suan_forecast_get(to, &r);
	suan_buf_done(&b);
	return good;
}

static void t_bytes(void)
{
	static struct suan_forecast f, other, blank;
	struct suan_rng rng;
	uint32_t known = 0;
	bool good = true;

	suan_rng_init(&rng, 44);
	for (int i = 0; i < 5000; i++) {
		struct suan_given g = say(&f, suan_rng_between(&rng, 0, 100000));

		g.class = i % 7 ? g.class : SUAN_FORECAST_PROMPT;
		g.class = i % 9 ? g.class : SUAN_FORECAST_LIMITED;
		suan_forecast_learn(&f, &g, 5000 + suan_rng_between(&rng, 0, 50000000));
	}
	for (uint32_t i = 0; i < SUAN_FORECAST_PARTS; i++) {
		if (!suan_forecast_known(&f, i))
			continue;
		known++;
		good = good && copy(&f, i, &other, 0) && !copy(&f, i, &other, 0) &&
		       !copy(&f, i, &blank, 1);
	}
	ok(good && known > 20, "each part once, and not half of it");
	ok(memcmp(&f, &other, sizeof(f)) == 0, "all is back");
	ok(memcmp(&blank, &(struct suan_forecast){0}, sizeof(f)) == 0, "damage leaves nothing");
}

static bool given_back(const struct suan_given *g)
{
	struct suan_given next = {0};
	struct suan_buf b;
	struct suan_reader r;
	bool good;

	suan_buf_init(&b, 0);
	suan_given_put(g, &b);
	suan_reader_init(&r, b.data, b.len);
	good = suan_given_get(&r, &next);
	suan_buf_done(&b);
	return good && next.at_ms == g->at_ms && next.class == g->class &&
	       next.point_s == g->point_s &&
	       memcmp(next.bound_s, g->bound_s, sizeof(next.bound_s)) == 0;
}

static void t_given(void)
{
	struct suan_given g = say(&(struct suan_forecast){0}, POINT_S);

	ok(given_back(&g), "what was said is back");
	g.bound_s[SUAN_P90] = g.bound_s[SUAN_P50] - 1;
	ok(!given_back(&g), "out of order");
	g = say(&(struct suan_forecast){0}, POINT_S);
	g.class = SUAN_FORECAST_CLASSES;
	ok(!given_back(&g), "no such class");
	g.class = SUAN_FORECAST_PROMPT;
	ok(!given_back(&g), "nothing said");
}

/* ---- in the scheduler ---- */

static uint64_t counted(const struct kit *k, enum suan_forecast_kind kind)
{
	struct suan_forecast_view v;
	uint64_t n = 0;

	for (uint32_t i = 0; suan_engine_forecast(k->e, i, &v); i++)
		n += v.kind == kind ? v.count : 0;
	return n;
}

/* The engine as it is after a restart, in the place of the one in use. */
static bool restart(struct kit *k)
{
	struct suan_engine *next = NULL;
	uint64_t hash = suan_engine_hash(k->e);
	struct suan_buf b;
	bool good;

	suan_buf_init(&b, 0);
	good = suan_engine_save(k->e, &b, NULL) == SUAN_OK &&
	       suan_engine_load(&next, b.data, b.len, NULL) == SUAN_OK &&
	       suan_engine_hash(next) == hash;
	suan_buf_done(&b);
	if (good) {
		suan_engine_free(k->e);
		k->e = next;
	}
	return good;
}

static void t_engine(void)
{
	struct suan_job_spec s = kit_job(1, 4, 100000), narrow = kit_job(1, 1, 100000);
	struct suan_job_view v;
	struct kit k;

	kit_one_pool(&k, 1, 8);
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	is_int(kit_view(&k, 1).predicted_p50_ms, 0, "nothing before the first pass");
	kit_pass(&k);
	is_int(counted(&k, SUAN_FORECASTS_AT_ONCE), 2, "two start at once");
	v = kit_view(&k, 3);
	ok(v.predicted_p50_ms >= k.now && v.predicted_p50_ms <= v.predicted_p90_ms &&
		   v.predicted_p90_ms <= v.predicted_p99_ms,
	   "the third waits");
	is_int(v.predicted_p90_ms, v.predicted_start_ms, "as planned, as nothing else is known");
	is_int(kit_view(&k, 1).predicted_p50_ms, 0, "nothing of what started");
	kit_submit(&k, &narrow);
	kit_pass(&k);
	ok(restart(&k), "a snapshot has what was said");
	k.now += 20000;
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(counted(&k, SUAN_FORECASTS_WIDE), 1, "the third waited, and asks for half");
	is_int(counted(&k, SUAN_FORECASTS_NARROW), 0, "the fourth still waits");
	k.now += 20000;
	kit_ended(&k, 2, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(counted(&k, SUAN_FORECASTS_NARROW), 1, "now it started");
	ok(restart(&k), "a snapshot has what came of it");
	ok(kit_good(&k), "the engine is sound");
	kit_done(&k);
}

/* What people do to a job is not counted as the scheduler's error. */
static void t_held(void)
{
	struct suan_job_spec s = kit_job(1, 8, 100000);
	struct kit k;

	kit_one_pool(&k, 1, 8);
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	kit_pass(&k);
	kit_all(&k, SUAN_EV_HOLD, 2);
	ok(restart(&k), "held");
	is_int(kit_view(&k, 2).predicted_p50_ms, 0, "nothing is said of what is held");
	k.now += 20000;
	kit_pass(&k);
	kit_all(&k, SUAN_EV_RELEASE, 2);
	kit_pass(&k);
	ok(kit_view(&k, 2).predicted_p50_ms > k.now, "but once it is released");
	ok(restart(&k), "released");
	k.now += 10000;
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, 2, 0), SUAN_STAGING, "it starts");
	is_int(counted(&k, SUAN_FORECASTS_WIDE), 1, "and counts from its release");
	kit_ended(&k, 2, 0, 1, SUAN_OUT_LOST);
	kit_pass(&k);
	is_int(counted(&k, SUAN_FORECASTS_WIDE) + counted(&k, SUAN_FORECASTS_AT_ONCE), 2,
	       "a second start does not count");
	kit_done(&k);
}

static void t_deep(void)
{
	struct suan_job_spec s = kit_job(1, 8, 100000);
	struct suan_policy p = {.kind = SUAN_POLICY_EASY, .plan_depth = 1};
	struct suan_job_view v;
	struct kit k;

	kit_one_pool(&k, 1, 8);
	kit_policy(&k, &p);
	for (int i = 0; i < 3; i++)
		kit_submit(&k, &s);
	kit_pass(&k);
	v = kit_view(&k, 3);
	is_int(v.predicted_start_ms, 0, "too deep for a plan");
	ok(v.predicted_p50_ms >= k.now && v.predicted_p99_ms >= v.predicted_p50_ms,
	   "but not for a forecast");
	for (uint64_t id = 1; id < 3; id++) {
		k.now += 100000;
		kit_ended(&k, id, 0, 1, SUAN_OUT_EXITED);
		kit_pass(&k);
	}
	is_int(counted(&k, SUAN_FORECASTS_DEEP), 1, "which is counted apart");
	kit_done(&k);
}

/* ---- a whole trace ---- */

#define JOBS 20000

struct trace {
	struct kit k;
	struct suan_rng rng;
	int64_t ends[JOBS + 1]; /* of the jobs that run, by id; 0: not running */
	int64_t run_ms[JOBS + 1];
	uint64_t submitted, first;
	int64_t next_ms;
};

/* Bursts and calm; estimates are 1 to 20 times too long. */
static void arrive(struct trace *t)
{
	int64_t run = suan_rng_between(&t->rng, 1, 60) * suan_rng_between(&t->rng, 1, 60) * 1000;
	uint32_t cores = 1u << suan_rng_below(&t->rng, 4);
	struct suan_job_spec s = kit_job(1, cores, run * suan_rng_between(&t->rng, 1, 20));

	t->run_ms[++t->submitted] = run;
	kit_submit(&t->k, &s);
	t->next_ms += suan_rng_between(&t->rng, 1, t->submitted / 200 % 2 ? 150000 : 860000);
}

static int64_t next_end(const struct trace *t)
{
	int64_t at = INT64_MAX;

	for (uint64_t id = t->first; id <= t->submitted; id++)
		at = t->ends[id] && t->ends[id] < at ? t->ends[id] : at;
	return at;
}

static void end_runs(struct trace *t)
{
	for (uint64_t id = t->first; id <= t->submitted; id++) {
		if (t->ends[id] != t->k.now)
			continue;
		t->ends[id] = 0;
		t->run_ms[id] = 0;
		kit_ended(&t->k, id, 0, 1, SUAN_OUT_EXITED);
		kit_all(&t->k, SUAN_EV_FORGET, id);
	}
	while (t->first <= t->submitted && t->run_ms[t->first] == 0)
		t->first++;
}

static void play(struct trace *t)
{
	while (t->submitted < JOBS || t->first <= t->submitted) {
		int64_t end = next_end(t);
		const struct suan_effect *fx;

		t->k.now = t->submitted < JOBS && t->next_ms < end ? t->next_ms : end;
		end_runs(t);
		if (t->submitted < JOBS && t->k.now == t->next_ms)
			arrive(t);
		kit_pass(&t->k);
		for (size_t i = 0; (fx = kit_effect(&t->k, SUAN_FX_START, i)); i++)
			t->ends[fx->run.job] = t->k.now + t->run_ms[fx->run.job];
	}
}

static void t_trace(enum suan_policy_kind kind, uint64_t seed)
{
	struct trace *t = calloc(1, sizeof(*t));
	struct suan_policy p = {.kind = kind};
	struct suan_forecast_view v;
	struct tally all = {0}, large = {0};
	int64_t off = 0;

	if (!t)
		abort();
	kit_one_pool(&t->k, 1, 16);
	kit_policy(&t->k, &p);
	suan_rng_init(&t->rng, seed);
	t->first = 1;
	t->next_ms = t->k.now + 1;
	play(t);
	for (uint32_t i = SUAN_FORECAST_BLIND; suan_engine_forecast(t->k.e, i, &v); i++) {
		large = (struct tally){.n = (int64_t)v.count};
		for (int c = 0; c < SUAN_NCONFIDENCES; c++) {
			large.held[c] = (int64_t)v.held[c];
			all.held[c] += large.held[c];
		}
		all.n += large.n;
		if (large.n >= 1000)
			printf("# class %u: %" PRId64 " jobs, %" PRId64 " %" PRId64 " %" PRId64
			       ", worst %" PRId64 "\n",
			       i, large.n, large.held[0], large.held[1], large.held[2],
			       worst(&large));
		if (large.n >= 1000)
			off = worst(&large) > off ? worst(&large) : off;
	}
	printf("# %s, seed %" PRIu64 ": %" PRId64 " of %d waited\n", suan_policy_name(kind), seed,
	       all.n, JOBS);
	ok(all.n > JOBS / 4, "many wait");
	ok(worst(&all) <= 150, "all together: %" PRId64, worst(&all));
	ok(off > 0 && off <= 250, "the worst class of 1,000 and more: %" PRId64, off);
	kit_done(&t->k);
	free(t);
}

int main(void)
{
	t_converges();
	t_drifts();
	t_late_news();
	t_extremes();
	t_ranges();
	t_bytes();
	t_given();
	t_engine();
	t_held();
	t_deep();
	t_trace(SUAN_POLICY_SUAN, 45);
	t_trace(SUAN_POLICY_EASY, 46);
	return tap_done();
}
