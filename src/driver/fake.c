/* Runs that only pretend, as their command says; for tests of everything above drivers:
 *   fake exit N [after MS]     fake signal N [after MS]    fake memory [after MS]
 *   fake fail TEXT             fake not-started            fake lost [after MS]
 *   fake unknown [after MS]    fake hang
 * Any other command exits with 0 at once. Walltime and stop work as at a real site. The end of a
 * run is settled when it starts and kept in a journal; after a restart it comes at its time. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "driver/driver.h"
#include "driver/herd.h"
#include "driver/journal.h"
#include "sys/clock.h"
#include "sys/fs.h"

struct pretended {
	struct suan_herd_run r; /* with its end, also while that is to come */
	struct fake *fake;
	struct pretended *next;
	struct suan_timer *timer;
	bool told_start;
};

struct fake {
	struct suan_driver base;
	struct suan_loop *loop;
	void (*report)(void *ctx, const struct suan_report *report);
	void *ctx;
	struct suan_journal *journal;
	struct pretended *runs;
};

static struct fake *fake_of(struct suan_driver *d)
{
	return (struct fake *)(void *)d;
}

static struct pretended **find(struct fake *d, struct suan_run_id id)
{
	struct pretended **p = &d->runs;

	while (*p && !suan_herd_same((*p)->r.id, id))
		p = &(*p)->next;
	return p;
}

/* ---- what a command means ---- */

struct word {
	const char *verb;
	enum suan_outcome outcome;
	bool number, text; /* takes one */
};

static const struct word words[] = {
	{"exit", SUAN_OUT_EXITED, true, false},
	{"signal", SUAN_OUT_SIGNALLED, true, false},
	{"memory", SUAN_OUT_MEMORY, false, false},
	{"fail", SUAN_OUT_START_FAILED, false, true},
	{"not-started", SUAN_OUT_NOT_STARTED, false, false},
	{"lost", SUAN_OUT_LOST, false, false},
	{"unknown", SUAN_OUT_UNKNOWN, false, false},
	{"hang", SUAN_OUT_CANCELLED, false, false},
};

static bool was_started(enum suan_outcome outcome)
{
	return outcome != SUAN_OUT_START_FAILED && outcome != SUAN_OUT_NOT_STARTED;
}

static int64_t number_of(const char *s)
{
	int64_t n = 0;

	return s && suan_parse_i64(s, &n, NULL) == SUAN_OK ? n : 0;
}

/* Fills outcome, code and text of r; how long it takes. */
static int64_t understand(const char *const *argv, struct suan_herd_run *r)
{
	const struct word *w = NULL;
	const char *const *p = argv;

	r->outcome = SUAN_OUT_EXITED;
	if (!p[0] || strcmp(p[0], "fake") != 0 || !p[1])
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].verb, p[1]) == 0)
			w = &words[i];
	if (!w)
		return 0;
	r->outcome = w->outcome;
	p += 2;
	if (w->number && *p)
		*(w->outcome == SUAN_OUT_EXITED ? &r->exit_code : &r->signal) =
			(int32_t)number_of(*p++);
	else if (w->text && *p)
		(void)snprintf(r->text, sizeof(r->text), "%s", *p++);
	if (strcmp(w->verb, "hang") == 0)
		return SUAN_FOREVER;
	return *p && strcmp(*p, "after") == 0 ? number_of(p[1]) : 0;
}

static void settle(struct suan_herd_run *r, const char *const *argv)
{
	int64_t takes_ms = understand(argv, r);

	if (r->walltime_ms > 0 && takes_ms >= r->walltime_ms && takes_ms > 0) {
		r->outcome = SUAN_OUT_TIMEOUT;
		takes_ms = r->walltime_ms;
	}
	r->end_ms = suan_sat_add(r->start_ms, takes_ms);
	r->usage.cpu_ms = was_started(r->outcome) && takes_ms != SUAN_FOREVER ? takes_ms : 0;
}

/* ---- telling ---- */

static void on_time(void *ctx)
{
	struct pretended *p = ctx;
	struct fake *d = p->fake;
	struct suan_run_id id = p->r.id;
	struct suan_herd_run r;
	struct suan_report report;
	int64_t left_ms;

	if (!p->told_start && was_started(p->r.outcome)) {
		p->told_start = true;
		suan_herd_report(&p->r, false, &report);
		d->report(d->ctx, &report);
		p = *find(d, id);
	}
	if (!p || p->r.end_ms == SUAN_FOREVER)
		return;
	left_ms = p->r.end_ms - suan_clock_now_ms();
	if (left_ms > 0) {
		suan_timer_set(p->timer, left_ms);
		return;
	}
	r = p->r; /* the listener may forget it */
	suan_herd_report(&r, true, &report);
	d->report(d->ctx, &report);
}

static struct pretended *add(struct fake *d, const struct suan_herd_run *r)
{
	struct pretended *p = calloc(1, sizeof(*p));

