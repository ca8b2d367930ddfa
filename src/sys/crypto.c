#include "sys/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(sizeof(struct suan_sha256) >= sizeof(crypto_hash_sha256_state),
	      "struct suan_sha256 holds libsodium's state");
static_assert(_Alignof(struct suan_sha256) >= _Alignof(crypto_hash_sha256_state),
	      "struct suan_sha256 is aligned as libsodium's state");

static crypto_hash_sha256_state *state_of(struct suan_sha256 *s)
{
	return (crypto_hash_sha256_state *)(void *)s->opaque;
}

void suan_sha256_init(struct suan_sha256 *s)
{
	(void)crypto_hash_sha256_init(state_of(s));
}

void suan_sha256_add(struct suan_sha256 *s, const void *p, size_t n)
{
	if (n > 0)
		(void)crypto_hash_sha256_update(state_of(s), p, n);
}

void suan_sha256_hex(struct suan_sha256 *s, char hex[65])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_final(state_of(s), digest);
	(void)sodium_bin2hex(hex, 65, digest, sizeof(digest));
}

static void put_u32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_u32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

uint64_t suan_sha256_count(const struct suan_sha256 *s)
{
	return ((const crypto_hash_sha256_state *)(const void *)s->opaque)->count / 8;
}

void suan_sha256_save(const struct suan_sha256 *s, uint8_t out[SUAN_SHA256_STATE])
{
	const crypto_hash_sha256_state *st = (const void *)s->opaque;

	for (int i = 0; i < 8; i++)
		put_u32(out + 4 * i, st->state[i]);
	put_u32(out + 32, (uint32_t)st->count);
	put_u32(out + 36, (uint32_t)(st->count >> 32));
	memcpy(out + 40, st->buf, 64);
}

bool suan_sha256_load(struct suan_sha256 *s, const uint8_t *bytes, size_t n)
{
	crypto_hash_sha256_state *st = state_of(s);

	if (n != SUAN_SHA256_STATE)
		return false;
	suan_sha256_init(s);
	for (int i = 0; i < 8; i++)
		st->state[i] = get_u32(bytes + 4 * i);
	st->count = get_u32(bytes + 32) | (uint64_t)get_u32(bytes + 36) << 32;
	memcpy(st->buf, bytes + 40, 64);
	return st->count % 8 == 0;
}

void suan_digest16(const void *p, size_t n, uint8_t out[16])
{
	int rc = crypto_generichash(out, 16, n > 0 ? p : NULL, n, NULL, 0);

	assert(rc == 0);
}

void suan_random(void *p, size_t n)
{
	int rc = sodium_init();	/* idempotent and thread-safe */

	assert(rc >= 0);
	randombytes_buf(p, n);
}
