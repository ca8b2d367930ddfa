/* One planning pass; the rules are in planner.h.
 *
 * Why a class is tried once: within a pass nodes are only taken and reservations only added, so
 * what makes a start impossible now stays so until the pass ends.
 *   free nodes   only shrink, and exact packing that failed fails again with less;
 *   easy         the protected start of a pool, once there, stays, and starts eat its spare;
 *   conservative hard = soft, which only fills;
 *   fcfs         a pool with a planned start takes nothing more.
 * So once a start of a class found no pool, all later ones of that class are planned or skipped at
 * sight, and so is a whole shape if no pool has the nodes. If only the time was too short (the
 * window before a protected start), the same holds for every duration at least as long.
 * The earliest start of a class in the soft profile of a pool never gets earlier in a pass either
 * (fcfs: its floor only rises), so a value found before is a lower bound and is checked again only
 * when it is the best of all pools (lazy evaluation). So that this holds, "sums say now, nodes say
 * no" is asked when the class is first planned, and its answer (not before the first end) is kept
 * for it.
 * A pass costs O(starts + planned + shapes · pools), plus classes of shapes that could start. */
#include "engine/planner_pass.h"

#include <assert.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"

/* ---- profiles on demand ---- */

static enum suan_code build_soft(struct suan_pass *s, struct suan_ppool *o)
{
	const struct suan_hold *h = &o->first;
	enum suan_code rc;

	if (o->soft_built)
		return SUAN_OK;
	rc = suan_ends_base(s->p, o, s->idle);
	if (rc == SUAN_OK)
		rc = suan_profile_copy(&o->soft, &o->base);
	if (rc == SUAN_OK)
		rc = suan_profile_reserve(&o->soft, &h->vec, h->from, h->to);
	o->soft_built = rc == SUAN_OK;
	return rc;
}

/* The soft profile: while nothing is planned, the runs alone. */
enum suan_code suan_pass_view(struct suan_pass *s, struct suan_ppool *o)
{
	return o->planned > 0 ? build_soft(s, o) : suan_ends_base(s->p, o, s->idle);
}

/* Earliest start in the view of the pool within [from, latest]. */
int64_t suan_pass_search(const struct suan_ppool *o, const struct suan_vec *v, int64_t duration,
			 int64_t from, int64_t latest)
{
	if (o->planned == 0)
		return suan_profile_rising(&o->base, v, from, latest);
	return suan_profile_earliest(&o->soft, v, duration, from, latest);
}

static uint32_t shape_of(const struct suan_planner *p, uint32_t item)
{
	return p->waiting.classes[p->waiting.items[item].class].shape;
}

/* ---- starting ---- */

/* May the policy start it there now? The nodes' sums have room now. */
enum suan_code suan_pass_allowed(struct suan_pass *s, struct suan_ppool *o,
				 const struct suan_vec *v, const struct suan_class *k,
				 enum suan_answer *ret)
{
	int64_t duration = k->duration_ms;
	int64_t end = suan_sat_add(s->now, duration);
	enum suan_code rc = SUAN_OK;

	*ret = SUAN_YES;
	if (o->planned == 0)
		return rc; /* runs only: never less free later */
	switch (s->p->kind) {
	case SUAN_PLAN_FCFS:
		*ret = SUAN_NO;
		break;
	case SUAN_PLAN_CONSERVATIVE:
		rc = build_soft(s, o);
		if (rc == SUAN_OK &&
		    suan_profile_earliest(&o->soft, v, duration, s->now, s->now) != s->now)
			*ret = SUAN_LATER;
		break;
	case SUAN_PLAN_SUAN:
		duration = s->firm ? duration : k->fit_ms;
		if (o->kept > 0 &&
		    suan_profile_earliest(&o->hard, v, duration, s->now, s->now) != s->now)
			*ret = SUAN_LATER;
		break;
	case SUAN_PLAN_EASY:
	case SUAN_NPLANS:
		if (end > o->first.from && !suan_vec_fits(v, &o->spare))
			*ret = SUAN_LATER;
		break;
	}
	return rc;
}

