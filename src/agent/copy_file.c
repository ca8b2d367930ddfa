/* One attempt, and one file of it: which way it comes, what became of it, what stays on the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/copy_inside.h"
#include "base/num.h"
#include "sys/fs.h"

#define PIECE_MAX (1u << 20)
#define PIECE_MIN 4096u

/* ---- what all ways need ---- */

enum suan_code suan_copy_fail(struct suan_copy_job *job, enum suan_copy_fault fault,
			      enum suan_code rc, const char *fmt, ...)
{
	char text[sizeof(job->err.text)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	job->fault = fault;
	return suan_fail(&job->err, rc, "%s", text);
}

bool suan_copy_cancelled(const struct suan_copy_job *job)
{
	return atomic_load(&job->item.cancel);
}

enum suan_code suan_copy_broken_off(struct suan_copy_job *job)
{
	return suan_copy_fail(job, SUAN_COPY_CANCELLED, SUAN_EREFUSED,
			      "the copy of %.200s was broken off", job->source);
}

bool suan_copy_may_pass(struct suan_copy_job *job, size_t n)
{
	return suan_pace_pass(&job->setup->gate, &job->own, &job->setup->all, n, &job->item.cancel);
}

/* An eighth of a second of the slower limit, and no more than may be copied again. */
size_t suan_copy_piece(struct suan_copy_job *job)
{
	struct suan_pace_gate *g = &job->setup->gate;
	uint64_t own, all, bytes_s, most = job->setup->sync_bytes;

	pthread_mutex_lock(&g->lock);
	own = job->own.bytes_s;
	all = job->setup->all.bytes_s;
	pthread_mutex_unlock(&g->lock);
	bytes_s = own && (!all || own < all) ? own : all;
	if (bytes_s && bytes_s / 8 < most)
		most = bytes_s / 8;
	if (most > PIECE_MAX)
		return PIECE_MAX;
	return most < PIECE_MIN ? PIECE_MIN : (size_t)most;
}

enum suan_code suan_copy_take(struct suan_copy_job *job, struct suan_copy_part *p,
			      const void *bytes, size_t n)
{
	enum suan_code rc;

	job->moved += n;
	if (!suan_copy_may_pass(job, n))
		return suan_copy_broken_off(job);
	rc = suan_copy_part_add(p, bytes, n, &job->err);
	job->at_target = rc != SUAN_OK;
	atomic_store(&job->done, job->base + p->done);
	return rc;
}

enum suan_code suan_copy_fetcher(struct suan_copy_job *job)
{
	return job->fetcher ? SUAN_OK
			    : suan_http_fetcher_new(&job->fetcher, job->setup->ca_file, &job->err);
}

/* ---- beginning ---- */

static enum suan_code check_space(struct suan_copy_job *job, const struct suan_copy_part *p,
				  uint64_t total)
{
	struct statvfs fs;
	char need[32], have[32];
	uint64_t room;

	if (total == UINT64_MAX || total <= p->done || fstatvfs(p->fd, &fs) < 0 || fs.f_blocks == 0)
		return SUAN_OK;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room >= total - p->done)
		return SUAN_OK;
	suan_format_size(total - p->done, need);
	suan_format_size(room, have);
	job->at_target = true;
	return suan_fail(&job->err, SUAN_EFULL, "no space for %.300s: %s are to come, %s are free",
			 p->target, need, have);
}

bool suan_copy_is_known(const struct suan_copy_part *p, const struct suan_copy_from *f,
			const char *version, uint64_t total)
{
	if (p->done == 0 || p->j.total != total || (total != UINT64_MAX && p->done > total))
		return false;
	return version[0] ? strcmp(p->j.version, version) == 0 : f->want[0] != '\0';
}

