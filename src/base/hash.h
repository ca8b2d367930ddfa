/* Non-cryptographic hashes for tables and replay checks: FNV-1a (Fowler, Noll, Vo 1991) folded with
 * the splitmix64 finaliser. Stable across machines and versions. */
#ifndef SUAN_BASE_HASH_H
#define SUAN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SUAN_HASH_START 0xcbf29ce484222325u

/* Each takes the hash so far (at first SUAN_HASH_START) and returns the hash with one more item,
 * all 64 bits usable. Items stay apart: "ab" then "c" differs from "a" then "bc". */
uint64_t suan_hash_bytes(uint64_t h, const void *p, size_t n);
uint64_t suan_hash_u64(uint64_t h, uint64_t v);
/* Finaliser: spreads ids over buckets; 0 stays 0. */
static inline uint64_t suan_hash_mix(uint64_t v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
	v = (v ^ v >> 27) * 0x94d049bb133111ebu;
	return v ^ v >> 31;
}

#endif
