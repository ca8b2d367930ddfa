/* How signals are kept. For signals*.c alone. */
#ifndef SUAN_ENGINE_SIGNALS_INSIDE_H
#define SUAN_ENGINE_SIGNALS_INSIDE_H

#include "base/codec.h"
#include "engine/pack.h"
#include "engine/signals.h"

#define SUAN_SIGNALS_DAY_MS  INT64_C(86400000)
#define SUAN_SIGNALS_LAST_MS INT64_C(1000000000000000) /* about the year 33658 */

struct suan_signal_told {	/* from here until the next one */
	int64_t from_ms, value;
	int64_t issued_ms;	/* 0: measured */
	bool hole;		/* nothing was told of this time */
};

/* A series over one period that comes again and again. */
struct suan_signal_wheel {
	struct suan_series series;	/* by time after the begin of the period, the first at 0 */
	int64_t period_ms, begin_ms;
};

/* All there is of one site and kind. What follows from the rest is marked (d). */
struct suan_track {
	/* The last one is a hole, the first is none, and neighbours differ. */
	struct suan_signal_told *told;	/* owned */
	size_t ntold;
	struct suan_signal_step *tariff;	/* owned */
	uint32_t ntariff;
	int64_t period_ms;		/* of the tariff */
	bool marginal;
	int64_t told_ms, issued_ms;
	uint64_t estimated, duplicates, gaps;
	struct suan_series body;	/* (d) over what was told, holes filled */
	int64_t end_ms;			/* (d) of the body */
	struct suan_signal_wheel wheel;	/* (d) beside the body; no steps: see base, edges */
};

struct suan_signal_base {
	int64_t value;
	bool known;
};

struct suan_signal_site {
	struct suan_signal_base base[SUAN_NSIGNALS];
	struct suan_track tracks[SUAN_NSIGNALS];
};

struct suan_signals {
	struct suan_signal_site *sites;	/* owned */
	uint32_t nsites;
	uint64_t version;
};

/* The track of the kind; NULL: there is no such site. */
const struct suan_track *suan_signals_track(const struct suan_signals *g, uint32_t site,
					    enum suan_signal_kind kind);
/* Makes what follows from the rest. ENOMEM: done() it. */
SUAN_MUSTUSE enum suan_code suan_signals_derive(struct suan_track *t,
						const struct suan_signal_base *base);
void suan_signals_done(struct suan_track *t);
/* Is the value within the range of its kind? Sums then stay within 128 bits. */
bool suan_signals_fits(enum suan_signal_kind k, int64_t v);

/* In snapshots: all sites, a record under the tag for each track that was told something. */
void suan_signals_save(const struct suan_signals *g, uint32_t tag, struct suan_buf *out);
/* One of these records, of a site that there is room for. ECORRUPT or ENOMEM. */
SUAN_MUSTUSE enum suan_code suan_signals_load(struct suan_signals *g, const struct suan_field *f,
					      struct suan_arena *scratch);
/* NULL, or what is wrong. */
const char *suan_signals_verify(const struct suan_signals *g);

#endif
