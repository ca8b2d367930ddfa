/* One file, LOCATION/suan.db: a row per batch of the log, so that a commit is one append and one
 * fsync. Everything that is read back is checked against a hash stored beside it. */
#include "store/store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/check.h"
#include "store/sqlite_file.h"

enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_LOG_LAST,
	SQL_LOG_ADD,
	SQL_LOG_FROM,
	SQL_LOG_TRIM,
	SQL_SNAPSHOT_SEQ,
	SQL_SNAPSHOT_GET,
	SQL_SNAPSHOT_DROP,
	SQL_SNAPSHOT_ADD,
	SQL_VALUE_GET,
	SQL_VALUE_FROM,
	SQL_VALUE_PUT,
	SQL_VALUE_DROP,
	SQL_DOC_GET,
	SQL_DOC_FROM,
	SQL_DOC_PUT,
	NSQL
};

static const char *const sql_text[NSQL] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_LOG_LAST] = "SELECT first_seq, count FROM log ORDER BY first_seq DESC LIMIT 1",
	[SQL_LOG_ADD] = "INSERT INTO log(first_seq, count, hash, bytes) VALUES(?1, ?2, ?3, ?4)",
	[SQL_LOG_FROM] = ("SELECT first_seq, count, hash, bytes FROM log WHERE first_seq >="
			  " coalesce((SELECT max(first_seq) FROM log WHERE first_seq <= ?1), ?1)"
			  " ORDER BY first_seq"),
	[SQL_LOG_TRIM] = "DELETE FROM log WHERE first_seq <= ?1 AND first_seq + count - 1 <= ?1",
	[SQL_SNAPSHOT_SEQ] = "SELECT seq FROM snapshot ORDER BY seq DESC LIMIT 1",
	[SQL_SNAPSHOT_GET] = "SELECT seq, hash, bytes FROM snapshot ORDER BY seq DESC LIMIT 1",
	[SQL_SNAPSHOT_DROP] = "DELETE FROM snapshot",
	[SQL_SNAPSHOT_ADD] = "INSERT INTO snapshot(seq, hash, bytes) VALUES(?1, ?2, ?3)",
	[SQL_VALUE_GET] = "SELECT name, hash, bytes FROM value WHERE name = ?1",
	[SQL_VALUE_FROM] = "SELECT name, hash, bytes FROM value WHERE name >= ?1 ORDER BY name",
	[SQL_VALUE_PUT] = "INSERT OR REPLACE INTO value(name, hash, bytes) VALUES(?1, ?2, ?3)",
	[SQL_VALUE_DROP] = "DELETE FROM value WHERE name = ?1",
	[SQL_DOC_GET] = "SELECT job, hash, bytes FROM doc WHERE job = ?1",
	[SQL_DOC_FROM] = ("SELECT job, hash, bytes FROM doc WHERE job <= ?1"
			  " ORDER BY job DESC LIMIT ?2"),
	[SQL_DOC_PUT] = "INSERT OR REPLACE INTO doc(job, hash, bytes) VALUES(?1, ?2, ?3)",
};

struct sqlite {
	struct suan_store base;
	struct suan_store_file file;
	struct suan_store_mark mark;
	sqlite3_stmt *st[NSQL];
};

struct blob {		/* borrowed from a row until its statement moves on */
	const void *bytes;
	size_t n;
};

static struct sqlite *sqlite(struct suan_store *s)
{
	assert(s && s->ops == &suan_store_sqlite);
	return (struct sqlite *)s;
}

static void bind_u64(struct sqlite *q, enum sql which, int i, uint64_t v)
{
	int rc = sqlite3_bind_int64(q->st[which], i, (sqlite3_int64)v);

	assert(rc == SQLITE_OK);
}

static int bind_blob(struct sqlite *q, enum sql which, int i, const void *bytes, size_t n)
{
	return sqlite3_bind_blob64(q->st[which], i, n ? bytes : "", n, SQLITE_STATIC);
}

static int bind_name(struct sqlite *q, enum sql which, const char *name)
{
	return sqlite3_bind_text(q->st[which], 1, name, -1, SQLITE_STATIC);
}

