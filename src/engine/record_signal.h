/* The body of a SIGNAL event as bytes; for record.c. */
#ifndef SUAN_ENGINE_RECORD_SIGNAL_H
#define SUAN_ENGINE_RECORD_SIGNAL_H

#include "engine/pack.h"

void suan_record_put_signal(struct suan_buf *b, uint32_t tag, const struct suan_signal_spec *s);
const struct suan_signal_spec *suan_record_get_signal(struct suan_unpack *u,
						      const struct suan_field *f);

#endif
