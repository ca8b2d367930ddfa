/* Framed messages over a socket: many, large, torn, and a side that goes. */
#include "lib/tap.h"

#include <stdlib.h>
#include <unistd.h>

#include "sys/fs.h"
#include "sys/link.h"

struct side {
	struct suan_link *link;
	size_t messages, bytes, largest;
	uint32_t last;
	bool in_order, closed;
};

static struct suan_loop *loop;
static char top[] = "/tmp/suan-t_link-XXXXXX";
static char path[400];

static void on_message(void *ctx, const void *bytes, size_t n)
{
	struct side *s = ctx;
	uint32_t number = 0;

	if (n >= 4)
		memcpy(&number, bytes, 4);
	if (s->messages > 0 && number != s->last + 1)
		s->in_order = false;
	s->last = number;
	s->messages++;
	s->bytes += n;
	if (n > s->largest)
		s->largest = n;
}

static void on_closed(void *ctx)
{
	struct side *s = ctx;

	s->closed = true;
	suan_link_free(s->link);
	s->link = NULL;
}

static void attach(struct side *s, int fd)
{
	struct suan_link_events events = {on_message, on_closed, s};

	*s = (struct side){.in_order = true};
	if (suan_link_new(&s->link, loop, fd, &events) != SUAN_OK)
		abort();
}

static void pair(int listen_fd, struct side *a, struct side *b)
{
	struct suan_err err = {0};
	int fd = -1;

	ok(suan_link_connect(path, &fd, &err) == SUAN_OK, "connect %s", err.text);
	attach(a, fd);
	attach(b, suan_link_accept(listen_fd));
}

static void send_number(struct side *s, uint32_t number, size_t n)
{
	char *bytes = calloc(1, n);

	memcpy(bytes, &number, n < 4 ? n : 4);
	if (suan_link_send(s->link, bytes, n) != SUAN_OK)
		ok(false, "send");
	free(bytes);
}

static void turn_until(const struct side *s, size_t messages)
{
	struct suan_err err;

	for (int i = 0; i < 100000 && s->messages < messages && !s->closed; i++)
		if (suan_loop_once(loop, 1000, &err) != SUAN_OK)
			abort();
}

static void test_messages(struct side *a, struct side *b)
{
	for (uint32_t i = 0; i < 5000; i++)
		send_number(a, i, 4 + i % 300);
	send_number(a, 5000, 3000000);
	turn_until(b, 5001);
	is_int(b->messages, 5001, "all messages came");
	ok(b->in_order, "in order");
	is_int(b->largest, 3000000, "a large one too");
	is_int(suan_link_send(a->link, "", SUAN_LINK_FRAME_MAX + 1), SUAN_ETOOBIG, "too large");
	if (suan_link_send(b->link, "", 0) != SUAN_OK)
		ok(false, "send");
	turn_until(a, 1);
	ok(a->messages == 1 && a->bytes == 0, "an empty message");
}

static void test_blocking(struct side *a, struct side *b)
{
	send_number(a, 0, 4);
	ok(suan_link_flush(a->link, 1000), "flush without the loop");
	b->messages = 0;
	ok(suan_link_wait(b->link, 1000) && b->messages == 1, "wait without the loop");
	ok(!suan_link_wait(b->link, 1), "nothing more comes");
	send_number(a, 7, 4);
	ok(suan_link_flush(a->link, 1000), "last words");
	suan_link_free(a->link);
	a->link = NULL;
	b->messages = 0;
	turn_until(b, 2);
	ok(b->messages == 1 && b->last == 7, "last words are heard");
	ok(b->closed && !b->link, "then it is closed");
}

static void test_nonsense(int listen_fd)
{
	struct suan_err err;
	struct side s;
	int fd = -1;

	if (suan_link_connect(path, &fd, &err) != SUAN_OK)
		abort();
	attach(&s, suan_link_accept(listen_fd));
	ok(write(fd, "\x02\0\0", 3) == 3, "a torn head");
	if (suan_loop_once(loop, 1000, &err) != SUAN_OK)
		abort();
	is_int(s.messages, 0, "waits for the rest");
	ok(write(fd, "\0abGET / HTTP/1.1\r\n", 19) == 19, "the rest, then nonsense");
	turn_until(&s, 2);
	ok(s.messages == 1 && s.bytes == 2, "the message came");
	ok(s.closed, "nonsense closes");
	(void)close(fd);
}

int main(void)
{
	struct suan_err err = {0};
	struct side a, b;
	int fd = -1;

	if (!mkdtemp(top) || suan_loop_new(&loop, &err) != SUAN_OK)
		abort();
	(void)snprintf(path, sizeof(path), "%s/%0200d", top, 0);
	if (suan_fs_mkdirs(path, 0700, &err) != SUAN_OK)
		abort();
	(void)snprintf(path, sizeof(path), "%s/%0200d/socket", top, 0);
	is_int(suan_link_connect(path, &fd, &err), SUAN_ENOTFOUND, "nobody is there");
	ok(suan_link_listen(path, &fd, &err) == SUAN_OK, "a path longer than a socket's name");
	(void)close(fd);
	is_int(suan_link_connect(path, &fd, &err), SUAN_EUNREACHABLE, "nobody listens");
	ok(suan_link_listen(path, &fd, &err) == SUAN_OK, "listen where one was before");
	is_int(suan_link_accept(fd), -1, "nobody waits");
	pair(fd, &a, &b);
	test_messages(&a, &b);
	test_blocking(&a, &b);
	test_nonsense(fd);
	(void)close(fd);
	suan_link_free(NULL);
	suan_loop_free(loop);
	ok(suan_fs_remove_tree(top, &err) == SUAN_OK, "tidy");
	return tap_done();
}
