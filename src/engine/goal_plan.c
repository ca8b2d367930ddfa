#include "engine/goal_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/series.h"

#define MILLION	   1000000
#define TIDY	   64u /* moves after which the profiles have useless steps */
#define MOST_PRICE (INT64_MAX / 4)

struct spot { /* place of a start */
	uint32_t pool;
	int64_t start_ms;
};

struct turn {	     /* order of the starts */
	int64_t key; /* lower first */
	uint64_t id;
	uint32_t at;
};

struct work {
	const struct suan_goal_ground *g;
	const struct suan_goal_start *starts;
	size_t n;
	int64_t zero_ms; /* begin of slot 0 */
	uint64_t steps;	 /* left */
	int64_t rise;	 /* of a price while a slot is asked for twice */
	/* owned */
	int64_t *load;	  /* thousandths × ms, by pool and slot */
	int64_t *price;	  /* of the rounds before, likewise */
	suan_int128 *sum; /* Σ (rate + price) × ms before the slot, likewise, one more each */
	struct suan_profile *free;  /* of each pool */
	struct spot *spots, *other; /* of each start */
	struct turn *turns;
};

/* ---- prices ---- */

static size_t cell(const struct work *w, uint32_t pool, uint32_t slot)
{
	return (size_t)pool * w->g->nslots + slot;
}

static uint32_t slot_of(const struct work *w, int64_t at_ms)
{
	int64_t k = at_ms > w->zero_ms ? (at_ms - w->zero_ms) / w->g->slot_ms : 0;

	return k < w->g->nslots ? (uint32_t)k : w->g->nslots - 1;
}

/* Price of a thousandth in a slot, by the price so far and by what the load is above capacity. */
static int64_t price_of(const struct work *w, uint32_t pool, uint32_t slot)
{
	const struct suan_goal_ground *g = w->g;
	suan_int128 whole = (suan_int128)g->pools[pool].milli * g->slot_ms, room = whole, more;

	if (slot == 0)
		room = (suan_int128)g->pools[pool].milli * (g->slot_ms - (g->now_ms - w->zero_ms));
	more = (w->load[cell(w, pool, slot)] - room) * w->rise / whole +
	       w->price[cell(w, pool, slot)];
	if (more < 0)
		return 0;
	return more < MOST_PRICE ? (int64_t)more : MOST_PRICE;
}

static void sum_up(struct work *w, uint32_t pool, bool loaded)
{
	suan_int128 *sum = &w->sum[(size_t)pool * (w->g->nslots + 1)];

	sum[0] = 0;
	for (uint32_t k = 0; k < w->g->nslots; k++) {
		int64_t price = loaded ? price_of(w, pool, k) : w->price[cell(w, pool, k)];

		sum[k + 1] =
			sum[k] + ((suan_int128)w->g->pools[pool].rate[k] + price) * w->g->slot_ms;
	}
}

/* Σ before a time */
static suan_int128 sum_to(const struct work *w, uint32_t pool, int64_t at_ms)
{
	const suan_int128 *sum = &w->sum[(size_t)pool * (w->g->nslots + 1)];
	uint32_t k = slot_of(w, at_ms);
	int64_t into = at_ms - w->zero_ms - k * w->g->slot_ms;

	return sum[k] + (sum[k + 1] - sum[k]) / w->g->slot_ms * into;
}

/* A thousandth of the start, there and then. */
static suan_int128 cost_of(struct work *w, const struct suan_goal_start *s, struct spot at)
{
	w->steps -= w->steps > 0;
	return (sum_to(w, at.pool, at.start_ms + s->run_ms) - sum_to(w, at.pool, at.start_ms)) *
	       s->needs[at.pool].milli;
}

/* Adds its load, or takes it away. */
static void put(struct work *w, const struct suan_goal_start *s, struct spot at, int sign)
{
	int64_t from = at.start_ms, end = suan_sat_add(from, s->run_ms);

	if (at.pool == SUAN_NO_POOL)
		return;
	while (from < end) {
		uint32_t k = slot_of(w, from);
		int64_t next = w->zero_ms + (k + 1) * w->g->slot_ms;

		next = next < end ? next : end;
		if (next <= from)
			return; /* beyond the last slot */
		w->load[cell(w, at.pool, k)] += sign * s->needs[at.pool].milli * (next - from);
		from = next;
	}
}

static int64_t next_slot(const struct work *w, int64_t at_ms)
{
	return w->zero_ms + ((at_ms - w->zero_ms) / w->g->slot_ms + 1) * w->g->slot_ms;
}

/* The next time after t at which its begin or its end comes to that of a slot: between them the
 * cost is linear. */
