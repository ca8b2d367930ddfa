/* One HTML page about a simulation, without anything from elsewhere: scores, distributions of waits
 * and slowdowns, utilisation and Gantt chart of every site; English and Chinese, light and dark.
 * No I/O: plain data in, bytes out. */
#ifndef SUAN_SIM_REPORT_H
#define SUAN_SIM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Everything here is borrowed. Times are by one zero, whichever; strings are UTF-8 of any content
 * (bytes that are not, are replaced), NULL = not known. */
struct suan_report_site {
	const char *name;
	uint64_t cores;
};

/* A job that ran. Any order. */
struct suan_report_run {
	uint64_t job;			/* id, as the trace says */
	int64_t submit_ms, start_ms, end_ms;	/* submit <= start <= end */
	uint32_t site;			/* in suan_report.sites */
	uint32_t cores;			/* all of the job's */
};

#define SUAN_REPORT_NONE INT64_MIN	/* nothing is known */

/* Of all jobs; NONE where there is none. */
struct suan_report_spread {
	int64_t mean, p50, p90, p99, max;
};

/* Of all jobs, or of those that ran at one site. Each but the counts may be NONE. Millionths: of
 * seconds, of one, of kWh, kg and yuan. */
struct suan_report_scores {
	uint64_t total, completed, rejected, failed, unfinished;
	int64_t makespan;		/* last end − first submission */
	int64_t utilization;		/* 735000 = 73.5 % */
	int64_t awrt;			/* average weighted response time */
	/* Of a site: AWRT of jobs submitted there, with the site alone, first by second; NONE */
	int64_t home_awrt, home_alone, home_ratio;
	struct suan_report_spread wait, slowdown;	/* slowdown: bounded, 1000000 = 1 */
	int64_t deadlines_met, deadlines_missed;	/* jobs */
	int64_t energy, carbon, cost;
	int64_t moved_bytes;
};

/* An account with all below it, in the order of their definition. Millionths. */
struct suan_report_account {
	const char *name;
	uint32_t depth;
	int64_t share, got;		/* due to it, and what it got, of all */
	int64_t core_hours, wait;	/* wait: mean, in seconds; NONE */
	uint64_t jobs, started;
};

enum suan_report_kept { SUAN_REPORT_KEPT, SUAN_REPORT_BROKEN, SUAN_REPORT_REFUSED };

/* Nodes that were kept for a time, or should have been. */
struct suan_report_reservation {
	const char *name, *pool;	/* NULL = none; pool: several */
	size_t site;			/* in suan_report.sites; nsites: of none */
	bool maintenance;
	enum suan_report_kept kept;
	const char *why;		/* REFUSED */
	int64_t from_ms, to_ms;		/* by the zero of the runs */
	uint32_t nodes;
	uint64_t cores, jobs;		/* of its nodes; that ran in it */
	int64_t used_core_hours;	/* millionths */
};

struct suan_report_perf {	/* what the simulation took; 0 = not known */
	int64_t wall_us;
	uint64_t jobs_per_s, peak_rss_bytes;
};

/* One simulation. The first one of a report is the one whose key figures are at the top. */
struct suan_report_case {
	const char *name;		/* such as "easy" or "easy, cheapest" */
	struct suan_report_scores all;
	const struct suan_report_scores *sites;	/* one a site; NULL = not known */
	const struct suan_report_run *runs;
	size_t nruns;
	const struct suan_report_account *accounts;
	size_t naccounts;
	const struct suan_report_reservation *reservations;
	size_t nreservations;
	struct suan_report_perf perf;
};

struct suan_report_input {
	const char *network;		/* name of the network; NULL: one machine (--cores) */
	const char *trace;		/* name of the trace */
	const char *version;		/* of suan */
	const char *command;		/* how to get it again; NULL = left out */
	uint32_t load_milli;		/* 1250 = gaps 1/1.25 as long; 0 = as in the trace */
	bool shaken;			/* with this seed */
	uint64_t seed;
	const struct suan_report_site *sites;
	size_t nsites;			/* > 0 */
	const struct suan_report_case *cases;	/* the same sites and jobs under several policies */
	size_t ncases;			/* > 0 */
};

/* Appends the page to *out. The same report gives the same bytes. ENOMEM, ETOOBIG (out's limit). */
SUAN_MUSTUSE enum suan_code suan_report_write(const struct suan_report_input *r,
					      struct suan_buf *out, struct suan_err *err);

#endif
