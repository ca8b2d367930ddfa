/* Jobs from JSON: every field, every error text, sealing, and the way back. */
#include <stdlib.h>

#include "t_wire.h"
#include "wire/job_value.h"

#define FULL                                                                                       \
	"{\"name\":\"train\",\"command\":[\"python\",\"-c\",\"print(1)\"],\"tasks\":4,"            \
	"\"cores\":8,\"nodes\":2,\"memory\":2147483648,\"gpus\":1,\"gpu\":\"a100\","               \
	"\"exclusive\":true,\"walltime_s\":5400.5,\"estimate_s\":60,\"array\":\"0-9:3%2\","        \
	"\"after\":[{\"type\":\"afterok\",\"job\":12},{\"type\":\"afterany\",\"job\":13},"         \
	"{\"type\":\"afternotok\",\"job\":14},{\"type\":\"aftercorr\",\"job\":15}],"               \
	"\"account\":\"acc\",\"qos\":\"q\",\"reservation\":\"lab\",\"priority\":-7,\"hold\":true," \
	"\"begin\":\"2026-01-01T00:00:00.000Z\",\"deadline\":\"2026-02-01T00:00:00.000Z\","        \
	"\"site\":[\"s1\",\"s2\"],\"hub\":[\"h\"],\"not_site\":[\"n1\"],\"not_hub\":[\"n2\"],"     \
	"\"home\":\"xian\",\"guarantee\":\"at-most-once\",\"checkpointable\":true,"               \
	"\"inputs\":[{\"path\":\"a.csv\",\"url\":\"/data/a.csv\",\"sha256\":"                      \
	"\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}],"                  \
	"\"outputs\":[{\"path\":\"o\",\"url\":\"file:///out/o\"}],\"env\":{\"A\":\"1\","           \
	"\"B\":\"\"},"                                                                             \
	"\"dir\":\"/tmp\",\"stdin\":\"i\",\"stdout\":\"o-%j\",\"stderr\":\"e-%j\",\"append\":true,"\
	"\"near\":\"xian\",\"max_latency_ms\":4.5,\"goal\":\"greenest\",\"max_delay_s\":60}"

static void full(void)
{
	struct t_wire t;
	char *first;

	t_wire_begin(&t);
	is_int(t_wire_from_json(&t, FULL), SUAN_OK, "reads every field");
	is_str(t.err.text, "", "no error");
	is_int(t.doc.spec.req.tasks, 4, "tasks");
	is_int(t.doc.spec.walltime_ms, 5400500, "walltime");
	is_int((int64_t)t.doc.spec.req.memory, 2147483648, "memory");
	is_int(t.doc.spec.array->count, 4, "array");
	is_int(t.doc.spec.deps[3].type, SUAN_AFTERCORR, "dependency");
	is_int(t.doc.spec.begin_ms, 1767225600000, "begin");
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_OK, "seals");
	ok(t.doc.spec.payload_len > 0 && t.doc.spec.env_len > 0, "has payload and environment");
	first = strdup(t_wire_json(&t));
	is_str(first, FULL, "writes what it read");
	is_int(t_wire_from_json(&t, first), SUAN_OK, "reads it again");
	is_str(t_wire_json(&t), first, "the same");
	free(first);
	t_wire_end(&t);
}

