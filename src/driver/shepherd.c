/* The process that outlives `suan serve` and is the parent of local runs: one per state folder, as
 * its lock says. It keeps runs for whoever connects, and goes when nobody does and none is alive.
 * Descriptors, memory and time before exec are its own, so a run's largest memory is never told as
 * less than that of this small process. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "driver/flock.h"
#include "driver/shepherd.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/link.h"
#include "sys/log.h"
#include "sys/process.h"

#define IDLE_MS	    10000
#define LOCK_TRY_MS 10000

enum {
	EXIT_READY = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2
};

struct client {
	struct shepherd *shepherd;
	struct suan_link *link;
	struct client *next;
};

struct shepherd {
	struct suan_loop *loop;
	struct suan_flock *flock;
	struct client *clients;
	struct suan_watch *listen_watch;
	struct suan_timer *idle;
	struct suan_buf buf;	 /* of the message being built */
	struct suan_arena arena; /* of the message being read */
	int64_t idle_ms;
	int listen_fd, lock_fd;
	struct stat socket; /* ours; a new folder may have another at its path */
	char *state_dir;    /* owned */
};

/* ---- clients ---- */

static void send_to(struct shepherd *p, struct client *c, const struct suan_herd_message *m)
{
	suan_buf_reset(&p->buf);
	suan_herd_put(&p->buf, m);
	/* Out of memory: the client hears of it when it connects again. */
	if (suan_buf_ok(&p->buf, NULL) != SUAN_OK ||
	    suan_link_send(c->link, p->buf.data, p->buf.len) != SUAN_OK)
		suan_log(SUAN_LOG_ERROR, "a message to the driver is lost");
}

static void on_changed(void *ctx, const struct suan_herd_run *run)
{
	struct suan_herd_message m = {.kind = SUAN_HERD_RUN, .run = *run};
	struct shepherd *p = ctx;

	for (struct client *c = p->clients; c; c = c->next)
		send_to(p, c, &m);
}

struct telling {
	struct shepherd *shepherd;
	struct client *client;
};

static void tell_run(void *ctx, const struct suan_herd_run *run)
{
	struct suan_herd_message m = {.kind = SUAN_HERD_RUN, .run = *run};
	struct telling *t = ctx;

	send_to(t->shepherd, t->client, &m);
}

static void greet(struct shepherd *p, struct client *c)
{
	struct suan_herd_message hello = {.kind = SUAN_HERD_HELLO, .version = SUAN_HERD_VERSION};
	struct suan_herd_message synced = {.kind = SUAN_HERD_SYNCED};
	struct telling t = {p, c};
	struct suan_buf text;

	suan_buf_init(&text, 0);
	suan_flock_describe(p->flock, &text);
	hello.text = suan_buf_str(&text);
	send_to(p, c, &hello);
	suan_flock_each(p->flock, tell_run, &t);
	send_to(p, c, &synced);
	suan_buf_done(&text);
}

static void order_start(struct client *c, const struct suan_herd_message *m, const void *bytes,
			size_t n)
{
	struct suan_herd_message failed = {.kind = SUAN_HERD_RUN, .run = {.id = m->run.id}};
	struct shepherd *p = c->shepherd;

	if (suan_flock_start(p->flock, m, bytes, n) == SUAN_OK)
		return;
	failed.run.state = SUAN_HERD_ENDED;
	failed.run.outcome = SUAN_OUT_NOT_STARTED;
	failed.run.end_ms = suan_clock_now_ms();
	(void)snprintf(failed.run.text, sizeof(failed.run.text), "the site is out of memory");
	send_to(p, c, &failed);
}

