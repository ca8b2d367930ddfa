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

int main(void)
{
	admission();
	choice(6);
	choice(100);
	reshape();
	return tap_done();
}
