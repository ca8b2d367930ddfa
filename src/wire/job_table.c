#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "wire/job.h"
#include "wire/job_value.h"
#include "wire/nearest.h"

#define TEN_YEARS_MS	 (INT64_C(3650) * 24 * 3600 * 1000)
#define LAST_TIME_MS	 INT64_C(253402300799999) /* end of the year 9999 */
#define MOST_MEMORY	 (INT64_C(1) << 50)

#define AT(member)	 .at = offsetof(struct suan_job_doc, member)
#define COUNT_AT(member) .count_at = offsetof(struct suan_job_doc, member)
#define RANGE(a, b)	 .min = (a), .max = (b)

#define TEXT_SCHEMA	 "{\"type\":\"string\"}"
#define BOOL_SCHEMA	 "{\"type\":\"boolean\",\"default\":false}"
#define NAMES_SCHEMA                                                                               \
	"{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":\"string\"}}]}"
#define WORDS_SCHEMA "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"
#define TIME_SCHEMA                                                                                \
	"{\"oneOf\":[{\"type\":\"string\",\"format\":\"date-time\"},{\"type\":\"number\"}]}"
#define SECONDS_SCHEMA                                                                             \
	"{\"oneOf\":[{\"type\":\"number\",\"minimum\":0.001,\"maximum\":315360000},"               \
	"{\"type\":\"string\",\"examples\":[\"1h30m\"]}]}"

