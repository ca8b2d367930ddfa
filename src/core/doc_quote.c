/* What a job would cost, where and when, as JSON. */
#include "core/doc.h"

#include <stdio.h>

#include "base/num.h"
#include "wire/latency.h"

void suan_doc_kwh(struct suan_jsonw *w, int64_t joule)
{
	if (joule < 0)
		suan_jsonw_null(w, "energy_kwh");
	else	/* micro-kWh: 3.6 J each */
		suan_jsonw_fixed(w, "energy_kwh", joule / 18 * 5 + (joule % 18 * 10 + 18) / 36, 6);
}

static void put_known(struct suan_jsonw *w, const char *name, int64_t millionths)
{
	if (millionths == -1)
		suan_jsonw_null(w, name);
	else
		suan_jsonw_fixed(w, name, millionths, 6);
}

static void put_costs(const struct suan_offer *o, struct suan_jsonw *w)
{
	suan_doc_kwh(w, o->energy_j);
	put_known(w, "cost_yuan", o->cost_uyuan);
	suan_jsonw_open(w, "carbon_kg", '{');
	put_known(w, "location", o->carbon_mg);
	put_known(w, "market", o->market_mg);
	suan_jsonw_close(w, '}');
}

void suan_doc_offer(const struct suan_engine *e, const struct suan_offer *o, struct suan_jsonw *w)
{
	const struct suan_candidate c = {o->pool, o->reason, o->start_ms, o->a, o->b};
	bool never = o->start_ms == SUAN_FOREVER;

	suan_doc_candidate(e, &c, w);
	suan_jsonw_time(w, "start_p50", o->p50_ms);
	suan_jsonw_time(w, "start_p90", o->p90_ms);
	suan_jsonw_time(w, "end", never ? 0 : o->end_ms);
	suan_jsonw_time(w, "data_arrival", o->data_ms);
	put_costs(o, w);
}

/* Percent with one decimal, from `from` to `to`; null where there is none. */
static void put_change(struct suan_jsonw *w, const char *name, int64_t from, int64_t to)
{
	int64_t most = INT64_MAX / 2000, tenths;

	if (from <= 0 || to == -1) {
		suan_jsonw_null(w, name);
		return;
	}
	while (from > most || to > most || to < -most) {
		from /= 2;
		to /= 2;
	}
	tenths = from ? ((to - from) * 2000 / from + (to < from ? -1 : 1)) / 2 : 0;
	suan_jsonw_fixed(w, name, tenths, 1);
}

void suan_doc_waiting(const struct suan_engine *e, const struct suan_offer *chosen,
		      const struct suan_waiting_offer *row, struct suan_jsonw *w)
{
	const struct suan_offer *o = &row->best;
	const struct suan_candidate c = {o->pool, SUAN_R_NONE, o->start_ms, 0, 0};

	suan_jsonw_i64(w, "wait_s", row->wait_ms / 1000);
	suan_doc_candidate(e, &c, w);
	suan_jsonw_time(w, "end", o->end_ms);
	put_costs(o, w);
	put_change(w, "cost_change_percent", chosen->cost_uyuan, o->cost_uyuan);
	put_change(w, "carbon_change_percent", chosen->carbon_mg, o->carbon_mg);
	put_change(w, "market_change_percent", chosen->market_mg, o->market_mg);
}

static const char *site_of(const struct suan_engine *e, uint32_t pool, const char **ret_pool)
{
	struct suan_pool_view p;
	struct suan_site_view s;

	if (pool == SUAN_NO_POOL || !suan_engine_pool(e, pool, &p) ||
	    !suan_engine_site(e, p.site, &s))
		return NULL;
	*ret_pool = p.name;
	return s.spec->name;
}

static void add_amount(const struct suan_remedy *c, const char *what, struct suan_buf *out)
{
	char text[32];

	if (c->kind == SUAN_REMEDY_MEMORY)
		suan_format_size((uint64_t)c->a, text);
	else
		snprintf(text, sizeof(text), "%lld", (long long)c->a);
	suan_buf_addf(out, "%s more free %s", text, what);
}

/* Fastest would start then; without a time it is not known that it would be earlier. */
static void add_goal(const struct suan_remedy *c, struct suan_buf *out)
{
	char at[32];

	suan_buf_adds(out, "another goal: it waits for less cost or carbon");
	if (c->a == 0)	/* placed: when that would have been is not kept */
		return;
	suan_format_time(c->a, at);
	suan_buf_addf(out, "; fastest would start %s at", at);
}

