/* Slow, obvious reference planner; see refplan.h. */
#include "lib/refplan_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void ref_init(struct ref *r, enum suan_plan_mode kind, uint32_t depth)
{
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->depth = depth;
	r->freed_ms = INT64_MIN;
}

void ref_pool(struct ref *r, uint32_t pool, const struct suan_plan_pool *spec)
{
	assert(pool < REF_POOLS && spec->nodes <= REF_NODES);
	r->pools[pool] = *spec;
	if (pool >= r->npools)
		r->npools = pool + 1;
}

void ref_drop(struct ref *r, uint64_t id)
{
	for (uint32_t i = 0; i < r->nitems; i++) {
		if (r->items[i].item.id != id)
			continue;
		memmove(&r->items[i], &r->items[i + 1], (r->nitems - i - 1) * sizeof(r->items[0]));
		r->nitems--;
		return;
	}
}

void ref_add(struct ref *r, const struct suan_item *item)
{
	struct ref_item *x;

	ref_drop(r, item->id);
	assert(r->nitems < REF_ITEMS && item->ask.nallow <= 2);
	x = &r->items[r->nitems++];
	memset(x, 0, sizeof(*x));
	x->item = *item;
	for (uint32_t i = 0; i < item->ask.nallow; i++)
		x->allow[i] = item->ask.allow[i];
}


const struct ref_item *ref_find(const struct ref *r, uint64_t id)
{
	for (uint32_t i = 0; i < r->nitems; i++)
		if (r->items[i].item.id == id)
			return &r->items[i];
	return NULL;
}

/* ---- what is free ---- */

int64_t ref_expected_end(const struct ref *r, const struct ref_run *run)
{
	if (run->start + run->ask.duration_ms > r->now)
		return run->start + run->ask.duration_ms;
	if (run->start + run->ask.limit_ms > r->now)
		return run->start + run->ask.limit_ms;
	return r->now + 1000;
}

void ref_end(struct ref *r, uint32_t run)
{
	assert(r->runs[run].alive);
	r->runs[run].alive = false;
	if (ref_expected_end(r, &r->runs[run]) > r->freed_ms)
		r->freed_ms = ref_expected_end(r, &r->runs[run]);
}

void ref_freed(struct ref *r)
{
	r->freed_ms = SUAN_FOREVER;
}

static void take_from(const struct suan_plan_pool *p, const struct ref_run *run, uint32_t node,
		      struct ref_amount *a)
{
	for (uint32_t k = 0; k < run->nplaces; k++) {
		const struct suan_req *q = &run->ask.req;
		int64_t tasks = run->places[k].tasks;

		if (run->places[k].node != node)
			continue;
		a->cores -= q->exclusive ? (int64_t)p->cores : tasks * q->cores;
		a->gpus -= q->exclusive ? (int64_t)p->gpus : tasks * q->gpus;
		a->memory -= q->exclusive ? (int64_t)p->memory : tasks * (int64_t)q->memory;
		a->idle = 0;
	}
}

/* Free on one node at a time. */
struct ref_amount ref_on_node(const struct ref *r, uint32_t pool, uint32_t node, int64_t at)
{
	const struct suan_plan_pool *p = &r->pools[pool];
	struct ref_amount a = {p->cores, p->gpus, (int64_t)p->memory, 1};

	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct ref_run *run = &r->runs[i];

		if (!run->alive || run->pool != pool || ref_expected_end(r, run) <= at)
			continue;
		if (r->after && (run->stopping || run->picked || run->gone))
			continue;
		take_from(p, run, node, &a);
	}
	for (uint32_t i = 0; i < r->nwaiting && r->after; i++)
		if (r->waiting[i].pool == pool)
			take_from(p, &r->waiting[i], node, &a);
	return a;
}

int64_t ref_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t ref_tasks_in(const struct suan_req *q, struct ref_amount a)
{
	int64_t n = a.cores / q->cores;

	if (q->gpus > 0)
		n = ref_least(n, a.gpus / q->gpus);
	if (q->memory > 0)
		n = ref_least(n, a.memory / (int64_t)q->memory);
	return n;
}

struct ref_amount ref_empty_node(const struct suan_plan_pool *p)
{
	struct ref_amount a = {p->cores, p->gpus, (int64_t)p->memory, 1};

	return a;
}

/* What an ask takes of a pool by sums. */
struct ref_amount ref_total(const struct suan_plan_pool *p, const struct suan_req *q)
{
	struct ref_amount a = {(int64_t)q->tasks * q->cores, (int64_t)q->tasks * q->gpus,
			   (int64_t)q->tasks * (int64_t)q->memory, 0};

	if (q->exclusive) {
		int64_t cap = ref_tasks_in(q, ref_empty_node(p));

		a.idle = q->nodes > 0 ? q->nodes : (q->tasks + cap - 1) / cap;
		a.cores = a.idle * p->cores;
		a.gpus = a.idle * p->gpus;
		a.memory = a.idle * (int64_t)p->memory;
		if (p->counted)
			a.idle = 0;	/* nobody knows */
	}
	return a;
}

