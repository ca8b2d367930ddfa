/* Dependencies. They are looked at when wanted, never stored; each job knows who names it, so that
 * an end costs as much as there are dependents. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/state.h"

struct tally {			/* elements of a job */
	uint32_t all, over, completed;
};

static struct tally tally_of(const struct suan_job *j)
{
	struct tally t = {.all = suan_elems_count(j)};

	for (int s = 0; s < SUAN_NSTATES; s++)
		if (suan_state_final((enum suan_state)s))
			t.over += suan_elems_in(j, (enum suan_state)s);
	t.over -= suan_elems_limbo(j);
	t.completed = suan_elems_in(j, SUAN_COMPLETED);
	return t;
}

unsigned suan_deps_phase(const struct suan_job *j)
{
	struct tally t;

	if (!j->more || j->more->ndependents == 0)
		return 0;
	t = tally_of(j);
	return (t.over == t.all ? 1u : 0) | (t.completed == t.all ? 2u : 0) |
	       (t.over > t.completed ? 4u : 0);
}

static enum suan_deps judge(enum suan_dep_type type, const struct tally *t)
{
	bool over = t->over == t->all;

	switch (type) {
	case SUAN_AFTEROK:
		if (t->completed == t->all)
			return SUAN_DEPS_MET;
		return t->over > t->completed ? SUAN_DEPS_NEVER : SUAN_DEPS_WAIT;
	case SUAN_AFTERANY:
		return over ? SUAN_DEPS_MET : SUAN_DEPS_WAIT;
	case SUAN_AFTERNOTOK:
		if (!over)
			return SUAN_DEPS_WAIT;
		return t->completed == t->all ? SUAN_DEPS_NEVER : SUAN_DEPS_MET;
	case SUAN_AFTERCORR:
		break;
	}
	return SUAN_DEPS_MET;	/* element by element */
}

static enum suan_deps judge_element(const struct suan_job *on, uint32_t index)
{
	const struct suan_elem *x;
	uint32_t pos;

	if (!on || !suan_elems_pos(on, index, &pos))
		return SUAN_DEPS_NEVER;
	x = suan_elems_get(on, pos);
	if (x->state == SUAN_COMPLETED)
		return SUAN_DEPS_MET;
	return suan_state_final((enum suan_state)x->state) && !x->limbo ? SUAN_DEPS_NEVER
									: SUAN_DEPS_WAIT;
}

static bool by_element(const struct suan_dep *d, const struct suan_job *j)
{
	return d->type == SUAN_AFTERCORR && suan_jobs_array(j);
}

/* Met unless one is in the way; one that can never be met goes before one that waits. */
static enum suan_deps gather(enum suan_deps so_far, enum suan_deps more, uint64_t job,
			     uint64_t *ret_job)
{
	if (more <= so_far)
		return so_far;
	*ret_job = job;
	return more;
}

enum suan_deps suan_deps_state(const struct suan_engine *e, const struct suan_job *j,
			       uint64_t *ret_job)
{
	enum suan_deps all = SUAN_DEPS_MET;

	*ret_job = 0;
	if (!j->more || j->started)
		return SUAN_DEPS_MET;
	for (uint32_t i = 0; i < j->more->ndeps; i++) {
		const struct suan_dep *d = &j->more->deps[i];
		const struct suan_job *on = suan_jobs_find(e, d->job);
		enum suan_deps one = SUAN_DEPS_NEVER;

		if (by_element(d, j))
			continue;
		if (on && d->type == SUAN_AFTERCORR) {
			one = judge_element(on, 0);
		} else if (on) {
			struct tally t = tally_of(on);

			one = judge(d->type, &t);
		}
		all = gather(all, one, d->job, ret_job);
	}
	return all;
}

enum suan_deps suan_deps_element(const struct suan_engine *e, const struct suan_job *j,
				 uint32_t index, uint64_t *ret_job)
{
	enum suan_deps all = SUAN_DEPS_MET;

	*ret_job = 0;
	for (uint32_t i = 0; i < j->more->ndeps; i++) {
		const struct suan_dep *d = &j->more->deps[i];

		if (by_element(d, j))
			all = gather(all, judge_element(suan_jobs_find(e, d->job), index), d->job,
				     ret_job);
	}
	return all;
}

bool suan_deps_has_corr(const struct suan_job *j)
{
	return j->more && j->more->corr && j->more->array;
}

/* ---- who depends on whom ---- */

static enum suan_code add_dependent(struct suan_engine *e, struct suan_job *on, uint64_t id)
{
	struct suan_more *m;
	size_t cap;
	enum suan_code rc = suan_jobs_more(e, on);

	if (rc != SUAN_OK)
		return rc;
	m = on->more;
	cap = m->dependents_cap;
	rc = suan_grow(&m->dependents, &m->dependents_cap, m->ndependents + 1, sizeof(id));
	if (rc != SUAN_OK)
		return rc;
	e->bytes += (m->dependents_cap - cap) * sizeof(id);
	m->dependents[m->ndependents++] = id;
	return SUAN_OK;
}

static void unlink_first(struct suan_engine *e, const struct suan_job *j, uint32_t n)
{
	for (uint32_t i = n; i-- > 0;) {
		struct suan_job *on = suan_jobs_find(e, j->more->deps[i].job);

		if (on)
			on->more->ndependents--;
	}
}

enum suan_code suan_deps_link(struct suan_engine *e, const struct suan_job *j, uint64_t id)
{
	for (uint32_t i = 0; j->more && i < j->more->ndeps; i++) {
		struct suan_job *on = suan_jobs_find(e, j->more->deps[i].job);

		if (on && add_dependent(e, on, id) != SUAN_OK) {
			unlink_first(e, j, i);
			return SUAN_ENOMEM;
		}
	}
	return SUAN_OK;
}

void suan_deps_unlink(struct suan_engine *e, const struct suan_job *j)
{
	if (j->more)
		unlink_first(e, j, j->more->ndeps);
}

void suan_deps_tell(struct suan_engine *e, const struct suan_job *j, unsigned phase_before)
{
	if (suan_deps_phase(j) == phase_before)
		return;
	for (size_t i = 0; i < j->more->ndependents; i++) {
		struct suan_job *d = suan_jobs_find(e, j->more->dependents[i]);

		if (d)
			suan_sync_mark(e, d);
	}
}

void suan_deps_tell_element(struct suan_engine *e, const struct suan_job *j, uint32_t index)
{
	for (size_t i = 0; j->more && i < j->more->ndependents; i++) {
		struct suan_job *d = suan_jobs_find(e, j->more->dependents[i]);
		uint32_t pos;

		if (!d || !d->more->corr)
			continue;
		if (suan_deps_has_corr(d) && suan_elems_pos(d, index, &pos))
			suan_elems_refresh(e, d, pos);
		suan_sync_mark(e, d);
	}
}

bool suan_deps_needed(const struct suan_engine *e, const struct suan_job *j)
{
	for (size_t i = 0; j->more && i < j->more->ndependents; i++) {
		const struct suan_job *d = suan_jobs_find(e, j->more->dependents[i]);

		if (d && suan_elems_in(d, SUAN_PENDING) > 0 &&
		    (!d->started || suan_deps_has_corr(d)))
			return true;
	}
	return false;
}

bool suan_deps_lost(const struct suan_engine *e, const struct suan_job *j)
{
	for (uint32_t i = 0; j->more && i < j->more->ndeps; i++)
		if (!suan_jobs_find(e, j->more->deps[i].job))
			return true;
	return false;
}
