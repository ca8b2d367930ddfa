/* Pushing out: a start that cannot be made now takes the room of runs that are worth less.
 *
 * A start of an item may push out a run if the item's ask has the run's class in `over`, its
 * priority is higher than that of the run's item (so that it stands before it when the run's item
 * waits again, and no two push each other out in turn), the run has had min_run, and it is not
 * stopping already. Who would start within the grace of a stop anyway pushes nobody out (2), and
 * neither does anybody under conservative, whose planned starts keep their time.
 *
 * For each pool where only starts that wait for stops are planned before it, in the order of pools:
 *   1. If the start finds nodes (exact packing) once the runs that are stopping there have ended
 * and the starts that wait for them have begun, it waits for those, in the first such pool: it is
 *      planned at the last expected end among them.
 *   2. Else victims are looked for in each pool, in two orders, and the set that costs least in all
 *      is taken: lowest of its highest priority, then least work lost (cores × ms that it ran; none
 *      if it is checkpointable), then fewest runs; of equals that of the earlier order and pool.
 * In a pool with windows (planner.h) the start must be over by its limit before one begins on its
 * nodes, counted from when the last run of the pool could have stopped; starts of a group push
 * nobody out.
 * The start is planned when their grace is over. Orders: (a) by priority, work lost, later start,
 * fewer cores, id, index; (b) the same, but node by node: first by what is lost at the node of the
 * run where all its candidates are lost for least (priority, work, number, node), which is better
 * when whole nodes are wanted. In an order, the victims are the shortest beginning that makes room,
 * at most four times max_victims, less those that turn out not to be needed, tried from its end; at
 * most max_victims of them. Either way nothing that comes later in the order starts in that pool in
 * this pass: what becomes free there is for those who wait for it. An ask that found no victims is
 * not asked again in the pass, and 64 asks are looked at in one; that bounds the work.
 *
 * Greedy choice of victims and the pruning of it: as in preemptive schedulers since Slurm and Borg
 * (Verma et al. 2015); that a run must have run for a while first: Zaharia et al. 2010. */
#include "engine/planner_pass.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"

#define MOST_ASKS   64u
#define LOOK_FACTOR 4u

struct room {			 /* a pool as it is when what stops there has ended */
	struct suan_nodes nodes; /* owned; while waiting > 0 */
	uint32_t waiting;	 /* starts planned behind the stops, of this pass */
	int64_t until_ms;
};

struct victim {
	uint32_t run;
	int32_t priority;
	int64_t loss, start_ms;
	int32_t cores;
	uint32_t index;
	uint64_t id;
	/* of its cheapest node */
	int64_t node_loss;
	int32_t node_priority;
	uint32_t node_runs, node;
};

struct tally { /* candidates of a node */
	int64_t loss;
	int32_t priority;
	uint32_t runs;
};

struct choice {
	uint32_t pool; /* SUAN_NO_POOL: none */
	int32_t priority;
	int64_t loss;
	uint32_t n;
};

struct suan_pushing {
	struct suan_push_rules rules;
	struct room *rooms;	 /* owned */
	struct victim *list;	 /* owned; scratch */
	struct tally *tallies;	 /* owned; scratch */
	uint32_t *best;		 /* owned; scratch: runs of the best choice so far */
	struct suan_stop *stops; /* owned */
	size_t nrooms, rooms_cap, list_cap, tallies_cap, best_cap, nstops, stops_cap;
	const uint64_t *hidden; /* nodes of the pool looked at that are kept for others; NULL */
	uint32_t asks;	  /* in this pass */
	int64_t young_ms; /* when the next run is old enough */
};

/* ---- life ---- */

enum suan_code suan_planner_push(struct suan_planner *p, const struct suan_push_rules *rules)
{
	assert(rules->grace_ms >= 1 && rules->min_run_ms >= 0 && rules->max_victims >= 1);
	if (!p->push)
		p->push = calloc(1, sizeof(*p->push));
	if (!p->push)
		return SUAN_ENOMEM;
	p->push->rules = *rules;
	return SUAN_OK;
}

