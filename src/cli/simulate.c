/* suan simulate: the options. */
#include "cli/simulate.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cli/commands.h"

static const struct suan_option simulate_options[] = {
	{"trace", 't', "FILE", "the jobs: .swf, .jsonl, also .gz; - for standard input"},
	{"cores", 'c', "N", "on one machine of N cores"},
	{"network", 'n', "FILE", "on the sites of a network file"},
	{"policy", 'p', "POLICY", "suan; several with commas are compared"},
	{"out", 'o', "DIR", "write schedule.csv and report.html there"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"estimates", 0, "KIND", "run times to plan with: user, perfect or predicted"},
	{"load", 0, "FACTOR", "divide the time between submissions by this"},
	{"shake", 0, "SEED", "vary the time between submissions by up to half, at random"},
	{"seed", 0, "N", "another number here, and all that is random is different"},
	{"accounts", 'A', "FILE", "accounts, classes and fair shares, as in suan.yaml(5)"},
	{"reservations", 0, "FILE", "reservations and maintenance; YAML or JSON"},
	{"faults-file", 0, "FILE", "outages of sites, links and nodes, as CSV"},
	{"data", 0, "FILE", "data sets that jobs read: name, site and size, as CSV"},
	{"from", 0, "TIME", "only submissions from this time of the trace on"},
	{"until", 0, "TIME", "only submissions before this time of the trace"},
	{"start", 0, "DATE", "what the trace's time 0 is, for price and carbon series"},
	{"forecast-error", 0, "PERCENT", "plan by forecasts of price and carbon that err so much"},
	{"jobs", 0, "N", "only the first N of them"},
	{"repeat", 0, "N", "the trace N times end to end"},
	{"bound", 0, NULL, "also what the same jobs could have cost and emitted at least"},
	{"min-run", 0, "TIME", "no run is stopped for others before that; default 5m"},
	{"grace", 0, "TIME", "what such a stop takes, unless the class says it; default 30s"},
	{"checkpoint", 0, "TIME", "what a checkpointable job needs to go on after it; default 0"},
	{"plan-depth", 0, "N", "waiting starts that are planned; default: as the policy needs"},
	{"plan-steps", 0, "N", "effort of a pass; default: 200000 for suan, else no limit"},
	{"alone", 0, NULL, "also each site alone with its own jobs, and who is worse off"},
	{"ignore-homes", 0, NULL, "suan: do not see to it that no site is worse off than alone"},
	{"goal", 0, "GOAL", "of jobs that name none: fastest, cheapest, greenest, balanced"},
	{"max-delay", 0, "TIME", "longest wait for it; by run time: 2h:6h,24h, up to 2h wait 6h"},
	{"help", 'h', NULL, "show this help"},
	{NULL, 0, NULL, NULL},
};

static int bad_value(const struct suan_simulate *s, const char *option, const char *value,
		     const char *want)
{
	return suan_cli_usage(s->command, "--%s: found \"%s\", want %s", option, value, want);
}

struct span { /* both in it */
	uint64_t least, most;
};

static int take_number(const struct suan_simulate *s, const struct suan_option *o,
		       const char *value, struct span span, uint64_t *ret)
{
	char want[80];
	uint64_t v;

	if (suan_parse_u64(value, &v, NULL) == SUAN_OK && v >= span.least && v <= span.most) {
		*ret = v;
		return SUAN_EXIT_OK;
	}
	snprintf(want, sizeof(want), "a whole number from %llu to %llu",
		 (unsigned long long)span.least, (unsigned long long)span.most);
	return bad_value(s, o->name, value, want);
}

static int take_count(const struct suan_simulate *s, const struct suan_option *o, const char *value,
		      uint32_t *ret)
{
	uint64_t v = 0;
	int rc = take_number(s, o, value, (struct span){1, INT32_MAX}, &v);

	if (rc == SUAN_EXIT_OK)
		*ret = (uint32_t)v;
	return rc;
}

static int take_time(const struct suan_simulate *s, const struct suan_option *o, const char *value,
		     int64_t *ret)
{
	if (suan_parse_duration(value, 1000, ret, NULL) == SUAN_OK)
		return SUAN_EXIT_OK;
	return bad_value(s, o->name, value, "seconds, or a duration such as 30d or 1h30m");
}

