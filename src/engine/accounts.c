/* Accounts and classes in the state. */
#include "engine/accounts.h"

#include <string.h>

#include "engine/state.h"

void suan_acct_init(struct suan_acct *a)
{
	memset(a, 0, sizeof(*a));
	suan_arena_init(&a->arena, 0);
	a->spec.default_account = a->spec.default_qos = "";
}

void suan_acct_done(struct suan_acct *a)
{
	suan_arena_done(&a->arena);
}

enum suan_code suan_acct_set(struct suan_engine *e, const struct suan_event *ev,
			     struct suan_err *err)
{
	const struct suan_accounts *spec = ev->u.accounts;
	struct suan_acct n;
	enum suan_code rc = suan_accounts_check(spec, err);

	if (rc != SUAN_OK)
		return rc;
	suan_acct_init(&n);
	rc = suan_accounts_copy(&n.arena, spec, &n.spec);
	if (rc != SUAN_OK) {
		suan_acct_done(&n);
		return rc;
	}
	n.any = spec->naccounts > 0 || spec->nqos > 0;
	suan_acct_done(&e->acct);
	e->acct = n;
	e->plan->ranks_dirty = e->plan->pools_dirty = true;
	e->plan->all_dirty = e->plan->rekey = true;
	return SUAN_OK;
}

uint32_t suan_qos_number(const struct suan_engine *e, const struct suan_job *j)
{
	return suan_qos_find(&e->acct.spec, suan_intern_str(e->strings, j->qos));
}

const struct suan_qos_spec *suan_qos_of(const struct suan_engine *e, const struct suan_job *j)
{
	uint32_t i = suan_qos_number(e, j);

	return i == SUAN_NO_ACCOUNT ? NULL : &e->acct.spec.qos[i];
}

const struct suan_accounts *suan_engine_accounts(const struct suan_engine *e)
{
	return &e->acct.spec;
}
