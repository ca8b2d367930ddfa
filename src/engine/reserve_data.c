/* What a reservation for one job holds beside nodes: the room on links and in the cache of its site
 * for what that job reads, until it comes or the reservation lapses. When the job comes, each
 * transfer takes its booked course, or one that ends earlier. */
#include <stdlib.h>

#include "base/num.h"
#include "engine/data.h"
#include "engine/reserve.h"

static uint32_t site_of(const struct suan_engine *e, const struct suan_reservation *r)
{
	return e->net.pools[r->parts[0].pool].site;
}

static bool comes(const struct suan_booked *h)
{
	return h->from != SUAN_NO_POOL;
}

/* ---- booking ---- */

struct booking {
	struct suan_engine *e;
	const struct suan_pick_wish *w;
	uint32_t site;
	struct suan_booked *list;
	uint32_t n;
	uint64_t bytes;		/* that the site has to take */
	int64_t there_ms;	/* all of it is there */
};

/* At the last moment at which the job may come: later it would be too late. */
static int64_t latest_order(const struct suan_pick_wish *w)
{
	return w->r->until_ms > w->now_ms ? w->r->until_ms : w->now_ms;
}

/* Is there room for it at the site, held by a reservation? */
static bool has_room(const struct suan_engine *e, size_t before, uint32_t data, uint32_t site)
{
	while (before-- > 0) {
		const struct suan_reservation *r = e->reserves.list[before];

		for (uint32_t k = 0; k < r->nheld && site_of(e, r) == site; k++)
			if (r->held[k].data == data)
				return true;
	}
	return false;
}

static void need(struct booking *b, const struct suan_dataset *d)
{
	if (has_room(b->e, b->e->reserves.count, d->id, b->site))
		return;
	if (!suan_add_u64(b->bytes, d->bytes, &b->bytes))
		b->bytes = UINT64_MAX;
}

/* The data set is there or comes anyway: true. */
static bool is_coming(struct booking *b, const struct suan_dataset *d)
{
	struct suan_replica *r = suan_data_replica(d, b->site);
	const struct suan_transfer *x;

	if (!r || r->state == SUAN_REPLICA_LOST)
		return false;
	r->wanted_pass = b->e->data.pass;
	if (r->state == SUAN_REPLICA_COMPLETE)
		return true;
	x = suan_data_coming(b->e, d->id, b->site);
	if (!x->running)
		need(b, d);
	if (x->plan_end_ms > b->there_ms)
		b->there_ms = x->plan_end_ms;
	return true;
}

static void put(struct booking *b, const struct suan_booked *h)
{
	b->list[b->n++] = *h;
	if (comes(h) && h->end_ms > b->there_ms)
		b->there_ms = h->end_ms;
}

static enum suan_code book(struct booking *b, const char *name)
{
	const struct suan_dataset *d = suan_data_lookup(b->e, name);
	struct suan_course c;
	enum suan_code rc;

	for (uint32_t i = 0; d && i < b->n; i++)
		if (b->list[i].data == d->id)
			return SUAN_OK;
	if (d && is_coming(b, d)) {
		put(b, &(struct suan_booked){.data = d->id, .from = SUAN_NO_POOL});
		return SUAN_OK;
	}
	if (!d || !suan_data_allows(b->e, d, b->site)) {
		b->there_ms = SUAN_FOREVER;
		return SUAN_OK;
	}
	rc = suan_transfer_book(b->e, d, b->site, latest_order(b->w), &c);
	if (rc != SUAN_OK)
		return rc;
	need(b, d);
	put(b, &(struct suan_booked){d->id, c.from, c.begin_ms, c.end_ms, c.mbit});
	return SUAN_OK;
}

static void refuse(struct suan_effects *out, enum suan_reason why, int64_t a, int64_t b)
{
	out->code = SUAN_EREFUSED;
	out->refused = why;
	out->a = a;
	out->b = b;
}

