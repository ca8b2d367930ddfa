/* Accounts and classes in the state: nodes of the tree, users in them, limits, and which of them
 * count for a job. */
#include "engine/accounts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "engine/state.h"

#define NONE SUAN_NO_ACCOUNT
#define USUAL_HALF_MS (7 * INT64_C(86400000))
#define RUN_BITS ((1u << SUAN_RUN_LIMITS) - 1)

void suan_acct_init(struct suan_acct *a)
{
	memset(a, 0, sizeof(*a));
	suan_arena_init(&a->arena, 0);
	suan_map_init(&a->node_of);
	suan_map_init(&a->leaf_of);
	suan_map_init(&a->cap_of);
	suan_map_init(&a->party_of);
	a->spec.default_account = a->spec.default_qos = "";
}

void suan_acct_done(struct suan_acct *a, struct suan_intern *strings)
{
	for (uint32_t i = 0; a->nodes && i < a->spec.naccounts; i++)
		suan_intern_drop(strings, a->nodes[i].name);
	for (size_t i = 0; i < a->nleaves; i++)
		suan_intern_drop(strings, a->leaves[i].user);
	free(a->nodes);
	free(a->order);
	free(a->classes);
	free(a->leaves);
	free(a->caps);
	free(a->parties);
	free(a->old_leaves);
	free(a->old_nodes);
	suan_map_done(&a->node_of);
	suan_map_done(&a->leaf_of);
	suan_map_done(&a->cap_of);
	suan_map_done(&a->party_of);
	suan_arena_done(&a->arena);
}

int64_t suan_acct_half_life(const struct suan_acct *a)
{
	int64_t ms = a->spec.fair_share.half_life_ms;

	return ms > 0 ? ms : USUAL_HALF_MS;
}

/* ---- the tree ---- */

static uint32_t find_node(const struct suan_acct *a, uint32_t name)
{
	uint64_t at;

	return name && suan_map_get(&a->node_of, name, &at) ? (uint32_t)at : NONE;
}

static void link_nodes(struct suan_acct *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->spec.naccounts; i++) {
		const char *parent = a->spec.accounts[i].parent;

		a->nodes[i].parent = parent[0] ? suan_accounts_find(&a->spec, parent) : NONE;
	}
	for (uint32_t i = 0; i < a->spec.naccounts; i++)
		for (uint32_t up = a->nodes[i].parent; up != NONE; up = a->nodes[up].parent)
			a->nodes[i].depth++;
	for (uint32_t d = 0; d < SUAN_ACCOUNT_DEPTH; d++)
		for (uint32_t i = 0; i < a->spec.naccounts; i++)
			if (a->nodes[i].depth == d)
				a->order[n++] = i;
	assert(n == a->spec.naccounts);
}

enum suan_code suan_acct_build(struct suan_engine *e, struct suan_acct *a)
{
	uint32_t n = a->spec.naccounts;
	enum suan_code rc = SUAN_OK;

	a->any = n > 0 || a->spec.nqos > 0 || a->spec.fair_share.weight_ms > 0;
	a->nodes = calloc(n + 1u, sizeof(*a->nodes));
	a->order = calloc(n + 1u, sizeof(*a->order));
	a->classes = calloc(a->spec.nqos + 1u, sizeof(*a->classes));
	if (!a->nodes || !a->order || !a->classes)
		return SUAN_ENOMEM;
	for (uint32_t i = 0; i < n && rc == SUAN_OK; i++) {
		const char *name = a->spec.accounts[i].name;

		rc = suan_intern_add(e->strings, name, strlen(name), &a->nodes[i].name);
		if (rc == SUAN_OK)
			rc = suan_map_put(&a->node_of, a->nodes[i].name, i);
	}
	if (rc == SUAN_OK)
		link_nodes(a);
	return rc;
}

/* ---- users, limits, parties ---- */

