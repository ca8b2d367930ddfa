#include "lib/tap.h"

#include "base/hash.h"

static unsigned bits(uint64_t v)
{
	unsigned n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}

int main(void)
{
	uint64_t h = SUAN_HASH_START;
	uint64_t flips = 0;

	/* FNV-1a of "a" is af63dc4c8601ec8c; splitmix64's first output from 0 is e220a8397b1dcdaf.
	 * Hashes are kept in files, so these must never change. */
	ok(suan_hash_bytes(h, "a", 1) == suan_hash_mix(0xaf63dc4c8601ec8cu), "FNV-1a, mixed");
	ok(suan_hash_mix(0x9e3779b97f4a7c15u) == 0xe220a8397b1dcdafu, "splitmix64");
	ok(suan_hash_mix(0) == 0, "0 stays");
	ok(suan_hash_bytes(h, NULL, 0) == suan_hash_mix(h), "nothing is an item too");
	ok(suan_hash_u64(h, 0) == suan_hash_mix(h ^ 0xe220a8397b1dcdafu), "u64");
	ok(suan_hash_bytes(suan_hash_bytes(h, "ab", 2), "c", 1) !=
		   suan_hash_bytes(suan_hash_bytes(h, "a", 1), "bc", 2),
	   "items stay apart");
	ok(suan_hash_u64(suan_hash_u64(h, 1), 2) != suan_hash_u64(suan_hash_u64(h, 2), 1),
	   "order counts");
	for (unsigned i = 0; i < 64; i++)
		flips += bits(suan_hash_mix(12345) ^ suan_hash_mix(12345 ^ 1ull << i));
	ok(flips > 64 * 28 && flips < 64 * 36, "one bit flips half of them: %" PRIu64 "/64", flips);
	return tap_done();
}
