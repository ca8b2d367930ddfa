#include "wire/payload.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"

enum payload_tag {
	COMMAND = 1, SCRIPT, ARG, DIR, STDIN, STDOUT, STDERR, APPEND, INPUT, OUTPUT,
};

enum stage_tag { STAGE_PATH = 1, STAGE_URL, STAGE_SHA256 };

enum env_tag { ENV_ENTRY = 1 };

/* ---- writing ---- */

/* Unlike suan_put_str also empty strings: places in a list count. */
static void put_list(struct suan_buf *out, uint32_t tag, const char *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		suan_put_bytes(out, tag, list[i], strlen(list[i]));
}

static void put_stages(struct suan_buf *out, uint32_t tag, const struct suan_stage *s, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t mark = suan_put_begin(out, tag);

		suan_put_str(out, STAGE_PATH, s[i].path);
		suan_put_str(out, STAGE_URL, s[i].url);
		suan_put_str(out, STAGE_SHA256, s[i].sha256);
		suan_put_end(out, mark);
	}
}

enum suan_code suan_payload_put(struct suan_buf *out, const struct suan_payload *p,
				struct suan_err *err)
{
	put_list(out, COMMAND, p->command, p->ncommand);
	suan_put_str(out, SCRIPT, p->script);
	put_list(out, ARG, p->args, p->nargs);
	suan_put_str(out, DIR, p->dir);
	suan_put_str(out, STDIN, p->stdin_path);
	suan_put_str(out, STDOUT, p->stdout_path);
	suan_put_str(out, STDERR, p->stderr_path);
	if (p->append)
		suan_put_u64(out, APPEND, 1);
	put_stages(out, INPUT, p->inputs, p->ninputs);
	put_stages(out, OUTPUT, p->outputs, p->noutputs);
	return suan_buf_ok(out, err);
}

enum suan_code suan_env_put(struct suan_buf *out, const struct suan_env *env, struct suan_err *err)
{
	put_list(out, ENV_ENTRY, env->list, env->count);
	return suan_buf_ok(out, err);
}

/* ---- reading ---- */

/* One pass over the bytes with what it has found so far. */
struct getter {
	struct suan_arena *arena;
	enum suan_code rc;
};

static const char *get_str(struct getter *g, const struct suan_field *f)
{
	const char *s;

	if (!f->is_bytes || memchr(f->bytes, '\0', f->len)) {
		g->rc = SUAN_ECORRUPT;
		return "";
	}
	s = suan_arena_mem(g->arena, f->bytes, f->len);
	if (!s)
		g->rc = SUAN_ENOMEM;
	return s ? s : "";
}

static void get_stage(struct getter *g, const struct suan_field *f, struct suan_stage *ret)
{
	struct suan_reader r;
	struct suan_field in;

	if (!f->is_bytes)
		g->rc = SUAN_ECORRUPT;
	ret->path = ret->url = ret->sha256 = "";
	suan_field_reader(f, &r);
	while (suan_get_field(&r, &in)) {
		switch (in.tag) {
		case STAGE_PATH:
			ret->path = get_str(g, &in);
			break;
		case STAGE_URL:
			ret->url = get_str(g, &in);
			break;
		case STAGE_SHA256:
			ret->sha256 = get_str(g, &in);
			break;
		default:
			break;
		}
	}
	if (r.bad)
		g->rc = SUAN_ECORRUPT;
}

#define TAGS (OUTPUT + 1)

/* How often each tag occurs; false: the bytes are damaged. */
static bool count_tags(const void *bytes, size_t n, uint32_t count[TAGS])
{
	struct suan_reader r;
	struct suan_field f;

	memset(count, 0, TAGS * sizeof(count[0]));
	suan_reader_init(&r, bytes, n);
	while (suan_get_field(&r, &f))
		if (f.tag < TAGS)
			count[f.tag]++;
	return !r.bad;
}

/* The lists of a payload with the place of the next item of each. */
struct lists {
	const char **command, **args;
	struct suan_stage *inputs, *outputs;
};

