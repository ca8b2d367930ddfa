#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP  64
#define U64_DIGITS 20

void suan_buf_init(struct suan_buf *b, size_t limit_bytes)
{
	memset(b, 0, sizeof(*b));
	b->limit = limit_bytes;
}

void suan_buf_done(struct suan_buf *b)
{
	if (!b)
		return;
	free(b->data);
	suan_buf_init(b, b->limit);
}

void suan_buf_reset(struct suan_buf *b)
{
	b->failed = SUAN_OK;
	suan_buf_cut(b, 0);
}

void suan_buf_cut(struct suan_buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}

static size_t limit_of(const struct suan_buf *b)
{
	return b->limit && b->limit < SIZE_MAX / 2 ? b->limit : SIZE_MAX / 2;
}

/* Makes cap greater than len + more, or says why not. */
static enum suan_code enlarge(struct suan_buf *b, size_t more)
{
	size_t limit = limit_of(b);
	size_t want;
	char *p;

	if (b->len > limit || more > limit - b->len)
		return SUAN_ETOOBIG;
	if (b->cap > b->len + more)
		return SUAN_OK;
	want = b->cap + b->cap / 2;
	if (want < FIRST_CAP)
		want = FIRST_CAP;
	if (want > limit + 1)
		want = limit + 1;
	if (want <= b->len + more)
		want = b->len + more + 1;
	p = realloc(b->data, want);
	if (!p)
		return SUAN_ENOMEM;
	p[b->len] = '\0';
	b->data = p;
	b->cap = want;
	return SUAN_OK;
}

enum suan_code suan_buf_reserve(struct suan_buf *b, size_t more)
{
	return b->failed != SUAN_OK ? b->failed : enlarge(b, more);
}

/* True: n more bytes and the NUL fit. */
static bool room(struct suan_buf *b, size_t n)
{
	if (b->failed == SUAN_OK)
		b->failed = enlarge(b, n);
	return b->failed == SUAN_OK;
}

bool suan_buf_add(struct suan_buf *b, const void *bytes, size_t n)
{
	if (!room(b, n))
		return false;
	if (n > 0)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
	return true;
}

bool suan_buf_adds(struct suan_buf *b, const char *s)
{
	return suan_buf_add(b, s, strlen(s));
}

bool suan_buf_addc(struct suan_buf *b, char c)
{
	return suan_buf_add(b, &c, 1);
}

bool suan_buf_addf(struct suan_buf *b, const char *fmt, ...)
{
	va_list ap;
	bool good;

	va_start(ap, fmt);
	good = suan_buf_vaddf(b, fmt, ap);
	va_end(ap);
	return good;
}

bool suan_buf_vaddf(struct suan_buf *b, const char *fmt, va_list ap)
{
	size_t spare = b->cap > b->len ? b->cap - b->len : 0;
	va_list again;
	int n;

	if (b->failed != SUAN_OK)
		return false;
	va_copy(again, ap);
	n = vsnprintf(spare ? b->data + b->len : NULL, spare, fmt, ap);
	assert(n >= 0);
	/* A limit below the spare room still counts. */
	if ((size_t)n >= spare || b->len + (size_t)n > limit_of(b)) {
		if (spare)
			b->data[b->len] = '\0';
		if (room(b, (size_t)n))
			(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	if (b->failed != SUAN_OK)
		return false;
	b->len += (size_t)n;
	return true;
}

/* Writes v at the end of digits; returns where it begins. */
static char *decimal(char digits[U64_DIGITS + 1], uint64_t v)
{
	char *p = digits + U64_DIGITS + 1;

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	return p;
}

bool suan_buf_add_u64(struct suan_buf *b, uint64_t v)
{
	char digits[U64_DIGITS + 1];
	char *p = decimal(digits, v);

	return suan_buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

bool suan_buf_add_i64(struct suan_buf *b, int64_t v)
{
	char digits[U64_DIGITS + 1];
	char *p = decimal(digits, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);

	if (v < 0)
		*--p = '-';
	return suan_buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

enum suan_code suan_buf_ok(const struct suan_buf *b, struct suan_err *err)
{
	if (b->failed == SUAN_OK)
		return SUAN_OK;
	if (b->failed == SUAN_ETOOBIG)
		return suan_fail(err, SUAN_ETOOBIG, "more than %zu bytes", limit_of(b));
	return suan_fail(err, b->failed, "out of memory after %zu bytes", b->len);
}

char *suan_buf_take(struct suan_buf *b, size_t *ret_len)
{
	char *p = b->data;

	if (b->failed != SUAN_OK)
		return NULL;
	if (!p) {
		p = calloc(1, 1);
		if (!p)
			return NULL;
	}
	if (ret_len)
		*ret_len = b->len;
	suan_buf_init(b, b->limit);
	return p;
}

const char *suan_buf_str(const struct suan_buf *b)
{
	return b->data ? b->data : "";
}