enum suan_code suan_acct_leaf(struct suan_engine *e, struct suan_acct *a, uint32_t account,
			      uint32_t user, uint32_t *ret)
{
	uint64_t key = (uint64_t)account << 32 | user, at;
	enum suan_code rc;

	if (suan_map_get(&a->leaf_of, key, &at)) {
		*ret = (uint32_t)at;
		return SUAN_OK;
	}
	rc = suan_grow(&a->leaves, &a->leaves_cap, a->nleaves + 1, sizeof(*a->leaves));
	if (rc == SUAN_OK)
		rc = suan_map_put(&a->leaf_of, key, a->nleaves);
	if (rc != SUAN_OK)
		return rc;
	suan_intern_ref(e->strings, user);
	a->leaves[a->nleaves] = (struct suan_leaf){
		.account = account, .user = user, .name = suan_intern_str(e->strings, user)};
	*ret = (uint32_t)a->nleaves++;
	return SUAN_OK;
}

static const struct suan_limits *limits_of(const struct suan_acct *a, enum suan_cap_kind kind,
					   uint32_t index)
{
	switch (kind) {
	case SUAN_CAP_ACCOUNT:
		return &a->spec.accounts[index].limits;
	case SUAN_CAP_ACCOUNT_USER:
		return &a->spec.accounts[index].user_limits;
	case SUAN_CAP_QOS:
		return &a->spec.qos[index].limits;
	case SUAN_CAP_QOS_USER:
		break;
	}
	return &a->spec.qos[index].user_limits;
}

/* Enters the cap into the party, if there are limits. */
static enum suan_code add_cap(struct suan_acct *a, struct suan_party *p, enum suan_cap_kind kind,
			      uint32_t index, uint32_t user)
{
	const struct suan_limits *limits = limits_of(a, kind, index);
	uint64_t key = (uint64_t)kind << 60 | (uint64_t)index << 32 | user, at = a->ncaps;
	enum suan_code rc;

	if (!limits->set)
		return SUAN_OK;
	if (!suan_map_get(&a->cap_of, key, &at)) {
		rc = suan_grow(&a->caps, &a->caps_cap, a->ncaps + 1, sizeof(*a->caps));
		if (rc == SUAN_OK)
			rc = suan_map_put(&a->cap_of, key, a->ncaps);
		if (rc != SUAN_OK)
			return rc;
		a->caps[a->ncaps++] = (struct suan_cap){kind, index, user, limits, 0, 0};
	}
	assert(p->ncaps < SUAN_MOST_CAPS);
	p->caps[p->ncaps++] = (uint32_t)at;
	p->limited |= (limits->set & RUN_BITS) != 0;
	return SUAN_OK;
}

static enum suan_code add_caps(struct suan_acct *a, struct suan_party *p, uint32_t account,
			       uint32_t user)
{
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = account; i != NONE && rc == SUAN_OK; i = a->nodes[i].parent) {
		rc = add_cap(a, p, SUAN_CAP_ACCOUNT, i, 0);
		if (rc == SUAN_OK && user)
			rc = add_cap(a, p, SUAN_CAP_ACCOUNT_USER, i, user);
	}
	if (rc == SUAN_OK && p->qos != NONE)
		rc = add_cap(a, p, SUAN_CAP_QOS, p->qos, 0);
	if (rc == SUAN_OK && p->qos != NONE && user)
		rc = add_cap(a, p, SUAN_CAP_QOS_USER, p->qos, user);
	return rc;
}

static uint32_t class_of(const struct suan_engine *e, const struct suan_acct *a, uint32_t qos)
{
	return qos ? suan_qos_find(&a->spec, suan_intern_str(e->strings, qos)) : NONE;
}

