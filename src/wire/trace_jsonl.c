#include <stddef.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "wire/json.h"
#include "wire/keys.h"
#include "wire/trace_inside.h"

/* One line. */
struct doc {
	struct suan_trace_job job;
	/* arena; NULL = none */
	const char *user, *account, *qos, *site, *gpu, *not_hub, *near, *reservation;
	struct suan_trace_reader *r;
	bool no_memory;
};

struct input {
	const char *data; /* arena */
};

static const struct suan_key input_keys[] = {
	{"data", SUAN_KEY_STRING, offsetof(struct input, data), 0, 0, 0, NULL, true},
};
static const struct suan_keys input_table = {input_keys, 1};

static enum suan_code intern(struct suan_trace_reader *r, const char *s, uint32_t *ret_id)
{
	return s ? suan_intern_add(r->names, s, strlen(s), ret_id) : SUAN_OK;
}

static enum suan_code add_input(struct suan_trace_reader *r, const char *name)
{
	struct suan_trace *t = &r->table;
	enum suan_code rc;

	if (t->ninputs == UINT32_MAX)
		return SUAN_ENOMEM;
	rc = suan_grow(&t->inputs, &r->inputs_cap, t->ninputs + 1, sizeof(*t->inputs));
	if (rc == SUAN_OK)
		rc = intern(r, name, &t->inputs[t->ninputs]);
	if (rc == SUAN_OK)
		t->ninputs++;
	return rc;
}

static bool read_inputs(struct suan_json *j, void *object)
{
	struct doc *d = object;

	d->job.first_input = (uint32_t)d->r->table.ninputs;
	if (suan_json_peek(j) != SUAN_JSON_ARRAY)
		return suan_json_expected(j, "an array such as [{\"data\": \"name\"}]");
	if (!suan_json_array(j))
		return false;
	while (suan_json_element(j)) {
		struct input in = {0};

		if (!suan_keys_read(j, &input_table, &in))
			return false;
		if (!in.data[0])
			return suan_json_fail(j, SUAN_EINVAL,
					      "expected the name of a data set, "
					      "found \"\"");
		if (add_input(d->r, in.data) != SUAN_OK) {
			d->no_memory = true;
			return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
		}
		d->job.ninputs++;
	}
	return !j->failed;
}

static bool read_goal(struct suan_json *j, void *object)
{
	struct doc *d = object;
	const char *word;

	if (!suan_json_string(j, &word))
		return false;
	for (int i = 0; i < SUAN_NGOALS; i++)
		if (strcmp(word, suan_goal_name((enum suan_goal)i)) == 0) {
			d->job.goal = (enum suan_goal)i;
			return true;
		}
	return suan_json_fail(j, SUAN_EINVAL,
			      "expected fastest, cheapest, greenest or balanced, found \"%.40s\"",
			      word);
}

#define AT(field) offsetof(struct doc, field)
#define TIME(name, at)                                                                             \
	{                                                                                          \
		name, SUAN_KEY_I64_FIXED, at, 3, -SUAN_TRACE_MOST_MS, SUAN_TRACE_MOST_MS, NULL,    \
			false                                                                      \
	}
#define WHOLE(name, at)                                                                            \
	{                                                                                          \
		name, SUAN_KEY_U32, at, 0, 0, UINT32_MAX, NULL, false                              \
	}
#define TEXT(name, at)                                                                             \
	{                                                                                          \
		name, SUAN_KEY_STRING, at, 0, 0, 0, NULL, false                                    \
	}