/* Nodes that a new run keeps from falling idle: they are idle from `was` on until its end. */
static enum suan_code move_idle(struct suan_pass *s, struct suan_ppool *o,
				const struct suan_prun *r)
{
	enum suan_code rc = SUAN_OK;

	for (uint32_t k = 0; k < r->nplaces; k++) {
		struct suan_node *node = &o->nodes.list[r->places[k].node];
		int64_t was = node->runs == 1 ? s->now : node->idle_at;
		struct suan_vec one = {0, 0, 0, 1};

		if (was >= r->end_ms)
			continue;
		node->idle_at = r->end_ms;
		if (was <= o->first.from && o->first.from < r->end_ms)
			o->spare.nodes--;
		if (o->soft_built && rc == SUAN_OK)
			rc = suan_profile_reserve(&o->soft, &one, was, r->end_ms);
		if (o->kept > 0 && rc == SUAN_OK)
			rc = suan_profile_reserve(&o->hard, &one, was, r->end_ms);
	}
	return rc;
}

/* Keeps what the pass knows of the pool's future in step with a run that just began. */
static enum suan_code note_start(struct suan_pass *s, struct suan_ppool *o,
				 const struct suan_prun *r)
{
	struct suan_vec v = r->vec;
	enum suan_code rc = SUAN_OK;

	if (o->first_end == SUAN_FOREVER)
		o->first_end = r->end_ms;
	if (o->last_end < r->end_ms)
		o->last_end = r->end_ms;
	if (o->planned == 0)
		return SUAN_OK;
	v.nodes = 0;
	if (r->end_ms > o->first.from)
		suan_vec_sub(&o->spare, &v);
	if (o->soft_built)
		rc = suan_profile_reserve(&o->soft, &v, s->now, r->end_ms);
	if (o->kept > 0 && rc == SUAN_OK)
		rc = suan_profile_reserve(&o->hard, &v, s->now, r->end_ms);
	if (s->idle && rc == SUAN_OK)
		rc = move_idle(s, o, r);
	return rc;
}

static void leave_live(struct suan_planner *p, uint32_t pool)
{
	size_t i = 0;

	while (i < p->nlive && p->live[i] != pool)
		i++;
	if (i == p->nlive)
		return;
	memmove(&p->live[i], &p->live[i + 1], (p->nlive - i - 1) * sizeof(*p->live));
	p->nlive--;
}

/* Earliest start of the class in the pool for candidates; by sums. */
static enum suan_code glance(struct suan_pass *s, uint32_t pool, const struct suan_class *k,
			     bool failed, int64_t *ret)
{
	struct suan_ppool *o = &s->p->pools[pool];
	int64_t from = s->now > o->floor ? s->now : o->floor;
	struct suan_vec v;
	enum suan_code rc;

	suan_nodes_vec(&o->nodes, &s->p->waiting.shapes[k->shape].req, &v);
	*ret = s->now;
	if (!failed && o->planned == 0 && suan_vec_fits(&v, &o->nodes.free))
		return SUAN_OK; /* runs only: never less free later */
	rc = suan_pass_view(s, o);
	if (rc != SUAN_OK)
		return rc;
	*ret = suan_pass_search(o, &v, k->duration_ms, from, SUAN_FOREVER);
	if (failed && *ret == s->now)
		*ret = suan_pass_search(o, &v, k->duration_ms, o->first_end, SUAN_FOREVER);
	return SUAN_OK;
}

static void add_candidate(struct suan_planner *p, size_t first, const struct suan_candidate *c)
{
	size_t i = p->ncands++;

	/* the chosen one stays first, the others follow by start and order */
	for (; i > first + 1 && suan_candidate_better(p, c, &p->cands[i - 1]); i--)
		p->cands[i] = p->cands[i - 1];
	p->cands[i] = *c;
}

/* The candidates of a start in `pool`: that one, then pools by order. */
static enum suan_code note_candidates(struct suan_pass *s, const struct suan_class *k,
				      uint32_t pool, const uint64_t *bits)
{
	struct suan_planner *p = s->p;
	size_t first = p->ncands;
	struct suan_candidate chosen = {pool, SUAN_R_CHOSEN, s->now, 0, 0}, c;

	if (suan_grow(&p->cands, &p->cands_cap, first + SUAN_START_CANDS, sizeof(c)) != SUAN_OK)
		return SUAN_ENOMEM;
	add_candidate(p, first, &chosen);
	for (size_t i = 0; i < p->npools && p->ncands < first + SUAN_START_CANDS; i++) {
		bool before = i < p->pools[pool].order;
		enum suan_code rc;

		memset(&c, 0, sizeof(c));
		c.pool = p->order[i];
		if (c.pool == pool || !suan_bit(bits, c.pool) || p->pools[c.pool].spec.closed)
			continue;
		rc = glance(s, c.pool, k, before, &c.start_ms);
		if (rc != SUAN_OK)
			return rc;
		suan_candidate_lost(p, &chosen, &c);
		add_candidate(p, first, &c);
	}
	return SUAN_OK;
}

