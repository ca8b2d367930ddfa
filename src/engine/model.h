/* The words of the scheduler as plain data: network, job, run, event, effect.
 * Units: times in milliseconds since the epoch (UTC), memory in bytes, money in micro-yuan, carbon
 * in milligrams. Strings are UTF-8, NUL-terminated, and borrowed from whoever built the value
 * unless a line says otherwise. */
#ifndef SUAN_ENGINE_MODEL_H
#define SUAN_ENGINE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/range.h"

#define SUAN_FOREVER INT64_MAX	/* a time that never comes */
#define SUAN_NO_POOL UINT32_MAX
#define SUAN_FAR_US  UINT32_MAX	/* a latency that is not known */
#define SUAN_NO_NODE UINT32_MAX	/* of a place: another scheduler chooses the node */

/* ---- signals: what changes at a site over time (signals.h) ---- */

enum suan_signal_kind {
	SUAN_SIGNAL_PRICE,		/* micro-yuan per kWh; may be negative */
	SUAN_SIGNAL_CARBON,		/* mg CO2 equivalent per kWh: of the grid there */
	SUAN_SIGNAL_CARBON_MARKET,	/* the same, by contracts and certificates */
	SUAN_SIGNAL_RENEWABLE,		/* share of renewable power, in millionths */
	SUAN_SIGNAL_TEMPERATURE,	/* outside, thousandths of a degree Celsius */
	SUAN_NSIGNALS
};
#define SUAN_CARBON_ZERO (-2)	/* a market-based intensity that is said to be 0 */

struct suan_signal_step {	/* the value holds until the next step */
	int64_t at_ms, value;
};

/* Values of a site from the first step to until_ms. With a period they come again and again: steps
 * are then times after the begin of the period, which is counted from the epoch (UTC, a Thursday);
 * before its first step the last value holds. */
struct suan_signal_spec {
	const char *site;
	enum suan_signal_kind kind;
	int64_t issued_ms;	/* of a forecast; 0: measured, or fixed beforehand */
	int64_t until_ms;	/* without a period: after the last step */
	int64_t period_ms;	/* 0, or 24 h or 168 h */
	const struct suan_signal_step *steps;	/* ascending */
	uint32_t nsteps;	/* 0: none; with `replace` this forgets all */
	bool marginal;		/* CARBON: of the last kWh, not of the mean */
	bool replace;		/* all that was told before of this kind is void */
	/* what the reader found in its file; only reported */
	uint32_t estimated, duplicates, gaps;
};

/* ---- network ---- */

enum suan_delegated {		/* does another scheduler choose the nodes? */
	SUAN_DELEGATED_BY_DRIVER,	/* as the driver of the site works */
	SUAN_DELEGATED_NO,
	SUAN_DELEGATED_YES,
};

struct suan_pool_spec {		/* identical nodes */
	const char *name;
	uint32_t nodes, cores;	/* cores, gpus, memory: of one node */
	uint32_t gpus;
	const char *gpu;	/* accelerator kind, "" = none */
	uint64_t memory;	/* bytes */
	uint32_t speed_milli;	/* 1000 = reference speed */
	uint32_t idle_watt, busy_watt;
	int64_t price_hour_uyuan;	/* of one node */
	uint32_t delegated;	/* enum suan_delegated: who chooses the nodes of runs */
	uint32_t gpu_idle_watt, gpu_busy_watt;	/* of one accelerator, beside the node's */
	uint64_t embodied_g;	/* CO2 equivalent of making one node; 0 = not known */
	uint32_t life_hours;	/* over which it is written off */
};

struct suan_pue_point {
	int32_t temperature_mdeg;
	uint32_t pue_milli;
};

