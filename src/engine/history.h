/* How long jobs really ran, and what that says of the next one: the mean of the last run times of
 * the same user with the same estimate, else of the user, never above the estimate (after Tsafrir,
 * Etsion and Feitelson 2007). Users whose own estimates have been far nearer to the truth are taken
 * at their word. */
#ifndef SUAN_ENGINE_HISTORY_H
#define SUAN_ENGINE_HISTORY_H

#include "base/map.h"
#include "engine/model.h"
#include "engine/planner_table.h"

#define SUAN_PAST_RUNS 4u

struct suan_past {			 /* of one user, or of one user's jobs with one estimate */
	uint32_t user;			 /* interned, one reference */
	uint32_t nruns;			 /* of runs_ms; 0 = nothing yet */
	int64_t estimate_ms;		 /* 0: of all jobs of the user */
	int64_t runs_ms[SUAN_PAST_RUNS]; /* the latest first */
	/* Of all jobs of the user: errors of estimates and of this mean, decaying: |log2 of the
	 * ratio| × 65536. */
	int64_t estimate_error, mean_error;
};

struct suan_history {
	/* owned; first the `known` ones with runs, in the order in which they got the first */
	struct suan_past *list;
	size_t count, cap, known;
	struct suan_table of; /* hash of user and estimate → position */
};

void suan_history_done(struct suan_history *h, struct suan_intern *strings);
/* Makes room for run times of such jobs. User 0, the empty name, has no history. */
SUAN_MUSTUSE enum suan_code suan_history_reserve(struct suan_history *h,
						 struct suan_intern *strings, uint32_t user,
						 int64_t estimate_ms);
/* Expected run time of a job with this estimate, 1 … estimate. *ret_known: from runs. */
int64_t suan_history_predict(const struct suan_history *h, uint32_t user, int64_t estimate_ms,
			     bool *ret_known);
/* A job of the user ran so long; room is reserved, else nothing is learnt. */
void suan_history_learn(struct suan_history *h, uint32_t user, int64_t estimate_ms, int64_t run_ms);
/* As it was saved; ECONFLICT: not a history. On failure unchanged, but for room. */
SUAN_MUSTUSE enum suan_code suan_history_restore(struct suan_history *h,
						 struct suan_intern *strings,
						 const struct suan_past *past);
size_t suan_history_memory(const struct suan_history *h);

#endif
