/* The copier's side of the loop: what is under way, waiting, tried again, told. */
#include "agent/copy.h"

#include <stdlib.h>
#include <string.h>

#include "agent/copy_inside.h"
#include "base/rng.h"
#include "sys/crypto.h"

#define THREADS	   2
#define FIRST_MS   1000
#define LONGEST_MS 60000
#define STALL_MS   60000
#define SYNC_BYTES ((uint64_t)64 << 20)
#define TRIES	   8
#define SUM_TRIES  3
#define TELL_MS	   250

struct suan_copier {
	struct suan_loop *loop;
	struct suan_copy_setup setup;
	struct suan_staging *staging;
	struct suan_timer *tell;
	struct suan_rng rng;
	struct suan_copy_job *first;
	size_t count;
};

/* ---- places ---- */

enum suan_copy_place suan_copy_place_of(const char *where)
{
	const char *colon = strchr(where, ':');

	if (where[0] == '/' || strncmp(where, "file:///", 8) == 0)
		return SUAN_COPY_LOCAL;
	if (strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0)
		return SUAN_COPY_HTTP;
	if (!colon || strstr(where, "://") == colon || where[0] == '-' ||
	    memchr(where, '/', (size_t)(colon - where)))
		return SUAN_COPY_NOWHERE;
	/* ":backend,option=value:path", or "name:path". */
	if (where[0] == ':')
		return strchr(where + 1, ':') ? SUAN_COPY_RCLONE : SUAN_COPY_NOWHERE;
	return SUAN_COPY_RCLONE;
}

static const char *bare(const char *where)
{
	return strncmp(where, "file://", 7) == 0 ? where + 7 : where;
}

/* ---- one copy ---- */

static void job_free(struct suan_copy_job *j)
{
	if (!j)
		return;
	suan_timer_free(j->again);
	suan_http_fetcher_free(j->fetcher);
	suan_manifest_done(&j->given);
	suan_manifest_done(&j->found);
	suan_buf_done(&j->manifest);
	free(j->source);
	free(j->target);
	free(j->token);
	free(j);
}

static struct suan_copy_job *find(const struct suan_copier *c, uint64_t id)
{
	struct suan_copy_job *j = c->first;

	while (j && j->id != id)
		j = j->next;
	return j;
}

static void unlink_job(struct suan_copier *c, struct suan_copy_job *j)
{
	*(j->prev ? &j->prev->next : &c->first) = j->next;
	if (j->next)
		j->next->prev = j->prev;
	c->count--;
	if (!c->first)
		suan_timer_stop(c->tell);
}

static void finish(struct suan_copy_job *j)
{
	struct suan_copy_events events = j->events;
	struct suan_copy_result r = {.id = j->id,
				     .rc = j->rc,
				     .fault = j->fault,
				     .at_target = j->at_target,
				     .err = &j->err,
				     .sha256 = "",
				     .moved_bytes = j->moved_all,
				     .attempts = j->attempts};

	if (j->rc == SUAN_OK) {
		r.fault = SUAN_COPY_NO_FAULT;
		r.sha256 = j->result;
		r.bytes = j->result_bytes;
		r.files = j->result_files;
		r.manifest = j->manifest.len ? suan_buf_str(&j->manifest) : NULL;
		r.manifest_n = j->manifest.len;
	}
	unlink_job(j->copier, j);
	events.done(events.ctx, &r);
	job_free(j);
}

/* ---- attempts ---- */

static void work(void *ctx)
{
	suan_copy_attempt(ctx);
}

static void begin(void *ctx)
{
	struct suan_copy_job *j = ctx;

	suan_staging_add(j->copier->staging, &j->item);
}

/* Twice as long after every failure, and up to a half shorter by chance, so that many that failed
 * together do not come back together. */
static int64_t wait_ms(struct suan_copy_job *j)
{
	const struct suan_copy_setup *s = j->copier ? &j->copier->setup : NULL;
	int64_t ms = s->first_wait_ms;

	for (unsigned i = 1; i < j->failed && ms < s->longest_wait_ms; i++)
		ms *= 2;
	if (ms < j->retry_after_ms)
		ms = j->retry_after_ms;
	if (ms > s->longest_wait_ms)
		ms = s->longest_wait_ms;
	return ms - (int64_t)suan_rng_below(&j->copier->rng, (uint64_t)ms / 2 + 1);
}

/* Will it be tried again? */
static bool goes_on(struct suan_copy_job *j)
{
	if (atomic_load(&j->item.cancel))
		return false;
	switch (j->fault) {
	case SUAN_COPY_TRANSIENT:
	case SUAN_COPY_CHANGED:
		return ++j->failed < j->tries;
	case SUAN_COPY_WRONG_SUM:
		j->failed = 1;
		return ++j->wrong < j->sum_tries;
	case SUAN_COPY_NO_FAULT:
	case SUAN_COPY_GONE:
	case SUAN_COPY_REFUSED:
	case SUAN_COPY_FULL:
	case SUAN_COPY_CANCELLED:
		break;
	}
	return false;
}

