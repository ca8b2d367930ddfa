/* A snapshot back into an engine. Whatever the bytes are, the answer is an engine that verifies or
 * an error. */
#include "engine/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/grow.h"
#include "base/hash.h"
#include "base/num.h"
#include "engine/alone.h"
#include "engine/data.h"
#include "engine/reserve.h"
#include "engine/signals_inside.h"
#include "engine/tables.h"

#define MOST_NODES (1u << 24)	/* a run in a higher node is damage */

struct loader {
	struct suan_engine *e;
	struct suan_unpack u;
	struct suan_arena arena;	/* scratch */
	uint32_t *strings;		/* owned: number → interned id, one reference each */
	size_t nstrings, strings_cap;
	size_t nsites, npools;		/* read so far */
	struct suan_plan_pool *wide;	/* owned; shapes while runs are put back */
	struct suan_kept *slots;	/* owned */
	size_t nslots, slots_cap;
	int64_t freed_ms, passed_ms;
	uint64_t last_job;		/* read so far */
	bool has_network, has_signals;
};

static void damage(struct loader *l, bool bad)
{
	l->u.bad |= bad;
}

static bool failed(const struct loader *l)
{
	return l->u.bad || l->u.nomem;
}

static void needs(struct loader *l, enum suan_code rc)
{
	l->u.nomem |= rc == SUAN_ENOMEM;
	l->u.bad |= rc != SUAN_OK && rc != SUAN_ENOMEM;
}

/* ---- strings ---- */

static void get_string(struct loader *l, const struct suan_field *f)
{
	uint32_t id = 0;

	damage(l, !f->is_bytes || f->len == 0);
	needs(l, suan_grow(&l->strings, &l->strings_cap, l->nstrings + 1, sizeof(id)));
	if (failed(l))
		return;
	needs(l, suan_intern_add(l->e->strings, f->bytes, f->len, &id));
	if (!failed(l))
		l->strings[l->nstrings++] = id;
}

/* The interned id of the string with this number; takes a reference. 0: none. */
static uint32_t take_string(struct loader *l, const struct suan_field *f)
{
	uint32_t id;

	damage(l, f->is_bytes || f->u64 == 0 || f->u64 > l->nstrings);
	if (failed(l))
		return 0;
	id = l->strings[f->u64 - 1];
	suan_intern_ref(l->e->strings, id);
	return id;
}

static void set_string(struct loader *l, const struct suan_field *f, uint32_t *to)
{
	damage(l, *to != 0);
	if (!failed(l))
		*to = take_string(l, f);
}

static uint32_t get_u32(struct loader *l, const struct suan_field *f, uint64_t most)
{
	damage(l, f->is_bytes || f->u64 > most);
	return failed(l) ? 0 : (uint32_t)f->u64;
}

/* ---- network ---- */

static void get_network(struct loader *l, const struct suan_field *f)
{
	struct suan_unpack u = {.arena = &l->e->net.arena};

	damage(l, l->has_network);
	l->has_network = true;
	if (!failed(l))
		suan_unpack_network(&u, f, &l->e->net.network);
	l->u.bad |= u.bad;
	l->u.nomem |= u.nomem;
}

/* For the sites, which have all been read. */
static void make_signals(struct loader *l)
{
	struct suan_signals *g;

	if (failed(l) || l->has_signals)
		return;
	g = suan_net_signals(&l->e->net, NULL);
	l->u.nomem |= !g;
	if (!g)
		return;
	suan_signals_free(l->e->signals);
	l->e->signals = g;
	l->has_signals = true;
}

static void get_signal(struct loader *l, const struct suan_field *f)
{
	damage(l, !f->is_bytes);
	make_signals(l);
	if (!failed(l))
		needs(l, suan_signals_load(l->e->signals, f, &l->arena));
}

static void get_site(struct loader *l, const struct suan_field *f)
{
	struct suan_net *n = &l->e->net;
	struct suan_unpack u = {.arena = &n->arena};
	struct suan_site_spec *spec = suan_arena_alloc(&n->arena, sizeof(*spec));
	struct suan_eng_site s = {.spec = NULL};
	struct suan_reader r;
	struct suan_field x;

	needs(l, suan_grow(&n->sites, &l->nsites, n->nsites + 1u, sizeof(*n->sites)));
	l->u.nomem |= !spec;
	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x)) {
		if (x.tag == SUAN_SNAP_SITE_SPEC && !s.spec) {
			suan_unpack_site(&u, &x, spec);
			s.spec = spec;
		} else if (x.tag == SUAN_SNAP_SITE_STATE) {
			s.state = (enum suan_site_state)get_u32(l, &x, SUAN_SITE_DRAIN);
		} else if (x.tag == SUAN_SNAP_SITE_GONE) {
			s.gone = get_u32(l, &x, 1);
		}
		l->u.bad |= u.bad;
		l->u.nomem |= u.nomem;
	}
	damage(l, r.bad || !s.spec || l->has_signals);
	if (!failed(l))
		n->sites[n->nsites++] = s;
}

