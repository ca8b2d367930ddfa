/* What driver, shepherd and journal tell each other about runs: one record of a run, and messages
 * around it, in base/codec.h fields. */
#ifndef SUAN_DRIVER_HERD_H
#define SUAN_DRIVER_HERD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "driver/driver.h"
#include "engine/model.h"

#define SUAN_HERD_VERSION 1
#define SUAN_HERD_TEXT	  256

enum suan_herd_state {
	SUAN_HERD_INTENT = 1, /* about to be forked, or never was */
	SUAN_HERD_STARTED,
	SUAN_HERD_ENDED,
	SUAN_HERD_FORKED, /* in journals only: about to become its program, says the child */
};

/* A run as its keeper knows it. Zeroed fields are not known. */
struct suan_herd_run {
	struct suan_run_id id;
	enum suan_herd_state state;
	int64_t pid;
	uint64_t start_ticks; /* with pid: names the process for good */
	int64_t start_ms;     /* 0 = never started */
	int64_t walltime_ms, grace_ms;
	uint64_t memory_bytes;
	enum suan_outcome ending; /* why it is being ended; 0 = it is not */
	int64_t end_ms;
	enum suan_outcome outcome;
	int32_t exit_code, signal;
	struct suan_usage usage;
	char text[SUAN_HERD_TEXT];
};

enum suan_herd_kind {
	SUAN_HERD_HELLO = 1, /* both ways, first; text: describe, or the boot id in a journal */
	SUAN_HERD_START,     /* to the shepherd */
	SUAN_HERD_STOP,
	SUAN_HERD_FORGET, /* also in the journal */
	SUAN_HERD_RUN,	  /* to the driver: this is the run now; also in the journal */
	SUAN_HERD_SYNCED, /* to the driver: all known runs were told */
};

struct suan_herd_message {
	enum suan_herd_kind kind;
	struct suan_herd_run run;
	const char *text; /* HELLO */
	uint64_t version; /* HELLO */
	/* START */
	const char *dir, *stdin_path, *stdout_path, *stderr_path;
	bool append;
	uint32_t cores;
	const char *const *argv, *const *envp; /* NULL-terminated */
};

/* Appends the message; failures are sticky in b. */
void suan_herd_put(struct suan_buf *b, const struct suan_herd_message *m);
/* Strings are borrowed from bytes, lists from the arena. false: damaged. */
bool suan_herd_get(const void *bytes, size_t n, struct suan_arena *arena,
		   struct suan_herd_message *ret);

uint64_t suan_herd_key(struct suan_run_id id); /* for maps; not unique */
bool suan_herd_same(struct suan_run_id a, struct suan_run_id b);
/* The report of a run's start (ended = false) or end; text is borrowed from run. */
void suan_herd_report(const struct suan_herd_run *run, bool ended, struct suan_report *ret);

#endif
