/* suan token, suan info. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/client.h"
#include "cli/table.h"

static const struct suan_option token_options[] = {
	{"user", 'u', "NAME", "create: whose token"},
	{"role", 'r', "ROLE", "create: viewer, user (default), operator, site or admin"},
	{"expires", 'e', "TIME", "create: valid for TIME, e.g. 90d (default: until revoked)"},
	{"format", 'o', "COLUMNS", "list: columns to print; help lists them"},
	{"no-header", 0, NULL, "list: no line of titles"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static const struct suan_column token_columns[] = {
	{"id", "ID", false, 0, 0, NULL},	   {"user", "USER", false, 8, 1, NULL},
	{"role", "ROLE", false, 0, 2, NULL},	   {"created", "CREATED", false, 0, 4, NULL},
	{"expires", "EXPIRES", false, 0, 3, NULL}, {NULL, NULL, false, 0, 0, NULL},
};

struct token_args {
	struct suan_client client;
	struct suan_table table;
	const char *verb, *id, *user, *role;
	int64_t expires_ms;
	bool json;
};

static int create(struct token_args *a)
{
	struct suan_client_call call = {.method = "POST", .path = "/v1/tokens"};
	const char *role = a->role ? a->role : "user";
	json_t *answer = NULL;
	int rc;

	if (!a->user)
		return suan_cli_usage(&suan_cli_token, "whose? suan token create --user NAME");
	call.body = json_pack("{s:s,s:s}", "user", a->user, "role", role);
	if (a->expires_ms)
		json_object_set_new(call.body, "expires_s", json_integer(a->expires_ms / 1000));
	rc = suan_client_do(&a->client, &call, &answer);
	if (rc == SUAN_EXIT_OK && a->json)
		suan_client_print_json(answer);
	else if (rc == SUAN_EXIT_OK)
		printf("%s\n", json_string_value(json_object_get(answer, "token")));
	json_decref(answer);
	json_decref(call.body);
	return rc;
}

static int list(struct token_args *a)
{
	json_t *answer;
	int rc = suan_client_get(&a->client, &answer, "/v1/tokens");

	if (rc == SUAN_EXIT_OK && a->json)
		suan_client_print_json(answer);
	else if (rc == SUAN_EXIT_OK &&
		 !suan_table_print(&a->table, json_object_get(answer, "tokens")))
		rc = SUAN_EXIT_USAGE;
	json_decref(answer);
	return rc;
}

static int revoke(struct token_args *a)
{
	struct suan_client_call call = {.method = "DELETE"};
	struct suan_buf path;
	int rc;

	if (!a->id)
		return suan_cli_usage(&suan_cli_token, "which one? suan token revoke ID");
	suan_buf_init(&path, 0);
	suan_buf_adds(&path, "/v1/tokens/");
	suan_client_segment(&path, a->id);
	call.path = suan_buf_str(&path);
	rc = suan_client_do(&a->client, &call, NULL);
	if (rc == SUAN_EXIT_OK && a->json) {
		json_t *done = json_pack("{s:s}", "revoked", a->id);

		suan_client_print_json(done);
		json_decref(done);
	}
	suan_buf_done(&path);
	return rc;
}

static int token_option(struct token_args *a, const struct suan_option *opt, const char *value)
{
	struct suan_err err = {0};

	if (strcmp(opt->name, "user") == 0)
		a->user = value;
	else if (strcmp(opt->name, "role") == 0)
		a->role = value;
	else if (strcmp(opt->name, "format") == 0)
		a->table.format = value;
	else if (strcmp(opt->name, "no-header") == 0)
		a->table.no_header = true;
	else if (strcmp(opt->name, "json") == 0)
		a->json = true;
	else if (strcmp(opt->name, "expires") == 0) {
		if (suan_parse_duration(value, 1000, &a->expires_ms, &err) == SUAN_OK &&
		    a->expires_ms < 1000)
			suan_fail(&err, SUAN_EINVAL, "expected at least 1s");
		if (err.code != SUAN_OK)
			return suan_cli_usage(&suan_cli_token, "--expires: %s", err.text);
	} else
		suan_client_option(&a->client, opt, value);
	return SUAN_EXIT_OK;
}

static int dispatch(struct token_args *a)
{
	if (a->verb && strcmp(a->verb, "create") == 0)
		return create(a);
	if (a->verb && strcmp(a->verb, "list") == 0)
		return suan_table_help(&a->table) ? SUAN_EXIT_OK : list(a);
	if (a->verb && strcmp(a->verb, "revoke") == 0)
		return revoke(a);
	return suan_cli_usage(&suan_cli_token, "expected create, list or revoke%s%s%s",
			      a->verb ? ", found \"" : "", a->verb ? a->verb : "",
			      a->verb ? "\"" : "");
}

static int run_token(int argc, char **argv)
{
	struct token_args a = {.table = {.columns = token_columns,
					 .default_format = "id,user,role,created,expires"}};
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&a.client, &suan_cli_token);
	suan_args_init(&args, &suan_cli_token, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPTION)
			rc = token_option(&a, opt, value);
		else if (!a.verb)
			a.verb = value;
		else if (!a.id && strcmp(a.verb, "revoke") == 0)
			a.id = value;
		else
			rc = suan_cli_usage(&suan_cli_token, "unexpected \"%s\"", value);
	}
	if (rc == SUAN_EXIT_OK)
		rc = dispatch(&a);
	suan_client_done(&a.client);
	return rc;
}

const struct suan_command suan_cli_token = {
	.name = "token",
	.usage = "suan token create [--user NAME] [--role ROLE] | list | revoke ID",
	.summary = "make and take back access tokens (administrators)",
	.help = "A token is printed once; the server keeps only its digest. The first "
		"administrator's\n"
		"token is in DIR/admin.token of the server's data folder.",
	.options = token_options,
	.run = run_token,
};

/* ---- info ---- */

static const struct suan_option info_options[] = {
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static void print_info(const json_t *info)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)info, key, v) {
		char *text =
			json_is_string(v) ? NULL : json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

		printf("%-12s %s\n", key, text ? text : json_string_value(v));
		free(text);
	}
}

static int run_info(int argc, char **argv)
{
	const struct suan_option *opt;
	struct suan_args args;
	struct suan_client c;
	const char *value;
	json_t *info = NULL, *who = NULL;
	bool json = false;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&c, &suan_cli_info);
	suan_args_init(&args, &suan_cli_info, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			rc = suan_cli_usage(&suan_cli_info, "unexpected \"%s\"", value);
		else if (strcmp(opt->name, "json") == 0)
			json = true;
		else
			suan_client_option(&c, opt, value);
	}
	if (rc == SUAN_EXIT_OK)
		rc = suan_client_get(&c, &info, "/v1/info");
	if (rc == SUAN_EXIT_OK)
		rc = suan_client_get(&c, &who, "/v1/whoami");
	if (rc == SUAN_EXIT_OK) {
		json_object_update(info, who);
		if (json)
			suan_client_print_json(info);
		else
			print_info(info);
	}
	json_decref(info);
	json_decref(who);
	suan_client_done(&c);
	return rc;
}

const struct suan_command suan_cli_info = {
	.name = "info",
	.usage = "suan info [--json]",
	.summary = "which server answers, and as whom",
	.options = info_options,
	.run = run_info,
};
