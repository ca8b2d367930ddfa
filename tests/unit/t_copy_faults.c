/* The copier on a disk that fails at the n-th write, sync, rename or other change, once or for
 * good; and without memory at the n-th allocation. Never a half target, a clear error, and good
 * again when the world is. */
#define KIT_IN_MEMORY
#include "lib/copy_kit.h"
#include "lib/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "agent/copy_inside.h"
#include "agent/copy_journal.h"
#include "agent/copy_log.h"

#define SIZE 300007u
#define SYNC 65536u

static struct {
	_Atomic unsigned left; /* changes until one fails; 0 = none will */
	_Atomic bool all, hit;
	int error;
} disk;

static bool strikes(void)
{
	if (disk.left == 0 || --disk.left > 0)
		return false;
	if (disk.all)
		disk.left = 1;
	disk.hit = true;
	errno = disk.error;
	return true;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	/* A torn write, then the failure. */
	if (strikes()) {
		(void)!syscall(SYS_pwrite64, fd, p, n / 2, at);
		errno = disk.error;
		return -1;
	}
	return (ssize_t)syscall(SYS_pwrite64, fd, p, n, at);
}

int fsync(int fd)
{
	return strikes() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return strikes() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
	return strikes() ? -1 : (int)syscall(SYS_syncfs, fd);
}

int rename(const char *a, const char *b)
{
	return strikes() ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 0);
}

int renameat2(int fa, const char *a, int fb, const char *b, unsigned flags)
{
	return strikes() ? -1 : (int)syscall(SYS_renameat2, fa, a, fb, b, flags);
}