static const struct {
	const char *in, *out;
} same[] = {
	{"{\"command\":[\"true\"]}", "{\"command\":[\"true\"]}"},
	{"{\"command\":[\"true\"],\"name\":null,\"cores\":null}", "{\"command\":[\"true\"]}"},
	{"{\"script\":\"#!/bin/sh\\n\",\"args\":[\"a\",\"\"]}",
	 "{\"script\":\"#!/bin/sh\\n\",\"args\":[\"a\",\"\"]}"},
	{"{\"memory\":\"2GiB\"}", "{\"memory\":2147483648}"},
	{"{\"memory\":\"4096\"}", "{\"memory\":4096}"},
	{"{\"memory\":0,\"gpus\":0}", "{}"},
	{"{\"walltime_s\":\"1h30m\",\"estimate_s\":0.25}",
	 "{\"walltime_s\":5400,\"estimate_s\":0.25}"},
	{"{\"walltime_s\":\"90\"}", "{\"walltime_s\":90}"},
	{"{\"after\":\"afterok:12:13,afterany:4\"}",
	 "{\"after\":[{\"type\":\"afterok\",\"job\":12},{\"type\":\"afterok\",\"job\":13},"
	 "{\"type\":\"afterany\",\"job\":4}]}"},
	{"{\"after\":[\"afterok:12\",{\"job\":5,\"type\":\"afterany\"},\"aftercorr:1,afterok:2\"]}",
	 "{\"after\":[{\"type\":\"afterok\",\"job\":12},{\"type\":\"afterany\",\"job\":5},"
	 "{\"type\":\"aftercorr\",\"job\":1},{\"type\":\"afterok\",\"job\":2}]}"},
	{"{\"begin\":\"now+2h\",\"deadline\":1763723400.5}",
	 "{\"begin\":\"2025-11-21T10:00:00.000Z\",\"deadline\":\"2025-11-21T11:10:00.500Z\"}"},
	{"{\"site\":\"a\",\"hub\":\"b,c\",\"not_site\":[],\"not_hub\":[\"d\"]}",
	 "{\"site\":[\"a\"],\"hub\":[\"b\",\"c\"],\"not_hub\":[\"d\"]}"},
	{"{\"inputs\":[\"/data/x.csv\",{\"url\":\"/y/z\"},{\"url\":\"/q\",\"path\":\"d/p\"}],"
	 "\"outputs\":[{\"url\":\"/o/r\"}]}",
	 "{\"inputs\":[{\"path\":\"x.csv\",\"url\":\"/data/x.csv\"},{\"path\":\"z\","
	 "\"url\":\"/y/z\"},"
	 "{\"path\":\"d/p\",\"url\":\"/q\"}],\"outputs\":[{\"path\":\"r\",\"url\":\"/o/r\"}]}"},
	{"{\"nodes\":4}", "{\"tasks\":4,\"nodes\":4}"},
	{"{\"near\":\"x\",\"max_latency_ms\":\"region\"}",
	 "{\"near\":\"x\",\"max_latency_ms\":5}"},
	{"{\"max_latency_ms\":\"250us\"}", "{\"max_latency_ms\":0.25}"},
	{"{\"nodes\":2,\"tasks\":6}", "{\"tasks\":6,\"nodes\":2}"},
	{"{\"guarantee\":\"lease\",\"hold\":false,\"priority\":0,\"array\":\"7\"}",
	 "{\"array\":\"7\"}"},
	{"{\"guarantee\":\"at-least-once\"}", "{\"guarantee\":\"at-least-once\"}"},
	{"{\"command\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
	 "{\"command\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}"},
};

static void reads(void)
{
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct t_wire t;

		t_wire_begin(&t);
		is_int(t_wire_from_json(&t, same[i].in), SUAN_OK, same[i].in);
		is_str(t_wire_json(&t), same[i].out, "as JSON");
		t_wire_end(&t);
	}
}