/* Ends a statement; what it was bound to may go. */
static void rest(struct sqlite *q, enum sql which)
{
	(void)sqlite3_reset(q->st[which]);
	(void)sqlite3_clear_bindings(q->st[which]);
}

/* A statement without rows. The error, if any, stays that of the database handle. */
static bool run(struct sqlite *q, enum sql which)
{
	bool good = sqlite3_step(q->st[which]) == SQLITE_DONE;

	rest(q, which);
	return good;
}

static enum suan_code fail(const struct sqlite *q, const char *what, struct suan_err *err)
{
	return suan_store_file_fail(&q->file, what, err);
}

static void roll_back(struct sqlite *q)
{
	if (!sqlite3_get_autocommit(q->file.db))	/* else SQLite has done so */
		(void)run(q, SQL_ROLLBACK);
}

static enum suan_code begin(struct sqlite *q, struct suan_err *err)
{
	if (q->file.reading)
		return suan_fail(err, SUAN_EDENIED, "%s was opened for reading only",
				 q->file.path);
	return run(q, SQL_BEGIN) ? SUAN_OK : fail(q, "begin to write", err);
}

/* Commits, or rolls back: after an earlier failure rc, or when the commit fails. */
static enum suan_code finish(struct sqlite *q, enum suan_code rc, struct suan_err *err)
{
	if (rc == SUAN_OK && !run(q, SQL_COMMIT))
		rc = fail(q, "commit", err);
	if (rc != SUAN_OK)
		roll_back(q);
	return rc;
}

static uint64_t hash_batch(uint64_t first_seq, uint32_t count, const void *bytes, size_t n)
{
	uint64_t h = suan_hash_u64(SUAN_HASH_START, first_seq);

	return suan_hash_bytes(suan_hash_u64(h, count), bytes, n);
}

static uint64_t hash_numbered(uint64_t number, const void *bytes, size_t n)
{
	return suan_hash_bytes(suan_hash_u64(SUAN_HASH_START, number), bytes, n);
}

static uint64_t hash_value(const char *name, const void *bytes, size_t n)
{
	return suan_hash_bytes(suan_hash_bytes(SUAN_HASH_START, name, strlen(name)), bytes, n);
}

/* The bytes of a row; ENOMEM, EIO and ECORRUPT can show up only here. */
static enum suan_code row_blob(struct sqlite *q, enum sql which, int column, struct blob *ret,
			       struct suan_err *err)
{
	sqlite3_stmt *st = q->st[which];

	if (sqlite3_column_type(st, column) != SQLITE_BLOB)
		return suan_fail(err, SUAN_ECORRUPT, "%s is damaged: a row without bytes",
				 q->file.path);
	ret->bytes = sqlite3_column_blob(st, column);
	ret->n = (size_t)sqlite3_column_bytes(st, column);
	if (!ret->bytes) {
		if ((sqlite3_errcode(q->file.db) & 0xff) == SQLITE_NOMEM)
			return fail(q, "read", err);
		ret->bytes = "";
	}
	return SUAN_OK;
}

/* ---- opening ---- */

static enum suan_code load_mark(struct sqlite *q, struct suan_err *err)
{
	sqlite3_stmt *last = q->st[SQL_LOG_LAST], *snap = q->st[SQL_SNAPSHOT_SEQ];
	int64_t first = 0, count = 0, seq = 0;
	int rc = sqlite3_step(last);
	bool has_log = rc == SQLITE_ROW;

	if (has_log) {
		first = sqlite3_column_int64(last, 0);
		count = sqlite3_column_int64(last, 1);
	}
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		rc = sqlite3_step(snap);
	if (rc == SQLITE_ROW)
		seq = sqlite3_column_int64(snap, 0);
	else if (rc != SQLITE_DONE)
		return fail(q, "read", err);
	rest(q, SQL_LOG_LAST);
	rest(q, SQL_SNAPSHOT_SEQ);
	if (seq < 0 || (has_log && (first < 1 || count < 1 || count > UINT32_MAX ||
				    first > INT64_MAX - count || first + count - 1 < seq)))
		return suan_fail(err, SUAN_ECORRUPT,
				 "%s is damaged: the log ends with %lld records from %lld, the "
				 "snapshot covers those up to %lld", q->file.path,
				 (long long)count, (long long)first, (long long)seq);
	q->mark.snapshot_seq = (uint64_t)seq;
	q->mark.last_seq = has_log ? (uint64_t)(first + count - 1) : (uint64_t)seq;
	return SUAN_OK;
}

