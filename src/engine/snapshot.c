#include "engine/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/hash.h"
#include "engine/alone.h"
#include "engine/data.h"
#include "engine/reserve.h"
#include "engine/signals_inside.h"
#include "engine/tables.h"

struct writer {
	const struct suan_engine *e;
	struct suan_buf *out;
	struct suan_map numbers;	/* interned id → number of the string */
	uint64_t nstrings;
	bool failed;
};

/* ---- strings: each once, in the order in which they are first met ---- */

static void number(struct writer *w, uint32_t id)
{
	const char *bytes;
	size_t n;

	if (id == 0 || w->failed || suan_map_get(&w->numbers, id, NULL))
		return;
	w->failed = suan_map_put(&w->numbers, id, ++w->nstrings) != SUAN_OK;
	bytes = suan_intern_bytes(w->e->strings, id, &n);
	suan_put_bytes(w->out, SUAN_SNAP_STRING, bytes, n);
}

static uint32_t nrecords(const struct suan_job *j)
{
	return j->one ? 1 : suan_jobs_array(j) ? suan_elems_count(j) : 0;
}

/* Next position ≥ from whose element must be written; SUAN_NO_POS: none. */
static uint32_t next_written(const struct suan_job *j, uint32_t from)
{
	static const struct suan_elem waiting = {.pool = SUAN_NO_POOL};
	const struct suan_array *a = suan_jobs_array(j);
	uint32_t n = a && !a->chunks ? 0 : nrecords(j);

	for (uint32_t pos = from; pos < n; pos++) {
		const struct suan_elem *x = suan_elems_get(j, pos);

		if (!suan_elems_has_record(j, pos))
			pos |= SUAN_CHUNK - 1;
		else if (a ? !suan_elems_as_rest(x, &a->rest)
			   : x->attempt > 0 || x->state != waiting.state)
			return pos;
	}
	return SUAN_NO_POS;
}

static void number_strings(struct writer *w, const struct suan_job *j)
{
	const uint32_t ids[] = {j->name, j->user, j->account, j->qos, j->payload, j->env,
				j->req.gpu_kind, j->rule ? w->e->rules[j->rule].text : 0,
				suan_jobs_array(j) ? suan_jobs_array(j)->range : 0};
	uint32_t pos;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		number(w, ids[i]);
	for (pos = next_written(j, 0); pos != SUAN_NO_POS; pos = next_written(j, pos + 1)) {
		number(w, suan_elems_get(j, pos)->text);
		number(w, suan_elems_get(j, pos)->why);
	}
}

static void put_string(struct writer *w, uint32_t tag, uint32_t id)
{
	uint64_t n = 0;

	if (id && suan_map_get(&w->numbers, id, &n))
		suan_put_u64(w->out, tag, n);
}

static void put_u64(struct writer *w, uint32_t tag, uint64_t v)
{
	if (v)
		suan_put_u64(w->out, tag, v);
}

static void put_i64(struct writer *w, uint32_t tag, int64_t v)
{
	if (v)
		suan_put_i64(w->out, tag, v);
}

/* ---- elements ---- */

static void put_places(struct writer *w, const struct suan_elem *x)
{
	const struct suan_place *p = suan_elems_places(x);
	size_t mark;

	if (!p)
		return;
	mark = suan_put_begin(w->out, SUAN_SNAP_ELEM_PLACES);
	for (uint32_t i = 0; i < x->nplaces; i++) {
		suan_put_varint(w->out, p[i].node);
		suan_put_varint(w->out, p[i].tasks);
	}
	suan_put_end(w->out, mark);
}

static void put_elem(struct writer *w, uint32_t tag, uint32_t pos, const struct suan_elem *x)
{
	size_t mark = suan_put_begin(w->out, tag), usage;

	suan_pack(w->out, &suan_elem_members, x);
	put_u64(w, SUAN_SNAP_ELEM_POS, pos);
	put_u64(w, SUAN_SNAP_ELEM_STATE, x->state);
	put_u64(w, SUAN_SNAP_ELEM_REASON, x->reason);
	put_u64(w, SUAN_SNAP_ELEM_FLAGS, (x->held ? 1u : 0) | (x->stopping ? 2u : 0) |
		(x->again ? 4u : 0) | (x->limbo ? 8u : 0) | (x->acked ? 16u : 0) |
		(x->pushed ? 32u : 0));
	put_u64(w, SUAN_SNAP_ELEM_LOSSES, x->losses);
	put_u64(w, SUAN_SNAP_ELEM_POOL, x->pool == SUAN_NO_POOL ? 0 : (uint64_t)x->pool + 1);
	usage = suan_put_begin(w->out, SUAN_SNAP_ELEM_USAGE);
	suan_pack(w->out, &suan_pack_usage, &x->usage);
	suan_put_end(w->out, usage);
	put_string(w, SUAN_SNAP_ELEM_TEXT, x->text);
	put_string(w, SUAN_SNAP_ELEM_WHY, x->why);
	put_places(w, x);
	suan_put_end(w->out, mark);
}