static const struct {
	const char *in, *error;
} bad[] = {
	{"[]", "expected an object, found an array"},
	{"{\"cores\":\"two\"}",
	 "cores: expected a whole number from 1 to 65536, found \"two\""},
	{"{\"cores\":0}", "cores: expected a whole number from 1 to 65536, found 0"},
	{"{\"cores\":65537}", "cores: expected a whole number from 1 to 65536, found 65537"},
	{"{\"tasks\":1000001}", "tasks: expected a whole number from 1 to 1000000, found 1000001"},
	{"{\"tasks\":1e99}", "tasks: expected a whole number from 1 to 1000000, found 1e99"},
	{"{\"gpus\":-1}", "gpus: expected a whole number from 0 to 1024, found -1"},
	{"{\"priority\":1000001}",
	 "priority: expected a whole number from -1000000 to 1000000, found 1000001"},
	{"{\"memory\":1125899906842625}",
	 "memory: expected bytes from 0 to 1125899906842624 or a size such as \"2GiB\", found "
	 "1125899906842625"},
	{"{\"memory\":\"9000000000000TB\"}", NULL},
	{"{\"memory\":\"2EiB\"}",
	 "memory: expected bytes from 0 to 1125899906842624 or a size such as \"2GiB\", found "
	 "\"2EiB\""},
	{"{\"memory\":\"lots\"}", NULL},
	{"{\"memory\":true}",
	 "memory: expected bytes from 0 to 1125899906842624 or a size such as \"2GiB\", found "
	 "true"},
	{"{\"memory\":1e30}", "memory: expected a smaller number, found 1e30"},
	{"{\"walltime_s\":0}",
	 "walltime_s: expected seconds from 0.001 to 315360000 or a duration such as \"1h30m\", "
	 "found 0"},
	{"{\"walltime_s\":\"11000d\"}",
	 "walltime_s: expected seconds from 0.001 to 315360000 or a duration such as \"1h30m\", "
	 "found \"11000d\""},
	{"{\"walltime_s\":\"soon\"}", NULL},
	{"{\"begin\":\"tomorrow\"}", NULL},
	{"{\"begin\":-5}",
	 "begin: expected a time such as \"2026-11-21T08:00:00Z\" or \"now+2h\", found -5"},
	{"{\"hold\":\"yes\"}", "hold: expected true or false, found \"yes\""},
	{"{\"name\":5}", "name: expected a string, found 5"},
	{"{\"command\":\"sleep 10\"}",
	 "command: expected a list of strings such as [\"sleep\", \"10\"], found \"sleep 10\""},
	{"{\"command\":[\"sleep\",10]}", "command/1: expected a string, found 10"},
	{"{\"command\":[\"sleep\"",
	 "line 1, column 20: expected ',' or ']', found the end of the text"},
	{"{\"array\":\"9-0\"}", NULL},
	{"{\"array\":7}", "array: expected a string, found 7"},
	{"{\"guarantee\":\"maybe\"}",
	 "guarantee: expected lease, at-most-once or at-least-once, found \"maybe\""},
	{"{\"env\":[]}", "env: expected an object, found an array"},
	{"{\"env\":{\"A\":1}}", "env/A: expected a string, found 1"},
	{"{\"env\":{\"A=B\":\"1\"}}", "env/A=B: expected a name without \"=\""},
	{"{\"env\":{\"\":\"1\"}}", "env/: expected a name without \"=\""},
	{"{\"site\":5}",
	 "site: expected a list of strings such as [\"sleep\", \"10\"], found 5"},
	{"{\"site\":\"a,,b\"}",
	 "site: expected names separated by commas, found \"a,,b\""},
	{"{\"after\":5}", "after: expected an array, found 5"},
	{"{\"after\":\"before:5\"}",
	 "after: expected afterok, afterany, afternotok or aftercorr with job numbers such as "
	 "\"afterok:12:13,afterany:14\", found \"before:5\""},
	{"{\"after\":[\"afterok:x\"]}",
	 "after/0: expected afterok, afterany, afternotok or aftercorr with job numbers such as "
	 "\"afterok:12:13,afterany:14\", found \"afterok:x\""},
	{"{\"after\":[\"afterok\"]}",
	 "after/0: expected afterok, afterany, afternotok or aftercorr with job numbers such as "
	 "\"afterok:12:13,afterany:14\", found \"afterok\""},
	{"{\"after\":[\"\"]}",
	 "after/0: expected afterok, afterany, afternotok or aftercorr with job numbers such as "
	 "\"afterok:12:13,afterany:14\", found \"\""},
	{"{\"after\":[{\"type\":\"x\",\"job\":1}]}",
	 "after/0/type: expected afterok, afterany, afternotok or aftercorr, found \"x\""},
	{"{\"after\":[{\"type\":5,\"job\":1}]}", "after/0/type: expected a string, found 5"},
	{"{\"after\":[{\"type\":\"afterok\"}]}",
	 "after/0: expected type and job, such as {\"type\": \"afterok\", \"job\": 12}, found no "
	 "job"},
	{"{\"after\":[{\"job\":3}]}",
	 "after/0: expected type and job, such as {\"type\": \"afterok\", \"job\": 12}, found no "
	 "type"},
	{"{\"after\":[{\"type\":\"afterok\",\"job\":0}]}",
	 "after/0/job: expected a whole number of at least 1, found 0"},
	{"{\"after\":[{\"tipe\":1}]}", "after/0/tipe: unknown field; did you mean \"type\"?"},
	{"{\"after\":[{\"something\":1}]}",
	 "after/0/something: unknown field; known: type, job"},
	{"{\"after\":[7]}", "after/0: expected an object, found 7"},
	{"{\"inputs\":\"x\"}", "inputs: expected an array, found \"x\""},
	{"{\"inputs\":[{\"path\":\"x\"}]}", "inputs/0: expected a url: the file to bring in"},
	{"{\"inputs\":[5]}", "inputs/0: expected an object, found 5"},
	{"{\"inputs\":[{\"url\":5}]}", "inputs/0/url: expected a string, found 5"},
	{"{\"inputs\":[{\"sha\":5}]}",
	 "inputs/0/sha: unknown field; known: url, path, sha256"},
	{"{\"outputs\":[\"x\"]}",
	 "outputs/0: expected a path and a url: where the output should go, such as {\"path\": "
	 "\"out.csv\", \"url\": \"/data/out.csv\"}"},
	{"{\"outputs\":[{\"path\":\"x\"}]}",
	 "outputs/0: expected a path and a url: where the output should go, such as {\"path\": "
	 "\"out.csv\", \"url\": \"/data/out.csv\"}"},
	{"{\"outputs\":[{\"sha256\":\"x\"}]}",
	 "outputs/0/sha256: unknown field; known: path, url"},
	{"{\"corse\":4}", "corse: unknown field; did you mean \"cores\"?"},
	{"{\"cores\":4,\"cores\":5}", "cores: given twice"},
	{"{\"goal\":\"best\"}",
	 "goal: expected fastest, cheapest, greenest or balanced, found \"best\""},
	{"{\"max_latency_ms\":0}",
	 "max_latency_ms: expected milliseconds from 0.001 to 3600000, found 0"},
	{"{\"max_latency_ms\":\"far\"}",
	 "max_latency_ms: expected a latency such as 5ms or 800us, or city (1 ms), region (5 ms) "
	 "or nation (20 ms), found \"far\""},
	{"{\"weights\":{}}", "weights: not supported by this version"},
	{"{\"budget\":1}", "budget: not supported by this version"},
	{"{\"user\":\"root\"}", NULL},
	{"{\"command\":[\"a\"]} x", "line 1, column 19: expected the end of the text, found x"},
	{"{\"name\":\"\xff\"}", "line 1, column 10: expected UTF-8, found ?"},
	{"{\"cores\":4,", NULL},
};

