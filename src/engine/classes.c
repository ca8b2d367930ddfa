/* Waiting items by class; see classes.h. */
#include "engine/classes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"

#define NONE SUAN_NO_ITEM

/* ---- trees ---- */

static uint32_t size_of(const struct suan_classes *c, uint32_t i)
{
	return i == NONE ? 0 : c->items[i].size;
}

static struct suan_little lesser(struct suan_little a, struct suan_little b)
{
	a.cores = a.cores < b.cores ? a.cores : b.cores;
	a.brief = a.brief < b.brief ? a.brief : b.brief;
	return a;
}

static struct suan_little least_of(const struct suan_classes *c, uint32_t i)
{
	return i == NONE ? (struct suan_little){UINT16_MAX, UINT16_MAX} : c->items[i].least;
}

static void count_up(struct suan_classes *c, uint32_t i)
{
	struct suan_waiting *x = &c->items[i];

	x->size = size_of(c, x->left) + size_of(c, x->right) + 1;
	x->least = lesser(x->own, lesser(least_of(c, x->left), least_of(c, x->right)));
}

/* One is gone from below that asked for `own`: only what was least because of it is not so now. */
static void count_down(struct suan_classes *c, uint32_t i, struct suan_little own)
{
	struct suan_waiting *x = &c->items[i];

	if (x->least.cores < own.cores && x->least.brief < own.brief)
		x->size--;
	else
		count_up(c, i);
}

/* Puts `to` where `from` hangs. */
static void hang(struct suan_classes *c, uint32_t *root, uint32_t from, uint32_t to)
{
	uint32_t up = c->items[from].up;

	if (up == NONE)
		*root = to;
	else if (c->items[up].left == from)
		c->items[up].left = to;
	else
		c->items[up].right = to;
	if (to != NONE)
		c->items[to].up = up;
}

/* Turns i over its parent. */
static void rotate(struct suan_classes *c, uint32_t *root, uint32_t i)
{
	struct suan_waiting *x = &c->items[i];
	uint32_t p = x->up, inner;
	struct suan_waiting *y = &c->items[p];

	hang(c, root, p, i);
	if (y->left == i) {
		inner = x->right;
		y->left = inner;
		x->right = p;
	} else {
		inner = x->left;
		y->right = inner;
		x->left = p;
	}
	if (inner != NONE)
		c->items[inner].up = p;
	y->up = i;
	count_up(c, p);
	count_up(c, i);
}

static bool above(const struct suan_classes *c, uint32_t a, uint32_t b)
{
	return suan_hash_mix(c->items[a].id) < suan_hash_mix(c->items[b].id);
}

static void tree_add(struct suan_classes *c, uint32_t *root, uint32_t i)
{
	struct suan_waiting *x = &c->items[i];
	uint32_t at = *root, up = NONE;
	bool left = false;

	while (at != NONE) {
		up = at;
		c->items[at].size++;
		c->items[at].least = lesser(c->items[at].least, x->own);
		left = suan_classes_before(c, i, at);
		at = left ? c->items[at].left : c->items[at].right;
	}
	x->left = x->right = NONE;
	x->size = 1;
	x->least = x->own;
	x->up = up;
	if (up == NONE)
		*root = i;
	else if (left)
		c->items[up].left = i;
	else
		c->items[up].right = i;
	while (x->up != NONE && above(c, i, x->up))
		rotate(c, root, i);
}

static void tree_drop(struct suan_classes *c, uint32_t *root, uint32_t i)
{
	struct suan_waiting *x = &c->items[i];
	uint32_t up;

	while (x->left != NONE && x->right != NONE)
		rotate(c, root, above(c, x->left, x->right) ? x->left : x->right);
	up = x->up;
	hang(c, root, i, x->left != NONE ? x->left : x->right);
	for (; up != NONE; up = c->items[up].up)
		count_down(c, up, x->own);
}

static uint32_t tree_first(const struct suan_classes *c, uint32_t root)
{
	if (root == NONE)
		return NONE;
	while (c->items[root].left != NONE)
		root = c->items[root].left;
	return root;
}

static uint32_t tree_next(const struct suan_classes *c, uint32_t i)
{
	uint32_t up = c->items[i].up;

	if (c->items[i].right != NONE)
		return tree_first(c, c->items[i].right);
	while (up != NONE && c->items[up].right == i) {
		i = up;
		up = c->items[i].up;
	}
	return up;
}

static bool may_be(struct suan_little x, const struct suan_leeway *most)
{
	return x.cores <= most->cores && (x.cores <= most->spare || x.brief <= most->brief);
}

