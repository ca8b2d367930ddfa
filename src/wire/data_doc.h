/* What users say of data sets, as JSON: the bodies of PUT /v1/data/{name} and of its actions.
 *   {"source": "/archive/genomes", "site": "zhongwei", "sha256": "…", "bytes": 4096,
 *    "sites": […], "hubs": […], "users": […], "accounts": […], "account": "bio",
 *    "expires": "2027-01-01T00:00:00Z" or "ttl_s": 2592000}
 * source: an absolute path on the machine of the site's agent, or a URL. bytes may be "4GiB"; times
 * may be "now+30d" and ttl_s "30d". Lists of one may be the name alone. */
#ifndef SUAN_WIRE_DATA_DOC_H
#define SUAN_WIRE_DATA_DOC_H

#include "base/arena.h"
#include "engine/model.h"
#include "wire/json.h"

/* Fills what the text says into *ret, whose op says which members may come; the rest of it stays
 * but for absent texts, which are "". An empty text stands for {}. Everything is in the arena or
 * borrowed from the text. EINVAL with the field; ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_data_doc_read(const char *text, size_t n, int64_t now_ms,
					       struct suan_arena *arena,
					       struct suan_data_command *ret,
					       struct suan_err *err);

#endif
