/* Files of this machine: as source of a copy, and on their way to a remote place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/copy_inside.h"
#include "sys/oserr.h"

void suan_copy_local_version(const struct stat *st, char out[96])
{
	(void)snprintf(out, 96, "%lld %lld.%09ld %llu %llu", (long long)st->st_size,
		       (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
		       (unsigned long long)st->st_ino, (unsigned long long)st->st_dev);
}

static enum suan_code changed(struct suan_copy_job *job, const char *path)
{
	return suan_copy_fail(job, SUAN_COPY_CHANGED, SUAN_ECONFLICT,
			      "%.300s changed while it was copied", path);
}

/* A regular file, opened for reading. */
static enum suan_code open_source(struct suan_copy_job *job, int root, const char *path,
				  int *ret_fd, struct stat *st)
{
	int fd = root < 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
			  : suan_copy_open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return suan_fail_os(&job->err, errno, "cannot open %.300s", path);
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		(void)close(fd);
		return suan_copy_fail(job, SUAN_COPY_REFUSED, SUAN_EINVAL,
				      "%.300s is no regular file", path);
	}
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*ret_fd = fd;
	return SUAN_OK;
}

static enum suan_code pump(struct suan_copy_job *job, const char *path, int fd,
			   struct suan_copy_part *p)
{
	size_t piece = suan_copy_piece(job);
	char *bytes = malloc(piece);
	enum suan_code rc = bytes ? SUAN_OK : suan_fail(&job->err, SUAN_ENOMEM, "out of memory");

	while (rc == SUAN_OK) {
		ssize_t n = pread(fd, bytes, piece, (off_t)p->done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = suan_fail_os(&job->err, errno, "cannot read %.300s", path);
		if (n <= 0)
			break;
		rc = suan_copy_cancelled(job) ? suan_copy_broken_off(job)
					      : suan_copy_take(job, p, bytes, (size_t)n);
	}
	free(bytes);
	return rc;
}

/* Blocks that are shared take no bandwidth; they are read once, for the digest. */
static enum suan_code share(struct suan_copy_job *job, struct suan_copy_part *p, uint64_t total)
{
	enum suan_code rc = suan_copy_part_digest(p, total, &job->item.cancel, &job->err);

	if (rc == SUAN_EREFUSED)
		return suan_copy_broken_off(job);
	job->at_target = rc != SUAN_OK;
	job->moved += p->done;
	atomic_store(&job->done, job->base + p->done);
	return rc;
}

enum suan_code suan_copy_pull_local(struct suan_copy_job *job, const struct suan_copy_from *f,
				    struct suan_copy_part *p, unsigned *ret_mode)
{
	char version[96], after[96];
	struct stat st;
	uint64_t total;
	enum suan_code rc;
	int fd = -1;

	rc = open_source(job, f->root, f->where, &fd, &st);
	if (rc != SUAN_OK)
		return rc;
	*ret_mode = st.st_mode & 0777;
	total = (uint64_t)st.st_size;
	suan_copy_local_version(&st, version);
	rc = suan_copy_begin(job, p, f, version, total);
	if (rc == SUAN_OK && total > 0 && suan_copy_part_clone(p, fd))
		rc = share(job, p, total);
	else if (rc == SUAN_OK)
		rc = pump(job, f->where, fd, p);
	if (rc == SUAN_OK && fstat(fd, &st) == 0) {
		suan_copy_local_version(&st, after);
		if (p->done != total || strcmp(version, after) != 0)
			rc = changed(job, f->where);
	}
	(void)close(fd);
	return rc;
}

/* ---- sending ---- */

enum suan_code suan_copy_next(struct suan_copy_feed *f, void *bytes, size_t n, size_t *ret_n)
{
	struct suan_copy_job *job = f->job;
	size_t piece = suan_copy_piece(job);
	ssize_t k;

	do
		k = read(f->fd, bytes, n < piece ? n : piece);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return suan_fail_os(&job->err, errno, "cannot read %.300s", job->source);
	if (!suan_copy_may_pass(job, (size_t)k))
		return suan_copy_broken_off(job);
	suan_sha256_add(&f->sha, bytes, (size_t)k);
	job->moved += (uint64_t)k;
	atomic_fetch_add(&job->done, (uint64_t)k);
	*ret_n = (size_t)k;
	return SUAN_OK;
}

enum suan_code suan_copy_send_file(struct suan_copy_job *job, int root, const char *path,
				   const char *remote, char hex[65])
{
	char version[96], after[96];
	struct stat st;
	enum suan_code rc;
	int fd = -1;

	rc = open_source(job, root, path, &fd, &st);
	if (rc != SUAN_OK)
		return rc;
	suan_copy_local_version(&st, version);
	if (atomic_load(&job->total) == 0)
		atomic_store(&job->total, (uint64_t)st.st_size);
	if (suan_copy_place_of(remote) == SUAN_COPY_HTTP)
		rc = suan_copy_send_http(job, fd, (uint64_t)st.st_size, remote, hex);
	else
		rc = suan_copy_send_rclone(job, fd, (uint64_t)st.st_size, remote, hex);
	if (rc == SUAN_OK && fstat(fd, &st) == 0) {
		suan_copy_local_version(&st, after);
		if (strcmp(version, after) != 0)
			rc = changed(job, path);
	}
	(void)close(fd);
	return rc;
}
