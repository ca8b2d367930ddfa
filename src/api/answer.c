/* Answers and parameters of a call. */
#include "api/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "core/doc.h"

void suan_api_call_free(struct suan_api_call *c, int status)
{
	suan_api_count_answer(c->api, c->route_number, status);
	suan_api_call_drop(c);
}

void suan_api_call_drop(struct suan_api_call *c)
{
	suan_arena_done(&c->arena);
	suan_buf_done(&c->jobs.warnings);
	free(c);
}

static void send(struct suan_api_call *c, int status, const char *type, struct suan_buf *body,
		 const char *headers)
{
	struct suan_http_reply reply = {.status = status, .type = type, .headers = headers};
	struct suan_err err = {0};

	if (suan_buf_ok(body, &err) != SUAN_OK) {
		suan_buf_done(body);
		reply = (struct suan_http_reply){.status = 500};
	} else
		reply.body = suan_buf_take(body, &reply.n);
	suan_http_reply(c->req, &reply);
	suan_api_call_free(c, reply.status);
}

void suan_api_send(struct suan_api_call *c, int status, struct suan_buf *body, const char *headers)
{
	const char *type =
		c->route && c->route->response_type ? c->route->response_type : "application/json";

	send(c, status, type, body, headers);
}

void suan_api_send_as(struct suan_api_call *c, const char *type, struct suan_buf *body)
{
	send(c, 200, type, body, NULL);
}

void suan_api_object_open(struct suan_api_object *o, const char *list)
{
	suan_buf_init(&o->text, 0);
	suan_jsonw_init(&o->w, &o->text);
	suan_jsonw_open(&o->w, NULL, '{');
	o->list = list != NULL;
	if (o->list)
		suan_jsonw_open(&o->w, list, '[');
}

void suan_api_object_send(struct suan_api_call *c, struct suan_api_object *o)
{
	if (o->list)
		suan_jsonw_close(&o->w, ']');
	suan_jsonw_close(&o->w, '}');
	suan_api_send(c, 200, &o->text, NULL);
}

void suan_api_object_made(struct suan_api_call *c, struct suan_api_object *o,
			  const struct suan_core_answer *answer, const char *path, uint64_t id)
{
	char headers[160];

	suan_jsonw_close(&o->w, '}');
	(void)snprintf(headers, sizeof(headers), "Location: %.64s/%llu\n%s", path,
		       (unsigned long long)id, answer->repeated ? "Suan-Repeated: true\n" : "");
	suan_api_send(c, answer->repeated ? 200 : 201, &o->text, headers);
}

int suan_api_status(enum suan_code code)
{
	switch (code) {
	case SUAN_OK:
		return 200;
	case SUAN_EINVAL:
		return 400;
	case SUAN_EDENIED:
		return 403;
	case SUAN_ENOTFOUND:
		return 404;
	case SUAN_ECONFLICT:
		return 409;
	case SUAN_ETOOBIG:
		return 413;
	case SUAN_EREFUSED:
		return 422;
	case SUAN_EBUSY:
	case SUAN_EUNREACHABLE:
		return 503;
	case SUAN_EFULL:
		return 507;
	case SUAN_ENOMEM:
	case SUAN_EIO:
	case SUAN_ECORRUPT:
		return 500;
	}
	return 500;
}

static const char *title_of(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{400, "Bad request"},	 {401, "Not authenticated"},  {403, "Not allowed"},
		{404, "Not found"},	 {405, "Method not allowed"}, {409, "Conflict"},
		{413, "Too large"},	 {415, "Wrong content type"}, {422, "Refused"},
		{500, "Internal error"}, {503, "Not available"},      {507, "No space left"},
	};

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

struct problem {
	int status;
	const char *code; /* of the type URN */
	const struct suan_err *err;
	const struct suan_core_answer *answer; /* NULL = none */
};

static void send_problem(struct suan_api_call *c, const struct problem *p)
{
	struct suan_buf text, type, headers;
	struct suan_jsonw w;

	suan_buf_init(&text, 0);
	suan_buf_init(&type, 0);
	suan_buf_addf(&type, "urn:suan:error:%s", p->code);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_str(&w, "type", suan_buf_str(&type));
	suan_jsonw_str(&w, "title", title_of(p->status));
	suan_jsonw_i64(&w, "status", p->status);
	suan_jsonw_str(&w, "detail", p->err->text);
	if (p->err->field[0])
		suan_jsonw_str(&w, "field", p->err->field);
	if (c->jobs.line)
		suan_jsonw_i64(&w, "line", c->jobs.line);
	if (p->answer && p->answer->refused != SUAN_R_NONE) {
		suan_jsonw_str(&w, "reason", suan_reason_name(p->answer->refused));
		suan_jsonw_i64(&w, "a", p->answer->a);
		suan_jsonw_i64(&w, "b", p->answer->b);
	}
	suan_jsonw_close(&w, '}');
	suan_buf_done(&type);
	suan_buf_init(&headers, 0);
	if (p->status == 401)
		suan_buf_adds(&headers, "WWW-Authenticate: Bearer\n");
	else if (p->status == 503 || p->status == 507)
		suan_buf_adds(&headers, "Retry-After: 1\n");
	else if (p->status == 405) {
		suan_buf_adds(&headers, "Allow: ");
		suan_api_methods(suan_http_path(c->req), &headers);
		suan_buf_addc(&headers, '\n');
	}
	send(c, p->status, "application/problem+json", &text,
	     headers.len ? suan_buf_str(&headers) : NULL);
	suan_buf_done(&headers);
}

