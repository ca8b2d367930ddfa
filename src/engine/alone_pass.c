/* The virtual schedules go on: at each instant ends, then arrivals, then one pass of the home's own
 * planner. What is done is noted, so that it can be taken back if the pass fails later. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "engine/alone.h"

#define MOST_TWINS  32768u /* jobs followed at once; others go without */
#define MANY_STEPS  4096u
/* Guarded until so much better than alone, and again when only so much: parts of 100. */
#define SAFE_PART   4u
#define DANGER_PART 2u

struct ctx {
	struct suan_engine *e;
	struct suan_alone *a;
	int64_t now;
};

/* ---- notes ---- */

static enum suan_code room(struct suan_alone *a, size_t more)
{
	return suan_grow(&a->steps, &a->steps_cap, a->nsteps + more, sizeof(*a->steps));
}

static struct suan_step *note(struct suan_alone *a, enum suan_step_kind kind, uint32_t at)
{
	struct suan_step *s = &a->steps[a->nsteps++];

	assert(a->nsteps <= a->steps_cap);
	s->kind = kind;
	s->at = at;
	return s;
}

/* The twin is about to change. */
static void note_twin(struct suan_alone *a, const struct suan_twin *t)
{
	note(a, SUAN_STEP_WAS, (uint32_t)(t - a->twins))->was.twin = *t;
}

/* ---- planners ---- */

static void pool_spec(const struct suan_engine *e, uint32_t pool, bool full,
		      struct suan_plan_pool *ret)
{
	suan_net_plan_pool(e, pool, ret);
	if (!full)
		return;
	ret->nodes = e->net.pools[pool].spec.nodes;
	ret->closed = SUAN_R_NONE;
}

/* Pools as they are, or full and open: so runs fit that stand where nothing may start now. */
static enum suan_code set_pools(struct suan_engine *e, uint32_t home, bool full)
{
	struct suan_home *h = &e->alone->homes[home];
	struct suan_plan_pool spec;
	uint32_t n = 0;
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < e->net.npools && rc == SUAN_OK; i++) {
		if (e->net.pools[i].site != home || e->net.pools[i].gone)
			continue;
		pool_spec(e, i, full, &spec);
		rc = suan_planner_pool(h->planner, n++, &spec);
	}
	/* only what starts now matters, and what the first of each pool protects */
	suan_planner_policy(h->planner, SUAN_PLAN_EASY, n > 0 ? n : 1);
	return rc;
}

static void ask_of(const struct suan_twin *t, struct suan_ask *ret)
{
	*ret = (struct suan_ask){.req = t->req, .duration_ms = t->estimate_ms,
				 .limit_ms = t->walltime_ms};
}

static enum suan_code set_item(struct suan_alone *a, const struct suan_twin *t)
{
	struct suan_home *h = &a->homes[t->home];
	struct suan_item item = {.id = t->id, .priority = t->priority, .count = t->waiting,
				 .firm_ms = SUAN_FOREVER};

	if (t->cap && item.count > t->cap - t->running)
		item.count = t->cap - t->running;
	if (item.count == 0) {
		suan_planner_drop(h->planner, t->id);
		return SUAN_OK;
	}
	ask_of(t, &item.ask);
	return suan_planner_add(h->planner, &item);
}

static enum suan_code put_runs(struct suan_alone *a, struct suan_home *h)
{
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < h->nruns && rc == SUAN_OK; i++) {
		struct suan_twin_run *r = &h->runs[i];
		struct suan_ask ask;
		struct suan_plan_run run = {
			.pool = r->pool, .ask = &ask, .start_ms = r->start_ms,
			.places = r->nplaces > 1 ? r->places.many : &r->places.one,
			.nplaces = r->nplaces, .id = a->twins[r->slot].id};

		ask_of(&a->twins[r->slot], &ask);
		rc = suan_planner_run(h->planner, &run, &r->run);
	}
	return rc;
}

enum suan_code suan_alone_plan(struct suan_engine *e, uint32_t home)
{
	struct suan_alone *a = e->alone;
	struct suan_home *h = &a->homes[home];
	enum suan_code rc = SUAN_OK;