/* Equal starts in a row share the candidates of the first. */
static enum suan_code candidates_for(struct suan_pass *s, uint32_t item, uint32_t pool,
				     const uint64_t *bits, uint32_t *ret)
{
	struct suan_planner *p = s->p;
	uint32_t class = p->waiting.items[item].class;

	if (p->nstarts > 0 && p->starts[p->nstarts - 1].pool == pool) {
		uint32_t last = suan_classes_find(&p->waiting, p->starts[p->nstarts - 1].id);

		*ret = p->start_cands[p->nstarts - 1];
		if (p->npools == 1 || p->waiting.items[last].class == class)
			return SUAN_OK;
	}
	*ret = (uint32_t)p->ncands;
	return note_candidates(s, &p->waiting.classes[class], pool, bits);
}

/* Starts the item on the places in scratch. */
static enum suan_code start(struct suan_pass *s, uint32_t item, uint32_t pool, uint32_t nplaces,
			    const uint64_t *bits)
{
	struct suan_planner *p = s->p;
	const struct suan_waiting *w = &p->waiting.items[item];
	const struct suan_class *k = &p->waiting.classes[w->class];
	struct suan_ppool *o = &p->pools[pool];
	struct suan_prun r = {0};
	struct suan_start *st;
	uint32_t run, cands = 0;
	enum suan_code rc;

	r.req = p->waiting.shapes[k->shape].req;
	r.start_ms = s->now;
	r.duration_ms = k->duration_ms;
	r.limit_ms = k->limit_ms;
	r.end_ms = suan_run_end(s->now, k->duration_ms, k->limit_ms, s->now);
	r.pool = pool;
	r.nplaces = nplaces;
	suan_nodes_vec(&o->nodes, &r.req, &r.vec);
	rc = suan_grow(&p->starts, &p->starts_cap, p->nstarts + 1, sizeof(*p->starts));
	if (rc == SUAN_OK)
		rc = suan_grow(&p->start_cands, &p->start_cands_cap, p->nstarts + 1,
			       sizeof(*p->start_cands));
	if (rc == SUAN_OK)
		rc = candidates_for(s, item, pool, bits, &cands);
	if (rc == SUAN_OK)
		rc = suan_run_open(p, &r, p->scratch, &run);
	if (rc != SUAN_OK)
		return rc;
	st = &p->starts[p->nstarts];
	memset(st, 0, sizeof(*st));
	st->id = w->id;
	st->pool = pool;
	st->run = run;
	st->places = suan_prun_at(p, run)->places;
	st->nplaces = nplaces;
	p->start_cands[p->nstarts++] = cands;
	if (o->nodes.free.cores <= 0)
		leave_live(p, pool);
	return note_start(s, o, suan_prun_at(p, run));
}

/* Nodes for the request in the pool, in scratch; *ret = 0: none. */
static enum suan_code pack(struct suan_planner *p, struct suan_ppool *o, const struct suan_req *req,
			   uint32_t *ret)
{
	enum suan_code rc = suan_grow(&p->scratch, &p->scratch_cap, suan_nodes_most(&o->nodes, req),
				      sizeof(*p->scratch));

	*ret = rc == SUAN_OK ? suan_nodes_find(&o->nodes, req, p->scratch) : 0;
	return rc;
}

static enum suan_code try_pool(struct suan_pass *s, uint32_t item, uint32_t pool,
			       const uint64_t *bits, enum suan_answer *ret)
{
	struct suan_planner *p = s->p;
	const struct suan_class *k = &p->waiting.classes[p->waiting.items[item].class];
	const struct suan_req *req = &p->waiting.shapes[k->shape].req;
	struct suan_ppool *o = &p->pools[pool];
	enum suan_code rc;
	struct suan_vec v;
	uint32_t nplaces;

	*ret = SUAN_NO;
	if (!suan_bit(bits, pool))
		return SUAN_OK;
	suan_nodes_vec(&o->nodes, req, &v);
	if (!suan_vec_fits(&v, &o->nodes.free))
		return SUAN_OK;
	rc = suan_pass_allowed(s, o, &v, k, ret);
	if (rc != SUAN_OK || *ret != SUAN_YES)
		return rc;
	rc = pack(p, o, req, &nplaces);
	*ret = SUAN_NO;
	if (rc != SUAN_OK || nplaces == 0)
		return rc;
	*ret = SUAN_YES;
	return start(s, item, pool, nplaces, bits);
}