static int64_t next_turn(const struct work *w, const struct suan_goal_start *s, int64_t t)
{
	int64_t begin = next_slot(w, t);
	int64_t end = next_slot(w, suan_sat_add(t, s->run_ms)) - s->run_ms;
	int64_t next = begin < end ? begin : end;

	return next < s->latest_ms ? next : s->latest_ms;
}

static int64_t earliest_start(const struct work *w, const struct suan_goal_start *s)
{
	return s->from_ms > w->g->now_ms ? s->from_ms : w->g->now_ms;
}

/* Cheapest place by prices alone. */
static struct spot by_price(struct work *w, const struct suan_goal_start *s)
{
	int64_t from = earliest_start(w, s);
	int64_t latest = s->latest_ms > from ? s->latest_ms : from;
	struct spot best = {SUAN_NO_POOL, 0};
	suan_int128 least = 0;

	for (uint32_t p = 0; p < w->g->npools; p++)
		for (int64_t t = from; s->needs[p].milli > 0;) {
			suan_int128 cost = cost_of(w, s, (struct spot){p, t});

			if (best.pool == SUAN_NO_POOL || cost < least) {
				best = (struct spot){p, t};
				least = cost;
			}
			if (t >= latest)
				break;
			t = next_turn(w, s, t);
		}
	return best;
}

static void answer(struct work *w, uint32_t i)
{
	struct spot was = w->other[i];

	put(w, &w->starts[i], was, -1);
	if (was.pool != SUAN_NO_POOL)
		sum_up(w, was.pool, true);
	w->other[i] = by_price(w, &w->starts[i]);
	put(w, &w->starts[i], w->other[i], 1);
	if (w->other[i].pool != SUAN_NO_POOL)
		sum_up(w, w->other[i].pool, true);
}

/* What the profile says is not free, and what is expected. */
static void load_runs(struct work *w, uint32_t pool)
{
	const struct suan_goal_pool *p = &w->g->pools[pool];
	int64_t most = p->free->steps[p->free->count - 1].free.cores;

	for (uint32_t k = 0; k < w->g->nslots && most > 0; k++) {
		int64_t from = w->zero_ms + k * w->g->slot_ms, end = from + w->g->slot_ms;
		int64_t area;

		from = from > w->g->now_ms ? from : w->g->now_ms;
		area = suan_profile_area(p->free, from, end);
		w->load[cell(w, pool, k)] +=
			(int64_t)((suan_int128)(most * (end - from) - area) * p->milli / most) +
			p->ahead[k] * (end - from);
	}
}

static void find_rise(struct work *w)
{
	suan_int128 sum = 0;
	uint32_t n = w->g->npools * w->g->nslots;

	for (uint32_t p = 0; p < w->g->npools; p++)
		for (uint32_t k = 0; k < w->g->nslots; k++) {
			int64_t rate = w->g->pools[p].rate[k];

			sum += rate < 0 ? -(suan_int128)rate : rate;
		}
	w->rise = (int64_t)(sum / n * w->g->rise_milli / 1000) + 1;
}

static void find_prices(struct work *w)
{
	size_t cells = (size_t)w->g->npools * w->g->nslots;

	for (uint32_t p = 0; p < w->g->npools; p++)
		load_runs(w, p);
	for (size_t i = 0; i < w->n; i++) {
		w->other[i] = w->spots[i];
		put(w, &w->starts[i], w->other[i], 1);
	}
	for (uint32_t r = 0; r < w->g->rounds && w->steps > 0; r++) {
		for (uint32_t p = 0; p < w->g->npools; p++)
			sum_up(w, p, true);
		for (size_t i = 0; i < w->n && w->steps > 0; i++)
			answer(w, w->turns[i].at);
		/* A price of the next slot does not look at that of this one. */
		for (size_t c = 0; c < cells; c++)
			w->price[c] = price_of(w, (uint32_t)(c / w->g->nslots),
					       (uint32_t)(c % w->g->nslots));
	}
	for (uint32_t p = 0; p < w->g->npools; p++)
		sum_up(w, p, false);
}

/* ---- exact places ---- */

static enum suan_code take(struct work *w, uint32_t i, struct spot at, int sign)
{
	struct suan_vec v;

	if (at.pool == SUAN_NO_POOL)
		return SUAN_OK;
	v = w->starts[i].needs[at.pool].vec;
	if (sign < 0)
		v = (struct suan_vec){-v.memory, -v.cores, -v.gpus, -v.nodes, 0};
	return suan_profile_reserve(&w->free[at.pool], &v, at.start_ms,
				    suan_sat_add(at.start_ms, w->starts[i].run_ms));
}

static bool fits(const struct work *w, uint32_t i, struct spot at)
{
	const struct suan_goal_start *s = &w->starts[i];

	return s->needs[at.pool].milli > 0 &&
	       suan_profile_earliest(&w->free[at.pool], &s->needs[at.pool].vec, s->run_ms,
				     at.start_ms, at.start_ms) == at.start_ms;
}

