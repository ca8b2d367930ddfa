/* The simulator: the scheduler of src/engine, a virtual clock, and sites that do what a trace of
 * jobs says. It decides nothing; it turns submissions, ends and outages into the engine's ordinary
 * events. At one instant all ends come first, then outages, then all arrivals, then one PASS.
 * Time 0 is the first submission of an accepted job. Front door of src/sim. */
#ifndef SUAN_SIM_SIM_H
#define SUAN_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"
#include "engine/model.h"
#include "wire/signal.h"
#include "wire/trace.h"

enum suan_sim_estimates {
	SUAN_SIM_USER,	    /* what the trace says that users asked for */
	SUAN_SIM_PERFECT,   /* the true run time */
	SUAN_SIM_PREDICTED, /* the user's, and plans with what the engine predicts from history */
};

/* ---- outages ---- */

enum suan_sim_outage_kind {
	SUAN_SIM_SITE, /* value: enum suan_site_state */
	SUAN_SIM_LINK, /* value: 0 = cut, 1 = back */
	SUAN_SIM_POOL, /* value: nodes that can be used */
};

struct suan_sim_outage {
	int64_t at_ms;
	enum suan_sim_outage_kind kind;
	uint32_t number; /* of the site, link or pool in the network */
	uint32_t value;
};

struct suan_sim_outages {	      /* zeroed = none */
	struct suan_sim_outage *list; /* owned; by time, equal ones as in the file */
	size_t count, cap;
};

/* Lines "TIME_S,site,NAME,down|up|drain", "TIME_S,link,FROM:TO,down|up" (both directions) and
 * "TIME_S,pool,SITE/POOL,NODES"; empty ones and those that begin with # do not count. Errors name
 * file and line. */
SUAN_MUSTUSE enum suan_code suan_sim_outages_parse(const struct suan_buf *text, const char *file,
						   const struct suan_network *net,
						   struct suan_sim_outages *ret,
						   struct suan_err *err);
void suan_sim_outages_done(struct suan_sim_outages *o);
/* Copies *x behind those of its time. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_sim_outages_add(struct suan_sim_outages *o,
						 const struct suan_sim_outage *x);

/* ---- commands ---- */

/* What is commanded at a set time; one of the two. Borrowed. */
struct suan_sim_command {
	int64_t at_ms; /* by the trace's zero; before the first submission: then */
	const struct suan_accounts *accounts; /* in place of what was defined before */
	const struct suan_reserve *reserve;   /* its times by the trace's zero; from 0: at_ms */
};

/* Reservations and maintenance of a file (YAML or JSON): "reservations:" with a list of what
 * POST /v1/reservations takes, and besides `made`, the time of the command, and `owner`, the user
 * who may use it. Numbers are seconds by the trace's zero, dates have start_ms taken off
 * (INT64_MIN: nothing); without `made` it is first_ms. */
struct suan_sim_reserves { /* zeroed = none */
	struct suan_sim_command *list; /* in the arena; by time, equal ones as in the file */
	uint32_t count;
};
struct suan_sim_times {
	int64_t start_ms, first_ms;
};
/* Everything goes to the arena. EINVAL names file, line and field. */
SUAN_MUSTUSE enum suan_code suan_sim_reserves_parse(const struct suan_buf *text, const char *file,
						    const struct suan_sim_times *times,
						    struct suan_arena *arena,
						    struct suan_sim_reserves *ret,
						    struct suan_err *err);

/* ---- data sets ---- */

struct suan_sim_datum {
	const char *name; /* in the arena */
	const char *site; /* where it is at first; borrowed from the network */
	uint64_t bytes;
};

struct suan_sim_data { /* zeroed = none */
	struct suan_sim_datum *list; /* owned; as in the file */
	size_t count, cap;
	struct suan_arena arena;
};

/* Lines "NAME,SITE,SIZE"; empty ones and those that begin with # do not count. Errors name file and
 * line. */
SUAN_MUSTUSE enum suan_code suan_sim_data_parse(const struct suan_buf *text, const char *file,
						const struct suan_network *net,
						struct suan_sim_data *ret, struct suan_err *err);