static void on_message(void *ctx, const void *bytes, size_t n)
{
	struct client *c = ctx;
	struct shepherd *p = c->shepherd;
	struct suan_herd_message m;

	suan_arena_reset(&p->arena);
	if (!suan_herd_get(bytes, n, &p->arena, &m)) {
		suan_log(SUAN_LOG_ERROR, "a damaged message of %zu bytes came", n);
		return;
	}
	switch (m.kind) {
	case SUAN_HERD_HELLO:
		greet(p, c);
		break;
	case SUAN_HERD_START:
		order_start(c, &m, bytes, n);
		break;
	case SUAN_HERD_STOP:
		suan_flock_stop(p->flock, m.run.id, m.run.grace_ms);
		break;
	case SUAN_HERD_FORGET:
		suan_flock_forget(p->flock, m.run.id);
		break;
	case SUAN_HERD_RUN:
	case SUAN_HERD_SYNCED:
		break;
	}
}

static void drop_client(struct client *c)
{
	struct shepherd *p = c->shepherd;
	struct client **at = &p->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	suan_link_free(c->link);
	free(c);
	if (!p->clients)
		suan_timer_set(p->idle, p->idle_ms);
}

static void on_closed(void *ctx)
{
	drop_client(ctx);
}

static void on_connect(void *ctx, int fd, bool readable, bool writable)
{
	struct shepherd *p = ctx;
	int got;

	(void)readable;
	(void)writable;
	while ((got = suan_link_accept(fd)) >= 0) {
		struct client *c = calloc(1, sizeof(*c));
		struct suan_link_events events = {on_message, on_closed, c};

		if (!c) {
			(void)close(got);
			continue;
		}
		c->shepherd = p;
		if (suan_link_new(&c->link, p->loop, got, &events) != SUAN_OK) {
			free(c);
			continue;
		}
		c->next = p->clients;
		p->clients = c;
		suan_timer_stop(p->idle);
	}
}

/* ---- the end ---- */

/* Ends that nobody asked for yet are safe in the journal: the next shepherd tells them. */
static void on_idle(void *ctx)
{
	struct shepherd *p = ctx;

	if (p->clients)
		return;
	if (suan_flock_living(p->flock) == 0)
		suan_loop_stop(p->loop);
	else
		suan_timer_set(p->idle, p->idle_ms);
}

static void on_signal(void *ctx, int signo)
{
	struct shepherd *p = ctx;

	(void)signo; /* runs go on; the next shepherd watches them */
	suan_loop_stop(p->loop);
}

/* ---- setting up ---- */

static char *path_in(const struct shepherd *p, const char *name)
{
	char *s;

	return asprintf(&s, "%s/%s", p->state_dir, name) < 0 ? NULL : s;
}

/* Is another shepherd there? Then ours is not needed. */
static bool another_answers(const char *socket_path)
{
	int fd;

	if (suan_link_connect(socket_path, &fd, NULL) != SUAN_OK)
		return false;
	(void)close(fd);
	return true;
}

/* One that holds the lock but does not answer is just coming or just going: wait for either. */
static enum suan_code take_lock(struct shepherd *p, const char *socket_path, bool *ret_needed,
				struct suan_err *err)
{
	const struct timespec pause = {0, 5000000};
	int64_t until_us = suan_clock_mono_us() + (int64_t)LOCK_TRY_MS * 1000;
	char *path = path_in(p, "lock");
	enum suan_code rc;

	if (!path)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	for (;;) {
		*ret_needed = true;
		rc = suan_fs_lock(path, &p->lock_fd, err);
		if (rc != SUAN_EBUSY)
			break;
		*ret_needed = !another_answers(socket_path);
		if (!*ret_needed || suan_clock_mono_us() > until_us)
			break;
		(void)nanosleep(&pause, NULL);
	}
	free(path);
	return *ret_needed ? rc : SUAN_OK;
}

static enum suan_code set_up(struct shepherd *p, const char *socket_path, struct suan_err *err)
{
	struct suan_flock_config config = {.changed = on_changed, .ctx = p};
	enum suan_code rc = suan_loop_new(&p->loop, err);

