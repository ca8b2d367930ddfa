/* Reservations: making, listing, ending. */
#include "api/reservations.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "core/doc.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "wire/reserve_doc.h"

/* ---- the body ---- */

/* false: answered. */
static bool read_ask(struct suan_api_call *c, struct suan_event *ev)
{
	struct suan_reserve_doc *d = suan_arena_alloc(&c->arena, sizeof(*d));
	struct suan_err err = {0};
	struct suan_json j;
	const char *name;
	size_t n;
	const char *body = suan_http_body(c->req, &n);

	if (!d) {
		suan_fail(&err, SUAN_ENOMEM, "out of memory");
		suan_api_problem(c, 500, &err);
		return false;
	}
	suan_reserve_doc_init(d, 0, suan_clock_now_ms());
	suan_json_init(&j, body, n, &c->arena, &err);
	if (suan_json_object(&j))
		while (suan_json_member(&j, &name) && suan_reserve_doc_read(&j, d, name))
			;
	if (!j.failed)
		suan_json_finish(&j);
	if (j.failed || !suan_reserve_doc_settle(d, &err)) {
		suan_api_problem(c, err.code == SUAN_ENOMEM ? 500 : 400, &err);
		return false;
	}
	*ev = (struct suan_event){.type = SUAN_EV_RESERVE, .now_ms = d->now_ms};
	ev->u.reserve = &d->r;
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

static void put_one(struct suan_api_call *c, uint32_t id, struct suan_jsonw *w)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_reservation_view v;

	if (suan_engine_reservation(e, id, &v))
		suan_doc_reservation(e, &v, w);
	else
		suan_jsonw_i64(w, "id", id);
}

static void send_one(struct suan_api_call *c, uint32_t id)
{
	struct suan_api_object o;

	suan_api_object_open(&o, NULL);
	put_one(c, id, &o.w);
	suan_api_object_send(c, &o);
}

static void made(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;
	struct suan_api_object o;

	if (answer->code != SUAN_OK) {
		suan_api_refuse(c, answer);
		return;
	}
	suan_api_object_open(&o, NULL);
	put_one(c, answer->reservation, &o.w);
	suan_api_object_made(c, &o, answer, "/v1/reservations", answer->reservation);
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
		send_one(c, v.id);
}

static void ended(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;

	if (answer->code != SUAN_OK)
		suan_api_refuse(c, answer);
	else
		send_one(c, answer->reservation);
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
