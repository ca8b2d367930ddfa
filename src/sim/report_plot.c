/* Frames, axes, curves. Shapes lie in a nested SVG that is stretched to the frame; text and grid
 * lines are placed by percentages, so that letters keep their size on every screen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/report_inside.h"

#define STEPS	   600 /* of a distribution, from left to right */
#define CDF_HEIGHT 260
#define FULL	   10000 /* hundredths of a percent */

/* ---- frames ---- */

void suan_report_figure_open(struct suan_report_page *p)
{
	p->figures++;
	suan_buf_adds(p->out, "<figure class=\"card\"><figcaption>");
}

void suan_report_figure_frame(struct suan_report_page *p, int height, const char *title,
			      const char *desc)
{
	unsigned id = p->figures;

	suan_buf_addf(p->out,
		      "</figcaption>\n<div class=\"plot\"><svg role=\"img\" "
		      "aria-labelledby=\"t%u d%u\" width=\"100%%\" height=\"%d\">"
		      "<title id=\"t%u\">",
		      id, id, height, id);
	suan_report_text(p->out, title);
	suan_buf_addf(p->out, "</title><desc id=\"d%u\">", id);
	suan_report_text(p->out, desc);
	suan_buf_adds(p->out, "</desc>\n");
}

void suan_report_figure_svg_end(struct suan_report_page *p)
{
	suan_buf_adds(p->out, "</svg></div>\n");
}

void suan_report_figure_close(struct suan_report_page *p)
{
	suan_buf_adds(p->out, "</figure>\n");
}

/* ---- ticks ---- */

void suan_report_tick_x(struct suan_report_page *p, int height, int at, bool odd)
{
	const char *anchor = at < 200 ? "start" : at > 9700 ? "end" : "middle";

	suan_buf_addf(p->out,
		      "<line class=\"grid\" x1=\"%d.%02d%%\" x2=\"%d.%02d%%\" y1=\"0\" y2=\"%d\"/>"
		      "<text class=\"tick%s\" x=\"%d.%02d%%\" y=\"%d\" text-anchor=\"%s\">",
		      at / 100, at % 100, at / 100, at % 100, height, odd ? " odd" : "", at / 100,
		      at % 100, height + 17, anchor);
}

void suan_report_tick_end(struct suan_report_page *p)
{
	suan_buf_adds(p->out, "</text>\n");
}

void suan_report_tick_y(struct suan_report_page *p, int height, int at)
{
	int y = height - height * at / FULL;

	suan_buf_addf(p->out,
		      "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>"
		      "<text class=\"tick\" x=\"-6\" y=\"%d\" text-anchor=\"end\">",
		      y, y, y + 4);
}

static void percent_axis(struct suan_report_page *p, int height, int step)
{
	for (int at = 0; at <= 100; at += step) {
		suan_report_tick_y(p, height, at * 100);
		suan_buf_addf(p->out, "%d %%", at);
		suan_report_tick_end(p);
	}
}

static void span_label(struct suan_report_page *p, int64_t s)
{
	static const struct {
		int64_t s;
		const char *en, *zh;
	} units[] = {{86400, "d", "天"}, {3600, "h", "时"}, {60, "min", "分"}, {1, "s", "秒"}};
	char en[48], zh[48];
	unsigned i = 0;

	if (s == 0) {
		suan_buf_adds(p->out, "0");
		return;
	}
	while (i < 3 && (s < units[i].s || s % units[i].s != 0))
		i++;
	(void)snprintf(en, sizeof(en), "%lld %s", (long long)(s / units[i].s), units[i].en);
	(void)snprintf(zh, sizeof(zh), "%lld %s", (long long)(s / units[i].s), units[i].zh);
	suan_report_say_svg(p->out, en, zh);
}

/* A step that gives five to ten ticks or so. */
static int64_t time_step_s(int64_t length_ms)
{
	static const int64_t steps[] = {1,     2,     5,     10,    15,	    30,	    60,
					120,   300,   600,   900,   1800,   3600,   7200,
					10800, 21600, 43200, 86400, 172800, 432000, 864000};
	const size_t n = sizeof(steps) / sizeof(steps[0]);
	int64_t step;

	for (size_t i = 0; i < n; i++)
		if (length_ms / (steps[i] * 1000) <= 9)
			return steps[i];
	for (step = steps[n - 1]; length_ms / (step * 1000) > 9; step *= 10) {
		if (length_ms / (step * 2000) <= 9)
			return step * 2;
		if (length_ms / (step * 5000) <= 9)
			return step * 5;
	}
	return step;
}

void suan_report_time_axis(struct suan_report_page *p, int height)
{
	int64_t length = p->until_ms - p->from_ms, step = time_step_s(length);
	bool odd = false;

	for (int64_t s = 0; s * 1000 <= length; s += step) {
		int at = (int)((double)(s * 1000) * FULL / (double)length);

		suan_report_tick_x(p, height, at, odd);
		span_label(p, s);
		suan_report_tick_end(p);
		odd = !odd;
	}
}

/* ---- distributions ---- */

double suan_report_slowdown(const struct suan_report_run *run)
{
	double wait = (double)(run->start_ms - run->submit_ms);
	double length = (double)(run->end_ms - run->start_ms);
	double v = (wait + length) / (length > 10000 ? length : 10000);

	return v > 1 ? v : 1;
}

static double wait_s(const struct suan_report_run *run)
{
	return (double)(run->start_ms - run->submit_ms) / 1000;
}

struct scale {
	double (*value)(const struct suan_report_run *run);
	double most; /* > 1; from 1 to there, by powers */
};

/* 0 to 1, of what is below 1 as well. */
static double place(const struct scale *s, double v)
{
	return v <= 1 ? 0 : v >= s->most ? 1 : log(v) / log(s->most);
}

