#include "engine/pack.h"
#include "engine/planner.h"

#include <string.h>

/* ---- tables ---- */

#define TABLE(rows) {rows, sizeof(rows) / sizeof((rows)[0])}

#define AT(type, member) offsetof(struct type, member)

static const struct suan_pack_row policy_rows[] = {
	{1, SUAN_PACK_U32, AT(suan_policy, kind), SUAN_NPOLICIES - 1},
	{2, SUAN_PACK_U32, AT(suan_policy, plan_depth), 0},
	{3, SUAN_PACK_I64, AT(suan_policy, default_walltime_ms), 0},
	{4, SUAN_PACK_I64, AT(suan_policy, max_walltime_ms), 0},
	{5, SUAN_PACK_U32, AT(suan_policy, max_pending), 0},
	{6, SUAN_PACK_U32, AT(suan_policy, max_attempts), 0},
	{7, SUAN_PACK_BOOL, AT(suan_policy, model_sites), 0},
	{8, SUAN_PACK_BOOL, AT(suan_policy, predict), 0},
	{9, SUAN_PACK_BOOL, AT(suan_policy, terse), 0},
	{50, SUAN_PACK_U32, AT(suan_policy, max_reservations), 0},
	{51, SUAN_PACK_U32, AT(suan_policy, max_node_hours), 0},
	{52, SUAN_PACK_I64, AT(suan_policy, reserve_horizon_ms), 0},
	{60, SUAN_PACK_I64, AT(suan_policy, preemption.min_run_ms), 0},
	{61, SUAN_PACK_I64, AT(suan_policy, preemption.grace_ms), 0},
	{62, SUAN_PACK_U32, AT(suan_policy, preemption.max_victims), SUAN_MOST_VICTIMS},
	{70, SUAN_PACK_BOOL, AT(suan_policy, ignore_homes), 0},
	{80, SUAN_PACK_U32, AT(suan_policy, plan_steps), 0},
	{90, SUAN_PACK_U32, AT(suan_policy, packing), SUAN_NPACKINGS - 1},
};
const struct suan_pack_table suan_pack_policy = TABLE(policy_rows);

static const struct suan_pack_row usage_rows[] = {
	{1, SUAN_PACK_I64, AT(suan_usage, cpu_ms), 0},
	{2, SUAN_PACK_I64, AT(suan_usage, max_rss_bytes), 0},
	{3, SUAN_PACK_I64, AT(suan_usage, read_bytes), 0},
	{4, SUAN_PACK_I64, AT(suan_usage, write_bytes), 0},
};
const struct suan_pack_table suan_pack_usage = TABLE(usage_rows);

static const struct suan_pack_row pool_rows[] = {
	{1, SUAN_PACK_STR, AT(suan_pool_spec, name), 0},
	{2, SUAN_PACK_U32, AT(suan_pool_spec, nodes), 0},
	{3, SUAN_PACK_U32, AT(suan_pool_spec, cores), 0},
	{4, SUAN_PACK_U32, AT(suan_pool_spec, gpus), 0},
	{5, SUAN_PACK_STR, AT(suan_pool_spec, gpu), 0},
	{6, SUAN_PACK_U64, AT(suan_pool_spec, memory), 0},
	{7, SUAN_PACK_U32, AT(suan_pool_spec, speed_milli), 0},
	{8, SUAN_PACK_U32, AT(suan_pool_spec, idle_watt), 0},
	{9, SUAN_PACK_U32, AT(suan_pool_spec, busy_watt), 0},
	{10, SUAN_PACK_I64, AT(suan_pool_spec, price_hour_uyuan), 0},
	{90, SUAN_PACK_U32, AT(suan_pool_spec, delegated), SUAN_DELEGATED_YES},
	{100, SUAN_PACK_U32, AT(suan_pool_spec, gpu_idle_watt), 0},
	{101, SUAN_PACK_U32, AT(suan_pool_spec, gpu_busy_watt), 0},
	{102, SUAN_PACK_U64, AT(suan_pool_spec, embodied_g), 0},
	{103, SUAN_PACK_U32, AT(suan_pool_spec, life_hours), 0},
};
static const struct suan_pack_table pool_table = TABLE(pool_rows);

