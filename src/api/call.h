/* One request on its way through the API, and what handlers need: its parameters, who asks, and the
 * ways to answer. Inside of src/api. */
#ifndef SUAN_API_CALL_H
#define SUAN_API_CALL_H

#include "api/api.h"
#include "api/token.h"
#include "base/arena.h"
#include "wire/job.h"
#include "wire/json.h"

struct suan_api_call;

struct suan_api_param { /* of the query; documentation and check */
	const char *name, *help;
};

struct suan_api_type {
	const char *name;    /* media type */
	uint64_t most_bytes; /* of a body; 0: only the service's own limit counts */
};

struct suan_api_body { /* what a route takes; a request that names no type means the first */
	const char *schema;
	struct suan_api_type types[3];
};

#define SUAN_API_PARAMS	  9
#define SUAN_API_STATUSES 8

struct suan_api_route {
	const char *method, *path; /* path with {id} or {name} */
	const char *operation;	   /* stable name for generated clients */
	enum suan_role role;	   /* least role; SUAN_ROLE_NONE = open to all */
	void (*handle)(struct suan_api_call *c);
	/* Pure work that a server thread may do before the core's thread gets the request. */
	void (*prepare)(struct suan_api_call *c);
	const char *summary;
	const struct suan_api_body *request; /* NULL = none */
	const char *response;		     /* component schema, NULL = none */
	const char *response_type;	     /* NULL = application/json */
	struct suan_api_param params[SUAN_API_PARAMS];
	int statuses[SUAN_API_STATUSES]; /* what it can answer, 0-terminated, beside those that … */
};
/* … every route can answer, those with a role, and those that take a body. */
bool suan_api_may_answer(const struct suan_api_route *r, int status);

/* Jobs parsed from a request, before the core sees them. */
struct suan_api_jobs {
	struct suan_job_spec *specs; /* in the call's arena, sealed */
	uint32_t count;
	enum suan_code code; /* of parsing */
	struct suan_err err;
	uint32_t line;		  /* 1-based line of a bulk at fault; 0 = none */
	struct suan_buf warnings; /* of scripts, text lines */
	uint64_t hash;		  /* of the body */
};

struct suan_api_call {
	struct suan_api *api;
	struct suan_http_request *req;
	struct suan_api_call *next; /* in the queue */
	const struct suan_api_route *route;
	uint32_t route_number;
	char name[208]; /* what {…} in the path matched */
	struct suan_principal who;
	struct suan_arena arena;
	struct suan_api_jobs jobs;
	uint64_t job; /* parsed {id} */
	uint32_t index;
	bool element; /* {id} named an element */
	const char *quote; /* JSON of a quote that is answered when its place is held; arena */
};

/* ---- answering: each ends the call and frees it ---- */

/* Takes the text over from *body. headers may be NULL. */
void suan_api_send(struct suan_api_call *c, int status, struct suan_buf *body, const char *headers);
/* As send with 200 and another content type. */
void suan_api_send_as(struct suan_api_call *c, const char *type, struct suan_buf *body);
/* An answer of one JSON object, begun by open and written to with w; a name: of one list, whose
 * items are written. send ends it with 200. Not to be moved between the two. */
struct suan_api_object {
	struct suan_buf text;
	struct suan_jsonw w;
	bool list;
};
void suan_api_object_open(struct suan_api_object *o, const char *list);
void suan_api_object_send(struct suan_api_call *c, struct suan_api_object *o);
/* Ends it with 201, or 200 if the same was asked before: that was made, at path/id. No list. */
void suan_api_object_made(struct suan_api_call *c, struct suan_api_object *o,
			  const struct suan_core_answer *answer, const char *path, uint64_t id);
void suan_api_problem(struct suan_api_call *c, int status, const struct suan_err *err);
/* A refusal or failure of the core, with its numbers. */
void suan_api_refuse(struct suan_api_call *c, const struct suan_core_answer *answer);
int suan_api_status(enum suan_code code);
/* For answers that the HTTP layer has taken over (streams): frees the call. */
void suan_api_call_free(struct suan_api_call *c, int status);
/* Without an answer: the request goes on. */
void suan_api_call_drop(struct suan_api_call *c);

/* ---- parameters ---- */

/* Query number in [min, max]; absent: *value stays. false: answered with 400. */
bool suan_api_number(struct suan_api_call *c, const char *name, int64_t min, int64_t max,
		     int64_t *value);
/* Query word, one of the NULL-terminated words; absent: *ret stays. false: answered with 400. */
bool suan_api_word(struct suan_api_call *c, const char *name, const char *const *words,
		   unsigned *ret);
/* Of the route's types the one that the body has; NULL: another one. */
const struct suan_api_type *suan_api_body_type(const struct suan_api_call *c);
/* Parses {id} into job, index, element; false: answered with 400. */
bool suan_api_job_id(struct suan_api_call *c);
/* The job of {id}; false: answered with 404 (archived ones are not found here). */
bool suan_api_find_job(struct suan_api_call *c, struct suan_job_view *ret);

/* ---- inside of struct suan_api ---- */

const struct suan_engine *suan_api_engine(const struct suan_api *a);
const struct suan_api_config *suan_api_config(const struct suan_api *a);
struct suan_tokens *suan_api_tokens(struct suan_api *a);
struct suan_feeds *suan_api_feeds(struct suan_api *a);
int64_t suan_api_started_ms(const struct suan_api *a);

/* ---- routes ---- */

extern const struct suan_api_route suan_api_routes[];
uint32_t suan_api_route_count(void);
/* NULL: no such path, or (*ret_known) one that has other methods. name: of SUAN call.name's size.
 */
const struct suan_api_route *suan_api_find_route(const char *method, const char *path, char *name,
						 bool *ret_known);
/* "GET, POST": what a path takes; "" for an unknown path. */
void suan_api_methods(const char *path, struct suan_buf *out);
/* How often a route answered with a status; for /metrics and the coverage test. From any thread. */
void suan_api_count_answer(struct suan_api *a, uint32_t route, int status);
void suan_api_each_count(const struct suan_api *a,
			 void (*fn)(void *ctx, const struct suan_api_route *r, int status,
				    uint64_t n),
			 void *ctx);

#endif
