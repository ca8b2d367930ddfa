/* Copies data sets: files and trees between paths, HTTP servers and what rclone reaches. What is
 * on the way lies in a part beside the target, with a journal of how far it is on the disk; a copy
 * that is started again goes on from there. A target holds the complete, verified content or is as
 * it was before. States and files on disk: docs/internals/copier.md. */
#ifndef SUAN_AGENT_COPY_H
#define SUAN_AGENT_COPY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/manifest.h"
#include "base/err.h"
#include "sys/loop.h"

struct suan_copier;

struct suan_copier_config { /* all borrowed until suan_copier_new returns; 0, NULL = default */
	struct suan_loop *loop;
	unsigned threads;	   /* copies at the same time (2) */
	uint64_t seed;		   /* of the jitter of waits; 0: a random one */
	uint64_t limit_bytes_s;	   /* all copies together; 0 = none */
	uint64_t sync_bytes;	   /* how much may be copied again after a kill (64 MiB) */
	int64_t first_wait_ms;	   /* before the second attempt; doubles (1000) */
	int64_t longest_wait_ms;   /* (60000) */
	int64_t stall_ms;	   /* a peer that sends nothing for so long has failed (60000) */
	const char *rclone;	   /* program; "rclone" of PATH */
	const char *rclone_config; /* its configuration file; its own default */
	const char *ca_file;	   /* for https; the system's */
};

/* Where a source or target is: an absolute path or file:// URL; http:// or https://; else NAME:PATH
 * as rclone names it. The remote must stand in its configuration, or be given whole in its own
 * notation, ":webdav,url='http://…':PATH". */
enum suan_copy_place {
	SUAN_COPY_NOWHERE, /* none of them */
	SUAN_COPY_LOCAL,
	SUAN_COPY_HTTP,
	SUAN_COPY_RCLONE,
};
enum suan_copy_place suan_copy_place_of(const char *where);

struct suan_copy_spec {	    /* all copied by suan_copy_start */
	uint64_t id;	    /* of the caller; no other copy under way has it */
	const char *source; /* a file or a folder */
	/* A path, HTTP (PUT) or rclone; one of source and target is a path. Folders above a path
	 * are made. NULL or "": nothing is copied, the source (a path) is only read and digested.
	 */
	const char *target;
	uint64_t bytes;	    /* expected; 0 = not known */
	const char *sha256; /* expected, 64 hex digits: of a file's bytes, or of the manifest of a
			     * tree (its identity); NULL, "" = not known */
	/* The manifest of a tree, when it is known (NULL: not): a tree over HTTP needs one. */
	const char *manifest;
	size_t manifest_n;
	uint64_t limit_bytes_s; /* this copy; 0 = none */
	unsigned tries;		/* failed attempts in a row without a new byte (8) */
	unsigned sum_tries;	/* attempts that may end with a wrong checksum (3) */
	const char *token;	/* Authorization: Bearer, for HTTP; NULL = none */
};

/* What kind of failure it was; the text says more. */
enum suan_copy_fault {
	SUAN_COPY_NO_FAULT,
	SUAN_COPY_TRANSIENT, /* may work later; tried until the tries were used up. Part kept */
	SUAN_COPY_GONE,	     /* the source is not there (ENOTFOUND) */
	SUAN_COPY_REFUSED,   /* no right to it, or not something that can be copied */
	SUAN_COPY_CHANGED,   /* the source changed during each attempt */
	SUAN_COPY_WRONG_SUM, /* ECORRUPT: not the content that was expected */
	SUAN_COPY_FULL,	     /* EFULL: no space at the target; the part is removed */
	SUAN_COPY_CANCELLED, /* EREFUSED */
};

struct suan_copy_result { /* borrowed during the callback */
	uint64_t id;
	enum suan_code rc;
	enum suan_copy_fault fault;
	bool at_target;		    /* after a failure: it was the target's side that failed */
	const struct suan_err *err; /* of the last attempt; text for the user */
	const char *sha256;	    /* on success: 64 hex digits; else "" */
	uint64_t bytes, files;	    /* on success: of the source; files is 1 for a file */
	const char *manifest;	    /* on success, of a tree; else NULL */
	size_t manifest_n;
	uint64_t moved_bytes; /* that were read from the source, all attempts of this process */
	unsigned attempts;
};

struct suan_copy_events { /* called on the loop's thread, never from inside a call of ours */
	/* Bytes that are copied by now, of total (0 = not known yet). At most a few times a second;
	 * goes down when a copy begins anew. NULL = not wanted. */
	void (*progress)(void *ctx, uint64_t id, uint64_t bytes, uint64_t total);
	/* Once for every copy that was started; the copier knows the id no more. */
	void (*done)(void *ctx, const struct suan_copy_result *result);
	void *ctx;
};

SUAN_MUSTUSE enum suan_code suan_copier_new(struct suan_copier **ret,
					    const struct suan_copier_config *config,
					    struct suan_err *err);
/* Breaks off what is under way, waits for that, and calls nothing any more. Parts stay. */
void suan_copier_free(struct suan_copier *c);
/* EINVAL: the spec cannot be right (field and text). ECONFLICT: that id is under way. */
SUAN_MUSTUSE enum suan_code suan_copy_start(struct suan_copier *c,
					    const struct suan_copy_spec *spec,
					    const struct suan_copy_events *events,
					    struct suan_err *err);
/* Breaks the copy off; done tells (CANCELLED, or what it came to before). keep_part: a later start
 * goes on from there; else part and journal are removed. False: no such copy. */
bool suan_copy_cancel(struct suan_copier *c, uint64_t id, bool keep_part);
/* Bytes a second of all together, or of one copy; 0 = no limit. Counts at once. */
void suan_copier_limit(struct suan_copier *c, uint64_t bytes_s);
bool suan_copy_limit(struct suan_copier *c, uint64_t id,
		     uint64_t bytes_s);		       /* false: no such copy */
size_t suan_copier_count(const struct suan_copier *c); /* copies under way */

/* ---- trees, blocking: for a thread ---- */

/* Reads a folder and adds its entries to *m, which is empty. EINVAL: a link that leaves the tree, a
 * name or kind of file that cannot be copied. cancel may be NULL; once set: EREFUSED. */
SUAN_MUSTUSE enum suan_code suan_copy_scan(const char *path, struct suan_manifest *m,
					   const atomic_bool *cancel, struct suan_err *err);
/* Rereads a tree (or what is under path) against its manifest: every entry there with size, digest
 * and kind, and nothing else. ECORRUPT: the text names the first that differs. */
SUAN_MUSTUSE enum suan_code suan_copy_verify(const char *path, const struct suan_manifest *m,
					     const atomic_bool *cancel, struct suan_err *err);

#endif
