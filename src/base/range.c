#include "base/range.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static enum suan_code wrong(struct suan_err *err, const char *found)
{
	return suan_fail(err, SUAN_EINVAL,
			 "found \"%.64s\"; right are indices from 0 to %u such as 0-99, 1,3,5-7:2 "
			 "or 0-99%%10",
			 found, SUAN_RANGE_MAX_INDEX);
}

/* The number at *p, at most most; moves *p behind it. */
static bool take_number(const char **p, uint32_t most, uint32_t *ret)
{
	const char *s = *p;
	uint64_t v = 0;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > most)
			return false;
	}
	*p = s;
	*ret = (uint32_t)v;
	return true;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* "7", "0-99", "5-7:2" */
static bool take_run(const char **p, struct suan_range_run *ret)
{
	struct suan_range_run run = {0, 0, 1};

	if (!take_number(p, SUAN_RANGE_MAX_INDEX, &run.first))
		return false;
	run.last = run.first;
	if (take_char(p, '-')) {
		if (!take_number(p, SUAN_RANGE_MAX_INDEX, &run.last) || run.last < run.first)
			return false;
		if (take_char(p, ':') &&
		    (!take_number(p, SUAN_RANGE_MAX_INDEX, &run.step) || run.step == 0))
			return false;
	}
	run.last -= (run.last - run.first) % run.step;
	if (run.last == run.first)
		run.step = 1;
	*ret = run;
	return true;
}

static uint32_t run_count(const struct suan_range_run *run)
{
	return (run->last - run->first) / run->step + 1;
}

/* True: b goes on where a ends, and a now holds both. */
static bool join(struct suan_range_run *a, const struct suan_range_run *b)
{
	bool single = b->first == b->last;

	if ((!single && a->step != b->step) || (uint64_t)a->last + a->step != b->first)
		return false;
	a->last = b->last;
	return true;
}

/* Lists written in order are joined at once, so that long ones need few runs. */
static enum suan_code add_run(struct suan_range *r, const struct suan_range_run *run,
			      struct suan_err *err)
{
	if (r->nruns > 0 && join(&r->runs[r->nruns - 1], run))
		return SUAN_OK;
	if (r->nruns == SUAN_RANGE_MAX_RUNS)
		return suan_fail(err, SUAN_ETOOBIG,
				 "more than %d runs of indices; write fewer, such as 0-99:2",
				 SUAN_RANGE_MAX_RUNS);
	r->runs[r->nruns++] = *run;
	return SUAN_OK;
}

/* Equal ones overlap, so their order never matters. */
static int by_first(const void *a, const void *b)
{
	const struct suan_range_run *x = a;
	const struct suan_range_run *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Ascending, joined, without overlap, and counted. */
static enum suan_code normalise(struct suan_range *r, struct suan_err *err)
{
	uint64_t count = 0;
	uint32_t n = 0;

	qsort(r->runs, r->nruns, sizeof(r->runs[0]), by_first);
	for (uint32_t i = 0; i < r->nruns; i++) {
		struct suan_range_run run = r->runs[i];

		if (n > 0 && run.first <= r->runs[n - 1].last)
			return suan_fail(err, SUAN_EINVAL,
					 "runs overlap at index %u; right is each index once and "
					 "runs that do not reach into each other",
					 run.first);
		count += run_count(&run);
		if (n == 0 || !join(&r->runs[n - 1], &run))
			r->runs[n++] = run;
	}
	memset(&r->runs[n], 0, (SUAN_RANGE_MAX_RUNS - n) * sizeof(r->runs[0]));
	r->nruns = n;
	if (count > SUAN_RANGE_MAX_COUNT)
		return suan_fail(err, SUAN_ETOOBIG, "%llu elements; right are at most %u",
				 (unsigned long long)count, SUAN_RANGE_MAX_COUNT);
	r->count = (uint32_t)count;
	return SUAN_OK;
}

enum suan_code suan_range_parse(const char *s, struct suan_range *ret, struct suan_err *err)
{
	struct suan_range r;
	const char *p = s;
	enum suan_code rc;

	memset(&r, 0, sizeof(r));
	do {
		struct suan_range_run run;

		if (!take_run(&p, &run))
			return wrong(err, s);
		rc = add_run(&r, &run, err);
		if (rc != SUAN_OK)
			return rc;
	} while (take_char(&p, ','));
	if (take_char(&p, '%') && !take_number(&p, SUAN_RANGE_MAX_INDEX, &r.cap))
		return wrong(err, s);
	if (*p)
		return wrong(err, s);
	rc = normalise(&r, err);
	if (rc == SUAN_OK)
		*ret = r;
	return rc;
}

void suan_range_format(const struct suan_range *r, struct suan_buf *out)
{
	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct suan_range_run *run = &r->runs[i];

		suan_buf_addf(out, "%s%u", i > 0 ? "," : "", run->first);
		if (run->last > run->first)
			suan_buf_addf(out, "-%u", run->last);
		if (run->step > 1)
			suan_buf_addf(out, ":%u", run->step);
	}
	if (r->nruns > 0 && r->cap > 0)
		suan_buf_addf(out, "%%%u", r->cap);
}

uint32_t suan_range_at(const struct suan_range *r, uint32_t pos)
{
	uint32_t i = 0;

	assert(pos < r->count);
	while (pos >= run_count(&r->runs[i]))
		pos -= run_count(&r->runs[i++]);
	return r->runs[i].first + pos * r->runs[i].step;
}

bool suan_range_pos(const struct suan_range *r, uint32_t index, uint32_t *ret_pos)
{
	uint32_t before = 0;

	for (uint32_t i = 0; i < r->nruns; i++) {
		const struct suan_range_run *run = &r->runs[i];

		if (index < run->first)
			return false;
		if (index <= run->last) {
			if ((index - run->first) % run->step != 0)
				return false;
			*ret_pos = before + (index - run->first) / run->step;
			return true;
		}
		before += run_count(run);
	}
	return false;
}
