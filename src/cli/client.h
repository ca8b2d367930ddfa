/* A command's talk with the server: address and token from options or environment, problems of the
 * server as messages and exit codes. */
#ifndef SUAN_CLI_CLIENT_H
#define SUAN_CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/cli.h"
#include "http/client.h"

/* Options that every client command has; put at the end of its table. */
#define CLIENT_OPTIONS                                                                             \
	{"server", 0, "URL", "server (SUAN_SERVER, default http://127.0.0.1:7070)"},               \
		{"token", 0, "TOKEN", "access token (SUAN_TOKEN)"},                                \
		{"ca", 0, "FILE", "trust this certificate authority (SUAN_CA)"},                   \
	{                                                                                          \
		"help", 'h', NULL, "show this help"                                                \
	}

struct suan_client {
	const struct suan_command *command;
	const char *server, *token, *ca;
	struct suan_http_client *http; /* NULL until the first call */
};

void suan_client_init(struct suan_client *c, const struct suan_command *command);
void suan_client_done(struct suan_client *c);
/* true: the option was one of CLIENT_OPTIONS and is dealt with (--help ends the process). */
bool suan_client_option(struct suan_client *c, const struct suan_option *opt, const char *value);

struct suan_client_call {
	const char *method, *path;
	json_t *body;		 /* sent as JSON; borrowed; NULL = none */
	const char *text, *type; /* or these bytes of this content type */
	size_t n;
	const char *idempotency_key; /* NULL = none */
	bool (*sink)(void *ctx, const char *bytes, size_t n);
	void *ctx;
	bool quiet; /* do not print problems */
};

/* One exchange, repeated a few times when the server cannot be reached and repeating is safe (GET,
 * or with a key). Returns an exit code; *ret (may be NULL) is the parsed answer, owned by the
 * caller. */
int suan_client_do(struct suan_client *c, const struct suan_client_call *call, json_t **ret);
int suan_client_get(struct suan_client *c, json_t **ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Status of the last answer, 0 = none. */
const char *suan_client_header(const struct suan_client *c, const char *name);

/* Appends "name=value" to a query under construction, percent-encoded. */
void suan_client_query(struct suan_buf *path, const char *name, const char *value);

/* Appends what the user typed as one segment of a path, percent-encoded: "../x" is a name that does
 * not exist, not another place. */
void suan_client_segment(struct suan_buf *path, const char *name);

/* Prints a JSON value with a newline on stdout. */
void suan_client_print_json(const json_t *v);

#endif