int ftruncate(int fd, off_t n)
{
	return strikes() ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

static void arm(unsigned n, int error, bool all)
{
	disk.error = error;
	disk.all = all;
	disk.hit = false;
	disk.left = n;
}

static char *data, sum[65];

static struct seen run(const char *from, const char *to, const char *want)
{
	struct suan_copier_config config = {.sync_bytes = SYNC};

	return copy(config, (struct suan_copy_spec){
				    .source = from, .target = to, .sha256 = want, .tries = 2});
}

/* One failure is got over but for a full disk; after each of them for good, nothing is half. */
struct fault {
	int error;
	bool all; /* those after it, too */
	const char *what;
};

static int round_of(const char *from, const char *to, const char *want, unsigned n,
		    const struct fault *f)
{
	struct seen s;
	bool hit;
	int bad = 0;

	arm(n, f->error, f->all);
	s = run(from, to, want);
	hit = disk.hit;
	arm(0, 0, false);
	if (f->error == ENOSPC)
		bad += s.rc != (hit ? SUAN_EFULL : SUAN_OK) || (hit && !s.at_target);
	else if (!f->all)
		bad += s.rc != SUAN_OK;
	else
		bad += (s.rc == SUAN_OK) == hit && s.rc != SUAN_EIO;
	bad += s.rc != SUAN_OK && (!s.text[0] || s.fault == SUAN_COPY_NO_FAULT);
	if (s.rc == SUAN_EFULL)
		bad += !nothing_beside(in_home("x"));
	free(s.manifest);
	if (bad)
		printf("# change %u: %d %s\n", n, (int)s.rc, s.text);
	disk.hit = hit;
	return bad;
}

static void test_file(const struct fault *f)
{
	const char *from = in_home("from"), *to = in_home("x/to");
	int bad = 0;
	unsigned n;

	disk.hit = true;
	for (n = 1; disk.hit && n < 3000; n++) {
		bool hit;

		bad += round_of(from, to, sum, n, f);
		bad += suan_fs_exists(to) && !holds(to, data, SIZE);
		hit = disk.hit;
		bad += run(from, to, sum).rc != SUAN_OK;
		disk.hit = hit;
		bad += !holds(to, data, SIZE) || !nothing_beside(in_home("x"));
		(void)unlink(to);
	}
	ok(bad == 0 && n > 20, "a file, %s at each of %u changes", f->what, n - 2);
}

static void test_tree(const struct fault *f)
{
	const char *from = in_home("tree"), *to = in_home("x/tree");
	struct suan_manifest m = {0};
	char id[65];
	int bad = 0;
	unsigned n;

	if (suan_copy_scan(from, &m, NULL, NULL) != SUAN_OK ||
	    suan_manifest_identity(&m, id, NULL) != SUAN_OK)
		abort();
	disk.hit = true;
	for (n = 1; disk.hit && n < 3000; n++) {
		struct seen s;
		bool hit;

		bad += round_of(from, to, id, n, f);
		hit = disk.hit;
		bad += suan_fs_exists(to) && suan_copy_verify(to, &m, NULL, NULL) != SUAN_OK;
		s = run(from, to, id);
		free(s.manifest);
		bad += s.rc != SUAN_OK || suan_copy_verify(to, &m, NULL, NULL) != SUAN_OK;
		if (suan_fs_remove_tree(to, NULL) != SUAN_OK)
			abort();
		disk.hit = hit;
	}
	ok(bad == 0 && n > 20, "a tree, %s at each of %u changes", f->what, n - 2);
	suan_manifest_done(&m);
}

/* ---- memory ---- */

static struct suan_copy_setup setup = {.sync_bytes = SYNC, .stall_ms = 1000};

/* An attempt without loop and threads, so that the failing allocations are this thread's. */
static void attempt(struct suan_copy_job *job, const char *from, const char *to)
{
	memset(job, 0, sizeof(*job));
	job->setup = &setup;
	job->source = strdup(from);
	job->target = strdup(to);
	job->tries = job->sum_tries = 1;
	suan_buf_init(&job->manifest, 0);
}

static void attempt_done(struct suan_copy_job *job)
{
	free(job->source);
	free(job->target);
	suan_manifest_done(&job->found);
	suan_buf_done(&job->manifest);
}

static void test_memory(const char *from, const char *to, const char *what)
{
	struct suan_copy_job job;
	int bad = 0;
	unsigned n;

	for (n = 1; oom_next(n) && n < 5000; n++) {
		bool hit;

		attempt(&job, from, to);
		oom_arm(n);
		suan_copy_attempt(&job);
		hit = oom_disarm();
		bad += hit && job.rc != SUAN_OK &&
		       (job.rc != SUAN_ENOMEM || job.fault != SUAN_COPY_TRANSIENT);
		bad += !hit && job.rc != SUAN_OK;
		if (bad)
			printf("# allocation %u: %d %s\n", n, (int)job.rc, job.err.text);
		attempt_done(&job);
		if (bad)
			break;
	}
	ok(bad == 0 && (n > 10 || !oom_works()), "%s: each of %u allocations", what, n - 2);
	attempt(&job, from, to);
	suan_copy_attempt(&job);
	is_int(job.rc, SUAN_OK, "and in the end it works");
	attempt_done(&job);
}

static void test_memory_of_copier(void)
{
	struct suan_copy_events events = {on_progress, on_done, NULL};
	struct suan_copier_config config = {.loop = loop, .seed = 1, .threads = 1};
	struct suan_copy_spec spec = {
		.id = 1, .source = in_home("none"), .target = in_home("x/y"), .token = "t"};
	struct suan_copier *c = NULL;
	int bad = 0;
	unsigned n;

	for (n = 1; oom_next(n); n++) {
		enum suan_code rc;
		bool hit;

		c = NULL;
		oom_arm(n);
		rc = suan_copier_new(&c, &config, NULL);
		hit = oom_disarm();
		bad += rc == SUAN_OK ? hit : !hit || c;
		suan_copier_free(c);
	}
	ok(bad == 0, "a copier: each of %u allocations", n - 2);
	if (suan_copier_new(&c, &config, NULL) != SUAN_OK)
		abort();
	for (n = 1; oom_next(n); n++) {
		struct seen s = {0};
		enum suan_code rc;
		bool hit;

		events.ctx = &s;
		oom_arm(n);
		rc = suan_copy_start(c, &spec, &events, NULL);
		hit = oom_disarm();
		bad += rc != SUAN_OK && !hit;
		bad += suan_copier_count(c) != (rc == SUAN_OK);
		if (rc == SUAN_OK) /* without memory for a thread's work it begins later */
			until_done(&s);
		oom.hit = hit;
	}
	ok(bad == 0, "a start: each of %u allocations", n - 2);
	suan_copier_free(c);
}

/* ---- the journal's bytes ---- */

static void test_journal(void)
{
	struct suan_copy_journal j = {.seq = 7, .version = "v", .total = UINT64_MAX}, got;
	uint8_t file[SUAN_COPY_JOURNAL] = {0}, slot[SUAN_COPY_SLOT];
	struct suan_sha256 sha;
	int bad = 0;

	suan_sha256_init(&sha);
	suan_sha256_save(&sha, j.sha);
	ok(!suan_copy_journal_read(&got, file, sizeof(file)), "zeros are no journal");
	ok(!suan_copy_journal_read(&got, file, 0), "nothing is none");
	if (suan_copy_journal_write(&j, file) != SUAN_OK)
		abort();
	suan_sha256_add(&sha, "abc", 3);
	suan_sha256_save(&sha, j.sha);
	j.seq = 8;
	j.done = 3;
	if (suan_copy_journal_write(&j, slot) != SUAN_OK)
		abort();
	/* Cut short anywhere, the slot before it counts. */
	for (size_t n = 0; n <= sizeof(slot); n++) {
		bool whole = n > 200 &&
			     memcmp(slot + n, file + SUAN_COPY_SLOT_AT + n, sizeof(slot) - n) == 0;

		memset(file + SUAN_COPY_SLOT_AT, 0, sizeof(slot));
		memcpy(file + SUAN_COPY_SLOT_AT, slot, n);
		whole = memcmp(slot, file + SUAN_COPY_SLOT_AT, sizeof(slot)) == 0;
		bad += !suan_copy_journal_read(&got, file, sizeof(file)) ||
		       got.seq != (whole ? 8u : 7u) || got.done != (whole ? 3u : 0u) ||
		       strcmp(got.version, "v") != 0;
	}
	is_int(bad, 0, "a slot that was cut short anywhere");
	for (size_t i = 0; i < 300; i++) {
		file[SUAN_COPY_SLOT_AT + i] ^= 4;
		bad += !suan_copy_journal_read(&got, file, sizeof(file)) ||
		       (got.seq != 7 && (got.seq != 8 || got.done != 3));
		file[SUAN_COPY_SLOT_AT + i] ^= 4;
	}
	is_int(bad, 0, "a bit turned anywhere");
}

int main(void)
{
	static const struct fault faults[] = {{EIO, false, "an error"},
					      {EIO, true, "errors from then on"},
					      {ENOSPC, false, "disk full"}};
	char path[200];

	(void)signal(SIGPIPE, SIG_IGN);
	kit_open();
	data = bytes_of(1, SIZE);
	sum_of(data, SIZE, sum);
	write_file(in_home("from"), data, SIZE);
	for (int i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "%s/d%d", in_home("tree"), i % 2);
		if (suan_fs_mkdirs(path, 0755, NULL) != SUAN_OK)
			abort();
		snprintf(path, sizeof(path), "%s/d%d/f%d", in_home("tree"), i % 2, i);
		write_file(path, data + i, (size_t)i * 20000);
	}
	test_journal();
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		test_file(&faults[i]);
		test_tree(&faults[i]);
	}
	test_memory(in_home("from"), in_home("x/mem"), "a file");
	test_memory(in_home("tree"), in_home("x/memtree"), "a tree");
	test_memory_of_copier();
	free(data);
	kit_close();
	return tap_done();
}
