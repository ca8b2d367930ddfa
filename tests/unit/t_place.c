/* Nodes of a pool: what is admitted, which nodes a start takes. */
#include "lib/tap.h"

#include "engine/place.h"

static struct suan_nodes make(uint32_t nodes, uint32_t cores, uint32_t gpus, uint64_t memory)
{
	struct suan_nodes n = {0};

	if (suan_nodes_define(&n, nodes, cores, gpus, memory) != SUAN_OK)
		ok(false, "define");
	return n;
}

static struct suan_req req(uint32_t tasks, uint32_t cores)
{
	struct suan_req r = {0};

	r.tasks = tasks;
	r.cores = cores;
	return r;
}

static void refused(const struct suan_nodes *n, const struct suan_req *r, enum suan_reason want,
		    int64_t want_b, const char *what)
{
	int64_t a, b;
	enum suan_reason got = suan_nodes_admit(n, r, &a, &b);

	ok(got == want && b == want_b, "%s: b = %lld", what, (long long)b);
}

static void admission(void)
{
	struct suan_nodes n = make(4, 8, 2, 100);
	struct suan_req r = req(1, 9);

	refused(&n, &r, SUAN_R_TOO_MANY_CORES, 8, "cores");
	r = req(1, 8);
	refused(&n, &r, SUAN_R_NONE, 0, "all cores of a node");
	r.memory = 101;
	refused(&n, &r, SUAN_R_TOO_MUCH_MEMORY, 100, "memory");
	r.memory = 0;
	r.gpus = 3;
	refused(&n, &r, SUAN_R_TOO_MANY_GPUS, 2, "gpus");
	r.gpus = 0;
	r.nodes = 5;
	refused(&n, &r, SUAN_R_TOO_MANY_NODES, 4, "nodes");
	r = req(11, 3);
	refused(&n, &r, SUAN_R_TOO_MANY_TASKS, 8, "two tasks of three on each node");
	r.nodes = 2;
	refused(&n, &r, SUAN_R_TOO_MANY_TASKS, 4, "and on two nodes");
	suan_nodes_done(&n);
}

/* Takes what it finds; the number of places. */
static uint32_t take(struct suan_nodes *n, const struct suan_req *r, struct suan_place *ret)
{
	uint32_t k = suan_nodes_find(n, r, ret);

	if (k > 0)
		suan_nodes_take(n, r, ret, k);
	ok(suan_nodes_verify(n), "sums and index are right");
	return k;
}

static void choice(uint32_t nodes)
{
	struct suan_nodes n = make(nodes, 8, 0, 0);
	struct suan_place at[200], whole[200];
	struct suan_req small = req(1, 3), gang = req(5, 4), spread = req(5, 1), all = req(1, 1);

	is_int(take(&n, &small, at), 1, "one place");
	is_int(at[0].node, 0, "the lowest of equals");
	is_int(take(&n, &small, at), 1, "one more");
	is_int(at[0].node, 0, "the fullest that still holds it");
	is_int(take(&n, &small, at), 1, "a third");
	is_int(at[0].node, 1, "the next node");
	is_int(take(&n, &gang, at), 3, "as few nodes as fit");
	ok(at[0].node == 2 && at[0].tasks == 2 && at[1].node == 3 && at[1].tasks == 2, "roomiest");
	ok(at[2].node == 1 && at[2].tasks == 1, "the rest by best fit");
	suan_nodes_give(&n, &gang, at, 3);
	spread.nodes = 3;
	is_int(take(&n, &spread, at), 3, "three distinct nodes");
	ok(at[0].node == 0 && at[0].tasks == 2 && at[1].node == 1 && at[1].tasks == 2 &&
	   at[2].node == 2 && at[2].tasks == 1, "the first two hold one more");
	all.exclusive = true;
	is_int(take(&n, &all, whole), 1, "exclusive");
	is_int(whole[0].node, 3, "the first idle one");
	is_int(n.free.nodes, (int)nodes - 4, "idle ones left");
	suan_nodes_give(&n, &all, whole, 1);
	suan_nodes_give(&n, &spread, at, 3);
	small.tasks = nodes * 2;
	is_int(suan_nodes_find(&n, &small, at), 0, "too much for what is left");
	ok(suan_nodes_verify(&n), "and nothing is lost by trying");
	suan_nodes_done(&n);
}

