/* Memory of the process. */
#ifndef SUAN_SYS_MEMORY_H
#define SUAN_SYS_MEMORY_H

#include <stdint.h>

/* Gives freed memory back to the system: after something large is over. */
void suan_memory_trim(void);
/* The most that was resident at one time since the start; 0: not known. */
int64_t suan_memory_peak_bytes(void);

#endif
