#include "api/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "base/num.h"
#include "sys/clock.h"

#define PING_MS	    15000
#define LOG_POLL_MS 200
#define LOG_PIECE   (256u << 10)
#define LOG_MOST    (16u << 20)

struct feed {
	struct suan_feeds *feeds;
	uint64_t number; /* never used again */
	struct feed *prev, *next;
	struct suan_http_stream *stream;
	uint64_t job; /* events: only of this job, 0 = all; logs: of this task */
	bool is_log, dead;
	uint32_t index;
	struct suan_log_ask ask; /* logs: where we are */
};

struct suan_feeds {
	struct suan_api *api;
	struct suan_timer *ping, *poll;
	struct feed *first;
	uint64_t numbers;
};

/* ---- life ---- */

static void drop(struct feed *f)
{
	if (f->prev)
		f->prev->next = f->next;
	else
		f->feeds->first = f->next;
	if (f->next)
		f->next->prev = f->prev;
	suan_http_stream_close(f->stream);
	free(f);
}

/* On the loop's thread. The feed may have been dropped already: then it is no longer in the list.
 */
struct gone {
	struct suan_feeds *feeds;
	uint64_t number;
};

static void gone_here(void *ctx)
{
	struct gone *g = ctx;

	for (struct feed *f = g->feeds->first; f; f = f->next) {
		if (f->number == g->number) {
			drop(f);
			break;
		}
	}
	free(g);
}

/* On a server thread. */
static void client_gone(void *ctx)
{
	struct feed *f = ctx;
	struct gone *g = malloc(sizeof(*g));

	if (!g)
		return; /* sending will fail and drop it */
	*g = (struct gone){f->feeds, f->number};
	if (suan_loop_post(suan_api_config(f->feeds->api)->loop, gone_here, g) != SUAN_OK)
		free(g);
}

static bool send(struct feed *f, const void *bytes, size_t n)
{
	if (suan_http_stream_send(f->stream, bytes, n) == SUAN_OK)
		return true;
	f->dead = true; /* the reader is too slow or gone */
	return false;
}

static void sweep(struct suan_feeds *feeds)
{
	struct feed *next;

	for (struct feed *f = feeds->first; f; f = next) {
		next = f->next;
		if (f->dead)
			drop(f);
	}
}

static struct feed *open_feed(struct suan_api_call *c, const char *type)
{
	struct suan_feeds *feeds = suan_api_feeds(c->api);
	struct feed *f = calloc(1, sizeof(*f));
	struct suan_err err = {0};
	enum suan_code rc = SUAN_ENOMEM;

	if (f) {
		f->feeds = feeds;
		f->number = ++feeds->numbers;
		rc = suan_http_stream_open(c->req, type, client_gone, f, &f->stream);
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

void suan_feeds_changed(struct suan_feeds *feeds, const struct suan_change *change)
{
	struct suan_buf text;

	if (!feeds->first)
		return;
	suan_buf_init(&text, 0);
	format_change(change, &text);
	for (struct feed *f = feeds->first; f; f = f->next)
		if (!f->is_log && !f->dead && (!f->job || f->job == change->job))
			send(f, text.data, text.len);
	suan_buf_done(&text);
}

static void ping(void *ctx)
{
	struct suan_feeds *feeds = ctx;

	for (struct feed *f = feeds->first; f; f = f->next)
		if (!f->is_log)
			send(f, ": ping\n\n", 8);
	sweep(feeds);
	suan_timer_set(feeds->ping, PING_MS);
}

/* What happened after the last event that the client saw. */
static void catch_up(struct feed *f, struct suan_core *core, uint64_t after)
{
	struct suan_change ch;
	struct suan_buf text;
	bool gap;

	suan_buf_init(&text, 0);
	while (suan_core_next_change(core, after, &ch, &gap)) {
		if (gap)
			suan_buf_adds(&text, "event: reset\ndata: {}\n\n");
		if (!f->job || f->job == ch.job)
			format_change(&ch, &text);
		after = ch.id;
	}
	if (text.len)
		send(f, text.data, text.len);
	suan_buf_done(&text);
}

void suan_api_events(struct suan_api_call *c)
{
	const char *last = suan_http_header(c->req, "Last-Event-ID");
	struct suan_core *core = suan_api_config(c->api)->core;
	int64_t job = 0, after = -1;
	struct suan_err err = {0};
	uint64_t id;
	struct feed *f;

	if (!suan_api_number(c, "job", INT64_MAX, &job) ||
	    !suan_api_number(c, "after", INT64_MAX, &after))
		return;
	if (last && suan_parse_u64(last, &id, &err) == SUAN_OK && id <= INT64_MAX)
		after = (int64_t)id;
	f = open_feed(c, "text/event-stream");
	if (!f)
		return;
	f->job = (uint64_t)job;
	send(f, "retry: 1000\n\n", 13);
	if (after >= 0)
		catch_up(f, core, (uint64_t)after);
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

/* Sends what is new. The state is read before the file: what was written before the end is not
 * missed. */
static void follow(struct suan_feeds *feeds, struct feed *f)
{
	bool over = task_over(feeds->api, f), ran;
	struct suan_err err = {0};
	struct suan_buf piece;
	size_t n;

	do {
		suan_buf_init(&piece, 0);
		if (read_piece(feeds->api, f, &piece, &ran, &err) != SUAN_OK)
			f->dead = true;
		n = piece.len;
		f->ask.offset += n;
		if (n)
			send(f, piece.data, n);
		suan_buf_done(&piece);
	} while (n == f->ask.max && !f->dead);
	if (over)
		f->dead = true;
}

static void poll(void *ctx)
{
	struct suan_feeds *feeds = ctx;
	bool any = false;

	for (struct feed *f = feeds->first; f; f = f->next) {
		if (f->is_log && !f->dead) {
			follow(feeds, f);
			any = true;
		}
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

void suan_api_logs(struct suan_api_call *c)
{
	const char *stream = suan_http_query(c->req, "stream");
	const char *go_on = suan_http_query(c->req, "follow");
	int64_t offset = 0, limit = LOG_PIECE;
	struct suan_job_view job;
	struct suan_err err = {0};
	struct feed ask = {0}, *f;

	if (!suan_api_find_job(c, &job))
		return;
	if (job.is_array && !c->element) {
		suan_fail_field(&err, SUAN_EINVAL, "id",
				"job %llu is an array: name an element, %llu_%u",
				(unsigned long long)c->job, (unsigned long long)c->job,
				suan_range_at(job.array, 0));
		suan_api_problem(c, 400, &err);
		return;
	}
	if (stream && strcmp(stream, "stdout") != 0 && strcmp(stream, "stderr") != 0) {
		suan_fail_field(&err, SUAN_EINVAL, "stream",
				"expected stdout or stderr, found \"%.40s\"", stream);
		suan_api_problem(c, 400, &err);
		return;
	}
	if (!suan_api_number(c, "offset", INT64_MAX, &offset) ||
	    !suan_api_number(c, "limit", LOG_MOST, &limit))
		return;
	ask.job = c->job;
	ask.index = c->index;
	ask.ask = (struct suan_log_ask){.offset = (uint64_t)offset, .max = (size_t)limit};
	if (stream && strcmp(stream, "stderr") == 0)
		ask.ask.stream = SUAN_STDERR;
	if (!go_on || strcmp(go_on, "0") == 0) {
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
