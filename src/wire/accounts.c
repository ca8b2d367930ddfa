#include "wire/accounts.h"

#include <stddef.h>
#include <string.h>

#include "wire/keys.h"
#include "wire/list.h"
#include "wire/yaml.h"

#define MOST_FILE    (4u << 20)
#define MILLION	     INT64_C(1000000)
#define TEN_YEARS_MS (INT64_C(3650) * 24 * 3600 * 1000)
#define NOT_GIVEN    (-1) /* weight_ms until suan_accounts_finish */

#define STRING(key, object, member)                                                                \
	{                                                                                          \
		.name = key, .type = SUAN_KEY_STRING, .at = offsetof(struct object, member)        \
	}
#define NAME(key, object, member)                                                                  \
	{                                                                                          \
		.name = key, .type = SUAN_KEY_STRING, .at = offsetof(struct object, member),       \
		.required = true                                                                   \
	}
#define DURATION(key, object, member)                                                              \
	{                                                                                          \
		.name = key, .type = SUAN_KEY_DURATION, .digits = 3,                               \
		.at = offsetof(struct object, member), .max = TEN_YEARS_MS                         \
	}
#define CALL(key, function)                                                                        \
	{                                                                                          \
		.name = key, .type = SUAN_KEY_CALL, .read = function                               \
	}
#define KEYS(table)                                                                                \
	{                                                                                          \
		table, sizeof(table) / sizeof((table)[0])                                          \
	}

/* ---- limits ---- */

struct limits {
	uint64_t most[SUAN_NLIMITS]; /* UINT64_MAX: not given */
};

#define COUNT(key, limit)                                                                          \
	{                                                                                          \
		.name = key, .type = SUAN_KEY_U64, .at = (limit) * sizeof(uint64_t),               \
		.max = 1000000 * MILLION                                                           \
	}

static const struct suan_key limit_table[] = {
	COUNT("runs", SUAN_LIMIT_RUNS),
	COUNT("cores", SUAN_LIMIT_CORES),
	COUNT("gpus", SUAN_LIMIT_GPUS),
	{.name = "memory",
	 .type = SUAN_KEY_SIZE,
	 .at = SUAN_LIMIT_MEMORY * sizeof(uint64_t),
	 .max = INT64_C(1) << 60},
	COUNT("pending", SUAN_LIMIT_PENDING),
};

static bool read_limits(struct suan_json *j, struct suan_limits *ret)
{
	static const struct suan_keys keys = KEYS(limit_table);
	struct limits l;

	for (int i = 0; i < SUAN_NLIMITS; i++)
		l.most[i] = UINT64_MAX;
	if (!suan_keys_read(j, &keys, &l))
		return false;
	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < SUAN_NLIMITS; i++) {
		if (l.most[i] == UINT64_MAX)
			continue;
		ret->most[i] = l.most[i];
		ret->set |= 1u << i;
	}
	return true;
}

/* ---- accounts ---- */

static bool account_limits(struct suan_json *j, void *object)
{
	return read_limits(j, &((struct suan_account_spec *)object)->limits);
}

static bool account_user_limits(struct suan_json *j, void *object)
{
	return read_limits(j, &((struct suan_account_spec *)object)->user_limits);
}

static const struct suan_key account_table[] = {
	NAME("name", suan_account_spec, name),
	STRING("parent", suan_account_spec, parent),
	{.name = "shares",
	 .type = SUAN_KEY_U32,
	 .at = offsetof(struct suan_account_spec, shares),
	 .max = 1000 * MILLION},
	CALL("limits", account_limits),
	CALL("user_limits", account_user_limits),
};

/* One object more in a list of them. */
static void *add_item(struct suan_json *j, void *list, uint32_t n, size_t size)
{
	void *moved = suan_list_room(j->arena, list, n, size);

	if (!moved)
		suan_json_fail(j, SUAN_ENOMEM, "out of memory");
	return moved;
}

static void init_account(void *item)
{
	*(struct suan_account_spec *)item =
		(struct suan_account_spec){.name = "", .parent = "", .shares = 1};
}

bool suan_accounts_read_list(struct suan_json *j, struct suan_accounts *a)
{
	static const struct suan_key_items kind = {KEYS(account_table),
						   sizeof(struct suan_account_spec), init_account};
	void *list;

	if (!suan_keys_items(j, &kind, &list, &a->naccounts))
		return false;
	a->accounts = list;
	return true;
}

/* ---- classes ---- */

static bool qos_limits(struct suan_json *j, void *object)
{
	return read_limits(j, &((struct suan_qos_spec *)object)->limits);
}

static bool qos_user_limits(struct suan_json *j, void *object)
{
	return read_limits(j, &((struct suan_qos_spec *)object)->user_limits);
}

