/* A site's side of the platform: takes orders, stages files in and out, drives the site's engine,
 * and reports. Never decides where or when. One agent per site; all calls on the loop's thread.
 * Front door of src/agent. */
#ifndef SUAN_AGENT_AGENT_H
#define SUAN_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sys/loop.h"
#include "wire/order.h"

struct suan_agent;

struct suan_agent_config {
	const char *site;
	const char *driver;    /* "local", "slurm", "fake" */
	const char *driver_conf; /* settings of the driver; NULL, "" = none */
	const char *state_dir; /* made if missing: driver state and the runs' own folders */
	const char *program;   /* path of the suan binary */
	struct suan_loop *loop;
	int64_t grace_ms; /* from TERM to KILL, unless a stop says otherwise */
	/* Facts about runs, to be put on record; the same fact may come again after a restart. The
	 * agent goes on telling an end until it is ordered to FORGET the run. */
	void (*report)(void *ctx, const struct suan_report *report);
	/* So many nodes of a pool can be used now; NULL = not wanted. */
	void (*capacity)(void *ctx, const char *pool, uint32_t nodes);
	/* Facts about copies of data sets, to be put on record; NULL = not wanted. */
	void (*transfer)(void *ctx, const struct suan_transfer_report *report);
	/* Where the copies of another site lie for this process; NULL, or NULL of it: they cannot
	 * be read from here. */
	const char *(*peer)(void *ctx, const char *site);
	void *ctx;
};

SUAN_MUSTUSE enum suan_code suan_agent_open(struct suan_agent **ret,
					    const struct suan_agent_config *config,
					    struct suan_err *err);
/* Runs go on. Copying of files is broken off: inputs are staged anew and outputs are brought back
 * after the next open. No report is made from here on. */
void suan_agent_close(struct suan_agent *a);
void suan_agent_orders(struct suan_agent *a, const struct suan_order *orders, uint32_t n);

/* Bytes of a run's output, appended to *out. `order` describes the run as START did. OK with
 * nothing appended: at the end for now. ENOTFOUND: no such file (yet). */
SUAN_MUSTUSE enum suan_code suan_agent_log(struct suan_agent *a, const struct suan_order *order,
					   const struct suan_log_ask *ask, struct suan_buf *out,
					   struct suan_err *err);
/* What is in force at this site (isolation, limits, driver), JSON object text. */
SUAN_MUSTUSE enum suan_code suan_agent_describe(struct suan_agent *a, struct suan_buf *out);

#endif
