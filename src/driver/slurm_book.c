#include "driver/slurm_book.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "sys/crypto.h"

#define NAME_LETTERS 8

enum statement {
	ADD_BATCH,
	PUT_RUN,
	DROP_RUN,
	EACH_RUN,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[ADD_BATCH] = "INSERT INTO batch DEFAULT VALUES",
	[PUT_RUN] = "INSERT OR REPLACE INTO run VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[DROP_RUN] = "DELETE FROM run WHERE job = ? AND element = ? AND attempt = ?",
	[EACH_RUN] = "SELECT * FROM run ORDER BY batch, place",
};

/* Numbers of batches are never given twice (AUTOINCREMENT): a token names one for good. */
static const char schema[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;"
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS book (name TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS batch (number INTEGER PRIMARY KEY AUTOINCREMENT);"
	"CREATE TABLE IF NOT EXISTS run (job INTEGER, element INTEGER, attempt INTEGER,"
	" batch INTEGER NOT NULL, place INTEGER NOT NULL, stop_ms INTEGER, grace_ms INTEGER,"
	" ended INTEGER, at_ms INTEGER, outcome INTEGER, exit_code INTEGER, signal INTEGER,"
	" cpu_ms INTEGER, text TEXT, PRIMARY KEY (job, element, attempt)) WITHOUT ROWID;"
	"COMMIT";

struct suan_slurm_book {
	sqlite3 *db;
	sqlite3_stmt *list[STATEMENTS];
	char name[NAME_LETTERS + 1];
};

static enum suan_code failed(struct suan_slurm_book *b, struct suan_err *err)
{
	int code = b->db ? sqlite3_errcode(b->db) & 0xff : SQLITE_NOMEM;
	enum suan_code rc = code == SQLITE_FULL				      ? SUAN_EFULL
			    : code == SQLITE_NOMEM			      ? SUAN_ENOMEM
			    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? SUAN_ECORRUPT
									      : SUAN_EIO;

	return suan_fail(err, rc, "record of what Slurm was given: %s",
			 b->db ? sqlite3_errmsg(b->db) : "out of memory");
}

static enum suan_code run_sql(struct suan_slurm_book *b, const char *text, struct suan_err *err)
{
	return sqlite3_exec(b->db, text, NULL, NULL, NULL) == SQLITE_OK ? SUAN_OK : failed(b, err);
}

static enum suan_code step(struct suan_slurm_book *b, enum statement s, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	if (sqlite3_step(b->list[s]) != SQLITE_DONE)
		rc = failed(b, err);
	(void)sqlite3_reset(b->list[s]);
	return rc;
}

/* The name of the book, made when it is new. */
static enum suan_code read_name(struct suan_slurm_book *b, struct suan_err *err)
{
	static const char letters[] = "0123456789abcdefghijkmnpqrstuvwx"; /* 32 */
	unsigned char random[NAME_LETTERS];
	sqlite3_stmt *s = NULL;
	enum suan_code rc = SUAN_OK;
	int got;

	if (sqlite3_prepare_v2(b->db, "SELECT name FROM book", -1, &s, NULL) != SQLITE_OK)
		return failed(b, err);
	got = sqlite3_step(s);
	if (got == SQLITE_ROW && sqlite3_column_bytes(s, 0) == NAME_LETTERS)
		memcpy(b->name, sqlite3_column_text(s, 0), NAME_LETTERS);
	(void)sqlite3_finalize(s);
	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return failed(b, err);
	if (b->name[0])
		return SUAN_OK;
	suan_random(random, sizeof(random));
	for (int i = 0; i < NAME_LETTERS; i++)
		b->name[i] = letters[random[i] % 32];
	if (sqlite3_prepare_v2(b->db, "INSERT INTO book VALUES (?)", -1, &s, NULL) != SQLITE_OK)
		return failed(b, err);
	if (sqlite3_bind_text(s, 1, b->name, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_DONE)
		rc = failed(b, err);
	(void)sqlite3_finalize(s);
	return rc;
}

enum suan_code suan_slurm_book_open(struct suan_slurm_book **ret, const char *path,
				    struct suan_err *err)
{
	struct suan_slurm_book *b = calloc(1, sizeof(*b));
	enum suan_code rc = SUAN_OK;

	if (!b)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (sqlite3_open(path, &b->db) != SQLITE_OK)
		rc = failed(b, err);
	if (rc == SUAN_OK)
		rc = run_sql(b, schema, err);
	if (rc == SUAN_OK)
		rc = read_name(b, err);
	for (int i = 0; rc == SUAN_OK && i < STATEMENTS; i++)
		if (sqlite3_prepare_v2(b->db, sql[i], -1, &b->list[i], NULL) != SQLITE_OK)
			rc = failed(b, err);
	if (rc == SUAN_OK) {
		*ret = b;
	} else {
		suan_err_prefix(err, "%s", path);
		suan_slurm_book_close(b);
	}
	return rc;
}

void suan_slurm_book_close(struct suan_slurm_book *b)
{
	if (!b)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(b->list[i]);
	(void)sqlite3_close(b->db);
	free(b);
}

const char *suan_slurm_book_name(const struct suan_slurm_book *b)
{
	return b->name;
}

enum suan_code suan_slurm_book_begin(struct suan_slurm_book *b, struct suan_err *err)
{
	return run_sql(b, "BEGIN IMMEDIATE", err);
}

enum suan_code suan_slurm_book_commit(struct suan_slurm_book *b, struct suan_err *err)
{
	enum suan_code rc = run_sql(b, "COMMIT", err);

	if (rc != SUAN_OK)
		suan_slurm_book_undo(b);
	return rc;
}

void suan_slurm_book_undo(struct suan_slurm_book *b)
{
	if (!sqlite3_get_autocommit(b->db))
		(void)sqlite3_exec(b->db, "ROLLBACK", NULL, NULL, NULL);
}

enum suan_code suan_slurm_book_batch(struct suan_slurm_book *b, uint64_t *ret_number,
				     struct suan_err *err)
{
	enum suan_code rc = step(b, ADD_BATCH, err);

	*ret_number = (uint64_t)sqlite3_last_insert_rowid(b->db);
	return rc;
}

enum suan_code suan_slurm_book_run(struct suan_slurm_book *b, const struct suan_slurm_entry *e,
				   struct suan_err *err)
{
	const int64_t values[] = {
		(int64_t)e->id.job,  e->id.index,    e->id.attempt,    (int64_t)e->batch,
		e->element,	     e->stop_ms,     e->grace_ms,      e->ended,
		e->end.at_ms,	     e->end.outcome, e->end.exit_code, e->end.signal,
		e->end.usage.cpu_ms,
	};
	const int n = (int)(sizeof(values) / sizeof(values[0]));
	sqlite3_stmt *s = b->list[PUT_RUN];
	int bad = 0;

	for (int i = 0; i < n; i++)
		bad |= sqlite3_bind_int64(s, i + 1, values[i]);
	bad |= sqlite3_bind_text(s, n + 1, e->end.text ? e->end.text : "", -1, SQLITE_TRANSIENT);
	return bad ? failed(b, err) : step(b, PUT_RUN, err);
}

enum suan_code suan_slurm_book_forget(struct suan_slurm_book *b, struct suan_run_id id,
				      struct suan_err *err)
{
	sqlite3_stmt *s = b->list[DROP_RUN];

	if (sqlite3_bind_int64(s, 1, (int64_t)id.job) | sqlite3_bind_int64(s, 2, id.index) |
	    sqlite3_bind_int64(s, 3, id.attempt))
		return failed(b, err);
	return step(b, DROP_RUN, err);
}

static struct suan_slurm_entry entry_of(sqlite3_stmt *s)
{
	struct suan_slurm_entry e = {
		.id = {(uint64_t)sqlite3_column_int64(s, 0), (uint32_t)sqlite3_column_int64(s, 1),
		       (uint32_t)sqlite3_column_int64(s, 2)},
		.batch = (uint64_t)sqlite3_column_int64(s, 3),
		.element = (uint32_t)sqlite3_column_int64(s, 4),
		.stop_ms = sqlite3_column_int64(s, 5),
		.grace_ms = sqlite3_column_int64(s, 6),
		.ended = sqlite3_column_int(s, 7) != 0,
	};

	e.end = (struct suan_report){
		.run = e.id,
		.kind = SUAN_REPORT_ENDED,
		.at_ms = sqlite3_column_int64(s, 8),
		.outcome = (enum suan_outcome)sqlite3_column_int(s, 9),
		.exit_code = sqlite3_column_int(s, 10),
		.signal = sqlite3_column_int(s, 11),
		.usage = {.cpu_ms = sqlite3_column_int64(s, 12)},
		.text = (const char *)sqlite3_column_text(s, 13),
	};
	return e;
}

enum suan_code suan_slurm_book_each(struct suan_slurm_book *b,
				    bool (*fn)(void *ctx, const struct suan_slurm_entry *e),
				    void *ctx, struct suan_err *err)
{
	sqlite3_stmt *s = b->list[EACH_RUN];
	enum suan_code rc = SUAN_OK;
	int got;

	while ((got = sqlite3_step(s)) == SQLITE_ROW) {
		struct suan_slurm_entry e = entry_of(s);

		if (!fn(ctx, &e)) {
			rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
			break;
		}
	}
	if (rc == SUAN_OK && got != SQLITE_DONE)
		rc = failed(b, err);
	(void)sqlite3_reset(s);
	return rc;
}
