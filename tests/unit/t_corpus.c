/* Logs and snapshots of earlier versions, tests/corpus/engine/VERSION: they must be readable for
 * ever, and mean what they meant. With SUAN_MAKE_CORPUS=DIR it writes such files of this version
 * instead. */
#include <inttypes.h>

#include "engine/record.h"
#include "lib/engine_random.h"

#define STEPS 600
#define HALF  300

static void keep(void *ctx, const struct suan_event *ev)
{
	if (suan_record_put(ctx, ev, NULL) != SUAN_OK)
		abort();
}

/* What people see of every job, a line each. */
static void tell(const struct suan_engine *e, struct suan_buf *out)
{
	uint64_t id = 0;

	while ((id = suan_engine_next_job(e, id))) {
		struct suan_job_view v;
		char line[256];
		int n;

		if (!suan_engine_job(e, id, &v))
			abort();
		n = snprintf(line, sizeof(line), "%" PRIu64 " %s", id, suan_state_name(v.state));
		for (int s = 0; s < SUAN_NSTATES; s++)
			n += snprintf(line + n, sizeof(line) - (size_t)n, " %u", v.counts[s]);
		n += snprintf(line + n, sizeof(line) - (size_t)n,
			      " pool %d start %" PRId64 " end %" PRId64 " predicted %" PRId64 "\n",
			      (int)v.pool, v.start_ms, v.end_ms, v.predicted_start_ms);
		suan_buf_add(out, line, (size_t)n);
	}
}

static void file_name(char *path, size_t n, const char *dir, const char *kind, const char *what)
{
	snprintf(path, n, "%s/%s.%s", dir, kind, what);
}

static void write_file(const char *dir, const char *kind, const char *what,
		       const struct suan_buf *b)
{
	char path[4096];
	FILE *f;

	file_name(path, sizeof(path), dir, kind, what);
	f = fopen(path, "wb");
	if (!f || fwrite(b->data, 1, b->len, f) != b->len || fclose(f) != 0)
		abort();
}

static bool read_file(const char *dir, const char *kind, const char *what, struct suan_buf *ret)
{
	char path[4096], part[4096];
	size_t n;
	FILE *f;

	file_name(path, sizeof(path), dir, kind, what);
	suan_buf_init(ret, 0);
	f = fopen(path, "rb");
	if (!f)
		return false;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		suan_buf_add(ret, part, n);
	fclose(f);
	return true;
}

static void make(const char *dir, const char *kind, uint64_t seed, bool conservative)
{
	struct suan_buf log, snapshot, states;
	struct history h;

	suan_buf_init(&log, 0);
	suan_buf_init(&snapshot, 0);
	suan_buf_init(&states, 0);
	history_init(&h, seed);
	h.conservative = conservative;
	h.k.log = keep;
	h.k.ctx = &log;
	while (suan_engine_seq(h.k.e) < STEPS) {
		history_step(&h);
		if (suan_engine_seq(h.k.e) == HALF && snapshot.len == 0 &&
		    suan_engine_save(h.k.e, &snapshot, NULL) != SUAN_OK)
			abort();
	}
	tell(h.k.e, &states);
	write_file(dir, kind, "log", &log);
	write_file(dir, kind, "snapshot", &snapshot);
	write_file(dir, kind, "states", &states);
	suan_buf_done(&log);
	suan_buf_done(&snapshot);
	suan_buf_done(&states);
	kit_done(&h.k);
}

/* Plays what of the log comes after e, and compares what people see. */
static void play(struct suan_engine *e, const struct suan_buf *log, const struct suan_buf *want,
		 const char *what)
{
	struct suan_arena arena = {0};
	struct suan_effects fx;
	struct suan_err err = {0};
	struct suan_buf got;
	size_t pos = 0;
	bool good = true;

	suan_effects_init(&fx);
	suan_buf_init(&got, 0);
	while (good && pos < log->len) {
		struct suan_event ev;

		suan_arena_reset(&arena);
		good = suan_record_get(log->data, log->len, &pos, &arena, &ev, &err) == SUAN_OK;
		if (good && ev.seq > suan_engine_seq(e))
			good = suan_engine_step(e, &ev, &fx, &err) == SUAN_OK;
	}
	ok(good, "%s: read to the end: %s", what, err.text);
	tell(e, &got);
	ok(got.len == want->len && got.len > 0 && memcmp(got.data, want->data, got.len) == 0,
	   "%s: every job as it was", what);
	ok(suan_engine_verify(e, &err) == SUAN_OK, "%s: invariants: %s", what, err.text);
	suan_buf_done(&got);
	suan_effects_done(&fx);
	suan_arena_done(&arena);
}

static void check(const char *dir, const char *kind)
{
	struct suan_buf log, snapshot, states;
	struct suan_engine *e = suan_engine_new(), *half = NULL;
	struct suan_err err = {0};
	char what[64];

	if (!read_file(dir, kind, "log", &log) || !read_file(dir, kind, "snapshot", &snapshot) ||
	    !read_file(dir, kind, "states", &states)) {
		ok(false, "%s: the files are there", kind);
		return;
	}
	snprintf(what, sizeof(what), "%s, log", kind);
	play(e, &log, &states, what);
	ok(suan_engine_load(&half, snapshot.data, snapshot.len, &err) == SUAN_OK,
	   "%s: the snapshot: %s", kind, err.text);
	if (half) {
		is_int((int64_t)suan_engine_seq(half), HALF, "is of the middle");
		snprintf(what, sizeof(what), "%s, snapshot and log", kind);
		play(half, &log, &states, what);
	}
	suan_engine_free(half);
	suan_engine_free(e);
	suan_buf_done(&log);
	suan_buf_done(&snapshot);
	suan_buf_done(&states);
}

int main(void)
{
	const char *to = getenv("SUAN_MAKE_CORPUS"), *source = getenv("SUAN_SOURCE");
	char dir[4000];

	if (to) {
		make(to, "mixed", 20261127, false);
		make(to, "conservative", 20261128, true);
		return 0;
	}
	snprintf(dir, sizeof(dir), "%s/tests/corpus/engine/v2", source ? source : ".");
	check(dir, "mixed");
	check(dir, "conservative");
	return tap_done();
}
