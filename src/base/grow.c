#include "base/grow.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 8	   /* elements of a first allocation */
#define MANY  4096 /* from here on the kernel moves pages, and room that is not used counts */

enum suan_code suan_grow_more(void *array, size_t *cap, size_t need, size_t elem)
{
	size_t most;
	size_t want;
	void *old, *p;

	assert(elem > 0);
	most = SIZE_MAX / 2 / elem;
	if (need <= *cap)
		return SUAN_OK;
	if (need > most)
		return SUAN_ENOMEM;
	want = *cap + (*cap < MANY ? *cap / 2 : *cap / 8);
	if (want < FIRST)
		want = FIRST;
	if (want < need || want > most)
		want = need;
	memcpy(&old, array, sizeof(old));
	p = realloc(old, want * elem);
	if (!p)
		return SUAN_ENOMEM;
	memcpy(array, &p, sizeof(p));
	*cap = want;
	return SUAN_OK;
}
