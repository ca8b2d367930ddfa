/* What every store must do: one suite, each back end. */
#include "t_store.h"
#include "lib/oom.h"


static struct suan_store *fresh(const struct suan_store_ops *ops, struct folder *f)
{
	struct suan_store *s = NULL;
	struct suan_err err = {0};

	*f = folder_new();
	if (ops->open(&s, f->path, &err) != SUAN_OK)
		printf("# %s\n", err.text);
	return s;
}

static void drop(struct suan_store *s, const struct folder *f)
{
	s->ops->close(s);
	folder_drop(f);
}

static enum suan_code set(struct suan_store *s, const char *name, const void *bytes, size_t n)
{
	struct suan_store_value v = {.name = name, .bytes = bytes, .n = n};
	struct suan_store_batch b = {.values = &v, .nvalues = 1};

	return s->ops->commit(s, &b, NULL);
}

static const char *get(struct suan_store *s, const char *name, struct suan_buf *out)
{
	suan_buf_reset(out);
	if (s->ops->value_get(s, name, out, NULL) != SUAN_OK)
		return NULL;
	return suan_buf_str(out);
}

static void test_empty(const struct suan_store_ops *ops)
{
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct suan_store_batch nothing = {0};
	struct suan_buf out = {0};
	struct seen seen = {0};
	uint64_t seq = 7;

	ok(s && s->ops == ops, "%s: opens", ops->name);
	is_int(ops->last_seq(s), 0, "no records");
	is_int(ops->replay(s, 0, see, &seen, NULL), SUAN_OK, "replay of nothing");
	is_int(seen.batches, 0, "calls nothing");
	is_int(ops->snapshot_get(s, &seq, &out, NULL), SUAN_ENOTFOUND, "no snapshot");
	is_int(ops->value_get(s, "x", &out, NULL), SUAN_ENOTFOUND, "no value");
	is_int(ops->doc_get(s, 1, &out, NULL), SUAN_ENOTFOUND, "no document");
	is_int(ops->doc_get(s, UINT64_MAX, &out, NULL), SUAN_ENOTFOUND, "nor of the last job");
	ok(seq == 7 && out.len == 0, "outputs untouched");
	is_int(ops->trim(s, 0, NULL), SUAN_OK, "trim of nothing");
	is_int(ops->commit(s, &nothing, NULL), SUAN_OK, "commit of nothing");
	is_int(ops->last_seq(s), 0, "still no records");
	drop(s, &f);
	ops->close(NULL);
}

static enum suan_code stop_at_second(void *ctx, uint64_t first_seq, uint32_t count,
				     const void *bytes, size_t n, struct suan_err *err)
{
	uint32_t *calls = ctx;

	(void)bytes;
	(void)count;
	(void)n;
	if (++*calls < 2)
		return SUAN_OK;
	return suan_fail(err, SUAN_EREFUSED, "enough at %d", (int)first_seq);
}

static void test_log(const struct suan_store_ops *ops)
{
	static const struct {
		uint64_t after;
		uint32_t batches;
	} cases[] = {{0, 3}, {1, 2}, {2, 2}, {3, 2}, {4, 1}, {5, 0}, {6, 0}, {UINT64_MAX, 0}};
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct suan_err err = {0};
	uint32_t calls = 0;

	is_int(commit_records(s, 1, 10, NULL), SUAN_OK, "one record");
	is_int(commit_records(s, 3, 100, NULL), SUAN_OK, "three records");
	is_int(commit_records(s, 1, 0, NULL), SUAN_OK, "one more");
	is_int(ops->last_seq(s), 5, "five in all");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = {0};

		ok(ops->replay(s, cases[i].after, see, &seen, NULL) == SUAN_OK && !seen.bad &&
		   seen.batches == cases[i].batches, "%s: replay after %d", ops->name,
		   (int)cases[i].after);
		suan_buf_done(&seen.want);
	}
	is_int(ops->replay(s, 0, stop_at_second, &calls, &err), SUAN_EREFUSED, "a caller stops it");
	is_str(err.text, "enough at 2", "with its own words");
	is_int(calls, 2, "at once");
	ok(holds_records(s, 0, NULL), "and a replay after that is whole");
	drop(s, &f);
}

