/* suan account, qos. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/client.h"
#include "cli/table.h"

struct shown {
	struct suan_client client;
	struct suan_table table;
	const char *name; /* this account only, with what is below it; NULL: all */
	bool json, users;
};

/* ---- cells ---- */

static json_int_t number(const json_t *row, const char *object, const char *member)
{
	return json_integer_value(json_object_get(json_object_get(row, object), member));
}

/* What runs, of the limit if there is one. */
static void used_of(const json_t *row, const char *member, struct suan_buf *out)
{
	const json_t *most = json_object_get(json_object_get(row, "limits"), member);

	suan_buf_add_i64(out, number(row, "running", member));
	if (most)
		suan_buf_addf(out, "/%lld", (long long)json_integer_value(most));
}

static void fill_runs(const json_t *row, struct suan_buf *out)
{
	used_of(row, "runs", out);
}

static void fill_cores(const json_t *row, struct suan_buf *out)
{
	used_of(row, "cores", out);
}

static void fill_gpus(const json_t *row, struct suan_buf *out)
{
	used_of(row, "gpus", out);
}

static void add_size(json_int_t bytes, struct suan_buf *out)
{
	char text[32];

	suan_format_size((uint64_t)bytes, text);
	suan_buf_adds(out, text);
}

static void fill_memory(const json_t *row, struct suan_buf *out)
{
	const json_t *most = json_object_get(json_object_get(row, "limits"), "memory");

	add_size(number(row, "running", "memory"), out);
	if (!most)
		return;
	suan_buf_addc(out, '/');
	add_size(json_integer_value(most), out);
}

static void fill_pending(const json_t *row, struct suan_buf *out)
{
	const json_t *most = json_object_get(json_object_get(row, "limits"), "pending");

	suan_buf_add_i64(out, json_integer_value(json_object_get(row, "pending")));
	if (most)
		suan_buf_addf(out, "/%lld", (long long)json_integer_value(most));
}

static void add_percent(const json_t *row, const char *member, struct suan_buf *out)
{
	suan_buf_addf(out, "%.2f%%", 100 * json_number_value(json_object_get(row, member)));
}

static void fill_share(const json_t *row, struct suan_buf *out)
{
	add_percent(row, "share", out);
}

static void fill_factor(const json_t *row, struct suan_buf *out)
{
	suan_buf_addf(out, "%.3f", json_number_value(json_object_get(row, "factor")));
}

static void add_hours(const json_t *row, const char *member, struct suan_buf *out)
{
	suan_buf_addf(out, "%.1f", json_number_value(json_object_get(json_object_get(row, "usage"),
								     member)));
}

static void fill_core_hours(const json_t *row, struct suan_buf *out)
{
	add_hours(row, "core_hours", out);
}

static void fill_gpu_hours(const json_t *row, struct suan_buf *out)
{
	add_hours(row, "gpu_hours", out);
}

static void fill_memory_hours(const json_t *row, struct suan_buf *out)
{
	add_hours(row, "memory_gib_hours", out);
}

/* Set in by depth, so that the tree shows. */
static void fill_account(const json_t *row, struct suan_buf *out)
{
	for (json_int_t d = json_integer_value(json_object_get(row, "depth")); d > 0; d--)
		suan_buf_adds(out, "  ");
	suan_cli_add_clean(out, json_string_value(json_object_get(row, "name")));
}

static void fill_preempts(const json_t *row, struct suan_buf *out)
{
	const json_t *name;
	size_t i;

	json_array_foreach (json_object_get(row, "preempts"), i, name) {
		suan_buf_adds(out, i ? "," : "");
		suan_cli_add_clean(out, json_string_value(name));
	}
}

static void fill_longest(const json_t *row, struct suan_buf *out)
{
	const json_t *s = json_object_get(row, "max_walltime");
	char text[32];

	if (!s)
		return;
	suan_format_duration((int64_t)(json_number_value(s) * 1000), text);
	suan_buf_adds(out, text);
}

static void fill_preemptable(const json_t *row, struct suan_buf *out)
{
	suan_buf_adds(out, json_is_true(json_object_get(row, "preemptable")) ? "yes" : "no");
}

static const struct suan_column account_columns[] = {
	{"account", "ACCOUNT", false, 12, 0, fill_account},
	{"user", "USER", false, 8, 1, NULL},
	{"shares", "SHARES", true, 0, 7, NULL},
	{"share", "SHARE", true, 0, 2, fill_share},
	{"factor", "FACTOR", true, 0, 3, fill_factor},
	{"core_hours", "CORE-H", true, 0, 5, fill_core_hours},
	{"gpu_hours", "GPU-H", true, 0, 8, fill_gpu_hours},
	{"memory_hours", "GIB-H", true, 0, 11, fill_memory_hours},
	{"running", "RUNS", true, 0, 4, fill_runs},
	{"cores", "CORES", true, 0, 4, fill_cores},
	{"gpus", "GPUS", true, 0, 9, fill_gpus},
	{"memory", "MEMORY", true, 0, 10, fill_memory},
	{"pending", "WAITING", true, 0, 6, fill_pending},
	{NULL, NULL, false, 0, 0, NULL},
};

static const struct suan_column qos_columns[] = {
	{"name", "QOS", false, 10, 0, NULL},
	{"priority", "PRIORITY", true, 0, 1, NULL},
	{"usage_factor", "FACTOR", true, 0, 6, NULL},
	{"max_walltime", "WALLTIME", true, 0, 5, fill_longest},
	{"preemptable", "PREEMPTABLE", false, 0, 8, fill_preemptable},
	{"preempts", "PREEMPTS", false, 8, 7, fill_preempts},
	{"running", "RUNS", true, 0, 2, fill_runs},
	{"cores", "CORES", true, 0, 3, fill_cores},
	{"gpus", "GPUS", true, 0, 9, fill_gpus},
	{"memory", "MEMORY", true, 0, 10, fill_memory},
	{"pending", "WAITING", true, 0, 4, fill_pending},
	{NULL, NULL, false, 0, 0, NULL},
};

