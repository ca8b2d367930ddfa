#include "engine/order.h"

#include "base/num.h"
#include "engine/alone.h"

#define DAY_MS	  INT64_C(86400000)
#define LANE_MS	  INT64_C(60000)
#define FIRM_MS	  (7 * DAY_MS)
#define LONG_MS	  INT64_C(100000000) /* run time from which the area counts in full */
#define LONG_ROOT 10000

struct credits {		   /* head starts in the queue */
	int64_t wide_ms;	   /* of a job as wide as the largest pool */
	int64_t short_ms, half_ms; /* of one that ends at once; expected run time that gets half */
	int64_t area_ms;	   /* of a wide job, by the root of its expected run time */
};

/* Over several pools wide jobs are what is hardest to place. */
static const struct credits one_pool = {8 * DAY_MS, 8 * DAY_MS, 400000, 0};
static const struct credits many_pools = {12 * DAY_MS, 23 * DAY_MS, 150000, 30 * DAY_MS};
/* With a search (planner_search.c), which packs them, they need less to be let alone. */
static const struct credits searched = {12 * DAY_MS, 40 * DAY_MS, 150000, 40 * DAY_MS};

static uint64_t at_least(int64_t v, uint64_t least)
{
	return v > 0 && (uint64_t)v > least ? (uint64_t)v : least;
}

static int64_t f1(const struct suan_engine *e, const struct suan_job *j)
{
	int64_t size = suan_log2_q16(at_least(j->estimate_ms / 1000, 1));
	int64_t came = suan_log2_q16(at_least((j->submit_ms - e->epoch_ms) / 1000, 1));
	int64_t cores, product;

	if (!suan_mul_i64((int64_t)j->req.tasks, (int64_t)j->req.cores, &cores) ||
	    !suan_mul_i64(size, cores, &product))
		return INT64_MAX;
	return suan_sat_add(product, 870 * came);
}

static int64_t wfp3(const struct suan_job *j, int64_t now_ms)
{
	int64_t wait = suan_log2_q16(at_least(now_ms - j->submit_ms, 1));
	int64_t size = suan_log2_q16(at_least(j->estimate_ms, 1));
	uint64_t cores = (uint64_t)j->req.tasks * j->req.cores;

	return -(3 * (wait - size) + suan_log2_q16(cores > 0 ? cores : 1));
}

/* What the order believes: a little of the estimate stays in it. */
static int64_t expected(const struct suan_job *j)
{
	int64_t guess = j->predict_ms > 0 ? j->predict_ms : j->estimate_ms;

	return guess + (j->estimate_ms - guess) / 8;
}

/* x · part / whole, part ≤ whole */
static int64_t share(int64_t x, uint64_t part, uint64_t whole)
{
	part = part < whole ? part : whole;
	return (int64_t)((unsigned __int128)(uint64_t)x * part / whole);
}

static const struct credits *credits_of(const struct suan_engine *e)
{
	if (e->net.present <= 1)
		return &one_pool;
	return e->policy.plan_steps > 0 ? &searched : &many_pools;
}

static int64_t credit(const struct suan_engine *e, const struct suan_job *j)
{
	const struct credits *c = credits_of(e);
	uint64_t cores = (uint64_t)j->req.tasks * j->req.cores;
	uint64_t gpus = (uint64_t)j->req.tasks * j->req.gpus;
	int64_t run = expected(j), wide = c->wide_ms, by_cores, by_gpus;

	wide += share(c->area_ms, suan_isqrt((uint64_t)(run < LONG_MS ? run : LONG_MS)), LONG_ROOT);
	by_cores = share(wide, cores, e->net.widest_cores);
	by_gpus = share(wide, gpus, e->net.widest_gpus);
	return (by_cores > by_gpus ? by_cores : by_gpus) +
	       share(c->short_ms, (uint64_t)c->half_ms, (uint64_t)(c->half_ms + run));
}

int64_t suan_order_fit(const struct suan_job *j)
{
	if (expected(j) <= LANE_MS)
		return 1;
	return j->known ? j->predict_ms / 4 * 3 + 1 : j->estimate_ms;
}

int64_t suan_order_firm(const struct suan_job *j)
{
	return suan_sat_add(j->submit_ms, FIRM_MS);
}

int64_t suan_order_key(const struct suan_engine *e, const struct suan_job *j, int64_t now_ms)
{
	int64_t head;

	switch (e->policy.kind) {
	case SUAN_POLICY_SJF:
		return j->estimate_ms;
	case SUAN_POLICY_LJF:
		return -j->estimate_ms;
	case SUAN_POLICY_F1:
		return f1(e, j);
	case SUAN_POLICY_WFP3:
		return wfp3(j, now_ms);
	case SUAN_POLICY_SUAN:
		head = suan_standing_head(e, j);
		if (suan_order_firm(j) <= now_ms || suan_alone_owed(e, j))
			return INT64_MIN / 2 + j->submit_ms - head;
		return j->submit_ms - credit(e, j) - head;
	case SUAN_POLICY_EASY:
	case SUAN_POLICY_FCFS:
	case SUAN_POLICY_CONSERVATIVE:
	case SUAN_NPOLICIES:
		break;
	}
	return 0;
}

bool suan_order_moves(enum suan_policy_kind kind)
{
	return kind == SUAN_POLICY_WFP3;
}

enum suan_plan_mode suan_order_mode(enum suan_policy_kind kind)
{
	if (kind == SUAN_POLICY_FCFS)
		return SUAN_PLAN_FCFS;
	if (kind == SUAN_POLICY_SUAN)
		return SUAN_PLAN_SUAN;
	return kind == SUAN_POLICY_CONSERVATIVE ? SUAN_PLAN_CONSERVATIVE : SUAN_PLAN_EASY;
}
