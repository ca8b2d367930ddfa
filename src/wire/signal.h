/* Signals of a site over time, from files that others publish: the price of electricity and its
 * carbon intensity. Read here:
 *   - our own CSV: a line "time,value", then RFC 3339 times or seconds, and yuan or grams per kWh,
 *     shares from 0 to 1, degrees Celsius; a third column "estimated" (true or false) may follow.
 *     The first line may be left out.
 *   - Electricity Maps' CSV and the JSON of its API v3 (carbon; grams per kWh)
 *   - WattTime's JSON of its API v3 (carbon; marginal, in pounds per MWh)
 *   - CSV of prices with a column "Price (CUR/MWh)" or "Price (CUR/kWh)"
 *   - ENTSO-E's Publication_MarketDocument (XML; prices per MWh)
 * CSV columns are found by how their names begin, since wording and order changed over the years.
 * No I/O: the caller has the bytes. */
#ifndef SUAN_WIRE_SIGNAL_H
#define SUAN_WIRE_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/series.h"
#include "engine/model.h"

enum suan_signal_form {
	SUAN_SIGNAL_OWN,
	SUAN_SIGNAL_MAPS_CSV,	/* Electricity Maps */
	SUAN_SIGNAL_MAPS_JSON,
	SUAN_SIGNAL_WATTTIME,
	SUAN_SIGNAL_PRICE_CSV,
	SUAN_SIGNAL_ENTSOE,
	SUAN_SIGNAL_RULES,	/* no file: a tariff of the network file */
};

struct suan_signal_want {
	enum suan_signal_kind kind;
	/* Of one unit of the file's currency in micro-yuan; 0: not known, then a file in another
	 * currency than yuan is refused. */
	int64_t exchange_uyuan;
	bool lifecycle;		/* of Electricity Maps: with what lies before and after burning */
};

/* What was read, and how good it is. */
struct suan_signal {
	struct suan_series series;	/* sealed; at least one step */
	enum suan_signal_form form;
	int64_t until_ms;	/* end of what the file says: the last step is as long as most */
	int64_t step_ms;	/* the middle one of all distances; 0: one value only */
	uint64_t rows;
	uint64_t duplicates;	/* rows of a time that came again; the last one counts */
	uint64_t estimated;	/* rows that say so of themselves */
	uint64_t gaps;		/* distances longer than step_ms; the value before goes on */
	int64_t gap_ms;		/* what is missing in them */
	int64_t first_gap_ms;	/* begin of the first */
	bool unordered;		/* rows were not in the order of time */
	bool marginal;		/* of the last kWh, not the mean of all */
	bool dated;		/* times are dates, and not seconds from some zero of its own */
	char currency[4];	/* of the file; "CNY" in our own form, "" for carbon */
};

/* EINVAL: the text names the file, the line, what was found and what would be right. On failure
 * *ret is untouched. */
SUAN_MUSTUSE enum suan_code suan_signal_parse(const char *text, size_t n, const char *file_name,
					      const struct suan_signal_want *want,
					      struct suan_signal *ret, struct suan_err *err);
void suan_signal_done(struct suan_signal *s);

/* A file of forecasts: our own CSV with a third column "issued", when each was made; several may
 * stand in one file. Without that column, any form of suan_signal_parse: one issue, made when its
 * first value begins. Errors as there. */
struct suan_signal_issue {
	int64_t issued_ms;
	struct suan_signal signal;
};
struct suan_signal_issues {
	struct suan_signal_issue *list; /* owned; in the order of the file */
	uint32_t count;
};
SUAN_MUSTUSE enum suan_code suan_signal_issues_parse(const char *text, size_t n,
						     const char *file_name,
						     const struct suan_signal_want *want,
						     struct suan_signal_issues *ret,
						     struct suan_err *err);
void suan_signal_issues_done(struct suan_signal_issues *s);

const char *suan_signal_form_name(enum suan_signal_form f);	/* for people */

#endif
