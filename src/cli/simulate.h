/* suan simulate: what was asked for, and doing it. */
#ifndef SUAN_CLI_SIMULATE_H
#define SUAN_CLI_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "engine/model.h"
#include "sim/sim.h"

#define SUAN_SIMULATE_POLICIES 16
#define SUAN_SIMULATE_DELAYS   8
#define SUAN_EXIT_INTERRUPTED  130 /* as a shell says it of Ctrl-C */

struct suan_simulate {
	const struct suan_command *command;
	const char *trace, *network, *out, *accounts, *faults, *reservations; /* NULL = not given */
	const char *data;	  /* NULL = not given */
	const char *const *words; /* of the command line, nwords of them */
	int nwords;
	uint32_t cores; /* 0 = not given */
	enum suan_policy_kind policies[SUAN_SIMULATE_POLICIES];
	enum suan_sim_choice choices[SUAN_SIMULATE_POLICIES]; /* of the users */
	char names[SUAN_SIMULATE_POLICIES][32];		      /* easy, easy@home */
	uint32_t npolicies;
	enum suan_sim_estimates estimates;
	int64_t load_milli; /* 1000 = as it is */
	bool shake, json, bound, ignore_homes, alone;
	bool plan; /* suan plan bound: print the plans behind the bounds */
	uint64_t shake_seed, seed;
	uint32_t forecast_error_ppm;
	int64_t from_ms, until_ms;
	int64_t start_ms; /* date of the trace's time 0; INT64_MIN: not given */
	uint64_t jobs;
	uint32_t repeat, plan_depth, plan_steps;
	bool has_steps;
	enum suan_goal goal;
	struct suan_sim_delay delays[SUAN_SIMULATE_DELAYS]; /* ndelays, shorter estimates first */
	uint32_t ndelays;
	int64_t min_run_ms, grace_ms, checkpoint_ms; /* of preemption; 0 = not given */
};

#define SUAN_SIMULATE_DEFAULTS(command_)                                                           \
	{                                                                                          \
		.command = (command_), .policies = {SUAN_POLICY_SUAN}, .names = {"suan"},          \
		.npolicies = 1, .load_milli = 1000, .until_ms = INT64_MAX, .start_ms = INT64_MIN,  \
		.jobs = UINT64_MAX, .repeat = 1                                                    \
	}

/* Takes one option of `suan simulate` by its name; checks that they go together. As below. */
int suan_simulate_option(struct suan_simulate *s, const struct suan_option *o, const char *value);
/* Sets them, with commas; each may have a rule of its users behind an @. */
int suan_simulate_policies(struct suan_simulate *s, const char *list);
int suan_simulate_check(const struct suan_simulate *s);
/* Returns an exit code; messages are printed. */
int suan_simulate(const struct suan_simulate *s);

#endif
