/* A few threads for blocking work such as copying files. work runs on a thread, then done on the
 * loop's thread; both get ctx. */
#ifndef SUAN_SYS_WORKERS_H
#define SUAN_SYS_WORKERS_H

#include "base/err.h"
#include "sys/loop.h"

struct suan_workers;

SUAN_MUSTUSE enum suan_code suan_workers_new(struct suan_workers **ret, struct suan_loop *l,
					     unsigned threads, struct suan_err *err);
/* Waits for work under way; queued work is dropped. No done is called from here on, also not that
 * of work that finished. Not from inside a done. */
void suan_workers_free(struct suan_workers *w);
SUAN_MUSTUSE enum suan_code suan_workers_do(struct suan_workers *w, suan_loop_fn *work,
					    suan_loop_fn *done, void *ctx);

#endif
