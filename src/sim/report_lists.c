/* Tables of one policy that have a row an account, or a reservation. */
#include <stdio.h>

#include "sim/report_inside.h"

struct column {
	const char *en, *zh;
};

static void open_table(struct suan_report_page *p, const char *title, const struct column *list,
		       size_t n)
{
	struct suan_buf *out = p->out;

	suan_buf_addf(out,
		      "<div class=\"card wide\" tabindex=\"0\" role=\"region\" "
		      "aria-label=\"%s\"><table><thead><tr>",
		      title);
	for (size_t i = 0; i < n; i++) {
		suan_buf_adds(out, "<th scope=\"col\">");
		suan_report_say(out, list[i].en, list[i].zh);
		suan_buf_adds(out, "</th>");
	}
	suan_buf_adds(out, "</tr></thead><tbody>\n");
}

static void close_table(struct suan_report_page *p)
{
	suan_buf_adds(p->out, "</tbody></table></div>\n");
}

static void heading(struct suan_report_page *p, const char *en, const char *zh)
{
	suan_buf_adds(p->out, "<h3>");
	suan_report_say(p->out, en, zh);
	suan_buf_adds(p->out, "</h3>\n");
}

static void next_cell(struct suan_report_page *p)
{
	suan_buf_adds(p->out, "</td><td>");
}

/* ---- accounts ---- */

static void account_row(struct suan_report_page *p, const struct suan_report_account *x)
{
	struct suan_buf *out = p->out;

	suan_buf_adds(out, "<tr><th scope=\"row\">");
	for (uint32_t i = 0; i < x->depth; i++)
		suan_buf_adds(out, " ");
	suan_report_name(out, x->name);
	suan_buf_adds(out, "</th><td>");
	suan_report_percent(out, x->share);
	next_cell(p);
	suan_report_percent(out, x->got);
	next_cell(p);
	if (x->share > 0)
		suan_report_decimal(out, (int64_t)((__int128)x->got * 1000000 / x->share), 2);
	else
		suan_buf_adds(out, "–");
	next_cell(p);
	suan_report_short(out, x->core_hours);
	next_cell(p);
	suan_report_count(out, x->jobs);
	next_cell(p);
	suan_report_count(out, x->started);
	next_cell(p);
	if (x->wait == SUAN_REPORT_NONE)
		suan_buf_adds(out, "–");
	else
		suan_report_span(out, x->wait);
	suan_buf_adds(out, "</td></tr>\n");
}

void suan_report_accounts(struct suan_report_page *p, const struct suan_report_case *c)
{
	static const struct column columns[] = {
		{"Account", "账户"},	      {"Share", "份额"},
		{"Got", "实得"},	      {"Got / share", "实得 / 份额"},
		{"Core-hours", "核时"},	      {"Jobs", "作业数"},
		{"Started", "已开始"},	      {"Wait, mean", "等待，平均"},
	};

	if (c->naccounts == 0)
		return;
	heading(p, "Accounts", "账户");
	open_table(p, "Accounts / 账户", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < c->naccounts; i++)
		account_row(p, &c->accounts[i]);
	close_table(p);
	suan_buf_adds(p->out, "<p class=\"note\">");
	suan_report_say(p->out,
			"Up to the last submission. Share: what is due of all that was used. An "
			"account stands for all below it.",
			"统计到最后一次提交为止。份额：在全部用量中应得的部分。账户包含其下级。");
	suan_buf_adds(p->out, "</p>\n");
}

/* ---- reservations ---- */

static void say_kept(struct suan_report_page *p, const struct suan_report_reservation *x)
{
	switch (x->kept) {
	case SUAN_REPORT_KEPT:
		suan_report_say(p->out, "kept", "已保持");
		return;
	case SUAN_REPORT_BROKEN:
		suan_buf_adds(p->out, "<b>");
		suan_report_say(p->out, "BROKEN", "未保持");
		suan_buf_adds(p->out, "</b>");
		return;
	case SUAN_REPORT_REFUSED:
		suan_report_say(p->out, "refused", "被拒绝");
		suan_buf_adds(p->out, "<small>");
		suan_report_text(p->out, x->why);
		suan_buf_adds(p->out, "</small>");
		return;
	}
}

static void reservation_row(struct suan_report_page *p, const struct suan_report_reservation *x)
{
	struct suan_buf *out = p->out;

	suan_buf_adds(out, "<tr><th scope=\"row\">");
	if (x->name)
		suan_report_name(out, x->name);
	else if (!x->maintenance)
		suan_buf_adds(out, "–");
	if (x->maintenance) {
		suan_buf_adds(out, x->name ? " " : "");
		suan_report_say(out, "maintenance", "维护");
	}
	suan_buf_adds(out, "</th><td>");
	suan_report_name(out, x->site < p->r->nsites ? p->r->sites[x->site].name : NULL);
	if (x->pool) {
		suan_buf_adds(out, " / ");
		suan_report_name(out, x->pool);
	}
	next_cell(p);
	suan_report_count(out, x->nodes);
	next_cell(p);
	suan_report_span(out, x->from_ms * 1000);
	next_cell(p);
	suan_report_span(out, x->to_ms * 1000);
	next_cell(p);
	say_kept(p, x);
	next_cell(p);
	suan_report_count(out, x->jobs);
	next_cell(p);
	suan_report_short(out, x->used_core_hours);
	suan_buf_adds(out, "</td></tr>\n");
}

void suan_report_reservations(struct suan_report_page *p, const struct suan_report_case *c)
{
	static const struct column columns[] = {
		{"Reservation", "预留"},      {"Place", "位置"},
		{"Nodes", "节点"},	      {"From", "开始"},
		{"To", "结束"},		      {"Result", "结果"},
		{"Jobs", "作业数"},	      {"Core-hours used", "已用核时"},
	};

	if (c->nreservations == 0)
		return;
	heading(p, "Reservations", "预留");
	open_table(p, "Reservations / 预留", columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < c->nreservations; i++)
		reservation_row(p, &c->reservations[i]);
	close_table(p);
}
