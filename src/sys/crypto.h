/* Digests and random bytes (libsodium). */
#ifndef SUAN_SYS_CRYPTO_H
#define SUAN_SYS_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct suan_sha256 {
	uint64_t opaque[16];
};

void suan_sha256_init(struct suan_sha256 *s);
void suan_sha256_add(struct suan_sha256 *s, const void *p, size_t n);
void suan_sha256_hex(struct suan_sha256 *s, char hex[65]);
/* The running state as bytes, the same on every machine; load: false, it is none. */
#define SUAN_SHA256_STATE 104
void suan_sha256_save(const struct suan_sha256 *s, uint8_t out[SUAN_SHA256_STATE]);
bool suan_sha256_load(struct suan_sha256 *s, const uint8_t *bytes, size_t n);
uint64_t suan_sha256_count(const struct suan_sha256 *s);	/* bytes added so far */
void suan_digest16(const void *p, size_t n, uint8_t out[16]);	/* BLAKE2b, 128 bits */
void suan_random(void *p, size_t n);

#endif