void suan_sim_data_done(struct suan_sim_data *d);

/* ---- signals ---- */

struct suan_sim_site_signals {
	struct suan_signal of[SUAN_NSIGNALS]; /* of the files; zeroed: the site has none */
	/* The price is a tariff: its series are laid out by suan_sim_signals_align. Owned. */
	struct suan_tariff *tariff;
	struct suan_signal_issues issues[SUAN_NSIGNALS]; /* forecasts of files */
};

/* Series of the sites that name a file or a tariff for them. */
struct suan_sim_signals { /* zeroed = none */
	struct suan_sim_site_signals *sites; /* owned; as in the network */
	uint32_t nsites;
	uint32_t count; /* of series */
	/* The trace's time 0 as a date, for series with dates; the others count as the trace. */
	int64_t shift_ms;
};

/* The file that the site names for it, borrowed; "" = none. */
const char *suan_sim_signal_file(const struct suan_site_spec *s, enum suan_signal_kind kind);
/* Reads the files, plain or gzip, of the sites of *net, which was read from network_file: paths are
 * relative to its folder. EINVAL, ECORRUPT: damaged; ENOTFOUND … as in sys/fs.h; the text names the
 * site. *ret is untouched then. */
SUAN_MUSTUSE enum suan_code suan_sim_signals_read(const struct suan_network *net,
						  const char *network_file,
						  struct suan_sim_signals *ret,
						  struct suan_err *err);
void suan_sim_signals_done(struct suan_sim_signals *s);
/* Sets shift_ms for a trace whose time 0 is at start_ms. INT64_MIN: 0 is where the series with
 * dates begin, all of them; but if first_ms, the trace's first submission, is a date, it counts as
 * they do. Without any series of a file, tariffs count from Thursday, 1 January 1970, UTC.
 * ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_sim_signals_align(struct suan_sim_signals *s,
						   int64_t start_ms, int64_t first_ms,
						   struct suan_err *err);
/* Of the makespan, from zero_ms of the trace on, the part for which all series say something;
 * millionths. */
int64_t suan_sim_signals_covered(const struct suan_sim_signals *s, int64_t zero_ms,
				 int64_t makespan_ms);

/* ---- running ---- */

/* One site with one pool of one node of so many cores; in the arena. */
SUAN_MUSTUSE enum suan_code suan_sim_one_machine(struct suan_arena *arena, uint32_t cores,
						 struct suan_network *ret, struct suan_err *err);
/* The trace cut to submissions in [from_ms, until_ms) and to the first `most` of them. */
void suan_sim_cut(struct suan_trace *t, int64_t from_ms, int64_t until_ms, uint64_t most);

/* What a trace file does not say of a job. With it jobs of the trace can be elements of arrays:
 * they stand side by side, submitted at one time. Everything borrowed. */
struct suan_sim_more {
	/* As it is submitted, the same for all elements; in place of what the trace says. Times are
	 * by the trace's zero, 0 = none; dependencies name jobs by their first number in the trace,
	 * which is less than this one's. */
	const struct suan_job_spec *spec;
	uint32_t elements, pos;	   /* of the array, 1 without; which one: 0, 1, … */
	enum suan_outcome outcome; /* how the run ends */
	int32_t exit_code;
};

/* Who chooses the site of a job: the scheduler, or its user by a rule of his own (to compare with).
 * HOME: where it was submitted, or another site of the same hub. CHEAPEST_LIST: where a core-hour
 * is cheapest by the list of prices, at the mean price of electricity. EMPTIEST: where the cores of
 * jobs that were sent there and are not over are the smallest part of all cores. */
enum suan_sim_choice {
	SUAN_SIM_LEAVE,
	SUAN_SIM_HOME,
	SUAN_SIM_CHEAPEST_LIST,
	SUAN_SIM_EMPTIEST,
	SUAN_SIM_NCHOICES
};

struct suan_sim_delay {
	int64_t estimate_ms, delay_ms;
};

