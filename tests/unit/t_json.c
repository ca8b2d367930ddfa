/* The JSON reader and writer: what is accepted, what is refused and how it is said. */
#include <stdlib.h>

#include "lib/tap.h"
#include "wire/json.h"

static struct suan_arena arena;
static struct suan_err err;

static void begin(struct suan_json *j, const char *text)
{
	memset(&err, 0, sizeof(err));
	suan_json_init(j, text, strlen(text), &arena, &err);
}

/* ---- whole texts ---- */

static const char *const good_texts[] = {
	"{}",
	"[]",
	" [ ] ",
	"null",
	"true",
	"false",
	"0",
	"-0",
	"12.5e-3",
	"1E+2",
	"\"\"",
	"{\"a\":1,\"b\":[{},[],\"x\"]}",
	"\t[1,\r\n2]\n",
	"\"\\ud83d\\ude00\"",
	"\"\xe7\xae\x97\"",
	"\"\\u0041\\n\\t\\\"\\\\\\/\\b\\f\\r\"",
};

static const struct {
	const char *text, *error;
} bad_texts[] = {
	{"", "line 1, column 1: expected a value, found the end of the text"},
	{"  ", "line 1, column 3: expected a value, found the end of the text"},
	{"[1,", "line 1, column 4: expected a value, found the end of the text"},
	{"[1 2]", "line 1, column 4: expected ',' or ']', found 2"},
	{"[1,]", "line 1, column 4: expected a value, found ']'"},
	{"[1}", "line 1, column 3: expected ',' or ']', found '}'"},
	{"{\"a\":1,}", "line 1, column 8: expected a name in quotes, found '}'"},
	{"{\"a\" 1}", "line 1, column 6: expected ':', found 1"},
	{"{\"a\":}", "line 1, column 6: expected a value, found '}'"},
	{"{a:1}", "line 1, column 2: expected a name in quotes, found a"},
	{"{\"a\":1", "line 1, column 7: expected ',' or '}', found the end of the text"},
	{"{\"a\":1 \"b\":2}", "line 1, column 8: expected ',' or '}', found \"b\""},
	{"{} {}", "line 1, column 4: expected the end of the text, found an object"},
	{"[] []", "line 1, column 4: expected the end of the text, found an array"},
	{"\"abc", "line 1, column 5: expected '\"' to end the string, found the end of the text"},
	{"\"a\nb\"",
	 "line 1, column 3: expected an escape such as \\n in a string, found a control character"},
	{"[\n\n  tru]", "0: expected true or false, found tru"},
	{"nul", "line 1, column 1: expected a value, found nul"},
	{"fals", "expected true or false, found fals"},
	{"truex", "expected true or false, found truex"},
	{"01", "expected a number, found 01"},
	{"1.", "expected a number, found 1."},
	{"-", "expected a number, found -"},
	{"1e", "expected a number, found 1e"},
	{"1.5.6", "expected a number, found 1.5.6"},
	{"+1", "line 1, column 1: expected a value, found +1"},
	{".5", "line 1, column 1: expected a value, found .5"},
	{"'a'", "line 1, column 1: expected a value, found '''"},
	{"\"\\x\"",
	 "line 1, column 2: expected an escape such as \\n or \\u4e2d, not NUL or half a pair, "
	 "found "
	 "'\\'"},
	{"\"\\u00\"",
	 "line 1, column 2: expected an escape such as \\n or \\u4e2d, not NUL or half a pair, "
	 "found "
	 "'\\'"},
	{"\"\xff\"", "line 1, column 2: expected UTF-8, found ?"},
	{"\"\xed\xa0\x80\"", "line 1, column 2: expected UTF-8, found ???"},
	{"\"\xc0\xaf\"", "line 1, column 2: expected UTF-8, found ??"},
	{"\"\xe7\xae", "line 1, column 2: expected UTF-8, found ??"},
	{"{\"\\q\":1}",
	 "line 1, column 3: expected an escape such as \\n or \\u4e2d, not NUL or half a pair, "
	 "found "
	 "'\\'"},
};

static void texts(void)
{
	struct suan_json j;

	for (size_t i = 0; i < sizeof(good_texts) / sizeof(good_texts[0]); i++) {
		begin(&j, good_texts[i]);
		ok(suan_json_skip(&j) && suan_json_finish(&j), "accepts %zu", i);
	}
	for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
		bool bad;

		begin(&j, bad_texts[i].text);
		bad = !(suan_json_skip(&j) && suan_json_finish(&j));
		ok(bad && j.failed && j.code == SUAN_EINVAL && err.code == SUAN_EINVAL,
		   "refuses %zu", i);
		is_str(err.text, bad_texts[i].error, "and says why");
	}
}

