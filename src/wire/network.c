#include "wire/network.h"

#include <stddef.h>
#include <string.h>

#include "wire/keys.h"
#include "wire/latency.h"
#include "wire/list.h"
#include "wire/network_check.h"
#include "wire/tariff.h"
#include "wire/yaml.h"

#define MOST_FILE   (16u << 20)
#define MOST_MEMORY (INT64_C(1) << 50)
#define MILLION	    INT64_C(1000000)

/* ---- tables ---- */

#define STRING(key, object, member)                                                                \
	{.name = key, .type = SUAN_KEY_STRING, .at = offsetof(struct object, member)}
#define NAME(key, object, member)                                                                  \
	{.name = key, .type = SUAN_KEY_STRING, .at = offsetof(struct object, member),              \
	 .required = true}
#define WHOLE(key, object, member, least, most)                                                    \
	{.name = key, .type = SUAN_KEY_U32, .at = offsetof(struct object, member), .min = least,   \
	 .max = most}
#define NEEDED(key, object, member, least, most)                                                   \
	{.name = key, .type = SUAN_KEY_U32, .at = offsetof(struct object, member), .min = least,   \
	 .max = most, .required = true}
#define FIXED(key, kind, decimals, offset, most)                                                   \
	{.name = key, .type = kind, .digits = decimals, .at = offset, .max = most}
#define DEGREES(key, object, member, most)                                                         \
	{.name = key, .type = SUAN_KEY_I32_FIXED, .digits = 6,                                     \
	 .at = offsetof(struct object, member), .min = -(most)*MILLION, .max = (most)*MILLION}
#define CALL(key, function) {.name = key, .type = SUAN_KEY_CALL, .read = function}
#define KEYS(table) {table, sizeof(table) / sizeof((table)[0])}

static bool read_delegated(struct suan_json *j, void *object)
{
	struct suan_pool_spec *p = object;
	bool said;

	if (!suan_json_bool(j, &said))
		return false;
	p->delegated = said ? SUAN_DELEGATED_YES : SUAN_DELEGATED_NO;
	return true;
}

static bool read_embodied(struct suan_json *j, void *object)
{
	struct suan_pool_spec *p = object;
	int64_t grams;

	if (!suan_json_fixed(j, 3, &grams))
		return false;
	if (grams < 0 || grams > 1000 * MILLION)
		return suan_json_fail(j, SUAN_EINVAL, "want kg of CO2 equivalent from 0 to "
						      "1000000");
	p->embodied_g = (uint64_t)grams;
	return true;
}

static bool read_life(struct suan_json *j, void *object)
{
	struct suan_pool_spec *p = object;
	int64_t years;

	if (!suan_json_fixed(j, 3, &years))
		return false;
	if (years < 1 || years > 100000)
		return suan_json_fail(j, SUAN_EINVAL, "want years from 0.001 to 100");
	p->life_hours = (uint32_t)(years * 8766 / 1000); /* of 365.25 days */
	return true;
}

static const struct suan_key pool_table[] = {
	NAME("name", suan_pool_spec, name),
	NEEDED("nodes", suan_pool_spec, nodes, 1, 10 * MILLION),
	NEEDED("cores", suan_pool_spec, cores, 1, 65536),
	{.name = "memory", .type = SUAN_KEY_SIZE, .at = offsetof(struct suan_pool_spec, memory),
	 .max = MOST_MEMORY},
	{.name = "speed", .type = SUAN_KEY_U32_FIXED, .digits = 3,
	 .at = offsetof(struct suan_pool_spec, speed_milli), .min = 1, .max = MILLION},
	STRING("gpu", suan_pool_spec, gpu),
	WHOLE("gpus", suan_pool_spec, gpus, 0, 1024),
	WHOLE("idle_watt", suan_pool_spec, idle_watt, 0, MILLION),
	WHOLE("busy_watt", suan_pool_spec, busy_watt, 0, MILLION),
	FIXED("price_hour", SUAN_KEY_I64_FIXED, 6,
	      offsetof(struct suan_pool_spec, price_hour_uyuan), MILLION *MILLION),
	CALL("delegated", read_delegated),
	WHOLE("gpu_idle_watt", suan_pool_spec, gpu_idle_watt, 0, MILLION),
	WHOLE("gpu_busy_watt", suan_pool_spec, gpu_busy_watt, 0, MILLION),
	CALL("embodied_kg", read_embodied),
	CALL("life_years", read_life),
};

static void init_pool(void *item)
{
	struct suan_pool_spec *p = item;

	*p = (struct suan_pool_spec){.name = "", .gpu = "", .speed_milli = 1000};
}

