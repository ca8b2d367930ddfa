/* Windows: nodes of a pool that are kept for a group for some time; the rules are in planner.h. A
 * start is packed around the windows node by node, so what is kept is kept exactly; the profile of
 * the pool lacks the nodes over [from, to), whatever runs on them. */
#include "engine/planner_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define WORD_BITS 64u

/* ---- the list ---- */

void suan_windows_free(struct suan_pwindow *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].nodes);
		suan_profile_done(&list[i].soft);
		free(list[i].holds);
	}
	free(list);
}

static int by_pool(const void *x, const void *y)
{
	const struct suan_window *a = &((const struct suan_pwindow *)x)->w;
	const struct suan_window *b = &((const struct suan_pwindow *)y)->w;

	if (a->pool != b->pool)
		return a->pool < b->pool ? -1 : 1;
	if (a->from_ms != b->from_ms)
		return a->from_ms < b->from_ms ? -1 : 1;
	return (a->group > b->group) - (a->group < b->group);
}

static struct suan_pwindow *copy_all(const struct suan_window *list, size_t n)
{
	struct suan_pwindow *copy = calloc(n + 1, sizeof(*copy));

	for (size_t i = 0; copy && i < n; i++) {
		size_t bytes = list[i].count * sizeof(*list[i].nodes);

		copy[i].w = list[i];
		copy[i].nodes = malloc(bytes + 1);
		if (!copy[i].nodes) {
			suan_windows_free(copy, i);
			return NULL;
		}
		if (bytes > 0)
			memcpy(copy[i].nodes, list[i].nodes, bytes);
		copy[i].w.nodes = copy[i].nodes;
	}
	return copy;
}

enum suan_code suan_planner_windows(struct suan_planner *p, const struct suan_window *list,
				    size_t n)
{
	struct suan_pwindow *copy = copy_all(list, n);

	if (!copy)
		return SUAN_ENOMEM;
	qsort(copy, n, sizeof(*copy), by_pool);
	suan_windows_free(p->windows, p->nwindows);
	p->windows = copy;
	p->nwindows = n;
	for (size_t i = 0; i < p->npools; i++) {
		p->pools[i].dirty |= p->pools[i].nwindows > 0;
		p->pools[i].nwindows = 0;
	}
	for (size_t i = n; i-- > 0;) {
		struct suan_ppool *o = &p->pools[copy[i].w.pool];

		assert(copy[i].w.pool < p->npools && copy[i].w.from_ms < copy[i].w.to_ms);
		o->first_window = (uint32_t)i;
		o->nwindows++;
		o->dirty = true;
	}
	p->slots.touched = true;
	p->slots.valid = false;
	p->again.only = false;
	p->pools_gen++;
	return SUAN_OK;
}

void suan_windows_begin(struct suan_planner *p)
{
	for (size_t i = 0; i < p->nwindows; i++) {
		p->windows[i].nholds = 0;
		p->windows[i].seen = 0;
		p->windows[i].built = false;
	}
}

struct suan_pwindow *suan_window_find(const struct suan_planner *p, uint32_t group)
{
	for (size_t i = 0; i < p->nwindows; i++)
		if (p->windows[i].w.group == group)
			return &p->windows[i];
	return NULL;
}

size_t suan_window_memory(const struct suan_planner *p)
{
	size_t bytes = p->hidden_cap * sizeof(*p->hidden);

	for (size_t i = 0; i < p->nwindows; i++)
		bytes += sizeof(*p->windows) + p->windows[i].w.count * sizeof(uint32_t) +
			 p->windows[i].soft.cap * sizeof(struct suan_step) +
			 p->windows[i].holds_cap * sizeof(struct suan_planned);
	return bytes;
}

/* ---- nodes ---- */

/* A run without node numbers may be on any. */
static void note_left(int64_t *list, uint32_t n, uint32_t node, int64_t over)
{
	for (uint32_t i = 0; node == SUAN_NO_NODE && i < n; i++)
		list[i] = list[i] > over ? list[i] : over;
	if (node < n && list[node] < over)
		list[node] = over;
}

