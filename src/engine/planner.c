/* The planner's front door: pools, waiting items, runs. The pass is in planner_pass.c. */
#include "engine/planner_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

struct suan_planner *suan_planner_new(void)
{
	struct suan_planner *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	suan_classes_init(&p->waiting);
	p->free_run = SUAN_NO_RUN;
	p->slots.freed_ms = p->slots.passed_ms = INT64_MIN;
	p->depth = SUAN_DEFAULT_DEPTH;
	p->pools_gen = 1;
	return p;
}

void suan_planner_free(struct suan_planner *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->nruns; i++) {
		struct suan_prun *r = suan_prun_at(p, i);

		if (r->pool != SUAN_NO_POOL && r->places != &r->one)
			free(r->places);
	}
	for (size_t i = 0; i < p->nchunks; i++)
		free(p->chunks[i]);
	free(p->chunks);
	for (size_t i = 0; i < p->npools; i++) {
		suan_nodes_done(&p->pools[i].nodes);
		suan_profile_done(&p->pools[i].base);
		suan_profile_done(&p->pools[i].soft);
		suan_profile_done(&p->pools[i].hard);
		suan_profile_done(&p->pools[i].tried);
		free(p->pools[i].ends);
	}
	free(p->pools);
	free(p->order);
	suan_classes_done(&p->waiting);
	free(p->starts);
	free(p->start_cands);
	free(p->cands);
	free(p->taken);
	free(p->planned);
	free(p->memos);
	free(p->bounds);
	free(p->side);
	free(p->live);
	free(p->scratch);
	free(p->tried);
	free(p->hidden);
	suan_windows_free(p->windows, p->nwindows);
	suan_slots_done(&p->slots);
	suan_quotas_done(&p->quotas);
	suan_arrivals_done(p);
	suan_pushing_free(p->push);
	free(p);
}

/* Pools without accelerators, and all under other policies, go on as ever. */
static void use_mix(const struct suan_planner *p, struct suan_ppool *o)
{
	o->nodes.mix = p->kind == SUAN_PLAN_SUAN && o->spec.gpus > 0 && p->mix ? &p->scarce : NULL;
	o->nodes.gpu_kind = o->spec.gpu_kind;
}

void suan_planner_mix(struct suan_planner *p, const struct suan_mix *mix)
{
	p->mix = mix;
	for (size_t i = 0; i < p->npools; i++)
		use_mix(p, &p->pools[i]);
}

void suan_planner_policy(struct suan_planner *p, enum suan_plan_mode kind, uint32_t plan_depth)
{
	assert(kind < SUAN_NPLANS);
	p->again.only = false;
	if (kind != p->kind)
		suan_slots_clear(p);
	p->kind = kind;
	p->depth = plan_depth > 0 ? plan_depth : SUAN_DEFAULT_DEPTH;
	suan_planner_mix(p, p->mix);
}

void suan_planner_steps(struct suan_planner *p, uint32_t plan_steps)
{
	p->steps = plan_steps;
}

void suan_planner_silence(struct suan_planner *p, bool silent)
{
	p->silent = silent;
}

/* ---- pools ---- */

/* Takes the pool out of the order, if it is there, and puts it where its rank says. */
static void reorder(struct suan_planner *p, uint32_t pool, size_t count)
{
	size_t n = 0, i;

	for (i = 0; i < count; i++)
		if (p->order[i] != pool)
			p->order[n++] = p->order[i];
	for (i = n; i > 0; i--) {
		uint32_t other = p->order[i - 1];

		if (p->pools[other].spec.rank < p->pools[pool].spec.rank ||
		    (p->pools[other].spec.rank == p->pools[pool].spec.rank && other < pool))
			break;
		p->order[i] = other;
	}
	p->order[i] = pool;
	for (i = 0; i <= n; i++)
		p->pools[p->order[i]].order = (uint32_t)i;
}

/* Whole nodes are as large as they are now: an exclusive run holds that much of a reshaped pool. */
static void reshape_exclusive(struct suan_planner *p, struct suan_ppool *o)
{
	suan_ends_flush(o);
	for (size_t i = 0; i < o->nends; i++) {
		struct suan_prun *r = suan_prun_at(p, o->ends[i].run);

		if (!r->req.exclusive)
			continue;
		suan_vec_sub(&o->used, &r->vec);
		suan_quotas_run(p, r->quota, &r->vec, -1);
		r->vec.cores = (int32_t)(r->nplaces * o->nodes.cores);
		r->vec.gpus = (int32_t)(r->nplaces * o->nodes.gpus);
		r->vec.memory = (int64_t)(r->nplaces * o->nodes.memory);
		suan_vec_add(&o->used, &r->vec);
		suan_quotas_run(p, r->quota, &r->vec, 1);
		suan_quotas_reshaped(p, r->quota);
	}
}