static void get_pool(struct loader *l, const struct suan_field *f)
{
	struct suan_net *n = &l->e->net;
	struct suan_unpack u = {.arena = &n->arena};
	struct suan_eng_pool p = {0};
	struct suan_reader r;
	struct suan_field x;
	bool spec = false;
	uint64_t sum;

	needs(l, suan_grow(&n->pools, &l->npools, n->npools + 1u, sizeof(*n->pools)));
	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x)) {
		if (x.tag == SUAN_SNAP_POOL_SPEC) {
			suan_unpack_pool(&u, &x, &p.spec);
			spec = true;
		} else if (x.tag == SUAN_SNAP_POOL_SITE) {
			p.site = get_u32(l, &x, UINT32_MAX);
		} else if (x.tag == SUAN_SNAP_POOL_USABLE) {
			p.usable = get_u32(l, &x, UINT32_MAX);
		} else if (x.tag == SUAN_SNAP_POOL_GONE) {
			p.gone = get_u32(l, &x, 1);
		} else if (x.tag == SUAN_SNAP_POOL_FAILURES) {
			p.failures = get_u32(l, &x, UINT32_MAX);
		} else if (x.tag == SUAN_SNAP_POOL_RETRY) {
			damage(l, x.is_bytes);
			p.retry_ms = suan_field_i64(&x);
		} else if (x.tag == SUAN_SNAP_POOL_PAUSED) {
			p.paused = get_u32(l, &x, 1);
		}
		l->u.bad |= u.bad;
		l->u.nomem |= u.nomem;
	}
	damage(l, r.bad || !spec || p.site >= n->nsites ||
	       !suan_mul_u64(p.spec.nodes, p.spec.cores, &sum) || sum > INT32_MAX ||
	       !suan_mul_u64(p.spec.nodes, p.spec.gpus, &sum) || sum > INT32_MAX ||
	       !suan_mul_u64(p.spec.nodes, p.spec.memory, &sum) || sum > INT64_MAX);
	if (failed(l))
		return;
	needs(l, suan_intern_add(l->e->strings, p.spec.gpu, strlen(p.spec.gpu), &p.gpu_kind));
	if (!failed(l))
		n->pools[n->npools++] = p;
}

/* ---- elements ---- */

static void get_places(struct loader *l, const struct suan_field *f, struct suan_elem *x)
{
	struct suan_place *list = suan_unpack_list(&l->u, (uint32_t)(f->len / 2 + 1),
						   sizeof(*list));
	struct suan_reader r;
	uint64_t node = 0, tasks = 0;
	uint32_t n = 0;

	damage(l, !f->is_bytes || x->nplaces > 0);
	suan_field_reader(f, &r);
	while (!failed(l) && r.p < r.end) {
		damage(l, !suan_get_varint(&r, &node) || !suan_get_varint(&r, &tasks) ||
		       node > UINT32_MAX || tasks > UINT32_MAX);
		if (!failed(l))
			list[n++] = (struct suan_place){(uint32_t)node, (uint32_t)tasks};
	}
	if (failed(l) || n == 0)
		return;
	if (n == 1) {
		x->places.one = list[0];
	} else {
		x->places.many = suan_jobs_alloc(l->e, n * sizeof(*list));
		l->u.nomem |= !x->places.many;
		if (!x->places.many)
			return;
		memcpy(x->places.many, list, n * sizeof(*list));
	}
	x->nplaces = n;
}

static void get_elem_field(struct loader *l, const struct suan_field *f, struct suan_elem *x)
{
	uint32_t flags;

	switch (f->tag) {
	case SUAN_SNAP_ELEM_STATE:
		x->state = (uint8_t)get_u32(l, f, SUAN_NSTATES - 1);
		break;
	case SUAN_SNAP_ELEM_REASON:
		x->reason = (uint8_t)get_u32(l, f, SUAN_NREASONS - 1);
		break;
	case SUAN_SNAP_ELEM_FLAGS:
		flags = get_u32(l, f, 63);
		x->held = flags & 1;
		x->stopping = flags & 2;
		x->again = flags & 4;
		x->limbo = flags & 8;
		x->acked = flags & 16;
		x->pushed = flags & 32;
		break;
	case SUAN_SNAP_ELEM_LOSSES:
		x->losses = (uint16_t)get_u32(l, f, UINT16_MAX);
		break;
	case SUAN_SNAP_ELEM_POOL:
		x->pool = get_u32(l, f, l->e->net.npools) - 1;
		break;
	case SUAN_SNAP_ELEM_USAGE:
		suan_unpack_all(&l->u, &suan_pack_usage, f, &x->usage);
		break;
	case SUAN_SNAP_ELEM_TEXT:
		set_string(l, f, &x->text);
		break;
	case SUAN_SNAP_ELEM_WHY:
		set_string(l, f, &x->why);
		break;
	case SUAN_SNAP_ELEM_PLACES:
		get_places(l, f, x);
		break;
	default:
		(void)suan_unpack_field(&l->u, &suan_elem_members, f, x);
	}
}

/* Position first: the record is opened, then filled. */
static void get_elem(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	struct suan_reader r;
	struct suan_field x;
	struct suan_elem *to;
	uint32_t pos = 0;

	damage(l, !f->is_bytes);
	suan_field_reader(f, &r);
	while (suan_get_field(&r, &x))
		if (x.tag == SUAN_SNAP_ELEM_POS)
			pos = get_u32(l, &x, suan_elems_count(j) - 1);
	damage(l, r.bad);
	if (failed(l))
		return;
	needs(l, suan_elems_open(l->e, j, pos));
	if (failed(l))
		return;
	to = suan_elems_at(j, pos);
	damage(l, to->attempt > 0 || to->nplaces > 0 || to->text || to->why);	/* twice */
	if (failed(l))
		return;
	*to = (struct suan_elem){.pool = SUAN_NO_POOL};
	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x))
		get_elem_field(l, &x, to);
}