struct suan_site_spec {
	const char *name, *zh, *hub, *owner;
	const char *driver;	/* "" = modelled only */
	int32_t lon_udeg, lat_udeg;	/* micro-degrees */
	uint32_t pue_milli;		/* 1000 = 1.0 */
	int64_t price_uyuan_kwh;	/* −1: see price_file */
	int64_t carbon_mg_kwh;		/* −1: see carbon_file */
	const char *price_file, *carbon_file;	/* time series, relative to the network file */
	uint32_t racks;
	struct suan_pool_spec *pools;
	uint32_t npools;
	int64_t price_exchange_uyuan;	/* of one unit of the file's currency; 0 = yuan */
	bool carbon_lifecycle;		/* of a file that has both, lifecycle factors */
	int64_t carbon_market_mg_kwh;	/* 0 = not known, or SUAN_CARBON_ZERO */
	uint32_t renewable_ppm;		/* 0 = not known */
	int32_t temperature_mdeg;	/* a constant one, if … */
	bool has_temperature;
	struct suan_pue_point *pue;	/* by temperature, ascending; pue_milli without one */
	uint32_t npue;
	uint64_t cache_bytes;		/* of copies of data sets; 0 = no limit */
	const char *driver_conf;	/* path of slurm.conf; NULL, "" = the default */
	/* NULL, "" = none, as price_file: */
	const char *price_tariff;	/* wire/tariff.h */
	const char *market_file, *renewable_file, *temperature_file;
	const char *price_forecast, *carbon_forecast;	/* files, wire/signal.h */
};

struct suan_link_spec {		/* directed */
	const char *from, *to;	/* sites or cities */
	uint64_t mbit_s;
	uint32_t latency_us;	/* one way */
	int64_t price_uyuan_gib;
	int64_t joule_gib;	/* what moving one GiB takes; 0 = not known */
};

struct suan_hub_spec {
	const char *name, *zh, *side;	/* side: "east", "west", "both" or "" */
};

struct suan_city_spec {		/* where demand comes from */
	const char *name, *zh, *hub;
	int32_t lon_udeg, lat_udeg;
	uint32_t weight_milli;
};

struct suan_network {
	const char *name;
	struct suan_hub_spec *hubs;
	struct suan_city_spec *cities;
	struct suan_site_spec *sites;
	struct suan_link_spec *links;
	uint32_t nhubs, ncities, nsites, nlinks;
	/* From each city, then each site, to each site: one way, microseconds, SUAN_FAR_US where
	 * nobody knows. nlatency = (ncities + nsites) × nsites, or 0: not measured
	 * (wire/latency.h). */
	uint32_t *latency_us;
	uint32_t nlatency;
};

/* ---- jobs ---- */

enum suan_state {
	SUAN_PENDING,
	SUAN_STAGING,		/* start ordered; inputs move, process is being made */
	SUAN_RUNNING,
	SUAN_COMPLETED,
	SUAN_FAILED,
	SUAN_TIMEOUT,
	SUAN_OUT_OF_MEMORY,
	SUAN_CANCELLED,
	SUAN_PREEMPTED,		/* stopped for others, not to start again */
	SUAN_UNKNOWN,		/* nobody can know; see the guarantee */
	SUAN_NSTATES
};

enum suan_guarantee {
	SUAN_LEASE,		/* again only after the first has certainly ended */
	SUAN_AT_MOST_ONCE,	/* never started twice */
	SUAN_AT_LEAST_ONCE,	/* again at once */
};

enum suan_dep_type {
	SUAN_AFTEROK, SUAN_AFTERANY, SUAN_AFTERNOTOK,
	SUAN_AFTERCORR,		/* element i after element i of the other array completed */
};

struct suan_dep {
	enum suan_dep_type type;
	uint64_t job;
};

/* What one start of a job needs. tasks × (cores, memory, gpus); a task lies on one node; all
 * tasks in one pool. nodes = 0: tasks are packed on as few nodes as fit; nodes = N: exactly N
 * distinct nodes, the first tasks % N of which hold one task more. exclusive: whole nodes. */
struct suan_req {
	uint32_t tasks, nodes, cores, gpus;
	uint64_t memory;	/* bytes per task; 0 = no claim */
	uint32_t gpu_kind;	/* interned by the engine; 0 = any */
	bool exclusive;
};

enum suan_goal {		/* what place and time of a start are chosen for */
	SUAN_GOAL_FASTEST,
	SUAN_GOAL_CHEAPEST,
	SUAN_GOAL_GREENEST,
	SUAN_GOAL_BALANCED,	/* money and carbon, each by its mean */
	SUAN_NGOALS
};

struct suan_names {		/* a list of strings */
	const char **list;
	uint32_t count;
};

struct suan_residency {		/* where data may be; empty allow lists = anywhere */
	struct suan_names site, hub;		/* allow */
	struct suan_names not_site, not_hub;	/* deny */
};

