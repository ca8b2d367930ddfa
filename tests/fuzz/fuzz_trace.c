/* Workload traces: no input harms; pieces of any size give what one piece gives, in the table or in
 * the words of the error; and a table that is written as JSON Lines and read again is the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "base/rng.h"
#include "wire/json.h"
#include "wire/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum suan_code read_log(enum suan_trace_form form, const void *bytes, size_t n,
			       struct suan_rng *pieces, struct suan_trace *ret,
			       struct suan_err *err)
{
	struct suan_trace_reader *r = suan_trace_reader_new(form, "log");
	enum suan_code rc = SUAN_OK;
	size_t at = 0;

	assert(r);
	memset(ret, 0, sizeof(*ret));
	while (at < n && rc == SUAN_OK) {
		size_t most = pieces && n - at > 40 ? 40 : n - at;
		size_t k = pieces ? (size_t)suan_rng_below(pieces, most) + 1 : most;
		char *piece = malloc(k); /* exact, so that reading past the end is seen */

		assert(piece);
		memcpy(piece, (const char *)bytes + at, k);
		rc = suan_trace_feed(r, piece, k, err);
		free(piece);
		at += k;
	}
	if (rc == SUAN_OK)
		rc = suan_trace_take(r, ret, err);
	suan_trace_reader_free(r);
	assert(rc == SUAN_OK || err->code == rc);
	assert(suan_utf8_valid(err->text, strlen(err->text)));
	return rc;
}

static void check(const struct suan_trace *t)
{
	assert(t->njobs > 0);
	assert(t->strings[0][0] == '\0');
	for (size_t i = 0; i < t->njobs; i++) {
		const struct suan_trace_job *j = &t->jobs[i];

		assert(j->submit_ms >= 0 && j->run_ms > 0 && j->estimate_ms >= j->run_ms);
		assert(j->tasks > 0 && j->cores > 0 && j->deadline_ms >= 0 && j->id > 0);
		assert(i == 0 || j->submit_ms >= j[-1].submit_ms);
		assert(j->user < t->nstrings && j->account < t->nstrings);
		assert(j->site < t->nstrings && j->gpu < t->nstrings);
		assert((size_t)j->first_input + j->ninputs <= t->ninputs || j->ninputs == 0);
	}
}

static bool same_string(const struct suan_trace *a, uint32_t i, const struct suan_trace *b,
			uint32_t k)
{
	return strcmp(a->strings[i], b->strings[k]) == 0;
}

static void same_jobs(const struct suan_trace *a, const struct suan_trace *b)
{
	assert(a->njobs == b->njobs);
	for (size_t i = 0; i < a->njobs; i++) {
		const struct suan_trace_job *x = &a->jobs[i], *y = &b->jobs[i];

		assert(x->id == y->id && x->submit_ms == y->submit_ms && x->run_ms == y->run_ms);
		assert(x->estimate_ms == y->estimate_ms && x->deadline_ms == y->deadline_ms);
		assert(x->memory == y->memory && x->tasks == y->tasks && x->cores == y->cores);
		assert(x->gpus == y->gpus && x->nodes == y->nodes && x->ninputs == y->ninputs);
		assert(same_string(a, x->user, b, y->user));
		assert(same_string(a, x->account, b, y->account));
		assert(same_string(a, x->site, b, y->site) && same_string(a, x->gpu, b, y->gpu));
		for (uint32_t k = 0; k < x->ninputs; k++)
			assert(same_string(a, a->inputs[x->first_input + k], b,
					   b->inputs[y->first_input + k]));
	}
}

static void print_job(const struct suan_trace *t, const struct suan_trace_job *j,
		      struct suan_buf *out)
{
	struct suan_jsonw w;

	suan_jsonw_init(&w, out);
	suan_jsonw_open(&w, NULL, '{');
	suan_jsonw_i64(&w, "id", (int64_t)j->id);
	suan_jsonw_fixed(&w, "submit_s", j->submit_ms, 3);
	suan_jsonw_fixed(&w, "run_s", j->run_ms, 3);
	suan_jsonw_fixed(&w, "estimate_s", j->estimate_ms, 3);
	suan_jsonw_fixed(&w, "deadline_s", j->deadline_ms, 3);
	suan_jsonw_i64(&w, "memory", (int64_t)j->memory);
	suan_jsonw_i64(&w, "tasks", j->tasks);
	suan_jsonw_i64(&w, "cores", j->cores);
	suan_jsonw_i64(&w, "gpus", j->gpus);
	suan_jsonw_i64(&w, "nodes", j->nodes);
	suan_jsonw_str(&w, "user", t->strings[j->user]);
	suan_jsonw_str(&w, "account", t->strings[j->account]);
	suan_jsonw_str(&w, "site", t->strings[j->site]);
	suan_jsonw_str(&w, "gpu", t->strings[j->gpu]);
	suan_jsonw_open(&w, "inputs", '[');
	for (uint32_t i = 0; i < j->ninputs; i++) {
		suan_jsonw_open(&w, NULL, '{');
		suan_jsonw_str(&w, "data", t->strings[t->inputs[j->first_input + i]]);
		suan_jsonw_close(&w, '}');
	}
	suan_jsonw_close(&w, ']');
	suan_jsonw_close(&w, '}');
	suan_buf_addc(out, '\n');
}

static void write_and_read(const struct suan_trace *t)
{
	struct suan_buf out = {0};
	struct suan_err err = {0};
	struct suan_trace again;
	enum suan_code rc;

	for (size_t i = 0; i < t->njobs; i++)
		print_job(t, &t->jobs[i], &out);
	rc = read_log(SUAN_TRACE_ANY, out.data, out.len, NULL, &again, &err);
	assert(rc == SUAN_OK);
	same_jobs(t, &again);
	suan_trace_done(&again);
	suan_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suan_rng rng;

	suan_rng_init(&rng, suan_hash_bytes(SUAN_HASH_START, data, size));
	for (int form = SUAN_TRACE_SWF; form <= SUAN_TRACE_ANY; form++) {
		struct suan_err err = {0}, other = {0};
		struct suan_trace whole, parts;
		enum suan_code rc, rc2;

		rc = read_log((enum suan_trace_form)form, data, size, NULL, &whole, &err);
		rc2 = read_log((enum suan_trace_form)form, data, size, &rng, &parts, &other);
		assert(rc == rc2);
		assert(strcmp(err.text, other.text) == 0 && strcmp(err.field, other.field) == 0);
		if (rc == SUAN_OK) {
			check(&whole);
			same_jobs(&whole, &parts);
			assert(whole.rejected == parts.rejected);
			assert(whole.max_procs == parts.max_procs);
			write_and_read(&whole);
		}
		suan_trace_done(&whole);
		suan_trace_done(&parts);
	}
	return 0;
}
