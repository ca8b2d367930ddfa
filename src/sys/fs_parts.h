/* Inside of the file functions, shared by fs.c, fs_tree.c and reader.c only. */
#ifndef SUAN_SYS_FS_PARTS_H
#define SUAN_SYS_FS_PARTS_H

#include <stddef.h>

#include "base/err.h"

struct suan_slice {
	const void *bytes;	/* borrowed */
	size_t n;
};

/* open(2), close-on-exec, not interrupted. −1: see errno. */
int suan_fs_open(const char *path, int flags, unsigned mode);
int suan_fs_write_all(int fd, const void *bytes, size_t n);	/* 0 or errno */
/* A name beside path that nobody else uses. Owned; NULL = no memory. */
char *suan_fs_temp_name(const char *path);

#endif
