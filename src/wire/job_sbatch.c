/* What sbatch's options mean in our fields, where they differ. */
#include <string.h>

#include "base/num.h"
#include "wire/job_value.h"

static enum suan_code expected(const struct suan_job_setting *s, const char *what,
			       struct suan_err *err)
{
	return suan_fail(err, SUAN_EINVAL, "expected %s, found \"%.60s\"", what,
			 s->text ? s->text : "");
}

bool suan_job_sbatch_differs(const struct suan_job_field *f)
{
	return strcmp(f->name, "memory") == 0 || strcmp(f->name, "gpus") == 0 ||
	       strcmp(f->name, "nodes") == 0;
}

void suan_job_drop_claims(struct suan_job_doc *doc, const struct suan_job_field *f)
{
	struct suan_job_claims *c = &doc->claims;

	if (strcmp(f->name, "memory") == 0)
		c->mem_node = c->mem_core = 0;
	else if (strcmp(f->name, "gpus") == 0)
		c->gpus_job = c->gpus_node = 0;
}

static enum suan_code claim_memory(const struct suan_job_setting *s, uint64_t *into,
				   struct suan_err *err)
{
	struct suan_job_claims *c = &s->doc->claims;
	uint64_t v;
	enum suan_code rc = suan_parse_size(s->text, 1u << 20, &v, err);

	if (rc != SUAN_OK)
		return rc;
	if (v > UINT64_C(1) << 50)
		return expected(s, "a size of at most 1024TiB", err);
	c->mem_node = c->mem_core = 0;
	*into = v;
	/* --mem=0 is all of the node's memory: no claim of its own. */
	s->doc->spec.req.memory = 0;
	suan_job_mark_given(s->doc, suan_job_field_named("memory"));
	return SUAN_OK;
}

static enum suan_code parse_count(const struct suan_job_setting *s, const char *text,
				  const struct suan_job_field *bounds, uint32_t *ret,
				  struct suan_err *err)
{
	char words[128];
	int64_t v;

	if (suan_parse_i64(text, &v, NULL) == SUAN_OK && v >= bounds->min && v <= bounds->max) {
		*ret = (uint32_t)v;
		return SUAN_OK;
	}
	suan_job_number_words(bounds, words, sizeof(words));
	return expected(s, words, err);
}

/* "4" or "2-4", of which the least is taken. */
static enum suan_code set_nodes(const struct suan_job_setting *s, struct suan_err *err)
{
	size_t n = strcspn(s->text, "-");
	char *least = suan_arena_mem(s->arena, s->text, n);
	uint32_t most = 0;
	enum suan_code rc;

	if (!least)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	if (s->text[n]) {
		rc = parse_count(s, s->text + n + 1, s->field, &most, err);
		if (rc != SUAN_OK)
			return rc;
	}
	rc = parse_count(s, least, s->field, &s->doc->spec.req.nodes, err);
	if (rc == SUAN_OK)
		suan_job_mark_given(s->doc, s->field);
	return rc;
}

/* ---- accelerators ---- */

/* "2", "a100:2", "a100" (one): the number goes to *into, the kind to spec.gpu. */
static enum suan_code claim_gpus(const struct suan_job_setting *s, const char *text,
				 uint32_t *into, struct suan_err *err)
{
	const struct suan_job_field *gpus = suan_job_field_named("gpus");
	const char *colon = strrchr(text, ':');
	const char *number = colon ? colon + 1 : text;
	const char *kind = NULL;
	uint32_t n = 1;
	enum suan_code rc = SUAN_OK;

	if (number[0] >= '0' && number[0] <= '9')
		rc = parse_count(s, number, gpus, &n, err);
	else if (colon || !text[0])
		rc = expected(s, "a number, or KIND:number", err);
	else
		kind = suan_arena_str(s->arena, text);
	if (rc != SUAN_OK)
		return rc;
	if (colon) {
		kind = suan_arena_mem(s->arena, text, (size_t)(colon - text));
		if (kind && (!kind[0] || strchr(kind, ':')))
			return expected(s, "a number, or KIND:number", err);
	}
	if (kind)
		s->doc->spec.gpu = n ? kind : "";
	s->doc->spec.req.gpus = 0;
	s->doc->claims.gpus_job = s->doc->claims.gpus_node = 0;
	*into = n;
	suan_job_mark_given(s->doc, gpus);
	return SUAN_OK;
}

