/* May these jobs come in? Asked before the event is logged and again when it is applied. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/data.h"
#include "engine/reserve.h"
#include "engine/state.h"

struct question {
	const struct suan_engine *e;
	const struct suan_job_spec *job;
	struct suan_effects *out;
	struct suan_err *err;
	int64_t now_ms;
	struct suan_where where;	/* it may run */
	uint64_t *allow;	/* owned: pools where it may; NULL: all */
	struct suan_ask ask;
	uint32_t njobs;		/* of the submission */
};

static bool refuse(struct question *q, enum suan_reason r, int64_t a, int64_t b)
{
	q->out->code = SUAN_EREFUSED;
	q->out->refused = r;
	q->out->a = a;
	q->out->b = b;
	return false;
}

static bool invalid(struct question *q, const char *field, const char *text)
{
	q->out->code = suan_fail_field(q->err, SUAN_EINVAL, field, "%s", text);
	return false;
}

/* ---- the specification alone ---- */

static bool range_good(const struct suan_range *r)
{
	uint64_t count = 0;
	int64_t last = -1;

	if (r->nruns > SUAN_RANGE_MAX_RUNS)
		return false;
	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct suan_range_run *run = &r->runs[i];

		if (run->step == 0 || run->last < run->first || run->first <= last ||
		    (run->last - run->first) % run->step)
			return false;
		count += (run->last - run->first) / run->step + 1;
		last = run->last;
	}
	return count == r->count && count <= SUAN_RANGE_MAX_COUNT;
}

static bool spec_good(struct question *q)
{
	const struct suan_job_spec *j = q->job;

	if (j->walltime_ms < 0)
		return invalid(q, "walltime", "the walltime is negative; right is a duration");
	if (j->estimate_ms < 0)
		return invalid(q, "estimate", "the estimate is negative; right is a duration");
	if (q->ask.duration_ms > q->ask.limit_ms)
		return invalid(q, "estimate", "the estimate is longer than the walltime; right is "
			       "an estimate up to the walltime");
	if (j->begin_ms < 0 || j->deadline_ms < 0)
		return invalid(q, j->begin_ms < 0 ? "begin" : "deadline",
			       "the time is before 1970; right is a time to come");
	if (j->array && !range_good(j->array))
		return invalid(q, "array", "the array is not a set of ascending indices; right is "
			       "for example 0-99");
	if (j->req.nodes > q->ask.req.tasks && !j->req.exclusive)
		return invalid(q, "nodes", "more nodes than tasks; right is at least one task on "
			       "each node");
	if ((unsigned)j->goal >= SUAN_NGOALS || j->max_delay_ms < 0)
		return invalid(q, j->max_delay_ms < 0 ? "max_delay_s" : "goal",
			       j->max_delay_ms < 0 ? "less than nothing" : "no such goal");
	if (j->max_delay_ms > 0 && j->goal == SUAN_GOAL_FASTEST)
		return invalid(q, "max_delay_s", "a delay, but for what? right is a goal as well: "
			       "cheapest, greenest or balanced");
	if ((unsigned)j->guarantee > SUAN_AT_LEAST_ONCE)
		return invalid(q, "guarantee", "no such guarantee");
	for (uint32_t i = 0; i < j->ndeps; i++)
		if ((unsigned)j->deps[i].type > SUAN_AFTERCORR)
			return invalid(q, "after", "no such type of dependency");
	return true;
}

static bool names_known(struct question *q, const char *field, const struct suan_names *list,
			bool hubs)
{
	const struct suan_net *n = &q->e->net;

	for (uint32_t i = 0; i < list->count; i++) {
		const char *s = list->list[i];

		if (hubs ? suan_net_has_hub(n, s) : suan_net_site(n, s) != SUAN_NO_POOL)
			continue;
		q->out->code = suan_fail_field(q->err, SUAN_EINVAL, field,
					       "no %s \"%.100s\" in the network",
					       hubs ? "hub" : "site", s);
		return false;
	}
	return true;
}