static void refuses(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct t_wire t;
		enum suan_code rc;

		t_wire_begin(&t);
		rc = t_wire_from_json(&t, bad[i].in);
		ok(rc != SUAN_OK && rc == t.err.code, "refuses %s", bad[i].in);
		if (bad[i].error)
			is_str(t.err.text, bad[i].error, "and says why");
		else
			ok(t.err.text[0], "and says why: %s", t.err.text);
		t_wire_end(&t);
	}
}

/* ---- sealing ---- */

static const struct {
	const char *in, *error;
} unsealed[] = {
	{"{}", "command: expected a command or a script, found neither"},
	{"{\"command\":[]}", "command: expected a command or a script, found neither"},
	{"{\"command\":[\"\"]}", "command/0: expected a program, found \"\""},
	{"{\"command\":[\"a\"],\"script\":\"#!/b\"}",
	 "script: expected a command or a script, found both"},
	{"{\"command\":[\"a\"],\"args\":[\"b\"]}",
	 "args: expected only with a script; put them into command"},
	{"{\"script\":\"echo\"}",
	 "script: expected \"#!\" at the start, such as \"#!/bin/sh\", found \"echo\""},
	{"{\"command\":[\"a\"],\"nodes\":3,\"tasks\":2}",
	 "nodes: expected at most one node per task, found 3 nodes for 2 tasks"},
	{"{\"command\":[\"a\"],\"gpu\":\"a100\"}",
	 "gpu: names a kind but gpus is 0; expected gpus of at least 1 with it"},
	{"{\"command\":[\"a\"],\"walltime_s\":5,\"estimate_s\":6}",
	 "estimate_s: expected at most walltime_s"},
	{"{\"command\":[\"a\"],\"begin\":\"2026-01-02T00:00:00Z\",\"deadline\":"
	 "\"2026-01-01T00:00:00Z\"}",
	 "deadline: expected a time after begin"},
	{"{\"command\":[\"a\"],\"inputs\":[\"rel/x\"]}",
	 "inputs/0/url: expected an absolute path or file://, found \"rel/x\""},
	{"{\"command\":[\"a\"],\"inputs\":[\"http://x/y\"]}",
	 "inputs/0/url: expected an absolute path or file://, found \"http://x/y\""},
	{"{\"command\":[\"a\"],\"inputs\":[\"file://host/y\"]}",
	 "inputs/0/url: expected an absolute path or file://, found \"file://host/y\""},
	{"{\"command\":[\"a\"],\"inputs\":[\"/data/\"]}",
	 "inputs/0/path: expected a path inside the run's folder, relative and without \"..\", "
	 "found "
	 "\"\""},
	{"{\"command\":[\"a\"],\"inputs\":[{\"url\":\"/d\",\"path\":\"../x\"}]}",
	 "inputs/0/path: expected a path inside the run's folder, relative and without \"..\", "
	 "found "
	 "\"../x\""},
	{"{\"command\":[\"a\"],\"outputs\":[{\"url\":\"/d\",\"path\":\"/x\"}]}",
	 "outputs/0/path: expected a path inside the run's folder, relative and without \"..\", "
	 "found "
	 "\"/x\""},
	{"{\"command\":[\"a\"],\"outputs\":[{\"url\":\"/d\",\"path\":\"a/./x\"}]}",
	 "outputs/0/path: expected a path inside the run's folder, relative and without \"..\", "
	 "found "
	 "\"a/./x\""},
	{"{\"command\":[\"a\"],\"inputs\":[\"/a\",{\"url\":\"/d\",\"sha256\":\"12\"}]}",
	 "inputs/1/sha256: expected 64 digits 0-9a-f, found \"12\""},
	{"{\"command\":[\"a\"],\"env\":{\"A\":\"1\",\"B\":\"2\",\"A\":\"3\"}}",
	 "env: A is given twice"},
	{"{\"command\":[\"a\"],\"name\":\"a\\nb\"}",
	 "name: expected text without control characters, found byte 0x0a"},
	{"{\"command\":[\"a\"],\"dir\":\"a\\u007f\"}",
	 "dir: expected text without control characters, found byte 0x7f"},
	{"{\"command\":[\"a\"],\"site\":[\"x\",\"\"]}", "site: expected a name, found \"\""},
	{"{\"command\":[\"a\"],\"hub\":[\"\"]}", "hub: expected a name, found \"\""},
	{"{\"command\":[\"a\"],\"not_site\":[\"\"]}", "not_site: expected a name, found \"\""},
	{"{\"command\":[\"a\"],\"not_hub\":[\"\"]}", "not_hub: expected a name, found \"\""},
};

