/* Errors of the system, errno, as our codes and texts. */
#ifndef SUAN_SYS_OSERR_H
#define SUAN_SYS_OSERR_H

#include "base/err.h"

/* ENOENT → NOTFOUND, EACCES → DENIED, ENOSPC → FULL, … else EIO. */
enum suan_code suan_os_code(int sys_errno);
/* Fills *err with the formatted text and the system's reason ("cannot open x: No such file or
 * directory"); returns the code. */
enum suan_code suan_fail_os(struct suan_err *err, int sys_errno, const char *fmt, ...)
	SUAN_PRINTF(3, 4);

#endif
