/* The network that a replay runs on: the one of that time, with what is asked to be different, and
 * how its sites fared. */
#ifndef SUAN_DAEMON_WHATIF_H
#define SUAN_DAEMON_WHATIF_H

#include "daemon/past.h"
#include "sim/sim.h"

struct suan_whatif {
	struct suan_arena *arena;      /* borrowed; owns what follows */
	struct suan_network then, now; /* of that time; of the simulation */
	bool other;		       /* `now` is another network, not an edited `then` */
	uint32_t networks;	       /* that were in force, one after the other */
	int64_t until_ms;	       /* end of that time */
};

/* Of all networks in force from from_ms until until_ms: every site and pool that there was, each
 * with its most nodes. Sites without driver are left out if the service gave them no jobs. ENOMEM.
 */
SUAN_MUSTUSE enum suan_code suan_whatif_init(struct suan_whatif *w, struct suan_arena *arena,
					     const struct suan_past *p, int64_t from_ms,
					     int64_t until_ms, struct suan_err *err);
/* "SITE/POOL.nodes=+25" ("-25": fewer, "25": so many). EINVAL names what is wrong. */
SUAN_MUSTUSE enum suan_code suan_whatif_add(struct suan_whatif *w, const char *edit,
					    struct suan_err *err);
/* EINVAL: no such site, or the last one. */
SUAN_MUSTUSE enum suan_code suan_whatif_without(struct suan_whatif *w, const char *site,
						struct suan_err *err);
/* Drains, and nodes that were missing, as they were: so many are missing from what there is now. A
 * site that was down counts as drained: of its runs the log says how long they took. *ret_left_out:
 * changes of sites and pools that are not in the network. */
SUAN_MUSTUSE enum suan_code suan_whatif_outages(const struct suan_whatif *w,
						const struct suan_past *p, int64_t zero_ms,
						struct suan_sim_outages *ret,
						uint32_t *ret_left_out, struct suan_err *err);

/* Accounts, classes and limits as they were: those in force when time begins, and what changed
 * them later. Limits of what may wait are taken off, also in *p: what was taken then is asked for
 * now. */
struct suan_whatif_accounts { /* zeroed: none */
	struct suan_accounts first;
	bool any;
	const struct suan_sim_command *later; /* in the arena; by time */
	uint32_t nlater;
};
SUAN_MUSTUSE enum suan_code suan_whatif_accounts(const struct suan_past *p, int64_t zero_ms,
						 struct suan_arena *arena,
						 struct suan_whatif_accounts *ret,
						 struct suan_err *err);

#endif
