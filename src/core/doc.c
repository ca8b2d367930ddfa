#include "core/doc.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "wire/job.h"
#include "wire/latency.h"
#include "wire/payload.h"

/* ---- reasons in words ---- */

static const char *pool_place(const struct suan_engine *e, uint32_t pool, const char **ret_pool)
{
	struct suan_pool_view p;
	struct suan_site_view s;

	*ret_pool = NULL;
	if (pool == SUAN_NO_POOL || !suan_engine_pool(e, pool, &p) ||
	    !suan_engine_site(e, p.site, &s))
		return NULL;
	*ret_pool = p.name;
	return s.spec->name;
}

/* How the numbers a and b stand in the sentence. */
enum numbers {
	PLAIN,
	BYTES,
	TIMES,
	DURATION,
	MONEY,
	LATENCY
};

struct sentence {
	enum numbers kind;
	const char *text; /* %a and %b stand for the numbers */
};

static const struct sentence sentences[SUAN_NREASONS] = {
	[SUAN_R_HELD] = {PLAIN, "held; release it to let it run"},
	[SUAN_R_BEGIN] = {TIMES, "may not start before %a"},
	[SUAN_R_DEPENDENCY] = {PLAIN, "waits for job %a"},
	[SUAN_R_DEPENDENCY_NEVER] = {PLAIN, "can never start: job %a did not end as required"},
	[SUAN_R_ARRAY_CAP] = {PLAIN, "%a of at most %b elements are running"},
	[SUAN_R_PRIORITY] = {PLAIN, "%a jobs are ahead"},
	[SUAN_R_RESOURCES] = {TIMES, "next in line; waits for free capacity, expected %a"},
	[SUAN_R_STARTING] = {PLAIN, "start ordered"},
	[SUAN_R_CANCELLING] = {PLAIN, "being stopped"},
	[SUAN_R_PLACED] = {PLAIN, "placed"},
	[SUAN_R_CHOSEN] = {PLAIN, "chosen"},
	[SUAN_R_LATER_START] = {PLAIN, "would start later"},
	[SUAN_R_COSTLIER] = {MONEY, "same start, dearer: %a against %b yuan per core-hour"},
	[SUAN_R_TIE] = {PLAIN, "as good; the first in the list wins"},
	[SUAN_R_NOT_ALLOWED] = {PLAIN, "excluded by the job's site or hub list"},
	[SUAN_R_SITE_DOWN] = {PLAIN, "the site is down"},
	[SUAN_R_SITE_DRAIN] = {PLAIN, "the site is draining and takes nothing new"},
	[SUAN_R_NO_DRIVER] = {PLAIN, "modelled only: no driver, so nothing runs there"},
	[SUAN_R_TOO_MANY_CORES] = {PLAIN, "a task wants %a cores, the largest node has %b"},
	[SUAN_R_TOO_MUCH_MEMORY] = {BYTES, "a task wants %a of memory, the largest node has %b"},
	[SUAN_R_TOO_MANY_GPUS] = {PLAIN, "a task wants %a accelerators, the largest node has %b"},
	[SUAN_R_GPU_KIND] = {PLAIN, "no pool allowed has accelerators of the kind it wants"},
	[SUAN_R_TOO_MANY_NODES] = {PLAIN, "wants %a nodes, the largest pool has %b"},
	[SUAN_R_TOO_MANY_TASKS] = {PLAIN,
				   "wants %a tasks at once, at most %b fit in an empty pool"},
	[SUAN_R_DEADLINE] = {TIMES, "would end %a, after its deadline %b; it is planned with its "
				    "estimate or walltime"},
	[SUAN_R_NO_POOL] = {PLAIN,
			    "no pool is left to run it: its site and hub lists, or its bound on "
			    "the latency, exclude all"},
	[SUAN_R_BAD_DEPENDENCY] = {PLAIN, "depends on job %a, which does not exist"},
	[SUAN_R_TOO_LONG] = {DURATION, "walltime %a is longer than the %b allowed"},
	[SUAN_R_QUEUE_FULL] = {PLAIN, "%a jobs are waiting, the limit is %b"},
	[SUAN_R_EXIT_CODE] = {PLAIN, "exit code %a"},
	[SUAN_R_SIGNAL] = {PLAIN, "killed by signal %a"},
	[SUAN_R_WALLTIME] = {DURATION, "ran into its walltime of %a"},
	[SUAN_R_MEMORY] = {BYTES, "used more than its memory of %a"},
	[SUAN_R_CANCELLED_BY_USER] = {PLAIN, "cancelled"},
	[SUAN_R_LOST] = {PLAIN, "lost with its site; the result is unknown"},
	[SUAN_R_START_FAILED] = {PLAIN, "the site could not start it"},
	[SUAN_R_STAGING_FAILED] = {PLAIN, "its files could not be moved"},
	[SUAN_R_TOO_MANY_ATTEMPTS] = {PLAIN, "lost %a times; given up"},
	[SUAN_R_PAUSED] = {TIMES, "starts failed there; tried again %a"},
	[SUAN_R_SITE_GONE] = {TIMES, "its site is not in the network any more; over by %a at the "
				     "latest"},
	[SUAN_R_PREEMPTED] = {PLAIN, "stopped so that job %a can start"},
	[SUAN_R_OVER_QUOTA] = {PLAIN, "one start takes %a, a limit of its account, user or class "
				      "is %b"},
	[SUAN_R_QUOTA] = {PLAIN, "a limit is reached: %a in use, the limit is %b"},
	[SUAN_R_RESERVATION] = {TIMES, "waits for its reservation, from %a to %b"},
	[SUAN_R_RESERVATION_OVER] = {PLAIN, "can never start: its reservation %a is over; cancel "
					    "it, or submit it anew"},
	[SUAN_R_RESERVATION_USER] = {PLAIN, "reservation %a is for others"},
	[SUAN_R_RESERVATIONS] = {PLAIN, "has %a reservations, the limit is %b"},
	[SUAN_R_NODE_HOURS] = {PLAIN, "would have reserved %a node-hours, the limit is %b"},
	[SUAN_R_HORIZON] = {TIMES, "would be reserved until %a, the latest time allowed is %b"},
	[SUAN_R_NODES_LOST] = {PLAIN, "%a of its %b nodes left the pool"},
	[SUAN_R_TOO_FAR] = {LATENCY, "would have %a; want ≤ %b"},
	[SUAN_R_RESIDENCY] = {PLAIN, "data that it reads may not be there"},
	[SUAN_R_GOAL] = {TIMES, "waits for a better time, %a; starts by %b if it can"},
	[SUAN_R_DATA] = {TIMES, "waits for data that it reads; expected %a"},
	[SUAN_R_DATA_LATE] = {TIMES, "the data that it reads is there %a, which is too late: "
				     "wanted by %b"},
	[SUAN_R_CACHE_FULL] = {BYTES, "the data that it reads takes %a of the site's cache, where "
				      "at most %b are free"},
};

