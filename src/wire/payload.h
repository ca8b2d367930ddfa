/* What a run does at its site, as opaque bytes in the engine: command or script, folder, files.
 * Strings of a decoded payload borrow from the arena or the bytes. */
#ifndef SUAN_WIRE_PAYLOAD_H
#define SUAN_WIRE_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct suan_stage {		/* one file or folder in or out of the run's own folder */
	const char *path;	/* relative, inside the run's folder; no ".." */
	const char *url;	/* absolute path or file:// of the other side */
	const char *sha256;	/* expected digest, "" = none (inputs) */
};

struct suan_payload {
	const char **command;	/* NULL-terminated; NULL when script is given */
	const char *script;	/* whole text, begins with "#!" ; "" when command is given */
	const char **args;	/* arguments of the script, NULL-terminated, may be NULL */
	const char *dir;	/* working directory; "" = the run's own folder */
	/* with %j %A %a %x %u %N %J %%; "" = default */
	const char *stdin_path, *stdout_path, *stderr_path;
	bool append;		/* --open-mode=append */
	const struct suan_stage *inputs, *outputs;
	uint32_t ncommand, nargs, ninputs, noutputs;
};

struct suan_env {		/* "NAME=value" strings */
	const char **list;	/* NULL-terminated */
	uint32_t count;
};

SUAN_MUSTUSE enum suan_code suan_payload_put(struct suan_buf *out, const struct suan_payload *p,
					     struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_payload_get(const void *bytes, size_t n, struct suan_arena *arena,
					     struct suan_payload *ret, struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_env_put(struct suan_buf *out, const struct suan_env *env,
					 struct suan_err *err);
SUAN_MUSTUSE enum suan_code suan_env_get(const void *bytes, size_t n, struct suan_arena *arena,
					 struct suan_env *ret, struct suan_err *err);

#endif
