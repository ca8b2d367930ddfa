#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Linear probing over a power of two of slots, at most three quarters full. Key 0 marks an empty
 * slot, so the entry of key 0 itself lives beside the table. Dropping shifts the followers back;
 * there are no tombstones to collect. */
struct suan_map_slot {
	uint64_t key, value;
};

#define FIRST_CAP 16u

void suan_map_init(struct suan_map *m)
{
	memset(m, 0, sizeof(*m));
}

void suan_map_done(struct suan_map *m)
{
	if (!m)
		return;
	free(m->slots);
	suan_map_init(m);
}

size_t suan_map_count(const struct suan_map *m)
{
	return m->count + (m->has_zero ? 1 : 0);
}

/* Slot of the key, or the empty slot where it would go. There is always an empty one. */
static size_t locate(const struct suan_map *m, uint64_t key)
{
	size_t mask = m->cap - 1;
	size_t i = (size_t)suan_hash_mix(key) & mask;

	while (m->slots[i].key != key && m->slots[i].key != 0)
		i = (i + 1) & mask;
	return i;
}

bool suan_map_get(const struct suan_map *m, uint64_t key, uint64_t *ret)
{
	size_t i;

	if (key == 0) {
		if (m->has_zero && ret)
			*ret = m->zero_value;
		return m->has_zero;
	}
	if (m->count == 0)
		return false;
	i = locate(m, key);
	if (m->slots[i].key != key)
		return false;
	if (ret)
		*ret = m->slots[i].value;
	return true;
}

static enum suan_code rehash(struct suan_map *m, size_t cap)
{
	struct suan_map bigger = *m;

	bigger.slots = calloc(cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return SUAN_ENOMEM;
	bigger.cap = cap;
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].key != 0)
			bigger.slots[locate(&bigger, m->slots[i].key)] = m->slots[i];
	}
	free(m->slots);
	*m = bigger;
	return SUAN_OK;
}

enum suan_code suan_map_reserve(struct suan_map *m, size_t more)
{
	size_t most = SIZE_MAX / 4 / sizeof(struct suan_map_slot);
	size_t cap = m->cap ? m->cap : FIRST_CAP;

	if (more > most - m->count)
		return SUAN_ENOMEM;
	while (m->count + more > cap - cap / 4)
		cap *= 2;
	return cap == m->cap ? SUAN_OK : rehash(m, cap);
}

enum suan_code suan_map_put(struct suan_map *m, uint64_t key, uint64_t value)
{
	size_t i;

	if (key == 0) {
		m->has_zero = true;
		m->zero_value = value;
		return SUAN_OK;
	}
	i = m->cap > 0 ? locate(m, key) : 0;
	if (m->cap > 0 && m->slots[i].key == key) {
		m->slots[i].value = value;
		return SUAN_OK;
	}
	if (m->count + 1 > m->cap - m->cap / 4) {
		enum suan_code rc = suan_map_reserve(m, 1);

		if (rc != SUAN_OK)
			return rc;
		i = locate(m, key);
	}
	m->slots[i].key = key;
	m->slots[i].value = value;
	m->count++;
	return SUAN_OK;
}

/* Closes the gap at i: every follower whose home is not behind the gap moves into it. */
static void shift_back(struct suan_map *m, size_t i)
{
	size_t mask = m->cap - 1;
	size_t j = i;

	for (;;) {
		size_t home;

		j = (j + 1) & mask;
		if (m->slots[j].key == 0)
			break;
		home = (size_t)suan_hash_mix(m->slots[j].key) & mask;
		if (((j - home) & mask) >= ((j - i) & mask)) {
			m->slots[i] = m->slots[j];
			i = j;
		}
	}
	m->slots[i].key = 0;
}

bool suan_map_drop(struct suan_map *m, uint64_t key)
{
	size_t i;

	if (key == 0) {
		bool had = m->has_zero;

		m->has_zero = false;
		return had;
	}
	if (m->count == 0)
		return false;
	i = locate(m, key);
	if (m->slots[i].key != key)
		return false;
	shift_back(m, i);
	m->count--;
	return true;
}