/* What the run has of the pool on nodes that only another scheduler knows. */
void ref_take_unnumbered(const struct suan_plan_pool *p, const struct ref_run *run,
			    struct ref_amount *from)
{
	const struct suan_req *q = &run->ask.req;

	for (uint32_t k = 0; k < run->nplaces; k++) {
		int64_t tasks = run->places[k].tasks;

		if (run->places[k].node != SUAN_NO_NODE)
			continue;
		from->cores -= q->exclusive ? (int64_t)p->cores : tasks * q->cores;
		from->gpus -= q->exclusive ? (int64_t)p->gpus : tasks * q->gpus;
		from->memory -= q->exclusive ? (int64_t)p->memory : tasks * (int64_t)q->memory;
	}
}

struct ref_amount ref_free_at(const struct ref *r, uint32_t pool, int64_t at, bool hard_only)
{
	struct ref_amount sum = {0};

	for (uint32_t n = 0; n < r->pools[pool].nodes; n++) {
		struct ref_amount a = ref_on_node(r, pool, n, at);

		if (ref_in_window(r, pool, n, (struct ref_span){at, at + 1, NULL}))
			continue;
		sum.cores += a.cores;
		sum.gpus += a.gpus;
		sum.memory += a.memory;
		sum.idle += a.idle;
	}
	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct ref_run *run = &r->runs[i];

		if (run->alive && run->pool == pool && ref_expected_end(r, run) > at)
			ref_take_unnumbered(&r->pools[pool], run, &sum);
	}
	for (uint32_t i = 0; i < r->nholds; i++) {
		const struct ref_hold *h = &r->holds[i];
		struct ref_amount a;

		if (h->pool != pool || at < h->from || at >= h->to || (hard_only && !h->hard))
			continue;
		a = ref_total(&r->pools[pool], &h->ask.req);
		sum.cores -= a.cores;
		sum.gpus -= a.gpus;
		sum.memory -= a.memory;
		sum.idle -= a.idle;
	}
	return sum;
}

/* Times after `after` at which something changes in the pool, ascending. */
uint32_t ref_changes(const struct ref *r, uint32_t pool, int64_t after, int64_t *ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->nruns; i++)
		if (r->runs[i].alive && r->runs[i].pool == pool)
			ret[n++] = ref_expected_end(r, &r->runs[i]);
	for (uint32_t i = 0; i < r->nholds; i++) {
		if (r->holds[i].pool != pool)
			continue;
		ret[n++] = r->holds[i].from;
		ret[n++] = r->holds[i].to;
	}
	for (uint32_t i = 0; i < r->nwindows; i++) {
		if (r->windows[i].w.pool != pool)
			continue;
		ret[n++] = r->windows[i].w.from_ms;
		ret[n++] = r->windows[i].w.to_ms;
	}
	for (uint32_t i = 1; i < n; i++)
		for (uint32_t k = i; k > 0 && ret[k] < ret[k - 1]; k--) {
			int64_t t = ret[k];

			ret[k] = ret[k - 1];
			ret[k - 1] = t;
		}
	for (uint32_t i = 0; i < n; i++)
		if (ret[i] > after)
			return memmove(ret, ret + i, (n - i) * sizeof(*ret)), n - i;
	return 0;
}

bool ref_fits(struct ref_amount want, struct ref_amount have)
{
	return want.cores <= have.cores && want.gpus <= have.gpus && want.memory <= have.memory &&
	       want.idle <= have.idle;
}

static bool fits_over(const struct ref *r, uint32_t pool, const struct suan_ask *ask, int64_t from,
		      bool hard_only)
{
	static int64_t times[REF_RUNS + 2 * REF_HOLDS + 2 * REF_WINDOWS];
	struct ref_amount want = ref_total(&r->pools[pool], &ask->req);
	uint32_t n = ref_changes(r, pool, from, times);

	if (!ref_fits(want, ref_free_at(r, pool, from, hard_only)))
		return false;
	for (uint32_t i = 0; i < n && times[i] < from + ask->duration_ms; i++)
		if (!ref_fits(want, ref_free_at(r, pool, times[i], hard_only)))
			return false;
	return true;
}

int64_t ref_arrival(const struct ref *r, const struct suan_ask *ask, uint32_t pool)
{
	return ask->arrivals ? r->arrivals[ask->arrivals][pool] : INT64_MIN;
}

void ref_arrivals(struct ref *r, uint32_t set, const int64_t *at)
{
	memcpy(r->arrivals[set], at, sizeof(r->arrivals[set]));
	ref_freed(r);
}