struct suan_job_spec {
	const char *name, *user, *account, *qos;	/* "" = none */
	struct suan_req req;	/* gpu_kind ignored, see gpu */
	const char *gpu;	/* accelerator kind, "" = any */
	int64_t walltime_ms;	/* 0 = the engine's default */
	int64_t estimate_ms;	/* 0 = walltime */
	int64_t begin_ms;	/* earliest start; 0 = now */
	int64_t deadline_ms;	/* latest end; 0 = none */
	enum suan_goal goal;
	int64_t max_delay_ms;	/* start so long after the submission at most, if there is another
				 * goal than fastest; 0 = as the deadline allows, else at once */
	int32_t priority;	/* higher first */
	bool hold;
	bool checkpointable;
	enum suan_guarantee guarantee;
	const struct suan_range *array; /* NULL or no runs: a single task, element 0 */
	struct suan_dep *deps;
	uint32_t ndeps;
	const char *reservation;	/* runs only in it: its name or number; "" = none */
	struct suan_names site, hub;		/* allow; empty = all */
	struct suan_names not_site, not_hub;	/* deny */
	const char *home;	/* site of those it belongs to; NULL, "" = none */
	struct suan_names inputs;	/* data sets that it reads, by name */
	const void *payload;	/* opaque to the engine: what to run (wire/payload.h) */
	size_t payload_len;
	const void *env;	/* opaque: environment, apart so that equal ones are stored once */
	size_t env_len;
	const char *near;	/* city or site that it serves; NULL, "" = none */
	uint32_t max_latency_us;	/* one way from there to where it runs; 0 = any */
};

/* ---- who may use how much: accounts, quality of service, fair shares ---- */

enum suan_limit {
	SUAN_LIMIT_RUNS,	/* started and not over */
	SUAN_LIMIT_CORES,
	SUAN_LIMIT_GPUS,
	SUAN_LIMIT_MEMORY,	/* bytes */
	SUAN_LIMIT_PENDING,	/* jobs that wait; asked at submission */
	SUAN_NLIMITS
};
#define SUAN_RUN_LIMITS 4	/* those before PENDING: asked at every start */

struct suan_limits {		/* zeroed = no limits */
	uint64_t most[SUAN_NLIMITS];
	uint32_t set;		/* bit per limit: there is one, maybe of 0 */
};

struct suan_account_spec {
	const char *name;
	const char *parent;	/* "" = at the top */
	uint32_t shares;	/* among its siblings */
	struct suan_limits limits, user_limits;	/* with all below it; of each user of it */
};

struct suan_qos_spec {		/* class of jobs */
	const char *name;
	int32_t priority;	/* added to the job's */
	uint32_t usage_factor_milli;	/* what its runs count as usage; 1000 = once */
	int64_t max_walltime_ms;	/* 0 = no limit */
	int64_t grace_ms;	/* between notice and stop when its runs are preempted */
	bool preemptable;	/* its runs may be stopped for those of other classes */
	struct suan_names preempts;	/* classes whose runs may be stopped for its jobs */
	bool preempt_cancels;	/* its runs, stopped for others, do not start again */
	struct suan_limits limits, user_limits;
};

struct suan_fair_share {	/* shares.h */
	int64_t half_life_ms;	/* after it usage counts half; 0 = 7 days */
	int64_t weight_ms;	/* longest head start; 0 = no fair share */
	int64_t period_ms;	/* standings are found anew so often at most; 0 = 5 min */
};

struct suan_accounts {
	struct suan_account_spec *accounts;
	struct suan_qos_spec *qos;
	uint32_t naccounts, nqos;
	const char *default_account, *default_qos;	/* of jobs that name none; "" = none */
	struct suan_fair_share fair_share;
};

/* One attempt of one element. Elements of arrays are named by their index, others by 0. */
struct suan_run_id {
	uint64_t job;
	uint32_t index;
	uint32_t attempt;	/* 1, 2, …: fences stale reports and orders */
};

struct suan_place {		/* tasks of a run on one node of its pool */
	uint32_t node;		/* SUAN_NO_NODE in delegated pools */
	uint32_t tasks;
};

/* ---- why ---- */

