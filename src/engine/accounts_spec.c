/* Definitions of accounts and classes: checked, copied, as bytes and back. */
#include "engine/accounts.h"
#include "engine/copier.h"

#include <stdio.h>
#include <string.h>

#include "engine/shares.h"

#define LONGEST_NAME	255u
#define MOST_SHARES	1000000000u
#define MOST_FACTOR	1000000u
#define YEAR_MS		INT64_C(31536000000)
#define LEAST_HALF_MS	60000
#define LEAST_PERIOD_MS 1000

/* ---- look-up ---- */

uint32_t suan_accounts_find(const struct suan_accounts *a, const char *name)
{
	for (uint32_t i = 0; i < a->naccounts; i++)
		if (strcmp(a->accounts[i].name, name) == 0)
			return i;
	return SUAN_NO_ACCOUNT;
}

uint32_t suan_qos_find(const struct suan_accounts *a, const char *name)
{
	for (uint32_t i = 0; i < a->nqos; i++)
		if (strcmp(a->qos[i].name, name) == 0)
			return i;
	return SUAN_NO_ACCOUNT;
}

bool suan_qos_may_preempt(const struct suan_accounts *a, uint32_t winner, uint32_t loser)
{
	const struct suan_names *list;

	if (winner >= a->nqos || loser >= a->nqos || !a->qos[loser].preemptable)
		return false;
	list = &a->qos[winner].preempts;
	for (uint32_t i = 0; i < list->count; i++)
		if (strcmp(list->list[i], a->qos[loser].name) == 0)
			return true;
	return false;
}

/* ---- check ---- */

static enum suan_code wrong(struct suan_err *err, const char *list, const char *name,
			    const char *text)
{
	char field[80];

	(void)snprintf(field, sizeof(field), "%s/%.60s", list, name);
	return suan_fail_field(err, SUAN_EINVAL, field, "%s \"%.100s\": %s", list, name, text);
}

static bool name_good(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > LONGEST_NAME)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == ',' || name[i] == '"' ||
		    name[i] == 127)
			return false;
	return true;
}

/* Steps up to the top; more than the depth allowed: too deep, or round and round. */
static bool depth_good(const struct suan_accounts *a, uint32_t i)
{
	for (uint32_t d = 0; d < SUAN_ACCOUNT_DEPTH; d++) {
		if (!a->accounts[i].parent[0])
			return true;
		i = suan_accounts_find(a, a->accounts[i].parent);
		if (i == SUAN_NO_ACCOUNT)
			return true; /* said of that one */
	}
	return false;
}

static enum suan_code check_account(const struct suan_accounts *a, uint32_t i, struct suan_err *err)
{
	const struct suan_account_spec *s = &a->accounts[i];

	if (!name_good(s->name))
		return wrong(err, "accounts", s->name, "not a name; right is one without blanks, "
			     "commas and quotes, of up to 255 bytes");
	if (suan_accounts_find(a, s->name) != i)
		return wrong(err, "accounts", s->name, "is there twice");
	if (s->parent[0] && suan_accounts_find(a, s->parent) == SUAN_NO_ACCOUNT)
		return wrong(err, "accounts", s->name, "its parent is not an account; right is "
			     "one of this list, or none");
	if (!depth_good(a, i))
		return wrong(err, "accounts", s->name, "lies below itself, or deeper than 8 "
			     "levels");
	if (s->shares > MOST_SHARES)
		return wrong(err, "accounts", s->name, "more than 1000000000 shares");
	return SUAN_OK;
}

static enum suan_code check_preempts(const struct suan_accounts *a, const struct suan_qos_spec *q,
				     struct suan_err *err)
{
	for (uint32_t k = 0; k < q->preempts.count; k++) {
		const char *name = q->preempts.list[k];

		if (strcmp(name, q->name) == 0)
			return wrong(err, "qos", q->name, "preempts itself; right are other "
				     "classes");
		if (suan_qos_find(a, name) == SUAN_NO_ACCOUNT)
			return wrong(err, "qos", q->name, "preempts a class that is not there; "
				     "right are names of this list");
	}
	return SUAN_OK;
}

