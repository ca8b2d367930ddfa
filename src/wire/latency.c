#include "wire/latency.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "wire/keys.h"

#define EARTH_KM     6371.0088
#define MOST_PAIRS   (UINT64_C(1) << 24)
#define MOST_US	     INT64_C(3600000000)	/* an hour */
#define RADIANS_UDEG (3.14159265358979323846 / 180e6)
#define NO_WAY	     UINT64_MAX

/* ---- bounds in words ---- */

const struct suan_circle *suan_latency_circles(void)
{
	static const struct suan_circle circles[] = {
		{"city", 1000}, {"region", 5000}, {"nation", 20000}, {NULL, 0}};

	return circles;
}

enum suan_code suan_latency_parse(const char *text, uint32_t *ret_us, struct suan_err *err)
{
	size_t n = strspn(text, "0123456789.");
	const char *unit = text + n;
	bool micro = strcmp(unit, "us") == 0;
	char number[24];
	int64_t us;

	for (const struct suan_circle *c = suan_latency_circles(); c->name; c++) {
		if (strcmp(text, c->name) != 0)
			continue;
		*ret_us = c->us;
		return SUAN_OK;
	}
	if (n > 0 && n < sizeof(number) && (micro || !unit[0] || strcmp(unit, "ms") == 0)) {
		memcpy(number, text, n);
		number[n] = '\0';
		if (suan_parse_fixed(number, micro ? 0 : 3, &us, NULL) == SUAN_OK && us > 0 &&
		    us <= MOST_US) {
			*ret_us = (uint32_t)us;
			return SUAN_OK;
		}
	}
	return suan_fail(err, SUAN_EINVAL,
			 "expected a latency such as 5ms or 800us, or city (1 ms), region (5 ms) "
			 "or nation (20 ms), found \"%.60s\"",
			 text);
}

void suan_latency_format(uint32_t us, char out[32])
{
	char number[32];

	suan_keys_decimal(us, 3, number);
	(void)snprintf(out, 32, "%.24s ms", number);
}

/* ---- the fibre rule ---- */

struct spot {
	int32_t lon_udeg, lat_udeg;
};

static bool known(struct spot p)
{
	return p.lon_udeg != 0 || p.lat_udeg != 0;
}

static uint32_t fibre_us(struct spot a, struct spot b)
{
	double lat_a = a.lat_udeg * RADIANS_UDEG, lat_b = b.lat_udeg * RADIANS_UDEG;
	double dlat = sin((lat_b - lat_a) / 2);
	double dlon = sin(((double)b.lon_udeg - a.lon_udeg) * RADIANS_UDEG / 2);
	double h = dlat * dlat + cos(lat_a) * cos(lat_b) * dlon * dlon;
	double km = 2 * EARTH_KM * asin(sqrt(h < 1 ? h : 1));

	return SUAN_FIBRE_FIXED_US +
	       (uint32_t)llround(km * SUAN_FIBRE_NS_PER_KM * SUAN_FIBRE_STRETCH_MILLI / 1e6);
}

/* ---- places: what has one name is one node ---- */

struct node {
	const char *name;
	struct spot at;
	uint32_t first;		/* of its edges */
};

struct edge {
	uint32_t from, to;
	uint32_t us;
};

struct step {			/* of the search, a heap of these */
	uint64_t us;
	uint32_t node;
};

struct map {
	const struct suan_network *net;
	struct node *nodes;	/* owned; by name */
	struct edge *edges;	/* owned; by node where they begin */
	struct step *heap;	/* owned */
	uint64_t *far;		/* owned; of each node, in the present search */
	uint32_t nnodes, nedges, nheap;
};

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct node *)x)->name, ((const struct node *)y)->name);
}

static uint32_t find(const struct map *m, const char *name)
{
	struct node key = {.name = name};
	const struct node *n = bsearch(&key, m->nodes, m->nnodes, sizeof(key), by_name);

	return n ? (uint32_t)(n - m->nodes) : UINT32_MAX;
}

static void add_node(struct map *m, const char *name, int32_t lon_udeg, int32_t lat_udeg)
{
	m->nodes[m->nnodes++] = (struct node){.name = name, .at = {lon_udeg, lat_udeg}};
}

/* One of each name; where several have coordinates, those of the site. */
static void merge_nodes(struct map *m)
{
	uint32_t kept = 0;

	qsort(m->nodes, m->nnodes, sizeof(*m->nodes), by_name);
	for (uint32_t i = 0; i < m->nnodes; i++) {
		if (kept == 0 || strcmp(m->nodes[kept - 1].name, m->nodes[i].name) != 0)
			m->nodes[kept++] = m->nodes[i];
		else if (!known(m->nodes[kept - 1].at))
			m->nodes[kept - 1].at = m->nodes[i].at;
	}
	m->nnodes = kept;
	for (uint32_t i = 0; i < m->net->nsites; i++) {
		const struct suan_site_spec *s = &m->net->sites[i];
		struct spot at = {s->lon_udeg, s->lat_udeg};

		if (known(at))
			m->nodes[find(m, s->name)].at = at;
	}
}

static int by_begin(const void *x, const void *y)
{
	const struct edge *a = x, *b = y;

	return (a->from > b->from) - (a->from < b->from);
}

