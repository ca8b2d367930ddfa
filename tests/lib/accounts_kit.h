/* A small tree of accounts and three classes for tests; a test changes what it wants. */
#ifndef SUAN_TESTS_ACCOUNTS_KIT_H
#define SUAN_TESTS_ACCOUNTS_KIT_H

#include "lib/engine_kit.h"

#define KIT_ACCOUNTS 8
#define KIT_QOS	     4

struct accounts_kit {
	struct suan_account_spec accounts[KIT_ACCOUNTS];
	struct suan_qos_spec qos[KIT_QOS];
	const char *preempts[2];
	struct suan_accounts all;
};

static inline void kit_limit(struct suan_limits *l, enum suan_limit which, uint64_t most)
{
	l->most[which] = most;
	l->set |= 1u << which;
}

static inline struct suan_account_spec *kit_account(struct accounts_kit *k, const char *name,
						    const char *parent, uint32_t shares)
{
	struct suan_account_spec *a = &k->accounts[k->all.naccounts++];

	*a = (struct suan_account_spec){.name = name, .parent = parent, .shares = shares};
	return a;
}

static inline struct suan_qos_spec *kit_qos(struct accounts_kit *k, const char *name,
					    int32_t priority)
{
	struct suan_qos_spec *q = &k->qos[k->all.nqos++];

	*q = (struct suan_qos_spec){.name = name, .priority = priority,
				    .usage_factor_milli = 1000};
	return q;
}

static inline void accounts_empty(struct accounts_kit *k)
{
	memset(k, 0, sizeof(*k));
	k->all.accounts = k->accounts;
	k->all.qos = k->qos;
	k->all.default_account = k->all.default_qos = "";
}

/* org (3) with ai and film below it, edu (1); normal, high over low. */
static inline void accounts_full(struct accounts_kit *k)
{
	accounts_empty(k);
	kit_account(k, "org", "", 3);
	kit_account(k, "org/ai", "org", 2);
	kit_account(k, "org/film", "org", 1);
	kit_account(k, "edu", "", 1);
	kit_limit(&k->accounts[0].limits, SUAN_LIMIT_CORES, 100);
	kit_limit(&k->accounts[0].limits, SUAN_LIMIT_GPUS, 0);
	kit_limit(&k->accounts[3].user_limits, SUAN_LIMIT_PENDING, 5);
	kit_qos(k, "normal", 0);
	kit_qos(k, "low", -100)->preemptable = true;
	k->qos[1].usage_factor_milli = 0;
	k->qos[1].grace_ms = 30000;
	k->preempts[0] = "low";
	kit_qos(k, "high", 1000)->preempts = (struct suan_names){k->preempts, 1};
	k->qos[2].max_walltime_ms = 3600000;
	kit_limit(&k->qos[2].limits, SUAN_LIMIT_RUNS, 4);
	kit_limit(&k->qos[2].user_limits, SUAN_LIMIT_MEMORY, UINT64_C(64) << 30);
	k->all.default_account = "edu";
	k->all.default_qos = "normal";
	k->all.fair_share = (struct suan_fair_share){86400000, 7 * INT64_C(86400000), 60000};
}

static inline enum suan_code accounts_set(struct kit *k, const struct accounts_kit *a)
{
	struct suan_event ev = {.type = SUAN_EV_ACCOUNTS, .u.accounts = &a->all};

	return kit_step(k, &ev);
}

#endif
