#include "api/api.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/feed.h"
#include "base/num.h"
#include "sys/clock.h"

#define COUNTED_STATUSES 12

struct counter {
	int status;
	uint64_t n;
};

struct suan_api {
	struct suan_api_config config;
	struct suan_tokens *tokens;
	struct suan_feeds *feeds;
	int64_t started_ms;
	pthread_mutex_t lock; /* of the queue: the only thing two threads share */
	struct suan_api_call *first, **last;
	bool posted, closed;
	struct counter (*counts)[COUNTED_STATUSES]; /* per route, plus one for no route */
};

const struct suan_engine *suan_api_engine(const struct suan_api *a)
{
	return suan_core_engine(a->config.core);
}

const struct suan_api_config *suan_api_config(const struct suan_api *a)
{
	return &a->config;
}

struct suan_tokens *suan_api_tokens(struct suan_api *a)
{
	return a->tokens;
}

struct suan_feeds *suan_api_feeds(struct suan_api *a)
{
	return a->feeds;
}

int64_t suan_api_started_ms(const struct suan_api *a)
{
	return a->started_ms;
}

/* ---- counters ---- */

void suan_api_count_answer(struct suan_api *a, uint32_t route, int status)
{
	for (int i = 0; i < COUNTED_STATUSES; i++) {
		struct counter *k = &a->counts[route][i];

		if (k->status == status || !k->status) {
			k->status = status;
			k->n++;
			return;
		}
	}
}

void suan_api_each_count(const struct suan_api *a,
			 void (*fn)(void *ctx, const struct suan_api_route *r, int status,
				    uint64_t n),
			 void *ctx)
{
	for (uint32_t r = 0; r <= suan_api_route_count(); r++)
		for (int i = 0; i < COUNTED_STATUSES && a->counts[r][i].status; i++)
			fn(ctx, r < suan_api_route_count() ? &suan_api_routes[r] : NULL,
			   a->counts[r][i].status, a->counts[r][i].n);
}

/* ---- who asks ---- */

static bool same_text(const char *a, const char *b, size_t n)
{
	return strlen(b) == n && memcmp(a, b, n) == 0;
}

/* A browser on this machine may be led here by a foreign page; its Origin or Host gives it away. */
static bool local_host(const char *host)
{
	const char *p = strstr(host, "://");
	size_t n;

	host = p ? p + 3 : host;
	if (host[0] == '[')
		return strncmp(host, "[::1]", 5) == 0;
	n = strcspn(host, ":/");
	/* Digits and dots only: 127.example.org is a name, and its owner says where it leads. */
	return same_text(host, "localhost", n) ||
	       (n >= 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == n);
}

static bool insecure_principal(struct suan_api_call *c)
{
	const char *user = suan_http_header(c->req, "Suan-User");
	const char *host = suan_http_header(c->req, "Host");
	const char *origin = suan_http_header(c->req, "Origin");
	struct suan_err err = {0};

	if ((host && !local_host(host)) || (origin && !local_host(origin))) {
		suan_fail(&err, SUAN_EDENIED,
			  "without tokens only pages and programs of this machine may ask");
		suan_api_problem(c, 403, &err);
		return false;
	}
	if (!user || !user[0] || strlen(user) >= sizeof(c->who.user) ||
	    !suan_utf8_valid(user, strlen(user)))
		user = "local";
	memcpy(c->who.user, user, strlen(user) + 1);
	c->who.role = SUAN_ROLE_ADMIN;
	return true;
}

static bool authenticate(struct suan_api_call *c)
{
	const char *h = suan_http_header(c->req, "Authorization");
	struct suan_err err = {0};

	if (c->route->role == SUAN_ROLE_NONE)
		return true;
	if (c->api->config.insecure_local && !h)
		return insecure_principal(c);
	if (!h || strncmp(h, "Bearer ", 7) != 0) {
		suan_fail(&err, SUAN_EDENIED, "a token is needed: Authorization: Bearer …");
		suan_api_problem(c, 401, &err);
		return false;
	}
	if (!suan_tokens_check(c->api->tokens, h + 7, suan_clock_now_ms(), &c->who)) {
		suan_fail(&err, SUAN_EDENIED, "the token is unknown, expired or revoked");
		suan_api_problem(c, 401, &err);
		return false;
	}
	if (suan_role_allows(c->who.role, c->route->role))
		return true;
	suan_fail(&err, SUAN_EDENIED, "%s needs the role %s; this token has %s",
		  c->route->operation, suan_role_name(c->route->role), suan_role_name(c->who.role));
	suan_api_problem(c, 403, &err);
	return false;
}

/* ---- the queue ---- */

static struct suan_api_call *take_all(struct suan_api *a)
{
	struct suan_api_call *list;

	pthread_mutex_lock(&a->lock);
	list = a->first;
	a->first = NULL;
	a->last = &a->first;
	a->posted = false;
	pthread_mutex_unlock(&a->lock);
	return list;
}

struct unknown {
	const struct suan_api_route *route;
	char name[64];
};

static void note_unknown(void *ctx, const char *name, const char *value)
{
	struct unknown *u = ctx;

	(void)value;
	for (int i = 0; i < SUAN_API_PARAMS && u->route->params[i].name; i++)
		if (strcmp(u->route->params[i].name, name) == 0)
			return;
	snprintf(u->name, sizeof(u->name), "%s", name);
}

