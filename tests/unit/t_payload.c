/* Payloads and environments as bytes: there and back, and damaged bytes. */
#include "base/codec.h"
#include "lib/tap.h"
#include "wire/payload.h"

static const char *command[] = {"/bin/echo", "", "a b", NULL};
static const char *args[] = {"-x", "", NULL};
static const struct suan_stage inputs[] = {{"in/a", "/data/a", ""}, {"b", "file:///b", "00ff"}};
static const struct suan_stage outputs[] = {{"o", "/out", ""}};
static const char *vars[] = {"A=1", "B=", NULL};

static void same_strings(const char *const *a, const char *const *b, uint32_t n, const char *what)
{
	bool same = true;

	for (uint32_t i = 0; i < n; i++)
		same = same && strcmp(a[i], b[i]) == 0;
	ok(same && b[n] == NULL, "%s", what);
}

static void round_trip(struct suan_arena *arena)
{
	struct suan_payload p = {.command = command, .ncommand = 3, .script = "", .dir = "/tmp",
				 .stdin_path = "in", .stdout_path = "o-%j", .stderr_path = "e",
				 .append = true, .inputs = inputs, .ninputs = 2,
				 .outputs = outputs, .noutputs = 1, .args = args, .nargs = 2};
	struct suan_payload q = {0};
	struct suan_err err = {0};
	struct suan_buf b;

	suan_buf_init(&b, 0);
	is_int(suan_payload_put(&b, &p, &err), SUAN_OK, "put");
	is_int(suan_payload_get(b.data, b.len, arena, &q, &err), SUAN_OK, "get");
	is_int(q.ncommand, 3, "words");
	same_strings(command, q.command, 3, "command with an empty word");
	is_int(q.nargs, 2, "arguments");
	same_strings(args, q.args, 2, "arguments");
	is_str(q.script, "", "no script");
	is_str(q.dir, "/tmp", "dir");
	is_str(q.stdin_path, "in", "stdin");
	is_str(q.stdout_path, "o-%j", "stdout");
	is_str(q.stderr_path, "e", "stderr");
	ok(q.append, "append");
	is_int(q.ninputs, 2, "inputs");
	is_str(q.inputs[1].path, "b", "path");
	is_str(q.inputs[1].url, "file:///b", "url");
	is_str(q.inputs[1].sha256, "00ff", "digest");
	is_str(q.inputs[0].sha256, "", "no digest");
	is_int(q.noutputs, 1, "outputs");
	is_str(q.outputs[0].url, "/out", "output");
	suan_buf_done(&b);
}

static void empty(struct suan_arena *arena)
{
	struct suan_payload p = {.script = "#!/bin/sh\n", .dir = "", .stdin_path = "",
				 .stdout_path = "", .stderr_path = ""};
	struct suan_payload q = {0};
	struct suan_env env = {vars, 2}, back = {0}, none = {0};
	struct suan_err err = {0};
	struct suan_buf b;

	suan_buf_init(&b, 0);
	is_int(suan_payload_put(&b, &p, &err), SUAN_OK, "put a script");
	is_int(suan_payload_get(b.data, b.len, arena, &q, &err), SUAN_OK, "get it");
	is_str(q.script, "#!/bin/sh\n", "script");
	ok(!q.command && !q.args && !q.inputs && !q.outputs && !q.append, "nothing else");
	is_int(suan_payload_get("", 0, arena, &q, &err), SUAN_OK, "no bytes");
	is_str(q.dir, "", "are an empty payload");
	suan_buf_reset(&b);
	is_int(suan_env_put(&b, &env, &err), SUAN_OK, "put env");
	is_int(suan_env_get(b.data, b.len, arena, &back, &err), SUAN_OK, "get env");
	is_int(back.count, 2, "variables");
	same_strings(vars, back.list, 2, "variables");
	suan_buf_reset(&b);
	is_int(suan_env_put(&b, &none, &err), SUAN_OK, "put no env");
	is_int(b.len, 0, "no bytes");
	is_int(suan_env_get(NULL, 0, arena, &back, &err), SUAN_OK, "get no env");
	is_int(back.count, 0, "no variables");
	suan_buf_done(&b);
}

