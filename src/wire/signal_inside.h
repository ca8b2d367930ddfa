/* Reading one signal: what the files of the forms share. Not for other modules. */
#ifndef SUAN_WIRE_SIGNAL_INSIDE_H
#define SUAN_WIRE_SIGNAL_INSIDE_H

#include "wire/signal.h"

struct suan_signal_reader {
	const char *text, *file;
	size_t n;
	const struct suan_signal_want *want;
	struct suan_signal got;		/* values as they stand in the file, in billionths */
	/* result = value · mul / div */
	int64_t mul, div;
	struct suan_err *err;
};

/* One row; value in billionths of the file's unit. ENOMEM, or EINVAL: a negative carbon. */
SUAN_MUSTUSE enum suan_code suan_signal_row(struct suan_signal_reader *r, uint32_t line,
					    int64_t at_ms, int64_t value);
/* "DE: line 4: …"; EINVAL. */
enum suan_code suan_signal_fail(struct suan_signal_reader *r, uint32_t line, const char *fmt, ...)
	SUAN_PRINTF(3, 4);
/* A decimal number with any number of digits and perhaps an exponent, rounded to billionths. */
bool suan_signal_number(const char *s, size_t n, int64_t *ret);
/* Prices per kWh or MWh in a currency of three letters; sets mul, div and currency. */
SUAN_MUSTUSE enum suan_code suan_signal_unit(struct suan_signal_reader *r, uint32_t line,
					     const char *currency, const char *energy);
/* The file is of this kind; refuses it if another one is wanted. */
SUAN_MUSTUSE enum suan_code suan_signal_is(struct suan_signal_reader *r, enum suan_signal_kind k,
					   enum suan_signal_form form);

SUAN_MUSTUSE enum suan_code suan_signal_csv(struct suan_signal_reader *r);
SUAN_MUSTUSE enum suan_code suan_signal_json(struct suan_signal_reader *r);
SUAN_MUSTUSE enum suan_code suan_signal_xml(struct suan_signal_reader *r);

#endif
