/* -w: shows something again whenever a job changes. */
#ifndef SUAN_CLI_WATCH_H
#define SUAN_CLI_WATCH_H

#include "cli/client.h"

/* Calls show(ctx) at once and then after changes, at most twice a second, until it fails or the
 * user stops it. On a terminal the screen is cleared before each. Returns an exit code. */
int suan_watch(struct suan_client *c, int (*show)(void *ctx), void *ctx);

#endif
