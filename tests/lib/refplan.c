/* Slow, obvious reference planner; see refplan.h. */
#include "lib/refplan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct amount {
	int64_t cores, gpus, memory, idle;
};

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
		      struct amount *a)
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
static struct amount on_node(const struct ref *r, uint32_t pool, uint32_t node, int64_t at)
{
	const struct suan_plan_pool *p = &r->pools[pool];
	struct amount a = {p->cores, p->gpus, (int64_t)p->memory, 1};

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

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t tasks_in(const struct suan_req *q, struct amount a)
{
	int64_t n = a.cores / q->cores;

	if (q->gpus > 0)
		n = least(n, a.gpus / q->gpus);
	if (q->memory > 0)
		n = least(n, a.memory / (int64_t)q->memory);
	return n;
}

static struct amount empty_node(const struct suan_plan_pool *p)
{
	struct amount a = {p->cores, p->gpus, (int64_t)p->memory, 1};

	return a;
}

/* What an ask takes of a pool by sums. */
static struct amount total(const struct suan_plan_pool *p, const struct suan_req *q)
{
	struct amount a = {(int64_t)q->tasks * q->cores, (int64_t)q->tasks * q->gpus,
			   (int64_t)q->tasks * (int64_t)q->memory, 0};

	if (q->exclusive) {
		int64_t cap = tasks_in(q, empty_node(p));

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
static void take_unnumbered(const struct suan_plan_pool *p, const struct ref_run *run,
			    struct amount *from)
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

static struct amount free_at(const struct ref *r, uint32_t pool, int64_t at, bool hard_only)
{
	struct amount sum = {0};

	for (uint32_t n = 0; n < r->pools[pool].nodes; n++) {
		struct amount a = on_node(r, pool, n, at);

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
			take_unnumbered(&r->pools[pool], run, &sum);
	}
	for (uint32_t i = 0; i < r->nholds; i++) {
		const struct ref_hold *h = &r->holds[i];
		struct amount a;

		if (h->pool != pool || at < h->from || at >= h->to || (hard_only && !h->hard))
			continue;
		a = total(&r->pools[pool], &h->ask.req);
		sum.cores -= a.cores;
		sum.gpus -= a.gpus;
		sum.memory -= a.memory;
		sum.idle -= a.idle;
	}
	return sum;
}

/* Times after `after` at which something changes in the pool, ascending. */
static uint32_t changes(const struct ref *r, uint32_t pool, int64_t after, int64_t *ret)
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

static bool fits(struct amount want, struct amount have)
{
	return want.cores <= have.cores && want.gpus <= have.gpus && want.memory <= have.memory &&
	       want.idle <= have.idle;
}

static bool fits_over(const struct ref *r, uint32_t pool, const struct suan_ask *ask, int64_t from,
		      bool hard_only)
{
	static int64_t times[REF_RUNS + 2 * REF_HOLDS + 2 * REF_WINDOWS];
	struct amount want = total(&r->pools[pool], &ask->req);
	uint32_t n = changes(r, pool, from, times);

	if (!fits(want, free_at(r, pool, from, hard_only)))
		return false;
	for (uint32_t i = 0; i < n && times[i] < from + ask->duration_ms; i++)
		if (!fits(want, free_at(r, pool, times[i], hard_only)))
			return false;
	return true;
}

static int64_t earliest(const struct ref *r, uint32_t pool, const struct suan_ask *asked,
			int64_t from)
{
	struct suan_ask with = ref_planned_ask(r, pool, asked), *ask = &with;
	static int64_t times[REF_RUNS + 2 * REF_HOLDS + 2 * REF_WINDOWS];
	uint32_t n = changes(r, pool, from, times);

	if (fits_over(r, pool, ask, from, false))
		return from;
	for (uint32_t i = 0; i < n; i++)
		if (fits_over(r, pool, ask, times[i], false))
			return times[i];
	return SUAN_FOREVER;
}

/* ---- which nodes ---- */

static bool admits(const struct suan_plan_pool *p, const struct suan_req *q)
{
	int64_t cap = tasks_in(q, empty_node(p)), left = q->tasks;

	if (q->gpus > 0 && q->gpu_kind != 0 && q->gpu_kind != p->gpu_kind)
		return false;
	if (q->nodes > p->nodes)
		return false;
	for (uint32_t n = 0; n < (q->nodes > 0 ? q->nodes : p->nodes); n++)
		left -= cap;
	return cap > 0 && left <= 0;
}

static bool used(const struct ref_run *run, uint32_t node)
{
	for (uint32_t k = 0; k < run->nplaces; k++)
		if (run->places[k].node == node)
			return true;
	return false;
}

/* ---- fragmentation ---- */

static bool by_mix(const struct ref *r, uint32_t pool)
{
	return r->kind == SUAN_PLAN_SUAN && r->mix && r->pools[pool].gpus > 0;
}

/* How much a shape counts for: the more, the fewer accelerators it could use. */
static int64_t scarcity(const struct ref *r, const struct suan_mix_shape *m)
{
	int64_t all = 0, few = 0;

	for (uint32_t i = 0; i < r->npools; i++) {
		const struct suan_plan_pool *p = &r->pools[i];
		int64_t gpus = p->closed == SUAN_R_NONE ? (int64_t)p->nodes * p->gpus : 0;

		all += gpus;
		if (m->cores <= p->cores && m->gpus <= p->gpus && m->memory <= p->memory &&
		    (m->gpu_kind == 0 || m->gpu_kind == p->gpu_kind))
			few += gpus;
	}
	return few > 0 ? least(16 * all / few, 16384) : 0;
}

static int64_t fragmentation(const struct ref *r, uint32_t pool, struct amount a)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < r->mix->count; i++) {
		const struct suan_mix_shape *m = &r->mix->list[i];
		bool usable = a.cores >= (int64_t)m->cores && a.gpus >= (int64_t)m->gpus &&
			      a.memory >= (int64_t)m->memory;

		if (m->gpu_kind != 0 && m->gpu_kind != r->pools[pool].gpu_kind)
			usable = false;
		sum += usable ? 0 : a.gpus * m->weight * scarcity(r, m);
	}
	return sum;
}

/* What so many tasks make of the node's accelerators. */
static int64_t growth(const struct ref *r, const struct ref_run *run, uint32_t node, int64_t tasks)
{
	const struct suan_req *q = &run->ask.req;
	struct amount before = on_node(r, run->pool, node, r->now), after = before;

	after.cores = q->exclusive ? 0 : before.cores - tasks * q->cores;
	after.gpus = q->exclusive ? 0 : before.gpus - tasks * q->gpus;
	after.memory = q->exclusive ? 0 : before.memory - tasks * (int64_t)q->memory;
	return fragmentation(r, run->pool, after) - fragmentation(r, run->pool, before);
}

/* The unused node that holds so many tasks where fragmentation grows least; −1: none. */
static int least_growth(const struct ref *r, const struct ref_run *run, int64_t tasks)
{
	const struct suan_req *q = &run->ask.req;
	int best = -1;
	int64_t best_growth = 0;
	struct amount best_free = {0};

	for (uint32_t n = 0; n < r->pools[run->pool].nodes; n++) {
		struct amount a = on_node(r, run->pool, n, r->now);
		int64_t more;

		if (used(run, n) || ref_hidden(r, run, n) || a.cores < tasks * q->cores ||
		    a.gpus < tasks * q->gpus || a.memory < tasks * (int64_t)q->memory)
			continue;
		more = growth(r, run, n, tasks);
		if (best >= 0 && more != best_growth ? more > best_growth
		    : best >= 0 && a.gpus != best_free.gpus ? a.gpus > best_free.gpus
							    : best >= 0 &&
								      a.cores >= best_free.cores)
			continue;
		best = (int)n;
		best_growth = more;
		best_free = a;
	}
	return best;
}

/* The unused node with the fewest free cores that holds so many tasks; −1: none. */
static int best_fit(const struct ref *r, const struct ref_run *run, int64_t tasks)
{
	const struct suan_req *q = &run->ask.req;
	int best = -1;
	int64_t best_cores = 0;

	if (by_mix(r, run->pool))
		return least_growth(r, run, tasks);
	for (uint32_t n = 0; n < r->pools[run->pool].nodes; n++) {
		struct amount a = on_node(r, run->pool, n, r->now);

		if (used(run, n) || ref_hidden(r, run, n) || a.cores < tasks * q->cores ||
		    a.gpus < tasks * q->gpus ||
		    a.memory < tasks * (int64_t)q->memory)
			continue;
		if (best < 0 || a.cores < best_cores) {
			best = (int)n;
			best_cores = a.cores;
		}
	}
	return best;
}

static int roomiest(const struct ref *r, const struct ref_run *run, int64_t *ret_tasks)
{
	int best = -1;
	int64_t best_cores = 0;

	*ret_tasks = 0;
	for (uint32_t n = 0; n < r->pools[run->pool].nodes; n++) {
		struct amount a = on_node(r, run->pool, n, r->now);
		int64_t tasks = used(run, n) ||
					ref_hidden(r, run, n) ? 0 : tasks_in(&run->ask.req, a);

		if (tasks > *ret_tasks ||
		    (tasks > 0 && tasks == *ret_tasks && a.cores > best_cores)) {
			best = (int)n;
			best_cores = a.cores;
			*ret_tasks = tasks;
		}
	}
	return best;
}

static void place(struct ref_run *run, int node, int64_t tasks)
{
	run->places[run->nplaces].node = (uint32_t)node;
	run->places[run->nplaces++].tasks = (uint32_t)tasks;
}

static int first_idle(const struct ref *r, const struct ref_run *run)
{
	for (uint32_t n = 0; n < r->pools[run->pool].nodes; n++)
		if (!used(run, n) && !ref_hidden(r, run, n) &&
		    on_node(r, run->pool, n, r->now).idle)
			return (int)n;
	return -1;
}

/* What the runs leave of the pool now, in all. */
static struct amount runs_leave(const struct ref *r, uint32_t pool)
{
	struct amount sum = {0};

