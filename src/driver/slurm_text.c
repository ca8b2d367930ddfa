#include "driver/slurm_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define MIB (UINT64_C(1) << 20)

/* ---- fields ---- */

/* Copies the text up to the next bar, cut if too long; false: no bar before end. */
static bool field(const char **p, const char *end, char *out, size_t n)
{
	const char *bar = memchr(*p, '|', (size_t)(end - *p));
	size_t len;

	if (!bar)
		return false;
	len = (size_t)(bar - *p);
	if (len > n - 1)
		len = n - 1;
	memcpy(out, *p, len);
	out[len] = '\0';
	*p = bar + 1;
	return true;
}

static bool number(const char *s, uint64_t most, uint64_t *ret)
{
	return suan_parse_u64(s, ret, NULL) == SUAN_OK && *ret <= most;
}

/* The next line without its end; false: none is left. */
static bool line_of(const char **p, const char *end, const char **ret, const char **ret_end)
{
	const char *nl;

	if (*p >= end)
		return false;
	nl = memchr(*p, '\n', (size_t)(end - *p));
	*ret = *p;
	*ret_end = nl ? nl : end;
	*p = nl ? nl + 1 : end;
	return true;
}

/* ---- squeue ---- */

static const struct {
	const char *name;
	enum suan_slurm_state state;
} states[] = {
	{"PENDING", SUAN_SLURM_PENDING},      {"CONFIGURING", SUAN_SLURM_PENDING},
	{"REQUEUED", SUAN_SLURM_PENDING},     {"REQUEUE_FED", SUAN_SLURM_PENDING},
	{"REQUEUE_HOLD", SUAN_SLURM_PENDING}, {"RESV_DEL_HOLD", SUAN_SLURM_PENDING},
	{"SPECIAL_EXIT", SUAN_SLURM_PENDING}, {"RUNNING", SUAN_SLURM_RUNNING},
	{"SUSPENDED", SUAN_SLURM_RUNNING},    {"COMPLETING", SUAN_SLURM_RUNNING},
	{"STOPPED", SUAN_SLURM_RUNNING},      {"SIGNALING", SUAN_SLURM_RUNNING},
	{"RESIZING", SUAN_SLURM_RUNNING},     {"STAGE_OUT", SUAN_SLURM_RUNNING},
	{"COMPLETED", SUAN_SLURM_COMPLETED},  {"FAILED", SUAN_SLURM_FAILED},
	{"CANCELLED", SUAN_SLURM_CANCELLED},  {"REVOKED", SUAN_SLURM_CANCELLED},
	{"TIMEOUT", SUAN_SLURM_TIMEOUT},      {"DEADLINE", SUAN_SLURM_TIMEOUT},
	{"OUT_OF_MEMORY", SUAN_SLURM_MEMORY}, {"PREEMPTED", SUAN_SLURM_PREEMPTED},
	{"NODE_FAIL", SUAN_SLURM_NODE_FAIL},  {"BOOT_FAIL", SUAN_SLURM_BOOT_FAIL},
};

bool suan_slurm_over(enum suan_slurm_state s)
{
	return s >= SUAN_SLURM_COMPLETED;
}

static bool state_of(const char *name, enum suan_slurm_state *ret)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].name, name) != 0)
			continue;
		*ret = states[i].state;
		return true;
	}
	return false;
}

/* "1234" or "1234_7", not "1234_[7-9]". */
static bool id_of(const char *s, uint32_t *ret_element)
{
	const char *under = strchr(s, '_');
	char job[24];
	uint64_t n, element = 0;
	size_t len = under ? (size_t)(under - s) : strlen(s);

	if (len >= sizeof(job))
		return false;
	memcpy(job, s, len);
	job[len] = '\0';
	if (!number(job, UINT32_MAX, &n) || (under && !number(under + 1, UINT32_MAX, &element)))
		return false;
	*ret_element = (uint32_t)element;
	return true;
}

/* The status as wait() has it (22.05), or code:signal (from 23.02 on). */
static bool exit_of(char *s, struct suan_slurm_row *r)
{
	char *colon = strchr(s, ':');
	uint64_t code, sig = 0;

	if (colon)
		*colon = '\0';
	if (!number(s, 0xffffffffu, &code) || (colon && !number(colon + 1, 255, &sig)))
		return false;
	r->exit_code = (int32_t)(colon ? code & 255 : code >> 8 & 255);
	r->signal = (int32_t)(colon ? sig & 127 : code & 127);
	return true;
}

