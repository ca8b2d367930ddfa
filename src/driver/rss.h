/* Memory of runs by looking: the sum over all processes of a session, for places where the kernel
 * cannot limit it for us. */
#ifndef SUAN_DRIVER_RSS_H
#define SUAN_DRIVER_RSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct suan_rss {
	int64_t session; /* pid of the run's leader */
	uint64_t limit_bytes;
	uint64_t bytes; /* out: resident; shared pages by parts if that is over */
	bool over;	/* out */
};

/* Looks at all processes once. Sorts the list by session. */
void suan_rss_sample(struct suan_rss *list, size_t n);

#endif
