/* Inside of the scheduler's state machine: jobs, their elements, the tables around them. Shared by
 * engine*.c and the files of their parts; nobody else includes it.
 *
 * What can fail in an event is done first (reserve, intern, allocate), then everything is written.
 * The planner is no part of the state: it is brought up to date from it by suan_sync(). */
#ifndef SUAN_ENGINE_STATE_H
#define SUAN_ENGINE_STATE_H

#include "base/arena.h"
#include "base/map.h"
#include "engine/accounts.h"
#include "engine/inflow.h"
#include "engine/engine.h"
#include "engine/forecast.h"
#include "engine/fragment.h"
#include "engine/history.h"
#include "engine/planner.h"
#include "engine/signals.h"

#define SUAN_LEASE_GRACE_MS   60000		/* after start + limit: certainly over */
#define SUAN_DEFAULT_WALLTIME 86400000		/* 24 h */
#define SUAN_DEFAULT_ATTEMPTS 5u
#define SUAN_CHUNK	      256u		/* elements made at once when one of them starts */
#define SUAN_NO_POS	      UINT32_MAX

/* ---- elements ---- */

/* One element of a job. Until something happens to it no record exists (see suan_array.rest). */
struct suan_elem {
	int64_t order_ms, start_ms, end_ms;
	struct suan_usage usage;
	union {
		struct suan_place one;
		struct suan_place *many;	/* owned if nplaces > 1 */
	} places;				/* of the current or last run */
	uint32_t nplaces;
	uint32_t attempt, pool;
	uint32_t run;		/* the planner's number while active */
	int64_t stop_ms;	/* stopped for others: by then it should be over; 0: it was not */
	uint64_t stop_for;	/* pushed: the job that wants the room; 0: none */
	uint32_t text;		/* interned */
	uint32_t why;		/* interned: candidates of the decision */
	int32_t exit_code, signal;
	uint16_t losses;	/* attempts that were lost */
	uint8_t state, reason;	/* enum suan_state; enum suan_reason of the end */
	bool held;		/* only while PENDING */
	bool stopping;		/* a stop was ordered … */
	bool again;		/* … in order to start anew */
	bool limbo;		/* UNKNOWN, and holds its nodes until its lease has ended */
	bool acked;		/* the site has the order */
	bool pushed;		/* stopped for others: preempt.c */
};

/* What an array job has beyond a single one. */
struct suan_array {
	const struct suan_range *set;	/* borrowed from the strings */
	uint32_t range;			/* interned struct suan_range */
	uint32_t counts[SUAN_NSTATES];
	uint32_t ready, held, limbo;
	uint32_t cursor;		/* no ready element before this position */
	uint32_t pick;			/* during a pass: next position to look at */
	uint32_t worst;			/* position of the worst end, or SUAN_NO_POS */
	uint32_t last_pool;
	int64_t first_start_ms, last_end_ms;
	struct suan_elem rest;		/* every element without a record */
	struct suan_elem **chunks;	/* owned; NULL: all are as rest */
	uint64_t *bits;			/* owned, with chunks: ready elements */
};

/* ---- jobs ---- */

struct suan_more {		/* rarely used parts */
	struct suan_array *array;	/* owned; NULL: single task */
	struct suan_dep *deps;		/* owned */
	uint32_t ndeps;
	bool corr;			/* one of deps is aftercorr */
	uint64_t *dependents;		/* owned: jobs that name this one; may hold forgotten ids */
	size_t ndependents, dependents_cap;
	int64_t begin_ms, deadline_ms;
	uint32_t reservation;		/* 0 = none */
	uint32_t want;			/* inputs: data.h; 0 = none */
	bool due;			/* in the heap for its begin */
	uint8_t goal;			/* enum suan_goal */
	bool listed;			/* in plan->goals */
	int64_t max_delay_ms;
	int64_t target_ms;		/* of goal.c: when it is to start; 0 = not decided, */
	uint32_t target;		/* and in which pool + 1; 0 = in any */
	uint32_t preempted;		/* runs stopped for others, */
	int64_t preempted_core_ms;	/* and their work that was lost */
};

