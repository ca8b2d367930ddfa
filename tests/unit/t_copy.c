/* The copier: every way of coming and going, what it does when sources change, end early, are not
 * there or are not what they should be; limits, cancelling, trees. */
#include "lib/copy_kit.h"
#include "lib/tiny_http.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define SIZE 1000003u

static char *data, sum[65];
static struct suan_copier_config small = {.sync_bytes = 65536};

static void test_places(void)
{
	is_int(suan_copy_place_of("/a/b"), SUAN_COPY_LOCAL, "a path");
	is_int(suan_copy_place_of("file:///a"), SUAN_COPY_LOCAL, "file://");
	is_int(suan_copy_place_of("https://h/x"), SUAN_COPY_HTTP, "https");
	is_int(suan_copy_place_of("s3:bucket/x"), SUAN_COPY_RCLONE, "a remote");
	is_int(suan_copy_place_of(":webdav,url='http://h':x"), SUAN_COPY_RCLONE, "a whole remote");
	is_int(suan_copy_place_of("a/b"), SUAN_COPY_NOWHERE, "a relative path");
	is_int(suan_copy_place_of("a/b:c"), SUAN_COPY_NOWHERE, "a relative path with a colon");
	is_int(suan_copy_place_of("ftp://h/x"), SUAN_COPY_NOWHERE, "another address");
	is_int(suan_copy_place_of("--config:x"), SUAN_COPY_NOWHERE, "an option");
	is_int(suan_copy_place_of(":x"), SUAN_COPY_NOWHERE, "no name");
	is_int(suan_copy_place_of(""), SUAN_COPY_NOWHERE, "nothing");
}

static void test_refused(void)
{
	static const struct {
		struct suan_copy_spec spec;
		const char *what;
	} bad[] = {
		{{.source = "a", .target = "/tmp/b"}, "relative source"},
		{{.source = "/a", .target = "b"}, "relative target"},
		{{.source = "http://a/b", .target = "r:b"}, "no path at all"},
		{{.source = "/a", .target = "/tmp/b/"}, "a target with / at its end"},
		{{.source = "/a", .target = "/a/b"}, "into itself"},
		{{.source = "/a", .target = "/a"}, "onto itself"},
		{{.source = "/a", .target = "/b", .sha256 = "12"}, "a digest too short"},
		{{.source = "/a", .target = "/b", .token = "a\nb"}, "a token with a line break"},
		{{.source = "/a", .target = "/b", .manifest = "x", .manifest_n = 1}, "manifest"},
	};
	struct suan_copier *c = copier_of(small);
	struct seen s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!start(c, bad[i].spec, &s) && s.rc == SUAN_EINVAL && s.text[0], "%s: %s",
		   bad[i].what, s.text);
	}
	is_int(suan_copier_count(c), 0, "nothing is under way");
	suan_copier_free(c);
}

