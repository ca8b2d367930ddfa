/* Packing as the engine does it: the mix it learns, the policy that uses it, pools whose nodes
 * another scheduler chooses. */
#include "lib/engine_kit.h"

static const struct suan_place *places(const struct kit *k, uint64_t job, uint32_t *n)
{
	return suan_engine_places(k->e, (struct suan_run_id){job, 0, 1}, n);
}

static uint32_t node_of(const struct kit *k, uint64_t job)
{
	uint32_t n = 0;
	const struct suan_place *p = places(k, job, &n);

	return p && n == 1 ? p->node : UINT32_MAX - 1;
}

/* The engine as it comes back from its snapshot; hash and invariants must be the same. */
static void reload(struct kit *k)
{
	struct suan_engine *next = NULL;
	struct suan_buf b;
	struct suan_err err = {0};
	bool good;

	suan_buf_init(&b, 0);
	good = suan_engine_save(k->e, &b, &err) == SUAN_OK &&
	       suan_engine_load(&next, b.data, b.len, &err) == SUAN_OK;
	ok(good && suan_engine_hash(next) == suan_engine_hash(k->e) &&
	   suan_engine_verify(next, &err) == SUAN_OK, "as it was: %s", err.text);
	suan_buf_done(&b);
	if (!good)
		return;
	suan_engine_free(k->e);
	k->e = next;
}

static uint64_t ask(struct kit *k, uint32_t tasks, uint32_t cores, uint32_t gpus)
{
	struct suan_job_spec s = kit_job(tasks, cores, 600000);

	s.req.gpus = gpus;
	return kit_submit(k, &s);
}

static void gpu_site(struct kit *k, enum suan_packing packing, bool cpu)
{
	struct suan_site_spec *s;
	struct suan_pool_spec *p;

	kit_init(k);
	kit_policy(k, &(struct suan_policy){.kind = SUAN_POLICY_SUAN, .packing = packing});
	s = kit_site(k, "a", "east");
	p = kit_pool(s, "gpu", 3, 16);
	p->gpu = "a800";
	p->gpus = 4;
	if (cpu)
		kit_pool(s, "cpu", 1, 16);
	kit_network(k);
}

/* What was asked for before decides where one accelerator is taken: of a node that is broken up
 * already, though another has fewer free cores. */
static void learns(enum suan_packing packing, uint32_t want)
{
	struct kit k;
	uint64_t wide, one, again;

	gpu_site(&k, packing, false);
	wide = ask(&k, 1, 1, 4);
	kit_pass(&k);
	is_int(node_of(&k, wide), 0, "all accelerators of a node");
	kit_ended(&k, wide, 0, 1, SUAN_OUT_EXITED);
	one = ask(&k, 1, 7, 1);
	kit_pass(&k);
	is_int(node_of(&k, one), 0, "one of it");
	one = ask(&k, 1, 10, 0);
	kit_pass(&k);
	is_int(node_of(&k, one), 1, "cores alone on the next");
	reload(&k);
	again = ask(&k, 1, 1, 1);
	kit_pass(&k);
	is_int(node_of(&k, again), want, suan_packing_name(packing));
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

/* What was learnt outlives a restart: one of two that somebody could use is not taken. */
static void remembers(void)
{
	struct kit k;
	uint64_t two, one, again;

	gpu_site(&k, SUAN_FRAGMENTATION, false);
	two = ask(&k, 1, 1, 2);
	kit_pass(&k);
	is_int(node_of(&k, two), 0, "two of four");
	one = ask(&k, 1, 1, 1);
	kit_pass(&k);
	is_int(node_of(&k, one), 1, "one of another node, where three are left");
	reload(&k);
	again = ask(&k, 1, 1, 1);
	kit_pass(&k);
	is_int(node_of(&k, again), 1, "one of the three");
	kit_done(&k);
}

/* Cores alone go to the pool without accelerators while there is room. */
static void spares(enum suan_packing packing, uint32_t want)
{
	struct kit k;
	uint64_t wide, cpu;

	gpu_site(&k, packing, true);
	wide = ask(&k, 1, 1, 4);
	kit_pass(&k);
	is_int(kit_view(&k, wide).pool, 0, "accelerators");
	cpu = ask(&k, 1, 4, 0);
	kit_pass(&k);
	is_int(kit_view(&k, cpu).pool, want, suan_packing_name(packing));
	kit_done(&k);
}

static void delegated_site(struct kit *k, const char *driver, enum suan_delegated said)
{
	struct suan_site_spec *s;

	kit_init(k);
	s = kit_site(k, "a", "east");
	s->driver = driver;
	kit_pool(s, "p", 2, 4)->delegated = said;
	kit_network(k);
}

static bool is_delegated(const char *driver, enum suan_delegated said)
{
	struct kit k;
	struct suan_pool_view v;

	delegated_site(&k, driver, said);
	ok(suan_engine_pool(k.e, 0, &v), "the pool");
	kit_done(&k);
	return v.delegated;
}

static void defaults(void)
{
	ok(!is_delegated("local", SUAN_DELEGATED_BY_DRIVER), "suan fills what is local");
	ok(!is_delegated("", SUAN_DELEGATED_BY_DRIVER), "and what is modelled");
	ok(is_delegated("slurm", SUAN_DELEGATED_BY_DRIVER), "slurm places itself");
	ok(is_delegated("tes", SUAN_DELEGATED_BY_DRIVER), "tes too");
	ok(!is_delegated("slurm", SUAN_DELEGATED_NO), "unless somebody says no");
	ok(is_delegated("local", SUAN_DELEGATED_YES), "or yes");
}

static void delegated(void)
{
	struct kit k;
	const struct suan_place *p;
	struct suan_job_spec s;
	struct suan_pool_view v;
	uint64_t odd, spread, whole;
	uint32_t n = 0;

	delegated_site(&k, "local", SUAN_DELEGATED_YES);
	ok(ask(&k, 1, 5, 0) == 0 && k.fx.refused == SUAN_R_TOO_MANY_CORES, "a task fits a node");
	ask(&k, 1, 3, 0);
	odd = ask(&k, 1, 3, 0);
	ask(&k, 2, 1, 0);
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_START), 3, "eight cores, whatever the nodes");
	p = places(&k, odd, &n);
	ok(p && n == 1 && p[0].node == SUAN_NO_NODE && p[0].tasks == 1, "no node is named");
	reload(&k);
	ask(&k, 1, 1, 0);
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_START), 0, "no more");
	kit_ended(&k, odd, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_START), 1, "until something ends");
	kit_all(&k, SUAN_EV_CANCEL, 1);
	kit_ended(&k, 1, 0, 1, SUAN_OUT_CANCELLED);
	kit_all(&k, SUAN_EV_CANCEL, 3);
	kit_ended(&k, 3, 0, 1, SUAN_OUT_CANCELLED);
	kit_all(&k, SUAN_EV_CANCEL, 4);
	kit_ended(&k, 4, 0, 1, SUAN_OUT_CANCELLED);
	s = kit_job(3, 1, 60000);
	s.req.nodes = 2;
	spread = kit_submit(&k, &s);
	s = kit_job(1, 1, 60000);
	s.req.exclusive = true;
	whole = kit_submit(&k, &s);
	kit_pass(&k);
	p = places(&k, spread, &n);
	ok(p && n == 2 && p[0].tasks == 2 && p[1].tasks == 1 && p[1].node == SUAN_NO_NODE,
	   "how many nodes is known");
	p = places(&k, whole, &n);
	ok(p && n == 1 && p[0].node == SUAN_NO_NODE, "a whole node");
	ok(suan_engine_pool(k.e, 0, &v) && v.cores_used == 7, "counts with all its cores");
	reload(&k);
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

