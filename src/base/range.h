/* Sets of array indices, "0-99%10", "1,3,5-7:2": sorted runs (first, last, step) and a cap on how
 * many run at once. */
#ifndef SUAN_BASE_RANGE_H
#define SUAN_BASE_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SUAN_RANGE_MAX_RUNS  64
#define SUAN_RANGE_MAX_COUNT 1000000u	/* elements of one array job */
#define SUAN_RANGE_MAX_INDEX 2147483647u

struct suan_range_run {
	uint32_t first, last, step;	/* last is included and reachable; step ≥ 1 */
};

/* Zeroed = no array. Runs are ascending and do not overlap. */
struct suan_range {
	uint32_t nruns;
	uint32_t count;			/* elements in all runs */
	uint32_t cap;			/* at once; 0 = no cap */
	struct suan_range_run runs[SUAN_RANGE_MAX_RUNS];
};

/* Runs may be written in any order but not reach into each other ("1-9:2,2-8:2"). SUAN_EINVAL, or
 * SUAN_ETOOBIG: too many runs or elements; *ret is untouched. */
SUAN_MUSTUSE enum suan_code suan_range_parse(const char *s, struct suan_range *ret,
					     struct suan_err *err);
/* Adds text that suan_range_parse reads back; nothing for a zeroed one. Failures stick in out. */
void suan_range_format(const struct suan_range *r, struct suan_buf *out);
/* Index of the pos-th element (0 ≤ pos < count), and back; false: not in the set. */
uint32_t suan_range_at(const struct suan_range *r, uint32_t pos);
bool suan_range_pos(const struct suan_range *r, uint32_t index, uint32_t *ret_pos);

#endif
