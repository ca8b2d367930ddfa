#include "agent/copy_part.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/oserr.h"
#include "sys/process.h"

#define SYNC_BYTES ((uint64_t)64 << 20)
#define SYNC_US	   5000000 /* on a slow line, sync_bytes would be long in coming */
#define PIECE	   (1u << 20)
#define NAME_KEPT  200

char *suan_copy_beside(const char *target, const char *what)
{
	const char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
	int folder = (int)(name - target);
	uint8_t digest[16];
	char hex[33], *s;

	if (strlen(name) <= NAME_KEPT)
		return asprintf(&s, "%.*s.%s.%s", folder, target, name, what) < 0 ? NULL : s;
	suan_digest16(name, strlen(name), digest);
	for (int i = 0; i < 16; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return asprintf(&s, "%.*s.%.*s-%s.%s", folder, target, NAME_KEPT - 40, name, hex, what) < 0
		       ? NULL
		       : s;
}

void suan_copy_boot(char id[64])
{
	if (suan_process_boot_id(id, NULL) != SUAN_OK)
		id[0] = '\0';
}

static int open_file(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* 0 or errno. */
static int write_at(int fd, const void *bytes, size_t n, uint64_t at)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t k = pwrite(fd, p, n, (off_t)at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0 ? errno : EIO;
		p += k;
		n -= (size_t)k;
		at += (uint64_t)k;
	}
	return 0;
}

static enum suan_code fail_write(const struct suan_copy_part *p, int e, struct suan_err *err)
{
	return suan_fail_os(err, e, "cannot write %s", p->path);
}

/* ---- the journal ---- */

static enum suan_code write_journal(struct suan_copy_part *p, const struct suan_copy_journal *next,
				    struct suan_err *err)
{
	uint8_t slot[SUAN_COPY_SLOT];
	struct suan_copy_journal j = *next;
	enum suan_code rc;
	int e;

	j.seq = p->j.seq + 1;
	rc = suan_copy_journal_write(&j, slot);
	if (rc != SUAN_OK)
		return suan_fail(err, rc, "out of memory");
	e = write_at(p->journal_fd, slot, sizeof(slot), j.seq % 2 ? SUAN_COPY_SLOT_AT : 0);
	if (e == 0 && fdatasync(p->journal_fd) < 0)
		e = errno;
	if (e)
		return suan_fail_os(err, e, "cannot write %s", p->journal);
	p->j = j;
	return SUAN_OK;
}

static bool read_journal(struct suan_copy_part *p, const uint8_t key[16],
			 struct suan_copy_journal *j)
{
	uint8_t file[SUAN_COPY_JOURNAL] = {0};
	size_t n = 0;

	while (n < sizeof(file)) {
		ssize_t k = pread(p->journal_fd, file + n, sizeof(file) - n, (off_t)n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		n += (size_t)k;
	}
	if (!suan_copy_journal_read(j, file, n))
		return false;
	p->j.seq = j->seq;
	return memcmp(j->key, key, 16) == 0;
}

/* Both slots, so that later writes need no more space. */
static enum suan_code make_journal(struct suan_copy_part *p, struct suan_err *err)
{
	static const uint8_t nothing[SUAN_COPY_JOURNAL];
	int e = write_at(p->journal_fd, nothing, sizeof(nothing), 0);

	return e ? suan_fail_os(err, e, "cannot write %s", p->journal) : SUAN_OK;
}

/* ---- opening ---- */

enum suan_code suan_copy_make_folder(const char *target, struct suan_err *err)
{
	char *parent = strdup(target), *slash;
	enum suan_code rc = SUAN_OK;

	if (!parent)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		rc = suan_fs_mkdirs(parent, 0755, err);
	}
	free(parent);
	return rc;
}

/* A copy that came to its end has removed the file that we may have waited with: then it is no more
 * the one of that name. */
enum suan_code suan_copy_lock(const char *journal, const char *target, int *ret_fd,
			      struct suan_err *err)
{
	struct stat ours, named;

	for (int i = 0; i < 100; i++) {
		int fd = open_file(journal, O_RDWR | O_CREAT);

		if (fd < 0)
			return suan_fail_os(err, errno, "cannot open %s", journal);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			(void)close(fd);
			break;
		}
		if (fstat(fd, &ours) == 0 && lstat(journal, &named) == 0 &&
		    ours.st_ino == named.st_ino && ours.st_dev == named.st_dev) {
			*ret_fd = fd;
			return SUAN_OK;
		}
		(void)close(fd);
	}
	return suan_fail(err, SUAN_EBUSY, "another copy to %s is under way", target);
}