static bool parse_row(const char *p, const char *end, struct suan_slurm_row *r)
{
	char state[32], code[32], start[32], cpus[24];
	uint64_t n = 0;

	*r = (struct suan_slurm_row){0};
	if (!field(&p, end, r->id, sizeof(r->id)) || !field(&p, end, state, sizeof(state)) ||
	    !field(&p, end, code, sizeof(code)) || !field(&p, end, r->name, sizeof(r->name)) ||
	    !field(&p, end, start, sizeof(start)) || !field(&p, end, cpus, sizeof(cpus)) ||
	    !field(&p, end, r->partition, sizeof(r->partition)) ||
	    !field(&p, end, r->reason, sizeof(r->reason)))
		return false;
	if (number(start, INT64_MAX / 1000, &n))
		r->start_ms = (int64_t)n * 1000;
	if (number(cpus, UINT32_MAX, &n))
		r->cpus = (uint32_t)n;
	return id_of(r->id, &r->element) && state_of(state, &r->state) && exit_of(code, r);
}

bool suan_slurm_row(const char **p, const char *end, struct suan_slurm_row *ret)
{
	const char *line, *stop;

	while (line_of(p, end, &line, &stop))
		if (parse_row(line, stop, ret))
			return true;
	return false;
}

/* ---- sbatch ---- */

bool suan_slurm_id(const char *out, char ret[40])
{
	size_t n = strspn(out, "0123456789");

	if (n == 0 || n > 20 || !strchr(";\n", out[n]))
		return false;
	memcpy(ret, out, n);
	ret[n] = '\0';
	return true;
}

struct args {
	struct suan_arena *arena;
	const char **list;
	size_t n;
	bool failed;
};

#define MOST_ARGS 32

static void add(struct args *a, const char *s)
{
	char *copy = suan_arena_str(a->arena, s);

	a->failed |= !copy || a->n >= MOST_ARGS;
	if (!a->failed)
		a->list[a->n++] = copy;
}

SUAN_PRINTF(2, 3) static void addf(struct args *a, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add(a, text);
}

static void add_request(struct args *a, const struct suan_req *r)
{
	uint64_t cores = r->cores ? r->cores : 1;

	addf(a, "--ntasks=%" PRIu32, r->tasks);
	addf(a, "--cpus-per-task=%" PRIu64, cores);
	if (r->nodes || r->tasks == 1)
		addf(a, "--nodes=%" PRIu32, r->nodes ? r->nodes : 1);
	if (r->memory)
		addf(a, "--mem-per-cpu=%" PRIu64 "M",
		     (r->memory / MIB + (r->memory % MIB != 0) + cores - 1) / cores);
	if (r->gpus && r->tasks == 1)
		addf(a, "--gres=gpu:%" PRIu32, r->gpus);
	else if (r->gpus)
		addf(a, "--gpus-per-task=%" PRIu32, r->gpus);
	if (r->exclusive)
		add(a, "--exclusive");
}

const char *const *suan_slurm_sbatch(const struct suan_slurm_ask *b, struct suan_arena *arena)
{
	struct args a = {.arena = arena,
			 .list = suan_arena_array(arena, MOST_ARGS + 1, sizeof(char *))};
	/* The script ends the run by its walltime; Slurm's limit, in minutes, is for the rest. */
	int64_t ms = suan_sat_add(suan_sat_add(b->walltime_ms, b->grace_ms), 60000);

	if (!a.list)
		return NULL;
	add(&a, "sbatch");
	add(&a, "--parsable");
	add(&a, "--no-requeue");
	addf(&a, "--job-name=%s", b->token);
	addf(&a, "--comment=%s", b->job_name);
	add(&a, "--output=/dev/null");
	add(&a, "--error=/dev/null");
	add(&a, "--chdir=/");
	addf(&a, "--time=%" PRId64, ms / 60000 + (ms % 60000 != 0));
	if (b->partition[0])
		addf(&a, "--partition=%s", b->partition);
	add_request(&a, &b->req);
	if (b->count > 1 && b->most)
		addf(&a, "--array=0-%" PRIu32 "%%%" PRIu32, b->count - 1, b->most);
	else if (b->count > 1)
		addf(&a, "--array=0-%" PRIu32, b->count - 1);
	add(&a, b->script);
	return a.failed ? NULL : a.list;
}

/* ---- scripts ---- */

static void quote(struct suan_buf *out, const char *s)
{
	suan_buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			suan_buf_adds(out, "'\\''");
		else
			suan_buf_addc(out, *s);
	}
	suan_buf_addc(out, '\'');
}