enum suan_code suan_acct_join(struct suan_engine *e, struct suan_acct *a,
			      const struct suan_party_key *k, uint32_t *ret)
{
	struct suan_party p = {.leaf = NONE, .qos = class_of(e, a, k->qos)};
	uint32_t account = find_node(a, k->account);
	uint64_t key, at;
	enum suan_code rc = SUAN_OK;

	*ret = 0;
	if (account == NONE && p.qos == NONE)
		return SUAN_OK;
	if (account != NONE)
		rc = suan_acct_leaf(e, a, account, k->user, &p.leaf);
	if (rc != SUAN_OK)
		return rc;
	/* without an account the user stands for the leaf: ids of strings are far below 2^31 */
	key = (uint64_t)(p.leaf != NONE ? p.leaf : 1u << 31 | k->user) << 32 | p.qos;
	if (suan_map_get(&a->party_of, key, &at)) {
		*ret = (uint32_t)at + 1;
		return SUAN_OK;
	}
	rc = add_caps(a, &p, account, k->user);
	if (rc == SUAN_OK)
		rc = suan_grow(&a->parties, &a->parties_cap, a->nparties + 1, sizeof(p));
	if (rc == SUAN_OK)
		rc = suan_map_put(&a->party_of, key, a->nparties);
	if (rc != SUAN_OK)
		return rc;
	a->parties[a->nparties++] = p;
	*ret = (uint32_t)a->nparties;
	return SUAN_OK;
}

const char *suan_acct_account(const struct suan_engine *e, const struct suan_job_spec *spec)
{
	bool named = spec->account && spec->account[0];

	return named ? spec->account : e->acct.spec.default_account;
}

const char *suan_acct_qos(const struct suan_engine *e, const struct suan_job_spec *spec)
{
	bool named = spec->qos && spec->qos[0];

	return named ? spec->qos : e->acct.spec.default_qos;
}

static const struct suan_party *party_of(const struct suan_engine *e, const struct suan_job *j)
{
	return j->party ? &e->acct.parties[j->party - 1] : NULL;
}

uint32_t suan_qos_number(const struct suan_engine *e, const struct suan_job *j)
{
	const struct suan_party *p = party_of(e, j);

	return p ? p->qos : NONE;
}

const struct suan_qos_spec *suan_qos_of(const struct suan_engine *e, const struct suan_job *j)
{
	uint32_t i = suan_qos_number(e, j);

	return i == NONE ? NULL : &e->acct.spec.qos[i];
}

/* ---- what waits and what runs ---- */

void suan_acct_summary(struct suan_engine *e, const struct suan_job *j, unsigned from, unsigned to)
{
	const struct suan_party *p = party_of(e, j);
	int change = (to == SUAN_PENDING) - (from == SUAN_PENDING);

	if (!p)
		return;
	for (uint32_t i = 0; change && i < p->ncaps; i++)
		e->acct.caps[p->caps[i]].pending += (uint64_t)(int64_t)change;
	if (p->leaf != NONE)
		e->acct.leaves[p->leaf].held.pending += (uint64_t)(int64_t)change;
	if (p->qos != NONE)
		e->acct.classes[p->qos].pending += (uint64_t)(int64_t)change;
}

static struct suan_leaf *leaf_of(struct suan_engine *e, const struct suan_job *j)
{
	const struct suan_party *p = party_of(e, j);

	return p && p->leaf != NONE ? &e->acct.leaves[p->leaf] : NULL;
}

void suan_acct_live(struct suan_engine *e, const struct suan_job *j)
{
	struct suan_leaf *l = leaf_of(e, j);

	if (!l || l->known)
		return;
	l->level = e->acct.nodes[l->account].level;
	l->meter.at_ms = e->now_ms;
	l->known = true;
}

static void add_held(struct suan_held *to, const struct suan_held *v, bool begins)
{
	uint64_t sign = begins ? 1 : UINT64_MAX;	/* −1, as unsigned numbers wrap */

	to->runs += sign;
	to->cores += sign * v->cores;
	to->gpus += sign * v->gpus;
	to->memory += sign * v->memory;
}

