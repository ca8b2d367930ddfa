/* suan data, suan transfers: data sets, their copies, and what moves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/data_show.h"
#include "cli/table.h"

#define MOST_OPERANDS 64

static const struct suan_option data_options[] = {
	{"site", 's', "SITE", "put: where the source is and the first copy goes"},
	{"sha256", 0, "HEX", "put: refuse other bytes; of a folder, of its list of files"},
	{"bytes", 0, "SIZE", "put: how large it is, for plans before it is read"},
	{"residency", 0, "LIST", "put: copies only at these sites and hub:NAME"},
	{"expires", 0, "TIME", "put: goes after so long (30d), or at a time"},
	{"grant", 0, "WHO", "put: user:NAME, account:NAME or everybody may read it"},
	{"account", 'A', "NAME", "put: it belongs to this account; ls: what that may read, too"},
	{"wait", 0, NULL, "put, replicate, verify: until the copies are complete"},
	{"format", 'o', "COLUMNS", "ls: columns to print; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

struct data {
	struct suan_client client;
	struct suan_table table;
	json_t *body;	/* of put and grant; owned */
	const char *account;
	bool json, wait;
	const char *operands[MOST_OPERANDS];
	int noperands;
};

/* ---- words of the command line ---- */

static void add_name(json_t *body, const char *member, const char *name, size_t n)
{
	json_t *list = json_object_get(body, member);

	if (!list) {
		list = json_array();
		json_object_set_new(body, member, list);
	}
	json_array_append_new(list, json_stringn(name, n));
}

static int add_grant(json_t *body, const char *who)
{
	if (strcmp(who, "everybody") == 0)
		add_name(body, "users", "*", 1);
	else if (strncmp(who, "user:", 5) == 0 && who[5])
		add_name(body, "users", who + 5, strlen(who + 5));
	else if (strncmp(who, "account:", 8) == 0 && who[8])
		add_name(body, "accounts", who + 8, strlen(who + 8));
	else
		return suan_cli_usage(&suan_cli_data,
				      "\"%s\" is nobody; want user:NAME, account:NAME or everybody",
				      who);
	return SUAN_EXIT_OK;
}

static void add_residency(json_t *body, const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, ",");

		if (n > 4 && strncmp(p, "hub:", 4) == 0)
			add_name(body, "hubs", p + 4, n - 4);
		else if (n > 5 && strncmp(p, "site:", 5) == 0)
			add_name(body, "sites", p + 5, n - 5);
		else if (n > 0)
			add_name(body, "sites", p, n);
		p += n + (p[n] == ',');
	}
}

/* "30d", or a time. */
static void set_expires(json_t *body, const char *text)
{
	int64_t ms;
	bool length = suan_parse_duration(text, 1000, &ms, NULL) == SUAN_OK;

	json_object_set_new(body, length ? "ttl_s" : "expires", json_string(text));
}

static bool is_loopback(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
	       strncmp(host, "[::1]", 5) == 0;
}

/* Absolute; that it is there can be seen only where the service is on this machine. */
static int set_source(struct data *d, const char *source)
{
	char *here = source[0] == '/' || strstr(source, "://") ? NULL : getcwd(NULL, 0);
	struct suan_buf path;
	struct stat st;
	int rc = SUAN_EXIT_OK;

	suan_buf_init(&path, 0);
	if (here)
		suan_buf_addf(&path, "%s/", here);
	while (here && strncmp(source, "./", 2) == 0)
		source += 2;
	suan_buf_adds(&path, source);
	free(here);
	json_object_set_new(d->body, "source", json_string(suan_buf_str(&path)));
	if (!strstr(source, "://") && is_loopback(d->client.server) &&
	    stat(suan_buf_str(&path), &st) != 0) {
		fprintf(stderr, "suan data: %s: no such file or folder; want one on the machine of "
				"the site's agent\n", suan_buf_str(&path));
		rc = SUAN_EXIT_NOTFOUND;
	}
	suan_buf_done(&path);
	return rc;
}

/* ---- the verbs ---- */

/* method /v1/data/NAME[action] */
static int send(struct data *d, const char *method, const char *action, json_t *body, json_t **ret)
{
	struct suan_client_call call = {.method = method, .body = body};
	struct suan_buf path;
	int rc;

	suan_buf_init(&path, 0);
	suan_buf_adds(&path, "/v1/data/");
	suan_client_segment(&path, d->operands[1]);
	suan_buf_adds(&path, action);
	call.path = suan_buf_str(&path);
	rc = suan_client_do(&d->client, &call, ret);
	suan_buf_done(&path);
	return rc;
}

