/* Framed messages between two processes of one machine over a Unix stream socket: a length of four
 * bytes (little-endian), then that many bytes. Many messages go out in one write. */
#ifndef SUAN_SYS_LINK_H
#define SUAN_SYS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sys/loop.h"

#define SUAN_LINK_FRAME_MAX (16u << 20)

struct suan_link;

struct suan_link_events {
	/* One message; borrowed. Must not free the link. */
	void (*message)(void *ctx, const void *bytes, size_t n);
	/* The other side is gone or sends nonsense; no more messages. Called once, from the loop
	 * or from suan_link_wait; may free the link. */
	void (*closed)(void *ctx);
	void *ctx;
};

/* Sockets, named by a file in a folder. The path may be longer than a socket's name can be. */
SUAN_MUSTUSE enum suan_code suan_link_listen(const char *path, int *ret_fd, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_link_connect(const char *path, int *ret_fd, struct suan_err *err);
int suan_link_accept(int listen_fd);	/* −1: nobody waits */

/* Takes fd over, also on failure. */
SUAN_MUSTUSE enum suan_code suan_link_new(struct suan_link **ret, struct suan_loop *l, int fd,
					  const struct suan_link_events *events);
void suan_link_free(struct suan_link *k);	/* closes the socket */
/* Queues a message; it goes out in the next round of the loop. */
SUAN_MUSTUSE enum suan_code suan_link_send(struct suan_link *k, const void *bytes, size_t n);
/* Blocks until some message came, the other side is gone (false) or the time is over (false). */
bool suan_link_wait(struct suan_link *k, int timeout_ms);
/* Blocks until all is sent; false: could not within the time. */
bool suan_link_flush(struct suan_link *k, int timeout_ms);

#endif
