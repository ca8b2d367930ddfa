/* Control groups (cgroup v2) for limits that cover whole groups of processes, where this process
 * may make them and the memory controller is there. */
#ifndef SUAN_SYS_CGROUP_H
#define SUAN_SYS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct suan_cgroup;		/* a folder of ours, below which groups are made */

struct suan_cgroup_limits {
	uint64_t memory_bytes;	/* 0 = none */
	uint32_t cores;		/* share of the processors under contention; 0 = default */
};

/* Looks for the place of this process under /proc/self/cgroup. NULL: not permitted here; *why
 * (borrowed, constant) says what is missing. name is that of our folder. */
struct suan_cgroup *suan_cgroup_open(const char *name, const char **why);
/* As suan_cgroup_open, below a folder that is given. For tests too. */
struct suan_cgroup *suan_cgroup_open_at(const char *parent, const char *name, const char **why);
void suan_cgroup_free(struct suan_cgroup *c);	/* groups stay; our folder goes if it is empty */

SUAN_MUSTUSE enum suan_code suan_cgroup_make(struct suan_cgroup *c, const char *group,
					     const struct suan_cgroup_limits *limits,
					     struct suan_err *err);
/* Borrowed until the next call: the file that a process writes "0" into to join. */
const char *suan_cgroup_procs(struct suan_cgroup *c, const char *group);
void suan_cgroup_kill(struct suan_cgroup *c, const char *group);	/* every process in it */
bool suan_cgroup_oom(struct suan_cgroup *c, const char *group);		/* was its limit hit? */
/* Removes all groups that are empty. Not while one is made and not joined yet. */
void suan_cgroup_sweep(struct suan_cgroup *c);

#endif
