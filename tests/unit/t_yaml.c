/* YAML: what it becomes as JSON, lines in errors, aliases, odd bytes, and job files. */
#include <stdlib.h>

#include "base/rng.h"
#include "t_wire.h"
#include "wire/yaml.h"
#include "wire/yaml_depth.h"

static const struct {
	const char *yaml, *json;
} good[] = {
	{"a: 1\nb: [x, \"y\", 'z']\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"]}"},
	{"{\"a\": [1, 2.5e3, true], \"b\": {}}", "{\"a\": [1, 2.5e3, true], \"b\": {}}"},
	{" {\"a\":\"\\ud83d\\ude00\"}\n", " {\"a\":\"\\ud83d\\ude00\"}\n"},
	{"{\"a\": [1, 2.5e3, true, null], b: {}}", "{\"a\":[1,2.5e3,true,null],\"b\":{}}"},
	{"- 'it''s'\n- ''''\n- 'a''''b'\n- ' x '\n", "[\"it's\",\"'\",\"a''b\",\" x \"]"},
	{"a: 'x  \n   y\n\n  \n  z '\nb: '\n  x'\n", "{\"a\":\"x y\\n\\nz \",\"b\":\" x\"}"},
	{"a: 'x\r\n  y''\r\n\r\n  z'\r\n", "{\"a\":\"x y'\\nz\"}"},
	{"a: True\nb: FALSE\nc: ~\nd:\ne: Null\n",
	 "{\"a\":true,\"b\":false,\"c\":null,\"d\":null,\"e\":null}"},
	{"a: yes\nb: 0x1F\nc: 007\nd: .5\ne: +1\nf: 1_000\n",
	 "{\"a\":\"yes\",\"b\":\"0x1F\",\"c\":\"007\",\"d\":\".5\",\"e\":\"+1\",\"f\":\"1_000\"}"},
	{"a: \"1\"\nb: '2'\nc: !!str 3\n", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}"},
	{"a: |\n  line 1\n  line 2\nb: >\n  x\n  y\n",
	 "{\"a\":\"line 1\\nline 2\\n\",\"b\":\"x y\\n\"}"},
	{"- 1\n-\n  - 2\n  - {a: b}\n", "[1,[2,{\"a\":\"b\"}]]"},
	{"\xef\xbb\xbf"
	 "a: 1\r\nb: x\r\n",
	 "{\"a\":1,\"b\":\"x\"}"},
	{"a: &x [1, 2]\nb: *x\nc: &y z\nd: *y\n",
	 "{\"a\":[1,2],\"b\":[1,2],\"c\":\"z\",\"d\":\"z\"}"},
	{"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
	{"a: &x {k: &y [3]}\nb: [*x, *y]\n", "{\"a\":{\"k\":[3]},\"b\":[{\"k\":[3]},[3]]}"},
	{"? a\n: 1\n", "{\"a\":1}"},
	{"1: 2\ntrue: 3\n", "{\"1\":2,\"true\":3}"},
	{"# only\n---\na: \xe7\xae\x97\n...\n", "{\"a\":\"\xe7\xae\x97\"}"},
	{"%YAML 1.2\n---\na: \"\\u4e2d\\n\"\n", "{\"a\":\"\xe4\xb8\xad\\n\"}"},
	{"word", "\"word\""},
};

static const struct {
	const char *yaml, *error;
} bad[] = {
	{"", "line 1: expected a map, found nothing"},
	{" \n\n\t\r\n", "line 1: expected a map, found nothing"},
	{"# nothing\n", "line 2: expected a map, found nothing"},
	{"a: 1\n---\nb: 2\n", "line 2: expected one document, found a second one"},
	{"a: 1\nb: \xff\n", "line 2: expected UTF-8, found other bytes"},
	{"a: &x\n  b:\n    c: *x\n", "line 3: alias cycle: the anchor lies around its own alias"},
	{"a: &x [*x]\n", "line 1: alias cycle: the anchor lies around its own alias"},
	{"a: 1\nb: *none\n", "line 2: alias of an anchor that was not set before"},
	{"[a]: 1\n", "line 1: expected a plain key, found a list, a map or an alias"},
	{"{a: b}: 1\n", "line 1: expected a plain key, found a list, a map or an alias"},
	{"a: &x 1\n*x : 2\n", "line 2: expected a plain key, found a list, a map or an alias"},
	{"a: 1\n&k b: 2\n", "line 2: expected a key without an anchor"},
	{"a: \"x\\0y\"\n", "line 1: expected text without NUL"},
	{"a: [1, 2\nb: 3\n", NULL},
	{"a: 1\n b: 2\n", NULL},
	{"a: 'x\n", NULL},
	{"\ta: 1\n", NULL},
	{"a: @x\n", NULL},
	{"a: b: c\n", NULL},
	{"}", NULL},
};

