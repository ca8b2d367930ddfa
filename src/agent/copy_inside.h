/* Inside of the copier, shared by copy*.c only: one copy, and what its attempts are made of. An
 * attempt runs on one thread and has everything below to itself but for the atomics. */
#ifndef SUAN_AGENT_COPY_INSIDE_H
#define SUAN_AGENT_COPY_INSIDE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "agent/copy.h"
#include "agent/copy_part.h"
#include "agent/staging.h"
#include "base/buf.h"
#include "http/fetch.h"
#include "sys/pace.h"

struct suan_copy_setup { /* of the copier; read only */
	uint64_t sync_bytes;
	int64_t first_wait_ms, longest_wait_ms, stall_ms;
	char *rclone, *rclone_config, *ca_file; /* owned; the last two NULL when not given */
	struct suan_pace_gate gate;
	struct suan_pace_bucket all;
};

struct suan_copy_job {
	struct suan_copy_setup *setup;
	/* The spec; owned, read only. */
	uint64_t id, bytes;
	char *source, *target; /* without "file://" */
	char sha256[65];
	char *token;
	struct suan_manifest given; /* of the tree, when has_given */
	bool has_given;
	unsigned tries, sum_tries;
	struct suan_copy_events events;

	struct suan_pace_bucket own;
	struct suan_staging_item item;
	atomic_bool drop;	      /* after a cancel: part and journal go */
	_Atomic uint64_t done, total; /* for progress; total 0 = not known */
	uint64_t told;		      /* done, at the last progress */

	/* Of an attempt. */
	struct suan_http_fetcher *fetcher; /* NULL until the first use */
	uint64_t base;			   /* of done: files of a tree before this one */
	uint64_t moved;
	bool at_target;
	enum suan_copy_fault fault; /* when the code does not say it */
	int64_t retry_after_ms;
	enum suan_code rc;
	struct suan_err err;
	char result[65];
	uint64_t result_bytes, result_files;
	struct suan_manifest found; /* of a tree */
	struct suan_buf manifest;   /* its text, on success */

	/* Of the loop. */
	struct suan_copier *copier;
	struct suan_timer *again;
	uint64_t moved_all, best;
	unsigned attempts, failed, wrong;
	struct suan_copy_job *prev, *next;
};

/* One file from anywhere. */
struct suan_copy_from {
	enum suan_copy_place place;
	const char *where; /* path, URL, NAME:PATH */
	int root; /* the open folder that a path is below, reached without links; −1 = none */
	const char *want;    /* SHA-256, "" = not known */
	uint64_t bytes;	     /* expected; UINT64_MAX = not known */
	const char *version; /* when the caller has asked already; "" = ask */
};

/* What each place can do. pull brings all that is missing into the part: it begins the part anew
 * where the source is not of the part's version, and sets *ret_mode to that of the file (0 = none).
 * Errors of the target set job->at_target. */
SUAN_MUSTUSE enum suan_code suan_copy_pull_local(struct suan_copy_job *job,
						 const struct suan_copy_from *f,
						 struct suan_copy_part *p, unsigned *ret_mode);
SUAN_MUSTUSE enum suan_code suan_copy_pull_http(struct suan_copy_job *job,
						const struct suan_copy_from *f,
						struct suan_copy_part *p);
SUAN_MUSTUSE enum suan_code suan_copy_pull_rclone(struct suan_copy_job *job,
						  const struct suan_copy_from *f,
						  struct suan_copy_part *p);
/* One file, below root or not (−1), to a remote place; the digest of what was sent into hex. */
SUAN_MUSTUSE enum suan_code suan_copy_send_file(struct suan_copy_job *job, int root,
						const char *path, const char *remote, char hex[65]);
SUAN_MUSTUSE enum suan_code suan_copy_send_http(struct suan_copy_job *job, int fd, uint64_t total,
						const char *url, char hex[65]);
SUAN_MUSTUSE enum suan_code suan_copy_send_rclone(struct suan_copy_job *job, int fd, uint64_t total,
						  const char *remote, char hex[65]);
struct suan_copy_feed { /* a file that is being sent */
	struct suan_copy_job *job;
	int fd;
	struct suan_sha256 sha;
};
/* The next at most n bytes of it: paced, digested, counted. *ret_n = 0: its end. */
SUAN_MUSTUSE enum suan_code suan_copy_next(struct suan_copy_feed *f, void *bytes, size_t n,
					   size_t *ret_n);

/* ---- copy_file.c ---- */

/* Fails the attempt with a text, from the source's side. */
enum suan_code suan_copy_fail(struct suan_copy_job *job, enum suan_copy_fault fault,
			      enum suan_code rc, const char *fmt, ...) SUAN_PRINTF(4, 5);