static void take(struct suan_engine *e, const struct suan_job *j, const struct suan_elem *x,
		 bool begins)
{
	const struct suan_pool_spec *pool = &e->net.pools[x->pool].spec;
	const struct suan_party *p = party_of(e, j);
	const struct suan_qos_spec *q = suan_qos_of(e, j);
	uint64_t factor = q ? q->usage_factor_milli : 1000, n = j->req.tasks;
	struct suan_held v = {1, n * j->req.cores, n * j->req.gpus, n * j->req.memory, 0};
	uint64_t sign = begins ? 1 : UINT64_MAX;
	struct suan_leaf *l = leaf_of(e, j);

	if (j->req.exclusive) {
		v.cores = (uint64_t)x->nplaces * pool->cores;
		v.gpus = (uint64_t)x->nplaces * pool->gpus;
		v.memory = x->nplaces * pool->memory;
	}
	if (p->qos != NONE)
		add_held(&e->acct.classes[p->qos], &v, begins);
	if (!l)
		return;
	add_held(&l->held, &v, begins);
	l->meter.rate_milli[SUAN_METER_CORES] += sign * v.cores * factor;
	l->meter.rate_milli[SUAN_METER_GPUS] += sign * v.gpus * factor;
	l->meter.rate_milli[SUAN_METER_MEMORY] +=
		sign * (uint64_t)((unsigned __int128)v.memory * factor >> 20);
}

static void hold(struct suan_engine *e, const struct suan_job *j, const struct suan_elem *x,
		 int64_t now_ms, bool begins)
{
	struct suan_leaf *l = leaf_of(e, j);

	if (l)
		suan_meter_settle(&l->meter, now_ms, suan_acct_half_life(&e->acct));
	if (j->party)
		take(e, j, x, begins);
}

void suan_acct_began(struct suan_engine *e, const struct suan_job *j, const struct suan_elem *x,
		     int64_t now_ms)
{
	hold(e, j, x, now_ms, true);
}

void suan_acct_ended(struct suan_engine *e, const struct suan_job *j, const struct suan_elem *x,
		     int64_t now_ms)
{
	hold(e, j, x, now_ms, false);
}

void suan_acct_settle(struct suan_engine *e, int64_t now_ms)
{
	for (size_t i = 0; i < e->acct.nleaves; i++)
		suan_meter_settle(&e->acct.leaves[i].meter, now_ms, suan_acct_half_life(&e->acct));
}

/* The next run that holds nodes; false: no more. */
static bool next_held(const struct suan_engine *e, struct suan_run_id *run, struct suan_spot *ret)
{
	if (!suan_engine_next_run(e, run))
		return false;
	ret->job = suan_jobs_find(e, run->job);
	(void)suan_elems_pos(ret->job, run->index, &ret->pos);
	return true;
}

void suan_acct_recount(struct suan_engine *e)
{
	struct suan_run_id run = {0};
	struct suan_spot at;

	for (size_t i = 0; i < e->acct.nleaves; i++) {
		struct suan_leaf *l = &e->acct.leaves[i];

		l->held = (struct suan_held){.pending = l->held.pending};
		memset(l->meter.rate_milli, 0, sizeof(l->meter.rate_milli));
	}
	for (uint32_t i = 0; i < e->acct.spec.nqos; i++)
		e->acct.classes[i] = (struct suan_held){.pending = e->acct.classes[i].pending};
	while (e->acct.nparties > 0 && next_held(e, &run, &at))
		if (at.job->party)
			take(e, at.job, suan_elems_get(at.job, at.pos), true);
}

/* ---- ACCOUNTS ---- */

/* Usage and standing of what is still there by name. */
static enum suan_code carry_over(struct suan_engine *e, struct suan_acct *n, int64_t now_ms)
{
	const struct suan_acct *old = &e->acct;

