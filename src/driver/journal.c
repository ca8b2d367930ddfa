#include "driver/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/hash.h"
#include "sys/fs.h"
#include "sys/oserr.h"

#define HEAD_BYTES  8
#define TAIL_BYTES  8 /* pid and pid inverted */
#define HAS_TAIL    0x80000000u
#define RECORD_MAX  (1u << 20)
#define BOOT_ID_MAX 64

struct suan_journal {
	char *path; /* owned */
	int fd;
	size_t bytes;	     /* of whole records in the file */
	bool torn;	     /* a piece of a record follows them, and could not be cut off */
	bool stale;	     /* another file has taken the place of fd's, and could not be opened */
	struct suan_buf out; /* put, not written */
	struct suan_buf note;
	char boot_id[BOOT_ID_MAX];
};

static void set_u32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(unsigned char)(v >> (8 * i));
}

static uint32_t get_u32(const char *p)
{
	uint32_t v = 0;

	for (int i = 3; i >= 0; i--)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static enum suan_code open_file(struct suan_journal *j, struct suan_err *err)
{
	int fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return suan_fail_os(err, errno, "cannot open %s", j->path);
	if (j->fd >= 0)
		(void)close(j->fd);
	j->fd = fd;
	j->stale = false;
	return SUAN_OK;
}

/* Before anything is appended: what would follow a torn record, or go into the old file, would
 * never be read. */
static enum suan_code mend(struct suan_journal *j, struct suan_err *err)
{
	if (j->stale) {
		enum suan_code rc = open_file(j, err);

		if (rc != SUAN_OK)
			return rc;
	}
	if (j->torn && ftruncate(j->fd, (off_t)j->bytes) < 0)
		return suan_fail_os(err, errno, "cannot cut the torn end of %s", j->path);
	j->torn = false;
	return SUAN_OK;
}

static uint32_t check_of(const char *p, size_t n)
{
	return (uint32_t)suan_hash_bytes(SUAN_HASH_START, p, n);
}

/* Appends a record; the last tail bytes of it are zeros that a child fills. */
static enum suan_code add_record(struct suan_buf *b, const struct suan_herd_message *m, size_t tail)
{
	static const char none[HEAD_BYTES];
	size_t at = b->len;
	size_t n;
	enum suan_code rc;

	(void)suan_buf_add(b, none, HEAD_BYTES);
	suan_herd_put(b, m);
	n = b->len - at - HEAD_BYTES;
	(void)suan_buf_add(b, none, tail);
	rc = suan_buf_ok(b, NULL);
	if (rc != SUAN_OK) {
		suan_buf_cut(b, at);
		b->failed = SUAN_OK;
		return rc;
	}
	set_u32(b->data + at, (uint32_t)(n + tail) | (tail ? HAS_TAIL : 0));
	set_u32(b->data + at + 4, check_of(b->data + at + HEAD_BYTES, n));
	return SUAN_OK;
}

static enum suan_code put_message(struct suan_journal *j, const struct suan_herd_message *m)
{
	return add_record(&j->out, m, 0);
}

enum suan_code suan_journal_note(struct suan_journal *j, struct suan_run_id id,
				 struct suan_spawn_note *ret)
{
	struct suan_herd_message m = {.kind = SUAN_HERD_RUN,
				      .run = {.id = id, .state = SUAN_HERD_FORKED}};
	enum suan_code rc;

	suan_buf_reset(&j->note);
	rc = mend(j, NULL);
	if (rc == SUAN_OK)
		rc = add_record(&j->note, &m, TAIL_BYTES);
	if (rc == SUAN_OK)
		*ret = (struct suan_spawn_note){.fd = j->fd,
						.bytes = j->note.data,
						.n = j->note.len,
						.pid_at = j->note.len - TAIL_BYTES};
	return rc;
}

void suan_journal_noted(struct suan_journal *j, unsigned times, bool torn)
{
	j->bytes += times * j->note.len;
	if (!torn)
		return;
	j->torn = true;
	(void)mend(j, NULL); /* else before the next record */
}

enum suan_code suan_journal_put(struct suan_journal *j, const struct suan_herd_run *run)
{
	struct suan_herd_message m = {.kind = SUAN_HERD_RUN, .run = *run};

	return put_message(j, &m);
}

enum suan_code suan_journal_forget(struct suan_journal *j, struct suan_run_id id)
{
	struct suan_herd_message m = {.kind = SUAN_HERD_FORGET, .run = {.id = id}};

	return put_message(j, &m);
}

void suan_journal_drop(struct suan_journal *j)
{
	suan_buf_reset(&j->out);
}

bool suan_journal_pending(const struct suan_journal *j)
{
	return j->out.len > 0;
}

size_t suan_journal_bytes(const struct suan_journal *j)
{
	return j->bytes;
}

const char *suan_journal_boot_id(const struct suan_journal *j)
{
	return j->boot_id;
}

enum suan_code suan_journal_write(struct suan_journal *j, bool durable, struct suan_err *err)
{
	enum suan_code rc;
	ssize_t n;

	if (j->out.len == 0)
		return SUAN_OK;
	rc = mend(j, err);
	if (rc != SUAN_OK)
		return rc;
	do
		n = write(j->fd, j->out.data, j->out.len);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)j->out.len) {
		int e = n < 0 ? errno : ENOSPC;

		j->torn = n > 0;
		(void)mend(j, NULL); /* else before the next write */
		return suan_fail_os(err, e, "cannot write %s", j->path);
	}
	j->bytes += (size_t)n;
	suan_buf_reset(&j->out);
	if (durable && fdatasync(j->fd) < 0)
		return suan_fail_os(err, errno, "cannot sync %s", j->path);
	return SUAN_OK;
}