int64_t ref_earliest(const struct ref *r, uint32_t pool, const struct suan_ask *asked,
			int64_t from)
{
	struct suan_ask with = ref_planned_ask(r, pool, asked), *ask = &with;
	static int64_t times[REF_RUNS + 2 * REF_HOLDS + 2 * REF_WINDOWS];
	uint32_t n;

	if (ref_arrival(r, ask, pool) > from)
		from = ref_arrival(r, ask, pool);
	if (from == SUAN_FOREVER)
		return from;
	n = ref_changes(r, pool, from, times);
	if (fits_over(r, pool, ask, from, false))
		return from;
	for (uint32_t i = 0; i < n; i++)
		if (fits_over(r, pool, ask, times[i], false))
			return times[i];
	return SUAN_FOREVER;
}

/* ---- the pass ---- */

static int in_order(const void *x, const void *y)
{
	const struct suan_item *a = &((const struct ref_item *)x)->item;
	const struct suan_item *b = &((const struct ref_item *)y)->item;

	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->id < b->id ? -1 : 1;
}

/* Is this the pool of the item's window, and would its nodes do? */
static bool in_group(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	const struct ref_window *w = ref_window_of(r, x->item.ask.group);
	struct suan_plan_pool p = r->pools[pool];

	if (!w || w->w.pool != pool)
		return false;
	p.nodes = 0;
	for (uint32_t n = 0; n < r->pools[pool].nodes; n++)
		p.nodes += w->node[n];
	return ref_admits(&p, &x->item.ask.req);
}

static bool fits_pool(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	return x->item.ask.group ? in_group(r, x, pool)
				 : ref_admits(&r->pools[pool], &x->item.ask.req);
}

bool ref_may_use(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	if (r->pools[pool].closed != SUAN_R_NONE)
		return false;
	if (x->item.ask.nallow > pool / 64 && !(x->allow[pool / 64] >> (pool % 64) & 1))
		return false;
	return fits_pool(r, x, pool);
}

static bool has_hold(const struct ref *r, uint32_t pool)
{
	for (uint32_t i = 0; i < r->nholds; i++)
		if (r->holds[i].pool == pool)
			return true;
	return false;
}

/* ---- quotas ---- */

static void add_take(const struct ref *r, uint32_t pool, const struct suan_req *q, int64_t used[4])
{
	struct ref_amount a = ref_total(&r->pools[pool], q);

	used[SUAN_LIMIT_RUNS] += 1;
	used[SUAN_LIMIT_CORES] += a.cores;
	used[SUAN_LIMIT_GPUS] += a.gpus;
	used[SUAN_LIMIT_MEMORY] += a.memory;
}

static bool is_in(const struct ref *r, const struct suan_ask *ask, uint32_t group)
{
	return r->sets[ask->quota] >> group & 1;
}

/* May the ask start in the pool beside the runs and the first `nholds` planned starts? */
bool ref_room(const struct ref *r, const struct suan_ask *ask, uint32_t pool, uint32_t nholds)
{
	for (uint32_t g = 0; g < REF_GROUPS; g++) {
		int64_t used[SUAN_RUN_LIMITS] = {0}, want[SUAN_RUN_LIMITS] = {0};

		if (!is_in(r, ask, g))
			continue;
		for (uint32_t i = 0; i < r->nruns; i++)
			if (r->runs[i].alive && is_in(r, &r->runs[i].ask, g))
				add_take(r, r->runs[i].pool, &r->runs[i].ask.req, used);
		for (uint32_t i = 0; i < nholds && i < r->nholds; i++)
			if (is_in(r, &r->holds[i].ask, g))
				add_take(r, r->holds[i].pool, &r->holds[i].ask.req, used);
		for (uint32_t i = 0; nholds == PLANNING && i < r->ngrouped; i++)
			if (is_in(r, &r->grouped[i].ask, g))
				add_take(r, r->grouped[i].pool, &r->grouped[i].ask.req, used);
		add_take(r, pool, &ask->req, want);
		for (uint32_t l = 0; l < SUAN_RUN_LIMITS; l++)
			if ((r->groups[g].set >> l & 1) && want[l] > 0 &&
			    used[l] + want[l] > (int64_t)r->groups[g].most[l])
				return false;
	}
	return true;
}

/* Is it quotas that keep it from every pool that would take it, open or not? */
static bool shut_out(const struct ref *r, const struct ref_item *x, uint32_t nholds)
{
	bool any = false;

	for (uint32_t i = 0; i < r->npools; i++) {
		if (x->item.ask.nallow > i / 64 && !(x->allow[i / 64] >> (i % 64) & 1))
			continue;
		if (!fits_pool(r, x, i))
			continue;
		if (ref_room(r, &x->item.ask, i, nholds))
			return false;
		any = true;
	}
	return any;
}

/* The pools by rank, then number. */
void ref_by_rank(const struct ref *r, uint32_t *ret)
{
	for (uint32_t i = 0; i < r->npools; i++) {
		uint32_t k = i;

		for (; k > 0 && r->pools[ret[k - 1]].rank > r->pools[i].rank; k--)
			ret[k] = ret[k - 1];
		ret[k] = i;
	}
}

