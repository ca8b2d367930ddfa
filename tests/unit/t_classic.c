/* The classic policies against independent figures: start second of every job of real logs.
 * Needs the shared data ($SUAN_SHARED_DATA, else ../shared/data beside the source). */
#include "lib/tap.h"

#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "engine/planner.h"

struct job {
	int64_t submit, run, estimate, start, want;
	uint32_t procs;
};

struct log {
	struct job *jobs;
	size_t n;
};

struct live {			/* heap of running jobs by end */
	int64_t end;
	uint32_t run;
};

static char data_dir[4096];

static FILE *open_gz(const char *path)
{
	char command[4400];
	FILE *f = fopen(path, "rb");

	if (!f)
		return NULL;
	fclose(f);
	snprintf(command, sizeof(command), "zcat '%s'", path);
	return popen(command, "r");
}

static bool read_log(const char *name, struct log *ret)
{
	char path[4200], line[1024];
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/norm/%s.swf.gz", data_dir, name);
	f = open_gz(path);
	memset(ret, 0, sizeof(*ret));
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		struct job j = {0};
		long long id, submit, wait, run, procs, x, estimate;

		if (line[0] == ';' ||
		    sscanf(line, "%lld %lld %lld %lld %lld %lld %lld %lld %lld", &id, &submit,
			   &wait, &run, &procs, &x, &x, &x, &estimate) != 9)
			continue;
		if (ret->n == cap) {
			cap = cap ? cap * 2 : 1024;
			ret->jobs = realloc(ret->jobs, cap * sizeof(*ret->jobs));
		}
		j.submit = submit;
		j.run = run;
		j.estimate = estimate > 0 ? estimate : run;
		j.procs = (uint32_t)procs;
		j.start = j.want = -1;
		ret->jobs[ret->n++] = j;
	}
	pclose(f);
	return true;
}

static bool read_starts(const char *name, const char *policy, struct log *log)
{
	char path[4200];
	long long id, start;
	FILE *f;

	snprintf(path, sizeof(path), "%s/expected/%s_%s_tieA.starts.gz", data_dir, name, policy);
	f = open_gz(path);
	if (!f)
		return false;
	while (fscanf(f, "%lld %lld", &id, &start) == 2)
		if (id >= 1 && (size_t)id <= log->n)
			log->jobs[id - 1].want = start;
	pclose(f);
	return true;
}

static void push(struct live *heap, size_t n, struct live v)
{
	for (; n > 0 && v.end < heap[(n - 1) / 2].end; n = (n - 1) / 2)
		heap[n] = heap[(n - 1) / 2];
	heap[n] = v;
}

static void pop(struct live *heap, size_t n)
{
	struct live v = heap[n - 1];
	size_t i = 0, child;

	for (n--; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && heap[child + 1].end < heap[child].end)
			child++;
		if (heap[child].end >= v.end)
			break;
		heap[i] = heap[child];
	}
	heap[i] = v;
}

static void submit(struct suan_planner *p, const struct job *j, size_t number)
{
	struct suan_item item = {0};

	item.id = number + 1;
	item.count = 1;
	item.ask.req.tasks = j->procs;
	item.ask.req.cores = 1;
	item.ask.duration_ms = item.ask.limit_ms = j->estimate * 1000;
	if (suan_planner_add(p, &item) != SUAN_OK)
		abort();
}

