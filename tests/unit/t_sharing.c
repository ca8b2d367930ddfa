/* Accounts, classes and fair shares in YAML, alone and among settings. */
#include "wire/accounts.h"

#include "lib/tap.h"
#include "wire/network.h"

static const char every[] =
	"accounts:\n"
	"  - {name: org, shares: 3, limits: {cores: 512, memory: 1TiB, gpus: 0}}\n"
	"  - {name: org/ai, parent: org, user_limits: {runs: 7, pending: 9}}\n"
	"qos:\n"
	"  - {name: low, preemptable: true, grace: 30s, preempt_cancels: true, usage_factor: "
	"0.25}\n"
	"  - name: high\n"
	"    priority: -5\n"
	"    max_walltime: 1h\n"
	"    preempts: [low]\n"
	"    limits: {runs: 1}\n"
	"    user_limits: {gpus: 2}\n"
	"fair_share: {half_life: 14d, weight: 3600, period: 1m}\n"
	"default_account: org/ai\n"
	"default_qos: low\n";

static enum suan_code parse(struct suan_arena *arena, const char *text, struct suan_accounts *ret,
			    struct suan_err *err)
{
	memset(err, 0, sizeof(*err));
	return suan_accounts_parse(text, strlen(text), "a.yaml", arena, ret, err);
}

static void t_every(void)
{
	struct suan_arena arena = {0};
	struct suan_accounts a;
	struct suan_err err;

	is_int(parse(&arena, every, &a, &err), SUAN_OK, "every key");
	is_str(err.text, "", "no error");
	ok(a.naccounts == 2 && a.nqos == 2, "all there");
	is_str(a.accounts[0].name, "org", "name");
	is_str(a.accounts[0].parent, "", "no parent");
	is_int(a.accounts[0].shares, 3, "shares");
	is_int(a.accounts[1].shares, 1, "one share by default");
	is_str(a.accounts[1].parent, "org", "parent");
	is_int(a.accounts[0].limits.set,
	       1 << SUAN_LIMIT_CORES | 1 << SUAN_LIMIT_MEMORY | 1 << SUAN_LIMIT_GPUS, "limits");
	ok(a.accounts[0].limits.most[SUAN_LIMIT_CORES] == 512 &&
		   a.accounts[0].limits.most[SUAN_LIMIT_MEMORY] == UINT64_C(1) << 40 &&
		   a.accounts[0].limits.most[SUAN_LIMIT_GPUS] == 0,
	   "their values");
	is_int(a.accounts[0].user_limits.set, 0, "none for each user");
	ok(a.accounts[1].user_limits.most[SUAN_LIMIT_RUNS] == 7 &&
		   a.accounts[1].user_limits.most[SUAN_LIMIT_PENDING] == 9,
	   "of each user");
	ok(a.qos[0].preemptable && a.qos[0].preempt_cancels && a.qos[0].grace_ms == 30000,
	   "preemptable, grace");
	is_int(a.qos[0].usage_factor_milli, 250, "usage factor");
	is_int(a.qos[1].usage_factor_milli, 1000, "one by default");
	is_int(a.qos[1].priority, -5, "priority");
	is_int(a.qos[1].max_walltime_ms, 3600000, "longest walltime");
	ok(a.qos[1].preempts.count == 1 && strcmp(a.qos[1].preempts.list[0], "low") == 0,
	   "preempts");
	is_int((int64_t)a.qos[1].limits.most[SUAN_LIMIT_RUNS], 1, "limits of a class");
	is_int((int64_t)a.qos[1].user_limits.most[SUAN_LIMIT_GPUS], 2, "and of its users");
	is_int(a.fair_share.half_life_ms, 14 * INT64_C(86400000), "half-life");
	is_int(a.fair_share.weight_ms, 3600000, "weight: a number is seconds");
	is_int(a.fair_share.period_ms, 60000, "period");
	is_str(a.default_account, "org/ai", "default account");
	is_str(a.default_qos, "low", "default class");
	suan_arena_done(&arena);
}

