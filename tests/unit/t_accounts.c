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

/* ---- in force ---- */

static uint64_t submit(struct kit *k, const char *account, const char *qos, uint32_t cores)
{
	struct suan_job_spec s = kit_job(1, cores, 60000);

	s.account = account;
	s.qos = qos;
	return kit_submit(k, &s);
}

static void t_names(void)
{
	struct accounts_kit a;
	struct kit k;

	kit_one_pool(&k, 2, 4);
	is_int((int64_t)submit(&k, "x", "y", 1), 1, "without accounts any name will do");
	accounts_full(&a);
	accounts_set(&k, &a);
	is_int((int64_t)submit(&k, "x", "", 1), 0, "then no more");
	is_int(k.fx.code, SUAN_EINVAL, "it is wrong");
	is_str(k.err.field, "account", "the account");
	ok(strstr(k.err.text, "org/film") != NULL, "the others are named: %s", k.err.text);
	is_int((int64_t)submit(&k, "edu", "best", 1), 0, "nor any class");
	is_str(k.err.field, "qos", "the class");
	ok(strstr(k.err.text, "normal, low, high") != NULL, "the others: %s", k.err.text);
	is_int((int64_t)submit(&k, "", "", 1), 2, "without any");
	is_str(kit_view(&k, 2).account, "edu", "it gets the default account");
	is_str(kit_view(&k, 2).qos, "normal", "and the default class");
	a.all.default_account = a.all.default_qos = "";
	accounts_set(&k, &a);
	is_int((int64_t)submit(&k, "", "", 1), 0, "without a default it must name one");
	is_str(k.err.field, "account", "the account");
	is_int((int64_t)submit(&k, "edu", "", 1), 3, "but no class");
	is_str(kit_view(&k, 3).qos, "", "then it has none");
	kit_pass(&k);
	ok(kit_good(&k), "all invariants hold");
	accounts_empty(&a);
	accounts_set(&k, &a);
	is_int((int64_t)submit(&k, "x", "y", 1), 4, "and then any name again");
	kit_pass(&k);
	ok(kit_good(&k), "all invariants hold");
	kit_done(&k);
}

static void t_class(void)
{
	struct accounts_kit a;
	struct suan_job_spec s = kit_job(1, 4, 0);
	struct kit k;

	kit_one_pool(&k, 1, 4);
	kit_policy(&k, &(struct suan_policy){.kind = SUAN_POLICY_EASY});
	accounts_full(&a);
	accounts_set(&k, &a);
	s.account = "edu";
	kit_submit(&k, &s);
	kit_pass(&k);
	kit_submit(&k, &s);
	s.qos = "high";
	kit_submit(&k, &s);
	is_int(kit_view(&k, 3).walltime_ms, 3600000, "the default walltime is cut at the longest");
	s.walltime_ms = 3600001;
	is_int((int64_t)kit_submit(&k, &s), 0, "more is refused");
	is_int(k.fx.refused, SUAN_R_TOO_LONG, "as too long");
	ok(k.fx.a == 3600001 && k.fx.b == 3600000, "with the numbers");
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, 3, 0), SUAN_STAGING, "the higher class goes first");
	is_int(kit_state(&k, 2, 0), SUAN_PENDING, "who came before waits");
	s.walltime_ms = 1000;
	s.qos = "low";
	s.priority = INT32_MIN;
	kit_submit(&k, &s);
	s.qos = "high";
	s.priority = INT32_MAX;
	kit_submit(&k, &s);
	kit_pass(&k);
	ok(kit_good(&k), "priorities at their ends");
	kit_done(&k);
}