static void take_links(struct map *m)
{
	const struct suan_network *net = m->net;

	for (uint32_t i = 0; i < net->nlinks; i++) {
		const struct suan_link_spec *l = &net->links[i];
		struct edge e = {find(m, l->from), find(m, l->to), l->latency_us};
		const struct spot a = m->nodes[e.from].at, b = m->nodes[e.to].at;

		if (e.us == 0 && known(a) && known(b))
			e.us = fibre_us(a, b);
		if (e.us > 0)
			m->edges[m->nedges++] = e;
	}
	qsort(m->edges, m->nedges, sizeof(*m->edges), by_begin);
	for (uint32_t i = 0, k = 0; i < m->nnodes; i++) {
		m->nodes[i].first = k;
		while (k < m->nedges && m->edges[k].from == i)
			k++;
	}
}

static bool open_map(struct map *m)
{
	const struct suan_network *net = m->net;
	size_t most = (size_t)net->ncities + net->nsites + 2 * (size_t)net->nlinks + 1;

	m->nodes = calloc(most, sizeof(*m->nodes));
	m->edges = calloc((size_t)net->nlinks + 1, sizeof(*m->edges));
	m->heap = calloc((size_t)net->nlinks + 2, sizeof(*m->heap));
	m->far = calloc(most, sizeof(*m->far));
	if (!m->nodes || !m->edges || !m->heap || !m->far)
		return false;
	for (uint32_t i = 0; i < net->nsites; i++)
		add_node(m, net->sites[i].name, net->sites[i].lon_udeg, net->sites[i].lat_udeg);
	for (uint32_t i = 0; i < net->ncities; i++)
		add_node(m, net->cities[i].name, net->cities[i].lon_udeg, net->cities[i].lat_udeg);
	for (uint32_t i = 0; i < net->nlinks; i++) {
		add_node(m, net->links[i].from, 0, 0);
		add_node(m, net->links[i].to, 0, 0);
	}
	merge_nodes(m);
	take_links(m);
	return true;
}

static void close_map(struct map *m)
{
	free(m->nodes);
	free(m->edges);
	free(m->heap);
	free(m->far);
}

/* ---- shortest ways from one node ---- */

static void push(struct map *m, uint64_t us, uint32_t node)
{
	uint32_t i = m->nheap++;

	for (; i > 0 && m->heap[(i - 1) / 2].us > us; i = (i - 1) / 2)
		m->heap[i] = m->heap[(i - 1) / 2];
	m->heap[i] = (struct step){us, node};
}

static struct step pop(struct map *m)
{
	struct step first = m->heap[0], last = m->heap[--m->nheap];
	uint32_t i = 0;

	for (;;) {
		uint32_t k = 2 * i + 1;

		if (k >= m->nheap)
			break;
		k += k + 1 < m->nheap && m->heap[k + 1].us < m->heap[k].us;
		if (m->heap[k].us >= last.us)
			break;
		m->heap[i] = m->heap[k];
		i = k;
	}
	m->heap[i] = last;
	return first;
}

/* Each edge is pushed once at most, so that the heap has room. */
static void search(struct map *m, uint32_t from)
{
	for (uint32_t i = 0; i < m->nnodes; i++)
		m->far[i] = NO_WAY;
	m->nheap = 0;
	m->far[from] = 0;
	push(m, 0, from);
	while (m->nheap > 0) {
		struct step s = pop(m);
		uint32_t end = s.node + 1 < m->nnodes ? m->nodes[s.node + 1].first : m->nedges;

		if (s.us > m->far[s.node])
			continue;
		for (uint32_t i = m->nodes[s.node].first; i < end; i++) {
			const struct edge *e = &m->edges[i];

			if (s.us + e->us >= m->far[e->to])
				continue;
			m->far[e->to] = s.us + e->us;
			push(m, s.us + e->us, e->to);
		}
	}
}

/* ---- all pairs ---- */

static uint32_t to_site(const struct map *m, uint32_t row, uint32_t from, uint32_t site)
{
	const struct suan_network *net = m->net;
	const struct suan_site_spec *s = &net->sites[site];
	uint32_t to = find(m, s->name);
	bool city = row < net->ncities;
	struct spot a = m->nodes[from].at, b = {s->lon_udeg, s->lat_udeg};

	if (!city && row - net->ncities == site)
		return 0;
	if (from != to && m->far[to] != NO_WAY)
		return m->far[to] < SUAN_FAR_US ? (uint32_t)m->far[to] : SUAN_FAR_US - 1;
	if (city)
		a = (struct spot){net->cities[row].lon_udeg, net->cities[row].lat_udeg};
	if (known(a) && known(b))
		return fibre_us(a, b);
	return from == to ? SUAN_FIBRE_FIXED_US : SUAN_FAR_US;
}

static void measure_from(struct map *m, uint32_t row, uint32_t *ret)
{
	const struct suan_network *net = m->net;
	const char *name = row < net->ncities ? net->cities[row].name
					      : net->sites[row - net->ncities].name;
	uint32_t from = find(m, name);

	search(m, from);
	for (uint32_t i = 0; i < net->nsites; i++)
		ret[i] = to_site(m, row, from, i);
}

enum suan_code suan_latency_measure(struct suan_network *net, struct suan_arena *arena,
				    struct suan_err *err)
{
	uint64_t rows = (uint64_t)net->ncities + net->nsites, n = rows * net->nsites;
	struct map m = {.net = net};
	uint32_t *list = NULL;

	if (n > 0 && n <= MOST_PAIRS) {
		list = suan_arena_array(arena, (size_t)n, sizeof(*list));
		if (!list || !open_map(&m)) {
			close_map(&m);
			return suan_fail(err, SUAN_ENOMEM, "out of memory");
		}
	}
	for (uint32_t row = 0; list && row < rows; row++)
		measure_from(&m, row, list + (size_t)row * net->nsites);
	close_map(&m);
	net->latency_us = list;
	net->nlatency = list ? (uint32_t)n : 0;
	return SUAN_OK;
}
