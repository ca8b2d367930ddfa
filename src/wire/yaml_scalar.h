/* Scalars of YAML: their text from libfyaml's tokens, and what plain ones mean. Not for other
 * layers. */
#ifndef SUAN_WIRE_YAML_SCALAR_H
#define SUAN_WIRE_YAML_SCALAR_H

#include <libfyaml.h>
#include <stdbool.h>

#include "base/buf.h"

/* Adds the text of a scalar; token NULL is the empty one. input is what the parser reads. false:
 * out of memory. */
bool suan_yaml_scalar_text(struct fy_token *token, const char *input, struct suan_buf *out);
/* Adds a plain scalar as JSON: null, true, false, a number, or else a string. */
void suan_yaml_scalar_plain(const char *s, size_t n, struct suan_buf *out);

#endif
