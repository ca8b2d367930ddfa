/* How fast a workload trace is read: a made-up log in the Standard Workload Format, in pieces of
 * 256 KiB from memory. The first reading takes new pages from the system, which costs more than
 * reading where page faults are dear; later ones use the same pages again. Usage: trace LINES.
 * Prints one line per figure: name, value, unit. */
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/rng.h"
#include "wire/trace.h"

#define PIECE	(256u << 10)
#define BEST_OF 5

/* Of the processor: other programs may run. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Columns as wide and as different as those of real logs. */
static void make_log(struct suan_buf *b, unsigned long lines, int jitter)
{
	struct suan_rng rng;
	long long submit = 0;

	suan_rng_init(&rng, 1);
	suan_buf_adds(b, "; Version: 2.2\n; MaxProcs: 1024\n");
	for (unsigned long i = 1; i <= lines; i++) {
		long long run = 1ll << suan_rng_below(&rng, 17);
		long long procs = 1ll << suan_rng_below(&rng, 8);
		long long user = (long long)suan_rng_below(&rng, 300) + 1;

		submit += (long long)suan_rng_below(&rng, 600);
		run += (long long)suan_rng_below(&rng, (uint64_t)run);
		suan_buf_addf(b,
			      "%7lu %9lld %6lld %6lld %4lld %6lld %6d %4lld %6lld %2d %2d %3lld "
			      "%3lld %2d %2d %2d %2d %2d\n",
			      i, submit - (long long)suan_rng_below(&rng, (uint64_t)jitter + 1),
			      (long long)suan_rng_below(&rng, 90000), run, procs, run, 1024, procs,
			      run * 2, -1, 1, user, user % 40 + 1, -1, 1, -1, -1, -1);
	}
}

static double read_log(const struct suan_buf *b, size_t *ret_jobs)
{
	struct suan_trace_reader *r = suan_trace_reader_new(SUAN_TRACE_SWF, "log");
	struct suan_trace t;
	struct suan_err err;
	double began = seconds();

	if (!r)
		abort();
	for (size_t at = 0; at < b->len; at += PIECE) {
		size_t n = b->len - at < PIECE ? b->len - at : PIECE;

		if (suan_trace_feed(r, b->data + at, n, &err) != SUAN_OK)
			abort();
	}
	if (suan_trace_take(r, &t, &err) != SUAN_OK)
		abort();
	began = seconds() - began;
	*ret_jobs = t.njobs;
	suan_trace_done(&t);
	suan_trace_reader_free(r);
	return began;
}

static void measure(unsigned long lines, int jitter, const char *name)
{
	struct suan_buf b = {0};
	double best = 1e9, first = 0;
	size_t jobs = 0;

	make_log(&b, lines, jitter);
	if (suan_buf_ok(&b, NULL) != SUAN_OK)
		abort();
	for (int i = 0; i < BEST_OF; i++) {
		double s = read_log(&b, &jobs);

		first = i == 0 ? s : first;
		best = s < best ? s : best;
	}
	printf("%s_first %.0f lines/s\n", name, (double)jobs / first);
	printf("%s %.0f lines/s\n", name, (double)jobs / best);
	printf("%s_mb %.0f MB/s\n", name, (double)b.len / best / 1e6);
	suan_buf_done(&b);
}

int main(int argc, char **argv)
{
	unsigned long lines = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;

	/* Freed memory stays with the process. */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
	(void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
	measure(lines, 0, "sorted");
	measure(lines, 3600, "unsorted");
	return 0;
}
