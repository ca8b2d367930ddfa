/* What the platform tells a site to do. Orders may come twice; the run's attempt fences stale ones.
 * Everything is borrowed during the call that hands it over. */
#ifndef SUAN_WIRE_ORDER_H
#define SUAN_WIRE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/model.h"

enum suan_order_kind {
	SUAN_ORDER_START = 1,	/* start the run, or take up watching it again */
	SUAN_ORDER_STOP,	/* TERM, grace, KILL */
	SUAN_ORDER_FORGET,	/* its end is on record: stop reporting it */
	SUAN_ORDER_DROP,	/* its job is forgotten: the run's own folder may go */
	SUAN_ORDER_COPY,	/* make or check a copy of a data set, see struct suan_copy_order */
	SUAN_ORDER_COPY_STOP,	/* break it off; what has come stays for the next attempt */
	SUAN_ORDER_ERASE,	/* the copy goes, and what has come of one */
	SUAN_ORDER_KEEP,	/* there is to be a copy of that data set here */
	SUAN_ORDER_SWEEP,	/* all copies that no KEEP has named since the last SWEEP go */
};

/* A data set at a site. COPY: all of it; COPY_STOP: transfer and attempt; ERASE, KEEP: data. */
struct suan_copy_order {
	uint32_t transfer, attempt, data;
	const char *name;
	const char *sha256;	/* "" = not known yet */
	uint64_t bytes;		/* 0 = not known yet */
	const char *from;	/* site that has it; "" = outside; this site: it is only checked */
	const char *source;	/* outside: path or URL */
	uint64_t mbit;		/* reserved; 0 = as fast as it goes */
};

struct suan_order {
	enum suan_order_kind kind;
	struct suan_run_id run;
	int64_t grace_ms;	/* STOP: from TERM to KILL; 0 = the site's own */
	/* START only: */
	bool staged;		/* the site has said that it received this order before */
	bool started;		/* … and that the run was started: never start it again */
	const char *site, *hub, *pool;
	const char *job_name, *user, *account;
	bool is_array;
	uint32_t array_count, array_min, array_max;
	struct suan_req req;
	uint64_t node_memory;
	const struct suan_place *places;
	uint32_t nplaces;
	int64_t walltime_ms, submit_ms;
	const void *payload, *env;	/* wire/payload.h */
	size_t payload_len, env_len;
	/* COPY … KEEP */
	struct suan_copy_order copy;
};

enum suan_stream { SUAN_STDOUT, SUAN_STDERR };

struct suan_log_ask {		/* a piece of a run's output */
	enum suan_stream stream;
	uint64_t offset;
	size_t max;		/* bytes */
};

#endif
