#include "engine/record_data.h"

#include <stddef.h>
#include <string.h>

enum {
	SITES = 30,
	HUBS,
	USERS,
	ACCOUNTS,
	TAGS
};

#define AT(member) offsetof(struct suan_data_command, member)

static const struct suan_pack_row rows[] = {
	{1, SUAN_PACK_U32, AT(op), SUAN_DATA_VERIFY}, {2, SUAN_PACK_STR, AT(name), 0},
	{3, SUAN_PACK_STR, AT(who), 0},		      {4, SUAN_PACK_STR, AT(account), 0},
	{5, SUAN_PACK_BOOL, AT(operate), 0},	      {6, SUAN_PACK_STR, AT(site), 0},
	{7, SUAN_PACK_STR, AT(source), 0},	      {8, SUAN_PACK_STR, AT(sha256), 0},
	{9, SUAN_PACK_U64, AT(bytes), 0},	      {10, SUAN_PACK_U64, AT(files), 0},
	{11, SUAN_PACK_BOOL, AT(present), 0},	      {12, SUAN_PACK_I64, AT(expires_ms), 0},
};
static const struct suan_pack_table table = {rows, sizeof(rows) / sizeof(rows[0])};

static const struct suan_pack_row transfer_rows[] = {
	{1, SUAN_PACK_U32, offsetof(struct suan_transfer_report, id), 0},
	{2, SUAN_PACK_U32, offsetof(struct suan_transfer_report, attempt), 0},
	{3, SUAN_PACK_U32, offsetof(struct suan_transfer_report, kind), SUAN_TRANSFER_BROKEN},
	{4, SUAN_PACK_U64, offsetof(struct suan_transfer_report, bytes), 0},
	{5, SUAN_PACK_U64, offsetof(struct suan_transfer_report, files), 0},
	{6, SUAN_PACK_STR, offsetof(struct suan_transfer_report, sha256), 0},
	{7, SUAN_PACK_STR, offsetof(struct suan_transfer_report, text), 0},
};
const struct suan_pack_table suan_record_transfer = {
	transfer_rows, sizeof(transfer_rows) / sizeof(transfer_rows[0])};

static void put_names(struct suan_buf *b, uint32_t tag, const struct suan_names *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		suan_put_bytes(b, tag, list->list[i], strlen(list->list[i]));
}

void suan_record_put_data(struct suan_buf *b, uint32_t tag, const struct suan_data_command *c)
{
	size_t mark = suan_put_begin(b, tag);

	suan_pack(b, &table, c);
	put_names(b, SITES, &c->sites);
	put_names(b, HUBS, &c->hubs);
	put_names(b, USERS, &c->users);
	put_names(b, ACCOUNTS, &c->accounts);
	suan_put_end(b, mark);
}

static struct suan_names *names_of(struct suan_data_command *c, uint32_t tag)
{
	switch (tag) {
	case SITES:
		return &c->sites;
	case HUBS:
		return &c->hubs;
	case USERS:
		return &c->users;
	case ACCOUNTS:
		return &c->accounts;
	default:
		return NULL;
	}
}

const struct suan_data_command *suan_record_get_data(struct suan_unpack *u,
						     const struct suan_field *f)
{
	struct suan_data_command *ret = suan_unpack_list(u, 1, sizeof(*ret));
	uint32_t counts[TAGS];
	struct suan_reader r;
	struct suan_field x;

	if (!ret)
		return NULL;
	suan_unpack_clear(&table, ret);
	suan_unpack_count(u, f, counts, TAGS);
	for (uint32_t tag = SITES; tag < TAGS; tag++)
		names_of(ret, tag)->list = suan_unpack_list(u, counts[tag], sizeof(char *));
	suan_field_reader(f, &r);
	while (!u->bad && !u->nomem && suan_get_field(&r, &x)) {
		struct suan_names *names;

		if (suan_unpack_field(u, &table, &x, ret))
			continue;
		names = names_of(ret, x.tag);
		if (names)
			names->list[names->count++] = suan_unpack_str(u, &x);
	}
	u->bad |= r.bad || ret->op == 0;
	return ret;
}
