#include "driver/flock.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/num.h"
#include "driver/flock_inside.h"
#include "driver/rss.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/log.h"
#include "sys/process.h"

#define STARTS_PER_BATCH  16  /* share one sync of the journal */
#define LOOK_MS		  100 /* memory of runs with a limit */
#define STRAYS_MS	  50
#define RETRY_MS	  1000
#define KILL_AGAIN_MS	  1000
#define COMPACT_MIN_BYTES (1u << 20)
#define RUN_BYTES	  160 /* of a usual record in the journal */

/* ---- the table ---- */

struct suan_sheep *suan_sheep_find(const struct suan_flock *f, struct suan_run_id id)
{
	struct suan_sheep *s;
	uint64_t v;

	if (!suan_map_get(&f->by_key, suan_herd_key(id), &v))
		return NULL;
	for (s = (struct suan_sheep *)(uintptr_t)v; s; s = s->same)
		if (suan_herd_same(s->r.id, id))
			return s;
	return NULL;
}

static void on_time(void *ctx);

struct suan_sheep *suan_sheep_new(struct suan_flock *f, const struct suan_herd_run *r)
{
	struct suan_sheep *s = calloc(1, sizeof(*s));
	uint64_t key = suan_herd_key(r->id);
	uint64_t head = 0;

	/* Room for its pid too, so that nothing can fail after the fork. */
	if (!s || suan_map_reserve(&f->by_pid, f->count + 1) != SUAN_OK ||
	    suan_timer_new(&s->timer, f->config.loop, on_time, s) != SUAN_OK)
		goto fail;
	(void)suan_map_get(&f->by_key, key, &head);
	if (suan_map_put(&f->by_key, key, (uint64_t)(uintptr_t)s) != SUAN_OK)
		goto fail;
	s->same = (struct suan_sheep *)(uintptr_t)head;
	s->r = *r;
	s->flock = f;
	s->pidfd = -1;
	s->prev = f->last;
	*(f->last ? &f->last->next : &f->first) = s;
	f->last = s;
	f->count++;
	return s;
fail:
	if (s)
		suan_timer_free(s->timer);
	free(s);
	return NULL;
}

static void unlink_key(struct suan_flock *f, struct suan_sheep *s)
{
	uint64_t key = suan_herd_key(s->r.id);
	struct suan_sheep *head;
	uint64_t v = 0;

	(void)suan_map_get(&f->by_key, key, &v);
	head = (struct suan_sheep *)(uintptr_t)v;
	if (head == s) {
		if (s->same) {
			enum suan_code rc =
				suan_map_put(&f->by_key, key, (uint64_t)(uintptr_t)s->same);

			assert(rc == SUAN_OK); /* replacing never fails */
		} else {
			(void)suan_map_drop(&f->by_key, key);
		}
		return;
	}
	while (head->same != s)
		head = head->same;
	head->same = s->same;
}

static void leave_watch(struct suan_sheep *s)
{
	suan_watch_free(s->watch);
	s->watch = NULL;
	if (s->pidfd >= 0)
		(void)close(s->pidfd);
	s->pidfd = -1;
}

void suan_sheep_free(struct suan_sheep *s)
{
	struct suan_flock *f = s->flock;

	unlink_key(f, s);
	*(s->prev ? &s->prev->next : &f->first) = s->next;
	*(s->next ? &s->next->prev : &f->last) = s->prev;
	f->count--;
	leave_watch(s);
	suan_timer_free(s->timer);
	free(s->order);
	free(s);
}

/* ---- journal ---- */

static void put_journal(struct suan_flock *f, const struct suan_sheep *s)
{
	if (suan_journal_put(f->journal, &s->r) != SUAN_OK)
		suan_log(SUAN_LOG_ERROR, "out of memory: a record of the journal is lost");
}

