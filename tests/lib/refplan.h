/* Slow, obvious reference planner: the rules of engine/planner.h over plain arrays, everything
 * counted afresh whenever it is asked. Only the structs of the interface are shared with the real
 * one. */
#ifndef SUAN_TESTS_REFPLAN_H
#define SUAN_TESTS_REFPLAN_H

#include "engine/fragment.h"
#include "engine/planner.h"

#define REF_POOLS  8
#define REF_NODES  96
#define REF_ITEMS  256
#define REF_RUNS   2048
#define REF_STARTS 1024
#define REF_HOLDS  2048
#define REF_GROUPS 4
#define REF_SETS   8
#define REF_WINDOWS 16
#define PLANNING    UINT32_MAX	/* of holds: all, and those of groups */

struct ref_run {
	bool alive;
	uint64_t id;
	uint32_t pool;
	struct suan_ask ask;
	int64_t start;
	struct suan_place places[REF_NODES];
	uint32_t nplaces;
	uint32_t index;
	int32_t priority;
	bool stopping;		/* was told to */
	bool picked;		/* this pass wants it to */
	bool gone;		/* while victims are looked for: as if it had */
};

struct ref_item {
	struct suan_item item;
	uint64_t allow[2];
	bool predicted;		/* by the last pass */
	uint32_t pool;
	int64_t at;
	uint64_t ahead;		/* items before it that went on waiting */
	bool later[REF_POOLS];	/* of the first item with this ask: sums said now, nodes said no */
	uint32_t due;		/* started from slots in this pass */
	bool hopeless;		/* of a group: an equal one was not planned in this pass */
	bool asked;		/* of the first item with this ask: `later` is known */
	bool unpushed;		/* of the first item with this ask: found no victims */
};

struct ref_hold {
	uint64_t id;
	uint32_t pool;		/* SUAN_NO_POOL: lifted */
	struct suan_ask ask;
	int64_t from, to;
	bool hard;
};

struct ref_window {
	struct suan_window w;
	bool node[REF_NODES];
};

struct ref {
	enum suan_plan_mode kind;
	uint32_t depth;
	uint32_t steps;		/* 0: no limit, no search */
	const struct suan_mix *mix;	/* NULL: best fit */
	struct suan_plan_pool pools[REF_POOLS];
	uint32_t npools;
	struct suan_limits groups[REF_GROUPS];
	uint32_t sets[REF_SETS];	/* bit per group; 0: no quota */
	struct ref_item items[REF_ITEMS];	/* in order of planning */
	uint32_t nitems;
	struct ref_run runs[REF_RUNS];
	uint32_t nruns;
	/* last pass */
	int64_t now;
	uint32_t started[REF_STARTS];	/* runs */
	uint32_t nstarted;
	struct ref_hold holds[REF_HOLDS];	/* conservative: kept until the next pass */
	uint32_t nholds;
	int64_t freed_ms;	/* conservative: something held until then was given back */
	int64_t first_end[REF_POOLS];
	int64_t first_firm_ms;	/* of the first item in order */
	/* pushing out */
	struct suan_push_rules rules;
	bool after;		/* nodes are looked at as they are once the stops are over, … */
	int64_t after_ms;	/* at the latest, whoever is stopped */
	struct ref_run waiting[REF_HOLDS];	/* starts behind stops, of this pass */
	uint32_t nwaiting, asks;
	bool shut[REF_POOLS];	/* nothing more starts there in this pass */
	struct suan_stop stops[REF_STARTS];	/* run: the reference's number */
	uint32_t nstops;
	struct ref_window windows[REF_WINDOWS];
	uint32_t nwindows;
	struct ref_hold grouped[REF_HOLDS];	/* planned starts in windows */
	uint32_t ngrouped;
	int64_t arrivals[REF_SETS][REF_POOLS];	/* by set; 0: none */
};

void ref_init(struct ref *r, enum suan_plan_mode kind, uint32_t depth);
void ref_pool(struct ref *r, uint32_t pool, const struct suan_plan_pool *spec);
void ref_add(struct ref *r, const struct suan_item *item);	/* normal ask, nallow ≤ 2 */
void ref_drop(struct ref *r, uint64_t id);
void ref_end(struct ref *r, uint32_t run);
void ref_freed(struct ref *r);
void ref_windows(struct ref *r, const struct suan_window *list, uint32_t n);
void ref_pass(struct ref *r, int64_t now);
void ref_stop(struct ref *r, uint32_t run, int64_t until);
const struct ref_item *ref_find(const struct ref *r, uint64_t id);

/* refwindow.c, for refplan.c */
struct ref_span {
	int64_t from, to;
	const struct ref_window *but;
};
const struct ref_window *ref_window_of(const struct ref *r, uint32_t group);	/* the first */
bool ref_in_window(const struct ref *r, uint32_t pool, uint32_t node, struct ref_span t);
int64_t ref_length(const struct ref *r, uint32_t pool, const struct suan_ask *ask);
struct suan_ask ref_planned_ask(const struct ref *r, uint32_t pool, const struct suan_ask *ask);
bool ref_in_time(const struct ref_window *w, const struct suan_ask *ask, int64_t at);
bool ref_hidden(const struct ref *r, const struct ref_run *run, uint32_t node);
/* refpush.c, for refplan.c: room for a start that cannot be made before *at; false: none. */
bool ref_push(struct ref *r, struct ref_item *x, struct ref_item *first, uint32_t *ret_pool,
	      int64_t *at);
/* refplan.c, for refpush.c */
bool ref_pack(const struct ref *r, struct ref_run *run);
bool ref_may_use(const struct ref *r, const struct ref_item *x, uint32_t pool);
bool ref_room(const struct ref *r, const struct suan_ask *ask, uint32_t pool, uint32_t nholds);
void ref_by_rank(const struct ref *r, uint32_t *ret);
int64_t ref_expected_end(const struct ref *r, const struct ref_run *run);
int64_t ref_arrival(const struct ref *r, const struct suan_ask *ask, uint32_t pool);
void ref_arrivals(struct ref *r, uint32_t set, const int64_t *at);

#endif