/* "gpu", "gpu:2", "gpu:a100:2", "gres/gpu:2"; sockets in brackets do not matter here. */
static enum suan_code claim_gres(const struct suan_job_setting *s, struct suan_err *err)
{
	const char *t = s->text;
	char *rest;

	if (strncmp(t, "gres/", 5) == 0 || strncmp(t, "gres:", 5) == 0)
		t += 5;
	if (strncmp(t, "gpu", 3) != 0 || (t[3] && t[3] != ':') || strchr(t, ','))
		return expected(s, "gpu:2 or gpu:KIND:2; suan knows no other resources", err);
	if (!t[3])
		return claim_gpus(s, "1", &s->doc->claims.gpus_node, err);
	rest = suan_arena_mem(s->arena, t + 4, strcspn(t + 4, "("));
	if (!rest)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	return claim_gpus(s, rest, &s->doc->claims.gpus_node, err);
}

/* ---- the rest ---- */

static enum suan_code set_nice(const struct suan_job_setting *s, struct suan_err *err)
{
	const struct suan_job_field *f = suan_job_field_named("priority");
	int64_t v = 100; /* sbatch's, when it stands alone */

	if (s->text && strcmp(s->text, "true") != 0 &&
	    (suan_parse_i64(s->text, &v, NULL) != SUAN_OK || v < f->min || v > f->max))
		return expected(s, "a whole number from -1000000 to 1000000", err);
	s->doc->spec.priority = (int32_t)-v;
	suan_job_mark_given(s->doc, f);
	return SUAN_OK;
}

static enum suan_code set_open_mode(const struct suan_job_setting *s, struct suan_err *err)
{
	bool append = strcmp(s->text, "append") == 0;

	if (!append && strcmp(s->text, "truncate") != 0)
		return expected(s, "append or truncate", err);
	s->doc->run.append = append;
	suan_job_mark_given(s->doc, suan_job_field_named("append"));
	return SUAN_OK;
}

/* "ALL,OMP_NUM_THREADS=1": assignments go to env, the rest to names, which has room for all. */
static enum suan_code split_export(const struct suan_job_setting *s, char *names,
				   struct suan_err *err)
{
	const char *p = s->text;
	size_t used = 0;
	enum suan_code rc;

	for (;;) {
		size_t n = strcspn(p, ",");
		char *one = suan_arena_mem(s->arena, p, n);

		if (!one)
			return suan_fail(err, SUAN_ENOMEM, "out of memory");
		if (n == 0)
			return expected(s, "ALL, NONE, names or NAME=value", err);
		if (strchr(one, '=')) {
			rc = suan_job_add_env(s->doc, one, s->arena, err);
			if (rc != SUAN_OK)
				return rc;
		} else {
			if (used)
				names[used++] = ',';
			memcpy(names + used, one, n);
			used += n;
		}
		if (!p[n])
			return SUAN_OK;
		p += n + 1;
	}
}

/* The names stay for the submitter's side, which knows its environment. */
static enum suan_code set_export(const struct suan_job_setting *s, struct suan_err *err)
{
	struct suan_env before = s->doc->env;
	char *names = suan_arena_alloc(s->arena, strlen(s->text) + 1);
	enum suan_code rc;

	if (!names)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	rc = split_export(s, names, err);
	if (rc == SUAN_OK)
		s->doc->export_names = names;
	else
		s->doc->env = before;
	return rc;
}

static enum suan_code set_requeue(const struct suan_job_setting *s, enum suan_guarantee g)
{
	s->doc->spec.guarantee = g;
	suan_job_mark_given(s->doc, suan_job_field_named("guarantee"));
	return SUAN_OK;
}

static enum suan_code set_gpus_task(const struct suan_job_setting *s, struct suan_err *err)
{
	uint32_t n = 0;
	enum suan_code rc = claim_gpus(s, s->text, &n, err);

	if (rc == SUAN_OK)
		s->doc->spec.req.gpus = n;
	return rc;
}

/* Fields of ours whose option counts otherwise: per node or per job. */
static enum suan_code set_differing(const struct suan_job_setting *s, struct suan_err *err)
{
	if (strcmp(s->field->name, "memory") == 0)
		return claim_memory(s, &s->doc->claims.mem_node, err);
	if (strcmp(s->field->name, "gpus") == 0)
		return claim_gpus(s, s->text, &s->doc->claims.gpus_job, err);
	return set_nodes(s, err);
}

