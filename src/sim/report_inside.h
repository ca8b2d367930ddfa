/* Inside of the report: its parts append to one buffer, whose failure is asked for at the end. */
#ifndef SUAN_SIM_REPORT_INSIDE_H
#define SUAN_SIM_REPORT_INSIDE_H

#include "sim/report.h"

#define SUAN_REPORT_COLOURS 6u	/* of curves */
#define SUAN_REPORT_DASHES  4u	/* so that twelve curves differ */

struct suan_report_page {
	struct suan_buf *out;		/* borrowed */
	const struct suan_report_input *r;
	int64_t from_ms, until_ms;	/* of all cases, from_ms < until_ms */
	unsigned figures;		/* so far, for ids */
	bool no_memory;
};

/* ---- style ---- */

extern const char suan_report_style[], suan_report_script[];

/* ---- text ---- */

/* Escaped for element and attribute; NULL: a dash. */
void suan_report_text(struct suan_buf *out, const char *s);
/* A name that somebody else chose, kept from changing the direction of what is around it. */
void suan_report_name(struct suan_buf *out, const char *s);
/* Words of ours, not escaped, of which the page shows one language. In HTML and inside of SVG's
 * <text>. */
void suan_report_say(struct suan_buf *out, const char *en, const char *zh);
void suan_report_say_svg(struct suan_buf *out, const char *en, const char *zh);
void suan_report_count(struct suan_buf *out, uint64_t v);	/* "1,234,567" */
/* Millionths, rounded to 0 to 6 decimals. */
void suan_report_decimal(struct suan_buf *out, int64_t micro, unsigned digits);
/* Three or four digits that count: "0.123", "12.3", "1,234". */
void suan_report_short(struct suan_buf *out, int64_t micro);
void suan_report_percent(struct suan_buf *out, int64_t micro);
void suan_report_span(struct suan_buf *out, int64_t micro_s);	/* "3 h 12 min" and 3 时 12 分 */
void suan_report_bytes(struct suan_buf *out, uint64_t bytes);

/* ---- tables ---- */

void suan_report_tiles(struct suan_report_page *p);
void suan_report_scores(struct suan_report_page *p);
void suan_report_sites(struct suan_report_page *p, const struct suan_report_case *c);

/* Nothing where there are none. */
void suan_report_accounts(struct suan_report_page *p, const struct suan_report_case *c);
void suan_report_reservations(struct suan_report_page *p, const struct suan_report_case *c);

/* ---- plots ---- */

/* The frame of a plot: <figure> with caption, <svg> with title and description. The caption has
 * been begun by _open and is ended by _frame, which begins the SVG of this height. */
void suan_report_figure_open(struct suan_report_page *p);
void suan_report_figure_frame(struct suan_report_page *p, int height, const char *title,
			      const char *desc);
void suan_report_figure_close(struct suan_report_page *p);
/* Ends the SVG only; what follows, up to </figure>, is the caller's. */
void suan_report_figure_svg_end(struct suan_report_page *p);
/* Grid line and label; at: hundredths of a percent from the left or from the bottom. */
void suan_report_tick_x(struct suan_report_page *p, int height, int at, bool odd);
void suan_report_tick_end(struct suan_report_page *p);
void suan_report_tick_y(struct suan_report_page *p, int height, int at);
void suan_report_time_axis(struct suan_report_page *p, int height);

void suan_report_legend(struct suan_report_page *p);
void suan_report_waits(struct suan_report_page *p);
void suan_report_slowdowns(struct suan_report_page *p);
/* Of one site, or of all together: site = nsites. */
void suan_report_utilization(struct suan_report_page *p, const struct suan_report_case *c,
			     size_t site);
void suan_report_gantt(struct suan_report_page *p, const struct suan_report_case *c, size_t site);

/* Bounded slowdown, for drawing. */
double suan_report_slowdown(const struct suan_report_run *run);

#endif
