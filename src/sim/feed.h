/* What the engine of a simulation is told of the series of files. Not for other layers. */
#ifndef SUAN_SIM_FEED_H
#define SUAN_SIM_FEED_H

#include "sim/sim.h"

#define SUAN_SIM_FED 65000u	/* steps of one series at most */

/* Steps and end of the series in the engine's time, which is its own + shift_ms. steps is owned:
 * free(). ENOMEM: *ret is untouched. */
SUAN_MUSTUSE enum suan_code suan_sim_feed(const struct suan_signal *g, int64_t shift_ms,
					  struct suan_signal_spec *ret);

#endif