static enum suan_code try_best(struct suan_pass *s, uint32_t item, const uint64_t *bits, bool *ret,
			       bool *ret_later)
{
	struct suan_planner *p = s->p;
	const struct suan_class *k = &p->waiting.classes[p->waiting.items[item].class];
	size_t words = (p->npools + 63) / 64;
	enum suan_code rc = suan_grow(&p->tried, &p->tried_cap, words, sizeof(*p->tried));
	enum suan_answer answer = SUAN_NO;
	uint32_t pool;

	if (rc == SUAN_OK)
		memset(p->tried, 0, words * sizeof(*p->tried));
	while (rc == SUAN_OK && answer != SUAN_YES) {
		rc = suan_pass_best_pool(s, k, bits, &pool, ret_later);
		if (rc != SUAN_OK || pool == SUAN_NO_POOL)
			break;
		rc = try_pool(s, item, pool, bits, &answer);
		p->tried[pool / 64] |= UINT64_C(1) << (pool % 64);
	}
	*ret = answer == SUAN_YES;
	return rc;
}

static enum suan_code try_in_order(struct suan_pass *s, uint32_t item, const uint64_t *bits,
				   bool *ret, bool *ret_later)
{
	struct suan_planner *p = s->p;
	enum suan_answer answer = SUAN_NO;
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < p->nlive && rc == SUAN_OK && answer != SUAN_YES; i++) {
		rc = try_pool(s, item, p->live[i], bits, &answer);
		*ret_later |= answer == SUAN_LATER;
	}
	*ret = answer == SUAN_YES;
	return rc;
}

/* Starts the item once if some pool takes it now; else blocks its class, shape or duration. */
static enum suan_code try_start(struct suan_pass *s, uint32_t item, bool *ret)
{
	struct suan_planner *p = s->p;
	struct suan_class *k = &p->waiting.classes[p->waiting.items[item].class];
	struct suan_shape *h = &p->waiting.shapes[k->shape];
	const uint64_t *bits;
	bool later = false;
	enum suan_code rc;

	*ret = false;
	if (k->blocked_pass == p->pass || h->blocked_pass == p->pass ||
	    (h->long_pass == p->pass && k->duration_ms >= h->blocked_ms &&
	     k->fit_ms >= h->blocked_fit_ms))
		return SUAN_OK;
	bits = suan_shape_pools(p, k->shape);
	if (!bits)
		return SUAN_ENOMEM;
	rc = p->kind == SUAN_PLAN_SUAN ? try_best(s, item, bits, ret, &later)
				       : try_in_order(s, item, bits, ret, &later);
	if (rc != SUAN_OK || *ret)
		return rc;
	k->blocked_pass = p->pass;
	if (later) {
		h->long_pass = p->pass;
		h->blocked_ms = k->duration_ms;
		h->blocked_fit_ms = k->fit_ms;
	} else {
		h->blocked_pass = p->pass;
		s->blocked++;
	}
	return SUAN_OK;
}

/* ---- planning ---- */

struct best {
	uint32_t pool;
	int64_t at;
	struct suan_vec vec;
};

/* Earliest start in a pool by the soft profile, from *at to `latest`, into *at. Where the sums say
 * now the packing has said no: then not before something ends there. */
static enum suan_code earliest_in(struct suan_pass *s, const struct suan_class *k, uint32_t pool,
				  int64_t *at, int64_t latest)
{
	struct suan_ppool *o = &s->p->pools[pool];
	struct suan_vec v;
	enum suan_code rc = suan_pass_view(s, o);
	int64_t from = *at > o->floor ? *at : o->floor;

	if (rc != SUAN_OK)
		return rc;
	suan_nodes_vec(&o->nodes, &s->p->waiting.shapes[k->shape].req, &v);
	*at = suan_pass_search(o, &v, k->duration_ms, from, latest);
	if (*at == s->now)
		*at = suan_pass_search(o, &v, k->duration_ms, o->first_end, latest);
	return SUAN_OK;
}

