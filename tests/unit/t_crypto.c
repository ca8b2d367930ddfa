/* Digests against published values. */
#include "lib/tap.h"

#include "sys/crypto.h"

int main(void)
{
	struct suan_sha256 s;
	char hex[65];
	uint8_t a[16], b[16];

	suan_sha256_init(&s);
	suan_sha256_hex(&s, hex);
	is_str(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	       "SHA-256 of nothing");
	suan_sha256_init(&s);
	suan_sha256_add(&s, "a", 1);
	suan_sha256_add(&s, "", 0);
	suan_sha256_add(&s, "bc", 2);
	suan_sha256_hex(&s, hex);
	is_str(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	       "SHA-256 of abc (FIPS 180-2)");
	suan_digest16("abc", 3, a);
	suan_digest16("abc", 3, b);
	ok(memcmp(a, b, 16) == 0, "digests repeat");
	/* RFC 7693 has BLAKE2b-512 only; this value is of the reference program b2sum -l 128. */
	ok(memcmp(a, "\xcf\x4a\xb7\x91\xc6\x2b\x8d\x2b\x21\x09\xc9\x02\x75\x28\x78\x16", 16) == 0,
	   "BLAKE2b of abc, 128 bits");
	suan_digest16(NULL, 0, b);
	ok(memcmp(a, b, 16) != 0, "digests differ");
	suan_random(a, 16);
	suan_random(b, 16);
	ok(memcmp(a, b, 16) != 0, "random bytes differ");
	return tap_done();
}
