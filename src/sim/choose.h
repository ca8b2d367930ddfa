/* Users without a scheduler over all sites: each picks the site of his job by a rule, and the
 * policy plans there. To compare with. Not for other layers. */
#ifndef SUAN_SIM_CHOOSE_H
#define SUAN_SIM_CHOOSE_H

#include "sim/sim.h"

struct suan_sim_chooser;

/* May the job run there, and could the pool hold it if it were empty? */
bool suan_sim_holds(const struct suan_sim_setup *s, const struct suan_site_spec *site,
		    const struct suan_pool_spec *pool, const struct suan_trace_job *j);

/* setup->choice is none of SUAN_SIM_LEAVE. Borrows it. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_sim_chooser_new(const struct suan_sim_setup *s,
						 struct suan_sim_chooser **ret);
void suan_sim_chooser_free(struct suan_sim_chooser *c);
/* Where its user sends the job: an allow list of sites, borrowed until the chooser is freed. Empty
 * if no site is right by the rule. Counts the job there until it has left. */
struct suan_names suan_sim_choose(struct suan_sim_chooser *c, const struct suan_trace_job *j);
/* It is over, or was refused. */
void suan_sim_leave(struct suan_sim_chooser *c, const struct suan_trace_job *j, uint32_t site);
/* The only site of such a list. */
uint32_t suan_sim_chosen(const struct suan_sim_chooser *c, const struct suan_names *list);

#endif
