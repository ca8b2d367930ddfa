#include <string.h>

#include "base/num.h"
#include "wire/job.h"

/* A name becomes one part of a path. */
static void add_name(struct suan_buf *out, const char *name)
{
	for (; name && *name; name++)
		suan_buf_addc(out, *name == '/' ? '_' : *name);
}

static void add_number(struct suan_buf *out, uint64_t v, unsigned width)
{
	suan_buf_addf(out, "%0*llu", (int)width, (unsigned long long)v);
}

/* Adds what the letter stands for; false: nothing. */
static bool add_letter(struct suan_buf *out, const struct suan_file_names *n, char letter,
		       unsigned width)
{
	switch (letter) {
	case 'j':
	case 'A':
		add_number(out, n->job, width);
		return true;
	case 'a':
		add_number(out, n->index, width);
		return true;
	case 'J':
		add_number(out, n->job, width);
		suan_buf_addc(out, '.');
		add_number(out, n->index, 0);
		return true;
	case 'x':
		add_name(out, n->name);
		return true;
	case 'u':
		add_name(out, n->user);
		return true;
	case 'N':
		add_name(out, n->node);
		return true;
	case '%':
		suan_buf_addc(out, '%');
		return true;
	default:
		return false;
	}
}

enum suan_code suan_job_file_name(const char *pattern, const struct suan_file_names *n,
				  struct suan_buf *out)
{
	const char *p = pattern;

	while (*p) {
		const char *begin = p;
		unsigned width = 0;

		if (*p != '%') {
			size_t len = strcspn(p, "%");

			suan_buf_add(out, p, len);
			p += len;
			continue;
		}
		for (p++; *p >= '0' && *p <= '9'; p++)
			if (width < 100)
				width = width * 10 + (unsigned)(*p - '0');
		if (*p && add_letter(out, n, *p, width < 10 ? width : 10))
			p++;
		else /* no such letter: as it stands */
			suan_buf_add(out, begin, (size_t)(p - begin));
	}
	return suan_buf_ok(out, NULL);
}
