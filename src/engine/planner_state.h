/* State of the planner, shared by planner*.c and nobody else. */
#ifndef SUAN_ENGINE_PLANNER_STATE_H
#define SUAN_ENGINE_PLANNER_STATE_H

#include "engine/classes.h"
#include "engine/place.h"
#include "engine/planner.h"
#include "engine/planner_quota.h"
#include "engine/profile.h"

#define SUAN_OVERDUE_MS	     1000	/* a run past its limit is expected to end so much later */
#define SUAN_DEFAULT_DEPTH   1000u
#define SUAN_START_CANDS     16u
#define SUAN_RUN_CHUNK	     256u
#define SUAN_NO_RUN	     UINT32_MAX
#define SUAN_PUSH_CLASSES    64u
#define SUAN_MOST_KEPT	     16u	/* planned starts that suan protects */

struct suan_prun {		/* a run; free slot: pool = SUAN_NO_POOL, nplaces = next free */
	struct suan_req req;
	int64_t start_ms, duration_ms, limit_ms;
	int64_t most_ms;	/* limit_ms, as it was before a stop shortened it */
	int64_t end_ms;		/* expected; its key in ends */
	struct suan_vec vec;	/* what it takes, by sums */
	uint32_t pool, nplaces;
	uint32_t quota;
	uint32_t group;		/* runs in the window of this group */
	struct suan_place one;
	struct suan_place *places;	/* owned unless &one */
	struct suan_push push;
	uint64_t id;		/* its item */
	uint32_t index;		/* of its starts */
	uint32_t picked;	/* pass that wants it stopped */
	int32_t priority;
	bool stopping;
};

struct suan_pend {		/* expected end of a run */
	int64_t end_ms;
	uint32_t run;
	uint32_t idle;		/* nodes that fall idle then; SUAN_OVER: it has ended */
};

#define SUAN_OVER UINT32_MAX

struct suan_hold {		/* planned start */
	int64_t from, to;
	struct suan_vec vec;
};

#define SUAN_MOST_CHANGES 64u

struct suan_change {		/* a run that began; of one that is over all is negative */
	int64_t end_ms;
	struct suan_vec vec;
};

struct suan_ppool {
	struct suan_plan_pool spec;
	struct suan_nodes nodes;
	/* owned; by (end, run) up to `sorted`, then new ones; `gone` of the sorted ones are over */
	struct suan_pend *ends;
	size_t nends, ends_cap, sorted;
	size_t gone, head;		/* those before `head` are over */
	uint32_t overdue;		/* runs past their limit */
	uint32_t order;			/* place in suan_planner.order */
	bool dirty;			/* base is not what ends and changes say */
	bool idle_known;		/* base counts idle nodes */
	bool reshaped;			/* under runs: nodes may hold more than they have */
	struct suan_profile base;	/* runs only; never less free later */
	struct suan_profile soft;	/* and what this pass planned */
	struct suan_vec used;
	uint32_t stopping;		/* runs that were told to */
	uint32_t pushable[SUAN_PUSH_CLASSES];	/* the others, by class; 0: nobody's */
	uint32_t waiting;		/* items planned here by the last pass */
	/* of the present pass */
	bool soft_built;
	uint32_t planned;
	size_t tidy_at;		/* steps of soft at which it is tidied */
	int64_t first_end;	/* first expected end; without runs, of the pass's first start */
	int64_t floor;		/* fcfs: last planned start */
	struct suan_hold first;		/* planned start that easy protects */
	int64_t last_end;		/* last expected end of its runs; now: none */
	struct suan_profile hard;	/* suan, while kept > 0: runs and protected starts */
	uint32_t kept;			/* protected starts here */
	uint32_t filled;		/* counts planned starts, over all passes */
	struct suan_profile tried;	/* while trial is that of the planner: planner_search.c */
	uint32_t trial;
	struct suan_vec spare;		/* easy: free when `first` starts, beyond it */
	uint32_t first_window, nwindows;	/* of suan_planner.windows */
	uint32_t nchanges;
	struct suan_change changes[SUAN_MOST_CHANGES];	/* to be put into base */
};

