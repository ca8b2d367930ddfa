/* The only clocks. */
#ifndef SUAN_SYS_CLOCK_H
#define SUAN_SYS_CLOCK_H

#include <stdint.h>

int64_t suan_clock_now_ms(void);	/* UTC since the epoch */
int64_t suan_clock_mono_us(void);	/* monotonic; for intervals */

#endif
