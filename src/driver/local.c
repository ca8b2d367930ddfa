/* Runs on this machine. The work is done by a shepherd, which outlives this process; this side
 * sends it orders and remembers what it tells. A shepherd that is there but silent (stopped, or on
 * a disk that hangs) is waited for once and shortly; after that only the loop listens for it. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "driver/driver.h"
#include "driver/herd.h"
#include "driver/shepherd.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/link.h"
#include "sys/log.h"
#include "sys/process.h"

#define ANSWER_MS    3000 /* of silence, while it tells what it has */
#define LAUNCH_MS    5000 /* for a new one to be ready */
#define HELPER_MS    5	  /* between looks whether it is */
#define FLUSH_MS     1000
#define RECONNECT_MS 500
#define TRIES	     7 /* in a row: one that is just going may still have answered the helper */

struct known { /* a run */
	struct suan_herd_run r;
	struct known *same;	   /* next with the same key */
	struct known *prev, *next; /* all, by age */
	struct known *queue_next;  /* reports to be made */
	bool queued;
	bool due_start, due_end; /* reports to be made */
	bool told_start;
	bool stop;	     /* was ordered: told to every shepherd until the end is known */
	int64_t grace_ms;    /* of the stop; 0 = the run's own */
	bool dropped;	     /* forgotten while queued */
	unsigned generation; /* of the last sync that had it */
};

enum standing {	   /* of us with the shepherd */
	AWAY,	   /* no link */
	LAUNCHING, /* a helper starts one */
	GREETING,  /* linked; it has not told yet all it has */
	SYNCED,
};

struct local {
	struct suan_driver base;
	struct suan_loop *loop;
	void (*report)(void *ctx, const struct suan_report *report);
	void (*answers)(void *ctx);
	void *ctx;
	char *site, *state_dir, *socket_path, *log_path, *program; /* owned */
	enum standing standing;
	struct suan_link *link; /* of GREETING and SYNCED */
	int64_t helper_pid;	/* of LAUNCHING */
	int64_t launched_us;
	unsigned tries;
	bool silent;   /* did not answer in time: nobody waits for it any more */
	bool answered; /* after it was silent: to be told */
	bool closing;
	unsigned generation;
	struct suan_map by_key;
	struct known *first, *last;
	struct known *queue, **queue_end;
	struct suan_timer *tell; /* reports are made from here */
	struct suan_timer *look; /* at the shepherd, while it is not SYNCED */
	struct suan_buf buf;
	struct suan_arena arena;
	char *description; /* owned; of the shepherd */
};

static struct local *local_of(struct suan_driver *d)
{
	return (struct local *)(void *)d;
}

/* ---- what is known ---- */

static struct known *find(const struct local *d, struct suan_run_id id)
{
	struct known *k;
	uint64_t v;

	if (!suan_map_get(&d->by_key, suan_herd_key(id), &v))
		return NULL;
	for (k = (struct known *)(uintptr_t)v; k; k = k->same)
		if (suan_herd_same(k->r.id, id))
			return k;
	return NULL;
}

static struct known *add(struct local *d, const struct suan_herd_run *r)
{
	struct known *k = calloc(1, sizeof(*k));
	uint64_t key = suan_herd_key(r->id);
	uint64_t head = 0;

	(void)suan_map_get(&d->by_key, key, &head);
	if (!k || suan_map_put(&d->by_key, key, (uint64_t)(uintptr_t)k) != SUAN_OK) {
		free(k);
		return NULL;
	}
	k->r = *r;
	k->same = (struct known *)(uintptr_t)head;
	k->generation = d->generation;
	k->prev = d->last;
	*(d->last ? &d->last->next : &d->first) = k;
	d->last = k;
	return k;
}

static void unlink_key(struct local *d, struct known *k)
{
	uint64_t key = suan_herd_key(k->r.id);
	struct known *head;
	uint64_t v = 0;
	enum suan_code rc;

	(void)suan_map_get(&d->by_key, key, &v);
	head = (struct known *)(uintptr_t)v;
	if (head != k) {
		while (head->same != k)
			head = head->same;
		head->same = k->same;
	} else if (k->same) {
		rc = suan_map_put(&d->by_key, key, (uint64_t)(uintptr_t)k->same);
		assert(rc == SUAN_OK); /* replacing never fails */
	} else {
		(void)suan_map_drop(&d->by_key, key);
	}
}

static void drop(struct local *d, struct known *k)
{
	unlink_key(d, k);
	*(k->prev ? &k->prev->next : &d->first) = k->next;
	*(k->next ? &k->next->prev : &d->last) = k->prev;
	if (k->queued)
		k->dropped = true; /* the queue frees it */
	else
		free(k);
}

