/* The SQLite store as a file: its lock, its rights, what it refuses, damage, and old versions.
 * "t_store_sqlite make DIR" writes the sample that tests/corpus/store keeps. */
#include "t_store.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/hash.h"

#define OPS (&suan_store_sqlite)

static struct suan_store *open_at(const char *location, struct suan_err *err)
{
	struct suan_store *s = NULL;
	struct suan_err why = {0};

	if (OPS->open(&s, location, err ? err : &why) != SUAN_OK) {
		if (!err)
			printf("# %s\n", why.text);
		return NULL;
	}
	return s;
}

/* Twenty batches of growing size, three of them dropped behind a snapshot. */
static bool make_sample(const char *location)
{
	struct suan_store *s = open_at(location, NULL);
	bool good = s != NULL;

	for (uint32_t i = 1; good && i <= 20; i++)
		good = commit_records(s, i, 20 * i, NULL) == SUAN_OK;
	good = good && OPS->snapshot_put(s, 6, "snapshot of six", 15, NULL) == SUAN_OK &&
	       OPS->trim(s, 6, NULL) == SUAN_OK;
	OPS->close(s);
	return good;
}

static void count_doc(void *ctx, uint64_t job, const void *bytes, size_t n)
{
	(void)job;
	(void)bytes;
	(void)n;
	++*(int *)ctx;
}

static bool holds_sample(const char *location, struct suan_err *err)
{
	struct suan_store *s = open_at(location, err);
	struct suan_buf out = {0};
	uint64_t seq = 0;
	int ndocs = 0;
	bool good;

	if (!s)
		return false;
	good = OPS->last_seq(s) == 210 && holds_records(s, 6, err) &&
	       OPS->snapshot_get(s, &seq, &out, err) == SUAN_OK && seq == 6 &&
	       strcmp(suan_buf_str(&out), "snapshot of six") == 0 &&
	       OPS->doc_list(s, 0, 100, count_doc, &ndocs, err) == SUAN_OK && ndocs == 20;
	suan_buf_done(&out);
	OPS->close(s);
	return good;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void test_files(void)
{
	struct folder f = folder_new();
	struct file_path deep = in(f.path, "a/b");
	struct suan_store *s = open_at(deep.text, NULL);
	struct suan_err err = {0};

	ok(s != NULL, "makes its folders");
	is_int(commit_records(s, 1, 10, NULL), SUAN_OK, "commit");
	is_int(mode_of(deep.text), 0700, "folder for the owner only");
	is_int(mode_of(in(deep.text, "suan.db").text), 0600, "database too");
	is_int(mode_of(in(deep.text, "suan.db-wal").text), 0600, "write-ahead log too");
	OPS->close(s);
	ok(!suan_fs_exists(in(deep.text, "suan.db-wal").text), "closing folds the log in");
	ok(suan_fs_write(in(f.path, "file").text, "x", 1, 0600, false, NULL) == SUAN_OK, "a file");
	ok(!open_at(in(f.path, "file").text, &err) && err.text[0], "is no folder: %s", err.text);
	folder_drop(&f);
}

static void test_lock(void)
{
	struct folder f = folder_new();
	struct suan_store *s = open_at(f.path, NULL);
	struct suan_err err = {0};
	char want[256];
	pid_t child;
	int status = -1;

	(void)snprintf(want, sizeof(want), "data directory %s is in use by process %ld", f.path,
		       (long)getpid());
	ok(!open_at(f.path, &err) && err.code == SUAN_EBUSY, "a second store in one process");
	is_str(err.text, want, "says who has it");
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(!open_at(f.path, &err) && err.code == SUAN_EBUSY &&
		      strcmp(err.text, want) == 0 ? 0 : 1);
	ok(waitpid(child, &status, 0) == child && status == 0, "another process is refused");
	is_int(commit_records(s, 1, 10, NULL), SUAN_OK, "the first one goes on");
	OPS->close(s);
	s = open_at(f.path, NULL);
	ok(s && OPS->last_seq(s) == 1, "free after close");
	OPS->close(s);
	folder_drop(&f);
}

static void test_reopen(void)
{
	struct folder f = folder_new();
	struct suan_store *s;

	ok(make_sample(f.path), "sample");
	ok(holds_sample(f.path, NULL), "is there when opened again");
	s = open_at(f.path, NULL);
	is_int(OPS->snapshot_put(s, 210, "all", 3, NULL), SUAN_OK, "snapshot of all");
	is_int(OPS->trim(s, 210, NULL), SUAN_OK, "trim of all");
	OPS->close(s);
	s = open_at(f.path, NULL);
	is_int(OPS->last_seq(s), 210, "the number survives an empty log");
	is_int(commit_records(s, 2, 10, NULL), SUAN_OK, "and goes on");
	ok(holds_records(s, 210, NULL), "from there");
	OPS->close(s);
	folder_drop(&f);
}

static bool run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	bool good = sqlite3_open(path, &db) == SQLITE_OK &&
		    sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;

	(void)sqlite3_close(db);
	return good;
}

