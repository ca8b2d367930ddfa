/* DATA and TRANSFER in the log; see record.h. */
#ifndef SUAN_ENGINE_RECORD_DATA_H
#define SUAN_ENGINE_RECORD_DATA_H

#include "engine/pack.h"

void suan_record_put_data(struct suan_buf *b, uint32_t tag, const struct suan_data_command *c);
/* NULL: no memory (u->nomem). */
const struct suan_data_command *suan_record_get_data(struct suan_unpack *u,
						     const struct suan_field *f);
extern const struct suan_pack_table suan_record_transfer;

#endif
