/* Copying, digesting and removing of files and trees. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"
#include "sys/crypto.h"
#include "sys/fs.h"
#include "sys/fs_parts.h"
#include "sys/oserr.h"

#define COPY_CHUNK 262144
#define DEPTH_MAX  256

char *suan_fs_temp_name(const char *path)
{
	uint64_t r;
	char *s;

	suan_random(&r, sizeof(r));
	return asprintf(&s, "%s.tmp-%016llx", path, (unsigned long long)r) < 0 ? NULL : s;
}

/* ---- one file ---- */

struct pump {
	int in, to;		   /* to −1: nowhere */
	struct suan_sha256 *sha;   /* NULL: none */
	const atomic_bool *cancel; /* NULL: never */
	uint64_t bytes;		   /* that went through */
	bool at_target;		   /* it was writing that failed */
};

static bool cancelled(const atomic_bool *cancel)
{
	return cancel && atomic_load(cancel);
}

/* Passes all bytes on. 0 or errno; ECANCELED: broken off. */
static int pump(struct pump *p)
{
	char *chunk = malloc(COPY_CHUNK);
	int e = chunk ? 0 : ENOMEM;

	while (e == 0) {
		ssize_t n;

		if (cancelled(p->cancel)) {
			e = ECANCELED;
			break;
		}
		n = read(p->in, chunk, COPY_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			e = errno;
		if (n <= 0)
			break;
		if (p->sha)
			suan_sha256_add(p->sha, chunk, (size_t)n);
		if (p->to >= 0)
			e = suan_fs_write_all(p->to, chunk, (size_t)n);
		p->at_target = e != 0;
		p->bytes += (uint64_t)n;
	}
	free(chunk);
	return e;
}

enum suan_code suan_fs_sha256(const char *path, char sha256_hex[65], struct suan_err *err)
{
	struct suan_sha256 sha;
	int fd = suan_fs_open(path, O_RDONLY, 0);
	struct pump p = {.in = fd, .to = -1, .sha = &sha};
	int e;

	if (fd < 0)
		return suan_fail_os(err, errno, "cannot open %s", path);
	suan_sha256_init(&sha);
	e = pump(&p);
	(void)close(fd);
	if (e)
		return suan_fail_os(err, e, "cannot read %s", path);
	suan_sha256_hex(&sha, sha256_hex);
	return SUAN_OK;
}

/* ---- a tree ---- */

struct line {	    /* of the digest of a tree */
	char *path; /* owned; below the root */
	char hex[65];
};

struct copy {
	struct suan_fs_copying *as;
	bool want_digest;
	struct line *lines;
	size_t nlines, cap;
};

static enum suan_code add_line(struct copy *c, const char *below, const char *hex,
			       struct suan_err *err)
{
	struct line *l;

	if (suan_grow(&c->lines, &c->cap, c->nlines + 1, sizeof(struct line)) != SUAN_OK)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	l = &c->lines[c->nlines];
	l->path = strdup(below);
	if (!l->path)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	memcpy(l->hex, hex, sizeof(l->hex));
	c->nlines++;
	return SUAN_OK;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->path, ((const struct line *)b)->path);
}

static void digest_lines(struct copy *c, char *sha256_hex)
{
	struct suan_sha256 sha;

	suan_sha256_init(&sha);
	if (c->nlines > 0)
		qsort(c->lines, c->nlines, sizeof(struct line), by_path);
	for (size_t i = 0; i < c->nlines; i++) {
		suan_sha256_add(&sha, c->lines[i].hex, 64);
		suan_sha256_add(&sha, "  ", 2);
		suan_sha256_add(&sha, c->lines[i].path, strlen(c->lines[i].path));
		suan_sha256_add(&sha, "\n", 1);
	}
	suan_sha256_hex(&sha, sha256_hex);
}

struct step { /* one entry on the way down */
	const char *from, *to;
	const char *below; /* path under the root, "" for the root itself */
	int depth;
};

static enum suan_code broken_off(const struct step *s, struct suan_err *err)
{
	return suan_fail(err, SUAN_EREFUSED, "the copy of %s was broken off", s->from);
}

/* Fills the new file and gives it the mode and times of st. 0 or errno. */
static int fill_copy(struct pump *p, const struct stat *st, bool durable)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};
	int e = pump(p);

	if (e)
		return e;
	p->at_target = true;
	if (fchmod(p->to, st->st_mode & 07777) < 0 || futimens(p->to, times) < 0 ||
	    (durable && fsync(p->to) < 0))
		return errno;
	return 0;
}

