/* The runs' own folders at a site: which job has which, and removing those of forgotten jobs, a few
 * at a time on a worker. The folder of runs is read once, in the background. */
#ifndef SUAN_AGENT_FOLDERS_H
#define SUAN_AGENT_FOLDERS_H

#include <stdint.h>

#include "agent/staging.h"
#include "base/err.h"
#include "engine/model.h"
#include "sys/loop.h"

struct suan_folders;

/* state_dir: of the agent, copied. Goes on removing what it was told before the last close. The
 * staging is borrowed and must be freed before the folders. */
SUAN_MUSTUSE enum suan_code suan_folders_open(struct suan_folders **ret, const char *state_dir,
					      struct suan_loop *loop, struct suan_staging *staging,
					      struct suan_err *err);
void suan_folders_close(struct suan_folders *f);
/* The run's folder is about to be made. */
SUAN_MUSTUSE enum suan_code suan_folders_add(struct suan_folders *f, struct suan_run_id id);
/* This one can go, nobody looks into it. */
void suan_folders_remove(struct suan_folders *f, struct suan_run_id id);
/* All of the job can go. */
void suan_folders_drop(struct suan_folders *f, uint64_t job);
/* After drops: notes them, so that a stop of the service does not lose them. */
void suan_folders_note(struct suan_folders *f);

#endif
