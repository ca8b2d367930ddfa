#include "api/feed.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "base/num.h"
#include "sys/clock.h"

#define PING_MS	     15000
#define LOG_POLL_MS  200
#define LOG_PIECE    SUAN_HTTP_PIECE
#define EVENTS_PIECE (64u << 10)
#define LOG_LARGEST  (INT64_C(1) << 60) /* byte of a file; beyond, reading would overflow */
#define LOG_MOST     (16u << 20)

struct feed {
	struct suan_feeds *feeds;
	struct feed *prev, *next;
	struct suan_http_stream *stream;
	struct suan_principal who;
	atomic_bool gone, room; /* set by a server thread */
	uint64_t job;		/* events: only of this job, 0 = all; logs: of this task */
	bool is_log;
	bool behind;	/* the reader is slow: nothing is sent until there is room */
	bool dead;	/* to be dropped */
	bool finished;	/* logs: everything was sent */
	uint64_t after; /* events: id of the last change that was sent or passed over */
	uint32_t index;
	struct suan_log_ask ask; /* logs: where we are */
};

struct suan_feeds {
	struct suan_api *api;
	struct suan_timer *ping, *poll;
	struct feed *first;
	atomic_bool posted; /* look() is on its way */
};

static void pump(struct feed *f);

/* ---- life ---- */

static void drop(struct feed *f)
{
	if (f->prev)
		f->prev->next = f->next;
	else
		f->feeds->first = f->next;
	if (f->next)
		f->next->prev = f->prev;
	if (f->is_log && !f->finished)
		suan_http_stream_break(f->stream); /* the end must not look like the output's */
	else
		suan_http_stream_close(f->stream);
	free(f);
}

static void sweep(struct suan_feeds *feeds)
{
	struct feed *next;

	for (struct feed *f = feeds->first; f; f = next) {
		next = f->next;
		if (f->dead || atomic_load(&f->gone))
			drop(f);
	}
}

/* What server threads have noted. */
static void look(void *ctx)
{
	struct suan_feeds *feeds = ctx;

	atomic_store(&feeds->posted, false);
	for (struct feed *f = feeds->first; f; f = f->next)
		if (atomic_exchange(&f->room, false))
			pump(f);
	sweep(feeds);
}

/* On a server thread. Without memory for the message the next ping looks. */
static void note(struct feed *f, atomic_bool *what)
{
	struct suan_feeds *feeds = f->feeds;

	atomic_store(what, true);
	if (!atomic_exchange(&feeds->posted, true) &&
	    suan_loop_post(suan_api_config(feeds->api)->loop, look, feeds) != SUAN_OK)
		atomic_store(&feeds->posted, false);
}

static void client_gone(void *ctx)
{
	struct feed *f = ctx;

	note(f, &f->gone);
}

static void has_room(void *ctx)
{
	struct feed *f = ctx;

	note(f, &f->room);
}

/* False: the reader is slow, and has_room will be called, or it has gone. */
static bool send(struct feed *f, const void *bytes, size_t n)
{
	enum suan_code rc = suan_http_stream_send(f->stream, bytes, n);

	f->behind = rc == SUAN_EBUSY;
	f->dead = f->dead || (rc != SUAN_OK && rc != SUAN_EBUSY);
	return rc == SUAN_OK;
}

static struct feed *open_feed(struct suan_api_call *c, const char *type)
{
	struct suan_feeds *feeds = suan_api_feeds(c->api);
	struct feed *f = calloc(1, sizeof(*f));
	struct suan_http_stream_events events = {client_gone, has_room, f};
	struct suan_err err = {0};
	enum suan_code rc = SUAN_ENOMEM;

	if (f) {
		f->feeds = feeds;
		f->who = c->who;
		rc = suan_http_stream_open(c->req, type, &events, &f->stream);
	}
	if (rc != SUAN_OK) {
		free(f);
		suan_fail(&err, rc, "out of memory");
		suan_api_problem(c, 500, &err);
		return NULL;
	}
	f->next = feeds->first;
	if (f->next)
		f->next->prev = f;
	feeds->first = f;
	return f;
}

/* ---- events ---- */

static void format_change(const struct suan_change *ch, struct suan_buf *out)
{
	char at[32];

	suan_format_time(ch->at_ms, at);
	suan_buf_addf(out,
		      "id: %llu\nevent: change\ndata: {\"job\":%llu,\"index\":%u,\"state\":\"%s\","
		      "\"at\":\"%s\"}\n\n",
		      (unsigned long long)ch->id, (unsigned long long)ch->job, ch->index,
		      suan_state_name(ch->state), at);
}

static bool wants(const struct feed *f, const struct suan_change *ch)
{
	return !f->job || f->job == ch->job;
}

/* Adds what comes after *after, moving it on; false: nothing does. A place that the core does not
 * know, too old or of another life, becomes a reset, which names the place to go on from. */
