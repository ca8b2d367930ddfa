#include "engine/record_signal.h"

#include <stddef.h>

enum {
	STEPS = 20
};

#define AT(member) offsetof(struct suan_signal_spec, member)

static const struct suan_pack_row rows[] = {
	{1, SUAN_PACK_STR, AT(site), 0},       {2, SUAN_PACK_U32, AT(kind), SUAN_NSIGNALS - 1},
	{3, SUAN_PACK_I64, AT(issued_ms), 0},  {4, SUAN_PACK_I64, AT(until_ms), 0},
	{5, SUAN_PACK_I64, AT(period_ms), 0},  {6, SUAN_PACK_BOOL, AT(marginal), 0},
	{7, SUAN_PACK_BOOL, AT(replace), 0},   {8, SUAN_PACK_U32, AT(estimated), 0},
	{9, SUAN_PACK_U32, AT(duplicates), 0}, {10, SUAN_PACK_U32, AT(gaps), 0},
};
static const struct suan_pack_table table = {rows, sizeof(rows) / sizeof(rows[0])};

void suan_record_put_signal(struct suan_buf *b, uint32_t tag, const struct suan_signal_spec *s)
{
	size_t mark = suan_put_begin(b, tag), list;

	suan_pack(b, &table, s);
	list = suan_put_begin(b, STEPS);
	for (uint32_t i = 0; i < s->nsteps; i++) {
		suan_put_varint(b, (uint64_t)s->steps[i].at_ms);
		suan_put_signed(b, s->steps[i].value);
	}
	suan_put_end(b, list);
	suan_put_end(b, mark);
}

static void get_steps(struct suan_unpack *u, const struct suan_field *f,
		      struct suan_signal_spec *ret)
{
	uint32_t most = (uint32_t)f->len / 2 + 1; /* a step takes two bytes at least */
	struct suan_signal_step *list = suan_unpack_list(u, most, sizeof(*list));
	struct suan_reader r;
	uint64_t at = 0;
	int64_t v = 0;

	ret->steps = list;
	ret->nsteps = 0;
	u->bad |= !f->is_bytes || f->len > UINT32_MAX;
	suan_field_reader(f, &r);
	while (!u->bad && !u->nomem && r.p < r.end) {
		u->bad |= !suan_get_varint(&r, &at) || at > INT64_MAX ||
			  !suan_get_signed(&r, &v);
		list[ret->nsteps++] = (struct suan_signal_step){(int64_t)at, v};
	}
}

const struct suan_signal_spec *suan_record_get_signal(struct suan_unpack *u,
						      const struct suan_field *f)
{
	struct suan_signal_spec *ret = suan_unpack_list(u, 1, sizeof(*ret));
	struct suan_reader r;
	struct suan_field x;

	if (!ret)
		return NULL;
	suan_unpack_clear(&table, ret);
	suan_field_reader(f, &r);
	u->bad |= !f->is_bytes;
	while (!u->bad && !u->nomem && suan_get_field(&r, &x))
		if (!suan_unpack_field(u, &table, &x, ret) && x.tag == STEPS)
			get_steps(u, &x, ret);
	u->bad |= r.bad;
	return ret;
}
