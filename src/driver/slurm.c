/* Runs at a Slurm site, by its commands. Identity is a token in the name of Slurm's job, never its
 * number; runs that ask for the same go as one array; a run works only after it has claimed its
 * folder, so that what Slurm starts late or twice does nothing. docs/internals/slurm.md. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "driver/herd.h"
#include "driver/slurm_inside.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/log.h"

#define GATHER_MS      30
#define MOST_ELEMENTS  500u /* of an array: below MaxArraySize's default of 1001 */
#define MOST_CALLS     2u   /* of sbatch at a time */
#define MOST_CANCELLED 500u /* in one scancel */
#define CALL_MS	       30000
#define OUTPUT_BYTES   4096u

static struct suan_slurm *slurm_of(struct suan_driver *d)
{
	return (struct suan_slurm *)(void *)d;
}

static struct suan_slurm_run *find(struct suan_slurm *d, struct suan_run_id id)
{
	uint64_t v;

	return suan_map_get(&d->runs, suan_herd_key(id), &v) ? (struct suan_slurm_run *)(uintptr_t)v
							     : NULL;
}

const char *suan_slurm_path(struct suan_slurm *d, const char *name, const char *file,
			    struct suan_arena *arena)
{
	size_t n = strlen(d->folder) + strlen(name) + strlen(file) + 3;
	char *p = suan_arena_alloc(arena, n);

	if (p)
		(void)snprintf(p, n, "%s/%s%s%s", d->folder, name, *file ? "/" : "", file);
	return p;
}