static void add_number(enum numbers kind, int64_t v, struct suan_buf *out)
{
	char text[32];

	switch (kind) {
	case PLAIN:
		suan_buf_add_i64(out, v);
		return;
	case BYTES:
		suan_format_size((uint64_t)v, text);
		break;
	case TIMES:
		if (v == SUAN_FOREVER)
			memcpy(text, "never", 6);
		else
			suan_format_time(v, text);
		break;
	case DURATION:
		suan_format_duration(v, text);
		break;
	case LATENCY:
		if (v < 0)
			(void)snprintf(text, sizeof(text), "an unknown latency");
		else
			suan_latency_format((uint32_t)v, text);
		break;
	case MONEY:
		suan_buf_addf(out, "%lld.%04lld", (long long)(v / 1000000),
			      (long long)(v % 1000000 / 100));
		return;
	}
	suan_buf_adds(out, text);
}

/* One start against another. */
static void add_later(int64_t a, int64_t b, struct suan_buf *out)
{
	char text[32];

	if (a == SUAN_FOREVER) {
		suan_buf_adds(out, "would never start");
		return;
	}
	suan_format_duration((a - b) / 1000 * 1000, text);
	suan_buf_addf(out, "would start %s later", a - b < 1000 ? "a moment" : text);
}

/* Of a job a and b are one time; of a reservation b is a number of nodes. */
static void add_reserved(int64_t a, int64_t b, struct suan_buf *out)
{
	if (a == b) {
		suan_buf_adds(out, "waits for capacity that is reserved until ");
		add_number(TIMES, a, out);
		return;
	}
	suan_buf_addf(out, "only %lld of the nodes wanted are free then; possible from ",
		      (long long)b);
	add_number(TIMES, a, out);
}

