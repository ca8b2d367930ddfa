/* Fields of the small CSV files of the simulator. Not for other layers. */
#ifndef SUAN_SIM_FIELDS_H
#define SUAN_SIM_FIELDS_H

#include "base/err.h"

/* Without blanks at either end; writes into s. */
char *suan_sim_trim(char *s);
/* EINVAL: "FILE:LINE: found …, want …". */
enum suan_code suan_sim_bad_field(const char *file, unsigned long line, const char *found,
				  const char *want, struct suan_err *err);

#endif