static int take_start(struct suan_simulate *s, const char *value)
{
	char day[32];
	bool bare = strlen(value) == 10 && value[4] == '-' && value[7] == '-';

	(void)snprintf(day, sizeof(day), "%.10sT00:00:00Z", value);
	if (strncmp(value, "now", 3) != 0 &&
	    suan_parse_time(bare ? day : value, 0, &s->start_ms, NULL) == SUAN_OK)
		return SUAN_EXIT_OK;
	return bad_value(s, "start", value,
			 "a date such as 2023-01-01 or 2023-01-01T08:00:00Z, or seconds");
}

static int take_forecast_error(struct suan_simulate *s, const char *value)
{
	size_t n = strlen(value);
	char number[32];
	int64_t v;

	if (n > 0 && n < sizeof(number) && value[n - 1] == '%')
		n--;
	(void)snprintf(number, sizeof(number), "%.*s", (int)(n < 31 ? n : 31), value);
	if (suan_parse_fixed(number, 4, &v, NULL) != SUAN_OK || v < 0 || v > 1000000)
		return bad_value(s, "forecast-error", value, "a percentage from 0 to 100");
	s->forecast_error_ppm = (uint32_t)v;
	return SUAN_EXIT_OK;
}

static int take_load(struct suan_simulate *s, const char *value)
{
	if (suan_parse_fixed(value, 3, &s->load_milli, NULL) == SUAN_OK && s->load_milli > 0 &&
	    s->load_milli <= 1000000)
		return SUAN_EXIT_OK;
	return bad_value(s, "load", value,
			 "a factor from 0.001 to 1000; 1.25 means a quarter more");
}

static int take_estimates(struct suan_simulate *s, const char *value)
{
	if (strcmp(value, "user") == 0)
		s->estimates = SUAN_SIM_USER;
	else if (strcmp(value, "perfect") == 0)
		s->estimates = SUAN_SIM_PERFECT;
	else if (strcmp(value, "predicted") == 0)
		s->estimates = SUAN_SIM_PREDICTED;
	else
		return bad_value(s, "estimates", value, "user, perfect or predicted");
	return SUAN_EXIT_OK;
}

/* Options about the trace; −1: not one of them. */
static int take_trace_option(struct suan_simulate *s, const struct suan_option *o,
			     const char *value)
{
	if (strcmp(o->name, "load") == 0)
		return take_load(s, value);
	if (strcmp(o->name, "shake") == 0) {
		s->shake = true;
		return take_number(s, o, value, (struct span){0, UINT64_MAX}, &s->shake_seed);
	}
	if (strcmp(o->name, "seed") == 0)
		return take_number(s, o, value, (struct span){0, UINT64_MAX}, &s->seed);
	if (strcmp(o->name, "from") == 0)
		return take_time(s, o, value, &s->from_ms);
	if (strcmp(o->name, "until") == 0)
		return take_time(s, o, value, &s->until_ms);
	if (strcmp(o->name, "start") == 0)
		return take_start(s, value);
	if (strcmp(o->name, "forecast-error") == 0)
		return take_forecast_error(s, value);
	if (strcmp(o->name, "jobs") == 0)
		return take_number(s, o, value, (struct span){1, UINT32_MAX}, &s->jobs);
	if (strcmp(o->name, "repeat") == 0)
		return take_count(s, o, value, &s->repeat);
	return -1;
}

/* Options about preemption; −1: not one of them. */
static int take_stop_option(struct suan_simulate *s, const struct suan_option *o, const char *value)
{
	bool overhead = strcmp(o->name, "checkpoint") == 0;
	int64_t ms = 0;
	int rc;

	if (!overhead && strcmp(o->name, "min-run") != 0 && strcmp(o->name, "grace") != 0)
		return -1;
	rc = take_time(s, o, value, &ms);
	if (rc == SUAN_EXIT_OK && ms == 0 && !overhead)
		return bad_value(s, o->name, value, "a time above 0");
	if (overhead)
		s->checkpoint_ms = ms;
	else
		*(o->name[0] == 'g' ? &s->grace_ms : &s->min_run_ms) = ms;
	return rc;
}

static int take_steps(struct suan_simulate *s, const struct suan_option *o, const char *value)
{
	uint64_t v = 0;
	int rc = take_number(s, o, value, (struct span){0, 1000000000}, &v);

	if (rc == SUAN_EXIT_OK) {
		s->plan_steps = (uint32_t)v;
		s->has_steps = true;
	}
	return rc;
}

static const char *const rules[SUAN_SIM_NCHOICES] = {"", "home", "cheapest", "emptiest"};

