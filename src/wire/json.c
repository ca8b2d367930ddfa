#include "wire/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "wire/json_text.h"

/* ---- errors ---- */

/* "inputs/0/sha256" from the open levels. */
static void build_path(struct suan_json *j)
{
	size_t n = 0;
	int more;

	j->path[0] = '\0';
	for (unsigned i = 0; i < j->depth && n + 1 < sizeof(j->path); i++) {
		const struct suan_json_level *l = &j->at[i];
		const char *slash = n ? "/" : "";
		size_t room = sizeof(j->path) - n;

		if (l->name)
			more = snprintf(j->path + n, room, "%s%.*s", slash,
					l->len < 90 ? (int)l->len : 90, l->name);
		else if (l->index != UINT32_MAX)
			more = snprintf(j->path + n, room, "%s%u", slash, (unsigned)l->index);
		else
			continue;
		n += (size_t)more < room ? (size_t)more : room - 1;
	}
}

/* Line of the other format that the present place was made from; 0: unknown. */
static uint32_t marked_line(const struct suan_json *j)
{
	size_t at = (size_t)(j->p - j->start);
	size_t lo = 0, hi = j->nmarks;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (j->marks[mid].at <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? j->marks[lo - 1].line : 0;
}

static bool record(struct suan_json *j, enum suan_code code, const char *text)
{
	uint32_t line = marked_line(j);
	const char *colon;

	if (j->failed)
		return false;
	build_path(j);
	colon = j->path[0] ? ": " : "";
	j->failed = true;
	j->code = code;
	if (j->file && line)
		(void)suan_fail_field(j->err, code, j->path, "%s:%u: %s%s%s", j->file,
				      (unsigned)line, j->path, colon, text);
	else if (j->file)
		(void)suan_fail_field(j->err, code, j->path, "%s: %s%s%s", j->file, j->path, colon,
				      text);
	else if (line)
		(void)suan_fail_field(j->err, code, j->path, "line %u: %s%s%s", (unsigned)line,
				      j->path, colon, text);
	else
		(void)suan_fail_field(j->err, code, j->path, "%s%s%s", j->path, colon, text);
	return false;
}

bool suan_json_fail(struct suan_json *j, enum suan_code code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return record(j, code, text);
}

bool suan_json_fail_name(struct suan_json *j, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!j->failed && j->depth && j->at[j->depth - 1].name)
		j->p = j->at[j->depth - 1].name;
	return record(j, SUAN_EINVAL, text);
}

/* Cuts a piece of text for a message; never inside a character. */
static int short_length(const char *s, size_t n, size_t most)
{
	size_t len = 0;
	uint32_t c;

	while (len < n && len < most) {
		size_t step = suan_utf8_next(s + len, n - len, &c);

		len += step ? step : 1;
	}
	return (int)len;
}

static void found_string(const struct suan_json *j, char out[SUAN_JSON_FOUND])
{
	const char *q = j->p + 1;

	while (q < j->end && *q != '"' && *q != '\n')
		q += *q == '\\' && q + 1 < j->end ? 2 : 1;
	if (q - j->p - 1 > 40)
		(void)snprintf(out, SUAN_JSON_FOUND, "\"%.*s…\"",
			       short_length(j->p + 1, (size_t)(q - j->p - 1), 36), j->p + 1);
	else
		(void)snprintf(out, SUAN_JSON_FOUND, "\"%.*s\"", (int)(q - j->p - 1), j->p + 1);
}

static void found_word(const struct suan_json *j, char out[SUAN_JSON_FOUND])
{
	const char *q = j->p;

	while (q < j->end && q - j->p < 40 &&
	       (suan_json_wordy((unsigned char)*q) || *q == '-' || *q == '+' || *q == '.'))
		q++;
	if (q == j->p) {
		int n = short_length(j->p, (size_t)(j->end - j->p), 1);

		(void)snprintf(out, SUAN_JSON_FOUND, "'%.*s'", n, j->p);
		return;
	}
	(void)snprintf(out, SUAN_JSON_FOUND, "%.*s", (int)(q - j->p), j->p);
}

void suan_json_found(struct suan_json *j, char out[SUAN_JSON_FOUND])
{
	suan_json_blank(j);
	if (j->p == j->end)
		(void)snprintf(out, SUAN_JSON_FOUND, "the end of the text");
	else if (*j->p == '"')
		found_string(j, out);
	else if (*j->p == '{')
		(void)snprintf(out, SUAN_JSON_FOUND, "an object");
	else if (*j->p == '[')
		(void)snprintf(out, SUAN_JSON_FOUND, "an array");
	else
		found_word(j, out);
}

bool suan_json_expected(struct suan_json *j, const char *fmt, ...)
{
	char found[SUAN_JSON_FOUND];
	char what[320];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	suan_json_found(j, found);
	return suan_json_fail(j, SUAN_EINVAL, "expected %s, found %s", what, found);
}

bool suan_json_syntax(struct suan_json *j, const char *expected)
{
	char found[SUAN_JSON_FOUND];

	suan_json_found(j, found);
	return suan_json_bad_text(j, expected, found);
}

bool suan_json_bad_text(struct suan_json *j, const char *expected, const char *found)
{
	unsigned line = 1, column = 1;

	if (j->failed)
		return false;
	for (const char *q = j->start; q < j->p; q++) {
		if (*q == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*q & 0xc0u) != 0x80) {
			column++;
		}
	}
	build_path(j);
	j->failed = true;
	j->code = SUAN_EINVAL;
	(void)suan_fail_field(j->err, SUAN_EINVAL, j->path,
			      "line %u, column %u: expected %s, found %s", line, column, expected,
			      found);
	return false;
}