/* suan: is the first in order firm? */
static bool firm(const struct ref *r)
{
	return r->first_firm_ms <= r->now;
}

/* ---- in windows ---- */

static struct ref_amount window_free(const struct ref *r, const struct ref_window *w, int64_t at)
{
	struct ref_amount sum = {0};

	for (uint32_t n = 0; n < r->pools[w->w.pool].nodes; n++) {
		struct ref_amount a = ref_on_node(r, w->w.pool, n, at);

		if (!w->node[n])
			continue;
		sum.cores += a.cores;
		sum.gpus += a.gpus;
		sum.memory += a.memory;
		sum.idle += a.idle;
	}
	for (uint32_t i = 0; i < r->ngrouped; i++) {
		const struct ref_hold *h = &r->grouped[i];
		struct ref_amount a;

		if (h->ask.group != w->w.group || at < h->from || at >= h->to)
			continue;
		a = ref_total(&r->pools[w->w.pool], &h->ask.req);
		sum.cores -= a.cores;
		sum.gpus -= a.gpus;
		sum.memory -= a.memory;
		sum.idle -= a.idle;
	}
	return sum;
}

/* The next time after `after` at which something changes in the window. */
static int64_t window_change(const struct ref *r, const struct ref_window *w, int64_t after)
{
	int64_t next = SUAN_FOREVER;

	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct ref_run *run = &r->runs[i];

		for (uint32_t k = 0; run->alive && run->pool == w->w.pool && k < run->nplaces; k++)
			if (run->places[k].node < r->pools[run->pool].nodes &&
			    w->node[run->places[k].node] &&
			    ref_expected_end(r, run) > after)
				next = ref_least(next, ref_expected_end(r, run));
	}
	for (uint32_t i = 0; i < r->ngrouped; i++) {
		const struct ref_hold *h = &r->grouped[i];

		if (h->ask.group != w->w.group)
			continue;
		if (h->from > after)
			next = ref_least(next, h->from);
		if (h->to > after)
			next = ref_least(next, h->to);
	}
	return next;
}

static bool window_fits(const struct ref *r, const struct ref_window *w, const struct suan_ask *ask,
			int64_t from)
{
	struct ref_amount want = ref_total(&r->pools[w->w.pool], &ask->req);

	if (!ref_in_time(w, ask, from))
		return false;
	for (int64_t at = from; at < from + ask->limit_ms; at = window_change(r, w, at))
		if (!ref_fits(want, window_free(r, w, at)))
			return false;
	return true;
}

/* May it start now without putting off what is planned for its group? */
static bool group_fits(const struct ref *r, const struct suan_ask *ask)
{
	return window_fits(r, ref_window_of(r, ask->group), ask, r->now);
}

static bool plan_group(struct ref *r, struct ref_item *x, uint64_t ahead)
{
	const struct suan_ask *ask = &x->item.ask;
	const struct ref_window *w = ref_window_of(r, ask->group);
	struct ref_hold *h = &r->grouped[r->ngrouped];
	int64_t at;

	if (!w || !ref_may_use(r, x, w->w.pool) || !ref_room(r, ask, w->w.pool, PLANNING))
		return false;
	at = r->now > w->w.from_ms ? r->now : w->w.from_ms;
	if (ref_arrival(r, ask, w->w.pool) > at)
		at = ref_arrival(r, ask, w->w.pool);
	if (at == SUAN_FOREVER)
		return false;
	if (window_fits(r, w, ask, at) && at == r->now)
		at = window_change(r, w, at);	/* by sums; the nodes said no */
	while (at != SUAN_FOREVER && !window_fits(r, w, ask, at))
		at = window_change(r, w, at);
	if (at == SUAN_FOREVER)
		return false;
	assert(r->ngrouped < REF_HOLDS);
	*h = (struct ref_hold){x->item.id, w->w.pool, *ask, at, at + ask->limit_ms, false};
	r->ngrouped++;
	if (!x->predicted) {
		x->predicted = true;
		x->pool = w->w.pool;
		x->at = at;
		x->ahead = ahead;
	}
	return true;
}

bool ref_start_in(struct ref *r, const struct ref_item *x, uint32_t pool)
{
	struct ref_run *run = &r->runs[r->nruns];
	struct suan_ask ask = ref_planned_ask(r, pool, &x->item.ask);

	assert(r->nruns < REF_RUNS && r->nstarted < REF_STARTS);
	if (r->kind == SUAN_PLAN_SUAN && !firm(r))
		ask.duration_ms = ask.fit_ms;
	if (!ref_may_use(r, x, pool) || !ref_room(r, &x->item.ask, pool, 0) ||
	    ref_arrival(r, &ask, pool) > r->now)
		return false;
	if (ask.group ? !group_fits(r, &x->item.ask)
		      : r->shut[pool] || !fits_over(r, pool, &ask, r->now, true) ||
				(r->kind == SUAN_PLAN_FCFS && has_hold(r, pool)))
		return false;
	memset(run, 0, sizeof(*run));
	run->id = x->item.id;
	run->pool = pool;
	run->ask = x->item.ask;
	run->ask.allow = NULL;
	run->start = r->now;
	run->priority = x->item.priority;
	if (!ref_pack(r, run))
		return false;
	run->alive = true;
	if (r->first_end[pool] == SUAN_FOREVER)
		r->first_end[pool] = ref_expected_end(r, run);
	r->started[r->nstarted++] = r->nruns++;
	return true;
}

