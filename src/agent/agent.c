#include "agent/agent.h"

#include <stdlib.h>
#include <string.h>

#include "agent/data.h"
#include "agent/folders.h"
#include "agent/run.h"
#include "agent/staging.h"
#include "base/hash.h"
#include "base/map.h"
#include "driver/driver.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/log.h"

#define STAGING_THREADS 2 /* of each site */

struct suan_agent {
	struct suan_agent_config config;
	char *site, *state_dir;
	struct suan_driver *driver;
	struct suan_staging *staging;
	struct suan_folders *folders;
	struct suan_agent_data *data;
	struct suan_map runs;	      /* key of run → struct suan_agent_run * */
	struct suan_agent_run *first; /* all of them */
	bool fresh; /* the state folder was made just now: earlier runs are unknown */
};

static uint64_t run_key(struct suan_run_id id)
{
	uint64_t h = suan_hash_u64(SUAN_HASH_START, id.job);

	return suan_hash_u64(suan_hash_u64(h, id.index), id.attempt);
}

static struct suan_agent_run *find(struct suan_agent *a, struct suan_run_id id)
{
	uint64_t v;

	return suan_map_get(&a->runs, run_key(id), &v) ? (struct suan_agent_run *)(uintptr_t)v
						       : NULL;
}

static void drop(struct suan_agent *a, struct suan_agent_run *r)
{
	suan_map_drop(&a->runs, run_key(r->id));
	if (r->prev)
		r->prev->next = r->next;
	else
		a->first = r->next;
	if (r->next)
		r->next->prev = r->prev;
	suan_agent_run_done(r);
	free(r);
}

static void tell(struct suan_agent *a, struct suan_agent_run *r)
{
	r->phase = SUAN_AGENT_OVER;
	/* It is tried again as another run, if at all. */
	if (r->end.outcome == SUAN_OUT_NOT_STARTED && r->has_dir) {
		suan_folders_remove(a->folders, r->id);
		r->has_dir = false;
	}
	a->config.report(a->config.ctx, &r->end);
}

/* The end of one that was never started. */
static void end(struct suan_agent *a, struct suan_agent_run *r, enum suan_outcome outcome,
		const char *text)
{
	r->end = (struct suan_report){.run = r->id,
				      .kind = SUAN_REPORT_ENDED,
				      .at_ms = suan_clock_now_ms(),
				      .outcome = outcome};
	r->end.text = suan_arena_str(&r->arena, text);
	tell(a, r);
}

static void end_stopped(struct suan_agent *a, struct suan_agent_run *r)
{
	if (r->has_dir)
		suan_folders_remove(a->folders, r->id);
	r->has_dir = false;
	end(a, r, SUAN_OUT_CANCELLED, "stopped before it was started");
}

/* It ran, but its outputs did not come back. What the driver told of it stays. */
static void end_without_outputs(struct suan_agent *a, struct suan_agent_run *r,
				enum suan_outcome outcome, const char *why)
{
	const char *before = r->end.text && *r->end.text ? r->end.text : "";
	struct suan_buf b;

	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%s%s%s; outputs are kept in %s", before, *before ? "; " : "", why,
		      r->run_dir);
	if (suan_buf_ok(&b, NULL) == SUAN_OK)
		r->end.text = suan_arena_str(&r->arena, suan_buf_str(&b));
	suan_buf_done(&b);
	r->end.outcome = outcome;
	tell(a, r);
}

/* ---- staging on worker threads ---- */

static void start(struct suan_agent *a, struct suan_agent_run *r);

static void stage_in_work(void *ctx)
{
	suan_agent_stage_in(ctx);
}

static void stage_out_work(void *ctx)
{
	suan_agent_stage_out(ctx);
}

static void stage_in_done(void *ctx)
{
	struct suan_agent_run *r = ctx;

	if (r->stop)
		end_stopped(r->agent, r);
	else if (r->staged != SUAN_OK)
		end(r->agent, r, r->staged_site ? SUAN_OUT_NOT_STARTED : SUAN_OUT_STAGING_FAILED,
		    r->staged_err.text);
	else
		start(r->agent, r);
}

static void end_broken_off(struct suan_agent *a, struct suan_agent_run *r)
{
	end_without_outputs(a, r, SUAN_OUT_CANCELLED, "stopped while its outputs were copied");
}

static void stage_out_done(void *ctx)
{
	struct suan_agent_run *r = ctx;

	if (r->staged == SUAN_OK)
		tell(r->agent, r);
	else if (r->stop && r->staged == SUAN_EREFUSED)
		end_broken_off(r->agent, r);
	else
		end_without_outputs(r->agent, r, SUAN_OUT_STAGING_FAILED, r->staged_err.text);
}