struct suan_job {
	uint64_t id;
	int64_t submit_ms, walltime_ms, estimate_ms;
	int64_t predict_ms;		/* expected run time; 0: of an old snapshot */
	struct suan_given given;	/* until its first start; class PROMPT: nothing */
	struct suan_req req;		/* with gpu_kind interned */
	struct suan_more *more;		/* owned; NULL: nothing rare */
	struct suan_elem *one;		/* owned; single task that is not just waiting */
	uint32_t name, user, account, qos, payload, env;	/* interned */
	int32_t priority;
	uint32_t rule;			/* allow and deny lists; 0 = none */
	uint32_t party;			/* of e->acct + 1; 0 = none */
	uint32_t key;			/* idempotency key of its submission + 1; 0 = none */
	uint32_t planned;		/* starts the planner waits to make */
	uint32_t home;			/* site + 1; 0 = none */
	uint8_t guarantee;
	uint8_t summary;		/* enum suan_state */
	uint8_t alone;			/* enum suan_followed (alone.h) */
	bool checkpointable;
	bool held;			/* single task without record */
	bool started;			/* some element was: dependencies count no more */
	bool dirty;			/* listed for suan_sync */
	bool known;			/* predict_ms is from runs, not the estimate */
	bool replan;			/* the planner's item is outdated whatever its count */
};

#define SUAN_PAGE 256u

struct suan_job_page {
	uint32_t count;
	struct suan_job *jobs[SUAN_PAGE];
};

/* ---- network ---- */

struct suan_eng_site {
	const struct suan_site_spec *spec;	/* in the arena of the network */
	enum suan_site_state state;
	bool gone;
	uint32_t column;	/* of the latencies; SUAN_NO_POOL: gone. Follows from the network */
};

struct suan_eng_pool {
	struct suan_pool_spec spec;	/* strings in the arena */
	uint32_t site;
	uint32_t usable;	/* as told by CAPACITY; UINT32_MAX: all */
	uint32_t gpu_kind;	/* interned */
	uint32_t failures;	/* starts that the site could not make, in a row */
	int64_t retry_ms;	/* because of them, no start before this */
	bool paused;		/* follows from retry_ms at the last pass */
	bool was_paused;	/* before the present pass */
	bool gone;
};

struct suan_net {
	struct suan_arena arena;
	struct suan_network network;
	struct suan_eng_site *sites;	/* owned */
	struct suan_eng_pool *pools;	/* owned */
	uint32_t nsites, npools;
	uint64_t widest_cores, widest_gpus;	/* of the largest pool */
	uint32_t present;	/* pools that the network has now */
};

/* ---- allow and deny lists: equal ones are one rule ---- */

/* Where a start may be. All of it counts: what is allowed by the lists, near enough, and where
 * everything that the job reads may be. */
struct suan_where {
	struct suan_names lists[4];	/* site, hub, not site, not hub */
	const char *near;		/* city or site; "" = none */
	uint32_t max_latency_us;	/* one way from there; 0 = any */
	uint32_t ndata;
	const struct suan_residency *data;
};

struct suan_rule {
	uint32_t text;			/* interned bytes of the lists; 0: free slot */
	uint32_t refs;			/* of a free slot: the next free one */
	struct suan_where where;	/* lists in `parts`, strings in the interned bytes */
	void *parts;			/* owned */
	uint64_t *allow;		/* owned; bit per pool */
	uint32_t words;
};

/* ---- idempotency keys ---- */

struct suan_key {
	uint8_t key[16];
	uint64_t first, body_hash;
	uint32_t count;		/* jobs; 0: free slot */
	uint32_t next;		/* of the same hash, or free; + 1, 0 = none */
};

/* ---- times that need a pass ---- */

struct suan_due {
	int64_t at_ms;
	uint64_t job;
	uint32_t index, attempt;	/* attempt 0: begin of the job; else end of a lease */
};

