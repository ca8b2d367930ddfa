/* Lines for operators on stderr: time, level, text; or one JSON object a line. Only daemons call
 * it. */
#ifndef SUAN_SYS_LOG_H
#define SUAN_SYS_LOG_H

#include <stdbool.h>

#include "base/err.h"

enum suan_log_level { SUAN_LOG_DEBUG, SUAN_LOG_INFO, SUAN_LOG_WARN, SUAN_LOG_ERROR };

void suan_log_setup(enum suan_log_level least, bool json);
bool suan_log_parse_level(const char *name, enum suan_log_level *ret);
void suan_log(enum suan_log_level level, const char *fmt, ...) SUAN_PRINTF(2, 3);

#endif
