/* Transfers under way in a simulation: each takes the time that the engine reserved for it. For
 * drive.c alone. */
#ifndef SUAN_SIM_MOVES_H
#define SUAN_SIM_MOVES_H

#include "engine/engine.h"

struct suan_sim_moves { /* zeroed = none */
	struct suan_sim_move {
		int64_t end_ms; /* the engine's time */
		uint32_t transfer, attempt;
		uint64_t bytes;
	} *list; /* owned */
	size_t count, cap;
};

/* A COPY begins; a COPY_STOP ends it. */
SUAN_MUSTUSE enum suan_code suan_sim_moves_begin(struct suan_sim_moves *m,
						 const struct suan_engine *e,
						 const struct suan_effect *f);
void suan_sim_moves_stop(struct suan_sim_moves *m, const struct suan_effect *f);
int64_t suan_sim_moves_next(const struct suan_sim_moves *m); /* SUAN_FOREVER: none */
/* Takes out one that is over by then, the lowest number first; false: none. */
bool suan_sim_moves_pop(struct suan_sim_moves *m, int64_t now_ms, struct suan_sim_move *ret);
void suan_sim_moves_done(struct suan_sim_moves *m);

#endif
