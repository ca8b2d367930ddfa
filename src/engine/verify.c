/* Invariants of the state, found anew and compared with what is kept. */
#include <stdlib.h>
#include <string.h>

#include "engine/alone.h"
#include "engine/data.h"
#include "engine/reserve.h"
#include "engine/signals_inside.h"
#include "engine/state.h"

struct totals {
	uint64_t jobs, elems, summaries[SUAN_NSTATES];
	uint64_t *runs;		/* owned; per pool */
};

static enum suan_code broken(struct suan_err *err, const struct suan_job *j, const char *what)
{
	return suan_fail(err, SUAN_ECORRUPT, "job %llu: %s", (unsigned long long)j->id, what);
}

static bool is_active(const struct suan_elem *x)
{
	return x->state == SUAN_STAGING || x->state == SUAN_RUNNING || x->limbo;
}

static const char *check_places(const struct suan_engine *e, const struct suan_job *j,
				const struct suan_elem *x)
{
	const struct suan_place *p = suan_elems_places(x);
	uint64_t tasks = 0;

	if (x->pool >= e->net.npools || x->attempt == 0 || x->order_ms > e->now_ms)
		return "an active element has no pool, attempt or order";
	for (uint32_t i = 0; i < x->nplaces; i++)
		tasks += p[i].tasks;
	if (tasks != j->req.tasks)
		return "the places of a run do not hold its tasks";
	if (j->req.nodes && x->nplaces != j->req.nodes)
		return "a run has not the nodes it wants";
	return NULL;
}

const char *suan_verify_elem(const struct suan_engine *e, const struct suan_job *j,
			     const struct suan_elem *x)
{
	if (x->state >= SUAN_NSTATES)
		return "an element has no proper state";
	if (x->held && x->state != SUAN_PENDING)
		return "an element is held that does not wait";
	if (x->limbo && x->state != SUAN_UNKNOWN)
		return "an element in limbo is not UNKNOWN";
	if (x->stopping && !is_active(x))
		return "an element is being stopped that has no run";
	if (x->again && !x->stopping)
		return "an element is to start anew without a stop";
	if ((x->pushed && !x->stop_ms) || (x->stop_ms && !x->stopping))
		return "an element is stopped for others without a stop";
	if (x->stop_ms && x->stop_ms <= x->order_ms)
		return "a run is stopped before it was ordered";
	if (x->attempt > 0 && !j->started)
		return "an element was started but its job was not";
	return is_active(x) ? check_places(e, j, x) : NULL;
}

static const char *check_array(const struct suan_engine *e, const struct suan_job *j)
{
	const struct suan_array *a = suan_jobs_array(j);
	uint32_t counts[SUAN_NSTATES] = {0}, ready = 0, held = 0, limbo = 0;

	for (uint32_t pos = 0; pos < a->set->count; pos++) {
		const struct suan_elem *x = suan_elems_get(j, pos);
		bool may = suan_elems_is_ready(e, j, pos);

		counts[x->state]++;
		held += x->held;
		limbo += x->limbo;
		ready += may;
		if (a->bits && may != (a->bits[pos / 64] >> (pos % 64) & 1))
			return "a bit of a ready element is wrong";
		if (may && a->bits && pos < a->cursor)
			return "an element is ready before the cursor";
	}
	if (memcmp(counts, a->counts, sizeof(counts)) != 0)
		return "the counts of its elements are wrong";
	if (held != a->held || limbo != a->limbo || ready != a->ready || a->pick != 0)
		return "the number of held, lost or ready elements is wrong";
	if (a->set->cap && suan_elems_active(j) > a->set->cap)
		return "more elements run than its cap allows";
	if (suan_deps_has_corr(j) && !a->bits)
		return "an array with aftercorr is folded";
	return NULL;
}