void suan_pushing_free(struct suan_pushing *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->nrooms; i++)
		suan_nodes_done(&x->rooms[i].nodes);
	free(x->rooms);
	free(x->list);
	free(x->tallies);
	free(x->best);
	free(x->stops);
	free(x);
}

size_t suan_pushing_memory(const struct suan_planner *p)
{
	const struct suan_pushing *x = p->push;
	size_t bytes;

	if (!x)
		return 0;
	bytes = sizeof(*x) + x->rooms_cap * sizeof(*x->rooms) + x->list_cap * sizeof(*x->list);
	bytes += x->tallies_cap * sizeof(*x->tallies) + x->best_cap * sizeof(*x->best);
	return bytes + x->stops_cap * sizeof(*x->stops);
}

void suan_push_begin(struct suan_planner *p)
{
	struct suan_pushing *x = p->push;

	if (!x)
		return;
	x->nstops = 0;
	x->asks = 0;
	x->young_ms = SUAN_FOREVER;
	for (size_t i = 0; i < x->nrooms; i++) {
		suan_nodes_done(&x->rooms[i].nodes);
		x->rooms[i].waiting = 0;
	}
}

int64_t suan_push_wake(const struct suan_planner *p)
{
	return p->push && p->waiting.count > 0 ? p->push->young_ms : SUAN_FOREVER;
}

uint32_t suan_planner_stops(const struct suan_planner *p, const struct suan_stop **ret)
{
	*ret = p->push ? p->push->stops : NULL;
	return p->push ? (uint32_t)p->push->nstops : 0;
}

void suan_push_count(struct suan_planner *p, const struct suan_prun *r, int by)
{
	struct suan_ppool *o = &p->pools[r->pool];
	uint32_t *count = r->stopping ? &o->stopping : &o->pushable[r->push.class];

	*count += (uint32_t)by;
}

bool suan_push_verify(const struct suan_planner *p, uint32_t pool)
{
	const struct suan_ppool *o = &p->pools[pool];
	uint32_t stopping = 0, pushable[SUAN_PUSH_CLASSES] = {0};

	for (size_t i = 0; i < o->nends; i++) {
		const struct suan_prun *r = suan_prun_at(p, o->ends[i].run);

		if (o->ends[i].idle == SUAN_OVER)
			continue;
		stopping += r->stopping;
		pushable[r->push.class] += !r->stopping;
	}
	return stopping == o->stopping && memcmp(pushable, o->pushable, sizeof(pushable)) == 0;
}

void suan_planner_stop(struct suan_planner *p, uint32_t run, int64_t until_ms)
{
	struct suan_prun *r = suan_prun_at(p, run);

	assert(run < p->nruns && r->pool != SUAN_NO_POOL);
	suan_push_count(p, r, -1);
	r->stopping = true;
	suan_push_count(p, r, 1);
	suan_run_shorten(p, run, until_ms);
}

void suan_planner_name(struct suan_planner *p, uint32_t run, uint32_t index)
{
	suan_prun_at(p, run)->index = index;
}

void suan_planner_rank(struct suan_planner *p, uint32_t run, int32_t priority,
		       const struct suan_push *push)
{
	struct suan_prun *r = suan_prun_at(p, run);

	suan_push_count(p, r, -1);
	r->priority = priority;
	r->push = *push;
	suan_push_count(p, r, 1);
}

/* ---- the pool once the stops are over ---- */

static void give(struct suan_nodes *n, const struct suan_prun *r)
{
	suan_nodes_give(n, &r->req, r->places, r->nplaces);
}

/* A copy of the pool's nodes without the runs that stop. *ret must be empty; until: their last end,
 * INT64_MIN without any. */
