#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN	  16u
#define FIRST_CAP 4064u	   /* with the header and malloc's own a page */
#define MOST_CAP  1048544u /* blocks double up to this */

struct suan_arena_block {
	struct suan_arena_block *next; /* owned */
	size_t cap, used;
	_Alignas(16) unsigned char data[];
};

void suan_arena_init(struct suan_arena *a, size_t limit_bytes)
{
	memset(a, 0, sizeof(*a));
	a->limit = limit_bytes;
}

static void free_chain(struct suan_arena_block *b)
{
	while (b) {
		struct suan_arena_block *next = b->next;

		free(b);
		b = next;
	}
}

void suan_arena_done(struct suan_arena *a)
{
	if (!a)
		return;
	free_chain(a->head);
	suan_arena_init(a, a->limit);
}

void suan_arena_reset(struct suan_arena *a)
{
	struct suan_arena_block *b = a->head;

	a->used = 0;
	if (!b)
		return;
	free_chain(b->next);
	b->next = NULL;
	memset(b->data, 0, b->used);
	b->used = 0;
}

static struct suan_arena_block *new_block(size_t cap)
{
	struct suan_arena_block *b = calloc(1, sizeof(*b) + cap);

	if (b)
		b->cap = cap;
	return b;
}

/* A block with room for n. One made for a large piece alone goes behind the head, so that small
 * pieces go on filling the head. */
static struct suan_arena_block *add_block(struct suan_arena *a, size_t n)
{
	struct suan_arena_block *head = a->head;
	size_t cap = FIRST_CAP;
	struct suan_arena_block *b;

	if (head)
		cap = head->cap < MOST_CAP / 2 ? head->cap * 2 : MOST_CAP;
	b = new_block(n > cap ? n : cap);
	if (!b)
		return NULL;
	if (head && n > cap) {
		b->next = head->next;
		head->next = b;
	} else {
		b->next = head;
		a->head = b;
	}
	return b;
}

void *suan_arena_alloc(struct suan_arena *a, size_t n)
{
	size_t most = a->limit && a->limit < SIZE_MAX / 4 ? a->limit : SIZE_MAX / 4;
	struct suan_arena_block *b = a->head;
	void *p;

	if (n > SIZE_MAX / 4)
		return NULL;
	n = n ? (n + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
	if (a->used > most || n > most - a->used)
		return NULL;
	if (!b || n > b->cap - b->used) {
		b = add_block(a, n);
		if (!b)
			return NULL;
	}
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

void *suan_arena_array(struct suan_arena *a, size_t n, size_t elem)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, elem, &bytes))
		return NULL;
	return suan_arena_alloc(a, bytes);
}

char *suan_arena_str(struct suan_arena *a, const char *s)
{
	return suan_arena_mem(a, s, strlen(s));
}

char *suan_arena_mem(struct suan_arena *a, const void *p, size_t n)
{
	char *copy = n < SIZE_MAX ? suan_arena_alloc(a, n + 1) : NULL;

	if (copy && n > 0)
		memcpy(copy, p, n);
	return copy;
}
