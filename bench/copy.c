/* One copy by the copier, its loop and threads included:
 *   copy SOURCE TARGET [SHA256]
 * prints MB/s (10^6 bytes), the digest, and whether it was given one to compare with. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/copy.h"
#include "sys/clock.h"

static bool over, good;

static void done(void *ctx, const struct suan_copy_result *r)
{
	int64_t us = suan_clock_mono_us() - *(const int64_t *)ctx;

	over = true;
	good = r->rc == SUAN_OK;
	if (good)
		printf("%.1f MB/s %s\n", (double)r->bytes / (double)(us ? us : 1), r->sha256);
	else
		fprintf(stderr, "copy: %s\n", r->err->text);
}

int main(int argc, char **argv)
{
	int64_t began = suan_clock_mono_us();
	struct suan_copy_events events = {NULL, done, &began};
	struct suan_copier_config config = {.seed = 1};
	struct suan_copy_spec spec = {.id = 1};
	struct suan_copier *c = NULL;
	struct suan_err err = {0};

	if (argc < 3) {
		fprintf(stderr, "usage: copy SOURCE TARGET [SHA256]\n");
		return 2;
	}
	spec.source = argv[1];
	spec.target = argv[2];
	spec.sha256 = argc > 3 ? argv[3] : "";
	if (suan_loop_new(&config.loop, &err) != SUAN_OK ||
	    suan_copier_new(&c, &config, &err) != SUAN_OK ||
	    suan_copy_start(c, &spec, &events, &err) != SUAN_OK) {
		fprintf(stderr, "copy: %s\n", err.text);
		return 1;
	}
	while (!over && suan_loop_once(config.loop, 1000, &err) == SUAN_OK)
		;
	suan_copier_free(c);
	suan_loop_free(config.loop);
	return good ? 0 : 1;
}
