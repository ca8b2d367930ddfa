/* What is asked of a reservation, as JSON or YAML members: the body of POST /v1/reservations, and
 * files of reservations for simulations. */
#ifndef SUAN_WIRE_RESERVE_DOC_H
#define SUAN_WIRE_RESERVE_DOC_H

#include "engine/model.h"
#include "wire/json.h"

struct suan_reserve_doc {
	struct suan_reserve r; /* strings and lists in the reader's arena; owner stays as it is */
	int64_t duration_ms;   /* 0 = none */
	int64_t base_ms;       /* taken off dates; numbers count from there as they are */
	int64_t now_ms;	       /* present time, by base_ms */
};

/* Nothing is asked for. */
void suan_reserve_doc_init(struct suan_reserve_doc *d, int64_t base_ms, int64_t now_ms);
/* The value of the member of that name; false: j has the error, also of a name that is none. */
bool suan_reserve_doc_read(struct suan_json *j, struct suan_reserve_doc *d, const char *name);
/* After the last member: how long, and how much; fills in r.to_ms. false: err says what is wrong.
 */
bool suan_reserve_doc_settle(struct suan_reserve_doc *d, struct suan_err *err);

#endif
