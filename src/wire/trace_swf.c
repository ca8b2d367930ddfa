/* Lines of numbers between blanks. What is read of them is found eight bytes at a time: most of the
 * time of a plain loop over bytes goes to mispredicted ends of words. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "wire/trace_inside.h"

enum {
	ID,
	SUBMIT,
	WAIT,
	RUN,
	PROCS,
	CPU,
	MEMORY,
	ASKED_PROCS,
	ESTIMATE,
	ASKED_MEMORY,
	STATUS,
	USER,
	GROUP,
	LAST
};

#define SKIPPED	   (1u << WAIT | 1u << CPU | 1u << MEMORY | 1u << ASKED_MEMORY | 1u << STATUS)
#define LEAST	   9u  /* columns */
#define MOST_WHOLE 18u /* digits before the point */

static const char *const names[LAST] = {
	"job number",	  "submit time",      "wait time", "run time",
	"processors",	  "CPU time",	      "memory",	   "requested processors",
	"requested time", "requested memory", "status",	   "user",
	"group",
};

struct record {
	int64_t v[LAST];     /* before the point */
	int16_t milli[LAST]; /* behind it, with its sign; only where fractions has the bit */
	uint32_t fractions;
	unsigned n; /* columns, counted up to LAST */
};

/* ---- numbers ---- */

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* The first byte is the lowest one, on every machine; compilers make one load of it. */
static inline uint64_t load(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
	       (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
	       (uint64_t)b[7] << 56;
}

/* Value of eight digits, each a byte from 0 to 9, the first the lowest: pairs, then pairs of pairs.
 */
static inline uint64_t eight_digits(uint64_t x)
{
	const uint64_t mask = 0x000000ff000000ffu;

	x = x * 10 + (x >> 8);
	return ((x & mask) * (100 + (1000000ull << 32)) +
		(x >> 16 & mask) * (1 + (10000ull << 32))) >>
	       32;
}

/* Up to eight digits at q; returns behind them. At least eight bytes are there. */
static inline const char *some_digits(const char *q, uint64_t *ret)
{
	uint64_t x = load(q) ^ ONES * '0';
	/* Carries spoil only bytes behind the first that is no digit. */
	uint64_t other = (x | (x + ONES * 0x76)) & HIGHS;
	unsigned n;

	if (other == 0) {
		*ret = eight_digits(x);
		return q + 8;
	}
	n = (unsigned)__builtin_ctzll(other) / 8;
	*ret = n ? eight_digits(x << (64 - 8 * n)) : 0;
	return q + n;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Words end at blanks; other control characters are damage, and nothing that ends a number. */
static bool ends_word(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Thousandths behind the point, the fourth digit rounds; returns behind the digits. */
static const char *fraction(const char *q, int *ret)
{
	unsigned n = 0;
	bool up = false;
	int v = 0;

	for (; digit(*q); q++, n++) {
		if (n < 3)
			v = v * 10 + (*q - '0');
		else if (n == 3)
			up = *q >= '5';
	}
	for (; n < 3; n++)
		v *= 10;
	*ret = v + up;
	return q;
}

/* Any number that the format allows, byte by byte; returns behind it, NULL: it is none. */
static const char *odd_number(const char *q, struct record *rec, unsigned i)
{
	bool minus = *q == '-';
	const char *first;
	int64_t v = 0;
	int milli = 0;

	q += minus;
	for (first = q; digit(*q); q++) {
		if (q - first >= (ptrdiff_t)MOST_WHOLE)
			return NULL;
		v = v * 10 + (*q - '0');
	}
	if (*q == '.') {
		if (q == first && !digit(q[1]))
			return NULL;
		q = fraction(q + 1, &milli);
	} else if (q == first) {
		return NULL;
	}
	if (!ends_word(*q))
		return NULL;
	rec->v[i] = minus ? -v : v;
	rec->milli[i] = (int16_t)(minus ? -milli : milli);
	if (milli)
		rec->fractions |= 1u << i;
	return q;
}

/* As odd_number; fast for what most numbers are: at most eight digits, perhaps with a minus. */
static inline const char *number(const char *p, const char *end, struct record *rec, unsigned i)
{
	bool minus = *p == '-';
	const char *q = p + minus;
	uint64_t v;

	if (end - q >= 8) {
		const char *behind = some_digits(q, &v);

		if (behind > q && ends_word(*behind)) {
			rec->v[i] = ((int64_t)v ^ -(int64_t)minus) + minus;
			return behind;
		}
	}
	return odd_number(p, rec, i);
}

/* ---- words ---- */

static inline const char *skip_blanks(const char *p, const char *end)
{
	for (;;) {
		while (end - p >= 8) {
			uint64_t other = load(p) ^ ONES * ' ';

			if (other) {
				p += __builtin_ctzll(other) / 8;
				break;
			}
			p += 8;
		}
		if ((unsigned char)*p > ' ' || (*p != ' ' && *p != '\t' && *p != '\r'))
			return p;
		p++;
	}
}

/* To the first byte that is no part of a word; borrows spoil only bytes behind it. */
static inline const char *skip_word(const char *p, const char *end)
{
	while (end - p >= 8) {
		uint64_t v = load(p), low = (v - ONES * 0x21) & ~v & HIGHS;

		if (low)
			return p + __builtin_ctzll(low) / 8;
		p += 8;
	}
	while ((unsigned char)*p > ' ')
		p++;
	return p;
}

/* ---- errors ---- */

/* A piece of the file for a text: what cannot be printed becomes '?'. */
static void found(const char *p, char out[48])
{
	size_t n = 0;

	while (n < 40 && !ends_word(p[n])) {
		unsigned char c = (unsigned char)p[n];

		out[n++] = c < 0x20 || c > 0x7e ? '?' : (char)c;
	}
	(void)snprintf(out + n, 48 - n, "%s", ends_word(p[n]) ? "" : "…");
}

static enum suan_code damaged(const struct suan_trace_reader *r, unsigned i, const char *p,
			      struct suan_err *err)
{
	bool time = i == SUBMIT || i == RUN || i == ESTIMATE;
	bool procs = i == PROCS || i == ASKED_PROCS;
	char word[48];

	found(p, word);
	return suan_fail_field(err, SUAN_EINVAL, names[i],
			       "%s:%llu: field %u (%s): found \"%s\", want %s", r->name,
			       (unsigned long long)r->line, i + 1, names[i], word,
			       time    ? "seconds, below 10^12"
			       : procs ? "a whole number below 2^32"
				       : "a whole number");
}

static enum suan_code too_few(const struct suan_trace_reader *r, unsigned n, struct suan_err *err)
{
	return suan_fail_field(err, SUAN_EINVAL, names[n],
			       "%s:%llu: field %u (%s): found the end of the line, want at least "
			       "%u fields",
			       r->name, (unsigned long long)r->line, n + 1, names[n], LEAST);
}

/* ---- lines ---- */

/* Header: "; MaxProcs: 128". Returns the number, 0 = another comment, or not said as one. */
static uint64_t header_value(const char *p, const char *name)
{
	uint64_t v = 0;

	/* the line ends with its end of line, not with a NUL */
	for (; *name; name++, p++)
		if ((*p | 0x20) != (*name | 0x20))
			return 0;
	while (*p == ' ' || *p == '\t')
		p++;
	if (*p++ != ':')
		return 0;
	while (*p == ' ' || *p == '\t')
		p++;
	for (; digit(*p) && v < UINT32_MAX; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	return ends_word(*p) ? v : 0;
}

static void comment(struct suan_trace_reader *r, const char *p)
{
	uint64_t v;

	while (*p == ';' || *p == ' ' || *p == '\t')
		p++;
	v = header_value(p, "MaxProcs");
	if (v && !r->procs_said) {
		r->procs_said = true;
		r->table.max_procs = v;
		return;
	}
	v = header_value(p, "MaxNodes");
	if (v && !r->table.max_procs)
		r->table.max_procs = v;
}

/* The columns up to the group. *ret: behind them. false: column rec->n at *ret is damaged. */
static inline bool read_columns(const char *p, const char *end, struct record *rec,
				const char **ret)
{
	bool good = true;
	unsigned i;

	rec->fractions = 0;
	for (i = 0; i < LAST; i++) {
		const char *behind;

		p = skip_blanks(p, end);
		if (*p == '\n')
			break;
		behind = SKIPPED >> i & 1 ? skip_word(p, end) : number(p, end, rec, i);
		good = behind && behind != p;
		if (!good)
			break;
		p = behind;
	}
	rec->n = i;
	*ret = p;
	return good;
}

static inline int64_t milliseconds(const struct record *rec, unsigned i)
{
	return rec->v[i] * 1000 + (rec->fractions >> i & 1 ? rec->milli[i] : 0);
}

/* Column that is no number of its kind; LAST: all are right. */
static unsigned wrong_column(const struct record *rec)
{
	const uint32_t times = 1u << SUBMIT | 1u << RUN | 1u << ESTIMATE;
	const int64_t most_s = SUAN_TRACE_MOST_MS / 1000;
	uint32_t bad = rec->fractions & ~times;

	bad |= (uint32_t)(rec->v[SUBMIT] >= most_s || rec->v[SUBMIT] <= -most_s) << SUBMIT;
	bad |= (uint32_t)(rec->v[RUN] >= most_s || rec->v[RUN] <= -most_s) << RUN;
	bad |= (uint32_t)(rec->v[ESTIMATE] >= most_s || rec->v[ESTIMATE] <= -most_s) << ESTIMATE;
	bad |= (uint32_t)(rec->v[PROCS] > UINT32_MAX) << PROCS;
	bad |= (uint32_t)(rec->v[ASKED_PROCS] > UINT32_MAX) << ASKED_PROCS;
	return bad ? (unsigned)__builtin_ctz(bad) : LAST;
}

static enum suan_code add(struct suan_trace_reader *r, const struct record *rec)
{
	int64_t procs = rec->v[PROCS] > 0 ? rec->v[PROCS] : rec->v[ASKED_PROCS];
	struct suan_trace_job job = {
		.id = rec->v[ID] > 0 ? (uint64_t)rec->v[ID] : 0,
		.submit_ms = milliseconds(rec, SUBMIT),
		.run_ms = milliseconds(rec, RUN),
		.estimate_ms = milliseconds(rec, ESTIMATE),
		.tasks = procs > 0 ? (uint32_t)procs : 0,
		.cores = 1,
	};
	struct suan_trace_job *to;
	enum suan_code rc = suan_trace_add(r, &job, &to);

	if (rc != SUAN_OK || !to)
		return rc;
	rc = suan_trace_number(r, rec->v[USER], &to->user);
	if (rc != SUAN_OK)
		return rc;
	return suan_trace_number(r, rec->v[GROUP], &to->account);
}

/* Where column i begins. */
static const char *column(const char *p, const char *end, unsigned i)
{
	p = skip_blanks(p, end);
	while (i-- > 0)
		p = skip_blanks(skip_word(p, end), end);
	return p;
}

static enum suan_code read_record(struct suan_trace_reader *r, const char *p, const char *end,
				  const char **ret, struct suan_err *err)
{
	struct record rec;
	unsigned wrong;

	rec.v[USER] = rec.v[GROUP] = -1;
	if (!read_columns(p, end, &rec, ret))
		return damaged(r, rec.n, *ret, err);
	if (rec.n < LEAST)
		return too_few(r, rec.n, err);
	wrong = wrong_column(&rec);
	if (wrong < LAST)
		return damaged(r, wrong, column(p, end, wrong), err);
	return add(r, &rec) == SUAN_OK ? SUAN_OK : suan_trace_no_memory(r, err);
}

enum suan_code suan_trace_swf_lines(struct suan_trace_reader *r, const char *p, const char *end,
				    struct suan_err *err)
{
	while (p < end) {
		const char *line = p, *behind;

		r->line++;
		p = behind = skip_blanks(p, end);
		if (*p == ';') {
			comment(r, p);
		} else if (*p != '\n') {
			enum suan_code rc = read_record(r, p, end, &behind, err);

			if (rc != SUAN_OK)
				return rc;
		}
		p = memchr(behind, '\n', (size_t)(end - behind));
		if (p - line >= (ptrdiff_t)SUAN_TRACE_MOST_LINE)
			return suan_trace_too_long(r, err);
		p++;
	}
	return SUAN_OK;
}
