/* Sites, pools, links, hubs. */
#include <string.h>

#include "api/meta.h"
#include "core/doc.h"
#include "sys/clock.h"

static void put_site(struct suan_api_call *c, const struct suan_site_view *v, struct suan_jsonw *w)
{
	const struct suan_api_config *config = suan_api_config(c->api);
	struct suan_buf own;

	suan_doc_site(suan_api_engine(c->api), v, w);
	suan_buf_init(&own, 0);
	if (v->spec->driver[0] && config->describe(config->ctx, v->number, &own) == SUAN_OK)
		suan_jsonw_raw(w, "agent", own.data, own.len);
	suan_buf_done(&own);
}

static bool is_place(const struct suan_engine *e, const char *name)
{
	const struct suan_network *n = suan_engine_network(e);

	for (uint32_t i = 0; n && i < n->ncities; i++)
		if (strcmp(n->cities[i].name, name) == 0)
			return true;
	return suan_engine_find_site(e, name) != SUAN_NO_POOL;
}

/* ?near=PLACE: where is it? false: answered. */
static bool near_known(struct suan_api_call *c, const char *near)
{
	struct suan_err err = {0};

	if (!near || is_place(suan_api_engine(c->api), near))
		return true;
	suan_fail_field(&err, SUAN_EINVAL, "near", "no city or site \"%.100s\" in the network",
			near);
	suan_api_problem(c, 400, &err);
	return false;
}

static void put_latency(const struct suan_engine *e, const char *near, uint32_t site,
			struct suan_jsonw *w)
{
	uint32_t us = near ? suan_engine_latency(e, near, site) : 0;

	if (near && us == SUAN_FAR_US)
		suan_jsonw_null(w, "latency_ms");
	else if (near)
		suan_jsonw_fixed(w, "latency_ms", us, 3);
}

void suan_api_sites(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	const char *near = suan_http_query(c->req, "near");
	struct suan_site_view v;
	struct suan_api_object o;

	if (!near_known(c, near))
		return;
	suan_api_object_open(&o, "sites");
	for (uint32_t i = 0; i < suan_engine_site_count(e); i++) {
		if (!suan_engine_site(e, i, &v) || v.gone)
			continue;
		suan_jsonw_open(&o.w, NULL, '{');
		put_latency(e, near, i, &o.w);
		put_site(c, &v, &o.w);
		suan_jsonw_close(&o.w, '}');
	}
	suan_api_object_send(c, &o);
}

static bool find_site(struct suan_api_call *c, struct suan_site_view *ret)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	uint32_t n = suan_engine_find_site(e, c->name);
	struct suan_err err = {0};

	if (n != SUAN_NO_POOL && suan_engine_site(e, n, ret))
		return true;
	suan_fail_field(&err, SUAN_ENOTFOUND, "name", "no site \"%s\"", c->name);
	suan_api_problem(c, 404, &err);
	return false;
}

void suan_api_site(struct suan_api_call *c)
{
	struct suan_site_view v;
	struct suan_api_object o;

	if (!find_site(c, &v))
		return;
	suan_api_object_open(&o, NULL);
	put_site(c, &v, &o.w);
	suan_api_object_send(c, &o);
}

static void site_set(void *ctx, const struct suan_core_answer *answer)
{
	struct suan_api_call *c = ctx;

	if (answer->code != SUAN_OK)
		suan_api_refuse(c, answer);
	else
		suan_api_site(c);
}

static void set_site(struct suan_api_call *c, enum suan_site_state state)
{
	struct suan_event ev = {.type = SUAN_EV_SITE, .now_ms = suan_clock_now_ms()};
	struct suan_site_view v;

	if (!find_site(c, &v))
		return;
	ev.u.site.name = c->name;
	ev.u.site.state = state;
	suan_core_post(suan_api_config(c->api)->core, &ev, NULL, site_set, c);
}

void suan_api_site_drain(struct suan_api_call *c)
{
	set_site(c, SUAN_SITE_DRAIN);
}

void suan_api_site_resume(struct suan_api_call *c)
{
	set_site(c, SUAN_SITE_UP);
}

void suan_api_pools(struct suan_api_call *c)
{
	const struct suan_engine *e = suan_api_engine(c->api);
	struct suan_site_view s;
	struct suan_pool_view v;
	struct suan_api_object o;

	suan_api_object_open(&o, "pools");
	for (uint32_t i = 0; i < suan_engine_pool_count(e); i++) {
		if (!suan_engine_pool(e, i, &v) || !suan_engine_site(e, v.site, &s) || s.gone)
			continue;
		suan_jsonw_open(&o.w, NULL, '{');
		suan_doc_pool(e, &v, &o.w);
		suan_jsonw_close(&o.w, '}');
	}
	suan_api_object_send(c, &o);
}

void suan_api_links(struct suan_api_call *c)
{
	const struct suan_network *n = suan_engine_network(suan_api_engine(c->api));
	struct suan_api_object o;

	suan_api_object_open(&o, "links");
	for (uint32_t i = 0; n && i < n->nlinks; i++) {
		const struct suan_link_spec *l = &n->links[i];

		suan_jsonw_open(&o.w, NULL, '{');
		suan_jsonw_str(&o.w, "from", l->from);
		suan_jsonw_str(&o.w, "to", l->to);
		suan_jsonw_fixed(&o.w, "gbit", (int64_t)l->mbit_s, 3);
		suan_jsonw_fixed(&o.w, "ms", l->latency_us, 3);
		suan_jsonw_fixed(&o.w, "price_gib", l->price_uyuan_gib, 6);
		suan_jsonw_close(&o.w, '}');
	}
	suan_api_object_send(c, &o);
}

void suan_api_hubs(struct suan_api_call *c)
{
	const struct suan_network *n = suan_engine_network(suan_api_engine(c->api));
	struct suan_api_object o;

	suan_api_object_open(&o, "hubs");
	for (uint32_t i = 0; n && i < n->nhubs; i++) {
		suan_jsonw_open(&o.w, NULL, '{');
		suan_jsonw_str(&o.w, "name", n->hubs[i].name);
		suan_jsonw_str(&o.w, "zh", n->hubs[i].zh);
		suan_jsonw_str(&o.w, "side", n->hubs[i].side);
		suan_jsonw_close(&o.w, '}');
	}
	suan_jsonw_close(&o.w, ']');
	suan_jsonw_open(&o.w, "cities", '[');
	for (uint32_t i = 0; n && i < n->ncities; i++) {
		const struct suan_city_spec *k = &n->cities[i];

		suan_jsonw_open(&o.w, NULL, '{');
		suan_jsonw_str(&o.w, "name", k->name);
		suan_jsonw_str(&o.w, "zh", k->zh);
		suan_jsonw_str(&o.w, "hub", k->hub);
		suan_jsonw_fixed(&o.w, "lon", k->lon_udeg, 6);
		suan_jsonw_fixed(&o.w, "lat", k->lat_udeg, 6);
		suan_jsonw_close(&o.w, '}');
	}
	suan_api_object_send(c, &o);
}
