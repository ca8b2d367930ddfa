#include "core/core_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "core/doc.h"
#include "engine/record.h"
#include "wire/network.h"

#define RETRY_MS       1000	  /* reports after a failed commit */
#define RECORDS_KEPT   (1u << 20) /* bytes of buffer between rounds */
#define FORGET_A_ROUND 1000	  /* jobs */
#define LOOK_A_ROUND   100000	  /* jobs, in search of such */

bool suan_core_push_run(struct suan_core_run_list *l, struct suan_run_id run)
{
	if (suan_grow(&l->list, &l->cap, l->count + 1, sizeof(*l->list)) != SUAN_OK)
		return false;
	l->list[l->count++] = run;
	return true;
}

/* ---- answers ---- */

static void answer_from_effects(struct suan_core *c, struct suan_core_pending *p)
{
	const struct suan_effects *fx = &c->fx;
	struct suan_core_answer *a = &p->answer;
	struct suan_buf text;

	a->code = fx->code;
	a->refused = fx->refused;
	a->a = fx->a;
	a->b = fx->b;
	a->pool = fx->pool;
	a->item = fx->refused_item;
	a->first_job = fx->first_job;
	a->njobs = fx->njobs;
	a->reservation = fx->reservation;
	a->nodes = fx->nodes;
	a->repeated = fx->repeated;
	if (a->code == SUAN_OK && a->refused != SUAN_R_NONE)
		a->code = SUAN_EREFUSED;
	if (a->code == SUAN_OK || p->err.text[0])
		return;
	suan_buf_init(&text, sizeof(p->err.text) - 1);
	suan_doc_refusal(c->engine,
			 &(struct suan_candidate){
				 .pool = a->pool, .reason = a->refused, .a = a->a, .b = a->b},
			 &text);
	if (a->refused == SUAN_R_NONE && a->code == SUAN_ENOTFOUND)
		suan_fail(&p->err, a->code, "no job %llu", (unsigned long long)p->ev.u.target.job);
	else
		suan_fail(&p->err, a->code, "%s",
			  text.len ? suan_buf_str(&text) : suan_code_name(a->code));
	suan_buf_done(&text);
}

static void finish(struct suan_core_pending *p)
{
	p->answer.err = &p->err;
	if (p->done)
		p->done(p->ctx, &p->answer);
	suan_arena_done(&p->arena);
}

static void fail_all(struct suan_core_pending_list *l, enum suan_code code,
		     const struct suan_err *err)
{
	for (size_t i = 0; i < l->count; i++) {
		l->list[i].answer = (struct suan_core_answer){.code = code};
		l->list[i].err = *err;
		finish(&l->list[i]);
	}
	l->count = 0;
}

/* ---- posting ---- */

void suan_core_post(struct suan_core *c, const struct suan_event *ev, struct suan_arena *arena,
		    suan_core_done_fn *done, void *ctx)
{
	struct suan_core_pending p = {.ev = *ev, .done = done, .ctx = ctx};
	enum suan_code rc;

	suan_arena_init(&p.arena, 0);
	if (arena) {
		p.arena = *arena;
		suan_arena_init(arena, arena->limit);
	}
	if (p.ev.now_ms < suan_engine_now(c->engine))
		p.ev.now_ms = suan_engine_now(c->engine);
	p.ev.seq = suan_engine_seq(c->engine) + 1;
	rc = suan_engine_check(c->engine, &p.ev, &c->fx, &p.err);
	if (rc != SUAN_OK) {
		p.answer.code = rc;
		finish(&p);
		return;
	}
	answer_from_effects(c, &p);
	if (p.answer.code != SUAN_OK || p.answer.repeated) {
		c->stats.refused += p.answer.code != SUAN_OK;
		finish(&p);
		return;
	}
	if (suan_grow(&c->posted.list, &c->posted.cap, c->posted.count + 1,
		      sizeof(*c->posted.list)) != SUAN_OK) {
		p.answer.code = suan_fail(&p.err, SUAN_ENOMEM, "out of memory");
		finish(&p);
		return;
	}
	c->posted.list[c->posted.count++] = p;
}