static bool read_pools(struct suan_json *j, void *object)
{
	static const struct suan_key_items kind = {KEYS(pool_table), sizeof(struct suan_pool_spec),
					 init_pool};
	struct suan_site_spec *s = object;
	void *list;

	if (!suan_keys_items(j, &kind, &list, &s->npools))
		return false;
	s->pools = list;
	return true;
}

struct signal_file { /* a time series, and how to read it; or a tariff */
	const char *file;
	int64_t exchange_uyuan;
	const char *scope, *zone, *currency;
	struct tariff_rule *rules;
	uint32_t nrules;
};

struct tariff_rule {
	const char *hours, *months, *days, *name;
	int64_t price; /* millionths */
};

static const struct suan_key rule_table[] = {
	STRING("hours", tariff_rule, hours),
	STRING("months", tariff_rule, months),
	STRING("days", tariff_rule, days),
	STRING("name", tariff_rule, name),
	{.name = "price", .type = SUAN_KEY_I64_FIXED, .digits = 6,
	 .at = offsetof(struct tariff_rule, price), .min = -1000 * MILLION,
	 .max = 1000 * MILLION, .required = true},
};

static void init_rule(void *item)
{
	*(struct tariff_rule *)item =
		(struct tariff_rule){.hours = "", .months = "", .days = "", .name = ""};
}

static bool read_rules(struct suan_json *j, void *object)
{
	static const struct suan_key_items kind = {KEYS(rule_table), sizeof(struct tariff_rule),
						   init_rule};
	struct signal_file *f = object;
	void *list;

	if (!suan_keys_items(j, &kind, &list, &f->nrules))
		return false;
	f->rules = list;
	return true;
}

static const struct suan_key price_table[] = {
	STRING("file", signal_file, file),
	STRING("zone", signal_file, zone),
	STRING("currency", signal_file, currency),
	CALL("tariff", read_rules),
	{.name = "exchange", .type = SUAN_KEY_I64_FIXED, .digits = 6,
	 .at = offsetof(struct signal_file, exchange_uyuan), .min = 1,
	 .max = MILLION * MILLION},
};

static const struct suan_key carbon_table[] = {
	NAME("file", signal_file, file),
	STRING("scope", signal_file, scope),
};

/* A number of at most 1000 with `digits` decimals, or the name of a file with a time series, or a
 * map by the table that has the file in it. */
static bool number_or_file(struct suan_json *j, unsigned digits, const struct suan_keys *keys,
			   int64_t *value, struct signal_file *ret)
{
	const int64_t most = 1000 * MILLION;
	const char **file = &ret->file;
	const char *before;
	char limit[32];

	suan_keys_decimal(most, digits, limit);
	(void)suan_json_peek(j);
	before = j->p;
	if (suan_json_peek(j) == SUAN_JSON_STRING) {
		if (!suan_json_string(j, file))
			return false;
		*value = -1;
		if (**file)
			return true;
		j->p = before;
	}
	if (suan_json_peek(j) == SUAN_JSON_OBJECT) {
		*value = -1;
		return suan_keys_read(j, keys, ret);
	}
	if (suan_json_peek(j) == SUAN_JSON_NUMBER) {
		if (!suan_json_fixed(j, digits, value))
			return false;
		if (*value >= 0 && *value <= most)
			return true;
		j->p = before;
	}
	return suan_json_expected(j, "a number from 0 to %s or the name of a CSV file", limit);
}

/* The line of wire/tariff.h, in yuan; NULL: j has the error. */
static const char *tariff_line(struct suan_json *j, const struct signal_file *f)
{
	struct suan_tariff checked;
	struct suan_buf b = {0};
	struct suan_err err = {0};
	const char *line = NULL;
	enum suan_code rc = SUAN_OK;

	suan_buf_adds(&b, f->zone[0] ? f->zone : "+08:00");
	for (uint32_t i = 0; i < f->nrules; i++) {
		const struct tariff_rule *r = &f->rules[i];
		const char *const words[] = {r->hours, r->months, r->days, r->name};
		char price[32];
		suan_int128 yuan = r->price;

		for (size_t k = 0; rc == SUAN_OK && k < sizeof(words) / sizeof(words[0]); k++)
			if (strpbrk(words[k], ";|"))
				rc = suan_fail(&err, SUAN_EINVAL,
					       "rule %u: found \"%.40s\", want no ; and no |",
					       i + 1, words[k]);
		if (f->exchange_uyuan)
			yuan = yuan * f->exchange_uyuan / MILLION;
		suan_keys_decimal((int64_t)yuan, 6, price);
		suan_buf_addf(&b, "|%s;%s;%s;%s;%s", r->hours, r->months, r->days, price, r->name);
	}
	if (rc == SUAN_OK)
		rc = suan_buf_ok(&b, &err);
	if (rc == SUAN_OK)
		rc = suan_tariff_parse(suan_buf_str(&b), &checked, &err);
	if (rc == SUAN_OK)
		line = suan_arena_str(j->arena, suan_buf_str(&b));
	suan_buf_done(&b);
	if (!line)
		(void)suan_json_fail(j, rc == SUAN_OK ? SUAN_ENOMEM : rc, "%s",
				     rc == SUAN_OK ? "out of memory" : err.text);
	return line;
}