/* A rule of the users behind a policy: "home" in easy@home. */
static int take_rule(struct suan_simulate *s, const char *text, size_t n, enum suan_sim_choice *ret)
{
	for (int i = 1; i < SUAN_SIM_NCHOICES; i++)
		if (strlen(rules[i]) == n && strncmp(rules[i], text, n) == 0) {
			*ret = (enum suan_sim_choice)i;
			return SUAN_EXIT_OK;
		}
	return suan_cli_usage(s->command,
			      "--policy: found the rule \"%.*s\" of users, want home, cheapest or "
			      "emptiest",
			      n < 64 ? (int)n : 64, text);
}

int suan_simulate_policies(struct suan_simulate *s, const char *value)
{
	struct suan_buf names = {0};
	uint32_t n = 0;
	int rc = SUAN_EXIT_OK;

	memset(s->choices, 0, sizeof(s->choices));
	for (const char *at = value; rc == SUAN_EXIT_OK; n++) {
		size_t whole = strcspn(at, ","), name = strcspn(at, ",@");

		suan_buf_add(&names, at, name);
		if (name < whole && n < SUAN_SIMULATE_POLICIES)
			rc = take_rule(s, at + name + 1, whole - name - 1, &s->choices[n]);
		at += whole;
		if (!*at)
			break;
		suan_buf_addc(&names, *at++);
	}
	if (rc == SUAN_EXIT_OK)
		rc = suan_cli_policies(s->command, suan_buf_str(&names), s->policies,
				       SUAN_SIMULATE_POLICIES, &s->npolicies);
	suan_buf_done(&names);
	for (uint32_t i = 0; rc == SUAN_EXIT_OK && i < s->npolicies; i++)
		snprintf(s->names[i], sizeof(s->names[i]), "%s%s%s",
			 suan_policy_name(s->policies[i]), s->choices[i] ? "@" : "",
			 rules[s->choices[i]]);
	return rc;
}

static int take_goal(struct suan_simulate *s, const char *value)
{
	for (int i = 0; i < SUAN_NGOALS; i++)
		if (strcmp(value, suan_goal_name((enum suan_goal)i)) == 0) {
			s->goal = (enum suan_goal)i;
			return SUAN_EXIT_OK;
		}
	return bad_value(s, "goal", value, "fastest, cheapest, greenest or balanced");
}

/* One of "2h:6h,24h": of n bytes. */
static bool read_delay(const char *text, size_t n, struct suan_sim_delay *ret)
{
	char piece[64], *colon;

	if (n >= sizeof(piece))
		return false;
	memcpy(piece, text, n);
	piece[n] = '\0';
	ret->estimate_ms = INT64_MAX;
	colon = strchr(piece, ':');
	if (!colon)
		return suan_parse_duration(piece, 1000, &ret->delay_ms, NULL) == SUAN_OK;
	*colon = '\0';
	return suan_parse_duration(piece, 1000, &ret->estimate_ms, NULL) == SUAN_OK &&
	       suan_parse_duration(colon + 1, 1000, &ret->delay_ms, NULL) == SUAN_OK;
}

static int take_delays(struct suan_simulate *s, const char *value)
{
	const char *at = value;
	bool good = true;

	for (s->ndelays = 0; good; s->ndelays++) {
		size_t n = strcspn(at, ",");

		good = s->ndelays < SUAN_SIMULATE_DELAYS &&
		       read_delay(at, n, &s->delays[s->ndelays]) &&
		       (s->ndelays == 0 ||
			s->delays[s->ndelays].estimate_ms > s->delays[s->ndelays - 1].estimate_ms);
		at += n;
		if (!*at)
			break;
		at++;
	}
	s->ndelays++;
	return good ? SUAN_EXIT_OK
		    : bad_value(s, "max-delay", value,
				"a duration such as 6h, or with limits of the run time, the short "
				"ones first: 2h:6h,24h");
}

