#include "api/api.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/call.h"
#include "api/feed.h"
#include "base/num.h"
#include "sys/clock.h"

#define COUNTED_STATUSES 16
#define UNUSED_BODY	 (64u << 10) /* of a route that takes none: read and ignored */

struct counter { /* any thread counts */
	atomic_int status;
	_Atomic(uint64_t) n;
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
		int found = 0;

		if (atomic_compare_exchange_strong(&k->status, &found, status) || found == status) {
			atomic_fetch_add_explicit(&k->n, 1, memory_order_relaxed);
			return;
		}
	}
}

void suan_api_each_count(const struct suan_api *a,
			 void (*fn)(void *ctx, const struct suan_api_route *r, int status,
				    uint64_t n),
			 void *ctx)
{
	for (uint32_t r = 0; r <= suan_api_route_count(); r++) {
		for (int i = 0; i < COUNTED_STATUSES; i++) {
			int status = atomic_load(&a->counts[r][i].status);

			if (!status)
				break;
			fn(ctx, r < suan_api_route_count() ? &suan_api_routes[r] : NULL, status,
			   atomic_load_explicit(&a->counts[r][i].n, memory_order_relaxed));
		}
	}
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
		return strncmp(host, "[::1]", 5) == 0 && strcspn(host + 5, ":/") == 0;
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
	bool foreign = host && !local_host(host);
	struct suan_err err = {0};

	if (foreign || (origin && !local_host(origin))) {
		suan_fail_field(&err, SUAN_EDENIED, foreign ? "Host" : "Origin",
				"without tokens only pages and programs of this machine may ask");
		suan_api_problem(c, 403, &err);
		return false;
	}
	if (!user || !suan_user_valid(user))
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
	if (!h || strncasecmp(h, "Bearer ", 7) != 0) {
		suan_fail_field(&err, SUAN_EDENIED, "Authorization",
				"a token is needed: Authorization: Bearer …");
		suan_api_problem(c, 401, &err);
		return false;
	}
	if (!suan_tokens_check(c->api->tokens, h + 7, suan_clock_now_ms(), &c->who)) {
		suan_fail_field(&err, SUAN_EDENIED, "Authorization",
				"the token is unknown, expired or revoked");
		suan_api_problem(c, 401, &err);
		return false;
	}
	if (suan_role_allows(c->who.role, c->route->role))
		return true;
	suan_fail_field(&err, SUAN_EDENIED, "Authorization",
			"%s needs the role %s; this token has %s", c->route->operation,
			suan_role_name(c->route->role), suan_role_name(c->who.role));
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

/* ---- on a server thread ---- */

static void no_route(struct suan_api_call *c, bool known)
{
	struct suan_err err = {0};

	if (known)
		suan_fail(&err, SUAN_EINVAL, "%s does not take %s", suan_http_path(c->req),
			  suan_http_method(c->req));
	else
		suan_fail(&err, SUAN_ENOTFOUND, "no such path: %s; /openapi.json lists them",
			  suan_http_path(c->req));
	suan_api_problem(c, known ? 405 : 404, &err);
}

/* NULL: answered. */
static struct suan_api_call *new_call(struct suan_api *a, struct suan_http_request *req)
{
	struct suan_api_call *c = calloc(1, sizeof(*c));
	bool known = false;

	if (!c) {
		suan_http_reply(req, &(struct suan_http_reply){.status = 500});
		return NULL;
	}
	c->api = a;
	c->req = req;
	c->route_number = suan_api_route_count();
	suan_arena_init(&c->arena, 0);
	suan_buf_init(&c->jobs.warnings, 0);
	c->route = suan_api_find_route(suan_http_method(req), suan_http_path(req), c->name, &known);
	if (!c->route) {
		no_route(c, known);
		return NULL;
	}
	c->route_number = (uint32_t)(c->route - suan_api_routes);
	return c;
}

const struct suan_api_type *suan_api_body_type(const struct suan_api_call *c)
{
	const struct suan_api_body *body = c->route->request;
	const char *h = suan_http_header(c->req, "Content-Type");
	size_t n = h ? strcspn(h, "; \t") : 0, most = sizeof(body->types) / sizeof(body->types[0]);

	if (!h)
		return &body->types[0];
	for (size_t i = 0; i < most && body->types[i].name; i++)
		if (strlen(body->types[i].name) == n && strncasecmp(body->types[i].name, h, n) == 0)
			return &body->types[i];
	return NULL;
}

/* False: answered. */
static bool takes_body(struct suan_api_call *c)
{
	const struct suan_api_body *body = c->route->request;
	const struct suan_api_type *type = body ? suan_api_body_type(c) : NULL;
	struct suan_err err = {0};
	struct suan_buf names;

	if (!body)
		suan_http_limit(c->req, UNUSED_BODY);
	else if (type && type->most_bytes)
		suan_http_limit(c->req, type->most_bytes);
	if (!body || type)
		return true;
	suan_buf_init(&names, 0);
	for (size_t i = 0; i < sizeof(body->types) / sizeof(body->types[0]); i++)
		if (body->types[i].name)
			suan_buf_addf(&names, "%s%s", i ? ", " : "", body->types[i].name);
	suan_fail_field(&err, SUAN_EINVAL, "Content-Type", "expected %s, found \"%.60s\"",
			suan_buf_str(&names), suan_http_header(c->req, "Content-Type"));
	suan_buf_done(&names);
	suan_api_problem(c, 415, &err);
	return false;
}

/* The request comes again, complete, to suan_api_handle; nothing is kept until then. Who asks is
 * looked at again there: a token may be revoked while the body is on its way. */
void suan_api_begin(void *api, struct suan_http_request *req)
{
	struct suan_api_call *c = new_call(api, req);

	if (c && authenticate(c) && params_known(c) && takes_body(c))
		suan_api_call_drop(c);
}

void suan_api_handle(void *api, struct suan_http_request *req)
{
	struct suan_api *a = api;
	struct suan_api_call *c = new_call(a, req);
	struct suan_err err = {0};

	if (!c)
		return;
	if (c->route->prepare)
		c->route->prepare(c);
	if (enqueue(a, c))
		return;
	suan_fail(&err, SUAN_EBUSY, "the service is stopping");
	suan_api_problem(c, 503, &err);
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
