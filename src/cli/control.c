/* suan cancel, hold, release, requeue, preempt, priority. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/table.h"

#define LIVE  "PENDING,STAGING,RUNNING"
#define ENDED "FAILED,TIMEOUT,OUT_OF_MEMORY,PREEMPTED,UNKNOWN"

struct control_args {
	struct suan_client client;
	const char **ids;
	int nids;
	bool json, all;
	const char *user, *state, *name;
	const char *states; /* that --all means by itself */
};

static const struct suan_option control_options[] = {
	{"all", 0, NULL, "every job of yours (requeue: that failed; else: that is not over)"},
	{"user", 'u', "NAME", "with --all: every job of this user"},
	{"state", 's', "A,B", "with --all: only jobs in these states"},
	{"name", 'n', "PREFIX", "with --all: only jobs whose name begins so"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static int one(struct control_args *a, const char *id, const char *verb, json_t *done)
{
	struct suan_buf path;
	struct suan_client_call call = {.method = "POST"};
	json_t *answer = NULL;
	int rc;

	suan_buf_init(&path, 0);
	suan_buf_addf(&path, "/v1/jobs/%s:%s", id, verb);
	call.path = suan_buf_str(&path);
	rc = suan_client_do(&a->client, &call, &answer);
	if (rc == SUAN_EXIT_OK)
		json_array_append(done, answer);
	json_decref(answer);
	suan_buf_done(&path);
	return rc;
}

/* --all: the jobs that the filters name, page by page. */
static int every(struct control_args *a, const char *verb, json_t *done)
{
	json_t *page = NULL, *next = NULL, *job;
	struct suan_buf path;
	size_t i;
	int rc;

	suan_buf_init(&path, 0);
	do {
		char id[24];

		suan_buf_reset(&path);
		suan_buf_adds(&path, "/v1/jobs?limit=1000");
		suan_client_query(&path, "state", a->state ? a->state : a->states);
		suan_client_query(&path, "user", a->user ? a->user : "me");
		if (a->name)
			suan_client_query(&path, "name", a->name);
		if (next)
			suan_client_query(&path, "cursor", json_string_value(next));
		json_decref(next);
		next = NULL;
		rc = suan_client_get(&a->client, &page, "%s", suan_buf_str(&path));
		if (rc != SUAN_EXIT_OK)
			break;
		json_array_foreach (json_object_get(page, "jobs"), i, job) {
			snprintf(id, sizeof(id), "%lld",
				 (long long)json_integer_value(json_object_get(job, "id")));
			rc = one(a, id, verb, done);
			if (rc != SUAN_EXIT_OK)
				break;
		}
		if (json_is_string(json_object_get(page, "next")))
			next = json_incref(json_object_get(page, "next"));
		json_decref(page);
	} while (next && rc == SUAN_EXIT_OK);
	json_decref(next);
	suan_buf_done(&path);
	return rc;
}

static int parse(struct control_args *a, const struct suan_command *c, int argc, char **argv)
{
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind;

	suan_args_init(&args, c, argc, argv);
	while ((kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			return SUAN_EXIT_USAGE;
		if (kind == SUAN_ARG_OPERAND)
			a->ids[a->nids++] = value;
		else if (strcmp(opt->name, "json") == 0)
			a->json = true;
		else if (strcmp(opt->name, "all") == 0)
			a->all = true;
		else if (strcmp(opt->name, "user") == 0)
			a->user = value;
		else if (strcmp(opt->name, "state") == 0)
			a->state = value;
		else if (strcmp(opt->name, "name") == 0)
			a->name = value;
		else
			suan_client_option(&a->client, opt, value);
	}
	if (!a->nids && !a->all)
		return suan_cli_usage(c, "which job? suan %s ID…, or --all", c->name);
	if (a->nids && a->all)
		return suan_cli_usage(c, "either job ids or --all");
	if (!a->all && (a->user || a->state || a->name))
		return suan_cli_usage(c, "--user, --state and --name go with --all");
	return suan_cli_check_ids(c, a->ids, a->nids);
}

/* Goes on after a job that cannot be found, so that the others are dealt with; the worst code wins.
 */
static int control(const struct suan_command *c, const char *states, int argc, char **argv)
{
	struct control_args a = {.ids = calloc((size_t)argc + 1, sizeof(*a.ids)), .states = states};
	json_t *done = json_array();
	int rc, worst;

	suan_client_init(&a.client, c);
	worst = a.ids && done ? parse(&a, c, argc, argv) : SUAN_EXIT_FAILED;
	if (worst == SUAN_EXIT_OK && a.all)
		worst = every(&a, c->name, done);
	else if (worst == SUAN_EXIT_OK) {
		for (int i = 0; i < a.nids; i++) {
			rc = one(&a, a.ids[i], c->name, done);
			worst = rc > worst ? rc : worst;
			if (rc == SUAN_EXIT_UNREACHABLE)
				break;
		}
	}
	if (a.json)
		suan_client_print_json(done);
	else if (a.all && suan_cli_out_is_terminal())
		printf("%zu jobs\n", json_array_size(done));
	json_decref(done);
	free(a.ids);
	suan_client_done(&a.client);
	return worst;
}

static int run_cancel(int argc, char **argv)
{
	return control(&suan_cli_cancel, LIVE, argc, argv);
}

static int run_hold(int argc, char **argv)
{
	return control(&suan_cli_hold, "PENDING", argc, argv);
}

static int run_release(int argc, char **argv)
{
	return control(&suan_cli_release, "PENDING", argc, argv);
}

static int run_requeue(int argc, char **argv)
{
	return control(&suan_cli_requeue, ENDED, argc, argv);
}

static int run_preempt(int argc, char **argv)
{
	return control(&suan_cli_preempt, "STAGING,RUNNING", argc, argv);
}

const struct suan_command suan_cli_cancel = {
	.name = "cancel",
	.usage = "suan cancel [OPTION]… ID… | --all [--user NAME]",
	.summary = "stop jobs or take them out of the queue",
	.help = "Running work gets SIGTERM and, after the service's grace time, SIGKILL.",
	.options = control_options,
	.run = run_cancel,
};

const struct suan_command suan_cli_hold = {
	.name = "hold",
	.usage = "suan hold [OPTION]… ID… | --all",
	.summary = "keep waiting jobs from starting",
	.options = control_options,
	.run = run_hold,
};

const struct suan_command suan_cli_release = {
	.name = "release",
	.usage = "suan release [OPTION]… ID… | --all",
	.summary = "let held jobs start",
	.options = control_options,
	.run = run_release,
};

const struct suan_command suan_cli_requeue = {
	.name = "requeue",
	.usage = "suan requeue [OPTION]… ID… | --all",
	.summary = "run jobs again, as a new attempt",
	.help = "Running work is stopped first.",
	.options = control_options,
	.run = run_requeue,
};

const struct suan_command suan_cli_preempt = {
	.name = "preempt",
	.usage = "suan preempt [OPTION]… ID… | --all",
	.summary = "stop running jobs for others; they start again",
	.help = "As if another job wanted the room: SIGTERM, after the grace of its class or the\n"
		"service SIGKILL, then it waits in its old place. What waits is left alone. For\n"
		"operators.",
	.options = control_options,
	.run = run_preempt,
};

/* ---- priority ---- */

static const struct suan_option priority_options[] = {
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static int set_priority(struct suan_client *c, const char *id, const char *value, bool json)
{
	char path[64], *end;
	struct suan_client_call call = {.method = "PATCH", .path = path};
	long long n;
	json_t *answer = NULL;
	int rc;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (!*value || *end || errno)
		return suan_cli_usage(c->command, "expected a whole number, found \"%s\"", value);
	snprintf(path, sizeof(path), "/v1/jobs/%s", id);
	call.body = json_pack("{s:I}", "priority", (json_int_t)n);
	rc = suan_client_do(c, &call, &answer);
	if (rc == SUAN_EXIT_OK && json)
		suan_client_print_json(answer);
	json_decref(answer);
	json_decref(call.body);
	return rc;
}

static int run_priority(int argc, char **argv)
{
	const struct suan_option *opt;
	const char *value, *words[2] = {NULL, NULL};
	struct suan_args args;
	struct suan_client c;
	bool json = false;
	int kind, n = 0, rc = SUAN_EXIT_OK;

	suan_client_init(&c, &suan_cli_priority);
	suan_args_init(&args, &suan_cli_priority, argc, argv);
	/* Negative numbers look like options: take the last word as it is. */
	if (argc >= 3 && argv[argc - 1][0] == '-' && strchr("0123456789", argv[argc - 1][1])) {
		words[1] = argv[argc - 1];
		args.argc--;
	}
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND && n < 2 && !words[n])
			words[n++] = value;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(&suan_cli_priority, "unexpected \"%s\"", value);
		else if (strcmp(opt->name, "json") == 0)
			json = true;
		else
			suan_client_option(&c, opt, value);
	}
	if (rc == SUAN_EXIT_OK && (!words[0] || !words[1]))
		rc = suan_cli_usage(&suan_cli_priority, "expected: suan priority ID N");
	if (rc == SUAN_EXIT_OK)
		rc = suan_cli_check_ids(&suan_cli_priority, words, 1);
	if (rc == SUAN_EXIT_OK)
		rc = set_priority(&c, words[0], words[1], json);
	suan_client_done(&c);
	return rc;
}

const struct suan_command suan_cli_priority = {
	.name = "priority",
	.usage = "suan priority [OPTION]… ID N",
	.summary = "move a waiting job forward or back",
	.help = "Higher numbers go first; the default is 0. Equal ones go in order of submission.",
	.options = priority_options,
	.run = run_priority,
};
