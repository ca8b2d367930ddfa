#include "wire/list.h"

#include <string.h>

#define FIRST 4u /* a power of two */
#define MOST  (1u << 30)

static void *copy_with(struct suan_arena *arena, const void *list, uint32_t count, uint32_t cap,
		       size_t elem)
{
	void *copy = suan_arena_array(arena, (size_t)cap + 1, elem);

	if (copy && count)
		memcpy(copy, list, count * elem);
	return copy;
}

void *suan_list_room(struct suan_arena *arena, const void *list, uint32_t count, size_t elem)
{
	if (count >= MOST)
		return NULL;
	/* It is full at 0, 4, 8, 16, …, so its capacity need not be kept. */
	if (count && (count < FIRST || (count & (count - 1)) != 0))
		return (void *)(uintptr_t)list;
	return copy_with(arena, list, count, count ? count * 2 : FIRST, elem);
}

void *suan_list_copy(struct suan_arena *arena, const void *list, uint32_t count, size_t elem)
{
	return count < MOST ? copy_with(arena, list, count, count + 1, elem) : NULL;
}
