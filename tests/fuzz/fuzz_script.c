/* Scripts with #SBATCH and #SUAN lines: no input harms; what seals is written as JSON that reads
 * and seals to the same job. The input without "#!" is tried as the lines of a script as well. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "wire/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1763712000000)

static void write_job(const struct suan_job_doc *doc, struct suan_buf *out)
{
	struct suan_jsonw w;

	suan_jsonw_init(&w, out);
	suan_jsonw_open(&w, NULL, '{');
	suan_job_to_json(doc, &w);
	suan_jsonw_close(&w, '}');
	assert(suan_buf_ok(out, NULL) == SUAN_OK);
}

static void round_trip(const struct suan_job_doc *doc, struct suan_arena *arena)
{
	struct suan_job_doc again;
	struct suan_buf first, second;
	struct suan_err err = {0};
	struct suan_json j;
	enum suan_code rc;

	suan_buf_init(&first, 0);
	suan_buf_init(&second, 0);
	write_job(doc, &first);
	suan_json_init(&j, first.data, first.len, arena, &err);
	rc = suan_job_from_json(&j, NOW, &again);
	assert(rc == SUAN_OK);
	rc = suan_job_seal(&again, arena, &err);
	assert(rc == SUAN_OK);
	write_job(&again, &second);
	assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	suan_buf_done(&first);
	suan_buf_done(&second);
}

static void try_script(const char *text, size_t n)
{
	struct suan_arena arena = {0};
	struct suan_buf warnings;
	struct suan_err err = {0};
	struct suan_job_doc doc;
	enum suan_code rc;

	suan_buf_init(&warnings, 0);
	suan_job_doc_init(&doc);
	doc.warnings = &warnings;
	rc = suan_job_from_script(text, n, NOW, &arena, &doc, &err);
	assert(rc == err.code);
	assert((rc == SUAN_OK) == !err.text[0]);
	assert(suan_utf8_valid(err.text, strlen(err.text)));
	if (rc == SUAN_OK && suan_job_seal(&doc, &arena, &err) == SUAN_OK)
		round_trip(&doc, &arena);
	suan_buf_done(&warnings);
	suan_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "#!/bin/sh\n#SBATCH ";
	size_t n = sizeof(head) - 1;
	char *text = malloc(size + n);

	assert(text);
	memcpy(text, head, n);
	memcpy(text + n, data, size);
	try_script(text, n + size);
	try_script(text + n, size);
	free(text);
	return 0;
}
