/* What became of the runs at a Slurm site: one squeue for all of them, and what they left in their
 * folders, which is believed first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "driver/slurm_inside.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/log.h"

#define SHORTEST_POLL_MS 1000
#define LONGEST_POLL_MS	 30000 /* far below MinJobAge's 300 s */
#define LOOK_MS		 20000
#define CALL_MS		 30000
#define MOST_BYTES	 4096u
/* Slurm does not list it: so long for an answer that is under way, or for what was just written. */
#define UNLISTED_MS 15000
/* Its end should be in its folder, which may be of a file system with a cache. */
#define RESULT_MS 10000
/* It began, nobody lists it, and it left no result. */
#define VANISHED_MS 120000

void suan_slurm_poll_in(struct suan_slurm *d, int64_t ms)
{
	if (!d->squeue)
		suan_timer_set(d->poll, ms);
}

/* ---- one run ---- */

/* mkdir is the claim of the run itself as well: whoever makes that folder has it. */
bool suan_slurm_fence(struct suan_slurm *d, const struct suan_slurm_run *r)
{
	struct suan_arena a = {0};
	const char *claim = suan_slurm_path(d, r->name, "claim", &a);
	const char *fenced = suan_slurm_path(d, r->name, "claim/fenced", &a);
	struct suan_err err = {0};
	bool good = false;

	if (claim && fenced) {
		good = suan_fs_is_dir(fenced);
		if (!good && suan_fs_mkdir(claim, 0700, &err) == SUAN_OK)
			good = suan_fs_mkdirs(fenced, 0700, &err) == SUAN_OK;
	}
	suan_arena_done(&a);
	return good;
}

void suan_slurm_end(struct suan_slurm_run *r, enum suan_outcome outcome, int64_t at_ms,
		    const char *text)
{
	r->over = true;
	r->end = (struct suan_report){
		.run = r->id, .kind = SUAN_REPORT_ENDED, .at_ms = at_ms, .outcome = outcome};
	(void)snprintf(r->text, sizeof(r->text), "%s", text ? text : "");
}

static bool read_result(struct suan_slurm *d, const struct suan_slurm_run *r,
			struct suan_slurm_result *ret)
{
	struct suan_arena a = {0};
	struct suan_buf b;
	const char *path = suan_slurm_path(d, r->name, "result", &a);
	bool good;

	suan_buf_init(&b, MOST_BYTES);
	good = path && suan_fs_read(path, &b, NULL) == SUAN_OK &&
	       suan_slurm_result(suan_buf_str(&b), b.len, ret);
	suan_buf_done(&b);
	suan_arena_done(&a);
	return good;
}

static void end_as_left(struct suan_slurm_run *r, const struct suan_slurm_result *got)
{
	enum suan_outcome outcome = SUAN_OUT_EXITED;

	if (!got->started)
		outcome = SUAN_OUT_START_FAILED;
	else if (got->timeout)
		outcome = SUAN_OUT_TIMEOUT;
	else if (r->signalled_ms)
		outcome = SUAN_OUT_CANCELLED;
	else if (r->state == SUAN_SLURM_MEMORY)
		outcome = SUAN_OUT_MEMORY;
	if (got->start_ms)
		r->start_ms = got->start_ms;
	suan_slurm_end(r, outcome, got->end_ms, got->text);
	r->end.exit_code = got->exit_code;
	r->end.usage.cpu_ms = got->cpu_ms;
}

/* As Slurm says, of one that began and left nothing. */
static void end_as_told(struct suan_slurm_run *r, int64_t now)
{
	static const struct {
		enum suan_outcome outcome;
		const char *text;
	} of[] = {
		[SUAN_SLURM_COMPLETED] = {SUAN_OUT_EXITED, ""},
		[SUAN_SLURM_FAILED] = {SUAN_OUT_EXITED, ""},
		[SUAN_SLURM_CANCELLED] = {SUAN_OUT_CANCELLED, ""},
		[SUAN_SLURM_TIMEOUT] = {SUAN_OUT_TIMEOUT, "ended by Slurm's own limit"},
		[SUAN_SLURM_MEMORY] = {SUAN_OUT_MEMORY, ""},
		[SUAN_SLURM_PREEMPTED] = {SUAN_OUT_LOST, "preempted at its site"},
		[SUAN_SLURM_NODE_FAIL] = {SUAN_OUT_UNKNOWN, "its node failed; it may still run"},
		[SUAN_SLURM_BOOT_FAIL] = {SUAN_OUT_LOST, "its node did not boot"},
	};

	suan_slurm_end(r, of[r->state].outcome, now, of[r->state].text);
	r->end.exit_code = r->exit_code;
	r->end.signal = r->signal;
	if (r->end.outcome == SUAN_OUT_EXITED && r->signal)
		r->end.outcome = r->signalled_ms ? SUAN_OUT_CANCELLED : SUAN_OUT_SIGNALLED;
	if (r->state == SUAN_SLURM_CANCELLED && !r->stop_ms)
		(void)snprintf(r->text, sizeof(r->text), "cancelled at its site, not by suan");
}

