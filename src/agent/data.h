/* Copies of data sets at a site: in its folder data/ each under its number, a file or a tree. Made,
 * checked and removed as ordered; the copier does the work. */
#ifndef SUAN_AGENT_DATA_H
#define SUAN_AGENT_DATA_H

#include "base/err.h"
#include "sys/loop.h"
#include "wire/order.h"

struct suan_agent_data;

struct suan_agent_data_config {
	const char *site, *folder; /* folder: made if missing */
	struct suan_loop *loop;
	/* The folder data/ of another site, for this process to read; NULL: it cannot. Borrowed
	 * until the next call. */
	const char *(*peer)(void *ctx, const char *site);
	void (*transfer)(void *ctx, const struct suan_transfer_report *report);
	void *ctx; /* of both */
};

SUAN_MUSTUSE enum suan_code suan_agent_data_open(struct suan_agent_data **ret,
						 const struct suan_agent_data_config *config,
						 struct suan_err *err);
/* Breaks off what is under way; it goes on from there when it is ordered again. NULL is fine. */
void suan_agent_data_close(struct suan_agent_data *d);
/* One of COPY, COPY_STOP, ERASE, KEEP, SWEEP. */
void suan_agent_data_order(struct suan_agent_data *d, const struct suan_order *o);

#endif
