/* Reservations in snapshots. The strings stand there as they are: there are few. */
#include <stddef.h>
#include <string.h>

#include "base/codec.h"
#include "engine/pack.h"
#include "engine/reserve.h"

enum {
	USER = 20,
	ACCOUNT,
	PART,
	KEY,
	HELD,
	TAGS
};

struct head { /* what is written by table */
	const char *name, *owner;
	int64_t made_ms, from_ms, to_ms, until_ms;
	uint64_t job, body_hash;
	uint32_t id;
	bool maintenance, single;
};

static const struct suan_pack_row rows[] = {
	{1, SUAN_PACK_U32, offsetof(struct head, id), 0},
	{2, SUAN_PACK_STR, offsetof(struct head, name), 0},
	{3, SUAN_PACK_STR, offsetof(struct head, owner), 0},
	{4, SUAN_PACK_I64, offsetof(struct head, made_ms), 0},
	{5, SUAN_PACK_I64, offsetof(struct head, from_ms), 0},
	{6, SUAN_PACK_I64, offsetof(struct head, to_ms), 0},
	{7, SUAN_PACK_BOOL, offsetof(struct head, maintenance), 0},
	{8, SUAN_PACK_BOOL, offsetof(struct head, single), 0},
	{9, SUAN_PACK_U64, offsetof(struct head, job), 0},
	{10, SUAN_PACK_U64, offsetof(struct head, body_hash), 0},
	{132, SUAN_PACK_I64, offsetof(struct head, until_ms), 0},
};
static const struct suan_pack_table table = {rows, sizeof(rows) / sizeof(rows[0])};

static const struct suan_pack_row held_rows[] = {
	{1, SUAN_PACK_U32, offsetof(struct suan_booked, data), 0},
	{2, SUAN_PACK_U32, offsetof(struct suan_booked, from), 0},
	{3, SUAN_PACK_I64, offsetof(struct suan_booked, begin_ms), 0},
	{4, SUAN_PACK_I64, offsetof(struct suan_booked, end_ms), 0},
	{5, SUAN_PACK_U64, offsetof(struct suan_booked, mbit), 0},
};
static const struct suan_pack_table held_table = {held_rows,
						  sizeof(held_rows) / sizeof(held_rows[0])};

void suan_reserve_put(const struct suan_reservation *r, uint32_t tag, struct suan_buf *b)
{
	const struct head h = {r->name,	    r->owner, r->made_ms,   r->from_ms, r->to_ms,
			       r->until_ms, r->job,   r->body_hash, r->id,	r->maintenance,
			       r->single};
	size_t mark = suan_put_begin(b, tag);

	suan_pack(b, &table, &h);
	for (uint32_t i = 0; i < r->users.count; i++)
		suan_put_bytes(b, USER, r->users.list[i], strlen(r->users.list[i]));
	for (uint32_t i = 0; i < r->accounts.count; i++)
		suan_put_bytes(b, ACCOUNT, r->accounts.list[i], strlen(r->accounts.list[i]));
	for (uint32_t i = 0; i < r->nparts; i++) {
		size_t part = suan_put_begin(b, PART);

		suan_put_varint(b, r->parts[i].pool);
		for (uint32_t k = 0; k < r->parts[i].count; k++)
			suan_put_varint(b, r->parts[i].nodes[k]);
		suan_put_end(b, part);
	}
	for (uint32_t i = 0; i < r->nheld; i++) {
		size_t held = suan_put_begin(b, HELD);

		suan_pack(b, &held_table, &r->held[i]);
		suan_put_end(b, held);
	}
	if (r->has_key)
		suan_put_bytes(b, KEY, r->key, sizeof(r->key));
	suan_put_end(b, mark);
}

static void get_part(struct suan_unpack *u, const struct suan_field *f, struct suan_reserved *ret)
{
	struct suan_reader r;
	uint64_t v = 0;

	ret->nodes = suan_unpack_list(u, (uint32_t)f->len, sizeof(uint32_t));
	suan_field_reader(f, &r);
	u->bad |= !f->is_bytes || !suan_get_varint(&r, &v) || v >= SUAN_NO_POOL;
	ret->pool = (uint32_t)v;
	while (!u->bad && !u->nomem && r.p < r.end) {
		u->bad |= !suan_get_varint(&r, &v) || v >= UINT32_MAX;
		ret->nodes[ret->count++] = (uint32_t)v;
	}
}