static void seals(void)
{
	for (size_t i = 0; i < sizeof(unsealed) / sizeof(unsealed[0]); i++) {
		struct t_wire t;

		t_wire_begin(&t);
		is_int(t_wire_from_json(&t, unsealed[i].in), SUAN_OK, "reads");
		is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_EINVAL, unsealed[i].in);
		is_str(t.err.text, unsealed[i].error, "and says why");
		ok(t.err.field[0] && strncmp(t.err.text, t.err.field, strlen(t.err.field)) == 0,
		   "and names the field");
		t_wire_end(&t);
	}
}

/* Fills n bytes of a string. */
static const char *filled(struct suan_arena *arena, size_t n)
{
	char *s = suan_arena_alloc(arena, n + 1);

	memset(s, 'x', n);
	return s;
}

static void limits(void)
{
	struct suan_job_doc plain;
	struct t_wire t;
	const char **words;
	char *script;

	t_wire_begin(&t);
	is_int(t_wire_from_json(&t, "{\"command\":[\"a\"]}"), SUAN_OK, "a job");
	plain = t.doc;
	t.doc.spec.name = filled(&t.arena, 256);
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_OK, "name of 256 bytes");
	t.doc.spec.name = filled(&t.arena, 257);
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_ETOOBIG, "name of 257 bytes");
	is_str(t.err.text, "name: expected at most 256 bytes, found 257", "says so");
	t.doc = plain;
	t.doc.run.dir = filled(&t.arena, 5000);
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_ETOOBIG, "long dir");
	t.doc = plain;
	t.doc.spec.account = "\xff";
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_EINVAL, "bad UTF-8");
	is_str(t.err.text, "account: expected UTF-8, found other bytes", "says so");
	t.err = (struct suan_err){0};
	is_int(suan_job_check_text(&t.doc, &t.err), SUAN_EINVAL, "asked before");
	is_str(t.err.text, "account: expected UTF-8, found other bytes", "the same");
	t.doc = plain;
	t.doc.env = (struct suan_env){(const char *[]){"A=b", "ODD=\xc3"}, 2};
	is_int(suan_job_check_text(&t.doc, &t.err), SUAN_EINVAL, "in the environment");
	is_str(t.err.text, "env: expected UTF-8 in ODD, found other bytes", "names it");
	t.doc = plain;
	is_int(suan_job_check_text(&t.doc, &t.err), SUAN_OK, "nothing wrong");
	t.doc = plain;
	t.doc.run.command = NULL;
	t.doc.run.ncommand = 0;
	script = suan_arena_alloc(&t.arena, (4u << 20) + 2);
	memset(script, '#', (4u << 20) + 1);
	script[1] = '!';
	t.doc.run.script = script;
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_ETOOBIG, "script of 4 MiB + 1");
	script[4u << 20] = '\0';
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_OK, "script of 4 MiB");
	t.doc = plain;
	words = suan_arena_array(&t.arena, 70001, sizeof(*words));
	for (int i = 0; i < 70000; i++)
		words[i] = "w=";
	t.doc.run.command = words;
	t.doc.run.ncommand = 70000;
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_ETOOBIG, "command of 70000 words");
	is_str(t.err.text, "command: expected at most 65536 entries, found 70000", "says so");
	words[0] = words[1] = filled(&t.arena, 1100000);
	t.doc.run.ncommand = 2;
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_ETOOBIG, "command of 2.2 MB");
	t.doc = plain;
	t.doc.env = (struct suan_env){words + 2, 4097};
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_ETOOBIG, "4097 variables");
	t.doc.env.count = 1;
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_OK, "one variable");
	words[2] = "=x";
	t.doc.env = (struct suan_env){words + 2, 1};
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_EINVAL, "a variable without name");
	is_str(t.err.text, "env: expected NAME=value, found \"=x\"", "says so");
	words[2] = "x";
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_EINVAL, "without value");
	t.doc = plain;
	t.doc.spec.ndeps = 1025;
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_ETOOBIG, "1025 dependencies");
	t.doc = plain;
	t.doc.run.ninputs = 4097;
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_ETOOBIG, "4097 inputs");
	t.doc = plain;
	t.doc.spec.req.memory = UINT64_C(1) << 51;
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_EINVAL, "2 PiB");
	is_str(t.err.text, "memory: expected at most 1024 TiB per task", "says so");
	t_wire_end(&t);
}

