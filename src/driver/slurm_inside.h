/* The parts of the driver of Slurm sites among themselves: slurm.c takes orders and calls sbatch
 * and scancel, slurm_watch.c asks squeue and sinfo and finds out how runs ended. */
#ifndef SUAN_DRIVER_SLURM_INSIDE_H
#define SUAN_DRIVER_SLURM_INSIDE_H

#include "base/map.h"
#include "driver/driver.h"
#include "driver/slurm_book.h"
#include "driver/slurm_text.h"
#include "sys/command.h"

#define TOKEN_MAX 40
#define TEXT_MAX  160

struct suan_slurm;

struct suan_slurm_batch { /* what one sbatch submits */
	struct suan_slurm_batch *next;
	struct suan_slurm *slurm;
	uint64_t number;
	char token[TOKEN_MAX];	      /* suan-BOOK-NUMBER: the name of the job at Slurm */
	struct suan_slurm_run **runs; /* owned; by element, NULL: forgotten */
	uint32_t count, left;	      /* left: not forgotten */
	struct suan_slurm_ask ask;    /* of a batch that was not submitted yet; strings in arena */
	struct suan_arena arena;
	bool waiting; /* for its sbatch */
	struct suan_command *command;
	int64_t handed_ms; /* sbatch was called then, or before the restart; its answer is in */
	char id[40];	   /* that sbatch told; "" = not told */
};

struct suan_slurm_run {
	struct suan_slurm_run *next, *prev; /* of all, oldest first */
	struct suan_run_id id;
	char name[SUAN_RUN_NAME_MAX];
	struct suan_slurm_batch *batch; /* NULL: in the queue */
	uint32_t element;
	/* what it asks for, while it is in the queue; owned */
	struct suan_slurm_ask ask;
	char *partition;
	/* as Slurm told last */
	enum suan_slurm_state state; /* 0 = never listed */
	char at[40];		     /* its id there */
	int32_t exit_code, signal;
	int64_t start_ms, missing_ms; /* missing: since then it is not listed; 0 = it is */
	uint64_t seen;		      /* poll that listed it last */
	bool told_start;
	int64_t stop_ms, grace_ms; /* 0 = no stop was ordered */
	int64_t signalled_ms;	   /* scancel was called for it */
	bool over, told_end, forget;
	struct suan_report end;
	char text[TEXT_MAX];
};

struct suan_slurm {
	struct suan_driver base;
	struct suan_driver_config config;
	char *folder, *conf; /* of runs and scripts; of Slurm */
	char **envp;	     /* of Slurm's commands; owned */
	struct suan_slurm_book *book;
	struct suan_map runs,
		numbers; /* key → struct suan_slurm_run *; number → suan_slurm_batch * */
	struct suan_slurm_run *first, *last;
	struct suan_slurm_batch *batches;
	uint32_t queued, submitting;
	struct suan_timer *gather; /* starts and forgets, to do many at once */
	struct suan_timer *tell;   /* ends that were asked for again */
	struct suan_timer *poll, *look;
	struct suan_command *squeue, *sinfo, *scancel, *version;
	uint64_t polls;
	int64_t poll_began_ms;
	unsigned silent; /* polls in a row that failed */
	char trouble[TEXT_MAX];
	char version_text[40];
	struct suan_slurm_pool *pools; /* by partition; owned */
	size_t npools, pools_cap;
	uint64_t called[4]; /* of enum suan_slurm_program */
	uint64_t taken;	    /* runs */
};

struct suan_slurm_pool {
	char name[64];
	uint32_t told;		   /* usable nodes; UINT32_MAX = nothing yet */
	uint64_t ours;		   /* CPUs of our runs, by the last poll */
	uint64_t foreign;	   /* CPUs that others held when last looked */
	uint64_t allocated, total; /* CPUs, while looking */
	uint32_t up, all;	   /* nodes, while looking */
};

enum suan_slurm_program {
	SUAN_SLURM_SBATCH,
	SUAN_SLURM_SQUEUE,
	SUAN_SLURM_SCANCEL,
	SUAN_SLURM_SINFO
};

/* Calls one of Slurm's programs. */
struct suan_command *suan_slurm_call(struct suan_slurm *d, const char *const *argv,
				     int64_t limit_ms, suan_command_fn *done, void *ctx);
/* "FOLDER/NAME[/file]", in the arena; NULL: out of memory. */
const char *suan_slurm_path(struct suan_slurm *d, const char *name, const char *file,
			    struct suan_arena *arena);

/* ---- slurm_watch.c ---- */

/* Asks squeue after so long, unless it is asked sooner. */
void suan_slurm_poll_in(struct suan_slurm *d, int64_t ms);
void suan_slurm_on_poll(void *ctx); /* struct suan_slurm * */
void suan_slurm_on_look(void *ctx);
/* Nothing of it will ever run from now on: true, also when that was so. false: it did, or may. */
bool suan_slurm_fence(struct suan_slurm *d, const struct suan_slurm_run *r);
/* It is over; on record with the next commit, told after it. Text may be NULL. */
void suan_slurm_end(struct suan_slurm_run *r, enum suan_outcome outcome, int64_t at_ms,
		    const char *text);
/* Puts ends on record and tells them. */
void suan_slurm_tell_ends(struct suan_slurm *d, struct suan_slurm_run **list, size_t n);

/* ---- slurm.c ---- */

/* Calls scancel for what was ordered to stop. */
void suan_slurm_cancel(struct suan_slurm *d);
/* Calls sbatch for batches that wait. */
void suan_slurm_submit(struct suan_slurm *d);

#endif
