/* Data sets: making, listing, copying, sharing and removing them; transfers. Who may not read one
 * is told that there is none. */
#include "api/data.h"

#include <stdio.h>
#include <string.h>

#include "core/doc.h"
#include "sys/clock.h"
#include "wire/data_doc.h"
#include "wire/nearest.h"

#define LIST_LIMIT 100
#define LIST_MOST  1000
#define LIST_LOOKS 20000u
#define JOB_LOOKS  100000u
#define JOBS_NAMED 5u

static bool is_operator(const struct suan_api_call *c)
{
	return suan_role_allows(c->who.role, SUAN_ROLE_OPERATOR);
}

/* Users have no accounts of their own, jobs name one: so do those who list. */
static bool may_see(struct suan_api_call *c, uint32_t id)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	const char *account = suan_http_query(c->req, "account");

	return is_operator(c) ||
	       suan_engine_may_read(e, id, c->who.user,
				    account ? account : suan_engine_accounts(e)->default_account);
}

/* ---- one data set ---- */

static void not_found(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_err err = {0};
	struct suan_nearest near;
	struct suan_data_view v;
	uint32_t id = 0, looks = 0;

	suan_nearest_init(&near, c->name);
	while (looks++ < LIST_LOOKS && (id = suan_engine_next_data(e, id)))
		if (may_see(c, id) && suan_engine_data_set(e, id, &v))
			suan_nearest_try(&near, v.name);
	if (near.best)
		suan_fail_field(&err, SUAN_ENOTFOUND, "name",
				"no data set \"%.200s\" (did you mean %.200s?)", c->name,
				near.best);
	else
		suan_fail_field(&err, SUAN_ENOTFOUND, "name", "no data set \"%.200s\"", c->name);
	suan_api_problem(c, 404, &err);
}

/* The one of {name}; false: answered with 404. */
static bool find(struct suan_api_call *c, struct suan_data_view *ret)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	uint32_t id = suan_engine_find_data(e, c->name);

	if (id && may_see(c, id) && suan_engine_data_set(e, id, ret))
		return true;
	not_found(c);
	return false;
}

static void send_one(struct suan_api_call *c, int status, const char *headers)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_data_view v;
	struct suan_api_object o;

	suan_api_object_open(&o, NULL);
	if (suan_engine_data_set(e, suan_engine_find_data(e, c->name), &v))
		suan_doc_data(e, &v, &o.w);
	else
		suan_jsonw_str(&o.w, "name", c->name);
	suan_jsonw_close(&o.w, '}');
	suan_api_send(c, status, &o.text, headers);
}

void suan_api_data(struct suan_api_call *c)
{
	struct suan_data_view v;

	if (find(c, &v))
		send_one(c, 200, NULL);
}

/* ---- commands ---- */

static bool fail(struct suan_api_call *c, int status, const struct suan_err *err)
{
	suan_api_problem(c, status, err);
	return false;
}

/* The body, and who asks; false: answered. */
static bool read_command(struct suan_api_call *c, enum suan_data_op op, struct suan_event *ev)
{
	struct suan_data_command *d = suan_arena_alloc(&c->arena, sizeof(*d));
	struct suan_err err = {0};
	size_t n;
	const char *body = suan_http_body(c->req, &n);
	enum suan_code rc;

	*ev = (struct suan_event){.type = SUAN_EV_DATA, .now_ms = suan_clock_now_ms()};
	if (!d) {
		suan_fail(&err, SUAN_ENOMEM, "out of memory");
		return fail(c, 500, &err);
	}
	*d = (struct suan_data_command){.op = op, .operate = is_operator(c)};
	rc = suan_data_doc_read(body, n, ev->now_ms, &c->arena, d, &err);
	if (rc == SUAN_OK) {
		d->name = suan_arena_str(&c->arena, c->name);
		d->who = suan_arena_str(&c->arena, c->who.user);
		if (!d->name || !d->who)
			rc = suan_fail(&err, SUAN_ENOMEM, "out of memory");
	}
	if (rc != SUAN_OK)
		return fail(c, suan_api_status(rc), &err);
	ev->u.data = d;
	return true;
}

