#include "cli/client.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/table.h"

#define ANSWER_LIMIT (256u << 20)
#define TRIES	     5

void suan_client_init(struct suan_client *c, const struct suan_command *command)
{
	const char *server = getenv("SUAN_SERVER"), *token = getenv("SUAN_TOKEN");

	*c = (struct suan_client){.command = command, .ca = getenv("SUAN_CA")};
	c->server = server && server[0] ? server : "http://127.0.0.1:7070";
	c->token = token ? token : "";
}

void suan_client_done(struct suan_client *c)
{
	suan_http_client_free(c->http);
	c->http = NULL;
}

bool suan_client_option(struct suan_client *c, const struct suan_option *opt, const char *value)
{
	if (strcmp(opt->name, "server") == 0)
		c->server = value;
	else if (strcmp(opt->name, "token") == 0)
		c->token = value;
	else if (strcmp(opt->name, "ca") == 0)
		c->ca = value;
	else if (strcmp(opt->name, "help") == 0) {
		suan_cli_print_help(c->command);
		exit(SUAN_EXIT_OK);
	} else
		return false;
	return true;
}

static const char *login_name(void)
{
	const struct passwd *p = getpwuid(geteuid());

	return p ? p->pw_name : "unknown";
}

static int exit_of_status(int status)
{
	if (status < 300)
		return SUAN_EXIT_OK;
	if (status == 404)
		return SUAN_EXIT_NOTFOUND;
	if (status == 400)
		return SUAN_EXIT_USAGE;
	if (status == 401 || status == 403 || status == 409 || status == 422 || status == 429)
		return SUAN_EXIT_REFUSED;
	return SUAN_EXIT_FAILED;
}

static void print_problem(const struct suan_client *c, int status, const struct suan_buf *body)
{
	json_t *p = json_loadb(suan_buf_str(body), body->len, 0, NULL);
	const char *detail = json_string_value(json_object_get(p, "detail"));
	const char *field = json_string_value(json_object_get(p, "field"));
	const json_t *line = json_object_get(p, "line");

	fprintf(stderr, "suan %s: ", c->command->name);
	if (json_is_integer(line))
		fprintf(stderr, "line %lld: ", (long long)json_integer_value(line));
	if (field && field[0] && detail && strncmp(detail, field, strlen(field)) != 0)
		fprintf(stderr, "%s: ", field);
	if (detail) {
		struct suan_buf clean;

		suan_buf_init(&clean, 0);
		suan_cli_add_clean(&clean, detail);
		fprintf(stderr, "%s\n", suan_buf_str(&clean));
		suan_buf_done(&clean);
	} else
		fprintf(stderr, "the server answered %d\n", status);
	if (status == 401)
		fprintf(stderr, "Set SUAN_TOKEN to a token (the first is in DIR/admin.token of the "
				"server's data folder).\n");
	json_decref(p);
}

static int connect_server(struct suan_client *c)
{
	struct suan_err err = {0};

	if (c->http)
		return SUAN_EXIT_OK;
	if (suan_http_client_new(&c->http, c->server, c->token, c->ca, &err) == SUAN_OK)
		return SUAN_EXIT_OK;
	fprintf(stderr, "suan %s: %s\n", c->command->name, err.text);
	return err.code == SUAN_EINVAL ? SUAN_EXIT_USAGE : SUAN_EXIT_FAILED;
}

static void nap(int attempt)
{
	struct timespec t = {.tv_sec = 0, .tv_nsec = 100000000L * attempt};

	nanosleep(&t, NULL);
}

static enum suan_code exchange(struct suan_client *c, const struct suan_http_call *call,
			       bool repeatable, int *ret_status, struct suan_buf *body,
			       struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	for (int i = 1; i <= TRIES; i++) {
		suan_buf_reset(body);
		rc = suan_http_client_do(c->http, call, ret_status, body, err);
		if (rc != SUAN_EUNREACHABLE || !repeatable || i == TRIES)
			break;
		nap(i);
	}
	return rc;
}