	h->stale = true;
	suan_planner_free(h->planner);
	h->planner = suan_planner_new();
	if (!h->planner)
		return SUAN_ENOMEM;
	rc = set_pools(e, home, true);
	if (rc == SUAN_OK)
		rc = put_runs(a, h);
	if (rc == SUAN_OK)
		rc = set_pools(e, home, false);
	for (uint32_t i = 0; i < a->ntwins && rc == SUAN_OK; i++)
		if (a->twins[i].id && a->twins[i].home == home && a->twins[i].waiting)
			rc = set_item(a, &a->twins[i]);
	h->stale = rc != SUAN_OK;
	return rc;
}

/* ---- time ---- */

static void count_to(struct suan_home *h, int64_t ms)
{
	struct suan_tally *y = &h->tally;
	uint64_t past = ms > y->at_ms ? (uint64_t)(ms - y->at_ms) : 0;

	y->real += y->real_area * past;
	y->alone += y->alone_area * past;
	y->at_ms = ms > y->at_ms ? ms : y->at_ms;
}

static bool may_go(const struct suan_twin *t)
{
	return t->over && t->waiting == 0 && t->running == 0;
}

static void free_twin(struct suan_alone *a, struct suan_twin *t)
{
	(void)suan_map_drop(&a->of, t->id);
	t->id = 0;
	t->home = a->free;
	a->free = (uint32_t)(t - a->twins) + 1;
	a->nfree++;
}

/* Nothing of it is left in either world. There is room for a note. */
static void drop(struct ctx *c, struct suan_twin *t)
{
	struct suan_job *j = suan_jobs_find(c->e, t->id);

	note(c->a, SUAN_STEP_GONE, (uint32_t)(t - c->a->twins))->was.twin = *t;
	if (j)
		j->alone = SUAN_NOT_YET;
	free_twin(c->a, t);
}

static enum suan_code end_first(struct ctx *c, struct suan_home *h)
{
	struct suan_alone *a = c->a;
	struct suan_twin_run r;
	struct suan_twin *t;
	enum suan_code rc = room(a, 3);

	if (rc != SUAN_OK)
		return rc;
	r = suan_alone_take(a, h, 0);
	note(a, SUAN_STEP_POPPED, (uint32_t)(h - a->homes))->was.run = r;
	suan_planner_end(h->planner, r.run);
	h->touched = true;
	t = &a->twins[r.slot];
	note_twin(a, t);
	t->running--;
	if (may_go(t))
		drop(c, t);
	else if (t->cap && t->waiting)
		rc = set_item(a, t);
	return rc;
}

/* What the virtual planner started at `at`. Room is there. */
static void begin(struct ctx *c, struct suan_home *h, const struct suan_start *s,
		  const struct suan_twin_run *r)
{
	struct suan_alone *a = c->a;
	struct suan_twin *t = &a->twins[r->slot];

	note_twin(a, t);
	t->waiting--;
	t->running++;
	t->begun++;
	t->start_ms = r->start_ms;
	h->tally.alone_area -= suan_alone_area(t);
	suan_alone_push(a, h, r);
	note(a, SUAN_STEP_PUSHED, (uint32_t)(h - a->homes))->was.run = *r;
	if (t->real_waiting && h->tally.guard)
		suan_sync_replan(c->e, suan_jobs_find(c->e, s->id));
}

static enum suan_code take_start(struct ctx *c, struct suan_home *h, const struct suan_start *s,
				 int64_t at_ms)
{
	const struct suan_twin *t = suan_alone_find(c->e, s->id);
	struct suan_twin_run r = {.start_ms = at_ms, .pool = s->pool, .run = s->run,
				  .nplaces = s->nplaces};
	enum suan_code rc = room(c->a, 2);

	assert(t && t->waiting > 0);
	r.slot = (uint32_t)(t - c->a->twins);
	r.end_ms = at_ms + t->run_ms;
	if (rc == SUAN_OK)
		rc = suan_grow(&h->runs, &h->runs_cap, h->nruns + 1, sizeof(*h->runs));
	if (rc == SUAN_OK && s->nplaces > 1) {
		r.places.many = malloc(s->nplaces * sizeof(*r.places.many));
		rc = r.places.many ? SUAN_OK : SUAN_ENOMEM;
	}
	if (rc != SUAN_OK)
		return rc;
	if (s->nplaces > 1)
		memcpy(r.places.many, s->places, s->nplaces * sizeof(*r.places.many));
	else
		r.places.one = s->places[0];
	begin(c, h, s, &r);
	return SUAN_OK;
}