static void set(struct suan_buf *out, const char *name, const char *value)
{
	suan_buf_addf(out, "%s=", name);
	quote(out, value);
	suan_buf_addc(out, '\n');
}

/* Ended by "exit 75" (EX_TEMPFAIL): nothing was done here. */
static const char claim[] =
	"mkdir claim 2>/dev/null || exit 75\n"
	"run=$PWD began=$(date +%s)\n"
	"leave() {\n"
	"\t{ printf '%s\\n' \"$@\" \"began $began\" \"end $(date +%s)\"; times; } \\\n"
	"\t\t>\"$run/new\" &&\n"
	"\t\tmv \"$run/new\" \"$run/result\"\n"
	"}\n"
	"cannot() {\n"
	"\tleave \"cannot $1\"\n"
	"\texit 75\n"
	"}\n"
	"unset SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT \\\n"
	"\tSLURM_ARRAY_TASK_MIN SLURM_ARRAY_TASK_MAX SLURM_ARRAY_TASK_STEP\n"
	". ./start\n"
	"cd \"$dir\" 2>/dev/null || cannot \"no such directory: $dir\"\n"
	"(exec <\"$in\") 2>/dev/null || cannot \"cannot read $in\"\n"
	"for f in \"$out\" ${err:+\"$err\"}; do\n"
	"\t(exec >>\"$f\") 2>/dev/null || cannot \"cannot write $f\"\n"
	"\t[ -n \"$append\" ] || : >\"$f\"\n"
	"done\n"
	"trap : TERM INT\n"
	"if [ -n \"$err\" ]; then\n"
	"\ttimeout -k \"$grace\" \"$wall\" /bin/sh \"$run/start\" program \\\n"
	"\t\t<\"$in\" >>\"$out\" 2>>\"$err\" &\n"
	"else\n"
	"\ttimeout -k \"$grace\" \"$wall\" /bin/sh \"$run/start\" program \\\n"
	"\t\t<\"$in\" >>\"$out\" 2>&1 &\n"
	"fi\n"
	"child=$!\n"
	"while :; do\n" /* a signal ends the wait, not the child */
	"\twait \"$child\"\n"
	"\tcode=$?\n"
	"\tkill -0 \"$child\" 2>/dev/null || break\n"
	"done\n"
	"late=no\n"
	"if [ $(($(date +%s) - began)) -ge \"${wall%.*}\" ]; then\n"
	"\tcase $code in 124 | 137) late=yes ;; esac\n"
	"fi\n"
	"leave \"exit $code\" \"timeout $late\"\n"
	"exit \"$code\"\n";

void suan_slurm_script(struct suan_buf *out, const char *folder, const char *const *names,
		       uint32_t count)
{
	suan_buf_adds(out, "#!/bin/sh\n# Made by suan. A run works only in a folder that it has "
			   "claimed.\ncd ");
	quote(out, folder);
	suan_buf_adds(out, " 2>/dev/null || exit 75\ncase ${SLURM_ARRAY_TASK_ID-0} in\n");
	for (uint32_t i = 0; i < count; i++) {
		suan_buf_addf(out, "%" PRIu32 ") cd ", i);
		quote(out, names[i]);
		suan_buf_adds(out, " 2>/dev/null || exit 75 ;;\n");
	}
	suan_buf_adds(out, "*) exit 75 ;;\nesac\n[ -f start ] || exit 75\n");
	suan_buf_adds(out, claim);
}

/* What Slurm itself says truly stays; what names our arrays and jobs does not. */
static bool is_ours(const char *entry)
{
	static const char *const ours[] = {
		"SLURM_ARRAY_", "SLURM_JOB_NAME=", "SLURM_SUBMIT_DIR=", "SLURM_RESTART_COUNT="};

	if (strncmp(entry, "SLURM_", 6) != 0)
		return true;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strncmp(entry, ours[i], strlen(ours[i])) == 0)
			return true;
	return false;
}

static void seconds(struct suan_buf *out, const char *name, int64_t ms)
{
	suan_buf_addf(out, "%s=%" PRId64 ".%03d\n", name, ms / 1000, (int)(ms % 1000));
}

