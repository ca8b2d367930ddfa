#include "agent/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/grow.h"
#include "base/map.h"
#include "base/num.h"
#include "driver/driver.h"
#include "sys/fs.h"
#include "sys/log.h"

#define LEARN_AT_ONCE  2000 /* names, between other things the loop has to do */
#define REMOVE_AT_ONCE 64   /* folders, between other things the worker has to do */

struct part { /* a run of its job */
	uint32_t index, attempt;
};

struct owned { /* folders of one job */
	uint64_t job;
	struct part *parts; /* owned */
	size_t count, cap;
	struct owned *prev, *next; /* all in the map, or all to be removed */
};

struct jobs {
	uint64_t *list;
	size_t count, cap;
};

struct suan_folders {
	char *runs, *note; /* owned: paths */
	struct suan_staging *staging;
	/* Job → its only folder as 2 × (index, attempt) + 1, or struct owned *. */
	struct suan_map by_job;
	struct owned *many;
	struct suan_staging_item reading;
	struct suan_buf names; /* in the folder of runs */
	size_t nnames, at;
	enum suan_code read_rc;
	struct suan_err read_err;
	struct suan_timer *learn;
	bool learned;
	struct jobs early; /* dropped before all was learned */
	struct suan_staging_item removing;
	struct owned *doomed, *doomed_last; /* the worker has the first while it is busy */
	struct suan_err remove_err;
	struct suan_buf unnoted;
	bool noted; /* the note has something in it */
};

/* ---- which job has which ---- */

static bool fits_inline(struct part p)
{
	return p.index < UINT32_MAX / 2;
}

static uint64_t as_value(struct part p)
{
	return ((uint64_t)p.index << 32 | p.attempt) << 1 | 1;
}

static struct part as_part(uint64_t v)
{
	return (struct part){(uint32_t)(v >> 33), (uint32_t)(v >> 1)};
}

static void owned_free(struct owned *o)
{
	free(o->parts);
	free(o);
}

static struct owned *owned_new(uint64_t job)
{
	struct owned *o = calloc(1, sizeof(*o));

	if (o)
		o->job = job;
	return o;
}

static enum suan_code owned_add(struct owned *o, struct part p)
{
	enum suan_code rc = suan_grow(&o->parts, &o->cap, o->count + 1, sizeof(*o->parts));

	if (rc == SUAN_OK)
		o->parts[o->count++] = p;
	return rc;
}

static void unlink_many(struct suan_folders *f, struct owned *o)
{
	*(o->prev ? &o->prev->next : &f->many) = o->next;
	if (o->next)
		o->next->prev = o->prev;
	o->prev = o->next = NULL;
}

/* The job's list, made of the single entry v when there was one. */
static struct owned *list_of(struct suan_folders *f, uint64_t job, bool found, uint64_t v)
{
	struct owned *o;

	if (found && !(v & 1))
		return (struct owned *)(uintptr_t)v;
	o = owned_new(job);
	if (!o || (found && owned_add(o, as_part(v)) != SUAN_OK) ||
	    suan_map_put(&f->by_job, job, (uintptr_t)o) != SUAN_OK) {
		if (o)
			owned_free(o);
		return NULL;
	}
	o->next = f->many;
	if (o->next)
		o->next->prev = o;
	f->many = o;
	return o;
}

enum suan_code suan_folders_add(struct suan_folders *f, struct suan_run_id id)
{
	struct part p = {id.index, id.attempt};
	struct owned *o;
	uint64_t v = 0;
	bool found = suan_map_get(&f->by_job, id.job, &v);

	if (!found && fits_inline(p))
		return suan_map_put(&f->by_job, id.job, as_value(p));
	o = list_of(f, id.job, found, v);
	return o ? owned_add(o, p) : SUAN_ENOMEM;
}

/* ---- removing ---- */