static void converts(void)
{
	struct suan_yaml y;
	struct suan_err err;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(&err, 0, sizeof(err));
		is_int(suan_yaml_open(&y, good[i].yaml, strlen(good[i].yaml), &err), SUAN_OK,
		       good[i].json);
		is_str(suan_buf_str(&y.json), good[i].json, "as JSON");
		suan_yaml_close(&y);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		is_int(suan_yaml_open(&y, bad[i].yaml, strlen(bad[i].yaml), &err), SUAN_EINVAL,
		       "refuses");
		if (bad[i].error)
			is_str(err.text, bad[i].error, "and says why");
		else
			ok(strncmp(err.text, "line ", 5) == 0, "and says where: %s", err.text);
		suan_yaml_close(&y);
	}
	is_int(suan_yaml_open(&y, "a: \0", 4, &err), SUAN_EINVAL, "NUL");
	is_str(err.text, "line 1: expected UTF-8, found NUL", "says so");
	suan_yaml_close(&y);
	suan_yaml_close(NULL);
}

static void deep(void)
{
	struct suan_yaml y;
	struct suan_err err = {0};
	char text[128];

	for (int n = 32; n <= 33; n++) {
		memset(text, '[', (size_t)n);
		memset(text + n, ']', (size_t)n);
		is_int(suan_yaml_open(&y, text, 2 * (size_t)n, &err),
		       n == 32 ? SUAN_OK : SUAN_ETOOBIG, "nesting");
		suan_yaml_close(&y);
	}
	is_str(err.text, "line 1: nested deeper than 32", "says so");
}

/* The parser would work on these for minutes before the first of them could be refused. */
static void deep_and_long(void)
{
	static const struct {
		const char *before, *again, *error;
	} cases[] = {
		{"", "[", "line 1: nested deeper than 32"},
		{"a: 1\nb:\n", "{x: ", "line 3: nested deeper than 32"},
		{"a: |\n  [[\n# [\nb: \"[\n[\"\nc: ", "[ 'a', ", "line 6: nested deeper than 32"},
		{"", "[\n", "line 33: nested deeper than 32"},
		{"- &a !t [", "&a !t [\"x\":[#\n", "line 16: nested deeper than 32"},
		{"? ", "[", "line 1: nested deeper than 32"},
		{"---\n", "{", "line 2: nested deeper than 32"},
		{"a: x\n y ' [\nb: ", "[", "line 3: nested deeper than 32"},
		{"a:\n - k: >-\n    [\n   l: ", "[", "line 4: nested deeper than 32"},
	};
	struct suan_err err;
	struct suan_yaml y;
	struct suan_buf b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		suan_buf_init(&b, 0);
		suan_buf_adds(&b, cases[i].before);
		while (b.len < (8u << 20))
			suan_buf_adds(&b, cases[i].again);
		is_int(suan_yaml_open(&y, b.data, b.len, &err), SUAN_ETOOBIG, "8 MiB of brackets");
		is_str(err.text, cases[i].error, "refused where it is too deep");
		suan_yaml_close(&y);
		suan_buf_done(&b);
	}
}

/* Brackets that are text, 40 of each. */
static void no_nesting(void)
{
#define TEN_OF "[{[{[{[{[{"
#define FORTY  TEN_OF TEN_OF TEN_OF TEN_OF
	static const char *const texts[] = {
		"a: |\n  " FORTY "\n\n  " FORTY "\nb: x\n",
		"a: x" FORTY "\nb: y " FORTY "\n",
		"a: x\n  " FORTY "\n  " FORTY "\n",
		"a: '" FORTY "''" FORTY "'\nb: \"" FORTY "\\\"" FORTY "\"\n",
		"# " FORTY "\na: 1 # " FORTY "\n",
		"- >-\n " FORTY "\n- |2\n   " FORTY "\n- - |\n   " FORTY "\n",
		"k:\n  - script: |\n     " FORTY "\n    name: [x]\n",
		"[a, 'it''s " FORTY "', \"" FORTY "\", # " FORTY "\n b]\n",
		"{'a':'" FORTY "', \"b\":\"" FORTY "\", c: it's, d: 'x'}\n",
		"? |\n  " FORTY "\n: x\n",
		"key:\n  |\n  " FORTY "\n",
		"[? 'a" FORTY "' : 1]\n",
		"a: !!str '" FORTY "'\nb: &x \"" FORTY "\"\n",
	};
	struct suan_err err = {0};
	struct suan_yaml y;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		is_int(suan_yaml_open(&y, texts[i], strlen(texts[i]), &err), SUAN_OK,
		       "brackets that are text");
		suan_yaml_close(&y);
	}
}

