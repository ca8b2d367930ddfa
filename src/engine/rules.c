/* Where jobs may run: allow and deny lists, how far from a place, where their data may be. What is
 * equal is one rule, so that a million jobs for the same two sites hold one set of bits. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "engine/state.h"

#define NAME_MARK '\1'
#define LIST_END  '\2'
#define NEAR_MARK '\3'	/* the place and the bound follow */
#define DATA_MARK '\4'	/* four more lists follow */

bool suan_rules_holds(const struct suan_names *list, const char *name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (strcmp(list->list[i], name) == 0)
			return true;
	return false;
}

void suan_rules_where(const struct suan_job_spec *spec, struct suan_where *ret)
{
	*ret = (struct suan_where){
		.lists = {spec->site, spec->hub, spec->not_site, spec->not_hub},
		.near = spec->near && spec->max_latency_us ? spec->near : ""};
	ret->max_latency_us = ret->near[0] ? spec->max_latency_us : 0;
}

bool suan_rules_any(const struct suan_where *w)
{
	return w->lists[0].count || w->lists[1].count || w->lists[2].count || w->lists[3].count ||
	       w->near[0] || w->ndata;
}

/* ---- what they exclude ---- */

static bool allows(const struct suan_names lists[4], const struct suan_site_spec *s)
{
	if (lists[0].count && !suan_rules_holds(&lists[0], s->name))
		return false;
	if (lists[1].count && !suan_rules_holds(&lists[1], s->hub))
		return false;
	return !suan_rules_holds(&lists[2], s->name) && !suan_rules_holds(&lists[3], s->hub);
}

/* row: of w->near in the latencies, SUAN_NO_POOL if there is no such place. */
static struct suan_exclusion exclude(const struct suan_engine *e, const struct suan_where *w,
				     uint32_t row, uint32_t pool)
{
	uint32_t site = e->net.pools[pool].site, us = SUAN_FAR_US;
	const struct suan_site_spec *s = e->net.sites[site].spec;

	if (!allows(w->lists, s))
		return (struct suan_exclusion){SUAN_R_NOT_ALLOWED, 0, 0};
	for (uint32_t i = 0; i < w->ndata; i++) {
		const struct suan_residency *d = &w->data[i];
		const struct suan_names lists[4] = {d->site, d->hub, d->not_site, d->not_hub};

		if (!allows(lists, s))
			return (struct suan_exclusion){SUAN_R_RESIDENCY, 0, 0};
	}
	if (!w->near[0])
		return (struct suan_exclusion){SUAN_R_NONE, 0, 0};
	if (row != SUAN_NO_POOL)
		us = suan_net_latency(&e->net, row, site);
	if (us <= w->max_latency_us && us != SUAN_FAR_US)
		return (struct suan_exclusion){SUAN_R_NONE, 0, 0};
	return (struct suan_exclusion){SUAN_R_TOO_FAR, us == SUAN_FAR_US ? -1 : (int64_t)us,
				       w->max_latency_us};
}

static uint32_t row_of(const struct suan_engine *e, const struct suan_where *w)
{
	uint32_t row;

	return w->near[0] && suan_net_place(&e->net, w->near, &row) ? row : SUAN_NO_POOL;
}

struct suan_exclusion suan_rules_exclude(const struct suan_engine *e, const struct suan_where *w,
					 uint32_t pool)
{
	return exclude(e, w, row_of(e, w), pool);
}

void suan_rules_bits(const struct suan_engine *e, const struct suan_where *w, uint64_t *ret)
{
	uint32_t row = row_of(e, w);

	memset(ret, 0, (e->net.npools / 64 + 1) * sizeof(*ret));
	for (uint32_t i = 0; i < e->net.npools; i++)
		if (exclude(e, w, row, i).reason == SUAN_R_NONE)
			ret[i / 64] |= UINT64_C(1) << (i % 64);
}

void suan_rules_explain(const struct suan_engine *e, const struct suan_where *w,
			struct suan_candidate *list, uint32_t n)
{
	uint32_t row = w ? row_of(e, w) : SUAN_NO_POOL;

	for (uint32_t i = 0; w && i < n; i++) {
		struct suan_exclusion x;

		if (list[i].reason != SUAN_R_NOT_ALLOWED)
			continue;
		x = exclude(e, w, row, list[i].pool);
		/* what a job reads is in no list of a job that is only asked about */
		list[i].reason = x.reason == SUAN_R_NONE ? SUAN_R_RESIDENCY : x.reason;
		list[i].a = x.a;
		list[i].b = x.b;
	}
}

/* ---- as a text ---- */

static void encode_lists(const struct suan_names lists[4], struct suan_buf *out)
{
	for (int k = 0; k < 4; k++) {
		for (uint32_t i = 0; i < lists[k].count; i++) {
			suan_buf_addc(out, NAME_MARK);
			suan_buf_add(out, lists[k].list[i], strlen(lists[k].list[i]) + 1);
		}
		suan_buf_addc(out, LIST_END);
	}
}

