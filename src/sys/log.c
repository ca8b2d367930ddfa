#include "sys/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "sys/clock.h"

#define LINE_MAX_BYTES 4096

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* Set once by main before other threads start. */
static atomic_int least_level = SUAN_LOG_INFO;
static atomic_bool as_json;

void suan_log_setup(enum suan_log_level least, bool json)
{
	atomic_store(&least_level, (int)least);
	atomic_store(&as_json, json);
}

bool suan_log_parse_level(const char *name, enum suan_log_level *ret)
{
	for (int i = SUAN_LOG_DEBUG; i <= SUAN_LOG_ERROR; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*ret = (enum suan_log_level)i;
			return true;
		}
	}
	return false;
}

/* Appends s as the inside of a JSON string; what does not fit is left out. */
static size_t add_json(char *out, size_t len, size_t cap, const char *s)
{
	for (; *s && len + 7 < cap; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			out[len++] = '\\';
			out[len++] = (char)c;
		} else if (c < 0x20) {
			len += (size_t)snprintf(out + len, cap - len, "\\u%04x", c);
		} else {
			out[len++] = (char)c;
		}
	}
	return len;
}

/* One line in text form; newlines inside the message would forge lines and become spaces. */
static size_t add_plain(char *out, size_t len, size_t cap, const char *s)
{
	for (; *s && len + 1 < cap; s++)
		out[len++] = (unsigned char)*s < 0x20 ? ' ' : *s;
	return len;
}

void suan_log(enum suan_log_level level, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES / 2];
	char line[LINE_MAX_BYTES];
	char when[32];
	size_t len;
	va_list ap;

	if ((int)level < atomic_load(&least_level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	suan_format_time(suan_clock_now_ms(), when);
	if (atomic_load(&as_json)) {
		len = (size_t)snprintf(line, sizeof(line),
				       "{\"time\":\"%s\",\"level\":\"%s\",\"text\":\"", when,
				       level_names[level]);
		len = add_json(line, len, sizeof(line) - 4, text);
		line[len++] = '"';
		line[len++] = '}';
	} else {
		len = (size_t)snprintf(line, sizeof(line), "%s %s ", when, level_names[level]);
		len = add_plain(line, len, sizeof(line) - 2, text);
	}
	line[len++] = '\n';
	/* One write, so that lines of several threads do not mix; nobody to tell if it fails. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
