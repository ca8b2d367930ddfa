#include "sys/memory.h"

#include <malloc.h>

void suan_memory_trim(void)
{
	(void)malloc_trim(0);
}
