/* Reservations of a simulation: what became of them. */
#ifndef SUAN_SIM_RESERVATIONS_H
#define SUAN_SIM_RESERVATIONS_H

#include "engine/engine.h"
#include "sim/sim.h"
#include "wire/json.h"

/* One that the engine made: when it is, where its nodes are, and how many cores they have.
 * site_of_pool: by the engine's numbers; zero_ms: the engine's time at our zero. */
void suan_sim_reservation_note(const struct suan_engine *e, const struct suan_sim_setup *s,
			       const uint32_t *site_of_pool, int64_t zero_ms,
			       struct suan_sim_reservation *x);
/* Nodes may be lost, or found again, at any event; what counts is the time between. *open are not
 * over yet. */
void suan_sim_reservations_watch(const struct suan_engine *e, struct suan_sim_result *r,
				 int64_t at_ms, uint32_t *open);
/* Which jobs ran in them, and how long; once all rows are there. */
void suan_sim_use_reservations(const struct suan_sim_setup *s, struct suan_sim_result *r);
/* "kept", "broken" or "refused". */
const char *suan_sim_reservation_word(const struct suan_sim_reservation *x);
/* Used, in millionths of a core-hour. */
int64_t suan_sim_reservation_core_uh(const struct suan_sim_reservation *x);
/* Member "reservations" of an object; nothing without any. */
void suan_sim_reservations_json(const struct suan_sim_outcome *o, struct suan_jsonw *w);

#endif
