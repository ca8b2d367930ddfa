/* Inside of a flock, shared by flock.c (starting and ending) and flock_adopt.c (taking over after a
 * shepherd that was killed) only. */
#ifndef SUAN_DRIVER_FLOCK_INSIDE_H
#define SUAN_DRIVER_FLOCK_INSIDE_H

#include "base/map.h"
#include "driver/flock.h"
#include "driver/journal.h"
#include "sys/cgroup.h"

struct suan_sheep { /* one run */
	struct suan_herd_run r;
	struct suan_flock *flock;
	struct suan_sheep *prev, *next; /* all of them, by age */
	struct suan_sheep *same;	/* next with the same key */
	struct suan_sheep *queue_next;
	void *order; /* owned; START message, until started */
	size_t order_len;
	struct suan_timer *timer; /* walltime, then grace */
	struct suan_watch *watch; /* of the pidfd of a run that is not our child */
	int pidfd;		  /* −1: our child, or polled */
	bool polled;		  /* not our child, and no descriptor was left */
	bool in_cgroup;
};

struct suan_flock {
	struct suan_flock_config config;
	char *state_dir; /* owned */
	struct suan_journal *journal;
	struct suan_map by_key, by_pid; /* → struct suan_sheep * */
	struct suan_sheep *first, *last;
	size_t count, nliving;
	size_t nlimited;		       /* alive with a memory limit to look after */
	struct suan_sheep *queue, **queue_end; /* to be started */
	struct suan_timer *more;	       /* goes on starting, or writing after a failure */
	struct suan_timer *look;	       /* memory */
	struct suan_timer *strays;	       /* processes that outlived their run */
	struct suan_timer *poll;	       /* runs that are polled */
	bool adopting;			       /* what ended runs left behind is ended in one go */
	struct suan_cgroup *cgroup;	       /* NULL: not permitted */
	char boot_id[64];
};

struct suan_sheep *suan_sheep_find(const struct suan_flock *f, struct suan_run_id id);
struct suan_sheep *suan_sheep_new(struct suan_flock *f, const struct suan_herd_run *r);
void suan_sheep_free(struct suan_sheep *s);
/* Counts it as alive and arms its limits; r.state is STARTED. */
void suan_sheep_started(struct suan_sheep *s);
/* It has ended; r holds the end but for state and time. Journal and listener are told. */
void suan_sheep_ended(struct suan_sheep *s, enum suan_outcome outcome, const char *text);
/* Not our child: is it still there, and the same? */
bool suan_sheep_is_alive(const struct suan_sheep *s);
/* Settles all that the journal left open. */
void suan_flock_adopt(struct suan_flock *f);
void suan_flock_poll(void *flock); /* looks whether polled runs are still there */

#define SUAN_RUN_VARIABLE      "SUAN_RUN"      /* name of the run, in its environment */
#define SUAN_SHEPHERD_VARIABLE "SUAN_SHEPHERD" /* state folder: whose run it is */
/* Is the process of a run of this shepherd? Then which. */
bool suan_flock_owner(const struct suan_flock *f, int64_t pid, struct suan_run_id *ret);

#endif
