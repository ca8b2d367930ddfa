/* Jobs from JSON, and from YAML by way of JSON. */
#include <stdio.h>
#include <string.h>

#include "wire/job.h"
#include "wire/job_value.h"
#include "wire/list.h"
#include "wire/nearest.h"
#include "wire/yaml.h"

#define MOST_YAML (8u << 20) /* a script of 4 MiB, and the rest */

struct reading {
	struct suan_json *j;
	struct suan_job_doc *doc;
	int64_t now_ms;
};

typedef bool reader_fn(struct reading *r, const struct suan_job_field *f);

static bool no_memory(struct suan_json *j)
{
	return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
}

static void *at(struct reading *r, uint32_t offset)
{
	return suan_job_at(r->doc, offset);
}

static bool set_list(struct reading *r, const struct suan_job_field *f, const void *list,
		     uint32_t count)
{
	*(const void **)at(r, f->at) = list;
	*(uint32_t *)at(r, f->count_at) = count;
	return true;
}

/* ---- single values ---- */

static bool read_string(struct reading *r, const struct suan_job_field *f)
{
	return suan_json_string(r->j, at(r, f->at));
}

static bool read_bool(struct reading *r, const struct suan_job_field *f)
{
	return suan_json_bool(r->j, at(r, f->at));
}

static bool read_whole(struct reading *r, const struct suan_job_field *f)
{
	int64_t v;

	return suan_json_i64(r->j, f->min, f->max, &v) && suan_job_number(r->doc, f, v);
}

/* A value that is written as text: through the parser of options. */
static bool read_text(struct reading *r, const struct suan_job_field *f)
{
	struct suan_json *j = r->j;
	const char *before;
	struct suan_job_setting s = {r->doc, f, NULL, false, r->now_ms, j->arena};
	struct suan_err err = {0};
	enum suan_code rc;

	(void)suan_json_peek(j);
	before = j->p;
	if (!suan_json_string(j, &s.text))
		return false;
	rc = suan_job_value(&s, &err);
	if (rc == SUAN_OK)
		return true;
	j->p = before;
	return suan_json_fail(j, rc, "%s", err.text);
}

/* A number, else text with a unit. */
static bool read_amount(struct reading *r, const struct suan_job_field *f)
{
	struct suan_json *j = r->j;
	enum suan_json_type type = suan_json_peek(j);
	const char *before = j->p;
	char words[128];
	int64_t v;

	if (type == SUAN_JSON_STRING)
		return read_text(r, f);
	suan_job_number_words(f, words, sizeof(words));
	if (type != SUAN_JSON_NUMBER)
		return suan_json_expected(j, "%s", words);
	if (!suan_json_fixed(j, f->type == SUAN_F_SIZE ? 0 : 3, &v))
		return false;
	if (suan_job_number(r->doc, f, v))
		return true;
	j->p = before;
	return suan_json_expected(j, "%s", words);
}

/* Milliseconds with three decimals, else text. */
static bool read_latency(struct reading *r, const struct suan_job_field *f)
{
	struct suan_json *j = r->j;
	const char *before;
	int64_t us;

	if (suan_json_peek(j) != SUAN_JSON_NUMBER)
		return read_text(r, f);
	before = j->p;
	if (!suan_json_fixed(j, 3, &us))
		return false;
	j->p = us > 0 && us <= INT64_C(3600000000) ? j->p : before;
	if (j->p == before)
		return suan_json_expected(j, "milliseconds from 0.001 to 3600000");
	*(uint32_t *)suan_job_at(r->doc, f->at) = (uint32_t)us;
	suan_job_mark_given(r->doc, f);
	return true;
}

/* ---- lists ---- */

static bool read_strings(struct reading *r, const struct suan_job_field *f)
{
	const char **list = NULL;
	uint32_t n = 0;

	if (suan_json_peek(r->j) != SUAN_JSON_ARRAY)
		return suan_json_expected(r->j, "a list of strings such as [\"sleep\", \"10\"]");
	if (!suan_json_array(r->j))
		return false;
	while (suan_json_element(r->j)) {
		const char **moved = suan_list_room(r->j->arena, list, n, sizeof(*list));

		if (!moved)
			return no_memory(r->j);
		list = moved;
		if (!suan_json_string(r->j, &list[n]))
			return false;
		n++;
	}
	return !r->j->failed && set_list(r, f, list, n);
}

static bool read_names(struct reading *r, const struct suan_job_field *f)
{
	if (suan_json_peek(r->j) == SUAN_JSON_STRING)
		return read_text(r, f);
	return read_strings(r, f);
}

