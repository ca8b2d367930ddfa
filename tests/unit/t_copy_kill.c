/* Copies that are killed at any byte, and with the power cut: what is started again goes on, comes
 * to the right end, and reads little again. A child process copies; its system calls that change
 * the disk are counted, and at the chosen one it does a part of it and kills itself. After a power
 * cut, what was not synced is lost: the parent spoils it. */
#define KIT_IN_MEMORY
#include "lib/copy_kit.h"
#include "lib/slow.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SIZE  700001u
#define SYNC  65536u
#define FILES 64

/* ---- the disk ---- */

struct synced { /* a file, by its inode */
	uint64_t inode, bytes;
};

static struct shared {	/* with the child */
	unsigned left;	/* changes until the kill; 0 = none */
	unsigned made;	/* changes of this run */
	uint64_t moved; /* bytes read from the source by the child */
	bool good, trace;
	struct synced files[FILES];
	unsigned nfiles;
} * disk;

static uint64_t cut_seed;

static struct synced *synced_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	for (unsigned i = 0; i < disk->nfiles; i++)
		if (disk->files[i].inode == st.st_ino)
			return &disk->files[i];
	if (disk->nfiles == FILES)
		abort();
	disk->files[disk->nfiles] = (struct synced){st.st_ino, 0};
	return &disk->files[disk->nfiles++];
}

/* True: die now. */
static bool strikes(void)
{
	if (!disk || !disk->trace)
		return false;
	disk->made++;
	return disk->left > 0 && --disk->left == 0;
}

static void die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	bool now = strikes();

	if (now)
		n = n * (cut_seed % 17) / 16;
	n = (size_t)syscall(SYS_pwrite64, fd, p, n, at);
	if (now)
		die();
	return (ssize_t)n;
}

ssize_t write(int fd, const void *p, size_t n)
{
	struct stat st;
	bool now = disk && disk->trace && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && strikes();

	if (now)
		n = n * (cut_seed % 17) / 16;
	n = (size_t)syscall(SYS_write, fd, p, n);
	if (now)
		die();
	return (ssize_t)n;
}

static int sync_as(long call, int fd)
{
	struct synced *s;
	struct stat st;

	if (strikes())
		die();
	if (disk && disk->trace && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		s = synced_of(fd);
		s->bytes = (uint64_t)st.st_size;
	}
	return (int)syscall(call, fd);
}

int fsync(int fd)
{
	return sync_as(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_as(SYS_fdatasync, fd);
}

int rename(const char *a, const char *b)
{
	if (strikes())
		die();
	return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 0);
}

int renameat2(int fa, const char *a, int fb, const char *b, unsigned flags)
{
	if (strikes())
		die();
	return (int)syscall(SYS_renameat2, fa, a, fb, b, flags);
}

int unlink(const char *path)
{
	if (strikes())
		die();
	return (int)syscall(SYS_unlink, path);
}

int ftruncate(int fd, off_t n)
{
	if (strikes())
		die();
	return (int)syscall(SYS_ftruncate, fd, n);
}

/* ---- a child that copies ---- */

/* Runs one copy in a child that dies at the n-th change; 0 = it does not. True: it came to its end,
 * and that was good. */
static bool run_child(struct suan_copy_spec spec, unsigned n)
{
	pid_t pid;
	int status = 0;

	*disk = (struct shared){.left = n, .trace = true, .nfiles = 0};
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct suan_copier_config config = {.sync_bytes = SYNC, .threads = 1};
		struct seen s;

		if (suan_loop_new(&loop, NULL) != SUAN_OK)
			_exit(3);
		s = copy(config, spec);
		disk->moved = s.moved;
		disk->good = s.rc == SUAN_OK && (!spec.sha256 || !spec.sha256[0] ||
						 strcmp(s.sha256, spec.sha256) == 0);
		if (s.rc != SUAN_OK)
			dprintf(2, "# %s\n", s.text);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	disk->trace = false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 && disk->good;
}

/* The power was cut: all bytes above what was synced are others, or not there. */
static void lose_unsynced(const char *path, uint64_t seed)
{
	struct suan_rng r;
	struct stat st;
	uint64_t kept = 0;
	int fd = open(path, O_RDWR);

	if (fd < 0)
		return;
	suan_rng_init(&r, seed);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		goto out;
	for (unsigned i = 0; i < disk->nfiles; i++)
		if (disk->files[i].inode == st.st_ino)
			kept = disk->files[i].bytes;
	/* A slot of the journal is written over in place: any of it may be the old or the new. */
	if (strstr(path, "suan-journal"))
		goto out;
	for (uint64_t at = kept; at < (uint64_t)st.st_size; at += 512) {
		size_t n =
			(uint64_t)st.st_size - at < 512 ? (size_t)((uint64_t)st.st_size - at) : 512;
		char zeros[512] = {0};

		if (suan_rng_below(&r, 2))
			(void)!syscall(SYS_pwrite64, fd, zeros, n, (off_t)at);
	}
	if (suan_rng_below(&r, 2) && (uint64_t)st.st_size > kept)
		(void)!syscall(SYS_ftruncate, fd,
			       (off_t)(kept + suan_rng_below(&r, (uint64_t)st.st_size - kept)));
out:
	(void)close(fd);
}

/* ---- one file ---- */

static char *data, sum[65];