static void get_rest(struct loader *l, const struct suan_field *f, struct suan_elem *to)
{
	struct suan_reader r;
	struct suan_field x;

	*to = (struct suan_elem){.pool = SUAN_NO_POOL};
	damage(l, !f->is_bytes);
	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x)) {
		damage(l, x.tag >= SUAN_SNAP_ELEM_TEXT);
		if (!failed(l))
			get_elem_field(l, &x, to);
	}
	damage(l, r.bad || to->attempt > 0 || to->stopping || to->again || to->limbo ||
	       to->pushed || to->stop_ms || to->stop_for ||
	       (to->state != SUAN_PENDING && (to->state != SUAN_CANCELLED || to->held)));
}

/* ---- jobs ---- */

static bool range_good(const struct suan_range *r)
{
	int64_t last = -1;
	uint64_t count = 0;

	if (r->nruns == 0 || r->nruns > SUAN_RANGE_MAX_RUNS)
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

static void get_range(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	struct suan_array *a;
	size_t n = 0;

	needs(l, suan_jobs_more(l->e, j));
	damage(l, j->one || (j->more && j->more->array));
	if (failed(l))
		return;
	a = suan_jobs_alloc(l->e, sizeof(*a));
	l->u.nomem |= !a;
	if (!a)
		return;
	j->more->array = a;
	a->range = take_string(l, f);
	a->set = (const void *)suan_intern_bytes(l->e->strings, a->range, &n);
	if (failed(l) || n != sizeof(*a->set) || !range_good(a->set)) {
		suan_intern_drop(l->e->strings, a->range);
		suan_jobs_release(l->e, a, sizeof(*a));
		j->more->array = NULL;
		damage(l, true);
		return;
	}
	a->worst = SUAN_NO_POS;
	a->last_pool = SUAN_NO_POOL;
	a->rest.pool = SUAN_NO_POOL;
}

static void get_dep(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	struct suan_more *m;
	struct suan_dep *bigger;
	uint64_t type = 0, job = 0;
	struct suan_reader r;

	needs(l, suan_jobs_more(l->e, j));
	damage(l, !f->is_bytes);
	suan_field_reader(f, &r);
	damage(l, !suan_get_varint(&r, &type) || !suan_get_varint(&r, &job) ||
	       type > SUAN_AFTERCORR);
	if (failed(l))
		return;
	m = j->more;
	bigger = suan_jobs_alloc(l->e, (m->ndeps + 1u) * sizeof(*bigger));
	l->u.nomem |= !bigger;
	if (!bigger)
		return;
	if (m->ndeps)
		memcpy(bigger, m->deps, m->ndeps * sizeof(*bigger));
	suan_jobs_release(l->e, m->deps, m->ndeps * sizeof(*bigger));
	m->deps = bigger;
	m->deps[m->ndeps++] = (struct suan_dep){(enum suan_dep_type)type, job};
	m->corr |= type == SUAN_AFTERCORR;
}

static void get_rule(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	uint32_t text = take_string(l, f);
	struct suan_where where;
	void *parts = NULL;
	size_t n = 0;
	const char *bytes = suan_intern_bytes(l->e->strings, text, &n);

	damage(l, j->rule != 0);
	if (!failed(l))
		needs(l, suan_rules_decode(bytes, n, &where, &parts));
	if (!failed(l))
		needs(l, suan_rules_add(l->e, &where, &j->rule));
	free(parts);
	suan_intern_drop(l->e->strings, text);
}

static void get_job_string(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	uint32_t *const to[] = {&j->name, &j->user, &j->account, &j->qos, &j->payload, &j->env,
				&j->req.gpu_kind};

	set_string(l, f, to[f->tag - SUAN_SNAP_JOB_NAME]);
}

static void get_array_field(struct loader *l, const struct suan_field *f, struct suan_array *a)
{
	damage(l, !a);
	if (failed(l))
		return;
	if (f->tag == SUAN_SNAP_JOB_FIRST_START)
		a->first_start_ms = suan_field_i64(f);
	else if (f->tag == SUAN_SNAP_JOB_LAST_END)
		a->last_end_ms = suan_field_i64(f);
	else if (f->tag == SUAN_SNAP_JOB_LAST_POOL)
		a->last_pool = get_u32(l, f, l->e->net.npools) - 1;
	else
		get_rest(l, f, &a->rest);
}

/* ---- accounts ---- */

static uint32_t get_number(struct loader *l, const struct suan_field *f, uint32_t tag)
{
	struct suan_reader r;
	struct suan_field x;
	uint32_t v = 0;

	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x))
		if (x.tag == tag)
			v = get_u32(l, &x, UINT32_MAX);
	damage(l, r.bad || !f->is_bytes);
	return v;
}

static void get_meter(struct loader *l, const struct suan_field *f, struct suan_meter *m)
{
	struct suan_reader r;
	struct suan_field x;

	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x)) {
		uint32_t used = x.tag - SUAN_SNAP_LEAF_USED, part = x.tag - SUAN_SNAP_LEAF_PART;

		damage(l, x.is_bytes);
		if (x.tag == SUAN_SNAP_LEAF_AT)
			m->at_ms = suan_field_i64(&x);
		else if (used < SUAN_NMETERS)
			m->used[used] = x.u64;
		else if (part < SUAN_NMETERS)
			m->part[part] = get_u32(l, &x, UINT32_MAX);
	}
	damage(l, m->at_ms > l->e->now_ms);
}

