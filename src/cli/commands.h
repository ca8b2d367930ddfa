/* The client commands and what they share. */
#ifndef SUAN_CLI_COMMANDS_H
#define SUAN_CLI_COMMANDS_H

#include <jansson.h>

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/table.h"

extern const struct suan_command suan_cli_submit, suan_cli_quote;
extern const struct suan_command suan_cli_list, suan_cli_show, suan_cli_why;
extern const struct suan_command suan_cli_logs, suan_cli_wait;
extern const struct suan_command suan_cli_cancel, suan_cli_hold, suan_cli_release, suan_cli_requeue,
	suan_cli_preempt, suan_cli_priority;
extern const struct suan_command suan_cli_reserve, suan_cli_reservations, suan_cli_unreserve;
extern const struct suan_command suan_cli_sites, suan_cli_pools, suan_cli_links, suan_cli_site;
extern const struct suan_command suan_cli_account, suan_cli_qos;
extern const struct suan_command suan_cli_token, suan_cli_info;
extern const struct suan_command suan_cli_data, suan_cli_transfers;
extern const struct suan_command suan_cli_signals, suan_cli_simulate,
	suan_cli_plan;

/* Job ids are "12" or "12_5". Prints what is wrong; returns an exit code. */
int suan_cli_check_ids(const struct suan_command *c, const char *const *ids, int n);
/* Prints a quote: the candidates with what they cost, what waiting is worth, what is held. */
void suan_cli_print_quote(const json_t *quote);
/* The table of candidates as `suan why` prints it; prints them; false as suan_table_print. */
struct suan_table suan_cli_candidate_table(void);
bool suan_cli_print_candidates(const json_t *candidates, const char *format, bool no_header);

/* Posts a reservation, with a fresh idempotency key if key is NULL; ends one. As suan_client_do. */
int suan_cli_post_reservation(struct suan_client *c, json_t *body, const char *key, json_t **ret);
int suan_cli_delete_reservation(struct suan_client *c, const char *name, const char *to,
				json_t **ret);

#endif
