/* Tells the engine of a service what the network file says of prices, carbon, renewable power and
 * temperature over time: the series of its files and its tariffs. Each is told when it is new or
 * has changed, and not again at every start: so what was pushed since counts. */
#ifndef SUAN_DAEMON_TELLER_H
#define SUAN_DAEMON_TELLER_H

#include "core/core.h"
#include "sys/loop.h"

struct suan_teller;

/* network_file is borrowed, and may be NULL: nothing is told. */
SUAN_MUSTUSE enum suan_code suan_teller_new(struct suan_teller **ret, struct suan_loop *loop,
					    struct suan_core *core, const char *network_file);
void suan_teller_free(struct suan_teller *t); /* NULL is fine; when the core is closed */
/* Reads the files and posts what changed. A file that cannot be read is said in the log; all others
 * are told. Comes again by itself, as tariffs change with the month. */
void suan_teller_tell(struct suan_teller *t);

#endif