/* ---- jobs ---- */

static void put_deps(struct writer *w, const struct suan_job *j)
{
	for (uint32_t i = 0; j->more && i < j->more->ndeps; i++) {
		size_t mark = suan_put_begin(w->out, SUAN_SNAP_JOB_DEP);

		suan_put_varint(w->out, (uint64_t)j->more->deps[i].type);
		suan_put_varint(w->out, j->more->deps[i].job);
		suan_put_end(w->out, mark);
	}
}

static void put_inputs(struct writer *w, const struct suan_job *j)
{
	uint32_t want = suan_wants_get(j);
	size_t mark;

	if (want == 0)
		return;
	mark = suan_put_begin(w->out, SUAN_SNAP_JOB_INPUTS);
	for (uint32_t i = 0; i < w->e->data.wants[want].count; i++)
		suan_put_varint(w->out, w->e->data.wants[want].ids[i]);
	suan_put_end(w->out, mark);
}

static void put_array(struct writer *w, const struct suan_array *a)
{
	put_string(w, SUAN_SNAP_JOB_RANGE, a->range);
	put_i64(w, SUAN_SNAP_JOB_FIRST_START, a->first_start_ms);
	put_i64(w, SUAN_SNAP_JOB_LAST_END, a->last_end_ms);
	put_u64(w, SUAN_SNAP_JOB_LAST_POOL,
		a->last_pool == SUAN_NO_POOL ? 0 : (uint64_t)a->last_pool + 1);
	put_elem(w, SUAN_SNAP_JOB_REST, 0, &a->rest);
}

static void put_key(struct writer *w, const struct suan_key *k)
{
	suan_put_bytes(w->out, SUAN_SNAP_JOB_KEY, k->key, sizeof(k->key));
	suan_put_u64(w->out, SUAN_SNAP_JOB_KEY_HASH, k->body_hash);
	suan_put_u64(w->out, SUAN_SNAP_JOB_KEY_COUNT, k->count);
}

static void put_given(struct writer *w, const struct suan_job *j)
{
	size_t mark;

	if (j->given.class == SUAN_FORECAST_PROMPT)
		return;
	mark = suan_put_begin(w->out, SUAN_SNAP_JOB_GIVEN);
	suan_given_put(&j->given, w->out);
	suan_put_end(w->out, mark);
}

