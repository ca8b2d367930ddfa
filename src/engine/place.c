/* Which nodes a start takes; see place.h. */
#include "engine/place.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define WORD_BITS 64u

static struct suan_room need_of(const struct suan_req *req, uint64_t tasks)
{
	struct suan_room d = {req->memory * tasks, req->cores * tasks, req->gpus * tasks};

	return d;
}

/* Tasks that fit what is free. */
static uint64_t tasks_in(const struct suan_req *req, uint32_t cores, uint32_t gpus, uint64_t memory)
{
	uint64_t most = UINT32_MAX;

	if (req->cores > 0 && cores / req->cores < most)
		most = cores / req->cores;
	if (req->gpus > 0 && gpus / req->gpus < most)
		most = gpus / req->gpus;
	if (req->memory > 0 && memory / req->memory < most)
		most = memory / req->memory;
	return most;
}

static uint32_t left_u32(uint32_t all, uint32_t used)
{
	return all > used ? all - used : 0;
}

static uint32_t free_cores(const struct suan_nodes *n, uint32_t i)
{
	return n->list[i].whole ? 0 : left_u32(n->cores, n->list[i].cores);
}

static uint32_t free_gpus(const struct suan_nodes *n, uint32_t i)
{
	return n->list[i].whole ? 0 : left_u32(n->gpus, n->list[i].gpus);
}

static uint64_t free_memory(const struct suan_nodes *n, uint32_t i)
{
	uint64_t used = n->list[i].memory;

	return n->list[i].whole || used >= n->memory ? 0 : n->memory - used;
}

static void room_of(const struct suan_nodes *n, uint32_t i, struct suan_room *ret)
{
	ret->memory = free_memory(n, i);
	ret->cores = free_cores(n, i);
	ret->gpus = free_gpus(n, i);
}

static bool holds(const struct suan_nodes *n, uint32_t i, const struct suan_room *d)
{
	return d->cores <= free_cores(n, i) && d->gpus <= free_gpus(n, i) &&
	       d->memory <= free_memory(n, i);
}

/* ---- what a pool admits ---- */

enum suan_reason suan_nodes_admit(const struct suan_nodes *n, const struct suan_req *req,
				  int64_t *a, int64_t *b)
{
	uint64_t cap = tasks_in(req, n->cores, n->gpus, n->memory), most;

	*a = req->cores;
	*b = n->cores;
	if (req->cores > n->cores)
		return SUAN_R_TOO_MANY_CORES;
	*a = (int64_t)req->memory;
	*b = (int64_t)n->memory;
	if (req->memory > n->memory)
		return SUAN_R_TOO_MUCH_MEMORY;
	*a = req->gpus;
	*b = n->gpus;
	if (req->gpus > n->gpus)
		return SUAN_R_TOO_MANY_GPUS;
	*a = req->nodes;
	*b = n->usable;
	if (req->nodes > n->usable)
		return SUAN_R_TOO_MANY_NODES;
	most = cap * (req->nodes > 0 ? req->nodes : n->usable);
	*a = req->tasks;
	*b = (int64_t)most;
	if (req->tasks > most)
		return SUAN_R_TOO_MANY_TASKS;
	*a = *b = 0;
	return SUAN_R_NONE;
}

/* Nodes of an exclusive request. */
static uint32_t whole_nodes(const struct suan_nodes *n, const struct suan_req *req)
{
	uint64_t cap;

	if (req->nodes > 0) /* of a run: its nodes may have become too small for it */
		return req->nodes;
	cap = tasks_in(req, n->cores, n->gpus, n->memory);
	assert(cap > 0);
	return (uint32_t)((req->tasks + cap - 1) / cap);
}

void suan_nodes_whole_vec(const struct suan_nodes *n, const struct suan_req *req,
			  struct suan_vec *ret)
{
	int32_t nodes = (int32_t)whole_nodes(n, req);

	ret->nodes = n->counted ? 0 : nodes;	/* which ones are idle is not known there */
	ret->zero = 0;
	ret->cores = nodes * (int32_t)n->cores;
	ret->gpus = nodes * (int32_t)n->gpus;
	ret->memory = nodes * (int64_t)n->memory;
}

