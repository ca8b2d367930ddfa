#include "sys/oserr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int sys_errno;
	enum suan_code code;
} codes[] = {
	{0, SUAN_OK},			  {ENOMEM, SUAN_ENOMEM},
	{ENOENT, SUAN_ENOTFOUND},	  {ENOTDIR, SUAN_ENOTFOUND},
	{EACCES, SUAN_EDENIED},		  {EPERM, SUAN_EDENIED},
	{EROFS, SUAN_EDENIED},		  {ENOSPC, SUAN_EFULL},
	{EDQUOT, SUAN_EFULL},		  {EMFILE, SUAN_EFULL},
	{ENFILE, SUAN_EFULL},		  {EINVAL, SUAN_EINVAL},
	{ENAMETOOLONG, SUAN_EINVAL},	  {EISDIR, SUAN_EINVAL},
	{EFBIG, SUAN_ETOOBIG},		  {EEXIST, SUAN_ECONFLICT},
	{ENOTEMPTY, SUAN_ECONFLICT},	  {ECONNREFUSED, SUAN_EUNREACHABLE},
	{ECONNRESET, SUAN_EUNREACHABLE},  {EPIPE, SUAN_EUNREACHABLE},
	{ETIMEDOUT, SUAN_EUNREACHABLE},	  {EHOSTUNREACH, SUAN_EUNREACHABLE},
	{ENETUNREACH, SUAN_EUNREACHABLE}, {EAGAIN, SUAN_EBUSY},
	{EBUSY, SUAN_EBUSY},		  {ETXTBSY, SUAN_EBUSY},
};

enum suan_code suan_os_code(int sys_errno)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].sys_errno == sys_errno)
			return codes[i].code;
	return SUAN_EIO;
}

enum suan_code suan_fail_os(struct suan_err *err, int sys_errno, const char *fmt, ...)
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
