/* Why a run is where it is: what is kept of a decision, and what would have changed it.
 *
 * A decision keeps its candidates with what each would have cost then. What would have changed it
 * is found when somebody asks, from the jobs that there are: nothing more is kept for it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"
#include "engine/data.h"
#include "engine/goal.h"
#include "engine/state.h"

#define MOST_KEPT  16u		/* candidates of a start, planner.h */
#define MOST_LOOKS 200000u	/* runs looked at for one answer */

/* ---- the candidates of a decision as bytes ---- */

#define WITH_COSTS SUAN_NO_POOL	/* in place of a first pool: four numbers more of each */

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

/* false: nothing is known of it. */
static bool cost_of(const struct suan_engine *e, const struct suan_job *j,
		    const struct suan_candidate *c, struct suan_footprint *ret)
{
	struct suan_energy_at at;

	*ret = (struct suan_footprint){SUAN_NOT_KNOWN, SUAN_NOT_KNOWN, SUAN_NOT_KNOWN,
				       SUAN_NOT_KNOWN};
	if (c->start_ms == SUAN_FOREVER || !suan_engine_energy_at(e, c->pool, &at))
		return false;
	suan_energy_of(&at, &j->req, c->start_ms, suan_sat_add(c->start_ms, j->estimate_ms), ret);
	return ret->energy_j != SUAN_NOT_KNOWN || ret->cost_uyuan != SUAN_NOT_KNOWN ||
	       ret->carbon_mg != SUAN_NOT_KNOWN || ret->market_mg != SUAN_NOT_KNOWN;
}

enum suan_code suan_why_put(struct suan_engine *e, const struct suan_job *j,
			    const struct suan_start *s, uint32_t *ret_text)
{
	struct suan_footprint costs[MOST_KEPT];
	struct suan_buf *b = &e->scratch;
	bool any = false;
	enum suan_code rc;

	assert(s->ncands <= MOST_KEPT);
	for (uint32_t i = 0; i < s->ncands; i++)
		any |= cost_of(e, j, &s->cands[i], &costs[i]);
	suan_buf_reset(b);
	if (any)
		suan_put_varint(b, WITH_COSTS);
	for (uint32_t i = 0; i < s->ncands; i++) {
		suan_put_varint(b, s->cands[i].pool);
		suan_put_varint(b, (uint64_t)s->cands[i].reason);
		suan_put_varint(b, zigzag(s->cands[i].start_ms));
		suan_put_varint(b, zigzag(s->cands[i].a));
		suan_put_varint(b, zigzag(s->cands[i].b));
		if (!any)
			continue;
		suan_put_varint(b, zigzag(costs[i].energy_j));
		suan_put_varint(b, zigzag(costs[i].cost_uyuan));
		suan_put_varint(b, zigzag(costs[i].carbon_mg));
		suan_put_varint(b, zigzag(costs[i].market_mg));
	}
	rc = suan_buf_ok(b, NULL);
	if (rc == SUAN_OK)
		rc = suan_intern_add(e->strings, suan_buf_str(b), b->len, ret_text);
	return rc;
}

static void read_offer(const uint64_t v[9], bool costs, struct suan_offer *ret)
{
	*ret = (struct suan_offer){.pool = (uint32_t)v[0], .reason = (enum suan_reason)v[1],
				   .start_ms = unzigzag(v[2]), .a = unzigzag(v[3]),
				   .b = unzigzag(v[4]), .energy_j = SUAN_NOT_KNOWN,
				   .cost_uyuan = SUAN_NOT_KNOWN, .carbon_mg = SUAN_NOT_KNOWN,
				   .market_mg = SUAN_NOT_KNOWN};
	if (!costs)
		return;
	ret->energy_j = unzigzag(v[5]);
	ret->cost_uyuan = unzigzag(v[6]);
	ret->carbon_mg = unzigzag(v[7]);
	ret->market_mg = unzigzag(v[8]);
}