/* Which jobs still read it; not all of a crowd are named. */
static void add_readers(const struct suan_engine *e, uint32_t data, struct suan_buf *out)
{
	uint32_t looks = 0, found = 0;
	struct suan_job_view v;
	uint64_t id = 0;

	while (looks++ < JOB_LOOKS && (id = suan_engine_prev_job(e, id))) {
		bool reads = false;

		if (!suan_engine_job(e, id, &v) || suan_state_final(v.state))
			continue;
		for (uint32_t i = 0; i < v.ninputs; i++)
			reads |= v.inputs[i] == data;
		if (reads && found++ < JOBS_NAMED)
			suan_buf_addf(out, "%s%llu", found > 1 ? ", " : "",
				      (unsigned long long)id);
	}
	if (found > JOBS_NAMED)
		suan_buf_addf(out, " and %u more", found - JOBS_NAMED);
}

/* A site where residency does not let a copy be. */
static void elsewhere(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_err err = {0};
	struct suan_data_view v;
	struct suan_buf text;

	suan_buf_init(&text, 0);
	if (suan_engine_data_set(e, suan_engine_find_data(e, c->name), &v)) {
		for (uint32_t i = 0; i < v.sites.count; i++)
			suan_buf_addf(&text, "%s%s", text.len ? ", " : "; right are ",
				      v.sites.list[i]);
		for (uint32_t i = 0; i < v.hubs.count; i++)
			suan_buf_addf(&text, "%shub %s", text.len ? ", " : "; right are ",
				      v.hubs.list[i]);
	}
	suan_fail_field(&err, SUAN_EREFUSED, "site",
			"copies of data set %.100s may not be there by its sites and hubs%.300s",
			c->name, suan_buf_str(&text));
	suan_buf_done(&text);
	suan_api_problem(c, 422, &err);
}

static void refuse(struct suan_api_call *c, const struct suan_core_answer *answer)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_err err = *answer->err;
	struct suan_buf jobs;

	if (answer->refused == SUAN_R_NOT_ALLOWED) {
		elsewhere(c);
		return;
	}
	if (answer->code == SUAN_EREFUSED && answer->refused == SUAN_R_NONE) {
		err.code = SUAN_EDENIED;
		suan_api_problem(c, 403, &err);
		return;
	}
	if (answer->code != SUAN_ECONFLICT || strcmp(c->route->method, "DELETE") != 0) {
		suan_api_refuse(c, answer);
		return;
	}
	suan_buf_init(&jobs, 0);
	add_readers(e, suan_engine_find_data(e, c->name), &jobs);
	suan_fail_field(&err, SUAN_ECONFLICT, "name",
			"data set %.200s is an input of jobs that are not over: %.200s; right is "
			"to cancel them or to wait", c->name, suan_buf_str(&jobs));
	suan_buf_done(&jobs);
	suan_api_problem(c, 409, &err);
}

static void done(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;

	if (answer->code != SUAN_OK)
		refuse(c, answer);
	else
		send_one(c, 200, answer->repeated ? "Suan-Repeated: true\n" : NULL);
}

/* To one that is there. */
static void command(struct suan_api_call *c, enum suan_data_op op)
{
	struct suan_data_view v;
	struct suan_event ev;

	if (find(c, &v) && read_command(c, op, &ev))
		suan_core_post(suan_api_config(c->api)->core, &ev, &c->arena, done, c);
}

void suan_api_data_replicate(struct suan_api_call *c)
{
	command(c, SUAN_DATA_REPLICATE);
}

void suan_api_data_evict(struct suan_api_call *c)
{
	command(c, SUAN_DATA_EVICT);
}

void suan_api_data_verify(struct suan_api_call *c)
{
	command(c, SUAN_DATA_VERIFY);
}

void suan_api_data_grant(struct suan_api_call *c)
{
	command(c, SUAN_DATA_GRANT);
}

void suan_api_data_rm(struct suan_api_call *c)
{
	command(c, SUAN_DATA_RM);
}

/* ---- making one ---- */

static bool same_names(const struct suan_names *a, const struct suan_names *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i], b->list[i]) != 0)
			return false;
	return true;
}

