/* Hashes that must be the same on every machine and with every compiler: the committed list
 * tests/corpus/golden.txt, lines "TEST CASE EFFECTS STATE". A test works its cases out in order and
 * compares; a line too few or too many is an error too, and so are equal hashes of two cases.
 * When decisions were meant to change, write the lines of a test anew and look at what changed:
 *   SUAN_MAKE_GOLDEN=1 SUAN_SOURCE=. build/tests/TEST > lines */
#ifndef SUAN_TESTS_GOLDEN_H
#define SUAN_TESTS_GOLDEN_H

#include <inttypes.h>
#include <stdlib.h>

#include "lib/tap.h"

#define GOLDEN_MOST 128

struct golden_line {
	char what[64];
	uint64_t effects, state;
};

struct golden {
	const char *test;
	bool make;
	struct golden_line want[GOLDEN_MOST], got[GOLDEN_MOST];
	uint32_t nwant, ngot;
};

static inline void golden_begin(struct golden *g, const char *test)
{
	const char *source = getenv("SUAN_SOURCE");
	char path[4096], name[64];
	struct golden_line x;
	FILE *f;

	memset(g, 0, sizeof(*g));
	g->test = test;
	g->make = getenv("SUAN_MAKE_GOLDEN") != NULL;
	snprintf(path, sizeof(path), "%s/tests/corpus/golden.txt", source ? source : ".");
	f = g->make ? NULL : fopen(path, "r");
	if (!f && !g->make)
		ok(false, "%s is there", path);
	while (f && fscanf(f, "%63s %63s %" SCNx64 " %" SCNx64, name, x.what, &x.effects,
			   &x.state) == 4)
		if (strcmp(name, test) == 0 && g->nwant < GOLDEN_MOST)
			g->want[g->nwant++] = x;
	if (f)
		fclose(f);
}

/* One case. effects: of everything that was decided; state: at the end. */
static inline void golden_is(struct golden *g, const char *what, uint64_t effects, uint64_t state)
{
	struct golden_line *x = &g->got[g->ngot];
	const struct golden_line *want = &g->want[g->ngot];
	bool same;

	if (g->ngot >= GOLDEN_MOST)
		abort();
	snprintf(x->what, sizeof(x->what), "%s", what);
	x->effects = effects;
	x->state = state;
	g->ngot++;
	if (g->make) {
		printf("%s %s %016" PRIx64 " %016" PRIx64 "\n", g->test, what, effects, state);
		return;
	}
	same = g->ngot <= g->nwant && strcmp(want->what, what) == 0;
	ok(same && want->effects == effects, "%s: what was decided: %016" PRIx64, what, effects);
	ok(same && want->state == state, "%s: the state at the end: %016" PRIx64, what, state);
}

static inline void golden_end(const struct golden *g)
{
	uint32_t equal = 0;

	for (uint32_t i = 0; i < g->ngot; i++) {
		equal += g->got[i].effects == 0 || g->got[i].state == 0;
		for (uint32_t k = 0; k < i; k++)
			equal += g->got[i].effects == g->got[k].effects ||
				 g->got[i].state == g->got[k].state;
	}
	if (g->make)
		return;
	is_int(g->ngot, g->nwant, "as many cases as the list has");
	is_int(equal, 0, "every case is one of its own");
}

#endif
