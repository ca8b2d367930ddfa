/* Signals as CSV (RFC 4180). */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "wire/signal_inside.h"

#define MOST_FIELDS 64
#define MOST_FIELD  256

struct line { /* cut into fields, quotes taken off; longer fields are cut short */
	char field[MOST_FIELDS][MOST_FIELD];
	unsigned n;
};

struct csv {
	struct suan_signal_reader *r;
	const char *p, *end;
	uint32_t line, begun; /* the next line, and where the present row began */
	struct line row;
	unsigned time, value, estimated; /* columns; MOST_FIELDS: none */
	bool utc;			 /* times without a zone are UTC */
};

/* One field, up to and with the comma. false: it was the last of the row. */
static bool take_field(struct csv *c, char out[MOST_FIELD])
{
	bool quoted = c->p < c->end && *c->p == '"';
	size_t n = 0;

	c->p += quoted;
	while (c->p < c->end) {
		char ch = *c->p++;

		if (ch == '\n')
			c->line++;
		if (quoted && ch == '"') {
			if (c->p >= c->end || *c->p != '"') {
				quoted = false;
				continue;
			}
			c->p++;
		} else if (!quoted && (ch == ',' || ch == '\n')) {
			out[n] = '\0';
			return ch == ',';
		}
		if (n + 1 < MOST_FIELD && ch && (ch != '\r' || quoted))
			out[n++] = ch;
	}
	out[n] = '\0';
	return false;
}

