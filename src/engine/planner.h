/* Who starts where and when: nodes in use, waiting items in order, predictions over all pools.
 * Knows resources and times, not jobs. Holds no memory of earlier passes but the slots of
 * conservative: the plan is a function of (pools, runs, waiting items, slots, now), so it is
 * rebuilt after a restart and equals what it was.
 *
 * Order: higher priority, then lower key, then lower id. An item with count c stands for c equal
 * starts in a row. A pass takes the starts in order. Two profiles per pool: `hard` holds runs and
 * the reservations that the policy protects, `soft` holds runs and every planned start before this
 * one.
 *   - If some open pool can take the start now, by nodes (exact packing) and by the hard profile
 *     over [now, now + duration), and the policy allows it there, it starts: lowest rank, then
 *     lowest number. fcfs: allowed while no earlier item is planned later in that pool. easy: hard
 *     holds the first planned start of each pool (Lifka 1995; Mu'alem and Feitelson 2001).
 *     conservative: hard holds every planned start (hard = soft), and planned starts keep their
 *     time from pass to pass: planner_slots.c.
 *   - Otherwise it is planned at the pool with the earliest start in the soft profile (then rank,
 *     then number; fcfs: not before what is planned there already) and put there, while fewer than
 *     plan_depth starts are planned; deeper ones wait without prediction and may only start now
 *     (fcfs and easy: the depth is at least the number of pools). A start that no open pool will
 *     ever take is not planned.
 *   - suan: hard holds the first planned starts of the pass, as many as there are open pools (with
 *     a search half as many again; 16 at most). A start counts with fit_ms against them; with its
 *     duration if the first item in order is firm, and then no headroom is kept. Of pools that can
 *     take a start now and have the lowest rank, a short one (fit_ms up to 5 minutes) goes where
 *     most cores are free; a longer one where it least extends the last expected end, so that runs
 *     of a pool end together and room for wide ones appears, then where fewest are free. Headroom:
 *     where several open pools admit it, a longer start of at most a fifth of the smallest of them
 *     must leave a sixteenth of that free in some pool; what only waits for that is not planned.
 *     With one open pool and steps, such a start must leave a fiftieth, while the starts that
 *     wait and are not short ask for no more cores than the pool has, and the first item in order
 *     is not firm within 162 hours.
 *     The protected starts go to the pool with the least time until the start plus 3/2 of the cores
 *     × time idle until then per core asked for, so that wide ones follow each other in one pool;
 *     firm ones to the earliest.
 *     With a mix of shapes (fragment.h), each weighted by all accelerators of open pools over those
 *     of open pools where it fits an empty node, of pools with the lowest rank first those where
 *     fragmentation grows least by this start; for what asks for cores alone then those without
 *     accelerators; then those where the nodes that it gets have the fewest accelerators free; then
 *     as above.
 *     Search, if the first in order is not firm and cores are free: the first long items (fit_ms
 *     above 5 minutes; 8 at most, of one priority, none of a group, among the first 64 of the
 *     queue) are planned on the runs and windows alone, one start each, as protected ones would
 *     be. Each is tried before each of those ahead of it, the first place first, and stays there if
 *     that lowers the sum of cores · fit_ms · time until the start. When it is the turn of one of
 *     them, the one goes that then has its place.
 *   - A start may push out runs; then it is planned behind them: planner_push.c.
 *   - Steps, unless they are 0, bound the effort of a pass, by counting: a planned start costs one
 *     a open pool, and no more are planned than can be paid, but as many as there are pools. For
 *     the search there is a fiftieth of that; a look at a pool costs one, and one more a 32 runs
 *     there before the pass. If that is not enough to try each item in the first place, there is
 *     no search.
 *   - Counted pools: the sums decide alone, and starts have no node numbers.
 *   - Profiles are sums over nodes (profile.h). Where the sums say now and the nodes say no, when
 *     the first start of an ask in this pass is planned, that ask is planned in that pool not
 *     before the pool's first expected end (of the runs before the pass; without any, of its first
 *     start in it).
 *   - Arrivals: an ask with a set starts in a pool from the time on that the set has for it, and is
 *     planned there not before; it does not search for another order and stands in no wall of
 *     others. A slot of conservative whose time comes before the arrival is given up.
 * Quotas are rules of their own: planner_quota.h.
 * With one pool this is exactly the classic policy. A run's expected end is start + duration; once
 * that has passed, start + limit; once that has passed, now + 1 s. */
#ifndef SUAN_ENGINE_PLANNER_H
#define SUAN_ENGINE_PLANNER_H

#include "base/err.h"
#include "engine/model.h"

struct suan_planner;
struct suan_mix;

