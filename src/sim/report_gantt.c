/* Runs of one site as bars: time to the right, cores upwards. Cores are given out lowest first, in
 * one piece if one is free; which cores a run really had does not matter to the scheduler. The
 * largest bars are drawn one by one; all others are counted into a grid of shades. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "sim/report_inside.h"

#define WIDTH	     10000 /* of the drawing */
#define LEVELS	     1000
#define HEIGHT	     200  /* pixels */
#define MOST_BARS    6000 /* on the page */
#define MOST_OF_SITE 2500
#define LEAST_BARS   150
#define MOST_RUNS    200000 /* that are laid out; of more the largest */
#define COLUMNS	     300
#define ROWS	     50
#define SHADES	     3
#define CLASSES	     4 /* of waits */
#define MOST_RESERVATIONS 300

struct piece { /* of free cores, or of a run's */
	uint64_t low, n;
};

struct bar {
	const struct suan_report_run *run; /* borrowed */
	struct piece at;
};

struct active {
	int64_t end_ms;
	size_t first_bar, nbars;
};

struct chart {
	struct suan_report_page *p;
	uint64_t cores;
	const struct suan_report_run **runs; /* owned, of the site; by start */
	size_t nruns, left_out;
	struct piece *free_list; /* owned; from low to high, never touching */
	size_t nfree, free_cap;
	struct bar *bars; /* owned; by start */
	size_t nbars, bars_cap;
	struct active *heap; /* owned; room for all runs; earliest end first */
	size_t nactive;
	float small[ROWS][COLUMNS][CLASSES]; /* share of each cell that small bars cover */
};

/* ---- which runs ---- */

static double area(const struct suan_report_run *run)
{
	return (double)run->cores * (double)(run->end_ms - run->start_ms);
}

static int by_area(const void *a, const void *b)
{
	const struct suan_report_run *x = *(const struct suan_report_run *const *)a;
	const struct suan_report_run *y = *(const struct suan_report_run *const *)b;
	double ax = area(x), ay = area(y);

	if (ax != ay)
		return ax > ay ? -1 : 1;
	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->job < y->job ? -1 : x->job > y->job;
}

static int by_start(const void *a, const void *b)
{
	const struct suan_report_run *x = *(const struct suan_report_run *const *)a;
	const struct suan_report_run *y = *(const struct suan_report_run *const *)b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->job < y->job ? -1 : x->job > y->job;
}

static bool choose_runs(struct chart *g, const struct suan_report_case *c, size_t site)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nruns; i++)
		n += c->runs[i].site == site;
	g->runs = malloc((n + 1) * sizeof(*g->runs));
	if (!g->runs)
		return false;
	for (size_t i = 0; i < c->nruns; i++)
		if (c->runs[i].site == site && area(&c->runs[i]) > 0)
			g->runs[g->nruns++] = &c->runs[i];
	if (g->nruns > MOST_RUNS) {
		qsort(g->runs, g->nruns, sizeof(*g->runs), by_area);
		g->left_out = g->nruns - MOST_RUNS;
		g->nruns = MOST_RUNS;
	}
	qsort(g->runs, g->nruns, sizeof(*g->runs), by_start);
	g->heap = malloc((g->nruns + 1) * sizeof(*g->heap));
	return g->heap != NULL;
}

/* ---- cores ---- */

/* Place in the list of the first free piece above core. */
static size_t above(const struct chart *g, uint64_t core)
{
	size_t lo = 0, hi = g->nfree;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->free_list[mid].low > core)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static bool give_back(struct chart *g, struct piece at)
{
	size_t i = above(g, at.low);
	struct piece *f;
	bool below_touches, above_touches;

	if (suan_grow(&g->free_list, &g->free_cap, g->nfree + 1, sizeof(*f)) != SUAN_OK)
		return false;
	f = g->free_list;
	below_touches = i > 0 && f[i - 1].low + f[i - 1].n == at.low;
	above_touches = i < g->nfree && at.low + at.n == f[i].low;
	if (below_touches && above_touches) {
		f[i - 1].n += at.n + f[i].n;
		memmove(&f[i], &f[i + 1], (g->nfree - i - 1) * sizeof(*f));
		g->nfree--;
	} else if (below_touches) {
		f[i - 1].n += at.n;
	} else if (above_touches) {
		f[i].low = at.low;
		f[i].n += at.n;
	} else {
		memmove(&f[i + 1], &f[i], (g->nfree - i) * sizeof(*f));
		f[i] = at;
		g->nfree++;
	}
	return true;
}

