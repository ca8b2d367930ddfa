#include "sys/fs.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fs_parts.h"
#include "sys/oserr.h"

#define READ_CHUNK 65536

int suan_fs_open(const char *path, int flags, unsigned mode)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC, (mode_t)mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

enum suan_code suan_fs_read(const char *path, struct suan_buf *out, struct suan_err *err)
{
	size_t before = out->len;
	enum suan_code rc = SUAN_OK;
	int fd = suan_fs_open(path, O_RDONLY, 0);

	if (fd < 0)
		return suan_fail_os(err, errno, "cannot open %s", path);
	for (;;) {
		size_t room = READ_CHUNK;
		ssize_t n;

		if (out->limit && out->len >= out->limit) { /* is there a byte too many? */
			char c;

			n = read(fd, &c, 1);
			if (n > 0)
				rc = suan_fail(err, SUAN_ETOOBIG, "%s is larger than %zu bytes",
					       path, out->limit);
			break;
		}
		if (out->limit && out->limit - out->len < room)
			room = out->limit - out->len;
		rc = suan_buf_reserve(out, room);
		if (rc != SUAN_OK) {
			rc = suan_fail(err, rc, "no memory to read %s", path);
			break;
		}
		n = read(fd, out->data + out->len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = suan_fail_os(err, errno, "cannot read %s", path);
		if (n <= 0)
			break;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
	}
	(void)close(fd);
	if (rc != SUAN_OK)
		suan_buf_cut(out, before);
	return rc;
}

enum suan_code suan_fs_read_at(const char *path, uint64_t offset, void *buf, size_t n,
			       size_t *ret_n, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;
	size_t got = 0;
	int fd = suan_fs_open(path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return suan_fail_os(err, errno, "cannot open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) { /* a pipe would block its reader */
		(void)close(fd);
		return suan_fail(err, SUAN_EIO, "%s is no regular file", path);
	}
	while (got < n && offset <= (uint64_t)INT64_MAX - got) {
		ssize_t k = pread(fd, (char *)buf + got, n - got, (off_t)(offset + got));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			rc = suan_fail_os(err, errno, "cannot read %s", path);
		if (k <= 0)
			break;
		got += (size_t)k;
	}
	(void)close(fd);
	if (rc == SUAN_OK)
		*ret_n = got;
	return rc;
}

int suan_fs_write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return errno;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

enum suan_code suan_fs_sync_folder_of(const char *path, struct suan_err *err)
{
	char *folder = strdup(path);
	enum suan_code rc = SUAN_OK;
	char *slash;
	int fd;

	if (!folder)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder ? 1 : 0] = '\0';
	fd = suan_fs_open(slash ? folder : ".", O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 || fsync(fd) < 0)
		rc = suan_fail_os(err, errno, "cannot sync the folder of %s", path);
	if (fd >= 0)
		(void)close(fd);
	free(folder);
	return rc;
}

/* Writes, syncs and closes fd. */
static enum suan_code fill_file(int fd, const char *path, const struct suan_slice *s, bool durable,
				struct suan_err *err)
{
	int e = suan_fs_write_all(fd, s->bytes, s->n);

	if (e == 0 && durable && fsync(fd) < 0)
		e = errno;
	if (close(fd) < 0 && e == 0)
		e = errno;
	return e ? suan_fail_os(err, e, "cannot write %s", path) : SUAN_OK;
}

enum suan_code suan_fs_write(const char *path, const void *bytes, size_t n, unsigned mode,
			     bool durable, struct suan_err *err)
{
	struct suan_slice s = {.bytes = bytes, .n = n};
	char *temp = suan_fs_temp_name(path);
	enum suan_code rc;
	int fd;

	if (!temp)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	fd = suan_fs_open(temp, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd < 0) {
		rc = suan_fail_os(err, errno, "cannot create %s", temp);
		goto out;
	}
	rc = fill_file(fd, temp, &s, durable, err);
	if (rc == SUAN_OK && rename(temp, path) < 0)
		rc = suan_fail_os(err, errno, "cannot rename to %s", path);
	if (rc != SUAN_OK)
		(void)unlink(temp);
	else if (durable)
		rc = suan_fs_sync_folder_of(path, err);
out:
	free(temp);
	return rc;
}

static enum suan_code make_one(const char *path, unsigned mode, struct suan_err *err)
{
	if (mkdir(path, (mode_t)mode) == 0)
		return SUAN_OK;
	if ((errno == EEXIST || errno == EROFS || errno == EACCES) && suan_fs_is_dir(path))
		return SUAN_OK;
	return suan_fail_os(err, errno, "cannot make the folder %s", path);
}

enum suan_code suan_fs_mkdirs(const char *path, unsigned mode, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;
	char *s;

	/* Nearly always only the last one is missing. */
	if (mkdir(path, (mode_t)mode) == 0 || (errno == EEXIST && suan_fs_is_dir(path)))
		return SUAN_OK;
	s = strdup(path);
	if (!s)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (char *p = s + 1; *s && *p && rc == SUAN_OK; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		rc = make_one(s, mode | 0700, err);
		*p = '/';
	}
	if (rc == SUAN_OK)
		rc = make_one(s, mode, err);
	free(s);
	return rc;
}

enum suan_code suan_fs_mkdir(const char *path, unsigned mode, struct suan_err *err)
{
	if (mkdir(path, (mode_t)mode) == 0)
		return SUAN_OK;
	if (errno == EEXIST)
		return suan_fail(err, SUAN_ECONFLICT, "%s is there already", path);
	return suan_fail_os(err, errno, "cannot make the folder %s", path);
}

enum suan_code suan_fs_sync_names(const char *path, struct suan_err *err)
{
	char *s = strdup(path);
	enum suan_code rc = SUAN_OK;
	char *slash;

