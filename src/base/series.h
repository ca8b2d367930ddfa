/* A quantity that changes in steps: value i holds from its time until the next one's. Before the
 * first time the first value holds, and the last one for ever. */
#ifndef SUAN_BASE_SERIES_H
#define SUAN_BASE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

__extension__ typedef __int128 suan_int128;

struct suan_series_step {
	int64_t at_ms, value;
	suan_int128 before;	/* value × ms from the first time to this one */
};

struct suan_series {		/* zeroed: no steps */
	struct suan_series_step *steps;	/* owned; by time, no two at one */
	size_t count, cap;
	uint64_t pace_ms;	/* of sealed ones with two steps or more: from one to the next */
	bool unsorted;		/* something was added out of order, or twice */
};

void suan_series_done(struct suan_series *s);
/* In any order until suan_series_seal. ENOMEM: nothing changed. */
SUAN_MUSTUSE enum suan_code suan_series_add(struct suan_series *s, int64_t at_ms, int64_t value);
/* Sorts by time; of equal times the one added last counts. Afterwards it can be read. Returns how
 * many steps were dropped. */
size_t suan_series_seal(struct suan_series *s);

/* There is at least one step. */
int64_t suan_series_at(const struct suan_series *s, int64_t at_ms);
/* The first step after the time; `none` if there is none. */
int64_t suan_series_next(const struct suan_series *s, int64_t at_ms, int64_t none);
/* The least value in [from, to); from < to. */
int64_t suan_series_least(const struct suan_series *s, int64_t from_ms, int64_t to_ms);
/* value × ms over [from, to), exactly; from ≤ to. */
suan_int128 suan_series_sum(const struct suan_series *s, int64_t from_ms, int64_t to_ms);

#endif