static enum suan_code plan(struct ctx *c, struct suan_home *h, int64_t at_ms)
{
	const struct suan_start *starts;
	uint32_t n = 0;
	int64_t wake;
	enum suan_code rc = suan_planner_pass(h->planner, at_ms, &starts, &n, &wake);

	for (uint32_t i = 0; i < n && rc == SUAN_OK; i++)
		rc = take_start(c, h, &starts[i], at_ms);
	h->touched = false;
	return rc;
}

/* If their states are not as at the last pass, something may start. */
static enum suan_code renew_pools(struct ctx *c, uint32_t home)
{
	struct suan_home *h = &c->a->homes[home];
	uint64_t hash = SUAN_HASH_START;
	struct suan_plan_pool spec;
	enum suan_code rc;

	for (uint32_t i = 0; i < c->e->net.npools; i++) {
		if (c->e->net.pools[i].site != home || c->e->net.pools[i].gone)
			continue;
		suan_net_plan_pool(c->e, i, &spec);
		hash = suan_hash_u64(suan_hash_u64(hash, spec.nodes), spec.closed);
	}
	rc = set_pools(c->e, home, false);
	if (rc != SUAN_OK)
		return rc;
	h->touched |= hash != h->tally.pools;
	h->tally.pools = hash;
	h->pools_old = false;
	return SUAN_OK;
}

static enum suan_code advance(struct ctx *c, uint32_t home)
{
	struct suan_home *h = &c->a->homes[home];
	enum suan_code rc = SUAN_OK;

	if (h->stale || !h->planner)
		rc = suan_alone_plan(c->e, home);
	if (rc == SUAN_OK && h->pools_old)
		rc = renew_pools(c, home);
	while (rc == SUAN_OK && h->nruns > 0 && h->runs[0].end_ms <= c->now) {
		int64_t at = h->runs[0].end_ms;

		count_to(h, at);
		while (rc == SUAN_OK && h->nruns > 0 && h->runs[0].end_ms == at)
			rc = end_first(c, h);
		if (rc == SUAN_OK && at < c->now)
			rc = plan(c, h, at);
	}
	count_to(h, c->now);
	return rc;
}

/* ---- arrivals and other changes ---- */

/* Elements that could start now but for room. */
static uint32_t eligible(const struct suan_engine *e, const struct suan_job *j, int64_t now_ms)
{
	uint64_t in_the_way;

	if (suan_elems_ready(j) == 0 || suan_jobs_begin(j) > now_ms ||
	    suan_deps_state(e, j, &in_the_way) != SUAN_DEPS_MET)
		return 0;
	return suan_elems_ready(j);
}

/* Can its home take it, empty and open? Lists of the job are by site and hub, so they let in all
 * pools of a site or none. */
static bool fits_home(const struct suan_engine *e, const struct suan_job *j)
{
	struct suan_home *h = &e->alone->homes[j->home - 1];
	struct suan_ask ask;
	uint32_t n = 0;
	int64_t a, b;

	suan_jobs_ask(e, j, &ask);
	for (uint32_t i = 0; i < e->net.npools; i++) {
		const struct suan_eng_pool *p = &e->net.pools[i];

		if (p->site != j->home - 1 || p->gone)
			continue;
		if ((!ask.allow || i / 64 >= ask.nallow || (ask.allow[i / 64] >> (i % 64) & 1)) &&
		    suan_planner_fits(h->planner, n, &ask, &a, &b) == SUAN_R_NONE)
			return true;
		n++;
	}
	return false;
}