static void test_local(void)
{
	const char *from = in_home("from"), *to = in_home("new/folder/to");
	struct seen s;
	struct stat st;

	write_file(from, data, SIZE);
	ok(chmod(from, 0750) == 0, "a program");
	s = copy(small, (struct suan_copy_spec){.source = from, .target = to, .sha256 = sum});
	ok(s.rc == SUAN_OK && s.fault == SUAN_COPY_NO_FAULT, "copied: %s", s.text);
	ok(holds(to, data, SIZE), "whole");
	is_str(s.sha256, sum, "its digest");
	ok(s.bytes == SIZE && s.files == 1 && s.moved == SIZE && s.attempts == 1, "its figures");
	ok(stat(to, &st) == 0 && (st.st_mode & 07777) == 0750, "its mode");
	ok(nothing_beside(in_home("new/folder")), "nothing is left beside it");
	s = copy(small, (struct suan_copy_spec){.source = from, .target = to, .sha256 = sum});
	ok(s.rc == SUAN_OK && s.moved == 0, "again: the target is what is wanted");
	s = copy(small, (struct suan_copy_spec){.source = from, .bytes = 5, .target = to});
	ok(s.rc == SUAN_ECORRUPT && s.fault == SUAN_COPY_WRONG_SUM, "another size: %s", s.text);
	ok(holds(to, data, SIZE), "the target is as it was");
	s = copy(small, (struct suan_copy_spec){.source = in_home("none"), .target = to});
	ok(s.rc == SUAN_ENOTFOUND && s.fault == SUAN_COPY_GONE && s.attempts == 1 && !s.at_target,
	   "gone: %s", s.text);
	s = copy(small, (struct suan_copy_spec){.source = "/dev/null", .target = to});
	ok(s.rc == SUAN_EINVAL && s.fault == SUAN_COPY_REFUSED, "no file: %s", s.text);
	s = copy(small, (struct suan_copy_spec){.source = from, .target = in_home("from/x")});
	ok(s.rc == SUAN_EINVAL, "below a file: %s", s.text);
	s = copy(small, (struct suan_copy_spec){.source = from, .sha256 = sum});
	ok(s.rc == SUAN_OK && strcmp(s.sha256, sum) == 0, "digested only");
	data[7] ^= 1;
	write_file(from, data, SIZE);
	s = copy(small, (struct suan_copy_spec){.source = from, .sha256 = sum});
	ok(s.rc == SUAN_ECORRUPT, "not what it should be: %s", s.text);
	s = copy(small,
		 (struct suan_copy_spec){.source = from, .target = in_home("w/to"), .sha256 = sum});
	ok(s.rc == SUAN_ECORRUPT && s.fault == SUAN_COPY_WRONG_SUM && s.attempts == 3,
	   "wrong in three attempts: %s", s.text);
	ok(!suan_fs_exists(in_home("w/to")) && nothing_beside(in_home("w")), "nothing is there");
	data[7] ^= 1;
	write_file(in_home("empty"), "", 0);
	s = copy(small, (struct suan_copy_spec){.source = in_home("empty"), .target = to});
	ok(s.rc == SUAN_OK && holds(to, "", 0), "an empty file, over another");
}

/* ---- HTTP ---- */

static const char *address(const struct tiny_http *h, const char *path)
{
	static char text[4][256];
	static unsigned at;
	char *s = text[at++ % 4];

	snprintf(s, sizeof(text[0]), "http://127.0.0.1:%u%s", h->port, path);
	return s;
}

/* A copy from or to a server that the test holds. */
static struct seen ask(struct tiny_http *h, struct suan_copy_spec spec)
{
	struct seen s;

	tiny_release(h);
	s = copy(small, spec);
	tiny_hold(h);
	return s;
}

static void test_http(void)
{
	struct tiny_http h;
	const char *to = in_home("web/to");
	struct seen s;

	tiny_start(&h, data, SIZE, "\"one\"");
	tiny_hold(&h);
	s = ask(&h, (struct suan_copy_spec){
			    .source = address(&h, "/x"), .target = to, .token = "secret"});
	ok(s.rc == SUAN_OK && holds(to, data, SIZE), "copied: %s", s.text);
	ok(strstr(h.last, "Authorization: Bearer secret\r\n"), "with the token");
	h.cut = 300000;
	h.cuts = 2;
	h.sent = 0;
	s = ask(&h, (struct suan_copy_spec){.source = address(&h, "/x?k=v"),
					    .target = in_home("web/cut")});
	ok(s.rc == SUAN_OK && holds(in_home("web/cut"), data, SIZE), "cut twice: %s", s.text);
	ok(s.attempts == 3 && h.with_range == 2 && h.sent == SIZE, "every byte was sent once");
	h.cut = 300000;
	h.cuts = 2;
	h.no_ranges = true;
	s = ask(&h,
		(struct suan_copy_spec){.source = address(&h, "/x"), .target = in_home("web/all")});
	ok(s.rc == SUAN_OK && holds(in_home("web/all"), data, SIZE), "no ranges: %s", s.text);
	h.no_ranges = false;
	h.no_length = true;
	s = ask(&h, (struct suan_copy_spec){.source = address(&h, "/x"),
					    .target = in_home("web/long"),
					    .sha256 = sum});
	ok(s.rc == SUAN_OK && holds(in_home("web/long"), data, SIZE), "no length: %s", s.text);
	h.no_length = false;
	h.location = "/moved";
	s = ask(&h, (struct suan_copy_spec){.source = address(&h, "/x"),
					    .target = in_home("web/moved")});
	ok(s.rc == SUAN_OK && strstr(h.last, "GET /moved"), "follows a redirect");
	h.location = NULL;
	h.fails = 3;
	s = ask(&h, (struct suan_copy_spec){.source = address(&h, "/x"),
					    .target = in_home("web/busy")});
	ok(s.rc == SUAN_OK && s.attempts == 4, "busy three times");
	h.fails = 1000;
	s = ask(&h, (struct suan_copy_spec){
			    .source = address(&h, "/x"), .target = in_home("web/n"), .tries = 3});
	ok(s.rc == SUAN_EBUSY && s.fault == SUAN_COPY_TRANSIENT && s.attempts == 3, "for ever: %s",
	   s.text);
	h.fails = 0;
	h.status = 404;
	s = ask(&h, (struct suan_copy_spec){.source = address(&h, "/x?key=geheim"),
					    .target = in_home("web/n")});
	ok(s.rc == SUAN_ENOTFOUND && s.fault == SUAN_COPY_GONE && s.attempts == 1, "gone: %s",
	   s.text);
	ok(!strstr(s.text, "geheim"), "queries are not shown");
	h.status = 403;
	s = ask(&h,
		(struct suan_copy_spec){.source = address(&h, "/x"), .target = in_home("web/n")});
	ok(s.rc == SUAN_EDENIED && s.fault == SUAN_COPY_REFUSED && s.attempts == 1, "denied: %s",
	   s.text);
	ok(!suan_fs_exists(in_home("web/n")) && nothing_beside(in_home("web")), "nothing is left");
	tiny_release(&h);
	tiny_stop(&h);
	s = copy(small, (struct suan_copy_spec){.source = address(&h, "/x"),
						.target = in_home("web/n"),
						.tries = 2});
	ok(s.rc == SUAN_EUNREACHABLE && s.attempts == 2, "no server: %s", s.text);
}

