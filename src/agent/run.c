#include "agent/run.h"

#include <stdlib.h>
#include <string.h>

#include "sys/fs.h"
#include "wire/job.h"

static char *printed(struct suan_arena *a, struct suan_buf *b)
{
	char *s = suan_buf_ok(b, NULL) == SUAN_OK
			  ? suan_arena_mem(a, b->data ? b->data : "", b->len)
			  : NULL;

	suan_buf_done(b);
	return s;
}

static char *join(struct suan_arena *a, const char *dir, const char *name)
{
	struct suan_buf b;

	if (name[0] == '/')
		return suan_arena_str(a, name);
	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%s/%s", dir, name);
	return printed(a, &b);
}

/* Another scheduler chooses the nodes: how many there are is known, but not which. */
static bool has_nodes(const struct suan_order *o)
{
	return o->nplaces > 0 && o->places[0].node != SUAN_NO_NODE;
}

/* "zhongwei-cpu-[0-2,5]"; one node: "zhongwei-cpu-3". */
static char *node_list(struct suan_arena *a, const struct suan_order *o, uint32_t n)
{
	struct suan_buf b;

	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%s-%s-", o->site, o->pool);
	if (n == 1) {
		suan_buf_add_u64(&b, o->places[0].node);
		return printed(a, &b);
	}
	for (uint32_t i = 0; i < n;) {
		uint32_t j = i + 1;

		while (j < n && o->places[j].node == o->places[j - 1].node + 1)
			j++;
		suan_buf_addf(&b, "%s%u", i ? "," : "[", o->places[i].node);
		if (j > i + 1)
			suan_buf_addf(&b, "-%u", o->places[j - 1].node);
		i = j;
	}
	suan_buf_addc(&b, ']');
	return printed(a, &b);
}

static char *file_path(struct suan_agent_run *r, const char *pattern)
{
	const struct suan_order *o = &r->order;
	struct suan_file_names n = {.job = o->run.job,
				    .index = o->run.index,
				    .is_array = o->is_array,
				    .name = o->job_name,
				    .user = o->user};
	struct suan_buf b;
	char *name;

	n.node = has_nodes(o) ? node_list(&r->arena, o, 1) : "";
	suan_buf_init(&b, 0);
	if (suan_job_file_name(pattern, &n, &b) != SUAN_OK) {
		suan_buf_done(&b);
		return NULL;
	}
	name = printed(&r->arena, &b);
	return name ? join(&r->arena, r->dir, name) : NULL;
}

/* Without a folder of the user's, output goes to two files in the run's own; with one, to a single
 * file there, as batch systems do. */
static bool find_files(struct suan_agent_run *r)
{
	const struct suan_payload *p = &r->what;
	const char *def = r->order.is_array ? "suan-%A_%a.out" : "suan-%j.out";

	if (!p->dir[0]) {
		r->stdout_path = file_path(r, p->stdout_path[0] ? p->stdout_path : "stdout");
		r->stderr_path = file_path(r, p->stderr_path[0] ? p->stderr_path : "stderr");
		return r->stdout_path && r->stderr_path;
	}
	r->stdout_path = file_path(r, p->stdout_path[0] ? p->stdout_path : def);
	r->stderr_path = p->stderr_path[0] ? file_path(r, p->stderr_path) : "";
	return r->stdout_path && r->stderr_path;
}

static bool copy_order(struct suan_agent_run *r, const struct suan_order *o)
{
	struct suan_arena *a = &r->arena;
	struct suan_order *c = &r->order;
	struct suan_place *places = suan_arena_array(a, o->nplaces + 1, sizeof(*places));

	*c = *o;
	c->site = suan_arena_str(a, o->site);
	c->hub = suan_arena_str(a, o->hub);
	c->pool = suan_arena_str(a, o->pool);
	c->job_name = suan_arena_str(a, o->job_name);
	c->user = suan_arena_str(a, o->user);
	c->account = suan_arena_str(a, o->account);
	c->payload = suan_arena_mem(a, o->payload, o->payload_len);
	c->env = suan_arena_mem(a, o->env, o->env_len);
	if (!places || !c->site || !c->hub || !c->pool || !c->job_name || !c->user || !c->account ||
	    !c->payload || !c->env)
		return false;
	if (o->nplaces)
		memcpy(places, o->places, o->nplaces * sizeof(*places));
	c->places = places;
	return true;
}