static const char *const bad_escapes[] = {
	"\"\\u0000\"",	  "\"\\ud800\"", "\"\\udc00\"",	     "\"\\ud800x\"", "\"\\ud800\\u0041\"",
	"\"\\ud800\\n\"", "\"\\u00g0\"", "\"\\ud800\\udb\"", "\"\\",	     "\"\\\"",
};

static void escapes(void)
{
	struct suan_json j;
	const char *s = NULL;

	for (size_t i = 0; i < sizeof(bad_escapes) / sizeof(bad_escapes[0]); i++) {
		begin(&j, bad_escapes[i]);
		ok(!suan_json_string(&j, &s) && j.failed, "refuses escape %zu", i);
	}
	begin(&j, "\"\\u0041\\u00e9\\u4e2d\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00FF\"");
	ok(suan_json_string(&j, &s), "reads escapes");
	is_str(s, "A\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\"\\/\b\f\n\r\t\xc3\xbf", "every escape");
}

/* ---- deep nesting, half texts ---- */

static void deep(void)
{
	char text[200];
	struct suan_json j;

	for (int n = 32; n <= 33; n++) {
		memset(text, '[', (size_t)n);
		memset(text + n, ']', (size_t)n);
		text[2 * n] = '\0';
		begin(&j, text);
		ok(suan_json_skip(&j) == (n == 32), "%d levels", n);
	}
	ok(strstr(err.text, "nested deeper than 32") && err.code == SUAN_ETOOBIG, "says so");
	is_int(j.code, SUAN_ETOOBIG, "code");
	ok(!suan_json_finish(&j) && suan_json_peek(&j) == SUAN_JSON_ERROR, "stays failed");
}

static void halves(void)
{
	const char *whole = "{\"a\":[1,-2.5e3,true,null,\"\\u4e2d\xe7\xae\x97\"],"
			    "\"b\":{\"c\":false}}";
	struct suan_json j;
	bool all = true;

	for (size_t n = 0; n < strlen(whole); n++) {
		char *part = malloc(n + 1);

		memcpy(part, whole, n);
		suan_json_init(&j, part, n, &arena, &err);
		all = all && !(suan_json_skip(&j) && suan_json_finish(&j));
		free(part);
	}
	ok(all, "no beginning of a text is a text");
}

/* ---- numbers ---- */

static const struct {
	const char *text;
	unsigned digits;
	int64_t value;
} fixed[] = {
	{"1.25", 3, 1250},
	{"-1.25", 1, -13},
	{"0.05", 1, 1},
	{"0.04", 1, 0},
	{"1e3", 0, 1000},
	{"1.5e1", 0, 15},
	{"0e999999999999", 3, 0},
	{"1e-999999999999", 3, 0},
	{"123456789.123456789", 6, 123456789123457},
	{"9223372036854775807", 0, INT64_MAX},
	{"-9223372036854775808", 0, INT64_MIN},
	{"0.00000000000000000000000001", 18, 0},
	{"99999999999999999999e-19", 0, 10},
	{"1.00000000000000000000000000000000001", 2, 100},
	{"-0", 3, 0},
	{"0.5", 0, 1},
	{"-0.5", 0, -1},
	{"100000000000000000000000e-20", 0, 1000},
};

static void numbers(void)
{
	struct suan_json j;
	int64_t v;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		begin(&j, fixed[i].text);
		v = 777;
		ok(suan_json_fixed(&j, fixed[i].digits, &v), "reads %s", fixed[i].text);
		is_int(v, fixed[i].value, "value");
	}
	begin(&j, "9223372036854775808");
	ok(!suan_json_fixed(&j, 0, &v), "too large");
	is_str(err.text, "expected a smaller number, found 9223372036854775808", "says so");
	begin(&j, "1e30");
	ok(!suan_json_fixed(&j, 0, &v), "too large by its exponent");
	begin(&j, "-9223372036854775809");
	ok(!suan_json_fixed(&j, 0, &v), "too small");
	begin(&j, "\"1\"");
	ok(!suan_json_fixed(&j, 0, &v), "a string is no number");
	is_str(err.text, "expected a number, found \"1\"", "says so");
	begin(&j, "3.0e0");
	ok(suan_json_i64(&j, 0, 9, &v) && v == 3, "3.0e0 is whole");
	begin(&j, "?");
	ok(!suan_json_i64(&j, 0, 9, &v) && !suan_json_fixed(&j, 0, &v), "no value");
}

