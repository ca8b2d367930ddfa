/* The runs of one shepherd: starts, limits, stops and ends them, and keeps a journal so that
 * another shepherd can go on. Front to shepherd.c. */
#ifndef SUAN_DRIVER_FLOCK_H
#define SUAN_DRIVER_FLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "driver/herd.h"
#include "sys/loop.h"

struct suan_flock;

struct suan_flock_config {
	struct suan_loop *loop;
	const char *state_dir; /* absolute; copied */
	/* A run started or ended; borrowed. What is told is in the journal before the loop's round
	 * ends. */
	void (*changed)(void *ctx, const struct suan_herd_run *run);
	void *ctx;
};

/* Reads the journal, takes over the runs that are still alive and settles the others. */
SUAN_MUSTUSE enum suan_code suan_flock_open(struct suan_flock **ret,
					    const struct suan_flock_config *config,
					    struct suan_err *err);
void suan_flock_close(struct suan_flock *f); /* runs go on */

/* m is a START message and bytes what it was read from (copied). A run that is known is not started
 * again. */
SUAN_MUSTUSE enum suan_code suan_flock_start(struct suan_flock *f,
					     const struct suan_herd_message *m, const void *bytes,
					     size_t n);
/* grace_ms: from TERM to KILL; 0 = as it was started with. Later stops change nothing. */
void suan_flock_stop(struct suan_flock *f, struct suan_run_id id, int64_t grace_ms);
void suan_flock_forget(struct suan_flock *f, struct suan_run_id id);
/* All known runs that were at least tried to start, oldest first. */
void suan_flock_each(const struct suan_flock *f,
		     void (*fn)(void *ctx, const struct suan_herd_run *run), void *ctx);
size_t suan_flock_living(const struct suan_flock *f); /* not ended, or waiting to be started */
void suan_flock_describe(const struct suan_flock *f, struct suan_buf *out); /* JSON object */

#endif