enum suan_code suan_agent_run_init(struct suan_agent_run *r, const struct suan_order *o,
				   const char *state_dir, struct suan_err *err)
{
	char name[SUAN_RUN_NAME_MAX];
	struct suan_buf b;
	enum suan_code rc;

	memset(r, 0, sizeof(*r));
	suan_arena_init(&r->arena, 0);
	r->id = o->run;
	if (!copy_order(r, o))
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	rc = suan_payload_get(r->order.payload, r->order.payload_len, &r->arena, &r->what, err);
	if (rc != SUAN_OK)
		return rc;
	suan_run_name(o->run, name);
	suan_buf_init(&b, 0);
	suan_buf_addf(&b, "%s/runs/%s", state_dir, name);
	r->run_dir = printed(&r->arena, &b);
	r->dir = r->what.dir[0] ? r->what.dir : r->run_dir;
	if (!r->run_dir || !find_files(r))
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	return SUAN_OK;
}

void suan_agent_run_done(struct suan_agent_run *r)
{
	suan_arena_done(&r->arena);
}

bool suan_agent_run_wants_dir(const struct suan_agent_run *r)
{
	return !r->what.dir[0] || r->what.script[0] || r->what.ninputs || r->what.noutputs;
}

/* ---- environment ---- */

struct env_list {
	struct suan_arena *arena;
	const char **list;
	uint32_t count, cap;
	bool failed;
};

static void env_add(struct env_list *e, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1;

	for (uint32_t i = 0; i < e->count; i++) {
		if (strncmp(e->list[i], entry, n) == 0) {
			e->list[i] = entry;
			return;
		}
	}
	if (e->count == e->cap)
		e->failed = true;
	else
		e->list[e->count++] = entry;
}

static void env_addf(struct env_list *e, const char *fmt, ...) SUAN_PRINTF(2, 3);
static void env_addf(struct env_list *e, const char *fmt, ...)
{
	struct suan_buf b;
	va_list ap;
	char *s;

	suan_buf_init(&b, 0);
	va_start(ap, fmt);
	suan_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	s = printed(e->arena, &b);
	if (s)
		env_add(e, s);
	else
		e->failed = true;
}

