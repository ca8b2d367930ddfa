/* Free capacity of one pool over time: a list of steps, each with the free cores, memory,
 * accelerators and wholly idle nodes from its time until the next one.
 *
 * The vector is the sum over the nodes of a pool. With one node it is exact. With several it is
 * necessary, not sufficient: four free cores on two nodes do not hold one task of four. A start now
 * is therefore also packed node by node (place.h); where the sum says now and the packing says no,
 * the planner looks again from the first expected end in the pool, when something frees up. A
 * planned start is a prediction by sums and is packed when its time comes. Exclusive asks count
 * whole nodes in every component, so that sum and idle nodes agree. */
#ifndef SUAN_ENGINE_PROFILE_H
#define SUAN_ENGINE_PROFILE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Signed: what easy backfills may overlap what is only predicted, and then less than nothing is
 * free. */
struct suan_vec {
	int64_t memory;
	int32_t cores, gpus;
	int32_t nodes;	/* wholly idle */
	int32_t zero;	/* so that a machine adds four at once */
};

struct suan_step {
	int64_t from;
	struct suan_vec free;
};

struct suan_profile {
	struct suan_step *steps;	/* owned; the first from INT64_MIN, the last for ever */
	size_t count, cap;
	int64_t rising;	/* no step behind this time has less free than the one before it */
};

static inline bool suan_vec_fits(const struct suan_vec *want, const struct suan_vec *free)
{
	return want->cores <= free->cores && want->memory <= free->memory &&
	       want->gpus <= free->gpus && want->nodes <= free->nodes;
}

static inline struct suan_vec suan_vec_times(const struct suan_vec *v, int32_t n)
{
	return (struct suan_vec){.memory = n * v->memory, .cores = n * v->cores,
				 .gpus = n * v->gpus, .nodes = n * v->nodes};
}

static inline bool suan_vec_same(const struct suan_vec *a, const struct suan_vec *b)
{
	return a->memory == b->memory && a->cores == b->cores && a->gpus == b->gpus &&
	       a->nodes == b->nodes;
}

static inline void suan_vec_add(struct suan_vec *to, const struct suan_vec *v)
{
	to->memory += v->memory;
	to->cores += v->cores;
	to->gpus += v->gpus;
	to->nodes += v->nodes;
	to->zero += v->zero;
}

static inline void suan_vec_sub(struct suan_vec *from, const struct suan_vec *v)
{
	from->memory -= v->memory;
	from->cores -= v->cores;
	from->gpus -= v->gpus;
	from->nodes -= v->nodes;
	from->zero -= v->zero;
}

void suan_profile_done(struct suan_profile *f);
/* One step, *free for ever, and room to append `more`. */
SUAN_MUSTUSE enum suan_code suan_profile_reset(struct suan_profile *f, const struct suan_vec *free,
					       size_t more);
SUAN_MUSTUSE enum suan_code suan_profile_copy(struct suan_profile *to,
					      const struct suan_profile *from);
/* Adds *more from `at` on. at is not before the last step, and there is room. */
static inline void suan_profile_append(struct suan_profile *f, int64_t at,
				       const struct suan_vec *more)
{
	struct suan_step *last = &f->steps[f->count - 1];

	assert(f->count > 0 && last->from <= at);
	if (last->from < at) {
		assert(f->count < f->cap);
		last[1].from = at;
		last[1].free = last->free;
		last++;
		f->count++;
	}
	suan_vec_add(&last->free, more);
}
/* Takes *v from [from, to). On failure nothing changed. */
SUAN_MUSTUSE enum suan_code suan_profile_reserve(struct suan_profile *f, const struct suan_vec *v,
						 int64_t from, int64_t to);
/* Free cores × milliseconds in [from, to). */
int64_t suan_profile_area(const struct suan_profile *f, int64_t from, int64_t to);
/* Forgets what was before `now` and joins equal neighbours: the same capacity from now on. */
void suan_profile_tidy(struct suan_profile *f, int64_t now);
/* Some step from `now` on has less than nothing free. */
bool suan_profile_overfull(const struct suan_profile *f, int64_t now);
/* Earliest t in [from, own) such that *v is free over [t, t + duration), for somebody who already
 * holds *v over [own, own + duration); SUAN_FOREVER: none. */
int64_t suan_profile_sooner(const struct suan_profile *f, const struct suan_vec *v,
			    int64_t duration, int64_t from, int64_t own);
const struct suan_vec *suan_profile_at(const struct suan_profile *f, int64_t at);
/* Earliest t in [from, latest] such that *v is free over [t, t + duration); SUAN_FOREVER: none. */
int64_t suan_profile_earliest(const struct suan_profile *f, const struct suan_vec *v,
			      int64_t duration, int64_t from, int64_t latest);
/* The same where no later step has less free, so that any duration will do; O(log steps). */
int64_t suan_profile_rising(const struct suan_profile *f, const struct suan_vec *v, int64_t from,
			    int64_t latest);

#endif
