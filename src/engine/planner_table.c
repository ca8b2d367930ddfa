/* Numbers found by hash; see planner_table.h. */
#include "engine/planner_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void suan_table_done(struct suan_table *t)
{
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

enum suan_code suan_table_grow(struct suan_table *t)
{
	struct suan_table fresh = {NULL, 0, t->cap ? t->cap * 2 : 16};

	fresh.slots = malloc(fresh.cap * sizeof(*fresh.slots));
	if (!fresh.slots)
		return SUAN_ENOMEM;
	memset(fresh.slots, 0xff, fresh.cap * sizeof(*fresh.slots));
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].value != SUAN_TABLE_NONE)
			suan_table_put(&fresh, t->slots[i].hash, t->slots[i].value);
	free(t->slots);
	*t = fresh;
	return SUAN_OK;
}

void suan_table_put(struct suan_table *t, uint32_t hash, uint32_t value)
{
	size_t mask = t->cap - 1, i = hash & mask;

	assert(t->count < t->cap && value != SUAN_TABLE_NONE);
	while (t->slots[i].value != SUAN_TABLE_NONE)
		i = (i + 1) & mask;
	t->slots[i].hash = hash;
	t->slots[i].value = value;
	t->count++;
}

/* Closes the gap at i by moving up what lies behind it (Knuth 1973, algorithm R). */
static void close_gap(struct suan_table *t, size_t i)
{
	size_t mask = t->cap - 1;

	for (size_t j = (i + 1) & mask; t->slots[j].value != SUAN_TABLE_NONE; j = (j + 1) & mask) {
		size_t home = t->slots[j].hash & mask;

		if (((j - home) & mask) >= ((j - i) & mask)) {
			t->slots[i] = t->slots[j];
			i = j;
		}
	}
	t->slots[i].value = SUAN_TABLE_NONE;
}

void suan_table_drop(struct suan_table *t, uint32_t hash, uint32_t value)
{
	size_t mask = t->cap - 1, i = hash & mask;

	while (t->slots[i].value != value) {
		assert(t->slots[i].value != SUAN_TABLE_NONE);
		i = (i + 1) & mask;
	}
	t->count--;
	close_gap(t, i);
}