/* Up to n cores from the lower end of free piece i. */
static struct piece cut(struct chart *g, size_t i, uint64_t n)
{
	struct piece *f = &g->free_list[i];
	struct piece got = {f->low, n < f->n ? n : f->n};

	f->low += got.n;
	f->n -= got.n;
	if (f->n == 0) {
		memmove(f, f + 1, (g->nfree - i - 1) * sizeof(*f));
		g->nfree--;
	}
	return got;
}

static bool add_bar(struct chart *g, const struct suan_report_run *run, struct piece at)
{
	if (suan_grow(&g->bars, &g->bars_cap, g->nbars + 1, sizeof(*g->bars)) != SUAN_OK)
		return false;
	g->bars[g->nbars++] = (struct bar){run, at};
	return true;
}

static bool take_cores(struct chart *g, const struct suan_report_run *run)
{
	uint64_t left = run->cores;
	size_t i = 0;

	while (i < g->nfree && g->free_list[i].n < left)
		i++;
	if (i < g->nfree)
		return add_bar(g, run, cut(g, i, left));
	while (left > 0 && g->nfree > 0) {
		struct piece got = cut(g, 0, left);

		left -= got.n;
		if (!add_bar(g, run, got))
			return false;
	}
	return true;
}

/* ---- the order of ends ---- */

static void push(struct chart *g, struct active v)
{
	size_t i = g->nactive++;

	for (; i > 0 && v.end_ms < g->heap[(i - 1) / 2].end_ms; i = (i - 1) / 2)
		g->heap[i] = g->heap[(i - 1) / 2];
	g->heap[i] = v;
}

static struct active pop(struct chart *g)
{
	struct active first = g->heap[0], v = g->heap[--g->nactive];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < g->nactive; i = child) {
		if (child + 1 < g->nactive && g->heap[child + 1].end_ms < g->heap[child].end_ms)
			child++;
		if (g->heap[child].end_ms >= v.end_ms)
			break;
		g->heap[i] = g->heap[child];
	}
	g->heap[i] = v;
	return first;
}

static bool lay_out(struct chart *g)
{
	if (!give_back(g, (struct piece){0, g->cores}))
		return false;
	for (size_t i = 0; i < g->nruns; i++) {
		const struct suan_report_run *run = g->runs[i];
		struct active v = {run->end_ms, g->nbars, 0};

		while (g->nactive > 0 && g->heap[0].end_ms <= run->start_ms) {
			struct active over = pop(g);

			for (size_t k = 0; k < over.nbars; k++)
				if (!give_back(g, g->bars[over.first_bar + k].at))
					return false;
		}
		if (!take_cores(g, run))
			return false;
		v.nbars = g->nbars - v.first_bar;
		push(g, v);
	}
	return true;
}

/* ---- drawing ---- */

struct box {
	double x, y, w, h; /* of the whole chart, y from above */
};

static struct box box_of(const struct chart *g, const struct bar *b)
{
	const struct suan_report_page *p = g->p;
	double length = (double)(p->until_ms - p->from_ms), cores = (double)g->cores;

	return (struct box){
		.x = (double)(b->run->start_ms - p->from_ms) / length,
		.y = 1 - (double)(b->at.low + b->at.n) / cores,
		.w = (double)(b->run->end_ms - b->run->start_ms) / length,
		.h = (double)b->at.n / cores,
	};
}

/* Wide and high enough that an eye can find it. */
static bool visible(struct box b)
{
	return b.w * 1000 >= 1 && b.h * HEIGHT >= 1;
}

static int class_of(const struct suan_report_run *run)
{
	int64_t wait_s = (run->start_ms - run->submit_ms) / 1000;

	return wait_s < 60 ? 0 : wait_s < 3600 ? 1 : wait_s < 86400 ? 2 : 3;
}

/* Adds the part of each cell that the bar covers. */
static void add_small(struct chart *g, const struct bar *bar)
{
	struct box b = box_of(g, bar);
	double x0 = b.x * COLUMNS, x1 = (b.x + b.w) * COLUMNS, y0 = b.y * ROWS;
	double y1 = (b.y + b.h) * ROWS;
	int class = class_of(bar->run);

	for (int row = (int)y0; row < ROWS && row < y1; row++) {
		double high = fmin(y1, row + 1) - fmax(y0, row);

		for (int col = (int)x0; col < COLUMNS && col < x1; col++)
			g->small[row][col][class] +=
				(float)(high * (fmin(x1, col + 1) - fmax(x0, col)));
	}
}