static void get_leaf(struct loader *l, const struct suan_field *f)
{
	struct suan_acct *a = &l->e->acct;
	uint32_t account = get_number(l, f, SUAN_SNAP_LEAF_ACCOUNT), leaf = 0;
	uint32_t level = get_number(l, f, SUAN_SNAP_LEAF_LEVEL);
	uint32_t user = get_number(l, f, SUAN_SNAP_LEAF_USER);

	damage(l, account >= a->spec.naccounts || user > l->nstrings || level > SUAN_LEVELS);
	if (failed(l))
		return;
	if (f->tag == SUAN_SNAP_LEVEL) {
		a->nodes[account].level = level;
		return;
	}
	needs(l, suan_acct_leaf(l->e, a, account, user ? l->strings[user - 1] : 0, &leaf));
	if (failed(l))
		return;
	damage(l, a->leaves[leaf].known);	/* twice */
	a->leaves[leaf].known = true;
	a->leaves[leaf].level = level;
	get_meter(l, f, &a->leaves[leaf].meter);
}

static void get_accounts(struct loader *l, const struct suan_field *f)
{
	struct suan_acct *a = &l->e->acct;
	struct suan_unpack u = {.arena = &a->arena};

	if (f->tag == SUAN_SNAP_STANDING) {
		damage(l, f->is_bytes);
		a->next_ms = suan_field_i64(f);
		return;
	}
	if (f->tag != SUAN_SNAP_ACCOUNTS) {
		get_leaf(l, f);
		return;
	}
	damage(l, a->any || a->nodes);
	if (failed(l))
		return;
	suan_unpack_accounts(&u, f, &a->spec);
	l->u.bad |= u.bad || (!u.nomem && suan_accounts_check(&a->spec, NULL) != SUAN_OK);
	l->u.nomem |= u.nomem;
	if (!failed(l))
		needs(l, suan_acct_build(l->e, a));
	else
		a->spec.naccounts = 0;	/* no nodes were made for them */
}

struct key_fields {
	struct suan_key key;
	bool has;
};

static void get_rare(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	needs(l, suan_jobs_more(l->e, j));
	damage(l, f->is_bytes);
	if (failed(l))
		return;
	if (f->tag == SUAN_SNAP_JOB_PREEMPTED)
		j->more->preempted = get_u32(l, f, UINT32_MAX);
	else if (f->tag == SUAN_SNAP_JOB_PREEMPTED_WORK)
		j->more->preempted_core_ms = suan_field_i64(f);
	else if (f->tag == SUAN_SNAP_JOB_GOAL)
		j->more->goal = (uint8_t)get_u32(l, f, SUAN_NGOALS - 1);
	else if (f->tag == SUAN_SNAP_JOB_MAX_DELAY)
		j->more->max_delay_ms = suan_field_i64(f);
	else if (f->tag == SUAN_SNAP_JOB_TARGET_TIME)
		j->more->target_ms = suan_field_i64(f);
	else if (f->tag == SUAN_SNAP_JOB_TARGET)
		j->more->target = get_u32(l, f, UINT32_MAX);
	else if (f->tag == SUAN_SNAP_JOB_BEGIN)
		j->more->begin_ms = suan_field_i64(f);
	else
		j->more->deadline_ms = suan_field_i64(f);
}

static void get_key_field(struct loader *l, const struct suan_field *f, struct key_fields *k)
{
	if (f->tag == SUAN_SNAP_JOB_KEY_HASH) {
		k->key.body_hash = f->u64;
	} else if (f->tag == SUAN_SNAP_JOB_KEY_COUNT) {
		k->key.count = get_u32(l, f, UINT32_MAX);
	} else {
		damage(l, !f->is_bytes || f->len != sizeof(k->key.key));
		if (!failed(l))
			memcpy(k->key.key, f->bytes, sizeof(k->key.key));
		k->has = true;
	}
}

static void get_given(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	struct suan_reader r;

	suan_field_reader(f, &r);
	damage(l, !f->is_bytes || j->given.class != SUAN_FORECAST_PROMPT ||
	       !suan_given_get(&r, &j->given));
}

static void get_home_of(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	needs(l, suan_alone_reserve(l->e));
	j->home = get_u32(l, f, l->e->net.nsites);
}

static void get_reservation(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	needs(l, suan_jobs_more(l->e, j));
	if (!failed(l))
		j->more->reservation = get_u32(l, f, l->e->reserves.last_id);
}

static void get_inputs(struct loader *l, const struct suan_field *f, struct suan_job *j)
{
	uint32_t *ids = suan_unpack_list(&l->u, (uint32_t)f->len, sizeof(*ids)), n = 0;
	struct suan_reader r;
	uint64_t v = 0;

	damage(l, !f->is_bytes || f->len == 0 || (j->more && j->more->want));
	if (!failed(l))
		needs(l, suan_jobs_more(l->e, j));
	suan_field_reader(f, &r);
	while (!failed(l) && r.p < r.end) {
		damage(l, !suan_get_varint(&r, &v) || v > UINT32_MAX || (n > 0 && v <= ids[n - 1]));
		ids[n++] = (uint32_t)v;
	}
	if (!failed(l))
		needs(l, suan_wants_add(l->e, ids, n, &j->more->want));
}

