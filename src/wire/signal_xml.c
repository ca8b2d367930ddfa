/* Prices as ENTSO-E's transparency platform gives them: Publication_MarketDocument, with points
 * numbered from 1 in periods of one resolution. Position i begins at start + (i − 1) · resolution.
 * A position that is left out repeats the one before (curve type A03). */
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "wire/signal_inside.h"

#define MOST_TEXT 256

struct xml {
	struct suan_signal_reader *r;
	XML_Parser parser;
	char text[MOST_TEXT]; /* of the innermost element so far */
	size_t len;
	bool publication, refused;
	char currency[MOST_TEXT], energy[MOST_TEXT];
	int64_t start_ms, end_ms, step_ms; /* of the period; step 0: not said yet */
	int64_t position, price;
	bool has_price;
	enum suan_code rc;
};

static uint32_t line_of(const struct xml *x)
{
	return (uint32_t)XML_GetCurrentLineNumber(x->parser);
}

static void stop(struct xml *x, enum suan_code rc)
{
	if (x->rc == SUAN_OK)
		x->rc = rc;
	(void)XML_StopParser(x->parser, XML_FALSE);
}

/* Names come with their namespace before a |. */
static const char *local(const char *name)
{
	const char *bar = strrchr(name, '|');

	return bar ? bar + 1 : name;
}

static void begin_root(struct xml *x, const char *name)
{
	if (strcmp(name, "Publication_MarketDocument") == 0) {
		x->publication = true;
		return;
	}
	if (strcmp(name, "Acknowledgement_MarketDocument") == 0) {
		x->refused = true; /* its reason follows */
		return;
	}
	stop(x, suan_signal_fail(x->r, line_of(x),
				 "found <%.40s>, want ENTSO-E's Publication_MarketDocument "
				 "(prices)%s",
				 name,
				 strcmp(name, "GL_MarketDocument") == 0
					 ? "; generation and load say no carbon intensity"
					 : ""));
}

static void XMLCALL on_begin(void *ctx, const XML_Char *full, const XML_Char **attributes)
{
	struct xml *x = ctx;
	const char *name = local(full);

	(void)attributes;
	if (x->rc != SUAN_OK)
		return;
	if (!x->publication && !x->refused)
		begin_root(x, name);
	x->len = 0;
	x->text[0] = '\0';
	if (strcmp(name, "Period") == 0)
		x->start_ms = x->end_ms = x->step_ms = 0;
	if (strcmp(name, "Point") == 0) {
		x->position = 0;
		x->has_price = false;
	}
}

static void XMLCALL on_text(void *ctx, const XML_Char *s, int n)
{
	struct xml *x = ctx;
	size_t k = (size_t)n;

	if (x->len + k >= MOST_TEXT)
		k = MOST_TEXT - 1 - x->len;
	memcpy(x->text + x->len, s, k);
	x->len += k;
	x->text[x->len] = '\0';
}

/* "2023-01-01T23:00Z" */
static bool read_time(const char *s, int64_t *ret)
{
	char full[32];

	if (strlen(s) == 17 && s[16] == 'Z') {
		(void)memcpy(full, s, 16);
		(void)memcpy(full + 16, ":00Z", 5);
		s = full;
	}
	return strlen(s) >= 20 && suan_parse_time(s, 0, ret, NULL) == SUAN_OK;
}

static bool read_step(const char *s, int64_t *ret)
{
	static const struct {
		const char *name;
		int64_t ms;
	} steps[] = {{"PT15M", 900000}, {"PT30M", 1800000}, {"PT60M", 3600000}, {"P1D", 86400000}};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(s, steps[i].name) == 0) {
			*ret = steps[i].ms;
			return true;
		}
	return false;
}

static enum suan_code end_point(struct xml *x)
{
	int64_t at, most;

	if (!x->step_ms || x->end_ms <= x->start_ms)
		return suan_signal_fail(x->r, line_of(x),
					"a point before the period's timeInterval and resolution");
	most = (x->end_ms - x->start_ms) / x->step_ms;
	if (x->position < 1 || x->position > most || !x->has_price)
		return suan_signal_fail(
			x->r, line_of(x),
			"a point wants a price.amount and a position from 1 to %lld",
			(long long)most);
	at = x->start_ms + (x->position - 1) * x->step_ms;
	return suan_signal_row(x->r, line_of(x), at, x->price);
}