/* ---- index ---- */

static uint64_t *set_of(const struct suan_nodes *n, uint32_t cores)
{
	return n->sets + (size_t)cores * (n->words + n->sums);
}

static uint64_t *idle_set(const struct suan_nodes *n)
{
	return set_of(n, n->cores + 1);
}

static uint64_t *gpu_set(const struct suan_nodes *n, uint32_t gpus)
{
	return n->by_gpus + (size_t)gpus * (n->words + n->sums);
}

static bool set_empty(const struct suan_nodes *n, const uint64_t *set)
{
	for (uint32_t i = 0; i < n->sums; i++)
		if (set[n->words + i])
			return false;
	return true;
}

static void set_add(const struct suan_nodes *n, uint64_t *set, uint32_t i)
{
	uint32_t w = i / WORD_BITS;

	assert(!(set[w] >> (i % WORD_BITS) & 1));
	set[w] |= UINT64_C(1) << (i % WORD_BITS);
	set[n->words + w / WORD_BITS] |= UINT64_C(1) << (w % WORD_BITS);
}

static void set_drop(const struct suan_nodes *n, uint64_t *set, uint32_t i)
{
	uint32_t w = i / WORD_BITS;

	assert(set[w] >> (i % WORD_BITS) & 1);
	set[w] &= ~(UINT64_C(1) << (i % WORD_BITS));
	if (!set[w])
		set[n->words + w / WORD_BITS] &= ~(UINT64_C(1) << (w % WORD_BITS));
}

static bool set_has(const uint64_t *set, uint32_t i)
{
	return set[i / WORD_BITS] >> (i % WORD_BITS) & 1;
}

static uint32_t lowest(uint64_t word)
{
	return (uint32_t)__builtin_ctzll(word);
}

/* Lowest number ≥ from in the set; UINT32_MAX: none. */
static uint32_t set_next(const struct suan_nodes *n, const uint64_t *set, uint32_t from)
{
	uint32_t w = from / WORD_BITS, s;
	uint64_t word;

	if (w >= n->words)
		return UINT32_MAX;
	word = set[w] & (UINT64_MAX << (from % WORD_BITS));
	if (word)
		return w * WORD_BITS + lowest(word);
	w++;
	for (s = w / WORD_BITS; s < n->sums; s++) {
		word = set[n->words + s];
		if (s == w / WORD_BITS)
			word &= UINT64_MAX << (w % WORD_BITS);
		if (word) {
			w = s * WORD_BITS + lowest(word);
			return w * WORD_BITS + lowest(set[w]);
		}
	}
	return UINT32_MAX;
}

static void index_add(struct suan_nodes *n, uint32_t i)
{
	uint32_t cores = free_cores(n, i);

	if (!n->sets)
		return;
	set_add(n, set_of(n, cores), i);
	n->filled[cores / WORD_BITS] |= UINT64_C(1) << (cores % WORD_BITS);
	if (n->list[i].runs == 0)
		set_add(n, idle_set(n), i);
	if (n->by_gpus)
		set_add(n, gpu_set(n, free_gpus(n, i)), i);
}

static void index_drop(struct suan_nodes *n, uint32_t i)
{
	uint32_t cores = free_cores(n, i);

	if (!n->sets)
		return;
	set_drop(n, set_of(n, cores), i);
	if (set_empty(n, set_of(n, cores)))
		n->filled[cores / WORD_BITS] &= ~(UINT64_C(1) << (cores % WORD_BITS));
	if (n->list[i].runs == 0)
		set_drop(n, idle_set(n), i);
	if (n->by_gpus)
		set_drop(n, gpu_set(n, free_gpus(n, i)), i);
}

/* Smallest filled number of free cores ≥ from; UINT32_MAX: none. */
static uint32_t filled_up(const struct suan_nodes *n, uint32_t from)
{
	uint32_t words = n->cores / WORD_BITS + 1;

	for (uint32_t w = from / WORD_BITS; w < words; w++) {
		uint64_t word = n->filled[w];

		if (w == from / WORD_BITS)
			word &= UINT64_MAX << (from % WORD_BITS);
		if (word)
			return w * WORD_BITS + lowest(word);
	}
	return UINT32_MAX;
}

