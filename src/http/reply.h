/* Answers that are complete when they are given. */
#ifndef SUAN_HTTP_REPLY_H
#define SUAN_HTTP_REPLY_H

#include <microhttpd.h>

/* problem+json (RFC 9457) of the HTTP layer itself, after which the connection closes. NULL: out of
 * memory. */
struct MHD_Response *suan_http_problem(int status, const char *detail);

struct suan_http_answer;

/* Makes the response of an answer that has none; takes its body over. text holds its strings and is
 * cut up. NULL: out of memory. */
struct MHD_Response *suan_http_build(struct suan_http_answer *answer, char *text);

#endif
