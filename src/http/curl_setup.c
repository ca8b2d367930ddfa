#include "http/curl_setup.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

static void init_curl(void)
{
	(void)curl_global_init(CURL_GLOBAL_ALL);
}

void suan_http_curl_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, init_curl);
}

bool suan_http_curl_loopback(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n;

	host = host ? host + 3 : url;
	if (host[0] == '[')
		return strncmp(host, "[::1]", 5) == 0;
	n = strcspn(host, ":/");
	return (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == n) ||
	       (n == 9 && strncasecmp(host, "localhost", 9) == 0);
}