static bool out(const struct suan_planner *p, const uint64_t *bits, uint32_t pool)
{
	return !suan_bit(bits, pool) || p->pools[pool].spec.closed != SUAN_R_NONE;
}

/* For a class with one start: nothing to remember. */
static enum suan_code choose_once(struct suan_pass *s, const struct suan_class *k,
				  const uint64_t *bits, struct best *ret)
{
	struct suan_planner *p = s->p;

	for (size_t i = 0; i < p->npools; i++) {
		int64_t at = s->now;
		enum suan_code rc;

		if (out(p, bits, p->order[i]))
			continue;
		rc = earliest_in(s, k, p->order[i], &at, ret->at - 1);
		if (rc != SUAN_OK)
			return rc;
		if (at < ret->at) {
			ret->at = at;
			ret->pool = p->order[i];
		}
	}
	return SUAN_OK;
}

static enum suan_code fill_memo(struct suan_pass *s, struct suan_class *k, const uint64_t *bits)
{
	struct suan_planner *p = s->p;
	enum suan_code rc =
		suan_grow(&p->memos, &p->memos_cap, (p->nmemos + 1) * p->npools, sizeof(*p->memos));

	for (size_t i = 0; i < p->npools && rc == SUAN_OK; i++) {
		int64_t *at = &p->memos[p->nmemos * p->npools + i];

		*at = SUAN_FOREVER;
		if (out(p, bits, p->order[i]))
			continue;
		*at = s->now;
		rc = earliest_in(s, k, p->order[i], at, SUAN_FOREVER);
	}
	if (rc == SUAN_OK) {
		k->memo = (uint32_t)p->nmemos++;
		k->memo_pass = p->pass;
	}
	return rc;
}

static enum suan_code choose_again(struct suan_pass *s, struct suan_class *k, const uint64_t *bits,
				   struct best *ret)
{
	struct suan_planner *p = s->p;
	int64_t *memo;
	enum suan_code rc = k->memo_pass == p->pass ? SUAN_OK : fill_memo(s, k, bits);

	while (rc == SUAN_OK) {
		size_t best = 0;
		int64_t before;

		memo = &p->memos[(size_t)k->memo * p->npools];
		for (size_t i = 1; i < p->npools; i++)
			if (memo[i] < memo[best])
				best = i;
		before = memo[best];
		if (before == SUAN_FOREVER)
			break;
		rc = earliest_in(s, k, p->order[best], &memo[best], SUAN_FOREVER);
		assert(memo[best] >= before);
		if (memo[best] == before) {
			ret->pool = p->order[best];
			ret->at = before;
			break;
		}
	}
	return rc;
}

/* For a start that suan protects: least waiting, with what would stand idle meanwhile. */
static enum suan_code choose_kept(struct suan_pass *s, uint32_t item, const uint64_t *bits,
				  struct best *ret)
{
	struct suan_planner *p = s->p;
	const struct suan_waiting *w = &p->waiting.items[item];
	struct suan_class *k = &p->waiting.classes[w->class];
	enum suan_code rc = SUAN_OK;
	int64_t least = SUAN_FOREVER;
	bool many = k->starts > 1; /* what was found for the first holds for all */

	if (many && k->memo_pass != p->pass)
		rc = fill_memo(s, k, bits);
	for (size_t i = 0; i < p->npools && rc == SUAN_OK; i++) {
		struct suan_ppool *o = &p->pools[p->order[i]];
		int64_t first = s->now, cost, at;
		int64_t *from = many ? &p->memos[(size_t)k->memo * p->npools + i] : &first;
		struct suan_vec v;

		if (out(p, bits, p->order[i]) || *from == SUAN_FOREVER)
			continue;
		rc = earliest_in(s, k, p->order[i], from, SUAN_FOREVER);
		at = *from;
		if (rc != SUAN_OK || at == SUAN_FOREVER)
			continue;
		suan_nodes_vec(&o->nodes, &p->waiting.shapes[k->shape].req, &v);
		cost = at - s->now;
		if (s->now < w->firm_ms)
			cost = suan_sat_add(cost,
					    suan_pass_idle_area(o, s->now, at) / v.cores * 3 / 2);
		if (cost < least) {
			least = cost;
			ret->at = at;
			ret->pool = p->order[i];
		}
	}
	return rc;
}