static void env_inherit(struct env_list *e)
{
	static const char *const names[] = {"HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", NULL};

	env_add(e, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	for (int i = 0; names[i]; i++) {
		const char *v = getenv(names[i]);

		if (v)
			env_addf(e, "%s=%s", names[i], v);
	}
}

static uint32_t tasks_here(const struct suan_order *o)
{
	return o->nplaces ? o->places[0].tasks : o->req.tasks;
}

static void env_suan(struct env_list *e, const struct suan_agent_run *r)
{
	const struct suan_order *o = &r->order;

	env_addf(e, "SUAN_JOB_ID=%llu", (unsigned long long)o->run.job);
	env_addf(e, "SUAN_TASK_ID=%u", o->run.index);
	env_addf(e, "SUAN_ATTEMPT=%u", o->run.attempt);
	env_addf(e, "SUAN_SITE=%s", o->site);
	env_addf(e, "SUAN_HUB=%s", o->hub);
	env_addf(e, "SUAN_POOL=%s", o->pool);
	env_addf(e, "SUAN_RUN_DIR=%s", r->run_dir);
}

/* The names that batch scripts read; see the user guide for the table. */
static void env_slurm(struct env_list *e, const struct suan_agent_run *r)
{
	const struct suan_order *o = &r->order;
	unsigned long long id = o->run.job;
	uint32_t here = tasks_here(o), nodes = o->nplaces ? o->nplaces : 1;
	char *list = has_nodes(o) ? node_list(e->arena, o, o->nplaces) : NULL;
	char *first = has_nodes(o) ? node_list(e->arena, o, 1) : NULL;

	env_addf(e, "SLURM_JOB_ID=%llu", id);
	env_addf(e, "SLURM_JOBID=%llu", id);
	env_addf(e, "SLURM_JOB_NAME=%s", o->job_name);
	env_addf(e, "SLURM_JOB_USER=%s", o->user);
	env_addf(e, "SLURM_CLUSTER_NAME=%s", o->site);
	env_addf(e, "SLURM_JOB_PARTITION=%s", o->pool);
	env_addf(e, "SLURM_SUBMIT_DIR=%s", r->dir);
	env_addf(e, "SLURM_NTASKS=%u", o->req.tasks);
	env_addf(e, "SLURM_NPROCS=%u", o->req.tasks);
	env_addf(e, "SLURM_CPUS_PER_TASK=%u", o->req.cores);
	env_addf(e, "SLURM_CPUS_ON_NODE=%u", o->req.cores * here);
	env_addf(e, "SLURM_NNODES=%u", nodes);
	env_addf(e, "SLURM_JOB_NUM_NODES=%u", nodes);
	env_addf(e, "SLURM_RESTART_COUNT=%u", o->run.attempt - 1);
	env_add(e, "SLURM_PROCID=0");
	env_add(e, "SLURM_LOCALID=0");
	env_add(e, "SLURM_NODEID=0");
	if (o->account[0])
		env_addf(e, "SLURM_JOB_ACCOUNT=%s", o->account);
	if (o->req.memory)
		env_addf(e, "SLURM_MEM_PER_NODE=%llu",
			 (unsigned long long)(o->req.memory * here >> 20));
	if (list && first) {
		env_addf(e, "SLURM_JOB_NODELIST=%s", list);
		env_addf(e, "SLURM_NODELIST=%s", list);
		env_addf(e, "SLURMD_NODENAME=%s", first);
	}
	if (!o->is_array)
		return;
	env_addf(e, "SLURM_ARRAY_JOB_ID=%llu", id);
	env_addf(e, "SLURM_ARRAY_TASK_ID=%u", o->run.index);
	env_addf(e, "SLURM_ARRAY_TASK_COUNT=%u", o->array_count);
	env_addf(e, "SLURM_ARRAY_TASK_MIN=%u", o->array_min);
	env_addf(e, "SLURM_ARRAY_TASK_MAX=%u", o->array_max);
}

static enum suan_code make_env(struct suan_agent_run *r, const char *const **ret,
			       struct suan_err *err)
{
	struct env_list e = {.arena = &r->arena};
	struct suan_env own;
	enum suan_code rc;

	rc = suan_env_get(r->order.env, r->order.env_len, &r->arena, &own, err);
	if (rc != SUAN_OK)
		return rc;
	e.cap = own.count + 64;
	e.list = suan_arena_array(&r->arena, e.cap + 1, sizeof(*e.list));
	if (!e.list)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	env_inherit(&e);
	for (uint32_t i = 0; i < own.count; i++)
		env_add(&e, own.list[i]);
	env_suan(&e, r);
	env_slurm(&e, r);
	if (e.failed)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	*ret = e.list;
	return SUAN_OK;
}

/* ---- what to start ---- */

static enum suan_code make_argv(struct suan_agent_run *r, const char *const **ret,
				struct suan_err *err)
{
	const struct suan_payload *p = &r->what;
	const char **argv, *path;
	enum suan_code rc;

	if (!p->script[0]) {
		*ret = p->command;
		return SUAN_OK;
	}
	path = join(&r->arena, r->run_dir, "script");
	argv = suan_arena_array(&r->arena, p->nargs + 2u, sizeof(*argv));
	if (!path || !argv)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	rc = suan_fs_write(path, p->script, strlen(p->script), 0700, false, err);
	if (rc != SUAN_OK) /* the folder is ours: never the order's fault */
		return rc == SUAN_EINVAL ? SUAN_EIO : rc;
	argv[0] = path;
	for (uint32_t i = 0; i < p->nargs; i++)
		argv[i + 1] = p->args[i];
	*ret = argv;
	return SUAN_OK;
}

enum suan_code suan_agent_run_prepare(struct suan_agent_run *r, struct suan_driver_run *ret,
				      struct suan_err *err)
{
	const struct suan_order *o = &r->order;
	enum suan_code rc;

	*ret = (struct suan_driver_run){
		.id = r->id,
		.run_dir = r->run_dir,
		.dir = r->dir,
		.stdin_path = "/dev/null",
		.stdout_path = r->stdout_path,
		.stderr_path = r->stderr_path,
		.append = r->what.append,
		.walltime_ms = o->walltime_ms,
		.memory_bytes = o->req.memory * tasks_here(o),
		.cores = o->req.cores * tasks_here(o),
		.req = o->req,
		.pool = o->pool,
		.job_name = o->job_name,
	};
	if (r->what.stdin_path[0])
		ret->stdin_path = file_path(r, r->what.stdin_path);
	if (!ret->stdin_path)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	rc = make_argv(r, &ret->argv, err);
	return rc == SUAN_OK ? make_env(r, &ret->envp, err) : rc;
}

/* ---- staging ---- */

static const char *local_path(const char *url)
{
	return strncmp(url, "file://", 7) == 0 ? url + 7 : url;
}

/* Is it for the site that copying failed? Then it may work elsewhere, or later. What is missing,
 * not permitted, or in the way of another is the job's. */
static bool fault_of_site(enum suan_code rc, bool at_target)
{
	if (rc == SUAN_EDENIED || rc == SUAN_ETOOBIG)
		return at_target;
	return rc == SUAN_ENOMEM || rc == SUAN_EIO || rc == SUAN_EFULL || rc == SUAN_EBUSY ||
	       rc == SUAN_EUNREACHABLE;
}

static enum suan_code copy(const char *from, const char *to, const char *want_sha256,
			   struct suan_fs_copying *how, struct suan_err *err)
{
	char *parent = strdup(to), *slash;
	enum suan_code rc = SUAN_OK;

	if (!parent)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		rc = suan_fs_mkdirs(parent, 0755, err);
		how->at_target = rc != SUAN_OK;
	}
	if (rc == SUAN_OK)
		rc = suan_fs_copy_as(from, to, how, err);
	if (rc == SUAN_OK && want_sha256[0] && strcmp(want_sha256, how->sha256_hex) != 0)
		rc = suan_fail(err, SUAN_ECORRUPT, "%s has SHA-256 %s, expected %s", from,
			       how->sha256_hex, want_sha256);
	free(parent);
	return rc;
}

