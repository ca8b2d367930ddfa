/* The table of reservations; see reserve.h. */
#include "engine/reserve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"

/* ---- life ---- */

void suan_reserve_free(struct suan_reservation *r)
{
	if (!r)
		return;
	suan_arena_done(&r->arena);
	free(r);
}

void suan_reserve_done(struct suan_engine *e)
{
	for (size_t i = 0; i < e->reserves.count; i++)
		suan_reserve_free(e->reserves.list[i]);
	free(e->reserves.list);
	free(e->reserves.over);
	memset(&e->reserves, 0, sizeof(e->reserves));
}

enum suan_code suan_reserve_room(struct suan_engine *e)
{
	struct suan_reserves *t = &e->reserves;

	return suan_grow(&t->list, &t->cap, t->count + 1, sizeof(struct suan_reservation *));
}

/* Windows changed: the planner must hear of it, and what was planned may move. */
static void changed(struct suan_engine *e)
{
	e->plan->windows_dirty = true;
	suan_planner_freed(e->plan->planner, SUAN_FOREVER);
}

void suan_reserve_add(struct suan_engine *e, struct suan_reservation *r)
{
	struct suan_reserves *t = &e->reserves;

	assert(t->count < t->cap && r->id > t->last_id);
	t->list[t->count++] = r;
	t->last_id = r->id;
	e->data.stale |= r->nheld > 0;
	changed(e);
}

static void drop(struct suan_engine *e, size_t i)
{
	struct suan_reserves *t = &e->reserves;

	e->data.stale |= t->list[i]->nheld > 0;
	suan_reserve_free(t->list[i]);
	memmove(&t->list[i], &t->list[i + 1],
		(t->count - i - 1) * sizeof(struct suan_reservation *));
	t->count--;
	changed(e);
}

void suan_engine_unreserve(struct suan_engine *e, const struct suan_event *ev)
{
	struct suan_reserves *t = &e->reserves;
	size_t i = 0;

	while (t->list[i]->id != ev->u.unreserve.id)
		i++;
	if (ev->u.unreserve.to_ms > ev->now_ms) {
		t->list[i]->to_ms = ev->u.unreserve.to_ms;
		changed(e);
	} else {
		drop(e, i);
	}
}

/* ---- look-up ---- */

struct suan_reservation *suan_reserve_find(const struct suan_engine *e, uint32_t id)
{
	for (size_t i = 0; i < e->reserves.count; i++)
		if (e->reserves.list[i]->id == id)
			return e->reserves.list[i];
	return NULL;
}

struct suan_reservation *suan_reserve_lookup(const struct suan_engine *e, const char *name)
{
	uint64_t id;

	if (!name || !name[0])
		return NULL;
	for (size_t i = 0; i < e->reserves.count; i++)
		if (strcmp(e->reserves.list[i]->name, name) == 0)
			return e->reserves.list[i];
	if (suan_parse_u64(name, &id, NULL) == SUAN_OK && id <= UINT32_MAX)
		return suan_reserve_find(e, (uint32_t)id);
	return NULL;
}

bool suan_reserve_admits(const struct suan_reservation *r, const char *user, const char *account)
{
	if (r->maintenance)
		return false;
	return strcmp(r->owner, user ? user : "") == 0 ||
	       (user && user[0] && suan_rules_holds(&r->users, user)) ||
	       (account && account[0] && suan_rules_holds(&r->accounts, account));
}

uint32_t suan_reserve_nodes(const struct suan_reservation *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->nparts; i++)
		n += r->parts[i].count;
	return n;
}

uint32_t suan_reserve_lost(const struct suan_engine *e, const struct suan_reservation *r,
			   enum suan_reason *ret)
{
	uint32_t lost = 0;

	*ret = SUAN_R_NONE;
	for (uint32_t i = 0; i < r->nparts && !r->maintenance; i++) {
		const struct suan_reserved *part = &r->parts[i];
		struct suan_plan_pool p;
		uint32_t here = 0;

		suan_net_plan_pool(e, part->pool, &p);
		for (uint32_t k = 0; k < part->count; k++)
			here += part->nodes[k] >= p.nodes;
		if (p.counted)	/* its nodes have no numbers any more */
			here = part->count;
		if (p.closed != SUAN_R_NONE && p.closed != SUAN_R_PAUSED) {
			*ret = p.closed;
			here = part->count;
		} else if (here > 0 && *ret == SUAN_R_NONE) {
			*ret = SUAN_R_NODES_LOST;
		}
		lost += here;
	}
	return lost;
}

