/* Data sets, their copies and transfers as JSON. */
#include "base/num.h"
#include "core/doc.h"

static const char *site_name(const struct suan_engine *e, uint32_t site)
{
	struct suan_site_view s;

	return site != SUAN_NO_POOL && suan_engine_site(e, site, &s) ? s.spec->name : NULL;
}

static const char *replica_state(enum suan_replica_state s)
{
	switch (s) {
	case SUAN_REPLICA_COPYING:
		return "COPYING";
	case SUAN_REPLICA_COMPLETE:
		return "COMPLETE";
	case SUAN_REPLICA_LOST:
		return "LOST";
	}
	return "LOST";
}

/* Bytes a second since it began; 0 = nothing can be said yet. */
static uint64_t rate_of(const struct suan_transfer_view *t, int64_t now_ms)
{
	uint64_t took = t->running && now_ms > t->begin_ms ? (uint64_t)(now_ms - t->begin_ms) : 0;
	uint64_t milli;

	if (took == 0)
		return 0;
	return suan_mul_u64(t->done_bytes, 1000, &milli) ? milli / took
							 : t->done_bytes / took * 1000;
}

/* By the rate so far; else as planned; 0 = nobody can say. */
static int64_t expected(const struct suan_transfer_view *t, uint64_t rate, int64_t now_ms)
{
	uint64_t left = t->bytes > t->done_bytes ? t->bytes - t->done_bytes : 0;
	uint64_t milli;

	if (rate > 0 && t->bytes > 0 && suan_mul_u64(left, 1000, &milli) &&
	    milli / rate < INT64_MAX)
		return suan_sat_add(now_ms, (int64_t)(milli / rate));
	return t->end_ms == SUAN_FOREVER ? 0 : t->end_ms;
}

void suan_doc_transfer(const struct suan_engine *e, const struct suan_transfer_view *t,
		       struct suan_jsonw *w)
{
	int64_t now_ms = suan_engine_now(e);
	uint64_t rate = rate_of(t, now_ms);
	struct suan_data_view d;
	bool known = suan_engine_data_set(e, t->data, &d);
	bool import = t->from == SUAN_NO_POOL && (t->running || (known && d.complete == 0));

	suan_jsonw_i64(w, "id", t->id);
	suan_jsonw_str(w, "data", known ? d.name : NULL);
	suan_jsonw_str(w, "kind", import ? "import" : t->from == t->to ? "check" : "copy");
	suan_jsonw_str(w, "from", site_name(e, t->from));
	suan_jsonw_str(w, "to", site_name(e, t->to));
	suan_jsonw_str(w, "state", t->running ? "RUNNING" : "WAITING");
	suan_jsonw_i64(w, "bytes", (int64_t)t->bytes);
	suan_jsonw_i64(w, "done", (int64_t)t->done_bytes);
	suan_jsonw_time(w, "made", t->made_ms);
	suan_jsonw_time(w, "begin", t->begin_ms == SUAN_FOREVER ? 0 : t->begin_ms);
	suan_jsonw_time(w, "end", t->end_ms == SUAN_FOREVER ? 0 : t->end_ms);
	suan_jsonw_time(w, "eta", expected(t, rate, now_ms));
	suan_jsonw_i64(w, "rate", (int64_t)rate);
	suan_jsonw_i64(w, "mbit", (int64_t)t->mbit);
	suan_jsonw_i64(w, "attempt", t->attempt);
	suan_jsonw_i64(w, "failures", t->failures);
	suan_jsonw_str(w, "text", known && t->failures ? d.text : "");
}

static void put_replica(const struct suan_engine *e, const struct suan_replica_view *r,
			struct suan_jsonw *w)
{
	struct suan_transfer_view t;

	suan_jsonw_open(w, NULL, '{');
	suan_jsonw_str(w, "site", site_name(e, r->site));
	suan_jsonw_str(w, "state", replica_state(r->state));
	suan_jsonw_bool(w, "kept", r->kept);
	suan_jsonw_i64(w, "runs", r->runs);
	suan_jsonw_time(w, "used", r->used_ms);
	suan_jsonw_time(w, "checked", r->checked_ms);
	if (r->transfer && suan_engine_transfer(e, r->transfer, &t)) {
		suan_jsonw_open(w, "transfer", '{');
		suan_doc_transfer(e, &t, w);
		suan_jsonw_close(w, '}');
	} else {
		suan_jsonw_null(w, "transfer");
	}
	suan_jsonw_close(w, '}');
}

/* The best that one of the copies is. */
static const char *state_of(const struct suan_engine *e, const struct suan_data_view *d)
{
	struct suan_replica_view r;

	if (d->complete > 0)
		return "READY";
	for (uint32_t i = 0; suan_engine_replica(e, d->id, i, &r); i++)
		if (r.state == SUAN_REPLICA_COPYING)
			return "COPYING";
	return "LOST";
}

void suan_doc_data(const struct suan_engine *e, const struct suan_data_view *d,
		   struct suan_jsonw *w)
{
	struct suan_replica_view r;

	suan_jsonw_i64(w, "id", d->id);
	suan_jsonw_str(w, "name", d->name);
	suan_jsonw_str(w, "state", state_of(e, d));
	suan_jsonw_str(w, "owner", d->owner);
	suan_jsonw_str(w, "account", d->account);
	suan_jsonw_str(w, "source", d->source);
	suan_jsonw_str(w, "sha256", d->sha256[0] ? d->sha256 : NULL);
	suan_jsonw_i64(w, "bytes", (int64_t)d->bytes);
	suan_jsonw_i64(w, "files", (int64_t)d->files);
	suan_jsonw_time(w, "made", d->made_ms);
	suan_jsonw_time(w, "expires", d->expires_ms);
	suan_doc_names(w, "sites", &d->sites);
	suan_doc_names(w, "hubs", &d->hubs);
	suan_doc_names(w, "users", &d->users);
	suan_doc_names(w, "accounts", &d->accounts);
	suan_jsonw_i64(w, "copies", d->copies);
	suan_jsonw_i64(w, "complete", d->complete);
	suan_jsonw_str(w, "text", d->text);
	suan_jsonw_open(w, "replicas", '[');
	for (uint32_t i = 0; suan_engine_replica(e, d->id, i, &r); i++)
		put_replica(e, &r, w);
	suan_jsonw_close(w, ']');
}
