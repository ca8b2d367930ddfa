/* How far planned starts can be trusted. The planner's predicted start comes from estimates and is
 * mostly too late; for each class of predictions this remembers what became of them, and says three
 * times by which a job will have started with a probability of 50, 90 and 99 %.
 *
 * A class has a decaying histogram of log2((wait + 1 s) / (predicted wait + 1 s)). Its quantiles
 * are asked at levels that move, down after a time that held, up after one that did not, so that
 * the misses come right in the long run whatever the load does (adaptive conformal inference,
 * Gibbs and Candès 2021). docs/internals/forecast.md has the rules and what was measured. */
#ifndef SUAN_ENGINE_FORECAST_H
#define SUAN_ENGINE_FORECAST_H

#include "base/codec.h"

#define SUAN_FORECAST_BINS    192u /* eighths of an octave, from 2^−14 to 2^10 */
#define SUAN_FORECAST_BLOCK   8u   /* bins that are counted together as well */
#define SUAN_FORECAST_OCTAVES 20u  /* of predicted waits; the last has all beyond */
#define SUAN_FORECAST_KINDS   2u   /* of each: narrow and wide jobs */
#define SUAN_FORECAST_PROMPT  0u   /* the pass that met it started it: nothing was said */
#define SUAN_FORECAST_BLIND   1u   /* too deep in the queue for a planned start */
#define SUAN_FORECAST_FIRST   2u   /* octave 0, narrow */
/* kept from starting by a limit of its account, user or class: behind the octaves */
#define SUAN_FORECAST_LIMITED (SUAN_FORECAST_FIRST + SUAN_FORECAST_OCTAVES * SUAN_FORECAST_KINDS)
#define SUAN_FORECAST_CLASSES (SUAN_FORECAST_LIMITED + 1u)
#define SUAN_FORECAST_PARTS   (SUAN_FORECAST_CLASSES + SUAN_FORECAST_OCTAVES + 1u)

enum suan_confidence {
	SUAN_P50,
	SUAN_P90,
	SUAN_P99,
	SUAN_NCONFIDENCES
};

struct suan_given { /* what was said of a job when it was first planned */
	int64_t at_ms;
	uint32_t point_s; /* planned wait; 0 without */
	uint32_t bound_s[SUAN_NCONFIDENCES];
	uint16_t class; /* PROMPT: nothing yet */
	bool listed;	/* of the next pass, which will say something; no part of the state */
};

struct suan_spread { /* histogram */
	uint32_t total;
	uint16_t bins[SUAN_FORECAST_BINS];
	uint16_t blocks[SUAN_FORECAST_BINS / SUAN_FORECAST_BLOCK]; /* their sums */
};

/* Of jobs that started. Losses are pinball losses in hundredths of a second, summed. */
struct suan_forecast_sums {
	uint64_t count, held[SUAN_NCONFIDENCES];
	uint64_t width_s; /* p90 − p50 */
	uint64_t loss[SUAN_NCONFIDENCES], point_loss[SUAN_NCONFIDENCES];
};

struct suan_forecast_class {
	struct suan_forecast_sums sums;
	int32_t level[SUAN_NCONFIDENCES]; /* millionths above what is promised */
	struct suan_spread own;
};

struct suan_forecast { /* zeroed = nothing is known */
	struct suan_forecast_class classes[SUAN_FORECAST_CLASSES];
	struct suan_spread octaves[SUAN_FORECAST_OCTAVES], all;
};

struct suan_outlook { /* of a waiting job */
	int64_t now_ms;
	int64_t start_ms; /* as planned; 0: not planned */
	bool wide;
	bool limited; /* not planned, because of a limit */
};

/* What can be said of its start: whole seconds from now, p50 ≤ p90 ≤ p99. */
void suan_forecast_give(const struct suan_forecast *f, const struct suan_outlook *o,
			struct suan_given *ret);
/* It started. Without anything given it did so at once. */
void suan_forecast_learn(struct suan_forecast *f, const struct suan_given *g, int64_t start_ms);
/* Planned waits of a class in seconds, from and below; false: not a class of planned waits. */
bool suan_forecast_range(uint32_t class, uint64_t *ret_from_s, uint64_t *ret_below_s);

/* The parts of the state, 0 … PARTS − 1, as the bytes of a record; false: it is empty. */
bool suan_forecast_known(const struct suan_forecast *f, uint32_t part);
void suan_forecast_put(const struct suan_forecast *f, uint32_t part, struct suan_buf *out);
/* false: damaged. */
bool suan_forecast_get(struct suan_forecast *f, struct suan_reader *r);
void suan_given_put(const struct suan_given *g, struct suan_buf *out);
bool suan_given_get(struct suan_reader *r, struct suan_given *ret);

#endif
