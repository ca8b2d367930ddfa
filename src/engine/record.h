/* Events as bytes for the log, versioned by tags: every later version reads what this one wrote. */
#ifndef SUAN_ENGINE_RECORD_H
#define SUAN_ENGINE_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/model.h"

/* Appends one self-delimiting record (length first). */
SUAN_MUSTUSE enum suan_code suan_record_put(struct suan_buf *out, const struct suan_event *ev,
					    struct suan_err *err);
/* Reads the record at *pos and moves *pos behind it. What *ret points to lives in the arena or
 * borrows from bytes. ECORRUPT on damage; *pos == n before the call is the caller's to check. */
SUAN_MUSTUSE enum suan_code suan_record_get(const void *bytes, size_t n, size_t *pos,
					    struct suan_arena *arena, struct suan_event *ret,
					    struct suan_err *err);

#endif