/* ---- the tree ---- */

static const char *text_of(const json_t *row, const char *member)
{
	const char *text = json_string_value(json_object_get(row, member));

	return text ? text : "";
}

static json_t *find(json_t *list, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach (list, i, row)
		if (strcmp(text_of(row, "name"), name) == 0)
			return row;
	return NULL;
}

static void add_users(json_t *account, json_t *to)
{
	json_int_t depth = json_integer_value(json_object_get(account, "depth"));
	json_t *user;
	size_t i;

	json_array_foreach (json_object_get(account, "users"), i, user) {
		json_object_set_new(user, "name", json_string(""));
		json_object_set_new(user, "depth", json_integer(depth + 1));
		json_object_set(user, "limits", json_object_get(account, "user_limits"));
		json_array_append(to, user);
	}
}

/* The account, its users if asked for, then what is below it. */
static void add_tree(const struct shown *s, json_t *list, json_t *account, json_t *to)
{
	json_t *row;
	size_t i;

	json_array_append(to, account);
	if (s->users && !s->json)
		add_users(account, to);
	json_array_foreach (list, i, row)
		if (strcmp(text_of(row, "parent"), text_of(account, "name")) == 0)
			add_tree(s, list, row, to);
}

static int show_accounts(struct shown *s)
{
	json_t *answer = NULL, *list, *rows = json_array(), *row;
	int rc = suan_client_get(&s->client, &answer, "/v1/accounts");
	size_t i;

	list = json_object_get(answer, "accounts");
	if (rc == SUAN_EXIT_OK && s->name && !find(list, s->name)) {
		fprintf(stderr, "suan account: no account \"%s\"; suan account lists all\n",
			s->name);
		rc = SUAN_EXIT_NOTFOUND;
	}
	if (rc == SUAN_EXIT_OK && s->name) {
		add_tree(s, list, find(list, s->name), rows);
	} else if (rc == SUAN_EXIT_OK) {
		json_array_foreach (list, i, row)
			if (!text_of(row, "parent")[0])
				add_tree(s, list, row, rows);
	}
	if (rc == SUAN_EXIT_OK && s->json) {
		json_object_set(answer, "accounts", rows);
		suan_client_print_json(answer);
	} else if (rc == SUAN_EXIT_OK && !suan_table_print(&s->table, rows)) {
		rc = SUAN_EXIT_USAGE;
	}
	json_decref(rows);
	json_decref(answer);
	return rc;
}

static int show_qos(struct shown *s)
{
	json_t *answer = NULL;
	int rc = suan_client_get(&s->client, &answer, "/v1/qos");

	if (rc == SUAN_EXIT_OK && s->json)
		suan_client_print_json(answer);
	else if (rc == SUAN_EXIT_OK &&
		 !suan_table_print(&s->table, json_object_get(answer, "qos")))
		rc = SUAN_EXIT_USAGE;
	json_decref(answer);
	return rc;
}

/* ---- commands ---- */

static int run(struct shown *s, const struct suan_command *c, int argc, char **argv)
{
	bool accounts = c == &suan_cli_account;
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&s->client, c);
	suan_args_init(&args, c, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND && accounts && !s->name)
			s->name = value;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(c, "unexpected \"%s\"", value);
		else if (strcmp(opt->name, "format") == 0)
			s->table.format = value;
		else if (strcmp(opt->name, "no-header") == 0)
			s->table.no_header = true;
		else if (strcmp(opt->name, "json") == 0)
			s->json = true;
		else if (strcmp(opt->name, "users") == 0)
			s->users = true;
		else
			suan_client_option(&s->client, opt, value);
	}
	if (rc == SUAN_EXIT_OK && !suan_table_help(&s->table))
		rc = accounts ? show_accounts(s) : show_qos(s);
	suan_client_done(&s->client);
	return rc;
}

static int run_account(int argc, char **argv)
{
	struct shown s = {.table = {.columns = account_columns,
				    .default_format = "account,user,shares,share,factor,core_hours,"
						      "gpu_hours,running,cores,gpus,pending"}};

	return run(&s, &suan_cli_account, argc, argv);
}

static const struct suan_option account_options[] = {
	{"users", 'u', NULL, "also the users of each account"},
	{"format", 'o', "COLUMNS", "columns to print; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts; always with the users"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

const struct suan_command suan_cli_account = {
	.name = "account",
	.usage = "suan account [NAME] [OPTION]…",
	.summary = "show the tree of accounts: shares, usage, standing, limits",
	.help = "NAME: that account and what is below it. SHARE is what is due to it of the whole\n"
		"network; FACTOR the part of the longest head start in the queue that it has now.",
	.options = account_options,
	.run = run_account,
};

static int run_qos(int argc, char **argv)
{
	struct shown s = {.table = {.columns = qos_columns,
				    .default_format = "name,priority,usage_factor,max_walltime,"
						      "preemptable,preempts,running,cores,"
						      "pending"}};

	return run(&s, &suan_cli_qos, argc, argv);
}

static const struct suan_option qos_options[] = {
	{"format", 'o', "COLUMNS", "columns to print; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

const struct suan_command suan_cli_qos = {
	.name = "qos",
	.usage = "suan qos [OPTION]…",
	.summary = "list the classes of quality of service",
	.options = qos_options,
	.run = run_qos,
};
