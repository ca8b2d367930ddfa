#include "engine/goal.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "engine/energy.h"
#include "engine/goal_plan.h"

#define SLOT_MS	 INT64_C(3600000)
#define SLOTS	 168u
#define LONG_MS	 (1000 * 24 * SLOT_MS) /* longer than jobs run */
#define ROUNDS	 8u
#define PASSES	 2u
#define RISE	 1000u		     /* thousandths */
#define GAIN_PPM 5000		     /* of its cost, for which a start leaves its place */
#define STEPS	 4000000u	     /* of a plan */
#define MEAN	 INT64_C(1000000000) /* what rates are on average */

struct suan_goal_mark { /* target of a job before the pass */
	uint64_t id;
	int64_t target_ms;
	uint32_t target;
};

enum suan_goal suan_goal_of(const struct suan_job *j)
{
	if (!j->more || j->more->array || j->more->reservation)
		return SUAN_GOAL_FASTEST;
	return (enum suan_goal)j->more->goal;
}

int64_t suan_goals_latest(const struct suan_engine *e, const struct suan_job *j)
{
	int64_t from = j->submit_ms > suan_jobs_begin(j) ? j->submit_ms : suan_jobs_begin(j);
	int64_t latest = suan_sat_add(from, j->more->max_delay_ms);
	int64_t deadline = suan_jobs_deadline(j);

	(void)e;
	if (deadline == 0)
		return latest;
	deadline -= j->walltime_ms;
	return j->more->max_delay_ms == 0 || deadline < latest ? deadline : latest;
}

bool suan_goals_waits(const struct suan_job *j, int64_t now_ms)
{
	return suan_goal_of(j) != SUAN_GOAL_FASTEST &&
	       (j->more->target_ms == 0 || j->more->target_ms > now_ms);
}

/* ---- what comes in ---- */

static int64_t share_milli(const struct suan_req *req, const struct suan_pool_spec *pool)
{
	uint64_t cores = (uint64_t)req->tasks * req->cores * 1000 / (pool->cores ? pool->cores : 1);
	uint64_t gpus = pool->gpus ? (uint64_t)req->tasks * req->gpus * 1000 / pool->gpus : 0;
	uint64_t most = cores > gpus ? cores : gpus;

	if (req->exclusive)
		most = (uint64_t)(req->nodes ? req->nodes : req->tasks) * 1000;
	return most > 0 ? (int64_t)most : 1;
}

/* In the pool where it takes the least. */
void suan_goals_learn(struct suan_engine *e, const struct suan_job *j)
{
	int64_t least = 0;

	if (suan_goal_of(j) == SUAN_GOAL_FASTEST)
		return;
	for (uint32_t p = 0; p < e->net.npools; p++) {
		const struct suan_pool_spec *spec = &e->net.pools[p].spec;
		int64_t milli = share_milli(&j->req, spec);

		if (e->net.pools[p].gone || j->req.cores > spec->cores || j->req.gpus > spec->gpus)
			continue;
		least = least == 0 || milli < least ? milli : least;
	}
	suan_inflow_add(&e->inflow, e->now_ms, least, j->estimate_ms);
}

/* ---- the list ---- */

enum suan_code suan_goals_list(struct suan_engine *e, struct suan_job *j)
{
	struct suan_plan *p = e->plan;
	size_t i;

