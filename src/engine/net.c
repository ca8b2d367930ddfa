/* The network as the scheduler knows it. Sites and pools keep their numbers by name; what left the
 * network file keeps its number and is closed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/copier.h"
#include "engine/alone.h"
#include "engine/data.h"

#define FIRST_PAUSE_MS	 1000
#define LONGEST_PAUSE_MS 300000
#define WEEK_MS		 INT64_C(604800000)

/* ---- deep copy ---- */

static void copy_pool(struct suan_copier *c, struct suan_pool_spec *p)
{
	p->name = suan_copier_str(c, p->name);
	p->gpu = suan_copier_str(c, p->gpu);
}

static void copy_site(struct suan_copier *c, struct suan_site_spec *s)
{
	s->name = suan_copier_str(c, s->name);
	s->zh = suan_copier_str(c, s->zh);
	s->hub = suan_copier_str(c, s->hub);
	s->owner = suan_copier_str(c, s->owner);
	s->driver = suan_copier_str(c, s->driver);
	s->driver_conf = suan_copier_str(c, s->driver_conf);
	s->price_tariff = suan_copier_str(c, s->price_tariff);
	s->market_file = suan_copier_str(c, s->market_file);
	s->renewable_file = suan_copier_str(c, s->renewable_file);
	s->temperature_file = suan_copier_str(c, s->temperature_file);
	s->price_forecast = suan_copier_str(c, s->price_forecast);
	s->carbon_forecast = suan_copier_str(c, s->carbon_forecast);
	s->price_file = suan_copier_str(c, s->price_file);
	s->carbon_file = suan_copier_str(c, s->carbon_file);
	s->pue = suan_copier_list(c, s->pue, s->npue, sizeof(*s->pue));
	s->pools = suan_copier_list(c, s->pools, s->npools, sizeof(*s->pools));
	for (uint32_t i = 0; !c->failed && i < s->npools; i++)
		copy_pool(c, &s->pools[i]);
}

static void copy_places(struct suan_copier *c, struct suan_network *n)
{
	n->hubs = suan_copier_list(c, n->hubs, n->nhubs, sizeof(*n->hubs));
	for (uint32_t i = 0; !c->failed && i < n->nhubs; i++) {
		n->hubs[i].name = suan_copier_str(c, n->hubs[i].name);
		n->hubs[i].zh = suan_copier_str(c, n->hubs[i].zh);
		n->hubs[i].side = suan_copier_str(c, n->hubs[i].side);
	}
	n->cities = suan_copier_list(c, n->cities, n->ncities, sizeof(*n->cities));
	for (uint32_t i = 0; !c->failed && i < n->ncities; i++) {
		n->cities[i].name = suan_copier_str(c, n->cities[i].name);
		n->cities[i].zh = suan_copier_str(c, n->cities[i].zh);
		n->cities[i].hub = suan_copier_str(c, n->cities[i].hub);
	}
	n->links = suan_copier_list(c, n->links, n->nlinks, sizeof(*n->links));
	for (uint32_t i = 0; !c->failed && i < n->nlinks; i++) {
		n->links[i].from = suan_copier_str(c, n->links[i].from);
		n->links[i].to = suan_copier_str(c, n->links[i].to);
	}
}

enum suan_code suan_net_copy(struct suan_arena *a, const struct suan_network *net,
			     struct suan_network *ret)
{
	struct suan_copier c = {.arena = a};
	struct suan_network n = *net;

	n.name = suan_copier_str(&c, n.name);
	copy_places(&c, &n);
	if (n.nlatency)
		n.latency_us = suan_copier_list(&c, n.latency_us, n.nlatency,
						sizeof(*n.latency_us));
	n.sites = suan_copier_list(&c, n.sites, n.nsites, sizeof(*n.sites));
	for (uint32_t i = 0; !c.failed && i < n.nsites; i++)
		copy_site(&c, &n.sites[i]);
	if (c.failed)
		return SUAN_ENOMEM;
	*ret = n;
	return SUAN_OK;
}

enum suan_code suan_net_copy_site(struct suan_arena *a, const struct suan_site_spec *spec,
				  struct suan_site_spec *ret)
{
	struct suan_copier c = {.arena = a};
	struct suan_site_spec s = *spec;

	copy_site(&c, &s);
	if (c.failed)
		return SUAN_ENOMEM;
	*ret = s;
	return SUAN_OK;
}

enum suan_code suan_net_copy_pool(struct suan_arena *a, const struct suan_pool_spec *spec,
				  struct suan_pool_spec *ret)
{
	struct suan_copier c = {.arena = a};
	struct suan_pool_spec s = *spec;