static bool holds(const struct suan_reserved *part, uint32_t node)
{
	uint32_t lo = 0, n = part->count;

	while (n > 0) {
		uint32_t half = n / 2;

		if (part->nodes[lo + half] < node) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo < part->count && part->nodes[lo] == node;
}

bool suan_reserve_taken(const struct suan_engine *e, uint32_t pool, uint32_t node,
			const int64_t span[2], const struct suan_reservation *but)
{
	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		if (r == but || r->from_ms >= span[1] || r->to_ms <= span[0])
			continue;
		for (uint32_t k = 0; k < r->nparts; k++)
			if (r->parts[k].pool == pool && holds(&r->parts[k], node))
				return true;
	}
	return false;
}

/* ---- the planner's windows ---- */

enum suan_code suan_reserve_sync(struct suan_engine *e)
{
	struct suan_window *list;
	size_t n = 0;
	enum suan_code rc;

	for (size_t i = 0; i < e->reserves.count; i++)
		n += e->reserves.list[i]->nparts;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return SUAN_ENOMEM;
	n = 0;
	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		for (uint32_t k = 0; k < r->nparts; k++)
			if (!suan_net_delegated(&e->net, r->parts[k].pool))
				list[n++] = (struct suan_window){
					r->id,	  r->parts[k].pool,  r->from_ms,
					r->to_ms, r->parts[k].nodes, r->parts[k].count};
	}
	rc = suan_planner_windows(e->plan->planner, list, n);
	free(list);
	if (rc == SUAN_OK)
		e->plan->windows_dirty = false;
	return rc;
}

/* ---- after a pass ---- */

/* First node of a part that left its pool; SUAN_NO_POS: none. */
static uint32_t first_lost(const struct suan_engine *e, const struct suan_reserved *part)
{
	uint32_t usable = suan_net_usable(&e->net.pools[part->pool]);

	for (uint32_t i = 0; i < part->count; i++)
		if (part->nodes[i] >= usable)
			return i;
	return SUAN_NO_POS;
}

enum suan_code suan_reserve_prepare(struct suan_engine *e, int64_t now_ms)
{
	struct suan_reserves *t = &e->reserves;
	size_t most = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct suan_reservation *r = t->list[i];

		for (uint32_t k = 0; k < r->nparts && r->to_ms > now_ms && !r->maintenance; k++) {
			uint32_t usable = suan_net_usable(&e->net.pools[r->parts[k].pool]);

			if (first_lost(e, &r->parts[k]) != SUAN_NO_POS && usable > most)
				most = usable;
		}
	}
	return most ? suan_grow(&t->over, &t->over_cap, most, sizeof(*t->over)) : SUAN_OK;
}

/* Puts a node where it belongs in the ascending list, in place of the last one. */
static void put_in_order(struct suan_reserved *part, uint32_t node)
{
	uint32_t i = part->count - 1;

	for (; i > 0 && part->nodes[i - 1] > node; i--)
		part->nodes[i] = part->nodes[i - 1];
	part->nodes[i] = node;
}

/* Lost nodes are the last of the list. The spare one with the highest number comes first, as when
 * a reservation is made. */
static bool mend(struct suan_engine *e, struct suan_reservation *r, struct suan_reserved *part,
		 int64_t now_ms)
{
	uint32_t usable = suan_net_usable(&e->net.pools[part->pool]);
	int64_t *over = e->reserves.over;
	struct suan_pick_wish w = {.from_ms = r->from_ms > now_ms ? r->from_ms : now_ms,
				   .to_ms = r->to_ms,
				   .now_ms = now_ms};
	bool any = false;

	if (first_lost(e, part) == SUAN_NO_POS || usable == 0)
		return false;
	suan_planner_vacant(e->plan->planner, part->pool, over, usable);
	for (uint32_t node = usable; node-- > 0 && first_lost(e, part) != SUAN_NO_POS;) {
		if (!suan_reserve_free_node(e, part->pool, node, over[node], &w))
			continue;
		put_in_order(part, node);
		any = true;
	}
	return any;
}

static bool is_over(const struct suan_engine *e, const struct suan_reservation *r, int64_t now_ms)
{
	const struct suan_job *j;

	if (r->to_ms <= now_ms)
		return true;
	if (r->single && r->job == 0 && r->until_ms && r->until_ms <= now_ms)
		return true;
	if (!r->single || r->job == 0)
		return false;
	j = suan_jobs_find(e, r->job);
	return !j || suan_jobs_over(j);
}

bool suan_reserve_settle(struct suan_engine *e, int64_t now_ms)
{
	struct suan_reserves *t = &e->reserves;
	bool any = false;

	for (size_t i = t->count; i-- > 0;) {
		struct suan_reservation *r = t->list[i];

		if (is_over(e, r, now_ms)) {
			any |= r->to_ms > now_ms;
			drop(e, i);
			continue;
		}
		for (uint32_t k = 0; k < r->nparts && !r->maintenance; k++) {
			if (!mend(e, r, &r->parts[k], now_ms))
				continue;
			changed(e);
			any = true;
		}
	}
	return any;
}

