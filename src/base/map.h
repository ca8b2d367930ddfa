/* Hash maps with open addressing: u64 → u64, and bytes → small ids. No iteration: order must never
 * come from hashing. Seedless and deterministic; keys are ids made by suan or hashed by the
 * caller. */
#ifndef SUAN_BASE_MAP_H
#define SUAN_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A zeroed struct is an empty map. Every key and value is allowed. */
struct suan_map {
	struct suan_map_slot *slots;	/* owned; cap of them */
	size_t count, cap;		/* private: see suan_map_count */
	bool has_zero;			/* the entry of key 0, which the slots cannot hold */
	uint64_t zero_value;
};

void suan_map_init(struct suan_map *m);
void suan_map_done(struct suan_map *m);
size_t suan_map_count(const struct suan_map *m);
/* false: not there, *ret untouched. ret may be NULL. */
bool suan_map_get(const struct suan_map *m, uint64_t key, uint64_t *ret);
/* Makes room for `more` further keys, after which that many puts cannot fail. */
SUAN_MUSTUSE enum suan_code suan_map_reserve(struct suan_map *m, size_t more);
/* Sets or replaces; replacing never fails. SUAN_ENOMEM: nothing changed. */
SUAN_MUSTUSE enum suan_code suan_map_put(struct suan_map *m, uint64_t key, uint64_t value);
bool suan_map_drop(struct suan_map *m, uint64_t key);	/* false: was not there */

/* Interned byte strings with reference counts: equal bytes share one id. Id 0 is the empty string
 * and needs no reference. The id freed last is given out first, else the next unused one: the same
 * calls give the same ids. After a restart they may differ, so they never go to disk. */
struct suan_intern;

struct suan_intern *suan_intern_new(void);	/* NULL: out of memory */
void suan_intern_free(struct suan_intern *t);
/* Copies the bytes, adds one reference, sets *ret_id. On failure nothing changed
 * (SUAN_ENOMEM; SUAN_ETOOBIG from 4 GiB on). */
SUAN_MUSTUSE enum suan_code suan_intern_add(struct suan_intern *t, const void *bytes, size_t n,
					    uint32_t *ret_id);
void suan_intern_ref(struct suan_intern *t, uint32_t id);
void suan_intern_drop(struct suan_intern *t, uint32_t id);	/* last reference frees */
/* false: not there; takes no reference. */
bool suan_intern_find(const struct suan_intern *t, const void *bytes, size_t n, uint32_t *ret_id);
/* Borrowed until the last reference goes; NUL-terminated. */
const char *suan_intern_str(const struct suan_intern *t, uint32_t id);
const char *suan_intern_bytes(const struct suan_intern *t, uint32_t id, size_t *ret_len);
size_t suan_intern_count(const struct suan_intern *t);	/* ids in use */
size_t suan_intern_memory(const struct suan_intern *t);	/* bytes allocated */

#endif
