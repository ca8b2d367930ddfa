/* How full accelerators get: requests of a real cluster, one after the other, until more has been
 * asked for than there is; nothing ends. First fit is done here, the rest by the planner.
 *   packing NODES PODS MODE SEED   lines of NODES: model, cores, MiB, accelerators;
 *                                  of PODS: cores, MiB, accelerators, thousandths of one, models
 *   packing speed                  time of a start in one large pool
 * MODE: whole (requests for a part of an accelerator are left out), up (a part counts as a whole
 * one), parts (hundredths are counted, as if a part could lie on two accelerators). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "engine/fragment.h"
#include "engine/planner.h"

#define MOST_NODES 4096
#define MOST_PODS  20000
#define MOST_POOLS 64
#define LONG_MS	   INT64_C(1000000000)
#define NAME	   32
#define SPEED_NODES 10000u

struct node {
	char model[NAME];
	uint32_t cores, gpus;
	uint64_t mib;
};

struct pod {
	struct suan_req req;
	uint64_t allow;		/* bit per pool */
};

static struct node nodes[MOST_NODES], pools[MOST_POOLS];
static uint32_t nnodes, npools, pool_nodes[MOST_POOLS], pool_of[MOST_NODES];
static struct pod pods[MOST_PODS];
static uint32_t npods, unit = 1;
static uint64_t capacity;
static struct suan_intern *strings;	/* models */