/* Where the numbers make another sentence. false: they do not. */
static bool add_special(enum suan_reason reason, int64_t a, int64_t b, struct suan_buf *out)
{
	if (reason == SUAN_R_RESERVED)
		add_reserved(a, b, out);
	else if (reason == SUAN_R_LATER_START)
		add_later(a, b, out);
	else if (reason == SUAN_R_PREEMPTED && a == 0)
		suan_buf_adds(out, "preempted by hand");
	else if (reason == SUAN_R_PRIORITY && a == 1)
		suan_buf_adds(out, "1 job is ahead");
	else if (reason == SUAN_R_DATA && a == SUAN_FOREVER)
		suan_buf_adds(out, "data that it reads cannot be brought where it may run");
	else
		return false;
	return true;
}

void suan_doc_reason(const struct suan_engine *e, enum suan_reason reason, int64_t a, int64_t b,
		     struct suan_buf *out)
{
	const struct sentence *s;

	(void)e;
	if (reason >= SUAN_NREASONS || add_special(reason, a, b, out) || !sentences[reason].text)
		return;
	s = &sentences[reason];
	for (const char *p = s->text; *p; p++) {
		if (p[0] == '%' && (p[1] == 'a' || p[1] == 'b'))
			add_number(s->kind, *++p == 'a' ? a : b, out);
		else
			suan_buf_addc(out, *p);
	}
}

void suan_doc_refusal(const struct suan_engine *e, const struct suan_candidate *miss,
		      struct suan_buf *out)
{
	const char *pool, *site = pool_place(e, miss->pool, &pool);

	if (miss->reason == SUAN_R_TOO_FAR && site)
		suan_buf_addf(out, "no site is near enough: %s ", site);
	suan_doc_reason(e, miss->reason, miss->a, miss->b, out);
}

static void put_reason(const struct suan_engine *e, enum suan_reason r, int64_t a, int64_t b,
		       struct suan_jsonw *w)
{
	struct suan_buf text;

	if (r == SUAN_R_NONE) {
		suan_jsonw_null(w, "reason");
		return;
	}
	suan_buf_init(&text, 0);
	suan_doc_reason(e, r, a, b, &text);
	suan_jsonw_str(w, "reason", suan_reason_name(r));
	suan_jsonw_str(w, "reason_text", suan_buf_str(&text));
	suan_buf_done(&text);
}

/* "account org, user u: 96 of at most 100 cores in use, wants 8": more than the two numbers. */
void suan_doc_quota(const struct suan_quota_view *q, struct suan_buf *out)
{
	bool memory = q->limit == SUAN_LIMIT_MEMORY;
	enum numbers kind = memory ? BYTES : PLAIN;

	suan_buf_addf(out, "%s %s%s%s: ", q->account[0] ? "account" : "class",
		      q->account[0] ? q->account : q->qos, q->user[0] ? ", user " : "", q->user);
	add_number(kind, (int64_t)q->used, out);
	suan_buf_adds(out, " of at most ");
	add_number(kind, (int64_t)q->most, out);
	suan_buf_addf(out, "%s%s in use, wants ", memory ? " of " : " ", suan_limit_name(q->limit));
	add_number(kind, (int64_t)q->want, out);
}

void suan_doc_limited(const struct suan_quota_view *q, struct suan_jsonw *w)
{
	struct suan_buf text;

	suan_buf_init(&text, 0);
	suan_doc_quota(q, &text);
	suan_jsonw_str(w, "reason", suan_reason_name(SUAN_R_QUOTA));
	suan_jsonw_str(w, "reason_text", suan_buf_str(&text));
	suan_buf_done(&text);
	suan_jsonw_open(w, "quota", '{');
	if (q->account[0])
		suan_jsonw_str(w, "account", q->account);
	if (q->qos[0])
		suan_jsonw_str(w, "qos", q->qos);
	if (q->user[0])
		suan_jsonw_str(w, "user", q->user);
	suan_jsonw_str(w, "limit", suan_limit_name(q->limit));
	suan_jsonw_i64(w, "used", (int64_t)q->used);
	suan_jsonw_i64(w, "wants", (int64_t)q->want);
	suan_jsonw_i64(w, "most", (int64_t)q->most);
	suan_jsonw_close(w, '}');
}

static void put_cause(const struct suan_engine *e, uint64_t job,
		      const struct suan_task_view *why, struct suan_jsonw *w)
{
	struct suan_quota_view q;

	if (why->reason != SUAN_R_QUOTA || !suan_engine_quota(e, job, &q))
		put_reason(e, why->reason, why->reason_a, why->reason_b, w);
	else
		suan_doc_limited(&q, w);
}