static bool read_price(struct suan_json *j, void *object)
{
	static const struct suan_keys keys = KEYS(price_table);
	struct signal_file from = {.file = "", .scope = "", .zone = "", .currency = ""};
	struct suan_site_spec *s = object;

	if (!number_or_file(j, 6, &keys, &s->price_uyuan_kwh, &from))
		return false;
	if (s->price_uyuan_kwh < 0 && !from.file[0] == !from.nrules)
		return suan_json_fail(j, SUAN_EINVAL, "%s",
				      from.nrules ? "found both a file and a tariff, want one"
						  : "found neither a file nor a tariff with "
						    "rules, want one");
	if (from.currency[0] && strcmp(from.currency, "CNY") != 0 && !from.exchange_uyuan)
		return suan_json_fail(j, SUAN_EINVAL,
				      "found prices in %.8s without exchange, want how many yuan "
				      "one %.8s is, such as exchange: 7.1",
				      from.currency, from.currency);
	if (from.nrules) {
		s->price_tariff = tariff_line(j, &from);
		return s->price_tariff != NULL;
	}
	s->price_file = from.file;
	s->price_exchange_uyuan = from.exchange_uyuan;
	return true;
}

static bool read_carbon(struct suan_json *j, void *object)
{
	static const struct suan_keys keys = KEYS(carbon_table);
	struct signal_file from = {.file = "", .scope = "", .zone = ""};
	struct suan_site_spec *s = object;

	if (!number_or_file(j, 3, &keys, &s->carbon_mg_kwh, &from))
		return false;
	s->carbon_lifecycle = strcmp(from.scope, "lifecycle") == 0;
	if (from.scope[0] && !s->carbon_lifecycle && strcmp(from.scope, "direct") != 0)
		return suan_json_fail(j, SUAN_EINVAL,
				      "scope: found \"%.40s\", want direct or lifecycle",
				      from.scope);
	s->carbon_file = from.file;
	return true;
}

/* A plain number with its limits, or the name of a file. */
static bool plain_or_file(struct suan_json *j, const struct suan_key *k, int64_t *value,
			  const char **file)
{
	const char *before;
	char min[32], max[32];

	suan_keys_decimal(k->min, k->digits, min);
	suan_keys_decimal(k->max, k->digits, max);
	(void)suan_json_peek(j);
	before = j->p;
	if (suan_json_peek(j) == SUAN_JSON_STRING) {
		if (!suan_json_string(j, file))
			return false;
		if (**file)
			return true;
		j->p = before;
	} else if (suan_json_peek(j) == SUAN_JSON_NUMBER) {
		if (!suan_json_fixed(j, k->digits, value))
			return false;
		if (*value >= k->min && *value <= k->max)
			return true;
		j->p = before;
	}
	return suan_json_expected(j, "a number from %s to %s or the name of a CSV file", min, max);
}

static bool read_market(struct suan_json *j, void *object)
{
	static const struct suan_key k = {.digits = 3, .max = 1000 * MILLION};
	struct suan_site_spec *s = object;
	int64_t v = 0;

	if (!plain_or_file(j, &k, &v, &s->market_file))
		return false;
	if (!s->market_file[0])
		s->carbon_market_mg_kwh = v ? v : SUAN_CARBON_ZERO;
	return true;
}

static bool read_renewable(struct suan_json *j, void *object)
{
	static const struct suan_key k = {.digits = 6, .max = MILLION};
	struct suan_site_spec *s = object;
	int64_t v = 0;

	if (!plain_or_file(j, &k, &v, &s->renewable_file))
		return false;
	s->renewable_ppm = (uint32_t)v;
	return true;
}

static bool read_temperature(struct suan_json *j, void *object)
{
	static const struct suan_key k = {.digits = 3, .min = -100000, .max = 100000};
	struct suan_site_spec *s = object;
	int64_t v = 0;

	if (!plain_or_file(j, &k, &v, &s->temperature_file))
		return false;
	s->temperature_mdeg = (int32_t)v;
	s->has_temperature = !s->temperature_file[0];
	return true;
}