static void die(const char *what)
{
	fprintf(stderr, "packing: %s\n", what);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- input ---- */

static bool alike(const struct node *a, const struct node *b)
{
	return strcmp(a->model, b->model) == 0 && a->cores == b->cores && a->gpus == b->gpus &&
	       a->mib == b->mib;
}

static void read_nodes(const char *path)
{
	FILE *f = fopen(path, "r");

	while (f && nnodes < MOST_NODES) {
		struct node *n = &nodes[nnodes];
		uint32_t at = 0;

		if (fscanf(f, "%31s %" SCNu32 " %" SCNu64 " %" SCNu32, n->model, &n->cores,
			   &n->mib, &n->gpus) != 4)
			break;
		n->gpus *= unit;
		while (at < npools && !alike(&pools[at], n))
			at++;
		if (at == MOST_POOLS)
			die("too many kinds of nodes");
		if (at == npools) {
			uint32_t id;

			if (n->gpus > 0 && suan_intern_add(strings, n->model, strlen(n->model),
							   &id) != SUAN_OK)
				die("no memory");
			pools[npools++] = *n;
		}
		pool_of[nnodes++] = at;
		pool_nodes[at]++;
		capacity += n->gpus;
	}
	if (!f || nnodes == 0)
		die("no nodes");
	fclose(f);
}

/* Of a model that some pool has; 0: none. */
static uint32_t kind_of(const char *model)
{
	uint32_t id;

	return suan_intern_find(strings, model, strlen(model), &id) ? id : 0;
}

/* "-" or "V100M16|V100M32": pools that have one of them. */
static uint64_t pools_with(const char *models)
{
	uint64_t bits = 0;

	if (strcmp(models, "-") == 0)
		return UINT64_MAX;
	for (uint32_t i = 0; i < npools; i++) {
		const char *at = strstr(models, pools[i].model);
		size_t n = strlen(pools[i].model);

		if (at && (at == models || at[-1] == '|') && (!at[n] || at[n] == '|'))
			bits |= UINT64_C(1) << i;
	}
	return bits;
}

static void read_pods(const char *path, const char *mode)
{
	FILE *f = fopen(path, "r");
	uint32_t cores, gpus, part;
	uint64_t mib;
	char models[256];

	while (f && fscanf(f, "%" SCNu32 " %" SCNu64 " %" SCNu32 " %" SCNu32 " %255s", &cores,
			   &mib, &gpus, &part, models) == 5) {
		struct pod *p = &pods[npods];

		if (strcmp(mode, "whole") == 0 && gpus == 1 && part < 1000)
			continue;
		if (npods++ == MOST_PODS)
			die("too many pods");
		p->req = (struct suan_req){.tasks = 1, .cores = cores ? cores : 1, .memory = mib};
		p->req.gpus = gpus * unit;
		if (unit > 1 && gpus == 1)
			p->req.gpus = (part * unit + 999) / 1000;
		p->allow = pools_with(models);
		p->req.gpu_kind = kind_of(models);	/* of one model only */
	}
	if (!f || npods == 0)
		die("no pods");
	fclose(f);
}

/* ---- filling ---- */

enum method { FIRST_FIT, BEST_FIT, FEWEST, FRAGMENTATION, NMETHODS };

struct filling {
	enum method method;
	struct node free[MOST_NODES];	/* first fit */
	struct suan_planner *p;
	struct suan_mix mix;
	uint64_t id;
};

static void begin(struct filling *f, enum method method)
{
	memset(f, 0, sizeof(*f));
	f->method = method;
	memcpy(f->free, nodes, sizeof(nodes));
	f->p = suan_planner_new();
	if (!f->p)
		die("no memory");
	suan_planner_policy(f->p, SUAN_PLAN_SUAN, 1);
	suan_planner_mix(f->p, method == BEST_FIT ? NULL : &f->mix);
	for (uint32_t i = 0; i < npools; i++) {
		struct suan_plan_pool pool = {.nodes = pool_nodes[i], .cores = pools[i].cores,
					      .gpus = pools[i].gpus, .memory = pools[i].mib};

		pool.gpu_kind = pool.gpus ? kind_of(pools[i].model) : 0;

		if (suan_planner_pool(f->p, i, &pool) != SUAN_OK)
			die("no memory");
	}
}

static void end(struct filling *f)
{
	struct suan_err err = {0};

	if (suan_planner_verify(f->p, &err) != SUAN_OK)
		die(err.text);
	suan_planner_free(f->p);
	suan_mix_done(&f->mix, strings);
}

static bool first_fit(struct filling *f, const struct pod *pod)
{
	for (uint32_t i = 0; i < nnodes; i++) {
		struct node *n = &f->free[i];

		if (!(pod->allow >> pool_of[i] & 1) || n->cores < pod->req.cores ||
		    n->gpus < pod->req.gpus || n->mib < pod->req.memory)
			continue;
		n->cores -= pod->req.cores;
		n->gpus -= pod->req.gpus;
		n->mib -= pod->req.memory;
		return true;
	}
	return false;
}

static bool place(struct filling *f, const struct pod *pod)
{
	struct suan_item item = {.id = ++f->id, .count = 1};
	const struct suan_start *starts;
	int64_t wake;
	uint32_t n;

	if (f->method == FIRST_FIT)
		return first_fit(f, pod);
	if (f->method == FRAGMENTATION)
		suan_mix_learn(&f->mix, strings, &pod->req, 1);
	item.ask.req = pod->req;
	item.ask.duration_ms = item.ask.limit_ms = item.ask.fit_ms = LONG_MS;
	item.ask.allow = &pod->allow;
	item.ask.nallow = 1;
	if (suan_planner_add(f->p, &item) != SUAN_OK ||
	    suan_planner_pass(f->p, 1, &starts, &n, &wake) != SUAN_OK)
		die("no memory");
	if (n == 0)
		suan_planner_drop(f->p, item.id);
	return n > 0;
}

static void fill(enum method method, uint64_t seed)
{
	static const char *const names[] = {"first-fit", "best-fit", "fewest", "fragmentation"};
	static struct filling f;
	struct suan_rng rng;
	uint64_t asked = 0, used = 0, used_at = 0, turned = 0, turned_at = 0, starts = 0, at = 0;
	double t0;

	begin(&f, method);
	suan_rng_init(&rng, seed);
	t0 = now_us();
	while (asked * 10 < capacity * 13) {
		const struct pod *pod = &pods[suan_rng_below(&rng, npods)];
		bool good = place(&f, pod);

		asked += pod->req.gpus;
		used += good ? pod->req.gpus : 0;
		starts++;
		turned += !good;
		if (at == 0 && asked >= capacity) {
			at = starts;
			used_at = used;
			turned_at = turned;
		}
	}
	printf("%-14s used %.2f %% turned_away %.2f %% end_used %.2f %% us %.1f\n", names[method],
	       100.0 * (double)used_at / (double)capacity, 100.0 * (double)turned_at / (double)at,
	       100.0 * (double)used / (double)capacity, (now_us() - t0) / (double)starts);
	end(&f);
}

/* ---- speed ---- */

/* One pool of many nodes, filled by small requests, then one end and one start at a time. */
static void speed(bool mix)
{
	static struct filling f;
	uint32_t *runs = calloc(SPEED_NODES * 8, sizeof(*runs)), nruns = 0, done = 0;
	double fill_us, t0;

	pools[0] = (struct node){.model = "m", .cores = 96, .gpus = 8, .mib = 1 << 20};
	pool_nodes[0] = SPEED_NODES;
	npools = 1;
	begin(&f, mix ? FRAGMENTATION : BEST_FIT);
	t0 = now_us();
	for (int turn = 0; turn < 2; turn++) {
		for (uint32_t i = 0; turn == 0 ? i < SPEED_NODES * 2 : i < 2000; i++) {
			uint32_t kind = i % 5;
			struct pod pod = {.allow = UINT64_MAX,
					  .req = {.tasks = 1, .cores = 3 + kind * 4 + i % 7,
						  .gpus = kind, .memory = 1000 + i % 100}};
			struct suan_item item = {.id = ++f.id, .count = 1};
			const struct suan_start *starts;
			int64_t wake;
			uint32_t n, victim = nruns ? (i * 7919u) % nruns : 0;

			if (turn == 1) {
				suan_planner_end(f.p, runs[victim]);
				runs[victim] = runs[--nruns];
			}
			suan_mix_learn(&f.mix, strings, &pod.req, 1);
			item.ask.req = pod.req;
			item.ask.duration_ms = item.ask.limit_ms = item.ask.fit_ms = LONG_MS;
			if (suan_planner_add(f.p, &item) != SUAN_OK ||
			    suan_planner_pass(f.p, 1, &starts, &n, &wake) != SUAN_OK)
				die("no memory");
			if (n == 0)
				suan_planner_drop(f.p, item.id);
			else
				runs[nruns++] = starts[0].run;
			done++;
		}
		if (turn == 0) {
			fill_us = (now_us() - t0) / done;
			t0 = now_us();
			done = 0;
		}
	}
	printf("%-14s fill_us %.2f replace_us %.2f\n", mix ? "fragmentation" : "best-fit",
	       fill_us, (now_us() - t0) / done);
	end(&f);
	free(runs);
}

int main(int argc, char **argv)
{
	strings = suan_intern_new();
	if (!strings)
		die("no memory");
	if (argc == 2 && strcmp(argv[1], "speed") == 0) {
		speed(false);
		speed(true);
		suan_intern_free(strings);
		return 0;
	}
	if (argc != 5)
		die("usage: packing NODES PODS whole|up|parts SEED, or packing speed");
	unit = strcmp(argv[3], "parts") == 0 ? 100 : 1;
	read_nodes(argv[1]);
	read_pods(argv[2], argv[3]);
	for (int m = 0; m < NMETHODS; m++)
		fill((enum method)m, strtoull(argv[4], NULL, 10));
	suan_intern_free(strings);
	return 0;
}
