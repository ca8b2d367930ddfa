/* How long a quote takes: one job over 100 sites with a price and a carbon intensity for each of
 * 168 hours, in a full network with a queue. A quote is the offers and what waiting is worth. Prints
 * "NAME MS" for the median and the 99th percentile, and of the processor's time the latter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/engine.h"

#define SITES  100u
#define HOURS  168u
#define QUOTES 1000u
#define QUEUE  20000u
#define HOUR   INT64_C(3600000)

static double now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct suan_effects fx;

static void step(struct suan_engine *e, struct suan_event *ev)
{
	struct suan_err err = {0};

	ev->seq = suan_engine_seq(e) + 1;
	if (suan_engine_step(e, ev, &fx, &err) != SUAN_OK || fx.code != SUAN_OK) {
		fprintf(stderr, "%s: %s\n", suan_event_name(ev->type), err.text);
		exit(1);
	}
}

static void make_network(struct suan_engine *e, int64_t now)
{
	static struct suan_site_spec sites[SITES];
	static struct suan_pool_spec pools[SITES];
	static char names[SITES][16];
	struct suan_network net = {.name = "bench", .sites = sites, .nsites = SITES};
	struct suan_event ev = {.type = SUAN_EV_NETWORK, .now_ms = now, .u.network = &net};

	for (uint32_t i = 0; i < SITES; i++) {
		snprintf(names[i], sizeof(names[i]), "s%u", i);
		pools[i] = (struct suan_pool_spec){.name = "p", .gpu = "", .nodes = 64, .cores = 64,
						   .memory = UINT64_C(1) << 38, .speed_milli = 1000,
						   .idle_watt = 120, .busy_watt = 420};
		sites[i] = (struct suan_site_spec){
			.name = names[i], .zh = "", .hub = "h", .owner = "", .driver = "local",
			.pue_milli = 1150 + i, .price_uyuan_kwh = 500000, .carbon_mg_kwh = 500000,
			.price_file = "", .carbon_file = "", .pools = &pools[i], .npools = 1};
	}
	step(e, &ev);
}

static void tell(struct suan_engine *e, int64_t now, uint32_t site, enum suan_signal_kind kind)
{
	struct suan_signal_step steps[HOURS];
	char name[16];
	struct suan_signal_spec s = {.site = name, .kind = kind, .steps = steps, .nsteps = HOURS,
				     .issued_ms = now, .until_ms = now + HOURS * HOUR};
	struct suan_event ev = {.type = SUAN_EV_SIGNAL, .now_ms = now, .u.signal = &s};

	snprintf(name, sizeof(name), "s%u", site);
	for (uint32_t h = 0; h < HOURS; h++)
		steps[h] = (struct suan_signal_step){
			now + h * HOUR, 300000 + (h * 7919u + site * 104729u) % 400000u};
	step(e, &ev);
}

static struct suan_job_spec a_job(uint32_t i)
{
	struct suan_job_spec s = {.name = "j", .user = "u", .account = "", .qos = "", .gpu = ""};

	s.req.tasks = 1 + i % 8;
	s.req.cores = 1 + i * 7919u % 64;
	s.walltime_ms = HOUR * (1 + i % 12);
	s.estimate_ms = s.walltime_ms - HOUR * (i % 2) / 2;
	return s;
}

static int by_size(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

int main(void)
{
	static struct suan_job_spec jobs[QUEUE];
	static struct suan_offer offers[SITES];
	static double times[QUOTES], cpu[QUOTES];
	struct suan_engine *e = suan_engine_new();
	int64_t now = 500 * 24 * HOUR;
	struct suan_event policy = {.type = SUAN_EV_POLICY, .now_ms = now,
				    .u.policy = {.kind = SUAN_POLICY_SUAN,
						 .plan_steps = SUAN_PLAN_STEPS}};
	struct suan_event submit = {.type = SUAN_EV_SUBMIT, .now_ms = now,
				    .u.submit = {.jobs = jobs, .njobs = QUEUE}};
	struct suan_event pass = {.type = SUAN_EV_PASS, .now_ms = now};
	uint64_t rows = 0;

	suan_effects_init(&fx);
	step(e, &policy);
	make_network(e, now);
	for (uint32_t i = 0; i < SITES; i++) {
		tell(e, now, i, SUAN_SIGNAL_PRICE);
		tell(e, now, i, SUAN_SIGNAL_CARBON);
		tell(e, now, i, SUAN_SIGNAL_CARBON_MARKET);
	}
	for (uint32_t i = 0; i < QUEUE; i++)
		jobs[i] = a_job(i);
	step(e, &submit);
	step(e, &pass);
	for (uint32_t i = 0; i < QUOTES; i++) {
		struct suan_job_spec s = a_job(i);
		struct suan_waiting_offer waits[SUAN_QUOTE_WAITS];
		double begin = now_ms(CLOCK_MONOTONIC);
		double used = now_ms(CLOCK_PROCESS_CPUTIME_ID);

		if (suan_engine_offers(e, &s, now, offers, SITES) != SITES)
			return 1;
		rows += suan_engine_waits(e, &s, &offers[0],
					  &(struct suan_waiting_ask){now, SUAN_BY_COST}, waits);
		cpu[i] = now_ms(CLOCK_PROCESS_CPUTIME_ID) - used;
		times[i] = now_ms(CLOCK_MONOTONIC) - begin;
	}
	qsort(times, QUOTES, sizeof(*times), by_size);
	qsort(cpu, QUOTES, sizeof(*cpu), by_size);
	printf("p50 %.3f\np99 %.3f\ncpu_p99 %.3f\n", times[QUOTES / 2],
	       times[QUOTES * 99 / 100], cpu[QUOTES * 99 / 100]);
	fprintf(stderr, "%llu rows, %llu waiting\n", (unsigned long long)rows,
		(unsigned long long)suan_engine_job_count(e, SUAN_PENDING));
	suan_effects_done(&fx);
	suan_engine_free(e);
	return 0;
}
