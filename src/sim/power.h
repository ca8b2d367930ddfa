/* What the cores of a pool draw, cost and emit, used and idle. Not for other layers. */
#ifndef SUAN_SIM_POWER_H
#define SUAN_SIM_POWER_H

#include "sim/sim.h"
#include "base/wide.h"

struct suan_sim_use { /* of one pool */
	uint32_t site;
	const struct suan_pool_spec *spec;
	suan_wide core_ms;
	/* core · ms · rate, of the site's series; 0 without */
	suan_int128 price, carbon;
};

/* A job that ran from start_ms of the trace on. */
void suan_sim_use_add(const struct suan_sim_setup *s, int64_t start_ms,
		      const struct suan_trace_job *job, struct suan_sim_use *to);
/* Adds what the pool drew over the makespan to its site. */
void suan_sim_use_power(const struct suan_sim_setup *s, const struct suan_sim_result *r,
			const struct suan_sim_use *use, int64_t makespan_ms,
			struct suan_sim_part *to);
/* NONE if one of them is. */
void suan_sim_add_known(int64_t *sum, int64_t x);

#endif
