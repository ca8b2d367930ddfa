#include "engine/record_reserve.h"

#include <stddef.h>
#include <string.h>

enum {
	USER = 30,
	ACCOUNT,
	NODES,
	KEY,
	INPUT,
	TAGS
};

#define AT(member) offsetof(struct suan_reserve, member)

static const struct suan_pack_row rows[] = {
	{1, SUAN_PACK_STR, AT(name), 0},	  {2, SUAN_PACK_STR, AT(owner), 0},
	{3, SUAN_PACK_STR, AT(site), 0},	  {4, SUAN_PACK_STR, AT(pool), 0},
	{5, SUAN_PACK_STR, AT(gpu), 0},		  {6, SUAN_PACK_U32, AT(nodes), 0},
	{7, SUAN_PACK_U32, AT(req.tasks), 0},	  {8, SUAN_PACK_U32, AT(req.nodes), 0},
	{9, SUAN_PACK_U32, AT(req.cores), 0},	  {10, SUAN_PACK_U32, AT(req.gpus), 0},
	{11, SUAN_PACK_U64, AT(req.memory), 0},	  {12, SUAN_PACK_BOOL, AT(req.exclusive), 0},
	{13, SUAN_PACK_I64, AT(from_ms), 0},	  {14, SUAN_PACK_I64, AT(to_ms), 0},
	{15, SUAN_PACK_BOOL, AT(maintenance), 0}, {16, SUAN_PACK_BOOL, AT(single), 0},
	{17, SUAN_PACK_BOOL, AT(exempt), 0},	  {18, SUAN_PACK_U64, AT(body_hash), 0},
	{132, SUAN_PACK_I64, AT(until_ms), 0},	  {133, SUAN_PACK_I64, AT(limit_ms), 0},
};
static const struct suan_pack_table table = {rows, sizeof(rows) / sizeof(rows[0])};

static const struct suan_pack_row unreserve_rows[] = {
	{1, SUAN_PACK_U32, offsetof(struct suan_unreserve, id), 0},
	{2, SUAN_PACK_I64, offsetof(struct suan_unreserve, to_ms), 0},
};
const struct suan_pack_table suan_record_unreserve = {
	unreserve_rows, sizeof(unreserve_rows) / sizeof(unreserve_rows[0])};

void suan_record_put_reserve(struct suan_buf *b, uint32_t tag, const struct suan_reserve *r)
{
	size_t mark = suan_put_begin(b, tag), list;

	suan_pack(b, &table, r);
	for (uint32_t i = 0; i < r->users.count; i++)
		suan_put_bytes(b, USER, r->users.list[i], strlen(r->users.list[i]));
	for (uint32_t i = 0; i < r->accounts.count; i++)
		suan_put_bytes(b, ACCOUNT, r->accounts.list[i], strlen(r->accounts.list[i]));
	for (uint32_t i = 0; i < r->inputs.count; i++)
		suan_put_bytes(b, INPUT, r->inputs.list[i], strlen(r->inputs.list[i]));
	if (r->nlist > 0) {
		list = suan_put_begin(b, NODES);
		for (uint32_t i = 0; i < r->nlist; i++)
			suan_put_varint(b, r->list[i]);
		suan_put_end(b, list);
	}
	if (r->has_key)
		suan_put_bytes(b, KEY, r->key, sizeof(r->key));
	suan_put_end(b, mark);
}

static void get_nodes(struct suan_unpack *u, const struct suan_field *f, struct suan_reserve *ret)
{
	uint32_t *list = suan_unpack_list(u, (uint32_t)f->len, sizeof(*list));
	struct suan_reader r;
	uint64_t v = 0;

	ret->list = list;
	ret->nlist = 0;
	u->bad |= !f->is_bytes;
	suan_field_reader(f, &r);
	while (!u->bad && !u->nomem && r.p < r.end) {
		u->bad |= !suan_get_varint(&r, &v) || v > UINT32_MAX;
		list[ret->nlist++] = (uint32_t)v;
	}
}

static void get_field(struct suan_unpack *u, const struct suan_field *x, struct suan_reserve *ret)
{
	if (suan_unpack_field(u, &table, x, ret))
		return;
	if (x->tag == USER) {
		ret->users.list[ret->users.count++] = suan_unpack_str(u, x);
	} else if (x->tag == ACCOUNT) {
		ret->accounts.list[ret->accounts.count++] = suan_unpack_str(u, x);
	} else if (x->tag == INPUT) {
		ret->inputs.list[ret->inputs.count++] = suan_unpack_str(u, x);
	} else if (x->tag == NODES) {
		get_nodes(u, x, ret);
	} else if (x->tag == KEY) {
		u->bad |= !x->is_bytes || x->len != sizeof(ret->key);
		if (!u->bad)
			memcpy(ret->key, x->bytes, sizeof(ret->key));
		ret->has_key = true;
	}
}

const struct suan_reserve *suan_record_get_reserve(struct suan_unpack *u,
						   const struct suan_field *f)
{
	struct suan_reserve *ret = suan_unpack_list(u, 1, sizeof(*ret));
	uint32_t counts[TAGS];
	struct suan_reader r;
	struct suan_field x;

	if (!ret)
		return NULL;
	suan_unpack_clear(&table, ret);
	suan_unpack_count(u, f, counts, TAGS);
	ret->users.list = suan_unpack_list(u, counts[USER], sizeof(char *));
	ret->accounts.list = suan_unpack_list(u, counts[ACCOUNT], sizeof(char *));
	ret->inputs.list = suan_unpack_list(u, counts[INPUT], sizeof(char *));
	suan_field_reader(f, &r);
	while (!u->bad && !u->nomem && suan_get_field(&r, &x))
		get_field(u, &x, ret);
	u->bad |= r.bad;
	return ret;
}