struct suan_sim_setup { /* everything borrowed */
	const struct suan_network *network;
	const struct suan_trace *trace;
	/* One for each job of the trace, or NULL. With it time 0 is that of the trace, memory and
	 * numbers of nodes count, and nothing repeats. */
	const struct suan_sim_more *more;
	const struct suan_sim_outages *outages; /* NULL = none */
	/* What jobs read: it moves over the links, in the time that the engine reserves. NULL: not
	 * known, inputs of jobs do not count. */
	const struct suan_sim_data *data;
	const struct suan_sim_signals *signals; /* NULL = none; for the scores */
	uint32_t forecast_error_ppm; /* of what the engine is told of them, see issue.h; 0 = none */
	uint64_t seed;		     /* of these errors */
	struct suan_policy policy;		/* plan_depth 0: as much as the policy needs */
	/* And classes, fair shares; NULL = none. Runs that are stopped for jobs of other classes
	 * end when their grace is over. A checkpointable job goes on from there, after
	 * checkpoint_ms more; others begin anew. */
	const struct suan_accounts *accounts;
	int64_t checkpoint_ms;
	const struct suan_sim_command *commands; /* by time; NULL = none */
	uint32_t ncommands;
	enum suan_sim_estimates estimates;
	uint32_t repeat;      /* the trace so many times end to end; 0 counts as 1 */
	bool processors_only; /* of jobs, memory and number of nodes do not count */
	enum suan_sim_choice choice; /* LEAVE with more */
	/* Of jobs that name none; with it the delay of the first row whose estimate they do not
	 * pass. */
	enum suan_goal goal;
	const struct suan_sim_delay *delays;
	uint32_t ndelays;
	bool hurry; /* every job goes as fastest; goals and delays count for bounds alone */
	/* Called now and then with how many jobs are over; false stops. May be NULL. */
	bool (*tick)(void *ctx, uint64_t over, uint64_t all);
	void *ctx;
};

struct suan_sim_row {	  /* an accepted job of the trace */
	int64_t start_ms; /* of the run that counts, as if it had gone on without a break; −1:
			   * never */
	uint32_t job;	  /* in the trace; copy k of a repeated trace adds k · njobs */
	uint32_t pool;	  /* or SUAN_NO_POOL */
};

struct suan_sim_reservation { /* one of the commands */
	const struct suan_reserve *spec; /* borrowed from the setup */
	bool made;			 /* else it was refused: why, in words */
	char refused[160];
	uint32_t nodes, site, pool; /* pool: in the site, SUAN_NO_POOL: several */
	uint64_t cores;		    /* of its nodes */
	int64_t from_ms, to_ms;	    /* by the simulation's zero */
	bool broken;		    /* some of its nodes could not be used in its time */
	uint64_t jobs;		    /* that ran in it */
	int64_t used_core_ms;	    /* of them; saturates */
	uint32_t id;		    /* the engine's; 0: over, or never made */
};

#define SUAN_SIM_FORECASTS 64 /* classes at most */

struct suan_sim_result {
	struct suan_sim_row *rows; /* owned; in order of submission */
	size_t nrows;
	uint64_t total, rejected, completed, failed, unfinished;
	uint64_t refused[SUAN_NREASONS]; /* the rejected ones by reason; 0: not valid */
	uint64_t restarts;		 /* runs that outages ended */
	int64_t lost_core_ms;		 /* what those had done; saturates */
	uint64_t preempted;		 /* runs that were stopped for other jobs */
	int64_t preempted_core_ms;	 /* what of them had to be done again; saturates */
	uint64_t events, passes;	 /* that the engine took */
	uint64_t moved_bytes;		 /* of data sets, between sites */
	int64_t zero_ms, period_ms;	 /* first accepted submission in the trace; of a repeat */
	/* By class: what became of starts predicted when a job was first planned. */
	struct suan_forecast_view forecasts[SUAN_SIM_FORECASTS];
	uint32_t nforecasts;
	/* What the engine's accounts of homes say at the end: owned, by site; no jobs: nothing. */
	struct suan_home_view *homes;
	uint32_t nhomes;
	struct suan_sim_reservation *reservations; /* owned; in the order of their commands */
	uint32_t nreservations;
	uint64_t engine_hash;		 /* of the engine's state at the end */
	uint64_t schedule_hash;		 /* of all rows */
	bool stopped;			 /* by tick */
};

