/* Workload traces, from the bytes of a file to one table of jobs in the order of submission: the
 * Standard Workload Format (Chapin et al. 1999; Feitelson's archive) and JSON Lines (DESIGN §7).
 * No I/O: the caller feeds the bytes in pieces of any size. */
#ifndef SUAN_WIRE_TRACE_H
#define SUAN_WIRE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/model.h"

enum suan_trace_form {
	SUAN_TRACE_SWF,
	SUAN_TRACE_JSONL,
	SUAN_TRACE_ANY,		/* whichever it is: JSON Lines begin with '{' */
};

/* One job. Strings (user, account, site …) are numbers into suan_trace.strings; 0 = none. */
struct suan_trace_job {
	uint64_t id;		/* as the trace says; else the number of the record */
	int64_t submit_ms;	/* since the trace's own zero; >= 0 */
	int64_t run_ms;		/* what it really takes, cut at the estimate: > 0 */
	int64_t estimate_ms;	/* what its user asked for: >= run_ms */
	int64_t deadline_ms;	/* latest end, by the trace's zero; 0 = none */
	uint64_t memory;	/* bytes per task; 0 = no claim */
	uint32_t tasks, cores;	/* cores per task; SWF: p processors are p tasks of one core */
	uint32_t gpus;		/* per task */
	uint32_t nodes;		/* 0 = as few as fit */
	uint32_t user, account, site, gpu;	/* site: where it was submitted */
	uint32_t qos, reservation;	/* reservation: its name, it runs only in it */
	uint32_t not_hub;	/* runs in any hub but this one */
	bool checkpointable;	/* stopped for others, it goes on from where it was */
	uint32_t first_input, ninputs;	/* in suan_trace.inputs */
	int64_t max_delay_ms;	/* start so long after its submission at most; 0 = not said */
	enum suan_goal goal;
	uint32_t near, max_latency_us;	/* place that it serves, and how near; 0 = any */
};

struct suan_trace {
	struct suan_trace_job *jobs;	/* owned; by submit_ms, equal ones as in the file */
	size_t njobs;
	uint64_t rejected;	/* records without run time or processors, or with submit < 0 */
	const char **strings;	/* owned, one block with their bytes; strings[0] = "" */
	uint32_t nstrings;
	uint32_t *inputs;	/* owned; names of data sets, numbers into strings */
	size_t ninputs;
	uint64_t max_procs;	/* SWF header "MaxProcs:", else "MaxNodes:"; 0 = not said */
};

struct suan_trace_reader;

/* name: of the file, for errors ("FILE:LINE: field 4 (run time): found …, want …"); copied.
 * NULL: no memory. */
struct suan_trace_reader *suan_trace_reader_new(enum suan_trace_form form, const char *name);
void suan_trace_reader_free(struct suan_trace_reader *r);	/* NULL is fine */
/* EINVAL: damaged; the text names the line. After any failure only _free may be called. */
SUAN_MUSTUSE enum suan_code suan_trace_feed(struct suan_trace_reader *r, const void *bytes,
					    size_t n, struct suan_err *err);
/* Takes what was read, sorted; a last line without an end of line counts. EINVAL: there is no job.
 * Afterwards only _free may be called. */
SUAN_MUSTUSE enum suan_code suan_trace_take(struct suan_trace_reader *r, struct suan_trace *ret,
					    struct suan_err *err);
void suan_trace_done(struct suan_trace *t);	/* zeroed is fine */

/* Scales the gaps between submissions: load 1.25 (1250 milli, > 0) makes them 1/1.25 as long. The
 * first submission stays; deadlines keep their distance to the submission. */
void suan_trace_load(struct suan_trace *t, uint32_t load_milli);
/* Perturbs the gaps: each is multiplied by a factor drawn evenly from [0.5, 1.5] with this seed
 * (Tsafrir and Feitelson's workload shaking, 2006, in its simplest form); the order stays. */
void suan_trace_shake(struct suan_trace *t, uint64_t seed);

#endif