/* Refused with words, and not one byte of it changed. */
static void refuse(const char *location, const char *words, const char *what)
{
	struct file_path db = in(location, "suan.db");
	struct suan_err err = {0};
	char before[65] = "", after[65] = "";
	struct suan_store *s;

	ok(suan_fs_sha256(db.text, before, NULL) == SUAN_OK, "%s", what);
	s = open_at(location, &err);
	ok(!s && err.code == SUAN_ECORRUPT, "is refused");
	if (!ok(strstr(err.text, words) != NULL, "with the reason"))
		printf("#  got: %s\n", err.text);
	OPS->close(s);
	ok(suan_fs_sha256(db.text, after, NULL) == SUAN_OK, "still there");
	is_str(after, before, "and untouched");
}

static void test_foreign(void)
{
	static const char diary[] =
		"Dear diary, nothing happened today. The weather was fair, and nobody called; I "
		"went to bed early and read a little.\n";
	struct folder f = folder_new();
	struct file_path db = in(f.path, "suan.db"), wal = in(f.path, "suan.db-wal");
	struct suan_err err = {0};

	ok(suan_fs_write(db.text, "", 0, 0600, false, NULL) == SUAN_OK, "write");
	refuse(f.path, "is empty", "an empty file");
	ok(suan_fs_write(db.text, diary, strlen(diary), 0600, false, NULL) == SUAN_OK, "write");
	refuse(f.path, "not a database", "a text");
	(void)unlink(db.text);
	ok(run_sql(db.text, "CREATE TABLE log(x)"), "write");
	refuse(f.path, "database of another program (application id 0)", "another database");
	ok(run_sql(db.text, "PRAGMA application_id = 1937072494; PRAGMA user_version = 1"), "mark");
	ok(!open_at(f.path, &err) && strstr(err.text, "no such column"),
	   "our mark on other tables: %s", err.text);
	(void)unlink(db.text);
	ok(make_sample(f.path), "sample");
	ok(run_sql(db.text, "PRAGMA user_version = 2"), "write");
	refuse(f.path, "has format 2; this version of suan reads format 1", "a newer one");
	ok(run_sql(db.text, "PRAGMA user_version = 1"), "write");
	ok(holds_sample(f.path, NULL), "ours again");
	(void)unlink(db.text);
	ok(suan_fs_write(wal.text, "x", 1, 0600, false, NULL) == SUAN_OK, "write");
	ok(!open_at(f.path, &err) && err.code == SUAN_ECORRUPT && !suan_fs_exists(db.text) &&
	   suan_fs_exists(wal.text), "a log without its database: %s", err.text);
	folder_drop(&f);
}

