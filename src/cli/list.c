/* suan list, suan show, suan why. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/table.h"
#include "cli/watch.h"

#define PAGE 500

static void fill_array(const json_t *row, struct suan_buf *out)
{
	const char *array = json_string_value(json_object_get(row, "array"));

	suan_buf_add_i64(out, json_integer_value(json_object_get(row, "id")));
	if (array)
		suan_buf_addf(out, "_[%s]", array);
}

static void fill_submit(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "submit")), out);
}

static void fill_start(const json_t *row, struct suan_buf *out)
{
	const char *start = json_string_value(json_object_get(row, "start"));
	const char *predicted = json_string_value(json_object_get(row, "predicted_start"));

	if (!start && predicted)
		suan_buf_addc(out, '~');
	suan_cli_fill_time(start ? start : predicted, out);
}

static void fill_end(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "end")), out);
}

static void fill_site(const json_t *row, struct suan_buf *out)
{
	const char *site = json_string_value(json_object_get(row, "site"));
	const char *predicted = json_string_value(json_object_get(row, "predicted_site"));

	if (site)
		suan_cli_add_clean(out, site);
	else if (predicted) {
		suan_buf_addc(out, '~');
		suan_cli_add_clean(out, predicted);
	} else
		suan_buf_addc(out, '-');
}

/* "12/40 done, 2 failed" for arrays; the reason otherwise. */
static void fill_info(const json_t *row, struct suan_buf *out)
{
	const json_t *counts = json_object_get(row, "counts");
	const char *state = json_string_value(json_object_get(row, "state"));
	const char *text = json_string_value(json_object_get(row, "reason_text"));
	json_int_t all, bad;

	if (counts) {
		all = json_integer_value(json_object_get(row, "elements"));
		bad = json_integer_value(json_object_get(counts, "FAILED")) +
		      json_integer_value(json_object_get(counts, "TIMEOUT")) +
		      json_integer_value(json_object_get(counts, "OUT_OF_MEMORY"));
		suan_buf_addf(out, "%lld/%lld done",
			      (long long)json_integer_value(json_object_get(counts, "COMPLETED")),
			      (long long)all);
		if (bad)
			suan_buf_addf(out, ", %lld failed", (long long)bad);
		if (json_integer_value(json_object_get(counts, "RUNNING")))
			suan_buf_addf(
				out, ", %lld running",
				(long long)json_integer_value(json_object_get(counts, "RUNNING")));
		return;
	}
	if (text && state && strcmp(state, "RUNNING") != 0 && strcmp(state, "COMPLETED") != 0)
		suan_cli_add_clean(out, text);
}

static const struct suan_column job_columns[] = {
	{"id", "ID", true, 0, 0, NULL},
	{"job", "JOB", true, 8, 0, fill_array},
	{"name", "NAME", false, 10, 2, NULL},
	{"user", "USER", false, 6, 8, NULL},
	{"account", "ACCOUNT", false, 6, 9, NULL},
	{"state", "STATE", false, 0, 1, NULL},
	{"site", "SITE", false, 12, 3, fill_site},
	{"pool", "POOL", false, 4, 10, NULL},
	{"submit", "SUBMITTED", false, 0, 11, fill_submit},
	{"start", "START", true, 0, 7, fill_start},
	{"end", "END", false, 0, 11, fill_end},
	{"elapsed", "ELAPSED", true, 0, 6, suan_cli_fill_elapsed},
	{"tasks", "TASKS", true, 0, 12, NULL},
	{"cores", "CORES", true, 0, 12, NULL},
	{"priority", "PRIO", true, 0, 12, NULL},
	{"exit_code", "EXIT", true, 0, 5, NULL},
	{"reason", "REASON", false, 8, 5, NULL},
	{"info", "INFO", false, 20, 4, fill_info},
	{NULL, NULL, false, 0, 0, NULL},
};