	if (rc != SUAN_OK)
		return rc;
	config.loop = p->loop;
	config.state_dir = p->state_dir;
	rc = suan_flock_open(&p->flock, &config, err);
	if (rc != SUAN_OK)
		return rc;
	if (suan_timer_new(&p->idle, p->loop, on_idle, p) != SUAN_OK ||
	    suan_loop_signal(p->loop, SIGTERM, on_signal, p) != SUAN_OK ||
	    suan_loop_signal(p->loop, SIGINT, on_signal, p) != SUAN_OK)
		return suan_fail(err, SUAN_ENOMEM, "cannot set up the shepherd");
	rc = suan_link_listen(socket_path, &p->listen_fd, err);
	if (rc != SUAN_OK)
		return rc;
	(void)stat(socket_path, &p->socket);
	rc = suan_watch_new(&p->listen_watch, p->loop, p->listen_fd, on_connect, p);
	if (rc != SUAN_OK)
		return suan_fail(err, rc, "cannot watch %s", socket_path);
	suan_timer_set(p->idle, p->idle_ms);
	return SUAN_OK;
}

static void tear_down(struct shepherd *p, const char *socket_path)
{
	suan_watch_free(p->listen_watch);
	if (p->listen_fd >= 0) {
		struct stat now;

		if (stat(socket_path, &now) == 0 && now.st_dev == p->socket.st_dev &&
		    now.st_ino == p->socket.st_ino)
			(void)unlink(socket_path);
		(void)close(p->listen_fd);
	}
	while (p->clients)
		drop_client(p->clients);
	suan_timer_free(p->idle);
	suan_flock_close(p->flock);
	suan_loop_free(p->loop);
	suan_buf_done(&p->buf);
	suan_arena_done(&p->arena);
	if (p->lock_fd >= 0)
		(void)close(p->lock_fd);
}

static int tend(struct shepherd *p, const char *socket_path)
{
	struct suan_err err = {0};
	bool needed = true;
	enum suan_code rc = take_lock(p, socket_path, &needed, &err);

	if (rc == SUAN_OK && !needed) {
		suan_process_ready(EXIT_READY);
		return EXIT_READY;
	}
	if (rc == SUAN_OK)
		rc = set_up(p, socket_path, &err);
	if (rc == SUAN_OK) {
		suan_process_ready(EXIT_READY);
		suan_log(SUAN_LOG_INFO, "shepherd of %s is ready", p->state_dir);
		rc = suan_loop_run(p->loop, &err);
	}
	if (rc != SUAN_OK)
		suan_log(SUAN_LOG_ERROR, "%s", err.text);
	tear_down(p, socket_path);
	suan_process_ready(EXIT_FAILED);
	return rc == SUAN_OK ? EXIT_READY : EXIT_FAILED;
}

static bool parse_args(int argc, char **argv, struct shepherd *p)
{
	if (argc > 1 && strcmp(argv[1], "shepherd") == 0) {
		argc--;
		argv++;
	}
	p->idle_ms = IDLE_MS;
	if (argc == 3 && strncmp(argv[2], "--idle-ms=", 10) == 0) {
		if (suan_parse_i64(argv[2] + 10, &p->idle_ms, NULL) != SUAN_OK || p->idle_ms < 0)
			return false;
		argc--;
	}
	if (argc != 2)
		return false;
	p->state_dir = suan_fs_absolute(argv[1]);
	return p->state_dir != NULL;
}

int suan_shepherd_main(int argc, char **argv)
{
	struct shepherd p = {.listen_fd = -1, .lock_fd = -1};
	struct suan_err err = {0};
	char *log_path, *socket_path;
	int status = EXIT_FAILED;

	if (!parse_args(argc, argv, &p)) {
		suan_log(SUAN_LOG_ERROR, "use: suan shepherd STATE_DIR [--idle-ms=N]");
		return EXIT_USAGE;
	}
	log_path = path_in(&p, "log");
	socket_path = path_in(&p, SUAN_SHEPHERD_SOCKET);
	if (suan_fs_mkdirs(p.state_dir, 0700, &err) != SUAN_OK || !log_path || !socket_path ||
	    suan_process_daemon(log_path, &err) != SUAN_OK) {
		suan_log(SUAN_LOG_ERROR, "%s", *err.text ? err.text : "out of memory");
		goto out;
	}
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	status = tend(&p, socket_path);
out:
	free(log_path);
	free(socket_path);
	free(p.state_dir);
	return status;
}
