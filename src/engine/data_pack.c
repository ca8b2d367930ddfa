/* Data sets and transfers in snapshots. Strings stand there as they are. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "engine/data.h"
#include "engine/pack.h"
#include "engine/snapshot.h"

enum {
	SITE = 30,
	HUB,
	USER,
	ACCOUNT,
	COPY,
	TAGS
};

struct head { /* what is written by table */
	const char *name, *owner, *account, *source, *sha256, *text;
	uint64_t bytes, files;
	int64_t made_ms, expires_ms;
	uint32_t id;
};

#define AT(type, member) offsetof(struct type, member)

static const struct suan_pack_row head_rows[] = {
	{1, SUAN_PACK_U32, AT(head, id), 0},	     {2, SUAN_PACK_STR, AT(head, name), 0},
	{3, SUAN_PACK_STR, AT(head, owner), 0},	     {4, SUAN_PACK_STR, AT(head, account), 0},
	{5, SUAN_PACK_STR, AT(head, source), 0},     {6, SUAN_PACK_STR, AT(head, sha256), 0},
	{7, SUAN_PACK_STR, AT(head, text), 0},	     {8, SUAN_PACK_U64, AT(head, bytes), 0},
	{9, SUAN_PACK_U64, AT(head, files), 0},	     {10, SUAN_PACK_I64, AT(head, made_ms), 0},
	{11, SUAN_PACK_I64, AT(head, expires_ms), 0},
};
static const struct suan_pack_table head_table = {head_rows,
						  sizeof(head_rows) / sizeof(head_rows[0])};

struct copy {
	uint32_t site, state;
	bool kept;
	int64_t used_ms, checked_ms;
};

static const struct suan_pack_row copy_rows[] = {
	{1, SUAN_PACK_U32, AT(copy, site), 0},
	{2, SUAN_PACK_U32, AT(copy, state), SUAN_REPLICA_LOST},
	{3, SUAN_PACK_BOOL, AT(copy, kept), 0},
	{4, SUAN_PACK_I64, AT(copy, used_ms), 0},
	{5, SUAN_PACK_I64, AT(copy, checked_ms), 0},
};
static const struct suan_pack_table copy_table = {copy_rows,
						  sizeof(copy_rows) / sizeof(copy_rows[0])};

static const struct suan_pack_row transfer_rows[] = {
	{1, SUAN_PACK_U32, AT(suan_transfer, id), 0},
	{2, SUAN_PACK_U32, AT(suan_transfer, data), 0},
	{3, SUAN_PACK_U32, AT(suan_transfer, from), 0},
	{4, SUAN_PACK_U32, AT(suan_transfer, to), 0},
	{5, SUAN_PACK_U32, AT(suan_transfer, attempt), 0},
	{6, SUAN_PACK_U32, AT(suan_transfer, failures), 0},
	{7, SUAN_PACK_U32, AT(suan_transfer, avoid), 0},
	{8, SUAN_PACK_BOOL, AT(suan_transfer, running), 0},
	{9, SUAN_PACK_BOOL, AT(suan_transfer, asked), 0},
	{10, SUAN_PACK_I64, AT(suan_transfer, made_ms), 0},
	{11, SUAN_PACK_I64, AT(suan_transfer, retry_ms), 0},
	{12, SUAN_PACK_I64, AT(suan_transfer, begin_ms), 0},
	{13, SUAN_PACK_I64, AT(suan_transfer, end_ms), 0},
	{14, SUAN_PACK_U64, AT(suan_transfer, done_bytes), 0},
	{15, SUAN_PACK_U64, AT(suan_transfer, mbit), 0},
	{16, SUAN_PACK_BOOL, AT(suan_transfer, booked), 0},
};
static const struct suan_pack_table transfer_table = {
	transfer_rows, sizeof(transfer_rows) / sizeof(transfer_rows[0])};

/* ---- writing ---- */

static void put_names(struct suan_buf *b, uint32_t tag, const struct suan_names *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		suan_put_bytes(b, tag, list->list[i], strlen(list->list[i]));
}

static void put_dataset(const struct suan_engine *e, const struct suan_dataset *d,
			struct suan_buf *b)
{
	const struct head h = {suan_intern_str(e->strings, d->name), d->owner, d->account,
			       d->source, d->sha256, suan_intern_str(e->strings, d->text),
			       d->bytes, d->files, d->made_ms, d->expires_ms, d->id};
	size_t mark = suan_put_begin(b, SUAN_SNAP_DATA), copy;

