/* YAML as a job, a network and settings: no input harms, errors are well formed, and a network that
 * was read prints to YAML that reads and prints the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "wire/job.h"
#include "wire/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_err(enum suan_code rc, const struct suan_err *err)
{
	assert(rc == err->code);
	assert((rc == SUAN_OK) == !err->text[0]);
	assert(suan_utf8_valid(err->text, strlen(err->text)));
}

static void as_network(const char *text, size_t n)
{
	struct suan_arena arena = {0};
	struct suan_network net;
	struct suan_err err = {0};
	struct suan_buf first, second;
	enum suan_code rc = suan_network_parse(text, n, "f", &arena, &net, &err);

	check_err(rc, &err);
	suan_buf_init(&first, 0);
	suan_buf_init(&second, 0);
	if (rc == SUAN_OK) {
		rc = suan_network_print(&net, &first, &err);
		assert(rc == SUAN_OK);
		rc = suan_network_parse(first.data, first.len, "again", &arena, &net, &err);
		assert(rc == SUAN_OK);
		rc = suan_network_print(&net, &second, &err);
		assert(rc == SUAN_OK);
		assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	}
	suan_buf_done(&first);
	suan_buf_done(&second);
	suan_arena_done(&arena);
}

static void as_job_and_settings(const char *text, size_t n)
{
	struct suan_arena arena = {0};
	struct suan_settings s;
	struct suan_job_doc doc;
	struct suan_err err = {0};

	check_err(suan_job_from_yaml(text, n, 0, &arena, &doc, &err), &err);
	memset(&err, 0, sizeof(err));
	suan_settings_init(&s);
	check_err(suan_settings_parse(text, n, "s", &arena, &s, &err), &err);
	suan_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);

	assert(text);
	memcpy(text, data, size);
	as_network(text, size);
	as_job_and_settings(text, size);
	free(text);
	return 0;
}