/* The class that covers most of the cell, and how strong its tint is: 0 (none) to SHADES. */
static int tint_of(const float cell[CLASSES], int *ret_class)
{
	float sum = 0;

	*ret_class = 0;
	for (int k = 0; k < CLASSES; k++) {
		sum += cell[k];
		if (cell[k] > cell[*ret_class])
			*ret_class = k;
	}
	return sum < 0.06f ? 0 : sum < 0.35f ? 1 : sum < 0.7f ? 2 : SHADES;
}

static bool has_tint(const struct chart *g, int row, int col, int class, int shade)
{
	int own;

	return tint_of(g->small[row][col], &own) == shade && own == class;
}

/* All cells of one tint: neighbours in a row make one rectangle. */
static void draw_tint(struct chart *g, int class, int shade)
{
	struct suan_buf *out = g->p->out;
	size_t before = out->len, begun;

	suan_buf_addf(out, "<path class=\"k%d s%d\" d=\"", class, shade);
	begun = out->len;
	for (int row = 0; row < ROWS; row++)
		for (int col = 0, n; col < COLUMNS; col += n) {
			for (n = 0; col + n < COLUMNS && has_tint(g, row, col + n, class, shade);)
				n++;
			if (n > 0)
				suan_buf_addf(out, "M%d %dh%dv%dh-%dz", col, row, n, 1, n);
			else
				n = 1;
		}
	if (out->len == begun)
		suan_buf_cut(out, before);
	else
		suan_buf_adds(out, "\"/>\n");
}

static void draw_small(struct chart *g)
{
	suan_buf_addf(g->p->out,
		      "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
		      "preserveAspectRatio=\"none\" class=\"shapes\">\n",
		      HEIGHT, COLUMNS, ROWS);
	for (int class = 0; class < CLASSES; class ++)
		for (int shade = 1; shade <= SHADES; shade++)
			draw_tint(g, class, shade);
	suan_buf_adds(g->p->out, "</svg>\n");
}

static void draw_bar(struct chart *g, const struct bar *b)
{
	const struct suan_report_run *run = b->run;
	struct box box = box_of(g, b);
	char length[32], wait[32];

	suan_format_duration(run->end_ms - run->start_ms, length);
	suan_format_duration(run->start_ms - run->submit_ms, wait);
	suan_buf_addf(g->p->out,
		      "<rect x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\"><title>"
		      "%llu: %u cores 核, run 运行 %s, wait 等待 %s</title></rect>\n",
		      lround(box.x * WIDTH), lround(box.y * LEVELS), lround(box.w * WIDTH),
		      lround(box.h * LEVELS), (unsigned long long)run->job, (unsigned)run->cores,
		      length, wait);
}

static int larger_box(const void *a, const void *b)
{
	const struct bar *x = a, *y = b;
	double ax = (double)x->at.n * (double)(x->run->end_ms - x->run->start_ms);
	double ay = (double)y->at.n * (double)(y->run->end_ms - y->run->start_ms);

	if (ax != ay)
		return ax > ay ? -1 : 1;
	if (x->run->job != y->run->job)
		return x->run->job < y->run->job ? -1 : 1;
	return x->at.low < y->at.low ? -1 : x->at.low > y->at.low;
}

/* Puts the bars to be drawn first; the others go into the grid. Returns how many those are. */
static size_t thin_out(struct chart *g)
{
	size_t most = MOST_BARS / g->p->r->nsites / g->p->r->ncases, drawn = 0;

	most = most > MOST_OF_SITE ? MOST_OF_SITE : most < LEAST_BARS ? LEAST_BARS : most;
	if (g->nbars > 0)
		qsort(g->bars, g->nbars, sizeof(*g->bars), larger_box);
	for (size_t i = 0; i < g->nbars; i++) {
		struct bar b = g->bars[i];

		if (drawn < most && visible(box_of(g, &b)))
			g->bars[drawn++] = b;
		else
			add_small(g, &b);
	}
	return drawn;
}

static void draw(struct chart *g)
{
	struct suan_buf *out = g->p->out;
	size_t drawn = thin_out(g);

	draw_small(g);
	suan_buf_addf(out,
		      "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
		      "preserveAspectRatio=\"none\" class=\"shapes\">\n",
		      HEIGHT, WIDTH, LEVELS);
	for (int class = 0; class < CLASSES; class ++) {
		suan_buf_addf(out, "<g class=\"bar k%d\">\n", class);
		for (size_t i = 0; i < drawn; i++)
			if (class_of(g->bars[i].run) == class)
				draw_bar(g, &g->bars[i]);
		suan_buf_adds(out, "</g>\n");
	}
	suan_buf_adds(out, "</svg>\n");
}

/* ---- reservations ---- */

