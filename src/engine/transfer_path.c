/* Ways through the network, from site to site over its links. Found from each site once, when
 * somebody asks, and forgotten when the network changes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/data.h"
#include "engine/profile.h"

#define NO_LINK UINT32_MAX
#define NO_NODE UINT32_MAX

/* ---- the graph ---- */

static uint32_t node_of(const struct suan_engine *e, const char *name)
{
	const struct suan_network *n = &e->net.network;
	uint32_t site = suan_net_site(&e->net, name), ends = e->net.nsites;

	if (site != SUAN_NO_POOL)
		return site;
	/* an end that is no site: the first link that names it numbers it */
	for (uint32_t i = 0; i < n->nlinks; i++) {
		if (strcmp(n->links[i].from, name) == 0)
			return ends + 2 * i;
		if (strcmp(n->links[i].to, name) == 0)
			return ends + 2 * i + 1;
	}
	return NO_NODE;
}

static void add_ways(const struct suan_engine *e, struct suan_links *l)
{
	for (uint32_t i = 0; i < l->nlinks; i++) {
		const struct suan_link_spec *s = &e->net.network.links[i];

		l->ways[i] = (struct suan_way){node_of(e, s->from), node_of(e, s->to), s->mbit_s,
					       (int64_t)s->latency_us * 1024 + 1};
	}
}

enum suan_code suan_links_make(const struct suan_engine *e, struct suan_links **ret)
{
	struct suan_links *l = calloc(1, sizeof(*l));

	if (!l)
		return SUAN_ENOMEM;
	l->nlinks = e->net.network.nlinks;
	l->nnodes = e->net.nsites + 2 * l->nlinks;
	l->ways = calloc(l->nlinks + 1u, sizeof(*l->ways));
	l->before = calloc(e->net.nsites + 1u, sizeof(*l->before));
	l->path = calloc(l->nnodes + 1u, sizeof(*l->path));
	l->length = calloc(l->nnodes + 1u, sizeof(*l->length));
	l->settled = calloc(l->nnodes + 1u, sizeof(*l->settled));
	l->free = calloc(l->nlinks + 1u, sizeof(*l->free));
	if (!l->ways || !l->before || !l->path || !l->length || !l->settled || !l->free) {
		suan_links_free(l);
		return SUAN_ENOMEM;
	}
	add_ways(e, l);
	l->next_ms = INT64_MIN;
	*ret = l;
	return SUAN_OK;
}

void suan_links_free(struct suan_links *l)
{
	uint32_t nsites;

	if (!l)
		return;
	nsites = l->nnodes - 2 * l->nlinks;
	for (uint32_t i = 0; l->before && i < nsites; i++)
		free(l->before[i]);
	for (uint32_t i = 0; l->free && i < l->nlinks; i++)
		suan_profile_done(&l->free[i]);
	free(l->ways);
	free(l->before);
	free(l->path);
	free(l->length);
	free(l->settled);
	free(l->free);
	free(l);
}

/* ---- ways ---- */

static uint32_t nearest(const struct suan_links *l)
{
	uint32_t best = NO_NODE;

	for (uint32_t i = 0; i < l->nnodes; i++)
		if (!l->settled[i] && l->length[i] != SUAN_FOREVER &&
		    (best == NO_NODE || l->length[i] < l->length[best]))
			best = i;
	return best;
}

static void search(struct suan_links *l, uint32_t from, uint32_t *before)
{
	uint32_t at;

	for (uint32_t i = 0; i < l->nnodes; i++) {
		l->length[i] = SUAN_FOREVER;
		l->settled[i] = false;
		before[i] = NO_LINK;
	}
	l->length[from] = 0;
	while ((at = nearest(l)) != NO_NODE) {
		l->settled[at] = true;
		for (uint32_t i = 0; i < l->nlinks; i++) {
			const struct suan_way *w = &l->ways[i];
			int64_t length = suan_sat_add(l->length[at], w->length);

			if (w->from != at || w->mbit == 0 || length >= l->length[w->to])
				continue;
			l->length[w->to] = length;
			before[w->to] = i;
		}
	}
}

uint32_t suan_links_path(struct suan_links *l, uint32_t from, uint32_t to, enum suan_code *ret_rc)
{
	uint32_t n = 0, at = to;

	*ret_rc = SUAN_OK;
	if (l->nlinks == 0 || from == to)
		return 0;
	if (!l->before[from]) {
		l->before[from] = malloc(l->nnodes * sizeof(uint32_t));
		if (!l->before[from]) {
			*ret_rc = SUAN_ENOMEM;
			return UINT32_MAX;
		}
		search(l, from, l->before[from]);
	}
	while (at != from) {
		uint32_t link = l->before[from][at];

		if (link == NO_LINK)
			return UINT32_MAX;
		assert(n < l->nnodes);
		l->path[n++] = link;
		at = l->ways[link].from;
	}
	return n;
}