struct suan_command *suan_slurm_call(struct suan_slurm *d, const char *const *argv,
				     int64_t limit_ms, suan_command_fn *done, void *ctx)
{
	static const char *const names[] = {"sbatch", "squeue", "scancel", "sinfo"};
	struct suan_command_spec spec = {.loop = d->config.loop,
					 .argv = argv,
					 .envp = (const char *const *)d->envp,
					 .limit_ms = limit_ms,
					 .most_bytes = OUTPUT_BYTES,
					 .done = done,
					 .ctx = ctx};
	struct suan_command *c = NULL;
	struct suan_err err = {0};

	if (argv && (strcmp(argv[0], "squeue") == 0 || strcmp(argv[0], "sinfo") == 0))
		spec.most_bytes = (size_t)1 << 28;
	if (!argv || suan_command_start(&c, &spec, &err) != SUAN_OK) {
		suan_log(SUAN_LOG_ERROR, "site %s: %s", d->config.site,
			 argv ? err.text : "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		d->called[i] += strcmp(argv[0], names[i]) == 0;
	return c;
}

/* ---- runs and batches in memory ---- */

static struct suan_slurm_run *add_run(struct suan_slurm *d, struct suan_run_id id)
{
	struct suan_slurm_run *r = calloc(1, sizeof(*r));

	if (!r || suan_map_put(&d->runs, suan_herd_key(id), (uintptr_t)r) != SUAN_OK) {
		free(r);
		return NULL;
	}
	r->id = id;
	suan_run_name(id, r->name);
	r->prev = d->last;
	if (d->last)
		d->last->next = r;
	else
		d->first = r;
	d->last = r;
	return r;
}

static void free_batch(struct suan_slurm *d, struct suan_slurm_batch *b)
{
	struct suan_slurm_batch **p = &d->batches;

	while (*p && *p != b)
		p = &(*p)->next;
	if (*p)
		*p = b->next;
	(void)suan_map_drop(&d->numbers, b->number);
	if (b->command)
		d->submitting--;
	suan_command_cancel(b->command);
	suan_arena_done(&b->arena);
	free(b->runs);
	free(b);
}

/* A file or folder of ours; what cannot be removed stays, and does no harm. */
static void remove_ours(struct suan_slurm *d, const char *name)
{
	struct suan_arena a = {0};
	const char *path = suan_slurm_path(d, name, "", &a);
	struct suan_err err = {0};

	if (path && suan_fs_exists(path) && suan_fs_remove_tree(path, &err) != SUAN_OK)
		suan_log(SUAN_LOG_WARN, "site %s: %s", d->config.site, err.text);
	suan_arena_done(&a);
}

/* With its folder; the last of a batch takes that along, unless sbatch is at work for it. */
static void drop_run(struct suan_slurm *d, struct suan_slurm_run *r, bool files)
{
	struct suan_slurm_batch *b = r->batch;

	if (files)
		remove_ours(d, r->name);
	(void)suan_map_drop(&d->runs, suan_herd_key(r->id));
	*(r->prev ? &r->prev->next : &d->first) = r->next;
	*(r->next ? &r->next->prev : &d->last) = r->prev;
	if (b) {
		b->runs[r->element] = NULL;
		b->left--;
	}
	if (b && !b->left && !b->command) {
		if (files)
			remove_ours(d, b->token);
		free_batch(d, b);
	}
	free(r->partition);
	free(r);
}

static struct suan_slurm_batch *add_batch(struct suan_slurm *d, uint64_t number, uint32_t count)
{
	struct suan_slurm_batch *b = calloc(1, sizeof(*b));

	if (b)
		b->runs = calloc(count, sizeof(*b->runs));
	if (!b || !b->runs || suan_map_put(&d->numbers, number, (uintptr_t)b) != SUAN_OK) {
		free(b ? b->runs : NULL);
		free(b);
		return NULL;
	}
	b->slurm = d;
	b->number = number;
	b->count = count;
	(void)snprintf(b->token, sizeof(b->token), "suan-%s-%" PRIu64,
		       suan_slurm_book_name(d->book), number);
	b->next = d->batches;
	d->batches = b;
	return b;
}

/* ---- submitting ---- */

static bool same_ask(const struct suan_slurm_run *a, const struct suan_slurm_run *b)
{
	const struct suan_req *x = &a->ask.req, *y = &b->ask.req;

	return x->tasks == y->tasks && x->nodes == y->nodes && x->cores == y->cores &&
	       x->gpus == y->gpus && x->memory == y->memory && x->exclusive == y->exclusive &&
	       a->ask.walltime_ms == b->ask.walltime_ms && a->ask.grace_ms == b->ask.grace_ms &&
	       strcmp(a->partition, b->partition) == 0;
}

/* The runs of the queue like r, r the first; their number. */
static uint32_t alike(struct suan_slurm_run *r, struct suan_slurm_run **list)
{
	uint32_t n = 0;

	for (struct suan_slurm_run *q = r; q && n < MOST_ELEMENTS; q = q->next)
		if (!q->batch && !q->over && same_ask(r, q))
			list[n++] = q;
	return n;
}

static enum suan_code write_script(struct suan_slurm *d, struct suan_slurm_batch *b,
				   struct suan_err *err)
{
	const char **names = suan_arena_array(&b->arena, b->count, sizeof(*names));
	struct suan_buf script = {0};
	enum suan_code rc;

	b->ask.script = suan_slurm_path(d, b->token, "", &b->arena);
	if (!names || !b->ask.script)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < b->count; i++)
		names[i] = b->runs[i]->name;
	suan_slurm_script(&script, d->folder, names, b->count);
	rc = suan_buf_ok(&script, err);
	if (rc == SUAN_OK)
		rc = suan_fs_write(b->ask.script, script.data, script.len, 0600, false, err);
	suan_buf_done(&script);
	return rc;
}

/* Makes a batch of them, on record. On failure they are in the queue as before. */
static enum suan_code make_batch(struct suan_slurm *d, struct suan_slurm_run **list, uint32_t n,
				 struct suan_err *err)
{
	struct suan_slurm_batch *b = NULL;
	uint64_t number;
	enum suan_code rc = suan_slurm_book_batch(d->book, &number, err);

	if (rc != SUAN_OK)
		return rc;
	b = add_batch(d, number, n);
	if (!b)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (uint32_t i = 0; i < n; i++)
		b->runs[i] = list[i];
	b->ask = list[0]->ask;
	b->ask.token = b->token;
	b->ask.partition = suan_arena_str(&b->arena, list[0]->partition);
	b->ask.job_name = suan_arena_str(&b->arena, list[0]->name);
	b->ask.count = n;
	if (!b->ask.partition || !b->ask.job_name)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		rc = write_script(d, b, err);
	for (uint32_t i = 0; rc == SUAN_OK && i < n; i++)
		rc = suan_slurm_book_run(d->book,
					 &(struct suan_slurm_entry){
						 .id = list[i]->id,
						 .batch = number,
						 .element = i,
						 .stop_ms = list[i]->stop_ms,
						 .grace_ms = list[i]->grace_ms,
					 },
					 err);
	if (rc != SUAN_OK) {
		free_batch(d, b);
		return rc;
	}
	b->left = n;
	b->waiting = true;
	for (uint32_t i = 0; i < n; i++) {
		list[i]->batch = b;
		list[i]->element = i;
	}
	d->queued -= n;
	return SUAN_OK;
}

/* They were never given to Slurm, and are on no record. */
static void give_up_queue(struct suan_slurm *d, const char *why)
{
	for (struct suan_slurm_run *r = d->first; r; r = r->next) {
		if (r->batch || r->over)
			continue;
		d->queued--;
		suan_slurm_end(r, SUAN_OUT_NOT_STARTED, suan_clock_now_ms(), why);
		r->told_end = true; /* by the timer */
		suan_timer_set(d->tell, 0);
	}
}

/* Back to the queue: the record of the batches that were just made is undone. */
static void unmake_batches(struct suan_slurm *d)
{
	struct suan_slurm_batch *b, *next;

	for (b = d->batches; b; b = next) {
		next = b->next;
		if (!b->waiting || b->command || b->handed_ms)
			continue;
		for (uint32_t i = 0; i < b->count; i++)
			b->runs[i]->batch = NULL;
		d->queued += b->count;
		remove_ours(d, b->token);
		free_batch(d, b);
	}
}

static void make_batches(struct suan_slurm *d)
{
	struct suan_slurm_run *list[MOST_ELEMENTS];
	struct suan_err err = {0};
	enum suan_code rc;

	for (struct suan_slurm_run *r = d->first; r; r = r->next)
		if (!r->batch && !r->over && r->stop_ms) {
			d->queued--;
			suan_slurm_end(r, SUAN_OUT_CANCELLED, suan_clock_now_ms(),
				       "stopped before it was started");
			r->told_end = true;
			suan_timer_set(d->tell, 0);
		}
	if (!d->queued)
		return;
	/* Batches that wait for their sbatch are on record already. */
	rc = suan_slurm_book_begin(d->book, &err);
	for (struct suan_slurm_run *r = d->first; rc == SUAN_OK && r; r = r->next)
		if (!r->batch && !r->over)
			rc = make_batch(d, list, alike(r, list), &err);
	if (rc == SUAN_OK)
		rc = suan_slurm_book_commit(d->book, &err);
	else
		suan_slurm_book_undo(d->book);
	for (struct suan_slurm_batch *b = d->batches; rc == SUAN_OK && b; b = b->next)
		if (b->waiting && !b->handed_ms)
			b->handed_ms = -1; /* on record */
	if (rc == SUAN_OK)
		return;
	suan_log(SUAN_LOG_ERROR, "site %s: %s", d->config.site, err.text);
	unmake_batches(d);
	give_up_queue(d, err.text);
}

/* Did nothing reach slurmctld, or is that not known? What it refuses, it says itself. */
static bool may_be_in(const struct suan_command_end *end)
{
	static const char *const signs[] = {"timed out", "Unable to contact", "onnection",
					    "Zero Bytes"};

	if (!end->ended || end->signalled || end->code == 0)
		return true;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(end->error, signs[i]))
			return true;
	return false;
}