	copy_pool(&c, &s);
	if (c.failed)
		return SUAN_ENOMEM;
	*ret = s;
	return SUAN_OK;
}

/* ---- look-up ---- */

uint32_t suan_net_site(const struct suan_net *n, const char *name)
{
	for (uint32_t i = 0; i < n->nsites; i++)
		if (strcmp(n->sites[i].spec->name, name) == 0)
			return i;
	return SUAN_NO_POOL;
}

uint32_t suan_net_pool(const struct suan_net *n, uint32_t site, const char *name)
{
	for (uint32_t i = 0; i < n->npools; i++)
		if (n->pools[i].site == site && strcmp(n->pools[i].spec.name, name) == 0)
			return i;
	return SUAN_NO_POOL;
}

bool suan_net_place(const struct suan_net *n, const char *name, uint32_t *ret_row)
{
	const struct suan_network *net = &n->network;

	for (uint32_t i = 0; i < net->ncities + net->nsites; i++) {
		const char *s = i < net->ncities ? net->cities[i].name
						 : net->sites[i - net->ncities].name;

		*ret_row = i;
		if (strcmp(s, name) == 0)
			return true;
	}
	return false;
}

uint32_t suan_net_latency(const struct suan_net *n, uint32_t row, uint32_t site)
{
	uint32_t column = n->sites[site].column;
	uint64_t at = (uint64_t)row * n->network.nsites + column;

	return column >= n->network.nsites || at >= n->network.nlatency
		       ? SUAN_FAR_US
		       : n->network.latency_us[at];
}

bool suan_net_has_hub(const struct suan_net *n, const char *name)
{
	for (uint32_t i = 0; i < n->network.nhubs; i++)
		if (strcmp(n->network.hubs[i].name, name) == 0)
			return true;
	for (uint32_t i = 0; i < n->nsites; i++)
		if (strcmp(n->sites[i].spec->hub, name) == 0)
			return true;
	return false;
}

uint32_t suan_net_usable(const struct suan_eng_pool *p)
{
	return p->usable < p->spec.nodes ? p->usable : p->spec.nodes;
}

bool suan_net_delegated(const struct suan_net *n, uint32_t pool)
{
	static const char *const schedulers[] = {"slurm", "tes"};
	const char *driver = n->sites[n->pools[pool].site].spec->driver;
	uint32_t said = n->pools[pool].spec.delegated;

	for (size_t i = 0; i < sizeof(schedulers) / sizeof(schedulers[0]); i++)
		if (said == SUAN_DELEGATED_BY_DRIVER && strcmp(driver, schedulers[i]) == 0)
			return true;
	return said == SUAN_DELEGATED_YES;
}

/* ---- what the planner is told ---- */

static int64_t times(int64_t a, int64_t b)
{
	int64_t r;

	return suan_mul_i64(a, b, &r) ? r : INT64_MAX;
}

/* Of the last day that was told, or of the week of a tariff: it changes when something is told, and
 * not with the time, so that places do not take turns. 0: not known, or it costs nothing. */
static int64_t mean_price(const struct suan_signals *g, uint32_t site)
{
	struct suan_signal_facts told;
	int64_t to = WEEK_MS, from = 0;
	suan_int128 sum;

	suan_signals_facts(g, site, SUAN_SIGNAL_PRICE, &told);
	if (told.steps > 0) {
		to = told.until_ms;
		from = to - WEEK_MS / 7;
	}
	sum = suan_signals_sum(g, site, SUAN_SIGNAL_PRICE, from, to);
	return sum > 0 ? (int64_t)(sum / (to - from)) : 0;
}

/* Micro-yuan per core-hour: rent and electricity. Unknown prices count nothing. */
static int64_t rank_of(const struct suan_engine *e, const struct suan_eng_pool *pool)
{
	const struct suan_site_spec *site = e->net.sites[pool->site].spec;
	const struct suan_pool_spec *p = &pool->spec;
	int64_t price = mean_price(e->signals, pool->site);
	int64_t rent = p->price_hour_uyuan > 0 ? p->price_hour_uyuan : 0;
	int64_t power_mw = times(p->busy_watt, site->pue_milli);

	return suan_sat_add(rent, times(power_mw, price) / 1000000) / (p->cores ? p->cores : 1);
}

static enum suan_reason closed(const struct suan_engine *e, const struct suan_eng_pool *p)
{
	const struct suan_eng_site *s = &e->net.sites[p->site];

