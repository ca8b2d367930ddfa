#include "wire/job_value.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "wire/latency.h"
#include "wire/list.h"

static enum suan_code no_memory(struct suan_err *err)
{
	return suan_fail(err, SUAN_ENOMEM, "out of memory");
}

static enum suan_code expected(const struct suan_job_setting *s, const char *what,
			       struct suan_err *err)
{
	return suan_fail(err, SUAN_EINVAL, "expected %s, found \"%.60s\"", what, s->text);
}

/* ---- numbers ---- */

void suan_job_number_words(const struct suan_job_field *f, char *out, size_t size)
{
	if (f->type == SUAN_F_SIZE)
		(void)snprintf(out, size, "bytes from %lld to %lld or a size such as \"2GiB\"",
			       (long long)f->min, (long long)f->max);
	else if (f->type == SUAN_F_SECONDS)
		(void)snprintf(out, size,
			       "seconds from 0.001 to %lld or a duration such as \"1h30m\"",
			       (long long)(f->max / 1000));
	else if (f->type == SUAN_F_TIME)
		(void)snprintf(out, size,
			       "a time such as \"2026-11-21T08:00:00Z\" or \"now+2h\"");
	else
		(void)snprintf(out, size, "a whole number from %lld to %lld", (long long)f->min,
			       (long long)f->max);
}

bool suan_job_number(struct suan_job_doc *doc, const struct suan_job_field *f, int64_t v)
{
	void *at = suan_job_at(doc, f->at);

	if (v < f->min || v > f->max)
		return false;
	if (f->type == SUAN_F_COUNT)
		*(uint32_t *)at = (uint32_t)v;
	else if (f->type == SUAN_F_INT)
		*(int32_t *)at = (int32_t)v;
	else if (f->type == SUAN_F_SIZE)
		*(uint64_t *)at = (uint64_t)v;
	else
		*(int64_t *)at = v;
	return true;
}

static enum suan_code set_number(const struct suan_job_setting *s, int64_t v,
				 struct suan_err *err)
{
	char words[128];

	if (suan_job_number(s->doc, s->field, v))
		return SUAN_OK;
	suan_job_number_words(s->field, words, sizeof(words));
	return expected(s, words, err);
}

static enum suan_code set_whole(const struct suan_job_setting *s, struct suan_err *err)
{
	char words[128];
	int64_t v;

	if (suan_parse_i64(s->text, &v, NULL) == SUAN_OK)
		return set_number(s, v, err);
	suan_job_number_words(s->field, words, sizeof(words));
	return expected(s, words, err);
}

static enum suan_code set_size(const struct suan_job_setting *s, struct suan_err *err)
{
	uint64_t v;
	enum suan_code rc = suan_parse_size(s->text, s->sbatch ? 1u << 20 : 1, &v, err);

	if (rc != SUAN_OK)
		return rc;
	return set_number(s, v > INT64_MAX ? INT64_MAX : (int64_t)v, err);
}

/* sbatch's "no limit" is the longest that the service allows by default. */
static bool no_limit(const char *text)
{
	return strcasecmp(text, "unlimited") == 0 || strcasecmp(text, "infinite") == 0 ||
	       strcmp(text, "0") == 0;
}

static enum suan_code set_seconds(const struct suan_job_setting *s, struct suan_err *err)
{
	int64_t ms;
	enum suan_code rc;

	if (s->sbatch && no_limit(s->text)) {
		*(int64_t *)suan_job_at(s->doc, s->field->at) = 0;
		return SUAN_OK;
	}
	rc = suan_parse_duration(s->text, s->sbatch ? 60000 : 1000, &ms, err);
	return rc == SUAN_OK ? set_number(s, ms, err) : rc;
}

static enum suan_code set_time(const struct suan_job_setting *s, struct suan_err *err)
{
	int64_t ms;
	enum suan_code rc = suan_parse_time(s->text, s->now_ms, &ms, err);

	return rc == SUAN_OK ? set_number(s, ms, err) : rc;
}

static enum suan_code set_latency(const struct suan_job_setting *s, struct suan_err *err)
{
	return suan_latency_parse(s->text, suan_job_at(s->doc, s->field->at), err);
}

/* ---- words ---- */

static enum suan_code set_string(const struct suan_job_setting *s, struct suan_err *err)
{
	const char *copy = suan_arena_str(s->arena, s->text);

	if (!copy)
		return no_memory(err);
	*(const char **)suan_job_at(s->doc, s->field->at) = copy;
	return SUAN_OK;
}

static enum suan_code set_bool(const struct suan_job_setting *s, struct suan_err *err)
{
	bool *at = suan_job_at(s->doc, s->field->at);
	const char *t = s->text;

	if (!t || strcmp(t, "true") == 0 || strcmp(t, "yes") == 0 || strcmp(t, "1") == 0)
		*at = true;
	else if (strcmp(t, "false") == 0 || strcmp(t, "no") == 0 || strcmp(t, "0") == 0)
		*at = false;
	else if (s->sbatch) /* --exclusive=user */
		*at = true;
	else
		return expected(s, "true or false", err);
	return SUAN_OK;
}

