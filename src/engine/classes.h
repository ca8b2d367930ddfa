/* Waiting items. Items with the same ask form a class; classes with the same request and allow set
 * form a shape. The first item of each class stands in one tree (heads), the others in the tree of
 * their class, so that a pass meets each class once and need not look at what waits behind a head
 * that cannot start. Order: higher priority, then lower key, then lower id. Trees are treaps
 * (Seidel and Aragon 1996) whose heap key is the hash of the id, so that their shape depends on
 * their contents alone. */
#ifndef SUAN_ENGINE_CLASSES_H
#define SUAN_ENGINE_CLASSES_H

#include "base/err.h"
#include "engine/model.h"
#include "engine/planner.h"
#include "engine/planner_table.h"

#define SUAN_NO_ITEM UINT32_MAX
#define SUAN_SHORT_FIT_MS 300000 /* longer ones leave room for others */

/* Rounded down, and no more than fits: cores, and expected run time in units of 16.384 s. */
struct suan_little {
	uint16_t cores, brief;
};

/* So many cores are free, and so many more of them for long than until a planned start. */
struct suan_leeway {
	uint16_t cores, spare, brief;
};

struct suan_waiting {		/* one waiting item */
	uint64_t id;
	int64_t key, firm_ms;
	int64_t planned_ms;	/* of the pass `planned_pass` */
	int32_t priority;
	uint32_t count;
	uint32_t class;		/* SUAN_NO_ITEM: free slot */
	uint32_t left, right, up;
	uint32_t size;		/* items in this subtree */
	struct suan_little own, least;	/* what a start asks for at least; least in the subtree */
	uint32_t planned_pool, planned_pass, ahead;
	uint32_t slots;		/* starts that have one, see planner_slots.c */
	uint32_t due;		/* slots that the present pass started */
};

struct suan_class {
	int64_t duration_ms, limit_ms, fit_ms;
	uint64_t starts;	/* sum of the counts */
	uint32_t shape;
	uint32_t quota;		/* planner_quota.h */
	uint32_t head;		/* SUAN_NO_ITEM: free slot */
	uint32_t root;		/* of the items behind the head */
	uint32_t items;
	uint32_t hash;
	uint32_t blocked_pass;	/* nothing of this class starts any more in this pass */
	uint32_t memo_pass, memo;	/* see planner_pass.c */
	struct suan_push push;
	uint32_t unpushed_pass;	/* found nobody to push out in this pass */
};

struct suan_shape {
	struct suan_req req;
	uint64_t *allow;	/* owned; NULL = all pools */
	uint64_t *pools;	/* owned: pools that allow and admit it; NULL: `one` is enough */
	uint64_t one;
	/* in pass long_pass: as long in both cannot start */
	int64_t blocked_ms, blocked_fit_ms, blocked_limit_ms;
	uint32_t nallow, pools_gen;
	uint32_t group;		/* of suan_ask */
	uint32_t arrivals;	/* of suan_ask */
	uint32_t classes;	/* 0: free slot */
	uint32_t hash;
	uint32_t blocked_pass, long_pass;
	uint64_t over;		/* see struct suan_push */
	uint32_t bounds_pass, bounds; /* see planner_bounds.c */
};

__extension__ typedef unsigned __int128 suan_cores;

struct suan_classes {
	struct suan_waiting *items;
	struct suan_class *classes;
	struct suan_shape *shapes;
	size_t nitems, items_cap, nclasses, classes_cap, nshapes, shapes_cap;
	uint32_t free_item, free_class, free_shape;	/* lists of free slots */
	uint32_t heads;					/* root */
	uint32_t exclusive;				/* shapes in use that want whole nodes */
	uint32_t grouped;				/* shapes in use of some group */
	uint32_t delayed;				/* shapes in use with arrivals */
	uint32_t used_shapes;
	uint64_t count;					/* items */
	uint64_t starts;				/* sum of their counts */
	suan_cores long_cores;			/* of the starts that are not short */
	struct suan_table by_id, by_ask, by_shape;
};

void suan_classes_init(struct suan_classes *c);
void suan_classes_done(struct suan_classes *c);
/* Asks in one form: at least one task and core, no node without a task unless it is taken whole,
 * 1 ≤ fit ≤ duration ≤ limit. */
void suan_ask_normal(const struct suan_ask *ask, struct suan_ask *ret);
bool suan_ask_allows(const uint64_t *allow, uint32_t nallow, uint32_t pool);

/* Replaces the item of the same id. On failure nothing changed. */
SUAN_MUSTUSE enum suan_code suan_classes_add(struct suan_classes *c, const struct suan_item *item,
					     uint32_t *ret_item);
void suan_classes_drop(struct suan_classes *c, uint32_t item);
void suan_classes_lower(struct suan_classes *c, uint32_t item, uint32_t by);	/* 0 left: drop */
uint32_t suan_classes_find(const struct suan_classes *c, uint64_t id);	/* SUAN_NO_ITEM: none */
uint32_t suan_classes_find_class(const struct suan_classes *c, const struct suan_ask *normal);

/* Heads in order, and the items of a class in order. SUAN_NO_ITEM: no more. */
uint32_t suan_classes_first(const struct suan_classes *c);
uint32_t suan_classes_next_head(const struct suan_classes *c, uint32_t head);
/* The next head of which a start may be content with `spare` cores, or with `cores` if it is that
 * brief. */
uint32_t suan_classes_next_small(const struct suan_classes *c, uint32_t head,
				 const struct suan_leeway *most);
uint16_t suan_little_cores(uint64_t cores);
uint16_t suan_little_brief(int64_t ms);
uint32_t suan_classes_next_same(const struct suan_classes *c, uint32_t item);
static inline bool suan_classes_before(const struct suan_classes *c, uint32_t a, uint32_t b)
{
	const struct suan_waiting *x = &c->items[a], *y = &c->items[b];

	if (x->priority != y->priority)
		return x->priority > y->priority;
	if (x->key != y->key)
		return x->key < y->key;
	return x->id < y->id;
}

uint64_t suan_classes_ahead(const struct suan_classes *c, uint32_t item);	/* O(classes) */
size_t suan_classes_memory(const struct suan_classes *c);
bool suan_classes_verify(const struct suan_classes *c);

#endif
