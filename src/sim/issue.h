/* Forecasts in simulations: what the engine is told of series that it must not know beforehand.
 * Every 6 hours it is told what was true so far, and a new forecast of the next 7 days: out of the
 * file of forecasts that the network names, or the true values with errors (forecast_error).
 *
 * The error of the value at lead time L is P · √(L / 24 h) · z, L at most 96 h; P is the mean of
 * |error| a day ahead. z goes with the hour: numbers that are uniform and known by seed, series and
 * hour are summed with weights 0.85^age, so that neighbours are alike; 0.8 of it is the same in all
 * issues, so that they agree on most, and 0.6 is of this one. */
#ifndef SUAN_SIM_ISSUE_H
#define SUAN_SIM_ISSUE_H

#include "sim/sim.h"

#define SUAN_SIM_ISSUE_MS (INT64_C(6) * 3600000)

struct suan_sim_issuer;

/* Is the series one of those? The others are told at once and whole. */
bool suan_sim_is_issued(const struct suan_sim_setup *s, uint32_t site, enum suan_signal_kind kind);
/* From now_ms on; shift_ms: engine's time − trace's. *ret is owned; NULL: there is no such series.
 * ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_sim_issuer_new(const struct suan_sim_setup *s, int64_t shift_ms,
						int64_t now_ms, struct suan_sim_issuer **ret);
void suan_sim_issuer_free(struct suan_sim_issuer *it);
/* When it has something to tell; FOREVER for NULL. */
int64_t suan_sim_issuer_next(const struct suan_sim_issuer *it);
/* One of the things to tell at that time; the steps are valid until the next call. nsteps 0: that
 * was all of this time. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_sim_issuer_take(struct suan_sim_issuer *it,
						 struct suan_signal_spec *ret);

#endif