static void put_place(const struct suan_engine *e, uint32_t pool, struct suan_jsonw *w)
{
	const char *pool_name, *site = pool_place(e, pool, &pool_name);

	suan_jsonw_str(w, "site", site);
	suan_jsonw_str(w, "pool", pool_name);
}

/* ---- jobs ---- */

static void put_counts(const struct suan_job_view *v, struct suan_jsonw *w)
{
	suan_jsonw_open(w, "counts", '{');
	for (int s = 0; s < SUAN_NSTATES; s++)
		if (v->counts[s])
			suan_jsonw_i64(w, suan_state_name((enum suan_state)s), v->counts[s]);
	suan_jsonw_close(w, '}');
}

static void put_array(const struct suan_job_view *v, struct suan_jsonw *w)
{
	struct suan_buf text;

	suan_buf_init(&text, 0);
	suan_range_format(v->array, &text);
	suan_jsonw_str(w, "array", suan_buf_str(&text));
	suan_jsonw_i64(w, "elements", v->elements);
	suan_buf_done(&text);
	put_counts(v, w);
}

void suan_doc_forecast(const struct suan_job_view *v, struct suan_jsonw *w)
{
	if (!v->predicted_p50_ms || suan_state_final(v->state))
		return;
	suan_jsonw_time(w, "predicted_start_p50", v->predicted_p50_ms);
	suan_jsonw_time(w, "predicted_start_p90", v->predicted_p90_ms);
	suan_jsonw_time(w, "predicted_start_p99", v->predicted_p99_ms);
}

static void put_head(const struct suan_engine *e, const struct suan_job_view *v,
		     struct suan_jsonw *w)
{
	bool over = suan_state_final(v->state);

	suan_jsonw_i64(w, "id", (int64_t)v->id);
	suan_jsonw_str(w, "name", v->name);
	suan_jsonw_str(w, "user", v->user);
	if (v->account[0])
		suan_jsonw_str(w, "account", v->account);
	suan_jsonw_str(w, "state", suan_state_name(v->state));
	if (v->home[0])
		suan_jsonw_str(w, "home", v->home);
	put_place(e, v->pool, w);
	suan_jsonw_time(w, "submit", v->submit_ms);
	suan_jsonw_time(w, "start", v->start_ms);
	suan_jsonw_time(w, "end", over ? v->end_ms : 0);
	if (over && v->start_ms && !v->signal)
		suan_jsonw_i64(w, "exit_code", v->exit_code);
	else
		suan_jsonw_null(w, "exit_code");
	if (v->signal)
		suan_jsonw_i64(w, "signal", v->signal);
	put_cause(e, v->id,
		  &(struct suan_task_view){
			  .reason = v->reason, .reason_a = v->reason_a, .reason_b = v->reason_b},
		  w);
	if (v->predicted_start_ms && !over) {
		const char *pool, *site = pool_place(e, v->predicted_pool, &pool);

		suan_jsonw_time(w, "predicted_start", v->predicted_start_ms);
		suan_jsonw_str(w, "predicted_site", site);
	}
	suan_doc_forecast(v, w);
	if (v->preempted) {
		suan_jsonw_i64(w, "preempted", v->preempted);
		suan_jsonw_fixed(w, "preempted_core_s", v->preempted_core_ms, 3);
	}
}

void suan_doc_job_short(const struct suan_engine *e, const struct suan_job_view *v,
			struct suan_jsonw *w)
{
	put_head(e, v, w);
	suan_jsonw_i64(w, "priority", v->priority);
	suan_jsonw_i64(w, "tasks", v->req.tasks);
	suan_jsonw_i64(w, "cores", v->req.cores);
	if (v->req.gpus)
		suan_jsonw_i64(w, "gpus", v->req.gpus);
	if (v->is_array)
		put_array(v, w);
}

static void spec_of_view(const struct suan_job_view *v, struct suan_job_spec *s)
{
	/* Name, user and the rest of the head are written by put_head. */
	*s = (struct suan_job_spec){
		.name = "",
		.user = "",
		.account = "",
		.qos = v->qos,
		.home = "",
		.req = v->req,
		.gpu = v->gpu,
		.walltime_ms = v->walltime_ms,
		.estimate_ms = v->estimate_ms,
		.begin_ms = v->begin_ms,
		.deadline_ms = v->deadline_ms,
		.priority = v->priority,
		.hold = v->hold,
		.checkpointable = v->checkpointable,
		.guarantee = v->guarantee,
		.deps = (struct suan_dep *)(uintptr_t)v->deps,
		.ndeps = v->ndeps,
		.site = v->site,
		.hub = v->hub,
		.not_site = v->not_site,
		.not_hub = v->not_hub,
		.near = v->near,
		.goal = v->goal,
		.max_delay_ms = v->max_delay_ms,
		.max_latency_us = v->max_latency_us,
	};
}

