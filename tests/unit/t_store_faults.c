/* The SQLite store on a disk that fails: the n-th write or sync, or all from then on, and a full
 * disk. Nothing half done, everything still readable, and good again when the disk is. */
#include "t_store.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define OPS (&suan_store_sqlite)

enum fault { FAULT_IO, FAULT_FULL, FAULT_TORN, NFAULTS };

static const char *const fault_name[NFAULTS] = {"input/output error", "disk full", "torn write"};

static struct {
	unsigned left;		/* writes and syncs until one fails; 0 = none will */
	bool all;		/* so do all after it */
	bool hit;
	enum fault kind;
	unsigned wal_syncs;
	sqlite3_io_methods main, other;		/* what lies beneath */
} disk;

static bool strikes(void)
{
	if (disk.left == 0 || --disk.left > 0)
		return false;
	if (disk.all)
		disk.left = 1;
	disk.hit = true;
	return true;
}

static int faulty_write(const sqlite3_io_methods *under, sqlite3_file *f, const void *bytes, int n,
			sqlite3_int64 at)
{
	if (!strikes())
		return under->xWrite(f, bytes, n, at);
	if (disk.kind == FAULT_FULL)
		return SQLITE_FULL;
	if (disk.kind == FAULT_TORN)
		(void)under->xWrite(f, bytes, n / 2, at);
	return SQLITE_IOERR_WRITE;
}

static int main_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
	return faulty_write(&disk.main, f, bytes, n, at);
}

static int other_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
	return faulty_write(&disk.other, f, bytes, n, at);
}

static int main_sync(sqlite3_file *f, int flags)
{
	return strikes() ? SQLITE_IOERR_FSYNC : disk.main.xSync(f, flags);
}

static int other_sync(sqlite3_file *f, int flags)
{
	disk.wal_syncs++;
	return strikes() ? SQLITE_IOERR_FSYNC : disk.other.xSync(f, flags);
}

static sqlite3_vfs *real_vfs;

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret)
{
	static sqlite3_io_methods main_methods, other_methods;
	int rc = real_vfs->xOpen(vfs, name, f, flags, ret);

	if (rc != SQLITE_OK)
		return rc;
	if (flags & SQLITE_OPEN_MAIN_DB) {
		disk.main = *f->pMethods;
		main_methods = disk.main;
		main_methods.xWrite = main_write;
		main_methods.xSync = main_sync;
		f->pMethods = &main_methods;
	} else {
		disk.other = *f->pMethods;
		other_methods = disk.other;
		other_methods.xWrite = other_write;
		other_methods.xSync = other_sync;
		f->pMethods = &other_methods;
	}
	return SQLITE_OK;
}

static void use_faulty_disk(void)
{
	static sqlite3_vfs faulty;

	real_vfs = sqlite3_vfs_find(NULL);
	faulty = *real_vfs;
	faulty.zName = "faulty";
	faulty.pNext = NULL;
	faulty.xOpen = faulty_open;
	ok(sqlite3_vfs_register(&faulty, 1) == SQLITE_OK, "a disk that can fail");
}

static void arm(unsigned n, enum fault kind, bool all)
{
	disk.left = n;
	disk.kind = kind;
	disk.all = all;
	disk.hit = false;
}

static bool disarm(void)
{
	disk.left = 0;
	return disk.hit;
}

static struct suan_store *open_at(const char *location)
{
	struct suan_store *s = NULL;
	struct suan_err err = {0};

	if (OPS->open(&s, location, &err) != SUAN_OK)
		printf("# %s\n", err.text);
	return s;
}

/* What is done to the store while the disk fails. */
enum action { ACT_SMALL, ACT_LARGE, ACT_SNAPSHOT, ACT_TRIM, NACTIONS };

static const char *const action_name[NACTIONS] = {"small batch", "large batch", "snapshot", "trim"};

