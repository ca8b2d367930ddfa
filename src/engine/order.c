#include "engine/order.h"

#include "base/num.h"

#define HEAD_MS	 INT64_C(691200000) /* 8 d: the longest head start */
#define THETA_MS INT64_C(400000)    /* expected run time that gets half of it */
#define LANE_MS	 INT64_C(60000)
#define FIRM_MS	 INT64_C(604800000) /* a week */

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

/* Share of the largest pool, of HEAD_MS. */
static int64_t width(const struct suan_engine *e, const struct suan_job *j)
{
	uint64_t cores = (uint64_t)j->req.tasks * j->req.cores;
	uint64_t gpus = (uint64_t)j->req.tasks * j->req.gpus;

	cores = cores < e->net.widest_cores ? cores : e->net.widest_cores;
	gpus = gpus < e->net.widest_gpus ? gpus : e->net.widest_gpus;
	cores = (uint64_t)((unsigned __int128)cores * HEAD_MS / e->net.widest_cores);
	gpus = (uint64_t)((unsigned __int128)gpus * HEAD_MS / e->net.widest_gpus);
	return (int64_t)(cores > gpus ? cores : gpus);
}

/* What the order believes: a little of the estimate stays in it. */
static int64_t expected(const struct suan_job *j)
{
	int64_t guess = j->predict_ms > 0 ? j->predict_ms : j->estimate_ms;

	return guess + (j->estimate_ms - guess) / 8;
}

static int64_t shortness(const struct suan_job *j)
{
	return (int64_t)((__int128)HEAD_MS * THETA_MS / ((__int128)THETA_MS + expected(j)));
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
		if (suan_order_firm(j) <= now_ms)
			return INT64_MIN / 2 + j->submit_ms;
		return j->submit_ms - width(e, j) - shortness(j);
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
	return kind == SUAN_POLICY_CONSERVATIVE ? SUAN_PLAN_CONSERVATIVE : SUAN_PLAN_EASY;
}