/* Is it worth going down there? What is least need not be so of one item. */
static bool may_hold(const struct suan_classes *c, uint32_t root, const struct suan_leeway *most)
{
	return root != NONE && may_be(c->items[root].least, most);
}

static uint32_t next_small(const struct suan_classes *c, uint32_t i, const struct suan_leeway *most)
{
	for (;;) {
		uint32_t up;

		if (may_hold(c, c->items[i].right, most)) {
			i = c->items[i].right;
			while (may_hold(c, c->items[i].left, most))
				i = c->items[i].left;
		} else {
			for (up = c->items[i].up; up != NONE && c->items[up].right == i;
			     up = c->items[i].up)
				i = up;
			if (up == NONE)
				return NONE;
			i = up;
		}
		if (may_be(c->items[i].own, most))
			return i;
	}
}

/* How many of the tree come before item i. */
static uint64_t tree_rank(const struct suan_classes *c, uint32_t root, uint32_t i)
{
	uint64_t rank = 0;

	while (root != NONE) {
		if (suan_classes_before(c, root, i)) {
			rank += size_of(c, c->items[root].left) + 1u;
			root = c->items[root].right;
		} else {
			root = c->items[root].left;
		}
	}
	return rank;
}

/* ---- asks ---- */

void suan_ask_normal(const struct suan_ask *ask, struct suan_ask *ret)
{
	*ret = *ask;
	if (ret->req.tasks < 1)
		ret->req.tasks = 1;
	if (ret->req.cores < 1)
		ret->req.cores = 1;
	if (ret->req.nodes > ret->req.tasks && !ret->req.exclusive)
		ret->req.nodes = ret->req.tasks;
	if (ret->req.gpus == 0)
		ret->req.gpu_kind = 0;
	if (ret->duration_ms < 1)
		ret->duration_ms = 1;
	if (ret->limit_ms < ret->duration_ms)
		ret->limit_ms = ret->duration_ms;
	if (ret->fit_ms < 1 || ret->fit_ms > ret->duration_ms)
		ret->fit_ms = ret->duration_ms;
	if (!ret->allow || ret->nallow == 0) {
		ret->allow = NULL;
		ret->nallow = 0;
	}
}

bool suan_ask_allows(const uint64_t *allow, uint32_t nallow, uint32_t pool)
{
	return !allow || pool / 64 >= nallow || (allow[pool / 64] >> (pool % 64) & 1);
}

static uint32_t fold(uint64_t h)
{
	h = suan_hash_mix(h);
	return (uint32_t)(h ^ (h >> 32));
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * UINT64_C(0x9e3779b97f4a7c15) + (h >> 29);
}

static uint32_t shape_hash(const struct suan_ask *ask)
{
	const struct suan_req *r = &ask->req;
	uint64_t h = mix((uint64_t)r->tasks << 32 | r->nodes, (uint64_t)r->cores << 32 | r->gpus);

	h = mix(h, r->memory);
	h = mix(h, (uint64_t)r->gpu_kind << 1 | r->exclusive);
	for (uint32_t i = 0; i < ask->nallow; i++)
		h = mix(h, ask->allow[i]);
	if (ask->group)
		h = mix(h, ask->group);
	if (ask->arrivals)
		h = mix(h, ~(uint64_t)ask->arrivals);
	return fold(mix(h, ask->push.over));
}

static uint32_t ask_hash(uint32_t shape_hash_of, const struct suan_ask *ask)
{
	uint64_t h = mix(mix(shape_hash_of, (uint64_t)ask->duration_ms), (uint64_t)ask->limit_ms);

	h = mix(h, (uint64_t)ask->push.class << 1 | ask->push.saves);
	h = mix(h, (uint64_t)ask->push.grace_ms);
	h = mix(h, (uint64_t)ask->fit_ms);
	return fold(ask->quota ? mix(h, ask->quota) : h);
}

static bool same_shape(const struct suan_shape *s, const struct suan_ask *ask)
{
	const struct suan_req *x = &s->req, *y = &ask->req;

	return x->tasks == y->tasks && x->nodes == y->nodes && x->cores == y->cores &&
	       x->gpus == y->gpus && x->memory == y->memory && x->gpu_kind == y->gpu_kind &&
	       x->exclusive == y->exclusive && s->group == ask->group &&
	       s->arrivals == ask->arrivals &&
	       s->nallow == ask->nallow && s->over == ask->push.over &&
	       (s->nallow == 0 ||
		memcmp(s->allow, ask->allow, s->nallow * sizeof(*s->allow)) == 0);
}