static void t_quota(void)
{
	struct accounts_kit a;
	struct suan_quota_view q;
	struct suan_job_spec s = kit_job(1, 4, 1000);
	struct suan_forecast_view f;
	struct suan_candidate c[2];
	struct suan_engine *next;
	struct kit k;
	uint64_t hash, limited = 0, deep = 0;
	int64_t when;
	uint32_t n;

	kit_one_pool(&k, 4, 4);
	accounts_full(&a);
	a.accounts[0].limits.most[SUAN_LIMIT_CORES] = 6;
	accounts_set(&k, &a);
	submit(&k, "org/ai", "", 4);
	submit(&k, "org/film", "", 4);
	submit(&k, "edu", "", 4);
	submit(&k, "org", "", 2);
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "the first of an account");
	is_int(kit_state(&k, 2, 0), SUAN_PENDING, "a second that would pass its limit waits");
	is_int(kit_state(&k, 3, 0), SUAN_STAGING, "others go ahead");
	is_int(kit_state(&k, 4, 0), SUAN_STAGING, "and so does what there is room for");
	is_int(kit_view(&k, 2).reason, SUAN_R_QUOTA, "the reason");
	ok(kit_view(&k, 2).reason_a == 6 && kit_view(&k, 2).reason_b == 6, "with its numbers");
	is_int(kit_view(&k, 2).predicted_start_ms, 0, "nothing is predicted");
	is_int(kit_view(&k, 2).predicted_p50_ms, 0, "in no way");
	ok(suan_engine_quota(k.e, 2, &q), "more about it");
	is_str(q.account, "org", "the account whose limit it is");
	is_str(q.qos, "", "no class");
	is_str(q.user, "", "all its users");
	ok(q.limit == SUAN_LIMIT_CORES && q.used == 6 && q.want == 4 && q.most == 6, "cores");
	ok(!suan_engine_quota(k.e, 3, &q) && !suan_engine_quota(k.e, 99, &q), "no limit, no job");
	n = suan_engine_why(k.e, (struct suan_run_id){2, 0, 0}, c, 2, &when);
	ok(n == 1 && c[0].reason == SUAN_R_QUOTA && c[0].start_ms == SUAN_FOREVER,
	   "no pool can take it");
	ok(kit_good(&k), "all invariants hold");
	hash = suan_engine_hash(k.e);
	s.account = "org/ai";
	s.user = "newcomer";
	n = suan_engine_quote(k.e, &s, k.now, c, 2);
	ok(n == 1 && c[0].reason == SUAN_R_QUOTA && c[0].start_ms == SUAN_FOREVER &&
		   c[0].a == 6 && c[0].b == 6,
	   "a question about such a job has the same answer");
	ok(suan_engine_quote_quota(k.e, &s, &q) && q.used == 6 && q.want == 4 && q.most == 6 &&
		   q.limit == SUAN_LIMIT_CORES,
	   "with the limit");
	is_str(q.account, "org", "and whose it is");
	s.account = "edu";
	n = suan_engine_quote(k.e, &s, k.now, c, 2);
	ok(n == 1 && c[0].reason == SUAN_R_CHOSEN, "elsewhere there is room");
	ok(!suan_engine_quote_quota(k.e, &s, &q), "without a limit");
	ok(suan_engine_hash(k.e) == hash && kit_good(&k), "a question changes nothing");
	kit_ended(&k, 4, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, 2, 0), SUAN_PENDING, "two cores are not enough");
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, 2, 0), SUAN_STAGING, "then there is room");
	for (uint32_t i = 0; suan_engine_forecast(k.e, i, &f); i++) {
		limited += f.kind == SUAN_FORECASTS_LIMITED ? f.count : 0;
		deep += f.kind == SUAN_FORECASTS_DEEP ? f.count : 0;
	}
	ok(limited == 1 && deep == 0, "and its wait is counted apart, not as one in the queue");
	next = again(k.e, false, 0);
	ok(next && suan_engine_hash(next) == suan_engine_hash(k.e), "a snapshot knows of it");
	suan_engine_free(next);
	is_int((int64_t)submit(&k, "org", "", 7), 0, "more than the limit is never taken");
	is_int(k.fx.refused, SUAN_R_OVER_QUOTA, "as too much");
	kit_done(&k);
}