/* What is not as it was said before; NULL: nothing. Grants may have come since, and what was not
 * said is found by reading. */
static const char *what_differs(const struct suan_data_view *v, const struct suan_data_command *d)
{
	if (strcmp(v->owner, d->who) != 0)
		return "name";
	if (strcmp(v->source, d->source) != 0)
		return "source";
	if (d->sha256[0] && v->sha256[0] && strcmp(v->sha256, d->sha256) != 0)
		return "sha256";
	if (d->bytes && v->bytes && v->bytes != d->bytes)
		return "bytes";
	if (!same_names(&v->sites, &d->sites))
		return "sites";
	return same_names(&v->hubs, &d->hubs) ? NULL : "hubs";
}

/* false: answered. */
static bool not_another(struct suan_api_call *c, const struct suan_data_command *d)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_err err = {0};
	struct suan_data_view v;
	const char *field;

	if (!suan_engine_data_set(e, suan_engine_find_data(e, c->name), &v))
		return true;
	field = what_differs(&v, d);
	if (!field)
		return true;
	suan_fail_field(&err, SUAN_ECONFLICT, field,
			"data set %.200s is there already, with another %s; data sets do not "
			"change: right is another name", c->name,
			strcmp(field, "name") == 0 ? "owner" : field);
	return fail(c, 409, &err);
}

static void made(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;
	char headers[sizeof(c->name) + 64];

	if (answer->code != SUAN_OK) {
		refuse(c, answer);
		return;
	}
	snprintf(headers, sizeof(headers), "Location: /v1/data/%s\n%s", c->name,
		 answer->repeated ? "Suan-Repeated: true\n" : "");
	send_one(c, answer->repeated ? 200 : 201, headers);
}

void suan_api_data_put(struct suan_api_call *c)
{
	struct suan_event ev;

	if (read_command(c, SUAN_DATA_PUT, &ev) && not_another(c, ev.u.data))
		suan_core_post(suan_api_config(c->api)->core, &ev, &c->arena, made, c);
}

/* ---- lists ---- */

void suan_api_data_list(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	const char *prefix = suan_http_query(c->req, "name");
	int64_t limit = LIST_LIMIT, cursor = 0, found = 0;
	uint32_t id, looks = 0;
	struct suan_data_view v;
	struct suan_api_object o;

	if (!suan_api_number(c, "limit", 1, LIST_MOST, &limit) ||
	    !suan_api_number(c, "cursor", 0, UINT32_MAX, &cursor))
		return;
	suan_api_object_open(&o, "data");
	id = (uint32_t)cursor;
	while (found < limit && looks++ < LIST_LOOKS && suan_engine_next_data(e, id)) {
		id = suan_engine_next_data(e, id);
		if (!may_see(c, id) || !suan_engine_data_set(e, id, &v) ||
		    (prefix && strncmp(v.name, prefix, strlen(prefix)) != 0))
			continue;
		suan_jsonw_open(&o.w, NULL, '{');
		suan_doc_data(e, &v, &o.w);
		suan_jsonw_close(&o.w, '}');
		found++;
	}
	suan_jsonw_close(&o.w, ']');
	o.list = false;
	if (suan_engine_next_data(e, id)) {
		char next[24];

		snprintf(next, sizeof(next), "%u", id);
		suan_jsonw_str(&o.w, "next", next);
	} else {
		suan_jsonw_null(&o.w, "next");
	}
	suan_api_object_send(c, &o);
}

void suan_api_transfers(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	const char *name = suan_http_query(c->req, "data");
	uint32_t only = name ? suan_engine_find_data(e, name) : 0, id = 0;
	struct suan_transfer_view t;
	struct suan_api_object o;

	suan_api_object_open(&o, "transfers");
	while ((id = suan_engine_next_transfer(e, id))) {
		if (!suan_engine_transfer(e, id, &t) || !may_see(c, t.data) ||
		    (name && t.data != only))
			continue;
		suan_jsonw_open(&o.w, NULL, '{');
		suan_doc_transfer(e, &t, &o.w);
		suan_jsonw_close(&o.w, '}');
	}
	suan_api_object_send(c, &o);
}
