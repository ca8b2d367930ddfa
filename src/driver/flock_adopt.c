/* Taking over after a shepherd that was killed, or after the machine was restarted. What the
 * journal says is compared with what is there; nothing is guessed. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "driver/flock_inside.h"
#include "sys/log.h"
#include "sys/process.h"

#define POLL_MS	     500
#define EXEC_WAIT_MS 1000
#define SPARE_FILES  32
#define UNWATCHED    "its keeper was killed; it ended with nobody watching"

/* ---- what runs leave behind ---- */

struct search {
	const struct suan_flock *f;
	const struct suan_sheep *only; /* NULL: of any run */
	unsigned seen;
};

/* Processes that say they are of a run of ours, which has ended. One that we do not know any more
 * is let be. */
static bool end_leftover(void *ctx, int64_t pid)
{
	struct search *s = ctx;
	const struct suan_sheep *sheep;
	struct suan_process_stat st;
	struct suan_run_id id;

	if (!suan_flock_owner(s->f, pid, &id))
		return true;
	sheep = suan_sheep_find(s->f, id);
	if (!sheep || (s->only ? sheep != s->only : sheep->r.state != SUAN_HERD_ENDED) ||
	    !suan_process_stat(pid, &st) || st.state == 'Z')
		return true;
	s->seen++;
	(void)suan_process_signal(pid, SIGKILL);
	return true;
}

static void end_leftovers(const struct suan_flock *f, const struct suan_sheep *only)
{
	struct search s = {.f = f, .only = only};

	/* Again while there are some: they may fork as fast as we look, but not for long. */
	for (int i = 0; i < 10; i++) {
		s.seen = 0;
		suan_process_each(end_leftover, &s);
		if (s.seen == 0)
			break;
	}
}

/* ---- a run that is not our child ---- */

static void run_gone(struct suan_sheep *s)
{
	struct suan_process_stat st;

	s->polled = false;
	/* A number is not given out again while a group has it; so if another process has it, no
	 * group of ours is left. */
	if (!suan_process_stat(s->r.pid, &st) || st.start_ticks == s->r.start_ticks)
		(void)suan_process_signal_group(s->r.pid, SIGKILL);
	if (!s->flock->adopting)
		end_leftovers(s->flock, s);
	suan_sheep_ended(s, s->r.ending ? s->r.ending : SUAN_OUT_LOST,
			 s->r.ending ? "" : UNWATCHED);
}

static void on_gone(void *ctx, int fd, bool readable, bool writable)
{
	(void)fd;
	(void)readable;
	(void)writable;
	run_gone(ctx);
}

bool suan_sheep_is_alive(const struct suan_sheep *s)
{
	struct suan_process_stat st;

	/* One that ended counts as ended also when nobody has reaped it. */
	return suan_process_stat(s->r.pid, &st) && st.start_ticks == s->r.start_ticks &&
	       st.state != 'Z' && st.state != 'X';
}

void suan_flock_poll(void *flock)
{
	struct suan_flock *f = flock;

	for (struct suan_sheep *s = f->first; s; s = s->next) {
		if (!s->polled)
			continue;
		suan_timer_set(f->poll, POLL_MS);
		if (!suan_sheep_is_alive(s))
			run_gone(s);
	}
}

/* The shepherd needs some for its journal, its callers and to look around. */
static bool is_spare(int fd)
{
	struct rlimit lim;

	return fd >= 0 && getrlimit(RLIMIT_NOFILE, &lim) == 0 &&
	       (rlim_t)fd + SPARE_FILES < lim.rlim_cur;
}

/* false: it has ended. */
static bool watch_run(struct suan_sheep *s)
{
	/* The descriptor comes first, so that it is certainly of the process looked at. */
	s->pidfd = suan_process_pidfd(s->r.pid);
	if (suan_sheep_is_alive(s)) {
		if (is_spare(s->pidfd) && suan_watch_new(&s->watch, s->flock->config.loop, s->pidfd,
							 on_gone, s) == SUAN_OK)
			return true;
		s->polled = true; /* out of descriptors: more is no reason to end it */
		suan_timer_set(s->flock->poll, POLL_MS);
	}
	if (s->pidfd >= 0)
		(void)close(s->pidfd);
	s->pidfd = -1;
	return s->polled;
}

static void adopt_started(struct suan_sheep *s)
{
	s->r.state = SUAN_HERD_INTENT; /* not counted as alive yet */
	if (!watch_run(s)) {
		run_gone(s);
		return;
	}
	s->r.state = SUAN_HERD_STARTED;
	suan_sheep_started(s);
}

/* Was this process, which may not have its environment yet, started for the run? It is between the
 * last act of our child and the end of its exec for much less than a second. */
static bool is_of_run(const struct suan_sheep *s)
{
	const struct timespec pause = {0, 1000000};
	struct suan_process_stat st;
	struct suan_run_id id;

	for (int i = 0; i < EXEC_WAIT_MS; i++) {
		if (!suan_process_stat(s->r.pid, &st) || st.state == 'Z' || st.session != s->r.pid)
			return false;
		if (suan_process_has_env(s->r.pid))
			return suan_flock_owner(s->flock, s->r.pid, &id) &&
			       suan_herd_same(id, s->r.id);
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

/* It was about to become its program. */
static void adopt_forked(struct suan_sheep *s)
{
	struct suan_process_stat st;

	if (is_of_run(s) && suan_process_stat(s->r.pid, &st)) {
		s->r.start_ticks = st.start_ticks;
		adopt_started(s);
	} else {
		suan_sheep_ended(s, SUAN_OUT_LOST, UNWATCHED);
	}
}

static void adopt_one(struct suan_sheep *s, bool same_boot)
{
	if (!same_boot) { /* not all that was written need be on the disk */
		s->r.state = SUAN_HERD_INTENT;
		suan_sheep_ended(s, SUAN_OUT_LOST, "the machine was restarted");
	} else if (s->r.state == SUAN_HERD_STARTED) {
		adopt_started(s);
	} else if (s->r.state == SUAN_HERD_FORKED) {
		adopt_forked(s);
	} else {
		/* No child is on its way to say that it was forked: it would hold our lock. */
		s->r.start_ms = 0;
		suan_sheep_ended(s, SUAN_OUT_NOT_STARTED, "its keeper was killed before");
	}
}

void suan_flock_adopt(struct suan_flock *f)
{
	const char *before = suan_journal_boot_id(f->journal);
	bool same_boot = strcmp(before, f->boot_id) == 0;
	bool ended = false;

	if (*before && !same_boot)
		suan_log(SUAN_LOG_WARN, "the machine was restarted since; runs are lost");
	f->adopting = true;
	for (struct suan_sheep *s = f->first; s; s = s->next) {
		if (s->r.state == SUAN_HERD_ENDED)
			continue;
		adopt_one(s, same_boot);
		ended = ended || s->r.state == SUAN_HERD_ENDED;
	}
	f->adopting = false;
	if (ended && same_boot) /* one look at all processes for all of them */
		end_leftovers(f, NULL);
}