static enum suan_code check_qos(const struct suan_accounts *a, uint32_t i, struct suan_err *err)
{
	const struct suan_qos_spec *q = &a->qos[i];

	if (!name_good(q->name))
		return wrong(err, "qos", q->name, "not a name; right is one without blanks, "
			     "commas and quotes, of up to 255 bytes");
	if (suan_qos_find(a, q->name) != i)
		return wrong(err, "qos", q->name, "is there twice");
	if (q->usage_factor_milli > MOST_FACTOR)
		return wrong(err, "qos", q->name, "usage factor above 1000");
	if (q->max_walltime_ms < 0 || q->grace_ms < 0)
		return wrong(err, "qos", q->name, "a duration is negative");
	return check_preempts(a, q, err);
}

static enum suan_code check_share(const struct suan_fair_share *f, struct suan_err *err)
{
	if (f->half_life_ms &&
	    (f->half_life_ms < LEAST_HALF_MS || f->half_life_ms > SUAN_MOST_HALF_MS))
		return suan_fail_field(err, SUAN_EINVAL, "fair_share/half_life",
				       "the half-life of usage is out of range; right is 1 minute "
				       "to 365 days");
	if (f->weight_ms < 0 || f->weight_ms > YEAR_MS)
		return suan_fail_field(err, SUAN_EINVAL, "fair_share/weight",
				       "the longest head start is out of range; right is 0 to "
				       "365 days");
	if (f->period_ms && (f->period_ms < LEAST_PERIOD_MS || f->period_ms > YEAR_MS))
		return suan_fail_field(err, SUAN_EINVAL, "fair_share/period",
				       "the period is out of range; right is 1 second to 365 days");
	return SUAN_OK;
}

enum suan_code suan_accounts_check(const struct suan_accounts *a, struct suan_err *err)
{
	enum suan_code rc = check_share(&a->fair_share, err);
	uint32_t stoppable = 0;

	if (a->naccounts > SUAN_MOST_ACCOUNTS || a->nqos > SUAN_MOST_QOS)
		return suan_fail(err, SUAN_EINVAL, "too many accounts or classes; right are up to "
				 "10000 accounts and 1000 classes");
	for (uint32_t i = 0; i < a->naccounts && rc == SUAN_OK; i++)
		rc = check_account(a, i, err);
	for (uint32_t i = 0; i < a->nqos && rc == SUAN_OK; i++) {
		rc = check_qos(a, i, err);
		stoppable += a->qos[i].preemptable;
	}
	if (rc == SUAN_OK && stoppable > SUAN_MOST_PREEMPTABLE)
		return suan_fail_field(err, SUAN_EINVAL, "qos", "%u classes are preemptable; "
				       "right are up to %u", stoppable, SUAN_MOST_PREEMPTABLE);
	if (rc != SUAN_OK)
		return rc;
	if (a->default_account[0] && suan_accounts_find(a, a->default_account) == SUAN_NO_ACCOUNT)
		return suan_fail_field(err, SUAN_EINVAL, "default_account",
				       "the default account \"%.100s\" is not an account",
				       a->default_account);
	if (a->default_qos[0] && suan_qos_find(a, a->default_qos) == SUAN_NO_ACCOUNT)
		return suan_fail_field(err, SUAN_EINVAL, "default_qos",
				       "the default class \"%.100s\" is not a class",
				       a->default_qos);
	return SUAN_OK;
}

/* ---- copy ---- */

static void copy_qos(struct suan_copier *c, struct suan_qos_spec *q)
{
	q->name = suan_copier_str(c, q->name);
	q->preempts.list = suan_copier_list(c, q->preempts.list, q->preempts.count, sizeof(char *));
	for (uint32_t i = 0; !c->failed && i < q->preempts.count; i++)
		q->preempts.list[i] = suan_copier_str(c, q->preempts.list[i]);
}

enum suan_code suan_accounts_copy(struct suan_arena *arena, const struct suan_accounts *a,
				  struct suan_accounts *ret)
{
	struct suan_copier c = {.arena = arena};
	struct suan_accounts n = *a;

