/* Which nodes a reservation gets. A node will do if nothing that runs there can be there at `from`
 * (its start + limit + grace; for one that begins now: nothing runs there), and no other
 * reservation wants it before `to`. Of those, the ones that are left first, then the highest
 * numbers: starts take the lowest, so these are used least. */
#include "engine/reserve.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

struct pool_try {
	const struct suan_engine *e;
	const struct suan_pick_wish *w;
	uint32_t pool, nodes; /* nodes: of the pool that may be taken */
	int64_t *over;	      /* owned: see suan_planner_vacant */
};

bool suan_reserve_free_node(const struct suan_engine *e, uint32_t pool, uint32_t node,
			    int64_t over_ms, const struct suan_pick_wish *w)
{
	const int64_t span[2] = {w->from_ms, w->to_ms};

	if (over_ms != INT64_MIN &&
	    (w->from_ms <= w->now_ms || suan_sat_add(over_ms, SUAN_LEASE_GRACE_MS) > w->from_ms))
		return false;
	return !suan_reserve_taken(e, pool, node, span, NULL);
}

/* ---- what is wanted ---- */

static bool named(const char *s)
{
	return s && s[0];
}

/* Is the pool one that was asked for? Where none was, only those that are open. Nodes that another
 * scheduler fills cannot be kept. */
static bool asked_for(const struct suan_engine *e, const struct suan_reserve *r, uint32_t pool)
{
	const struct suan_eng_pool *p = &e->net.pools[pool];
	const struct suan_eng_site *s = &e->net.sites[p->site];
	struct suan_plan_pool spec;

	if (p->gone || s->gone || (!s->spec->driver[0] && !e->policy.model_sites) ||
	    suan_net_delegated(&e->net, pool))
		return false;
	if (named(r->site) && strcmp(s->spec->name, r->site) != 0)
		return false;
	if (named(r->pool))
		return strcmp(p->spec.name, r->pool) == 0;
	suan_net_plan_pool(e, pool, &spec);
	return named(r->site) || spec.closed == SUAN_R_NONE || spec.closed == SUAN_R_PAUSED;
}

uint32_t suan_reserve_wants(const struct suan_engine *e, const struct suan_reserve *r,
			    uint32_t pool, struct suan_effects *out)
{
	const struct suan_eng_pool *p = &e->net.pools[pool];
	struct suan_candidate why = {.reason = SUAN_R_NONE};
	struct suan_req req = r->req;
	uint32_t nodes;

	out->a = out->b = 0;
	if (r->nlist > 0)
		return r->nlist;
	req.tasks = req.tasks ? req.tasks : 1;
	req.cores = req.cores ? req.cores : 1;
	if (r->nodes > 0)
		req = (struct suan_req){.tasks = r->nodes, .nodes = r->nodes, .cores = 1};
	nodes = suan_planner_whole(e->plan->planner, pool, &req, &why);
	out->refused = why.reason;
	out->a = why.a;
	out->b = why.b;
	if (nodes > 0 && named(r->gpu) &&
	    (p->spec.gpus == 0 || strcmp(p->spec.gpu, r->gpu) != 0)) {
		out->refused = SUAN_R_GPU_KIND;
		return 0;
	}
	return nodes;
}

/* ---- one pool ---- */

static bool in_list(const struct suan_reserve *r, uint32_t node)
{
	for (uint32_t i = 0; i < r->nlist; i++)
		if (r->list[i] == node)
			return true;
	return r->nlist == 0;
}

static enum suan_code open_try(struct pool_try *t)
{
	const struct suan_eng_pool *p = &t->e->net.pools[t->pool];

	/* maintenance keeps off nodes that may come back meanwhile */
	t->nodes = t->w->r->maintenance ? p->spec.nodes : suan_net_usable(p);
	t->over = malloc((t->nodes + 1u) * sizeof(*t->over));
	if (!t->over)
		return SUAN_ENOMEM;
	suan_planner_vacant(t->e->plan->planner, t->pool, t->over, t->nodes);
	return SUAN_OK;
}

static bool may_take(const struct pool_try *t, const struct suan_pick_wish *w, uint32_t node)
{
	return in_list(w->r, node) && suan_reserve_free_node(t->e, t->pool, node, t->over[node], w);
}

static uint32_t count_free(const struct pool_try *t, const struct suan_pick_wish *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->nodes; i++)
		n += may_take(t, w, i);
	return n;
}

static int by_time(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return (a > b) - (a < b);
}

