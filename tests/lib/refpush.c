/* Pushing out as planner_push.c says it, over plain arrays; see refplan.h. */
#include "lib/refplan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct victim {
	uint32_t run;
	int64_t loss;
	uint32_t node; /* where all candidates are lost for least */
	int64_t node_loss, node_priority, node_runs;
};

struct search {
	struct ref *r;
	const struct ref_item *x;
	uint32_t pool;
	struct victim list[REF_RUNS];
	uint32_t n;
};

struct choice {
	uint32_t pool, n;
	uint32_t runs[REF_RUNS];
	int64_t priority, loss;
};

void ref_stop(struct ref *r, uint32_t i, int64_t until)
{
	struct ref_run *run = &r->runs[i];
	int64_t span = until - run->start;

	if (ref_expected_end(r, run) > r->freed_ms)
		r->freed_ms = ref_expected_end(r, run);
	run->stopping = true;
	run->ask.duration_ms = run->ask.duration_ms < span ? run->ask.duration_ms : span;
	run->ask.limit_ms = run->ask.limit_ms < span ? run->ask.limit_ms : span;
}

static int64_t grace_of(const struct ref *r, const struct ref_run *run)
{
	return run->ask.push.grace_ms ? run->ask.push.grace_ms : r->rules.grace_ms;
}

/* By then all of the pool could have been stopped. */
static int64_t stopped_by(const struct ref *r, uint32_t pool)
{
	int64_t by = r->now + r->rules.grace_ms;

	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct ref_run *run = &r->runs[i];
		int64_t end = run->stopping ? ref_expected_end(r, run)
					    : r->now + grace_of(r, run);

		if (run->alive && run->pool == pool && end > by)
			by = end;
	}
	return by;
}

/* Would the start have nodes once all that stops is gone? They stand in *ret. */
static bool has_room(struct ref *r, const struct ref_item *x, uint32_t pool, struct ref_run *ret)
{
	bool found;

	memset(ret, 0, sizeof(*ret));
	ret->pool = pool;
	ret->ask = x->item.ask;
	ret->ask.allow = NULL;
	r->after_ms = stopped_by(r, pool);
	r->after = true;
	found = ref_pack(r, ret);
	r->after = false;
	return found;
}

static uint32_t waiting_in(const struct ref *r, uint32_t pool)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->nwaiting; i++)
		n += r->waiting[i].pool == pool;
	return n;
}

/* Nobody else is planned there before. */
static bool usable(const struct ref *r, const struct ref_item *x, uint32_t pool)
{
	uint32_t planned = 0;

	for (uint32_t i = 0; i < r->nholds; i++)
		planned += r->holds[i].pool == pool;
	return ref_may_use(r, x, pool) && planned == waiting_in(r, pool) &&
	       ref_arrival(r, &x->item.ask, pool) <= r->now &&
	       ref_room(r, &x->item.ask, pool, PLANNING);
}

/* When all is over that stops there; INT64_MIN: nothing does. */
static int64_t stops_over(const struct ref *r, uint32_t pool)
{
	int64_t over = INT64_MIN;

	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct ref_run *run = &r->runs[i];
		int64_t end = run->picked ? r->now + grace_of(r, run) : ref_expected_end(r, run);

		if (run->alive && run->pool == pool && (run->stopping || run->picked) && end > over)
			over = end;
	}
	return over;
}

static void wait_there(struct ref *r, const struct ref_run *run, uint32_t *ret_pool, int64_t *at)
{
	assert(r->nwaiting < REF_HOLDS);
	r->waiting[r->nwaiting++] = *run;
	r->shut[run->pool] = true;
	*ret_pool = run->pool;
	*at = stops_over(r, run->pool);
}

/* ---- victims ---- */

static int64_t cores_of(const struct ref *r, const struct ref_run *run)
{
	const struct suan_req *q = &run->ask.req;

	if (q->exclusive)
		return (int64_t)run->nplaces * r->pools[run->pool].cores;
	return (int64_t)q->tasks * q->cores;
}

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_cost(const struct ref *r, const struct victim *a, const struct victim *b)
{
	const struct ref_run *x = &r->runs[a->run], *y = &r->runs[b->run];
	int c = order(x->priority, y->priority);

	if (!c)
		c = order(a->loss, b->loss);
	if (!c)
		c = order(y->start, x->start);
	if (!c)
		c = order(cores_of(r, x), cores_of(r, y));
	if (!c)
		c = order((int64_t)x->id, (int64_t)y->id);
	return c ? c : order(x->index, y->index);
}

static int by_node(const struct ref *r, const struct victim *a, const struct victim *b)
{
	int c = order(a->node_priority, b->node_priority);

	if (!c)
		c = order(a->node_loss, b->node_loss);
	if (!c)
		c = order(a->node_runs, b->node_runs);
	if (!c)
		c = order(a->node, b->node);
	return c ? c : by_cost(r, a, b);
}

static void sort(struct search *f,
		 int (*before)(const struct ref *, const struct victim *, const struct victim *))
{
	for (uint32_t i = 1; i < f->n; i++)
		for (uint32_t k = i; k > 0 && before(f->r, &f->list[k], &f->list[k - 1]) < 0; k--) {
			struct victim v = f->list[k];

			f->list[k] = f->list[k - 1];
			f->list[k - 1] = v;
		}
}

static bool lies_on(const struct ref_run *run, uint32_t node)
{
	for (uint32_t k = 0; k < run->nplaces; k++)
		if (run->places[k].node == node)
			return true;
	return false;
}

