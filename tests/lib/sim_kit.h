/* A simulation for tests: texts in, result and scores out. Whatever fails ends the program. */
#ifndef TESTS_LIB_SIM_KIT_H
#define TESTS_LIB_SIM_KIT_H

#include <stdlib.h>

#include "lib/tap.h"

#include "sim/sim.h"
#include "wire/network.h"

struct sim_kit {
	struct suan_arena arena;
	struct suan_network net;
	struct suan_trace trace;
	struct suan_sim_outages outages;
	struct suan_sim_signals signals; /* for setup.signals, if the test puts them there */
	struct suan_sim_setup setup;
	struct suan_sim_result r;
	struct suan_sim_scores s;
	struct suan_err err;
};

static inline void must(enum suan_code rc, const struct suan_err *err)
{
	if (rc == SUAN_OK)
		return;
	printf("Bail out! %s\n", err->text);
	exit(1);
}

/* JSON Lines, or SWF. */
static inline void sim_kit_trace(struct sim_kit *g, const char *text)
{
	enum suan_trace_form form = text[0] == '{' ? SUAN_TRACE_JSONL : SUAN_TRACE_SWF;
	struct suan_trace_reader *p = suan_trace_reader_new(form, "trace");

	must(suan_trace_feed(p, text, strlen(text), &g->err), &g->err);
	must(suan_trace_take(p, &g->trace, &g->err), &g->err);
	suan_trace_reader_free(p);
}

static inline void sim_kit_init(struct sim_kit *g, const char *trace)
{
	memset(g, 0, sizeof(*g));
	suan_arena_init(&g->arena, 0);
	sim_kit_trace(g, trace);
	g->setup.network = &g->net;
	g->setup.trace = &g->trace;
	g->setup.outages = &g->outages;
}

static inline void sim_kit_cores(struct sim_kit *g, uint32_t cores, const char *trace)
{
	sim_kit_init(g, trace);
	g->setup.processors_only = true;
	must(suan_sim_one_machine(&g->arena, cores, &g->net, &g->err), &g->err);
}

static inline void sim_kit_network(struct sim_kit *g, const char *yaml, const char *trace)
{
	sim_kit_init(g, trace);
	must(suan_network_parse(yaml, strlen(yaml), "net", &g->arena, &g->net, &g->err), &g->err);
}

static inline void sim_kit_outages(struct sim_kit *g, const char *text)
{
	struct suan_buf b = {0};

	suan_buf_adds(&b, text);
	must(suan_sim_outages_parse(&b, "faults", &g->net, &g->outages, &g->err), &g->err);
	suan_buf_done(&b);
}

/* May be called again after a change of the setup. */
static inline void sim_kit_run(struct sim_kit *g)
{
	suan_sim_result_done(&g->r);
	suan_sim_scores_done(&g->s);
	must(suan_sim_run(&g->setup, &g->r, &g->err), &g->err);
	must(suan_sim_score(&g->setup, &g->r, &g->s, &g->err), &g->err);
}

static inline void sim_kit_done(struct sim_kit *g)
{
	suan_sim_result_done(&g->r);
	suan_sim_scores_done(&g->s);
	suan_sim_signals_done(&g->signals);
	suan_sim_outages_done(&g->outages);
	suan_trace_done(&g->trace);
	suan_arena_done(&g->arena);
}

#endif
