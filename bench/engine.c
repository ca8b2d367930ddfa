/* How long the engine's steps take and what a waiting job costs, without a service around it. Usage:
 * engine JOBS. Prints one line per figure: name, value, unit. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/engine.h"

#define CORES 64
#define NAME_MAX_ 24
#define PAYLOAD 48
#define TRIVIAL 20000

struct bench {
	struct suan_engine *e;
	struct suan_effects fx;
	int64_t now;
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void step(struct bench *b, struct suan_event *ev)
{
	struct suan_err err = {0};

	ev->seq = suan_engine_seq(b->e) + 1;
	ev->now_ms = b->now;
	if (suan_engine_step(b->e, ev, &b->fx, &err) != SUAN_OK || b->fx.code != SUAN_OK) {
		fprintf(stderr, "engine: event %d: %s\n", (int)ev->type, err.text);
		exit(1);
	}
}

static void open_bench(struct bench *b)
{
	struct suan_pool_spec pool = {.name = "cpu", .nodes = 1, .cores = CORES, .gpu = "",
				      .memory = 1ull << 40, .speed_milli = 1000};
	struct suan_site_spec site = {.name = "here", .zh = "", .hub = "", .owner = "",
				      .driver = "local", .pue_milli = 1000, .price_file = "",
				      .carbon_file = "", .pools = &pool, .npools = 1};
	struct suan_network net = {.name = "bench", .sites = &site, .nsites = 1};
	struct suan_event ev = {.type = SUAN_EV_NETWORK, .u.network = &net};

	memset(b, 0, sizeof(*b));
	b->e = suan_engine_new();
	suan_effects_init(&b->fx);
	b->now = 1000;
	step(b, &ev);
	ev = (struct suan_event){.type = SUAN_EV_SITE, .u.site = {"here", SUAN_SITE_UP}};
	step(b, &ev);
}

static struct suan_job_spec job(uint32_t cores, int64_t walltime_ms)
{
	return (struct suan_job_spec){.name = "t", .user = "u", .account = "", .qos = "", .gpu = "",
				      .req = {.tasks = 1, .cores = cores},
				      .walltime_ms = walltime_ms, .payload = "true", .payload_len = 4};
}

/* Waiting jobs as bench/restart makes them: own names and payloads, 8 sizes, 10 walltimes. */
static struct suan_job_spec *many(uint32_t n)
{
	struct suan_job_spec *jobs = calloc(n, sizeof(*jobs));
	char *text = calloc(n, NAME_MAX_ + PAYLOAD);

	if (!jobs || !text)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		char *name = text + (size_t)i * (NAME_MAX_ + PAYLOAD), *payload = name + NAME_MAX_;

		snprintf(name, NAME_MAX_, "b%u", i);
		snprintf(payload, PAYLOAD, "true b%u ....................", i);
		jobs[i] = job(1 + i % 8, 60000 * (1 + (i * 7919u / 13) % 10));
		jobs[i].name = name;
		jobs[i].payload = payload;
		jobs[i].payload_len = 24;
	}
	return jobs;
}

static void submit(struct bench *b, const struct suan_job_spec *jobs, uint32_t n)
{
	struct suan_event ev = {.type = SUAN_EV_SUBMIT, .u.submit = {.jobs = jobs, .njobs = n}};

	step(b, &ev);
}

static void pass(struct bench *b)
{
	struct suan_event ev = {.type = SUAN_EV_PASS};

	step(b, &ev);
}

static void waiting(uint32_t n)
{
	struct suan_job_spec *jobs = many(n), blocker = job(CORES, 86400000);
	struct suan_engine *again;
	struct suan_err err = {0};
	struct suan_buf bytes;
	size_t heap, empty;
	struct bench b;
	double t;

	open_bench(&b);
	submit(&b, &blocker, 1);
	pass(&b);
	heap = mallinfo2().uordblks + mallinfo2().hblkhd;
	empty = suan_engine_memory(b.e);
	t = seconds();
	submit(&b, jobs, n);
	printf("submit_bulk %.0f jobs/s\n", n / (seconds() - t));
	t = seconds();
	pass(&b);
	printf("pass %.3f ms\n", (seconds() - t) * 1e3);
	printf("engine_bytes %.1f bytes/job\n", (double)(suan_engine_memory(b.e) - empty) / n);
	printf("heap_bytes %.1f bytes/job\n",
	       (double)(mallinfo2().uordblks + mallinfo2().hblkhd - heap) / n);
	suan_buf_init(&bytes, 0);
	t = seconds();
	if (suan_engine_save(b.e, &bytes, &err) != SUAN_OK)
		abort();
	printf("save %.3f ms\n", (seconds() - t) * 1e3);
	printf("saved_bytes %.1f bytes/job\n", (double)bytes.len / n);
	t = seconds();
	if (suan_engine_load(&again, bytes.data, bytes.len, &err) != SUAN_OK)
		abort();
	printf("load %.3f ms\n", (seconds() - t) * 1e3);
	suan_engine_free(again);
	suan_buf_done(&bytes);
	suan_engine_free(b.e);
	open_bench(&b);
	submit(&b, &blocker, 1);
	pass(&b);
	t = seconds();
	for (uint32_t i = 0; i < n; i++)
		submit(&b, &jobs[i], 1);
	printf("submit_single %.0f jobs/s\n", n / (seconds() - t));
	suan_engine_free(b.e);
	suan_effects_done(&b.fx);
}

static void report(struct bench *b, struct suan_run_id run, enum suan_report_kind kind)
{
	struct suan_event ev = {.type = SUAN_EV_REPORT,
				.u.report = {.run = run, .kind = kind, .at_ms = b->now,
					     .outcome = SUAN_OUT_EXITED, .text = ""}};

	step(b, &ev);
}

/* Jobs that end as soon as they start: every event of a life, a pass after each end. */
static void trivial(void)
{
	struct suan_run_id *runs = calloc(TRIVIAL + 1, sizeof(*runs));
	struct suan_job_spec *jobs = calloc(TRIVIAL, sizeof(*jobs));
	uint32_t n = 0, ended = 0;
	struct bench b;
	double t;

	if (!runs || !jobs)
		abort();
	for (uint32_t i = 0; i < TRIVIAL; i++)
		jobs[i] = job(1, 60000);
	open_bench(&b);
	t = seconds();
	submit(&b, jobs, TRIVIAL);
	while (ended < TRIVIAL) {
		pass(&b);
		for (size_t i = 0; i < b.fx.count; i++)
			if (b.fx.list[i].type == SUAN_FX_START && n < TRIVIAL)
				runs[n++] = b.fx.list[i].run;
		b.now++;
		report(&b, runs[ended], SUAN_REPORT_STARTED);
		report(&b, runs[ended++], SUAN_REPORT_ENDED);
	}
	printf("lives %.0f jobs/s\n", TRIVIAL / (seconds() - t));
	suan_engine_free(b.e);
	suan_effects_done(&b.fx);
	free(runs);
	free(jobs);
}

int main(int argc, char **argv)
{
	waiting(argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000);
	trivial();
	return 0;
}
