#include "wire/trace.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "base/rng.h"
#include "wire/trace_inside.h"

#define NAME_ROOM 200u /* of a file name in a text */

struct suan_trace_reader *suan_trace_reader_new(enum suan_trace_form form, const char *name)
{
	struct suan_trace_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->form = form;
	r->name = strndup(name, NAME_ROOM);
	r->names = suan_intern_new();
	r->small = calloc(SUAN_TRACE_SMALL, sizeof(*r->small));
	suan_buf_init(&r->carry, SUAN_TRACE_MOST_LINE);
	if (!r->name || !r->names || !r->small) {
		suan_trace_reader_free(r);
		return NULL;
	}
	return r;
}

void suan_trace_reader_free(struct suan_trace_reader *r)
{
	if (!r)
		return;
	suan_trace_done(&r->table);
	suan_intern_free(r->names);
	suan_map_done(&r->large);
	suan_arena_done(&r->arena);
	suan_buf_done(&r->carry);
	free(r->small);
	free(r->name);
	free(r);
}

void suan_trace_done(struct suan_trace *t)
{
	free(t->jobs);
	free(t->strings);
	free(t->inputs);
	memset(t, 0, sizeof(*t));
}

enum suan_code suan_trace_too_long(const struct suan_trace_reader *r, struct suan_err *err)
{
	return suan_fail(err, SUAN_EINVAL,
			 "%s:%llu: found a line of more than %u bytes, want a trace of jobs",
			 r->name, (unsigned long long)r->line, SUAN_TRACE_MOST_LINE);
}

enum suan_code suan_trace_no_memory(const struct suan_trace_reader *r, struct suan_err *err)
{
	return suan_fail(err, SUAN_ENOMEM, "%s:%llu: out of memory after %zu jobs", r->name,
			 (unsigned long long)r->line, r->table.njobs);
}

/* ---- jobs and strings ---- */

enum suan_code suan_trace_add(struct suan_trace_reader *r, const struct suan_trace_job *job,
			      struct suan_trace_job **ret)
{
	struct suan_trace *t = &r->table;
	struct suan_trace_job *to;
	enum suan_code rc;

	*ret = NULL;
	r->records++;
	if (job->run_ms <= 0 || job->submit_ms < 0 || !job->tasks || !job->cores) {
		t->rejected++;
		return SUAN_OK;
	}
	if (t->njobs == r->jobs_cap) {
		rc = suan_grow(&t->jobs, &r->jobs_cap, t->njobs + 1, sizeof(*t->jobs));
		if (rc != SUAN_OK)
			return rc;
	}
	if (t->njobs && job->submit_ms < t->jobs[t->njobs - 1].submit_ms)
		r->unsorted = true;
	to = &t->jobs[t->njobs++];
	*to = *job;
	if (to->estimate_ms <= 0)
		to->estimate_ms = to->run_ms;
	if (to->run_ms > to->estimate_ms)
		to->run_ms = to->estimate_ms;
	if (to->id == 0)
		to->id = r->records;
	*ret = to;
	return SUAN_OK;
}

enum suan_code suan_trace_number(struct suan_trace_reader *r, int64_t v, uint32_t *ret_id)
{
	bool small = v >= 0 && v < SUAN_TRACE_SMALL;
	enum suan_code rc = SUAN_OK;
	uint64_t known;
	char text[24];
	int n;

	*ret_id = 0;
	if (small && r->small[v]) {
		*ret_id = r->small[v];
		return SUAN_OK;
	}
	if (v < 0)
		return SUAN_OK;
	if (!small && suan_map_get(&r->large, (uint64_t)v, &known)) {
		*ret_id = (uint32_t)known;
		return SUAN_OK;
	}
	n = snprintf(text, sizeof(text), "%lld", (long long)v);
	if (!small)
		rc = suan_map_reserve(&r->large, 1);
	if (rc == SUAN_OK)
		rc = suan_intern_add(r->names, text, (size_t)n, ret_id);
	if (rc != SUAN_OK)
		return rc;
	if (small)
		r->small[v] = *ret_id;
	else
		rc = suan_map_put(&r->large, (uint64_t)v, *ret_id);
	return rc;
}

/* ---- pieces ---- */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What the first word tells; ANY: there is none. */
static enum suan_trace_form form_of(const char *p, const char *end)
{
	while (p < end && blank(*p))
		p++;
	if (p == end)
		return SUAN_TRACE_ANY;
	return *p == '{' ? SUAN_TRACE_JSONL : SUAN_TRACE_SWF;
}

static enum suan_code read_lines(struct suan_trace_reader *r, const char *p, const char *end,
				 struct suan_err *err)
{
	if (r->line == 0 && end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	if (r->form == SUAN_TRACE_ANY)
		r->form = form_of(p, end);
	if (r->form == SUAN_TRACE_JSONL)
		return suan_trace_jsonl_lines(r, p, end, err);
	return suan_trace_swf_lines(r, p, end, err);
}

static enum suan_code keep(struct suan_trace_reader *r, const char *p, size_t n,
			   struct suan_err *err)
{
	if (n == 0 || suan_buf_add(&r->carry, p, n))
		return SUAN_OK;
	r->line++;
	if (suan_buf_ok(&r->carry, err) == SUAN_ETOOBIG)
		return suan_trace_too_long(r, err);
	return suan_trace_no_memory(r, err);
}

/* The line that was kept, whose end has come. */
static enum suan_code read_kept(struct suan_trace_reader *r, struct suan_err *err)
{
	enum suan_code rc = read_lines(r, r->carry.data, r->carry.data + r->carry.len, err);

