/* Bodies of RESERVE and UNRESERVE in the log; for record.c alone. */
#ifndef SUAN_ENGINE_RECORD_RESERVE_H
#define SUAN_ENGINE_RECORD_RESERVE_H

#include "engine/pack.h"

extern const struct suan_pack_table suan_record_unreserve;

void suan_record_put_reserve(struct suan_buf *b, uint32_t tag, const struct suan_reserve *r);
/* In the arena of u; what is wrong stays noted there. */
const struct suan_reserve *suan_record_get_reserve(struct suan_unpack *u,
						   const struct suan_field *f);

#endif
