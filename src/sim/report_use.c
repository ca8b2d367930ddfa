/* Cores in use over time: exact core-seconds of each of so many equal parts. */
#include <math.h>
#include <stdio.h>

#include "sim/report_inside.h"

#define BINS	 500
#define HEIGHT	 132 /* pixels */
#define HEIGHT_1 180 /* of all sites together */

struct use {
	double busy[BINS];	 /* cores in use, on average */
	double change[BINS + 1]; /* of whole bins, from here on */
	double peak, mean;
};

static void add(struct use *u, const struct suan_report_page *p, const struct suan_report_run *run)
{
	double per_bin = (double)(p->until_ms - p->from_ms) / BINS, cores = run->cores;
	double a = (double)(run->start_ms - p->from_ms) / per_bin;
	double b = (double)(run->end_ms - p->from_ms) / per_bin;
	size_t first, last;

	if (b <= a)
		return;
	first = (size_t)a < BINS ? (size_t)a : BINS - 1;
	last = (size_t)b < BINS ? (size_t)b : BINS - 1;
	if (first == last) {
		u->busy[first] += cores * (b - a);
		return;
	}
	u->busy[first] += cores * ((double)(first + 1) - a);
	u->busy[last] += cores * (b - (double)last);
	u->change[first + 1] += cores;
	u->change[last] -= cores;
}

static void sum_up(struct use *u)
{
	double whole = 0;

	for (size_t i = 0; i < BINS; i++) {
		whole += u->change[i];
		u->busy[i] += whole;
		u->peak = u->busy[i] > u->peak ? u->busy[i] : u->peak;
		u->mean += u->busy[i] / BINS;
	}
}

static void shape(struct suan_report_page *p, const struct use *u, double cores, bool area)
{
	long before = 1000;

	suan_buf_adds(p->out,
		      area ? "<path class=\"area\" d=\"M0 1000" : "<path class=\"line c0\" d=\"");
	for (size_t i = 0; i < BINS; i++) {
		long y = lround(1000.0 - 1000.0 * u->busy[i] / cores);

		y = y < 0 ? 0 : y;
		if (i == 0)
			suan_buf_addf(p->out, area ? "V%ld" : "M0 %ld", y);
		else if (y != before)
			suan_buf_addf(p->out, "H%zuV%ld", i, y);
		before = y;
	}
	suan_buf_addf(p->out, area ? "H%dV1000Z\"/>\n" : "H%d\"/>\n", BINS);
}

/* As in the table, whose time ends with the last run of this policy or site; else of the plot. */
static int64_t mean_of(const struct suan_report_page *p, const struct suan_report_case *c,
		       size_t site, double of_plot)
{
	int64_t known = SUAN_REPORT_NONE;

	if (site == p->r->nsites || p->r->nsites == 1)
		known = c->all.utilization;
	else if (c->sites)
		known = c->sites[site].utilization;
	return known != SUAN_REPORT_NONE ? known : llround(of_plot * 1e6);
}

/* Mean and peak: millionths. */
static void caption(struct suan_report_page *p, size_t site, double cores, int64_t mean,
		    int64_t peak)
{
	struct suan_buf *out = p->out;

	suan_buf_adds(out, "<b>");
	if (site == p->r->nsites)
		suan_report_say(out, "All sites", "全部站点");
	else
		suan_report_name(out, p->r->sites[site].name);
	suan_buf_adds(out, "</b> <span class=\"muted\">");
	suan_report_count(out, (uint64_t)cores);
	suan_report_say(out, " cores · mean ", " 核 · 平均 ");
	suan_report_percent(out, mean);
	suan_report_say(out, " · peak ", " · 峰值 ");
	suan_report_percent(out, peak);
	suan_buf_adds(out, "</span>");
}

static void axis(struct suan_report_page *p, int height)
{
	for (int at = 0; at <= 100; at += 50) {
		suan_report_tick_y(p, height, at * 100);
		suan_buf_addf(p->out, "%d %%", at);
		suan_report_tick_end(p);
	}
	suan_report_time_axis(p, height);
}

void suan_report_utilization(struct suan_report_page *p, const struct suan_report_case *c,
			     size_t site)
{
	bool all = site == p->r->nsites;
	int height = all ? HEIGHT_1 : HEIGHT;
	struct use u = {0};
	double cores = 0;

	for (size_t i = 0; i < p->r->nsites; i++)
		if (all || i == site)
			cores += (double)p->r->sites[i].cores;
	cores = cores > 0 ? cores : 1;
	for (size_t i = 0; i < c->nruns; i++)
		if (all || c->runs[i].site == site)
			add(&u, p, &c->runs[i]);
	sum_up(&u);
	suan_report_figure_open(p);
	caption(p, site, cores, mean_of(p, c, site, u.mean / cores), llround(u.peak / cores * 1e6));
	suan_report_figure_frame(p, height, "Utilisation / 利用率",
				 "Cores in use over time, in percent of the site's cores / "
				 "在用核数随时间变化，占站点核数的百分比");
	axis(p, height);
	suan_buf_addf(p->out,
		      "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d 1000\" "
		      "preserveAspectRatio=\"none\" class=\"shapes\">\n",
		      height, BINS);
	shape(p, &u, cores, true);
	shape(p, &u, cores, false);
	suan_buf_adds(p->out, "</svg>\n");
	suan_report_figure_svg_end(p);
	suan_report_figure_close(p);
}
