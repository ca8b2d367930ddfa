/* Growing typed arrays without macros that hide control flow. */
#ifndef SUAN_BASE_GROW_H
#define SUAN_BASE_GROW_H

#include <stddef.h>

#include "base/err.h"

/* What suan_grow does when need > *cap. */
SUAN_MUSTUSE enum suan_code suan_grow_more(void *array, size_t *cap, size_t need, size_t elem);

/* Ensures that *array (of elements of elem > 0 bytes, *cap of them allocated) can hold need
 * elements, growing by half, large ones by an eighth. array is the address of the pointer (NULL
 * with *cap = 0 at first; free it with free()). New elements are not set. SUAN_ENOMEM: nothing
 * changed. */
SUAN_MUSTUSE static inline enum suan_code suan_grow(void *array, size_t *cap, size_t need,
						    size_t elem)
{
	return need <= *cap ? SUAN_OK : suan_grow_more(array, cap, need, elem);
}

#endif