/* Largest filled number of free cores < below; UINT32_MAX: none. */
static uint32_t filled_down(const struct suan_nodes *n, uint32_t below)
{
	while (below > 0) {
		uint32_t w = (below - 1) / WORD_BITS, bit = (below - 1) % WORD_BITS;
		uint64_t word = n->filled[w] & (UINT64_MAX >> (WORD_BITS - 1 - bit));

		if (word)
			return w * WORD_BITS + WORD_BITS - 1 - (uint32_t)__builtin_clzll(word);
		below = w * WORD_BITS;
	}
	return UINT32_MAX;
}

/* ---- choice of one node; `used` are the nodes taken already (small pools only: large ones drop
 * them from the index while they search) ---- */

static uint32_t best_small(const struct suan_nodes *n, const struct suan_room *d, uint64_t used)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; i < n->usable; i++) {
		if (used >> i & 1 || !holds(n, i, d))
			continue;
		if (best == UINT32_MAX || free_cores(n, i) < free_cores(n, best))
			best = i;
	}
	return best;
}

static uint32_t best_large(const struct suan_nodes *n, const struct suan_room *d)
{
	uint32_t cores = d->cores > n->cores ? UINT32_MAX : filled_up(n, (uint32_t)d->cores);

	for (; cores != UINT32_MAX; cores = filled_up(n, cores + 1)) {
		const uint64_t *set = set_of(n, cores);
		uint32_t i = set_next(n, set, 0);

		for (; i != UINT32_MAX; i = set_next(n, set, i + 1))
			if (holds(n, i, d))
				return i;
	}
	return UINT32_MAX;
}

/* ---- the same by fragmentation ---- */

struct choice {
	int64_t growth;
	uint32_t node, gpus, cores;
};

static void weigh(const struct suan_nodes *n, uint32_t i, const struct suan_room *d,
		  struct choice *best)
{
	struct choice c = {.node = i, .gpus = free_gpus(n, i), .cores = free_cores(n, i)};
	struct suan_room free;

	room_of(n, i, &free);
	c.growth = suan_fragment_growth(n->mix, n->gpu_kind, &free, d);
	if (best->node != UINT32_MAX) {
		if (c.growth != best->growth ? c.growth > best->growth
		    : c.gpus != best->gpus   ? c.gpus > best->gpus
		    : c.cores != best->cores ? c.cores > best->cores
					     : c.node > best->node)
			return;
	}
	*best = c;
}

/* Nodes with so many free accelerators: of idle ones, which are all alike, the first; of the others
 * the first SUAN_NODES_WEIGHED that hold it. What is like the one before is not weighed again: the
 * lower number wins. */
static void weigh_set(const struct suan_nodes *n, uint32_t gpus, const struct suan_room *d,
		      struct choice *best)
{
	const uint64_t *set = gpu_set(n, gpus), *idle = idle_set(n);
	struct suan_room last = {UINT64_MAX, 0, 0}, free;
	uint32_t i = gpus == n->gpus ? set_next(n, idle, 0) : UINT32_MAX, count = 0;

	if (i != UINT32_MAX && holds(n, i, d))
		weigh(n, i, d, best);
	for (uint32_t w = 0; w < n->words && count < SUAN_NODES_WEIGHED; w++) {
		uint64_t word = set[w] & ~idle[w];

		for (; word && count < SUAN_NODES_WEIGHED; word &= word - 1) {
			i = w * WORD_BITS + lowest(word);
			room_of(n, i, &free);
			if (!holds(n, i, d))
				continue;
			count++;
			if (free.memory != last.memory || free.cores != last.cores)
				weigh(n, i, d, best);
			last = free;
		}
	}
}

/* Where all accelerators are in use nothing becomes useless: the fewest free cores. */
static uint32_t best_without(const struct suan_nodes *n, const struct suan_room *d)
{
	const uint64_t *only = gpu_set(n, 0);
	uint32_t cores = UINT32_MAX;

	if (!set_empty(n, only) && d->cores <= n->cores)
		cores = filled_up(n, (uint32_t)d->cores);
	for (; cores != UINT32_MAX; cores = filled_up(n, cores + 1)) {
		const uint64_t *set = set_of(n, cores);

		for (uint32_t w = 0; w < n->words; w++) {
			for (uint64_t word = set[w] & only[w]; word; word &= word - 1) {
				uint32_t i = w * WORD_BITS + lowest(word);

				if (holds(n, i, d))
					return i;
			}
		}
	}
	return UINT32_MAX;
}

