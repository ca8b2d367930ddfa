/* Accounts, classes of quality of service and fair shares: what is defined (struct suan_accounts),
 * and the look-ups of jobs in it. Nothing is defined: nothing here has any effect. */
#ifndef SUAN_ENGINE_ACCOUNTS_H
#define SUAN_ENGINE_ACCOUNTS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "engine/model.h"
#include "engine/pack.h"
#include "engine/shares.h"

#define SUAN_MOST_ACCOUNTS 10000u
#define SUAN_MOST_QOS	   1000u
#define SUAN_MOST_PREEMPTABLE 63u	/* classes of struct suan_push */
#define SUAN_ACCOUNT_DEPTH 8u
#define SUAN_NO_ACCOUNT	   UINT32_MAX
#define SUAN_LEVELS	   1024 /* of standings */

/* ---- accounts_spec.c: definitions ---- */

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

#define SUAN_MOST_CAPS (2 * SUAN_ACCOUNT_DEPTH + 2)

struct suan_node {		/* an account */
	uint32_t parent;	/* SUAN_NO_ACCOUNT: at the top */
	uint32_t depth;
	uint32_t name;		/* interned, one reference */
	uint32_t level;		/* its standing: 0 to 1,024 parts of the head start */
	/* scratch of standing.c */
	uint64_t used[SUAN_NMETERS];
	uint64_t shares;	/* of what is directly below it */
	uint64_t part_q32;	/* what is due to it of the whole, in units of 2^−32 */
	int64_t time_ms, least_ms, behind_ms;
	bool wants;
};

struct suan_held {		/* by those of a leaf or a class */
	uint64_t runs, cores, gpus, memory, pending;
};

struct suan_leaf {		/* a user in an account */
	uint32_t account, user;	/* interned user, one reference */
	const char *name;	/* of the user, borrowed from the strings */
	uint32_t level;
	bool known;		/* had a job; else it is no part of the state */
	struct suan_meter meter;
	struct suan_held held;	/* what it has now, as counted in the meter's rates */
	/* scratch of standing.c */
	int64_t time_ms;
	bool lives, wants;
};

enum suan_cap_kind { SUAN_CAP_ACCOUNT, SUAN_CAP_ACCOUNT_USER, SUAN_CAP_QOS, SUAN_CAP_QOS_USER };

struct suan_cap {		/* something with limits: a group of the planner */
	enum suan_cap_kind kind;
	uint32_t index, user;	/* account or class; interned user or 0 */
	const struct suan_limits *limits;	/* in the definition */
	uint64_t pending;	/* jobs that wait */
	uint64_t coming;	/* scratch of acct_admit.c: those of one submission */
};

struct suan_party {		/* jobs of one account, user and class: a set of the planner */
	uint32_t leaf, qos;	/* SUAN_NO_ACCOUNT: none */
	uint32_t caps[SUAN_MOST_CAPS], ncaps;
	bool limited;		/* some of them limit what runs */
};

struct suan_acct {
	struct suan_arena arena;
	struct suan_accounts spec;	/* in the arena */
	bool any;			/* something is defined */
	int64_t next_ms;		/* standings hold until then */
	struct suan_node *nodes;	/* owned; one per account of spec */
	uint32_t *order;		/* owned; accounts by depth, then number */
	struct suan_leaf *leaves;	/* owned */
	struct suan_cap *caps;		/* owned */
	struct suan_held *classes;	/* owned; one per class of spec */
	struct suan_party *parties;	/* owned; a job names its own + 1 */
	size_t nleaves, leaves_cap, ncaps, caps_cap, nparties, parties_cap;
	struct suan_map node_of;	/* interned name → account */
	struct suan_map leaf_of, cap_of, party_of;
	/* standing.c: as it was before the present pass */
	struct suan_leaf *old_leaves;	/* owned */
	struct suan_node *old_nodes;	/* owned */
	size_t old_leaves_cap, old_nodes_cap;
	int64_t old_next_ms;
	bool refreshed;
};

struct suan_engine;
struct suan_event;
struct suan_job;
struct suan_elem;
struct suan_effects;

void suan_acct_init(struct suan_acct *a);
void suan_acct_done(struct suan_acct *a, struct suan_intern *strings);
/* ACCOUNTS: all of it anew; usage stays with the names. On failure nothing has changed. */
SUAN_MUSTUSE enum suan_code suan_acct_set(struct suan_engine *e, const struct suan_event *ev,
					  struct suan_err *err);
