/* The append-only file in which a shepherd keeps its runs: the last record of a run tells its
 * state. Records are (length, check sum, message); a torn end is cut off when it is opened. Bit 31
 * of a length tells that the last 8 bytes were put in by a child: its pid, not in the sum. */
#ifndef SUAN_DRIVER_JOURNAL_H
#define SUAN_DRIVER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "driver/herd.h"
#include "sys/process.h"

struct suan_journal;

/* One record of an older process, in order: a run (forgotten = false) or the order to forget it.
 * Borrowed. */
typedef void suan_journal_fn(void *ctx, const struct suan_herd_run *run, bool forgotten);

/* Opens or makes the file and reads it back through fn. */
SUAN_MUSTUSE enum suan_code suan_journal_open(struct suan_journal **ret, const char *path,
					      suan_journal_fn *fn, void *ctx, struct suan_err *err);
/* The boot of the machine in which the file was begun; "" = new. Borrowed. */
const char *suan_journal_boot_id(const struct suan_journal *j);
void suan_journal_close(struct suan_journal *j); /* what was not written is lost */

/* Puts a record into the next write. */
SUAN_MUSTUSE enum suan_code suan_journal_put(struct suan_journal *j,
					     const struct suan_herd_run *run);
SUAN_MUSTUSE enum suan_code suan_journal_forget(struct suan_journal *j, struct suan_run_id id);
/* One write of all that was put; then to the disk when durable. On failure the file is as it was
 * and the records wait for the next write. */
SUAN_MUSTUSE enum suan_code suan_journal_write(struct suan_journal *j, bool durable,
					       struct suan_err *err);
/* The record that a child is to write of itself just before exec: id is FORKED, with its pid.
 * Borrowed until the next call. */
SUAN_MUSTUSE enum suan_code suan_journal_note(struct suan_journal *j, struct suan_run_id id,
					      struct suan_spawn_note *ret);
/* What became of the note: written so often; torn = the last time in part. */
void suan_journal_noted(struct suan_journal *j, unsigned times, bool torn);
void suan_journal_drop(struct suan_journal *j); /* drops what was put and not written */
bool suan_journal_pending(const struct suan_journal *j);
size_t suan_journal_bytes(const struct suan_journal *j); /* size of the file */

/* Writing anew: begin (nothing may be pending), put the runs that matter, commit. Atomic. */
SUAN_MUSTUSE enum suan_code suan_journal_begin(struct suan_journal *j, const char *boot_id);
SUAN_MUSTUSE enum suan_code suan_journal_commit(struct suan_journal *j, struct suan_err *err);

#endif
