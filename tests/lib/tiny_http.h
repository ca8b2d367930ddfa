/* A web server of one file for tests of downloads, on a thread: ranges, If-Range, PUT, and the ways
 * in which servers fail. One connection at a time, one answer on each. */
#ifndef SUAN_TESTS_TINY_HTTP_H
#define SUAN_TESTS_TINY_HTTP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tiny_http {
	/* May be changed between requests, under lock. */
	pthread_mutex_t lock;
	const char *body;
	size_t n;
	const char *etag;     /* with quotes; "" = none */
	int status;	      /* other than 0: answered with, without a body */
	bool no_ranges;	      /* answers 200 and all of it */
	bool no_length;	      /* no Content-Length: ends with the connection */
	size_t cut;	      /* ends the connection after so many bytes of a body; 0 = not */
	unsigned cuts;	      /* so often */
	bool stalls;	      /* after the cut it says nothing instead */
	const char *location; /* redirects there, if it is not the path that was asked for */
	unsigned fails;	      /* answers 503 so often first */
	/* What it saw. */
	unsigned requests, with_range;
	uint64_t sent;
	char last[4096]; /* request head */
	char *put;
	size_t nput;
	/* Its own. */
	int fd, stop[2];
	uint16_t port;
	pthread_t thread;
};

static bool tiny_send(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* The value of a header of the request, or NULL. */
static const char *tiny_header(const char *head, const char *name, char *out, size_t size)
{
	char key[64];
	const char *p, *end;

	snprintf(key, sizeof(key), "\r\n%s: ", name);
	p = strcasestr(head, key);
	if (!p)
		return NULL;
	p += strlen(key);
	end = strstr(p, "\r\n");
	snprintf(out, size, "%.*s", (int)(end - p), p);
	return out;
}

static void tiny_wait(struct tiny_http *s)
{
	struct pollfd p = {.fd = s->stop[0], .events = POLLIN};

	(void)poll(&p, 1, -1);
}

static void tiny_take_put(struct tiny_http *s, int fd, const char *rest, size_t n)
{
	char length[32];
	size_t want = tiny_header(s->last, "Content-Length", length, sizeof(length))
			      ? (size_t)strtoull(length, NULL, 10)
			      : 0;

	free(s->put);
	s->put = malloc(want + 1);
	s->nput = n < want ? n : want;
	memcpy(s->put, rest, s->nput);
	while (s->nput < want) {
		ssize_t k = recv(fd, s->put + s->nput, want - s->nput, 0);

		if (k <= 0)
			return;
		s->nput += (size_t)k;
	}
	(void)tiny_send(fd,
			"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n"
			"Connection: close\r\n\r\n",
			strlen("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n"
			       "Connection: close\r\n\r\n"));
}

static void tiny_answer(struct tiny_http *s, int fd)
{
	char head[1024], value[256], length[64] = "";
	unsigned long long from = 0;
	bool part = false;
	size_t n, give;

	if (tiny_header(s->last, "Range", value, sizeof(value)) &&
	    sscanf(value, "bytes=%llu-", &from) == 1) {
		s->with_range++;
		part = !s->no_ranges;
		if (tiny_header(s->last, "If-Range", value, sizeof(value)) &&
		    strcmp(value, s->etag) != 0)
			part = false;
	}
	if (part && from >= s->n) {
		n = (size_t)snprintf(head, sizeof(head),
				     "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes "
				     "*/%zu\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
				     s->n);
		(void)tiny_send(fd, head, n);
		return;
	}
	if (!part)
		from = 0;
	if (!s->no_length)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", s->n - (size_t)from);
	n = (size_t)snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%s%s%s%sConnection: close\r\n",
			     part ? "206 Partial Content" : "200 OK", length,
			     s->etag[0] ? "ETag: " : "", s->etag, s->etag[0] ? "\r\n" : "");
	if (part)
		n += (size_t)snprintf(head + n, sizeof(head) - n,
				      "Content-Range: bytes %llu-%zu/%zu\r\n", from, s->n - 1,
				      s->n);
	n += (size_t)snprintf(head + n, sizeof(head) - n, "\r\n");
	give = s->n - (size_t)from;
	if (s->cut && s->cuts && give > s->cut) {
		give = s->cut;
		s->cuts--;
	} else {
		s->cut = 0;
	}
	if (tiny_send(fd, head, n))
		(void)tiny_send(fd, s->body + from, give);
	s->sent += give;
	if (s->cut && s->stalls)
		tiny_wait(s);
}

static void tiny_serve(struct tiny_http *s, int fd)
{
	char small[512];
	size_t n = 0, len;
	char *end = NULL;

	while (n < sizeof(s->last) - 1 && !end) {
		ssize_t k = recv(fd, s->last + n, sizeof(s->last) - 1 - n, 0);

		if (k <= 0)
			return;
		n += (size_t)k;
		s->last[n] = '\0';
		end = strstr(s->last, "\r\n\r\n");
	}
	pthread_mutex_lock(&s->lock);
	s->requests++;
	if (s->location && !strstr(s->last, s->location)) {
		len = (size_t)snprintf(small, sizeof(small),
				       "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: "
				       "0\r\nConnection: close\r\n\r\n",
				       s->location);
		(void)tiny_send(fd, small, len);
	} else if (s->status || s->fails) {
		len = (size_t)snprintf(small, sizeof(small),
				       "HTTP/1.1 %d No\r\nContent-Length: 3\r\nConnection: "
				       "close\r\n\r\nno\n",
				       s->fails ? 503 : s->status);
		s->fails -= s->fails > 0;
		(void)tiny_send(fd, small, len);
	} else if (strncmp(s->last, "PUT ", 4) == 0) {
		tiny_take_put(s, fd, end + 4, n - (size_t)(end + 4 - s->last));
	} else {
		tiny_answer(s, fd);
	}
	pthread_mutex_unlock(&s->lock);
}

static void *tiny_main(void *arg)
{
	struct tiny_http *s = arg;

	for (;;) {
		struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN},
				      {.fd = s->stop[0], .events = POLLIN}};
		int fd;

		if (poll(p, 2, -1) < 0 || p[1].revents)
			break;
		fd = accept(s->fd, NULL, NULL);
		if (fd < 0)
			continue;
		tiny_serve(s, fd);
		(void)shutdown(fd, SHUT_WR);
		(void)close(fd);
	}
	return NULL;
}

static void tiny_start(struct tiny_http *s, const char *body, size_t n, const char *etag)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);

	*s = (struct tiny_http){.body = body, .n = n, .etag = etag};
	pthread_mutex_init(&s->lock, NULL);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(s->fd, 16) < 0 || getsockname(s->fd, (struct sockaddr *)&a, &len) < 0 ||
	    pipe(s->stop) < 0 || pthread_create(&s->thread, NULL, tiny_main, s) != 0)
		abort();
	s->port = ntohs(a.sin_port);
}

/* Between two requests the test has the server to itself. */
static void tiny_hold(struct tiny_http *s)
{
	pthread_mutex_lock(&s->lock);
}

static void tiny_release(struct tiny_http *s)
{
	pthread_mutex_unlock(&s->lock);
}

static void tiny_stop(struct tiny_http *s)
{
	if (write(s->stop[1], "", 1) != 1)
		abort();
	pthread_join(s->thread, NULL);
	(void)close(s->fd);
	(void)close(s->stop[0]);
	(void)close(s->stop[1]);
	free(s->put);
	pthread_mutex_destroy(&s->lock);
}

#endif
