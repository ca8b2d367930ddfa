#include "agent/agent.h"

#include <stdlib.h>
#include <string.h>

#include "agent/run.h"
#include "base/hash.h"
#include "base/map.h"
#include "driver/driver.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/log.h"

struct suan_agent {
	struct suan_agent_config config;
	char *site, *state_dir;
	struct suan_driver *driver;
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
	a->config.report(a->config.ctx, &r->end);
}

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

/* ---- staging on worker threads ---- */

static void start(struct suan_agent *a, struct suan_agent_run *r);

static void stage_in_work(void *ctx)
{
	struct suan_agent_run *r = ctx;

	r->staged = suan_agent_stage_in(r, &r->staged_err);
}

static void stage_out_work(void *ctx)
{
	struct suan_agent_run *r = ctx;

	r->staged = suan_agent_stage_out(r, &r->staged_err);
}

static void stage_in_done(void *ctx)
{
	struct suan_agent_run *r = ctx;

	if (r->staged != SUAN_OK)
		end(r->agent, r, SUAN_OUT_STAGING_FAILED, r->staged_err.text);
	else if (r->stop)
		end(r->agent, r, SUAN_OUT_CANCELLED, "stopped before it was started");
	else
		start(r->agent, r);
}

static void stage_out_done(void *ctx)
{
	struct suan_agent_run *r = ctx;

	if (r->staged != SUAN_OK)
		end(r->agent, r, SUAN_OUT_STAGING_FAILED, r->staged_err.text);
	else
		tell(r->agent, r);
}

static void begin_staging(struct suan_agent *a, struct suan_agent_run *r, bool in)
{
	enum suan_code rc;

	r->phase = in ? SUAN_AGENT_STAGING_IN : SUAN_AGENT_STAGING_OUT;
	rc = suan_workers_do(a->config.workers, in ? stage_in_work : stage_out_work,
			     in ? stage_in_done : stage_out_done, r);
	if (rc != SUAN_OK)
		end(a, r, SUAN_OUT_STAGING_FAILED, "out of memory at the site");
}

/* ---- starting ---- */

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
		end(a, r, SUAN_OUT_START_FAILED, err.text);
	}
}

static struct suan_agent_run *take_in(struct suan_agent *a, const struct suan_order *o)
{
	struct suan_agent_run *r = calloc(1, sizeof(*r));
	struct suan_err err = {0};
	enum suan_code rc;

	if (!r || suan_map_put(&a->runs, run_key(o->run), (uintptr_t)r) != SUAN_OK) {
		free(r);
		suan_log(SUAN_LOG_ERROR, "site %s: out of memory, order dropped", a->site);
		return NULL;
	}
	rc = suan_agent_run_init(r, o, a->state_dir, &err);
	r->agent = a;
	r->next = a->first;
	if (r->next)
		r->next->prev = r;
	a->first = r;
	if (rc != SUAN_OK) {
		end(a, r, SUAN_OUT_START_FAILED, err.text);
		return NULL;
	}
	return r;
}

static void order_start(struct suan_agent *a, const struct suan_order *o)
{
	struct suan_agent_run *r = find(a, o->run);
	struct suan_err err = {0};

	if (r) { /* ordered twice */
		if (r->phase == SUAN_AGENT_OVER)
			tell(a, r);
		return;
	}
	r = take_in(a, o);
	if (!r)
		return;
	r->phase = SUAN_AGENT_RUNNING;
	if (a->driver->ops->knows(a->driver, o->run))
		return; /* taken up again */
	if (o->started || (o->staged && a->fresh)) {
		end(a, r, SUAN_OUT_UNKNOWN, "the site has no memory of this run");
		return;
	}
	if (suan_agent_run_wants_dir(r) && suan_fs_mkdirs(r->run_dir, 0755, &err) != SUAN_OK) {
		end(a, r, SUAN_OUT_START_FAILED, err.text);
		return;
	}
	if (r->what.ninputs)
		begin_staging(a, r, true);
	else
		start(a, r);
}

static void order_stop(struct suan_agent *a, struct suan_run_id id)
{
	struct suan_agent_run *r = find(a, id);
	struct suan_err err = {0};

	if (!r)
		return;
	r->stop = true;
	if (r->phase != SUAN_AGENT_RUNNING)
		return;
	if (a->driver->ops->stop(a->driver, id, &err) != SUAN_OK)
		suan_log(SUAN_LOG_WARN, "site %s: cannot stop job %llu: %s", a->site,
			 (unsigned long long)id.job, err.text);
}

static void order_forget(struct suan_agent *a, struct suan_run_id id)
{
	struct suan_agent_run *r = find(a, id);

	a->driver->ops->forget(a->driver, id);
	if (r && r->phase == SUAN_AGENT_OVER)
		drop(a, r);
}

/* Folders of all runs of a forgotten job. */
static void order_drop(struct suan_agent *a, uint64_t job)
{
	struct suan_buf runs, names, path;
	struct suan_err err = {0};
	struct suan_run_id id;
	size_t count = 0;

	suan_buf_init(&runs, 0);
	suan_buf_init(&names, 0);
	suan_buf_init(&path, 0);
	suan_buf_addf(&runs, "%s/runs", a->state_dir);
	if (suan_fs_list(suan_buf_str(&runs), &names, &count, &err) != SUAN_OK)
		count = 0;
	for (const char *n = names.data; count; count--, n += strlen(n) + 1) {
		if (!suan_run_parse(n, &id) || id.job != job)
			continue;
		suan_buf_reset(&path);
		suan_buf_addf(&path, "%s/%s", suan_buf_str(&runs), n);
		if (suan_fs_remove_tree(suan_buf_str(&path), &err) != SUAN_OK)
			suan_log(SUAN_LOG_WARN, "site %s: %s", a->site, err.text);
	}
	suan_buf_done(&runs);
	suan_buf_done(&names);
	suan_buf_done(&path);
}

void suan_agent_orders(struct suan_agent *a, const struct suan_order *orders, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		switch (orders[i].kind) {
		case SUAN_ORDER_START:
			order_start(a, &orders[i]);
			break;
		case SUAN_ORDER_STOP:
			order_stop(a, orders[i].run);
			break;
		case SUAN_ORDER_FORGET:
			order_forget(a, orders[i].run);
			break;
		case SUAN_ORDER_DROP:
			order_drop(a, orders[i].run.job);
			break;
		}
	}
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
	r->end = *report;
	r->end.text = suan_arena_str(&r->arena, report->text ? report->text : "");
	if (r->phase != SUAN_AGENT_OVER && r->what.noutputs && report->outcome == SUAN_OUT_EXITED &&
	    report->exit_code == 0)
		begin_staging(a, r, false);
	else
		tell(a, r);
}

/* ---- opening ---- */

static char *sub_path(const char *dir, const char *name)
{
	struct suan_buf b;

	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%s/%s", dir, name);
	return suan_buf_take(&b, NULL);
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
					    .ctx = a};
	enum suan_code rc;

	if (!ops)
		rc = suan_fail_field(err, SUAN_EINVAL, "driver",
				     "site %s: no driver \"%s\"; there are local and fake", a->site,
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