static uint32_t least_growth(const struct suan_nodes *n, const struct suan_room *d, uint64_t used)
{
	struct choice best = {.node = UINT32_MAX};
	uint32_t i = n->by_gpus && d->gpus == 0 ? best_without(n, d) : UINT32_MAX;

	if (i != UINT32_MAX)
		return i;
	if (n->by_gpus) {
		for (uint64_t gpus = d->gpus; gpus <= n->gpus; gpus++)
			weigh_set(n, (uint32_t)gpus, d, &best);
		return best.node;
	}
	for (i = 0; i < n->usable; i++)
		if (!(used >> i & 1) && holds(n, i, d))
			weigh(n, i, d, &best);
	return best.node;
}

/* The node with the fewest free cores that holds it, or where fragmentation grows least. */
static uint32_t best_fit(const struct suan_nodes *n, const struct suan_room *d, uint64_t used)
{
	if (n->mix && n->gpus > 0)
		return least_growth(n, d, used);
	return n->sets ? best_large(n, d) : best_small(n, d, used);
}

static uint64_t room(const struct suan_nodes *n, const struct suan_req *req, uint32_t i)
{
	return tasks_in(req, free_cores(n, i), free_gpus(n, i), free_memory(n, i));
}

static uint32_t roomiest_small(const struct suan_nodes *n, const struct suan_req *req,
			       uint64_t used, uint64_t *ret_room)
{
	uint32_t best = UINT32_MAX;

	*ret_room = 0;
	for (uint32_t i = 0; i < n->usable; i++) {
		uint64_t here = used >> i & 1 ? 0 : room(n, req, i);

		if (here > *ret_room || (here > 0 && here == *ret_room &&
					 free_cores(n, i) > free_cores(n, best))) {
			best = i;
			*ret_room = here;
		}
	}
	return best;
}

static uint32_t roomiest_large(const struct suan_nodes *n, const struct suan_req *req,
			       uint64_t *ret_room)
{
	uint32_t best = UINT32_MAX, cores = filled_down(n, n->cores + 1);

	*ret_room = 0;
	for (; cores != UINT32_MAX; cores = filled_down(n, cores)) {
		uint64_t bound = tasks_in(req, cores, n->gpus, n->memory);
		const uint64_t *set = set_of(n, cores);

		for (uint32_t i = bound > *ret_room ? set_next(n, set, 0) : UINT32_MAX;
		     i != UINT32_MAX && *ret_room < bound; i = set_next(n, set, i + 1)) {
			uint64_t here = room(n, req, i);

			if (here > *ret_room) {
				best = i;
				*ret_room = here;
			}
		}
		if (cores == 0)
			break;
	}
	return best;
}

/* The node with room for most tasks. */
static uint32_t roomiest(const struct suan_nodes *n, const struct suan_req *req, uint64_t used,
			 uint64_t *ret_room)
{
	return n->sets ? roomiest_large(n, req, ret_room) : roomiest_small(n, req, used, ret_room);
}

/* ---- choice of all nodes ---- */

static void put(struct suan_place *ret, uint32_t node, uint64_t tasks)
{
	ret->node = node;
	ret->tasks = (uint32_t)tasks;
}

/* Tasks on the i-th of N nodes. */
static uint64_t share(const struct suan_req *req, uint32_t i)
{
	return req->tasks / req->nodes + (i < req->tasks % req->nodes);
}

static uint32_t find_whole(const struct suan_nodes *n, const struct suan_req *req, uint64_t used,
			   struct suan_place *ret)
{
	uint64_t cap = tasks_in(req, n->cores, n->gpus, n->memory), left = req->tasks;
	uint32_t want = whole_nodes(n, req), count = 0, i = 0;