static bool near_good(struct question *q)
{
	const char *near = q->job->near ? q->job->near : "";
	uint32_t row;

	if (!near[0] && !q->job->max_latency_us)
		return true;
	if (!near[0])
		return invalid(q, "near", "a bound on the latency without a place; right is the "
			       "name of a city or site as near");
	if (!q->job->max_latency_us)
		return invalid(q, "max_latency_ms", "near a place, but how near? right is a bound "
			       "on the latency such as 5 ms");
	if (suan_net_place(&q->e->net, near, &row))
		return true;
	q->out->code = suan_fail_field(q->err, SUAN_EINVAL, "near",
				       "no city or site \"%.100s\" in the network", near);
	return false;
}

static bool lists_good(struct question *q)
{
	const struct suan_job_spec *j = q->job;

	struct suan_names home = {(const char **)(uintptr_t)&j->home, j->home && j->home[0]};

	if (!home.count && !j->site.count && !j->hub.count && !j->not_site.count &&
	    !j->not_hub.count)
		return near_good(q);
	return names_known(q, "home", &home, false) && names_known(q, "site", &j->site, false) &&
	       names_known(q, "hub", &j->hub, true) &&
	       names_known(q, "not_site", &j->not_site, false) &&
	       names_known(q, "not_hub", &j->not_hub, true) && near_good(q);
}

static bool inputs_good(struct question *q)
{
	const struct suan_job_spec *j = q->job;

	for (uint32_t i = 0; i < j->inputs.count; i++) {
		const char *name = j->inputs.list[i];
		const struct suan_dataset *d = suan_data_lookup(q->e, name);
		bool good = d && suan_data_readable(d, j->user, j->account);

		if (good)
			continue;
		q->out->code = suan_fail_field(
			q->err, d ? SUAN_EREFUSED : SUAN_EINVAL, "inputs",
			d ? "data set \"%.100s\" is not for you" : "no data set \"%.100s\"",
			name);
		return false;
	}
	return true;
}

/* ---- against the state ---- */

static bool deps_good(struct question *q)
{
	for (uint32_t i = 0; i < q->job->ndeps; i++)
		if (!suan_jobs_find(q->e, q->job->deps[i].job))
			return refuse(q, SUAN_R_BAD_DEPENDENCY, (int64_t)q->job->deps[i].job, 0);
	return true;
}

static bool queue_good(struct question *q, uint32_t item)
{
	uint64_t waiting = q->e->summaries[SUAN_PENDING] + item;
	uint32_t most = q->e->policy.max_pending;

	if (most && waiting >= most)
		return refuse(q, SUAN_R_QUEUE_FULL, (int64_t)waiting, most);
	return true;
}

/* How near a miss is: what is further down the list needs less to change. */
static int nearness(enum suan_reason r)
{
	static const enum suan_reason order[] = {
		SUAN_R_NOT_ALLOWED, SUAN_R_SITE_DOWN, SUAN_R_NO_DRIVER, SUAN_R_RESIDENCY,
		SUAN_R_GPU_KIND, SUAN_R_TOO_MANY_GPUS, SUAN_R_TOO_MUCH_MEMORY,
		SUAN_R_TOO_MANY_CORES, SUAN_R_TOO_MANY_NODES, SUAN_R_TOO_MANY_TASKS,
		SUAN_R_TOO_FAR};
	int n = (int)(sizeof(order) / sizeof(order[0]));

	for (int i = 0; i < n; i++)
		if (order[i] == r)
			return i;
	return -1;
}

/* Why it may not be there, if it may not: for its lists and bounds, or else for what it reads. */
static struct suan_exclusion exclusion(const struct question *q, uint32_t pool)
{
	struct suan_exclusion x = {SUAN_R_NONE, 0, 0};

	if (!q->allow || q->allow[pool / 64] >> (pool % 64) & 1)
		return x;
	x = suan_rules_exclude(q->e, &q->where, pool);
	x.reason = x.reason == SUAN_R_NONE ? SUAN_R_RESIDENCY : x.reason;
	return x;
}

/* Why nothing of this job can ever start in this pool as the network is now. */
static enum suan_reason pool_misses(const struct question *q, uint32_t pool, int64_t *a, int64_t *b)
{
	const struct suan_engine *e = q->e;
	const struct suan_eng_pool *p = &e->net.pools[pool];
	struct suan_exclusion x = exclusion(q, pool);
	struct suan_ask anywhere = q->ask;
	enum suan_reason r;

