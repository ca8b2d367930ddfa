#include "agent/copy_journal.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/codec.h"

#define HEAD 24 /* magic, length, digest */

static const uint8_t magic[4] = {'s', 'c', 'j', '1'};

enum tag {
	SEQ = 1,
	KEY,
	VERSION,
	DONE,
	TOTAL,
	STATE,
	BOOT,
	INODE,
	SUM
};

enum suan_code suan_copy_journal_write(const struct suan_copy_journal *j,
				       uint8_t slot[SUAN_COPY_SLOT])
{
	struct suan_buf b;
	enum suan_code rc;

	suan_buf_init(&b, SUAN_COPY_SLOT - HEAD);
	suan_put_u64(&b, SEQ, j->seq);
	suan_put_bytes(&b, KEY, j->key, sizeof(j->key));
	suan_put_str(&b, VERSION, j->version);
	suan_put_u64(&b, DONE, j->done);
	suan_put_u64(&b, TOTAL, j->total);
	suan_put_bytes(&b, STATE, j->sha, sizeof(j->sha));
	suan_put_str(&b, BOOT, j->boot);
	suan_put_u64(&b, INODE, j->inode);
	suan_put_str(&b, SUM, j->sha256);
	rc = suan_buf_ok(&b, NULL);
	assert(rc != SUAN_ETOOBIG);
	if (rc == SUAN_OK) {
		memset(slot, 0, SUAN_COPY_SLOT);
		memcpy(slot, magic, 4);
		slot[4] = (uint8_t)b.len;
		slot[5] = (uint8_t)(b.len >> 8);
		memcpy(slot + HEAD, b.data, b.len);
		suan_digest16(slot + HEAD, b.len, slot + 8);
	}
	suan_buf_done(&b);
	return rc;
}

static bool take_text(const struct suan_field *f, char *out, size_t size)
{
	if (!f->is_bytes || f->len >= size || memchr(f->bytes, 0, f->len))
		return false;
	memcpy(out, f->bytes, f->len);
	out[f->len] = '\0';
	return true;
}

static bool take_bytes(const struct suan_field *f, uint8_t *out, size_t size)
{
	if (!f->is_bytes || f->len != size)
		return false;
	memcpy(out, f->bytes, size);
	return true;
}

static bool take_number(const struct suan_field *f, uint64_t *out)
{
	*out = f->u64;
	return !f->is_bytes;
}

static bool take(struct suan_copy_journal *j, const struct suan_field *f)
{
	switch (f->tag) {
	case SEQ:
		return take_number(f, &j->seq);
	case KEY:
		return take_bytes(f, j->key, sizeof(j->key));
	case VERSION:
		return take_text(f, j->version, sizeof(j->version));
	case DONE:
		return take_number(f, &j->done);
	case TOTAL:
		return take_number(f, &j->total);
	case STATE:
		return take_bytes(f, j->sha, sizeof(j->sha));
	case BOOT:
		return take_text(f, j->boot, sizeof(j->boot));
	case INODE:
		return take_number(f, &j->inode);
	case SUM:
		return take_text(f, j->sha256, sizeof(j->sha256));
	default: /* of a later version */
		return true;
	}
}

static bool read_slot(struct suan_copy_journal *j, const uint8_t *slot)
{
	size_t len = slot[4] | (size_t)slot[5] << 8;
	struct suan_sha256 sha;
	struct suan_reader r;
	struct suan_field f;
	uint8_t digest[16];
	bool good = true;

	if (memcmp(slot, magic, 4) != 0 || len > SUAN_COPY_SLOT - HEAD)
		return false;
	suan_digest16(slot + HEAD, len, digest);
	if (memcmp(slot + 8, digest, 16) != 0)
		return false;
	*j = (struct suan_copy_journal){0};
	suan_reader_init(&r, slot + HEAD, len);
	while (good && suan_get_field(&r, &f))
		good = take(j, &f);
	return good && !r.bad && suan_sha256_load(&sha, j->sha, sizeof(j->sha)) &&
	       suan_sha256_count(&sha) == j->done && j->done <= INT64_MAX &&
	       (j->sha256[0] == '\0' || strlen(j->sha256) == 64);
}

bool suan_copy_journal_read(struct suan_copy_journal *j, const void *file, size_t n)
{
	const uint8_t *p = file;
	struct suan_copy_journal a, b;
	bool first = n >= SUAN_COPY_SLOT && read_slot(&a, p);
	bool second = n >= SUAN_COPY_JOURNAL && read_slot(&b, p + SUAN_COPY_SLOT_AT);

	if (first && (!second || a.seq > b.seq))
		*j = a;
	else if (second)
		*j = b;
	return first || second;
}