enum suan_code suan_copy_begin(struct suan_copy_job *job, struct suan_copy_part *p,
			       const struct suan_copy_from *f, const char *version, uint64_t total)
{
	enum suan_code rc;

	if (total != UINT64_MAX && f->bytes != UINT64_MAX && total != f->bytes)
		return suan_copy_fail(job, SUAN_COPY_WRONG_SUM, SUAN_ECORRUPT,
				      "%.300s has %llu bytes, expected %llu", f->where,
				      (unsigned long long)total, (unsigned long long)f->bytes);
	if (!suan_copy_is_known(p, f, version, total)) {
		rc = suan_copy_part_begin(p, version, total, &job->err);
		job->at_target = rc != SUAN_OK;
		if (rc != SUAN_OK)
			return rc;
	}
	if (job->base == 0 && !job->has_given && total != UINT64_MAX &&
	    atomic_load(&job->total) == 0)
		atomic_store(&job->total, total);
	atomic_store(&job->done, job->base + p->done);
	return check_space(job, p, total);
}

/* ---- one file ---- */

static void key_of(const struct suan_copy_from *f, uint8_t key[16])
{
	struct suan_buf b;

	/* Without memory the key is of less, and no part can be mistaken: versions differ. */
	suan_buf_init(&b, 0);
	suan_buf_adds(&b, f->where);
	suan_buf_addc(&b, '\n');
	suan_buf_adds(&b, f->want);
	suan_digest16(b.data, b.len, key);
	suan_buf_done(&b);
}

static enum suan_code pull(struct suan_copy_job *job, const struct suan_copy_from *f,
			   struct suan_copy_part *p, unsigned *ret_mode)
{
	switch (f->place) {
	case SUAN_COPY_LOCAL:
		return suan_copy_pull_local(job, f, p, ret_mode);
	case SUAN_COPY_HTTP:
		return suan_copy_pull_http(job, f, p);
	case SUAN_COPY_RCLONE:
		return suan_copy_pull_rclone(job, f, p);
	case SUAN_COPY_NOWHERE:
		break;
	}
	return suan_copy_fail(job, SUAN_COPY_REFUSED, SUAN_EINVAL, "no such place: %.300s",
			      f->where);
}

/* A copy whose end was not reported: the target holds what is wanted. */
static bool is_there(struct suan_copy_job *job, const struct suan_copy_from *f,
		     const struct suan_copy_part *p, char hex[65])
{
	struct stat st;

	return f->want[0] && p->j.seq == 0 && lstat(p->target, &st) == 0 && S_ISREG(st.st_mode) &&
	       (f->bytes == UINT64_MAX || (uint64_t)st.st_size == f->bytes) &&
	       suan_fs_sha256(p->target, hex, NULL) == SUAN_OK && strcmp(hex, f->want) == 0 &&
	       !suan_copy_cancelled(job);
}

static enum suan_code fill(struct suan_copy_job *job, const struct suan_copy_from *f,
			   struct suan_copy_part *p, char hex[65])
{
	unsigned mode = 0;
	enum suan_code rc = pull(job, f, p, &mode);

	if (rc != SUAN_OK)
		return rc;
	if (f->bytes != UINT64_MAX && p->done != f->bytes)
		return suan_copy_fail(job, SUAN_COPY_WRONG_SUM, SUAN_ECORRUPT,
				      "%.300s has %llu bytes, expected %llu", f->where,
				      (unsigned long long)p->done, (unsigned long long)f->bytes);
	rc = suan_copy_part_finish(p, f->want, mode, &job->item.cancel, hex, &job->err);
	if (rc == SUAN_EREFUSED)
		return suan_copy_broken_off(job);
	job->at_target = rc != SUAN_OK && rc != SUAN_ECORRUPT;
	return rc;
}

/* Is what has come worth nothing after this? */
static bool is_worthless(const struct suan_copy_job *job, enum suan_code rc)
{
	if (job->fault == SUAN_COPY_CANCELLED || job->fault == SUAN_COPY_TRANSIENT)
		return atomic_load(&job->drop);
	return job->fault != SUAN_COPY_NO_FAULT || rc == SUAN_ECORRUPT || rc == SUAN_EFULL ||
	       rc == SUAN_ENOTFOUND || rc == SUAN_EDENIED;
}