/* hex may be NULL. */
static enum suan_code copy_file(struct copy *c, const struct step *s, char *hex,
				struct suan_err *err)
{
	struct suan_sha256 sha;
	struct stat st;
	char *temp = suan_fs_temp_name(s->to);
	struct pump p = {.in = -1, .to = -1, .sha = hex ? &sha : NULL, .cancel = c->as->cancel};
	enum suan_code rc = SUAN_OK;
	int e;

	if (!temp) {
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
		goto out;
	}
	p.in = suan_fs_open(s->from, O_RDONLY, 0);
	if (p.in < 0 || fstat(p.in, &st) < 0) {
		rc = suan_fail_os(err, errno, "cannot open %s", s->from);
		goto out;
	}
	p.to = suan_fs_open(temp, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (p.to < 0) {
		rc = suan_fail_os(err, errno, "cannot create %s", temp);
		c->as->at_target = true;
		goto out;
	}
	suan_sha256_init(&sha);
	e = fill_copy(&p, &st, c->as->durable);
	if (close(p.to) < 0 && e == 0)
		e = errno;
	if (e == 0 && rename(temp, s->to) < 0)
		e = errno;
	c->as->bytes += p.bytes;
	c->as->at_target = e && p.at_target;
	if (e) {
		rc = e == ECANCELED ? broken_off(s, err)
				    : suan_fail_os(err, e, "cannot copy %s to %s", s->from, s->to);
		(void)unlink(temp);
	} else if (hex) {
		suan_sha256_hex(&sha, hex);
	}
out:
	if (p.in >= 0)
		(void)close(p.in);
	free(temp);
	return rc;
}

/* A link is copied as a link; its digest is that of the text it holds. */
static enum suan_code copy_link(const char *from, const char *to, char hex[65],
				struct suan_err *err)
{
	struct suan_sha256 sha;
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof(target) - 1);
	char *temp;
	int e = 0;

	if (n < 0)
		return suan_fail_os(err, errno, "cannot read the link %s", from);
	target[n] = '\0';
	temp = suan_fs_temp_name(to);
	if (!temp)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (symlink(target, temp) < 0) {
		e = errno;
	} else if (rename(temp, to) < 0) {
		e = errno;
		(void)unlink(temp);
	}
	free(temp);
	if (e)
		return suan_fail_os(err, e, "cannot make the link %s", to);
	suan_sha256_init(&sha);
	suan_sha256_add(&sha, target, (size_t)n);
	suan_sha256_hex(&sha, hex);
	return SUAN_OK;
}

static enum suan_code copy_entry(struct copy *c, const struct step *s, struct suan_err *err);

static enum suan_code copy_child(struct copy *c, const struct step *s, const char *name,
				 struct suan_err *err)
{
	char *from = NULL, *to = NULL, *below = NULL;
	enum suan_code rc;

	if (asprintf(&from, "%s/%s", s->from, name) < 0)
		from = NULL;
	if (asprintf(&to, "%s/%s", s->to, name) < 0)
		to = NULL;
	if (asprintf(&below, "%s%s%s", s->below, *s->below ? "/" : "", name) < 0)
		below = NULL;
	if (from && to && below) {
		struct step child = {from, to, below, s->depth + 1};

		rc = copy_entry(c, &child, err);
	} else {
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	free(from);
	free(to);
	free(below);
	return rc;
}

static enum suan_code sync_folder(const char *path, struct suan_err *err)
{
	int fd = suan_fs_open(path, O_RDONLY | O_DIRECTORY, 0);
	enum suan_code rc = SUAN_OK;

	if (fd < 0 || fsync(fd) < 0)
		rc = suan_fail_os(err, errno, "cannot sync %s", path);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static enum suan_code copy_folder(struct copy *c, const struct step *s, const struct stat *st,
				  struct suan_err *err)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};
	struct suan_buf names;
	const char *name;
	size_t n = 0;
	enum suan_code rc;

	if (s->depth >= DEPTH_MAX)
		return suan_fail(err, SUAN_ETOOBIG, "%s is more than %d folders deep", s->from,
				 DEPTH_MAX);
	rc = suan_fs_mkdirs(s->to, 0700, err);
	if (rc != SUAN_OK) {
		c->as->at_target = true;
		return rc;
	}
	suan_buf_init(&names, 0);
	rc = suan_fs_list(s->from, &names, &n, err);
	name = suan_buf_str(&names);
	for (size_t i = 0; i < n && rc == SUAN_OK; i++, name += strlen(name) + 1)
		rc = copy_child(c, s, name, err);
	suan_buf_done(&names);
	if (rc != SUAN_OK)
		return rc;
	c->as->at_target = true;
	if (chmod(s->to, st->st_mode & 07777) < 0 || utimensat(AT_FDCWD, s->to, times, 0) < 0)
		return suan_fail_os(err, errno, "cannot set mode and times of %s", s->to);
	rc = c->as->durable ? sync_folder(s->to, err) : SUAN_OK;
	c->as->at_target = rc != SUAN_OK;
	return rc;
}

