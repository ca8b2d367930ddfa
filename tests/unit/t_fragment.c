/* The mix of shapes that is learnt, and what a node's free accelerators are good for. */
#include "engine/fragment.h"
#include "lib/tap.h"

static struct suan_req req(uint32_t tasks, uint32_t cores, uint32_t gpus)
{
	return (struct suan_req){.tasks = tasks, .cores = cores, .gpus = gpus};
}

static void learning(void)
{
	struct suan_intern *strings = suan_intern_new();
	struct suan_mix m = {0};
	struct suan_req cpu = req(4, 8, 0), one = req(1, 4, 1), gang = req(2, 4, 2);

	suan_mix_learn(&m, strings, &cpu, 5);
	is_int(m.count, 0, "cores alone are no shape");
	suan_mix_learn(&m, strings, &one, 0);
	is_int(m.count, 0, "nothing asked for, nothing learnt");
	suan_mix_learn(&m, strings, &one, 3);
	suan_mix_learn(&m, strings, &gang, 10);
	is_int(m.count, 2, "two shapes");
	is_int(m.list[0].weight, 3, "three accelerators asked for");
	is_int(m.list[1].weight, 40, "two tasks of two, ten times");
	one.tasks = 7;
	suan_mix_learn(&m, strings, &one, 1);
	is_int(m.count, 2, "the shape is of one task");
	is_int(m.list[0].weight, 10, "and it counts again");
	suan_mix_learn(&m, strings, &one, UINT64_MAX);
	is_int(m.list[0].weight, 10 + SUAN_MIX_ONCE, "one submission does not count for all");
	one.cores = 0;
	suan_mix_learn(&m, strings, &one, 1);
	is_int(m.list[2].cores, 1, "no cores are one");
	one = req(1, 7, 1);
	one.memory = 1023;
	suan_mix_learn(&m, strings, &one, 1);
	ok(m.list[3].cores == 4 && m.list[3].memory == 512, "rounded down to powers of two");
	one.memory = 512;
	one.cores = 4;
	suan_mix_learn(&m, strings, &one, 1);
	ok(m.count == 4 && m.list[3].weight == 2, "so that near ones are one");
	ok(suan_mix_verify(&m), "a proper mix");
	suan_mix_done(&m, strings);
	is_int(m.count, 0, "empty again");
	suan_intern_free(strings);
}

static void kinds(void)
{
	struct suan_intern *strings = suan_intern_new();
	struct suan_mix m = {0};
	struct suan_req r = req(1, 4, 1);
	uint32_t id;

	if (suan_intern_add(strings, "a800", 4, &id) != SUAN_OK)
		ok(false, "intern");
	r.gpu_kind = id;
	suan_mix_learn(&m, strings, &r, 1);
	suan_mix_learn(&m, strings, &r, 1);
	suan_intern_drop(strings, id);
	is_int((int64_t)suan_intern_count(strings), 1, "the mix holds the name of the kind, once");
	is_str(suan_intern_str(strings, m.list[0].gpu_kind), "a800", "and knows it");
	suan_mix_done(&m, strings);
	is_int((int64_t)suan_intern_count(strings), 0, "until it is gone");
	suan_intern_free(strings);
}

/* More shapes than there is room for: the frequent ones stay (Misra and Gries). */
static void frequent(void)
{
	struct suan_intern *strings = suan_intern_new();
	struct suan_mix m = {0};
	struct suan_req often = req(1, 1, 4), rare, r;

	for (uint32_t round = 0; round < 200; round++) {
		suan_mix_learn(&m, strings, &often, 100);
		rare = req(1, 1, 5 + round);
		suan_mix_learn(&m, strings, &rare, 1);
		if (!suan_mix_verify(&m))
			break;
	}
	ok(suan_mix_verify(&m) && m.count <= SUAN_MIX_SHAPES, "never more than there is room for");
	ok(m.list[0].gpus == 4 && m.list[0].weight > 20000, "the frequent one has its weight: %u",
	   m.list[0].weight);
	suan_mix_done(&m, strings);
	for (uint32_t i = 0; i < SUAN_MIX_SHAPES; i++) {
		r = req(1, 1, 1 + i);
		suan_mix_learn(&m, strings, &r, 1);
	}
	is_int(m.count, SUAN_MIX_SHAPES, "full");
	r = req(1, 1, 99);
	suan_mix_learn(&m, strings, &r, 1);
	is_int(m.count, SUAN_MIX_SHAPES, "the lightest went, all others lost as much");
	ok(m.list[0].gpus == 2 && m.list[0].weight == 1, "the next is the first now");
	ok(m.list[SUAN_MIX_SHAPES - 1].gpus == 99 && m.list[SUAN_MIX_SHAPES - 1].weight == 98,
	   "the new one has what is left of its weight");
	suan_mix_done(&m, strings);
	suan_intern_free(strings);
}