/* Slurm said no to all of them: they will not run, here, as this attempt. */
static void refused(struct suan_slurm *d, struct suan_slurm_batch *b, const char *why)
{
	struct suan_slurm_run **over = malloc(b->count * sizeof(*over));
	size_t n = 0;

	for (uint32_t i = 0; over && i < b->count; i++) {
		struct suan_slurm_run *r = b->runs[i];

		if (!r || r->over || !suan_slurm_fence(d, r))
			continue;
		suan_slurm_end(r, r->stop_ms ? SUAN_OUT_CANCELLED : SUAN_OUT_NOT_STARTED,
			       suan_clock_now_ms(), why);
		over[n++] = r;
	}
	suan_slurm_tell_ends(d, over, n);
	free(over);
}

static void on_sbatch(void *ctx, const struct suan_command_end *end)
{
	struct suan_slurm_batch *b = ctx;
	struct suan_slurm *d = b->slurm;
	char why[TEXT_MAX];

	b->command = NULL;
	b->handed_ms = suan_clock_now_ms();
	d->submitting--;
	if (!b->left) { /* all were forgotten meanwhile */
		remove_ours(d, b->token);
		free_batch(d, b);
	} else if (end->ended && !end->signalled && end->code == 0 &&
		   suan_slurm_id(end->out, b->id)) {
		suan_slurm_poll_in(d, 500);
	} else {
		(void)snprintf(why, sizeof(why), "sbatch: %s",
			       *end->error  ? end->error
			       : end->ended ? "an answer that is not understood"
					    : "no answer");
		suan_log(SUAN_LOG_WARN, "site %s: %s: %s", d->config.site, b->token, why);
		if (!may_be_in(end))
			refused(d, b, why);
		suan_slurm_poll_in(d, 500);
	}
	suan_slurm_submit(d);
}

