/* Files, folders, locks, copies with digests. */
#include "lib/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/crypto.h"
#include "sys/fs.h"

static char top[] = "/tmp/suan-t_fs-XXXXXX";
static struct suan_err err;

static const char *at(const char *name)
{
	static char paths[8][300];
	static int next;
	char *p = paths[next++ % 8];

	(void)snprintf(p, 300, "%s/%s", top, name);
	return p;
}

static void put(const char *name, const char *text)
{
	if (suan_fs_write(at(name), text, strlen(text), 0644, false, &err) != SUAN_OK)
		abort();
}

static void test_read_write(void)
{
	struct suan_buf b;
	struct stat st;
	char got[8];
	size_t n = 99;

	suan_buf_init(&b, 0);
	ok(suan_fs_write(at("f"), "hello", 5, 0600, true, &err) == SUAN_OK, "write %s", err.text);
	ok(suan_fs_write(at("f"), "hello world", 11, 0640, true, &err) == SUAN_OK, "replace");
	ok(stat(at("f"), &st) == 0 && (st.st_mode & 0777) == 0640, "mode");
	ok(suan_fs_read(at("f"), &b, &err) == SUAN_OK, "read");
	is_str(suan_buf_str(&b), "hello world", "same bytes");
	ok(suan_fs_read_at(at("f"), 6, got, 5, &n, &err) == SUAN_OK && n == 5 &&
		   memcmp(got, "world", 5) == 0,
	   "read from the middle");
	ok(suan_fs_read_at(at("f"), 11, got, 5, &n, &err) == SUAN_OK && n == 0, "at the end");
	ok(suan_fs_read_at(at("f"), UINT64_MAX, got, 5, &n, &err) == SUAN_OK && n == 0, "far past");
	is_int(suan_fs_read(at("none"), &b, &err), SUAN_ENOTFOUND, "no such file");
	ok(strstr(err.text, "none: No such file") != NULL, "the text names it: %s", err.text);
	is_int(suan_fs_write(at("none/x"), "", 0, 0600, false, &err), SUAN_ENOTFOUND, "no folder");
	suan_buf_done(&b);
	suan_buf_init(&b, 10);
	is_int(suan_fs_read(at("f"), &b, &err), SUAN_ETOOBIG, "limit");
	is_int(b.len, 0, "nothing kept of what was too big");
	suan_buf_done(&b);
	suan_buf_init(&b, 11);
	ok(suan_fs_read(at("f"), &b, &err) == SUAN_OK && b.len == 11, "exactly the limit");
	suan_buf_done(&b);
	suan_buf_init(&b, 0);
	ok(suan_fs_read("/proc/self/status", &b, &err) == SUAN_OK && b.len > 100, "file of size 0");
	suan_buf_done(&b);
}

static void test_folders(void)
{
	struct suan_buf b;
	size_t n = 0;

	suan_buf_init(&b, 0);
	ok(suan_fs_mkdirs(at("d/e//f/"), 0755, &err) == SUAN_OK, "mkdirs %s", err.text);
	ok(suan_fs_mkdirs(at("d/e/f"), 0755, &err) == SUAN_OK, "again");
	ok(suan_fs_is_dir(at("d/e/f")) && !suan_fs_is_dir(at("f")), "is_dir");
	ok(suan_fs_exists(at("f")) && !suan_fs_exists(at("none")), "exists");
	ok(suan_fs_mkdirs(at("f/x"), 0755, &err) != SUAN_OK, "a file is in the way: %s", err.text);
	put("d/b", "2");
	put("d/a", "1");
	ok(suan_fs_list(at("d"), &b, &n, &err) == SUAN_OK && n == 3, "list");
	ok(b.len == 6 && memcmp(b.data, "a\0b\0e\0", 6) == 0, "sorted");
	is_int(suan_fs_list(at("none"), &b, &n, &err), SUAN_ENOTFOUND, "no such folder");
	suan_buf_done(&b);
}