int64_t suan_reserve_wake(const struct suan_engine *e)
{
	int64_t first = SUAN_FOREVER;

	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		if (r->job == 0 && r->until_ms && r->until_ms < first)
			first = r->until_ms;
	}
	return first;
}

void suan_reserve_joined(struct suan_engine *e, const struct suan_job *j)
{
	struct suan_reservation *r = suan_reserve_find(e, suan_jobs_reservation(j));

	if (!r || !r->single)
		return;
	r->job = j->id;
	suan_reserve_order(e, j);
}

/* ---- checks ---- */

static const char *verify_one(const struct suan_engine *e, const struct suan_reservation *r)
{
	const int64_t span[2] = {r->from_ms, r->to_ms};

	if (r->from_ms >= r->to_ms || r->nparts == 0)
		return "a reservation has no time or no nodes";
	for (uint32_t k = 0; k < r->nparts; k++) {
		const struct suan_reserved *p = &r->parts[k];

		if (p->pool >= e->net.npools || p->count == 0)
			return "a reservation is in no pool";
		for (uint32_t i = 0; i < p->count; i++) {
			if (i > 0 && p->nodes[i] <= p->nodes[i - 1])
				return "the nodes of a reservation are not in order";
			if (suan_reserve_taken(e, p->pool, p->nodes[i], span, r))
				return "a node is in two reservations at one time";
		}
	}
	return suan_reserve_verify_held(e, r);
}

/* What is not of the reservation must be over by limit when it begins. */
static bool intrudes(const struct suan_job *j, const struct suan_elem *x,
		     const struct suan_reservation *r)
{
	const struct suan_place *places = suan_elems_places(x);

	if (suan_jobs_reservation(j) == r->id || x->order_ms >= r->to_ms ||
	    suan_sat_add(x->order_ms, j->walltime_ms) <= r->from_ms)
		return false;
	for (uint32_t i = 0; i < r->nparts; i++)
		for (uint32_t k = 0; r->parts[i].pool == x->pool && k < x->nplaces; k++)
			if (holds(&r->parts[i], places[k].node))
				return true;
	return false;
}

const char *suan_reserve_verify(const struct suan_engine *e)
{
	struct suan_run_id run = {0};
	const char *bad = NULL;
	uint32_t pos;

	for (size_t i = 0; i < e->reserves.count && !bad; i++)
		bad = verify_one(e, e->reserves.list[i]);
	while (!bad && e->reserves.count > 0 && suan_engine_next_run(e, &run)) {
		const struct suan_job *j = suan_jobs_find(e, run.job);

		if (!suan_elems_pos(j, run.index, &pos))
			continue;
		for (size_t i = 0; i < e->reserves.count; i++)
			if (intrudes(j, suan_elems_get(j, pos), e->reserves.list[i]))
				bad = "a run is on nodes that are reserved for others";
	}
	return bad;
}

/* ---- reading ---- */

uint32_t suan_engine_next_reservation(const struct suan_engine *e, uint32_t after)
{
	for (size_t i = 0; i < e->reserves.count; i++)
		if (e->reserves.list[i]->id > after)
			return e->reserves.list[i]->id;
	return 0;
}

uint32_t suan_engine_find_reservation(const struct suan_engine *e, const char *name)
{
	const struct suan_reservation *r = suan_reserve_lookup(e, name);

	return r ? r->id : 0;
}

bool suan_engine_reservation(const struct suan_engine *e, uint32_t id,
			     struct suan_reservation_view *ret)
{
	const struct suan_reservation *r = suan_reserve_find(e, id);

	if (!r)
		return false;
	*ret = (struct suan_reservation_view){.id = id,
					      .name = r->name,
					      .owner = r->owner,
					      .users = r->users,
					      .accounts = r->accounts,
					      .made_ms = r->made_ms,
					      .from_ms = r->from_ms,
					      .to_ms = r->to_ms,
					      .until_ms = r->job ? 0 : r->until_ms,
					      .maintenance = r->maintenance,
					      .single = r->single,
					      .job = r->job,
					      .nodes = suan_reserve_nodes(r),
					      .nparts = r->nparts};
	ret->lost = suan_reserve_lost(e, r, &ret->broken);
	return true;
}

const uint32_t *suan_engine_reserved(const struct suan_engine *e, uint32_t id, uint32_t part,
				     uint32_t *ret_pool, uint32_t *ret_n)
{
	const struct suan_reservation *r = suan_reserve_find(e, id);

	*ret_n = 0;
	*ret_pool = SUAN_NO_POOL;
	if (!r || part >= r->nparts)
		return NULL;
	*ret_pool = r->parts[part].pool;
	*ret_n = r->parts[part].count;
	return r->parts[part].nodes;
}
