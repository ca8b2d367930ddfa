/* What the jobs of a simulation draw, cost and emit, and what their nodes draw without them: the
 * model of engine/energy.h over the true series, whatever the engine was told of them. Not for
 * other layers. */
#ifndef SUAN_SIM_POWER_H
#define SUAN_SIM_POWER_H

#include "engine/energy.h"
#include "sim/sim.h"

struct suan_sim_use { /* of one pool */
	uint32_t site;
	const struct suan_pool_spec *spec;
	struct suan_energy_use busy;
};

/* A job that ran from start_ms of the trace on. */
void suan_sim_use_add(const struct suan_sim_meter *m, int64_t start_ms,
		      const struct suan_trace_job *job, struct suan_sim_use *to);
/* Adds what the pool drew over the makespan to its site. */
void suan_sim_use_power(const struct suan_sim_meter *m, const struct suan_sim_use *use,
			const int64_t span[2], struct suan_sim_part *to);
/* NONE if one of them is. */
void suan_sim_add_known(int64_t *sum, int64_t x);

#endif
