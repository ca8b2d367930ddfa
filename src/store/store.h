/* Where the platform keeps what it must not lose: an append-only log of records, one snapshot, and
 * small named values. Back ends are const vtables with one conformance suite. */
#ifndef SUAN_STORE_STORE_H
#define SUAN_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct suan_store;

#define SUAN_STORE_MAX_BYTES 900000000u	/* of one batch, value, document or snapshot */
#define SUAN_STORE_MAX_NAME  200	/* bytes of the name of a value */

/* One group commit: records first_seq … first_seq + count − 1, concatenated in one byte string
 * (each record carries its own length, see engine/record.h; the store does not look inside),
 * together with named values and archived documents that change in the same transaction. */
struct suan_store_value {
	const char *name;	/* 1 to SUAN_STORE_MAX_NAME bytes */
	const void *bytes;	/* NULL: remove */
	size_t n;
};
struct suan_store_doc {		/* final document of a forgotten job */
	uint64_t job;
	const void *bytes;
	size_t n;
};
struct suan_store_batch {
	uint64_t first_seq;
	uint32_t count;		/* 0: no records, only values or documents */
	const void *bytes;
	size_t n;
	const struct suan_store_value *values;
	uint32_t nvalues;
	const struct suan_store_doc *docs;
	uint32_t ndocs;
};

struct suan_store_ops {
	const char *name;	/* "memory", "sqlite" */
	/* Opens or creates. EBUSY: another process has it open (says which). ECORRUPT: not ours or
	 * damaged. location: folder for sqlite, ignored by memory. */
	enum suan_code (*open)(struct suan_store **ret, const char *location, struct suan_err *err);
	/* Opens for reading what is there, also while another process has it open and writes. All
	 * reads see it as it was now; what would write is EDENIED. Close it soon: the writer keeps
	 * what was there for as long. ENOTFOUND: there is no store. */
	enum suan_code (*open_read)(struct suan_store **ret, const char *location,
				    struct suan_err *err);
	void (*close)(struct suan_store *s);
	/* All or nothing, durable (fsynced) when it returns OK; a name or job given twice: the
	 * last one counts. ECONFLICT: first_seq is not the next one. EFULL / EIO: nothing was
	 * written and the store stays usable for reading and for trying again later. ETOOBIG. */
	enum suan_code (*commit)(struct suan_store *s, const struct suan_store_batch *batch,
				 struct suan_err *err);
	uint64_t (*last_seq)(struct suan_store *s);	/* 0 = empty */
	/* Calls fn for each batch with records > after_seq in order (a batch may begin before it).
	 * fn returns an error to stop; that is returned. ECORRUPT: a batch is damaged or missing.
	 * Here and below: what fn gets is borrowed until it returns; it must not use the store. */
	enum suan_code (*replay)(struct suan_store *s, uint64_t after_seq,
				 enum suan_code (*fn)(void *ctx, uint64_t first_seq, uint32_t count,
						      const void *bytes, size_t n,
						      struct suan_err *err),
				 void *ctx, struct suan_err *err);
	/* Replaces the snapshot; durable. Log records ≤ seq may be dropped afterwards by trim.
	 * ECONFLICT: seq lies before the present snapshot or behind the log. */
	enum suan_code (*snapshot_put)(struct suan_store *s, uint64_t seq, const void *bytes,
				       size_t n, struct suan_err *err);
	/* ENOTFOUND: none. *out is appended to. */
	enum suan_code (*snapshot_get)(struct suan_store *s, uint64_t *ret_seq,
				       struct suan_buf *out, struct suan_err *err);
	/* Drops log batches that lie wholly at or below seq (kept by default: the log is the
	 * history). ECONFLICT: the snapshot does not cover them. */
	enum suan_code (*trim)(struct suan_store *s, uint64_t seq, struct suan_err *err);
	enum suan_code (*value_get)(struct suan_store *s, const char *name, struct suan_buf *out,
				    struct suan_err *err);	/* ENOTFOUND */
	/* Calls fn for each value whose name begins with prefix, by name. */
	enum suan_code (*value_list)(struct suan_store *s, const char *prefix,
				     void (*fn)(void *ctx, const char *name, const void *bytes,
						size_t n),
				     void *ctx, struct suan_err *err);
	enum suan_code (*doc_get)(struct suan_store *s, uint64_t job, struct suan_buf *out,
				  struct suan_err *err);	/* ENOTFOUND */
	/* Up to max documents with job < before (0 = from the end), newest first. */
	enum suan_code (*doc_list)(struct suan_store *s, uint64_t before, uint32_t max,
				   void (*fn)(void *ctx, uint64_t job, const void *bytes, size_t n),
				   void *ctx, struct suan_err *err);
};

/* Every back end embeds this as its first member. */
struct suan_store {
	const struct suan_store_ops *ops;
};

extern const struct suan_store_ops suan_store_memory;
extern const struct suan_store_ops suan_store_sqlite;	/* WAL, synchronous=FULL */

/* By name; NULL: unknown. */
const struct suan_store_ops *suan_store_find(const char *name);

#endif
