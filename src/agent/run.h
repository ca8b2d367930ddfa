/* One run at its site: the order with its own copies, where its files lie, what it starts with. */
#ifndef SUAN_AGENT_RUN_H
#define SUAN_AGENT_RUN_H

#include "agent/staging.h"
#include "base/arena.h"
#include "base/err.h"
#include "driver/driver.h"
#include "wire/order.h"
#include "wire/payload.h"

enum suan_agent_phase {
	SUAN_AGENT_WAITING, /* nobody can say now whether it was started */
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
	bool stop;    /* was ordered */
	int64_t stop_grace_ms; /* with it; 0 = the site's own */
	bool has_dir; /* its own folder was made, or is being made */
	struct suan_order order;
	struct suan_payload what;
	const char *run_dir, *dir;
	const char *stdout_path, *stderr_path;
	struct suan_report end; /* once over */
	struct suan_staging_item staging;
	enum suan_code staged; /* result of a worker's staging, with its text */
	bool staged_site;      /* it failed by a fault of the site */
	struct suan_err staged_err;
};

/* Copies the order and works out folders and files. state_dir: of the agent. EINVAL: the order
 * makes no sense. */
SUAN_MUSTUSE enum suan_code suan_agent_run_init(struct suan_agent_run *r,
						const struct suan_order *o, const char *state_dir,
						struct suan_err *err);
void suan_agent_run_done(struct suan_agent_run *r);

/* Does it need its own folder on disk? */
bool suan_agent_run_wants_dir(const struct suan_agent_run *r);
/* Fills argv, envp, limits. Strings live in r's arena. Writes a script to the run's folder. EINVAL:
 * the order makes no sense; else it is the site that failed. */
SUAN_MUSTUSE enum suan_code
suan_agent_run_prepare(struct suan_agent_run *r, struct suan_driver_run *ret, struct suan_err *err);

/* Copy inputs in, into a folder made anew, or outputs back, with digests. Blocking: for a worker
 * thread. Break off when r->staging.cancel is set. They fill staged, staged_err and staged_site. */
void suan_agent_stage_in(struct suan_agent_run *r);
void suan_agent_stage_out(struct suan_agent_run *r);

#endif
