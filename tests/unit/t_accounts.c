/* Accounts and classes: what may be defined, as bytes and back, and in the state. */
#include "engine/accounts.h"

#include "engine/record.h"
#include "lib/accounts_kit.h"

static void refused(const struct accounts_kit *k, const char *field, const char *word)
{
	struct suan_err err = {0};

	is_int(suan_accounts_check(&k->all, &err), SUAN_EINVAL, word);
	is_str(err.field, field, "the field at fault");
	ok(strstr(err.text, word) != NULL, "and why: %s", err.text);
}

static void t_check(void)
{
	struct accounts_kit k;
	struct suan_err err = {0};

	accounts_empty(&k);
	is_int(suan_accounts_check(&k.all, &err), SUAN_OK, "nothing is right");
	accounts_full(&k);
	is_int(suan_accounts_check(&k.all, &err), SUAN_OK, "a tree and classes");
	k.accounts[1].parent = "nobody";
	refused(&k, "accounts/org/ai", "parent is not an account");
	accounts_full(&k);
	k.accounts[0].parent = "org/ai";
	refused(&k, "accounts/org", "below itself");
	accounts_full(&k);
	k.accounts[3].parent = "edu";
	refused(&k, "accounts/edu", "below itself");
	accounts_full(&k);
	k.accounts[3].name = "org";
	refused(&k, "accounts/org", "there twice");
	k.accounts[3].name = "a b";
	refused(&k, "accounts/a b", "not a name");
	k.accounts[3].name = "";
	refused(&k, "accounts/", "not a name");
	accounts_full(&k);
	k.accounts[0].shares = 1000000001;
	refused(&k, "accounts/org", "shares");
	accounts_full(&k);
	k.qos[0].name = "low";
	refused(&k, "qos/low", "there twice");
	k.qos[0].name = "x,y";
	refused(&k, "qos/x,y", "not a name");
	accounts_full(&k);
	k.preempts[0] = "lower";
	refused(&k, "qos/high", "not there");
	k.preempts[0] = "high";
	refused(&k, "qos/high", "itself");
	accounts_full(&k);
	k.qos[0].usage_factor_milli = 1000001;
	refused(&k, "qos/normal", "usage factor");
	accounts_full(&k);
	k.qos[0].grace_ms = -1;
	refused(&k, "qos/normal", "negative");
	accounts_full(&k);
	k.all.default_account = "x";
	refused(&k, "default_account", "not an account");
	accounts_full(&k);
	k.all.default_qos = "x";
	refused(&k, "default_qos", "not a class");
}

static void t_ranges(void)
{
	struct accounts_kit k;

	accounts_full(&k);
	k.all.fair_share.half_life_ms = 59999;
	refused(&k, "fair_share/half_life", "1 minute");
	k.all.fair_share.half_life_ms = INT64_C(31536000001);
	refused(&k, "fair_share/half_life", "365 days");
	k.all.fair_share.half_life_ms = 0;
	k.all.fair_share.weight_ms = -1;
	refused(&k, "fair_share/weight", "head start");
	k.all.fair_share.weight_ms = 0;
	k.all.fair_share.period_ms = 999;
	refused(&k, "fair_share/period", "1 second");
	accounts_full(&k);
	k.all.naccounts = SUAN_MOST_ACCOUNTS + 1;
	refused(&k, "", "too many");
}

static void t_depth(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
	struct suan_account_spec list[9];
	struct accounts_kit k;
	struct suan_err err = {0};

	accounts_empty(&k);
	k.all.accounts = list;
	for (uint32_t i = 0; i < 9; i++)
		list[i] = (struct suan_account_spec){.name = names[i],
						     .parent = i > 0 ? names[i - 1] : ""};
	k.all.naccounts = 8;
	is_int(suan_accounts_check(&k.all, &err), SUAN_OK, "eight levels");
	k.all.naccounts = 9;
	refused(&k, "accounts/i", "deeper than 8");
}

static bool same_limits(const struct suan_limits *a, const struct suan_limits *b)
{
	return a->set == b->set && memcmp(a->most, b->most, sizeof(a->most)) == 0;
}

static bool same(const struct suan_accounts *a, const struct suan_accounts *b)
{
	bool good = a->naccounts == b->naccounts && a->nqos == b->nqos &&
		    strcmp(a->default_account, b->default_account) == 0 &&
		    strcmp(a->default_qos, b->default_qos) == 0 &&
		    memcmp(&a->fair_share, &b->fair_share, sizeof(a->fair_share)) == 0;

	for (uint32_t i = 0; good && i < a->naccounts; i++) {
		const struct suan_account_spec *x = &a->accounts[i], *y = &b->accounts[i];

		good = strcmp(x->name, y->name) == 0 && strcmp(x->parent, y->parent) == 0 &&
		       x->shares == y->shares && same_limits(&x->limits, &y->limits) &&
		       same_limits(&x->user_limits, &y->user_limits);
	}
	for (uint32_t i = 0; good && i < a->nqos; i++) {
		const struct suan_qos_spec *x = &a->qos[i], *y = &b->qos[i];

		good = strcmp(x->name, y->name) == 0 && x->priority == y->priority &&
		       x->usage_factor_milli == y->usage_factor_milli &&
		       x->max_walltime_ms == y->max_walltime_ms && x->grace_ms == y->grace_ms &&
		       x->preemptable == y->preemptable &&
		       x->preempts.count == y->preempts.count &&
		       same_limits(&x->limits, &y->limits) &&
		       same_limits(&x->user_limits, &y->user_limits);
		for (uint32_t p = 0; good && p < x->preempts.count; p++)
			good = strcmp(x->preempts.list[p], y->preempts.list[p]) == 0;
	}
	return good;
}