/* Later writers may add fields: readers step over them. */
static void unknown_tags(struct suan_arena *arena)
{
	struct suan_payload q = {0};
	struct suan_env env = {0};
	struct suan_err err = {0};
	struct suan_buf b;
	size_t mark;

	suan_buf_init(&b, 0);
	suan_put_u64(&b, 99, 7);
	suan_put_str(&b, 1, "true");
	suan_put_str(&b, 100, "new");
	mark = suan_put_begin(&b, 9);
	suan_put_str(&b, 1, "p");
	suan_put_u64(&b, 77, 1);
	suan_put_str(&b, 2, "/u");
	suan_put_end(&b, mark);
	is_int(suan_payload_get(b.data, b.len, arena, &q, &err), SUAN_OK, "unknown tags");
	is_int(q.ncommand, 1, "known ones are there");
	is_str(q.inputs[0].url, "/u", "also inside");
	is_int(suan_env_get(b.data, b.len, arena, &env, &err), SUAN_OK, "in env too");
	suan_buf_done(&b);
}

static void damage(struct suan_arena *arena)
{
	struct suan_payload q = {.dir = "untouched"};
	struct suan_env env = {.count = 7};
	struct suan_err err = {0};
	struct suan_buf b;
	size_t mark;

	is_int(suan_payload_get("\xff", 1, arena, &q, &err), SUAN_ECORRUPT, "torn key");
	is_str(err.text, "payload: the stored bytes are damaged", "text");
	is_int(suan_env_get("\x03\x09x", 3, arena, &env, &err), SUAN_ECORRUPT, "torn value");
	is_str(err.text, "environment: the stored bytes are damaged", "text");
	suan_buf_init(&b, 0);
	suan_put_bytes(&b, 1, "a\0b", 3);
	is_int(suan_payload_get(b.data, b.len, arena, &q, &err), SUAN_ECORRUPT, "NUL in a word");
	is_int(suan_env_get(b.data, b.len, arena, &env, &err), SUAN_ECORRUPT, "NUL in env");
	suan_buf_reset(&b);
	suan_put_u64(&b, 4, 1);
	is_int(suan_payload_get(b.data, b.len, arena, &q, &err), SUAN_ECORRUPT, "number as text");
	suan_buf_reset(&b);
	suan_put_u64(&b, 9, 1);
	is_int(suan_payload_get(b.data, b.len, arena, &q, &err), SUAN_ECORRUPT, "number as file");
	suan_buf_reset(&b);
	mark = suan_put_begin(&b, 10);
	suan_buf_add(&b, "\x0b\x7f", 2);
	suan_put_end(&b, mark);
	is_int(suan_payload_get(b.data, b.len, arena, &q, &err), SUAN_ECORRUPT, "torn file");
	is_str(q.dir, "untouched", "the result is untouched");
	is_int(env.count, 7, "here too");
	suan_buf_done(&b);
}

static void memory(void)
{
	struct suan_payload p = {.command = command, .ncommand = 3, .script = "", .dir = "/tmp",
				 .stdin_path = "", .stdout_path = "", .stderr_path = "",
				 .inputs = inputs, .ninputs = 2, .outputs = outputs,
				 .noutputs = 1, .args = args, .nargs = 2};
	struct suan_env env = {vars, 2};
	struct suan_arena small;
	struct suan_err err = {0};
	enum suan_code rc = SUAN_ENOMEM;
	struct suan_buf b, tiny, e;
	size_t limit;

	suan_buf_init(&tiny, 4);
	is_int(suan_payload_put(&tiny, &p, &err), SUAN_ETOOBIG, "no room to write");
	suan_buf_done(&tiny);
	suan_buf_init(&b, 0);
	suan_buf_init(&e, 0);
	ok(suan_payload_put(&b, &p, &err) == SUAN_OK && suan_env_put(&e, &env, &err) == SUAN_OK,
	   "put");
	for (limit = 16; rc == SUAN_ENOMEM; limit += 16) {
		suan_arena_init(&small, limit);
		rc = suan_payload_get(b.data, b.len, &small, &p, &err);
		suan_arena_done(&small);
	}
	ok(rc == SUAN_OK && limit > 200, "every failure to allocate is reported");
	rc = SUAN_ENOMEM;
	for (limit = 16; rc == SUAN_ENOMEM; limit += 16) {
		suan_arena_init(&small, limit);
		rc = suan_env_get(e.data, e.len, &small, &env, &err);
		suan_arena_done(&small);
	}
	ok(rc == SUAN_OK && limit > 48, "in env too");
	suan_buf_done(&b);
	suan_buf_done(&e);
}

int main(void)
{
	struct suan_arena arena;

	suan_arena_init(&arena, 0);
	round_trip(&arena);
	empty(&arena);
	unknown_tags(&arena);
	damage(&arena);
	memory();
	suan_arena_done(&arena);
	return tap_done();
}