static enum suan_code foresee(const struct suan_planner *p, uint32_t pool, struct suan_nodes *ret,
			      int64_t *ret_until)
{
	const struct suan_ppool *o = &p->pools[pool];
	const struct room *room = &p->push->rooms[pool];

	*ret_until = room->until_ms;
	if (room->waiting > 0)
		return suan_nodes_copy(ret, &room->nodes);
	*ret_until = INT64_MIN;
	if (suan_nodes_copy(ret, &o->nodes) != SUAN_OK)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < o->nends; i++) {
		const struct suan_prun *r = suan_prun_at(p, o->ends[i].run);

		if (o->ends[i].idle == SUAN_OVER)
			continue;
		if (!r->stopping)
			continue;
		give(ret, r);
		*ret_until = r->end_ms > *ret_until ? r->end_ms : *ret_until;
	}
	return SUAN_OK;
}

static enum suan_code packs(struct suan_planner *p, struct suan_nodes *n,
			    const struct suan_req *req, uint32_t *ret)
{
	enum suan_code rc = suan_grow(&p->scratch, &p->scratch_cap, suan_nodes_most(n, req),
				      sizeof(*p->scratch));

	*ret = 0;
	if (rc == SUAN_OK)
		*ret = p->push->hidden
			       ? suan_nodes_find_but(n, req, p->push->hidden, p->scratch)
			       : suan_nodes_find(n, req, p->scratch);
	return rc;
}

/* The nodes of the pool that the class cannot use, whoever is stopped: it must be over by its limit
 * when a window begins, counted from when the last of all runs could have stopped. */
static enum suan_code hide(struct suan_pass *s, const struct suan_class *k, uint32_t pool)
{
	struct suan_planner *p = s->p;
	const struct suan_ppool *o = &p->pools[pool];
	int64_t span[2] = {s->now, suan_sat_add(s->now, p->push->rules.grace_ms)};
	enum suan_code rc;

	p->push->hidden = NULL;
	if (o->nwindows == 0)
		return SUAN_OK;
	rc = suan_grow(&p->hidden, &p->hidden_cap, suan_window_words(o), sizeof(*p->hidden));
	if (rc != SUAN_OK)
		return rc;
	for (size_t i = 0; i < o->nends; i++) {
		const struct suan_prun *r = suan_prun_at(p, o->ends[i].run);
		int64_t grace = r->push.grace_ms ? r->push.grace_ms : p->push->rules.grace_ms;
		int64_t end = r->stopping ? r->end_ms : suan_sat_add(s->now, grace);

		if (o->ends[i].idle == SUAN_OVER)
			continue;
		span[1] = end > span[1] ? end : span[1];
	}
	span[1] = suan_sat_add(span[1], k->limit_ms);
	p->push->hidden = suan_window_hide(p, o, 0, span, p->hidden);
	return SUAN_OK;
}

/* The class was asked for its pools before it was planned. */
static bool usable(const struct suan_pass *s, const struct suan_class *k, uint32_t pool)
{
	const struct suan_planner *p = s->p;
	const struct suan_ppool *o = &p->pools[pool];
	const struct suan_shape *h = &p->waiting.shapes[k->shape];

	return suan_bit(h->pools ? h->pools : &h->one, pool) && o->spec.closed == SUAN_R_NONE &&
	       suan_arrival_at(p, h->arrivals, pool) <= s->now &&
	       o->planned == p->push->rooms[pool].waiting && !suan_quotas_shut(p, k, pool, true);
}

/* The start takes the places in scratch of *n, which becomes the room of the pool. */
static void settle(struct suan_pass *s, uint32_t pool, const struct suan_req *req,
		   struct suan_nodes *n, uint32_t nplaces)
{
	struct room *room = &s->p->push->rooms[pool];

	suan_nodes_take(n, req, s->p->scratch, nplaces);
	suan_nodes_done(&room->nodes);
	room->nodes = *n;
	memset(n, 0, sizeof(*n));
	room->waiting++;
	suan_pass_close(s->p, pool);
}

/* ---- 1: behind what stops already ---- */

static bool any_stops(const struct suan_planner *p, uint32_t pool)
{
	return p->push->rooms[pool].waiting > 0 || p->pools[pool].stopping > 0;
}