static void remove_some(void *ctx) /* on a worker */
{
	struct suan_folders *f = ctx;
	struct owned *o = f->doomed;
	struct suan_err err = {0};
	struct suan_buf path;
	char name[SUAN_RUN_NAME_MAX];

	suan_buf_init(&path, 0);
	for (int i = 0; i < REMOVE_AT_ONCE && o->count; i++) {
		struct part p = o->parts[o->count - 1];

		if (atomic_load(&f->removing.cancel))
			break;
		o->count--;
		suan_run_name((struct suan_run_id){o->job, p.index, p.attempt}, name);
		suan_buf_reset(&path);
		suan_buf_addf(&path, "%s/%s", f->runs, name);
		if (suan_buf_ok(&path, &err) != SUAN_OK ||
		    suan_fs_remove_tree(suan_buf_str(&path), &err) != SUAN_OK)
			f->remove_err = err;
	}
	suan_buf_done(&path);
}

static void go_on(struct suan_folders *f)
{
	if (f->removing.queued || f->removing.busy)
		return;
	if (f->doomed)
		suan_staging_add(f->staging, &f->removing);
	else if (f->noted && f->learned && unlink(f->note) == 0)
		f->noted = false;
}

static void removed_some(void *ctx)
{
	struct suan_folders *f = ctx;
	struct owned *o = f->doomed;

	if (f->remove_err.code != SUAN_OK)
		suan_log(SUAN_LOG_WARN, "%s", f->remove_err.text);
	f->remove_err.code = SUAN_OK;
	if (o->count == 0) {
		f->doomed = o->next;
		if (!f->doomed)
			f->doomed_last = NULL;
		owned_free(o);
	}
	go_on(f);
}

static void doom(struct suan_folders *f, struct owned *o)
{
	o->next = NULL;
	*(f->doomed ? &f->doomed_last->next : &f->doomed) = o;
	f->doomed_last = o;
	go_on(f);
}

static void doom_one(struct suan_folders *f, uint64_t job, struct part p)
{
	struct owned *o = owned_new(job);

	if (o && owned_add(o, p) == SUAN_OK) {
		doom(f, o);
		return;
	}
	if (o)
		owned_free(o);
	suan_log(SUAN_LOG_ERROR, "out of memory: a folder of job %" PRIu64 " stays in %s", job,
		 f->runs);
}

void suan_folders_remove(struct suan_folders *f, struct suan_run_id id)
{
	doom_one(f, id.job, (struct part){id.index, id.attempt});
}

static void doom_job(struct suan_folders *f, uint64_t job)
{
	uint64_t v;

	if (!suan_map_get(&f->by_job, job, &v))
		return;
	(void)suan_map_drop(&f->by_job, job);
	if (v & 1) {
		doom_one(f, job, as_part(v));
	} else {
		unlink_many(f, (struct owned *)(uintptr_t)v);
		doom(f, (struct owned *)(uintptr_t)v);
	}
}

static void keep_early(struct suan_folders *f, uint64_t job)
{
	struct jobs *e = &f->early;

	if (suan_grow(&e->list, &e->cap, e->count + 1, sizeof(*e->list)) == SUAN_OK)
		e->list[e->count++] = job;
	else
		suan_log(SUAN_LOG_ERROR, "out of memory: folders of job %" PRIu64 " stay in %s",
			 job, f->runs);
}

void suan_folders_drop(struct suan_folders *f, uint64_t job)
{
	if (f->learned && !suan_map_get(&f->by_job, job, NULL))
		return;
	suan_buf_addf(&f->unnoted, "%" PRIu64 "\n", job);
	if (f->learned)
		doom_job(f, job);
	else
		keep_early(f, job);
}

void suan_folders_note(struct suan_folders *f)
{
	int fd;

	if (f->unnoted.len == 0)
		return;
	fd = open(f->note, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, f->unnoted.data, f->unnoted.len) != (ssize_t)f->unnoted.len)
		suan_log(SUAN_LOG_WARN, "cannot write %s; after a stop now, folders may stay",
			 f->note);
	if (fd >= 0)
		(void)close(fd);
	f->noted = f->noted || fd >= 0;
	suan_buf_reset(&f->unnoted);
	go_on(f);
}