/* ENOMEM; EINVAL: the engine does not take the network. */
SUAN_MUSTUSE enum suan_code suan_sim_run(const struct suan_sim_setup *s,
					 struct suan_sim_result *ret, struct suan_err *err);
void suan_sim_result_done(struct suan_sim_result *r);
uint64_t suan_sim_hash_rows(const struct suan_sim_result *r);

static inline const struct suan_trace_job *suan_sim_job(const struct suan_sim_setup *s,
							const struct suan_sim_row *row)
{
	return &s->trace->jobs[row->job % s->trace->njobs];
}

/* Times of this copy of the trace, by the simulation's zero, less those of the trace. */
static inline int64_t suan_sim_shift_ms(const struct suan_sim_setup *s,
					const struct suan_sim_result *r,
					const struct suan_sim_row *row)
{
	return (int64_t)(row->job / s->trace->njobs) * r->period_ms - r->zero_ms;
}

/* When it was submitted, by the simulation's zero. */
static inline int64_t suan_sim_submit_ms(const struct suan_sim_setup *s,
					 const struct suan_sim_result *r,
					 const struct suan_sim_row *row)
{
	return suan_sim_job(s, row)->submit_ms + suan_sim_shift_ms(s, r, row);
}

/* ---- scores ---- */

#define SUAN_SIM_NONE INT64_MIN /* nothing is known: null */

struct suan_sim_spread { /* percentiles by nearest rank: the ⌈p·n⌉-th smallest */
	int64_t mean, p50, p90, p99, max;
};

/* Of all jobs, or of those that ran at one site. Millionths of s, kWh, kg and yuan. */
struct suan_sim_part {
	const char *name; /* borrowed from the network; NULL = all */
	uint64_t total, completed, rejected, failed, unfinished;
	uint64_t cores;
	int64_t makespan, utilization, awrt;
	struct suan_sim_spread wait, slowdown;
	uint64_t deadlines_met, deadlines_missed;
	int64_t energy, carbon, cost;		     /* with what idles */
	int64_t idle_energy, idle_carbon, idle_cost; /* of cores that no job has */
	int64_t market; /* carbon by contracts and certificates; NONE: not known */
	/* Of a site: the jobs that were submitted there, wherever they ran; means */
	uint64_t own_jobs;
	int64_t own_wait, own_slowdown, own_awrt;
	/* Of those of them that ended here and with the site alone (suan_sim_alone): AWRT in both,
	 * shared by alone, and 1 less that */
	uint64_t home_jobs;
	int64_t home_awrt, home_alone, home_ratio, home_gain;
};

/* An account with all below it. Millionths of the core-time up to the last submission. */
struct suan_sim_account {
	const char *name, *parent; /* borrowed from the setup */
	uint32_t depth;
	int64_t share, got;	/* due to it, and what it got */
	uint64_t jobs, started;
	int64_t core_uh;	/* up to the last submission, in millionths of a core-hour */
	int64_t wait_ms;	/* mean of those that started; NONE */
};

struct suan_sim_scores {
	struct suan_sim_part all;
	struct suan_sim_part *sites; /* owned */
	uint32_t nsites;
	struct suan_sim_account *accounts; /* owned */
	uint32_t naccounts;
	int64_t moved_bytes; /* NONE: jobs have inputs, and nobody said what they are */
	uint64_t late;	 /* jobs that started later than the delay that their goal allows */
	uint64_t delayed; /* jobs with such a delay */
	int64_t covered; /* see suan_sim_signals_covered; NONE: no signals */
	bool alone;	     /* home_… is known */
};

