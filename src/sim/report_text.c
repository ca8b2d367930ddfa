#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "sim/report_inside.h"

#define REPLACEMENT "\xef\xbf\xbd"

static const char *entity(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
	case '\r':
		return " ";
	default:
		break;
	}
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c & 0xfffeu) == 0xfffe)
		return REPLACEMENT;
	return NULL;
}

void suan_report_text(struct suan_buf *out, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (!s)
		suan_buf_adds(out, "–");
	while (n > 0) {
		uint32_t c = 0;
		size_t step = suan_utf8_next(s, n, &c);
		const char *other = step ? entity(c) : REPLACEMENT;

		if (!step)
			step = 1;
		if (other)
			suan_buf_adds(out, other);
		else
			suan_buf_add(out, s, step);
		s += step;
		n -= step;
	}
}

void suan_report_name(struct suan_buf *out, const char *s)
{
	suan_buf_adds(out, "<bdi>");
	suan_report_text(out, s);
	suan_buf_adds(out, "</bdi>");
}

void suan_report_say(struct suan_buf *out, const char *en, const char *zh)
{
	suan_buf_addf(out,
		      "<span class=\"en\" lang=\"en\">%s</span>"
		      "<span class=\"zh\" lang=\"zh-CN\">%s</span>",
		      en, zh);
}

void suan_report_say_svg(struct suan_buf *out, const char *en, const char *zh)
{
	suan_buf_addf(out,
		      "<tspan class=\"en\" lang=\"en\">%s</tspan>"
		      "<tspan class=\"zh\" lang=\"zh-CN\">%s</tspan>",
		      en, zh);
}

/* ---- numbers ---- */

/* Puts commas between thousands. */
static void grouped(uint64_t v, char out[32])
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)v), k = 0;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			out[k++] = ',';
		out[k++] = digits[i];
	}
	out[k] = '\0';
}

void suan_report_count(struct suan_buf *out, uint64_t v)
{
	char text[32];

	grouped(v, text);
	suan_buf_adds(out, text);
}

static void decimal(int64_t micro, unsigned digits, char out[48])
{
	uint64_t v = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro, unit = 1000000, step = 1;
	char whole[32];

	for (unsigned i = digits; i < 6; i++)
		step *= 10;
	v = (v + step / 2) / step;
	unit /= step;
	grouped(v / unit, whole);
	if (digits == 0)
		(void)snprintf(out, 48, "%s%s", micro < 0 && v ? "−" : "", whole);
	else
		(void)snprintf(out, 48, "%s%s.%0*llu", micro < 0 && v ? "−" : "", whole,
			       (int)digits, (unsigned long long)(v % unit));
}

void suan_report_decimal(struct suan_buf *out, int64_t micro, unsigned digits)
{
	char text[48];

	decimal(micro, digits, text);
	suan_buf_adds(out, text);
}

static unsigned short_digits(int64_t micro)
{
	int64_t v = micro < 0 ? -micro : micro;

	return v >= 1000000000 ? 0 : v >= 10000000 ? 1 : v >= 1000000 ? 2 : 3;
}

void suan_report_short(struct suan_buf *out, int64_t micro)
{
	suan_report_decimal(out, micro, short_digits(micro));
}

void suan_report_percent(struct suan_buf *out, int64_t micro)
{
	suan_report_decimal(out, micro * 100, 1);
	suan_buf_adds(out, " %");
}

struct unit {
	int64_t s; /* seconds */
	const char *en, *zh;
};

static const struct unit units[] = {
	{86400, "d", "天"},
	{3600, "h", "时"},
	{60, "min", "分"},
	{1, "s", "秒"},
};

void suan_report_span(struct suan_buf *out, int64_t micro_s)
{
	int64_t s = (micro_s + 500000) / 1000000;
	char number[48], en[96], zh[96];
	unsigned i = 0;

	if (micro_s < 60000000) {
		decimal(micro_s, micro_s == 0 ? 0 : short_digits(micro_s), number);
		(void)snprintf(en, sizeof(en), "%s s", number);
		(void)snprintf(zh, sizeof(zh), "%s 秒", number);
		suan_report_say(out, en, zh);
		return;
	}
	while (s < units[i].s)
		i++;
	grouped((uint64_t)(s / units[i].s), number);
	(void)snprintf(en, sizeof(en), "%s %s %d %s", number, units[i].en,
		       (int)(s % units[i].s / units[i + 1].s), units[i + 1].en);
	(void)snprintf(zh, sizeof(zh), "%s %s %d %s", number, units[i].zh,
		       (int)(s % units[i].s / units[i + 1].s), units[i + 1].zh);
	suan_report_say(out, en, zh);
}

void suan_report_bytes(struct suan_buf *out, uint64_t bytes)
{
	char text[32];

	suan_format_size(bytes, text);
	suan_buf_adds(out, text);
}