static enum suan_code keep(struct suan_pass *s, struct suan_ppool *o, const struct suan_hold *h)
{
	enum suan_code rc = o->kept > 0 ? SUAN_OK : suan_profile_copy(&o->hard, &o->base);

	if (rc == SUAN_OK)
		rc = suan_profile_reserve(&o->hard, &h->vec, h->from, h->to);
	if (rc != SUAN_OK)
		return rc;
	o->kept++;
	s->kept++;
	return SUAN_OK;
}

/* Puts a planned start into its pool. */
static enum suan_code hold(struct suan_pass *s, uint32_t item, const struct best *b)
{
	const struct suan_class *k = &s->p->waiting.classes[s->p->waiting.items[item].class];
	struct suan_ppool *o = &s->p->pools[b->pool];
	struct suan_hold h = {b->at, suan_sat_add(b->at, k->duration_ms), {0}};

	suan_nodes_vec(&o->nodes, &s->p->waiting.shapes[k->shape].req, &h.vec);
	if (o->planned > 0) {
		enum suan_code rc = build_soft(s, o);

		if (rc == SUAN_OK)
			rc = suan_profile_reserve(&o->soft, &h.vec, h.from, h.to);
		if (rc != SUAN_OK)
			return rc;
	} else {
		o->first = h;
		o->spare = *suan_profile_at(&o->base, h.from);
		suan_vec_sub(&o->spare, &h.vec);
	}
	if (s->p->kind == SUAN_PLAN_SUAN && s->kept < s->most_kept) {
		enum suan_code rc = keep(s, o, &h);

		if (rc != SUAN_OK)
			return rc;
	}
	if (s->p->kind == SUAN_PLAN_FCFS) {
		o->floor = h.from;
		leave_live(s->p, b->pool); /* closed for the rest of the pass */
	}
	o->planned++;
	s->planned++;
	s->p->planned[s->p->nplanned].pool = b->pool;
	s->p->planned[s->p->nplanned].hold = h;
	if (s->p->kind == SUAN_PLAN_CONSERVATIVE)
		return suan_slots_add(s->p, item, b->pool, &h);
	return SUAN_OK;
}

/* Plans one start of the item; *ret false: no open pool will ever take it. */
static enum suan_code plan(struct suan_pass *s, uint32_t item, bool *ret)
{
	struct suan_planner *p = s->p;
	struct suan_waiting *w = &p->waiting.items[item];
	struct suan_class *k = &p->waiting.classes[w->class];
	const uint64_t *bits = suan_shape_pools(p, k->shape);
	struct best b = {SUAN_NO_POOL, SUAN_FOREVER, {0}};
	enum suan_code rc = SUAN_ENOMEM;

	*ret = false;
	if (bits)
		rc = suan_grow(&p->planned, &p->planned_cap, p->nplanned + 1, sizeof(*p->planned));
	if (rc == SUAN_OK && p->kind == SUAN_PLAN_SUAN)
		rc = suan_pass_held_back(s, k, bits, ret);
	if (rc != SUAN_OK || *ret)
		return rc;
	if (p->kind == SUAN_PLAN_SUAN && s->kept < s->most_kept)
		rc = choose_kept(s, item, bits, &b);
	else
		rc = k->starts > 1 ? choose_again(s, k, bits, &b) : choose_once(s, k, bits, &b);
	if (rc != SUAN_OK || b.pool == SUAN_NO_POOL)
		return rc;
	assert(b.at > s->now);
	rc = hold(s, item, &b);
	if (rc != SUAN_OK)
		return rc;
	*ret = true;
	if (p->kind == SUAN_PLAN_CONSERVATIVE)
		return SUAN_OK; /* its slot says it */
	p->planned[p->nplanned].id = w->id;
	p->planned[p->nplanned].key = w->key;
	p->planned[p->nplanned++].priority = w->priority;
	if (w->planned_pass != p->pass) {
		w->planned_pass = p->pass;
		w->planned_pool = b.pool;
		w->planned_ms = b.at;
		w->ahead = s->seen < UINT32_MAX ? (uint32_t)s->seen : UINT32_MAX;
		p->pools[b.pool].waiting++;
	}
	return SUAN_OK;
}

/* ---- the walk ---- */

static bool side_before(const struct suan_planner *p, size_t a, size_t b)
{
	return suan_classes_before(&p->waiting, p->side[a], p->side[b]);
}