static void put_usage(const struct suan_usage *u, struct suan_jsonw *w)
{
	suan_jsonw_open(w, "usage", '{');
	suan_jsonw_fixed(w, "cpu_s", u->cpu_ms, 3);
	suan_jsonw_i64(w, "max_rss_bytes", u->max_rss_bytes);
	suan_jsonw_i64(w, "read_bytes", u->read_bytes);
	suan_jsonw_i64(w, "write_bytes", u->write_bytes);
	suan_jsonw_close(w, '}');
}

/* What only a single task has: its run. */
static void put_run(const struct suan_engine *e, const struct suan_job_view *v,
		    struct suan_jsonw *w)
{
	struct suan_task_view t;

	if (v->is_array || !suan_engine_task(e, v->id, 0, &t) || !t.attempt)
		return;
	suan_jsonw_i64(w, "attempt", t.attempt);
	if (t.text && t.text[0])
		suan_jsonw_str(w, "text", t.text);
	if (t.end_ms)
		put_usage(&t.usage, w);
}

/* The sites that it may go to; `site` is where it is. */
static void put_sites(struct suan_job_spec *spec, struct suan_jsonw *w)
{
	if (spec->site.count == 0)
		return;
	suan_jsonw_open(w, "sites", '[');
	for (uint32_t i = 0; i < spec->site.count; i++)
		suan_jsonw_str(w, NULL, spec->site.list[i]);
	suan_jsonw_close(w, ']');
	spec->site.count = 0;
}

enum suan_code suan_doc_job_full(const struct suan_engine *e, const struct suan_job_view *v,
				 struct suan_jsonw *w, struct suan_err *err)
{
	struct suan_job_doc doc;
	struct suan_arena arena;
	char reservation[12];
	enum suan_code rc;

	suan_arena_init(&arena, 0);
	suan_job_doc_init(&doc);
	spec_of_view(v, &doc.spec);
	snprintf(reservation, sizeof(reservation), "%u", v->reservation);
	doc.spec.reservation = v->reservation ? reservation : "";
	rc = suan_payload_get(v->payload, v->payload_len, &arena, &doc.run, err);
	if (rc == SUAN_OK)
		rc = suan_env_get(v->env, v->env_len, &arena, &doc.env, err);
	if (rc == SUAN_OK) {
		put_head(e, v, w);
		put_run(e, v, w);
		if (v->is_array)
			put_array(v, w);
		suan_doc_footprint(e, v, w);
		put_sites(&doc.spec, w);
		suan_job_to_json(&doc, w);
	}
	suan_arena_done(&arena);
	return rc;
}

void suan_doc_task(const struct suan_engine *e, const struct suan_task_view *v,
		   struct suan_jsonw *w)
{
	bool over = suan_state_final(v->state);

	suan_jsonw_i64(w, "job", (int64_t)v->job);
	suan_jsonw_i64(w, "index", v->index);
	suan_jsonw_i64(w, "attempt", v->attempt);
	suan_jsonw_str(w, "state", suan_state_name(v->state));
	put_place(e, v->pool, w);
	suan_jsonw_time(w, "start", v->start_ms);
	suan_jsonw_time(w, "end", over ? v->end_ms : 0);
	if (over && v->start_ms && !v->signal)
		suan_jsonw_i64(w, "exit_code", v->exit_code);
	else
		suan_jsonw_null(w, "exit_code");
	if (v->signal)
		suan_jsonw_i64(w, "signal", v->signal);
	put_cause(e, v->job, v, w);
	if (v->text && v->text[0])
		suan_jsonw_str(w, "text", v->text);
	if (over && v->start_ms)
		put_usage(&v->usage, w);
	if (v->start_ms)
		suan_doc_task_footprint(e, v, w);
}

/* ---- sites and pools ---- */

static const char *site_state(const struct suan_site_view *v)
{
	if (v->gone)
		return "gone";
	switch (v->state) {
	case SUAN_SITE_UP:
		return v->spec->driver[0] ? "up" : "modelled";
	case SUAN_SITE_DOWN:
		return "down";
	case SUAN_SITE_DRAIN:
		return "drain";
	}
	return "";
}