static bool write_journal(struct suan_flock *f, bool durable)
{
	struct suan_err err;

	if (suan_journal_write(f->journal, durable, &err) == SUAN_OK)
		return true;
	suan_log(SUAN_LOG_ERROR, "%s", err.text);
	suan_timer_set(f->more, RETRY_MS);
	return false;
}

static void compact(struct suan_flock *f)
{
	struct suan_err err;
	enum suan_code rc = suan_journal_begin(f->journal, f->boot_id);

	for (struct suan_sheep *s = f->first; s && rc == SUAN_OK; s = s->next)
		if (!s->order) /* those not tried yet are not in it */
			rc = suan_journal_put(f->journal, &s->r);
	if (rc != SUAN_OK)
		suan_journal_drop(f->journal);
	else if (suan_journal_commit(f->journal, &err) != SUAN_OK)
		suan_log(SUAN_LOG_ERROR, "%s", err.text);
}

/* ---- life of a run ---- */

static bool looked_after(const struct suan_sheep *s)
{
	return s->r.memory_bytes > 0 && !s->in_cgroup;
}

void suan_sheep_started(struct suan_sheep *s)
{
	struct suan_flock *f = s->flock;
	int64_t left_ms;

	f->nliving++;
	if (looked_after(s) && f->nlimited++ == 0)
		suan_timer_set(f->look, LOOK_MS);
	if (s->r.ending) {
		suan_timer_set(s->timer, s->r.grace_ms);
	} else if (s->r.walltime_ms > 0) {
		left_ms = suan_sat_add(s->r.start_ms, s->r.walltime_ms) - suan_clock_now_ms();
		suan_timer_set(s->timer, left_ms > 0 ? left_ms : 0);
	}
}

void suan_sheep_ended(struct suan_sheep *s, enum suan_outcome outcome, const char *text)
{
	struct suan_flock *f = s->flock;

	if (s->r.state == SUAN_HERD_STARTED) {
		assert(f->nliving > 0);
		f->nliving--;
		if (looked_after(s))
			f->nlimited--;
		suan_timer_set(f->strays, STRAYS_MS);
	}
	suan_timer_stop(s->timer);
	leave_watch(s);
	s->r.state = SUAN_HERD_ENDED;
	s->r.outcome = outcome;
	s->r.end_ms = suan_clock_now_ms();
	if (s->r.end_ms < s->r.start_ms) /* the clock was set back */
		s->r.end_ms = s->r.start_ms;
	if (text)
		(void)snprintf(s->r.text, sizeof(s->r.text), "%s", text);
	put_journal(f, s);
	f->config.changed(f->config.ctx, &s->r);
}

static const char *group_name(const struct suan_sheep *s)
{
	static char name[SUAN_RUN_NAME_MAX];

	suan_run_name(s->r.id, name);
	return name;
}

/* The number of a process that is not our child may be another's by now; that it is gone will be
 * seen soon, and its group ended then. */
static void signal_run(const struct suan_sheep *s, int signo)
{
	if ((s->pidfd < 0 && !s->polled) || suan_sheep_is_alive(s))
		(void)suan_process_signal_group(s->r.pid, signo);
}

static void kill_run(struct suan_sheep *s)
{
	if (s->in_cgroup)
		suan_cgroup_kill(s->flock->cgroup, group_name(s));
	signal_run(s, SIGKILL);
}

/* TERM now, KILL after the grace; over its memory: KILL now. */
static void begin_end(struct suan_sheep *s, enum suan_outcome why)
{
	if (s->r.ending)
		return;
	s->r.ending = why;
	put_journal(s->flock, s);
	if (why == SUAN_OUT_MEMORY || s->r.grace_ms <= 0) {
		kill_run(s);
		suan_timer_set(s->timer, KILL_AGAIN_MS);
		return;
	}
	signal_run(s, SIGTERM);
	signal_run(s, SIGCONT); /* a stopped one hears it too */
	suan_timer_set(s->timer, s->r.grace_ms);
}