struct parts {
	struct suan_reserved *list;
	struct suan_booked *held;
	uint32_t count, nheld;
};

static void get_field(struct suan_unpack *u, const struct suan_field *x, struct suan_reserve *spec,
		      struct parts *parts)
{
	if (x->tag == USER) {
		spec->users.list[spec->users.count++] = suan_unpack_str(u, x);
	} else if (x->tag == ACCOUNT) {
		spec->accounts.list[spec->accounts.count++] = suan_unpack_str(u, x);
	} else if (x->tag == PART) {
		get_part(u, x, &parts->list[parts->count++]);
	} else if (x->tag == HELD) {
		suan_unpack_all(u, &held_table, x, &parts->held[parts->nheld++]);
	} else if (x->tag == KEY) {
		u->bad |= !x->is_bytes || x->len != sizeof(spec->key);
		if (!u->bad)
			memcpy(spec->key, x->bytes, sizeof(spec->key));
		spec->has_key = true;
	}
}

static enum suan_code put_in(struct suan_engine *e, const struct head *h,
			     const struct suan_reserve *spec, const struct parts *parts)
{
	struct suan_reservation *r;
	enum suan_code rc = suan_reserve_room(e);

	if (rc == SUAN_OK)
		rc = suan_reserve_make(spec,
				       &(struct suan_reserve_parts){parts->list, parts->held,
								    parts->count, parts->nheld},
				       &r);
	if (rc != SUAN_OK)
		return rc;
	r->id = h->id;
	r->made_ms = h->made_ms;
	r->from_ms = h->from_ms;
	r->to_ms = h->to_ms;
	r->job = h->job;
	suan_reserve_add(e, r);
	return SUAN_OK;
}

enum suan_code suan_reserve_get(struct suan_engine *e, const struct suan_field *f,
				struct suan_arena *scratch)
{
	struct suan_unpack u = {.arena = scratch};
	struct suan_reserve spec = {0};
	struct parts parts = {0};
	struct head h = {0};
	uint32_t counts[TAGS];
	struct suan_reader r;
	struct suan_field x;

	suan_unpack_all(&u, &table, f, &h);
	suan_unpack_count(&u, f, counts, TAGS);
	spec.users.list = suan_unpack_list(&u, counts[USER], sizeof(char *));
	spec.accounts.list = suan_unpack_list(&u, counts[ACCOUNT], sizeof(char *));
	parts.list = suan_unpack_list(&u, counts[PART], sizeof(*parts.list));
	parts.held = suan_unpack_list(&u, counts[HELD], sizeof(*parts.held));
	suan_field_reader(f, &r);
	while (!u.bad && !u.nomem && suan_get_field(&r, &x))
		get_field(&u, &x, &spec, &parts);
	u.bad |= r.bad || h.id <= e->reserves.last_id || h.from_ms >= h.to_ms || parts.count == 0;
	for (uint32_t i = 0; i < parts.count && !u.bad && !u.nomem; i++) {
		u.bad |= parts.list[i].pool >= e->net.npools || parts.list[i].count == 0;
		for (uint32_t k = 1; k < parts.list[i].count; k++)
			u.bad |= parts.list[i].nodes[k] <= parts.list[i].nodes[k - 1];
	}
	for (uint32_t i = 0; i < parts.nheld && !u.bad && !u.nomem; i++)
		u.bad |= parts.held[i].data == 0 || !h.single ||
			 (parts.held[i].from >= e->net.nsites &&
			  parts.held[i].from != SUAN_NO_POOL);
	if (u.nomem)
		return SUAN_ENOMEM;
	if (u.bad)
		return SUAN_ECORRUPT;
	spec.name = h.name;
	spec.owner = h.owner;
	spec.maintenance = h.maintenance;
	spec.single = h.single;
	spec.until_ms = h.until_ms;
	spec.body_hash = h.body_hash;
	return put_in(e, &h, &spec, &parts);
}
