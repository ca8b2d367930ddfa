/* Accounts, classes of quality of service and fair shares in YAML (JSON is YAML) ↔ struct
 * suan_accounts: the keys accounts, qos, fair_share, default_account and default_qos, in a file of
 * their own or among the settings of the service; suan.yaml(5). */
#ifndef SUAN_WIRE_ACCOUNTS_H
#define SUAN_WIRE_ACCOUNTS_H

#include "base/arena.h"
#include "base/err.h"
#include "engine/model.h"
#include "wire/json.h"

#define SUAN_USUAL_WEIGHT_MS (30 * INT64_C(86400000))	/* of fair_share, with accounts */

void suan_accounts_init(struct suan_accounts *a);	/* nothing */
/* Strings go to the arena. Errors carry file name, line, field, what was found and what would be
 * right; what suan_accounts_check refuses is refused. */
SUAN_MUSTUSE enum suan_code suan_accounts_parse(const char *text, size_t n, const char *file_name,
						struct suan_arena *arena,
						struct suan_accounts *ret, struct suan_err *err);

/* The sections one by one, for files that have other keys too; false: j has the error. After the
 * last one, finish fills in what was left out and checks all of it. */
bool suan_accounts_read_list(struct suan_json *j, struct suan_accounts *a);
bool suan_accounts_read_qos(struct suan_json *j, struct suan_accounts *a);
bool suan_accounts_read_share(struct suan_json *j, struct suan_accounts *a);
SUAN_MUSTUSE enum suan_code suan_accounts_finish(struct suan_accounts *a, struct suan_err *err);

#endif