/* It never began, and never will. */
static void end_unbegun(struct suan_slurm_run *r, int64_t now, const char *why)
{
	suan_slurm_end(r, r->stop_ms ? SUAN_OUT_CANCELLED : SUAN_OUT_NOT_STARTED, now,
		       r->stop_ms ? "stopped before it was started" : why);
}

#define EXIT_DUPLICATE 75 /* of the script that found the run claimed */

/* Slurm lists an end of it. */
static void judge_over(struct suan_slurm *d, struct suan_slurm_run *r, int64_t now)
{
	struct suan_slurm_result got;
	bool copy = r->exit_code == EXIT_DUPLICATE && !r->signal;

	if (read_result(d, r, &got)) {
		end_as_left(r, &got);
		return;
	}
	if (suan_slurm_fence(d, r)) {
		end_unbegun(r, now, "Slurm ended it before it began");
		return;
	}
	if (!r->missing_ms)
		r->missing_ms = now; /* its result is */
	if (now - r->missing_ms < (copy ? VANISHED_MS : RESULT_MS))
		return;
	if (copy)
		suan_slurm_end(r, SUAN_OUT_UNKNOWN, now,
			       "Slurm started it twice; nobody knows how the first ended");
	else
		end_as_told(r, now);
}

static void judge_unlisted(struct suan_slurm *d, struct suan_slurm_run *r, int64_t now)
{
	struct suan_slurm_result got;

	if (read_result(d, r, &got)) {
		end_as_left(r, &got);
		return;
	}
	if (!r->missing_ms)
		r->missing_ms = now;
	/* The poll must have begun after the last word of sbatch. */
	if (d->poll_began_ms < r->batch->handed_ms || now - r->missing_ms < UNLISTED_MS ||
	    now - r->batch->handed_ms < UNLISTED_MS)
		return;
	if (suan_slurm_fence(d, r))
		end_unbegun(r, now, "Slurm does not know it");
	else if (now - r->missing_ms >= VANISHED_MS)
		suan_slurm_end(r, SUAN_OUT_UNKNOWN, now,
			       "Slurm does not know it any more, and it left no result");
}

static void tell_start(struct suan_slurm *d, struct suan_slurm_run *r)
{
	struct suan_report report = {.run = r->id,
				     .kind = SUAN_REPORT_STARTED,
				     .at_ms = r->start_ms ? r->start_ms : suan_clock_now_ms()};

	if (r->told_start)
		return;
	r->told_start = true;
	d->config.report(d->config.ctx, &report);
}

static void judge(struct suan_slurm *d, struct suan_slurm_run *r, int64_t now)
{
	if (r->over || !r->batch || r->batch->waiting || r->batch->command)
		return;
	if (r->seen != d->polls)
		judge_unlisted(d, r, now);
	else if (suan_slurm_over(r->state))
		judge_over(d, r, now);
	else
		r->missing_ms = 0;
}

static bool began(const struct suan_slurm_run *r)
{
	return r->end.outcome != SUAN_OUT_NOT_STARTED && r->end.outcome != SUAN_OUT_START_FAILED &&
	       (r->start_ms || r->end.outcome == SUAN_OUT_EXITED);
}

