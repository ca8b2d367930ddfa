#include "store/store.h"

#include <inttypes.h>
#include <string.h>

#include "store/check.h"

const struct suan_store_ops *suan_store_find(const char *name)
{
	static const struct suan_store_ops *const all[] = {&suan_store_memory, &suan_store_sqlite};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static enum suan_code check_size(const char *what, size_t n, struct suan_err *err)
{
	if (n <= SUAN_STORE_MAX_BYTES)
		return SUAN_OK;
	return suan_fail(err, SUAN_ETOOBIG, "%s of %zu bytes; a store takes at most %u", what, n,
			 SUAN_STORE_MAX_BYTES);
}

static enum suan_code check_records(const struct suan_store_batch *b, uint64_t last_seq,
				    struct suan_err *err)
{
	if (b->count == 0)
		return b->n == 0 ? SUAN_OK : suan_fail(err, SUAN_EINVAL,
						       "batch has %zu bytes but no records", b->n);
	if (b->first_seq != last_seq + 1)
		return suan_fail(err, SUAN_ECONFLICT,
				 "batch begins at record %" PRIu64 "; the next one is %" PRIu64,
				 b->first_seq, last_seq + 1);
	if (b->first_seq > INT64_MAX - (uint64_t)b->count)
		return suan_fail(err, SUAN_EINVAL, "record %" PRIu64 " is beyond the last number",
				 b->first_seq);
	return check_size("batch", b->n, err);
}

static enum suan_code check_value(const struct suan_store_value *v, struct suan_err *err)
{
	size_t len = v->name ? strnlen(v->name, SUAN_STORE_MAX_NAME + 1) : 0;

	if (len == 0 || len > SUAN_STORE_MAX_NAME)
		return suan_fail(err, SUAN_EINVAL, "name of a value must have 1 to %d bytes",
				 SUAN_STORE_MAX_NAME);
	return check_size(v->name, v->bytes ? v->n : 0, err);
}

enum suan_code suan_store_check_batch(const struct suan_store_batch *batch,
				      const struct suan_store_mark *mark, struct suan_err *err)
{
	enum suan_code rc = check_records(batch, mark->last_seq, err);

	for (uint32_t i = 0; rc == SUAN_OK && i < batch->nvalues; i++)
		rc = check_value(&batch->values[i], err);
	for (uint32_t i = 0; rc == SUAN_OK && i < batch->ndocs; i++) {
		if (batch->docs[i].job > INT64_MAX)
			rc = suan_fail(err, SUAN_EINVAL,
				       "job %" PRIu64 " is beyond the last number",
				       batch->docs[i].job);
		else
			rc = check_size("document", batch->docs[i].n, err);
	}
	return rc;
}

enum suan_code suan_store_check_snapshot(uint64_t seq, size_t n, const struct suan_store_mark *mark,
					 struct suan_err *err)
{
	if (seq > mark->last_seq)
		return suan_fail(err, SUAN_ECONFLICT,
				 "snapshot of record %" PRIu64 "; the log ends at %" PRIu64, seq,
				 mark->last_seq);
	if (seq < mark->snapshot_seq)
		return suan_fail(err, SUAN_ECONFLICT,
				 "snapshot of record %" PRIu64 " is older than that of %" PRIu64,
				 seq, mark->snapshot_seq);
	return check_size("snapshot", n, err);
}

enum suan_code suan_store_check_trim(uint64_t seq, const struct suan_store_mark *mark,
				     struct suan_err *err)
{
	if (seq <= mark->snapshot_seq)
		return SUAN_OK;
	return suan_fail(err, SUAN_ECONFLICT,
			 "cannot drop records up to %" PRIu64 ": the snapshot covers those up to %"
			 PRIu64, seq, mark->snapshot_seq);
}

enum suan_code suan_store_give(struct suan_buf *out, const void *bytes, size_t n,
			       struct suan_err *err)
{
	enum suan_code rc = suan_buf_reserve(out, n);

	if (rc != SUAN_OK)
		return suan_fail(err, rc, "no room for %zu bytes from the store", n);
	if (!suan_buf_add(out, bytes, n))
		return suan_buf_ok(out, err);
	return SUAN_OK;
}