static uint32_t free_slot(struct suan_alone *a)
{
	uint32_t slot = a->free - 1;

	if (!a->free)
		return (uint32_t)a->ntwins++;
	a->free = a->twins[slot].home;
	a->nfree--;
	return slot;
}

static enum suan_code make(struct ctx *c, struct suan_job *j, struct suan_twin **ret)
{
	struct suan_alone *a = c->a;
	const struct suan_array *array = suan_jobs_array(j);
	struct suan_twin *t;
	uint32_t slot;
	enum suan_code rc;

	if (a->ntwins - a->nfree >= MOST_TWINS || !fits_home(c->e, j)) {
		j->alone = SUAN_NOT_FOLLOWED;
		note(a, SUAN_STEP_SKIPPED, 0)->job = j->id;
		return SUAN_OK;
	}
	rc = suan_grow(&a->twins, &a->twins_cap, a->ntwins + 1, sizeof(*a->twins));
	if (rc == SUAN_OK)
		rc = suan_map_reserve(&a->of, 1);
	if (rc != SUAN_OK)
		return rc;
	slot = free_slot(a);
	(void)!suan_map_put(&a->of, j->id, slot);
	t = *ret = &a->twins[slot];
	*t = (struct suan_twin){.id = j->id, .req = j->req, .estimate_ms = j->estimate_ms,
				.walltime_ms = j->walltime_ms, .since_ms = c->now,
				.home = j->home - 1, .count = suan_elems_count(j),
				.cap = array ? array->set->cap : 0};
	t->run_ms = j->predict_ms > 0 ? j->predict_ms : j->estimate_ms;
	t->run_ms = t->run_ms > 0 ? t->run_ms : 1;
	suan_intern_ref(c->e->strings, t->req.gpu_kind);
	j->alone = SUAN_FOLLOWED;
	note(a, SUAN_STEP_MADE, slot)->job = j->id;
	return SUAN_OK;
}

/* So many elements wait in reality: those that came or went do so alone. */
static enum suan_code change(struct ctx *c, struct suan_twin *t, uint32_t waiting)
{
	struct suan_tally *y = &c->a->homes[t->home].tally;
	suan_area area = suan_alone_area(t);
	uint32_t before = t->waiting, more, most;

	if (waiting < t->real_waiting) {
		more = t->real_waiting - waiting;
		t->waiting -= more < t->waiting ? more : t->waiting;
	} else {
		more = waiting - t->real_waiting;
		most = t->count - t->waiting - t->begun;
		t->waiting += more < most ? more : most;
	}
	y->real_area = y->real_area - area * t->real_waiting + area * waiting;
	y->alone_area = y->alone_area - area * before + area * t->waiting;
	if (t->waiting > before) {
		y->work += area * (t->waiting - before) * (uint64_t)t->run_ms;
		y->jobs += t->begun == 0 && before == 0;
	} else {
		y->work -= area * (before - t->waiting) * (uint64_t)t->run_ms;
	}
	t->real_waiting = waiting;
	if (t->waiting == before)
		return SUAN_OK;
	c->a->homes[t->home].touched = true;
	return set_item(c->a, t);
}

static enum suan_code look_at(struct ctx *c, uint64_t id)
{
	struct suan_job *j = suan_jobs_find(c->e, id);
	struct suan_twin *t = suan_alone_find(c->e, id);
	uint32_t waiting = j ? eligible(c->e, j, c->now) : 0;
	enum suan_code rc = room(c->a, 3);	/* made, was, gone */
	bool owed;

	if (!t && (!j || !j->home || waiting == 0 || j->alone == SUAN_NOT_FOLLOWED))
		return SUAN_OK;
	if (rc == SUAN_OK && !t)
		rc = make(c, j, &t);
	if (rc != SUAN_OK || !t)
		return rc;
	note_twin(c->a, t);
	owed = j && suan_alone_owed(c->e, j);
	t->over = !j || suan_jobs_over(j);
	if (j && j->priority != t->priority) {
		t->priority = j->priority;
		c->a->homes[t->home].touched = true;
		rc = set_item(c->a, t);
	}
	if (rc == SUAN_OK && waiting != t->real_waiting)
		rc = change(c, t, waiting);
	if (j && owed != suan_alone_owed(c->e, j))
		suan_sync_replan(c->e, j);
	if (rc == SUAN_OK && may_go(t))
		drop(c, t);
	return rc;
}

