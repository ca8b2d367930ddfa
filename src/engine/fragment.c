#include "engine/fragment.h"

#include <assert.h>
#include <string.h>

void suan_mix_done(struct suan_mix *m, struct suan_intern *strings)
{
	for (uint32_t i = 0; i < m->count; i++)
		suan_intern_drop(strings, m->list[i].gpu_kind);
	memset(m, 0, sizeof(*m));
}

/* ---- learning ---- */

static bool same(const struct suan_mix_shape *a, const struct suan_mix_shape *b)
{
	return a->gpus == b->gpus && a->cores == b->cores && a->memory == b->memory &&
	       a->gpu_kind == b->gpu_kind;
}

static struct suan_mix_shape *find(struct suan_mix *m, const struct suan_mix_shape *shape)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (same(&m->list[i], shape))
			return &m->list[i];
	return NULL;
}

/* Forgets what has no weight left; the others keep their order. */
static void tidy(struct suan_mix *m, struct suan_intern *strings)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->count; i++) {
		if (m->list[i].weight > 0)
			m->list[n++] = m->list[i];
		else
			suan_intern_drop(strings, m->list[i].gpu_kind);
	}
	m->count = n;
}

/* Room for one more, at the cost of all equally; what is left of its weight. */
static uint32_t make_room(struct suan_mix *m, struct suan_intern *strings, uint32_t weight)
{
	uint32_t least = weight;

	if (m->count < SUAN_MIX_SHAPES)
		return weight;
	for (uint32_t i = 0; i < m->count; i++)
		if (m->list[i].weight < least)
			least = m->list[i].weight;
	for (uint32_t i = 0; i < m->count; i++)
		m->list[i].weight -= least;
	tidy(m, strings);
	return weight - least;
}

static void halve(struct suan_mix *m, struct suan_intern *strings)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->count; i++)
		sum += m->list[i].weight;
	if (sum <= SUAN_MIX_MOST)
		return;
	for (uint32_t i = 0; i < m->count; i++)
		m->list[i].weight /= 2;
	tidy(m, strings);
}

static void take_kind(struct suan_intern *strings, uint32_t kind)
{
	if (kind != 0)
		suan_intern_ref(strings, kind);
}

static uint32_t weight_of(const struct suan_req *req, uint64_t starts)
{
	uint64_t each = (uint64_t)req->gpus * (req->tasks > 0 ? req->tasks : 1);

	return starts > SUAN_MIX_ONCE / each ? SUAN_MIX_ONCE : (uint32_t)(each * starts);
}

/* The largest power of two that is not above v; 0: 0. */
static uint64_t rounded(uint64_t v)
{
	return v > 0 ? UINT64_C(1) << (63 - __builtin_clzll(v)) : 0;
}

void suan_mix_learn(struct suan_mix *m, struct suan_intern *strings, const struct suan_req *req,
		    uint64_t starts)
{
	struct suan_mix_shape shape = {.cores = req->cores > 0 ? (uint32_t)rounded(req->cores) : 1,
				       .gpus = req->gpus, .memory = rounded(req->memory),
				       .gpu_kind = req->gpu_kind}, *known;

	if (req->gpus == 0 || starts == 0)
		return;
	shape.weight = weight_of(req, starts);
	known = find(m, &shape);
	if (known) {
		known->weight += shape.weight;
	} else {
		shape.weight = make_room(m, strings, shape.weight);
		if (shape.weight > 0) {
			take_kind(strings, shape.gpu_kind);
			m->list[m->count++] = shape;
		}
	}
	halve(m, strings);
}

bool suan_mix_restore(struct suan_mix *m, struct suan_intern *strings,
		      const struct suan_mix_shape *shape)
{
	uint64_t sum = shape->weight;

	for (uint32_t i = 0; i < m->count; i++)
		sum += m->list[i].weight;
	if (m->count == SUAN_MIX_SHAPES || shape->gpus == 0 || shape->cores == 0 ||
	    shape->weight == 0 || sum > SUAN_MIX_MOST || find(m, shape))
		return false;
	take_kind(strings, shape->gpu_kind);
	m->list[m->count++] = *shape;
	return true;
}

bool suan_mix_verify(const struct suan_mix *m)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->count && i < SUAN_MIX_SHAPES; i++) {
		const struct suan_mix_shape *x = &m->list[i];

		if (x->gpus == 0 || x->cores == 0 || x->weight == 0)
			return false;
		for (uint32_t k = 0; k < i; k++)
			if (same(x, &m->list[k]))
				return false;
		sum += x->weight;
	}
	return m->count <= SUAN_MIX_SHAPES && sum <= SUAN_MIX_MOST;
}

/* ---- fragmentation ---- */

int64_t suan_fragment_of(const struct suan_mix *m, uint32_t gpu_kind,
			 const struct suan_room *free)
{
	int64_t weights = 0;

	for (uint32_t i = 0; i < m->count; i++)
		if (!suan_mix_fits(&m->list[i], gpu_kind, free))
			weights += m->list[i].weight;
	return weights * (int64_t)free->gpus;
}

int64_t suan_fragment_growth(const struct suan_mix *m, uint32_t gpu_kind,
			     const struct suan_room *free, const struct suan_room *need)
{
	struct suan_room after = {free->memory - need->memory, free->cores - need->cores,
				  free->gpus - need->gpus};

	assert(need->memory <= free->memory && need->cores <= free->cores &&
	       need->gpus <= free->gpus);
	if (free->gpus == 0)
		return 0;
	return suan_fragment_of(m, gpu_kind, &after) - suan_fragment_of(m, gpu_kind, free);
}