void suan_core_check(struct suan_core *c, const struct suan_event *ev, struct suan_core_answer *ret,
		     struct suan_err *err)
{
	struct suan_core_pending p = {.ev = *ev};
	enum suan_code rc;

	if (p.ev.now_ms < suan_engine_now(c->engine))
		p.ev.now_ms = suan_engine_now(c->engine);
	p.ev.seq = suan_engine_seq(c->engine) + 1;
	rc = suan_engine_check(c->engine, &p.ev, &c->fx, &p.err);
	if (rc == SUAN_OK)
		answer_from_effects(c, &p);
	else
		p.answer.code = rc;
	*ret = p.answer;
	*err = p.err;
	ret->err = err;
}

void suan_core_report(struct suan_core *c, const struct suan_report *report)
{
	struct suan_report r = *report;

	/* A lost report would leave its run hanging; without memory the process cannot go on. */
	r.text = report->text && report->text[0] ? strdup(report->text) : NULL;
	if (suan_grow(&c->reports.list, &c->reports.cap, c->reports.count + 1,
		      sizeof(*c->reports.list)) != SUAN_OK)
		abort();
	c->reports.list[c->reports.count++] = r;
	c->stats.reports++;
}

static void drop_reports(struct suan_core_report_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free((char *)(uintptr_t)l->list[i].text);
	l->count = 0;
}

/* ---- the round ---- */

static uint64_t finished_jobs(const struct suan_core *c)
{
	uint64_t n = 0;

	for (int s = 0; s < SUAN_NSTATES; s++)
		if (suan_state_final((enum suan_state)s))
			n += suan_engine_job_count(c->engine, (enum suan_state)s);
	return n;
}

/* Posts FORGET for the oldest finished jobs when too many are held. */
static void forget_old(struct suan_core *c, int64_t now_ms)
{
	uint64_t n = finished_jobs(c), id = c->forget_from;
	struct suan_job_view v;
	unsigned posted = 0, looked = 0;

	if (n <= c->keep_finished + c->keep_finished / 16)
		return;
	n -= c->keep_finished;
	while (n && posted < FORGET_A_ROUND && looked++ < LOOK_A_ROUND &&
	       (id = suan_engine_next_job(c->engine, id))) {
		if (!suan_engine_job(c->engine, id, &v) || !suan_state_final(v.state))
			continue;
		struct suan_event ev = {.now_ms = now_ms,
					.type = SUAN_EV_FORGET,
					.u.target = {.job = id, .all = true}};
		suan_core_post(c, &ev, NULL, NULL, NULL);
		posted++;
		n--;
	}
	c->forget_from = id;
}

/* Final documents of jobs that this batch forgets; texts live in the scratch arena. */
static enum suan_code archive(struct suan_core *c, struct suan_store_batch *b, struct suan_err *err)
{
	struct suan_store_doc *docs = NULL;
	uint32_t n = 0, want = 0;

	for (size_t i = 0; i < c->posted.count; i++)
		want += c->posted.list[i].ev.type == SUAN_EV_FORGET;
	if (!want)
		return SUAN_OK;
	docs = suan_arena_array(&c->scratch, want, sizeof(*docs));
	if (!docs)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (size_t i = 0; i < c->posted.count; i++) {
		const struct suan_event *ev = &c->posted.list[i].ev;
		struct suan_job_view v;
		struct suan_buf text;
		struct suan_jsonw w;
		enum suan_code rc;

		if (ev->type != SUAN_EV_FORGET || !suan_engine_job(c->engine, ev->u.target.job, &v))
			continue;
		suan_buf_init(&text, 0);
		suan_jsonw_init(&w, &text);
		suan_jsonw_open(&w, NULL, '{');
		rc = suan_doc_job_full(c->engine, &v, &w, err);
		suan_jsonw_close(&w, '}');
		if (rc == SUAN_OK)
			rc = suan_buf_ok(&text, err);
		docs[n].job = v.id;
		docs[n].n = text.len;
		docs[n].bytes =
			rc == SUAN_OK ? suan_arena_mem(&c->scratch, text.data, text.len) : NULL;
		suan_buf_done(&text);
		if (!docs[n].bytes)
			return rc != SUAN_OK ? rc : suan_fail(err, SUAN_ENOMEM, "out of memory");
		n++;
	}
	b->docs = docs;
	b->ndocs = n;
	return SUAN_OK;
}