static int by_id(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static enum suan_code look_at_all(struct ctx *c)
{
	struct suan_alone *a = c->a;
	enum suan_code rc = SUAN_OK;
	uint64_t id = 0;

	if (!a->all_dirty) {
		if (a->ndirty > 1)
			qsort(a->dirty, a->ndirty, sizeof(*a->dirty), by_id);
		for (size_t i = 0; i < a->ndirty && rc == SUAN_OK; i++)
			rc = look_at(c, a->dirty[i]);
		return rc;
	}
	for (uint32_t i = 0; i < a->ntwins && rc == SUAN_OK; i++)
		if (a->twins[i].id && !suan_jobs_find(c->e, a->twins[i].id))
			rc = look_at(c, a->twins[i].id);
	while (rc == SUAN_OK && (id = suan_engine_next_job(c->e, id)))
		if (suan_jobs_find(c->e, id)->home)
			rc = look_at(c, id);
	return rc;
}

/* ---- the account ---- */

/* Its jobs that would have started alone change their places in the queue. */
static void guard(struct ctx *c, uint32_t home)
{
	struct suan_alone *a = c->a;
	struct suan_tally *y = &a->homes[home].tally;
	suan_area real = (y->real + y->work) / 100, alone = (y->alone + y->work) / 100;
	bool on = real * 100 > alone * (100u - (y->guard ? SAFE_PART : DANGER_PART));

	if (on == y->guard)
		return;
	y->guard = on;
	for (uint32_t i = 0; i < a->ntwins; i++) {
		const struct suan_twin *t = &a->twins[i];

		if (t->id && t->home == home && t->waiting < t->real_waiting)
			suan_sync_replan(c->e, suan_jobs_find(c->e, t->id));
	}
}

/* ---- the whole ---- */

static enum suan_code open_homes(struct suan_engine *e)
{
	struct suan_alone *a = e->alone;
	enum suan_code rc = suan_grow(&a->homes, &a->homes_cap, e->net.nsites, sizeof(*a->homes));

	a->had_homes = a->nhomes;
	a->begun = true;
	for (; rc == SUAN_OK && a->nhomes < e->net.nsites; a->nhomes++)
		a->homes[a->nhomes] = (struct suan_home){
			.stale = true, .pools_old = true,
			.shape = suan_alone_shape(e, (uint32_t)a->nhomes)};
	if (rc == SUAN_OK)
		rc = suan_grow(&a->tallies, &a->tallies_cap, a->nhomes, sizeof(*a->tallies));
	if (rc != SUAN_OK)
		return rc;
	for (size_t i = 0; i < a->nhomes; i++)
		a->tallies[i] = a->homes[i].tally;
	a->ntallies = a->nhomes;
	return SUAN_OK;
}

enum suan_code suan_alone_pass(struct suan_engine *e, int64_t now_ms)
{
	struct suan_alone *a = e->alone;
	struct ctx c = {e, a, now_ms};
	enum suan_code rc;

	if (!a || !a->on)
		return SUAN_OK;
	a->busy = true;
	rc = open_homes(e);
	for (uint32_t i = 0; i < a->nhomes && rc == SUAN_OK; i++)
		rc = advance(&c, i);
	if (rc == SUAN_OK)
		rc = look_at_all(&c);
	for (uint32_t i = 0; i < a->nhomes && rc == SUAN_OK; i++) {
		if (a->homes[i].touched)
			rc = plan(&c, &a->homes[i], now_ms);
		if (rc == SUAN_OK)
			guard(&c, i);
	}
	a->busy = false;
	return rc;
}

void suan_alone_commit(struct suan_engine *e)
{
	struct suan_alone *a = e->alone;

	if (!a || !a->on)
		return;
	for (size_t i = 0; i < a->nsteps; i++) {
		const struct suan_step *s = &a->steps[i];

		if (s->kind == SUAN_STEP_POPPED && s->was.run.nplaces > 1)
			free(s->was.run.places.many);
		else if (s->kind == SUAN_STEP_GONE)
			suan_intern_drop(e->strings, s->was.twin.req.gpu_kind);
	}
	a->nsteps = a->ntallies = a->ndirty = 0;
	a->all_dirty = a->begun = false;
	if (a->dirty_cap > MANY_STEPS) {	/* of a bulk: not wanted again soon */
		free(a->dirty);
		a->dirty = NULL;
		a->dirty_cap = 0;
	}
	if (a->steps_cap > MANY_STEPS) {
		free(a->steps);
		a->steps = NULL;
		a->steps_cap = 0;
	}
}

/* ---- taking it back ---- */

static void set_followed(const struct suan_engine *e, uint64_t id, enum suan_followed how)
{
	struct suan_job *j = suan_jobs_find(e, id);

	if (j)
		j->alone = (uint8_t)how;
}

static void unmake(struct suan_engine *e, uint32_t slot)
{
	struct suan_alone *a = e->alone;
	struct suan_twin *t = &a->twins[slot];

	set_followed(e, t->id, SUAN_NOT_YET);
	suan_intern_drop(e->strings, t->req.gpu_kind);
	free_twin(a, t);
}

static void bring_back(struct suan_engine *e, uint32_t slot, const struct suan_twin *was)
{
	struct suan_alone *a = e->alone;

	assert(a->free == slot + 1);
	a->free = a->twins[slot].home;
	a->nfree--;
	a->twins[slot] = *was;
	(void)!suan_map_put(&a->of, was->id, slot);	/* it was there: no room is needed */
	set_followed(e, was->id, SUAN_FOLLOWED);
}

static void unpush(struct suan_alone *a, struct suan_home *h, const struct suan_twin_run *r)
{
	size_t i = 0;

	while (h->runs[i].slot != r->slot || h->runs[i].run != r->run)
		i++;
	if (r->nplaces > 1)
		free(r->places.many);
	(void)suan_alone_take(a, h, i);
}

static void undo_step(struct suan_engine *e, const struct suan_step *s)
{
	struct suan_alone *a = e->alone;

	switch (s->kind) {
	case SUAN_STEP_MADE:
		unmake(e, s->at);
		break;
	case SUAN_STEP_WAS:
		a->twins[s->at] = s->was.twin;
		break;
	case SUAN_STEP_GONE:
		bring_back(e, s->at, &s->was.twin);
		break;
	case SUAN_STEP_POPPED:
		suan_alone_push(a, &a->homes[s->at], &s->was.run);
		break;
	case SUAN_STEP_PUSHED:
		unpush(a, &a->homes[s->at], &s->was.run);
		break;
	case SUAN_STEP_SKIPPED:
		set_followed(e, s->job, SUAN_NOT_YET);
		break;
	}
}

void suan_alone_undo(struct suan_engine *e)
{
	struct suan_alone *a = e->alone;

	if (!a || !a->on || !a->begun)
		return;
	a->begun = false;
	while (a->nsteps > 0)
		undo_step(e, &a->steps[--a->nsteps]);
	for (size_t i = 0; i < a->nhomes; i++) {
		struct suan_home *h = &a->homes[i];

		if (i < a->ntallies)
			h->tally = a->tallies[i];
		h->stale = h->pools_old = true;
		h->touched = false;
		for (size_t k = 0; k < h->nruns; k++)
			a->twins[h->runs[k].slot].at = (uint32_t)k;
	}
	while (a->nhomes > a->had_homes) {
		suan_planner_free(a->homes[--a->nhomes].planner);
		free(a->homes[a->nhomes].runs);
	}
	a->ntallies = 0;
	e->plan->all_dirty = e->plan->rekey = true;	/* places in the queue are as before */
}
