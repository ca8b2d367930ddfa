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