static void put_job(struct writer *w, const struct suan_job *j)
{
	size_t mark = suan_put_begin(w->out, SUAN_SNAP_JOB);
	bool folded = !suan_jobs_array(j) && next_written(j, 0) == SUAN_NO_POS;
	uint32_t pos;

	suan_pack(w->out, &suan_job_members, j);
	put_string(w, SUAN_SNAP_JOB_NAME, j->name);
	put_string(w, SUAN_SNAP_JOB_USER, j->user);
	put_string(w, SUAN_SNAP_JOB_ACCOUNT, j->account);
	put_string(w, SUAN_SNAP_JOB_QOS, j->qos);
	put_string(w, SUAN_SNAP_JOB_PAYLOAD, j->payload);
	put_string(w, SUAN_SNAP_JOB_ENV, j->env);
	put_string(w, SUAN_SNAP_JOB_GPU, j->req.gpu_kind);
	put_string(w, SUAN_SNAP_JOB_RULE, j->rule ? w->e->rules[j->rule].text : 0);
	put_u64(w, SUAN_SNAP_JOB_GUARANTEE, j->guarantee);
	put_u64(w, SUAN_SNAP_JOB_HELD, folded ? suan_elems_held(j) : 0);
	put_i64(w, SUAN_SNAP_JOB_BEGIN, suan_jobs_begin(j));
	put_i64(w, SUAN_SNAP_JOB_DEADLINE, suan_jobs_deadline(j));
	put_u64(w, SUAN_SNAP_JOB_RESERVATION, suan_jobs_reservation(j));
	put_u64(w, SUAN_SNAP_JOB_GOAL, j->more ? j->more->goal : 0);
	put_i64(w, SUAN_SNAP_JOB_MAX_DELAY, j->more ? j->more->max_delay_ms : 0);
	put_i64(w, SUAN_SNAP_JOB_TARGET_TIME, j->more ? j->more->target_ms : 0);
	put_u64(w, SUAN_SNAP_JOB_TARGET, j->more ? j->more->target : 0);
	put_given(w, j);
	put_u64(w, SUAN_SNAP_JOB_PREEMPTED, j->more ? j->more->preempted : 0);
	put_i64(w, SUAN_SNAP_JOB_PREEMPTED_WORK, j->more ? j->more->preempted_core_ms : 0);
	put_u64(w, SUAN_SNAP_JOB_HOME, j->home);
	put_u64(w, SUAN_SNAP_JOB_ALONE, j->alone == SUAN_NOT_FOLLOWED ? j->alone : 0);
	put_deps(w, j);
	put_inputs(w, j);
	if (suan_jobs_array(j))
		put_array(w, suan_jobs_array(j));
	if (j->key)
		put_key(w, &w->e->keys[j->key - 1]);
	for (pos = next_written(j, 0); pos != SUAN_NO_POS; pos = next_written(j, pos + 1))
		put_elem(w, SUAN_SNAP_JOB_ELEM, pos, suan_elems_get(j, pos));
	suan_put_end(w->out, mark);
}

/* ---- the whole ---- */

static void put_network(struct writer *w)
{
	const struct suan_net *n = &w->e->net;
	size_t mark;

	suan_pack_network(w->out, SUAN_SNAP_NETWORK, &n->network);
	for (uint32_t i = 0; i < n->nsites; i++) {
		mark = suan_put_begin(w->out, SUAN_SNAP_SITE);
		suan_pack_site(w->out, SUAN_SNAP_SITE_SPEC, n->sites[i].spec);
		put_u64(w, SUAN_SNAP_SITE_STATE, n->sites[i].state);
		put_u64(w, SUAN_SNAP_SITE_GONE, n->sites[i].gone);
		suan_put_end(w->out, mark);
	}
	for (uint32_t i = 0; i < n->npools; i++) {
		mark = suan_put_begin(w->out, SUAN_SNAP_POOL);
		suan_pack_pool(w->out, SUAN_SNAP_POOL_SPEC, &n->pools[i].spec);
		put_u64(w, SUAN_SNAP_POOL_SITE, n->pools[i].site);
		put_u64(w, SUAN_SNAP_POOL_USABLE, n->pools[i].usable);
		put_u64(w, SUAN_SNAP_POOL_GONE, n->pools[i].gone);
		put_u64(w, SUAN_SNAP_POOL_FAILURES, n->pools[i].failures);
		put_i64(w, SUAN_SNAP_POOL_RETRY, n->pools[i].retry_ms);
		put_u64(w, SUAN_SNAP_POOL_PAUSED, n->pools[i].paused);
		suan_put_end(w->out, mark);
	}
}

static void put_accounts(struct writer *w)
{
	if (w->e->acct.any)
		suan_pack_accounts(w->out, SUAN_SNAP_ACCOUNTS, &w->e->acct.spec);
}

static void put_head(struct writer *w)
{
	const struct suan_engine *e = w->e;
	size_t mark;

	suan_put_u64(w->out, SUAN_SNAP_VERSION, SUAN_SNAPSHOT_VERSION);
	suan_put_u64(w->out, SUAN_SNAP_SEQ, e->seq);
	suan_put_i64(w->out, SUAN_SNAP_NOW, e->now_ms);
	suan_put_u64(w->out, SUAN_SNAP_NEXT_ID, e->next_id);
	put_i64(w, SUAN_SNAP_EPOCH, e->epoch_ms);
	put_i64(w, SUAN_SNAP_GOALS, e->goals_ms);
	mark = suan_put_begin(w->out, SUAN_SNAP_POLICY);
	suan_pack(w->out, &suan_pack_policy, &e->policy);
	suan_put_end(w->out, mark);
}