static enum suan_code act(struct suan_store *s, enum action what, struct suan_err *err)
{
	switch (what) {
	case ACT_SMALL:
		return commit_records(s, 3, 100, err);
	case ACT_LARGE:		/* long enough for a checkpoint in it */
		return commit_records(s, 3, 400000, err);
	case ACT_SNAPSHOT:
		return OPS->snapshot_put(s, OPS->last_seq(s), "new", 3, err);
	case ACT_TRIM:
		return OPS->trim(s, 5, err);
	case NACTIONS:
		break;
	}
	return SUAN_EINVAL;
}

static bool prepare(struct suan_store *s)
{
	return s && commit_records(s, 5, 1000, NULL) == SUAN_OK &&
	       OPS->snapshot_put(s, 5, "old", 3, NULL) == SUAN_OK &&
	       commit_records(s, 5, 1000, NULL) == SUAN_OK;
}

static bool snapshot_is(struct suan_store *s, const char *want)
{
	struct suan_buf out = {0};
	uint64_t seq;
	bool good = OPS->snapshot_get(s, &seq, &out, NULL) == SUAN_OK &&
		    strcmp(suan_buf_str(&out), want) == 0;

	suan_buf_done(&out);
	return good;
}

static bool is_as(struct suan_store *s, enum action what, bool done)
{
	bool grown = done && (what == ACT_SMALL || what == ACT_LARGE);

	return OPS->last_seq(s) == (grown ? 13u : 10u) && holds_records(s, 5, NULL) &&
	       snapshot_is(s, done && what == ACT_SNAPSHOT ? "new" : "old");
}

/* One round; returns how many things were wrong. */
static int round_of(enum action what, enum fault kind, bool all, unsigned n)
{
	struct folder f = folder_new();
	struct suan_store *s = open_at(f.path);
	struct suan_err err = {0};
	enum suan_code rc;
	int bad = !prepare(s);

	arm(n, kind, all);
	rc = act(s, what, &err);
	bad += rc != SUAN_OK && (!disk.hit || !err.text[0]);
	bad += rc != SUAN_OK && rc != (kind == FAULT_FULL ? SUAN_EFULL : SUAN_EIO) &&
	       rc != SUAN_EIO;
	bad += !is_as(s, what, rc == SUAN_OK);
	(void)disarm();
	if (rc != SUAN_OK)
		bad += act(s, what, NULL) != SUAN_OK;
	bad += !is_as(s, what, true);
	OPS->close(s);
	s = open_at(f.path);
	bad += !s || !is_as(s, what, true);
	OPS->close(s);
	folder_drop(&f);
	if (bad)
		printf("# write %u: %d %s\n", n, (int)rc, err.text);
	return bad;
}

static void test_each_write(enum action what, enum fault kind, bool all)
{
	unsigned n, rounds = 0;
	int bad = 0;

	disk.hit = true;
	for (n = 1; disk.hit; n += n < 16 ? 1 : 131, rounds++)
		bad += round_of(what, kind, all, n);
	ok(bad == 0 && rounds > 2, "%s, %s at %s%u places", action_name[what], fault_name[kind],
	   all ? "and after each of " : "", rounds - 1);
}

static void test_open(enum fault kind)
{
	int bad = 0;
	unsigned n;

	disk.hit = true;
	for (n = 1; disk.hit; n++) {
		struct folder f = folder_new();
		struct suan_store *s = NULL;
		struct suan_err err = {0};
		enum suan_code rc;

		arm(n, kind, false);
		rc = OPS->open(&s, f.path, &err);
		bad += rc != SUAN_OK && (!disk.hit || s || !err.text[0]);
		(void)disarm();
		if (!s)
			s = open_at(f.path);
		bad += !prepare(s) || !is_as(s, ACT_TRIM, true);
		OPS->close(s);
		folder_drop(&f);
	}
	ok(bad == 0 && n > 2, "open, %s at %u places", fault_name[kind], n - 2);
}

