#include "engine/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"

#define BETTER 4 /* estimates must have been so much nearer */
#define DECAY  8 /* a new error counts one eighth */

void suan_history_done(struct suan_history *h, struct suan_intern *strings)
{
	for (size_t i = 0; i < h->count; i++)
		suan_intern_drop(strings, h->list[i].user);
	free(h->list);
	suan_map_done(&h->of_user);
	memset(h, 0, sizeof(*h));
}

enum suan_code suan_history_reserve(struct suan_history *h, struct suan_intern *strings,
				    uint32_t user)
{
	enum suan_code rc;

	if (user == 0 || suan_map_get(&h->of_user, user, NULL))
		return SUAN_OK;
	rc = suan_grow(&h->list, &h->cap, h->count + 1, sizeof(*h->list));
	if (rc == SUAN_OK)
		rc = suan_map_put(&h->of_user, user, h->count);
	if (rc != SUAN_OK)
		return rc;
	suan_intern_ref(strings, user);
	h->list[h->count++] = (struct suan_past){.user = user};
	return SUAN_OK;
}

static const struct suan_past *find(const struct suan_history *h, uint32_t user)
{
	uint64_t at;

	return user != 0 && suan_map_get(&h->of_user, user, &at) ? &h->list[at] : NULL;
}

/* 0: nothing is known. */
static int64_t mean(const struct suan_past *p, int64_t estimate_ms)
{
	int64_t a = p->last_ms, b = p->before_ms;

	if (a == 0)
		return 0;
	a = a < estimate_ms ? a : estimate_ms;
	b = b < estimate_ms ? b : estimate_ms;
	return b > 0 ? a / 2 + b / 2 + (a & b & 1) : a;
}

int64_t suan_history_predict(const struct suan_history *h, uint32_t user, int64_t estimate_ms)
{
	const struct suan_past *p = find(h, user);
	int64_t guess = p ? mean(p, estimate_ms) : 0;

	if (guess == 0 || p->estimate_error * BETTER < p->mean_error)
		guess = estimate_ms;
	return guess > 0 ? guess : 1;
}

static int64_t error_of(int64_t guess_ms, int64_t run_ms)
{
	int64_t error = suan_log2_q16((uint64_t)guess_ms) - suan_log2_q16((uint64_t)run_ms);

	return error < 0 ? -error : error;
}

/* The user is there, so that this cannot fail. */
static void move(struct suan_history *h, uint32_t user, uint64_t at)
{
	enum suan_code rc = suan_map_put(&h->of_user, user, at);

	assert(rc == SUAN_OK);
}

void suan_history_learn(struct suan_history *h, uint32_t user, int64_t estimate_ms, int64_t run_ms)
{
	struct suan_past *p;
	uint64_t at;
	int64_t guess;

	if (user == 0 || run_ms <= 0 || estimate_ms <= 0 || !suan_map_get(&h->of_user, user, &at))
		return;
	if (at >= h->known) {
		struct suan_past other = h->list[h->known];

		h->list[h->known] = h->list[at];
		h->list[at] = other;
		move(h, other.user, at);
		at = h->known++;
		move(h, user, at);
	}
	p = &h->list[at];
	guess = mean(p, estimate_ms);
	if (guess > 0) {
		p->mean_error += (error_of(guess, run_ms) - p->mean_error) / DECAY;
		p->estimate_error += (error_of(estimate_ms, run_ms) - p->estimate_error) / DECAY;
	}
	p->before_ms = p->last_ms;
	p->last_ms = run_ms;
}

enum suan_code suan_history_restore(struct suan_history *h, struct suan_intern *strings,
				    const struct suan_past *past)
{
	enum suan_code rc;

	if (past->user == 0 || past->last_ms <= 0 || past->before_ms < 0 ||
	    past->estimate_error < 0 || past->mean_error < 0 ||
	    suan_map_get(&h->of_user, past->user, NULL))
		return SUAN_ECONFLICT;
	rc = suan_history_reserve(h, strings, past->user);
	if (rc == SUAN_OK)
		h->list[h->known++] = *past;
	return rc;
}

size_t suan_history_memory(const struct suan_history *h)
{
	return h->cap * sizeof(*h->list) + h->of_user.cap * 2 * sizeof(uint64_t);
}