static void trim(char *s)
{
	size_t n = strlen(s), i = strspn(s, " \t");

	while (n > i && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	memmove(s, s + i, n - i);
	s[n - i] = '\0';
}

/* false: no row is left. Empty lines and those that begin with # do not count. */
static bool take_row(struct csv *c)
{
	while (c->p < c->end) {
		char rest[MOST_FIELD];
		bool more = true;

		c->begun = c->line;
		for (c->row.n = 0; more && c->row.n < MOST_FIELDS; c->row.n++) {
			more = take_field(c, c->row.field[c->row.n]);
			trim(c->row.field[c->row.n]);
		}
		while (more)
			more = take_field(c, rest);
		if (c->row.n > 1 || (c->row.field[0][0] && c->row.field[0][0] != '#'))
			if (c->row.field[0][0] != '#')
				return true;
	}
	return false;
}

/* Times of other people's files have a blank for the T and may lack the zone. */
static bool read_time(const struct csv *c, const char *s, int64_t *ret)
{
	char text[MOST_FIELD + 8];
	size_t n = strlen(s);
	bool clock = n >= 16 && s[4] == '-' && s[13] == ':';
	bool zoned = clock && (strpbrk(s + 11, "Zz+") || strchr(s + 11, '-'));
	bool seconds = clock && n > 16 && s[16] == ':';

	if (strncmp(s, "now", 3) == 0 || (clock && !zoned && !c->utc))
		return false;
	(void)snprintf(text, sizeof(text), "%s%s%s", s, clock && !zoned && !seconds ? ":00" : "",
		       clock && !zoned ? "Z" : "");
	return suan_parse_time(text, 0, ret, NULL) == SUAN_OK;
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* "Price (USD/MWh)" */
static bool is_price(const char *s)
{
	const char *p = strchr(s, '(');

	return begins(s, "Price") && p && strlen(p) == 9 && p[4] == '/' && p[8] == ')';
}

static enum suan_code price_column(struct csv *c, unsigned i)
{
	const char *p = strchr(c->row.field[i], '(');
	char currency[4], energy[4];
	enum suan_code rc = suan_signal_is(c->r, SUAN_SIGNAL_PRICE, SUAN_SIGNAL_PRICE_CSV);

	(void)snprintf(currency, sizeof(currency), "%.3s", p + 1);
	(void)snprintf(energy, sizeof(energy), "%.3s", p + 5);
	c->value = i;
	return rc == SUAN_OK ? suan_signal_unit(c->r, c->begun, currency, energy) : rc;
}

static bool is_carbon(const char *s, bool lifecycle)
{
	if (!begins(s, "Carbon Intensity") && !begins(s, "Carbon intensity"))
		return false;
	if (lifecycle)
		return strstr(s, "LCA") || strstr(s, "ife cycle") || strstr(s, "ifecycle");
	return strstr(s, "irect") != NULL;
}

static enum suan_code carbon_column(struct csv *c, unsigned i)
{
	c->value = i;
	return suan_signal_is(c->r, SUAN_SIGNAL_CARBON, SUAN_SIGNAL_MAPS_CSV);
}

/* The columns that are ours to read. */
static enum suan_code read_header(struct csv *c)
{
	enum suan_code rc = SUAN_OK;

	for (unsigned i = 0; i < c->row.n && rc == SUAN_OK; i++) {
		const char *s = c->row.field[i];
		bool utc = strstr(s, "(UTC)") != NULL;

		if (strcmp(s, "time") == 0 || (utc && begins(s, "Datetime"))) {
			c->time = i;
			c->utc = utc;
		} else if (strcmp(s, "value") == 0) {
			c->value = i;
		} else if (strcmp(s, "estimated") == 0 || strcmp(s, "Data Estimated") == 0 ||
			   strcmp(s, "Data estimated") == 0) {
			c->estimated = i;
		} else if (is_price(s)) {
			rc = price_column(c, i);
		} else if (is_carbon(s, c->r->want->lifecycle)) {
			rc = carbon_column(c, i);
		}
	}
	if (rc != SUAN_OK || (c->time < MOST_FIELDS && c->value < MOST_FIELDS))
		return rc;
	return suan_signal_fail(
		c->r, c->begun,
		"found no column of %s; want \"time,value\", or the columns of Electricity Maps "
		"or of prices: \"Datetime (UTC)\" with \"Carbon Intensity … (%s)\" or \"Price "
		"(CUR/MWh)\"",
		c->time < MOST_FIELDS ? "values" : "times",
		c->r->want->lifecycle ? "LCA" : "direct");
}

static enum suan_code read_row(struct csv *c)
{
	struct suan_signal_reader *r = c->r;
	const char *value;
	int64_t at, v;

	if (c->row.n <= c->time || c->row.n <= c->value)
		return suan_signal_fail(r, c->begun, "found %u columns, want at least %u", c->row.n,
					(c->time > c->value ? c->time : c->value) + 1);
	if (!read_time(c, c->row.field[c->time], &at))
		return suan_signal_fail(r, c->begun,
					"time: found \"%.40s\", want RFC 3339 with its zone, "
					"2026-11-21T08:00:00Z, or seconds",
					c->row.field[c->time]);
	value = c->row.field[c->value];
	if (!*value)
		return SUAN_OK; /* not known: what was before goes on, and counts as a gap */
	if (!suan_signal_number(value, strlen(value), &v))
		return suan_signal_fail(r, c->begun, "value: found \"%.40s\", want a number",
					value);
	if (c->estimated < c->row.n)
		r->got.estimated += strcmp(c->row.field[c->estimated], "true") == 0 ||
				    strcmp(c->row.field[c->estimated], "True") == 0;
	return suan_signal_row(r, c->begun, at, v);
}

enum suan_code suan_signal_csv(struct suan_signal_reader *r)
{
	struct csv c = {.r = r,
			.p = r->text,
			.end = r->text + r->n,
			.line = 1,
			.time = MOST_FIELDS,
			.value = MOST_FIELDS,
			.estimated = MOST_FIELDS};
	enum suan_code rc = SUAN_OK;
	int64_t at;

	/* our own form, unless the header says otherwise */
	r->got.form = SUAN_SIGNAL_OWN;
	r->mul = 1;
	r->div = r->want->kind == SUAN_SIGNAL_PRICE || r->want->kind == SUAN_SIGNAL_RENEWABLE
			 ? 1000
			 : 1000000;
	if (r->want->kind == SUAN_SIGNAL_PRICE)
		(void)snprintf(r->got.currency, sizeof(r->got.currency), "CNY");
	if (!take_row(&c))
		return SUAN_OK;
	if (c.row.n >= 2 && read_time(&c, c.row.field[0], &at)) {
		c.time = 0;
		c.value = 1;
		c.estimated = 2;
		rc = read_row(&c);
	} else {
		rc = read_header(&c);
	}
	if (r->want->kind != SUAN_SIGNAL_PRICE)
		r->got.currency[0] = '\0';
	while (rc == SUAN_OK && take_row(&c))
		rc = read_row(&c);
	return rc;
}