/* The target of a copy that was ended between its renaming and its report. */
static bool is_finished(const struct suan_copy_part *p, const struct suan_copy_journal *j)
{
	struct stat st;

	return j->sha256[0] && !suan_fs_exists(p->path) && lstat(p->target, &st) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_ino == j->inode &&
	       (uint64_t)st.st_size == j->done;
}

static void start_digest(struct suan_copy_part *p)
{
	suan_sha256_init(&p->sha);
	p->done = 0;
	p->from_journal = false;
}

static void start_over(struct suan_copy_part *p)
{
	start_digest(p);
	p->j.version[0] = '\0';
	p->j.done = 0;
	p->j.total = UINT64_MAX;
}

/* Is what the journal says of the part still so? After another boot of the machine, or in another
 * file than it was, the bytes themselves are asked. */
static enum suan_code take_up(struct suan_copy_part *p, const struct suan_copy_journal *j,
			      const atomic_bool *cancel, struct suan_err *err)
{
	struct suan_sha256 want;
	char boot[64] = "", hex[65], want_hex[65];
	struct stat st;
	enum suan_code rc = SUAN_OK;
	bool same;

	if (fstat(p->fd, &st) < 0)
		return suan_fail_os(err, errno, "cannot read %s", p->path);
	if ((uint64_t)st.st_size < j->done)
		return SUAN_OK;
	suan_copy_boot(boot);
	same = boot[0] && strcmp(boot, j->boot) == 0 && (uint64_t)st.st_ino == j->inode;
	if (!suan_sha256_load(&want, j->sha, sizeof(j->sha)))
		return SUAN_OK;
	if (!same) {
		struct suan_sha256 a;

		rc = suan_copy_part_digest(p, j->done, cancel, err);
		if (rc == SUAN_EREFUSED || rc == SUAN_ENOMEM)
			return rc;
		a = p->sha;
		suan_sha256_hex(&a, hex);
		a = want;
		suan_sha256_hex(&a, want_hex);
		if (rc != SUAN_OK || strcmp(hex, want_hex) != 0) {
			start_over(p);
			return SUAN_OK;
		}
	}
	p->j = *j;
	p->sha = want;
	p->done = j->done;
	p->from_journal = same && j->done > 0;
	return SUAN_OK;
}

enum suan_code suan_copy_part_open(struct suan_copy_part *p, const char *target,
				   const uint8_t key[16], const atomic_bool *cancel,
				   struct suan_err *err)
{
	struct suan_copy_journal j = {0};
	enum suan_code rc;
	bool known;

	*p = (struct suan_copy_part){
		.target = target, .fd = -1, .journal_fd = -1, .sync_bytes = SYNC_BYTES};
	p->path = suan_copy_beside(target, "suan-part");
	p->journal = suan_copy_beside(target, "suan-journal");
	if (!p->path || !p->journal)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	start_over(p);
	memcpy(p->j.key, key, 16);
	rc = suan_copy_make_folder(target, err);
	if (rc == SUAN_OK)
		rc = suan_copy_lock(p->journal, target, &p->journal_fd, err);
	if (rc != SUAN_OK)
		return rc;
	known = read_journal(p, key, &j);
	if (known && is_finished(p, &j)) {
		p->finished = true;
		p->j = j;
		p->done = j.done;
		return SUAN_OK;
	}
	if (!known && suan_fs_is_dir(p->path)) /* what a tree of that name has left */
		rc = suan_fs_remove_tree(p->path, err);
	if (rc != SUAN_OK)
		return rc;
	p->fd = open_file(p->path, O_RDWR | O_CREAT);
	if (p->fd < 0)
		return suan_fail_os(err, errno, "cannot open %s", p->path);
	p->synced_us = suan_clock_mono_us();
	return known ? take_up(p, &j, cancel, err) : SUAN_OK;
}