static void on_time(void *ctx)
{
	struct suan_sheep *s = ctx;

	if (s->r.state != SUAN_HERD_STARTED)
		return;
	if (!s->r.ending) {
		begin_end(s, SUAN_OUT_TIMEOUT);
		return;
	}
	kill_run(s);
	suan_timer_set(s->timer, KILL_AGAIN_MS);
}

/* ---- ends ---- */

static void end_text(const struct suan_sheep *s, char out[SUAN_HERD_TEXT])
{
	char size[32];

	out[0] = '\0';
	if (s->r.ending == SUAN_OUT_MEMORY) {
		suan_format_size(s->r.memory_bytes, size);
		(void)snprintf(out, SUAN_HERD_TEXT, "passed its memory limit of %s", size);
	} else if (s->r.ending == SUAN_OUT_TIMEOUT) {
		suan_format_duration(s->r.walltime_ms, size);
		(void)snprintf(out, SUAN_HERD_TEXT, "passed its time limit of %s", size);
	}
}

static void child_ended(struct suan_sheep *s)
{
	struct suan_flock *f = s->flock;
	struct suan_process_end end = {0};
	char text[SUAN_HERD_TEXT];
	enum suan_outcome outcome;

	/* While it is not reaped its pid, and so the group, cannot be another's. */
	(void)suan_process_io(s->r.pid, &s->r.usage.read_bytes, &s->r.usage.write_bytes);
	kill_run(s);
	(void)suan_process_reap(s->r.pid, &end);
	(void)suan_map_drop(&f->by_pid, (uint64_t)s->r.pid);
	if (s->in_cgroup) {
		if (!s->r.ending && suan_cgroup_oom(f->cgroup, group_name(s)))
			s->r.ending = SUAN_OUT_MEMORY;
	}
	s->r.usage.cpu_ms = end.cpu_ms;
	s->r.usage.max_rss_bytes = end.max_rss_bytes;
	*(end.signalled ? &s->r.signal : &s->r.exit_code) = end.code;
	outcome = end.signalled ? SUAN_OUT_SIGNALLED : SUAN_OUT_EXITED;
	end_text(s, text);
	suan_sheep_ended(s, s->r.ending ? s->r.ending : outcome, text);
}

static void reap(void *ctx, int signo)
{
	struct suan_flock *f = ctx;
	struct suan_process_end end;
	int64_t pid;
	uint64_t v;

	(void)signo;
	while ((pid = suan_process_ended_child()) > 0) {
		if (suan_map_get(&f->by_pid, (uint64_t)pid, &v))
			child_ended((struct suan_sheep *)(uintptr_t)v);
		else if (!suan_process_reap(pid, &end)) /* an orphan of some run */
			break;
	}
}

/* ---- processes that outlive their run ---- */

bool suan_flock_owner(const struct suan_flock *f, int64_t pid, struct suan_run_id *ret)
{
	char dir[4096];
	char name[SUAN_RUN_NAME_MAX];

	return suan_process_env(pid, SUAN_RUN_VARIABLE, name, sizeof(name)) &&
	       suan_run_parse(name, ret) &&
	       suan_process_env(pid, SUAN_SHEPHERD_VARIABLE, dir, sizeof(dir)) &&
	       strcmp(dir, f->state_dir) == 0;
}

struct hunt {
	struct suan_flock *f;
	bool found;
};

/* A child of ours that is no run is an orphan that a run left behind in a session of its own. */
static bool end_stray(void *ctx, int64_t pid)
{
	struct hunt *h = ctx;
	struct suan_sheep *s;
	struct suan_run_id id;
	bool alive = h->f->nliving > 0;

	if (suan_map_get(&h->f->by_pid, (uint64_t)pid, NULL))
		return true;
	if (suan_flock_owner(h->f, pid, &id)) {
		s = suan_sheep_find(h->f, id);
		alive = s && s->r.state == SUAN_HERD_STARTED;
	}
	if (!alive) {
		(void)suan_process_signal(pid, SIGKILL);
		h->found = true;
	}
	return true;
}