	if (j->more->listed)
		return SUAN_OK;
	if (suan_grow(&p->goals, &p->goals_cap, p->ngoals + 1, sizeof(*p->goals)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (i = p->ngoals++; i > 0 && p->goals[i - 1] > j->id; i--)
		p->goals[i] = p->goals[i - 1];
	p->goals[i] = j->id;
	j->more->listed = true;
	return SUAN_OK;
}

/* Takes out what no longer waits. */
static void weed(struct suan_engine *e, int64_t now_ms)
{
	struct suan_plan *p = e->plan;
	size_t n = 0;

	for (size_t i = 0; i < p->ngoals; i++) {
		struct suan_job *j = suan_jobs_find(e, p->goals[i]);

		if (j && suan_sync_wanted(e, j, now_ms) > 0)
			p->goals[n++] = p->goals[i];
		else if (j)
			j->more->listed = false;
	}
	p->ngoals = n;
}

enum suan_code suan_goals_pool(struct suan_engine *e, const struct suan_job *j,
			       struct suan_ask *ask)
{
	uint32_t words = (e->net.npools + 63) / 64;
	uint64_t *bits;

	if (suan_goal_of(j) == SUAN_GOAL_FASTEST || j->more->target == 0 ||
	    j->more->target > e->net.npools)
		return SUAN_OK;
	suan_buf_reset(&e->scratch);
	if (suan_buf_reserve(&e->scratch, (words + 1) * sizeof(*bits)) != SUAN_OK)
		return SUAN_ENOMEM;
	bits = (uint64_t *)(void *)e->scratch.data;
	memset(bits, 0, words * sizeof(*bits));
	bits[(j->more->target - 1) / 64] |= UINT64_C(1) << (j->more->target - 1) % 64;
	ask->allow = bits;
	ask->nallow = words;
	return SUAN_OK;
}

/* ---- one plan ---- */

struct sheet {
	struct suan_engine *e;
	int64_t now_ms;
	uint32_t npools;
	size_t n;
	/* owned */
	struct suan_profile *free;
	struct suan_goal_pool *pools;
	int64_t *rate, *ahead, *price;
	struct suan_goal_need *needs;
	struct suan_goal_start *starts;
	bool known; /* what every pool costs */
};

/* Cost of a node over each slot. */
static bool rate_pool(const struct sheet *s, uint32_t pool, bool carbon, int64_t *ret)
{
	const struct suan_eng_pool *p = &s->e->net.pools[pool];
	const struct suan_energy_at at = {s->e->signals, p->site, s->e->net.sites[p->site].spec,
					  &p->spec};
	const struct suan_req whole = {.tasks = 1, .cores = p->spec.cores, .gpus = p->spec.gpus};
	int64_t zero = s->now_ms - s->now_ms % SLOT_MS;

	for (uint32_t k = 0; k < SLOTS; k++) {
		struct suan_footprint f;
		int64_t from = suan_sat_add(zero, k * SLOT_MS);

		suan_energy_of(&at, &whole, from, suan_sat_add(from, SLOT_MS), &f);
		ret[k] = carbon ? f.carbon_mg : f.cost_uyuan;
		if (ret[k] == SUAN_NOT_KNOWN)
			return false;
	}
	return true;
}

/* Adds one kind of cost, so that its mean over all is MEAN. */
static bool add_rates(struct sheet *s, bool carbon, int64_t *scratch)
{
	size_t cells = (size_t)s->npools * SLOTS;
	suan_int128 sum = 0;

	for (uint32_t p = 0; p < s->npools; p++) {
		if (s->e->net.pools[p].gone)
			memset(&scratch[p * SLOTS], 0, SLOTS * sizeof(*scratch));
		else if (!rate_pool(s, p, carbon, &scratch[p * SLOTS]))
			return false;
	}
	for (size_t i = 0; i < cells; i++)
		sum += scratch[i] < 0 ? -(suan_int128)scratch[i] : scratch[i];
	sum = sum / (suan_int128)cells + 1;
	for (size_t i = 0; i < cells; i++)
		s->rate[i] += (int64_t)((suan_int128)scratch[i] * MEAN / sum);
	return true;
}

static void find_rates(struct sheet *s, enum suan_goal goal, int64_t *scratch)
{
	memset(s->rate, 0, (size_t)s->npools * SLOTS * sizeof(*s->rate));
	s->known = s->npools > 0;
	if (goal != SUAN_GOAL_GREENEST)
		s->known = s->known && add_rates(s, false, scratch);
	if (goal != SUAN_GOAL_CHEAPEST)
		s->known = s->known && add_rates(s, true, scratch);
}

static void add_start(struct sheet *s, const struct suan_job *j)
{
	struct suan_goal_start *to = &s->starts[s->n];
	struct suan_goal_need *needs = &s->needs[s->n * s->npools];
	struct suan_ask ask;

	suan_jobs_ask(s->e, j, &ask);
	for (uint32_t p = 0; p < s->npools; p++)
		needs[p].milli = suan_planner_takes(s->e->plan->planner, p, &ask, &needs[p].vec)
					 ? share_milli(&j->req, &s->e->net.pools[p].spec)
					 : 0;
	*to = (struct suan_goal_start){.id = j->id,
				       .from_ms = s->now_ms,
				       .latest_ms = suan_goals_latest(s->e, j),
				       .run_ms = ask.duration_ms > 0 ? ask.duration_ms : 1,
				       .needs = needs,
				       .pool = j->more->target_ms && j->more->target &&
							       j->more->target <= s->npools
						       ? j->more->target - 1
						       : SUAN_NO_POOL,
				       .start_ms = j->more->target_ms};
	s->n++;
}

/* What will be wanted of each pool, as parts of it, so that room is not filled with what could run
 * now. Of the work to come, the part that is free on average can go elsewhere. */
static void look_ahead(struct sheet *s)
{
	const struct suan_inflow *d = &s->e->inflow;
	suan_int128 whole = 0, mean = suan_inflow_ahead(d, s->now_ms, LONG_MS);

	for (uint32_t p = 0; p < s->npools; p++)
		whole += s->pools[p].milli;
	mean = mean < whole ? mean : whole;
	for (uint32_t k = 0; k < SLOTS && whole > 0; k++) {
		suan_int128 wanted = suan_inflow_ahead(d, s->now_ms, k * SLOT_MS);

		wanted = (wanted < whole ? wanted : whole) * mean / whole;
		for (uint32_t p = 0; p < s->npools; p++)
			s->ahead[p * SLOTS + k] =
				(int64_t)(wanted * s->pools[p].milli / whole);
	}
}

static enum suan_code open_sheet(struct sheet *s, size_t most)
{
	size_t pools = (size_t)s->npools + 1, cells = pools * SLOTS;

	s->free = calloc(pools, sizeof(*s->free));
	s->pools = calloc(pools, sizeof(*s->pools));
	s->rate = calloc(cells, sizeof(*s->rate));
	s->ahead = calloc(cells, sizeof(*s->ahead));
	s->price = calloc(cells, sizeof(*s->price));
	s->needs = calloc(pools * (most + 1), sizeof(*s->needs));
	s->starts = calloc(most + 1, sizeof(*s->starts));
	if (!s->free || !s->pools || !s->rate || !s->ahead || !s->price || !s->needs || !s->starts)
		return SUAN_ENOMEM;
	for (uint32_t p = 0; p < s->npools; p++) {
		const struct suan_pool_spec *spec = &s->e->net.pools[p].spec;
		enum suan_code rc =
			suan_planner_left(s->e->plan->planner, p, s->now_ms, &s->free[p]);

		if (rc != SUAN_OK)
			return rc;
		s->pools[p] = (struct suan_goal_pool){
			&s->free[p], spec->nodes > 0 ? (int64_t)spec->nodes * 1000 : 1,
			&s->rate[p * SLOTS], &s->ahead[p * SLOTS]};
	}
	look_ahead(s);
	return SUAN_OK;
}

static void close_sheet(struct sheet *s)
{
	for (uint32_t p = 0; s->free && p < s->npools; p++)
		suan_profile_done(&s->free[p]);
	free(s->free);
	free(s->pools);
	free(s->rate);
	free(s->ahead);
	free(s->price);
	free(s->needs);
	free(s->starts);
}

/* What a goal has placed is not free for the next one. */
static enum suan_code hold_places(struct sheet *s)
{
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < s->n && rc == SUAN_OK; i++) {
		const struct suan_goal_start *x = &s->starts[i];

		if (x->pool != SUAN_NO_POOL)
			rc = suan_profile_reserve(&s->free[x->pool], &x->needs[x->pool].vec,
						  x->start_ms,
						  suan_sat_add(x->start_ms, x->run_ms));
	}
	return rc;
}

static void set_targets(struct sheet *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct suan_goal_start *x = &s->starts[i];
		struct suan_job *j = suan_jobs_find(s->e, x->id);
		bool free_to_go = !s->known || x->pool == SUAN_NO_POOL || s->now_ms > x->latest_ms;

		j->more->target = free_to_go ? 0 : x->pool + 1;
		j->more->target_ms =
			free_to_go || x->start_ms < s->now_ms ? s->now_ms : x->start_ms;
		suan_sync_replan(s->e, j);
	}
}

