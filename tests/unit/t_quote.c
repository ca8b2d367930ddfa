/* Quotes: what a job would get and cost, what waiting is worth, places that are held. */
#include "lib/engine_kit.h"

#define HOUR INT64_C(3600000)

/* Two sites of one node of 4 cores that draws 1 kW at work: a at 1 yuan/kWh always, b dearer. */
static void two_sites(struct kit *k)
{
	struct suan_site_spec *s;
	struct suan_pool_spec *p;

	kit_init(k);
	k->now = 400 * 24 * HOUR;
	s = kit_site(k, "a", "east");
	s->price_uyuan_kwh = 1000000;
	s->carbon_mg_kwh = 500000;
	p = kit_pool(s, "p", 1, 4);
	p->busy_watt = 1000;
	s = kit_site(k, "b", "west");
	s->price_uyuan_kwh = 2000000;
	s->carbon_mg_kwh = 100000;
	p = kit_pool(s, "p", 1, 4);
	p->busy_watt = 1000;
	kit_network(k);
	kit_pass(k);
}

static void tell_price(struct kit *k, const char *site, const int64_t *hourly, uint32_t n)
{
	struct suan_signal_step steps[32];
	struct suan_signal_spec s = {.site = site, .kind = SUAN_SIGNAL_PRICE, .steps = steps,
				     .nsteps = n, .until_ms = k->now + n * HOUR,
				     .issued_ms = k->now};
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .u.signal = &s};

	for (uint32_t i = 0; i < n; i++)
		steps[i] = (struct suan_signal_step){k->now + i * HOUR, hourly[i]};
	ok(kit_step(k, &ev) == SUAN_OK, "prices of %s: %s", site, k->err.text);
}

static uint32_t waits(const struct kit *k, const struct suan_job_spec *s,
		      const struct suan_offer *chosen, enum suan_quote_by by,
		      struct suan_waiting_offer *ret)
{
	return suan_engine_waits(k->e, s, chosen, &(struct suan_waiting_ask){k->now, by}, ret);
}

static void t_offers(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 2, 2 * HOUR);
	struct suan_offer o[2];

	two_sites(&k);
	s.estimate_ms = HOUR;
	is_int(suan_engine_offers(k.e, &s, k.now, o, 2), 2, "a place each");
	ok(o[0].pool == 0 && o[0].reason == SUAN_R_CHOSEN && o[0].start_ms == k.now &&
	   o[0].end_ms == k.now + HOUR && o[0].p50_ms == k.now && o[0].p90_ms == k.now &&
	   o[0].data_ms == 0, "now, for an hour");
	ok(o[0].energy_j == 1800000 && o[0].cost_uyuan == 500000 && o[0].carbon_mg == 250000 &&
	   o[0].market_mg == -1, "half a node for an hour");
	ok(o[1].cost_uyuan == 1000000 && o[1].carbon_mg == 50000 &&
	   o[1].reason == SUAN_R_COSTLIER, "and the other place");
	s.array = &(struct suan_range){.nruns = 1, .count = 10, .runs = {{0, 9, 1}}};
	suan_engine_offers(k.e, &s, k.now, o, 2);
	is_int(o[0].energy_j, 18000000, "of all elements");
	is_int(suan_engine_offers(k.e, &s, k.now, o, 1), 2, "there are more than asked for");
	s.array = NULL;
	s.req.cores = 8;
	suan_engine_offers(k.e, &s, k.now, o, 2);
	ok(o[0].start_ms == SUAN_FOREVER && o[0].energy_j == -1 && o[0].end_ms == 0, "nowhere");
	is_int(suan_engine_walltime(k.e, &s), 2 * HOUR, "its walltime");
	kit_done(&k);
}

static void t_begin_and_busy(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 4, HOUR);
	struct suan_offer o[2];

	two_sites(&k);
	kit_submit(&k, &s);
	kit_submit(&k, &s);
	kit_pass(&k);
	suan_engine_offers(k.e, &s, k.now, o, 2);
	ok(o[0].start_ms == k.now + HOUR && o[0].p50_ms <= o[0].p90_ms && o[0].p50_ms >= k.now,
	   "behind what runs, with its forecast");
	s.begin_ms = k.now + 5 * HOUR;
	suan_engine_offers(k.e, &s, k.now, o, 2);
	ok(o[0].start_ms == s.begin_ms && o[0].p50_ms >= s.begin_ms, "not before it may");
	kit_done(&k);
}

