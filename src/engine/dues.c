/* Times that need a pass: begins of jobs and ends of leases. Entries are never looked for; those
 * that no longer mean anything are left out when they come up. */
#include <assert.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/num.h"
#include "engine/state.h"

static bool before(const struct suan_due *a, const struct suan_due *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms;
	if (a->job != b->job)
		return a->job < b->job;
	if (a->index != b->index)
		return a->index < b->index;
	return a->attempt < b->attempt;
}

enum suan_code suan_dues_reserve(struct suan_dues *d, size_t more)
{
	return suan_grow(&d->list, &d->cap, d->count + more, sizeof(*d->list));
}

void suan_dues_push(struct suan_dues *d, const struct suan_due *x)
{
	size_t i = d->count++;

	assert(d->count <= d->cap);
	for (; i > 0 && before(x, &d->list[(i - 1) / 2]); i = (i - 1) / 2)
		d->list[i] = d->list[(i - 1) / 2];
	d->list[i] = *x;
}

void suan_dues_pop(struct suan_dues *d)
{
	struct suan_due x = d->list[--d->count];
	size_t i = 0;

	for (;;) {
		size_t k = 2 * i + 1;

		if (k >= d->count)
			break;
		if (k + 1 < d->count && before(&d->list[k + 1], &d->list[k]))
			k++;
		if (!before(&d->list[k], &x))
			break;
		d->list[i] = d->list[k];
		i = k;
	}
	d->list[i] = x;
}

void suan_dues_done(struct suan_dues *d)
{
	free(d->list);
	d->list = NULL;
	d->count = d->cap = 0;
}

const struct suan_due *suan_dues_begin(struct suan_engine *e)
{
	struct suan_dues *d = &e->plan->begins;

	while (d->count > 0) {
		struct suan_job *j = suan_jobs_find(e, d->list[0].job);

		if (j && suan_elems_in(j, SUAN_PENDING) > 0)
			return &d->list[0];
		if (j)
			j->more->due = false;
		suan_dues_pop(d);
	}
	return NULL;
}

void suan_dues_restore(struct suan_engine *e)
{
	uint64_t id = 0;

	while ((id = suan_engine_next_job(e, id))) {
		struct suan_job *j = suan_jobs_find(e, id);

		if (suan_jobs_begin(j) <= e->now_ms || j->more->due ||
		    !suan_elems_in(j, SUAN_PENDING))
			continue;
		suan_dues_push(&e->plan->begins, &(struct suan_due){
			.at_ms = suan_jobs_begin(j), .job = id});
		j->more->due = true;
	}
}

int64_t suan_dues_lease_end(const struct suan_job *j, const struct suan_elem *x)
{
	int64_t from = x->start_ms ? x->start_ms : x->order_ms;

	return suan_sat_add(suan_sat_add(from, j->walltime_ms), SUAN_LEASE_GRACE_MS);
}

const struct suan_due *suan_dues_lease(struct suan_engine *e)
{
	struct suan_dues *d = &e->leases;

	while (d->count > 0) {
		const struct suan_due *x = &d->list[0];
		const struct suan_job *j = suan_jobs_find(e, x->job);
		uint32_t pos;

		if (j && suan_elems_pos(j, x->index, &pos)) {
			const struct suan_elem *at = suan_elems_get(j, pos);

			if (at->limbo && at->attempt == x->attempt)
				return x;
		}
		suan_dues_pop(d);
	}
	return NULL;
}
