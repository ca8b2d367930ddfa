#include "sim/report.h"

#include <assert.h>

#include "sim/report_inside.h"

/* ---- head ---- */

static void head(struct suan_report_page *p)
{
	struct suan_buf *out = p->out;

	suan_buf_adds(out,
		      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
		      "<link rel=\"icon\" href=\"data:,\">\n<title>");
	suan_report_text(out, p->r->trace);
	suan_buf_adds(out, " · suan</title>\n<style>\n");
	suan_buf_adds(out, suan_report_style);
	suan_buf_adds(out, "</style>\n<script>");
	suan_buf_adds(out, suan_report_script);
	suan_buf_adds(out, "</script>\n</head>\n<body>\n");
}

static void fact(struct suan_report_page *p, const char *en, const char *zh)
{
	suan_buf_adds(p->out, "<div><dt>");
	suan_report_say(p->out, en, zh);
	suan_buf_adds(p->out, "</dt><dd>");
}

static void fact_end(struct suan_report_page *p)
{
	suan_buf_adds(p->out, "</dd></div>\n");
}

static void machine(struct suan_report_page *p)
{
	uint64_t cores = 0;

	for (size_t i = 0; i < p->r->nsites; i++)
		cores += p->r->sites[i].cores;
	if (p->r->network) {
		fact(p, "Network", "网络");
		suan_report_name(p->out, p->r->network);
		fact_end(p);
	}
	if (p->r->nsites > 1) {
		fact(p, "Sites", "站点");
		suan_report_count(p->out, p->r->nsites);
		fact_end(p);
	}
	fact(p, "Cores", "核数");
	suan_report_count(p->out, cores);
	fact_end(p);
}

static void facts(struct suan_report_page *p)
{
	const struct suan_report_input *r = p->r;

	suan_buf_adds(p->out, "<dl class=\"facts\">\n");
	fact(p, "Trace", "作业轨迹");
	suan_report_name(p->out, r->trace);
	fact_end(p);
	machine(p);
	if (r->load_milli && r->load_milli != 1000) {
		fact(p, "Load", "负载");
		suan_buf_adds(p->out, "× ");
		suan_report_decimal(p->out, (int64_t)r->load_milli * 1000,
				    r->load_milli % 10 ? 3 : 2);
		fact_end(p);
	}
	if (r->shaken) {
		fact(p, "Shaken, seed", "扰动种子");
		suan_buf_add_u64(p->out, r->seed);
		fact_end(p);
	}
	fact(p, r->ncases > 1 ? "Policies" : "Policy", "策略");
	for (size_t i = 0; i < r->ncases; i++) {
		if (i > 0)
			suan_buf_adds(p->out, " · ");
		suan_report_name(p->out, r->cases[i].name);
	}
	fact_end(p);
	suan_buf_adds(p->out, "</dl>\n");
}

static void header(struct suan_report_page *p)
{
	struct suan_buf *out = p->out;

	suan_buf_adds(out, "<header><div><h1>");
	suan_report_say(out, "Simulation report", "仿真报告");
	suan_buf_adds(out, "</h1></div><nav><button id=\"lang\" type=\"button\">"
			   "<span class=\"en\" lang=\"zh-CN\">中文</span>"
			   "<span class=\"zh\" lang=\"en\">English</span></button>"
			   "<button id=\"theme\" type=\"button\">");
	suan_report_say(out, "Theme", "主题");
	suan_buf_adds(out, "</button></nav></header>\n<main>\n");
	facts(p);
	suan_report_tiles(p);
	if (p->r->ncases > 1) {
		suan_buf_adds(out, "<p class=\"note\">");
		suan_report_say(out, "Key figures of the policy ", "以上为此策略的主要指标：");
		suan_report_name(out, p->r->cases[0].name);
		suan_buf_adds(out, "</p>\n");
	}
}

/* ---- sections ---- */

static void distributions(struct suan_report_page *p)
{
	suan_buf_adds(p->out, "<section id=\"distributions\"><h2>");
	suan_report_say(p->out, "Distributions", "分布");
	suan_buf_adds(p->out, "</h2>\n<div class=\"pair\">\n");
	suan_report_waits(p);
	suan_report_slowdowns(p);
	suan_buf_adds(p->out, "</div></section>\n");
}

static void subtitle(struct suan_report_page *p, const char *en, const char *zh)
{
	suan_buf_adds(p->out, "<h3>");
	suan_report_say(p->out, en, zh);
	suan_buf_adds(p->out, "</h3>\n");
}

static void class_legend(struct suan_report_page *p, bool reservations)
{
	static const char *const words[][3] = {
		{"k0", "waited less than 1 min", "等待不足 1 分"},
		{"k1", "1 min to 1 h", "1 分至 1 时"},
		{"k2", "1 h to 1 d", "1 时至 1 天"},
		{"k3", "longer", "更久"},
		{"k0 s2", "paler: many small runs", "浅色：许多小运行"},
		{"held", "dashed, from the top: reserved", "虚线（自上而下）：预留"},
	};
	size_t n = sizeof(words) / sizeof(words[0]) - !reservations;

	suan_buf_adds(p->out, "<ul class=\"legend\">");
	for (size_t i = 0; i < n; i++) {
		suan_buf_addf(p->out, "<li><i class=\"%s\"></i>", words[i][0]);
		suan_report_say(p->out, words[i][1], words[i][2]);
		suan_buf_adds(p->out, "</li>");
	}
	suan_buf_adds(p->out, "</ul>\n");
}