static void t_waiting(void)
{
	/* dear for two hours, then cheap in the fourth, and cheaper in the twentieth */
	static const int64_t prices[24] = {
		1000000, 1000000, 1000000, 1000000, 800000, 900000, 900000, 900000,
		900000,	 900000,  900000,  900000,  900000, 900000, 900000, 900000,
		900000,	 900000,  900000,  900000,  500000, 900000, 900000, 900000};
	struct kit k;
	struct suan_job_spec s = kit_job(1, 4, HOUR);
	struct suan_waiting_offer w[SUAN_QUOTE_WAITS];
	struct suan_offer o[2];

	two_sites(&k);
	tell_price(&k, "a", prices, 24);
	suan_engine_offers(k.e, &s, k.now, o, 2);
	is_int(waits(&k, &s, &o[0], SUAN_BY_COST, w), 5, "five rows");
	ok(w[0].wait_ms == HOUR && w[0].best.start_ms == k.now && w[0].best.cost_uyuan == 1000000,
	   "an hour is worth nothing");
	ok(w[1].wait_ms == 3 * HOUR && w[1].best.cost_uyuan == 1000000, "nor three");
	ok(w[2].wait_ms == 6 * HOUR && w[2].best.cost_uyuan == 800000 &&
	   w[2].best.start_ms == k.now + 4 * HOUR && w[2].best.end_ms == k.now + 5 * HOUR,
	   "six are");
	ok(w[3].best.start_ms == k.now + 4 * HOUR && w[4].best.start_ms == k.now + 20 * HOUR &&
	   w[4].best.cost_uyuan == 500000, "and a day is more");
	waits(&k, &s, &o[0], SUAN_BY_CARBON, w);
	ok(w[0].best.pool == 1 && w[0].best.carbon_mg == 100000 && w[0].best.start_ms == k.now,
	   "by carbon the other place is best at once");
	s.deadline_ms = k.now + 5 * HOUR + HOUR / 2;
	is_int(waits(&k, &s, &o[0], SUAN_BY_COST, w), 2,
	       "no row that ends past its deadline");
	s.deadline_ms = k.now + HOUR;
	is_int(waits(&k, &s, &o[0], SUAN_BY_COST, w), 0, "no time to wait");
	o[0].start_ms = SUAN_FOREVER;
	is_int(waits(&k, &s, &o[0], SUAN_BY_COST, w), 0, "nor a start to wait after");
	kit_done(&k);
}

/* What is taken later is not to be had later. */
static void t_waiting_in_a_queue(void)
{
	static const int64_t prices[6] = {1000000, 1000000, 400000, 400000, 400000, 900000};
	struct kit k;
	struct suan_job_spec s = kit_job(1, 4, HOUR), block = kit_job(1, 4, 4 * HOUR);
	struct suan_waiting_offer w[SUAN_QUOTE_WAITS];
	struct suan_offer o[2];

	two_sites(&k);
	tell_price(&k, "a", prices, 6);
	kit_submit(&k, &block);
	kit_pass(&k);
	suan_engine_offers(k.e, &s, k.now, o, 2);
	ok(o[0].pool == 1 && o[0].start_ms == k.now, "at once at the dear place");
	waits(&k, &s, &o[0], SUAN_BY_COST, w);
	ok(w[1].best.pool == 1, "the cheap one is taken for four hours");
	ok(w[2].best.pool == 0 && w[2].best.start_ms == k.now + 4 * HOUR &&
	   w[2].best.cost_uyuan == 400000, "then it is worth it");
	kit_done(&k);
}