static void get_job_field(struct loader *l, const struct suan_field *f, struct suan_job *j,
			  struct key_fields *k)
{
	if (f->tag >= SUAN_SNAP_JOB_NAME && f->tag <= SUAN_SNAP_JOB_GPU)
		get_job_string(l, f, j);
	else if (f->tag == SUAN_SNAP_JOB_RULE)
		get_rule(l, f, j);
	else if (f->tag == SUAN_SNAP_JOB_RANGE)
		get_range(l, f, j);
	else if (f->tag == SUAN_SNAP_JOB_GUARANTEE)
		j->guarantee = (uint8_t)get_u32(l, f, SUAN_AT_LEAST_ONCE);
	else if (f->tag == SUAN_SNAP_JOB_HELD)
		j->held = get_u32(l, f, 1);
	else if (f->tag == SUAN_SNAP_JOB_BEGIN || f->tag == SUAN_SNAP_JOB_DEADLINE ||
		 f->tag == SUAN_SNAP_JOB_PREEMPTED || f->tag == SUAN_SNAP_JOB_PREEMPTED_WORK ||
		 (f->tag >= SUAN_SNAP_JOB_GOAL && f->tag <= SUAN_SNAP_JOB_TARGET))
		get_rare(l, f, j);
	else if (f->tag == SUAN_SNAP_JOB_DEP)
		get_dep(l, f, j);
	else if (f->tag >= SUAN_SNAP_JOB_FIRST_START && f->tag <= SUAN_SNAP_JOB_REST)
		get_array_field(l, f, suan_jobs_array(j));
	else if (f->tag == SUAN_SNAP_JOB_ELEM)
		get_elem(l, f, j);
	else if (f->tag >= SUAN_SNAP_JOB_KEY && f->tag <= SUAN_SNAP_JOB_KEY_COUNT)
		get_key_field(l, f, k);
	else if (f->tag == SUAN_SNAP_JOB_GIVEN)
		get_given(l, f, j);
	else if (f->tag == SUAN_SNAP_JOB_HOME)
		get_home_of(l, f, j);
	else if (f->tag == SUAN_SNAP_JOB_ALONE)
		j->alone = (uint8_t)get_u32(l, f, SUAN_NOT_FOLLOWED);
	else if (f->tag == SUAN_SNAP_JOB_RESERVATION)
		get_reservation(l, f, j);
	else if (f->tag == SUAN_SNAP_JOB_INPUTS)
		get_inputs(l, f, j);
	else
		(void)suan_unpack_field(&l->u, &suan_job_members, f, j);
}

static bool job_good(const struct loader *l, const struct suan_job *j)
{
	return j->id > l->last_job && j->id < l->e->next_id && j->walltime_ms >= 0 &&
	       j->estimate_ms >= 0 && j->estimate_ms <= j->walltime_ms && j->req.tasks > 0 &&
	       j->req.cores > 0 && !(suan_jobs_array(j) && j->held) &&
	       !(j->started && j->given.class != SUAN_FORECAST_PROMPT);
}

/* Lists a job that was read. The directory is made page by page, as ids may be far apart. */
static void list_job(struct loader *l, struct suan_job *j)
{
	uint64_t next = l->e->next_id;

	l->e->next_id = j->id;
	needs(l, suan_jobs_reserve(l->e, 1));
	l->e->next_id = next;
	if (!failed(l))
		suan_jobs_insert(l->e, j);
}

static void get_job(struct loader *l, const struct suan_field *f)
{
	struct suan_job *j = suan_jobs_alloc(l->e, sizeof(*j));
	struct key_fields k = {.has = false};
	struct suan_reader r;
	struct suan_field x;

	l->u.nomem |= !j;
	damage(l, !f->is_bytes || !l->has_network);
	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x))
		get_job_field(l, &x, j, &k);
	damage(l, r.bad);
	if (!failed(l))
		damage(l, !job_good(l, j) || (k.has && k.key.count == 0));
	if (!failed(l) && k.has) {
		needs(l, suan_keys_reserve(l->e));
		damage(l, suan_keys_find(l->e, k.key.key) != NULL);
	}
	if (!failed(l) && l->e->acct.any) {
		struct suan_party_key party = {j->account, j->user, j->qos};

		needs(l, suan_acct_join(l->e, &l->e->acct, &party, &j->party));
	}
	if (!failed(l))
		list_job(l, j);
	if (failed(l)) {
		suan_jobs_free(l->e, j);
		return;
	}
	l->last_job = j->id;
	k.key.first = j->id;
	j->key = k.has ? suan_keys_add(l->e, &k.key) : 0;
}

/* ---- what follows from the jobs ---- */

/* The pool shrank since the run began: makes it large enough for it. finish() undoes this. */
static void widen(struct loader *l, const struct suan_job *j, const struct suan_elem *x)
{
	const struct suan_place *places = suan_elems_places(x);
	struct suan_plan_pool *shape = &l->wide[x->pool];
	uint64_t tasks = 0, cores, gpus, memory;

	for (uint32_t i = 0; i < x->nplaces; i++) {
		tasks = places[i].tasks > tasks ? places[i].tasks : tasks;
		if (places[i].node == SUAN_NO_NODE)
			continue;
		damage(l, places[i].node > MOST_NODES);
		if (places[i].node >= shape->nodes)
			shape->nodes = places[i].node + 1;
	}
	damage(l, !suan_mul_u64(tasks, j->req.cores, &cores) || cores > INT32_MAX ||
	       !suan_mul_u64(tasks, j->req.gpus, &gpus) || gpus > INT32_MAX ||
	       !suan_mul_u64(tasks, j->req.memory, &memory) || memory > INT64_MAX);
	if (failed(l))
		return;
	damage(l, (cores + shape->cores) * shape->nodes > INT32_MAX ||
	       (gpus + shape->gpus) * shape->nodes > INT32_MAX ||
	       (memory + shape->memory) / 2 > INT64_MAX / 2 / (shape->nodes + 1));
	if (failed(l))
		return;
	shape->cores += (uint32_t)cores;
	shape->gpus += (uint32_t)gpus;
	shape->memory += memory;
	needs(l, suan_planner_pool(l->e->plan->planner, x->pool, shape));
}

