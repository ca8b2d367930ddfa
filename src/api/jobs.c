/* Submitting, listing and showing jobs. */
#include "api/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "core/doc.h"
#include "sys/clock.h"
#include "sys/crypto.h"

#define LIST_LIMIT 100
#define LIST_MOST  1000
#define LIST_LOOKS 20000 /* jobs or elements looked at for one page */
#define LINE_LIMIT (16u << 20)

/* ---- reading jobs: pure, on a server thread ---- */

static bool has_type(const struct suan_api_call *c, const char *type)
{
	const struct suan_api_type *t = suan_api_body_type(c);

	return t && strcmp(t->name, type) == 0;
}

/* A job without a name gets its program's, as batch systems do; then it is sealed. */
static enum suan_code finish_doc(struct suan_api_call *c, struct suan_job_doc *doc)
{
	const struct suan_payload *run = &doc->run;
	const char *program = run->ncommand ? run->command[0] : "script";
	const char *slash = strrchr(program, '/');

	if (!doc->spec.name[0])
		doc->spec.name = slash && slash[1] ? slash + 1 : program;
	return suan_job_seal(doc, &c->arena, &c->jobs.err);
}

/* Only the specification stays: a bulk has many. What it points to is in the arena. */
static enum suan_code parse_json(struct suan_api_call *c, const char *text, size_t n,
				 struct suan_job_spec *ret)
{
	struct suan_api_jobs *jobs = &c->jobs;
	struct suan_job_doc doc;
	struct suan_json j;
	enum suan_code rc;

	suan_json_init(&j, text, n, &c->arena, &jobs->err);
	suan_job_doc_init(&doc);
	rc = suan_job_from_json(&j, suan_clock_now_ms(), &doc);
	if (rc == SUAN_OK && !suan_json_finish(&j))
		rc = SUAN_EINVAL;
	if (rc == SUAN_OK)
		rc = finish_doc(c, &doc);
	*ret = doc.spec;
	return rc;
}

static enum suan_code parse_other(struct suan_api_call *c, const char *text, size_t n,
				  struct suan_job_spec *ret)
{
	struct suan_api_jobs *jobs = &c->jobs;
	int64_t now = suan_clock_now_ms();
	struct suan_job_doc doc;
	enum suan_code rc;

	suan_job_doc_init(&doc);
	doc.warnings = &jobs->warnings;
	if (has_type(c, "text/x-shellscript"))
		rc = suan_job_from_script(text, n, now, &c->arena, &doc, &jobs->err);
	else
		rc = suan_job_from_yaml(text, n, now, &c->arena, &doc, &jobs->err);
	if (rc == SUAN_OK)
		rc = finish_doc(c, &doc);
	*ret = doc.spec;
	return rc;
}

void suan_api_prepare_job(struct suan_api_call *c)
{
	struct suan_api_jobs *jobs = &c->jobs;
	size_t n;
	const char *body = suan_http_body(c->req, &n);

	jobs->hash = suan_hash_bytes(SUAN_HASH_START, body, n);
	jobs->specs = suan_arena_array(&c->arena, 1, sizeof(*jobs->specs));
	if (!jobs->specs) {
		jobs->code = suan_fail(&jobs->err, SUAN_ENOMEM, "out of memory");
		return;
	}
	if (has_type(c, "text/x-shellscript") || has_type(c, "application/yaml"))
		jobs->code = parse_other(c, body, n, jobs->specs);
	else
		jobs->code = parse_json(c, body, n, jobs->specs);
	jobs->count = 1;
}

static bool blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
			return false;
	return true;
}

