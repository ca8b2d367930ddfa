/* Starting in a pass: may the policy start it now, in which pool, on which nodes, and with which
 * candidates; rules in planner.h. */
#include "engine/planner_pass.h"

#include <assert.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"

/* ---- profiles on demand ---- */

/* The pool's soft profile, if it is not there yet. */
enum suan_code suan_pass_soft(struct suan_pass *s, struct suan_ppool *o)
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
	return o->planned > 0 ? suan_pass_soft(s, o) : suan_ends_base(s->p, o, s->idle);
}

/* Earliest start in the view of the pool within [from, latest]. */
int64_t suan_pass_search(const struct suan_ppool *o, const struct suan_vec *v, int64_t duration,
			 int64_t from, int64_t latest)
{
	if (o->planned == 0 && o->nwindows == 0)
		return suan_profile_rising(&o->base, v, from, latest);
	return suan_profile_earliest(o->planned == 0 ? &o->base : &o->soft, v, duration, from,
				     latest);
}

/* ---- starting ---- */

/* May the policy start it there now? The nodes' sums have room now. */
enum suan_code suan_pass_allowed(struct suan_pass *s, struct suan_ppool *o,
				 const struct suan_vec *v, const struct suan_class *k,
				 enum suan_answer *ret)
{
	int64_t duration = suan_pool_length(o, k->duration_ms, k->limit_ms);
	int64_t end = suan_sat_add(s->now, duration);
	enum suan_code rc = SUAN_OK;

	*ret = SUAN_YES;
	if (o->planned == 0 && o->nwindows > 0 && suan_nodes_loose(&o->nodes)) {
		/* which of the nodes runs without numbers leave beside windows, the sums say */
		rc = suan_ends_base(s->p, o, s->idle);
		if (rc == SUAN_OK &&
		    suan_profile_earliest(&o->base, v, duration, s->now, s->now) != s->now)
			*ret = SUAN_LATER;
		return rc;
	}
	if (o->planned == 0)
		return rc; /* runs only: never less free later; the nodes know of windows */
	switch (s->p->kind) {
	case SUAN_PLAN_FCFS:
		*ret = SUAN_NO;
		break;
	case SUAN_PLAN_CONSERVATIVE:
		rc = suan_pass_soft(s, o);
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
		if (o->kept > 0) {	/* there are windows: less may be free later */
			if (suan_profile_earliest(&o->hard, v, duration, s->now, s->now) != s->now)
				*ret = SUAN_LATER;
		} else if (end > o->first.from && !suan_vec_fits(v, &o->spare))
			*ret = SUAN_LATER;
		break;
	}
	return rc;
}

/* Nodes that a new run keeps from falling idle: they are idle from `was` on until its end; nobody
 * saw that before `from`. */
static enum suan_code move_idle(struct suan_pass *s, struct suan_ppool *o,
				const struct suan_prun *r, int64_t from)
{
	enum suan_code rc = SUAN_OK;

	for (uint32_t k = 0; k < r->nplaces; k++) {
		struct suan_vec one = {.nodes = 1};
		struct suan_node *node;
		int64_t was;

		if (r->places[k].node == SUAN_NO_NODE)
			continue;
		node = &o->nodes.list[r->places[k].node];
		was = node->runs == 1 ? s->now : node->idle_at;

		if (was >= r->end_ms)
			continue;
		node->idle_at = r->end_ms;
		was = was > from ? was : from;
		if (was >= r->end_ms)
			continue;
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
	const struct suan_pwindow *w = r->group ? suan_window_find(s->p, r->group) : NULL;
	int64_t from = w ? w->w.to_ms : s->now;	/* until then the others do not see the nodes */
	struct suan_vec v = r->vec;
	enum suan_code rc = SUAN_OK;

	if (o->first_end == SUAN_FOREVER)
		o->first_end = r->end_ms;
	if (o->last_end < r->end_ms)
		o->last_end = r->end_ms;
	suan_bounds_void(s->p, r->pool);
	if (o->planned == 0 || from >= r->end_ms)
		return SUAN_OK;
	if (w)
		s->p->slots.valid = false; /* a late one may be in the way of slots */
	v.nodes = 0;
	if (r->end_ms > o->first.from)
		suan_vec_sub(&o->spare, &v);
	if (o->soft_built)
		rc = suan_profile_reserve(&o->soft, &v, from, r->end_ms);
	if (o->kept > 0 && rc == SUAN_OK)
		rc = suan_profile_reserve(&o->hard, &v, from, r->end_ms);
	if (s->idle && rc == SUAN_OK)
		rc = move_idle(s, o, r, from);
	return rc;
}

void suan_pass_close(struct suan_planner *p, uint32_t pool)
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
	int64_t from = s->now > o->floor ? s->now : o->floor, length;
	int64_t arrival = suan_arrival_at(s->p, s->p->waiting.shapes[k->shape].arrivals, pool);
	struct suan_vec v;
	enum suan_code rc;

	suan_nodes_vec(&o->nodes, &s->p->waiting.shapes[k->shape].req, &v);
	from = from > arrival ? from : arrival;
	*ret = from;
	if (from == SUAN_FOREVER)
		return SUAN_OK;
	if (!failed && from == s->now && o->planned == 0 && o->nwindows == 0 &&
	    suan_vec_fits(&v, &o->nodes.free))
		return SUAN_OK; /* runs only: never less free later */
	rc = suan_pass_view(s, o);
	if (rc != SUAN_OK)
		return rc;
	length = suan_pool_length(o, k->duration_ms, k->limit_ms);
	*ret = suan_pass_search(o, &v, length, from, SUAN_FOREVER);
	if (failed && *ret == s->now)
		*ret = suan_pass_search(o, &v, length, o->first_end, SUAN_FOREVER);
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

	*ret = (uint32_t)p->ncands;
	if (p->silent)
		return SUAN_OK;
	if (p->nstarts > 0 && p->starts[p->nstarts - 1].pool == pool) {
		uint32_t last = suan_classes_find(&p->waiting, p->starts[p->nstarts - 1].id);

		*ret = p->start_cands[p->nstarts - 1];
		if (p->npools == 1 || p->waiting.items[last].class == class)
			return SUAN_OK;
	}
	*ret = (uint32_t)p->ncands;
	return note_candidates(s, &p->waiting.classes[class], pool, bits);
}