static void begin_staging(struct suan_agent *a, struct suan_agent_run *r, bool in)
{
	r->phase = in ? SUAN_AGENT_STAGING_IN : SUAN_AGENT_STAGING_OUT;
	r->staging.work = in ? stage_in_work : stage_out_work;
	r->staging.done = in ? stage_in_done : stage_out_done;
	r->staging.ctx = r;
	suan_staging_add(a->staging, &r->staging);
}

/* ---- starting ---- */

/* The run's own fault fails it; the site's is a reason to try again, here or elsewhere. */
static enum suan_outcome cannot_start(enum suan_code rc)
{
	return rc == SUAN_EINVAL || rc == SUAN_ETOOBIG ? SUAN_OUT_START_FAILED
						       : SUAN_OUT_NOT_STARTED;
}

static void start(struct suan_agent *a, struct suan_agent_run *r)
{
	struct suan_driver_run what;
	struct suan_err err = {0};
	enum suan_code rc;

	r->phase = SUAN_AGENT_RUNNING;
	rc = suan_agent_run_prepare(r, &what, &err);
	what.grace_ms = a->config.grace_ms;
	if (rc == SUAN_OK)
		rc = a->driver->ops->start(a->driver, &what, &err);
	if (rc != SUAN_OK) {
		suan_log(SUAN_LOG_WARN, "site %s: cannot start job %llu: %s", a->site,
			 (unsigned long long)r->id.job, err.text);
		end(a, r, cannot_start(rc), err.text);
	}
}

/* Without memory for the run itself. One that may be known here is told of by the driver. */
static void cannot_take_in(struct suan_agent *a, const struct suan_order *o)
{
	struct suan_report report = {.run = o->run,
				     .kind = SUAN_REPORT_ENDED,
				     .at_ms = suan_clock_now_ms(),
				     .outcome = SUAN_OUT_NOT_STARTED,
				     .text = "the site is out of memory"};

	suan_log(SUAN_LOG_ERROR, "site %s: out of memory for job %llu", a->site,
		 (unsigned long long)o->run.job);
	if (!o->staged && !o->started)
		a->config.report(a->config.ctx, &report);
}

static struct suan_agent_run *take_in(struct suan_agent *a, const struct suan_order *o)
{
	struct suan_agent_run *r = calloc(1, sizeof(*r));
	struct suan_err err = {0};
	enum suan_code rc;

	if (!r || suan_map_put(&a->runs, run_key(o->run), (uintptr_t)r) != SUAN_OK) {
		free(r);
		cannot_take_in(a, o);
		return NULL;
	}
	rc = suan_agent_run_init(r, o, a->state_dir, &err);
	r->agent = a;
	r->next = a->first;
	if (r->next)
		r->next->prev = r;
	a->first = r;
	if (rc == SUAN_OK)
		return r;
	if (cannot_start(rc) == SUAN_OUT_NOT_STARTED) {
		drop(a, r);
		cannot_take_in(a, o);
	} else {
		end(a, r, SUAN_OUT_START_FAILED, err.text);
	}
	return NULL;
}

static void stop(struct suan_agent *a, struct suan_agent_run *r)
{
	struct suan_err err = {0};

	if (a->driver->ops->stop(a->driver, r->id, r->stop_grace_ms, &err) != SUAN_OK)
		suan_log(SUAN_LOG_WARN, "site %s: cannot stop job %llu: %s", a->site,
			 (unsigned long long)r->id.job, err.text);
}

/* A run that nobody has started here. */
static void start_anew(struct suan_agent *a, struct suan_agent_run *r)
{
	struct suan_err err = {0};
	enum suan_code rc = SUAN_OK;

	if (suan_agent_run_wants_dir(r)) {
		r->has_dir = true;
		rc = suan_folders_add(a->folders, r->id);
		if (rc != SUAN_OK)
			(void)suan_fail(&err, rc, "the site is out of memory");
		else if (!r->what.ninputs)
			rc = suan_fs_mkdirs(r->run_dir, 0755, &err);
	}
	if (rc != SUAN_OK)
		end(a, r, SUAN_OUT_NOT_STARTED, err.text);
	else if (r->what.ninputs)
		begin_staging(a, r, true);
	else
		start(a, r);
}

/* Starts the run, or takes it up again. While the driver cannot say which of both, a run that it
 * may know waits, and others go elsewhere. */
