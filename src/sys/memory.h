/* Memory of the process. */
#ifndef SUAN_SYS_MEMORY_H
#define SUAN_SYS_MEMORY_H

/* Gives freed memory back to the system: after something large is over. */
void suan_memory_trim(void);

#endif
