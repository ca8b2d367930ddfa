/* The network file (YAML; JSON is YAML) ↔ struct suan_network, and settings of the service. */
#ifndef SUAN_WIRE_NETWORK_H
#define SUAN_WIRE_NETWORK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/model.h"

/* Strings go to the arena. Errors carry file name, line, field, what was found, what would be
 * right: unknown key (with the nearest known one), wrong type, duplicate site or pool, link between
 * unknown places, hub tree errors, negative or overflowing number, bad UTF-8, YAML alias cycles. */
SUAN_MUSTUSE enum suan_code suan_network_parse(const char *text, size_t n, const char *file_name,
					       struct suan_arena *arena, struct suan_network *ret,
					       struct suan_err *err);
/* YAML that parses to an equal network. */
SUAN_MUSTUSE enum suan_code suan_network_print(const struct suan_network *net,
					       struct suan_buf *out, struct suan_err *err);

/* Settings of `suan serve`, suan.yaml(5). Defaults by suan_settings_init; the command line wins. */
struct suan_settings {
	const char *data, *network, *listen;	/* "" = none; listen "127.0.0.1:7070" */
	const char *store;			/* "sqlite" or "memory" */
	bool insecure_local;
	const char *tls_cert, *tls_key;		/* files; both or none */
	const char *log_level, *log_format;	/* info; text or json */
	/* policy: {kind: suan, plan_depth, default_walltime, max_walltime, max_pending,
	 * max_attempts, protect_homes} */
	struct suan_policy policy;
	const char *home;	/* site: home of jobs that name none; "" = none */
	uint64_t max_request_bytes;		/* 64 MiB */
	uint32_t max_connections, http_threads;	/* 4096, 1 */
	uint64_t snapshot_bytes;	/* log grown by this much since the last one: snapshot */
	uint32_t keep_finished;			/* finished jobs held in memory; 1,000,000 */
	int64_t grace_ms;			/* TERM to KILL, 5 s */
	struct suan_accounts accounts;		/* wire/accounts.h */
	bool has_accounts;			/* one of their keys is there */
};
void suan_settings_init(struct suan_settings *s);
/* Keys of the file: the names above ("listen: 127.0.0.1:7070"), policy as a nested map. */
SUAN_MUSTUSE enum suan_code suan_settings_parse(const char *text, size_t n, const char *file_name,
						struct suan_arena *arena, struct suan_settings *ret,
						struct suan_err *err);

#endif
