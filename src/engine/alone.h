/* Every home site as it would be alone: a second, virtual schedule of the jobs that have it as
 * their home, on its own pools only, under plain EASY, beside the real thing. It says what its
 * users would wait without sharing; an account of waiting core time, real against alone, says
 * whether sharing costs them anything, and then order.c lets those of its jobs go first that would
 * have started by now. docs/internals/policy.md gives reasons and figures.
 *
 * Rules. A job is followed from the pass on in which it could first start, if its home can take it
 * and not too many are followed already. What a virtual run lasts is known once the real one is
 * over; before, it is the predicted run time, and elements of arrays keep to that. The account is
 * the integral of the area (cores × run time) of what waits. Virtual schedules go on in PASS only;
 * one that fails is taken back as a whole. A home whose pools change shape begins anew. */
#ifndef SUAN_ENGINE_ALONE_H
#define SUAN_ENGINE_ALONE_H

#include "base/codec.h"
#include "engine/pack.h"
#include "engine/state.h"

__extension__ typedef unsigned __int128 suan_area;

enum suan_followed { SUAN_NOT_YET, SUAN_FOLLOWED, SUAN_NOT_FOLLOWED };	/* suan_job.alone */

struct suan_twin {		/* a job, alone at its home */
	uint64_t id;		/* 0: free slot, next free one in `home` */
	struct suan_req req;	/* gpu_kind: one reference */
	int64_t estimate_ms, walltime_ms;
	int64_t run_ms;		/* predicted; the true one once known */
	int64_t since_ms;	/* when it was first followed */
	int64_t start_ms;	/* alone; of arrays the last one */
	int64_t real_ms;	/* real start, likewise; 0: not yet */
	int32_t priority;
	uint32_t home;		/* site */
	uint32_t count, cap;	/* elements; how many may run at once, 0 = any number */
	uint32_t real_waiting;	/* elements that wait in reality */
	uint32_t waiting, running, begun;	/* alone; begun: running or over */
	uint32_t at;		/* position of the run among the home's; not of arrays */
	bool known;		/* run_ms is true */
	bool over;		/* in reality */
};

struct suan_twin_run {
	int64_t end_ms, start_ms;
	uint32_t slot;		/* of the twin */
	uint32_t pool, run;	/* the virtual planner's numbers */
	uint32_t nplaces;
	union {
		struct suan_place one;
		struct suan_place *many;	/* owned if nplaces > 1 */
	} places;
};

struct suan_tally {		/* core × ms × ms, if nothing else is said */
	int64_t at_ms;		/* what it is counted up to */
	suan_area real, alone;	/* waited so far */
	suan_area work;		/* run times: the same in both */
	suan_area real_area, alone_area;	/* core × ms of what waits now; not in snapshots */
	uint64_t jobs;		/* followed so far */
	uint64_t pools;		/* hash of the states of its pools */
	bool guard;		/* its jobs are to go first when they would have started alone */
};

struct suan_home {
	struct suan_tally tally;
	struct suan_planner *planner;	/* owned; follows from the rest */
	struct suan_twin_run *runs;	/* owned; heap by end */
	size_t nruns, runs_cap;
	uint64_t shape;		/* hash of its pools */
	bool stale;		/* the planner must be made anew */
	bool pools_old;		/* it does not know of the latest states of its pools */
	bool touched;		/* something may start: a virtual pass is due */
};

enum suan_step_kind { SUAN_STEP_MADE, SUAN_STEP_WAS, SUAN_STEP_GONE, SUAN_STEP_POPPED,
		      SUAN_STEP_PUSHED, SUAN_STEP_SKIPPED };

struct suan_step {		/* what the present pass has done, so that it can be taken back */
	enum suan_step_kind kind;
	uint32_t at;		/* slot, or home */
	uint64_t job;
	union {
		struct suan_twin twin;
		struct suan_twin_run run;
	} was;
};