enum suan_code suan_copy_file(struct suan_copy_job *job, const struct suan_copy_from *f,
			      const char *target, char hex[65], uint64_t *ret_bytes)
{
	struct suan_copy_part p;
	uint8_t key[16];
	enum suan_code rc;

	key_of(f, key);
	rc = suan_copy_part_open(&p, target, key, &job->item.cancel, &job->err);
	p.sync_bytes = job->setup->sync_bytes;
	if (rc == SUAN_EREFUSED) {
		rc = suan_copy_broken_off(job);
	} else if (rc != SUAN_OK) {
		job->at_target = true;
	} else if (!p.finished && is_there(job, f, &p, hex)) {
		p.done = f->bytes;
		suan_copy_part_drop(&p);
	} else {
		if (p.finished)
			rc = suan_copy_part_finish(&p, f->want, 0, NULL, hex, &job->err);
		else
			rc = fill(job, f, &p, hex);
		if (rc != SUAN_OK && is_worthless(job, rc))
			suan_copy_part_drop(&p);
		else if (rc != SUAN_OK && !job->at_target && p.done > p.j.done &&
			 suan_copy_part_sync(&p, NULL) != SUAN_OK)
			p.done = p.j.done; /* that must come again */
	}
	*ret_bytes = p.done;
	suan_copy_part_close(&p);
	return rc;
}

enum suan_code suan_copy_small(struct suan_copy_job *job, const struct suan_copy_from *f,
			       const char *path, char hex[65], uint64_t *ret_bytes)
{
	struct suan_copy_part p;
	enum suan_code rc = suan_copy_part_open_bare(&p, path, &job->err);

	job->at_target = rc != SUAN_OK;
	if (rc == SUAN_OK)
		rc = fill(job, f, &p, hex);
	*ret_bytes = p.done;
	suan_copy_part_close(&p);
	return rc;
}

void suan_copy_clear(const char *target)
{
	char *part = suan_copy_beside(target, "suan-part");
	char *journal = suan_copy_beside(target, "suan-journal");
	int fd = -1;

	if (part && journal && (suan_fs_exists(journal) || suan_fs_exists(part)) &&
	    suan_copy_lock(journal, target, &fd, NULL) == SUAN_OK) {
		if (suan_fs_remove_tree(part, NULL) == SUAN_OK)
			(void)unlink(journal);
		(void)close(fd);
	}
	free(part);
	free(journal);
}

/* ---- one attempt ---- */

static bool pass(void *ctx, size_t n)
{
	struct suan_copy_job *job = ctx;

	atomic_fetch_add(&job->done, n);
	return !suan_copy_cancelled(job);
}

static enum suan_code only_digest(struct suan_copy_job *job)
{
	struct suan_copy_digest d = {.root = -1, .pass = pass, .ctx = job};
	enum suan_code rc;

	if (suan_fs_is_dir(job->source)) {
		rc = suan_copy_scan_tree(job->source, &job->found, pass, job, &job->err);
		return rc == SUAN_OK ? suan_copy_conclude(job) : rc;
	}
	rc = suan_copy_digest_at(&d, job->source, &job->err);
	memcpy(job->result, d.sha256, 65);
	job->result_bytes = d.bytes;
	job->result_files = 1;
	if (rc == SUAN_OK && job->sha256[0] && strcmp(job->result, job->sha256) != 0)
		rc = suan_fail(&job->err, SUAN_ECORRUPT, "%.200s has SHA-256 %s, expected %s",
			       job->source, job->result, job->sha256);
	return rc;
}

static enum suan_code send(struct suan_copy_job *job)
{
	enum suan_code rc = SUAN_OK;

	if (suan_fs_is_dir(job->source))
		return suan_copy_send_tree(job);
	if (job->sha256[0]) { /* what is not right is not sent at all */
		rc = only_digest(job);
		atomic_store(&job->done, 0);
	}
	if (rc == SUAN_OK)
		rc = suan_copy_send_file(job, -1, job->source, job->target, job->result);
	if (rc == SUAN_OK)
		job->result_bytes = atomic_load(&job->done);
	job->result_files = 1;
	return rc;
}

