/* How much work comes in, by how long it runs: what work that is still to come will want of the
 * capacity at a later time. Sums since a time, which are halved, and so forget, as they get old. */
#ifndef SUAN_ENGINE_INFLOW_H
#define SUAN_ENGINE_INFLOW_H

#include <stdbool.h>
#include <stdint.h>

#define SUAN_INFLOW_KINDS 32u /* kind k: run times of 2^(k−1) … 2^k − 1 s */

struct suan_inflow {
	int64_t since_ms;	/* meaningless while nothing came */
	int64_t width[SUAN_INFLOW_KINDS];	/* Σ thousandths of a node */
	int64_t area[SUAN_INFLOW_KINDS];	/* Σ thousandths × s */
};

/* Something came that takes so many thousandths (≥ 0) for so long. */
void suan_inflow_add(struct suan_inflow *d, int64_t now_ms, int64_t milli, int64_t run_ms);
/* Thousandths that what comes from now on will take up so long after now, if all of it starts at
 * once and as much comes as did so far. */
int64_t suan_inflow_ahead(const struct suan_inflow *d, int64_t now_ms, int64_t after_ms);
/* The sums could have come from suan_inflow_add(). */
bool suan_inflow_good(const struct suan_inflow *d);

#endif
