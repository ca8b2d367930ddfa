/* The planner agrees with the slow reference planner after every pass of random histories: the same
 * starts on the same nodes in the same order, the same predictions. SUAN_SEED repeats one. */
#include "lib/tap.h"
#include "lib/slow.h"

#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "engine/planner.h"
#include "lib/refplan.h"

#define KINDS 6
#ifdef SLOW_BUILD
#define CASES 5000	/* five times as slow */
#else
#define CASES 10200	/* test.sh --long: 20000 */
#endif

struct world {
	struct suan_rng rng;
	struct suan_planner *fast;
	struct ref *slow;
	uint32_t fast_run[REF_RUNS];	/* by the reference's number */
	struct suan_item kinds[KINDS];	/* asks that come again and again */
	uint64_t allow[KINDS];
	uint64_t next_id;
	int64_t now;
	bool large, lengthy;	/* lengthy: mostly asks of more than five minutes */
	bool lone;		/* one pool of many cores, and few are firm */
	bool quotas;		/* groups with limits */
	bool pushes;		/* some items may push out others */
	uint32_t runs;		/* named so far */
	uint64_t stops;
	uint64_t starts, predictions;
	struct suan_mix mix;
	uint64_t by_mix, unnumbered;	/* starts */
	bool windows;		/* nodes are kept for groups */
	bool mixed;		/* and pools come whose nodes have no numbers */
	struct suan_window window[REF_WINDOWS];
	uint32_t nodes[REF_WINDOWS][REF_NODES], nwindows, next_group;
	uint64_t grouped;	/* starts in windows */
	uint64_t behind; /* windows behind runs without node numbers */
	uint64_t toggled;	/* where windows are, nodes got or lost their numbers */
	bool arrivals;		/* some may run in a pool only from a time on */
	uint64_t delayed;	/* starts of such */
};

static uint32_t pick(struct world *w, uint32_t n)
{
	return (uint32_t)suan_rng_below(&w->rng, n);
}

static bool chance(struct world *w, uint32_t percent)
{
	return pick(w, 100) < percent;
}

/* As after a restart: the slots are given back to the planner that made them. */
static void give_slots_back(struct world *w)
{
	static struct suan_kept list[REF_HOLDS];
	struct suan_kept one;
	int64_t freed;
	size_t n = suan_planner_kept(w->fast, 0, &one, &freed);

	for (size_t i = 0; i < n && i < REF_HOLDS; i++)
		(void)suan_planner_kept(w->fast, i, &list[i], &freed);
	if (suan_planner_keep(w->fast, list, n, freed) != SUAN_OK)
		abort();
}

static void set_pool(struct world *w, uint32_t i, const struct suan_plan_pool *spec)
{
	ref_pool(w->slow, i, spec);
	if (suan_planner_pool(w->fast, i, spec) != SUAN_OK)
		abort();
}

/* Groups, sets and limits anew, for all that runs and waits. */
static void set_quotas(struct world *w)
{
	struct ref *r = w->slow;

	suan_planner_groups_drop(w->fast);
	for (uint32_t g = 0; g < REF_GROUPS; g++) {
		struct suan_limits *l = &r->groups[g];

		memset(l, 0, sizeof(*l));
		l->set = pick(w, 1u << SUAN_RUN_LIMITS);
		l->most[SUAN_LIMIT_RUNS] = pick(w, 8);
		l->most[SUAN_LIMIT_CORES] = pick(w, w->large ? 200 : 30);
		l->most[SUAN_LIMIT_GPUS] = pick(w, 8);
		l->most[SUAN_LIMIT_MEMORY] = pick(w, 40);
		if (suan_planner_group(w->fast, g, l) != SUAN_OK)
			abort();
	}
	for (uint32_t s = 1; s < REF_SETS; s++) {
		uint32_t members[REF_GROUPS], n = 0;

		r->sets[s] = pick(w, 1u << REF_GROUPS);
		for (uint32_t g = 0; g < REF_GROUPS; g++)
			if (r->sets[s] >> g & 1)
				members[n++] = g;
		if (suan_planner_group_set(w->fast, s, members, n) != SUAN_OK)
			abort();
	}
	for (uint32_t i = 0; i < r->nruns; i++)
		if (r->runs[i].alive)
			suan_planner_regroup(w->fast, w->fast_run[i], r->runs[i].ask.quota);
}

