#include "store/sqlite_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/fs.h"

#define APPLICATION_ID 0x7375616e	/* "suan" */
#define FORMAT	       1
#define BUSY_MS	       1000		/* for a person's sqlite3 that looks at the file */

_Static_assert(APPLICATION_ID == 1937072494 && FORMAT == 1, "as written into the schema");

/* Columns before the bytes can be read without fetching them. */
static const char schema[] =
	"CREATE TABLE log(first_seq INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
	" hash INTEGER NOT NULL, bytes BLOB NOT NULL);"
	"CREATE TABLE snapshot(seq INTEGER PRIMARY KEY, hash INTEGER NOT NULL,"
	" bytes BLOB NOT NULL);"
	"CREATE TABLE value(name TEXT PRIMARY KEY, hash INTEGER NOT NULL, bytes BLOB NOT NULL);"
	"CREATE TABLE doc(job INTEGER PRIMARY KEY, hash INTEGER NOT NULL, bytes BLOB NOT NULL);"
	"PRAGMA application_id = 1937072494;"
	"PRAGMA user_version = 1";

/* wal_autocheckpoint: in pages of 4 KiB. The commit that passes it also copies that many pages
 * into the file: measured with 64 records of 120 bytes, 250 keeps every commit below 5 ms, 1000
 * makes one in a thousand 8 ms long, and neither is slower on the whole. journal_size_limit gives
 * the space of a huge batch back. */
static const char settings[] =
	"PRAGMA synchronous = FULL;"
	"PRAGMA wal_autocheckpoint = 250;"
	"PRAGMA journal_size_limit = 67108864;"
	"PRAGMA secure_delete = OFF;"
	"PRAGMA cell_size_check = ON;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA cache_size = -8192";

static enum suan_code code_of_io(int system_errno)
{
	switch (system_errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return SUAN_EFULL;
	case EACCES:
	case EPERM:
	case EROFS:
		return SUAN_EDENIED;
	default:
		return SUAN_EIO;
	}
}

static enum suan_code code_of(int extended, int system_errno)
{
	if (extended == SQLITE_IOERR_NOMEM)
		return SUAN_ENOMEM;
	if (extended == SQLITE_IOERR_CORRUPTFS)
		return SUAN_ECORRUPT;
	switch (extended & 0xff) {
	case SQLITE_NOMEM:
		return SUAN_ENOMEM;
	case SQLITE_FULL:
		return SUAN_EFULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return SUAN_EBUSY;
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return SUAN_EDENIED;
	case SQLITE_TOOBIG:
		return SUAN_ETOOBIG;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return code_of_io(system_errno);
	/* Our statements are constant: where one is wrong, the tables are not ours. */
	case SQLITE_ERROR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_MISMATCH:
	case SQLITE_CONSTRAINT:
		return SUAN_ECORRUPT;
	default:
		return SUAN_EIO;
	}
}

enum suan_code suan_store_file_fail(const struct suan_store_file *f, const char *what,
				    struct suan_err *err)
{
	int extended = f->db ? sqlite3_extended_errcode(f->db) : SQLITE_NOMEM;
	int system_errno = f->db ? sqlite3_system_errno(f->db) : 0;
	enum suan_code code = code_of(extended, system_errno);
	const char *why = f->db ? sqlite3_errmsg(f->db) : "out of memory";
	bool has_errno = system_errno != 0 && (code == SUAN_EIO || code == SUAN_EFULL ||
					       code == SUAN_EDENIED);

	return suan_fail(err, code, "cannot %s: %s: %s (%d)%s%s", what, f->path, why, extended,
			 has_errno ? ": " : "", has_errno ? strerror(system_errno) : "");
}

/* First column of the first row. */
static enum suan_code query(const struct suan_store_file *f, const char *sql, int64_t *ret,
			    struct suan_err *err)
{
	sqlite3_stmt *st = NULL;
	enum suan_code rc = SUAN_OK;