void suan_slurm_submit(struct suan_slurm *d)
{
	struct suan_slurm_batch *b;

	while (d->submitting < MOST_CALLS) {
		struct suan_slurm_batch *oldest = NULL;

		for (b = d->batches; b; b = b->next)
			if (b->waiting)
				oldest = b; /* the newest is the first of the list */
		if (!oldest)
			return;
		oldest->waiting = false;
		oldest->command =
			suan_slurm_call(d, suan_slurm_sbatch(&oldest->ask, &oldest->arena), CALL_MS,
					on_sbatch, oldest);
		oldest->handed_ms = suan_clock_now_ms();
		if (oldest->command)
			d->submitting++;
		else
			refused(d, oldest, "sbatch cannot be run at this site");
	}
}

/* ---- forgetting and stopping ---- */

static void forget_all(struct suan_slurm *d)
{
	struct suan_err err = {0};
	struct suan_slurm_run *r, *next;
	enum suan_code rc = SUAN_OK;
	bool any = false;

	for (r = d->first; r; r = r->next)
		any |= r->forget;
	if (!any)
		return;
	rc = suan_slurm_book_begin(d->book, &err);
	for (r = d->first; rc == SUAN_OK && r; r = r->next)
		if (r->forget)
			rc = suan_slurm_book_forget(d->book, r->id, &err);
	if (rc == SUAN_OK)
		rc = suan_slurm_book_commit(d->book, &err);
	else
		suan_slurm_book_undo(d->book);
	if (rc != SUAN_OK) { /* told and forgotten once more, after the next start */
		suan_log(SUAN_LOG_WARN, "site %s: %s", d->config.site, err.text);
	}
	for (r = d->first; r; r = next) {
		next = r->next;
		if (r->forget && !r->batch && !r->over)
			d->queued--;
		if (r->forget)
			drop_run(d, r, rc == SUAN_OK);
	}
}

static void on_gather(void *ctx)
{
	struct suan_slurm *d = ctx;

	forget_all(d);
	make_batches(d);
	suan_slurm_submit(d);
	suan_slurm_cancel(d);
}

static void on_scancel(void *ctx, const struct suan_command_end *end)
{
	struct suan_slurm *d = ctx;

	d->scancel = NULL;
	if (!end->ended)
		suan_log(SUAN_LOG_WARN, "site %s: scancel: no answer", d->config.site);
	suan_slurm_poll_in(d, 500);
}

/* Of the runs that were ordered to stop: waiting ones and those past their grace are cancelled,
 * others get TERM with all their processes. Asked again at every poll. */
static size_t to_cancel(struct suan_slurm *d, bool gently, const char **list)
{
	int64_t now = suan_clock_now_ms();
	size_t n = 0;

	for (struct suan_slurm_run *r = d->first; r && n < MOST_CANCELLED; r = r->next) {
		bool running = r->state == SUAN_SLURM_RUNNING;
		bool late = r->signalled_ms && now >= suan_sat_add(r->signalled_ms, r->grace_ms);

		if (!r->stop_ms || r->over || !r->at[0] || suan_slurm_over(r->state))
			continue;
		if (gently ? !running || r->signalled_ms : running && !late)
			continue;
		if (!r->signalled_ms)
			r->signalled_ms = now;
		list[n++] = r->at;
	}
	return n;
}

void suan_slurm_cancel(struct suan_slurm *d)
{
	static const char *const gentle[] = {"scancel", "--quiet", "--full", "--signal=TERM"};
	const char *argv[MOST_CANCELLED + 5];
	size_t head = 2, n;

	if (d->scancel)
		return;
	memcpy(argv, gentle, sizeof(gentle));
	n = to_cancel(d, false, argv + head);
	if (!n) {
		head = 4;
		n = to_cancel(d, true, argv + head);
	}
	if (!n)
		return;
	argv[head + n] = NULL;
	d->scancel = suan_slurm_call(d, argv, CALL_MS, on_scancel, d);
}

