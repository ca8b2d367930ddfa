/* What conservative backfilling remembers: every planned start keeps its slot from pass to pass
 * (Mu'alem and Feitelson 2001), and a slot only ever moves forward. The rule, in this order:
 *   1. A slot goes when its item is gone or wants less, or its pool no longer takes it; the others
 *      may then move forward.
 *      So goes one that the quotas have no room for (planner_quota.h).
 *   2. If a slot's time has passed without a start, or runs that overstay or nodes that left would
 *      make a pool overfull, no slot holds: all are made anew, in order of the items.
 *   3. Else, if a run ended before it was expected to or something else was given back, each slot
 *      in order of the items is lifted once and put at its earliest start, if that is sooner
 *      (compression; one round).
 *   4. Due slots start. 5. Starts that have no slot get the earliest one, in order of the items.
 * The slots and freed_ms are part of the engine's state; `soft` of the pools follows from them and
 * is kept only to save the work of making it. */
#include "engine/planner_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

#define TIDY_STEPS 8u
#define MOST_WALLS 2u

void suan_slots_done(struct suan_slots *t)
{
	free(t->list);
	free(t->before);
	free(t->back);
	memset(t, 0, sizeof(*t));
}

/* ---- remembering ---- */

const struct suan_slot *suan_slots_find(const struct suan_planner *p, uint64_t id)
{
	for (size_t i = 0; i < p->slots.count; i++)
		if (p->slots.list[i].id == id)
			return &p->slots.list[i];
	return NULL;
}

size_t suan_planner_kept(const struct suan_planner *p, size_t from, struct suan_kept *ret,
			 int64_t *ret_freed_ms)
{
	*ret_freed_ms = p->slots.freed_ms;
	if (from < p->slots.count) {
		const struct suan_slot *s = &p->slots.list[from];

		*ret = (struct suan_kept){s->id, s->from, s->to, s->pool};
	}
	return p->slots.count;
}

enum suan_code suan_planner_keep(struct suan_planner *p, const struct suan_kept *list, size_t n,
				 int64_t freed_ms)
{
	struct suan_slots *t = &p->slots;

	if (suan_grow(&t->list, &t->cap, n, sizeof(*t->list)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (list[i].pool >= p->npools || list[i].from_ms >= list[i].to_ms)
			return SUAN_ECONFLICT;
		t->list[i] = (struct suan_slot){.id = list[i].id,
						.from = list[i].from_ms,
						.to = list[i].to_ms,
						.pool = list[i].pool,
						.item = SUAN_NO_ITEM};
	}
	t->count = n;
	t->freed_ms = freed_ms;
	t->first_ms = INT64_MIN;
	t->valid = false;
	t->touched = true;
	return SUAN_OK;
}

int64_t suan_planner_passed(const struct suan_planner *p)
{
	return p->slots.passed_ms;
}

void suan_planner_resume(struct suan_planner *p, int64_t passed_ms)
{
	p->slots.passed_ms = passed_ms;
	for (size_t i = 0; i < p->npools; i++)
		suan_ends_refresh(p, &p->pools[i], passed_ms);
}

/* No item of a slot has one any more. */
static void forget_counts(struct suan_planner *p)
{
	for (size_t i = 0; i < p->slots.count; i++) {
		uint32_t item = suan_classes_find(&p->waiting, p->slots.list[i].id);

		if (item != SUAN_NO_ITEM)
			p->waiting.items[item].slots = 0;
	}
}

/* For another policy they mean nothing. */
void suan_slots_clear(struct suan_planner *p)
{
	struct suan_slots *t = &p->slots;

	forget_counts(p);
	t->count = t->nback = 0;
	t->freed_ms = t->passed_ms = INT64_MIN;
	t->valid = t->remembered = false;
}

void suan_planner_freed(struct suan_planner *p, int64_t freed_ms)
{
	p->slots.freed_ms = freed_ms;
}

void suan_planner_revert(struct suan_planner *p)
{
	struct suan_slots *t = &p->slots;

	if (p->kind != SUAN_PLAN_CONSERVATIVE || !t->remembered)
		return;
	assert(t->nbefore <= t->cap);
	forget_counts(p);
	if (t->nbefore > 0)
		memcpy(t->list, t->before, t->nbefore * sizeof(*t->list));
	t->count = t->nbefore;
	t->freed_ms = t->freed_before;
	t->first_ms = INT64_MIN;
	t->passed_ms = t->passed_before;
	t->valid = false;
	t->touched = true;
}

void suan_slots_note_end(struct suan_planner *p, const struct suan_prun *run)
{
	struct suan_slots *t = &p->slots;

	if (p->kind != SUAN_PLAN_CONSERVATIVE)
		return;
	if (run->end_ms > t->freed_ms)
		t->freed_ms = run->end_ms;
	if (p->pools[run->pool].nodes.count != p->pools[run->pool].nodes.usable ||
	    p->pools[run->pool].nwindows > 0)
		t->valid = false; /* part of it may lie on nodes that have left or are kept */
	if (!t->valid)
		return;
	if (suan_grow(&t->back, &t->back_cap, t->nback + 1, sizeof(*t->back)) != SUAN_OK) {
		t->valid = false;
		return;
	}
	t->back[t->nback++] =
		(struct suan_slot){.pool = run->pool, .to = run->end_ms, .vec = run->vec};
}

/* ---- soft, and what is given back to it ---- */

static enum suan_code give(struct suan_planner *p, const struct suan_slot *s, int64_t now)
{
	struct suan_vec less = suan_vec_times(&s->vec, -1);
	int64_t from = s->from > now ? s->from : now;

	if (!p->slots.valid || s->to <= from)
		return SUAN_OK;
	return suan_profile_reserve(&p->pools[s->pool].soft, &less, from, s->to);
}

static enum suan_code give_back(struct suan_planner *p, int64_t now)
{
	struct suan_slots *t = &p->slots;
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < t->nback && rc == SUAN_OK; i++) {
		t->back[i].vec.nodes = 0; /* valid: nobody waits for whole nodes */
		t->back[i].from = now;
		rc = give(p, &t->back[i], now);
	}
	t->nback = 0;
	return rc;
}