/* What keeps it, whatever is free. */
static void add_keeper(const struct suan_remedy *c, struct suan_buf *out)
{
	char a[32] = "", b[32] = "";

	if (c->kind == SUAN_REMEDY_BEGIN || c->kind == SUAN_REMEDY_RESERVATION) {
		suan_format_time(c->a, a);
		suan_format_time(c->b, b);
	}
	switch ((int)c->kind) {
	case SUAN_REMEDY_RELEASE:
		suan_buf_adds(out, "releasing it");
		break;
	case SUAN_REMEDY_BEGIN:
		suan_buf_addf(out, "a begin before %s", a);
		break;
	case SUAN_REMEDY_DEPENDENCY:
		suan_buf_addf(out, c->b ? "job %lld did not end as required: it never starts"
					: "job %lld has to end first",
			      (long long)c->a);
		break;
	case SUAN_REMEDY_CAP:
		suan_buf_addf(out, "more than %lld elements at a time; %lld run", (long long)c->b,
			      (long long)c->a);
		break;
	case SUAN_REMEDY_QUOTA:
		suan_buf_addf(out, "a higher limit of its account, user or class than %lld; %lld "
				   "are in use",
			      (long long)c->b, (long long)c->a);
		break;
	case SUAN_REMEDY_RESERVATION:
		if (c->b)
			suan_buf_addf(out, "a reservation sooner than from %s to %s, or none", a,
				      b);
		else
			suan_buf_addf(out, "no reservation, or another: %lld is over",
				      (long long)c->a);
		break;
	case SUAN_REMEDY_SITES:
		suan_buf_adds(out, "a site that is up and takes jobs");
		break;
	}
}

static void add_sentence(const struct suan_remedy *c, struct suan_buf *out)
{
	char a[32], b[32];

	switch (c->kind) {
	case SUAN_REMEDY_CORES:
		add_amount(c, "cores", out);
		break;
	case SUAN_REMEDY_GPUS:
		add_amount(c, "accelerators", out);
		break;
	case SUAN_REMEDY_MEMORY:
		add_amount(c, "memory", out);
		break;
	case SUAN_REMEDY_ROOM:
		suan_buf_adds(out, "room together, or for long enough,");
		break;
	case SUAN_REMEDY_LATENCY:
		suan_latency_format((uint32_t)c->a, a);
		suan_latency_format((uint32_t)c->b, b);
		suan_buf_addf(out, "a latency bound of %s instead of %s would allow", a, b);
		break;
	case SUAN_REMEDY_LISTS:
		suan_buf_adds(out, "without its lists of sites and hubs it might go to");
		break;
	case SUAN_REMEDY_PRIORITY:
		suan_buf_addf(out, "%lld %s first; a higher priority, or less to ask for",
			      (long long)c->a, c->a == 1 ? "job goes" : "jobs go");
		break;
	case SUAN_REMEDY_DATA:
		suan_buf_adds(out, "copies of its data nearer, or faster links");
		break;
	case SUAN_REMEDY_GOAL:
		add_goal(c, out);
		break;
	case SUAN_REMEDY_RELEASE:
	case SUAN_REMEDY_BEGIN:
	case SUAN_REMEDY_DEPENDENCY:
	case SUAN_REMEDY_CAP:
	case SUAN_REMEDY_QUOTA:
	case SUAN_REMEDY_RESERVATION:
	case SUAN_REMEDY_SITES:
		add_keeper(c, out);
		break;
	}
}

void suan_doc_remedy(const struct suan_engine *e, const struct suan_remedy *c, struct suan_jsonw *w)
{
	const char *pool = NULL, *site = site_of(e, c->pool, &pool);
	struct suan_buf text;
	char span[32];
	bool lack = c->kind <= SUAN_REMEDY_ROOM, then = c->earlier_ms > 0;

	suan_buf_init(&text, 0);
	add_sentence(c, &text);
	if (site && (c->kind != SUAN_REMEDY_GOAL || c->a))
		suan_buf_addf(&text, " %s%s/%s", lack || c->kind == SUAN_REMEDY_DATA ? "at " : "",
			      site, pool);
	if (then && (lack || c->kind == SUAN_REMEDY_DATA)) {
		suan_format_duration(c->earlier_ms / 1000 * 1000, span);
		suan_buf_addf(&text, " %s earlier", c->earlier_ms < 1000 ? "a moment" : span);
	}
	suan_jsonw_str(w, "kind", suan_remedy_name(c->kind));
	suan_jsonw_str(w, "text", suan_buf_str(&text));
	suan_jsonw_str(w, "site", site);
	suan_jsonw_str(w, "pool", pool);
	suan_jsonw_i64(w, "a", c->a);
	suan_jsonw_i64(w, "b", c->b);
	if (then)
		suan_jsonw_fixed(w, "earlier_s", c->earlier_ms, 3);
	suan_buf_done(&text);
}