static int64_t clamp_now(const struct suan_core *c, int64_t now_ms)
{
	return now_ms > suan_engine_now(c->engine) ? now_ms : suan_engine_now(c->engine);
}

static struct suan_event report_event(const struct suan_report *r, uint64_t seq, int64_t now_ms)
{
	struct suan_event ev = {.seq = seq, .now_ms = now_ms, .type = SUAN_EV_REPORT};

	ev.u.report = *r;
	if (!ev.u.report.text)
		ev.u.report.text = "";
	return ev;
}

/* All records of the round in order: commands, reports, one PASS. */
static enum suan_code encode(struct suan_core *c, int64_t now_ms, struct suan_store_batch *b,
			     struct suan_err *err)
{
	uint64_t seq = suan_engine_seq(c->engine);
	enum suan_code rc = SUAN_OK;
	struct suan_event ev;

	suan_buf_reset(&c->records);
	b->first_seq = seq + 1;
	for (size_t i = 0; i < c->posted.count && rc == SUAN_OK; i++) {
		c->posted.list[i].ev.seq = ++seq;
		c->posted.list[i].ev.now_ms = now_ms;
		rc = suan_record_put(&c->records, &c->posted.list[i].ev, err);
	}
	for (size_t i = 0; i < c->reports.count && rc == SUAN_OK; i++) {
		ev = report_event(&c->reports.list[i], ++seq, now_ms);
		rc = suan_record_put(&c->records, &ev, err);
	}
	ev = (struct suan_event){.seq = ++seq, .now_ms = now_ms, .type = SUAN_EV_PASS};
	if (rc == SUAN_OK)
		rc = suan_record_put(&c->records, &ev, err);
	b->count = (uint32_t)(seq + 1 - b->first_seq);
	b->bytes = c->records.data;
	b->n = c->records.len;
	return rc;
}

/* The event is on record: it must apply. Only lack of memory can stop it, and then the process ends
 * and recovery applies it. */
static void step(struct suan_core *c, const struct suan_event *ev, struct suan_err *err)
{
	if (suan_engine_step(c->engine, ev, &c->fx, err) != SUAN_OK)
		abort();
	c->stats.events++;
}

static void apply(struct suan_core *c, int64_t now_ms)
{
	struct suan_core_pending_list *l = &c->answering;
	struct suan_err err = {0};
	struct suan_event ev;

	for (size_t i = 0; i < l->count; i++) {
		struct suan_core_pending *p = &l->list[i];

		p->err = (struct suan_err){0};
		step(c, &p->ev, &p->err);
		answer_from_effects(c, p);
		suan_core_take_effects(c, &p->ev);
	}
	for (size_t i = 0; i < c->reports.count; i++) {
		ev = report_event(&c->reports.list[i], suan_engine_seq(c->engine) + 1, now_ms);
		step(c, &ev, &err);
		suan_core_take_effects(c, &ev);
	}
	drop_reports(&c->reports);
	ev = (struct suan_event){
		.seq = suan_engine_seq(c->engine) + 1, .now_ms = now_ms, .type = SUAN_EV_PASS};
	c->wake_ms = SUAN_FOREVER;
	step(c, &ev, &err);
	c->stats.passes++;
	suan_core_take_effects(c, &ev);
	suan_core_send_orders(c);
}

static void swap_lists(struct suan_core *c)
{
	struct suan_core_pending_list l = c->answering;

	assert(l.count == 0);
	c->answering = c->posted;
	c->posted = l;
}

static enum suan_code commit(struct suan_core *c, int64_t now_ms, struct suan_err *err)
{
	struct suan_store_batch batch = {0};
	enum suan_code rc;

