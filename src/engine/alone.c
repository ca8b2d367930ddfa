/* Who is followed, and what is known of it between passes. */
#include "engine/alone.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"

/* ---- life ---- */

enum suan_code suan_alone_reserve(struct suan_engine *e)
{
	if (e->alone)
		return SUAN_OK;
	e->alone = calloc(1, sizeof(*e->alone));
	if (!e->alone)
		return SUAN_ENOMEM;
	suan_map_init(&e->alone->of);
	suan_alone_revise(e);
	return SUAN_OK;
}

static void free_places(struct suan_home *h)
{
	for (size_t i = 0; i < h->nruns; i++)
		if (h->runs[i].nplaces > 1)
			free(h->runs[i].places.many);
	h->nruns = 0;
}

void suan_alone_free(struct suan_engine *e)
{
	struct suan_alone *a = e->alone;

	if (!a)
		return;
	for (size_t i = 0; i < a->nhomes; i++) {
		free_places(&a->homes[i]);
		free(a->homes[i].runs);
		suan_planner_free(a->homes[i].planner);
	}
	free(a->homes);
	free(a->twins);
	suan_map_done(&a->of);
	free(a->dirty);
	free(a->steps);
	free(a->tallies);
	free(a);
	e->alone = NULL;
}

struct suan_twin *suan_alone_find(const struct suan_engine *e, uint64_t job)
{
	uint64_t slot;

	if (!e->alone || !suan_map_get(&e->alone->of, job, &slot))
		return NULL;
	return &e->alone->twins[slot];
}

suan_area suan_alone_area(const struct suan_twin *t)
{
	return (suan_area)((uint64_t)t->req.tasks * t->req.cores) * (uint64_t)t->run_ms;
}

/* ---- marks ---- */

void suan_alone_mark(struct suan_engine *e, const struct suan_job *j)
{
	struct suan_alone *a = e->alone;

	if (!a || !a->on || a->busy || a->all_dirty ||
	    (a->ndirty > 0 && a->dirty[a->ndirty - 1] == j->id))
		return;
	if (suan_grow(&a->dirty, &a->dirty_cap, a->ndirty + 1, sizeof(*a->dirty)) != SUAN_OK)
		a->all_dirty = true;	/* no memory for a list: all of them then */
	else
		a->dirty[a->ndirty++] = j->id;
}

void suan_alone_pools(struct suan_engine *e)
{
	for (size_t i = 0; e->alone && i < e->alone->nhomes; i++)
		e->alone->homes[i].pools_old = true;
}

/* ---- policy and network ---- */

uint64_t suan_alone_shape(const struct suan_engine *e, uint32_t site)
{
	uint64_t h = SUAN_HASH_START;

	for (uint32_t i = 0; i < e->net.npools; i++) {
		const struct suan_eng_pool *p = &e->net.pools[i];

		if (p->site != site || p->gone)
			continue;
		h = suan_hash_u64(suan_hash_u64(h, p->spec.nodes), p->spec.cores);
		h = suan_hash_u64(suan_hash_u64(h, p->spec.gpus), p->spec.memory);
		h = suan_hash_bytes(h, p->spec.gpu, strlen(p->spec.gpu));
		h = suan_hash_u64(h, suan_net_delegated(&e->net, i));
	}
	return h;
}

/* Forgets all twins of the site, SUAN_NO_POOL: of all sites. Its account stays. */
static void forget(struct suan_engine *e, uint32_t site)
{
	struct suan_alone *a = e->alone;

	for (uint32_t i = 0; i < a->ntwins; i++) {
		struct suan_twin *t = &a->twins[i];
		struct suan_job *j = t->id ? suan_jobs_find(e, t->id) : NULL;

		if (!t->id || (site != SUAN_NO_POOL && t->home != site))
			continue;
		if (j) {
			j->alone = SUAN_NOT_YET;
			suan_sync_replan(e, j);
		}
		suan_intern_drop(e->strings, t->req.gpu_kind);
		(void)suan_map_drop(&a->of, t->id);
		t->id = 0;
		t->home = a->free;
		a->free = i + 1;
		a->nfree++;
	}
	for (uint32_t i = 0; i < a->nhomes; i++) {
		struct suan_home *h = &a->homes[i];

		if (site != SUAN_NO_POOL && i != site)
			continue;
		free_places(h);
		h->tally.real_area = h->tally.alone_area = 0;
		h->stale = true;
	}
}

