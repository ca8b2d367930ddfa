/* A growing byte buffer that knows its limit. Contents are always followed by a NUL byte that is
 * not counted, so data can be read as a string. A failed add leaves the bytes as they were, and
 * every add after it fails as well until the reset: the bytes are always a prefix of what was
 * meant. A zeroed struct is an empty buffer without limit. */
#ifndef SUAN_BASE_BUF_H
#define SUAN_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct suan_buf {
	char *data;	/* owned; NULL while empty */
	size_t len;	/* bytes in use */
	size_t cap;	/* bytes allocated, including the NUL */
	size_t limit;	/* largest allowed len; 0 = SIZE_MAX / 2 */
	enum suan_code failed;	/* sticky: why an add failed since the last reset; 0 = none did */
};

void suan_buf_init(struct suan_buf *b, size_t limit_bytes);
void suan_buf_done(struct suan_buf *b);	  /* frees; an empty buffer with the same limit again */
void suan_buf_reset(struct suan_buf *b);  /* len = 0, failed = 0; keeps memory */
void suan_buf_cut(struct suan_buf *b, size_t len);	/* shortens to len ≤ b->len */
/* Makes room for `more` further bytes; the following adds of that many bytes cannot fail. On
 * failure (SUAN_ENOMEM, SUAN_ETOOBIG) nothing changed, failed neither. */
SUAN_MUSTUSE enum suan_code suan_buf_reserve(struct suan_buf *b, size_t more);

/* Adds return false on failure and set failed; callers may ignore each and ask suan_buf_ok once.
 * What is added must not lie in the buffer itself. */
bool suan_buf_add(struct suan_buf *b, const void *bytes, size_t n);
bool suan_buf_adds(struct suan_buf *b, const char *s);
bool suan_buf_addc(struct suan_buf *b, char c);
bool suan_buf_addf(struct suan_buf *b, const char *fmt, ...) SUAN_PRINTF(2, 3);
bool suan_buf_vaddf(struct suan_buf *b, const char *fmt, va_list ap) SUAN_PRINTF(2, 0);
bool suan_buf_add_u64(struct suan_buf *b, uint64_t v);	/* decimal */
bool suan_buf_add_i64(struct suan_buf *b, int64_t v);	/* decimal */

/* SUAN_OK, or SUAN_ENOMEM / SUAN_ETOOBIG when an add failed since the last reset. */
SUAN_MUSTUSE enum suan_code suan_buf_ok(const struct suan_buf *b, struct suan_err *err);
/* Hands the bytes over (owned by the caller, free with free()); the buffer is empty afterwards.
 * An empty buffer gives "". ret_len may be NULL. NULL: an add had failed (see suan_buf_ok) or there
 * is no memory for ""; the buffer is unchanged. */
char *suan_buf_take(struct suan_buf *b, size_t *ret_len);
const char *suan_buf_str(const struct suan_buf *b);	/* borrowed; "" when empty */

#endif