	rc = suan_core_sites_grow(c);
	if (rc == SUAN_OK)
		rc = encode(c, now_ms, &batch, err);
	if (rc == SUAN_OK)
		rc = archive(c, &batch, err);
	if (rc == SUAN_OK)
		rc = c->store->ops->commit(c->store, &batch, err);
	suan_arena_reset(&c->scratch);
	if (c->records.cap > RECORDS_KEPT)
		suan_buf_done(&c->records);
	if (rc != SUAN_OK) {
		c->stats.commit_failures++;
		c->stats.last_failure_ms = now_ms;
		return rc;
	}
	c->stats.commits++;
	c->stats.last_failure_ms = 0;
	c->stats.log_bytes += batch.n;
	c->grown_bytes += batch.n;
	return SUAN_OK;
}

static void answer_all(struct suan_core *c)
{
	for (size_t i = 0; i < c->answering.count; i++)
		finish(&c->answering.list[i]);
	c->answering.count = 0;
}

enum suan_code suan_core_flush(struct suan_core *c, int64_t now_ms, struct suan_err *err)
{
	struct suan_err why = {0};
	enum suan_code rc;

	assert(!c->flushing);
	now_ms = clamp_now(c, now_ms);
	if (now_ms < c->retry_ms && !c->posted.count)
		return SUAN_OK;
	suan_core_transfers_again(c);
	forget_old(c, now_ms);
	if (!c->posted.count && !c->reports.count && now_ms < c->wake_ms)
		return SUAN_OK;
	c->flushing = true;
	rc = commit(c, now_ms, &why);
	swap_lists(c);
	if (rc != SUAN_OK) {
		c->retry_ms = now_ms + RETRY_MS;
		fail_all(&c->answering, rc, &why);
		c->flushing = false;
		return suan_fail(err, rc, "%s", why.text);
	}
	c->retry_ms = 0;
	apply(c, now_ms);
	c->flushing = false;
	answer_all(c);
	if (c->grown_bytes > c->snapshot_bytes && c->grown_bytes > 4 * c->last_snapshot_bytes)
		return suan_core_snapshot(c, err);
	return SUAN_OK;
}

int64_t suan_core_wake(const struct suan_core *c)
{
	if (c->retry_ms)
		return c->reports.count || c->again || c->wake_ms < c->retry_ms ? c->retry_ms
										 : c->wake_ms;
	if (c->posted.count || c->reports.count)
		return suan_engine_now(c->engine);
	return c->wake_ms;
}

/* ---- opening and closing ---- */

static bool same_policy(const struct suan_policy *a, const struct suan_policy *b)
{
	return a->kind == b->kind && a->plan_depth == b->plan_depth &&
	       a->plan_steps == b->plan_steps &&
	       a->default_walltime_ms == b->default_walltime_ms &&
	       a->max_walltime_ms == b->max_walltime_ms && a->max_pending == b->max_pending &&
	       a->max_attempts == b->max_attempts && a->model_sites == b->model_sites &&
	       a->predict == b->predict && a->terse == b->terse &&
	       a->preemption.min_run_ms == b->preemption.min_run_ms &&
	       a->preemption.grace_ms == b->preemption.grace_ms &&
	       a->preemption.max_victims == b->preemption.max_victims &&
	       a->packing == b->packing &&
	       a->ignore_homes == b->ignore_homes &&
	       a->max_reservations == b->max_reservations &&
	       a->max_node_hours == b->max_node_hours &&
	       a->reserve_horizon_ms == b->reserve_horizon_ms;
}

static enum suan_code same_network(const struct suan_network *a, const struct suan_network *b,
				   bool *ret, struct suan_err *err)
{
	struct suan_buf ta, tb;
	enum suan_code rc = SUAN_OK;

	suan_buf_init(&ta, 0);
	suan_buf_init(&tb, 0);
	if (a)
		rc = suan_network_print(a, &ta, err);
	if (rc == SUAN_OK)
		rc = suan_network_print(b, &tb, err);
	*ret = a && rc == SUAN_OK && strcmp(suan_buf_str(&ta), suan_buf_str(&tb)) == 0 &&
	       a->nlatency == b->nlatency &&
	       (!a->nlatency || memcmp(a->latency_us, b->latency_us,
				       a->nlatency * sizeof(*a->latency_us)) == 0);
	suan_buf_done(&ta);
	suan_buf_done(&tb);
	return rc;
}

