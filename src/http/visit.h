/* How long the client of a connection may take. MHD only counts the time without any byte, so a
 * client could hold a connection for ever with a byte now and then. All on the loop's thread. */
#ifndef SUAN_HTTP_VISIT_H
#define SUAN_HTTP_VISIT_H

#include <stdint.h>

#include <microhttpd.h>

#include "http/loop.h"

#define SUAN_HTTP_VISIT_TICK_MS 1000

enum suan_http_turn {	  /* what is waited for */
	SUAN_HTTP_HEAD,	  /* of a request, from its client */
	SUAN_HTTP_BODY,	  /* from its client */
	SUAN_HTTP_OURS,	  /* us: no limit */
	SUAN_HTTP_READER, /* the client, to read an answer */
};

/* For MHD_OPTION_NOTIFY_CONNECTION, with the loop. */
void suan_http_visit_notify(void *loop, struct MHD_Connection *conn, void **slot,
			    enum MHD_ConnectionNotificationCode what);
/* A new turn. It may last for the idle timeout, and another millisecond for each of the bytes that
 * are known to go over the wire in it (about 1 KiB/s). */
void suan_http_visit_turn(struct MHD_Connection *conn, enum suan_http_turn turn, uint64_t bytes);
/* So many more bytes have come in this turn. */
void suan_http_visit_bytes(struct MHD_Connection *conn, uint64_t bytes);
/* Ends the connections whose client takes too long. */
void suan_http_visit_expire(struct suan_http_loop *l, int64_t now_ms);

#endif
