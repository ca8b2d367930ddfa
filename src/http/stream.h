/* The loop's side of an answer that goes on. All functions here are for the loop's thread. */
#ifndef SUAN_HTTP_STREAM_H
#define SUAN_HTTP_STREAM_H

#include <microhttpd.h>

#include "http/server.h"

/* The response is about to be sent over conn; from now on a client that goes away is noticed. */
void suan_http_stream_bind(struct suan_http_stream *s, struct MHD_Connection *conn);
/* MHD is done with the response: tells the application unless it has closed. */
void suan_http_stream_finish(struct suan_http_stream *s);
/* The server stops: what is queued still goes out. */
void suan_http_stream_end(struct suan_http_stream *s);
/* The server stops now: nothing more goes out, the connection is resumed if it was suspended. */
void suan_http_stream_cut(struct suan_http_stream *s);

#endif
