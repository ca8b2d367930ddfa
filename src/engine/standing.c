/* Fair shares. What an account has used, decayed (shares.h), of the resource of which it used most
 * of the whole network (dominant resource: Ghodsi et al. 2011), divided by what is due to it, is
 * the time in which its share alone would have done the same: the virtual time of fair queueing
 * (Demers, Keshav and Shenker 1989). Among siblings with something to start, the one with the least
 * time stands best; another stands behind it by the difference. A child stands where its parent
 * does, less what it is behind itself, so that an account is as good as its neediest child: level
 * by level, as in the fair tree (Cox and Morrison 2014), whatever happens inside of the siblings.
 * What stands behind by nothing has the longest head start in the queue (weight), what stands
 * behind by all that can be remembered (half-life / ln 2 of the whole network) has none, and in
 * between it is in proportion.
 *
 * Users are children of their account with one share each. A standing is kept in 1,024 levels, and
 * a level is left only when it is missed by half a level more, so that few jobs must be sorted
 * anew. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "engine/state.h"

#define NONE	    SUAN_NO_ACCOUNT

#define PERIOD_MS   300000
#define FORGOTTEN_MS 1000	/* of the whole network: not worth remembering */
#define NEVER_MS    (INT64_MAX / 4)
#define ONE_Q32	    (UINT64_C(1) << 32)

__extension__ typedef unsigned __int128 wide;

int64_t suan_standing_head(const struct suan_engine *e, const struct suan_job *j)
{
	const struct suan_acct *a = &e->acct;
	uint32_t leaf = j->party ? a->parties[j->party - 1].leaf : NONE;

	if (leaf == NONE)
		return 0;
	return a->leaves[leaf].level * (a->spec.fair_share.weight_ms / SUAN_LEVELS);
}

/* ---- time of the whole network, and of a part of it ---- */

struct capacity {
	uint64_t units[SUAN_NMETERS];
};

static void measure(const struct suan_engine *e, struct capacity *c)
{
	memset(c, 0, sizeof(*c));
	for (uint32_t i = 0; i < e->net.npools; i++) {
		const struct suan_eng_pool *p = &e->net.pools[i];

		if (p->gone || (!e->net.sites[p->site].spec->driver[0] && !e->policy.model_sites))
			continue;
		c->units[SUAN_METER_CORES] += (uint64_t)p->spec.nodes * p->spec.cores;
		c->units[SUAN_METER_GPUS] += (uint64_t)p->spec.nodes * p->spec.gpus;
		c->units[SUAN_METER_MEMORY] += p->spec.nodes * (p->spec.memory >> 20);
	}
}

/* Of the dominant resource. */
static uint64_t network_ms(const struct capacity *c, const uint64_t *used)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < SUAN_NMETERS; i++)
		if (c->units[i] > 0 && used[i] / c->units[i] > most)
			most = used[i] / c->units[i];
	return most;
}

static int64_t share_ms(const struct capacity *c, const uint64_t *used, uint64_t part_q32)
{
	wide ms;

	if (part_q32 == 0)
		return NEVER_MS;
	ms = (wide)network_ms(c, used) * ONE_Q32 / part_q32;
	return ms < NEVER_MS ? (int64_t)ms : NEVER_MS;
}

static uint64_t part_of(uint64_t whole_q32, uint64_t shares, uint64_t all)
{
	uint64_t part = all > 0 ? (uint64_t)((wide)whole_q32 * shares / all) : 0;

	return part > 0 || shares == 0 ? part : 1;
}

/* ---- up the tree: sums ---- */

/* Nothing but room keeps it: what a quota holds back is no measure for others. */
static bool could_start(const struct suan_engine *e, const struct suan_job *j, int64_t now_ms)
{
	struct suan_short lack;
	struct suan_ask ask;

	if (suan_sync_wanted(e, j, now_ms) == 0)
		return false;
	suan_jobs_ask(e, j, &ask);
	return !suan_planner_short(e->plan->planner, &ask, &lack);
}