static const struct suan_pack_row pue_rows[] = {
	{1, SUAN_PACK_I32, AT(suan_pue_point, temperature_mdeg), 0},
	{2, SUAN_PACK_U32, AT(suan_pue_point, pue_milli), 0},
};
static const struct suan_pack_table pue_table = TABLE(pue_rows);

enum { SITE_POOL = 20, SITE_PUE = 104, SITE_TAGS };

static const struct suan_pack_row site_rows[] = {
	{1, SUAN_PACK_STR, AT(suan_site_spec, name), 0},
	{2, SUAN_PACK_STR, AT(suan_site_spec, zh), 0},
	{3, SUAN_PACK_STR, AT(suan_site_spec, hub), 0},
	{4, SUAN_PACK_STR, AT(suan_site_spec, owner), 0},
	{5, SUAN_PACK_STR, AT(suan_site_spec, driver), 0},
	{6, SUAN_PACK_I32, AT(suan_site_spec, lon_udeg), 0},
	{7, SUAN_PACK_I32, AT(suan_site_spec, lat_udeg), 0},
	{8, SUAN_PACK_U32, AT(suan_site_spec, pue_milli), 0},
	{9, SUAN_PACK_I64, AT(suan_site_spec, price_uyuan_kwh), 0},
	{10, SUAN_PACK_I64, AT(suan_site_spec, carbon_mg_kwh), 0},
	{11, SUAN_PACK_STR, AT(suan_site_spec, price_file), 0},
	{12, SUAN_PACK_STR, AT(suan_site_spec, carbon_file), 0},
	{13, SUAN_PACK_U32, AT(suan_site_spec, racks), 0},
	{14, SUAN_PACK_I64, AT(suan_site_spec, price_exchange_uyuan), 0},
	{15, SUAN_PACK_BOOL, AT(suan_site_spec, carbon_lifecycle), 0},
	{100, SUAN_PACK_I64, AT(suan_site_spec, carbon_market_mg_kwh), 0},
	{101, SUAN_PACK_U32, AT(suan_site_spec, renewable_ppm), 0},
	{102, SUAN_PACK_I32, AT(suan_site_spec, temperature_mdeg), 0},
	{103, SUAN_PACK_BOOL, AT(suan_site_spec, has_temperature), 0},
	{140, SUAN_PACK_U64, AT(suan_site_spec, cache_bytes), 0},
	{160, SUAN_PACK_STR, AT(suan_site_spec, driver_conf), 0},
	{161, SUAN_PACK_STR, AT(suan_site_spec, price_tariff), 0},
	{162, SUAN_PACK_STR, AT(suan_site_spec, market_file), 0},
	{163, SUAN_PACK_STR, AT(suan_site_spec, renewable_file), 0},
	{164, SUAN_PACK_STR, AT(suan_site_spec, temperature_file), 0},
	{165, SUAN_PACK_STR, AT(suan_site_spec, price_forecast), 0},
	{166, SUAN_PACK_STR, AT(suan_site_spec, carbon_forecast), 0},
};
static const struct suan_pack_table site_table = TABLE(site_rows);

static const struct suan_pack_row link_rows[] = {
	{1, SUAN_PACK_STR, AT(suan_link_spec, from), 0},
	{2, SUAN_PACK_STR, AT(suan_link_spec, to), 0},
	{3, SUAN_PACK_U64, AT(suan_link_spec, mbit_s), 0},
	{4, SUAN_PACK_U32, AT(suan_link_spec, latency_us), 0},
	{5, SUAN_PACK_I64, AT(suan_link_spec, price_uyuan_gib), 0},
	{100, SUAN_PACK_I64, AT(suan_link_spec, joule_gib), 0},
};
static const struct suan_pack_table link_table = TABLE(link_rows);

static const struct suan_pack_row hub_rows[] = {
	{1, SUAN_PACK_STR, AT(suan_hub_spec, name), 0},
	{2, SUAN_PACK_STR, AT(suan_hub_spec, zh), 0},
	{3, SUAN_PACK_STR, AT(suan_hub_spec, side), 0},
};
static const struct suan_pack_table hub_table = TABLE(hub_rows);

