/* Reservations: making, listing, ending. */
#include "api/reservations.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "core/doc.h"
#include "sys/clock.h"
#include "sys/crypto.h"

#define MOST_MEMORY (INT64_C(1) << 50)
#define LONGEST_S   315360000 /* ten years */
#define MOST_NAMES  1000u

/* ---- the body ---- */

struct ask {
	struct suan_json j;
	struct suan_api_call *c;
	struct suan_reserve *r;
	int64_t duration_ms, now_ms;
};

static bool read_time(struct ask *a, int64_t *ret)
{
	struct suan_err err = {0};
	const char *text;

	if (suan_json_peek(&a->j) == SUAN_JSON_NUMBER)
		return suan_json_fixed(&a->j, 3, ret);
	if (!suan_json_string(&a->j, &text))
		return false;
	if (suan_parse_time(text, a->now_ms, ret, &err) == SUAN_OK)
		return true;
	return suan_json_fail(&a->j, SUAN_EINVAL, "%s", err.text);
}

static bool read_duration(struct ask *a)
{
	struct suan_err err = {0};
	const char *text;

	if (suan_json_peek(&a->j) == SUAN_JSON_NUMBER)
		return suan_json_fixed(&a->j, 3, &a->duration_ms);
	if (!suan_json_string(&a->j, &text))
		return false;
	if (suan_parse_duration(text, 1000, &a->duration_ms, &err) == SUAN_OK)
		return true;
	return suan_json_fail(&a->j, SUAN_EINVAL, "%s", err.text);
}

static bool read_memory(struct ask *a)
{
	struct suan_err err = {0};
	const char *text;
	uint64_t bytes = 0;
	int64_t n = 0;

	if (suan_json_peek(&a->j) == SUAN_JSON_NUMBER) {
		if (!suan_json_i64(&a->j, 0, MOST_MEMORY, &n))
			return false;
		a->r->req.memory = (uint64_t)n;
		return true;
	}
	if (!suan_json_string(&a->j, &text))
		return false;
	if (suan_parse_size(text, 1, &bytes, &err) != SUAN_OK || bytes > MOST_MEMORY)
		return suan_json_fail(&a->j, SUAN_EINVAL, "%s",
				      err.text[0] ? err.text : "too much memory");
	a->r->req.memory = bytes;
	return true;
}