/* Virtual seconds: at one instant all ends, then all arrivals, then one pass. */
static double simulate(struct log *log, uint32_t cores, enum suan_plan_mode kind, uint32_t depth)
{
	struct suan_planner *p = suan_planner_new();
	struct suan_plan_pool pool = {.nodes = 1, .cores = cores};
	struct live *heap = malloc((log->n + 1) * sizeof(*heap));
	size_t running = 0, next = 0;
	int64_t wake = SUAN_FOREVER;
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	suan_planner_policy(p, kind, depth);
	if (!heap || suan_planner_pool(p, 0, &pool) != SUAN_OK)
		abort();
	while (next < log->n || running > 0) {
		int64_t now = next < log->n ? log->jobs[next].submit : INT64_MAX;
		const struct suan_start *starts;
		uint32_t n;

		if (running > 0 && heap[0].end < now)
			now = heap[0].end;
		if (wake / 1000 < now)
			now = wake / 1000;	/* a slot is due */
		for (; running > 0 && heap[0].end == now; running--) {
			suan_planner_end(p, heap[0].run);
			pop(heap, running);
		}
		for (; next < log->n && log->jobs[next].submit == now; next++)
			submit(p, &log->jobs[next], next);
		if (suan_planner_pass(p, now * 1000, &starts, &n, &wake) != SUAN_OK)
			abort();
		for (uint32_t i = 0; i < n; i++) {
			struct job *j = &log->jobs[starts[i].id - 1];
			struct live v = {now + j->run, starts[i].run};

			j->start = now;
			push(heap, running++, v);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	suan_planner_free(p);
	free(heap);
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void say(const char *name, const char *policy, const struct log *log, double seconds)
{
	double wait = 0, slow = 0;

	for (size_t i = 0; i < log->n; i++) {
		const struct job *j = &log->jobs[i];
		double w = (double)(j->start - j->submit), r = (double)j->run;
		double s = (w + r) / (r > 10 ? r : 10);

		wait += w;
		slow += s > 1 ? s : 1;
	}
	printf("# %s %s: %.0f jobs/s, mean wait %.3f s, bounded slowdown %.4f\n", name, policy,
	       (double)log->n / (seconds > 0 ? seconds : 1e-9), wait / (double)log->n,
	       slow / (double)log->n);
}

static void exact(const char *name, const char *policy, uint32_t cores, enum suan_plan_mode kind)
{
	bool conservative = kind == SUAN_PLAN_CONSERVATIVE;
	struct log log;
	size_t wrong = 0, first = 0;
	double seconds;

	if (!read_log(name, &log) || !read_starts(name, policy, &log)) {
		ok(false, "%s %s: data are incomplete", name, policy);
		free(log.jobs);
		return;
	}
	seconds = simulate(&log, cores, kind, conservative ? 1000000 : 1);
	for (size_t i = log.n; i-- > 0;) {
		if (log.jobs[i].start == log.jobs[i].want)
			continue;
		wrong++;
		first = i;
	}
	say(name, policy, &log, seconds);
	if (!ok(log.n > 1000 && wrong == 0, "%s %s: every start as expected", name, policy))
		printf("# %zu of %zu differ, first job %zu: got %lld, want %lld\n", wrong, log.n,
		       first + 1, (long long)log.jobs[first].start,
		       (long long)log.jobs[first].want);
	free(log.jobs);
}

int main(void)
{
	static const struct {
		const char *name;
		uint32_t cores;
	} logs[] = {
		{"kth_sp2", 100}, {"sdsc_sp2", 128}, {"lublin256", 256}, {"hpc2n_head", 240},
		{"wagap", 2176},
	};
	const char *dir = getenv("SUAN_SHARED_DATA"), *source = getenv("SUAN_SOURCE");
	char probe[4200];
	FILE *f;

	if (dir)
		snprintf(data_dir, sizeof(data_dir), "%s", dir);
	else
		snprintf(data_dir, sizeof(data_dir), "%s/../shared/data", source ? source : ".");
	snprintf(probe, sizeof(probe), "%s/norm/kth_sp2.swf.gz", data_dir);
	f = fopen(probe, "rb");
	if (!f) {
		printf("ok 1 # SKIP no data\n1..1\n");
		return 0;
	}
	fclose(f);
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		exact(logs[i].name, "fcfs", logs[i].cores, SUAN_PLAN_FCFS);
		exact(logs[i].name, "easy", logs[i].cores, SUAN_PLAN_EASY);
		exact(logs[i].name, "cons", logs[i].cores, SUAN_PLAN_CONSERVATIVE);
	}
	return tap_done();
}