	suan_pack(b, &head_table, &h);
	put_names(b, SITE, &d->sites);
	put_names(b, HUB, &d->hubs);
	put_names(b, USER, &d->users);
	put_names(b, ACCOUNT, &d->accounts);
	for (size_t i = 0; i < d->nreplicas; i++) {
		const struct suan_replica *r = &d->replicas[i];
		const struct copy c = {r->site, r->state, r->kept, r->used_ms, r->checked_ms};

		copy = suan_put_begin(b, COPY);
		suan_pack(b, &copy_table, &c);
		suan_put_end(b, copy);
	}
	suan_put_end(b, mark);
}

void suan_data_put(const struct suan_engine *e, struct suan_buf *b)
{
	const struct suan_data *t = &e->data;
	size_t mark;

	for (size_t i = 0; i < t->count; i++)
		put_dataset(e, t->list[i], b);
	for (size_t i = 0; i < t->ntransfers; i++) {
		mark = suan_put_begin(b, SUAN_SNAP_TRANSFER);
		suan_pack(b, &transfer_table, &t->transfers[i]);
		suan_put_end(b, mark);
	}
	if (t->last_id)
		suan_put_u64(b, SUAN_SNAP_DATA_ID, t->last_id);
	if (t->last_transfer)
		suan_put_u64(b, SUAN_SNAP_TRANSFER_ID, t->last_transfer);
	if (t->moved_bytes)
		suan_put_u64(b, SUAN_SNAP_MOVED, t->moved_bytes);
}

/* ---- reading ---- */

struct parts {
	struct suan_data_command spec;
	struct copy *copies;
	uint32_t ncopies;
};

static void get_part(struct suan_unpack *u, const struct suan_field *x, struct parts *p)
{
	struct suan_names *names = x->tag == SITE      ? &p->spec.sites
				   : x->tag == HUB     ? &p->spec.hubs
				   : x->tag == USER    ? &p->spec.users
				   : x->tag == ACCOUNT ? &p->spec.accounts
						       : NULL;

	if (names)
		names->list[names->count++] = suan_unpack_str(u, x);
	else if (x->tag == COPY)
		suan_unpack_all(u, &copy_table, x, &p->copies[p->ncopies++]);
}

static void get_parts(struct suan_unpack *u, const struct suan_field *f, struct head *h,
		      struct parts *p)
{
	uint32_t counts[TAGS];
	struct suan_reader r;
	struct suan_field x;

	suan_unpack_clear(&head_table, h);
	suan_unpack_count(u, f, counts, TAGS);
	p->spec.sites.list = suan_unpack_list(u, counts[SITE], sizeof(char *));
	p->spec.hubs.list = suan_unpack_list(u, counts[HUB], sizeof(char *));
	p->spec.users.list = suan_unpack_list(u, counts[USER], sizeof(char *));
	p->spec.accounts.list = suan_unpack_list(u, counts[ACCOUNT], sizeof(char *));
	p->copies = suan_unpack_list(u, counts[COPY], sizeof(*p->copies));
	suan_field_reader(f, &r);
	u->bad |= !f->is_bytes;
	while (!u->bad && !u->nomem && suan_get_field(&r, &x))
		if (!suan_unpack_field(u, &head_table, &x, h))
			get_part(u, &x, p);
	u->bad |= r.bad;
}

static enum suan_code put_copies(struct suan_engine *e, struct suan_dataset *d,
				 const struct parts *p)
{
	for (uint32_t i = 0; i < p->ncopies; i++) {
		const struct copy *c = &p->copies[i];
		struct suan_replica *r;

		if (c->site >= e->net.nsites || suan_data_replica(d, c->site))
			return SUAN_ECORRUPT;
		if (suan_data_replica_room(d) != SUAN_OK)
			return SUAN_ENOMEM;
		r = suan_data_put_replica(e, d, c->site);
		r->state = (uint8_t)c->state;
		r->kept = c->kept;
		r->used_ms = c->used_ms;
		r->checked_ms = c->checked_ms;
	}
	return SUAN_OK;
}

static enum suan_code get_dataset(struct suan_engine *e, const struct suan_field *f,
				  struct suan_arena *scratch)
{
	struct suan_unpack u = {.arena = scratch};
	struct head h = {0};
	struct parts p = {.ncopies = 0};
	struct suan_dataset *d = NULL;
	enum suan_code rc;

