/* What the simulation is given: one machine instead of a network, a part of a trace. */
#include <string.h>

#include "sim/sim.h"

enum suan_code suan_sim_one_machine(struct suan_arena *arena, uint32_t cores,
				    struct suan_network *ret, struct suan_err *err)
{
	struct suan_site_spec *site;
	struct suan_pool_spec *pool;

	if (cores == 0 || cores > INT32_MAX)
		return suan_fail(err, SUAN_EINVAL,
				 "a machine of %u cores; right are 1 to 2147483647", cores);
	site = suan_arena_alloc(arena, sizeof(*site));
	pool = suan_arena_alloc(arena, sizeof(*pool));
	if (!site || !pool)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	*pool = (struct suan_pool_spec){
		.name = "cores", .nodes = 1, .cores = cores, .gpu = "", .speed_milli = 1000};
	*site = (struct suan_site_spec){.name = "machine",
					.zh = "",
					.hub = "machine",
					.owner = "",
					.driver = "",
					.pue_milli = 1000,
					.price_file = "",
					.carbon_file = "",
					.pools = pool,
					.npools = 1};
	*ret = (struct suan_network){.name = "machine", .sites = site, .nsites = 1};
	return SUAN_OK;
}

void suan_sim_cut(struct suan_trace *t, int64_t from_ms, int64_t until_ms, uint64_t most)
{
	size_t first = 0, n;

	while (first < t->njobs && t->jobs[first].submit_ms < from_ms)
		first++;
	for (n = 0; first + n < t->njobs && n < most; n++)
		if (t->jobs[first + n].submit_ms >= until_ms)
			break;
	if (first > 0 && n > 0)
		memmove(t->jobs, t->jobs + first, n * sizeof(*t->jobs));
	t->njobs = n;
}