	for (uint32_t i = 0; i < old->spec.naccounts; i++) {
		uint32_t at = find_node(n, old->nodes[i].name);

		if (at != NONE)
			n->nodes[at].level = old->nodes[i].level;
	}
	for (size_t i = 0; i < old->nleaves; i++) {
		const struct suan_leaf *from = &old->leaves[i];
		uint32_t at = find_node(n, old->nodes[from->account].name), leaf;
		enum suan_code rc;

		if (at == NONE || !from->known)
			continue;
		rc = suan_acct_leaf(e, n, at, from->user, &leaf);
		if (rc != SUAN_OK)
			return rc;
		n->leaves[leaf].meter = from->meter;
		n->leaves[leaf].level = from->level;
		n->leaves[leaf].known = true;
		suan_meter_settle(&n->leaves[leaf].meter, now_ms, suan_acct_half_life(old));
	}
	return SUAN_OK;
}

static struct suan_party_key key_of(const struct suan_job *j)
{
	return (struct suan_party_key){j->account, j->user, j->qos};
}

/* The party of every job, so that finding it again cannot fail. */
static enum suan_code join_all(struct suan_engine *e, struct suan_acct *n)
{
	enum suan_code rc = SUAN_OK;
	uint64_t id = 0;

	while (n->any && rc == SUAN_OK && (id = suan_engine_next_job(e, id))) {
		struct suan_party_key key = key_of(suan_jobs_find(e, id));
		uint32_t party;

		rc = suan_acct_join(e, n, &key, &party);
	}
	return rc;
}

static void adopt(struct suan_engine *e)
{
	uint64_t id = 0;

	while ((id = suan_engine_next_job(e, id))) {
		struct suan_job *j = suan_jobs_find(e, id);
		struct suan_party_key key = key_of(j);
		enum suan_code rc = SUAN_OK;

		j->party = 0;
		if (e->acct.any)
			rc = suan_acct_join(e, &e->acct, &key, &j->party);
		assert(rc == SUAN_OK);
		suan_acct_summary(e, j, SUAN_NSTATES, j->summary);
		if (!suan_jobs_over(j))
			suan_acct_live(e, j);
	}
	suan_acct_recount(e);
	e->plan->groups_dirty = e->plan->all_dirty = e->plan->rekey = true;
	suan_planner_freed(e->plan->planner, SUAN_FOREVER);
}

enum suan_code suan_acct_set(struct suan_engine *e, const struct suan_event *ev,
			     struct suan_err *err)
{
	const struct suan_accounts *spec = ev->u.accounts;
	struct suan_acct n;
	enum suan_code rc = suan_accounts_check(spec, err);

	if (rc != SUAN_OK)
		return rc;
	suan_acct_init(&n);
	rc = suan_accounts_copy(&n.arena, spec, &n.spec);
	if (rc == SUAN_OK)
		rc = suan_acct_build(e, &n);
	if (rc == SUAN_OK)
		rc = carry_over(e, &n, ev->now_ms);
	if (rc == SUAN_OK)
		rc = join_all(e, &n);
	if (rc != SUAN_OK) {
		suan_acct_done(&n, e->strings);
		return rc;
	}
	suan_acct_done(&e->acct, e->strings);
	e->acct = n;
	adopt(e);
	e->plan->ranks_dirty = e->plan->pools_dirty = true;
	e->plan->all_dirty = e->plan->rekey = true;
	return SUAN_OK;
}

/* ---- the planner ---- */

static enum suan_code tell_party(struct suan_engine *e, uint32_t i)
{
	const struct suan_party *p = &e->acct.parties[i];
	uint32_t groups[SUAN_MOST_CAPS], n = 0;

	for (uint32_t k = 0; k < p->ncaps; k++)
		if (e->acct.caps[p->caps[k]].limits->set & RUN_BITS)
			groups[n++] = p->caps[k];
	return suan_planner_group_set(e->plan->planner, i + 1, groups, n);
}

static void regroup_all(struct suan_engine *e)
{
	struct suan_run_id run = {0};
	struct suan_spot at;
	struct suan_ask ask;

	while (next_held(e, &run, &at)) {
		suan_jobs_ask(e, at.job, &ask);
		suan_planner_regroup(e->plan->planner, suan_elems_get(at.job, at.pos)->run,
				     ask.quota);
	}
}