/* What the file says and its own checks cannot see; ours must. */
static void test_tampered(void)
{
	static const struct {
		const char *sql, *words;
	} cases[] = {
		{"UPDATE log SET bytes = x'2e' WHERE first_seq = 11",
		 "the batch of record 11 does not have the checksum"},
		{"UPDATE log SET bytes = 'text' WHERE first_seq = 11", "a row without bytes"},
		{"UPDATE log SET count = 4 WHERE first_seq = 11", "the batch of record 11"},
		{"UPDATE log SET count = 0 WHERE first_seq = 11", "the batch of record 11"},
		{"UPDATE log SET count = -1 WHERE first_seq = 11", "the batch of record 11"},
		{"UPDATE log SET count = 1 << 40 WHERE first_seq = 11", "the batch of record 11"},
		{"DELETE FROM log WHERE first_seq = 11", "after record 10 comes 16"},
		{"DELETE FROM log WHERE first_seq < 11", "after record 6 comes 11"},
		{"UPDATE log SET first_seq = 12 WHERE first_seq = 11", "after record 10 comes 12"},
		{"UPDATE log SET count = 0 WHERE first_seq = 191", "the log ends with 0 records"},
		{"UPDATE log SET first_seq = -5 WHERE first_seq = 191; DELETE FROM log WHERE"
		 " first_seq > 0", "from -5"},
		{"UPDATE log SET first_seq = 9223372036854775807 WHERE first_seq = 191",
		 "the log ends with 20 records from 9223372036854775807"},
		{"DELETE FROM log; INSERT INTO log VALUES(4, 1, 0, x'')",
		 "the snapshot covers those up to 6"},
		{"UPDATE snapshot SET bytes = x'2e'", "the snapshot of record 6 does not have"},
		{"UPDATE snapshot SET seq = 5", "the snapshot of record 5 does not have"},
		{"UPDATE snapshot SET seq = -1", "up to -1"},
		{"UPDATE value SET bytes = x'2e'", "value \"last\" does not have"},
		{"UPDATE value SET name = 'first'; INSERT INTO value VALUES('last', 1, x'')",
		 "value \"last\" does not have"},
		{"UPDATE doc SET bytes = x'2e' WHERE job = 11", "document of job 11 does not have"},
		{"UPDATE doc SET job = 12 WHERE job = 11", "document of job 12 does not have"},
		{"DROP TABLE doc", "no such table: doc"},
	};
	struct folder f = folder_new();
	struct file_path good = in(f.path, "good"), bad = in(f.path, "bad");

	ok(make_sample(good.text), "sample");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct suan_err err = {0};

		if (suan_fs_copy(good.text, bad.text, NULL, NULL, NULL) != SUAN_OK ||
		    !run_sql(in(bad.text, "suan.db").text, cases[i].sql))
			printf("# cannot prepare %s\n", cases[i].sql);
		ok(!holds_sample(bad.text, &err) && err.code == SUAN_ECORRUPT &&
		   strstr(err.text, cases[i].words), "%s: %s", cases[i].sql, err.text);
		if (suan_fs_remove_tree(bad.text, NULL) != SUAN_OK)
			printf("# cannot remove\n");
	}
	folder_drop(&f);
}

/* A batch that is right in itself and in the wrong place. */
static void test_overlap(void)
{
	struct folder f = folder_new();
	struct suan_err err = {0};
	uint64_t h = suan_hash_u64(suan_hash_u64(SUAN_HASH_START, 12), 1);
	char sql[200];

	(void)snprintf(sql, sizeof(sql), "INSERT INTO log VALUES(12, 1, %" PRId64 ", x'2e')",
		       (int64_t)suan_hash_bytes(h, ".", 1));
	ok(make_sample(f.path) && run_sql(in(f.path, "suan.db").text, sql), "record 12 twice");
	ok(!holds_sample(f.path, &err) && strstr(err.text, "after record 15 comes 12"), "%s",
	   err.text);
	folder_drop(&f);
}

static void test_truncated(void)
{
	struct folder f = folder_new();
	struct suan_buf whole = {0};
	int bad = 0, cuts = 0;

	ok(make_sample(f.path), "sample");
	ok(suan_fs_read(in(f.path, "suan.db").text, &whole, NULL) == SUAN_OK, "its bytes");
	for (size_t n = 0; n < whole.len; n += n < 4096 ? 97 : 1371, cuts++) {
		struct suan_err err = {0};

		bad += suan_fs_write(in(f.path, "suan.db").text, whole.data, n, 0600, false,
				     NULL) != SUAN_OK;
		if (holds_sample(f.path, &err) || err.code != SUAN_ECORRUPT) {
			printf("# cut at %zu: %s\n", n, err.text);
			bad++;
		}
	}
	ok(bad == 0, "cut short in %d places: damaged every time", cuts);
	suan_buf_done(&whole);
	folder_drop(&f);
}

/* One wrong byte somewhere: what is read is right, or said to be damaged. A byte that hides the
 * last batches from SQLite leaves the records before them. */
static bool right_or_damaged(const char *location)
{
	struct suan_err err = {0};
	struct suan_store *s = open_at(location, &err);
	struct suan_buf out = {0};
	struct seen seen = {0};
	uint64_t seq = 0;
	bool good;

	if (!s)
		return err.code == SUAN_ECORRUPT;
	good = (OPS->replay(s, 6, see, &seen, &err) == SUAN_OK || err.code == SUAN_ECORRUPT) &&
	       !seen.bad;
	if (OPS->snapshot_get(s, &seq, &out, &err) == SUAN_OK)
		good = good && seq == 6 && strcmp(suan_buf_str(&out), "snapshot of six") == 0;
	else
		good = good && (err.code == SUAN_ECORRUPT || err.code == SUAN_ENOTFOUND);
	(void)OPS->doc_list(s, 0, 100, count_doc, &(int){0}, &err);
	(void)commit_records(s, 1, 5000, &err);
	suan_buf_done(&seen.want);
	suan_buf_done(&out);
	OPS->close(s);
	return good;
}