/* What is lost if all candidates of a node are. */
static void weigh(const struct search *f, uint32_t node, struct victim *ret)
{
	ret->node = node;
	ret->node_loss = ret->node_runs = 0;
	ret->node_priority = INT64_MIN;
	for (uint32_t i = 0; i < f->n; i++) {
		const struct ref_run *run = &f->r->runs[f->list[i].run];

		if (!lies_on(run, node))
			continue;
		ret->node_runs++;
		ret->node_loss += f->list[i].loss;
		if (run->priority > ret->node_priority)
			ret->node_priority = run->priority;
	}
}

static bool cheaper_node(const struct victim *a, const struct victim *b)
{
	int c = order(a->node_priority, b->node_priority);

	if (!c)
		c = order(a->node_loss, b->node_loss);
	if (!c)
		c = order(a->node_runs, b->node_runs);
	return c ? c < 0 : a->node < b->node;
}

static void gather(struct search *f)
{
	struct ref *r = f->r;
	const struct suan_push *push = &f->x->item.ask.push;

	f->n = 0;
	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct ref_run *run = &r->runs[i];
		struct victim *v = &f->list[f->n];

		if (!run->alive || run->pool != f->pool || run->stopping || run->picked ||
		    run->ask.push.class == 0 || !(push->over >> run->ask.push.class & 1) ||
		    run->priority >= f->x->item.priority || run->start >= r->now ||
		    run->start + r->rules.min_run_ms > r->now)
			continue;
		memset(v, 0, sizeof(*v));
		v->run = i;
		v->loss = run->ask.push.saves ? 0 : cores_of(r, run) * (r->now - run->start);
		f->n++;
	}
	for (uint32_t i = 0; i < f->n; i++) {
		const struct ref_run *run = &r->runs[f->list[i].run];
		struct victim best = f->list[i], v = f->list[i];

		for (uint32_t k = 0; k < run->nplaces; k++) {
			weigh(f, run->places[k].node, &v);
			if (k == 0 || cheaper_node(&v, &best))
				best = v;
		}
		f->list[i] = best;
	}
}

/* Victims in the order of the list, into *best if they are cheaper. */
static void look(struct search *f, struct choice *best)
{
	struct ref *r = f->r;
	uint32_t most = r->rules.max_victims * 4, n = 0;
	struct choice *c = calloc(1, sizeof(*c));
	struct ref_run start;
	bool found = false;

	if (!c)
		abort();
	while (!found && n < f->n && n < most) {
		r->runs[f->list[n++].run].gone = true;
		found = has_room(r, f->x, f->pool, &start);
	}
	for (uint32_t i = n; found && i-- > 0;) {
		struct ref_run *run = &r->runs[f->list[i].run];

		run->gone = false;
		if (!has_room(r, f->x, f->pool, &start))
			run->gone = true;
	}
	c->pool = f->pool;
	c->priority = INT64_MIN;
	for (uint32_t i = 0; i < n; i++) {
		struct ref_run *run = &r->runs[f->list[i].run];

		if (!run->gone)
			continue;
		run->gone = false;
		c->runs[c->n++] = f->list[i].run;
		c->loss += f->list[i].loss;
		c->priority = run->priority > c->priority ? run->priority : c->priority;
	}
	if (found && c->n <= r->rules.max_victims &&
	    (best->pool == SUAN_NO_POOL || c->priority < best->priority ||
	     (c->priority == best->priority &&
	      (c->loss < best->loss || (c->loss == best->loss && c->n < best->n)))))
		*best = *c;
	free(c);
}

static bool push_out(struct ref *r, const struct ref_item *x, uint32_t *ret_pool, int64_t *at)
{
	static struct search f;
	static struct choice best;
	uint32_t pools[REF_POOLS];
	struct ref_run start;

	if (r->asks++ >= 64)
		return false;
	best.pool = SUAN_NO_POOL;
	ref_by_rank(r, pools);
	for (uint32_t i = 0; i < r->npools; i++) {
		if (!usable(r, x, pools[i]))
			continue;
		f.r = r;
		f.x = x;
		f.pool = pools[i];
		gather(&f);
		sort(&f, by_cost);
		look(&f, &best);
		sort(&f, by_node);
		look(&f, &best);
	}
	if (best.pool == SUAN_NO_POOL)
		return false;
	for (uint32_t i = 0; i < best.n; i++) {
		struct ref_run *run = &r->runs[best.runs[i]];

		run->picked = true;
		r->stops[r->nstops++] = (struct suan_stop){run->id, x->item.id, run->index,
							   best.runs[i], r->now + grace_of(r, run)};
	}
	if (!has_room(r, x, best.pool, &start))
		abort();
	wait_there(r, &start, ret_pool, at);
	return true;
}

bool ref_push(struct ref *r, struct ref_item *x, struct ref_item *first, uint32_t *ret_pool,
	      int64_t *at)
{
	uint32_t pools[REF_POOLS];
	struct ref_run start;

	if (x->item.ask.push.over == 0 || r->rules.grace_ms == 0 ||
	    r->kind == SUAN_PLAN_CONSERVATIVE || first->unpushed)
		return false;
	ref_by_rank(r, pools);
	for (uint32_t i = 0; i < r->npools; i++) {
		if (!usable(r, x, pools[i]) || stops_over(r, pools[i]) == INT64_MIN ||
		    !has_room(r, x, pools[i], &start))
			continue;
		wait_there(r, &start, ret_pool, at);
		return true;
	}
	if (*at <= r->now + r->rules.grace_ms)
		return false;
	first->unpushed = !push_out(r, x, ret_pool, at);
	return !first->unpushed;
}
