/* Inside of the trace reader: what its two forms share. Lines are whole here, with their '\n'. */
#ifndef SUAN_WIRE_TRACE_INSIDE_H
#define SUAN_WIRE_TRACE_INSIDE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "wire/trace.h"

#define SUAN_TRACE_MOST_LINE (1u << 20)			/* bytes of one line */
#define SUAN_TRACE_MOST_MS   ((int64_t)1000000000000000)	/* 10^12 s, of every time */
#define SUAN_TRACE_SMALL     16384u			/* user ids below it need no hashing */

struct suan_trace_reader {
	enum suan_trace_form form;	/* ANY: nothing but blank lines so far */
	char *name;			/* owned */
	uint64_t line;			/* of the file, the one being read; from 1 */
	uint64_t records;		/* rejected ones too */
	struct suan_trace table;	/* without strings: they are in names */
	size_t jobs_cap, inputs_cap;
	bool unsorted;
	bool over;			/* failed, or taken */
	bool procs_said;		/* max_procs is from MaxProcs, not from MaxNodes */
	struct suan_intern *names;	/* owned; ids without gaps, for nothing is dropped */
	uint32_t *small;		/* owned: id of the string of each small number, 0 = none */
	struct suan_map large;		/* … of other numbers */
	struct suan_arena arena;	/* JSON: of one line */
	struct suan_buf carry;		/* of a line whose end has not come yet */
};

/* Reads the lines from p to end (end[-1] is '\n'). */
SUAN_MUSTUSE enum suan_code suan_trace_swf_lines(struct suan_trace_reader *r, const char *p,
						 const char *end, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_trace_jsonl_lines(struct suan_trace_reader *r, const char *p,
						   const char *end, struct suan_err *err);
/* Adds the job unless it is to be rejected; counts the record, cuts the run time. The strings of
 * job are not set yet: *ret (borrowed until the next job) is where they go, NULL: rejected. */
SUAN_MUSTUSE enum suan_code suan_trace_add(struct suan_trace_reader *r,
					   const struct suan_trace_job *job,
					   struct suan_trace_job **ret);
/* The string of a number ("17"), of less than 0 none. */
SUAN_MUSTUSE enum suan_code suan_trace_number(struct suan_trace_reader *r, int64_t v,
					      uint32_t *ret_id);
enum suan_code suan_trace_too_long(const struct suan_trace_reader *r, struct suan_err *err);
enum suan_code suan_trace_no_memory(const struct suan_trace_reader *r, struct suan_err *err);
/* By submission, equal ones in their order. ENOMEM: unchanged. */
SUAN_MUSTUSE enum suan_code suan_trace_sort(struct suan_trace *t);

#endif
