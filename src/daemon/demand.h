/* The work that a service was asked for in a window of time, in the form that the simulator takes,
 * and the schedule that it really had. Nothing is guessed: what did not run to its end by the end
 * of the log is counted and left out. */
#ifndef SUAN_DAEMON_DEMAND_H
#define SUAN_DAEMON_DEMAND_H

#include "daemon/past.h"
#include "sim/sim.h"

struct suan_demand_counts { /* of tasks, but for jobs and dependencies */
	uint64_t jobs, tasks;
	uint64_t carried; /* of these, asked for before the window, and not over when it began */
	uint64_t held;	  /* of these, held for a time */
	uint64_t reruns;  /* runs after a requeue; only the first end counts */
	uint64_t
		dependencies_met; /* on what is left out; they were met, or it would not have run */
	/* Left out. */
	uint64_t running, waiting, waiting_held; /* at the end of the log */
	uint64_t cancelled;			 /* before they started */
	uint64_t unknown;
};

struct suan_demand { /* owned by suan_demand_done */
	struct suan_arena arena;
	struct suan_trace trace; /* a task each; by time, elements of an array side by side */
	struct suan_sim_more *more;
	struct suan_sim_row *rows; /* how it was: places in the network of that time */
	int64_t zero_ms;	   /* when the first one was asked for */
	struct suan_demand_counts counts;
};

struct suan_demand_window {
	int64_t from_ms, until_ms; /* of submissions */
};

/* then: the network of that time; now: that of the simulation, whose sites are the only ones that
 * jobs may name. EINVAL: nothing of the window ran. ETOOBIG. */
SUAN_MUSTUSE enum suan_code suan_demand_make(const struct suan_past *p,
					     const struct suan_demand_window *w,
					     const struct suan_network *then,
					     const struct suan_network *now,
					     struct suan_demand *ret, struct suan_err *err);
void suan_demand_done(struct suan_demand *d);

#endif