	if (sqlite3_prepare_v2(f->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	else
		rc = suan_store_file_fail(f, "open", err);
	(void)sqlite3_finalize(st);
	return rc;
}

/* Whose file it is, before anything in it is touched. */
static enum suan_code identify(const struct suan_store_file *f, struct suan_err *err)
{
	int64_t id = 0, version = 0;
	enum suan_code rc;

	rc = query(f, "PRAGMA application_id", &id, err);
	if (rc == SUAN_OK)
		rc = query(f, "PRAGMA user_version", &version, err);
	if (rc != SUAN_OK)
		return rc;
	if (id == APPLICATION_ID && version == FORMAT)
		return SUAN_OK;
	if (id != APPLICATION_ID)
		return suan_fail(err, SUAN_ECORRUPT,
				 "%s is a database of another program (application id %#llx); "
				 "choose another data directory", f->path, (unsigned long long)id);
	return suan_fail(err, SUAN_ECORRUPT,
			 "%s has format %lld; this version of suan reads format %d: use the "
			 "version that wrote it", f->path, (long long)version, FORMAT);
}

static enum suan_code use_wal(const struct suan_store_file *f, struct suan_err *err)
{
	sqlite3_stmt *st = NULL;
	enum suan_code rc = SUAN_OK;
	const unsigned char *mode;

	if (sqlite3_prepare_v2(f->db, "PRAGMA journal_mode = WAL", -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW) {
		rc = suan_store_file_fail(f, "open", err);
	} else {
		mode = sqlite3_column_text(st, 0);
		if (!mode || strcmp((const char *)mode, "wal") != 0)
			rc = suan_fail(err, SUAN_EIO, "%s: this file system cannot hold a "
				       "write-ahead log", f->path);
	}
	(void)sqlite3_finalize(st);
	return rc;
}

void suan_store_file_patience(struct suan_store_file *f)
{
	(void)sqlite3_busy_timeout(f->db, BUSY_MS);
}

static enum suan_code open_database(struct suan_store_file *f, struct suan_err *err)
{
	enum suan_code rc;

	if (sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return suan_store_file_fail(f, "open", err);
	(void)sqlite3_extended_result_codes(f->db, 1);
	suan_store_file_patience(f);
	rc = identify(f, err);
	if (rc == SUAN_OK)
		rc = use_wal(f, err);
	if (rc == SUAN_OK && sqlite3_exec(f->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		rc = suan_store_file_fail(f, "set up", err);
	return rc;
}

/* Writes an empty store at once and whole, so that a file without our mark is never ours; and for
 * the owner's eyes only (SQLite gives 0644). */
static enum suan_code create(const struct suan_store_file *f, struct suan_err *err)
{
	sqlite3 *db = NULL;
	unsigned char *image = NULL;
	sqlite3_int64 n = 0;
	enum suan_code rc;

	if (sqlite3_open(":memory:", &db) == SQLITE_OK &&
	    sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK)
		image = sqlite3_serialize(db, "main", &n, 0);
	if (image)
		rc = suan_fs_write(f->path, image, (size_t)n, 0600, true, err);
	else
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	sqlite3_free(image);
	(void)sqlite3_close(db);
	return rc;
}

static bool has_bytes(const char *path)
{
	char byte;
	size_t n = 0;

	return suan_fs_read_at(path, 0, &byte, 1, &n, NULL) == SUAN_OK && n > 0;
}

static enum suan_code create_if_missing(const struct suan_store_file *f, const char *wal,
					struct suan_err *err)
{
	bool exists = suan_fs_exists(f->path);

	if (has_bytes(f->path))
		return SUAN_OK;
	if (has_bytes(wal))		/* SQLite would throw it away */
		return suan_fail(err, SUAN_ECORRUPT, "%s is %s, but its write-ahead log is there",
				 f->path, exists ? "empty" : "missing");
	if (exists && !suan_fs_is_dir(f->path))
		return suan_fail(err, SUAN_ECORRUPT, "%s is empty; a database never is", f->path);
	return exists ? SUAN_OK : create(f, err);
}

/* The pid that the holder wrote, or "?". */
static void read_pid(const char *path, char out[24])
{
	size_t n = 0, i = 0;

	if (suan_fs_read_at(path, 0, out, 23, &n, NULL) != SUAN_OK)
		n = 0;
	while (i < n && isdigit((unsigned char)out[i]))
		i++;
	out[i] = '\0';
	if (i == 0)
		memcpy(out, "?", 2);
}

static enum suan_code take_lock(struct suan_store_file *f, const char *folder, const char *path,
				struct suan_err *err)
{
	enum suan_code rc = suan_fs_lock(path, &f->lock_fd, err);
	char pid[24];

	if (rc != SUAN_EBUSY)
		return rc;
	read_pid(path, pid);
	return suan_fail(err, rc, "data directory %s is in use by process %s", folder, pid);
}

/* folder/name, owned; NULL: no memory. */
static char *join(const char *folder, const char *name)
{
	struct suan_buf b = {0};
	char *path = NULL;

	if (suan_buf_adds(&b, folder) && suan_buf_addc(&b, '/') && suan_buf_adds(&b, name))
		path = suan_buf_take(&b, NULL);
	suan_buf_done(&b);
	return path;
}

enum suan_code suan_store_file_open(struct suan_store_file *f, const char *location,
				    struct suan_err *err)
{
	char *folder = suan_fs_absolute(location);	/* SQLite takes "file:x" for a URI */
	char *lock = folder ? join(folder, "lock") : NULL;
	char *wal = folder ? join(folder, "suan.db-wal") : NULL;
	enum suan_code rc;

	*f = (struct suan_store_file){.lock_fd = -1};
	f->path = folder ? join(folder, "suan.db") : NULL;
	if (!lock || !wal || !f->path)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	else
		rc = suan_fs_mkdirs(folder, 0700, err);
	if (rc == SUAN_OK)
		rc = take_lock(f, folder, lock, err);
	if (rc == SUAN_OK)
		rc = create_if_missing(f, wal, err);
	if (rc == SUAN_OK)
		rc = open_database(f, err);
	if (rc != SUAN_OK)
		suan_store_file_close(f);
	free(folder);
	free(lock);
	free(wal);
	return rc;
}

static enum suan_code open_to_read(struct suan_store_file *f, struct suan_err *err)
{
	static const char reading[] = "PRAGMA cell_size_check = ON;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA temp_store = MEMORY";
	int64_t tables = 0;
	enum suan_code rc;

	if (sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return suan_store_file_fail(f, "open", err);
	(void)sqlite3_extended_result_codes(f->db, 1);
	suan_store_file_patience(f);
	rc = identify(f, err);
	if (rc == SUAN_OK && (sqlite3_exec(f->db, reading, NULL, NULL, NULL) != SQLITE_OK ||
			      sqlite3_exec(f->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK))
		rc = suan_store_file_fail(f, "open", err);
	if (rc == SUAN_OK) /* what is read first says as of when everything is */
		rc = query(f, "SELECT count(*) FROM sqlite_schema", &tables, err);
	return rc;
}

enum suan_code suan_store_file_open_read(struct suan_store_file *f, const char *location,
					 struct suan_err *err)
{
	char *folder = suan_fs_absolute(location); /* SQLite takes "file:x" for a URI */
	enum suan_code rc;

	*f = (struct suan_store_file){.lock_fd = -1, .reading = true};
	f->path = folder ? join(folder, "suan.db") : NULL;
	if (!f->path)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	else if (!suan_fs_exists(f->path))
		rc = suan_fail(err, SUAN_ENOTFOUND, "no %s: no service keeps its log in %s",
			       f->path, folder);
	else if (!suan_fs_is_dir(f->path) && !has_bytes(f->path))
		rc = suan_fail(err, SUAN_ECORRUPT, "%s is empty or cannot be read", f->path);
	else
		rc = open_to_read(f, err);
	if (rc != SUAN_OK)
		suan_store_file_close(f);
	free(folder);
	return rc;
}

void suan_store_file_close(struct suan_store_file *f)
{
	if (f->db)
		(void)sqlite3_close(f->db);	/* what this cannot move, the next open does */
	free(f->path);
	if (f->lock_fd >= 0)
		(void)close(f->lock_fd);
	*f = (struct suan_store_file){.lock_fd = -1};
}