static void make_pools(struct world *w)
{
	uint32_t n = w->large || w->lone ? 1 : 1 + pick(w, 4);

	for (uint32_t i = 0; i < n; i++) {
		struct suan_plan_pool p = {0};

		p.nodes = w->large ? 66 + pick(w, 20) : 1 + pick(w, chance(w, 50) ? 2 : 6);
		p.cores = 1 + pick(w, w->large ? 4 : 8);
		if (w->lone)
			p.cores += 40;
		p.gpus = chance(w, 50) ? pick(w, 5) : 0;
		p.gpu_kind = p.gpus ? 1 + pick(w, 2) : 0;
		p.memory = chance(w, 70) ? 4 + pick(w, 16) : 0;
		p.rank = pick(w, 3);
		p.counted = (!w->windows || w->mixed) && chance(w, 15);
		set_pool(w, i, &p);
	}
}

/* What users ask for, as the scheduler would have learnt it. */
static void make_mix(struct world *w)
{
	w->mix.count = pick(w, 6);
	for (uint32_t i = 0; i < w->mix.count; i++)
		w->mix.list[i] = (struct suan_mix_shape){
			.memory = chance(w, 40) ? pick(w, 10) : 0, .cores = 1 + pick(w, 5),
			.gpus = 1 + pick(w, 4), .gpu_kind = pick(w, 3),
			.weight = 1 + pick(w, 9)};
}

static void make_ask(struct world *w, struct suan_item *item, uint64_t *allow)
{
	struct suan_req *q = &item->ask.req;

	memset(item, 0, sizeof(*item));
	q->tasks = chance(w, 50) ? 1 : 1 + pick(w, w->large ? 60 : 8);
	q->cores = 1 + pick(w, 4);
	if (chance(w, 25))
		q->nodes = 1 + pick(w, w->large ? 40 : 4);
	if (chance(w, 30))
		q->memory = 1 + pick(w, 8);
	if (chance(w, 25)) {
		q->gpus = 1 + pick(w, 2);
		q->gpu_kind = pick(w, 3);
	}
	q->exclusive = chance(w, 20);
	if (q->nodes > q->tasks && !q->exclusive)
		q->nodes = q->tasks;
	item->ask.duration_ms = 1000 * (1 + pick(w, chance(w, 50) ? 5 : 40));
	if (chance(w, w->lengthy ? 90 : 40))
		item->ask.duration_ms += 1000 * (290 + pick(w, 30));	/* around short */
	if (w->pushes && chance(w, 60))
		item->ask.duration_ms *= 10;
	item->ask.limit_ms = item->ask.duration_ms + 1000 * (chance(w, 50) ? pick(w, 20) : 0);
	item->ask.fit_ms = item->ask.duration_ms;
	if (chance(w, w->lengthy ? 10 : 40))
		item->ask.fit_ms = 1000 * (1 + pick(w, (uint32_t)(item->ask.duration_ms / 1000)));
	if (w->quotas && chance(w, 60))
		item->ask.quota = 1 + pick(w, REF_SETS - 1);
	if (w->pushes) {
		if (chance(w, 60))
			item->ask.push.over = 2u * pick(w, 8);
		if (chance(w, 80))
			item->ask.push.class = (uint8_t)(1 + pick(w, 3));
		item->ask.push.saves = chance(w, 30);
		item->ask.push.grace_ms = chance(w, 20) ? 4000 : 0;
	}
	if (chance(w, 30)) {
		*allow = 1 + pick(w, 15);
		item->ask.allow = allow;
		item->ask.nallow = 1;
	}
}

static void join_group(struct world *w, struct suan_item *item);

static void arrive(struct world *w)
{
	struct suan_item item;
	uint64_t allow;

	if (chance(w, 60))
		item = w->kinds[pick(w, KINDS)];
	else
		make_ask(w, &item, &allow);
	if (w->quotas && chance(w, 30))
		item.ask.quota = pick(w, REF_SETS);	/* kinds that differ in nothing else */
	item.id = chance(w, 5) && w->next_id > 1 ? 1 + pick(w, (uint32_t)w->next_id) : w->next_id++;
	item.priority = chance(w, 30) ? (int32_t)pick(w, 3) - 1 : 0;
	if (w->pushes && chance(w, 60))
		item.priority = (int32_t)pick(w, 6);
	item.key = chance(w, 30) ? (int64_t)pick(w, 4) - 1 : 0;
	item.firm_ms = chance(w, 50) ? w->now + 1000 * (int64_t)pick(w, 60) : 0;
	if (w->lone && chance(w, 97)) {
		item.firm_ms = SUAN_FOREVER;
		if (chance(w, 30))
			item.firm_ms = w->now + INT64_C(162) * 3600000 + 1000 * pick(w, 60);
	}
	item.count = chance(w, 20) ? 1 + pick(w, 4) : 1;
	join_group(w, &item);
	if (w->arrivals && chance(w, 40))
		item.ask.arrivals = 1 + pick(w, REF_SETS - 1);
	ref_add(w->slow, &item);
	if (suan_planner_add(w->fast, &item) != SUAN_OK)
		abort();
}