/* ---- structure ---- */

void suan_json_init(struct suan_json *j, const char *text, size_t n, struct suan_arena *arena,
		    struct suan_err *err)
{
	/* Levels are set when they are opened. */
	j->start = j->p = text;
	j->end = n ? text + n : text;
	j->arena = arena;
	j->depth = 0;
	j->first = 0;
	j->path[0] = '\0';
	j->err = err;
	j->code = SUAN_OK;
	j->failed = false;
	j->lenient = false;
	j->file = NULL;
	j->marks = NULL;
	j->nmarks = 0;
}

enum suan_json_type suan_json_peek(struct suan_json *j)
{
	if (j->failed)
		return SUAN_JSON_ERROR;
	suan_json_blank(j);
	if (j->p == j->end)
		return SUAN_JSON_END;
	switch (*j->p) {
	case '"':
		return SUAN_JSON_STRING;
	case '{':
		return SUAN_JSON_OBJECT;
	case '[':
		return SUAN_JSON_ARRAY;
	case '}':
	case ']':
		return SUAN_JSON_END;
	case 't':
	case 'f':
		return SUAN_JSON_BOOL;
	case 'n':
		return SUAN_JSON_NULL;
	default:
		break;
	}
	if (*j->p == '-' || (*j->p >= '0' && *j->p <= '9'))
		return SUAN_JSON_NUMBER;
	(void)suan_json_syntax(j, "a value");
	return SUAN_JSON_ERROR;
}

static bool enter(struct suan_json *j)
{
	if (j->depth == SUAN_JSON_DEPTH)
		return suan_json_fail(j, SUAN_ETOOBIG, "nested deeper than %d", SUAN_JSON_DEPTH);
	j->p++;
	j->first |= 1u << j->depth;
	j->at[j->depth].name = NULL;
	j->at[j->depth].len = 0;
	j->at[j->depth].index = UINT32_MAX;
	j->depth++;
	return true;
}

/* Steps over the comma or the closing bracket. false: closed or error. */
static bool next(struct suan_json *j, char close)
{
	uint32_t bit;

	if (j->failed)
		return false;
	assert(j->depth > 0);
	bit = 1u << (j->depth - 1);
	suan_json_blank(j);
	if (j->p < j->end && *j->p == close) {
		j->p++;
		j->depth--;
		return false;
	}
	if (j->first & bit) {
		j->first &= ~bit;
		return true;
	}
	if (j->p == j->end || *j->p != ',')
		return suan_json_syntax(j, close == '}' ? "',' or '}'" : "',' or ']'");
	j->p++;
	suan_json_blank(j);
	return true;
}

bool suan_json_object(struct suan_json *j)
{
	if (suan_json_peek(j) != SUAN_JSON_OBJECT)
		return suan_json_expected(j, "an object");
	return enter(j);
}

bool suan_json_array(struct suan_json *j)
{
	if (suan_json_peek(j) != SUAN_JSON_ARRAY)
		return suan_json_expected(j, "an array");
	return enter(j);
}

bool suan_json_member(struct suan_json *j, const char **ret_name)
{
	struct suan_json_level *l;
	const char *name;

	if (!next(j, '}'))
		return false;
	l = &j->at[j->depth - 1];
	l->name = NULL;
	if (j->p == j->end || *j->p != '"')
		return suan_json_syntax(j, "a name in quotes");
	name = j->p;
	if (!suan_json_take_string(j, ret_name))
		return false;
	l->name = name + 1;
	l->len = (uint32_t)(j->p - name - 2);
	suan_json_blank(j);
	if (j->p == j->end || *j->p != ':')
		return suan_json_syntax(j, "':'");
	j->p++;
	suan_json_blank(j);
	return true;
}

bool suan_json_element(struct suan_json *j)
{
	if (!next(j, ']'))
		return false;
	j->at[j->depth - 1].index++;
	return true;
}

bool suan_json_skip(struct suan_json *j)
{
	const char *s;
	bool b;

	switch (suan_json_peek(j)) {
	case SUAN_JSON_OBJECT:
		if (!suan_json_object(j))
			return false;
		while (suan_json_member(j, &s))
			if (!suan_json_skip(j))
				return false;
		return !j->failed;
	case SUAN_JSON_ARRAY:
		if (!suan_json_array(j))
			return false;
		while (suan_json_element(j))
			if (!suan_json_skip(j))
				return false;
		return !j->failed;
	case SUAN_JSON_STRING:
		return suan_json_string(j, &s);
	case SUAN_JSON_NUMBER:
		return suan_json_take_number(j, NULL) || suan_json_expected(j, "a number");
	case SUAN_JSON_BOOL:
		return suan_json_bool(j, &b);
	case SUAN_JSON_NULL:
		return suan_json_word(j, "null") || suan_json_syntax(j, "a value");
	case SUAN_JSON_END:
		return suan_json_syntax(j, "a value");
	case SUAN_JSON_ERROR:
		break;
	}
	return false;
}

bool suan_json_finish(struct suan_json *j)
{
	if (j->failed)
		return false;
	suan_json_blank(j);
	return j->p == j->end || suan_json_syntax(j, "the end of the text");
}