/* At most max of them; returns how many there are. */
static uint32_t read_offers(const struct suan_engine *e, uint32_t text, struct suan_offer *ret,
			    uint32_t max)
{
	struct suan_reader r;
	uint64_t v[9] = {0};
	uint32_t n = 0;
	size_t len;
	const char *bytes = suan_intern_bytes(e->strings, text, &len);
	bool costs = false;

	suan_reader_init(&r, bytes, len);
	while (r.p < r.end) {
		if (!suan_get_varint(&r, &v[0]))
			break;
		if (n == 0 && !costs && v[0] == WITH_COSTS) {
			costs = true;
			continue;
		}
		for (int i = 1; i < (costs ? 9 : 5); i++)
			if (!suan_get_varint(&r, &v[i]))
				return n;
		if (n < max)
			read_offer(v, costs, &ret[n]);
		n++;
	}
	return n;
}

/* ---- candidates ---- */

static uint32_t candidates_now(const struct suan_engine *e, const struct suan_job *j,
			       struct suan_candidate *ret, uint32_t max)
{
	struct suan_item item = {.id = j->planned ? j->id : UINT64_MAX};
	uint32_t n, written;

	suan_jobs_ask(e, j, &item.ask);
	n = suan_planner_candidates(e->plan->planner, &item, e->now_ms, ret, max);
	written = n < max ? n : max;
	suan_not_before(ret, written, suan_jobs_begin(j));
	suan_net_explain(e, ret, written);
	suan_rules_explain(e, j->rule ? &e->rules[j->rule].where : NULL, ret, written);
	suan_acct_explain(e, &item.ask, ret, written);
	return n;
}

static void price_now(const struct suan_engine *e, const struct suan_job *j,
		      const struct suan_candidate *c, struct suan_offer *ret)
{
	struct suan_footprint f;

	(void)cost_of(e, j, c, &f);
	*ret = (struct suan_offer){.pool = c->pool, .reason = c->reason, .a = c->a, .b = c->b,
				   .start_ms = c->start_ms, .energy_j = f.energy_j,
				   .cost_uyuan = f.cost_uyuan, .carbon_mg = f.carbon_mg,
				   .market_mg = f.market_mg};
}

/* By its own wishes, whatever was free or up then. */
static bool excludes(enum suan_reason r)
{
	return r == SUAN_R_NOT_ALLOWED || r == SUAN_R_TOO_FAR || r == SUAN_R_RESIDENCY ||
	       r == SUAN_R_GPU_KIND || r == SUAN_R_TOO_MUCH_MEMORY ||
	       (r >= SUAN_R_TOO_MANY_CORES && r <= SUAN_R_TOO_MANY_TASKS);
}

static bool among(const struct suan_offer *list, uint32_t n, uint32_t pool)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i].pool == pool)
			return true;
	return false;
}

/* A start keeps the candidates that could take it; behind them those that never could. */
static uint32_t add_excluded(const struct suan_engine *e, const struct suan_job *j,
			     struct suan_offer *ret, uint32_t n, uint32_t max)
{
	struct suan_candidate *list = calloc(max + 1u, sizeof(*list));
	uint32_t all = list && n < MOST_KEPT ? candidates_now(e, j, list, max) : 0;

	for (uint32_t i = 0; i < all && i < max && n < max; i++)
		if (excludes(list[i].reason) && !among(ret, n, list[i].pool))
			price_now(e, j, &list[i], &ret[n++]);
	free(list);
	return n;
}

static uint32_t offers_of(const struct suan_engine *e, struct suan_run_id task,
			  struct suan_offer *ret, uint32_t max, int64_t *ret_decided_ms)
{
	const struct suan_job *j = suan_jobs_find(e, task.job);
	struct suan_candidate *list;
	const struct suan_elem *x;
	uint32_t pos, n;

	*ret_decided_ms = 0;
	if (!j || !suan_elems_pos(j, task.index, &pos))
		return 0;
	x = suan_elems_get(j, pos);
	if (x->order_ms) {
		*ret_decided_ms = x->order_ms;
		n = read_offers(e, x->why, ret, max);
	} else {
		list = calloc(max + 1u, sizeof(*list));
		n = list ? candidates_now(e, j, list, max) : 0;
		for (uint32_t i = 0; i < n && i < max; i++)
			price_now(e, j, &list[i], &ret[i]);
		free(list);
	}
	for (uint32_t i = 0; i < n && i < max; i++)
		if (ret[i].start_ms != SUAN_FOREVER)
			ret[i].end_ms = suan_sat_add(ret[i].start_ms, j->estimate_ms);
	return n;
}