static bool read_env(struct reading *r, const struct suan_job_field *f)
{
	struct suan_json *j = r->j;
	const char **list = NULL;
	const char *name, *value;
	uint32_t n = 0;

	if (!suan_json_object(j))
		return false;
	while (suan_json_member(j, &name)) {
		const char **moved = suan_list_room(j->arena, list, n, sizeof(*list));
		size_t len = strlen(name), more;
		char *entry;

		if (len == 0 || strchr(name, '='))
			return suan_json_fail_name(j, "expected a name without \"=\"");
		if (!suan_json_string(j, &value))
			return false;
		more = strlen(value) + 1;
		entry = suan_arena_alloc(j->arena, len + 1 + more);
		if (!entry || !moved)
			return no_memory(j);
		memcpy(entry, name, len);
		entry[len] = '=';
		memcpy(entry + len + 1, value, more);
		list = moved;
		list[n++] = entry;
	}
	return !j->failed && set_list(r, f, list, n);
}

/* Reports a member of a small object that is none of the known ones. */
static bool unknown_member(struct suan_json *j, const char *name, const char *const *known)
{
	struct suan_nearest near;
	char list[128] = "";

	suan_nearest_init(&near, name);
	for (size_t i = 0; known[i]; i++) {
		size_t n = strlen(list);

		suan_nearest_try(&near, known[i]);
		(void)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", known[i]);
	}
	if (near.best)
		return suan_json_fail_name(j, "unknown field; did you mean \"%s\"?", near.best);
	return suan_json_fail_name(j, "unknown field; known: %s", list);
}

static bool dep_text(struct reading *r, struct suan_job_deps *deps)
{
	const char *before = r->j->p;
	struct suan_err err = {0};
	const char *text;
	enum suan_code rc;

	if (!suan_json_string(r->j, &text))
		return false;
	rc = suan_job_parse_deps(text, r->j->arena, deps, &err);
	if (rc == SUAN_OK)
		return true;
	r->j->p = before;
	return suan_json_fail(r->j, rc, "%s", err.text);
}

static bool dep_type(struct suan_json *j, enum suan_dep_type *ret)
{
	const char *before = j->p, *name;

	if (!suan_json_string(j, &name))
		return false;
	if (suan_job_dep_type(name, ret))
		return true;
	j->p = before;
	return suan_json_expected(j, "afterok, afterany, afternotok or aftercorr");
}

static bool dep_object(struct reading *r, struct suan_job_deps *deps)
{
	static const char *const known[] = {"type", "job", NULL};
	struct suan_json *j = r->j;
	struct suan_dep d = {SUAN_AFTEROK, 0};
	struct suan_dep *list;
	bool has_type = false;
	const char *name;
	int64_t job = 0;

	if (!suan_json_object(j))
		return false;
	while (suan_json_member(j, &name)) {
		if (strcmp(name, "type") == 0)
			has_type = dep_type(j, &d.type);
		else if (strcmp(name, "job") == 0)
			(void)suan_json_i64(j, 1, INT64_MAX, &job);
		else
			return unknown_member(j, name, known);
	}
	if (j->failed)
		return false;
	if (!has_type || !job)
		return suan_json_fail(j, SUAN_EINVAL,
				      "expected type and job, such as "
				      "{\"type\": \"afterok\", \"job\": 12}, found no %s",
				      has_type ? "job" : "type");
	list = suan_list_room(j->arena, deps->list, deps->count, sizeof(*list));
	if (!list)
		return no_memory(j);
	d.job = (uint64_t)job;
	list[deps->count++] = d;
	deps->list = list;
	return true;
}

static bool read_deps(struct reading *r, const struct suan_job_field *f)
{
	struct suan_job_deps deps = {0};
	struct suan_json *j = r->j;

	if (suan_json_peek(j) == SUAN_JSON_STRING)
		return read_text(r, f);
	if (!suan_json_array(j))
		return false;
	while (suan_json_element(j)) {
		bool text = suan_json_peek(j) == SUAN_JSON_STRING;

		if (!(text ? dep_text(r, &deps) : dep_object(r, &deps)))
			return false;
	}
	return !j->failed && set_list(r, f, deps.list, deps.count);
}

static bool stage_object(struct suan_json *j, bool input, struct suan_stage *s)
{
	static const char *const known[] = {"url", "path", "sha256", NULL};
	static const char *const known_out[] = {"path", "url", NULL};
	const char *name;

	if (!suan_json_object(j))
		return false;
	while (suan_json_member(j, &name)) {
		if (strcmp(name, "url") == 0)
			(void)suan_json_string(j, &s->url);
		else if (strcmp(name, "path") == 0)
			(void)suan_json_string(j, &s->path);
		else if (input && strcmp(name, "sha256") == 0)
			(void)suan_json_string(j, &s->sha256);
		else
			return unknown_member(j, name, input ? known : known_out);
	}
	return !j->failed;
}

