/* The file of data sets that the jobs of a trace read: where they are when it begins. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "sim/fields.h"
#include "sim/sim.h"

#define LONGEST_LINE 1024

struct reader {
	const struct suan_network *net;
	const char *file;
	unsigned long line;
	struct suan_arena *arena;
	struct suan_err *err;
};

static enum suan_code bad(const struct reader *r, const char *found, const char *want)
{
	return suan_sim_bad_field(r->file, r->line, found, want, r->err);
}

static const char *site_named(const struct suan_network *net, const char *name)
{
	for (uint32_t i = 0; i < net->nsites; i++)
		if (strcmp(net->sites[i].name, name) == 0)
			return net->sites[i].name;
	return NULL;
}

static enum suan_code read_fields(struct reader *r, char *text, struct suan_sim_datum *ret)
{
	char *site = strchr(text, ','), *size = site ? strchr(site + 1, ',') : NULL;

	if (!size)
		return bad(r, text, "three fields: name, site, size");
	*site++ = *size++ = '\0';
	size = suan_sim_trim(size);
	ret->name = suan_arena_str(r->arena, suan_sim_trim(text));
	if (!ret->name)
		return suan_fail(r->err, SUAN_ENOMEM, "out of memory");
	ret->site = site_named(r->net, suan_sim_trim(site));
	if (!ret->name[0])
		return bad(r, "", "the name of a data set");
	if (!ret->site)
		return bad(r, suan_sim_trim(site), "the name of a site");
	if (suan_parse_size(size, 1, &ret->bytes, NULL) != SUAN_OK || ret->bytes > INT64_MAX)
		return bad(r, size, "a size, such as 4096 or 10GiB");
	return SUAN_OK;
}

static enum suan_code read_line(struct reader *r, const char *line, size_t n,
				struct suan_sim_data *to)
{
	char text[LONGEST_LINE + 1];
	enum suan_code rc;

	if (n > LONGEST_LINE)
		return suan_fail(r->err, SUAN_EINVAL, "%s:%lu: longer than %d bytes", r->file,
				 r->line, LONGEST_LINE);
	memcpy(text, line, n);
	text[n] = '\0';
	if (*suan_sim_trim(text) == '\0' || *suan_sim_trim(text) == '#')
		return SUAN_OK;
	if (suan_grow(&to->list, &to->cap, to->count + 1, sizeof(*to->list)) != SUAN_OK)
		return suan_fail(r->err, SUAN_ENOMEM, "out of memory");
	rc = read_fields(r, text, &to->list[to->count]);
	to->count += rc == SUAN_OK;
	return rc;
}

enum suan_code suan_sim_data_parse(const struct suan_buf *text, const char *file,
				   const struct suan_network *net, struct suan_sim_data *ret,
				   struct suan_err *err)
{
	struct suan_sim_data all = {0};
	struct reader r = {.net = net, .file = file, .arena = &all.arena, .err = err};
	const char *p = suan_buf_str(text), *end = p + text->len;
	enum suan_code rc = SUAN_OK;

	suan_arena_init(&all.arena, 0);
	while (rc == SUAN_OK && p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		stop = stop ? stop : end;
		r.line++;
		rc = read_line(&r, p, (size_t)(stop - p), &all);
		p = stop < end ? stop + 1 : end;
	}
	if (rc == SUAN_OK)
		*ret = all;
	else
		suan_sim_data_done(&all);
	return rc;
}

void suan_sim_data_done(struct suan_sim_data *d)
{
	suan_arena_done(&d->arena);
	free(d->list);
	*d = (struct suan_sim_data){0};
}
