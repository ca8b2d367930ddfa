/* A scheduler in a test: events in one line each, and what came of them. Everything that fails to
 * be accepted by the engine itself (an error, not a refusal) ends the test. */
#ifndef SUAN_TESTS_ENGINE_KIT_H
#define SUAN_TESTS_ENGINE_KIT_H

#include <stdlib.h>

#include "engine/engine.h"
#include "lib/tap.h"

#define KIT_SITES 8
#define KIT_POOLS 4

struct kit {
	struct suan_engine *e;
	struct suan_effects fx;
	struct suan_err err;
	int64_t now;
	struct suan_network net;
	struct suan_site_spec sites[KIT_SITES];
	struct suan_pool_spec pools[KIT_SITES][KIT_POOLS];
	/* Sees every event before it is applied; may be NULL. */
	void (*log)(void *ctx, const struct suan_event *ev);
	void *ctx;
};

static inline void kit_init(struct kit *k)
{
	memset(k, 0, sizeof(*k));
	k->e = suan_engine_new();
	suan_effects_init(&k->fx);
	k->now = 1000;
	k->net.name = "test";
	k->net.sites = k->sites;
	if (!k->e)
		abort();
}

static inline void kit_done(struct kit *k)
{
	suan_engine_free(k->e);
	suan_effects_done(&k->fx);
}

static inline enum suan_code kit_step(struct kit *k, struct suan_event *ev)
{
	enum suan_code rc;

	ev->seq = suan_engine_seq(k->e) + 1;
	ev->now_ms = k->now;
	memset(&k->err, 0, sizeof(k->err));
	if (k->log)
		k->log(k->ctx, ev);
	rc = suan_engine_step(k->e, ev, &k->fx, &k->err);
	if (rc != SUAN_OK) {
		printf("Bail out! %s: %s\n", suan_event_name(ev->type), k->err.text);
		exit(1);
	}
	return k->fx.code;
}

static inline struct suan_site_spec *kit_site(struct kit *k, const char *name, const char *hub)
{
	struct suan_site_spec *s = &k->sites[k->net.nsites];

	*s = (struct suan_site_spec){.name = name, .zh = "", .hub = hub, .owner = "",
				     .driver = "local", .pue_milli = 1000, .price_file = "",
				     .carbon_file = "", .pools = k->pools[k->net.nsites]};
	k->net.nsites++;
	return s;
}

static inline struct suan_pool_spec *kit_pool(struct suan_site_spec *s, const char *name,
					      uint32_t nodes, uint32_t cores)
{
	struct suan_pool_spec *p = &s->pools[s->npools++];

	*p = (struct suan_pool_spec){.name = name, .nodes = nodes, .cores = cores, .gpu = "",
				     .memory = (uint64_t)cores << 30, .speed_milli = 1000};
	return p;
}

static inline void kit_network(struct kit *k)
{
	struct suan_event ev = {.type = SUAN_EV_NETWORK, .u.network = &k->net};

	kit_step(k, &ev);
}

/* One site "a" in hub "east" with one pool "p". */
static inline void kit_one_pool(struct kit *k, uint32_t nodes, uint32_t cores)
{
	kit_init(k);
	kit_pool(kit_site(k, "a", "east"), "p", nodes, cores);
	kit_network(k);
}

static inline struct suan_job_spec kit_job(uint32_t tasks, uint32_t cores, int64_t walltime_ms)
{
	return (struct suan_job_spec){.name = "j", .user = "u", .account = "", .qos = "",
				      .gpu = "", .req = {.tasks = tasks, .cores = cores},
				      .walltime_ms = walltime_ms};
}

/* The id, or 0 if refused (see k->fx). */
static inline uint64_t kit_submit(struct kit *k, const struct suan_job_spec *spec)
{
	struct suan_event ev = {.type = SUAN_EV_SUBMIT,
				.u.submit = {.jobs = spec, .njobs = 1}};

	return kit_step(k, &ev) == SUAN_OK ? k->fx.first_job : 0;
}

static inline void kit_pass(struct kit *k)
{
	struct suan_event ev = {.type = SUAN_EV_PASS};

	kit_step(k, &ev);
}

/* A command on all elements. */
static inline enum suan_code kit_all(struct kit *k, enum suan_event_type type, uint64_t job)
{
	struct suan_event ev = {.type = type, .u.target = {.job = job, .all = true}};

	return kit_step(k, &ev);
}

static inline enum suan_code kit_index(struct kit *k, enum suan_event_type type, uint64_t job,
				       uint32_t index)
{
	struct suan_event ev = {.type = type, .u.target = {.job = job, .index = index}};

	return kit_step(k, &ev);
}

static inline enum suan_code kit_report(struct kit *k, const struct suan_report *r)
{
	struct suan_event ev = {.type = SUAN_EV_REPORT, .u.report = *r};

	return kit_step(k, &ev);
}

static inline void kit_started(struct kit *k, uint64_t job, uint32_t index, uint32_t attempt)
{
	kit_report(k, &(struct suan_report){.run = {job, index, attempt}, .text = "",
					    .kind = SUAN_REPORT_STARTED, .at_ms = k->now});
}

static inline void kit_ended(struct kit *k, uint64_t job, uint32_t index, uint32_t attempt,
			     enum suan_outcome outcome)
{
	kit_report(k, &(struct suan_report){.run = {job, index, attempt}, .text = "",
					    .kind = SUAN_REPORT_ENDED, .at_ms = k->now,
					    .outcome = outcome});
}

static inline void kit_site_state(struct kit *k, const char *name, enum suan_site_state state)
{
	struct suan_event ev = {.type = SUAN_EV_SITE, .u.site = {name, state}};

	kit_step(k, &ev);
}

static inline void kit_policy(struct kit *k, const struct suan_policy *p)
{
	struct suan_event ev = {.type = SUAN_EV_POLICY, .u.policy = *p};

	kit_step(k, &ev);
}

static inline enum suan_state kit_state(const struct kit *k, uint64_t job, uint32_t index)
{
	struct suan_task_view v;

	return suan_engine_task(k->e, job, index, &v) ? v.state : SUAN_NSTATES;
}

static inline struct suan_job_view kit_view(const struct kit *k, uint64_t job)
{
	struct suan_job_view v;

	if (!suan_engine_job(k->e, job, &v))
		memset(&v, 0, sizeof(v));
	return v;
}

/* How many effects of this type the last event had. */
static inline size_t kit_effects(const struct kit *k, enum suan_effect_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < k->fx.count; i++)
		n += k->fx.list[i].type == type;
	return n;
}

/* The n-th effect of this type. NULL: none. */
static inline const struct suan_effect *kit_effect(const struct kit *k,
						   enum suan_effect_type type, size_t n)
{
	for (size_t i = 0; i < k->fx.count; i++)
		if (k->fx.list[i].type == type && n-- == 0)
			return &k->fx.list[i];
	return NULL;
}

static inline bool kit_good(const struct kit *k)
{
	struct suan_err err = {0};

	if (suan_engine_verify(k->e, &err) == SUAN_OK)
		return true;
	printf("# %s\n", err.text);
	return false;
}

#endif
