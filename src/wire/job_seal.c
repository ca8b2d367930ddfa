/* Checks of the whole job, and its form for the engine. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "wire/job.h"
#include "wire/job_value.h"

#define MOST_NAME   256u
#define MOST_STRING 4096u
#define MOST_SCRIPT (4u << 20)
#define MOST_WORDS  65536u
#define MOST_BYTES  (2u << 20) /* of a command, or of an environment */
#define MOST_ENV    4096u
#define MOST_STAGES 4096u
#define MOST_DEPS   1024u
#define MOST_NAMES  1024u
#define MOST_MEMORY (UINT64_C(1) << 50)

static enum suan_code too_long(const char *field, size_t limit, size_t n, struct suan_err *err)
{
	return suan_fail_field(err, SUAN_ETOOBIG, field,
			       "%s: expected at most %zu bytes, found %zu", field, limit, n);
}

static enum suan_code too_many(const char *field, uint32_t limit, uint32_t n, struct suan_err *err)
{
	return suan_fail_field(err, SUAN_ETOOBIG, field,
			       "%s: expected at most %u entries, found %u", field, (unsigned)limit,
			       (unsigned)n);
}

static enum suan_code check_string(const char *field, const char *s, size_t limit,
				   struct suan_err *err)
{
	size_t n = strlen(s);

	if (n > limit)
		return too_long(field, limit, n, err);
	if (!suan_utf8_valid(s, n))
		return suan_fail_field(err, SUAN_EINVAL, field,
				       "%s: expected UTF-8, found other bytes", field);
	return SUAN_OK;
}

/* Names and paths are one line: what they say must not steer a terminal. Scripts are free. */
static enum suan_code check_line(const char *field, const char *s, struct suan_err *err)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return suan_fail_field(
				err, SUAN_EINVAL, field,
				"%s: expected text without control characters, found "
				"byte 0x%02x",
				field, (unsigned char)*s);
	return SUAN_OK;
}

static enum suan_code check_strings(const struct suan_job_doc *doc, struct suan_err *err)
{
	uint32_t n;
	const struct suan_job_field *f = suan_job_fields(&n);
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < n && rc == SUAN_OK; i++) {
		const char *s;
		size_t limit = MOST_STRING;

		if (f[i].type != SUAN_F_STRING)
			continue;
		s = *(const char *const *)suan_job_at_const(doc, f[i].at);
		if (!s[0])
			continue;
		if (s == doc->run.script)
			limit = MOST_SCRIPT;
		else if (s == doc->spec.name)
			limit = MOST_NAME;
		rc = check_string(f[i].name, s, limit, err);
		if (rc == SUAN_OK && s != doc->run.script)
			rc = check_line(f[i].name, s, err);
	}
	return rc;
}

/* A list of words with a limit on their sum. */
static enum suan_code check_words(const char *field, const char *const *list, uint32_t n,
				  uint32_t most, struct suan_err *err)
{
	size_t sum = 0;

	if (n > most)
		return too_many(field, most, n, err);
	for (uint32_t i = 0; i < n; i++) {
		enum suan_code rc = check_string(field, list[i], MOST_BYTES, err);

		if (rc != SUAN_OK)
			return rc;
		sum += strlen(list[i]) + 1;
	}
	return sum > MOST_BYTES ? too_long(field, MOST_BYTES, sum, err) : SUAN_OK;
}

static enum suan_code check_names(const char *field, const struct suan_names *names,
				  struct suan_err *err)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (!names->list[i][0])
			return suan_fail_field(err, SUAN_EINVAL, field,
					       "%s: expected a name, found \"\"", field);
	return check_words(field, names->list, names->count, MOST_NAMES, err);
}

static enum suan_code check_places(const struct suan_job_spec *s, struct suan_err *err)
{
	enum suan_code rc = check_names("site", &s->site, err);

	if (rc == SUAN_OK)
		rc = check_names("hub", &s->hub, err);
	if (rc == SUAN_OK)
		rc = check_names("not_site", &s->not_site, err);
	return rc == SUAN_OK ? check_names("not_hub", &s->not_hub, err) : rc;
}

static enum suan_code check_run(const struct suan_payload *p, struct suan_err *err)
{
	enum suan_code rc;

