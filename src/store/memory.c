/* A store that ends with its process: for tests, simulation and trying things out. */
#include "store/store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "store/check.h"

struct batch {
	uint64_t first_seq;
	uint32_t count;
	void *bytes;	/* owned */
	size_t n;
};

struct item {		/* a value has a name, a document has a job */
	uint64_t job;
	char *name;	/* owned; NULL: document */
	void *bytes;	/* owned; NULL: to be removed */
	size_t n;
};

struct table {		/* sorted by job, then name */
	struct item *list;
	size_t count, cap;
};

struct memory {
	struct suan_store base;
	struct suan_store_mark mark;
	struct batch *log;
	size_t nlog, log_cap;
	bool has_snapshot;
	void *snapshot;
	size_t snapshot_n;
	struct table values, docs;
};

static struct memory *memory(struct suan_store *s)
{
	assert(s && s->ops == &suan_store_memory);
	return (struct memory *)s;
}

static enum suan_code no_memory(struct suan_err *err)
{
	return suan_fail(err, SUAN_ENOMEM, "out of memory in the store");
}

static void *copy(const void *bytes, size_t n)
{
	void *p = malloc(n ? n : 1);

	if (p && n)
		memcpy(p, bytes, n);
	return p;
}

static void item_done(struct item *it)
{
	free(it->name);
	free(it->bytes);
}

static void table_done(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		item_done(&t->list[i]);
	free(t->list);
}

static int compare(const struct item *it, uint64_t job, const char *name)
{
	if (it->job != job)
		return it->job < job ? -1 : 1;
	return it->name && name ? strcmp(it->name, name) : 0;
}

