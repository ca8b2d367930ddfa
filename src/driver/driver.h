/* How work starts, stops and is watched at one site. A driver never decides; it keeps every run it
 * started across restarts of its process, and answers for each until it is told to forget it.
 * All calls and callbacks happen on the loop's thread. */
#ifndef SUAN_DRIVER_DRIVER_H
#define SUAN_DRIVER_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/model.h" /* run ids, reports */
#include "sys/loop.h"

struct suan_driver;

/* Everything needed to start one run; borrowed during the call. Paths are absolute at the site;
 * the agent has expanded file-name patterns and made the run's own folder. */
struct suan_driver_run {
	struct suan_run_id id;
	const char *run_dir;				    /* the run's own folder (exists) */
	const char *dir;				    /* working directory */
	const char *stdin_path, *stdout_path, *stderr_path; /* stderr "" = same as stdout */
	bool append;		 /* output files: append, else truncate */
	const char *const *argv; /* NULL-terminated; argv[0] searched in the run's PATH */
	const char *const *envp; /* NULL-terminated, complete */
	int64_t walltime_ms;
	int64_t grace_ms;      /* between TERM and KILL */
	uint64_t memory_bytes; /* of the whole run on this node; 0 = no limit */
	uint32_t cores;	       /* for CPU weight or affinity where permitted */
	/* for another scheduler; gpu_kind is not set */
	struct suan_req req;
	const char *pool, *job_name;
};

struct suan_driver_config {
	const char *site;
	const char *state_dir; /* the driver's own folder; made if missing */
	const char *program;   /* path of the suan binary, to start helpers of its own */
	struct suan_loop *loop;
	/* A run started or ended (report kinds STARTED, ENDED); borrowed. May be called again for
	 * the same fact after a restart. Never called from inside start or stop. */
	void (*report)(void *ctx, const struct suan_report *report);
	/* It is ready again after it was not. Not called from inside another call; NULL is fine. */
	void (*answers)(void *ctx);
	/* So many nodes of a pool can be used now, as far as its owner's own work and its faults
	 * leave them; told when it changes. Not called from inside another call; NULL is fine. */
	void (*capacity)(void *ctx, const char *pool, uint32_t nodes);
	const char *settings; /* of the driver: slurm.conf of a Slurm site; NULL, "" = none */
	void *ctx;
};

struct suan_driver_ops {
	const char *name; /* "local", "slurm", "fake" */
	/* What keeps the runs may be there and silent: it is waited for a little while, then the
	 * driver is open but not ready. */
	enum suan_code (*open)(struct suan_driver **ret, const struct suan_driver_config *config,
			       struct suan_err *err);
	void (*close)(struct suan_driver *d); /* runs go on */
	/* Can it say now which runs it knows? Where not, it may know more than it says: nothing
	 * follows from `knows`, and `start` refuses. */
	bool (*ready)(struct suan_driver *d);
	/* Idempotent: a run id that is known already is not started again. What goes wrong with the
	 * program itself (not found, no such directory) comes as an ENDED report with START_FAILED
	 * or exit code 127/126; what is the fault of the site, as NOT_STARTED. An error: nothing
	 * was started, certainly; EINVAL and ETOOBIG are the fault of the run. */
	enum suan_code (*start)(struct suan_driver *d, const struct suan_driver_run *run,
				struct suan_err *err);
	/* TERM to the whole run, KILL after grace_ms; 0 = that of its start. ENOTFOUND: no such
	 * run. Once taken, the order is kept until the run has ended, whatever becomes of helpers
	 * meanwhile; later ones change nothing. */
	enum suan_code (*stop)(struct suan_driver *d, struct suan_run_id id, int64_t grace_ms,
			       struct suan_err *err);
	/* Does the driver know this run (running, or ended and not forgotten)? When it has ended,
	 * the ENDED report comes (again) by callback. */
	bool (*knows)(struct suan_driver *d, struct suan_run_id id);
	/* The platform has the end of this run on record: drop it. */
	void (*forget)(struct suan_driver *d, struct suan_run_id id);
	/* What is in force here, for people: "cgroup v2", "rlimits" … as JSON object text. */
	enum suan_code (*describe)(struct suan_driver *d, struct suan_buf *out);
};

struct suan_driver { /* first member of every driver */
	const struct suan_driver_ops *ops;
};

extern const struct suan_driver_ops suan_driver_local;
extern const struct suan_driver_ops suan_driver_fake;
extern const struct suan_driver_ops suan_driver_slurm;
const struct suan_driver_ops *suan_driver_find(const char *name); /* NULL: unknown */

/* "12_3.1" for arrays and others alike ("12_0.1"): job, index, attempt. */
#define SUAN_RUN_NAME_MAX 48
void suan_run_name(struct suan_run_id id, char out[SUAN_RUN_NAME_MAX]);
bool suan_run_parse(const char *name, struct suan_run_id *ret);

/* Entry of the process that outlives `suan serve` and is the parent of local runs:
 * [suan] shepherd STATE_DIR [--idle-ms=N]; argv[0] is not looked at and "shepherd" may be left out.
 * Returns 0 in the calling process once the shepherd is ready, as a daemon, or one was there. */
int suan_shepherd_main(int argc, char **argv);

#endif
