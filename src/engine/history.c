#include "engine/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "base/num.h"

#define BETTER	   4	  /* estimates must have been so much nearer */
#define DECAY	   8	  /* a new error counts one eighth */
#define MOST_PASTS 65536u /* beyond, only users are told apart */

void suan_history_done(struct suan_history *h, struct suan_intern *strings)
{
	for (size_t i = 0; i < h->count; i++)
		suan_intern_drop(strings, h->list[i].user);
	free(h->list);
	suan_table_done(&h->of);
	memset(h, 0, sizeof(*h));
}

static uint32_t hash_of(uint32_t user, int64_t estimate_ms)
{
	uint64_t h = ((uint64_t)estimate_ms ^ user) * UINT64_C(0x9e3779b97f4a7c15) + user;

	return (uint32_t)(suan_hash_mix(h) >> 32);
}

/* Position, or SIZE_MAX: none. */
static size_t find(const struct suan_history *h, uint32_t user, int64_t estimate_ms)
{
	uint32_t hash = hash_of(user, estimate_ms), at;
	size_t pos = 0;

	if (user == 0)
		return SIZE_MAX;
	do
		at = suan_table_next(&h->of, hash, &pos);
	while (at != SUAN_TABLE_NONE &&
	       (h->list[at].user != user || h->list[at].estimate_ms != estimate_ms));
	return at != SUAN_TABLE_NONE ? at : SIZE_MAX;
}

static enum suan_code reserve_one(struct suan_history *h, struct suan_intern *strings,
				  uint32_t user, int64_t estimate_ms)
{
	enum suan_code rc;

	if (find(h, user, estimate_ms) != SIZE_MAX ||
	    (estimate_ms > 0 && h->count >= MOST_PASTS))
		return SUAN_OK;
	rc = suan_grow(&h->list, &h->cap, h->count + 1, sizeof(*h->list));
	if (rc == SUAN_OK)
		rc = suan_table_reserve(&h->of);
	if (rc != SUAN_OK)
		return rc;
	suan_table_put(&h->of, hash_of(user, estimate_ms), (uint32_t)h->count);
	suan_intern_ref(strings, user);
	h->list[h->count++] = (struct suan_past){.user = user, .estimate_ms = estimate_ms};
	return SUAN_OK;
}

enum suan_code suan_history_reserve(struct suan_history *h, struct suan_intern *strings,
				    uint32_t user, int64_t estimate_ms)
{
	enum suan_code rc;

	if (user == 0)
		return SUAN_OK;
	rc = reserve_one(h, strings, user, 0);
	return rc == SUAN_OK ? reserve_one(h, strings, user, estimate_ms) : rc;
}

/* 0: nothing is known. */
static int64_t mean(const struct suan_past *p, int64_t estimate_ms)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < p->nruns; i++) {
		int64_t run = p->runs_ms[i] < estimate_ms ? p->runs_ms[i] : estimate_ms;

		sum += run / (int64_t)p->nruns;
	}
	return p->nruns > 0 && sum < 1 ? 1 : sum;
}

/* The mean for the same estimate, else for the user; 0: nothing is known. */
static int64_t guess_of(const struct suan_history *h, size_t of_user, size_t of_kind,
			int64_t estimate_ms)
{
	size_t at = of_kind != SIZE_MAX && h->list[of_kind].nruns > 0 ? of_kind : of_user;

	return at != SIZE_MAX ? mean(&h->list[at], estimate_ms) : 0;
}

int64_t suan_history_predict(const struct suan_history *h, uint32_t user, int64_t estimate_ms,
			     bool *ret_known)
{
	size_t at = find(h, user, 0);
	int64_t guess = guess_of(h, at, find(h, user, estimate_ms), estimate_ms);

	*ret_known = guess > 0 && (at == SIZE_MAX ||
				   h->list[at].estimate_error * BETTER >= h->list[at].mean_error);
	if (!*ret_known)
		guess = estimate_ms;
	return guess > 0 ? guess : 1;
}

static int64_t error_of(int64_t guess_ms, int64_t log_run)
{
	int64_t error = suan_log2_q16((uint64_t)guess_ms) - log_run;

	return error < 0 ? -error : error;
}

/* Among the known ones from now on. */
static size_t know(struct suan_history *h, size_t at)
{
	size_t to = h->known++;
	struct suan_past *x = &h->list[at], *y = &h->list[to], other = *y;

	if (at == to)
		return to;
	suan_table_drop(&h->of, hash_of(x->user, x->estimate_ms), (uint32_t)at);
	suan_table_drop(&h->of, hash_of(y->user, y->estimate_ms), (uint32_t)to);
	*y = *x;
	*x = other;
	suan_table_put(&h->of, hash_of(x->user, x->estimate_ms), (uint32_t)at);
	suan_table_put(&h->of, hash_of(y->user, y->estimate_ms), (uint32_t)to);
	return to;
}

static void note_run(struct suan_history *h, size_t at, int64_t run_ms)
{
	struct suan_past *p;

	if (at == SIZE_MAX)
		return;
	if (at >= h->known)
		at = know(h, at);
	p = &h->list[at];
	memmove(&p->runs_ms[1], &p->runs_ms[0], (SUAN_PAST_RUNS - 1) * sizeof(p->runs_ms[0]));
	p->runs_ms[0] = run_ms;
	p->nruns += p->nruns < SUAN_PAST_RUNS;
}

void suan_history_learn(struct suan_history *h, uint32_t user, int64_t estimate_ms, int64_t run_ms)
{
	size_t at = find(h, user, 0), of_kind, known = h->known;
	int64_t guess;

	if (user == 0 || run_ms <= 0 || estimate_ms <= 0 || at == SIZE_MAX)
		return;
	of_kind = find(h, user, estimate_ms);
	guess = guess_of(h, at, of_kind, estimate_ms);
	if (guess > 0) {
		struct suan_past *p = &h->list[at];
		int64_t log_run = suan_log2_q16((uint64_t)run_ms);

		p->mean_error += (error_of(guess, log_run) - p->mean_error) / DECAY;
		p->estimate_error += (error_of(estimate_ms, log_run) - p->estimate_error) / DECAY;
	}
	note_run(h, at, run_ms);
	if (h->known != known)	/* things have moved */
		of_kind = find(h, user, estimate_ms);
	note_run(h, of_kind, run_ms);
}

enum suan_code suan_history_restore(struct suan_history *h, struct suan_intern *strings,
				    const struct suan_past *past)
{
	bool good = past->user != 0 && past->nruns > 0 && past->nruns <= SUAN_PAST_RUNS &&
		    past->estimate_ms >= 0 && past->estimate_error >= 0 && past->mean_error >= 0;
	enum suan_code rc;

	for (uint32_t i = 0; i < SUAN_PAST_RUNS; i++)
		good = good && (i < past->nruns ? past->runs_ms[i] > 0 : past->runs_ms[i] == 0);
	if (!good || find(h, past->user, past->estimate_ms) != SIZE_MAX)
		return SUAN_ECONFLICT;
	rc = reserve_one(h, strings, past->user, past->estimate_ms);
	if (rc != SUAN_OK || h->count == h->known)
		return rc == SUAN_OK ? SUAN_ECONFLICT : rc;
	h->list[h->known++] = *past;
	return SUAN_OK;
}

size_t suan_history_memory(const struct suan_history *h)
{
	return h->cap * sizeof(*h->list) + h->of.cap * sizeof(struct suan_table_slot);
}
