/* Jobs as JSON: what suan_job_from_json reads back. */
#include <string.h>

#include "wire/job.h"
#include "wire/job_value.h"

static const void *at(const struct suan_job_doc *doc, uint32_t offset)
{
	return suan_job_at_const(doc, offset);
}

static void put_env(const struct suan_job_doc *doc, const char *name, struct suan_jsonw *w)
{
	suan_jsonw_open(w, name, '{');
	for (uint32_t i = 0; i < doc->env.count; i++) {
		const char *entry = doc->env.list[i];
		const char *equal = strchr(entry, '=');
		struct suan_buf var;

		if (!equal)
			continue;
		suan_buf_init(&var, 0);
		suan_buf_add(&var, entry, (size_t)(equal - entry));
		suan_jsonw_str(w, suan_buf_str(&var), equal + 1);
		suan_buf_done(&var);
	}
	suan_jsonw_close(w, '}');
}

static void put_strings(const char *const *list, uint32_t n, const char *name,
			struct suan_jsonw *w)
{
	suan_jsonw_open(w, name, '[');
	for (uint32_t i = 0; i < n; i++)
		suan_jsonw_str(w, NULL, list[i]);
	suan_jsonw_close(w, ']');
}

static void put_deps(const struct suan_dep *deps, uint32_t n, const char *name,
		     struct suan_jsonw *w)
{
	suan_jsonw_open(w, name, '[');
	for (uint32_t i = 0; i < n; i++) {
		suan_jsonw_open(w, NULL, '{');
		suan_jsonw_str(w, "type", suan_dep_name(deps[i].type));
		suan_jsonw_i64(w, "job", (int64_t)deps[i].job);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

static void put_stages(const struct suan_stage *s, uint32_t n, const char *name,
		       struct suan_jsonw *w)
{
	suan_jsonw_open(w, name, '[');
	for (uint32_t i = 0; i < n; i++) {
		suan_jsonw_open(w, NULL, '{');
		suan_jsonw_str(w, "path", s[i].path);
		suan_jsonw_str(w, "url", s[i].url);
		if (s[i].sha256 && s[i].sha256[0])
			suan_jsonw_str(w, "sha256", s[i].sha256);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

static void put_range(const struct suan_range *r, const char *name, struct suan_jsonw *w)
{
	struct suan_buf text;

	suan_buf_init(&text, 0);
	suan_range_format(r, &text);
	suan_jsonw_str(w, name, suan_buf_str(&text));
	suan_buf_done(&text);
}

static void put_list(const struct suan_job_doc *doc, const struct suan_job_field *f,
		     struct suan_jsonw *w)
{
	const void *list = *(const void *const *)at(doc, f->at);
	uint32_t n = *(const uint32_t *)at(doc, f->count_at);

	if (n == 0)
		return;
	if (f->type == SUAN_F_ENV)
		put_env(doc, f->name, w);
	else if (f->type == SUAN_F_DEPS)
		put_deps(list, n, f->name, w);
	else if (f->type == SUAN_F_STAGES)
		put_stages(list, n, f->name, w);
	else
		put_strings(list, n, f->name, w);
}

static void put_number(const struct suan_job_doc *doc, const struct suan_job_doc *normal,
		       const struct suan_job_field *f, struct suan_jsonw *w)
{
	uint32_t v = *(const uint32_t *)at(doc, f->at);

	if (v == *(const uint32_t *)at(normal, f->at))
		return;
	suan_jsonw_i64(w, f->name, f->type == SUAN_F_INT ? (int64_t)(int32_t)v : v);
}

/* Values whose absence is 0, false or "". */
static void put_scalar(const struct suan_job_doc *doc, const struct suan_job_field *f,
		       struct suan_jsonw *w)
{
	const void *p = at(doc, f->at);

	if (f->type == SUAN_F_STRING) {
		const char *s = *(const char *const *)p;

		if (s && s[0])
			suan_jsonw_str(w, f->name, s);
	} else if (f->type == SUAN_F_LATENCY) {
		if (*(const uint32_t *)p)
			suan_jsonw_fixed(w, f->name, *(const uint32_t *)p, 3);
	} else if (f->type == SUAN_F_BOOL) {
		if (*(const bool *)p)
			suan_jsonw_bool(w, f->name, true);
	} else if (f->type == SUAN_F_GUARANTEE) {
		if (*(const enum suan_guarantee *)p != SUAN_LEASE)
			suan_jsonw_str(w, f->name,
				       suan_guarantee_name(*(const enum suan_guarantee *)p));
	} else if (f->type == SUAN_F_GOAL) {
		if (*(const enum suan_goal *)p != SUAN_GOAL_FASTEST)
			suan_jsonw_str(w, f->name, suan_goal_name(*(const enum suan_goal *)p));
	} else if (f->type == SUAN_F_RANGE) {
		const struct suan_range *r = *(const struct suan_range *const *)p;

		if (r && r->nruns)
			put_range(r, f->name, w);
	} else if (*(const int64_t *)p) {
		int64_t v = *(const int64_t *)p;

		if (f->type == SUAN_F_SIZE)
			suan_jsonw_i64(w, f->name, v);
		else if (f->type == SUAN_F_SECONDS)
			suan_jsonw_fixed(w, f->name, v, 3);
		else
			suan_jsonw_time(w, f->name, v);
	}
}

void suan_job_to_json(const struct suan_job_doc *doc, struct suan_jsonw *w)
{
	struct suan_job_doc resolved = *doc, normal;
	uint32_t n;
	const struct suan_job_field *f = suan_job_fields(&n);

	/* What cannot be resolved is written as it stands; sealing says why. */
	if (suan_job_resolve(&resolved, NULL) != SUAN_OK)
		resolved = *doc;
	suan_job_doc_init(&normal);
	for (uint32_t i = 0; i < n; i++) {
		if (f[i].type == SUAN_F_COUNT || f[i].type == SUAN_F_INT)
			put_number(&resolved, &normal, &f[i], w);
		else if (f[i].count_at)
			put_list(&resolved, &f[i], w);
		else
			put_scalar(&resolved, &f[i], w);
	}
}