/* Between two attempts the file becomes another: nothing of both is glued together. */
static void test_http_changes(void)
{
	struct tiny_http h;
	char *other = bytes_of(99, SIZE), other_sum[65];
	struct suan_copier_config slow = small;
	struct suan_copier *c;
	struct seen s;

	sum_of(other, SIZE, other_sum);
	slow.first_wait_ms = slow.longest_wait_ms = 100;
	for (int validated = 0; validated < 2; validated++) {
		const char *to = in_home(validated ? "ch/a" : "ch/b");
		int64_t guard = suan_clock_mono_us() + KIT_GUARD_US;
		bool was_cut = false;

		tiny_start(&h, data, SIZE, validated ? "\"one\"" : "");
		tiny_hold(&h);
		h.cut = 500000;
		h.cuts = 1;
		tiny_release(&h);
		c = copier_of(slow);
		start(c,
		      (struct suan_copy_spec){.source = address(&h, "/x"),
					      .target = to,
					      .sha256 = validated ? "" : other_sum},
		      &s);
		while (!was_cut && suan_clock_mono_us() < guard) {
			pthread_mutex_lock(&h.lock);
			was_cut = h.requests > 0;
			if (was_cut) {
				h.body = other;
				h.etag = validated ? "\"two\"" : "";
			}
			pthread_mutex_unlock(&h.lock);
			if (!was_cut && suan_loop_once(loop, 1, NULL) != SUAN_OK)
				abort();
		}
		until_done(&s);
		ok(s.rc == SUAN_OK && holds(to, other, SIZE), "%s: the later one, whole: %s",
		   validated ? "ETag" : "digest", s.text);
		suan_copier_free(c);
		tiny_stop(&h);
	}
	free(other);
}

static void test_http_stall(void)
{
	struct suan_copier_config config = small;
	struct tiny_http h;
	struct seen s;

	config.stall_ms = 50;
	tiny_start(&h, data, SIZE, "\"one\"");
	tiny_hold(&h);
	h.cut = 1000;
	h.cuts = 1;
	h.stalls = true;
	tiny_release(&h);
	s = copy(config, (struct suan_copy_spec){.source = address(&h, "/x"),
						 .target = in_home("stall"),
						 .tries = 1});
	ok(s.rc == SUAN_EUNREACHABLE && strstr(s.text, "nothing came"), "stalls: %s", s.text);
	tiny_stop(&h);
}

