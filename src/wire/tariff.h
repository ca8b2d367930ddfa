/* Tariffs by time of use: prices of electricity by hour, day of the week and month, as a network
 * file has them. The first rule that matches says the price. Times are local: a fixed offset from
 * UTC, no summer time.
 *
 * A tariff travels as one line of text: "+08:00", then for each rule
 * "|HOURS;MONTHS;DAYS;PRICE;NAME", with parts left empty for all:
 * "+08:00|10:00-12:00,14:00-19:00;7-8;mon-fri;0.98;peak|;;;0.62;flat" */
#ifndef SUAN_WIRE_TARIFF_H
#define SUAN_WIRE_TARIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/series.h"

#define SUAN_TARIFF_RULES 32u
#define SUAN_TARIFF_SPANS 8u /* of one rule */
#define SUAN_TARIFF_NAME  32u

struct suan_tariff_rule {
	uint16_t from[SUAN_TARIFF_SPANS],
		to[SUAN_TARIFF_SPANS]; /* minutes; to ≤ from: past midnight */
	uint32_t nspans;	       /* 0 = all day */
	uint16_t months;	       /* bit 0 = January */
	uint8_t days;		       /* bit 0 = Monday; of the day on which the hour is */
	int64_t price;		       /* micro units of money per kWh */
	char name[SUAN_TARIFF_NAME];   /* "" = none */
};

struct suan_tariff {
	int32_t zone_min; /* local time is UTC + this */
	struct suan_tariff_rule rules[SUAN_TARIFF_RULES];
	uint32_t nrules;
};

/* EINVAL: what was found and what would be right; also when some hour has no price. */
SUAN_MUSTUSE enum suan_code suan_tariff_parse(const char *text, struct suan_tariff *ret,
					      struct suan_err *err);
/* Does the month matter? */
bool suan_tariff_has_seasons(const struct suan_tariff *t);
/* Price and name (borrowed from *t) at a time. */
int64_t suan_tariff_at(const struct suan_tariff *t, int64_t at_ms, const char **ret_name);
/* The first time after at_ms at which another rule may count. */
int64_t suan_tariff_next(const struct suan_tariff *t, int64_t at_ms);
/* Steps of a week, by the rules of the month of at_ms: times after the begin of the week, which is
 * counted from the epoch (UTC). Sealed. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_tariff_week(const struct suan_tariff *t, int64_t at_ms,
					     struct suan_series *ret);
/* Steps over [from, until), each price from when on it holds; not sealed. ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_tariff_steps(const struct suan_tariff *t, int64_t from_ms,
					      int64_t until_ms, struct suan_series *ret);

#endif
