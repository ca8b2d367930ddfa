#include <stdio.h>
#include <string.h>

#include "wire/keys.h"
#include "wire/network.h"

/* Words that YAML may take for something else are quoted, as JSON does. */
static bool is_plain(const char *s)
{
	static const char *const taken[] = {"true", "false", "null", "yes", "no", "on", "off"};

	if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z')))
		return false;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcasecmp(s, taken[i]) == 0)
			return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") ==
	       strlen(s);
}

/* The separator and the key of one more item in a flow map. */
static void put_key(struct suan_buf *out, const char *key)
{
	char last = out->len ? out->data[out->len - 1] : '{';

	suan_buf_addf(out, "%s%s: ", last == '{' ? "" : ", ", key);
}

static void put_text(struct suan_buf *out, const char *s)
{
	if (is_plain(s))
		suan_buf_adds(out, s);
	else
		suan_json_quote(out, s, strlen(s));
}

static void put_string(struct suan_buf *out, const char *key, const char *s)
{
	if (!s || !s[0])
		return;
	put_key(out, key);
	put_text(out, s);
}

static void put_fixed(struct suan_buf *out, const char *key, int64_t v, unsigned digits)
{
	char text[32];

	suan_keys_decimal(v, digits, text);
	put_key(out, key);
	suan_buf_adds(out, text);
}

/* As put_fixed, unless it is what an absent key means. */
static void put_unless(struct suan_buf *out, const char *key, int64_t v, int64_t absent)
{
	if (v != absent)
		put_fixed(out, key, v, 0);
}

static void put_size(struct suan_buf *out, const char *key, uint64_t bytes)
{
	if (!bytes)
		return;
	put_key(out, key);
	if (bytes % (1u << 30) == 0)
		suan_buf_addf(out, "%lluGiB", (unsigned long long)(bytes >> 30));
	else
		suan_buf_add_u64(out, bytes);
}

static void put_hub(struct suan_buf *out, const struct suan_hub_spec *h)
{
	suan_buf_adds(out, "  - {");
	put_string(out, "name", h->name);
	put_string(out, "zh", h->zh);
	put_string(out, "side", h->side);
	suan_buf_adds(out, "}\n");
}

static void put_city(struct suan_buf *out, const struct suan_city_spec *c)
{
	suan_buf_adds(out, "  - {");
	put_string(out, "name", c->name);
	put_string(out, "zh", c->zh);
	put_string(out, "hub", c->hub);
	put_fixed(out, "lon", c->lon_udeg, 6);
	put_fixed(out, "lat", c->lat_udeg, 6);
	put_fixed(out, "weight", c->weight_milli, 3);
	suan_buf_adds(out, "}\n");
}

static void put_pool(struct suan_buf *out, const struct suan_pool_spec *p)
{
	suan_buf_adds(out, "      - {");
	put_string(out, "name", p->name);
	put_fixed(out, "nodes", p->nodes, 0);
	put_fixed(out, "cores", p->cores, 0);
	put_size(out, "memory", p->memory);
	if (p->speed_milli != 1000)
		put_fixed(out, "speed", p->speed_milli, 3);
	put_string(out, "gpu", p->gpu);
	put_unless(out, "gpus", p->gpus, 0);
	put_unless(out, "idle_watt", p->idle_watt, 0);
	put_unless(out, "busy_watt", p->busy_watt, 0);
	if (p->price_hour_uyuan)
		put_fixed(out, "price_hour", p->price_hour_uyuan, 6);
	if (p->delegated != SUAN_DELEGATED_BY_DRIVER)
		suan_buf_addf(out, ", delegated: %s",
			      p->delegated == SUAN_DELEGATED_YES ? "true" : "false");
	suan_buf_adds(out, "}\n");
}

static void site_line(struct suan_buf *out, const char *key, const char *value)
{
	if (!value || !value[0])
		return;
	suan_buf_addf(out, "    %s: ", key);
	put_text(out, value);
	suan_buf_addc(out, '\n');
}

