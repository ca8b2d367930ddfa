/* Sockets whose client was answered before it had sent everything (413). Closing at once would send
 * a reset that may destroy the answer on its way; so what still comes is read and thrown away,
 * for a bounded time. All on the loop's thread. */
#ifndef SUAN_HTTP_LINGER_H
#define SUAN_HTTP_LINGER_H

#include <stdint.h>

#include "http/loop.h"

#define SUAN_HTTP_LINGER_TICK_MS 200

/* Takes fd over: it is closed when the client has closed, or after a few seconds. */
void suan_http_linger_add(struct suan_http_loop *l, int fd);
void suan_http_linger_expire(struct suan_http_loop *l, int64_t now_ms);

#endif
