#include "http/linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"

#define MOST	   64 /* at once, of one loop */
#define LONGEST_MS 5000
#define READ_BYTES (64u << 10)
#define READS	   16 /* of one socket in one round */

struct suan_http_linger {
	struct suan_http_watch watch; /* first: the watch is the linger */
	struct suan_http_loop *loop;
	struct suan_http_linger *prev, *next;
	int fd;
	int64_t until_ms;
};

static void end(struct suan_http_linger *g)
{
	struct suan_http_loop *l = g->loop;

	if (g->prev)
		g->prev->next = g->next;
	else
		l->lingers = g->next;
	if (g->next)
		g->next->prev = g->prev;
	l->nlingers--;
	(void)close(g->fd); /* leaves the epoll set: MHD has closed its descriptor */
	free(g);
}

static void swallow(struct suan_http_watch *w)
{
	struct suan_http_linger *g = (struct suan_http_linger *)w;
	static _Thread_local char waste[READ_BYTES];

	for (int i = 0; i < READS; i++) {
		ssize_t n = recv(g->fd, waste, sizeof(waste), MSG_DONTWAIT);

		if (n > 0)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		end(g);
		return;
	}
}

void suan_http_linger_add(struct suan_http_loop *l, int fd)
{
	struct suan_http_linger *g = l->nlingers < MOST ? calloc(1, sizeof(*g)) : NULL;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = g};

	if (!g || epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) != 0) {
		free(g);
		(void)close(fd);
		return;
	}
	g->watch.ready = swallow;
	g->loop = l;
	g->fd = fd;
	g->until_ms = suan_clock_mono_us() / 1000 + LONGEST_MS;
	g->next = l->lingers;
	if (g->next)
		g->next->prev = g;
	l->lingers = g;
	l->nlingers++;
}

void suan_http_linger_expire(struct suan_http_loop *l, int64_t now_ms)
{
	struct suan_http_linger *next;

	for (struct suan_http_linger *g = l->lingers; g; g = next) {
		next = g->next;
		if (now_ms >= g->until_ms)
			end(g);
	}
}