	for (; count < want && i < n->usable; i++) {
		uint64_t here = req->nodes > 0 ? share(req, count) : (left < cap ? left : cap);

		if (n->sets)
			i = set_next(n, idle_set(n), i);
		if (i == UINT32_MAX)
			break;
		if (n->list[i].runs > 0 || (!n->sets && used >> i & 1))
			continue;
		put(&ret[count++], i, here);
		left -= here;
	}
	return count == want ? count : 0;
}

static void hide(struct suan_nodes *n, uint32_t i, uint64_t *used)
{
	if (n->sets)
		index_drop(n, i);
	else
		*used |= UINT64_C(1) << i;
}

static uint32_t find_spread(struct suan_nodes *n, const struct suan_req *req, uint64_t used,
			    struct suan_place *ret)
{
	uint32_t count = 0;

	while (count < req->nodes) {
		struct suan_room d = need_of(req, share(req, count));
		uint32_t i = best_fit(n, &d, used);

		if (i == UINT32_MAX)
			break;
		put(&ret[count], i, share(req, count));
		count++;
		hide(n, i, &used);
	}
	for (uint32_t k = 0; k < count; k++)
		index_add(n, ret[k].node);
	return count == req->nodes ? count : 0;
}

static uint32_t find_packed(struct suan_nodes *n, const struct suan_req *req, uint64_t used,
			    struct suan_place *ret)
{
	uint64_t left = req->tasks, here;
	uint32_t count = 0, hidden, i;

	for (;;) {
		struct suan_room d = need_of(req, left);

		i = best_fit(n, &d, used);
		if (i != UINT32_MAX) {
			put(&ret[count], i, left);
			break;
		}
		i = roomiest(n, req, used, &here);
		if (i == UINT32_MAX)
			break;
		assert(here < left);
		put(&ret[count++], i, here);
		left -= here;
		hide(n, i, &used);
	}
	hidden = count;
	for (uint32_t k = 0; k < hidden; k++)
		index_add(n, ret[k].node);
	return i == UINT32_MAX ? 0 : count + 1;
}

/* Where another scheduler chooses: the sums say whether, and how many nodes it takes is known. */
static uint32_t find_counted(const struct suan_nodes *n, const struct suan_req *req,
			     struct suan_place *ret)
{
	uint64_t cap = tasks_in(req, n->cores, n->gpus, n->memory), left = req->tasks;
	uint32_t want = req->exclusive ? whole_nodes(n, req) : req->nodes > 0 ? req->nodes : 1;

	for (uint32_t i = 0; i < want; i++) {
		uint64_t here = left;

		if (req->nodes > 0)
			here = share(req, i);
		else if (req->exclusive)
			here = left < cap ? left : cap;
		put(&ret[i], SUAN_NO_NODE, here);
		left -= here;
	}
	return want;
}

uint32_t suan_nodes_most(const struct suan_nodes *n, const struct suan_req *req)
{
	if (req->nodes > 0)
		return req->nodes;
	return req->tasks < n->usable ? req->tasks : n->usable;
}

static uint32_t find(struct suan_nodes *n, const struct suan_req *req, uint64_t used,
		     struct suan_place *ret)
{
	if (n->counted || suan_nodes_loose(n)) {
		struct suan_vec v;

		suan_nodes_vec(n, req, &v);
		if (!suan_vec_fits(&v, &n->free))
			return 0;
	}
	if (n->counted)
		return find_counted(n, req, ret);
	if (req->exclusive)
		return find_whole(n, req, used, ret);
	if (req->nodes > 0)
		return find_spread(n, req, used, ret);
	return find_packed(n, req, used, ret);
}

uint32_t suan_nodes_find(struct suan_nodes *n, const struct suan_req *req, struct suan_place *ret)
{
	return find(n, req, 0, ret);
}

uint32_t suan_nodes_find_but(struct suan_nodes *n, const struct suan_req *req,
			     const uint64_t *hidden, struct suan_place *ret)
{
	uint32_t count;

	if (!n->sets)
		return find(n, req, hidden[0], ret);
	for (uint32_t i = 0; i < n->usable; i++)
		if (set_has(hidden, i))
			index_drop(n, i);
	count = find(n, req, 0, ret);
	for (uint32_t i = 0; i < n->usable; i++)
		if (set_has(hidden, i))
			index_add(n, i);
	return count;
}