static enum suan_code await(struct suan_pass *s, const struct suan_class *k, uint32_t *ret_pool,
			    int64_t *ret_at)
{
	struct suan_planner *p = s->p;
	const struct suan_req *req = &p->waiting.shapes[k->shape].req;
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < p->npools && rc == SUAN_OK && *ret_pool == SUAN_NO_POOL; i++) {
		uint32_t pool = p->order[i], nplaces = 0;
		struct suan_nodes n = {0};
		int64_t until;

		if (!usable(s, k, pool) || !any_stops(p, pool))
			continue;
		rc = hide(s, k, pool);
		if (rc == SUAN_OK)
			rc = foresee(p, pool, &n, &until);
		if (rc == SUAN_OK)
			rc = packs(p, &n, req, &nplaces);
		if (rc == SUAN_OK && nplaces > 0) {
			settle(s, pool, req, &n, nplaces);
			p->push->rooms[pool].until_ms = until;
			*ret_pool = pool;
			*ret_at = until;
		}
		suan_nodes_done(&n);
	}
	return rc;
}

/* ---- 2: victims ---- */

static int by_cost(const struct victim *a, const struct victim *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->loss != b->loss)
		return a->loss < b->loss ? -1 : 1;
	if (a->start_ms != b->start_ms)
		return a->start_ms > b->start_ms ? -1 : 1;
	if (a->cores != b->cores)
		return a->cores < b->cores ? -1 : 1;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static int cheapest_first(const void *a, const void *b)
{
	return by_cost(a, b);
}

static int node_by_node(const void *x, const void *y)
{
	const struct victim *a = x, *b = y;

	if (a->node_priority != b->node_priority)
		return a->node_priority < b->node_priority ? -1 : 1;
	if (a->node_loss != b->node_loss)
		return a->node_loss < b->node_loss ? -1 : 1;
	if (a->node_runs != b->node_runs)
		return a->node_runs < b->node_runs ? -1 : 1;
	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	return by_cost(a, b);
}

static bool may_push(struct suan_pass *s, const struct suan_waiting *w, uint64_t over,
		     const struct suan_prun *r)
{
	struct suan_pushing *x = s->p->push;
	int64_t old_ms = suan_sat_add(r->start_ms, x->rules.min_run_ms);

	if (r->push.class == 0 || !(over >> r->push.class & 1) || r->priority >= w->priority ||
	    r->stopping || r->picked == s->p->pass)
		return false;
	if (old_ms <= s->now && r->start_ms < s->now)
		return true;
	if (old_ms > s->now && old_ms < x->young_ms)
		x->young_ms = old_ms;
	return false;
}