static void t_defaults(void)
{
	struct suan_arena arena = {0};
	struct suan_accounts a;
	struct suan_err err;

	is_int(parse(&arena, "{}", &a, &err), SUAN_OK, "nothing");
	ok(a.naccounts == 0 && a.nqos == 0 && a.fair_share.weight_ms == 0, "is nothing");
	is_int(parse(&arena, "accounts: [{name: a}]", &a, &err), SUAN_OK, "an account");
	is_int(a.fair_share.weight_ms, SUAN_USUAL_WEIGHT_MS, "has fair shares");
	is_int(parse(&arena, "{\"accounts\":[{\"name\":\"a\"}],\"fair_share\":{\"weight\":0}}", &a,
		     &err),
	       SUAN_OK, "JSON is YAML");
	is_int(a.fair_share.weight_ms, 0, "unless it says otherwise");
	suan_arena_done(&arena);
}

static void wrong(const char *text, const char *say)
{
	struct suan_arena arena = {0};
	struct suan_accounts a = {.naccounts = 77};
	struct suan_err err;

	is_int(parse(&arena, text, &a, &err), SUAN_EINVAL, text);
	ok(strstr(err.text, "a.yaml") && strstr(err.text, say), "says: %s", err.text);
	is_int(a.naccounts, 77, "nothing is given");
	suan_arena_done(&arena);
}

static void t_wrong(void)
{
	wrong("accounts: 5", "accounts");
	wrong("accounts: [{shares: 1}]", "name");
	wrong("accounts: [{name: a, share: 1}]", "shares");
	wrong("accounts: [{name: a, shares: -1}]", "shares");
	wrong("accounts: [{name: a, parent: b}]", "parent");
	wrong("accounts: [{name: a}, {name: a}]", "twice");
	wrong("accounts: [{name: a, limits: {cpus: 1}}]", "gpus");
	wrong("accounts: [{name: a, user_limits: {runs: many}}]", "runs");
	wrong("qos: [{name: q, preempts: [r]}]", "preempts");
	wrong("qos: [{name: q, preempts: r}]", "preempts");
	wrong("qos: [{name: q, preempts: [1]}]", "preempts");
	wrong("qos: [{name: q, usage_factor: 1001}]", "usage_factor");
	wrong("qos: [{name: q, limits: 1}]", "limits");
	wrong("qos: [{name: q, user_limits: 1}]", "user_limits");
	wrong("qos: {}", "qos");
	wrong("qos: [5]", "qos");
	wrong("fair_share: {half_life: 1s}", "half-life");
	wrong("fair_share: {halflife: 1d}", "half_life");
	wrong("default_account: x", "default account");
	wrong("account: []", "accounts");
	wrong("accounts: [", "a.yaml");
}

static void t_settings(void)
{
	static const char text[] = "data: d\naccounts: [{name: a}]\ndefault_account: a\n"
				   "qos: [{name: q}]\nfair_share: {weight: 1d}\n";
	static const char bad[] = "data: d\naccounts: [{name: a, parent: z}]\n";
	struct suan_arena arena = {0};
	struct suan_settings s;
	struct suan_err err = {0};

	suan_settings_init(&s);
	is_int(suan_settings_parse("data: d\n", 8, "s.yaml", &arena, &s, &err), SUAN_OK, "without");
	ok(!s.has_accounts, "nothing is said of accounts");
	suan_settings_init(&s);
	is_int(suan_settings_parse(text, strlen(text), "s.yaml", &arena, &s, &err), SUAN_OK,
	       "among other keys");
	ok(s.has_accounts && s.accounts.naccounts == 1 && s.accounts.nqos == 1, "they are there");
	is_int(s.accounts.fair_share.weight_ms, 86400000, "weight");
	suan_settings_init(&s);
	is_int(suan_settings_parse(bad, strlen(bad), "s.yaml", &arena, &s, &err), SUAN_EINVAL,
	       "an unknown parent");
	ok(strstr(err.text, "s.yaml") != NULL, "in that file: %s", err.text);
	suan_arena_done(&arena);
}

int main(void)
{
	t_every();
	t_defaults();
	t_wrong();
	t_settings();
	return tap_done();
}
