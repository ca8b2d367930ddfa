/* What sites are told of over time, and the view of it: against a slow one, value by value. */
#include "engine/signals.h"

#include <stdlib.h>

#include "base/rng.h"
#include "engine/record.h"
#include "engine/signals_inside.h"
#include "lib/engine_kit.h"
#include "lib/oom.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)
#define NOW  (400 * DAY)

static const struct suan_signals *sig(const struct kit *k)
{
	return suan_engine_signals(k->e);
}

static int64_t at(const struct kit *k, enum suan_signal_kind kind, int64_t t)
{
	return suan_signals_at(sig(k), 0, kind, t);
}

static void begin(struct kit *k, int64_t price)
{
	kit_init(k);
	kit_site(k, "a", "east")->price_uyuan_kwh = price;
	kit_pool(&k->sites[0], "cpu", 2, 4);
	kit_site(k, "b", "west");
	kit_network(k);
	k->now = NOW;
}

/* n values of an hour each from a time on. */
struct told {
	enum suan_signal_kind kind;
	int64_t from_ms, issued_ms, period_ms;
	const int64_t *values;
	uint32_t n;
	bool replace, marginal;
};

static enum suan_code tell(struct kit *k, const char *site, const struct told *t)
{
	struct suan_signal_step steps[400];
	struct suan_signal_spec s = {.site = site, .kind = t->kind, .issued_ms = t->issued_ms,
				     .period_ms = t->period_ms, .steps = steps, .nsteps = t->n,
				     .replace = t->replace, .marginal = t->marginal};
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .u.signal = &s};

	for (uint32_t i = 0; i < t->n; i++)
		steps[i] = (struct suan_signal_step){t->from_ms + i * HOUR, t->values[i]};
	s.until_ms = t->from_ms + t->n * HOUR;
	return kit_step(k, &ev);
}

static void t_constant(void)
{
	struct suan_signal_part part;
	struct kit k;

	begin(&k, 400000);
	ok(suan_signals_known(sig(&k), 0, SUAN_SIGNAL_PRICE) &&
		   !suan_signals_known(sig(&k), 1, SUAN_SIGNAL_PRICE) &&
		   !suan_signals_known(sig(&k), 0, SUAN_SIGNAL_CARBON) &&
		   !suan_signals_known(sig(&k), 9, SUAN_SIGNAL_PRICE),
	   "a constant of the network is known, the rest is not");
	ok(at(&k, SUAN_SIGNAL_PRICE, -5) == 400000 &&
		   suan_signals_sum(sig(&k), 0, SUAN_SIGNAL_PRICE, 10, 13) == 1200000,
	   "it holds for ever");
	suan_signals_part(sig(&k), 0, SUAN_SIGNAL_PRICE, 7, &part);
	ok(part.source == SUAN_SIGNAL_CONSTANT && part.until_ms == SUAN_FOREVER, "and says so");
	kit_done(&k);
}

static void t_layers(void)
{
	const int64_t measured[] = {10, 20, 30}, old[] = {1, 2, 3, 4}, new[] = {7, 8};
	struct suan_signal_part part;
	struct suan_signal_facts facts;
	struct kit k;

	begin(&k, 0);
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .from_ms = NOW - 3 * HOUR,
					.values = measured, .n = 3}) == SUAN_OK &&
		   tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .values = old, .n = 4,
						.from_ms = NOW - HOUR, .issued_ms = NOW - 9}) ==
			   SUAN_OK &&
		   tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .values = new, .n = 2,
						.from_ms = NOW + HOUR, .issued_ms = NOW - 8}) ==
			   SUAN_OK &&
		   tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .values = old, .n = 4,
						.from_ms = NOW, .issued_ms = NOW - 20}) == SUAN_OK,
	   "told");
	ok(at(&k, SUAN_SIGNAL_CARBON, NOW - 1) == 30 && at(&k, SUAN_SIGNAL_CARBON, NOW) == 2 &&
		   at(&k, SUAN_SIGNAL_CARBON, NOW + HOUR) == 7 &&
		   at(&k, SUAN_SIGNAL_CARBON, NOW + 2 * HOUR) == 8 &&
		   at(&k, SUAN_SIGNAL_CARBON, NOW + 3 * HOUR) == 4,
	   "measured before forecast, newer before older, each for its hours");
	ok(suan_signals_sum(sig(&k), 0, SUAN_SIGNAL_CARBON, NOW - 2 * HOUR, NOW + 2 * HOUR) ==
		   (20 + 30 + 2 + 7) * HOUR,
	   "and the sum is that of these");
	suan_signals_part(sig(&k), 0, SUAN_SIGNAL_CARBON, NOW + HOUR, &part);
	ok(part.source == SUAN_SIGNAL_FORECAST && part.issued_ms == NOW - 8 &&
		   part.until_ms == NOW + 2 * HOUR,
	   "which forecast it is, and how long");
	suan_signals_part(sig(&k), 0, SUAN_SIGNAL_CARBON, NOW + 90 * HOUR, &part);
	ok(part.source == SUAN_SIGNAL_REPEATED && part.value == 4, "then the last value");
	suan_signals_facts(sig(&k), 0, SUAN_SIGNAL_CARBON, &facts);
	ok(facts.issued_ms == NOW - 8 && facts.told_ms == NOW &&
		   facts.until_ms == NOW + 4 * HOUR && !facts.tariff,
	   "facts");
	kit_done(&k);
}

