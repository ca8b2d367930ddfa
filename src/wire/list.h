/* Lists that grow in an arena, for readers that do not know how many items come. */
#ifndef SUAN_WIRE_LIST_H
#define SUAN_WIRE_LIST_H

#include <stdint.h>

#include "base/arena.h"

/* Room for item number count, zeroed, with another zeroed one behind it (a NULL that ends a list of
 * pointers). list is what the last call returned, NULL at first, and count the items in it. Returns
 * the list, perhaps moved; NULL: out of memory, the old list stays. Only for lists made by this
 * function. */
void *suan_list_room(struct suan_arena *arena, const void *list, uint32_t count, size_t elem);
/* The same for a list of any origin; always a copy. */
void *suan_list_copy(struct suan_arena *arena, const void *list, uint32_t count, size_t elem);

#endif