static const struct {
	const char *text;
	int64_t min, max;
	const char *error;
} ranges[] = {
	{"\"two\"", 1, 1000000, "expected a whole number from 1 to 1000000, found \"two\""},
	{"1.5", 0, INT64_MAX, "expected a whole number of at least 0, found 1.5"},
	{"[]", INT64_MIN, INT64_MAX, "expected a whole number, found an array"},
	{"10", 1, 9, "expected a whole number from 1 to 9, found 10"},
	{"0", 1, 9, "expected a whole number from 1 to 9, found 0"},
	{"null", 1, 9, "expected a whole number from 1 to 9, found null"},
	{"\"0123456789012345678901234567890123456789 and more\"", 1, 9,
	 "expected a whole number from 1 to 9, found \"012345678901234567890123456789012345…\""},
	{"\"\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97"
	 "\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\"",
	 1, 9,
	 "expected a whole number from 1 to 9, found "
	 "\"\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97"
	 "\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97\xe7\xae\x97…\""},
};

static void out_of_range(void)
{
	struct suan_json j;
	int64_t v = 5;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		begin(&j, ranges[i].text);
		ok(!suan_json_i64(&j, ranges[i].min, ranges[i].max, &v) && v == 5, "refuses %zu",
		   i);
		is_str(err.text, ranges[i].error, "and says why");
	}
	ok(suan_json_is_number("-1.5e3", 6) && !suan_json_is_number("1a", 2) &&
		   !suan_json_is_number("", 0) && !suan_json_is_number("007", 3),
	   "is it a number");
}

/* ---- structure and paths ---- */

static void paths(void)
{
	struct suan_json j;
	const char *name, *s;
	int64_t v;
	bool b;

	begin(&j, "{\"in\":[{\"x\":1},{\"y\":\"z\"}]}");
	ok(suan_json_object(&j) && suan_json_member(&j, &name), "member");
	is_str(name, "in", "its name");
	ok(suan_json_array(&j) && suan_json_element(&j), "element 0");
	ok(suan_json_object(&j) && suan_json_member(&j, &name) && suan_json_i64(&j, 0, 9, &v) &&
		   v == 1 && !suan_json_member(&j, &name),
	   "object");
	ok(suan_json_element(&j) && suan_json_object(&j) && suan_json_member(&j, &name),
	   "element 1");
	ok(!suan_json_bool(&j, &b), "wrong type");
	is_str(err.field, "in/1/y", "path");
	is_str(err.text, "in/1/y: expected true or false, found \"z\"", "text");
	is_str(j.path, "in/1/y", "path in the reader");
	ok(!suan_json_fail(&j, SUAN_EIO, "second"), "a second error");
	is_str(err.text, "in/1/y: expected true or false, found \"z\"",
	       "does not replace the "
	       "first");
	ok(!suan_json_string(&j, &s) && !suan_json_object(&j) && !suan_json_array(&j) &&
		   !suan_json_member(&j, &name) && !suan_json_element(&j) && !suan_json_skip(&j),
	   "everything fails after it");

	begin(&j, "[1]");
	ok(!suan_json_object(&j), "an array is no object");
	is_str(err.text, "expected an object, found an array", "says so");
	begin(&j, "{}");
	ok(!suan_json_array(&j), "an object is no array");
	is_str(err.text, "expected an array, found an object", "says so");
	begin(&j, "5");
	ok(!suan_json_string(&j, &s), "a number is no string");
	is_str(err.text, "expected a string, found 5", "says so");
	begin(&j, "{\"abc\":1}");
	ok(suan_json_object(&j) && suan_json_member(&j, &name) &&
		   !suan_json_fail_name(&j, "unknown"),
	   "error at a name");
	is_str(err.text, "abc: unknown", "text");
	begin(&j, "[7]");
	ok(suan_json_array(&j) && suan_json_element(&j) && !suan_json_fail_name(&j, "odd"),
	   "error at an element");
	is_str(err.text, "0: odd", "text");
}

static void long_path(void)
{
	struct suan_json j;
	const char *name;
	char text[400] = "";

	for (int i = 0; i < 6; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n,
			 "{\"0123456789012345678901234567890123456789\":");
	}
	begin(&j, text);
	while (suan_json_peek(&j) == SUAN_JSON_OBJECT)
		if (!suan_json_object(&j) || !suan_json_member(&j, &name))
			break;
	ok(!suan_json_skip(&j), "a path of 246 bytes");
	ok(strlen(j.path) == sizeof(j.path) - 1, "is cut");
}

static void several_values(void)
{
	struct suan_json j;
	int64_t a, b;

	begin(&j, "1\n2\n");
	ok(suan_json_i64(&j, 0, 9, &a) && suan_json_i64(&j, 0, 9, &b) && a == 1 && b == 2,
	   "JSON Lines can be read one after the other");
	is_int(suan_json_peek(&j), SUAN_JSON_END, "then comes the end");
	ok(suan_json_finish(&j), "and nothing else");
	suan_json_init(&j, "", 0, &arena, NULL);
	ok(!suan_json_skip(&j) && j.code == SUAN_EINVAL, "works without a struct for the error");
	begin(&j, "}");
	is_int(suan_json_peek(&j), SUAN_JSON_END, "a bracket alone is an end");
	ok(!suan_json_skip(&j), "and no value");
}