static void test_wrong_bytes(void)
{
	struct folder f = folder_new();
	struct file_path db = in(f.path, "suan.db");
	struct suan_buf whole = {0};
	int bad = 0, flips = 0;

	ok(make_sample(f.path), "sample");
	ok(suan_fs_read(db.text, &whole, NULL) == SUAN_OK, "its bytes");
	for (size_t i = 0; i < whole.len; i += i % 4096 < 128 ? 3 : 211, flips++) {
		char was = whole.data[i];

		whole.data[i] = (char)(was ^ (1 << i % 8));
		bad += suan_fs_write(db.text, whole.data, whole.len, 0600, false, NULL) != SUAN_OK;
		if (!right_or_damaged(f.path)) {
			printf("# byte %zu\n", i);
			bad++;
		}
		whole.data[i] = was;
	}
	ok(bad == 0, "one bit wrong, in %d places: right or damaged", flips);
	suan_buf_done(&whole);
	folder_drop(&f);
}

/* A write-ahead log cut anywhere loses the newest batches only, and never half of one. */
static void test_torn_wal(void)
{
	struct folder f = folder_new();
	struct file_path from = in(f.path, "from"), to = in(f.path, "to");
	struct suan_store *s = open_at(from.text, NULL);
	struct suan_buf db = {0}, wal = {0};
	uint64_t last = 0;
	int bad = 0;

	for (int i = 0; i < 10; i++)
		bad += commit_records(s, 3, 1500, NULL) != SUAN_OK;
	bad += suan_fs_read(in(from.text, "suan.db").text, &db, NULL) != SUAN_OK ||
	       suan_fs_read(in(from.text, "suan.db-wal").text, &wal, NULL) != SUAN_OK ||
	       suan_fs_mkdirs(to.text, 0700, NULL) != SUAN_OK;
	OPS->close(s);
	for (size_t n = 0; n <= wal.len; n += 1009) {
		bad += suan_fs_write(in(to.text, "suan.db").text, db.data, db.len, 0600, false,
				     NULL) != SUAN_OK ||
		       suan_fs_write(in(to.text, "suan.db-wal").text, wal.data, n, 0600, false,
				     NULL) != SUAN_OK;
		s = open_at(to.text, NULL);
		if (!s || OPS->last_seq(s) < last || OPS->last_seq(s) % 3 != 0 ||
		    !holds_records(s, 0, NULL))
			bad++;
		last = s ? OPS->last_seq(s) : 0;
		OPS->close(s);
	}
	ok(bad == 0 && last >= 27 && last <= 30, "a torn write-ahead log: whole batches in order");
	suan_buf_done(&db);
	suan_buf_done(&wal);
	folder_drop(&f);
}

static void test_wal_bound(void)
{
	struct folder f = folder_new();
	struct suan_store *s = open_at(f.path, NULL);
	struct stat st = {0};
	off_t most = 0;
	int bad = 0;

	for (int i = 0; i < 3000; i++) {
		bad += commit_records(s, 8, 1000, NULL) != SUAN_OK;
		if (stat(in(f.path, "suan.db-wal").text, &st) == 0 && st.st_size > most)
			most = st.st_size;
	}
	ok(bad == 0 && most < 8 << 20, "24 MB of records: log never above 8 MiB (%ld)", (long)most);
	is_int(OPS->snapshot_put(s, 5, "x", 1, NULL), SUAN_OK, "snapshot");
	ok(stat(in(f.path, "suan.db-wal").text, &st) == 0 && st.st_size == 0, "empties the log");
	OPS->close(s);
	folder_drop(&f);
}

/* A person may look while the server runs; a backup made so is whole. */
static void test_reader(void)
{
	struct folder f = folder_new();
	struct file_path copy = in(f.path, "copy");
	struct suan_store *s = open_at(in(f.path, "live").text, NULL);
	char sql[450];

	is_int(commit_records(s, 5, 100, NULL), SUAN_OK, "commit");
	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s/suan.db'", copy.text);
	ok(suan_fs_mkdirs(copy.text, 0700, NULL) == SUAN_OK &&
	   run_sql(in(f.path, "live/suan.db").text, sql), "backup of an open store");
	is_int(commit_records(s, 5, 100, NULL), SUAN_OK, "commits go on");
	OPS->close(s);
	s = open_at(copy.text, NULL);
	ok(s && OPS->last_seq(s) == 5 && holds_records(s, 0, NULL), "the backup opens");
	OPS->close(s);
	folder_drop(&f);
}