void suan_slurm_start(struct suan_buf *out, const struct suan_driver_run *run)
{
	const char *const *p;

	suan_buf_adds(out, "if [ \"${1-}\" = program ]; then\nexec env");
	for (p = run->envp; *p; p++) {
		if (!is_ours(*p))
			continue;
		suan_buf_adds(out, " \\\n");
		quote(out, *p);
	}
	for (p = run->argv; *p; p++) {
		suan_buf_adds(out, " \\\n");
		quote(out, *p);
	}
	suan_buf_adds(out, "\nfi\n");
	set(out, "dir", run->dir);
	set(out, "in", run->stdin_path);
	set(out, "out", run->stdout_path);
	set(out, "err", run->stderr_path ? run->stderr_path : "");
	set(out, "append", run->append ? "yes" : "");
	seconds(out, "wall", run->walltime_ms);
	seconds(out, "grace", run->grace_ms > 0 ? run->grace_ms : 1);
}

/* "1m2.50s" in ms. */
static int64_t minutes(const char *s)
{
	char *m, *end;
	unsigned long whole = strtoul(s, &m, 10);
	int64_t ms = 0;
	char text[24];
	size_t n;

	if (*m != 'm' || whole > 100000000)
		return 0;
	end = strchr(m, 's');
	n = end ? (size_t)(end - m - 1) : 0;
	if (!n || n >= sizeof(text))
		return 0;
	memcpy(text, m + 1, n);
	text[n] = '\0';
	if (strchr(text, '.') && strlen(strchr(text, '.')) > 4)
		strchr(text, '.')[4] = '\0';
	if (suan_parse_fixed(text, 3, &ms, NULL) != SUAN_OK)
		return 0;
	return (int64_t)whole * 60000 + ms;
}

static bool is_word(const char *line, const char *word, const char **ret)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0 || line[n] != ' ')
		return false;
	*ret = line + n + 1;
	return true;
}

static void result_line(const char *line, struct suan_slurm_result *r, unsigned *times)
{
	const char *v;
	uint64_t n = 0;

	if (is_word(line, "exit", &v) && number(v, 255, &n)) {
		r->started = true;
		r->exit_code = (int32_t)n;
	} else if (is_word(line, "cannot", &v)) {
		(void)snprintf(r->text, sizeof(r->text), "%.*s", (int)sizeof(r->text) - 1, v);
	} else if (is_word(line, "timeout", &v)) {
		r->timeout = strcmp(v, "yes") == 0;
	} else if (is_word(line, "began", &v) && number(v, INT64_MAX / 1000, &n)) {
		r->start_ms = (int64_t)n * 1000;
	} else if (is_word(line, "end", &v) && number(v, INT64_MAX / 1000, &n)) {
		r->end_ms = (int64_t)n * 1000;
	} else if (line[0] >= '0' && line[0] <= '9') { /* of the shell, then of its children */
		v = strchr(line, ' ');
		if ((*times)++ == 1 && v)
			r->cpu_ms = minutes(line) + minutes(v + 1);
	}
}

bool suan_slurm_result(const char *text, size_t n, struct suan_slurm_result *ret)
{
	const char *p = text, *end = text + n, *line, *stop;
	unsigned times = 0;
	char copy[256];

	*ret = (struct suan_slurm_result){0};
	while (line_of(&p, end, &line, &stop)) {
		size_t len = (size_t)(stop - line);

		if (len >= sizeof(copy))
			len = sizeof(copy) - 1;
		memcpy(copy, line, len);
		copy[len] = '\0';
		result_line(copy, ret, &times);
	}
	return (ret->started || ret->text[0]) && ret->end_ms > 0;
}

/* ---- sinfo ---- */

static bool parse_node(const char *p, const char *end, struct suan_slurm_node *r)
{
	static const char *const good[] = {"idle", "mixed", "allocated", "completing"};
	char name[64], cpus[64], state[32], *at;
	uint64_t n[4] = {0};
	unsigned i = 0;

	*r = (struct suan_slurm_node){0};
	if (!field(&p, end, name, sizeof(name)) ||
	    !field(&p, end, r->partition, sizeof(r->partition)) ||
	    !field(&p, end, cpus, sizeof(cpus)) || !field(&p, end, state, sizeof(state)))
		return false;
	/* allocated/idle/other/total */
	for (char *word = strtok_r(cpus, "/", &at); word && i < 4;
	     word = strtok_r(NULL, "/", &at), i++)
		if (!number(word, UINT32_MAX, &n[i]))
			return false;
	if (i != 4)
		return false;
	r->allocated = (uint32_t)n[0];
	r->total = (uint32_t)n[3];
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		r->usable |= strcmp(state, good[i]) == 0;
	return true;
}

bool suan_slurm_node(const char **p, const char *end, struct suan_slurm_node *ret)
{
	const char *line, *stop;

	while (line_of(p, end, &line, &stop))
		if (parse_node(line, stop, ret))
			return true;
	return false;
}