static const struct suan_job_field fields[] = {
	{.name = "name",
	 .sbatch = "job-name",
	 .letter = 'J',
	 .type = SUAN_F_STRING,
	 AT(spec.name),
	 .help = "name for people, at most 256 bytes",
	 .schema = "{\"type\":\"string\",\"maxLength\":256}"},
	{.name = "command",
	 .type = SUAN_F_STRINGS,
	 AT(run.command),
	 COUNT_AT(run.ncommand),
	 .help = "program and its arguments; or else a script",
	 .schema = "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1}"},
	{.name = "script",
	 .type = SUAN_F_STRING,
	 AT(run.script),
	 .help = "text of a script that begins with #!",
	 .schema = "{\"type\":\"string\",\"pattern\":\"^#!\"}"},
	{.name = "args",
	 .type = SUAN_F_STRINGS,
	 AT(run.args),
	 COUNT_AT(run.nargs),
	 .help = "arguments of the script",
	 .schema = WORDS_SCHEMA},
	{.name = "tasks",
	 .sbatch = "ntasks",
	 .letter = 'n',
	 .type = SUAN_F_COUNT,
	 AT(spec.req.tasks),
	 RANGE(1, 1000000),
	 .help = "tasks that run at the same time",
	 .schema = "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000,\"default\":1}"},
	{.name = "cores",
	 .sbatch = "cpus-per-task",
	 .letter = 'c',
	 .type = SUAN_F_COUNT,
	 AT(spec.req.cores),
	 RANGE(1, 65536),
	 .help = "cores per task",
	 .schema = "{\"type\":\"integer\",\"minimum\":1,\"maximum\":65536,\"default\":1}"},
	{.name = "nodes",
	 .sbatch = "nodes",
	 .letter = 'N',
	 .type = SUAN_F_COUNT,
	 AT(spec.req.nodes),
	 RANGE(1, 1000000),
	 .help = "spread the tasks over exactly this many nodes",
	 .schema = "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000}"},
	{.name = "memory",
	 .sbatch = "mem",
	 .type = SUAN_F_SIZE,
	 AT(spec.req.memory),
	 RANGE(0, MOST_MEMORY),
	 .help = "memory per task: bytes, or a size such as 2GiB",
	 .schema = "{\"oneOf\":[{\"type\":\"integer\",\"minimum\":0,\"maximum\":1125899906842624},"
		   "{\"type\":\"string\",\"examples\":[\"2GiB\"]}]}"},
	{.name = "gpus",
	 .sbatch = "gpus",
	 .letter = 'G',
	 .type = SUAN_F_COUNT,
	 AT(spec.req.gpus),
	 RANGE(0, 1024),
	 .help = "accelerators per task",
	 .schema = "{\"type\":\"integer\",\"minimum\":0,\"maximum\":1024,\"default\":0}"},
	{.name = "gpu",
	 .type = SUAN_F_STRING,
	 AT(spec.gpu),
	 .help = "kind of accelerator",
	 .schema = TEXT_SCHEMA},
	{.name = "exclusive",
	 .sbatch = "exclusive",
	 .type = SUAN_F_BOOL,
	 AT(spec.req.exclusive),
	 .help = "whole nodes",
	 .schema = BOOL_SCHEMA},
	{.name = "walltime_s",
	 .sbatch = "time",
	 .letter = 't',
	 .type = SUAN_F_SECONDS,
	 AT(spec.walltime_ms),
	 RANGE(1, TEN_YEARS_MS),
	 .help = "longest run time: seconds, or a duration such as 1h30m",
	 .schema = SECONDS_SCHEMA},
	{.name = "estimate_s",
	 .type = SUAN_F_SECONDS,
	 AT(spec.estimate_ms),
	 RANGE(1, TEN_YEARS_MS),
	 .help = "expected run time, for planning",
	 .schema = SECONDS_SCHEMA},
	{.name = "array",
	 .sbatch = "array",
	 .letter = 'a',
	 .type = SUAN_F_RANGE,
	 AT(spec.array),
	 .help = "indices of an array job and how many run at once: 0-99%10",
	 .schema = "{\"type\":\"string\",\"examples\":[\"0-99%10\"]}"},
	{.name = "after",
	 .sbatch = "dependency",
	 .letter = 'd',
	 .type = SUAN_F_DEPS,
	 AT(spec.deps),
	 COUNT_AT(spec.ndeps),
	 .help = "wait for other jobs: afterok:1:2,afterany:3",
	 .schema = "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"oneOf\":["
		   "{\"type\":\"string\"},{\"type\":\"object\",\"required\":[\"type\",\"job\"],"
		   "\"properties\":{\"type\":{\"enum\":[\"afterok\",\"afterany\",\"afternotok\","
		   "\"aftercorr\"]},\"job\":{\"type\":\"integer\",\"minimum\":1}}}]}}]}"},
	{.name = "account",
	 .sbatch = "account",
	 .letter = 'A',
	 .type = SUAN_F_STRING,
	 AT(spec.account),
	 .help = "account that pays",
	 .schema = TEXT_SCHEMA},
	{.name = "qos",
	 .sbatch = "qos",
	 .letter = 'q',
	 .type = SUAN_F_STRING,
	 AT(spec.qos),
	 .help = "class of service",
	 .schema = TEXT_SCHEMA},
	{.name = "reservation",
	 .sbatch = "reservation",
	 .type = SUAN_F_STRING,
	 AT(spec.reservation),
	 .help = "run in this reservation only: its name or number",
	 .schema = TEXT_SCHEMA},
	{.name = "priority",
	 .sbatch = "priority",
	 .type = SUAN_F_INT,
	 AT(spec.priority),
	 RANGE(-1000000, 1000000),
	 .help = "higher goes first",
	 .schema = "{\"type\":\"integer\",\"minimum\":-1000000,\"maximum\":1000000,"
		   "\"default\":0}"},
	{.name = "hold",
	 .sbatch = "hold",
	 .letter = 'H',
	 .type = SUAN_F_BOOL,
	 AT(spec.hold),
	 .help = "wait until released",
	 .schema = BOOL_SCHEMA},
	{.name = "begin",
	 .sbatch = "begin",
	 .letter = 'b',
	 .type = SUAN_F_TIME,
	 AT(spec.begin_ms),
	 RANGE(0, LAST_TIME_MS),
	 .help = "earliest start: RFC 3339, or now+2h",
	 .schema = TIME_SCHEMA},
	{.name = "deadline",
	 .sbatch = "deadline",
	 .type = SUAN_F_TIME,
	 AT(spec.deadline_ms),
	 RANGE(0, LAST_TIME_MS),
	 .help = "latest end: RFC 3339, or now+2h",
	 .schema = TIME_SCHEMA},
	{.name = "site",
	 .sbatch = "clusters",
	 .letter = 'M',
	 .type = SUAN_F_NAMES,
	 AT(spec.site.list),
	 COUNT_AT(spec.site.count),
	 .help = "run only at these sites",
	 .schema = NAMES_SCHEMA},
	{.name = "hub",
	 .type = SUAN_F_NAMES,
	 AT(spec.hub.list),
	 COUNT_AT(spec.hub.count),
	 .help = "run only in these hubs",
	 .schema = NAMES_SCHEMA},
	{.name = "not_site",
	 .type = SUAN_F_NAMES,
	 AT(spec.not_site.list),
	 COUNT_AT(spec.not_site.count),
	 .help = "never run at these sites",
	 .schema = NAMES_SCHEMA},
	{.name = "not_hub",
	 .type = SUAN_F_NAMES,
	 AT(spec.not_hub.list),
	 COUNT_AT(spec.not_hub.count),
	 .help = "never run in these hubs",
	 .schema = NAMES_SCHEMA},
	{.name = "home",
	 .type = SUAN_F_STRING,
	 AT(spec.home),
	 .help = "site whose user this is: sharing must not make its jobs wait longer",
	 .schema = TEXT_SCHEMA},
	{.name = "guarantee",
	 .type = SUAN_F_GUARANTEE,
	 AT(spec.guarantee),
	 .help = "after a loss: lease, at-most-once or at-least-once",
	 .schema = "{\"enum\":[\"lease\",\"at-most-once\",\"at-least-once\"],"
		   "\"default\":\"lease\"}"},
	{.name = "checkpointable",
	 .type = SUAN_F_BOOL,
	 AT(spec.checkpointable),
	 .help = "may be stopped and started again",
	 .schema = BOOL_SCHEMA},
	{.name = "inputs",
	 .type = SUAN_F_STAGES,
	 AT(run.inputs),
	 COUNT_AT(run.ninputs),
	 .help = "files to bring in: PATH, or NAME=PATH",
	 .schema = "{\"type\":\"array\",\"items\":{\"oneOf\":[{\"type\":\"string\"},"
		   "{\"type\":\"object\",\"required\":[\"url\"],\"properties\":{"
		   "\"url\":{\"type\":\"string\"},\"path\":{\"type\":\"string\"},"
		   "\"sha256\":{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"}}}]}}"},
	{.name = "outputs",
	 .type = SUAN_F_STAGES,
	 AT(run.outputs),
	 COUNT_AT(run.noutputs),
	 .help = "files to bring back: NAME=PATH",
	 .schema = "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"url\"],"
		   "\"properties\":{\"path\":{\"type\":\"string\"},"
		   "\"url\":{\"type\":\"string\"}}}}"},
	{.name = "env",
	 .type = SUAN_F_ENV,
	 AT(env.list),
	 COUNT_AT(env.count),
	 .help = "environment variable NAME=VALUE",
	 .schema = "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}"},
	{.name = "dir",
	 .sbatch = "chdir",
	 .letter = 'D',
	 .type = SUAN_F_STRING,
	 AT(run.dir),
	 .help = "working directory; else the run's own folder",
	 .schema = TEXT_SCHEMA},
	{.name = "stdin",
	 .sbatch = "input",
	 .letter = 'i',
	 .type = SUAN_F_STRING,
	 AT(run.stdin_path),
	 .help = "file for standard input",
	 .schema = TEXT_SCHEMA},
	{.name = "stdout",
	 .sbatch = "output",
	 .letter = 'o',
	 .type = SUAN_F_STRING,
	 AT(run.stdout_path),
	 .help = "file for standard output; %j is the job's id",
	 .schema = TEXT_SCHEMA},
	{.name = "stderr",
	 .sbatch = "error",
	 .letter = 'e',
	 .type = SUAN_F_STRING,
	 AT(run.stderr_path),
	 .help = "file for standard error",
	 .schema = TEXT_SCHEMA},
	{.name = "append",
	 .type = SUAN_F_BOOL,
	 AT(run.append),
	 .help = "append to these files instead of replacing them",
	 .schema = BOOL_SCHEMA},
	{.name = "near",
	 .type = SUAN_F_STRING,
	 AT(spec.near),
	 .help = "city or site that it serves, with max_latency_ms",
	 .schema = TEXT_SCHEMA},
	{.name = "max_latency_ms",
	 .type = SUAN_F_LATENCY,
	 AT(spec.max_latency_us),
	 .help = "one way from there at most: 5ms, or city (1), region (5), nation (20)",
	 .schema = "{\"oneOf\":[{\"type\":\"number\",\"exclusiveMinimum\":0,\"maximum\":3600000},"
		   "{\"type\":\"string\",\"examples\":[\"5ms\",\"region\"]}]}"},
	{.name = "goal",
	 .type = SUAN_F_GOAL,
	 AT(spec.goal),
	 .help = "place and time for: fastest, cheapest, greenest, or balanced (both of these)",
	 .schema = "{\"enum\":[\"fastest\",\"cheapest\",\"greenest\",\"balanced\"],"
		   "\"default\":\"fastest\"}"},
	{.name = "max_delay_s",
	 .type = SUAN_F_SECONDS,
	 AT(spec.max_delay_ms),
	 RANGE(1, TEN_YEARS_MS),
	 .help = "for its goal, starts so long after submission at most",
	 .schema = SECONDS_SCHEMA},
};