struct suan_dues {		/* binary heap by all four */
	struct suan_due *list;	/* owned */
	size_t count, cap;
};

/* ---- what follows from the state ---- */

struct suan_plan {
	struct suan_planner *planner;	/* owned */
	struct suan_dues begins;
	uint64_t *dirty;		/* owned: jobs whose item may be outdated */
	size_t ndirty, dirty_cap;
	uint32_t npools;		/* pools the planner knows */
	bool all_dirty;			/* every job may be */
	uint64_t *fresh;		/* owned: jobs that the next pass says something of */
	size_t nfresh, fresh_cap;
	uint64_t firm_id;		/* jobs up to this one have their last key, see order.h */
	bool rekey;			/* the order of all jobs changed */
	bool pools_dirty;
	struct suan_push *rights;	/* owned; of each class, see preempt.c */
	size_t nrights, rights_cap;
	bool ranks_dirty;		/* classes changed: runs and jobs have other rights */
	uint32_t ngroups, nsets;	/* of accounts that the planner knows */
	bool groups_dirty;		/* it must be told of all anew */
	bool windows_dirty;		/* of the reservations */
	uint64_t *goals;		/* owned: waiting jobs with a goal, see goal.h; by id */
	size_t ngoals, goals_cap;
	struct suan_goal_mark *marks;	/* owned: targets before the present pass */
	size_t nmarks, marks_cap;
};

struct suan_reserves {			/* reserve.h */
	struct suan_reservation **list;	/* owned; by id */
	size_t count, cap;
	uint32_t last_id;
	int64_t *over;			/* owned; scratch of a pass */
	size_t over_cap;
};

struct suan_data {			/* data.h */
	struct suan_dataset **list;	/* owned; by id */
	size_t count, cap;
	struct suan_transfer *transfers;	/* owned; by id */
	size_t ntransfers, transfers_cap;
	uint32_t last_id, last_transfer;
	uint64_t moved_bytes;		/* between sites, of transfers that are done */
	struct suan_map by_name;	/* interned name → id */
	struct suan_want *wants;	/* owned; 0 and 1 are nobody's */
	size_t nwants, wants_cap;
	uint32_t free_want, live_wants;
	struct suan_map want_of;	/* interned ids → number */
	struct suan_links *links;	/* owned; NULL: to be made anew */
	bool stale;			/* the plan of transfers is */
	size_t before;			/* transfers before the pass added some */
	size_t copies;			/* of all data sets */
	uint32_t pass;
	int64_t *arrivals;		/* owned; scratch, by pool */
	size_t arrivals_cap;
};

struct suan_engine {
	uint64_t seq;
	int64_t now_ms;
	int64_t epoch_ms;		/* when job 1 was submitted */
	struct suan_policy policy;
	struct suan_net net;
	struct suan_intern *strings;	/* owned */
	struct suan_history history;
	struct suan_forecast forecast;
	struct suan_acct acct;
	struct suan_mix mix;		/* of accelerators asked for */
	struct suan_inflow inflow;	/* of jobs with goals */
	int64_t goals_ms;		/* when goal.c planned last; INT64_MIN = it has to */

	uint64_t next_id;		/* of the next job */
	struct suan_job_page **pages;	/* owned; page p has ids p × SUAN_PAGE … */
	size_t npages, pages_cap, first_page;	/* pages before first_page are empty */
	uint64_t njobs;
	uint64_t summaries[SUAN_NSTATES];
	uint64_t nelems;		/* records */

	struct suan_rule *rules;	/* owned; rule 0 is unused */
	size_t nrules, rules_cap;
	uint32_t free_rule;
	struct suan_map rule_of;	/* interned text → rule */
	struct suan_key *keys;		/* owned */
	size_t nkeys, keys_cap;
	uint32_t free_key;		/* + 1 */
	struct suan_map key_of;		/* first 8 bytes of the key → entry + 1 */
	struct suan_dues leases;
	struct suan_alone *alone;	/* owned; NULL: no job ever had a home */
	struct suan_reserves reserves;
	struct suan_signals *signals;	/* owned; of all sites of net */
	struct suan_data data;
	struct suan_plan *plan;		/* owned; apart: a question may bring it up to date */
	size_t bytes;			/* of jobs and their parts */

