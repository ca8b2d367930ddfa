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

#define LOOKS	    64u /* heads between two looks at all shapes */
#define MANY_SHAPES 4096u

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static uint32_t shape_of(const struct suan_planner *p, uint32_t item)
{
	return p->waiting.classes[p->waiting.items[item].class].shape;
}

static uint32_t quota_of(const struct suan_planner *p, uint32_t item)
{
	return p->waiting.classes[p->waiting.items[item].class].quota;
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

/* The first of the head and those on the side, which it leaves; SUAN_NO_ITEM: no more. */
static uint32_t pick(struct suan_planner *p, uint32_t head, bool *ret_head)
{
	uint32_t item;

	*ret_head = p->nside == 0 || (head != SUAN_NO_ITEM &&
				      suan_classes_before(&p->waiting, head, p->side[0]));
	if (*ret_head)
		return head;
	item = p->side[0];
	side_pop(p);
	return item;
}

uint32_t suan_pass_next(struct suan_planner *p, uint32_t *head)
{
	bool is_head;
	uint32_t item = pick(p, *head, &is_head);

	if (is_head && item != SUAN_NO_ITEM)
		*head = suan_classes_next_head(&p->waiting, item);
	return item;
}

enum suan_code suan_pass_push_same(struct suan_planner *p, uint32_t item)
{
	item = suan_classes_next_same(&p->waiting, item);
	return item != SUAN_NO_ITEM ? side_push(p, item) : SUAN_OK;
}

/* Is every shape blocked of which a start may be content with the room? */
static bool nothing_open(const struct suan_pass *s)
{
	const struct suan_classes *c = &s->p->waiting;

	for (size_t i = 0; i < c->nshapes && c->nshapes <= MANY_SHAPES; i++) {
		const struct suan_shape *h = &c->shapes[i];

		if (h->classes > 0 && h->blocked_pass != s->p->pass &&
		    (uint64_t)h->req.tasks * h->req.cores <= s->room)
			return false;
	}
	return c->nshapes <= MANY_SHAPES;
}

/* What easy may start beside the planned start in the pool; the others know only what is free. */
static void widen(struct suan_pass *s, const struct suan_ppool *o)
{
	int64_t free = o->nodes.free.cores, spare = free, brief = 0;
	struct suan_leeway *most = &s->most;

	if (s->p->kind == SUAN_PLAN_EASY && o->planned > 0) {
		spare = o->spare.cores < free ? o->spare.cores : free;
		brief = o->first.from - s->now;
	}
	if (free > s->room)
		s->room = (uint32_t)free;
	if (spare > most->spare)
		most->spare = suan_little_cores((uint64_t)spare);
	if (brief > 0 && suan_little_brief(brief) > most->brief)
		most->brief = suan_little_brief(brief);
	most->cores = suan_little_cores(s->room);
}

/* The next head that is worth a look: when nothing more is planned, it must be able to start. But
 * none is passed over while the search has chosen who goes in its turn. */
static uint32_t next_head(struct suan_pass *s, uint32_t head)
{
	struct suan_planner *p = s->p;

	if (s->planned < s->depth || s->sought.next < s->sought.count || p->waiting.grouped > 0)
		return suan_classes_next_head(&p->waiting, head);
	if (s->room == 0 || s->counted != p->nstarts) {
		s->counted = p->nstarts;
		s->room = s->looked = 0;
		s->most = (struct suan_leeway){0, 0, 0};
		for (size_t i = 0; i < p->nlive; i++)
			widen(s, &p->pools[p->live[i]]);
	}
	if (++s->looked % LOOKS == 0 && nothing_open(s))
		return SUAN_NO_ITEM;
	return suan_classes_next_small(&p->waiting, head, &s->most);
}

static enum suan_code visit_group(struct suan_pass *s, uint32_t item, bool *ret)
{
	struct suan_planner *p = s->p;
	uint32_t done = 0;
	enum suan_code rc = suan_pass_visit_group(s, item, &done, ret);

	if (done > 0) {
		p->taken[p->ntaken].item = item;
		p->taken[p->ntaken++].count = done;
	}
	return rc;
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
	if (p->waiting.shapes[shape_of(p, item)].group)
		return visit_group(s, item, ret);
	while (left > 0 && rc == SUAN_OK) {
		rc = suan_pass_try_start(s, item, &done);
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
		rc = suan_pass_plan(s, item, &more);
	s->seen += !done;
	if (!more) {
		*ret = false;
		s->seen += p->waiting.classes[w->class].items - 1;
	}
	return rc;
}

/* Whose turn it is when that of the item has come; *ret: the search has chosen. */
static uint32_t taken_instead(struct suan_pass *s, uint32_t item, bool *ret)
{
	struct suan_sought *q = &s->sought;

	*ret = q->next < q->count && q->item[q->next] == item;
	return *ret ? q->instead[q->next++] : item;
}

static enum suan_code walk(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	uint32_t head = suan_classes_first(&p->waiting), item;
	enum suan_code rc = SUAN_OK;

	while (rc == SUAN_OK && (head != SUAN_NO_ITEM || p->nside > 0)) {
		bool more, is_head, sought = false;

		if (s->planned >= s->depth && p->waiting.grouped == 0 &&
		    (p->nlive == 0 || s->blocked == p->waiting.used_shapes))
			break; /* nothing more to start, nothing more to plan */
		item = pick(p, head, &is_head);
		rc = suan_grow(&p->taken, &p->taken_cap, p->ntaken + 1, sizeof(*p->taken));
		if (rc == SUAN_OK)
			rc = visit(s, taken_instead(s, item, &sought), &more);
		if (is_head)
			head = next_head(s, item);
		if (rc == SUAN_OK && (more || sought))
			rc = suan_pass_push_same(p, item);
	}
	return rc;
}

/* The same where only the new items are worth a look. */
static enum suan_code walk_added(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	enum suan_code rc = SUAN_OK;
	bool more;

	suan_again_sort(p);
	for (uint32_t i = 0; i < p->again.count && rc == SUAN_OK; i++) {
		if (p->nlive == 0 && s->planned >= s->depth && p->waiting.grouped == 0)
			break;
		rc = suan_grow(&p->taken, &p->taken_cap, p->ntaken + 1, sizeof(*p->taken));
		if (rc == SUAN_OK)
			rc = visit(s, p->again.list[i], &more);
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
		suan_quotas_plan(p, quota_of(p, slot.item), &slot.vec, -1);
		bits = suan_shape_pools(p, shape_of(p, slot.item));
		if (!bits)
			return SUAN_ENOMEM;
		rc = suan_grow(&p->taken, &p->taken_cap, p->ntaken + 1, sizeof(*p->taken));
		if (rc == SUAN_OK)
			rc = suan_pass_try_pool(s, slot.item, slot.pool, bits, &answer);
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
	uint64_t started = 0, lack;

	if (rc == SUAN_OK)
		rc = start_due(s);
	for (size_t i = 0; i < p->ntaken; i++)
		started += p->taken[i].count;
	s->planned = (uint32_t)p->slots.count;
	lack = p->waiting.starts - p->slots.count - started;
	if (rc == SUAN_OK && lack > 0)
		rc = suan_again_lack(p, lack) ? walk_added(s) : walk(s);
	return rc;
}

/* ---- begin and end ---- */

/* suan: is the first item in order firm, and is it calm? What a quota keeps from starting does not
 * count. */
static enum suan_code find_firm(struct suan_pass *s)
{
	struct suan_planner *p = s->p;
	uint32_t first = SUAN_NO_ITEM;
	int64_t first_firm_ms = SUAN_FOREVER;

	if (p->kind == SUAN_PLAN_SUAN)
		first = suan_classes_first(&p->waiting);
	for (; first != SUAN_NO_ITEM; first = suan_classes_next_head(&p->waiting, first)) {
		const struct suan_class *k = &p->waiting.classes[p->waiting.items[first].class];
		const uint64_t *bits;

		if (k->quota == 0)
			break;
		bits = suan_shape_pools(p, k->shape);
		if (!bits)
			return SUAN_ENOMEM;
		if (!suan_quotas_block(p, k, bits, false))
			break;
	}
	if (first != SUAN_NO_ITEM) {
		s->firm = p->waiting.items[first].firm_ms <= s->now;
		first_firm_ms = p->waiting.items[first].firm_ms;
	}
	s->calm = suan_pass_calm(s, first_firm_ms);
	return SUAN_OK;
}

static enum suan_code begin(struct suan_pass *s)
{
	struct suan_planner *p = s->p;

	if (suan_grow(&p->live, &p->live_cap, p->npools, sizeof(*p->live)) != SUAN_OK)
		return SUAN_ENOMEM;
	suan_pass_weigh_mix(p);
	s->depth = p->depth;
	if (p->kind != SUAN_PLAN_CONSERVATIVE && s->depth < p->npools)
		s->depth = (uint32_t)p->npools;
	s->depth = suan_search_depth(p, s->depth);
	s->idle = p->waiting.exclusive > 0;
	for (size_t i = 0; i < p->npools; i++)
		suan_ends_refresh(p, &p->pools[i], s->now);
	s->again = suan_pass_may_go_on(p, s->depth, s->idle);
	s->planned = s->again ? s->depth : 0;
	p->now_ms = s->now;
	suan_push_begin(p);
	p->nstarts = p->ncands = p->ntaken = p->nside = p->nlive = 0;
	if (!s->again) {
		p->pass++;
		p->nplanned = p->nmemos = p->nbounds = 0;
		p->again.packed = false;
	}
	for (size_t i = 0; i < p->npools; i++) {
		struct suan_ppool *o = &p->pools[p->order[i]];

		if (!s->again) {
			o->soft_built = false;
			o->planned = o->waiting = o->kept = 0;
			o->floor = INT64_MIN;
		}
		o->last_end = suan_ends_count(o) > 0 ? suan_ends_last(o) : s->now;
		o->first_end = suan_ends_first(o);
		if (o->nwindows > 0)
			o->first_end = least(o->first_end, suan_window_next(p, o, s->now));
		s->most_kept += o->spec.closed == SUAN_R_NONE && s->most_kept < SUAN_MOST_KEPT;
		if (o->spec.closed == SUAN_R_NONE && o->nodes.free.cores > 0)
			p->live[p->nlive++] = p->order[i];
	}
	suan_search_keep(s);
	suan_quotas_begin(p);
	suan_windows_begin(p);
	return find_firm(s);
}

static void undo(struct suan_planner *p)
{
	while (p->nstarts > 0)
		suan_run_close(p, p->starts[--p->nstarts].run);
	for (size_t i = 0; i < p->npools; i++)
		p->pools[i].waiting = 0;
	p->nplanned = p->ncands = 0;
	p->again.only = false;
	p->again.lost = true;
	for (size_t i = 0; i < p->ntaken; i++)
		p->waiting.items[p->taken[i].item].due = 0;
	suan_planner_revert(p);
	suan_windows_begin(p);
	p->pass++; /* what was noted in items is void */
}

static void commit(struct suan_planner *p)
{
	size_t end = p->ncands;

	for (size_t i = p->nstarts; i-- > 0;) {
		if (i + 1 < p->nstarts && p->start_cands[i + 1] > p->start_cands[i])
			end = p->start_cands[i + 1];
		p->starts[i].cands = p->silent ? NULL : &p->cands[p->start_cands[i]];
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
	int64_t wake, slot;

	if (rc != SUAN_OK)
		return rc;
	if (s.again)
		rc = walk_added(&s);
	else if ((rc = suan_search_order(&s)) == SUAN_OK)
		rc = p->kind == SUAN_PLAN_CONSERVATIVE ? conservative(&s) : walk(&s);
	if (rc != SUAN_OK) {
		undo(p);
		return rc;
	}
	commit(p);
	wake = suan_push_wake(p);
	for (size_t i = 0; i < p->npools && p->waiting.count > 0; i++) {
		int64_t first = suan_ends_first(&p->pools[i]);

		wake = first < wake ? first : wake;
		if (p->pools[i].nwindows > 0)
			wake = least(wake, suan_window_next(p, &p->pools[i], now_ms));
	}
	slot = suan_slots_first(p);
	wake = slot < wake ? slot : wake;
	*ret = p->starts;
	*ret_n = (uint32_t)p->nstarts;
	*ret_wake = wake;
	p->again.only = true;
	p->again.lost = false;
	p->again.count = 0;
	return SUAN_OK;
}