static void encode(const struct suan_where *w, struct suan_buf *out)
{
	encode_lists(w->lists, out);
	if (w->near[0]) {
		suan_buf_addc(out, NEAR_MARK);
		suan_buf_add(out, w->near, strlen(w->near) + 1);
		suan_buf_add_u64(out, w->max_latency_us);
		suan_buf_addc(out, '\0');
	}
	for (uint32_t i = 0; i < w->ndata; i++) {
		const struct suan_residency *d = &w->data[i];
		const struct suan_names lists[4] = {d->site, d->hub, d->not_site, d->not_hub};

		suan_buf_addc(out, DATA_MARK);
		encode_lists(lists, out);
	}
}

struct text {			/* what is left of it */
	const char *p, *end;
	const char **names;	/* where the next name goes */
	bool bad;
};

static const char *take_string(struct text *t)
{
	const char *s = t->p, *nul = s < t->end ? memchr(s, '\0', (size_t)(t->end - s)) : NULL;

	t->bad |= !nul;
	t->p = nul ? nul + 1 : t->end;
	return nul ? s : "";
}

static bool take_mark(struct text *t, char mark)
{
	if (t->bad || t->p >= t->end || *t->p != mark)
		return false;
	t->p++;
	return true;
}

static void decode_lists(struct text *t, struct suan_names lists[4])
{
	for (int k = 0; k < 4 && !t->bad; k++) {
		lists[k] = (struct suan_names){t->names, 0};
		while (take_mark(t, NAME_MARK)) {
			*t->names++ = take_string(t);
			lists[k].count++;
		}
		t->bad |= !take_mark(t, LIST_END);
	}
}

static size_t count_marks(const char *text, size_t n, char mark)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += text[i] == mark;
	return count;
}

static void decode(struct text *t, struct suan_where *w, struct suan_residency *data)
{
	decode_lists(t, w->lists);
	w->near = "";
	if (take_mark(t, NEAR_MARK)) {
		uint64_t us = 0;

		w->near = take_string(t);
		t->bad |= suan_parse_u64(take_string(t), &us, NULL) != SUAN_OK || us == 0 ||
			  us > UINT32_MAX || !w->near[0];
		w->max_latency_us = t->bad ? 0 : (uint32_t)us;
	}
	w->data = data;
	while (take_mark(t, DATA_MARK)) {
		struct suan_names lists[4] = {{NULL, 0}};

		decode_lists(t, lists);
		data[w->ndata++] = (struct suan_residency){lists[0], lists[1], lists[2], lists[3]};
	}
	t->bad |= t->p != t->end;
}

enum suan_code suan_rules_decode(const char *text, size_t n, struct suan_where *ret,
				 void **ret_parts)
{
	size_t ndata = count_marks(text, n, DATA_MARK), names = count_marks(text, n, NAME_MARK);
	struct suan_residency *data = calloc(1, ndata * sizeof(*data) +
					     (names + 1) * sizeof(char *));
	struct text t = {.p = text, .end = text + n};
	struct suan_where w = {.near = ""};

	if (!data)
		return SUAN_ENOMEM;
	t.names = (const char **)(void *)(data + ndata);
	decode(&t, &w, data);
	if (t.bad) {
		free(data);
		return SUAN_ECORRUPT;
	}
	*ret = w;
	*ret_parts = data;
	return SUAN_OK;
}

/* ---- the table ---- */

static void set_bits(const struct suan_engine *e, struct suan_rule *r)
{
	r->words = (e->net.npools + 63) / 64;
	suan_rules_bits(e, &r->where, r->allow);
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

static enum suan_code make(struct suan_engine *e, uint32_t text, uint32_t *ret)
{
	struct suan_rule r = {.text = text, .refs = 1};
	size_t words = (e->net.npools + 63) / 64, n;
	enum suan_code rc = reserve_slot(e);
	const char *bytes = suan_intern_bytes(e->strings, text, &n);

	if (rc == SUAN_OK)
		rc = suan_rules_decode(bytes, n, &r.where, &r.parts);
	r.allow = calloc(words + 1, sizeof(*r.allow));
	if (rc != SUAN_OK || !r.allow) {
		free(r.parts);
		free(r.allow);
		return SUAN_ENOMEM;
	}
	set_bits(e, &r);
	*ret = take_slot(e);
	e->rules[*ret] = r;
	rc = suan_map_put(&e->rule_of, text, *ret);
	assert(rc == SUAN_OK);
	return SUAN_OK;
}

enum suan_code suan_rules_add(struct suan_engine *e, const struct suan_where *w, uint32_t *ret)
{
	struct suan_buf b;
	enum suan_code rc;
	uint32_t text;
	uint64_t known;

	*ret = 0;
	if (!suan_rules_any(w))
		return SUAN_OK;
	suan_buf_init(&b, 0);
	encode(w, &b);
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
	rc = make(e, text, ret);
	if (rc != SUAN_OK)
		suan_intern_drop(e->strings, text);
	return rc;
}

static void empty_rule(struct suan_rule *r)
{
	free(r->parts);
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
