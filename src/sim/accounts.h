/* What accounts got beside what was due to them, for the scores and the outputs. */
#ifndef SUAN_SIM_ACCOUNTS_H
#define SUAN_SIM_ACCOUNTS_H

#include "sim/sim.h"
#include "wire/json.h"

/* Fills in the accounts of the scores, none without any in the setup. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_sim_score_accounts(const struct suan_sim_setup *s,
						    const struct suan_sim_result *r,
						    struct suan_sim_scores *ret);
void suan_sim_accounts_json(const struct suan_sim_scores *s, struct suan_jsonw *w);

#endif