enum suan_plan_mode {		/* what a planned start protects */
	SUAN_PLAN_EASY,
	SUAN_PLAN_FCFS,
	SUAN_PLAN_CONSERVATIVE,
	SUAN_PLAN_SUAN,
	SUAN_NPLANS
};

struct suan_plan_pool {
	uint32_t nodes;		/* usable: 0 … nodes−1 */
	uint32_t cores, gpus;	/* of one node */
	uint64_t memory;
	uint32_t gpu_kind;	/* 0 = none */
	int64_t rank;		/* of equal starts, the lower rank wins */
	enum suan_reason closed;	/* R_NONE = open; else why (down, drain …) */
	bool counted;		/* another scheduler chooses the nodes: sums only */
};

/* Who may push out whom, by classes 1 … 63; planner_push.c. All zero: nobody anybody. */
struct suan_push {
	uint64_t over;	/* bit per class whose runs such a start may push out */
	uint8_t class;	/* of its own runs; 0: nobody pushes them out */
	bool saves;	/* checkpointable: pushed out, it loses nothing of its work */
	int64_t grace_ms;	/* what a stop of its runs may take; 0 = as the rules say */
};

struct suan_ask {
	/* tasks, cores < 1 count as 1; nodes > tasks as tasks, unless exclusive */
	struct suan_req req;
	int64_t duration_ms;	/* estimate: what is planned with */
	int64_t limit_ms;	/* walltime ≥ duration */
	int64_t fit_ms;		/* expected run time ≤ duration; 0 = duration */
	int64_t deadline_ms;	/* latest end, 0 = none: not part of the order */
	const uint64_t *allow;	/* bit per pool, nallow words; beyond: 1; NULL = all. Copied */
	uint32_t nallow;
	uint32_t quota;		/* set of groups whose limits count, planner_quota.h; 0 = none */
	struct suan_push push;
	uint32_t group;		/* > 0: runs only in the window of this group */
	uint32_t arrivals;	/* set of times from which on it may run in a pool; 0 = any */
};

struct suan_item {
	uint64_t id;
	int64_t key;		/* the policy's order among equal priorities: lower first */
	int64_t firm_ms;	/* from then on nothing may push back its planned start */
	int32_t priority;
	uint32_t count;		/* starts wanted now, ≥ 1 */
	struct suan_ask ask;
};

struct suan_start {
	uint64_t id;		/* item */
	uint32_t pool;
	uint32_t run;		/* the planner's number of the run, for suan_planner_end() */
	const struct suan_place *places;	/* borrowed until the run ends */
	uint32_t nplaces;
	/* ≤ 16 candidates as they were when this start was decided: the chosen one, then open
	 * pools that allow and admit it, those of low rank, by start as the sums predict it.
	 * Borrowed until the next pass; equal starts may share them. */
	const struct suan_candidate *cands;
	uint32_t ncands;
};

struct suan_planner *suan_planner_new(void);
void suan_planner_free(struct suan_planner *p);
void suan_planner_policy(struct suan_planner *p, enum suan_plan_mode kind, uint32_t plan_depth);
/* The effort of a pass, see above; 0: as far as plan_depth goes, and no search. */
void suan_planner_steps(struct suan_planner *p, uint32_t plan_steps);
/* Starts come without candidates from now on, or with them again. */
void suan_planner_silence(struct suan_planner *p, bool silent);
/* suan: nodes and pools are chosen by fragmentation of this mix, borrowed until the next call; it
 * may change between passes. NULL: by free cores. */
void suan_planner_mix(struct suan_planner *p, const struct suan_mix *mix);

/* Defines or changes a pool; numbers are dense. Runs on nodes that became unusable stay until they
 * end; nothing new starts there. */
SUAN_MUSTUSE enum suan_code suan_planner_pool(struct suan_planner *p, uint32_t pool,
					      const struct suan_plan_pool *spec);
/* R_NONE if the ask fits the pool when it is empty and open or closed; else why not, with numbers
 * (the largest that would fit in *b). */
enum suan_reason suan_planner_fits(const struct suan_planner *p, uint32_t pool,
				   const struct suan_ask *ask, int64_t *a, int64_t *b);

/* Nodes of one pool that are kept for a group in [from, to). Who is not of the group starts on them
 * only if its limit ends by `from`, and planned starts see a pool without them; in a pool that has
 * windows, starts are planned with their limit. Who is of the group starts nowhere else, not before
 * `from`, and only if its limit ends by `to`; or, as a pass may come a little late, at most 5 s
 * after `from` if it is no longer than the window and no other window wants its nodes before it
 * ends. Starts of a group go in order, a later one first where it puts off no planned one; after
 * one that cannot be planned no equal one is in the same pass. Asks go to the first window of
 * their group (by pool, then time); a group nobody asks for keeps its nodes empty. The windows of
 * one node do not overlap. */
