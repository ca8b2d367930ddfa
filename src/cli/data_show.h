/* Data sets and transfers on the terminal: tables, and waiting for copies. */
#ifndef SUAN_CLI_DATA_SHOW_H
#define SUAN_CLI_DATA_SHOW_H

#include "cli/client.h"
#include "cli/table.h"

/* Tables without a format; by data sets, by copies of one, by transfers. */
struct suan_table suan_cli_data_table(void);
struct suan_table suan_cli_replica_table(void);
struct suan_table suan_cli_transfer_table(void);

/* GET /v1/data/{name}. *ret is the caller's. As suan_client_do. */
int suan_cli_data_get(struct suan_client *c, const char *name, json_t **ret);
/* Waits until the copies at these sites (n = 0: at all) are complete and checked; shows how far
 * they are when standard error is a terminal. FAILED: one is lost or gone. *ret: as it was last. */
int suan_cli_data_wait(struct suan_client *c, const char *name, const char *const *sites, int n,
		       json_t **ret);
/* A second. */
void suan_cli_data_nap(void);

#endif
