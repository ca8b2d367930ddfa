/* The same log gives the same state and effects: played back from its records, and going on from a
 * snapshot taken at any point of it. */
#include "engine/record.h"
#include "lib/engine_random.h"
#include "lib/slow.h"

#define STEPS 2500
#ifdef SLOW_BUILD
#define EVERY_STEPS 250
#define MOST_SEEDS 2u
#define EVERY_SEEDS 1u
#else
#define EVERY_STEPS 500
#define MOST_SEEDS 4u
#define EVERY_SEEDS 2u
#endif

struct log {
	struct suan_buf bytes;
	uint64_t hash[STEPS + 1];	/* of the effects, by sequence number */
};

static void keep(void *ctx, const struct suan_event *ev)
{
	struct log *l = ctx;

	if (suan_record_put(&l->bytes, ev, NULL) != SUAN_OK)
		abort();
}

/* Field by field: effects have padding. */
static uint64_t hash_effects(const struct suan_effects *fx)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < fx->count; i++) {
		const struct suan_effect *f = &fx->list[i];
		const uint64_t parts[] = {f->type, f->run.job, f->run.index, f->run.attempt,
					  f->pool, f->state, (uint64_t)f->at_ms};

		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++)
			h = (h ^ parts[k]) * 1099511628211u;
	}
	return (h ^ fx->code) * 1099511628211u ^ fx->refused ^ fx->first_job << 8;
}

static void record(struct history *h, struct log *l, uint64_t steps)
{
	suan_buf_init(&l->bytes, 0);
	h->k.log = keep;
	h->k.ctx = l;
	while (suan_engine_seq(h->k.e) < steps) {
		uint64_t seq = suan_engine_seq(h->k.e);

		if (seq == 1 && h->conservative)
			kit_policy(&h->k,
				   &(struct suan_policy){.kind = SUAN_POLICY_CONSERVATIVE});
		else
			history_step(h);
		if (suan_engine_seq(h->k.e) > seq)
			l->hash[seq + 1] = hash_effects(&h->k.fx);
	}
}

/* Plays the log from the state of *e on; true: all effects and the last state are the same. */
static bool play(struct suan_engine *e, const struct log *l, uint64_t want, const char **what)
{
	struct suan_effects fx;
	struct suan_arena arena;
	size_t pos = 0;
	bool good = true;

	suan_effects_init(&fx);
	suan_arena_init(&arena, 0);
	while (pos < l->bytes.len && good) {
		struct suan_event ev;
		struct suan_err err = {0};

		suan_arena_reset(&arena);
		*what = "record";
		good = suan_record_get(l->bytes.data, l->bytes.len, &pos, &arena, &ev, &err) ==
		       SUAN_OK;
		if (!good || ev.seq <= suan_engine_seq(e))
			continue;
		*what = "step";
		good = suan_engine_step(e, &ev, &fx, &err) == SUAN_OK;
		if (good) {
			*what = suan_event_name(ev.type);
			good = hash_effects(&fx) == l->hash[ev.seq];
		}
		if (!good)
			printf("# event %" PRIu64 " %s %s\n", ev.seq, *what, err.text);
	}
	if (good && suan_engine_hash(e) != want) {
		*what = "state";
		good = false;
	}
	suan_arena_done(&arena);
	suan_effects_done(&fx);
	return good;
}

static bool replays(const struct log *l, uint64_t want)
{
	struct suan_engine *e = suan_engine_new();
	const char *what = "";
	bool good = e && play(e, l, want, &what);

	suan_engine_free(e);
	return good;
}

/* The history again, with a snapshot and a new engine every `every` events. */
static bool resumes(const struct log *l, uint64_t want, uint64_t every)
{
	struct suan_engine *e = suan_engine_new(), *next;
	struct suan_effects fx;
	struct suan_arena arena;
	struct suan_err err = {0};
	size_t pos = 0;
	bool good = true;

	suan_effects_init(&fx);
	suan_arena_init(&arena, 0);
	while (pos < l->bytes.len && good) {
		struct suan_event ev;
		struct suan_buf b;

		suan_arena_reset(&arena);
		good = suan_record_get(l->bytes.data, l->bytes.len, &pos, &arena, &ev, &err) ==
			       SUAN_OK &&
		       suan_engine_step(e, &ev, &fx, &err) == SUAN_OK &&
		       hash_effects(&fx) == l->hash[ev.seq];
		if (!good)
			printf("# event %" PRIu64 " %s\n", ev.seq, suan_event_name(ev.type));
		if (!good || ev.seq % every)
			continue;
		suan_buf_init(&b, 0);
		good = suan_engine_save(e, &b, &err) == SUAN_OK &&
		       suan_engine_load(&next, b.data, b.len, &err) == SUAN_OK;
		suan_buf_done(&b);
		if (!good) {
			printf("# snapshot at %" PRIu64 ": %s\n", ev.seq, err.text);
			break;
		}
		good = suan_engine_hash(next) == suan_engine_hash(e) &&
		       suan_engine_verify(next, &err) == SUAN_OK;
		if (!good)
			printf("# loaded at %" PRIu64 ": %s\n", ev.seq, err.text);
		suan_engine_free(e);
		e = next;
	}
	good = good && suan_engine_hash(e) == want;
	suan_engine_free(e);
	suan_arena_done(&arena);
	suan_effects_done(&fx);
	return good;
}