/* What the sites did under one policy. */
static void one_case(struct suan_report_page *p, const struct suan_report_case *c)
{
	size_t n = p->r->nsites;

	suan_report_sites(p, c);
	suan_report_accounts(p, c);
	suan_report_reservations(p, c);
	subtitle(p, "Utilisation over time", "利用率随时间变化");
	suan_report_utilization(p, c, n > 1 ? n : 0);
	if (n > 1) {
		suan_buf_adds(p->out, "<div class=\"many\">\n");
		for (size_t i = 0; i < n; i++)
			suan_report_utilization(p, c, i);
		suan_buf_adds(p->out, "</div>\n");
	}
	subtitle(p, "Gantt chart", "甘特图");
	class_legend(p, c->nreservations > 0);
	suan_buf_adds(p->out, n > 1 ? "<div class=\"two\">\n" : "<div>\n");
	for (size_t i = 0; i < n; i++)
		suan_report_gantt(p, c, i);
	suan_buf_adds(p->out, "</div>\n");
}

static void sites(struct suan_report_page *p)
{
	struct suan_buf *out = p->out;

	suan_buf_adds(out, "<section id=\"sites\">\n");
	for (size_t i = 0; i < p->r->ncases; i++) {
		suan_buf_addf(out, "<details class=\"case\"%s><summary><h2>",
			      i == 0 ? " open" : "");
		if (p->r->nsites > 1)
			suan_report_say(out, "Sites under ", "各站点，策略 ");
		else
			suan_report_say(out, "The machine under ", "机器，策略 ");
		suan_report_name(out, p->r->cases[i].name);
		suan_buf_adds(out, "</h2></summary>\n");
		one_case(p, &p->r->cases[i]);
		suan_buf_adds(out, "</details>\n");
	}
	suan_buf_adds(out, "</section>\n");
}

/* ---- end ---- */

static void perf(struct suan_report_page *p)
{
	struct suan_buf *out = p->out;

	for (size_t i = 0; i < p->r->ncases; i++) {
		const struct suan_report_perf *f = &p->r->cases[i].perf;

		if (f->wall_us <= 0)
			continue;
		suan_buf_adds(out, "<p>");
		suan_report_name(out, p->r->cases[i].name);
		suan_report_say(out, ": simulated in ", "：模拟用时 ");
		suan_report_span(out, f->wall_us);
		if (f->jobs_per_s) {
			suan_report_say(out, ", ", "，");
			suan_report_count(out, f->jobs_per_s);
			suan_report_say(out, " jobs per second", " 作业每秒");
		}
		if (f->peak_rss_bytes) {
			suan_report_say(out, ", at most ", "，内存最多 ");
			suan_report_bytes(out, f->peak_rss_bytes);
			suan_report_say(out, " of memory", "");
		}
		suan_buf_adds(out, "</p>\n");
	}
}

static void footer(struct suan_report_page *p)
{
	struct suan_buf *out = p->out;

	suan_buf_adds(out, "</main>\n<footer>\n<p>");
	suan_report_say(
		out,
		"Wait = start − submission. Bounded slowdown = max(1, (wait + run) / max(run, 10 "
		"s)). "
		"Weighted response time = Σ cores · run · (end − submission) / Σ cores · run. "
		"Utilisation = Σ cores · run / (cores × (last end − first submission)). "
		"Means are over all jobs, nothing is trimmed. In the plots over time 0 is the "
		"first "
		"submission.",
		"等待 = 开始 − 提交。有界减速比 = max(1, (等待 + 运行) / max(运行, 10 秒))。"
		"加权响应时间 = Σ 核 · 运行 · (结束 − 提交) / Σ 核 · 运行。"
		"利用率 = Σ 核 · 运行 / (核数 × (最后结束 − 最先提交))。"
		"平均值包含所有作业，不作裁剪。随时间变化的图中，0 为最先提交的时刻。");
	suan_buf_adds(out, "</p>\n");
	perf(p);
	suan_buf_adds(out, "<p>suan ");
	suan_report_text(out, p->r->version);
	suan_buf_adds(out, "</p>\n");
	if (p->r->command) {
		suan_buf_adds(out, "<pre class=\"card\">");
		suan_report_text(out, p->r->command);
		suan_buf_adds(out, "</pre>\n");
	}
	suan_buf_adds(out, "</footer>\n</body>\n</html>\n");
}

static void find_times(struct suan_report_page *p)
{
	p->from_ms = INT64_MAX;
	p->until_ms = INT64_MIN;
	for (size_t i = 0; i < p->r->ncases; i++) {
		const struct suan_report_case *c = &p->r->cases[i];

		for (size_t k = 0; k < c->nruns; k++) {
			if (c->runs[k].submit_ms < p->from_ms)
				p->from_ms = c->runs[k].submit_ms;
			if (c->runs[k].end_ms > p->until_ms)
				p->until_ms = c->runs[k].end_ms;
		}
	}
	if (p->from_ms > p->until_ms)
		p->from_ms = p->until_ms = 0;
	if (p->from_ms == p->until_ms)
		p->until_ms++;
}

enum suan_code suan_report_write(const struct suan_report_input *r, struct suan_buf *out,
				 struct suan_err *err)
{
	struct suan_report_page p = {.out = out, .r = r};

	assert(r->nsites > 0 && r->ncases > 0);
	find_times(&p);
	head(&p);
	header(&p);
	suan_buf_addf(out, "<div class=\"top%s\">\n",
		      r->ncases <= 3   ? " few some"
		      : r->ncases <= 5 ? " some"
				       : "");
	suan_report_scores(&p);
	distributions(&p);
	suan_buf_adds(out, "</div>\n");
	sites(&p);
	footer(&p);
	if (p.no_memory)
		return suan_fail(err, SUAN_ENOMEM, "no memory for the report");
	return suan_buf_ok(out, err);
}
