/* What the driver of a Slurm site has given to Slurm, on the disk (SQLite): so it is known after a
 * restart, whatever Slurm remembers. A batch is on record before sbatch is called. */
#ifndef SUAN_DRIVER_SLURM_BOOK_H
#define SUAN_DRIVER_SLURM_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "driver/driver.h"

struct suan_slurm_book;

SUAN_MUSTUSE enum suan_code suan_slurm_book_open(struct suan_slurm_book **ret, const char *path,
						 struct suan_err *err);
void suan_slurm_book_close(struct suan_slurm_book *b); /* NULL is fine */
/* Eight letters and digits that no other book has; the beginning of all its tokens. Borrowed. */
const char *suan_slurm_book_name(const struct suan_slurm_book *b);

struct suan_slurm_entry { /* a run in its batch */
	struct suan_run_id id;
	uint64_t batch;
	uint32_t element;
	int64_t stop_ms, grace_ms; /* 0: no stop was ordered */
	bool ended;
	struct suan_report end; /* text borrowed */
};

/* All changes go between these two; commit is durable. After a failure nothing has changed. */
SUAN_MUSTUSE enum suan_code suan_slurm_book_begin(struct suan_slurm_book *b, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_slurm_book_commit(struct suan_slurm_book *b, struct suan_err *err);
void suan_slurm_book_undo(struct suan_slurm_book *b);

/* Each fails only for the disk or for want of memory. */
SUAN_MUSTUSE enum suan_code suan_slurm_book_batch(struct suan_slurm_book *b, uint64_t *ret_number,
						  struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_slurm_book_run(struct suan_slurm_book *b,
						const struct suan_slurm_entry *e,
						struct suan_err *err); /* new, or as it is now */
SUAN_MUSTUSE enum suan_code suan_slurm_book_forget(struct suan_slurm_book *b, struct suan_run_id id,
						   struct suan_err *err);
/* All runs, by batch and element. fn: false breaks off with ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_slurm_book_each(struct suan_slurm_book *b,
						 bool (*fn)(void *ctx,
							    const struct suan_slurm_entry *e),
						 void *ctx, struct suan_err *err);

#endif
