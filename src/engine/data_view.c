/* Reading data sets, their copies and transfers. */
#include <string.h>

#include "engine/data.h"

uint32_t suan_engine_next_data(const struct suan_engine *e, uint32_t after)
{
	size_t lo = 0, n = e->data.count;

	while (n > 0) {
		size_t half = n / 2;

		if (e->data.list[lo + half]->id <= after) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo < e->data.count ? e->data.list[lo]->id : 0;
}

uint32_t suan_engine_find_data(const struct suan_engine *e, const char *name)
{
	const struct suan_dataset *d = suan_data_lookup(e, name);

	return d ? d->id : 0;
}

bool suan_engine_data_set(const struct suan_engine *e, uint32_t id, struct suan_data_view *ret)
{
	const struct suan_dataset *d = suan_data_find(e, id);

	if (!d)
		return false;
	*ret = (struct suan_data_view){.id = id,
				       .name = suan_intern_str(e->strings, d->name),
				       .owner = d->owner,
				       .account = d->account,
				       .source = d->source,
				       .sha256 = d->sha256,
				       .text = suan_intern_str(e->strings, d->text),
				       .bytes = d->bytes,
				       .files = d->files,
				       .made_ms = d->made_ms,
				       .expires_ms = d->expires_ms,
				       .sites = d->sites,
				       .hubs = d->hubs,
				       .users = d->users,
				       .accounts = d->accounts,
				       .copies = (uint32_t)d->nreplicas,
				       .complete = suan_data_complete(d)};
	return true;
}

bool suan_engine_replica(const struct suan_engine *e, uint32_t id, uint32_t place,
			 struct suan_replica_view *ret)
{
	const struct suan_dataset *d = suan_data_find(e, id);
	const struct suan_replica *r;
	const struct suan_transfer *x;

	if (!d || place >= d->nreplicas)
		return false;
	r = &d->replicas[place];
	x = suan_data_coming(e, id, r->site);
	*ret = (struct suan_replica_view){.site = r->site,
					  .state = (enum suan_replica_state)r->state,
					  .kept = r->kept,
					  .runs = r->runs,
					  .used_ms = r->used_ms,
					  .checked_ms = r->checked_ms,
					  .transfer = x ? x->id : 0};
	return true;
}

uint32_t suan_engine_next_transfer(const struct suan_engine *e, uint32_t after)
{
	for (size_t i = 0; i < e->data.ntransfers; i++)
		if (e->data.transfers[i].id > after)
			return e->data.transfers[i].id;
	return 0;
}

bool suan_engine_transfer(const struct suan_engine *e, uint32_t id, struct suan_transfer_view *ret)
{
	const struct suan_transfer *x = suan_data_transfer(e, id);

	if (!x)
		return false;
	*ret = (struct suan_transfer_view){.id = id,
					   .attempt = x->attempt,
					   .data = x->data,
					   .from = x->running ? x->from : x->plan_from,
					   .to = x->to,
					   .running = x->running,
					   .failures = x->failures,
					   .made_ms = x->made_ms,
					   .begin_ms = x->running ? x->begin_ms : x->plan_begin_ms,
					   .end_ms = x->running ? x->end_ms : x->plan_end_ms,
					   .bytes = suan_data_find(e, x->data)->bytes,
					   .done_bytes = x->done_bytes,
					   .mbit = x->running ? x->mbit : x->plan_mbit};
	return true;
}

uint64_t suan_engine_moved_bytes(const struct suan_engine *e)
{
	return e->data.moved_bytes;
}

bool suan_engine_may_read(const struct suan_engine *e, uint32_t id, const char *user,
			  const char *account)
{
	const struct suan_dataset *d = suan_data_find(e, id);

	return d && suan_data_readable(d, user, account);
}
