/* A tree on its way: a folder beside the target that fills file by file, and a log of the files
 * that are on the disk, which is the journal of the whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/copy_inside.h"
#include "agent/copy_log.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/oserr.h"

#define SYNC_US	    5000000
#define PENDING_MAX 65536 /* bytes of lines that wait for their files to be on the disk */

struct tree {
	struct suan_copy_job *job;
	enum suan_copy_place place;
	int root, stage_fd; /* the folders of source (−1: not here) and part */
	char *stage;
	struct suan_copy_log log;
	struct suan_manifest list; /* what is to come; real digests when the manifest was given */
	size_t at;		   /* in the entries of the log */
	uint64_t unsynced;
	int64_t synced_us;
};

static enum suan_code no_memory(struct suan_copy_job *job)
{
	return suan_fail(&job->err, SUAN_ENOMEM, "out of memory");
}

static enum suan_code at_target(struct suan_copy_job *job, enum suan_code rc)
{
	job->at_target = rc != SUAN_OK;
	return rc;
}

enum suan_code suan_copy_conclude(struct suan_copy_job *job)
{
	enum suan_code rc = suan_manifest_print(&job->found, &job->manifest, &job->err);

	if (rc == SUAN_OK)
		rc = suan_manifest_identity(&job->found, job->result, &job->err);
	job->result_bytes = job->found.bytes;
	job->result_files = job->found.count;
	if (rc == SUAN_OK && job->sha256[0] && strcmp(job->result, job->sha256) != 0)
		rc = suan_fail(&job->err, SUAN_ECORRUPT,
			       "the manifest of %.200s has SHA-256 %s, expected %s", job->source,
			       job->result, job->sha256);
	return rc;
}

/* ---- the list ---- */

static enum suan_code copy_given(struct tree *t)
{
	const struct suan_manifest *given = &t->job->given;
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; i < given->count && rc == SUAN_OK; i++)
		rc = suan_manifest_add(&t->list, &given->list[i], &t->job->err);
	return rc == SUAN_OK ? suan_manifest_seal(&t->list, &t->job->err) : rc;
}

static enum suan_code list_source(struct tree *t)
{
	struct suan_copy_job *job = t->job;
	enum suan_code rc;

	if (t->place == SUAN_COPY_LOCAL) {
		t->root = open(job->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (t->root < 0)
			return suan_fail_os(&job->err, errno, "cannot open the folder %.300s",
					    job->source);
	}
	if (job->has_given)
		rc = copy_given(t);
	else if (t->place == SUAN_COPY_LOCAL)
		rc = suan_copy_walk(job->source, &t->list, &job->item.cancel, &job->err);
	else
		rc = suan_copy_list_rclone(job, job->source, &t->list);
	if (rc == SUAN_OK)
		atomic_store(&job->total, t->list.bytes);
	return rc;
}

/* Is the source still as it was listed? What was copied before it changed would not be seen. */
static enum suan_code check_unchanged(struct tree *t)
{
	struct suan_copy_job *job = t->job;
	struct suan_manifest now = {0};
	enum suan_code rc;

	if (t->place != SUAN_COPY_LOCAL || job->has_given)
		return SUAN_OK;
	rc = suan_copy_walk(job->source, &now, &job->item.cancel, &job->err);
	if (rc == SUAN_OK && now.count != t->list.count)
		rc = SUAN_ECONFLICT;
	for (size_t i = 0; rc == SUAN_OK && i < now.count; i++)
		if (strcmp(now.list[i].path, t->list.list[i].path) != 0 ||
		    strcmp(now.list[i].sha256, t->list.list[i].sha256) != 0)
			rc = SUAN_ECONFLICT;
	suan_manifest_done(&now);
	return rc == SUAN_ECONFLICT
		       ? suan_copy_fail(job, SUAN_COPY_CHANGED, rc,
					"%.300s changed while it was copied", job->source)
		       : rc;
}

/* ---- one entry ---- */

static char *in_stage(const struct tree *t, const char *path)
{
	char *s;

	return asprintf(&s, "%s/%s", t->stage, path) < 0 ? NULL : s;
}

static enum suan_code copy_link(struct tree *t, struct suan_manifest_entry *e, const char *to)
{
	struct suan_copy_job *job = t->job;
	struct suan_sha256 sha;
	char text[4097];
	enum suan_code rc;

