#include "wire/network.h"

#include <stddef.h>
#include <string.h>

#include "wire/keys.h"
#include "wire/latency.h"
#include "wire/list.h"
#include "wire/network_check.h"
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

struct signal_file { /* a time series, and how to read it */
	const char *file;
	int64_t exchange_uyuan;
	const char *scope;
};

static const struct suan_key price_table[] = {
	NAME("file", signal_file, file),
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

static bool read_price(struct suan_json *j, void *object)
{
	static const struct suan_keys keys = KEYS(price_table);
	struct signal_file from = {"", 0, ""};
	struct suan_site_spec *s = object;

	if (!number_or_file(j, 6, &keys, &s->price_uyuan_kwh, &from))
		return false;
	s->price_file = from.file;
	s->price_exchange_uyuan = from.exchange_uyuan;
	return true;
}

static bool read_carbon(struct suan_json *j, void *object)
{
	static const struct suan_keys keys = KEYS(carbon_table);
	struct signal_file from = {"", 0, ""};
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

static const struct suan_key site_table[] = {
	NAME("name", suan_site_spec, name),
	STRING("zh", suan_site_spec, zh),
	STRING("hub", suan_site_spec, hub),
	STRING("owner", suan_site_spec, owner),
	STRING("driver", suan_site_spec, driver),
	STRING("driver_conf", suan_site_spec, driver_conf),
	DEGREES("lon", suan_site_spec, lon_udeg, 180),
	DEGREES("lat", suan_site_spec, lat_udeg, 90),
	{.name = "pue", .type = SUAN_KEY_U32_FIXED, .digits = 3,
	 .at = offsetof(struct suan_site_spec, pue_milli), .min = 1000, .max = 10000},
	CALL("price", read_price),
	CALL("carbon", read_carbon),
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
				     .carbon_file = ""};
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
