/* The engine decides the same on every machine: hashes of fixed histories (arrays, dependencies,
 * outages, cancels, accelerators, delegated pools, every policy) against the committed list, see
 * lib/golden.h. The histories of this file are apart from those of engine_random.h so that they
 * need not change when those learn something new: do not change them, add others. */
#include "base/rng.h"
#include "lib/engine_kit.h"
#include "lib/golden.h"

#define STEPS 1200

struct world {
	struct kit k;
	struct suan_rng rng;
	struct suan_range sets[4];
	uint64_t last, effects, starts, ends, cancels, outages;
	uint32_t nsets;
};

static uint32_t dice(struct world *w, uint32_t n)
{
	return (uint32_t)suan_rng_below(&w->rng, n);
}

static void mix(struct world *w, uint64_t v)
{
	w->effects = (w->effects ^ v) * UINT64_C(1099511628211);
	w->effects ^= w->effects >> 29;
}

/* What the last event did, with the nodes of what it started. */
static void note(struct world *w)
{
	const struct suan_effects *fx = &w->k.fx;

	mix(w, (uint64_t)fx->code << 32 | (uint64_t)fx->refused);
	mix(w, fx->first_job);
	for (size_t i = 0; i < fx->count; i++) {
		const struct suan_effect *f = &fx->list[i];
		const struct suan_place *p = NULL;
		uint32_t n = 0;

		mix(w, (uint64_t)f->type << 32 | (uint64_t)f->state);
		mix(w, f->run.job);
		mix(w, (uint64_t)f->run.index << 32 | f->run.attempt);
		mix(w, f->pool);
		mix(w, (uint64_t)f->at_ms);
		if (f->type == SUAN_FX_START)
			p = suan_engine_places(w->k.e, f->run, &n);
		for (uint32_t k = 0; k < n; k++)
			mix(w, (uint64_t)p[k].node << 32 | p[k].tasks);
		w->starts += f->type == SUAN_FX_START;
	}
}

static void network(struct world *w)
{
	struct kit *k = &w->k;
	struct suan_pool_spec *p;
	struct suan_site_spec *s = kit_site(k, "a", "east");

	kit_pool(s, "cpu", 6, 8);
	p = kit_pool(s, "gpu", 5, 16);
	p->gpu = "a800";
	p->gpus = 8;
	s = kit_site(k, "b", "west");
	s->price_uyuan_kwh = 300000;
	p = kit_pool(s, "cpu", 4, 12);
	p->busy_watt = 300;
	p = kit_pool(s, "gpu", 3, 12);
	p->gpu = "910b";
	p->gpus = 4;
	s = kit_site(k, "c", "west");
	kit_pool(s, "batch", 8, 4)->delegated = SUAN_DELEGATED_YES;
	kit_network(k);
	note(w);
}

/* Dice fall one after the other: the arguments of a call have no order of their own. */
static void submit(struct world *w)
{
	int64_t limit = 1000 * (10 + (int64_t)dice(w, 600));
	uint32_t cores = 1 + dice(w, 4), tasks = 1 + dice(w, 6);
	struct suan_job_spec s = kit_job(tasks, cores, limit);
	static const char *const users[] = {"u", "v", "w"}, *const kinds[] = {"", "a800", "910b"};
	struct suan_dep deps[2];
	char text[64];

	s.user = users[dice(w, 3)];
	s.estimate_ms = dice(w, 2) ? 1 + (int64_t)dice(w, (uint32_t)limit) : 0;
	s.priority = (int32_t)dice(w, 3) - 1;
	s.req.memory = (uint64_t)dice(w, 3) << 29;
	s.req.exclusive = dice(w, 12) == 0;
	s.req.nodes = dice(w, 6) == 0 ? 1 + dice(w, s.req.tasks) : 0;
	if (dice(w, 3) == 0) {
		s.req.gpus = 1 + dice(w, 4);
		s.gpu = kinds[dice(w, 3)];
	}
	s.hold = dice(w, 12) == 0;
	s.begin_ms = dice(w, 8) == 0 ? w->k.now + dice(w, 60000) : 0;
	s.guarantee = (enum suan_guarantee)dice(w, 3);
	if (dice(w, 4) == 0) {
		uint32_t cap = dice(w, 5), step = 1 + dice(w, 2), last = 3 + dice(w, 12);

		snprintf(text, sizeof(text), "0-%u:%u%%%u", last, step, cap);
		s.array = &w->sets[w->nsets % 4];
		if (suan_range_parse(text, &w->sets[w->nsets++ % 4], NULL) != SUAN_OK)
			abort();
	}
	s.deps = deps;
	s.ndeps = dice(w, 4) == 0 && w->last > 8 ? 1 + dice(w, 2) : 0;
	for (uint32_t i = 0; i < s.ndeps; i++) {
		deps[i].type = (enum suan_dep_type)dice(w, 4);
		deps[i].job = w->last - dice(w, 8);
	}
	if (kit_submit(&w->k, &s) > 0)
		w->last = w->k.fx.first_job;
	note(w);
}