static enum suan_code rebuild(struct suan_planner *p, bool idle)
{
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < p->npools && rc == SUAN_OK; i++) {
		rc = suan_ends_base(p, &p->pools[i], idle);
		if (rc == SUAN_OK)
			rc = suan_profile_copy(&p->pools[i].soft, &p->pools[i].base);
	}
	for (size_t i = 0; i < p->slots.count && rc == SUAN_OK; i++) {
		const struct suan_slot *s = &p->slots.list[i];

		rc = suan_profile_reserve(&p->pools[s->pool].soft, &s->vec, s->from, s->to);
	}
	p->slots.nback = 0;
	p->slots.valid = rc == SUAN_OK;
	return rc;
}

/* ---- 1: items that changed ---- */

static int in_order(const void *x, const void *y)
{
	const struct suan_slot *a = x, *b = y;

	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->pool > b->pool) - (a->pool < b->pool);
}

static int64_t length_in(const struct suan_planner *p, uint32_t pool, const struct suan_class *k)
{
	return suan_pool_length(&p->pools[pool], k->duration_ms, k->limit_ms);
}

/* May the slot stay? Finds its item again. */
static bool resolve(struct suan_planner *p, struct suan_slot *s, const uint64_t **bits)
{
	uint32_t item = suan_classes_find(&p->waiting, s->id);
	struct suan_waiting *w;
	const struct suan_class *k;

	*bits = NULL;
	if (item == SUAN_NO_ITEM)
		return false;
	w = &p->waiting.items[item];
	k = &p->waiting.classes[w->class];
	*bits = suan_shape_pools(p, k->shape);
	if (!*bits || !suan_bit(*bits, s->pool) || p->pools[s->pool].spec.closed ||
	    w->slots >= w->count || p->waiting.shapes[k->shape].group ||
	    s->to - s->from != length_in(p, s->pool, k) ||
	    s->from < suan_arrival_at(p, p->waiting.shapes[k->shape].arrivals, s->pool))
		return false;
	w->slots++;
	s->item = item;
	s->priority = w->priority;
	s->key = w->key;
	suan_nodes_vec(&p->pools[s->pool].nodes, &p->waiting.shapes[k->shape].req, &s->vec);
	return true;
}

static enum suan_code reconcile(struct suan_planner *p)
{
	struct suan_slots *t = &p->slots;
	size_t n = 0;

