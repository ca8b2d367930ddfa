/* Tokens, information, health, metrics. */
#include "api/meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/feed.h"
#include "core/doc.h"
#include "sys/clock.h"
#include "sys/fs.h"

/* ---- tokens ---- */

void suan_api_tokens_list(struct suan_api_call *c)
{
	struct suan_api_object o;

	suan_api_object_open(&o, "tokens");
	suan_tokens_list(suan_api_tokens(c->api), &o.w);
	suan_api_object_send(c, &o);
}

static bool read_ask(struct suan_api_call *c, struct suan_token_ask *ask, struct suan_err *err)
{
	const char *name, *role = "user", *body;
	int64_t expires_s = 0;
	struct suan_json j;
	size_t n;

	body = suan_http_body(c->req, &n);
	suan_json_init(&j, body, n, &c->arena, err);
	if (suan_json_object(&j)) {
		while (suan_json_member(&j, &name)) {
			if (strcmp(name, "user") == 0)
				suan_json_string(&j, &ask->user);
			else if (strcmp(name, "role") == 0)
				suan_json_string(&j, &role);
			else if (strcmp(name, "expires_s") == 0)
				suan_json_i64(&j, 1, 315360000, &expires_s);
			else
				suan_json_fail_name(
					&j, "unknown field; expected user, role, expires_s");
		}
	}
	if (!j.failed)
		suan_json_finish(&j);
	if (j.failed)
		return false;
	if (!suan_role_parse(role, &ask->role)) {
		suan_fail_field(err, SUAN_EINVAL, "role",
				"no role \"%.40s\"; expected viewer, user, operator, site or admin",
				role);
		return false;
	}
	ask->expires_ms = expires_s ? ask->now_ms + expires_s * 1000 : 0;
	return true;
}

void suan_api_tokens_create(struct suan_api_call *c)
{
	struct suan_token_ask ask = {.user = "", .now_ms = suan_clock_now_ms()};
	char secret[SUAN_TOKEN_SECRET], id[SUAN_TOKEN_ID];
	struct suan_err err = {0};
	struct suan_jsonw w;
	struct suan_buf text;
	enum suan_code rc;

	if (!read_ask(c, &ask, &err)) {
		suan_api_problem(c, 400, &err);
		return;
	}
	rc = suan_tokens_new(suan_api_tokens(c->api), &ask, secret, id, &err);
	if (rc != SUAN_OK) {
		suan_api_problem(c, suan_api_status(rc), &err);
		return;
	}
	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_str(&w, "id", id);
	suan_jsonw_str(&w, "token", secret);
	suan_jsonw_str(&w, "user", ask.user);
	suan_jsonw_str(&w, "role", suan_role_name(ask.role));
	suan_jsonw_time(&w, "expires", ask.expires_ms);
	suan_jsonw_close(&w, '}');
	suan_api_send(c, 201, &text, NULL);
}

void suan_api_tokens_revoke(struct suan_api_call *c)
{
	struct suan_err err = {0};
	enum suan_code rc = suan_tokens_revoke(suan_api_tokens(c->api), c->name, &err);
	struct suan_buf text;

	if (rc != SUAN_OK) {
		suan_api_problem(c, suan_api_status(rc), &err);
		return;
	}
	suan_feeds_check(suan_api_feeds(c->api));
	suan_buf_init(&text, 0);
	suan_buf_adds(&text, "{}");
	suan_api_send(c, 200, &text, NULL);
}

/* ---- who and what ---- */

void suan_api_whoami(struct suan_api_call *c)
{
	struct suan_api_object o;

	suan_api_object_open(&o, NULL);
	suan_jsonw_str(&o.w, "user", c->who.user);
	suan_jsonw_str(&o.w, "role", suan_role_name(c->who.role));
	suan_api_object_send(c, &o);
}

void suan_api_info(struct suan_api_call *c)
{
	const struct suan_api_config *config = suan_api_config(c->api);
	const struct suan_engine *e = suan_api_engine(c->api);
	int64_t now = suan_clock_now_ms();
	struct suan_api_object o;

	suan_api_object_open(&o, NULL);
	suan_jsonw_str(&o.w, "version", SUAN_VERSION);
	suan_jsonw_str(&o.w, "network", config->network_name);
	suan_jsonw_str(&o.w, "store", config->store_name);
	suan_jsonw_str(&o.w, "policy", suan_policy_name(suan_engine_policy(e)->kind));
	suan_jsonw_str(&o.w, "packing", suan_packing_name(suan_engine_policy(e)->packing));
	suan_jsonw_time(&o.w, "time", now);
	suan_jsonw_i64(&o.w, "uptime_s", (now - suan_api_started_ms(c->api)) / 1000);
	suan_jsonw_i64(&o.w, "events", (int64_t)suan_engine_seq(e));
	suan_jsonw_i64(&o.w, "sites", suan_engine_site_count(e));
	suan_jsonw_i64(&o.w, "pools", suan_engine_pool_count(e));
	suan_jsonw_open(&o.w, "jobs", '{');
	for (int s = 0; s < SUAN_NSTATES; s++)
		suan_jsonw_i64(&o.w, suan_state_name((enum suan_state)s),
			       (int64_t)suan_engine_job_count(e, (enum suan_state)s));
	suan_jsonw_close(&o.w, '}');
	suan_api_object_send(c, &o);
}

