/* Test Anything Protocol for unit tests: checks print one line each; a test file is one process.
 * Use: int main(void) { ok(1 + 1 == 2, "sums"); return tap_done(); } */
#ifndef SUAN_TESTS_TAP_H
#define SUAN_TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

static inline bool tap_report(bool good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	tap_count++;
	printf("%sok %d - ", good ? "" : "not ", tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!good) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

/* Prints the plan; returns the exit status of the test program. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

static inline bool tap_str(const char *got, const char *want, const char *file, int line,
			   const char *what)
{
	bool good = got && want ? strcmp(got, want) == 0 : got == want;

	tap_report(good, file, line, "%s", what);
	if (!good)
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)", want ? want : "(null)");
	return good;
}

static inline bool tap_int(int64_t got, int64_t want, const char *file, int line, const char *what)
{
	bool good = got == want;

	tap_report(good, file, line, "%s", what);
	if (!good)
		printf("#  got: %" PRId64 "\n# want: %" PRId64 "\n", got, want);
	return good;
}

#define ok(cond, ...)		tap_report((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, what) tap_str((got), (want), __FILE__, __LINE__, (what))
#define is_int(got, want, what) tap_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, (what))

#endif
