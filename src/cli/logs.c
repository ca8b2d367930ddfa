/* suan logs, suan wait. */
#include "cli/logs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "sys/clock.h"

#define RETRY_FOR_MS	120000 /* a restart of the server must not end a wait */
#define SLOWEST_POLL_MS 1000
#define TIMED_OUT	124 /* as timeout(1) */

static void nap_ms(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

/* UNKNOWN is the end of a job that may not start twice; others run again once it is safe. */
static bool job_over(const json_t *job)
{
	static const char *const over[] = {"COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY",
					   "CANCELLED", "PREEMPTED"};
	const char *state = json_string_value(json_object_get(job, "state"));
	const char *guarantee = json_string_value(json_object_get(job, "guarantee"));

	for (size_t i = 0; state && i < sizeof(over) / sizeof(over[0]); i++)
		if (strcmp(state, over[i]) == 0)
			return true;
	return state && strcmp(state, "UNKNOWN") == 0 && guarantee &&
	       strcmp(guarantee, "at-most-once") == 0;
}

/* ---- logs ---- */

static bool write_out(void *ctx, const char *bytes, size_t n)
{
	struct suan_log_request *r = ctx;

	r->offset += (long long)n;
	if (r->json)
		return suan_pieces_add(r->json, bytes, n) &&
		       (!r->follow || suan_pieces_flush(r->json));
	return fwrite(bytes, 1, n, stdout) == n && fflush(stdout) == 0;
}

/* Quietly: is the task over? −1: the server does not answer. */
static int is_over(struct suan_client *c, const char *id)
{
	struct suan_client_call call = {.method = "GET", .quiet = true};
	char path[64];
	json_t *job;
	int rc, over;

	snprintf(path, sizeof(path), "/v1/jobs/%s", id);
	call.path = path;
	rc = suan_client_do(c, &call, &job);
	if (rc != SUAN_EXIT_OK)
		return -1;
	over = job_over(job);
	json_decref(job);
	return over;
}

static int copy_once(struct suan_client *c, struct suan_log_request *r, bool follow, bool quiet)
{
	char path[160];
	struct suan_client_call call = {
		.method = "GET", .path = path, .sink = write_out, .ctx = r, .quiet = quiet};

	snprintf(path, sizeof(path), "/v1/jobs/%s/logs?stream=%s&offset=%lld%s", r->id, r->stream,
		 r->offset, follow ? "&follow=1" : "");
	return suan_client_do(c, &call, NULL);
}

/* Everything that is there now, piece by piece. */
static int copy_rest(struct suan_client *c, struct suan_log_request *r)
{
	long long before;
	int rc;

	do {
		before = r->offset;
		rc = copy_once(c, r, false, false);
	} while (rc == SUAN_EXIT_OK && r->offset > before);
	return rc;
}

int suan_logs_copy(struct suan_client *c, struct suan_log_request *r)
{
	int64_t lost_since = 0;
	int rc;

	if (!r->follow)
		return copy_rest(c, r);
	for (;;) {
		rc = copy_once(c, r, true, lost_since != 0);
		if (rc != SUAN_EXIT_OK && rc != SUAN_EXIT_UNREACHABLE)
			return rc;
		/* A followed answer ends when the task has ended, or when the server went away. */
		if (rc == SUAN_EXIT_OK && is_over(c, r->id) == 1)
			return copy_rest(c, r);
		if (rc == SUAN_EXIT_OK)
			lost_since = 0;
		else if (!lost_since)
			lost_since = suan_clock_now_ms();
		else if (suan_clock_now_ms() - lost_since > RETRY_FOR_MS)
			return SUAN_EXIT_UNREACHABLE;
		nap_ms(300);
	}
}

static const struct suan_option logs_options[] = {
	{"follow", 'f', NULL, "go on until the job has ended"},
	{"stderr", 'e', NULL, "standard error instead of standard output"},
	{"offset", 0, "BYTES", "begin there"},
	{"json", 0, NULL,
	 "JSON, stable for scripts: an object a line, with id, stream, offset and "
	 "text"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static int copy_as_json(struct suan_client *c, struct suan_log_request *r)
{
	struct suan_pieces pieces = {.id = r->id, .stream = r->stream, .offset = r->offset};
	int rc;

	r->json = &pieces;
	rc = suan_logs_copy(c, r);
	if (rc == SUAN_EXIT_OK && !suan_pieces_end(&pieces))
		rc = SUAN_EXIT_FAILED;
	suan_pieces_done(&pieces);
	return rc;
}

struct logs_args {
	struct suan_client client;
	struct suan_log_request request;
	bool json;
};

static int logs_option(struct logs_args *a, const struct suan_option *opt, const char *value)
{
	char *end;

	if (strcmp(opt->name, "follow") == 0)
		a->request.follow = true;
	else if (strcmp(opt->name, "stderr") == 0)
		a->request.stream = "stderr";
	else if (strcmp(opt->name, "json") == 0)
		a->json = true;
	else if (strcmp(opt->name, "offset") == 0) {
		a->request.offset = strtoll(value, &end, 10);
		if (*end || end == value || a->request.offset < 0)
			return suan_cli_usage(&suan_cli_logs,
					      "--offset: expected bytes, found \"%s\"", value);
	} else
		suan_client_option(&a->client, opt, value);
	return SUAN_EXIT_OK;
}

static int run_logs(int argc, char **argv)
{
	struct logs_args a = {.request = {.stream = "stdout"}};
	struct suan_log_request *r = &a.request;
	const struct suan_option *opt;
	struct suan_args args;
	const char *value;
	int kind, rc = SUAN_EXIT_OK;

	suan_client_init(&a.client, &suan_cli_logs);
	suan_args_init(&args, &suan_cli_logs, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPTION)
			rc = logs_option(&a, opt, value);
		else if (r->id)
			rc = suan_cli_usage(&suan_cli_logs, "one job at a time");
		else
			r->id = value;
	}
	if (rc == SUAN_EXIT_OK && !r->id)
		rc = suan_cli_usage(&suan_cli_logs, "which job? suan logs ID");
	if (rc == SUAN_EXIT_OK)
		rc = suan_cli_check_ids(&suan_cli_logs, &r->id, 1);
	if (rc == SUAN_EXIT_OK)
		rc = a.json ? copy_as_json(&a.client, r) : suan_logs_copy(&a.client, r);
	suan_client_done(&a.client);
	return rc;
}

const struct suan_command suan_cli_logs = {
	.name = "logs",
	.usage = "suan logs [OPTION]… ID",
	.summary = "print what a job wrote",
	.help = "ID is a job, 12, or one element of an array job, 12_5.",
	.options = logs_options,
	.run = run_logs,
};

/* ---- wait ---- */

static int code_of(const json_t *job)
{
	const char *state = json_string_value(json_object_get(job, "state"));
	json_int_t code = json_integer_value(json_object_get(job, "exit_code"));
	json_int_t sig = json_integer_value(json_object_get(job, "signal"));

	if (state && strcmp(state, "COMPLETED") == 0)
		return SUAN_EXIT_OK;
	if (sig)
		return (int)(128 + sig);
	return code ? (int)(code & 255) : SUAN_EXIT_FAILED;
}

static void show_progress(const struct suan_wait_request *r, int left, const json_t *job)
{
	const json_t *counts = json_object_get(job, "counts");

	if (counts && r->nids == 1)
		fprintf(stderr, "\r\033[K%lld of %lld done, %lld running",
			(long long)json_integer_value(json_object_get(counts, "COMPLETED")),
			(long long)json_integer_value(json_object_get(job, "elements")),
			(long long)json_integer_value(json_object_get(counts, "RUNNING")));
	else if (r->nids == 1)
		fprintf(stderr, "\r\033[K%s", json_string_value(json_object_get(job, "state")));
	else
		fprintf(stderr, "\r\033[K%d of %d jobs over", r->nids - left, r->nids);
	fflush(stderr);
}

struct waiting {
	struct suan_client *client;
	const struct suan_wait_request *r;
	int64_t deadline, lost_since;
	int result;
	bool timed_out;
};

/* Polls one job until it is over: quickly at first, then once a second. */
static int wait_one(struct waiting *w, int i)
{
	struct suan_client_call call = {.method = "GET"};
	char path[64];
	long pause = 20;

	snprintf(path, sizeof(path), "/v1/jobs/%s", w->r->ids[i]);
	call.path = path;
	for (;;) {
		json_t *job;
		int rc;

		call.quiet = w->lost_since != 0;
		rc = suan_client_do(w->client, &call, &job);
		if (rc == SUAN_EXIT_UNREACHABLE && !w->lost_since)
			w->lost_since = suan_clock_now_ms();
		if (rc != SUAN_EXIT_OK && (rc != SUAN_EXIT_UNREACHABLE ||
					   suan_clock_now_ms() - w->lost_since > RETRY_FOR_MS))
			return rc;
		if (rc == SUAN_EXIT_OK) {
			w->lost_since = 0;
			if (w->r->progress)
				show_progress(w->r, w->r->nids - i, job);
			if (job_over(job)) {
				w->result = w->result ? w->result : code_of(job);
				if (w->r->jobs)
					json_array_append(w->r->jobs, job);
				json_decref(job);
				return SUAN_EXIT_OK;
			}
			json_decref(job);
		}
		if (w->deadline && suan_clock_now_ms() >= w->deadline) {
			w->timed_out = true;
			return SUAN_EXIT_OK;
		}
		nap_ms(pause);
		pause = pause * 3 / 2 < SLOWEST_POLL_MS ? pause * 3 / 2 : SLOWEST_POLL_MS;
	}
}

int suan_wait_jobs(struct suan_client *c, const struct suan_wait_request *r, bool *ret_timed_out)
{
	struct waiting w = {.client = c, .r = r};
	int rc = SUAN_EXIT_OK;

	if (r->timeout_ms)
		w.deadline = suan_clock_now_ms() + r->timeout_ms;
	for (int i = 0; i < r->nids && rc == SUAN_EXIT_OK && !w.timed_out; i++)
		rc = wait_one(&w, i);
	if (r->progress)
		fprintf(stderr, "\r\033[K");
	if (ret_timed_out)
		*ret_timed_out = w.timed_out;
	return rc == SUAN_EXIT_OK ? w.result : rc;
}

static const struct suan_option wait_options[] = {
	{"timeout", 't', "TIME", "give up after TIME, e.g. 90s, 2h (exit code 124)"},
	{"quiet", 'q', NULL, "no progress line"},
	{"json", 0, NULL, "print the final jobs as JSON"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static int finish_wait(struct suan_client *c, struct suan_wait_request *r, bool json)
{
	bool timed_out;
	int rc;

	r->jobs = json_array();
	rc = suan_wait_jobs(c, r, &timed_out);
	if (timed_out) {
		fprintf(stderr, "suan wait: not over after %lld s\n", r->timeout_ms / 1000);
		rc = TIMED_OUT;
	}
	if (json)
		suan_client_print_json(r->jobs);
	json_decref(r->jobs);
	return rc;
}

static int run_wait(int argc, char **argv)
{
	const char **ids = calloc((size_t)argc + 1, sizeof(*ids));
	struct suan_wait_request r = {.ids = ids, .progress = isatty(STDERR_FILENO) == 1};
	const struct suan_option *opt;
	struct suan_args args;
	struct suan_err err = {0};
	struct suan_client c;
	const char *value;
	bool json = false;
	int64_t ms;
	int kind, rc = ids ? SUAN_EXIT_OK : SUAN_EXIT_FAILED;

	suan_client_init(&c, &suan_cli_wait);
	suan_args_init(&args, &suan_cli_wait, argc, argv);
	while (rc == SUAN_EXIT_OK && (kind = suan_args_next(&args, &opt, &value)) != SUAN_ARG_END) {
		if (kind == SUAN_ARG_BAD)
			rc = SUAN_EXIT_USAGE;
		else if (kind == SUAN_ARG_OPERAND)
			ids[r.nids++] = value;
		else if (strcmp(opt->name, "quiet") == 0)
			r.progress = false;
		else if (strcmp(opt->name, "json") == 0)
			json = true;
		else if (strcmp(opt->name, "timeout") == 0) {
			if (suan_parse_duration(value, 1000, &ms, &err) != SUAN_OK || ms <= 0)
				rc = suan_cli_usage(&suan_cli_wait, "--timeout: %s", err.text);
			r.timeout_ms = ms;
		} else
			suan_client_option(&c, opt, value);
	}
	if (rc == SUAN_EXIT_OK && !r.nids)
		rc = suan_cli_usage(&suan_cli_wait, "which job? suan wait ID…");
	if (rc == SUAN_EXIT_OK)
		rc = suan_cli_check_ids(&suan_cli_wait, ids, r.nids);
	if (rc == SUAN_EXIT_OK)
		rc = finish_wait(&c, &r, json);
	free(ids);
	suan_client_done(&c);
	return rc;
}

const struct suan_command suan_cli_wait = {
	.name = "wait",
	.usage = "suan wait [OPTION]… ID…",
	.summary = "wait until jobs are over; exits with the job's code",
	.help = "With several jobs the first exit code that is not 0 wins. Survives a restart of "
		"the\n"
		"server of up to two minutes.",
	.options = wait_options,
	.run = run_wait,
};