	for (uint32_t n = 0; n < r->pools[pool].nodes; n++) {
		struct amount a = on_node(r, pool, n, r->now);

		sum.cores += a.cores;
		sum.gpus += a.gpus;
		sum.memory += a.memory;
		sum.idle += a.idle;
	}
	for (uint32_t i = 0; i < r->nruns; i++)
		if (r->runs[i].alive && r->runs[i].pool == pool &&
		    !(r->after &&
		      (r->runs[i].stopping || r->runs[i].picked || r->runs[i].gone)))
			take_unnumbered(&r->pools[pool], &r->runs[i], &sum);
	for (uint32_t i = 0; i < r->nwaiting && r->after; i++)
		if (r->waiting[i].pool == pool)
			take_unnumbered(&r->pools[pool], &r->waiting[i], &sum);
	return sum;
}

/* Another scheduler chooses the nodes: what is free in all must do. */
static bool count(const struct ref *r, struct ref_run *run)
{
	const struct suan_plan_pool *p = &r->pools[run->pool];
	const struct suan_req *q = &run->ask.req;
	int64_t left = q->tasks, cap = tasks_in(q, empty_node(p)), nodes = 1;

	if (q->exclusive)
		nodes = (q->tasks + cap - 1) / cap;
	if (q->nodes > 0)
		nodes = q->nodes;
	for (int64_t i = 0; i < nodes; i++) {
		int64_t tasks = q->exclusive ? least(left, cap) : left;

		if (q->nodes > 0)
			tasks = q->tasks / q->nodes + (i < q->tasks % q->nodes);
		place(run, (int)SUAN_NO_NODE, tasks);
		left -= tasks;
	}
	return true;
}

/* Chooses the nodes of a run; false: there is no way. */
bool ref_pack(const struct ref *r, struct ref_run *run)
{
	const struct suan_req *q = &run->ask.req;
	int64_t left = q->tasks, cap = tasks_in(q, empty_node(&r->pools[run->pool]));

	run->nplaces = 0;
	if (!fits(total(&r->pools[run->pool], q), runs_leave(r, run->pool)))
		return false;
	if (r->pools[run->pool].counted)
		return count(r, run);
	while (left > 0 || run->nplaces < q->nodes) {
		int64_t tasks = least(left, cap);
		int node;

		if (q->nodes > 0)
			tasks = q->tasks / q->nodes + (run->nplaces < q->tasks % q->nodes);
		if (q->exclusive) {
			node = first_idle(r, run);
		} else if (q->nodes > 0) {
			node = best_fit(r, run, tasks);
		} else {
			tasks = left;
			node = best_fit(r, run, tasks);
			if (node < 0)
				node = roomiest(r, run, &tasks);
		}
		if (node < 0)
			return false;
		place(run, node, tasks);
		left -= tasks;
	}
	return true;
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
	return admits(&p, &x->item.ask.req);
}

static bool fits_pool(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	return x->item.ask.group ? in_group(r, x, pool) : admits(&r->pools[pool], &x->item.ask.req);
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
	struct amount a = total(&r->pools[pool], q);

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

static struct amount window_free(const struct ref *r, const struct ref_window *w, int64_t at)
{
	struct amount sum = {0};

	for (uint32_t n = 0; n < r->pools[w->w.pool].nodes; n++) {
		struct amount a = on_node(r, w->w.pool, n, at);

		if (!w->node[n])
			continue;
		sum.cores += a.cores;
		sum.gpus += a.gpus;
		sum.memory += a.memory;
		sum.idle += a.idle;
	}
	for (uint32_t i = 0; i < r->ngrouped; i++) {
		const struct ref_hold *h = &r->grouped[i];
		struct amount a;

		if (h->ask.group != w->w.group || at < h->from || at >= h->to)
			continue;
		a = total(&r->pools[w->w.pool], &h->ask.req);
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
				next = least(next, ref_expected_end(r, run));
	}
	for (uint32_t i = 0; i < r->ngrouped; i++) {
		const struct ref_hold *h = &r->grouped[i];

		if (h->ask.group != w->w.group)
			continue;
		if (h->from > after)
			next = least(next, h->from);
		if (h->to > after)
			next = least(next, h->to);
	}
	return next;
}

static bool window_fits(const struct ref *r, const struct ref_window *w, const struct suan_ask *ask,
			int64_t from)
{
	struct amount want = total(&r->pools[w->w.pool], &ask->req);

	if (!ref_in_time(w, ask, from))
		return false;
	for (int64_t at = from; at < from + ask->limit_ms; at = window_change(r, w, at))
		if (!fits(want, window_free(r, w, at)))
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

static bool start_in(struct ref *r, const struct ref_item *x, uint32_t pool)
{
	struct ref_run *run = &r->runs[r->nruns];
	struct suan_ask ask = ref_planned_ask(r, pool, &x->item.ask);

	assert(r->nruns < REF_RUNS && r->nstarted < REF_STARTS);
	if (r->kind == SUAN_PLAN_SUAN && !firm(r))
		ask.duration_ms = ask.fit_ms;
	if (!ref_may_use(r, x, pool) || !ref_room(r, &x->item.ask, pool, 0))
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
	return runs_leave(r, pool).cores;
}

static bool is_short(const struct ref_item *x)
{
	return x->item.ask.fit_ms <= 300000;
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
	if (firm(r) || is_short(x) || n < 2 || x->item.ask.push.over ||
	    total(&r->pools[pool], &x->item.ask.req).cores > least / 5)
		return 0;
	return least / 16;
}

static bool leaves_headroom(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	int64_t room = headroom(r, x, pool);

	for (uint32_t i = 0; i < r->npools; i++) {
		int64_t free = pool_free(r, i);

		if (i == pool)
			free -= total(&r->pools[pool], &x->item.ask.req).cores;
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
	if (!by_mix(r, pool))
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
		sum += growth(r, &run, run.places[k].node, run.places[k].tasks);
		*ret_gpus += on_node(r, pool, run.places[k].node, r->now).gpus;
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
	if (x->item.ask.req.gpus == 0 && by_mix(r, a) != by_mix(r, b))
		return by_mix(r, b);
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
		    start_in(r, x, order[i]))
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
		if (start_in(r, x, order[i]))
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
	at = earliest(r, pool, &x->item.ask, from);
	if (!first->asked && at == r->now)
		first->later[pool] = true;
	if (first->later[pool]) {
		if (r->first_end[pool] == SUAN_FOREVER)
			return SUAN_FOREVER;
		if (r->first_end[pool] > from)
			from = r->first_end[pool];
		at = earliest(r, pool, &x->item.ask, from);
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

static uint32_t open_pools(const struct ref *r)
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < r->npools; i++)
		open += r->pools[i].closed == SUAN_R_NONE;
	return open;
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
	uint32_t n = changes(r, pool, r->now, times);
	int64_t area = 0, from = r->now;

	for (uint32_t i = 0; i <= n && from < at; i++) {
		int64_t to = i < n && times[i] < at ? times[i] : at;
		int64_t cores = free_at(r, pool, from, false).cores;

		area += cores > 0 ? cores * (to - from) : 0;
		from = to;
	}
	if (r->now >= x->item.firm_ms)
		return at;
	return at + area / total(&r->pools[pool], &x->item.ask.req).cores * 3 / 2;
}

static int64_t cost_of(const struct ref *r, const struct ref_item *x, uint32_t pool, int64_t at)
{
	return r->kind == SUAN_PLAN_SUAN && may_keep(r) ? kept_cost(r, x, pool, at) : at;
}

static bool held_back(const struct ref *r, const struct ref_item *x)
{
	for (uint32_t i = 0; i < r->npools; i++)
		if (!r->shut[i] && ref_may_use(r, x, i) &&
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
			r->first_end[r->runs[i].pool] = least(r->first_end[r->runs[i].pool],
							      ref_expected_end(r, &r->runs[i]));
	for (uint32_t i = 0; i < r->nwindows; i++) {
		const struct suan_window *w = &r->windows[i].w;
		int64_t *first = &r->first_end[w->pool];

		if (w->from_ms > now)
			*first = least(*first, w->from_ms);
		if (w->to_ms > now)
			*first = least(*first, w->to_ms);
	}
	r->ngrouped = 0;
}

/* ---- conservative: slots that keep their time ---- */

static struct ref_item *item_of(struct ref *r, uint64_t id)
{
	for (uint32_t i = 0; i < r->nitems; i++)
		if (r->items[i].item.id == id)
			return &r->items[i];
	return NULL;
}

static uint32_t slots_of(const struct ref *r, uint64_t id, uint32_t upto)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < upto; i++)
		n += r->holds[i].id == id;
	return n;
}

static bool slot_before(struct ref *r, const struct ref_hold *a, const struct ref_hold *b)
{
	struct ref_item *x = item_of(r, a->id), *y = item_of(r, b->id);

	if (x != y)
		return x < y;	/* items are in order */
	return a->from != b->from ? a->from < b->from : a->pool < b->pool;
}

static void sort_slots(struct ref *r)
{
	for (uint32_t i = 1; i < r->nholds; i++)
		for (uint32_t k = i; k > 0 && slot_before(r, &r->holds[k], &r->holds[k - 1]); k--) {
			struct ref_hold h = r->holds[k];

			r->holds[k] = r->holds[k - 1];
			r->holds[k - 1] = h;
		}
}

static void drop_slot(struct ref *r, uint32_t i)
{
	memmove(&r->holds[i], &r->holds[i + 1], (r->nholds - i - 1) * sizeof(r->holds[0]));
	r->nholds--;
}

static void drop_dead_slots(struct ref *r)
{
	for (uint32_t i = 0; i < r->nholds;) {
		struct ref_hold *h = &r->holds[i];
		struct ref_item *x = item_of(r, h->id);

		if (x && ref_may_use(r, x, h->pool) && slots_of(r, h->id, i) < x->item.count &&
		    x->item.ask.group == 0 &&
		    h->to - h->from == ref_length(r, h->pool, &x->item.ask)) {
			h->ask = x->item.ask;
			i++;
			continue;
		}
		drop_slot(r, i);
		r->freed_ms = SUAN_FOREVER;
	}
}

static bool slots_hold(const struct ref *r)
{
	static int64_t times[REF_RUNS + 2 * REF_HOLDS + 2 * REF_WINDOWS];
	const struct amount nothing = {0};

	for (uint32_t i = 0; i < r->nholds; i++)
		if (r->holds[i].from < r->now)
			return false;
	for (uint32_t pool = 0; pool < r->npools; pool++) {
		uint32_t n = changes(r, pool, r->now, times);

		if (!fits(nothing, free_at(r, pool, r->now, false)))
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (!fits(nothing, free_at(r, pool, times[i], false)))
				return false;
	}
	return true;
}

static void compress(struct ref *r)
{
	uint32_t order[REF_POOLS];

	ref_by_rank(r, order);
	for (uint32_t k = 0; k < r->nholds; k++) {
		struct ref_hold *h = &r->holds[k];
		struct ref_item *x = item_of(r, h->id);
		uint32_t pool = h->pool;
		int64_t from = h->from;

		h->pool = SUAN_NO_POOL;
		for (uint32_t i = 0; i < r->npools; i++) {
			int64_t at = SUAN_FOREVER;

			if (h->ask.quota && h->ask.req.exclusive && order[i] != pool)
				continue;
			if (ref_may_use(r, x, order[i]))
				at = earliest(r, order[i], &h->ask, r->now);
			if (at < from) {
				from = at;
				pool = order[i];
			}
		}
		h->pool = pool;
		h->from = from;
		h->to = from + ref_length(r, pool, &h->ask);
	}
}

static void start_due(struct ref *r)
{
	for (uint32_t i = 0; i < r->nholds;) {
		struct ref_hold h = r->holds[i];
		struct ref_item *x = item_of(r, h.id);

		if (h.from != r->now) {
			i++;
			continue;
		}
		drop_slot(r, i);
		x->due += start_in(r, x, h.pool);
	}
}

static void settle_slots(struct ref *r)
{
	drop_dead_slots(r);
	sort_slots(r);
	for (uint32_t i = 0; i < r->nholds;) {
		if (ref_room(r, &r->holds[i].ask, r->holds[i].pool, i)) {
			i++;
			continue;
		}
		drop_slot(r, i);
		r->freed_ms = SUAN_FOREVER;
	}
	if (!slots_hold(r)) {
		r->nholds = 0;
	} else if (r->freed_ms > r->now) {
		compress(r);
		sort_slots(r);
	}
	r->freed_ms = INT64_MIN;
	start_due(r);
}

static void predict_from_slots(struct ref *r)
{
	sort_slots(r);
	for (uint32_t i = 0; i < r->nitems; i++) {
		struct ref_item *x = &r->items[i];

		if (x->item.ask.group)
			continue;
		x->predicted = false;
		for (uint32_t k = r->nholds; k-- > 0;) {
			if (r->holds[k].id != x->item.id)
				continue;
			x->predicted = true;
			x->pool = r->holds[k].pool;
			x->at = r->holds[k].from;
		}
	}
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
		at = ref_may_use(r, x, order[i]) ? earliest(r, order[i], &x->item.ask, r->now)
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
	h->to = h->from + x->item.ask.duration_ms;
	h->hard = false;
	r->nholds++;
	return (delay)(uint64_t)total(&r->pools[best], &x->item.ask.req).cores *
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

	if (r->kind != SUAN_PLAN_SUAN || firm(r) || open_pools(r) < 2 || !any_core_free(r) ||
	    r->nwindows > 0)
		return 0;
	for (uint32_t i = 0; i < r->nitems && i < 64 && n < 8; i++) {
		if (n > 0 && r->items[i].item.priority != r->items[item[0]].item.priority)
			break;
		if (!is_short(&r->items[i]) && r->items[i].item.ask.group == 0)
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
		settle_slots(r);
	nsought = sought(r, item, instead);
	for (uint32_t i = 0; i < r->nitems; i++) {
		uint32_t who = next < nsought && item[next] == i ? instead[next++] : i;
		struct ref_item *x = &r->items[who];
		uint32_t left = x->item.count - x->due;

		if (r->kind == SUAN_PLAN_CONSERVATIVE)
			left -= slots_of(r, x->item.id, r->nholds);
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
		predict_from_slots(r);
}