static void say(struct suan_api_call *c, const char *text)
{
	struct suan_buf b;

	suan_buf_init(&b, 0);
	suan_buf_adds(&b, text);
	suan_api_send(c, 200, &b, NULL);
}

void suan_api_healthz(struct suan_api_call *c)
{
	say(c, "ok\n");
}

void suan_api_readyz(struct suan_api_call *c)
{
	struct suan_core_stats stats;
	struct suan_err err = {0};

	suan_core_stats(suan_api_config(c->api)->core, &stats);
	if (!stats.last_failure_ms) {
		say(c, "ok\n");
		return;
	}
	suan_fail(&err, SUAN_EIO, "the last commit failed: submissions are refused");
	suan_api_problem(c, 503, &err);
}

/* ---- metrics ---- */

struct metrics {
	struct suan_buf *out;
	bool open; /* OpenMetrics: counters drop _total in TYPE lines */
};

static void family(struct metrics *m, const char *name, const char *type, const char *help)
{
	size_t n = strlen(name);

	if (m->open && n > 6 && strcmp(name + n - 6, "_total") == 0)
		n -= 6;
	suan_buf_addf(m->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)n, name, help, (int)n, name,
		      type);
}

static void number(struct metrics *m, const char *name, const char *type, const char *help,
		   int64_t v)
{
	family(m, name, type, help);
	suan_buf_addf(m->out, "%s %lld\n", name, (long long)v);
}

static void one_count(void *ctx, const struct suan_api_route *r, int status, uint64_t n)
{
	struct metrics *m = ctx;

	suan_buf_addf(m->out, "suan_http_requests_total{operation=\"%s\",status=\"%d\"} %llu\n",
		      r ? r->operation : "none", status, (unsigned long long)n);
}

static void pool_metric(struct metrics *m, const struct suan_engine *e, const char *name,
			const char *help, uint64_t (*get)(const struct suan_pool_view *))
{
	struct suan_pool_view p;
	struct suan_site_view s;

	family(m, name, "gauge", help);
	for (uint32_t i = 0; i < suan_engine_pool_count(e); i++)
		if (suan_engine_pool(e, i, &p) && suan_engine_site(e, p.site, &s) && !s.gone)
			suan_buf_addf(m->out, "%s{site=\"%s\",pool=\"%s\"} %llu\n", name,
				      s.spec->name, p.name, (unsigned long long)get(&p));
}

static uint64_t get_cores(const struct suan_pool_view *p)
{
	return p->cores_total;
}

static uint64_t get_cores_used(const struct suan_pool_view *p)
{
	return p->cores_used;
}

static uint64_t get_gpus(const struct suan_pool_view *p)
{
	return p->gpus_total;
}

static uint64_t get_gpus_used(const struct suan_pool_view *p)
{
	return p->gpus_used;
}

static uint64_t get_memory_used(const struct suan_pool_view *p)
{
	return p->memory_used;
}

static uint64_t get_running(const struct suan_pool_view *p)
{
	return p->running;
}

/* Data sets, their copies and what moves. */
static void data_metrics(struct metrics *m, const struct suan_engine *e)
{
	static const char *const states[] = {
		[SUAN_REPLICA_COPYING] = "copying",
		[SUAN_REPLICA_COMPLETE] = "complete",
		[SUAN_REPLICA_LOST] = "lost",
	};
	int64_t sets = 0, copies[3] = {0}, moving[2] = {0};
	struct suan_replica_view r;
	struct suan_transfer_view t;

	for (uint32_t id = 0; (id = suan_engine_next_data(e, id)); sets++)
		for (uint32_t i = 0; suan_engine_replica(e, id, i, &r); i++)
			copies[r.state]++;
	for (uint32_t id = 0; (id = suan_engine_next_transfer(e, id));)
		if (suan_engine_transfer(e, id, &t))
			moving[t.running]++;
	number(m, "suan_data_sets", "gauge", "Data sets.", sets);
	family(m, "suan_data_copies", "gauge", "Copies of data sets by state.");
	for (int i = 0; i < 3; i++)
		suan_buf_addf(m->out, "suan_data_copies{state=\"%s\"} %lld\n", states[i],
			      (long long)copies[i]);
	family(m, "suan_transfers", "gauge", "Transfers of data sets by state.");
	for (int i = 0; i < 2; i++)
		suan_buf_addf(m->out, "suan_transfers{state=\"%s\"} %lld\n",
			      i ? "running" : "waiting", (long long)moving[i]);
	number(m, "suan_data_moved_bytes_total", "counter",
	       "Bytes of data sets moved between sites.", (int64_t)suan_engine_moved_bytes(e));
}

