#include "wire/yaml_depth.h"

#include <stdbool.h>
#include <string.h>

struct place {
	const char *p, *end;
	const char *bol; /* of the present line */
	unsigned line;	 /* from 1 */
	long parent;	 /* column of the key or dash that a value belongs to; -1: none */
	unsigned most;
};

static bool at_end(const struct place *s)
{
	return s->p == s->end;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool at_eol(const struct place *s)
{
	return at_end(s) || *s->p == '\n';
}

/* The character at p[at] ends a word: it is white or the text ends there. */
static bool white_at(const struct place *s, size_t at)
{
	return (size_t)(s->end - s->p) <= at || is_blank(s->p[at]) || s->p[at] == '\n';
}

static long column(const struct place *s)
{
	return s->p - s->bol;
}

static void step(struct place *s)
{
	if (*s->p++ == '\n') {
		s->line++;
		s->bol = s->p;
	}
}

static void to_eol(struct place *s)
{
	const char *eol = memchr(s->p, '\n', (size_t)(s->end - s->p));

	s->p = eol ? eol : s->end;
}

static void skip_blanks(struct place *s)
{
	while (!at_end(s) && is_blank(*s->p))
		s->p++;
}

static void skip_quoted(struct place *s)
{
	char quote = *s->p;

	for (step(s); !at_end(s); step(s)) {
		bool twice = s->p + 1 < s->end && s->p[1] == quote;

		if (*s->p == quote && (quote == '"' || !twice)) {
			s->p++;
			return;
		}
		if (s->p + 1 < s->end && *s->p == (quote == '"' ? '\\' : quote))
			step(s);
	}
}

static bool is_flow_mark(char c)
{
	return c && strchr("[]{},", c);
}

/* An anchor, an alias or a tag. */
static void skip_property(struct place *s, bool in_flow)
{
	while (!white_at(s, 0) && !(in_flow && is_flow_mark(*s->p)))
		s->p++;
}

/* A plain scalar within brackets ends at one of them, at a comma, a comment, or a colon that means
 * a value. */
static void skip_plain_in_flow(struct place *s)
{
	for (; !at_end(s) && !is_flow_mark(*s->p) && *s->p != '\n'; s->p++) {
		if (*s->p == ':' && (white_at(s, 1) || is_flow_mark(s->p[1])))
			return;
		if (*s->p == '#' && is_blank(s->p[-1]))
			return;
	}
}

/* Within brackets: "? " or a colon that means a value. After a quoted scalar or a bracket any colon
 * does. */
static bool is_indicator(const struct place *s, bool starts)
{
	if (*s->p == '?')
		return starts && white_at(s, 1);
	return *s->p == ':' && (!starts || white_at(s, 1) || is_flow_mark(s->p[1]));
}

/* From the first bracket to the one that closes it. False: too deep, at the present line. */
static bool take_flow(struct place *s)
{
	unsigned depth = 0;
	bool starts = true; /* here a scalar may begin */

	do {
		char c = *s->p;

		if (c == '[' || c == '{') {
			if (++depth > s->most)
				return false;
			starts = true;
			s->p++;
		} else if (c == ']' || c == '}') {
			depth--;
			starts = false;
			s->p++;
		} else if (c == ',' || is_indicator(s, starts)) {
			starts = true;
			s->p++;
		} else if (c == '\n' || is_blank(c)) {
			step(s);
		} else if (c == '#') {
			to_eol(s);
		} else if (starts && (c == '"' || c == '\'')) {
			skip_quoted(s);
			starts = false;
		} else if (starts && (c == '&' || c == '*' || c == '!')) {
			skip_property(s, true);
		} else {
			s->p++;
			skip_plain_in_flow(s);
			starts = false;
		}
	} while (depth > 0 && !at_end(s));
	return true;
}

/* Lines that are blank or further in than the parent. */
static void skip_deeper_lines(struct place *s)
{
	while (!at_end(s)) {
		const char *line;

		step(s); /* the break before it */
		line = s->p;
		while (!at_end(s) && *s->p == ' ')
			s->p++;
		if (!white_at(s, 0) && s->p - line <= s->parent) {
			s->p = line;
			return;
		}
		to_eol(s);
	}
}

/* A plain scalar outside of brackets, to its colon or to its end, which may be lines further on. */
static void skip_plain(struct place *s)
{
	for (; !at_eol(s); s->p++) {
		if (*s->p == ':' && white_at(s, 1))
			return;
		if (*s->p == '#' && is_blank(s->p[-1])) {
			to_eol(s);
			return;
		}
	}
	if (!at_end(s))
		skip_deeper_lines(s);
}

/* What stands where a node may begin. False: too deep. */
static bool take_node(struct place *s)
{
	long start = column(s);
	char c = *s->p;

	if (strchr("-?:", c) && white_at(s, 1)) {
		s->parent = start;
		s->p++;
		return true;
	}
	if (c == '|' || c == '>') {
		to_eol(s);
		if (!at_end(s))
			skip_deeper_lines(s);
		return true;
	}
	if (c == '#' || (c == '%' && start == 0)) {
		to_eol(s);
		return true;
	}
	if (c == '&' || c == '*' || c == '!')
		skip_property(s, false);
	else if (c == '"' || c == '\'')
		skip_quoted(s);
	else if (c != '[' && c != '{')
		skip_plain(s);
	else if (!take_flow(s))
		return false;
	skip_blanks(s);
	if (!at_end(s) && *s->p == ':' && white_at(s, 1)) { /* it was a key */
		s->parent = start;
		s->p++;
	}
	return true;
}

unsigned suan_yaml_too_deep(const char *text, size_t n, unsigned most)
{
	struct place s = {text, text + n, text, 1, -1, most};

	while (!at_end(&s)) {
		skip_blanks(&s);
		if (at_end(&s))
			break;
		if (*s.p == '\n') {
			step(&s);
			continue;
		}
		if (s.p == s.bol && s.end - s.p >= 3 && memcmp(s.p, "---", 3) == 0 &&
		    white_at(&s, 3)) {
			s.p += 3;
			s.parent = -1;
		} else if (!take_node(&s)) {
			return s.line;
		}
	}
	return 0;
}
