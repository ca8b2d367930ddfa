/* suan replay: what was asked for. */
#ifndef SUAN_DAEMON_REPLAY_H
#define SUAN_DAEMON_REPLAY_H

#include "cli/cli.h"
#include "daemon/demand.h"
#include "daemon/whatif.h"
#include "sim/sim.h"

#define SUAN_REPLAY_POLICIES 16
#define SUAN_REPLAY_EDITS    64

struct suan_replay { /* the options; strings are those of the command line */
	const struct suan_command *command;
	const char *data, *network, *accounts; /* NULL = not given */
	const char *out, *from, *until;		/* the same */
	const char *add[SUAN_REPLAY_EDITS], *without[SUAN_REPLAY_EDITS];
	uint32_t nadd, nwithout;
	enum suan_policy_kind policies[SUAN_REPLAY_POLICIES];
	uint32_t npolicies; /* 0: the one of that time */
	enum suan_sim_estimates estimates;
	bool has_estimates; /* else the service's way of that time */
	bool json;
	const char *const *words; /* of the command line, nwords of them */
	int nwords;
};

struct suan_replay_run { /* how it was, and then one for each policy */
	struct suan_sim_setup setup;
	struct suan_sim_result result;
	struct suan_sim_scores scores;
	struct suan_sim_outcome outcome;
};

struct suan_replayed { /* what came of it */
	const struct suan_replay *asked;
	struct suan_arena arena;
	struct suan_past past;
	struct suan_demand_window window;
	struct suan_whatif whatif;
	struct suan_demand demand;
	struct suan_whatif_accounts accounts;
	struct suan_sim_outages outages;
	uint32_t outages_left_out;
	struct suan_replay_run runs[SUAN_REPLAY_POLICIES + 1]; /* [0]: as it was */
	uint32_t nruns;
	int64_t began_us, read_us, read_rss_bytes;
	struct suan_err err;
};

int suan_replay_main(const struct suan_command *c, int argc, char **argv);
/* Returns an exit code; messages are printed. */
int suan_replay(const struct suan_replay *asked);

/* Standard output. */
void suan_replay_print(const struct suan_replayed *r);
/* Into the folder --out. */
SUAN_MUSTUSE enum suan_code suan_replay_write(struct suan_replayed *r);

extern const struct suan_option suan_replay_options[];

#endif