/* ---- windows ---- */

static bool kept_then(const struct world *w, const struct suan_window *x, uint32_t node)
{
	for (uint32_t i = 0; i < w->nwindows; i++) {
		const struct suan_window *y = &w->window[i];

		if (y->pool != x->pool || y->from_ms >= x->to_ms || y->to_ms <= x->from_ms)
			continue;
		for (uint32_t k = 0; k < y->count; k++)
			if (y->nodes[k] == node)
				return true;
	}
	return false;
}

/* By when are the runs over that come from a time when the pool's nodes had no numbers? The engine
 * keeps nodes there from then on only; what overruns meets windows all the same. */
static int64_t unnumbered_until(const struct world *w, uint32_t pool)
{
	int64_t until = INT64_MIN;

	for (uint32_t i = 0; i < w->slow->nruns; i++) {
		const struct ref_run *r = &w->slow->runs[i];

		for (uint32_t k = 0; r->alive && r->pool == pool && k < r->nplaces; k++)
			if (r->places[k].node == SUAN_NO_NODE && r->start + r->ask.limit_ms > until)
				until = r->start + r->ask.limit_ms;
	}
	return until;
}

static void add_window(struct world *w)
{
	struct suan_window x = {.group = w->next_group++, .pool = pick(w, w->slow->npools)};
	uint32_t *nodes = w->nodes[w->nwindows];
	int64_t until = unnumbered_until(w, x.pool);

	if (w->slow->pools[x.pool].counted)
		return;	/* nobody can keep such nodes */
	if (chance(w, 20) && w->nwindows > 0)
		x.group = w->window[0].group;	/* a second window of a group */
	x.from_ms = w->now + 1000 * ((int64_t)pick(w, 40) - 5);
	x.to_ms = x.from_ms + 1000 * (int64_t)(1 + pick(w, 60));
	for (uint32_t i = 0; i < w->slow->pools[x.pool].nodes; i++)
		if (chance(w, 50) && !kept_then(w, &x, i))
			nodes[x.count++] = i;
	x.nodes = nodes;
	if (x.count == 0)
		return;
	w->window[w->nwindows++] = x;
	w->behind += until > INT64_MIN;
}

static void drop_window(struct world *w, uint32_t i)
{
	w->nwindows--;
	w->window[i] = w->window[w->nwindows];
	memcpy(w->nodes[i], w->nodes[w->nwindows], sizeof(w->nodes[i]));
	w->window[i].nodes = w->nodes[i];
}

static void set_windows(struct world *w)
{
	ref_windows(w->slow, w->window, w->nwindows);
	if (suan_planner_windows(w->fast, w->window, w->nwindows) != SUAN_OK)
		abort();
}

/* As the engine does it: the pool's nodes get or lose their numbers, and its windows go. */
static void toggle_counted(struct world *w, uint32_t pool, struct suan_plan_pool *p)
{
	p->counted = !p->counted;
	for (uint32_t i = w->nwindows; i-- > 0;)
		if (w->window[i].pool == pool)
			drop_window(w, i);
	if (w->windows)
		set_windows(w);
	w->toggled += w->windows;
}

static void change_windows(struct world *w)
{
	for (uint32_t i = w->nwindows; i-- > 0;)
		if (chance(w, w->window[i].to_ms <= w->now ? 60 : 5))
			drop_window(w, i);
	if (w->nwindows < REF_WINDOWS && chance(w, 40))
		add_window(w);
	set_windows(w);
	if (chance(w, 50)) {
		suan_planner_freed(w->fast, SUAN_FOREVER);
		ref_freed(w->slow);
	}
}