static void bad_stage_text(void)
{
	struct suan_stage s = {"a", "\xff", ""};
	struct t_wire t;

	t_wire_begin(&t);
	is_int(t_wire_from_json(&t, "{\"command\":[\"a\"]}"), SUAN_OK, "a job");
	t.doc.run.inputs = &s;
	t.doc.run.ninputs = 1;
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_EINVAL, "url not UTF-8");
	is_str(t.err.text, "inputs/0: expected UTF-8, found other bytes", "says so");
	s = (struct suan_stage){"\xff", "/a", ""};
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_EINVAL, "path not UTF-8");
	s = (struct suan_stage){"a", "file://localhost/a", ""};
	is_int(suan_job_seal(&t.doc, &t.arena, &t.err), SUAN_OK, "file://localhost/");
	t_wire_end(&t);
}

/* Equal environments are equal bytes, in whatever order they came. */
static void env_order(void)
{
	struct t_wire a, b;

	t_wire_begin(&a);
	t_wire_begin(&b);
	is_int(t_wire_from_json(&a, "{\"command\":[\"a\"],\"env\":{\"X\":\"1\",\"AB\":\"2\",\"A\":"
				    "\"3\"}}"),
	       SUAN_OK, "one order");
	is_int(t_wire_from_json(&b, "{\"command\":[\"a\"],\"env\":{\"A\":\"3\",\"X\":\"1\",\"AB\":"
				    "\"2\"}}"),
	       SUAN_OK, "another");
	ok(suan_job_seal(&a.doc, &a.arena, &a.err) == SUAN_OK &&
		   suan_job_seal(&b.doc, &b.arena, &b.err) == SUAN_OK,
	   "seal");
	ok(a.doc.spec.env_len == b.doc.spec.env_len &&
		   memcmp(a.doc.spec.env, b.doc.spec.env, a.doc.spec.env_len) == 0,
	   "same bytes");
	t_wire_end(&a);
	t_wire_end(&b);
}