	forget_counts(p);
	for (size_t i = 0; i < t->count; i++) {
		const uint64_t *bits;

		if (resolve(p, &t->list[i], &bits))
			t->list[n++] = t->list[i];
		else
			t->freed_ms = SUAN_FOREVER;
		if (!bits && suan_classes_find(&p->waiting, t->list[i].id) != SUAN_NO_ITEM)
			return SUAN_ENOMEM;
	}
	t->count = n;
	if (n > 1)
		qsort(t->list, n, sizeof(*t->list), in_order);
	t->valid = t->touched = false;
	return SUAN_OK;
}

/* In order: what has no room beside the runs and the slots before it. */
static void drop_shut(struct suan_planner *p)
{
	struct suan_slots *t = &p->slots;
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct suan_slot *s = &t->list[i];
		struct suan_waiting *w = &p->waiting.items[s->item];
		uint32_t quota = p->waiting.classes[w->class].quota;

		if (quota && !suan_quotas_room(p, quota, &s->vec, true)) {
			w->slots--;
			t->valid = false;
			t->freed_ms = SUAN_FOREVER;
			continue;
		}
		suan_quotas_plan(p, quota, &s->vec, 1);
		t->list[n++] = *s;
	}
	t->count = n;
}

/* ---- 2: do they still hold? ---- */

static bool hold_still(const struct suan_planner *p, int64_t now)
{
	for (size_t i = 0; i < p->slots.count && p->slots.first_ms < now; i++)
		if (p->slots.list[i].from < now)
			return false;
	return true;
}

static bool overfull(const struct suan_planner *p, int64_t now)
{
	for (size_t i = 0; i < p->npools; i++)
		if (suan_profile_overfull(&p->pools[i].soft, now))
			return true;
	return false;
}

/* Runs without node numbers have more than there is, because nodes left. */
static bool lacks(const struct suan_planner *p)
{
	static const struct suan_vec nothing = {0};

	for (size_t i = 0; i < p->npools; i++)
		if (!suan_vec_fits(&nothing, &p->pools[i].nodes.free))
			return true;
	return false;
}

static enum suan_code drop_all(struct suan_planner *p, bool idle)
{
	for (size_t i = 0; i < p->slots.count; i++)
		p->waiting.items[p->slots.list[i].item].slots = 0;
	p->slots.count = 0;
	suan_quotas_begin(p);
	return rebuild(p, idle);
}

/* ---- 3: compression ---- */

/* Slots that found no room before their own time, since a slot last moved. What wants at least as
 * much for at least as long and is due later has none before that time either. */
struct walls {
	const struct suan_slot *list[MOST_WALLS];
	uint32_t count, oldest;
};

/* From where on it is worth looking. */
static int64_t behind_walls(const struct walls *w, const struct suan_slot *s, int64_t now)
{
	for (uint32_t i = 0; i < w->count; i++) {
		const struct suan_slot *x = w->list[i];

		if (x->from > now && x->from <= s->from && x->pool == s->pool &&
		    suan_vec_fits(&x->vec, &s->vec) && x->to - x->from <= s->to - s->from)
			now = x->from;
	}
	return now;
}

static void add_wall(struct walls *w, const struct suan_slot *s)
{
	if (w->count < MOST_WALLS) {
		w->list[w->count++] = s;
		return;
	}
	w->list[w->oldest] = s;
	w->oldest = (w->oldest + 1) % MOST_WALLS;
}

/* Start in the pool before `before`; SUAN_FOREVER: none. */
static int64_t sooner(const struct suan_planner *p, const struct suan_slot *s, uint32_t pool,
		      int64_t now, int64_t before)
{
	const struct suan_ppool *o = &p->pools[pool];
	const struct suan_class *k = &p->waiting.classes[p->waiting.items[s->item].class];
	int64_t arrival = suan_arrival_at(p, p->waiting.shapes[k->shape].arrivals, pool);
	int64_t from = now > arrival ? now : arrival;
	struct suan_vec v;

	if (from >= before)
		return SUAN_FOREVER;
	suan_nodes_vec(&o->nodes, &p->waiting.shapes[k->shape].req, &v);
	return suan_profile_earliest(&o->soft, &v, length_in(p, pool, k), from, before - 1);
}

/* The same in its own pool, where its own place is free for it. */
static int64_t sooner_at_home(const struct suan_planner *p, const struct suan_slot *s, int64_t now,
			      struct walls *w)
{
	const struct suan_class *k = &p->waiting.classes[p->waiting.items[s->item].class];
	uint32_t set = p->waiting.shapes[k->shape].arrivals;
	int64_t arrival = suan_arrival_at(p, set, s->pool), from = behind_walls(w, s, now), at;