/* Some wait for a window: one there is, or one that is gone. */
static void join_group(struct world *w, struct suan_item *item)
{
	if (!w->windows || !chance(w, 35))
		return;
	item->ask.group = w->nwindows > 0 && chance(w, 90)
				  ? w->window[pick(w, w->nwindows)].group
				  : 1 + pick(w, w->next_group);
	if (chance(w, 50)) {	/* short enough */
		item->ask.duration_ms = 1000 * (1 + pick(w, 10));
		item->ask.limit_ms = item->ask.duration_ms + 1000 * pick(w, 3);
		item->ask.fit_ms = item->ask.duration_ms;
	}
}

static void end_run(struct world *w, uint32_t i)
{
	suan_planner_end(w->fast, w->fast_run[i]);
	ref_end(w->slow, i);
}

static void change_pool(struct world *w)
{
	uint32_t i = pick(w, w->slow->npools);
	struct suan_plan_pool p = w->slow->pools[i];

	p.closed = chance(w, 30) ? SUAN_R_SITE_DRAIN : SUAN_R_NONE;
	if (chance(w, 50))
		p.nodes = w->large ? 50 + pick(w, 40) : pick(w, 7);
	if (chance(w, 20))
		p.rank = pick(w, 3);
	if ((!w->windows || w->mixed) && chance(w, 10))
		toggle_counted(w, i, &p);
	set_pool(w, i, &p);
	if (chance(w, 50)) {
		suan_planner_freed(w->fast, SUAN_FOREVER);
		ref_freed(w->slow);
	}
}

/* What is read comes to a pool: at once, never, or at a time that may change. */
static void set_arrivals(struct world *w)
{
	int64_t at[REF_POOLS];
	uint32_t set = 1 + pick(w, REF_SETS - 1);

	for (uint32_t i = 0; i < REF_POOLS; i++) {
		at[i] = w->now + 1000 * (int64_t)pick(w, 60) - 5000;
		if (chance(w, 40))
			at[i] = INT64_MIN;
		else if (chance(w, 15))
			at[i] = SUAN_FOREVER;
	}
	ref_arrivals(w->slow, set, at);
	if (suan_planner_arrivals(w->fast, set, at, REF_POOLS) != SUAN_OK)
		abort();
	suan_planner_freed(w->fast, SUAN_FOREVER);
}

/* Ends, arrivals and changes at one instant. */
static void happen(struct world *w, uint32_t busy)
{
	bool calm = chance(w, 30);	/* nothing but arrivals */

	for (uint32_t i = 0; i < w->slow->nruns && !calm; i++) {
		const struct ref_run *r = &w->slow->runs[i];
		int64_t due = r->start + r->ask.duration_ms;

		if (r->alive && (chance(w, r->stopping ? 40 : 8) ||
				 (w->now >= due && chance(w, 70))))
			end_run(w, i);
	}
	for (uint32_t n = pick(w, busy); n > 0 && w->slow->nitems < REF_ITEMS - 8; n--)
		arrive(w);
	if (calm)
		return;
	if (chance(w, 5) && w->next_id > 1) {
		uint64_t id = 1 + pick(w, (uint32_t)w->next_id);

		ref_drop(w->slow, id);
		suan_planner_drop(w->fast, id);
	}
	if (chance(w, 6))
		change_pool(w);
	if (w->quotas && chance(w, 5))
		set_quotas(w);
	if (w->windows && chance(w, 30))
		change_windows(w);
	if (w->arrivals && chance(w, 30))
		set_arrivals(w);
	if (chance(w, 10))
		give_slots_back(w);
	if (chance(w, 20))
		make_mix(w);
}

static bool same_start(const struct suan_start *s, const struct ref_run *r)
{
	if (s->id != r->id || s->pool != r->pool || s->nplaces != r->nplaces)
		return false;
	if (s->ncands == 0 || s->cands[0].pool != s->pool ||
	    s->cands[0].reason != SUAN_R_CHOSEN)
		return false;
	for (uint32_t k = 0; k < r->nplaces; k++)
		if (s->places[k].node != r->places[k].node ||
		    s->places[k].tasks != r->places[k].tasks)
			return false;
	return true;
}

