#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "base/map.h"

struct entry {
	char *bytes; /* owned, NUL-terminated; NULL: the id is free */
	uint32_t len;
	uint32_t refs; /* of a free id: the next free id, 0 = none */
	uint64_t hash;
};

/* entries[id]; entry 0 is the empty string and never freed. The index is open addressing over ids
 * (0 = empty slot), a power of two of them, at most three quarters full, without tombstones. */
struct suan_intern {
	struct entry *entries; /* owned */
	size_t nentries;       /* ids ever given out, and 0 */
	size_t cap;
	uint32_t *index; /* owned */
	size_t index_cap;
	size_t count;
	size_t text_bytes;  /* of all strings with their NUL */
	uint32_t free_head; /* id freed last; 0 = none */
};

#define FIRST_INDEX 16u
#define MOST_BYTES  (UINT32_MAX - 1)
#define MOST_IDS    (UINT32_MAX - 1)

struct suan_intern *suan_intern_new(void)
{
	struct suan_intern *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->index = calloc(FIRST_INDEX, sizeof(*t->index));
	if (!t->index || suan_grow(&t->entries, &t->cap, 1, sizeof(*t->entries)) != SUAN_OK) {
		suan_intern_free(t);
		return NULL;
	}
	t->index_cap = FIRST_INDEX;
	memset(&t->entries[0], 0, sizeof(t->entries[0]));
	t->nentries = 1;
	return t;
}

void suan_intern_free(struct suan_intern *t)
{
	if (!t)
		return;
	for (size_t id = 1; id < t->nentries; id++)
		free(t->entries[id].bytes);
	free(t->entries);
	free(t->index);
	free(t);
}

/* Slot of the bytes' id, or the empty slot where it would go. */
static size_t locate(const struct suan_intern *t, uint64_t hash, const void *bytes, size_t n)
{
	size_t mask = t->index_cap - 1;
	size_t i = (size_t)hash & mask;
	uint32_t id;

	while ((id = t->index[i]) != 0) {
		const struct entry *e = &t->entries[id];

		if (e->hash == hash && e->len == n && memcmp(e->bytes, bytes, n) == 0)
			break;
		i = (i + 1) & mask;
	}
	return i;
}

static enum suan_code grow_index(struct suan_intern *t)
{
	size_t cap = t->index_cap * 2;
	uint32_t *bigger;

	if (t->count + 1 <= t->index_cap - t->index_cap / 4)
		return SUAN_OK;
	bigger = calloc(cap, sizeof(*bigger));
	if (!bigger)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < t->index_cap; i++) {
		uint32_t id = t->index[i];
		size_t to = (size_t)t->entries[id].hash & (cap - 1);

		if (id == 0)
			continue;
		while (bigger[to] != 0)
			to = (to + 1) & (cap - 1);
		bigger[to] = id;
	}
	free(t->index);
	t->index = bigger;
	t->index_cap = cap;
	return SUAN_OK;
}

/* Makes everything that a new entry needs, so that adding it cannot fail; *ret_bytes is owned. */
static enum suan_code prepare(struct suan_intern *t, const void *bytes, size_t n, char **ret_bytes)
{
	enum suan_code rc;
	char *copy;

	if (t->count >= MOST_IDS)
		return SUAN_ETOOBIG;
	if (t->free_head == 0) {
		rc = suan_grow(&t->entries, &t->cap, t->nentries + 1, sizeof(*t->entries));
		if (rc != SUAN_OK)
			return rc;
	}
	rc = grow_index(t);
	if (rc != SUAN_OK)
		return rc;
	copy = malloc(n + 1);
	if (!copy)
		return SUAN_ENOMEM;
	memcpy(copy, bytes, n);
	copy[n] = '\0';
	*ret_bytes = copy;
	return SUAN_OK;
}

static uint32_t new_id(struct suan_intern *t)
{
	uint32_t id = t->free_head;

	if (id == 0)
		return (uint32_t)t->nentries++;
	t->free_head = t->entries[id].refs;
	return id;
}

enum suan_code suan_intern_add(struct suan_intern *t, const void *bytes, size_t n, uint32_t *ret_id)
{
	enum suan_code rc;
	uint64_t hash;
	uint32_t id;
	char *copy;

	if (n == 0) {
		*ret_id = 0;
		return SUAN_OK;
	}
	if (n > MOST_BYTES)
		return SUAN_ETOOBIG;
	hash = suan_hash_bytes(SUAN_HASH_START, bytes, n);
	id = t->index[locate(t, hash, bytes, n)];
	if (id != 0) {
		suan_intern_ref(t, id);
		*ret_id = id;
		return SUAN_OK;
	}
	rc = prepare(t, bytes, n, &copy);
	if (rc != SUAN_OK)
		return rc;
	id = new_id(t);
	t->entries[id] = (struct entry){copy, (uint32_t)n, 1, hash};
	t->index[locate(t, hash, bytes, n)] = id;
	t->count++;
	t->text_bytes += n + 1;
	*ret_id = id;
	return SUAN_OK;
}

static struct entry *entry_of(const struct suan_intern *t, uint32_t id)
{
	assert(id < t->nentries);
	assert(id == 0 || t->entries[id].bytes);
	return &t->entries[id];
}

void suan_intern_ref(struct suan_intern *t, uint32_t id)
{
	struct entry *e = entry_of(t, id);

	if (id == 0)
		return;
	assert(e->refs < UINT32_MAX);
	e->refs++;
}

/* Takes the id out of the index and moves back the followers that may use the gap. */
static void unindex(struct suan_intern *t, uint32_t id)
{
	size_t mask = t->index_cap - 1;
	size_t i = (size_t)t->entries[id].hash & mask;
	size_t j;

	while (t->index[i] != id)
		i = (i + 1) & mask;
	for (j = (i + 1) & mask; t->index[j] != 0; j = (j + 1) & mask) {
		size_t home = (size_t)t->entries[t->index[j]].hash & mask;

		if (((j - home) & mask) >= ((j - i) & mask)) {
			t->index[i] = t->index[j];
			i = j;
		}
	}
	t->index[i] = 0;
}

void suan_intern_drop(struct suan_intern *t, uint32_t id)
{
	struct entry *e;

	if (id == 0)
		return;
	e = entry_of(t, id);
	if (--e->refs > 0)
		return;
	unindex(t, id);
	t->text_bytes -= (size_t)e->len + 1;
	t->count--;
	free(e->bytes);
	e->bytes = NULL;
	e->refs = t->free_head;
	t->free_head = id;
}

bool suan_intern_find(const struct suan_intern *t, const void *bytes, size_t n, uint32_t *ret_id)
{
	uint32_t id;

	if (n == 0) {
		*ret_id = 0;
		return true;
	}
	if (n > MOST_BYTES)
		return false;
	id = t->index[locate(t, suan_hash_bytes(SUAN_HASH_START, bytes, n), bytes, n)];
	if (id == 0)
		return false;
	*ret_id = id;
	return true;
}

const char *suan_intern_str(const struct suan_intern *t, uint32_t id)
{
	const struct entry *e = entry_of(t, id);

	return id == 0 ? "" : e->bytes;
}

const char *suan_intern_bytes(const struct suan_intern *t, uint32_t id, size_t *ret_len)
{
	*ret_len = entry_of(t, id)->len;
	return suan_intern_str(t, id);
}

size_t suan_intern_count(const struct suan_intern *t)
{
	return t->count;
}

size_t suan_intern_memory(const struct suan_intern *t)
{
	return sizeof(*t) + t->cap * sizeof(*t->entries) + t->index_cap * sizeof(*t->index) +
	       t->text_bytes;
}