/* ---- learning what is there ---- */

static void read_names(void *ctx) /* on a worker */
{
	struct suan_folders *f = ctx;

	f->read_rc = suan_fs_list(f->runs, &f->names, &f->nnames, &f->read_err);
}

static void learn_some(void *ctx)
{
	struct suan_folders *f = ctx;
	struct suan_run_id id;

	for (int i = 0; i < LEARN_AT_ONCE && f->nnames; i++, f->nnames--) {
		const char *name = f->names.data + f->at;

		f->at += strlen(name) + 1;
		if (suan_run_parse(name, &id) && suan_folders_add(f, id) != SUAN_OK)
			suan_log(SUAN_LOG_ERROR, "out of memory: %s/%s stays", f->runs, name);
	}
	if (f->nnames) {
		suan_timer_set(f->learn, 0);
		return;
	}
	suan_buf_done(&f->names);
	f->learned = true;
	for (size_t i = 0; i < f->early.count; i++)
		doom_job(f, f->early.list[i]);
	free(f->early.list);
	f->early = (struct jobs){0};
	go_on(f);
}

static void names_read(void *ctx)
{
	struct suan_folders *f = ctx;

	if (f->read_rc != SUAN_OK) {
		suan_log(SUAN_LOG_WARN, "%s; folders of earlier runs stay", f->read_err.text);
		f->nnames = 0;
	}
	learn_some(f);
}

/* Jobs that were dropped before the last stop. */
static enum suan_code read_note(struct suan_folders *f, struct suan_err *err)
{
	struct suan_buf b;
	enum suan_code rc;

	suan_buf_init(&b, 0);
	rc = suan_fs_exists(f->note) ? suan_fs_read(f->note, &b, err) : SUAN_OK;
	f->noted = b.len > 0;
	for (char *p = b.data; rc == SUAN_OK && p && *p;) {
		char *end = p + strcspn(p, "\n");
		uint64_t job;
		bool last = *end == '\0';

		*end = '\0';
		if (!last && suan_parse_u64(p, &job, NULL) == SUAN_OK)
			keep_early(f, job);
		p = last ? end : end + 1;
	}
	suan_buf_done(&b);
	return rc;
}

/* ---- opening and closing ---- */

static char *path_of(const char *dir, const char *name)
{
	char *s;

	return asprintf(&s, "%s/%s", dir, name) < 0 ? NULL : s;
}

enum suan_code suan_folders_open(struct suan_folders **ret, const char *state_dir,
				 struct suan_loop *loop, struct suan_staging *staging,
				 struct suan_err *err)
{
	struct suan_folders *f = calloc(1, sizeof(*f));
	enum suan_code rc;

	if (!f)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	suan_map_init(&f->by_job);
	suan_buf_init(&f->names, 0);
	suan_buf_init(&f->unnoted, 0);
	f->staging = staging;
	f->reading.work = read_names;
	f->reading.done = names_read;
	f->removing.work = remove_some;
	f->removing.done = removed_some;
	f->reading.ctx = f->removing.ctx = f;
	f->runs = path_of(state_dir, "runs");
	f->note = path_of(state_dir, "drops");
	if (!f->runs || !f->note || suan_timer_new(&f->learn, loop, learn_some, f) != SUAN_OK)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	else
		rc = read_note(f, err);
	if (rc != SUAN_OK) {
		suan_folders_close(f);
		return rc;
	}
	suan_staging_add(staging, &f->reading);
	*ret = f;
	return SUAN_OK;
}

void suan_folders_close(struct suan_folders *f)
{
	struct owned *o;

	if (!f)
		return;
	while ((o = f->many)) {
		f->many = o->next;
		owned_free(o);
	}
	while ((o = f->doomed)) {
		f->doomed = o->next;
		owned_free(o);
	}
	suan_timer_free(f->learn);
	suan_map_done(&f->by_job);
	suan_buf_done(&f->names);
	suan_buf_done(&f->unnoted);
	free(f->early.list);
	free(f->runs);
	free(f->note);
	free(f);
}
