#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

/* Error texts travel in JSON and to terminals: control characters become spaces, and bytes that are
 * not UTF-8 (also a character cut by the end of the array) become '?'. */
static void scrub(char *s)
{
	size_t n = strlen(s);
	size_t i = 0;
	uint32_t c;

	while (i < n) {
		size_t step = suan_utf8_next(s + i, n - i, &c);

		if (step == 0) {
			s[i++] = '?';
			continue;
		}
		if (c < 0x20 || c == 0x7f)
			s[i] = ' ';
		i += step;
	}
}

/* When text was cut, drops the torn character at its end. */
static void trim_torn(char *s, size_t n)
{
	size_t start = n;
	uint32_t c;

	while (start > 0 && n - start < 3 && ((unsigned char)s[start - 1] & 0xc0u) == 0x80)
		start--;
	if (start > 0 && ((unsigned char)s[start - 1] & 0xc0u) == 0xc0 &&
	    suan_utf8_next(s + start - 1, n - start + 1, &c) == 0)
		s[start - 1] = '\0';
}

static void set_text(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size);
	bool cut = n == size;

	if (cut)
		n = size - 1;
	memmove(to, from, n);
	to[n] = '\0';
	if (cut)
		trim_torn(to, n);
	scrub(to);
}

static void fill(struct suan_err *err, enum suan_code code, const char *field, const char *text)
{
	err->code = code;
	set_text(err->field, sizeof(err->field), field ? field : "");
	set_text(err->text, sizeof(err->text), text);
}

/* The texts are printed aside first, since the arguments may point into *err. One byte more than
 * err->text has room for, so that a cut is seen. */
#define TEXT_SIZE (sizeof(((struct suan_err *)0)->text) + 1)

enum suan_code suan_fail(struct suan_err *err, enum suan_code code, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fill(err, code, "", text);
	return code;
}

enum suan_code suan_fail_field(struct suan_err *err, enum suan_code code, const char *field,
			       const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fill(err, code, field, text);
	return code;
}

void suan_err_prefix(struct suan_err *err, const char *fmt, ...)
{
	char text[2 * TEXT_SIZE];
	va_list ap;
	size_t n;

	if (!err)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, TEXT_SIZE, fmt, ap);
	va_end(ap);
	n = strlen(text);
	(void)snprintf(text + n, sizeof(text) - n, ": %s", err->text);
	set_text(err->text, sizeof(err->text), text);
}

const char *suan_code_name(enum suan_code code)
{
	switch (code) {
	case SUAN_OK:
		return "ok";
	case SUAN_ENOMEM:
		return "no-memory";
	case SUAN_EINVAL:
		return "invalid";
	case SUAN_ENOTFOUND:
		return "not-found";
	case SUAN_ECONFLICT:
		return "conflict";
	case SUAN_EREFUSED:
		return "refused";
	case SUAN_EDENIED:
		return "denied";
	case SUAN_ETOOBIG:
		return "too-big";
	case SUAN_EIO:
		return "io";
	case SUAN_EFULL:
		return "full";
	case SUAN_ECORRUPT:
		return "corrupt";
	case SUAN_EUNREACHABLE:
		return "unreachable";
	case SUAN_EBUSY:
		return "busy";
	}
	return "unknown";
}
