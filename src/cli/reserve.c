/* suan reserve, reservations, unreserve. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "sys/crypto.h"

static const struct suan_option reserve_options[] = {
	{"from", 0, "WHEN", "begin: RFC 3339, or now+2h (default: now)"},
	{"to", 0, "WHEN", "end; or else --for"},
	{"for", 0, "TIME", "how long, e.g. 90m"},
	{"nodes", 'N', "N", "so many whole nodes"},
	{"cores", 'c', "N", "whole nodes with so many cores"},
	{"gpus", 'G', "N", "whole nodes with so many accelerators"},
	{"gpu", 0, "KIND", "kind of accelerator"},
	{"memory", 0, "SIZE", "with --cores or --gpus: memory for each of them"},
	{"site", 's', "SITE", "at this site (default: any)"},
	{"pool", 'p', "POOL", "in the pool of this name"},
	{"node-list", 'w', "RANGE", "exactly these nodes of --site and --pool: 0-3,7"},
	{"name", 'n', "NAME", "name for people and for --reservation of jobs"},
	{"user", 'u', "A,B", "who may use it beside you"},
	{"account", 'A', "A,B", "accounts that may use it"},
	{"single", 0, NULL, "for one job, and over when that is"},
	{"maintenance", 0, NULL, "nobody may use it (operators); all pools of --site by default"},
	{"dry-run", 0, NULL, "say what would be reserved; nothing is kept"},
	{"key", 0, "KEY", "idempotency key: the same key gives the same reservation"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

struct reserve_args {
	struct suan_client client;
	json_t *body;
	const char *key;
	bool json, dry_run;
};

static int set_number(struct reserve_args *a, const char *name, const char *text)
{
	json_t *tasks = json_object_get(a->body, "tasks");
	bool each = strcmp(name, "nodes") != 0; /* a task for every core or accelerator */
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (!*text || *end || errno || n < 1)
		return suan_cli_usage(&suan_cli_reserve,
				      "--%s: expected a whole number from 1 on, found \"%s\"", name,
				      text);
	if (each && tasks)
		return suan_cli_usage(&suan_cli_reserve, "either --cores or --gpus");
	json_object_set_new(a->body, each ? "tasks" : name, json_integer(n));
	if (each)
		json_object_set_new(a->body, name, json_integer(1));
	return SUAN_EXIT_OK;
}

static void set_names(json_t *body, const char *member, const char *text)
{
	json_t *list = json_array();

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, ",");

		if (n > 0)
			json_array_append_new(list, json_stringn(p, n));
		p += n + (p[n] == ',');
	}
	json_object_set_new(body, member, list);
}

static int reserve_option(struct reserve_args *a, const struct suan_option *opt, const char *value)
{
	static const struct {
		const char *option, *member;
	} texts[] = {
		{"from", "from"},     {"to", "to"},	{"for", "duration_s"},
		{"gpu", "gpu"},	      {"site", "site"}, {"pool", "pool"},
		{"memory", "memory"}, {"name", "name"}, {"node-list", "node_list"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(opt->name, texts[i].option) != 0)
			continue;
		json_object_set_new(a->body, texts[i].member, json_string(value));
		return SUAN_EXIT_OK;
	}
	if (strcmp(opt->name, "nodes") == 0 || strcmp(opt->name, "cores") == 0 ||
	    strcmp(opt->name, "gpus") == 0)
		return set_number(a, opt->name, value);
	if (strcmp(opt->name, "user") == 0)
		set_names(a->body, "users", value);
	else if (strcmp(opt->name, "account") == 0)
		set_names(a->body, "accounts", value);
	else if (strcmp(opt->name, "single") == 0 || strcmp(opt->name, "maintenance") == 0)
		json_object_set_new(a->body, opt->name, json_true());
	else if (strcmp(opt->name, "dry-run") == 0)
		a->dry_run = true;
	else if (strcmp(opt->name, "json") == 0)
		a->json = true;
	else if (strcmp(opt->name, "key") == 0)
		a->key = value;
	else
		suan_client_option(&a->client, opt, value);
	return SUAN_EXIT_OK;
}

static void print_check(const json_t *answer)
{
	const char *site = json_string_value(json_object_get(answer, "site"));
	const char *pool = json_string_value(json_object_get(answer, "pool"));

	printf("can be reserved: %lld nodes at %s/%s from %s to %s\n",
	       (long long)json_integer_value(json_object_get(answer, "nodes")), site ? site : "?",
	       pool ? pool : "?", json_string_value(json_object_get(answer, "from")),
	       json_string_value(json_object_get(answer, "to")));
}