/* Why a job or a candidate waits, lost or was refused. Names by suan_reason_name(). */
enum suan_reason {
	SUAN_R_NONE,
	/* of a job */
	SUAN_R_HELD,		/* by its owner or an operator */
	SUAN_R_BEGIN,		/* earliest start not reached: a = when (ms) */
	SUAN_R_DEPENDENCY,	/* waits for job a */
	SUAN_R_DEPENDENCY_NEVER,	/* can never be satisfied: job a ended otherwise */
	SUAN_R_ARRAY_CAP,	/* a of at most b elements run */
	SUAN_R_PRIORITY,	/* others go first: a jobs ahead */
	SUAN_R_RESOURCES,	/* first in line, waits for capacity until a */
	SUAN_R_STARTING,	/* order sent */
	SUAN_R_CANCELLING,	/* stop sent */
	SUAN_R_PLACED,		/* runs or ran here */
	/* of a candidate, or a refusal */
	SUAN_R_CHOSEN,
	SUAN_R_LATER_START,	/* predicted start a, chosen one b */
	SUAN_R_COSTLIER,	/* same start, dearer: cost a, chosen one b (µyuan/core-hour) */
	SUAN_R_TIE,		/* as good; earlier in the list wins */
	SUAN_R_NOT_ALLOWED,	/* site or hub list of the job */
	SUAN_R_SITE_DOWN,
	SUAN_R_SITE_DRAIN,
	SUAN_R_NO_DRIVER,	/* modelled only: cannot run real jobs */
	SUAN_R_TOO_MANY_CORES,	/* per task: wants a, node has b */
	SUAN_R_TOO_MUCH_MEMORY,	/* per task: wants a, node has b */
	SUAN_R_TOO_MANY_GPUS,	/* per task: wants a, node has b */
	SUAN_R_GPU_KIND,
	SUAN_R_TOO_MANY_NODES,	/* wants a, pool has b */
	SUAN_R_TOO_MANY_TASKS,	/* wants a, b would fit in the empty pool */
	SUAN_R_DEADLINE,	/* would end at a, wanted by b */
	SUAN_R_NO_POOL,		/* no pool at all fits; a, b of the nearest miss */
	SUAN_R_BAD_DEPENDENCY,	/* on an unknown job a, or on itself */
	SUAN_R_TOO_LONG,	/* walltime a, longest allowed b */
	SUAN_R_QUEUE_FULL,	/* a jobs wait, limit b */
	/* of an end */
	SUAN_R_EXIT_CODE,	/* a */
	SUAN_R_SIGNAL,		/* a */
	SUAN_R_WALLTIME,	/* passed its limit a */
	SUAN_R_MEMORY,		/* passed its limit a */
	SUAN_R_CANCELLED_BY_USER,
	SUAN_R_LOST,		/* ended with its site; result unknown */
	SUAN_R_START_FAILED,	/* the site could not start it */
	SUAN_R_STAGING_FAILED,
	SUAN_R_TOO_MANY_ATTEMPTS,	/* a */
	/* later ones; snapshots keep the numbers */
	SUAN_R_PAUSED,		/* of a candidate: starts failed there, tried again at a */
	SUAN_R_SITE_GONE,	/* of an end: its site left the network; over by a */
	SUAN_R_QUOTA,	/* a in use, wants more than the limit b; see suan_engine_quota() */
	SUAN_R_PREEMPTED,	/* stopped for job a; 0: by an operator */
	SUAN_R_OVER_QUOTA,	/* of a refusal: one start takes a, a limit of it is b */
	SUAN_R_RESERVATION,	/* waits for its reservation: a to b */
	SUAN_R_RESERVATION_OVER,	/* its reservation a is over: never starts */
	SUAN_R_RESERVED,	/* of a job: capacity is reserved until b, starts at a; of a refused
				 * reservation: not before a, so far b nodes are free */
	SUAN_R_RESERVATION_USER,	/* reservation a is for others */
	SUAN_R_RESERVATIONS,	/* has a reservations, may have b */
	SUAN_R_NODE_HOURS,	/* would reserve a node-hours, may b */
	SUAN_R_HORIZON,		/* would reserve until a, latest b */
	SUAN_R_NODES_LOST,	/* of a broken reservation: nodes left the pool */
	SUAN_R_TOO_FAR,		/* its place would be a away, may be b (µs; a −1: unknown) */
	SUAN_R_RESIDENCY,	/* data that it reads may not be there */
	SUAN_R_GOAL,		/* of a job: waits for a better time, a; latest start b */
	SUAN_R_DATA,		/* waits for its inputs: there at a (FOREVER: nobody can say) */
	SUAN_R_DATA_LATE,	/* of a refused reservation: inputs are there at a (FOREVER: nobody
				 * can say), wanted by b */
	SUAN_R_CACHE_FULL,	/* of a refused reservation: inputs take a bytes, room for b */
	SUAN_NREASONS
};

