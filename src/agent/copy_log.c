#include "agent/copy_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/copy_part.h"
#include "base/grow.h"
#include "base/num.h"
#include "sys/crypto.h"
#include "sys/fs.h"
#include "sys/oserr.h"

#define FIRST_MAX 256
#define DONE	  "done "

/* ---- reading ---- */

static bool take_entry(struct suan_copy_log *log, const char *version,
		       const struct suan_manifest_entry *e)
{
	struct suan_copy_logged *l;

	if (suan_grow(&log->list, &log->cap, log->count + 1, sizeof(*l)) != SUAN_OK)
		return false;
	l = &log->list[log->count];
	l->e = *e;
	l->e.path = strdup(e->path);
	l->order = log->count;
	memcpy(l->version, version, 64);
	l->version[64] = '\0';
	log->count += l->e.path != NULL;
	return l->e.path != NULL;
}

static bool take_done(struct suan_copy_log *log, const char *line, size_t n)
{
	char number[24];

	n -= strlen(DONE) + 1;
	if (n == 0 || n >= sizeof(number))
		return false;
	memcpy(number, line + strlen(DONE), n);
	number[n] = '\0';
	return suan_parse_u64(number, &log->inode, NULL) == SUAN_OK;
}

/* 64 bytes of lower case hexadecimal. The text need not end with a NUL. */
static bool is_digest(const char *s)
{
	for (int i = 0; i < 64; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

static int by_path(const void *a, const void *b)
{
	const struct suan_copy_logged *x = a, *y = b;
	int c = strcmp(x->e.path, y->e.path);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

bool suan_copy_log_read(struct suan_copy_log *log, const char *text, size_t n, const char *first,
			size_t *ret_good)
{
	char path[SUAN_MANIFEST_PATH_MAX + 1];
	size_t at = strlen(first), used;

	*ret_good = 0;
	if (n < at || memcmp(text, first, at) != 0)
		return true;
	for (*ret_good = at; at < n; at += used, *ret_good = at) {
		const char *line = text + at, *end = memchr(line, '\n', n - at);
		struct suan_manifest_entry e;

		if (!end)
			break;
		used = (size_t)(end - line) + 1;
		if (used > strlen(DONE) + 1 && memcmp(line, DONE, strlen(DONE)) == 0) {
			if (!take_done(log, line, used))
				break;
			continue;
		}
		if (used < 66 || !is_digest(line) || line[64] != ' ' ||
		    suan_manifest_read_entry(line + 65, n - at - 65, &e, path, &used))
			break;
		used += 65;
		log->inode = 0;
		if (!take_entry(log, line, &e))
			return false;
	}
	if (log->count > 1)
		qsort(log->list, log->count, sizeof(*log->list), by_path);
	return true;
}

const struct suan_copy_logged *suan_copy_log_find(const struct suan_copy_log *log, const char *path,
						  size_t *at)
{
	const struct suan_copy_logged *found = NULL;

	while (*at < log->count && strcmp(log->list[*at].e.path, path) < 0)
		(*at)++;
	while (*at < log->count && strcmp(log->list[*at].e.path, path) == 0)
		found = &log->list[(*at)++];
	return found;
}

/* ---- opening ---- */

/* The first line: what is copied, and after it the boot it was begun in. */
static void first_lines(const char *source, const char *want, const char *target, char *key,
			char *boot)
{
	struct suan_buf b;
	uint8_t digest[16];
	char id[64] = "";
	int n;

	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%s\n%s\n%s", source, want, target);
	suan_digest16(b.data, b.len, digest);
	suan_buf_done(&b);
	n = snprintf(key, FIRST_MAX, "suan-copy-tree 1 ");
	for (int i = 0; i < 16; i++)
		n += snprintf(key + n, FIRST_MAX - (size_t)n, "%02x", digest[i]);
	(void)snprintf(key + n, FIRST_MAX - (size_t)n, "\n");
	suan_copy_boot(id);
	(void)snprintf(boot, FIRST_MAX, "boot %s\n", id);
}

static enum suan_code begin_anew(struct suan_copy_log *log, const char *key, const char *boot,
				 struct suan_err *err)
{
	log->fresh = log->same_boot = true;
	if (ftruncate(log->fd, 0) < 0)
		return suan_fail_os(err, errno, "cannot write %s", log->path);
	suan_buf_adds(&log->pending, key);
	suan_buf_adds(&log->pending, boot);
	return suan_copy_log_flush(log, err);
}

static enum suan_code read_log(struct suan_copy_log *log, const char *key, const char *boot,
			       struct suan_err *err)
{
	char first[2 * FIRST_MAX];
	struct suan_buf b;
	enum suan_code rc;
	size_t good = 0, n = strlen(key);

	suan_buf_init(&b, 0);
	rc = suan_fs_read(log->path, &b, err);
	if (rc == SUAN_OK && b.len > n && memcmp(b.data, key, n) == 0 &&
	    strncmp(b.data + n, "boot ", 5) == 0) {
		(void)snprintf(first, sizeof(first), "%s%.*s\n", key,
			       (int)strcspn(b.data + n, "\n"), b.data + n);
		log->same_boot = strcmp(first + n, boot) == 0;
		if (!suan_copy_log_read(log, b.data, b.len, first, &good))
			rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	suan_buf_done(&b);
	if (rc == SUAN_OK && good == 0)
		return begin_anew(log, key, boot, err);
	if (rc == SUAN_OK &&
	    (ftruncate(log->fd, (off_t)good) < 0 || lseek(log->fd, 0, SEEK_END) < 0))
		rc = suan_fail_os(err, errno, "cannot write %s", log->path);
	return rc;
}

enum suan_code suan_copy_log_open(struct suan_copy_log *log, const char *source, const char *want,
				  const char *target, struct suan_err *err)
{
	char key[FIRST_MAX], boot[FIRST_MAX];
	enum suan_code rc;

	*log = (struct suan_copy_log){.fd = -1};
	suan_buf_init(&log->pending, 0);
	log->path = suan_copy_beside(target, "suan-journal");
	if (!log->path)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	first_lines(source, want, target, key, boot);
	rc = suan_copy_make_folder(target, err);
	if (rc == SUAN_OK)
		rc = suan_copy_lock(log->path, target, &log->fd, err);
	return rc == SUAN_OK ? read_log(log, key, boot, err) : rc;
}

void suan_copy_log_close(struct suan_copy_log *log)
{
	for (size_t i = 0; i < log->count; i++)
		free((char *)(uintptr_t)log->list[i].e.path);
	free(log->list);
	suan_buf_done(&log->pending);
	if (log->fd >= 0)
		(void)close(log->fd);
	free(log->path);
	*log = (struct suan_copy_log){.fd = -1};
}

void suan_copy_log_remove(struct suan_copy_log *log)
{
	(void)unlink(log->path);
}

/* ---- writing ---- */

enum suan_code suan_copy_log_add(struct suan_copy_log *log, const char *version,
				 const struct suan_manifest_entry *e, struct suan_err *err)
{
	size_t before = log->pending.len;
	enum suan_code rc;

	suan_buf_adds(&log->pending, version);
	suan_buf_addc(&log->pending, ' ');
	rc = suan_manifest_print_entry(e, &log->pending);
	if (rc == SUAN_OK)
		return SUAN_OK;
	/* A half line would spoil those after it. */
	suan_buf_cut(&log->pending, before);
	return suan_fail(err, rc, "out of memory");
}

enum suan_code suan_copy_log_flush(struct suan_copy_log *log, struct suan_err *err)
{
	const char *p = log->pending.data;
	size_t n = log->pending.len;

	if (n == 0)
		return SUAN_OK;
	while (n > 0) {
		ssize_t k = write(log->fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return suan_fail_os(err, k < 0 ? errno : EIO, "cannot write %s", log->path);
		p += k;
		n -= (size_t)k;
	}
	suan_buf_reset(&log->pending);
	if (fdatasync(log->fd) < 0)
		return suan_fail_os(err, errno, "cannot write %s", log->path);
	return SUAN_OK;
}

enum suan_code suan_copy_log_finish(struct suan_copy_log *log, uint64_t inode, struct suan_err *err)
{
	suan_buf_addf(&log->pending, DONE "%" PRIu64 "\n", inode);
	return suan_buf_ok(&log->pending, NULL) == SUAN_OK
		       ? suan_copy_log_flush(log, err)
		       : suan_fail(err, SUAN_ENOMEM, "out of memory");
}
