/* What the engine wants done: notices to the ring, orders to the sites. */
#include "core/core_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum suan_code suan_core_sites_grow(struct suan_core *c)
{
	size_t want = suan_engine_site_count(c->engine);
	enum suan_code rc;

	/* A NETWORK event of this round may add sites: they are not attached yet, so nothing is
	 * lost. */
	rc = suan_grow(&c->sites, &c->sites_cap, want, sizeof(*c->sites));
	if (rc != SUAN_OK)
		return rc;
	while (c->nsites < want)
		c->sites[c->nsites++] = (struct suan_core_site_out){0};
	return SUAN_OK;
}

static struct suan_core_site_out *site_of_pool(struct suan_core *c, uint32_t pool)
{
	struct suan_pool_view v;

	if (!suan_engine_pool(c->engine, pool, &v) || v.site >= c->nsites)
		return NULL;
	return &c->sites[v.site];
}

static struct suan_core_site_out *site_of_run(struct suan_core *c, struct suan_run_id run)
{
	struct suan_task_view t;

	if (!suan_engine_task(c->engine, run.job, run.index, &t) || t.pool == SUAN_NO_POOL)
		return NULL;
	return site_of_pool(c, t.pool);
}

static void push(struct suan_core_run_list *l, struct suan_run_id run)
{
	/* The event is durable; without memory only a restart can carry it out. */
	if (!suan_core_push_run(l, run))
		abort();
}

static void changed(struct suan_core *c, const struct suan_effect *f)
{
	struct suan_change *ch = &c->ring[c->changes % CHANGE_RING];
	uint64_t id = suan_engine_seq(c->engine) << 16;

	if (c->changes >= CHANGE_RING)
		c->lost_change = ch->id;
	if (id <= c->last_change)
		id = c->last_change + 1;
	*ch = (struct suan_change){.id = id,
				   .at_ms = suan_engine_now(c->engine),
				   .job = f->run.job,
				   .index = f->run.index,
				   .state = f->state};
	c->last_change = id;
	c->changes++;
	if (c->listen)
		c->listen(c->listen_ctx, ch);
}

/* The end is on record, also when it was told twice or the attempt is stale: its site may forget
 * it. Where a stale attempt ran is no longer known, so every site is told. */
static void forget_run(struct suan_core *c, struct suan_run_id run)
{
	struct suan_task_view t;
	struct suan_core_site_out *s = NULL;

	if (suan_engine_task(c->engine, run.job, run.index, &t) && t.attempt == run.attempt)
		s = site_of_run(c, run);
	for (size_t i = 0; i < c->nsites; i++)
		if (c->sites[i].link.orders && (!s || s == &c->sites[i]))
			push(&c->sites[i].forgets, run);
}

void suan_core_take_effects(struct suan_core *c, const struct suan_event *ev)
{
	for (size_t i = 0; i < c->fx.count; i++) {
		const struct suan_effect *f = &c->fx.list[i];
		struct suan_core_site_out *s;

		switch (f->type) {
		case SUAN_FX_START:
			s = site_of_pool(c, f->pool);
			if (s)
				push(&s->starts, f->run);
			c->stats.starts++;
			break;
		case SUAN_FX_STOP:
			s = site_of_run(c, f->run);
			if (s)
				push(&s->stops, f->run);
			break;
		case SUAN_FX_WAKE:
			if (f->at_ms < c->wake_ms)
				c->wake_ms = f->at_ms;
			break;
		case SUAN_FX_CHANGED:
			changed(c, f);
			break;
		case SUAN_FX_COPY:
		case SUAN_FX_COPY_STOP:
		case SUAN_FX_ERASE:
			suan_core_copy_effect(c, f);
			break;
		}
	}
	if (ev->type == SUAN_EV_REPORT && ev->u.report.kind == SUAN_REPORT_ENDED)
		forget_run(c, ev->u.report.run);
	if (ev->type == SUAN_EV_FORGET && c->fx.code == SUAN_OK)
		push(&c->drops, (struct suan_run_id){.job = ev->u.target.job});
}

/* ---- orders ---- */

static bool fill_order(struct suan_core *c, uint64_t job, uint32_t index, struct suan_order *o,
		       uint32_t *ret_site)
{
	struct suan_task_view t;
	struct suan_job_view j;
	struct suan_pool_view p;
	struct suan_site_view s;

	if (!suan_engine_job(c->engine, job, &j) || !suan_engine_task(c->engine, job, index, &t) ||
	    t.pool == SUAN_NO_POOL || !suan_engine_pool(c->engine, t.pool, &p) ||
	    !suan_engine_site(c->engine, p.site, &s))
		return false;
	*o = (struct suan_order){
		.kind = SUAN_ORDER_START,
		.run = {job, index, t.attempt},
		.started = t.start_ms != 0,
		.site = s.spec->name,
		.hub = s.spec->hub,
		.pool = p.name,
		.job_name = j.name,
		.user = j.user,
		.account = j.account,
		.is_array = j.is_array,
		.req = j.req,
		.node_memory = p.spec.memory,
		.walltime_ms = j.walltime_ms,
		.submit_ms = j.submit_ms,
		.payload = j.payload,
		.payload_len = j.payload_len,
		.env = j.env,
		.env_len = j.env_len,
	};
	if (j.is_array) {
		o->array_count = j.array->count;
		o->array_min = suan_range_at(j.array, 0);
		o->array_max = suan_range_at(j.array, j.array->count - 1);
	}
	o->places = suan_engine_places(c->engine, o->run, &o->nplaces);
	*ret_site = p.site;
	return true;
}