static bool same_predictions(struct world *w)
{
	for (uint32_t i = 0; i < w->slow->nitems; i++) {
		const struct ref_item *x = &w->slow->items[i];
		uint32_t pool;
		int64_t at;
		uint64_t ahead;
		bool got = suan_planner_predicted(w->fast, x->item.id, &pool, &at, &ahead);

		if (got != x->predicted || (got && (pool != x->pool || at != x->at))) {
			printf("# item %llu of group %u: got %d pool %u at %lld, want %d pool %u "
			       "at %lld\n", (unsigned long long)x->item.id,
			       x->item.ask.group, got, pool, (long long)at,
			       x->predicted, x->pool, (long long)x->at);
			return false;
		}
		w->predictions += got;
	}
	return true;
}

/* Some are carried out, some are not, as when an engine could not. */
static bool same_stops(struct world *w)
{
	const struct suan_stop *stops;
	uint32_t n = suan_planner_stops(w->fast, &stops);

	if (n != w->slow->nstops) {
		printf("# %u stops, want %u\n", n, w->slow->nstops);
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct suan_stop *s = &stops[i], *want = &w->slow->stops[i];

		if (s->id != want->id || s->by != want->by || s->index != want->index ||
		    s->run != w->fast_run[want->run] || s->until_ms != want->until_ms) {
			printf("# stop %u: got %llu/%u for %llu, want %llu/%u for %llu\n", i,
			       (unsigned long long)s->id, s->index, (unsigned long long)s->by,
			       (unsigned long long)want->id, want->index,
			       (unsigned long long)want->by);
			return false;
		}
		if (chance(w, 10))
			continue;
		suan_planner_stop(w->fast, s->run, s->until_ms);
		ref_stop(w->slow, want->run, s->until_ms);
		w->stops++;
	}
	return true;
}

static bool pass(struct world *w)
{
	const struct suan_start *starts;
	struct suan_err err = {0};
	int64_t wake;
	uint32_t n;

	ref_pass(w->slow, w->now);
	if (suan_planner_pass(w->fast, w->now, &starts, &n, &wake) != SUAN_OK)
		return false;
	for (uint32_t i = 0; i < n && i < w->slow->nstarted; i++) {
		uint32_t run = w->slow->started[i];

		if (!same_start(&starts[i], &w->slow->runs[run])) {
			printf("# start %u: got item %llu in pool %u, want %llu in %u\n", i,
			       (unsigned long long)starts[i].id, starts[i].pool,
			       (unsigned long long)w->slow->runs[run].id, w->slow->runs[run].pool);
			return false;
		}
		w->fast_run[run] = starts[i].run;
		w->slow->runs[run].index = w->runs;
		suan_planner_name(w->fast, starts[i].run, w->runs++);
		w->unnumbered += starts[i].places[0].node == SUAN_NO_NODE;
		w->by_mix += w->slow->mix && w->slow->kind == SUAN_PLAN_SUAN &&
			     w->mix.count > 0 && w->slow->pools[starts[i].pool].gpus > 0;
		w->grouped += w->slow->runs[run].ask.group > 0;
		w->delayed += w->slow->runs[run].ask.arrivals > 0;
	}
	if (n != w->slow->nstarted) {
		printf("# %u starts, want %u\n", n, w->slow->nstarted);
		if (n < w->slow->nstarted) {
			const struct ref_run *r = &w->slow->runs[w->slow->started[n]];

			printf("# item %llu in pool %u, group %u\n", (unsigned long long)r->id,
			       r->pool, r->ask.group);
		}
		return false;
	}
	w->starts += n;
	if (!same_stops(w))
		return false;
	if (suan_planner_verify(w->fast, &err) != SUAN_OK) {
		printf("# %s\n", err.text);
		return false;
	}
	return same_predictions(w);
}

static void set_pushes(struct world *w)
{
	struct suan_push_rules *rules = &w->slow->rules;

	w->pushes = chance(w, 40);
	if (!w->pushes)
		return;
	rules->min_run_ms = 1000 * (int64_t)pick(w, 5);
	rules->grace_ms = 1000 * (1 + (int64_t)pick(w, 2));
	rules->max_victims = 1 + pick(w, 6);
	if (suan_planner_push(w->fast, rules) != SUAN_OK)
		abort();
}

