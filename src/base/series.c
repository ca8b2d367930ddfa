#include "base/series.h"

#include <assert.h>
#include <stdlib.h>

#include "base/grow.h"

void suan_series_done(struct suan_series *s)
{
	free(s->steps);
	*s = (struct suan_series){0};
}

enum suan_code suan_series_add(struct suan_series *s, int64_t at_ms, int64_t value)
{
	enum suan_code rc = suan_grow(&s->steps, &s->cap, s->count + 1, sizeof(*s->steps));

	if (rc != SUAN_OK)
		return rc;
	if (s->count > 0 && s->steps[s->count - 1].at_ms >= at_ms)
		s->unsorted = true;
	/* until it is sealed, `before` is the order of adding */
	s->steps[s->count] = (struct suan_series_step){at_ms, value, (suan_int128)s->count};
	s->count++;
	return SUAN_OK;
}

static int by_time(const void *a, const void *b)
{
	const struct suan_series_step *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->before < y->before ? -1 : x->before > y->before;
}

size_t suan_series_seal(struct suan_series *s)
{
	size_t n = 0, had = s->count;

	if (s->unsorted)
		qsort(s->steps, s->count, sizeof(*s->steps), by_time);
	for (size_t i = 0; i < s->count; i++) {
		if (n > 0 && s->steps[n - 1].at_ms == s->steps[i].at_ms)
			n--;
		s->steps[n++] = s->steps[i];
	}
	s->count = n;
	s->unsorted = false;
	for (size_t i = 0; i < n; i++) {
		struct suan_series_step *x = &s->steps[i];

		x->before = i == 0 ? 0
				   : x[-1].before + (suan_int128)x[-1].value *
							    ((suan_int128)x->at_ms - x[-1].at_ms);
	}
	if (n > 1)
		s->pace_ms = ((uint64_t)s->steps[n - 1].at_ms - (uint64_t)s->steps[0].at_ms) /
			     (n - 1);
	return had - n;
}

/* The last step at or before the time, or the first. That is where it would be if all were equally
 * long, as those of an hourly series are; or it is searched for. */
static const struct suan_series_step *step_at(const struct suan_series *s, int64_t at_ms)
{
	const struct suan_series_step *x = s->steps, *last = &s->steps[s->count - 1];

	assert(s->count > 0 && !s->unsorted);
	if (at_ms >= last->at_ms)
		return last;
	if (at_ms < x->at_ms)
		return x;
	x += ((uint64_t)at_ms - (uint64_t)x->at_ms) / s->pace_ms;
	if (x < last && x->at_ms <= at_ms && x[1].at_ms > at_ms)
		return x;
	x = s->steps;
	/* without branches that depend on the steps, as nobody could guess them */
	for (size_t n = s->count; n > 1; n -= n / 2)
		x += x[n / 2].at_ms <= at_ms ? n / 2 : 0;
	return x;
}

int64_t suan_series_at(const struct suan_series *s, int64_t at_ms)
{
	return step_at(s, at_ms)->value;
}

int64_t suan_series_next(const struct suan_series *s, int64_t at_ms, int64_t none)
{
	const struct suan_series_step *x = step_at(s, at_ms);

	x += x->at_ms <= at_ms;
	return x < s->steps + s->count ? x->at_ms : none;
}

int64_t suan_series_least(const struct suan_series *s, int64_t from_ms, int64_t to_ms)
{
	const struct suan_series_step *x = step_at(s, from_ms), *end = s->steps + s->count;
	int64_t least = x->value;

	assert(from_ms < to_ms);
	for (x++; x < end && x->at_ms < to_ms; x++)
		least = x->value < least ? x->value : least;
	return least;
}

/* value × ms from the first time to this one; negative before it. */
static suan_int128 sum_until(const struct suan_series *s, int64_t at_ms)
{
	const struct suan_series_step *x = step_at(s, at_ms);

	return x->before + (suan_int128)x->value * ((suan_int128)at_ms - x->at_ms);
}

suan_int128 suan_series_sum(const struct suan_series *s, int64_t from_ms, int64_t to_ms)
{
	assert(from_ms <= to_ms);
	return sum_until(s, to_ms) - sum_until(s, from_ms);
}