static void note_jobs(struct suan_engine *e, int64_t now_ms)
{
	struct suan_acct *a = &e->acct;
	uint64_t id = 0;

	for (size_t i = 0; i < a->nleaves; i++)
		a->leaves[i].lives = a->leaves[i].wants = false;
	while ((id = suan_engine_next_job(e, id))) {
		const struct suan_job *j = suan_jobs_find(e, id);
		uint32_t leaf = j->party ? a->parties[j->party - 1].leaf : NONE;

		if (leaf == NONE)
			continue;
		a->leaves[leaf].lives |= !suan_jobs_over(j);
		if (!a->leaves[leaf].wants)
			a->leaves[leaf].wants = could_start(e, j, now_ms);
	}
}

static void add_used(uint64_t *to, const uint64_t *from)
{
	for (unsigned i = 0; i < SUAN_NMETERS; i++)
		to[i] = to[i] + from[i] >= to[i] ? to[i] + from[i] : UINT64_MAX;
}

static uint64_t sum_up(struct suan_engine *e, const struct capacity *c, int64_t now_ms)
{
	struct suan_acct *a = &e->acct;
	uint64_t top = 0;

	for (uint32_t i = 0; i < a->spec.naccounts; i++) {
		memset(a->nodes[i].used, 0, sizeof(a->nodes[i].used));
		a->nodes[i].shares = 0;
		a->nodes[i].wants = false;
	}
	for (size_t i = 0; i < a->nleaves; i++) {
		struct suan_leaf *l = &a->leaves[i];

		suan_meter_settle(&l->meter, now_ms, suan_acct_half_life(a));
		if (!l->lives && network_ms(c, l->meter.used) < FORGOTTEN_MS) {
			memset(&l->meter, 0, sizeof(l->meter));
			l->meter.at_ms = now_ms;
			l->known = false;
		}
		if (!l->known)
			continue;
		add_used(a->nodes[l->account].used, l->meter.used);
		a->nodes[l->account].shares++;
		a->nodes[l->account].wants |= l->wants;
	}
	for (uint32_t i = a->spec.naccounts; i-- > 0;) {
		uint32_t at = a->order[i], up = a->nodes[at].parent;

		if (up == NONE) {
			top += a->spec.accounts[at].shares;
			continue;
		}
		add_used(a->nodes[up].used, a->nodes[at].used);
		a->nodes[up].shares += a->spec.accounts[at].shares;
		a->nodes[up].wants |= a->nodes[at].wants;
	}
	return top;
}

/* ---- down the tree: standings ---- */

static void least(int64_t *to, bool wants, int64_t time_ms)
{
	if (wants && time_ms < *to)
		*to = time_ms;
}

/* Times of all, and the least of those with something to start below each account. */
static int64_t find_times(struct suan_engine *e, const struct capacity *c, uint64_t top)
{
	struct suan_acct *a = &e->acct;
	int64_t top_least = NEVER_MS;

	for (uint32_t i = 0; i < a->spec.naccounts; i++) {
		uint32_t at = a->order[i];
		struct suan_node *n = &a->nodes[at];
		struct suan_node *up = n->parent == NONE ? NULL : &a->nodes[n->parent];

		n->part_q32 = part_of(up ? up->part_q32 : ONE_Q32, a->spec.accounts[at].shares,
				      up ? up->shares : top);
		n->time_ms = share_ms(c, n->used, n->part_q32);
		n->least_ms = NEVER_MS;
		least(up ? &up->least_ms : &top_least, n->wants, n->time_ms);
	}
	for (size_t i = 0; i < a->nleaves; i++) {
		struct suan_leaf *l = &a->leaves[i];
		struct suan_node *n = &a->nodes[l->account];

		if (!l->known)
			continue;
		l->time_ms = share_ms(c, l->meter.used, part_of(n->part_q32, 1, n->shares));
		least(&n->least_ms, l->wants, l->time_ms);
	}
	return top_least;
}

static int64_t behind(int64_t up_ms, int64_t time_ms, int64_t least_ms)
{
	int64_t more = time_ms > least_ms ? time_ms - least_ms : 0;

	return up_ms < NEVER_MS - more ? up_ms + more : NEVER_MS;
}

