/* Steps of free capacity over time; see profile.h. */
#include "engine/profile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "engine/model.h"

#define NEAR 16u

void suan_profile_done(struct suan_profile *f)
{
	free(f->steps);
	memset(f, 0, sizeof(*f));
}

enum suan_code suan_profile_reset(struct suan_profile *f, const struct suan_vec *free, size_t more)
{
	enum suan_code rc = suan_grow(&f->steps, &f->cap, more + 1, sizeof(*f->steps));

	if (rc != SUAN_OK)
		return rc;
	f->steps[0].from = INT64_MIN;
	f->steps[0].free = *free;
	f->count = 1;
	f->rising = INT64_MIN;
	return SUAN_OK;
}

enum suan_code suan_profile_copy(struct suan_profile *to, const struct suan_profile *from)
{
	enum suan_code rc = suan_grow(&to->steps, &to->cap, from->count, sizeof(*to->steps));

	assert(from->count > 0);
	if (rc != SUAN_OK)
		return rc;
	memcpy(to->steps, from->steps, from->count * sizeof(*to->steps));
	to->count = from->count;
	to->rising = from->rising;
	return SUAN_OK;
}

/* The last step from `lo` on that begins at or before `at`; lo does. Without branches that depend
 * on the steps, as nobody could guess them. */
static size_t step_from(const struct suan_profile *f, size_t lo, int64_t at)
{
	size_t n = f->count - lo;

	assert(lo < f->count);
	if (n > NEAR && f->steps[lo + NEAR].from > at)
		n = NEAR;	/* most are asked for what comes next */
	while (n > 1) {
		size_t half = n / 2;

		lo += f->steps[lo + half].from <= at ? half : 0;
		n -= half;
	}
	return lo;
}

static size_t step_of(const struct suan_profile *f, int64_t at)
{
	return step_from(f, 0, at);
}

/* Makes steps that begin at `from` and `to`, if there are none; room is there. All that follows is
 * moved once. Returns the first; *ret_end: the one at `to`, or behind the last. */
static size_t split(struct suan_profile *f, int64_t from, int64_t to, size_t *ret_end)
{
	struct suan_step *s = f->steps;
	size_t i = step_from(f, 0, from), k = f->count - 1;
	bool at_from = s[i].from == from, at_to = true;

	if (to != SUAN_FOREVER) {
		k = step_from(f, i, to);
		at_to = s[k].from == to;
	}
	assert(f->count + (size_t)!at_from + (size_t)!at_to <= f->cap);
	if (!at_to) {
		memmove(&s[k + 2 + !at_from], &s[k + 1], (f->count - k - 1) * sizeof(*s));
		s[k + 1 + !at_from] = s[k];
		s[k + 1 + !at_from].from = to;
	}
	if (!at_from) {
		size_t moved = at_to ? f->count : k + 1;

		memmove(&s[i + 2], &s[i + 1], (moved - i - 1) * sizeof(*s));
		s[i + 1] = s[i];
		s[i + 1].from = from;
	}
	f->count += (size_t)!at_from + (size_t)!at_to;
	*ret_end = to == SUAN_FOREVER ? f->count : k + (size_t)!at_from + (size_t)!at_to;
	return i + !at_from;
}

static bool takes(const struct suan_vec *v)
{
	return v->cores > 0 || v->memory > 0 || v->gpus > 0 || v->nodes > 0;
}

static bool gives(const struct suan_vec *v)
{
	return v->cores < 0 || v->memory < 0 || v->gpus < 0 || v->nodes < 0;
}

enum suan_code suan_profile_reserve(struct suan_profile *f, const struct suan_vec *v, int64_t from,
				    int64_t to)
{
	enum suan_code rc;
	size_t first, end;

	assert(from <= to);
	if (from == to)
		return SUAN_OK;
	rc = suan_grow(&f->steps, &f->cap, f->count + 2, sizeof(*f->steps));
	if (rc != SUAN_OK)
		return rc;
	first = split(f, from, to, &end);
	for (size_t i = first; i < end; i++)
		suan_vec_sub(&f->steps[i].free, v);
	if (takes(v) && from > f->rising)
		f->rising = from;
	if (gives(v) && to > f->rising)
		f->rising = to;
	return SUAN_OK;
}

