#include "http/server.h"

#include <stdlib.h>
#include <unistd.h>

#include "http/listen.h"
#include "http/loop.h"
#include "sys/fs.h"

#define THREADS_MOST	    64u
#define DEFAULT_BODY_BYTES  (64u << 20)
#define BODIES_AT_ONCE	    8 /* of the largest size */
#define DEFAULT_CONNECTIONS 4096u
#define DEFAULT_IDLE_S	    75u
#define PEM_BYTES	    (1u << 20)

struct suan_http_server {
	struct suan_http_config config; /* with defaults filled in */
	uint16_t port;
	struct suan_buf cert, key; /* PEM; MHD borrows them */
	unsigned nloops;
	struct suan_http_loop *loops[THREADS_MOST];
};

static void fill_in(struct suan_http_config *c)
{
	if (c->max_body_bytes == 0)
		c->max_body_bytes = DEFAULT_BODY_BYTES;
	if (c->max_bodies_bytes == 0)
		c->max_bodies_bytes = c->max_body_bytes > UINT64_MAX / BODIES_AT_ONCE
					      ? UINT64_MAX
					      : c->max_body_bytes * BODIES_AT_ONCE;
	if (c->max_connections == 0)
		c->max_connections = DEFAULT_CONNECTIONS;
	if (c->idle_timeout_s == 0)
		c->idle_timeout_s = DEFAULT_IDLE_S;
	if (c->threads == 0)
		c->threads = 1;
	if (c->threads > THREADS_MOST)
		c->threads = THREADS_MOST;
	if (c->max_connections < c->threads)
		c->max_connections = c->threads;
}

static enum suan_code read_pem(struct suan_http_server *s, struct suan_err *err)
{
	const struct suan_http_config *c = &s->config;
	enum suan_code rc;

	if (!c->cert_file && !c->key_file)
		return SUAN_OK;
	if (!c->cert_file || !c->key_file)
		return suan_fail(err, SUAN_EINVAL, "TLS needs both a certificate and its key");
	rc = suan_fs_read(c->cert_file, &s->cert, err);
	if (rc == SUAN_OK)
		rc = suan_fs_read(c->key_file, &s->key, err);
	return rc;
}

enum suan_code suan_http_server_start(struct suan_http_server **ret,
				      const struct suan_http_config *config, struct suan_err *err)
{
	struct suan_http_server *s = calloc(1, sizeof(*s));
	struct suan_http_config per_loop;
	enum suan_code rc;
	int fd = -1;

	if (!s)
		return suan_fail(err, SUAN_ENOMEM, "out of memory");
	suan_buf_init(&s->cert, PEM_BYTES);
	suan_buf_init(&s->key, PEM_BYTES);
	s->config = *config;
	fill_in(&s->config);
	rc = read_pem(s, err);
	if (rc == SUAN_OK)
		rc = suan_http_listen(config->listen, &fd, &s->port, err);
	per_loop = s->config;
	per_loop.max_connections /= per_loop.threads;
	per_loop.max_bodies_bytes /= per_loop.threads;
	while (rc == SUAN_OK && s->nloops < s->config.threads) {
		rc = suan_http_loop_start(&s->loops[s->nloops], &per_loop, fd, s->cert.data,
					  s->key.data, err);
		if (rc == SUAN_OK)
			s->nloops++;
	}
	if (fd >= 0)
		(void)close(fd); /* the loops have duplicates */
	if (rc != SUAN_OK) {
		suan_http_server_stop(s);
		return rc;
	}
	*ret = s;
	return SUAN_OK;
}

void suan_http_server_stop(struct suan_http_server *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->nloops; i++)
		suan_http_loop_ask_stop(s->loops[i]);
	for (unsigned i = 0; i < s->nloops; i++)
		suan_http_loop_join(s->loops[i]);
	suan_buf_done(&s->cert);
	suan_buf_done(&s->key);
	free(s);
}

uint16_t suan_http_server_port(const struct suan_http_server *s)
{
	return s->port;
}
