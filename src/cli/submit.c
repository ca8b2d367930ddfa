/* suan submit: a command, a script, a job file or a bulk of jobs. */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/client.h"
#include "cli/logs.h"
#include "cli/table.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fs.h"
#include "wire/job.h"

#define JOB_LIMIT     (16u << 20)
#define BULK_LIMIT    (1u << 30)
#define START_POLL_US 200000
#define MAX_FIELDS    256

/* Options of the command itself; every field of a job is an option as well, see print_fields. */
static const struct suan_option submit_options[] = {
	{"wait", 'W', NULL, "stream state and output, exit with the job's code"},
	{"dry-run", 0, NULL, "as suan quote: list the candidates; nothing is submitted"},
	{"quote", 0, "ID", "accept this quote: run at the place that it holds"},
	{"guaranteed-start", 0, "WHEN",
	 "start then, certainly: reserve whole nodes for the job from WHEN on, for its walltime"},
	{"wrap", 0, "COMMAND", "run COMMAND with sh -c"},
	{"bulk", 0, "FILE",
	 "submit a file of JSON Lines, one job a line, all or nothing; - is stdin"},
	{"key", 0, "KEY",
	 "idempotency key: the same key gives the same job (default: a fresh one)"},
	{"json", 0, NULL, "print the job as JSON; with --wait as it ended, without its output"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static const struct suan_option quote_options[] = {
	{"hold", 0, "TIME", "hold the place for so long, such as 10m, and print its id"},
	{"by", 0, "WHAT", "what waiting is to save: cost (default) or carbon"},
	{"wrap", 0, "COMMAND", "run COMMAND with sh -c"},
	{"key", 0, "KEY",
	 "idempotency key of the hold: the same key gives the same one (default: a fresh one)"},
	{"json", 0, NULL, "JSON, stable for scripts"},
	CLIENT_OPTIONS,
	{NULL, 0, NULL, NULL},
};

struct field_option { /* --memory 2GiB, to be applied after the file was read */
	const struct suan_job_field *field;
	const char *name, *value;
	bool sbatch;
};

struct submit {
	const struct suan_command *command; /* submit or quote */
	struct suan_client client;
	struct suan_arena arena;
	struct suan_job_doc doc;
	struct field_option fields[MAX_FIELDS];
	int nfields;
	const char *wrap, *bulk, *key, *file, *guaranteed;
	const char *quote, *hold, *by; /* the id that is accepted; of quotes */
	char reservation[16];	       /* that was made for the job */
	char **rest;		       /* operands: command, or file and its arguments */
	int nrest;
	bool dashes; /* "--" came before the operands: they are a command */
	bool wait, dry_run, json;
	char made_key[40];
};

/* ---- command line ---- */

static const struct suan_option *own_option(const struct submit *s, const char *name, size_t n)
{
	for (const struct suan_option *o = s->command->options; o->name; o++)
		if (strncmp(o->name, name, n) == 0 && o->name[n] == '\0')
			return o;
	return NULL;
}

static int apply_own(struct submit *s, const struct suan_option *o, const char *value)
{
	if (strcmp(o->name, "wait") == 0)
		s->wait = true;
	else if (strcmp(o->name, "dry-run") == 0)
		s->dry_run = true;
	else if (strcmp(o->name, "json") == 0)
		s->json = true;
	else if (strcmp(o->name, "wrap") == 0)
		s->wrap = value;
	else if (strcmp(o->name, "guaranteed-start") == 0)
		s->guaranteed = value;
	else if (strcmp(o->name, "bulk") == 0)
		s->bulk = value;
	else if (strcmp(o->name, "key") == 0)
		s->key = value;
	else if (strcmp(o->name, "quote") == 0)
		s->quote = value;
	else if (strcmp(o->name, "hold") == 0)
		s->hold = value;
	else if (strcmp(o->name, "by") == 0)
		s->by = value;
	else
		suan_client_option(&s->client, o, value);
	return SUAN_EXIT_OK;
}

/* What a value looks like, for the help; NULL: a switch. */
static const char *placeholder(enum suan_field_type type)
{
	static const char *const names[SUAN_NFIELD_TYPES] = {
		[SUAN_F_STRING] = "TEXT",   [SUAN_F_STRINGS] = "WORDS", [SUAN_F_ENV] = "NAME=VALUE",
		[SUAN_F_COUNT] = "N",	    [SUAN_F_INT] = "N",		[SUAN_F_SIZE] = "SIZE",
		[SUAN_F_SECONDS] = "TIME",  [SUAN_F_TIME] = "WHEN",	[SUAN_F_RANGE] = "RANGE",
		[SUAN_F_DEPS] = "TYPE:JOB", [SUAN_F_STAGES] = "FILE",	[SUAN_F_GUARANTEE] = "WORD",
		[SUAN_F_NAMES] = "A,B",	    [SUAN_F_LATENCY] = "5ms",	[SUAN_F_GOAL] = "GOAL",
		[SUAN_F_SBATCH] = "VALUE"};

	return names[type];
}

static void print_fields(void)
{
	uint32_t n;
	const struct suan_job_field *f = suan_job_fields(&n);

	printf("\nfields of the job, each also a key of job files; [sbatch's name]:\n");
	for (uint32_t i = 0; i < n; i++) {
		const char *value = placeholder(f[i].type), *alias = f[i].sbatch;
		struct suan_buf left;

		if (strcmp(f[i].name, "command") == 0 || strcmp(f[i].name, "script") == 0)
			continue;
		suan_buf_init(&left, 0);
		if (f[i].letter)
			suan_buf_addf(&left, "-%c, --", f[i].letter);
		else
			suan_buf_adds(&left, "    --");
		suan_job_option_name(&f[i], &left);
		if (alias && strcmp(suan_buf_str(&left) + 6, alias) == 0)
			alias = NULL;
		suan_buf_addf(&left, "%s%s", value ? " " : "", value ? value : "");
		printf("  %-28s %s%s%s%s\n", suan_buf_str(&left), f[i].help, alias ? " [--" : "",
		       alias ? alias : "", alias ? "]" : "");
		suan_buf_done(&left);
	}
}

static int add_field(struct submit *s, const struct suan_job_field *f, const char *name,
		     const char *value, bool sbatch)
{
	if (s->nfields == MAX_FIELDS)
		return suan_cli_usage(s->command, "more than %d options", MAX_FIELDS);
	s->fields[s->nfields++] = (struct field_option){f, name, value, sbatch};
	return SUAN_EXIT_OK;
}

/* A field of the job; switches need no value: --exclusive, --hold. */
static int take_field(struct submit *s, const char *arg, int argc, char **argv, int *at)
{
	size_t n = strcspn(arg, "=");
	char name[64];
	const struct suan_job_field *f;
	struct suan_err err = {0};
	bool sbatch = false;

	if (n >= sizeof(name))
		return suan_cli_usage(s->command, "no option --%.60s…", arg);
	memcpy(name, arg, n);
	name[n] = '\0';
	f = suan_job_option(name, &sbatch, &err);
	if (!f)
		return suan_cli_usage(s->command, "%s", err.text);
	if (arg[n] == '=')
		return add_field(s, f, f->name, arg + n + 1, sbatch);
	if (f->type == SUAN_F_BOOL)
		return add_field(s, f, f->name, "true", sbatch);
	if (*at >= argc)
		return suan_cli_usage(s->command, "--%s needs a value: %s", name, f->help);
	return add_field(s, f, f->name, argv[(*at)++], sbatch);
}

static int take_long(struct submit *s, const char *arg, int argc, char **argv, int *at)
{
	size_t n = strcspn(arg, "=");
	const struct suan_option *o = own_option(s, arg, n);

	if (!o)
		return take_field(s, arg, argc, argv, at);
	if (strcmp(o->name, "help") == 0) {
		suan_cli_print_help(s->command);
		exit(SUAN_EXIT_OK);
	}
	if (!o->value && arg[n] == '=')
		return suan_cli_usage(s->command, "--%s takes no value", o->name);
	if (!o->value)
		return apply_own(s, o, NULL);
	if (arg[n] == '=')
		return apply_own(s, o, arg + n + 1);
	if (*at >= argc)
		return suan_cli_usage(s->command, "--%s needs a value: %s", o->name, o->value);
	return apply_own(s, o, argv[(*at)++]);
}

static int take_letters(struct submit *s, const char *p, int argc, char **argv, int *at)
{
	for (; *p; p++) {
		const struct suan_job_field *f;

		if (*p == 'W') {
			s->wait = true;
			continue;
		}
		if (*p == 'h')
			return take_long(s, "help", argc, argv, at);
		f = suan_job_letter(*p);
		if (!f)
			return suan_cli_usage(s->command, "no option -%c", *p);
		if (f->type == SUAN_F_BOOL) {
			add_field(s, f, f->name, "true", true);
			continue;
		}
		if (p[1])
			return add_field(s, f, f->name, p + 1, true);
		if (*at >= argc)
			return suan_cli_usage(s->command, "-%c needs a value: %s", *p, f->help);
		return add_field(s, f, f->name, argv[(*at)++], true);
	}
	return SUAN_EXIT_OK;
}

/* Options end at "--" or at the first operand: what follows belongs to the command or script. */
static int parse(struct submit *s, int argc, char **argv)
{
	int at = 1, rc = SUAN_EXIT_OK;

	while (at < argc && rc == SUAN_EXIT_OK) {
		const char *arg = argv[at];

		if (arg[0] != '-' || !arg[1])
			break;
		at++;
		if (strcmp(arg, "--") == 0) {
			s->dashes = true;
			break;
		}
		rc = arg[1] == '-' ? take_long(s, arg + 2, argc, argv, &at)
				   : take_letters(s, arg + 1, argc, argv, &at);
	}
	if (rc != SUAN_EXIT_OK)
		return rc;
	s->rest = argv + at;
	s->nrest = argc - at;
	if (!s->dashes && s->nrest > 1 && strcmp(s->rest[1], "--") == 0)
		return suan_cli_usage(s->command, "write options before the file, then -- COMMAND");
	return rc;
}

/* ---- reading the job ---- */

static int complain(const struct suan_err *err, const char *file)
{
	fprintf(stderr, "suan submit: %s%s", file ? file : "", file ? ": " : "");
	if (err->field[0] && strncmp(err->text, err->field, strlen(err->field)) != 0)
		fprintf(stderr, "%s: ", err->field);
	fprintf(stderr, "%s\n", err->text);
	return err->code == SUAN_ENOTFOUND ? SUAN_EXIT_NOTFOUND : SUAN_EXIT_USAGE;
}

static enum suan_code read_all(const char *path, struct suan_buf *out, struct suan_err *err)
{
	char part[65536];
	size_t n;

	if (strcmp(path, "-") != 0)
		return suan_fs_read(path, out, err);
	while ((n = fread(part, 1, sizeof(part), stdin)) > 0)
		suan_buf_add(out, part, n);
	return suan_buf_ok(out, err);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && strcmp(s + n - k, end) == 0;
}

static int read_script(struct submit *s, const char *text, size_t n, const char *file)
{
	struct suan_buf warnings;
	struct suan_err err = {0};
	enum suan_code rc;

	suan_buf_init(&warnings, 0);
	s->doc.warnings = &warnings;
	rc = suan_job_from_script(text, n, suan_clock_now_ms(), &s->arena, &s->doc, &err);
	s->doc.warnings = NULL;
	fputs(suan_buf_str(&warnings), stderr);
	suan_buf_done(&warnings);
	if (rc != SUAN_OK)
		return complain(&err, file);
	if (s->nrest > 1) {
		s->doc.run.nargs = (uint32_t)s->nrest - 1;
		s->doc.run.args = (const char **)(uintptr_t)(s->rest + 1);
	}
	if (!s->doc.spec.name || !s->doc.spec.name[0]) {
		const char *slash = strrchr(file, '/');

		s->doc.spec.name = strcmp(file, "-") == 0 ? "stdin" : slash ? slash + 1 : file;
	}
	return SUAN_EXIT_OK;
}

static int read_file(struct submit *s, const char *file)
{
	struct suan_err err = {0};
	struct suan_buf text;
	char *copy;
	size_t n;

	suan_buf_init(&text, JOB_LIMIT);
	if (read_all(file, &text, &err) != SUAN_OK) {
		suan_buf_done(&text);
		return complain(&err, NULL);
	}
	n = text.len;
	if (n == 0 && strcmp(file, "-") == 0)
		return suan_cli_usage(s->command, "standard input is empty; what to run? "
						  "SCRIPT, JOB.yaml or -- COMMAND");
	copy = suan_arena_mem(&s->arena, suan_buf_str(&text), n);
	suan_buf_done(&text);
	if (!copy)
		return SUAN_EXIT_FAILED;
	if (ends_with(file, ".json") || ends_with(file, ".yaml") || ends_with(file, ".yml")) {
		if (s->nrest > 1)
			return suan_cli_usage(s->command, "\"%s\" after a job file", s->rest[1]);
		if (suan_job_from_yaml(copy, n, suan_clock_now_ms(), &s->arena, &s->doc, &err) !=
		    SUAN_OK)
			return complain(&err, file);
		return SUAN_EXIT_OK;
	}
	return read_script(s, copy, n, file);
}

static int take_command(struct submit *s)
{
	const char *slash;

	if (s->wrap) {
		const char **argv = suan_arena_array(&s->arena, 4, sizeof(*argv));

		if (!argv)
			return SUAN_EXIT_FAILED;
		argv[0] = "/bin/sh";
		argv[1] = "-c";
		argv[2] = s->wrap;
		s->doc.run.command = argv;
		s->doc.run.ncommand = 3;
		if (!s->doc.spec.name[0])
			s->doc.spec.name = "wrap";
		return SUAN_EXIT_OK;
	}
	s->doc.run.command = (const char **)(uintptr_t)s->rest;
	s->doc.run.ncommand = (uint32_t)s->nrest;
	slash = strrchr(s->rest[0], '/');
	if (!s->doc.spec.name[0])
		s->doc.spec.name = slash ? slash + 1 : s->rest[0];
	return SUAN_EXIT_OK;
}

/* sbatch's --export: what of this environment the job takes along; its own values win. */
static int export_one(struct submit *s, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1;
	struct suan_job_text text = {entry, false, 0, &s->arena};
	struct suan_err err = {0};
	bool sbatch;

	for (uint32_t i = 0; i < s->doc.env.count; i++)
		if (strncmp(s->doc.env.list[i], entry, n) == 0)
			return SUAN_EXIT_OK;
	if (suan_job_set(&s->doc, suan_job_option("env", &sbatch, &err), &text, &err) != SUAN_OK)
		return complain(&err, NULL);
	return SUAN_EXIT_OK;
}

static bool exported(const char *names, const char *entry)
{
	size_t n = strcspn(entry, "=");

	for (const char *p = names; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
		size_t k = strcspn(p, ",");

		if ((k == 3 && strncmp(p, "ALL", 3) == 0) || (k == n && strncmp(p, entry, n) == 0))
			return true;
	}
	return false;
}

static int export_names(struct submit *s)
{
	int rc = SUAN_EXIT_OK;

	if (!s->doc.export_names || strcmp(s->doc.export_names, "NONE") == 0)
		return rc;
	for (char **e = environ; *e && rc == SUAN_EXIT_OK; e++)
		if (strchr(*e, '=') && exported(s->doc.export_names, *e))
			rc = export_one(s, *e);
	return rc;
}

static int apply_fields(struct submit *s)
{
	struct suan_err err = {0};

	for (int i = 0; i < s->nfields; i++) {
		struct field_option *f = &s->fields[i];

		if (f->field->ignored)
			fprintf(stderr, "suan submit: warning: --%s is ignored: %s\n", f->name,
				f->field->help);
		struct suan_job_text text = {f->value, f->sbatch, suan_clock_now_ms(), &s->arena};

		if (suan_job_set(&s->doc, f->field, &text, &err) != SUAN_OK) {
			if (!err.field[0])
				snprintf(err.field, sizeof(err.field), "%s", f->name);
			return complain(&err, NULL);
		}
	}
	return export_names(s);
}

/* Relative paths mean the folder of the user who submits; a job without files of its own runs
 * there, as batch users expect. */
static int settle_paths(struct submit *s)
{
	struct suan_payload *p = &s->doc.run;
	struct suan_stage *lists[2] = {(struct suan_stage *)(uintptr_t)p->inputs,
				       (struct suan_stage *)(uintptr_t)p->outputs};
	const uint32_t counts[2] = {p->ninputs, p->noutputs};
	char *path;

	if (p->dir[0] || (!p->ninputs && !p->noutputs)) {
		path = suan_fs_absolute(p->dir[0] ? p->dir : ".");
		p->dir = path ? suan_arena_str(&s->arena, path) : NULL;
		free(path);
		if (!p->dir)
			return SUAN_EXIT_FAILED;
	}
	for (int k = 0; k < 2; k++) {
		for (uint32_t i = 0; i < counts[k]; i++) {
			struct suan_stage *st = &lists[k][i];

			if (strstr(st->url, "://"))
				continue;
			path = suan_fs_absolute(st->url);
			st->url = path ? suan_arena_str(&s->arena, path) : NULL;
			free(path);
			if (!st->url)
				return SUAN_EXIT_FAILED;
		}
	}
	return SUAN_EXIT_OK;
}

static int build(struct submit *s)
{
	struct suan_err err = {0};
	int rc = SUAN_EXIT_OK;

	if (s->wrap && s->nrest)
		return suan_cli_usage(s->command, "--wrap and \"%s\"", s->rest[0]);
	if (s->dashes && !s->nrest && !s->wrap)
		return suan_cli_usage(s->command, "no command behind --");
	if (s->wrap || s->dashes)
		rc = take_command(s);
	else if (s->nrest)
		rc = read_file(s, s->rest[0]);
	else if (!isatty(STDIN_FILENO))
		rc = read_file(s, "-");
	else
		rc = suan_cli_usage(s->command, "what to run? SCRIPT, JOB.yaml or -- COMMAND");
	if (rc == SUAN_EXIT_OK)
		rc = apply_fields(s);
	if (rc == SUAN_EXIT_OK)
		rc = settle_paths(s);
	if (rc == SUAN_EXIT_OK && suan_job_check_text(&s->doc, &err) != SUAN_OK)
		rc = complain(&err, NULL);
	return rc;
}

/* ---- sending ---- */

static void make_key(struct submit *s)
{
	uint8_t bytes[16];

	if (s->key)
		return;
	suan_random(bytes, sizeof(bytes));
	for (int i = 0; i < 16; i++)
		snprintf(s->made_key + 2 * i, 3, "%02x", bytes[i]);
	s->key = s->made_key;
}

/* Says on a terminal what the job waits for and where it starts; a lost server ends only this. */
static void watch_start(struct submit *s, const char *id)
{
	char last[256] = "", now[256];
	bool waits = true;

	while (waits) {
		json_t *job;
		const char *state, *text, *site;

		if (suan_client_get(&s->client, &job, "/v1/jobs/%s", id) != SUAN_EXIT_OK)
			return;
		state = json_string_value(json_object_get(job, "state"));
		text = json_string_value(json_object_get(job, "reason_text"));
		site = json_string_value(json_object_get(job, "site"));
		waits = state && (strcmp(state, "PENDING") == 0 || strcmp(state, "STAGING") == 0);
		snprintf(now, sizeof(now), "job %s: %s%s%s%s%s", id, state ? state : "",
			 site ? " at " : "", site ? site : "", waits && text ? ", " : "",
			 waits && text ? text : "");
		if (strcmp(now, last) != 0)
			fprintf(stderr, "%s\n", now);
		memcpy(last, now, sizeof(last));
		json_decref(job);
		if (waits)
			usleep(START_POLL_US);
	}
}

/* Streams the output of a single task, or waits for an array, then tells how it ended: in JSON,
 * which is then all that is printed. */
static int follow(struct submit *s, const json_t *job)
{
	char id[24];
	const char *ids[1] = {id};
	struct suan_log_request log = {.id = id, .stream = "stdout", .follow = true};
	struct suan_wait_request wait = {.ids = ids, .nids = 1};
	int rc = SUAN_EXIT_OK;

	snprintf(id, sizeof(id), "%lld", (long long)json_integer_value(json_object_get(job, "id")));
	if (json_object_get(job, "array"))
		fprintf(stderr,
			"job %s, an array: read the output of element N with suan logs %s_N\n", id,
			id);
	else if (isatty(STDERR_FILENO))
		watch_start(s, id);
	if (!json_object_get(job, "array") && !s->json)
		rc = suan_logs_copy(&s->client, &log);
	wait.progress = isatty(STDERR_FILENO) == 1 && json_object_get(job, "array");
	wait.jobs = json_array();
	if (rc == SUAN_EXIT_OK || rc == SUAN_EXIT_NOTFOUND)
		rc = suan_wait_jobs(&s->client, &wait, NULL);
	if (s->json && json_array_size(wait.jobs))
		suan_client_print_json(json_array_get(wait.jobs, 0));
	else if (rc != SUAN_EXIT_OK && json_array_size(wait.jobs)) {
		const json_t *over = json_array_get(wait.jobs, 0);
		const char *why = json_string_value(json_object_get(over, "reason_text"));
		const char *text = json_string_value(json_object_get(over, "text"));

		struct suan_buf clean;

		suan_buf_init(&clean, 0);
		suan_cli_add_clean(&clean, why ? why : "");
		suan_buf_adds(&clean, text ? ": " : "");
		suan_cli_add_clean(&clean, text ? text : "");
		fprintf(stderr, "suan submit: job %s: %s%s%s\n", id,
			json_string_value(json_object_get(over, "state")), why ? ", " : "",
			suan_buf_str(&clean));
		suan_buf_done(&clean);
	}
	json_decref(wait.jobs);
	return rc;
}

/* What the job needs, from then on and for its walltime. */
static json_t *reservation_body(const struct submit *s)
{
	const struct suan_job_spec *j = &s->doc.spec;
	json_t *body = json_pack("{s:s,s:f,s:b}", "from", s->guaranteed, "duration_s",
				 (double)j->walltime_ms / 1000, "single", 1);

	if (j->req.nodes) {
		json_object_set_new(body, "nodes", json_integer(j->req.nodes));
	} else {
		json_object_set_new(body, "tasks", json_integer(j->req.tasks));
		json_object_set_new(body, "cores", json_integer(j->req.cores));
		json_object_set_new(body, "gpus", json_integer(j->req.gpus));
		json_object_set_new(body, "memory", json_integer((json_int_t)j->req.memory));
	}
	if (j->gpu[0])
		json_object_set_new(body, "gpu", json_string(j->gpu));
	if (j->site.count == 1)
		json_object_set_new(body, "site", json_string(j->site.list[0]));
	return body;
}

/* A guaranteed start is a reservation for this job alone. */
static int reserve(struct submit *s)
{
	json_t *body, *answer = NULL;
	int rc;

	if (s->doc.spec.reservation[0])
		return suan_cli_usage(s->command, "either --guaranteed-start or --reservation");
	if (!s->doc.spec.walltime_ms)
		return suan_cli_usage(s->command, "--guaranteed-start needs a --walltime: "
						  "so long nodes are kept");
	if (s->dry_run || s->doc.spec.array)
		return suan_cli_usage(s->command,
				      "--guaranteed-start goes with neither --dry-run nor --array");
	make_key(s);
	body = reservation_body(s);
	rc = suan_cli_post_reservation(&s->client, body, s->key, &answer);
	json_decref(body);
	if (rc != SUAN_EXIT_OK)
		return rc;
	snprintf(s->reservation, sizeof(s->reservation), "%lld",
		 (long long)json_integer_value(json_object_get(answer, "id")));
	json_decref(answer);
	s->doc.spec.reservation = s->reservation;
	return SUAN_EXIT_OK;
}

static void quote_path(const struct submit *s, struct suan_buf *out)
{
	suan_buf_adds(out, "/v1/quotes?by=");
	suan_client_segment(out, s->by ? s->by : "cost");
	if (s->hold) {
		suan_buf_adds(out, "&hold=");
		suan_client_segment(out, s->hold);
	}
}

/* The place that a quote holds is a reservation with its number. */
static int accept_quote(struct submit *s)
{
	if (!s->quote)
		return SUAN_EXIT_OK;
	if (s->doc.spec.reservation[0] || s->guaranteed || s->dry_run || s->doc.spec.array)
		return suan_cli_usage(s->command, "--quote goes with none of --reservation, "
						  "--guaranteed-start, --dry-run and --array");
	if (s->quote[strspn(s->quote, "0123456789")] || !s->quote[0])
		return suan_cli_usage(s->command,
				      "\"%s\" is no quote; expected the number that "
				      "suan quote --hold printed",
				      s->quote);
	s->doc.spec.reservation = s->quote;
	return SUAN_EXIT_OK;
}

static int send_job(struct submit *s)
{
	struct suan_client_call call = {
		.method = "POST", .path = "/v1/jobs", .type = "application/json"};
	struct suan_buf text, path;
	struct suan_jsonw w;
	json_t *answer = NULL;
	int rc;

	suan_buf_init(&text, 0);
	suan_jsonw_init(&w, &text);
	suan_jsonw_open(&w, NULL, '{');
	suan_job_to_json(&s->doc, &w);
	suan_jsonw_close(&w, '}');
	call.text = suan_buf_str(&text);
	call.n = text.len;
	suan_buf_init(&path, 0);
	quote_path(s, &path);
	if (s->dry_run)
		call.path = suan_buf_str(&path);
	if (!s->dry_run || s->hold) {
		make_key(s);
		call.idempotency_key = s->key;
	}
	rc = suan_client_do(&s->client, &call, &answer);
	suan_buf_done(&text);
	suan_buf_done(&path);
	if (rc != SUAN_EXIT_OK && s->reservation[0] && rc != SUAN_EXIT_UNREACHABLE)
		(void)suan_cli_delete_reservation(&s->client, s->reservation, NULL, NULL);
	if (rc != SUAN_EXIT_OK)
		return rc;
	if (s->dry_run && !s->json)
		suan_cli_print_quote(answer);
	else if (s->wait)
		rc = follow(s, answer);
	else if (s->json)
		suan_client_print_json(answer);
	else
		printf("%lld\n", (long long)json_integer_value(json_object_get(answer, "id")));
	json_decref(answer);
	return rc;
}

static int send_bulk(struct submit *s)
{
	struct suan_client_call call = {
		.method = "POST", .path = "/v1/jobs:bulk", .type = "application/x-ndjson"};
	struct suan_err err = {0};
	struct suan_buf text;
	json_t *answer = NULL;
	long long first, count;
	int rc;

	suan_buf_init(&text, BULK_LIMIT);
	if (read_all(s->bulk, &text, &err) != SUAN_OK) {
		suan_buf_done(&text);
		return complain(&err, NULL);
	}
	make_key(s);
	call.text = suan_buf_str(&text);
	call.n = text.len;
	call.idempotency_key = s->key;
	rc = suan_client_do(&s->client, &call, &answer);
	suan_buf_done(&text);
	if (rc != SUAN_EXIT_OK)
		return rc;
	first = json_integer_value(json_object_get(answer, "first"));
	count = json_integer_value(json_object_get(answer, "count"));
	if (s->json)
		suan_client_print_json(answer);
	else
		for (long long i = 0; i < count; i++)
			printf("%lld\n", first + i);
	json_decref(answer);
	return SUAN_EXIT_OK;
}

static int run(const struct suan_command *command, int argc, char **argv)
{
	struct submit s = {.command = command, .dry_run = command == &suan_cli_quote};
	int rc;

	suan_client_init(&s.client, command);
	suan_arena_init(&s.arena, 0);
	suan_job_doc_init(&s.doc);
	rc = parse(&s, argc, argv);
	if (rc == SUAN_EXIT_OK && s.bulk &&
	    (s.nrest || s.nfields || s.wrap || s.wait || s.dry_run || s.guaranteed || s.quote))
		rc = suan_cli_usage(command,
				    "--bulk takes whole jobs from its file and no further options");
	if (rc == SUAN_EXIT_OK)
		rc = s.bulk ? send_bulk(&s) : build(&s);
	if (rc == SUAN_EXIT_OK)
		rc = accept_quote(&s);
	if (rc == SUAN_EXIT_OK && s.guaranteed && !s.bulk)
		rc = reserve(&s);
	if (rc == SUAN_EXIT_OK && !s.bulk)
		rc = send_job(&s);
	suan_arena_done(&s.arena);
	suan_client_done(&s.client);
	return rc;
}

static int run_submit(int argc, char **argv)
{
	return run(&suan_cli_submit, argc, argv);
}

static int run_quote(int argc, char **argv)
{
	return run(&suan_cli_quote, argc, argv);
}

const struct suan_command suan_cli_quote = {
	.name = "quote",
	.usage = "suan quote [OPTION]… SCRIPT [ARGUMENT]… | JOB.yaml | JOB.json | -- COMMAND…",
	.summary = "what a job would cost, where and when; holds the place if asked",
	.help = "Takes a job as suan submit does and submits nothing. With --hold it prints the id "
		"of a\nplace that is kept for that time: suan submit --quote ID … takes it. The "
		"fields of the job\nare options as well: suan submit --help lists them.",
	.options = quote_options,
	.run = run_quote,
};

const struct suan_command suan_cli_submit = {
	.name = "submit",
	.usage = "suan submit [OPTION]… SCRIPT [ARGUMENT]… | JOB.yaml | JOB.json | -- COMMAND…",
	.summary = "submit a job; prints its id",
	.help = "A script begins with #! and may carry #SBATCH and #SUAN lines. Options win over "
		"them.\n"
		"Without inputs and outputs the job runs in the present folder and writes\n"
		"suan-ID.out there; with them it runs in a folder of its own.\n"
		"suan retries by itself with an idempotency key: the job is never submitted twice.",
	.options = submit_options,
	.more = print_fields,
	.run = run_submit,
};
