/* Trees on this machine: reading, digesting and verifying, without ever leaving them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/copy_inside.h"
#include "sys/oserr.h"

#define PIECE	  (1u << 20)
#define DEPTH_MAX 256
#define NO_SUM	  "0000000000000000000000000000000000000000000000000000000000000000"

void suan_copy_version_sum(const char *version, char hex[65])
{
	uint8_t digest[16];

	suan_digest16(version, strlen(version), digest);
	memcpy(hex, NO_SUM, 65);
	for (int i = 0; i < 16; i++) {
		hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
}

/* Name by name, so that a link that somebody puts in the way is not followed. */
int suan_copy_open_below(int root, const char *path, int flags)
{
	char name[NAME_MAX + 1];
	int dir = root, next, e;

	for (;;) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == '\0';

		if (n == 0 || n > NAME_MAX) {
			next = -1;
			errno = n ? ENAMETOOLONG : EINVAL;
		} else {
			memcpy(name, path, n);
			name[n] = '\0';
			do
				next = openat(dir, name,
					      (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW |
						      O_CLOEXEC);
			while (next < 0 && errno == EINTR);
		}
		e = errno;
		if (dir != root)
			(void)close(dir);
		errno = e;
		if (last || next < 0)
			return next;
		dir = next;
		path += n + 1;
	}
}