/* ---- memory and table ---- */

static void memory(void)
{
	enum suan_code rc = SUAN_ENOMEM;
	size_t limit;
	bool named = true;

	for (limit = 16; rc == SUAN_ENOMEM; limit += 16) {
		struct t_wire t;

		t_wire_begin(&t);
		suan_arena_init(&t.arena, limit);
		rc = t_wire_from_json(&t, FULL);
		if (rc == SUAN_OK)
			rc = suan_job_seal(&t.doc, &t.arena, &t.err);
		named = named && (rc == SUAN_OK || t.err.code == SUAN_ENOMEM);
		t_wire_end(&t);
	}
	ok(rc == SUAN_OK && named && limit > 1000, "every failure to allocate is reported");
	rc = SUAN_ENOMEM;
	for (limit = 16; rc == SUAN_ENOMEM; limit += 16) {
		struct t_wire t;

		t_wire_begin(&t);
		suan_arena_init(&t.arena, limit);
		rc = t_wire_from_json(&t, "{\"site\":\"a,b\",\"after\":\"afterok:1\","
		"\"inputs\":[\"/a\"],"
					  "\"memory\":\"1G\"}");
		t_wire_end(&t);
	}
	is_int(rc, SUAN_OK, "also in short forms");
}

/* The limits of a number in the table and in its schema are the same, schemas are JSON, names are
 * unique, and every field is read and written. */
static void table(void)
{
	uint32_t n;
	const struct suan_job_field *f = suan_job_fields(&n);
	bool unique = true;

	ok(n >= 35, "%u fields", n);
	for (uint32_t i = 0; i < n; i++) {
		struct suan_arena arena = {0};
		struct suan_err err = {0};
		struct suan_json j;
		char quoted[40];

		suan_json_init(&j, f[i].schema, strlen(f[i].schema), &arena, &err);
		ok(suan_json_skip(&j) && suan_json_finish(&j), "schema of %s", f[i].name);
		if (f[i].type == SUAN_F_COUNT || f[i].type == SUAN_F_INT) {
			snprintf(quoted, sizeof(quoted), "\"minimum\":%lld,\"maximum\":%lld",
				 (long long)f[i].min, (long long)f[i].max);
			ok(strstr(f[i].schema, quoted), "limits of %s", f[i].name);
		}
		snprintf(quoted, sizeof(quoted), "\"%s\":", f[i].name);
		ok(strstr(FULL, quoted) || strstr("\"script\":\"args\":", quoted),
		   "%s is in the tests", f[i].name);
		for (uint32_t k = 0; k < i; k++)
			unique = unique && strcmp(f[i].name, f[k].name) != 0 &&
				 (!f[i].letter || f[i].letter != f[k].letter);
		ok(strlen(f[i].help) > 5 && strlen(f[i].help) < 80, "help of %s", f[i].name);
		suan_arena_done(&arena);
	}
	ok(unique, "names and letters are unique");
	ok(suan_job_field_number(f + n) == UINT32_MAX, "others have no number");
}

int main(void)
{
	full();
	reads();
	refuses();
	seals();
	limits();
	bad_stage_text();
	env_order();
	memory();
	table();
	return tap_done();
}
