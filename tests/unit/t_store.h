/* What the tests of the stores share: folders of their own, batches whose contents follow from
 * their numbers, and the check that a store holds exactly those. */
#ifndef SUAN_TESTS_T_STORE_H
#define SUAN_TESTS_T_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/tap.h"

#include "store/store.h"
#include "sys/fs.h"

struct folder {
	char path[128];
};

static inline struct folder folder_new(void)
{
	struct folder f;
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(f.path, sizeof(f.path), "%s/suan-store-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(f.path))
		f.path[0] = '\0';
	return f;
}

static inline void folder_drop(const struct folder *f)
{
	if (suan_fs_remove_tree(f->path, NULL) != SUAN_OK)
		printf("# %s is left behind\n", f->path);
}

struct file_path {
	char text[400];
};

static inline struct file_path in(const char *folder, const char *name)
{
	struct file_path p;

	(void)snprintf(p.text, sizeof(p.text), "%.200s/%.60s", folder, name);
	return p;
}

/* Records first … first + count − 1 of pad bytes and their number. */
static inline void make_records(struct suan_buf *out, uint64_t first, uint32_t count, size_t pad)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

	suan_buf_reset(out);
	for (uint32_t i = 0; i < count; i++) {
		(void)suan_buf_add_u64(out, first + i);
		(void)suan_buf_addc(out, ':');
		for (size_t k = 0; k < pad; k += 26)
			(void)suan_buf_add(out, letters + (first + i) % 26,
					   pad - k < 26 ? pad - k : 26);
	}
}

/* Commits them with the value "last", which says where the log ends, and a document. */
static inline enum suan_code commit_records(struct suan_store *s, uint32_t count, size_t pad,
					    struct suan_err *err)
{
	struct suan_buf bytes = {0};
	char last[24];
	uint64_t first = s->ops->last_seq(s) + 1;
	struct suan_store_value value = {.name = "last", .bytes = last};
	struct suan_store_doc doc = {.job = first, .bytes = last};
	struct suan_store_batch batch = {.first_seq = first, .count = count};
	enum suan_code rc;

	value.n = (size_t)snprintf(last, sizeof(last), "%" PRIu64, first + count - 1);
	doc.n = value.n;
	make_records(&bytes, first, count, pad);
	batch.bytes = bytes.data;
	batch.n = bytes.len;
	batch.values = &value;
	batch.nvalues = 1;
	batch.docs = &doc;
	batch.ndocs = 1;
	rc = s->ops->commit(s, &batch, err);
	suan_buf_done(&bytes);
	return rc;
}

struct seen {
	uint64_t next;		/* record expected next; 0 = any */
	uint32_t batches;
	bool bad;
	struct suan_buf want;
};

static inline enum suan_code see(void *ctx, uint64_t first_seq, uint32_t count, const void *bytes,
				 size_t n, struct suan_err *err)
{
	struct seen *seen = ctx;
	const char *colon = memchr(bytes, ':', n);
	size_t digits = colon ? (size_t)(colon - (const char *)bytes) + 1 : n;
	size_t pad = 0;

	(void)err;
	if (seen->next && first_seq != seen->next)
		seen->bad = true;
	while (digits + pad < n && ((const char *)bytes)[digits + pad] >= 'a')
		pad++;
	make_records(&seen->want, first_seq, count, pad);
	if (seen->want.len != n || memcmp(seen->want.data, bytes, n) != 0)
		seen->bad = true;
	seen->next = first_seq + count;
	seen->batches++;
	return SUAN_OK;
}

/* True: the records after after_seq are those made above, without a gap up to the end, and the
 * value and the document belong to the last one. */
static inline bool holds_records(struct suan_store *s, uint64_t after_seq, struct suan_err *err)
{
	struct seen seen = {0};
	struct suan_buf last = {0};
	bool good = s->ops->replay(s, after_seq, see, &seen, err) == SUAN_OK && !seen.bad;
	uint64_t end = s->ops->last_seq(s);

	good = good && (seen.next == end + 1 || (seen.next == 0 && after_seq >= end));
	if (good && end > 0)
		good = s->ops->value_get(s, "last", &last, err) == SUAN_OK &&
		       strtoull(suan_buf_str(&last), NULL, 10) == end;
	suan_buf_done(&last);
	suan_buf_done(&seen.want);
	return good;
}

#endif
