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

/* Of all jobs, whatever the unit. */
struct suan_report_spread {
	int64_t mean, p50, p90, p99, max;
};

enum suan_report_part {			/* what is known besides the times */
	SUAN_REPORT_DEADLINES = 1 << 0,
	SUAN_REPORT_ENERGY = 1 << 1,
	SUAN_REPORT_CARBON = 1 << 2,
	SUAN_REPORT_COST = 1 << 3,
	SUAN_REPORT_MOVED = 1 << 4,
	SUAN_REPORT_PERF = 1 << 5,
};

struct suan_report_scores {
	uint64_t total, completed, rejected;
	int64_t makespan_ms;		/* last end − first submission */
	uint32_t utilization_ppm;	/* 735000 = 73.5 % */
	struct suan_report_spread wait_ms;
	struct suan_report_spread slowdown_milli;	/* bounded slowdown × 1000 */
	int64_t awrt_ms;		/* average weighted response time */
	unsigned parts;			/* of enum suan_report_part: which of these are known */
	uint64_t deadlines_met, deadlines_missed;
	uint64_t energy_wh;
	uint64_t carbon_g_location, carbon_g_market;
	int64_t cost_uyuan;		/* millionths of a yuan */
	uint64_t moved_bytes;
	int64_t wall_us;		/* what the simulation took */
	uint64_t jobs_per_s;
	uint64_t peak_rss_bytes;
};

/* One simulation. The first one of a report is the one whose key figures are at the top. */
struct suan_report_case {
	const char *name;		/* such as "easy" or "easy, cheapest" */
	struct suan_report_scores all;
	const struct suan_report_scores *sites;	/* one a site; NULL = not known */
	const struct suan_report_run *runs;
	size_t nruns;
};

struct suan_report {
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
SUAN_MUSTUSE enum suan_code suan_report_write(const struct suan_report *r, struct suan_buf *out,
					      struct suan_err *err);

#endif
