/* Wiring: puts the layers together into processes. Front door of src/daemon. */
#ifndef SUAN_DAEMON_DAEMON_H
#define SUAN_DAEMON_DAEMON_H

#include "cli/cli.h"

/* `suan serve`, `suan config`, and the internal `suan shepherd`; NULL-terminated. */
extern const struct suan_command *const suan_daemon_commands[];

#endif
