/* Homes and twins as bytes of a snapshot, and back. Virtual planners and what waits follow. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/alone.h"
#include "engine/pack.h"
#include "engine/snapshot.h"

enum { HOME_SITE = 1, HOME_AT, HOME_JOBS, HOME_GUARD, HOME_POOLS, HOME_SUMS };	/* high, low … */
enum { TWIN_KIND = 30, TWIN_RUN };

#define NSUMS	   3
#define MOST_NODES (1u << 24)	/* a run in a higher node is damage */
#define AT(member) offsetof(struct suan_twin, member)

static const struct suan_pack_row twin_rows[] = {
	{1, SUAN_PACK_U64, AT(id), 0},
	{2, SUAN_PACK_U32, AT(req.tasks), 0},
	{3, SUAN_PACK_U32, AT(req.nodes), 0},
	{4, SUAN_PACK_U32, AT(req.cores), 0},
	{5, SUAN_PACK_U32, AT(req.gpus), 0},
	{6, SUAN_PACK_U64, AT(req.memory), 0},
	{7, SUAN_PACK_BOOL, AT(req.exclusive), 0},
	{8, SUAN_PACK_I64, AT(estimate_ms), 0},
	{9, SUAN_PACK_I64, AT(walltime_ms), 0},
	{10, SUAN_PACK_I64, AT(run_ms), 0},
	{11, SUAN_PACK_I64, AT(since_ms), 0},
	{12, SUAN_PACK_I64, AT(start_ms), 0},
	{13, SUAN_PACK_I64, AT(real_ms), 0},
	{14, SUAN_PACK_I32, AT(priority), 0},
	{15, SUAN_PACK_U32, AT(home), 0},
	{16, SUAN_PACK_U32, AT(count), 0},
	{17, SUAN_PACK_U32, AT(cap), 0},
	{18, SUAN_PACK_U32, AT(real_waiting), 0},
	{19, SUAN_PACK_U32, AT(waiting), 0},
	{20, SUAN_PACK_U32, AT(begun), 0},
	{21, SUAN_PACK_BOOL, AT(known), 0},
	{22, SUAN_PACK_BOOL, AT(over), 0},
};
static const struct suan_pack_table twin_members = {twin_rows,
						    sizeof(twin_rows) / sizeof(twin_rows[0])};

/* ---- writing ---- */

struct key {
	uint64_t id;
	uint32_t slot;
};

