/* The table of data sets, their copies and transfers; see data.h. */
#include "engine/data.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/copier.h"

/* ---- life ---- */

void suan_data_free(struct suan_engine *e, struct suan_dataset *d)
{
	if (!d)
		return;
	suan_intern_drop(e->strings, d->name);
	suan_intern_drop(e->strings, d->text);
	suan_arena_done(&d->arena);
	free(d->replicas);
	free(d);
}

void suan_data_done(struct suan_engine *e)
{
	struct suan_data *t = &e->data;

	for (size_t i = 0; i < t->count; i++)
		suan_data_free(e, t->list[i]);
	free(t->list);
	free(t->transfers);
	suan_map_done(&t->by_name);
	for (size_t i = 0; i < t->nwants; i++)
		free(t->wants[i].ids);
	free(t->wants);
	suan_map_done(&t->want_of);
	suan_links_free(t->links);
	free(t->arrivals);
}

static void copy_names(struct suan_copier *c, const struct suan_names *from, struct suan_names *to)
{
	to->count = from->count;
	to->list = suan_copier_list(c, from->list, from->count, sizeof(*to->list));
	for (uint32_t i = 0; !c->failed && i < from->count; i++)
		to->list[i] = suan_copier_str(c, from->list[i]);
}

enum suan_code suan_data_make(struct suan_engine *e, const struct suan_data_command *c,
			      struct suan_dataset **ret)
{
	struct suan_dataset *d = calloc(1, sizeof(*d));
	struct suan_copier x = {.failed = false};

	if (!d)
		return SUAN_ENOMEM;
	suan_arena_init(&d->arena, 0);
	x.arena = &d->arena;
	d->owner = suan_copier_str(&x, c->who);
	d->account = suan_copier_str(&x, c->account);
	d->source = suan_copier_str(&x, c->source);
	copy_names(&x, &c->sites, &d->sites);
	copy_names(&x, &c->hubs, &d->hubs);
	copy_names(&x, &c->users, &d->users);
	copy_names(&x, &c->accounts, &d->accounts);
	if (x.failed || suan_intern_add(e->strings, c->name, strlen(c->name), &d->name) !=
				SUAN_OK) {
		suan_data_free(e, d);
		return SUAN_ENOMEM;
	}
	if (c->sha256 && strlen(c->sha256) == SUAN_SHA256_HEX)
		memcpy(d->sha256, c->sha256, SUAN_SHA256_HEX);
	d->bytes = c->bytes;
	d->files = c->files;
	d->expires_ms = c->expires_ms;
	*ret = d;
	return SUAN_OK;
}

/* ---- look-up ---- */

struct suan_dataset *suan_data_find(const struct suan_engine *e, uint32_t id)
{
	size_t lo = 0, n = e->data.count;

	while (n > 0) {
		size_t half = n / 2;

		if (e->data.list[lo + half]->id < id) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo < e->data.count && e->data.list[lo]->id == id ? e->data.list[lo] : NULL;
}

struct suan_dataset *suan_data_lookup(const struct suan_engine *e, const char *name)
{
	uint32_t text;
	uint64_t id;