static void begin(struct suan_agent *a, struct suan_agent_run *r)
{
	const struct suan_order *o = &r->order;

	if (!a->driver->ops->ready(a->driver)) {
		r->phase = SUAN_AGENT_WAITING;
		if (!o->staged && !o->started)
			end(a, r, SUAN_OUT_NOT_STARTED,
			    "what keeps the runs of the site does not answer");
		return;
	}
	r->phase = SUAN_AGENT_RUNNING;
	if (a->driver->ops->knows(a->driver, r->id)) {
		if (r->stop)
			stop(a, r);
	} else if (o->started || (o->staged && a->fresh)) {
		end(a, r, SUAN_OUT_UNKNOWN, "the site has no memory of this run");
	} else if (r->stop) {
		end_stopped(a, r);
	} else {
		start_anew(a, r);
	}
}

static void order_start(struct suan_agent *a, const struct suan_order *o)
{
	struct suan_agent_run *r = find(a, o->run);

	if (!r) {
		r = take_in(a, o);
		if (r)
			begin(a, r);
	} else if (r->phase == SUAN_AGENT_OVER) { /* ordered twice */
		tell(a, r);
	}
}

static void order_stop(struct suan_agent *a, const struct suan_order *o)
{
	struct suan_agent_run *r = find(a, o->run);

	if (!r)
		return;
	if (!r->stop)
		r->stop_grace_ms = o->grace_ms;
	r->stop = true;
	switch (r->phase) {
	case SUAN_AGENT_RUNNING:
		stop(a, r);
		break;
	case SUAN_AGENT_STAGING_IN:
		if (suan_staging_cancel(a->staging, &r->staging))
			end_stopped(a, r);
		break;
	case SUAN_AGENT_STAGING_OUT:
		if (suan_staging_cancel(a->staging, &r->staging))
			end_broken_off(a, r);
		break;
	case SUAN_AGENT_WAITING: /* when the driver answers */
	case SUAN_AGENT_OVER:
		break;
	}
}

static void order_forget(struct suan_agent *a, struct suan_run_id id)
{
	struct suan_agent_run *r = find(a, id);

	a->driver->ops->forget(a->driver, id);
	if (r && r->phase == SUAN_AGENT_OVER)
		drop(a, r);
}

void suan_agent_orders(struct suan_agent *a, const struct suan_order *orders, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		switch (orders[i].kind) {
		case SUAN_ORDER_START:
			order_start(a, &orders[i]);
			break;
		case SUAN_ORDER_STOP:
			order_stop(a, &orders[i]);
			break;
		case SUAN_ORDER_FORGET:
			order_forget(a, orders[i].run);
			break;
		case SUAN_ORDER_DROP:
			suan_folders_drop(a->folders, orders[i].run.job);
			break;
		case SUAN_ORDER_COPY:
		case SUAN_ORDER_COPY_STOP:
		case SUAN_ORDER_ERASE:
		case SUAN_ORDER_KEEP:
		case SUAN_ORDER_SWEEP:
			suan_agent_data_order(a->data, &orders[i]);
			break;
		}
	}
	suan_folders_note(a->folders);
}

/* ---- reports of the driver ---- */

static void driver_report(void *ctx, const struct suan_report *report)
{
	struct suan_agent *a = ctx;
	struct suan_agent_run *r = find(a, report->run);

	if (report->kind != SUAN_REPORT_ENDED || !r) {
		a->config.report(a->config.ctx, report);
		return;
	}
	if (r->phase == SUAN_AGENT_STAGING_OUT)
		return;
	/* What was told stands, unless it was that nobody knows. */
	if (r->phase == SUAN_AGENT_OVER && r->end.outcome != SUAN_OUT_UNKNOWN) {
		tell(a, r);
		return;
	}
	r->end = *report;
	r->end.text = suan_arena_str(&r->arena, report->text ? report->text : "");
	if (r->what.noutputs && report->outcome == SUAN_OUT_EXITED && report->exit_code == 0)
		begin_staging(a, r, false);
	else
		tell(a, r);
}

static void driver_capacity(void *ctx, const char *pool, uint32_t nodes)
{
	struct suan_agent *a = ctx;

	if (a->config.capacity)
		a->config.capacity(a->config.ctx, pool, nodes);
}

/* Runs that waited for it. */
static void driver_answers(void *ctx)
{
	struct suan_agent *a = ctx;

	for (struct suan_agent_run *r = a->first, *next; r; r = next) {
		next = r->next;
		if (r->phase == SUAN_AGENT_WAITING)
			begin(a, r);
	}
}

/* ---- opening ---- */

static char *sub_path(const char *dir, const char *name)
{
	struct suan_buf b;

	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%s/%s", dir, name);
	return suan_buf_take(&b, NULL);
}