	*a = *b = 0;
	if (p->gone || e->net.sites[p->site].gone)
		return SUAN_R_SITE_DOWN;
	if (x.reason == SUAN_R_NOT_ALLOWED)
		return x.reason;
	if (!e->net.sites[p->site].spec->driver[0] && !e->policy.model_sites)
		return SUAN_R_NO_DRIVER;
	anywhere.allow = NULL;
	r = x.reason == SUAN_R_RESIDENCY
		    ? x.reason
		    : suan_planner_fits(e->plan->planner, pool, &anywhere, a, b);
	if (r == SUAN_R_NONE && x.reason == SUAN_R_TOO_FAR) {	/* all else would do */
		*a = x.a;
		*b = x.b;
		return x.reason;
	}
	/* Asked for accelerators where there are none at all: the kind is what is missing. */
	if (r == SUAN_R_TOO_MANY_GPUS && p->spec.gpus == 0 && q->ask.req.gpu_kind)
		r = SUAN_R_GPU_KIND;
	if (r == SUAN_R_GPU_KIND) {	/* a pool with accelerators of another kind is nearer */
		*a = q->ask.req.gpus;
		*b = p->spec.gpus;
	}
	return r;
}

/* Of two misses of one kind: which needs less to change? */
static bool nearer(enum suan_reason r, const int64_t a[2], const int64_t b[2])
{
	if (r != SUAN_R_TOO_FAR)
		return a[1] > b[1];
	return a[0] >= 0 && (b[0] < 0 || a[0] < b[0]);
}

static bool fits_somewhere(struct question *q)
{
	enum suan_reason nearest = SUAN_R_NONE;
	uint32_t where = SUAN_NO_POOL;
	int64_t a = 0, b = 0;

	for (uint32_t i = 0; i < q->e->net.npools; i++) {
		int64_t x, y;
		enum suan_reason r = pool_misses(q, i, &x, &y);

		if (r == SUAN_R_NONE)
			return true;
		if (where == SUAN_NO_POOL || nearness(r) > nearness(nearest) ||
		    (r == nearest && nearer(r, (int64_t[]){x, y}, (int64_t[]){a, b}))) {
			nearest = r;
			where = i;
			a = x;
			b = y;
		}
	}
	if (nearest == SUAN_R_NONE || nearest == SUAN_R_SITE_DOWN || nearest == SUAN_R_NOT_ALLOWED)
		return refuse(q, SUAN_R_NO_POOL, 0, 0);
	q->out->pool = where;
	return refuse(q, nearest, a, b);
}

static bool reservation_known(struct question *q)
{
	const char *name = q->job->reservation ? q->job->reservation : "";
	const struct suan_reservation *r = suan_reserve_lookup(q->e, name);

	if (!name[0])
		return true;
	if (!r) {
		q->out->code = suan_fail_field(q->err, SUAN_EINVAL, "reservation",
					       "no reservation \"%.100s\"; suan reservations lists "
					       "them", name);
		return false;
	}
	q->ask.group = r->id;
	if (!suan_reserve_admits(r, q->job->user, q->job->account))
		return refuse(q, SUAN_R_RESERVATION_USER, r->id, 0);
	if (r->single && (r->job || q->njobs > 1))
		return refuse(q, SUAN_R_RESERVATION_USER, r->id, (int64_t)r->job);
	return true;
}

/* Could it run in its reservation, by nodes and by what is left of its time? */
static bool reservation_good(struct question *q)
{
	const struct suan_reservation *r = suan_reserve_find(q->e, q->ask.group);
	int64_t from = r->from_ms > q->now_ms ? r->from_ms : q->now_ms, a, b;
	enum suan_reason reason;

	from = q->job->begin_ms > from ? q->job->begin_ms : from;
	if (from <= r->from_ms + SUAN_WINDOW_LATE_MS)
		from = r->from_ms;
	q->out->pool = r->parts[0].pool;
	if (q->ask.limit_ms > r->to_ms - from)
		return refuse(q, SUAN_R_TOO_LONG, q->ask.limit_ms,
			      r->to_ms > from ? r->to_ms - from : 0);
	reason = suan_planner_fits(q->e->plan->planner, r->parts[0].pool, &q->ask, &a, &b);
	if (reason != SUAN_R_NONE)
		return refuse(q, reason, a, b);
	q->out->pool = SUAN_NO_POOL;
	return true;
}