struct suan_planned {		/* what the last pass planned, in order */
	uint64_t id;
	int64_t key;
	int32_t priority;
	uint32_t pool;
	struct suan_hold hold;
};

struct suan_slot {		/* of conservative: a start that keeps its time from pass to pass */
	uint64_t id;		/* its item */
	int64_t key;
	int64_t from, to;
	struct suan_vec vec;
	int32_t priority;
	uint32_t pool;
	uint32_t item;		/* where the item stands, while nothing was dropped or replaced */
};

struct suan_slots {
	struct suan_slot *list;		/* owned; in order of their items, those of one by time */
	struct suan_slot *before;	/* owned; as before the last pass */
	struct suan_slot *back;		/* owned; ended runs that soft still holds: pool, to, vec */
	size_t count, cap, nbefore, before_cap, nback, back_cap;
	int64_t freed_ms, freed_before;	/* something that was held until then was given back */
	int64_t first_ms;		/* no slot begins before this */
	int64_t passed_ms, passed_before;	/* last pass: expected ends are as of then */
	bool valid;			/* soft of every pool is its runs and these slots */
	bool touched;			/* items may be gone or different, pools too */
	bool remembered;		/* `before` is of the last pass */
};

#define SUAN_MOST_ADDED 64u

struct suan_again {		/* what came since the last pass, see planner_again.c */
	uint32_t list[SUAN_MOST_ADDED];	/* items */
	uint32_t count;
	bool only;		/* nothing but these has changed */
	bool lost;		/* there are more than fit, or some may be gone */
	bool packed;		/* in the last pass: sums said now, nodes said no */
};

struct suan_bound {		/* see planner_bounds.c */
	int64_t at;
	uint32_t filled;	/* of the pool when it was found; less: it may be later now */
};

struct suan_taken {		/* starts of one item in this pass */
	uint32_t item, count;
};

struct suan_pwindow {		/* planner_windows.c */
	struct suan_window w;
	uint32_t *nodes;		/* owned: w.nodes */
	/* of the present pass */
	struct suan_profile soft;	/* its nodes: runs, and what is planned for the group */
	struct suan_planned *holds;	/* owned; planned starts of the group */
	size_t nholds, holds_cap;
	uint32_t seen;			/* items of the group so far that go on waiting */
	bool built;			/* soft is right */
};

struct suan_arrival {		/* a set of them; planner_arrivals.c */
	int64_t *at;		/* owned; by pool */
	uint32_t count;
};

struct suan_planner {
	enum suan_plan_mode kind;
	uint32_t depth;
	uint32_t steps;			/* 0: no limit, no search */
	uint32_t trial;			/* orders tried so far */
	bool silent;			/* nobody asks for candidates of starts */
	const struct suan_mix *mix;	/* borrowed; NULL: best fit */
	struct suan_mix scarce;		/* the mix, weighted by what there is */
	struct suan_mix weighed;	/* the mix and the pools that `scarce` is made of */
	uint32_t weighed_gen;
	struct suan_ppool *pools;
	uint32_t *order;		/* pools by (rank, number) */
	size_t npools, pools_cap, order_cap;
	uint32_t pools_gen;
	struct suan_prun **chunks;	/* runs, SUAN_RUN_CHUNK each, so that they stay in place */
	size_t nchunks, chunks_cap;
	uint32_t nruns, free_run;	/* slots given out so far; list of free ones */
	struct suan_classes waiting;
	struct suan_slots slots;
	struct suan_again again;
	struct suan_quotas quotas;
	struct suan_pushing *push;	/* owned; planner_push.c; NULL: nobody pushes anybody out */
	/* last pass */
	uint32_t pass;
	int64_t now_ms;
	struct suan_start *starts;
	uint32_t *start_cands;		/* first candidate of each start */
	struct suan_candidate *cands;
	struct suan_taken *taken;
	struct suan_planned *planned;
	int64_t *memos;	/* per class that has some and pool: lower bound of the earliest start */
	struct suan_bound *bounds;	/* per shape that has some and pool */
	uint32_t *side;			/* heap of items behind a head */
	uint32_t *live;			/* open pools with a free core, by order */
	struct suan_place *scratch;
	uint64_t *tried;		/* bit per pool: the nodes cannot take this start */
	size_t nstarts, starts_cap, start_cands_cap, ncands, cands_cap, ntaken, taken_cap;
	size_t nplanned, planned_cap, nmemos, memos_cap, nside, side_cap, nlive, live_cap;
	size_t scratch_cap, tried_cap, nbounds, bounds_cap;
	struct suan_pwindow *windows;	/* owned; by pool, from, group */
	uint64_t *hidden;		/* bit per node, see suan_window_hide */
	size_t nwindows, hidden_cap;
	struct suan_arrival *arrivals;	/* owned, by set */
	size_t narrivals, arrivals_cap;
};