/* Nodes leave, and the file says otherwise one day, while something runs. */
static void changes(void)
{
	struct suan_event fewer = {.type = SUAN_EV_CAPACITY, .u.capacity = {0, 1}};
	struct kit k;
	struct suan_pool_view v;
	uint64_t here;

	delegated_site(&k, "local", SUAN_DELEGATED_YES);
	ask(&k, 7, 1, 0);
	kit_pass(&k);
	kit_step(&k, &fewer);
	ask(&k, 1, 1, 0);
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_START), 0, "less than nothing is free");
	reload(&k);
	ok(kit_good(&k), "and nothing is wrong with that");
	fewer.u.capacity.nodes = 2;
	kit_step(&k, &fewer);
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_START), 1, "the nodes are back");
	k.pools[0][0].delegated = SUAN_DELEGATED_NO;
	kit_network(&k);
	ok(suan_engine_pool(k.e, 0, &v) && !v.delegated && v.cores_used == 8, "suan fills it now");
	reload(&k);
	here = ask(&k, 1, 1, 0);
	kit_pass(&k);
	is_int((int64_t)kit_effects(&k, SUAN_FX_START), 0, "what runs counts");
	kit_ended(&k, 1, 0, 1, SUAN_OUT_EXITED);
	kit_pass(&k);
	is_int(node_of(&k, here), 0, "nodes are chosen again");
	k.pools[0][0].delegated = SUAN_DELEGATED_YES;
	kit_network(&k);
	reload(&k);
	ok(suan_engine_pool(k.e, 0, &v) && v.delegated && v.cores_used == 2, "and not any more");
	ok(kit_good(&k), "invariants");
	kit_done(&k);
}

static void refuses(void)
{
	struct suan_event ev = {.type = SUAN_EV_POLICY,
				.u.policy = {.kind = SUAN_POLICY_SUAN,
					     .packing = (enum suan_packing)9}};
	struct kit k;

	kit_one_pool(&k, 1, 1);
	ev.seq = suan_engine_seq(k.e) + 1;
	ev.now_ms = k.now;
	ok(suan_engine_step(k.e, &ev, &k.fx, &k.err) == SUAN_EINVAL, "no such packing: %s",
	   k.err.text);
	kit_done(&k);
}

int main(void)
{
	learns(SUAN_FRAGMENTATION, 0);
	learns(SUAN_BEST_FIT, 1);
	remembers();
	spares(SUAN_FRAGMENTATION, 1);
	spares(SUAN_BEST_FIT, 0);
	defaults();
	delegated();
	changes();
	refuses();
	return tap_done();
}