static bool history(struct world *w, uint64_t seed, struct ref *slow)
{
	static const uint32_t depths[] = {1, 2, 5, 1000};
	static const uint32_t steps[] = {0, 3, 1500, SUAN_PLAN_STEPS};
	static const char *const names[] = {"easy", "fcfs", "conservative", "suan"};
	enum suan_plan_mode kind;
	uint32_t depth, paid, passes, busy;
	bool good = true;

	suan_rng_init(&w->rng, seed);
	w->fast = suan_planner_new();
	w->slow = slow;
	w->next_id = 1;
	w->now = 1000000;
	w->next_group = 1;
	w->large = chance(w, 4);
	w->windows = seed % 2 == 0;
	w->mixed = seed % 4 == 0;
	kind = (enum suan_plan_mode)pick(w, SUAN_NPLANS);
	depth = depths[pick(w, 4)];
	paid = steps[pick(w, 4)];
	w->lone = !w->large && chance(w, 12);
	w->lengthy = w->lone || chance(w, 40);
	passes = w->large ? 10 : 30;
	busy = 2 + pick(w, 6);
	ref_init(slow, kind, depth);
	slow->steps = paid;
	suan_planner_policy(w->fast, kind, depth);
	suan_planner_steps(w->fast, paid);
	set_pushes(w);
	if (chance(w, 60)) {
		make_mix(w);
		slow->mix = &w->mix;
		suan_planner_mix(w->fast, &w->mix);
	}
	make_pools(w);
	w->quotas = chance(w, 50);
	if (w->quotas)
		set_quotas(w);
	w->arrivals = seed % 3 == 0;
	for (uint32_t i = 0; i < 2 * REF_SETS && w->arrivals; i++)
		set_arrivals(w);
	for (uint32_t i = 0; i < KINDS; i++)
		make_ask(w, &w->kinds[i], &w->allow[i]);
	for (uint32_t i = 0; i < passes && good; i++) {
		happen(w, busy);
		good = pass(w);
		if (!good)
			printf("# seed %llu, pass %u, policy %s, depth %u, steps %u\n",
			       (unsigned long long)seed, i, names[kind], depth, slow->steps);
		if (chance(w, 80))
			w->now += 1000 * (int64_t)pick(w, 8) + (chance(w, 20) ? 500 : 0);
	}
	suan_planner_free(w->fast);
	return good;
}

int main(void)
{
	const char *given = getenv("SUAN_SEED"), *many = getenv("SUAN_AGREE_CASES");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 1;
	uint64_t cases = given ? 1 : many ? strtoull(many, NULL, 10) : CASES;
	struct ref *slow = malloc(sizeof(*slow));
	struct world w = {0};
	uint64_t good = 0;
	clock_t begin = clock();

	if (!slow)
		return 1;
	printf("# seeds %llu to %llu\n", (unsigned long long)seed,
	       (unsigned long long)(seed + cases - 1));
	for (uint64_t i = 0; i < cases && good == i; i++) {
		uint64_t starts = w.starts, predictions = w.predictions, stops = w.stops;
		uint64_t by_mix = w.by_mix, unnumbered = w.unnumbered;
		uint64_t grouped = w.grouped, toggled = w.toggled, delayed = w.delayed;
		uint64_t behind = w.behind;

		memset(&w, 0, sizeof(w));
		w.by_mix = by_mix;
		w.unnumbered = unnumbered;
		w.starts = starts;
		w.predictions = predictions;
		w.stops = stops;
		w.grouped = grouped;
		w.toggled = toggled;
		w.delayed = delayed;
		w.behind = behind;
		good += history(&w, seed + i, slow);
	}
	printf("# %llu starts, %llu in windows, %llu predictions, %llu stops, %.1f s\n",
	       (unsigned long long)w.starts, (unsigned long long)w.grouped,
	       (unsigned long long)w.predictions, (unsigned long long)w.stops,
	       (double)(clock() - begin) / CLOCKS_PER_SEC);
	ok(good == cases, "%llu of %llu random histories agree", (unsigned long long)good,
	   (unsigned long long)cases);
	ok(given || (w.starts > cases * 5 && w.predictions > cases * 5 && w.stops > cases / 8 &&
		     w.grouped > cases / 5 && w.delayed > cases / 5),
	   "they are worth the name");
	ok(given || (w.toggled > cases / 60 && w.behind > 0),
	   "%llu times nodes got or lost their numbers, %llu windows behind runs without",
	   (unsigned long long)w.toggled, (unsigned long long)w.behind);
	ok(given || (w.by_mix > cases / 2 && w.unnumbered > cases / 2),
	   "%llu starts by fragmentation, %llu in counted pools",
	   (unsigned long long)w.by_mix, (unsigned long long)w.unnumbered);
	free(slow);
	return tap_done();
}
