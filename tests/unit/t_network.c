/* Network files: what is read, what is refused and where, and the way back. */
#include <stdlib.h>

#include "lib/tap.h"
#include "wire/network.h"

struct reading {
	struct suan_arena arena;
	struct suan_network net;
	struct suan_err err;
};

static enum suan_code read_text(struct reading *r, const char *text)
{
	memset(r, 0, sizeof(*r));
	return suan_network_parse(text, strlen(text), "n.yaml", &r->arena, &r->net, &r->err);
}

/* ---- shortest useful form ---- */

static const char shortest[] =
	"network: demo\n"
	"sites:\n"
	"  - name: zhongwei\n"
	"    hub: ningxia\n"
	"    driver: local                    # optional\n"
	"    lon: 105.18\n"
	"    lat: 37.50\n"
	"    pue: 1.15\n"
	"    price: signals/nx-price.csv\n"
	"    carbon: 642.3\n"
	"    pools:\n"
	"      - {name: cpu, nodes: 64, cores: 64, memory: 256GiB, speed: 1.0, idle_watt: 120, "
	"busy_watt: 420}\n"
	"      - {name: gpu, nodes: 16, cores: 96, memory: 1TiB, gpu: a800, gpus: 8, busy_watt: "
	"5200, "
	"price_hour: 40}\n"
	"links:\n"
	"  - {from: beijing, to: zhongwei, gbit: 400, ms: 8.9, price_gib: 0.02}\n";

static void reads(void)
{
	struct reading r;
	const struct suan_site_spec *s;

	is_int(read_text(&r, shortest), SUAN_OK, "the shortest useful form");
	is_str(r.err.text, "", "no error");
	is_str(r.net.name, "demo", "name");
	is_int(r.net.nsites, 1, "sites");
	s = &r.net.sites[0];
	is_str(s->hub, "ningxia", "hub");
	is_str(s->driver, "local", "driver");
	is_str(s->owner, "", "no owner");
	is_int(s->lon_udeg, 105180000, "lon");
	is_int(s->lat_udeg, 37500000, "lat");
	is_int(s->pue_milli, 1150, "pue");
	is_int(s->price_uyuan_kwh, -1, "price by file");
	is_str(s->price_file, "signals/nx-price.csv", "file");
	is_int(s->carbon_mg_kwh, 642300, "carbon");
	is_str(s->carbon_file, "", "no file");
	is_int(s->npools, 2, "pools");
	is_int((int64_t)s->pools[0].memory, INT64_C(256) << 30, "memory");
	is_int(s->pools[0].speed_milli, 1000, "speed");
	is_int(s->pools[0].busy_watt, 420, "watt");
	is_str(s->pools[0].gpu, "", "no gpu");
	is_str(s->pools[1].gpu, "a800", "gpu");
	is_int(s->pools[1].gpus, 8, "gpus");
	is_int(s->pools[1].price_hour_uyuan, 40000000, "price");
	is_int(r.net.nlinks, 1, "links");
	is_int((int64_t)r.net.links[0].mbit_s, 400000, "gbit");
	is_int(r.net.links[0].latency_us, 8900, "ms");
	is_int(r.net.links[0].price_uyuan_gib, 20000, "price");
	suan_arena_done(&r.arena);
}

/* ---- the way back ---- */