int suan_cli_post_reservation(struct suan_client *c, json_t *body, const char *key, json_t **ret)
{
	struct suan_client_call call = {.method = "POST", .path = "/v1/reservations",
					.body = body, .idempotency_key = key};
	char made[40];
	uint8_t bytes[16];

	if (!key) {
		suan_random(bytes, sizeof(bytes));
		for (int i = 0; i < 16; i++)
			snprintf(made + 2 * i, 3, "%02x", bytes[i]);
		call.idempotency_key = made;
	}
	return suan_client_do(c, &call, ret);
}

static int send_reserve(struct reserve_args *a)
{
	struct suan_client_call check = {.method = "POST", .path = "/v1/reservations:check",
					 .body = a->body};
	json_t *answer = NULL;
	int rc;

	if (!json_object_get(a->body, "to") && !json_object_get(a->body, "duration_s"))
		return suan_cli_usage(&suan_cli_reserve, "how long? --to WHEN or --for TIME");
	rc = a->dry_run ? suan_client_do(&a->client, &check, &answer)
			: suan_cli_post_reservation(&a->client, a->body, a->key, &answer);
	if (rc == SUAN_EXIT_OK && a->json)
		suan_client_print_json(answer);
	else if (rc == SUAN_EXIT_OK && a->dry_run)
		print_check(answer);
	else if (rc == SUAN_EXIT_OK)
		printf("%lld\n", (long long)json_integer_value(json_object_get(answer, "id")));
	json_decref(answer);
	return rc;
}

static int run_reserve(int argc, char **argv)
{
	struct reserve_args a = {.body = json_object()};
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&a.client, &suan_cli_reserve);
	suan_args_init(&args, &suan_cli_reserve, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(&suan_cli_reserve, "unexpected \"%s\"", value);
		else
			rc = reserve_option(&a, opt, value);
	}
	if (rc == SUAN_EXIT_OK)
		rc = send_reserve(&a);
	json_decref(a.body);
	suan_client_done(&a.client);
	return rc;
}

const struct suan_command suan_cli_reserve = {
	.name = "reserve",
	.usage = "suan reserve --nodes N | --cores N | --gpus N  [--from WHEN] --to WHEN | --for "
		 "TIME",
	.summary = "keep nodes for a time; prints the number of the reservation",
	.help = "Whole nodes are kept, chosen among those that are certainly free by then: nobody "
		"else\n"
		"starts there who would not be over by the begin. Jobs use it by --reservation; "
		"their\n"
		"walltime must end in it. If it cannot be had, the answer says from when it could.",
	.options = reserve_options,
	.run = run_reserve,
};

/* ---- reservations ---- */

static const struct suan_option list_options[] = {
	{"user", 'u', "NAME", "only those of this owner; me = yours"},
	{"format", 'o', "COLUMNS", "columns to print; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"watch", 'w', NULL, "print again whenever something changes, until Ctrl-C"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static void fill_from(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "from")), out);
}

static void fill_to(const json_t *row, struct suan_buf *out)
{
	suan_cli_fill_time(json_string_value(json_object_get(row, "to")), out);
}

static void fill_list(const json_t *row, struct suan_buf *out)
{
	const json_t *part;
	size_t i;

	json_array_foreach (json_object_get(row, "parts"), i, part) {
		const char *pool = json_string_value(json_object_get(part, "pool"));
		const char *nodes = json_string_value(json_object_get(part, "nodes"));

		suan_buf_addf(out, "%s%s:%s", i ? " " : "", pool ? pool : "?", nodes ? nodes : "");
	}
}

static void fill_users(const json_t *row, struct suan_buf *out)
{
	static const char *const members[] = {"users", "accounts"};
	bool any = false;
	const json_t *name;
	size_t i;

	for (int k = 0; k < 2; k++)
		json_array_foreach (json_object_get(row, members[k]), i, name) {
			suan_buf_addf(out, "%s%s%s", any ? "," : "", k ? "@" : "",
				      json_string_value(name));
			any = true;
		}
}

static const struct suan_column reservation_columns[] = {
	{"id", "ID", true, 0, 0, NULL},
	{"name", "NAME", false, 8, 2, NULL},
	{"kind", "KIND", false, 0, 7, NULL},
	{"state", "STATE", false, 0, 1, NULL},
	{"owner", "OWNER", false, 8, 4, NULL},
	{"site", "SITE", false, 10, 3, NULL},
	{"pool", "POOL", false, 6, 6, NULL},
	{"nodes", "NODES", true, 0, 3, NULL},
	{"from", "FROM", false, 0, 2, fill_from},
	{"to", "TO", false, 0, 2, fill_to},
	{"users", "USERS", false, 8, 8, fill_users},
	{"list", "LIST", false, 10, 9, fill_list},
	{"job", "JOB", true, 0, 9, NULL},
	{"reason", "REASON", false, 10, 5, NULL},
	{NULL, NULL, false, 0, 0, NULL},
};

struct list_args {
	struct suan_client client;
	struct suan_table table;
	const char *user;
	bool json, watch;
};

static int show_list(void *ctx)
{
	struct list_args *a = ctx;
	struct suan_buf path;
	json_t *answer = NULL;
	int rc;

	suan_buf_init(&path, 0);
	suan_buf_adds(&path, "/v1/reservations?");
	if (a->user)
		suan_client_query(&path, "user", a->user);
	rc = suan_client_get(&a->client, &answer, "%s", suan_buf_str(&path));
	if (rc == SUAN_EXIT_OK && a->json)
		suan_client_print_json(answer);
	else if (rc == SUAN_EXIT_OK &&
		 !suan_table_print(&a->table, json_object_get(answer, "reservations")))
		rc = SUAN_EXIT_USAGE;
	json_decref(answer);
	suan_buf_done(&path);
	return rc;
}

static int run_reservations(int argc, char **argv)
{
	struct list_args a = {.table = {.columns = reservation_columns,
					.default_format = "id,name,kind,state,owner,site,pool,"
							  "nodes,from,to,reason"}};
	const struct suan_command *c = &suan_cli_reservations;
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&a.client, c);
	suan_args_init(&args, c, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(c, "unexpected \"%s\"", value);
		else if (strcmp(opt->name, "user") == 0)
			a.user = value;
		else if (strcmp(opt->name, "format") == 0)
			a.table.format = value;
		else if (strcmp(opt->name, "no-header") == 0)
			a.table.no_header = true;
		else if (strcmp(opt->name, "json") == 0)
			a.json = true;
		else if (strcmp(opt->name, "watch") == 0)
			a.watch = true;
		else
			suan_client_option(&a.client, opt, value);
	}
	if (rc == SUAN_EXIT_OK && !suan_table_help(&a.table))
		rc = a.watch ? suan_watch(&a.client, show_list, &a) : show_list(&a);
	suan_client_done(&a.client);
	return rc;
}