void suan_planner_vacant(const struct suan_planner *p, uint32_t pool, int64_t *ret, uint32_t n)
{
	const struct suan_ppool *o = &p->pools[pool];

	for (uint32_t i = 0; i < n; i++)
		ret[i] = INT64_MIN;
	for (size_t i = 0; i < o->nends; i++) {
		const struct suan_prun *r = suan_prun_at(p, o->ends[i].run);
		int64_t over = suan_sat_add(r->start_ms, r->most_ms);

		if (o->ends[i].idle == SUAN_OVER)
			continue;
		for (uint32_t k = 0; k < r->nplaces; k++)
			note_left(ret, n, r->places[k].node, over);
	}
}

uint32_t suan_planner_whole(const struct suan_planner *p, uint32_t pool, const struct suan_req *req,
			    struct suan_candidate *why)
{
	const struct suan_nodes *n = &p->pools[pool].nodes;
	struct suan_req whole_req = *req;
	struct suan_vec v;

	whole_req.exclusive = true;
	why->reason = suan_nodes_admit(n, &whole_req, &why->a, &why->b);
	if (why->reason != SUAN_R_NONE)
		return 0;
	suan_nodes_whole_vec(n, &whole_req, &v);
	return (uint32_t)v.nodes;
}

size_t suan_window_words(const struct suan_ppool *o)
{
	return o->nodes.count / WORD_BITS + 1;
}

static void set_bits(const struct suan_ppool *o, const struct suan_window *w, bool on,
		     uint64_t *bits)
{
	for (uint32_t i = 0; i < w->count && w->nodes[i] < o->nodes.count; i++) {
		uint64_t bit = UINT64_C(1) << (w->nodes[i] % WORD_BITS);

		if (on)
			bits[w->nodes[i] / WORD_BITS] |= bit;
		else
			bits[w->nodes[i] / WORD_BITS] &= ~bit;
	}
}

int64_t suan_window_latest(const struct suan_window *w, int64_t limit_ms)
{
	int64_t latest = w->to_ms - limit_ms;

	if (limit_ms > w->to_ms - w->from_ms)
		return INT64_MIN;
	if (latest < w->from_ms + SUAN_WINDOW_LATE_MS)
		latest = w->from_ms + SUAN_WINDOW_LATE_MS;
	return latest < w->to_ms ? latest : w->to_ms - 1;
}

const uint64_t *suan_window_hide(const struct suan_planner *p, const struct suan_ppool *o,
				 uint32_t group, const int64_t span[2], uint64_t *bits)
{
	const struct suan_pwindow *own = group ? suan_window_find(p, group) : NULL;
	bool any = group != 0;

	memset(bits, group ? 0xff : 0, suan_window_words(o) * sizeof(*bits));
	if (own && span[0] >= own->w.from_ms &&
	    span[0] <= suan_window_latest(&own->w, span[1] - span[0]))
		set_bits(o, &own->w, false, bits);
	for (uint32_t i = 0; i < o->nwindows; i++) {
		const struct suan_window *w = &p->windows[o->first_window + i].w;

		if (w->from_ms >= span[1] || w->to_ms <= span[0] || (own && w == &own->w))
			continue;
		set_bits(o, w, true, bits);
		any = true;
	}
	return any ? bits : NULL;
}

int64_t suan_window_next(const struct suan_planner *p, const struct suan_ppool *o, int64_t now_ms)
{
	int64_t next = SUAN_FOREVER;

	for (uint32_t i = 0; i < o->nwindows; i++) {
		const struct suan_window *w = &p->windows[o->first_window + i].w;

		if (w->from_ms > now_ms && w->from_ms < next)
			next = w->from_ms;
		if (w->to_ms > now_ms && w->to_ms < next)
			next = w->to_ms;
	}
	return next;
}