void suan_api_problem(struct suan_api_call *c, int status, const struct suan_err *err)
{
	struct problem p = {status, suan_code_name(err->code), err, NULL};

	send_problem(c, &p);
}

/* The field that a rule found too much. NULL: no single one. */
static const char *field_of(enum suan_reason reason)
{
	static const struct {
		enum suan_reason reason;
		const char *field;
	} fields[] = {
		{SUAN_R_NOT_ALLOWED, "site"},	    {SUAN_R_TOO_MANY_CORES, "cores"},
		{SUAN_R_TOO_MUCH_MEMORY, "memory"}, {SUAN_R_TOO_MANY_GPUS, "gpus"},
		{SUAN_R_GPU_KIND, "gpu"},	    {SUAN_R_TOO_MANY_NODES, "nodes"},
		{SUAN_R_TOO_MANY_TASKS, "tasks"},   {SUAN_R_DEADLINE, "deadline"},
		{SUAN_R_BAD_DEPENDENCY, "after"},   {SUAN_R_TOO_LONG, "walltime_s"},
		{SUAN_R_TOO_FAR, "max_latency_ms"},
		{SUAN_R_RESERVED, "from"},	    {SUAN_R_HORIZON, "to"},
		{SUAN_R_RESERVATION_USER, "reservation"},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].reason == reason)
			return fields[i].field;
	return NULL;
}

/* What of the request a refusal is about. NULL: nothing of it. */
static const char *fault_of(const struct suan_api_call *c, const struct suan_core_answer *answer)
{
	if (answer->refused != SUAN_R_NONE)
		return field_of(answer->refused);
	if (answer->code != SUAN_ENOTFOUND && answer->code != SUAN_ECONFLICT)
		return NULL;
	if (strstr(c->route->path, "{id}"))
		return "id";
	if (strstr(c->route->path, "{name}"))
		return "name";
	return answer->code == SUAN_ECONFLICT ? "Idempotency-Key" : NULL;
}

void suan_api_refuse(struct suan_api_call *c, const struct suan_core_answer *answer)
{
	const char *field = fault_of(c, answer);
	struct suan_err err = *answer->err;
	struct problem p = {suan_api_status(answer->code), suan_code_name(answer->code), &err,
			    answer};

	if (answer->refused != SUAN_R_NONE)
		p.code = suan_reason_name(answer->refused);
	if (!err.field[0] && field)
		snprintf(err.field, sizeof(err.field), "%s", field);
	send_problem(c, &p);
}

/* ---- parameters ---- */

bool suan_api_number(struct suan_api_call *c, const char *name, int64_t min, int64_t max,
		     int64_t *value)
{
	const char *text = suan_http_query(c->req, name);
	struct suan_err err = {0};
	int64_t v;

	if (!text)
		return true;
	if (suan_parse_i64(text, &v, &err) != SUAN_OK || v < min || v > max) {
		suan_fail_field(&err, SUAN_EINVAL, name,
				"expected a whole number from %lld to %lld, found \"%.40s\"",
				(long long)min, (long long)max, text);
		suan_api_problem(c, 400, &err);
		return false;
	}
	*value = v;
	return true;
}

bool suan_api_word(struct suan_api_call *c, const char *name, const char *const *words,
		   unsigned *ret)
{
	const char *text = suan_http_query(c->req, name);
	struct suan_err err = {0};
	struct suan_buf list;

	if (!text)
		return true;
	suan_buf_init(&list, 0);
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			suan_buf_done(&list);
			*ret = i;
			return true;
		}
		suan_buf_addf(&list, "%s%s", i ? " or " : "", words[i]);
	}
	suan_fail_field(&err, SUAN_EINVAL, name, "expected %s, found \"%.40s\"",
			suan_buf_str(&list), text);
	suan_buf_done(&list);
	suan_api_problem(c, 400, &err);
	return false;
}

bool suan_api_job_id(struct suan_api_call *c)
{
	char *under = strchr(c->name, '_');
	struct suan_err err = {0};
	uint64_t job = 0, index = 0;
	bool good;

	if (under)
		*under = '\0';
	good = suan_parse_u64(c->name, &job, &err) == SUAN_OK;
	if (good && under) {
		good = suan_parse_u64(under + 1, &index, &err) == SUAN_OK && index <= UINT32_MAX;
		*under = '_';
	}
	if (!good) {
		suan_fail_field(&err, SUAN_EINVAL, "id",
				"\"%.60s\" is no job id; expected 12, or 12_5 for an element",
				c->name);
		suan_api_problem(c, 400, &err);
		return false;
	}
	c->job = job;
	c->index = (uint32_t)index;
	c->element = under != NULL;
	return true;
}

bool suan_api_find_job(struct suan_api_call *c, struct suan_job_view *ret)
{
	struct suan_err err = {0};
	uint32_t pos;

	if (!suan_api_job_id(c))
		return false;
	if (!suan_engine_job(suan_api_engine(c->api), c->job, ret))
		suan_fail_field(&err, SUAN_ENOTFOUND, "id", "no job %llu",
				(unsigned long long)c->job);
	else if (c->element &&
		 (!ret->is_array ? c->index != 0 : !suan_range_pos(ret->array, c->index, &pos)))
		suan_fail_field(&err, SUAN_ENOTFOUND, "id", "job %llu has no element %u",
				(unsigned long long)c->job, c->index);
	else
		return true;
	suan_api_problem(c, 404, &err);
	return false;
}