/* ---- reading ---- */

static void take_message(struct suan_journal *j, const struct suan_herd_message *m,
			 suan_journal_fn *fn, void *ctx)
{
	if (m->kind == SUAN_HERD_HELLO)
		strncpy(j->boot_id, m->text, BOOT_ID_MAX - 1);
	else if (m->kind == SUAN_HERD_RUN || m->kind == SUAN_HERD_FORGET)
		fn(ctx, &m->run, m->kind == SUAN_HERD_FORGET);
}

/* Reads the record of n bytes at p. false: damaged. */
static bool read_record(const char *p, size_t n, struct suan_arena *arena,
			struct suan_herd_message *ret)
{
	bool tail = (get_u32(p) & HAS_TAIL) != 0;
	uint32_t pid;

	if (tail && n < TAIL_BYTES)
		return false;
	if (tail)
		n -= TAIL_BYTES;
	if (check_of(p + HEAD_BYTES, n) != get_u32(p + 4) ||
	    !suan_herd_get(p + HEAD_BYTES, n, arena, ret))
		return false;
	if (!tail)
		return true;
	pid = get_u32(p + HEAD_BYTES + n);
	ret->run.pid = pid;
	return get_u32(p + HEAD_BYTES + n + 4) == ~pid;
}

/* Bytes of whole, undamaged records from the start. */
static size_t replay(struct suan_journal *j, const struct suan_buf *b, suan_journal_fn *fn,
		     void *ctx)
{
	struct suan_herd_message m;
	struct suan_arena arena;
	size_t at = 0;

	suan_arena_init(&arena, 0);
	while (b->len - at >= HEAD_BYTES) {
		size_t n = get_u32(b->data + at) & ~HAS_TAIL;

		if (n == 0 || n > RECORD_MAX || n > b->len - at - HEAD_BYTES ||
		    !read_record(b->data + at, n, &arena, &m))
			break;
		take_message(j, &m, fn, ctx);
		at += HEAD_BYTES + n;
		suan_arena_reset(&arena);
	}
	suan_arena_done(&arena);
	return at;
}

enum suan_code suan_journal_open(struct suan_journal **ret, const char *path, suan_journal_fn *fn,
				 void *ctx, struct suan_err *err)
{
	struct suan_journal *j = calloc(1, sizeof(*j));
	struct suan_buf b;
	enum suan_code rc;

	suan_buf_init(&b, 0);
	if (j)
		j->fd = -1;
	if (!j || !(j->path = strdup(path))) {
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
		goto out;
	}
	suan_buf_init(&j->out, 0);
	suan_buf_init(&j->note, 0);
	rc = open_file(j, err);
	if (rc == SUAN_OK)
		rc = suan_fs_read(path, &b, err);
	if (rc != SUAN_OK)
		goto out;
	j->bytes = b.len > 0 ? replay(j, &b, fn, ctx) : 0;
	if (j->bytes < b.len && ftruncate(j->fd, (off_t)j->bytes) < 0) {
		rc = suan_fail_os(err, errno, "cannot cut the torn end of %s", path);
		goto out;
	}
	*ret = j;
	j = NULL;
out:
	suan_buf_done(&b);
	suan_journal_close(j);
	return rc;
}

void suan_journal_close(struct suan_journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		(void)close(j->fd);
	suan_buf_done(&j->out);
	suan_buf_done(&j->note);
	free(j->path);
	free(j);
}

enum suan_code suan_journal_begin(struct suan_journal *j, const char *boot_id)
{
	struct suan_herd_message m = {
		.kind = SUAN_HERD_HELLO, .version = SUAN_HERD_VERSION, .text = boot_id};

	assert(j->out.len == 0);
	return put_message(j, &m);
}

/* Is the file at the path another than ours? Writing anew may fail after the rename. */
static bool was_replaced(const struct suan_journal *j)
{
	struct stat ours, now;

	return fstat(j->fd, &ours) < 0 || stat(j->path, &now) < 0 || ours.st_dev != now.st_dev ||
	       ours.st_ino != now.st_ino;
}

enum suan_code suan_journal_commit(struct suan_journal *j, struct suan_err *err)
{
	size_t n = j->out.len;
	enum suan_code mended;
	enum suan_code rc = suan_fs_write(j->path, suan_buf_str(&j->out), n, 0600, true, err);

	suan_buf_reset(&j->out);
	if (rc != SUAN_OK && !was_replaced(j))
		return rc;
	j->bytes = n;
	j->torn = false;
	j->stale = true;
	mended = mend(j, rc == SUAN_OK ? err : NULL); /* else before the next write */
	return rc == SUAN_OK ? mended : rc;
}