/* Some run is open at a site that left the network before the engine knew what to do about it. */
static bool has_stranded(const struct suan_core *c)
{
	struct suan_run_id run = {0};

	while (suan_engine_next_run(c->engine, &run)) {
		struct suan_task_view t;
		struct suan_pool_view p;
		struct suan_site_view s;

		if (suan_engine_task(c->engine, run.job, run.index, &t) &&
		    t.state != SUAN_UNKNOWN && suan_engine_pool(c->engine, t.pool, &p) &&
		    suan_engine_site(c->engine, p.site, &s) && s.gone)
			return true;
	}
	return false;
}

struct settle { /* answer of a settings event */
	enum suan_code code;
	struct suan_err err;
};

static void settled(void *ctx, const struct suan_core_answer *answer)
{
	struct settle *s = ctx;

	if (answer->code != SUAN_OK && s->code == SUAN_OK) {
		s->code = answer->code;
		s->err = *answer->err;
	}
}

/* As records of the log, which say everything. */
static enum suan_code same_accounts(const struct suan_accounts *a, const struct suan_accounts *b,
				    bool *ret, struct suan_err *err)
{
	struct suan_event ev = {.seq = 1, .type = SUAN_EV_ACCOUNTS, .u.accounts = a};
	struct suan_buf ta, tb;
	enum suan_code rc;

	suan_buf_init(&ta, 0);
	suan_buf_init(&tb, 0);
	rc = suan_record_put(&ta, &ev, err);
	ev.u.accounts = b;
	if (rc == SUAN_OK)
		rc = suan_record_put(&tb, &ev, err);
	if (rc == SUAN_OK)
		*ret = ta.len == tb.len && memcmp(ta.data, tb.data, ta.len) == 0;
	suan_buf_done(&ta);
	suan_buf_done(&tb);
	return rc;
}

enum suan_code suan_core_differs(const struct suan_core *c, const struct suan_core_config *config,
				 struct suan_core_diff *ret, struct suan_err *err)
{
	bool same = true, same_acct = true;
	enum suan_code rc = SUAN_OK;

	if (config->accounts)
		rc = same_accounts(suan_engine_accounts(c->engine), config->accounts, &same_acct,
				   err);
	if (rc == SUAN_OK && config->network)
		rc = same_network(suan_engine_network(c->engine), config->network, &same, err);
	if (rc == SUAN_OK)
		*ret = (struct suan_core_diff){
			.policy = !suan_engine_seq(c->engine) ||
				  !same_policy(suan_engine_policy(c->engine), &config->policy),
			.network = !same,
			.accounts = !same_acct};
	return rc;
}

/* Brings network, accounts and policy to what the configuration says, as events. */
static enum suan_code configure(struct suan_core *c, const struct suan_core_config *config,
				struct suan_err *err)
{
	const struct suan_network *net =
		config->network ? config->network : suan_engine_network(c->engine);
	struct suan_event ev = {.now_ms = config->now_ms};
	struct settle s = {0};
	int64_t now_ms = config->now_ms;
	struct suan_core_diff diff;
	enum suan_code rc = suan_core_differs(c, config, &diff, err);

	if (rc != SUAN_OK)
		return rc;
	if (diff.policy) {
		ev.type = SUAN_EV_POLICY;
		ev.u.policy = config->policy;
		suan_core_post(c, &ev, NULL, settled, &s);
	}
	if (diff.network || has_stranded(c)) {
		ev.type = SUAN_EV_NETWORK;
		ev.u.network = net;
		suan_core_post(c, &ev, NULL, settled, &s);
	}
	if (diff.accounts) {
		ev.type = SUAN_EV_ACCOUNTS;
		ev.u.accounts = config->accounts;
		suan_core_post(c, &ev, NULL, settled, &s);
	}
	c->wake_ms = 0; /* plan once after recovery */
	c->recovered_ms = suan_engine_now(c->engine);
	if (now_ms <= c->recovered_ms)
		now_ms = c->recovered_ms + 1; /* what is ordered from here on is told apart */
	rc = suan_core_flush(c, now_ms, err);
	if (rc == SUAN_OK && s.code != SUAN_OK) {
		*err = s.err;
		rc = s.code;
	}
	return rc;
}