static void test_put(void)
{
	struct tiny_http h;
	struct seen s;

	write_file(in_home("up"), data, SIZE);
	tiny_start(&h, "", 0, "");
	tiny_hold(&h);
	h.fails = 1;
	s = ask(&h, (struct suan_copy_spec){
			    .source = in_home("up"), .target = address(&h, "/up"), .sha256 = sum});
	ok(s.rc == SUAN_OK && s.attempts == 2, "put: %s", s.text);
	ok(h.nput == SIZE && memcmp(h.put, data, SIZE) == 0, "whole");
	is_str(s.sha256, sum, "its digest");
	h.status = 507;
	s = ask(&h, (struct suan_copy_spec){.source = in_home("up"), .target = address(&h, "/up")});
	ok(s.rc == SUAN_EFULL && s.fault == SUAN_COPY_FULL && s.at_target, "full: %s", s.text);
	h.status = 0;
	h.requests = 0;
	data[0] ^= 1;
	write_file(in_home("up"), data, SIZE);
	data[0] ^= 1;
	s = ask(&h, (struct suan_copy_spec){
			    .source = in_home("up"), .target = address(&h, "/up"), .sha256 = sum});
	ok(s.rc == SUAN_ECORRUPT && h.requests == 0, "what is not right is not sent");
	tiny_release(&h);
	tiny_stop(&h);
}

/* ---- limits, cancelling ---- */

static void test_limit(void)
{
	struct suan_copier_config config = small;
	struct suan_copier *c;
	int64_t began = suan_clock_mono_us();
	struct seen s, t;

	write_file(in_home("lim"), data, SIZE);
	s = copy(config, (struct suan_copy_spec){.source = in_home("lim"),
						 .target = in_home("l1"),
						 .limit_bytes_s = 4 * SIZE});
	/* 250 ms less the 100 that may have been saved up. Nothing bounds it from above. */
	ok(s.rc == SUAN_OK && suan_clock_mono_us() - began >= 145000, "one copy's limit");
	config.limit_bytes_s = 8 * SIZE;
	c = copier_of(config);
	began = suan_clock_mono_us();
	start(c, (struct suan_copy_spec){.source = in_home("lim"), .target = in_home("l2")}, &s);
	start(c,
	      (struct suan_copy_spec){.id = 2, .source = in_home("lim"), .target = in_home("l3")},
	      &t);
	is_int(suan_copier_count(c), 2, "two are under way");
	until_done(&s);
	until_done(&t);
	ok(s.rc == SUAN_OK && t.rc == SUAN_OK && suan_clock_mono_us() - began >= 145000,
	   "the limit of all together");
	suan_copier_limit(c, 1);
	start(c,
	      (struct suan_copy_spec){
		      .source = in_home("lim"), .target = in_home("l4"), .limit_bytes_s = 1},
	      &s);
	ok(!start(c, (struct suan_copy_spec){.source = in_home("lim"), .target = in_home("l5")},
		  &t) &&
		   t.rc == SUAN_ECONFLICT,
	   "its id is taken");
	suan_copier_limit(c, 0);
	ok(suan_copy_limit(c, 1, 0) && !suan_copy_limit(c, 9, 0), "no limit any more");
	until_done(&s);
	ok(s.rc == SUAN_OK, "counts at once");
	suan_copier_free(c);
}

static void until_told(struct seen *s)
{
	int64_t until = suan_clock_mono_us() + KIT_GUARD_US;

	while (!s->told && !s->done && suan_clock_mono_us() < until)
		if (suan_loop_once(loop, 1000, NULL) != SUAN_OK)
			abort();
}

