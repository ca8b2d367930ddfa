/* JSON (RFC 8259) without trees: a pull reader over bytes in memory and a writer into a buffer. For
 * places where speed counts; elsewhere jansson. */
#ifndef SUAN_WIRE_JSON_H
#define SUAN_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum suan_json_type {
	SUAN_JSON_END,		/* end of the enclosing object, array or text */
	SUAN_JSON_NULL, SUAN_JSON_BOOL, SUAN_JSON_NUMBER, SUAN_JSON_STRING,
	SUAN_JSON_OBJECT, SUAN_JSON_ARRAY,
	SUAN_JSON_ERROR,
};

#define SUAN_JSON_DEPTH 32

/* Where a piece of the text was made from, when it was made from another format. */
struct suan_json_mark {
	size_t at;	/* offset in the text; marks are ascending */
	uint32_t line;	/* from 1 */
};

/* One open object or array. */
struct suan_json_level {
	const char *name;	/* borrowed from the text, as it is there; NULL: none */
	uint32_t len, index;	/* index: UINT32_MAX = none yet */
};

/* The reader borrows the text. Depth is limited to 32. Strings must be valid UTF-8 without NUL. */
struct suan_json {
	const char *p, *end, *start;
	struct suan_arena *arena;	/* unescaped strings go here */
	unsigned depth;
	uint32_t first;			/* bit per depth: nothing read yet in it */
	char path[96];			/* "inputs/0/sha256" of the error; empty before */
	struct suan_err *err;		/* filled on the first error: line and column in the text */
	enum suan_code code;		/* of the first error */
	bool failed;
	bool lenient;			/* a number or bool may stand for a string (YAML) */
	const char *file;		/* name for errors about values, or NULL */
	const struct suan_json_mark *marks;	/* borrowed; or NULL */
	size_t nmarks;
	struct suan_json_level at[SUAN_JSON_DEPTH];
};

void suan_json_init(struct suan_json *j, const char *text, size_t n, struct suan_arena *arena,
		    struct suan_err *err);
/* Type of the value that comes next, without consuming it. */
enum suan_json_type suan_json_peek(struct suan_json *j);
/* Enter, then call _member / _element until false (end or error), consuming one value each time. */
bool suan_json_object(struct suan_json *j);
bool suan_json_member(struct suan_json *j, const char **ret_name);
bool suan_json_array(struct suan_json *j);
bool suan_json_element(struct suan_json *j);
/* Each consumes one value; false + error (field, what was found, what would be right) otherwise. */
bool suan_json_string(struct suan_json *j, const char **ret);	/* arena */
/* Also "3.0" and "3e2", which are whole. */
bool suan_json_i64(struct suan_json *j, int64_t min, int64_t max, int64_t *ret);
/* 1.25 → 1250 for 3; further decimals are rounded, half away from zero. digits is at most 18. */
bool suan_json_fixed(struct suan_json *j, unsigned digits, int64_t *ret);
bool suan_json_bool(struct suan_json *j, bool *ret);
bool suan_json_skip(struct suan_json *j);
/* Nothing but white space may be left. */
bool suan_json_finish(struct suan_json *j);
/* Records an error at the present place (first one wins) and returns false. The text begins with
 * the path, and before it file and line when they are known from marks. */
bool suan_json_fail(struct suan_json *j, enum suan_code code, const char *fmt, ...)
	SUAN_PRINTF(3, 4);
/* As suan_json_fail, at the name of the member that was read last. */
bool suan_json_fail_name(struct suan_json *j, const char *fmt, ...) SUAN_PRINTF(2, 3);
/* "expected WHAT, found …" about the value that comes next; returns false. */
bool suan_json_expected(struct suan_json *j, const char *fmt, ...) SUAN_PRINTF(2, 3);
/* A few words on the value that comes next: "\"two\"", "1.5", "an object". */
#define SUAN_JSON_FOUND 64
void suan_json_found(struct suan_json *j, char out[SUAN_JSON_FOUND]);
/* The whole of s is one number as JSON writes it. */
bool suan_json_is_number(const char *s, size_t n);

/* Writer: commas are put by itself. name NULL inside arrays. Invalid UTF-8 becomes U+FFFD. */
struct suan_jsonw {
	struct suan_buf *out;
	bool comma;
};
void suan_jsonw_init(struct suan_jsonw *w, struct suan_buf *out);
void suan_jsonw_open(struct suan_jsonw *w, const char *name, char bracket);	/* '{' or '[' */
void suan_jsonw_close(struct suan_jsonw *w, char bracket);			/* '}' or ']' */
void suan_jsonw_str(struct suan_jsonw *w, const char *name, const char *value);	/* NULL → null */
void suan_jsonw_i64(struct suan_jsonw *w, const char *name, int64_t value);
void suan_jsonw_fixed(struct suan_jsonw *w, const char *name, int64_t value, unsigned digits);
void suan_jsonw_bool(struct suan_jsonw *w, const char *name, bool value);
void suan_jsonw_null(struct suan_jsonw *w, const char *name);
void suan_jsonw_time(struct suan_jsonw *w, const char *name, int64_t ms);	/* 0 → null */
/* Adds s as a quoted string; also what the writer does with names. */
void suan_json_quote(struct suan_buf *out, const char *s, size_t n);
void suan_jsonw_raw(struct suan_jsonw *w, const char *name, const char *json, size_t n);

#endif
