/* The nodes of one pool: what is free on each, and which nodes a start takes.
 * Which nodes follows from their state alone, never from history:
 *   - some node can hold all tasks that are left: the one with the fewest free cores, then the
 *     lowest number (best fit); else the node that holds most tasks, then with most free cores,
 *     then the lowest number. So as few nodes as possible are used, and a way is found if there is
 *     one.
 *   - nodes = N: the same best fit for each of the N nodes, those with one task more first.
 *   - exclusive: idle nodes by number.
 *   - With a mix of shapes (fragment.h) "best" is, in a pool with accelerators: where fragmentation
 *     grows least, then the fewest free accelerators, then the fewest free cores, then the lowest
 *     number. So what asks for cores alone goes to nodes whose accelerators are in use. In large
 *     pools, of nodes with equally many free accelerators that run something already, only the
 *     first SUAN_NODES_WEIGHED that hold it are compared.
 *   - counted: another scheduler chooses the nodes. The sums decide, the places have no numbers.
 * Runs without node numbers count in the sums only, also in a pool that is counted no longer.
 * Pools above SUAN_NODES_SMALL keep a set of nodes per number of free cores, as bits with a summary
 * (O(words) per node taken), and with accelerators one per number of free ones (O(nodes that are
 * partly used, up to that limit)); smaller ones are looked through. */
#ifndef SUAN_ENGINE_PLACE_H
#define SUAN_ENGINE_PLACE_H

#include "base/err.h"
#include "engine/fragment.h"
#include "engine/model.h"
#include "engine/profile.h"

#define SUAN_NODES_SMALL   64u
#define SUAN_NODES_WEIGHED 128u

struct suan_node {
	uint64_t memory;	/* used, as cores and gpus */
	int64_t idle_at;	/* kept by the planner: when its last run is expected to end */
	uint32_t cores, gpus;
	uint32_t runs;
	uint32_t whole;		/* exclusive runs */
};

struct suan_nodes {
	struct suan_node *list;	/* owned */
	uint32_t count;		/* nodes known: usable ones and those where runs remain */
	uint32_t usable;	/* 0 … usable − 1 may take starts */
	uint32_t cores, gpus;	/* of one node */
	uint64_t memory;
	struct suan_vec free;	/* sum over the usable nodes, less `loose` */
	struct suan_vec loose;	/* of runs without node numbers; nodes: those that are whole */
	bool counted;		/* nodes are not chosen here */
	uint32_t gpu_kind;
	const struct suan_mix *mix;	/* borrowed; NULL: best fit by cores */
	/* index over usable nodes; NULL in small pools */
	uint64_t *sets;		/* owned: cores + 1 sets and then the set of idle nodes */
	uint64_t *filled;	/* owned: numbers of free cores that some node has */
	uint64_t *by_gpus;	/* owned: gpus + 1 sets; NULL: no accelerators */
	uint32_t words, sums;	/* of one set: bits, then summary */
};

/* R_NONE if the request fits `usable` empty nodes; else why not (a wanted, b the largest possible).
 * */
enum suan_reason suan_nodes_admit(const struct suan_nodes *n, const struct suan_req *req,
				  int64_t *a, int64_t *b);
void suan_nodes_whole_vec(const struct suan_nodes *n, const struct suan_req *req,
			  struct suan_vec *ret);	/* of an exclusive request */
/* What the request takes of a pool that admits it, by sums. */
static inline void suan_nodes_vec(const struct suan_nodes *n, const struct suan_req *req,
				  struct suan_vec *ret)
{
	if (req->exclusive) {
		suan_nodes_whole_vec(n, req, ret);
		return;
	}
	ret->nodes = ret->zero = 0;
	ret->cores = (int32_t)(req->tasks * req->cores);
	ret->gpus = (int32_t)(req->tasks * req->gpus);
	ret->memory = (int64_t)(req->tasks * req->memory);
}

/* Shape of the pool; what runs there stays. On failure nothing changed. */
SUAN_MUSTUSE enum suan_code suan_nodes_define(struct suan_nodes *n, uint32_t usable, uint32_t cores,
					      uint32_t gpus, uint64_t memory);
void suan_nodes_done(struct suan_nodes *n);
/* *to is zeroed before; on failure it is empty. */
SUAN_MUSTUSE enum suan_code suan_nodes_copy(struct suan_nodes *to, const struct suan_nodes *from);

/* Entries of `ret` that suan_nodes_find may write. */
uint32_t suan_nodes_most(const struct suan_nodes *n, const struct suan_req *req);
/* Where the request would go now. Returns how many entries, 0 = nowhere. Leaves *n as it was. The
 * request must be admitted. */
uint32_t suan_nodes_find(struct suan_nodes *n, const struct suan_req *req, struct suan_place *ret);
/* The same without the nodes whose bit is set; one bit per node known. */
uint32_t suan_nodes_find_but(struct suan_nodes *n, const struct suan_req *req,
			     const uint64_t *hidden, struct suan_place *ret);
static inline bool suan_nodes_loose(const struct suan_nodes *n)
{
	return n->loose.cores > 0 || n->loose.nodes > 0;
}
/* Could it take exactly these? For runs that exist already. */
bool suan_nodes_can(const struct suan_nodes *n, const struct suan_req *req,
		    const struct suan_place *places, uint32_t nplaces);
void suan_nodes_take(struct suan_nodes *n, const struct suan_req *req,
		     const struct suan_place *places, uint32_t nplaces);
void suan_nodes_give(struct suan_nodes *n, const struct suan_req *req,
		     const struct suan_place *places, uint32_t nplaces);
/* By how much fragmentation grows with these, which are free, and how many accelerators these nodes
 * have free; 0: nothing is known. */
int64_t suan_nodes_cost(const struct suan_nodes *n, const struct suan_req *req,
			const struct suan_place *places, uint32_t nplaces, uint64_t *ret_gpus);
size_t suan_nodes_memory(const struct suan_nodes *n);
/* Sums and index equal what the nodes say; false: not so. */
bool suan_nodes_verify(const struct suan_nodes *n);

#endif