static void test_order(const struct suan_store_ops *ops)
{
	static const uint64_t wrong[] = {0, 1, 4, UINT64_MAX};
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct suan_store_value v = {.name = "touched", .bytes = "x", .n = 1};
	struct suan_store_batch b = {.count = 1, .bytes = "r", .n = 1, .values = &v, .nvalues = 1};
	struct suan_buf out = {0};
	struct suan_err err = {0};

	is_int(commit_records(s, 2, 10, NULL), SUAN_OK, "two records");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		b.first_seq = wrong[i];
		is_int(ops->commit(s, &b, &err), SUAN_ECONFLICT, "not the next record");
	}
	is_str(err.text, "batch begins at record 18446744073709551615; the next one is 3", "says");
	ok(!get(s, "touched", &out), "value of a refused batch is not there");
	b = (struct suan_store_batch){.bytes = "r", .n = 1};
	is_int(ops->commit(s, &b, NULL), SUAN_EINVAL, "bytes without records");
	b = (struct suan_store_batch){.first_seq = 3, .count = 1};
	is_int(ops->commit(s, &b, NULL), SUAN_OK, "a record without bytes");
	is_int(ops->last_seq(s), 3, "is counted");
	suan_buf_done(&out);
	drop(s, &f);
}

static void join_names(void *ctx, const char *name, const void *bytes, size_t n)
{
	(void)suan_buf_addf(ctx, "%s=%.*s,", name, (int)n, (const char *)bytes);
}

static const char *list(struct suan_store *s, const char *prefix, struct suan_buf *out)
{
	suan_buf_reset(out);
	if (s->ops->value_list(s, prefix, join_names, out, NULL) != SUAN_OK)
		return NULL;
	return suan_buf_str(out);
}

static void test_values(const struct suan_store_ops *ops)
{
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct suan_buf out = {0};
	struct suan_store_value v[] = {
		{"b", "1", 1}, {"a/\xc3\xa9", "2", 1}, {"a/1", "3", 1}, {"a", "4", 1},
		{"a/2", "5", 1}, {"a/2", "6", 1}, {"c", "7", 1}, {"c", NULL, 0}, {"A/1", "8", 1},
	};
	struct suan_store_batch b = {.values = v, .nvalues = sizeof(v) / sizeof(v[0])};

	is_int(ops->commit(s, &b, NULL), SUAN_OK, "values only");
	is_int(ops->last_seq(s), 0, "are no records");
	is_str(list(s, "", &out), "A/1=8,a=4,a/1=3,a/2=6,a/\xc3\xa9=2,b=1,", "all by name");
	is_str(list(s, "a/", &out), "a/1=3,a/2=6,a/\xc3\xa9=2,", "by prefix");
	is_str(list(s, "b", &out), "b=1,", "a whole name is a prefix");
	is_str(list(s, "zz", &out), "", "no such prefix");
	is_int(set(s, "a/1", "\0new", 4), SUAN_OK, "replace");
	ok(get(s, "a/1", &out) && out.len == 4 && memcmp(out.data, "\0new", 4) == 0, "bytes");
	is_int(set(s, "a/1", "", 0), SUAN_OK, "set to nothing");
	is_str(get(s, "a/1", &out), "", "is there and empty");
	is_int(set(s, "a/1", NULL, 0), SUAN_OK, "remove");
	ok(!get(s, "a/1", &out), "is gone");
	is_int(set(s, "a/1", NULL, 0), SUAN_OK, "remove again");
	suan_buf_done(&out);
	suan_buf_init(&out, 4);
	ok(suan_buf_adds(&out, "1234"), "a full buffer");
	is_int(ops->value_get(s, "b", &out, NULL), SUAN_ETOOBIG, "has no room");
	is_str(out.data, "1234", "and is untouched");
	suan_buf_done(&out);
	drop(s, &f);
}

