/* Signals of sites over time: price of electricity, carbon intensity, share of renewable power,
 * temperature. Per site and kind one view, made of what was told: measured values, of forecasts
 * for each instant the newest, and where neither says anything a tariff that comes again and again
 * (a constant of the network file is one, too). Where nothing else is known the value of a day
 * earlier holds, or the last one, and before all of them the first.
 *
 * Values are in the units of enum suan_signal_kind, sums in value × ms. Pure, no floating point. */
#ifndef SUAN_ENGINE_SIGNALS_H
#define SUAN_ENGINE_SIGNALS_H

#include "base/series.h"
#include "engine/model.h"

/* How long values are kept, back from the present or the last one, and how many at most. */
#define SUAN_SIGNALS_KEEP_MS (INT64_C(62) * 86400000)
#define SUAN_SIGNALS_MOST    65536u
#define SUAN_SIGNALS_AHEAD_MS (INT64_C(1830) * 86400000) /* no value is told for later */

struct suan_signals;

/* Signals for n sites with the constants of their specs, and with all that `old` (NULL: nothing)
 * was told of those it has. Owned; NULL: out of memory. */
struct suan_signals *suan_signals_new(const struct suan_signals *old,
				      const struct suan_site_spec *const *specs, uint32_t n);
void suan_signals_free(struct suan_signals *g);	/* NULL is fine */

/* May it be told at this time? EINVAL with the field at fault; the site is not looked at. */
SUAN_MUSTUSE enum suan_code suan_signals_check(const struct suan_signal_spec *s, int64_t now_ms,
					       struct suan_err *err);
/* Would it mix marginal and mean intensities? Then it must replace what there is. */
bool suan_signals_mixes(const struct suan_signals *g, uint32_t site,
			const struct suan_signal_spec *s);
/* Tells it what was checked. now_ms: what is older than SUAN_SIGNALS_KEEP_MS is forgotten. ENOMEM:
 * nothing changed. */
SUAN_MUSTUSE enum suan_code suan_signals_put(struct suan_signals *g, uint32_t site,
					     const struct suan_signal_spec *s, int64_t now_ms);
/* Counts up with every change. */
uint64_t suan_signals_version(const struct suan_signals *g);
size_t suan_signals_memory(const struct suan_signals *g);	/* bytes allocated */

/* ---- reading ---- */

/* Is there any value? */
bool suan_signals_known(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind);
/* 0 if none is known. */
int64_t suan_signals_at(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind,
			int64_t at_ms);

/* Value × ms over [from, to), exactly; from ≤ to; 0 if none is known. In time log(steps). */
suan_int128 suan_signals_sum(const struct suan_signals *g, uint32_t site,
			     enum suan_signal_kind kind, int64_t from_ms, int64_t to_ms);
/* The first time after at_ms from which on another value may hold; SUAN_FOREVER: none. */
int64_t suan_signals_next_change_ms(const struct suan_signals *g, uint32_t site,
				    enum suan_signal_kind kind, int64_t at_ms);

enum suan_signal_source {	/* of a value, at a time */
	SUAN_SIGNAL_UNKNOWN,	/* none */
	SUAN_SIGNAL_CONSTANT,	/* of the network file */
	SUAN_SIGNAL_TARIFF,
	SUAN_SIGNAL_ACTUAL,
	SUAN_SIGNAL_FORECAST,
	SUAN_SIGNAL_REPEATED,	/* of the same time on the last known day, or the nearest known */
};
struct suan_signal_part {
	int64_t until_ms;	/* so long at least the same holds; SUAN_FOREVER: always */
	int64_t value;
	int64_t issued_ms;	/* of a forecast */
	enum suan_signal_source source;
};
void suan_signals_part(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind,
		       int64_t at_ms, struct suan_signal_part *ret);

struct suan_signal_facts {	/* about all that was told since the last replacement */
	uint64_t steps;		/* measured and forecast that are kept, after equal ones are one */
	int64_t first_ms, until_ms;	/* of those */
	uint64_t estimated, duplicates, gaps;	/* as the readers counted */
	int64_t issued_ms;	/* of the newest forecast; 0 = none */
	int64_t told_ms;	/* when the last was told */
	bool tariff, marginal;
};
void suan_signals_facts(const struct suan_signals *g, uint32_t site, enum suan_signal_kind kind,
			struct suan_signal_facts *ret);

/* Short words: "price", "carbon", "carbon_market", "renewable", "temperature"; "actual" … */
const char *suan_signal_kind_name(enum suan_signal_kind k);
const char *suan_signal_source_name(enum suan_signal_source s);

#endif