/* Wait: start − submission. Bounded slowdown: max(1, (wait + run) / max(run, 10 s)). AWRT:
 * Σ cores·run·(end − submission) / Σ cores·run. Utilization: Σ cores·run / (cores · (last end −
 * first submission)). Sums are exact whole numbers, so no order of adding changes them. */
SUAN_MUSTUSE enum suan_code suan_sim_score(const struct suan_sim_setup *s,
					   const struct suan_sim_result *r,
					   struct suan_sim_scores *ret, struct suan_err *err);
void suan_sim_scores_done(struct suan_sim_scores *s);
/* Each site alone: easy on its own pools with the jobs submitted there; sets home_… of the sites
 * and of all. Without outages. When tick stops, what was not simulated stays unknown. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_sim_alone(const struct suan_sim_setup *s,
					   const struct suan_sim_result *r,
					   struct suan_sim_scores *scores, struct suan_err *err);

/* The true series of a setup, to reckon with. Borrows it. ENOMEM. */
struct suan_sim_meter;
SUAN_MUSTUSE enum suan_code suan_sim_meter_new(const struct suan_sim_setup *s,
					       struct suan_sim_meter **ret);
void suan_sim_meter_free(struct suan_sim_meter *m); /* NULL is fine */

/* What a job that ran costs and emits by engine/energy.h: its share of the node's busy power, its
 * accelerators', and of the node's rent. Micro-yuan and milligrams, or NONE. */
void suan_sim_footprint(const struct suan_sim_meter *m, const struct suan_sim_result *r,
			const struct suan_sim_row *row, int64_t *ret_cost, int64_t *ret_carbon);

/* ---- bounds ---- */

/* What the same jobs could have cost and emitted at least; millionths of yuan and kg, or NONE. */
struct suan_sim_bound {
	int64_t cost, carbon;
};

struct suan_sim_bounds {
	struct suan_sim_bound jobs;    /* what they did: of the jobs alone, without what idled */
	struct suan_sim_bound joint;   /* at the best places and times */
	struct suan_sim_bound times;   /* where they ran, at the best times */
	struct suan_sim_bound places;  /* when they ran, at the best places */
	/* With goals: the same jobs with the goal fastest; `times` and `places` are then of these.
	 * And what part of the difference between that and joint was saved, and could be saved by
	 * times and by places alone, in millionths; NONE. */
	struct suan_sim_bound fastest;
	struct suan_sim_bound captured, by_times, by_places;
	int64_t slot_ms;
};

/* Of a schedule, the transportation problem of jobs × pools × slots of time (plan/plan.h). A job
 * may run from its submission to its deadline; without one, or if it was late, to its end as it
 * was. It may be cut at will and moved between pools that are large enough for it, and within a
 * slot the best price counts, so no schedule that serves all jobs as well is cheaper. Slots are as
 * long as the shortest step of the series, between five minutes and an hour. ETOOBIG: see there. */
SUAN_MUSTUSE enum suan_code suan_sim_find_bounds(const struct suan_sim_setup *s,
						 const struct suan_sim_result *r,
						 struct suan_sim_bounds *ret,
						 struct suan_err *err);

/* What goals saved: simulates the same with the goal fastest and sets all that is about that.
 * Nothing where no job has one. */
SUAN_MUSTUSE enum suan_code suan_sim_capture(const struct suan_sim_setup *s,
					     struct suan_sim_bounds *b, struct suan_err *err);
/* The longest delay of the job by its goal; 0: it has none. */
int64_t suan_sim_delay(const struct suan_sim_setup *s, const struct suan_trace_job *j);

/* The cheapest, or greenest, of all ways to do the same work, as joint above: what is done where
 * and when, and what more room would be worth. */
struct suan_sim_plan {
	struct suan_sim_plan_pool {
		uint32_t site;		/* of the network */
		const char *pool;	/* borrowed from it */
		double core_h, ran_core_h; /* core-hours in the plan; as they ran */
		double full_h;		/* hours in which no core is left */
		/* What one more core from begin to end would save, in yuan or kg; HUGE_VAL if work
		 * is late, or would be with less. */
		double worth;
	} *pools;			/* owned */
	uint32_t npools, nslots;
	int64_t slot_ms, begin_ms;	/* of slot 0, in the time of the trace */
	double *core_h, *worth;		/* owned; by slot · npools + pool; worth of a core-hour */
	double least, late_core_h;	/* yuan or kg; what cannot be done in time */
};

