#include "sys/reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "sys/fs_parts.h"
#include "sys/oserr.h"

#define PIECE 262144u

enum form {
	UNKNOWN,
	PLAIN,
	PACKED
};

struct suan_file_reader {
	char *name; /* owned */
	int fd;
	bool close_fd;
	bool ended; /* nothing more comes from the file */
	bool failed;
	enum form form;
	uint64_t got, total; /* bytes taken from the file; its size, 0 = unknown */
	uint64_t unpacked;
	z_stream z;
	bool inflating; /* z is set up */
	bool inside;	/* of a member: its end has not come */
	unsigned char in[PIECE], out[PIECE];
};

static enum suan_code fill(struct suan_file_reader *r, struct suan_err *err)
{
	ssize_t n;

	do
		n = read(r->fd, r->in, sizeof(r->in));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return suan_fail_os(err, errno, "cannot read %s", r->name);
	r->ended = n == 0;
	r->got += (uint64_t)n;
	r->z.next_in = r->in;
	r->z.avail_in = (uInt)n;
	return SUAN_OK;
}

enum suan_code suan_file_reader_open(const char *path, struct suan_file_reader **ret,
				     struct suan_err *err)
{
	bool standard = strcmp(path, "-") == 0;
	struct suan_file_reader *r = calloc(1, sizeof(*r));
	struct stat st;

	if (r)
		r->name = strdup(standard ? "standard input" : path);
	if (!r || !r->name) {
		free(r);
		return suan_fail(err, SUAN_ENOMEM, "no memory to read %s", path);
	}
	r->fd = standard ? STDIN_FILENO : suan_fs_open(path, O_RDONLY, 0);
	if (r->fd < 0) {
		int why = errno;

		suan_file_reader_close(r);
		return suan_fail_os(err, why, "cannot open %s", path);
	}
	r->close_fd = !standard;
	if (fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode))
		r->total = (uint64_t)st.st_size;
	*ret = r;
	return SUAN_OK;
}

void suan_file_reader_close(struct suan_file_reader *r)
{
	if (!r)
		return;
	if (r->inflating)
		(void)inflateEnd(&r->z);
	if (r->close_fd)
		(void)close(r->fd);
	free(r->name);
	free(r);
}

static unsigned long long place(const struct suan_file_reader *r)
{
	return (unsigned long long)(r->got - r->z.avail_in);
}

/* ---- gzip ---- */

static bool begins_member(const struct suan_file_reader *r)
{
	return r->z.avail_in >= 2 && r->z.next_in[0] == 0x1f && r->z.next_in[1] == 0x8b;
}

/* One more byte behind those that are there, so that two can be looked at. */
static enum suan_code fill_behind(struct suan_file_reader *r, struct suan_err *err)
{
	unsigned char first = *r->z.next_in;
	ssize_t n;

	r->in[0] = first;
	do
		n = read(r->fd, r->in + 1, sizeof(r->in) - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return suan_fail_os(err, errno, "cannot read %s", r->name);
	r->ended = n == 0;
	r->got += (uint64_t)n;
	r->z.next_in = r->in;
	r->z.avail_in = (uInt)n + 1;
	return SUAN_OK;
}

static enum suan_code begin_member(struct suan_file_reader *r, struct suan_err *err)
{
	int rc = r->inflating ? inflateReset(&r->z) : inflateInit2(&r->z, 15 + 16);