const struct suan_command suan_cli_reservations = {
	.name = "reservations",
	.usage = "suan reservations [OPTION]…",
	.summary = "list reservations and maintenance windows",
	.help = "Those that are over are not listed. BROKEN: nodes of it cannot be used, the "
		"reason says why.",
	.options = list_options,
	.run = run_reservations,
};

/* ---- unreserve ---- */

static const struct suan_option unreserve_options[] = {
	{"to", 0, "WHEN", "end then, earlier than was said (default: now)"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

int suan_cli_delete_reservation(struct suan_client *c, const char *name, const char *to,
				json_t **ret)
{
	struct suan_client_call call = {.method = "DELETE"};
	struct suan_buf path;
	int rc;

	suan_buf_init(&path, 0);
	suan_buf_adds(&path, "/v1/reservations/");
	suan_client_segment(&path, name);
	if (to) {
		suan_buf_addc(&path, '?');
		suan_client_query(&path, "to", to);
	}
	call.path = suan_buf_str(&path);
	rc = suan_client_do(c, &call, ret);
	suan_buf_done(&path);
	return rc;
}

static int run_unreserve(int argc, char **argv)
{
	const char **names = calloc((size_t)argc + 1, sizeof(*names)), *to = NULL, *value;
	const struct suan_command *c = &suan_cli_unreserve;
	const struct suan_option *opt;
	json_t *done = json_array();
	struct suan_client client;
	struct suan_args args;
	bool json = false;
	int kind, n = 0, rc = names && done ? SUAN_EXIT_OK : SUAN_EXIT_FAILED;

	suan_client_init(&client, c);
	suan_args_init(&args, c, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			names[n++] = value;
		else if (strcmp(opt->name, "to") == 0)
			to = value;
		else if (strcmp(opt->name, "json") == 0)
			json = true;
		else
			suan_client_option(&client, opt, value);
	}
	if (rc == SUAN_EXIT_OK && n == 0)
		rc = suan_cli_usage(c, "which one? suan unreserve NAME…");
	for (int i = 0; i < n && rc != SUAN_EXIT_USAGE; i++) {
		json_t *answer = NULL;
		int one = suan_cli_delete_reservation(&client, names[i], to, &answer);

		if (one == SUAN_EXIT_OK)
			json_array_append(done, answer);
		json_decref(answer);
		rc = one > rc ? one : rc;
	}
	if (json && rc != SUAN_EXIT_USAGE)
		suan_client_print_json(done);
	json_decref(done);
	free(names);
	suan_client_done(&client);
	return rc;
}

const struct suan_command suan_cli_unreserve = {
	.name = "unreserve",
	.usage = "suan unreserve [OPTION]… NAME…",
	.summary = "end reservations, now or earlier than was said",
	.help = "NAME is the name or number of a reservation of yours (operators: of anybody). Its "
		"capacity\n"
		"is open again at once; what runs in it goes on.",
	.options = unreserve_options,
	.run = run_unreserve,
};
