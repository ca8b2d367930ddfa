/* What a data set made of many files consists of: kind, SHA-256, size and path of every entry,
 * sorted by path. The text form is canonical, so that its SHA-256 is the identity of the set:
 *	suan-manifest 1
 *	f 9f86…0a08 4 a/file
 * Kinds: f file, x file that may be executed, l link (digest and size of its text), d empty folder
 * (64 zeros, 0). In paths, "\\" stands for a backslash and "\n" for a line feed. */
#ifndef SUAN_AGENT_MANIFEST_H
#define SUAN_AGENT_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SUAN_MANIFEST_PATH_MAX 4095
#define SUAN_MANIFEST_FIRST    "suan-manifest 1\n"

struct suan_manifest_entry {
	char kind; /* 'f', 'x', 'l', 'd' */
	char sha256[65];
	uint64_t bytes;
	const char *path; /* owned by the manifest; relative */
};

struct suan_manifest { /* zeroed = empty */
	struct suan_manifest_entry *list;
	size_t count, cap;
	uint64_t bytes; /* of all files */
};

void suan_manifest_done(struct suan_manifest *m);
/* A path that may stand in a manifest: relative, no empty part, "." or "..", not too long. */
bool suan_manifest_path_ok(const char *path);
/* Does a link that stands at path (below the root) with this text stay in the tree, whatever other
 * links there are? Only "../" at the beginning, and not above the root. */
bool suan_manifest_link_ok(const char *path, const char *text);
/* Copies. EINVAL: path or kind not permitted. Sorted by suan_manifest_seal. */
SUAN_MUSTUSE enum suan_code suan_manifest_add(struct suan_manifest *m,
					      const struct suan_manifest_entry *e,
					      struct suan_err *err);
/* Sorts. EINVAL: a path is there twice, or is a folder and something else. */
SUAN_MUSTUSE enum suan_code suan_manifest_seal(struct suan_manifest *m, struct suan_err *err);
/* Appends the text of a sealed one. */
SUAN_MUSTUSE enum suan_code suan_manifest_print(const struct suan_manifest *m, struct suan_buf *out,
						struct suan_err *err);
/* Reads text into *m, which is empty; sealed afterwards. EINVAL names line and fault; only the
 * canonical form is taken. On failure *m is empty. */
SUAN_MUSTUSE enum suan_code suan_manifest_read(struct suan_manifest *m, const char *text, size_t n,
					       struct suan_err *err);
/* One line of it, with its line feed. */
SUAN_MUSTUSE enum suan_code suan_manifest_print_entry(const struct suan_manifest_entry *e,
						      struct suan_buf *out);
/* Reads the line at text; *ret_used counts its bytes. path: room for PATH_MAX + 1, which e->path
 * points to. Returns what is wrong, or NULL. */
const char *suan_manifest_read_entry(const char *text, size_t n, struct suan_manifest_entry *e,
				     char *path, size_t *ret_used);
/* SHA-256 of the text of a sealed one. */
SUAN_MUSTUSE enum suan_code suan_manifest_identity(const struct suan_manifest *m, char hex[65],
						   struct suan_err *err);
/* Of a sealed one; NULL: not there. */
const struct suan_manifest_entry *suan_manifest_find(const struct suan_manifest *m,
						     const char *path);

#endif
