/* How far places are from each other, in time: one way, whole microseconds. Between the ends of
 * links it is the shortest way over them; elsewhere the fibre rule, from the great circle. */
#ifndef SUAN_WIRE_LATENCY_H
#define SUAN_WIRE_LATENCY_H

#include "base/arena.h"
#include "base/err.h"
#include "engine/model.h"

/* The fibre rule: light in fibre, fibre that is longer than the great circle, and equipment. */
#define SUAN_FIBRE_NS_PER_KM	 4900
#define SUAN_FIBRE_STRETCH_MILLI 1760	/* optical layer; docs/guide/latency.md has the source */
#define SUAN_FIBRE_FIXED_US	 200

struct suan_circle {		/* a bound on the latency with a name */
	const char *name;
	uint32_t us;
};
/* city 1 ms, region 5 ms, nation 20 ms; ends with a name of NULL. Constant. */
const struct suan_circle *suan_latency_circles(void);
/* "5ms", "800us", "5" (ms), "0.5ms" or the name of a circle; more than 0, at most an hour. EINVAL:
 * none of these, *ret is untouched. */
SUAN_MUSTUSE enum suan_code suan_latency_parse(const char *text, uint32_t *ret_us,
					       struct suan_err *err);
/* "3.2 ms": microseconds as milliseconds without zeros at the end. */
void suan_latency_format(uint32_t us, char out[32]);

/* Fills latency_us and nlatency, from each city and each site to each site: 0 from a site to
 * itself; the shortest way over links (Dijkstra 1959), where a link without latency counts by the
 * fibre rule; where no link leads, the fibre rule; without coordinates (0, 0) SUAN_FAR_US. A site
 * and a city of one name are one place for links. Haversine on a sphere of 6 371.0088 km. Of more
 * than 2^24 pairs nothing is measured: nlatency is 0. The list is in the arena. ENOMEM: net is
 * unchanged. */
SUAN_MUSTUSE enum suan_code suan_latency_measure(struct suan_network *net,
						 struct suan_arena *arena, struct suan_err *err);

#endif