void suan_slurm_tell_ends(struct suan_slurm *d, struct suan_slurm_run **list, size_t n)
{
	struct suan_err err = {0};
	enum suan_code rc = SUAN_OK;

	if (!n)
		return;
	rc = suan_slurm_book_begin(d->book, &err);
	for (size_t i = 0; rc == SUAN_OK && i < n; i++) {
		struct suan_slurm_entry e = {.id = list[i]->id,
					     .batch = list[i]->batch->number,
					     .element = list[i]->element,
					     .stop_ms = list[i]->stop_ms,
					     .grace_ms = list[i]->grace_ms,
					     .ended = true,
					     .end = list[i]->end};

		e.end.text = list[i]->text;
		rc = suan_slurm_book_run(d->book, &e, &err);
	}
	if (rc == SUAN_OK)
		rc = suan_slurm_book_commit(d->book, &err);
	else
		suan_slurm_book_undo(d->book);
	/* Not on record: found out again, as long as its folder is there. */
	if (rc != SUAN_OK)
		suan_log(SUAN_LOG_ERROR, "site %s: %s", d->config.site, err.text);
	for (size_t i = 0; i < n; i++) {
		struct suan_report report = list[i]->end;

		report.text = list[i]->text;
		list[i]->told_end = true;
		if (began(list[i]))
			tell_start(d, list[i]);
		d->config.report(d->config.ctx, &report);
	}
}

static void judge_all(struct suan_slurm *d)
{
	struct suan_slurm_run *r, **over = NULL;
	int64_t now = suan_clock_now_ms();
	size_t n = 0, cap = 0;

	for (r = d->first; r; r = r->next) {
		if (suan_grow(&over, &cap, n + 1, sizeof(*over)) != SUAN_OK)
			break; /* at the next poll */
		if (r->seen == d->polls && r->state == SUAN_SLURM_RUNNING && !r->over)
			tell_start(d, r);
		judge(d, r, now);
		if (r->over && !r->told_end)
			over[n++] = r;
	}
	suan_slurm_tell_ends(d, over, n);
	free(over);
}

/* ---- squeue ---- */

static struct suan_slurm_run *run_of(struct suan_slurm *d, const struct suan_slurm_row *row)
{
	const char *name = suan_slurm_book_name(d->book);
	size_t n = strlen(name);
	uint64_t number, at;
	struct suan_slurm_batch *b;

	if (strncmp(row->name, "suan-", 5) != 0 || strncmp(row->name + 5, name, n) != 0 ||
	    row->name[5 + n] != '-' ||
	    suan_parse_u64(row->name + 6 + n, &number, NULL) != SUAN_OK ||
	    !suan_map_get(&d->numbers, number, &at))
		return NULL;
	b = (struct suan_slurm_batch *)(uintptr_t)at;
	return row->element < b->count ? b->runs[row->element] : NULL;
}

/* Of copies the one that does most. */
static int liveliness(enum suan_slurm_state s)
{
	return s == SUAN_SLURM_RUNNING ? 2 : s == SUAN_SLURM_PENDING ? 1 : 0;
}

static void take_row(struct suan_slurm *d, const struct suan_slurm_row *row)
{
	struct suan_slurm_run *r = run_of(d, row);

	if (row->state == SUAN_SLURM_RUNNING)
		for (size_t i = 0; i < d->npools; i++)
			if (strcmp(d->pools[i].name, row->partition) == 0)
				d->pools[i].ours += row->cpus;
	if (!r || (r->seen == d->polls && liveliness(r->state) >= liveliness(row->state)))
		return;
	r->seen = d->polls;
	r->state = row->state;
	r->exit_code = row->exit_code;
	r->signal = row->signal;
	(void)snprintf(r->at, sizeof(r->at), "%s", row->id);
	if (row->state != SUAN_SLURM_PENDING && row->start_ms)
		r->start_ms = row->start_ms;
}

static void poll_failed(struct suan_slurm *d, const struct suan_command_end *end)
{
	(void)snprintf(d->trouble, sizeof(d->trouble), "%s",
		       *end->error ? end->error : "squeue: no answer");
	if (d->silent++ == 0)
		suan_log(SUAN_LOG_WARN, "site %s: %s", d->config.site, d->trouble);
}

static bool anything_live(const struct suan_slurm *d)
{
	for (const struct suan_slurm_run *r = d->first; r; r = r->next)
		if (!r->over)
			return true;
	return false;
}