/* Somebody writes into the file of a running store: told, nothing half done, good again. */
static void test_meddler(void)
{
	struct folder f = folder_new();
	struct file_path db = in(f.path, "suan.db");
	struct suan_store *s = open_at(f.path, NULL);
	struct suan_err err = {0};

	is_int(commit_records(s, 5, 100, NULL), SUAN_OK, "commit");
	ok(run_sql(db.text, "INSERT INTO doc VALUES(77, 1, x''); INSERT INTO log VALUES(6, 1, 1,"
		   " x'')"), "a stranger writes record 6");
	is_int(commit_records(s, 5, 100, &err), SUAN_ECORRUPT, err.text);
	is_int(OPS->last_seq(s), 5, "nothing changed");
	ok(run_sql(db.text, "DELETE FROM log WHERE first_seq = 6"), "the stranger repents");
	is_int(commit_records(s, 5, 100, NULL), SUAN_OK, "commits go on");
	ok(holds_records(s, 0, NULL), "whole");
	OPS->close(s);
	folder_drop(&f);
}

static void test_corpus(void)
{
	const char *source = getenv("SUAN_SOURCE");
	struct folder f = folder_new();
	struct file_path from = in(source ? source : ".", "tests/corpus/store/v1/suan.db");
	struct suan_err err = {0};

	ok(suan_fs_copy(from.text, in(f.path, "suan.db").text, NULL, NULL, &err) == SUAN_OK,
	   "store of version 1 %s", err.text);
	ok(holds_sample(f.path, &err), "opens and replays %s", err.text);
	folder_drop(&f);
}

static struct suan_store *read_at(const char *location, struct suan_err *err)
{
	struct suan_store *s = NULL;

	return OPS->open_read(&s, location, err) == SUAN_OK ? s : NULL;
}

static void test_open_read(void)
{
	struct folder f = folder_new();
	struct file_path none = in(f.path, "none"), data = in(f.path, "data");
	struct suan_store *s, *reader, *later;
	struct suan_err err = {0};
	struct suan_buf out = {0};
	uint64_t seq = 0;

	ok(!read_at(none.text, &err) && err.code == SUAN_ENOTFOUND, "no folder, nothing to read");
	ok(!suan_fs_exists(none.text), "and none is made");
	s = open_at(data.text, NULL);
	is_int(commit_records(s, 5, 30, &err), SUAN_OK, "a writer writes");
	reader = read_at(data.text, &err);
	ok(reader && OPS->last_seq(reader) == 5, "is read while it holds the lock");
	is_int(commit_records(s, 5, 30, &err), SUAN_OK, "goes on writing");
	is_int(OPS->snapshot_put(s, 8, "eight", 5, &err), SUAN_OK, "even a snapshot");
	is_int(OPS->trim(s, 5, &err), SUAN_OK, "drops what is read");
	ok(reader && OPS->last_seq(reader) == 5 && holds_records(reader, 0, &err) &&
		   OPS->snapshot_get(reader, &seq, &out, &err) == SUAN_ENOTFOUND,
	   "the reader sees the store as it was: %s", err.text);
	later = read_at(data.text, &err);
	ok(later && OPS->last_seq(later) == 10 && holds_records(later, 8, &err) &&
		   OPS->snapshot_get(later, &seq, &out, &err) == SUAN_OK && seq == 8,
	   "another one as it is");
	is_int(commit_records(reader, 1, 1, &err), SUAN_EDENIED, "a reader does not write");
	is_int(OPS->snapshot_put(later, 10, "x", 1, &err), SUAN_EDENIED, "nor a snapshot");
	is_int(OPS->trim(later, 8, &err), SUAN_EDENIED, "nor does it drop");
	OPS->close(s);
	ok(holds_records(later, 8, &err), "and reads on when the writer has gone");
	OPS->close(reader);
	OPS->close(later);
	s = open_at(data.text, NULL);
	ok(s && OPS->last_seq(s) == 10 && holds_records(s, 8, &err), "which finds all of it again");
	OPS->close(s);
	suan_buf_done(&out);
	folder_drop(&f);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "make") == 0)
		return make_sample(argv[2]) ? 0 : 1;
	test_files();
	test_lock();
	test_reopen();
	test_foreign();
	test_tampered();
	test_overlap();
	test_truncated();
	test_wrong_bytes();
	test_torn_wal();
	test_wal_bound();
	test_reader();
	test_open_read();
	test_meddler();
	test_corpus();
	return tap_done();
}