static void test_names(const struct suan_store_ops *ops)
{
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct suan_buf out = {0};
	char name[SUAN_STORE_MAX_NAME + 2];

	memset(name, 'n', sizeof(name));
	name[SUAN_STORE_MAX_NAME + 1] = '\0';
	is_int(set(s, name, "x", 1), SUAN_EINVAL, "name too long");
	name[SUAN_STORE_MAX_NAME] = '\0';
	is_int(set(s, name, "x", 1), SUAN_OK, "longest name");
	is_str(get(s, name, &out), "x", "is found");
	is_int(set(s, "", "x", 1), SUAN_EINVAL, "empty name");
	is_int(set(s, NULL, "x", 1), SUAN_EINVAL, "no name");
	suan_buf_done(&out);
	drop(s, &f);
}

static void join_docs(void *ctx, uint64_t job, const void *bytes, size_t n)
{
	(void)suan_buf_addf(ctx, "%" PRIu64 "=%.*s,", job, (int)n, (const char *)bytes);
}

static const char *docs(struct suan_store *s, uint64_t before, uint32_t max, struct suan_buf *out)
{
	suan_buf_reset(out);
	if (s->ops->doc_list(s, before, max, join_docs, out, NULL) != SUAN_OK)
		return NULL;
	return suan_buf_str(out);
}

static void test_docs(const struct suan_store_ops *ops)
{
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct suan_buf out = {0};
	struct suan_store_doc d[] = {{5, "five", 4}, {2, "two", 3},   {9, "nine", 4},
				     {2, "zwei", 4}, {INT64_MAX, "", 0}};
	struct suan_store_batch b = {.docs = d, .ndocs = 5};

	is_int(ops->commit(s, &b, NULL), SUAN_OK, "documents");
	is_int(ops->doc_get(s, 2, &out, NULL), SUAN_OK, "one of them");
	is_str(suan_buf_str(&out), "zwei", "the later one of two");
	is_int(ops->doc_get(s, 3, &out, NULL), SUAN_ENOTFOUND, "none of job 3");
	is_str(docs(s, 0, 9, &out), "9223372036854775807=,9=nine,5=five,2=zwei,", "newest first");
	is_str(docs(s, INT64_MAX, 2, &out), "9=nine,5=five,", "before and at most");
	is_str(docs(s, 9, 9, &out), "5=five,2=zwei,", "before one that is there");
	is_str(docs(s, 4, 9, &out), "2=zwei,", "before one that is not");
	is_str(docs(s, 2, 9, &out), "", "before the first");
	is_str(docs(s, 1, 9, &out), "", "before all");
	is_str(docs(s, 0, 0, &out), "", "at most none");
	d[0].job = (uint64_t)INT64_MAX + 1;
	is_int(ops->commit(s, &b, NULL), SUAN_EINVAL, "job number too large");
	suan_buf_done(&out);
	drop(s, &f);
}

static void test_sizes(const struct suan_store_ops *ops)
{
	const size_t n = (size_t)SUAN_STORE_MAX_BYTES + 1;
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct suan_store_doc d = {1, "x", n};
	struct suan_store_batch b = {.first_seq = 1, .count = 1, .bytes = "x", .n = n};

	is_int(ops->commit(s, &b, NULL), SUAN_ETOOBIG, "batch too big");
	is_int(set(s, "v", "x", n), SUAN_ETOOBIG, "value too big");
	b = (struct suan_store_batch){.docs = &d, .ndocs = 1};
	is_int(ops->commit(s, &b, NULL), SUAN_ETOOBIG, "document too big");
	is_int(ops->snapshot_put(s, 0, "x", n, NULL), SUAN_ETOOBIG, "snapshot too big");
	is_int(commit_records(s, 1000, 20000, NULL), SUAN_OK, "20 MB are not");
	ok(holds_records(s, 0, NULL), "and come back");
	drop(s, &f);
}

