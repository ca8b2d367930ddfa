/* The platform's one writer: commands and reports come in, are made durable as events, step the
 * engine, and its effects go out as orders and notices. Knows no HTTP and no clock of its own; all
 * calls on one thread. Front door of src/core.
 *
 * A round: the owner of the loop calls the posting functions as things arrive, then suan_core_flush
 * once. Flush commits everything that was posted in one transaction, then steps, then answers.
 * Nothing is answered "done" before it is durable; when the commit fails, nothing has happened. */
#ifndef SUAN_CORE_CORE_H
#define SUAN_CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"
#include "store/store.h"
#include "wire/json.h"
#include "wire/order.h"

struct suan_core;

struct suan_core_config {
	const struct suan_store_ops *store;
	const char *location;		    /* for the store */
	const struct suan_network *network; /* as it shall be; NULL = keep the stored one */
	const struct suan_accounts *accounts; /* the same */
	struct suan_policy policy;
	uint64_t snapshot_bytes; /* log growth that is worth a snapshot; 0 = 64 MiB */
	uint32_t keep_finished;	 /* jobs; 0 = 1,000,000 */
	int64_t now_ms;		 /* present time */
};

struct suan_core_opened { /* what recovery did */
	uint64_t snapshot_seq, replayed;
	uint64_t jobs;
};

/* Opens the store, recovers, and posts NETWORK and POLICY events if they changed. */
SUAN_MUSTUSE enum suan_code suan_core_open(struct suan_core **ret,
					   const struct suan_core_config *config,
					   struct suan_core_opened *opened, struct suan_err *err);
/* What of the configuration is not as it is in force. What config says nothing of is. ENOMEM. */
struct suan_core_diff {
	bool policy, network, accounts;
};
SUAN_MUSTUSE enum suan_code suan_core_differs(const struct suan_core *c,
					      const struct suan_core_config *config,
					      struct suan_core_diff *ret, struct suan_err *err);
/* Flushes, makes a snapshot if the log grew, closes the store. Posted commands that could not be
 * committed are answered with an error. */
void suan_core_close(struct suan_core *c, int64_t now_ms);

/* ---- commands ---- */

struct suan_core_answer {
	enum suan_code
		code; /* OK: durable and done. EREFUSED, EINVAL, ECONFLICT, ENOTFOUND …: see err */
	const struct suan_err *err;
	enum suan_reason refused; /* with numbers a, b and pool, when EREFUSED */
	int64_t a, b;
	uint32_t pool, item; /* item: which job of a bulk */
	uint64_t first_job;
	uint32_t njobs;
	uint32_t reservation, nodes; /* RESERVE, UNRESERVE: its number and size */
	bool repeated;
};
typedef void suan_core_done_fn(void *ctx, const struct suan_core_answer *answer);

/* Posts one event (its seq is set at flush; its now_ms is given). Refusals that are certain now are
 * answered at once, without logging. Takes over the memory of *arena (moved; the caller's is empty
 * afterwards) that the event's pointers live in; arena may be NULL when the event points to nothing
 * that goes away before the next flush. done may be NULL; it is called exactly once. */
void suan_core_post(struct suan_core *c, const struct suan_event *ev, struct suan_arena *arena,
		    suan_core_done_fn *done, void *ctx);
/* Would it be refused now? Nothing is kept. *ret points to err. */
void suan_core_check(struct suan_core *c, const struct suan_event *ev, struct suan_core_answer *ret,
		     struct suan_err *err);
/* A fact from a site. Kept and retried until it is durable; then the site is told to FORGET ended
 * runs. The report is copied. */
void suan_core_report(struct suan_core *c, const struct suan_report *report);
/* From a site about a copy of a data set. Kept and retried until it is durable. Copied. */
void suan_core_transfer(struct suan_core *c, const struct suan_transfer_report *report);
/* Commits, steps, plans, answers, orders. EFULL, EIO: commands were answered with that error and
 * reports wait for the next flush. */
SUAN_MUSTUSE enum suan_code suan_core_flush(struct suan_core *c, int64_t now_ms,
					    struct suan_err *err);
/* When flush should be called though nothing was posted, or SUAN_FOREVER. */
int64_t suan_core_wake(const struct suan_core *c);

/* ---- sites ---- */

struct suan_site_link {
	void *ctx;
	void (*orders)(void *ctx, const struct suan_order *orders, uint32_t n);
};
/* Connects a site: orders for its open runs follow at once (START with staged/started set as
 * known). */
SUAN_MUSTUSE enum suan_code suan_core_attach(struct suan_core *c, const char *site,
					     const struct suan_site_link *link,
					     struct suan_err *err);
/* The START order of a run that exists or existed, for reading its log; false: never ran. Borrowed
 * until the next flush. */
bool suan_core_order(struct suan_core *c, uint64_t job, uint32_t index, struct suan_order *ret,
		     uint32_t *ret_site);

/* ---- reading ---- */

const struct suan_engine *suan_core_engine(const struct suan_core *c); /* borrowed */

/* State changes, newest kept in a ring of 65,536, ids ascending. */
struct suan_change {
	uint64_t id;
	int64_t at_ms;
	uint64_t job;
	uint32_t index;
	enum suan_state state;
};
/* Called in flush for each change; one listener. */
void suan_core_listen(struct suan_core *c, void (*fn)(void *ctx, const struct suan_change *change),
		      void *ctx);
uint64_t suan_core_last_change(const struct suan_core *c);
/* First change with id > after; false: none. *ret_gap: some between were lost (too old). */
bool suan_core_next_change(const struct suan_core *c, uint64_t after, struct suan_change *ret,
			   bool *ret_gap);

struct suan_core_stats {
	uint64_t events, commits, passes, starts, reports, refused, commit_failures;
	uint64_t log_bytes, snapshots;
	int64_t last_failure_ms; /* 0 = the last commit went well */
};
void suan_core_stats(const struct suan_core *c, struct suan_core_stats *ret);

/* Small named values of other layers (tokens …), durable on return. */
SUAN_MUSTUSE enum suan_code suan_core_value_put(struct suan_core *c, const char *name,
						const void *bytes, size_t n, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_core_value_get(struct suan_core *c, const char *name,
						struct suan_buf *out, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_core_value_list(struct suan_core *c, const char *prefix,
						 void (*fn)(void *ctx, const char *name,
							    const void *bytes, size_t n),
						 void *ctx, struct suan_err *err);
/* Final document of a forgotten job (JSON). ENOTFOUND. */
SUAN_MUSTUSE enum suan_code suan_core_archived(struct suan_core *c, uint64_t job,
					       struct suan_buf *out, struct suan_err *err);

#endif