static inline struct suan_prun *suan_prun_at(const struct suan_planner *p, uint32_t run)
{
	return &p->chunks[run / SUAN_RUN_CHUNK][run % SUAN_RUN_CHUNK];
}

static inline bool suan_bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* planner_runs.c: runs, and what they leave free over time */
int64_t suan_run_end(int64_t start_ms, int64_t duration_ms, int64_t limit_ms, int64_t now_ms);
/* A run on places (copied). The nodes are taken, the end is noted. */
SUAN_MUSTUSE enum suan_code suan_run_open(struct suan_planner *p, const struct suan_prun *run,
					  const struct suan_place *places, uint32_t *ret_run);
void suan_run_close(struct suan_planner *p, uint32_t run);
void suan_ends_refresh(struct suan_planner *p, struct suan_ppool *o, int64_t now_ms);
void suan_ends_flush(struct suan_ppool *o);	/* sorts new ends in, takes out what is over */
/* When the first and the last of the runs end; SUAN_FOREVER, INT64_MIN: there are none. */
int64_t suan_ends_first(struct suan_ppool *o);
int64_t suan_ends_last(const struct suan_ppool *o);
static inline size_t suan_ends_count(const struct suan_ppool *o)
{
	return o->nends - o->gone;
}

/* Free capacity by the given ends (sorted), with idle nodes if asked, else none. Writes ends[].idle
 * and the idle_at of the nodes. */
SUAN_MUSTUSE enum suan_code suan_ends_profile(const struct suan_planner *p, struct suan_ppool *o,
					      bool idle, struct suan_profile *ret);
/* Brings o->base up to date. */
SUAN_MUSTUSE enum suan_code suan_ends_base(const struct suan_planner *p, struct suan_ppool *o,
					   bool idle);
/* As it would be at a later time, without writing anything but *ret. Without idle, what is said of
 * idle nodes means nothing. */
SUAN_MUSTUSE enum suan_code suan_ends_preview(const struct suan_planner *p,
					      const struct suan_ppool *o, int64_t now_ms, bool idle,
					      struct suan_profile *ret);

/* Is the base, where it is said to be up to date, what the runs leave? */
bool suan_ends_verify(const struct suan_planner *p, const struct suan_ppool *o);

/* planner_arrivals.c. From when on may the ask run there? */
static inline int64_t suan_arrival_at(const struct suan_planner *p, uint32_t set, uint32_t pool)
{
	if (set == 0 || set >= p->narrivals || pool >= p->arrivals[set].count)
		return INT64_MIN;
	return p->arrivals[set].at[pool];
}
void suan_arrivals_done(struct suan_planner *p);

/* planner_again.c */
void suan_again_note(struct suan_planner *p, uint32_t item);	/* it is new */
/* planner_windows.c */

/* What a start is planned with in this pool. */
static inline int64_t suan_pool_length(const struct suan_ppool *o, int64_t duration_ms,
				       int64_t limit_ms)
{
	return o->nwindows > 0 ? limit_ms : duration_ms;
}
void suan_windows_free(struct suan_pwindow *list, size_t n);
void suan_windows_begin(struct suan_planner *p);	/* of a pass */
/* First window of the group; NULL: none. */
struct suan_pwindow *suan_window_find(const struct suan_planner *p, uint32_t group);
/* Nodes of the pool that a start now, over by now + limit_ms at the latest, cannot use: bits, NULL:
 * all can be used. Written to bits, one per node known. */
const uint64_t *suan_window_hide(const struct suan_planner *p, const struct suan_ppool *o,
				 uint32_t group, const int64_t span[2], uint64_t *bits);