static void put_history(struct writer *w)
{
	const struct suan_history *h = &w->e->history;

	for (size_t i = 0; i < h->known; i++) {
		size_t mark = suan_put_begin(w->out, SUAN_SNAP_PAST);

		suan_pack(w->out, &suan_past_members, &h->list[i]);
		put_string(w, SUAN_SNAP_PAST_USER, h->list[i].user);
		suan_put_end(w->out, mark);
	}
}

/* In the order of accounts and names, as a table that was loaded may stand in another. */
static int by_name(const void *x, const void *y)
{
	const struct suan_leaf *a = *(const struct suan_leaf *const *)x;
	const struct suan_leaf *b = *(const struct suan_leaf *const *)y;

	if (a->account != b->account)
		return a->account < b->account ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void put_leaf(struct writer *w, const struct suan_leaf *l)
{
	size_t mark = suan_put_begin(w->out, SUAN_SNAP_LEAF);

	put_u64(w, SUAN_SNAP_LEAF_ACCOUNT, l->account);
	put_u64(w, SUAN_SNAP_LEAF_LEVEL, l->level);
	put_string(w, SUAN_SNAP_LEAF_USER, l->user);
	put_i64(w, SUAN_SNAP_LEAF_AT, l->meter.at_ms);
	for (uint32_t i = 0; i < SUAN_NMETERS; i++) {
		put_u64(w, SUAN_SNAP_LEAF_USED + i, l->meter.used[i]);
		put_u64(w, SUAN_SNAP_LEAF_PART + i, l->meter.part[i]);
	}
	suan_put_end(w->out, mark);
}

static void put_standings(struct writer *w)
{
	const struct suan_acct *a = &w->e->acct;
	const struct suan_leaf **list = calloc(a->nleaves + 1, sizeof(*list));
	size_t n = 0;

	w->failed |= !list;
	put_i64(w, SUAN_SNAP_STANDING, a->next_ms);
	for (uint32_t i = 0; i < a->spec.naccounts; i++) {
		size_t mark = suan_put_begin(w->out, SUAN_SNAP_LEVEL);

		put_u64(w, SUAN_SNAP_LEAF_ACCOUNT, i);
		put_u64(w, SUAN_SNAP_LEAF_LEVEL, a->nodes[i].level);
		suan_put_end(w->out, mark);
	}
	for (size_t i = 0; list && i < a->nleaves; i++)
		if (a->leaves[i].known)
			list[n++] = &a->leaves[i];
	if (n > 1)
		qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n; i++)
		put_leaf(w, list[i]);
	free(list);
}

static void put_forecast(struct writer *w)
{
	const struct suan_forecast *f = &w->e->forecast;

	for (uint32_t i = 0; i < SUAN_FORECAST_PARTS; i++) {
		size_t mark;

		if (!suan_forecast_known(f, i))
			continue;
		mark = suan_put_begin(w->out, SUAN_SNAP_FORECAST);
		suan_forecast_put(f, i, w->out);
		suan_put_end(w->out, mark);
	}
}

static void put_mix(struct writer *w)
{
	const struct suan_mix *m = &w->e->mix;

	for (uint32_t i = 0; i < m->count; i++) {
		size_t mark = suan_put_begin(w->out, SUAN_SNAP_MIX);

		put_u64(w, SUAN_SNAP_MIX_CORES, m->list[i].cores);
		put_u64(w, SUAN_SNAP_MIX_GPUS, m->list[i].gpus);
		put_u64(w, SUAN_SNAP_MIX_MEMORY, m->list[i].memory);
		put_u64(w, SUAN_SNAP_MIX_WEIGHT, m->list[i].weight);
		put_string(w, SUAN_SNAP_MIX_KIND, m->list[i].gpu_kind);
		suan_put_end(w->out, mark);
	}
}

static void put_inflow(struct writer *w)
{
	const struct suan_inflow *d = &w->e->inflow;

	for (uint32_t k = 0; k < SUAN_INFLOW_KINDS; k++) {
		size_t mark;

		if (d->width[k] == 0 && d->area[k] == 0)
			continue;
		mark = suan_put_begin(w->out, SUAN_SNAP_INFLOW);
		put_u64(w, SUAN_SNAP_INFLOW_KIND, k);
		put_i64(w, SUAN_SNAP_INFLOW_SINCE, d->since_ms);
		put_i64(w, SUAN_SNAP_INFLOW_WIDTH, d->width[k]);
		put_i64(w, SUAN_SNAP_INFLOW_AREA, d->area[k]);
		suan_put_end(w->out, mark);
	}
}