static enum suan_code plan_goal(struct sheet *s, enum suan_goal goal, int64_t *scratch)
{
	const struct suan_plan *p = s->e->plan;
	const struct suan_goal_ground g = {.now_ms = s->now_ms,
					   .slot_ms = SLOT_MS,
					   .nslots = SLOTS,
					   .npools = s->npools,
					   .pools = s->pools,
					   .rounds = ROUNDS,
					   .rise_milli = RISE,
					   .passes = PASSES,
					   .gain_ppm = GAIN_PPM,
					   .steps = STEPS};
	enum suan_code rc = SUAN_OK;

	s->n = 0;
	for (size_t i = 0; i < p->ngoals; i++) {
		const struct suan_job *j = suan_jobs_find(s->e, p->goals[i]);

		if (suan_goal_of(j) == goal)
			add_start(s, j);
	}
	if (s->n == 0)
		return SUAN_OK;
	find_rates(s, goal, scratch);
	memset(s->price, 0, (size_t)s->npools * SLOTS * sizeof(*s->price));
	if (s->known)
		rc = suan_goal_plan(&g, s->starts, s->n, s->price);
	if (rc == SUAN_OK && s->known)
		rc = hold_places(s);
	if (rc == SUAN_OK)
		set_targets(s);
	return rc;
}