	suan_buf_reset(&r->carry);
	return rc;
}

static enum suan_code feed(struct suan_trace_reader *r, const char *p, size_t n,
			   struct suan_err *err)
{
	const char *end = p + n, *last;
	enum suan_code rc;

	if (r->carry.len > 0) {
		const char *nl = memchr(p, '\n', n);
		size_t head = nl ? (size_t)(nl + 1 - p) : n;

		rc = keep(r, p, head, err);
		if (rc == SUAN_OK && nl)
			rc = read_kept(r, err);
		if (rc != SUAN_OK || !nl)
			return rc;
		p = nl + 1;
	}
	last = memrchr(p, '\n', (size_t)(end - p));
	if (last) {
		rc = read_lines(r, p, last + 1, err);
		if (rc != SUAN_OK)
			return rc;
		p = last + 1;
	}
	return keep(r, p, (size_t)(end - p), err);
}

enum suan_code suan_trace_feed(struct suan_trace_reader *r, const void *bytes, size_t n,
			       struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	assert(!r->over);
	if (n > 0)
		rc = feed(r, bytes, n, err);
	r->over = rc != SUAN_OK;
	return rc;
}

/* ---- the table ---- */

/* Pointers and bytes in one block, so that the table needs nothing else. */
static const char **copy_strings(const struct suan_intern *names, uint32_t n)
{
	size_t bytes = 1, len;
	const char **block;
	char *to;

	for (uint32_t i = 1; i < n; i++) {
		(void)suan_intern_bytes(names, i, &len);
		bytes += len + 1;
	}
	block = malloc(n * sizeof(*block) + bytes);
	if (!block)
		return NULL;
	to = (char *)(block + n);
	for (uint32_t i = 0; i < n; i++) {
		const char *s = suan_intern_bytes(names, i, &len);

		memcpy(to, s, len + 1);
		block[i] = to;
		to += len + 1;
	}
	return block;
}

/* Growing left up to half of the arrays unused. */
static void trim(struct suan_trace *t)
{
	void *less = realloc(t->jobs, t->njobs * sizeof(*t->jobs));

	if (less)
		t->jobs = less;
	if (t->ninputs == 0) {
		free(t->inputs);
		t->inputs = NULL;
		return;
	}
	less = realloc(t->inputs, t->ninputs * sizeof(*t->inputs));
	if (less)
		t->inputs = less;
}

static enum suan_code take(struct suan_trace_reader *r, struct suan_trace *ret,
			   struct suan_err *err)
{
	struct suan_trace *t = &r->table;
	uint32_t nstrings = (uint32_t)suan_intern_count(r->names) + 1;
	const char **strings;

	if (t->njobs == 0 && t->rejected == 0)
		return suan_fail(err, SUAN_EINVAL, "%s: found no job in it", r->name);
	if (t->njobs == 0)
		return suan_fail(err, SUAN_EINVAL,
				 "%s: found no job in it that has run time and processors, "
				 "among %llu records",
				 r->name, (unsigned long long)t->rejected);
	strings = copy_strings(r->names, nstrings);
	if (!strings || (r->unsorted && suan_trace_sort(t) != SUAN_OK)) {
		free(strings);
		return suan_trace_no_memory(r, err);
	}
	trim(t);
	*ret = *t;
	ret->strings = strings;
	ret->nstrings = nstrings;
	memset(t, 0, sizeof(*t));
	return SUAN_OK;
}

enum suan_code suan_trace_take(struct suan_trace_reader *r, struct suan_trace *ret,
			       struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	assert(!r->over);
	r->over = true;
	if (r->carry.len > 0) {
		rc = keep(r, "\n", 1, err);
		if (rc == SUAN_OK)
			rc = read_kept(r, err);
	}
	return rc == SUAN_OK ? take(r, ret, err) : rc;
}

/* ---- load and shaking ---- */

/* The job is submitted then; a deadline keeps its distance. */
static void move(struct suan_trace_job *j, int64_t submit_ms)
{
	if (j->deadline_ms > 0) {
		j->deadline_ms = suan_sat_add(submit_ms, j->deadline_ms - j->submit_ms);
		if (j->deadline_ms < 1)
			j->deadline_ms = 1;
	}
	j->submit_ms = submit_ms;
}

/* span × num / den without overflow in between, for num, den < 2^32; rounded down. */
static int64_t scale(int64_t span, uint32_t num, uint32_t den)
{
	int64_t whole, rest = span % den * num / den;

	if (!suan_mul_i64(span / den, num, &whole))
		return INT64_MAX;
	return suan_sat_add(whole, rest);
}

void suan_trace_load(struct suan_trace *t, uint32_t load_milli)
{
	int64_t first;

	assert(load_milli > 0);
	if (t->njobs == 0)
		return;
	first = t->jobs[0].submit_ms;
	/* From the first one, not gap by gap: so that roundings do not add up. */
	for (size_t i = 1; i < t->njobs; i++)
		move(&t->jobs[i],
		     suan_sat_add(first, scale(t->jobs[i].submit_ms - first, 1000, load_milli)));
}

void suan_trace_shake(struct suan_trace *t, uint64_t seed)
{
	const uint32_t unit = 1000000;
	struct suan_rng rng;
	int64_t before;

	suan_rng_init(&rng, seed);
	if (t->njobs == 0)
		return;
	before = t->jobs[0].submit_ms;
	for (size_t i = 1; i < t->njobs; i++) {
		int64_t gap = t->jobs[i].submit_ms - before;
		uint32_t factor = (uint32_t)suan_rng_between(&rng, unit / 2, unit + unit / 2);

		before = t->jobs[i].submit_ms;
		move(&t->jobs[i], suan_sat_add(t->jobs[i - 1].submit_ms, scale(gap, factor, unit)));
	}
}