/* 0 to SUAN_LEVELS; the present level stays if it is nearly right. */
static uint32_t level_of(const struct suan_acct *a, int64_t behind_ms, uint32_t now)
{
	int64_t all = suan_decay_sum(suan_acct_half_life(a)), step = all / SUAN_LEVELS;
	int64_t ahead = behind_ms < all ? all - behind_ms : 0, low = now * step - step / 2;
	int64_t level = ahead / step;

	if (ahead >= low && ahead < low + 2 * step && now <= SUAN_LEVELS)
		return now;
	return (uint32_t)(level < SUAN_LEVELS ? level : SUAN_LEVELS);
}

static bool set_levels(struct suan_engine *e, int64_t top_least)
{
	struct suan_acct *a = &e->acct;
	bool changed = false;

	for (uint32_t i = 0; i < a->spec.naccounts; i++) {
		struct suan_node *n = &a->nodes[a->order[i]];
		const struct suan_node *up = n->parent == NONE ? NULL : &a->nodes[n->parent];

		n->behind_ms = behind(up ? up->behind_ms : 0, n->time_ms,
				      up ? up->least_ms : top_least);
		n->level = level_of(a, n->behind_ms, n->level);
	}
	for (size_t i = 0; i < a->nleaves; i++) {
		struct suan_leaf *l = &a->leaves[i];
		const struct suan_node *n = &a->nodes[l->account];
		uint32_t level = l->level;

		if (l->known)
			level = level_of(a, behind(n->behind_ms, l->time_ms, n->least_ms), level);
		changed |= l->known && level != l->level;
		l->level = level;
	}
	return changed;
}

static void replan_changed(struct suan_engine *e)
{
	const struct suan_acct *a = &e->acct;
	uint64_t id = 0;

	while ((id = suan_engine_next_job(e, id))) {
		struct suan_job *j = suan_jobs_find(e, id);
		uint32_t leaf = j->party ? a->parties[j->party - 1].leaf : NONE;

		if (leaf != NONE && j->planned > 0 &&
		    a->leaves[leaf].level != a->old_leaves[leaf].level)
			suan_sync_replan(e, j);
	}
}

/* ---- once a period ---- */

static enum suan_code remember(struct suan_acct *a)
{
	size_t nodes = a->spec.naccounts;

	if (suan_grow(&a->old_leaves, &a->old_leaves_cap, a->nleaves + 1,
		      sizeof(*a->old_leaves)) != SUAN_OK ||
	    suan_grow(&a->old_nodes, &a->old_nodes_cap, nodes + 1, sizeof(*a->old_nodes)) !=
		    SUAN_OK)
		return SUAN_ENOMEM;
	if (a->nleaves > 0)
		memcpy(a->old_leaves, a->leaves, a->nleaves * sizeof(*a->leaves));
	if (nodes > 0)
		memcpy(a->old_nodes, a->nodes, nodes * sizeof(*a->nodes));
	a->old_next_ms = a->next_ms;
	return SUAN_OK;
}

enum suan_code suan_standing_refresh(struct suan_engine *e, int64_t now_ms)
{
	struct suan_acct *a = &e->acct;
	int64_t period = a->spec.fair_share.period_ms;
	struct capacity c;
	enum suan_code rc;

	a->refreshed = false;
	if (a->spec.naccounts == 0 || a->spec.fair_share.weight_ms == 0 || now_ms < a->next_ms)
		return SUAN_OK;
	rc = suan_sync(e, now_ms);	/* what could start is asked of the planner */
	if (rc == SUAN_OK)
		rc = remember(a);
	if (rc != SUAN_OK) {
		e->plan->all_dirty = true;
		suan_dues_restore(e);
		return rc;
	}
	a->refreshed = true;
	a->next_ms = suan_sat_add(now_ms, period > 0 ? period : PERIOD_MS);
	measure(e, &c);
	note_jobs(e, now_ms);
	if (set_levels(e, find_times(e, &c, sum_up(e, &c, now_ms))))
		replan_changed(e);
	return SUAN_OK;
}

void suan_standing_revert(struct suan_engine *e)
{
	struct suan_acct *a = &e->acct;

	if (!a->refreshed)
		return;
	memcpy(a->leaves, a->old_leaves, a->nleaves * sizeof(*a->leaves));
	memcpy(a->nodes, a->old_nodes, a->spec.naccounts * sizeof(*a->nodes));
	a->next_ms = a->old_next_ms;
	a->refreshed = false;
	e->plan->all_dirty = e->plan->rekey = true;	/* keys by standings that are none */
}
