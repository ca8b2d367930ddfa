/* A job as people and programs write it: the fields of DESIGN §7, from JSON, YAML, a script with
 * #SBATCH / #SUAN lines, or options. One table of fields serves all four and the documentation. */
#ifndef SUAN_WIRE_JOB_H
#define SUAN_WIRE_JOB_H

#include "base/arena.h"
#include "base/err.h"
#include "engine/model.h"
#include "wire/json.h"
#include "wire/payload.h"

/* What sbatch's options claim per node, per core or per job; suan_job_resolve turns it into claims
 * per task once tasks and nodes are known. 0 = not claimed. */
struct suan_job_claims {
	uint64_t mem_node, mem_core; /* bytes */
	uint32_t tasks_node, gpus_job, gpus_node, cores_gpu;
};

struct suan_job_doc {
	struct suan_job_spec spec; /* payload and env unset: see suan_job_seal */
	struct suan_payload run;
	struct suan_env env;
	struct suan_job_claims claims;
	uint64_t given; /* bit i: entry i of the table of fields was set */
	/* sbatch's --export but for its NAME=value parts, which are in env: "ALL", "NONE", names to
	 * take over from the submitter's environment; "" = not given. */
	const char *export_names;
	struct suan_buf *warnings; /* of scripts, lent by the caller; NULL: nobody listens */
};

enum suan_field_type {
	SUAN_F_STRING,
	SUAN_F_STRINGS,
	SUAN_F_ENV,
	SUAN_F_COUNT,
	SUAN_F_INT,
	SUAN_F_BOOL,
	SUAN_F_SIZE,
	SUAN_F_SECONDS,
	SUAN_F_TIME,
	SUAN_F_RANGE,
	SUAN_F_DEPS,
	SUAN_F_STAGES,
	SUAN_F_GUARANTEE,
	SUAN_F_NAMES,  /* a string or a list of strings; as an option separated by commas */
	SUAN_F_LATENCY, /* milliseconds, 3 decimals; or "5ms", "region" */
	SUAN_F_GOAL,
	SUAN_F_SBATCH, /* an option of sbatch alone that needs a value */
	SUAN_NFIELD_TYPES
};

/* As options, SUAN_F_BOOL take a value only after "=" ("--hold", "--hold=false"), the others need
 * one. SUAN_F_ENV, SUAN_F_STAGES and SUAN_F_STRINGS add to what is there, the others replace it. */
struct suan_job_field {
	/* JSON and YAML; the option is "--" + name with dashes (walltime_s: "--walltime 90s"). */
	const char *name;
	const char *sbatch; /* sbatch's long option for it, or NULL */
	char letter;	    /* sbatch's short option, or 0 */
	enum suan_field_type type;
	const char *help;   /* one line, English */
	const char *schema; /* JSON schema of the value, text */
	/* The rest serves this layer. */
	uint32_t at, count_at; /* where in struct suan_job_doc */
	int64_t min, max;      /* numbers; SUAN_F_SECONDS and SUAN_F_TIME: milliseconds */
	uint8_t special;       /* enum suan_job_special, of options of sbatch alone */
	bool ignored;	       /* accepted without effect; help says why: warn */
};

/* The whole table; *ret_n entries; constant. */
const struct suan_job_field *suan_job_fields(uint32_t *ret_n);

void suan_job_doc_init(struct suan_job_doc *doc); /* 1 task, 1 core, guarantee lease */

/* All parsers: strings go to the arena; err names the field, what was found, what would be right.
 * now_ms serves relative times ("now+2h"). Unknown fields are errors that name the nearest known.
 * Both begin from the defaults. A field that is null counts as absent. */
SUAN_MUSTUSE enum suan_code suan_job_from_json(struct suan_json *j, int64_t now_ms,
					       struct suan_job_doc *ret);
SUAN_MUSTUSE enum suan_code suan_job_from_yaml(const char *text, size_t n, int64_t now_ms,
					       struct suan_arena *arena, struct suan_job_doc *ret,
					       struct suan_err *err);
/* Sets one field from the text of an option ("memory", "2GiB"); value NULL: the option stood alone
 * (SUAN_F_BOOL). Units of a bare number: as in our
 * options, or as in sbatch's when sbatch is true (--time minutes, --mem MiB). */