/* Sites that could take jobs. With one there is nothing to share. */
static uint32_t sites_open(const struct suan_engine *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->net.nsites; i++) {
		bool any = false;

		for (uint32_t k = 0; k < e->net.npools && !any; k++)
			any = e->net.pools[k].site == i && !e->net.pools[k].gone;
		n += any && !e->net.sites[i].gone &&
		     (e->policy.model_sites || e->net.sites[i].spec->driver[0]);
	}
	return n;
}

void suan_alone_revise(struct suan_engine *e)
{
	struct suan_alone *a = e->alone;
	bool on;

	if (!a)
		return;
	on = e->policy.kind == SUAN_POLICY_SUAN && !e->policy.ignore_homes && sites_open(e) > 1;
	if (a->on && !on)
		forget(e, SUAN_NO_POOL);
	for (uint32_t i = 0; i < a->nhomes; i++) {
		uint64_t shape = suan_alone_shape(e, i);

		if (shape != a->homes[i].shape)
			forget(e, i);
		a->homes[i].shape = shape;
	}
	suan_alone_pools(e);
	a->on = on;
	a->ndirty = 0;
	a->all_dirty = true;
}

/* ---- what happens in reality ---- */

void suan_alone_started(struct suan_engine *e, struct suan_job *j, int64_t now_ms)
{
	struct suan_twin *t = j->home ? suan_alone_find(e, j->id) : NULL;
	bool owed = t && suan_alone_owed(e, j);

	if (!t || t->real_waiting == 0)
		return;
	t->real_waiting--;
	if (owed && !suan_alone_owed(e, j) && t->real_waiting > 0)
		suan_sync_replan(e, j);	/* the others of the array wait in line again */
	t->real_ms = now_ms;
	e->alone->homes[t->home].tally.real_area -= suan_alone_area(t);
}

/* x · ms of the old area is in *sum: that of the new one is right. */
static void correct(suan_area *sum, suan_area old, suan_area area, int64_t ms)
{
	suan_area was = ms > 0 ? old * (uint64_t)ms : 0;

	*sum = (*sum > was ? *sum - was : 0) + (ms > 0 ? area * (uint64_t)ms : 0);
}

void suan_alone_ended(struct suan_engine *e, const struct suan_job *j, int64_t run_ms)
{
	struct suan_twin *t = j->home ? suan_alone_find(e, j->id) : NULL;
	suan_area old, area;
	struct suan_tally *y;
	struct suan_home *h;

	if (!t || suan_jobs_array(j) || t->known || run_ms <= 0 || t->real_ms == 0)
		return;
	h = &e->alone->homes[t->home];
	y = &h->tally;
	old = suan_alone_area(t);
	correct(&y->work, old, 0, t->run_ms);
	t->run_ms = run_ms;
	t->known = true;
	area = suan_alone_area(t);
	correct(&y->work, 0, area, run_ms);
	correct(&y->real, old, area, t->real_ms - t->since_ms);
	correct(&y->alone, old, area, (t->begun ? t->start_ms : y->at_ms) - t->since_ms);
	if (t->waiting)
		y->alone_area = y->alone_area - old + area;
	if (t->real_waiting)
		y->real_area = y->real_area - old + area;
	if (!t->running)
		return;
	h->runs[t->at].end_ms = t->start_ms + run_ms > y->at_ms ? t->start_ms + run_ms : y->at_ms;
	suan_alone_move(e->alone, h, t->at);
}

bool suan_alone_owed(const struct suan_engine *e, const struct suan_job *j)
{
	const struct suan_twin *t = j->home ? suan_alone_find(e, j->id) : NULL;

	return t && t->waiting < t->real_waiting && e->alone->homes[t->home].tally.guard;
}

/* ---- reading ---- */

bool suan_engine_home(const struct suan_engine *e, uint32_t site, struct suan_home_view *ret)
{
	const struct suan_tally *y;

	if (!e->alone || site >= e->alone->nhomes || e->alone->homes[site].tally.jobs == 0)
		return false;
	y = &e->alone->homes[site].tally;
	*ret = (struct suan_home_view){.jobs = y->jobs, .guarded = y->guard && e->alone->on};
	if (y->alone + y->work > 0)
		ret->ratio_milli =
			(uint64_t)((y->real + y->work) / ((y->alone + y->work) / 1000 + 1));
	return true;
}

