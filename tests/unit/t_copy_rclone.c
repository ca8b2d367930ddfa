/* Copies by rclone: with its local back end, and over WebDAV with its own server on this machine.
 * Skipped where rclone is not installed; what is said then is tested everywhere. */
#include "lib/copy_kit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sys/process.h"

#define SIZE 500009u

static char *data, sum[65];
static struct suan_copier_config config = {.sync_bytes = 65536, .stall_ms = 60000};

static bool installed(void)
{
	static const char *const argv[] = {"rclone", "version", NULL};
	struct suan_spawned got;
	struct suan_process_end end;

	suan_process_spawn(&(struct suan_spawn){.argv = argv, .envp = (const char *const *)environ},
			   &got);
	return got.pid > 0 && suan_process_wait(got.pid, &end) && !end.signalled && end.code == 0;
}

static const char *remote(const char *base, const char *path)
{
	static char text[8][400];
	static unsigned at;
	char *s = text[at++ % 8];

	snprintf(s, sizeof(text[0]), "%s%s", base, path);
	return s;
}

static void test_absent(void)
{
	struct suan_copier_config none = config;
	struct seen s;

	none.rclone = "no-such-rclone";
	s = copy(none, (struct suan_copy_spec){.source = "s3:bucket/x", .target = in_home("a/x")});
	ok(s.rc == SUAN_EINVAL && s.fault == SUAN_COPY_REFUSED && s.attempts == 1 &&
		   strstr(s.text, "not installed"),
	   "not installed: %s", s.text);
	ok(nothing_beside(home), "nothing is left");
}

/* base: a remote whose folder is the folder "store" of the test. */
static void test_remote(const char *base)
{
	struct suan_manifest m = {0};
	struct suan_err err = {0};
	struct seen s;
	char id[65];

	if (suan_fs_remove_tree(in_home("store"), NULL) != SUAN_OK ||
	    suan_fs_remove_tree(in_home("back"), NULL) != SUAN_OK ||
	    suan_fs_mkdirs(in_home("store"), 0755, NULL) != SUAN_OK)
		abort();
	s = copy(config, (struct suan_copy_spec){.source = in_home("from"),
						 .target = remote(base, "in/one"),
						 .sha256 = sum});
	ok(s.rc == SUAN_OK && strcmp(s.sha256, sum) == 0, "sent: %s", s.text);
	ok(holds(in_home("store/in/one"), data, SIZE) &&
		   !suan_fs_exists(in_home("store/in/one.suan-part")),
	   "whole, under its name");
	s = copy(config, (struct suan_copy_spec){.source = remote(base, "in/one"),
						 .target = in_home("back/one"),
						 .sha256 = sum,
						 .bytes = SIZE});
	ok(s.rc == SUAN_OK && holds(in_home("back/one"), data, SIZE), "and back: %s", s.text);
	s = copy(config, (struct suan_copy_spec){.source = remote(base, "in/none"),
						 .target = in_home("back/none")});
	ok(s.rc == SUAN_ENOTFOUND && s.fault == SUAN_COPY_GONE && nothing_beside(in_home("back")),
	   "gone: %s", s.text);
	s = copy(config,
		 (struct suan_copy_spec){.source = in_home("tree"), .target = remote(base, "set")});
	ok(s.rc == SUAN_OK && s.files == 3, "a tree sent: %s", s.text);
	free(s.manifest);
	snprintf(id, sizeof(id), "%s", s.sha256);
	s = copy(config, (struct suan_copy_spec){.source = remote(base, "set"),
						 .target = in_home("back/set"),
						 .sha256 = id});
	ok(s.rc == SUAN_OK && s.files == 3, "and back, with the same identity: %s", s.text);
	free(s.manifest);
	ok(suan_copy_scan(in_home("tree"), &m, NULL, NULL) == SUAN_OK &&
		   suan_copy_verify(in_home("back/set"), &m, NULL, &err) == SUAN_OK,
	   "verified: %s", err.text);
	suan_manifest_done(&m);
}

/* Cut by a cancel, then gone on with: what came is not asked for again. */
static void test_resume(const char *base)
{
	struct suan_copier *c = copier_of(config);
	struct suan_copy_spec spec = {.source = remote(base, "in/one"),
				      .target = in_home("back/cut")};
	int64_t until = suan_clock_mono_us() + KIT_GUARD_US;
	struct seen s, t;

	suan_copier_limit(c, 400000);
	start(c, spec, &s);
	while (s.most < 100000 && !s.done && suan_clock_mono_us() < until)
		if (suan_loop_once(loop, 1000, NULL) != SUAN_OK)
			abort();
	(void)suan_copy_cancel(c, 1, true);
	until_done(&s);
	suan_copier_limit(c, 0);
	start(c, spec, &t);
	until_done(&t);
	ok(s.rc == SUAN_EREFUSED && t.rc == SUAN_OK && holds(in_home("back/cut"), data, SIZE),
	   "cut and gone on with: %s", t.text);
	ok(s.moved > 0 && t.moved < SIZE, "%llu bytes, then %llu", (unsigned long long)s.moved,
	   (unsigned long long)t.moved);
	suan_copier_free(c);
}

/* ---- a WebDAV server ---- */

static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		abort();
	(void)close(fd);
	return ntohs(a.sin_port);
}

static bool answers(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool good;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	good = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	(void)close(fd);
	return good;
}

static void test_webdav(void)
{
	char addr[64], base[128];
	const char *argv[] = {"rclone", "serve", "webdav", "--addr", addr, in_home("store"), NULL};
	int64_t until = suan_clock_mono_us() + KIT_GUARD_US;
	uint16_t port = free_port();
	struct suan_process_end end;
	struct suan_spawned got;

	if (suan_fs_mkdirs(in_home("store"), 0755, NULL) != SUAN_OK)
		abort();
	snprintf(addr, sizeof(addr), "127.0.0.1:%u", port);
	snprintf(base, sizeof(base), ":webdav,url='http://127.0.0.1:%u':", port);
	suan_process_spawn(&(struct suan_spawn){.argv = argv, .envp = (const char *const *)environ},
			   &got);
	while (got.pid > 0 && !answers(port) && suan_clock_mono_us() < until)
		if (suan_loop_once(loop, 20, NULL) != SUAN_OK)
			abort();
	test_remote(base);
	test_resume(base);
	(void)suan_process_signal_group(got.pid, SIGKILL);
	ok(got.pid > 0 && suan_process_wait(got.pid, &end), "the server ends");
}

int main(void)
{
	char path[300];

	(void)signal(SIGPIPE, SIG_IGN);
	kit_open();
	data = bytes_of(1, SIZE);
	sum_of(data, SIZE, sum);
	test_absent();
	if (!installed()) {
		ok(true, "# SKIP rclone is not installed; tools/deps.sh test installs it");
	} else {
		write_file(in_home("from"), data, SIZE);
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), "%s/d%d", in_home("tree"), i % 2);
			if (suan_fs_mkdirs(path, 0755, NULL) != SUAN_OK)
				abort();
			snprintf(path, sizeof(path), "%s/d%d/f %d", in_home("tree"), i % 2, i);
			write_file(path, data + i, (size_t)i * 100000 + 1);
		}
		test_remote(remote(":local:", in_home("store/")));
		test_resume(remote(":local:", in_home("store/")));
		test_webdav();
	}
	free(data);
	kit_close();
	return tap_done();
}