static int by_job(const void *x, const void *y)
{
	const struct key *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

enum suan_code suan_alone_sorted(const struct suan_engine *e, uint32_t **ret, size_t *ret_n)
{
	const struct suan_alone *a = e->alone;
	size_t n = 0;
	struct key *keys;

	*ret = NULL;
	*ret_n = 0;
	if (!a || a->ntwins == a->nfree)
		return SUAN_OK;
	keys = malloc(a->ntwins * sizeof(*keys));
	*ret = malloc(a->ntwins * sizeof(**ret));
	if (!keys || !*ret) {
		free(keys);
		free(*ret);
		*ret = NULL;
		return SUAN_ENOMEM;
	}
	for (uint32_t i = 0; i < a->ntwins; i++)
		if (a->twins[i].id)
			keys[n++] = (struct key){a->twins[i].id, i};
	qsort(keys, n, sizeof(*keys), by_job);
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = keys[i].slot;
	*ret_n = n;
	free(keys);
	return SUAN_OK;
}

static const struct suan_place *places_of(const struct suan_twin_run *r)
{
	return r->nplaces > 1 ? r->places.many : &r->places.one;
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* By all that is written of them: those that are equal need no order. */
static int by_run(const void *x, const void *y)
{
	const struct suan_twin_run *a = x, *b = y;
	int c = compare(a->start_ms, b->start_ms);

	c = c ? c : compare(a->end_ms, b->end_ms);
	c = c ? c : compare(a->pool, b->pool);
	c = c ? c : compare(a->nplaces, b->nplaces);
	for (uint32_t i = 0; c == 0 && i < a->nplaces; i++) {
		c = compare(places_of(a)[i].node, places_of(b)[i].node);
		c = c ? c : compare(places_of(a)[i].tasks, places_of(b)[i].tasks);
	}
	return c;
}

static void put_run(struct suan_buf *out, const struct suan_twin_run *r)
{
	size_t mark = suan_put_begin(out, TWIN_RUN);

	suan_put_varint(out, (uint64_t)r->start_ms);
	suan_put_varint(out, (uint64_t)r->end_ms);
	suan_put_varint(out, r->pool);
	for (uint32_t i = 0; i < r->nplaces; i++) {
		suan_put_varint(out, places_of(r)[i].node);
		suan_put_varint(out, places_of(r)[i].tasks);
	}
	suan_put_end(out, mark);
}

/* Of an array, found among all of its home. */
static enum suan_code put_runs(const struct suan_home *h, uint32_t slot, uint32_t n,
			       struct suan_buf *out)
{
	struct suan_twin_run *list = malloc(n * sizeof(*list));
	uint32_t found = 0;

	if (!list)
		return SUAN_ENOMEM;
	for (size_t i = 0; i < h->nruns && found < n; i++)
		if (h->runs[i].slot == slot)
			list[found++] = h->runs[i];
	qsort(list, found, sizeof(*list), by_run);
	for (uint32_t i = 0; i < found; i++)
		put_run(out, &list[i]);
	free(list);
	return SUAN_OK;
}

enum suan_code suan_alone_put_twin(const struct suan_engine *e, uint32_t slot, uint64_t kind,
				   struct suan_buf *out)
{
	const struct suan_twin *t = &e->alone->twins[slot];
	const struct suan_home *h = &e->alone->homes[t->home];
	size_t mark = suan_put_begin(out, SUAN_SNAP_TWIN);
	enum suan_code rc = SUAN_OK;

	suan_pack(out, &twin_members, t);
	if (kind)
		suan_put_u64(out, TWIN_KIND, kind);
	if (t->running == 1 && t->count == 1)
		put_run(out, &h->runs[t->at]);
	else if (t->running > 0)
		rc = put_runs(h, slot, t->running, out);
	suan_put_end(out, mark);
	return rc;
}

void suan_alone_put_homes(const struct suan_engine *e, struct suan_buf *out)
{
	const struct suan_alone *a = e->alone;

	for (size_t i = 0; a && i < a->nhomes; i++) {
		const struct suan_tally *y = &a->homes[i].tally;
		const suan_area sums[NSUMS] = {y->real, y->alone, y->work};
		size_t mark = suan_put_begin(out, SUAN_SNAP_HOME);

		suan_put_u64(out, HOME_SITE, i);
		suan_put_i64(out, HOME_AT, y->at_ms);
		suan_put_u64(out, HOME_JOBS, y->jobs);
		suan_put_u64(out, HOME_GUARD, y->guard);
		suan_put_u64(out, HOME_POOLS, y->pools);
		for (uint32_t k = 0; k < NSUMS; k++) {
			suan_put_u64(out, HOME_SUMS + 2 * k, (uint64_t)(sums[k] >> 64));
			suan_put_u64(out, HOME_SUMS + 2 * k + 1, (uint64_t)sums[k]);
		}
		suan_put_end(out, mark);
	}
}

/* ---- reading ---- */

void suan_alone_get_home(struct suan_engine *e, const struct suan_field *f, struct suan_unpack *u)
{
	struct suan_alone *a = e->alone;
	suan_area sums[NSUMS] = {0};
	struct suan_home h = {.stale = true, .pools_old = true};
	uint64_t site = UINT64_MAX;
	struct suan_reader r;
	struct suan_field x;

	suan_field_reader(f, &r);
	u->bad |= !f->is_bytes;
	while (!u->bad && suan_get_field(&r, &x)) {
		u->bad |= x.is_bytes;
		if (x.tag == HOME_SITE)
			site = x.u64;
		else if (x.tag == HOME_AT)
			h.tally.at_ms = suan_field_i64(&x);
		else if (x.tag == HOME_JOBS)
			h.tally.jobs = x.u64;
		else if (x.tag == HOME_GUARD)
			h.tally.guard = x.u64 != 0;
		else if (x.tag == HOME_POOLS)
			h.tally.pools = x.u64;
		else if (x.tag >= HOME_SUMS && x.tag < HOME_SUMS + 2 * NSUMS)
			sums[(x.tag - HOME_SUMS) / 2] |=
				(suan_area)x.u64 << ((x.tag - HOME_SUMS) % 2 ? 0 : 64);
	}
	u->bad |= r.bad || site != a->nhomes || site >= e->net.nsites || h.tally.at_ms < 0 ||
		  h.tally.at_ms > e->now_ms;
	if (u->bad)
		return;
	u->nomem |= suan_grow(&a->homes, &a->homes_cap, a->nhomes + 1, sizeof(h)) != SUAN_OK;
	if (u->nomem)
		return;
	h.tally.real = sums[0];
	h.tally.alone = sums[1];
	h.tally.work = sums[2];
	h.shape = suan_alone_shape(e, (uint32_t)site);
	a->homes[a->nhomes++] = h;
}

static void get_run(struct suan_engine *e, const struct suan_field *f, uint32_t slot,
		    struct suan_unpack *u)
{
	struct suan_alone *a = e->alone;
	struct suan_home *h = &a->homes[a->twins[slot].home];
	uint64_t v[3] = {0}, node, tasks;
	struct suan_twin_run run = {.slot = slot};
	struct suan_reader r;

	suan_field_reader(f, &r);
	u->bad |= !f->is_bytes;
	for (int i = 0; i < 3; i++)
		u->bad |= !suan_get_varint(&r, &v[i]);
	u->bad |= v[0] > INT64_MAX || v[1] > INT64_MAX || v[2] >= e->net.npools || r.p >= r.end;
	if (u->bad)
		return;
	run.start_ms = (int64_t)v[0];
	run.end_ms = (int64_t)v[1];
	run.pool = (uint32_t)v[2];
	run.places.many = malloc((size_t)(r.end - r.p) * sizeof(struct suan_place));
	u->nomem |= !run.places.many ||
		    suan_grow(&h->runs, &h->runs_cap, h->nruns + 1, sizeof(run)) != SUAN_OK;
	while (!u->nomem && !u->bad && r.p < r.end) {
		u->bad |= !suan_get_varint(&r, &node) || !suan_get_varint(&r, &tasks) ||
			  (node > MOST_NODES && node != SUAN_NO_NODE) || tasks > UINT32_MAX;
		if (!u->bad)
			run.places.many[run.nplaces++] =
				(struct suan_place){(uint32_t)node, (uint32_t)tasks};
	}
	if (u->bad || u->nomem || run.nplaces < 2) {
		struct suan_place *many = run.places.many;

		if (!u->bad && !u->nomem)
			run.places.one = many[0];
		free(many);
	}
	if (!u->bad && !u->nomem)
		suan_alone_push(a, h, &run);
}

/* The numbers that nothing else checks; suan_alone_verify() does the rest. */
static bool twin_good(const struct suan_engine *e, const struct suan_twin *t)
{
	const struct suan_job *j = suan_jobs_find(e, t->id);

	return t->id > 0 && t->id < e->next_id && !suan_alone_find(e, t->id) && e->alone->on &&
	       t->home < e->alone->nhomes && t->req.tasks > 0 && t->req.cores > 0 &&
	       t->estimate_ms >= 0 && t->walltime_ms >= t->estimate_ms && t->run_ms > 0 &&
	       t->since_ms >= 0 && t->since_ms <= e->now_ms &&
	       t->start_ms >= 0 && t->start_ms <= e->now_ms && t->real_ms >= 0 &&
	       t->real_ms <= e->now_ms && t->count > 0 && t->count <= SUAN_RANGE_MAX_COUNT &&
	       (!j || (j->home == t->home + 1 && j->alone == SUAN_NOT_YET));
}

uint32_t suan_alone_get_twin(struct suan_engine *e, const struct suan_field *f,
			     struct suan_unpack *u, uint64_t *ret_kind)
{
	struct suan_alone *a = e->alone;
	struct suan_twin t = {0};
	struct suan_reader r;
	struct suan_field x;
	struct suan_job *j;
	uint32_t slot;

	*ret_kind = 0;
	suan_field_reader(f, &r);
	while (!u->bad && suan_get_field(&r, &x)) {
		if (x.tag == TWIN_KIND && !x.is_bytes)
			*ret_kind = x.u64;
		else
			(void)suan_unpack_field(u, &twin_members, &x, &t);
	}
	u->bad |= !f->is_bytes || r.bad || !twin_good(e, &t);
	if (u->bad)
		return SUAN_NO_POS;
	u->nomem |= suan_grow(&a->twins, &a->twins_cap, a->ntwins + 1, sizeof(t)) != SUAN_OK ||
		    suan_map_put(&a->of, t.id, a->ntwins) != SUAN_OK;
	if (u->nomem)
		return SUAN_NO_POS;
	slot = (uint32_t)a->ntwins++;
	a->twins[slot] = t;
	j = suan_jobs_find(e, t.id);
	if (j)
		j->alone = SUAN_FOLLOWED;
	a->homes[t.home].tally.real_area += suan_alone_area(&t) * t.real_waiting;
	a->homes[t.home].tally.alone_area += suan_alone_area(&t) * t.waiting;
	suan_field_reader(f, &r);
	while (!u->bad && !u->nomem && suan_get_field(&r, &x))
		if (x.tag == TWIN_RUN) {
			get_run(e, &x, slot, u);
			a->twins[slot].running++;
		}
	return slot;
}

enum suan_code suan_alone_restored(struct suan_engine *e)
{
	struct suan_alone *a = e->alone;
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; a && i < a->nhomes && rc == SUAN_OK; i++)
		rc = suan_alone_plan(e, i);
	return rc == SUAN_OK ? suan_alone_verify(e, NULL) : rc;
}