struct suan_window {
	uint32_t group, pool;
	int64_t from_ms, to_ms;
	const uint32_t *nodes;	/* ascending */
	uint32_t count;
};
#define SUAN_WINDOW_LATE_MS 5000
/* Latest start in the window for that limit; less than its begin: none. */
int64_t suan_window_latest(const struct suan_window *w, int64_t limit_ms);
/* All windows there are; copied. On failure those before stay. */
SUAN_MUSTUSE enum suan_code suan_planner_windows(struct suan_planner *p,
						 const struct suan_window *list, size_t n);
/* So many whole nodes of the pool hold the request; 0: never, *why has reason, a and b. */
uint32_t suan_planner_whole(const struct suan_planner *p, uint32_t pool, const struct suan_req *req,
			    struct suan_candidate *why);
/* By when each of the first n nodes of the pool is certainly left by what runs there: the latest
 * start + limit; INT64_MIN: nothing runs there. A run without node numbers may be on any. */
void suan_planner_vacant(const struct suan_planner *p, uint32_t pool, int64_t *ret, uint32_t n);

/* Waiting items. add replaces the item of the same id. */
SUAN_MUSTUSE enum suan_code suan_planner_add(struct suan_planner *p, const struct suan_item *item);
void suan_planner_drop(struct suan_planner *p, uint64_t id);

/* A run that exists already (after a restart): takes the given nodes. ECONFLICT: does not fit. */
struct suan_plan_run {
	uint32_t pool;
	const struct suan_ask *ask;
	int64_t start_ms;
	const struct suan_place *places;
	uint32_t nplaces;
	uint64_t id;		/* its item, */
	uint32_t index;		/* see suan_planner_name */
	int32_t priority;	/* and that one's */
};
SUAN_MUSTUSE enum suan_code suan_planner_run(struct suan_planner *p,
					     const struct suan_plan_run *run, uint32_t *ret_run);
void suan_planner_end(struct suan_planner *p, uint32_t run);	/* frees its nodes */

/* One planning pass. Started items are taken off the waiting list (count lowered); the runs hold
 * their nodes. *ret is borrowed until the next pass. *ret_wake: when a pass would be needed though
 * nothing else happens (an expected end passes), or SUAN_FOREVER. On ENOMEM nothing started. */
SUAN_MUSTUSE enum suan_code suan_planner_pass(struct suan_planner *p, int64_t now_ms,
					      const struct suan_start **ret, uint32_t *ret_n,
					      int64_t *ret_wake);

/* Runs that the last pass wants stopped, so that item `by` can start; planner_push.c. Nothing of it
 * is done until the caller stops them. Borrowed until the next pass. */
#define SUAN_MOST_VICTIMS 10000u
struct suan_push_rules {
	int64_t min_run_ms;	/* a run is not pushed out before it has had so much */
	int64_t grace_ms;	/* what a stop may take; ≥ 1 */
	uint32_t max_victims;	/* for one start, 1 … SUAN_MOST_VICTIMS */
};
struct suan_stop {
	uint64_t id, by;	/* items */
	uint32_t index, run;
	int64_t until_ms;	/* expected end */
};
SUAN_MUSTUSE enum suan_code suan_planner_push(struct suan_planner *p,
					      const struct suan_push_rules *rules);
uint32_t suan_planner_stops(const struct suan_planner *p, const struct suan_stop **ret);
/* The run was told to stop and is expected to end by then; it is not chosen again. */
void suan_planner_stop(struct suan_planner *p, uint32_t run, int64_t until_ms);
/* Which of the starts of its item a run is: the last key in the order of victims. */
void suan_planner_name(struct suan_planner *p, uint32_t run, uint32_t index);
/* The run's item would have another priority or class now. */
void suan_planner_rank(struct suan_planner *p, uint32_t run, int32_t priority,
		       const struct suan_push *push);

/* Conservative remembers a slot for each planned start (planner_slots.c); they and freed_ms are
 * state, to be saved and given back when pools, runs and items are there. kept writes the slot at
 * position `from`, if there is one, and returns their number. keep: ECONFLICT if damaged. */
struct suan_kept {
	uint64_t id;
	int64_t from_ms, to_ms;
	uint32_t pool;
};
size_t suan_planner_kept(const struct suan_planner *p, size_t from, struct suan_kept *ret,
			 int64_t *ret_freed_ms);
SUAN_MUSTUSE enum suan_code suan_planner_keep(struct suan_planner *p, const struct suan_kept *list,
					      size_t n, int64_t freed_ms);
/* When its last pass was, which the expected ends of runs depend on, and what is given back when
 * they end; INT64_MIN: none. State like the slots, given back when the runs are there. */
