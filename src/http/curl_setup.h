/* What all uses of libcurl share. */
#ifndef SUAN_HTTP_CURL_SETUP_H
#define SUAN_HTTP_CURL_SETUP_H

#include <stdbool.h>

void suan_http_curl_init(void);		       /* once for the process; from any thread */
bool suan_http_curl_loopback(const char *url); /* its host is this machine: no proxy */

#endif