static void open_run(struct loader *l, const struct suan_job *j, uint32_t index,
		     struct suan_elem *x)
{
	struct suan_planner *p = l->e->plan->planner;
	const struct suan_place *places = suan_elems_places(x);
	struct suan_plan_run run;
	struct suan_ask ask;
	enum suan_code rc;

	suan_jobs_ask(l->e, j, &ask);
	run = (struct suan_plan_run){.pool = x->pool, .ask = &ask, .start_ms = x->order_ms,
				     .places = places, .nplaces = x->nplaces, .id = j->id,
				     .index = index,
				     .priority = suan_preempt_priority(l->e, j)};
	rc = suan_planner_run(p, &run, &x->run);
	if (rc == SUAN_ECONFLICT) {
		widen(l, j, x);
		if (!failed(l))
			rc = suan_planner_run(p, &run, &x->run);
	}
	needs(l, rc);
	if (failed(l))
		return;
	suan_preempt_rank_one(l->e, j, x);
	if (x->stop_ms)
		suan_planner_stop(p, x->run, x->stop_ms);
}

static void open_elem(struct loader *l, struct suan_job *j, uint32_t pos)
{
	struct suan_elem *x = suan_elems_at(j, pos);

	damage(l, suan_verify_elem(l->e, j, x) != NULL);
	if (failed(l))
		return;
	if (x->state == SUAN_STAGING || x->state == SUAN_RUNNING || x->limbo)
		open_run(l, j, suan_elems_index(j, pos), x);
	if (!failed(l) && x->pushed)
		needs(l, suan_jobs_more(l->e, j));
	if (failed(l) || !x->limbo)
		return;
	needs(l, suan_dues_reserve(&l->e->leases, 1));
	if (!failed(l))
		suan_dues_push(&l->e->leases, &(struct suan_due){
			.at_ms = suan_dues_lease_end(j, x), .job = j->id,
			.index = suan_elems_index(j, pos), .attempt = x->attempt});
}

static void finish_job(struct loader *l, struct suan_job *j)
{
	struct suan_engine *e = l->e;
	unsigned before = j->summary;

	needs(l, suan_deps_link(e, j, j->id));
	if (!failed(l) && suan_deps_has_corr(j))
		needs(l, suan_elems_unfold(e, j));
	e->summaries[j->summary]--;
	if (!failed(l))
		suan_elems_recount(e, j);
	e->summaries[j->summary]++;
	suan_acct_summary(e, j, before, j->summary);
	for (uint32_t pos = 0; !failed(l) && pos < suan_elems_count(j); pos++) {
		if (suan_elems_has_record(j, pos))
			open_elem(l, j, pos);
		else
			pos |= SUAN_CHUNK - 1;
	}
	damage(l, !j->started && suan_elems_in(j, SUAN_PENDING) && suan_deps_lost(e, j));
	damage(l, suan_jobs_array(j) && suan_jobs_array(j)->set->cap &&
	       suan_elems_active(j) > suan_jobs_array(j)->set->cap);
	if (failed(l) || suan_jobs_begin(j) <= e->now_ms || !suan_elems_in(j, SUAN_PENDING))
		return;
	needs(l, suan_dues_reserve(&e->plan->begins, 1));
	if (failed(l))
		return;
	j->more->due = true;
	suan_dues_push(&e->plan->begins, &(struct suan_due){.at_ms = suan_jobs_begin(j),
							    .job = j->id});
}

static void get_past(struct loader *l, const struct suan_field *f)
{
	struct suan_past past = {0};
	struct suan_reader r;
	struct suan_field x;

	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x)) {
		damage(l, x.tag == SUAN_SNAP_PAST_USER && past.user != 0);
		if (x.tag == SUAN_SNAP_PAST_USER)
			past.user = take_string(l, &x);
		else
			(void)suan_unpack_field(&l->u, &suan_past_members, &x, &past);
	}
	damage(l, r.bad);
	if (!failed(l))
		needs(l, suan_history_restore(&l->e->history, l->e->strings, &past));
	suan_intern_drop(l->e->strings, past.user);	/* the history has its own reference */
}

static void get_mix(struct loader *l, const struct suan_field *f)
{
	struct suan_mix_shape shape = {0};
	struct suan_reader r;
	struct suan_field x;

	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x)) {
		if (x.tag == SUAN_SNAP_MIX_CORES)
			shape.cores = get_u32(l, &x, UINT32_MAX);
		else if (x.tag == SUAN_SNAP_MIX_GPUS)
			shape.gpus = get_u32(l, &x, UINT32_MAX);
		else if (x.tag == SUAN_SNAP_MIX_WEIGHT)
			shape.weight = get_u32(l, &x, SUAN_MIX_MOST);
		else if (x.tag == SUAN_SNAP_MIX_MEMORY)
			shape.memory = x.u64;
		else if (x.tag == SUAN_SNAP_MIX_KIND)
			set_string(l, &x, &shape.gpu_kind);
		damage(l, x.tag <= SUAN_SNAP_MIX_WEIGHT && x.is_bytes);
	}
	damage(l, !f->is_bytes || r.bad);
	if (!failed(l))
		damage(l, !suan_mix_restore(&l->e->mix, l->e->strings, &shape));
	suan_intern_drop(l->e->strings, shape.gpu_kind);	/* the mix has its own reference */
}