enum suan_code suan_acct_sync(struct suan_engine *e)
{
	struct suan_plan *p = e->plan;
	enum suan_code rc = SUAN_OK;

	if (p->groups_dirty) {
		suan_planner_groups_drop(p->planner);
		p->ngroups = p->nsets = 0;
	}
	for (; rc == SUAN_OK && p->ngroups < e->acct.ncaps; p->ngroups += rc == SUAN_OK)
		rc = suan_planner_group(p->planner, p->ngroups, e->acct.caps[p->ngroups].limits);
	for (; rc == SUAN_OK && p->nsets < e->acct.nparties; p->nsets += rc == SUAN_OK)
		rc = tell_party(e, p->nsets);
	if (rc != SUAN_OK)
		return rc;
	if (p->groups_dirty)
		regroup_all(e);
	p->groups_dirty = false;
	return SUAN_OK;
}

size_t suan_acct_memory(const struct suan_acct *a)
{
	return a->arena.used + a->spec.naccounts * (sizeof(*a->nodes) + sizeof(*a->order)) +
	       a->spec.nqos * sizeof(*a->classes) +
	       a->leaves_cap * sizeof(*a->leaves) + a->caps_cap * sizeof(*a->caps) +
	       a->parties_cap * sizeof(*a->parties) + a->old_leaves_cap * sizeof(*a->leaves) +
	       a->old_nodes_cap * sizeof(*a->nodes) +
	       (a->node_of.cap + a->leaf_of.cap + a->cap_of.cap + a->party_of.cap) * 2 *
		       sizeof(uint64_t);
}

const struct suan_accounts *suan_engine_accounts(const struct suan_engine *e)
{
	return &e->acct.spec;
}

/* ---- verify ---- */

static const char *check_caps(const struct suan_engine *e, uint64_t *pending)
{
	uint64_t id = 0;

	while ((id = suan_engine_next_job(e, id))) {
		const struct suan_job *j = suan_jobs_find(e, id);
		const struct suan_party *p = party_of(e, j);

		if (!p != (find_node(&e->acct, j->account) == NONE &&
			   class_of(e, &e->acct, j->qos) == NONE))
			return "a job is of no party or of a wrong one";
		for (uint32_t i = 0; p && j->summary == SUAN_PENDING && i < p->ncaps; i++)
			pending[p->caps[i]]++;
	}
	for (size_t i = 0; i < e->acct.ncaps; i++)
		if (pending[i] != e->acct.caps[i].pending)
			return "the jobs that wait under a limit are miscounted";
	return NULL;
}

static const char *check_leaves(const struct suan_engine *e, uint64_t *cores)
{
	struct suan_run_id run = {0};
	struct suan_spot at;

	while (next_held(e, &run, &at)) {
		const struct suan_party *p = party_of(e, at.job);
		const struct suan_elem *x = suan_elems_get(at.job, at.pos);

		if (p && p->leaf != NONE)
			cores[p->leaf] += at.job->req.exclusive
						  ? (uint64_t)x->nplaces *
							    e->net.pools[x->pool].spec.cores
						  : (uint64_t)at.job->req.tasks *
							    at.job->req.cores;
	}
	for (size_t i = 0; i < e->acct.nleaves; i++)
		if (cores[i] != e->acct.leaves[i].held.cores)
			return "the cores of a user are not the sum of its runs";
	return NULL;
}

const char *suan_acct_verify(const struct suan_engine *e)
{
	size_t n = e->acct.ncaps + e->acct.nleaves + 1;
	uint64_t *counts = calloc(n, sizeof(*counts));
	const char *bad = counts ? check_caps(e, counts) : "out of memory";

	if (!bad)
		bad = check_leaves(e, counts + e->acct.ncaps);
	free(counts);
	return bad;
}