static uint32_t find_shape(const struct suan_classes *c, const struct suan_ask *ask, uint32_t hash)
{
	size_t pos = 0;
	uint32_t i;

	do
		i = suan_table_next(&c->by_shape, hash, &pos);
	while (i != SUAN_TABLE_NONE && !same_shape(&c->shapes[i], ask));
	return i;
}

static uint32_t find_class(const struct suan_classes *c, const struct suan_ask *ask, uint32_t shape,
			   uint32_t hash)
{
	size_t pos = 0;
	uint32_t i;

	for (;;) {
		i = suan_table_next(&c->by_ask, hash, &pos);
		if (i == SUAN_TABLE_NONE ||
		    (c->classes[i].shape == shape && c->classes[i].limit_ms == ask->limit_ms &&
		     c->classes[i].duration_ms == ask->duration_ms &&
		     c->classes[i].push.class == ask->push.class &&
		     c->classes[i].push.saves == ask->push.saves &&
		     c->classes[i].push.grace_ms == ask->push.grace_ms &&
		     c->classes[i].fit_ms == ask->fit_ms &&
		     c->classes[i].quota == ask->quota))
			return i;
	}
}

uint32_t suan_classes_find_class(const struct suan_classes *c, const struct suan_ask *normal)
{
	uint32_t hash = shape_hash(normal), shape = find_shape(c, normal, hash);

	if (shape == SUAN_TABLE_NONE)
		return NONE;
	return find_class(c, normal, shape, ask_hash(hash, normal));
}

/* ---- slots; a free slot names the next free one in `class`, `head` or `hash` ---- */

static void shape_release(struct suan_classes *c, uint32_t i)
{
	struct suan_shape *s = &c->shapes[i];

	assert(s->classes == 0);
	suan_table_drop(&c->by_shape, s->hash, i);
	if (s->req.exclusive)
		c->exclusive--;
	if (s->group)
		c->grouped--;
	if (s->arrivals)
		c->delayed--;
	c->used_shapes--;
	free(s->pools);
	free(s->allow);
	memset(s, 0, sizeof(*s));
	s->hash = c->free_shape;
	c->free_shape = i;
}

static void class_release(struct suan_classes *c, uint32_t i)
{
	struct suan_class *k = &c->classes[i];

	assert(k->items == 0 && k->starts == 0);
	suan_table_drop(&c->by_ask, k->hash, i);
	if (--c->shapes[k->shape].classes == 0)
		shape_release(c, k->shape);
	k->head = NONE;
	k->root = c->free_class;
	c->free_class = i;
}

static enum suan_code shape_make(struct suan_classes *c, const struct suan_ask *ask, uint32_t hash,
				 uint32_t *ret)
{
	uint32_t i = c->free_shape;
	struct suan_shape *s;
	uint64_t *allow = NULL;

	if (suan_table_reserve(&c->by_shape) != SUAN_OK)
		return SUAN_ENOMEM;
	if (i == NONE &&
	    suan_grow(&c->shapes, &c->shapes_cap, c->nshapes + 1, sizeof(*c->shapes)) != SUAN_OK)
		return SUAN_ENOMEM;
	if (ask->nallow > 0) {
		allow = malloc(ask->nallow * sizeof(*allow));
		if (!allow)
			return SUAN_ENOMEM;
		memcpy(allow, ask->allow, ask->nallow * sizeof(*allow));
	}
	if (i == NONE)
		i = (uint32_t)c->nshapes++;
	else
		c->free_shape = c->shapes[i].hash;
	s = &c->shapes[i];
	memset(s, 0, sizeof(*s));
	s->req = ask->req;
	s->allow = allow;
	s->nallow = ask->nallow;
	s->over = ask->push.over;
	s->group = ask->group;
	s->arrivals = ask->arrivals;
	s->hash = hash;
	if (s->req.exclusive)
		c->exclusive++;
	if (s->group)
		c->grouped++;
	if (s->arrivals)
		c->delayed++;
	c->used_shapes++;
	suan_table_put(&c->by_shape, hash, i);
	*ret = i;
	return SUAN_OK;
}

static enum suan_code class_make(struct suan_classes *c, const struct suan_ask *ask, uint32_t *ret)
{
	uint32_t hash = shape_hash(ask), shape = find_shape(c, ask, hash), i = c->free_class;
	struct suan_class *k;

