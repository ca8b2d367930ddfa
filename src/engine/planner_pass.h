/* A planning pass under way, shared by the files of the pass: planner_pass.c walks the queue,
 * planner_start.c starts, planner_place.c plans, planner_push.c makes room, planner_suan.c has
 * the rules of suan. */
#ifndef SUAN_ENGINE_PLANNER_PASS_H
#define SUAN_ENGINE_PLANNER_PASS_H

#include "engine/planner_state.h"

#define SUAN_MOST_SOUGHT 8u

struct suan_sought {			/* long jobs first in line, see planner_search.c */
	uint32_t item[SUAN_MOST_SOUGHT];	/* as the queue has them */
	uint32_t instead[SUAN_MOST_SOUGHT];	/* who is taken when it is their turn */
	uint32_t count, next;
};

struct suan_pass {
	struct suan_planner *p;
	int64_t now;
	uint32_t depth, planned;
	uint32_t grouped;	  /* planned starts of groups */
	uint32_t blocked;	  /* shapes blocked for the rest of the pass */
	uint64_t seen;		  /* items before the present one that go on waiting */
	bool idle;		  /* some ask wants idle nodes */
	bool firm;		  /* suan: the first item in order is */
	bool calm;		  /* suan: one open pool, and few long ones wait, not for long */
	bool shut;		  /* a quota kept the class from some pool */
	uint32_t kept, most_kept; /* suan: protected starts */
	struct suan_leeway most;  /* of a start in any live pool, after `counted` starts */
	uint32_t room;		  /* most cores free in one */
	uint32_t looked;	  /* heads since then */
	size_t counted;
	struct suan_sought sought;
	bool again; /* goes on where the last pass ended, see planner_again.c */
};

enum suan_answer {
	SUAN_NO,
	SUAN_LATER,
	SUAN_YES
}; /* SUAN_LATER: a shorter one might start */

/* planner_pass.c. The next item in order, with the heads of classes from *head on; SUAN_NO_ITEM: no
 * more. push_same: those of its class behind it are worth a look too. */
uint32_t suan_pass_next(struct suan_planner *p, uint32_t *head);
SUAN_MUSTUSE enum suan_code suan_pass_push_same(struct suan_planner *p, uint32_t item);

/* planner_start.c. The pool's soft profile, if it is not there yet. */
SUAN_MUSTUSE enum suan_code suan_pass_soft(struct suan_pass *s, struct suan_ppool *o);
/* Builds what suan_pass_search looks through: while nothing is planned, the runs alone. */
SUAN_MUSTUSE enum suan_code suan_pass_view(struct suan_pass *s, struct suan_ppool *o);
/* Earliest start in the view of the pool within [from, latest]. */
int64_t suan_pass_search(const struct suan_ppool *o, const struct suan_vec *v, int64_t duration,
			 int64_t from, int64_t latest);
/* May the policy start it there now? The nodes' sums have room now. */
SUAN_MUSTUSE enum suan_code suan_pass_allowed(struct suan_pass *s, struct suan_ppool *o,
					      const struct suan_vec *v, const struct suan_class *k,
					      enum suan_answer *ret);

/* Nodes for the class in the pool now, in scratch; *ret = 0: none. */
SUAN_MUSTUSE enum suan_code suan_pass_pack(struct suan_pass *s, struct suan_ppool *o,
					   const struct suan_class *k, uint32_t *ret);
/* Starts the item on the places in scratch. bits: pools that admit it. */
SUAN_MUSTUSE enum suan_code suan_pass_start(struct suan_pass *s, uint32_t item, uint32_t pool,
					    uint32_t nplaces, const uint64_t *bits);
/* Takes nothing more in this pass. */
void suan_pass_close(struct suan_planner *p, uint32_t pool);
/* Starts the item in that pool if it can be now. bits: pools that admit it. */
SUAN_MUSTUSE enum suan_code suan_pass_try_pool(struct suan_pass *s, uint32_t item, uint32_t pool,
					       const uint64_t *bits, enum suan_answer *ret);
/* Starts the item once if some pool takes it now; else blocks its class, shape or duration. */
SUAN_MUSTUSE enum suan_code suan_pass_try_start(struct suan_pass *s, uint32_t item, bool *ret);