static bool next_event(const struct feed *f, uint64_t *after, struct suan_buf *out)
{
	struct suan_core *core = suan_api_config(f->feeds->api)->core;
	struct suan_change ch;
	bool gap, found = suan_core_next_change(core, *after, &ch, &gap);

	if (gap || *after > suan_core_last_change(core)) {
		*after = found ? ch.id - 1 : suan_core_last_change(core);
		suan_buf_addf(out, "id: %llu\nevent: reset\ndata: {}\n\n",
			      (unsigned long long)*after);
		return true;
	}
	if (!found)
		return false;
	*after = ch.id;
	if (wants(f, &ch))
		format_change(&ch, out);
	return true;
}

static void pump_events(struct feed *f)
{
	uint64_t after = f->after;
	struct suan_buf text;
	bool more = true;

	suan_buf_init(&text, 0);
	f->behind = false;
	while (more && !f->behind && !f->dead) {
		suan_buf_reset(&text);
		do
			more = next_event(f, &after, &text);
		while (more && text.len < EVENTS_PIECE - 512);
		if (!text.len || send(f, text.data, text.len))
			f->after = after;
	}
	suan_buf_done(&text);
}

void suan_feeds_changed(struct suan_feeds *feeds, const struct suan_change *change)
{
	struct suan_buf text;

	if (!feeds->first)
		return;
	suan_buf_init(&text, 0);
	format_change(change, &text);
	for (struct feed *f = feeds->first; f; f = f->next)
		if (!f->is_log && !f->dead && !f->behind &&
		    (!wants(f, change) || send(f, text.data, text.len)))
			f->after = change->id;
	suan_buf_done(&text);
}

void suan_feeds_check(struct suan_feeds *feeds)
{
	const struct suan_tokens *tokens = suan_api_tokens(feeds->api);
	int64_t now = suan_clock_now_ms();

	for (struct feed *f = feeds->first; f; f = f->next)
		f->dead = f->dead || !suan_tokens_alive(tokens, &f->who, now);
	sweep(feeds);
}

static void ping(void *ctx)
{
	struct suan_feeds *feeds = ctx;

	for (struct feed *f = feeds->first; f; f = f->next) {
		if (f->behind)
			pump(f);
		else if (!f->is_log)
			send(f, ": ping\n\n", 8);
	}
	suan_feeds_check(feeds);
	suan_timer_set(feeds->ping, PING_MS);
}

void suan_api_events(struct suan_api_call *c)
{
	const char *last = suan_http_header(c->req, "Last-Event-ID");
	uint64_t newest = suan_core_last_change(suan_api_config(c->api)->core), after = newest;
	int64_t job = 0, number = -1;
	char hello[64];
	struct feed *f;
	int n;

	if (!suan_api_number(c, "job", 1, INT64_MAX, &job) ||
	    !suan_api_number(c, "after", 0, INT64_MAX, &number))
		return;
	if (number >= 0)
		after = (uint64_t)number;
	if (last && suan_parse_u64(last, &after, NULL) != SUAN_OK)
		after = UINT64_MAX; /* not one of ours: a reset */
	f = open_feed(c, "text/event-stream");
	if (!f)
		return;
	f->job = (uint64_t)job;
	f->after = after;
	/* Who comes for the first time can resume here even if nothing happens meanwhile. */
	n = last || number >= 0 ? snprintf(hello, sizeof(hello), "retry: 1000\n\n")
				: snprintf(hello, sizeof(hello), "retry: 1000\nid: %llu\n\n",
					   (unsigned long long)newest);
	if (send(f, hello, (size_t)n))
		pump_events(f);
	suan_api_call_free(c, 200);
}

/* ---- logs ---- */

static enum suan_code read_piece(struct suan_api *api, struct feed *f, struct suan_buf *out,
				 bool *ret_ran, struct suan_err *err)
{
	const struct suan_api_config *config = suan_api_config(api);
	struct suan_order order;
	uint32_t site;
	enum suan_code rc;

	*ret_ran = suan_core_order(config->core, f->job, f->index, &order, &site);
	if (!*ret_ran)
		return SUAN_OK;
	rc = config->log(config->ctx, site, &order, &f->ask, out, err);
	return rc == SUAN_ENOTFOUND ? SUAN_OK : rc;
}

static bool task_over(struct suan_api *api, const struct feed *f)
{
	struct suan_task_view t;

	return !suan_engine_task(suan_api_engine(api), f->job, f->index, &t) ||
	       suan_state_final(t.state);
}

/* Sends what is new and has room; what has not is read again later. The state is read before the
 * file: what was written before the end is not missed. */
