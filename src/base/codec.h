/* Compact binary fields for logs, snapshots and messages: (tag, length, value) records whose
 * unknown tags a reader skips, so that old readers and new writers go on understanding each other.
 * Key = varint(tag << 1 | kind): kind 0 = varint value, kind 1 = varint length + bytes. Signed
 * values are zigzag coded (as in Protocol Buffers' encoding, Google 2008). */
#ifndef SUAN_BASE_CODEC_H
#define SUAN_BASE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Writers: append to b; failures are sticky in b (suan_buf_ok). Zero values and empty strings may
 * be left out by the caller; readers must treat an absent field as zero. */
void suan_put_varint(struct suan_buf *b, uint64_t v);
void suan_put_signed(struct suan_buf *b, int64_t v);	/* varint, zigzag coded */
void suan_put_u64(struct suan_buf *b, uint32_t tag, uint64_t v);
void suan_put_i64(struct suan_buf *b, uint32_t tag, int64_t v);
void suan_put_bytes(struct suan_buf *b, uint32_t tag, const void *data, size_t n);
void suan_put_str(struct suan_buf *b, uint32_t tag, const char *s);	/* NULL or "": nothing */
/* Nested record: begin returns a mark; end patches the length in. Records nest; nothing may be cut
 * from b below the mark in between. */
size_t suan_put_begin(struct suan_buf *b, uint32_t tag);
void suan_put_end(struct suan_buf *b, size_t mark);

/* Reader over borrowed bytes. After the first damage every read returns false and bad is set; what
 * the read would have returned is untouched. A varint not in its shortest form is damage. */
struct suan_reader {
	const uint8_t *p, *end;
	bool bad;
};

struct suan_field {
	uint32_t tag;
	bool is_bytes;
	uint64_t u64;		/* varint value when !is_bytes */
	const uint8_t *bytes;	/* borrowed from the input when is_bytes */
	size_t len;
};

void suan_reader_init(struct suan_reader *r, const void *data, size_t n);
bool suan_get_varint(struct suan_reader *r, uint64_t *ret);	/* false: bad, also at the end */
bool suan_get_signed(struct suan_reader *r, int64_t *ret);
/* false: end of input or damage (r->bad tells). */
bool suan_get_field(struct suan_reader *r, struct suan_field *ret);
int64_t suan_field_i64(const struct suan_field *f);	/* zigzag decoded */
/* Nested record; a field that is not bytes gives an empty reader. */
void suan_field_reader(const struct suan_field *f, struct suan_reader *ret);

#endif