uint32_t suan_engine_why_offers(const struct suan_engine *e, struct suan_run_id task,
				struct suan_offer *ret, uint32_t max, int64_t *ret_decided_ms)
{
	uint32_t n = offers_of(e, task, ret, max, ret_decided_ms);

	if (*ret_decided_ms && n > 0 && n < max)
		n = add_excluded(e, suan_jobs_find(e, task.job), ret, n, max);
	return n;
}

uint32_t suan_engine_why(const struct suan_engine *e, struct suan_run_id task,
			 struct suan_candidate *ret, uint32_t max, int64_t *ret_decided_ms)
{
	struct suan_offer *list = calloc(max + 1u, sizeof(*list));
	uint32_t n;

	*ret_decided_ms = 0;
	if (!list)
		return 0;
	n = offers_of(e, task, list, max, ret_decided_ms);
	for (uint32_t i = 0; i < n && i < max; i++)
		ret[i] = (struct suan_candidate){.pool = list[i].pool, .reason = list[i].reason,
						 .start_ms = list[i].start_ms, .a = list[i].a,
						 .b = list[i].b};
	free(list);
	return *ret_decided_ms && n > max ? max : n;
}

/* ---- what would have changed it ---- */

struct answer {
	const struct suan_engine *e;
	const struct suan_job *job;
	struct suan_remedy *list;
	uint32_t n, max;
	int64_t since_ms;	/* it could have started from then on */
	int64_t start_ms;	/* when it did, or will */
	uint32_t pool;		/* where */
};

static void say(struct answer *a, struct suan_remedy c)
{
	if (a->n < a->max)
		a->list[a->n++] = c;
}

static void take(const struct suan_engine *e, const struct suan_job *j, const struct suan_elem *x,
		 struct suan_pool_load *sum)
{
	const struct suan_pool_spec *p = &e->net.pools[x->pool].spec;
	uint64_t tasks = j->req.exclusive ? x->nplaces : j->req.tasks;

	sum->cores_used += tasks * (j->req.exclusive ? p->cores : j->req.cores);
	sum->gpus_used += tasks * (j->req.exclusive ? p->gpus : j->req.gpus);
	sum->memory_used += tasks * (j->req.exclusive ? p->memory : j->req.memory);
}

/* What ran in the pool at that time, as far as it is remembered; false: too much to look at. */
static bool load_at(const struct suan_engine *e, uint32_t pool, int64_t at_ms,
		    struct suan_pool_load *ret)
{
	uint32_t looks = 0;

	*ret = (struct suan_pool_load){0};
	for (uint64_t id = suan_engine_prev_job(e, 0); id; id = suan_engine_prev_job(e, id)) {
		const struct suan_job *j = suan_jobs_find(e, id);

		for (uint32_t pos = 0; j->started && pos < suan_elems_count(j); pos++) {
			const struct suan_elem *x = suan_elems_get(j, pos);

			if (++looks > MOST_LOOKS)
				return false;
			if (x->attempt > 0 && x->pool == pool && x->order_ms > 0 &&
			    x->order_ms <= at_ms && (x->end_ms == 0 || x->end_ms > at_ms))
				take(e, j, x, ret);
		}
		if (++looks > MOST_LOOKS)
			return false;
	}
	return true;
}

/* What bound it if there was room. */
static enum suan_remedy_kind else_bound(const struct answer *a)
{
	if (suan_goal_of(a->job) != SUAN_GOAL_FASTEST)
		return SUAN_REMEDY_GOAL;
	return suan_wants_get(a->job) ? SUAN_REMEDY_DATA : SUAN_REMEDY_ROOM;
}

/* The room that it lacked when it could have started. */
static void say_lack(struct answer *a)
{
	const struct suan_pool_spec *p = &a->e->net.pools[a->pool].spec;
	const struct suan_req *r = &a->job->req;
	uint64_t nodes = suan_net_usable(&a->e->net.pools[a->pool]);
	struct suan_remedy c = {.pool = a->pool, .earlier_ms = a->start_ms - a->since_ms};
	struct suan_pool_load load;
	struct {
		enum suan_remedy_kind kind;
		uint64_t want, have;
	} parts[3];

	if (!load_at(a->e, a->pool, a->since_ms, &load))
		return;
	parts[0].kind = SUAN_REMEDY_CORES;
	parts[0].want = (uint64_t)r->tasks * r->cores + load.cores_used;
	parts[0].have = nodes * p->cores;
	parts[1].kind = SUAN_REMEDY_GPUS;
	parts[1].want = (uint64_t)r->tasks * r->gpus + load.gpus_used;
	parts[1].have = nodes * p->gpus;
	parts[2].kind = SUAN_REMEDY_MEMORY;
	parts[2].want = r->tasks * r->memory + load.memory_used;
	parts[2].have = nodes * p->memory;
	c.kind = else_bound(a);
	for (size_t i = 0; i < 3 && c.a == 0; i++) {
		if (parts[i].want <= parts[i].have)
			continue;
		c.kind = parts[i].kind;
		c.a = (int64_t)(parts[i].want - parts[i].have);
	}
	if (c.kind == SUAN_REMEDY_DATA)
		c.a = a->start_ms;
	say(a, c);
}

