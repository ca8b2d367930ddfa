/* Files from and to HTTP servers. */
#include <string.h>

#include "agent/copy_inside.h"

struct pull {
	struct suan_copy_job *job;
	const struct suan_copy_from *f;
	struct suan_copy_part *p;
	uint64_t from;	   /* first byte that was asked for */
	bool other;	   /* what is there now does not go on from the part */
	enum suan_code rc; /* of a callback */
};

static bool take_head(void *ctx, const struct suan_http_answer *a)
{
	struct pull *x = ctx;
	struct suan_copy_part *p = x->p;

	if (a->from != x->from && a->from != 0) {
		x->other = true;
		return false;
	}
	if (a->from > 0) {
		x->other = a->from != p->done ||
			   (a->total != UINT64_MAX && a->total != p->j.total) ||
			   (a->version[0] && strcmp(a->version, p->j.version) != 0);
		if (!x->other)
			x->rc = suan_copy_begin(x->job, p, x->f, p->j.version, p->j.total);
		return !x->other && x->rc == SUAN_OK;
	}
	/* The whole from its first byte, whatever the part holds. */
	p->done = 0;
	x->rc = suan_copy_begin(x->job, p, x->f, a->version, a->total);
	return x->rc == SUAN_OK;
}

static bool take_body(void *ctx, const void *bytes, size_t n)
{
	struct pull *x = ctx;

	x->rc = suan_copy_take(x->job, x->p, bytes, n);
	return x->rc == SUAN_OK;
}

static enum suan_code ask(struct pull *x, struct suan_http_answer *a)
{
	struct suan_copy_job *job = x->job;
	struct suan_http_get get = {.url = x->f->where,
				    .token = job->token,
				    .from = x->from,
				    .if_range = x->p->j.version,
				    .piece_bytes = suan_copy_piece(job),
				    .stall_ms = job->setup->stall_ms,
				    .cancel = &job->item.cancel,
				    .head = take_head,
				    .body = take_body,
				    .ctx = x};
	struct suan_err err = {0};
	enum suan_code rc;

	x->rc = SUAN_OK;
	x->other = false;
	rc = suan_http_fetch(job->fetcher, &get, a, &err);
	if (x->rc != SUAN_OK)
		return x->rc;
	if (rc == SUAN_ECONFLICT && x->from > 0) /* no such byte: it has become shorter */
		x->other = true;
	if (x->other)
		return SUAN_ECONFLICT;
	job->retry_after_ms = a->retry_after_s * 1000;
	if (rc != SUAN_OK)
		job->err = err;
	return rc;
}

enum suan_code suan_copy_pull_http(struct suan_copy_job *job, const struct suan_copy_from *f,
				   struct suan_copy_part *p)
{
	struct pull x = {.job = job, .f = f, .p = p};
	struct suan_http_answer a;
	enum suan_code rc = suan_copy_fetcher(job);

	if (rc != SUAN_OK)
		return rc;
	if (p->done > 0 && (p->j.version[0] || f->want[0]))
		x.from = p->done;
	if (x.from > 0 && p->j.total == x.from) /* only its end was missing */
		return suan_copy_begin(job, p, f, p->j.version, p->j.total);
	atomic_store(&job->done, job->base + x.from);
	rc = ask(&x, &a);
	if (x.other) {
		x.from = 0;
		rc = ask(&x, &a);
	}
	if (x.other)
		rc = suan_copy_fail(job, SUAN_COPY_TRANSIENT, SUAN_EIO,
				    "%.300s: the server sent another part than it was asked for",
				    f->where);
	if (rc == SUAN_OK && p->j.total != UINT64_MAX && p->done != p->j.total)
		rc = suan_copy_fail(job, SUAN_COPY_TRANSIENT, SUAN_EUNREACHABLE,
				    "%.300s: the answer ended early", f->where);
	return rc;
}

/* ---- sending ---- */

struct push {
	struct suan_copy_feed feed;
	enum suan_code rc;
};

static bool give(void *ctx, void *bytes, size_t n, size_t *ret_n)
{
	struct push *x = ctx;

	x->rc = suan_copy_next(&x->feed, bytes, n, ret_n);
	return x->rc == SUAN_OK;
}

enum suan_code suan_copy_send_http(struct suan_copy_job *job, int fd, uint64_t total,
				   const char *url, char hex[65])
{
	struct push x = {.feed = {.job = job, .fd = fd}};
	struct suan_http_put put = {.url = url,
				    .token = job->token,
				    .total = total,
				    .piece_bytes = suan_copy_piece(job),
				    .stall_ms = job->setup->stall_ms,
				    .cancel = &job->item.cancel,
				    .read = give,
				    .ctx = &x};
	struct suan_http_answer a;
	struct suan_err err = {0};
	enum suan_code rc = suan_copy_fetcher(job);

	if (rc != SUAN_OK)
		return rc;
	suan_sha256_init(&x.feed.sha);
	rc = suan_http_send(job->fetcher, &put, &a, &err);
	if (x.rc != SUAN_OK)
		return x.rc;
	job->retry_after_ms = a.retry_after_s * 1000;
	job->at_target = rc != SUAN_OK;
	if (rc != SUAN_OK)
		job->err = err;
	else
		suan_sha256_hex(&x.feed.sha, hex);
	return rc;
}