enum suan_code suan_copy_part_open_bare(struct suan_copy_part *p, const char *path,
					struct suan_err *err)
{
	*p = (struct suan_copy_part){.target = path, .fd = -1, .journal_fd = -1, .bare = true};
	start_over(p);
	p->path = strdup(path);
	if (!p->path)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	p->fd = open_file(path, O_RDWR | O_CREAT);
	return p->fd < 0 ? suan_fail_os(err, errno, "cannot open %s", path) : SUAN_OK;
}

void suan_copy_part_close(struct suan_copy_part *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	if (p->journal_fd >= 0)
		(void)close(p->journal_fd);
	p->fd = p->journal_fd = -1;
	free(p->path);
	free(p->journal);
	p->path = p->journal = NULL;
}

/* The part first: a journal without part begins anew, a part without journal would be a riddle. */
void suan_copy_part_drop(struct suan_copy_part *p)
{
	if (p->journal_fd < 0)
		return;
	(void)unlink(p->path);
	(void)unlink(p->journal);
}

/* ---- filling ---- */

enum suan_code suan_copy_part_begin(struct suan_copy_part *p, const char *version, uint64_t total,
				    struct suan_err *err)
{
	struct suan_copy_journal j;
	struct stat st;
	enum suan_code rc;

	start_over(p);
	if (fstat(p->fd, &st) < 0)
		return suan_fail_os(err, errno, "cannot read %s", p->path);
	j = p->j;
	(void)snprintf(j.version, sizeof(j.version), "%s", version);
	j.total = total;
	j.inode = (uint64_t)st.st_ino;
	j.sha256[0] = '\0';
	suan_copy_boot(j.boot);
	suan_sha256_save(&p->sha, j.sha);
	/* What an earlier version left in the part must be disowned before new bytes go there. */
	rc = p->j.seq == 0 && !p->bare ? make_journal(p, err) : SUAN_OK;
	if (rc == SUAN_OK && !p->bare)
		rc = write_journal(p, &j, err);
	if (p->bare)
		p->j = j;
	if (rc == SUAN_OK && ftruncate(p->fd, 0) < 0)
		rc = fail_write(p, errno, err);
	return rc;
}

enum suan_code suan_copy_part_sync(struct suan_copy_part *p, struct suan_err *err)
{
	struct suan_copy_journal j = p->j;
	enum suan_code rc = SUAN_OK;

	if (fdatasync(p->fd) < 0)
		return fail_write(p, errno, err);
	if (!p->names_synced)
		rc = suan_fs_sync_names(p->path, err);
	if (rc != SUAN_OK)
		return rc;
	p->names_synced = true;
	j.done = p->done;
	suan_sha256_save(&p->sha, j.sha);
	rc = write_journal(p, &j, err);
	p->synced_us = suan_clock_mono_us();
	return rc;
}

enum suan_code suan_copy_part_add(struct suan_copy_part *p, const void *bytes, size_t n,
				  struct suan_err *err)
{
	int e = write_at(p->fd, bytes, n, p->done);

	if (e)
		return fail_write(p, e, err);
	suan_sha256_add(&p->sha, bytes, n);
	p->done += n;
	if (p->bare)
		return SUAN_OK;
	if (p->done - p->j.done >= p->sync_bytes || suan_clock_mono_us() - p->synced_us >= SYNC_US)
		return suan_copy_part_sync(p, err);
	return SUAN_OK;
}

bool suan_copy_part_clone(struct suan_copy_part *p, int from_fd)
{
	return p->done == 0 && ioctl(p->fd, FICLONE, from_fd) == 0;
}