	if (!name || !name[0] || !suan_intern_find(e->strings, name, strlen(name), &text) ||
	    !suan_map_get(&e->data.by_name, text, &id))
		return NULL;
	return suan_data_find(e, (uint32_t)id);
}

struct suan_replica *suan_data_replica(const struct suan_dataset *d, uint32_t site)
{
	for (size_t i = 0; i < d->nreplicas; i++)
		if (d->replicas[i].site == site)
			return &d->replicas[i];
	return NULL;
}

struct suan_transfer *suan_data_transfer(const struct suan_engine *e, uint32_t id)
{
	for (size_t i = 0; i < e->data.ntransfers; i++)
		if (e->data.transfers[i].id == id)
			return &e->data.transfers[i];
	return NULL;
}

struct suan_transfer *suan_data_coming(const struct suan_engine *e, uint32_t data, uint32_t site)
{
	for (size_t i = 0; i < e->data.ntransfers; i++)
		if (e->data.transfers[i].data == data && e->data.transfers[i].to == site)
			return &e->data.transfers[i];
	return NULL;
}

static bool named(const struct suan_names *list, const char *name)
{
	return suan_rules_holds(list, "*") ||
	       (name && name[0] && suan_rules_holds(list, name));
}

bool suan_data_readable(const struct suan_dataset *d, const char *user, const char *account)
{
	return strcmp(d->owner, user ? user : "") == 0 || named(&d->users, user) ||
	       named(&d->accounts, account);
}

bool suan_data_allows(const struct suan_engine *e, const struct suan_dataset *d, uint32_t site)
{
	const struct suan_site_spec *s = e->net.sites[site].spec;

	if (d->sites.count == 0 && d->hubs.count == 0)
		return true;
	return suan_rules_holds(&d->sites, s->name) || suan_rules_holds(&d->hubs, s->hub);
}

uint32_t suan_data_complete(const struct suan_dataset *d)
{
	uint32_t n = 0;

	for (size_t i = 0; i < d->nreplicas; i++)
		n += d->replicas[i].state == SUAN_REPLICA_COMPLETE;
	return n;
}

bool suan_data_read(const struct suan_engine *e, const struct suan_dataset *d)
{
	uint64_t id = 0;

	while ((id = suan_engine_next_job(e, id))) {
		const struct suan_job *j = suan_jobs_find(e, id);
		const struct suan_want *w;

		if (suan_wants_get(j) == 0 || suan_jobs_over(j))
			continue;
		w = &e->data.wants[suan_wants_get(j)];
		for (uint32_t i = 0; i < w->count; i++)
			if (w->ids[i] == d->id)
				return true;
	}
	return false;
}

/* ---- change ---- */

enum suan_code suan_data_room(struct suan_engine *e)
{
	struct suan_data *t = &e->data;
	enum suan_code rc = suan_map_reserve(&t->by_name, 1);

	if (rc == SUAN_OK)
		rc = suan_grow(&t->list, &t->cap, t->count + 1, sizeof(*t->list));
	return rc;
}

void suan_data_add(struct suan_engine *e, struct suan_dataset *d)
{
	struct suan_data *t = &e->data;
	enum suan_code rc = suan_map_put(&t->by_name, d->name, d->id);

	assert(rc == SUAN_OK && t->count < t->cap && d->id > t->last_id);
	t->list[t->count++] = d;
	t->last_id = d->id;
	t->stale = true;
}

enum suan_code suan_data_replica_room(struct suan_dataset *d)
{
	return suan_grow(&d->replicas, &d->cap, d->nreplicas + 1, sizeof(*d->replicas));
}

struct suan_replica *suan_data_put_replica(struct suan_engine *e, struct suan_dataset *d,
					   uint32_t site)
{
	size_t i = d->nreplicas;

	assert(d->nreplicas < d->cap);
	for (; i > 0 && d->replicas[i - 1].site > site; i--)
		d->replicas[i] = d->replicas[i - 1];
	d->replicas[i] = (struct suan_replica){.site = site};
	d->nreplicas++;
	e->data.copies++;
	return &d->replicas[i];
}

void suan_data_drop_replica(struct suan_engine *e, struct suan_dataset *d, uint32_t site)
{
	struct suan_replica *r = suan_data_replica(d, site);
	size_t i = (size_t)(r - d->replicas);

	assert(r && r->runs == 0);
	memmove(r, r + 1, (d->nreplicas - i - 1) * sizeof(*r));
	d->nreplicas--;
	e->data.copies--;
	e->data.stale = true;
}

enum suan_code suan_data_transfer_room(struct suan_engine *e, size_t more)
{
	struct suan_data *t = &e->data;

