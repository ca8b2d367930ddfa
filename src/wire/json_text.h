/* Inner parts of the JSON reader: blanks, words, strings and numbers. Not for other layers. */
#ifndef SUAN_WIRE_JSON_TEXT_H
#define SUAN_WIRE_JSON_TEXT_H

#include "wire/json.h"

static inline void suan_json_blank(struct suan_json *j)
{
	while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\r' || *j->p == '\t'))
		j->p++;
}

/* Letter, digit, underscore or a byte of a character beyond ASCII. */
static inline bool suan_json_wordy(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0x80;
}

/* A number as written: mantissa × 10^exponent. */
struct suan_json_number {
	bool negative;
	bool exact;		/* no digit was dropped */
	uint64_t mantissa;
	int64_t exponent;
};

/* "line 3, column 7: expected …, found …" at the present place; returns false. */
bool suan_json_syntax(struct suan_json *j, const char *expected);
/* As suan_json_syntax with other words for what was found. */
bool suan_json_bad_text(struct suan_json *j, const char *expected, const char *found);
/* Steps over the word if it stands there, with nothing wordy behind. No error. */
bool suan_json_word(struct suan_json *j, const char *word);
/* The present place is at a quote. Copies to the arena. */
bool suan_json_take_string(struct suan_json *j, const char **ret);
/* Steps over a number; false without an error: none there. ret may be NULL. */
bool suan_json_take_number(struct suan_json *j, struct suan_json_number *ret);

#endif