#define NFIELDS (sizeof(fields) / sizeof(fields[0]))
_Static_assert(NFIELDS <= SUAN_JOB_FIELDS, "one bit of given for each field");
/* Values are set through offsets, so the compiler does not see a change of their types. */
_Static_assert(_Generic(((struct suan_job_spec *)NULL)->array, const struct suan_range * : 1,
			default : 0),
	       "SUAN_F_RANGE");
_Static_assert(_Generic(((struct suan_job_spec *)NULL)->req.tasks, uint32_t : 1, default : 0),
	       "SUAN_F_COUNT");
_Static_assert(_Generic(((struct suan_job_spec *)NULL)->req.memory, uint64_t : 1, default : 0),
	       "SUAN_F_SIZE");
_Static_assert(_Generic(((struct suan_job_spec *)NULL)->walltime_ms, int64_t : 1, default : 0),
	       "SUAN_F_SECONDS, SUAN_F_TIME");
_Static_assert(_Generic(((struct suan_job_spec *)NULL)->max_latency_us, uint32_t : 1, default : 0),
	       "SUAN_F_LATENCY");
_Static_assert(sizeof(((struct suan_job_spec *)NULL)->goal) == sizeof(enum suan_goal),
	       "SUAN_F_GOAL");
_Static_assert(_Generic(((struct suan_job_spec *)NULL)->priority, int32_t : 1, default : 0),
	       "SUAN_F_INT");

