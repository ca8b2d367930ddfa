/* Copies of data sets: what the engine wants at which site, and what sites tell of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "core/core_impl.h"

void suan_core_copy_effect(struct suan_core *c, const struct suan_effect *f)
{
	struct suan_core_site_out *s;
	struct suan_transfer_view v;
	uint32_t site = f->site;

	if (f->type == SUAN_FX_COPY) {
		if (!suan_engine_transfer(c->engine, f->transfer, &v))
			return;
		site = v.to;
	}
	if (site >= c->nsites)
		return;
	s = &c->sites[site];
	/* The event is durable; without memory only a restart can carry it out. */
	if (suan_grow(&s->copies.list, &s->copies.cap, s->copies.count + 1,
		      sizeof(*s->copies.list)) != SUAN_OK)
		abort();
	s->copies.list[s->copies.count++] = *f;
}

/* false: there is nothing to copy any more. */
static bool fill_copy(const struct suan_core *c, uint32_t transfer, uint32_t attempt,
		      struct suan_order *o)
{
	struct suan_transfer_view v;
	struct suan_data_view d;
	struct suan_site_view from;

	if (!suan_engine_transfer(c->engine, transfer, &v) || !v.running || v.attempt != attempt ||
	    !suan_engine_data_set(c->engine, v.data, &d))
		return false;
	*o = (struct suan_order){.kind = SUAN_ORDER_COPY,
				 .copy = {.transfer = transfer,
					  .attempt = attempt,
					  .data = v.data,
					  .name = d.name,
					  .sha256 = d.sha256,
					  .bytes = d.bytes,
					  .from = "",
					  .source = d.source,
					  .mbit = v.mbit}};
	if (v.from != SUAN_NO_POOL && suan_engine_site(c->engine, v.from, &from))
		o->copy.from = from.spec->name;
	return true;
}

static void send_one(const struct suan_site_link *link, const struct suan_order *o)
{
	link->orders(link->ctx, o, 1);
}

void suan_core_send_copies(struct suan_core *c, struct suan_core_site_out *s)
{
	for (size_t i = 0; i < s->copies.count; i++) {
		const struct suan_effect *f = &s->copies.list[i];
		struct suan_order o = {.kind = SUAN_ORDER_ERASE, .copy = {.data = f->data}};

		if (f->type == SUAN_FX_COPY_STOP)
			o = (struct suan_order){.kind = SUAN_ORDER_COPY_STOP,
						.copy = {.transfer = f->transfer,
							 .attempt = f->run.attempt,
							 .data = f->data}};
		if (f->type != SUAN_FX_COPY || fill_copy(c, f->transfer, f->run.attempt, &o))
			send_one(&s->link, &o);
	}
	s->copies.count = 0;
}

static bool has_copy(const struct suan_core *c, uint32_t data, uint32_t site)
{
	struct suan_replica_view r;

	for (uint32_t i = 0; suan_engine_replica(c->engine, data, i, &r); i++)
		if (r.site == site)
			return true;
	return false;
}

void suan_core_attach_copies(struct suan_core *c, uint32_t site, const struct suan_site_link *link)
{
	struct suan_transfer_view v;
	struct suan_order o;
	uint32_t id = 0;

	while ((id = suan_engine_next_data(c->engine, id)))
		if (has_copy(c, id, site)) {
			o = (struct suan_order){.kind = SUAN_ORDER_KEEP, .copy = {.data = id}};
			send_one(link, &o);
		}
	o = (struct suan_order){.kind = SUAN_ORDER_SWEEP};
	send_one(link, &o);
	for (id = 0; (id = suan_engine_next_transfer(c->engine, id));)
		if (suan_engine_transfer(c->engine, id, &v) && v.to == site && v.running &&
		    fill_copy(c, id, v.attempt, &o))
			send_one(link, &o);
}

/* ---- what sites tell ---- */

static void kept(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_core_transfer *t = ctx;

	if (answer->code != SUAN_EFULL && answer->code != SUAN_EIO && answer->code != SUAN_ENOMEM) {
		free(t); /* durable, or of a transfer that is no more */
		return;
	}
	t->next = t->core->again;
	t->core->again = t;
}

static void post(struct suan_core *c, struct suan_core_transfer *t, int64_t now_ms)
{
	struct suan_event ev = {
		.type = SUAN_EV_TRANSFER, .now_ms = now_ms, .u.transfer = t->report};

	suan_core_post(c, &ev, NULL, kept, t);
}

void suan_core_transfer(struct suan_core *c, const struct suan_transfer_report *report)
{
	struct suan_core_transfer *t = calloc(1, sizeof(*t));

	/* A lost report would leave its transfer hanging; without memory nothing can go on. */
	if (!t)
		abort();
	t->core = c;
	t->report = *report;
	(void)snprintf(t->sha256, sizeof(t->sha256), "%s", report->sha256 ? report->sha256 : "");
	(void)snprintf(t->text, sizeof(t->text), "%s", report->text ? report->text : "");
	t->report.sha256 = t->sha256;
	t->report.text = t->text;
	post(c, t, suan_engine_now(c->engine));
}

void suan_core_transfers_again(struct suan_core *c)
{
	struct suan_core_transfer *t = c->again;

	c->again = NULL;
	while (t) {
		struct suan_core_transfer *next = t->next;

		post(c, t, suan_engine_now(c->engine));
		t = next;
	}
}

void suan_core_transfers_done(struct suan_core *c)
{
	while (c->again) {
		struct suan_core_transfer *t = c->again;

		c->again = t->next;
		free(t);
	}
}
