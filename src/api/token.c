#include "api/token.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "sys/crypto.h"

#define PREFIX "token/"

struct token {
	char id[SUAN_TOKEN_ID];
	char digest[65]; /* SHA-256 of the secret, hex */
	struct suan_principal who;
	int64_t created_ms, expires_ms;
};

struct suan_tokens {
	struct suan_core *core;
	/* Server threads look, the core's thread looks and changes. */
	pthread_rwlock_t lock;
	struct token *list;
	size_t count, cap;
	bool failed;
};

static const char *const role_names[] = {"none", "viewer", "user", "operator", "admin", "site"};

const char *suan_role_name(enum suan_role r)
{
	return role_names[r];
}

bool suan_role_parse(const char *name, enum suan_role *ret)
{
	for (int r = SUAN_ROLE_VIEWER; r <= SUAN_ROLE_SITE; r++) {
		if (strcmp(name, role_names[r]) == 0) {
			*ret = (enum suan_role)r;
			return true;
		}
	}
	return false;
}

bool suan_role_allows(enum suan_role have, enum suan_role need)
{
	if (need == SUAN_ROLE_NONE || have == need)
		return true;
	return have != SUAN_ROLE_SITE && need != SUAN_ROLE_SITE && have > need;
}

/* Names are shown on terminals and in logs. */
bool suan_user_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= sizeof(((struct suan_principal *)0)->user) || !suan_utf8_valid(name, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return true;
}

static void digest_of(const char *secret, char hex[65])
{
	struct suan_sha256 s;

	suan_sha256_init(&s);
	suan_sha256_add(&s, secret, strlen(secret));
	suan_sha256_hex(&s, hex);
}

static void load_one(void *ctx, const char *name, const void *bytes, size_t n)
{
	struct suan_tokens *t = ctx;
	json_t *v = json_loadb(bytes, n, 0, NULL);
	const char *digest = json_string_value(json_object_get(v, "sha256"));
	const char *user = json_string_value(json_object_get(v, "user"));
	const char *role = json_string_value(json_object_get(v, "role"));
	struct token one = {0};

	if (digest && user && role && suan_role_parse(role, &one.who.role)) {
		snprintf(one.id, sizeof(one.id), "%s", name + strlen(PREFIX));
		snprintf(one.digest, sizeof(one.digest), "%s", digest);
		snprintf(one.who.user, sizeof(one.who.user), "%s", user);
		one.created_ms = json_integer_value(json_object_get(v, "created_ms"));
		one.expires_ms = json_integer_value(json_object_get(v, "expires_ms"));
		if (suan_grow(&t->list, &t->cap, t->count + 1, sizeof(one)) == SUAN_OK)
			t->list[t->count++] = one;
		else
			t->failed = true;
	}
	json_decref(v);
}

enum suan_code suan_tokens_open(struct suan_tokens **ret, struct suan_core *core,
				struct suan_err *err)
{
	struct suan_tokens *t = calloc(1, sizeof(*t));
	enum suan_code rc;

	if (!t)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	t->core = core;
	pthread_rwlock_init(&t->lock, NULL);
	rc = suan_core_value_list(core, PREFIX, load_one, t, err);
	if (rc == SUAN_OK && t->failed)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		*ret = t;
	else
		suan_tokens_close(t);
	return rc;
}

void suan_tokens_close(struct suan_tokens *t)
{
	if (!t)
		return;
	pthread_rwlock_destroy(&t->lock);
	free(t->list);
	free(t);
}

static const struct token *find_digest(const struct suan_tokens *t, const char digest[65])
{
	/* Digests of random secrets may be compared openly: knowing one gives nothing. */
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->list[i].digest, digest) == 0)
			return &t->list[i];
	return NULL;
}

static bool expired(const struct token *k, int64_t now_ms)
{
	return k->expires_ms && now_ms >= k->expires_ms;
}

bool suan_tokens_alive(const struct suan_tokens *t, const struct suan_principal *who,
		       int64_t now_ms)
{
	if (!who->token[0])
		return true;
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->list[i].id, who->token) == 0)
			return !expired(&t->list[i], now_ms);
	return false;
}

bool suan_tokens_check(struct suan_tokens *t, const char *secret, int64_t now_ms,
		       struct suan_principal *ret)
{
	const struct token *k;
	char digest[65];
	bool good;