struct suan_candidate {
	uint32_t pool;		/* global pool number */
	enum suan_reason reason;
	int64_t start_ms;	/* predicted; SUAN_FOREVER if it can never start there */
	int64_t a, b;		/* numbers of the reason */
};

/* ---- events: what happens to the engine ---- */

enum suan_event_type {
	SUAN_EV_NETWORK = 1,	/* define or change the network; pools keep their numbers by name */
	SUAN_EV_POLICY,		/* settings */
	SUAN_EV_SUBMIT,
	SUAN_EV_CANCEL,
	SUAN_EV_HOLD,
	SUAN_EV_RELEASE,
	SUAN_EV_REQUEUE,	/* a finished or running task again, as a new attempt */
	SUAN_EV_PRIORITY,
	SUAN_EV_REPORT,		/* from a site about one run */
	SUAN_EV_SITE,		/* up, down, drain */
	SUAN_EV_CAPACITY,	/* usable nodes of a pool */
	SUAN_EV_PASS,		/* plan now: at one instant all other events come first */
	SUAN_EV_FORGET,		/* drop a finished job from memory */
	SUAN_EV_ACCOUNTS = 14,	/* define accounts, classes and fair shares, all of them */
	SUAN_EV_RESERVE = 15,	/* keep nodes for somebody, or for nobody */
	SUAN_EV_UNRESERVE = 16,	/* give them back, now or earlier than was said */
	SUAN_EV_SIGNAL = 17,	/* values of a site over time, see signals.h */
	SUAN_EV_DATA = 18,	/* make, copy, share or remove a data set */
	SUAN_EV_TRANSFER = 19,	/* from a site about a copy */
};

enum suan_policy_kind {
	SUAN_POLICY_EASY,
	SUAN_POLICY_FCFS,
	SUAN_POLICY_CONSERVATIVE,
	/* orders of the queue, with the backfilling of easy; see order.h */
	SUAN_POLICY_SJF,
	SUAN_POLICY_LJF,
	SUAN_POLICY_F1,
	SUAN_POLICY_WFP3,
	SUAN_POLICY_SUAN,	/* the default: order.h */
	SUAN_NPOLICIES
};

struct suan_preemption {	/* of runs by jobs whose class may do so; see suan_qos_spec */
	int64_t min_run_ms;	/* a run gets at least so much first; 0 = 5 min */
	int64_t grace_ms;	/* what a stop may take where its class says nothing; 0 = 30 s */
	uint32_t max_victims;	/* runs that one start may stop; 0 = 64 */
};

#define SUAN_PLAN_STEPS 200000u	/* what services and simulations plan with, unless told */

enum suan_packing {		/* of suan, in pools with accelerators; see place.h */
	SUAN_BEST_FIT,		/* by free cores */
	SUAN_FRAGMENTATION,	/* by what becomes useless for others */
	SUAN_NPACKINGS
};

struct suan_policy {
	enum suan_policy_kind kind;
	uint32_t plan_depth;		/* waiting starts that get a prediction; 0 = 1000 */
	int64_t default_walltime_ms;	/* 0 = 24 h */
	int64_t max_walltime_ms;	/* 0 = no limit */
	uint32_t max_pending;		/* jobs; 0 = no limit */
	uint32_t max_attempts;		/* of one task after losses; 0 = 5 */
	uint32_t plan_steps;		/* effort of a pass, see planner.h; 0 = as of old: no limit,
					 * no search */
	bool predict;			/* plan with predicted run times, not estimates */
	bool model_sites;		/* true: sites without driver take jobs (simulation) */
	bool terse;			/* nobody asks why and nobody watches: the candidates of
					 * starts are not kept, CHANGED is not told (simulation) */
	struct suan_preemption preemption;
	enum suan_packing packing;	/* logs of earlier versions: best fit */
	bool ignore_homes;		/* nobody sees to it that homes are not worse off */
	uint32_t max_reservations;	/* of one owner at a time; 0 = no limit */
	uint32_t max_node_hours;	/* that one owner has reserved; 0 = no limit */
	int64_t reserve_horizon_ms;	/* how far ahead may be reserved; 0 = no limit */
};

