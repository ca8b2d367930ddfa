/* Forecasts: rows of several issues in one file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "wire/signal.h"

#define MOST_FIELD 64

struct issues {
	const char *file;
	const struct suan_signal_want *want;
	struct suan_err *err;
	struct suan_signal_issue *list; /* owned */
	struct suan_buf *rows;		/* owned; of each */
	size_t count, room, rooms;
};

struct text {
	const char *p, *end;
	uint32_t line;
};

struct row {
	char field[8][MOST_FIELD];
	unsigned n;
};

static bool take_row(struct text *t, struct row *ret)
{
	while (t->p < t->end) {
		const char *end = memchr(t->p, '\n', (size_t)(t->end - t->p));
		const char *p = t->p, *stop = end ? end : t->end;

		t->p = end ? end + 1 : t->end;
		t->line++;
		if (stop > p && stop[-1] == '\r')
			stop--;
		if (p == stop || *p == '#')
			continue;
		for (ret->n = 0; ret->n < 8 && p <= stop; ret->n++) {
			const char *comma = memchr(p, ',', (size_t)(stop - p));
			const char *to = comma ? comma : stop;

			(void)snprintf(ret->field[ret->n], MOST_FIELD, "%.*s", (int)(to - p), p);
			p = to + 1;
		}
		return true;
	}
	return false;
}

static int column(const struct row *r, const char *name)
{
	for (unsigned i = 0; i < r->n; i++)
		if (strcmp(r->field[i], name) == 0)
			return (int)i;
	return -1;
}

/* The issue of this time, a new one perhaps; rows of one mostly stand together. */
static enum suan_code issue_of(struct issues *s, int64_t issued_ms, size_t *ret)
{
	for (size_t i = s->count; i > 0; i--)
		if (s->list[i - 1].issued_ms == issued_ms) {
			*ret = i - 1;
			return SUAN_OK;
		}
	if (suan_grow(&s->list, &s->room, s->count + 1, sizeof(*s->list)) != SUAN_OK ||
	    suan_grow(&s->rows, &s->rooms, s->count + 1, sizeof(*s->rows)) != SUAN_OK)
		return suan_fail(s->err, SUAN_ENOMEM, "out of memory");
	s->list[s->count] = (struct suan_signal_issue){.issued_ms = issued_ms};
	s->rows[s->count] = (struct suan_buf){0};
	suan_buf_adds(&s->rows[s->count], "time,value\n");
	*ret = s->count++;
	return SUAN_OK;
}

static enum suan_code sort_rows(struct issues *s, struct text *t, const struct row *head)
{
	int time = column(head, "time"), value = column(head, "value");
	int issued = column(head, "issued");
	enum suan_code rc = SUAN_OK;
	struct row row;

	if (time < 0 || value < 0)
		return suan_fail(s->err, SUAN_EINVAL,
				 "%s:%u: found no column of %s; want \"time,value,issued\"",
				 s->file, t->line, time < 0 ? "times" : "values");
	while (rc == SUAN_OK && take_row(t, &row)) {
		unsigned most = (unsigned)(time > value ? time : value);
		int64_t at;
		size_t i = 0;

		most = most > (unsigned)issued ? most : (unsigned)issued;
		if (row.n <= most)
			return suan_fail(s->err, SUAN_EINVAL,
					 "%s:%u: found %u columns, want at least %u", s->file,
					 t->line, row.n, most + 1);
		if (strncmp(row.field[issued], "now", 3) == 0 ||
		    suan_parse_time(row.field[issued], 0, &at, NULL) != SUAN_OK)
			return suan_fail(s->err, SUAN_EINVAL,
					 "%s:%u: issued: found \"%.40s\", want RFC 3339 with its "
					 "zone, 2026-11-21T08:00:00Z, or seconds",
					 s->file, t->line, row.field[issued]);
		rc = issue_of(s, at, &i);
		if (rc == SUAN_OK)
			suan_buf_addf(&s->rows[i], "%s,%s\n", row.field[time],
				      row.field[value]);
	}
	return rc;
}

/* Errors name the issue, as the lines of one stand among others. */
static enum suan_code parse_each(struct issues *s)
{
	enum suan_code rc = SUAN_OK;

	for (size_t i = 0; rc == SUAN_OK && i < s->count; i++) {
		char name[256], at[32];

		suan_format_time(s->list[i].issued_ms, at);
		(void)snprintf(name, sizeof(name), "%.200s (issued %s)", s->file, at);
		rc = suan_buf_ok(&s->rows[i], s->err);
		if (rc == SUAN_OK)
			rc = suan_signal_parse(suan_buf_str(&s->rows[i]), s->rows[i].len, name,
					       s->want, &s->list[i].signal, s->err);
	}
	return rc;
}

void suan_signal_issues_done(struct suan_signal_issues *s)
{
	for (uint32_t i = 0; s->list && i < s->count; i++)
		suan_signal_done(&s->list[i].signal);
	free(s->list);
	*s = (struct suan_signal_issues){0};
}

/* All of one issue: made when its first value began. */
static enum suan_code parse_one(struct issues *s, const char *text, size_t n)
{
	enum suan_code rc;

	if (suan_grow(&s->list, &s->room, 1, sizeof(*s->list)) != SUAN_OK)
		return suan_fail(s->err, SUAN_ENOMEM, "out of memory");
	s->list[0] = (struct suan_signal_issue){0};
	s->count = 1;
	rc = suan_signal_parse(text, n, s->file, s->want, &s->list[0].signal, s->err);
	if (rc == SUAN_OK)
		s->list[0].issued_ms = s->list[0].signal.series.steps[0].at_ms;
	return rc;
}

enum suan_code suan_signal_issues_parse(const char *text, size_t n, const char *file_name,
					const struct suan_signal_want *want,
					struct suan_signal_issues *ret, struct suan_err *err)
{
	struct suan_signal_issues made;
	struct issues s = {.file = file_name, .want = want, .err = err};
	struct text t = {.p = text, .end = text + n};
	struct row head;
	enum suan_code rc;

	if (n > 0 && take_row(&t, &head) && column(&head, "issued") >= 0) {
		rc = sort_rows(&s, &t, &head);
		if (rc == SUAN_OK && s.count == 0)
			rc = suan_fail(err, SUAN_EINVAL, "%s: there is no row in it", file_name);
		if (rc == SUAN_OK)
			rc = parse_each(&s);
		for (size_t i = 0; i < s.count; i++)
			suan_buf_done(&s.rows[i]);
		free(s.rows);
	} else {
		rc = parse_one(&s, text, n);
	}
	made = (struct suan_signal_issues){s.list, (uint32_t)s.count};
	if (rc == SUAN_OK)
		*ret = made;
	else
		suan_signal_issues_done(&made);
	return rc;
}