/* ---- suan: choice of the pool ---- */

static int64_t pool_free(const struct ref *r, uint32_t pool)
{
	return ref_runs_leave(r, pool).cores;
}

static bool is_short(const struct ref_item *x)
{
	return x->item.ask.fit_ms <= 300000;
}

static uint32_t open_pools(const struct ref *r)
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < r->npools; i++)
		open += r->pools[i].closed == SUAN_R_NONE;
	return open;
}

/* One pool is open, and the long starts that wait ask for no more cores than it has, and the
 * first in order is far from firm. */
static bool calm(const struct ref *r)
{
	uint64_t wanted = 0, cores = 0;

	for (uint32_t i = 0; i < r->npools; i++)
		if (r->pools[i].closed == SUAN_R_NONE)
			cores = (uint64_t)r->pools[i].nodes * r->pools[i].cores;
	for (uint32_t i = 0; i < r->nitems; i++) {
		const struct suan_ask *a = &r->items[i].item.ask;

		if (!is_short(&r->items[i]))
			wanted += (uint64_t)r->items[i].item.count * a->req.tasks * a->req.cores;
	}
	return r->steps > 0 && open_pools(r) == 1 && wanted <= cores &&
	       r->first_firm_ms > r->now + INT64_C(162) * 3600000;
}

/* Cores that must stay free in some pool; 0: none. */
static int64_t headroom(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	int64_t least = INT64_MAX, n = 0;

	for (uint32_t i = 0; i < r->npools; i++) {
		int64_t cores = (int64_t)r->pools[i].nodes * r->pools[i].cores;

		if (!ref_may_use(r, x, i))
			continue;
		n++;
		if (cores < least)
			least = cores;
	}
	if (firm(r) || is_short(x) || n < 1 || (n == 1 && !calm(r)) || x->item.ask.push.over ||
	    ref_total(&r->pools[pool], &x->item.ask.req).cores > least / 5)
		return 0;
	return least / (calm(r) ? 50 : 16);
}

static bool leaves_headroom(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	int64_t room = headroom(r, x, pool);

	for (uint32_t i = 0; i < r->npools; i++) {
		int64_t free = pool_free(r, i);

		if (i == pool)
			free -= ref_total(&r->pools[pool], &x->item.ask.req).cores;
		if (!r->shut[i] && ref_may_use(r, x, i) && free >= room)
			return true;
	}
	return room == 0;
}

static int64_t extension(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	int64_t last = r->now, end = r->now + x->item.ask.duration_ms;

	for (uint32_t i = 0; i < r->nruns; i++)
		if (r->runs[i].alive && r->runs[i].pool == pool &&
		    ref_expected_end(r, &r->runs[i]) > last)
			last = ref_expected_end(r, &r->runs[i]);
	return end > last ? end - last : 0;
}

/* What the start would make of the accelerators of the pool, and how many are free where it goes;
 * SUAN_FOREVER: it does not go there. */
static int64_t spoilt(const struct ref *r, const struct ref_item *x, uint32_t pool,
		      int64_t *ret_gpus)
{
	static struct ref_run run;
	int64_t sum = 0;

	*ret_gpus = 0;
	if (!ref_by_mix(r, pool))
		return 0;
	if (!ref_may_use(r, x, pool))
		return SUAN_FOREVER;
	memset(&run, 0, sizeof(run));
	run.pool = pool;
	run.ask = x->item.ask;
	if (!ref_pack(r, &run))
		return SUAN_FOREVER;
	for (uint32_t k = 0; k < run.nplaces; k++) {
		if (run.places[k].node == SUAN_NO_NODE)
			continue;
		sum += ref_growth(r, &run, run.places[k].node, run.places[k].tasks);
		*ret_gpus += ref_on_node(r, pool, run.places[k].node, r->now).gpus;
	}
	return sum;
}

/* Is pool a better for the item than b, which has a lower number or rank? */
static bool better_pool(const struct ref *r, const struct ref_item *x, uint32_t a, uint32_t b)
{
	int64_t free_a, free_b, more = spoilt(r, x, a, &free_a), less = spoilt(r, x, b, &free_b);

	if (r->pools[a].rank != r->pools[b].rank)
		return r->pools[a].rank < r->pools[b].rank;
	if (more != less)
		return more < less;
	if (x->item.ask.req.gpus == 0 && ref_by_mix(r, a) != ref_by_mix(r, b))
		return ref_by_mix(r, b);
	if (free_a != free_b)
		return free_a < free_b;
	if (is_short(x))
		return pool_free(r, a) > pool_free(r, b);
	if (extension(r, x, a) != extension(r, x, b))
		return extension(r, x, a) < extension(r, x, b);
	return pool_free(r, a) < pool_free(r, b);
}

