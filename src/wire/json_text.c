#include "wire/json_text.h"

#include <string.h>

#include "base/num.h"

bool suan_json_word(struct suan_json *j, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
		return false;
	if (j->p + n < j->end && suan_json_wordy((unsigned char)j->p[n]))
		return false;
	j->p += n;
	return true;
}

bool suan_json_bool(struct suan_json *j, bool *ret)
{
	if (suan_json_peek(j) == SUAN_JSON_ERROR)
		return false;
	if (suan_json_word(j, "true")) {
		*ret = true;
		return true;
	}
	if (suan_json_word(j, "false")) {
		*ret = false;
		return true;
	}
	return suan_json_expected(j, "true or false");
}

/* ---- strings ---- */

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* Some byte of v is a quote, a backslash, a control character or not ASCII. */
static bool special(uint64_t v)
{
	uint64_t quote = v ^ ONES * '"';
	uint64_t slash = v ^ ONES * '\\';

	return (((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | (v - ONES * 0x20) | v) &
	       HIGHS;
}

/* First byte that is not plain ASCII text. */
static const char *plain_end(const char *p, const char *end)
{
	uint64_t v;

	while (end - p >= 8) {
		memcpy(&v, p, 8);
		if (special(v))
			break;
		p += 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
	       (unsigned char)*p < 0x80)
		p++;
	return p;
}

static bool no_memory(struct suan_json *j)
{
	return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
}

/* Finds the closing quote from q on and checks every character; NULL: error. */
static const char *closing_quote(struct suan_json *j, const char *q, bool *ret_escapes)
{
	uint32_t c;
	size_t step;

	*ret_escapes = false;
	for (;;) {
		q = plain_end(q, j->end);
		if (q == j->end || (unsigned char)*q < 0x20) {
			j->p = q;
			if (q == j->end)
				(void)suan_json_syntax(j, "'\"' to end the string");
			else
				(void)suan_json_bad_text(j, "an escape such as \\n in a string",
							 "a control character");
			return NULL;
		}
		if (*q == '"')
			return q;
		if (*q == '\\') {
			*ret_escapes = true;
			q += j->end - q > 1 ? 2 : 1;
			continue;
		}
		step = suan_utf8_next(q, (size_t)(j->end - q), &c);
		if (step == 0) {
			j->p = q;
			(void)suan_json_syntax(j, "UTF-8");
			return NULL;
		}
		q += step;
	}
}

static bool hex4(const char *p, const char *end, uint32_t *ret)
{
	uint32_t v = 0;

	if (end - p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v << 4 | (uint32_t)(c - 'A' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* The code point of an escape whose four digits begin at p; 0: it is wrong. *ret_n: bytes read. */
static uint32_t unicode_escape(const char *p, const char *end, size_t *ret_n)
{
	uint32_t c, low;

	if (!hex4(p, end, &c) || (c >= 0xdc00 && c < 0xe000))
		return 0;
	*ret_n = 4;
	if (c < 0xd800 || c >= 0xe000)
		return c;
	if (end - p < 10 || p[4] != '\\' || p[5] != 'u' || !hex4(p + 6, end, &low) ||
	    low < 0xdc00 || low >= 0xe000)
		return 0;
	*ret_n = 10;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

/* What \x stands for; 0: nothing. */
static char short_escape(char c)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : '\0';
}

static bool unescape(struct suan_json *j, const char *end, const char **ret)
{
	const char *q = j->p + 1;
	char *out = suan_arena_alloc(j->arena, (size_t)(end - q) + 1);
	char *to = out;
	size_t n;
	uint32_t c;

	if (!out)
		return no_memory(j);
	while (q < end) {
		if (*q != '\\') {
			*to++ = *q++;
			continue;
		}
		c = (unsigned char)short_escape(q[1]);
		n = 0;
		if (q[1] == 'u')
			c = unicode_escape(q + 2, end, &n);
		if (c == 0) {
			j->p = q;
			return suan_json_syntax(j, "an escape such as \\n or \\u4e2d, not NUL "
						   "or half a pair");
		}
		to = put_utf8(to, c);
		q += 2 + n;
	}
	*to = '\0';
	*ret = out;
	j->p = end + 1;
	return true;
}

bool suan_json_take_string(struct suan_json *j, const char **ret)
{
	const char *begin = j->p + 1;
	bool escapes;
	const char *end = closing_quote(j, begin, &escapes);
	char *copy;

	if (!end)
		return false;
	if (escapes)
		return unescape(j, end, ret);
	copy = suan_arena_mem(j->arena, begin, (size_t)(end - begin));
	if (!copy)
		return no_memory(j);
	*ret = copy;
	j->p = end + 1;
	return true;
}

/* A plain word of YAML that looks like a number or bool but is wanted as text. */
static bool raw_text(struct suan_json *j, const char **ret)
{
	const char *begin = j->p;

	if (!suan_json_word(j, "true") && !suan_json_word(j, "false") &&
	    !suan_json_take_number(j, NULL))
		return suan_json_expected(j, "a string");
	*ret = suan_arena_mem(j->arena, begin, (size_t)(j->p - begin));
	return *ret ? true : no_memory(j);
}

bool suan_json_string(struct suan_json *j, const char **ret)
{
	enum suan_json_type type = suan_json_peek(j);

	if (type == SUAN_JSON_ERROR)
		return false;
	if (type == SUAN_JSON_STRING)
		return suan_json_take_string(j, ret);
	if (j->lenient)
		return raw_text(j, ret);
	return suan_json_expected(j, "a string");
}

/* ---- numbers ---- */

static bool digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* Adds the digits at p to the mantissa; those that have no room only count. */
static const char *take_digits(const char *p, const char *end, struct suan_json_number *n,
			       bool fraction)
{
	for (; digit(p, end); p++) {
		unsigned d = (unsigned)(*p - '0');

		if (n->mantissa > (UINT64_MAX - 9) / 10) {
			n->exact = n->exact && d == 0;
			n->exponent += !fraction;
			continue;
		}
		n->mantissa = n->mantissa * 10 + d;
		n->exponent -= fraction;
	}
	return p;
}

static const char *take_exponent(const char *p, const char *end, struct suan_json_number *n)
{
	const char *q = p + 1;
	bool minus = q < end && *q == '-';
	int64_t e = 0;

	if (q < end && (*q == '-' || *q == '+'))
		q++;
	if (!digit(q, end))
		return NULL;
	for (; digit(q, end); q++)
		if (e < 1000000000)
			e = e * 10 + (*q - '0');
	n->exponent += minus ? -e : e;
	return q;
}

/* Where the number at p ends; NULL: there is none. */
static const char *scan(const char *p, const char *end, struct suan_json_number *n)
{
	n->negative = p < end && *p == '-';
	n->exact = true;
	n->mantissa = 0;
	n->exponent = 0;
	p += n->negative;
	if (!digit(p, end))
		return NULL;
	if (*p == '0')
		p++;
	else
		p = take_digits(p, end, n, false);
	if (p < end && *p == '.') {
		if (!digit(p + 1, end))
			return NULL;
		p = take_digits(p + 1, end, n, true);
	}
	if (p < end && (*p == 'e' || *p == 'E'))
		p = take_exponent(p, end, n);
	return p;
}

bool suan_json_take_number(struct suan_json *j, struct suan_json_number *ret)
{
	struct suan_json_number n;
	const char *q = scan(j->p, j->end, &n);

	if (!q || (q < j->end && (suan_json_wordy((unsigned char)*q) || *q == '.' || *q == '-' ||
				  *q == '+')))
		return false;
	j->p = q;
	if (ret)
		*ret = n;
	return true;
}

bool suan_json_is_number(const char *s, size_t n)
{
	struct suan_json_number number;

	return n > 0 && scan(s, s + n, &number) == s + n;
}

/* mantissa × 10^(exponent + digits) as an integer; false: too large. *exact: nothing was cut. */
static bool scale(struct suan_json_number n, unsigned digits, int64_t *ret, bool *exact)
{
	uint64_t most = (uint64_t)INT64_MAX + n.negative;
	uint64_t v = n.mantissa;
	int64_t e = n.exponent + digits;
	unsigned last = 0;

	*exact = n.exact;
	for (; e > 0 && v > 0; e--)
		if (!suan_mul_u64(v, 10, &v))
			return false;
	for (; e < 0 && (v > 0 || last > 0); e++) {
		*exact = *exact && v % 10 == 0;
		last = (unsigned)(v % 10);
		v /= 10;
	}
	v += last >= 5;
	if (v > most)
		return false;
	*ret = n.negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool suan_json_fixed(struct suan_json *j, unsigned digits, int64_t *ret)
{
	const char *begin;
	struct suan_json_number n;
	bool exact;

	if (suan_json_peek(j) == SUAN_JSON_ERROR)
		return false;
	begin = j->p;
	if (!suan_json_take_number(j, &n))
		return suan_json_expected(j, "a number");
	if (scale(n, digits, ret, &exact))
		return true;
	j->p = begin;
	return suan_json_expected(j, "a smaller number");
}

static bool out_of_range(struct suan_json *j, int64_t min, int64_t max)
{
	if (max == INT64_MAX && min == INT64_MIN)
		return suan_json_expected(j, "a whole number");
	if (max == INT64_MAX)
		return suan_json_expected(j, "a whole number of at least %lld", (long long)min);
	return suan_json_expected(j, "a whole number from %lld to %lld", (long long)min,
				  (long long)max);
}

bool suan_json_i64(struct suan_json *j, int64_t min, int64_t max, int64_t *ret)
{
	const char *begin;
	struct suan_json_number n;
	int64_t v;
	bool exact;

	if (suan_json_peek(j) == SUAN_JSON_ERROR)
		return false;
	begin = j->p;
	if (suan_json_take_number(j, &n) && scale(n, 0, &v, &exact) && exact && v >= min &&
	    v <= max) {
		*ret = v;
		return true;
	}
	j->p = begin;
	return out_of_range(j, min, max);
}