struct suan_submit {
	const struct suan_job_spec *jobs;	/* njobs of them, all or nothing */
	uint32_t njobs;
	bool has_key;		/* idempotency key given */
	uint8_t key[16];	/* hash of principal and key */
	uint64_t body_hash;	/* the same key with another body is a conflict */
};

struct suan_reserve {
	const char *name;	/* "" = none; no number */
	const char *owner;	/* who asks and may use it */
	struct suan_names users, accounts;	/* may use it too */
	const char *site, *pool;	/* "" = any; maintenance: "" = all pools of the site */
	const char *gpu;	/* accelerator kind of the pool, "" = any */
	const uint32_t *list;	/* these nodes, ascending; of site and pool */
	uint32_t nlist;
	uint32_t nodes;		/* so many; 0 = as many as req needs; maintenance: 0 = all */
	struct suan_req req;	/* gpu_kind ignored */
	int64_t from_ms, to_ms;	/* from: 0 = now */
	bool maintenance;	/* nobody may use it */
	bool single;		/* for one job, and over when that is */
	int64_t until_ms;	/* single: over then if that job has not come; 0 = it is kept */
	bool exempt;		/* quotas do not count */
	/* single with until: data sets that its job reads. Links and room for those that must be
	 * moved are held too, so that they are there limit_ms before `to` if the job comes. */
	struct suan_names inputs;
	int64_t limit_ms;
	bool has_key;		/* idempotency key given */
	uint8_t key[16];
	uint64_t body_hash;
};

struct suan_unreserve {
	uint32_t id;
	int64_t to_ms;		/* ends then; not after now: at once */
};

struct suan_target {		/* what a command is about */
	uint64_t job;
	bool all;		/* every element; else only `index` */
	uint32_t index;
	int32_t priority;	/* SUAN_EV_PRIORITY */
	bool preempt;		/* SUAN_EV_REQUEUE: only what runs, and it counts as preempted */
};

/* ---- data sets ---- */

enum suan_data_op {
	SUAN_DATA_PUT = 1,	/* a new one, from a source outside */
	SUAN_DATA_REPLICATE,	/* one more copy, at a site */
	SUAN_DATA_EVICT,	/* the copy at a site goes */
	SUAN_DATA_RM,		/* all of it goes */
	SUAN_DATA_GRANT,	/* others may read it too */
	SUAN_DATA_VERIFY,	/* the copy at a site is read again; "" = all copies */
};

struct suan_data_command {
	enum suan_data_op op;
	const char *name;
	const char *who;	/* asks; PUT: owns it */
	const char *account;	/* PUT */
	bool operate;		/* may, whoever owns it */
	const char *site;
	const char *source;	/* PUT: path or URL, opaque to the engine */
	const char *sha256;	/* PUT: hex, "" = found when it is copied */
	uint64_t bytes, files;	/* PUT: 0 = found when it is copied */
	bool present;		/* PUT: it lies at the site already (simulation) */
	int64_t expires_ms;	/* PUT: goes then; 0 = never */
	struct suan_names sites, hubs;	/* PUT: where copies may be; both empty = anywhere */
	struct suan_names users, accounts;	/* PUT, GRANT: may read it; "*" = everybody */
};

enum suan_transfer_kind {
	SUAN_TRANSFER_PROGRESS = 1,
	SUAN_TRANSFER_DONE,
	SUAN_TRANSFER_FAILED,	/* tried again later, maybe from elsewhere */
	SUAN_TRANSFER_BROKEN,	/* the source is not what it should be, or is not there */
};

struct suan_transfer_report {
	uint32_t id, attempt;
	enum suan_transfer_kind kind;
	uint64_t bytes;		/* so far; DONE: of the data set */
	uint64_t files;		/* DONE */
	const char *sha256;	/* DONE: hex */
	const char *text;	/* FAILED, BROKEN: for people */
};

enum suan_replica_state {
	SUAN_REPLICA_COPYING,
	SUAN_REPLICA_COMPLETE,
	SUAN_REPLICA_LOST,	/* was not what it should be, or could not be had */
};

enum suan_report_kind {
	SUAN_REPORT_STAGING = 1,	/* order received */
	SUAN_REPORT_STARTED,
	SUAN_REPORT_ENDED,
};

