#include "cli/commands.h"

#include <string.h>

const struct suan_command *const suan_cli_commands[] = {
	&suan_cli_submit,
	&suan_cli_quote,
	&suan_cli_list,
	&suan_cli_show,
	&suan_cli_why,
	&suan_cli_logs,
	&suan_cli_wait,
	&suan_cli_cancel,
	&suan_cli_hold,
	&suan_cli_release,
	&suan_cli_requeue,
	&suan_cli_preempt,
	&suan_cli_priority,
	&suan_cli_reserve,
	&suan_cli_reservations,
	&suan_cli_unreserve,
	&suan_cli_sites,
	&suan_cli_pools,
	&suan_cli_links,
	&suan_cli_site,
	&suan_cli_account,
	&suan_cli_qos,
	&suan_cli_token,
	&suan_cli_info,
	&suan_cli_data,
	&suan_cli_transfers,
	&suan_cli_signals,
	&suan_cli_simulate,
	&suan_cli_plan,
	NULL,
};

static bool good_id(const char *id)
{
	size_t n = strspn(id, "0123456789");

	if (n == 0 || n > 19)
		return false;
	if (id[n] == '\0')
		return true;
	id += n;
	n = strspn(id + 1, "0123456789");
	return id[0] == '_' && n > 0 && n < 11 && id[1 + n] == '\0';
}

int suan_cli_check_ids(const struct suan_command *c, const char *const *ids, int n)
{
	for (int i = 0; i < n; i++)
		if (!good_id(ids[i]))
			return suan_cli_usage(
				c, "\"%s\" is no job id; expected 12, or 12_5 for an element",
				ids[i]);
	return SUAN_EXIT_OK;
}