	if (t->place != SUAN_COPY_LOCAL)
		return suan_copy_fail(job, SUAN_COPY_REFUSED, SUAN_EINVAL,
				      "%.200s is a link, which only a path can be the source of",
				      e->path);
	rc = suan_copy_read_link(t->root, e->path, text, &job->err);
	if (rc != SUAN_OK)
		return rc;
	if (!suan_manifest_link_ok(e->path, text))
		return suan_copy_fail(job, SUAN_COPY_REFUSED, SUAN_EINVAL,
				      "the link %.200s leads out of the tree", e->path);
	suan_sha256_init(&sha);
	suan_sha256_add(&sha, text, strlen(text));
	suan_sha256_hex(&sha, e->sha256);
	e->bytes = strlen(text);
	(void)unlink(to);
	if (symlink(text, to) < 0)
		return at_target(job,
				 suan_fail_os(&job->err, errno, "cannot make the link %s", to));
	return SUAN_OK;
}

/* In an address, everything but letters, digits and "-._~/" is %XX (RFC 3986). */
static char *address_of(enum suan_copy_place place, const char *base, const char *path)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	size_t n = strlen(base);
	struct suan_buf b;
	char *s;

	suan_buf_init(&b, 0);
	suan_buf_adds(&b, base);
	if (n > 0 && base[n - 1] != '/' && base[n - 1] != ':')
		suan_buf_addc(&b, '/');
	for (const char *p = path; *p; p++) {
		if (place != SUAN_COPY_HTTP || strchr(plain, *p))
			suan_buf_addc(&b, *p);
		else
			suan_buf_addf(&b, "%%%02X", (unsigned)(unsigned char)*p);
	}
	s = suan_buf_take(&b, NULL);
	suan_buf_done(&b);
	return s;
}

static enum suan_code copy_file(struct tree *t, struct suan_manifest_entry *e, const char *to)
{
	struct suan_copy_job *job = t->job;
	struct suan_copy_from f = {.place = t->place, .where = e->path, .root = t->root};
	bool unknown = t->place == SUAN_COPY_RCLONE && e->bytes == 0 && !job->has_given;
	char want[65] = "", version[65] = "", *address = NULL;
	enum suan_code rc;

	if (job->has_given)
		memcpy(want, e->sha256, 65);
	else if (t->place == SUAN_COPY_RCLONE)
		memcpy(version, e->sha256, 65);
	if (t->place != SUAN_COPY_LOCAL) {
		f.where = address = address_of(t->place, job->source, e->path);
		if (!address)
			return no_memory(job);
	}
	f.want = want;
	f.version = version;
	f.bytes = unknown ? UINT64_MAX : e->bytes;
	if (e->bytes >= job->setup->sync_bytes)
		rc = suan_copy_file(job, &f, to, e->sha256, &e->bytes);
	else
		rc = suan_copy_small(job, &f, to, e->sha256, &e->bytes);
	free(address);
	if (rc == SUAN_OK && e->kind == 'x' && t->place != SUAN_COPY_LOCAL && chmod(to, 0755) < 0)
		rc = at_target(job,
			       suan_fail_os(&job->err, errno, "cannot set the mode of %s", to));
	return rc;
}

static enum suan_code copy_entry(struct tree *t, struct suan_manifest_entry *e)
{
	struct suan_copy_job *job = t->job;
	char want[65], *to = in_stage(t, e->path);
	enum suan_code rc;

	if (!to)
		return no_memory(job);
	memcpy(want, e->sha256, 65);
	rc = at_target(job, suan_copy_make_folder(to, &job->err));
	if (rc != SUAN_OK)
		goto out;
	if (e->kind == 'd')
		rc = at_target(job, suan_fs_mkdirs(to, 0755, &job->err));
	else if (e->kind == 'l')
		rc = copy_link(t, e, to);
	else
		rc = copy_file(t, e, to);
	if (rc == SUAN_OK && job->has_given && strcmp(want, e->sha256) != 0)
		rc = suan_fail(&job->err, SUAN_ECORRUPT, "%.300s is not what the manifest says",
			       e->path);
out:
	free(to);
	return rc;
}

/* ---- what an earlier attempt has brought ---- */

static bool pass(void *ctx, size_t n)
{
	(void)n;
	return !suan_copy_cancelled(ctx);
}

/* The entry as the log has it, if it is still what is wanted and lies there. */
static bool take_logged(struct tree *t, struct suan_manifest_entry *e)
{
	const struct suan_copy_logged *l = suan_copy_log_find(&t->log, e->path, &t->at);
	struct suan_copy_digest d = {.root = t->stage_fd, .pass = pass, .ctx = t->job};
	struct stat st;
	int fd;

	if (!l || l->e.kind != e->kind || e->kind == 'd' || e->kind == 'l')
		return false;
	if (strcmp(e->sha256, t->job->has_given ? l->e.sha256 : l->version) != 0)
		return false;
	fd = suan_copy_open_below(t->stage_fd, e->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != l->e.bytes) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	(void)close(fd);
	/* After another boot of the machine, the bytes themselves are asked. */
	if (!t->log.same_boot && (suan_copy_digest_at(&d, e->path, NULL) != SUAN_OK ||
				  strcmp(d.sha256, l->e.sha256) != 0))
		return false;
	memcpy(e->sha256, l->e.sha256, 65);
	e->bytes = l->e.bytes;
	return true;
}