	n.default_account = suan_copier_str(&c, a->default_account);
	n.default_qos = suan_copier_str(&c, a->default_qos);
	n.accounts = suan_copier_list(&c, a->accounts, a->naccounts, sizeof(*n.accounts));
	for (uint32_t i = 0; !c.failed && i < n.naccounts; i++) {
		n.accounts[i].name = suan_copier_str(&c, n.accounts[i].name);
		n.accounts[i].parent = suan_copier_str(&c, n.accounts[i].parent);
	}
	n.qos = suan_copier_list(&c, a->qos, a->nqos, sizeof(*n.qos));
	for (uint32_t i = 0; !c.failed && i < n.nqos; i++)
		copy_qos(&c, &n.qos[i]);
	if (c.failed)
		return SUAN_ENOMEM;
	*ret = n;
	return SUAN_OK;
}

/* ---- bytes ---- */

enum { ALL_ACCOUNT = 1, ALL_QOS, ALL_SHARE, ALL_DEFAULT_ACCOUNT, ALL_DEFAULT_QOS, ALL_TAGS };
enum { LIMITS = 20, USER_LIMITS, PREEMPTS };	/* of an account or a class */

#define TABLE(rows) {rows, sizeof(rows) / sizeof((rows)[0])}
#define AT(type, member) offsetof(struct type, member)

static const struct suan_pack_row account_rows[] = {
	{1, SUAN_PACK_STR, AT(suan_account_spec, name), 0},
	{2, SUAN_PACK_STR, AT(suan_account_spec, parent), 0},
	{3, SUAN_PACK_U32, AT(suan_account_spec, shares), 0},
};
static const struct suan_pack_table account_table = TABLE(account_rows);

static const struct suan_pack_row qos_rows[] = {
	{1, SUAN_PACK_STR, AT(suan_qos_spec, name), 0},
	{2, SUAN_PACK_I32, AT(suan_qos_spec, priority), 0},
	{3, SUAN_PACK_U32, AT(suan_qos_spec, usage_factor_milli), 0},
	{4, SUAN_PACK_I64, AT(suan_qos_spec, max_walltime_ms), 0},
	{5, SUAN_PACK_I64, AT(suan_qos_spec, grace_ms), 0},
	{6, SUAN_PACK_BOOL, AT(suan_qos_spec, preemptable), 0},
	{60, SUAN_PACK_BOOL, AT(suan_qos_spec, preempt_cancels), 0},
};
static const struct suan_pack_table qos_table = TABLE(qos_rows);

static const struct suan_pack_row share_rows[] = {
	{1, SUAN_PACK_I64, AT(suan_fair_share, half_life_ms), 0},
	{2, SUAN_PACK_I64, AT(suan_fair_share, weight_ms), 0},
	{3, SUAN_PACK_I64, AT(suan_fair_share, period_ms), 0},
};
static const struct suan_pack_table share_table = TABLE(share_rows);

/* A limit that is there, also one of 0, is a field: its number + 1, and its value. */
static void put_limits(struct suan_buf *b, uint32_t tag, const struct suan_limits *l)
{
	size_t mark;

	if (!l->set)
		return;
	mark = suan_put_begin(b, tag);
	for (uint32_t i = 0; i < SUAN_NLIMITS; i++)
		if (l->set >> i & 1)
			suan_put_u64(b, i + 1, l->most[i]);
	suan_put_end(b, mark);
}

static void get_limits(struct suan_unpack *u, const struct suan_field *f, struct suan_limits *l)
{
	struct suan_reader r;
	struct suan_field x;

	suan_field_reader(f, &r);
	while (suan_get_field(&r, &x)) {
		u->bad |= x.is_bytes;
		if (x.tag == 0 || x.tag > SUAN_NLIMITS)
			continue;
		l->most[x.tag - 1] = x.u64;
		l->set |= 1u << (x.tag - 1);
	}
	u->bad |= r.bad || !f->is_bytes;
}

static void put_qos(struct suan_buf *b, const struct suan_qos_spec *q)
{
	size_t mark = suan_put_begin(b, ALL_QOS);

	suan_pack(b, &qos_table, q);
	put_limits(b, LIMITS, &q->limits);
	put_limits(b, USER_LIMITS, &q->user_limits);
	for (uint32_t i = 0; i < q->preempts.count; i++)
		suan_put_bytes(b, PREEMPTS, q->preempts.list[i], strlen(q->preempts.list[i]));
	suan_put_end(b, mark);
}