	struct suan_buf scratch;	/* bytes of one start's candidates */
	struct suan_pick *picks;	/* owned; scratch of a pass */
	size_t picks_cap;
};

/* ---- jobs.c ---- */

/* Zeroed memory that counts in e->bytes; NULL: none. */
void *suan_jobs_alloc(struct suan_engine *e, size_t n);
/* Not zeroed: glibc keeps what was freed last at hand for malloc, not for calloc. */
void *suan_jobs_room(struct suan_engine *e, size_t n);
void suan_jobs_release(struct suan_engine *e, void *p, size_t n);
/* NULL: none. */
static inline struct suan_job *suan_jobs_find(const struct suan_engine *e, uint64_t id)
{
	uint64_t page = id / SUAN_PAGE;

	if (id == 0 || page >= e->npages || !e->pages[page])
		return NULL;
	return e->pages[page]->jobs[id % SUAN_PAGE];
}
/* Makes room for n jobs from next_id on. */
SUAN_MUSTUSE enum suan_code suan_jobs_reserve(struct suan_engine *e, uint32_t n);
void suan_jobs_insert(struct suan_engine *e, struct suan_job *j);	/* room is reserved */
void suan_jobs_remove(struct suan_engine *e, struct suan_job *j);	/* does not free */
/* A job from its specification, unlisted. The strings are referenced. */
SUAN_MUSTUSE enum suan_code suan_jobs_make(struct suan_engine *e, const struct suan_job_spec *spec,
					   struct suan_job **ret);
void suan_jobs_free(struct suan_engine *e, struct suan_job *j);
SUAN_MUSTUSE enum suan_code suan_jobs_more(struct suan_engine *e, struct suan_job *j);
int64_t suan_jobs_walltime(const struct suan_engine *e, const struct suan_job_spec *spec);

static inline int64_t suan_jobs_begin(const struct suan_job *j)
{
	return j->more ? j->more->begin_ms : 0;
}

static inline int64_t suan_jobs_deadline(const struct suan_job *j)
{
	return j->more ? j->more->deadline_ms : 0;
}

static inline uint32_t suan_jobs_reservation(const struct suan_job *j)
{
	return j->more ? j->more->reservation : 0;
}

/* NULL: single task. */
static inline struct suan_array *suan_jobs_array(const struct suan_job *j)
{
	return j->more ? j->more->array : NULL;
}

/* All of it has ended, and certainly so. */
bool suan_jobs_over(const struct suan_job *j);
/* Takes the job out of everything and frees it. */
void suan_jobs_forget(struct suan_engine *e, struct suan_job *j);
void suan_jobs_predict(struct suan_engine *e, struct suan_job *j);	/* sets predict_ms */
/* What one start of the job asks of the planner; allow bits are borrowed. */
void suan_jobs_ask(const struct suan_engine *e, const struct suan_job *j, struct suan_ask *ret);

/* ---- elems.c: positions are 0 … count − 1, indices what the user wrote ---- */

uint32_t suan_elems_count(const struct suan_job *j);
uint32_t suan_elems_in(const struct suan_job *j, enum suan_state s);
uint32_t suan_elems_index(const struct suan_job *j, uint32_t pos);
bool suan_elems_pos(const struct suan_job *j, uint32_t index, uint32_t *ret);
uint32_t suan_elems_ready(const struct suan_job *j);
uint32_t suan_elems_held(const struct suan_job *j);
uint32_t suan_elems_limbo(const struct suan_job *j);
uint32_t suan_elems_active(const struct suan_job *j);	/* STAGING, RUNNING, limbo */
/* Borrowed; shared by all elements without a record. */
const struct suan_elem *suan_elems_get(const struct suan_job *j, uint32_t pos);
bool suan_elems_has_record(const struct suan_job *j, uint32_t pos);
/* Makes the record (and those around it); it says what was so before. */
SUAN_MUSTUSE enum suan_code suan_elems_open(struct suan_engine *e, struct suan_job *j,
					    uint32_t pos);
