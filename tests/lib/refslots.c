/* What conservative keeps from pass to pass, over plain arrays; see refplan.h. */
#include "lib/refplan_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- conservative: slots that keep their time ---- */

static struct ref_item *item_of(struct ref *r, uint64_t id)
{
	for (uint32_t i = 0; i < r->nitems; i++)
		if (r->items[i].item.id == id)
			return &r->items[i];
	return NULL;
}

uint32_t ref_slots_of(const struct ref *r, uint64_t id, uint32_t upto)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < upto; i++)
		n += r->holds[i].id == id;
	return n;
}

static bool slot_before(struct ref *r, const struct ref_hold *a, const struct ref_hold *b)
{
	struct ref_item *x = item_of(r, a->id), *y = item_of(r, b->id);

	if (x != y)
		return x < y;	/* items are in order */
	return a->from != b->from ? a->from < b->from : a->pool < b->pool;
}

static void sort_slots(struct ref *r)
{
	for (uint32_t i = 1; i < r->nholds; i++)
		for (uint32_t k = i; k > 0 && slot_before(r, &r->holds[k], &r->holds[k - 1]); k--) {
			struct ref_hold h = r->holds[k];

			r->holds[k] = r->holds[k - 1];
			r->holds[k - 1] = h;
		}
}

static void drop_slot(struct ref *r, uint32_t i)
{
	memmove(&r->holds[i], &r->holds[i + 1], (r->nholds - i - 1) * sizeof(r->holds[0]));
	r->nholds--;
}

static void drop_dead_slots(struct ref *r)
{
	for (uint32_t i = 0; i < r->nholds;) {
		struct ref_hold *h = &r->holds[i];
		struct ref_item *x = item_of(r, h->id);

		if (x && ref_may_use(r, x, h->pool) && ref_slots_of(r, h->id, i) < x->item.count &&
		    x->item.ask.group == 0 && h->from >= ref_arrival(r, &x->item.ask, h->pool) &&
		    h->to - h->from == ref_length(r, h->pool, &x->item.ask)) {
			h->ask = x->item.ask;
			i++;
			continue;
		}
		drop_slot(r, i);
		r->freed_ms = SUAN_FOREVER;
	}
}

static bool slots_hold(const struct ref *r)
{
	static int64_t times[REF_RUNS + 2 * REF_HOLDS + 2 * REF_WINDOWS];
	const struct ref_amount nothing = {0};

	for (uint32_t i = 0; i < r->nholds; i++)
		if (r->holds[i].from < r->now)
			return false;
	for (uint32_t pool = 0; pool < r->npools; pool++) {
		uint32_t n = ref_changes(r, pool, r->now, times);

		if (!ref_fits(nothing, ref_free_at(r, pool, r->now, false)))
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (!ref_fits(nothing, ref_free_at(r, pool, times[i], false)))
				return false;
	}
	return true;
}

static void compress(struct ref *r)
{
	uint32_t order[REF_POOLS];

	ref_by_rank(r, order);
	for (uint32_t k = 0; k < r->nholds; k++) {
		struct ref_hold *h = &r->holds[k];
		struct ref_item *x = item_of(r, h->id);
		uint32_t pool = h->pool;
		int64_t from = h->from;

		h->pool = SUAN_NO_POOL;
		for (uint32_t i = 0; i < r->npools; i++) {
			int64_t at = SUAN_FOREVER;

			if (h->ask.quota && h->ask.req.exclusive && order[i] != pool)
				continue;
			if (ref_may_use(r, x, order[i]))
				at = ref_earliest(r, order[i], &h->ask, r->now);
			if (at < from) {
				from = at;
				pool = order[i];
			}
		}
		h->pool = pool;
		h->from = from;
		h->to = from + ref_length(r, pool, &h->ask);
	}
}

static void start_due(struct ref *r)
{
	for (uint32_t i = 0; i < r->nholds;) {
		struct ref_hold h = r->holds[i];
		struct ref_item *x = item_of(r, h.id);

		if (h.from != r->now) {
			i++;
			continue;
		}
		drop_slot(r, i);
		x->due += ref_start_in(r, x, h.pool);
	}
}

void ref_settle_slots(struct ref *r)
{
	drop_dead_slots(r);
	sort_slots(r);
	for (uint32_t i = 0; i < r->nholds;) {
		if (ref_room(r, &r->holds[i].ask, r->holds[i].pool, i)) {
			i++;
			continue;
		}
		drop_slot(r, i);
		r->freed_ms = SUAN_FOREVER;
	}
	if (!slots_hold(r)) {
		r->nholds = 0;
	} else if (r->freed_ms > r->now) {
		compress(r);
		sort_slots(r);
	}
	r->freed_ms = INT64_MIN;
	start_due(r);
}

void ref_predict_from_slots(struct ref *r)
{
	sort_slots(r);
	for (uint32_t i = 0; i < r->nitems; i++) {
		struct ref_item *x = &r->items[i];

		if (x->item.ask.group)
			continue;
		x->predicted = false;
		for (uint32_t k = r->nholds; k-- > 0;) {
			if (r->holds[k].id != x->item.id)
				continue;
			x->predicted = true;
			x->pool = r->holds[k].pool;
			x->at = r->holds[k].from;
		}
	}
}
