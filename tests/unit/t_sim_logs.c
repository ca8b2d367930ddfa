/* The simulator on real logs against independent figures: the start second of every job for fcfs
 * and easy, mean wait and bounded slowdown to the printed digits; and a raw log against its cleaned
 * form. Needs the shared data ($SUAN_SHARED_DATA, else ../shared/data beside the source). */
#include "lib/tap.h"
#include "lib/slow.h"

#include <stdlib.h>

#include "base/num.h"
#include "sim/sim.h"
#include "sys/fs.h"
#include "sys/reader.h"

static char data_dir[4096];

static enum suan_code read_bytes(const char *path, struct suan_buf *out)
{
	struct suan_file_reader *f = NULL;
	struct suan_err err = {0};
	enum suan_code rc = suan_file_reader_open(path, &f, &err);
	const void *bytes;
	size_t n = 1;

	while (rc == SUAN_OK && n > 0) {
		rc = suan_file_reader_next(f, &bytes, &n, &err);
		if (rc == SUAN_OK)
			suan_buf_add(out, bytes, n);
	}
	suan_file_reader_close(f);
	if (rc != SUAN_OK)
		printf("# %s\n", err.text);
	return rc;
}

static bool read_log(const char *path, struct suan_trace *ret)
{
	struct suan_trace_reader *r = suan_trace_reader_new(SUAN_TRACE_SWF, path);
	struct suan_err err = {0};
	struct suan_buf b = {0};
	enum suan_code rc = read_bytes(path, &b);

	if (rc == SUAN_OK)
		rc = suan_trace_feed(r, suan_buf_str(&b), b.len, &err);
	if (rc == SUAN_OK)
		rc = suan_trace_take(r, ret, &err);
	suan_trace_reader_free(r);
	suan_buf_done(&b);
	return rc == SUAN_OK;
}

struct done {
	struct suan_trace trace;
	struct suan_sim_result r;
	struct suan_sim_scores s;
};

static bool simulate(const char *path, uint32_t cores, enum suan_policy_kind kind, struct done *d)
{
	struct suan_arena arena = {0};
	struct suan_network net;
	struct suan_err err = {0};
	struct suan_sim_setup setup = {.network = &net,
				       .trace = &d->trace,
				       .policy = {.kind = kind},
				       .processors_only = true};
	bool good;

	memset(d, 0, sizeof(*d));
	good = read_log(path, &d->trace) &&
	       suan_sim_one_machine(&arena, cores, &net, &err) == SUAN_OK &&
	       suan_sim_run(&setup, &d->r, &err) == SUAN_OK &&
	       suan_sim_score(&setup, &d->r, &d->s, &err) == SUAN_OK;
	if (!good)
		printf("# %s: %s\n", path, err.text);
	suan_arena_done(&arena);
	return good;
}

static void done_free(struct done *d)
{
	suan_sim_result_done(&d->r);
	suan_sim_scores_done(&d->s);
	suan_trace_done(&d->trace);
}

/* Lines "id start" in the order of ids, which is the order of our rows. */
static size_t count_wrong(const struct done *d, const char *name, const char *policy)
{
	char path[4200];
	struct suan_buf b = {0};
	size_t wrong = 0, i = 0;
	const char *p;
	bool whole;

	snprintf(path, sizeof(path), "%s/expected/%s_%s_tieA.starts.gz", data_dir, name, policy);
	if (read_bytes(path, &b) != SUAN_OK)
		return SIZE_MAX;
	p = suan_buf_str(&b);
	for (; *p && i < d->r.nrows; i++) {
		char *end;
		unsigned long long id = strtoull(p, &end, 10);
		long long start = strtoll(end, &end, 10);

		wrong += d->trace.jobs[d->r.rows[i].job].id != id ||
			 d->r.rows[i].start_ms != start * 1000;
		p = strchr(end, '\n');
		p = p ? p + 1 : "";
	}
	whole = !*p && i == d->r.nrows;
	suan_buf_done(&b);
	return whole ? wrong : SIZE_MAX;
}

/* The value of "key=" on the line of this log and policy, as millionths. */
static int64_t metric(const char *metrics, const char *name, const char *policy, const char *key)
{
	char head[100], value[40];
	const char *line;
	int64_t v = -1;

	snprintf(head, sizeof(head), "%s\t%s\ttieA\t", name, policy);
	line = strstr(metrics, head);
	line = line ? strstr(line, key) : NULL;
	if (!line)
		return -1;
	line += strlen(key);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, " \n"), line);
	return suan_parse_fixed(value, 6, &v, NULL) == SUAN_OK ? v : -1;
}

