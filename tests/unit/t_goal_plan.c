/* Starts that may wait, over pools and time. */
#include "lib/tap.h"

#include "lib/oom.h"

#include "base/rng.h"
#include "engine/goal_plan.h"

#define SLOT  60
#define SLOTS 12u
#define POOLS 3u
#define MOST  40u
#define SEED  5

struct fixture {
	struct suan_profile free[POOLS];
	int64_t rate[POOLS][SLOTS], ahead[POOLS][SLOTS], price[POOLS * SLOTS];
	struct suan_goal_pool pools[POOLS];
	struct suan_goal_need needs[MOST][POOLS];
	struct suan_goal_start starts[MOST];
	struct suan_goal_ground ground;
};

static void init(struct fixture *f, uint32_t npools, int32_t cores)
{
	struct suan_vec all = {0, cores, 0, 0, 0};

	memset(f, 0, sizeof(*f));
	for (uint32_t p = 0; p < npools; p++) {
		ok(suan_profile_reset(&f->free[p], &all, 0) == SUAN_OK, "pool %u", p);
		f->pools[p] = (struct suan_goal_pool){&f->free[p], cores * 1000, f->rate[p],
						    f->ahead[p]};
		for (uint32_t k = 0; k < SLOTS; k++)
			f->rate[p][k] = 100;
	}
	f->ground = (struct suan_goal_ground){.now_ms = 0,
					      .slot_ms = SLOT,
					      .nslots = SLOTS,
					      .npools = npools,
					      .pools = f->pools,
					      .rounds = 6,
					      .rise_milli = 500,
					      .passes = 2,
					      .steps = 1000000};
}

static void done(struct fixture *f)
{
	for (uint32_t p = 0; p < POOLS; p++)
		suan_profile_done(&f->free[p]);
}

static void add(struct fixture *f, uint32_t i, int32_t cores, int64_t run_ms, int64_t latest_ms)
{
	for (uint32_t p = 0; p < f->ground.npools; p++)
		f->needs[i][p] = (struct suan_goal_need){{0, cores, 0, 0, 0}, cores * 1000};
	f->starts[i] = (struct suan_goal_start){.id = i + 1,
						.latest_ms = latest_ms,
						.run_ms = run_ms,
						.needs = f->needs[i],
						.pool = SUAN_NO_POOL};
}

static void plan(struct fixture *f, uint32_t n)
{
	ok(suan_goal_plan(&f->ground, f->starts, n, f->price) == SUAN_OK, "planned");
}

/* ---- one start ---- */

static int64_t rate_at(const struct fixture *f, uint32_t pool, int64_t ms)
{
	int64_t k = ms / SLOT - f->ground.now_ms / SLOT;

	return f->rate[pool][k < SLOTS ? k : SLOTS - 1];
}

/* Moment by moment. */
static int64_t cost(const struct fixture *f, const struct suan_goal_start *s, uint32_t pool,
		    int64_t start)
{
	int64_t sum = 0;

	for (int64_t t = start; t < start + s->run_ms; t++)
		sum += rate_at(f, pool, t) * s->needs[pool].milli;
	return sum;
}

static void test_one_against_all_moments(void)
{
	struct suan_rng r;

	suan_rng_init(&r, SEED);
	for (int i = 0; i < 200; i++) {
		struct fixture f;
		int64_t least = INT64_MAX, run = suan_rng_between(&r, 1, 200);
		int64_t latest = suan_rng_between(&r, 0, 400);

		init(&f, POOLS, 4);
		for (uint32_t p = 0; p < POOLS; p++)
			for (uint32_t k = 0; k < SLOTS; k++)
				f.rate[p][k] = suan_rng_between(&r, -20, 200);
		add(&f, 0, 2, run, latest);
		f.ground.now_ms = suan_rng_between(&r, 0, latest);
		plan(&f, 1);
		for (uint32_t p = 0; p < POOLS; p++)
			for (int64_t t = f.ground.now_ms; t <= latest; t++) {
				int64_t c = cost(&f, &f.starts[0], p, t);

				least = c < least ? c : least;
			}
		is_int(cost(&f, &f.starts[0], f.starts[0].pool, f.starts[0].start_ms), least,
		       "the cheapest there is");
		done(&f);
	}
}

/* ---- several ---- */

/* One node, one slot is cheap. Whom waiting costs more gets it, though it came second. */
static void test_who_gains_more(void)
{
	struct fixture f;

	init(&f, 2, 1);
	f.rate[0][0] = 10;
	f.rate[0][1] = 20;
	add(&f, 0, 1, SLOT, 5 * SLOT);
	add(&f, 1, 1, SLOT, 0);
	plan(&f, 2);
	is_int(f.starts[1].pool, 0, "the one that cannot wait has the cheap slot");
	is_int(f.starts[1].start_ms, 0, "at once");
	is_int(f.starts[0].start_ms, SLOT, "the other one waits");
	is_int(suan_goal_late(f.starts, 2), 0, "nobody is late");
	ok(f.price[0] > 0, "room in the cheap slot has a price");
	done(&f);
}

static void test_threshold(void)
{
	struct fixture f;

	init(&f, 1, 1);
	f.rate[0][3] = 90;
	add(&f, 0, 1, SLOT, 8 * SLOT);
	f.starts[0].pool = 0;
	f.starts[0].start_ms = 5 * SLOT;
	f.ground.gain_ppm = 200000;
	plan(&f, 1);
	is_int(f.starts[0].start_ms, 5 * SLOT, "a tenth is no reason to move");
	f.ground.gain_ppm = 50000;
	plan(&f, 1);
	is_int(f.starts[0].start_ms, 3 * SLOT, "it is now");
	done(&f);
}