static void round_trip(const char *text, size_t n, const char *what)
{
	struct suan_arena arena = {0};
	struct suan_network a, b;
	struct suan_err err = {0};
	struct suan_buf first, second;

	suan_buf_init(&first, 0);
	suan_buf_init(&second, 0);
	ok(suan_network_parse(text, n, what, &arena, &a, &err) == SUAN_OK, "reads %s", what);
	is_str(err.text, "", "no error");
	ok(err.code || suan_network_print(&a, &first, &err) == SUAN_OK, "prints it");
	ok(err.code ||
		   suan_network_parse(first.data, first.len, "again", &arena, &b, &err) == SUAN_OK,
	   "reads that");
	is_str(err.text, "", "no error");
	ok(err.code || suan_network_print(&b, &second, &err) == SUAN_OK, "prints that");
	ok(!err.code && strcmp(first.data, second.data) == 0, "the same");
	ok(!err.code && a.nsites == b.nsites && a.nlinks == b.nlinks && a.nhubs == b.nhubs &&
		   a.ncities == b.ncities,
	   "as many of each");
	suan_buf_done(&first);
	suan_buf_done(&second);
	suan_arena_done(&arena);
}

static void example(const char *name)
{
	const char *source = getenv("SUAN_SOURCE");
	char path[600];
	char *text = malloc(4u << 20);
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/examples/east-west/%s", source ? source : ".", name);
	f = fopen(path, "rb");
	if (f) {
		n = fread(text, 1, 4u << 20, f);
		fclose(f);
	}
	round_trip(text, n, name);
	free(text);
}

static void back(void)
{
	static const char full[] =
		"network: \"x: y\"\n"
		"hubs: [{name: h, zh: \xe5\xae\x81\xe5\xa4\x8f, side: west}, {name: k}]\n"
		"cities: [{name: c, zh: z, hub: h, lon: -0.5, lat: -90, weight: 0.25}]\n"
		"sites:\n"
		"  - {name: 'yes', zh: '12', hub: h, owner: o, lon: 180, pue: 1.5, price: 0.3731,\n"
		"     carbon: 'a b.csv', racks: 12, cache: 10TiB, pools: [{name: p, nodes: 1, "
		"cores: 1, memory: 1000,\n"
		"     speed: 0.5, gpus: 2, idle_watt: 1, busy_watt: 2, price_hour: 0.025, "
		"delegated: true}, {name: q, nodes: 1, cores: 1, delegated: false, "
		"gpu_idle_watt: 50,\n     gpu_busy_watt: 400, embodied_kg: 1500.5, "
		"life_years: 4}]}\n"
		"  - {name: t1, driver: slurm, driver_conf: /etc/slurm.conf, carbon_market: 0, "
		"renewable: 0.63,\n     temperature: -3.5, pue: [{temperature: -5, pue: 1.12}, "
		"{temperature: 20, pue: 1.18}],\n     price: {zone: '+08:00', tariff: [{hours: "
		"'10:00-12:00,22-6', months: 7-8, days: mon-fri,\n     price: 0.98, name: peak}, "
		"{price: -0.1}]}}\n"
		"  - {name: t2, carbon_market: m.csv, renewable: r.csv, temperature: t.csv,\n"
		"     forecast: {price: 'p 1.csv', carbon: f.csv}}\n"
		"  - {name: s2}\n"
		"links: [{from: c, to: s2, gbit: 0.5}, {from: s2, to: c, gbit: 1, ms: 1.234,\n"
		"     price_gib: 0.5, joule_gib: 1800}]\n";

	round_trip(shortest, strlen(shortest), "the shortest form");
	round_trip(full, strlen(full), "every key");
	example("network.yaml");
	example("local.yaml");
}

static void unprintable(void)
{
	struct reading r;
	struct suan_buf tiny;

	suan_buf_init(&tiny, 10);
	is_int(read_text(&r, shortest), SUAN_OK, "read");
	is_int(suan_network_print(&r.net, &tiny, &r.err), SUAN_ETOOBIG, "no room to print");
	suan_buf_done(&tiny);
	suan_arena_done(&r.arena);
}

/* ---- errors ---- */

#define S "sites: [{name: a}, {name: b}]\n"