/* ---- the driver ---- */

static void on_tell(void *ctx)
{
	struct suan_slurm *d = ctx;
	struct suan_slurm_run *r, *next;

	for (r = d->first; r; r = next) {
		struct suan_report report = r->end;

		next = r->next;
		if (!r->over || r->forget)
			continue;
		report.text = r->text;
		d->config.report(d->config.ctx, &report);
	}
}

static enum suan_code slurm_start(struct suan_driver *base, const struct suan_driver_run *run,
				  struct suan_err *err)
{
	struct suan_slurm *d = slurm_of(base);
	struct suan_arena a = {0};
	struct suan_buf start = {0};
	struct suan_slurm_run *r;
	const char *dir, *path;
	enum suan_code rc;

	if (find(d, run->id))
		return SUAN_OK;
	if (d->silent > 1)
		return suan_fail(err, SUAN_EUNREACHABLE, "Slurm does not answer: %s", d->trouble);
	r = add_run(d, run->id);
	if (!r)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	r->ask = (struct suan_slurm_ask){
		.req = run->req, .walltime_ms = run->walltime_ms, .grace_ms = run->grace_ms};
	r->partition = strdup("");
	for (size_t i = 0; r->partition && i < d->npools; i++)
		if (strcmp(d->pools[i].name, run->pool) == 0) {
			free(r->partition);
			r->partition = strdup(run->pool);
		}
	dir = suan_slurm_path(d, r->name, "", &a);
	path = suan_slurm_path(d, r->name, "start", &a);
	suan_slurm_start(&start, run);
	rc = r->partition && dir && path ? suan_buf_ok(&start, err)
					 : suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		rc = suan_fs_mkdirs(dir, 0700, err);
	if (rc == SUAN_OK)
		rc = suan_fs_write(path, start.data, start.len, 0600, false, err);
	suan_buf_done(&start);
	suan_arena_done(&a);
	if (rc != SUAN_OK) {
		drop_run(d, r, true);
		return rc;
	}
	d->queued++;
	d->taken++;
	suan_timer_set(d->gather, GATHER_MS);
	return SUAN_OK;
}

static enum suan_code slurm_stop(struct suan_driver *base, struct suan_run_id id, int64_t grace_ms,
				 struct suan_err *err)
{
	struct suan_slurm *d = slurm_of(base);
	struct suan_slurm_run *r = find(d, id);
	enum suan_code rc;

	if (!r)
		return suan_fail(err, SUAN_ENOTFOUND, "no run %" PRIu64 " here", id.job);
	if (r->over || r->stop_ms)
		return SUAN_OK;
	r->stop_ms = suan_clock_now_ms();
	r->grace_ms = grace_ms > 0 ? grace_ms : r->batch ? r->batch->ask.grace_ms : 0;
	suan_timer_set(d->gather, GATHER_MS);
	if (!r->batch)
		return SUAN_OK; /* it is never submitted */
	rc = suan_slurm_book_begin(d->book, err);
	if (rc == SUAN_OK)
		rc = suan_slurm_book_run(d->book,
					 &(struct suan_slurm_entry){.id = id,
								    .batch = r->batch->number,
								    .element = r->element,
								    .stop_ms = r->stop_ms,
								    .grace_ms = r->grace_ms},
					 err);
	if (rc == SUAN_OK)
		return suan_slurm_book_commit(d->book, err);
	suan_slurm_book_undo(d->book);
	return rc;
}

static bool slurm_knows(struct suan_driver *base, struct suan_run_id id)
{
	struct suan_slurm *d = slurm_of(base);
	struct suan_slurm_run *r = find(d, id);

	if (r && r->over)
		suan_timer_set(d->tell, 0);
	return r && !r->forget;
}

static void slurm_forget(struct suan_driver *base, struct suan_run_id id)
{
	struct suan_slurm *d = slurm_of(base);
	struct suan_slurm_run *r = find(d, id);

	if (!r)
		return;
	r->forget = true;
	suan_timer_set(d->gather, GATHER_MS);
}

static bool slurm_ready(struct suan_driver *base)
{
	(void)base; /* the book knows all runs, whether Slurm answers or not */
	return true;
}