enum suan_sim_aim {
	SUAN_SIM_CHEAPEST,
	SUAN_SIM_GREENEST,
	SUAN_SIM_AIMS
};

/* As suan_sim_find_bounds; EINVAL if a pool has no price, or no carbon intensity. */
SUAN_MUSTUSE enum suan_code suan_sim_find_plan(const struct suan_sim_setup *s,
					       const struct suan_sim_result *r,
					       enum suan_sim_aim aim, struct suan_sim_plan *ret,
					       struct suan_err *err);
void suan_sim_plan_done(struct suan_sim_plan *p);

/* ---- output ---- */

struct suan_jsonw;

struct suan_sim_perf {
	int64_t wall_us, read_us, simulate_us;	/* of the whole run, of its parts */
	int64_t peak_rss_bytes, read_rss_bytes; /* read: before the simulation began */
};

struct suan_sim_outcome { /* one policy; borrowed */
	const char *policy;
	const struct suan_sim_setup *setup;
	const struct suan_sim_result *result;
	const struct suan_sim_scores *scores;
	const struct suan_sim_bounds *bounds; /* NULL: not asked for */
	const struct suan_sim_plan *plans;    /* SUAN_SIM_AIMS, zeroed if there is none; or NULL */
	struct suan_sim_perf perf;
};

/* Bounds and the plans behind them, both there; failures stick in out. CSV: all slots of one. */
void suan_sim_print_plans_text(const struct suan_sim_outcome *o, struct suan_buf *out);
void suan_sim_print_plans_json(const struct suan_sim_outcome *o, struct suan_buf *out);
void suan_sim_print_plan_csv(const struct suan_sim_outcome *o, enum suan_sim_aim aim,
			     struct suan_buf *out);
const char *suan_sim_aim_name(enum suan_sim_aim aim); /* "cheapest", "greenest" */
/* A member "bound" of the open object; `captured` is what the goal is about. */
void suan_sim_bounds_json(const struct suan_sim_bounds *b, enum suan_goal goal,
			  struct suan_jsonw *w);
/* One JSON object; failures stick in out. */
void suan_sim_print_json(const struct suan_sim_outcome *o, struct suan_buf *out);
/* Of several policies: "policies":[…], a member of an object. */
void suan_sim_print_jsons(const struct suan_sim_outcome *list, uint32_t n, struct suan_buf *out);
/* For people: one run, or several side by side. */
void suan_sim_print_text(const struct suan_sim_outcome *o, struct suan_buf *out);
void suan_sim_print_table(const struct suan_sim_outcome *list, uint32_t n, struct suan_buf *out);
void suan_sim_print_accounts(const struct suan_sim_scores *s, struct suan_buf *out);
void suan_sim_print_reservations(const struct suan_sim_outcome *o, struct suan_buf *out);
void suan_sim_print_sites(const struct suan_sim_scores *s, struct suan_buf *out);

struct suan_sim_about {	     /* of the page; borrowed */
	const char *network; /* its name; NULL: one machine */
	const char *trace;   /* its name */
	const char *command; /* how to get it again; NULL = left out */
	uint32_t load_milli;
	bool shaken; /* with this seed */
	uint64_t seed;
};

/* One HTML page about one or several policies on the same jobs and sites. */
SUAN_MUSTUSE enum suan_code suan_sim_print_page(const struct suan_sim_outcome *list, uint32_t n,
						const struct suan_sim_about *about,
						struct suan_buf *out, struct suan_err *err);
/* schedule.csv in pieces; sink returns false to stop (then false comes back, as without memory). */
bool suan_sim_print_schedule(const struct suan_sim_outcome *o,
			     bool (*sink)(void *ctx, const char *bytes, size_t n), void *ctx);

#endif
