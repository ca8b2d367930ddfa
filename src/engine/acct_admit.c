/* May a job come in as far as accounts and classes go? */
#include <stdio.h>
#include <string.h>

#include "engine/state.h"

#define NONE SUAN_NO_ACCOUNT

struct asked {
	struct suan_engine *e;	/* parties are made for the question; no part of the state */
	const struct suan_job_spec *job;
	struct suan_effects *out;
	struct suan_err *err;
};

static bool refuse(struct asked *q, enum suan_reason r, uint64_t a, uint64_t b)
{
	q->out->code = SUAN_EREFUSED;
	q->out->refused = r;
	q->out->a = a < INT64_MAX ? (int64_t)a : INT64_MAX;
	q->out->b = b < INT64_MAX ? (int64_t)b : INT64_MAX;
	return false;
}

/* ---- names ---- */

static const char *name_at(const struct suan_accounts *a, bool qos, uint32_t i)
{
	return qos ? a->qos[i].name : a->accounts[i].name;
}

/* "a, b, c …": as many as there is room for. */
static void list_known(const struct suan_accounts *a, bool qos, char *to, size_t room)
{
	uint32_t n = qos ? a->nqos : a->naccounts;
	size_t len = 0;

	to[0] = 0;
	for (uint32_t i = 0; i < n; i++) {
		const char *name = name_at(a, qos, i);
		size_t more = strlen(name) + 2;

		if (len + more + 6 > room) {
			(void)snprintf(to + len, room - len, ", …");
			return;
		}
		len += (size_t)snprintf(to + len, room - len, "%s%s", i ? ", " : "", name);
	}
}

static bool unknown(struct asked *q, bool qos, const char *name)
{
	char known[300];

	list_known(&q->e->acct.spec, qos, known, sizeof(known));
	if (name[0])
		q->out->code = suan_fail_field(q->err, SUAN_EINVAL, qos ? "qos" : "account",
					       "no %s \"%.100s\"; right is one of %s",
					       qos ? "class (qos)" : "account", name, known);
	else
		q->out->code = suan_fail_field(q->err, SUAN_EINVAL, "account",
					       "the job names no account and none is the default; "
					       "right is one of %s", known);
	return false;
}

/* *ret_qos: NONE if it has none. */
static bool names_good(struct asked *q, uint32_t *ret_qos)
{
	const struct suan_accounts *a = &q->e->acct.spec;
	const char *account = suan_acct_account(q->e, q->job), *qos = suan_acct_qos(q->e, q->job);

	*ret_qos = suan_qos_find(a, qos);
	if (a->naccounts > 0 && suan_accounts_find(a, account) == NONE)
		return unknown(q, false, account);
	if (a->nqos > 0 && qos[0] && *ret_qos == NONE)
		return unknown(q, true, qos);
	return true;
}

int64_t suan_acct_longest(const struct suan_engine *e, const struct suan_job_spec *spec)
{
	uint32_t i = suan_qos_find(&e->acct.spec, suan_acct_qos(e, spec));

	return i == NONE ? 0 : e->acct.spec.qos[i].max_walltime_ms;
}

/* ---- limits ---- */

static enum suan_code find_party(struct asked *q, const struct suan_party **ret)
{
	struct suan_engine *e = q->e;
	const char *names[3] = {suan_acct_account(e, q->job), q->job->user,
				suan_acct_qos(e, q->job)};
	uint32_t ids[3] = {0}, party = 0;
	enum suan_code rc = SUAN_OK;

	for (int i = 0; i < 3 && rc == SUAN_OK; i++)
		if (names[i])
			rc = suan_intern_add(e->strings, names[i], strlen(names[i]), &ids[i]);
	if (rc == SUAN_OK) {
		struct suan_party_key key = {ids[0], ids[1], ids[2]};

		rc = suan_acct_join(e, &e->acct, &key, &party);
	}
	for (int i = 0; i < 3; i++)
		suan_intern_drop(e->strings, ids[i]);
	*ret = party ? &e->acct.parties[party - 1] : NULL;
	return rc;
}

static bool pending_good(struct asked *q, const struct suan_party *p)
{
	struct suan_acct *a = &q->e->acct;

	for (uint32_t i = 0; i < p->ncaps; i++) {
		struct suan_cap *c = &a->caps[p->caps[i]];
		uint64_t most = c->limits->most[SUAN_LIMIT_PENDING];

		if ((c->limits->set >> SUAN_LIMIT_PENDING & 1) && c->pending + c->coming >= most)
			return refuse(q, SUAN_R_QUEUE_FULL, c->pending + c->coming, most);
	}
	for (uint32_t i = 0; i < p->ncaps; i++)
		a->caps[p->caps[i]].coming++;
	return true;
}

/* What one start takes can be more than the limit leaves even to the only one. */
static bool size_good(struct asked *q, const struct suan_party *p)
{
	const struct suan_req *r = &q->job->req;
	uint64_t tasks = r->tasks ? r->tasks : 1, cores = r->cores ? r->cores : 1;
	const uint64_t want[SUAN_RUN_LIMITS] = {1, tasks * cores, tasks * r->gpus,
						tasks * r->memory};

	if (r->exclusive)
		return true;	/* that depends on the pool */
	for (uint32_t i = 0; i < p->ncaps; i++) {
		const struct suan_limits *l = q->e->acct.caps[p->caps[i]].limits;

		for (uint32_t k = 0; k < SUAN_RUN_LIMITS; k++)
			if ((l->set >> k & 1) && want[k] > l->most[k])
				return refuse(q, SUAN_R_OVER_QUOTA, want[k], l->most[k]);
	}
	return true;
}

enum suan_code suan_acct_admit(const struct suan_engine *e, const struct suan_job_spec *job,
			       struct suan_effects *out, struct suan_err *err)
{
	struct asked q = {(struct suan_engine *)(uintptr_t)e, job, out, err};
	const struct suan_party *p = NULL;
	enum suan_code rc;
	uint32_t qos;

	if (!e->acct.any || !names_good(&q, &qos))
		return SUAN_OK;
	rc = find_party(&q, &p);
	if (rc == SUAN_OK && p && size_good(&q, p))
		(void)pending_good(&q, p);
	return rc;
}

uint32_t suan_acct_quota(const struct suan_engine *e, const struct suan_job_spec *job)
{
	struct asked q = {.e = (struct suan_engine *)(uintptr_t)e, .job = job};
	const struct suan_party *p = NULL;

	/* groups_dirty: the planner has the limits of before, until the next pass */
	if (!e->acct.any || e->plan->groups_dirty || find_party(&q, &p) != SUAN_OK || !p ||
	    !p->limited || suan_acct_sync(q.e) != SUAN_OK)
		return 0;
	return (uint32_t)(p - e->acct.parties) + 1;
}

void suan_acct_admit_begin(const struct suan_engine *e)
{
	for (size_t i = 0; i < e->acct.ncaps; i++)
		e->acct.caps[i].coming = 0;
}
