/* Recovery = snapshot + replay. */
#include "core/core_impl.h"

#include <string.h>

#include "engine/record.h"

struct replay {
	struct suan_core *core;
	struct suan_arena arena;
	uint64_t count;
};

static enum suan_code replay_batch(void *ctx, uint64_t first_seq, uint32_t count, const void *bytes,
				   size_t n, struct suan_err *err)
{
	struct replay *r = ctx;
	struct suan_core *c = r->core;
	size_t pos = 0;

	(void)count;
	for (uint64_t seq = first_seq; pos < n; seq++) {
		struct suan_event ev;
		enum suan_code rc;

		suan_arena_reset(&r->arena);
		rc = suan_record_get(bytes, n, &pos, &r->arena, &ev, err);
		if (rc == SUAN_OK && ev.seq <= suan_engine_seq(c->engine))
			continue; /* in the snapshot already */
		if (rc == SUAN_OK)
			rc = suan_engine_step(c->engine, &ev, &c->fx, err);
		if (rc != SUAN_OK) {
			suan_err_prefix(err, "event %llu of the log", (unsigned long long)seq);
			return rc;
		}
		r->count++;
	}
	c->grown_bytes += n;
	return SUAN_OK;
}

static enum suan_code load_snapshot(struct suan_core *c, uint64_t *ret_seq, struct suan_err *err)
{
	struct suan_buf bytes;
	enum suan_code rc;

	*ret_seq = 0;
	suan_buf_init(&bytes, 0);
	rc = c->store->ops->snapshot_get(c->store, ret_seq, &bytes, err);
	if (rc == SUAN_OK) {
		rc = suan_engine_load(&c->engine, bytes.data, bytes.len, err);
		c->last_snapshot_bytes = bytes.len;
	} else if (rc == SUAN_ENOTFOUND) {
		c->engine = suan_engine_new();
		rc = c->engine ? SUAN_OK : suan_fail(err, SUAN_ENOMEM, "out of memory");
	}
	suan_buf_done(&bytes);
	return rc;
}

enum suan_code suan_core_recover(struct suan_core *c, struct suan_core_opened *opened,
				 struct suan_err *err)
{
	struct replay r = {.core = c};
	enum suan_code rc;

	suan_arena_init(&r.arena, 0);
	rc = load_snapshot(c, &opened->snapshot_seq, err);
	if (rc == SUAN_OK)
		rc = c->store->ops->replay(c->store, opened->snapshot_seq, replay_batch, &r, err);
	suan_arena_done(&r.arena);
	opened->replayed = r.count;
	opened->jobs = 0;
	for (int s = 0; rc == SUAN_OK && s < SUAN_NSTATES; s++)
		opened->jobs += suan_engine_job_count(c->engine, (enum suan_state)s);
	return rc;
}

enum suan_code suan_core_snapshot(struct suan_core *c, struct suan_err *err)
{
	struct suan_buf bytes;
	enum suan_code rc;

	suan_buf_init(&bytes, 0);
	rc = suan_engine_save(c->engine, &bytes, err);
	if (rc == SUAN_OK)
		rc = c->store->ops->snapshot_put(c->store, suan_engine_seq(c->engine), bytes.data,
						 bytes.len, err);
	if (rc == SUAN_OK) {
		c->grown_bytes = 0;
		c->last_snapshot_bytes = bytes.len;
		c->stats.snapshots++;
	}
	suan_buf_done(&bytes);
	return rc;
}