/* Options of sbatch that are no field. */
#define SPECIAL(option, what, text)                                                                \
	{                                                                                          \
		.sbatch = option, .special = what, .type = SUAN_F_SBATCH, .help = text,            \
		.name = option                                                                     \
	}
#define SWITCH(option, what, text)                                                                 \
	{                                                                                          \
		.sbatch = option, .special = what, .type = SUAN_F_BOOL, .help = text,              \
		.name = option                                                                     \
	}
#define IGNORED(option, short_option, text)                                                        \
	{                                                                                          \
		.sbatch = option, .letter = short_option, .special = SUAN_JOB_IGNORED,             \
		.type = SUAN_F_SBATCH, .ignored = true, .help = text, .name = option               \
	}
#define IGNORED_SWITCH(option, short_option, text)                                                 \
	{                                                                                          \
		.sbatch = option, .letter = short_option, .special = SUAN_JOB_IGNORED,             \
		.type = SUAN_F_BOOL, .ignored = true, .help = text, .name = option                 \
	}

static const struct suan_job_field extras[] = {
	SPECIAL("mem-per-cpu", SUAN_JOB_MEM_CPU, "memory per core"),
	SPECIAL("ntasks-per-node", SUAN_JOB_TASKS_NODE, "tasks on each node"),
	SPECIAL("tasks-per-node", SUAN_JOB_TASKS_NODE, "tasks on each node"),
	SPECIAL("gres", SUAN_JOB_GRES, "accelerators per node: gpu:2, gpu:a100:2"),
	SPECIAL("gpus-per-node", SUAN_JOB_GPUS_NODE, "accelerators per node"),
	SPECIAL("gpus-per-task", SUAN_JOB_GPUS_TASK, "accelerators per task"),
	SPECIAL("cpus-per-gpu", SUAN_JOB_CPUS_GPU, "cores per accelerator"),
	SPECIAL("open-mode", SUAN_JOB_OPEN_MODE, "append or truncate"),
	SPECIAL("export", SUAN_JOB_EXPORT, "ALL, NONE, names or NAME=value"),
	SWITCH("nice", SUAN_JOB_NICE, "lower the priority by this much"),
	SWITCH("requeue", SUAN_JOB_REQUEUE, "guarantee lease"),
	SWITCH("no-requeue", SUAN_JOB_NO_REQUEUE, "guarantee at-most-once"),
	IGNORED("partition", 'p', "suan chooses the pool; use --site or --hub to choose a place"),
	IGNORED("nodelist", 'w', "suan chooses the nodes"),
	IGNORED("exclude", 'x', "suan chooses the nodes"),
	IGNORED("constraint", 'C', "suan has no node features; use --gpu for the accelerator"),
	IGNORED("mail-type", 0, "suan sends no mail"),
	IGNORED("mail-user", 0, "suan sends no mail"),
	IGNORED("signal", 0, "suan warns a job by SIGTERM alone"),
	IGNORED("licenses", 'L', "suan counts no licences"),
	IGNORED("hint", 0, "suan binds no cores"),
	IGNORED("gres-flags", 0, "suan binds no accelerators"),
	IGNORED("comment", 0, "suan keeps no comments"),
	IGNORED_SWITCH("verbose", 'v', "suan says what matters"),
};

