#include <stddef.h>
#include <string.h>

#include "wire/accounts.h"
#include "wire/keys.h"
#include "wire/network.h"
#include "wire/yaml.h"

#define MOST_FILE  (1u << 20)
#define MIB	   (INT64_C(1) << 20)
#define TEN_YEARS_MS (INT64_C(3650) * 24 * 3600 * 1000)

#define STRING(key, member)                                                                        \
	{.name = key, .type = SUAN_KEY_STRING, .at = offsetof(struct suan_settings, member)}
#define WHOLE(key, object, member, least, most)                                                    \
	{.name = key, .type = SUAN_KEY_U32, .at = offsetof(struct object, member), .min = least,   \
	 .max = most}
#define DURATION(key, object, member, decimals)                                                    \
	{.name = key, .type = SUAN_KEY_DURATION, .digits = decimals,                               \
	 .at = offsetof(struct object, member), .max = TEN_YEARS_MS}
#define CALL(key, function) {.name = key, .type = SUAN_KEY_CALL, .read = function}
#define KEYS(table) {table, sizeof(table) / sizeof((table)[0])}

/* Reads one of the words; NULL ends them. */
static bool read_word(struct suan_json *j, const char *const *words, const char **ret)
{
	const char *before, *text;
	char list[128] = "";

	(void)suan_json_peek(j);
	before = j->p;
	if (!suan_json_string(j, &text))
		return false;
	for (size_t i = 0; words[i]; i++) {
		size_t n = strlen(list), k = strlen(words[i]);

		if (strcmp(words[i], text) == 0) {
			*ret = text;
			return true;
		}
		if (n + k + 5 < sizeof(list)) {
			memcpy(list + n, i ? " or " : "", i ? 5 : 1);
			memcpy(list + strlen(list), words[i], k + 1);
		}
	}
	j->p = before;
	return suan_json_expected(j, "%s", list);
}

static bool read_kind(struct suan_json *j, void *object)
{
	struct suan_policy *p = object;
	const char *words[SUAN_NPOLICIES + 1] = {NULL};
	const char *word;

	for (int i = 0; i < SUAN_NPOLICIES; i++)
		words[i] = suan_policy_name((enum suan_policy_kind)i);
	if (!read_word(j, words, &word))
		return false;
	for (int i = 0; i < SUAN_NPOLICIES; i++)
		if (strcmp(words[i], word) == 0)
			p->kind = (enum suan_policy_kind)i;
	return true;
}

static const struct suan_key preemption_table[] = {
	{.name = "min_run", .type = SUAN_KEY_DURATION, .digits = 3,
	 .at = offsetof(struct suan_preemption, min_run_ms), .min = 1, .max = TEN_YEARS_MS},
	{.name = "grace", .type = SUAN_KEY_DURATION, .digits = 3,
	 .at = offsetof(struct suan_preemption, grace_ms), .min = 1, .max = TEN_YEARS_MS},
	WHOLE("max_victims", suan_preemption, max_victims, 1, 10000),
};

static bool read_preemption(struct suan_json *j, void *object)
{
	static const struct suan_keys keys = KEYS(preemption_table);
	struct suan_policy *p = object;

	return suan_keys_read(j, &keys, &p->preemption);
}

static bool read_packing(struct suan_json *j, void *object)
{
	struct suan_policy *p = object;
	const char *words[SUAN_NPACKINGS + 1] = {NULL};
	const char *word;

	for (int i = 0; i < SUAN_NPACKINGS; i++)
		words[i] = suan_packing_name((enum suan_packing)i);
	if (!read_word(j, words, &word))
		return false;
	for (int i = 0; i < SUAN_NPACKINGS; i++)
		if (strcmp(words[i], word) == 0)
			p->packing = (enum suan_packing)i;
	return true;
}

/* In the log and in snapshots the unusual case is the one that is written. */
static bool read_protect_homes(struct suan_json *j, void *object)
{
	struct suan_policy *p = object;
	bool protect;

	if (!suan_json_bool(j, &protect))
		return false;
	p->ignore_homes = !protect;
	return true;
}

static const struct suan_key policy_table[] = {
	CALL("kind", read_kind),
	WHOLE("plan_depth", suan_policy, plan_depth, 1, 1000000),
	WHOLE("plan_steps", suan_policy, plan_steps, 0, 1000000000),
	DURATION("default_walltime", suan_policy, default_walltime_ms, 3),
	DURATION("max_walltime", suan_policy, max_walltime_ms, 3),
	WHOLE("max_pending", suan_policy, max_pending, 0, 100000000),
	WHOLE("max_attempts", suan_policy, max_attempts, 1, 1000),
	CALL("preemption", read_preemption),
	CALL("packing", read_packing),
	CALL("protect_homes", read_protect_homes),
	WHOLE("max_reservations_per_user", suan_policy, max_reservations, 0, 100000000),
	WHOLE("max_reserved_node_hours", suan_policy, max_node_hours, 0, 1000000000),
	DURATION("reservation_horizon", suan_policy, reserve_horizon_ms, 3),
};

static bool read_policy(struct suan_json *j, void *object)
{
	static const struct suan_keys keys = KEYS(policy_table);
	struct suan_settings *s = object;
	struct suan_policy *p = &s->policy;

	if (!suan_keys_read(j, &keys, p))
		return false;
	if (p->max_walltime_ms && p->default_walltime_ms > p->max_walltime_ms)
		return suan_json_fail(j, SUAN_EINVAL,
				      "expected a default_walltime of at most max_walltime");
	return true;
}