static void report(struct world *w)
{
	struct suan_report r = {.text = "", .kind = SUAN_REPORT_STARTED, .at_ms = w->k.now};
	uint32_t skip = dice(w, 16);

	while (suan_engine_next_run(w->k.e, &r.run) && skip-- > 0)
		;
	if (r.run.job == 0)
		return;
	if (dice(w, 3) > 0) {
		r.kind = SUAN_REPORT_ENDED;
		r.outcome = dice(w, 5) ? SUAN_OUT_EXITED
				       : (enum suan_outcome)(1 + dice(w, SUAN_OUT_UNKNOWN));
		r.exit_code = dice(w, 4) == 0;
		w->ends++;
	}
	kit_report(&w->k, &r);
	note(w);
}

static void command(struct world *w)
{
	static const enum suan_event_type types[] = {SUAN_EV_CANCEL, SUAN_EV_HOLD, SUAN_EV_RELEASE,
						     SUAN_EV_RELEASE, SUAN_EV_REQUEUE,
						     SUAN_EV_PRIORITY};
	struct suan_event ev = {.type = types[dice(w, 6)]};

	ev.u.target.job = w->last > 20 ? w->last - dice(w, 20) : w->last;
	ev.u.target.all = dice(w, 3) > 0;
	ev.u.target.index = dice(w, 6);
	ev.u.target.priority = (int32_t)dice(w, 4);
	w->cancels += kit_step(&w->k, &ev) == SUAN_OK && ev.type == SUAN_EV_CANCEL;
	note(w);
}

static void outage(struct world *w)
{
	static const char *const names[] = {"a", "b", "c"};
	struct suan_event ev = {.type = SUAN_EV_CAPACITY};

	if (dice(w, 2)) {
		enum suan_site_state to = dice(w, 2) ? SUAN_SITE_UP
						     : (enum suan_site_state)dice(w, 3);

		kit_site_state(&w->k, names[dice(w, 3)], to);
	} else {
		ev.u.capacity.pool = dice(w, 5);
		ev.u.capacity.nodes = dice(w, 9);
		kit_step(&w->k, &ev);
	}
	w->outages++;
	note(w);
}

static void step(struct world *w)
{
	uint32_t what = dice(w, 100);

	w->k.now += dice(w, 2) ? dice(w, 900) : dice(w, 5) ? 0 : dice(w, 30000);
	if (what < 22)
		submit(w);
	else if (what < 62)
		report(w);
	else if (what < 70)
		command(w);
	else if (what < 73)
		outage(w);
	else
		kit_pass(&w->k);
	note(w);
}

/* The history, with a snapshot and a new engine in the middle if asked: that changes nothing. */
static void play(struct golden *g, const struct suan_policy *policy, uint64_t seed, bool resume)
{
	struct world w = {.effects = 14695981039346656037u};
	struct suan_engine *next;
	struct suan_buf b;
	char what[64];

	suan_rng_init(&w.rng, seed);
	kit_init(&w.k);
	kit_policy(&w.k, policy);
	network(&w);
	while (suan_engine_seq(w.k.e) < STEPS) {
		step(&w);
		if (!resume || suan_engine_seq(w.k.e) % 97 != 0)
			continue;
		suan_buf_init(&b, 0);
		if (suan_engine_save(w.k.e, &b, NULL) != SUAN_OK ||
		    suan_engine_load(&next, b.data, b.len, NULL) != SUAN_OK)
			abort();
		suan_buf_done(&b);
		suan_engine_free(w.k.e);
		w.k.e = next;
	}
	snprintf(what, sizeof(what), "%s,%s,%" PRIu64, suan_policy_name(policy->kind),
		 suan_packing_name(policy->packing), seed);
	if (!g->make && !resume)
		ok(w.starts > 100 && w.ends > 50 && w.cancels > 5 && w.outages > 10,
		   "%s: %" PRIu64 " starts, %" PRIu64 " ends, %" PRIu64 " cancels, %" PRIu64
		   " outages", what, w.starts, w.ends, w.cancels, w.outages);
	if (resume)
		ok(w.effects == g->got[g->ngot - 1].effects &&
		   suan_engine_hash(w.k.e) == g->got[g->ngot - 1].state,
		   "%s: and the same from snapshots", what);
	else
		golden_is(g, what, w.effects, suan_engine_hash(w.k.e));
	kit_done(&w.k);
}

int main(void)
{
	static struct golden g;

	golden_begin(&g, "t_golden");
	for (uint64_t seed = 1; seed <= 3; seed++) {
		for (int kind = 0; kind < SUAN_NPOLICIES; kind++) {
			struct suan_policy p = {.kind = (enum suan_policy_kind)kind,
						.plan_depth = seed == 2 ? 4 : 0,
						.predict = seed == 3};
			bool resume;

			/* no snapshot says what was predicted of a run when it started; only
			 * simulations predict, and those have no snapshots */
			resume = !g.make && !p.predict;
			play(&g, &p, seed, false);
			if (resume)
				play(&g, &p, seed, true);
			if (kind != SUAN_POLICY_SUAN)
				continue;
			p.packing = SUAN_FRAGMENTATION;
			play(&g, &p, seed, false);
			if (resume)
				play(&g, &p, seed, true);
		}
	}
	golden_end(&g);
	return g.make ? 0 : tap_done();
}
