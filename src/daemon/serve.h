/* `suan serve`. */
#ifndef SUAN_DAEMON_SERVE_H
#define SUAN_DAEMON_SERVE_H

#include "cli/cli.h"

int suan_serve(const struct suan_command *c, int argc, char **argv);

#endif