static void halving(void)
{
	struct suan_intern *strings = suan_intern_new();
	struct suan_mix m = {0};
	struct suan_req old = req(1, 1, 1), other = req(1, 2, 1);

	suan_mix_learn(&m, strings, &other, 1);
	for (uint32_t i = 0; i < SUAN_MIX_MOST / SUAN_MIX_ONCE; i++)
		suan_mix_learn(&m, strings, &old, SUAN_MIX_ONCE);
	is_int(m.count, 1, "what was rare and long ago is forgotten");
	is_int(m.list[0].weight, SUAN_MIX_MOST / 2, "and the others count half");
	suan_mix_done(&m, strings);
	suan_intern_free(strings);
}

static void restoring(void)
{
	struct suan_intern *strings = suan_intern_new();
	struct suan_mix m = {0};
	struct suan_mix_shape good = {.memory = 5, .cores = 2, .gpus = 1, .weight = 7}, x;

	ok(suan_mix_restore(&m, strings, &good), "a shape");
	ok(!suan_mix_restore(&m, strings, &good), "but not twice");
	x = good;
	x.memory = 6;
	x.gpus = 0;
	ok(!suan_mix_restore(&m, strings, &x), "without accelerators");
	x.gpus = 1;
	x.cores = 0;
	ok(!suan_mix_restore(&m, strings, &x), "without cores");
	x.cores = 1;
	x.weight = 0;
	ok(!suan_mix_restore(&m, strings, &x), "without weight");
	x.weight = SUAN_MIX_MOST;
	ok(!suan_mix_restore(&m, strings, &x), "too heavy together");
	x.weight = 1;
	for (uint32_t i = 1; i < SUAN_MIX_SHAPES; i++) {
		x.cores = 10 + i;
		if (!suan_mix_restore(&m, strings, &x))
			ok(false, "room for %u", i);
	}
	x.cores = 9;
	ok(!suan_mix_restore(&m, strings, &x), "more than there is room for");
	ok(suan_mix_verify(&m), "a proper mix");
	m.list[3].weight = 0;
	ok(!suan_mix_verify(&m), "no weight is noticed");
	m.list[3] = m.list[4];
	ok(!suan_mix_verify(&m), "a shape twice is noticed");
	suan_mix_done(&m, strings);
	suan_intern_free(strings);
}

static void fragmentation(void)
{
	struct suan_mix m = {.count = 3};
	struct suan_room all = {1000, 32, 8}, few = {1000, 3, 8}, none = {1000, 32, 0}, need;

	m.list[0] = (struct suan_mix_shape){.cores = 4, .gpus = 1, .weight = 10};
	m.list[1] = (struct suan_mix_shape){.cores = 8, .gpus = 8, .weight = 3};
	m.list[2] = (struct suan_mix_shape){.cores = 1, .gpus = 1, .gpu_kind = 7, .weight = 2};
	is_int(suan_fragment_of(&m, 7, &all), 0, "everybody can use the empty node");
	is_int(suan_fragment_of(&m, 8, &all), 16, "but those of another kind");
	is_int(suan_fragment_of(&m, 7, &few), 8 * 13, "too few cores: eight in vain for two");
	is_int(suan_fragment_of(&m, 7, &none), 0, "nothing left to waste");
	m.list[2].memory = 1001;
	is_int(suan_fragment_of(&m, 7, &all), 16, "memory counts");
	m.list[2].memory = 0;
	need = (struct suan_room){0, 1, 1};
	is_int(suan_fragment_growth(&m, 7, &all, &need), 7 * 3, "one taken: no eight any more");
	need = (struct suan_room){0, 8, 8};
	is_int(suan_fragment_growth(&m, 7, &all, &need), 0, "all taken: nothing in vain");
	need = (struct suan_room){0, 1, 8};
	is_int(suan_fragment_growth(&m, 7, &few, &need), -8 * 13, "use for what was in vain");
	need = (struct suan_room){0, 29, 0};
	is_int(suan_fragment_growth(&m, 7, &all, &need), 8 * 13, "cores alone starve them");
	is_int(suan_fragment_growth(&m, 7, &none, &need), 0, "but not where all are in use");
}

int main(void)
{
	learning();
	kinds();
	frequent();
	halving();
	restoring();
	fragmentation();
	return tap_done();
}