	get_parts(&u, f, &h, &p);
	if (u.nomem)
		return SUAN_ENOMEM;
	if (u.bad || h.id <= e->data.last_id || !h.name[0] || suan_data_lookup(e, h.name))
		return SUAN_ECORRUPT;
	p.spec.name = h.name;
	p.spec.who = h.owner;
	p.spec.account = h.account;
	p.spec.source = h.source;
	p.spec.sha256 = h.sha256;
	p.spec.bytes = h.bytes;
	p.spec.files = h.files;
	p.spec.expires_ms = h.expires_ms;
	rc = suan_data_make(e, &p.spec, &d);
	if (rc == SUAN_OK && h.text[0])
		rc = suan_intern_add(e->strings, h.text, strlen(h.text), &d->text);
	if (rc == SUAN_OK)
		rc = suan_data_room(e);
	if (rc == SUAN_OK) {
		d->id = h.id;
		d->made_ms = h.made_ms;
		rc = put_copies(e, d, &p);
	}
	if (rc != SUAN_OK) {
		suan_data_free(e, d);
		return rc;
	}
	suan_data_add(e, d);
	return SUAN_OK;
}

static bool transfer_good(const struct suan_engine *e, const struct suan_transfer *x)
{
	const struct suan_dataset *d = suan_data_find(e, x->data);
	uint32_t nsites = e->net.nsites;

	return d && x->to < nsites && suan_data_replica(d, x->to) &&
	       (x->from < nsites || x->from == SUAN_NO_POOL) && x->id > e->data.last_transfer &&
	       !suan_data_coming(e, x->data, x->to) && x->begin_ms <= x->end_ms;
}

static enum suan_code get_transfer(struct suan_engine *e, const struct suan_field *f,
				   struct suan_arena *scratch)
{
	struct suan_unpack u = {.arena = scratch};
	struct suan_transfer x = {.plan_begin_ms = SUAN_FOREVER, .plan_end_ms = SUAN_FOREVER,
				  .plan_from = SUAN_NO_POOL};

	suan_unpack_all(&u, &transfer_table, f, &x);
	if (u.nomem || suan_data_transfer_room(e, 1) != SUAN_OK)
		return SUAN_ENOMEM;
	if (u.bad || !transfer_good(e, &x))
		return SUAN_ECORRUPT;
	e->data.transfers[e->data.ntransfers++] = x;
	e->data.last_transfer = x.id;
	e->data.stale = true;
	return SUAN_OK;
}

enum suan_code suan_data_get(struct suan_engine *e, const struct suan_field *f,
			     struct suan_arena *scratch)
{
	struct suan_data *t = &e->data;

	switch (f->tag) {
	case SUAN_SNAP_DATA:
		return get_dataset(e, f, scratch);
	case SUAN_SNAP_TRANSFER:
		return get_transfer(e, f, scratch);
	case SUAN_SNAP_DATA_ID:
		if (f->is_bytes || f->u64 > UINT32_MAX || f->u64 < t->last_id)
			return SUAN_ECORRUPT;
		t->last_id = (uint32_t)f->u64;
		return SUAN_OK;
	case SUAN_SNAP_TRANSFER_ID:
		if (f->is_bytes || f->u64 > UINT32_MAX || f->u64 < t->last_transfer)
			return SUAN_ECORRUPT;
		t->last_transfer = (uint32_t)f->u64;
		return SUAN_OK;
	default:
		t->moved_bytes = f->u64;
		return f->is_bytes ? SUAN_ECORRUPT : SUAN_OK;
	}
}

static bool copies_come(const struct suan_engine *e)
{
	for (size_t i = 0; i < e->data.count; i++) {
		const struct suan_dataset *d = e->data.list[i];

		for (size_t k = 0; k < d->nreplicas; k++)
			if (d->replicas[k].state == SUAN_REPLICA_COPYING &&
			    !suan_data_coming(e, d->id, d->replicas[k].site))
				return false;
	}
	return true;
}

bool suan_data_restored(struct suan_engine *e)
{
	struct suan_run_id run = {0};

	if (!copies_come(e))
		return false;
	while (suan_engine_next_run(e, &run)) {
		const struct suan_job *j = suan_jobs_find(e, run.job);
		uint32_t pos, want = suan_wants_get(j);

		if (want == 0 || !suan_elems_pos(j, run.index, &pos))
			continue;
		for (uint32_t i = 0; i < e->data.wants[want].count; i++) {
			struct suan_dataset *d = suan_data_find(e, e->data.wants[want].ids[i]);
			uint32_t pool = suan_elems_get(j, pos)->pool;
			struct suan_replica *r =
				d ? suan_data_replica(d, e->net.pools[pool].site) : NULL;

			if (!r || r->state != SUAN_REPLICA_COMPLETE)
				return false;
			r->runs++;
		}
	}
	return true;
}