int64_t suan_profile_area(const struct suan_profile *f, int64_t from, int64_t to)
{
	int64_t area = 0;

	for (size_t i = step_of(f, from); i < f->count && from < to; i++) {
		int64_t end = i + 1 < f->count ? f->steps[i + 1].from : to;

		end = end < to ? end : to;
		if (f->steps[i].free.cores > 0)
			area = suan_sat_add(area, (end - from) * f->steps[i].free.cores);
		from = end;
	}
	return area;
}

void suan_profile_tidy(struct suan_profile *f, int64_t now)
{
	size_t n = 0;

	for (size_t i = step_of(f, now); i < f->count; i++) {
		if (n > 0 && suan_vec_same(&f->steps[n - 1].free, &f->steps[i].free))
			continue;
		f->steps[n++] = f->steps[i];
	}
	f->steps[0].from = INT64_MIN;
	f->count = n;
}

bool suan_profile_overfull(const struct suan_profile *f, int64_t now)
{
	static const struct suan_vec nothing;

	for (size_t i = step_of(f, now); i < f->count; i++)
		if (!suan_vec_fits(&nothing, &f->steps[i].free))
			return true;
	return false;
}

int64_t suan_profile_sooner(const struct suan_profile *f, const struct suan_vec *v,
			    int64_t duration, int64_t from, int64_t own)
{
	int64_t start = from, end = suan_sat_add(from, duration);
	const struct suan_step *s, *last = f->steps + f->count;

	if (from >= own)
		return SUAN_FOREVER;
	s = &f->steps[step_of(f, from)];
	/* what lies within its own time always fits */
	do {
		if (!suan_vec_fits(v, &s->free)) {
			do
				s++;
			while (s < last && s->from < own && !suan_vec_fits(v, &s->free));
			if (s == last || s->from >= own)
				return SUAN_FOREVER;
			start = s->from;
			end = suan_sat_add(start, duration);
		}
		s++;
	} while (s < last && s->from < own && s->from < end);
	return start;
}

const struct suan_vec *suan_profile_at(const struct suan_profile *f, int64_t at)
{
	return &f->steps[step_of(f, at)].free;
}

int64_t suan_profile_earliest(const struct suan_profile *f, const struct suan_vec *v,
			      int64_t duration, int64_t from, int64_t latest)
{
	size_t i = step_of(f, from);
	int64_t start = from, end = suan_sat_add(from, duration);

	assert(duration > 0);
	while (i < f->count) {
		if (!suan_vec_fits(v, &f->steps[i].free)) {
			do
				i++;
			while (i < f->count && f->steps[i].from <= latest &&
			       !suan_vec_fits(v, &f->steps[i].free));
			if (i == f->count || f->steps[i].from > latest)
				return SUAN_FOREVER;
			start = f->steps[i].from;
			end = suan_sat_add(start, duration);
		}
		if (f->steps[i].from >= f->rising)
			return start <= latest ? start : SUAN_FOREVER;
		i++;
		if (i == f->count || f->steps[i].from >= end)
			return start <= latest ? start : SUAN_FOREVER;
	}
	return SUAN_FOREVER;
}

int64_t suan_profile_rising(const struct suan_profile *f, const struct suan_vec *v, int64_t from,
			    int64_t latest)
{
	size_t lo = step_of(f, from), n = f->count - lo;
	int64_t at;

	while (n > 0) {
		size_t half = n / 2;

		if (suan_vec_fits(v, &f->steps[lo + half].free)) {
			n = half;
		} else {
			lo += half + 1;
			n -= half + 1;
		}
	}
	if (lo == f->count)
		return SUAN_FOREVER;
	at = f->steps[lo].from > from ? f->steps[lo].from : from;
	return at <= latest ? at : SUAN_FOREVER;
}
