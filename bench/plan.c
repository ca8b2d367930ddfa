/* How long planning takes: many waiting items over many pools, passes in which nothing can start,
 * passes after one end. Prints one line per figure; stops repeating after SHARE_MS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/planner.h"

#define SHARE_MS 1500	/* for one kind of pass of one setting */

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct setting {
	const char *name;
	enum suan_plan_mode kind;
	uint32_t pools, nodes, cores, items, durations, sizes, depth;	/* suan: the service's steps */
};

static struct suan_planner *fill(const struct setting *s)
{
	struct suan_planner *p = suan_planner_new();
	struct suan_plan_pool pool = {.nodes = s->nodes, .cores = s->cores};

	suan_planner_policy(p, s->kind, s->depth);
	suan_planner_steps(p, s->kind == SUAN_PLAN_SUAN ? SUAN_PLAN_STEPS : 0);
	for (uint32_t i = 0; i < s->pools; i++) {
		pool.rank = i % 7;
		if (suan_planner_pool(p, i, &pool) != SUAN_OK)
			abort();
	}
	for (uint32_t i = 0; i < s->items; i++) {
		struct suan_item item = {.id = i + 1, .count = 1, .firm_ms = SUAN_FOREVER};

		item.ask.req.tasks = 1;
		item.ask.req.cores = 1 + i % s->sizes;
		item.ask.duration_ms = 60000 + (int64_t)(i * 7919u % s->durations) * 1000;
		item.ask.limit_ms = item.ask.duration_ms;
		if (suan_planner_add(p, &item) != SUAN_OK)
			abort();
	}
	return p;
}

static int by_size(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static void measure(const struct setting *s)
{
	const struct suan_start *starts;
	double t0 = now_ms(), t1, end, full[20], after[200];
	uint32_t nfull = 0, nafter = 0;
	struct suan_planner *p = fill(s);
	int64_t now = 1000000, wake;
	uint32_t n, *runs, nruns;

	t1 = now_ms();
	printf("%s: add %.2f us each, %.0f bytes each\n", s->name, (t1 - t0) * 1e3 / s->items,
	       (double)suan_planner_memory(p) / s->items);
	t0 = now_ms();
	if (suan_planner_pass(p, now, &starts, &n, &wake) != SUAN_OK)
		abort();
	printf("%s: first pass %.2f ms, %u starts\n", s->name, now_ms() - t0, n);
	nruns = n;
	runs = malloc((nruns + 1) * sizeof(*runs));
	for (uint32_t i = 0; i < n; i++)
		runs[i] = starts[i].run;
	end = now_ms() + SHARE_MS;
	while (nfull < 20 && (nfull < 3 || now_ms() < end)) {
		t0 = now_ms();
		now += 10;
		if (suan_planner_pass(p, now, &starts, &n, &wake) != SUAN_OK)
			abort();
		full[nfull++] = now_ms() - t0;
	}
	qsort(full, nfull, sizeof(*full), by_size);
	printf("%s: nothing can start, median %.3f ms, worst %.3f ms\n", s->name, full[nfull / 2],
	       full[nfull - 1]);
	end = now_ms() + SHARE_MS;
	for (uint32_t i = 0; i < 200 && (i < 3 || now_ms() < end); i++) {
		uint32_t k = nruns ? i * 7919u % nruns : 0;

		t0 = now_ms();
		now += 10;
		if (nruns > i)
			suan_planner_end(p, runs[k]);
		if (suan_planner_pass(p, now, &starts, &n, &wake) != SUAN_OK)
			abort();
		after[nafter++] = now_ms() - t0;
		if (n > 0)
			runs[k] = starts[0].run;
		else if (nruns > 0)
			runs[k] = runs[--nruns];
	}
	qsort(after, nafter, sizeof(*after), by_size);
	printf("%s: after one end, median %.3f ms, p99 %.3f ms\n", s->name, after[nafter / 2],
	       after[(nafter - 1) * 99 / 100]);
	suan_planner_free(p);
	free(runs);
}

int main(void)
{
	static const struct setting settings[] = {
		{"1M x 100 pools, 80 classes", SUAN_PLAN_EASY, 100, 100, 64, 1000000, 10, 8, 0},
		{"1M x 100 pools, 1M asks", SUAN_PLAN_EASY, 100, 100, 64, 1000000, 1000000, 8, 0},
		{"100k x 1 pool, 80 classes", SUAN_PLAN_EASY, 1, 1000, 64, 100000, 10, 8, 0},
		{"100k x 1 pool, 80 classes, depth 1", SUAN_PLAN_EASY, 1, 1000, 64, 100000, 10, 8, 1},
		{"100k x 100 pools, 80 classes", SUAN_PLAN_EASY, 100, 10, 64, 100000, 10, 8, 0},
		{"100k x 100 pools, 100k asks", SUAN_PLAN_EASY, 100, 10, 64, 100000, 100000, 8, 0},
		{"100k x 100 pools, 80 classes, conservative", SUAN_PLAN_CONSERVATIVE, 100, 10, 64,
		 100000, 10, 8, 0},
		{"10k x 10 pools, 10k asks", SUAN_PLAN_EASY, 10, 10, 64, 10000, 10000, 8, 0},
		{"1M x 100 pools, 1M asks, suan", SUAN_PLAN_SUAN, 100, 100, 64, 1000000, 1000000,
		 8, 0},
		{"10k x 10 pools, 10k asks, suan", SUAN_PLAN_SUAN, 10, 10, 64, 10000, 10000, 8, 0},
		{"one big pool, 100k nodes", SUAN_PLAN_EASY, 1, 100000, 64, 1000000, 10, 8, 0},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		measure(&settings[i]);
	return 0;
}