/* The folder above path, and its name there. −1: see errno. Equal to root: not to be closed. */
static int open_above(int root, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char above[SUAN_MANIFEST_PATH_MAX + 1];

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return root;
	if ((size_t)(slash - path) >= sizeof(above)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = '\0';
	return suan_copy_open_below(root, above, O_PATH | O_DIRECTORY);
}

enum suan_code suan_copy_read_link(int root, const char *path, char text[4097],
				   struct suan_err *err)
{
	const char *name;
	int dir = open_above(root, path, &name), e;
	ssize_t n = dir < 0 ? -1 : readlinkat(dir, name, text, 4096);

	e = errno;
	if (dir >= 0 && dir != root)
		(void)close(dir);
	if (n < 0)
		return suan_fail_os(err, e, "cannot read the link %.300s", path);
	text[n] = '\0';
	return SUAN_OK;
}

/* ---- the entries ---- */

struct walk {
	struct suan_manifest *m;
	const atomic_bool *cancel;
	struct suan_buf path; /* below the root */
	int root;
};

static enum suan_code broken_off(struct suan_err *err)
{
	return suan_fail(err, SUAN_EREFUSED, "the reading of the tree was broken off");
}

static enum suan_code walk_folder(struct walk *w, int fd, int depth, struct suan_err *err);

static enum suan_code add_entry(struct walk *w, char kind, uint64_t bytes, const char *version,
				struct suan_err *err)
{
	struct suan_manifest_entry e = {
		.kind = kind, .bytes = bytes, .path = suan_buf_str(&w->path)};

	if (version)
		suan_copy_version_sum(version, e.sha256);
	else
		memcpy(e.sha256, NO_SUM, 65);
	return suan_manifest_add(w->m, &e, err);
}

static enum suan_code add_link(struct walk *w, struct suan_err *err)
{
	const char *path = suan_buf_str(&w->path);
	char text[4097];
	enum suan_code rc = suan_copy_read_link(w->root, path, text, err);

	if (rc == SUAN_OK && !suan_manifest_link_ok(path, text))
		rc = suan_fail(err, SUAN_EINVAL,
			       "the link %.200s leads out of the tree, to \"%.200s\"; only links "
			       "like \"../name\" that stay in it can be copied",
			       path, text);
	return rc == SUAN_OK ? add_entry(w, 'l', strlen(text), text, err) : rc;
}

/* path is complete. */
static enum suan_code walk_entry(struct walk *w, int dir, const char *name, int depth,
				 struct suan_err *err)
{
	const char *path = suan_buf_str(&w->path);
	char version[96];
	struct stat st;
	int fd;

	if (w->cancel && atomic_load(w->cancel))
		return broken_off(err);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return suan_fail_os(err, errno, "cannot read %.300s", path);
	if (S_ISLNK(st.st_mode))
		return add_link(w, err);
	suan_copy_local_version(&st, version);
	if (S_ISREG(st.st_mode))
		return add_entry(w, st.st_mode & 0111 ? 'x' : 'f', (uint64_t)st.st_size, version,
				 err);
	if (!S_ISDIR(st.st_mode))
		return suan_fail(err, SUAN_EINVAL, "%.300s is neither a file, a folder nor a link",
				 path);
	if (depth >= DEPTH_MAX)
		return suan_fail(err, SUAN_ETOOBIG, "%.300s is more than %d folders deep", path,
				 DEPTH_MAX);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return suan_fail_os(err, errno, "cannot open %.300s", path);
	return walk_folder(w, fd, depth + 1, err);
}

/* Takes fd over. */
static enum suan_code walk_folder(struct walk *w, int fd, int depth, struct suan_err *err)
{
	size_t before = w->path.len, found = 0;
	enum suan_code rc = SUAN_OK;
	const struct dirent *de;
	DIR *d = fdopendir(fd);

	if (!d) {
		(void)close(fd);
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	while (rc == SUAN_OK && (errno = 0, de = readdir(d))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		found++;
		if (before)
			suan_buf_addc(&w->path, '/');
		suan_buf_adds(&w->path, de->d_name);
		rc = suan_buf_ok(&w->path, err);
		if (rc == SUAN_OK)
			rc = walk_entry(w, dirfd(d), de->d_name, depth, err);
		suan_buf_cut(&w->path, before);
	}
	if (rc == SUAN_OK && errno)
		rc = suan_fail_os(err, errno, "cannot read the folder %.300s",
				  suan_buf_str(&w->path));
	if (rc == SUAN_OK && found == 0 && before)
		rc = add_entry(w, 'd', 0, NULL, err);
	(void)closedir(d);
	return rc;
}

enum suan_code suan_copy_walk(const char *path, struct suan_manifest *m, const atomic_bool *cancel,
			      struct suan_err *err)
{
	struct walk w = {.m = m, .cancel = cancel};
	enum suan_code rc;
	int fd;

	w.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.root < 0)
		return suan_fail_os(err, errno, "cannot open the folder %.300s", path);
	suan_buf_init(&w.path, SUAN_MANIFEST_PATH_MAX + 1);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? suan_fail_os(err, errno, "cannot open the folder %.300s", path)
		    : walk_folder(&w, fd, 0, err);
	if (rc == SUAN_OK)
		rc = suan_manifest_seal(m, err);
	(void)close(w.root);
	suan_buf_done(&w.path);
	if (rc != SUAN_OK)
		suan_manifest_done(m);
	return rc;
}

/* ---- digests ---- */

static enum suan_code digest_open(struct suan_copy_digest *d, int fd, const char *path,
				  struct suan_err *err)
{
	struct suan_sha256 sha;
	char *piece = malloc(PIECE);
	enum suan_code rc = piece ? SUAN_OK : suan_fail(err, SUAN_ENOMEM, "out of memory");

	d->bytes = 0;
	suan_sha256_init(&sha);
	while (rc == SUAN_OK) {
		ssize_t n = read(fd, piece, PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = suan_fail_os(err, errno, "cannot read %.300s", path);
		if (n <= 0)
			break;
		suan_sha256_add(&sha, piece, (size_t)n);
		d->bytes += (uint64_t)n;
		if (!d->pass(d->ctx, (size_t)n))
			rc = broken_off(err);
	}
	free(piece);
	suan_sha256_hex(&sha, d->sha256);
	return rc;
}

enum suan_code suan_copy_digest_at(struct suan_copy_digest *d, const char *path,
				   struct suan_err *err)
{
	struct stat st;
	enum suan_code rc;
	int fd = d->root < 0
			 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
			 : suan_copy_open_below(d->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return suan_fail_os(err, errno, "cannot open %.300s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = suan_fail(err, SUAN_EINVAL, "%.300s is no regular file", path);
	else
		rc = digest_open(d, fd, path, err);
	(void)close(fd);
	return rc;
}

static enum suan_code digest_entry(struct suan_copy_digest *d, struct suan_manifest_entry *e,
				   struct suan_err *err)
{
	struct suan_sha256 sha;
	char text[4097];
	enum suan_code rc;

	if (e->kind == 'd')
		return SUAN_OK;
	if (e->kind == 'l') {
		rc = suan_copy_read_link(d->root, e->path, text, err);
		if (rc == SUAN_OK) {
			suan_sha256_init(&sha);
			suan_sha256_add(&sha, text, strlen(text));
			suan_sha256_hex(&sha, e->sha256);
		}
		return rc;
	}
	rc = suan_copy_digest_at(d, e->path, err);
	if (rc != SUAN_OK)
		return rc;
	memcpy(e->sha256, d->sha256, 65);
	if (d->bytes != e->bytes)
		rc = suan_fail(err, SUAN_ECONFLICT, "%.300s changed while it was read", e->path);
	return rc;
}

enum suan_code suan_copy_scan_tree(const char *path, struct suan_manifest *m, suan_copy_pass *pass,
				   void *ctx, struct suan_err *err)
{
	struct suan_copy_digest d = {.pass = pass, .ctx = ctx};
	enum suan_code rc = suan_copy_walk(path, m, NULL, err);

	if (rc != SUAN_OK)
		return rc;
	d.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.root < 0)
		rc = suan_fail_os(err, errno, "cannot open the folder %.300s", path);
	for (size_t i = 0; i < m->count && rc == SUAN_OK; i++)
		rc = digest_entry(&d, &m->list[i], err);
	if (d.root >= 0)
		(void)close(d.root);
	if (rc != SUAN_OK)
		suan_manifest_done(m);
	return rc;
}

static bool goes_on(void *ctx, size_t n)
{
	const atomic_bool *const *cancel = ctx;

	(void)n;
	return !*cancel || !atomic_load(*cancel);
}

enum suan_code suan_copy_scan(const char *path, struct suan_manifest *m, const atomic_bool *cancel,
			      struct suan_err *err)
{
	return suan_copy_scan_tree(path, m, goes_on, &cancel, err);
}

/* ---- verifying ---- */

static enum suan_code not_as(struct suan_err *err, const char *path, const char *what)
{
	return suan_fail(err, SUAN_ECORRUPT, "%.300s %s", path, what);
}

/* What is cheap to see comes first: names, kinds and sizes. */
static enum suan_code compare_entries(const struct suan_manifest *is, const struct suan_manifest *m,
				      struct suan_err *err)
{
	for (size_t i = 0; i < m->count || i < is->count; i++) {
		const struct suan_manifest_entry *a = i < is->count ? &is->list[i] : NULL;
		const struct suan_manifest_entry *b = i < m->count ? &m->list[i] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);

		if (order < 0)
			return not_as(err, a->path, "is there, but not in the manifest");
		if (order > 0)
			return not_as(err, b->path, "is missing");
		if (a->kind != b->kind)
			return not_as(err, a->path, "is of another kind than in the manifest");
		if (a->bytes != b->bytes)
			return not_as(err, a->path, "has another size than in the manifest");
	}
	return SUAN_OK;
}

enum suan_code suan_copy_verify(const char *path, const struct suan_manifest *m,
				const atomic_bool *cancel, struct suan_err *err)
{
	struct suan_copy_digest d = {.pass = goes_on, .ctx = &cancel};
	struct suan_manifest is = {0};
	enum suan_code rc = suan_copy_walk(path, &is, cancel, err);

	if (rc != SUAN_OK)
		return rc;
	d.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.root < 0)
		rc = suan_fail_os(err, errno, "cannot open the folder %.300s", path);
	if (rc == SUAN_OK)
		rc = compare_entries(&is, m, err);
	for (size_t i = 0; i < m->count && rc == SUAN_OK; i++) {
		rc = digest_entry(&d, &is.list[i], err);
		if (rc == SUAN_OK && strcmp(is.list[i].sha256, m->list[i].sha256) != 0)
			rc = not_as(err, m->list[i].path, "has other content than in the manifest");
	}
	if (d.root >= 0)
		(void)close(d.root);
	suan_manifest_done(&is);
	return rc;
}
