#include "sim/choose.h"

#include <stdlib.h>
#include <string.h>

#define MILLION 1000000

struct site {
	const char *name;
	uint64_t cores;	    /* of all its pools */
	uint64_t committed; /* cores of jobs sent there that are not over */
};

struct suan_sim_chooser {
	const struct suan_sim_setup *s;
	struct site *sites;	/* owned */
	const char **names;	/* owned; of the sites, for allow lists */
	const char **by_hub;	/* owned; the same, those of one hub beside each other */
	struct suan_names *hub; /* owned; by site: those of its hub */
};

bool suan_sim_holds(const struct suan_sim_setup *s, const struct suan_site_spec *site,
		    const struct suan_pool_spec *pool, const struct suan_trace_job *j)
{
	const char *kind = s->trace->strings[j->gpu];

	if (j->not_hub && strcmp(s->trace->strings[j->not_hub], site->hub) == 0)
		return false;
	if (j->cores > pool->cores ||
	    (uint64_t)j->tasks * j->cores > (uint64_t)pool->nodes * pool->cores)
		return false;
	if (s->processors_only)
		return true;
	return j->memory <= pool->memory && j->gpus <= pool->gpus && j->nodes <= pool->nodes &&
	       (j->gpus == 0 || !kind[0] || strcmp(kind, pool->gpu) == 0);
}

static bool site_holds(const struct suan_sim_chooser *c, uint32_t site,
		       const struct suan_trace_job *j)
{
	const struct suan_site_spec *spec = &c->s->network->sites[site];

	for (uint32_t i = 0; i < spec->npools; i++)
		if (suan_sim_holds(c->s, spec, &spec->pools[i], j))
			return true;
	return false;
}

/* ---- making one ---- */

static bool same_hub(const struct suan_network *net, uint32_t a, uint32_t b)
{
	return a == b ||
	       (net->sites[a].hub[0] && strcmp(net->sites[a].hub, net->sites[b].hub) == 0);
}

static void group_hubs(struct suan_sim_chooser *c)
{
	const struct suan_network *net = c->s->network;
	uint32_t n = 0;

	for (uint32_t i = 0; i < net->nsites; i++) {
		if (c->hub[i].list)
			continue;
		for (uint32_t k = i; k < net->nsites; k++)
			if (same_hub(net, i, k)) {
				c->hub[k].list = &c->by_hub[n];
				c->hub[i].count++;
			}
		for (uint32_t k = i; k < net->nsites; k++)
			if (same_hub(net, i, k)) {
				c->hub[k] = c->hub[i];
				c->by_hub[n++] = net->sites[k].name;
			}
	}
}

enum suan_code suan_sim_chooser_new(const struct suan_sim_setup *s, struct suan_sim_chooser **ret)
{
	const struct suan_network *net = s->network;
	struct suan_sim_chooser *c = calloc(1, sizeof(*c));

	if (!c)
		return SUAN_ENOMEM;
	c->s = s;
	c->sites = calloc((size_t)net->nsites + 1, sizeof(*c->sites));
	c->names = calloc((size_t)net->nsites + 1, sizeof(*c->names));
	c->by_hub = calloc((size_t)net->nsites + 1, sizeof(*c->by_hub));
	c->hub = calloc((size_t)net->nsites + 1, sizeof(*c->hub));
	if (!c->sites || !c->names || !c->by_hub || !c->hub) {
		suan_sim_chooser_free(c);
		return SUAN_ENOMEM;
	}
	for (uint32_t i = 0; i < net->nsites; i++) {
		c->names[i] = c->sites[i].name = net->sites[i].name;
		for (uint32_t k = 0; k < net->sites[i].npools; k++)
			c->sites[i].cores += (uint64_t)net->sites[i].pools[k].nodes *
					     net->sites[i].pools[k].cores;
	}
	group_hubs(c);
	*ret = c;
	return SUAN_OK;
}