/* The event in bytes: what is cut short or changed is noticed. */
static void t_record(void)
{
	struct accounts_kit k;
	struct suan_event ev = {.seq = 1, .type = SUAN_EV_ACCOUNTS, .u.accounts = &k.all}, got;
	struct suan_arena arena = {0};
	struct suan_buf b;
	size_t pos = 0;
	uint32_t accepted = 0;

	accounts_full(&k);
	suan_buf_init(&b, 0);
	is_int(suan_record_put(&b, &ev, NULL), SUAN_OK, "written");
	is_int(suan_record_get(b.data, b.len, &pos, &arena, &got, NULL), SUAN_OK, "read");
	ok(got.type == SUAN_EV_ACCOUNTS && same(got.u.accounts, &k.all), "the same");
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 4;
		pos = 0;
		accepted += suan_record_get(b.data, b.len, &pos, &arena, &got, NULL) == SUAN_OK;
		b.data[i] ^= 4;
	}
	is_int(accepted, 0, "damage is noticed");
	suan_buf_done(&b);
	suan_arena_done(&arena);
}

static struct suan_engine *again(const struct suan_engine *e, bool flip, size_t at)
{
	struct suan_engine *next = NULL;
	struct suan_buf b;

	suan_buf_init(&b, 0);
	if (suan_engine_save(e, &b, NULL) != SUAN_OK)
		abort();
	if (flip)
		b.data[at % b.len] ^= 1;
	if (suan_engine_load(&next, b.data, b.len, NULL) != SUAN_OK)
		next = NULL;
	suan_buf_done(&b);
	return next;
}

static void t_state(void)
{
	struct accounts_kit a;
	struct suan_engine *next;
	struct suan_event ev = {.type = SUAN_EV_ACCOUNTS, .u.accounts = &a.all};
	struct kit k;
	uint64_t none;

	kit_one_pool(&k, 2, 4);
	none = suan_engine_hash(k.e);
	accounts_full(&a);
	is_int(suan_engine_check(k.e, &ev, &k.fx, &k.err), SUAN_OK, "asked");
	is_int(k.fx.code, SUAN_OK, "would be taken");
	is_int(accounts_set(&k, &a), SUAN_OK, "taken");
	ok(same(suan_engine_accounts(k.e), &a.all), "in the state");
	ok(suan_engine_hash(k.e) != none, "and in its hash");
	next = again(k.e, false, 0);
	ok(next && same(suan_engine_accounts(next), &a.all), "and in a snapshot");
	ok(next && suan_engine_hash(next) == suan_engine_hash(k.e), "the same state");
	suan_engine_free(next);
	a.accounts[1].parent = "nobody";
	is_int(suan_engine_check(k.e, &ev, &k.fx, &k.err), SUAN_OK, "asked about a wrong one");
	is_int(k.fx.code, SUAN_EINVAL, "would be refused");
	ev.seq = suan_engine_seq(k.e) + 1;
	ev.now_ms = k.now;
	none = suan_engine_hash(k.e);
	is_int(suan_engine_step(k.e, &ev, &k.fx, &k.err), SUAN_EINVAL, "is an error");
	ok(suan_engine_hash(k.e) == none, "that changes nothing");
	kit_done(&k);
}

static void t_classes(void)
{
	struct accounts_kit k;

	accounts_full(&k);
	is_int(suan_accounts_find(&k.all, "org/film"), 2, "an account by name");
	is_int(suan_accounts_find(&k.all, "film"), SUAN_NO_ACCOUNT, "no such account");
	is_int(suan_qos_find(&k.all, "high"), 2, "a class by name");
	is_int(suan_qos_find(&k.all, ""), SUAN_NO_ACCOUNT, "no such class");
	ok(suan_qos_may_preempt(&k.all, 2, 1), "high may stop low");
	ok(!suan_qos_may_preempt(&k.all, 1, 2), "low not high");
	ok(!suan_qos_may_preempt(&k.all, 2, 0), "high not normal");
	ok(!suan_qos_may_preempt(&k.all, SUAN_NO_ACCOUNT, 1), "no class stops nothing");
	ok(!suan_qos_may_preempt(&k.all, 2, SUAN_NO_ACCOUNT), "without a class not stopped");
	k.qos[1].preemptable = false;
	ok(!suan_qos_may_preempt(&k.all, 2, 1), "unless low is safe");
}

int main(void)
{
	t_check();
	t_ranges();
	t_depth();
	t_record();
	t_state();
	t_classes();
	return tap_done();
}
