/* Parsers of numbers, sizes, durations, times and index ranges: no input harms, failures leave the
 * result alone, and what is printed reads back.
 * clang -fsanitize=fuzzer,address,undefined -Isrc fuzz_num.c and the sources of src/base. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_err(enum suan_code rc, const struct suan_err *err)
{
	assert(rc == err->code);
	assert(rc != SUAN_OK || !err->text[0]);
	assert(suan_utf8_valid(err->text, strlen(err->text)));
}

static void numbers(const char *s)
{
	struct suan_err err = {0};
	char text[32];
	uint64_t u = 42, again;
	int64_t i = 42;

	check_err(suan_parse_u64(s, &u, &err), &err);
	assert(err.code == SUAN_OK || u == 42);
	if (err.code == SUAN_OK) {
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)u);
		assert(suan_parse_u64(text, &again, NULL) == SUAN_OK && again == u);
	}
	memset(&err, 0, sizeof(err));
	check_err(suan_parse_i64(s, &i, &err), &err);
	for (unsigned digits = 0; digits <= 18; digits += 6) {
		memset(&err, 0, sizeof(err));
		check_err(suan_parse_fixed(s, digits, &i, &err), &err);
	}
	memset(&err, 0, sizeof(err));
	u = 42;
	check_err(suan_parse_size(s, 1024, &u, &err), &err);
	assert(err.code == SUAN_OK || u == 42);
	suan_format_size(u, text);
	assert(strlen(text) < sizeof(text));
}

static void times(const char *s)
{
	struct suan_err err = {0};
	char text[32];
	int64_t v = 42, again;

	check_err(suan_parse_duration(s, 60000, &v, &err), &err);
	assert(err.code == SUAN_OK ? v >= 0 : v == 42);
	suan_format_duration(v, text);
	assert(strlen(text) < sizeof(text));
	memset(&err, 0, sizeof(err));
	v = 42;
	check_err(suan_parse_time(s, 1795248000000, &v, &err), &err);
	assert(err.code == SUAN_OK || v == 42);
	suan_format_time(v, text);
	assert(strlen(text) < sizeof(text));
	if (strlen(text) == 24)
		assert(suan_parse_time(text, 0, &again, NULL) == SUAN_OK && again == v);
}

static void ranges(const char *s)
{
	struct suan_err err = {0};
	struct suan_range r, again;
	struct suan_buf b = {0};
	uint32_t pos = 0;

	check_err(suan_range_parse(s, &r, &err), &err);
	if (err.code != SUAN_OK)
		return;
	assert(r.count > 0 && r.count <= SUAN_RANGE_MAX_COUNT);
	assert(suan_range_pos(&r, suan_range_at(&r, r.count - 1), &pos) && pos == r.count - 1);
	suan_range_format(&r, &b);
	assert(suan_range_parse(suan_buf_str(&b), &again, NULL) == SUAN_OK);
	assert(memcmp(&r, &again, sizeof(r)) == 0);
	suan_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	if (!s)
		return 0;
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	numbers(s);
	times(s);
	ranges(s);
	(void)suan_utf8_width(s);
	free(s);
	return 0;
}
