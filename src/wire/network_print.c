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
	put_unless(out, "gpu_idle_watt", p->gpu_idle_watt, 0);
	put_unless(out, "gpu_busy_watt", p->gpu_busy_watt, 0);
	if (p->embodied_g)
		put_fixed(out, "embodied_kg", (int64_t)p->embodied_g, 3);
	if (p->life_hours) /* rounded up, so that it reads back as the same hours */
		put_fixed(out, "life_years", ((int64_t)p->life_hours * 1000 + 8765) / 8766, 3);
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

/* "hours: …" of a part of a rule, up to the mark; behind it. */
static const char *put_part(struct suan_buf *out, const char *key, const char *p, const char *mark)
{
	size_t n = strcspn(p, mark);

	if (n > 0) {
		put_key(out, key);
		if (strcmp(key, "price") == 0)
			suan_buf_add(out, p, n);
		else
			suan_json_quote(out, p, n);
	}
	return p[n] ? p + n + 1 : p + n;
}

/* From the line of wire/tariff.h. */
static void put_tariff(struct suan_buf *out, const char *p)
{
	size_t zone = strcspn(p, "|");

	suan_buf_addf(out, "    price:\n      zone: \"%.*s\"\n      tariff:\n", (int)zone, p);
	p += zone + (p[zone] == '|');
	while (*p) {
		suan_buf_adds(out, "        - {");
		p = put_part(out, "hours", p, ";");
		p = put_part(out, "months", p, ";");
		p = put_part(out, "days", p, ";");
		p = put_part(out, "price", p, ";");
		p = put_part(out, "name", p, "|");
		suan_buf_adds(out, "}\n");
	}
}

static void put_pue(struct suan_buf *out, const struct suan_site_spec *s)
{
	char degrees[32], pue[32];

	if (!s->npue) {
		site_number(out, "pue", s->pue_milli, 3);
		return;
	}
	suan_buf_adds(out, "    pue:\n");
	for (uint32_t i = 0; i < s->npue; i++) {
		suan_keys_decimal(s->pue[i].temperature_mdeg, 3, degrees);
		suan_keys_decimal(s->pue[i].pue_milli, 3, pue);
		suan_buf_addf(out, "      - {temperature: %s, pue: %s}\n", degrees, pue);
	}
}

static void site_forecast(struct suan_buf *out, const struct suan_site_spec *s)
{
	bool price = s->price_forecast && s->price_forecast[0];
	bool carbon = s->carbon_forecast && s->carbon_forecast[0];

	if (!price && !carbon)
		return;
	suan_buf_adds(out, "    forecast: {");
	put_string(out, "price", s->price_forecast);
	put_string(out, "carbon", s->carbon_forecast);
	suan_buf_adds(out, "}\n");
}

static void more_signals(struct suan_buf *out, const struct suan_site_spec *s)
{
	int64_t market = s->carbon_market_mg_kwh;

	site_line(out, "carbon_market", s->market_file);
	if (market)
		site_number(out, "carbon_market", market == SUAN_CARBON_ZERO ? 0 : market, 3);
	site_line(out, "renewable", s->renewable_file);
	if (s->renewable_ppm)
		site_number(out, "renewable", s->renewable_ppm, 6);
	site_line(out, "temperature", s->temperature_file);
	if (s->has_temperature)
		site_number(out, "temperature", s->temperature_mdeg, 3);
	site_forecast(out, s);
}

static void site_signals(struct suan_buf *out, const struct suan_site_spec *s)
{
	char how[64] = "";

	if (s->price_exchange_uyuan) {
		char yuan[32];

		suan_keys_decimal(s->price_exchange_uyuan, 6, yuan);
		(void)snprintf(how, sizeof(how), "exchange: %s", yuan);
	}
	if (s->price_tariff && s->price_tariff[0])
		put_tariff(out, s->price_tariff);
	else if (s->price_uyuan_kwh >= 0)
		site_number(out, "price", s->price_uyuan_kwh, 6);
	else
		site_file(out, "price", s->price_file, how);
	if (s->carbon_mg_kwh >= 0)
		site_number(out, "carbon", s->carbon_mg_kwh, 3);
	else
		site_file(out, "carbon", s->carbon_file,
			  s->carbon_lifecycle ? "scope: lifecycle" : "");
	more_signals(out, s);
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
	put_pue(out, s);
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
	if (l->joule_gib)
		put_fixed(out, "joule_gib", l->joule_gib, 0);
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