/* Is the target whole, or not there? */
static bool never_half(const char *to)
{
	return !suan_fs_exists(to) || holds(to, data, SIZE);
}

/* Kills the same copy again and again, each time a few changes later; returns what was wrong. */
static int kill_often(const char *from, const char *to, const char *part, uint64_t seed, bool power)
{
	struct suan_copy_spec spec = {.source = from, .target = to, .sha256 = seed % 2 ? sum : ""};
	struct suan_rng r;
	int bad = 0, kills = 0;
	bool done = false;

	suan_rng_init(&r, seed);
	while (!done && kills < 200) {
		unsigned n = 3 + (unsigned)suan_rng_below(&r, 40);

		cut_seed = suan_rng_next(&r);
		done = run_child(spec, n);
		kills += !done;
		bad += !never_half(to);
		if (!done && power)
			lose_unsynced(part, cut_seed);
	}
	bad += !done || !holds(to, data, SIZE) || !nothing_beside(in_home(power ? "p" : "k"));
	if (bad)
		printf("# seed %llu: %d wrong after %d kills\n", (unsigned long long)seed, bad,
		       kills);
	return bad;
}

static void test_often(bool power)
{
	const char *to = in_home(power ? "p/to" : "k/to"), *from = in_home("from");
	const char *part = in_home(power ? "p/.to.suan-part" : "k/.to.suan-part");
	int bad = 0;
#ifdef SLOW_BUILD
	const uint64_t rounds = 6;
#else
	const uint64_t rounds = 40;
#endif

	for (uint64_t seed = 1; seed <= rounds; seed++) {
		bad += kill_often(from, to, part, seed, power);
		(void)unlink(to);
	}
	ok(bad == 0, "%s, again and again, %llu seeds", power ? "power cut" : "killed",
	   (unsigned long long)rounds);
}

/* Killed once at every change there is; the second run reads only what is missing, at most a sync
 * and a piece more. */
static void test_each(const char *dir, bool power)
{
	char to[200], part[200];
	struct suan_copy_spec spec = {.source = in_home("from"), .target = to, .sha256 = sum};
	unsigned n, again = 0;
	int bad = 0;
	bool done = false;

	snprintf(to, sizeof(to), "%s/to", in_home(dir));
	snprintf(part, sizeof(part), "%s/.to.suan-part", in_home(dir));
	for (n = 1; !done && n < 5000; n++) {
		struct stat st = {0};
		uint64_t had;

		cut_seed = n;
		done = run_child(spec, n);
		bad += !never_half(to);
		had = stat(part, &st) == 0 ? (uint64_t)st.st_size : 0;
		if (suan_fs_exists(to))
			had = SIZE;
		if (power)
			lose_unsynced(part, n);
		if (!done && !run_child(spec, 0)) {
			printf("# change %u: it did not go on\n", n);
			bad++;
		} else if (!done && disk->moved + had > SIZE + 2 * SYNC) {
			again++;
		}
		bad += !holds(to, data, SIZE) || !nothing_beside(in_home(dir));
		(void)unlink(to);
	}
	ok(bad == 0 && n > 30, "%s at each of %u changes", power ? "power cut" : "killed", n - 2);
	is_int(again, 0, "never much is read again");
}

/* ---- a tree ---- */

static void test_tree(void)
{
	char path[200];
	struct suan_copy_spec spec = {.source = in_home("tree"), .target = in_home("t/to")};
	struct suan_manifest m = {0};
	char id[65];
	unsigned n, step = 1;
	int bad = 0;
	bool done = false;

	for (int i = 0; i < 12; i++) {
		snprintf(path, sizeof(path), "%s/d%d", in_home("tree"), i % 3);
		if (suan_fs_mkdirs(path, 0755, NULL) != SUAN_OK)
			abort();
		snprintf(path, sizeof(path), "%s/d%d/f%d", in_home("tree"), i % 3, i);
		write_file(path, data + i, (size_t)i * 17011);
	}
	if (suan_copy_scan(in_home("tree"), &m, NULL, NULL) != SUAN_OK ||
	    suan_manifest_identity(&m, id, NULL) != SUAN_OK)
		abort();
#ifdef SLOW_BUILD
	step = 7;
#endif
	spec.sha256 = id;
	for (n = 1; !done && n < 5000; n += step) {
		struct suan_err err = {0};

		cut_seed = n;
		done = run_child(spec, n);
		if (suan_fs_exists(spec.target))
			bad += suan_copy_verify(spec.target, &m, NULL, NULL) != SUAN_OK;
		if (!done && !run_child(spec, 0))
			bad++;
		if (suan_copy_verify(spec.target, &m, NULL, &err) != SUAN_OK ||
		    !nothing_beside(in_home("t"))) {
			printf("# change %u: %s\n", n, err.text);
			bad++;
		}
		if (suan_fs_remove_tree(spec.target, NULL) != SUAN_OK)
			abort();
	}
	ok(bad == 0 && n > 30, "a tree, killed at each of %u changes", n - 2);
	suan_manifest_done(&m);
}

int main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (disk == MAP_FAILED)
		abort();
	memset(disk, 0, sizeof(*disk));
	kit_open();
	data = bytes_of(1, SIZE);
	sum_of(data, SIZE, sum);
	write_file(in_home("from"), data, SIZE);
	test_each("k", false);
	test_each("p", true);
	test_often(false);
	test_often(true);
	test_tree();
	free(data);
	kit_close();
	return tap_done();
}
