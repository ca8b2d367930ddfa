/* Memory by lifetime: many allocations, one free. Blocks are aligned to 16 bytes and zeroed. */
#ifndef SUAN_BASE_ARENA_H
#define SUAN_BASE_ARENA_H

#include <stddef.h>

struct suan_arena {
	struct suan_arena_block *head;	/* owned */
	size_t limit, used;		/* bytes handed out, rounded up to 16; limit 0 = none */
};

/* A zeroed struct is an empty arena without limit. */
void suan_arena_init(struct suan_arena *a, size_t limit_bytes);
void suan_arena_done(struct suan_arena *a);	/* frees; empty with the same limit again */
void suan_arena_reset(struct suan_arena *a);	/* all pieces end; keeps one block for reuse */
void *suan_arena_alloc(struct suan_arena *a, size_t n);	/* NULL: out of memory or limit */
void *suan_arena_array(struct suan_arena *a, size_t n, size_t elem);	/* checked product */
char *suan_arena_str(struct suan_arena *a, const char *s);		/* copy */
char *suan_arena_mem(struct suan_arena *a, const void *p, size_t n);	/* copy plus NUL */

#endif
