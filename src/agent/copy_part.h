/* One file on its way: the part beside the target with its journal (docs/internals/copier.md). Only
 * one copy in the world has it open. */
#ifndef SUAN_AGENT_COPY_PART_H
#define SUAN_AGENT_COPY_PART_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/copy_journal.h"
#include "base/err.h"
#include "sys/crypto.h"

struct suan_copy_part {
	const char *target;   /* borrowed */
	char *path, *journal; /* owned */
	int fd, journal_fd;
	struct suan_copy_journal j; /* what the journal on the disk says */
	struct suan_sha256 sha;	    /* of done bytes */
	uint64_t done;		    /* in the part; those above j.done perhaps not on the disk */
	uint64_t sync_bytes;
	int64_t synced_us;
	bool names_synced;
	bool from_journal; /* the digest goes on from a state that the journal held */
	bool bare;	   /* the file itself, without journal: see open_bare */
	bool finished;	   /* by open: the target is complete, only the report was lost */
};

/* The names beside a path of a part ("suan-part") or journal. Owned; NULL: no memory. */
char *suan_copy_beside(const char *target, const char *what);

/* This boot of the machine; "" = not known. */
void suan_copy_boot(char id[64]);
/* The folder that a target is in, and those above. */
SUAN_MUSTUSE enum suan_code suan_copy_make_folder(const char *target, struct suan_err *err);
/* The lock on all that belongs to a copy to target: an open descriptor of its journal. EBUSY:
 * another has it. */
SUAN_MUSTUSE enum suan_code suan_copy_lock(const char *journal, const char *target, int *ret_fd,
					   struct suan_err *err);

/* Opens what is there of an earlier copy of the same key, or makes a part of no bytes; folders are
 * made. After it, done counts the bytes that need not come again, if the source is still of
 * version j.version. EBUSY: another copy has it. EREFUSED: *cancel was set. All errors are of the
 * target's side. Close it in every case. */
SUAN_MUSTUSE enum suan_code suan_copy_part_open(struct suan_copy_part *p, const char *target,
						const uint8_t key[16], const atomic_bool *cancel,
						struct suan_err *err);
/* A small file of a tree, which is itself in a folder that nobody reads: no journal, nothing is put
 * on the disk, and finish leaves it where it is. */
SUAN_MUSTUSE enum suan_code suan_copy_part_open_bare(struct suan_copy_part *p, const char *path,
						     struct suan_err *err);
void suan_copy_part_close(struct suan_copy_part *p);
/* From the first byte, of a source of this version. */
SUAN_MUSTUSE enum suan_code suan_copy_part_begin(struct suan_copy_part *p, const char *version,
						 uint64_t total, struct suan_err *err);
/* Appends. Puts everything on the disk and into the journal whenever enough has come. */
SUAN_MUSTUSE enum suan_code suan_copy_part_add(struct suan_copy_part *p, const void *bytes,
					       size_t n, struct suan_err *err);
/* The part, still of no bytes, shares those of the open file: true, and they are counted and
 * digested by suan_copy_part_digest. False: the file system cannot. */
bool suan_copy_part_clone(struct suan_copy_part *p, int from_fd);
/* Digests what the part holds up to bytes, anew. */
SUAN_MUSTUSE enum suan_code suan_copy_part_digest(struct suan_copy_part *p, uint64_t bytes,
						  const atomic_bool *cancel, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_copy_part_sync(struct suan_copy_part *p, struct suan_err *err);
/* Compares with want ("" = nothing to compare with), and renames into place, all of it on the disk.
 * ECORRUPT: not what was wanted; drop it. sha256 gets 65 bytes. mode: of the file; 0 = 0644. */
SUAN_MUSTUSE enum suan_code suan_copy_part_finish(struct suan_copy_part *p, const char *want,
						  unsigned mode, const atomic_bool *cancel,
						  char *sha256, struct suan_err *err);
/* Removes part and journal. */
void suan_copy_part_drop(struct suan_copy_part *p);

#endif
