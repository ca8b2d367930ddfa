/* The JSON reader and writer: no input harms, and what was read, written and read again is the same
 * text; whatever one splits off the end of a text, it is no text any more or the same value. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool copy_value(struct suan_json *j, struct suan_jsonw *w, const char *name);

static bool copy_number(struct suan_json *j, struct suan_jsonw *w, const char *name)
{
	const char *before = j->p;
	int64_t v;

	if (!suan_json_fixed(j, 6, &v))
		return false;
	assert(suan_json_is_number(before, (size_t)(j->p - before)));
	suan_jsonw_fixed(w, name, v, 6);
	return true;
}

static bool copy_list(struct suan_json *j, struct suan_jsonw *w, const char *name, bool object)
{
	const char *inner = NULL;

	if (!(object ? suan_json_object(j) : suan_json_array(j)))
		return false;
	suan_jsonw_open(w, name, object ? '{' : '[');
	while (object ? suan_json_member(j, &inner) : suan_json_element(j))
		if (!copy_value(j, w, inner))
			return false;
	suan_jsonw_close(w, object ? '}' : ']');
	return !j->failed;
}

static bool copy_value(struct suan_json *j, struct suan_jsonw *w, const char *name)
{
	enum suan_json_type type = suan_json_peek(j);
	const char *s;
	bool b;

	if (type == SUAN_JSON_OBJECT || type == SUAN_JSON_ARRAY)
		return copy_list(j, w, name, type == SUAN_JSON_OBJECT);
	if (type == SUAN_JSON_NUMBER)
		return copy_number(j, w, name);
	if (type == SUAN_JSON_BOOL) {
		if (!suan_json_bool(j, &b))
			return false;
		suan_jsonw_bool(w, name, b);
		return true;
	}
	if (type == SUAN_JSON_NULL) {
		suan_jsonw_null(w, name);
		return suan_json_skip(j);
	}
	if (!suan_json_string(j, &s))
		return false;
	assert(suan_utf8_valid(s, strlen(s)));
	suan_jsonw_str(w, name, s);
	return true;
}

static bool copy_text(const char *text, size_t n, struct suan_buf *out, struct suan_err *err)
{
	struct suan_arena arena = {0};
	struct suan_jsonw w;
	struct suan_json j;
	bool good;

	suan_json_init(&j, text, n, &arena, err);
	suan_jsonw_init(&w, out);
	good = copy_value(&j, &w, NULL) && suan_json_finish(&j);
	assert(good == !j.failed);
	assert(good == (err->code == SUAN_OK));
	assert(suan_utf8_valid(err->text, strlen(err->text)));
	suan_arena_done(&arena);
	return good;
}

/* Skipping accepts every text that copying does; of the others only numbers that are too large. */
static void skip_agrees(const char *text, size_t n, bool copied)
{
	struct suan_arena arena = {0};
	struct suan_err err = {0};
	struct suan_json j;
	bool good;

	suan_json_init(&j, text, n, &arena, &err);
	good = suan_json_skip(&j) && suan_json_finish(&j);
	assert(good || !copied);
	suan_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suan_buf first, second;
	struct suan_err err = {0};
	char *text = malloc(size ? size : 1); /* exact, so that reading past the end is seen */
	bool good;

	assert(text);
	memcpy(text, data, size);
	suan_buf_init(&first, 0);
	suan_buf_init(&second, 0);
	good = copy_text(text, size, &first, &err);
	skip_agrees(text, size, good);
	if (good) {
		good = copy_text(suan_buf_str(&first), first.len, &second, &err);
		assert(good);
		assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	}
	suan_buf_done(&first);
	suan_buf_done(&second);
	free(text);
	return 0;
}