static void add_text(struct suan_buf *out, const char *name, const char *value)
{
	suan_buf_addf(out, ",\"%s\":\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			suan_buf_addf(out, "\\%c", *value);
		else if ((unsigned char)*value >= ' ')
			suan_buf_addc(out, *value);
	}
	suan_buf_addc(out, '"');
}

static enum suan_code slurm_describe(struct suan_driver *base, struct suan_buf *out)
{
	struct suan_slurm *d = slurm_of(base);

	suan_buf_adds(out, "{\"driver\":\"slurm\"");
	if (d->version_text[0])
		add_text(out, "version", d->version_text);
	if (d->conf)
		add_text(out, "conf", d->conf);
	suan_buf_addf(out, ",\"answers\":%s", d->silent ? "false" : "true");
	if (d->silent)
		add_text(out, "trouble", d->trouble);
	suan_buf_addf(out,
		      ",\"runs\":%" PRIu64 ",\"commands\":{\"sbatch\":%" PRIu64
		      ",\"squeue\":%" PRIu64 ",\"scancel\":%" PRIu64 ",\"sinfo\":%" PRIu64 "}}",
		      d->taken, d->called[SUAN_SLURM_SBATCH], d->called[SUAN_SLURM_SQUEUE],
		      d->called[SUAN_SLURM_SCANCEL], d->called[SUAN_SLURM_SINFO]);
	return suan_buf_ok(out, NULL);
}

/* ---- opening ---- */

static void slurm_close(struct suan_driver *base)
{
	struct suan_slurm *d = slurm_of(base);

	if (!d)
		return;
	suan_command_cancel(d->squeue);
	suan_command_cancel(d->sinfo);
	suan_command_cancel(d->scancel);
	suan_command_cancel(d->version);
	while (d->first)
		drop_run(d, d->first, false);
	while (d->batches)
		free_batch(d, d->batches);
	suan_timer_free(d->gather);
	suan_timer_free(d->tell);
	suan_timer_free(d->poll);
	suan_timer_free(d->look);
	suan_map_done(&d->runs);
	suan_map_done(&d->numbers);
	suan_slurm_book_close(d->book);
	for (char **p = d->envp; p && *p; p++)
		free(*p);
	free(d->envp);
	free(d->pools);
	free(d->folder);
	free(d->conf);
	free(d);
}

/* Enough for Slurm's commands, and nothing that would change what they mean. */
static enum suan_code make_env(struct suan_slurm *d, struct suan_err *err)
{
	static const char *const kept[] = {"PATH", "HOME", "USER", "LOGNAME", "SLURM_CONF"};
	const size_t most = sizeof(kept) / sizeof(kept[0]) + 4;
	struct suan_buf b = {0};
	size_t n = 0;

	d->envp = calloc(most, sizeof(*d->envp));
	if (!d->envp)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	d->envp[n++] = strdup("LC_ALL=C");
	d->envp[n++] = strdup("SLURM_TIME_FORMAT=%s");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = getenv(kept[i]);

		if (d->conf && strcmp(kept[i], "SLURM_CONF") == 0)
			value = d->conf;
		if (!value)
			continue;
		suan_buf_reset(&b);
		suan_buf_addf(&b, "%s=%s", kept[i], value);
		d->envp[n++] = suan_buf_take(&b, NULL);
	}
	for (size_t i = 0; i < n; i++)
		if (!d->envp[i])
			return suan_fail(err, SUAN_ENOMEM, "out of memory");
	return SUAN_OK;
}

/* A run of an earlier process. */
static bool recall(void *ctx, const struct suan_slurm_entry *e)
{
	struct suan_slurm *d = ctx;
	uint64_t at = 0;
	struct suan_slurm_batch *b;
	struct suan_slurm_run *r;
	struct suan_slurm_run **runs;

	if (!suan_map_get(&d->numbers, e->batch, &at)) {
		b = add_batch(d, e->batch, e->element + 1);
		if (!b)
			return false;
		b->handed_ms = suan_clock_now_ms();
	} else {
		b = (struct suan_slurm_batch *)(uintptr_t)at;
	}
	if (e->element >= b->count) { /* they come in order */
		runs = realloc(b->runs, (e->element + (size_t)1) * sizeof(*runs));
		if (!runs)
			return false;
		memset(runs + b->count, 0, (e->element + 1 - b->count) * sizeof(*runs));
		b->runs = runs;
		b->count = e->element + 1;
	}
	r = add_run(d, e->id);
	if (!r)
		return false;
	r->batch = b;
	r->element = e->element;
	r->stop_ms = e->stop_ms;
	r->grace_ms = e->grace_ms;
	b->runs[e->element] = r;
	b->left++;
	if (e->ended) {
		r->over = r->told_end = true;
		r->end = e->end;
		(void)snprintf(r->text, sizeof(r->text), "%s", e->end.text ? e->end.text : "");
	}
	return true;
}

