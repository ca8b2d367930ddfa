/* What tests of the copier share: bytes by seed, one copy run to its end. */
#ifndef SUAN_TESTS_COPY_KIT_H
#define SUAN_TESTS_COPY_KIT_H

#include "agent/copy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "lib/tap.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fs.h"

#define KIT_GUARD_US 120000000 /* a test that waits longer has failed */

static struct suan_loop *loop;
#ifdef KIT_IN_MEMORY /* many copies whose syncs need not wait for a disk */
static char home[] = "/dev/shm/suan-copy-XXXXXX";
#else
static char home[] = "/tmp/suan-copy-XXXXXX";
#endif

struct seen {
	bool done;
	enum suan_code rc;
	enum suan_copy_fault fault;
	bool at_target;
	char text[512], sha256[65];
	uint64_t bytes, files, moved, most;
	unsigned attempts, told;
	char *manifest;
};

/* A path in the folder of the test, good until kit_close; the same text each time. */
static char *kit_paths[1024];

static inline const char *in_home(const char *name)
{
	size_t skip = strlen(home) + 1;
	unsigned i = 0;

	while (kit_paths[i] && strcmp(kit_paths[i] + skip, name) != 0)
		i++;
	if (i == 1023)
		abort();
	if (!kit_paths[i] && asprintf(&kit_paths[i], "%s/%s", home, name) < 0)
		abort();
	return kit_paths[i];
}

static inline void kit_open(void)
{
	if (!mkdtemp(home) || suan_loop_new(&loop, NULL) != SUAN_OK)
		abort();
}

static inline void kit_close(void)
{
	suan_loop_free(loop);
	if (suan_fs_remove_tree(home, NULL) != SUAN_OK)
		printf("# %s stays\n", home);
	for (unsigned i = 0; kit_paths[i]; i++)
		free(kit_paths[i]);
}

static inline char *bytes_of(uint64_t seed, size_t n)
{
	struct suan_rng r;
	char *p = malloc(n + 8);

	suan_rng_init(&r, seed);
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = suan_rng_next(&r);

		memcpy(p + i, &v, 8);
	}
	return p;
}

static inline void sum_of(const void *bytes, size_t n, char hex[65])
{
	struct suan_sha256 s;

	suan_sha256_init(&s);
	suan_sha256_add(&s, bytes, n);
	suan_sha256_hex(&s, hex);
}

static inline void write_file(const char *path, const void *bytes, size_t n)
{
	if (suan_fs_write(path, bytes, n, 0644, false, NULL) != SUAN_OK)
		abort();
}

static inline bool holds(const char *path, const void *bytes, size_t n)
{
	struct suan_buf b = {0};
	bool good = suan_fs_read(path, &b, NULL) == SUAN_OK && b.len == n &&
		    (n == 0 || memcmp(b.data, bytes, n) == 0);

	suan_buf_done(&b);
	return good;
}

static inline bool nothing_beside(const char *dir)
{
	struct suan_buf b = {0};
	size_t n = 0;
	bool good = suan_fs_list(dir, &b, &n, NULL) == SUAN_OK;
	const char *name = suan_buf_str(&b);

	for (size_t i = 0; i < n; i++, name += strlen(name) + 1)
		if (strstr(name, "suan-part") || strstr(name, "suan-journal")) {
			printf("# %s/%s is there\n", dir, name);
			good = false;
		}
	suan_buf_done(&b);
	return good;
}

static inline void on_progress(void *ctx, uint64_t id, uint64_t bytes, uint64_t total)
{
	struct seen *s = ctx;

	(void)id;
	(void)total;
	s->told++;
	if (bytes > s->most)
		s->most = bytes;
}

static inline void on_done(void *ctx, const struct suan_copy_result *r)
{
	struct seen *s = ctx;

	s->done = true;
	s->rc = r->rc;
	s->fault = r->fault;
	s->at_target = r->at_target;
	s->bytes = r->bytes;
	s->files = r->files;
	s->moved = r->moved_bytes;
	s->attempts = r->attempts;
	snprintf(s->text, sizeof(s->text), "%s", r->rc == SUAN_OK ? "" : r->err->text);
	snprintf(s->sha256, sizeof(s->sha256), "%s", r->sha256);
	free(s->manifest);
	s->manifest = r->manifest ? strndup(r->manifest, r->manifest_n) : NULL;
}

static inline void until_done(struct seen *s)
{
	int64_t until = suan_clock_mono_us() + KIT_GUARD_US;

	while (!s->done && suan_clock_mono_us() < until)
		if (suan_loop_once(loop, 1000, NULL) != SUAN_OK)
			abort();
	if (!s->done)
		ok(false, "a copy did not end");
}

static inline struct suan_copier *copier_of(struct suan_copier_config config)
{
	struct suan_copier *c = NULL;

	config.loop = loop;
	config.seed = 1;
	if (!config.first_wait_ms)
		config.first_wait_ms = 1;
	if (!config.longest_wait_ms)
		config.longest_wait_ms = 2;
	if (suan_copier_new(&c, &config, NULL) != SUAN_OK)
		abort();
	return c;
}

static inline bool start(struct suan_copier *c, struct suan_copy_spec spec, struct seen *s)
{
	struct suan_copy_events events = {on_progress, on_done, s};
	struct suan_err err = {0};

	*s = (struct seen){0};
	if (!spec.id)
		spec.id = 1;
	s->rc = suan_copy_start(c, &spec, &events, &err);
	if (s->rc != SUAN_OK) {
		s->done = true;
		snprintf(s->text, sizeof(s->text), "%s", err.text);
	}
	return s->rc == SUAN_OK;
}

/* One copy with a copier of its own. */
static inline struct seen copy(struct suan_copier_config config, struct suan_copy_spec spec)
{
	struct suan_copier *c = copier_of(config);
	struct seen s;

	if (start(c, spec, &s))
		until_done(&s);
	suan_copier_free(c);
	return s;
}

#endif