/* Room for single elements to differ from the others. */
SUAN_MUSTUSE enum suan_code suan_elems_unfold(struct suan_engine *e, struct suan_job *j);
struct suan_elem *suan_elems_at(struct suan_job *j, uint32_t pos);	/* has a record */
/* Found anew, not looked up. For arrays. */
bool suan_elems_is_ready(const struct suan_engine *e, const struct suan_job *j, uint32_t pos);
/* Next ready position ≥ from, or SUAN_NO_POS. */
uint32_t suan_elems_next_ready(const struct suan_job *j, uint32_t from);
/* Moves an element with a record into another state: counts, summary, readiness, dependents, and
 * one effect, for which room is reserved. Sets its state, held and limbo. */
struct suan_spot {
	struct suan_job *job;
	uint32_t pos;
};
void suan_elems_move(struct suan_engine *e, struct suan_spot at, enum suan_state to, bool limbo,
		     struct suan_effects *fx);
void suan_elems_hold(struct suan_engine *e, struct suan_job *j, uint32_t pos, bool held);
/* Recomputes whether the element is ready (its aftercorr partner changed). */
void suan_elems_refresh(struct suan_engine *e, struct suan_job *j, uint32_t pos);
/* All elements without a record at once. end_ms: of the cancelled; 0 otherwise. */
void suan_elems_move_rest(struct suan_engine *e, struct suan_job *j, enum suan_state to,
			  int64_t end_ms, struct suan_effects *fx);
void suan_elems_hold_rest(struct suan_engine *e, struct suan_job *j, bool held);
/* Says the element what the rest says, so that it needs no record? */
bool suan_elems_as_rest(const struct suan_elem *x, const struct suan_elem *rest);
/* Elements without a record. */
uint32_t suan_elems_rest(const struct suan_job *j);
void suan_elems_clear(struct suan_engine *e, struct suan_elem *x);	/* parts of the last run */
void suan_elems_free(struct suan_engine *e, struct suan_job *j);
const struct suan_place *suan_elems_places(const struct suan_elem *x);
enum suan_state suan_elems_summary(const struct suan_job *j);
/* Position whose end stands for the job; SUAN_NO_POS: not over. */
uint32_t suan_elems_worst(const struct suan_job *j);
/* Rebuilds counts, bits and cursor of an array from its elements. */
void suan_elems_recount(struct suan_engine *e, struct suan_job *j);

/* ---- deps.c ---- */

enum suan_deps { SUAN_DEPS_MET, SUAN_DEPS_WAIT, SUAN_DEPS_NEVER };

/* Of the whole job, without aftercorr; *ret_job: the one in the way. */
enum suan_deps suan_deps_state(const struct suan_engine *e, const struct suan_job *j,
			       uint64_t *ret_job);
/* aftercorr of one element. */
enum suan_deps suan_deps_element(const struct suan_engine *e, const struct suan_job *j,
				 uint32_t index, uint64_t *ret_job);
/* Enters the job's id, which it need not have yet, into the lists of the jobs it depends on. On
 * failure nothing changed. unlink takes back the last link. */
SUAN_MUSTUSE enum suan_code suan_deps_link(struct suan_engine *e, const struct suan_job *j,
					   uint64_t id);
void suan_deps_unlink(struct suan_engine *e, const struct suan_job *j);
/* How the job looks to its dependents; when it changes, they are told. */
unsigned suan_deps_phase(const struct suan_job *j);
void suan_deps_tell(struct suan_engine *e, const struct suan_job *j, unsigned phase_before);
void suan_deps_tell_element(struct suan_engine *e, const struct suan_job *j, uint32_t index);
/* Does some waiting job wait for this one? */
bool suan_deps_needed(const struct suan_engine *e, const struct suan_job *j);
/* Was a job forgotten that this one depends on? */
bool suan_deps_lost(const struct suan_engine *e, const struct suan_job *j);
bool suan_deps_has_corr(const struct suan_job *j);	/* element by element */