static void t_tariff(void)
{
	int64_t day[24], seen[30];
	struct suan_signal_part part;
	struct kit k;
	bool good = true;

	begin(&k, 0);
	for (int i = 0; i < 24; i++)
		day[i] = 100 + i;
	for (int i = 0; i < 30; i++)
		seen[i] = 500 + i;
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_PRICE, .period_ms = DAY,
					.values = day + 6, .from_ms = 6 * HOUR, .n = 18}) ==
		   SUAN_OK,
	   "a tariff");
	for (int i = -30; i < 30; i++) {
		int hour = (i + 48) % 24;

		good = good && at(&k, SUAN_SIGNAL_PRICE, i * HOUR + 5) ==
				       (hour < 6 ? 123 : 100 + hour);
	}
	ok(good, "comes again every day, before 1970, too");
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_PRICE, .values = seen, .n = 2,
					.from_ms = NOW}) == SUAN_OK &&
		   tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_PRICE, .values = seen,
						.n = 1, .from_ms = NOW + 8 * HOUR}) == SUAN_OK,
	   "with values beside it");
	ok(at(&k, SUAN_SIGNAL_PRICE, NOW) == 500 && at(&k, SUAN_SIGNAL_PRICE, NOW + HOUR) == 501 &&
		   at(&k, SUAN_SIGNAL_PRICE, NOW + 7 * HOUR) == 107 &&
		   at(&k, SUAN_SIGNAL_PRICE, NOW + 8 * HOUR) == 500 &&
		   at(&k, SUAN_SIGNAL_PRICE, NOW + 9 * HOUR) == 109 &&
		   at(&k, SUAN_SIGNAL_PRICE, NOW - HOUR) == 123,
	   "values where there are some, the tariff between and around");
	suan_signals_part(sig(&k), 0, SUAN_SIGNAL_PRICE, NOW + 3 * HOUR, &part);
	ok(part.source == SUAN_SIGNAL_TARIFF, "and it is known which is which");
	ok(suan_signals_next_change_ms(sig(&k), 0, SUAN_SIGNAL_PRICE, NOW - 2 * HOUR) ==
			   NOW - HOUR &&
		   suan_signals_next_change_ms(sig(&k), 0, SUAN_SIGNAL_PRICE, NOW + 8 * HOUR) ==
			   NOW + 9 * HOUR,
	   "the next change");
	kit_done(&k);
	begin(&k, 0);
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_PRICE, .values = seen, .n = 30,
					.from_ms = NOW}) == SUAN_OK &&
		   at(&k, SUAN_SIGNAL_PRICE, NOW + 30 * HOUR) == 506 &&
		   at(&k, SUAN_SIGNAL_PRICE, NOW + 53 * HOUR) == 529 &&
		   at(&k, SUAN_SIGNAL_PRICE, NOW + 54 * HOUR + 240 * DAY) == 506 &&
		   at(&k, SUAN_SIGNAL_PRICE, NOW - 9 * DAY) == 500,
	   "without one the last day comes again, and before all the first value holds");
	kit_done(&k);
}

