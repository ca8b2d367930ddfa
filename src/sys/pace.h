/* Rates in bytes a second: token buckets that threads wait at, with the monotonic clock. */
#ifndef SUAN_SYS_PACE_H
#define SUAN_SYS_PACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct suan_pace_bucket { /* zeroed = no limit */
	uint64_t bytes_s; /* 0 = no limit */
	int64_t free_us;  /* when all that passed has been paid for */
};

/* Lets n bytes pass at now_us; returns when that is paid for: the time to go on. What was not used
 * counts for at most a tenth of a second. Pure. */
int64_t suan_pace_charge(struct suan_pace_bucket *b, uint64_t n, int64_t now_us);

/* Where the threads of some buckets wait. */
struct suan_pace_gate {
	pthread_mutex_t lock; /* of the buckets too */
	pthread_cond_t wake;
	uint64_t changes;
};

void suan_pace_init(struct suan_pace_gate *g);
void suan_pace_done(struct suan_pace_gate *g);
/* Charges both buckets (either may be NULL) and waits until both are paid for, *cancel is set, or a
 * rate has changed. False: *cancel is set. */
bool suan_pace_pass(struct suan_pace_gate *g, struct suan_pace_bucket *a,
		    struct suan_pace_bucket *b, uint64_t n, const atomic_bool *cancel);
/* From now on; debts at the rate before are forgotten. */
void suan_pace_set(struct suan_pace_gate *g, struct suan_pace_bucket *b, uint64_t bytes_s);
/* Sets *cancel and wakes who waits. */
void suan_pace_cancel(struct suan_pace_gate *g, atomic_bool *cancel);

#endif