static void reshape(void)
{
	struct suan_nodes n = make(100, 4, 0, 0);
	struct suan_req r = req(100, 4);
	struct suan_place at[100];

	is_int(take(&n, &r, at), 100, "all nodes");
	ok(suan_nodes_define(&n, 10, 4, 0, 0) == SUAN_OK, "fewer usable");
	is_int(n.free.cores, 0, "none is free");
	suan_nodes_give(&n, &r, at, 100);
	is_int(n.free.cores, 40, "only usable ones come back");
	ok(suan_nodes_define(&n, 100, 4, 0, 0) == SUAN_OK && n.free.cores == 400, "all usable");
	ok(suan_nodes_define(&n, UINT32_MAX, 4, 0, 0) == SUAN_EINVAL, "too large to count");
	is_int(n.free.cores, 400, "nothing changed");
	ok(suan_nodes_verify(&n), "sums and index are right");
	suan_nodes_done(&n);
}

/* Where the fewest accelerators become useless; small pools and large ones alike. */
static void fragmentation(uint32_t nodes)
{
	struct suan_mix mix = {.count = 1,
			       .list = {{.cores = 8, .gpus = 4, .weight = 5}}};
	struct suan_nodes n = make(nodes, 16, 4, 100), copy = {0};
	struct suan_req one = req(1, 2), wide = req(1, 8), cpu = req(1, 3), spread = req(2, 2);
	struct suan_place at[200], there[2] = {{0, 1}, {SUAN_NO_NODE, 1}};
	uint64_t gpus;

	n.mix = &mix;
	one.gpus = spread.gpus = 1;
	wide.gpus = 4;
	spread.nodes = 2;
	is_int(take(&n, &one, at), 1, "one accelerator");
	is_int(at[0].node, 0, "the lowest of equals");
	is_int(suan_nodes_cost(&n, &one, at, 1, &gpus), -5, "another one there would be no loss");
	is_int((int64_t)gpus, 3, "of three that are free");
	is_int(take(&n, &wide, at), 1, "a whole node");
	is_int(at[0].node, 1, "an idle one");
	is_int(take(&n, &one, at), 1, "one more");
	is_int(at[0].node, 0, "where the node is broken up already");
	is_int(take(&n, &cpu, at), 1, "cores alone");
	is_int(at[0].node, 1, "go where the accelerators are in use");
	cpu.cores = 6;
	is_int(take(&n, &cpu, at), 1, "too many for that");
	is_int(at[0].node, 0, "go where fewest are free");
	cpu.cores = 9;
	is_int(take(&n, &cpu, at), 1, "too many for both");
	is_int(at[0].node, 2, "break up an idle node");
	is_int(take(&n, &spread, at), 2, "two nodes");
	ok(at[0].node == 0 && at[1].node == 2, "both broken up: %u %u", at[0].node, at[1].node);
	ok(suan_nodes_copy(&copy, &n) == SUAN_OK && suan_nodes_verify(&copy), "a copy");
	is_int(suan_nodes_find(&copy, &one, at), 1, "finds");
	is_int(at[0].node, 0, "the same");
	suan_nodes_done(&copy);
	one.exclusive = true;
	there[0].node = 3;
	is_int(suan_nodes_cost(&n, &one, there, 1, &gpus), 0, "a whole node: nothing in vain");
	is_int(suan_nodes_cost(&n, &one, there + 1, 1, &gpus), 0, "nothing is known of no node");
	n.mix = NULL;
	is_int(suan_nodes_cost(&n, &one, there, 1, &gpus), 0, "nor without a mix");
	is_int(suan_nodes_find(&n, &cpu, at), 1, "best fit");
	is_int(at[0].node, 3, "does not look at accelerators");
	suan_nodes_done(&n);
}

/* Of accelerators that are worth the same, fewest free cores, then the lowest number. */
static void ties(uint32_t nodes)
{
	struct suan_mix mix = {.count = 0};
	struct suan_nodes n = make(nodes, 16, 4, 0);
	struct suan_req two = req(1, 2), cpu = req(1, 4), one = req(1, 1);
	struct suan_place at[4] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}};

	n.mix = &mix;
	two.gpus = 2;
	one.gpus = 1;
	suan_nodes_take(&n, &two, at, 4);
	suan_nodes_take(&n, &cpu, at + 2, 1);
	is_int(suan_nodes_find(&n, &one, at), 1, "nothing is known of what is asked for");
	is_int(at[0].node, 3, "fewest free accelerators, then cores");
	is_int(suan_nodes_find(&n, &cpu, at), 1, "cores alone");
	is_int(at[0].node, 3, "the same");
	cpu.cores = 11;
	is_int(suan_nodes_find(&n, &cpu, at), 1, "more");
	is_int(at[0].node, 1, "the lowest of equals");
	suan_nodes_done(&n);
}

