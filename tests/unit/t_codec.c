#include "lib/tap.h"

#include "base/codec.h"
#include "base/rng.h"

static void test_varint(void)
{
	static const uint64_t values[] = {0,	    1,	       127,	   128,
					  300,	    16383,     16384,	   UINT32_MAX,
					  1u << 31, INT64_MAX, 1ull << 63, UINT64_MAX};
	struct suan_buf b = {0};
	struct suan_reader r;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint64_t v = 42;

		suan_buf_reset(&b);
		suan_put_varint(&b, values[i]);
		suan_reader_init(&r, b.data, b.len);
		ok(suan_get_varint(&r, &v) && v == values[i] && r.p == r.end, "varint %zu", i);
		for (size_t n = 0; n < b.len; n++) {
			suan_reader_init(&r, b.data, n);
			v = 42;
			ok(!suan_get_varint(&r, &v) && r.bad && v == 42, "cut to %zu bytes", n);
		}
	}
	is_int(b.len, 10, "the longest has ten bytes");
	suan_buf_done(&b);
}

static bool reads(const char *bytes, size_t n)
{
	struct suan_reader r;
	uint64_t v;
	bool good;

	suan_reader_init(&r, bytes, n);
	good = suan_get_varint(&r, &v);
	return good && !suan_get_varint(&r, &v) && r.bad && !suan_get_varint(&r, &v);
}

