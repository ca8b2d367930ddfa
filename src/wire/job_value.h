/* One field of a job from text, whatever the text came from. Not for other layers. */
#ifndef SUAN_WIRE_JOB_VALUE_H
#define SUAN_WIRE_JOB_VALUE_H

#include "wire/job.h"

/* Options of sbatch that are no field of ours. */
enum suan_job_special {
	SUAN_JOB_PLAIN,		/* a field */
	SUAN_JOB_IGNORED,
	SUAN_JOB_MEM_CPU,
	SUAN_JOB_TASKS_NODE,
	SUAN_JOB_GRES,
	SUAN_JOB_GPUS_NODE,
	SUAN_JOB_GPUS_TASK,
	SUAN_JOB_CPUS_GPU,
	SUAN_JOB_NICE,
	SUAN_JOB_REQUEUE,
	SUAN_JOB_NO_REQUEUE,
	SUAN_JOB_OPEN_MODE,
	SUAN_JOB_EXPORT,
};

struct suan_job_setting {
	struct suan_job_doc *doc;
	const struct suan_job_field *field;
	const char *text;	/* NULL: an option that stood alone; else in the arena or lasting */
	bool sbatch;		/* sbatch's units */
	int64_t now_ms;
	struct suan_arena *arena;
};

/* Where the field's value lies. */
static inline void *suan_job_at(struct suan_job_doc *doc, uint32_t at)
{
	return (char *)doc + at;
}

static inline const void *suan_job_at_const(const struct suan_job_doc *doc, uint32_t at)
{
	return (const char *)doc + at;
}

#define SUAN_JOB_FIELDS 64	/* more the table may not have: struct suan_job_doc.given */

/* Number of the field in the table; UINT32_MAX: it is no field of ours. */
uint32_t suan_job_field_number(const struct suan_job_field *f);
/* A field of ours by its JSON name; NULL: unknown. */
const struct suan_job_field *suan_job_field_named(const char *name);
/* Known to DESIGN but not to this version: "goal", "near" … */
bool suan_job_field_planned(const char *name);
void suan_job_mark_given(struct suan_job_doc *doc, const struct suan_job_field *f);
bool suan_job_is_given(const struct suan_job_doc *doc, const char *name);

/* Sets the field from the text; err->text says "expected …, found …" without the field's name. */
SUAN_MUSTUSE enum suan_code suan_job_value(const struct suan_job_setting *s, struct suan_err *err);
/* Sets a number field (COUNT, INT, SIZE, SECONDS, TIME) if it is in its range; false: it is not. */
bool suan_job_number(struct suan_job_doc *doc, const struct suan_job_field *f, int64_t v);
/* What a number field accepts, in words: "a whole number from 1 to 65536". */
void suan_job_number_words(const struct suan_job_field *f, char *out, size_t size);
/* The options of sbatch alone (special is not PLAIN), and fields that sbatch counts otherwise. */
SUAN_MUSTUSE enum suan_code suan_job_sbatch_value(const struct suan_job_setting *s,
						  struct suan_err *err);
bool suan_job_sbatch_differs(const struct suan_job_field *f);
/* Takes the field's claims of sbatch back, since it was set directly. */
void suan_job_drop_claims(struct suan_job_doc *doc, const struct suan_job_field *f);
/* Adds "NAME=value" to the environment, in place of an earlier value of NAME. */
SUAN_MUSTUSE enum suan_code suan_job_add_env(struct suan_job_doc *doc, const char *entry,
					     struct suan_arena *arena, struct suan_err *err);
/* Adds what "afterok:1:2,afterany:3" says to a list made by suan_list_room. */
struct suan_job_deps {
	struct suan_dep *list;
	uint32_t count;
};
SUAN_MUSTUSE enum suan_code suan_job_parse_deps(const char *text, struct suan_arena *arena,
						struct suan_job_deps *deps, struct suan_err *err);
/* Type by name; false: unknown. */
bool suan_job_dep_type(const char *name, enum suan_dep_type *ret);
/* Part of a path or URL behind the last slash; "" when it ends with one. */
const char *suan_job_base_name(const char *url);

#endif