static bool deadline_good(struct question *q, int64_t deadline, bool prediction)
{
	int64_t begin = q->job->begin_ms > q->now_ms ? q->job->begin_ms : q->now_ms;
	int64_t end = suan_sat_add(begin, q->ask.duration_ms);
	struct suan_item item = {.id = UINT64_MAX};
	struct suan_candidate best;

	if (end > deadline)
		return refuse(q, SUAN_R_DEADLINE, end, deadline);
	/* A prediction follows from the last plan, which is no part of the state: a log that is
	 * played back must take what was once taken. */
	item.ask = q->ask;
	if (!prediction || suan_planner_candidates(q->e->plan->planner, &item, q->now_ms, &best,
						   1) == 0)
		return true;
	if (best.start_ms == SUAN_FOREVER || best.start_ms < begin)
		return true;
	end = suan_sat_add(best.start_ms, q->ask.duration_ms);
	if (end <= deadline)
		return true;
	q->out->pool = best.pool;
	return refuse(q, SUAN_R_DEADLINE, end, deadline);
}

/* ---- one job, all jobs ---- */

/* Residency of what it reads. */
static bool data_may_be(const struct question *q, uint32_t site)
{
	for (uint32_t i = 0; i < q->job->inputs.count; i++) {
		const struct suan_dataset *d = suan_data_lookup(q->e, q->job->inputs.list[i]);

		if (d && !suan_data_allows(q->e, d, site))
			return false;
	}
	return true;
}

static enum suan_code make_allow(struct question *q)
{
	uint32_t words = q->e->net.npools / 64 + 1;

	suan_rules_where(q->job, &q->where);
	if (!suan_rules_any(&q->where) && !q->job->inputs.count)
		return SUAN_OK;
	q->allow = calloc(words, sizeof(*q->allow));
	if (!q->allow)
		return SUAN_ENOMEM;
	suan_rules_bits(q->e, &q->where, q->allow);
	for (uint32_t i = 0; i < q->e->net.npools && q->job->inputs.count; i++)
		if (!data_may_be(q, q->e->net.pools[i].site))
			q->allow[i / 64] &= ~(UINT64_C(1) << (i % 64));
	q->ask.allow = q->allow;
	q->ask.nallow = words;
	return SUAN_OK;
}

static void make_ask(struct question *q)
{
	const struct suan_job_spec *j = q->job;
	const char *gpu = j->gpu ? j->gpu : "";
	uint32_t kind = UINT32_MAX;	/* one that no pool has */

	q->ask = (struct suan_ask){.req = j->req, .deadline_ms = j->deadline_ms};
	q->ask.req.tasks = j->req.tasks ? j->req.tasks : 1;
	q->ask.req.cores = j->req.cores ? j->req.cores : 1;
	(void)suan_intern_find(q->e->strings, gpu, strlen(gpu), &kind);
	q->ask.req.gpu_kind = kind;
	q->ask.limit_ms = suan_jobs_walltime(q->e, j);
	q->ask.duration_ms = j->estimate_ms ? j->estimate_ms : q->ask.limit_ms;
}

static enum suan_code admit_one(struct question *q, uint32_t item, bool prediction)
{
	int64_t most = q->e->policy.max_walltime_ms, longest = suan_acct_longest(q->e, q->job);
	enum suan_code rc = SUAN_OK;

	if (longest && (!most || longest < most))
		most = longest;

	make_ask(q);
	if (!spec_good(q) || !lists_good(q) || !inputs_good(q) || !reservation_known(q))
		return SUAN_OK;
	if (most && q->ask.limit_ms > most) {
		refuse(q, SUAN_R_TOO_LONG, q->ask.limit_ms, most);
		return SUAN_OK;
	}
	if (!deps_good(q) || !queue_good(q, item))
		return SUAN_OK;
	rc = suan_acct_admit(q->e, q->job, q->out, q->err);
	if (rc != SUAN_OK || q->out->code != SUAN_OK)
		return rc;
	rc = make_allow(q);
	if (rc == SUAN_OK && (q->ask.group ? reservation_good(q) : fits_somewhere(q)) &&
	    q->job->deadline_ms)
		(void)deadline_good(q, q->job->deadline_ms, prediction);
	free(q->allow);
	q->allow = NULL;
	return rc;
}

