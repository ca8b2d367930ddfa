/* Structs of model.h as tagged fields (base/codec.h), by tables: one row says tag, type and place
 * of a member, and serves both directions. A member that is zero or "" is left out. */
#ifndef SUAN_ENGINE_PACK_H
#define SUAN_ENGINE_PACK_H

#include "base/arena.h"
#include "base/codec.h"
#include "engine/model.h"

enum suan_pack_type {
	SUAN_PACK_STR,	/* const char *; never NULL after reading */
	SUAN_PACK_BOOL,
	SUAN_PACK_U32,	/* also enums: up to `most` */
	SUAN_PACK_U64,
	SUAN_PACK_I32,
	SUAN_PACK_I64,
};

struct suan_pack_row {
	uint32_t tag;
	enum suan_pack_type type;
	size_t offset;
	uint32_t most;		/* of U32; 0 = any */
};

struct suan_pack_table {
	const struct suan_pack_row *rows;
	size_t n;
};

extern const struct suan_pack_table suan_pack_policy, suan_pack_usage;

/* What goes wrong while reading stays set. */
struct suan_unpack {
	struct suan_arena *arena;	/* owns strings and lists */
	bool nomem, bad;
};

void suan_pack(struct suan_buf *b, const struct suan_pack_table *t, const void *from);
/* Every string member "". */
void suan_unpack_clear(const struct suan_pack_table *t, void *to);
/* false: no row has this tag. */
bool suan_unpack_field(struct suan_unpack *u, const struct suan_pack_table *t,
		       const struct suan_field *f, void *to);
/* A record with nothing but rows of the table; unknown tags are skipped. */
void suan_unpack_all(struct suan_unpack *u, const struct suan_pack_table *t,
		     const struct suan_field *f, void *to);
const char *suan_unpack_str(struct suan_unpack *u, const struct suan_field *f);
void *suan_unpack_list(struct suan_unpack *u, uint32_t n, size_t elem);
/* How often each tag < n occurs in the record. */
void suan_unpack_count(struct suan_unpack *u, const struct suan_field *f, uint32_t *counts,
		       size_t n);

void suan_pack_network(struct suan_buf *b, uint32_t tag, const struct suan_network *net);
void suan_unpack_network(struct suan_unpack *u, const struct suan_field *f,
			 struct suan_network *ret);
void suan_pack_site(struct suan_buf *b, uint32_t tag, const struct suan_site_spec *s);
void suan_unpack_site(struct suan_unpack *u, const struct suan_field *f,
		      struct suan_site_spec *ret);
void suan_pack_pool(struct suan_buf *b, uint32_t tag, const struct suan_pool_spec *p);
void suan_unpack_pool(struct suan_unpack *u, const struct suan_field *f,
		      struct suan_pool_spec *ret);

#endif