	if (p->gone || s->gone || s->state == SUAN_SITE_DOWN)
		return SUAN_R_SITE_DOWN;
	if (s->state == SUAN_SITE_DRAIN)
		return SUAN_R_SITE_DRAIN;
	if (!s->spec->driver[0] && !e->policy.model_sites)
		return SUAN_R_NO_DRIVER;
	return p->paused ? SUAN_R_PAUSED : SUAN_R_NONE;
}

void suan_net_plan_pool(const struct suan_engine *e, uint32_t pool, struct suan_plan_pool *ret)
{
	const struct suan_eng_pool *p = &e->net.pools[pool];

	*ret = (struct suan_plan_pool){
		.nodes = suan_net_usable(p), .cores = p->spec.cores, .gpus = p->spec.gpus,
		.memory = p->spec.memory, .gpu_kind = p->gpu_kind,
		.rank = rank_of(e, p), .closed = closed(e, p),
		.counted = suan_net_delegated(&e->net, pool)};
}

/* ---- pauses: a pool where starts do not come about is left alone for a while ---- */

void suan_net_start_failed(struct suan_engine *e, uint32_t pool, int64_t order_ms, int64_t now_ms)
{
	struct suan_eng_pool *p = &e->net.pools[pool];
	int64_t pause = FIRST_PAUSE_MS;

	/* Ordered before the pause: the same trouble, which is counted already. */
	if (order_ms < p->retry_ms)
		return;
	for (uint32_t i = 0; i < p->failures && pause < LONGEST_PAUSE_MS; i++)
		pause *= 2;
	p->failures += p->failures < UINT32_MAX;
	p->retry_ms = suan_sat_add(now_ms,
				   pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
	p->paused = true;
	e->plan->pools_dirty = true;
}

/* The pause that there is stays: the others of the same batch did not come about. */
void suan_net_start_worked(struct suan_engine *e, uint32_t pool)
{
	e->net.pools[pool].failures = 0;
}

void suan_net_lift_pauses(struct suan_engine *e, uint32_t site)
{
	for (uint32_t i = 0; i < e->net.npools; i++) {
		struct suan_eng_pool *p = &e->net.pools[i];

		if (p->site == site) {
			p->failures = 0;
			p->retry_ms = 0;	/* the next pass opens it */
		}
	}
}

int64_t suan_net_resume(struct suan_engine *e, int64_t now_ms)
{
	int64_t next = SUAN_FOREVER;

	for (uint32_t i = 0; i < e->net.npools; i++) {
		struct suan_eng_pool *p = &e->net.pools[i];
		bool paused = p->retry_ms > now_ms;

		if (paused && p->retry_ms < next)
			next = p->retry_ms;
		e->plan->pools_dirty |= paused != p->paused;
		if (p->paused && !paused)
			suan_planner_freed(e->plan->planner, SUAN_FOREVER);
		p->was_paused = p->paused;
		p->paused = paused;
	}
	return next;
}

void suan_net_unresume(struct suan_engine *e)
{
	for (uint32_t i = 0; i < e->net.npools; i++)
		e->net.pools[i].paused = e->net.pools[i].was_paused;
	e->plan->pools_dirty = true;
}

void suan_net_explain(const struct suan_engine *e, struct suan_candidate *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i].reason == SUAN_R_PAUSED)
			list[i].a = e->net.pools[list[i].pool].retry_ms;
}

/* ---- change ---- */

static enum suan_code check_pool(const struct suan_site_spec *s, uint32_t i, struct suan_err *err)
{
	const struct suan_pool_spec *p = &s->pools[i];
	uint64_t sum;

	for (uint32_t k = 0; k < i; k++)
		if (strcmp(s->pools[k].name, p->name) == 0)
			return suan_fail(err, SUAN_EINVAL, "pool %s of site %s is there twice",
					 p->name, s->name);
	if (!suan_mul_u64(p->nodes, p->cores, &sum) || sum > INT32_MAX ||
	    !suan_mul_u64(p->nodes, p->gpus, &sum) || sum > INT32_MAX ||
	    !suan_mul_u64(p->nodes, p->memory, &sum) || sum > INT64_MAX)
		return suan_fail(err, SUAN_EINVAL, "pool %s of site %s is too large; right are up "
				 "to 2147483647 cores and 8 EiB of memory", p->name, s->name);
	return SUAN_OK;
}

enum suan_code suan_net_check(const struct suan_network *net, struct suan_err *err)
{
	enum suan_code rc = SUAN_OK;