/* What was changed, after waiting for it. */
static int finish(struct data *d, const char *const *sites, int n, json_t *answer)
{
	int rc = d->wait ? suan_cli_data_wait(&d->client, d->operands[1], sites, n, &answer)
			 : SUAN_EXIT_OK;

	if (d->json && answer)
		suan_client_print_json(answer);
	json_decref(answer);
	return rc;
}

static int put(struct data *d)
{
	const char *site = json_string_value(json_object_get(d->body, "site"));
	json_t *answer = NULL;
	int rc;

	if (d->noperands != 3)
		return suan_cli_usage(&suan_cli_data, "what? put NAME SOURCE --site SITE");
	if (!site)
		return suan_cli_usage(&suan_cli_data, "where? --site SITE");
	if (d->account)
		json_object_set_new(d->body, "account", json_string(d->account));
	rc = set_source(d, d->operands[2]);
	if (rc == SUAN_EXIT_OK)
		rc = send(d, "PUT", "", d->body, &answer);
	return rc == SUAN_EXIT_OK ? finish(d, &site, 1, answer) : rc;
}

/* The same at each of the sites from operand 2 on. */
static int at_sites(struct data *d, const char *action)
{
	int n = d->noperands - 2, rc = SUAN_EXIT_OK;
	json_t *answer = NULL;

	for (int i = 0; i < n && rc == SUAN_EXIT_OK; i++) {
		json_t *body = json_pack("{s:s}", "site", d->operands[2 + i]);

		json_decref(answer);
		answer = NULL;
		rc = send(d, "POST", action, body, &answer);
		json_decref(body);
	}
	if (rc == SUAN_EXIT_OK)
		return finish(d, d->operands + 2, n, answer);
	json_decref(answer);
	return rc;
}

static int replicate(struct data *d)
{
	if (d->noperands < 3)
		return suan_cli_usage(&suan_cli_data, "where? replicate NAME SITE…");
	return at_sites(d, "/replicate");
}

static int evict(struct data *d)
{
	if (d->noperands < 3)
		return suan_cli_usage(&suan_cli_data, "where? evict NAME SITE…");
	if (d->wait)
		return suan_cli_usage(&suan_cli_data, "evict waits for nothing");
	return at_sites(d, "/evict");
}

static int verify(struct data *d)
{
	json_t *answer = NULL, *all;
	int rc;

	if (d->noperands < 2)
		return suan_cli_usage(&suan_cli_data, "which? verify NAME [SITE]…");
	if (d->noperands > 2)
		return at_sites(d, "/verify");
	all = json_object();
	rc = send(d, "POST", "/verify", all, &answer);
	json_decref(all);
	return rc == SUAN_EXIT_OK ? finish(d, NULL, 0, answer) : rc;
}

static int grant(struct data *d)
{
	json_t *answer = NULL;
	int rc = SUAN_EXIT_OK;

	if (d->noperands < 3)
		return suan_cli_usage(&suan_cli_data,
				      "whom? grant NAME user:NAME|account:NAME|everybody…");
	for (int i = 2; i < d->noperands && rc == SUAN_EXIT_OK; i++)
		rc = add_grant(d->body, d->operands[i]);
	if (rc == SUAN_EXIT_OK)
		rc = send(d, "POST", "/grant", d->body, &answer);
	return rc == SUAN_EXIT_OK ? finish(d, NULL, 0, answer) : rc;
}

static int rm(struct data *d)
{
	json_t *answer = NULL;
	int rc;

	if (d->noperands != 2)
		return suan_cli_usage(&suan_cli_data, "which? rm NAME");
	rc = send(d, "DELETE", "", NULL, &answer);
	if (rc == SUAN_EXIT_OK && d->json)
		suan_client_print_json(answer);
	json_decref(answer);
	return rc;
}

/* ---- looking ---- */

