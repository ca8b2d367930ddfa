/* What the free accelerators of a node are still good for, over the mix of shapes that users ask
 * for. A node of which no task of a shape can be made has all its free accelerators in vain for
 * that shape; the fragmentation of a node is that, weighted by the mix. A start goes where
 * fragmentation grows least (Weng et al., "Beware of fragmentation", USENIX ATC 2023; here with
 * whole accelerators, and shapes weighted by the accelerators they ask for instead of their number,
 * so that few wide ones are not crowded out by many narrow ones).
 * The mix is learnt from submissions and is state: at most SUAN_MIX_SHAPES frequent shapes (Misra
 * and Gries 1982), their weights halved as new ones come. Cores and memory are rounded down to
 * powers of two, so that near ones are one shape.
 * Over several pools a shape counts more the fewer accelerators of the network it can use
 * (planner_suan.c): what is scarce for somebody is left to him. */
#ifndef SUAN_ENGINE_FRAGMENT_H
#define SUAN_ENGINE_FRAGMENT_H

#include "base/map.h"
#include "engine/model.h"

#define SUAN_MIX_SHAPES 64u
#define SUAN_MIX_ONCE	4096u	/* the most that one submission counts */
#define SUAN_MIX_MOST	65536u	/* sum of weights; above, all are halved */
#define SUAN_MIX_UNIT	16u	/* a shape that runs everywhere counts so often, … */
#define SUAN_MIX_SCARCE 16384u	/* … one that runs in fewer places more, up to this */

struct suan_room {	/* free on a node, or wanted of one */
	uint64_t memory;
	uint64_t cores, gpus;
};

struct suan_mix_shape {	/* of one task */
	uint64_t memory;
	uint32_t cores, gpus;	/* gpus > 0 */
	uint32_t gpu_kind;	/* interned, one reference; 0 = any */
	uint32_t weight;	/* > 0 */
};

struct suan_mix {
	struct suan_mix_shape list[SUAN_MIX_SHAPES];	/* the longest known first */
	uint32_t count;
};

void suan_mix_done(struct suan_mix *m, struct suan_intern *strings);
/* So many starts of the request were asked for. What asks for no accelerators is not counted. */
void suan_mix_learn(struct suan_mix *m, struct suan_intern *strings, const struct suan_req *req,
		    uint64_t starts);
/* As it was saved, one after the other; takes a reference. false: not a shape of a mix. */
bool suan_mix_restore(struct suan_mix *m, struct suan_intern *strings,
		      const struct suan_mix_shape *shape);
bool suan_mix_verify(const struct suan_mix *m);

/* Is there room for a task of the shape, on a node with accelerators of this kind? */
static inline bool suan_mix_fits(const struct suan_mix_shape *x, uint32_t gpu_kind,
				 const struct suan_room *free)
{
	return x->gpus <= free->gpus && x->cores <= free->cores && x->memory <= free->memory &&
	       (x->gpu_kind == 0 || x->gpu_kind == gpu_kind);
}

/* Accelerators in vain × weight, of a node with accelerators of this kind. */
int64_t suan_fragment_of(const struct suan_mix *m, uint32_t gpu_kind,
			 const struct suan_room *free);
/* How much that grows when *need, which fits, is taken: from −gpus × weights up. */
int64_t suan_fragment_growth(const struct suan_mix *m, uint32_t gpu_kind,
			     const struct suan_room *free, const struct suan_room *need);

#endif