enum suan_code suan_planner_pool(struct suan_planner *p, uint32_t pool,
				 const struct suan_plan_pool *spec)
{
	bool fresh = pool == p->npools;
	struct suan_ppool *o;
	enum suan_code rc;

	if (pool > p->npools)
		return SUAN_EINVAL;
	if (suan_grow(&p->pools, &p->pools_cap, pool + 1u, sizeof(*p->pools)) != SUAN_OK ||
	    suan_grow(&p->order, &p->order_cap, pool + 1u, sizeof(*p->order)) != SUAN_OK)
		return SUAN_ENOMEM;
	o = &p->pools[pool];
	if (fresh)
		memset(o, 0, sizeof(*o));
	if (fresh || spec->nodes != o->spec.nodes || spec->cores != o->spec.cores ||
	    spec->gpus != o->spec.gpus || spec->memory != o->spec.memory) {
		rc = suan_nodes_define(&o->nodes, spec->nodes, spec->cores, spec->gpus,
				       spec->memory);
		if (rc != SUAN_OK)
			return rc;
		o->reshaped |= suan_ends_count(o) > 0;
		reshape_exclusive(p, o);
	}
	o->spec = *spec;
	o->nodes.counted = spec->counted;
	use_mix(p, o);
	o->dirty = true;
	p->again.only = false;
	p->slots.touched = true;
	p->npools += fresh;
	reorder(p, pool, p->npools - fresh);
	p->pools_gen++;
	return SUAN_OK;
}

/* ---- waiting items ---- */

enum suan_code suan_planner_add(struct suan_planner *p, const struct suan_item *item)
{
	uint64_t before = p->waiting.count;
	uint32_t at;
	enum suan_code rc = suan_classes_add(&p->waiting, item, &at);

	if (rc == SUAN_OK && p->waiting.count > before) {
		suan_again_note(p, at);
	} else {
		p->slots.touched = true;
		p->again.only = false;
		p->again.lost = true;
	}
	return rc;
}

void suan_planner_drop(struct suan_planner *p, uint64_t id)
{
	uint32_t item = suan_classes_find(&p->waiting, id);

	if (item == SUAN_NO_ITEM)
		return;
	p->slots.touched = true;
	p->again.only = false;
	p->again.lost = true;
	suan_classes_drop(&p->waiting, item);
}

/* ---- runs ---- */

/* Do the nodes take all of it? Tried one by one, so that a node named twice is found out. */
static bool places_fit(struct suan_nodes *n, const struct suan_req *req,
		       const struct suan_place *places, uint32_t nplaces)
{
	uint64_t tasks = 0;
	uint32_t k = 0;

	for (; k < nplaces && suan_nodes_can(n, req, &places[k], 1); k++) {
		suan_nodes_take(n, req, &places[k], 1);
		tasks += places[k].tasks;
	}
	suan_nodes_give(n, req, places, k);
	return k == nplaces && tasks == req->tasks;
}

enum suan_code suan_planner_run(struct suan_planner *p, const struct suan_plan_run *run,
				uint32_t *ret_run)
{
	const struct suan_place *places = run->places;
	const struct suan_ask *ask = run->ask;
	uint32_t pool = run->pool, nplaces = run->nplaces;
	int64_t start_ms = run->start_ms;
	struct suan_ask normal;
	struct suan_prun r = {0};
	struct suan_ppool *o;

	suan_ask_normal(ask, &normal);
	if (pool >= p->npools || nplaces == 0)
		return SUAN_ECONFLICT;
	o = &p->pools[pool];
	if (!places_fit(&o->nodes, &normal.req, places, nplaces))
		return SUAN_ECONFLICT;
	r.req = normal.req;
	r.group = normal.group;
	r.start_ms = start_ms;
	r.duration_ms = normal.duration_ms;
	r.limit_ms = normal.limit_ms;
	r.end_ms = suan_run_end(start_ms, r.duration_ms, r.limit_ms, INT64_MIN);
	r.pool = pool;
	r.nplaces = nplaces;
	r.quota = normal.quota;
	if (normal.req.exclusive)
		normal.req.nodes = nplaces;	/* the pool may have been reshaped since */
	suan_nodes_vec(&o->nodes, &normal.req, &r.vec);
	r.push = normal.push;
	r.id = run->id;
	r.index = run->index;
	r.priority = run->priority;
	if (o->nodes.counted && !suan_vec_fits(&r.vec, &o->nodes.free))
		o->reshaped = true;	/* it ran before the pool shrank */
	return suan_run_open(p, &r, places, ret_run);
}

void suan_planner_end(struct suan_planner *p, uint32_t run)
{
	suan_run_close(p, run);
}

/* ---- reading ---- */

void suan_planner_load(const struct suan_planner *p, uint32_t pool, struct suan_pool_load *ret)
{
	const struct suan_ppool *o = &p->pools[pool];

	assert(pool < p->npools);
	ret->cores_used = (uint64_t)o->used.cores;
	ret->gpus_used = (uint64_t)o->used.gpus;
	ret->memory_used = (uint64_t)o->used.memory;
	ret->runs = (uint32_t)suan_ends_count(o);
	ret->waiting = o->waiting;
	for (size_t i = 0; i < p->slots.count; i++)
		ret->waiting += p->slots.list[i].pool == pool &&
				(i == 0 || p->slots.list[i - 1].id != p->slots.list[i].id);
}

