/* Allow and deny lists of jobs. Equal lists are one rule, so that a million jobs for the same two
 * sites hold one set of bits. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "engine/state.h"

#define NAME_MARK '\1'
#define LIST_END  '\2'

bool suan_rules_holds(const struct suan_names *list, const char *name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (strcmp(list->list[i], name) == 0)
			return true;
	return false;
}

bool suan_rules_allow(const struct suan_engine *e, const struct suan_names lists[4], uint32_t pool)
{
	const struct suan_site_spec *s = e->net.sites[e->net.pools[pool].site].spec;

	if (lists[0].count && !suan_rules_holds(&lists[0], s->name))
		return false;
	if (lists[1].count && !suan_rules_holds(&lists[1], s->hub))
		return false;
	return !suan_rules_holds(&lists[2], s->name) && !suan_rules_holds(&lists[3], s->hub);
}

/* One text for the four lists. */
static void encode(const struct suan_names *lists[4], struct suan_buf *out)
{
	for (int k = 0; k < 4; k++) {
		for (uint32_t i = 0; i < lists[k]->count; i++) {
			suan_buf_addc(out, NAME_MARK);
			suan_buf_add(out, lists[k]->list[i], strlen(lists[k]->list[i]) + 1);
		}
		suan_buf_addc(out, LIST_END);
	}
}

/* The lists again, with strings inside of the interned text. */
static void decode(const char *text, const struct suan_names *from[4], struct suan_rule *r)
{
	const char **next = r->strings;

	for (int k = 0; k < 4; k++) {
		r->lists[k] = (struct suan_names){next, from[k]->count};
		for (uint32_t i = 0; i < from[k]->count; i++) {
			*next++ = text + 1;
			text += strlen(text) + 1;
		}
		text++;
	}
}

static void set_bits(const struct suan_engine *e, struct suan_rule *r)
{
	r->words = (e->net.npools + 63) / 64;
	memset(r->allow, 0, r->words * sizeof(*r->allow));
	for (uint32_t i = 0; i < e->net.npools; i++)
		if (suan_rules_allow(e, r->lists, i))
			r->allow[i / 64] |= UINT64_C(1) << (i % 64);
}

static enum suan_code reserve_slot(struct suan_engine *e)
{
	enum suan_code rc = suan_map_reserve(&e->rule_of, 1);

	if (rc == SUAN_OK && !e->free_rule)
		rc = suan_grow(&e->rules, &e->rules_cap, e->nrules + 2, sizeof(*e->rules));
	return rc;
}

static uint32_t take_slot(struct suan_engine *e)
{
	uint32_t at = e->free_rule;

	if (at) {
		e->free_rule = e->rules[at].refs;
		return at;
	}
	if (e->nrules == 0)
		e->rules[e->nrules++] = (struct suan_rule){0};	/* 0 means none */
	return (uint32_t)e->nrules++;
}

static enum suan_code make(struct suan_engine *e, const struct suan_names *lists[4], uint32_t text,
			   uint32_t *ret)
{
	struct suan_rule r = {.text = text, .refs = 1};
	size_t names = 1, words = (e->net.npools + 63) / 64, n;
	enum suan_code rc = reserve_slot(e);

	for (int k = 0; k < 4; k++)
		names += lists[k]->count;
	r.strings = calloc(names, sizeof(*r.strings));
	r.allow = calloc(words + 1, sizeof(*r.allow));
	if (rc != SUAN_OK || !r.strings || !r.allow) {
		free(r.strings);
		free(r.allow);
		return SUAN_ENOMEM;
	}
	decode(suan_intern_bytes(e->strings, text, &n), lists, &r);
	set_bits(e, &r);
	*ret = take_slot(e);
	e->rules[*ret] = r;
	rc = suan_map_put(&e->rule_of, text, *ret);
	assert(rc == SUAN_OK);
	return SUAN_OK;
}

enum suan_code suan_rules_add(struct suan_engine *e, const struct suan_job_spec *spec,
			      uint32_t *ret)
{
	const struct suan_names *lists[4] = {&spec->site, &spec->hub, &spec->not_site,
					     &spec->not_hub};
	struct suan_buf b;
	enum suan_code rc;
	uint32_t text;
	uint64_t known;

	*ret = 0;
	if (!spec->site.count && !spec->hub.count && !spec->not_site.count && !spec->not_hub.count)
		return SUAN_OK;
	suan_buf_init(&b, 0);
	encode(lists, &b);
	rc = suan_buf_ok(&b, NULL);
	if (rc == SUAN_OK)
		rc = suan_intern_add(e->strings, b.data, b.len, &text);
	suan_buf_done(&b);
	if (rc != SUAN_OK)
		return rc;
	if (suan_map_get(&e->rule_of, text, &known)) {
		*ret = (uint32_t)known;
		e->rules[known].refs++;
		suan_intern_drop(e->strings, text);
		return SUAN_OK;
	}
	rc = make(e, lists, text, ret);
	if (rc != SUAN_OK)
		suan_intern_drop(e->strings, text);
	return rc;
}

static void empty_rule(struct suan_rule *r)
{
	free(r->strings);
	free(r->allow);
	*r = (struct suan_rule){0};
}

void suan_rules_drop(struct suan_engine *e, uint32_t rule)
{
	struct suan_rule *r = rule ? &e->rules[rule] : NULL;

	if (!r || --r->refs > 0)
		return;
	suan_map_drop(&e->rule_of, r->text);
	suan_intern_drop(e->strings, r->text);
	empty_rule(r);
	r->refs = e->free_rule;
	e->free_rule = rule;
}

enum suan_code suan_rules_reserve(struct suan_engine *e, uint32_t npools)
{
	size_t words = (npools + 63) / 64 + 1;

	for (size_t i = 1; i < e->nrules; i++) {
		struct suan_rule *r = &e->rules[i];
		uint64_t *bits;

		if (!r->text || r->words + 1 >= words)
			continue;
		bits = realloc(r->allow, words * sizeof(*bits));
		if (!bits)
			return SUAN_ENOMEM;
		r->allow = bits;
	}
	return SUAN_OK;
}

void suan_rules_refresh(struct suan_engine *e)
{
	for (size_t i = 1; i < e->nrules; i++)
		if (e->rules[i].text)
			set_bits(e, &e->rules[i]);
}

void suan_rules_done(struct suan_engine *e)
{
	for (size_t i = 1; i < e->nrules; i++)
		empty_rule(&e->rules[i]);
	free(e->rules);
	suan_map_done(&e->rule_of);
}