size_t suan_alone_memory(const struct suan_engine *e)
{
	const struct suan_alone *a = e->alone;
	size_t n;

	if (!a)
		return 0;
	n = sizeof(*a) + a->homes_cap * sizeof(*a->homes) + a->twins_cap * sizeof(*a->twins) +
	    a->of.cap * 2 * sizeof(uint64_t) + a->dirty_cap * sizeof(*a->dirty) +
	    a->steps_cap * sizeof(*a->steps) + a->tallies_cap * sizeof(*a->tallies);
	for (size_t i = 0; i < a->nhomes; i++)
		n += a->homes[i].runs_cap * sizeof(*a->homes[i].runs) +
		     (a->homes[i].planner ? suan_planner_memory(a->homes[i].planner) : 0);
	return n;
}

/* ---- invariants ---- */

struct found {			/* of a home, from its twins */
	suan_area real_area, alone_area;
	uint64_t running;
};

static const char *check_twin(const struct suan_engine *e, uint32_t slot, struct found *f)
{
	const struct suan_alone *a = e->alone;
	const struct suan_twin *t = &a->twins[slot];
	const struct suan_job *j = suan_jobs_find(e, t->id);
	uint64_t at;

	if (!suan_map_get(&a->of, t->id, &at) || at != slot)
		return "a twin is not found by its job";
	if (t->home >= a->nhomes || (j && (j->home != t->home + 1 || j->alone != SUAN_FOLLOWED)))
		return "a twin has another home than its job";
	if (t->running > t->begun || (uint64_t)t->waiting + t->begun > t->count ||
	    t->real_waiting > t->count || t->run_ms <= 0)
		return "the numbers of a twin are wrong";
	if (t->over && !t->waiting && !t->running)
		return "a twin is over and still there";
	f[t->home].real_area += suan_alone_area(t) * t->real_waiting;
	f[t->home].alone_area += suan_alone_area(t) * t->waiting;
	f[t->home].running += t->running;
	return NULL;
}

static const char *check_home(const struct suan_alone *a, const struct suan_home *h,
			      const struct found *f)
{
	if (h->tally.real_area != f->real_area || h->tally.alone_area != f->alone_area)
		return "what waits at a home is not what its twins say";
	if (h->nruns != f->running)
		return "a home has other runs than its twins";
	for (size_t i = 0; i < h->nruns; i++) {
		const struct suan_twin_run *r = &h->runs[i];
		const struct suan_twin *t = &a->twins[r->slot];

		if (r->slot >= a->ntwins || t->id == 0 || r->end_ms < h->tally.at_ms)
			return "a virtual run is nobody's, or should be over";
		if (t->count == 1 && t->at != i)
			return "a twin does not know where its run is";
		if (i > 0 && h->runs[i].end_ms < h->runs[(i - 1) / 2].end_ms)
			return "virtual runs are not in order";
	}
	return NULL;
}

enum suan_code suan_alone_verify(const struct suan_engine *e, struct suan_err *err)
{
	const struct suan_alone *a = e->alone;
	const char *bad = NULL;
	struct found *f;
	size_t n = 0;

	if (!a)
		return SUAN_OK;
	f = calloc(a->nhomes + 1, sizeof(*f));
	if (!f)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < a->ntwins && !bad; i++) {
		bad = a->twins[i].id ? check_twin(e, i, f) : NULL;
		n += a->twins[i].id != 0;
	}
	if (!bad && (n + a->nfree != a->ntwins || n != suan_map_count(&a->of) || a->nsteps > 0))
		bad = "the number of twins is wrong";
	for (size_t i = 0; i < a->nhomes && !bad; i++)
		bad = check_home(a, &a->homes[i], &f[i]);
	free(f);
	return bad ? suan_fail(err, SUAN_ECORRUPT, "homes: %s", bad) : SUAN_OK;
}

enum suan_code suan_alone_verify_planners(const struct suan_engine *e, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; e->alone && i < e->alone->nhomes && rc == SUAN_OK; i++) {
		const struct suan_home *h = &e->alone->homes[i];

		if (h->planner && !h->stale)
			rc = suan_planner_verify(h->planner, err);
	}
	return rc;
}