static void test_cancel(void)
{
	struct suan_copier_config config = small;
	struct suan_copier *c;
	struct seen s, t;

	config.threads = 1;
	config.limit_bytes_s = 16000; /* all would take a minute */
	c = copier_of(config);
	start(c, (struct suan_copy_spec){.source = in_home("lim"), .target = in_home("c/a")}, &s);
	start(c,
	      (struct suan_copy_spec){.id = 2, .source = in_home("lim"), .target = in_home("c/b")},
	      &t);
	until_told(&s);
	ok(suan_copy_cancel(c, 2, false) && !t.done, "cancelled before it began");
	ok(suan_copy_cancel(c, 1, false) && !suan_copy_cancel(c, 3, false), "within a piece");
	until_done(&s);
	until_done(&t);
	ok(s.rc == SUAN_EREFUSED && s.fault == SUAN_COPY_CANCELLED, "first: %s", s.text);
	ok(t.rc == SUAN_EREFUSED && t.fault == SUAN_COPY_CANCELLED, "second: %s", t.text);
	ok(nothing_beside(in_home("c")), "nothing is left");
	config.limit_bytes_s = 0;
	suan_copier_limit(c, SIZE);
	start(c, (struct suan_copy_spec){.source = in_home("lim"), .target = in_home("c/a")}, &s);
	until_told(&s);
	ok(suan_copy_cancel(c, 1, true), "cancelled, to go on later");
	until_done(&s);
	ok(s.fault == SUAN_COPY_CANCELLED && s.moved > 0, "some bytes had come");
	suan_copier_limit(c, 0);
	start(c, (struct suan_copy_spec){.source = in_home("lim"), .target = in_home("c/a")}, &t);
	until_done(&t);
	ok(t.rc == SUAN_OK && t.moved < SIZE && t.moved + s.moved <= SIZE + 131072,
	   "went on: %llu bytes, then %llu", (unsigned long long)s.moved,
	   (unsigned long long)t.moved);
	ok(holds(in_home("c/a"), data, SIZE), "whole");
	suan_copier_limit(c, 16000);
	start(c, (struct suan_copy_spec){.source = in_home("lim"), .target = in_home("c/d")}, &s);
	until_told(&s);
	suan_copier_free(c); /* does not wait for the piece; calls nothing */
	ok(!s.done, "the copier goes away in the middle");
	s = copy(small,
		 (struct suan_copy_spec){.source = in_home("lim"), .target = in_home("c/d")});
	ok(s.rc == SUAN_OK && holds(in_home("c/d"), data, SIZE), "and another goes on");
}

/* One that waits for its next attempt. */
static void test_cancel_waiting(void)
{
	struct suan_copier_config config = small;
	struct suan_copier *c;
	struct tiny_http h;
	struct seen s;
	int64_t guard = suan_clock_mono_us() + KIT_GUARD_US;
	unsigned asked = 0;

	config.first_wait_ms = config.longest_wait_ms = 3600000;
	tiny_start(&h, data, SIZE, "");
	tiny_hold(&h);
	h.fails = 1000;
	tiny_release(&h);
	c = copier_of(config);
	start(c, (struct suan_copy_spec){.source = address(&h, "/x"), .target = in_home("w/a")},
	      &s);
	while (!asked && suan_clock_mono_us() < guard) {
		if (suan_loop_once(loop, 10, NULL) != SUAN_OK)
			abort();
		pthread_mutex_lock(&h.lock);
		asked = h.requests;
		pthread_mutex_unlock(&h.lock);
	}
	ok(suan_copy_cancel(c, 1, false), "cancelled");
	until_done(&s);
	ok(s.fault == SUAN_COPY_CANCELLED && nothing_beside(in_home("w")), "and gone: %s", s.text);
	suan_copier_free(c);
	tiny_stop(&h);
}

static void test_busy(void)
{
	int fd = -1;
	struct seen s;

	ok(suan_fs_mkdirs(in_home("busy"), 0755, NULL) == SUAN_OK, "folder");
	fd = open(in_home("busy/.to.suan-journal"), O_RDWR | O_CREAT, 0600);
	ok(fd >= 0 && flock(fd, LOCK_EX) == 0, "another copies there");
	s = copy(small, (struct suan_copy_spec){.source = in_home("lim"),
						.target = in_home("busy/to"),
						.tries = 2});
	ok(s.rc == SUAN_EBUSY && s.attempts == 2, "busy: %s", s.text);
	(void)close(fd);
	s = copy(small,
		 (struct suan_copy_spec){.source = in_home("lim"), .target = in_home("busy/to")});
	ok(s.rc == SUAN_OK && nothing_beside(in_home("busy")), "then not");
}

/* ---- trees ---- */

