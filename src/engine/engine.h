/* The scheduler as a pure function: state + event → effects. No clock, no I/O, no floating point;
 * the same events give the same state and effects on every machine. Front door of src/engine. */
#ifndef SUAN_ENGINE_ENGINE_H
#define SUAN_ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/energy.h"
#include "engine/model.h"

struct suan_engine;

struct suan_effects { /* owned; reused from step to step */
	struct suan_effect *list;
	size_t count, cap;
	/* The answer to the command: a refusal is data, not an error. */
	enum suan_reason refused; /* SUAN_R_NONE = done */
	uint32_t refused_item;	  /* which job of a bulk, 0 based */
	int64_t a, b;		  /* numbers of the reason */
	uint32_t pool;		  /* pool of the nearest miss, or SUAN_NO_POOL */
	enum suan_code code;	  /* SUAN_OK, SUAN_EREFUSED, SUAN_ENOTFOUND, SUAN_ECONFLICT */
	uint64_t first_job;	  /* SUBMIT: ids first_job … first_job + njobs − 1 */
	uint32_t njobs;
	uint32_t reservation; /* RESERVE, UNRESERVE: its number */
	uint32_t nodes;	      /* RESERVE: so many nodes are in it */
	uint32_t data;	      /* DATA: its number */
	bool repeated; /* the idempotency key was known: nothing new was made */
};

void suan_effects_init(struct suan_effects *fx);
void suan_effects_done(struct suan_effects *fx);

struct suan_engine *suan_engine_new(void); /* NULL: out of memory */
void suan_engine_free(struct suan_engine *e);

/* Applies one event; *out is reset first. A refused command returns SUAN_OK with out->refused or
 * out->code set and changes nothing but the sequence number. Errors: ECONFLICT (wrong sequence
 * number or time going backwards), ENOMEM, EINVAL; then nothing at all has changed. */
SUAN_MUSTUSE enum suan_code suan_engine_step(struct suan_engine *e, const struct suan_event *ev,
					     struct suan_effects *out, struct suan_err *err);
/* Would the command be refused now? Fills *out as step would, without effects; changes nothing.
 * Lets a service answer without logging the event. */
SUAN_MUSTUSE enum suan_code suan_engine_check(const struct suan_engine *e,
					      const struct suan_event *ev, struct suan_effects *out,
					      struct suan_err *err);
uint64_t suan_engine_seq(const struct suan_engine *e); /* of the last event */
int64_t suan_engine_now(const struct suan_engine *e);  /* of the last event */