static void put_slots(struct writer *w)
{
	const struct suan_planner *p = w->e->plan->planner;
	struct suan_kept slot;
	int64_t freed_ms;
	size_t n, mark;

	if (w->e->policy.kind != SUAN_POLICY_CONSERVATIVE)
		return;
	n = suan_planner_kept(p, 0, &slot, &freed_ms);
	for (size_t i = 0; i < n; i++) {
		(void)suan_planner_kept(p, i, &slot, &freed_ms);
		mark = suan_put_begin(w->out, SUAN_SNAP_SLOT);
		suan_put_varint(w->out, slot.id);
		suan_put_varint(w->out, slot.pool);
		suan_put_varint(w->out, (uint64_t)slot.from_ms);
		suan_put_varint(w->out, (uint64_t)slot.to_ms);
		suan_put_end(w->out, mark);
	}
	if (suan_planner_passed(p) != INT64_MIN)
		suan_put_i64(w->out, SUAN_SNAP_PASSED, suan_planner_passed(p));
	if (freed_ms != INT64_MIN)
		suan_put_i64(w->out, SUAN_SNAP_FREED, freed_ms);
}

static void put_twins(struct writer *w, const uint32_t *twins, size_t n)
{
	suan_alone_put_homes(w->e, w->out);
	for (size_t i = 0; i < n; i++) {
		uint32_t id = w->e->alone->twins[twins[i]].req.gpu_kind;
		uint64_t kind = 0;

		(void)suan_map_get(&w->numbers, id, &kind);
		w->failed |= suan_alone_put_twin(w->e, twins[i], id ? kind : 0, w->out) != SUAN_OK;
	}
}

enum suan_code suan_engine_save(const struct suan_engine *e, struct suan_buf *out,
				struct suan_err *err)
{
	struct writer w = {.e = e, .out = out};
	size_t before = out->len, ntwins;
	uint64_t id = 0;
	uint32_t *twins;
	enum suan_code rc = suan_alone_sorted(e, &twins, &ntwins);

	if (rc != SUAN_OK)
		return suan_fail(err, rc, "out of memory");
	suan_map_init(&w.numbers);
	put_head(&w);
	put_network(&w);
	put_accounts(&w);
	suan_signals_save(e->signals, SUAN_SNAP_SIGNAL, out);
	while ((id = suan_engine_next_job(e, id)))
		number_strings(&w, suan_jobs_find(e, id));
	for (size_t i = 0; i < e->history.known; i++)
		number(&w, e->history.list[i].user);
	for (size_t i = 0; i < ntwins; i++)
		number(&w, e->alone->twins[twins[i]].req.gpu_kind);
	for (size_t i = 0; i < e->acct.nleaves; i++)
		if (e->acct.leaves[i].known)
			number(&w, e->acct.leaves[i].user);
	for (uint32_t i = 0; i < e->mix.count; i++)
		number(&w, e->mix.list[i].gpu_kind);
	if (e->acct.any)
		put_standings(&w);
	put_history(&w);
	put_mix(&w);
	put_inflow(&w);
	put_forecast(&w);
	for (size_t i = 0; i < e->reserves.count; i++)
		suan_reserve_put(e->reserves.list[i], SUAN_SNAP_RESERVATION, out);
	put_u64(&w, SUAN_SNAP_RESERVE_ID, e->reserves.last_id);
	suan_data_put(e, out);
	while ((id = suan_engine_next_job(e, id)))
		put_job(&w, suan_jobs_find(e, id));
	put_twins(&w, twins, ntwins);
	put_slots(&w);
	free(twins);
	suan_map_done(&w.numbers);
	rc = suan_buf_ok(out, err);
	if (rc == SUAN_OK && w.failed)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK) {
		suan_put_u64(out, SUAN_SNAP_SUM, suan_hash_bytes(SUAN_HASH_START,
								 out->data + before,
								 out->len - before));
		rc = suan_buf_ok(out, err);
	}
	if (rc != SUAN_OK)
		suan_buf_cut(out, before);
	return rc;
}

uint64_t suan_engine_hash(const struct suan_engine *e)
{
	struct suan_buf b;
	uint64_t h = 0;

	suan_buf_init(&b, 0);
	if (suan_engine_save(e, &b, NULL) == SUAN_OK)
		h = suan_hash_bytes(SUAN_HASH_START, b.data, b.len);
	suan_buf_done(&b);
	return h;
}