static void test_copy(void)
{
	char hex[65], hex2[65];
	uint64_t bytes = 0;
	struct suan_sha256 s;
	struct stat a, b;

	ok(suan_fs_copy(at("f"), at("g"), hex, &bytes, &err) == SUAN_OK, "copy %s", err.text);
	is_int(bytes, 11, "bytes");
	is_str(hex, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9", "digest");
	ok(suan_fs_sha256(at("g"), hex2, &err) == SUAN_OK && strcmp(hex, hex2) == 0, "the same");
	ok(stat(at("f"), &a) == 0 && stat(at("g"), &b) == 0 && a.st_mode == b.st_mode &&
		   a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec,
	   "mode and time are kept");
	put("d/e/f/deep", "3");
	ok(symlink("a", at("d/link")) == 0, "link");
	ok(suan_fs_copy(at("d"), at("d2"), hex, &bytes, &err) == SUAN_OK, "tree %s", err.text);
	ok(suan_fs_copy(at("d"), at("d2"), NULL, NULL, &err) == SUAN_OK, "again");
	ok(suan_fs_copy(at("d2"), at("d3"), hex2, &bytes, &err) == SUAN_OK, "the copy");
	is_str(hex2, hex, "has the digest of the first");
	is_int(bytes, 3, "bytes of the tree");
	suan_sha256_init(&s);
	for (int i = 0; i < 4; i++) {
		static const char *const files[] = {"d/a", "d/b", "d/e/f/deep", "d/link"};

		if (i == 3) /* a link counts as the text it holds */
			put("text", "a");
		ok(suan_fs_sha256(at(i == 3 ? "text" : files[i]), hex2, &err) == SUAN_OK, "file");
		suan_sha256_add(&s, hex2, 64);
		suan_sha256_add(&s, "  ", 2);
		suan_sha256_add(&s, files[i] + 2, strlen(files[i] + 2));
		suan_sha256_add(&s, "\n", 1);
	}
	suan_sha256_hex(&s, hex2);
	is_str(hex2, hex, "digest of a tree is that of its sorted lines");
	is_int(suan_fs_copy(at("none"), at("x"), NULL, NULL, &err), SUAN_ENOTFOUND, "no source");
	ok(mkfifo(at("d3/pipe"), 0600) == 0, "fifo");
	is_int(suan_fs_copy(at("d3"), at("x"), NULL, NULL, &err), SUAN_EINVAL, "no pipes");
}

static void test_sync_names(void)
{
	ok(suan_fs_sync_names(at("d/e/f"), &err) == SUAN_OK, "names up to the root");
	ok(suan_fs_sync_names("/", &err) == SUAN_OK, "the root has none");
	is_int(suan_fs_sync_names(at("none/none"), &err), SUAN_ENOTFOUND, "no such folder");
}

static void test_copy_broken_off(void)
{
	atomic_bool cancel = false;
	struct suan_fs_copying c = {.cancel = &cancel, .durable = true};
	struct suan_buf b;
	size_t n = 0;

	ok(mkdir(at("c"), 0700) == 0 && mkdir(at("c/to"), 0700) == 0, "folders");
	put("c/from", "hello world");
	ok(suan_fs_copy_as(at("c/from"), at("c/to/f"), &c, &err) == SUAN_OK, "copy %s", err.text);
	is_int(c.bytes, 11, "bytes");
	is_str(c.sha256_hex, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
	       "digest");
	ok(suan_fs_copy_as(at("c/to"), at("c/tree"), &c, &err) == SUAN_OK, "tree %s", err.text);
	is_int(suan_fs_copy_as(at("c/from"), at("c/none/f"), &c, &err), SUAN_ENOTFOUND,
	       "no folder");
	ok(c.at_target, "that is at the target");
	is_int(suan_fs_copy_as(at("c/none"), at("c/to/f"), &c, &err), SUAN_ENOTFOUND, "no source");
	ok(!c.at_target, "that is not");
	atomic_store(&cancel, true);
	is_int(suan_fs_copy_as(at("c/from"), at("c/to/g"), &c, &err), SUAN_EREFUSED, "broken off");
	suan_buf_init(&b, 0);
	ok(suan_fs_list(at("c/to"), &b, &n, &err) == SUAN_OK && n == 1, "nothing is left of it");
	suan_buf_done(&b);
}

static void test_remove(void)
{
	put("outside", "kept");
	ok(symlink("../outside", at("d3/out")) == 0 && symlink("..", at("d3/up")) == 0, "links");
	ok(suan_fs_remove_tree(at("d3"), &err) == SUAN_OK, "remove %s", err.text);
	ok(!suan_fs_exists(at("d3")) && suan_fs_exists(at("outside")), "and nothing else");
	ok(suan_fs_remove_tree(at("d3"), &err) == SUAN_OK, "again");
	ok(suan_fs_remove_tree(at("outside"), &err) == SUAN_OK, "a file");
}

static void test_lock(void)
{
	int fd = -1, fd2 = -1;
	char pid[32];

	(void)snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	ok(suan_fs_lock(at("lock"), &fd, &err) == SUAN_OK, "lock");
	is_int(suan_fs_lock(at("lock"), &fd2, &err), SUAN_EBUSY, "held");
	ok(strstr(err.text, pid) != NULL, "by us: %s", err.text);
	(void)close(fd);
	ok(suan_fs_lock(at("lock"), &fd2, &err) == SUAN_OK, "free again");
	(void)close(fd2);
}

static void is_absolute(const char *path, const char *want)
{
	char *got = suan_fs_absolute(path);

	is_str(got, want, path);
	free(got);
}

int main(void)
{
	(void)umask(022);
	if (!mkdtemp(top) || chdir("/tmp") < 0)
		abort();
	test_read_write();
	test_folders();
	test_copy();
	test_sync_names();
	test_copy_broken_off();
	test_remove();
	test_lock();
	is_absolute("/a//b/./c/../d/", "/a/b/d");
	is_absolute("/../..", "/");
	is_absolute("x/../y", "/tmp/y");
	is_absolute("", "/tmp");
	is_absolute("/a/..b", "/a/..b");
	ok(suan_fs_remove_tree(top, &err) == SUAN_OK, "tidy");
	return tap_done();
}
