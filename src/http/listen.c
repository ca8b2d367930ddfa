#include "http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"

#define BACKLOG 1024

struct address {
	char host[256]; /* "" = every address */
	char port[8];
};

static enum suan_code split(const char *text, struct address *ret, struct suan_err *err)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t n = colon ? (size_t)(colon - text) : 0;
	uint64_t port;

	if (!colon || suan_parse_u64(colon + 1, &port, NULL) != SUAN_OK || port > 65535)
		return suan_fail(err, SUAN_EINVAL,
				 "listen address \"%s\" has no port; right would be "
				 "\"127.0.0.1:7070\" or \"[::1]:7070\"",
				 text);
	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	} else if (memchr(host, ':', n)) {
		return suan_fail(err, SUAN_EINVAL,
				 "listen address \"%s\": an IPv6 address needs brackets, "
				 "\"[::1]:7070\"",
				 text);
	}
	if (n >= sizeof(ret->host))
		return suan_fail(err, SUAN_EINVAL, "listen address \"%.60s…\" is too long", text);
	memcpy(ret->host, host, n);
	ret->host[n] = '\0';
	(void)snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)port);
	return SUAN_OK;
}

/* -1 with errno. */
static int bind_to(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0, saved;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static enum suan_code explain(const char *address, int why, struct suan_err *err)
{
	switch (why) {
	case EADDRINUSE:
		return suan_fail(err, SUAN_EBUSY, "%s is in use by another program", address);
	case EACCES:
	case EPERM:
		return suan_fail(err, SUAN_EDENIED, "not allowed to listen on %s", address);
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return suan_fail(err, SUAN_EINVAL, "%s is not an address of this machine", address);
	default:
		return suan_fail(err, SUAN_EIO, "cannot listen on %s: %s", address, strerror(why));
	}
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
		return 0;
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	return ntohs(((struct sockaddr_in *)&ss)->sin_port);
}

enum suan_code suan_http_listen(const char *address, int *ret_fd, uint16_t *ret_port,
				struct suan_err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
	struct address a;
	enum suan_code rc = split(address, &a, err);
	int fd = -1, why = EADDRNOTAVAIL;

	if (rc != SUAN_OK)
		return rc;
	if (!a.host[0]) /* one socket for both kinds of addresses, where there is IPv6 */
		hints.ai_family = AF_INET6;
	if (getaddrinfo(a.host[0] ? a.host : NULL, a.port, &hints, &list) != 0)
		return suan_fail(err, SUAN_EINVAL, "%s is not an address of this machine", address);
	for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
		fd = bind_to(ai);
		if (fd < 0)
			why = errno;
	}
	freeaddrinfo(list);
	if (fd < 0 && !a.host[0] && why != EADDRINUSE && why != EACCES) {
		struct sockaddr_in any = {.sin_family = AF_INET};
		struct addrinfo ai = {.ai_family = AF_INET,
				      .ai_addr = (struct sockaddr *)&any,
				      .ai_addrlen = sizeof(any)};

		any.sin_port = htons((uint16_t)strtoul(a.port, NULL, 10));
		fd = bind_to(&ai);
		why = errno;
	}
	if (fd < 0)
		return explain(address, why, err);
	*ret_fd = fd;
	*ret_port = bound_port(fd);
	return SUAN_OK;
}