/* ---- reports: never from inside a call ---- */

static void report_later(struct local *d, struct known *k)
{
	if (k->queued)
		return;
	k->queued = true;
	k->queue_next = NULL;
	*d->queue_end = k;
	d->queue_end = &k->queue_next;
	suan_timer_set(d->tell, 0);
}

static void tell_one(struct local *d, struct known *k)
{
	struct suan_herd_run r = k->r; /* the listener may forget it */
	bool start = k->due_start, end = k->due_end;
	struct suan_report report;

	k->due_start = k->due_end = false;
	k->told_start = k->told_start || start;
	if (start) {
		suan_herd_report(&r, false, &report);
		d->report(d->ctx, &report);
	}
	if (end && find(d, r.id)) {
		suan_herd_report(&r, true, &report);
		d->report(d->ctx, &report);
	}
}

static void tell_all(void *ctx)
{
	struct local *d = ctx;
	struct known *k = d->queue;

	d->queue = NULL;
	d->queue_end = &d->queue;
	while (k) {
		struct known *next = k->queue_next;

		k->queued = false;
		if (k->dropped)
			free(k);
		else
			tell_one(d, k);
		k = next;
	}
	if (d->answered && d->answers) {
		d->answered = false;
		d->answers(d->ctx);
	}
}

static void learn(struct local *d, const struct suan_herd_run *r)
{
	struct known *k = find(d, r->id);

	/* Nothing new, except for one that we had given up. */
	if (k && k->r.state == SUAN_HERD_ENDED && k->r.outcome != SUAN_OUT_UNKNOWN) {
		k->generation = d->generation;
		return;
	}
	if (!k)
		k = add(d, r);
	if (!k)
		return; /* out of memory: told again at the next connect */
	k->generation = d->generation;
	k->due_start = k->due_start || (!k->told_start && r->start_ms > 0);
	k->due_end = k->due_end || (r->state == SUAN_HERD_ENDED);
	k->r = *r;
	if (k->due_start || k->due_end)
		report_later(d, k);
}

/* Orders that a killed shepherd never read: those runs were certainly not started. */
static void settle_unsent(struct local *d)
{
	for (struct known *k = d->first; k; k = k->next) {
		if (k->generation == d->generation || k->r.state == SUAN_HERD_ENDED)
			continue;
		/* One that was seen started may still run. */
		k->r.outcome = SUAN_OUT_NOT_STARTED;
		if (k->told_start || k->r.state == SUAN_HERD_STARTED)
			k->r.outcome = SUAN_OUT_UNKNOWN;
		k->r.state = SUAN_HERD_ENDED;
		k->r.end_ms = suan_clock_now_ms();
		(void)snprintf(k->r.text, sizeof(k->r.text),
			       "the order was lost with the keeper of the site's runs");
		k->due_end = true;
		report_later(d, k);
	}
}

/* ---- orders ---- */

static enum suan_code send_message(struct local *d, const struct suan_herd_message *m,
				   struct suan_err *err)
{
	enum suan_code rc;

	if (!d->link || (d->standing != SYNCED && m->kind != SUAN_HERD_HELLO))
		return suan_fail(err, SUAN_EUNREACHABLE, "no shepherd answers at %s",
				 d->socket_path);
	suan_buf_reset(&d->buf);
	suan_herd_put(&d->buf, m);
	rc = suan_buf_ok(&d->buf, err);
	if (rc != SUAN_OK)
		return rc;
	rc = suan_link_send(d->link, d->buf.data, d->buf.len);
	return rc == SUAN_OK ? rc : suan_fail(err, rc, "cannot send to the shepherd");
}

static void send_stop(struct local *d, const struct known *k)
{
	struct suan_herd_message m = {.kind = SUAN_HERD_STOP,
				      .run = {.id = k->r.id, .grace_ms = k->grace_ms}};
	enum suan_code rc = send_message(d, &m, NULL);

	if (rc != SUAN_OK && d->standing == SYNCED)
		suan_timer_set(d->look, RECONNECT_MS); /* else the next sync does it */
}

/* Told once more is harmless: the shepherd takes the first. */
static void send_stops(struct local *d)
{
	for (const struct known *k = d->first; k; k = k->next)
		if (k->stop && k->r.state != SUAN_HERD_ENDED)
			send_stop(d, k);
}

/* ---- the shepherd ---- */