static void on_squeue(void *ctx, const struct suan_command_end *end)
{
	struct suan_slurm *d = ctx;
	struct suan_slurm_row row;
	const char *p = end->out;
	int64_t next = end->took_ms * 5;

	d->squeue = NULL;
	if (!end->ended || end->signalled || end->code != 0 || end->cut) {
		poll_failed(d, end);
		suan_slurm_poll_in(d, 5000);
		return;
	}
	if (d->silent)
		suan_log(SUAN_LOG_INFO, "site %s: Slurm answers again", d->config.site);
	d->silent = 0;
	d->polls++;
	for (size_t i = 0; i < d->npools; i++)
		d->pools[i].ours = 0;
	while (suan_slurm_row(&p, end->out + end->out_n, &row))
		take_row(d, &row);
	judge_all(d);
	suan_slurm_cancel(d);
	if (next < SHORTEST_POLL_MS)
		next = SHORTEST_POLL_MS;
	suan_slurm_poll_in(d, next < LONGEST_POLL_MS && anything_live(d) ? next : LONGEST_POLL_MS);
}

void suan_slurm_on_poll(void *ctx)
{
	static const char *const argv[] = {
		"squeue", "-h", "-r", "-t", "all", "--me", "-O", SUAN_SQUEUE_FORMAT, NULL};
	struct suan_slurm *d = ctx;

	if (d->squeue)
		return;
	d->poll_began_ms = suan_clock_now_ms();
	d->squeue = suan_slurm_call(d, argv, CALL_MS, on_squeue, d);
	if (!d->squeue)
		suan_timer_set(d->poll, LONGEST_POLL_MS);
}

/* ---- sinfo ---- */

static struct suan_slurm_pool *pool_of(struct suan_slurm *d, const char *partition)
{
	struct suan_slurm_pool *p;

	for (size_t i = 0; i < d->npools; i++)
		if (strcmp(d->pools[i].name, partition) == 0)
			return &d->pools[i];
	if (suan_grow(&d->pools, &d->pools_cap, d->npools + 1, sizeof(*d->pools)) != SUAN_OK)
		return NULL;
	p = &d->pools[d->npools++];
	*p = (struct suan_slurm_pool){.told = UINT32_MAX};
	(void)snprintf(p->name, sizeof(p->name), "%s", partition);
	return p;
}

/* What work of others holds, in whole nodes. One look may see runs of ours that the last poll did
 * not: only what two looks in a row have seen counts. */
static void tell_capacity(struct suan_slurm *d, struct suan_slurm_pool *p)
{
	uint64_t now = p->allocated > p->ours ? p->allocated - p->ours : 0;
	uint64_t held = now < p->foreign ? now : p->foreign;
	uint64_t each = p->all ? p->total / p->all : 0;
	uint32_t usable = p->up;

	p->foreign = now;
	if (held && each) {
		uint64_t nodes = (held + each - 1) / each;

		usable = nodes < usable ? usable - (uint32_t)nodes : 0;
	}
	if (usable == p->told || !d->config.capacity)
		return;
	p->told = usable;
	d->config.capacity(d->config.ctx, p->name, usable);
}

static void on_sinfo(void *ctx, const struct suan_command_end *end)
{
	struct suan_slurm *d = ctx;
	struct suan_slurm_node node;
	const char *p = end->out;

	d->sinfo = NULL;
	suan_timer_set(d->look, LOOK_MS);
	if (!end->ended || end->signalled || end->code != 0 || end->cut)
		return; /* what is known stays */
	for (size_t i = 0; i < d->npools; i++)
		d->pools[i].up = d->pools[i].all = 0, d->pools[i].allocated = d->pools[i].total = 0;
	while (suan_slurm_node(&p, end->out + end->out_n, &node)) {
		struct suan_slurm_pool *pool = pool_of(d, node.partition);

		if (!pool)
			break;
		pool->all++;
		pool->up += node.usable;
		pool->total += node.total;
		pool->allocated += node.usable ? node.allocated : 0;
	}
	for (size_t i = 0; i < d->npools; i++)
		tell_capacity(d, &d->pools[i]);
}

void suan_slurm_on_look(void *ctx)
{
	static const char *const argv[] = {"sinfo", "-h", "-N", "-O", SUAN_SINFO_FORMAT, NULL};
	struct suan_slurm *d = ctx;

	if (d->sinfo)
		return;
	d->sinfo = suan_slurm_call(d, argv, CALL_MS, on_sinfo, d);
	if (!d->sinfo)
		suan_timer_set(d->look, LOOK_MS);
}