/* planner_place.c. Plans one start of the item; *ret false: no open pool will ever take it. */
SUAN_MUSTUSE enum suan_code suan_pass_plan(struct suan_pass *s, uint32_t item, bool *ret);

/* planner_again.c. May this pass go on where the last one ended? Asked before anything of that is
 * given up. */
bool suan_pass_may_go_on(const struct suan_planner *p, uint32_t depth, bool idle);
/* Do the items that came since lack so many slots? */
bool suan_again_lack(const struct suan_planner *p, uint64_t starts);
/* Puts them in order. */
void suan_again_sort(struct suan_planner *p);
/* planner_push.c. Room for a start that cannot be made before `at`: behind runs that stop already
 * or that it pushes out. *ret_pool SUAN_NO_POOL: there is none. */
SUAN_MUSTUSE enum suan_code suan_push_try(struct suan_pass *s, uint32_t item, int64_t at,
					  uint32_t *ret_pool, int64_t *ret_at);
/* planner_group.c. An item of a group: starts and plans what it wants in its window. *done: starts
 * made; *more: items of its class behind it are worth a look. */
SUAN_MUSTUSE enum suan_code suan_pass_visit_group(struct suan_pass *s, uint32_t item,
						  uint32_t *done, bool *more);

/* planner_bounds.c. The earliest start of a class of one start by sums and profiles, as the lowest
 * in order of the pools that have it; SUAN_NO_POOL: none. */
SUAN_MUSTUSE enum suan_code suan_pass_earliest(struct suan_pass *s, const struct suan_class *k,
					       const uint64_t *bits, uint32_t *ret,
					       int64_t *ret_at);
/* A run began in the pool: what is known of it is void. */
void suan_bounds_void(struct suan_planner *p, uint32_t pool);

/* planner_place.c. Earliest start in a pool by the soft profile, from *at to `latest`, into *at. */
SUAN_MUSTUSE enum suan_code suan_pass_earliest_in(struct suan_pass *s, const struct suan_class *k,
						  uint32_t pool, int64_t *at, int64_t latest);
/* Does the pool take no such start, whatever the time? Quotas may say so for some classes alone. */
static inline bool suan_pass_excludes(const struct suan_planner *p, const uint64_t *bits,
				      uint32_t pool)
{
	return !suan_bit(bits, pool) || p->pools[pool].spec.closed != SUAN_R_NONE;
}
static inline bool suan_pass_out(const struct suan_planner *p, const struct suan_class *k,
				 const uint64_t *bits, uint32_t pool)
{
	return suan_pass_excludes(p, bits, pool) || suan_quotas_shut(p, k, pool, true);
}

/* planner_suan.c. The best pool by sums and profiles that is not in p->tried; SUAN_NO_POOL: none.
 * bits: pools that admit the class. */
SUAN_MUSTUSE enum suan_code suan_pass_best_pool(struct suan_pass *s, const struct suan_class *k,
						const uint64_t *bits, uint32_t *ret,
						bool *ret_later);
/* What it costs a protected start to wait there until `at`: the time, and what stands idle. */
int64_t suan_pass_kept_cost(const struct suan_pass *s, const struct suan_waiting *w,
			    const struct suan_profile *f, const struct suan_vec *v, int64_t at);
/* Is there headroom in the only open pool, if the first item in order is firm from then on? */
bool suan_pass_calm(const struct suan_pass *s, int64_t first_firm_ms);
/* Weights of the mix as planner.h has them, before a pass. */
void suan_pass_weigh_mix(struct suan_planner *p);
/* Could it start now but for headroom, or for how the nodes are filled? */
SUAN_MUSTUSE enum suan_code suan_pass_held_back(struct suan_pass *s, const struct suan_class *k,
						const uint64_t *bits, bool *ret);

/* planner_search.c. Which of the first long jobs goes when one of them is next. */
SUAN_MUSTUSE enum suan_code suan_search_order(struct suan_pass *s);
/* Where it searches, half as many starts again are protected as there are open pools. */
void suan_search_keep(struct suan_pass *s);
/* Planned starts that the steps of a pass pay for, `depth` at most. */
uint32_t suan_search_depth(const struct suan_planner *p, uint32_t depth);

#endif