static enum suan_code end_text(struct xml *x, const char *name)
{
	const char *s = x->text;

	if (strcmp(name, "currency_Unit.name") == 0)
		memcpy(x->currency, x->text, x->len + 1);
	else if (strcmp(name, "price_Measure_Unit.name") == 0)
		memcpy(x->energy, x->text, x->len + 1);
	else if (strcmp(name, "start") == 0 && !read_time(s, &x->start_ms))
		return suan_signal_fail(x->r, line_of(x), "start: found \"%.40s\"", s);
	else if (strcmp(name, "end") == 0 && !read_time(s, &x->end_ms))
		return suan_signal_fail(x->r, line_of(x), "end: found \"%.40s\"", s);
	else if (strcmp(name, "resolution") == 0 && !read_step(s, &x->step_ms))
		return suan_signal_fail(x->r, line_of(x),
					"resolution: found \"%.40s\", want PT15M, PT30M, PT60M or "
					"P1D",
					s);
	else if (strcmp(name, "position") == 0 && suan_parse_i64(s, &x->position, NULL) != SUAN_OK)
		return suan_signal_fail(x->r, line_of(x), "position: found \"%.40s\"", s);
	else if (strcmp(name, "price.amount") == 0) {
		x->has_price = suan_signal_number(s, x->len, &x->price);
		if (!x->has_price)
			return suan_signal_fail(x->r, line_of(x), "price.amount: found \"%.40s\"",
						s);
	}
	return SUAN_OK;
}

static void XMLCALL on_end(void *ctx, const XML_Char *full)
{
	struct xml *x = ctx;
	const char *name = local(full);
	enum suan_code rc = SUAN_OK;

	if (x->rc != SUAN_OK)
		return;
	if (x->refused && strcmp(name, "text") == 0)
		rc = suan_signal_fail(x->r, 0, "the platform had no data: %.160s", x->text);
	else if (strcmp(name, "Point") == 0)
		rc = end_point(x);
	else if (strcmp(name, "Period") == 0 && x->end_ms > x->r->got.until_ms)
		x->r->got.until_ms = x->end_ms;
	else if (x->publication)
		rc = end_text(x, name);
	x->len = 0;
	x->text[0] = '\0';
	if (rc != SUAN_OK)
		stop(x, rc);
}

/* A document type can only declare entities, and the expansion of some has no end. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
			       const XML_Char *public, int has_subset)
{
	struct xml *x = ctx;

	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	stop(x, suan_signal_fail(x->r, line_of(x), "found a document type, want none"));
}

static enum suan_code run(struct xml *x)
{
	size_t at = 0;

	while (at < x->r->n && x->rc == SUAN_OK) {
		size_t n = x->r->n - at > 1u << 20 ? 1u << 20 : x->r->n - at;
		bool last = at + n == x->r->n;

		if (XML_Parse(x->parser, x->r->text + at, (int)n, last) != XML_STATUS_OK &&
		    x->rc == SUAN_OK)
			return XML_GetErrorCode(x->parser) == XML_ERROR_NO_MEMORY
				       ? suan_fail(x->r->err, SUAN_ENOMEM, "out of memory")
				       : suan_signal_fail(
						 x->r, line_of(x), "XML: %s",
						 XML_ErrorString(XML_GetErrorCode(x->parser)));
		at += n;
	}
	return x->rc;
}

enum suan_code suan_signal_xml(struct suan_signal_reader *r)
{
	struct xml x = {.r = r, .parser = XML_ParserCreateNS(NULL, '|')};
	enum suan_code rc;

	if (!x.parser)
		return suan_fail(r->err, SUAN_ENOMEM, "out of memory");
	XML_SetUserData(x.parser, &x);
	XML_SetElementHandler(x.parser, on_begin, on_end);
	XML_SetCharacterDataHandler(x.parser, on_text);
	XML_SetStartDoctypeDeclHandler(x.parser, on_doctype);
	rc = suan_signal_is(r, SUAN_SIGNAL_PRICE, SUAN_SIGNAL_ENTSOE);
	if (rc == SUAN_OK)
		rc = run(&x);
	if (rc == SUAN_OK && x.refused)
		rc = suan_signal_fail(r, 0, "the platform had no data");
	if (rc == SUAN_OK)
		rc = suan_signal_unit(r, 0, x.currency, x.energy);
	XML_ParserFree(x.parser);
	return rc;
}