static bool holds_node(const struct suan_window *w, uint32_t node, uint32_t *ret)
{
	uint32_t lo = 0, n = w->count;

	while (n > 0) {
		uint32_t half = n / 2;

		if (w->nodes[lo + half] < node) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	*ret = lo;
	return lo < w->count && w->nodes[lo] == node;
}

static uint32_t usable_of(const struct suan_ppool *o, const struct suan_window *w)
{
	uint32_t n;

	(void)holds_node(w, o->nodes.usable, &n);
	return n;
}

uint32_t suan_window_usable(const struct suan_planner *p, const struct suan_pwindow *w)
{
	return usable_of(&p->pools[w->w.pool], &w->w);
}

/* ---- profiles ---- */

/* n whole nodes. */
static struct suan_vec whole(const struct suan_ppool *o, uint32_t n)
{
	struct suan_vec v = {.memory = (int64_t)(n * o->nodes.memory),
			     .cores = (int32_t)(n * o->nodes.cores),
			     .gpus = (int32_t)(n * o->nodes.gpus), .nodes = (int32_t)n};

	return v;
}

/* What the run takes of the usable nodes of the window, whole nodes apart; false: nothing. */
static bool taken_of(const struct suan_ppool *o, const struct suan_window *w,
		     const struct suan_prun *r, struct suan_vec *ret)
{
	uint32_t nodes = 0, tasks = 0, at;

	for (uint32_t k = 0; k < r->nplaces; k++) {
		if (r->places[k].node >= o->nodes.usable || !holds_node(w, r->places[k].node, &at))
			continue;
		nodes++;
		tasks += r->places[k].tasks;
	}
	if (r->req.exclusive)
		*ret = whole(o, nodes);
	else
		*ret = (struct suan_vec){.memory = (int64_t)(tasks * r->req.memory),
					 .cores = (int32_t)(tasks * r->req.cores),
					 .gpus = (int32_t)(tasks * r->req.gpus)};
	ret->nodes = 0;
	return nodes > 0;
}

/* Takes *v less from [from, to), as far as that is some time. */
static enum suan_code give(struct suan_profile *f, struct suan_vec v, int64_t from, int64_t to)
{
	struct suan_vec less = suan_vec_times(&v, -1);

	return from < to ? suan_profile_reserve(f, &less, from, to) : SUAN_OK;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* All of the nodes go, and what runs hold of them comes back: that was not free anyway. */
static enum suan_code mask_one(const struct suan_planner *p, const struct suan_ppool *o,
			       const struct suan_window *w, bool idle, struct suan_profile *f)
{
	uint32_t n = usable_of(o, w);
	struct suan_vec v = whole(o, n);
	enum suan_code rc;

	v.nodes = idle ? v.nodes : 0;
	rc = suan_profile_reserve(f, &v, w->from_ms, w->to_ms);
	for (size_t i = 0; i < o->nends && rc == SUAN_OK; i++) {
		const struct suan_pend *e = &o->ends[i];

		if (e->idle != SUAN_OVER && taken_of(o, w, suan_prun_at(p, e->run), &v))
			rc = give(f, v, w->from_ms, least(e->end_ms, w->to_ms));
	}
	for (uint32_t i = 0; i < n && idle && rc == SUAN_OK; i++) {
		const struct suan_node *node = &o->nodes.list[w->nodes[i]];

		if (node->runs > 0)
			rc = give(f, (struct suan_vec){.nodes = 1}, w->from_ms,
				  least(node->idle_at, w->to_ms));
	}
	return rc;
}

enum suan_code suan_window_mask(const struct suan_planner *p, const struct suan_ppool *o, bool idle,
				struct suan_profile *f)
{
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < o->nwindows && rc == SUAN_OK; i++)
		rc = mask_one(p, o, &p->windows[o->first_window + i].w, idle, f);
	return rc;
}

enum suan_code suan_window_profile(const struct suan_planner *p, const struct suan_pwindow *pw,
				   int64_t now_ms, struct suan_profile *ret)
{
	const struct suan_window *w = &pw->w;
	const struct suan_ppool *o = &p->pools[w->pool];
	uint32_t n = usable_of(o, w), at;
	struct suan_vec v = whole(o, n);
	int64_t *idle = calloc(n + 1u, sizeof(*idle));
	enum suan_code rc = idle ? suan_profile_reset(ret, &v, 0) : SUAN_ENOMEM;

	for (size_t i = 0; i < o->nends && rc == SUAN_OK; i++) {
		const struct suan_prun *r = suan_prun_at(p, o->ends[i].run);
		int64_t end = suan_run_end(r->start_ms, r->duration_ms, r->limit_ms, now_ms);

		if (o->ends[i].idle == SUAN_OVER || !taken_of(o, w, r, &v))
			continue;
		rc = suan_profile_reserve(ret, &v, INT64_MIN, end);
		for (uint32_t k = 0; k < r->nplaces; k++)
			if (holds_node(w, r->places[k].node, &at) && at < n && idle[at] < end)
				idle[at] = end;
	}
	for (uint32_t i = 0; i < n && rc == SUAN_OK; i++)
		if (o->nodes.list[w->nodes[i]].runs > 0)
			rc = suan_profile_reserve(ret, &(struct suan_vec){.nodes = 1}, INT64_MIN,
						  idle[i]);
	free(idle);
	return rc;
}