	if (rc != Z_OK)
		return suan_fail(err, SUAN_ENOMEM, "no memory to unpack %s", r->name);
	r->inflating = true;
	r->inside = true;
	return SUAN_OK;
}

/* Between members: zeros that fill a block may follow, or another member, or the end. */
static enum suan_code next_member(struct suan_file_reader *r, struct suan_err *err)
{
	while (r->z.avail_in > 0 && *r->z.next_in == 0) {
		r->z.next_in++;
		r->z.avail_in--;
	}
	if (r->z.avail_in == 0)
		return SUAN_OK;
	if (r->z.avail_in == 1 && !r->ended) {
		enum suan_code rc = fill_behind(r, err);

		if (rc != SUAN_OK)
			return rc;
	}
	if (!begins_member(r))
		return suan_fail(err, SUAN_ECORRUPT,
				 "%s: byte %llu: found other bytes behind the gzip data, want the "
				 "end of the file",
				 r->name, place(r));
	return begin_member(r, err);
}

static enum suan_code unpack_some(struct suan_file_reader *r, struct suan_err *err)
{
	int rc = inflate(&r->z, Z_NO_FLUSH);

	if (rc == Z_STREAM_END)
		r->inside = false;
	if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR)
		return SUAN_OK;
	if (rc == Z_MEM_ERROR)
		return suan_fail(err, SUAN_ENOMEM, "no memory to unpack %s", r->name);
	return suan_fail(err, SUAN_ECORRUPT,
			 "%s: byte %llu: damaged gzip data (%s) after %llu unpacked bytes", r->name,
			 place(r), r->z.msg ? r->z.msg : "it needs a dictionary",
			 (unsigned long long)r->unpacked + (sizeof(r->out) - r->z.avail_out));
}

static enum suan_code next_unpacked(struct suan_file_reader *r, size_t *ret_n, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	r->z.next_out = r->out;
	r->z.avail_out = sizeof(r->out);
	while (rc == SUAN_OK && r->z.avail_out > 0) {
		if (r->z.avail_in == 0 && !r->ended)
			rc = fill(r, err);
		else if (r->inside && r->z.avail_in == 0)
			return suan_fail(err, SUAN_ECORRUPT,
					 "%s: byte %llu: the gzip data ends early, after %llu "
					 "unpacked bytes",
					 r->name, place(r),
					 (unsigned long long)r->unpacked +
						 (sizeof(r->out) - r->z.avail_out));
		else if (r->inside)
			rc = unpack_some(r, err);
		else if (r->z.avail_in == 0)
			break;
		else
			rc = next_member(r, err);
	}
	*ret_n = sizeof(r->out) - r->z.avail_out;
	r->unpacked += *ret_n;
	return rc;
}

/* ---- pieces ---- */

static enum suan_code look_at_form(struct suan_file_reader *r, struct suan_err *err)
{
	enum suan_code rc = fill(r, err);

	if (rc == SUAN_OK && r->z.avail_in == 1)
		rc = fill_behind(r, err);
	if (rc != SUAN_OK)
		return rc;
	r->form = begins_member(r) ? PACKED : PLAIN;
	return r->form == PACKED ? begin_member(r, err) : SUAN_OK;
}

static enum suan_code next_plain(struct suan_file_reader *r, size_t *ret_n, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	if (r->z.avail_in == 0 && !r->ended)
		rc = fill(r, err);
	*ret_n = r->z.avail_in;
	r->z.avail_in = 0;
	return rc;
}

enum suan_code suan_file_reader_next(struct suan_file_reader *r, const void **ret, size_t *ret_n,
				     struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;
	size_t n = 0;

	assert(!r->failed);
	if (r->form == UNKNOWN)
		rc = look_at_form(r, err);
	if (rc == SUAN_OK)
		rc = r->form == PACKED ? next_unpacked(r, &n, err) : next_plain(r, &n, err);
	if (rc != SUAN_OK) {
		r->failed = true;
		return rc;
	}
	*ret = r->form == PACKED ? r->out : r->in;
	*ret_n = n;
	return SUAN_OK;
}

void suan_file_reader_progress(const struct suan_file_reader *r, uint64_t *ret_read,
			       uint64_t *ret_total)
{
	*ret_read = r->got - r->z.avail_in;
	*ret_total = r->total;
}

const char *suan_file_reader_name(const struct suan_file_reader *r)
{
	return r->name;
}