static void side_swap(struct suan_planner *p, size_t a, size_t b)
{
	uint32_t item = p->side[a];

	p->side[a] = p->side[b];
	p->side[b] = item;
}

static enum suan_code side_push(struct suan_planner *p, uint32_t item)
{
	enum suan_code rc = suan_grow(&p->side, &p->side_cap, p->nside + 1, sizeof(*p->side));
	size_t i = p->nside;

	if (rc != SUAN_OK)
		return rc;
	p->side[p->nside++] = item;
	for (; i > 0 && side_before(p, i, (i - 1) / 2); i = (i - 1) / 2)
		side_swap(p, i, (i - 1) / 2);
	return SUAN_OK;
}

static void side_pop(struct suan_planner *p)
{
	size_t i = 0;

	p->side[0] = p->side[--p->nside];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < p->nside && side_before(p, child + 1, child))
			child++;
		if (child >= p->nside || !side_before(p, child, i))
			return;
		side_swap(p, i, child);
		i = child;
	}
}

/* Starts and plans what the item wants. *ret: items of its class behind it are worth a look. */
static enum suan_code visit(struct suan_pass *s, uint32_t item, bool *ret)
{
	struct suan_planner *p = s->p;
	const struct suan_waiting *w = &p->waiting.items[item];
	uint32_t wanted = w->count - w->slots - w->due, left = wanted;
	bool more = true, done = true;
	enum suan_code rc = SUAN_OK;

	*ret = true;
	while (left > 0 && rc == SUAN_OK) {
		rc = try_start(s, item, &done);
		if (rc != SUAN_OK || !done)
			break;
		left--;
	}
	if (left < wanted) {
		p->taken[p->ntaken].item = item;
		p->taken[p->ntaken++].count = wanted - left;
	}
	if (left > 0)
		*ret = s->planned < s->depth;
	for (; left > 0 && more && rc == SUAN_OK && s->planned < s->depth; left--)
		rc = plan(s, item, &more);
	s->seen += !done;
	if (!more) {
		*ret = false;
		s->seen += p->waiting.classes[w->class].items - 1;
	}
	return rc;
}

static enum suan_code walk(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	uint32_t head = suan_classes_first(&p->waiting), item;
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK && (head != SUAN_NO_ITEM || p->nside > 0)) {
		bool more;

		if (s->planned >= s->depth &&
		    (p->nlive == 0 || s->blocked == p->waiting.used_shapes))
			break; /* nothing more to start, nothing more to plan */
		if (p->nside == 0 ||
		    (head != SUAN_NO_ITEM && suan_classes_before(&p->waiting, head, p->side[0]))) {
			item = head;
			head = suan_classes_next_head(&p->waiting, head);
		} else {
			item = p->side[0];
			side_pop(p);
		}
		rc = suan_grow(&p->taken, &p->taken_cap, p->ntaken + 1, sizeof(*p->taken));
		if (rc == SUAN_OK)
			rc = visit(s, item, &more);
		if (rc != SUAN_OK || !more)
			continue;
		item = suan_classes_next_same(&p->waiting, item);
		if (item != SUAN_NO_ITEM)
			rc = side_push(p, item);
	}
	return rc;
}

/* Starts the slots whose time has come. What the nodes cannot take waits without a slot. */
static enum suan_code start_due(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	struct suan_slot slot;
	size_t i = 0;
	bool any = true;
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK) {
		const uint64_t *bits;
		enum suan_answer answer;

		rc = suan_slots_due(p, s->now, &i, &slot, &any);
		if (rc != SUAN_OK || !any)
			break;
		bits = suan_shape_pools(p, shape_of(p, slot.item));
		if (!bits)
			return SUAN_ENOMEM;
		rc = suan_grow(&p->taken, &p->taken_cap, p->ntaken + 1, sizeof(*p->taken));
		if (rc == SUAN_OK)
			rc = try_pool(s, slot.item, slot.pool, bits, &answer);
		if (rc != SUAN_OK || answer != SUAN_YES)
			continue;
		p->waiting.items[slot.item].due++;
		p->taken[p->ntaken].item = slot.item;
		p->taken[p->ntaken++].count = 1;
	}
	return rc;
}

