#include "wire/data_doc.h"

#include <string.h>

#include "base/num.h"

#define MOST_NAMES 1000u
#define MOST_BYTES ((int64_t)1 << 60)

struct reading {
	struct suan_json *j;
	struct suan_data_command *c;
	int64_t now_ms;
};

/* ---- values ---- */

static bool read_names(struct suan_json *j, struct suan_names *ret)
{
	struct suan_names names = {suan_arena_array(j->arena, MOST_NAMES, sizeof(char *)), 0};

	if (!names.list)
		return suan_json_fail(j, SUAN_ENOMEM, "out of memory");
	if (suan_json_peek(j) == SUAN_JSON_STRING) {
		if (!suan_json_string(j, &names.list[0]))
			return false;
		names.count = 1;
	} else if (!suan_json_array(j)) {
		return false;
	} else {
		while (suan_json_element(j)) {
			if (names.count == MOST_NAMES)
				return suan_json_fail(j, SUAN_EINVAL,
						      "expected at most %u names", MOST_NAMES);
			if (!suan_json_string(j, &names.list[names.count]))
				return false;
			names.count++;
		}
	}
	if (!j->failed)
		*ret = names;
	return !j->failed;
}

static bool read_bytes(struct reading *r, uint64_t *ret)
{
	struct suan_err err = {0};
	const char *text;
	int64_t n;

	if (suan_json_peek(r->j) == SUAN_JSON_STRING) {
		if (!suan_json_string(r->j, &text))
			return false;
		return suan_parse_size(text, 1, ret, &err) == SUAN_OK ||
		       suan_json_fail(r->j, SUAN_EINVAL, "%s", err.text);
	}
	if (!suan_json_i64(r->j, 0, MOST_BYTES, &n))
		return false;
	*ret = (uint64_t)n;
	return true;
}

/* Once: a time (expires), or how long from now on (ttl_s). */
static bool read_end(struct reading *r, bool from_now)
{
	int64_t at = 0;
	struct suan_err err = {0};
	enum suan_code rc;
	const char *text;

	if (r->c->expires_ms)
		return suan_json_fail(r->j, SUAN_EINVAL, "either expires or ttl_s");
	if (suan_json_peek(r->j) == SUAN_JSON_NUMBER) {
		if (!suan_json_fixed(r->j, 3, &at))
			return false;
	} else {
		if (!suan_json_string(r->j, &text))
			return false;
		rc = from_now ? suan_parse_duration(text, 1000, &at, &err)
			      : suan_parse_time(text, r->now_ms, &at, &err);
		if (rc != SUAN_OK)
			return suan_json_fail(r->j, SUAN_EINVAL, "%s", err.text);
	}
	if (at <= 0)
		return suan_json_fail(r->j, SUAN_EINVAL, "expected a time to come");
	r->c->expires_ms = from_now ? suan_sat_add(r->now_ms, at) : at;
	return true;
}

/* A path relative to what? Nobody here can know. */
static bool read_source(struct reading *r)
{
	if (!suan_json_string(r->j, &r->c->source))
		return false;
	return r->c->source[0] == '/' || strstr(r->c->source, "://") ||
	       suan_json_fail(r->j, SUAN_EINVAL,
			      "found \"%.100s\", want an absolute path on the machine of the "
			      "site's agent, or a URL", r->c->source);
}

/* ---- members ---- */

static bool read_put(struct reading *r, const char *name)
{
	struct suan_data_command *c = r->c;

	if (strcmp(name, "source") == 0)
		return read_source(r);
	if (strcmp(name, "sha256") == 0)
		return suan_json_string(r->j, &c->sha256);
	if (strcmp(name, "account") == 0)
		return suan_json_string(r->j, &c->account);
	if (strcmp(name, "bytes") == 0)
		return read_bytes(r, &c->bytes);
	if (strcmp(name, "sites") == 0)
		return read_names(r->j, &c->sites);
	if (strcmp(name, "hubs") == 0)
		return read_names(r->j, &c->hubs);
	if (strcmp(name, "expires") == 0 || strcmp(name, "ttl_s") == 0)
		return read_end(r, name[0] == 't');
	return suan_json_fail_name(r->j, "unknown key; known: source, site, sha256, bytes, sites, "
					 "hubs, users, accounts, account, expires, ttl_s");
}

static bool read_member(struct reading *r, const char *name)
{
	struct suan_data_command *c = r->c;
	bool put = c->op == SUAN_DATA_PUT;

	if (c->op != SUAN_DATA_GRANT && strcmp(name, "site") == 0)
		return suan_json_string(r->j, &c->site);
	if ((put || c->op == SUAN_DATA_GRANT) && strcmp(name, "users") == 0)
		return read_names(r->j, &c->users);
	if ((put || c->op == SUAN_DATA_GRANT) && strcmp(name, "accounts") == 0)
		return read_names(r->j, &c->accounts);
	if (put)
		return read_put(r, name);
	return suan_json_fail_name(r->j, "unknown key; known: %s",
				   c->op == SUAN_DATA_GRANT ? "users, accounts" : "site");
}

enum suan_code suan_data_doc_read(const char *text, size_t n, int64_t now_ms,
				  struct suan_arena *arena, struct suan_data_command *ret,
				  struct suan_err *err)
{
	struct suan_data_command c = *ret;
	struct suan_json j;
	struct reading r = {&j, &c, now_ms};
	const char *name;

	c.site = c.source = c.sha256 = c.account = "";
	if (n > 0) {
		suan_json_init(&j, text, n, arena, err);
		if (suan_json_object(&j))
			while (suan_json_member(&j, &name) && read_member(&r, name))
				;
		if (!j.failed)
			suan_json_finish(&j);
		if (j.failed)
			return j.code;
	}
	*ret = c;
	return SUAN_OK;
}