int suan_simulate_option(struct suan_simulate *s, const struct suan_option *o, const char *value)
{
	int rc = take_trace_option(s, o, value);

	if (rc < 0)
		rc = take_stop_option(s, o, value);
	if (rc >= 0)
		return rc;
	if (strcmp(o->name, "cores") == 0)
		return take_count(s, o, value, &s->cores);
	if (strcmp(o->name, "policy") == 0)
		return suan_simulate_policies(s, value);
	if (strcmp(o->name, "estimates") == 0)
		return take_estimates(s, value);
	if (strcmp(o->name, "plan-depth") == 0)
		return take_count(s, o, value, &s->plan_depth);
	if (strcmp(o->name, "plan-steps") == 0)
		return take_steps(s, o, value);
	if (strcmp(o->name, "goal") == 0)
		return take_goal(s, value);
	if (strcmp(o->name, "max-delay") == 0)
		return take_delays(s, value);
	if (strcmp(o->name, "trace") == 0)
		s->trace = value;
	else if (strcmp(o->name, "network") == 0)
		s->network = value;
	else if (strcmp(o->name, "out") == 0)
		s->out = value;
	else if (strcmp(o->name, "accounts") == 0)
		s->accounts = value;
	else if (strcmp(o->name, "reservations") == 0)
		s->reservations = value;
	else if (strcmp(o->name, "faults-file") == 0)
		s->faults = value;
	else if (strcmp(o->name, "data") == 0)
		s->data = value;
	else if (strcmp(o->name, "json") == 0)
		s->json = true;
	else if (strcmp(o->name, "bound") == 0)
		s->bound = true;
	else if (strcmp(o->name, "alone") == 0)
		s->alone = true;
	else if (strcmp(o->name, "ignore-homes") == 0)
		s->ignore_homes = true;
	return SUAN_EXIT_OK;
}

int suan_simulate_check(const struct suan_simulate *s)
{
	if (!s->trace)
		return suan_cli_usage(s->command,
				      "which jobs? --trace FILE, or - for standard input");
	if (s->cores && s->network)
		return suan_cli_usage(s->command,
				      "--cores and --network: one machine or a network, not both");
	if (!s->cores && !s->network)
		return suan_cli_usage(s->command, "on what? --cores N, or --network FILE");
	if (s->alone && s->faults)
		return suan_cli_usage(s->command,
				      "--alone and --faults-file: sites alone have no outages; "
				      "leave one of them out");
	if (s->data && (s->alone || !s->network))
		return suan_cli_usage(s->command,
				      "--data: data sets move between sites; right is --network, "
				      "without --alone");
	if (s->alone && !s->network)
		return suan_cli_usage(s->command,
				      "--alone compares the sites of a network: --network FILE");
	for (uint32_t i = 0; i < s->npolicies; i++)
		if (s->choices[i] && !s->network)
			return suan_cli_usage(s->command,
					      "--policy %s: users choose among the sites of a "
					      "network: --network FILE",
					      s->names[i]);
	if (s->goal != SUAN_GOAL_FASTEST && !s->network)
		return suan_cli_usage(s->command,
				      "--goal %s: by what? It needs --network, whose "
				      "sites have price or carbon",
				      suan_goal_name(s->goal));
	if (s->ndelays > 0 && s->goal == SUAN_GOAL_FASTEST)
		return suan_cli_usage(s->command, "--max-delay: for what? --goal cheapest, "
						  "greenest or balanced");
	if (s->bound && s->cores)
		return suan_cli_usage(s->command,
				      "--bound: of what? It needs --network, whose sites have "
				      "busy_watt, and price or carbon");
	if (s->from_ms >= s->until_ms)
		return suan_cli_usage(s->command, "--until is not after --from");
	return SUAN_EXIT_OK;
}

static int run_simulate(int argc, char **argv)
{
	struct suan_simulate s = SUAN_SIMULATE_DEFAULTS(&suan_cli_simulate);
	const struct suan_option *o;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	s.words = (const char *const *)argv;
	s.nwords = argc;
	suan_args_init(&args, &suan_cli_simulate, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &o, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			return SUAN_EXIT_USAGE;
		if (kind == SUAN_ARG_OPERAND)
			return suan_cli_usage(&suan_cli_simulate,
					      "unexpected \"%s\"; the trace is --trace FILE",
					      value);
		if (strcmp(o->name, "help") == 0) {
			suan_cli_print_help(&suan_cli_simulate);
			return SUAN_EXIT_OK;
		}
		rc = suan_simulate_option(&s, o, value);
	}
	if (rc == SUAN_EXIT_OK)
		rc = suan_simulate_check(&s);
	return rc == SUAN_EXIT_OK ? suan_simulate(&s) : rc;
}

const struct suan_command suan_cli_simulate = {
	.name = "simulate",
	.usage = "suan simulate (--cores N | --network FILE) --trace FILE [OPTION]…",
	.summary = "run a trace of jobs through the scheduler, in virtual time",
	.help = "The scheduler is the one of the service; the sites do what the trace says. No\n"
		"server is needed. Policies: suan, easy, fcfs, conservative, sjf, ljf, f1, wfp3.\n"
		"POLICY@RULE: its users choose the site themselves, by a rule: home, cheapest or\n"
		"emptiest; the policy plans there.",
	.options = simulate_options,
	.run = run_simulate,
};