/* Times at which there may be more room, ascending. */
static size_t chances(const struct pool_try *t, int64_t *ret)
{
	const struct suan_engine *e = t->e;
	size_t n = 0, kept = 0;

	for (uint32_t i = 0; i < t->nodes; i++)
		if (t->over[i] != INT64_MIN)
			ret[n++] = suan_sat_add(t->over[i], SUAN_LEASE_GRACE_MS);
	for (size_t i = 0; i < e->reserves.count; i++)
		ret[n++] = e->reserves.list[i]->to_ms;
	qsort(ret, n, sizeof(*ret), by_time);
	for (size_t i = 0; i < n; i++)
		if (ret[i] > t->w->from_ms && (kept == 0 || ret[i] != ret[kept - 1]))
			ret[kept++] = ret[i];
	return kept;
}

/* When so many could be had for as long; SUAN_FOREVER: never. */
static enum suan_code earliest(const struct pool_try *t, uint32_t want, int64_t *ret)
{
	int64_t *list = malloc((t->nodes + t->e->reserves.count + 1) * sizeof(*list));
	size_t n;

	if (!list)
		return SUAN_ENOMEM;
	*ret = SUAN_FOREVER;
	n = chances(t, list);
	for (size_t i = 0; i < n && *ret == SUAN_FOREVER; i++) {
		struct suan_pick_wish w = *t->w;

		w.from_ms = list[i];
		w.to_ms = suan_sat_add(list[i], t->w->to_ms - t->w->from_ms);
		if (count_free(t, &w) >= want)
			*ret = list[i];
	}
	free(list);
	return SUAN_OK;
}

/* ---- choice ---- */

struct choice {
	uint32_t pool, want, free;
	int64_t rank, at; /* at: when there is room */
};

static bool better(const struct choice *a, const struct choice *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	if (a->rank != b->rank)
		return a->rank < b->rank;
	return a->want < b->want;
}

static enum suan_code look_at(const struct suan_engine *e, const struct suan_pick_wish *w,
			      struct choice *c)
{
	struct pool_try t = {e, w, c->pool, 0, NULL};
	enum suan_code rc = open_try(&t);

	if (rc != SUAN_OK)
		return rc;
	if (w->r->maintenance && w->r->nodes == 0 && w->r->nlist == 0)
		c->want = t.nodes; /* all of it */
	c->free = count_free(&t, w);
	c->at = w->from_ms;
	if (c->free < c->want)
		rc = earliest(&t, c->want, &c->at);
	free(t.over);
	return rc;
}

static bool left_before(const int64_t *over, uint32_t a, uint32_t b)
{
	return over[a] != over[b] ? over[a] < over[b] : a > b;
}

/* The best `want` free nodes, ascending: an insertion of those left first keeps the best ones. */
static enum suan_code take(const struct suan_engine *e, const struct suan_pick_wish *w,
			   const struct choice *c, uint32_t *nodes)
{
	struct pool_try t = {e, w, c->pool, 0, NULL};
	enum suan_code rc = open_try(&t);
	uint32_t n = 0;

	if (rc != SUAN_OK)
		return rc;
	for (uint32_t i = 0; i < t.nodes; i++) {
		uint32_t k;

		if (!may_take(&t, w, i))
			continue;
		if (n == c->want && !left_before(t.over, i, nodes[n - 1]))
			continue;
		n += n < c->want;
		for (k = n - 1; k > 0 && left_before(t.over, i, nodes[k - 1]); k--)
			nodes[k] = nodes[k - 1];
		nodes[k] = i;
	}
	for (uint32_t i = 1; i < n; i++)
		for (uint32_t k = i; k > 0 && nodes[k] < nodes[k - 1]; k--) {
			uint32_t node = nodes[k];

			nodes[k] = nodes[k - 1];
			nodes[k - 1] = node;
		}
	free(t.over);
	return SUAN_OK;
}

static enum suan_code take_all(const struct suan_engine *e, const struct suan_pick_wish *w,
			       const struct choice *list, uint32_t n, struct suan_reserved **ret)
{
	size_t total = 0;
	struct suan_reserved *parts;
	uint32_t *nodes;
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < n; i++)
		total += list[i].want;
	parts = malloc(n * sizeof(*parts) + total * sizeof(*nodes));
	if (!parts)
		return SUAN_ENOMEM;
	nodes = (uint32_t *)(void *)(parts + n);
	for (uint32_t i = 0; i < n && rc == SUAN_OK; i++) {
		parts[i] = (struct suan_reserved){nodes, list[i].pool, list[i].want};
		rc = take(e, w, &list[i], nodes);
		nodes += list[i].want;
	}
	if (rc != SUAN_OK) {
		free(parts);
		return rc;
	}
	*ret = parts;
	return SUAN_OK;
}

