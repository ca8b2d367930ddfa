/* What Slurm's commands are asked and what they answer, as text: pure, from 22.05 on. Answers may
 * be anything; what is not understood is passed over. */
#ifndef SUAN_DRIVER_SLURM_TEXT_H
#define SUAN_DRIVER_SLURM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "driver/driver.h"

/* ---- squeue ---- */

/* The fields of a row. */
#define SUAN_SQUEUE_FORMAT                                                                         \
	"JobArrayID:|,State:|,exit_code:|,Name:|,StartTime:|,NumCPUs:|,Partition:|,Reason:|"

enum suan_slurm_state {
	SUAN_SLURM_PENDING = 1,
	SUAN_SLURM_RUNNING, /* or suspended, or just ending: its end is not told yet */
	SUAN_SLURM_COMPLETED,
	SUAN_SLURM_FAILED,
	SUAN_SLURM_CANCELLED,
	SUAN_SLURM_TIMEOUT,
	SUAN_SLURM_MEMORY,
	SUAN_SLURM_PREEMPTED,
	SUAN_SLURM_NODE_FAIL,
	SUAN_SLURM_BOOT_FAIL,
};

struct suan_slurm_row {
	char id[40];	  /* "1234" or "1234_7"; of scancel */
	uint32_t element; /* of the array; 0 for others */
	enum suan_slurm_state state;
	int32_t exit_code, signal;
	char name[64];
	char reason[64];
	int64_t start_ms; /* 0 = not yet, or not known */
	uint32_t cpus;
	char partition[64];
};
/* The next row that is understood; moves *p behind it. false: there is none before end. */
bool suan_slurm_row(const char **p, const char *end, struct suan_slurm_row *ret);
/* Is that state an end? */
bool suan_slurm_over(enum suan_slurm_state s);

/* ---- sbatch ---- */

/* "1234" or "1234;cluster" → "1234". false: no id. */
bool suan_slurm_id(const char *out, char ret[40]);

struct suan_slurm_ask {	       /* runs that ask for the same, as one array of Slurm */
	const char *token;     /* the job's name at Slurm */
	const char *partition; /* "" = Slurm's own choice */
	const char *script;    /* path */
	const char *job_name;  /* for people */
	struct suan_req req;
	int64_t walltime_ms, grace_ms;
	uint32_t count, most; /* elements, and how many of them at the same time; 0 = all */
};
/* The arguments after "sbatch", in an arena; NULL: out of memory. */
const char *const *suan_slurm_sbatch(const struct suan_slurm_ask *b, struct suan_arena *arena);

/* ---- scripts ---- */

/* The script of a batch: an element finds its folder (names, count of them, in `folder`), claims it
 * so that no other copy works in it, runs what lies there, and leaves its result. */
void suan_slurm_script(struct suan_buf *out, const char *folder, const char *const *names,
		       uint32_t count);
/* What a run's folder holds: how to start it, for the script above. */
void suan_slurm_start(struct suan_buf *out, const struct suan_driver_run *run);

struct suan_slurm_result { /* that a run left */
	bool started;	   /* false: it could not be started, see text */
	int32_t exit_code;
	bool timeout; /* was ended for its walltime */
	int64_t start_ms, end_ms, cpu_ms;
	char text[128];
};
/* false: not a whole result. */
bool suan_slurm_result(const char *text, size_t n, struct suan_slurm_result *ret);

/* ---- sinfo ---- */

#define SUAN_SINFO_FORMAT "NodeList:|,PartitionName:|,CPUsState:|,StateLong:|"

struct suan_slurm_node { /* one node in one partition */
	char partition[64];
	bool usable;		   /* takes or has work */
	uint32_t allocated, total; /* CPUs */
};
/* As suan_slurm_row. */
bool suan_slurm_node(const char **p, const char *end, struct suan_slurm_node *ret);

#endif