static enum suan_code conservative(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	enum suan_code rc = suan_slots_begin(p, s->now, s->idle);
	uint64_t started = 0;

	if (rc == SUAN_OK)
		rc = start_due(s);
	for (size_t i = 0; i < p->ntaken; i++)
		started += p->taken[i].count;
	s->planned = (uint32_t)p->slots.count;
	if (rc == SUAN_OK && p->waiting.starts > p->slots.count + started)
		rc = walk(s);
	return rc;
}

/* ---- begin and end ---- */

static enum suan_code begin(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	uint32_t first;

	if (suan_grow(&p->live, &p->live_cap, p->npools, sizeof(*p->live)) != SUAN_OK)
		return SUAN_ENOMEM;
	p->pass++;
	p->now_ms = s->now;
	p->nstarts = p->ncands = p->ntaken = p->nplanned = p->nmemos = p->nside = p->nlive = 0;
	for (size_t i = 0; i < p->npools; i++) {
		struct suan_ppool *o = &p->pools[p->order[i]];

		suan_ends_refresh(p, o, s->now);
		o->soft_built = false;
		o->planned = o->waiting = o->kept = 0;
		o->last_end = o->nends > 0 ? o->ends[o->nends - 1].end_ms : s->now;
		o->first_end = o->nends > 0 ? o->ends[0].end_ms : SUAN_FOREVER;
		o->floor = INT64_MIN;
		s->most_kept += o->spec.closed == SUAN_R_NONE && s->most_kept < SUAN_MOST_KEPT;
		if (o->spec.closed == SUAN_R_NONE && o->nodes.free.cores > 0)
			p->live[p->nlive++] = p->order[i];
	}
	s->depth = p->depth;
	if (p->kind != SUAN_PLAN_CONSERVATIVE && s->depth < p->npools)
		s->depth = (uint32_t)p->npools;
	s->idle = p->waiting.exclusive > 0;
	first = suan_classes_first(&p->waiting);
	s->firm = first != SUAN_NO_ITEM && p->waiting.items[first].firm_ms <= s->now;
	return SUAN_OK;
}

static void undo(struct suan_planner *p)
{
	while (p->nstarts > 0)
		suan_run_close(p, p->starts[--p->nstarts].run);
	for (size_t i = 0; i < p->npools; i++)
		p->pools[i].waiting = 0;
	p->nplanned = p->ncands = 0;
	for (size_t i = 0; i < p->ntaken; i++)
		p->waiting.items[p->taken[i].item].due = 0;
	suan_planner_revert(p);
	p->pass++; /* what was noted in items is void */
}

static void commit(struct suan_planner *p)
{
	size_t end = p->ncands;

	for (size_t i = p->nstarts; i-- > 0;) {
		if (i + 1 < p->nstarts && p->start_cands[i + 1] > p->start_cands[i])
			end = p->start_cands[i + 1];
		p->starts[i].cands = &p->cands[p->start_cands[i]];
		p->starts[i].ncands = (uint32_t)(end - p->start_cands[i]);
	}
	for (size_t i = 0; i < p->ntaken; i++)
		p->waiting.items[p->taken[i].item].due = 0;
	for (size_t i = 0; i < p->ntaken; i++)
		suan_classes_lower(&p->waiting, p->taken[i].item, p->taken[i].count);
}

enum suan_code suan_planner_pass(struct suan_planner *p, int64_t now_ms,
				 const struct suan_start **ret, uint32_t *ret_n, int64_t *ret_wake)
{
	struct suan_pass s = {.p = p, .now = now_ms};
	enum suan_code rc = begin(&s);
	int64_t wake = SUAN_FOREVER;

	if (rc != SUAN_OK)
		return rc;
	rc = p->kind == SUAN_PLAN_CONSERVATIVE ? conservative(&s) : walk(&s);
	if (rc != SUAN_OK) {
		undo(p);
		return rc;
	}
	commit(p);
	for (size_t i = 0; i < p->npools && p->waiting.count > 0; i++) {
		struct suan_ppool *o = &p->pools[i];

		suan_ends_flush(o);
		if (o->nends > 0 && o->ends[0].end_ms < wake)
			wake = o->ends[0].end_ms;
	}
	for (size_t i = 0; i < p->slots.count; i++)
		if (p->slots.list[i].from < wake)
			wake = p->slots.list[i].from;
	*ret = p->starts;
	*ret_n = (uint32_t)p->nstarts;
	*ret_wake = wake;
	return SUAN_OK;
}