static bool read_forecast(struct suan_json *j, void *object)
{
	static const struct suan_key table[] = {
		STRING("price", suan_site_spec, price_forecast),
		STRING("carbon", suan_site_spec, carbon_forecast),
	};
	static const struct suan_keys keys = KEYS(table);

	return suan_keys_read(j, &keys, object);
}

static const struct suan_key point_table[] = {
	{.name = "temperature", .type = SUAN_KEY_I32_FIXED, .digits = 3,
	 .at = offsetof(struct suan_pue_point, temperature_mdeg), .min = -100000, .max = 100000,
	 .required = true},
	{.name = "pue", .type = SUAN_KEY_U32_FIXED, .digits = 3,
	 .at = offsetof(struct suan_pue_point, pue_milli), .min = 1000, .max = 10000,
	 .required = true},
};

static void init_point(void *item)
{
	*(struct suan_pue_point *)item = (struct suan_pue_point){0, 1000};
}

/* A number, or a curve by temperature. */
static bool read_pue(struct suan_json *j, void *object)
{
	static const struct suan_key_items kind = {KEYS(point_table),
						   sizeof(struct suan_pue_point), init_point};
	struct suan_site_spec *s = object;
	const char *before;
	int64_t v = 0;
	void *list;

	(void)suan_json_peek(j);
	before = j->p;
	if (suan_json_peek(j) == SUAN_JSON_NUMBER) {
		if (!suan_json_fixed(j, 3, &v))
			return false;
		s->pue_milli = (uint32_t)v;
		if (v >= 1000 && v <= 10000)
			return true;
		j->p = before;
	}
	if (suan_json_peek(j) != SUAN_JSON_ARRAY)
		return suan_json_expected(j, "a number from 1 to 10 or a list of "
					     "{temperature, pue}");
	if (!suan_keys_items(j, &kind, &list, &s->npue))
		return false;
	s->pue = list;
	if (s->npue == 0)
		return suan_json_fail(j, SUAN_EINVAL, "found no point, want one at least");
	for (uint32_t i = 1; i < s->npue; i++)
		if (s->pue[i].temperature_mdeg <= s->pue[i - 1].temperature_mdeg)
			return suan_json_fail(j, SUAN_EINVAL,
					      "found temperatures that do not go up");
	s->pue_milli = s->pue[0].pue_milli; /* where the temperature is not known */
	return true;
}

static const struct suan_key site_table[] = {
	NAME("name", suan_site_spec, name),
	STRING("zh", suan_site_spec, zh),
	STRING("hub", suan_site_spec, hub),
	STRING("owner", suan_site_spec, owner),
	STRING("driver", suan_site_spec, driver),
	STRING("driver_conf", suan_site_spec, driver_conf),
	DEGREES("lon", suan_site_spec, lon_udeg, 180),
	DEGREES("lat", suan_site_spec, lat_udeg, 90),
	CALL("pue", read_pue),
	CALL("price", read_price),
	CALL("carbon", read_carbon),
	CALL("carbon_market", read_market),
	CALL("renewable", read_renewable),
	CALL("temperature", read_temperature),
	CALL("forecast", read_forecast),
	WHOLE("racks", suan_site_spec, racks, 0, 100 * MILLION),
	{.name = "cache", .type = SUAN_KEY_SIZE, .at = offsetof(struct suan_site_spec, cache_bytes),
	 .max = INT64_MAX},
	CALL("pools", read_pools),
};

static void init_site(void *item)
{
	struct suan_site_spec *s = item;

	*s = (struct suan_site_spec){.name = "", .zh = "", .hub = "", .owner = "", .driver = "",
				     .driver_conf = "", .pue_milli = 1000, .price_file = "",
				     .carbon_file = "", .price_tariff = "", .market_file = "",
				     .renewable_file = "", .temperature_file = "",
				     .price_forecast = "", .carbon_forecast = ""};
}

static const struct suan_key link_table[] = {
	NAME("from", suan_link_spec, from),
	NAME("to", suan_link_spec, to),
	{.name = "gbit", .type = SUAN_KEY_U64_FIXED, .digits = 3,
	 .at = offsetof(struct suan_link_spec, mbit_s), .min = 1, .max = 1000 * MILLION,
	 .required = true},
	FIXED("ms", SUAN_KEY_U32_FIXED, 3, offsetof(struct suan_link_spec, latency_us),
	      100 * MILLION),
	FIXED("price_gib", SUAN_KEY_I64_FIXED, 6,
	      offsetof(struct suan_link_spec, price_uyuan_gib), MILLION *MILLION),
	FIXED("joule_gib", SUAN_KEY_I64_FIXED, 0, offsetof(struct suan_link_spec, joule_gib),
	      1000 * MILLION),
};

