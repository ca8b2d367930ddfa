#include "sim/fields.h"

#include <string.h>

enum suan_code suan_sim_bad_field(const char *file, unsigned long line, const char *found,
				  const char *want, struct suan_err *err)
{
	return suan_fail(err, SUAN_EINVAL, "%s:%lu: found \"%.100s\", want %s", file, line, found,
			 want);
}

char *suan_sim_trim(char *s)
{
	char *end = s + strlen(s);

	while (*s == ' ' || *s == '\t')
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		*--end = '\0';
	return s;
}