static enum suan_code set_goal(const struct suan_job_setting *s, struct suan_err *err)
{
	for (int i = 0; i < SUAN_NGOALS; i++)
		if (strcmp(s->text, suan_goal_name((enum suan_goal)i)) == 0) {
			*(enum suan_goal *)suan_job_at(s->doc, s->field->at) = (enum suan_goal)i;
			return SUAN_OK;
		}
	return expected(s, "fastest, cheapest, greenest or balanced", err);
}

static enum suan_code set_guarantee(const struct suan_job_setting *s, struct suan_err *err)
{
	static const enum suan_guarantee all[] = {SUAN_LEASE, SUAN_AT_MOST_ONCE,
						  SUAN_AT_LEAST_ONCE};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(s->text, suan_guarantee_name(all[i])) != 0)
			continue;
		*(enum suan_guarantee *)suan_job_at(s->doc, s->field->at) = all[i];
		return SUAN_OK;
	}
	return expected(s, "lease, at-most-once or at-least-once", err);
}

static enum suan_code set_range(const struct suan_job_setting *s, struct suan_err *err)
{
	struct suan_range *range = suan_arena_alloc(s->arena, sizeof(*range));
	enum suan_code rc;

	if (!range)
		return no_memory(err);
	rc = suan_range_parse(s->text, range, err);
	if (rc == SUAN_OK)
		*(const struct suan_range **)suan_job_at(s->doc, s->field->at) = range;
	return rc;
}

/* ---- lists ---- */

static void set_list(const struct suan_job_setting *s, const void *list, uint32_t count)
{
	*(const void **)suan_job_at(s->doc, s->field->at) = list;
	*(uint32_t *)suan_job_at(s->doc, s->field->count_at) = count;
}

static enum suan_code set_names(const struct suan_job_setting *s, struct suan_err *err)
{
	const char **list = NULL;
	const char *p = s->text;
	uint32_t n = 0;

	for (;;) {
		size_t len = strcspn(p, ",");
		const char **moved = suan_list_room(s->arena, list, n, sizeof(*list));

		if (len == 0)
			return expected(s, "names separated by commas", err);
		if (!moved)
			return no_memory(err);
		list = moved;
		list[n] = suan_arena_mem(s->arena, p, len);
		if (!list[n++])
			return no_memory(err);
		if (!p[len])
			break;
		p += len + 1;
	}
	set_list(s, list, n);
	return SUAN_OK;
}

static enum suan_code add_string(const struct suan_job_setting *s, struct suan_err *err)
{
	uint32_t n = *(uint32_t *)suan_job_at(s->doc, s->field->count_at);
	const char **list = *(const char ***)suan_job_at(s->doc, s->field->at);

	list = suan_list_copy(s->arena, list, n, sizeof(*list));
	if (!list)
		return no_memory(err);
	list[n] = suan_arena_str(s->arena, s->text);
	if (!list[n])
		return no_memory(err);
	set_list(s, list, n + 1);
	return SUAN_OK;
}

enum suan_code suan_job_add_env(struct suan_job_doc *doc, const char *entry,
				struct suan_arena *arena, struct suan_err *err)
{
	size_t name = strcspn(entry, "=");
	uint32_t n = doc->env.count;
	const char **list;
	char *copy;

	if (name == 0 || !entry[name])
		return suan_fail(err, SUAN_EINVAL, "expected NAME=value, found \"%.60s\"", entry);
	list = suan_list_copy(arena, doc->env.list, n, sizeof(*list));
	copy = suan_arena_str(arena, entry);
	if (!list || !copy)
		return no_memory(err);
	for (uint32_t i = 0; i < n; i++) {
		if (strncmp(list[i], entry, name + 1) != 0)
			continue;
		list[i] = copy;
		doc->env.list = list;
		return SUAN_OK;
	}
	list[n] = copy;
	doc->env.list = list;
	doc->env.count = n + 1;
	return SUAN_OK;
}

static enum suan_code add_env(const struct suan_job_setting *s, struct suan_err *err)
{
	return suan_job_add_env(s->doc, s->text, s->arena, err);
}

const char *suan_job_base_name(const char *url)
{
	const char *slash = strrchr(url, '/');

	return slash ? slash + 1 : url;
}

/* "NAME=URL", or "URL" whose base name is the name. */
static enum suan_code add_stage(const struct suan_job_setting *s, struct suan_err *err)
{
	uint32_t n = *(uint32_t *)suan_job_at(s->doc, s->field->count_at);
	struct suan_stage *list = *(struct suan_stage **)suan_job_at(s->doc, s->field->at);
	size_t name = strcspn(s->text, "=");
	char *copy = suan_arena_str(s->arena, s->text);

	list = suan_list_copy(s->arena, list, n, sizeof(*list));
	if (!list || !copy)
		return no_memory(err);
	list[n] = (struct suan_stage){suan_job_base_name(copy), copy, ""};
	if (copy[name] && copy[0] != '/') {
		copy[name] = '\0';
		list[n].path = copy;
		list[n].url = copy + name + 1;
	} else if (strcmp(s->field->name, "outputs") == 0) {
		return expected(s, "NAME=PATH with the place where the output should go", err);
	}
	set_list(s, list, n + 1);
	return SUAN_OK;
}

