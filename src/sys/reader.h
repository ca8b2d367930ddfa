/* The bytes of a file, or of standard input ("-"), in pieces: plain, or unpacked when the first two
 * bytes say gzip (RFC 1952; several members after each other count as one file). */
#ifndef SUAN_SYS_READER_H
#define SUAN_SYS_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct suan_file_reader;

/* On failure (as in sys/fs.h) *ret is untouched. */
SUAN_MUSTUSE enum suan_code suan_file_reader_open(const char *path, struct suan_file_reader **ret,
						  struct suan_err *err);
void suan_file_reader_close(struct suan_file_reader *r);	/* NULL is fine */
/* The next piece, borrowed until the next call; *ret_n = 0 at the end. EIO and its kin: the file
 * cannot be read; ECORRUPT: gzip that ends early or is damaged, the text says at which byte of the
 * file. After a failure only _close may be called. */
SUAN_MUSTUSE enum suan_code suan_file_reader_next(struct suan_file_reader *r, const void **ret,
						  size_t *ret_n, struct suan_err *err);
/* Bytes of the file that are done with (packed ones, if it is packed), and its size when it was
 * opened: for a progress bar. *ret_total = 0: not known, it is no regular file. */
void suan_file_reader_progress(const struct suan_file_reader *r, uint64_t *ret_read,
			       uint64_t *ret_total);
/* Borrowed: the path, or "standard input". */
const char *suan_file_reader_name(const struct suan_file_reader *r);

#endif
