/* How far the copy of one file is on the disk, as bytes of a small file: two slots that are written
 * in turn, each with a number and a digest, so that a write that was cut short leaves the other
 * one. Pure. */
#ifndef SUAN_AGENT_COPY_JOURNAL_H
#define SUAN_AGENT_COPY_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sys/crypto.h"

#define SUAN_COPY_SLOT	  1024 /* bytes of a slot */
#define SUAN_COPY_SLOT_AT 4096 /* where the second one begins; the first at 0 */
#define SUAN_COPY_JOURNAL (SUAN_COPY_SLOT_AT + SUAN_COPY_SLOT)
#define SUAN_COPY_VERSION 256

struct suan_copy_journal {
	uint64_t seq;			 /* of the slot; the higher one counts */
	uint8_t key[16];		 /* what is copied from where */
	char version[SUAN_COPY_VERSION]; /* tells whether the source is still the same; "" = cannot
					  */
	uint64_t done;			 /* bytes of the part that are on the disk */
	uint64_t total;			 /* of the source; UINT64_MAX = not known */
	uint8_t sha[SUAN_SHA256_STATE];	 /* state of the digest after done bytes */
	char boot[64];			 /* of the machine, when it was written */
	uint64_t inode;			 /* of the part */
	char sha256[65];		 /* "" until all is verified and about to be renamed */
};

/* Into one slot's bytes. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_copy_journal_write(const struct suan_copy_journal *j,
						    uint8_t slot[SUAN_COPY_SLOT]);
/* Of the n bytes of the file, the newest whole slot. False: there is none. */
bool suan_copy_journal_read(struct suan_copy_journal *j, const void *file, size_t n);

#endif