/* All files that are copied go to the disk; then the log says so. */
static enum suan_code checkpoint(struct tree *t)
{
	struct suan_copy_job *job = t->job;

	if (t->log.pending.len > 0 && syncfs(t->stage_fd) < 0)
		return at_target(job, suan_fail_os(&job->err, errno, "cannot write %s", t->stage));
	t->unsynced = 0;
	t->synced_us = suan_clock_mono_us();
	return at_target(job, suan_copy_log_flush(&t->log, &job->err));
}

static enum suan_code bring(struct tree *t, const struct suan_manifest_entry *wanted)
{
	struct suan_copy_job *job = t->job;
	struct suan_manifest_entry e = *wanted;
	char version[65];
	enum suan_code rc = SUAN_OK;

	if (suan_copy_cancelled(job))
		return suan_copy_broken_off(job);
	memcpy(version, e.sha256, 65);
	if (!take_logged(t, &e)) {
		rc = copy_entry(t, &e);
		if (rc == SUAN_OK)
			rc = suan_copy_log_add(&t->log, version, &e, &job->err);
		t->unsynced += e.bytes;
	}
	if (rc == SUAN_OK)
		rc = suan_manifest_add(&job->found, &e, &job->err);
	if (rc != SUAN_OK)
		return rc;
	job->base += e.bytes;
	atomic_store(&job->done, job->base);
	if (t->unsynced >= job->setup->sync_bytes || t->log.pending.len >= PENDING_MAX ||
	    suan_clock_mono_us() - t->synced_us >= SYNC_US)
		return checkpoint(t);
	return SUAN_OK;
}

/* ---- into place ---- */

/* What an earlier attempt brought and the source has no more. */
static enum suan_code remove_strays(struct tree *t)
{
	struct suan_copy_job *job = t->job;
	struct suan_manifest is = {0};
	enum suan_code rc = suan_copy_walk(t->stage, &is, &job->item.cancel, &job->err);

	for (size_t i = 0; rc == SUAN_OK && i < is.count; i++) {
		char *path;

		if (suan_manifest_find(&job->found, is.list[i].path))
			continue;
		path = in_stage(t, is.list[i].path);
		rc = path ? suan_fs_remove_tree(path, &job->err) : no_memory(job);
		free(path);
	}
	suan_manifest_done(&is);
	return at_target(job, rc);
}

static enum suan_code rename_stage(struct tree *t)
{
	struct suan_copy_job *job = t->job;
	bool there = suan_fs_exists(job->target);

	if (renameat2(AT_FDCWD, t->stage, AT_FDCWD, job->target, there ? RENAME_EXCHANGE : 0) < 0)
		return at_target(job, suan_fail_os(&job->err, errno, "cannot rename %s to %s",
						   t->stage, job->target));
	return at_target(job, suan_fs_sync_folder_of(job->target, &job->err));
}

static enum suan_code finish(struct tree *t)
{
	struct suan_copy_job *job = t->job;
	struct stat st;
	enum suan_code rc = suan_manifest_seal(&job->found, &job->err);

	if (rc == SUAN_OK)
		rc = suan_copy_conclude(job);
	if (rc == SUAN_OK)
		rc = check_unchanged(t);
	if (rc == SUAN_OK)
		rc = remove_strays(t);
	if (rc == SUAN_OK && (syncfs(t->stage_fd) < 0 || fstat(t->stage_fd, &st) < 0))
		rc = at_target(job, suan_fail_os(&job->err, errno, "cannot write %s", t->stage));
	if (rc == SUAN_OK)
		rc = at_target(job, suan_copy_log_finish(&t->log, (uint64_t)st.st_ino, &job->err));
	return rc == SUAN_OK ? rename_stage(t) : rc;
}

/* Its end was not reported: the log has all entries, and the target is the folder it names. */
static bool is_finished(const struct tree *t)
{
	struct stat st;

	return t->log.inode && lstat(t->job->target, &st) == 0 && S_ISDIR(st.st_mode) &&
	       (uint64_t)st.st_ino == t->log.inode;
}

static enum suan_code report_again(struct tree *t)
{
	struct suan_copy_job *job = t->job;
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; rc == SUAN_OK && i < t->log.count; i++) {
		const struct suan_copy_logged *l = &t->log.list[i];

		if (i + 1 < t->log.count && strcmp(l[1].e.path, l->e.path) == 0)
			continue; /* the last one counts */
		rc = suan_manifest_add(&job->found, &l->e, &job->err);
	}
	if (rc == SUAN_OK)
		rc = suan_manifest_seal(&job->found, &job->err);
	return rc == SUAN_OK ? suan_copy_conclude(job) : rc;
}

