/* Signals as JSON: what the API takes.
 *   {"site": "zhongwei", "kind": "price", "values": [{"time": "2026-12-01T00:00:00Z", "value":
 * 0.31}, …], "until": …, "issued": …, "period": "week", "replace": false, "marginal": false} Values
 * are yuan per kWh, grams per kWh, shares from 0 to 1, degrees Celsius; each holds until the next.
 * until: when the last one ends; by default it is as long as the one before it. issued: it is a
 * forecast of then. period "day" or "week": it comes again and again, and times are seconds after
 * its begin (UTC; a week begins on Thursday). */
#ifndef SUAN_WIRE_SIGNAL_DOC_H
#define SUAN_WIRE_SIGNAL_DOC_H

#include "base/arena.h"
#include "engine/model.h"
#include "wire/json.h"

/* "price", "carbon", "carbon_market", "renewable", "temperature". false: none of them, and *err
 * (EINVAL, field "kind") names all. */
bool suan_signal_kind_parse(const char *name, enum suan_signal_kind *ret, struct suan_err *err);
/* Decimals of a value of this kind, and its unit for people: "yuan/kWh". */
unsigned suan_signal_digits(enum suan_signal_kind k);
const char *suan_signal_unit_name(enum suan_signal_kind k);

/* Everything is in the arena or borrowed from text. EINVAL, with the field. */
SUAN_MUSTUSE enum suan_code suan_signal_doc_read(const char *text, size_t n, int64_t now_ms,
						 struct suan_arena *arena,
						 struct suan_signal_spec *ret,
						 struct suan_err *err);

#endif