	if (net->nlatency && net->nlatency != ((uint64_t)net->ncities + net->nsites) * net->nsites)
		return suan_fail(err, SUAN_EINVAL, "the network has %u latencies for %u cities and "
				 "%u sites", net->nlatency, net->ncities, net->nsites);
	for (uint32_t i = 0; i < net->nsites; i++) {
		const struct suan_site_spec *s = &net->sites[i];

		for (uint32_t k = 0; k < i; k++)
			if (strcmp(net->sites[k].name, s->name) == 0)
				return suan_fail(err, SUAN_EINVAL, "site %s is there twice",
						 s->name);
		for (uint32_t k = 0; k < s->npools && rc == SUAN_OK; k++)
			rc = check_pool(s, k, err);
	}
	return rc;
}

/* Tables for the new network: known ones first, under their numbers. */
static enum suan_code make_sites(const struct suan_net *old, struct suan_net *n)
{
	n->sites = calloc((size_t)old->nsites + n->network.nsites + 1, sizeof(*n->sites));
	if (!n->sites)
		return SUAN_ENOMEM;
	n->nsites = old->nsites;
	for (uint32_t i = 0; i < old->nsites; i++) {
		struct suan_site_spec *copy = suan_arena_alloc(&n->arena, sizeof(*copy));

		if (!copy || suan_net_copy_site(&n->arena, old->sites[i].spec, copy) != SUAN_OK)
			return SUAN_ENOMEM;
		n->sites[i] = (struct suan_eng_site){
			.spec = copy, .state = old->sites[i].state, .gone = true};
	}
	for (uint32_t i = 0; i < n->network.nsites; i++) {
		const struct suan_site_spec *spec = &n->network.sites[i];
		uint32_t at = suan_net_site(n, spec->name);

		if (at == SUAN_NO_POOL)
			at = n->nsites++;
		n->sites[at].spec = spec;
		n->sites[at].gone = false;
	}
	return SUAN_OK;
}

static enum suan_code make_pools(const struct suan_net *old, struct suan_net *n)
{
	size_t most = old->npools;

	for (uint32_t i = 0; i < n->network.nsites; i++)
		most += n->network.sites[i].npools;
	n->pools = calloc(most + 1, sizeof(*n->pools));
	if (!n->pools)
		return SUAN_ENOMEM;
	n->npools = old->npools;
	for (uint32_t i = 0; i < old->npools; i++) {
		n->pools[i] = old->pools[i];
		n->pools[i].gone = true;
		n->pools[i].gpu_kind = 0;
		if (suan_net_copy_pool(&n->arena, &old->pools[i].spec, &n->pools[i].spec) !=
		    SUAN_OK)
			return SUAN_ENOMEM;
	}
	for (uint32_t i = 0; i < n->network.nsites; i++) {
		const struct suan_site_spec *s = &n->network.sites[i];
		uint32_t site = suan_net_site(n, s->name);

		for (uint32_t k = 0; k < s->npools; k++) {
			uint32_t at = suan_net_pool(n, site, s->pools[k].name);

			if (at == SUAN_NO_POOL) {
				at = n->npools++;
				n->pools[at].usable = UINT32_MAX;
			}
			n->pools[at].site = site;
			n->pools[at].spec = s->pools[k];
			n->pools[at].gone = false;
		}
	}
	return SUAN_OK;
}

static enum suan_code intern_kinds(struct suan_intern *strings, struct suan_net *n)
{
	for (uint32_t i = 0; i < n->npools; i++) {
		struct suan_eng_pool *p = &n->pools[i];

		if (suan_intern_add(strings, p->spec.gpu, strlen(p->spec.gpu), &p->gpu_kind) ==
		    SUAN_OK)
			continue;
		p->gpu_kind = 0;
		return SUAN_ENOMEM;
	}
	return SUAN_OK;
}

static void drop_kinds(struct suan_intern *strings, const struct suan_net *n)
{
	for (uint32_t i = 0; n->pools && i < n->npools; i++)
		suan_intern_drop(strings, n->pools[i].gpu_kind);
}

void suan_net_done(struct suan_net *n)
{
	suan_arena_done(&n->arena);
	free(n->sites);
	free(n->pools);
}

void suan_net_measure(struct suan_net *n, const struct suan_policy *policy)
{
	for (uint32_t i = 0; i < n->nsites; i++)
		n->sites[i].column = SUAN_NO_POOL;
	for (uint32_t i = 0; i < n->network.nsites; i++) {
		uint32_t site = suan_net_site(n, n->network.sites[i].name);

		if (site != SUAN_NO_POOL)
			n->sites[site].column = i;
	}
	n->widest_cores = n->widest_gpus = 1;
	n->present = 0;
	for (uint32_t i = 0; i < n->npools; i++) {
		const struct suan_pool_spec *p = &n->pools[i].spec;
		uint64_t cores = (uint64_t)p->nodes * p->cores, gpus = (uint64_t)p->nodes * p->gpus;
		bool modelled = !n->sites[n->pools[i].site].spec->driver[0];

		if (n->pools[i].gone || (modelled && !policy->model_sites))
			continue;
		n->present++;
		n->widest_cores = cores > n->widest_cores ? cores : n->widest_cores;
		n->widest_gpus = gpus > n->widest_gpus ? gpus : n->widest_gpus;
	}
}

