/* Runs by their end: a heap with four children, in the order of (end, row). Inline, because it is
 * in the innermost loop. Not for other layers. */
#ifndef SUAN_SIM_ENDS_H
#define SUAN_SIM_ENDS_H

#include "base/grow.h"

struct suan_sim_end {
	int64_t end_ms;
	uint32_t row;	       /* of the result */
	uint32_t attempt : 31; /* the engine's */
	uint32_t stopped : 1;  /* it ends because it was stopped */
};

struct suan_sim_ends {		   /* zeroed = empty */
	struct suan_sim_end *list; /* owned */
	size_t count, cap;
};

static inline bool suan_sim_ends_before(const struct suan_sim_end *a, const struct suan_sim_end *b)
{
	return a->end_ms != b->end_ms ? a->end_ms < b->end_ms : a->row < b->row;
}

SUAN_MUSTUSE static inline enum suan_code suan_sim_ends_push(struct suan_sim_ends *h,
							     struct suan_sim_end x)
{
	size_t i = h->count;

	if (i == h->cap && suan_grow(&h->list, &h->cap, i + 1, sizeof(*h->list)) != SUAN_OK)
		return SUAN_ENOMEM;
	h->count++;
	for (; i > 0 && suan_sim_ends_before(&x, &h->list[(i - 1) / 4]); i = (i - 1) / 4)
		h->list[i] = h->list[(i - 1) / 4];
	h->list[i] = x;
	return SUAN_OK;
}

static inline struct suan_sim_end suan_sim_ends_pop(struct suan_sim_ends *h)
{
	struct suan_sim_end first = h->list[0], x = h->list[--h->count];
	size_t i = 0, child;

	while ((child = 4 * i + 1) < h->count) {
		size_t last = child + 4 < h->count ? child + 4 : h->count, best = child;

		while (++child < last)
			if (suan_sim_ends_before(&h->list[child], &h->list[best]))
				best = child;
		if (!suan_sim_ends_before(&h->list[best], &x))
			break;
		h->list[i] = h->list[best];
		i = best;
	}
	h->list[i] = x;
	return first;
}

/* Takes out the entry at a place of the list. */
static inline void suan_sim_ends_drop(struct suan_sim_ends *h, size_t i)
{
	struct suan_sim_end x;

	/* to the top, as if it came first */
	for (x = h->list[i]; i > 0; i = (i - 1) / 4)
		h->list[i] = h->list[(i - 1) / 4];
	h->list[0] = x;
	(void)suan_sim_ends_pop(h);
}

#endif
