/* Items of a group in a pass: they start and are planned in their window alone, in order, and
 * conservatively: what is planned for earlier ones is not put off (planner.h). Others see nothing
 * of it, so the policy has no say here. */
#include "engine/planner_pass.h"

#include "base/grow.h"
#include "base/num.h"

enum suan_reason suan_group_excludes(const struct suan_planner *p, uint32_t pool,
				     const struct suan_ask *normal, int64_t *a, int64_t *b)
{
	const struct suan_pwindow *w = suan_window_find(p, normal->group);
	struct suan_nodes nodes;
	int64_t longest;

	*a = *b = 0;
	if (!w || w->w.pool != pool)
		return SUAN_R_NOT_ALLOWED;
	longest = w->w.to_ms - w->w.from_ms;
	nodes = p->pools[pool].nodes; /* only its shape is looked at */
	nodes.usable = suan_window_usable(p, w);
	if (normal->limit_ms > longest) {
		*a = normal->limit_ms;
		*b = longest;
		return SUAN_R_TOO_LONG;
	}
	return suan_nodes_admit(&nodes, &normal->req, a, b);
}

/* What is free in the window, less what is planned for the group. */
static enum suan_code view(struct suan_pass *s, struct suan_pwindow *w)
{
	enum suan_code rc = SUAN_OK;

	if (w->built)
		return rc;
	rc = suan_window_profile(s->p, w, s->now, &w->soft);
	for (size_t i = 0; i < w->nholds && rc == SUAN_OK; i++) {
		const struct suan_hold *h = &w->holds[i].hold;

		rc = suan_profile_reserve(&w->soft, &h->vec, h->from, h->to);
	}
	w->built = rc == SUAN_OK;
	return rc;
}

static const struct suan_class *class_of(const struct suan_planner *p, uint32_t item)
{
	return &p->waiting.classes[p->waiting.items[item].class];
}

static enum suan_code try_start(struct suan_pass *s, uint32_t item, struct suan_pwindow *w,
				const uint64_t *bits, bool *ret)
{
	struct suan_planner *p = s->p;
	const struct suan_class *k = class_of(p, item);
	struct suan_ppool *o = &p->pools[w->w.pool];
	uint32_t nplaces = 0;
	struct suan_vec v;
	enum suan_code rc = SUAN_OK;

	*ret = false;
	if (s->now < w->w.from_ms || s->now > suan_window_latest(&w->w, k->limit_ms) ||
	    suan_arrival_at(p, p->waiting.shapes[k->shape].arrivals, w->w.pool) > s->now)
		return rc;
	suan_nodes_vec(&o->nodes, &p->waiting.shapes[k->shape].req, &v);
	if (k->quota && !suan_quotas_room(p, k->quota, &v, false))
		return rc;
	if (w->nholds > 0) {
		rc = view(s, w);
		if (rc != SUAN_OK ||
		    suan_profile_earliest(&w->soft, &v, k->limit_ms, s->now, s->now) != s->now)
			return rc;
	}
	rc = suan_pass_pack(s, o, k, &nplaces);
	if (rc != SUAN_OK || nplaces == 0)
		return rc;
	*ret = true;
	w->built = false;
	return suan_pass_start(s, item, w->w.pool, nplaces, bits);
}

/* The first time after now at which a run in the window is expected to end. */
static int64_t next_end(const struct suan_profile *f, int64_t now)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->steps[i].from > now)
			return f->steps[i].from;
	return SUAN_FOREVER;
}

/* *ret: it has a planned start now. */
static enum suan_code plan(struct suan_pass *s, uint32_t item, struct suan_pwindow *w, bool *ret)
{
	struct suan_planner *p = s->p;
	struct suan_waiting *x = &p->waiting.items[item];
	const struct suan_class *k = class_of(p, item);
	int64_t from = s->now > w->w.from_ms ? s->now : w->w.from_ms;
	int64_t latest = suan_window_latest(&w->w, k->limit_ms);
	struct suan_planned h = {
		.id = x->id, .key = x->key, .priority = x->priority, .pool = w->w.pool};
	int64_t arrival = suan_arrival_at(p, p->waiting.shapes[k->shape].arrivals, w->w.pool);
	enum suan_code rc = view(s, w);

	*ret = false;
	from = from > arrival ? from : arrival;
	if (from > latest)
		return rc;
	if (rc == SUAN_OK)
		rc = suan_grow(&w->holds, &w->holds_cap, w->nholds + 1, sizeof(*w->holds));
	if (rc != SUAN_OK)
		return rc;
	suan_nodes_vec(&p->pools[h.pool].nodes, &p->waiting.shapes[k->shape].req, &h.hold.vec);
	if (k->quota && !suan_quotas_room(p, k->quota, &h.hold.vec, true))
		return SUAN_OK;
	h.hold.from = suan_profile_earliest(&w->soft, &h.hold.vec, k->limit_ms, from, latest);
	if (h.hold.from == s->now) /* by sums; the nodes said no */
		h.hold.from = suan_profile_earliest(&w->soft, &h.hold.vec, k->limit_ms,
						    next_end(&w->soft, s->now), latest);
	if (h.hold.from == SUAN_FOREVER)
		return SUAN_OK;
	h.hold.to = h.hold.from + k->limit_ms;
	rc = suan_profile_reserve(&w->soft, &h.hold.vec, h.hold.from, h.hold.to);
	if (rc != SUAN_OK)
		return rc;
	w->holds[w->nholds++] = h;
	suan_quotas_plan(p, k->quota, &h.hold.vec, 1);
	s->grouped++;
	*ret = true;
	if (x->planned_pass == p->pass)
		return SUAN_OK;
	x->planned_pass = p->pass;
	x->planned_pool = h.pool;
	x->planned_ms = h.hold.from;
	x->ahead = w->seen;
	p->pools[h.pool].waiting++;
	return SUAN_OK;
}

enum suan_code suan_pass_visit_group(struct suan_pass *s, uint32_t item, uint32_t *done, bool *more)
{
	struct suan_planner *p = s->p;
	uint32_t shape = class_of(p, item)->shape, left = p->waiting.items[item].count;
	struct suan_pwindow *w = suan_window_find(p, p->waiting.shapes[shape].group);
	const uint64_t *bits = suan_shape_pools(p, shape);
	bool any = true;
	enum suan_code rc = SUAN_OK;

	*done = 0;
	*more = false;
	if (!bits)
		return SUAN_ENOMEM;
	if (!w || !suan_bit(bits, w->w.pool) || p->pools[w->w.pool].spec.closed != SUAN_R_NONE)
		return SUAN_OK;
	while (left > 0 && rc == SUAN_OK && any) {
		rc = try_start(s, item, w, bits, &any);
		*done += rc == SUAN_OK && any;
		left -= rc == SUAN_OK && any;
	}
	*more = left == 0 || s->grouped < s->depth;
	for (any = true; left > 0 && any && rc == SUAN_OK && s->grouped < s->depth; left--) {
		rc = plan(s, item, w, &any);
		*more = *more && any;
	}
	w->seen += *done < p->waiting.items[item].count;
	return rc;
}
