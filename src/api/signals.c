/* Signals: what sites are told of prices, carbon, renewable power and temperature over time. */
#include "api/signals.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/doc.h"
#include "engine/signals.h"
#include "sys/clock.h"
#include "wire/signal.h"
#include "wire/signal_doc.h"

#define MOST_PARTS 10000
#define MOST_STEPS 100000u
#define DAY_MS	   INT64_C(86400000)

static bool fail(struct suan_api_call *c, int status, const struct suan_err *err)
{
	suan_api_problem(c, status, err);
	return false;
}

/* ---- telling ---- */

/* "true" or nothing. */
static bool flag(const struct suan_api_call *c, const char *name)
{
	const char *v = suan_http_query(c->req, name);

	return v && (strcmp(v, "true") == 0 || strcmp(v, "1") == 0 || !*v);
}

static enum suan_code take_steps(struct suan_api_call *c, const struct suan_signal *g,
				 struct suan_signal_spec *s, struct suan_err *err)
{
	size_t n = g->series.count;
	struct suan_signal_step *list;

	if (!g->dated)
		return suan_fail_field(err, SUAN_EINVAL, "time",
				       "its times are no dates; want RFC 3339 or seconds since the "
				       "epoch");
	if (n > MOST_STEPS)
		return suan_fail(err, SUAN_ETOOBIG, "found %zu values, at most %u at once", n,
				 MOST_STEPS);
	list = suan_arena_array(&c->arena, n, sizeof(*list));
	if (!list)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		list[i] = (struct suan_signal_step){g->series.steps[i].at_ms,
						    g->series.steps[i].value};
	s->steps = list;
	s->nsteps = (uint32_t)n;
	s->until_ms = g->until_ms > list[n - 1].at_ms ? g->until_ms : list[n - 1].at_ms + 3600000;
	s->marginal = g->marginal;
	s->estimated = (uint32_t)g->estimated;
	s->duplicates = (uint32_t)g->duplicates;
	s->gaps = (uint32_t)g->gaps;
	return SUAN_OK;
}

/* A file in one of the forms of wire/signal.h; the query says of what it is. */
static enum suan_code read_file(struct suan_api_call *c, struct suan_signal_spec *s,
				struct suan_err *err)
{
	const char *kind = suan_http_query(c->req, "kind"), *text;
	struct suan_signal_want want = {.lifecycle = flag(c, "lifecycle")};
	struct suan_signal g;
	enum suan_code rc = SUAN_OK;
	size_t n;
	const char *body = suan_http_body(c->req, &n);

	s->site = suan_arena_str(&c->arena, suan_http_query(c->req, "site"));
	if (!suan_signal_kind_parse(kind ? kind : "", &s->kind, err))
		return SUAN_EINVAL;
	want.kind = s->kind;
	text = suan_http_query(c->req, "exchange");
	if (text && (suan_parse_fixed(text, 6, &want.exchange_uyuan, NULL) != SUAN_OK ||
		     want.exchange_uyuan <= 0))
		return suan_fail_field(err, SUAN_EINVAL, "exchange",
				       "found \"%.40s\", want how many yuan one unit is", text);
	text = suan_http_query(c->req, "issued");
	if (text)
		rc = suan_parse_time(text, suan_clock_now_ms(), &s->issued_ms, err);
	if (rc == SUAN_OK)
		rc = suan_signal_parse(body, n, "the body", &want, &g, err);
	if (rc != SUAN_OK)
		return rc;
	s->replace = flag(c, "replace");
	rc = take_steps(c, &g, s, err);
	suan_signal_done(&g);
	return rc;
}

static void put_told(struct suan_api_call *c, const struct suan_signal_spec *s, bool only_check)
{
	struct suan_api_object o;

	suan_api_object_open(&o, NULL);
	suan_jsonw_str(&o.w, "site", s->site);
	suan_jsonw_str(&o.w, "kind", suan_signal_kind_name(s->kind));
	suan_jsonw_i64(&o.w, "values", s->nsteps);
	if (!s->period_ms && s->nsteps) {
		suan_jsonw_time(&o.w, "from", s->steps[0].at_ms);
		suan_jsonw_time(&o.w, "until", s->until_ms);
	}
	suan_jsonw_time(&o.w, "issued", s->issued_ms);
	suan_jsonw_i64(&o.w, "gaps", s->gaps);
	suan_jsonw_i64(&o.w, "duplicates", s->duplicates);
	suan_jsonw_i64(&o.w, "estimated", s->estimated);
	suan_jsonw_bool(&o.w, "checked_only", only_check);
	suan_api_object_send(c, &o);
}

struct told { /* in the arena of the call, which the event does not take */
	struct suan_api_call *call;
	struct suan_signal_spec spec;
};

static void done(void *ctx, const struct suan_core_answer *answer)
{
	struct told *t = ctx;

	if (answer->code != SUAN_OK)
		suan_api_refuse(t->call, answer);
	else
		put_told(t->call, &t->spec, false);
}