static enum suan_code gather(struct suan_pass *s, uint32_t item, const struct suan_ppool *o,
			     uint32_t *ret)
{
	const struct suan_waiting *w = &s->p->waiting.items[item];
	uint64_t over = s->p->waiting.classes[w->class].push.over;
	struct suan_pushing *x = s->p->push;
	uint32_t n = 0;

	if (suan_grow(&x->list, &x->list_cap, o->nends, sizeof(*x->list)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < o->nends; i++) {
		const struct suan_prun *r = suan_prun_at(s->p, o->ends[i].run);
		struct victim v = {.run = o->ends[i].run,
				   .priority = r->priority,
				   .start_ms = r->start_ms,
				   .cores = r->vec.cores,
				   .id = r->id,
				   .index = r->index};

		if (o->ends[i].idle == SUAN_OVER)
			continue;
		if (!may_push(s, w, over, r))
			continue;
		if (!r->push.saves && !suan_mul_i64(v.cores, s->now - v.start_ms, &v.loss))
			v.loss = INT64_MAX;
		x->list[n++] = v;
	}
	*ret = n;
	return SUAN_OK;
}

static bool node_before(const struct tally *t, uint32_t a, uint32_t b)
{
	if (t[a].priority != t[b].priority)
		return t[a].priority < t[b].priority;
	if (t[a].loss != t[b].loss)
		return t[a].loss < t[b].loss;
	return t[a].runs != t[b].runs ? t[a].runs < t[b].runs : a < b;
}

/* Runs whose nodes another scheduler chose count as if they were on one more node. */
static uint32_t tally_of(const struct suan_ppool *o, uint32_t node)
{
	return node == SUAN_NO_NODE ? o->nodes.count : node;
}

static uint32_t nodes_of(const struct suan_prun *r)
{
	return r->places[0].node == SUAN_NO_NODE ? 1 : r->nplaces;
}

/* What is lost at each node, and the cheapest node of each candidate. */
static enum suan_code weigh_nodes(struct suan_planner *p, const struct suan_ppool *o, uint32_t n)
{
	struct suan_pushing *x = p->push;
	struct tally *t;

	if (suan_grow(&x->tallies, &x->tallies_cap, o->nodes.count + 1u, sizeof(*t)) != SUAN_OK)
		return SUAN_ENOMEM;
	t = x->tallies;
	for (uint32_t i = 0; i <= o->nodes.count; i++)
		t[i] = (struct tally){.priority = INT32_MIN};
	for (uint32_t i = 0; i < n; i++) {
		const struct suan_prun *r = suan_prun_at(p, x->list[i].run);

		for (uint32_t k = 0; k < nodes_of(r); k++) {
			struct tally *at = &t[tally_of(o, r->places[k].node)];

			at->loss = suan_sat_add(at->loss, x->list[i].loss);
			at->priority = r->priority > at->priority ? r->priority : at->priority;
			at->runs++;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct suan_prun *r = suan_prun_at(p, x->list[i].run);
		struct victim *v = &x->list[i];

		v->node = tally_of(o, r->places[0].node);
		for (uint32_t k = 1; k < nodes_of(r); k++)
			if (node_before(t, r->places[k].node, v->node))
				v->node = r->places[k].node;
		v->node_priority = t[v->node].priority;
		v->node_loss = t[v->node].loss;
		v->node_runs = t[v->node].runs;
	}
	return SUAN_OK;
}

static void take(struct suan_nodes *n, const struct suan_prun *r)
{
	suan_nodes_take(n, &r->req, r->places, r->nplaces);
}

/* Frees the first `want` of the list where `had` are free now. */
static void move_to(struct suan_planner *p, struct suan_nodes *n, uint32_t had, uint32_t want)
{
	for (; had < want; had++)
		give(n, suan_prun_at(p, p->push->list[had].run));
	while (had > want)
		take(n, suan_prun_at(p, p->push->list[--had].run));
}

/* The shortest beginning of the list with which the request fits, at most *ret of them; 0: none.
 * *n is left without those. */
static enum suan_code shortest(struct suan_planner *p, struct suan_nodes *n,
			       const struct suan_req *req, uint32_t *ret)
{
	uint32_t lo = 0, hi = *ret, at = 0, nplaces;
	enum suan_code rc = SUAN_OK;

	move_to(p, n, 0, hi);
	at = hi;
	rc = packs(p, n, req, &nplaces);
	if (rc != SUAN_OK || nplaces == 0) {
		move_to(p, n, at, 0);
		*ret = 0;
		return rc;
	}
	while (lo < hi && rc == SUAN_OK) { /* more room never does harm: place.h */
		uint32_t mid = lo + (hi - lo) / 2;

		move_to(p, n, at, mid);
		at = mid;
		rc = packs(p, n, req, &nplaces);
		if (nplaces > 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	move_to(p, n, at, hi);
	*ret = hi;
	return rc;
}

/* Drops from the first *ret of the list whom the request does not need. *n is left without them. */
static enum suan_code prune(struct suan_planner *p, struct suan_nodes *n,
			    const struct suan_req *req, uint32_t *ret)
{
	struct victim *list = p->push->list;
	uint32_t kept = *ret, nplaces;

	for (uint32_t i = *ret; i-- > 0;) {
		const struct suan_prun *r = suan_prun_at(p, list[i].run);
		enum suan_code rc;

		take(n, r);
		rc = packs(p, n, req, &nplaces);
		if (rc != SUAN_OK)
			return rc;
		if (nplaces > 0) {
			struct victim spared = list[i];

			memmove(&list[i], &list[i + 1], (kept - i - 1) * sizeof(*list));
			list[--kept] = spared;
		} else {
			give(n, r);
		}
	}
	*ret = kept;
	return SUAN_OK;
}

static bool cheaper(const struct choice *a, const struct choice *b)
{
	if (b->pool == SUAN_NO_POOL || a->priority != b->priority)
		return b->pool == SUAN_NO_POOL || a->priority < b->priority;
	return a->loss != b->loss ? a->loss < b->loss : a->n < b->n;
}

/* Keeps the first n of the list if they cost less than the best. */
static enum suan_code compare(struct suan_pushing *x, uint32_t pool, uint32_t n,
			      struct choice *best)
{
	struct choice c = {.pool = pool, .priority = INT32_MIN, .n = n};

	for (uint32_t i = 0; i < n; i++) {
		c.loss = suan_sat_add(c.loss, x->list[i].loss);
		c.priority = x->list[i].priority > c.priority ? x->list[i].priority : c.priority;
	}
	if (n == 0 || n > x->rules.max_victims || !cheaper(&c, best))
		return SUAN_OK;
	if (suan_grow(&x->best, &x->best_cap, n, sizeof(*x->best)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		x->best[i] = x->list[i].run;
	*best = c;
	return SUAN_OK;
}

struct look {
	struct suan_nodes nodes; /* owned; of the pool, without what stops */
	const struct suan_req *req;
	uint32_t pool, count; /* candidates in the list */
};

/* Victims in the order of the list. The nodes are left as they were. */
static enum suan_code look(struct suan_planner *p, struct look *l, struct choice *best)
{
	struct suan_pushing *x = p->push;
	uint64_t most = (uint64_t)x->rules.max_victims * LOOK_FACTOR;
	uint32_t victims = l->count < most ? l->count : (uint32_t)most;
	enum suan_code rc = shortest(p, &l->nodes, l->req, &victims);

	if (rc == SUAN_OK && victims > 0)
		rc = prune(p, &l->nodes, l->req, &victims);
	if (rc == SUAN_OK)
		rc = compare(x, l->pool, victims, best);
	if (rc == SUAN_OK)
		move_to(p, &l->nodes, victims, 0);
	return rc;
}

/* Has the pool runs of classes that the start may push out? */
static bool any_victims(const struct suan_ppool *o, uint64_t over)
{
	for (uint32_t i = 1; i < SUAN_PUSH_CLASSES; i++)
		if ((over >> i & 1) && o->pushable[i] > 0)
			return true;
	return false;
}

static enum suan_code look_in(struct suan_pass *s, uint32_t item, uint32_t pool,
			      struct choice *best)
{
	struct suan_planner *p = s->p;
	const struct suan_class *k = &p->waiting.classes[p->waiting.items[item].class];
	const struct suan_ppool *o = &p->pools[pool];
	struct look l = {.req = &p->waiting.shapes[k->shape].req, .pool = pool};
	int64_t until;
	enum suan_code rc = gather(s, item, o, &l.count);

	if (rc != SUAN_OK || l.count == 0)
		return rc;
	rc = hide(s, k, pool);
	if (rc == SUAN_OK)
		rc = weigh_nodes(p, o, l.count);
	if (rc == SUAN_OK)
		rc = foresee(p, pool, &l.nodes, &until);
	if (rc == SUAN_OK) {
		qsort(p->push->list, l.count, sizeof(struct victim), cheapest_first);
		rc = look(p, &l, best);
	}
	if (rc == SUAN_OK) {
		qsort(p->push->list, l.count, sizeof(struct victim), node_by_node);
		rc = look(p, &l, best);
	}
	suan_nodes_done(&l.nodes);
	return rc;
}

/* Notes the stops of the best choice; its pool's room is then without them. */
static enum suan_code pick(struct suan_pass *s, uint32_t item, const struct choice *best)
{
	struct suan_planner *p = s->p;
	struct suan_pushing *x = p->push;
	const struct suan_class *k = &p->waiting.classes[p->waiting.items[item].class];
	const struct suan_req *req = &p->waiting.shapes[k->shape].req;
	struct suan_nodes n = {0};
	int64_t until;
	uint32_t nplaces = 0;
	enum suan_code rc =
		suan_grow(&x->stops, &x->stops_cap, x->nstops + best->n, sizeof(*x->stops));

	if (rc == SUAN_OK)
		rc = hide(s, k, best->pool);
	if (rc == SUAN_OK)
		rc = foresee(p, best->pool, &n, &until);
	for (uint32_t i = 0; i < best->n && rc == SUAN_OK; i++)
		give(&n, suan_prun_at(p, x->best[i]));
	if (rc == SUAN_OK)
		rc = packs(p, &n, req, &nplaces);
	if (rc != SUAN_OK) {
		suan_nodes_done(&n);
		return rc;
	}
	assert(nplaces > 0);
	settle(s, best->pool, req, &n, nplaces);
	for (uint32_t i = 0; i < best->n; i++) {
		struct suan_prun *r = suan_prun_at(p, x->best[i]);
		int64_t grace = r->push.grace_ms ? r->push.grace_ms : x->rules.grace_ms;
		int64_t at = suan_sat_add(s->now, grace);

		r->picked = p->pass;
		until = at > until ? at : until;
		x->stops[x->nstops++] = (struct suan_stop){r->id, p->waiting.items[item].id,
							   r->index, x->best[i], at};
	}
	x->rooms[best->pool].until_ms = until;
	return SUAN_OK;
}

static enum suan_code push_out(struct suan_pass *s, uint32_t item, uint32_t *ret_pool,
			       int64_t *ret_at)
{
	struct suan_planner *p = s->p;
	const struct suan_class *k = &p->waiting.classes[p->waiting.items[item].class];
	struct choice best = {.pool = SUAN_NO_POOL};
	enum suan_code rc = SUAN_OK;

	if (p->push->asks++ >= MOST_ASKS)
		return SUAN_OK;
	for (size_t i = 0; i < p->npools && rc == SUAN_OK; i++)
		if (any_victims(&p->pools[p->order[i]], k->push.over) && usable(s, k, p->order[i]))
			rc = look_in(s, item, p->order[i], &best);
	if (rc != SUAN_OK || best.pool == SUAN_NO_POOL)
		return rc;
	rc = pick(s, item, &best);
	*ret_pool = best.pool;
	*ret_at = p->push->rooms[best.pool].until_ms;
	return rc;
}

static enum suan_code make_rooms(struct suan_planner *p)
{
	struct suan_pushing *x = p->push;

	if (suan_grow(&x->rooms, &x->rooms_cap, p->npools, sizeof(*x->rooms)) != SUAN_OK)
		return SUAN_ENOMEM;
	while (x->nrooms < p->npools)
		x->rooms[x->nrooms++] = (struct room){.waiting = 0};
	return SUAN_OK;
}

enum suan_code suan_push_try(struct suan_pass *s, uint32_t item, int64_t at, uint32_t *ret_pool,
			     int64_t *ret_at)
{
	struct suan_planner *p = s->p;
	struct suan_class *k = &p->waiting.classes[p->waiting.items[item].class];
	enum suan_code rc;

	*ret_pool = SUAN_NO_POOL;
	if (p->kind == SUAN_PLAN_CONSERVATIVE || k->unpushed_pass == p->pass)
		return SUAN_OK;
	rc = make_rooms(p);
	if (rc == SUAN_OK)
		rc = await(s, k, ret_pool, ret_at);
	if (rc != SUAN_OK || *ret_pool != SUAN_NO_POOL ||
	    at <= suan_sat_add(s->now, p->push->rules.grace_ms))
		return rc;
	rc = push_out(s, item, ret_pool, ret_at);
	if (rc == SUAN_OK && *ret_pool == SUAN_NO_POOL)
		k->unpushed_pass = p->pass;
	return rc;
}