enum suan_code suan_core_open(struct suan_core **ret, const struct suan_core_config *config,
			      struct suan_core_opened *opened, struct suan_err *err)
{
	struct suan_core *c = calloc(1, sizeof(*c));
	enum suan_code rc;

	if (!c)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	suan_effects_init(&c->fx);
	suan_buf_init(&c->records, 0);
	suan_arena_init(&c->scratch, 0);
	c->snapshot_bytes = config->snapshot_bytes ? config->snapshot_bytes : 64u << 20;
	c->keep_finished = config->keep_finished ? config->keep_finished : 1000000;
	c->ring = calloc(CHANGE_RING, sizeof(*c->ring));
	if (!c->ring) {
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
		goto fail;
	}
	rc = config->store->open(&c->store, config->location, err);
	if (rc == SUAN_OK)
		rc = suan_core_recover(c, opened, err);
	if (rc == SUAN_OK)
		rc = configure(c, config, err);
	if (rc != SUAN_OK)
		goto fail;
	c->last_change = c->lost_change = suan_engine_seq(c->engine) << 16;
	*ret = c;
	return SUAN_OK;
fail:
	suan_core_close(c, INT64_MIN);
	return rc;
}

void suan_core_close(struct suan_core *c, int64_t now_ms)
{
	struct suan_err err = {0};

	if (!c)
		return;
	if (now_ms != INT64_MIN) {
		/* Nobody is left to tell: the log has everything that was acknowledged. */
		if (suan_core_flush(c, now_ms, &err) == SUAN_OK && c->grown_bytes &&
		    suan_core_snapshot(c, &err) != SUAN_OK)
			c->stats.commit_failures++;
	}
	suan_fail(&err, SUAN_EBUSY, "the service is stopping");
	fail_all(&c->posted, SUAN_EBUSY, &err);
	drop_reports(&c->reports);
	if (c->store)
		c->store->ops->close(c->store);
	suan_core_effects_done(c);
	suan_engine_free(c->engine);
	suan_effects_done(&c->fx);
	suan_buf_done(&c->records);
	suan_arena_done(&c->scratch);
	free(c->posted.list);
	free(c->answering.list);
	free(c->reports.list);
	free(c->ring);
	free(c);
}

const struct suan_engine *suan_core_engine(const struct suan_core *c)
{
	return c->engine;
}

void suan_core_stats(const struct suan_core *c, struct suan_core_stats *ret)
{
	*ret = c->stats;
}

/* ---- values ---- */

enum suan_code suan_core_value_put(struct suan_core *c, const char *name, const void *bytes,
				   size_t n, struct suan_err *err)
{
	struct suan_store_value v = {.name = name, .bytes = bytes, .n = n};
	struct suan_store_batch b = {.values = &v, .nvalues = 1};

	b.first_seq = suan_engine_seq(c->engine) + 1;
	return c->store->ops->commit(c->store, &b, err);
}

enum suan_code suan_core_value_get(struct suan_core *c, const char *name, struct suan_buf *out,
				   struct suan_err *err)
{
	return c->store->ops->value_get(c->store, name, out, err);
}

enum suan_code suan_core_value_list(struct suan_core *c, const char *prefix,
				    void (*fn)(void *ctx, const char *name, const void *bytes,
					       size_t n),
				    void *ctx, struct suan_err *err)
{
	return c->store->ops->value_list(c->store, prefix, fn, ctx, err);
}

enum suan_code suan_core_archived(struct suan_core *c, uint64_t job, struct suan_buf *out,
				  struct suan_err *err)
{
	return c->store->ops->doc_get(c->store, job, out, err);
}