static void site_number(struct suan_buf *out, const char *key, int64_t v, unsigned digits)
{
	char text[32];

	suan_keys_decimal(v, digits, text);
	suan_buf_addf(out, "    %s: %s\n", key, text);
}

/* A file of a signal, and how it is read where that is not the usual way. */
static void site_file(struct suan_buf *out, const char *key, const char *file, const char *how)
{
	if (!how[0]) {
		site_line(out, key, file);
		return;
	}
	suan_buf_addf(out, "    %s: {file: ", key);
	put_text(out, file);
	suan_buf_addf(out, ", %s}\n", how);
}

static void site_signals(struct suan_buf *out, const struct suan_site_spec *s)
{
	char how[64] = "";

	if (s->price_exchange_uyuan) {
		char yuan[32];

		suan_keys_decimal(s->price_exchange_uyuan, 6, yuan);
		(void)snprintf(how, sizeof(how), "exchange: %s", yuan);
	}
	if (s->price_uyuan_kwh >= 0)
		site_number(out, "price", s->price_uyuan_kwh, 6);
	else
		site_file(out, "price", s->price_file, how);
	if (s->carbon_mg_kwh >= 0)
		site_number(out, "carbon", s->carbon_mg_kwh, 3);
	else
		site_file(out, "carbon", s->carbon_file,
			  s->carbon_lifecycle ? "scope: lifecycle" : "");
}

static void put_site(struct suan_buf *out, const struct suan_site_spec *s)
{
	suan_buf_adds(out, "  - name: ");
	put_text(out, s->name);
	suan_buf_addc(out, '\n');
	site_line(out, "zh", s->zh);
	site_line(out, "hub", s->hub);
	site_line(out, "owner", s->owner);
	site_line(out, "driver", s->driver);
	site_line(out, "driver_conf", s->driver_conf);
	site_number(out, "lon", s->lon_udeg, 6);
	site_number(out, "lat", s->lat_udeg, 6);
	site_number(out, "pue", s->pue_milli, 3);
	site_signals(out, s);
	if (s->racks)
		site_number(out, "racks", s->racks, 0);
	if (s->cache_bytes)
		suan_buf_addf(out, "    cache: %llu\n", (unsigned long long)s->cache_bytes);
	if (s->npools)
		suan_buf_adds(out, "    pools:\n");
	for (uint32_t i = 0; i < s->npools; i++)
		put_pool(out, &s->pools[i]);
}

static void put_link(struct suan_buf *out, const struct suan_link_spec *l)
{
	suan_buf_adds(out, "  - {");
	put_string(out, "from", l->from);
	put_string(out, "to", l->to);
	put_fixed(out, "gbit", (int64_t)l->mbit_s, 3);
	put_fixed(out, "ms", l->latency_us, 3);
	if (l->price_uyuan_gib)
		put_fixed(out, "price_gib", l->price_uyuan_gib, 6);
	suan_buf_adds(out, "}\n");
}

enum suan_code suan_network_print(const struct suan_network *net, struct suan_buf *out,
				  struct suan_err *err)
{
	suan_buf_adds(out, "network: ");
	put_text(out, net->name);
	suan_buf_addc(out, '\n');
	if (net->nhubs)
		suan_buf_adds(out, "hubs:\n");
	for (uint32_t i = 0; i < net->nhubs; i++)
		put_hub(out, &net->hubs[i]);
	if (net->ncities)
		suan_buf_adds(out, "cities:\n");
	for (uint32_t i = 0; i < net->ncities; i++)
		put_city(out, &net->cities[i]);
	suan_buf_adds(out, "sites:\n");
	for (uint32_t i = 0; i < net->nsites; i++)
		put_site(out, &net->sites[i]);
	if (net->nlinks)
		suan_buf_adds(out, "links:\n");
	for (uint32_t i = 0; i < net->nlinks; i++)
		put_link(out, &net->links[i]);
	return suan_buf_ok(out, err);
}
