/* Output of a job as JSON: objects on lines of their own, whose texts make up the output. */
#ifndef SUAN_CLI_PIECES_H
#define SUAN_CLI_PIECES_H

#include <stdbool.h>

#include "base/buf.h"

/* Zero it, then set id, stream and offset. */
struct suan_pieces {
	const char *id, *stream; /* borrowed */
	long long offset;	 /* of the first byte that is still held back */
	struct suan_buf held;
	bool written; /* an object was printed */
};

void suan_pieces_done(struct suan_pieces *p);
/* Holds the bytes back; prints when a megabyte is there. false: out of memory or output. */
bool suan_pieces_add(struct suan_pieces *p, const char *bytes, size_t n);
/* Prints what is held back, but for an unfinished character at its end. */
bool suan_pieces_flush(struct suan_pieces *p);
/* Prints the rest; an object even if there was no output at all. */
bool suan_pieces_end(struct suan_pieces *p);

#endif