static void hunt_strays(void *ctx)
{
	struct hunt h = {.f = ctx};

	suan_process_each_child(end_stray, &h);
	if (h.f->cgroup) /* now those of ended runs are empty */
		suan_cgroup_sweep(h.f->cgroup);
	if (h.found) /* theirs become ours now */
		suan_timer_set(h.f->strays, STRAYS_MS);
}

/* ---- memory ---- */

static void end_greedy(struct suan_flock *f, int64_t session)
{
	for (struct suan_sheep *s = f->first; s; s = s->next)
		if (s->r.state == SUAN_HERD_STARTED && looked_after(s) && s->r.pid == session)
			begin_end(s, SUAN_OUT_MEMORY);
}

static void look_at_memory(void *ctx)
{
	struct suan_flock *f = ctx;
	struct suan_rss *list;
	size_t n = 0;

	if (f->nlimited == 0)
		return;
	suan_timer_set(f->look, LOOK_MS);
	list = calloc(f->nlimited, sizeof(*list));
	if (!list)
		return; /* next time */
	for (struct suan_sheep *s = f->first; s; s = s->next)
		if (s->r.state == SUAN_HERD_STARTED && looked_after(s) && n < f->nlimited)
			list[n++] = (struct suan_rss){.session = s->r.pid,
						      .limit_bytes = s->r.memory_bytes};
	suan_rss_sample(list, n);
	for (size_t i = 0; i < n; i++)
		if (list[i].over)
			end_greedy(f, list[i].session);
	free(list);
}

/* ---- starting ---- */

/* The environment of the run with our two variables in front. In the arena; NULL = no memory. */
static const char *const *make_env(const struct suan_flock *f, struct suan_arena *a,
				   const struct suan_herd_message *m)
{
	char name[SUAN_RUN_NAME_MAX];
	const char **out;
	char *run, *shepherd;
	size_t n = 0;
	size_t k = 2;

	while (m->envp[n])
		n++;
	suan_run_name(m->run.id, name);
	out = suan_arena_array(a, n + 3, sizeof(*out));
	run = suan_arena_alloc(a, sizeof(SUAN_RUN_VARIABLE) + sizeof(name) + 1);
	shepherd = suan_arena_alloc(a, sizeof(SUAN_SHEPHERD_VARIABLE) + strlen(f->state_dir) + 1);
	if (!out || !run || !shepherd)
		return NULL;
	(void)snprintf(run, sizeof(SUAN_RUN_VARIABLE) + sizeof(name) + 1, "%s=%s",
		       SUAN_RUN_VARIABLE, name);
	(void)snprintf(shepherd, sizeof(SUAN_SHEPHERD_VARIABLE) + strlen(f->state_dir) + 1, "%s=%s",
		       SUAN_SHEPHERD_VARIABLE, f->state_dir);
	out[0] = run;
	out[1] = shepherd;
	for (size_t i = 0; i < n; i++) {
		if (strncmp(m->envp[i], SUAN_RUN_VARIABLE "=", sizeof(SUAN_RUN_VARIABLE)) != 0 &&
		    strncmp(m->envp[i], SUAN_SHEPHERD_VARIABLE "=",
			    sizeof(SUAN_SHEPHERD_VARIABLE)) != 0)
			out[k++] = m->envp[i];
	}
	return out;
}

/* Is it the run's own fault? It would fail as well another day or at another site; what else goes
 * wrong (no memory, no space, no processes, no descriptors, a disk error) is the site's. */
static bool own_fault(const struct suan_spawned *got)
{
	static const int own[] = {ENOENT, ENOTDIR, EACCES, EPERM, EROFS,   EISDIR,	ELOOP,
				  ENXIO,  ENODEV,  EINVAL, E2BIG, ENOEXEC, ENAMETOOLONG};

	if (got->failed == SUAN_SPAWN_FORK || got->failed == SUAN_SPAWN_CGROUP ||
	    got->failed == SUAN_SPAWN_NOTE)
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (got->sys_errno == own[i])
			return true;
	return false;
}

