#include "driver/driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct suan_driver_ops *suan_driver_find(const char *name)
{
	static const struct suan_driver_ops *const all[] = {
		&suan_driver_local, &suan_driver_slurm, &suan_driver_fake};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

void suan_run_name(struct suan_run_id id, char out[SUAN_RUN_NAME_MAX])
{
	(void)snprintf(out, SUAN_RUN_NAME_MAX, "%" PRIu64 "_%" PRIu32 ".%" PRIu32, id.job, id.index,
		       id.attempt);
}

/* Digits only, up to limit; moves *p behind them. */
static bool take_number(const char **p, uint64_t limit, uint64_t *ret)
{
	uint64_t v = 0;
	const char *s = *p;

	if (*s < '0' || *s > '9' || (*s == '0' && s[1] >= '0' && s[1] <= '9'))
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (v > (limit - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*p = s;
	*ret = v;
	return true;
}

bool suan_run_parse(const char *name, struct suan_run_id *ret)
{
	uint64_t job, index, attempt;

	if (!take_number(&name, UINT64_MAX, &job) || *name++ != '_' ||
	    !take_number(&name, UINT32_MAX, &index) || *name++ != '.' ||
	    !take_number(&name, UINT32_MAX, &attempt) || *name != '\0')
		return false;
	*ret = (struct suan_run_id){job, (uint32_t)index, (uint32_t)attempt};
	return true;
}
