#include "base/hash.h"

#define FNV_PRIME 0x100000001b3u
#define GOLDEN	  0x9e3779b97f4a7c15u

uint64_t suan_hash_bytes(uint64_t h, const void *p, size_t n)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ bytes[i]) * FNV_PRIME;
	return suan_hash_mix(h);
}

uint64_t suan_hash_u64(uint64_t h, uint64_t v)
{
	return suan_hash_mix(h ^ suan_hash_mix(v + GOLDEN));
}
