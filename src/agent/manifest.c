#include "agent/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "sys/crypto.h"

#define NAME_BYTES_MAX 255
#define BYTES_MAX      (INT64_MAX / 16)
#define NO_SUM	       "0000000000000000000000000000000000000000000000000000000000000000"

void suan_manifest_done(struct suan_manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		free((char *)(uintptr_t)m->list[i].path);
	free(m->list);
	*m = (struct suan_manifest){0};
}

/* ---- what may stand in one ---- */

bool suan_manifest_path_ok(const char *path)
{
	if (strlen(path) > SUAN_MANIFEST_PATH_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || n > NAME_BYTES_MAX || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

bool suan_manifest_link_ok(const char *path, const char *text)
{
	size_t up = 0, above = 0;
	bool named = false;

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/'))
		above++;
	if (text[0] == '/' || text[0] == '\0' || strlen(text) > SUAN_MANIFEST_PATH_MAX)
		return false;
	for (const char *p = text; *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");
		bool dots = n == 2 && p[0] == '.' && p[1] == '.';

		/* Where ".." behind a name leads is a matter of that name's own link. */
		if (dots && (named || ++up > above))
			return false;
		named = named || (!dots && !(n == 1 && p[0] == '.'));
		p += n;
	}
	return true;
}

static bool hex_ok(const char *hex, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(hex[i] >= '0' && hex[i] <= '9') && !(hex[i] >= 'a' && hex[i] <= 'f'))
			return false;
	return n == 64;
}

/* What is wrong with it; NULL: nothing. */
static const char *entry_fault(const struct suan_manifest_entry *e)
{
	if (!e->kind || !strchr("fxld", e->kind))
		return "no such kind; there are f, x, l and d";
	if (!hex_ok(e->sha256, strnlen(e->sha256, 65)))
		return "no SHA-256 of 64 digits 0-9a-f";
	if (e->kind == 'd' && (e->bytes != 0 || strcmp(e->sha256, NO_SUM) != 0))
		return "an empty folder has 64 zeros and 0 bytes";
	if (e->bytes > BYTES_MAX)
		return "a size above 2^59 - 1";
	if (!suan_manifest_path_ok(e->path))
		return "no relative path without empty, \".\" and \"..\" parts";
	return NULL;
}

enum suan_code suan_manifest_add(struct suan_manifest *m, const struct suan_manifest_entry *e,
				 struct suan_err *err)
{
	const char *fault = entry_fault(e);
	char *path;

	if (fault)
		return suan_fail(err, SUAN_EINVAL, "entry \"%.200s\": %s", e->path, fault);
	if (m->bytes + e->bytes > BYTES_MAX)
		return suan_fail(err, SUAN_EINVAL, "entry \"%.200s\": all above 2^59 - 1 bytes",
				 e->path);
	path = strdup(e->path);
	if (!path || suan_grow(&m->list, &m->cap, m->count + 1, sizeof(*m->list)) != SUAN_OK) {
		free(path);
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	m->list[m->count] = *e;
	m->list[m->count++].path = path;
	m->bytes += e->bytes;
	return SUAN_OK;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct suan_manifest_entry *)a)->path,
		      ((const struct suan_manifest_entry *)b)->path);
}

const struct suan_manifest_entry *suan_manifest_find(const struct suan_manifest *m,
						     const char *path)
{
	struct suan_manifest_entry key = {.path = path};

	return m->count ? bsearch(&key, m->list, m->count, sizeof(*m->list), by_path) : NULL;
}

/* A folder above path that is an entry itself; NULL: none. */
static const char *entry_above(const struct suan_manifest *m, const char *path)
{
	char above[SUAN_MANIFEST_PATH_MAX + 1];

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		const struct suan_manifest_entry *e;

		memcpy(above, path, (size_t)(p - path));
		above[p - path] = '\0';
		e = suan_manifest_find(m, above);
		if (e)
			return e->path;
	}
	return NULL;
}

enum suan_code suan_manifest_seal(struct suan_manifest *m, struct suan_err *err)
{
	if (m->count > 1)
		qsort(m->list, m->count, sizeof(*m->list), by_path);
	for (size_t i = 0; i < m->count; i++) {
		const char *path = m->list[i].path, *above;

		if (i > 0 && strcmp(m->list[i - 1].path, path) == 0)
			return suan_fail(err, SUAN_EINVAL, "\"%.300s\" is there twice", path);
		above = entry_above(m, path);
		if (above)
			return suan_fail(err, SUAN_EINVAL,
					 "\"%.200s\" is an entry itself and the folder of "
					 "\"%.200s\"",
					 above, path);
	}
	return SUAN_OK;
}

/* ---- text ---- */