/* All pages; or those that are named. */
static int collect(struct data *d, json_t *rows)
{
	int rc = SUAN_EXIT_OK;
	char next[32] = "0";

	for (int i = 1; i < d->noperands && rc == SUAN_EXIT_OK; i++) {
		json_t *doc = NULL;

		rc = suan_cli_data_get(&d->client, d->operands[i], &doc);
		if (rc == SUAN_EXIT_OK)
			json_array_append(rows, doc);
		json_decref(doc);
	}
	while (d->noperands < 2 && rc == SUAN_EXIT_OK && next[0]) {
		json_t *page = NULL;
		struct suan_buf query;
		const char *more;

		suan_buf_init(&query, 0);
		suan_buf_adds(&query, "/v1/data?limit=1000");
		suan_client_query(&query, "cursor", next);
		if (d->account)
			suan_client_query(&query, "account", d->account);
		rc = suan_client_get(&d->client, &page, "%s", suan_buf_str(&query));
		suan_buf_done(&query);
		json_array_extend(rows, json_object_get(page, "data"));
		more = json_string_value(json_object_get(page, "next"));
		snprintf(next, sizeof(next), "%s", more ? more : "");
		json_decref(page);
	}
	return rc;
}

static int ls(struct data *d)
{
	json_t *rows = json_array(), *all;
	int rc = SUAN_EXIT_OK;

	if (suan_table_help(&d->table)) {
		json_decref(rows);
		return SUAN_EXIT_OK;
	}
	rc = collect(d, rows);
	if (rc == SUAN_EXIT_OK && d->json) {
		all = json_pack("{s:O}", "data", rows);
		suan_client_print_json(all);
		json_decref(all);
	} else if (rc == SUAN_EXIT_OK && !suan_table_print(&d->table, rows)) {
		rc = SUAN_EXIT_USAGE;
	}
	json_decref(rows);
	return rc;
}

static void print_line(const json_t *doc, const char *title, const char *member)
{
	const json_t *v = json_object_get(doc, member), *name;
	struct suan_buf line;
	size_t i;

	suan_buf_init(&line, 0);
	if (json_is_integer(v))
		suan_buf_add_i64(&line, json_integer_value(v));
	else if (json_is_string(v))
		suan_cli_add_clean(&line, json_string_value(v));
	json_array_foreach (v, i, name) {
		suan_buf_adds(&line, i ? ", " : "");
		suan_cli_add_clean(&line, json_string_value(name));
	}
	if (line.len)
		printf("%-9s %s\n", title, suan_buf_str(&line));
	suan_buf_done(&line);
}

static int show(struct data *d)
{
	static const char *const lines[][2] = {
		{"name", "name"},     {"state", "state"},	{"owner", "owner"},
		{"account", "account"}, {"source", "source"},	{"sha256", "sha256"},
		{"bytes", "bytes"},   {"files", "files"},	{"made", "made"},
		{"expires", "expires"}, {"sites", "sites"},	{"hubs", "hubs"},
		{"users", "users"},   {"accounts", "accounts"}, {"trouble", "text"},
	};
	struct suan_table copies = suan_cli_replica_table();
	json_t *doc = NULL;
	int rc;

	if (d->noperands != 2)
		return suan_cli_usage(&suan_cli_data, "which? show NAME");
	rc = suan_cli_data_get(&d->client, d->operands[1], &doc);
	if (rc == SUAN_EXIT_OK && d->json) {
		suan_client_print_json(doc);
	} else if (rc == SUAN_EXIT_OK) {
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			print_line(doc, lines[i][0], lines[i][1]);
		copies.no_header = d->table.no_header;
		putchar('\n');
		(void)suan_table_print(&copies, json_object_get(doc, "replicas"));
	}
	json_decref(doc);
	return rc;
}

/* ---- the command ---- */

static int dispatch(struct data *d)
{
	static const struct {
		const char *verb;
		int (*run)(struct data *d);
	} verbs[] = {
		{"put", put},	  {"ls", ls},	    {"show", show},   {"replicate", replicate},
		{"rm", rm},	  {"evict", evict}, {"grant", grant}, {"verify", verify},
		{"list", ls},
	};

	if (d->noperands == 0)
		return ls(d);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(d->operands[0], verbs[i].verb) == 0)
			return verbs[i].run(d);
	return suan_cli_usage(&suan_cli_data,
			      "unexpected \"%s\"; want put, ls, show, replicate, rm, evict, grant "
			      "or verify", d->operands[0]);
}