static void t_refused(void)
{
	const int64_t v[] = {5, 6}, below[] = {-1}, many[] = {1000001};
	struct suan_signal_spec s = {.site = "a", .kind = SUAN_SIGNAL_CARBON};
	struct suan_signal_step twice[] = {{NOW, 1}, {NOW, 2}};
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .u.signal = &s};
	uint64_t version;
	struct kit k;

	begin(&k, 0);
	version = suan_signals_version(sig(&k));
	ok(tell(&k, "x", &(struct told){.values = v, .n = 1, .from_ms = NOW}) == SUAN_ENOTFOUND,
	   "no such site");
	ok(tell(&k, "a", &(struct told){.n = 0}) == SUAN_EINVAL, "nothing to tell");
	ok(tell(&k, "a", &(struct told){.values = v, .n = 1, .from_ms = -HOUR}) == SUAN_EINVAL,
	   "before 1970");
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .values = below, .n = 1}) ==
		   SUAN_EINVAL,
	   "less than no carbon");
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_PRICE, .values = below, .n = 1}) ==
		   SUAN_OK,
	   "but prices may be negative");
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_RENEWABLE, .values = many, .n = 1}) ==
		   SUAN_EINVAL,
	   "more than all");
	ok(tell(&k, "a", &(struct told){.values = v, .n = 1, .period_ms = 2 * DAY}) == SUAN_EINVAL,
	   "no such period");
	ok(tell(&k, "a", &(struct told){.values = v, .n = 2, .period_ms = DAY,
					.from_ms = 23 * HOUR}) == SUAN_EINVAL,
	   "a step after the period");
	ok(tell(&k, "a", &(struct told){.values = v, .n = 1, .period_ms = DAY, .issued_ms = 5}) ==
		   SUAN_EINVAL,
	   "a forecast of a tariff");
	ok(tell(&k, "a", &(struct told){.values = v, .n = 1, .marginal = true}) == SUAN_EINVAL,
	   "a marginal price");
	ok(tell(&k, "a", &(struct told){.values = v, .n = 1,
					.from_ms = NOW + SUAN_SIGNALS_AHEAD_MS}) == SUAN_EINVAL,
	   "too far ahead");
	s.steps = twice;
	s.nsteps = 2;
	s.until_ms = NOW + 1;
	ok(kit_step(&k, &ev) == SUAN_EINVAL && strstr(k.err.text, "step 2"), "twice one time");
	ok(suan_signals_version(sig(&k)) == version + 1, "of all this one was taken");
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .values = v, .n = 2,
					.from_ms = NOW}) == SUAN_OK &&
		   tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .values = v, .n = 2,
						.from_ms = NOW, .marginal = true}) ==
			   SUAN_ECONFLICT &&
		   tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .values = v, .n = 1,
						.from_ms = NOW, .marginal = true,
						.replace = true}) == SUAN_OK &&
		   at(&k, SUAN_SIGNAL_CARBON, NOW + HOUR) == 5,
	   "marginal values only instead of mean ones");
	ok(tell(&k, "a", &(struct told){.kind = SUAN_SIGNAL_CARBON, .replace = true}) == SUAN_OK &&
		   !suan_signals_known(sig(&k), 0, SUAN_SIGNAL_CARBON),
	   "all of it forgotten");
	kit_done(&k);
}

static void t_forgetting(void)
{
	const int64_t v[] = {1, 2, 3};
	struct suan_signal_facts facts;
	struct kit k;

	begin(&k, 0);
	for (int i = 0; i < 90; i++) {
		k.now = NOW + i * DAY;
		(void)tell(&k, "a", &(struct told){.values = v, .n = 3, .from_ms = k.now});
	}
	suan_signals_facts(sig(&k), 0, SUAN_SIGNAL_PRICE, &facts);
	ok(facts.first_ms > k.now - SUAN_SIGNALS_KEEP_MS - DAY &&
		   facts.first_ms <= k.now - SUAN_SIGNALS_KEEP_MS + DAY,
	   "what is older than 62 days is forgotten");
	ok(suan_engine_verify(k.e, NULL) == SUAN_OK, "and the rest is in order");
	kit_done(&k);
}

/* ---- against a slow view ---- */

#define HOURS 96 /* looked at, from NOW − 24 h on */

struct slow {
	int64_t value[HOURS], issued[HOURS];	/* issued −1: nothing was told */
	int64_t day[24];
	bool tariff;
};

static int64_t slow_at(const struct slow *s, int64_t hour)
{
	int64_t first = 0, end = HOURS;

	if (hour >= 0 && hour < HOURS && s->issued[hour] >= 0)
		return s->value[hour];
	if (s->tariff)
		return s->day[(hour % 24 + 24) % 24];
	while (first < HOURS && s->issued[first] < 0)
		first++;
	if (first == HOURS)
		return 0;
	while (s->issued[end - 1] < 0)
		end--;
	if (hour < first)
		return s->value[first];
	if (hour >= end && end - 24 >= first)
		return slow_at(s, end - 24 + (hour - end) % 24);
	if (hour >= end)
		return s->value[end - 1];
	while (s->issued[hour] < 0)
		hour--;
	return s->value[hour];
}

