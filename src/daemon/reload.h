/* SIGHUP: the file of settings is read again, and what may change while the service runs is
 * changed: policy with its limits, accounts and classes. */
#ifndef SUAN_DAEMON_RELOAD_H
#define SUAN_DAEMON_RELOAD_H

#include "core/core.h"
#include "daemon/settings.h"

/* now: what the service was started with. Posts to the core what has changed, and logs it once it
 * is durable. A file that cannot be read or is wrong is logged, and nothing changes. */
void suan_reload(const struct suan_daemon_settings *now, struct suan_core *core);

#endif
