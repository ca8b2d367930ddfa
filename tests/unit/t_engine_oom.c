/* Running out of memory at any allocation of any event changes nothing: the event can be tried
 * again and everything goes on as if nothing had happened. */
#include "engine/record.h"
#include "lib/engine_random.h"
#include "lib/oom.h"

#define STEPS 700

static void keep(void *ctx, const struct suan_event *ev)
{
	if (suan_record_put(ctx, ev, NULL) != SUAN_OK)
		abort();
}

struct kind {
	bool conservative, preempting, homes, signals, data;
};

static uint64_t record(struct suan_buf *log, uint64_t seed, struct kind kind)
{
	struct history h;
	uint64_t hash;

	history_init(&h, seed);
	h.conservative = kind.conservative;
	h.preempting = kind.preempting;
	h.homes = kind.homes;
	h.signals = kind.signals;
	h.data = kind.data;
	h.k.log = keep;
	h.k.ctx = log;
	while (suan_engine_seq(h.k.e) < STEPS)
		history_step(&h);
	hash = suan_engine_hash(h.k.e);
	kit_done(&h.k);
	return hash;
}

/* One event with the n-th allocation failing, for every n that fails one; false: a failure left
 * something behind. */
static bool stubborn(struct suan_engine *e, const struct suan_event *ev, struct suan_effects *fx,
		     uint64_t *ret_failures)
{
	uint64_t before = suan_engine_hash(e);

	for (unsigned n = 1;; n++) {
		struct suan_err err = {0};
		enum suan_code rc;

		suan_effects_done(fx);	/* so that its list must grow again */
		oom_arm(n);
		rc = suan_engine_step(e, ev, fx, &err);
		(void)oom_disarm();
		if (rc == SUAN_OK)
			return true;
		++*ret_failures;
		if (rc != SUAN_ENOMEM || err.code != SUAN_ENOMEM || fx->count != 0 ||
		    suan_engine_hash(e) != before || suan_engine_verify(e, &err) != SUAN_OK) {
			printf("# event %" PRIu64 " %s, allocation %u: %s\n", ev->seq,
			       suan_event_name(ev->type), n, err.text);
			return false;
		}
	}
}

static void t_steps(const struct suan_buf *log, uint64_t want)
{
	struct suan_engine *e = suan_engine_new();
	struct suan_effects fx;
	struct suan_arena arena = {0};
	uint64_t failures = 0;
	size_t pos = 0;
	bool good = e != NULL;

	suan_effects_init(&fx);
	while (good && pos < log->len) {
		struct suan_event ev;

		suan_arena_reset(&arena);
		good = suan_record_get(log->data, log->len, &pos, &arena, &ev, NULL) == SUAN_OK &&
		       stubborn(e, &ev, &fx, &failures);
	}
	ok(good && failures > 500, "%" PRIu64 " failed allocations, none left a trace", failures);
	ok(suan_engine_hash(e) == want, "and the end is the same");
	suan_arena_done(&arena);
	suan_effects_done(&fx);
	suan_engine_free(e);
}

static void t_new(void)
{
	bool good = true;

	for (unsigned n = 1; oom_next(n); n++) {
		struct suan_engine *e;
		bool hit;

		oom_arm(n);
		e = suan_engine_new();
		hit = oom_disarm();
		good = good && (e != NULL) == !hit;
		suan_engine_free(e);
	}
	ok(good, "a new engine or none");
}

static void t_snapshot(const struct suan_buf *log, uint64_t want)
{
	struct suan_engine *e = suan_engine_new(), *next;
	struct suan_effects fx;
	struct suan_arena arena = {0};
	struct suan_buf b;
	size_t pos = 0;
	uint64_t failures = 0;
	bool good = true;

	suan_effects_init(&fx);
	suan_buf_init(&b, 0);
	while (pos < log->len) {
		struct suan_event ev;

		if (suan_record_get(log->data, log->len, &pos, &arena, &ev, NULL) != SUAN_OK ||
		    suan_engine_step(e, &ev, &fx, NULL) != SUAN_OK)
			abort();
	}
	for (unsigned n = 1; oom_next(n); n++) {
		enum suan_code rc;

		suan_buf_done(&b);
		oom_arm(n);
		rc = suan_engine_save(e, &b, NULL);
		failures += oom_disarm();
		good = good && (rc == SUAN_OK || (rc == SUAN_ENOMEM && b.len == 0));
	}
	ok(good, "a snapshot or none");
	for (unsigned n = 1; oom_next(n); n++) {
		enum suan_code rc;

		next = NULL;
		oom_arm(n);
		rc = suan_engine_load(&next, b.data, b.len, NULL);
		failures += oom_disarm();
		good = good && (rc == SUAN_OK ? next != NULL : rc == SUAN_ENOMEM && !next);
		good = good && (!next || suan_engine_hash(next) == want);
		suan_engine_free(next);
	}
	ok(good && failures > 100, "the engine of a snapshot or none (%" PRIu64 " failures)",
	   failures);
	suan_buf_done(&b);
	suan_arena_done(&arena);
	suan_effects_done(&fx);
	suan_engine_free(e);
}

int main(void)
{
	struct suan_buf log;
	uint64_t want;

	if (!oom_works()) {
		ok(true, "allocations cannot be made to fail here # SKIP");
		return tap_done();
	}
	suan_buf_init(&log, 0);
	want = record(&log, 11, (struct kind){.data = false});
	t_new();
	t_steps(&log, want);
	t_snapshot(&log, want);
	suan_buf_done(&log);
	/* the policy whose planner remembers */
	suan_buf_init(&log, 0);
	want = record(&log, 12, (struct kind){.conservative = true});
	t_steps(&log, want);
	t_snapshot(&log, want);
	suan_buf_done(&log);
	/* runs that are stopped for others */
	suan_buf_init(&log, 0);
	want = record(&log, 13, (struct kind){.preempting = true});
	t_steps(&log, want);
	t_snapshot(&log, want);
	suan_buf_done(&log);
	/* homes, whose virtual schedules are taken back */
	suan_buf_init(&log, 0);
	want = record(&log, 14, (struct kind){.homes = true});
	t_steps(&log, want);
	t_snapshot(&log, want);
	suan_buf_done(&log);
	/* what sites are told over time */
	suan_buf_init(&log, 0);
	want = record(&log, 15, (struct kind){.signals = true});
	t_steps(&log, want);
	t_snapshot(&log, want);
	suan_buf_done(&log);
	/* data sets that move */
	suan_buf_init(&log, 0);
	want = record(&log, 16, (struct kind){.data = true});
	t_steps(&log, want);
	t_snapshot(&log, want);
	suan_buf_done(&log);
	suan_buf_init(&log, 0);
	want = record(&log, 16, (struct kind){.data = true, .conservative = true});
	t_steps(&log, want);
	suan_buf_done(&log);
	return tap_done();
}