static uint32_t count_lines(const char *body, size_t n)
{
	uint32_t lines = 1;

	for (const char *p = body, *end = body + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		lines++;
	return lines;
}

void suan_api_prepare_bulk(struct suan_api_call *c)
{
	struct suan_api_jobs *jobs = &c->jobs;
	size_t n, len;
	const char *body = suan_http_body(c->req, &n), *end = body + n, *p;
	uint32_t line = 0;

	jobs->hash = suan_hash_bytes(SUAN_HASH_START, body, n);
	jobs->specs = suan_arena_array(&c->arena, count_lines(body, n), sizeof(*jobs->specs));
	if (!jobs->specs) {
		jobs->code = suan_fail(&jobs->err, SUAN_ENOMEM, "out of memory");
		return;
	}
	for (p = body; p < end; p += len + 1) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));

		len = (size_t)((eol ? eol : end) - p);
		line++;
		if (blank(p, len))
			continue;
		jobs->line = line;
		if (len > LINE_LIMIT)
			jobs->code = suan_fail(&jobs->err, SUAN_ETOOBIG, "line of %zu bytes", len);
		else
			jobs->code = parse_json(c, p, len, &jobs->specs[jobs->count]);
		if (jobs->code != SUAN_OK)
			return;
		jobs->count++;
	}
	jobs->line = 0;
	if (!jobs->count)
		jobs->code =
			suan_fail(&jobs->err, SUAN_EINVAL, "no jobs: expected one JSON job a line");
}

/* Line of the item-th job, 1 based: blank lines hold none. */
static uint32_t line_of(const struct suan_api_call *c, uint32_t item)
{
	size_t n, len;
	const char *p = suan_http_body(c->req, &n), *end = p + n;
	uint32_t line = 0, left = item + 1;

	for (; p < end; p += len + 1) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));

		len = (size_t)((eol ? eol : end) - p);
		line++;
		if (!blank(p, len) && --left == 0)
			break;
	}
	return line;
}

/* ---- submitting ---- */

static bool take_owner(struct suan_api_call *c)
{
	char *user = suan_arena_str(&c->arena, c->who.user);
	const char *home = suan_api_config(c->api)->home;
	struct suan_err err = {0};

	for (uint32_t i = 0; user && i < c->jobs.count; i++) {
		struct suan_job_spec *s = &c->jobs.specs[i];

		s->user = user;
		if (!s->home || !s->home[0])
			s->home = home;
	}
	if (user)
		return true;
	suan_fail(&err, SUAN_ENOMEM, "out of memory");
	suan_api_problem(c, 500, &err);
	return false;
}

static bool parsed(struct suan_api_call *c)
{
	if (c->jobs.code == SUAN_OK)
		return true;
	/* Whatever is wrong with the text of a job is a bad request; 413 is for requests as a
	 * whole. */
	suan_api_problem(c, c->jobs.code == SUAN_ENOMEM ? 500 : 400, &c->jobs.err);
	return false;
}

static void submit_event(struct suan_api_call *c, struct suan_event *ev)
{
	const char *key = suan_http_header(c->req, "Idempotency-Key");
	struct suan_buf both;

	*ev = (struct suan_event){.type = SUAN_EV_SUBMIT, .now_ms = suan_clock_now_ms()};
	ev->u.submit.jobs = c->jobs.specs;
	ev->u.submit.njobs = c->jobs.count;
	if (!key || !key[0])
		return;
	suan_buf_init(&both, 0);
	suan_buf_add(&both, c->who.user, strlen(c->who.user) + 1);
	suan_buf_adds(&both, key);
	ev->u.submit.has_key = true;
	ev->u.submit.body_hash = c->jobs.hash;
	suan_digest16(both.data, both.len, ev->u.submit.key);
	suan_buf_done(&both);
}

void suan_api_put_warnings(const struct suan_api_call *c, struct suan_jsonw *w)
{
	const char *p = suan_buf_str(&c->jobs.warnings);

	if (!*p)
		return;
	suan_jsonw_open(w, "warnings", '[');
	while (*p) {
		size_t n = strcspn(p, "\n");
		char line[512];

		snprintf(line, sizeof(line), "%.*s", (int)(n < 500 ? n : 500), p);
		suan_jsonw_str(w, NULL, line);
		p += n + (p[n] == '\n');
	}
	suan_jsonw_close(w, ']');
}

static bool minimal(const struct suan_api_call *c)
{
	const char *prefer = suan_http_header(c->req, "Prefer");

	return prefer && strstr(prefer, "return=minimal");
}

static void submitted(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_job_view v;
	struct suan_err err = {0};
	struct suan_api_object o;

	if (answer->code != SUAN_OK) {
		suan_api_refuse(c, answer);
		return;
	}
	suan_api_object_open(&o, NULL);
	if (minimal(c) || !suan_engine_job(e, answer->first_job, &v))
		suan_jsonw_i64(&o.w, "id", (int64_t)answer->first_job);
	else if (suan_doc_job_full(e, &v, &o.w, &err) != SUAN_OK) {
		suan_buf_done(&o.text);
		suan_api_problem(c, 500, &err);
		return;
	}
	suan_api_put_warnings(c, &o.w);
	suan_api_object_made(c, &o, answer, "/v1/jobs", answer->first_job);
}

