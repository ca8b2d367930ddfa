/* Accounts, classes of quality of service and fair shares: what is defined (struct suan_accounts),
 * and the look-ups of jobs in it. Nothing is defined: nothing here has any effect. */
#ifndef SUAN_ENGINE_ACCOUNTS_H
#define SUAN_ENGINE_ACCOUNTS_H

#include "base/arena.h"
#include "base/err.h"
#include "engine/model.h"
#include "engine/pack.h"

#define SUAN_MOST_ACCOUNTS 10000u
#define SUAN_MOST_QOS	   1000u
#define SUAN_MOST_PREEMPTABLE 63u	/* classes of struct suan_push */
#define SUAN_ACCOUNT_DEPTH 8u
#define SUAN_NO_ACCOUNT	   UINT32_MAX

/* ---- accounts_spec.c: definitions ---- */

/* EINVAL with the field at fault: unknown parent, cycle, name that is there twice … */
SUAN_MUSTUSE enum suan_code suan_accounts_check(const struct suan_accounts *a,
						struct suan_err *err);
/* Deep copy into the arena. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_accounts_copy(struct suan_arena *arena,
					       const struct suan_accounts *a,
					       struct suan_accounts *ret);
/* Number by name; SUAN_NO_ACCOUNT: none. */
uint32_t suan_accounts_find(const struct suan_accounts *a, const char *name);
uint32_t suan_qos_find(const struct suan_accounts *a, const char *name);
/* May runs of class `loser` be stopped for jobs of class `winner`? */
bool suan_qos_may_preempt(const struct suan_accounts *a, uint32_t winner, uint32_t loser);

void suan_pack_accounts(struct suan_buf *b, uint32_t tag, const struct suan_accounts *a);
void suan_unpack_accounts(struct suan_unpack *u, const struct suan_field *f,
			  struct suan_accounts *ret);

/* ---- accounts.c: the state ---- */

struct suan_engine;
struct suan_event;
struct suan_job;

struct suan_acct {
	struct suan_arena arena;
	struct suan_accounts spec;	/* in the arena */
	bool any;			/* something is defined */
};

void suan_acct_init(struct suan_acct *a);
void suan_acct_done(struct suan_acct *a);
/* ACCOUNTS: all of it anew. On failure nothing has changed. */
SUAN_MUSTUSE enum suan_code suan_acct_set(struct suan_engine *e, const struct suan_event *ev,
					  struct suan_err *err);
/* Class of a job: its number; SUAN_NO_ACCOUNT: none. And its definition; NULL: none. */
uint32_t suan_qos_number(const struct suan_engine *e, const struct suan_job *j);
const struct suan_qos_spec *suan_qos_of(const struct suan_engine *e, const struct suan_job *j);

#endif