static bool read_stage(struct suan_json *j, bool input, struct suan_stage *s)
{
	*s = (struct suan_stage){"", "", ""};
	if (suan_json_peek(j) != SUAN_JSON_STRING) {
		if (!stage_object(j, input, s))
			return false;
	} else if (!suan_json_string(j, input ? &s->url : &s->path)) {
		return false;
	}
	if (!s->url[0])
		return suan_json_fail(j, SUAN_EINVAL, "%s",
				      input ? "expected a url: the file to bring in"
					    : "expected a path and a url: where the output should "
					      "go, such as {\"path\": \"out.csv\", \"url\": "
					      "\"/data/out.csv\"}");
	if (!s->path[0])
		s->path = suan_job_base_name(s->url);
	return true;
}

static bool read_stages(struct reading *r, const struct suan_job_field *f)
{
	struct suan_stage *list = NULL;
	bool input = strcmp(f->name, "inputs") == 0;
	uint32_t n = 0;

	if (!suan_json_array(r->j))
		return false;
	while (suan_json_element(r->j)) {
		struct suan_stage *moved = suan_list_room(r->j->arena, list, n, sizeof(*list));

		if (!moved)
			return no_memory(r->j);
		list = moved;
		if (!read_stage(r->j, input, &list[n]))
			return false;
		n++;
	}
	return !r->j->failed && set_list(r, f, list, n);
}

/* ---- the job ---- */

static reader_fn *const readers[SUAN_NFIELD_TYPES] = {
	[SUAN_F_STRING] = read_string, [SUAN_F_STRINGS] = read_strings, [SUAN_F_ENV] = read_env,
	[SUAN_F_COUNT] = read_whole, [SUAN_F_INT] = read_whole, [SUAN_F_BOOL] = read_bool,
	[SUAN_F_SIZE] = read_amount, [SUAN_F_SECONDS] = read_amount, [SUAN_F_TIME] = read_amount,
	[SUAN_F_RANGE] = read_text, [SUAN_F_DEPS] = read_deps, [SUAN_F_STAGES] = read_stages,
	[SUAN_F_GUARANTEE] = read_text, [SUAN_F_NAMES] = read_names,
	[SUAN_F_LATENCY] = read_latency, [SUAN_F_GOAL] = read_text,
};

static bool unknown_field(struct suan_json *j, const char *name)
{
	struct suan_nearest near;
	uint32_t n;
	const struct suan_job_field *f = suan_job_fields(&n);
	struct suan_buf list;

	if (suan_job_field_planned(name))
		return suan_json_fail_name(j, "not supported by this version");
	suan_nearest_init(&near, name);
	suan_buf_init(&list, 0);
	for (uint32_t i = 0; i < n; i++) {
		suan_nearest_try(&near, f[i].name);
		suan_buf_adds(&list, i ? ", " : "");
		suan_buf_adds(&list, f[i].name);
	}
	if (near.best)
		(void)suan_json_fail_name(j, "unknown field; did you mean \"%s\"?", near.best);
	else
		(void)suan_json_fail_name(j, "unknown field; known: %s", suan_buf_str(&list));
	suan_buf_done(&list);
	return false;
}

static bool read_field(struct reading *r, const char *name)
{
	const struct suan_job_field *f = suan_job_field_named(name);
	uint64_t bit;

	if (!f)
		return unknown_field(r->j, name);
	if (suan_json_peek(r->j) == SUAN_JSON_NULL)
		return suan_json_skip(r->j);
	bit = UINT64_C(1) << suan_job_field_number(f);
	if (r->doc->given & bit)
		return suan_json_fail_name(r->j, "given twice");
	if (!readers[f->type](r, f))
		return false;
	r->doc->given |= bit;
	return true;
}

enum suan_code suan_job_from_json(struct suan_json *j, int64_t now_ms, struct suan_job_doc *ret)
{
	struct reading r = {j, ret, now_ms};
	const char *name;

	suan_job_doc_init(ret);
	if (!suan_json_object(j))
		return j->code;
	while (suan_json_member(j, &name))
		if (!read_field(&r, name))
			return j->code;
	return j->failed ? j->code : SUAN_OK;
}

enum suan_code suan_job_from_yaml(const char *text, size_t n, int64_t now_ms,
				  struct suan_arena *arena, struct suan_job_doc *ret,
				  struct suan_err *err)
{
	struct suan_yaml y;
	struct suan_json j;
	enum suan_code rc;

	suan_job_doc_init(ret);
	if (n > MOST_YAML)
		return suan_fail(err, SUAN_ETOOBIG, "a job file may have %u bytes, found %zu",
				 MOST_YAML, n);
	rc = suan_yaml_open(&y, text, n, err);
	if (rc == SUAN_OK) {
		suan_yaml_reader(&y, NULL, arena, &j, err);
		rc = suan_job_from_json(&j, now_ms, ret);
		if (rc == SUAN_OK && !suan_json_finish(&j))
			rc = j.code;
	}
	suan_yaml_close(&y);
	return rc;
}