static void test_snapshot(const struct suan_store_ops *ops)
{
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct suan_buf out = {0};
	uint64_t seq = 7;

	is_int(ops->snapshot_put(s, 1, "x", 1, NULL), SUAN_ECONFLICT, "of records not there");
	is_int(ops->snapshot_put(s, 0, "", 0, NULL), SUAN_OK, "of nothing");
	is_int(ops->snapshot_get(s, &seq, &out, NULL), SUAN_OK, "is there");
	ok(seq == 0 && out.len == 0, "and empty");
	for (int i = 0; i < 4; i++)
		is_int(commit_records(s, 2, 50, NULL), SUAN_OK, "two records");
	is_int(ops->snapshot_put(s, 5, "five\0!", 6, NULL), SUAN_OK, "of five");
	is_int(ops->snapshot_put(s, 4, "x", 1, NULL), SUAN_ECONFLICT, "older");
	ok(suan_buf_adds(&out, "+"), "something before it");
	is_int(ops->snapshot_get(s, &seq, &out, NULL), SUAN_OK, "get");
	ok(seq == 5 && out.len == 7 && memcmp(out.data, "+five\0!", 7) == 0, "appended");
	ok(holds_records(s, 0, NULL), "the log is whole");
	ok(holds_records(s, seq, NULL), "also after the snapshot");
	is_int(ops->snapshot_put(s, 5, "again", 5, NULL), SUAN_OK, "the same records again");
	suan_buf_reset(&out);
	is_int(ops->snapshot_get(s, &seq, &out, NULL), SUAN_OK, "get");
	is_str(suan_buf_str(&out), "again", "the later one");
	suan_buf_done(&out);
	drop(s, &f);
}

static void test_trim(const struct suan_store_ops *ops)
{
	struct folder f;
	struct suan_store *s = fresh(ops, &f);
	struct seen seen = {0};

	for (int i = 0; i < 4; i++)
		is_int(commit_records(s, 2, 50, NULL), SUAN_OK, "two records");
	is_int(ops->trim(s, 2, NULL), SUAN_ECONFLICT, "no snapshot, no trim");
	is_int(ops->snapshot_put(s, 5, "five", 4, NULL), SUAN_OK, "snapshot of five");
	is_int(ops->trim(s, 6, NULL), SUAN_ECONFLICT, "beyond the snapshot");
	is_int(ops->trim(s, 5, NULL), SUAN_OK, "trim");
	is_int(ops->replay(s, 0, see, &seen, NULL), SUAN_OK, "replay what is left");
	ok(seen.batches == 2 && !seen.bad && seen.next == 9, "a batch that reaches over stays");
	suan_buf_done(&seen.want);
	ok(holds_records(s, 5, NULL), "all after the snapshot");
	is_int(ops->snapshot_put(s, 8, "all", 3, NULL), SUAN_OK, "snapshot of all");
	is_int(ops->trim(s, 8, NULL), SUAN_OK, "trim all");
	seen = (struct seen){0};
	is_int(ops->replay(s, 0, see, &seen, NULL), SUAN_OK, "replay");
	is_int(seen.batches, 0, "nothing is left");
	is_int(ops->last_seq(s), 8, "the number goes on");
	is_int(commit_records(s, 2, 50, NULL), SUAN_OK, "two more");
	ok(holds_records(s, 8, NULL), "are there");
	drop(s, &f);
}

/* One operation that must do all or nothing when memory ends in it. */
static enum suan_code change(struct suan_store *s, bool snapshot)
{
	struct suan_store_value v[] = {{"a", "new", 3}, {"b", NULL, 0}, {"c", "c", 1}};
	struct suan_store_doc d[] = {{3, "three", 5}, {1, "eins", 4}};
	struct suan_store_batch b = {.first_seq = s->ops->last_seq(s) + 1, .count = 3,
				     .bytes = "abc", .n = 3, .values = v, .nvalues = 3,
				     .docs = d, .ndocs = 2};