static void now_synced(struct local *d)
{
	d->standing = SYNCED;
	d->tries = 0;
	suan_timer_stop(d->look);
	settle_unsent(d);
	send_stops(d);
	if (!d->silent)
		return;
	suan_log(SUAN_LOG_INFO, "site %s: its shepherd answers again", d->site);
	d->silent = false;
	d->answered = true;
	suan_timer_set(d->tell, 0);
}

static void on_message(void *ctx, const void *bytes, size_t n)
{
	struct local *d = ctx;
	struct suan_herd_message m;
	char *text;

	if (d->standing == GREETING && !d->silent)
		suan_timer_set(d->look, ANSWER_MS);
	suan_arena_reset(&d->arena);
	if (!suan_herd_get(bytes, n, &d->arena, &m))
		return;
	if (m.kind == SUAN_HERD_RUN) {
		learn(d, &m.run);
	} else if (m.kind == SUAN_HERD_SYNCED) {
		now_synced(d);
	} else if (m.kind == SUAN_HERD_HELLO) {
		text = strdup(m.text);
		if (text) {
			free(d->description);
			d->description = text;
		}
	}
}

static void hang_up(struct local *d)
{
	suan_link_free(d->link);
	d->link = NULL;
	d->standing = AWAY;
}

static void on_closed(void *ctx)
{
	struct local *d = ctx;

	hang_up(d);
	if (!d->closing)
		suan_timer_set(d->look, 0);
}

/* The helper returns when a shepherd, itself or another, answers. */
static enum suan_code launch(struct local *d, struct suan_err *err)
{
	const char *const argv[] = {d->program, "shepherd", d->state_dir, NULL};
	struct suan_spawn spawn = {.argv = argv,
				   .envp = (const char *const *)environ,
				   .stdout_path = d->log_path,
				   .append = true};
	struct suan_spawned got;

	suan_process_spawn(&spawn, &got);
	if (got.pid == 0)
		return suan_fail(err, SUAN_EIO, "cannot start %s shepherd: %s", d->program,
				 strerror(got.sys_errno));
	d->standing = LAUNCHING;
	d->helper_pid = got.pid;
	d->launched_us = suan_clock_mono_us();
	return SUAN_OK;
}

/* Links up and asks for all it has. */
static enum suan_code greet(struct local *d, struct suan_err *err)
{
	struct suan_herd_message hello = {.kind = SUAN_HERD_HELLO, .version = SUAN_HERD_VERSION};
	struct suan_link_events events = {on_message, on_closed, d};
	int fd;
	enum suan_code rc = suan_link_connect(d->socket_path, &fd, err);

	if (rc == SUAN_EBUSY) /* its queue of calls is full: it is there and takes none */
		return suan_fail(err, SUAN_EUNREACHABLE, "the shepherd at %s does not answer",
				 d->socket_path);
	if (rc != SUAN_OK)
		return suan_fail(err, SUAN_ENOTFOUND, "no shepherd at %s", d->socket_path);
	rc = suan_link_new(&d->link, d->loop, fd, &events);
	if (rc != SUAN_OK) {
		d->link = NULL;
		return suan_fail(err, rc, "cannot watch the shepherd");
	}
	d->standing = GREETING;
	d->generation++;
	rc = send_message(d, &hello, err);
	if (rc != SUAN_OK)
		hang_up(d);
	return rc;
}

static enum suan_code approach(struct local *d, struct suan_err *err)
{
	enum suan_code rc;

	if (d->tries++ >= TRIES)
		return suan_fail(err, SUAN_EIO, "a shepherd goes as soon as it comes; see %s",
				 d->log_path);
	rc = greet(d, err);
	return rc == SUAN_ENOTFOUND ? launch(d, err) : rc;
}

static enum suan_code look_at_helper(struct local *d, struct suan_err *err)
{
	struct suan_process_stat st;
	struct suan_process_end end = {0};
	bool there =
		!suan_process_reap(d->helper_pid, &end) && suan_process_stat(d->helper_pid, &st);

	if (there && suan_clock_mono_us() - d->launched_us < (int64_t)LAUNCH_MS * 1000)
		return SUAN_OK;
	if (there)
		return suan_fail(err, SUAN_EUNREACHABLE, "the shepherd at %s does not come up",
				 d->socket_path);
	d->standing = AWAY;
	if (end.signalled || end.code != 0)
		return suan_fail(err, SUAN_EIO, "%s shepherd failed; see %s", d->program,
				 d->log_path);
	return approach(d, err);
}

static enum suan_code no_answer(const struct local *d, struct suan_err *err)
{
	return suan_fail(err, SUAN_EUNREACHABLE, "the shepherd at %s does not answer",
			 d->socket_path);
}