/* What the runs of a pool take, node by node, against what the pool has and says. */
static bool verify_pool(const struct suan_planner *p, uint32_t pool, struct suan_nodes *sum)
{
	const struct suan_ppool *o = &p->pools[pool];
	struct suan_vec used = {0};
	size_t runs = 0;

	for (uint32_t i = 0; i < p->nruns; i++) {
		const struct suan_prun *r = suan_prun_at(p, i);

		if (r->pool != pool)
			continue;
		suan_nodes_take(sum, &r->req, r->places, r->nplaces);
		suan_vec_add(&used, &r->vec);
		runs++;
	}
	for (uint32_t i = 0; i < o->nodes.count; i++) {
		const struct suan_node *a = &sum->list[i], *b = &o->nodes.list[i];

		if (a->cores != b->cores || a->gpus != b->gpus || a->memory != b->memory ||
		    a->runs != b->runs || a->whole != b->whole || (a->whole && a->runs != 1))
			return false;
	}
	if (memcmp(&sum->loose, &o->nodes.loose, sizeof(sum->loose)) != 0)
		return false;
	return runs == suan_ends_count(o) && used.cores == o->used.cores &&
	       used.gpus == o->used.gpus && used.memory == o->used.memory &&
	       suan_nodes_verify(&o->nodes) && suan_push_verify(p, pool) && suan_ends_verify(p, o);
}

/* Some node holds more than it has, or all of them where they are only counted. */
static bool oversold(const struct suan_nodes *n)
{
	if (n->counted && (n->free.cores < 0 || n->free.gpus < 0 || n->free.memory < 0))
		return true;
	for (uint32_t i = 0; i < n->count; i++)
		if (n->list[i].cores > n->cores || n->list[i].gpus > n->gpus ||
		    n->list[i].memory > n->memory)
			return true;
	return false;
}

enum suan_code suan_planner_verify(const struct suan_planner *p, struct suan_err *err)
{
	for (uint32_t i = 0; i < p->npools; i++) {
		const struct suan_nodes *n = &p->pools[i].nodes;
		struct suan_nodes sum = {0};
		bool good = false;
		enum suan_code rc = suan_nodes_define(&sum, n->count, n->cores, n->gpus, n->memory);

		if (rc == SUAN_OK)
			good = verify_pool(p, i, &sum);
		suan_nodes_done(&sum);
		if (rc != SUAN_OK)
			return suan_fail(err, rc, "pool %u: cannot check", i);
		if (!good)
			return suan_fail(err, SUAN_ECORRUPT,
					 "pool %u: counters are not the sum of its runs", i);
		if (!p->pools[i].reshaped && oversold(n))
			return suan_fail(err, SUAN_ECORRUPT,
					 "pool %u: a node holds more than it has", i);
	}
	if (!suan_classes_verify(&p->waiting))
		return suan_fail(err, SUAN_ECORRUPT, "waiting items: order or counters are broken");
	return suan_quotas_verify(p, err) ? SUAN_OK : SUAN_ECORRUPT;
}

size_t suan_planner_memory(const struct suan_planner *p)
{
	size_t bytes = sizeof(*p) + suan_classes_memory(&p->waiting) + suan_window_memory(p);

	for (size_t i = 0; i < p->npools; i++) {
		const struct suan_ppool *o = &p->pools[i];

		bytes += sizeof(*o) + suan_nodes_memory(&o->nodes) +
			 o->ends_cap * sizeof(*o->ends) +
			 (o->base.cap + o->soft.cap + o->hard.cap + o->tried.cap) *
				 sizeof(struct suan_step);
	}
	for (uint32_t i = 0; i < p->nruns; i++) {
		const struct suan_prun *r = suan_prun_at(p, i);

		if (r->pool != SUAN_NO_POOL && r->places != &r->one)
			bytes += r->nplaces * sizeof(*r->places);
	}
	bytes += p->nchunks * SUAN_RUN_CHUNK * sizeof(struct suan_prun);
	bytes += p->starts_cap * sizeof(*p->starts) + p->cands_cap * sizeof(*p->cands);
	bytes += p->planned_cap * sizeof(*p->planned) + p->memos_cap * sizeof(*p->memos);
	bytes += p->bounds_cap * sizeof(*p->bounds);
	bytes += (p->slots.cap + p->slots.before_cap + p->slots.back_cap) *
		 sizeof(struct suan_slot);
	bytes += p->quotas.groups_cap * sizeof(struct suan_group) +
		 p->quotas.sets_cap * sizeof(struct suan_group_set) +
		 p->quotas.members_cap * sizeof(uint32_t);
	bytes += p->taken_cap * sizeof(*p->taken) + p->side_cap * sizeof(*p->side);
	bytes += p->live_cap * sizeof(*p->live) + p->scratch_cap * sizeof(*p->scratch);
	bytes += suan_pushing_memory(p);
	return bytes + p->start_cands_cap * sizeof(*p->start_cands);
}
