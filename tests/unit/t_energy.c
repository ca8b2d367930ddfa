/* What a run draws, costs and emits, by hand. */
#include "engine/energy.h"

#include "lib/engine_kit.h"

#define HOUR INT64_C(3600000)

static struct suan_pool_spec pool_of(uint32_t cores, uint32_t gpus)
{
	return (struct suan_pool_spec){.name = "p", .nodes = 4, .cores = cores, .gpus = gpus,
				       .gpu = "", .idle_watt = 200, .busy_watt = 1000};
}

static struct suan_site_spec site_of(int64_t price, int64_t carbon)
{
	return (struct suan_site_spec){.name = "a", .pue_milli = 1000, .price_uyuan_kwh = price,
				       .carbon_mg_kwh = carbon};
}

static struct suan_signals *signals_of(const struct suan_site_spec *s)
{
	struct suan_signals *g = suan_signals_new(NULL, &s, 1);

	if (!g)
		abort();
	return g;
}

/* The oracle: 1.5 kWh at 400 g make 600 g. */
static void t_oracle(void)
{
	struct suan_pool_spec pool = pool_of(8, 0);
	struct suan_site_spec site = site_of(600000, 400000);
	struct suan_signals *g = signals_of(&site);
	struct suan_energy_at at = {g, 0, &site, &pool};
	struct suan_req req = {.tasks = 2, .cores = 3}; /* 3/4 of a node */
	struct suan_footprint f;

	suan_energy_of(&at, &req, 0, 2 * HOUR, &f);
	tap_int(f.energy_j, 5400000, __FILE__, __LINE__, "0.75 kW over 2 h are 1.5 kWh");
	tap_int(f.carbon_mg, 600000, __FILE__, __LINE__, "which make 600 g");
	tap_int(f.cost_uyuan, 900000, __FILE__, __LINE__, "and cost 0.9 yuan");
	ok(f.market_mg == SUAN_NOT_KNOWN, "of contracts nothing is known");
	site.carbon_market_mg_kwh = SUAN_CARBON_ZERO;
	suan_signals_free(g);
	at.signals = g = signals_of(&site);
	suan_energy_of(&at, &req, 0, 2 * HOUR, &f);
	ok(f.market_mg == 0 && f.carbon_mg == 600000, "green contracts are another figure");
	site.pue_milli = 1250;
	pool.price_hour_uyuan = 4000000;
	suan_energy_of(&at, &req, 0, 2 * HOUR, &f);
	ok(f.energy_j == 6750000 && f.carbon_mg == 750000 && f.cost_uyuan == 1125000 + 6000000,
	   "PUE comes on top, and the rent of 3/4 of a node");
	suan_energy_of(&at, &req, HOUR, HOUR, &f);
	ok(f.energy_j == 0 && f.cost_uyuan == 0, "no time, nothing");
	suan_signals_free(g);
}

static void t_shares(void)
{
	struct suan_pool_spec pool = pool_of(64, 8);
	struct suan_site_spec site = site_of(0, 0);
	struct suan_signals *g = signals_of(&site);
	struct suan_energy_at at = {g, 0, &site, &pool};
	struct suan_req req = {.tasks = 1, .cores = 4, .gpus = 4}; /* 1/16 of cores, half of gpus */
	struct suan_footprint f;

	suan_energy_of(&at, &req, 0, HOUR, &f);
	ok(f.energy_j == 1800000 && f.cost_uyuan == SUAN_NOT_KNOWN &&
		   f.carbon_mg == SUAN_NOT_KNOWN,
	   "accelerators, where they are more of the node");
	req.cores = 48;
	suan_energy_of(&at, &req, 0, HOUR, &f);
	ok(f.energy_j == 2700000, "or cores");
	pool.gpu_busy_watt = 300;
	suan_energy_of(&at, &req, 0, HOUR, &f);
	ok(f.energy_j == 2700000 + 4 * 300 * 3600, "and the watts of each accelerator");
	req = (struct suan_req){.tasks = 3, .cores = 32, .exclusive = true};
	pool.gpu_busy_watt = 0;
	suan_energy_of(&at, &req, 0, HOUR, &f);
	ok(f.energy_j == 2 * 3600000, "exclusive: all of the nodes that three halves need");
	req.nodes = 3;
	suan_energy_of(&at, &req, 0, HOUR, &f);
	ok(f.energy_j == 3 * 3600000, "or as many as it wants");
	pool.busy_watt = 0;
	suan_energy_of(&at, &req, 0, HOUR, &f);
	ok(f.energy_j == SUAN_NOT_KNOWN, "without watts nothing is known");
	suan_signals_free(g);
}

