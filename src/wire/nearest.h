/* "did you mean": the known name that is closest to a mistyped one, by edit distance with swaps
 * (Damerau 1964). */
#ifndef SUAN_WIRE_NEAREST_H
#define SUAN_WIRE_NEAREST_H

#include <stddef.h>

struct suan_nearest {
	const char *name;	/* borrowed: what was typed */
	const char *best;	/* borrowed: closest so far, NULL = none close enough */
	size_t distance;
};

void suan_nearest_init(struct suan_nearest *n, const char *name);
/* Takes the candidate when it is closer than all before. */
void suan_nearest_try(struct suan_nearest *n, const char *candidate);

#endif