	digest_of(secret, digest);
	pthread_rwlock_rdlock(&t->lock);
	k = find_digest(t, digest);
	good = k && !expired(k, now_ms);
	if (good) {
		*ret = k->who;
		memcpy(ret->token, k->id, sizeof(k->id));
	}
	pthread_rwlock_unlock(&t->lock);
	return good;
}

static void make_secret(char secret[SUAN_TOKEN_SECRET])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char raw[43];
	size_t n = 5;

	suan_random(raw, sizeof(raw));
	memcpy(secret, "suan_", n);
	for (size_t i = 0; i < sizeof(raw); i++) /* 43 × 6 bits = 258 */
		secret[n++] = digits[raw[i] & 63];
	secret[n] = '\0';
}

static enum suan_code keep(struct suan_tokens *t, const struct token *k, struct suan_err *err)
{
	json_t *v = json_pack("{s:s,s:s,s:s,s:I,s:I}", "sha256", k->digest, "user", k->who.user,
			      "role", suan_role_name(k->who.role), "created_ms",
			      (json_int_t)k->created_ms, "expires_ms", (json_int_t)k->expires_ms);
	char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
	char name[sizeof(PREFIX) + SUAN_TOKEN_ID];
	enum suan_code rc;

	snprintf(name, sizeof(name), PREFIX "%s", k->id);
	rc = text ? suan_core_value_put(t->core, name, text, strlen(text), err)
		  : suan_fail_field(err, SUAN_EINVAL, "user", "the name is not valid UTF-8");
	free(text);
	json_decref(v);
	return rc;
}

enum suan_code suan_tokens_new(struct suan_tokens *t, const struct suan_token_ask *ask,
			       char secret[SUAN_TOKEN_SECRET], char id[SUAN_TOKEN_ID],
			       struct suan_err *err)
{
	struct token k = {.created_ms = ask->now_ms, .expires_ms = ask->expires_ms};
	enum suan_code rc;

	if (!suan_user_valid(ask->user))
		return suan_fail_field(err, SUAN_EINVAL, "user",
				       "expected a name of 1 to %zu bytes without control "
				       "characters",
				       sizeof(k.who.user) - 1);
	make_secret(secret);
	digest_of(secret, k.digest);
	snprintf(k.id, sizeof(k.id), "%.12s", k.digest);
	snprintf(k.who.user, sizeof(k.who.user), "%s", ask->user);
	k.who.role = ask->role;
	pthread_rwlock_wrlock(&t->lock);
	rc = suan_grow(&t->list, &t->cap, t->count + 1, sizeof(k));
	pthread_rwlock_unlock(&t->lock);
	if (rc != SUAN_OK)
		return suan_fail(err, rc, "out of memory");
	rc = keep(t, &k, err); /* may take a while: the lock is not held */
	if (rc != SUAN_OK)
		return rc;
	pthread_rwlock_wrlock(&t->lock);
	t->list[t->count++] = k;
	pthread_rwlock_unlock(&t->lock);
	memcpy(id, k.id, SUAN_TOKEN_ID);
	return SUAN_OK;
}

enum suan_code suan_tokens_revoke(struct suan_tokens *t, const char *id, struct suan_err *err)
{
	char name[sizeof(PREFIX) + SUAN_TOKEN_ID];
	enum suan_code rc;

	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->list[i].id, id) != 0)
			continue;
		snprintf(name, sizeof(name), PREFIX "%s", t->list[i].id);
		rc = suan_core_value_put(t->core, name, NULL, 0, err);
		if (rc != SUAN_OK)
			return rc;
		pthread_rwlock_wrlock(&t->lock);
		memmove(&t->list[i], &t->list[i + 1], (--t->count - i) * sizeof(*t->list));
		pthread_rwlock_unlock(&t->lock);
		return SUAN_OK;
	}
	return suan_fail_field(err, SUAN_ENOTFOUND, "id", "no token %s", id);
}

void suan_tokens_list(const struct suan_tokens *t, struct suan_jsonw *w)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct token *k = &t->list[i];

		suan_jsonw_open(w, NULL, '{');
		suan_jsonw_str(w, "id", k->id);
		suan_jsonw_str(w, "user", k->who.user);
		suan_jsonw_str(w, "role", suan_role_name(k->who.role));
		suan_jsonw_time(w, "created", k->created_ms);
		suan_jsonw_time(w, "expires", k->expires_ms);
		suan_jsonw_close(w, '}');
	}
}