void suan_pack_accounts(struct suan_buf *b, uint32_t tag, const struct suan_accounts *a)
{
	size_t mark = suan_put_begin(b, tag), inner;

	for (uint32_t i = 0; i < a->naccounts; i++) {
		inner = suan_put_begin(b, ALL_ACCOUNT);
		suan_pack(b, &account_table, &a->accounts[i]);
		put_limits(b, LIMITS, &a->accounts[i].limits);
		put_limits(b, USER_LIMITS, &a->accounts[i].user_limits);
		suan_put_end(b, inner);
	}
	for (uint32_t i = 0; i < a->nqos; i++)
		put_qos(b, &a->qos[i]);
	inner = suan_put_begin(b, ALL_SHARE);
	suan_pack(b, &share_table, &a->fair_share);
	suan_put_end(b, inner);
	suan_put_str(b, ALL_DEFAULT_ACCOUNT, a->default_account);
	suan_put_str(b, ALL_DEFAULT_QOS, a->default_qos);
	suan_put_end(b, mark);
}

static void get_account(struct suan_unpack *u, const struct suan_field *f,
			struct suan_account_spec *ret)
{
	struct suan_reader r;
	struct suan_field x;

	suan_unpack_clear(&account_table, ret);
	suan_field_reader(f, &r);
	while (suan_get_field(&r, &x)) {
		if (x.tag == LIMITS)
			get_limits(u, &x, &ret->limits);
		else if (x.tag == USER_LIMITS)
			get_limits(u, &x, &ret->user_limits);
		else
			(void)suan_unpack_field(u, &account_table, &x, ret);
	}
	u->bad |= r.bad || !f->is_bytes;
}

static void get_qos(struct suan_unpack *u, const struct suan_field *f, struct suan_qos_spec *ret)
{
	uint32_t counts[PREEMPTS + 1];
	struct suan_reader r;
	struct suan_field x;

	suan_unpack_clear(&qos_table, ret);
	suan_unpack_count(u, f, counts, PREEMPTS + 1);
	ret->preempts.list = suan_unpack_list(u, counts[PREEMPTS], sizeof(char *));
	suan_field_reader(f, &r);
	while (ret->preempts.list && suan_get_field(&r, &x)) {
		if (x.tag == LIMITS)
			get_limits(u, &x, &ret->limits);
		else if (x.tag == USER_LIMITS)
			get_limits(u, &x, &ret->user_limits);
		else if (x.tag == PREEMPTS)
			ret->preempts.list[ret->preempts.count++] = suan_unpack_str(u, &x);
		else
			(void)suan_unpack_field(u, &qos_table, &x, ret);
	}
}

static void get_part(struct suan_unpack *u, const struct suan_field *x, struct suan_accounts *a)
{
	switch (x->tag) {
	case ALL_ACCOUNT:
		get_account(u, x, &a->accounts[a->naccounts++]);
		break;
	case ALL_QOS:
		get_qos(u, x, &a->qos[a->nqos++]);
		break;
	case ALL_SHARE:
		suan_unpack_all(u, &share_table, x, &a->fair_share);
		break;
	case ALL_DEFAULT_ACCOUNT:
		a->default_account = suan_unpack_str(u, x);
		break;
	case ALL_DEFAULT_QOS:
		a->default_qos = suan_unpack_str(u, x);
		break;
	default:
		break;
	}
}

void suan_unpack_accounts(struct suan_unpack *u, const struct suan_field *f,
			  struct suan_accounts *ret)
{
	uint32_t counts[ALL_TAGS];
	struct suan_reader r;
	struct suan_field x;

	memset(ret, 0, sizeof(*ret));
	ret->default_account = ret->default_qos = "";
	suan_unpack_count(u, f, counts, ALL_TAGS);
	ret->accounts = suan_unpack_list(u, counts[ALL_ACCOUNT], sizeof(*ret->accounts));
	ret->qos = suan_unpack_list(u, counts[ALL_QOS], sizeof(*ret->qos));
	suan_field_reader(f, &r);
	while (!u->nomem && !u->bad && suan_get_field(&r, &x))
		get_part(u, &x, ret);
}