static void bulk_submitted(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;
	struct suan_jsonw w;
	struct suan_buf text;

	if (answer->code != SUAN_OK) {
		if (answer->refused != SUAN_R_NONE || answer->code == SUAN_EINVAL)
			c->jobs.line = line_of(c, answer->item);
		suan_api_refuse(c, answer);
		return;
	}
	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_i64(&w, "first", (int64_t)answer->first_job);
	suan_jsonw_i64(&w, "count", answer->njobs);
	suan_jsonw_close(&w, '}');
	suan_api_send(c, answer->repeated ? 200 : 201, &text,
		      answer->repeated ? "Suan-Repeated: true\n" : NULL);
}

bool suan_api_take_job(struct suan_api_call *c, struct suan_event *ret)
{
	if (!parsed(c) || !take_owner(c))
		return false;
	submit_event(c, ret);
	return true;
}

static void submit(struct suan_api_call *c, suan_core_done_fn *done)
{
	struct suan_event ev;

	if (!suan_api_take_job(c, &ev))
		return;
	suan_core_post(suan_api_config(c->api)->core, &ev, &c->arena, done, c);
}

void suan_api_submit(struct suan_api_call *c)
{
	submit(c, submitted);
}

void suan_api_submit_bulk(struct suan_api_call *c)
{
	submit(c, bulk_submitted);
}

/* ---- listing ---- */

struct filter {
	uint32_t states; /* bit per state; 0 = all */
	const char *user, *account, *name, *site, *hub;
};

static bool parse_states(struct suan_api_call *c, const char *text, uint32_t *ret)
{
	struct suan_err err = {0};

	for (const char *p = text; p && *p;) {
		size_t n = strcspn(p, ",");
		int s;

		for (s = 0; s < SUAN_NSTATES; s++) {
			const char *name = suan_state_name((enum suan_state)s);

			if (strlen(name) == n && strncmp(name, p, n) == 0)
				break;
		}
		if (s == SUAN_NSTATES) {
			suan_fail_field(
				&err, SUAN_EINVAL, "state",
				"no state \"%.*s\"; expected PENDING, STAGING, RUNNING, COMPLETED, "
				"FAILED, TIMEOUT, OUT_OF_MEMORY, CANCELLED, PREEMPTED or UNKNOWN",
				(int)(n < 40 ? n : 40), p);
			suan_api_problem(c, 400, &err);
			return false;
		}
		*ret |= 1u << s;
		p += n + (p[n] == ',');
	}
	return true;
}

static bool in_states(const struct suan_job_view *v, uint32_t states)
{
	if (!states || (states >> v->state & 1))
		return true;
	for (int s = 0; v->is_array && s < SUAN_NSTATES; s++)
		if ((states >> s & 1) && v->counts[s])
			return true;
	return false;
}

static bool at_place(const struct suan_engine *e, const struct suan_job_view *v,
		     const struct filter *f)
{
	struct suan_pool_view p;
	struct suan_site_view s;

	if (!f->site && !f->hub)
		return true;
	return v->pool != SUAN_NO_POOL && suan_engine_pool(e, v->pool, &p) &&
	       suan_engine_site(e, p.site, &s) &&
	       (!f->site || strcmp(s.spec->name, f->site) == 0) &&
	       (!f->hub || strcmp(s.spec->hub, f->hub) == 0);
}

static bool matches(const struct suan_engine *e, const struct suan_job_view *v,
		    const struct filter *f)
{
	return in_states(v, f->states) && (!f->user || strcmp(v->user, f->user) == 0) &&
	       (!f->account || strcmp(v->account, f->account) == 0) &&
	       (!f->name || strncmp(v->name, f->name, strlen(f->name)) == 0) && at_place(e, v, f);
}

static bool read_filter(struct suan_api_call *c, struct filter *f)
{
	*f = (struct filter){
		.user = suan_http_query(c->req, "user"),
		.account = suan_http_query(c->req, "account"),
		.name = suan_http_query(c->req, "name"),
		.site = suan_http_query(c->req, "site"),
		.hub = suan_http_query(c->req, "hub"),
	};
	if (f->user && strcmp(f->user, "me") == 0)
		f->user = c->who.user;
	return parse_states(c, suan_http_query(c->req, "state"), &f->states);
}