static void t_over_quota(void)
{
	struct accounts_kit a;
	struct suan_job_spec s = kit_job(1, 1, 1000);
	struct kit k;

	kit_one_pool(&k, 2, 4);
	accounts_full(&a);
	a.accounts[0].limits.most[SUAN_LIMIT_CORES] = 3;
	accounts_set(&k, &a);
	is_int((int64_t)submit(&k, "org", "", 4), 0, "larger than the limit");
	is_int(k.fx.refused, SUAN_R_OVER_QUOTA, "refused");
	ok(k.fx.a == 4 && k.fx.b == 3, "with the numbers");
	s.account = "org";
	s.req.exclusive = true;
	is_int((int64_t)kit_submit(&k, &s), 1, "what whole nodes take is seen at the pool");
	kit_pass(&k);
	is_int(kit_view(&k, 1).reason, SUAN_R_QUOTA, "four cores are too many");
	a.accounts[0].limits.most[SUAN_LIMIT_CORES] = 4;
	accounts_set(&k, &a);
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "with more room it starts");
	a.accounts[0].limits.most[SUAN_LIMIT_CORES] = 1;
	accounts_set(&k, &a);
	kit_pass(&k);
	ok(kit_good(&k), "a limit below what runs stops nothing");
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "it runs on");
	submit(&k, "org", "", 1);
	kit_pass(&k);
	is_int(kit_view(&k, 2).reason, SUAN_R_QUOTA, "and nothing more starts");
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(kit_state(&k, 2, 0), SUAN_STAGING, "until it fits");
	ok(kit_good(&k), "all invariants hold");
	kit_done(&k);
}

static void t_pending(void)
{
	struct suan_job_spec bulk[4];
	struct suan_event ev = {.type = SUAN_EV_SUBMIT, .u.submit = {.jobs = bulk, .njobs = 4}};
	struct accounts_kit a;
	struct kit k;

	kit_one_pool(&k, 1, 1);
	accounts_full(&a);
	accounts_set(&k, &a);
	for (int i = 0; i < 4; i++) {
		bulk[i] = kit_job(1, 1, 1000);
		bulk[i].account = "edu";
	}
	kit_step(&k, &ev);
	is_int(k.fx.code, SUAN_OK, "four of five");
	kit_step(&k, &ev);
	is_int(k.fx.refused, SUAN_R_QUEUE_FULL, "eight are too many");
	is_int(k.fx.refused_item, 1, "the second of them is");
	ok(k.fx.a == 5 && k.fx.b == 5, "with the numbers");
	for (int i = 0; i < 4; i++)
		bulk[i].user = i < 2 ? "v" : "w";
	kit_step(&k, &ev);
	is_int(k.fx.code, SUAN_OK, "it is for each user");
	kit_pass(&k);
	is_int((int64_t)submit(&k, "edu", "", 1), 9, "what started does not wait");
	is_int((int64_t)submit(&k, "edu", "", 1), 10, "and leaves room for one more");
	is_int((int64_t)submit(&k, "edu", "", 1), 0, "only");
	kit_all(&k, SUAN_EV_CANCEL, 2);
	is_int((int64_t)submit(&k, "edu", "", 1), 11, "nor what was cancelled");
	ok(kit_good(&k), "all invariants hold");
	kit_done(&k);
}

