/* How long a quote takes: one job over 100 sites with a price, carbon intensities and a temperature
 * (which the PUE follows) for each of 168 hours, in a full network with a queue. A quote is the
 * offers and what waiting is worth. Prints "NAME MS" for the median and the 99th percentile, and of
 * the processor's time the latter; then the same ("data_…") of jobs that read up to four of 50 data
 * sets, each with copies at two sites, over links with transfers on them. */
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
#define LINKS  (4 * SITES)
#define SETS   50u

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
	static struct suan_link_spec links[LINKS];
	static struct suan_pue_point pue[] = {{0, 1120}, {15000, 1180}, {35000, 1450}};
	static char names[SITES][16];
	struct suan_network net = {.name = "bench", .sites = sites, .nsites = SITES,
				   .links = links, .nlinks = LINKS};
	struct suan_event ev = {.type = SUAN_EV_NETWORK, .now_ms = now, .u.network = &net};

	for (uint32_t i = 0; i < SITES; i++) {
		snprintf(names[i], sizeof(names[i]), "s%u", i);
		pools[i] = (struct suan_pool_spec){.name = "p", .gpu = "", .nodes = 64, .cores = 64,
						   .memory = UINT64_C(1) << 38, .speed_milli = 1000,
						   .idle_watt = 120, .busy_watt = 420};
		sites[i] = (struct suan_site_spec){
			.name = names[i], .zh = "", .hub = "h", .owner = "", .driver = "local",
			.pue_milli = 1150 + i, .price_uyuan_kwh = 500000, .carbon_mg_kwh = 500000,
			.price_file = "", .carbon_file = "", .pools = &pools[i], .npools = 1,
			.pue = pue, .npue = 3};
	}
	/* a ring both ways, and both ways with the site that is seven times as far */
	for (uint32_t i = 0; i < LINKS; i++) {
		uint32_t from = i / 4, far = i % 4 / 2 ? 7 * from % SITES : from + 1;
		const char *a = names[from], *b = names[far % SITES];

		links[i] = (struct suan_link_spec){.from = i % 2 ? b : a, .to = i % 2 ? a : b,
						   .mbit_s = 10000 << i % 3,
						   .latency_us = 1000 + i * 7919 % 9000};
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
			now + h * HOUR,
			kind == SUAN_SIGNAL_TEMPERATURE
				? (h * 7919u + site * 104729u) % 40000u
				: 300000 + (h * 7919u + site * 104729u) % 400000u};
	step(e, &ev);
}

static char set_names[SETS][16];

static void make_data(struct suan_engine *e, int64_t now)
{
	char at[16], more[16];
	struct suan_data_command put = {.op = SUAN_DATA_PUT, .who = "u", .account = "",
					.sha256 = "", .source = "/d", .site = at,
					.files = 1, .present = true};
	struct suan_data_command copy = {.op = SUAN_DATA_REPLICATE, .who = "u", .site = more};
	struct suan_event ev = {.type = SUAN_EV_DATA, .now_ms = now};

	for (uint32_t i = 0; i < SETS; i++) {
		snprintf(set_names[i], sizeof(set_names[i]), "d%u", i);
		snprintf(at, sizeof(at), "s%u", i * 7919 % SITES);
		snprintf(more, sizeof(more), "s%u", (i * 7919 + 50) % SITES);
		put.name = copy.name = set_names[i];
		put.bytes = UINT64_C(1) << (34 + i % 6);
		ev.u.data = &put;
		step(e, &ev);
		ev.u.data = &copy;
		step(e, &ev);
	}
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

/* Quotes for jobs, with inputs or without; times and processor's times of each. */
static void quotes(const struct suan_engine *e, int64_t now, bool data, const char *prefix)
{
	static struct suan_offer offers[SITES];
	static double times[QUOTES], cpu[QUOTES];
	uint64_t rows = 0, sum = 0;

	for (uint32_t i = 0; i < QUOTES; i++) {
		const char *reads[4] = {set_names[i % SETS], set_names[i * 7 % SETS],
					set_names[i * 13 % SETS], set_names[i * 29 % SETS]};
		struct suan_job_spec s = a_job(i);
		struct suan_waiting_offer waits[SUAN_QUOTE_WAITS];
		double begin = now_ms(CLOCK_MONOTONIC);
		double used = now_ms(CLOCK_PROCESS_CPUTIME_ID);
		uint32_t n;

		if (data)
			s.inputs = (struct suan_names){reads, 1 + i % 4};
		if (suan_engine_offers(e, &s, now, offers, SITES) != SITES)
			exit(1);
		n = suan_engine_waits(e, &s, &offers[0],
				      &(struct suan_waiting_ask){now, SUAN_BY_COST}, waits);
		cpu[i] = now_ms(CLOCK_PROCESS_CPUTIME_ID) - used;
		times[i] = now_ms(CLOCK_MONOTONIC) - begin;
		rows += n;
		for (uint32_t k = 0; k < n; k++)
			sum = sum * 31 + (uint64_t)waits[k].best.cost_uyuan + waits[k].best.pool;
		for (uint32_t k = 0; k < SITES; k++)
			sum = sum * 31 + (uint64_t)offers[k].start_ms + offers[k].pool;
	}
	qsort(times, QUOTES, sizeof(*times), by_size);
	qsort(cpu, QUOTES, sizeof(*cpu), by_size);
	printf("%sp50 %.3f\n%sp99 %.3f\n%scpu_p99 %.3f\n", prefix, times[QUOTES / 2], prefix,
	       times[QUOTES * 99 / 100], prefix, cpu[QUOTES * 99 / 100]);
	fprintf(stderr, "%llu rows, answers %016llx\n", (unsigned long long)rows,
		(unsigned long long)sum);
}

int main(void)
{
	static struct suan_job_spec jobs[QUEUE];
	struct suan_engine *e = suan_engine_new();
	int64_t now = 500 * 24 * HOUR;
	struct suan_event policy = {.type = SUAN_EV_POLICY, .now_ms = now,
				    .u.policy = {.kind = SUAN_POLICY_SUAN,
						 .plan_steps = SUAN_PLAN_STEPS}};
	struct suan_event submit = {.type = SUAN_EV_SUBMIT, .now_ms = now,
				    .u.submit = {.jobs = jobs, .njobs = QUEUE}};
	struct suan_event pass = {.type = SUAN_EV_PASS, .now_ms = now};

	suan_effects_init(&fx);
	step(e, &policy);
	make_network(e, now);
	for (uint32_t i = 0; i < SITES; i++) {
		tell(e, now, i, SUAN_SIGNAL_PRICE);
		tell(e, now, i, SUAN_SIGNAL_CARBON);
		tell(e, now, i, SUAN_SIGNAL_CARBON_MARKET);
		tell(e, now, i, SUAN_SIGNAL_TEMPERATURE);
	}
	make_data(e, now);
	for (uint32_t i = 0; i < QUEUE; i++)
		jobs[i] = a_job(i);
	step(e, &submit);
	step(e, &pass);
	fprintf(stderr, "%llu waiting\n",
		(unsigned long long)suan_engine_job_count(e, SUAN_PENDING));
	quotes(e, now, false, "");
	quotes(e, now, true, "data_");
	suan_effects_done(&fx);
	suan_engine_free(e);
	return 0;
}
