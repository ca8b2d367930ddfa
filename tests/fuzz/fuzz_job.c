/* Jobs from JSON: no input harms; what seals is written as JSON that reads and seals to the same
 * bytes; payload and environment decode and encode to the same bytes. Damaged bytes do no harm. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "wire/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1763712000000)

static enum suan_code read_job(const char *text, size_t n, struct suan_arena *arena,
			       struct suan_job_doc *doc)
{
	struct suan_err err = {0};
	struct suan_json j;
	enum suan_code rc;

	suan_json_init(&j, text, n, arena, &err);
	rc = suan_job_from_json(&j, NOW, doc);
	if (rc == SUAN_OK && !suan_json_finish(&j))
		rc = j.code;
	if (rc == SUAN_OK)
		rc = suan_job_seal(doc, arena, &err);
	assert(rc == err.code);
	assert((rc == SUAN_OK) == !err.text[0]);
	assert(suan_utf8_valid(err.text, strlen(err.text)));
	return rc;
}

static void write_job(const struct suan_job_doc *doc, struct suan_buf *out)
{
	struct suan_jsonw w;

	suan_jsonw_init(&w, out);
	suan_jsonw_open(&w, NULL, '{');
	suan_job_to_json(doc, &w);
	suan_jsonw_close(&w, '}');
	assert(suan_buf_ok(out, NULL) == SUAN_OK);
}

static void same_bytes(const void *a, size_t na, const void *b, size_t nb)
{
	assert(na == nb);
	assert(na == 0 || memcmp(a, b, na) == 0);
}

/* Decoded and encoded again. */
static void payload_round_trip(const struct suan_job_spec *s, struct suan_arena *arena)
{
	struct suan_payload p;
	struct suan_env env;
	struct suan_buf b;
	enum suan_code rc;

	suan_buf_init(&b, 0);
	rc = suan_payload_get(s->payload, s->payload_len, arena, &p, NULL);
	assert(rc == SUAN_OK);
	rc = suan_payload_put(&b, &p, NULL);
	assert(rc == SUAN_OK);
	same_bytes(b.data, b.len, s->payload, s->payload_len);
	suan_buf_reset(&b);
	rc = suan_env_get(s->env, s->env_len, arena, &env, NULL);
	assert(rc == SUAN_OK);
	rc = suan_env_put(&b, &env, NULL);
	assert(rc == SUAN_OK);
	same_bytes(b.data, b.len, s->env, s->env_len);
	suan_buf_done(&b);
}

static void round_trip(const struct suan_job_doc *doc, struct suan_arena *arena)
{
	struct suan_job_doc again;
	struct suan_buf first, second;
	enum suan_code rc;

	suan_buf_init(&first, 0);
	suan_buf_init(&second, 0);
	write_job(doc, &first);
	rc = read_job(first.data, first.len, arena, &again);
	assert(rc == SUAN_OK);
	write_job(&again, &second);
	same_bytes(first.data, first.len, second.data, second.len);
	same_bytes(doc->spec.payload, doc->spec.payload_len, again.spec.payload,
		   again.spec.payload_len);
	same_bytes(doc->spec.env, doc->spec.env_len, again.spec.env, again.spec.env_len);
	payload_round_trip(&doc->spec, arena);
	suan_buf_done(&first);
	suan_buf_done(&second);
}

/* The input taken as stored bytes. */
static void stored(const uint8_t *data, size_t size, struct suan_arena *arena)
{
	struct suan_payload p;
	struct suan_env env;
	struct suan_err err = {0};

	if (suan_payload_get(data, size, arena, &p, &err) == SUAN_OK)
		assert(!p.ncommand || p.command[p.ncommand] == NULL);
	if (suan_env_get(data, size, arena, &env, &err) == SUAN_OK)
		assert(!env.count || env.list[env.count] == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suan_arena arena = {0};
	struct suan_job_doc doc;
	char *text = malloc(size ? size : 1);

	assert(text);
	memcpy(text, data, size);
	if (read_job(text, size, &arena, &doc) == SUAN_OK)
		round_trip(&doc, &arena);
	stored(data, size, &arena);
	suan_arena_done(&arena);
	free(text);
	return 0;
}