static void t_views(void)
{
	struct suan_account_view v, u;
	struct suan_qos_view q;
	struct accounts_kit a;
	struct suan_engine *next;
	struct kit k;

	kit_one_pool(&k, 2, 4);
	accounts_full(&a);
	accounts_set(&k, &a);
	submit(&k, "org/ai", "low", 1);
	submit(&k, "edu", "high", 3);
	submit(&k, "edu", "high", 4);
	submit(&k, "edu", "high", 4);
	kit_pass(&k);
	k.now += 3600000;
	kit_pass(&k);
	ok(suan_engine_account(k.e, 0, k.now, &v), "the first account");
	is_str(v.name, "org", "its name");
	ok(v.runs == 1 && v.cores == 1 && v.pending == 0, "what is below it runs");
	is_int(v.share_ppm, 750000, "three of four");
	ok(v.used_cores == 0, "the class counts nothing");
	ok(suan_engine_account(k.e, 1, k.now, &v), "below it");
	is_int(v.share_ppm, 500000, "two thirds of that");
	is_int(v.depth, 1, "one level down");
	ok(suan_engine_account(k.e, 3, k.now, &v) && v.runs == 2 && v.pending == 1, "the last");
	ok(v.used_cores > 24000 * 1000 && v.used_cores < 25200 * 1000, "seven cores for an hour");
	is_int(v.factor_ppm, 1000000, "nobody else waits: all of the head start");
	ok(!suan_engine_account(k.e, 4, k.now, &v), "no more");
	ok(suan_engine_account_user(k.e, 1, k.now, &u) && strcmp(u.user, "u") == 0, "its user");
	ok(u.used_cores == v.used_cores || u.number == 3, "has it all");
	ok(!suan_engine_account_user(k.e, 2, k.now, &u), "no more");
	ok(suan_engine_qos(k.e, 2, &q) && q.runs == 2 && q.cores == 7 && q.pending == 1, "high");
	ok(suan_engine_qos(k.e, 1, &q) && q.runs == 1 && q.cores == 1, "low");
	ok(!suan_engine_qos(k.e, 3, &q), "no more");
	next = again(k.e, false, 0);
	ok(next && suan_engine_account(next, 3, k.now, &u) && u.used_cores == v.used_cores &&
		   u.cores == v.cores && u.pending == v.pending && u.factor_ppm == v.factor_ppm,
	   "all of it is in a snapshot");
	suan_engine_free(next);
	a.all.naccounts = 4;
	a.accounts[2] = a.accounts[3];
	a.all.naccounts = 3;
	accounts_set(&k, &a);
	ok(suan_engine_account(k.e, 2, k.now, &u) && strcmp(u.name, "edu") == 0 &&
		   u.used_cores == v.used_cores,
	   "usage stays with the name");
	ok(kit_good(&k), "all invariants hold");
	kit_done(&k);
}

/* A run that grew with its pool is counted anew, and usage of nobody is forgotten. */
static void t_change(void)
{
	struct suan_job_spec s = kit_job(1, 1, 1000);
	struct suan_account_view v;
	struct accounts_kit a;
	struct kit k;

	kit_one_pool(&k, 1, 4);
	accounts_full(&a);
	accounts_set(&k, &a);
	s.account = "edu";
	s.req.exclusive = true;
	kit_submit(&k, &s);
	kit_pass(&k);
	k.pools[0][0].cores = 8;
	kit_network(&k);
	kit_pass(&k);
	ok(suan_engine_account(k.e, 3, k.now, &v) && v.cores == 8, "the whole node, as it is now");
	ok(kit_good(&k), "all invariants hold");
	k.now += 1000;
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	ok(suan_engine_account_user(k.e, 0, k.now, &v) && v.used_cores > 7000, "it was used");
	kit_all(&k, SUAN_EV_FORGET, 1);
	k.now += 30 * INT64_C(86400000);
	kit_pass(&k);
	ok(!suan_engine_account_user(k.e, 0, k.now, &v), "after a month nobody remembers");
	ok(kit_good(&k), "all invariants hold");
	kit_done(&k);
}

/* A job of a class without an account; then of neither. */
static void t_no_account(void)
{
	struct accounts_kit a;
	struct kit k;

	kit_one_pool(&k, 4, 4);
	accounts_empty(&a);
	kit_qos(&a, "few", 0);
	kit_limit(&a.qos[0].user_limits, SUAN_LIMIT_RUNS, 1);
	accounts_set(&k, &a);
	submit(&k, "", "few", 1);
	submit(&k, "", "few", 1);
	submit(&k, "any", "", 1);
	kit_pass(&k);
	is_int(kit_state(&k, 1, 0), SUAN_STAGING, "one of a user");
	is_int(kit_view(&k, 2).reason, SUAN_R_QUOTA, "not two");
	is_int(kit_state(&k, 3, 0), SUAN_STAGING, "without a class no limit");
	ok(kit_good(&k), "all invariants hold");
	kit_done(&k);
}

int main(void)
{
	t_check();
	t_ranges();
	t_depth();
	t_record();
	t_state();
	t_classes();
	t_names();
	t_class();
	t_quota();
	t_over_quota();
	t_pending();
	t_views();
	t_change();
	t_no_account();
	return tap_done();
}