static enum suan_code prepare(struct sqlite *q, struct suan_err *err)
{
	for (int i = 0; i < NSQL; i++)
		if (sqlite3_prepare_v3(q->file.db, sql_text[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &q->st[i], NULL) != SQLITE_OK)
			return fail(q, "open", err);
	return SUAN_OK;
}

static void sqlite_close(struct suan_store *s)
{
	struct sqlite *q;

	if (!s)
		return;
	q = sqlite(s);
	for (int i = 0; i < NSQL; i++)
		(void)sqlite3_finalize(q->st[i]);
	suan_store_file_close(&q->file);
	free(q);
}

static enum suan_code open_store(struct suan_store **ret, const char *location, bool reading,
				 struct suan_err *err)
{
	struct sqlite *q = calloc(1, sizeof(*q));
	enum suan_code rc;

	if (!q)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	q->base.ops = &suan_store_sqlite;
	rc = reading ? suan_store_file_open_read(&q->file, location, err)
		     : suan_store_file_open(&q->file, location, err);
	if (rc == SUAN_OK)
		rc = prepare(q, err);
	if (rc == SUAN_OK)
		rc = load_mark(q, err);
	if (rc != SUAN_OK) {
		sqlite_close(&q->base);
		return rc;
	}
	*ret = &q->base;
	return SUAN_OK;
}

static enum suan_code sqlite_open(struct suan_store **ret, const char *location,
				  struct suan_err *err)
{
	return open_store(ret, location, false, err);
}

static enum suan_code sqlite_open_read(struct suan_store **ret, const char *location,
				       struct suan_err *err)
{
	return open_store(ret, location, true, err);
}

/* ---- the log ---- */

static enum suan_code put_records(struct sqlite *q, const struct suan_store_batch *b,
				  struct suan_err *err)
{
	if (b->count == 0)
		return SUAN_OK;
	bind_u64(q, SQL_LOG_ADD, 1, b->first_seq);
	bind_u64(q, SQL_LOG_ADD, 2, b->count);
	bind_u64(q, SQL_LOG_ADD, 3, hash_batch(b->first_seq, b->count, b->bytes, b->n));
	if (bind_blob(q, SQL_LOG_ADD, 4, b->bytes, b->n) != SQLITE_OK || !run(q, SQL_LOG_ADD))
		return fail(q, "write a batch", err);
	return SUAN_OK;
}

static enum suan_code put_value(struct sqlite *q, const struct suan_store_value *v,
				struct suan_err *err)
{
	enum sql which = v->bytes ? SQL_VALUE_PUT : SQL_VALUE_DROP;
	int rc = bind_name(q, which, v->name);