static bool qos_preempts(struct suan_json *j, void *object)
{
	struct suan_qos_spec *q = object;
	const char **list = NULL;
	uint32_t n = 0;

	if (!suan_json_array(j))
		return false;
	for (; suan_json_element(j); n++) {
		list = add_item(j, list, n, sizeof(*list));
		if (!list || !suan_json_string(j, &list[n]))
			return false;
	}
	q->preempts = (struct suan_names){list, n};
	return !j->failed;
}

static const struct suan_key qos_table[] = {
	NAME("name", suan_qos_spec, name),
	{.name = "priority",
	 .type = SUAN_KEY_I32_FIXED,
	 .at = offsetof(struct suan_qos_spec, priority),
	 .min = -1000 * MILLION,
	 .max = 1000 * MILLION},
	{.name = "usage_factor",
	 .type = SUAN_KEY_U32_FIXED,
	 .digits = 3,
	 .at = offsetof(struct suan_qos_spec, usage_factor_milli),
	 .max = MILLION},
	DURATION("max_walltime", suan_qos_spec, max_walltime_ms),
	DURATION("grace", suan_qos_spec, grace_ms),
	{.name = "preemptable",
	 .type = SUAN_KEY_BOOL,
	 .at = offsetof(struct suan_qos_spec, preemptable)},
	{.name = "preempt_cancels",
	 .type = SUAN_KEY_BOOL,
	 .at = offsetof(struct suan_qos_spec, preempt_cancels)},
	CALL("preempts", qos_preempts),
	CALL("limits", qos_limits),
	CALL("user_limits", qos_user_limits),
};

static void init_qos(void *item)
{
	*(struct suan_qos_spec *)item =
		(struct suan_qos_spec){.name = "", .usage_factor_milli = 1000};
}

bool suan_accounts_read_qos(struct suan_json *j, struct suan_accounts *a)
{
	static const struct suan_key_items kind = {KEYS(qos_table), sizeof(struct suan_qos_spec),
						   init_qos};
	void *list;

	if (!suan_keys_items(j, &kind, &list, &a->nqos))
		return false;
	a->qos = list;
	return true;
}

/* ---- fair shares, and all ---- */

static const struct suan_key share_table[] = {
	DURATION("half_life", suan_fair_share, half_life_ms),
	DURATION("weight", suan_fair_share, weight_ms),
	DURATION("period", suan_fair_share, period_ms),
};

bool suan_accounts_read_share(struct suan_json *j, struct suan_accounts *a)
{
	static const struct suan_keys keys = KEYS(share_table);

	return suan_keys_read(j, &keys, &a->fair_share);
}

void suan_accounts_init(struct suan_accounts *a)
{
	*a = (struct suan_accounts){
		.default_account = "", .default_qos = "", .fair_share = {.weight_ms = NOT_GIVEN}};
}

enum suan_code suan_accounts_finish(struct suan_accounts *a, struct suan_err *err)
{
	if (a->fair_share.weight_ms == NOT_GIVEN)
		a->fair_share.weight_ms = a->naccounts > 0 ? SUAN_USUAL_WEIGHT_MS : 0;
	return suan_accounts_check(a, err);
}

static bool all_list(struct suan_json *j, void *object)
{
	return suan_accounts_read_list(j, object);
}

static bool all_qos(struct suan_json *j, void *object)
{
	return suan_accounts_read_qos(j, object);
}

static bool all_share(struct suan_json *j, void *object)
{
	return suan_accounts_read_share(j, object);
}

static const struct suan_key all_table[] = {
	CALL("accounts", all_list),
	CALL("qos", all_qos),
	CALL("fair_share", all_share),
	STRING("default_account", suan_accounts, default_account),
	STRING("default_qos", suan_accounts, default_qos),
};

enum suan_code suan_accounts_parse(const char *text, size_t n, const char *file_name,
				   struct suan_arena *arena, struct suan_accounts *ret,
				   struct suan_err *err)
{
	static const struct suan_keys keys = KEYS(all_table);
	struct suan_accounts a;
	struct suan_yaml y;
	struct suan_json j;
	enum suan_code rc;

	if (n > MOST_FILE)
		return suan_fail(err, SUAN_ETOOBIG, "%s: accounts may have %u bytes, found %zu",
				 file_name, MOST_FILE, n);
	suan_accounts_init(&a);
	rc = suan_yaml_open(&y, text, n, err);
	if (rc == SUAN_OK) {
		suan_yaml_reader(&y, file_name, arena, &j, err);
		if (!suan_keys_read(&j, &keys, &a) || !suan_json_finish(&j))
			rc = j.code;
		else
			rc = suan_accounts_finish(&a, err);
		if (rc == SUAN_EINVAL && !j.failed)
			suan_err_prefix(err, "%s", file_name);
	} else {
		suan_err_prefix(err, "%s", file_name);
	}
	suan_yaml_close(&y);
	if (rc == SUAN_OK)
		*ret = a;
	return rc;
}