void suan_api_list(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	int64_t limit = LIST_LIMIT, cursor = 0;
	uint32_t found = 0, looks = 0;
	struct suan_job_view v;
	struct suan_jsonw w;
	struct suan_buf text;
	struct filter f;
	uint64_t id;

	if (!read_filter(c, &f) || !suan_api_number(c, "limit", 1, LIST_MOST, &limit) ||
	    !suan_api_number(c, "cursor", 0, INT64_MAX, &cursor))
		return;
	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_open(&w, "jobs", '[');
	id = (uint64_t)cursor;
	while (found < limit && looks < LIST_LOOKS && (id = suan_engine_prev_job(e, id))) {
		looks++;
		if (!suan_engine_job(e, id, &v) || !matches(e, &v, &f))
			continue;
		suan_jsonw_open(&w, NULL, '{');
		suan_doc_job_short(e, &v, &w);
		suan_jsonw_close(&w, '}');
		found++;
	}
	suan_jsonw_close(&w, ']');
	if (id && suan_engine_prev_job(e, id)) {
		char next[24];

		snprintf(next, sizeof(next), "%llu", (unsigned long long)id);
		suan_jsonw_str(&w, "next", next);
	} else
		suan_jsonw_null(&w, "next");
	suan_jsonw_close(&w, '}');
	suan_api_send(c, 200, &text, NULL);
}

/* ---- one job ---- */

static void show_task(struct suan_api_call *c)
{
	struct suan_task_view t;
	struct suan_jsonw w;
	struct suan_buf text;

	suan_engine_task(suan_api_engine(c->api), c->job, c->index, &t);
	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_doc_task(suan_api_engine(c->api), &t, &w);
	suan_jsonw_close(&w, '}');
	suan_api_send(c, 200, &text, NULL);
}

static void show_job(struct suan_api_call *c, const struct suan_job_view *v)
{
	struct suan_err err = {0};
	struct suan_jsonw w;
	struct suan_buf text;

	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	if (suan_doc_job_full(suan_api_engine(c->api), v, &w, &err) != SUAN_OK) {
		suan_buf_done(&text);
		suan_api_problem(c, 500, &err);
		return;
	}
	suan_jsonw_close(&w, '}');
	suan_api_send(c, 200, &text, NULL);
}

void suan_api_show(struct suan_api_call *c)
{
	struct suan_job_view v;
	struct suan_err err = {0};
	struct suan_buf text;

	if (!suan_api_job_id(c))
		return;
	if (!c->element && !suan_engine_job(suan_api_engine(c->api), c->job, &v)) {
		suan_buf_init(&text, 0);
		if (suan_core_archived(suan_api_config(c->api)->core, c->job, &text, &err) ==
		    SUAN_OK) {
			suan_api_send(c, 200, &text, NULL);
			return;
		}
		suan_buf_done(&text);
	}
	if (!suan_api_find_job(c, &v))
		return;
	if (c->element)
		show_task(c);
	else
		show_job(c, &v);
}

void suan_api_tasks(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	int64_t limit = LIST_LIMIT, pos = 0;
	uint32_t states = 0, found = 0, looks = 0;
	struct suan_job_view v;
	struct suan_task_view t;
	struct suan_jsonw w;
	struct suan_buf text;

	if (!suan_api_find_job(c, &v) || !suan_api_number(c, "limit", 1, LIST_MOST, &limit) ||
	    !suan_api_number(c, "cursor", 0, UINT32_MAX, &pos) ||
	    !parse_states(c, suan_http_query(c->req, "state"), &states))
		return;
	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_open(&w, "tasks", '[');
	for (; pos < v.elements && found < limit && looks < LIST_LOOKS; pos++, looks++) {
		uint32_t index = v.is_array ? suan_range_at(v.array, (uint32_t)pos) : 0;

		if (!suan_engine_task(e, c->job, index, &t) || (states && !(states >> t.state & 1)))
			continue;
		suan_jsonw_open(&w, NULL, '{');
		suan_doc_task(e, &t, &w);
		suan_jsonw_close(&w, '}');
		found++;
	}
	suan_jsonw_close(&w, ']');
	if (pos < v.elements) {
		char next[24];

		snprintf(next, sizeof(next), "%lld", (long long)pos);
		suan_jsonw_str(&w, "next", next);
	} else
		suan_jsonw_null(&w, "next");
	suan_jsonw_close(&w, '}');
	suan_api_send(c, 200, &text, NULL);
}