static void get_inflow(struct loader *l, const struct suan_field *f)
{
	struct suan_inflow *d = &l->e->inflow;
	struct suan_reader r;
	struct suan_field x;
	uint32_t kind = 0;

	suan_field_reader(f, &r);
	while (!failed(l) && suan_get_field(&r, &x)) {
		if (x.tag == SUAN_SNAP_INFLOW_KIND)
			kind = get_u32(l, &x, SUAN_INFLOW_KINDS - 1);
		else if (x.tag == SUAN_SNAP_INFLOW_SINCE)
			d->since_ms = suan_field_i64(&x);
		else if (x.tag == SUAN_SNAP_INFLOW_WIDTH && !failed(l))
			d->width[kind] = suan_field_i64(&x);
		else if (x.tag == SUAN_SNAP_INFLOW_AREA && !failed(l))
			d->area[kind] = suan_field_i64(&x);
		damage(l, x.tag <= SUAN_SNAP_INFLOW_AREA && x.is_bytes);
	}
	damage(l, !f->is_bytes || r.bad || !suan_inflow_good(d));
}

static void get_forecast(struct loader *l, const struct suan_field *f)
{
	struct suan_reader r;

	suan_field_reader(f, &r);
	damage(l, !f->is_bytes || !suan_forecast_get(&l->e->forecast, &r));
}

static void get_alone(struct loader *l, const struct suan_field *f)
{
	struct suan_field kind = {.is_bytes = false};
	uint32_t slot, id;

	damage(l, !l->has_network);
	needs(l, suan_alone_reserve(l->e));
	if (failed(l))
		return;
	if (f->tag == SUAN_SNAP_HOME) {
		suan_alone_get_home(l->e, f, &l->u);
		return;
	}
	slot = suan_alone_get_twin(l->e, f, &l->u, &kind.u64);
	id = kind.u64 ? take_string(l, &kind) : 0;
	if (slot != SUAN_NO_POS)
		l->e->alone->twins[slot].req.gpu_kind = id;
	else
		suan_intern_drop(l->e->strings, id);
}

static void get_slot(struct loader *l, const struct suan_field *f)
{
	uint64_t v[4] = {0};
	struct suan_reader r;

	suan_field_reader(f, &r);
	for (int i = 0; i < 4; i++)
		damage(l, !suan_get_varint(&r, &v[i]));
	damage(l, v[1] >= SUAN_NO_POOL || v[2] > INT64_MAX || v[3] > INT64_MAX);
	needs(l, suan_grow(&l->slots, &l->slots_cap, l->nslots + 1, sizeof(*l->slots)));
	if (!failed(l))
		l->slots[l->nslots++] = (struct suan_kept){v[0], (int64_t)v[2], (int64_t)v[3],
							   (uint32_t)v[1]};
}

static void make_wide(struct loader *l)
{
	uint32_t n = l->e->net.npools;

	l->wide = calloc(n + 1u, sizeof(*l->wide));
	l->u.nomem |= !l->wide;
	for (uint32_t i = 0; l->wide && i < n; i++)
		suan_net_plan_pool(l->e, i, &l->wide[i]);
}

/* Pools with the runs they have, then the jobs that wait: all by number and id. */
static void finish(struct loader *l)
{
	struct suan_engine *e = l->e;
	uint64_t id = 0;

	damage(l, !l->has_network || e->next_id == 0);
	make_signals(l);
	suan_net_measure(&e->net, &e->policy);
	suan_rules_refresh(e);	/* now that the latencies can be told */
	make_wide(l);
	e->plan->pools_dirty = true;
	if (!failed(l))
		needs(l, suan_sync(e, e->now_ms));	/* no job is marked yet: pools only */
	while (!failed(l) && (id = suan_engine_next_job(e, id)))
		finish_job(l, suan_jobs_find(e, id));
	if (!failed(l))
		damage(l, !suan_data_restored(e));
	if (!failed(l))
		suan_acct_recount(e);
	e->plan->groups_dirty = e->acct.ncaps > 0;
	e->plan->pools_dirty = true;
	e->plan->all_dirty = true;
	if (!failed(l))
		needs(l, suan_sync(e, e->now_ms));
	if (!failed(l))
		needs(l, suan_alone_restored(e));
	damage(l, l->nslots > 0 && e->policy.kind != SUAN_POLICY_CONSERVATIVE);
	if (!failed(l) && e->policy.kind == SUAN_POLICY_CONSERVATIVE)
		needs(l, suan_planner_keep(e->plan->planner, l->slots, l->nslots, l->freed_ms));
	damage(l, l->passed_ms != INT64_MIN && (l->passed_ms > e->now_ms ||
						e->policy.kind != SUAN_POLICY_CONSERVATIVE));
	if (!failed(l) && l->passed_ms != INT64_MIN)
		suan_planner_resume(e->plan->planner, l->passed_ms);
}

/* ---- the whole ---- */

static void get_reserves(struct loader *l, const struct suan_field *f)
{
	if (f->tag == SUAN_SNAP_RESERVATION) {
		needs(l, suan_reserve_get(l->e, f, &l->arena));
		return;
	}
	damage(l, f->is_bytes || f->u64 > UINT32_MAX || f->u64 < l->e->reserves.last_id);
	l->e->reserves.last_id = (uint32_t)f->u64;
}