int suan_client_do(struct suan_client *c, const struct suan_client_call *call, json_t **ret)
{
	char user[128], key[128];
	const char *headers[3] = {user, call->idempotency_key ? key : NULL, NULL};
	char *text = call->body ? json_dumps(call->body, JSON_COMPACT) : NULL;
	struct suan_http_call http = {.method = call->method,
				      .path = call->path,
				      .headers = headers,
				      .body = text ? text : call->text,
				      .n = text ? strlen(text) : call->n,
				      .type = text ? "application/json" : call->type,
				      .sink = call->sink,
				      .ctx = call->ctx};
	bool repeatable =
		call->idempotency_key || (!call->sink && strcmp(call->method, "GET") == 0);
	struct suan_err err = {0};
	struct suan_buf body;
	int status = 0, rc = connect_server(c);
	enum suan_code code;

	if (ret)
		*ret = NULL;
	suan_buf_init(&body, ANSWER_LIMIT);
	snprintf(user, sizeof(user), "Suan-User: %.100s", login_name());
	snprintf(key, sizeof(key), "Idempotency-Key: %.100s",
		 call->idempotency_key ? call->idempotency_key : "");
	if (rc != SUAN_EXIT_OK)
		goto out;
	code = exchange(c, &http, repeatable, &status, &body, &err);
	if (code != SUAN_OK) {
		if (!call->quiet)
			fprintf(stderr, "suan %s: %s\n", c->command->name, err.text);
		rc = code == SUAN_EUNREACHABLE ? SUAN_EXIT_UNREACHABLE : SUAN_EXIT_FAILED;
		goto out;
	}
	rc = exit_of_status(status);
	if (rc != SUAN_EXIT_OK && !call->quiet)
		print_problem(c, status, &body);
	if (rc == SUAN_EXIT_OK && ret && !call->sink) {
		*ret = json_loadb(suan_buf_str(&body), body.len, JSON_DECODE_ANY, NULL);
		if (!*ret) {
			fprintf(stderr, "suan %s: the server's answer is not JSON\n",
				c->command->name);
			rc = SUAN_EXIT_FAILED;
		}
	}
out:
	free(text);
	suan_buf_done(&body);
	return rc;
}

int suan_client_get(struct suan_client *c, json_t **ret, const char *fmt, ...)
{
	struct suan_buf path;
	struct suan_client_call call = {.method = "GET"};
	va_list ap;
	int rc;

	suan_buf_init(&path, 0);
	va_start(ap, fmt);
	suan_buf_vaddf(&path, fmt, ap);
	va_end(ap);
	call.path = suan_buf_str(&path);
	rc = suan_client_do(c, &call, ret);
	suan_buf_done(&path);
	return rc;
}

const char *suan_client_header(const struct suan_client *c, const char *name)
{
	return c->http ? suan_http_client_header(c->http, name) : NULL;
}

static void add_encoded(struct suan_buf *path, const char *text, const char *also)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr(also, *p))
			suan_buf_addc(path, (char)*p);
		else
			suan_buf_addf(path, "%%%02X", *p);
	}
}

void suan_client_query(struct suan_buf *path, const char *name, const char *value)
{
	suan_buf_addc(path, memchr(suan_buf_str(path), '?', path->len) ? '&' : '?');
	suan_buf_addf(path, "%s=", name);
	add_encoded(path, value, "-_.~,");
}

void suan_client_segment(struct suan_buf *path, const char *name)
{
	/* Segments of dots alone would be taken for folders, encoded or not. */
	if (name[strspn(name, ".")] == '\0')
		suan_buf_adds(path, "%3F");
	add_encoded(path, name, "-_.~");
}

void suan_client_print_json(const json_t *v)
{
	json_dumpf(v, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	putchar('\n');
}