static const struct {
	const char *text, *error;
} bad[] = {
	{"", "n.yaml: line 1: expected a map, found nothing"},
	{"network: x\n", "n.yaml:1: expected a key \"sites\", found none"},
	{"sites: []\n", "n.yaml:1: sites: expected at least one site, found none"},
	{"sites: 5\n", "n.yaml:1: sites: expected an array, found 5"},
	{"sites: [5]\n", "n.yaml:1: sites/0: expected an object, found 5"},
	{"network: x\nsites:\n  - hub: h\n",
	 "n.yaml:3: sites/0: expected a key \"name\", found none"},
	{"sites:\n  - name: a\n    pols: []\n",
	 "n.yaml:3: sites/0/pols: unknown key; did you mean \"pools\"?"},
	{S "something: 1\n",
	 "n.yaml:2: something: unknown key; known: network, hubs, cities, sites, links"},
	{S S, "n.yaml:2: sites: given twice"},
	{"sites:\n  - name: a\n    hub: h\n    hub: i\n", "n.yaml:4: sites/0/hub: given twice"},
	{"sites:\n  - name: a\n    price: {exchange: 7}\n",
	 "n.yaml:3: sites/0/price: found neither a file nor a tariff with rules, want one"},
	{"sites:\n  - name: a\n    price: {file: x.csv, tariff: [{price: 1}]}\n",
	 "n.yaml:3: sites/0/price: found both a file and a tariff, want one"},
	{"sites:\n  - name: a\n    price: {tariff: [{price: 1, hours: 8-22}]}\n",
	 "n.yaml:3: sites/0/price: no rule says what 00:00 on a mon in jan costs; a last rule "
	 "without hours is for the rest"},
	{"sites:\n  - name: a\n    price: {tariff: [{price: 1, name: a|b}]}\n",
	 "n.yaml:3: sites/0/price: rule 1: found \"a|b\", want no ; and no |"},
	{"sites:\n  - name: a\n    pue: [{temperature: 1, pue: 1.2}, {temperature: 1, pue: 1.3}]\n",
	 "n.yaml:3: sites/0/pue: found temperatures that do not go up"},
	{"sites:\n  - name: a\n    renewable: 1.5\n",
	 "n.yaml:3: sites/0/renewable: expected a number from 0 to 1 or the name of a CSV file, "
	 "found 1.5"},
	{"sites:\n  - name: a\n  - name: a\n",
	 "n.yaml:3: sites/1/name: \"a\" is there already; expected another name"},
	{"sites:\n  - name: a b\n",
	 "n.yaml:2: sites/0/name: expected a name of 1 to 64 bytes without blanks, commas, colons, "
	 "slashes and quotes, found \"a b\""},
	{"sites:\n  - name: ''\n",
	 "n.yaml:2: sites/0/name: expected a name of 1 to 64 bytes without blanks, commas, colons, "
	 "slashes and quotes, found \"\""},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1, cores: 1}\n"
	 "      - {name: p, nodes: 1, cores: 1}\n",
	 "n.yaml:5: sites/0/pools/1/name: \"p\" is there already; expected another name"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1, cores: 1, delegated: 1}\n",
	 "n.yaml:4: sites/0/pools/0/delegated: expected true or false, found 1"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1}\n",
	 "n.yaml:4: sites/0/pools/0: expected a key \"cores\", found none"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 0, cores: 1}\n",
	 "n.yaml:4: sites/0/pools/0/nodes: expected a whole number from 1 to 10000000, found 0"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: -5, cores: 1}\n",
	 "n.yaml:4: sites/0/pools/0/nodes: expected a whole number from 1 to 10000000, found -5"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 99999999999999999999, cores: "
	 "1}\n",
	 "n.yaml:4: sites/0/pools/0/nodes: expected a whole number from 1 to 10000000, found "
	 "99999999999999999999"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1, cores: 1, gpu: x}\n",
	 "n.yaml:4: sites/0/pools/0/gpu: names a kind but gpus is 0; expected gpus of at least 1"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1, cores: 1, memory: 9e30}\n",
	 "n.yaml:4: sites/0/pools/0/memory: expected a smaller number, found 9e30"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1, cores: 1, memory: 2EiB}\n",
	 "n.yaml:4: sites/0/pools/0/memory: expected bytes from 0 to 1125899906842624, found "
	 "\"2EiB\""},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1, cores: 1, memory: "
	 "x}\n",
	 NULL},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1, cores: 1, memory: [1]}\n",
	 "n.yaml:4: sites/0/pools/0/memory: expected a size such as \"2GiB\", found an array"},
	{"sites:\n  - name: a\n    pools:\n      - {name: p, nodes: 1, cores: 1, speed: 0}\n",
	 "n.yaml:4: sites/0/pools/0/speed: expected a number from 0.001 to 1000, found 0"},
	{"sites:\n  - name: a\n    price: {file: f.csv, currency: EUR}\n",
	 "n.yaml:3: sites/0/price: found prices in EUR without exchange, want how many yuan one "
	 "EUR is, such as exchange: 7.1"},
	{"sites:\n  - name: a\n    forecast: {prize: f.csv}\n",
	 "n.yaml:3: sites/0/forecast/prize: unknown key; did you mean \"price\"?"},
	{"sites:\n  - name: a\n    forecast: f.csv\n",
	 "n.yaml:3: sites/0/forecast: expected an object, found \"f.csv\""},
	{"sites:\n  - name: a\n    pue: 0.9\n",
	 "n.yaml:3: sites/0/pue: expected a number from 1 to 10 or a list of "
	 "{temperature, pue}, found 0.9"},
	{"sites:\n  - name: a\n    pue: low\n",
	 "n.yaml:3: sites/0/pue: expected a number from 1 to 10 or a list of "
	 "{temperature, pue}, found \"low\""},
	{"sites:\n  - name: a\n    pue: 1e40\n",
	 "n.yaml:3: sites/0/pue: expected a smaller number, found 1e40"},
	{"sites:\n  - name: a\n    lon: 181\n",
	 "n.yaml:3: sites/0/lon: expected a number from -180 to 180, found 181"},
	{"sites:\n  - name: a\n    price: -1\n",
	 "n.yaml:3: sites/0/price: expected a number from 0 to 1000 or the name of a CSV file, "
	 "found "
	 "-1"},
	{"sites:\n  - name: a\n    price: ''\n", "n.yaml:3: sites/0/price: expected a number from "
						 "0 to 1000 or the name of a CSV file, found "
						 "\"\""},
	{"sites:\n  - name: a\n    carbon: [1]\n",
	 "n.yaml:3: sites/0/carbon: expected a number from 0 to 1000000 or the name of a CSV file, "
	 "found an array"},
	{"sites:\n  - name: a\n    carbon: 1e60\n",
	 "n.yaml:3: sites/0/carbon: expected a smaller number, found 1e60"},
	{"hubs: [{name: east}]\nsites:\n  - name: a\n    hub: eest\n",
	 "n.yaml:4: sites/0/hub: found \"eest\", which is no hub; did you mean \"east\"?"},
	{"hubs:\n  - name: h\n  - name: h\n" S,
	 "n.yaml:3: hubs/1/name: \"h\" is there already; expected another name"},
	{"hubs:\n  - name: h\n    side: left\n" S,
	 "n.yaml:3: hubs/0/side: expected east, west or both, found \"left\""},
	{"hubs: 1\n" S, "n.yaml:1: hubs: expected an array, found 1"},
	{"cities: 1\n" S, "n.yaml:1: cities: expected an array, found 1"},
	{"cities:\n  - {name: c}\n  - {name: c}\n" S,
	 "n.yaml:3: cities/1/name: \"c\" is there already; expected another name"},
	{"hubs: [{name: east}]\ncities:\n  - {name: c, hub: eas}\n" S,
	 "n.yaml:3: cities/0/hub: found \"eas\", which is no hub; did you mean \"east\"?"},
	{S "links: 5\n", "n.yaml:2: links: expected an array, found 5"},
	{S "links:\n  - {from: a, to: b}\n",
	 "n.yaml:3: links/0: expected a key \"gbit\", found none"},
	{S "links:\n  - {from: a, to: b, gbit: 0}\n",
	 "n.yaml:3: links/0/gbit: expected a number from 0.001 to 1000000, found 0"},
	{S "links:\n  - {from: a, to: a, gbit: 1}\n",
	 "n.yaml:3: links/0/to: expected another place than \"a\", where the link begins"},
	{S "links:\n  - {from: a, to: b, gbit: 1}\n  - {from: a, to: b, gbit: 2}\n",
	 "n.yaml:4: links/1: a link from \"a\" to \"b\" is there already"},
	{S "links:\n  - {from: x, to: y, gbit: 1}\n",
	 "n.yaml:3: links/0/from: expected the name of a site or city, found \"x\""},
	{"sites: [{name: alpha}]\nlinks:\n  - {from: xxxxx, to: yyyyy, gbit: 1}\n",
	 "n.yaml:3: links/0/from: expected the name of a site or city, found \"xxxxx\""},
	{"sites: [{name: alpha}]\nlinks:\n  - {from: alpha, to: 'y y', gbit: 1}\n",
	 "n.yaml:3: links/0/to: expected the name of a site or city, found \"y y\""},
	{"cities: [{name: metro}]\n" S "links:\n  - {from: a, to: metr, gbit: 1}\n",
	 "n.yaml:4: links/0/to: no site or city \"metr\"; did you mean \"metro\"?"},
	{"cities: [{name: metro}]\n" S "links:\n  - {from: elsewhere, to: a, gbit: 1}\n",
	 "n.yaml:4: links/0/from: expected the name of a site or city, found \"elsewhere\""},
	{"sites: &x\n  - name: a\n    pools: *x\n",
	 "n.yaml: line 3: alias cycle: the anchor lies around its own alias"},
	{"sites:\n  - name: \xff\n", "n.yaml: line 2: expected UTF-8, found other bytes"},
	{"sites:\n  - name: a\n    lon: {}\n",
	 "n.yaml:3: sites/0/lon: expected a number from -180 to 180, found an object"},
};

