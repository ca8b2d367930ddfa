#include "daemon/whatif.h"

#include <string.h>

#include "base/num.h"
#include "wire/latency.h"
#include "wire/list.h"
#include "wire/nearest.h"

#define MOST_NODES INT32_MAX

static enum suan_code no_memory(struct suan_err *err)
{
	return suan_fail(err, SUAN_ENOMEM, "out of memory");
}

/* ---- the network of that time ---- */

static struct suan_site_spec *find_site(const struct suan_network *net, const char *name)
{
	for (uint32_t i = 0; i < net->nsites; i++)
		if (strcmp(net->sites[i].name, name) == 0)
			return &net->sites[i];
	return NULL;
}

static struct suan_pool_spec *find_pool(const struct suan_site_spec *s, const char *name)
{
	for (uint32_t i = 0; s && i < s->npools; i++)
		if (strcmp(s->pools[i].name, name) == 0)
			return &s->pools[i];
	return NULL;
}

/* Takes what `from` says of the site but keeps the pools and the most nodes that there were. */
static bool merge_site(struct suan_arena *arena, struct suan_site_spec *to,
		       const struct suan_site_spec *from)
{
	struct suan_pool_spec *pools = to->pools;
	uint32_t npools = to->npools;

	*to = *from;
	to->pools = pools;
	to->npools = npools;
	for (uint32_t i = 0; i < from->npools; i++) {
		const struct suan_pool_spec *p = &from->pools[i];
		struct suan_pool_spec *known = find_pool(to, p->name);
		uint32_t nodes = known && known->nodes > p->nodes ? known->nodes : p->nodes;

		if (!known) {
			pools = suan_list_copy(arena, to->pools, to->npools, sizeof(*pools));
			if (!pools)
				return false;
			to->pools = pools;
			known = &pools[to->npools++];
		}
		*known = *p;
		known->nodes = nodes;
	}
	return true;
}

static bool merge(struct suan_arena *arena, struct suan_network *to,
		  const struct suan_network *from)
{
	for (uint32_t i = 0; i < from->nsites; i++) {
		struct suan_site_spec *known = find_site(to, from->sites[i].name);

		if (!known) {
			struct suan_site_spec *sites =
				suan_list_copy(arena, to->sites, to->nsites, sizeof(*sites));

			if (!sites)
				return false;
			to->sites = sites;
			known = &sites[to->nsites++];
			*known = (struct suan_site_spec){0};
		}
		if (!merge_site(arena, known, &from->sites[i]))
			return false;
	}
	to->name = from->name;
	to->hubs = from->hubs;
	to->nhubs = from->nhubs;
	to->links = from->links;
	to->nlinks = from->nlinks;
	to->cities = from->cities;
	to->ncities = from->ncities;
	return suan_latency_measure(to, arena, NULL) == SUAN_OK;
}

static void drop_site(struct suan_network *net, uint32_t at)
{
	net->nsites--;
	net->nlatency = 0;	/* measured again by who drops */
	memmove(&net->sites[at], &net->sites[at + 1], (net->nsites - at) * sizeof(*net->sites));
}

static void drop_modelled(struct suan_network *net)
{
	for (uint32_t i = net->nsites; i-- > 0;)
		if (!net->sites[i].driver[0])
			drop_site(net, i);
}

/* Networks in force from from_ms until until_ms: *ret_first and so many. */
static uint32_t in_force(const struct suan_past *p, int64_t from_ms, int64_t until_ms,
			 uint32_t *ret_first)
{
	uint32_t first = 0, end;

	for (uint32_t i = 0; i < p->nnetworks && p->networks[i].at_ms <= from_ms; i++)
		first = i;
	for (end = first + 1; end < p->nnetworks && p->networks[end].at_ms < until_ms; end++)
		continue;
	*ret_first = first;
	return end - first;
}

static bool copy_network(struct suan_arena *arena, const struct suan_network *from,
			 struct suan_network *to)
{
	*to = (struct suan_network){0};
	return merge(arena, to, from);
}

enum suan_code suan_whatif_init(struct suan_whatif *w, struct suan_arena *arena,
				const struct suan_past *p, int64_t from_ms, int64_t until_ms,
				struct suan_err *err)
{
	uint32_t first;

	*w = (struct suan_whatif){.arena = arena, .until_ms = until_ms};
	w->networks = in_force(p, from_ms, until_ms, &first);
	for (uint32_t i = 0; i < w->networks; i++)
		if (!merge(arena, &w->then, &p->networks[first + i].net))
			return no_memory(err);
	if (!p->policy.model_sites)
		drop_modelled(&w->then);
	if (suan_latency_measure(&w->then, arena, NULL) != SUAN_OK)
		return no_memory(err);
	return copy_network(arena, &w->then, &w->now) ? SUAN_OK : no_memory(err);
}

