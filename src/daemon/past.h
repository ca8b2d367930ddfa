/* What the event log of a service says of its past: which tasks were asked for, when each of them
 * really started and ended, and how the sites fared. Found by stepping a scratch engine through the
 * log: what a service decided follows from its events. */
#ifndef SUAN_DAEMON_PAST_H
#define SUAN_DAEMON_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "engine/model.h"
#include "store/store.h"

enum suan_past_end {
	SUAN_PAST_OPEN,	   /* waits or runs when the log ends */
	SUAN_PAST_RAN,	   /* ran, and it is known for how long */
	SUAN_PAST_NEVER,   /* cancelled before it started */
	SUAN_PAST_UNKNOWN, /* nobody can know */
};

/* An element of an array, or the one task of another job. Of the run whose end was the first final
 * one: it held its nodes from order_ms until its end was known at end_ms. */
struct suan_past_task {
	int64_t order_ms, end_ms; /* 0 = not yet */
	uint32_t pool;		  /* in suan_past.pools */
	enum suan_past_end end;
	enum suan_state state; /* how it ended */
	uint32_t reruns;       /* runs after that end, by requeue */
	bool held;	       /* for a time, at the beginning or later */
};

struct suan_past_job {
	uint64_t id;
	int64_t submit_ms;
	int64_t release_ms;	   /* when it was released as a whole; 0 = never */
	struct suan_job_spec spec; /* without name, payload and environment */
	size_t first_task;	   /* in suan_past.tasks */
	uint32_t ntasks;
};

struct suan_past_pool { /* by the engine's numbers */
	const char *site, *pool;
};

struct suan_past_network { /* in force from then on */
	int64_t at_ms;
	struct suan_network net;
};

struct suan_past_accounts { /* in force from then on */
	int64_t at_ms;
	struct suan_accounts def;
};

struct suan_past_change { /* of a site, or of a pool when pool is set */
	int64_t at_ms;
	const char *site, *pool;
	enum suan_site_state state;
	uint32_t nodes, usable; /* what the pool has, and what of it can be used */
};

struct suan_past { /* owned by suan_past_done */
	struct suan_arena arena;
	struct suan_past_job *jobs; /* by id */
	size_t njobs, jobs_cap;
	struct suan_past_task *tasks;
	size_t ntasks, tasks_cap;
	struct suan_past_pool *pools;
	size_t npools, pools_cap;
	struct suan_past_network *networks; /* by time */
	size_t nnetworks, networks_cap;
	struct suan_past_accounts *accounts; /* by time */
	size_t naccounts, accounts_cap;
	struct suan_past_change *changes; /* by time */
	size_t nchanges, changes_cap;
	struct suan_policy policy; /* the last one */
	uint64_t events, refused;  /* refused: jobs that were never taken */
	int64_t first_ms, last_ms; /* of the events */
};

/* Reads the whole log. ENOTFOUND: it is empty. EINVAL: its beginning is no longer there. ECORRUPT:
 * damaged, or not what an engine can take. */
SUAN_MUSTUSE enum suan_code suan_past_read(struct suan_store *s, struct suan_past *ret,
					   struct suan_err *err);
void suan_past_done(struct suan_past *p); /* zeroed is fine */
/* The job of this id, or NULL. */
const struct suan_past_job *suan_past_job(const struct suan_past *p, uint64_t id);

#endif