/* Whole state as bytes, and back into a fresh engine. Planning state is rebuilt, not stored. */
SUAN_MUSTUSE enum suan_code suan_engine_save(const struct suan_engine *e, struct suan_buf *out,
					     struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_engine_load(struct suan_engine **ret, const void *bytes, size_t n,
					     struct suan_err *err);
/* Of the state, for replay checks; 0: out of memory. */
uint64_t suan_engine_hash(const struct suan_engine *e);
/* SUAN_OK, or ECORRUPT with the broken invariant in words. Slow: for tests and `doctor`. */
SUAN_MUSTUSE enum suan_code suan_engine_verify(const struct suan_engine *e, struct suan_err *err);
size_t suan_engine_memory(const struct suan_engine *e); /* bytes allocated */

/* ---- reading; everything borrowed until the next step ---- */

struct suan_job_view {
	uint64_t id;
	const char *name, *user, *account, *qos, *gpu;
	const char *home;	/* site, or "" */
	struct suan_req req;
	int64_t walltime_ms, estimate_ms, begin_ms, deadline_ms, submit_ms;
	int64_t start_ms, end_ms; /* first start, last end; 0 = not yet */
	int32_t priority;
	bool hold, checkpointable, is_array;
	enum suan_guarantee guarantee;
	const struct suan_range *array;
	const struct suan_dep *deps;
	uint32_t ndeps;
	struct suan_names site, hub, not_site, not_hub;
	enum suan_goal goal;
	int64_t max_delay_ms;
	const char *near;	  /* city or site, or "" */
	uint32_t max_latency_us;  /* one way from there; 0 = any */
	uint32_t reservation; /* its number; 0 = none */
	const uint32_t *inputs;	/* data sets that it reads, by number */
	uint32_t ninputs;
	const void *payload, *env;
	size_t payload_len, env_len;
	/* Summary: RUNNING if any runs, else STAGING, PENDING, else the worst end
	 * (UNKNOWN, FAILED, TIMEOUT, OUT_OF_MEMORY, PREEMPTED, CANCELLED, COMPLETED). */
	enum suan_state state;
	uint32_t elements;	       /* 1 for a single task */
	uint32_t counts[SUAN_NSTATES]; /* elements in each state */
	enum suan_reason reason;       /* why it waits or how it ended */
	int64_t reason_a, reason_b;
	uint32_t pool;	   /* of the latest run, or SUAN_NO_POOL */
	int32_t exit_code; /* of the worst element */
	int32_t signal;
	int64_t predicted_start_ms; /* of the next start; 0 = no prediction */
	uint32_t predicted_pool;
	/* By then its first start will have come with a probability of 50, 90, 99 % (forecast.h);
	 * 0: it does not wait for its first start, or for something else than room. */
	int64_t predicted_p50_ms, predicted_p90_ms, predicted_p99_ms;
	/* Runs that were stopped for other jobs, and cores × ms of work lost by it (none if it is
	 * checkpointable). */
	uint32_t preempted;
	int64_t preempted_core_ms;
};

struct suan_task_view {
	uint64_t job;
	uint32_t index, attempt;
	enum suan_state state;
	bool stopping;
	/* It is stopped for another job, and its class says what that may take; 0 = as the site
	 * does it. */
	int64_t stop_grace_ms;
	uint32_t pool;
	int64_t order_ms, start_ms, end_ms; /* 0 = not yet */
	int32_t exit_code, signal;
	enum suan_reason reason;
	int64_t reason_a, reason_b;
	struct suan_usage usage;
	const char *text;
};

struct suan_pool_view {
	uint32_t number, site;
	const char *name;
	struct suan_pool_spec spec;
	uint32_t usable_nodes;
	uint64_t cores_total, cores_used, gpus_total, gpus_used, memory_total, memory_used;
	uint32_t running; /* runs */
	uint32_t waiting; /* jobs predicted to start here */
	bool delegated;	  /* another scheduler chooses the nodes */
};

/* What became of the starts that were predicted when a job was first planned, in one class of
 * predictions; forecast.h. Kinds: started at once, nothing was predicted; too deep in the queue to
 * be planned; by planned wait, of jobs that ask for at most an eighth of the largest pool, or for
 * more; not planned because of a limit of account, user or class. Losses are pinball losses in
 * hundredths of a second, of the three times and of the planned start as it was; sums over count.
 */
enum suan_forecast_kind {
	SUAN_FORECASTS_AT_ONCE,
	SUAN_FORECASTS_DEEP,
	SUAN_FORECASTS_NARROW,
	SUAN_FORECASTS_WIDE,
	SUAN_FORECASTS_LIMITED
};
struct suan_forecast_view {
	enum suan_forecast_kind kind;
	uint64_t from_s, below_s; /* planned waits, of narrow and wide */
	uint64_t count;
	uint64_t held[3]; /* started by p50, p90, p99 */
	uint64_t width_s; /* p90 − p50 */
	uint64_t loss[3], plan_loss[3];
};

/* What sharing does to those at home at a site, so far; see alone.h. */
struct suan_home_view {
	uint64_t jobs;		/* of it, followed so far */
	uint64_t ratio_milli;	/* real AWRT by that alone; 1000 = the same; 0 = nothing known */
	bool guarded;		/* its jobs go first when they would have started alone */
};

/* An account, or a user in one. Usage has decayed: core-ms, accelerator-ms, MiB-ms. */
struct suan_account_view {
	uint32_t number, depth;
	const char *name, *parent;
	const char *user;			/* NULL: the account itself */
	const struct suan_account_spec *spec;	/* of the account */
	uint32_t shares;
	uint32_t share_ppm;	/* what is due to it of the whole network, in millionths */
	uint32_t factor_ppm;	/* its standing: part of the head start that its jobs have */
	uint64_t used_cores, used_gpus, used_memory;
	uint64_t runs, cores, gpus, memory;	/* now; memory in bytes */
	uint64_t pending;			/* jobs */
};

struct suan_qos_view {
	const struct suan_qos_spec *spec;
	uint64_t runs, cores, gpus, memory, pending;
};

/* A limit that keeps a waiting job from starting anywhere. */
struct suan_quota_view {
	const char *account, *qos;	/* "" = not of one */
	const char *user;		/* "" = of all together */
	enum suan_limit limit;
	uint64_t used, want, most;
};

struct suan_site_view {
	uint32_t number;
	enum suan_site_state state;
	bool gone;			   /* no longer in the network file */
	const struct suan_site_spec *spec; /* its pools: see first_pool */
};

struct suan_data_view {
	uint32_t id;
	const char *name, *owner, *account, *source;
	const char *sha256;	/* "" = not known yet */
	const char *text;	/* what went wrong last; "" = nothing */
	uint64_t bytes, files;
	int64_t made_ms, expires_ms;
	struct suan_names sites, hubs, users, accounts;
	uint32_t copies, complete;
};

struct suan_replica_view {
	uint32_t site;
	enum suan_replica_state state;
	bool kept;		/* the cache does not drop it */
	uint32_t runs;		/* that read it now */
	int64_t used_ms, checked_ms;
	uint32_t transfer;	/* that makes or checks it; 0 = none */
};

struct suan_transfer_view {
	uint32_t id, attempt, data;
	uint32_t from, to;	/* sites; from SUAN_NO_POOL: outside; = to: a check */
	bool running;
	uint32_t failures;
	int64_t made_ms, begin_ms, end_ms;	/* planned; FOREVER: nobody can say */
	uint64_t bytes, done_bytes;
	uint64_t mbit;		/* reserved on each link; 0: not on links */
};

struct suan_held_view {		/* what a reservation for one job holds of what that job reads */
	uint32_t data, from, to;	/* from SUAN_NO_POOL: it is there, or comes anyway */
	int64_t begin_ms, end_ms;	/* of its transfer, with so much of each link */
	uint64_t mbit, bytes;
};

struct suan_reservation_view {
	uint32_t id;
	const char *name, *owner;
	struct suan_names users, accounts;
	int64_t made_ms, from_ms, to_ms;
	int64_t until_ms;	 /* over then unless its job comes; 0 = not */
	bool maintenance, single;
	uint64_t job;		 /* of a single one: its job, 0 = none yet */
	uint32_t nodes, nparts;	 /* parts: see suan_engine_reserved */
	uint32_t lost;		 /* nodes that cannot be used at present */
	enum suan_reason broken; /* why not; R_NONE: none is lost */
};

/* Smallest number > after; 0 = none. By name or number; 0 = none. */
uint32_t suan_engine_next_reservation(const struct suan_engine *e, uint32_t after);
uint32_t suan_engine_find_reservation(const struct suan_engine *e, const char *name);
bool suan_engine_reservation(const struct suan_engine *e, uint32_t id,
			     struct suan_reservation_view *ret);
/* The i-th data set of its job; false: there are no more. */
bool suan_engine_held(const struct suan_engine *e, uint32_t id, uint32_t i,
		      struct suan_held_view *ret);
/* Nodes of a part, ascending, and their pool. NULL: no such part. */
const uint32_t *suan_engine_reserved(const struct suan_engine *e, uint32_t id, uint32_t part,
				     uint32_t *ret_pool, uint32_t *ret_n);
/* Data sets and transfers by number: smallest > after; 0 = none. By name; 0 = none. */
uint32_t suan_engine_next_data(const struct suan_engine *e, uint32_t after);
uint32_t suan_engine_find_data(const struct suan_engine *e, const char *name);
bool suan_engine_data_set(const struct suan_engine *e, uint32_t id, struct suan_data_view *ret);
/* Copies by place in the order of sites; false: there are no more. */
bool suan_engine_replica(const struct suan_engine *e, uint32_t id, uint32_t place,
			 struct suan_replica_view *ret);
uint32_t suan_engine_next_transfer(const struct suan_engine *e, uint32_t after);
bool suan_engine_transfer(const struct suan_engine *e, uint32_t id,
			  struct suan_transfer_view *ret);
uint64_t suan_engine_moved_bytes(const struct suan_engine *e);	/* between sites, so far */
/* May the user read it? */
bool suan_engine_may_read(const struct suan_engine *e, uint32_t id, const char *user,
			  const char *account);
bool suan_engine_job(const struct suan_engine *e, uint64_t id, struct suan_job_view *ret);
/* Ids in order: smallest id > after, or largest id < before; 0 = none. before 0 = from the end. */
uint64_t suan_engine_next_job(const struct suan_engine *e, uint64_t after);
uint64_t suan_engine_prev_job(const struct suan_engine *e, uint64_t before);
/* By summary state. */
uint64_t suan_engine_job_count(const struct suan_engine *e, enum suan_state s);
bool suan_engine_task(const struct suan_engine *e, uint64_t job, uint32_t index,
		      struct suan_task_view *ret);
/* Placement of a current or last run; *ret_n entries. NULL: none. */
const struct suan_place *suan_engine_places(const struct suan_engine *e, struct suan_run_id run,
					    uint32_t *ret_n);
/* Runs that a site has, should have (STAGING, RUNNING) or may have (UNKNOWN until its lease has
 * ended), in order of job id and index: pass the last one, or a zeroed id to begin. false: no
 * more. */
bool suan_engine_next_run(const struct suan_engine *e, struct suan_run_id *run);

/* What sites were told of over time, numbered as suan_engine_site(); never NULL. */
const struct suan_signals *suan_engine_signals(const struct suan_engine *e);
/* What suan_energy_of() wants to know of a pool. false: there is no such pool. */
bool suan_engine_energy_at(const struct suan_engine *e, uint32_t pool, struct suan_energy_at *ret);
uint32_t suan_engine_pool_count(const struct suan_engine *e);
bool suan_engine_pool(const struct suan_engine *e, uint32_t number, struct suan_pool_view *ret);
uint32_t suan_engine_site_count(const struct suan_engine *e);
bool suan_engine_site(const struct suan_engine *e, uint32_t number, struct suan_site_view *ret);
/* false: no job of it was followed. */
bool suan_engine_home(const struct suan_engine *e, uint32_t site, struct suan_home_view *ret);
/* Number by name; SUAN_NO_POOL: none. */
uint32_t suan_engine_find_site(const struct suan_engine *e, const char *name);
uint32_t suan_engine_find_pool(const struct suan_engine *e, const char *site, const char *pool);
/* Class by number; false: there are no more. */
bool suan_engine_forecast(const struct suan_engine *e, uint32_t number,
			  struct suan_forecast_view *ret);
/* One way from a city or site to a site, µs; SUAN_FAR_US: not known, or no such place. */
uint32_t suan_engine_latency(const struct suan_engine *e, const char *place, uint32_t site);
const struct suan_network *suan_engine_network(const struct suan_engine *e);
const struct suan_policy *suan_engine_policy(const struct suan_engine *e);
/* Account by number, usage as of now_ms; then users, as parts of it, by a number of their own.
 * false: there are no more. */
bool suan_engine_account(const struct suan_engine *e, uint32_t number, int64_t now_ms,
			 struct suan_account_view *ret);
bool suan_engine_account_user(const struct suan_engine *e, uint32_t number, int64_t now_ms,
			      struct suan_account_view *ret);
/* Class by number; false: there are no more. */
bool suan_engine_qos(const struct suan_engine *e, uint32_t number, struct suan_qos_view *ret);
/* false: no limit keeps the job. */
bool suan_engine_quota(const struct suan_engine *e, uint64_t job, struct suan_quota_view *ret);
/* What is defined; without anything, lists of nothing. */
const struct suan_accounts *suan_engine_accounts(const struct suan_engine *e);

/* Candidates of a task (its attempt does not matter):
 * for a placed one as they were when it was decided, else as of now.
 * Writes up to max, returns how many there are; *ret_decided_ms when (0 = now). */
uint32_t suan_engine_why(const struct suan_engine *e, struct suan_run_id task,
			 struct suan_candidate *ret, uint32_t max, int64_t *ret_decided_ms);
/* Candidates that a job would have if it were submitted now, behind everything that waits. Writes
 * up to max, best first; returns how many there are. With limits that leave it no room none of them
 * can start (R_QUOTA); limits are those of the last PASS. */
uint32_t suan_engine_quote(const struct suan_engine *e, const struct suan_job_spec *spec,
			   int64_t now_ms, struct suan_candidate *ret, uint32_t max);
/* The limit that keeps such a job from starting now; false: none does. */
bool suan_engine_quote_quota(const struct suan_engine *e, const struct suan_job_spec *spec,
			     struct suan_quota_view *ret);

/* The walltime that it would get: its own, or the default. */
int64_t suan_engine_walltime(const struct suan_engine *e, const struct suan_job_spec *spec);
/* A place and a time for all elements of a job, each run once. Where it can never start: start_ms
 * SUAN_FOREVER and no more. Parts of a footprint are −1 where they are not known. */
struct suan_offer {
	uint32_t pool;
	enum suan_reason reason;	/* CHOSEN, or why not, with a and b */
	int64_t a, b;
	int64_t start_ms, end_ms;	/* as planned */
	int64_t p50_ms, p90_ms;		/* by then it will have started, as forecasts go */
	int64_t data_ms;		/* its data is there; 0: it needs none to be moved */
	int64_t energy_j, cost_uyuan, carbon_mg, market_mg;
};
/* suan_engine_why with what each costs, or cost when it was decided; without p50, p90 and data.
 * Behind the candidates of a start come pools that its own wishes exclude, as of now.
 * Of one element of an array. */
uint32_t suan_engine_why_offers(const struct suan_engine *e, struct suan_run_id task,
				struct suan_offer *ret, uint32_t max, int64_t *ret_decided_ms);
enum suan_remedy_kind {
	SUAN_REMEDY_CORES, /* a more free ones in the pool, earlier_ms earlier than it started */
	SUAN_REMEDY_GPUS,
	SUAN_REMEDY_MEMORY, /* bytes */
	SUAN_REMEDY_ROOM,   /* enough is free in sum, but not together, or not for long enough */
	SUAN_REMEDY_LATENCY,	/* a bound of a µs instead of b: the pool too */
	SUAN_REMEDY_LISTS,	/* without its lists of sites and hubs: the pool too */
	SUAN_REMEDY_PRIORITY,	/* before the a jobs that go first */
	/* what keeps it, whatever is free */
	SUAN_REMEDY_RELEASE,	/* it is held */
	SUAN_REMEDY_BEGIN,	/* it may begin at a only */
	SUAN_REMEDY_DEPENDENCY,	/* job a has to end; b: it ended otherwise, so never */
	SUAN_REMEDY_CAP,	/* a of at most b elements run */
	SUAN_REMEDY_QUOTA,	/* a in use, the limit is b: suan_engine_quota() */
	SUAN_REMEDY_RESERVATION,	/* its reservation is from a to b; b 0: over */
	SUAN_REMEDY_DATA,	/* its inputs were there sooner than a; FOREVER: nowhere */
	SUAN_REMEDY_GOAL,	/* fastest would start at a, earlier_ms earlier; 0: not known */
	SUAN_REMEDY_SITES,	/* no site that could take it is up */
};
struct suan_remedy {
	enum suan_remedy_kind kind;
	uint32_t pool;		/* SUAN_NO_POOL: none */
	int64_t a, b;
	int64_t earlier_ms;	/* of a waiting task: than it is planned */
};
/* What would have let a task start earlier, or elsewhere; the first is what bound it. Nothing: it
 * started as soon as it could. Of a placed one from the runs that are remembered. Writes up to max,
 * returns how many. */
uint32_t suan_engine_remedies(const struct suan_engine *e, struct suan_run_id task,
			     struct suan_remedy *ret, uint32_t max);
const char *suan_remedy_name(enum suan_remedy_kind k);	/* "cores", "latency" … */
enum suan_quote_by {
	SUAN_BY_COST,
	SUAN_BY_CARBON,			/* location-based */
};
/* What waiting is worth: the best start of those at most wait_ms after the chosen one. */
struct suan_waiting_offer {
	int64_t wait_ms;
	struct suan_offer best;		/* pool SUAN_NO_POOL: none is known to be better */
};
#define SUAN_QUOTE_WAITS 5u		/* 1, 3, 6, 12, 24 h */
/* As suan_engine_quote, with what each costs. */
uint32_t suan_engine_offers(const struct suan_engine *e, const struct suan_job_spec *spec,
			    int64_t now_ms, struct suan_offer *ret, uint32_t max);
/* Of the first offer: what waiting is worth, by whole hours, best by one measure (then the other,
 * then the time and the pool). Only as long as its deadline allows. Returns how many rows. */
struct suan_waiting_ask {
	int64_t now_ms;		/* of the offers */
	enum suan_quote_by by;
};
uint32_t suan_engine_waits(const struct suan_engine *e, const struct suan_job_spec *spec,
			   const struct suan_offer *chosen, const struct suan_waiting_ask *ask,
			   struct suan_waiting_offer ret[SUAN_QUOTE_WAITS]);

#endif