enum suan_code suan_copy_part_digest(struct suan_copy_part *p, uint64_t bytes,
				     const atomic_bool *cancel, struct suan_err *err)
{
	char *piece = malloc(PIECE);
	enum suan_code rc = piece ? SUAN_OK : suan_fail(err, SUAN_ENOMEM, "out of memory");

	start_digest(p);
	while (rc == SUAN_OK && p->done < bytes) {
		size_t n = bytes - p->done < PIECE ? (size_t)(bytes - p->done) : PIECE;
		ssize_t k = pread(p->fd, piece, n, (off_t)p->done);

		if (k < 0 && errno == EINTR)
			continue;
		if (cancel && atomic_load(cancel))
			rc = suan_fail(err, SUAN_EREFUSED, "the copy to %s was broken off",
				       p->target);
		else if (k < 0)
			rc = suan_fail_os(err, errno, "cannot read %s", p->path);
		else if (k == 0)
			rc = suan_fail(err, SUAN_EIO, "%s has become shorter", p->path);
		if (rc != SUAN_OK)
			break;
		suan_sha256_add(&p->sha, piece, (size_t)k);
		p->done += (uint64_t)k;
	}
	free(piece);
	return rc;
}

/* ---- into place ---- */

static enum suan_code check_sum(struct suan_copy_part *p, const char *want,
				const atomic_bool *cancel, char *sha256, struct suan_err *err)
{
	struct suan_sha256 sha = p->sha;
	enum suan_code rc;

	suan_sha256_hex(&sha, sha256);
	if (!want[0] || strcmp(want, sha256) == 0)
		return SUAN_OK;
	if (p->from_journal) { /* was it the state that was wrong, not the bytes? */
		rc = suan_copy_part_digest(p, p->done, cancel, err);
		if (rc != SUAN_OK)
			return rc;
		return check_sum(p, want, cancel, sha256, err);
	}
	return suan_fail(err, SUAN_ECORRUPT, "%s has SHA-256 %s, expected %s", p->target, sha256,
			 want);
}

static enum suan_code set_mode(struct suan_copy_part *p, unsigned mode, struct suan_err *err)
{
	return fchmod(p->fd, mode ? mode & 0777 : 0644) < 0 ? fail_write(p, errno, err) : SUAN_OK;
}

static enum suan_code rename_part(struct suan_copy_part *p, unsigned mode, struct suan_err *err)
{
	enum suan_code rc = set_mode(p, mode, err);

	if (rc == SUAN_OK && fsync(p->fd) < 0)
		rc = fail_write(p, errno, err);
	if (rc != SUAN_OK)
		return rc;
	if (rename(p->path, p->target) < 0)
		return suan_fail_os(err, errno, "cannot rename %s to %s", p->path, p->target);
	return suan_fs_sync_folder_of(p->target, err);
}

enum suan_code suan_copy_part_finish(struct suan_copy_part *p, const char *want, unsigned mode,
				     const atomic_bool *cancel, char *sha256, struct suan_err *err)
{
	struct suan_copy_journal j;
	enum suan_code rc;

	if (p->finished) {
		memcpy(sha256, p->j.sha256, 65);
		rc = suan_fs_sync_folder_of(p->target, err);
	} else {
		rc = check_sum(p, want, cancel, sha256, err);
		if (rc == SUAN_OK && ftruncate(p->fd, (off_t)p->done) < 0)
			rc = fail_write(p, errno, err);
		if (rc == SUAN_OK && p->bare)
			return set_mode(p, mode, err);
		if (rc == SUAN_OK)
			rc = suan_copy_part_sync(p, err);
		if (rc == SUAN_OK) {
			j = p->j;
			memcpy(j.sha256, sha256, 65);
			rc = write_journal(p, &j, err);
		}
		if (rc == SUAN_OK)
			rc = rename_part(p, mode, err);
	}
	if (rc == SUAN_OK)
		(void)unlink(p->journal);
	return rc;
}