static void init_link(void *item)
{
	struct suan_link_spec *l = item;

	*l = (struct suan_link_spec){.from = "", .to = ""};
}

static const struct suan_key hub_table[] = {
	NAME("name", suan_hub_spec, name),
	STRING("zh", suan_hub_spec, zh),
	STRING("side", suan_hub_spec, side),
};

static void init_hub(void *item)
{
	struct suan_hub_spec *h = item;

	*h = (struct suan_hub_spec){"", "", ""};
}

static const struct suan_key city_table[] = {
	NAME("name", suan_city_spec, name),
	STRING("zh", suan_city_spec, zh),
	DEGREES("lon", suan_city_spec, lon_udeg, 180),
	DEGREES("lat", suan_city_spec, lat_udeg, 90),
	STRING("hub", suan_city_spec, hub),
	FIXED("weight", SUAN_KEY_U32_FIXED, 3, offsetof(struct suan_city_spec, weight_milli),
	      1000 * MILLION),
};

static void init_city(void *item)
{
	struct suan_city_spec *c = item;

	*c = (struct suan_city_spec){.name = "", .zh = "", .hub = "", .weight_milli = 1000};
}

/* ---- the file ---- */

static bool read_hubs(struct suan_json *j, void *object)
{
	static const struct suan_key_items kind = {KEYS(hub_table), sizeof(struct suan_hub_spec),
						   init_hub};
	struct suan_network *net = object;
	void *list;

	if (!suan_keys_items(j, &kind, &list, &net->nhubs))
		return false;
	net->hubs = list;
	return true;
}

static bool read_cities(struct suan_json *j, void *object)
{
	static const struct suan_key_items kind = {KEYS(city_table), sizeof(struct suan_city_spec),
					 init_city};
	struct suan_network *net = object;
	void *list;

	if (!suan_keys_items(j, &kind, &list, &net->ncities))
		return false;
	net->cities = list;
	return true;
}

static bool read_sites(struct suan_json *j, void *object)
{
	static const struct suan_key_items kind = {KEYS(site_table), sizeof(struct suan_site_spec),
					 init_site};
	struct suan_network *net = object;
	void *list;

	if (!suan_keys_items(j, &kind, &list, &net->nsites))
		return false;
	net->sites = list;
	return true;
}

static bool read_links(struct suan_json *j, void *object)
{
	static const struct suan_key_items kind = {KEYS(link_table), sizeof(struct suan_link_spec),
					 init_link};
	struct suan_network *net = object;
	void *list;

	if (!suan_keys_items(j, &kind, &list, &net->nlinks))
		return false;
	net->links = list;
	return true;
}

static const struct suan_key network_table[] = {
	STRING("network", suan_network, name),
	CALL("hubs", read_hubs),
	CALL("cities", read_cities),
	{.name = "sites", .type = SUAN_KEY_CALL, .read = read_sites, .required = true},
	CALL("links", read_links),
};

static enum suan_code read_network(const struct suan_yaml *y, const char *file_name,
				   struct suan_arena *arena, struct suan_network *ret,
				   struct suan_err *err)
{
	static const struct suan_keys keys = KEYS(network_table);
	struct suan_network net = {.name = ""};
	struct suan_json j;
	enum suan_code rc;

	suan_yaml_reader(y, file_name, arena, &j, err);
	if (!suan_keys_read(&j, &keys, &net) || !suan_json_finish(&j))
		return j.code;
	rc = suan_network_check(&net, y, file_name, err);
	if (rc == SUAN_OK)
		rc = suan_latency_measure(&net, arena, err);
	if (rc == SUAN_OK)
		*ret = net;
	return rc;
}

enum suan_code suan_network_parse(const char *text, size_t n, const char *file_name,
				  struct suan_arena *arena, struct suan_network *ret,
				  struct suan_err *err)
{
	struct suan_yaml y;
	enum suan_code rc;

	if (n > MOST_FILE)
		return suan_fail(err, SUAN_ETOOBIG,
				 "%s: a network file may have %u bytes, found %zu", file_name,
				 MOST_FILE, n);
	rc = suan_yaml_open(&y, text, n, err);
	if (rc != SUAN_OK)
		suan_err_prefix(err, "%s", file_name);
	else
		rc = read_network(&y, file_name, arena, ret, err);
	suan_yaml_close(&y);
	return rc;
}