enum suan_code suan_copy_broken_off(struct suan_copy_job *job);
bool suan_copy_cancelled(const struct suan_copy_job *job);
/* Waits until n bytes may pass. False: cancelled. */
bool suan_copy_may_pass(struct suan_copy_job *job, size_t n);
/* Bytes of the source that came: paced, put into the part, counted. */
SUAN_MUSTUSE enum suan_code suan_copy_take(struct suan_copy_job *job, struct suan_copy_part *p,
					   const void *bytes, size_t n);
/* Begins the part anew, or goes on when the source is still of that version and size. version ""
 * goes on only if the digest of the whole is known. total UINT64_MAX: not known. */
SUAN_MUSTUSE enum suan_code suan_copy_begin(struct suan_copy_job *job, struct suan_copy_part *p,
					    const struct suan_copy_from *f, const char *version,
					    uint64_t total);
bool suan_copy_is_known(const struct suan_copy_part *p, const struct suan_copy_from *f,
			const char *version, uint64_t total);
/* As large pieces as the limits allow. */
size_t suan_copy_piece(struct suan_copy_job *job);
/* One whole file to a path: pulled, verified, in place. hex gets its digest. */
SUAN_MUSTUSE enum suan_code suan_copy_file(struct suan_copy_job *job,
					   const struct suan_copy_from *f, const char *target,
					   char hex[65], uint64_t *ret_bytes);
SUAN_MUSTUSE enum suan_code suan_copy_fetcher(struct suan_copy_job *job);
/* As file, for a small file of a tree that is on its way: straight to its name there. */
SUAN_MUSTUSE enum suan_code suan_copy_small(struct suan_copy_job *job,
					    const struct suan_copy_from *f, const char *path,
					    char hex[65], uint64_t *ret_bytes);
/* Removes what a copy to the path has left beside it. Errors are of no use to anybody. */
void suan_copy_clear(const char *target);
/* The whole of one attempt: fills the results of the job. */
void suan_copy_attempt(struct suan_copy_job *job);

/* ---- rclone ---- */

struct suan_copy_stat {
	bool folder;
	uint64_t bytes;	  /* UINT64_MAX = not known */
	char version[65]; /* changes when the file does */
};

SUAN_MUSTUSE enum suan_code suan_copy_stat_rclone(struct suan_copy_job *job, const char *remote,
						  struct suan_copy_stat *ret);
/* The files below a remote folder; their digests are those of their versions. */
SUAN_MUSTUSE enum suan_code suan_copy_list_rclone(struct suan_copy_job *job, const char *remote,
						  struct suan_manifest *m);

/* ---- trees ---- */

/* 64 digits that stand for a version where a manifest has a digest. */
void suan_copy_version_sum(const char *version, char hex[65]);
void suan_copy_local_version(const struct stat *st, char out[96]);
/* Opens what is at path, relative to the folder root, without following a link. −1: see errno. */
int suan_copy_open_below(int root, const char *path, int flags);
/* The entries below a folder, sorted; their digests are those of their versions. */
SUAN_MUSTUSE enum suan_code suan_copy_walk(const char *path, struct suan_manifest *m,
					   const atomic_bool *cancel, struct suan_err *err);
/* As walk, with the real digests. pass is asked after every piece; false: EREFUSED. */
typedef bool suan_copy_pass(void *ctx, size_t n);
SUAN_MUSTUSE enum suan_code suan_copy_scan_tree(const char *path, struct suan_manifest *m,
						suan_copy_pass *pass, void *ctx,
						struct suan_err *err);
struct suan_copy_digest { /* of a file */
	int root;	  /* the open folder that its path is below; −1 = none */
	suan_copy_pass *pass;
	void *ctx;
	char sha256[65]; /* out, as bytes */
	uint64_t bytes;
};
SUAN_MUSTUSE enum suan_code suan_copy_digest_at(struct suan_copy_digest *d, const char *path,
						struct suan_err *err);
/* job->found is the whole tree: its text and identity become the result, ECORRUPT if it is another
 * than wanted. */
SUAN_MUSTUSE enum suan_code suan_copy_conclude(struct suan_copy_job *job);
/* The text of a link, NUL-terminated. */
SUAN_MUSTUSE enum suan_code suan_copy_read_link(int root, const char *path, char text[4097],
						struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_copy_tree(struct suan_copy_job *job);
/* A local tree to a remote place, file by file. */
SUAN_MUSTUSE enum suan_code suan_copy_send_tree(struct suan_copy_job *job);

#endif