static void judge(const struct booking *b, struct suan_effects *out)
{
	int64_t latest = b->w->to_ms - b->w->r->limit_ms;
	uint64_t most = suan_data_most(b->e, b->site);

	if (b->there_ms > latest)
		refuse(out, SUAN_R_DATA_LATE, b->there_ms, latest);
	else if (b->bytes > most)
		refuse(out, SUAN_R_CACHE_FULL, (int64_t)b->bytes, (int64_t)most);
}

enum suan_code suan_reserve_book(struct suan_engine *e, const struct suan_pick_wish *w,
				 uint32_t pool, struct suan_bookings *ret, struct suan_effects *out)
{
	struct booking b = {.e = e, .w = w, .site = e->net.pools[pool].site,
			    .there_ms = w->now_ms};
	const struct suan_names *inputs = &w->r->inputs;
	enum suan_code rc = SUAN_OK;

	*ret = (struct suan_bookings){.list = NULL};
	if (inputs->count == 0)
		return SUAN_OK;
	b.list = calloc(inputs->count, sizeof(*b.list));
	rc = b.list ? suan_transfer_plan(e, w->now_ms) : SUAN_ENOMEM;
	for (uint32_t i = 0; i < inputs->count && rc == SUAN_OK; i++)
		rc = book(&b, inputs->list[i]);
	e->data.stale = true;	/* by what is kept links are booked anew */
	if (rc != SUAN_OK) {
		free(b.list);
		return rc;
	}
	judge(&b, out);
	*ret = (struct suan_bookings){b.list, b.n, b.site, b.bytes};
	return SUAN_OK;
}

/* ---- what is held ---- */

bool suan_reserve_reads(const struct suan_engine *e, uint32_t data)
{
	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		for (uint32_t k = 0; k < r->nheld; k++)
			if (r->held[k].data == data)
				return true;
	}
	return false;
}

/* Is it one that does not go, at the site: the copy of a job to come, or where it comes from? */
bool suan_reserve_keeps(const struct suan_engine *e, uint32_t data, uint32_t site)
{
	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		for (uint32_t k = 0; k < r->nheld; k++)
			if (r->held[k].data == data &&
			    (site_of(e, r) == site || (r->job == 0 && r->held[k].from == site)))
				return true;
	}
	return false;
}

bool suan_reserve_awaits(const struct suan_engine *e, const struct suan_transfer *x)
{
	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		for (uint32_t k = 0; k < r->nheld && site_of(e, r) == x->to; k++)
			if (r->held[k].data == x->data && (r->job != 0 || !comes(&r->held[k])))
				return true;
	}
	return false;
}

uint64_t suan_reserve_bytes(const struct suan_engine *e, uint32_t site, uint32_t but)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		for (uint32_t k = 0; k < r->nheld && site_of(e, r) == site; k++) {
			uint32_t id = r->held[k].data;
			const struct suan_dataset *d = suan_data_find(e, id);

			if (d && id != but && !suan_data_takes(e, d, site) &&
			    !has_room(e, i, id, site) && !suan_add_u64(sum, d->bytes, &sum))
				return UINT64_MAX;
		}
	}
	return sum;
}

enum suan_code suan_reserve_hold_links(struct suan_engine *e, int64_t now_ms)
{
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < e->reserves.count; i++) {
		const struct suan_reservation *r = e->reserves.list[i];

		for (uint32_t k = 0; k < r->nheld && r->job == 0 && rc == SUAN_OK; k++) {
			const struct suan_booked *h = &r->held[k];
			struct suan_course c = {h->begin_ms, h->end_ms, h->mbit, h->from};

			if (comes(h))
				rc = suan_transfer_hold(e, suan_data_find(e, h->data),
							site_of(e, r), now_ms, &c);
		}
	}
	return rc;
}

/* ---- the job comes ---- */