static void data_transfer(void *ctx, const struct suan_transfer_report *report)
{
	struct suan_agent *a = ctx;

	if (a->config.transfer)
		a->config.transfer(a->config.ctx, report);
}

static const char *data_peer(void *ctx, const char *site)
{
	struct suan_agent *a = ctx;

	return a->config.peer ? a->config.peer(a->config.ctx, site) : NULL;
}

static enum suan_code open_data(struct suan_agent *a, struct suan_err *err)
{
	char *folder = sub_path(a->state_dir, "data");
	struct suan_agent_data_config config = {.site = a->site,
						.folder = folder,
						.loop = a->config.loop,
						.peer = data_peer,
						.transfer = data_transfer,
						.ctx = a};
	enum suan_code rc = folder ? suan_agent_data_open(&a->data, &config, err)
				   : suan_fail(err, SUAN_ENOMEM, "out of memory");

	free(folder);
	return rc;
}

static enum suan_code open_driver(struct suan_agent *a, struct suan_err *err)
{
	const struct suan_driver_ops *ops = suan_driver_find(a->config.driver);
	char *state = sub_path(a->state_dir, "driver");
	struct suan_driver_config config = {.site = a->site,
					    .state_dir = state,
					    .program = a->config.program,
					    .loop = a->config.loop,
					    .report = driver_report,
					    .answers = driver_answers,
					    .capacity = driver_capacity,
					    .settings = a->config.driver_conf,
					    .ctx = a};
	enum suan_code rc;

	if (!ops)
		rc = suan_fail_field(err, SUAN_EINVAL, "driver",
				     "site %s: no driver \"%s\"; there are local, slurm "
				     "and fake", a->site,
				     a->config.driver);
	else if (!state)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	else
		rc = ops->open(&a->driver, &config, err);
	free(state);
	return rc;
}

enum suan_code suan_agent_open(struct suan_agent **ret, const struct suan_agent_config *config,
			       struct suan_err *err)
{
	struct suan_agent *a = calloc(1, sizeof(*a));
	char *runs = NULL;
	enum suan_code rc;

	if (!a)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	suan_map_init(&a->runs);
	a->config = *config;
	a->site = strdup(config->site);
	a->state_dir = strdup(config->state_dir);
	runs = sub_path(config->state_dir, "runs");
	if (!a->site || !a->state_dir || !runs) {
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
		goto out;
	}
	a->fresh = !suan_fs_is_dir(runs);
	rc = suan_fs_mkdirs(runs, 0755, err);
	if (rc == SUAN_OK)
		rc = suan_staging_new(&a->staging, config->loop, STAGING_THREADS, err);
	if (rc == SUAN_OK)
		rc = suan_folders_open(&a->folders, a->state_dir, config->loop, a->staging, err);
	if (rc == SUAN_OK)
		rc = open_data(a, err);
	if (rc == SUAN_OK)
		rc = open_driver(a, err);
out:
	free(runs);
	if (rc == SUAN_OK)
		*ret = a;
	else
		suan_agent_close(a);
	return rc;
}

void suan_agent_close(struct suan_agent *a)
{
	if (!a)
		return;
	suan_staging_free(a->staging);
	suan_folders_close(a->folders);
	suan_agent_data_close(a->data);
	if (a->driver)
		a->driver->ops->close(a->driver);
	while (a->first)
		drop(a, a->first);
	suan_map_done(&a->runs);
	free(a->site);
	free(a->state_dir);
	free(a);
}

enum suan_code suan_agent_log(struct suan_agent *a, const struct suan_order *order,
			      const struct suan_log_ask *ask, struct suan_buf *out,
			      struct suan_err *err)
{
	struct suan_agent_run r;
	const char *path;
	size_t n = 0;
	enum suan_code rc;

	rc = suan_agent_run_init(&r, order, a->state_dir, err);
	path = r.stdout_path;
	if (ask->stream == SUAN_STDERR && r.stderr_path && r.stderr_path[0])
		path = r.stderr_path;
	if (rc == SUAN_OK)
		rc = suan_buf_reserve(out, ask->max);
	if (rc == SUAN_OK)
		rc = suan_fs_read_at(path, ask->offset, out->data + out->len, ask->max, &n, err);
	if (rc == SUAN_OK) {
		out->len += n;
		out->data[out->len] = '\0';
	}
	suan_agent_run_done(&r);
	return rc;
}

enum suan_code suan_agent_describe(struct suan_agent *a, struct suan_buf *out)
{
	return a->driver->ops->describe(a->driver, out);
}