static void core_metrics(struct metrics *m, struct suan_api_call *c)
{
	struct suan_core_stats s;

	suan_core_stats(suan_api_config(c->api)->core, &s);
	number(m, "suan_events_total", "counter", "Events applied since the start.",
	       (int64_t)s.events);
	number(m, "suan_commits_total", "counter", "Group commits.", (int64_t)s.commits);
	number(m, "suan_commit_failures_total", "counter", "Group commits that failed.",
	       (int64_t)s.commit_failures);
	number(m, "suan_log_bytes_total", "counter", "Bytes written to the event log.",
	       (int64_t)s.log_bytes);
	number(m, "suan_snapshots_total", "counter", "Snapshots made.", (int64_t)s.snapshots);
	number(m, "suan_passes_total", "counter", "Planning passes.", (int64_t)s.passes);
	number(m, "suan_starts_total", "counter", "Runs ordered to start.", (int64_t)s.starts);
	number(m, "suan_reports_total", "counter", "Reports of sites about runs.",
	       (int64_t)s.reports);
	number(m, "suan_refused_total", "counter", "Commands refused by a rule.",
	       (int64_t)s.refused);
}

/* Second number of statm: resident pages. */
static int64_t rss_bytes(void)
{
	struct suan_err err = {0};
	struct suan_buf text;
	int64_t pages = 0;
	const char *p;

	suan_buf_init(&text, 4096);
	if (suan_fs_read("/proc/self/statm", &text, &err) == SUAN_OK) {
		p = strchr(suan_buf_str(&text), ' ');
		pages = p ? strtoll(p, NULL, 10) : 0;
	}
	suan_buf_done(&text);
	return pages * sysconf(_SC_PAGESIZE);
}

void suan_api_metrics(struct suan_api_call *c)
{
	const char *accept = suan_http_header(c->req, "Accept");
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_buf text;
	struct metrics m = {.out = &text};

	m.open = accept && strstr(accept, "application/openmetrics-text");
	suan_buf_init(&text, 0);
	family(&m, "suan_jobs", "gauge", "Jobs in memory by state.");
	for (int s = 0; s < SUAN_NSTATES; s++)
		suan_buf_addf(&text, "suan_jobs{state=\"%s\"} %llu\n",
			      suan_state_name((enum suan_state)s),
			      (unsigned long long)suan_engine_job_count(e, (enum suan_state)s));
	pool_metric(&m, e, "suan_pool_cores", "Cores of a pool.", get_cores);
	pool_metric(&m, e, "suan_pool_cores_used", "Cores in use.", get_cores_used);
	pool_metric(&m, e, "suan_pool_gpus", "Accelerators of a pool.", get_gpus);
	pool_metric(&m, e, "suan_pool_gpus_used", "Accelerators in use.", get_gpus_used);
	pool_metric(&m, e, "suan_pool_memory_used_bytes", "Memory claimed by runs.",
		    get_memory_used);
	pool_metric(&m, e, "suan_pool_runs", "Runs at work.", get_running);
	data_metrics(&m, e);
	core_metrics(&m, c);
	family(&m, "suan_http_requests_total", "counter", "Answers by operation and status.");
	suan_api_each_count(c->api, one_count, &m);
	number(&m, "suan_uptime_seconds", "gauge", "Time since the start.",
	       (suan_clock_now_ms() - suan_api_started_ms(c->api)) / 1000);
	number(&m, "process_resident_memory_bytes", "gauge", "Resident memory of the service.",
	       rss_bytes());
	number(&m, "suan_engine_memory_bytes", "gauge", "Memory held by the engine.",
	       (int64_t)suan_engine_memory(e));
	if (m.open)
		suan_buf_adds(&text, "# EOF\n");
	suan_api_send_as(c,
			 m.open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				: "text/plain; version=0.0.4; charset=utf-8",
			 &text);
}

void suan_api_openapi_json(struct suan_api_call *c)
{
	struct suan_err err = {0};
	struct suan_buf text;
	enum suan_code rc;

	suan_buf_init(&text, 0);
	rc = suan_api_openapi(&text, &err);
	if (rc == SUAN_OK)
		suan_api_send(c, 200, &text, NULL);
	else {
		suan_buf_done(&text);
		suan_api_problem(c, 500, &err);
	}
}
