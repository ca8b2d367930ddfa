/* Idempotency keys of submissions, remembered as long as the first job of the submission. */
#include <assert.h>
#include <string.h>

#include "base/grow.h"
#include "engine/state.h"

/* Keys are hashes already: their first bytes serve as the hash. */
static uint64_t short_key(const uint8_t key[16])
{
	uint64_t h = 0;

	for (int i = 0; i < 8; i++)
		h = h << 8 | key[i];
	return h;
}

const struct suan_key *suan_keys_find(const struct suan_engine *e, const uint8_t key[16])
{
	uint64_t at;

	if (!suan_map_get(&e->key_of, short_key(key), &at))
		return NULL;
	for (; at; at = e->keys[at - 1].next)
		if (memcmp(e->keys[at - 1].key, key, 16) == 0)
			return &e->keys[at - 1];
	return NULL;
}

enum suan_code suan_keys_reserve(struct suan_engine *e)
{
	enum suan_code rc = suan_map_reserve(&e->key_of, 1);

	if (rc != SUAN_OK || e->free_key)
		return rc;
	return suan_grow(&e->keys, &e->keys_cap, e->nkeys + 1, sizeof(*e->keys));
}

uint32_t suan_keys_add(struct suan_engine *e, const struct suan_key *key)
{
	uint64_t before = 0;
	uint32_t at = e->free_key;
	enum suan_code rc;

	if (at)
		e->free_key = e->keys[at - 1].next;
	else
		at = (uint32_t)++e->nkeys;
	e->keys[at - 1] = *key;
	suan_map_get(&e->key_of, short_key(key->key), &before);
	e->keys[at - 1].next = (uint32_t)before;
	rc = suan_map_put(&e->key_of, short_key(key->key), at);
	assert(rc == SUAN_OK);
	return at;
}

void suan_keys_drop(struct suan_engine *e, uint32_t entry1)
{
	uint64_t head = 0, hash;
	uint32_t *link;
	enum suan_code rc = SUAN_OK;

	if (!entry1)
		return;
	hash = short_key(e->keys[entry1 - 1].key);
	suan_map_get(&e->key_of, hash, &head);
	if (head == entry1) {
		if (e->keys[entry1 - 1].next)
			rc = suan_map_put(&e->key_of, hash, e->keys[entry1 - 1].next);
		else
			suan_map_drop(&e->key_of, hash);
		assert(rc == SUAN_OK);
	} else {
		link = &e->keys[head - 1].next;
		while (*link != entry1)
			link = &e->keys[*link - 1].next;
		*link = e->keys[entry1 - 1].next;
	}
	e->keys[entry1 - 1] = (struct suan_key){.next = e->free_key};
	e->free_key = entry1;
}
