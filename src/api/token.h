/* Access tokens and roles. Tokens are kept as SHA-256 digests in the core's named values. */
#ifndef SUAN_API_TOKEN_H
#define SUAN_API_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/core.h"
#include "wire/json.h"

enum suan_role {
	SUAN_ROLE_NONE,
	SUAN_ROLE_VIEWER,
	SUAN_ROLE_USER,
	SUAN_ROLE_OPERATOR,
	SUAN_ROLE_ADMIN,
	SUAN_ROLE_SITE, /* agents; has no rights of the others */
};

#define SUAN_TOKEN_SECRET 64
#define SUAN_TOKEN_ID	  20

struct suan_principal {
	char user[128];
	enum suan_role role;
	char token[SUAN_TOKEN_ID]; /* its id; "": asked without one */
};

struct suan_tokens;

SUAN_MUSTUSE enum suan_code suan_tokens_open(struct suan_tokens **ret, struct suan_core *core,
					     struct suan_err *err);
void suan_tokens_close(struct suan_tokens *t);
/* false: unknown or expired. From any thread; everything else is for the core's thread. */
bool suan_tokens_check(struct suan_tokens *t, const char *secret, int64_t now_ms,
		       struct suan_principal *ret);

/* Is the token still good with which somebody asked? */
bool suan_tokens_alive(const struct suan_tokens *t, const struct suan_principal *who,
		       int64_t now_ms);

struct suan_token_ask {
	const char *user;
	enum suan_role role;
	int64_t now_ms, expires_ms; /* 0 = never */
};
/* secret: shown once. */
SUAN_MUSTUSE enum suan_code suan_tokens_new(struct suan_tokens *t, const struct suan_token_ask *ask,
					    char secret[SUAN_TOKEN_SECRET], char id[SUAN_TOKEN_ID],
					    struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_tokens_revoke(struct suan_tokens *t, const char *id,
					       struct suan_err *err);
/* Elements of an open array. */
void suan_tokens_list(const struct suan_tokens *t, struct suan_jsonw *w);

/* A name that a token, or who asks without one, may have. */
bool suan_user_valid(const char *name);
const char *suan_role_name(enum suan_role r);
bool suan_role_parse(const char *name, enum suan_role *ret);
/* Has `have` the rights of `need`? */
bool suan_role_allows(enum suan_role have, enum suan_role need);

#endif
