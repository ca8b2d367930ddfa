/* Helpers of the tests of wire: a job from text of any kind, and back as JSON. */
#ifndef SUAN_TESTS_UNIT_T_WIRE_H
#define SUAN_TESTS_UNIT_T_WIRE_H

#include "lib/tap.h"
#include "wire/job.h"

#define T_NOW INT64_C(1763712000000) /* 2025-11-21T08:00:00Z */

struct t_wire {
	struct suan_arena arena;
	struct suan_job_doc doc;
	struct suan_err err;
	struct suan_buf json, warnings;
};

static inline void t_wire_begin(struct t_wire *t)
{
	memset(t, 0, sizeof(*t));
	suan_job_doc_init(&t->doc);
}

static inline void t_wire_end(struct t_wire *t)
{
	suan_buf_done(&t->json);
	suan_buf_done(&t->warnings);
	suan_arena_done(&t->arena);
}

/* The document as JSON; borrowed until the next call. */
static inline const char *t_wire_json(struct t_wire *t)
{
	struct suan_jsonw w;

	suan_buf_reset(&t->json);
	suan_jsonw_init(&w, &t->json);
	suan_jsonw_open(&w, NULL, '{');
	suan_job_to_json(&t->doc, &w);
	suan_jsonw_close(&w, '}');
	return suan_buf_str(&t->json);
}

static inline enum suan_code t_wire_from_json(struct t_wire *t, const char *text)
{
	struct suan_json j;
	enum suan_code rc;

	memset(&t->err, 0, sizeof(t->err));
	suan_json_init(&j, text, strlen(text), &t->arena, &t->err);
	rc = suan_job_from_json(&j, T_NOW, &t->doc);
	if (rc == SUAN_OK && !suan_json_finish(&j))
		rc = j.code;
	return rc;
}

static inline enum suan_code t_wire_from_yaml(struct t_wire *t, const char *text)
{
	memset(&t->err, 0, sizeof(t->err));
	return suan_job_from_yaml(text, strlen(text), T_NOW, &t->arena, &t->doc, &t->err);
}

static inline enum suan_code t_wire_from_script(struct t_wire *t, const char *text)
{
	memset(&t->err, 0, sizeof(t->err));
	suan_buf_reset(&t->warnings);
	t->doc.warnings = &t->warnings;
	return suan_job_from_script(text, strlen(text), T_NOW, &t->arena, &t->doc, &t->err);
}

#endif