enum suan_outcome {
	SUAN_OUT_EXITED = 1,	/* exit_code */
	SUAN_OUT_SIGNALLED,	/* signal */
	SUAN_OUT_TIMEOUT,
	SUAN_OUT_MEMORY,
	SUAN_OUT_CANCELLED,
	SUAN_OUT_NOT_STARTED,	/* certainly never ran: may start again, any guarantee */
	SUAN_OUT_START_FAILED,	/* could not be started, would fail again: the job fails */
	SUAN_OUT_STAGING_FAILED,	/* inputs or outputs: the job fails */
	SUAN_OUT_LOST,		/* certainly over, result unknown */
	SUAN_OUT_UNKNOWN,	/* may still be running */
};

struct suan_usage {
	int64_t cpu_ms, max_rss_bytes, read_bytes, write_bytes;
};

struct suan_report {
	struct suan_run_id run;
	enum suan_report_kind kind;
	int64_t at_ms;		/* the site's clock: start or end of the run */
	enum suan_outcome outcome;	/* ENDED */
	int32_t exit_code, signal;
	struct suan_usage usage;
	const char *text;	/* for people, "" = none; kept with the task */
	bool forget;		/* ENDED: FORGET the job if it is over and nobody waits for it */
};

enum suan_site_state { SUAN_SITE_UP, SUAN_SITE_DOWN, SUAN_SITE_DRAIN };

struct suan_event {
	uint64_t seq;		/* 1, 2, …: the engine takes them in this order without gaps */
	int64_t now_ms;		/* never less than the event before */
	enum suan_event_type type;
	/* From the log of a version that knew no pauses and let runs be whose site was gone: played
	 * back by the rules of then, because what it decided has happened. */
	bool old_rules;
	union {
		const struct suan_network *network;
		const struct suan_accounts *accounts;
		struct suan_policy policy;
		struct suan_submit submit;
		struct suan_target target;	/* CANCEL HOLD RELEASE REQUEUE PRIORITY FORGET */
		struct suan_report report;
		struct {
			const char *name;
			enum suan_site_state state;
		} site;
		struct {
			uint32_t pool;
			uint32_t nodes;	/* usable now: nodes 0 … nodes−1 */
		} capacity;
		const struct suan_reserve *reserve;
		struct suan_unreserve unreserve;
		const struct suan_signal_spec *signal;
		const struct suan_data_command *data;
		struct suan_transfer_report transfer;
	} u;
};

/* ---- effects: what the engine wants done ---- */

enum suan_effect_type {
	SUAN_FX_START = 1,	/* run on pool; placement by suan_engine_places() */
	/* End the run (TERM, grace, KILL); preempted: expected by at_ms. What grace: that of the
	 * site, or stop_grace_ms of its struct suan_task_view. */
	SUAN_FX_STOP,
	SUAN_FX_WAKE,		/* a PASS is wanted at at_ms */
	SUAN_FX_CHANGED,	/* state of run.job / run.index changed to state */
	SUAN_FX_COPY,		/* begin transfer, see suan_engine_transfer() */
	SUAN_FX_COPY_STOP,	/* break it off; site, attempt of run.attempt */
	SUAN_FX_ERASE,		/* the copy of data at site goes */
};

struct suan_effect {
	enum suan_effect_type type;
	struct suan_run_id run;
	uint32_t pool;
	enum suan_state state;
	int64_t at_ms;
	uint32_t transfer, data, site;	/* of COPY, COPY_STOP, ERASE */
};

/* Short stable words, borrowed constants: "PENDING", "afterok", "too-many-cores", "submit" … */
const char *suan_state_name(enum suan_state s);
bool suan_state_final(enum suan_state s);	/* COMPLETED … UNKNOWN */
const char *suan_dep_name(enum suan_dep_type t);
const char *suan_reason_name(enum suan_reason r);
const char *suan_guarantee_name(enum suan_guarantee g);
const char *suan_policy_name(enum suan_policy_kind p);
const char *suan_packing_name(enum suan_packing p);
const char *suan_event_name(enum suan_event_type t);
const char *suan_limit_name(enum suan_limit l);
const char *suan_goal_name(enum suan_goal g);
const char *suan_replica_name(enum suan_replica_state s);

/* May this be defined? EINVAL with the field at fault: unknown parent, cycle, name that is there
 * twice, number out of range. No string may be NULL. */
SUAN_MUSTUSE enum suan_code suan_accounts_check(const struct suan_accounts *a,
						struct suan_err *err);

#endif