/* Conservative, and a snapshot after every event: slots, and what an end gives back, are state. */
static void at_every_event(uint64_t seed)
{
	struct history h;
	struct log *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	history_init(&h, seed);
	h.conservative = true;
	record(&h, l, EVERY_STEPS);
	ok(resumes(l, suan_engine_hash(h.k.e), 1),
	   "seed %" PRIu64 ": conservative, from a snapshot after every event", seed);
	kit_done(&h.k);
	suan_buf_done(&l->bytes);
	free(l);
}

static void one_seed(uint64_t seed, bool preempting, bool homes, bool data)
{
	struct history h;
	struct log *l = calloc(1, sizeof(*l));
	uint64_t want;

	if (!l)
		abort();
	history_init(&h, seed);
	h.preempting = preempting;
	h.homes = h.signals = homes;
	h.data = data;
	h.conservative = data && seed % 2;
	record(&h, l, STEPS);
	want = suan_engine_hash(h.k.e);
	for (int s = 0; s < SUAN_NSTATES; s++)
		printf("# %s %" PRIu64 "\n", suan_state_name((enum suan_state)s),
		       suan_engine_job_count(h.k.e, (enum suan_state)s));
	ok(replays(l, want), "seed %" PRIu64 ": the log gives the same again", seed);
	ok(resumes(l, want, 3 + seed * 17), "seed %" PRIu64 ": and so it does from snapshots",
	   seed);
	kit_done(&h.k);
	suan_buf_done(&l->bytes);
	free(l);
}

/* Conservative, and a snapshot while a run overstays: how long what it gives back was held is
 * counted from the last pass, which is state too. */
static void overdue(void)
{
	struct kit live = {0}, copy = {0};
	struct suan_job_spec runs = kit_job(1, 2, 10000), next = kit_job(1, 1, 10000);
	struct suan_job_spec waits = kit_job(1, 2, 5000);
	struct suan_buf b;

	kit_one_pool(&live, 1, 2);
	kit_policy(&live, &(struct suan_policy){.kind = SUAN_POLICY_CONSERVATIVE});
	kit_submit(&live, &runs);
	kit_pass(&live);
	kit_submit(&live, &waits);
	kit_submit(&live, &next);
	live.now += 60000;	/* long after its limit */
	kit_pass(&live);
	kit_init(&copy);
	suan_engine_free(copy.e);
	suan_buf_init(&b, 0);
	ok(suan_engine_save(live.e, &b, NULL) == SUAN_OK &&
	   suan_engine_load(&copy.e, b.data, b.len, NULL) == SUAN_OK, "a snapshot");
	suan_buf_done(&b);
	live.now += 500;	/* within the second that it was given */
	copy.now = live.now;
	kit_ended(&live, 1, 0, 1, SUAN_OUT_EXITED);
	kit_ended(&copy, 1, 0, 1, SUAN_OUT_EXITED);
	ok(suan_engine_hash(live.e) == suan_engine_hash(copy.e), "an end means the same");
	kit_pass(&live);
	kit_pass(&copy);
	is_int((int64_t)kit_effects(&live, SUAN_FX_START), 1, "what waited starts");
	ok(hash_effects(&live.fx) == hash_effects(&copy.fx), "and the same after the snapshot");
	kit_done(&live);
	kit_done(&copy);
}

int main(void)
{
	const char *text = getenv("SUAN_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 0;

	for (uint64_t i = 0; i < (text ? 1u : MOST_SEEDS); i++)
		one_seed(seed + i, false, false, false);
	for (uint64_t i = 0; i < (text ? 1u : MOST_SEEDS); i++)
		one_seed(seed + i, true, false, false);
	for (uint64_t i = 0; i < (text ? 1u : MOST_SEEDS); i++)
		one_seed(seed + i, false, true, false);
	for (uint64_t i = 0; i < (text ? 1u : MOST_SEEDS); i++)
		one_seed(seed + i, false, false, true);
	for (uint64_t i = 0; i < (text ? 1u : EVERY_SEEDS); i++)
		at_every_event(seed + i);
	overdue();
	return tap_done();
}