static bool read_count(struct ask *a, int64_t most, uint32_t *ret)
{
	int64_t n;

	if (!suan_json_i64(&a->j, 0, most, &n))
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool read_names(struct ask *a, struct suan_names *ret)
{
	ret->list = suan_arena_array(&a->c->arena, MOST_NAMES, sizeof(char *));
	if (!ret->list)
		return suan_json_fail(&a->j, SUAN_ENOMEM, "out of memory");
	if (suan_json_peek(&a->j) == SUAN_JSON_STRING) {
		ret->count = 1;
		return suan_json_string(&a->j, &ret->list[0]);
	}
	if (!suan_json_array(&a->j))
		return false;
	while (suan_json_element(&a->j)) {
		if (ret->count == MOST_NAMES)
			return suan_json_fail(&a->j, SUAN_EINVAL, "expected at most %u names",
					      MOST_NAMES);
		if (!suan_json_string(&a->j, &ret->list[ret->count]))
			return false;
		ret->count++;
	}
	return !a->j.failed;
}

/* "0-3,7" */
static bool read_nodes(struct ask *a)
{
	struct suan_err err = {0};
	struct suan_range set = {0};
	const char *text;
	uint32_t *list;

	if (!suan_json_string(&a->j, &text))
		return false;
	if (suan_range_parse(text, &set, &err) != SUAN_OK || set.cap)
		return suan_json_fail(&a->j, SUAN_EINVAL,
				      "expected numbers of nodes such as 0-3,7, found \"%.60s\"",
				      text);
	list = suan_arena_array(&a->c->arena, set.count, sizeof(*list));
	if (!list)
		return suan_json_fail(&a->j, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < set.count; i++)
		list[i] = suan_range_at(&set, i);
	a->r->list = list;
	a->r->nlist = set.count;
	return true;
}

static bool read_place(struct ask *a, const char *name)
{
	struct suan_reserve *r = a->r;

	if (strcmp(name, "name") == 0)
		return suan_json_string(&a->j, &r->name);
	if (strcmp(name, "site") == 0)
		return suan_json_string(&a->j, &r->site);
	if (strcmp(name, "pool") == 0)
		return suan_json_string(&a->j, &r->pool);
	if (strcmp(name, "gpu") == 0)
		return suan_json_string(&a->j, &r->gpu);
	if (strcmp(name, "users") == 0)
		return read_names(a, &r->users);
	if (strcmp(name, "accounts") == 0)
		return read_names(a, &r->accounts);
	if (strcmp(name, "maintenance") == 0)
		return suan_json_bool(&a->j, &r->maintenance);
	if (strcmp(name, "single") == 0)
		return suan_json_bool(&a->j, &r->single);
	return suan_json_fail_name(&a->j, "unknown field; expected name, from, to, duration_s, "
					  "site, pool, nodes, node_list, tasks, cores, memory, "
					  "gpus, gpu, users, accounts, maintenance or single");
}

static bool read_member(struct ask *a, const char *name)
{
	struct suan_req *q = &a->r->req;

	if (strcmp(name, "from") == 0)
		return read_time(a, &a->r->from_ms);
	if (strcmp(name, "to") == 0)
		return read_time(a, &a->r->to_ms);
	if (strcmp(name, "duration_s") == 0)
		return read_duration(a);
	if (strcmp(name, "nodes") == 0)
		return read_count(a, 1000000, &a->r->nodes);
	if (strcmp(name, "node_list") == 0)
		return read_nodes(a);
	if (strcmp(name, "tasks") == 0)
		return read_count(a, 1000000, &q->tasks);
	if (strcmp(name, "cores") == 0)
		return read_count(a, 65536, &q->cores);
	if (strcmp(name, "gpus") == 0)
		return read_count(a, 1024, &q->gpus);
	if (strcmp(name, "memory") == 0)
		return read_memory(a);
	return read_place(a, name);
}

static bool settle(struct ask *a, struct suan_err *err)
{
	struct suan_reserve *r = a->r;
	int64_t from = r->from_ms > a->now_ms ? r->from_ms : a->now_ms;
	bool shape = r->req.tasks || r->req.cores || r->req.gpus || r->req.memory;

	if ((r->to_ms != 0) == (a->duration_ms != 0))
		suan_fail_field(err, SUAN_EINVAL, "to",
				"expected one of to and duration_s: how long");
	else if (a->duration_ms < 0 || a->duration_ms > LONGEST_S * INT64_C(1000))
		suan_fail_field(err, SUAN_EINVAL, "duration_s",
				"expected a duration of at most ten years");
	else if ((r->nodes > 0) + (r->nlist > 0) + shape > 1)
		suan_fail_field(err, SUAN_EINVAL, "nodes",
				"expected only one of nodes, node_list and what tasks need");
	else if (!r->maintenance && !r->nodes && !r->nlist && !shape)
		suan_fail_field(err, SUAN_EINVAL, "nodes",
				"how much? expected nodes, node_list, or tasks, cores, memory or "
				"gpus");
	if (err->code != SUAN_OK)
		return false;
	if (a->duration_ms)
		r->to_ms = from + a->duration_ms;
	return true;
}

/* false: answered. */
static bool read_ask(struct suan_api_call *c, struct suan_event *ev)
{
	struct ask a = {.c = c, .now_ms = suan_clock_now_ms()};
	struct suan_err err = {0};
	const char *name;
	size_t n;
	const char *body = suan_http_body(c->req, &n);

	a.r = suan_arena_alloc(&c->arena, sizeof(*a.r));
	if (!a.r) {
		suan_fail(&err, SUAN_ENOMEM, "out of memory");
		suan_api_problem(c, 500, &err);
		return false;
	}
	a.r->name = a.r->site = a.r->pool = a.r->gpu = "";
	suan_json_init(&a.j, body, n, &c->arena, &err);
	if (suan_json_object(&a.j))
		while (suan_json_member(&a.j, &name) && read_member(&a, name))
			;
	if (!a.j.failed)
		suan_json_finish(&a.j);
	if (a.j.failed || !settle(&a, &err)) {
		suan_api_problem(c, err.code == SUAN_ENOMEM ? 500 : 400, &err);
		return false;
	}
	*ev = (struct suan_event){.type = SUAN_EV_RESERVE, .now_ms = a.now_ms};
	ev->u.reserve = a.r;
	return true;
}

/* ---- making one ---- */

static bool is_operator(const struct suan_api_call *c)
{
	return suan_role_allows(c->who.role, SUAN_ROLE_OPERATOR);
}

/* Owner, rights and key; false: answered. */
static bool complete(struct suan_api_call *c, struct suan_event *ev)
{
	/* made by read_ask in the arena of the call */
	struct suan_reserve *r = (struct suan_reserve *)(uintptr_t)ev->u.reserve;
	const char *key = suan_http_header(c->req, "Idempotency-Key");
	struct suan_err err = {0};
	struct suan_buf both;
	size_t n;
	const char *body = suan_http_body(c->req, &n);

	r->owner = suan_arena_str(&c->arena, c->who.user);
	r->exempt = is_operator(c);
	if (r->maintenance && !r->exempt) {
		suan_fail_field(&err, SUAN_EDENIED, "maintenance",
				"maintenance needs the role operator; this token has %s",
				suan_role_name(c->who.role));
		suan_api_problem(c, 403, &err);
		return false;
	}
	if (!key || !key[0])
		return true;
	suan_buf_init(&both, 0);
	suan_buf_adds(&both, "reserve");
	suan_buf_add(&both, c->who.user, strlen(c->who.user) + 1);
	suan_buf_adds(&both, key);
	r->has_key = true;
	r->body_hash = suan_hash_bytes(SUAN_HASH_START, body, n);
	suan_digest16(both.data, both.len, r->key);
	suan_buf_done(&both);
	return true;
}

static void send_one(struct suan_api_call *c, uint32_t id, int status, const char *headers)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_reservation_view v;
	struct suan_jsonw w;
	struct suan_buf text;

	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	if (suan_engine_reservation(e, id, &v))
		suan_doc_reservation(e, &v, &w);
	else
		suan_jsonw_i64(&w, "id", id);
	suan_jsonw_close(&w, '}');
	suan_api_send(c, status, &text, headers);
}

