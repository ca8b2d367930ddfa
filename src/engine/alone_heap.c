/* Virtual runs of a home as a binary heap by end, then by job. Arrays have several runs and do not
 * look for them; the twin of a single job knows where its run stands. */
#include <assert.h>

#include "engine/alone.h"

static bool before(const struct suan_alone *a, const struct suan_twin_run *x,
		   const struct suan_twin_run *y)
{
	if (x->end_ms != y->end_ms)
		return x->end_ms < y->end_ms;
	return a->twins[x->slot].id < a->twins[y->slot].id;
}

static void put(struct suan_alone *a, struct suan_home *h, size_t at, const struct suan_twin_run *r)
{
	h->runs[at] = *r;
	a->twins[r->slot].at = (uint32_t)at;
}

static size_t up(struct suan_alone *a, struct suan_home *h, size_t at)
{
	struct suan_twin_run r = h->runs[at];

	for (; at > 0 && before(a, &r, &h->runs[(at - 1) / 2]); at = (at - 1) / 2)
		put(a, h, at, &h->runs[(at - 1) / 2]);
	put(a, h, at, &r);
	return at;
}

static void down(struct suan_alone *a, struct suan_home *h, size_t at)
{
	struct suan_twin_run r = h->runs[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < h->nruns && before(a, &h->runs[child + 1], &h->runs[child]))
			child++;
		if (child >= h->nruns || !before(a, &h->runs[child], &r))
			break;
		put(a, h, at, &h->runs[child]);
		at = child;
	}
	put(a, h, at, &r);
}

void suan_alone_push(struct suan_alone *a, struct suan_home *h, const struct suan_twin_run *r)
{
	assert(h->nruns < h->runs_cap);
	h->runs[h->nruns] = *r;
	up(a, h, h->nruns++);
}

void suan_alone_move(struct suan_alone *a, struct suan_home *h, size_t at)
{
	down(a, h, up(a, h, at));
}

struct suan_twin_run suan_alone_take(struct suan_alone *a, struct suan_home *h, size_t at)
{
	struct suan_twin_run r = h->runs[at];

	assert(at < h->nruns);
	if (at < --h->nruns) {
		h->runs[at] = h->runs[h->nruns];
		suan_alone_move(a, h, at);
	}
	return r;
}