/* What went wrong, in words; 127 and 126 as shells do. */
static void start_failed(struct suan_sheep *s, const struct suan_herd_message *m,
			 const struct suan_spawned *got)
{
	static const char *const steps[] = {
		[SUAN_SPAWN_FORK] = "the site cannot make a process",
		[SUAN_SPAWN_CGROUP] = "the site cannot use the run's cgroup",
		[SUAN_SPAWN_DIR] = "cannot enter the folder",
		[SUAN_SPAWN_STDIN] = "cannot open for input:",
		[SUAN_SPAWN_STDOUT] = "cannot open for output:",
		[SUAN_SPAWN_STDERR] = "cannot open for errors:",
		[SUAN_SPAWN_NOTE] = "the site cannot write its journal",
		[SUAN_SPAWN_EXEC] = "cannot execute",
	};
	const char *what[] = {
		[SUAN_SPAWN_FORK] = "",
		[SUAN_SPAWN_CGROUP] = "",
		[SUAN_SPAWN_DIR] = m->dir,
		[SUAN_SPAWN_STDIN] = m->stdin_path,
		[SUAN_SPAWN_STDOUT] = m->stdout_path,
		[SUAN_SPAWN_STDERR] = m->stderr_path,
		[SUAN_SPAWN_NOTE] = "",
		[SUAN_SPAWN_EXEC] = m->argv[0] ? m->argv[0] : "",
	};
	char text[SUAN_HERD_TEXT];
	char reason[96];
	bool missing = got->sys_errno == ENOENT || got->sys_errno == ENOTDIR;

	if (got->failed == SUAN_SPAWN_EXEC && missing)
		(void)snprintf(text, sizeof(text), "command not found: %s", what[got->failed]);
	else
		(void)snprintf(text, sizeof(text), "%s%s%s: %s", steps[got->failed],
			       *what[got->failed] ? " " : "", what[got->failed],
			       strerror_r(got->sys_errno, reason, sizeof(reason)));
	if (!own_fault(got)) {
		suan_sheep_ended(s, SUAN_OUT_NOT_STARTED, text);
	} else if (got->failed == SUAN_SPAWN_EXEC) {
		s->r.start_ms = suan_clock_now_ms();
		s->r.exit_code = missing ? 127 : 126;
		suan_sheep_ended(s, SUAN_OUT_EXITED, text);
	} else {
		suan_sheep_ended(s, SUAN_OUT_START_FAILED, text);
	}
}

/* Room above the limit, so that reserving memory is no crime and only a run that grows faster than
 * anybody looks is refused more. */
static uint64_t backstop(uint64_t limit_bytes)
{
	uint64_t slack = (uint64_t)1 << 30;

	return limit_bytes > (UINT64_MAX - slack) / 2 ? 0 : limit_bytes * 2 + slack;
}

static bool enter_cgroup(struct suan_sheep *s, const struct suan_herd_message *m)
{
	struct suan_cgroup_limits limits = {m->run.memory_bytes, m->cores};
	struct suan_err err;

	if (!s->flock->cgroup || m->run.memory_bytes == 0)
		return false;
	if (suan_cgroup_make(s->flock->cgroup, group_name(s), &limits, &err) == SUAN_OK)
		return true;
	suan_log(SUAN_LOG_WARN, "%s", err.text);
	return false;
}