static void attempt_done(void *ctx)
{
	struct suan_copy_job *j = ctx;
	uint64_t reached = atomic_load(&j->done);

	j->attempts++;
	j->moved_all += j->moved;
	if (j->rc != SUAN_OK && j->fault != SUAN_COPY_CANCELLED && atomic_load(&j->item.cancel)) {
		/* Cancelled between its end and here; what it left may have to go. */
		begin(j);
		suan_pace_cancel(&j->setup->gate, &j->item.cancel);
		return;
	}
	if (reached > j->best && j->fault == SUAN_COPY_TRANSIENT) {
		j->best = reached;
		j->failed = 0;
	}
	if (j->rc == SUAN_OK || !goes_on(j)) {
		finish(j);
		return;
	}
	suan_timer_set(j->again, wait_ms(j));
}

static void tell(void *ctx)
{
	struct suan_copier *c = ctx;

	for (struct suan_copy_job *j = c->first, *next; j; j = next) {
		uint64_t done = atomic_load(&j->done);

		next = j->next;
		if (!j->events.progress || done == j->told)
			continue;
		j->told = done;
		j->events.progress(j->events.ctx, j->id, done, atomic_load(&j->total));
		/* It may have started others, but nothing ends before the loop goes on. */
	}
	if (c->first)
		suan_timer_set(c->tell, TELL_MS);
}

/* ---- starting ---- */

static enum suan_code check_sum_text(const char *hex, struct suan_err *err)
{
	size_t n = strspn(hex, "0123456789abcdef");

	if (hex[0] && (n != 64 || hex[n]))
		return suan_fail_field(err, SUAN_EINVAL, "sha256",
				       "found \"%.80s\", want 64 digits 0-9a-f", hex);
	return SUAN_OK;
}

static enum suan_code check_spec(const struct suan_copy_spec *s, struct suan_err *err)
{
	const char *target = s->target ? s->target : "";
	enum suan_copy_place from = suan_copy_place_of(s->source), to = suan_copy_place_of(target);

	if (from == SUAN_COPY_NOWHERE)
		return suan_fail_field(err, SUAN_EINVAL, "source",
				       "found \"%.300s\", want an absolute path, http://…, "
				       "https://… or NAME:PATH of rclone",
				       s->source);
	if (target[0] && to == SUAN_COPY_NOWHERE)
		return suan_fail_field(err, SUAN_EINVAL, "target",
				       "found \"%.300s\", want an absolute path, http://…, "
				       "https://… or NAME:PATH of rclone",
				       target);
	if (from != SUAN_COPY_LOCAL && to != SUAN_COPY_LOCAL)
		return suan_fail_field(err, SUAN_EINVAL, "target",
				       "neither source nor target is a path; copy to a path first");
	if (to == SUAN_COPY_LOCAL && target[strlen(target) - 1] == '/')
		return suan_fail_field(err, SUAN_EINVAL, "target",
				       "found \"%.300s\", want a path without / at the end",
				       target);
	if (from == SUAN_COPY_LOCAL && to == SUAN_COPY_LOCAL &&
	    strncmp(bare(target), bare(s->source), strlen(bare(s->source))) == 0 &&
	    strchr("/", bare(target)[strlen(bare(s->source))]))
		return suan_fail_field(err, SUAN_EINVAL, "target",
				       "\"%.200s\" lies in the source, or is it", target);
	if (s->token && strpbrk(s->token, "\r\n"))
		return suan_fail_field(err, SUAN_EINVAL, "token", "it contains a line break");
	return check_sum_text(s->sha256 ? s->sha256 : "", err);
}

static char *copied(const char *s)
{
	return s ? strdup(s) : NULL;
}

static enum suan_code job_new(struct suan_copy_job **ret, struct suan_copier *c,
			      const struct suan_copy_spec *s, struct suan_err *err)
{
	struct suan_copy_job *j = calloc(1, sizeof(*j));
	enum suan_code rc = SUAN_OK;

	if (!j)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	suan_buf_init(&j->manifest, 0);
	j->id = s->id;
	j->bytes = s->bytes;
	j->source = strdup(bare(s->source));
	j->target = strdup(s->target ? bare(s->target) : "");
	j->token = copied(s->token);
	if (s->sha256)
		memcpy(j->sha256, s->sha256, strlen(s->sha256) + 1);
	j->tries = s->tries ? s->tries : TRIES;
	j->sum_tries = s->sum_tries ? s->sum_tries : SUM_TRIES;
	j->own.bytes_s = s->limit_bytes_s;
	j->setup = &c->setup;
	j->copier = c;
	j->item.work = work;
	j->item.done = attempt_done;
	j->item.ctx = j;
	if (!j->source || !j->target || (s->token && !j->token) ||
	    suan_timer_new(&j->again, c->loop, begin, j) != SUAN_OK)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (rc == SUAN_OK && s->manifest) {
		rc = suan_manifest_read(&j->given, s->manifest, s->manifest_n, err);
		j->has_given = true;
	}
	if (rc == SUAN_OK)
		*ret = j;
	else
		job_free(j);
	return rc;
}

