/* The database file of the SQLite store: folder, lock, format, and what SQLite's errors mean. */
#ifndef SUAN_STORE_SQLITE_FILE_H
#define SUAN_STORE_SQLITE_FILE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/err.h"

struct suan_store_file {
	sqlite3 *db;
	char *path;	/* owned, absolute */
	int lock_fd;
	bool reading; /* opened to read, beside a writer or without one */
};

/* Makes LOCATION (mode 0700), takes LOCATION/lock and opens or creates LOCATION/suan.db. EBUSY:
 * another process holds it (its pid is in the text). ECORRUPT: not ours, newer, or damaged; the
 * file is left as it is. On failure there is nothing to close. */
SUAN_MUSTUSE enum suan_code suan_store_file_open(struct suan_store_file *f, const char *location,
						 struct suan_err *err);
/* Opens LOCATION/suan.db to read it as it is now, in one transaction, without the lock. ENOTFOUND:
 * there is none. Nothing to close on failure. */
SUAN_MUSTUSE enum suan_code suan_store_file_open_read(struct suan_store_file *f,
						      const char *location, struct suan_err *err);
void suan_store_file_close(struct suan_store_file *f);	/* moves the WAL into the file first */
/* From now on waits for others as long as after opening. */
void suan_store_file_patience(struct suan_store_file *f);
/* The last error of f->db as ours; what: the thing that was tried ("write a batch"). */
enum suan_code suan_store_file_fail(const struct suan_store_file *f, const char *what,
				    struct suan_err *err);

#endif