static void start_one(struct suan_sheep *s, struct suan_arena *arena)
{
	struct suan_flock *f = s->flock;
	struct suan_herd_message m;
	struct suan_process_stat st;
	struct suan_spawned got;
	struct suan_spawn_note note;
	struct suan_spawn spawn;
	const char *const *envp = NULL;
	enum suan_code rc;

	if (suan_herd_get(s->order, s->order_len, arena, &m))
		envp = make_env(f, arena, &m);
	if (!envp || suan_journal_note(f->journal, s->r.id, &note) != SUAN_OK) {
		suan_sheep_ended(s, SUAN_OUT_NOT_STARTED,
				 envp ? "the site cannot write its journal"
				      : "the site is out of memory");
		return;
	}
	s->in_cgroup = enter_cgroup(s, &m);
	spawn = (struct suan_spawn){
		.argv = m.argv,
		.envp = envp,
		.dir = m.dir,
		.stdin_path = m.stdin_path,
		.stdout_path = m.stdout_path,
		.stderr_path = m.stderr_path,
		.append = m.append,
		.data_limit_bytes = m.run.memory_bytes ? backstop(m.run.memory_bytes) : 0,
		.cgroup_procs = s->in_cgroup ? suan_cgroup_procs(f->cgroup, group_name(s)) : "",
		.note = &note,
	};
	suan_process_spawn(&spawn, &got);
	suan_journal_noted(f->journal, got.notes, got.failed == SUAN_SPAWN_NOTE);
	if (got.pid == 0) {
		start_failed(s, &m, &got);
		return;
	}
	s->r.pid = got.pid;
	s->r.start_ms = suan_clock_now_ms();
	if (suan_process_stat(got.pid, &st))
		s->r.start_ticks = st.start_ticks;
	s->r.state = SUAN_HERD_STARTED;
	rc = suan_map_put(&f->by_pid, (uint64_t)got.pid, (uint64_t)(uintptr_t)s);
	assert(rc == SUAN_OK); /* room was made in suan_sheep_new */
	put_journal(f, s);
	suan_sheep_started(s);
	f->config.changed(f->config.ctx, &s->r);
}

static struct suan_sheep *queue_take(struct suan_flock *f)
{
	struct suan_sheep *s = f->queue;

	if (s) {
		f->queue = s->queue_next;
		if (!f->queue)
			f->queue_end = &f->queue;
		f->nliving--; /* counted as waiting */
	}
	return s;
}

/* Puts what is about to be started on record, durably. */
static bool write_intents(struct suan_flock *f, struct suan_sheep **batch, size_t n)
{
	bool good = write_journal(f, false); /* older records keep waiting if this fails */

	for (size_t i = 0; i < n && good; i++) {
		batch[i]->r.start_ms = suan_clock_now_ms(); /* about; until it is forked */
		good = suan_journal_put(f->journal, &batch[i]->r) == SUAN_OK;
		batch[i]->r.start_ms = 0;
	}
	if (good && write_journal(f, true))
		return true;
	if (good)
		suan_journal_drop(f->journal);
	return false;
}

/* Intents are durable before the first fork. Each child appends to the journal itself as its last
 * act before exec, so after a crash an intent without that was certainly not run. */
static void start_some(struct suan_flock *f)
{
	struct suan_sheep *batch[STARTS_PER_BATCH];
	struct suan_arena arena;
	size_t n = 0;
	bool good;

	while (n < STARTS_PER_BATCH && f->queue)
		batch[n++] = queue_take(f);
	if (n == 0)
		return;
	suan_arena_init(&arena, 0);
	good = write_intents(f, batch, n);
	for (size_t i = 0; i < n; i++) {
		if (good)
			start_one(batch[i], &arena);
		else
			suan_sheep_ended(batch[i], SUAN_OUT_NOT_STARTED,
					 "the site cannot write its journal");
		free(batch[i]->order);
		batch[i]->order = NULL;
		suan_arena_reset(&arena);
		/* What ended meanwhile is soon on record; its code would be lost with us. */
		reap(f, SIGCHLD);
		(void)write_journal(f, false);
	}
	suan_arena_done(&arena);
	if (f->queue)
		suan_timer_set(f->more, 0);
}

