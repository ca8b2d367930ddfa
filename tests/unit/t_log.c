/* Log lines, as read back from stderr. */
#include "lib/tap.h"

#include <stdlib.h>
#include <unistd.h>

#include "sys/log.h"

static int from, saved;

static const char *line(void)
{
	static char got[8192];
	ssize_t n = read(from, got, sizeof(got) - 1);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static bool looks_like_time(const char *s)
{
	return strlen(s) > 25 && s[4] == '-' && s[10] == 'T' && s[19] == '.' && s[23] == 'Z';
}

int main(void)
{
	enum suan_log_level level = SUAN_LOG_INFO;
	int p[2];
	const char *s;

	if (pipe(p) < 0 || (saved = dup(2)) < 0 || dup2(p[1], 2) < 0)
		abort();
	from = p[0];
	suan_log(SUAN_LOG_INFO, "hello %d", 7);
	s = line();
	ok(looks_like_time(s), "a time first: %s", s);
	is_str(s + 24, " info hello 7\n", "then level and text");
	suan_log(SUAN_LOG_DEBUG, "not seen");
	suan_log(SUAN_LOG_ERROR, "two\nlines");
	is_str(line() + 24, " error two lines\n", "levels below are dropped; one line each");
	suan_log_setup(SUAN_LOG_DEBUG, true);
	suan_log(SUAN_LOG_DEBUG, "say \"hi\"\n");
	s = line();
	ok(strncmp(s, "{\"time\":\"", 9) == 0 && looks_like_time(s + 9), "JSON: %s", s);
	is_str(s + 33, "\",\"level\":\"debug\",\"text\":\"say \\\"hi\\\"\\u000a\"}\n", "escaped");
	suan_log(SUAN_LOG_WARN, "%4000s", "\"");
	s = line();
	ok(strlen(s) < 4096 && s[strlen(s) - 1] == '\n', "long texts are cut, the line ends");
	ok(suan_log_parse_level("warn", &level) && level == SUAN_LOG_WARN, "level by name");
	ok(!suan_log_parse_level("loud", &level) && level == SUAN_LOG_WARN, "unknown level");
	(void)dup2(saved, 2);
	return tap_done();
}