static enum suan_code plan(struct suan_engine *e, int64_t now_ms)
{
	struct sheet s = {.e = e, .now_ms = now_ms, .npools = e->net.npools};
	int64_t *scratch = calloc(((size_t)s.npools + 1) * SLOTS, sizeof(*scratch));
	enum suan_code rc = scratch ? open_sheet(&s, e->plan->ngoals) : SUAN_ENOMEM;

	for (int goal = SUAN_GOAL_CHEAPEST; goal < SUAN_NGOALS && rc == SUAN_OK; goal++)
		rc = plan_goal(&s, (enum suan_goal)goal, scratch);
	close_sheet(&s);
	free(scratch);
	return rc;
}

/* ---- a pass ---- */

static enum suan_code note_targets(struct suan_engine *e)
{
	struct suan_plan *p = e->plan;

	if (suan_grow(&p->marks, &p->marks_cap, p->ngoals + 1, sizeof(*p->marks)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < p->ngoals; i++) {
		const struct suan_job *j = suan_jobs_find(e, p->goals[i]);

		p->marks[i] = (struct suan_goal_mark){j->id, j->more->target_ms, j->more->target};
	}
	p->nmarks = p->ngoals;
	p->marks[p->nmarks] = (struct suan_goal_mark){0, e->goals_ms, 0};
	return SUAN_OK;
}

void suan_goals_undo(struct suan_engine *e)
{
	struct suan_plan *p = e->plan;

	if (p->nmarks == 0)
		return;
	for (size_t i = 0; i < p->nmarks; i++) {
		struct suan_job *j = suan_jobs_find(e, p->marks[i].id);

		j->more->target_ms = p->marks[i].target_ms;
		j->more->target = p->marks[i].target;
	}
	e->goals_ms = p->marks[p->nmarks].target_ms;
	p->nmarks = 0;
}

/* Has a target to be found? What has come of age is told to the planner. */
static bool look(struct suan_engine *e, int64_t now_ms)
{
	bool wanted = e->goals_ms / SLOT_MS != now_ms / SLOT_MS;

	for (size_t i = 0; i < e->plan->ngoals; i++) {
		struct suan_job *j = suan_jobs_find(e, e->plan->goals[i]);

		wanted |= j->more->target_ms == 0 ||
			  (j->more->target > 0 && suan_goals_latest(e, j) < now_ms);
		if (j->planned == 0 && !suan_goals_waits(j, now_ms))
			suan_sync_mark(e, j);
	}
	return wanted;
}

enum suan_code suan_goals_pass(struct suan_engine *e, int64_t now_ms)
{
	enum suan_code rc = SUAN_OK;

	e->plan->nmarks = 0;
	if (e->plan->ngoals == 0)
		return SUAN_OK;
	weed(e, now_ms);
	if (look(e, now_ms)) {
		rc = note_targets(e);
		if (rc == SUAN_OK)
			rc = plan(e, now_ms);
		if (rc == SUAN_OK)
			e->goals_ms = now_ms;
	}
	return rc == SUAN_OK ? suan_sync(e, now_ms) : rc;
}

int64_t suan_goals_wake(const struct suan_engine *e, int64_t now_ms)
{
	int64_t wake = SUAN_FOREVER;

	for (size_t i = 0; i < e->plan->ngoals; i++) {
		const struct suan_job *j = suan_jobs_find(e, e->plan->goals[i]);
		int64_t hour = now_ms - now_ms % SLOT_MS + SLOT_MS;

		if (!j || suan_elems_in(j, SUAN_PENDING) == 0)
			continue;
		if (j->more->target > 0 && suan_goals_latest(e, j) <= now_ms)
			hour = now_ms + 1; /* any pool will do from then on */
		wake = hour < wake ? hour : wake;
		if (j->more->target_ms > now_ms && j->more->target_ms < wake)
			wake = j->more->target_ms;
	}
	return wake;
}