static void make_tree(const char *name)
{
	static const char *const files[] = {"a", "b/c", "b/d e%", "b/deep/er/f\ng", "z"};
	char path[400];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *slash;

		snprintf(path, sizeof(path), "%s/%s", in_home(name), files[i]);
		slash = strrchr(path, '/');
		*slash = '\0';
		ok(suan_fs_mkdirs(path, 0755, NULL) == SUAN_OK, "folder");
		*slash = '/';
		write_file(path, data + i, i * 70000);
	}
	snprintf(path, sizeof(path), "%s/empty", in_home(name));
	ok(mkdir(path, 0755) == 0, "an empty folder");
	snprintf(path, sizeof(path), "%s/b/link", in_home(name));
	ok(symlink("../a", path) == 0, "a link");
	snprintf(path, sizeof(path), "%s/z", in_home(name));
	ok(chmod(path, 0755) == 0, "a program");
}

static void test_tree(void)
{
	const char *from = in_home("tree"), *to = in_home("t/to");
	struct suan_manifest m = {0}, n = {0};
	struct suan_err err = {0};
	char id[65], path[400], text[64];
	struct seen s;
	ssize_t len;

	make_tree("tree");
	ok(suan_copy_scan(from, &m, NULL, &err) == SUAN_OK && m.count == 7, "scanned: %s",
	   err.text);
	ok(suan_manifest_identity(&m, id, NULL) == SUAN_OK, "identity");
	s = copy(small, (struct suan_copy_spec){.source = from, .target = to, .sha256 = id});
	ok(s.rc == SUAN_OK && s.files == 7 && s.bytes == m.bytes, "copied: %s", s.text);
	is_str(s.sha256, id, "its identity");
	ok(s.manifest && suan_manifest_read(&n, s.manifest, strlen(s.manifest), &err) == SUAN_OK &&
		   n.count == 7,
	   "its manifest");
	ok(suan_copy_verify(to, &m, NULL, &err) == SUAN_OK, "verified: %s", err.text);
	snprintf(path, sizeof(path), "%s/b/link", to);
	len = readlink(path, text, sizeof(text));
	ok(len == 4 && memcmp(text, "../a", 4) == 0, "the link is a link");
	ok(nothing_beside(in_home("t")), "nothing is left");
	snprintf(path, sizeof(path), "%s/b/new", from);
	write_file(path, "new", 3);
	free(s.manifest);
	s = copy(small, (struct suan_copy_spec){.source = from, .target = to});
	ok(s.rc == SUAN_OK && s.files == 8, "over the one that is there: %s", s.text);
	ok(suan_copy_verify(to, &m, NULL, &err) == SUAN_ECORRUPT, "it has more now: %s", err.text);
	ok(unlink(path) == 0, "as before");
	snprintf(path, sizeof(path), "%s/b/new", to);
	ok(unlink(path) == 0 && suan_copy_verify(to, &m, NULL, NULL) == SUAN_OK, "as before");
	snprintf(path, sizeof(path), "%s/z", to);
	data[4] ^= 1;
	write_file(path, data + 4, 4 * 70000);
	data[4] ^= 1;
	ok(chmod(path, 0755) == 0 && suan_copy_verify(to, &m, NULL, &err) == SUAN_ECORRUPT &&
		   strstr(err.text, "z has other content"),
	   "a bit is wrong: %s", err.text);
	ok(chmod(path, 0644) == 0 && suan_copy_verify(to, &m, NULL, &err) == SUAN_ECORRUPT,
	   "another kind: %s", err.text);
	ok(unlink(path) == 0 && suan_copy_verify(to, &m, NULL, &err) == SUAN_ECORRUPT,
	   "missing: %s", err.text);
	free(s.manifest);
	snprintf(path, sizeof(path), "%064d", 7);
	s = copy(small,
		 (struct suan_copy_spec){.source = from, .target = in_home("t/n"), .sha256 = path});
	ok(s.rc == SUAN_ECORRUPT && s.attempts == 3 && !suan_fs_exists(in_home("t/n")) &&
		   nothing_beside(in_home("t")),
	   "another identity: %s", s.text);
	free(s.manifest);
	suan_manifest_done(&m);
	suan_manifest_done(&n);
}

