#include <stddef.h>
#include <string.h>

#include "sim/report_inside.h"

enum kind {
	COUNT,
	SPAN,
	PERCENT,
	FACTOR,
	KWH,
	KG,
	YUAN,
	BYTES
};
enum better {
	NEITHER,
	LOW,
	HIGH
};

/* One score; all are 64 bits wide, and the counts that have no sign are far below 2^63. */
struct row {
	const char *en, *zh;
	enum kind kind;
	enum better better;
	size_t at; /* in struct suan_report_scores */
	bool unless_zero;
};

#define AT(f) offsetof(struct suan_report_scores, f)

static const struct row rows[] = {
	{"Jobs", "作业数", COUNT, NEITHER, AT(total), false},
	{"Completed", "完成", COUNT, HIGH, AT(completed), false},
	{"Rejected", "拒绝", COUNT, LOW, AT(rejected), false},
	{"Failed", "失败", COUNT, LOW, AT(failed), true},
	{"Unfinished", "未结束", COUNT, LOW, AT(unfinished), true},
	{"Makespan", "总完工时间", SPAN, LOW, AT(makespan), false},
	{"Utilisation", "利用率", PERCENT, HIGH, AT(utilization), false},
	{"Wait, mean", "等待，平均", SPAN, LOW, AT(wait.mean), false},
	{"Wait, median", "等待，中位数", SPAN, LOW, AT(wait.p50), false},
	{"Wait, 90th percentile", "等待，90 分位", SPAN, LOW, AT(wait.p90), false},
	{"Wait, 99th percentile", "等待，99 分位", SPAN, LOW, AT(wait.p99), false},
	{"Wait, longest", "等待，最长", SPAN, LOW, AT(wait.max), false},
	{"Bounded slowdown, mean", "有界减速比，平均", FACTOR, LOW, AT(slowdown.mean), false},
	{"Bounded slowdown, median", "有界减速比，中位数", FACTOR, LOW, AT(slowdown.p50), false},
	{"Bounded slowdown, 90th percentile", "有界减速比，90 分位", FACTOR, LOW, AT(slowdown.p90),
	 false},
	{"Bounded slowdown, 99th percentile", "有界减速比，99 分位", FACTOR, LOW, AT(slowdown.p99),
	 false},
	{"Bounded slowdown, largest", "有界减速比，最大", FACTOR, LOW, AT(slowdown.max), false},
	{"Weighted response time", "加权响应时间", SPAN, LOW, AT(awrt), false},
	{"Home jobs: shared", "本站作业：共享", SPAN, LOW, AT(home_awrt), true},
	{"Home jobs: site alone", "本站作业：独立", SPAN, NEITHER, AT(home_alone), true},
	{"Shared / alone", "共享 / 独立", FACTOR, LOW, AT(home_ratio), true},
	{"Deadlines met", "按期完成", COUNT, HIGH, AT(deadlines_met), true},
	{"Deadlines missed", "超过期限", COUNT, LOW, AT(deadlines_missed), true},
	{"Energy", "电量", KWH, LOW, AT(energy), true},
	{"Carbon", "碳排放", KG, LOW, AT(carbon), true},
	{"Cost", "费用", YUAN, LOW, AT(cost), true},
	{"Data moved", "数据搬运", BYTES, LOW, AT(moved_bytes), true},
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static int64_t value_of(const struct suan_report_scores *s, const struct row *row)
{
	int64_t v;

	memcpy(&v, (const char *)s + row->at, sizeof(v));
	return v;
}

/* The exact seconds stand below what people read. */
static void cell(struct suan_buf *out, enum kind kind, int64_t v, bool exact)
{
	if (v == SUAN_REPORT_NONE) {
		suan_buf_adds(out, "–");
		return;
	}
	switch (kind) {
	case COUNT:
		suan_report_count(out, (uint64_t)v);
		return;
	case SPAN:
		suan_report_span(out, v);
		if (exact && v >= 60000000) {
			suan_buf_adds(out, "<small>");
			suan_report_decimal(out, v, 1);
			suan_report_say(out, " s", " 秒");
			suan_buf_adds(out, "</small>");
		}
		return;
	case PERCENT:
		suan_report_percent(out, v);
		return;
	case FACTOR:
		suan_report_short(out, v);
		return;
	case KWH:
		suan_report_short(out, v);
		suan_report_say(out, " kWh", " 千瓦时");
		return;
	case KG:
		suan_report_short(out, v);
		suan_report_say(out, " kg CO₂", " 千克 CO₂");
		return;
	case YUAN:
		suan_report_decimal(out, v, 2);
		suan_report_say(out, " yuan", " 元");
		return;
	case BYTES:
		suan_report_bytes(out, v < 0 ? 0 : (uint64_t)v);
		return;
	}
}

/* ---- all policies ---- */

struct range {
	int64_t best;
	bool known, zero, differ; /* zero: no value is another one */
};

static struct range range_of(const struct suan_report_input *r, const struct row *row)
{
	struct range g = {.zero = true};

	for (size_t i = 0; i < r->ncases; i++) {
		int64_t v = value_of(&r->cases[i].all, row);

		if (v == SUAN_REPORT_NONE)
			continue;
		g.differ |= g.known && v != g.best;
		if (!g.known || (row->better == LOW ? v < g.best : v > g.best))
			g.best = v;
		g.known = true;
		g.zero &= v == 0;
	}
	return g;
}

static void score_row(struct suan_report_page *p, const struct row *row)
{
	struct range g = range_of(p->r, row);

	if (!g.known || (row->unless_zero && g.zero))
		return;
	suan_buf_adds(p->out, "<tr><th scope=\"row\">");
	suan_report_say(p->out, row->en, row->zh);
	suan_buf_adds(p->out, "</th>");
	for (size_t i = 0; i < p->r->ncases; i++) {
		int64_t v = value_of(&p->r->cases[i].all, row);
		bool best = g.differ && row->better != NEITHER && v == g.best;

		suan_buf_adds(p->out, best ? "<td class=\"best\">" : "<td>");
		cell(p->out, row->kind, v, true);
		suan_buf_adds(p->out, "</td>");
	}
	suan_buf_adds(p->out, "</tr>\n");
}

void suan_report_scores(struct suan_report_page *p)
{
	struct suan_buf *out = p->out;

	suan_buf_adds(out, "<section id=\"scores\"><h2>");
	suan_report_say(out, "Scores", "评分");
	suan_buf_adds(out, "</h2>\n<div class=\"card wide\" tabindex=\"0\" role=\"region\" "
			   "aria-label=\"Scores / 评分\"><table class=\"scores\"><thead><tr>"
			   "<th scope=\"col\">");
	suan_report_say(out, "Measure", "指标");
	suan_buf_adds(out, "</th>");
	for (size_t i = 0; i < p->r->ncases; i++) {
		suan_buf_adds(out, "<th scope=\"col\">");
		suan_report_name(out, p->r->cases[i].name);
		suan_buf_adds(out, "</th>");
	}
	suan_buf_adds(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < NROWS; i++)
		score_row(p, &rows[i]);
	suan_buf_adds(out, "</tbody></table></div>\n");
	if (p->r->ncases > 1) {
		suan_buf_adds(out, "<p class=\"note\">");
		suan_report_say(out, "● the best of the row.", "● 表示该行最优。");
		suan_buf_adds(out, "</p>\n");
	}
	suan_buf_adds(out, "</section>\n");
}

/* ---- key figures ---- */

static void tile(struct suan_report_page *p, const char *en, const char *zh, enum kind kind,
		 int64_t v)
{
	if (v == SUAN_REPORT_NONE)
		return;
	suan_buf_adds(p->out, "<div class=\"tile\"><dt>");
	suan_report_say(p->out, en, zh);
	suan_buf_adds(p->out, "</dt><dd>");
	cell(p->out, kind, v, false);
	suan_buf_adds(p->out, "</dd></div>\n");
}

void suan_report_tiles(struct suan_report_page *p)
{
	const struct suan_report_scores *s = &p->r->cases[0].all;
	const struct suan_report_perf *perf = &p->r->cases[0].perf;

	suan_buf_adds(p->out, "<dl class=\"tiles\">\n");
	tile(p, "Jobs completed", "完成作业", COUNT, (int64_t)s->completed);
	if (s->rejected)
		tile(p, "Jobs rejected", "拒绝作业", COUNT, (int64_t)s->rejected);
	tile(p, "Utilisation", "利用率", PERCENT, s->utilization);
	tile(p, "Mean wait", "平均等待", SPAN, s->wait.mean);
	tile(p, "Mean bounded slowdown", "平均有界减速比", FACTOR, s->slowdown.mean);
	tile(p, "Makespan", "总完工时间", SPAN, s->makespan);
	if (s->energy > 0)
		tile(p, "Energy", "电量", KWH, s->energy);
	if (s->carbon > 0)
		tile(p, "Carbon", "碳排放", KG, s->carbon);
	if (s->cost > 0)
		tile(p, "Cost", "费用", YUAN, s->cost);
	if (perf->jobs_per_s)
		tile(p, "Simulated jobs per second", "每秒模拟作业", COUNT,
		     (int64_t)perf->jobs_per_s);
	suan_buf_adds(p->out, "</dl>\n");
}

/* ---- sites ---- */

static const char *const site_columns[] = {
	"Jobs",	  "Utilisation", "Wait, mean", "Wait, 99th percentile", "Bounded slowdown, mean",
	"Energy", "Carbon",	 "Cost",
	"Home jobs: shared", "Home jobs: site alone", "Shared / alone",
};
#define NCOLUMNS (sizeof(site_columns) / sizeof(site_columns[0]))

static const struct row *row_named(const char *en)
{
	size_t i = 0;

	while (strcmp(rows[i].en, en) != 0)
		i++;
	return &rows[i];
}

static bool column_known(const struct suan_report_case *c, size_t nsites, const struct row *row)
{
	for (size_t i = 0; i < nsites; i++) {
		int64_t v = value_of(&c->sites[i], row);

		if (v != SUAN_REPORT_NONE && !(row->unless_zero && v == 0))
			return true;
	}
	return false;
}

void suan_report_sites(struct suan_report_page *p, const struct suan_report_case *c)
{
	const struct row *columns[NCOLUMNS];
	struct suan_buf *out = p->out;
	size_t n = 0;

	if (!c->sites)
		return;
	suan_buf_adds(out, "<div class=\"card wide\" tabindex=\"0\" role=\"region\" "
			   "aria-label=\"Sites / 站点\"><table><thead><tr><th scope=\"col\">");
	suan_report_say(out, "Site", "站点");
	suan_buf_adds(out, "</th><th scope=\"col\">");
	suan_report_say(out, "Cores", "核数");
	suan_buf_adds(out, "</th>");
	for (size_t k = 0; k < NCOLUMNS; k++) {
		const struct row *row = row_named(site_columns[k]);

		if (!column_known(c, p->r->nsites, row))
			continue;
		columns[n++] = row;
		suan_buf_adds(out, "<th scope=\"col\">");
		suan_report_say(out, row->en, row->zh);
		suan_buf_adds(out, "</th>");
	}
	suan_buf_adds(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < p->r->nsites; i++) {
		suan_buf_adds(out, "<tr><th scope=\"row\">");
		suan_report_name(out, p->r->sites[i].name);
		suan_buf_adds(out, "</th><td>");
		suan_report_count(out, p->r->sites[i].cores);
		suan_buf_adds(out, "</td>");
		for (size_t k = 0; k < n; k++) {
			suan_buf_adds(out, "<td>");
			cell(out, columns[k]->kind, value_of(&c->sites[i], columns[k]), false);
			suan_buf_adds(out, "</td>");
		}
		suan_buf_adds(out, "</tr>\n");
	}
	suan_buf_adds(out, "</tbody></table></div>\n");
}