static void refuse_busy(struct suan_effects *out, const struct choice *c)
{
	out->code = SUAN_EREFUSED;
	out->refused = SUAN_R_RESERVED;
	out->a = c->at;
	out->b = c->free;
	out->pool = c->pool;
}

/* A pool for a wish of capacity. */
static enum suan_code choose(const struct suan_engine *e, const struct suan_pick_wish *w,
			     struct choice *best, struct suan_effects *out)
{
	struct suan_effects why = {.pool = SUAN_NO_POOL}, miss = {.pool = SUAN_NO_POOL};
	enum suan_code rc = SUAN_OK;
	bool any = false;

	for (uint32_t i = 0; i < e->net.npools && rc == SUAN_OK; i++) {
		struct choice c = {.pool = i};
		struct suan_plan_pool p;

		if (!asked_for(e, w->r, i))
			continue;
		c.want = suan_reserve_wants(e, w->r, i, &why);
		if (c.want == 0 && (miss.pool == SUAN_NO_POOL || why.b > miss.b)) {
			miss = why;
			miss.pool = i;
		}
		if (c.want == 0)
			continue;
		suan_net_plan_pool(e, i, &p);
		c.rank = p.rank;
		rc = look_at(e, w, &c);
		if (rc == SUAN_OK && (!any || better(&c, best))) {
			*best = c;
			any = true;
		}
	}
	if (rc != SUAN_OK || any)
		return rc;
	out->code = SUAN_EREFUSED;
	out->refused = miss.pool == SUAN_NO_POOL ? SUAN_R_NO_POOL : miss.refused;
	out->a = miss.a;
	out->b = miss.b;
	out->pool = miss.pool;
	return SUAN_OK;
}

/* All pools that were asked for, each as a whole or the nodes listed. */
static enum suan_code gather(const struct suan_engine *e, const struct suan_pick_wish *w,
			     struct choice *list, uint32_t *ret_n, struct suan_effects *out)
{
	enum suan_code rc = SUAN_OK;

	*ret_n = 0;
	for (uint32_t i = 0; i < e->net.npools && rc == SUAN_OK && out->code == SUAN_OK; i++) {
		struct choice *c = &list[*ret_n];
		const struct suan_reserve *r = w->r;

		if (!asked_for(e, r, i))
			continue;
		*c = (struct choice){.pool = i, .want = r->nlist ? r->nlist : r->nodes};
		rc = look_at(e, w, c);
		if (rc == SUAN_OK && c->free < c->want)
			refuse_busy(out, c);
		*ret_n += c->want > 0;
	}
	if (rc == SUAN_OK && out->code == SUAN_OK && *ret_n == 0) {
		out->code = SUAN_EREFUSED;
		out->refused = SUAN_R_NO_POOL;
	}
	return rc;
}

static bool list_good(const struct suan_engine *e, const struct suan_reserve *r,
		      struct suan_effects *out, struct suan_err *err)
{
	uint32_t site, pool;

	if (r->nlist == 0)
		return true;
	site = suan_net_site(&e->net, r->site);
	pool = suan_net_pool(&e->net, site, r->pool);
	for (uint32_t i = 0; i < r->nlist; i++) {
		if (r->list[i] < e->net.pools[pool].spec.nodes &&
		    (i == 0 || r->list[i] > r->list[i - 1]))
			continue;
		out->code = suan_fail_field(err, SUAN_EINVAL, "node_list",
					    "node %u is not in pool %s of site %s or is named "
					    "twice; right is a list of 0 to %u",
					    r->list[i], r->pool, r->site,
					    e->net.pools[pool].spec.nodes - 1);
		return false;
	}
	return true;
}

enum suan_code suan_reserve_pick(const struct suan_engine *e, const struct suan_pick_wish *w,
				 struct suan_reserved **ret, uint32_t *ret_n,
				 struct suan_effects *out, struct suan_err *err)
{
	struct choice *list = calloc(e->net.npools + 1u, sizeof(*list));
	enum suan_code rc = list ? SUAN_OK : SUAN_ENOMEM;

	*ret = NULL;
	*ret_n = 0;
	if (rc == SUAN_OK && list_good(e, w->r, out, err)) {
		if (w->r->maintenance) {
			rc = gather(e, w, list, ret_n, out);
		} else {
			rc = choose(e, w, list, out);
			if (rc == SUAN_OK && out->code == SUAN_OK && list->free < list->want)
				refuse_busy(out, list);
			*ret_n = 1;
		}
	}
	if (rc == SUAN_OK && out->code == SUAN_OK) {
		out->pool = list->pool;
		rc = take_all(e, w, list, *ret_n, ret);
	}
	free(list);
	return rc;
}