	from = from > arrival ? from : arrival;
	at = suan_profile_sooner(&p->pools[s->pool].soft, &s->vec, s->to - s->from, from,
				 s->from);
	if (at == SUAN_FOREVER && from < s->from && arrival <= now)
		add_wall(w, s);
	return at;
}

struct place_in_time {
	uint32_t pool; /* SUAN_NO_POOL: none */
	int64_t at;
};

/* Its earliest start before its own, over all pools. */
static enum suan_code sooner_anywhere(struct suan_planner *p, const struct suan_slot *s,
				      int64_t now, struct walls *walls, struct place_in_time *ret)
{
	const struct suan_class *k = &p->waiting.classes[p->waiting.items[s->item].class];
	const uint64_t *bits = suan_shape_pools(p, k->shape);
	bool stays = k->quota && p->waiting.shapes[k->shape].req.exclusive;

	*ret = (struct place_in_time){SUAN_NO_POOL, s->from};
	if (!bits)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < p->npools && ret->at > now; i++) {
		uint32_t pool = p->order[i];
		int64_t found;

		if (!suan_bit(bits, pool) || p->pools[pool].spec.closed ||
		    (stays && pool != s->pool))
			continue;
		found = pool == s->pool ? sooner_at_home(p, s, now, walls)
					: sooner(p, s, pool, now, ret->at);
		if (found < ret->at)
			*ret = (struct place_in_time){pool, found};
	}
	return SUAN_OK;
}

/* To an earlier time that ends within its own: what lies in both stays as it is. */
static enum suan_code slide(struct suan_planner *p, struct suan_slot *s, int64_t at)
{
	struct suan_slot rest = *s;
	enum suan_code rc = suan_profile_reserve(&p->pools[s->pool].soft, &s->vec, at, s->from);

	s->to = rest.from = at + (s->to - s->from);
	s->from = at;
	return rc == SUAN_OK ? give(p, &rest, at) : rc;
}

/* Moves the slot forward, if it can; then no wall stands any more. */
static enum suan_code advance(struct suan_planner *p, struct suan_slot *s, int64_t now,
			      struct walls *walls)
{
	const struct suan_class *k;
	struct place_in_time best = {s->pool, s->from};
	int64_t length = s->to - s->from;
	enum suan_code rc = SUAN_OK;

	if (p->npools > 1)
		rc = sooner_anywhere(p, s, now, walls, &best);
	else
		best.at = sooner_at_home(p, s, now, walls);
	if (rc != SUAN_OK || best.pool == SUAN_NO_POOL || best.at >= s->from)
		return rc;
	walls->count = 0;
	if (best.at < p->slots.first_ms)
		p->slots.first_ms = best.at;
	if (best.pool == s->pool && best.at + length > s->from)
		return slide(p, s, best.at);
	rc = give(p, s, now);
	if (rc != SUAN_OK)
		return rc;
	k = &p->waiting.classes[p->waiting.items[s->item].class];
	s->from = best.at;
	s->to = best.at + length_in(p, best.pool, k);
	s->pool = best.pool;
	suan_nodes_vec(&p->pools[best.pool].nodes, &p->waiting.shapes[k->shape].req, &s->vec);
	return suan_profile_reserve(&p->pools[best.pool].soft, &s->vec, s->from, s->to);
}

/* ---- a pass ---- */

int64_t suan_slots_first(struct suan_planner *p)
{
	struct suan_slots *t = &p->slots;

	t->first_ms = SUAN_FOREVER;
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].from < t->first_ms)
			t->first_ms = t->list[i].from;
	return t->first_ms;
}

static enum suan_code remember(struct suan_planner *p)
{
	struct suan_slots *t = &p->slots;

	if (suan_grow(&t->list, &t->cap, t->count + 1, sizeof(*t->list)) != SUAN_OK ||
	    suan_grow(&t->before, &t->before_cap, t->count + 1, sizeof(*t->before)) != SUAN_OK)
		return SUAN_ENOMEM;
	if (t->count > 0)
		memcpy(t->before, t->list, t->count * sizeof(*t->list));
	t->nbefore = t->count;
	t->freed_before = t->freed_ms;
	t->passed_before = t->passed_ms;
	return SUAN_OK;
}