/* ---- net.c ---- */

/* The network of the event. Runs whose site is not in it are lost (engine_report.c). */
SUAN_MUSTUSE enum suan_code suan_net_set(struct suan_engine *e, const struct suan_event *ev,
					 struct suan_effects *fx, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_net_check(const struct suan_network *net, struct suan_err *err);
void suan_net_done(struct suan_net *n);
/* Sets widest_… and present: of pools that can take jobs under the policy. */
void suan_net_measure(struct suan_net *n, const struct suan_policy *policy);
uint32_t suan_net_site(const struct suan_net *n, const char *name);
uint32_t suan_net_pool(const struct suan_net *n, uint32_t site, const char *name);
/* Row of the latencies of a city or site; false: there is none of that name. */
bool suan_net_place(const struct suan_net *n, const char *name, uint32_t *ret_row);
/* One way, µs, from the place of the row; SUAN_FAR_US: not known. */
uint32_t suan_net_latency(const struct suan_net *n, uint32_t row, uint32_t site);
bool suan_net_has_hub(const struct suan_net *n, const char *name);
void suan_net_plan_pool(const struct suan_engine *e, uint32_t pool, struct suan_plan_pool *ret);
SUAN_MUSTUSE enum suan_code suan_net_copy(struct suan_arena *a, const struct suan_network *net,
					  struct suan_network *ret);
SUAN_MUSTUSE enum suan_code suan_net_copy_site(struct suan_arena *a,
					       const struct suan_site_spec *spec,
					       struct suan_site_spec *ret);
SUAN_MUSTUSE enum suan_code suan_net_copy_pool(struct suan_arena *a,
					       const struct suan_pool_spec *spec,
					       struct suan_pool_spec *ret);
uint32_t suan_net_usable(const struct suan_eng_pool *p);
/* Does another scheduler choose the nodes? */
bool suan_net_delegated(const struct suan_net *n, uint32_t pool);
/* A start ordered at this time did not come about and will be tried again; a start worked. */
void suan_net_start_failed(struct suan_engine *e, uint32_t pool, int64_t order_ms,
			   int64_t now_ms);
void suan_net_start_worked(struct suan_engine *e, uint32_t pool);
/* Somebody says that the site is well again. */
void suan_net_lift_pauses(struct suan_engine *e, uint32_t site);
/* Opens the pools whose pause is over. When the next one is, or SUAN_FOREVER. */
int64_t suan_net_resume(struct suan_engine *e, int64_t now_ms);
void suan_net_unresume(struct suan_engine *e);	/* takes that back: the pass failed */
/* Candidates in paused pools: until when. */
void suan_net_explain(const struct suan_engine *e, struct suan_candidate *list, uint32_t n);

/* Signals for the sites of n, with what `old` was told. NULL: out of memory. */
struct suan_signals *suan_net_signals(const struct suan_net *n, const struct suan_signals *old);

/* ---- rules.c ---- */

/* What the job itself says; without data sets. Borrowed from it. */
void suan_rules_where(const struct suan_job_spec *spec, struct suan_where *ret);
bool suan_rules_any(const struct suan_where *w);	/* does it exclude anything at all? */
/* Rule of it with one reference more; 0 if it excludes nothing. Copied. */
SUAN_MUSTUSE enum suan_code suan_rules_add(struct suan_engine *e, const struct suan_where *w,
					   uint32_t *ret);
void suan_rules_drop(struct suan_engine *e, uint32_t rule);
/* Why the pool is none for it: NOT_ALLOWED, RESIDENCY, TOO_FAR with numbers; or NONE. */
struct suan_exclusion {
	enum suan_reason reason;
	int64_t a, b;
};
struct suan_exclusion suan_rules_exclude(const struct suan_engine *e, const struct suan_where *w,
					 uint32_t pool);
/* Bits of the pools that are not excluded, npools / 64 + 1 words. */
void suan_rules_bits(const struct suan_engine *e, const struct suan_where *w, uint64_t *ret);
/* Says of candidates that are NOT_ALLOWED why they are; w NULL: by the lists. */
void suan_rules_explain(const struct suan_engine *e, const struct suan_where *w,
			struct suan_candidate *list, uint32_t n);
bool suan_rules_holds(const struct suan_names *list, const char *name);
/* The text of a rule, as snapshots hold it, back; lists in one block, *ret_parts (owned), strings
 * in the text. ECORRUPT: it is none. */
SUAN_MUSTUSE enum suan_code suan_rules_decode(const char *text, size_t n, struct suan_where *ret,
					      void **ret_parts);
/* Room for the bits of npools in every rule; then the bits for the present network. */
SUAN_MUSTUSE enum suan_code suan_rules_reserve(struct suan_engine *e, uint32_t npools);
void suan_rules_refresh(struct suan_engine *e);
void suan_rules_done(struct suan_engine *e);

/* ---- keys.c ---- */

const struct suan_key *suan_keys_find(const struct suan_engine *e, const uint8_t key[16]);
SUAN_MUSTUSE enum suan_code suan_keys_reserve(struct suan_engine *e);
uint32_t suan_keys_add(struct suan_engine *e, const struct suan_key *key);	/* entry + 1 */
void suan_keys_drop(struct suan_engine *e, uint32_t entry1);

/* ---- dues.c ---- */

SUAN_MUSTUSE enum suan_code suan_dues_reserve(struct suan_dues *d, size_t more);
void suan_dues_push(struct suan_dues *d, const struct suan_due *x);
void suan_dues_pop(struct suan_dues *d);
void suan_dues_done(struct suan_dues *d);
/* Forgets entries that no longer mean anything; the first is then the next. */
const struct suan_due *suan_dues_begin(struct suan_engine *e);
/* Puts back the begins that a pass took out which then failed; their room is still there. */
void suan_dues_restore(struct suan_engine *e);
const struct suan_due *suan_dues_lease(struct suan_engine *e);
int64_t suan_dues_lease_end(const struct suan_job *j, const struct suan_elem *x);

/* ---- sync.c ---- */

void suan_sync_mark(struct suan_engine *e, struct suan_job *j);
void suan_sync_replan(struct suan_engine *e, struct suan_job *j);
/* Starts the planner may make of the job at this time. */
uint32_t suan_sync_wanted(const struct suan_engine *e, const struct suan_job *j, int64_t now_ms);
/* Brings pools and waiting items of the planner up to date. On failure it is only less outdated. */
SUAN_MUSTUSE enum suan_code suan_sync(struct suan_engine *e, int64_t now_ms);

/* ---- outlook.c: when waiting jobs will have started ---- */

/* The job is about to wait: the next pass says something of its start. */
SUAN_MUSTUSE enum suan_code suan_outlook_list(struct suan_engine *e, struct suan_job *j);
/* After a pass: what is said of the listed jobs that go on waiting. */
void suan_outlook_give(struct suan_engine *e, int64_t now_ms);
/* What can be said now of a job that is planned. */
void suan_outlook_now(const struct suan_engine *e, const struct suan_job *j,
		      struct suan_given *ret);
/* Of what is now, times_ms[0], planned to start at times_ms[1]. */
void suan_outlook_planned(const struct suan_engine *e, const struct suan_req *r,
			  const int64_t times_ms[2], struct suan_given *ret);
/* The job is about to start. */
void suan_outlook_started(struct suan_engine *e, struct suan_job *j, int64_t now_ms);
/* It was kept from starting: what was said is void. */
void suan_outlook_void(struct suan_job *j);

/* ---- preempt.c: who may push out whom, and the stops for it ---- */

/* Rights and rules into the planner, if classes or policy changed. */
SUAN_MUSTUSE enum suan_code suan_preempt_sync(struct suan_engine *e);
void suan_preempt_ask(const struct suan_engine *e, const struct suan_job *j,
		      struct suan_push *ret);
int32_t suan_preempt_priority(const struct suan_engine *e, const struct suan_job *j);
/* The planner's runs as the job is now; what stops or may be over is for nobody to stop. */
void suan_preempt_rank(struct suan_engine *e, const struct suan_job *j);
void suan_preempt_rank_one(struct suan_engine *e, const struct suan_job *j,
			   const struct suan_elem *x);
/* The stops that the planner wants, as many effects: what can fail, then the rest. */
SUAN_MUSTUSE enum suan_code suan_preempt_reserve(struct suan_engine *e, size_t *ret);
void suan_preempt_commit(struct suan_engine *e, struct suan_effects *fx);
/* One stop; room for an effect and the job's `more` are there. */
struct suan_pushing_out {
	uint64_t by;		/* job, 0: none */
	int64_t until_ms;	/* expected end */
	bool again;
};
void suan_preempt_stop(struct suan_engine *e, struct suan_spot at,
		       const struct suan_pushing_out *how, struct suan_effects *fx);
int64_t suan_preempt_grace(const struct suan_engine *e, const struct suan_job *j);
/* A pushed run is over, at end_ms: counted. */
void suan_preempt_note(const struct suan_engine *e, struct suan_job *j,
		       const struct suan_elem *x);

/* ---- admit.c ---- */

/* Fills the answer. prediction: also refuse what is predicted to miss its deadline. */
SUAN_MUSTUSE enum suan_code suan_admit(const struct suan_engine *e, const struct suan_event *ev,
				       bool prediction, struct suan_effects *out,
				       struct suan_err *err);

/* What a job that comes after all others asks of the planner, and where it may go. The planner is
 * told when its inputs arrive, until the next such question. */
struct suan_asking {
	struct suan_item item;
	struct suan_where where;	/* borrowed from the spec */
	uint64_t *allow;		/* owned, also after a failure; in the item */
};
SUAN_MUSTUSE enum suan_code suan_admit_ask(const struct suan_engine *e,
					   const struct suan_job_spec *spec,
					   int64_t now_ms, struct suan_asking *ret);

/* ---- verify.c ---- */

/* What is wrong with an element; NULL: nothing. */
const char *suan_verify_elem(const struct suan_engine *e, const struct suan_job *j,
			     const struct suan_elem *x);

/* ---- engine_*.c: one event each; on failure nothing has changed ---- */

SUAN_MUSTUSE enum suan_code suan_engine_submit(struct suan_engine *e, const struct suan_event *ev,
					       struct suan_effects *fx, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_engine_command(struct suan_engine *e,
						const struct suan_event *ev,
						struct suan_effects *fx);
/* Only what the answer would be. */
void suan_engine_ask(const struct suan_engine *e, const struct suan_event *ev,
		     struct suan_effects *fx, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_engine_report(struct suan_engine *e, const struct suan_event *ev,
					       struct suan_effects *fx);
/* The site of a run that it has or should have is gone: as if it had said UNKNOWN. Room for one
 * effect and one lease is reserved. */
void suan_engine_lose_run(struct suan_engine *e, struct suan_spot at, int64_t now_ms,
			  struct suan_effects *fx);
SUAN_MUSTUSE enum suan_code suan_engine_pass(struct suan_engine *e, int64_t now_ms,
					     struct suan_effects *fx);
uint32_t suan_engine_max_attempts(const struct suan_engine *e);

SUAN_MUSTUSE enum suan_code suan_effects_reserve(struct suan_effects *fx, size_t more);
void suan_effects_push(struct suan_effects *fx, const struct suan_effect *x);

/* why.c: the candidates of a start of the job, with what they cost, as interned bytes. */
SUAN_MUSTUSE enum suan_code suan_why_put(struct suan_engine *e, const struct suan_job *j,
					 const struct suan_start *s, uint32_t *ret_text);

/* admit.c: candidates cannot start before the job's own earliest start. */
void suan_not_before(struct suan_candidate *list, uint32_t n, int64_t begin_ms);

#endif