/* ---- commands ---- */

static void commanded(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;
	struct suan_api_object o;

	if (answer->code != SUAN_OK) {
		suan_api_refuse(c, answer);
		return;
	}
	suan_api_object_open(&o, NULL);
	suan_jsonw_i64(&o.w, "job", (int64_t)c->job);
	if (c->element)
		suan_jsonw_i64(&o.w, "index", c->index);
	suan_api_object_send(c, &o);
}

static bool may_change(struct suan_api_call *c, const struct suan_job_view *v)
{
	struct suan_err err = {0};

	if (suan_role_allows(c->who.role, SUAN_ROLE_OPERATOR) || strcmp(v->user, c->who.user) == 0)
		return true;
	suan_fail_field(&err, SUAN_EDENIED, "id", "job %llu belongs to %s",
			(unsigned long long)v->id, v->user);
	suan_api_problem(c, 403, &err);
	return false;
}

/* Cancelling twice is fine; the others mean a job that still waits or runs. */
static bool still_open(struct suan_api_call *c, const struct suan_job_view *v,
		       enum suan_event_type type, bool preempt)
{
	struct suan_err err = {0};

	if (!suan_state_final(v->state) || type == SUAN_EV_CANCEL ||
	    (type == SUAN_EV_REQUEUE && !preempt))
		return true;
	suan_fail_field(&err, SUAN_ECONFLICT, "id", "job %llu is over (%s)",
			(unsigned long long)v->id, suan_state_name(v->state));
	suan_api_problem(c, 409, &err);
	return false;
}

static void post_command(struct suan_api_call *c, enum suan_event_type type,
			 const struct suan_target *what)
{
	struct suan_event ev = {.type = type, .now_ms = suan_clock_now_ms(), .u.target = *what};
	struct suan_job_view v;

	if (!suan_api_find_job(c, &v) || !may_change(c, &v) ||
	    !still_open(c, &v, type, what->preempt))
		return;
	ev.u.target.job = c->job;
	ev.u.target.all = !c->element;
	ev.u.target.index = c->index;
	suan_core_post(suan_api_config(c->api)->core, &ev, NULL, commanded, c);
}

static void command(struct suan_api_call *c, enum suan_event_type type, int32_t priority)
{
	post_command(c, type, &(struct suan_target){.priority = priority});
}

void suan_api_cancel(struct suan_api_call *c)
{
	command(c, SUAN_EV_CANCEL, 0);
}

void suan_api_hold(struct suan_api_call *c)
{
	command(c, SUAN_EV_HOLD, 0);
}

void suan_api_release(struct suan_api_call *c)
{
	command(c, SUAN_EV_RELEASE, 0);
}

void suan_api_requeue(struct suan_api_call *c)
{
	command(c, SUAN_EV_REQUEUE, 0);
}

void suan_api_preempt(struct suan_api_call *c)
{
	post_command(c, SUAN_EV_REQUEUE, &(struct suan_target){.preempt = true});
}

void suan_api_patch(struct suan_api_call *c)
{
	size_t n;
	const char *body = suan_http_body(c->req, &n), *name;
	struct suan_err err = {0};
	struct suan_json j;
	int64_t priority = 0;
	bool given = false;

	suan_json_init(&j, body, n, &c->arena, &err);
	if (suan_json_object(&j)) {
		while (suan_json_member(&j, &name)) {
			if (strcmp(name, "priority") != 0) {
				suan_json_fail_name(&j,
						    "unknown field; only priority can be changed");
				break;
			}
			given = suan_json_i64(&j, -1000000, 1000000, &priority);
		}
	}
	if (!j.failed)
		suan_json_finish(&j);
	if (!j.failed && !given)
		suan_fail_field(&err, SUAN_EINVAL, "priority", "expected {\"priority\": N}");
	if (j.failed || !given) {
		suan_api_problem(c, 400, &err);
		return;
	}
	command(c, SUAN_EV_PRIORITY, (int32_t)priority);
}
