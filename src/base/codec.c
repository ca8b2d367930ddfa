#include "base/codec.h"

#include <assert.h>
#include <string.h>

#define VARINT_MAX 10 /* bytes of the longest varint */

static size_t encode(uint8_t out[VARINT_MAX], uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		out[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	out[n++] = (uint8_t)v;
	return n;
}

static uint64_t key_of(uint32_t tag, unsigned kind)
{
	return (uint64_t)tag << 1 | kind;
}

void suan_put_varint(struct suan_buf *b, uint64_t v)
{
	uint8_t out[VARINT_MAX];

	suan_buf_add(b, out, encode(out, v));
}

void suan_put_u64(struct suan_buf *b, uint32_t tag, uint64_t v)
{
	uint8_t out[2 * VARINT_MAX];
	size_t n = encode(out, key_of(tag, 0));

	n += encode(out + n, v);
	suan_buf_add(b, out, n);
}

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

void suan_put_signed(struct suan_buf *b, int64_t v)
{
	suan_put_varint(b, zigzag(v));
}

void suan_put_i64(struct suan_buf *b, uint32_t tag, int64_t v)
{
	suan_put_u64(b, tag, zigzag(v));
}

void suan_put_bytes(struct suan_buf *b, uint32_t tag, const void *data, size_t n)
{
	uint8_t head[2 * VARINT_MAX];
	size_t before = b->len;
	size_t nhead = encode(head, key_of(tag, 1));

	nhead += encode(head + nhead, n);
	if (suan_buf_add(b, head, nhead) && !suan_buf_add(b, data, n))
		suan_buf_cut(b, before);
}

void suan_put_str(struct suan_buf *b, uint32_t tag, const char *s)
{
	if (s && s[0])
		suan_put_bytes(b, tag, s, strlen(s));
}

size_t suan_put_begin(struct suan_buf *b, uint32_t tag)
{
	uint8_t head[VARINT_MAX + 1];
	size_t n = encode(head, key_of(tag, 1));

	head[n++] = 0; /* length, patched in by suan_put_end */
	suan_buf_add(b, head, n);
	return b->len;
}

void suan_put_end(struct suan_buf *b, size_t mark)
{
	static const uint8_t pad[VARINT_MAX];
	uint8_t out[VARINT_MAX];
	size_t len, n;

	if (b->failed != SUAN_OK)
		return;
	assert(mark > 0 && mark <= b->len);
	len = b->len - mark;
	n = encode(out, len);
	if (!suan_buf_add(b, pad, n - 1))
		return;
	memmove(b->data + mark + n - 1, b->data + mark, len);
	memcpy(b->data + mark - 1, out, n);
}

void suan_reader_init(struct suan_reader *r, const void *data, size_t n)
{
	r->p = data;
	r->end = n > 0 ? r->p + n : r->p;
	r->bad = false;
}

static bool damaged(struct suan_reader *r)
{
	r->bad = true;
	return false;
}

bool suan_get_varint(struct suan_reader *r, uint64_t *ret)
{
	const uint8_t *p = r->p;
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t byte;

	if (r->bad)
		return false;
	do {
		if (p == r->end)
			return damaged(r);
		byte = *p++;
		if (shift == 63 && byte > 1)
			return damaged(r);
		v |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (byte == 0 && shift > 7) /* not the shortest form: no writer makes it */
		return damaged(r);
	r->p = p;
	*ret = v;
	return true;
}

bool suan_get_field(struct suan_reader *r, struct suan_field *ret)
{
	struct suan_field f;
	uint64_t key, v;

	if (r->bad || r->p == r->end)
		return false;
	if (!suan_get_varint(r, &key) || !suan_get_varint(r, &v))
		return false;
	if (key >> 1 > UINT32_MAX)
		return damaged(r);
	memset(&f, 0, sizeof(f));
	f.tag = (uint32_t)(key >> 1);
	f.is_bytes = key & 1;
	if (!f.is_bytes) {
		f.u64 = v;
	} else {
		if (v > (uint64_t)(r->end - r->p))
			return damaged(r);
		f.bytes = r->p;
		f.len = (size_t)v;
		r->p += v;
	}
	*ret = f;
	return true;
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

int64_t suan_field_i64(const struct suan_field *f)
{
	return unzigzag(f->u64);
}

bool suan_get_signed(struct suan_reader *r, int64_t *ret)
{
	uint64_t v;

	if (!suan_get_varint(r, &v))
		return false;
	*ret = unzigzag(v);
	return true;
}

void suan_field_reader(const struct suan_field *f, struct suan_reader *ret)
{
	suan_reader_init(ret, f->bytes, f->is_bytes ? f->len : 0);
}
