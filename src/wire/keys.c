#include "wire/keys.h"
#include "wire/list.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "wire/nearest.h"

void suan_keys_decimal(int64_t v, unsigned digits, char out[32])
{
	struct suan_buf b;
	struct suan_jsonw w;

	suan_buf_init(&b, 31);
	suan_jsonw_init(&w, &b);
	suan_jsonw_fixed(&w, NULL, v, digits);
	memcpy(out, suan_buf_str(&b), b.len + 1);
	suan_buf_done(&b);
}

static bool outside(struct suan_json *j, const struct suan_key *k, const char *what)
{
	char min[32], max[32];

	suan_keys_decimal(k->min, k->digits, min);
	suan_keys_decimal(k->max, k->digits, max);
	return suan_json_expected(j, "%s from %s to %s", what, min, max);
}

static bool read_whole(struct suan_json *j, const struct suan_key *k, void *at)
{
	int64_t v;

	if (!suan_json_i64(j, k->min, k->max, &v))
		return false;
	if (k->type == SUAN_KEY_U32)
		*(uint32_t *)at = (uint32_t)v;
	else
		*(uint64_t *)at = (uint64_t)v;
	return true;
}

static bool read_fixed(struct suan_json *j, const struct suan_key *k, void *at)
{
	const char *before;
	int64_t v;

	if (suan_json_peek(j) != SUAN_JSON_NUMBER)
		return outside(j, k, "a number");
	before = j->p;
	if (!suan_json_fixed(j, k->digits, &v))
		return false;
	if (v < k->min || v > k->max) {
		j->p = before;
		return outside(j, k, "a number");
	}
	if (k->type == SUAN_KEY_I32_FIXED)
		*(int32_t *)at = (int32_t)v;
	else if (k->type == SUAN_KEY_U32_FIXED)
		*(uint32_t *)at = (uint32_t)v;
	else
		*(int64_t *)at = v;
	return true;
}

static bool text_amount(struct suan_json *j, const struct suan_key *k, const char *text,
			int64_t *ret)
{
	struct suan_err err = {0};
	uint64_t size = 0;
	enum suan_code rc;

	if (k->type == SUAN_KEY_SIZE) {
		rc = suan_parse_size(text, 1, &size, &err);
		*ret = size > INT64_MAX ? INT64_MAX : (int64_t)size;
	} else {
		rc = suan_parse_duration(text, k->digits ? 1000 : 1, ret, &err);
	}
	return rc == SUAN_OK || suan_json_fail(j, rc, "%s", err.text);
}

static bool read_amount(struct suan_json *j, const struct suan_key *k, void *at)
{
	bool size = k->type == SUAN_KEY_SIZE;
	enum suan_json_type type = suan_json_peek(j);
	const char *before = j->p, *text;
	int64_t v = 0;
	bool good;

	if (type == SUAN_JSON_STRING)
		good = suan_json_string(j, &text) && text_amount(j, k, text, &v);
	else if (type == SUAN_JSON_NUMBER)
		good = suan_json_fixed(j, k->digits, &v);
	else
		good = suan_json_expected(j, size ? "a size such as \"2GiB\""
						  : "a duration such as \"1h30m\"");
	if (!good)
		return false;
	if (v < k->min || v > k->max) {
		j->p = before;
		return outside(j, k, size ? "bytes" : "a duration");
	}
	*(int64_t *)at = v;
	return true;
}

static bool read_key(struct suan_json *j, const struct suan_key *k, void *object)
{
	void *at = (char *)object + k->at;

	switch (k->type) {
	case SUAN_KEY_STRING:
		return suan_json_string(j, at);
	case SUAN_KEY_BOOL:
		return suan_json_bool(j, at);
	case SUAN_KEY_U32:
	case SUAN_KEY_U64:
		return read_whole(j, k, at);
	case SUAN_KEY_I32_FIXED:
	case SUAN_KEY_U32_FIXED:
	case SUAN_KEY_I64_FIXED:
	case SUAN_KEY_U64_FIXED:
		return read_fixed(j, k, at);
	case SUAN_KEY_SIZE:
	case SUAN_KEY_DURATION:
		return read_amount(j, k, at);
	case SUAN_KEY_CALL:
		return k->read(j, object);
	}
	return false;
}

static bool unknown(struct suan_json *j, const struct suan_keys *keys, const char *name)
{
	struct suan_nearest near;
	char known[256] = "";

	suan_nearest_init(&near, name);
	for (uint32_t i = 0; i < keys->count; i++) {
		size_t n = strlen(known);

		suan_nearest_try(&near, keys->list[i].name);
		(void)snprintf(known + n, sizeof(known) - n, "%s%s", i ? ", " : "",
			       keys->list[i].name);
	}
	if (near.best)
		return suan_json_fail_name(j, "unknown key; did you mean \"%s\"?", near.best);
	return suan_json_fail_name(j, "unknown key; known: %s", known);
}

/* Number of the key of that name; count: unknown. */
static uint32_t find(const struct suan_keys *keys, const char *name)
{
	uint32_t i = 0;

	while (i < keys->count && strcmp(keys->list[i].name, name) != 0)
		i++;
	return i;
}

bool suan_keys_read(struct suan_json *j, const struct suan_keys *keys, void *object)
{
	uint64_t seen = 0;
	const char *begin, *name;

	assert(keys->count <= 64);
	(void)suan_json_peek(j);
	begin = j->p;
	if (!suan_json_object(j))
		return false;
	while (suan_json_member(j, &name)) {
		uint32_t i = find(keys, name);
		bool null;

		if (i == keys->count)
			return unknown(j, keys, name);
		if (seen >> i & 1)
			return suan_json_fail_name(j, "given twice");
		null = suan_json_peek(j) == SUAN_JSON_NULL;
		seen |= (uint64_t)!null << i;
		if (!(null ? suan_json_skip(j) : read_key(j, &keys->list[i], object)))
			return false;
	}
	for (uint32_t i = 0; i < keys->count && !j->failed; i++) {
		if (!keys->list[i].required || seen >> i & 1)
			continue;
		j->p = begin;
		return suan_json_fail(j, SUAN_EINVAL, "expected a key \"%s\", found none",
				      keys->list[i].name);
	}
	return !j->failed;
}

bool suan_keys_items(struct suan_json *j, const struct suan_key_items *kind, void **ret,
		     uint32_t *ret_n)
{
	char *list = NULL;
	uint32_t n = 0;

	if (!suan_json_array(j))
		return false;
	while (suan_json_element(j)) {
		char *moved = suan_list_room(j->arena, list, n, kind->size);

		if (!moved)
			return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
		list = moved;
		kind->init(list + n * kind->size);
		if (!suan_keys_read(j, &kind->keys, list + n * kind->size))
			return false;
		n++;
	}
	*ret = list;
	*ret_n = n;
	return !j->failed;
}