/* The one that may wait has the place of one that came later and may not. */
static void test_rescue(void)
{
	struct fixture f;

	init(&f, 1, 1);
	f.rate[0][0] = 1;
	add(&f, 0, 1, SLOT, 3 * SLOT);
	plan(&f, 1);
	is_int(f.starts[0].start_ms, 0, "alone it takes the cheap slot");
	add(&f, 1, 1, SLOT, 0);
	plan(&f, 2);
	is_int(f.starts[1].start_ms, 0, "whoever is urgent goes first");
	ok(f.starts[0].start_ms > 0 && f.starts[0].start_ms <= 3 * SLOT, "the other is moved");
	add(&f, 2, 1, SLOT, 0);
	plan(&f, 3);
	is_int(suan_goal_late(f.starts, 3), 1, "two cannot both be first");
	done(&f);
}

static void test_nowhere(void)
{
	struct fixture f;

	init(&f, 1, 1);
	add(&f, 0, 2, SLOT, SLOT);
	plan(&f, 1);
	ok(f.starts[0].pool == SUAN_NO_POOL, "too large for every pool");
	is_int(suan_goal_late(f.starts, 1), 1, "counts as late");
	f.needs[0][0].milli = 0;
	plan(&f, 1);
	ok(f.starts[0].pool == SUAN_NO_POOL, "not allowed anywhere");
	done(&f);
}

/* ---- many, at random ---- */

static void check(struct fixture *f, uint32_t n)
{
	bool good = true;

	for (uint32_t i = 0; i < n; i++) {
		const struct suan_goal_start *s = &f->starts[i];

		good &= s->pool < POOLS && s->start_ms >= f->ground.now_ms &&
			s->start_ms >= s->from_ms;
		if (s->pool < POOLS)
			good &= suan_profile_reserve(&f->free[s->pool], &s->needs[s->pool].vec,
						     s->start_ms,
						     s->start_ms + s->run_ms) == SUAN_OK;
	}
	for (uint32_t p = 0; p < POOLS; p++)
		good &= !suan_profile_overfull(&f->free[p], f->ground.now_ms);
	ok(good, "none too early, no pool oversold");
}

static uint32_t draw(struct fixture *f, struct suan_rng *r)
{
	uint32_t n = (uint32_t)suan_rng_between(r, 1, MOST);

	init(f, POOLS, 8);
	f->ground.now_ms = suan_rng_between(r, 0, 100);
	f->ground.steps = (uint64_t)suan_rng_between(r, 0, 20000);
	for (uint32_t p = 0; p < POOLS; p++)
		for (uint32_t k = 0; k < SLOTS; k++)
			f->rate[p][k] = suan_rng_between(r, -20, 200);
	for (uint32_t i = 0; i < n; i++) {
		int32_t cores = (int32_t)suan_rng_between(r, 1, 4);
		int64_t run = suan_rng_between(r, 1, 200);

		add(f, i, cores, run, suan_rng_between(r, 0, 700));
		f->starts[i].from_ms = suan_rng_between(r, 0, 200);
	}
	return n;
}

static void test_random(void)
{
	struct suan_rng r;

	suan_rng_init(&r, SEED);
	for (int i = 0; i < 100; i++) {
		struct fixture f, again;
		uint32_t n = draw(&f, &r);
		bool same = true;

		again = f;
		memset(again.free, 0, sizeof(again.free));
		for (uint32_t p = 0; p < POOLS; p++) {
			again.pools[p].free = &f.free[p];
			again.pools[p].rate = f.rate[p];
		}
		again.ground.pools = again.pools;
		plan(&f, n);
		plan(&again, n);
		for (uint32_t k = 0; k < n; k++)
			same &= again.starts[k].pool == f.starts[k].pool &&
				again.starts[k].start_ms == f.starts[k].start_ms;
		ok(same, "equal questions, equal answers");
		check(&f, n);
		done(&f);
		done(&again);
	}
}

/* A plan that is made again with what it knows is never late where it was not. */
static void test_keeps_promises(void)
{
	struct suan_rng r;
	bool good = true;

	suan_rng_init(&r, SEED + 1);
	for (int i = 0; i < 60; i++) {
		struct fixture f;
		uint32_t n = draw(&f, &r);
		size_t late;

		plan(&f, n);
		late = suan_goal_late(f.starts, n);
		for (uint32_t k = 0; k < SLOTS; k++)
			f.rate[0][k] = suan_rng_between(&r, 0, 300);
		plan(&f, n);
		good &= suan_goal_late(f.starts, n) <= late;
		done(&f);
	}
	ok(good, "another forecast makes nobody late");
}

static void test_out_of_memory(void)
{
	struct fixture f;

	init(&f, POOLS, 2);
	for (unsigned n = 1; oom_next(n); n++) {
		enum suan_code rc;
		bool hit;

		for (uint32_t i = 0; i < 6; i++)
			add(&f, i, 1, 50 + i * 20, 300);
		memset(f.price, 0, sizeof(f.price));
		oom_arm(n);
		rc = suan_goal_plan(&f.ground, f.starts, 6, f.price);
		hit = oom_disarm();
		ok(rc == (hit ? SUAN_ENOMEM : SUAN_OK), "allocation %u", n);
		ok(!hit || (f.starts[0].pool == SUAN_NO_POOL && f.price[0] == 0), "as before");
	}
	done(&f);
}

int main(void)
{
	test_one_against_all_moments();
	test_who_gains_more();
	test_threshold();
	test_rescue();
	test_nowhere();
	test_random();
	test_keeps_promises();
	test_out_of_memory();
	return tap_done();
}