static void pump_log(struct feed *f)
{
	bool over = task_over(f->feeds->api, f), ran;
	struct suan_err err = {0};
	struct suan_buf piece;
	size_t n;

	f->behind = false;
	do {
		suan_buf_init(&piece, 0);
		if (read_piece(f->feeds->api, f, &piece, &ran, &err) != SUAN_OK)
			f->dead = true;
		n = piece.len;
		if (n && !f->dead && send(f, piece.data, n))
			f->ask.offset += n;
		suan_buf_done(&piece);
	} while (n == f->ask.max && !f->behind && !f->dead);
	if (over && !f->behind && !f->dead)
		f->finished = f->dead = true;
}

static void pump(struct feed *f)
{
	if (f->dead)
		return;
	if (f->is_log)
		pump_log(f);
	else
		pump_events(f);
}

static void poll(void *ctx)
{
	struct suan_feeds *feeds = ctx;
	bool any = false;

	for (struct feed *f = feeds->first; f; f = f->next) {
		if (!f->is_log || f->dead)
			continue;
		if (!f->behind)
			pump_log(f);
		any = true;
	}
	sweep(feeds);
	if (any)
		suan_timer_set(feeds->poll, LOG_POLL_MS);
}

static void send_once(struct suan_api_call *c, struct feed *ask)
{
	struct suan_err err = {0};
	struct suan_buf text;
	char headers[128];
	struct suan_task_view t;
	enum suan_code rc;
	bool ran;

	suan_buf_init(&text, 0);
	rc = read_piece(c->api, ask, &text, &ran, &err);
	if (rc != SUAN_OK) {
		suan_buf_done(&text);
		suan_api_problem(c, suan_api_status(rc), &err);
		return;
	}
	if (!suan_engine_task(suan_api_engine(c->api), ask->job, ask->index, &t))
		t.state = SUAN_PENDING;
	snprintf(headers, sizeof(headers), "Suan-Next-Offset: %llu\nSuan-State: %s\n",
		 (unsigned long long)(ask->ask.offset + text.len), suan_state_name(t.state));
	suan_api_send(c, 200, &text, headers);
}

/* The task of {id}; false: answered. */
static bool find_task(struct suan_api_call *c)
{
	struct suan_job_view job;
	struct suan_err err = {0};

	if (!suan_api_find_job(c, &job))
		return false;
	if (!job.is_array || c->element)
		return true;
	suan_fail_field(&err, SUAN_EINVAL, "id", "job %llu is an array: name an element, %llu_%u",
			(unsigned long long)c->job, (unsigned long long)c->job,
			suan_range_at(job.array, 0));
	suan_api_problem(c, 400, &err);
	return false;
}

void suan_api_logs(struct suan_api_call *c)
{
	static const char *const streams[] = {"stdout", "stderr", NULL};
	static const char *const no_yes[] = {"0", "1", NULL};
	int64_t offset = 0, limit = LOG_PIECE;
	unsigned stream = 0, go_on = 0;
	struct feed ask = {0}, *f;

	if (!find_task(c) || !suan_api_word(c, "stream", streams, &stream) ||
	    !suan_api_word(c, "follow", no_yes, &go_on) ||
	    !suan_api_number(c, "offset", 0, LOG_LARGEST, &offset) ||
	    !suan_api_number(c, "limit", 1, LOG_MOST, &limit))
		return;
	ask.job = c->job;
	ask.index = c->index;
	ask.ask = (struct suan_log_ask){.stream = stream ? SUAN_STDERR : SUAN_STDOUT,
					.offset = (uint64_t)offset,
					.max = (size_t)limit};
	if (!go_on) {
		send_once(c, &ask);
		return;
	}
	f = open_feed(c, "text/plain; charset=utf-8");
	if (!f)
		return;
	f->is_log = true;
	f->job = ask.job;
	f->index = ask.index;
	f->ask = ask.ask;
	f->ask.max = LOG_PIECE;
	suan_timer_set(f->feeds->poll, 0);
	suan_api_call_free(c, 200);
}

/* ---- opening ---- */

enum suan_code suan_feeds_new(struct suan_feeds **ret, struct suan_api *api, struct suan_err *err)
{
	struct suan_feeds *f = calloc(1, sizeof(*f));
	struct suan_loop *loop = suan_api_config(api)->loop;

	if (!f)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	f->api = api;
	if (suan_timer_new(&f->ping, loop, ping, f) != SUAN_OK ||
	    suan_timer_new(&f->poll, loop, poll, f) != SUAN_OK) {
		suan_feeds_free(f);
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	suan_timer_set(f->ping, PING_MS);
	*ret = f;
	return SUAN_OK;
}

void suan_feeds_close_all(struct suan_feeds *f)
{
	while (f && f->first)
		drop(f->first);
}

void suan_feeds_free(struct suan_feeds *f)
{
	if (!f)
		return;
	suan_feeds_close_all(f);
	suan_timer_free(f->ping);
	suan_timer_free(f->poll);
	free(f);
}
