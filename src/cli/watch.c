#include "cli/watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/table.h"

#define LEAST_INTERVAL_NS 500000000L
#define PATIENCE	  120 /* rounds without a server */
#define LONGEST_ID	  20
#define PATH_ROOM	  64

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

/* The stream begins by saying where it stands. */
static bool until_id(void *ctx, const char *bytes, size_t n)
{
	char *id = ctx;
	const char *at = memmem(bytes, n, "id: ", 4), *end = bytes + n;
	size_t len = 0;

	for (at = at ? at + 4 : end; at < end && *at >= '0' && *at <= '9' && len < LONGEST_ID; at++)
		id[len++] = *at;
	id[len] = '\0';
	return len == 0;
}

/* Path of the stream of what changes from now on. */
static void stream_from_now(struct suan_client *c, char path[PATH_ROOM])
{
	char id[LONGEST_ID + 1] = "";
	struct suan_client_call call = {
		.method = "GET", .path = "/v1/events", .sink = until_id, .ctx = id, .quiet = true};

	if (suan_client_do(c, &call, NULL) != SUAN_EXIT_OK)
		id[0] = '\0';
	(void)snprintf(path, PATH_ROOM, "/v1/events%s%s", id[0] ? "?after=" : "", id);
}

int suan_watch(struct suan_client *c, int (*show)(void *ctx), void *ctx)
{
	int rc, lost = 0;

	for (;;) {
		struct timespec nap = {.tv_nsec = LEAST_INTERVAL_NS};
		bool seen = false;
		char path[PATH_ROOM];
		struct suan_client_call call = {
			.method = "GET", .path = path, .sink = until_change, .ctx = &seen};

		/* Before the table is read: what changes while it is shown is not missed. */
		stream_from_now(c, path);
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
