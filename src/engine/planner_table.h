/* Numbers found by hash: open addressing, 8 bytes a slot. The caller compares what the numbers
 * stand for. No iteration, so no order comes from it. */
#ifndef SUAN_ENGINE_PLANNER_TABLE_H
#define SUAN_ENGINE_PLANNER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SUAN_TABLE_NONE UINT32_MAX

struct suan_table_slot {
	uint32_t hash;
	uint32_t value;	/* SUAN_TABLE_NONE: empty */
};

struct suan_table {
	struct suan_table_slot *slots;	/* owned */
	size_t count, cap;		/* cap: power of two or 0 */
};

void suan_table_done(struct suan_table *t);
SUAN_MUSTUSE enum suan_code suan_table_grow(struct suan_table *t);	/* makes it larger */
/* The next put cannot fail after this. */
SUAN_MUSTUSE static inline enum suan_code suan_table_reserve(struct suan_table *t)
{
	return t->count + 1 <= t->cap - t->cap / 4 ? SUAN_OK : suan_table_grow(t);
}
void suan_table_put(struct suan_table *t, uint32_t hash, uint32_t value);
void suan_table_drop(struct suan_table *t, uint32_t hash, uint32_t value);	/* must be there */
/* Values under this hash, one after the other; *pos = 0 before the first call. NONE: no more. */
static inline uint32_t suan_table_next(const struct suan_table *t, uint32_t hash, size_t *pos)
{
	size_t mask = t->cap - 1;

	if (t->cap == 0)
		return SUAN_TABLE_NONE;
	for (;;) {
		const struct suan_table_slot *s = &t->slots[(hash + *pos) & mask];

		(*pos)++;
		if (s->value == SUAN_TABLE_NONE || s->hash == hash)
			return s->value;
	}
}

#endif