/* Power may go right after a commit returns. */
static void test_synced(void)
{
	struct folder f = folder_new();
	struct suan_store *s = open_at(f.path);
	unsigned unsynced = 0;

	for (int i = 0; i < 100; i++) {
		unsigned before = disk.wal_syncs;

		if (commit_records(s, 1, 100, NULL) != SUAN_OK || disk.wal_syncs == before)
			unsynced++;
	}
	is_int(unsynced, 0, "every commit has synced the log before it returns");
	OPS->close(s);
	folder_drop(&f);
}

/* Commits until it is refused: EFULL, with everything before it there. */
static void fill(struct suan_store *s, const char *how)
{
	struct suan_err err = {0};
	enum suan_code rc = SUAN_OK;
	uint64_t last = 0;

	for (int i = 0; rc == SUAN_OK && i < 1000; i++) {
		last = OPS->last_seq(s);
		rc = commit_records(s, 2, 40000, &err);
	}
	is_int(rc, SUAN_EFULL, how);
	printf("# %s\n", err.text);
	ok(last > 4 && OPS->last_seq(s) == last, "the last batch is not counted");
	ok(holds_records(s, 0, NULL), "all before it can be read");
	is_int(commit_records(s, 2, 40000, NULL), SUAN_EFULL, "still full");
	ok(holds_records(s, 0, NULL), "still readable");
}

static void test_room_again(struct suan_store *s, const char *location)
{
	for (int i = 0; i < 5; i++)
		is_int(commit_records(s, 2, 40000, NULL), SUAN_OK, "commits again");
	ok(holds_records(s, 0, NULL), "whole");
	is_int(OPS->snapshot_put(s, 2, "x", 1, NULL), SUAN_OK, "snapshot");
	OPS->close(s);
	s = open_at(location);
	ok(s && holds_records(s, 0, NULL), "whole when opened again");
	OPS->close(s);
}

static void test_file_limit(void)
{
	struct folder f = folder_new();
	struct suan_store *s = open_at(f.path);
	struct rlimit old, small;

	(void)signal(SIGXFSZ, SIG_IGN);
	ok(getrlimit(RLIMIT_FSIZE, &old) == 0, "limit of a file's size");
	small = old;
	small.rlim_cur = 2 << 20;
	ok(setrlimit(RLIMIT_FSIZE, &small) == 0, "2 MiB");
	fill(s, "at the limit: full");
	ok(setrlimit(RLIMIT_FSIZE, &old) == 0, "as before");
	test_room_again(s, f.path);
	folder_drop(&f);
}

/* Needs the right to mount; without it the limit above has to do. */
static void test_full_disk(void)
{
	struct folder f = folder_new();
	struct file_path store = in(f.path, "store"), ballast = in(f.path, "ballast");
	static const char zeros[1 << 20];
	struct suan_store *s;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("suan", f.path, "tmpfs", 0, "size=4m") < 0) {
		ok(true, "# SKIP cannot mount a small disk: %s", strerror(errno));
		folder_drop(&f);
		return;
	}
	s = open_at(store.text);
	ok(suan_fs_write(ballast.text, zeros, sizeof(zeros), 0600, false, NULL) == SUAN_OK, "fill");
	fill(s, "a disk of 4 MiB: full");
	ok(unlink(ballast.text) == 0, "make room");
	test_room_again(s, store.text);
	ok(umount(f.path) == 0, "unmount");
	folder_drop(&f);
}

int main(void)
{
	use_faulty_disk();
	test_synced();
	for (int what = 0; what < NACTIONS; what++)
		for (int kind = 0; kind < NFAULTS; kind++) {
			test_each_write((enum action)what, (enum fault)kind, false);
			test_each_write((enum action)what, (enum fault)kind, true);
		}
	for (int kind = 0; kind < NFAULTS; kind++)
		test_open((enum fault)kind);
	test_file_limit();
	test_full_disk();
	return tap_done();
}