static double largest(const struct suan_report_input *r,
		      double (*value)(const struct suan_report_run *))
{
	double most = 0;

	for (size_t i = 0; i < r->ncases; i++)
		for (size_t k = 0; k < r->cases[i].nruns; k++) {
			double v = value(&r->cases[i].runs[k]);

			most = v > most ? v : most;
		}
	return most;
}

/* Steps of the share of jobs that are at or below each place. */
static void curve(struct suan_report_page *p, const struct scale *s, size_t number)
{
	const struct suan_report_case *c = &p->r->cases[number];
	uint64_t bins[STEPS + 1] = {0}, below = 0;
	long before;

	if (c->nruns == 0)
		return;
	for (size_t i = 0; i < c->nruns; i++)
		bins[(size_t)ceil(place(s, s->value(&c->runs[i])) * STEPS)]++;
	below = bins[0];
	before = lround(1000.0 - 1000.0 * (double)below / (double)c->nruns);
	suan_buf_addf(p->out, "<path class=\"line c%zu d%zu\" d=\"M0 %ld",
		      number % SUAN_REPORT_COLOURS, number % SUAN_REPORT_DASHES, before);
	for (size_t i = 1; i <= STEPS; i++) {
		long y;

		below += bins[i];
		y = lround(1000.0 - 1000.0 * (double)below / (double)c->nruns);
		if (y != before)
			suan_buf_addf(p->out, "H%zuV%ld", i, y);
		before = y;
	}
	suan_buf_addf(p->out, "H%d\"/>\n", STEPS);
}

static void curves(struct suan_report_page *p, const struct scale *s)
{
	suan_buf_addf(p->out,
		      "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d 1000\" "
		      "preserveAspectRatio=\"none\" class=\"shapes\">\n",
		      CDF_HEIGHT, STEPS);
	for (size_t i = p->r->ncases; i-- > 0;) /* the first one on top */
		curve(p, s, i);
	suan_buf_adds(p->out, "</svg>\n");
}

void suan_report_legend(struct suan_report_page *p)
{
	if (p->r->ncases < 2)
		return;
	suan_buf_adds(p->out, "<ul class=\"legend\">");
	for (size_t i = 0; i < p->r->ncases; i++) {
		suan_buf_addf(p->out,
			      "<li><svg width=\"28\" height=\"10\" aria-hidden=\"true\">"
			      "<path class=\"line c%zu d%zu\" d=\"M1 5H27\"/></svg>",
			      i % SUAN_REPORT_COLOURS, i % SUAN_REPORT_DASHES);
		suan_report_name(p->out, p->r->cases[i].name);
		suan_buf_adds(p->out, "</li>");
	}
	suan_buf_adds(p->out, "</ul>\n");
}

void suan_report_waits(struct suan_report_page *p)
{
	static const int64_t ticks[] = {1,     10,     60,	600,	  3600,	    21600,
					86400, 864000, 8640000, 86400000, 864000000};
	struct scale s = {wait_s, largest(p->r, wait_s)};

	s.most = s.most > 10 ? s.most : 10;
	suan_report_figure_open(p);
	suan_report_say(p->out, "<b>Waiting time</b> share of jobs that waited at most so long",
			"<b>等待时间</b>等待不超过该时长的作业比例");
	suan_report_legend(p);
	suan_report_figure_frame(p, CDF_HEIGHT, "Waiting times / 等待时间",
				 "Cumulative distribution, logarithmic time axis; the "
				 "percentiles are in the table of scores / "
				 "累积分布，时间轴为对数刻度；分位数见评分表");
	percent_axis(p, CDF_HEIGHT, 25);
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]) && (double)ticks[i] <= s.most;
	     i++) {
		suan_report_tick_x(p, CDF_HEIGHT, (int)(place(&s, (double)ticks[i]) * FULL),
				   i % 2 != 0);
		suan_buf_adds(p->out, i == 0 ? "≤ " : "");
		span_label(p, ticks[i]);
		suan_report_tick_end(p);
	}
	curves(p, &s);
	suan_report_figure_svg_end(p);
	suan_report_figure_close(p);
}

/* Powers of ten; where there are few, also their double and fivefold. */
static void slowdown_axis(struct suan_report_page *p, const struct scale *s)
{
	static const uint64_t times[] = {1, 2, 5};
	unsigned per_power = s->most < 1000 ? 3 : 1, n = 0;

	for (uint64_t power = 1; (double)power <= s->most && power < UINT64_MAX / 10; power *= 10)
		for (unsigned k = 0; k < per_power; k++) {
			uint64_t tick = power * times[k];

			if ((double)tick > s->most)
				return;
			suan_report_tick_x(p, CDF_HEIGHT, (int)(place(s, (double)tick) * FULL),
					   n++ % 2 != 0);
			suan_report_count(p->out, tick);
			suan_report_tick_end(p);
		}
}

void suan_report_slowdowns(struct suan_report_page *p)
{
	struct scale s = {suan_report_slowdown, largest(p->r, suan_report_slowdown)};

	s.most = s.most > 2 ? s.most : 2;
	suan_report_figure_open(p);
	suan_report_say(p->out, "<b>Bounded slowdown</b> share of jobs that have at most so much",
			"<b>有界减速比</b>不超过该值的作业比例");
	suan_report_legend(p);
	suan_report_figure_frame(
		p, CDF_HEIGHT, "Bounded slowdown / 有界减速比",
		"Cumulative distribution, logarithmic axis; the percentiles are in the "
		"table of scores / 累积分布，对数刻度；分位数见评分表");
	percent_axis(p, CDF_HEIGHT, 25);
	slowdown_axis(p, &s);
	curves(p, &s);
	suan_report_figure_svg_end(p);
	suan_report_figure_close(p);
}
