/* Output of jobs and waiting for their end. */
#ifndef SUAN_CLI_LOGS_H
#define SUAN_CLI_LOGS_H

#include "cli/client.h"
#include "cli/pieces.h"

struct suan_log_request {
	const char *id;	    /* "12" or "12_5" */
	const char *stream; /* "stdout", "stderr" */
	bool follow;
	long long offset;	  /* bytes; grows while output is copied */
	struct suan_pieces *json; /* print through it; NULL = the bytes as they are */
};

/* Copies output to stdout; with follow until the task has ended, reconnecting when the server goes
 * away for a while. Returns an exit code. */
int suan_logs_copy(struct suan_client *c, struct suan_log_request *r);

/* Waits until every job is over. Returns the job's own exit code (the first that is not 0), 128 +
 * signal, 1 for a failure without code, or an exit code of ours when the server cannot be asked.
 * timeout_ms 0 = for ever; *ret_timed_out may be NULL. jobs (may be NULL): the final documents are
 * appended. */
struct suan_wait_request {
	const char *const *ids;
	int nids;
	long long timeout_ms;
	bool progress; /* a line on stderr when it is a terminal */
	json_t *jobs;
};
int suan_wait_jobs(struct suan_client *c, const struct suan_wait_request *r, bool *ret_timed_out);

#endif