struct suan_job_text {
	const char *value; /* lasts as long as the arena */
	bool sbatch;	   /* its units */
	int64_t now_ms;
	struct suan_arena *arena;
};
SUAN_MUSTUSE enum suan_code suan_job_set(struct suan_job_doc *doc, const struct suan_job_field *f,
					 const struct suan_job_text *text, struct suan_err *err);
/* Field of a long option without dashes ("cpus-per-task", "memory"), sbatch's or ours, unique
 * prefixes allowed for sbatch's; or of a letter. NULL + err (nearest names). *ret_sbatch: whose. */
const struct suan_job_field *suan_job_option(const char *name, bool *ret_sbatch,
					     struct suan_err *err);
const struct suan_job_field *suan_job_letter(char letter); /* NULL: no such letter; sbatch's */
/* As suan_job_option for the options of sbatch alone, as in #SBATCH lines: err reads "sbatch:
 * unrecognized option '--foo'". Values go to suan_job_set with sbatch = true. */
const struct suan_job_field *suan_job_sbatch_option(const char *name, struct suan_err *err);
/* Adds the long option of a field, without dashes: "walltime", "not-site". */
void suan_job_option_name(const struct suan_job_field *f, struct suan_buf *out);

/* Reads a script's #SBATCH and #SUAN lines into doc (fields not mentioned stay), takes its text as
 * run.script, without byte order mark and with LF line ends. Parser rules: first line must be
 * "#!", all must be UTF-8; reading stops at the first command; "##SBATCH" is a comment; "--opt=v",
 * "--opt v", "-c1", quotes, trailing "# comment"; options that suan accepts and ignores are listed
 * in *doc->warnings (text lines; may be NULL), unknown ones are errors with the line. */
SUAN_MUSTUSE enum suan_code suan_job_from_script(const char *text, size_t n, int64_t now_ms,
						 struct suan_arena *arena, struct suan_job_doc *doc,
						 struct suan_err *err);

/* Turns claims of sbatch into claims per task: --mem is divided by the tasks of a node, tasks /
 * nodes rounded up (nodes 1 unless given); --mem-per-cpu × cores; --gpus divided by tasks; --gres
 * and --gpus-per-node by the tasks of a node; --ntasks-per-node × nodes = tasks unless --ntasks is
 * given; --cpus-per-gpu × accelerators = cores unless --cpus-per-task is. Nodes without tasks: one
 * task each. May be repeated; suan_job_seal and suan_job_to_json do it too. Failure: accelerators
 * that cannot be shared out evenly. */
SUAN_MUSTUSE enum suan_code suan_job_resolve(struct suan_job_doc *doc, struct suan_err *err);

/* Last checks that need the whole job (command or script, not both; staging paths; estimate ≤
 * walltime; UTF-8; limits: name 256 bytes, script 4 MiB, 4096 env entries …); then sorts env by
 * name, encodes run and env into the arena and points spec.payload and spec.env at them: doc is
 * ready for SUBMIT. */
SUAN_MUSTUSE enum suan_code suan_job_seal(struct suan_job_doc *doc, struct suan_arena *arena,
					  struct suan_err *err);

/* What suan_job_seal says of all strings: limits, UTF-8, names and paths. For a client to ask
 * before it writes JSON, which has no way to say other bytes: they would arrive as U+FFFD. */
SUAN_MUSTUSE enum suan_code suan_job_check_text(const struct suan_job_doc *doc,
						struct suan_err *err);

/* Writes the fields that differ from the default as members of the open object. */
void suan_job_to_json(const struct suan_job_doc *doc, struct suan_jsonw *w);

/* stdout/stderr name patterns: %j job id, %A array's job id, %a index, %x name, %u user, %N first
 * node, %J job.task, %%; "%4j" pads with zeros. */
struct suan_file_names {
	uint64_t job;
	uint32_t index;
	bool is_array;
	const char *name, *user, *node;
};
SUAN_MUSTUSE enum suan_code suan_job_file_name(const char *pattern, const struct suan_file_names *n,
					       struct suan_buf *out);

#endif