static void made(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;
	char headers[96];

	if (answer->code != SUAN_OK) {
		suan_api_refuse(c, answer);
		return;
	}
	snprintf(headers, sizeof(headers), "Location: /v1/reservations/%u\n%s",
		 answer->reservation, answer->repeated ? "Suan-Repeated: true\n" : "");
	send_one(c, answer->reservation, answer->repeated ? 200 : 201, headers);
}

void suan_api_reserve(struct suan_api_call *c)
{
	struct suan_event ev;

	if (read_ask(c, &ev) && complete(c, &ev))
		suan_core_post(suan_api_config(c->api)->core, &ev, &c->arena, made, c);
}

void suan_api_reserve_check(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_core_answer answer;
	struct suan_pool_view p;
	struct suan_site_view s;
	struct suan_err err = {0};
	struct suan_event ev;
	struct suan_jsonw w;
	struct suan_buf text;

	if (!read_ask(c, &ev) || !complete(c, &ev))
		return;
	suan_core_check(suan_api_config(c->api)->core, &ev, &answer, &err);
	if (answer.code != SUAN_OK) {
		suan_api_refuse(c, &answer);
		return;
	}
	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_bool(&w, "ok", true);
	if (suan_engine_pool(e, answer.pool, &p) && suan_engine_site(e, p.site, &s)) {
		suan_jsonw_str(&w, "site", s.spec->name);
		suan_jsonw_str(&w, "pool", p.name);
	}
	suan_jsonw_i64(&w, "nodes", answer.nodes);
	suan_jsonw_time(&w, "from",
			ev.u.reserve->from_ms > ev.now_ms ? ev.u.reserve->from_ms : ev.now_ms);
	suan_jsonw_time(&w, "to", ev.u.reserve->to_ms);
	suan_jsonw_close(&w, '}');
	suan_api_send(c, 200, &text, NULL);
}

/* ---- reading and ending ---- */

void suan_api_reservations(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	const char *user = suan_http_query(c->req, "user");
	struct suan_reservation_view v;
	struct suan_api_object o;
	uint32_t id = 0;

	if (user && strcmp(user, "me") == 0)
		user = c->who.user;
	suan_api_object_open(&o, "reservations");
	while ((id = suan_engine_next_reservation(e, id))) {
		if (!suan_engine_reservation(e, id, &v) || (user && strcmp(user, v.owner) != 0))
			continue;
		suan_jsonw_open(&o.w, NULL, '{');
		suan_doc_reservation(e, &v, &o.w);
		suan_jsonw_close(&o.w, '}');
	}
	suan_api_object_send(c, &o);
}

/* The one of {name}; false: answered with 404. */
static bool find(struct suan_api_call *c, struct suan_reservation_view *ret)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	uint32_t id = suan_engine_find_reservation(e, c->name);
	struct suan_err err = {0};

	if (id && suan_engine_reservation(e, id, ret))
		return true;
	suan_fail_field(&err, SUAN_ENOTFOUND, "name", "no reservation \"%s\"", c->name);
	suan_api_problem(c, 404, &err);
	return false;
}

void suan_api_reservation(struct suan_api_call *c)
{
	struct suan_reservation_view v;

	if (find(c, &v))
		send_one(c, v.id, 200, NULL);
}

static void ended(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;

	if (answer->code != SUAN_OK)
		suan_api_refuse(c, answer);
	else
		send_one(c, answer->reservation, 200, NULL);
}

void suan_api_unreserve(struct suan_api_call *c)
{
	struct suan_event ev = {.type = SUAN_EV_UNRESERVE, .now_ms = suan_clock_now_ms()};
	const char *to = suan_http_query(c->req, "to");
	struct suan_reservation_view v;
	struct suan_err err = {0};

	if (!find(c, &v))
		return;
	if (strcmp(v.owner, c->who.user) != 0 && !is_operator(c)) {
		suan_fail_field(&err, SUAN_EDENIED, "name",
				"the reservation is not yours; ending it needs the role operator");
		suan_api_problem(c, 403, &err);
		return;
	}
	ev.u.unreserve.id = v.id;
	if (to && suan_parse_time(to, ev.now_ms, &ev.u.unreserve.to_ms, &err) != SUAN_OK) {
		snprintf(err.field, sizeof(err.field), "to");
		suan_api_problem(c, 400, &err);
		return;
	}
	suan_core_post(suan_api_config(c->api)->core, &ev, NULL, ended, c);
}
