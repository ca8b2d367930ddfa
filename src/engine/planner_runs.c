/* Runs, their expected ends, and what they leave free over time. */
#include "engine/planner_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"

#define MOST_NEW_ENDS 128u
#define FEW_ENDS      256u /* of these none stays that is over */

int64_t suan_run_end(int64_t start_ms, int64_t duration_ms, int64_t limit_ms, int64_t now_ms)
{
	int64_t end = suan_sat_add(start_ms, duration_ms);

	if (end > now_ms)
		return end;
	end = suan_sat_add(start_ms, limit_ms);
	return end > now_ms ? end : suan_sat_add(now_ms, SUAN_OVERDUE_MS);
}

/* ---- ends in order ---- */

static int by_end(const void *x, const void *y)
{
	const struct suan_pend *a = x, *b = y;

	if (a->end_ms != b->end_ms)
		return a->end_ms < b->end_ms ? -1 : 1;
	return (a->run > b->run) - (a->run < b->run);
}

/* First of the n sorted ends that is not before *key. */
static size_t lower_bound(const struct suan_pend *ends, size_t n, const struct suan_pend *key)
{
	size_t lo = 0;

	while (n > 0) {
		size_t half = n / 2;

		if (by_end(&ends[lo + half], key) < 0) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo;
}

/* Takes out what is over; the order stays. */
static void purge(struct suan_ppool *o)
{
	size_t n = 0;

	if (o->gone == 0)
		return;
	for (size_t i = 0; i < o->nends; i++) {
		if (i == o->sorted)
			o->sorted = n;
		if (o->ends[i].idle != SUAN_OVER)
			o->ends[n++] = o->ends[i];
	}
	if (o->sorted > n)
		o->sorted = n;
	o->nends = n;
	o->gone = o->head = 0;
}

void suan_ends_flush(struct suan_ppool *o)
{
	struct suan_pend fresh[MOST_NEW_ENDS];
	size_t n, left;

	purge(o);
	n = o->nends - o->sorted;
	if (n == 0)
		return;
	assert(n <= MOST_NEW_ENDS);
	memcpy(fresh, &o->ends[o->sorted], n * sizeof(*fresh));
	if (n > 1)
		qsort(fresh, n, sizeof(*fresh), by_end);
	/* from the back, so that each one is moved once */
	for (left = o->sorted; n > 0; n--) {
		size_t i = lower_bound(o->ends, left, &fresh[n - 1]);

		memmove(&o->ends[i + n], &o->ends[i], (left - i) * sizeof(*fresh));
		o->ends[i + n - 1] = fresh[n - 1];
		left = i;
	}
	o->sorted = o->nends;
	o->head = 0;
}

static size_t head_of(const struct suan_ppool *o)
{
	size_t head = o->head;

	while (head < o->sorted && o->ends[head].idle == SUAN_OVER)
		head++;
	return head;
}

static int64_t first_end(const struct suan_ppool *o)
{
	size_t head = head_of(o);
	int64_t first = head < o->sorted ? o->ends[head].end_ms : SUAN_FOREVER;

	for (size_t i = o->sorted; i < o->nends; i++)
		if (o->ends[i].end_ms < first)
			first = o->ends[i].end_ms;
	return first;
}

int64_t suan_ends_first(struct suan_ppool *o)
{
	o->head = head_of(o);
	return first_end(o);
}

int64_t suan_ends_last(const struct suan_ppool *o)
{
	int64_t last = INT64_MIN;
	size_t n = o->sorted;

	while (n > 0 && o->ends[n - 1].idle == SUAN_OVER)
		n--;
	if (n > 0)
		last = o->ends[n - 1].end_ms;
	for (size_t i = o->sorted; i < o->nends; i++)
		if (o->ends[i].end_ms > last)
			last = o->ends[i].end_ms;
	return last;
}

/* In long lists what is over stays for a while, as taking it out moves all that follow. */
static void ends_drop(struct suan_ppool *o, int64_t end_ms, uint32_t run)
{
	struct suan_pend key = {end_ms, run, 0};
	size_t i;

	if (o->nends <= FEW_ENDS)
		suan_ends_flush(o);
	for (i = o->nends; i > o->sorted; i--)
		if (o->ends[i - 1].run == run) {
			o->ends[i - 1] = o->ends[--o->nends];
			return;
		}
	i = lower_bound(o->ends, o->sorted, &key);
	assert(i < o->sorted && o->ends[i].run == run && o->ends[i].end_ms == end_ms);
	if (o->nends <= FEW_ENDS) {
		memmove(&o->ends[i], &o->ends[i + 1], (o->nends - i - 1) * sizeof(key));
		o->nends--;
		o->sorted--;
		return;
	}
	assert(o->ends[i].idle != SUAN_OVER);
	o->ends[i].idle = SUAN_OVER;
	if (++o->gone > o->nends / 4)
		purge(o);
}

void suan_run_shorten(struct suan_planner *p, uint32_t run, int64_t until_ms)
{
	struct suan_prun *r = suan_prun_at(p, run);
	struct suan_ppool *o = &p->pools[r->pool];
	struct suan_pend key = {r->end_ms, run, 0};
	int64_t span = until_ms - r->start_ms;
	size_t i;

	if (span < 1)
		span = 1;
	if (p->slots.freed_ms < r->end_ms)
		p->slots.freed_ms = r->end_ms;
	suan_ends_flush(o);
	i = lower_bound(o->ends, o->nends, &key);
	assert(i < o->nends && o->ends[i].run == run);
	memmove(&o->ends[i], &o->ends[i + 1], (o->nends - 1 - i) * sizeof(key));
	r->duration_ms = r->duration_ms < span ? r->duration_ms : span;
	r->limit_ms = r->limit_ms < span ? r->limit_ms : span;
	r->end_ms = suan_run_end(r->start_ms, r->duration_ms, r->limit_ms, INT64_MIN);
	key.end_ms = r->end_ms;
	i = lower_bound(o->ends, o->nends - 1, &key);
	memmove(&o->ends[i + 1], &o->ends[i], (o->nends - 1 - i) * sizeof(key));
	o->ends[i] = key;
	o->head = 0;
	o->dirty = true;
	p->slots.valid = false;
	p->again.only = false;
}

void suan_ends_refresh(struct suan_planner *p, struct suan_ppool *o, int64_t now_ms)
{
	if (suan_ends_count(o) == 0 || (o->overdue == 0 && suan_ends_first(o) > now_ms))
		return;
	suan_ends_flush(o);
	o->overdue = 0;
	for (size_t i = 0; i < o->nends; i++) {
		struct suan_prun *r = suan_prun_at(p, o->ends[i].run);

		r->end_ms = suan_run_end(r->start_ms, r->duration_ms, r->limit_ms, now_ms);
		o->ends[i].end_ms = r->end_ms;
		if (suan_sat_add(r->start_ms, r->limit_ms) <= now_ms)
			o->overdue++;
	}
	qsort(o->ends, o->nends, sizeof(*o->ends), by_end);
	o->dirty = true;
	p->slots.valid = false;
	p->again.only = false;
}

/* ---- profiles ---- */

/* What comes back to the usable nodes when the run ends, idle nodes apart; it may have others. */
static void released(const struct suan_ppool *o, const struct suan_prun *r, struct suan_vec *ret)
{
	uint64_t tasks = 0, nodes = 0;

	for (uint32_t i = 0; i < r->nplaces; i++) {
		if (r->places[i].node >= o->nodes.usable && r->places[i].node != SUAN_NO_NODE)
			continue;
		tasks += r->places[i].tasks;
		nodes++;
	}
	if (r->req.exclusive) {
		ret->cores = (int32_t)(nodes * o->nodes.cores);
		ret->gpus = (int32_t)(nodes * o->nodes.gpus);
		ret->memory = (int64_t)(nodes * o->nodes.memory);
		return;
	}
	ret->cores = (int32_t)(tasks * r->req.cores);
	ret->gpus = (int32_t)(tasks * r->req.gpus);
	ret->memory = (int64_t)(tasks * r->req.memory);
}

/* Backwards in time: the first end that meets a node is the one that leaves it idle. */
static void count_idle(const struct suan_planner *p, struct suan_ppool *o)
{
	struct suan_node *list = o->nodes.list;

	for (size_t i = 0; i < o->nends; i++) {
		const struct suan_prun *r = suan_prun_at(p, o->ends[i].run);

		o->ends[i].idle = 0;
		for (uint32_t k = 0; k < r->nplaces; k++)
			if (r->places[k].node != SUAN_NO_NODE)
				list[r->places[k].node].idle_at = INT64_MIN;
	}
	for (size_t i = o->nends; i-- > 0;) {
		const struct suan_prun *r = suan_prun_at(p, o->ends[i].run);

		for (uint32_t k = 0; k < r->nplaces; k++) {
			uint32_t node = r->places[k].node;

			if (node == SUAN_NO_NODE || list[node].idle_at != INT64_MIN)
				continue;
			list[node].idle_at = o->ends[i].end_ms;
			o->ends[i].idle += node < o->nodes.usable;
		}
	}
}

enum suan_code suan_ends_profile(const struct suan_planner *p, struct suan_ppool *o, bool idle,
				 struct suan_profile *ret)
{
	bool whole = o->nodes.count == o->nodes.usable;
	struct suan_vec free = o->nodes.free;
	enum suan_code rc;

	free.nodes = idle ? free.nodes : 0;
	rc = suan_profile_reset(ret, &free, o->nends);
	assert(o->sorted == o->nends);
	if (idle)
		count_idle(p, o);
	for (size_t i = 0; i < o->nends && rc == SUAN_OK; i++) {
		const struct suan_prun *r = suan_prun_at(p, o->ends[i].run);
		struct suan_vec v = r->vec;

		if (!whole)
			released(o, r, &v);
		v.nodes = idle ? (int32_t)o->ends[i].idle : 0;
		suan_profile_append(ret, o->ends[i].end_ms, &v);
	}
	if (rc == SUAN_OK && o->nwindows > 0)
		rc = suan_window_mask(p, o, idle, ret);
	return rc;
}

/* The run began (sign 1) or is over (−1), and *was had been free. As long as its vector is what it
 * took, the base need not be made anew. */
static void note_change(struct suan_ppool *o, const struct suan_prun *r, const struct suan_vec *was,
			int32_t sign)
{
	const struct suan_vec *is = &o->nodes.free, *v = &r->vec;
	struct suan_change *c = &o->changes[o->nchanges];

	if (o->dirty || o->idle_known || o->nwindows > 0 || o->nchanges == SUAN_MOST_CHANGES ||
	    o->nodes.count != o->nodes.usable || was->cores - is->cores != sign * v->cores ||
	    was->gpus - is->gpus != sign * v->gpus ||
	    was->memory - is->memory != sign * v->memory) {
		o->dirty = true;
		return;
	}
	c->end_ms = r->end_ms;
	c->vec = suan_vec_times(v, sign);
	c->vec.nodes = 0;
	o->nchanges++;
}

static size_t first_from(const struct suan_profile *f, int64_t at)
{
	size_t lo = 0, n = f->count;

	while (n > 0) {
		size_t half = n / 2;

		if (f->steps[lo + half].from < at) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo;
}

/* Until its end there is so much less free. */
static enum suan_code put_change(struct suan_profile *f, const struct suan_change *c)
{
	enum suan_code rc = suan_grow(&f->steps, &f->cap, f->count + 1, sizeof(*f->steps));
	size_t k = first_from(f, c->end_ms);
	bool begun = c->vec.cores > 0;

	if (rc != SUAN_OK)
		return rc;
	if (begun && (k == f->count || f->steps[k].from > c->end_ms)) {
		memmove(&f->steps[k + 1], &f->steps[k], (f->count - k) * sizeof(*f->steps));
		f->steps[k] = f->steps[k - 1];
		f->steps[k].from = c->end_ms;
		f->count++;
	}
	for (size_t i = 0; i < k; i++)
		suan_vec_sub(&f->steps[i].free, &c->vec);
	assert(k < f->count && f->steps[k].from == c->end_ms);
	if (begun || !suan_vec_same(&f->steps[k - 1].free, &f->steps[k].free))
		return SUAN_OK;
	f->count--;	/* nothing else ends then */
	memmove(&f->steps[k], &f->steps[k + 1], (f->count - k) * sizeof(*f->steps));
	return SUAN_OK;
}

enum suan_code suan_ends_base(const struct suan_planner *p, struct suan_ppool *o, bool idle)
{
	enum suan_code rc = SUAN_OK;

	if (o->dirty || (idle && !o->idle_known)) {
		suan_ends_flush(o);
		rc = suan_ends_profile(p, o, idle, &o->base);
		o->dirty = rc != SUAN_OK;
		o->idle_known = idle;
		o->nchanges = 0;
		return rc;
	}
	for (uint32_t i = 0; i < o->nchanges && rc == SUAN_OK; i++)
		rc = put_change(&o->base, &o->changes[i]);
	o->dirty = rc != SUAN_OK;
	o->nchanges = 0;
	return rc;
}

/* The base, if it is what making it now would give, but for starts and ends since. */
static enum suan_code copy_base(const struct suan_ppool *o, struct suan_profile *ret)
{
	enum suan_code rc = suan_profile_copy(ret, &o->base);

	for (uint32_t i = 0; i < o->nchanges && rc == SUAN_OK; i++)
		rc = put_change(ret, &o->changes[i]);
	return rc;
}

static bool base_holds(const struct suan_ppool *o, int64_t now_ms, bool idle)
{
	return !o->dirty && (o->idle_known || !idle) && o->base.count > 0 &&
	       (suan_ends_count(o) == 0 || (o->overdue == 0 && first_end(o) > now_ms));
}

static bool in_order(const struct suan_pend *ends, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (by_end(&ends[i - 1], &ends[i]) > 0)
			return false;
	return true;
}

static enum suan_code make_preview(const struct suan_planner *p, const struct suan_ppool *o,
				   int64_t now_ms, bool idle, struct suan_profile *ret)
{
	struct suan_ppool copy = *o;
	enum suan_code rc = SUAN_ENOMEM;
	size_t list_bytes = idle ? o->nodes.count * sizeof(*o->nodes.list) : 0;
	size_t ends_bytes = o->nends * sizeof(*o->ends), n = 0;

	copy.nodes.list = malloc(list_bytes + 1);
	copy.ends = malloc(ends_bytes + 1);
	if (copy.nodes.list && copy.ends) {
		if (list_bytes > 0)
			memcpy(copy.nodes.list, o->nodes.list, list_bytes);
		for (size_t i = 0; i < o->nends; i++)
			if (o->ends[i].idle != SUAN_OVER)
				copy.ends[n++] = o->ends[i];
		copy.nends = n;
		copy.gone = copy.head = 0;
		for (size_t i = 0; i < copy.nends; i++) {
			const struct suan_prun *r = suan_prun_at(p, copy.ends[i].run);

			copy.ends[i].end_ms = suan_run_end(r->start_ms, r->duration_ms,
							   r->limit_ms, now_ms);
		}
		if (!in_order(copy.ends, copy.nends))
			qsort(copy.ends, copy.nends, sizeof(*copy.ends), by_end);
		copy.sorted = copy.nends;
		rc = suan_ends_profile(p, &copy, idle, ret);
	}
	free(copy.nodes.list);
	free(copy.ends);
	return rc;
}

enum suan_code suan_ends_preview(const struct suan_planner *p, const struct suan_ppool *o,
				 int64_t now_ms, bool idle, struct suan_profile *ret)
{
	return base_holds(o, now_ms, idle) ? copy_base(o, ret)
					   : make_preview(p, o, now_ms, idle, ret);
}

static bool same_from(const struct suan_profile *a, const struct suan_profile *b, int64_t now_ms)
{
	for (size_t i = 0; i < a->count; i++) {
		int64_t at = a->steps[i].from > now_ms ? a->steps[i].from : now_ms;
		struct suan_vec x = *suan_profile_at(a, at), y = *suan_profile_at(b, at);

		x.nodes = y.nodes = 0;
		if (!suan_vec_same(&x, &y))
			return false;
	}
	return true;
}

bool suan_ends_verify(const struct suan_planner *p, const struct suan_ppool *o)
{
	struct suan_profile kept = {0}, made = {0};
	int64_t now = suan_ends_count(o) > 0 ? first_end(o) - 1 : 0; /* the last that it is for */
	bool good = true;

	if (base_holds(o, now, false) && copy_base(o, &kept) == SUAN_OK &&
	    make_preview(p, o, now, o->idle_known, &made) == SUAN_OK)
		good = same_from(&kept, &made, now) && same_from(&made, &kept, now);
	suan_profile_done(&kept);
	suan_profile_done(&made);
	return good;
}

/* ---- runs ---- */

static enum suan_code slot_reserve(struct suan_planner *p)
{
	struct suan_prun *chunk;

	if (p->free_run != SUAN_NO_RUN || p->nruns < p->nchunks * SUAN_RUN_CHUNK)
		return SUAN_OK;
	if (suan_grow(&p->chunks, &p->chunks_cap, p->nchunks + 1, sizeof(chunk)) != SUAN_OK)
		return SUAN_ENOMEM;
	chunk = malloc(SUAN_RUN_CHUNK * sizeof(*chunk));
	if (!chunk)
		return SUAN_ENOMEM;
	p->chunks[p->nchunks++] = chunk;
	return SUAN_OK;
}

static uint32_t slot_take(struct suan_planner *p)
{
	uint32_t run = p->free_run;

	if (run == SUAN_NO_RUN)
		return p->nruns++;
	p->free_run = suan_prun_at(p, run)->nplaces;
	return run;
}

enum suan_code suan_run_open(struct suan_planner *p, const struct suan_prun *run,
			     const struct suan_place *places, uint32_t *ret_run)
{
	struct suan_ppool *o = &p->pools[run->pool];
	struct suan_place *own = NULL;
	struct suan_prun *r;
	struct suan_vec was;

	assert(run->nplaces > 0);
	if (o->nends - o->sorted == MOST_NEW_ENDS)
		suan_ends_flush(o);
	if (slot_reserve(p) != SUAN_OK ||
	    suan_grow(&o->ends, &o->ends_cap, o->nends + 1, sizeof(*o->ends)) != SUAN_OK)
		return SUAN_ENOMEM;
	if (run->nplaces > 1) {
		own = malloc(run->nplaces * sizeof(*own));
		if (!own)
			return SUAN_ENOMEM;
		memcpy(own, places, run->nplaces * sizeof(*own));
	}
	p->again.only = false;
	*ret_run = slot_take(p);
	r = suan_prun_at(p, *ret_run);
	*r = *run;
	r->one = places[0];
	r->places = own ? own : &r->one;
	r->most_ms = r->limit_ms;
	o->ends[o->nends].end_ms = r->end_ms;
	o->ends[o->nends].run = *ret_run;
	o->ends[o->nends].idle = 0;
	o->nends++;
	suan_push_count(p, r, 1);
	suan_vec_add(&o->used, &r->vec);
	suan_quotas_run(p, r->quota, &r->vec, 1);
	was = o->nodes.free;
	suan_nodes_take(&o->nodes, &r->req, r->places, r->nplaces);
	note_change(o, r, &was, 1);
	return SUAN_OK;
}

void suan_run_close(struct suan_planner *p, uint32_t run)
{
	struct suan_prun *r = suan_prun_at(p, run);
	struct suan_ppool *o;
	struct suan_vec was;

	assert(run < p->nruns && r->pool != SUAN_NO_POOL);
	o = &p->pools[r->pool];
	p->again.only = false;
	suan_slots_note_end(p, r);
	ends_drop(o, r->end_ms, run);
	suan_push_count(p, r, -1);
	suan_vec_sub(&o->used, &r->vec);
	suan_quotas_run(p, r->quota, &r->vec, -1);
	was = o->nodes.free;
	suan_nodes_give(&o->nodes, &r->req, r->places, r->nplaces);
	note_change(o, r, &was, -1);
	if (r->places != &r->one)
		free(r->places);
	r->pool = SUAN_NO_POOL;
	r->nplaces = p->free_run;
	p->free_run = run;
}