static enum suan_code settle(struct suan_planner *p, int64_t now, bool idle)
{
	struct suan_slots *t = &p->slots;
	struct walls walls = {.count = 0};
	enum suan_code rc = SUAN_OK;
	bool moved = false,
	     /* which nodes fall idle is not kept up to date; nothing holds in less than nothing */
	     made = idle || !t->valid || lacks(p);

	rc = made ? rebuild(p, idle) : give_back(p, now);
	if (rc == SUAN_OK && (!hold_still(p, now) || (made && overfull(p, now))))
		return drop_all(p, idle);
	if (rc != SUAN_OK || t->freed_ms <= now)
		return rc;
	for (size_t i = 0; i < t->count && rc == SUAN_OK; i++) {
		int64_t from = t->list[i].from;

		rc = advance(p, &t->list[i], now, &walls);
		moved |= t->list[i].from != from;
	}
	/* items stand in order, but slots of one item may have changed places */
	for (size_t i = 1; moved && i < t->count; i++)
		for (size_t k = i; k > 0 && in_order(&t->list[k - 1], &t->list[k]) > 0; k--) {
			struct suan_slot s = t->list[k];

			t->list[k] = t->list[k - 1];
			t->list[k - 1] = s;
		}
	return rc;
}

enum suan_code suan_slots_begin(struct suan_planner *p, int64_t now_ms, bool idle)
{
	struct suan_slots *t = &p->slots;
	enum suan_code rc = remember(p);

	t->remembered = rc == SUAN_OK;
	if (rc == SUAN_OK && t->touched)
		rc = reconcile(p);
	if (rc == SUAN_OK && p->quotas.ngroups > 0)
		drop_shut(p);
	if (rc == SUAN_OK)
		rc = settle(p, now_ms, idle);
	if (rc != SUAN_OK)
		return rc;
	t->freed_ms = INT64_MIN;
	t->passed_ms = now_ms;
	for (size_t i = 0; i < p->npools; i++) {
		struct suan_ppool *o = &p->pools[i];

		o->planned = 1; /* soft says it all */
		o->soft_built = true;
		if (o->soft.count > o->tidy_at) {
			suan_profile_tidy(&o->soft, now_ms);
			o->tidy_at = o->soft.count + TIDY_STEPS;
		}
	}
	return SUAN_OK;
}

static void take_out(struct suan_planner *p, size_t i)
{
	struct suan_slots *t = &p->slots;

	p->waiting.items[t->list[i].item].slots--;
	memmove(&t->list[i], &t->list[i + 1], (t->count - i - 1) * sizeof(*t->list));
	t->count--;
}

enum suan_code suan_slots_due(struct suan_planner *p, int64_t now_ms, size_t *i,
			      struct suan_slot *ret, bool *ret_any)
{
	struct suan_slots *t = &p->slots;

	*ret_any = false;
	if (t->first_ms > now_ms)
		return SUAN_OK;
	for (; *i < t->count; (*i)++) {
		if (t->list[*i].from != now_ms)
			continue;
		*ret = t->list[*i];
		take_out(p, *i);
		*ret_any = true;
		return give(p, ret, now_ms);
	}
	return SUAN_OK;
}

enum suan_code suan_slots_add(struct suan_planner *p, uint32_t item, uint32_t pool,
			      const struct suan_hold *hold)
{
	struct suan_slots *t = &p->slots;
	struct suan_waiting *w = &p->waiting.items[item];
	struct suan_slot s = {.id = w->id,
			      .key = w->key,
			      .from = hold->from,
			      .to = hold->to,
			      .vec = hold->vec,
			      .priority = w->priority,
			      .pool = pool,
			      .item = item};
	size_t lo = 0, n = t->count;

	if (suan_grow(&t->list, &t->cap, t->count + 1, sizeof(*t->list)) != SUAN_OK)
		return SUAN_ENOMEM;
	if (n > 0 && in_order(&t->list[n - 1], &s) < 0) {
		lo = n;
		n = 0;
	}
	while (n > 0) {
		size_t half = n / 2;

		if (in_order(&t->list[lo + half], &s) < 0) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	memmove(&t->list[lo + 1], &t->list[lo], (t->count - lo) * sizeof(s));
	t->list[lo] = s;
	t->count++;
	w->slots++;
	return SUAN_OK;
}