struct suan_alone {
	struct suan_home *homes;	/* owned; by site */
	size_t nhomes, homes_cap, had_homes;	/* before the present pass */
	bool begun;			/* a pass: there is something to commit or undo */
	struct suan_twin *twins;	/* owned */
	size_t ntwins, twins_cap, nfree;
	uint32_t free;			/* first free slot + 1 */
	struct suan_map of;		/* job → slot */
	uint64_t *dirty;		/* owned: jobs to look at in the next pass */
	size_t ndirty, dirty_cap;
	bool all_dirty;
	bool on;			/* the policy and the network are such that it matters */
	bool busy;			/* marks are its own */
	struct suan_step *steps;	/* owned; of the present pass */
	size_t nsteps, steps_cap;
	struct suan_tally *tallies;	/* owned; before it */
	size_t ntallies, tallies_cap;
};

/* ---- alone.c, alone_pass.c ---- */

/* There are going to be jobs with a home. */
SUAN_MUSTUSE enum suan_code suan_alone_reserve(struct suan_engine *e);
void suan_alone_free(struct suan_engine *e);
/* The job changed. */
void suan_alone_mark(struct suan_engine *e, const struct suan_job *j);
/* States of pools changed. */
void suan_alone_pools(struct suan_engine *e);
/* Policy or network changed. */
void suan_alone_revise(struct suan_engine *e);
/* Brings all homes up to now; then either of the others. */
SUAN_MUSTUSE enum suan_code suan_alone_pass(struct suan_engine *e, int64_t now_ms);
void suan_alone_commit(struct suan_engine *e);
void suan_alone_undo(struct suan_engine *e);
/* After commit: an element of the job starts in reality. */
void suan_alone_started(struct suan_engine *e, struct suan_job *j, int64_t now_ms);
/* A run of the job is over after so long. */
void suan_alone_ended(struct suan_engine *e, const struct suan_job *j, int64_t run_ms);
/* Would a waiting element of it have started alone, and is its home to be guarded? */
bool suan_alone_owed(const struct suan_engine *e, const struct suan_job *j);
/* NULL: not followed. */
struct suan_twin *suan_alone_find(const struct suan_engine *e, uint64_t job);
suan_area suan_alone_area(const struct suan_twin *t);	/* of one element */
/* A planner for the home, from twins and runs. ENOMEM; ECONFLICT: the runs do not fit. */
SUAN_MUSTUSE enum suan_code suan_alone_plan(struct suan_engine *e, uint32_t home);
uint64_t suan_alone_shape(const struct suan_engine *e, uint32_t site);	/* hash of its pools */
size_t suan_alone_memory(const struct suan_engine *e);
/* ENOMEM; ECORRUPT: what is wrong. */
SUAN_MUSTUSE enum suan_code suan_alone_verify(const struct suan_engine *e, struct suan_err *err);

SUAN_MUSTUSE enum suan_code suan_alone_verify_planners(const struct suan_engine *e,
						       struct suan_err *err);

/* ---- alone_save.c ---- */

/* Slots of all twins by job: owned, free(). ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_alone_sorted(const struct suan_engine *e, uint32_t **ret,
					      size_t *ret_n);
/* kind: number of the string in the snapshot. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_alone_put_twin(const struct suan_engine *e, uint32_t slot,
						uint64_t kind, struct suan_buf *out);
void suan_alone_put_homes(const struct suan_engine *e, struct suan_buf *out);
/* What is wrong is set in *u. Homes come first. */
void suan_alone_get_home(struct suan_engine *e, const struct suan_field *f, struct suan_unpack *u);
/* The slot, or SUAN_NO_POS; its kind is to be set, with a reference. */
uint32_t suan_alone_get_twin(struct suan_engine *e, const struct suan_field *f,
			     struct suan_unpack *u, uint64_t *ret_kind);
/* All are there. ENOMEM; ECONFLICT, ECORRUPT: they contradict each other. */
SUAN_MUSTUSE enum suan_code suan_alone_restored(struct suan_engine *e);

/* ---- alone_heap.c: runs by end; twins know where theirs is ---- */

void suan_alone_push(struct suan_alone *a, struct suan_home *h, const struct suan_twin_run *r);
/* Takes out the run at this position, 0: the one that ends first. */
struct suan_twin_run suan_alone_take(struct suan_alone *a, struct suan_home *h, size_t at);
/* Its end changed. */
void suan_alone_move(struct suan_alone *a, struct suan_home *h, size_t at);

#endif