enum suan_code suan_manifest_print_entry(const struct suan_manifest_entry *e, struct suan_buf *out)
{
	suan_buf_addc(out, e->kind);
	suan_buf_addc(out, ' ');
	suan_buf_adds(out, e->sha256);
	suan_buf_addc(out, ' ');
	suan_buf_add_u64(out, e->bytes);
	suan_buf_addc(out, ' ');
	for (const char *p = e->path; *p;) {
		size_t n = strcspn(p, "\\\n");

		suan_buf_add(out, p, n);
		p += n;
		if (*p)
			suan_buf_adds(out, *p++ == '\n' ? "\\n" : "\\\\");
	}
	suan_buf_addc(out, '\n');
	return suan_buf_ok(out, NULL);
}

enum suan_code suan_manifest_print(const struct suan_manifest *m, struct suan_buf *out,
				   struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	suan_buf_adds(out, SUAN_MANIFEST_FIRST);
	for (size_t i = 0; i < m->count && rc == SUAN_OK; i++)
		rc = suan_manifest_print_entry(&m->list[i], out);
	return rc == SUAN_OK ? suan_buf_ok(out, err) : suan_fail(err, rc, "out of memory");
}

/* Undoes the escapes of n bytes. What is wrong, or NULL. */
static const char *read_path(const char *text, size_t n, char *path)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c == '\0')
			return "a NUL byte in the path";
		if (c == '\\') {
			if (++i == n || (text[i] != '\\' && text[i] != 'n'))
				return "\"\\\" that is followed by neither \"\\\" nor \"n\"";
			c = text[i] == 'n' ? '\n' : '\\';
		}
		if (len == SUAN_MANIFEST_PATH_MAX)
			return "a path that is too long";
		path[len++] = c;
	}
	path[len] = '\0';
	return NULL;
}

/* Digits without zeros before them, then a blank. */
static bool read_number(const char **p, const char *end, uint64_t *ret)
{
	const char *first = *p;
	uint64_t v = 0;

	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
		if (v > BYTES_MAX)
			return false;
		v = v * 10 + (uint64_t)(**p - '0');
	}
	if (*p == first || (*first == '0' && *p > first + 1) || *p == end || **p != ' ')
		return false;
	(*p)++;
	*ret = v;
	return true;
}

const char *suan_manifest_read_entry(const char *text, size_t n, struct suan_manifest_entry *e,
				     char *path, size_t *ret_used)
{
	const char *end = memchr(text, '\n', n), *p = text, *fault;

	if (!end)
		return "a line without end";
	if (end - p < 68 || p[1] != ' ' || p[66] != ' ')
		return "no line of kind, SHA-256, size and path";
	e->kind = p[0];
	memcpy(e->sha256, p + 2, 64);
	e->sha256[64] = '\0';
	p += 67;
	if (!read_number(&p, end, &e->bytes))
		return "no size in bytes after the SHA-256";
	fault = read_path(p, (size_t)(end - p), path);
	e->path = path;
	if (!fault)
		fault = entry_fault(e);
	*ret_used = (size_t)(end - text) + 1;
	return fault;
}

static enum suan_code read_lines(struct suan_manifest *m, const char *text, size_t n,
				 struct suan_err *err)
{
	char path[SUAN_MANIFEST_PATH_MAX + 1], last[SUAN_MANIFEST_PATH_MAX + 1] = "";
	struct suan_manifest_entry e;
	size_t used, first = strlen(SUAN_MANIFEST_FIRST);
	unsigned long line = 2;

	if (n < first || memcmp(text, SUAN_MANIFEST_FIRST, first) != 0)
		return suan_fail(err, SUAN_EINVAL, "line 1: want \"suan-manifest 1\"");
	for (size_t at = first; at < n; at += used, line++) {
		const char *fault = suan_manifest_read_entry(text + at, n - at, &e, path, &used);
		enum suan_code rc;

		if (!fault && line > 2 && strcmp(last, path) >= 0)
			fault = "not sorted by path";
		if (fault)
			return suan_fail(err, SUAN_EINVAL, "line %lu: %s", line, fault);
		rc = suan_manifest_add(m, &e, err);
		if (rc != SUAN_OK)
			return rc;
		memcpy(last, path, strlen(path) + 1);
	}
	return suan_manifest_seal(m, err);
}

enum suan_code suan_manifest_read(struct suan_manifest *m, const char *text, size_t n,
				  struct suan_err *err)
{
	enum suan_code rc = read_lines(m, text, n, err);

	if (rc != SUAN_OK) {
		suan_manifest_done(m);
		suan_err_prefix(err, "manifest");
	}
	return rc;
}

enum suan_code suan_manifest_identity(const struct suan_manifest *m, char hex[65],
				      struct suan_err *err)
{
	struct suan_sha256 sha;
	struct suan_buf b;
	enum suan_code rc;

	suan_buf_init(&b, 0);
	rc = suan_manifest_print(m, &b, err);
	if (rc == SUAN_OK) {
		suan_sha256_init(&sha);
		suan_sha256_add(&sha, b.data, b.len);
		suan_sha256_hex(&sha, hex);
	}
	suan_buf_done(&b);
	return rc;
}