/* Would it fit there, did its lists and bounds not keep it away? */
static bool fits(const struct answer *a, uint32_t pool)
{
	struct suan_plan_pool p;
	struct suan_ask ask;
	int64_t x, y;

	suan_net_plan_pool(a->e, pool, &p);
	suan_jobs_ask(a->e, a->job, &ask);
	ask.allow = NULL;
	ask.group = 0;
	return p.closed == SUAN_R_NONE &&
	       suan_planner_fits(a->e->plan->planner, pool, &ask, &x, &y) == SUAN_R_NONE;
}

/* The site that a wider bound would add first, and one that its lists exclude. */
static void say_exclusions(struct answer *a)
{
	const struct suan_rule *rule = a->job->rule ? &a->e->rules[a->job->rule] : NULL;
	struct suan_remedy far = {.kind = SUAN_REMEDY_LATENCY, .pool = SUAN_NO_POOL};
	struct suan_remedy listed = {.kind = SUAN_REMEDY_LISTS, .pool = SUAN_NO_POOL};

	for (uint32_t i = 0; rule && i < a->e->plan->npools; i++) {
		struct suan_exclusion x;

		if (rule->allow[i / 64] >> (i % 64) & 1)
			continue;
		x = suan_rules_exclude(a->e, &rule->where, i);
		if ((x.reason == SUAN_R_TOO_FAR && x.a < 0) || !fits(a, i))
			continue;
		if (x.reason == SUAN_R_TOO_FAR && (far.pool == SUAN_NO_POOL || x.a < far.a)) {
			far.pool = i;
			far.a = x.a;
			far.b = x.b;
		} else if (x.reason == SUAN_R_NOT_ALLOWED && listed.pool == SUAN_NO_POOL) {
			listed.pool = i;
		}
	}
	if (far.pool != SUAN_NO_POOL)
		say(a, far);
	if (listed.pool != SUAN_NO_POOL)
		say(a, listed);
}

static void say_ahead(struct answer *a)
{
	uint32_t pool;
	int64_t start;
	uint64_t ahead = 0;

	(void)suan_planner_predicted(a->e->plan->planner, a->job->id, &pool, &start, &ahead);
	if (ahead > 0 && a->job->planned > 0)
		say(a, (struct suan_remedy){.kind = SUAN_REMEDY_PRIORITY, .pool = SUAN_NO_POOL,
					    .a = (int64_t)ahead});
}

/* It waits for a better time: when would it start if it did not? */
static void say_goal(struct answer *a, int64_t target_ms)
{
	struct suan_remedy c = {.kind = SUAN_REMEDY_GOAL, .pool = SUAN_NO_POOL};
	struct suan_candidate first = {.start_ms = SUAN_FOREVER};

	if (candidates_now(a->e, a->job, &first, 1) == 0 || first.start_ms == SUAN_FOREVER)
		return;
	if (first.start_ms >= target_ms) {	/* nor would it start sooner */
		a->pool = first.pool;
		a->start_ms = first.start_ms;
		return;
	}
	c.pool = first.pool;
	c.a = first.start_ms;
	c.earlier_ms = target_ms - first.start_ms;
	say(a, c);
}

