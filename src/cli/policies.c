/* The value of --policy: names with commas. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "wire/nearest.h"

static int no_policy(const struct suan_command *c, const char *name)
{
	struct suan_nearest near;

	suan_nearest_init(&near, name);
	for (int i = 0; i < SUAN_NPOLICIES; i++)
		suan_nearest_try(&near, suan_policy_name((enum suan_policy_kind)i));
	if (near.best)
		return suan_cli_usage(c, "--policy: no policy \"%s\" (did you mean %s?)", name,
				      near.best);
	return suan_cli_usage(c, "--policy: no policy \"%s\"; man suan-simulate lists them", name);
}

static bool find(const char *name, enum suan_policy_kind *ret)
{
	for (int i = 0; i < SUAN_NPOLICIES; i++) {
		*ret = (enum suan_policy_kind)i;
		if (strcmp(suan_policy_name(*ret), name) == 0)
			return true;
	}
	return false;
}

int suan_cli_policies(const struct suan_command *c, const char *list, enum suan_policy_kind *ret,
		      uint32_t most, uint32_t *ret_n)
{
	char name[64];

	for (*ret_n = 0;; (*ret_n)++) {
		size_t n = strcspn(list, ",");
		enum suan_policy_kind kind;

		snprintf(name, sizeof(name), "%.*s", n < INT_MAX ? (int)n : INT_MAX, list);
		if (!find(name, &kind))
			return no_policy(c, name);
		if (*ret_n == most)
			return suan_cli_usage(c, "--policy: more than %u", most);
		ret[*ret_n] = kind;
		if (!list[n])
			break;
		list += n + 1;
	}
	++*ret_n;
	return SUAN_EXIT_OK;
}