static void lenient(void)
{
	static const char *const words[] = {"12.50", "true", "false", "-3e2"};
	struct suan_json j;
	const char *s;

	for (size_t i = 0; i < 4; i++) {
		begin(&j, words[i]);
		j.lenient = true;
		ok(suan_json_string(&j, &s), "lenient");
		is_str(s, words[i], "as written");
	}
	begin(&j, "null");
	j.lenient = true;
	ok(!suan_json_string(&j, &s), "null is no string");
}

static void marks(void)
{
	static const struct suan_json_mark list[] = {{0, 3}, {5, 9}};
	struct suan_json j;
	const char *name;
	bool b;

	begin(&j, "{\"a\":1}");
	j.marks = list;
	j.nmarks = 2;
	ok(suan_json_object(&j) && suan_json_member(&j, &name) && !suan_json_bool(&j, &b), "error");
	is_str(err.text, "line 9: a: expected true or false, found 1", "line from the mark");
	begin(&j, "{\"a\":1}");
	j.marks = list;
	j.nmarks = 2;
	j.file = "f.yaml";
	ok(suan_json_object(&j) && suan_json_member(&j, &name) &&
		   !suan_json_fail_name(&j, "unknown"),
	   "error at the name");
	is_str(err.text, "f.yaml:3: a: unknown", "file and line of the name");
	begin(&j, "1");
	j.file = "f.yaml";
	ok(!suan_json_bool(&j, &b), "error");
	is_str(err.text, "f.yaml: expected true or false, found 1", "file alone");
}

static void memory(void)
{
	struct suan_arena small;
	struct suan_json j;
	const char *s;

	suan_arena_init(&small, 16);
	suan_json_init(&j, "\"0123456789abcdefgh\"", 20, &small, &err);
	ok(!suan_json_string(&j, &s) && err.code == SUAN_ENOMEM, "no room for a string");
	suan_json_init(&j, "\"\\n123456789abcdefgh\"", 21, &small, &err);
	ok(!suan_json_string(&j, &s) && err.code == SUAN_ENOMEM, "nor with escapes");
	suan_json_init(&j, "12345678901234567890", 20, &small, &err);
	j.lenient = true;
	ok(!suan_json_string(&j, &s) && err.code == SUAN_ENOMEM, "nor for a number as text");
	suan_arena_done(&small);
}

/* ---- writer ---- */

static void writer(void)
{
	struct suan_buf b;
	struct suan_jsonw w;
	struct suan_json j;

	suan_buf_init(&b, 0);
	suan_jsonw_init(&w, &b);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_str(&w, "s",
		       "a\"\\\n\t\b\f\r\x01\x7f\xe7\xae\x97\xff"
		       "b");
	suan_jsonw_str(&w, "none", NULL);
	suan_jsonw_i64(&w, "i", INT64_MIN);
	suan_jsonw_open(&w, "f", '[');
	suan_jsonw_fixed(&w, NULL, 1250, 3);
	suan_jsonw_fixed(&w, NULL, -5, 1);
	suan_jsonw_fixed(&w, NULL, 3000, 3);
	suan_jsonw_fixed(&w, NULL, INT64_MIN, 0);
	suan_jsonw_close(&w, ']');
	suan_jsonw_bool(&w, "t", true);
	suan_jsonw_bool(&w, "n\"", false);
	suan_jsonw_null(&w, "z");
	suan_jsonw_time(&w, "at", 1763712000000);
	suan_jsonw_time(&w, "never", 0);
	suan_jsonw_raw(&w, "raw", "[1]", 3);
	suan_jsonw_open(&w, "e", '{');
	suan_jsonw_close(&w, '}');
	suan_jsonw_close(&w, '}');
	is_str(suan_buf_str(&b),
	       "{\"s\":\"a\\\"\\\\\\n\\t\\b\\f\\r\\u0001\\u007f\xe7\xae\x97\xef\xbf\xbd"
	       "b\","
	       "\"none\":null,\"i\":-9223372036854775808,\"f\":[1.25,-0.5,3,-9223372036854775808],"
	       "\"t\":true,\"n\\\"\":false,\"z\":null,\"at\":\"2025-11-21T08:00:00.000Z\","
	       "\"never\":null,\"raw\":[1],\"e\":{}}",
	       "writes everything");
	begin(&j, suan_buf_str(&b));
	ok(suan_json_skip(&j) && suan_json_finish(&j), "and reads it back");
	suan_buf_done(&b);
}

int main(void)
{
	suan_arena_init(&arena, 0);
	texts();
	escapes();
	deep();
	halves();
	numbers();
	out_of_range();
	paths();
	long_path();
	several_values();
	lenient();
	marks();
	memory();
	writer();
	suan_arena_done(&arena);
	return tap_done();
}