size_t suan_window_words(const struct suan_ppool *o);	/* of bits */
/* Next begin or end of a window of the pool after now_ms; SUAN_FOREVER: none. */
int64_t suan_window_next(const struct suan_planner *p, const struct suan_ppool *o, int64_t now_ms);
/* Takes the windows out of what the pool's runs leave free. idle: whole nodes count, and the nodes
 * say when they fall idle. */
SUAN_MUSTUSE enum suan_code suan_window_mask(const struct suan_planner *p,
					     const struct suan_ppool *o, bool idle,
					     struct suan_profile *f);
/* Usable nodes of the window. */
uint32_t suan_window_usable(const struct suan_planner *p, const struct suan_pwindow *w);
/* What runs leave free on the nodes of the window, as expected at now_ms. */
SUAN_MUSTUSE enum suan_code suan_window_profile(const struct suan_planner *p,
						const struct suan_pwindow *w, int64_t now_ms,
						struct suan_profile *ret);
/* Why the pool is out for an ask of a group. */
enum suan_reason suan_group_excludes(const struct suan_planner *p, uint32_t pool,
				     const struct suan_ask *normal, int64_t *a, int64_t *b);
size_t suan_window_memory(const struct suan_planner *p);

/* The run is expected to end by then, if not before. */
void suan_run_shorten(struct suan_planner *p, uint32_t run, int64_t until_ms);

/* planner_push.c */
void suan_push_count(struct suan_planner *p, const struct suan_prun *r, int by);
bool suan_push_verify(const struct suan_planner *p, uint32_t pool);
void suan_pushing_free(struct suan_pushing *x);
size_t suan_pushing_memory(const struct suan_planner *p);
void suan_push_begin(struct suan_planner *p);
/* When a run that was too young may be pushed out; SUAN_FOREVER: none was. */
int64_t suan_push_wake(const struct suan_planner *p);

/* planner_slots.c */
void suan_slots_done(struct suan_slots *t);
void suan_slots_clear(struct suan_planner *p);
/* Drops what cannot hold any longer, makes room for `more` slots, and moves the others forward if
 * something was given back. soft of every pool is right then. */
SUAN_MUSTUSE enum suan_code suan_slots_begin(struct suan_planner *p, int64_t now_ms, bool idle);
/* Takes out the first slot from position *i on that is due; false: none. */
SUAN_MUSTUSE enum suan_code suan_slots_due(struct suan_planner *p, int64_t now_ms, size_t *i,
					   struct suan_slot *ret, bool *ret_any);
/* When the first slot begins; SUAN_FOREVER: there is none. */
int64_t suan_slots_first(struct suan_planner *p);
/* A planned start of an item becomes a slot; soft holds it already. */
SUAN_MUSTUSE enum suan_code suan_slots_add(struct suan_planner *p, uint32_t item, uint32_t pool,
					   const struct suan_hold *hold);
void suan_slots_note_end(struct suan_planner *p, const struct suan_prun *run);
/* First slot of an item; NULL: none. */
const struct suan_slot *suan_slots_find(const struct suan_planner *p, uint64_t id);

/* planner_why.c */
const uint64_t *suan_shape_find_pools(struct suan_planner *p, uint32_t shape);	/* anew */
/* Pools that allow and admit the shape; bits, borrowed. NULL: out of memory. */
static inline const uint64_t *suan_shape_pools(struct suan_planner *p, uint32_t shape)
{
	const struct suan_shape *h = &p->waiting.shapes[shape];

	if (h->pools_gen != p->pools_gen)
		return suan_shape_find_pools(p, shape);
	return h->pools ? h->pools : &h->one;
}

/* Why the pool is out for this ask, or R_NONE. */
enum suan_reason suan_pool_excludes(const struct suan_planner *p, uint32_t pool,
				    const struct suan_ask *normal, int64_t *a, int64_t *b);
/* Reason of a pool that lost against the chosen one. */
void suan_candidate_lost(const struct suan_planner *p, const struct suan_candidate *chosen,
			 struct suan_candidate *c);
bool suan_candidate_better(const struct suan_planner *p, const struct suan_candidate *a,
			   const struct suan_candidate *b);

#endif
