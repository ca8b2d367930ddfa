/* What every back end refuses or does alike, so that they cannot differ in it. */
#ifndef SUAN_STORE_CHECK_H
#define SUAN_STORE_CHECK_H

#include "store/store.h"

/* Where a store stands. */
struct suan_store_mark {
	uint64_t last_seq;	/* newest record ever committed; 0 = none */
	uint64_t snapshot_seq;	/* newest record the snapshot covers; 0 = none */
};

/* ECONFLICT: not the next records. EINVAL: a name or number no store can hold. ETOOBIG. */
SUAN_MUSTUSE enum suan_code suan_store_check_batch(const struct suan_store_batch *batch,
						   const struct suan_store_mark *mark,
						   struct suan_err *err);
/* ECONFLICT: covers records that were never committed, or fewer than the one it replaces. */
SUAN_MUSTUSE enum suan_code suan_store_check_snapshot(uint64_t seq, size_t n,
						      const struct suan_store_mark *mark,
						      struct suan_err *err);
/* ECONFLICT: records would go that no snapshot covers. */
SUAN_MUSTUSE enum suan_code suan_store_check_trim(uint64_t seq, const struct suan_store_mark *mark,
						  struct suan_err *err);
/* Appends what was found to the caller's buffer, or leaves it as it was. */
SUAN_MUSTUSE enum suan_code suan_store_give(struct suan_buf *out, const void *bytes, size_t n,
					    struct suan_err *err);

#endif
