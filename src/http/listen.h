/* Listening addresses: "127.0.0.1:7070", "[::1]:0", ":7070" (every address), "localhost:7070". */
#ifndef SUAN_HTTP_LISTEN_H
#define SUAN_HTTP_LISTEN_H

#include <stdint.h>

#include "base/err.h"

/* *ret_fd is owned (close). EBUSY: the port is in use; EINVAL: no address of this machine. */
SUAN_MUSTUSE enum suan_code suan_http_listen(const char *address, int *ret_fd, uint16_t *ret_port,
					     struct suan_err *err);

#endif
