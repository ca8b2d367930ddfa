/* Invariants after every event of random histories. Repeat one with SUAN_SEED=N. */
#include "lib/engine_random.h"
#include "lib/slow.h"

#define STEPS 6000
#ifdef SLOW_BUILD
#define SEEDS 3
#define EACH 3 /* event is followed by a check */
#else
#define SEEDS 4
#define EACH 1
#endif

/* Whom a pass stops may be stopped, has run for long enough, and is stopped once. */
static bool stops_well(struct history *h, uint64_t *stops)
{
	const struct suan_effect *f;

	for (size_t i = 0; (f = kit_effect(&h->k, SUAN_FX_STOP, i)); i++) {
		struct suan_job_view j = kit_view(&h->k, f->run.job);
		struct suan_task_view t;

		if (!suan_engine_task(h->k.e, f->run.job, f->run.index, &t) || !t.stopping ||
		    t.attempt != f->run.attempt || t.reason != SUAN_R_PREEMPTED ||
		    t.reason_a == 0 || t.order_ms + h->min_run_ms > h->k.now)
			return false;
		if (strcmp(j.qos, "once") != 0 &&
		    (strcmp(j.qos, "low") != 0 || j.guarantee == SUAN_AT_MOST_ONCE))
			return false;
		++*stops;
	}
	return true;
}

static bool preempts(uint64_t seed, uint32_t steps, uint64_t *stops)
{
	struct history h;
	bool good = true;

	history_init(&h, seed);
	h.preempting = true;
	for (uint32_t i = 0; i < steps && good; i++) {
		history_step(&h);
		good = kit_good(&h.k) && (!h.passed || stops_well(&h, stops));
		if (!good)
			printf("# seed %" PRIu64 ", event %u\n", seed, i + 1);
	}
	kit_done(&h.k);
	return good;
}

static bool walk(struct history *h, uint64_t seed, uint32_t steps)
{
	for (uint32_t i = 0; i < steps; i++) {
		history_step(h);
		if (i % EACH != 0 || kit_good(&h->k))
			continue;
		printf("# seed %" PRIu64 ", event %u\n", seed, i + 1);
		return false;
	}
	return true;
}

/* Jobs that read data sets, which move over links that nobody may oversell. */
static bool moves(uint64_t seed, uint32_t steps, struct history *sum)
{
	struct history h;
	bool good;

	history_init(&h, seed);
	h.data = true;
	good = walk(&h, seed, steps);
	sum->copies += h.copies;
	sum->reads += h.reads;
	sum->holds += h.holds;
	kit_done(&h.k);
	return good;
}

static bool survives(uint64_t seed, uint32_t steps, bool homes)
{
	struct history h;
	bool good;

	history_init(&h, seed);
	h.homes = h.signals = homes;
	good = walk(&h, seed, steps);
	kit_done(&h.k);
	return good;
}

int main(void)
{
	const char *text = getenv("SUAN_SEED");
	uint64_t stops = 0, seed = text ? strtoull(text, NULL, 10) : 1;
	struct history sum = {0};

	for (int i = 0; i < (text ? 1 : SEEDS); i++)
		ok(preempts(seed + (uint64_t)i, STEPS, &stops), "preempting, seed %" PRIu64,
		   seed + (uint64_t)i);
	ok(text || stops > 2 * SEEDS, "%" PRIu64 " stops", stops);
	for (int i = 0; i < (text ? 1 : SEEDS); i++)
		ok(moves(seed + (uint64_t)i, STEPS, &sum), "data, seed %" PRIu64,
		   seed + (uint64_t)i);
	ok(text || (sum.copies > 20 * SEEDS && sum.reads > 20 * SEEDS && sum.holds > SEEDS),
	   "%" PRIu64 " copies, %" PRIu64 " starts that read, %" PRIu64 " quotes that hold links",
	   sum.copies, sum.reads, sum.holds);
	for (int i = 0; i < (text ? 1 : SEEDS); i++)
		for (int homes = 0; homes < 2; homes++)
			ok(survives(seed + (uint64_t)i, STEPS, homes),
			   "%d events, seed %" PRIu64 "%s", STEPS, seed + (uint64_t)i,
			   homes ? ", homes" : "");
	return tap_done();
}