/* The earliest place in any pool. */
static struct spot soonest(const struct work *w, const struct suan_goal_start *s)
{
	struct spot best = {SUAN_NO_POOL, SUAN_FOREVER};

	for (uint32_t p = 0; p < w->g->npools; p++) {
		int64_t t;

		if (s->needs[p].milli == 0)
			continue;
		t = suan_profile_earliest(&w->free[p], &s->needs[p].vec, s->run_ms,
					  earliest_start(w, s), SUAN_FOREVER - 1);
		if (t < best.start_ms)
			best = (struct spot){p, t};
	}
	return best;
}

/* The cheapest that fits in its window, looked for from its first time and from each turn on.
 * Otherwise the soonest. */
static struct spot cheapest(struct work *w, const struct suan_goal_start *s)
{
	int64_t from = earliest_start(w, s);
	struct spot best = {SUAN_NO_POOL, 0};
	suan_int128 least = 0;

	for (uint32_t p = 0; p < w->g->npools && w->steps > 0; p++) {
		const struct suan_goal_need *need = &s->needs[p];
		int64_t t = from;

		while (need->milli > 0 && t <= s->latest_ms) {
			suan_int128 cost;

			t = suan_profile_earliest(&w->free[p], &need->vec, s->run_ms, t,
						  s->latest_ms);
			if (t == SUAN_FOREVER)
				break;
			cost = cost_of(w, s, (struct spot){p, t});
			if (best.pool == SUAN_NO_POOL || cost < least) {
				best = (struct spot){p, t};
				least = cost;
			}
			if (t == s->latest_ms)
				break;
			t = next_turn(w, s, t);
		}
	}
	return best.pool != SUAN_NO_POOL ? best : soonest(w, s);
}

/* Is the other place worth a move? What is late goes as early as it can. */
static bool better(struct work *w, const struct suan_goal_start *s, struct spot was,
		   struct spot other)
{
	suan_int128 before, after;

	if (other.pool == SUAN_NO_POOL)
		return false;
	if (was.pool == SUAN_NO_POOL)
		return true;
	if (was.start_ms > s->latest_ms || other.start_ms > s->latest_ms)
		return other.start_ms < was.start_ms;
	before = cost_of(w, s, was);
	after = cost_of(w, s, other);
	return before - after > (before < 0 ? -before : before) / MILLION * w->g->gain_ppm;
}

static enum suan_code replace(struct work *w, uint32_t i)
{
	const struct suan_goal_start *s = &w->starts[i];
	struct spot other;
	enum suan_code rc = take(w, i, w->spots[i], -1);

	if (rc != SUAN_OK)
		return rc;
	other = cheapest(w, s);
	if (better(w, s, w->spots[i], other))
		w->spots[i] = other;
	return take(w, i, w->spots[i], 1);
}

static int by_key(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static bool is_late(const struct suan_goal_start *s, struct spot at)
{
	return at.pool == SUAN_NO_POOL || at.start_ms > s->latest_ms;
}

static size_t count_late(const struct work *w, const struct spot *spots)
{
	size_t late = 0;

	for (size_t i = 0; i < w->n; i++)
		late += is_late(&w->starts[i], spots[i]);
	return late;
}

/* Large ones first; those without a place before all others, if asked. */
static void order_by_size(struct work *w, bool lost_first)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct suan_goal_start *s = &w->starts[i];
		int64_t most = 0, size;

		for (uint32_t p = 0; p < w->g->npools; p++)
			most = s->needs[p].milli > most ? s->needs[p].milli : most;
		if (!suan_mul_i64(most, s->run_ms, &size) || size > INT64_MAX / 4)
			size = INT64_MAX / 4;
		if (lost_first && w->spots[i].pool == SUAN_NO_POOL)
			size += INT64_MAX / 2;
		w->turns[i] = (struct turn){-size, s->id, (uint32_t)i};
	}
	qsort(w->turns, w->n, sizeof(*w->turns), by_key);
}

static void order_by_urgency(struct work *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->turns[i] = (struct turn){w->starts[i].latest_ms, w->starts[i].id, (uint32_t)i};
	qsort(w->turns, w->n, sizeof(*w->turns), by_key);
}

static enum suan_code open_profiles(struct work *w)
{
	enum suan_code rc = SUAN_OK;

	for (uint32_t p = 0; p < w->g->npools && rc == SUAN_OK; p++)
		rc = suan_profile_copy(&w->free[p], w->g->pools[p].free);
	return rc;
}

/* Those that can keep their places do; the rest have none any more. */
static enum suan_code keep_places(struct work *w)
{
	enum suan_code rc = open_profiles(w);

