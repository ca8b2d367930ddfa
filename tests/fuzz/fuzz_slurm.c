/* Answers of Slurm's commands and results of runs: the first byte chooses which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver/slurm_text.h"

static void check(bool good)
{
	if (!good)
		abort();
}

static void squeue(const char *p, const char *end)
{
	struct suan_slurm_row r;

	while (suan_slurm_row(&p, end, &r)) {
		check(p <= end && r.state >= SUAN_SLURM_PENDING && r.state <= SUAN_SLURM_BOOT_FAIL);
		check(strlen(r.id) < sizeof(r.id) && strlen(r.name) < sizeof(r.name));
		check(r.id[0] >= '0' && r.id[0] <= '9'); /* an argument of scancel */
		check(r.exit_code >= 0 && r.exit_code < 256 && r.signal >= 0 && r.signal < 128);
	}
}

static void sinfo(const char *p, const char *end)
{
	struct suan_slurm_node n;

	while (suan_slurm_node(&p, end, &n))
		check(p <= end && strlen(n.partition) < sizeof(n.partition));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suan_slurm_result r;
	char *text, id[40];
	size_t n = size ? size - 1 : 0;

	if (!size)
		return 0;
	text = malloc(n + 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, n);
	text[n] = '\0';
	switch (data[0] % 4) {
	case 0:
		squeue(text, text + n);
		break;
	case 1:
		sinfo(text, text + n);
		break;
	case 2:
		if (suan_slurm_result(text, n, &r))
			check(r.exit_code >= 0 && r.end_ms > 0 && r.cpu_ms >= 0);
		break;
	default:
		if (suan_slurm_id(text, id))
			check(strspn(id, "0123456789") == strlen(id) && id[0]);
	}
	free(text);
	return 0;
}