static const struct suan_pack_row city_rows[] = {
	{1, SUAN_PACK_STR, AT(suan_city_spec, name), 0},
	{2, SUAN_PACK_STR, AT(suan_city_spec, zh), 0},
	{3, SUAN_PACK_STR, AT(suan_city_spec, hub), 0},
	{4, SUAN_PACK_I32, AT(suan_city_spec, lon_udeg), 0},
	{5, SUAN_PACK_I32, AT(suan_city_spec, lat_udeg), 0},
	{6, SUAN_PACK_U32, AT(suan_city_spec, weight_milli), 0},
};
static const struct suan_pack_table city_table = TABLE(city_rows);

/* ---- writing ---- */

static void pack_row(struct suan_buf *b, const struct suan_pack_row *r, const void *at)
{
	const char *s;
	uint32_t u32;
	uint64_t u64;
	int32_t i32;
	int64_t i64;
	bool flag;

	switch (r->type) {
	case SUAN_PACK_STR:
		memcpy(&s, at, sizeof(s));
		suan_put_str(b, r->tag, s);
		break;
	case SUAN_PACK_BOOL:
		memcpy(&flag, at, sizeof(flag));
		if (flag)
			suan_put_u64(b, r->tag, 1);
		break;
	case SUAN_PACK_U32:
		memcpy(&u32, at, sizeof(u32));
		if (u32)
			suan_put_u64(b, r->tag, u32);
		break;
	case SUAN_PACK_U64:
		memcpy(&u64, at, sizeof(u64));
		if (u64)
			suan_put_u64(b, r->tag, u64);
		break;
	case SUAN_PACK_I32:
		memcpy(&i32, at, sizeof(i32));
		if (i32)
			suan_put_i64(b, r->tag, i32);
		break;
	case SUAN_PACK_I64:
		memcpy(&i64, at, sizeof(i64));
		if (i64)
			suan_put_i64(b, r->tag, i64);
		break;
	}
}

void suan_pack(struct suan_buf *b, const struct suan_pack_table *t, const void *from)
{
	for (size_t i = 0; i < t->n; i++)
		pack_row(b, &t->rows[i], (const char *)from + t->rows[i].offset);
}

/* ---- reading ---- */

void suan_unpack_clear(const struct suan_pack_table *t, void *to)
{
	static const char *const empty = "";

	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].type == SUAN_PACK_STR)
			memcpy((char *)to + t->rows[i].offset, &empty, sizeof(empty));
}

const char *suan_unpack_str(struct suan_unpack *u, const struct suan_field *f)
{
	char *s;

	if (!f->is_bytes || (f->len && memchr(f->bytes, 0, f->len))) {
		u->bad = true;
		return "";
	}
	s = suan_arena_mem(u->arena, f->bytes, f->len);
	u->nomem |= !s;
	return s ? s : "";
}

void *suan_unpack_list(struct suan_unpack *u, uint32_t n, size_t elem)
{
	void *p = suan_arena_array(u->arena, n ? n : 1, elem);

	u->nomem |= !p;
	return p;
}

static void unpack_u32(struct suan_unpack *u, const struct suan_pack_row *r,
		       const struct suan_field *f, void *at)
{
	uint32_t v = (uint32_t)f->u64;

	if (f->u64 > (r->most ? r->most : UINT32_MAX))
		u->bad = true;
	else
		memcpy(at, &v, sizeof(v));
}

static void unpack_signed(struct suan_unpack *u, const struct suan_pack_row *r,
			  const struct suan_field *f, void *at)
{
	int64_t v = suan_field_i64(f);
	int32_t small = (int32_t)v;

	if (r->type == SUAN_PACK_I64)
		memcpy(at, &v, sizeof(v));
	else if (v == small)
		memcpy(at, &small, sizeof(small));
	else
		u->bad = true;
}