int64_t suan_planner_passed(const struct suan_planner *p);
void suan_planner_resume(struct suan_planner *p, int64_t passed_ms);
/* There may be more room than before until freed_ms: SUAN_FOREVER when pools grew, opened or may be
 * used by more. */
void suan_planner_freed(struct suan_planner *p, int64_t freed_ms);
/* Slots as they were before the last pass, when its starts cannot be carried out. */
void suan_planner_revert(struct suan_planner *p);

/* Next predicted start of an item as of the last pass; false: none. *ret_ahead: items before it, at
 * a cost of O(classes) unless it is planned; NULL: not wanted. */
bool suan_planner_predicted(const struct suan_planner *p, uint64_t id, uint32_t *ret_pool,
			    int64_t *ret_start_ms, uint64_t *ret_ahead);
/* Where the ask could start now if it came `after` all items waiting (id UINT64_MAX), or, for a
 * waiting item, behind those before it: one candidate per pool with predicted start and reason; the
 * best is R_CHOSEN. Writes up to max, best first, then by pool; returns the number of pools. */
uint32_t suan_planner_candidates(const struct suan_planner *p, const struct suan_item *item,
				 int64_t now_ms, struct suan_candidate *ret, uint32_t max);

/* The same for one that comes after all and does not start before each of these times, ascending
 * and not before now: ret[pool × count + k], SUAN_FOREVER where it never can. Not for asks of a
 * group: never. */
struct suan_delays {
	const int64_t *from_ms;
	uint32_t count;
};
SUAN_MUSTUSE enum suan_code suan_planner_later(const struct suan_planner *p,
					       const struct suan_item *item, int64_t now_ms,
					       const struct suan_delays *d, int64_t *ret);
/* Times from which on asks with this set (1, 2, …) may run in each pool: INT64_MIN, at once;
 * SUAN_FOREVER, never. Copied; pools beyond: at once. Unknown sets allow everything. Where items
 * with the set wait, suan_planner_freed() is to be told too: a question alone moves no slot. */
SUAN_MUSTUSE enum suan_code suan_planner_arrivals(struct suan_planner *p, uint32_t set,
						  const int64_t *at_ms, uint32_t npools);
int64_t suan_planner_arrival(const struct suan_planner *p, uint32_t set, uint32_t pool);
/* Planned starts of the last pass, in order, then those of groups; false: no more. */
bool suan_planner_planned(const struct suan_planner *p, size_t i, uint64_t *ret_id,
			  uint32_t *ret_pool, int64_t *ret_start_ms);

/* Quotas, see planner_quota.h. Groups are numbered from 0, sets from 1, both without gaps; drop
 * forgets them all, after which runs and waiting items must be given their sets anew. */
SUAN_MUSTUSE enum suan_code suan_planner_group(struct suan_planner *p, uint32_t group,
					       const struct suan_limits *limits);
SUAN_MUSTUSE enum suan_code suan_planner_group_set(struct suan_planner *p, uint32_t set,
						   const uint32_t *groups, uint32_t n);
void suan_planner_groups_drop(struct suan_planner *p);
void suan_planner_regroup(struct suan_planner *p, uint32_t run, uint32_t set);
void suan_planner_group_used(const struct suan_planner *p, uint32_t group,
			     int64_t ret[SUAN_RUN_LIMITS]);
struct suan_short {		/* a limit with no room for an ask */
	uint32_t group;
	enum suan_limit limit;
	int64_t used, want, most;
};
/* Is there no room for the ask wherever it would fit? Then the limit in the first such pool. */
bool suan_planner_short(const struct suan_planner *p, const struct suan_ask *ask,
			struct suan_short *ret);

/* The same beside what the last pass has planned: the ask is not planned because of limits. */
bool suan_planner_limited(const struct suan_planner *p, const struct suan_ask *ask);

struct suan_pool_load {
	uint64_t cores_used, gpus_used, memory_used;
	uint32_t runs, waiting;
};
void suan_planner_load(const struct suan_planner *p, uint32_t pool, struct suan_pool_load *ret);
/* Nothing oversold, counters equal to sums; text of what is broken in err. */
SUAN_MUSTUSE enum suan_code suan_planner_verify(const struct suan_planner *p, struct suan_err *err);
size_t suan_planner_memory(const struct suan_planner *p);

/* planner_goal.c: what runs and windows leave of the pool from now on, by sums; *ret is an open
 * profile or zeroed. And whether the open pool takes the ask at all, and how much that is. */
struct suan_profile;
struct suan_vec;
SUAN_MUSTUSE enum suan_code suan_planner_left(const struct suan_planner *p, uint32_t pool,
					      int64_t now_ms, struct suan_profile *ret);
bool suan_planner_takes(const struct suan_planner *p, uint32_t pool, const struct suan_ask *ask,
			struct suan_vec *ret);

#endif