/* ---- all of it ---- */

static enum suan_code open_stage(struct tree *t)
{
	struct suan_copy_job *job = t->job;
	enum suan_code rc = SUAN_OK;

	if (t->log.fresh || !suan_fs_is_dir(t->stage))
		rc = suan_fs_remove_tree(t->stage, &job->err);
	if (rc == SUAN_OK)
		rc = suan_fs_mkdirs(t->stage, 0755, &job->err);
	if (rc == SUAN_OK) {
		t->stage_fd = open(t->stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (t->stage_fd < 0)
			rc = suan_fail_os(&job->err, errno, "cannot open %s", t->stage);
	}
	if (rc == SUAN_OK)
		rc = suan_fs_sync_names(t->stage, &job->err);
	return at_target(job, rc);
}

static enum suan_code bring_all(struct tree *t)
{
	struct suan_copy_job *job = t->job;
	enum suan_code rc = list_source(t);

	if (rc == SUAN_OK)
		rc = open_stage(t);
	t->synced_us = suan_clock_mono_us();
	for (size_t i = 0; rc == SUAN_OK && i < t->list.count; i++)
		rc = bring(t, &t->list.list[i]);
	if (rc == SUAN_OK)
		return finish(t);
	if (!job->at_target && t->stage_fd >= 0) { /* for the next attempt */
		struct suan_err err = job->err;

		if (checkpoint(t) != SUAN_OK)
			job->err = err;
		job->at_target = false;
	}
	return rc;
}

enum suan_code suan_copy_tree(struct suan_copy_job *job)
{
	struct tree t = {
		.job = job, .place = suan_copy_place_of(job->source), .root = -1, .stage_fd = -1};
	enum suan_code rc;

	t.stage = suan_copy_beside(job->target, "suan-part");
	rc = t.stage ? at_target(job, suan_copy_log_open(&t.log, job->source, job->sha256,
							 job->target, &job->err))
		     : no_memory(job);
	if (rc == SUAN_OK && is_finished(&t))
		rc = report_again(&t);
	else if (rc == SUAN_OK)
		rc = bring_all(&t);
	if (rc == SUAN_OK) {
		/* After an exchange it holds what was at the target before. */
		if (suan_fs_remove_tree(t.stage, NULL) == SUAN_OK)
			suan_copy_log_remove(&t.log);
	}
	suan_copy_log_close(&t.log);
	suan_manifest_done(&t.list);
	if (t.root >= 0)
		(void)close(t.root);
	if (t.stage_fd >= 0)
		(void)close(t.stage_fd);
	free(t.stage);
	return rc;
}

/* ---- sending ---- */

static enum suan_code send_entry(struct tree *t, const struct suan_manifest_entry *entry)
{
	struct suan_copy_job *job = t->job;
	struct suan_manifest_entry e = *entry;
	uint64_t before = atomic_load(&job->done);
	char *address;
	enum suan_code rc = SUAN_OK;

	if (e.kind == 'l')
		return suan_copy_fail(job, SUAN_COPY_REFUSED, SUAN_EINVAL,
				      "%.200s is a link, which cannot be copied to %.200s", e.path,
				      job->target);
	if (e.kind != 'd') { /* an empty folder is in the manifest only */
		address = address_of(suan_copy_place_of(job->target), job->target, e.path);
		rc = address ? suan_copy_send_file(job, t->root, e.path, address, e.sha256)
			     : no_memory(job);
		free(address);
		e.bytes = atomic_load(&job->done) - before;
	}
	return rc == SUAN_OK ? suan_manifest_add(&job->found, &e, &job->err) : rc;
}

enum suan_code suan_copy_send_tree(struct suan_copy_job *job)
{
	struct tree t = {.job = job, .place = SUAN_COPY_LOCAL, .root = -1, .stage_fd = -1};
	enum suan_code rc = SUAN_OK;

	if (job->sha256[0]) { /* what is not right is not sent at all */
		rc = suan_copy_scan_tree(job->source, &job->found, pass, job, &job->err);
		if (rc == SUAN_OK)
			rc = suan_copy_conclude(job);
		suan_manifest_done(&job->found);
		suan_buf_reset(&job->manifest);
	}
	atomic_store(&job->done, 0);
	if (rc == SUAN_OK)
		rc = list_source(&t);
	for (size_t i = 0; rc == SUAN_OK && i < t.list.count; i++)
		rc = send_entry(&t, &t.list.list[i]);
	if (rc == SUAN_OK)
		rc = suan_manifest_seal(&job->found, &job->err);
	if (rc == SUAN_OK)
		rc = suan_copy_conclude(job);
	if (rc == SUAN_OK)
		rc = check_unchanged(&t);
	suan_manifest_done(&t.list);
	if (t.root >= 0)
		(void)close(t.root);
	return rc;
}