static enum suan_code fetch(struct suan_copy_job *job)
{
	struct suan_copy_from f = {.place = suan_copy_place_of(job->source),
				   .where = job->source,
				   .root = -1,
				   .want = job->sha256,
				   .bytes = job->bytes ? job->bytes : UINT64_MAX,
				   .version = ""};
	struct suan_copy_stat st = {0};
	enum suan_code rc = SUAN_OK;

	if (job->has_given || (f.place == SUAN_COPY_LOCAL && suan_fs_is_dir(job->source)))
		return suan_copy_tree(job);
	if (f.place == SUAN_COPY_RCLONE)
		rc = suan_copy_stat_rclone(job, job->source, &st);
	if (rc != SUAN_OK || st.folder)
		return rc == SUAN_OK ? suan_copy_tree(job) : rc;
	job->result_files = 1;
	f.version = st.version;
	if (f.place == SUAN_COPY_RCLONE && f.bytes == UINT64_MAX)
		f.bytes = st.bytes;
	return suan_copy_file(job, &f, job->target, job->result, &job->result_bytes);
}

static enum suan_copy_fault fault_of(const struct suan_copy_job *job)
{
	switch (job->rc) {
	case SUAN_OK:
		return SUAN_COPY_NO_FAULT;
	case SUAN_ENOTFOUND:
		return job->at_target ? SUAN_COPY_REFUSED : SUAN_COPY_GONE;
	case SUAN_ECORRUPT:
		return SUAN_COPY_WRONG_SUM;
	case SUAN_EFULL: /* at a source: too many open files */
		return job->at_target ? SUAN_COPY_FULL : SUAN_COPY_TRANSIENT;
	case SUAN_EINVAL:
	case SUAN_ECONFLICT:
	case SUAN_EREFUSED:
	case SUAN_EDENIED:
	case SUAN_ETOOBIG:
		return SUAN_COPY_REFUSED;
	case SUAN_ENOMEM:
	case SUAN_EIO:
	case SUAN_EUNREACHABLE:
	case SUAN_EBUSY:
		break;
	}
	return SUAN_COPY_TRANSIENT;
}

static bool is_final(const struct suan_copy_job *job)
{
	switch (job->fault) {
	case SUAN_COPY_NO_FAULT:
	case SUAN_COPY_TRANSIENT:
		return false;
	case SUAN_COPY_CHANGED:
		return job->failed + 1 >= job->tries;
	case SUAN_COPY_WRONG_SUM:
		return job->wrong + 1 >= job->sum_tries;
	case SUAN_COPY_CANCELLED:
		return atomic_load(&job->drop);
	case SUAN_COPY_GONE:
	case SUAN_COPY_REFUSED:
	case SUAN_COPY_FULL:
		break;
	}
	return true;
}

void suan_copy_attempt(struct suan_copy_job *job)
{
	job->base = job->moved = 0;
	job->at_target = false;
	job->fault = SUAN_COPY_NO_FAULT;
	job->retry_after_ms = 0;
	memset(&job->err, 0, sizeof(job->err));
	suan_manifest_done(&job->found);
	suan_buf_reset(&job->manifest);
	if (suan_copy_cancelled(job))
		job->rc = suan_copy_broken_off(job);
	else if (!job->target[0])
		job->rc = only_digest(job);
	else if (suan_copy_place_of(job->target) != SUAN_COPY_LOCAL)
		job->rc = send(job);
	else
		job->rc = fetch(job);
	if (job->rc != SUAN_OK && suan_copy_cancelled(job))
		job->rc = suan_copy_broken_off(job);
	if (job->fault == SUAN_COPY_NO_FAULT)
		job->fault = fault_of(job);
	if (is_final(job) && job->target[0] && suan_copy_place_of(job->target) == SUAN_COPY_LOCAL)
		suan_copy_clear(job->target);
}