#define NEXTRAS (sizeof(extras) / sizeof(extras[0]))

static const char *const planned[] = {"weights", "budget"};

#define NPLANNED (sizeof(planned) / sizeof(planned[0]))

const struct suan_job_field *suan_job_fields(uint32_t *ret_n)
{
	*ret_n = NFIELDS;
	return fields;
}

void suan_job_doc_init(struct suan_job_doc *doc)
{
	memset(doc, 0, sizeof(*doc));
	doc->spec.name = doc->spec.user = doc->spec.account = doc->spec.qos = doc->spec.gpu = "";
	doc->spec.home = "";
	doc->spec.reservation = doc->spec.near = "";
	doc->spec.req.tasks = doc->spec.req.cores = 1;
	doc->run.script = doc->run.dir = "";
	doc->run.stdin_path = doc->run.stdout_path = doc->run.stderr_path = "";
	doc->export_names = "";
}

uint32_t suan_job_field_number(const struct suan_job_field *f)
{
	return f >= fields && f < fields + NFIELDS ? (uint32_t)(f - fields) : UINT32_MAX;
}

const struct suan_job_field *suan_job_field_named(const char *name)
{
	for (size_t i = 0; i < NFIELDS; i++)
		if (fields[i].name[0] == name[0] && strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

bool suan_job_field_planned(const char *name)
{
	for (size_t i = 0; i < NPLANNED; i++)
		if (strcmp(planned[i], name) == 0)
			return true;
	return false;
}

void suan_job_mark_given(struct suan_job_doc *doc, const struct suan_job_field *f)
{
	uint32_t i = suan_job_field_number(f);

	if (i < NFIELDS)
		doc->given |= UINT64_C(1) << i;
}

bool suan_job_is_given(const struct suan_job_doc *doc, const char *name)
{
	const struct suan_job_field *f = suan_job_field_named(name);

	assert(f);
	return doc->given >> (f - fields) & 1;
}

/* ---- options ---- */

/* Length of our option's name: without "_s" and "_ms". */
static size_t own_length(const char *name)
{
	size_t n = strlen(name);

	if (n > 3 && strcmp(name + n - 3, "_ms") == 0)
		return n - 3;
	return n > 2 && strcmp(name + n - 2, "_s") == 0 ? n - 2 : n;
}

void suan_job_option_name(const struct suan_job_field *f, struct suan_buf *out)
{
	size_t n = own_length(f->name);

	for (size_t i = 0; i < n; i++)
		suan_buf_addc(out, f->name[i] == '_' ? '-' : f->name[i]);
}

static bool is_own_option(const char *field, const char *option)
{
	size_t n = own_length(field);

	if (strlen(option) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (option[i] != (field[i] == '_' ? '-' : field[i]))
			return false;
	return true;
}

/* sbatch's option i of all. */
static const struct suan_job_field *sbatch_entry(size_t i)
{
	return i < NFIELDS ? &fields[i] : &extras[i - NFIELDS];
}

/* Exact name, or the only one it begins; *ret_other: another one it begins. */
static const struct suan_job_field *sbatch_option(const char *name,
						  const struct suan_job_field **ret_other)
{
	const struct suan_job_field *found = NULL;
	size_t n = strlen(name);

	*ret_other = NULL;
	for (size_t i = 0; i < NFIELDS + NEXTRAS; i++) {
		const struct suan_job_field *f = sbatch_entry(i);

		if (!f->sbatch || n == 0 || strncmp(f->sbatch, name, n) != 0)
			continue;
		if (!f->sbatch[n]) {
			*ret_other = NULL;
			return f;
		}
		if (found)
			*ret_other = f;
		else
			found = f;
	}
	return found;
}

static void try_sbatch(struct suan_nearest *near)
{
	for (size_t i = 0; i < NFIELDS + NEXTRAS; i++)
		if (sbatch_entry(i)->sbatch)
			suan_nearest_try(near, sbatch_entry(i)->sbatch);
}

static void ambiguous(const char *name, const struct suan_job_field *a,
		      const struct suan_job_field *b, struct suan_err *err)
{
	(void)suan_fail_field(err, SUAN_EINVAL, name,
			      "sbatch: option '--%s' is ambiguous; possibilities: '--%s' '--%s'",
			      name, a->sbatch, b->sbatch);
}

const struct suan_job_field *suan_job_sbatch_option(const char *name, struct suan_err *err)
{
	const struct suan_job_field *other;
	const struct suan_job_field *f = sbatch_option(name, &other);
	struct suan_nearest near;

	if (f && !other)
		return f;
	if (f) {
		ambiguous(name, f, other, err);
		return NULL;
	}
	suan_nearest_init(&near, name);
	try_sbatch(&near);
	(void)suan_fail_field(err, SUAN_EINVAL, name, "sbatch: unrecognized option '--%s'%s%s%s",
			      name, near.best ? "; did you mean '--" : "",
			      near.best ? near.best : "", near.best ? "'?" : "");
	return NULL;
}

static void unknown_option(const char *name, struct suan_err *err)
{
	char own[NFIELDS][24];
	struct suan_nearest near;

	suan_nearest_init(&near, name);
	for (size_t i = 0; i < NFIELDS; i++) {
		size_t n = own_length(fields[i].name);

		assert(n < sizeof(own[i]));
		for (size_t k = 0; k < n; k++)
			own[i][k] = fields[i].name[k] == '_' ? '-' : fields[i].name[k];
		own[i][n] = '\0';
		suan_nearest_try(&near, own[i]);
	}
	try_sbatch(&near);
	for (size_t i = 0; i < NPLANNED; i++) {
		if (!is_own_option(planned[i], name))
			continue;
		(void)suan_fail_field(err, SUAN_EINVAL, planned[i],
				      "--%s: not supported by this version", name);
		return;
	}
	(void)suan_fail_field(err, SUAN_EINVAL, name, "unknown option --%s%s%s%s", name,
			      near.best ? "; did you mean --" : "", near.best ? near.best : "",
			      near.best ? "?" : "");
}

const struct suan_job_field *suan_job_option(const char *name, bool *ret_sbatch,
					     struct suan_err *err)
{
	const struct suan_job_field *f, *other;

	*ret_sbatch = false;
	for (size_t i = 0; i < NFIELDS; i++)
		if (is_own_option(fields[i].name, name))
			return &fields[i];
	f = sbatch_option(name, &other);
	if (f && other)
		ambiguous(name, f, other, err);
	else if (!f)
		unknown_option(name, err);
	*ret_sbatch = f && !other;
	return other ? NULL : f;
}

const struct suan_job_field *suan_job_letter(char letter)
{
	for (size_t i = 0; letter && i < NFIELDS + NEXTRAS; i++)
		if (sbatch_entry(i)->letter == letter)
			return sbatch_entry(i);
	return NULL;
}
