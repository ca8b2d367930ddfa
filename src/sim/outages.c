/* The file of outages: when a site, a link or nodes of a pool go and come back. */
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
	char text[LONGEST_LINE + 1]; /* of the line; the fields point into it */
	char *field[4];
	struct suan_err *err;
};

static enum suan_code bad(const struct reader *r, const char *found, const char *want)
{
	return suan_sim_bad_field(r->file, r->line, found, want, r->err);
}

/* The first and the last comma end the outer fields and the second one the kind: names may have
 * commas. false: less than four fields. */
static bool split(struct reader *r)
{
	char *kind = strchr(r->text, ','), *name, *value = strrchr(r->text, ',');

	name = kind ? strchr(kind + 1, ',') : NULL;
	if (!name || value == name)
		return false;
	*kind = *name = *value = '\0';
	r->field[0] = suan_sim_trim(r->text);
	r->field[1] = suan_sim_trim(kind + 1);
	r->field[2] = suan_sim_trim(name + 1);
	r->field[3] = suan_sim_trim(value + 1);
	return true;
}

static enum suan_code read_site(struct reader *r, struct suan_sim_outage *o)
{
	for (o->number = 0; o->number < r->net->nsites; o->number++)
		if (strcmp(r->net->sites[o->number].name, r->field[2]) == 0)
			break;
	if (o->number == r->net->nsites)
		return bad(r, r->field[2], "the name of a site");
	if (strcmp(r->field[3], "down") == 0)
		o->value = SUAN_SITE_DOWN;
	else if (strcmp(r->field[3], "drain") == 0)
		o->value = SUAN_SITE_DRAIN;
	else if (strcmp(r->field[3], "up") == 0)
		o->value = SUAN_SITE_UP;
	else
		return bad(r, r->field[3], "down, up or drain");
	return SUAN_OK;
}

static bool names_link(const struct suan_link_spec *l, const char *text)
{
	size_t n = strlen(l->from);

	return strncmp(text, l->from, n) == 0 && text[n] == ':' && strcmp(text + n + 1, l->to) == 0;
}

static enum suan_code read_link(struct reader *r, struct suan_sim_outage *o)
{
	for (o->number = 0; o->number < r->net->nlinks; o->number++)
		if (names_link(&r->net->links[o->number], r->field[2]))
			break;
	if (o->number == r->net->nlinks)
		return bad(r, r->field[2], "a link of the network as FROM:TO");
	if (strcmp(r->field[3], "down") != 0 && strcmp(r->field[3], "up") != 0)
		return bad(r, r->field[3], "down or up");
	o->value = strcmp(r->field[3], "up") == 0;
	return SUAN_OK;
}

static bool names_pool(const struct suan_site_spec *s, const struct suan_pool_spec *p,
		       const char *text)
{
	size_t n = strlen(s->name);

	return strncmp(text, s->name, n) == 0 && text[n] == '/' &&
	       strcmp(text + n + 1, p->name) == 0;
}

static enum suan_code read_pool(struct reader *r, struct suan_sim_outage *o)
{
	const struct suan_pool_spec *found = NULL;
	uint32_t number = 0;
	uint64_t nodes;

	for (uint32_t i = 0; i < r->net->nsites; i++) {
		const struct suan_site_spec *s = &r->net->sites[i];

		for (uint32_t k = 0; k < s->npools; k++, number++) {
			if (!names_pool(s, &s->pools[k], r->field[2]))
				continue;
			found = &s->pools[k];
			o->number = number;
		}
	}
	if (!found)
		return bad(r, r->field[2], "a pool of the network as SITE/POOL");
	if (suan_parse_u64(r->field[3], &nodes, NULL) != SUAN_OK || nodes > found->nodes)
		return bad(r, r->field[3],
			   "the number of nodes that can be used, not more than "
			   "the pool has");
	o->value = (uint32_t)nodes;
	return SUAN_OK;
}

static enum suan_code read_fields(struct reader *r, struct suan_sim_outage *o)
{
	if (!split(r))
		return bad(r, r->text, "four fields: seconds, site or link or pool, name, state");
	if (suan_parse_fixed(r->field[0], 3, &o->at_ms, NULL) != SUAN_OK || o->at_ms < 0 ||
	    o->at_ms > INT64_MAX / 4)
		return bad(r, r->field[0], "seconds since the first submission, from 0");
	if (strcmp(r->field[1], "site") == 0) {
		o->kind = SUAN_SIM_SITE;
		return read_site(r, o);
	}
	if (strcmp(r->field[1], "link") == 0) {
		o->kind = SUAN_SIM_LINK;
		return read_link(r, o);
	}
	if (strcmp(r->field[1], "pool") == 0) {
		o->kind = SUAN_SIM_POOL;
		return read_pool(r, o);
	}
	return bad(r, r->field[1], "site, link or pool");
}

enum suan_code suan_sim_outages_add(struct suan_sim_outages *to, const struct suan_sim_outage *o)
{
	size_t i = to->count;

	if (suan_grow(&to->list, &to->cap, i + 1, sizeof(*o)) != SUAN_OK)
		return SUAN_ENOMEM;
	for (; i > 0 && to->list[i - 1].at_ms > o->at_ms; i--)
		to->list[i] = to->list[i - 1];
	to->list[i] = *o;
	to->count++;
	return SUAN_OK;
}

static enum suan_code read_line(struct reader *r, const char *line, size_t n,
				struct suan_sim_outages *to)
{
	struct suan_sim_outage o = {0};
	enum suan_code rc;

	if (n > LONGEST_LINE)
		return suan_fail(r->err, SUAN_EINVAL, "%s:%lu: longer than %d bytes", r->file,
				 r->line, LONGEST_LINE);
	memcpy(r->text, line, n);
	r->text[n] = '\0';
	if (*suan_sim_trim(r->text) == '\0' || *suan_sim_trim(r->text) == '#')
		return SUAN_OK;
	rc = read_fields(r, &o);
	if (rc == SUAN_OK && suan_sim_outages_add(to, &o) != SUAN_OK)
		rc = suan_fail(r->err, SUAN_ENOMEM, "out of memory");
	return rc;
}

enum suan_code suan_sim_outages_parse(const struct suan_buf *text, const char *file,
				      const struct suan_network *net, struct suan_sim_outages *ret,
				      struct suan_err *err)
{
	struct reader r = {.net = net, .file = file, .err = err};
	struct suan_sim_outages all = {0};
	const char *p = suan_buf_str(text), *end = p + text->len;
	enum suan_code rc = SUAN_OK;

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
		suan_sim_outages_done(&all);
	return rc;
}

void suan_sim_outages_done(struct suan_sim_outages *o)
{
	free(o->list);
	*o = (struct suan_sim_outages){0};
}