static void unpack_row(struct suan_unpack *u, const struct suan_pack_row *r,
		       const struct suan_field *f, void *at)
{
	const char *s;
	bool flag = f->u64 != 0;

	if (f->is_bytes != (r->type == SUAN_PACK_STR)) {
		u->bad = true;
		return;
	}
	switch (r->type) {
	case SUAN_PACK_STR:
		s = suan_unpack_str(u, f);
		memcpy(at, &s, sizeof(s));
		break;
	case SUAN_PACK_BOOL:
		memcpy(at, &flag, sizeof(flag));
		u->bad |= f->u64 > 1;
		break;
	case SUAN_PACK_U32:
		unpack_u32(u, r, f, at);
		break;
	case SUAN_PACK_U64:
		memcpy(at, &f->u64, sizeof(f->u64));
		break;
	case SUAN_PACK_I32:
	case SUAN_PACK_I64:
		unpack_signed(u, r, f, at);
		break;
	}
}

bool suan_unpack_field(struct suan_unpack *u, const struct suan_pack_table *t,
		       const struct suan_field *f, void *to)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].tag != f->tag)
			continue;
		unpack_row(u, &t->rows[i], f, (char *)to + t->rows[i].offset);
		return true;
	}
	return false;
}

static void open_record(struct suan_unpack *u, const struct suan_field *f, struct suan_reader *r)
{
	u->bad |= !f->is_bytes;
	suan_field_reader(f, r);
}

void suan_unpack_all(struct suan_unpack *u, const struct suan_pack_table *t,
		     const struct suan_field *f, void *to)
{
	struct suan_reader r;
	struct suan_field x;

	suan_unpack_clear(t, to);
	open_record(u, f, &r);
	while (suan_get_field(&r, &x))
		suan_unpack_field(u, t, &x, to);
	u->bad |= r.bad;
}

void suan_unpack_count(struct suan_unpack *u, const struct suan_field *f, uint32_t *counts,
		       size_t n)
{
	struct suan_reader r;
	struct suan_field x;

	memset(counts, 0, n * sizeof(*counts));
	open_record(u, f, &r);
	while (suan_get_field(&r, &x))
		if (x.tag < n)
			counts[x.tag]++;
	u->bad |= r.bad;
}

/* ---- network ---- */

static void pack_one(struct suan_buf *b, uint32_t tag, const struct suan_pack_table *t,
		     const void *from)
{
	size_t mark = suan_put_begin(b, tag);

	suan_pack(b, t, from);
	suan_put_end(b, mark);
}

void suan_pack_pool(struct suan_buf *b, uint32_t tag, const struct suan_pool_spec *p)
{
	pack_one(b, tag, &pool_table, p);
}

void suan_unpack_pool(struct suan_unpack *u, const struct suan_field *f,
		      struct suan_pool_spec *ret)
{
	memset(ret, 0, sizeof(*ret));
	suan_unpack_all(u, &pool_table, f, ret);
}

void suan_pack_site(struct suan_buf *b, uint32_t tag, const struct suan_site_spec *s)
{
	size_t mark = suan_put_begin(b, tag);

	suan_pack(b, &site_table, s);
	for (uint32_t i = 0; i < s->npools; i++)
		suan_pack_pool(b, SITE_POOL, &s->pools[i]);
	for (uint32_t i = 0; i < s->npue; i++)
		pack_one(b, SITE_PUE, &pue_table, &s->pue[i]);
	suan_put_end(b, mark);
}

void suan_unpack_site(struct suan_unpack *u, const struct suan_field *f,
		      struct suan_site_spec *ret)
{
	uint32_t counts[SITE_TAGS];
	struct suan_reader r;
	struct suan_field x;

	memset(ret, 0, sizeof(*ret));
	suan_unpack_clear(&site_table, ret);
	suan_unpack_count(u, f, counts, SITE_TAGS);
	ret->pools = suan_unpack_list(u, counts[SITE_POOL], sizeof(*ret->pools));
	ret->pue = suan_unpack_list(u, counts[SITE_PUE], sizeof(*ret->pue));
	suan_field_reader(f, &r);
	while (ret->pools && ret->pue && suan_get_field(&r, &x)) {
		if (x.tag == SITE_POOL)
			suan_unpack_pool(u, &x, &ret->pools[ret->npools++]);
		else if (x.tag == SITE_PUE)
			suan_unpack_all(u, &pue_table, &x, &ret->pue[ret->npue++]);
		else
			suan_unpack_field(u, &site_table, &x, ret);
	}
}

