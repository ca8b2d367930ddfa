/* Reservations of a simulation: what became of them. */
#ifndef SUAN_SIM_RESERVATIONS_H
#define SUAN_SIM_RESERVATIONS_H

#include "sim/sim.h"
#include "wire/json.h"

/* Which jobs ran in them, and how long; once all rows are there. */
void suan_sim_use_reservations(const struct suan_sim_setup *s, struct suan_sim_result *r);
/* "kept", "broken" or "refused". */
const char *suan_sim_reservation_word(const struct suan_sim_reservation *x);
/* Used, in millionths of a core-hour. */
int64_t suan_sim_reservation_core_uh(const struct suan_sim_reservation *x);
/* Member "reservations" of an object; nothing without any. */
void suan_sim_reservations_json(const struct suan_sim_outcome *o, struct suan_jsonw *w);

#endif