/* Blocks until something came. Its silence is the error. */
static enum suan_code await_answer(struct local *d, struct suan_err *err)
{
	int64_t until_us = suan_clock_mono_us() + (int64_t)ANSWER_MS * 1000;

	if (suan_link_wait(d->link, ANSWER_MS) || d->standing != GREETING)
		return SUAN_OK;
	if (suan_clock_mono_us() >= until_us)
		return no_answer(d, err);
	hang_up(d); /* it has gone, and nobody told us */
	return SUAN_OK;
}

/* Blocks until the shepherd has told all, but not long while it says nothing. */
static enum suan_code bring_up(struct local *d, struct suan_err *err)
{
	const struct timespec pause = {0, HELPER_MS * 1000000};
	enum suan_code rc = d->silent ? no_answer(d, err) : SUAN_OK;

	while (rc == SUAN_OK && d->standing != SYNCED) {
		if (d->standing == AWAY) {
			rc = approach(d, err);
		} else if (d->standing == GREETING) {
			rc = await_answer(d, err);
		} else {
			(void)nanosleep(&pause, NULL);
			rc = look_at_helper(d, err);
		}
	}
	return rc;
}

static void look_again(struct local *d)
{
	if (d->standing == AWAY)
		suan_timer_set(d->look, RECONNECT_MS);
	else if (d->standing == LAUNCHING)
		suan_timer_set(d->look, d->silent ? RECONNECT_MS : HELPER_MS);
	else if (d->standing == GREETING && !d->silent)
		suan_timer_set(d->look, ANSWER_MS);
}

static void went_silent(struct local *d, const struct suan_err *err)
{
	if (!d->silent)
		suan_log(SUAN_LOG_WARN, "site %s: %s; going on without it", d->site, err->text);
	d->silent = true;
	d->tries = 0;
	look_again(d);
}

/* So is the shepherd with us? Waits for it unless it is known to be silent. */
static enum suan_code in_touch(struct local *d, struct suan_err *err)
{
	struct suan_err why = {0};
	enum suan_code rc = bring_up(d, &why);

	if (rc == SUAN_OK)
		return SUAN_OK;
	went_silent(d, &why);
	return suan_fail(err, rc, "%s", why.text);
}

static void look(void *ctx)
{
	struct local *d = ctx;
	struct suan_err err = {0};
	enum suan_code rc = SUAN_OK;

	switch (d->standing) {
	case AWAY:
		rc = approach(d, &err);
		break;
	case LAUNCHING:
		rc = look_at_helper(d, &err);
		break;
	case GREETING:
		rc = no_answer(d, &err);
		break;
	case SYNCED:
		send_stops(d);
		return;
	}
	if (rc == SUAN_OK)
		look_again(d);
	else
		went_silent(d, &err);
}

/* ---- the driver ---- */

static void local_close(struct suan_driver *base)
{
	struct local *d = local_of(base);

	if (!d)
		return;
	d->closing = true;
	if (d->standing == SYNCED)
		(void)suan_link_flush(d->link, FLUSH_MS);
	suan_link_free(d->link);
	for (struct known *k = d->queue; k;) {
		struct known *next = k->queue_next;

		k->queued = false;
		if (k->dropped)
			free(k);
		k = next;
	}
	while (d->first)
		drop(d, d->first);
	suan_map_done(&d->by_key);
	suan_timer_free(d->tell);
	suan_timer_free(d->look);
	suan_buf_done(&d->buf);
	suan_arena_done(&d->arena);
	free(d->site);
	free(d->state_dir);
	free(d->socket_path);
	free(d->log_path);
	free(d->program);
	free(d->description);
	free(d);
}

static char *join(const char *dir, const char *name)
{
	char *s;

	return asprintf(&s, "%s/%s", dir, name) < 0 ? NULL : s;
}

static bool set_paths(struct local *d, const struct suan_driver_config *config)
{
	d->state_dir = suan_fs_absolute(config->state_dir);
	if (!d->state_dir)
		return false;
	d->socket_path = join(d->state_dir, SUAN_SHEPHERD_SOCKET);
	d->log_path = join(d->state_dir, "log");
	d->program = strdup(config->program);
	d->site = strdup(config->site);
	return d->socket_path && d->log_path && d->program && d->site;
}

static enum suan_code local_open(struct suan_driver **ret, const struct suan_driver_config *config,
				 struct suan_err *err)
{
	struct local *d = calloc(1, sizeof(*d));
	struct suan_err why = {0};
	enum suan_code rc;