struct suan_signals *suan_net_signals(const struct suan_net *n, const struct suan_signals *old)
{
	const struct suan_site_spec **specs = calloc((size_t)n->nsites + 1, sizeof(*specs));
	struct suan_signals *g;

	if (!specs)
		return NULL;
	for (uint32_t i = 0; i < n->nsites; i++)
		specs[i] = n->sites[i].spec;
	g = suan_signals_new(old, specs, n->nsites);
	free(specs);
	return g;
}

/* The next run after *run that its site has or should have while the network n has not that site;
 * false: no more. */
static bool next_stranded(const struct suan_engine *e, const struct suan_net *n,
			  struct suan_run_id *run, struct suan_spot *ret)
{
	while (suan_engine_next_run(e, run)) {
		const struct suan_elem *x;

		ret->job = suan_jobs_find(e, run->job);
		(void)suan_elems_pos(ret->job, run->index, &ret->pos);
		x = suan_elems_get(ret->job, ret->pos);
		if (!x->limbo && n->sites[n->pools[x->pool].site].gone)
			return true;
	}
	return false;
}

static enum suan_code reserve_losses(struct suan_engine *e, const struct suan_net *n,
				     struct suan_effects *fx)
{
	struct suan_run_id run = {0};
	struct suan_spot at;
	size_t count = 0;
	enum suan_code rc;

	while (next_stranded(e, n, &run, &at))
		count++;
	rc = suan_effects_reserve(fx, count);
	return rc == SUAN_OK ? suan_dues_reserve(&e->leases, count) : rc;
}

static void lose_stranded(struct suan_engine *e, const struct suan_event *ev,
			  struct suan_effects *fx)
{
	struct suan_run_id run = {0};
	struct suan_spot at;

	while (!ev->old_rules && next_stranded(e, &e->net, &run, &at))
		suan_engine_lose_run(e, at, ev->now_ms, fx);
}

static void replan_all(struct suan_engine *e)
{
	uint64_t id = 0;

	e->plan->pools_dirty = true;
	while ((id = suan_engine_next_job(e, id))) {
		struct suan_job *j = suan_jobs_find(e, id);

		if (j->rule)
			suan_sync_replan(e, j);
	}
}

enum suan_code suan_net_set(struct suan_engine *e, const struct suan_event *ev,
			    struct suan_effects *fx, struct suan_err *err)
{
	struct suan_net n = {0}, old;
	struct suan_signals *signals = NULL;
	enum suan_code rc = suan_net_check(ev->u.network, err);

	if (rc != SUAN_OK)
		return rc;
	suan_arena_init(&n.arena, 0);
	rc = suan_net_copy(&n.arena, ev->u.network, &n.network);
	if (rc == SUAN_OK)
		rc = make_sites(&e->net, &n);
	if (rc == SUAN_OK)
		rc = make_pools(&e->net, &n);
	if (rc == SUAN_OK)
		rc = intern_kinds(e->strings, &n);
	if (rc == SUAN_OK)
		rc = suan_rules_reserve(e, n.npools);
	if (rc == SUAN_OK)
		rc = reserve_losses(e, &n, fx);
	if (rc == SUAN_OK) {
		signals = suan_net_signals(&n, e->signals);
		rc = signals ? SUAN_OK : SUAN_ENOMEM;
	}
	old = rc == SUAN_OK ? e->net : n;
	if (rc == SUAN_OK) {
		suan_net_measure(&n, &e->policy);
		suan_acct_settle(e, ev->now_ms);
		e->net = n;
		suan_acct_recount(e);
		suan_signals_free(e->signals);
		e->signals = signals;
	}
	drop_kinds(e->strings, &old);
	suan_net_done(&old);
	if (rc != SUAN_OK)
		return suan_fail(err, rc, "out of memory");
	suan_links_free(e->data.links);
	e->data.links = NULL;
	suan_rules_refresh(e);
	suan_planner_freed(e->plan->planner, SUAN_FOREVER);
	e->plan->pools_dirty = e->plan->all_dirty = e->plan->rekey = true;
	replan_all(e);
	suan_alone_revise(e);
	lose_stranded(e, ev, fx);
	return SUAN_OK;
}
