/* How long jobs of a user really ran, and what that says of the next one: the mean of the user's
 * last two run times, never above the estimate (Tsafrir, Etsion and Feitelson 2007). Where a user's
 * own estimates have been far nearer to the truth, they are taken instead. */
#ifndef SUAN_ENGINE_HISTORY_H
#define SUAN_ENGINE_HISTORY_H

#include "base/map.h"
#include "engine/model.h"

struct suan_past {		    /* of one user */
	uint32_t user;		    /* interned, one reference */
	int64_t last_ms, before_ms; /* run times; 0 = none yet */
	/* Mean error of estimate and of prediction, decaying: |log2 of the ratio| × 65536. */
	int64_t estimate_error, mean_error;
};

struct suan_history {
	/* owned; first those `known` of whom a run time is known, in the order of the first one */
	struct suan_past *list;
	size_t count, cap, known;
	struct suan_map of_user; /* interned user → position */
};

void suan_history_done(struct suan_history *h, struct suan_intern *strings);
/* Makes room for the user's run times. User 0, the empty name, has no history. */
SUAN_MUSTUSE enum suan_code suan_history_reserve(struct suan_history *h,
						 struct suan_intern *strings, uint32_t user);
/* Expected run time of a job with this estimate, 1 … estimate. */
int64_t suan_history_predict(const struct suan_history *h, uint32_t user, int64_t estimate_ms);
/* A job of the user ran so long; room is reserved, else nothing is learnt. */
void suan_history_learn(struct suan_history *h, uint32_t user, int64_t estimate_ms, int64_t run_ms);
/* As it was saved; ECONFLICT: not a history. On failure unchanged, but for room. */
SUAN_MUSTUSE enum suan_code suan_history_restore(struct suan_history *h,
						 struct suan_intern *strings,
						 const struct suan_past *past);
size_t suan_history_memory(const struct suan_history *h);

#endif