static void test_damage(void)
{
	struct suan_reader r;
	struct suan_field f = {.tag = 7};

	ok(reads("\x80\x01", 2), "shortest form");
	ok(!reads("\x80\x00", 2), "padded form is damage");
	ok(!reads("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10), "beyond 64 bits");
	ok(!reads("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01", 11), "eleven bytes");
	suan_reader_init(&r, NULL, 0);
	ok(!suan_get_field(&r, &f) && !r.bad, "nothing: the end, not damage");
	suan_reader_init(&r, "\x04", 1);
	ok(!suan_get_field(&r, &f) && r.bad && f.tag == 7, "key without value");
	ok(!suan_get_field(&r, &f), "bad stays");
	suan_reader_init(&r, "\x80", 1);
	ok(!suan_get_field(&r, &f) && r.bad, "torn key");
	suan_reader_init(&r, "\x05\x03xy", 4);
	ok(!suan_get_field(&r, &f) && r.bad, "bytes longer than the input");
	suan_reader_init(&r, "\x80\x80\x80\x80\x20\x01", 6);
	ok(!suan_get_field(&r, &f) && r.bad, "tag beyond 32 bits");
}

static void test_fields(void)
{
	struct suan_buf b = {0};
	struct suan_reader r;
	struct suan_field f;

	suan_put_u64(&b, 1, UINT64_MAX);
	suan_put_i64(&b, UINT32_MAX, INT64_MIN);
	suan_put_i64(&b, 3, -1);
	suan_put_i64(&b, 4, INT64_MAX);
	suan_put_i64(&b, 4, 0);
	suan_put_bytes(&b, 5, "a\0b", 3);
	suan_put_bytes(&b, 6, NULL, 0);
	suan_put_str(&b, 7, NULL);
	suan_put_str(&b, 7, "");
	suan_put_str(&b, 8, "text");
	suan_reader_init(&r, b.data, b.len);
	ok(suan_get_field(&r, &f) && f.tag == 1 && !f.is_bytes && f.u64 == UINT64_MAX, "u64");
	ok(suan_get_field(&r, &f) && f.tag == UINT32_MAX && suan_field_i64(&f) == INT64_MIN,
	   "smallest i64, largest tag");
	ok(suan_get_field(&r, &f) && f.u64 == 1 && suan_field_i64(&f) == -1, "zigzag");
	ok(suan_get_field(&r, &f) && suan_field_i64(&f) == INT64_MAX, "largest i64");
	ok(suan_get_field(&r, &f) && suan_field_i64(&f) == 0, "zero");
	ok(suan_get_field(&r, &f) && f.is_bytes && f.len == 3 && memcmp(f.bytes, "a\0b", 3) == 0,
	   "bytes");
	ok(suan_get_field(&r, &f) && f.tag == 6 && f.is_bytes && f.len == 0, "no bytes");
	ok(suan_get_field(&r, &f) && f.tag == 8 && f.len == 4, "empty strings are left out");
	ok(!suan_get_field(&r, &f) && !r.bad, "end");
	suan_buf_done(&b);
}

static void test_nested(void)
{
	static const size_t sizes[] = {0, 1, 127, 128, 20000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct suan_buf b = {0};
		struct suan_reader r, outer, inner;
		struct suan_field f, g;
		size_t m1, m2;

		suan_put_u64(&b, 9, 9);
		m1 = suan_put_begin(&b, 2);
		m2 = suan_put_begin(&b, 300);
		for (size_t k = 0; k < sizes[i]; k++)
			suan_put_varint(&b, k % 100);
		suan_put_end(&b, m2);
		suan_put_u64(&b, 4, 44);
		suan_put_end(&b, m1);
		suan_put_u64(&b, 5, 55);
		suan_reader_init(&r, b.data, b.len);
		ok(suan_get_field(&r, &f) && suan_get_field(&r, &f) && f.tag == 2, "outer");
		suan_field_reader(&f, &outer);
		ok(suan_get_field(&outer, &g) && g.tag == 300 && g.len == sizes[i], "inner %zu",
		   sizes[i]);
		suan_field_reader(&g, &inner);
		ok((size_t)(inner.end - inner.p) == sizes[i], "its reader");
		ok(sizes[i] < 100 || g.bytes[99] == 99, "its bytes");
		ok(suan_get_field(&outer, &g) && g.u64 == 44 && !suan_get_field(&outer, &g),
		   "after the inner");
		ok(suan_get_field(&r, &f) && f.u64 == 55 && !suan_get_field(&r, &f) && !r.bad,
		   "after the outer");
		suan_field_reader(&g, &inner);
		ok(!suan_get_field(&inner, &g) && !inner.bad, "a number is no nested record");
		suan_buf_done(&b);
	}
}

static void write_all(struct suan_buf *b)
{
	size_t mark;

	suan_put_u64(b, 1, 1000);
	suan_put_bytes(b, 2, "0123456789", 10);
	mark = suan_put_begin(b, 3);
	for (int i = 0; i < 70; i++)
		suan_put_i64(b, 4, -i);
	suan_put_end(b, mark);
	suan_put_str(b, 5, "end");
}

/* Every limit below the whole: sticks, and what is there has no torn field. */
static void test_limit(void)
{
	struct suan_buf whole = {0};

	write_all(&whole);
	for (size_t limit = 1; limit <= whole.len; limit++) {
		struct suan_buf b;
		bool full = limit == whole.len;

		suan_buf_init(&b, limit);
		write_all(&b);
		ok((suan_buf_ok(&b, NULL) == SUAN_OK) == full && b.len <= limit, "limit %zu",
		   limit);
		ok(full ? b.len == whole.len : b.len != 14, "no head without its bytes");
		suan_buf_done(&b);
	}
	suan_buf_done(&whole);
}

static void test_random(void)
{
	struct suan_rng g;
	size_t fields = 0;

	suan_rng_init(&g, 11);
	for (int i = 0; i < 100000; i++) {
		unsigned char bytes[24];
		struct suan_reader r;
		struct suan_field f;
		size_t n = (size_t)suan_rng_below(&g, sizeof(bytes) + 1);

		for (size_t k = 0; k < n; k++)
			bytes[k] = (unsigned char)suan_rng_below(&g, i % 2 ? 256 : 8);
		suan_reader_init(&r, bytes, n);
		while (suan_get_field(&r, &f))
			fields++;
		if (!r.bad && r.p != r.end)
			ok(false, "stopped early, round %d", i);
	}
	ok(fields > 1000, "random bytes give %zu fields and no harm", fields);
}

int main(void)
{
	test_varint();
	test_damage();
	test_fields();
	test_nested();
	test_limit();
	test_random();
	return tap_done();
}