	return suan_grow(&t->transfers, &t->transfers_cap, t->ntransfers + more,
			 sizeof(*t->transfers));
}

struct suan_transfer *suan_data_put_transfer(struct suan_engine *e, struct suan_dataset *d,
					     uint32_t to, int64_t now_ms)
{
	struct suan_data *t = &e->data;
	struct suan_transfer *x = &t->transfers[t->ntransfers++];

	assert(t->ntransfers <= t->transfers_cap);
	*x = (struct suan_transfer){.id = ++t->last_transfer, .data = d->id, .to = to,
				    .from = SUAN_NO_POOL, .made_ms = now_ms,
				    .plan_begin_ms = SUAN_FOREVER, .plan_end_ms = SUAN_FOREVER,
				    .plan_from = SUAN_NO_POOL};
	t->stale = true;
	return x;
}

void suan_data_drop_transfer(struct suan_engine *e, uint32_t id)
{
	struct suan_data *t = &e->data;
	size_t i = 0;

	while (t->transfers[i].id != id)
		i++;
	memmove(&t->transfers[i], &t->transfers[i + 1],
		(t->ntransfers - i - 1) * sizeof(*t->transfers));
	t->ntransfers--;
	t->stale = true;
}

static void stop_transfers(struct suan_engine *e, uint32_t data, struct suan_effects *fx)
{
	struct suan_data *t = &e->data;

	for (size_t i = t->ntransfers; i-- > 0;) {
		struct suan_transfer *x = &t->transfers[i];

		if (x->data != data)
			continue;
		if (x->running)
			suan_effects_push(fx, &(struct suan_effect){
				.type = SUAN_FX_COPY_STOP, .run.attempt = x->attempt,
				.pool = SUAN_NO_POOL, .transfer = x->id, .data = data,
				.site = x->to});
		suan_data_drop_transfer(e, x->id);
	}
}

void suan_data_remove(struct suan_engine *e, struct suan_dataset *d, struct suan_effects *fx)
{
	struct suan_data *t = &e->data;
	size_t at = 0;

	stop_transfers(e, d->id, fx);
	for (size_t i = 0; i < d->nreplicas; i++)
		suan_effects_push(fx, &(struct suan_effect){.type = SUAN_FX_ERASE,
							    .pool = SUAN_NO_POOL, .data = d->id,
							    .site = d->replicas[i].site});
	t->copies -= d->nreplicas;
	while (t->list[at] != d)
		at++;
	memmove(&t->list[at], &t->list[at + 1], (t->count - at - 1) * sizeof(*t->list));
	t->count--;
	suan_map_drop(&t->by_name, d->name);
	suan_data_free(e, d);
	t->stale = true;
}

/* ---- checks ---- */

static const char *verify_one(const struct suan_engine *e, const struct suan_dataset *d)
{
	for (size_t i = 0; i < d->nreplicas; i++) {
		const struct suan_replica *r = &d->replicas[i];
		const struct suan_transfer *x = suan_data_coming(e, d->id, r->site);

		if (r->site >= e->net.nsites || (i > 0 && r[-1].site >= r->site))
			return "the copies of a data set are not in order";
		if (r->state == SUAN_REPLICA_COPYING && !x)
			return "a copy comes by no transfer";
		if (r->runs > 0 && r->state != SUAN_REPLICA_COMPLETE)
			return "a run reads a copy that is not complete";
	}
	return NULL;
}

static const char *verify_transfers(const struct suan_engine *e)
{
	for (size_t i = 0; i < e->data.ntransfers; i++) {
		const struct suan_transfer *x = &e->data.transfers[i];
		const struct suan_dataset *d = suan_data_find(e, x->data);

		if (!d || x->to >= e->net.nsites || x->id > e->data.last_transfer ||
		    (i > 0 && x[-1].id >= x->id))
			return "a transfer moves nothing, or stands out of order";
		if (!suan_data_replica(d, x->to))
			return "a transfer makes no copy";
		for (size_t k = 0; k < i; k++)
			if (e->data.transfers[k].data == x->data &&
			    e->data.transfers[k].to == x->to)
				return "two transfers make one copy";
	}
	return suan_transfer_verify(e);
}

/* Copies that runs read, counted from the runs. */
static uint64_t runs_that_read(const struct suan_engine *e)
{
	struct suan_run_id run = {0};
	uint64_t n = 0;

	while (suan_engine_next_run(e, &run)) {
		const struct suan_job *j = suan_jobs_find(e, run.job);

		n += e->data.nwants ? e->data.wants[suan_wants_get(j)].count : 0;
	}
	return n;
}

const char *suan_data_verify(const struct suan_engine *e)
{
	const char *bad = verify_transfers(e);
	uint64_t runs = 0;

	for (size_t i = 0; i < e->data.count && !bad; i++) {
		const struct suan_dataset *d = e->data.list[i];

		bad = verify_one(e, d);
		if (suan_data_find(e, d->id) != d)
			bad = "the data sets are not in order";
		for (size_t k = 0; k < d->nreplicas; k++)
			runs += d->replicas[k].runs;
	}
	if (!bad && runs != runs_that_read(e))
		bad = "runs read other copies than are counted";
	return bad;
}