static int take(struct data *d, const struct suan_option *o, const char *value)
{
	if (strcmp(o->name, "site") == 0 || strcmp(o->name, "sha256") == 0 ||
	    strcmp(o->name, "bytes") == 0)
		json_object_set_new(d->body, o->name, json_string(value));
	else if (strcmp(o->name, "residency") == 0)
		add_residency(d->body, value);
	else if (strcmp(o->name, "expires") == 0)
		set_expires(d->body, value);
	else if (strcmp(o->name, "grant") == 0)
		return add_grant(d->body, value);
	else if (strcmp(o->name, "account") == 0)
		d->account = value;
	else if (strcmp(o->name, "wait") == 0)
		d->wait = true;
	else if (strcmp(o->name, "format") == 0)
		d->table.format = value;
	else if (strcmp(o->name, "no-header") == 0)
		d->table.no_header = true;
	else if (strcmp(o->name, "json") == 0)
		d->json = true;
	else
		(void)suan_client_option(&d->client, o, value);
	return SUAN_EXIT_OK;
}

static int run_data(int argc, char **argv)
{
	struct data d = {.table = suan_cli_data_table(), .body = json_object()};
	const struct suan_option *o;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&d.client, &suan_cli_data);
	suan_args_init(&args, &suan_cli_data, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &o, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND && d.noperands == MOST_OPERANDS)
			rc = suan_cli_usage(&suan_cli_data, "unexpected \"%s\"", value);
		else if (kind == SUAN_ARG_OPERAND)
			d.operands[d.noperands++] = value;
		else
			rc = take(&d, o, value);
	}
	if (rc == SUAN_EXIT_OK)
		rc = dispatch(&d);
	json_decref(d.body);
	suan_client_done(&d.client);
	return rc;
}

const struct suan_command suan_cli_data = {
	.name = "data",
	.usage = "suan data [ls [NAME]…] | put NAME SOURCE --site SITE | show NAME | "
		 "replicate NAME SITE… | rm NAME | evict NAME SITE… | grant NAME WHO… | "
		 "verify NAME [SITE]…",
	.summary = "data sets and their copies at sites",
	.help = "SOURCE is a URL, or a file or folder on the machine of the site's agent; a "
		"relative path\n"
		"is taken from here, and where the server is on this machine it must exist. "
		"replicate\n"
		"makes a copy that stays, evict drops one, verify reads copies again, rm drops "
		"them all.\n"
		"WHO: user:NAME, account:NAME or everybody.",
	.options = data_options,
	.run = run_data,
};

/* ---- suan transfers ---- */

static const struct suan_option transfers_options[] = {
	{"format", 'o', "COLUMNS", "columns to print; --format help lists them"},
	{"no-header", 0, NULL, "no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	{"watch", 'w', NULL, "print again every second, until Ctrl-C"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

struct transfers {
	struct suan_client client;
	struct suan_table table;
	bool json, watch;
};

static int print_transfers(struct transfers *t)
{
	json_t *answer = NULL;
	int rc = suan_client_get(&t->client, &answer, "/v1/transfers");

	if (rc == SUAN_EXIT_OK && t->watch && suan_cli_out_is_terminal())
		fputs("\033[H\033[2J", stdout);
	if (rc == SUAN_EXIT_OK && t->json)
		suan_client_print_json(answer);
	else if (rc == SUAN_EXIT_OK &&
		 !suan_table_print(&t->table, json_object_get(answer, "transfers")))
		rc = SUAN_EXIT_USAGE;
	fflush(stdout);
	json_decref(answer);
	return rc;
}

static int run_transfers(int argc, char **argv)
{
	struct transfers t = {.table = suan_cli_transfer_table()};
	const struct suan_command *c = &suan_cli_transfers;
	const struct suan_option *o;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&t.client, c);
	suan_args_init(&args, c, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &o, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(c, "unexpected \"%s\"", value);
		else if (strcmp(o->name, "format") == 0)
			t.table.format = value;
		else if (strcmp(o->name, "no-header") == 0)
			t.table.no_header = true;
		else if (strcmp(o->name, "json") == 0)
			t.json = true;
		else if (strcmp(o->name, "watch") == 0)
			t.watch = true;
		else
			(void)suan_client_option(&t.client, o, value);
	}
	if (rc == SUAN_EXIT_OK && !suan_table_help(&t.table))
		while ((rc = print_transfers(&t)) == SUAN_EXIT_OK && t.watch)
			suan_cli_data_nap();
	suan_client_done(&t.client);
	return rc;
}

const struct suan_command suan_cli_transfers = {
	.name = "transfers",
	.usage = "suan transfers [OPTION]…",
	.summary = "list copies of data sets that are under way or planned",
	.help = "An import brings a data set in from its source, a copy brings it from site to "
		"site, a check\n"
		"reads a copy again. EXPECTED is by the rate so far, else as planned.",
	.options = transfers_options,
	.run = run_transfers,
};