/* A mistyped filter must not answer with everything. */
static bool params_known(struct suan_api_call *c)
{
	struct unknown u = {.route = c->route};
	struct suan_err err = {0};

	suan_http_queries(c->req, note_unknown, &u);
	if (!u.name[0])
		return true;
	suan_fail_field(&err, SUAN_EINVAL, u.name,
			"no such query parameter; /openapi.json lists them");
	suan_api_problem(c, 400, &err);
	return false;
}

static void drain(void *ctx)
{
	struct suan_api *a = ctx;
	struct suan_api_call *c = take_all(a), *next;

	for (; c; c = next) {
		next = c->next;
		if (authenticate(c) && params_known(c))
			c->route->handle(c);
	}
	a->config.flush_soon(a->config.ctx);
}

static bool enqueue(struct suan_api *a, struct suan_api_call *c)
{
	bool good;

	pthread_mutex_lock(&a->lock);
	good = !a->closed;
	if (good) {
		*a->last = c;
		a->last = &c->next;
	}
	pthread_mutex_unlock(&a->lock);
	return good;
}

void suan_api_handled(void *api)
{
	struct suan_api *a = api;

	pthread_mutex_lock(&a->lock);
	/* Without memory for the message the next round tries again. */
	if (a->first && !a->posted)
		a->posted = suan_loop_post(a->config.loop, drain, a) == SUAN_OK;
	pthread_mutex_unlock(&a->lock);
}

/* Requests that no route takes are answered on the server's thread; the counter of "no route" may
 * lose a count when two threads meet there, which only metrics would see, so it is kept under the
 * lock. */
static void no_route(struct suan_api_call *c, bool known)
{
	struct suan_err err = {0};

	if (known)
		suan_fail(&err, SUAN_EINVAL, "%s does not take %s", suan_http_path(c->req),
			  suan_http_method(c->req));
	else
		suan_fail(&err, SUAN_ENOTFOUND, "no such path: %s; /openapi.json lists them",
			  suan_http_path(c->req));
	pthread_mutex_lock(&c->api->lock);
	suan_api_problem(c, known ? 405 : 404, &err);
}

void suan_api_handle(void *api, struct suan_http_request *req)
{
	struct suan_api *a = api;
	struct suan_api_call *c = calloc(1, sizeof(*c));
	struct suan_err err = {0};
	bool known = false;

	if (!c) {
		suan_http_reply(req, &(struct suan_http_reply){.status = 500});
		return;
	}
	c->api = a;
	c->req = req;
	c->route_number = suan_api_route_count();
	suan_arena_init(&c->arena, 0);
	suan_buf_init(&c->jobs.warnings, 0);
	c->route = suan_api_find_route(suan_http_method(req), suan_http_path(req), c->name, &known);
	if (!c->route) {
		no_route(c, known);
		pthread_mutex_unlock(&a->lock);
		return;
	}
	c->route_number = (uint32_t)(c->route - suan_api_routes);
	if (c->route->prepare)
		c->route->prepare(c);
	if (enqueue(a, c))
		return;
	suan_fail(&err, SUAN_EBUSY, "the service is stopping");
	c->route_number = suan_api_route_count();
	pthread_mutex_lock(&a->lock);
	suan_api_problem(c, 503, &err);
	pthread_mutex_unlock(&a->lock);
}

/* ---- life ---- */

enum suan_code suan_api_new(struct suan_api **ret, const struct suan_api_config *config,
			    struct suan_err *err)
{
	struct suan_api *a = calloc(1, sizeof(*a));
	enum suan_code rc;

	if (!a)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	a->config = *config;
	a->last = &a->first;
	a->started_ms = suan_clock_now_ms();
	pthread_mutex_init(&a->lock, NULL);
	a->counts = calloc(suan_api_route_count() + 1, sizeof(*a->counts));
	rc = a->counts ? SUAN_OK : suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		rc = suan_tokens_open(&a->tokens, config->core, err);
	if (rc == SUAN_OK)
		rc = suan_feeds_new(&a->feeds, a, err);
	if (rc == SUAN_OK)
		*ret = a;
	else
		suan_api_free(a);
	return rc;
}

void suan_api_stop(struct suan_api *a)
{
	struct suan_err err = {0};
	struct suan_api_call *c, *next;

	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->closed = true;
	c = a->first;
	a->first = NULL;
	a->last = &a->first;
	pthread_mutex_unlock(&a->lock);
	suan_fail(&err, SUAN_EBUSY, "the service is stopping");
	for (; c; c = next) {
		next = c->next;
		suan_api_problem(c, 503, &err);
	}
	suan_feeds_close_all(a->feeds);
}

void suan_api_free(struct suan_api *a)
{
	if (!a)
		return;
	suan_feeds_free(a->feeds);
	suan_tokens_close(a->tokens);
	pthread_mutex_destroy(&a->lock);
	free(a->counts);
	free(a);
}

enum suan_code suan_api_token_new(struct suan_api *a, const char *user, const char *role,
				  char ret_token[64], struct suan_err *err)
{
	struct suan_token_ask ask = {.user = user, .now_ms = suan_clock_now_ms()};
	char id[SUAN_TOKEN_ID];

	if (!suan_role_parse(role, &ask.role))
		return suan_fail_field(err, SUAN_EINVAL, "role", "no role \"%s\"", role);
	return suan_tokens_new(a->tokens, &ask, ret_token, id, err);
}

void suan_api_changed(void *api, const struct suan_change *change)
{
	struct suan_api *a = api;

	suan_feeds_changed(a->feeds, change);
}