	if (!s)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	while (rc == SUAN_OK && strcmp(s, "/") != 0 && (slash = strrchr(s, '/'))) {
		rc = suan_fs_sync_folder_of(s, err);
		if (rc == SUAN_EDENIED)
			rc = SUAN_OK;
		slash[slash == s ? 1 : 0] = '\0';
	}
	free(s);
	return rc;
}

bool suan_fs_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool suan_fs_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum suan_code held_by(const char *path, int fd, struct suan_err *err)
{
	char pid[32];
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return suan_fail(err, SUAN_EBUSY, "%s is held by process %s", path, *pid ? pid : "?");
}

enum suan_code suan_fs_lock(const char *path, int *ret_fd, struct suan_err *err)
{
	int fd = suan_fs_open(path, O_RDWR | O_CREAT, 0600);
	char pid[32];
	int n, e;
	enum suan_code rc;

	if (fd < 0)
		return suan_fail_os(err, errno, "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = errno == EWOULDBLOCK ? held_by(path, fd, err)
					  : suan_fail_os(err, errno, "cannot lock %s", path);
		(void)close(fd);
		return rc;
	}
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	e = ftruncate(fd, 0) < 0 ? errno : suan_fs_write_all(fd, pid, (size_t)n);
	if (e) {
		(void)close(fd);
		return suan_fail_os(err, e, "cannot write %s", path);
	}
	*ret_fd = fd;
	return SUAN_OK;
}

/* Removes "", "." and ".." in place from an absolute path. */
static void normalise(char *path)
{
	char *to = path;
	char *p = path;

	while (*p) {
		size_t n;

		while (*p == '/')
			p++;
		n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.') {
			while (to > path && *--to != '/')
				;
		} else if (n > 0 && !(n == 1 && p[0] == '.')) {
			*to++ = '/';
			memmove(to, p, n);
			to += n;
		}
		p += n;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

char *suan_fs_absolute(const char *path)
{
	char *cwd, *s;

	if (path[0] == '/') {
		s = strdup(path);
	} else {
		cwd = getcwd(NULL, 0);
		if (!cwd || asprintf(&s, "%s/%s", cwd, path) < 0)
			s = NULL;
		free(cwd);
	}
	if (s)
		normalise(s);
	return s;
}

static int not_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum suan_code suan_fs_list(const char *path, struct suan_buf *out, size_t *ret_count,
			    struct suan_err *err)
{
	struct dirent **list = NULL;
	size_t before = out->len;
	enum suan_code rc = SUAN_OK;
	int n = scandir(path, &list, not_dots, by_bytes);

	if (n < 0)
		return suan_fail_os(err, errno, "cannot list the folder %s", path);
	for (int i = 0; i < n; i++) {
		if (rc == SUAN_OK &&
		    !suan_buf_add(out, list[i]->d_name, strlen(list[i]->d_name) + 1))
			rc = suan_fail(err, SUAN_ENOMEM, "no memory to list %s", path);
		free(list[i]);
	}
	free(list);
	if (rc == SUAN_OK)
		*ret_count = (size_t)n;
	else
		suan_buf_cut(out, before);
	return rc;
}