/* ---- taking and giving back ---- */

/* Can the sums stand it? What there is does not matter: it runs. */
static bool countable(const struct suan_nodes *n, const struct suan_req *req, uint32_t tasks)
{
	const struct suan_vec *l = &n->loose;
	uint64_t memory;

	if (req->exclusive)
		return (uint64_t)(l->nodes + 1) * (n->cores + n->gpus) <= INT32_MAX &&
		       n->memory < (uint64_t)INT64_MAX / ((uint64_t)l->nodes + 1);
	return suan_mul_u64(req->memory, tasks, &memory) &&
	       memory <= (uint64_t)(INT64_MAX / 2 - l->memory) &&
	       (uint64_t)req->cores * tasks <= (uint64_t)(INT32_MAX / 2 - l->cores) &&
	       (uint64_t)req->gpus * tasks <= (uint64_t)(INT32_MAX / 2 - l->gpus);
}

bool suan_nodes_can(const struct suan_nodes *n, const struct suan_req *req,
		    const struct suan_place *places, uint32_t nplaces)
{
	for (uint32_t k = 0; k < nplaces; k++) {
		struct suan_room d = need_of(req, places[k].tasks);

		if (places[k].node == SUAN_NO_NODE) {
			if (!countable(n, req, places[k].tasks))
				return false;
			continue;
		}
		if (places[k].node >= n->count || (k > 0 && places[k].node == places[k - 1].node))
			return false;
		if (n->list[places[k].node].whole || !holds(n, places[k].node, &d))
			return false;
		if (req->exclusive && n->list[places[k].node].runs > 0)
			return false;
	}
	return nplaces > 0;
}

static void node_vec(const struct suan_nodes *n, uint32_t i, struct suan_vec *ret)
{
	ret->cores = (int32_t)free_cores(n, i);
	ret->gpus = (int32_t)free_gpus(n, i);
	ret->memory = (int64_t)free_memory(n, i);
	ret->nodes = n->list[i].runs == 0;
	ret->zero = 0;
}

static void enter(struct suan_nodes *n, uint32_t i)
{
	struct suan_vec v;

	if (i >= n->usable)
		return;
	node_vec(n, i, &v);
	suan_vec_add(&n->free, &v);
	index_add(n, i);
}

static void leave(struct suan_nodes *n, uint32_t i)
{
	struct suan_vec v;

	if (i >= n->usable)
		return;
	node_vec(n, i, &v);
	suan_vec_sub(&n->free, &v);
	index_drop(n, i);
}

/* Of a run without node numbers: it counts in the sums; sign −1: no longer. */
static void count_loose(struct suan_nodes *n, const struct suan_req *req, uint32_t tasks,
			int32_t sign)
{
	struct suan_room d = need_of(req, tasks);
	struct suan_vec v = {0};

	if (req->exclusive) {
		v.nodes = sign;
		d = (struct suan_room){n->memory, n->cores, n->gpus};
	}
	v.cores = sign * (int32_t)d.cores;
	v.gpus = sign * (int32_t)d.gpus;
	v.memory = sign * (int64_t)d.memory;
	if (req->exclusive)
		n->loose.nodes += sign;
	else
		suan_vec_add(&n->loose, &v);
	v.nodes = 0;
	suan_vec_sub(&n->free, &v);
}

/* What the runs without node numbers take, from *free. */
static void drop_loose(const struct suan_nodes *n, struct suan_vec *free)
{
	struct suan_vec v = n->loose;

	v.cores += (int32_t)((uint32_t)v.nodes * n->cores);
	v.gpus += (int32_t)((uint32_t)v.nodes * n->gpus);
	v.memory += v.nodes * (int64_t)n->memory;
	v.nodes = 0;
	suan_vec_sub(free, &v);
}

/* In a small pool, on a node with room for all that it holds: sums change by what comes or goes. */
static bool is_plain(const struct suan_nodes *n, uint32_t i, const struct suan_room *more)
{
	const struct suan_node *x = &n->list[i];

	return !n->sets && i < n->usable && !x->whole && x->cores + more->cores <= n->cores &&
	       x->gpus + more->gpus <= n->gpus && x->memory + more->memory <= n->memory;
}