	if (rc == SQLITE_OK && v->bytes) {
		bind_u64(q, which, 2, hash_value(v->name, v->bytes, v->n));
		rc = bind_blob(q, which, 3, v->bytes, v->n);
	}
	if (rc != SQLITE_OK || !run(q, which))
		return fail(q, "write a value", err);
	return SUAN_OK;
}

/* A row of snapshot or doc: number, hash, bytes. */
static enum suan_code put_numbered(struct sqlite *q, enum sql which, uint64_t number,
				   struct blob blob, struct suan_err *err)
{
	bind_u64(q, which, 1, number);
	bind_u64(q, which, 2, hash_numbered(number, blob.bytes, blob.n));
	if (bind_blob(q, which, 3, blob.bytes, blob.n) != SQLITE_OK || !run(q, which))
		return fail(q, which == SQL_DOC_PUT ? "write a document" : "write a snapshot", err);
	return SUAN_OK;
}

static enum suan_code sqlite_commit(struct suan_store *s, const struct suan_store_batch *batch,
				    struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	enum suan_code rc = suan_store_check_batch(batch, &q->mark, err);

	if (rc != SUAN_OK || (!batch->count && !batch->nvalues && !batch->ndocs))
		return rc;
	rc = begin(q, err);
	if (rc != SUAN_OK)
		return rc;
	rc = put_records(q, batch, err);
	for (uint32_t i = 0; rc == SUAN_OK && i < batch->nvalues; i++)
		rc = put_value(q, &batch->values[i], err);
	for (uint32_t i = 0; rc == SUAN_OK && i < batch->ndocs; i++) {
		struct blob blob = {batch->docs[i].bytes, batch->docs[i].n};

		rc = put_numbered(q, SQL_DOC_PUT, batch->docs[i].job, blob, err);
	}
	rc = finish(q, rc, err);
	if (rc == SUAN_OK)
		q->mark.last_seq += batch->count;
	return rc;
}

static uint64_t sqlite_last_seq(struct suan_store *s)
{
	return sqlite(s)->mark.last_seq;
}

struct log_row {
	uint64_t first_seq;
	uint32_t count;
	struct blob blob;
};

/* Reads and proves the present row; expect: the record it may begin with at most. */
static enum suan_code log_row(struct sqlite *q, uint64_t expect, bool exact, struct log_row *ret,
			      struct suan_err *err)
{
	sqlite3_stmt *st = q->st[SQL_LOG_FROM];
	uint64_t first = (uint64_t)sqlite3_column_int64(st, 0);
	uint64_t count = (uint64_t)sqlite3_column_int64(st, 1);
	struct blob blob;
	enum suan_code rc;

