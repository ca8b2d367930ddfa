/* What became of predicted starts, for the outputs. */
#ifndef SUAN_SIM_FORECAST_H
#define SUAN_SIM_FORECAST_H

#include "sim/sim.h"
#include "wire/json.h"

#define SUAN_SIM_FORECAST_LARGE 1000u /* predictions of a class whose error is told */

/* All classes of predictions together, without jobs that started at once. */
void suan_sim_forecast_all(const struct suan_sim_result *r, struct suan_forecast_view *ret);
/* Millionths of a second of a sum of hundredths; of a share of the count. NONE without any. */
int64_t suan_sim_forecast_mean(uint64_t hundredths, uint64_t count);
int64_t suan_sim_forecast_share(uint64_t held, uint64_t count);
/* How far the worst of p50, p90 and p99 of the large classes is off, in millionths; NONE without
 * any large class. */
int64_t suan_sim_forecast_worst(const struct suan_sim_result *r);
void suan_sim_forecast_json(const struct suan_sim_result *r, struct suan_jsonw *w);

#endif