static unsigned depth_of(const char *json)
{
	unsigned depth = 0, most = 0;
	bool quoted = false;

	for (const char *p = json; *p; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '[' || *p == '{'))
			most = ++depth > most ? depth : most;
		else if (!quoted && (*p == ']' || *p == '}'))
			depth--;
	}
	return most;
}

/* Whatever the parser takes is never called deeper than it is. */
static void agrees(void)
{
	static const char *const bits[] = {
		"a",   "b",   "'",    "\"",    "[",    "]",	 "{",  "}",  ",",   ": ",
		":",   "- ",  "? ",   "\n",    "\n  ", "\n    ", " ",  "#",  " #",  "|\n",
		">\n", "k: ", "\n- ", "\nk: ", "'x'",  "\"x\"",	 "[]", "{}", "[x]", "{k: v}",
		"&a ", "*a",  "!t ",  "---\n", "\\",   "|",	 "-",  "?",
	};
	unsigned taken = 0, nested = 0;
	struct suan_rng rng;
	bool right = true;

	suan_rng_init(&rng, 20261127);
	for (int i = 0; i < 50000 && right; i++) {
		uint64_t n = suan_rng_below(&rng, 14) + 1;
		struct suan_err err = {0};
		struct suan_yaml y;
		struct suan_buf b;

		suan_buf_init(&b, 0);
		while (n-- > 0)
			suan_buf_adds(&b,
				      bits[suan_rng_below(&rng, sizeof(bits) / sizeof(bits[0]))]);
		if (suan_yaml_open(&y, b.data, b.len, &err) == SUAN_OK) {
			unsigned depth = depth_of(suan_buf_str(&y.json));

			taken++;
			nested += depth > 1;
			right = suan_yaml_too_deep(b.data, b.len, depth) == 0;
			if (!right)
				printf("# %s\n# %s\n", b.data, suan_buf_str(&y.json));
		}
		suan_yaml_close(&y);
		suan_buf_done(&b);
	}
	ok(right, "%u random documents, %u of them nested", taken, nested);
	ok(taken > 5000 && nested > 300, "enough of them");
}

/* Ten lines that would be 10^10 items. */
static void laughs(void)
{
	struct suan_yaml y;
	struct suan_err err = {0};
	struct suan_buf b;

	suan_buf_init(&b, 0);
	suan_buf_adds(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++) {
		suan_buf_addf(&b, "a%d: &a%d [*a%d", i, i, i - 1);
		for (int k = 1; k < 10; k++)
			suan_buf_addf(&b, ",*a%d", i - 1);
		suan_buf_adds(&b, "]\n");
	}
	is_int(suan_yaml_open(&y, b.data, b.len, &err), SUAN_ETOOBIG, "a bomb of aliases");
	is_str(err.text, "line 8: aliases expand to more than 64 MiB", "says so");
	suan_yaml_close(&y);
	suan_buf_reset(&b);
	for (int i = 0; i < 1001; i++)
		suan_buf_addf(&b, "- &a%d x\n", i);
	is_int(suan_yaml_open(&y, b.data, b.len, &err), SUAN_ETOOBIG, "1001 anchors");
	is_str(err.text, "line 1001: more than 1000 anchors", "says so");
	suan_yaml_close(&y);
	suan_buf_done(&b);
}

/* Scalars of many pieces: libfyaml's own way to their text leaks, which the sanitizer sees. */
static void pieces(void)
{
	struct suan_yaml y;
	struct suan_err err = {0};
	struct suan_buf b;

	suan_buf_init(&b, 0);
	suan_buf_adds(&b, "a: |\n");
	for (int i = 0; i < 1000; i++)
		suan_buf_adds(&b, "  line of a script\n");
	suan_buf_adds(&b, "b: '");
	for (int i = 0; i < 1000; i++)
		suan_buf_adds(&b, "''");
	suan_buf_adds(&b, "'\n");
	is_int(suan_yaml_open(&y, b.data, b.len, &err), SUAN_OK, "scalars of many pieces");
	is_int((int64_t)y.json.len, 6 + 1000 * 18 + 7 + 1000 + 2, "whole");
	suan_yaml_close(&y);
	suan_buf_done(&b);
}

/* Random strings in both quoted styles, against what they were made of. */

static const char *const letters[] = {"a", "'",	 "\"", "\\", " ", ":", "#", "\xe7\xae\x97",
				      "-", "\n", "\t", "{",  "]", ","};

#define PRINTABLE 9 /* of letters, the first: in single quotes they stand as they are */

static void add_single(struct suan_buf *b, const char *s)
{
	suan_buf_addc(b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			suan_buf_addc(b, '\'');
		suan_buf_addc(b, *s);
	}
	suan_buf_addc(b, '\'');
}