	if (!p || suan_timer_new(&p->timer, d->loop, on_time, p) != SUAN_OK) {
		free(p);
		return NULL;
	}
	p->r = *r;
	p->fake = d;
	*find(d, r->id) = p; /* at the end */
	suan_timer_set(p->timer, 0);
	return p;
}

static void drop(struct pretended **at)
{
	struct pretended *p = *at;

	*at = p->next;
	suan_timer_free(p->timer);
	free(p);
}

static enum suan_code record(struct fake *d, const struct suan_herd_run *r, struct suan_err *err)
{
	enum suan_code rc = suan_journal_put(d->journal, r);

	if (rc == SUAN_OK)
		rc = suan_journal_write(d->journal, false, err);
	if (rc != SUAN_OK)
		suan_journal_drop(d->journal);
	return rc;
}

static void replay(void *ctx, const struct suan_herd_run *run, bool forgotten)
{
	struct fake *d = ctx;
	struct pretended **at = find(d, run->id);

	if (*at)
		drop(at);
	if (!forgotten)
		(void)add(d, run);
}

/* ---- the driver ---- */

static void fake_close(struct suan_driver *base)
{
	struct fake *d = fake_of(base);

	if (!d)
		return;
	while (d->runs)
		drop(&d->runs);
	suan_journal_close(d->journal);
	free(d);
}

static enum suan_code fake_open(struct suan_driver **ret, const struct suan_driver_config *config,
				struct suan_err *err)
{
	struct fake *d = calloc(1, sizeof(*d));
	char path[4096];
	enum suan_code rc;

	if (!d)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	d->base.ops = &suan_driver_fake;
	d->loop = config->loop;
	d->report = config->report;
	d->ctx = config->ctx;
	(void)snprintf(path, sizeof(path), "%s/fake", config->state_dir);
	rc = suan_fs_mkdirs(config->state_dir, 0700, err);
	if (rc == SUAN_OK)
		rc = suan_journal_open(&d->journal, path, replay, d, err);
	if (rc != SUAN_OK) {
		fake_close(&d->base);
		return rc;
	}
	*ret = &d->base;
	return SUAN_OK;
}

static bool fake_ready(struct suan_driver *base)
{
	(void)base;
	return true;
}

static enum suan_code fake_start(struct suan_driver *base, const struct suan_driver_run *run,
				 struct suan_err *err)
{
	struct fake *d = fake_of(base);
	struct suan_herd_run r = {.id = run->id,
				  .state = SUAN_HERD_STARTED,
				  .start_ms = suan_clock_now_ms(),
				  .walltime_ms = run->walltime_ms};
	enum suan_code rc;

	if (*find(d, run->id))
		return SUAN_OK;
	settle(&r, run->argv);
	rc = record(d, &r, err);
	if (rc != SUAN_OK)
		return rc;
	return add(d, &r) ? SUAN_OK : suan_fail(err, SUAN_ENOMEM, "out of memory");
}

static enum suan_code fake_stop(struct suan_driver *base, struct suan_run_id id, int64_t grace_ms,
				struct suan_err *err)
{
	struct fake *d = fake_of(base);
	struct pretended *p = *find(d, id);
	int64_t now_ms = suan_clock_now_ms();

	(void)grace_ms; /* all heed TERM at once */
	if (!p)
		return suan_fail(err, SUAN_ENOTFOUND, "no run %" PRIu64 " here", id.job);
	if (p->r.end_ms <= now_ms)
		return SUAN_OK;
	p->r.outcome = SUAN_OUT_CANCELLED;
	p->r.exit_code = p->r.signal = 0;
	p->r.end_ms = now_ms;
	p->r.usage.cpu_ms = now_ms - p->r.start_ms;
	suan_timer_set(p->timer, 0);
	return record(d, &p->r, err);
}

static bool fake_knows(struct suan_driver *base, struct suan_run_id id)
{
	struct pretended *p = *find(fake_of(base), id);

	if (p)
		suan_timer_set(p->timer, 0); /* tells the end again if it is over */
	return p != NULL;
}

static void fake_forget(struct suan_driver *base, struct suan_run_id id)
{
	struct fake *d = fake_of(base);
	struct pretended **at = find(d, id);

	if (!*at)
		return;
	drop(at);
	if (suan_journal_forget(d->journal, id) != SUAN_OK ||
	    suan_journal_write(d->journal, false, NULL) != SUAN_OK)
		suan_journal_drop(d->journal); /* told and forgotten once more */
}

static enum suan_code fake_describe(struct suan_driver *base, struct suan_buf *out)
{
	(void)base;
	suan_buf_adds(out, "{\"driver\":\"fake\"}");
	return suan_buf_ok(out, NULL);
}

const struct suan_driver_ops suan_driver_fake = {
	.name = "fake",
	.open = fake_open,
	.close = fake_close,
	.ready = fake_ready,
	.start = fake_start,
	.stop = fake_stop,
	.knows = fake_knows,
	.forget = fake_forget,
	.describe = fake_describe,
};