/* Free in sum, but not on one node: no start now, here as among the offers. */
static void t_waiting_for_nodes(void)
{
	struct kit k;
	struct suan_job_spec half = kit_job(1, 3, 2 * HOUR), s = kit_job(1, 4, HOUR);
	struct suan_waiting_offer w[SUAN_QUOTE_WAITS];
	struct suan_offer o[2];
	struct suan_site_spec *a, *b;

	kit_init(&k);
	k.now = 400 * 24 * HOUR;
	a = kit_site(&k, "a", "east");
	a->price_uyuan_kwh = 1000000;
	kit_pool(a, "p", 2, 6)->busy_watt = 1000;
	b = kit_site(&k, "b", "west");
	b->price_uyuan_kwh = 2000000;
	kit_pool(b, "p", 1, 6)->busy_watt = 1000;
	kit_network(&k);
	half.site = (struct suan_names){(const char *[]){"a"}, 1};
	half.req.tasks = half.req.nodes = 2;
	kit_submit(&k, &half);
	kit_pass(&k);
	k.now += 1000;	/* a question comes later than the last event */
	suan_engine_offers(k.e, &s, k.now, o, 2);
	ok(o[0].pool == 1 && o[1].start_ms == k.now + 2 * HOUR - 1000,
	   "not on either node");
	waits(&k, &s, &o[0], SUAN_BY_COST, w);
	ok(w[0].best.pool == 1 && w[1].best.pool == 0 &&
	   w[1].best.start_ms == k.now + 2 * HOUR - 1000,
	   "and waiting says the same");
	kit_done(&k);
}

static uint32_t hold(struct kit *k, int64_t hold_ms, bool single)
{
	struct suan_reserve r = {.name = "", .owner = "u", .site = "a", .pool = "p", .gpu = "",
				 .req = {.tasks = 1, .cores = 1}, .single = single,
				 .to_ms = k->now + hold_ms + HOUR, .until_ms = k->now + hold_ms};
	struct suan_event ev = {.type = SUAN_EV_RESERVE, .u.reserve = &r};

	return kit_step(k, &ev) == SUAN_OK ? k->fx.reservation : 0;
}

static int64_t wake(struct kit *k)
{
	const struct suan_effect *x;

	kit_pass(k);
	x = kit_effect(k, SUAN_FX_WAKE, 0);
	return x ? x->at_ms : SUAN_FOREVER;
}

static void t_holds(void)
{
	struct kit k;
	struct suan_job_spec s = kit_job(1, 1, HOUR);
	struct suan_reservation_view v;
	struct suan_engine *next = NULL;
	struct suan_buf b;

	two_sites(&k);
	is_int(hold(&k, 600000, false), 0, "only for one job");
	is_int(hold(&k, 600000, true), 1, "held");
	ok(suan_engine_reservation(k.e, 1, &v) && v.until_ms == k.now + 600000 && v.single,
	   "for ten minutes");
	is_int(wake(&k), k.now + 600000, "a pass then");
	suan_buf_init(&b, 0);
	ok(suan_engine_save(k.e, &b, NULL) == SUAN_OK &&
	   suan_engine_load(&next, b.data, b.len, NULL) == SUAN_OK &&
	   suan_engine_hash(next) == suan_engine_hash(k.e), "kept in a snapshot");
	suan_engine_free(k.e);
	k.e = next;
	k.now += 599999;
	kit_pass(&k);
	ok(suan_engine_reservation(k.e, 1, &v), "not before");
	k.now++;
	kit_pass(&k);
	ok(!suan_engine_reservation(k.e, 1, &v), "then it is free again");
	is_int(hold(&k, 600000, true), 2, "another");
	s.reservation = "2";
	k.now += 500000;
	ok(kit_submit(&k, &s) == 1, "accepted");
	ok(suan_engine_reservation(k.e, 2, &v) && v.until_ms == 0 && v.job == 1,
	   "its job is there");
	kit_pass(&k);
	is_int(kit_effect(&k, SUAN_FX_START, 0)->pool, 0, "and runs there");
	k.now += 200000;
	kit_pass(&k);
	ok(suan_engine_reservation(k.e, 2, &v) && kit_state(&k, 1, 0) == SUAN_STAGING,
	   "the hold means nothing any more");
	ok(!kit_submit(&k, &s), "it is for one job");
	ok(kit_good(&k), "invariants");
	suan_buf_done(&b);
	kit_done(&k);
}

int main(void)
{
	t_offers();
	t_begin_and_busy();
	t_waiting();
	t_waiting_in_a_queue();
	t_waiting_for_nodes();
	t_holds();
	return tap_done();
}
