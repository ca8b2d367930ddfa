/* The journal of a tree on its way: a line for every file that is on the disk, appended after it
 * is. Whoever has it open has the lock on the target. */
#ifndef SUAN_AGENT_COPY_LOG_H
#define SUAN_AGENT_COPY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/manifest.h"
#include "base/buf.h"
#include "base/err.h"

struct suan_copy_logged {
	char version[65]; /* of the source's file */
	struct suan_manifest_entry e;
	size_t order; /* in the log */
};

struct suan_copy_log {
	char *path;
	int fd;
	bool fresh;	/* begins anew: what lies in the part is of no use */
	bool same_boot; /* of the machine, as when it was begun */
	uint64_t inode; /* of the whole part, once it was about to be renamed; 0 = not yet */
	struct suan_copy_logged *list; /* sorted by path, then order */
	size_t count, cap;
	struct suan_buf pending; /* lines that wait */
};

/* Reads the lines of n bytes into *log (list, inode, same_boot), which is zeroed but for its fd and
 * path; *ret_good counts the bytes that are whole lines of this key. False: out of memory. Pure. */
bool suan_copy_log_read(struct suan_copy_log *log, const char *text, size_t n, const char *first,
			size_t *ret_good);
/* Opens or makes the log of a copy of source, whose manifest has SHA-256 want (or ""), to target.
 * EBUSY: another copy has it. Close it in every case. */
SUAN_MUSTUSE enum suan_code suan_copy_log_open(struct suan_copy_log *log, const char *source,
					       const char *want, const char *target,
					       struct suan_err *err);
void suan_copy_log_close(struct suan_copy_log *log);
void suan_copy_log_remove(struct suan_copy_log *log);
/* The last entry of that path. *at: 0 at first; paths must be asked in ascending order. */
const struct suan_copy_logged *suan_copy_log_find(const struct suan_copy_log *log, const char *path,
						  size_t *at);
SUAN_MUSTUSE enum suan_code suan_copy_log_add(struct suan_copy_log *log, const char *version,
					      const struct suan_manifest_entry *e,
					      struct suan_err *err);
/* Puts what waits on the disk. */
SUAN_MUSTUSE enum suan_code suan_copy_log_flush(struct suan_copy_log *log, struct suan_err *err);
/* And that the folder of this inode is whole. */
SUAN_MUSTUSE enum suan_code suan_copy_log_finish(struct suan_copy_log *log, uint64_t inode,
						 struct suan_err *err);

#endif