/* ---- edits ---- */

static enum suan_code no_site(const struct suan_network *net, const char *option, const char *name,
			      struct suan_err *err)
{
	struct suan_nearest near;

	suan_nearest_init(&near, name);
	for (uint32_t i = 0; i < net->nsites; i++)
		suan_nearest_try(&near, net->sites[i].name);
	return suan_fail(err, SUAN_EINVAL, "%s: no site \"%.100s\" that takes jobs%s%s%s", option,
			 name, near.best ? " (did you mean " : "", near.best ? near.best : "",
			 near.best ? "?)" : "");
}

static enum suan_code no_pool(const struct suan_site_spec *s, const char *name,
			      struct suan_err *err)
{
	struct suan_nearest near;

	suan_nearest_init(&near, name);
	for (uint32_t i = 0; i < s->npools; i++)
		suan_nearest_try(&near, s->pools[i].name);
	return suan_fail(err, SUAN_EINVAL, "--add: site %s has no pool \"%.100s\"%s%s%s", s->name,
			 name, near.best ? " (did you mean " : "", near.best ? near.best : "",
			 near.best ? "?)" : "");
}

static enum suan_code set_nodes(struct suan_pool_spec *p, const char *edit, const char *value,
				struct suan_err *err)
{
	bool more = value[0] == '+', less = value[0] == '-';
	uint64_t n = 0;
	int64_t nodes;

	if (suan_parse_u64(value + (more || less), &n, NULL) != SUAN_OK || n > MOST_NODES)
		return suan_fail(err, SUAN_EINVAL,
				 "--add %s: found \"%s\", want a number of nodes: +25, -25 or 25",
				 edit, value);
	nodes = (int64_t)n;
	if (more)
		nodes = p->nodes + nodes;
	else if (less)
		nodes = p->nodes - nodes;
	if (nodes < 1 || nodes > MOST_NODES)
		return suan_fail(err, SUAN_EINVAL,
				 "--add %s: the pool has %u nodes; what is left must be 1 to %d",
				 edit, p->nodes, MOST_NODES);
	p->nodes = (uint32_t)nodes;
	return SUAN_OK;
}

enum suan_code suan_whatif_add(struct suan_whatif *w, const char *edit, struct suan_err *err)
{
	static const char field[] = ".nodes=";
	char *text = suan_arena_str(w->arena, edit), *pool, *value;
	const struct suan_site_spec *s;
	struct suan_pool_spec *p;

	if (!text)
		return no_memory(err);
	pool = strchr(text, '/');
	value = pool ? strstr(pool, field) : NULL;
	if (!value)
		return suan_fail(err, SUAN_EINVAL,
				 "--add: found \"%.200s\", want SITE/POOL.nodes=+N", edit);
	*pool++ = '\0';
	*value = '\0';
	s = find_site(&w->now, text);
	if (!s)
		return no_site(&w->now, "--add", text, err);
	p = find_pool(s, pool);
	if (!p)
		return no_pool(s, pool, err);
	return set_nodes(p, edit, value + sizeof(field) - 1, err);
}

enum suan_code suan_whatif_without(struct suan_whatif *w, const char *site, struct suan_err *err)
{
	const struct suan_site_spec *s = find_site(&w->now, site);

	if (!s)
		return no_site(&w->now, "--without", site, err);
	if (w->now.nsites == 1)
		return suan_fail(err, SUAN_EINVAL, "--without: %s is the only site", site);
	drop_site(&w->now, (uint32_t)(s - w->now.sites));
	return suan_latency_measure(&w->now, w->arena, err);
}

/* ---- how the sites fared ---- */

struct outages {
	const struct suan_whatif *w;
	int64_t zero_ms;
	struct suan_sim_outages *to;
	uint32_t left_out;
};

static uint32_t number_of(const struct suan_network *net, const struct suan_pool_spec *p)
{
	uint32_t before = 0;

	for (uint32_t i = 0; i < net->nsites; i++) {
		const struct suan_site_spec *s = &net->sites[i];

		if (p >= s->pools && p < s->pools + s->npools)
			return before + (uint32_t)(p - s->pools);
		before += s->npools;
	}
	return SUAN_NO_POOL;
}

static enum suan_code add_outage(struct outages *o, int64_t at_ms, struct suan_sim_outage x)
{
	x.at_ms = at_ms > o->zero_ms ? at_ms - o->zero_ms : 0;
	return suan_sim_outages_add(o->to, &x);
}

