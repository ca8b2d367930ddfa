/* suan sites, pools, links, site. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/client.h"
#include "cli/table.h"
#include "cli/watch.h"

struct show_list { /* one listing of the API */
	struct suan_client client;
	struct suan_table table;
	const char *path, *member;
	const char *near; /* of sites: from where */
	bool json, watch;
};

static const struct suan_option listing_options[] = {
	{"format", 'o', "COLUMNS", "columns to print; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"watch", 'w', NULL, "print again whenever something changes, until Ctrl-C"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

/* Nearest first; what nobody knows comes last. */
static json_t *by_latency(const json_t *rows)
{
	json_t *sorted = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_t *ms = json_object_get(row, "latency_ms"), *other;
		size_t at = json_array_size(sorted);

		while (at > 0 && json_is_number(ms)) {
			other = json_object_get(json_array_get(sorted, at - 1), "latency_ms");
			if (json_is_number(other) &&
			    json_number_value(other) <= json_number_value(ms))
				break;
			at--;
		}
		json_array_insert(sorted, at, (json_t *)(uintptr_t)row);
	}
	return sorted;
}

static void near_path(const struct show_list *l, struct suan_buf *out)
{
	suan_buf_adds(out, l->path);
	if (l->near) {
		suan_buf_adds(out, "?near=");
		suan_client_segment(out, l->near);
	}
}

static const struct suan_option sites_options[] = {
	{"near", 0, "PLACE", "latency one way from this city or site, nearest first"},
	{"format", 'o', "COLUMNS", "columns to print; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"watch", 'w', NULL, "print again whenever something changes, until Ctrl-C"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static int show(void *ctx)
{
	struct show_list *l = ctx;
	json_t *answer;
	struct suan_buf path;
	int rc;

	suan_buf_init(&path, 0);
	near_path(l, &path);
	rc = suan_client_get(&l->client, &answer, "%s", suan_buf_str(&path));
	suan_buf_done(&path);
	if (rc == SUAN_EXIT_OK && l->near)
		json_object_set_new(answer, l->member,
				    by_latency(json_object_get(answer, l->member)));
	if (rc == SUAN_EXIT_OK && l->json)
		suan_client_print_json(answer);
	else if (rc == SUAN_EXIT_OK &&
		 !suan_table_print(&l->table, json_object_get(answer, l->member)))
		rc = SUAN_EXIT_USAGE;
	json_decref(answer);
	return rc;
}

static int listing(struct show_list *l, const struct suan_command *c, int argc, char **argv)
{
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&l->client, c);
	suan_args_init(&args, c, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(c, "unexpected \"%s\"", value);
		else if (strcmp(opt->name, "format") == 0)
			l->table.format = value;
		else if (strcmp(opt->name, "no-header") == 0)
			l->table.no_header = true;
		else if (strcmp(opt->name, "near") == 0)
			l->near = value;
		else if (strcmp(opt->name, "json") == 0)
			l->json = true;
		else if (strcmp(opt->name, "watch") == 0)
			l->watch = true;
		else
			suan_client_option(&l->client, opt, value);
	}
	if (rc == SUAN_EXIT_OK && l->near)
		l->table.default_format = "name,latency_ms,hub,driver,state,cores,gpus,running,"
					  "waiting,price_kwh,carbon_g_kwh";
	if (rc == SUAN_EXIT_OK && !suan_table_help(&l->table))
		rc = l->watch ? suan_watch(&l->client, show, l) : show(l);
	suan_client_done(&l->client);
	return rc;
}

static json_int_t sum(const json_t *site, const char *member)
{
	const json_t *pool;
	json_int_t n = 0;
	size_t i;

	json_array_foreach (json_object_get(site, "pools"), i, pool)
		n += json_integer_value(json_object_get(pool, member));
	return n;
}

static void fill_cores(const json_t *row, struct suan_buf *out)
{
	if (json_object_get(row, "pools"))
		suan_buf_addf(out, "%lld/%lld", (long long)sum(row, "cores_used"),
			      (long long)sum(row, "cores_total"));
	else
		suan_buf_addf(out, "%lld/%lld",
			      (long long)json_integer_value(json_object_get(row, "cores_used")),
			      (long long)json_integer_value(json_object_get(row, "cores_total")));
}

static void fill_gpus(const json_t *row, struct suan_buf *out)
{
	if (json_object_get(row, "pools"))
		suan_buf_addf(out, "%lld/%lld", (long long)sum(row, "gpus_used"),
			      (long long)sum(row, "gpus_total"));
	else
		suan_buf_addf(out, "%lld/%lld",
			      (long long)json_integer_value(json_object_get(row, "gpus_used")),
			      (long long)json_integer_value(json_object_get(row, "gpus_total")));
}

static void fill_running(const json_t *row, struct suan_buf *out)
{
	suan_buf_add_i64(out, json_object_get(row, "pools")
				      ? sum(row, "running")
				      : json_integer_value(json_object_get(row, "running")));
}

static void fill_waiting(const json_t *row, struct suan_buf *out)
{
	suan_buf_add_i64(out, json_object_get(row, "pools")
				      ? sum(row, "waiting")
				      : json_integer_value(json_object_get(row, "waiting")));
}

static void fill_memory(const json_t *row, struct suan_buf *out)
{
	char text[32];

	suan_format_size((uint64_t)json_integer_value(json_object_get(row, "node_memory_bytes")),
			 text);
	suan_buf_adds(out, text);
}

static void fill_nodes(const json_t *row, struct suan_buf *out)
{
	suan_buf_addf(out, "%lld/%lld",
		      (long long)json_integer_value(json_object_get(row, "nodes_usable")),
		      (long long)json_integer_value(json_object_get(row, "nodes")));
}

/* AWRT of its own users by that with the site alone; a star while their jobs go first. */
static void fill_home(const json_t *row, struct suan_buf *out)
{
	const json_t *home = json_object_get(row, "home");

	if (!json_is_object(home))
		suan_buf_adds(out, "-");
	else
		suan_buf_addf(out, "%.3f%s", json_number_value(json_object_get(home, "ratio")),
			      json_is_true(json_object_get(home, "guarded")) ? "*" : "");
}

static const struct suan_column site_columns[] = {
	{"name", "SITE", false, 12, 0, NULL},
	{"zh", "名称", false, 6, 12, NULL},
	{"latency_ms", "MS", true, 0, 1, NULL},
	{"hub", "HUB", false, 10, 6, NULL},
	{"owner", "OWNER", false, 6, 11, NULL},
	{"driver", "DRIVER", false, 0, 9, NULL},
	{"state", "STATE", false, 0, 1, NULL},
	{"cores", "CORES", true, 0, 2, fill_cores},
	{"gpus", "GPUS", true, 0, 5, fill_gpus},
	{"running", "RUNNING", true, 0, 3, fill_running},
	{"waiting", "WAITING", true, 0, 4, fill_waiting},
	{"pue", "PUE", true, 0, 10, NULL},
	{"price_kwh", "YUAN/KWH", true, 0, 7, NULL},
	{"carbon_g_kwh", "GCO2/KWH", true, 0, 8, NULL},
	{"home", "HOME", true, 0, 13, fill_home},
	{NULL, NULL, false, 0, 0, NULL},
};

static int run_sites(int argc, char **argv)
{
	struct show_list l = {.path = "/v1/sites",
			      .member = "sites",
			      .table = {.columns = site_columns,
					.default_format =
						"name,hub,driver,state,cores,gpus,running,"
						"waiting,price_kwh,carbon_g_kwh,home"}};

	return listing(&l, &suan_cli_sites, argc, argv);
}

const struct suan_command suan_cli_sites = {
	.name = "sites",
	.usage = "suan sites [OPTION]…",
	.summary = "list the compute centres of the network",
	.options = sites_options,
	.run = run_sites,
};

static const struct suan_column pool_columns[] = {
	{"site", "SITE", false, 12, 0, NULL},
	{"name", "POOL", false, 6, 0, NULL},
	{"nodes", "NODES", true, 0, 4, fill_nodes},
	{"node_cores", "CORES/NODE", true, 0, 6, NULL},
	{"memory", "MEMORY/NODE", true, 0, 7, fill_memory},
	{"gpu", "GPU", false, 6, 5, NULL},
	{"node_gpus", "GPUS/NODE", true, 0, 8, NULL},
	{"cores", "CORES", true, 0, 1, fill_cores},
	{"gpus", "GPUS", true, 0, 5, fill_gpus},
	{"running", "RUNNING", true, 0, 2, NULL},
	{"waiting", "WAITING", true, 0, 3, NULL},
	{NULL, NULL, false, 0, 0, NULL},
};

static int run_pools(int argc, char **argv)
{
	struct show_list l = {.path = "/v1/pools",
			      .member = "pools",
			      .table = {.columns = pool_columns,
					.default_format = "site,name,nodes,node_cores,memory,gpu,"
							  "node_gpus,cores,running,waiting"}};

	return listing(&l, &suan_cli_pools, argc, argv);
}

const struct suan_command suan_cli_pools = {
	.name = "pools",
	.usage = "suan pools [OPTION]…",
	.summary = "list the pools of equal nodes and what is in use",
	.options = listing_options,
	.run = run_pools,
};

static const struct suan_column link_columns[] = {
	{"from", "FROM", false, 8, 0, NULL},	     {"to", "TO", false, 8, 0, NULL},
	{"gbit", "GBIT/S", true, 0, 1, NULL},	     {"ms", "MS", true, 0, 2, NULL},
	{"price_gib", "YUAN/GIB", true, 0, 3, NULL}, {NULL, NULL, false, 0, 0, NULL},
};

static int run_links(int argc, char **argv)
{
	struct show_list l = {
		.path = "/v1/links",
		.member = "links",
		.table = {.columns = link_columns, .default_format = "from,to,gbit,ms,price_gib"}};

	return listing(&l, &suan_cli_links, argc, argv);
}

const struct suan_command suan_cli_links = {
	.name = "links",
	.usage = "suan links [OPTION]…",
	.summary = "list the links between sites",
	.options = listing_options,
	.run = run_links,
};

/* ---- one site ---- */

static const struct suan_option site_options[] = {
	{"json", 0, NULL, "JSON, stable for scripts (show: always)"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static int site_verb(struct suan_client *c, const char *verb, const char *name, bool json)
{
	struct suan_client_call call = {.method = "POST"};
	struct suan_buf path;
	json_t *answer = NULL;
	int rc;

	if (strcmp(verb, "show") != 0 && strcmp(verb, "drain") != 0 && strcmp(verb, "resume") != 0)
		return suan_cli_usage(c->command,
				      "no such action \"%s\"; there are show, drain, resume", verb);
	suan_buf_init(&path, 0);
	suan_buf_adds(&path, "/v1/sites/");
	suan_client_segment(&path, name);
	if (strcmp(verb, "show") == 0)
		call.method = "GET";
	else
		suan_buf_addf(&path, ":%s", verb);
	call.path = suan_buf_str(&path);
	rc = suan_client_do(c, &call, &answer);
	if (rc == SUAN_EXIT_OK && (json || strcmp(verb, "show") == 0))
		suan_client_print_json(answer);
	json_decref(answer);
	suan_buf_done(&path);
	return rc;
}

static int run_site(int argc, char **argv)
{
	const char *words[2] = {NULL, NULL}, *value;
	const struct suan_option *opt;
	struct suan_args args;
	struct suan_client c;
	bool json = false;
	int kind, n = 0, rc = SUAN_EXIT_OK;

	suan_client_init(&c, &suan_cli_site);
	suan_args_init(&args, &suan_cli_site, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND && n < 2)
			words[n++] = value;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(&suan_cli_site, "unexpected \"%s\"", value);
		else if (strcmp(opt->name, "json") == 0)
			json = true;
		else
			suan_client_option(&c, opt, value);
	}
	if (rc == SUAN_EXIT_OK && n < 2)
		rc = suan_cli_usage(&suan_cli_site, "expected: suan site show|drain|resume NAME");
	if (rc == SUAN_EXIT_OK)
		rc = site_verb(&c, words[0], words[1], json);
	suan_client_done(&c);
	return rc;
}

const struct suan_command suan_cli_site = {
	.name = "site",
	.usage = "suan site show|drain|resume NAME [--json]",
	.summary = "look at one site, keep new work away from it, or open it again",
	.help = "A draining site finishes what runs there and takes nothing new.",
	.options = site_options,
	.run = run_site,
};
