/* Deep copies into an arena; what fails sticks, so that one look at the end is enough. */
#ifndef SUAN_ENGINE_COPIER_H
#define SUAN_ENGINE_COPIER_H

#include <string.h>

#include "base/arena.h"

struct suan_copier {
	struct suan_arena *arena;
	bool failed;
};

static inline const char *suan_copier_str(struct suan_copier *c, const char *s) /* NULL: "" */
{
	char *copy = suan_arena_str(c->arena, s ? s : "");

	c->failed |= !copy;
	return copy;
}

/* An array of n elements, at least one so that NULL means failure. */
static inline void *suan_copier_list(struct suan_copier *c, const void *list, uint32_t n,
				     size_t elem)
{
	void *copy = suan_arena_array(c->arena, n ? n : 1, elem);

	if (copy && n)
		memcpy(copy, list, n * elem);
	c->failed |= !copy;
	return copy;
}

#endif
