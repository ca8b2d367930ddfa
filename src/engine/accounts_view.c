/* Reading accounts, users, classes and what limits do. */
#include <stdlib.h>
#include <string.h>

#include "engine/state.h"

#define NONE SUAN_NO_ACCOUNT
#define PPM  1000000u

/* ---- shares ---- */

static uint64_t known_users(const struct suan_acct *a, uint32_t account)
{
	uint64_t n = 0;

	for (size_t i = 0; i < a->nleaves; i++)
		n += a->leaves[i].known && a->leaves[i].account == account;
	return n;
}

/* Shares of what stands beside each other below an account, or at the top. */
static uint64_t shares_below(const struct suan_acct *a, uint32_t account)
{
	uint64_t sum = account == NONE ? 0 : known_users(a, account);

	for (uint32_t i = 0; i < a->spec.naccounts; i++)
		if (a->nodes[i].parent == account)
			sum += a->spec.accounts[i].shares;
	return sum;
}

static uint32_t due_ppm(const struct suan_acct *a, uint32_t account)
{
	unsigned __int128 part = (uint64_t)PPM << 32;

	for (uint32_t i = account; i != NONE; i = a->nodes[i].parent) {
		uint64_t all = shares_below(a, a->nodes[i].parent);

		part = all ? part * a->spec.accounts[i].shares / all : 0;
	}
	return (uint32_t)((part + (1u << 31)) >> 32);
}

/* ---- accounts and users ---- */

static bool is_below(const struct suan_acct *a, uint32_t i, uint32_t account)
{
	while (i != account && i != NONE)
		i = a->nodes[i].parent;
	return i == account;
}

static void add_leaf(const struct suan_acct *a, const struct suan_leaf *l, int64_t now_ms,
		     struct suan_account_view *v)
{
	struct suan_meter m = l->meter;

	suan_meter_settle(&m, now_ms, suan_acct_half_life(a));
	v->used_cores += m.used[SUAN_METER_CORES];
	v->used_gpus += m.used[SUAN_METER_GPUS];
	v->used_memory += m.used[SUAN_METER_MEMORY];
	v->runs += l->held.runs;
	v->cores += l->held.cores;
	v->gpus += l->held.gpus;
	v->memory += l->held.memory;
	v->pending += l->held.pending;
}

bool suan_engine_account(const struct suan_engine *e, uint32_t number, int64_t now_ms,
			 struct suan_account_view *ret)
{
	const struct suan_acct *a = &e->acct;

	if (number >= a->spec.naccounts)
		return false;
	*ret = (struct suan_account_view){
		.number = number, .depth = a->nodes[number].depth,
		.name = a->spec.accounts[number].name, .parent = a->spec.accounts[number].parent,
		.spec = &a->spec.accounts[number], .shares = a->spec.accounts[number].shares,
		.share_ppm = due_ppm(a, number),
		.factor_ppm = (uint32_t)((uint64_t)a->nodes[number].level * PPM / SUAN_LEVELS)};
	for (size_t i = 0; i < a->nleaves; i++)
		if (a->leaves[i].known && is_below(a, a->leaves[i].account, number))
			add_leaf(a, &a->leaves[i], now_ms, ret);
	return true;
}

bool suan_engine_account_user(const struct suan_engine *e, uint32_t number, int64_t now_ms,
			      struct suan_account_view *ret)
{
	const struct suan_acct *a = &e->acct;
	const struct suan_leaf *l;
	uint64_t all;
	size_t at = 0;

	for (; at < a->nleaves; at++)
		if (a->leaves[at].known && number-- == 0)
			break;
	if (at >= a->nleaves)
		return false;
	l = &a->leaves[at];
	all = shares_below(a, l->account);
	*ret = (struct suan_account_view){
		.number = l->account, .depth = a->nodes[l->account].depth + 1,
		.name = a->spec.accounts[l->account].name,
		.parent = a->spec.accounts[l->account].parent,
		.spec = &a->spec.accounts[l->account], .user = l->name, .shares = 1,
		.share_ppm = all ? (uint32_t)(due_ppm(a, l->account) / all) : 0,
		.factor_ppm = (uint32_t)((uint64_t)l->level * PPM / SUAN_LEVELS)};
	add_leaf(a, l, now_ms, ret);
	return true;
}

/* ---- classes ---- */

bool suan_engine_qos(const struct suan_engine *e, uint32_t number, struct suan_qos_view *ret)
{
	const struct suan_held *h;

	if (number >= e->acct.spec.nqos)
		return false;
	h = &e->acct.classes[number];
	*ret = (struct suan_qos_view){&e->acct.spec.qos[number], h->runs, h->cores, h->gpus,
				      h->memory, h->pending};
	return true;
}

/* ---- limits ---- */

bool suan_acct_short(const struct suan_engine *e, const struct suan_job *j, struct suan_short *ret)
{
	struct suan_ask ask;

	suan_jobs_ask(e, j, &ask);
	return suan_planner_short(e->plan->planner, &ask, ret);
}

bool suan_acct_view(const struct suan_engine *e, const struct suan_short *lack,
		    struct suan_quota_view *ret)
{
	const struct suan_cap *c;
	bool account;

	if (lack->group >= e->acct.ncaps)
		return false;
	c = &e->acct.caps[lack->group];
	account = c->kind == SUAN_CAP_ACCOUNT || c->kind == SUAN_CAP_ACCOUNT_USER;
	*ret = (struct suan_quota_view){
		.account = account ? e->acct.spec.accounts[c->index].name : "",
		.qos = account ? "" : e->acct.spec.qos[c->index].name,
		.user = suan_intern_str(e->strings, c->user), .limit = lack->limit,
		.used = (uint64_t)lack->used, .want = (uint64_t)lack->want,
		.most = (uint64_t)lack->most};
	return true;
}

bool suan_engine_quota(const struct suan_engine *e, uint64_t job, struct suan_quota_view *ret)
{
	const struct suan_job *j = suan_jobs_find(e, job);
	struct suan_short lack;

	return j && suan_elems_in(j, SUAN_PENDING) > 0 && suan_acct_short(e, j, &lack) &&
	       suan_acct_view(e, &lack, ret);
}

void suan_acct_explain(const struct suan_engine *e, const struct suan_ask *ask,
		       struct suan_candidate *list, uint32_t n)
{
	struct suan_short lack;

	if (!suan_planner_short(e->plan->planner, ask, &lack))
		return;
	for (uint32_t i = 0; i < n; i++) {
		if (list[i].start_ms == SUAN_FOREVER)
			continue;
		list[i].reason = SUAN_R_QUOTA;
		list[i].start_ms = SUAN_FOREVER;
		list[i].a = lack.used;
		list[i].b = lack.most;
	}
}