bool suan_core_order(struct suan_core *c, uint64_t job, uint32_t index, struct suan_order *ret,
		     uint32_t *ret_site)
{
	return fill_order(c, job, index, ret, ret_site);
}

#define ORDERS_AT_ONCE 256u

struct outbox {
	struct suan_order list[ORDERS_AT_ONCE];
	uint32_t count;
	const struct suan_site_link *link;
};

static void outbox_send(struct outbox *b)
{
	if (b->count)
		b->link->orders(b->link->ctx, b->list, b->count);
	b->count = 0;
}

static struct suan_order *outbox_next(struct outbox *b)
{
	if (b->count == ORDERS_AT_ONCE)
		outbox_send(b);
	return &b->list[b->count++];
}

static void add_plain(struct outbox *b, struct suan_core_run_list *l, enum suan_order_kind kind)
{
	for (size_t i = 0; i < l->count; i++)
		*outbox_next(b) = (struct suan_order){.kind = kind, .run = l->list[i]};
	l->count = 0;
}

static void add_stops(struct suan_core *c, struct outbox *b, struct suan_core_run_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct suan_order *o = outbox_next(b);
		struct suan_run_id run = l->list[i];
		struct suan_task_view t;

		*o = (struct suan_order){.kind = SUAN_ORDER_STOP, .run = run};
		if (suan_engine_task(c->engine, run.job, run.index, &t) &&
		    t.attempt == run.attempt)
			o->grace_ms = t.stop_grace_ms;
	}
	l->count = 0;
}

static void send_site(struct suan_core *c, struct suan_core_site_out *s)
{
	struct outbox b = {.link = &s->link};
	uint32_t site;

	if (!s->link.orders) { /* attach will send the open runs */
		s->starts.count = s->stops.count = s->forgets.count = s->copies.count = 0;
		return;
	}
	add_plain(&b, &s->forgets, SUAN_ORDER_FORGET);
	add_stops(c, &b, &s->stops);
	for (size_t i = 0; i < s->starts.count; i++) {
		struct suan_order o;

		if (fill_order(c, s->starts.list[i].job, s->starts.list[i].index, &o, &site))
			*outbox_next(&b) = o;
	}
	s->starts.count = 0;
	for (size_t i = 0; i < c->drops.count; i++)
		*outbox_next(&b) =
			(struct suan_order){.kind = SUAN_ORDER_DROP, .run = c->drops.list[i]};
	outbox_send(&b);
	suan_core_send_copies(c, s);
}

void suan_core_send_orders(struct suan_core *c)
{
	for (size_t i = 0; i < c->nsites; i++)
		send_site(c, &c->sites[i]);
	c->drops.count = 0;
}

enum suan_code suan_core_attach(struct suan_core *c, const char *site,
				const struct suan_site_link *link, struct suan_err *err)
{
	uint32_t number = suan_engine_find_site(c->engine, site), at;
	struct suan_run_id run = {0};
	struct outbox b = {.link = link};

	if (number == SUAN_NO_POOL || suan_core_sites_grow(c) != SUAN_OK)
		return suan_fail(err, SUAN_ENOTFOUND, "no site \"%s\" in the network", site);
	c->sites[number].link = *link;
	while (suan_engine_next_run(c->engine, &run)) {
		struct suan_task_view t;
		struct suan_order o;

		if (!fill_order(c, run.job, run.index, &o, &at) || at != number ||
		    !suan_engine_task(c->engine, run.job, run.index, &t))
			continue;
		/* It may have been ordered before the last stop of the platform; the site knows. */
		o.staged = t.order_ms <= c->recovered_ms;
		/* Others may rely on its end by now: it is taken up, never started. */
		o.started |= t.state == SUAN_UNKNOWN;
		*outbox_next(&b) = o;
		if (t.stopping)
			*outbox_next(&b) = (struct suan_order){.kind = SUAN_ORDER_STOP,
							       .run = run,
							       .grace_ms = t.stop_grace_ms};
	}
	outbox_send(&b);
	suan_core_attach_copies(c, number, link);
	return SUAN_OK;
}

void suan_core_effects_done(struct suan_core *c)
{
	for (size_t i = 0; i < c->nsites; i++) {
		free(c->sites[i].starts.list);
		free(c->sites[i].stops.list);
		free(c->sites[i].forgets.list);
		free(c->sites[i].copies.list);
	}
	suan_core_transfers_done(c);
	free(c->sites);
	free(c->drops.list);
}

/* ---- changes ---- */

void suan_core_listen(struct suan_core *c, void (*fn)(void *ctx, const struct suan_change *change),
		      void *ctx)
{
	c->listen = fn;
	c->listen_ctx = ctx;
}

uint64_t suan_core_last_change(const struct suan_core *c)
{
	return c->last_change;
}

bool suan_core_next_change(const struct suan_core *c, uint64_t after, struct suan_change *ret,
			   bool *ret_gap)
{
	uint64_t lo = c->changes > CHANGE_RING ? c->changes - CHANGE_RING : 0, hi = c->changes;

	*ret_gap = after < c->lost_change;
	if (after >= c->last_change)
		return false;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (c->ring[mid % CHANGE_RING].id <= after)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == c->changes)
		return false;
	*ret = c->ring[lo % CHANGE_RING];
	return true;
}