static void put_signal(struct suan_jsonw *w, const char *name, int64_t value, unsigned digits)
{
	if (value < 0)
		suan_jsonw_null(w, name);
	else
		suan_jsonw_fixed(w, name, value, digits);
}

/* What sharing does to those at home there: an account, not a promise to a job. */
static void put_home(const struct suan_engine *e, uint32_t site, struct suan_jsonw *w)
{
	struct suan_home_view v;

	if (!suan_engine_home(e, site, &v)) {
		suan_jsonw_null(w, "home");
		return;
	}
	suan_jsonw_open(w, "home", '{');
	suan_jsonw_i64(w, "jobs", (int64_t)v.jobs);
	suan_jsonw_fixed(w, "ratio", (int64_t)v.ratio_milli, 3);
	suan_jsonw_bool(w, "guarded", v.guarded);
	suan_jsonw_close(w, '}');
}

void suan_doc_site(const struct suan_engine *e, const struct suan_site_view *v,
		   struct suan_jsonw *w)
{
	const struct suan_site_spec *s = v->spec;

	suan_jsonw_str(w, "name", s->name);
	if (s->zh[0])
		suan_jsonw_str(w, "zh", s->zh);
	suan_jsonw_str(w, "hub", s->hub);
	suan_jsonw_str(w, "owner", s->owner);
	suan_jsonw_str(w, "driver", s->driver[0] ? s->driver : NULL);
	suan_jsonw_str(w, "state", site_state(v));
	suan_jsonw_fixed(w, "lon", s->lon_udeg, 6);
	suan_jsonw_fixed(w, "lat", s->lat_udeg, 6);
	suan_jsonw_fixed(w, "pue", s->pue_milli, 3);
	put_signal(w, "price_kwh", s->price_uyuan_kwh, 6);
	put_signal(w, "carbon_g_kwh", s->carbon_mg_kwh, 3);
	if (s->racks)
		suan_jsonw_i64(w, "racks", s->racks);
	put_home(e, v->number, w);
	suan_jsonw_open(w, "pools", '[');
	for (uint32_t i = 0; i < suan_engine_pool_count(e); i++) {
		struct suan_pool_view p;

		if (!suan_engine_pool(e, i, &p) || p.site != v->number)
			continue;
		suan_jsonw_open(w, NULL, '{');
		suan_doc_pool(e, &p, w);
		suan_jsonw_close(w, '}');
	}
	suan_jsonw_close(w, ']');
}

void suan_doc_pool(const struct suan_engine *e, const struct suan_pool_view *v,
		   struct suan_jsonw *w)
{
	struct suan_site_view s;

	if (suan_engine_site(e, v->site, &s))
		suan_jsonw_str(w, "site", s.spec->name);
	suan_jsonw_str(w, "name", v->name);
	suan_jsonw_i64(w, "nodes", v->spec.nodes);
	suan_jsonw_i64(w, "nodes_usable", v->usable_nodes);
	suan_jsonw_i64(w, "node_cores", v->spec.cores);
	suan_jsonw_i64(w, "node_memory_bytes", (int64_t)v->spec.memory);
	suan_jsonw_i64(w, "node_gpus", v->spec.gpus);
	suan_jsonw_str(w, "gpu", v->spec.gpu[0] ? v->spec.gpu : NULL);
	suan_jsonw_bool(w, "delegated", v->delegated);
	suan_jsonw_i64(w, "cores_total", (int64_t)v->cores_total);
	suan_jsonw_i64(w, "cores_used", (int64_t)v->cores_used);
	suan_jsonw_i64(w, "gpus_total", (int64_t)v->gpus_total);
	suan_jsonw_i64(w, "gpus_used", (int64_t)v->gpus_used);
	suan_jsonw_i64(w, "memory_total_bytes", (int64_t)v->memory_total);
	suan_jsonw_i64(w, "memory_used_bytes", (int64_t)v->memory_used);
	suan_jsonw_i64(w, "running", v->running);
	suan_jsonw_i64(w, "waiting", v->waiting);
}

void suan_doc_candidate(const struct suan_engine *e, const struct suan_candidate *c,
			struct suan_jsonw *w)
{
	put_place(e, c->pool, w);
	suan_jsonw_time(w, "start", c->start_ms == SUAN_FOREVER ? 0 : c->start_ms);
	suan_jsonw_bool(w, "chosen", c->reason == SUAN_R_CHOSEN);
	put_reason(e, c->reason, c->a, c->b, w);
}