static const struct suan_key keys[] = {
	{"id", SUAN_KEY_U64, AT(job.id), 0, 0, INT64_MAX, NULL, false},
	TIME("submit_s", AT(job.submit_ms)),
	TIME("run_s", AT(job.run_ms)),
	TIME("estimate_s", AT(job.estimate_ms)),
	WHOLE("tasks", AT(job.tasks)),
	WHOLE("cores", AT(job.cores)),
	WHOLE("gpus", AT(job.gpus)),
	TEXT("gpu", AT(gpu)),
	{"memory", SUAN_KEY_SIZE, AT(job.memory), 0, 0, INT64_MAX, NULL, false},
	WHOLE("nodes", AT(job.nodes)),
	TEXT("user", AT(user)),
	TEXT("account", AT(account)),
	TEXT("qos", AT(qos)),
	{"checkpointable", SUAN_KEY_BOOL, AT(job.checkpointable), 0, 0, 0, NULL, false},
	TEXT("site", AT(site)),
	TEXT("not_hub", AT(not_hub)),
	TEXT("reservation", AT(reservation)),
	TIME("deadline_s", AT(job.deadline_ms)),
	TEXT("near", AT(near)),
	{"max_latency_ms", SUAN_KEY_U32_FIXED, AT(job.max_latency_us), 3, 1, 3600000000, NULL,
	 false},
	TIME("max_delay_s", AT(job.max_delay_ms)),
	{"goal", SUAN_KEY_CALL, 0, 0, 0, 0, read_goal, false},
	{"inputs", SUAN_KEY_CALL, 0, 0, 0, 0, read_inputs, false},
};
static const struct suan_keys table = {keys, sizeof(keys) / sizeof(keys[0])};

/* The line is known better than the JSON reader, which has seen one line, knows it. */
static enum suan_code damaged(struct suan_trace_reader *r, const struct suan_err *why,
			      struct suan_err *err)
{
	static const char first[] = "line 1, ";
	const char *text = why->text;

	if (strncmp(text, first, sizeof(first) - 1) == 0)
		text += sizeof(first) - 1;
	return suan_fail_field(err, SUAN_EINVAL, why->field, "%s:%llu: %s", r->name,
			       (unsigned long long)r->line, text);
}

static enum suan_code add(struct doc *d)
{
	struct suan_trace_reader *r = d->r;
	struct suan_trace_job *to;
	enum suan_code rc;

	if (d->job.deadline_ms < 0)
		d->job.deadline_ms = 0;
	if (d->job.max_delay_ms < 0)
		d->job.max_delay_ms = 0;
	rc = suan_trace_add(r, &d->job, &to);
	if (rc != SUAN_OK)
		return rc;
	if (!to) {
		r->table.ninputs -= d->job.ninputs;
		return SUAN_OK;
	}
	rc = intern(r, d->user, &to->user);
	if (rc == SUAN_OK)
		rc = intern(r, d->account, &to->account);
	if (rc == SUAN_OK)
		rc = intern(r, d->qos, &to->qos);
	if (rc == SUAN_OK)
		rc = intern(r, d->site, &to->site);
	if (rc == SUAN_OK)
		rc = intern(r, d->gpu, &to->gpu);
	if (rc == SUAN_OK)
		rc = intern(r, d->not_hub, &to->not_hub);
	if (rc == SUAN_OK)
		rc = intern(r, d->near, &to->near);
	if (rc == SUAN_OK)
		rc = intern(r, d->reservation, &to->reservation);
	return rc;
}

static enum suan_code read_line(struct suan_trace_reader *r, const char *p, size_t n,
				struct suan_err *err)
{
	struct doc d = {.job = {.tasks = 1, .cores = 1}, .r = r};
	struct suan_err why = {0};
	struct suan_json j;

	suan_json_init(&j, p, n, &r->arena, &why);
	if (suan_json_peek(&j) == SUAN_JSON_END && suan_json_finish(&j))
		return SUAN_OK;
	if (!suan_keys_read(&j, &table, &d) || !suan_json_finish(&j))
		return d.no_memory || j.code == SUAN_ENOMEM ? suan_trace_no_memory(r, err)
							    : damaged(r, &why, err);
	return add(&d) == SUAN_OK ? SUAN_OK : suan_trace_no_memory(r, err);
}

enum suan_code suan_trace_jsonl_lines(struct suan_trace_reader *r, const char *p, const char *end,
				      struct suan_err *err)
{
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		enum suan_code rc;

		r->line++;
		if (nl - p >= (ptrdiff_t)SUAN_TRACE_MOST_LINE)
			return suan_trace_too_long(r, err);
		rc = read_line(r, p, (size_t)(nl - p), err);
		suan_arena_reset(&r->arena);
		if (rc != SUAN_OK)
			return rc;
		p = nl + 1;
	}
	return SUAN_OK;
}