enum suan_code suan_pass_start(struct suan_pass *s, uint32_t item, uint32_t pool, uint32_t nplaces,
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
	r.group = p->waiting.shapes[k->shape].group;
	r.start_ms = s->now;
	r.duration_ms = k->duration_ms;
	r.limit_ms = k->limit_ms;
	r.end_ms = suan_run_end(s->now, k->duration_ms, k->limit_ms, s->now);
	r.pool = pool;
	r.nplaces = nplaces;
	r.quota = k->quota;
	r.push = k->push;
	r.id = w->id;
	r.priority = w->priority;
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
		suan_pass_close(p, pool);
	return note_start(s, o, suan_prun_at(p, run));
}

enum suan_code suan_pass_pack(struct suan_pass *s, struct suan_ppool *o, const struct suan_class *k,
			      uint32_t *ret)
{
	struct suan_planner *p = s->p;
	const struct suan_shape *h = &p->waiting.shapes[k->shape];
	const int64_t span[2] = {s->now, suan_sat_add(s->now, k->limit_ms)};
	const uint64_t *hidden = NULL;
	enum suan_code rc = suan_grow(&p->scratch, &p->scratch_cap,
				      suan_nodes_most(&o->nodes, &h->req), sizeof(*p->scratch));

	*ret = 0;
	if (rc == SUAN_OK && o->nwindows > 0)
		rc = suan_grow(&p->hidden, &p->hidden_cap, suan_window_words(o),
			       sizeof(*p->hidden));
	if (rc != SUAN_OK)
		return rc;
	if (o->nwindows > 0)
		hidden = suan_window_hide(p, o, h->group, span, p->hidden);
	*ret = hidden ? suan_nodes_find_but(&o->nodes, &h->req, hidden, p->scratch)
		      : suan_nodes_find(&o->nodes, &h->req, p->scratch);
	return rc;
}

enum suan_code suan_pass_try_pool(struct suan_pass *s, uint32_t item, uint32_t pool,
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
	if (!suan_bit(bits, pool) ||
	    suan_arrival_at(p, p->waiting.shapes[k->shape].arrivals, pool) > s->now)
		return SUAN_OK;
	suan_nodes_vec(&o->nodes, req, &v);
	if (!suan_vec_fits(&v, &o->nodes.free))
		return SUAN_OK;
	if (k->quota && !suan_quotas_room(p, k->quota, &v, false)) {
		s->shut = true;
		return SUAN_OK;
	}
	rc = suan_pass_allowed(s, o, &v, k, ret);
	if (rc != SUAN_OK || *ret != SUAN_YES)
		return rc;
	rc = suan_pass_pack(s, o, k, &nplaces);
	*ret = o->nwindows > 0 ? SUAN_LATER : SUAN_NO;
	if (rc != SUAN_OK || nplaces == 0)
		return rc;
	*ret = SUAN_YES;
	return suan_pass_start(s, item, pool, nplaces, bits);
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
		rc = suan_pass_try_pool(s, item, pool, bits, &answer);
		*ret_later |= answer == SUAN_LATER;
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
		rc = suan_pass_try_pool(s, item, p->live[i], bits, &answer);
		*ret_later |= answer == SUAN_LATER;
	}
	*ret = answer == SUAN_YES;
	return rc;
}

/* Starts the item once if some pool takes it now; else blocks its class, shape or duration. */
enum suan_code suan_pass_try_start(struct suan_pass *s, uint32_t item, bool *ret)
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
	     k->fit_ms >= h->blocked_fit_ms && k->limit_ms >= h->blocked_limit_ms))
		return SUAN_OK;
	bits = suan_shape_pools(p, k->shape);
	if (!bits)
		return SUAN_ENOMEM;
	s->shut = suan_quotas_block(p, k, bits, false);
	if (s->shut) {
		k->blocked_pass = p->pass;
		return SUAN_OK;
	}
	rc = p->kind == SUAN_PLAN_SUAN ? try_best(s, item, bits, ret, &later)
				       : try_in_order(s, item, bits, ret, &later);
	if (rc != SUAN_OK || *ret)
		return rc;
	k->blocked_pass = p->pass;
	if (s->shut)
		return SUAN_OK; /* others of the shape may have room */
	if (later) {
		h->long_pass = p->pass;
		h->blocked_ms = k->duration_ms;
		h->blocked_fit_ms = k->fit_ms;
		h->blocked_limit_ms = p->nwindows > 0 ? k->limit_ms : 0;
	} else {
		h->blocked_pass = p->pass;
		s->blocked++;
	}
	return SUAN_OK;
}