/* A NULL-terminated list of n strings; NULL when n is 0. */
static const char **new_list(struct getter *g, uint32_t n)
{
	const char **list;

	if (n == 0)
		return NULL;
	list = suan_arena_array(g->arena, (size_t)n + 1, sizeof(*list));
	if (!list)
		g->rc = SUAN_ENOMEM;
	return list;
}

static struct suan_stage *new_stages(struct getter *g, uint32_t n)
{
	struct suan_stage *list;

	if (n == 0)
		return NULL;
	list = suan_arena_array(g->arena, n, sizeof(*list));
	if (!list)
		g->rc = SUAN_ENOMEM;
	return list;
}

static void get_field(struct getter *g, const struct suan_field *f, struct suan_payload *p,
		      struct lists *at)
{
	switch (f->tag) {
	case COMMAND:
		*at->command++ = get_str(g, f);
		break;
	case SCRIPT:
		p->script = get_str(g, f);
		break;
	case ARG:
		*at->args++ = get_str(g, f);
		break;
	case DIR:
		p->dir = get_str(g, f);
		break;
	case STDIN:
		p->stdin_path = get_str(g, f);
		break;
	case STDOUT:
		p->stdout_path = get_str(g, f);
		break;
	case STDERR:
		p->stderr_path = get_str(g, f);
		break;
	case APPEND:
		p->append = f->u64 != 0;
		break;
	case INPUT:
		get_stage(g, f, at->inputs++);
		break;
	case OUTPUT:
		get_stage(g, f, at->outputs++);
		break;
	default:
		break;
	}
}

static enum suan_code failed(enum suan_code rc, const char *what, struct suan_err *err)
{
	if (rc == SUAN_ENOMEM)
		return suan_fail(err, rc, "out of memory");
	return suan_fail(err, rc, "%s: the stored bytes are damaged", what);
}

enum suan_code suan_payload_get(const void *bytes, size_t n, struct suan_arena *arena,
				struct suan_payload *ret, struct suan_err *err)
{
	struct suan_payload p = {.script = "", .dir = "", .stdin_path = "", .stdout_path = "",
				 .stderr_path = ""};
	struct getter g = {arena, SUAN_OK};
	uint32_t count[TAGS];
	struct suan_reader r;
	struct suan_field f;
	struct lists at;

	if (!count_tags(bytes, n, count))
		return failed(SUAN_ECORRUPT, "payload", err);
	at.command = p.command = new_list(&g, count[COMMAND]);
	at.args = p.args = new_list(&g, count[ARG]);
	p.inputs = at.inputs = new_stages(&g, count[INPUT]);
	p.outputs = at.outputs = new_stages(&g, count[OUTPUT]);
	p.ncommand = count[COMMAND];
	p.nargs = count[ARG];
	p.ninputs = count[INPUT];
	p.noutputs = count[OUTPUT];
	suan_reader_init(&r, bytes, n);
	while (g.rc == SUAN_OK && suan_get_field(&r, &f))
		get_field(&g, &f, &p, &at);
	if (g.rc != SUAN_OK)
		return failed(g.rc, "payload", err);
	*ret = p;
	return SUAN_OK;
}

enum suan_code suan_env_get(const void *bytes, size_t n, struct suan_arena *arena,
			    struct suan_env *ret, struct suan_err *err)
{
	struct getter g = {arena, SUAN_OK};
	uint32_t count[TAGS];
	struct suan_reader r;
	struct suan_field f;
	const char **at;
	struct suan_env env;

	if (!count_tags(bytes, n, count))
		return failed(SUAN_ECORRUPT, "environment", err);
	env.count = count[ENV_ENTRY];
	env.list = at = new_list(&g, env.count);
	suan_reader_init(&r, bytes, n);
	while (g.rc == SUAN_OK && suan_get_field(&r, &f))
		if (f.tag == ENV_ENTRY)
			*at++ = get_str(&g, &f);
	if (g.rc != SUAN_OK)
		return failed(g.rc, "environment", err);
	*ret = env;
	return SUAN_OK;
}