	if (suan_table_reserve(&c->by_ask) != SUAN_OK)
		return SUAN_ENOMEM;
	if (i == NONE && suan_grow(&c->classes, &c->classes_cap, c->nclasses + 1,
				   sizeof(*c->classes)) != SUAN_OK)
		return SUAN_ENOMEM;
	if (shape == SUAN_TABLE_NONE && shape_make(c, ask, hash, &shape) != SUAN_OK)
		return SUAN_ENOMEM;
	if (i == NONE)
		i = (uint32_t)c->nclasses++;
	else
		c->free_class = c->classes[i].root;
	k = &c->classes[i];
	memset(k, 0, sizeof(*k));
	k->duration_ms = ask->duration_ms;
	k->limit_ms = ask->limit_ms;
	k->fit_ms = ask->fit_ms;
	k->push = ask->push;
	k->shape = shape;
	k->quota = ask->quota;
	k->head = k->root = NONE;
	k->hash = ask_hash(hash, ask);
	c->shapes[shape].classes++;
	suan_table_put(&c->by_ask, k->hash, i);
	*ret = i;
	return SUAN_OK;
}

/* ---- items ---- */

void suan_classes_init(struct suan_classes *c)
{
	memset(c, 0, sizeof(*c));
	c->free_item = c->free_class = c->free_shape = c->heads = NONE;
}

void suan_classes_done(struct suan_classes *c)
{
	for (size_t i = 0; i < c->nshapes; i++) {
		free(c->shapes[i].pools);
		free(c->shapes[i].allow);
	}
	free(c->items);
	free(c->classes);
	free(c->shapes);
	suan_table_done(&c->by_id);
	suan_table_done(&c->by_ask);
	suan_table_done(&c->by_shape);
	suan_classes_init(c);
}

uint32_t suan_classes_find(const struct suan_classes *c, uint64_t id)
{
	uint32_t hash = fold(id), i;
	size_t pos = 0;

	do
		i = suan_table_next(&c->by_id, hash, &pos);
	while (i != SUAN_TABLE_NONE && c->items[i].id != id);
	return i;
}

/* Cores of so many starts, if they are not short. */
static suan_cores long_cores(const struct suan_classes *c, const struct suan_class *k, uint64_t n)
{
	const struct suan_req *r = &c->shapes[k->shape].req;

	return k->fit_ms > SUAN_SHORT_FIT_MS ? (suan_cores)n * r->tasks * r->cores : 0;
}

/* Hangs item i into its class. */
static void enqueue(struct suan_classes *c, uint32_t i)
{
	struct suan_class *k = &c->classes[c->items[i].class];

	if (k->head == NONE) {
		k->head = i;
		tree_add(c, &c->heads, i);
	} else if (suan_classes_before(c, i, k->head)) {
		tree_drop(c, &c->heads, k->head);
		tree_add(c, &k->root, k->head);
		k->head = i;
		tree_add(c, &c->heads, i);
	} else {
		tree_add(c, &k->root, i);
	}
	k->items++;
	k->starts += c->items[i].count;
	c->starts += c->items[i].count;
	c->long_cores += long_cores(c, k, c->items[i].count);
	c->count++;
}

static void dequeue(struct suan_classes *c, uint32_t i)
{
	struct suan_class *k = &c->classes[c->items[i].class];

	k->items--;
	k->starts -= c->items[i].count;
	c->starts -= c->items[i].count;
	c->long_cores -= long_cores(c, k, c->items[i].count);
	c->count--;
	if (k->head != i) {
		tree_drop(c, &k->root, i);
		return;
	}
	tree_drop(c, &c->heads, i);
	k->head = tree_first(c, k->root);
	if (k->head != NONE) {
		tree_drop(c, &k->root, k->head);
		tree_add(c, &c->heads, k->head);
	}
}

void suan_classes_drop(struct suan_classes *c, uint32_t item)
{
	struct suan_waiting *w = &c->items[item];
	uint32_t class = w->class;

	assert(class != NONE);
	suan_table_drop(&c->by_id, fold(w->id), item);
	dequeue(c, item);
	if (c->classes[class].items == 0)
		class_release(c, class);
	w->class = NONE;
	w->left = c->free_item;
	c->free_item = item;
}

void suan_classes_lower(struct suan_classes *c, uint32_t item, uint32_t by)
{
	struct suan_waiting *w = &c->items[item];

	assert(by <= w->count);
	if (by == w->count) {
		suan_classes_drop(c, item);
		return;
	}
	w->count -= by;
	c->starts -= by;
	c->long_cores -= long_cores(c, &c->classes[w->class], by);
	c->classes[w->class].starts -= by;
}

uint16_t suan_little_cores(uint64_t cores)
{
	return cores < UINT16_MAX ? (uint16_t)cores : UINT16_MAX;
}

uint16_t suan_little_brief(int64_t ms)
{
	return ms >> 14 < UINT16_MAX ? (uint16_t)(ms >> 14) : UINT16_MAX;
}

