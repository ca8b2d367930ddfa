/* Latencies between places: the fibre rule against published figures, ways over links, bounds in
 * words. */
#include <stdio.h>

#include "lib/oom.h"
#include "lib/tap.h"
#include "wire/latency.h"
#include "wire/network.h"

#define NCLUSTERS 10
#define NCITIES	  12

struct spot {
	const char *name;
	int32_t lon_udeg, lat_udeg;
};

static const struct spot clusters[NCLUSTERS] = {
	{"zhangjiakou", 115300000, 40600000},
	{"yrd-demo", 120900000, 31050000},
	{"wuhu", 118380000, 31330000},
	{"shaoguan", 113600000, 24800000},
	{"tianfu", 104070000, 30500000},
	{"chongqing", 106550000, 29750000},
	{"horinger", 111820000, 40500000},
	{"guian", 106450000, 26400000},
	{"qingyang", 107640000, 35730000},
	{"zhongwei", 105180000, 37500000},
};
static const struct spot cities[NCITIES] = {
	{"beijing", 116410000, 39900000},
	{"tianjin", 117200000, 39080000},
	{"shanghai", 121470000, 31230000},
	{"nanjing", 118800000, 32060000},
	{"hangzhou", 120160000, 30270000},
	{"guangzhou", 113260000, 23130000},
	{"shenzhen", 114060000, 22540000},
	{"wuhan", 114310000, 30590000},
	{"zhengzhou", 113620000, 34750000},
	{"chengdu", 104070000, 30570000},
	{"chongqing-city", 106550000, 29560000},
	{"xian", 108940000, 34340000},
};
/* Tenths of a millisecond, as published with the sites. */
static const unsigned tenths[NCITIES][NCLUSTERS] = {
	{13, 94, 86, 149, 134, 126, 36, 154, 79, 89},
	{22, 84, 77, 142, 134, 125, 44, 151, 82, 94},
	{104, 7, 27, 93, 145, 126, 118, 136, 121, 144},
	{88, 22, 10, 84, 124, 105, 99, 119, 97, 121},
	{108, 12, 20, 79, 135, 115, 120, 123, 115, 140},
	{170, 102, 92, 18, 108, 88, 169, 69, 132, 155},
	{175, 102, 94, 24, 117, 97, 175, 78, 139, 163},
	{98, 56, 36, 58, 87, 67, 99, 79, 75, 100},
	{60, 70, 52, 97, 89, 77, 59, 102, 50, 72},
	{132, 141, 120, 100, 3, 24, 115, 47, 59, 69},
	{128, 122, 101, 77, 24, 4, 115, 32, 62, 79},
	{79, 103, 83, 101, 56, 50, 65, 81, 19, 44},
};

static uint32_t from_to(const struct suan_network *net, uint32_t row, uint32_t site)
{
	return net->latency_us[row * net->nsites + site];
}

static void follows_the_rule(void)
{
	struct suan_site_spec sites[NCLUSTERS];
	struct suan_city_spec city[NCITIES];
	struct suan_network net = {.sites = sites, .nsites = NCLUSTERS, .cities = city,
				   .ncities = NCITIES};
	unsigned wrong = 0, far = 0;
	struct suan_arena a;

	for (uint32_t i = 0; i < NCLUSTERS; i++)
		sites[i] = (struct suan_site_spec){.name = clusters[i].name,
						   .lon_udeg = clusters[i].lon_udeg,
						   .lat_udeg = clusters[i].lat_udeg};
	for (uint32_t i = 0; i < NCITIES; i++)
		city[i] = (struct suan_city_spec){.name = cities[i].name,
						  .lon_udeg = cities[i].lon_udeg,
						  .lat_udeg = cities[i].lat_udeg};
	suan_arena_init(&a, 0);
	is_int(suan_latency_measure(&net, &a, NULL), SUAN_OK, "measures");
	is_int(net.nlatency, (NCITIES + NCLUSTERS) * NCLUSTERS, "all pairs");
	for (uint32_t i = 0; i < NCITIES; i++)
		for (uint32_t k = 0; k < NCLUSTERS; k++) {
			uint32_t us = from_to(&net, i, k);

			wrong += (us + 50) / 100 != tenths[i][k];
			far += us > 20000;
		}
	is_int(wrong, 0, "as published, to a tenth of a millisecond");
	is_int(far, 0, "all within 20 ms");
	ok(from_to(&net, 11, 8) <= 5000 && from_to(&net, 11, 9) <= 5000, "near Xi'an");
	ok(from_to(&net, 11, 5) > 5000, "558 km are a little more than 5 ms");
	is_int(from_to(&net, NCITIES + 3, 3), 0, "a site is at itself");
	is_int(from_to(&net, NCITIES + 3, 4), from_to(&net, NCITIES + 4, 3), "both ways");
	suan_arena_done(&a);
}

