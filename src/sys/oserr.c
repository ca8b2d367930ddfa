#include "sys/oserr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum suan_code suan_os_code(int sys_errno)
{
	switch (sys_errno) {
	case 0:
		return SUAN_OK;
	case ENOMEM:
		return SUAN_ENOMEM;
	case ENOENT:
	case ENOTDIR:
		return SUAN_ENOTFOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return SUAN_EDENIED;
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
		return SUAN_EFULL;
	case EINVAL:
	case ENAMETOOLONG:
	case EISDIR:
		return SUAN_EINVAL;
	case EFBIG:
		return SUAN_ETOOBIG;
	case EEXIST:
	case ENOTEMPTY:
		return SUAN_ECONFLICT;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return SUAN_EUNREACHABLE;
	case EAGAIN:
	case EBUSY:
	case ETXTBSY:
		return SUAN_EBUSY;
	default:
		return SUAN_EIO;
	}
}

enum suan_code suan_os_fail(struct suan_err *err, int sys_errno, const char *fmt, ...)
{
	char text[400];
	char reason[80];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return suan_fail(err, suan_os_code(sys_errno), "%s: %s", text,
			 strerror_r(sys_errno, reason, sizeof(reason)));
}