/* Tables for a definition that stands in a->spec already (of a snapshot). */
SUAN_MUSTUSE enum suan_code suan_acct_build(struct suan_engine *e, struct suan_acct *a);
/* The leaf of a user; made if there is none. */
SUAN_MUSTUSE enum suan_code suan_acct_leaf(struct suan_engine *e, struct suan_acct *a,
					   uint32_t account, uint32_t user, uint32_t *ret);
/* Number + 1 of the party that such a job is of; made if there is none. 0: neither its account nor
 * its class is defined. Strings are interned ids. */
struct suan_party_key {
	uint32_t account, user, qos;
};
SUAN_MUSTUSE enum suan_code suan_acct_join(struct suan_engine *e, struct suan_acct *a,
					   const struct suan_party_key *key, uint32_t *ret);
/* The account or class a job gets that names none: "" = none. */
const char *suan_acct_account(const struct suan_engine *e, const struct suan_job_spec *spec);
const char *suan_acct_qos(const struct suan_engine *e, const struct suan_job_spec *spec);
/* A job changes its summary state; SUAN_NSTATES: it was not there, or will not be. */
void suan_acct_summary(struct suan_engine *e, const struct suan_job *j, unsigned from, unsigned to);
/* It is not over: its user counts in its account from now on. */
void suan_acct_live(struct suan_engine *e, const struct suan_job *j);
/* A run begins to hold its nodes, or lets them go. The element says where. */
void suan_acct_began(struct suan_engine *e, const struct suan_job *j, const struct suan_elem *x,
		     int64_t now_ms);
void suan_acct_ended(struct suan_engine *e, const struct suan_job *j, const struct suan_elem *x,
		     int64_t now_ms);
/* All usage up to now; then what runs is counted anew, as after a change of the network. */
void suan_acct_settle(struct suan_engine *e, int64_t now_ms);
void suan_acct_recount(struct suan_engine *e);
/* Tells the planner of groups and sets it does not know yet, or of all anew. */
SUAN_MUSTUSE enum suan_code suan_acct_sync(struct suan_engine *e);
size_t suan_acct_memory(const struct suan_acct *a);
int64_t suan_acct_half_life(const struct suan_acct *a);
/* What is wrong; NULL: nothing. */
const char *suan_acct_verify(const struct suan_engine *e);

/* Class of a job: its number; SUAN_NO_ACCOUNT: none. And its definition; NULL: none. */
uint32_t suan_qos_number(const struct suan_engine *e, const struct suan_job *j);
const struct suan_qos_spec *suan_qos_of(const struct suan_engine *e, const struct suan_job *j);

/* ---- accounts_view.c ---- */

struct suan_short;
struct suan_ask;
struct suan_candidate;
/* Do limits keep the job from every pool? */
bool suan_acct_short(const struct suan_engine *e, const struct suan_job *j,
		     struct suan_short *ret);
struct suan_quota_view;
/* In the words of the definition. */
bool suan_acct_view(const struct suan_engine *e, const struct suan_short *lack,
		    struct suan_quota_view *ret);
/* If they keep the ask from every pool, no candidate can start. */
void suan_acct_explain(const struct suan_engine *e, const struct suan_ask *ask,
		       struct suan_candidate *list, uint32_t n);

/* ---- acct_admit.c ---- */

/* May the job come in as far as accounts and classes go? Else fills the answer. Jobs that were
 * admitted since the last begin count as waiting. */
void suan_acct_admit_begin(const struct suan_engine *e);
SUAN_MUSTUSE enum suan_code suan_acct_admit(const struct suan_engine *e,
					    const struct suan_job_spec *job,
					    struct suan_effects *out, struct suan_err *err);
/* The planner's set of groups whose limits such a job would have; 0: none, or no memory. */
uint32_t suan_acct_quota(const struct suan_engine *e, const struct suan_job_spec *job);
/* Longest walltime of its class; 0: no limit. */
int64_t suan_acct_longest(const struct suan_engine *e, const struct suan_job_spec *spec);

/* ---- standing.c: who has had less than its share ---- */

/* Head start of the jobs of a party in the queue. */
int64_t suan_standing_head(const struct suan_engine *e, const struct suan_job *j);
/* At most every period: finds all standings anew and has those jobs replanned whose head start
 * changed. ENOMEM: nothing has changed. */
SUAN_MUSTUSE enum suan_code suan_standing_refresh(struct suan_engine *e, int64_t now_ms);
void suan_standing_revert(struct suan_engine *e);	/* the pass failed */

#endif