static bool style(struct suan_rng *rng, bool single)
{
	uint64_t kinds = single ? PRINTABLE : sizeof(letters) / sizeof(letters[0]);
	uint64_t n = suan_rng_below(rng, 40);
	struct suan_buf text, yaml, json;
	struct suan_err err = {0};
	struct suan_yaml y;
	bool same;

	suan_buf_init(&text, 0);
	suan_buf_init(&yaml, 0);
	suan_buf_init(&json, 0);
	while (n-- > 0)
		suan_buf_adds(&text, letters[suan_rng_below(rng, kinds)]);
	suan_buf_adds(&yaml, "k: ");
	if (single)
		add_single(&yaml, suan_buf_str(&text));
	else
		suan_json_quote(&yaml, suan_buf_str(&text), text.len);
	suan_buf_adds(&json, "{\"k\":");
	suan_json_quote(&json, suan_buf_str(&text), text.len);
	suan_buf_addc(&json, '}');
	same = suan_yaml_open(&y, yaml.data, yaml.len, &err) == SUAN_OK &&
	       strcmp(suan_buf_str(&y.json), json.data) == 0;
	if (!same)
		printf("# %s\n# %s\n# %s\n", yaml.data, suan_buf_str(&y.json), err.text);
	suan_yaml_close(&y);
	suan_buf_done(&text);
	suan_buf_done(&yaml);
	suan_buf_done(&json);
	return same;
}

static void styles(void)
{
	struct suan_rng rng;
	bool same = true;

	suan_rng_init(&rng, 20261121);
	for (int i = 0; i < 3000 && same; i++)
		same = style(&rng, i % 2);
	ok(same, "3000 random strings in quotes are what they were");
}

/* ---- jobs ---- */

static void job_file(void)
{
	static const char text[] = "# a job\n"
				   "name: 2026\n"
				   "command: [sleep, 10, true, 1.50]\n"
				   "cores: 4\n"
				   "memory: 2GiB\n"
				   "env: {N: 4, X: hi}\n"
				   "after: afterok:12\n"
				   "walltime_s: 1h30m\n"
				   "array: 5\n"
				   "qos:\n"
				   "site: zhongwei\n";
	struct t_wire t;

	t_wire_begin(&t);
	is_int(t_wire_from_yaml(&t, text), SUAN_OK, "a job file");
	is_str(t_wire_json(&t),
	       "{\"name\":\"2026\",\"command\":[\"sleep\",\"10\",\"true\",\"1.50\"],\"cores\":4,"
	       "\"memory\":2147483648,\"walltime_s\":5400,\"array\":\"5\",\"after\":[{\"type\":"
	       "\"afterok\",\"job\":12}],\"site\":[\"zhongwei\"],\"env\":{\"N\":\"4\","
	       "\"X\":\"hi\"}}",
	       "as JSON");
	is_int(t_wire_from_yaml(&t, "script: |\n  #!/bin/sh\n  echo hi\n"), SUAN_OK, "a script");
	is_str(t.doc.run.script, "#!/bin/sh\necho hi\n", "its text");
	is_int(t_wire_from_yaml(&t, "{\"command\":[\"true\"]}"), SUAN_OK, "JSON is YAML");
	t_wire_end(&t);
}

static const struct {
	const char *yaml, *error;
} bad_jobs[] = {
	{"name: x\n\ncores: two\n",
	 "line 3: cores: expected a whole number from 1 to 65536, found \"two\""},
	{"name: x\ncorse: 2\n", "line 2: corse: unknown field; did you mean \"cores\"?"},
	{"name: x\ninputs:\n  - /a\n  - path: b\n",
	 "line 4: inputs/1: expected a url: the file to bring in"},
	{"name: x\nbudget:\n  - y\n", "line 2: budget: not supported by this version"},
	{"- a\n", "line 1: expected an object, found an array"},
	{"cores: 1\ncores: 2\n", "line 2: cores: given twice"},
	{"a: [\n", NULL},
};

static void bad_job_files(void)
{
	struct t_wire t;
	char *big = calloc(1, (8u << 20) + 2);

	for (size_t i = 0; i < sizeof(bad_jobs) / sizeof(bad_jobs[0]); i++) {
		t_wire_begin(&t);
		is_int(t_wire_from_yaml(&t, bad_jobs[i].yaml), SUAN_EINVAL, "refuses");
		if (bad_jobs[i].error)
			is_str(t.err.text, bad_jobs[i].error, "and says why");
		t_wire_end(&t);
	}
	memset(big, ' ', (8u << 20) + 1);
	t_wire_begin(&t);
	is_int(t_wire_from_yaml(&t, big), SUAN_ETOOBIG, "8 MiB + 1");
	is_str(t.err.text, "a job file may have 8388608 bytes, found 8388609", "says so");
	t_wire_end(&t);
	free(big);
}

int main(void)
{
	converts();
	deep();
	deep_and_long();
	no_nesting();
	agrees();
	laughs();
	pieces();
	styles();
	job_file();
	bad_job_files();
	return tap_done();
}