bool suan_job_dep_type(const char *name, enum suan_dep_type *ret)
{
	static const enum suan_dep_type all[] = {SUAN_AFTEROK, SUAN_AFTERANY, SUAN_AFTERNOTOK,
						 SUAN_AFTERCORR};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(name, suan_dep_name(all[i])) == 0) {
			*ret = all[i];
			return true;
		}
	}
	return false;
}

static enum suan_code add_dep(struct suan_job_deps *deps, struct suan_dep d,
			      struct suan_arena *arena, struct suan_err *err)
{
	struct suan_dep *list = suan_list_room(arena, deps->list, deps->count, sizeof(*list));

	if (!list)
		return no_memory(err);
	list[deps->count++] = d;
	deps->list = list;
	return SUAN_OK;
}

static enum suan_code bad_dep(const char *text, struct suan_err *err)
{
	return suan_fail(err, SUAN_EINVAL,
			 "expected afterok, afterany, afternotok or aftercorr with job numbers "
			 "such as \"afterok:12:13,afterany:14\", found \"%.60s\"",
			 text);
}

/* One "afterok:12:13" of n bytes. */
static enum suan_code one_dep(const char *text, size_t n, struct suan_arena *arena,
			      struct suan_job_deps *deps, struct suan_err *err)
{
	char *copy = suan_arena_mem(arena, text, n);
	char *save = NULL, *word;
	struct suan_dep d = {0};
	bool some = false;

	if (!copy)
		return no_memory(err);
	word = strtok_r(copy, ":", &save);
	if (!word || !suan_job_dep_type(word, &d.type))
		return bad_dep(text, err);
	while ((word = strtok_r(NULL, ":", &save)) != NULL) {
		if (suan_parse_u64(word, &d.job, NULL) != SUAN_OK || d.job == 0 ||
		    d.job > INT64_MAX)
			return bad_dep(text, err);
		if (add_dep(deps, d, arena, err) != SUAN_OK)
			return SUAN_ENOMEM;
		some = true;
	}
	return some ? SUAN_OK : bad_dep(text, err);
}

enum suan_code suan_job_parse_deps(const char *text, struct suan_arena *arena,
				   struct suan_job_deps *deps, struct suan_err *err)
{
	for (;;) {
		size_t n = strcspn(text, ",");
		enum suan_code rc = one_dep(text, n, arena, deps, err);

		if (rc != SUAN_OK || !text[n])
			return rc;
		text += n + 1;
	}
}

static enum suan_code set_deps(const struct suan_job_setting *s, struct suan_err *err)
{
	struct suan_job_deps deps = {0};
	enum suan_code rc = suan_job_parse_deps(s->text, s->arena, &deps, err);

	if (rc == SUAN_OK)
		set_list(s, deps.list, deps.count);
	return rc;
}

/* ---- all ---- */

static enum suan_code (*const setters[SUAN_NFIELD_TYPES])(const struct suan_job_setting *,
							   struct suan_err *) = {
	[SUAN_F_STRING] = set_string,
	[SUAN_F_STRINGS] = add_string,
	[SUAN_F_ENV] = add_env,
	[SUAN_F_COUNT] = set_whole,
	[SUAN_F_INT] = set_whole,
	[SUAN_F_BOOL] = set_bool,
	[SUAN_F_SIZE] = set_size,
	[SUAN_F_SECONDS] = set_seconds,
	[SUAN_F_TIME] = set_time,
	[SUAN_F_RANGE] = set_range,
	[SUAN_F_DEPS] = set_deps,
	[SUAN_F_STAGES] = add_stage,
	[SUAN_F_GUARANTEE] = set_guarantee,
	[SUAN_F_NAMES] = set_names,
	[SUAN_F_LATENCY] = set_latency,
	[SUAN_F_GOAL] = set_goal,
};

enum suan_code suan_job_value(const struct suan_job_setting *s, struct suan_err *err)
{
	enum suan_code rc;

	if (!s->text && s->field->type != SUAN_F_BOOL)
		return suan_fail(err, SUAN_EINVAL, "expected a value, found none");
	if (s->field->special || (s->sbatch && suan_job_sbatch_differs(s->field)))
		return suan_job_sbatch_value(s, err);
	rc = setters[s->field->type](s, err);
	if (rc != SUAN_OK)
		return rc;
	suan_job_drop_claims(s->doc, s->field);
	suan_job_mark_given(s->doc, s->field);
	return SUAN_OK;
}

enum suan_code suan_job_set(struct suan_job_doc *doc, const struct suan_job_field *f,
			    const struct suan_job_text *text, struct suan_err *err)
{
	struct suan_job_setting s = {doc,	    f,		   text->value,
				     text->sbatch, text->now_ms, text->arena};
	struct suan_err inner = {0};
	enum suan_code rc = suan_job_value(&s, &inner);

	if (rc == SUAN_OK)
		return SUAN_OK;
	return suan_fail_field(err, rc, f->name, "%s: %s", f->name, inner.text);
}