static bool read_store(struct suan_json *j, void *object)
{
	static const char *const words[] = {"sqlite", "memory", NULL};
	struct suan_settings *s = object;

	return read_word(j, words, &s->store);
}

static bool read_log_level(struct suan_json *j, void *object)
{
	static const char *const words[] = {"debug", "info", "warn", "error", NULL};
	struct suan_settings *s = object;

	return read_word(j, words, &s->log_level);
}

static bool read_log_format(struct suan_json *j, void *object)
{
	static const char *const words[] = {"text", "json", NULL};
	struct suan_settings *s = object;

	return read_word(j, words, &s->log_format);
}

static bool read_accounts(struct suan_json *j, void *object)
{
	struct suan_settings *s = object;

	s->has_accounts = true;
	return suan_accounts_read_list(j, &s->accounts);
}

static bool read_qos(struct suan_json *j, void *object)
{
	struct suan_settings *s = object;

	s->has_accounts = true;
	return suan_accounts_read_qos(j, &s->accounts);
}

static bool read_share(struct suan_json *j, void *object)
{
	struct suan_settings *s = object;

	s->has_accounts = true;
	return suan_accounts_read_share(j, &s->accounts);
}

static const struct suan_key settings_table[] = {
	STRING("data", data),
	STRING("network", network),
	STRING("listen", listen),
	CALL("store", read_store),
	{.name = "insecure_local", .type = SUAN_KEY_BOOL,
	 .at = offsetof(struct suan_settings, insecure_local)},
	STRING("tls_cert", tls_cert),
	STRING("tls_key", tls_key),
	CALL("log_level", read_log_level),
	CALL("log_format", read_log_format),
	CALL("policy", read_policy),
	STRING("home", home),
	{.name = "max_request_bytes", .type = SUAN_KEY_SIZE,
	 .at = offsetof(struct suan_settings, max_request_bytes), .min = 1024,
	 .max = 16384 * MIB},
	WHOLE("max_connections", suan_settings, max_connections, 1, 1000000),
	WHOLE("http_threads", suan_settings, http_threads, 1, 64),
	{.name = "snapshot_bytes", .type = SUAN_KEY_SIZE,
	 .at = offsetof(struct suan_settings, snapshot_bytes), .min = MIB, .max = MIB << 24},
	WHOLE("keep_finished", suan_settings, keep_finished, 0, 100000000),
	DURATION("grace_ms", suan_settings, grace_ms, 0),
	CALL("accounts", read_accounts),
	CALL("qos", read_qos),
	CALL("fair_share", read_share),
	STRING("default_account", accounts.default_account),
	STRING("default_qos", accounts.default_qos),
};

void suan_settings_init(struct suan_settings *s)
{
	*s = (struct suan_settings){
		.data = "", .network = "", .listen = "127.0.0.1:7070", .store = "sqlite",
		.home = "", .tls_cert = "", .tls_key = "",
		.log_level = "info", .log_format = "text",
		.max_request_bytes = 64 * (uint64_t)MIB, .max_connections = 4096,
		.http_threads = 1, .snapshot_bytes = 256 * (uint64_t)MIB,
		.keep_finished = 1000000, .grace_ms = 5000,
		.policy = {.kind = SUAN_POLICY_SUAN, .plan_steps = SUAN_PLAN_STEPS,
			   .packing = SUAN_FRAGMENTATION},
	};
	suan_accounts_init(&s->accounts);
}

/* Accounts and classes are one thing in several keys. */
static enum suan_code finish(struct suan_settings *s, const char *file_name, struct suan_err *err)
{
	enum suan_code rc;

	s->has_accounts |= s->accounts.default_account[0] || s->accounts.default_qos[0];
	rc = suan_accounts_finish(&s->accounts, err);
	if (rc == SUAN_EINVAL)
		suan_err_prefix(err, "%s", file_name);
	return rc;
}

enum suan_code suan_settings_parse(const char *text, size_t n, const char *file_name,
				   struct suan_arena *arena, struct suan_settings *ret,
				   struct suan_err *err)
{
	static const struct suan_keys keys = KEYS(settings_table);
	struct suan_settings s = *ret;
	struct suan_yaml y;
	struct suan_json j;
	enum suan_code rc;

	if (n > MOST_FILE)
		return suan_fail(err, SUAN_ETOOBIG, "%s: settings may have %u bytes, found %zu",
				 file_name, MOST_FILE, n);
	rc = suan_yaml_open(&y, text, n, err);
	if (rc != SUAN_OK) {
		suan_err_prefix(err, "%s", file_name);
		goto out;
	}
	suan_yaml_reader(&y, file_name, arena, &j, err);
	if (!suan_keys_read(&j, &keys, &s) || !suan_json_finish(&j))
		rc = j.code;
	else if (!s.tls_cert[0] != !s.tls_key[0])
		rc = suan_fail_field(err, SUAN_EINVAL, s.tls_cert[0] ? "tls_key" : "tls_cert",
				     "%s: expected both tls_cert and tls_key, found one of them",
				     file_name);
	else
		rc = finish(&s, file_name, err);
	if (rc == SUAN_OK)
		*ret = s;
out:
	suan_yaml_close(&y);
	return rc;
}