/* Position of the first item that is not before (job, name). */
static size_t table_seek(const struct table *t, uint64_t job, const char *name)
{
	size_t lo = 0, hi = t->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare(&t->list[mid], job, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct item *table_find(const struct table *t, uint64_t job, const char *name)
{
	size_t i = table_seek(t, job, name);

	return i < t->count && compare(&t->list[i], job, name) == 0 ? &t->list[i] : NULL;
}

/* Takes over *it; there is room. */
static void table_put(struct table *t, struct item *it)
{
	size_t i = table_seek(t, it->job, it->name);
	bool found = i < t->count && compare(&t->list[i], it->job, it->name) == 0;
	size_t behind = (t->count - i) * sizeof(*t->list);

	if (found) {
		item_done(&t->list[i]);
	} else if (it->bytes) {
		memmove(&t->list[i + 1], &t->list[i], behind);
		t->count++;
	}
	if (it->bytes) {
		t->list[i] = *it;
	} else {
		item_done(it);
		if (found) {
			memmove(&t->list[i], &t->list[i + 1], behind - sizeof(*t->list));
			t->count--;
		}
	}
	*it = (struct item){0};
}

/* Everything of a batch that needs memory, made before anything changes. */
struct change {
	void *bytes;
	struct item *items;	/* values, then documents */
	size_t nvalues, count;
};

static void change_done(struct change *c)
{
	for (size_t i = 0; i < c->count; i++)
		item_done(&c->items[i]);
	free(c->items);
	free(c->bytes);
}

static bool change_make(struct change *c, const struct suan_store_batch *b)
{
	size_t n = (size_t)b->nvalues + b->ndocs;

	if (b->count) {
		c->bytes = copy(b->bytes, b->n);
		if (!c->bytes)
			return false;
	}
	c->items = calloc(n ? n : 1, sizeof(*c->items));
	if (!c->items)
		return false;
	c->nvalues = b->nvalues;
	c->count = n;
	for (size_t i = 0; i < b->nvalues; i++) {
		const struct suan_store_value *v = &b->values[i];

		c->items[i].name = strdup(v->name);
		c->items[i].bytes = v->bytes ? copy(v->bytes, v->n) : NULL;
		c->items[i].n = v->n;
		if (!c->items[i].name || !c->items[i].bytes != !v->bytes)
			return false;
	}
	for (size_t i = 0; i < b->ndocs; i++) {
		struct item *it = &c->items[b->nvalues + i];

		it->job = b->docs[i].job;
		it->n = b->docs[i].n;
		it->bytes = copy(b->docs[i].bytes, it->n);
		if (!it->bytes)
			return false;
	}
	return true;
}

static bool reserve(struct memory *m, const struct suan_store_batch *b)
{
	return suan_grow(&m->log, &m->log_cap, m->nlog + 1, sizeof(*m->log)) == SUAN_OK &&
	       suan_grow(&m->values.list, &m->values.cap, m->values.count + b->nvalues,
			 sizeof(*m->values.list)) == SUAN_OK &&
	       suan_grow(&m->docs.list, &m->docs.cap, m->docs.count + b->ndocs,
			 sizeof(*m->docs.list)) == SUAN_OK;
}

static enum suan_code memory_commit(struct suan_store *s, const struct suan_store_batch *batch,
				    struct suan_err *err)
{
	struct memory *m = memory(s);
	struct change c = {0};
	enum suan_code rc;

	rc = suan_store_check_batch(batch, &m->mark, err);
	if (rc != SUAN_OK)
		return rc;
	if (!change_make(&c, batch) || !reserve(m, batch)) {
		change_done(&c);
		return no_memory(err);
	}
	if (batch->count) {
		m->log[m->nlog++] = (struct batch){.first_seq = batch->first_seq,
						   .count = batch->count,
						   .bytes = c.bytes,
						   .n = batch->n};
		m->mark.last_seq += batch->count;
		c.bytes = NULL;
	}
	for (size_t i = 0; i < c.count; i++)
		table_put(i < c.nvalues ? &m->values : &m->docs, &c.items[i]);
	change_done(&c);
	return SUAN_OK;
}

static enum suan_code memory_open_read(struct suan_store **ret, const char *location,
				       struct suan_err *err)
{
	(void)ret;
	(void)location;
	return suan_fail(err, SUAN_ENOTFOUND, "a store in memory ends with its process");
}

static enum suan_code memory_open(struct suan_store **ret, const char *location,
				  struct suan_err *err)
{
	struct memory *m = calloc(1, sizeof(*m));

	(void)location;
	if (!m)
		return no_memory(err);
	m->base.ops = &suan_store_memory;
	*ret = &m->base;
	return SUAN_OK;
}

static void memory_close(struct suan_store *s)
{
	struct memory *m;

	if (!s)
		return;
	m = memory(s);
	for (size_t i = 0; i < m->nlog; i++)
		free(m->log[i].bytes);
	free(m->log);
	free(m->snapshot);
	table_done(&m->values);
	table_done(&m->docs);
	free(m);
}

static uint64_t memory_last_seq(struct suan_store *s)
{
	return memory(s)->mark.last_seq;
}

static enum suan_code memory_replay(struct suan_store *s, uint64_t after_seq,
				    enum suan_code (*fn)(void *ctx, uint64_t first_seq,
							 uint32_t count, const void *bytes,
							 size_t n, struct suan_err *err),
				    void *ctx, struct suan_err *err)
{
	struct memory *m = memory(s);
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; rc == SUAN_OK && i < m->nlog; i++) {
		const struct batch *b = &m->log[i];

		if (b->first_seq + b->count - 1 > after_seq)
			rc = fn(ctx, b->first_seq, b->count, b->bytes, b->n, err);
	}
	return rc;
}

static enum suan_code memory_snapshot_put(struct suan_store *s, uint64_t seq, const void *bytes,
					  size_t n, struct suan_err *err)
{
	struct memory *m = memory(s);
	enum suan_code rc = suan_store_check_snapshot(seq, n, &m->mark, err);
	void *p;

	if (rc != SUAN_OK)
		return rc;
	p = copy(bytes, n);
	if (!p)
		return no_memory(err);
	free(m->snapshot);
	m->snapshot = p;
	m->snapshot_n = n;
	m->has_snapshot = true;
	m->mark.snapshot_seq = seq;
	return SUAN_OK;
}

static enum suan_code memory_snapshot_get(struct suan_store *s, uint64_t *ret_seq,
					  struct suan_buf *out, struct suan_err *err)
{
	struct memory *m = memory(s);
	enum suan_code rc;

	if (!m->has_snapshot)
		return suan_fail(err, SUAN_ENOTFOUND, "the store has no snapshot");
	rc = suan_store_give(out, m->snapshot, m->snapshot_n, err);
	if (rc == SUAN_OK)
		*ret_seq = m->mark.snapshot_seq;
	return rc;
}

static enum suan_code memory_trim(struct suan_store *s, uint64_t seq, struct suan_err *err)
{
	struct memory *m = memory(s);
	enum suan_code rc = suan_store_check_trim(seq, &m->mark, err);
	size_t n = 0;

	if (rc != SUAN_OK)
		return rc;
	while (n < m->nlog && m->log[n].first_seq + m->log[n].count - 1 <= seq)
		free(m->log[n++].bytes);
	m->nlog -= n;
	if (n && m->nlog)
		memmove(m->log, m->log + n, m->nlog * sizeof(*m->log));
	return SUAN_OK;
}

static enum suan_code memory_value_get(struct suan_store *s, const char *name,
				       struct suan_buf *out, struct suan_err *err)
{
	const struct item *it = table_find(&memory(s)->values, 0, name);

	if (!it)
		return suan_fail(err, SUAN_ENOTFOUND, "no value \"%s\"", name);
	return suan_store_give(out, it->bytes, it->n, err);
}

static enum suan_code memory_value_list(struct suan_store *s, const char *prefix,
					void (*fn)(void *ctx, const char *name, const void *bytes,
						   size_t n),
					void *ctx, struct suan_err *err)
{
	const struct table *t = &memory(s)->values;
	size_t len = strlen(prefix);

	(void)err;
	for (size_t i = table_seek(t, 0, prefix); i < t->count; i++) {
		if (strncmp(t->list[i].name, prefix, len) != 0)
			break;
		fn(ctx, t->list[i].name, t->list[i].bytes, t->list[i].n);
	}
	return SUAN_OK;
}

static enum suan_code memory_doc_get(struct suan_store *s, uint64_t job, struct suan_buf *out,
				     struct suan_err *err)
{
	const struct item *it = table_find(&memory(s)->docs, job, NULL);

	if (!it)
		return suan_fail(err, SUAN_ENOTFOUND, "no document of job %" PRIu64, job);
	return suan_store_give(out, it->bytes, it->n, err);
}

static enum suan_code memory_doc_list(struct suan_store *s, uint64_t before, uint32_t max,
				      void (*fn)(void *ctx, uint64_t job, const void *bytes,
						 size_t n),
				      void *ctx, struct suan_err *err)
{
	const struct table *t = &memory(s)->docs;
	size_t i = before ? table_seek(t, before, NULL) : t->count;

	(void)err;
	for (; i > 0 && max > 0; max--) {
		i--;
		fn(ctx, t->list[i].job, t->list[i].bytes, t->list[i].n);
	}
	return SUAN_OK;
}

const struct suan_store_ops suan_store_memory = {
	.name = "memory",
	.open = memory_open,
	.open_read = memory_open_read,
	.close = memory_close,
	.commit = memory_commit,
	.last_seq = memory_last_seq,
	.replay = memory_replay,
	.snapshot_put = memory_snapshot_put,
	.snapshot_get = memory_snapshot_get,
	.trim = memory_trim,
	.value_get = memory_value_get,
	.value_list = memory_value_list,
	.doc_get = memory_doc_get,
	.doc_list = memory_doc_list,
};