static void slow_tell(struct slow *s, const struct told *t)
{
	int64_t from = (t->from_ms - NOW) / HOUR + 24;

	for (int i = 0; t->replace && i < HOURS; i++)
		s->issued[i] = -1;
	if (t->replace)
		s->tariff = false;
	for (uint32_t i = 0; i < t->n; i++) {
		if (t->period_ms) {
			s->tariff = true;
			s->day[i] = t->values[i];
		} else if (s->issued[from + i] < 0 || t->issued_ms == 0 ||
			   (s->issued[from + i] > 0 && t->issued_ms >= s->issued[from + i])) {
			s->issued[from + i] = t->issued_ms;
			s->value[from + i] = t->values[i];
		}
	}
}

/* All hours one by one, and a span; also where the next change is. */
static bool agrees(const struct kit *k, const struct slow *s, struct suan_rng *rng)
{
	const struct suan_signals *g = sig(k);
	int64_t from = (int64_t)suan_rng_below(rng, HOURS + 90) - 40;
	int64_t to = from + (int64_t)suan_rng_below(rng, 60);
	suan_int128 sum = 0;

	for (int64_t h = -40; h < HOURS + 60; h++) {
		int64_t t = NOW + (h - 24) * HOUR;
		int64_t next = suan_signals_next_change_ms(g, 0, SUAN_SIGNAL_PRICE, t);

		if (suan_signals_at(g, 0, SUAN_SIGNAL_PRICE, t + 9) != slow_at(s, h))
			return false;
		if (next <= t || (slow_at(s, h) != slow_at(s, h + 1) && next > t + HOUR))
			return false;
		if (h >= from && h < to)
			sum += (suan_int128)slow_at(s, h) * HOUR;
	}
	return to > HOURS + 60 || suan_signals_sum(g, 0, SUAN_SIGNAL_PRICE,
						   NOW + (from - 24) * HOUR,
						   NOW + (to - 24) * HOUR) == sum;
}

static void t_slow(void)
{
	bool good = true;

	for (uint64_t seed = 1; good && seed <= 60; seed++) {
		struct slow s = {.tariff = false};
		struct suan_rng rng;
		struct kit k;

		suan_rng_init(&rng, seed);
		begin(&k, 0);
		for (int i = 0; i < HOURS; i++)
			s.issued[i] = -1;
		for (int n = 0; good && n < 12; n++) {
			int64_t values[24];
			struct told t = {.values = values, .n = 24};
			uint64_t what = suan_rng_below(&rng, 10);

			for (int i = 0; i < 24; i++)
				values[i] = (int64_t)suan_rng_below(&rng, 4);
			t.period_ms = what == 0 ? DAY : 0;
			t.replace = suan_rng_below(&rng, 12) == 0;
			if (what > 0) {
				t.n = (uint32_t)suan_rng_below(&rng, 24) + 1;
				t.from_ms = NOW - DAY +
					    (int64_t)suan_rng_below(&rng, HOURS - t.n) * HOUR;
			}
			if (what > 3)
				t.issued_ms = NOW - (int64_t)suan_rng_below(&rng, 5);
			good = tell(&k, "a", &t) == SUAN_OK;
			slow_tell(&s, &t);
			good = good && agrees(&k, &s, &rng) &&
			       suan_engine_verify(k.e, NULL) == SUAN_OK;
		}
		if (!good)
			printf("# seed %" PRIu64 "\n", seed);
		kit_done(&k);
	}
	ok(good, "60 random histories look as they look to a slow view");
}

/* ---- bytes ---- */