static bool start_best(struct ref *r, const struct ref_item *x)
{
	uint32_t order[REF_POOLS];

	ref_by_rank(r, order);
	for (uint32_t i = 1; i < r->npools; i++)
		for (uint32_t k = i; k > 0 && better_pool(r, x, order[k], order[k - 1]); k--) {
			uint32_t pool = order[k];

			order[k] = order[k - 1];
			order[k - 1] = pool;
		}
	for (uint32_t i = 0; i < r->npools; i++)
		if (ref_may_use(r, x, order[i]) && leaves_headroom(r, x, order[i]) &&
		    ref_start_in(r, x, order[i]))
			return true;
	return false;
}

static bool start_now(struct ref *r, const struct ref_item *x)
{
	uint32_t order[REF_POOLS];

	if (r->kind == SUAN_PLAN_SUAN && x->item.ask.group == 0)
		return start_best(r, x);

	ref_by_rank(r, order);
	for (uint32_t i = 0; i < r->npools; i++)
		if (ref_start_in(r, x, order[i]))
			return true;
	return false;
}

static bool same_ask(const struct ref_item *x, const struct ref_item *y)
{
	const struct suan_ask *a = &x->item.ask, *b = &y->item.ask;

	return a->req.tasks == b->req.tasks && a->req.nodes == b->req.nodes &&
	       a->req.cores == b->req.cores && a->req.gpus == b->req.gpus &&
	       a->req.memory == b->req.memory && a->req.gpu_kind == b->req.gpu_kind &&
	       a->req.exclusive == b->req.exclusive && a->duration_ms == b->duration_ms &&
	       a->limit_ms == b->limit_ms && a->group == b->group &&
	       a->arrivals == b->arrivals &&
	       a->fit_ms == b->fit_ms && a->quota == b->quota &&
	       a->push.over == b->push.over && a->push.class == b->push.class &&
	       a->push.saves == b->push.saves && a->push.grace_ms == b->push.grace_ms &&
	       a->nallow == b->nallow &&
	       memcmp(x->allow, y->allow, sizeof(x->allow)) == 0;
}

static int64_t planned_in(struct ref *r, const struct ref_item *x, struct ref_item *first,
			  uint32_t pool)
{
	int64_t from = r->now, at;

	if (!ref_may_use(r, x, pool) || !ref_room(r, &x->item.ask, pool, PLANNING))
		return SUAN_FOREVER;
	for (uint32_t i = 0; i < r->nholds; i++)
		if (r->kind == SUAN_PLAN_FCFS && r->holds[i].pool == pool &&
		    r->holds[i].from > from)
			from = r->holds[i].from;
	at = ref_earliest(r, pool, &x->item.ask, from);
	if (!first->asked && at == r->now)
		first->later[pool] = true;
	if (first->later[pool]) {
		if (r->first_end[pool] == SUAN_FOREVER)
			return SUAN_FOREVER;
		if (r->first_end[pool] > from)
			from = r->first_end[pool];
		at = ref_earliest(r, pool, &x->item.ask, from);
	}
	return at;
}

static uint32_t kept(const struct ref *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->nholds; i++)
		n += r->holds[i].hard;
	return n;
}

static bool may_keep(const struct ref *r)
{
	uint32_t open = open_pools(r);

	if (r->steps > 0)
		open += open / 2;
	return kept(r) < (open < 16 ? open : 16);
}

/* What waiting there costs a protected start. */
static int64_t kept_cost(const struct ref *r, const struct ref_item *x, uint32_t pool, int64_t at)
{
	static int64_t times[REF_RUNS + 2 * REF_HOLDS + 2 * REF_WINDOWS];
	uint32_t n = ref_changes(r, pool, r->now, times);
	int64_t area = 0, from = r->now;

	for (uint32_t i = 0; i <= n && from < at; i++) {
		int64_t to = i < n && times[i] < at ? times[i] : at;
		int64_t cores = ref_free_at(r, pool, from, false).cores;

		area += cores > 0 ? cores * (to - from) : 0;
		from = to;
	}
	if (r->now >= x->item.firm_ms)
		return at;
	return at + area / ref_total(&r->pools[pool], &x->item.ask.req).cores * 3 / 2;
}

static int64_t cost_of(const struct ref *r, const struct ref_item *x, uint32_t pool, int64_t at)
{
	return r->kind == SUAN_PLAN_SUAN && may_keep(r) ? kept_cost(r, x, pool, at) : at;
}

