/* suan plan: what is possible at all, by linear programmes. Needs no server. */
#include <string.h>

#include "cli/commands.h"
#include "cli/simulate.h"

static const struct suan_option plan_options[] = {
	{"network", 'n', "FILE", "the sites: a network file"},
	{"trace", 't', "FILE", "the jobs: .swf, .jsonl, also .gz; - for standard input"},
	{"policy", 'p', "POLICY", "how they run, to compare with; default easy"},
	{"out", 'o', "DIR", "write cheapest.csv and greenest.csv there: the plans by slot"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"load", 0, "FACTOR", "divide the time between submissions by this"},
	{"from", 0, "TIME", "only submissions from this time of the trace on"},
	{"until", 0, "TIME", "only submissions before this time of the trace"},
	{"start", 0, "DATE", "what the trace's time 0 is, for price and carbon series"},
	{"jobs", 0, "N", "only the first N of them"},
	{"max-delay", 0, "TIME", "how long jobs may wait; by run time: 2h:6h,24h"},
	{"help", 'h', NULL, "show this help"},
	{NULL, 0, NULL, NULL},
};

/* Of what is there to plan. */
static int take_operand(const char *what, bool *given)
{
	if (strcmp(what, "bound") != 0 || *given)
		return suan_cli_usage(&suan_cli_plan, "found \"%s\", want %s", what,
				      *given ? "options only behind bound" : "bound");
	*given = true;
	return SUAN_EXIT_OK;
}

static int check(const struct suan_simulate *s, bool given)
{
	if (!given)
		return suan_cli_usage(&suan_cli_plan, "plan what? suan plan bound");
	if (!s->network)
		return suan_cli_usage(&suan_cli_plan, "on what? --network FILE");
	if (s->npolicies > 1)
		return suan_cli_usage(&suan_cli_plan, "--policy: found %u policies, want one",
				      s->npolicies);
	return suan_simulate_check(s);
}

static int run_plan(int argc, char **argv)
{
	struct suan_simulate s = SUAN_SIMULATE_DEFAULTS(&suan_cli_plan);
	const struct suan_option *o;
	struct suan_args args;
	const char *value;
	bool given = false;
	int kind, rc = SUAN_EXIT_OK;

	(void)suan_simulate_policies(&s, "easy");
	s.bound = s.plan = true;
	s.words = (const char *const *)argv;
	s.nwords = argc;
	suan_args_init(&args, &suan_cli_plan, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &o, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			return SUAN_EXIT_USAGE;
		if (kind == SUAN_ARG_OPERAND) {
			rc = take_operand(value, &given);
			continue;
		}
		if (strcmp(o->name, "help") == 0) {
			suan_cli_print_help(&suan_cli_plan);
			return SUAN_EXIT_OK;
		}
		rc = suan_simulate_option(&s, o, value);
	}
	if (s.ndelays > 0)	/* for less of one or the other: both are asked */
		s.goal = SUAN_GOAL_BALANCED;
	if (rc == SUAN_EXIT_OK)
		rc = check(&s, given);
	return rc == SUAN_EXIT_OK ? suan_simulate(&s) : rc;
}

const struct suan_command suan_cli_plan = {
	.name = "plan",
	.usage = "suan plan bound --network FILE --trace FILE [OPTION]…",
	.summary = "what the jobs of a trace could cost and emit at least, and where",
	.help = "The jobs run once as the policy has them, then linear programmes find the least\n"
		"cost and carbon of the same work: at the best places, at the best times, and at\n"
		"the best of both; what the plan of that does where, and what more room is worth.\n"
		"No server is needed.",
	.options = plan_options,
	.run = run_plan,
};
