/* YAML 1.2 by way of JSON: the one reader of fields serves both, and errors keep YAML's lines.
 * Aliases are expanded up to a limit; plain words that JSON knows (numbers, true, false, null) stay
 * such, everything else becomes a string. */
#ifndef SUAN_WIRE_YAML_H
#define SUAN_WIRE_YAML_H

#include "wire/json.h"

struct suan_yaml {
	struct suan_buf json;		/* owned */
	struct suan_json_mark *marks;	/* owned */
	size_t nmarks, cap;
};

/* Exactly one document. Errors name the line. suan_yaml_close in any case. */
SUAN_MUSTUSE enum suan_code suan_yaml_open(struct suan_yaml *y, const char *text, size_t n,
					   struct suan_err *err);
/* A reader over the result, lenient about strings. file: for errors, borrowed, may be NULL. */
void suan_yaml_reader(const struct suan_yaml *y, const char *file, struct suan_arena *arena,
		      struct suan_json *ret, struct suan_err *err);
void suan_yaml_close(struct suan_yaml *y);

#endif
