/* Manifests: what may stand in one, one text for one content, and what is said of bad ones. */
#include "agent/manifest.h"

#include <stdlib.h>

#include "base/rng.h"
#include "lib/oom.h"
#include "lib/tap.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define Z "0000000000000000000000000000000000000000000000000000000000000000"

static enum suan_code add(struct suan_manifest *m, char kind, const char *path, uint64_t bytes)
{
	struct suan_manifest_entry e = {.kind = kind, .path = path, .bytes = bytes};

	memcpy(e.sha256, kind == 'd' ? Z : A, 65);
	return suan_manifest_add(m, &e, NULL);
}

static void test_paths(void)
{
	static const char *const good[] = {"a", "a/b", "...", "a b", ".a", "\xff", "a\nb"};
	static const char *const bad[] = {"",	"/a",	  "a/",	 "a//b", ".",
					  "..", "a/../b", "./a", "a/."};
	static const struct {
		const char *path, *text;
		bool good;
	} links[] = {
		{"l", "a", true},
		{"l", "a/b", true},
		{"l", "./a", true},
		{"l", "a/", true},
		{"l", "..", false},
		{"l", "../a", false},
		{"l", "/a", false},
		{"l", "", false},
		{"l", "a/..", false},
		{"l", "a/../../b", false},
		{"d/l", "../a", true},
		{"d/l", "..", true},
		{"d/l", "../..", false},
		{"d/l", "../../a", false},
		{"d/l", "a/../b", false},
		{"d/e/l", "../../a", true},
		{"d/l", ".././../a", false},
	};
	char name[300];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(suan_manifest_path_ok(good[i]), "path %zu is good", i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!suan_manifest_path_ok(bad[i]), "\"%s\" is none", bad[i]);
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	ok(suan_manifest_path_ok(name), "a name of 255 bytes");
	name[255] = 'a';
	name[256] = '\0';
	ok(!suan_manifest_path_ok(name), "but not of 256");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		ok(suan_manifest_link_ok(links[i].path, links[i].text) == links[i].good,
		   "%s -> %s %s", links[i].path, links[i].text, links[i].good ? "stays" : "leaves");
}

static void test_text(void)
{
	static const char want[] = "suan-manifest 1\n"
				   "f " A " 5 a\n"
				   "f " A " 0 a-b\n"
				   "d " Z " 0 b\n"
				   "x " A " 7 c/d\\\\e\\nf\n";
	struct suan_manifest m = {0}, n = {0};
	struct suan_buf b = {0};
	struct suan_err err = {0};
	char one[65], two[65];

	ok(add(&m, 'x', "c/d\\e\nf", 7) == SUAN_OK && add(&m, 'f', "a-b", 0) == SUAN_OK &&
		   add(&m, 'd', "b", 0) == SUAN_OK && add(&m, 'f', "a", 5) == SUAN_OK,
	   "added");
	ok(suan_manifest_seal(&m, NULL) == SUAN_OK && m.bytes == 12, "sealed");
	ok(suan_manifest_print(&m, &b, NULL) == SUAN_OK, "printed");
	is_str(suan_buf_str(&b), want, "sorted, escaped");
	ok(suan_manifest_read(&n, b.data, b.len, &err) == SUAN_OK && n.count == 4, "read: %s",
	   err.text);
	is_str(n.list[3].path, "c/d\\e\nf", "escapes undone");
	ok(suan_manifest_find(&n, "b") == &n.list[2] && !suan_manifest_find(&n, "bb"), "found");
	ok(suan_manifest_identity(&m, one, NULL) == SUAN_OK &&
		   suan_manifest_identity(&n, two, NULL) == SUAN_OK && strcmp(one, two) == 0,
	   "one identity");
	suan_manifest_done(&m);
	suan_manifest_done(&n);
	suan_buf_done(&b);
	ok(add(&m, 'f', "../a", 1) == SUAN_EINVAL && add(&m, 'q', "a", 1) == SUAN_EINVAL &&
		   add(&m, 'd', "a", 1) == SUAN_EINVAL &&
		   add(&m, 'f', "a", UINT64_MAX) == SUAN_EINVAL,
	   "what may not stand in one");
	ok(add(&m, 'f', "a", 1) == SUAN_OK && add(&m, 'f', "a-", 1) == SUAN_OK &&
		   add(&m, 'f', "a/b", 1) == SUAN_OK && suan_manifest_seal(&m, &err) == SUAN_EINVAL,
	   "a file that is a folder: %s", err.text);
	suan_manifest_done(&m);
	ok(add(&m, 'f', "a", 1) == SUAN_OK && add(&m, 'x', "a", 1) == SUAN_OK &&
		   suan_manifest_seal(&m, &err) == SUAN_EINVAL,
	   "twice: %s", err.text);
	suan_manifest_done(&m);
}

static void test_bad(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "line 1"},
		{"suan-manifest 2\n", "line 1"},
		{"suan-manifest 1\nf " A " 5 a", "line 2: a line without end"},
		{"suan-manifest 1\nf " A " 05 a\n", "line 2: no size"},
		{"suan-manifest 1\nf " A "  5 a\n", "line 2: no size"},
		{"suan-manifest 1\nf " A " 5\n", "line 2: no size"},
		{"suan-manifest 1\nf " A " 99999999999999999999 a\n", "line 2: no size"},
		{"suan-manifest 1\nf " A " 5 \n", "line 2: no relative path"},
		{"suan-manifest 1\nf " A " 5 a\\x\n", "line 2: \"\\\""},
		{"suan-manifest 1\nf AAAA 5 a\n", "line 2: no line of kind"},
		{"suan-manifest 1\nf " A " 5 b\nf " A " 5 a\n", "line 3: not sorted"},
		{"suan-manifest 1\nf " A " 5 a\nf " A " 5 a/b\n", "an entry itself"},
		{"suan-manifest 1\nd " A " 0 a\n", "line 2: an empty folder"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct suan_manifest m = {0};
		struct suan_err err = {0};

		ok(suan_manifest_read(&m, bad[i].text, strlen(bad[i].text), &err) == SUAN_EINVAL &&
			   strstr(err.text, bad[i].says) && m.count == 0 && !m.list,
		   "%s", err.text);
	}
}

static void test_memory(void)
{
	static const char text[] = "suan-manifest 1\nf " A " 5 a\nf " A " 0 b\n";
	int bad = 0;
	unsigned n;

	for (n = 1; oom_next(n); n++) {
		struct suan_manifest m = {0};
		char hex[65];
		enum suan_code rc;
		bool hit;

		oom_arm(n);
		rc = suan_manifest_read(&m, text, strlen(text), NULL);
		if (rc == SUAN_OK)
			rc = suan_manifest_identity(&m, hex, NULL);
		hit = oom_disarm();
		bad += rc != (hit ? SUAN_ENOMEM : SUAN_OK);
		suan_manifest_done(&m);
		oom.hit = hit;
	}
	ok(bad == 0, "each of %u allocations", n - 2);
}

int main(void)
{
	test_paths();
	test_text();
	test_bad();
	test_memory();
	return tap_done();
}