enum suan_code suan_flock_start(struct suan_flock *f, const struct suan_herd_message *m,
				const void *bytes, size_t n)
{
	struct suan_sheep *s;

	if (suan_sheep_find(f, m->run.id))
		return SUAN_OK;
	s = suan_sheep_new(f, &m->run);
	if (!s)
		return SUAN_ENOMEM;
	s->r.state = SUAN_HERD_INTENT;
	s->order = malloc(n);
	if (!s->order) {
		suan_sheep_free(s);
		return SUAN_ENOMEM;
	}
	memcpy(s->order, bytes, n);
	s->order_len = n;
	*f->queue_end = s;
	f->queue_end = &s->queue_next;
	f->nliving++;
	return SUAN_OK;
}

/* ---- other orders ---- */

static void unqueue(struct suan_flock *f, struct suan_sheep *s)
{
	struct suan_sheep **p = &f->queue;

	while (*p != s)
		p = &(*p)->queue_next;
	*p = s->queue_next;
	if (f->queue_end == &s->queue_next)
		f->queue_end = p;
	f->nliving--;
	free(s->order);
	s->order = NULL;
}

void suan_flock_stop(struct suan_flock *f, struct suan_run_id id, int64_t grace_ms)
{
	struct suan_sheep *s = suan_sheep_find(f, id);

	if (!s || s->r.state == SUAN_HERD_ENDED)
		return;
	if (s->order) {
		unqueue(f, s);
		suan_sheep_ended(s, SUAN_OUT_CANCELLED, "before it started");
	} else {
		if (grace_ms > 0 && !s->r.ending) /* journaled with the ending */
			s->r.grace_ms = grace_ms;
		begin_end(s, SUAN_OUT_CANCELLED);
	}
}

void suan_flock_forget(struct suan_flock *f, struct suan_run_id id)
{
	struct suan_sheep *s = suan_sheep_find(f, id);

	if (!s || s->r.state != SUAN_HERD_ENDED)
		return;
	if (suan_journal_forget(f->journal, id) == SUAN_OK) /* else it is told once more */
		suan_sheep_free(s);
}

void suan_flock_each(const struct suan_flock *f,
		     void (*fn)(void *ctx, const struct suan_herd_run *run), void *ctx)
{
	for (const struct suan_sheep *s = f->first; s; s = s->next)
		fn(ctx, &s->r);
}

size_t suan_flock_living(const struct suan_flock *f)
{
	return f->nliving;
}

void suan_flock_describe(const struct suan_flock *f, struct suan_buf *out)
{
	suan_buf_addf(out,
		      "{\"driver\":\"local\",\"memory\":\"%s\",\"cores\":\"%s\","
		      "\"time\":\"TERM, grace, KILL\",\"kill\":\"%s\","
		      "\"shepherd\":%" PRId64 "}",
		      f->cgroup ? "cgroup v2 memory.max, RLIMIT_DATA as backstop"
				: "looked at every 100 ms, RLIMIT_DATA as backstop",
		      f->cgroup ? "cgroup v2 cpu.weight" : "not limited",
		      f->cgroup ? "cgroup.kill, process group, orphans" : "process group, orphans",
		      suan_process_self());
}

/* ---- opening and closing ---- */

static void end_of_round(void *ctx)
{
	struct suan_flock *f = ctx;

	start_some(f);
	if (suan_journal_pending(f->journal) && !write_journal(f, false))
		return;
	if (suan_journal_bytes(f->journal) > COMPACT_MIN_BYTES &&
	    suan_journal_bytes(f->journal) / 4 > f->count * RUN_BYTES)
		compact(f);
}

static void nothing(void *ctx)
{
	(void)ctx; /* the end of the round does it */
}