/* Equal when both are rounded to so many decimals. */
static void same_figure(int64_t got, int64_t want, unsigned digits, const char *what)
{
	int64_t unit = 1;

	for (unsigned i = digits; i < 6; i++)
		unit *= 10;
	if (!ok(want >= 0 && got - want <= unit / 2 && want - got <= unit / 2, "%s", what))
		printf("# got %lld, want %lld millionths\n", (long long)got, (long long)want);
}

static void exact(const char *name, uint32_t cores, enum suan_policy_kind kind, const char *metrics)
{
	const char *policy = suan_policy_name(kind);
	char path[4200], what[200];
	struct done d;

	snprintf(path, sizeof(path), "%s/norm/%s.swf.gz", data_dir, name);
	if (ok(simulate(path, cores, kind, &d), "%s %s runs", name, policy)) {
		is_int(count_wrong(&d, name, policy), 0, "every start as expected");
		snprintf(what, sizeof(what), "%s %s: mean wait", name, policy);
		same_figure(d.s.all.wait.mean, metric(metrics, name, policy, "avg_wait="), 3, what);
		snprintf(what, sizeof(what), "%s %s: mean bounded slowdown", name, policy);
		same_figure(d.s.all.slowdown.mean, metric(metrics, name, policy, "avg_bsld="), 4,
			    what);
		snprintf(what, sizeof(what), "%s %s: makespan", name, policy);
		same_figure(d.s.all.makespan, metric(metrics, name, policy, "makespan="), 6, what);
		snprintf(what, sizeof(what), "%s %s: utilization", name, policy);
		same_figure(d.s.all.utilization, metric(metrics, name, policy, "util="), 6, what);
	}
	done_free(&d);
}

/* The same jobs start at the same times; the raw log has more that are rejected. */
static void raw_is_clean(const char *raw, const char *name, uint32_t cores)
{
	char raw_path[4200], path[4200];
	struct done a, b;
	bool good;

	snprintf(raw_path, sizeof(raw_path), "%s/swf/%s.swf.gz", data_dir, raw);
	snprintf(path, sizeof(path), "%s/norm/%s.swf.gz", data_dir, name);
	good = simulate(raw_path, cores, SUAN_POLICY_EASY, &a);
	good = simulate(path, cores, SUAN_POLICY_EASY, &b) && good;
	good = good && a.r.nrows == b.r.nrows && a.r.total == a.r.nrows + a.r.rejected;
	for (size_t i = 0; good && i < a.r.nrows; i++)
		good = a.r.rows[i].start_ms == b.r.rows[i].start_ms;
	ok(good, "%s: raw and cleaned give the same schedule", name);
	printf("# %s: %llu rejected of the raw log\n", name, (unsigned long long)a.r.rejected);
	done_free(&a);
	done_free(&b);
}

/* Under a sanitizer the long logs take minutes; the plain build runs them too. */
#ifdef SLOW_BUILD
#define LONG_LOGS false
#else
#define LONG_LOGS true
#endif

int main(void)
{
	static const struct {
		const char *name;
		uint32_t cores;
		bool is_long;
	} logs[] = {{"kth_sp2", 100, false},  {"sdsc_sp2", 128, true}, {"hpc2n_head", 240, false},
		    {"lublin256", 256, true}, {"wagap", 2176, true},   {"lcg", 24515, true}};
	const char *dir = getenv("SUAN_SHARED_DATA"), *source = getenv("SUAN_SOURCE");
	struct suan_buf metrics = {0};
	char path[4200];

	if (dir)
		snprintf(data_dir, sizeof(data_dir), "%s", dir);
	else
		snprintf(data_dir, sizeof(data_dir), "%s/../shared/data", source ? source : ".");
	snprintf(path, sizeof(path), "%s/expected/metrics.tsv", data_dir);
	if (!suan_fs_exists(path)) {
		printf("ok 1 # SKIP no data\n1..1\n");
		return 0;
	}
	ok(read_bytes(path, &metrics) == SUAN_OK, "metrics");
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		if (logs[i].is_long && !LONG_LOGS)
			continue;
		exact(logs[i].name, logs[i].cores, SUAN_POLICY_FCFS, suan_buf_str(&metrics));
		exact(logs[i].name, logs[i].cores, SUAN_POLICY_EASY, suan_buf_str(&metrics));
	}
	if (LONG_LOGS)
		raw_is_clean("SDSC-SP2-1998-4.2-cln", "sdsc_sp2", 128);
	raw_is_clean("KTH-SP2-1996-2", "kth_sp2", 100);
	raw_is_clean("HPC2N-2002-2.1-first3170", "hpc2n_head", 240);
	suan_buf_done(&metrics);
	return tap_done();
}