/* true: this submission was made before, or clashes with one. */
static bool known_key(const struct suan_engine *e, const struct suan_submit *s,
		      struct suan_effects *out, struct suan_err *err)
{
	const struct suan_key *k = s->has_key ? suan_keys_find(e, s->key) : NULL;

	if (!k)
		return false;
	if (k->body_hash != s->body_hash) {
		out->code = suan_fail(err, SUAN_ECONFLICT,
				      "the idempotency key was used for another submission");
		return true;
	}
	out->first_job = k->first;
	out->njobs = k->count;
	out->repeated = true;
	return true;
}

enum suan_code suan_admit(const struct suan_engine *e, const struct suan_event *ev, bool prediction,
			  struct suan_effects *out, struct suan_err *err)
{
	const struct suan_submit *s = &ev->u.submit;
	struct question q = {.e = e, .out = out, .err = err, .now_ms = ev->now_ms,
			     .njobs = s->njobs};
	enum suan_code rc = SUAN_OK;

	if (known_key(e, s, out, err))
		return SUAN_OK;
	if (s->njobs == 0) {
		out->code = suan_fail(err, SUAN_EINVAL, "no job in the submission");
		return SUAN_OK;
	}
	suan_acct_admit_begin(e);
	for (uint32_t i = 0; i < s->njobs && rc == SUAN_OK && out->code == SUAN_OK; i++) {
		q.job = &s->jobs[i];
		out->refused_item = i;
		rc = admit_one(&q, i, prediction);
	}
	if (rc != SUAN_OK)
		return suan_fail(err, rc, "out of memory");
	if (out->code == SUAN_OK)
		out->refused_item = 0;
	return SUAN_OK;
}

/* The planner knows no earliest start: an item comes to it only then. */
void suan_not_before(struct suan_candidate *list, uint32_t n, int64_t begin_ms)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i].start_ms < begin_ms)
			list[i].start_ms = begin_ms;
}

/* What the planner would be asked for such a job; q->allow is to be freed in any case. */
static enum suan_code quote_ask(struct question *q)
{
	const struct suan_reservation *r = suan_reserve_lookup(q->e, q->job->reservation);

	make_ask(q);
	q->ask.group = r ? r->id : 0;
	q->ask.quota = suan_acct_quota(q->e, q->job);
	return make_allow(q);
}

enum suan_code suan_admit_ask(const struct suan_engine *e, const struct suan_job_spec *spec,
			      int64_t now_ms, struct suan_asking *ret)
{
	struct question q = {.e = e, .job = spec};
	enum suan_code rc = quote_ask(&q);

	if (rc == SUAN_OK)
		rc = suan_wants_ask(e, &spec->inputs, now_ms, &q.ask.arrivals);
	*ret = (struct suan_asking){{.id = UINT64_MAX, .ask = q.ask}, q.where, q.allow};
	return rc;
}

uint32_t suan_engine_quote(const struct suan_engine *e, const struct suan_job_spec *spec,
			   int64_t now_ms, struct suan_candidate *ret, uint32_t max)
{
	struct suan_asking a;
	uint32_t n = 0;

	if (suan_admit_ask(e, spec, now_ms, &a) == SUAN_OK) {
		n = suan_planner_candidates(e->plan->planner, &a.item, now_ms, ret, max);
		suan_not_before(ret, n < max ? n : max, spec->begin_ms);
		suan_net_explain(e, ret, n < max ? n : max);
		suan_rules_explain(e, &a.where, ret, n < max ? n : max);
		suan_acct_explain(e, &a.item.ask, ret, n < max ? n : max);
	}
	free(a.allow);
	return n;
}

bool suan_engine_quote_quota(const struct suan_engine *e, const struct suan_job_spec *spec,
			     struct suan_quota_view *ret)
{
	struct question q = {.e = e, .job = spec};
	struct suan_short lack;
	bool found = quote_ask(&q) == SUAN_OK &&
		     suan_planner_short(e->plan->planner, &q.ask, &lack) &&
		     suan_acct_view(e, &lack, ret);

	free(q.allow);
	return found;
}