enum suan_code suan_copy_start(struct suan_copier *c, const struct suan_copy_spec *spec,
			       const struct suan_copy_events *events, struct suan_err *err)
{
	struct suan_copy_job *j = NULL;
	enum suan_code rc = check_spec(spec, err);

	if (rc != SUAN_OK)
		return rc;
	if (find(c, spec->id))
		return suan_fail(err, SUAN_ECONFLICT, "copy %llu is under way",
				 (unsigned long long)spec->id);
	rc = job_new(&j, c, spec, err);
	if (rc != SUAN_OK)
		return rc;
	j->events = *events;
	j->next = c->first;
	if (j->next)
		j->next->prev = j;
	else
		suan_timer_set(c->tell, TELL_MS);
	c->first = j;
	c->count++;
	suan_staging_add(c->staging, &j->item);
	return SUAN_OK;
}

/* ---- stopping ---- */

bool suan_copy_cancel(struct suan_copier *c, uint64_t id, bool keep_part)
{
	struct suan_copy_job *j = find(c, id);

	if (!j)
		return false;
	atomic_store(&j->drop, !keep_part);
	suan_timer_stop(j->again);
	/* One that waits has an attempt too, in which the part is removed. */
	if (!j->item.queued && !j->item.busy)
		suan_staging_add(c->staging, &j->item);
	suan_pace_cancel(&c->setup.gate, &j->item.cancel);
	return true;
}

void suan_copier_limit(struct suan_copier *c, uint64_t bytes_s)
{
	suan_pace_set(&c->setup.gate, &c->setup.all, bytes_s);
}

bool suan_copy_limit(struct suan_copier *c, uint64_t id, uint64_t bytes_s)
{
	struct suan_copy_job *j = find(c, id);

	if (j)
		suan_pace_set(&c->setup.gate, &j->own, bytes_s);
	return j != NULL;
}

size_t suan_copier_count(const struct suan_copier *c)
{
	return c->count;
}

/* ---- the copier ---- */

static bool set_up(struct suan_copier *c, const struct suan_copier_config *config)
{
	struct suan_copy_setup *s = &c->setup;

	s->sync_bytes = config->sync_bytes ? config->sync_bytes : SYNC_BYTES;
	s->first_wait_ms = config->first_wait_ms ? config->first_wait_ms : FIRST_MS;
	s->longest_wait_ms = config->longest_wait_ms ? config->longest_wait_ms : LONGEST_MS;
	s->stall_ms = config->stall_ms ? config->stall_ms : STALL_MS;
	s->all.bytes_s = config->limit_bytes_s;
	s->rclone = strdup(config->rclone ? config->rclone : "rclone");
	s->rclone_config = copied(config->rclone_config);
	s->ca_file = copied(config->ca_file);
	return s->rclone && (s->rclone_config || !config->rclone_config) &&
	       (s->ca_file || !config->ca_file);
}

enum suan_code suan_copier_new(struct suan_copier **ret, const struct suan_copier_config *config,
			       struct suan_err *err)
{
	struct suan_copier *c = calloc(1, sizeof(*c));
	uint64_t seed = config->seed;
	enum suan_code rc;

	if (!c)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	suan_pace_init(&c->setup.gate);
	c->loop = config->loop;
	if (seed == 0)
		suan_random(&seed, sizeof(seed));
	suan_rng_init(&c->rng, seed);
	if (!set_up(c, config) || suan_timer_new(&c->tell, c->loop, tell, c) != SUAN_OK)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	else
		rc = suan_staging_new(&c->staging, c->loop,
				      config->threads ? config->threads : THREADS, err);
	if (rc == SUAN_OK)
		*ret = c;
	else
		suan_copier_free(c);
	return rc;
}

void suan_copier_free(struct suan_copier *c)
{
	struct suan_copy_job *j;

	if (!c)
		return;
	for (j = c->first; j; j = j->next)
		suan_pace_cancel(&c->setup.gate, &j->item.cancel);
	suan_staging_free(c->staging);
	while ((j = c->first)) {
		c->first = j->next;
		job_free(j);
	}
	suan_timer_free(c->tell);
	suan_pace_done(&c->setup.gate);
	free(c->setup.rclone);
	free(c->setup.rclone_config);
	free(c->setup.ca_file);
	free(c);
}
