/* A look at YAML before the parser. Brackets and braces are the costly part of YAML: libfyaml reads
 * such a list to its end before it tells of its beginning, at microseconds a byte, so the limit of
 * nesting would come too late. Not for other layers. */
#ifndef SUAN_WIRE_YAML_DEPTH_H
#define SUAN_WIRE_YAML_DEPTH_H

#include <stddef.h>

/* The line, from 1, where brackets are nested deeper than most; 0: nowhere. Linear, and does not
 * count what is text in YAML. */
unsigned suan_yaml_too_deep(const char *text, size_t n, unsigned most);

#endif