/* Nodes that run something are weighed up to a limit, the lowest numbers. */
static void limit(void)
{
	struct suan_mix mix = {.count = 1, .list = {{.cores = 12, .gpus = 2, .weight = 1}}};
	struct suan_nodes n = make(2 * SUAN_NODES_WEIGHED, 16, 4, 0);
	struct suan_req one = req(1, 2), more = req(1, 4), all = req(1, 16);
	struct suan_place at = {0, 1};

	n.mix = &mix;
	one.gpus = 1;
	/* only where few cores are left is nothing lost */
	for (at.node = 0; at.node < n.usable; at.node++) {
		suan_nodes_take(&n, &one, &at, 1);
		if (at.node == SUAN_NODES_WEIGHED)
			suan_nodes_take(&n, &more, &at, 1);
	}
	more = req(1, 1);
	is_int(suan_nodes_find(&n, &more, &at), 1, "found");
	is_int(at.node, 0, "one too far is not seen");
	at.node = 7;
	suan_nodes_give(&n, &one, &at, 1);
	all.exclusive = true;
	suan_nodes_take(&n, &all, &at, 1);
	one.cores = 3;
	is_int(suan_nodes_find(&n, &one, &at), 1, "found");
	is_int(at.node, SUAN_NODES_WEIGHED, "what does not hold it does not count");
	suan_nodes_done(&n);
}

/* Another scheduler chooses the nodes: sums. */
static void counted(void)
{
	struct suan_nodes n = make(4, 8, 0, 0), copy = {0};
	struct suan_req r = req(7, 4), whole = req(1, 1), spread = req(5, 1), huge = req(1, 1);
	struct suan_place at[200], more[4], node = {0, 1};
	int64_t a, b;

	n.counted = true;
	is_int(take(&n, &r, at), 1, "one place");
	ok(at[0].node == SUAN_NO_NODE && at[0].tasks == 7, "without a node");
	is_int(n.free.cores, 4, "cores left");
	whole.exclusive = true;
	is_int(suan_nodes_find(&n, &whole, more), 0, "no whole node is left");
	suan_nodes_give(&n, &r, at, 1);
	whole.tasks = 9;
	is_int(take(&n, &whole, more), 2, "nine tasks on whole nodes of eight");
	ok(more[0].tasks == 8 && more[1].tasks == 1 && more[1].node == SUAN_NO_NODE, "two nodes");
	is_int(n.free.cores, 16, "count as a whole");
	spread.nodes = 3;
	is_int(take(&n, &spread, at), 3, "three nodes");
	ok(at[0].tasks == 2 && at[2].tasks == 1 && at[2].node == SUAN_NO_NODE, "as usual");
	is_int(n.free.cores, 11, "each with its cores");
	ok(suan_nodes_define(&n, 1, 8, 0, 0) == SUAN_OK, "nodes leave");
	is_int(n.free.cores, -13, "less than nothing is free");
	ok(suan_nodes_copy(&copy, &n) == SUAN_OK && copy.free.cores == -13, "in a copy too");
	suan_nodes_done(&copy);
	suan_nodes_give(&n, &spread, at, 3);
	suan_nodes_give(&n, &whole, more, 2);
	is_int(n.free.cores, 8, "all is given back");
	n.counted = false;
	suan_nodes_take(&n, &spread, at, 1);
	is_int(n.free.cores, 6, "what has no node counts where nodes are chosen");
	is_int(n.list[0].cores, 0, "but on none of them");
	suan_nodes_take(&n, &huge, &node, 1);
	is_int(n.free.cores, 5, "beside what has one");
	ok(suan_nodes_verify(&n), "sums are right");
	ok(suan_nodes_can(&n, &spread, at, 1), "more of it can be noted");
	huge.cores = UINT32_MAX;
	ok(!suan_nodes_can(&n, &huge, at, 1), "but not without end");
	huge = req(1, 1);
	huge.memory = UINT64_MAX / 2;
	ok(!suan_nodes_can(&n, &huge, at, 1), "of memory neither");
	n.counted = true;
	r = req(1, 9);
	is_int(suan_nodes_admit(&n, &r, &a, &b), SUAN_R_TOO_MANY_CORES, "a task fits a node");
	suan_nodes_done(&n);
}

int main(void)
{
	fragmentation(6);
	fragmentation(100);
	ties(6);
	ties(100);
	limit();
	counted();
	admission();
	choice(6);
	choice(100);
	reshape();
	return tap_done();
}
