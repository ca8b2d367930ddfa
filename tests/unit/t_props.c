/* Invariants after every event of random histories. Repeat one with SUAN_SEED=N. */
#include "lib/engine_random.h"

#define STEPS 6000
#define SEEDS 6

static bool survives(uint64_t seed, uint32_t steps)
{
	struct history h;
	bool good = true;

	history_init(&h, seed);
	for (uint32_t i = 0; i < steps && good; i++) {
		history_step(&h);
		good = kit_good(&h.k);
		if (!good)
			printf("# seed %" PRIu64 ", event %u\n", seed, i + 1);
	}
	kit_done(&h.k);
	return good;
}

int main(void)
{
	const char *text = getenv("SUAN_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;

	for (int i = 0; i < (text ? 1 : SEEDS); i++)
		ok(survives(seed + (uint64_t)i, STEPS), "%d events, seed %" PRIu64, STEPS,
		   seed + (uint64_t)i);
	return tap_done();
}