	for (size_t i = 0; i < w->n && rc == SUAN_OK; i++) {
		struct spot *at = &w->spots[i];

		if (at->pool == SUAN_NO_POOL)
			continue;
		if (at->start_ms < earliest_start(w, &w->starts[i]))
			at->start_ms = earliest_start(w, &w->starts[i]);
		if (fits(w, (uint32_t)i, *at))
			rc = take(w, (uint32_t)i, *at, 1);
		else
			at->pool = SUAN_NO_POOL;
	}
	return rc;
}

static void tidy(struct work *w)
{
	for (uint32_t p = 0; p < w->g->npools; p++)
		suan_profile_tidy(&w->free[p], w->g->now_ms);
}

static enum suan_code improve(struct work *w)
{
	enum suan_code rc = SUAN_OK;

	for (uint32_t pass = 0; pass < w->g->passes && rc == SUAN_OK; pass++)
		for (size_t i = 0; i < w->n && rc == SUAN_OK; i++) {
			uint32_t at = w->turns[i].at;

			if (w->steps > 0 || w->spots[at].pool == SUAN_NO_POOL)
				rc = replace(w, at);
			if (i % TIDY == TIDY - 1)
				tidy(w);
		}
	return rc;
}

/* All anew, the most urgent first, if fewer are late then. */
static enum suan_code rescue(struct work *w)
{
	size_t late = count_late(w, w->spots);
	enum suan_code rc = SUAN_OK;

	if (late == 0 || w->steps == 0)
		return SUAN_OK;
	rc = open_profiles(w);
	order_by_urgency(w);
	memcpy(w->other, w->spots, w->n * sizeof(*w->spots));
	for (size_t i = 0; i < w->n && rc == SUAN_OK; i++) {
		uint32_t at = w->turns[i].at;

		w->spots[at] = cheapest(w, &w->starts[at]);
		rc = take(w, at, w->spots[at], 1);
	}
	if (rc == SUAN_OK && count_late(w, w->spots) >= late)
		memcpy(w->spots, w->other, w->n * sizeof(*w->spots));
	return rc;
}

/* ---- the whole ---- */

static enum suan_code open_work(struct work *w, const int64_t *price)
{
	size_t cells = (size_t)w->g->npools * w->g->nslots;
	int64_t off = w->g->now_ms % w->g->slot_ms;

	w->zero_ms = w->g->now_ms - (off < 0 ? off + w->g->slot_ms : off);
	w->steps = w->g->steps;
	w->load = calloc(cells, sizeof(*w->load));
	w->price = calloc(cells, sizeof(*w->price));
	w->sum = calloc(cells + w->g->npools, sizeof(*w->sum));
	w->free = calloc(w->g->npools, sizeof(*w->free));
	w->spots = calloc(w->n + 1, sizeof(*w->spots));
	w->other = calloc(w->n + 1, sizeof(*w->other));
	w->turns = calloc(w->n + 1, sizeof(*w->turns));
	if (!w->load || !w->price || !w->sum || !w->free || !w->spots || !w->other || !w->turns)
		return SUAN_ENOMEM;
	memcpy(w->price, price, cells * sizeof(*price));
	for (size_t i = 0; i < w->n; i++)
		w->spots[i] = (struct spot){w->starts[i].pool, w->starts[i].start_ms};
	find_rise(w);
	return SUAN_OK;
}

static void close_work(struct work *w)
{
	for (uint32_t p = 0; w->free && p < w->g->npools; p++)
		suan_profile_done(&w->free[p]);
	free(w->load);
	free(w->price);
	free(w->sum);
	free(w->free);
	free(w->spots);
	free(w->other);
	free(w->turns);
}

enum suan_code suan_goal_plan(const struct suan_goal_ground *g, struct suan_goal_start *starts,
			      size_t n, int64_t *price)
{
	struct work w = {.g = g, .starts = starts, .n = n};
	enum suan_code rc = open_work(&w, price);

	if (rc == SUAN_OK)
		rc = keep_places(&w);
	if (rc == SUAN_OK) {
		order_by_size(&w, false);
		find_prices(&w);
		order_by_size(&w, true);
		rc = improve(&w);
	}
	if (rc == SUAN_OK)
		rc = rescue(&w);
	if (rc == SUAN_OK) {
		memcpy(price, w.price, (size_t)g->npools * g->nslots * sizeof(*price));
		for (size_t i = 0; i < n; i++) {
			starts[i].pool = w.spots[i].pool;
			starts[i].start_ms = w.spots[i].start_ms;
		}
	}
	close_work(&w);
	return rc;
}

size_t suan_goal_late(const struct suan_goal_start *starts, size_t n)
{
	size_t late = 0;

	for (size_t i = 0; i < n; i++)
		late += is_late(&starts[i], (struct spot){starts[i].pool, starts[i].start_ms});
	return late;
}
