/* Files and folders. Paths are byte strings. Errors: NOTFOUND, EDENIED, EFULL, EIO with the path
 * and the system's reason in the text. */
#ifndef SUAN_SYS_FS_H
#define SUAN_SYS_FS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the whole file to *out; ETOOBIG when out's limit is passed. */
SUAN_MUSTUSE enum suan_code suan_fs_read(const char *path, struct suan_buf *out,
					 struct suan_err *err);
/* Reads up to n bytes from offset; *ret_n = 0 at the end. */
SUAN_MUSTUSE enum suan_code suan_fs_read_at(const char *path, uint64_t offset, void *buf, size_t n,
					    size_t *ret_n, struct suan_err *err);
/* Writes to a temporary name beside it, fsyncs file and folder when durable, renames over path. */
SUAN_MUSTUSE enum suan_code suan_fs_write(const char *path, const void *bytes, size_t n,
					  unsigned mode, bool durable, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_fs_mkdirs(const char *path, unsigned mode, struct suan_err *err);
/* Makes one folder; ECONFLICT: something of that name is there, whoever made it. */
SUAN_MUSTUSE enum suan_code suan_fs_mkdir(const char *path, unsigned mode, struct suan_err *err);
/* Puts the names of an absolute path, its own and those of all folders above, on the disk; those in
 * folders that we may not read are left as they are. */
SUAN_MUSTUSE enum suan_code suan_fs_sync_names(const char *path, struct suan_err *err);
/* Makes the last rename, creation or removal of path durable. */
SUAN_MUSTUSE enum suan_code suan_fs_sync_folder_of(const char *path, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_fs_remove_tree(const char *path, struct suan_err *err);
bool suan_fs_exists(const char *path);
bool suan_fs_is_dir(const char *path);
/* Copies a file or a folder tree; when sha256_hex is not NULL it gets 64 digits and NUL: of the
 * bytes of a file, or of the sorted list of "digest  path" lines of a tree. Atomic per file
 * (temporary name, then rename); repeating it is safe. Keeps modes and modification times. */
SUAN_MUSTUSE enum suan_code suan_fs_copy(const char *from, const char *to, char *sha256_hex,
					 uint64_t *ret_bytes, struct suan_err *err);
/* The same with a say in how it is done, and more of what came of it. */
struct suan_fs_copying {
	const atomic_bool *cancel; /* looked at before every piece and file; NULL = never. Once
				    * set: EREFUSED, and no file is left half written */
	bool durable;		   /* on the disk, names too, before it returns */
	char sha256_hex[65];	   /* out */
	uint64_t bytes;		   /* out */
	bool at_target;		   /* out, after a failure: not what is copied is at fault */
};
SUAN_MUSTUSE enum suan_code suan_fs_copy_as(const char *from, const char *to,
					    struct suan_fs_copying *c, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_fs_sha256(const char *path, char sha256_hex[65],
					   struct suan_err *err);
/* Takes an exclusive lock on a file (made if missing, holds the pid as text). EBUSY: held by
 * another process, whose pid is in the text. Closing *ret_fd gives it up. */
SUAN_MUSTUSE enum suan_code suan_fs_lock(const char *path, int *ret_fd, struct suan_err *err);
/* Absolute, normalised without touching links: joins with cwd when relative. Owned; NULL = no
 * memory. */
char *suan_fs_absolute(const char *path);
/* Names in a folder, sorted, one after the other with NULs; owned by *out. */
SUAN_MUSTUSE enum suan_code suan_fs_list(const char *path, struct suan_buf *out, size_t *ret_count,
					 struct suan_err *err);

#endif