	if (first > expect || (exact && first != expect) || first == 0)
		return suan_fail(err, SUAN_ECORRUPT,
				 "%s is damaged: after record %" PRIu64 " comes %" PRIu64,
				 q->file.path, expect - 1, first);
	rc = row_blob(q, SQL_LOG_FROM, 3, &blob, err);
	if (rc != SUAN_OK)
		return rc;
	if (count < 1 || count > UINT32_MAX || count > q->mark.last_seq ||
	    first > q->mark.last_seq - count + 1 ||
	    hash_batch(first, (uint32_t)count, blob.bytes, blob.n) !=
		    (uint64_t)sqlite3_column_int64(st, 2))
		return suan_fail(err, SUAN_ECORRUPT,
				 "%s is damaged: the batch of record %" PRIu64
				 " does not have the checksum it was written with", q->file.path,
				 first);
	*ret = (struct log_row){.first_seq = first, .count = (uint32_t)count, .blob = blob};
	return SUAN_OK;
}

static enum suan_code sqlite_replay(struct suan_store *s, uint64_t after_seq,
				    enum suan_code (*fn)(void *ctx, uint64_t first_seq,
							 uint32_t count, const void *bytes,
							 size_t n, struct suan_err *err),
				    void *ctx, struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	uint64_t next = (after_seq > q->mark.snapshot_seq ? after_seq : q->mark.snapshot_seq) + 1;
	enum suan_code rc = SUAN_OK;
	bool started = false;
	int step;

	if (after_seq >= q->mark.last_seq)
		return SUAN_OK;
	bind_u64(q, SQL_LOG_FROM, 1, after_seq + 1);
	while ((step = sqlite3_step(q->st[SQL_LOG_FROM])) == SQLITE_ROW) {
		struct log_row row = {0};

		rc = log_row(q, next, started, &row, err);
		if (rc == SUAN_OK && row.first_seq + row.count - 1 > after_seq)
			rc = fn(ctx, row.first_seq, row.count, row.blob.bytes, row.blob.n, err);
		if (rc != SUAN_OK)
			break;
		next = row.first_seq + row.count;
		started = true;
	}
	if (rc == SUAN_OK && step != SQLITE_DONE) {
		rc = fail(q, "read the log", err);
		suan_err_prefix(err, "at record %" PRIu64, next);
	}
	rest(q, SQL_LOG_FROM);
	if (rc == SUAN_OK && next != q->mark.last_seq + 1)
		rc = suan_fail(err, SUAN_ECORRUPT,
			       "%s is damaged: records %" PRIu64 " to %" PRIu64 " are missing",
			       q->file.path, next, q->mark.last_seq);
	return rc;
}

static enum suan_code sqlite_trim(struct suan_store *s, uint64_t seq, struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	enum suan_code rc = suan_store_check_trim(seq, &q->mark, err);

	if (rc != SUAN_OK)
		return rc;
	rc = begin(q, err);
	if (rc != SUAN_OK)
		return rc;
	bind_u64(q, SQL_LOG_TRIM, 1, seq);
	if (!run(q, SQL_LOG_TRIM))
		rc = fail(q, "drop old records", err);
	return finish(q, rc, err);
}

/* ---- snapshot, values, documents ---- */

static enum suan_code sqlite_snapshot_put(struct suan_store *s, uint64_t seq, const void *bytes,
					  size_t n, struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	struct blob blob = {bytes, n};
	enum suan_code rc = suan_store_check_snapshot(seq, n, &q->mark, err);

	if (rc != SUAN_OK)
		return rc;
	rc = begin(q, err);
	if (rc != SUAN_OK)
		return rc;
	if (!run(q, SQL_SNAPSHOT_DROP))
		rc = fail(q, "replace the snapshot", err);
	if (rc == SUAN_OK)
		rc = put_numbered(q, SQL_SNAPSHOT_ADD, seq, blob, err);
	rc = finish(q, rc, err);
	if (rc != SUAN_OK)
		return rc;
	q->mark.snapshot_seq = seq;
	/* It is durable in the WAL; if it cannot be moved now, because somebody reads, a later
	 * commit moves it: nobody waits for readers. */
	(void)sqlite3_busy_timeout(q->file.db, 0);
	(void)sqlite3_wal_checkpoint_v2(q->file.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	suan_store_file_patience(&q->file);
	return SUAN_OK;
}

/* Checks the present row of snapshot or doc. */
static enum suan_code numbered_row(struct sqlite *q, enum sql which, uint64_t *ret_number,
				   struct blob *ret, struct suan_err *err)
{
	uint64_t number = (uint64_t)sqlite3_column_int64(q->st[which], 0);
	const char *what = which == SQL_SNAPSHOT_GET ? "snapshot of record" : "document of job";
	enum suan_code rc = row_blob(q, which, 2, ret, err);

	if (rc != SUAN_OK)
		return rc;
	if (hash_numbered(number, ret->bytes, ret->n) !=
	    (uint64_t)sqlite3_column_int64(q->st[which], 1))
		return suan_fail(err, SUAN_ECORRUPT, "%s is damaged: the %s %" PRIu64
				 " does not have the checksum it was written with", q->file.path,
				 what, number);
	*ret_number = number;
	return SUAN_OK;
}

static enum suan_code sqlite_snapshot_get(struct suan_store *s, uint64_t *ret_seq,
					  struct suan_buf *out, struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	int step = sqlite3_step(q->st[SQL_SNAPSHOT_GET]);
	struct blob blob;
	uint64_t seq = 0;
	enum suan_code rc;

	if (step == SQLITE_ROW)
		rc = numbered_row(q, SQL_SNAPSHOT_GET, &seq, &blob, err);
	else if (step == SQLITE_DONE)
		rc = suan_fail(err, SUAN_ENOTFOUND, "the store has no snapshot");
	else
		rc = fail(q, "read the snapshot", err);
	if (rc == SUAN_OK)
		rc = suan_store_give(out, blob.bytes, blob.n, err);
	if (rc == SUAN_OK)
		*ret_seq = seq;
	rest(q, SQL_SNAPSHOT_GET);
	return rc;
}

/* Checks the present row of value. */
static enum suan_code value_row(struct sqlite *q, enum sql which, const char **ret_name,
				struct blob *ret, struct suan_err *err)
{
	const char *name = (const char *)sqlite3_column_text(q->st[which], 0);
	enum suan_code rc;

	if (!name)
		return fail(q, "read a value", err);
	rc = row_blob(q, which, 2, ret, err);
	if (rc != SUAN_OK)
		return rc;
	if (hash_value(name, ret->bytes, ret->n) !=
	    (uint64_t)sqlite3_column_int64(q->st[which], 1))
		return suan_fail(err, SUAN_ECORRUPT, "%s is damaged: value \"%s\" does not have "
				 "the checksum it was written with", q->file.path, name);
	*ret_name = name;
	return SUAN_OK;
}

static enum suan_code sqlite_value_get(struct suan_store *s, const char *name,
				       struct suan_buf *out, struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	const char *found;
	struct blob blob;
	enum suan_code rc = SUAN_OK;
	int step;

	if (bind_name(q, SQL_VALUE_GET, name) != SQLITE_OK)
		return fail(q, "read a value", err);
	step = sqlite3_step(q->st[SQL_VALUE_GET]);
	if (step == SQLITE_ROW)
		rc = value_row(q, SQL_VALUE_GET, &found, &blob, err);
	else if (step == SQLITE_DONE)
		rc = suan_fail(err, SUAN_ENOTFOUND, "no value \"%s\"", name);
	else
		rc = fail(q, "read a value", err);
	if (rc == SUAN_OK)
		rc = suan_store_give(out, blob.bytes, blob.n, err);
	rest(q, SQL_VALUE_GET);
	return rc;
}

static enum suan_code sqlite_value_list(struct suan_store *s, const char *prefix,
					void (*fn)(void *ctx, const char *name, const void *bytes,
						   size_t n),
					void *ctx, struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	size_t len = strlen(prefix);
	enum suan_code rc = SUAN_OK;
	const char *name;
	struct blob blob;
	int step;

	if (bind_name(q, SQL_VALUE_FROM, prefix) != SQLITE_OK)
		return fail(q, "list values", err);
	while ((step = sqlite3_step(q->st[SQL_VALUE_FROM])) == SQLITE_ROW) {
		rc = value_row(q, SQL_VALUE_FROM, &name, &blob, err);
		if (rc != SUAN_OK || strncmp(name, prefix, len) != 0)
			break;
		fn(ctx, name, blob.bytes, blob.n);
	}
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = fail(q, "list values", err);
	rest(q, SQL_VALUE_FROM);
	return rc;
}

static enum suan_code sqlite_doc_get(struct suan_store *s, uint64_t job, struct suan_buf *out,
				     struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	struct blob blob;
	uint64_t found;
	enum suan_code rc;
	int step;

	bind_u64(q, SQL_DOC_GET, 1, job);
	step = sqlite3_step(q->st[SQL_DOC_GET]);
	if (step == SQLITE_ROW)
		rc = numbered_row(q, SQL_DOC_GET, &found, &blob, err);
	else if (step == SQLITE_DONE)
		rc = suan_fail(err, SUAN_ENOTFOUND, "no document of job %" PRIu64, job);
	else
		rc = fail(q, "read a document", err);
	if (rc == SUAN_OK)
		rc = suan_store_give(out, blob.bytes, blob.n, err);
	rest(q, SQL_DOC_GET);
	return rc;
}

static enum suan_code sqlite_doc_list(struct suan_store *s, uint64_t before, uint32_t max,
				      void (*fn)(void *ctx, uint64_t job, const void *bytes,
						 size_t n),
				      void *ctx, struct suan_err *err)
{
	struct sqlite *q = sqlite(s);
	enum suan_code rc = SUAN_OK;
	struct blob blob;
	uint64_t job = 0;
	int step;

	bind_u64(q, SQL_DOC_FROM, 1, before == 0 || before > INT64_MAX ? INT64_MAX : before - 1);
	bind_u64(q, SQL_DOC_FROM, 2, max);
	while ((step = sqlite3_step(q->st[SQL_DOC_FROM])) == SQLITE_ROW) {
		rc = numbered_row(q, SQL_DOC_FROM, &job, &blob, err);
		if (rc != SUAN_OK)
			break;
		fn(ctx, job, blob.bytes, blob.n);
	}
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = fail(q, "list documents", err);
	rest(q, SQL_DOC_FROM);
	return rc;
}

const struct suan_store_ops suan_store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.open_read = sqlite_open_read,
	.close = sqlite_close,
	.commit = sqlite_commit,
	.last_seq = sqlite_last_seq,
	.replay = sqlite_replay,
	.snapshot_put = sqlite_snapshot_put,
	.snapshot_get = sqlite_snapshot_get,
	.trim = sqlite_trim,
	.value_get = sqlite_value_get,
	.value_list = sqlite_value_list,
	.doc_get = sqlite_doc_get,
	.doc_list = sqlite_doc_list,
};