/* What keeps it from being planned at all, or until then. */
static void say_cause(struct answer *a, uint32_t index)
{
	struct suan_remedy c = {.pool = SUAN_NO_POOL};
	struct suan_task_view t;

	if (!suan_engine_task(a->e, a->job->id, index, &t))
		return;
	switch ((int)t.reason) {
	case SUAN_R_HELD:
		c.kind = SUAN_REMEDY_RELEASE;
		break;
	case SUAN_R_BEGIN:
		c.kind = SUAN_REMEDY_BEGIN;
		break;
	case SUAN_R_DEPENDENCY:
	case SUAN_R_DEPENDENCY_NEVER:
		c.kind = SUAN_REMEDY_DEPENDENCY;
		t.reason_b = t.reason == SUAN_R_DEPENDENCY_NEVER;
		break;
	case SUAN_R_ARRAY_CAP:
		c.kind = SUAN_REMEDY_CAP;
		break;
	case SUAN_R_QUOTA:
		c.kind = SUAN_REMEDY_QUOTA;
		break;
	case SUAN_R_RESERVATION:
	case SUAN_R_RESERVATION_OVER:
		c.kind = SUAN_REMEDY_RESERVATION;
		t.reason_b = t.reason == SUAN_R_RESERVATION ? t.reason_b : 0;
		break;
	case SUAN_R_DATA:
		c.kind = SUAN_REMEDY_DATA;
		break;
	case SUAN_R_GOAL:
		say_goal(a, t.reason_a);
		return;
	case SUAN_R_SITE_DOWN:
	case SUAN_R_SITE_DRAIN:
	case SUAN_R_PAUSED:
		c.kind = SUAN_REMEDY_SITES;
		break;
	default:
		return;
	}
	c.a = t.reason_a;
	c.b = t.reason_b;
	say(a, c);
}

/* From when on it could have started, by its own wish. */
static int64_t able_since(const struct suan_job *j)
{
	int64_t begin = suan_jobs_begin(j);

	return begin > j->submit_ms ? begin : j->submit_ms;
}

uint32_t suan_engine_remedies(const struct suan_engine *e, struct suan_run_id task,
			     struct suan_remedy *ret, uint32_t max)
{
	struct answer a = {.e = e, .job = suan_jobs_find(e, task.job), .list = ret, .max = max};
	const struct suan_elem *x;
	bool placed;
	uint32_t pos;

	if (!a.job || !suan_elems_pos(a.job, task.index, &pos))
		return 0;
	x = suan_elems_get(a.job, pos);
	placed = x->order_ms > 0;
	a.pool = x->pool;
	a.since_ms = able_since(a.job);
	a.start_ms = x->order_ms;
	if (!placed) {
		a.since_ms = e->now_ms;
		if (a.job->planned == 0 ||
		    !suan_planner_predicted(e->plan->planner, a.job->id, &a.pool, &a.start_ms,
					    NULL))
			a.pool = SUAN_NO_POOL;
	}
	if (!placed && x->state == SUAN_PENDING)
		say_cause(&a, task.index);
	/* A second attempt could not have started before the first was over: nothing is said. */
	if (a.n == 0 && a.pool != SUAN_NO_POOL && x->attempt <= 1 && a.start_ms > a.since_ms &&
	    (!a.job->more || a.job->more->ndeps == 0) && !suan_jobs_reservation(a.job))
		say_lack(&a);
	if (!placed)
		say_ahead(&a);
	if (!placed || a.n > 0)
		say_exclusions(&a);
	return a.n;
}

const char *suan_remedy_name(enum suan_remedy_kind k)
{
	static const char *const words[] = {
		[SUAN_REMEDY_CORES] = "cores",	   [SUAN_REMEDY_GPUS] = "gpus",
		[SUAN_REMEDY_MEMORY] = "memory",   [SUAN_REMEDY_ROOM] = "room",
		[SUAN_REMEDY_LATENCY] = "latency", [SUAN_REMEDY_LISTS] = "lists",
		[SUAN_REMEDY_PRIORITY] = "priority", [SUAN_REMEDY_RELEASE] = "release",
		[SUAN_REMEDY_BEGIN] = "begin",	   [SUAN_REMEDY_DEPENDENCY] = "dependency",
		[SUAN_REMEDY_CAP] = "cap",	   [SUAN_REMEDY_QUOTA] = "quota",
		[SUAN_REMEDY_RESERVATION] = "reservation", [SUAN_REMEDY_DATA] = "data",
		[SUAN_REMEDY_GOAL] = "goal",	   [SUAN_REMEDY_SITES] = "sites",
	};

	return (unsigned)k < sizeof(words) / sizeof(words[0]) ? words[k] : "";
}