static void refuses(void)
{
	struct reading r;
	char *big;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(read_text(&r, bad[i].text), SUAN_EINVAL, "refuses");
		is_int(r.err.code, SUAN_EINVAL, "code");
		if (bad[i].error)
			is_str(r.err.text, bad[i].error, "and says why");
		else
			ok(strncmp(r.err.text, "n.yaml:", 7) == 0, "and says where: %s",
			   r.err.text);
		ok(!r.net.sites, "nothing is returned");
		suan_arena_done(&r.arena);
	}
	big = calloc(1, (16u << 20) + 2);
	memset(big, ' ', (16u << 20) + 1);
	is_int(read_text(&r, big), SUAN_ETOOBIG, "16 MiB + 1");
	is_str(r.err.text, "n.yaml: a network file may have 16777216 bytes, found 16777217",
	       "says so");
	free(big);
}

static void memory(void)
{
	enum suan_code rc = SUAN_ENOMEM;
	bool named = true;

	for (size_t limit = 16; rc == SUAN_ENOMEM; limit += 64) {
		struct suan_arena arena;
		struct suan_network net;
		struct suan_err err = {0};

		suan_arena_init(&arena, limit);
		rc = suan_network_parse(shortest, strlen(shortest), "n", &arena, &net, &err);
		named = named && (rc == SUAN_OK || err.code == SUAN_ENOMEM);
		suan_arena_done(&arena);
	}
	ok(rc == SUAN_OK && named, "failures to allocate are reported");
}

int main(void)
{
	reads();
	back();
	unprintable();
	refuses();
	memory();
	return tap_done();
}