static void take_plain(struct suan_nodes *n, struct suan_node *x, const struct suan_room *d)
{
	n->free.nodes -= x->runs == 0;
	n->free.cores -= (int32_t)d->cores;
	n->free.gpus -= (int32_t)d->gpus;
	n->free.memory -= (int64_t)d->memory;
	x->runs++;
	x->cores += (uint32_t)d->cores;
	x->gpus += (uint32_t)d->gpus;
	x->memory += d->memory;
}

static void give_plain(struct suan_nodes *n, struct suan_node *x, const struct suan_room *d)
{
	assert(x->runs > 0 && x->cores >= d->cores && x->gpus >= d->gpus && x->memory >= d->memory);
	x->runs--;
	x->cores -= (uint32_t)d->cores;
	x->gpus -= (uint32_t)d->gpus;
	x->memory -= d->memory;
	n->free.nodes += x->runs == 0;
	n->free.cores += (int32_t)d->cores;
	n->free.gpus += (int32_t)d->gpus;
	n->free.memory += (int64_t)d->memory;
}

void suan_nodes_take(struct suan_nodes *n, const struct suan_req *req,
		     const struct suan_place *places, uint32_t nplaces)
{
	for (uint32_t k = 0; k < nplaces; k++) {
		struct suan_room d = need_of(req, places[k].tasks);
		struct suan_node *node;

		if (places[k].node == SUAN_NO_NODE) {
			count_loose(n, req, places[k].tasks, 1);
			continue;
		}
		node = &n->list[places[k].node];
		assert(places[k].node < n->count && !node->whole);
		if (!req->exclusive && is_plain(n, places[k].node, &d)) {
			take_plain(n, node, &d);
			continue;
		}
		leave(n, places[k].node);
		node->runs++;
		if (req->exclusive) {
			node->whole = 1;
		} else {
			node->cores += (uint32_t)d.cores;
			node->gpus += (uint32_t)d.gpus;
			node->memory += d.memory;
		}
		enter(n, places[k].node);
	}
}

int64_t suan_nodes_cost(const struct suan_nodes *n, const struct suan_req *req,
			const struct suan_place *places, uint32_t nplaces, uint64_t *ret_gpus)
{
	int64_t sum = 0;

	*ret_gpus = 0;
	for (uint32_t k = 0; n->mix && n->gpus > 0 && k < nplaces; k++) {
		struct suan_room need = need_of(req, places[k].tasks), free;

		if (places[k].node == SUAN_NO_NODE)
			continue;
		room_of(n, places[k].node, &free);
		if (req->exclusive)
			need = free;
		*ret_gpus += free.gpus;
		sum += suan_fragment_growth(n->mix, n->gpu_kind, &free, &need);
	}
	return sum;
}

void suan_nodes_give(struct suan_nodes *n, const struct suan_req *req,
		     const struct suan_place *places, uint32_t nplaces)
{
	static const struct suan_room nothing;

	for (uint32_t k = 0; k < nplaces; k++) {
		struct suan_room d = need_of(req, places[k].tasks);
		struct suan_node *node;

		if (places[k].node == SUAN_NO_NODE) {
			count_loose(n, req, places[k].tasks, -1);
			continue;
		}
		node = &n->list[places[k].node];
		assert(places[k].node < n->count && node->runs > 0);
		if (!req->exclusive && is_plain(n, places[k].node, &nothing)) {
			give_plain(n, node, &d);
			continue;
		}
		leave(n, places[k].node);
		node->runs--;
		if (req->exclusive) {
			assert(node->whole);
			node->whole = 0;
		} else {
			assert(node->cores >= d.cores && node->memory >= d.memory);
			assert(node->gpus >= d.gpus);
			node->cores -= (uint32_t)d.cores;
			node->gpus -= (uint32_t)d.gpus;
			node->memory -= d.memory;
		}
		enter(n, places[k].node);
	}
}

/* ---- shape ---- */

static size_t sets_words(const struct suan_nodes *n)
{
	return (size_t)(n->cores + 2) * (n->words + n->sums);
}