void suan_sim_chooser_free(struct suan_sim_chooser *c)
{
	if (!c)
		return;
	free(c->sites);
	free(c->names);
	free(c->by_hub);
	free(c->hub);
	free(c);
}

/* ---- rules ---- */

/* Where it was submitted, and what belongs to the same hub. */
static struct suan_names at_home(const struct suan_sim_chooser *c, const struct suan_trace_job *j)
{
	const struct suan_network *net = c->s->network;
	const char *home = c->s->trace->strings[j->site];
	bool holds = false;
	uint32_t at = 0;

	while (at < net->nsites && strcmp(net->sites[at].name, home) != 0)
		at++;
	for (uint32_t i = 0; at < net->nsites && i < net->nsites; i++)
		holds |= same_hub(net, at, i) && site_holds(c, i, j);
	return holds ? c->hub[at] : (struct suan_names){0};
}

/* By the list: the mean price of electricity of what the job's cores draw, and their rent. In
 * millionths of yuan for a core-hour, times 10⁶. */
static suan_int128 listed(const struct suan_sim_chooser *c, uint32_t site,
			  const struct suan_trace_job *j)
{
	const struct suan_site_spec *spec = &c->s->network->sites[site];
	const struct suan_signal *g = c->s->signals && c->s->signals->count > 0
					      ? &c->s->signals->sites[site].of[SUAN_SIGNAL_PRICE]
					      : NULL;
	suan_int128 kwh = spec->price_uyuan_kwh, least = -1;

	if (g && g->series.count > 0) {
		const struct suan_series_step *first = &g->series.steps[0];
		int64_t until = g->until_ms > first->at_ms ? g->until_ms : first->at_ms + 1;

		kwh = suan_series_sum(&g->series, first->at_ms, until) / (until - first->at_ms);
	}
	for (uint32_t i = 0; i < spec->npools; i++) {
		const struct suan_pool_spec *p = &spec->pools[i];
		suan_int128 x = (kwh * p->busy_watt * spec->pue_milli +
				 (suan_int128)p->price_hour_uyuan * MILLION) /
				p->cores;

		if (suan_sim_holds(c->s, spec, p, j) && (least < 0 || x < least))
			least = x;
	}
	return least;
}

/* −1: not there. Ties go to the site that comes first in the network. */
static suan_int128 rate(const struct suan_sim_chooser *c, uint32_t site,
			const struct suan_trace_job *j)
{
	const struct site *at = &c->sites[site];

	if (!site_holds(c, site, j))
		return -1;
	if (c->s->choice == SUAN_SIM_CHEAPEST_LIST)
		return listed(c, site, j);
	return (suan_int128)at->committed * MILLION / at->cores;
}

struct suan_names suan_sim_choose(struct suan_sim_chooser *c, const struct suan_trace_job *j)
{
	uint32_t n = c->s->network->nsites, best = n;
	suan_int128 least = 0;

	if (c->s->choice == SUAN_SIM_HOME)
		return at_home(c, j);
	for (uint32_t i = 0; i < n; i++) {
		suan_int128 x = rate(c, i, j);

		if (x >= 0 && (best == n || x < least)) {
			least = x;
			best = i;
		}
	}
	if (best == n)
		return (struct suan_names){0};
	c->sites[best].committed += (uint64_t)j->tasks * j->cores;
	return (struct suan_names){&c->names[best], 1};
}

uint32_t suan_sim_chosen(const struct suan_sim_chooser *c, const struct suan_names *list)
{
	return list->count == 1 && list->list >= c->names &&
			       list->list < c->names + c->s->network->nsites
		       ? (uint32_t)(list->list - c->names)
		       : UINT32_MAX;
}

void suan_sim_leave(struct suan_sim_chooser *c, const struct suan_trace_job *j, uint32_t site)
{
	uint64_t cores = (uint64_t)j->tasks * j->cores;

	if (c->s->choice == SUAN_SIM_HOME || site >= c->s->network->nsites)
		return;
	c->sites[site].committed -= cores;
}
