/* One run at its site: the order with its own copies, where its files lie, what it starts with. */
#ifndef SUAN_AGENT_RUN_H
#define SUAN_AGENT_RUN_H

#include "base/arena.h"
#include "base/err.h"
#include "driver/driver.h"
#include "wire/order.h"
#include "wire/payload.h"

enum suan_agent_phase {
	SUAN_AGENT_STAGING_IN,
	SUAN_AGENT_RUNNING, /* with the driver */
	SUAN_AGENT_STAGING_OUT,
	SUAN_AGENT_OVER, /* reported; waits for FORGET */
};

struct suan_agent;

struct suan_agent_run {
	struct suan_agent *agent;
	struct suan_agent_run *prev, *next; /* all runs of the agent */
	struct suan_arena arena;	    /* owns every string below */
	struct suan_run_id id;
	enum suan_agent_phase phase;
	bool stop; /* STOP came before the driver had it */
	struct suan_order order;
	struct suan_payload what;
	const char *run_dir, *dir;
	const char *stdout_path, *stderr_path;
	struct suan_report end; /* once over */
	enum suan_code staged;	/* result of a worker's staging, with its text */
	struct suan_err staged_err;
};

/* Copies the order and works out folders and files. state_dir: of the agent. */
SUAN_MUSTUSE enum suan_code suan_agent_run_init(struct suan_agent_run *r,
						const struct suan_order *o, const char *state_dir,
						struct suan_err *err);
void suan_agent_run_done(struct suan_agent_run *r);

/* Does it need its own folder on disk? */
bool suan_agent_run_wants_dir(const struct suan_agent_run *r);
/* Fills argv, envp, limits. Strings live in r's arena. Writes a script to the run's folder. */
SUAN_MUSTUSE enum suan_code
suan_agent_run_prepare(struct suan_agent_run *r, struct suan_driver_run *ret, struct suan_err *err);

/* Copy inputs in, or outputs back, with digests. Blocking: for a worker thread. */
SUAN_MUSTUSE enum suan_code suan_agent_stage_in(const struct suan_agent_run *r,
						struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_agent_stage_out(const struct suan_agent_run *r,
						 struct suan_err *err);

#endif
