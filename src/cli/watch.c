#include "cli/watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/table.h"

#define LEAST_INTERVAL_NS 500000000L
#define PATIENCE	  120 /* rounds without a server */

/* Ends the call at the first change event; pings and comments do not count. */
static bool until_change(void *ctx, const char *bytes, size_t n)
{
	bool *seen = ctx;

	/* Events are small and flushed one by one, so a name is never split in practice; if it is,
	 * the next event shows it. */
	if (memmem(bytes, n, "event: change", 13) || memmem(bytes, n, "event: reset", 12))
		*seen = true;
	return !*seen;
}

int suan_watch(struct suan_client *c, int (*show)(void *ctx), void *ctx)
{
	int rc, lost = 0;

	for (;;) {
		struct timespec nap = {.tv_nsec = LEAST_INTERVAL_NS};
		bool seen = false;
		struct suan_client_call call = {
			.method = "GET", .path = "/v1/events", .sink = until_change, .ctx = &seen};

		if (suan_cli_out_is_terminal())
			printf("\033[H\033[2J");
		rc = show(ctx);
		fflush(stdout);
		if (rc == SUAN_EXIT_OK)
			lost = 0;
		else if (rc != SUAN_EXIT_UNREACHABLE || ++lost > PATIENCE)
			return rc;
		nanosleep(&nap, NULL);
		rc = suan_client_do(c, &call, NULL);
		if (rc != SUAN_EXIT_OK && rc != SUAN_EXIT_UNREACHABLE)
			return rc;
	}
}