static void get_counters(struct loader *l, const struct suan_field *f)
{
	if (f->tag == SUAN_SNAP_SEQ)
		l->e->seq = f->u64;
	else if (f->tag == SUAN_SNAP_NEXT_ID)
		l->e->next_id = f->u64;
	else if (f->tag == SUAN_SNAP_GOALS)
		l->e->goals_ms = suan_field_i64(f);
	else if (f->tag == SUAN_SNAP_EPOCH)
		l->e->epoch_ms = suan_field_i64(f);
	else
		l->e->now_ms = suan_field_i64(f);
	damage(l, l->e->now_ms < 0);
}

static void get_slot_times(struct loader *l, const struct suan_field *f)
{
	if (f->tag == SUAN_SNAP_FREED) {
		l->freed_ms = suan_field_i64(f);
		return;
	}
	l->passed_ms = suan_field_i64(f);
	damage(l, l->passed_ms < 0);
}

/* What was learnt, and what plans keep from pass to pass. */
static void get_memory(struct loader *l, const struct suan_field *f)
{
	switch (f->tag) {
	case SUAN_SNAP_PAST:
		get_past(l, f);
		break;
	case SUAN_SNAP_FORECAST:
		get_forecast(l, f);
		break;
	case SUAN_SNAP_MIX:
		get_mix(l, f);
		break;
	case SUAN_SNAP_INFLOW:
		get_inflow(l, f);
		break;
	case SUAN_SNAP_SLOT:
		get_slot(l, f);
		break;
	case SUAN_SNAP_DATA:
	case SUAN_SNAP_TRANSFER:
	case SUAN_SNAP_DATA_ID:
	case SUAN_SNAP_TRANSFER_ID:
	case SUAN_SNAP_MOVED:
		damage(l, !l->has_network);
		if (!failed(l))
			needs(l, suan_data_get(l->e, f, &l->arena));
		break;
	case SUAN_SNAP_HOME:
	case SUAN_SNAP_TWIN:
		get_alone(l, f);
		break;
	case SUAN_SNAP_FREED:
	case SUAN_SNAP_PASSED:
		get_slot_times(l, f);
		break;
	case SUAN_SNAP_SIGNAL:
		get_signal(l, f);
		break;
	default:
		break;
	}
}

static void get_part(struct loader *l, const struct suan_field *f)
{
	switch (f->tag) {
	case SUAN_SNAP_VERSION:
		damage(l, f->u64 != SUAN_SNAPSHOT_VERSION);
		break;
	case SUAN_SNAP_SEQ:
	case SUAN_SNAP_NOW:
	case SUAN_SNAP_NEXT_ID:
	case SUAN_SNAP_EPOCH:
	case SUAN_SNAP_GOALS:
		get_counters(l, f);
		break;
	case SUAN_SNAP_POLICY:
		suan_unpack_all(&l->u, &suan_pack_policy, f, &l->e->policy);
		break;
	case SUAN_SNAP_NETWORK:
		get_network(l, f);
		break;
	case SUAN_SNAP_ACCOUNTS:
	case SUAN_SNAP_LEVEL:
	case SUAN_SNAP_LEAF:
	case SUAN_SNAP_STANDING:
		get_accounts(l, f);
		break;
	case SUAN_SNAP_SITE:
		get_site(l, f);
		break;
	case SUAN_SNAP_POOL:
		get_pool(l, f);
		break;
	case SUAN_SNAP_STRING:
		get_string(l, f);
		break;
	case SUAN_SNAP_RESERVATION:
	case SUAN_SNAP_RESERVE_ID:
		get_reserves(l, f);
		break;
	case SUAN_SNAP_JOB:
		get_job(l, f);
		suan_arena_reset(&l->arena);
		break;
	default:
		get_memory(l, f);
		break;
	}
}

/* Reads fields up to the sum, which must be the last and right. */
static void get_all(struct loader *l, const uint8_t *bytes, size_t n)
{
	struct suan_reader r;
	struct suan_field f;
	bool sum = false;

	suan_reader_init(&r, bytes, n);
	while (!failed(l) && !sum) {
		size_t at = (size_t)(r.p - bytes);

		if (!suan_get_field(&r, &f))
			break;
		sum = f.tag == SUAN_SNAP_SUM;
		if (sum)
			damage(l, f.u64 != suan_hash_bytes(SUAN_HASH_START, bytes, at));
		else
			get_part(l, &f);
	}
	damage(l, !sum || r.p != r.end);
}

enum suan_code suan_engine_load(struct suan_engine **ret, const void *bytes, size_t n,
				struct suan_err *err)
{
	struct loader l = {.e = suan_engine_new(), .freed_ms = INT64_MIN, .passed_ms = INT64_MIN};
	bool nomem;

	if (!l.e)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	suan_arena_init(&l.arena, 0);
	l.u.arena = &l.arena;
	get_all(&l, bytes, n);
	if (!failed(&l))
		finish(&l);
	for (size_t i = 0; i < l.nstrings; i++)
		suan_intern_drop(l.e->strings, l.strings[i]);
	free(l.strings);
	free(l.wide);
	free(l.slots);
	suan_arena_done(&l.arena);
	nomem = l.u.nomem;
	if (failed(&l)) {
		suan_engine_free(l.e);
		return nomem ? suan_fail(err, SUAN_ENOMEM, "out of memory")
			     : suan_fail(err, SUAN_ECORRUPT, "the snapshot is damaged");
	}
	*ret = l.e;
	return SUAN_OK;
}