static void put(struct suan_signals *g, enum suan_signal_kind kind,
		const struct suan_signal_step *steps, uint32_t n)
{
	struct suan_signal_spec s = {.site = "a", .kind = kind, .steps = steps, .nsteps = n,
				     .until_ms = steps[n - 1].at_ms + HOUR};

	if (suan_signals_check(&s, 0, NULL) != SUAN_OK || suan_signals_put(g, 0, &s, 0) != SUAN_OK)
		abort();
}

static void t_pue(void)
{
	struct suan_pue_point curve[] = {{5000, 1120}, {20000, 1180}, {35000, 1350}};
	const struct suan_signal_step warm[] = {{0, 5000}, {HOUR, 20000}, {2 * HOUR, 40000}};
	const struct suan_signal_step price[] = {{0, 100000}, {HOUR + HOUR / 2, 300000}};
	struct suan_site_spec site = {.name = "a", .pue_milli = 1180, .pue = curve, .npue = 3};
	struct suan_pool_spec pool = pool_of(8, 0);
	struct suan_signals *g = signals_of(&site);
	struct suan_energy_at at = {g, 0, &site, &pool};
	struct suan_req node = {.tasks = 1, .cores = 8};
	struct suan_footprint f;

	ok(suan_energy_pue(&site, -9000) == 1120 && suan_energy_pue(&site, 5000) == 1120 &&
		   suan_energy_pue(&site, 12500) == 1150 && suan_energy_pue(&site, 20001) == 1180 &&
		   suan_energy_pue(&site, 27500) == 1265 && suan_energy_pue(&site, 99000) == 1350,
	   "PUE between the points of its curve, and beyond them");
	suan_energy_of(&at, &node, 0, 3 * HOUR, &f);
	ok(f.energy_j == 3 * 3600 * 1180, "without a temperature that of the site");
	put(g, SUAN_SIGNAL_TEMPERATURE, warm, 3);
	put(g, SUAN_SIGNAL_PRICE, price, 2);
	suan_energy_of(&at, &node, 0, 3 * HOUR, &f);
	ok(f.energy_j == 3600 * (1120 + 1180 + 1350), "hour by hour");
	tap_int(f.cost_uyuan, (1120 * 200 + 1180 * 100 + 1180 * 300 + 1350 * 600) / 2 * 1000 / 1000,
		__FILE__, __LINE__, "times the price of each moment");
	suan_signals_free(g);
}

/* What is compared by the curve of a site is what runs there cost, whenever. */
static void t_curve(void)
{
	static const enum suan_signal_kind kinds[] = {SUAN_SIGNAL_PRICE, SUAN_SIGNAL_CARBON,
						      SUAN_SIGNAL_CARBON_MARKET};
	struct suan_pue_point points[] = {{5000, 1120}, {20000, 1180}, {35000, 1350}};
	const struct suan_signal_step warm[] = {{0, 5000}, {HOUR, 20000}, {5 * HOUR, 40000}};
	const struct suan_signal_step price[] = {{HOUR / 2, 700000}, {3 * HOUR, -300000}};
	struct suan_site_spec site = {.name = "a", .pue_milli = 1180, .pue = points, .npue = 3,
				      .carbon_mg_kwh = 400000, .price_uyuan_kwh = 600000};
	struct suan_pool_spec pool = pool_of(8, 4);
	struct suan_signals *g = signals_of(&site);
	struct suan_energy_at at = {g, 0, &site, &pool};
	uint32_t n = 0;
	int wrong = 0;

	pool.price_hour_uyuan = 123457;
	put(g, SUAN_SIGNAL_TEMPERATURE, warm, 3);
	put(g, SUAN_SIGNAL_PRICE, price, 2);
	put(g, SUAN_SIGNAL_CARBON_MARKET, price, 1);
	for (int k = 0; k < 3; k++) {
		const int64_t span[2] = {-HOUR, 40 * HOUR};
		struct suan_energy_curve c;

		if (suan_energy_curve(&at, span, kinds[k], &c) != SUAN_OK)
			abort();
		for (int64_t from = -HOUR; from < 30 * HOUR; from += 997001, n++) {
			struct suan_req req = {.tasks = 3, .cores = 1 + n % 5, .gpus = n % 2,
					       .exclusive = n % 7 == 0};
			struct suan_energy_run run = {&pool, &req, from, from + n % 9 * 3333333};
			struct suan_energy_use use = {0};
			struct suan_footprint f, x;

			suan_energy_add_on(&c, &run, &use);
			suan_energy_busy(&at, &use, &f);
			suan_energy_of(&at, &req, run.from_ms, run.to_ms, &x);
			wrong += k == 0 && f.cost_uyuan != x.cost_uyuan;
			wrong += k == 1 && f.carbon_mg != x.carbon_mg;
			wrong += k == 2 && f.market_mg != x.market_mg;
		}
		suan_series_done(&c.rate);
	}
	tap_int(wrong, 0, __FILE__, __LINE__, "on a curve and one by one");
	suan_signals_free(g);
}

