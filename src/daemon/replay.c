/* suan replay: the options. */
#include "daemon/replay.h"

#include <stdio.h>
#include <string.h>


const struct suan_option suan_replay_options[] = {
	{"data", 'd', "DIR", "data folder of the service; it may be running"},
	{"from", 0, "TIME", "only what was submitted from then on: RFC 3339, or now-30d"},
	{"until", 0, "TIME", "only what was submitted before then"},
	{"policy", 'p', "POLICY", "default: the one of that time; several with commas"},
	{"network", 'n', "FILE", "another network; default: the one of that time"},
	{"accounts", 'A', "FILE", "other accounts, classes and limits; default: as of that time"},
	{"add", 0, "EDIT", "SITE/POOL.nodes=+N: so many more nodes; may be repeated"},
	{"without", 0, "SITE", "without this site; may be repeated"},
	{"estimates", 0, "KIND", "run times to plan with: user, perfect or predicted"},
	{"out", 'o', "DIR", "write schedules and report.html there"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"help", 'h', NULL, "show this help"},
	{NULL, 0, NULL, NULL},
};

static int take_edit(struct suan_replay *s, const char *option, const char *value)
{
	bool add = strcmp(option, "add") == 0;
	uint32_t *n = add ? &s->nadd : &s->nwithout;

	if (*n == SUAN_REPLAY_EDITS)
		return suan_cli_usage(s->command, "--%s: given more than %d times", option,
				      SUAN_REPLAY_EDITS);
	(add ? s->add : s->without)[(*n)++] = value;
	return SUAN_EXIT_OK;
}

static int take_estimates(struct suan_replay *s, const char *value)
{
	if (strcmp(value, "user") == 0)
		s->estimates = SUAN_SIM_USER;
	else if (strcmp(value, "perfect") == 0)
		s->estimates = SUAN_SIM_PERFECT;
	else if (strcmp(value, "predicted") == 0)
		s->estimates = SUAN_SIM_PREDICTED;
	else
		return suan_cli_usage(s->command,
				      "--estimates: found \"%s\", want user, perfect or predicted",
				      value);
	s->has_estimates = true;
	return SUAN_EXIT_OK;
}

static int take_option(struct suan_replay *s, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		{"data", &s->data}, {"from", &s->from},	      {"until", &s->until},
		{"out", &s->out},   {"network", &s->network},
		{"accounts", &s->accounts},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].to = value;
			return SUAN_EXIT_OK;
		}
	}
	if (strcmp(name, "policy") == 0)
		return suan_cli_policies(s->command, value, s->policies,
					 SUAN_REPLAY_POLICIES, &s->npolicies);
	if (strcmp(name, "estimates") == 0)
		return take_estimates(s, value);
	if (strcmp(name, "json") == 0) {
		s->json = true;
		return SUAN_EXIT_OK;
	}
	return take_edit(s, name, value);
}

int suan_replay_main(const struct suan_command *c, int argc, char **argv)
{
	struct suan_replay s = {.command = c, .words = (const char *const *)argv, .nwords = argc};
	const struct suan_option *o;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_args_init(&args, c, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &o, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			return SUAN_EXIT_USAGE;
		if (kind == SUAN_ARG_OPERAND)
			return suan_cli_usage(c, "unexpected \"%s\"; the folder is --data DIR",
					      value);
		if (strcmp(o->name, "help") == 0) {
			suan_cli_print_help(c);
			return SUAN_EXIT_OK;
		}
		rc = take_option(&s, o->name, value);
	}
	if (rc == SUAN_EXIT_OK && !s.data)
		rc = suan_cli_usage(c, "of which service? --data DIR");
	return rc == SUAN_EXIT_OK ? suan_replay(&s) : rc;
}
