/* Short programs that are run for what they print, beside the loop: their output is collected and
 * told together with their end. */
#ifndef SUAN_SYS_COMMAND_H
#define SUAN_SYS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sys/loop.h"

struct suan_command;

struct suan_command_end { /* borrowed during the call */
	bool ended;	  /* by itself; false: it was killed after limit_ms */
	bool signalled;
	int code;	 /* exit code or signal */
	const char *out; /* what it printed, with a NUL behind it; cut at most_bytes */
	size_t out_n;
	bool cut;	   /* there was more */
	const char *error; /* the last line of its standard error that says anything; "" = none */
	int64_t took_ms;
};
typedef void suan_command_fn(void *ctx, const struct suan_command_end *end);

struct suan_command_spec { /* all borrowed during the call */
	struct suan_loop *loop;
	const char *const *argv; /* NULL-terminated; argv[0] searched in the PATH of envp */
	const char *const *envp; /* NULL-terminated, complete */
	int64_t limit_ms;	 /* then it is killed, with all that it started; > 0 */
	size_t most_bytes;	 /* of its output that are kept */
	suan_command_fn *done;	 /* once, from the loop; the command is gone then */
	void *ctx;
};

/* ENOTFOUND: no such program; EIO: it could not be started. Standard input is empty. */
SUAN_MUSTUSE enum suan_code suan_command_start(struct suan_command **ret,
					       const struct suan_command_spec *spec,
					       struct suan_err *err);
/* Kills it and tells nothing. Not from inside done. */
void suan_command_cancel(struct suan_command *c);

#endif