/* Ids stand in these lists in the order of submission. */
static bool knows(const struct suan_job *on, uint64_t id)
{
	size_t lo = 0, n = on->more ? on->more->ndependents : 0, all = n;

	while (n > 0) {
		size_t half = n / 2;

		if (on->more->dependents[lo + half] < id) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo < all && on->more->dependents[lo] == id;
}

static const char *check_deps(const struct suan_engine *e, const struct suan_job *j)
{
	for (uint32_t i = 0; j->more && i < j->more->ndeps; i++) {
		const struct suan_job *on = suan_jobs_find(e, j->more->deps[i].job);

		if (on && !knows(on, j->id))
			return "a job it depends on does not know it";
		if (!on && !j->started && suan_elems_in(j, SUAN_PENDING))
			return "it waits for a forgotten job";
	}
	return NULL;
}

static const char *check_rest(const struct suan_engine *e, const struct suan_job *j)
{
	if (j->summary != suan_elems_summary(j))
		return "its summary is not that of its elements";
	if (suan_jobs_begin(j) > e->now_ms && suan_elems_in(j, SUAN_PENDING) && !j->more->due)
		return "nothing will wake it at its begin";
	if (j->rule && (j->rule >= e->nrules || !e->rules[j->rule].text))
		return "its rule is gone";
	if (j->key && e->keys[j->key - 1].first != j->id)
		return "its key belongs to another job";
	if (!j->dirty && !e->plan->all_dirty && j->planned > suan_elems_ready(j))
		return "the planner would start more than is ready";
	return check_deps(e, j);
}

static enum suan_code check_job(const struct suan_engine *e, const struct suan_job *j,
				struct totals *t, struct suan_err *err)
{
	const char *bad = NULL;

	t->jobs++;
	t->summaries[j->summary]++;
	for (uint32_t pos = 0; pos < suan_elems_count(j) && !bad; pos++) {
		const struct suan_elem *x = suan_elems_get(j, pos);

		bad = suan_verify_elem(e, j, x);
		t->elems += suan_elems_has_record(j, pos);
		if (!bad && is_active(x))
			t->runs[x->pool]++;
	}
	if (!bad && suan_jobs_array(j))
		bad = check_array(e, j);
	if (!bad)
		bad = check_rest(e, j);
	return bad ? broken(err, j, bad) : SUAN_OK;
}

static enum suan_code check_totals(const struct suan_engine *e, const struct totals *t,
				   struct suan_err *err)
{
	if (t->jobs != e->njobs)
		return suan_fail(err, SUAN_ECORRUPT, "the number of jobs is wrong");
	if (t->elems != e->nelems)
		return suan_fail(err, SUAN_ECORRUPT, "the number of records is wrong");
	if (memcmp(t->summaries, e->summaries, sizeof(t->summaries)) != 0)
		return suan_fail(err, SUAN_ECORRUPT, "the numbers of jobs by state are wrong");
	for (uint32_t i = 0; i < e->plan->npools && i < e->net.npools; i++) {
		struct suan_pool_load load;

		suan_planner_load(e->plan->planner, i, &load);
		if (load.runs != t->runs[i])
			return suan_fail(err, SUAN_ECORRUPT, "pool %u: the planner has %u runs, "
					 "the jobs have %llu", i, load.runs,
					 (unsigned long long)t->runs[i]);
	}
	return SUAN_OK;
}

static enum suan_code check_leases(const struct suan_engine *e, struct suan_err *err)
{
	uint64_t id = 0, limbo = 0, timed = 0;

	while ((id = suan_engine_next_job(e, id)))
		limbo += suan_elems_limbo(suan_jobs_find(e, id));
	for (size_t i = 0; i < e->leases.count; i++) {
		const struct suan_due *d = &e->leases.list[i];
		const struct suan_job *j = suan_jobs_find(e, d->job);
		uint32_t pos;

		if (j && suan_elems_pos(j, d->index, &pos))
			timed += suan_elems_get(j, pos)->limbo &&
				 suan_elems_get(j, pos)->attempt == d->attempt;
	}
	return limbo == timed ? SUAN_OK
			      : suan_fail(err, SUAN_ECORRUPT, "a lease has no end, or two");
}

static enum suan_code check_reservations(const struct suan_engine *e, struct suan_err *err)
{
	const char *bad = suan_reserve_verify(e);

	return bad ? suan_fail(err, SUAN_ECORRUPT, "%s", bad) : SUAN_OK;
}

enum suan_code suan_engine_verify(const struct suan_engine *e, struct suan_err *err)
{
	struct totals t = {.runs = calloc(e->net.npools + 1u, sizeof(*t.runs))};
	enum suan_code rc = SUAN_OK;
	const char *bad;
	uint64_t id = 0;

	if (!t.runs)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	while (rc == SUAN_OK && (id = suan_engine_next_job(e, id))) {
		const struct suan_job *j = suan_jobs_find(e, id);

		rc = j && j->id == id && id < e->next_id
			     ? check_job(e, j, &t, err)
			     : suan_fail(err, SUAN_ECORRUPT, "a job is listed under a wrong id");
	}
	if (rc == SUAN_OK)
		rc = check_totals(e, &t, err);
	if (rc == SUAN_OK)
		rc = check_leases(e, err);
	bad = rc == SUAN_OK ? suan_acct_verify(e) : NULL;
	if (bad)
		rc = suan_fail(err, SUAN_ECORRUPT, "accounts: %s", bad);
	if (rc == SUAN_OK && !suan_mix_verify(&e->mix))
		rc = suan_fail(err, SUAN_ECORRUPT, "the mix of accelerators is broken");
	if (rc == SUAN_OK && !suan_inflow_good(&e->inflow))
		rc = suan_fail(err, SUAN_ECORRUPT, "the inflow of work is broken");
	if (rc == SUAN_OK)
		rc = check_reservations(e, err);
	bad = rc == SUAN_OK ? suan_signals_verify(e->signals) : NULL;
	if (bad)
		rc = suan_fail(err, SUAN_ECORRUPT, "%s", bad);
	bad = rc == SUAN_OK ? suan_data_verify(e) : NULL;
	if (bad)
		rc = suan_fail(err, SUAN_ECORRUPT, "data: %s", bad);
	if (rc == SUAN_OK)
		rc = suan_planner_verify(e->plan->planner, err);
	if (rc == SUAN_OK)
		rc = suan_alone_verify(e, err);
	if (rc == SUAN_OK)
		rc = suan_alone_verify_planners(e, err);
	free(t.runs);
	return rc;
}
