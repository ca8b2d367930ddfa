#include "sys/memory.h"

#include <malloc.h>
#include <sys/resource.h>

void suan_memory_trim(void)
{
	(void)malloc_trim(0);
}

int64_t suan_memory_peak_bytes(void)
{
	struct rusage u;

	return getrusage(RUSAGE_SELF, &u) == 0 ? (int64_t)u.ru_maxrss * 1024 : 0;
}