	if (snapshot)
		return s->ops->snapshot_put(s, 1, "new snapshot", 12, NULL);
	return s->ops->commit(s, &b, NULL);
}

static bool prepare(struct suan_store *s)
{
	return commit_records(s, 1, 10, NULL) == SUAN_OK && set(s, "a", "old", 3) == SUAN_OK &&
	       set(s, "b", "B", 1) == SUAN_OK &&
	       s->ops->snapshot_put(s, 1, "old snapshot", 12, NULL) == SUAN_OK;
}

/* Whether the store is as prepare left it, or as change(snapshot) made it. */
static bool is_changed(struct suan_store *s, bool snapshot, bool changed)
{
	struct suan_buf out = {0};
	uint64_t seq;
	bool log = changed && !snapshot;
	bool good;

	good = s->ops->last_seq(s) == (log ? 4u : 1u) &&
	       strcmp(list(s, "", &out), log ? "a=new,c=c,last=1," : "a=old,b=B,last=1,") == 0 &&
	       strcmp(docs(s, 0, 9, &out), log ? "3=three,1=eins," : "1=1,") == 0;
	suan_buf_reset(&out);
	good = good && s->ops->snapshot_get(s, &seq, &out, NULL) == SUAN_OK &&
	       strcmp(out.data, changed && snapshot ? "new snapshot" : "old snapshot") == 0;
	suan_buf_done(&out);
	return good;
}

/* SQLite gets along without some allocations: then the change must have been made. */
static void test_no_memory(const struct suan_store_ops *ops, bool snapshot)
{
	int bad = 0;
	unsigned n;

	for (n = 1; oom_next(n); n++) {
		struct folder f;
		struct suan_store *s = fresh(ops, &f);
		enum suan_code rc;

		bad += !prepare(s);
		oom_arm(n);
		rc = change(s, snapshot);
		bad += !oom_disarm() && rc != SUAN_OK;
		bad += rc != SUAN_OK && rc != SUAN_ENOMEM;
		bad += !is_changed(s, snapshot, rc == SUAN_OK);
		if (rc != SUAN_OK)
			bad += change(s, snapshot) != SUAN_OK || !is_changed(s, snapshot, true);
		drop(s, &f);
	}
	ok(bad == 0 && (n > 2 || !oom_works()), "%s: %s with each of %u allocations failing",
	   ops->name, snapshot ? "snapshot" : "commit", n - 2);
}

static void test_no_memory_to_open(const struct suan_store_ops *ops)
{
	struct folder f = folder_new();
	int bad = 0;
	unsigned n;

	for (n = 1; oom_next(n); n++) {
		struct suan_store *s = NULL;
		enum suan_code rc;

		oom_arm(n);
		rc = ops->open(&s, f.path, NULL);
		bad += !oom_disarm() && rc != SUAN_OK;
		bad += rc == SUAN_OK ? !s : (rc != SUAN_ENOMEM || s != NULL);
		ops->close(s);
	}
	ok(bad == 0 && (n > 2 || !oom_works()), "%s: open with each of %u allocations failing",
	   ops->name, n - 2);
	folder_drop(&f);
}

static void conform(const struct suan_store_ops *ops)
{
	test_empty(ops);
	test_log(ops);
	test_order(ops);
	test_values(ops);
	test_names(ops);
	test_docs(ops);
	test_sizes(ops);
	test_snapshot(ops);
	test_trim(ops);
	test_no_memory(ops, false);
	test_no_memory(ops, true);
	test_no_memory_to_open(ops);
}

int main(void)
{
	ok(suan_store_find("memory") == &suan_store_memory, "memory");
	ok(suan_store_find("sqlite") == &suan_store_sqlite, "sqlite");
	ok(!suan_store_find("stone"), "no stone");
	conform(&suan_store_memory);
	conform(&suan_store_sqlite);
	return tap_done();
}