/* Cores of the site that earlier ones of the list have at the same time. */
static uint64_t cores_before(const struct suan_report_case *c, size_t i)
{
	const struct suan_report_reservation *x = &c->reservations[i];
	uint64_t cores = 0;

	for (size_t k = 0; k < i; k++) {
		const struct suan_report_reservation *y = &c->reservations[k];

		if (y->site == x->site && y->from_ms < x->to_ms && x->from_ms < y->to_ms)
			cores += y->cores;
	}
	return cores;
}

static void draw_reservation(struct chart *g, const struct suan_report_case *c, size_t i)
{
	static const char *const words[] = {"kept 已保持", "broken 未保持", ""};
	const struct suan_report_reservation *x = &c->reservations[i];
	const struct suan_report_page *p = g->p;
	struct suan_buf *out = p->out;
	double length = (double)(p->until_ms - p->from_ms);
	int64_t from = x->from_ms > p->from_ms ? x->from_ms : p->from_ms;
	int64_t to = x->to_ms < p->until_ms ? x->to_ms : p->until_ms;
	double top = (double)cores_before(c, i) / (double)g->cores;
	double high = (double)x->cores / (double)g->cores;

	if (to <= from || top >= 1)
		return;
	suan_buf_addf(out, "<rect%s x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\"><title>",
		      x->kept == SUAN_REPORT_BROKEN ? " class=\"lost\"" : "",
		      lround((double)(from - p->from_ms) / length * WIDTH), lround(top * LEVELS),
		      lround((double)(to - from) / length * WIDTH),
		      lround((top + high > 1 ? 1 - top : high) * LEVELS));
	suan_report_text(out, x->name ? x->name : x->maintenance ? "maintenance 维护" : "-");
	suan_buf_addf(out, ": %u nodes 节点, %s</title></rect>\n", (unsigned)x->nodes,
		      words[x->kept]);
}

static void draw_reservations(struct chart *g, const struct suan_report_case *c, size_t site)
{
	size_t n = c->nreservations < MOST_RESERVATIONS ? c->nreservations : MOST_RESERVATIONS;

	if (n == 0)
		return;
	suan_buf_addf(g->p->out,
		      "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
		      "preserveAspectRatio=\"none\" class=\"shapes held\">\n",
		      HEIGHT, WIDTH, LEVELS);
	for (size_t i = 0; i < n; i++)
		if (c->reservations[i].site == site &&
		    c->reservations[i].kept != SUAN_REPORT_REFUSED)
			draw_reservation(g, c, i);
	suan_buf_adds(g->p->out, "</svg>\n");
}

static void axis(struct suan_report_page *p, uint64_t cores)
{
	for (int i = 0; i <= 2; i++) {
		if (i == 1 && cores % 2 != 0)
			continue;
		suan_report_tick_y(p, HEIGHT, i * 5000);
		suan_report_count(p->out, cores * (uint64_t)i / 2);
		suan_report_tick_end(p);
	}
	suan_report_time_axis(p, HEIGHT);
}

static void caption(struct chart *g, const char *name)
{
	struct suan_buf *out = g->p->out;

	suan_buf_adds(out, "<b>");
	suan_report_name(out, name);
	suan_buf_adds(out, "</b> <span class=\"muted\">");
	suan_report_count(out, g->nruns + g->left_out);
	suan_report_say(out, " runs", " 次运行");
	if (g->left_out) {
		suan_report_say(out, ", without the smallest ", "，未画最小的 ");
		suan_report_count(out, g->left_out);
	}
	suan_buf_adds(out, "</span>");
}

void suan_report_gantt(struct suan_report_page *p, const struct suan_report_case *c, size_t site)
{
	struct chart *g = calloc(1, sizeof(*g));

	if (!g) {
		p->no_memory = true;
		return;
	}
	g->p = p;
	g->cores = p->r->sites[site].cores;
	if (g->cores > 0 && choose_runs(g, c, site) && lay_out(g)) {
		suan_report_figure_open(p);
		caption(g, p->r->sites[site].name);
		suan_report_figure_frame(p, HEIGHT, "Gantt chart / 甘特图",
					 "Runs of the site: time to the right, cores upwards / "
					 "站点的运行：横轴为时间，纵轴为核");
		axis(p, g->cores);
		draw(g);
		draw_reservations(g, c, site);
		suan_report_figure_svg_end(p);
		suan_report_figure_close(p);
	} else if (g->cores > 0) {
		p->no_memory = true;
	}
	free(g->runs);
	free(g->free_list);
	free(g->bars);
	free(g->heap);
	free(g);
}