static void replay(void *ctx, const struct suan_herd_run *run, bool forgotten)
{
	struct suan_flock *f = ctx;
	struct suan_sheep *s = suan_sheep_find(f, run->id);

	if (forgotten) {
		if (s)
			suan_sheep_free(s);
	} else if (s && run->state == SUAN_HERD_FORKED) {
		s->r.state = run->state;
		s->r.pid = run->pid;
	} else if (s) {
		s->r = *run;
	} else if (!suan_sheep_new(f, run)) {
		suan_log(SUAN_LOG_ERROR, "out of memory while reading the journal");
	}
}

static enum suan_code open_parts(struct suan_flock *f, struct suan_err *err)
{
	struct suan_loop *l = f->config.loop;
	char path[4096];
	const char *why = "";
	enum suan_code rc = suan_process_boot_id(f->boot_id, err);

	if (rc != SUAN_OK)
		return rc;
	if (suan_timer_new(&f->more, l, nothing, f) != SUAN_OK ||
	    suan_timer_new(&f->look, l, look_at_memory, f) != SUAN_OK ||
	    suan_timer_new(&f->strays, l, hunt_strays, f) != SUAN_OK ||
	    suan_timer_new(&f->poll, l, suan_flock_poll, f) != SUAN_OK ||
	    suan_loop_after(l, end_of_round, f) != SUAN_OK ||
	    suan_loop_signal(l, SIGCHLD, reap, f) != SUAN_OK)
		return suan_fail(err, SUAN_ENOMEM, "cannot set up the shepherd");
	/* Named by the folder, so that the next shepherd finds what this one leaves. */
	(void)snprintf(path, sizeof(path), "suan-%016" PRIx64,
		       suan_hash_bytes(SUAN_HASH_START, f->state_dir, strlen(f->state_dir)));
	f->cgroup = suan_cgroup_open(path, &why);
	if (!f->cgroup)
		suan_log(SUAN_LOG_INFO, "memory limits without cgroup: %s", why);
	if (!suan_process_adopt_orphans())
		suan_log(SUAN_LOG_WARN, "cannot adopt the orphans of runs");
	/* A journal that is lost with its folder when the power fails would make us start twice. */
	rc = suan_fs_sync_names(f->state_dir, err);
	if (rc != SUAN_OK)
		return rc;
	(void)snprintf(path, sizeof(path), "%s/journal", f->state_dir);
	return suan_journal_open(&f->journal, path, replay, f, err);
}

enum suan_code suan_flock_open(struct suan_flock **ret, const struct suan_flock_config *config,
			       struct suan_err *err)
{
	struct suan_flock *f = calloc(1, sizeof(*f));
	enum suan_code rc = SUAN_ENOMEM;

	if (f)
		f->state_dir = strdup(config->state_dir);
	if (!f || !f->state_dir) {
		free(f);
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	f->config = *config;
	f->queue_end = &f->queue;
	suan_map_init(&f->by_key);
	suan_map_init(&f->by_pid);
	rc = open_parts(f, err);
	if (rc == SUAN_OK) {
		suan_flock_adopt(f);
		suan_journal_drop(f->journal); /* written anew as a whole */
		rc = suan_journal_begin(f->journal, f->boot_id);
		for (struct suan_sheep *s = f->first; s && rc == SUAN_OK; s = s->next)
			rc = suan_journal_put(f->journal, &s->r);
		if (rc == SUAN_OK)
			rc = suan_journal_commit(f->journal, err);
	}
	if (rc != SUAN_OK) {
		suan_flock_close(f);
		return rc;
	}
	*ret = f;
	return SUAN_OK;
}

void suan_flock_close(struct suan_flock *f)
{
	if (!f)
		return;
	while (f->first)
		suan_sheep_free(f->first);
	suan_journal_close(f->journal);
	suan_timer_free(f->more);
	suan_timer_free(f->look);
	suan_timer_free(f->strays);
	suan_timer_free(f->poll);
	suan_cgroup_free(f->cgroup);
	suan_map_done(&f->by_key);
	suan_map_done(&f->by_pid);
	free(f->state_dir);
	free(f);
}