static struct suan_reservation *held_for(const struct suan_engine *e, const struct suan_job *j)
{
	struct suan_reservation *r = suan_reserve_find(e, suan_jobs_reservation(j));

	return r && r->single && r->nheld > 0 ? r : NULL;
}

enum suan_code suan_reserve_transfer_room(struct suan_engine *e, const struct suan_job *j,
					  size_t *more)
{
	const struct suan_reservation *r = held_for(e, j);
	enum suan_code rc;

	if (!r)
		return SUAN_OK;
	*more += r->nheld;
	rc = suan_data_transfer_room(e, *more);
	for (uint32_t k = 0; k < r->nheld && rc == SUAN_OK; k++) {
		struct suan_dataset *d = suan_data_find(e, r->held[k].data);

		if (d)
			rc = suan_data_replica_room(d);
	}
	return rc;
}

static bool reads(const struct suan_engine *e, const struct suan_job *j, uint32_t data)
{
	const struct suan_want *w = &e->data.wants[suan_wants_get(j)];

	for (uint32_t i = 0; suan_wants_get(j) && i < w->count; i++)
		if (w->ids[i] == data)
			return true;
	return false;
}

/* The transfer that brings it gets what was held for it. */
static void order(struct suan_engine *e, uint32_t site, const struct suan_booked *h, int64_t now_ms)
{
	struct suan_dataset *d = suan_data_find(e, h->data);
	struct suan_replica *r = d ? suan_data_replica(d, site) : NULL;
	struct suan_transfer *x;

	if (!d || !comes(h) || (r && r->state == SUAN_REPLICA_COMPLETE))
		return;
	x = r && r->state == SUAN_REPLICA_COPYING ? suan_data_coming(e, d->id, site) : NULL;
	if (!x) {
		x = suan_data_put_transfer(e, d, site, now_ms);
		r = r ? r : suan_data_put_replica(e, d, site);
		r->state = SUAN_REPLICA_COPYING;
	}
	x->wanted = true;
	if (x->attempt > 0 || x->booked)
		return;
	x->booked = true;
	x->from = h->from;
	x->mbit = h->mbit;
	x->begin_ms = h->begin_ms;
	x->end_ms = h->end_ms;
}

void suan_reserve_order(struct suan_engine *e, const struct suan_job *j)
{
	struct suan_reservation *r = held_for(e, j);
	uint32_t n = 0;

	if (!r)
		return;
	for (uint32_t k = 0; k < r->nheld; k++) {
		if (!reads(e, j, r->held[k].data))
			continue;
		order(e, site_of(e, r), &r->held[k], j->submit_ms);
		r->held[n++] = r->held[k];
	}
	r->nheld = n;
	e->data.stale = true;
}

/* ---- checks, reading ---- */

const char *suan_reserve_verify_held(const struct suan_engine *e, const struct suan_reservation *r)
{
	for (uint32_t k = 0; k < r->nheld; k++) {
		const struct suan_booked *h = &r->held[k];

		if (!r->single || !suan_data_find(e, h->data))
			return "a reservation holds room for what is not read";
		if (comes(h) && (h->from >= e->net.nsites || h->begin_ms >= h->end_ms))
			return "a reservation holds links for no time";
	}
	return NULL;
}

bool suan_engine_held(const struct suan_engine *e, uint32_t id, uint32_t i,
		      struct suan_held_view *ret)
{
	const struct suan_reservation *r = suan_reserve_find(e, id);
	const struct suan_dataset *d;

	if (!r || i >= r->nheld)
		return false;
	d = suan_data_find(e, r->held[i].data);
	*ret = (struct suan_held_view){.data = r->held[i].data, .from = r->held[i].from,
				       .to = site_of(e, r), .begin_ms = r->held[i].begin_ms,
				       .end_ms = r->held[i].end_ms, .mbit = r->held[i].mbit,
				       .bytes = d ? d->bytes : 0};
	return true;
}