	if (p->script[0] && p->ncommand)
		return suan_fail_field(err, SUAN_EINVAL, "script",
				       "script: expected a command or a script, found both");
	if (!p->script[0] && !p->ncommand)
		return suan_fail_field(err, SUAN_EINVAL, "command",
				       "command: expected a command or a script, found neither");
	if (p->ncommand && !p->command[0][0])
		return suan_fail_field(err, SUAN_EINVAL, "command/0",
				       "command/0: expected a program, found \"\"");
	if (p->script[0] && strncmp(p->script, "#!", 2) != 0)
		return suan_fail_field(err, SUAN_EINVAL, "script",
				       "script: expected \"#!\" at the start, such as "
				       "\"#!/bin/sh\", found \"%.20s\"",
				       p->script);
	if (p->nargs && p->ncommand)
		return suan_fail_field(err, SUAN_EINVAL, "args",
				       "args: expected only with a script; put them into command");
	rc = check_words("command", p->command, p->ncommand, MOST_WORDS, err);
	return rc == SUAN_OK ? check_words("args", p->args, p->nargs, MOST_WORDS, err) : rc;
}

/* ---- files ---- */

/* Relative, without "", "." and ".." as parts. */
static bool inside(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

static bool is_digest(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static bool is_place(const char *url)
{
	if (strncmp(url, "file://", 7) != 0)
		return url[0] == '/';
	return url[7] == '/' || strncmp(url + 7, "localhost/", 10) == 0;
}

static enum suan_code check_stage(const char *field, uint32_t i, const struct suan_stage *s,
				  struct suan_err *err)
{
	char where[64];
	struct suan_buf b;
	enum suan_code rc;

	suan_buf_init(&b, sizeof(where) - 1);
	suan_buf_addf(&b, "%s/%u", field, (unsigned)i);
	memcpy(where, suan_buf_str(&b), b.len + 1);
	suan_buf_done(&b);
	rc = check_string(where, s->path, MOST_STRING, err);
	if (rc == SUAN_OK)
		rc = check_string(where, s->url, MOST_STRING, err);
	if (rc != SUAN_OK)
		return rc;
	if (!inside(s->path))
		return suan_fail_field(err, SUAN_EINVAL, where,
				       "%s/path: expected a path inside the run's folder, relative "
				       "and without \"..\", found \"%.60s\"",
				       where, s->path);
	if (!is_place(s->url))
		return suan_fail_field(err, SUAN_EINVAL, where,
				       "%s/url: expected an absolute path or file://, found "
				       "\"%.60s\"",
				       where, s->url);
	if (s->sha256[0] && !is_digest(s->sha256))
		return suan_fail_field(err, SUAN_EINVAL, where,
				       "%s/sha256: expected 64 digits 0-9a-f, found \"%.70s\"",
				       where, s->sha256);
	return SUAN_OK;
}

static enum suan_code check_stages(const char *field, const struct suan_stage *list, uint32_t n,
				   struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	if (n > MOST_STAGES)
		return too_many(field, MOST_STAGES, n, err);
	for (uint32_t i = 0; i < n && rc == SUAN_OK; i++)
		rc = check_stage(field, i, &list[i], err);
	return rc;
}

/* ---- numbers ---- */

static enum suan_code check_request(const struct suan_job_spec *s, struct suan_err *err)
{
	const struct suan_req *r = &s->req;

	if (r->nodes > r->tasks)
		return suan_fail_field(err, SUAN_EINVAL, "nodes",
				       "nodes: expected at most one node per task, found %u nodes "
				       "for %u tasks",
				       (unsigned)r->nodes, (unsigned)r->tasks);
	if (r->memory > MOST_MEMORY)
		return suan_fail_field(err, SUAN_EINVAL, "memory",
				       "memory: expected at most 1024 TiB per task");
	if (s->gpu[0] && !r->gpus)
		return suan_fail_field(err, SUAN_EINVAL, "gpu",
				       "gpu: names a kind but gpus is 0; expected gpus of at least "
				       "1 with it");
	return SUAN_OK;
}

static enum suan_code check_times(const struct suan_job_spec *s, struct suan_err *err)
{
	if (s->walltime_ms && s->estimate_ms > s->walltime_ms)
		return suan_fail_field(err, SUAN_EINVAL, "estimate_s",
				       "estimate_s: expected at most walltime_s");
	if (s->deadline_ms && s->deadline_ms <= s->begin_ms)
		return suan_fail_field(err, SUAN_EINVAL, "deadline",
				       "deadline: expected a time after begin");
	if (s->ndeps > MOST_DEPS)
		return too_many("after", MOST_DEPS, s->ndeps, err);
	return SUAN_OK;
}

/* ---- environment ---- */

static size_t name_length(const char *entry)
{
	return strcspn(entry, "=");
}

static int by_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t nx = name_length(x), ny = name_length(y);
	int order = memcmp(x, y, nx < ny ? nx : ny);

	return order ? order : (nx > ny) - (nx < ny);
}

static enum suan_code check_env(const struct suan_env *env, struct suan_err *err)
{
	for (uint32_t i = 0; i < env->count; i++) {
		size_t n = name_length(env->list[i]);

		if (!suan_utf8_valid(env->list[i], strlen(env->list[i])))
			return suan_fail_field(err, SUAN_EINVAL, "env",
					       "env: expected UTF-8 in %.*s, found other bytes",
					       n < 60 ? (int)n : 60, env->list[i]);
	}
	return check_words("env", env->list, env->count, MOST_ENV, err);
}

/* Sorts, so that equal environments are equal bytes and the engine stores them once. */
static enum suan_code order_env(struct suan_env *env, struct suan_arena *arena,
				struct suan_err *err)
{
	const char **list;
	enum suan_code rc = check_env(env, err);

	if (rc != SUAN_OK || !env->count)
		return rc;
	list = suan_arena_array(arena, (size_t)env->count + 1, sizeof(*list));
	if (!list)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	memcpy(list, env->list, env->count * sizeof(*list));
	qsort(list, env->count, sizeof(*list), by_name);
	for (uint32_t i = 0; i < env->count; i++) {
		size_t n = name_length(list[i]);

		if (n == 0 || !list[i][n])
			return suan_fail_field(err, SUAN_EINVAL, "env",
					       "env: expected NAME=value, found \"%.60s\"",
					       list[i]);
		if (i > 0 && by_name(&list[i - 1], &list[i]) == 0)
			return suan_fail_field(err, SUAN_EINVAL, "env", "env: %.*s is given twice",
					       n < 60 ? (int)n : 60, list[i]);
	}
	env->list = list;
	return SUAN_OK;
}

/* ---- sealing ---- */

static enum suan_code check(struct suan_job_doc *doc, struct suan_arena *arena,
			    struct suan_err *err)
{
	enum suan_code rc = check_run(&doc->run, err);

	if (rc == SUAN_OK)
		rc = check_strings(doc, err);
	if (rc == SUAN_OK)
		rc = check_request(&doc->spec, err);
	if (rc == SUAN_OK)
		rc = check_times(&doc->spec, err);
	if (rc == SUAN_OK)
		rc = check_places(&doc->spec, err);
	if (rc == SUAN_OK)
		rc = check_stages("inputs", doc->run.inputs, doc->run.ninputs, err);
	if (rc == SUAN_OK)
		rc = check_stages("outputs", doc->run.outputs, doc->run.noutputs, err);
	return rc == SUAN_OK ? order_env(&doc->env, arena, err) : rc;
}

enum suan_code suan_job_check_text(const struct suan_job_doc *doc, struct suan_err *err)
{
	const struct suan_payload *p = &doc->run;
	enum suan_code rc = check_strings(doc, err);

	if (rc == SUAN_OK)
		rc = check_words("command", p->command, p->ncommand, MOST_WORDS, err);
	if (rc == SUAN_OK)
		rc = check_words("args", p->args, p->nargs, MOST_WORDS, err);
	if (rc == SUAN_OK)
		rc = check_places(&doc->spec, err);
	if (rc == SUAN_OK)
		rc = check_stages("inputs", p->inputs, p->ninputs, err);
	if (rc == SUAN_OK)
		rc = check_stages("outputs", p->outputs, p->noutputs, err);
	return rc == SUAN_OK ? check_env(&doc->env, err) : rc;
}

static enum suan_code keep(const struct suan_buf *b, size_t from, struct suan_arena *arena,
			   const void **ret, struct suan_err *err)
{
	*ret = NULL;
	if (b->len == from)
		return SUAN_OK;
	*ret = suan_arena_mem(arena, b->data + from, b->len - from);
	return *ret ? SUAN_OK : suan_fail(err, SUAN_ENOMEM, "out of memory");
}

enum suan_code suan_job_seal(struct suan_job_doc *doc, struct suan_arena *arena,
			     struct suan_err *err)
{
	const void *payload, *env;
	struct suan_buf b;
	size_t split = 0;
	enum suan_code rc = suan_job_resolve(doc, err);

	if (rc == SUAN_OK)
		rc = check(doc, arena, err);
	if (rc != SUAN_OK)
		return rc;
	suan_buf_init(&b, 0);
	rc = suan_payload_put(&b, &doc->run, err);
	if (rc == SUAN_OK) {
		split = b.len;
		rc = keep(&b, 0, arena, &payload, err);
	}
	if (rc == SUAN_OK)
		rc = suan_env_put(&b, &doc->env, err);
	if (rc == SUAN_OK)
		rc = keep(&b, split, arena, &env, err);
	if (rc == SUAN_OK) {
		doc->spec.payload = payload;
		doc->spec.payload_len = split;
		doc->spec.env = env;
		doc->spec.env_len = b.len - split;
	}
	suan_buf_done(&b);
	return rc;
}