static void t_sums(void)
{
	struct suan_pool_spec pool = pool_of(3, 0);
	struct suan_site_spec site = site_of(500000, 570000);
	struct suan_signals *g = signals_of(&site);
	struct suan_energy_at at = {g, 0, &site, &pool};
	struct suan_req req = {.tasks = 1, .cores = 1};
	struct suan_energy_use use = {0}, idle = {0};
	struct suan_footprint f, alone;

	for (int i = 0; i < 3; i++)
		suan_energy_add(&at, &req, i, i + 5, &use);
	suan_energy_busy(&at, &use, &f);
	suan_energy_of(&at, &req, 0, 5, &alone);
	ok(f.energy_j == 5 && alone.energy_j == 2, "sums are rounded once");
	suan_energy_add_nodes(&at, 4, 0, 15, &idle);
	suan_energy_idle(&at, &idle, &f);
	ok(f.energy_j == 4 * 15 * 200 / 1000 && idle.node.ms == 4 * 15 * 3, "idle nodes");
	suan_signals_free(g);
}

static void t_measured(void)
{
	struct suan_pool_spec pool = pool_of(8, 0);
	struct suan_site_spec site = site_of(600000, 400000);
	struct suan_signals *g = signals_of(&site);
	struct suan_energy_at at = {g, 0, &site, &pool};
	struct suan_req req = {.tasks = 1, .cores = 8};
	struct suan_footprint f;

	site.pue_milli = 1500;
	suan_energy_measured(&at, &req, &(struct suan_metered){0, 2 * HOUR, 3600000}, &f);
	ok(f.energy_j == 5400000 && f.carbon_mg == 600000 && f.cost_uyuan == 900000,
	   "1 kWh at the meter, PUE 1.5");
	pool.price_hour_uyuan = 1000000;
	suan_energy_measured(&at, &req, &(struct suan_metered){0, 2 * HOUR, 3600000}, &f);
	ok(f.cost_uyuan == 2900000, "and rent");
	suan_energy_measured(&at, &req, &(struct suan_metered){5, 5, 1}, &f);
	ok(f.energy_j == SUAN_NOT_KNOWN, "of no time nothing is known");
	suan_signals_free(g);
}

static void t_embodied(void)
{
	struct suan_pool_spec pool = pool_of(10, 0);
	struct suan_req req = {.tasks = 1, .cores = 5};

	ok(suan_energy_embodied_mg(&pool, &req, 0, HOUR) == SUAN_NOT_KNOWN, "unless it is said");
	pool.embodied_g = 1200000; /* 1.2 t over 4 years */
	pool.life_hours = 4 * 8760;
	tap_int(suan_energy_embodied_mg(&pool, &req, 0, 24 * HOUR), 410959, __FILE__, __LINE__,
		"half a node for a day of four years");
}

int main(void)
{
	t_oracle();
	t_shares();
	t_pue();
	t_curve();
	t_sums();
	t_measured();
	t_embodied();
	return tap_done();
}