enum suan_code suan_job_sbatch_value(const struct suan_job_setting *s, struct suan_err *err)
{
	struct suan_job_claims *c = &s->doc->claims;
	const struct suan_job_field *tasks = suan_job_field_named("tasks");

	switch ((enum suan_job_special)s->field->special) {
	case SUAN_JOB_PLAIN:
		return set_differing(s, err);
	case SUAN_JOB_IGNORED:
		return SUAN_OK;
	case SUAN_JOB_MEM_CPU:
		return claim_memory(s, &c->mem_core, err);
	case SUAN_JOB_TASKS_NODE:
		return parse_count(s, s->text, tasks, &c->tasks_node, err);
	case SUAN_JOB_GRES:
		return claim_gres(s, err);
	case SUAN_JOB_GPUS_NODE:
		return claim_gpus(s, s->text, &c->gpus_node, err);
	case SUAN_JOB_GPUS_TASK:
		return set_gpus_task(s, err);
	case SUAN_JOB_CPUS_GPU:
		return parse_count(s, s->text, suan_job_field_named("cores"), &c->cores_gpu, err);
	case SUAN_JOB_NICE:
		return set_nice(s, err);
	case SUAN_JOB_REQUEUE:
		return set_requeue(s, SUAN_LEASE);
	case SUAN_JOB_NO_REQUEUE:
		return set_requeue(s, SUAN_AT_MOST_ONCE);
	case SUAN_JOB_OPEN_MODE:
		return set_open_mode(s, err);
	case SUAN_JOB_EXPORT:
		return set_export(s, err);
	}
	return SUAN_OK;
}

/* ---- claims per task ---- */

/* a / b rounded up; b > 0. */
static uint32_t share(uint32_t a, uint32_t b)
{
	return a / b + (a % b != 0);
}

static enum suan_code resolve_tasks(struct suan_job_doc *doc, struct suan_err *err)
{
	struct suan_req *req = &doc->spec.req;
	uint32_t per_node = doc->claims.tasks_node ? doc->claims.tasks_node : 1;
	uint64_t tasks = (uint64_t)(req->nodes ? req->nodes : 1) * per_node;

	if ((req->nodes <= 1 && per_node == 1) || suan_job_is_given(doc, "tasks"))
		return SUAN_OK;
	if (tasks > 1000000)
		return suan_fail_field(err, SUAN_EINVAL, "tasks",
				       "tasks: %u nodes of %u tasks are more than 1000000",
				       (unsigned)req->nodes, (unsigned)per_node);
	if (req->tasks < tasks)
		req->tasks = (uint32_t)tasks;
	return SUAN_OK;
}

static enum suan_code resolve_gpus(struct suan_job_doc *doc, struct suan_err *err)
{
	struct suan_req *req = &doc->spec.req;
	const struct suan_job_claims *c = &doc->claims;
	uint32_t tasks = req->tasks;
	uint32_t gpus = c->gpus_job;

	if (c->gpus_node) {
		gpus = c->gpus_node;
		tasks = share(req->tasks, req->nodes ? req->nodes : 1);
	}
	if (!gpus)
		return SUAN_OK;
	if (gpus % tasks != 0)
		return suan_fail_field(err, SUAN_EINVAL, "gpus",
				       "gpus: %u accelerators cannot be shared out evenly over %u "
				       "tasks; write --gpus-per-task, or fewer tasks with more "
				       "--cpus-per-task",
				       (unsigned)gpus, (unsigned)tasks);
	req->gpus = gpus / tasks;
	return SUAN_OK;
}

enum suan_code suan_job_resolve(struct suan_job_doc *doc, struct suan_err *err)
{
	struct suan_req *req = &doc->spec.req;
	const struct suan_job_claims *c = &doc->claims;
	enum suan_code rc = resolve_tasks(doc, err);

	if (rc == SUAN_OK)
		rc = resolve_gpus(doc, err);
	if (rc != SUAN_OK)
		return rc;
	if (c->cores_gpu && req->gpus && !suan_job_is_given(doc, "cores")) {
		uint64_t cores = (uint64_t)c->cores_gpu * req->gpus;

		req->cores = cores < 65536 ? (uint32_t)cores : 65536;
	}
	if (c->mem_node)
		req->memory = c->mem_node / share(req->tasks, req->nodes ? req->nodes : 1);
	if (c->mem_core && !suan_mul_u64(c->mem_core, req->cores, &req->memory))
		req->memory = UINT64_C(1) << 50;
	return SUAN_OK;
}
