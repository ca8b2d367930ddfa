/* Which nodes a start gets, over plain arrays; see refplan.h. */
#include "lib/refplan_inside.h"

#include <assert.h>
#include <string.h>

/* ---- which nodes ---- */

bool ref_admits(const struct suan_plan_pool *p, const struct suan_req *q)
{
	int64_t cap = ref_tasks_in(q, ref_empty_node(p)), left = q->tasks;

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

bool ref_by_mix(const struct ref *r, uint32_t pool)
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
	return few > 0 ? ref_least(16 * all / few, 16384) : 0;
}

static int64_t fragmentation(const struct ref *r, uint32_t pool, struct ref_amount a)
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
int64_t ref_growth(const struct ref *r, const struct ref_run *run, uint32_t node, int64_t tasks)
{
	const struct suan_req *q = &run->ask.req;
	struct ref_amount before = ref_on_node(r, run->pool, node, r->now), after = before;

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
	struct ref_amount best_free = {0};

	for (uint32_t n = 0; n < r->pools[run->pool].nodes; n++) {
		struct ref_amount a = ref_on_node(r, run->pool, n, r->now);
		int64_t more;

		if (used(run, n) || ref_hidden(r, run, n) || a.cores < tasks * q->cores ||
		    a.gpus < tasks * q->gpus || a.memory < tasks * (int64_t)q->memory)
			continue;
		more = ref_growth(r, run, n, tasks);
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

	if (ref_by_mix(r, run->pool))
		return least_growth(r, run, tasks);
	for (uint32_t n = 0; n < r->pools[run->pool].nodes; n++) {
		struct ref_amount a = ref_on_node(r, run->pool, n, r->now);

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
		struct ref_amount a = ref_on_node(r, run->pool, n, r->now);
		int64_t tasks = used(run, n) ||
					ref_hidden(r, run, n) ? 0 : ref_tasks_in(&run->ask.req, a);

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
		    ref_on_node(r, run->pool, n, r->now).idle)
			return (int)n;
	return -1;
}

/* What the runs leave of the pool now, in all. */
struct ref_amount ref_runs_leave(const struct ref *r, uint32_t pool)
{
	struct ref_amount sum = {0};

	for (uint32_t n = 0; n < r->pools[pool].nodes; n++) {
		struct ref_amount a = ref_on_node(r, pool, n, r->now);

		sum.cores += a.cores;
		sum.gpus += a.gpus;
		sum.memory += a.memory;
		sum.idle += a.idle;
	}
	for (uint32_t i = 0; i < r->nruns; i++)
		if (r->runs[i].alive && r->runs[i].pool == pool &&
		    !(r->after &&
		      (r->runs[i].stopping || r->runs[i].picked || r->runs[i].gone)))
			ref_take_unnumbered(&r->pools[pool], &r->runs[i], &sum);
	for (uint32_t i = 0; i < r->nwaiting && r->after; i++)
		if (r->waiting[i].pool == pool)
			ref_take_unnumbered(&r->pools[pool], &r->waiting[i], &sum);
	return sum;
}

/* Another scheduler chooses the nodes: what is free in all must do. */
static bool count(const struct ref *r, struct ref_run *run)
{
	const struct suan_plan_pool *p = &r->pools[run->pool];
	const struct suan_req *q = &run->ask.req;
	int64_t left = q->tasks, cap = ref_tasks_in(q, ref_empty_node(p)), nodes = 1;

	if (q->exclusive)
		nodes = (q->tasks + cap - 1) / cap;
	if (q->nodes > 0)
		nodes = q->nodes;
	for (int64_t i = 0; i < nodes; i++) {
		int64_t tasks = q->exclusive ? ref_least(left, cap) : left;

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
	int64_t left = q->tasks, cap = ref_tasks_in(q, ref_empty_node(&r->pools[run->pool]));

	run->nplaces = 0;
	if (!ref_fits(ref_total(&r->pools[run->pool], q), ref_runs_leave(r, run->pool)))
		return false;
	if (r->pools[run->pool].counted)
		return count(r, run);
	while (left > 0 || run->nplaces < q->nodes) {
		int64_t tasks = ref_least(left, cap);
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