static void on_version(void *ctx, const struct suan_command_end *end)
{
	struct suan_slurm *d = ctx;
	const char *space = strrchr(end->out, ' ');

	d->version = NULL;
	(void)snprintf(d->version_text, sizeof(d->version_text), "%.*s",
		       space ? (int)strcspn(space + 1, "\n") : 0, space ? space + 1 : "");
}

static enum suan_code open_book(struct suan_slurm *d, struct suan_err *err)
{
	struct suan_arena a = {0};
	const char *path = suan_slurm_path(d, "book.db", "", &a);
	enum suan_code rc;

	rc = path ? suan_slurm_book_open(&d->book, path, err)
		  : suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK)
		rc = suan_slurm_book_each(d->book, recall, d, err);
	suan_arena_done(&a);
	return rc;
}

/* Is Slurm installed here? Whether it answers is another matter. */
static enum suan_code try_commands(struct suan_slurm *d, struct suan_err *err)
{
	static const char *const argv[] = {"sbatch", "--version", NULL};
	struct suan_command_spec spec = {.loop = d->config.loop,
					 .argv = argv,
					 .envp = (const char *const *)d->envp,
					 .limit_ms = CALL_MS,
					 .most_bytes = OUTPUT_BYTES,
					 .done = on_version,
					 .ctx = d};
	enum suan_code rc = suan_command_start(&d->version, &spec, err);

	if (rc == SUAN_OK && d->conf && !suan_fs_exists(d->conf))
		rc = suan_fail_field(err, SUAN_ENOTFOUND, "settings",
				     "there is no %s; give the path of the site's slurm.conf",
				     d->conf);
	if (rc != SUAN_OK)
		suan_err_prefix(err, "site %s: Slurm's commands are wanted (package slurm-client)",
				d->config.site);
	return rc;
}

static enum suan_code slurm_open(struct suan_driver **ret, const struct suan_driver_config *config,
				 struct suan_err *err)
{
	struct suan_slurm *d = calloc(1, sizeof(*d));
	enum suan_code rc;

	if (!d)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	d->base.ops = &suan_driver_slurm;
	d->config = *config;
	d->folder = suan_fs_absolute(config->state_dir);
	if (config->settings && *config->settings)
		d->conf = suan_fs_absolute(config->settings);
	rc = !d->folder || (config->settings && *config->settings && !d->conf)
		     ? suan_fail(err, SUAN_ENOMEM, "out of memory")
		     : suan_fs_mkdirs(d->folder, 0700, err);
	if (rc == SUAN_OK)
		rc = make_env(d, err);
	if (rc == SUAN_OK)
		rc = try_commands(d, err);
	if (rc == SUAN_OK)
		rc = open_book(d, err);
	if (rc == SUAN_OK &&
	    (suan_timer_new(&d->gather, config->loop, on_gather, d) != SUAN_OK ||
	     suan_timer_new(&d->tell, config->loop, on_tell, d) != SUAN_OK ||
	     suan_timer_new(&d->poll, config->loop, suan_slurm_on_poll, d) != SUAN_OK ||
	     suan_timer_new(&d->look, config->loop, suan_slurm_on_look, d) != SUAN_OK))
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc != SUAN_OK) {
		slurm_close(&d->base);
		return rc;
	}
	d->config.site = config->site;
	suan_timer_set(d->look, 0);
	suan_timer_set(d->poll, 0);
	suan_timer_set(d->tell, 0);
	*ret = &d->base;
	return SUAN_OK;
}

const struct suan_driver_ops suan_driver_slurm = {
	.name = "slurm",
	.open = slurm_open,
	.close = slurm_close,
	.ready = slurm_ready,
	.start = slurm_start,
	.stop = slurm_stop,
	.knows = slurm_knows,
	.forget = slurm_forget,
	.describe = slurm_describe,
};
