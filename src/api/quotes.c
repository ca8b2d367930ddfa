/* Quotes: where a job would go, when, for how much; a place that is held for a while; and why past
 * decisions were as they were. */
#include "api/jobs.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/doc.h"
#include "sys/crypto.h"

#define LONGEST_HOLD_MS (INT64_C(24) * 3600000)
#define MOST_TRIES	8 /* places asked for a hold */
#define MOST_CHECKS	4 /* of one of them, each time later */
#define MOST_CHANGES	8

struct quote {
	struct suan_api_call *c;
	struct suan_event ev;		/* the submission that it would be */
	struct suan_offer *list;	/* arena */
	uint32_t n;
	enum suan_quote_by by;
};

/* ---- what is asked ---- */

static bool read_by(struct suan_api_call *c, enum suan_quote_by *ret)
{
	static const char *const words[] = {"cost", "carbon", NULL};
	unsigned by = SUAN_BY_COST;

	if (!suan_api_word(c, "by", words, &by))
		return false;
	*ret = (enum suan_quote_by)by;
	return true;
}

static bool read_hold(struct suan_api_call *c, int64_t *ret)
{
	const char *text = suan_http_query(c->req, "hold");
	struct suan_err err = {0};

	if (!text)
		return true;
	if (suan_parse_duration(text, 1000, ret, NULL) == SUAN_OK && *ret >= 1000 &&
	    *ret <= LONGEST_HOLD_MS)
		return true;
	suan_fail_field(&err, SUAN_EINVAL, "hold",
			"expected a time from 1s to 24h such as 10m, found \"%.40s\"", text);
	suan_api_problem(c, 400, &err);
	return false;
}

static bool no_memory(struct suan_api_call *c)
{
	struct suan_err err = {0};

	suan_fail(&err, SUAN_ENOMEM, "out of memory");
	suan_api_problem(c, 500, &err);
	return false;
}

/* Everything that a submission would check; then the offers. false: answered. */
static bool ask(struct quote *q, struct suan_api_call *c)
{
	struct suan_core *core = suan_api_config(c->api)->core;
	const struct suan_engine *e = suan_api_engine(c->api);
	uint32_t max = suan_engine_pool_count(e);
	struct suan_core_answer answer;
	struct suan_err err = {0};

	*q = (struct quote){.c = c};
	if (!read_by(c, &q->by) || !suan_api_take_job(c, &q->ev))
		return false;
	q->list = suan_arena_array(&c->arena, max + 1, sizeof(*q->list));
	if (!q->list)
		return no_memory(c);
	q->ev.u.submit.has_key = false;
	suan_core_check(core, &q->ev, &answer, &err);
	if (answer.code != SUAN_OK) {
		suan_api_refuse(c, &answer);
		return false;
	}
	q->n = suan_engine_offers(e, &q->ev.u.submit.jobs[0], q->ev.now_ms, q->list, max);
	return true;
}

/* ---- the answer ---- */