static enum suan_code copy_entry(struct copy *c, const struct step *s, struct suan_err *err)
{
	struct stat st;
	char hex[65];
	enum suan_code rc;

	/* Links are followed at the root only. */
	if ((s->depth == 0 ? stat(s->from, &st) : lstat(s->from, &st)) < 0)
		return suan_fail_os(err, errno, "cannot read %s", s->from);
	if (cancelled(c->as->cancel))
		return broken_off(s, err);
	if (S_ISDIR(st.st_mode))
		return copy_folder(c, s, &st, err);
	if (S_ISREG(st.st_mode))
		rc = copy_file(c, s, c->want_digest ? hex : NULL, err);
	else if (S_ISLNK(st.st_mode))
		rc = copy_link(s->from, s->to, hex, err);
	else
		rc = suan_fail(err, SUAN_EINVAL, "%s is neither a file, a folder nor a link",
			       s->from);
	if (rc == SUAN_OK && c->want_digest)
		rc = add_line(c, s->below, hex, err);
	return rc;
}

static enum suan_code copy_all(struct copy *c, const char *from, const char *to,
			       struct suan_err *err)
{
	struct step root = {from, to, "", 0};
	bool folder = suan_fs_is_dir(from);
	enum suan_code rc = copy_entry(c, &root, err);

	if (rc == SUAN_OK && c->as->durable) {
		rc = suan_fs_sync_folder_of(to, err);
		c->as->at_target = rc != SUAN_OK;
	}
	if (rc == SUAN_OK && c->want_digest) {
		if (folder)
			digest_lines(c, c->as->sha256_hex);
		else
			memcpy(c->as->sha256_hex, c->lines[0].hex, 65);
	}
	for (size_t i = 0; i < c->nlines; i++)
		free(c->lines[i].path);
	free(c->lines);
	return rc;
}

enum suan_code suan_fs_copy_as(const char *from, const char *to, struct suan_fs_copying *as,
			       struct suan_err *err)
{
	struct copy c = {.as = as, .want_digest = true};

	as->bytes = 0;
	as->at_target = false;
	return copy_all(&c, from, to, err);
}

enum suan_code suan_fs_copy(const char *from, const char *to, char *sha256_hex, uint64_t *ret_bytes,
			    struct suan_err *err)
{
	struct suan_fs_copying as = {0};
	struct copy c = {.as = &as, .want_digest = sha256_hex != NULL};
	enum suan_code rc = copy_all(&c, from, to, err);

	if (rc == SUAN_OK && sha256_hex)
		memcpy(sha256_hex, as.sha256_hex, sizeof(as.sha256_hex));
	if (rc == SUAN_OK && ret_bytes)
		*ret_bytes = as.bytes;
	return rc;
}

/* ---- removing ---- */

/* Empties the folder at fd, which it closes. Never follows links. 0 or errno. */
static int empty_folder(int fd, int depth)
{
	DIR *d = fdopendir(fd);
	const struct dirent *de;
	int e = 0;

	if (!d) {
		e = errno;
		(void)close(fd);
		return e;
	}
	while (e == 0 && (errno = 0, de = readdir(d))) {
		int sub;

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), de->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM) {
			e = errno;
			break;
		}
		sub = openat(dirfd(d), de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		e = sub < 0 ? errno : depth >= DEPTH_MAX ? ELOOP : empty_folder(sub, depth + 1);
		if (sub >= 0 && depth >= DEPTH_MAX)
			(void)close(sub);
		if (e == 0 && unlinkat(dirfd(d), de->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			e = errno;
	}
	if (e == 0)
		e = errno;
	(void)closedir(d);
	return e == ENOENT ? 0 : e;
}

enum suan_code suan_fs_remove_tree(const char *path, struct suan_err *err)
{
	int fd;
	int e = 0;

	if (unlink(path) == 0 || errno == ENOENT)
		return SUAN_OK;
	if (errno != EISDIR && errno != EPERM)
		return suan_fail_os(err, errno, "cannot remove %s", path);
	fd = suan_fs_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return suan_fail_os(err, errno, "cannot remove %s", path);
	e = empty_folder(fd, 0);
	if (e == 0 && rmdir(path) < 0 && errno != ENOENT)
		e = errno;
	return e ? suan_fail_os(err, e, "cannot remove %s", path) : SUAN_OK;
}
