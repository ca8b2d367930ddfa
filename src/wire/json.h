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

/* The reader borrows the text. Depth is limited to 32. Strings must be valid UTF-8 without NUL. */
struct suan_json {
	const char *p, *end, *start;
	struct suan_arena *arena;	/* unescaped strings go here */
	unsigned depth;
	uint32_t first;			/* bit per depth: nothing read yet in it */
	char path[96];			/* "inputs/0/sha256", for errors */
	struct suan_err *err;		/* filled on the first error: line and column in the text */
	bool failed;
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
bool suan_json_i64(struct suan_json *j, int64_t min, int64_t max, int64_t *ret);
bool suan_json_fixed(struct suan_json *j, unsigned digits, int64_t *ret);	/* 1.25 → 1250 for 3 */
bool suan_json_bool(struct suan_json *j, bool *ret);
bool suan_json_skip(struct suan_json *j);
/* Nothing but white space may be left. */
bool suan_json_finish(struct suan_json *j);
/* Records an error at the present place (first one wins) and returns false. */
bool suan_json_fail(struct suan_json *j, enum suan_code code, const char *fmt, ...)
	SUAN_PRINTF(3, 4);

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
void suan_jsonw_raw(struct suan_jsonw *w, const char *name, const char *json, size_t n);

#endif
