/* HTTP /v1: one route table gives the router, OpenAPI 3.1, the documentation and the coverage test.
 * Handlers run on the core's thread; the answer to a command is sent when it is durable.
 * Front door of src/api.
 *
 * {id} is a job, "12", or one element of an array job, "12_5".
 *
 * GET    /v1/jobs ?state=A,B &user &account &name (prefix) &site &hub &limit (100, 1 … 1000)
 * &cursor newest first → {"jobs":[short…],"next":cursor or null} POST   /v1/jobs            JSON
 * job; or text/x-shellscript, application/yaml → 201, Location, full job; Idempotency-Key; 200
 * instead of 201 when the key was known POST   /v1/jobs:bulk application/x-ndjson, all or nothing →
 * 201 {"first":id,"count":n} POST   /v1/jobs:check      one job as for POST /v1/jobs, nothing is
 * kept → {"ok":true,"candidates":[…]} POST   /v1/quotes ?by=cost|carbon &hold=10m as check, with
 * costs; held: 201 {"id","quote","held"} GET    /v1/jobs/{id} full job (archived ones too), or one
 * task PATCH  /v1/jobs/{id}       {"priority":n} GET /v1/jobs/{id}/tasks ?state &limit &cursor
 * (index) → {"tasks":[…],"next":…} GET /v1/jobs/{id}/why →
 * {"job","index","state","decided","reason","reason_text","candidates":[…]} GET /v1/jobs/{id}/logs
 * ?stream=stdout|stderr &offset &limit &follow=1 → text/plain, header Suan-Next-Offset; with follow
 * an endless answer until the task has ended POST   /v1/jobs/{id}:cancel :hold :release :requeue →
 * {"job":id} GET    /v1/events text/event-stream of state changes; ?job= &after=; resumes by
 * Last-Event-ID; event types: change, reset (the id is unknown or too old), ping GET    /v1/sites
 * /v1/sites/{name}  /v1/pools  /v1/links  /v1/hubs POST   /v1/sites/{name}:drain :resume operator
 * GET    /v1/tokens   POST /v1/tokens {"user","role","expires_s"} → {"id","token"}   DELETE
 * /v1/tokens/{id} GET    /v1/whoami → {"user","role"}      GET /v1/info →
 * {"version","network","policy","uptime_s","store",…} GET    /healthz  /readyz  /metrics
 * /openapi.json                            no token needed
 *
 * Errors are application/problem+json: {"type":"urn:suan:error:CODE","title","status","detail",
 * "field","line","reason","a","b"}; CODE = suan_code_name() or a reason. 400 EINVAL, 401 (with
 * WWW-Authenticate: Bearer), 403 EDENIED by role, 404, 409 ECONFLICT, 413 ETOOBIG, 415, 422
 * EREFUSED by policy, 500 EIO, 503 EBUSY (Retry-After), 507 EFULL.
 *
 * Roles, each with the rights of those before it: viewer (reads), user (own jobs), operator (all
 * jobs, drain), admin (tokens); site (agents) stands apart. A user sees every job's short form and
 * changes own ones only. Tokens are 32 random bytes, "suan_" + base64url; kept as SHA-256 under the
 * store value "token/ID"; the role and user beside it. --insecure-local: no token = admin, user
 * from the header Suan-User (the CLI sends the login name), loopback only. */
#ifndef SUAN_API_API_H
#define SUAN_API_API_H

#include "base/err.h"
#include "core/core.h"
#include "http/server.h"
#include "sys/loop.h"

struct suan_api;

struct suan_api_config {
	struct suan_core *core;
	struct suan_loop *loop;
	bool insecure_local;
	uint64_t max_request_bytes;
	const char *network_name, *store_name;
	const char *home; /* site: of jobs that name none; NULL or "" = none */
	/* Bytes of a run's output, as suan_agent_log. */
	enum suan_code (*log)(void *ctx, uint32_t site, const struct suan_order *order,
			      const struct suan_log_ask *ask, struct suan_buf *out,
			      struct suan_err *err);
	/* What a site's agent says of itself (JSON object), or ENOTFOUND: no agent here. */
	enum suan_code (*describe)(void *ctx, uint32_t site, struct suan_buf *out);
	/* Asks for suan_core_flush at the end of this round of the loop. */
	void (*flush_soon)(void *ctx);
	void *ctx;
};

SUAN_MUSTUSE enum suan_code
suan_api_new(struct suan_api **ret, const struct suan_api_config *config, struct suan_err *err);
/* Answers what still waits, takes nothing new, ends the streams. Before the server is stopped. */
void suan_api_stop(struct suan_api *a);
void suan_api_free(struct suan_api *a); /* after the server has stopped */
/* suan_http_config.handle with ctx = the api: hands the request to the core's thread. */
void suan_api_handle(void *api, struct suan_http_request *req);
/* suan_http_config.begin, with the same ctx: who may not ask, and what no route takes, is answered
 * before the body is read. */
void suan_api_begin(void *api, struct suan_http_request *req);
/* suan_http_config.handled, with the same ctx: wakes the core's thread once a round. */
void suan_api_handled(void *api);
/* Makes a token without HTTP (first start): *ret_token gets the secret, shown once. */
SUAN_MUSTUSE enum suan_code suan_api_token_new(struct suan_api *a, const char *user,
					       const char *role, char ret_token[64],
					       struct suan_err *err);
/* The OpenAPI document. */
SUAN_MUSTUSE enum suan_code suan_api_openapi(struct suan_buf *out, struct suan_err *err);
/* One listener for state changes is needed by the event streams: call from suan_core_listen. */
void suan_api_changed(void *api, const struct suan_change *change);

#endif