static void put_offers(const struct suan_engine *e, const struct suan_offer *list, uint32_t n,
		       struct suan_jsonw *w)
{
	suan_jsonw_open(w, "candidates", '[');
	for (uint32_t i = 0; i < n; i++) {
		suan_jsonw_open(w, NULL, '{');
		suan_doc_offer(e, &list[i], w);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

static void put_waits(const struct quote *q, struct suan_jsonw *w)
{
	const struct suan_engine *e = suan_api_engine(q->c->api);
	const struct suan_waiting_ask how = {q->ev.now_ms, q->by};
	struct suan_waiting_offer rows[SUAN_QUOTE_WAITS];
	uint32_t n = 0;

	if (q->n > 0 && q->list[0].reason == SUAN_R_CHOSEN)
		n = suan_engine_waits(e, &q->ev.u.submit.jobs[0], &q->list[0], &how, rows);
	suan_jsonw_open(w, "waiting", '[');
	for (uint32_t i = 0; i < n; i++) {
		suan_jsonw_open(w, NULL, '{');
		suan_doc_waiting(e, &q->list[0], &rows[i], w);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

static void put_quote(const struct quote *q, struct suan_jsonw *w)
{
	struct suan_quota_view quota;

	suan_jsonw_bool(w, "ok", true);
	if (suan_engine_quote_quota(suan_api_engine(q->c->api), &q->ev.u.submit.jobs[0], &quota))
		suan_doc_limited(&quota, w);
	put_offers(suan_api_engine(q->c->api), q->list, q->n, w);
	suan_jsonw_str(w, "by", q->by == SUAN_BY_COST ? "cost" : "carbon");
	put_waits(q, w);
	suan_api_put_warnings(q->c, w);
}

void suan_api_check(struct suan_api_call *c)
{
	struct suan_api_object o;
	struct quote q;

	if (!ask(&q, c))
		return;
	suan_api_object_open(&o, NULL);
	put_quote(&q, &o.w);
	suan_api_object_send(c, &o);
}

/* ---- holding the place ---- */

static bool is_operator(const struct suan_api_call *c)
{
	return suan_role_allows(c->who.role, SUAN_ROLE_OPERATOR);
}

static void take_key(struct suan_api_call *c, struct suan_reserve *r)
{
	const char *key = suan_http_header(c->req, "Idempotency-Key");
	struct suan_buf both;

	if (!key || !key[0])
		return;
	suan_buf_init(&both, 0);
	suan_buf_adds(&both, "quote");
	suan_buf_add(&both, c->who.user, strlen(c->who.user) + 1);
	suan_buf_adds(&both, key);
	r->has_key = true;
	r->body_hash = c->jobs.hash;
	suan_digest16(both.data, both.len, r->key);
	suan_buf_done(&both);
}

/* The nodes for one run at this place from its start on, long enough for whoever accepts at the
 * last moment. */
static bool wish(const struct quote *q, const struct suan_offer *o, int64_t hold_ms,
		 struct suan_reserve *r)
{
	const struct suan_engine *e = suan_api_engine(q->c->api);
	const struct suan_job_spec *job = &q->ev.u.submit.jobs[0];
	struct suan_pool_view p;
	struct suan_site_view s;
	int64_t walltime = job->walltime_ms, latest;

	if (!suan_engine_pool(e, o->pool, &p) || !suan_engine_site(e, p.site, &s))
		return false;
	if (!walltime)	/* the default of its class; an end that its estimate may pass */
		walltime = suan_engine_walltime(e, job);
	r->until_ms = q->ev.now_ms + hold_ms;
	r->from_ms = o->start_ms > q->ev.now_ms ? o->start_ms : 0;
	latest = r->from_ms > r->until_ms ? r->from_ms : r->until_ms;
	r->to_ms = suan_sat_add(latest, walltime);
	r->name = "";
	r->owner = q->c->who.user;
	r->site = s.spec->name;
	r->pool = p.name;
	r->gpu = job->gpu ? job->gpu : "";
	r->req = job->req;
	r->single = true;
	r->inputs = job->inputs;
	r->limit_ms = job->inputs.count > 0 ? walltime : 0;
	r->exempt = is_operator(q->c);
	take_key(q->c, r);
	return true;
}

/* Would it be granted? If only later, then later; if its data comes late, then for longer. */
static bool settle(const struct quote *q, struct suan_event *ev, struct suan_core_answer *answer,
		   struct suan_err *err)
{
	struct suan_reserve *r = (struct suan_reserve *)(uintptr_t)ev->u.reserve;
	int64_t length = r->to_ms - (r->from_ms ? r->from_ms : ev->now_ms);

	for (int i = 0; i < MOST_CHECKS; i++) {
		bool late;

		*err = (struct suan_err){0};
		suan_core_check(suan_api_config(q->c->api)->core, ev, answer, err);
		late = answer->refused == SUAN_R_DATA_LATE;
		if (answer->code == SUAN_OK || answer->a == SUAN_FOREVER ||
		    (!late && answer->refused != SUAN_R_RESERVED))
			break;
		if (!late)
			r->from_ms = answer->a;
		r->to_ms = late ? suan_sat_add(answer->a, r->limit_ms)
				: suan_sat_add(r->from_ms, length);
	}
	return answer->code == SUAN_OK;
}

static void held(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_reservation_view v;
	struct suan_api_object o;

	if (answer->code != SUAN_OK) {
		suan_api_refuse(c, answer);
		return;
	}
	suan_api_object_open(&o, NULL);
	suan_jsonw_i64(&o.w, "id", answer->reservation);
	if (c->quote)
		suan_jsonw_raw(&o.w, "quote", c->quote, strlen(c->quote));
	suan_jsonw_open(&o.w, "held", '{');
	if (suan_engine_reservation(e, answer->reservation, &v))
		suan_doc_reservation(e, &v, &o.w);
	suan_jsonw_close(&o.w, '}');
	suan_api_object_made(c, &o, answer, "/v1/reservations", answer->reservation);
}

/* The offers stand in the answer as they were when the place was chosen. */
static bool keep_offers(const struct quote *q)
{
	struct suan_jsonw w;
	struct suan_buf text;

	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	put_quote(q, &w);
	suan_jsonw_close(&w, '}');
	q->c->quote = suan_arena_str(&q->c->arena, suan_buf_str(&text));
	suan_buf_done(&text);
	return q->c->quote != NULL;
}

static void hold(const struct quote *q, int64_t hold_ms)
{
	struct suan_reserve *r = suan_arena_alloc(&q->c->arena, sizeof(*r));
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .now_ms = q->ev.now_ms};
	struct suan_core_answer answer = {.code = SUAN_EREFUSED};
	struct suan_err err = {0};

	if (!r || !keep_offers(q)) {
		(void)no_memory(q->c);
		return;
	}
	ev.u.reserve = r;
	for (uint32_t i = 0; i < q->n && i < MOST_TRIES; i++) {
		*r = (struct suan_reserve){0};
		if (q->list[i].start_ms == SUAN_FOREVER || !wish(q, &q->list[i], hold_ms, r))
			continue;
		if (settle(q, &ev, &answer, &err)) {
			suan_core_post(suan_api_config(q->c->api)->core, &ev, &q->c->arena, held,
				       q->c);
			return;
		}
	}
	if (!err.text[0])
		suan_fail(&err, SUAN_EREFUSED, "no place can be held for it");
	answer.err = &err;
	suan_api_refuse(q->c, &answer);
}

void suan_api_quote(struct suan_api_call *c)
{
	int64_t hold_ms = 0;
	struct suan_err err = {0};
	struct quote q;

	if (!read_hold(c, &hold_ms))
		return;
	if (!hold_ms) {
		suan_api_check(c);
		return;
	}
	if (!ask(&q, c))
		return;
	if (q.ev.u.submit.jobs[0].array || q.ev.u.submit.jobs[0].reservation[0]) {
		suan_fail_field(&err, SUAN_EINVAL, "hold",
				"a place is held for a single task that has no reservation yet");
		suan_api_problem(c, 400, &err);
		return;
	}
	hold(&q, hold_ms);
}

/* ---- decisions ---- */

/* What bound it comes first; that is said apart as well. */
static void put_changes(const struct suan_api_call *c, struct suan_jsonw *w)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_remedy list[MOST_CHANGES];
	uint32_t n = suan_engine_remedies(e, (struct suan_run_id){c->job, c->index, 0}, list,
					 MOST_CHANGES);

	if (n > 0) {
		suan_jsonw_open(w, "binding", '{');
		suan_doc_remedy(e, &list[0], w);
		suan_jsonw_close(w, '}');
	} else {
		suan_jsonw_null(w, "binding");
	}
	suan_jsonw_open(w, "changes", '[');
	for (uint32_t i = 0; i < n; i++) {
		suan_jsonw_open(w, NULL, '{');
		suan_doc_remedy(e, &list[i], w);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

void suan_api_why(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	uint32_t max = suan_engine_pool_count(e), n;
	struct suan_offer *list;
	struct suan_job_view v;
	struct suan_task_view t;
	struct suan_quota_view quota;
	struct suan_jsonw w;
	struct suan_buf text, reason;
	int64_t decided = 0;

	if (!suan_api_find_job(c, &v))
		return;
	if (v.is_array && !c->element)
		c->index = suan_range_at(v.array, 0);
	list = suan_arena_array(&c->arena, max + 1, sizeof(*list));
	n = list ? suan_engine_why_offers(e, (struct suan_run_id){c->job, c->index, 0}, list, max,
				   &decided)
		 : 0;
	suan_engine_task(e, c->job, c->index, &t);
	suan_buf_init(&text, 0);
	suan_buf_init(&reason, 0);
	if (t.reason == SUAN_R_QUOTA && suan_engine_quota(e, c->job, &quota))
		suan_doc_quota(&quota, &reason);
	else
		suan_doc_reason(e, t.reason, t.reason_a, t.reason_b, &reason);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_i64(&w, "job", (int64_t)c->job);
	suan_jsonw_i64(&w, "index", c->index);
	suan_jsonw_str(&w, "state", suan_state_name(t.state));
	suan_jsonw_time(&w, "decided", decided);
	suan_jsonw_str(&w, "reason", t.reason ? suan_reason_name(t.reason) : NULL);
	suan_jsonw_str(&w, "reason_text", reason.len ? suan_buf_str(&reason) : NULL);
	suan_doc_forecast(&v, &w);
	put_offers(e, list, n < max ? n : max, &w);
	put_changes(c, &w);
	suan_jsonw_close(&w, '}');
	suan_buf_done(&reason);
	suan_api_send(c, 200, &text, NULL);
}