/* What the engine would not say as well. */
static bool may_tell(struct suan_api_call *c, const struct suan_signal_spec *s)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	uint32_t site = suan_engine_find_site(e, s->site);
	struct suan_err err = {0};

	if (site == SUAN_NO_POOL) {
		suan_fail_field(&err, SUAN_ENOTFOUND, "site", "no site \"%.64s\"", s->site);
		return fail(c, 404, &err);
	}
	if (suan_signals_check(s, suan_clock_now_ms(), &err) != SUAN_OK)
		return fail(c, 400, &err);
	if (!suan_signals_mixes(suan_engine_signals(e), site, s))
		return true;
	suan_fail_field(&err, SUAN_ECONFLICT, "marginal",
			"the %s of %s is %s so far; both do not mix, so say replace",
			suan_signal_kind_name(s->kind), s->site,
			s->marginal ? "a mean" : "marginal");
	return fail(c, 409, &err);
}

void suan_api_signals_put(struct suan_api_call *c)
{
	struct told *t = suan_arena_alloc(&c->arena, sizeof(*t));
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .now_ms = suan_clock_now_ms()};
	struct suan_err err = {0};
	enum suan_code rc = SUAN_OK;
	size_t n;
	const char *body = suan_http_body(c->req, &n);

	if (!t)
		rc = suan_fail(&err, SUAN_ENOMEM, "out of memory");
	else if (suan_http_query(c->req, "site"))
		rc = read_file(c, &t->spec, &err);
	else
		rc = suan_signal_doc_read(body, n, ev.now_ms, &c->arena, &t->spec, &err);
	if (rc != SUAN_OK) {
		suan_api_problem(c, suan_api_status(rc), &err);
		return;
	}
	if (!may_tell(c, &t->spec))
		return;
	if (flag(c, "check")) {
		put_told(c, &t->spec, true);
		return;
	}
	t->call = c;
	ev.u.signal = &t->spec;
	suan_core_post(suan_api_config(c->api)->core, &ev, NULL, done, t);
}

/* ---- reading ---- */

/* The site of a name; false: answered with 404. */
static bool find_site(struct suan_api_call *c, const char *name, uint32_t *ret)
{
	struct suan_err err = {0};

	*ret = suan_engine_find_site(suan_api_engine(c->api), name);
	if (*ret != SUAN_NO_POOL)
		return true;
	suan_fail_field(&err, SUAN_ENOTFOUND, "site", "no site \"%.64s\"", name);
	return fail(c, 404, &err);
}

void suan_api_signals(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	const char *name = suan_http_query(c->req, "site");
	uint32_t only = SUAN_NO_POOL;
	struct suan_api_object o;

	if (name && !find_site(c, name, &only))
		return;
	suan_api_object_open(&o, "signals");
	for (uint32_t i = 0; i < suan_engine_site_count(e); i++)
		for (int k = 0; k < SUAN_NSIGNALS && (!name || i == only); k++)
			(void)suan_doc_signal(e, i, (enum suan_signal_kind)k, suan_clock_now_ms(),
					      &o.w);
	suan_api_object_send(c, &o);
}

/* A time of the query; false: answered with 400. */
static bool time_of(struct suan_api_call *c, const char *name, int64_t now_ms, int64_t *ret)
{
	const char *text = suan_http_query(c->req, name);
	struct suan_err err = {0};

	if (!text || suan_parse_time(text, now_ms, ret, &err) == SUAN_OK)
		return true;
	(void)snprintf(err.field, sizeof(err.field), "%s", name);
	return fail(c, 400, &err);
}

void suan_api_signal(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	const char *kind = suan_http_query(c->req, "kind");
	int64_t now = suan_clock_now_ms(), span[2] = {now, 0}, limit = 1000, n = 0;
	enum suan_signal_kind k;
	struct suan_api_object o;
	struct suan_err err = {0};
	uint32_t site;

	if (!find_site(c, c->name, &site))
		return;
	if (!suan_signal_kind_parse(kind ? kind : "", &k, &err)) {
		suan_api_problem(c, 400, &err);
		return;
	}
	if (!time_of(c, "from", now, &span[0]))
		return;
	span[1] = suan_sat_add(span[0], DAY_MS);
	if (!time_of(c, "to", now, &span[1]) || !suan_api_number(c, "limit", 1, MOST_PARTS, &limit))
		return;
	suan_api_object_open(&o, NULL);
	suan_jsonw_str(&o.w, "site", c->name);
	suan_jsonw_str(&o.w, "kind", kind);
	suan_jsonw_str(&o.w, "unit", suan_signal_unit_name(k));
	suan_jsonw_open(&o.w, "values", '[');
	if (suan_signals_known(suan_engine_signals(e), site, k))
		for (; span[0] < span[1] && n < limit; n++)
			span[0] = suan_doc_signal_part(e, site, k, span, &o.w);
	else
		span[0] = span[1];
	suan_jsonw_close(&o.w, ']');
	suan_jsonw_time(&o.w, "next", span[0] < span[1] ? span[0] : 0);
	suan_api_object_send(c, &o);
}