/* %a and the other file-name patterns, so that elements of an array have files of their own. */
static const char *expand(const struct suan_agent_run *r, const char *pattern,
			  struct suan_arena *arena)
{
	const struct suan_order *o = &r->order;
	struct suan_file_names n = {.job = o->run.job,
				    .index = o->run.index,
				    .is_array = o->is_array,
				    .name = o->job_name,
				    .user = o->user,
				    .node = ""};
	struct suan_buf b;

	suan_buf_init(&b, 0);
	if (suan_job_file_name(pattern, &n, &b) == SUAN_OK)
		return printed(arena, &b);
	suan_buf_done(&b);
	return NULL;
}

static void stage(struct suan_agent_run *r, const struct suan_stage *s, bool in)
{
	/* What came back must survive the machine: its job is told to be complete. */
	struct suan_fs_copying how = {.cancel = &r->staging.cancel, .durable = !in};
	struct suan_err *err = &r->staged_err;
	struct suan_arena arena;
	const char *path, *url, *inside;
	enum suan_code rc;

	suan_arena_init(&arena, 0);
	path = expand(r, s->path, &arena);
	url = expand(r, local_path(s->url), &arena);
	inside = path ? join(&arena, r->run_dir, path) : NULL;
	if (!inside || !url)
		rc = suan_fail(err, SUAN_ENOMEM, "out of memory");
	else if (in)
		rc = copy(url, inside, s->sha256, &how, err);
	else
		rc = copy(inside, url, "", &how, err);
	if (rc != SUAN_OK)
		suan_err_prefix(err, "%s %s", in ? "input" : "output", s->path);
	r->staged = rc;
	r->staged_site = fault_of_site(rc, how.at_target);
	suan_arena_done(&arena);
}

void suan_agent_stage_in(struct suan_agent_run *r)
{
	struct suan_err *err = &r->staged_err;

	/* A copy that was cut short by the end of an earlier process may have left pieces. */
	r->staged = suan_fs_remove_tree(r->run_dir, err);
	if (r->staged == SUAN_OK)
		r->staged = suan_fs_mkdirs(r->run_dir, 0755, err);
	r->staged_site = r->staged != SUAN_OK;
	for (uint32_t i = 0; r->staged == SUAN_OK && i < r->what.ninputs; i++)
		stage(r, &r->what.inputs[i], true);
}

void suan_agent_stage_out(struct suan_agent_run *r)
{
	r->staged = SUAN_OK;
	for (uint32_t i = 0; r->staged == SUAN_OK && i < r->what.noutputs; i++)
		stage(r, &r->what.outputs[i], false);
}