static const struct suan_option list_options[] = {
	{"state", 's', "A,B", "only jobs in these states, e.g. PENDING,RUNNING"},
	{"user", 'u', "NAME", "only jobs of this user"},
	{"account", 'A', "NAME", "only jobs of this account"},
	{"name", 'n', "PREFIX", "only jobs whose name begins so"},
	{"site", 0, "NAME", "only jobs at this site"},
	{"limit", 'l', "N", "at most N jobs, newest first (100)"},
	{"all", 'a', NULL, "every job, however many"},
	{"format", 'o', "COLUMNS",
	 "columns to print, e.g. id,state,site; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"watch", 'w', NULL, "print again whenever something changes, until Ctrl-C"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

struct list_args {
	struct suan_client client;
	struct suan_table table;
	struct suan_buf query;
	long limit;
	bool json, watch;
};

/* All pages up to the limit, in one object as the API gives it. */
static int fetch_jobs(struct list_args *a, json_t **ret)
{
	json_t *all = json_array(), *page, *next = NULL;
	struct suan_buf path;
	int rc;

	suan_buf_init(&path, 0);
	do {
		long want = a->limit - (long)json_array_size(all);
		char number[24];

		suan_buf_reset(&path);
		suan_buf_adds(&path, suan_buf_str(&a->query));
		snprintf(number, sizeof(number), "%ld", want < PAGE ? want : PAGE);
		suan_client_query(&path, "limit", number);
		if (json_is_string(next))
			suan_client_query(&path, "cursor", json_string_value(next));
		rc = suan_client_get(&a->client, &page, "%s", suan_buf_str(&path));
		if (rc != SUAN_EXIT_OK)
			break;
		json_array_extend(all, json_object_get(page, "jobs"));
		json_decref(next);
		next = json_incref(json_object_get(page, "next"));
		json_decref(page);
	} while (json_is_string(next) && (long)json_array_size(all) < a->limit);
	suan_buf_done(&path);
	*ret = json_pack("{s:o,s:o}", "jobs", all, "next", next ? next : json_null());
	return rc;
}

static int show_jobs(void *ctx)
{
	struct list_args *a = ctx;
	json_t *answer, *jobs, *reversed;
	int rc = fetch_jobs(a, &answer);

	if (rc == SUAN_EXIT_OK && a->json)
		suan_client_print_json(answer);
	if (rc == SUAN_EXIT_OK && !a->json) {
		/* Newest last, beside the prompt. */
		jobs = json_object_get(answer, "jobs");
		reversed = json_array();
		for (size_t i = json_array_size(jobs); i > 0; i--)
			json_array_append(reversed, json_array_get(jobs, i - 1));
		if (!suan_table_print(&a->table, reversed))
			rc = SUAN_EXIT_USAGE;
		json_decref(reversed);
		if (json_is_string(json_object_get(answer, "next")) && suan_cli_out_is_terminal())
			printf("… more exist; --all shows every job\n");
	}
	json_decref(answer);
	return rc;
}

static int list_option(struct list_args *a, const struct suan_option *opt, const char *value)
{
	static const char *const filters[] = {"state", "user", "account", "name", "site"};
	char *end;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		if (strcmp(opt->name, filters[i]) == 0) {
			suan_client_query(&a->query, opt->name, value);
			return SUAN_EXIT_OK;
		}
	}
	if (strcmp(opt->name, "limit") == 0) {
		a->limit = strtol(value, &end, 10);
		if (*end || a->limit < 1)
			return suan_cli_usage(a->client.command,
					      "--limit: expected a number from 1, found \"%s\"",
					      value);
	} else if (strcmp(opt->name, "all") == 0)
		a->limit = 1000000000;
	else if (strcmp(opt->name, "format") == 0)
		a->table.format = value;
	else if (strcmp(opt->name, "no-header") == 0)
		a->table.no_header = true;
	else if (strcmp(opt->name, "json") == 0)
		a->json = true;
	else if (strcmp(opt->name, "watch") == 0)
		a->watch = true;
	return SUAN_EXIT_OK;
}

static int run_list(int argc, char **argv)
{
	struct list_args a = {.limit = 100, .table = {.columns = job_columns}};
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	a.table.default_format = "job,name,user,state,site,start,elapsed,info";
	suan_client_init(&a.client, &suan_cli_list);
	suan_buf_init(&a.query, 0);
	suan_buf_adds(&a.query, "/v1/jobs");
	suan_args_init(&args, &suan_cli_list, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(&suan_cli_list,
					    "unexpected \"%s\"; suan show ID shows one job", value);
		else if (!suan_client_option(&a.client, opt, value))
			rc = list_option(&a, opt, value);
	}
	if (rc == SUAN_EXIT_OK && !suan_table_help(&a.table))
		rc = a.watch ? suan_watch(&a.client, show_jobs, &a) : show_jobs(&a);
	suan_buf_done(&a.query);
	suan_client_done(&a.client);
	return rc;
}

const struct suan_command suan_cli_list = {
	.name = "list",
	.usage = "suan list [OPTION]…",
	.summary = "list jobs",
	.help = "A ~ before a site or a start marks a prediction.",
	.options = list_options,
	.run = run_list,
};

/* ---- show ---- */

static const struct suan_option show_options[] = {
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"tasks", 't', NULL, "every element of an array job"},
	{"watch", 'w', NULL, "print again whenever something changes, until Ctrl-C"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

struct show_args {
	struct suan_client client;
	const char **ids;
	int nids;
	bool json, tasks, watch;
};

/* A script has lines: each below the one before, tabs widened, other controls made harmless. */
static void print_lines(const char *name, const char *text)
{
	size_t n = strlen(text);

	n -= n > 0 && text[n - 1] == '\n';
	for (size_t begin = 0, len; begin <= n; begin += len + 1, name = "") {
		struct suan_buf clean;
		char *line;

		len = strcspn(text + begin, "\n");
		line = strndup(text + begin, len);
		suan_buf_init(&clean, 0);
		for (char *part = line, *tab; part; part = tab ? tab + 1 : NULL) {
			tab = strchr(part, '\t');
			if (tab)
				*tab = '\0';
			suan_cli_add_clean(&clean, part);
			suan_buf_adds(&clean, tab ? "        " : "");
		}
		printf("  %-16s %s\n", name, suan_buf_str(&clean));
		suan_buf_done(&clean);
		free(line);
	}
}

static void print_member(const char *name, const json_t *v)
{
	char *text;

	if (json_is_null(v))
		return;
	if (json_is_string(v)) {
		print_lines(name, json_string_value(v));
		return;
	}
	text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	printf("  %-16s %s\n", name, text ? text : "");
	free(text);
}

static double number_in(const json_t *v, const char *name)
{
	return json_number_value(json_object_get(v, name));
}

/* A line each for energy, cost and carbon, as far as they are known. */
static void print_footprint(const json_t *f)
{
	const json_t *carbon = json_object_get(f, "carbon_kg"), *sci = json_object_get(f, "sci");
	const char *method = json_string_value(json_object_get(f, "method"));

	if (json_is_number(json_object_get(f, "energy_kwh")))
		printf("  %-16s %.6g kWh, %s\n", "energy", number_in(f, "energy_kwh"),
		       method ? method : "");
	if (json_is_number(json_object_get(f, "cost_yuan")))
		printf("  %-16s %.6g yuan\n", "cost", number_in(f, "cost_yuan"));
	if (json_is_number(json_object_get(carbon, "location")))
		printf("  %-16s %.6g kg CO2e of the grid\n", "carbon",
		       number_in(carbon, "location"));
	if (json_is_number(json_object_get(carbon, "market")))
		printf("  %-16s %.6g kg CO2e by contracts\n", "carbon_market",
		       number_in(carbon, "market"));
	if (json_is_number(json_object_get(sci, "g_per_run")))
		printf("  %-16s %.6g g CO2e per run\n", "sci", number_in(sci, "g_per_run"));
}

static void print_job(const json_t *job)
{
	const char *state = json_string_value(json_object_get(job, "state")), *key;
	json_t *v;

	printf("job %lld  %s%s%s\n", (long long)json_integer_value(json_object_get(job, "id")),
	       suan_cli_state_colour(state), state ? state : "", suan_cli_colour_end());
	json_object_foreach ((json_t *)(uintptr_t)job, key, v)
		if (strcmp(key, "footprint") == 0)
			print_footprint(v);
		else if (strcmp(key, "id") != 0 && strcmp(key, "state") != 0)
			print_member(key, v);
}

static const struct suan_column task_columns[] = {
	{"index", "INDEX", true, 0, 0, NULL},
	{"attempt", "ATTEMPT", true, 0, 7, NULL},
	{"state", "STATE", false, 0, 1, NULL},
	{"site", "SITE", false, 12, 3, NULL},
	{"pool", "POOL", false, 4, 6, NULL},
	{"start", "START", true, 0, 5, fill_start},
	{"elapsed", "ELAPSED", true, 0, 4, suan_cli_fill_elapsed},
	{"exit_code", "EXIT", true, 0, 2, NULL},
	{"text", "TEXT", false, 16, 3, NULL},
	{NULL, NULL, false, 0, 0, NULL},
};

static int fetch_tasks(struct suan_client *c, const char *id, json_t *all)
{
	json_t *page, *next = NULL;
	int rc;

	do {
		rc = suan_client_get(c, &page, "/v1/jobs/%s/tasks?limit=1000%s%s", id,
				     next ? "&cursor=" : "", next ? json_string_value(next) : "");
		json_decref(next);
		next = NULL;
		if (rc != SUAN_EXIT_OK)
			break;
		json_array_extend(all, json_object_get(page, "tasks"));
		if (json_is_string(json_object_get(page, "next")))
			next = json_incref(json_object_get(page, "next"));
		json_decref(page);
	} while (next);
	return rc;
}

static int show_one(struct show_args *a, const char *id, json_t *out)
{
	struct suan_table t = {.columns = task_columns,
			       .default_format =
				       "index,state,attempt,site,start,elapsed,exit_code,text"};
	json_t *job, *tasks = NULL;
	int rc = suan_client_get(&a->client, &job, "/v1/jobs/%s", id);

	if (rc == SUAN_EXIT_OK && a->tasks) {
		tasks = json_array();
		rc = fetch_tasks(&a->client, id, tasks);
	}
	if (rc == SUAN_EXIT_OK && !a->json) {
		print_job(job);
		if (tasks)
			suan_table_print(&t, tasks);
	}
	if (job && tasks)
		json_object_set(job, "task_list", tasks);
	if (job)
		json_array_append(out, job);
	json_decref(tasks);
	json_decref(job);
	return rc;
}

static int show_all(void *ctx)
{
	struct show_args *a = ctx;
	json_t *out = json_array();
	int rc = SUAN_EXIT_OK;

	for (int i = 0; i < a->nids && rc == SUAN_EXIT_OK; i++)
		rc = show_one(a, a->ids[i], out);
	if (rc == SUAN_EXIT_OK && a->json)
		suan_client_print_json(a->nids == 1 ? json_array_get(out, 0) : out);
	json_decref(out);
	return rc;
}

static int run_show(int argc, char **argv)
{
	struct show_args a = {.ids = calloc((size_t)argc + 1, sizeof(*a.ids))};
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind, rc = a.ids ? SUAN_EXIT_OK : SUAN_EXIT_FAILED;

	suan_client_init(&a.client, &suan_cli_show);
	suan_args_init(&args, &suan_cli_show, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			a.ids[a.nids++] = value;
		else if (strcmp(opt->name, "json") == 0)
			a.json = true;
		else if (strcmp(opt->name, "tasks") == 0)
			a.tasks = true;
		else if (strcmp(opt->name, "watch") == 0)
			a.watch = true;
		else
			suan_client_option(&a.client, opt, value);
	}
	if (rc == SUAN_EXIT_OK && !a.nids)
		rc = suan_cli_usage(&suan_cli_show, "which job? suan show ID");
	if (rc == SUAN_EXIT_OK)
		rc = suan_cli_check_ids(&suan_cli_show, a.ids, a.nids);
	if (rc == SUAN_EXIT_OK)
		rc = a.watch ? suan_watch(&a.client, show_all, &a) : show_all(&a);
	free(a.ids);
	suan_client_done(&a.client);
	return rc;
}

const struct suan_command suan_cli_show = {
	.name = "show",
	.usage = "suan show [OPTION]… ID…",
	.summary = "everything about a job",
	.help = "ID is a job, 12, or one element of an array job, 12_5.",
	.options = show_options,
	.run = run_show,
};

/* ---- why ---- */

static const struct suan_option why_options[] = {
	{"format", 'o', "COLUMNS", "columns to print; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

/* By when it will have started, and how sure that is. */
static void print_forecast(const json_t *w)
{
	static const char *const members[] = {"predicted_start_p50", "predicted_start_p90",
					      "predicted_start_p99"};
	static const char *const words[] = {"starts by", ", by", ", by"};
	static const int percent[] = {50, 90, 99};

	for (int i = 0; i < 3; i++) {
		const char *time = json_string_value(json_object_get(w, members[i]));
		struct suan_buf text = {0};

		if (!time)
			return;
		suan_cli_fill_time(time, &text);
		printf("%s %s (%d %%)%s", words[i], suan_buf_str(&text), percent[i],
		       i == 2 ? "\n" : "");
		suan_buf_done(&text);
	}
}

/* The first is what bound it. */
static void print_changes(const json_t *changes)
{
	const json_t *change;
	size_t i;

	json_array_foreach (changes, i, change) {
		const char *text = json_string_value(json_object_get(change, "text"));
		struct suan_buf clean;

		suan_buf_init(&clean, 0);
		suan_cli_add_clean(&clean, text ? text : "");
		printf("%s%s\n", i == 0 ? "what would have changed it: " : "  or: ",
		       suan_buf_str(&clean));
		suan_buf_done(&clean);
	}
}

static int print_why(const json_t *w, const struct suan_table *t)
{
	const char *state = json_string_value(json_object_get(w, "state"));
	const char *text = json_string_value(json_object_get(w, "reason_text"));
	const char *decided = json_string_value(json_object_get(w, "decided"));

	struct suan_buf clean;

	suan_buf_init(&clean, 0);
	suan_cli_add_clean(&clean, text ? text : "");
	printf("job %lld  %s%s%s%s%s\n", (long long)json_integer_value(json_object_get(w, "job")),
	       suan_cli_state_colour(state), state ? state : "", suan_cli_colour_end(),
	       text ? ": " : "", suan_buf_str(&clean));
	suan_buf_done(&clean);
	print_forecast(w);
	printf("candidates %s%s\n", decided ? "when it was placed, " : "as of now",
	       decided ? decided : "");
	if (!suan_cli_print_candidates(json_object_get(w, "candidates"), t->format, t->no_header))
		return SUAN_EXIT_USAGE;
	print_changes(json_object_get(w, "changes"));
	return SUAN_EXIT_OK;
}

static int explain(struct suan_client *c, const struct suan_table *t, const char *id, bool json)
{
	json_t *w = NULL;
	int rc;

	if (!id)
		return suan_cli_usage(&suan_cli_why, "which job? suan why ID");
	rc = suan_cli_check_ids(&suan_cli_why, &id, 1);
	if (rc == SUAN_EXIT_OK)
		rc = suan_client_get(c, &w, "/v1/jobs/%s/why", id);
	if (rc == SUAN_EXIT_OK && json)
		suan_client_print_json(w);
	else if (rc == SUAN_EXIT_OK)
		rc = print_why(w, t);
	json_decref(w);
	return rc;
}

static int run_why(int argc, char **argv)
{
	struct suan_table t = suan_cli_candidate_table();
	const struct suan_option *opt;
	const char *value, *id = NULL;
	struct suan_args args;
	struct suan_client c;
	bool json = false;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&c, &suan_cli_why);
	suan_args_init(&args, &suan_cli_why, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND && !id)
			id = value;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(&suan_cli_why, "one job at a time");
		else if (strcmp(opt->name, "json") == 0)
			json = true;
		else if (strcmp(opt->name, "format") == 0)
			t.format = value;
		else if (strcmp(opt->name, "no-header") == 0)
			t.no_header = true;
		else
			suan_client_option(&c, opt, value);
	}
	if (rc == SUAN_EXIT_OK && !suan_table_help(&t))
		rc = explain(&c, &t, id, json);
	suan_client_done(&c);
	return rc;
}

const struct suan_command suan_cli_why = {
	.name = "why",
	.usage = "suan why [OPTION]… ID",
	.summary = "why a job is where it is, or why it waits",
	.help = "Lists every candidate with its predicted start and the reason it won or lost.",
	.options = why_options,
	.run = run_why,
};