static bool held_back(const struct ref *r, const struct ref_item *x)
{
	for (uint32_t i = 0; i < r->npools; i++)
		if (!r->shut[i] && ref_may_use(r, x, i) &&
		    ref_arrival(r, &x->item.ask, i) <= r->now &&
		    ref_room(r, &x->item.ask, i, PLANNING) && headroom(r, x, i) > 0) {
			struct suan_ask ask = ref_planned_ask(r, i, &x->item.ask);

			if (fits_over(r, i, &ask, r->now, false))
				return true;
		}
	return false;
}

static bool plan_start(struct ref *r, struct ref_item *x, uint64_t ahead)
{
	struct ref_item *first = r->items;
	uint32_t order[REF_POOLS], best = SUAN_NO_POOL;
	int64_t best_at = SUAN_FOREVER, best_cost = SUAN_FOREVER;
	struct ref_hold *h;

	if (!x->item.ask.group && shut_out(r, x, PLANNING))
		return false;
	if (x->item.ask.group) {
		while (!same_ask(first, x))
			first++;
		first->hopeless = first->hopeless || !plan_group(r, x, ahead);
		return !first->hopeless;
	}
	if (r->kind == SUAN_PLAN_SUAN && held_back(r, x))
		return true;
	while (!same_ask(first, x))
		first++;
	ref_by_rank(r, order);
	for (uint32_t i = 0; i < r->npools; i++) {
		int64_t at = planned_in(r, x, first, order[i]);
		int64_t cost = at == SUAN_FOREVER ? at : cost_of(r, x, order[i], at);

		if (cost < best_cost) {
			best_cost = cost;
			best_at = at;
			best = order[i];
		}
	}
	first->asked = true;
	if (best == SUAN_NO_POOL)
		return false;
	(void)ref_push(r, x, first, &best, &best_at);
	assert(r->nholds < REF_HOLDS);
	h = &r->holds[r->nholds];
	h->id = x->item.id;
	h->pool = best;
	h->ask = x->item.ask;
	h->from = best_at;
	h->to = best_at + ref_length(r, best, &x->item.ask);
	h->hard = r->kind == SUAN_PLAN_CONSERVATIVE ||
		  (r->kind == SUAN_PLAN_EASY && !has_hold(r, best)) ||
		  (r->kind == SUAN_PLAN_SUAN && may_keep(r));
	r->nholds++;
	if (!x->predicted) {
		x->predicted = true;
		x->pool = best;
		x->at = best_at;
		x->ahead = ahead;
	}
	return true;
}

static void begin(struct ref *r, int64_t now)
{
	r->now = now;
	r->nstarted = r->nwaiting = r->asks = r->nstops = 0;
	memset(r->shut, 0, sizeof(r->shut));
	for (uint32_t i = 0; i < r->nruns; i++)
		r->runs[i].picked = false;
	if (r->kind != SUAN_PLAN_CONSERVATIVE)
		r->nholds = 0;
	qsort(r->items, r->nitems, sizeof(r->items[0]), in_order);
	r->first_firm_ms = SUAN_FOREVER;
	for (uint32_t i = r->nitems; i-- > 0;)
		if (!shut_out(r, &r->items[i], 0))
			r->first_firm_ms = r->items[i].item.firm_ms;
	for (uint32_t i = 0; i < r->nitems; i++) {
		r->items[i].predicted = r->items[i].asked = false;
		r->items[i].unpushed = r->items[i].hopeless = false;
		r->items[i].due = 0;
		memset(r->items[i].later, 0, sizeof(r->items[i].later));
	}
	for (uint32_t i = 0; i < r->npools; i++)
		r->first_end[i] = SUAN_FOREVER;
	for (uint32_t i = 0; i < r->nruns; i++)
		if (r->runs[i].alive)
			r->first_end[r->runs[i].pool] = ref_least(r->first_end[r->runs[i].pool],
							      ref_expected_end(r, &r->runs[i]));
	for (uint32_t i = 0; i < r->nwindows; i++) {
		const struct suan_window *w = &r->windows[i].w;
		int64_t *first = &r->first_end[w->pool];

		if (w->from_ms > now)
			*first = ref_least(*first, w->from_ms);
		if (w->to_ms > now)
			*first = ref_least(*first, w->to_ms);
	}
	r->ngrouped = 0;
}

/* ---- suan: search ---- */

typedef unsigned __int128 delay;

/* Plans the item as a protected start would be. What it adds to the delay of the work. */
static delay plan_sought(struct ref *r, const struct ref_item *x)
{
	struct ref_hold *h = &r->holds[r->nholds];
	int64_t least_cost = SUAN_FOREVER, at, cost;
	uint32_t order[REF_POOLS], best = SUAN_NO_POOL;

	ref_by_rank(r, order);
	for (uint32_t i = 0; i < r->npools; i++) {
		at = ref_may_use(r, x, order[i]) ? ref_earliest(r, order[i], &x->item.ask, r->now)
					     : SUAN_FOREVER;
		cost = at < SUAN_FOREVER ? kept_cost(r, x, order[i], at) : at;
		if (cost >= least_cost)
			continue;
		least_cost = cost;
		best = order[i];
		h->from = at;
	}
	if (best == SUAN_NO_POOL)
		return 0;
	h->id = x->item.id;
	h->pool = best;
	h->ask = x->item.ask;
	h->to = h->from + ref_length(r, best, &x->item.ask);
	h->hard = false;
	r->nholds++;
	return (delay)(uint64_t)ref_total(&r->pools[best], &x->item.ask.req).cores *
	       (uint64_t)x->item.ask.fit_ms * (uint64_t)(h->from - r->now);
}