/* Whole nodes hold at least that much, too. */
static struct suan_little little_of(const struct suan_classes *c, const struct suan_class *k)
{
	const struct suan_req *req = &c->shapes[k->shape].req;

	return (struct suan_little){suan_little_cores((uint64_t)req->tasks * req->cores),
				    suan_little_brief(k->duration_ms)};
}

/* Room for one item, and its class. */
static enum suan_code prepare(struct suan_classes *c, const struct suan_ask *ask, uint32_t *ret)
{
	if (suan_table_reserve(&c->by_id) != SUAN_OK)
		return SUAN_ENOMEM;
	if (c->free_item == NONE &&
	    suan_grow(&c->items, &c->items_cap, c->nitems + 1, sizeof(*c->items)) != SUAN_OK)
		return SUAN_ENOMEM;
	*ret = suan_classes_find_class(c, ask);
	return *ret != NONE ? SUAN_OK : class_make(c, ask, ret);
}

enum suan_code suan_classes_add(struct suan_classes *c, const struct suan_item *item,
				uint32_t *ret_item)
{
	struct suan_ask ask;
	uint32_t class, i;
	struct suan_waiting *w;

	suan_ask_normal(&item->ask, &ask);
	if (prepare(c, &ask, &class) != SUAN_OK)
		return SUAN_ENOMEM;
	c->classes[class].items++;	/* must not go when the old item does */
	i = suan_classes_find(c, item->id);
	if (i != NONE)
		suan_classes_drop(c, i);
	c->classes[class].items--;
	i = c->free_item;
	if (i == NONE)
		i = (uint32_t)c->nitems++;
	else
		c->free_item = c->items[i].left;
	w = &c->items[i];
	memset(w, 0, sizeof(*w));
	w->id = item->id;
	w->priority = item->priority;
	w->key = item->key;
	w->firm_ms = item->firm_ms;
	w->count = item->count > 0 ? item->count : 1;
	w->class = class;
	w->own = little_of(c, &c->classes[class]);
	suan_table_put(&c->by_id, fold(w->id), i);
	enqueue(c, i);
	*ret_item = i;
	return SUAN_OK;
}

/* ---- walks ---- */

uint32_t suan_classes_first(const struct suan_classes *c)
{
	return tree_first(c, c->heads);
}

uint32_t suan_classes_next_head(const struct suan_classes *c, uint32_t head)
{
	return tree_next(c, head);
}

uint32_t suan_classes_next_small(const struct suan_classes *c, uint32_t head,
				 const struct suan_leeway *most)
{
	return next_small(c, head, most);
}

uint32_t suan_classes_next_same(const struct suan_classes *c, uint32_t item)
{
	const struct suan_class *k = &c->classes[c->items[item].class];

	return k->head == item ? tree_first(c, k->root) : tree_next(c, item);
}

uint64_t suan_classes_ahead(const struct suan_classes *c, uint32_t item)
{
	uint64_t ahead = 0;
	uint32_t head = suan_classes_first(c);

	for (; head != NONE && suan_classes_before(c, head, item); head = tree_next(c, head))
		ahead += 1 + tree_rank(c, c->classes[c->items[head].class].root, item);
	return ahead;
}

size_t suan_classes_memory(const struct suan_classes *c)
{
	size_t slots = c->by_id.cap + c->by_ask.cap + c->by_shape.cap;

	return c->items_cap * sizeof(*c->items) + c->classes_cap * sizeof(*c->classes) +
	       c->shapes_cap * sizeof(*c->shapes) + slots * sizeof(struct suan_table_slot);
}

static bool least_right(const struct suan_classes *c, uint32_t i)
{
	const struct suan_waiting *x = &c->items[i];
	struct suan_little y = lesser(x->own, lesser(least_of(c, x->left), least_of(c, x->right)));

	return x->least.cores == y.cores && x->least.brief == y.brief;
}

bool suan_classes_verify(const struct suan_classes *c)
{
	suan_cores cores = 0;
	uint64_t items = 0;

	for (uint32_t h = suan_classes_first(c); h != NONE; h = tree_next(c, h)) {
		const struct suan_class *k = &c->classes[c->items[h].class];
		uint32_t last = h, n = 1;
		uint64_t starts = c->items[h].count;

		for (uint32_t i = tree_first(c, k->root); i != NONE; i = tree_next(c, i)) {
			if (!suan_classes_before(c, last, i) || !least_right(c, i))
				return false;
			last = i;
			starts += c->items[i].count;
			n++;
		}
		if (k->head != h || k->items != n || k->starts != starts || !least_right(c, h))
			return false;
		items += n;
		cores += long_cores(c, k, starts);
	}
	return items == c->count && cores == c->long_cores;
}