enum suan_code suan_nodes_define(struct suan_nodes *n, uint32_t usable, uint32_t cores,
				 uint32_t gpus, uint64_t memory)
{
	struct suan_nodes fresh = *n;

	if ((uint64_t)usable * cores > INT32_MAX || (uint64_t)usable * gpus > INT32_MAX ||
	    (memory > 0 && usable > INT64_MAX / memory))
		return SUAN_EINVAL;
	fresh.count = usable > n->count ? usable : n->count;
	fresh.usable = usable;
	fresh.cores = cores;
	fresh.gpus = gpus;
	fresh.memory = memory;
	fresh.sets = fresh.filled = fresh.by_gpus = NULL;
	fresh.words = (usable + WORD_BITS - 1) / WORD_BITS;
	fresh.sums = (fresh.words + WORD_BITS - 1) / WORD_BITS;
	fresh.list = calloc(fresh.count ? fresh.count : 1, sizeof(*fresh.list));
	if (!fresh.list)
		return SUAN_ENOMEM;
	if (usable > SUAN_NODES_SMALL) {
		fresh.sets = calloc(sets_words(&fresh), sizeof(*fresh.sets));
		fresh.filled = calloc(cores / WORD_BITS + 1, sizeof(*fresh.filled));
		if (gpus > 0)
			fresh.by_gpus = calloc((size_t)(gpus + 1) * (fresh.words + fresh.sums),
					       sizeof(*fresh.by_gpus));
		if (!fresh.sets || !fresh.filled || (gpus > 0 && !fresh.by_gpus)) {
			suan_nodes_done(&fresh);
			return SUAN_ENOMEM;
		}
	}
	if (n->count > 0)
		memcpy(fresh.list, n->list, n->count * sizeof(*fresh.list));
	suan_nodes_done(n);
	*n = fresh;
	memset(&n->free, 0, sizeof(n->free));
	for (uint32_t i = 0; i < usable; i++)
		enter(n, i);
	drop_loose(n, &n->free);
	return SUAN_OK;
}

enum suan_code suan_nodes_copy(struct suan_nodes *to, const struct suan_nodes *from)
{
	enum suan_code rc = suan_nodes_define(to, from->count, from->cores, from->gpus,
					      from->memory);

	if (rc != SUAN_OK)
		return rc;
	if (from->count > 0)
		memcpy(to->list, from->list, from->count * sizeof(*from->list));
	to->loose = from->loose;
	to->counted = from->counted;
	to->mix = from->mix;
	to->gpu_kind = from->gpu_kind;
	/* a second time, now that the list says what is used: sums and index follow */
	return suan_nodes_define(to, from->usable, from->cores, from->gpus, from->memory);
}

void suan_nodes_done(struct suan_nodes *n)
{
	free(n->list);
	free(n->sets);
	free(n->filled);
	free(n->by_gpus);
	memset(n, 0, sizeof(*n));
}

size_t suan_nodes_memory(const struct suan_nodes *n)
{
	size_t bytes = n->count * sizeof(*n->list);

	if (n->sets)
		bytes += (sets_words(n) + n->cores / WORD_BITS + 1) * sizeof(*n->sets);
	if (n->by_gpus)
		bytes += (size_t)(n->gpus + 1) * (n->words + n->sums) * sizeof(*n->by_gpus);
	return bytes;
}

bool suan_nodes_verify(const struct suan_nodes *n)
{
	struct suan_vec sum = {0}, v;

	for (uint32_t i = 0; i < n->usable; i++) {
		uint32_t cores = free_cores(n, i);

		node_vec(n, i, &v);
		suan_vec_add(&sum, &v);
		if (!n->sets)
			continue;
		if (!set_has(set_of(n, cores), i) ||
		    set_has(idle_set(n), i) != (n->list[i].runs == 0) ||
		    !(n->filled[cores / WORD_BITS] >> (cores % WORD_BITS) & 1))
			return false;
		if (n->by_gpus && !set_has(gpu_set(n, free_gpus(n, i)), i))
			return false;
	}
	drop_loose(n, &sum);
	return sum.cores == n->free.cores && sum.gpus == n->free.gpus &&
	       sum.memory == n->free.memory && sum.nodes == n->free.nodes;
}
