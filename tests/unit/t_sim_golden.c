/* A simulation gives the same schedule on every machine: hashes of small made-up traces on one
 * machine and on a network, with outages, under every policy, against the committed list, see
 * lib/golden.h. */
#include "lib/golden.h"
#include "lib/sim_kit.h"

#include "base/rng.h"

#define JOBS 400

static const char network[] =
	"network: golden\n"
	"sites:\n"
	"  - name: a\n"
	"    price: 0.5\n"
	"    pools:\n"
	"      - {name: cpu, nodes: 8, cores: 16, memory: 64GiB, busy_watt: 300}\n"
	"      - {name: gpu, nodes: 6, cores: 32, memory: 256GiB, gpu: a800, gpus: 8}\n"
	"  - name: b\n"
	"    price: 0.3\n"
	"    pools:\n"
	"      - {name: cpu, nodes: 10, cores: 12, memory: 48GiB, busy_watt: 250}\n"
	"      - {name: gpu, nodes: 4, cores: 16, memory: 128GiB, gpu: '910b', gpus: 4}\n"
	"  - name: c\n"
	"    pools:\n"
	"      - {name: batch, nodes: 6, cores: 8, memory: 32GiB, delegated: true}\n";
static const char outages[] = "4000,site,b,down\n9000,site,b,up\n12000,pool,a/gpu,2\n"
			      "15000,pool,a/gpu,6\n20000,site,c,drain\n26000,site,c,up\n";

/* Bursts of short and long, narrow and wide jobs, some with accelerators. */
static void make_trace(struct suan_buf *b, uint64_t seed)
{
	struct suan_rng rng;
	uint64_t at = 0;

	suan_rng_init(&rng, seed);
	for (unsigned i = 1; i <= JOBS; i++) {
		uint64_t most = suan_rng_below(&rng, 4) ? 20 : 400;
		uint64_t run = 1 + suan_rng_below(&rng, suan_rng_below(&rng, 3) ? 600 : 9000);
		uint64_t gpus = suan_rng_below(&rng, 3) ? 0 : 1 + suan_rng_below(&rng, 4);
		uint64_t user, cores, tasks, estimate;

		/* one after the other: arguments have no order of their own */
		at += suan_rng_below(&rng, most);
		user = suan_rng_below(&rng, 5);
		cores = 1 + suan_rng_below(&rng, 8);
		tasks = 1 + suan_rng_below(&rng, 6);
		estimate = run + suan_rng_below(&rng, 3 * run);
		suan_buf_addf(b,
			      "{\"id\":%u,\"submit_s\":%llu,\"run_s\":%llu,\"estimate_s\":%llu,"
			      "\"tasks\":%llu,\"cores\":%llu,\"gpus\":%llu,\"user\":\"u%llu\"}\n",
			      i, (unsigned long long)at, (unsigned long long)run,
			      (unsigned long long)estimate, (unsigned long long)tasks,
			      (unsigned long long)cores, (unsigned long long)gpus,
			      (unsigned long long)user);
	}
}

static void run(struct golden *g, const struct suan_sim_setup *s, const char *where, uint64_t seed)
{
	struct suan_sim_result r = {0};
	struct suan_err err = {0};
	char what[64];

	must(suan_sim_run(s, &r, &err), &err);
	snprintf(what, sizeof(what), "%s,%s,%s,%" PRIu64, where, suan_policy_name(s->policy.kind),
		 suan_packing_name(s->policy.packing), seed);
	if (!g->make)
		ok(r.total == JOBS && r.completed > JOBS / 2, "%s: %llu of %d jobs run", what,
		   (unsigned long long)r.completed, JOBS);
	golden_is(g, what, r.schedule_hash, r.engine_hash);
	suan_sim_result_done(&r);
}

static void all_policies(struct golden *g, struct suan_sim_setup *s, const char *where,
			 uint64_t seed)
{
	for (int kind = 0; kind < SUAN_NPOLICIES; kind++) {
		s->policy = (struct suan_policy){.kind = (enum suan_policy_kind)kind};
		run(g, s, where, seed);
	}
	s->policy.packing = SUAN_FRAGMENTATION;
	s->policy.kind = SUAN_POLICY_SUAN;
	if (!s->processors_only)
		run(g, s, where, seed);
}

static void one_seed(struct golden *g, uint64_t seed)
{
	struct suan_sim_outages faults = {0};
	struct suan_network net, one;
	struct suan_trace trace;
	struct suan_arena arena;
	struct suan_trace_reader *reader = suan_trace_reader_new(SUAN_TRACE_JSONL, "made up");
	struct suan_sim_setup s = {.trace = &trace};
	struct suan_err err = {0};
	struct suan_buf text;

	suan_arena_init(&arena, 0);
	suan_buf_init(&text, 0);
	make_trace(&text, seed);
	must(suan_trace_feed(reader, text.data, text.len, &err), &err);
	must(suan_trace_take(reader, &trace, &err), &err);
	suan_trace_reader_free(reader);
	must(suan_network_parse(network, strlen(network), "golden", &arena, &net, &err), &err);
	suan_buf_reset(&text);
	suan_buf_adds(&text, outages);
	must(suan_sim_outages_parse(&text, "outages", &net, &faults, &err), &err);
	s.network = &net;
	s.outages = &faults;
	all_policies(g, &s, "network", seed);
	must(suan_sim_one_machine(&arena, 96, &one, &err), &err);
	s.network = &one;
	s.outages = NULL;
	s.processors_only = true;
	all_policies(g, &s, "machine", seed);
	suan_sim_outages_done(&faults);
	suan_trace_done(&trace);
	suan_buf_done(&text);
	suan_arena_done(&arena);
}

int main(void)
{
	static struct golden g;

	golden_begin(&g, "t_sim_golden");
	for (uint64_t seed = 1; seed <= 2; seed++)
		one_seed(&g, seed);
	golden_end(&g);
	return g.make ? 0 : tap_done();
}