static delay delay_of(struct ref *r, const uint32_t *order, uint32_t n)
{
	delay sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += plan_sought(r, &r->items[order[i]]);
	r->nholds = 0;
	return sum;
}

/* Orders of so many items that a fiftieth of the steps pays for. */
static uint64_t paid_orders(const struct ref *r, uint32_t jobs)
{
	uint64_t looks = 0, runs[REF_POOLS] = {0};

	for (uint32_t i = 0; i < r->nruns; i++)
		runs[r->runs[i].pool] += r->runs[i].alive;
	for (uint32_t i = 0; i < r->npools; i++)
		if (r->pools[i].closed == SUAN_R_NONE)
			looks += 1 + runs[i] / 32;
	return r->steps / 50 / (looks * jobs);
}

static bool any_core_free(const struct ref *r)
{
	for (uint32_t i = 0; i < r->npools; i++)
		if (r->pools[i].closed == SUAN_R_NONE && pool_free(r, i) > 0)
			return true;
	return false;
}

/* The first long items, and who goes in their turn. Returns their number. */
static uint32_t sought(struct ref *r, uint32_t item[8], uint32_t instead[8])
{
	uint32_t n = 0;
	uint64_t orders;
	delay best;

	if (r->kind != SUAN_PLAN_SUAN || firm(r) || open_pools(r) < 2 || !any_core_free(r))
		return 0;
	for (uint32_t i = 0; i < r->nitems && i < 64 && n < 8; i++) {
		if (n > 0 && r->items[i].item.priority != r->items[item[0]].item.priority)
			break;
		if (!is_short(&r->items[i]) && r->items[i].item.ask.group == 0 &&
		    r->items[i].item.ask.arrivals == 0)
			item[n++] = i;
	}
	if (n < 2)
		return 0;
	orders = paid_orders(r, n);
	if (orders < n)
		return 0;
	memcpy(instead, item, n * sizeof(*item));
	best = delay_of(r, instead, n);
	for (uint32_t to = 0; to < n; to++)
		for (uint32_t from = to + 1; from < n; from++) {
			uint32_t order[8];
			delay sum;

			if (--orders == 0)
				return n;
			memcpy(order, instead, n * sizeof(*order));
			for (uint32_t k = from; k > to; k--)
				order[k] = order[k - 1];
			order[to] = instead[from];
			sum = delay_of(r, order, n);
			if (sum < best) {
				best = sum;
				memcpy(instead, order, n * sizeof(*order));
			}
		}
	return n;
}

/* ---- all policies ---- */

/* Planned starts that the depth and the steps allow. */
static uint32_t most_planned(const struct ref *r)
{
	uint32_t depth = r->depth, paid;

	if (r->kind != SUAN_PLAN_CONSERVATIVE && depth < r->npools)
		depth = r->npools;
	if (r->steps == 0)
		return depth;
	paid = r->steps / (open_pools(r) > 0 ? open_pools(r) : 1);
	paid = paid > r->npools ? paid : r->npools;
	return depth < paid ? depth : paid;
}

void ref_pass(struct ref *r, int64_t now)
{
	uint32_t depth = most_planned(r), kept = 0, counts[REF_ITEMS];
	uint32_t item[8], instead[8], nsought, next = 0;
	uint64_t waiting = 0;

	begin(r, now);
	if (r->kind == SUAN_PLAN_CONSERVATIVE)
		ref_settle_slots(r);
	nsought = sought(r, item, instead);
	for (uint32_t i = 0; i < r->nitems; i++) {
		uint32_t who = next < nsought && item[next] == i ? instead[next++] : i;
		struct ref_item *x = &r->items[who];
		uint32_t left = x->item.count - x->due;

		if (r->kind == SUAN_PLAN_CONSERVATIVE)
			left -= ref_slots_of(r, x->item.id, r->nholds);
		counts[who] = x->due;
		for (; left > 0; left--) {
			if (start_now(r, x))
				counts[who]++;
			else if ((x->item.ask.group ? r->ngrouped : r->nholds) >= depth ||
				 !plan_start(r, x, waiting))
				break;
		}
		waiting += counts[who] < x->item.count;
	}
	for (uint32_t i = 0; i < r->nitems; i++) {
		r->items[i].item.count -= counts[i];
		if (r->items[i].item.count > 0)
			r->items[kept++] = r->items[i];
	}
	r->nitems = kept;
	if (r->kind == SUAN_PLAN_CONSERVATIVE)
		ref_predict_from_slots(r);
}