enum { NET_NAME = 1, NET_HUB, NET_CITY, NET_SITE, NET_LINK, NET_TAGS, NET_LATENCY = 130 };

/* Known ones as one more than they are, so that unknown ones are short. */
static void pack_latencies(struct suan_buf *b, const struct suan_network *net)
{
	size_t mark;

	if (!net->nlatency)
		return;
	mark = suan_put_begin(b, NET_LATENCY);
	for (uint32_t i = 0; i < net->nlatency; i++)
		suan_put_varint(b, net->latency_us[i] == SUAN_FAR_US
					   ? 0
					   : (uint64_t)net->latency_us[i] + 1);
	suan_put_end(b, mark);
}

static void unpack_latencies(struct suan_unpack *u, const struct suan_field *f,
			     struct suan_network *net)
{
	uint64_t want = ((uint64_t)net->ncities + net->nsites) * net->nsites, v;
	struct suan_reader r;

	u->bad |= !f->is_bytes || want > f->len;	/* a byte each at least */
	if (u->bad)
		return;
	net->latency_us = suan_unpack_list(u, (uint32_t)want, sizeof(*net->latency_us));
	suan_field_reader(f, &r);
	while (net->latency_us && !u->bad && net->nlatency < want) {
		u->bad |= !suan_get_varint(&r, &v) || v > SUAN_FAR_US;
		net->latency_us[net->nlatency++] = v ? (uint32_t)(v - 1) : SUAN_FAR_US;
	}
	u->bad |= r.p != r.end;
}

void suan_pack_network(struct suan_buf *b, uint32_t tag, const struct suan_network *net)
{
	size_t mark = suan_put_begin(b, tag);

	suan_put_str(b, NET_NAME, net->name);
	for (uint32_t i = 0; i < net->nhubs; i++)
		pack_one(b, NET_HUB, &hub_table, &net->hubs[i]);
	for (uint32_t i = 0; i < net->ncities; i++)
		pack_one(b, NET_CITY, &city_table, &net->cities[i]);
	for (uint32_t i = 0; i < net->nsites; i++)
		suan_pack_site(b, NET_SITE, &net->sites[i]);
	for (uint32_t i = 0; i < net->nlinks; i++)
		pack_one(b, NET_LINK, &link_table, &net->links[i]);
	pack_latencies(b, net);
	suan_put_end(b, mark);
}

static void unpack_part(struct suan_unpack *u, const struct suan_field *x, struct suan_network *n)
{
	switch (x->tag) {
	case NET_NAME:
		n->name = suan_unpack_str(u, x);
		break;
	case NET_HUB:
		suan_unpack_all(u, &hub_table, x, &n->hubs[n->nhubs++]);
		break;
	case NET_CITY:
		suan_unpack_all(u, &city_table, x, &n->cities[n->ncities++]);
		break;
	case NET_SITE:
		suan_unpack_site(u, x, &n->sites[n->nsites++]);
		break;
	case NET_LINK:
		suan_unpack_all(u, &link_table, x, &n->links[n->nlinks++]);
		break;
	default:
		break;
	}
}

void suan_unpack_network(struct suan_unpack *u, const struct suan_field *f,
			 struct suan_network *ret)
{
	struct suan_field x, latency = {.tag = 0};
	uint32_t counts[NET_TAGS];
	struct suan_reader r;

	memset(ret, 0, sizeof(*ret));
	ret->name = "";
	suan_unpack_count(u, f, counts, NET_TAGS);
	ret->hubs = suan_unpack_list(u, counts[NET_HUB], sizeof(*ret->hubs));
	ret->cities = suan_unpack_list(u, counts[NET_CITY], sizeof(*ret->cities));
	ret->sites = suan_unpack_list(u, counts[NET_SITE], sizeof(*ret->sites));
	ret->links = suan_unpack_list(u, counts[NET_LINK], sizeof(*ret->links));
	suan_field_reader(f, &r);
	while (!u->nomem && !u->bad && suan_get_field(&r, &x)) {
		unpack_part(u, &x, ret);
		if (x.tag == NET_LATENCY)
			latency = x;
	}
	if (latency.tag && !u->nomem && !u->bad)
		unpack_latencies(u, &latency, ret);
}