struct reading {
	struct suan_arena arena;
	struct suan_network net;
	struct suan_err err;
};

static void read_text(struct reading *r, const char *text)
{
	memset(r, 0, sizeof(*r));
	ok(suan_network_parse(text, strlen(text), "n.yaml", &r->arena, &r->net, &r->err) ==
	   SUAN_OK, "%s", r->err.text);
}

static void goes_over_links(void)
{
	struct reading r;

	read_text(&r, "cities: [{name: x, lon: 100, lat: 30}, {name: y}, {name: b}]\n"
		      "sites: [{name: a, lon: 110, lat: 30}, {name: b}, {name: c}, "
		      "{name: d, lon: 110, lat: 31}]\n"
		      "links:\n"
		      "  - {from: x, to: b, gbit: 1, ms: 2.5}\n"
		      "  - {from: b, to: c, gbit: 1, ms: 0.25}\n"
		      "  - {from: x, to: c, gbit: 1, ms: 9}\n"
		      "  - {from: c, to: x, gbit: 1, ms: 1}\n"
		      "  - {from: y, to: a, gbit: 1}\n"
		      "  - {from: c, to: d, gbit: 1}\n"
		      "  - {from: a, to: d, gbit: 1}\n");
	is_int(from_to(&r.net, 0, 1), 2500, "a link");
	is_int(from_to(&r.net, 0, 2), 2750, "two links are shorter than one");
	is_int(from_to(&r.net, 0, 0), 8502, "no link leads there: fibre");
	is_int(from_to(&r.net, 1, 0), SUAN_FAR_US, "a link without latency and coordinates");
	is_int(from_to(&r.net, 2, 1), 200, "a city and the site of its name");
	is_int(from_to(&r.net, 3 + 2, 0), SUAN_FAR_US, "nobody knows where it is");
	is_int(from_to(&r.net, 3 + 0, 3), 1159, "a link without latency counts by the rule");
	is_int(from_to(&r.net, 3 + 1, 2), 250, "from a site");
	is_int(from_to(&r.net, 2, 2), 250, "from the city of that name");
	suan_arena_done(&r.arena);
	read_text(&r, "sites: [{name: a}, {name: b}]\n"
		      "links: [{from: a, to: hub, gbit: 1, ms: 1}, "
		      "{from: b, to: a, gbit: 1, ms: 3}]\n");
	is_int(from_to(&r.net, 1, 0), 3000, "one way");
	is_int(from_to(&r.net, 0, 1), SUAN_FAR_US, "not the other");
	suan_arena_done(&r.arena);
}

static void reads_bounds(void)
{
	static const struct {
		const char *text;
		uint32_t us;
	} good[] = {{"5ms", 5000}, {"800us", 800}, {"0.5", 500}, {"1.25ms", 1250}, {"7", 7000},
		    {"city", 1000}, {"region", 5000}, {"nation", 20000}, {"3600000", 3600000000u}};
	static const char *const bad[] = {"", "ms", "0", "-1", "5 s", "5s", "1.2345ms", "0.5us",
					  "3600000.001", "99999999999999999999999999", "cities"};
	struct suan_err err = {0};
	char text[32];
	uint32_t us;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(suan_latency_parse(good[i].text, &us, &err) == SUAN_OK && us == good[i].us,
		   "%s", good[i].text);
	us = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(suan_latency_parse(bad[i], &us, &err) == SUAN_EINVAL && us == 7, "not \"%s\"",
		   bad[i]);
	is_str(err.text, "expected a latency such as 5ms or 800us, or city (1 ms), region (5 ms) "
			 "or nation (20 ms), found \"cities\"", "says what is right");
	suan_latency_format(3200, text);
	is_str(text, "3.2 ms", "tenths");
	suan_latency_format(5000, text);
	is_str(text, "5 ms", "whole");
}

static void survives_no_memory(void)
{
	struct suan_site_spec sites[2] = {{.name = "a", .lon_udeg = 1}, {.name = "b"}};
	struct suan_link_spec links[1] = {{.from = "a", .to = "b", .latency_us = 4}};
	struct suan_network net = {.sites = sites, .nsites = 2, .links = links, .nlinks = 1};
	struct suan_err err;

	for (unsigned n = 1; oom_next(n); n++) {
		struct suan_arena a;
		enum suan_code rc;
		bool hit;

		suan_arena_init(&a, 0);
		net.nlatency = 0;
		oom_arm(n);
		rc = suan_latency_measure(&net, &a, &err);
		hit = oom_disarm();
		ok(rc == (hit ? SUAN_ENOMEM : SUAN_OK) && net.nlatency == (hit ? 0 : 4),
		   "allocation %u", n);
		suan_arena_done(&a);
	}
}

int main(void)
{
	follows_the_rule();
	goes_over_links();
	reads_bounds();
	survives_no_memory();
	return tap_done();
}