	if (!d)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	d->base.ops = &suan_driver_local;
	d->loop = config->loop;
	d->report = config->report;
	d->answers = config->answers;
	d->ctx = config->ctx;
	d->queue_end = &d->queue;
	suan_map_init(&d->by_key);
	suan_buf_init(&d->buf, 0);
	suan_arena_init(&d->arena, 0);
	if (suan_timer_new(&d->tell, d->loop, tell_all, d) != SUAN_OK ||
	    suan_timer_new(&d->look, d->loop, look, d) != SUAN_OK || !set_paths(d, config))
		rc = suan_fail(&why, SUAN_ENOMEM, "out of memory");
	else
		rc = suan_fs_mkdirs(d->state_dir, 0700, &why);
	if (rc == SUAN_OK)
		rc = bring_up(d, &why);
	if (rc == SUAN_EUNREACHABLE) {
		went_silent(d, &why);
	} else if (rc != SUAN_OK) {
		local_close(&d->base);
		return suan_fail(err, rc, "site %s: %s", config->site, why.text);
	}
	*ret = &d->base;
	return SUAN_OK;
}

static enum suan_code local_start(struct suan_driver *base, const struct suan_driver_run *run,
				  struct suan_err *err)
{
	struct local *d = local_of(base);
	struct suan_herd_message m = {
		.kind = SUAN_HERD_START,
		.run = {.id = run->id,
			.state = SUAN_HERD_INTENT,
			.walltime_ms = run->walltime_ms,
			.grace_ms = run->grace_ms,
			.memory_bytes = run->memory_bytes},
		.dir = run->dir,
		.stdin_path = run->stdin_path,
		.stdout_path = run->stdout_path,
		.stderr_path = run->stderr_path,
		.append = run->append,
		.cores = run->cores,
		.argv = run->argv,
		.envp = run->envp,
	};
	struct known *k;
	enum suan_code rc;

	if (find(d, run->id))
		return SUAN_OK;
	rc = in_touch(d, err);
	if (rc != SUAN_OK)
		return rc;
	if (find(d, run->id)) /* told by the shepherd just now */
		return SUAN_OK;
	k = add(d, &m.run);
	if (!k)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	rc = send_message(d, &m, err);
	if (rc != SUAN_OK)
		drop(d, k);
	return rc;
}

static enum suan_code local_stop(struct suan_driver *base, struct suan_run_id id, int64_t grace_ms,
				 struct suan_err *err)
{
	struct local *d = local_of(base);
	char name[SUAN_RUN_NAME_MAX];
	struct known *k = find(d, id);

	suan_run_name(id, name);
	if (!k)
		return suan_fail(err, SUAN_ENOTFOUND, "no run %s here", name);
	if (!k->stop)
		k->grace_ms = grace_ms;
	k->stop = true;
	if (k->r.state != SUAN_HERD_ENDED)
		send_stop(d, k);
	return SUAN_OK;
}

static bool local_ready(struct suan_driver *base)
{
	return in_touch(local_of(base), NULL) == SUAN_OK;
}

static bool local_knows(struct suan_driver *base, struct suan_run_id id)
{
	struct local *d = local_of(base);
	struct known *k = find(d, id);

	if (k && k->r.state == SUAN_HERD_ENDED) {
		k->due_end = true;
		report_later(d, k);
	}
	return k != NULL;
}

static void local_forget(struct suan_driver *base, struct suan_run_id id)
{
	struct suan_herd_message m = {.kind = SUAN_HERD_FORGET, .run = {.id = id}};
	struct local *d = local_of(base);
	struct known *k = find(d, id);

	if (!k || k->r.state != SUAN_HERD_ENDED)
		return;
	drop(d, k);
	/* Lost with the link, the run is told and forgotten once more. */
	if (send_message(d, &m, NULL) != SUAN_OK)
		return;
}

static enum suan_code local_describe(struct suan_driver *base, struct suan_buf *out)
{
	const struct local *d = local_of(base);

	if (d->standing != SYNCED && d->silent)
		suan_buf_adds(out, "{\"driver\":\"local\",\"shepherd\":\"does not answer\"}");
	else
		suan_buf_adds(out, d->description && *d->description ? d->description
								     : "{\"driver\":\"local\"}");
	return suan_buf_ok(out, NULL);
}

const struct suan_driver_ops suan_driver_local = {
	.name = "local",
	.open = local_open,
	.close = local_close,
	.ready = local_ready,
	.start = local_start,
	.stop = local_stop,
	.knows = local_knows,
	.forget = local_forget,
	.describe = local_describe,
};