static void test_tree_links(void)
{
	static const char *const out[] = {"/etc/passwd", "../x", "b/../../x"};
	struct seen s;

	for (size_t i = 0; i < 3; i++) {
		(void)unlink(in_home("tree/out"));
		ok(symlink(out[i], in_home("tree/out")) == 0, "a link to %s", out[i]);
		s = copy(small, (struct suan_copy_spec){.source = in_home("tree"),
							.target = in_home("t/out")});
		ok(s.rc == SUAN_EINVAL && s.fault == SUAN_COPY_REFUSED &&
			   !suan_fs_exists(in_home("t/out")),
		   "refused: %s", s.text);
	}
	ok(unlink(in_home("tree/out")) == 0, "as before");
}

/* The server gives the same bytes whatever it is asked for. */
static void test_tree_http(void)
{
	struct suan_manifest m = {0};
	struct suan_manifest_entry e = {.kind = 'f', .bytes = SIZE};
	struct suan_buf text = {0};
	struct tiny_http h;
	struct seen s;
	char path[64];

	memcpy(e.sha256, sum, 65);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "d%d/f %d", i, i);
		e.path = path;
		e.kind = i ? 'f' : 'x';
		if (suan_manifest_add(&m, &e, NULL) != SUAN_OK)
			abort();
	}
	if (suan_manifest_seal(&m, NULL) != SUAN_OK ||
	    suan_manifest_print(&m, &text, NULL) != SUAN_OK)
		abort();
	tiny_start(&h, data, SIZE, "\"e\"");
	tiny_hold(&h);
	h.cut = 700000;
	h.cuts = 2;
	s = ask(&h, (struct suan_copy_spec){.source = address(&h, "/set"),
					    .target = in_home("t/http"),
					    .manifest = text.data,
					    .manifest_n = text.len});
	ok(s.rc == SUAN_OK && s.files == 3 && s.moved == 3 * SIZE, "a tree by HTTP: %s", s.text);
	ok(strstr(h.last, "GET /set/d2/f%202 "), "names are encoded");
	ok(suan_copy_verify(in_home("t/http"), &m, NULL, NULL) == SUAN_OK, "verified");
	free(s.manifest);
	h.body = data + 1;
	s = ask(&h, (struct suan_copy_spec){.source = address(&h, "/set"),
					    .target = in_home("t/http2"),
					    .manifest = text.data,
					    .manifest_n = text.len});
	ok(s.rc == SUAN_ECORRUPT && s.fault == SUAN_COPY_WRONG_SUM && nothing_beside(in_home("t")),
	   "not what the manifest says: %s", s.text);
	suan_manifest_done(&m);
	suan_buf_done(&text);
	free(s.manifest);
	tiny_release(&h);
	tiny_stop(&h);
}

/* ---- a full disk ---- */

static void test_full(void)
{
	struct seen s;
	char *half = bytes_of(5, 3 << 20);

	ok(suan_fs_mkdirs(in_home("disk"), 0755, NULL) == SUAN_OK, "folder");
	write_file(in_home("big"), half, 3 << 20);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("suan", in_home("disk"), "tmpfs", 0, "size=4m") < 0) {
		ok(true, "# SKIP cannot mount a small disk: %s", strerror(errno));
		free(half);
		return;
	}
	write_file(in_home("disk/ballast"), half, 2 << 20);
	s = copy(small,
		 (struct suan_copy_spec){.source = in_home("big"), .target = in_home("disk/x")});
	ok(s.rc == SUAN_EFULL && s.fault == SUAN_COPY_FULL && s.at_target && s.moved == 0 &&
		   s.attempts == 1,
	   "seen before it began: %s", s.text);
	ok(nothing_beside(in_home("disk")), "nothing is left");
	ok(unlink(in_home("disk/ballast")) == 0, "room");
	s = copy(small,
		 (struct suan_copy_spec){.source = in_home("big"), .target = in_home("disk/x")});
	ok(s.rc == SUAN_OK, "with room: %s", s.text);
	ok(umount(in_home("disk")) == 0, "unmount");
	free(half);
}

int main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	kit_open();
	data = bytes_of(1, SIZE);
	sum_of(data, SIZE, sum);
	test_places();
	test_refused();
	test_local();
	test_http();
	test_http_changes();
	test_http_stall();
	test_put();
	test_limit();
	test_cancel();
	test_cancel_waiting();
	test_busy();
	test_tree();
	test_tree_links();
	test_tree_http();
	test_full();
	free(data);
	kit_close();
	return tap_done();
}