static enum suan_code pool_lacks(struct outages *o, int64_t at_ms, const struct suan_pool_spec *p,
				 uint32_t missing)
{
	uint32_t left = p->nodes > missing ? p->nodes - missing : 0;

	return add_outage(o, at_ms,
			  (struct suan_sim_outage){.kind = SUAN_SIM_POOL,
						   .number = number_of(&o->w->now, p),
						   .value = left});
}

/* How many nodes there were less than the most that there ever were. */
static uint32_t missing_of(const struct suan_whatif *w, const char *site, const char *pool,
			   uint32_t had)
{
	const struct suan_pool_spec *most = find_pool(find_site(&w->then, site), pool);

	return most && most->nodes > had ? most->nodes - had : 0;
}

/* Pools that a later network has, or has more of, were not there before. */
static enum suan_code take_network(struct outages *o, const struct suan_past_network *n, bool first)
{
	const struct suan_network *now = &o->w->now;
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; i < now->nsites; i++) {
		const struct suan_site_spec *s = &now->sites[i];

		for (uint32_t k = 0; rc == SUAN_OK && k < s->npools; k++) {
			const struct suan_pool_spec *was =
				find_pool(find_site(&n->net, s->name), s->pools[k].name);
			uint32_t missing =
				missing_of(o->w, s->name, s->pools[k].name, was ? was->nodes : 0);

			if (missing > 0 || !first)
				rc = pool_lacks(o, n->at_ms, &s->pools[k], missing);
		}
	}
	return rc;
}

static enum suan_code take_change(struct outages *o, const struct suan_past_change *c)
{
	const struct suan_site_spec *s = find_site(&o->w->now, c->site);
	const struct suan_pool_spec *p = c->pool ? find_pool(s, c->pool) : NULL;
	struct suan_sim_outage x = {.kind = SUAN_SIM_SITE};

	if (!s || (c->pool && !p)) {
		o->left_out++;
		return SUAN_OK;
	}
	if (p)
		return pool_lacks(o, c->at_ms, p,
				  o->w->other ? c->nodes - c->usable
					      : missing_of(o->w, c->site, c->pool, c->usable));
	x.number = (uint32_t)(s - o->w->now.sites);
	x.value = c->state == SUAN_SITE_UP ? SUAN_SITE_UP : SUAN_SITE_DRAIN;
	return add_outage(o, c->at_ms, x);
}

enum suan_code suan_whatif_outages(const struct suan_whatif *w, const struct suan_past *p,
				   int64_t zero_ms, struct suan_sim_outages *ret,
				   uint32_t *ret_left_out, struct suan_err *err)
{
	struct suan_sim_outages all = {0};
	struct outages o = {.w = w, .zero_ms = zero_ms, .to = &all};
	uint32_t first, n = w->other ? 0 : in_force(p, zero_ms, w->until_ms, &first);
	enum suan_code rc = SUAN_OK;

	for (uint32_t i = 0; rc == SUAN_OK && i < n && w->networks > 1; i++)
		rc = take_network(&o, &p->networks[first + i], i == 0);
	for (size_t i = 0; rc == SUAN_OK && i < p->nchanges; i++)
		rc = take_change(&o, &p->changes[i]);
	if (rc != SUAN_OK) {
		suan_sim_outages_done(&all);
		return no_memory(err);
	}
	*ret = all;
	*ret_left_out = o.left_out;
	return SUAN_OK;
}

/* ---- accounts ---- */

/* What was taken then is asked for now: no limit of what may wait. */
static void unlimit(struct suan_limits *l)
{
	l->set &= ~(1u << SUAN_LIMIT_PENDING);
}

static void unlimit_queue(struct suan_accounts *a)
{
	for (uint32_t i = 0; i < a->naccounts; i++) {
		unlimit(&a->accounts[i].limits);
		unlimit(&a->accounts[i].user_limits);
	}
	for (uint32_t i = 0; i < a->nqos; i++) {
		unlimit(&a->qos[i].limits);
		unlimit(&a->qos[i].user_limits);
	}
}

enum suan_code suan_whatif_accounts(const struct suan_past *p, int64_t zero_ms,
				    struct suan_arena *arena, struct suan_whatif_accounts *ret,
				    struct suan_err *err)
{
	struct suan_sim_command *list = suan_arena_array(arena, p->naccounts + 1, sizeof(*list));

	*ret = (struct suan_whatif_accounts){.later = list};
	if (!list)
		return no_memory(err);
	for (size_t i = 0; i < p->naccounts; i++) {
		struct suan_past_accounts *x = &p->accounts[i];

		unlimit_queue(&x->def);
		if (x->at_ms <= zero_ms) {
			ret->first = x->def;
			ret->any = true;
			continue;
		}
		list[ret->nlater++] = (struct suan_sim_command){.at_ms = x->at_ms - zero_ms,
								.accounts = &x->def};
	}
	return SUAN_OK;
}