static void t_bytes(void)
{
	const int64_t v[] = {-3, 900, 900, 7}, day[] = {1, 2};
	struct suan_engine *e = NULL;
	struct suan_buf b = {0};
	struct kit k;
	uint64_t hash;

	begin(&k, 5);
	(void)tell(&k, "a", &(struct told){.values = v, .n = 4, .from_ms = NOW});
	(void)tell(&k, "a", &(struct told){.values = v, .n = 2, .from_ms = NOW + DAY,
					   .issued_ms = NOW});
	(void)tell(&k, "b", &(struct told){.values = day, .n = 2, .period_ms = 7 * DAY});
	(void)tell(&k, "b", &(struct told){.kind = SUAN_SIGNAL_CARBON, .values = day, .n = 2,
					   .from_ms = NOW, .marginal = true});
	hash = suan_engine_hash(k.e);
	ok(suan_engine_save(k.e, &b, NULL) == SUAN_OK &&
		   suan_engine_load(&e, b.data, b.len, NULL) == SUAN_OK,
	   "a snapshot and back");
	ok(e && suan_engine_hash(e) == hash && suan_engine_verify(e, NULL) == SUAN_OK &&
		   suan_signals_at(suan_engine_signals(e), 0, SUAN_SIGNAL_PRICE, NOW + HOUR) == 900,
	   "is the same");
	suan_engine_free(e);
	suan_buf_done(&b);
	kit_network(&k);
	ok(suan_signals_at(sig(&k), 0, SUAN_SIGNAL_PRICE, NOW + HOUR) == 900 &&
		   suan_signals_at(sig(&k), 0, SUAN_SIGNAL_PRICE, NOW + 9 * HOUR) == 5,
	   "a network read anew keeps what was told");
	kit_done(&k);
}

static void t_record(void)
{
	struct suan_signal_step steps[] = {{NOW, -5}, {NOW + 1, INT64_MAX}, {NOW + 9, 0}};
	struct suan_signal_spec s = {"a", SUAN_SIGNAL_TEMPERATURE, 4, NOW + 99, 0, steps, 3,
				     true, true, 1, 2, 3};
	struct suan_event ev = {.seq = 1, .now_ms = NOW, .type = SUAN_EV_SIGNAL, .u.signal = &s};
	struct suan_arena arena = {0};
	const struct suan_signal_spec *x;
	struct suan_event got;
	struct suan_buf b = {0};
	size_t pos = 0;

	ok(suan_record_put(&b, &ev, NULL) == SUAN_OK &&
		   suan_record_get(b.data, b.len, &pos, &arena, &got, NULL) == SUAN_OK,
	   "an event as bytes and back");
	x = got.u.signal;
	ok(strcmp(x->site, "a") == 0 && x->kind == SUAN_SIGNAL_TEMPERATURE && x->issued_ms == 4 &&
		   x->until_ms == NOW + 99 && x->period_ms == 0 && x->nsteps == 3 &&
		   x->marginal && x->replace && x->estimated == 1 && x->duplicates == 2 &&
		   x->gaps == 3 && memcmp(x->steps, steps, sizeof(steps)) == 0,
	   "says the same");
	suan_arena_done(&arena);
	suan_buf_done(&b);
}

/* Every allocation of telling, saving and loading may fail. */
static void t_oom(void)
{
	int64_t day[24];
	bool good = true;
	struct kit k;

	if (!oom_works())
		return;
	begin(&k, 0);
	for (int i = 0; i < 24; i++)
		day[i] = i;
	for (int round = 0; round < 4; round++) {
		struct suan_signal_step steps[24];
		struct suan_signal_spec s = {.site = "a", .steps = steps, .nsteps = 24,
					     .period_ms = round == 2 ? DAY : 0};
		struct suan_event ev = {.type = SUAN_EV_SIGNAL, .u.signal = &s, .now_ms = NOW};
		enum suan_code rc = SUAN_ENOMEM;

		for (uint32_t i = 0; i < 24; i++)
			steps[i] = (struct suan_signal_step){
				(s.period_ms ? 0 : NOW + round * 26 * HOUR) + i * HOUR, day[i]};
		s.until_ms = steps[23].at_ms + HOUR;
		for (unsigned n = 1; rc == SUAN_ENOMEM; n++) {
			uint64_t before = suan_engine_hash(k.e);

			ev.seq = suan_engine_seq(k.e) + 1;
			oom_arm(n);
			rc = suan_engine_step(k.e, &ev, &k.fx, &k.err);
			(void)oom_disarm();
			good = good && (rc == SUAN_OK || (rc == SUAN_ENOMEM &&
							  suan_engine_hash(k.e) == before));
			good = good && suan_engine_verify(k.e, NULL) == SUAN_OK;
		}
	}
	ok(good, "without memory nothing changes");
	kit_done(&k);
}

int main(void)
{
	t_constant();
	t_layers();
	t_tariff();
	t_refused();
	t_forgetting();
	t_slow();
	t_bytes();
	t_record();
	t_oom();
	return tap_done();
}
